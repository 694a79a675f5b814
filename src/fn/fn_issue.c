/*-------------------------------------------------------------------------
 *
 * fn_issue.c
 *		SQL entry point: stored issues as rows.
 *
 * The views of issues and rejected rows call it once for each table row of
 * packed issues (pipeline/issuepack.h).
 *
 * Memory: names and templates live as long as the query's function call state;
 *		   everything of one issue until the next.
 * Errors: XX001 for bytes that are no issues.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "base/compat.h"
#include "pipeline/flatjson.h"
#include "pipeline/issuepack.h"

PG_FUNCTION_INFO_V1(nuvopipe_unpack_issues);

#define ISSUE_COLUMNS	11

/* kept from call to call while the names stay the same */
typedef struct Unpacker
{
	NvpIssueNames *names;
	NvpFlatJson *flat;			/* rows as wide as the header */
	NvpFlatJson *flat_surplus;	/* rows with surplus text */
	NvpCell    *cells;
	MemoryContext names_context;
	MemoryContext context;		/* of one issue */
} Unpacker;

/* members of a row: the header, and one more for surplus text */
static void
make_templates(Unpacker *unpacker)
{
	const NvpPackedList *header = &unpacker->names->header;
	char	  **names = palloc(sizeof(char *) * ((Size) header->n + 1));
	char	   *surplus = pstrdup("(surplus)");
	bool		clash;

	for (int i = 0; i < header->n; i++)
		names[i] = pnstrdup(header->items[i].ptr ? header->items[i].ptr : "", header->items[i].len);
	unpacker->flat = nvp_flatjson_create(names, header->n);
	do
	{
		clash = false;
		for (int i = 0; i < header->n && !clash; i++)
			clash = strcmp(names[i], surplus) == 0;
		if (clash)
			surplus = psprintf("(%s)", surplus);
	} while (clash);
	names[header->n] = surplus;
	unpacker->flat_surplus = nvp_flatjson_create(names, header->n + 1);
	unpacker->cells = palloc(sizeof(NvpCell) * ((Size) header->n + 1));
}

static Unpacker *
get_unpacker(FunctionCallInfo fcinfo, bytea *names)
{
	Unpacker   *unpacker = fcinfo->flinfo->fn_extra;
	MemoryContext old;

	if (unpacker && unpacker->names->len == VARSIZE_ANY_EXHDR(names) &&
		memcmp(unpacker->names->bytes, VARDATA_ANY(names), unpacker->names->len) == 0)
		return unpacker;
	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	if (unpacker == NULL)
	{
		unpacker = palloc0(sizeof(Unpacker));
		unpacker->names_context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe issue names", ALLOCSET_DEFAULT_SIZES);
		unpacker->context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe issue", ALLOCSET_DEFAULT_SIZES);
	}
	fcinfo->flinfo->fn_extra = NULL;	/* an error below leaves nothing half made */
	MemoryContextReset(unpacker->names_context);
	MemoryContextSwitchTo(unpacker->names_context);
	unpacker->names = nvp_unpack_names(VARDATA_ANY(names), VARSIZE_ANY_EXHDR(names));
	make_templates(unpacker);
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = unpacker;
	return unpacker;
}

static Datum
text_datum(NvpPackedText text, bool cut)
{
	char	   *out = palloc_extended(text.len * (Size) 4 + 1, MCXT_ALLOC_HUGE);
	int			n = text.ptr ? nvp_storable_text(text.ptr, text.len, out) : 0;

	if (cut)
		return CStringGetTextDatum(psprintf("%.*s... (cut)", n, out));
	return PointerGetDatum(cstring_to_text_with_len(out, n));
}

static void
set_text(Datum *values, bool *nulls, int i, NvpPackedText text, bool cut)
{
	nulls[i] = text.ptr == NULL;
	values[i] = nulls[i] ? (Datum) 0 : text_datum(text, cut);
}

/* the rejected row behind an issue, as an object by source column */
static Datum
row_datum(Unpacker *unpacker, const NvpPackedText *surplus)
{
	NvpCell    *last = &unpacker->cells[unpacker->names->header.n];

	if (surplus->len == 0)
		return JsonbPGetDatum(nvp_flatjson_row(unpacker->flat, unpacker->cells));
	memset(last, 0, sizeof(*last));
	last->kind = NVP_CELL_TEXT;
	last->ptr = surplus->ptr;
	last->len = surplus->len;
	return JsonbPGetDatum(nvp_flatjson_row(unpacker->flat_surplus, unpacker->cells));
}

static void
put_issue(ReturnSetInfo *result, Unpacker *unpacker, const NvpPackedIssue *issue, int64 seq,
		  const NvpPackedText *surplus, bool rejected)
{
	const NvpIssueNames *names = unpacker->names;
	bool		is_row = issue->column < 0;
	NvpPackedText none = {NULL, 0};
	char	   *place = nvp_unpack_place(names, issue, rejected);
	Datum		values[ISSUE_COLUMNS];
	bool		nulls[ISSUE_COLUMNS] = {false};

	values[0] = Int64GetDatum(seq);
	nulls[1] = issue->row_no == 0;
	values[1] = Int64GetDatum((int64) issue->row_no);
	nulls[2] = issue->line_no == 0;
	values[2] = Int64GetDatum((int64) issue->line_no);
	set_text(values, nulls, 3, is_row ? none : names->keys.items[issue->column], false);
	set_text(values, nulls, 4, is_row || issue->column >= names->sources.n ? none :
			 names->sources.items[issue->column], false);
	set_text(values, nulls, 5, names->codes.items[issue->code], false);
	set_text(values, nulls, 6, issue->message, false);
	set_text(values, nulls, 7, issue->value, (issue->flags & NVP_PACKED_CUT) != 0);
	values[8] = CStringGetTextDatum(issue->flags & NVP_PACKED_WARNING ? "warning" : "error");
	nulls[9] = !rejected;
	values[9] = rejected ? row_datum(unpacker, surplus) : (Datum) 0;
	nulls[10] = place == NULL;
	values[10] = place ? CStringGetTextDatum(place) : (Datum) 0;
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * _nuvopipe.unpack_issues(names bytea, first bigint, data bytea, rejected boolean):
 * all issues without their rows, or only those that have one, with it
 */
Datum
nuvopipe_unpack_issues(PG_FUNCTION_ARGS)
{
	bytea	   *data = PG_GETARG_BYTEA_PP(2);
	int64		seq = PG_GETARG_INT64(1);
	bool		rejected = PG_GETARG_BOOL(3);
	Unpacker   *unpacker = get_unpacker(fcinfo, PG_GETARG_BYTEA_PP(0));
	ReturnSetInfo *result;
	NvpPackReader reader;
	NvpPackedIssue issue;

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	nvp_unpack_open(&reader, VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data));
	for (; nvp_unpack_next(&reader, unpacker->names, &issue); seq++)
	{
		bool		has_row = (issue.flags & NVP_PACKED_ROW) != 0;
		NvpPackedText surplus = {NULL, 0};
		MemoryContext old;

		if (has_row)
			nvp_unpack_row(&reader, unpacker->names, issue.ncells, rejected ? unpacker->cells : NULL, &surplus);
		if (rejected && !has_row)
			continue;
		old = MemoryContextSwitchTo(unpacker->context);
		put_issue(result, unpacker, &issue, seq, &surplus, rejected);
		MemoryContextSwitchTo(old);
		MemoryContextReset(unpacker->context);
	}
	return (Datum) 0;
}
