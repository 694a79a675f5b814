/*-------------------------------------------------------------------------
 *
 * fn_format.c
 *		SQL skin of the format room: parse, sniff and tdm_from_sample.
 *
 * Flow:   bytea --> source --> reader --> batches --> tuplestore
 * Errors: 22023 for options; 22P04 (bad_copy_file_format) with message and hint
 *		   of the reader where the data cannot be read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "base/compat.h"
#include "fn/fn_format.h"
#include "format/names.h"
#include "pipeline/profile.h"

PG_FUNCTION_INFO_V1(nuvopipe_parse);
PG_FUNCTION_INFO_V1(nuvopipe_sniff);
PG_FUNCTION_INFO_V1(nuvopipe_tdm_from_sample);

/* put_row stores one row of texts */
static void
put_row(ReturnSetInfo *rsinfo, uint64 row_no, Datum *texts, bool *nulls, int n)
{
	Datum		values[2];
	bool		no_nulls[2] = {false, false};
	int			dims[1] = {n};
	int			lower[1] = {1};
	ArrayType  *array = n > 0 ?
		construct_md_array(texts, nulls, 1, dims, lower, TEXTOID, -1, false, TYPALIGN_INT) :
		construct_empty_array(TEXTOID);

	values[0] = Int64GetDatum((int64) row_no);
	values[1] = PointerGetDatum(array);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, no_nulls);
}

static Datum
text_datum(const char *bytes, uint32 len)
{
	if (nvp_text_is_valid(bytes, len))
		return PointerGetDatum(cstring_to_text_with_len(bytes, len));
	return CStringGetTextDatum(nvp_text_escape_invalid(bytes, len));
}

/*
 * put_data_row stores a row of the batch.  What the reader could not put into a
 * column is the last element, so that nothing of the input is missing.
 */
static void
put_data_row(ReturnSetInfo *rsinfo, const NvpBatch *batch, int row, Datum *texts, bool *nulls)
{
	const NvpRow *r = &batch->rows[row];
	int			n = batch->ncols;

	for (int col = 0; col < batch->ncols; col++)
	{
		const NvpCell *cell = nvp_batch_column(batch, col) + row;

		nulls[col] = (cell->kind == NVP_CELL_NULL);
		if (!nulls[col])
			texts[col] = text_datum(cell->ptr, cell->len);
	}
	if (r->extra)
	{
		nulls[n] = false;
		texts[n++] = text_datum(r->extra, r->extra_len);
	}
	put_row(rsinfo, batch->first_row_no + row, texts, nulls, n);
}

static void
put_header(ReturnSetInfo *rsinfo, const NvpReader *reader)
{
	Datum	   *texts = palloc(sizeof(Datum) * Max(reader->ncols, 1));
	bool	   *nulls = palloc0(sizeof(bool) * Max(reader->ncols, 1));

	for (int col = 0; col < reader->ncols; col++)
		texts[col] = CStringGetTextDatum(reader->header[col]);
	put_row(rsinfo, 0, texts, nulls, reader->ncols);
}

static void
report_bad(const NvpReader *reader)
{
	NvpFault	fault;

	nvp_reader_fault(reader, &fault);
	nvp_fault_throw(&fault);
}

/* put_rows stores up to max_rows rows, 0 = all; memory of a batch is given back with it */
static void
put_rows(ReturnSetInfo *rsinfo, NvpReader *reader, int64 max_rows)
{
	int64		stored = 0;
	NvpBatch   *batch = nvp_batch_create(reader->ncols);
	Datum	   *texts = palloc(sizeof(Datum) * (NVP_MAX_COLUMNS + 1));
	bool	   *nulls = palloc(sizeof(bool) * (NVP_MAX_COLUMNS + 1));
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe row",
													  ALLOCSET_DEFAULT_SIZES);
	NvpReadStatus status;

	while ((status = nvp_reader_next(reader, batch)) == NVP_READ_OK)
	{
		MemoryContext old = MemoryContextSwitchTo(row_context);

		for (int row = 0; row < batch->nrows && (max_rows == 0 || stored < max_rows); row++, stored++)
		{
			CHECK_FOR_INTERRUPTS();
			put_data_row(rsinfo, batch, row, texts, nulls);
			MemoryContextReset(row_context);
		}
		MemoryContextSwitchTo(old);
		if (stored == max_rows && max_rows > 0)
			break;
	}
	if (status == NVP_READ_BAD)
		report_bad(reader);
	MemoryContextDelete(row_context);
}

