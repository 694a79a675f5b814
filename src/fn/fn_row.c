/*-------------------------------------------------------------------------
 *
 * fn_row.c
 *		SQL entry point: one row as jsonb against a model, for triggers and
 *		CHECK constraints.
 *
 * Memory: the compiled model stays with the call site while the model's name
 *		   stays the same; everything else lives for one call.
 * Errors: 42704 for the model, 22023 for a row that is no object.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "fn/fn_model.h"
#include "map/map.h"
#include "model/definition.h"
#include "pipeline/flatjson.h"
#include "validate/validate.h"

PG_FUNCTION_INFO_V1(nuvopipe_check_row);

/* kept from call to call while the model's name stays the same */
typedef struct RowChecker
{
	char	   *tdm;
	NvpModel   *model;
	MemoryContext context;		/* of one call */
} RowChecker;

typedef struct JsonSink
{
	NvpIssueSink base;
	const NvpModel *model;
	JsonbParseState *state;
} JsonSink;

static void
push_member(JsonSink *sink, const char *key, const char *text, int len)
{
	JsonbValue	v = {.type = jbvString};

	v.val.string.val = (char *) key;
	v.val.string.len = strlen(key);
	pushJsonbValue(&sink->state, WJB_KEY, &v);
	if (text)
	{
		v.val.string.val = palloc(len * (Size) 4 + 1);
		v.val.string.len = nvp_storable_text(text, len, v.val.string.val);
	}
	else
		v.type = jbvNull;
	pushJsonbValue(&sink->state, WJB_VALUE, &v);
}

static void
push_issue(NvpIssueSink *base, const NvpIssue *issue)
{
	JsonSink   *sink = (JsonSink *) base;
	const char *key = issue->column >= 0 ? sink->model->columns[issue->column].key : NULL;
	const char *severity = issue->severity == NVP_SEVERITY_ERROR ? "error" : "warning";

	pushJsonbValue(&sink->state, WJB_BEGIN_OBJECT, NULL);
	push_member(sink, "column", key, key ? strlen(key) : 0);
	push_member(sink, "code", nvp_code_name(issue->code), strlen(nvp_code_name(issue->code)));
	push_member(sink, "message", issue->message, strlen(issue->message));
	push_member(sink, "value", issue->value, issue->value_len);
	push_member(sink, "severity", severity, strlen(severity));
	pushJsonbValue(&sink->state, WJB_END_OBJECT, NULL);
}

/* the members of an object as a batch of one row */
static NvpBatch *
row_batch(Jsonb *row, char ***header)
{
	int			n = JB_ROOT_COUNT(row);
	NvpBatch   *batch = nvp_batch_create(n);
	JsonbIterator *it = JsonbIteratorInit(&row->root);
	JsonbIteratorToken token;
	JsonbValue	v;
	int			i = 0;

	*header = palloc(sizeof(char *) * Max(n, 1));
	batch->nrows = 1;
	batch->first_row_no = 1;
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			(*header)[i] = pnstrdup(v.val.string.val, v.val.string.len);
		else if (token == WJB_VALUE)
			nvp_cell_from_jsonb_value(&v, &nvp_batch_column(batch, i++)[0]);
	}
	return batch;
}

static void
drop_unique(NvpColumn *column)
{
	int			kept = 0;

	for (int i = 0; i < column->nrules; i++)
	{
		if (column->rules[i].kind != NVP_RULE_UNIQUE)
			column->rules[kept++] = column->rules[i];
	}
	column->nrules = kept;
}

static RowChecker *
row_checker(FunctionCallInfo fcinfo, const char *tdm)
{
	RowChecker *checker = fcinfo->flinfo->fn_extra;
	MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

	if (checker == NULL || strcmp(checker->tdm, tdm) != 0)
	{
		checker = palloc0(sizeof(RowChecker));
		checker->tdm = pstrdup(tdm);
		checker->model = nvp_model_compile(nvp_tdm_columns(tdm));
		checker->context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe row", ALLOCSET_DEFAULT_SIZES);
		/* one row tells nothing about uniqueness */
		for (int c = 0; c < checker->model->ncolumns; c++)
			drop_unique(&checker->model->columns[c]);
		fcinfo->flinfo->fn_extra = checker;
	}
	MemoryContextSwitchTo(old);
	return checker;
}

/* nuvopipe.check_row(tdm text, "row" jsonb) */
Datum
nuvopipe_check_row(PG_FUNCTION_ARGS)
{
	Jsonb	   *row = PG_GETARG_JSONB_P(1);
	RowChecker *checker = row_checker(fcinfo, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	MemoryContext old;
	JsonSink	sink = {{push_issue}, checker->model, NULL};
	NvpValidator *validator;
	NvpBatch   *batch;
	NvpMap	   *map;
	char	  **header;
	Jsonb	   *result;

	if (!JB_ROOT_IS_OBJECT(row))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("row must be a JSON object"),
				errhint("Use to_jsonb(t) for a row of a table."));
	MemoryContextReset(checker->context);
	old = MemoryContextSwitchTo(checker->context);
	batch = row_batch(row, &header);
	map = nvp_map_create(checker->model, NULL);
	nvp_map_update(map, header, batch->ncols);
	validator = nvp_validator_create(checker->model, 1024 * 1024);
	pushJsonbValue(&sink.state, WJB_BEGIN_ARRAY, NULL);
	nvp_validator_batch(validator, nvp_map_columns(map, batch), NULL, 1, 1,
						nvp_validator_output(validator, 1), &sink.base);
	nvp_validator_free(validator);
	result = JsonbValueToJsonb(pushJsonbValue(&sink.state, WJB_END_ARRAY, NULL));
	MemoryContextSwitchTo(old);
	result = (Jsonb *) datumCopy(PointerGetDatum(result), false, -1);
	PG_RETURN_JSONB_P(result);
}
