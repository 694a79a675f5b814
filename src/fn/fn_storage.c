/*-------------------------------------------------------------------------
 *
 * fn_storage.c
 *		SQL entry points of stored data: digests, downloads, the head of an upload.
 *
 * Errors: 22023 for options; 22P04 where the head of an upload cannot be read;
 *		   XX001 for a digest that is none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"
#include "utils/uuid.h"

#include "base/compat.h"
#include "base/digest.h"
#include "exec/blob.h"
#include "format/names.h"
#include "pipeline/issuepack.h"
#include "pipeline/profile.h"

PG_FUNCTION_INFO_V1(nuvopipe_digest_update);
PG_FUNCTION_INFO_V1(nuvopipe_digest_final);
PG_FUNCTION_INFO_V1(nuvopipe_csv_line);
PG_FUNCTION_INFO_V1(nuvopipe_issue_header);
PG_FUNCTION_INFO_V1(nuvopipe_read_head);
PG_FUNCTION_INFO_V1(nuvopipe_tdm_from_blob);

/* ---- digests --------------------------------------------------------------- */

/* the bytes of a state; NULL = nothing was digested yet */
static const unsigned char *
get_state(FunctionCallInfo fcinfo)
{
	bytea	   *state;

	if (PG_ARGISNULL(0))
		return NULL;
	state = PG_GETARG_BYTEA_PP(0);
	if (VARSIZE_ANY_EXHDR(state) != NVP_DIGEST_STATE)
		ereport(ERROR,
				errcode(ERRCODE_DATA_CORRUPTED),
				errmsg("the state of a digest has %d bytes, not %d",
					   (int) VARSIZE_ANY_EXHDR(state), NVP_DIGEST_STATE));
	return (const unsigned char *) VARDATA_ANY(state);
}

/* _nuvopipe.digest_update(state bytea, data bytea) returns bytea: state null begins */
Datum
nuvopipe_digest_update(PG_FUNCTION_ARGS)
{
	const unsigned char *state = get_state(fcinfo);
	bytea	   *data = PG_ARGISNULL(1) ? NULL : PG_GETARG_BYTEA_PP(1);
	bytea	   *result = palloc0(VARHDRSZ + NVP_DIGEST_STATE);

	SET_VARSIZE(result, VARHDRSZ + NVP_DIGEST_STATE);
	if (state)
		memcpy(VARDATA(result), state, NVP_DIGEST_STATE);
	nvp_digest_update((unsigned char *) VARDATA(result), state == NULL,
					  data ? VARDATA_ANY(data) : "", data ? VARSIZE_ANY_EXHDR(data) : 0);
	PG_RETURN_BYTEA_P(result);
}

/* _nuvopipe.digest_final(state bytea) returns bytea: SHA-256; state null is that of no bytes */
Datum
nuvopipe_digest_final(PG_FUNCTION_ARGS)
{
	const unsigned char *state = get_state(fcinfo);
	bytea	   *result = palloc(VARHDRSZ + NVP_DIGEST_BYTES);

	SET_VARSIZE(result, VARHDRSZ + NVP_DIGEST_BYTES);
	nvp_digest_final(state, state == NULL, (unsigned char *) VARDATA(result));
	PG_RETURN_BYTEA_P(result);
}

/* ---- downloads ------------------------------------------------------------- */

/* would a spreadsheet take the cell for a formula? */
static bool
looks_like_formula(const char *p, int len)
{
	return len > 0 && strchr("=+-@\t\r", *p) != NULL && *p != '\0';
}

static void
append_cell(StringInfo out, const char *p, int len)
{
	bool		formula = looks_like_formula(p, len);
	bool		quoted = false;

	for (int i = 0; i < len && !quoted; i++)
		quoted = p[i] == ',' || p[i] == '"' || p[i] == '\n' || p[i] == '\r';
	if (quoted)
		appendStringInfoChar(out, '"');
	if (formula)
		appendStringInfoChar(out, '\'');
	for (const char *end = p + len; p < end;)
	{
		const char *quote = quoted ? memchr(p, '"', end - p) : NULL;
		const char *to = quote ? quote + 1 : end;

		appendBinaryStringInfo(out, p, to - p);
		if (quote)
			appendStringInfoChar(out, '"');
		p = to;
	}
	if (quoted)
		appendStringInfoChar(out, '"');
}