/* count_columns reads what will be stored, so that all keys of JSON are known */
static void
count_columns(NvpReader *reader, int64 max_rows)
{
	NvpBatch   *batch = nvp_batch_create(reader->ncols);
	int64		seen = 0;

	while ((max_rows == 0 || seen < max_rows) && nvp_reader_next(reader, batch) == NVP_READ_OK)
	{
		CHECK_FOR_INTERRUPTS();
		seen += batch->nrows;
	}
	nvp_batch_free(batch);
	if (reader->error.message[0] || !nvp_reader_rewind(reader))
		report_bad(reader);
}

/* has_names tells whether columns have names of their own: those of the data, or of the options */
static bool
has_names(const NvpFormat *format)
{
	if (format->kind == NVP_FORMAT_FIXED && format->fixed[0].name)
		return true;
	return format->has_header || nvp_format_has_keys(format->kind);
}

/* put_input stores what an input that was opened holds */
static void
put_input(ReturnSetInfo *rsinfo, NvpInput *input, int64 max_rows)
{
	const NvpFormat *format = &input->format;
	NvpReader  *reader = nvp_reader_open(input->source, format);
	char	   *note;

	if (reader->error.message[0])
		report_bad(reader);
	if (nvp_format_has_keys(format->kind))
		count_columns(reader, max_rows);
	if (has_names(format) && !reader->error.is_empty)
		put_header(rsinfo, reader);
	put_rows(rsinfo, reader, max_rows);
	note = nvp_input_note(input, reader);
	nvp_reader_close(reader);
	if (note)
		ereport(NOTICE,
				errmsg("%s", note));
}

/*
 * nvp_put_source reads a stored object and stores the names of the columns (row
 * 0, if the data has any) and up to max_rows rows, 0 = all; none of an empty one.
 *
 * errors: 22023 for options, 22P04, 54000, 58030.
 */
void
nvp_put_source(ReturnSetInfo *rsinfo, NvpSource *stored, Jsonb *options,
			   const char *file_name, int64 max_rows)
{
	NvpInput	input;
	NvpFault	fault = {0};

	if (nvp_input_open(&input, stored, options, file_name, NULL, &fault))
		put_input(rsinfo, &input, max_rows);
	else if (fault.type != NVP_SOURCE_DATA_EMPTY)
		nvp_fault_throw(&fault);
	nvp_input_close(&input);
}

/* nuvopipe.parse(data bytea, options jsonb) returns table(row_no bigint, cells text[]) */
Datum
nuvopipe_parse(PG_FUNCTION_ARGS)
{
	bytea	   *data = PG_GETARG_BYTEA_PP(0);
	NvpSource  *source = nvp_source_memory(VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data));

	InitMaterializedSRF(fcinfo, 0);
	nvp_put_source((ReturnSetInfo *) fcinfo->resultinfo, source, PG_GETARG_JSONB_P(1), NULL, 0);
	source->close(source);
	return (Datum) 0;
}

/* nuvopipe.sniff(data bytea, options jsonb, file_name text) returns jsonb */
Datum
nuvopipe_sniff(PG_FUNCTION_ARGS)
{
	Jsonb	   *options = PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1);
	char	   *file_name = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	bytea	   *data;
	NvpSource  *source;
	NvpInput	input;
	NvpFault	fault = {0};
	Jsonb	   *result;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	data = PG_GETARG_BYTEA_PP(0);
	source = nvp_source_memory(VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data));
	(void) nvp_input_open(&input, source, options, file_name, NULL, &fault);
	result = nvp_sniff_jsonb(&input.sniff, &input.format);
	nvp_input_close(&input);
	source->close(source);
	PG_RETURN_JSONB_P(result);
}

/* nuvopipe.tdm_from_sample(data bytea, options jsonb) returns jsonb */
Datum
nuvopipe_tdm_from_sample(PG_FUNCTION_ARGS)
{
	bytea	   *data = PG_GETARG_BYTEA_PP(0);
	NvpSource  *source = nvp_source_memory(VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data));
	NvpInput	input;
	NvpFault	fault = {0};
	Jsonb	   *result;

	if (!nvp_input_open(&input, source, PG_GETARG_JSONB_P(1), NULL, NULL, &fault))
	{
		if (fault.type != NVP_SOURCE_DATA_EMPTY)
			nvp_fault_throw(&fault);
		input.source = NULL;
	}
	result = nvp_profile_input(&input);
	nvp_input_close(&input);
	source->close(source);
	PG_RETURN_JSONB_P(result);
}