/*
 * _nuvopipe.csv_line(cells text[]) returns text: one line of CSV (RFC 4180, but
 * ended by a line feed), for people: what a spreadsheet would take for a formula
 * gets a quote mark in front, so that data cannot run there.
 */
Datum
nuvopipe_csv_line(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	StringInfoData out;
	Datum	   *cells;
	bool	   *nulls;
	int			n;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &cells, &nulls, &n);
	initStringInfo(&out);
	for (int i = 0; i < n; i++)
	{
		text	   *cell = nulls[i] ? NULL : DatumGetTextPP(cells[i]);

		if (i > 0)
			appendStringInfoChar(&out, ',');
		if (cell)
			append_cell(&out, VARDATA_ANY(cell), VARSIZE_ANY_EXHDR(cell));
	}
	appendStringInfoChar(&out, '\n');
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}

static Datum
text_datum(const char *bytes, uint32 len)
{
	if (bytes == NULL)
		return CStringGetTextDatum("");
	if (nvp_text_is_valid(bytes, len))
		return PointerGetDatum(cstring_to_text_with_len(bytes, len));
	return CStringGetTextDatum(nvp_text_escape_invalid(bytes, len));
}

static ArrayType *
make_array(Datum *texts, bool *nulls, int n)
{
	int			dims[1] = {n};
	int			lower[1] = {1};

	return n > 0 ? construct_md_array(texts, nulls, 1, dims, lower, TEXTOID, -1, false, TYPALIGN_INT) :
		construct_empty_array(TEXTOID);
}

/*
 * _nuvopipe.issue_header(names bytea) returns text[]: members of a rejected row in
 * the source's order; the last is that of surplus text
 */
Datum
nuvopipe_issue_header(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	NvpIssueNames *names = nvp_unpack_names(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	const NvpPackedList *header = &names->header;
	Datum	   *texts = palloc(sizeof(Datum) * ((Size) header->n + 1));
	char	   *surplus = pstrdup("(surplus)");
	bool		clash;

	for (int i = 0; i < header->n; i++)
		texts[i] = text_datum(header->items[i].ptr, header->items[i].len);
	do
	{
		clash = false;
		for (int i = 0; i < header->n && !clash; i++)
			clash = header->items[i].len == strlen(surplus) &&
				memcmp(header->items[i].ptr, surplus, header->items[i].len) == 0;
		if (clash)
			surplus = psprintf("(%s)", surplus);
	} while (clash);
	texts[header->n] = CStringGetTextDatum(surplus);
	PG_RETURN_ARRAYTYPE_P(make_array(texts, NULL, header->n + 1));
}

/* ---- the head of an upload --------------------------------------------------- */

#define HEAD_COLUMNS	4

/* one row: its number and line, its cells; sniff with row 0 */
static void
put_row(ReturnSetInfo *result, uint64 row_no, uint64 line_no, ArrayType *cells, Jsonb *sniff)
{
	Datum		values[HEAD_COLUMNS];
	bool		nulls[HEAD_COLUMNS] = {false};

	values[0] = Int64GetDatum((int64) row_no);
	nulls[1] = line_no == 0;
	values[1] = Int64GetDatum((int64) line_no);
	values[2] = PointerGetDatum(cells);
	nulls[3] = sniff == NULL;
	values[3] = sniff ? JsonbPGetDatum(sniff) : (Datum) 0;
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* what the reader could not put into a column is the last cell */
static void
put_data_row(ReturnSetInfo *result, const NvpBatch *batch, int row)
{
	const NvpRow *info = &batch->rows[row];
	Datum	   *texts = palloc(sizeof(Datum) * ((Size) batch->ncols + 1));
	bool	   *nulls = palloc0(sizeof(bool) * ((Size) batch->ncols + 1));
	int			n = batch->ncols;

	for (int col = 0; col < batch->ncols; col++)
	{
		const NvpCell *cell = nvp_batch_column(batch, col) + row;

		nulls[col] = cell->kind == NVP_CELL_NULL;
		if (!nulls[col])
			texts[col] = text_datum(cell->ptr, cell->len);
	}
	if (info->extra)
		texts[n++] = text_datum(info->extra, info->extra_len);
	put_row(result, batch->first_row_no + row, info->line_no, make_array(texts, nulls, n), NULL);
}

static void
report_bad(const NvpReader *reader)
{
	NvpFault	fault;

	nvp_reader_fault(reader, &fault);
	nvp_fault_throw(&fault);
}

/* the first rows; what comes behind them may be bad */
static void
put_rows(ReturnSetInfo *result, NvpReader *reader, NvpBatch *batch, int64 left)
{
	NvpReadStatus status = NVP_READ_OK;

	while (left > 0 && (status = nvp_reader_next(reader, batch)) == NVP_READ_OK)
	{
		for (int row = 0; row < batch->nrows && left > 0; row++, left--)
			put_data_row(result, batch, row);
	}
	if (status == NVP_READ_BAD && reader->rows == 0)
		report_bad(reader);
}

static NvpReader *
open_head(NvpInput *input, NvpSpool *spool, const char *file_name, Jsonb *options)
{
	NvpFault	fault = {0};
	NvpReader  *reader;

	if (!nvp_input_open(input, nvp_spool_source(spool), options, file_name, NULL, &fault))
		nvp_fault_throw(&fault);
	reader = nvp_reader_open(input->source, &input->format);
	if (reader->error.message[0])
		report_bad(reader);
	return reader;
}

/*
 * _nuvopipe.read_head(tenant uuid, blob uuid, file_name text, options jsonb, max_rows int)
 * returns table(row_no bigint, line_no bigint, cells text[], sniff jsonb): the first
 * rows of stored data as a run would read them; row 0 has the names of the columns
 * that are known after them, and what was found out about the format
 */
Datum
nuvopipe_read_head(PG_FUNCTION_ARGS)
{
	char	   *file_name = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	NvpSpool   *spool = nvp_spool_create();
	ReturnSetInfo *result;
	NvpInput	input;
	NvpReader  *reader;
	NvpBatch   *batch;
	Datum	   *names;

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	PG_TRY();
	{
		nvp_blob_lend(PG_GETARG_UUID_P(0), PG_GETARG_UUID_P(1), spool);
		reader = open_head(&input, spool, file_name, PG_GETARG_JSONB_P(3));
		batch = nvp_batch_create(reader->ncols);
		put_rows(result, reader, batch, PG_GETARG_INT32(4));
		names = palloc(sizeof(Datum) * (Size) Max(reader->ncols, 1));
		for (int i = 0; i < reader->ncols; i++)
			names[i] = text_datum(reader->header[i], strlen(reader->header[i]));
		put_row(result, 0, 0, make_array(names, NULL, reader->ncols),
				nvp_sniff_jsonb(&input.sniff, &input.format));
		nvp_reader_close(reader);
		nvp_input_close(&input);
	}
	PG_FINALLY();
	{
		nvp_spool_free(spool);
	}
	PG_END_TRY();
	return (Datum) 0;
}

/*
 * _nuvopipe.tdm_from_blob(tenant uuid, blob uuid, file_name text, options jsonb)
 * returns jsonb: nuvopipe.tdm_from_sample of stored data
 */
Datum
nuvopipe_tdm_from_blob(PG_FUNCTION_ARGS)
{
	char	   *file_name = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	NvpSpool   *spool = nvp_spool_create();
	NvpFault	fault = {0};
	NvpInput	input;
	Jsonb	   *result = NULL;

	PG_TRY();
	{
		nvp_blob_lend(PG_GETARG_UUID_P(0), PG_GETARG_UUID_P(1), spool);
		if (!nvp_input_open(&input, nvp_spool_source(spool), PG_GETARG_JSONB_P(3), file_name, NULL, &fault))
			nvp_fault_throw(&fault);
		result = nvp_profile_input(&input);
		nvp_input_close(&input);
	}
	PG_FINALLY();
	{
		nvp_spool_free(spool);
	}
	PG_END_TRY();
	PG_RETURN_JSONB_P(result);
}
