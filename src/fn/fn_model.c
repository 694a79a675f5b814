/*-------------------------------------------------------------------------
 *
 * fn_model.c
 *		SQL skin of the model and validate rooms: single cells, whole columns
 *		and definitions, without any stored model.
 *
 * Flow:   column jsonb --> one-column model + validator (kept in fn_extra as
 *		   long as the definition stays the same); value jsonb --> cell -->
 *		   batch --> value and first issue --> row.
 * Memory: the compiled column lives in a context below fn_mcxt.
 * Errors: 22023 for definitions; cells never throw.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/tuplestore.h"

#include "base/compat.h"
#include "base/guc.h"
#include "base/jsonb.h"
#include "base/query.h"
#include "fn/fn_model.h"
#include "model/definition.h"
#include "validate/validate.h"

#define OUTPUT_COLUMNS	4		/* ok, output, code, message */

/* a compiled column, and the definition it was made from */
typedef struct CompiledColumn
{
	MemoryContext context;
	Jsonb	   *definition;
	NvpModel	model;
	NvpValidator *validator;
	NvpValidated *out;
	TupleDesc	tupdesc;
} CompiledColumn;

/* keeps the first issue of every row of a batch */
typedef struct FirstIssueSink
{
	NvpIssueSink sink;
	uint64		first_row_no;
	NvpIssue   *issues;			/* code NONE where a row has none */
} FirstIssueSink;

static void
keep_first(NvpIssueSink *sink, const NvpIssue *issue)
{
	FirstIssueSink *self = (FirstIssueSink *) sink;
	NvpIssue   *kept = &self->issues[issue->row_no - self->first_row_no];

	if (kept->code == NVP_CODE_NONE)
		*kept = *issue;
}

/* A one-column model and its validator in the current memory context. */
static void
compile_column(CompiledColumn *compiled, Jsonb *definition, int capacity)
{
	compiled->model.columns = nvp_column_compile(definition);
	compiled->model.ncolumns = 1;
	compiled->validator = nvp_validator_create(&compiled->model, (int64) nvp_guc_run_memory * 1024);
	compiled->out = nvp_validator_output(compiled->validator, capacity);
}

static bool
same_jsonb(const Jsonb *a, const Jsonb *b)
{
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

/* The compiled column of this call site, made anew only if the definition changed. */
static CompiledColumn *
get_compiled(FunctionCallInfo fcinfo, Jsonb *definition)
{
	CompiledColumn *compiled = fcinfo->flinfo->fn_extra;
	MemoryContext context;
	MemoryContext old;

	if (compiled && same_jsonb(compiled->definition, definition))
		return compiled;
	if (compiled)
	{
		fcinfo->flinfo->fn_extra = NULL;
		MemoryContextDelete(compiled->context);
	}
	context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "nuvopipe column", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	compiled = palloc0(sizeof(CompiledColumn));
	compiled->context = context;
	compiled->definition = palloc(VARSIZE(definition));
	memcpy(compiled->definition, definition, VARSIZE(definition));
	compile_column(compiled, compiled->definition, 1);
	if (get_call_result_type(fcinfo, NULL, &compiled->tupdesc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function returning record called in context that cannot accept type record")));
	compiled->tupdesc = BlessTupleDesc(compiled->tupdesc);
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = compiled;
	return compiled;
}

/*
 * nvp_tdm_columns returns the columns of a model the caller may use, in the
 * current memory context.  errors: 42704.
 */
Jsonb *
nvp_tdm_columns(const char *tdm)
{
	NvpQuery	query;
	Jsonb	   *columns = NULL;

	nvp_query_open(&query);
	nvp_arg_text(&query, tdm);
	if (nvp_query_exec(&query, "SELECT columns FROM _nuvopipe.tdm WHERE id = _nuvopipe.tdm_id($1)") > 0)
		columns = nvp_get_jsonb(&query, 0, 0);
	nvp_query_close(&query);
	if (columns == NULL)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("target data model \"%s\" does not exist", tdm));
	return columns;
}

static void
set_cell(NvpCell *cell, NvpCellKind kind, const char *text, int len)
{
	cell->kind = kind;
	cell->ptr = text;
	cell->len = len;
}

/*
 * nvp_cell_from_jsonb_value makes a cell of a JSON value; its text is a view,
 * or made in the current memory context.
 */
void
nvp_cell_from_jsonb_value(const JsonbValue *value, NvpCell *cell)
{
	char	   *text;

	memset(cell, 0, sizeof(*cell));
	switch (value->type)
	{
		case jbvString:
			set_cell(cell, NVP_CELL_TEXT, value->val.string.val, value->val.string.len);
			break;
		case jbvNumeric:
			text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
			set_cell(cell, NVP_CELL_NUMBER, text, strlen(text));
			break;
		case jbvBool:
			text = value->val.boolean ? "true" : "false";
			set_cell(cell, NVP_CELL_BOOL, text, strlen(text));
			break;
		case jbvBinary:
			text = JsonbToCString(NULL, value->val.binary.data, value->val.binary.len);
			set_cell(cell, NVP_CELL_JSON, text, strlen(text));
			break;
		default:
			break;
	}
}

static void
cell_from_jsonb(Jsonb *jsonb, NvpCell *cell)
{
	JsonbValue	value;

	if (JB_ROOT_IS_SCALAR(jsonb))
		JsonbExtractScalar(&jsonb->root, &value);
	else
	{
		value.type = jbvBinary;
		value.val.binary.data = &jsonb->root;
		value.val.binary.len = VARSIZE(jsonb) - VARHDRSZ;
	}
	nvp_cell_from_jsonb_value(&value, cell);
}

/*
 * The output of a value as jsonb.  A json column gives its text, as a string:
 * not every JSON text fits into a jsonb, and a cell must not throw.
 */
static Datum
jsonb_from_value(const NvpColumn *column, const NvpValue *value, bool *isnull)
{
	NvpArena	arena;
	NvpCell		cell;
	JsonbValue	scalar;
	char	   *text;

	*isnull = value->status != NVP_OK;
	if (*isnull)
		return (Datum) 0;
	nvp_arena_init(&arena);
	cell = nvp_value_cell(column, value, &arena);
	text = pnstrdup(cell.ptr, cell.len);
	nvp_arena_free(&arena);
	if (cell.kind == NVP_CELL_JSON && strcmp(column->type->name, "json") != 0)
		return DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
	if (cell.kind == NVP_CELL_NUMBER)
	{
		scalar.type = jbvNumeric;
		scalar.val.numeric = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(text),
																 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	}
	else if (cell.kind == NVP_CELL_BOOL)
	{
		scalar.type = jbvBool;
		scalar.val.boolean = value->v.i64 != 0;
	}
	else
	{
		scalar.type = jbvString;
		scalar.val.string.val = text;
		scalar.val.string.len = strlen(text);
	}
	return JsonbPGetDatum(JsonbValueToJsonb(&scalar));
}

/* ok, output, code and message of one value and its first issue */
static void
fill_result(const NvpColumn *column, const NvpValue *value, const NvpIssue *issue, Datum *values, bool *nulls)
{
	bool		ok = issue->code == NVP_CODE_NONE;

	values[0] = BoolGetDatum(ok);
	nulls[0] = false;
	nulls[1] = nulls[2] = nulls[3] = true;
	if (ok)
	{
		values[1] = jsonb_from_value(column, value, &nulls[1]);
		return;
	}
	values[2] = CStringGetTextDatum(nvp_code_name(issue->code));
	values[3] = CStringGetTextDatum(issue->message);
	nulls[2] = nulls[3] = false;
}

PG_FUNCTION_INFO_V1(nuvopipe_cast_cell);

/*
 * nuvopipe_cast_cell converts and checks one cell by the definition of one
 * column; rules that need other rows or columns are left out.
 */
Datum
nuvopipe_cast_cell(PG_FUNCTION_ARGS)
{
	CompiledColumn *compiled;
	NvpIssue	issue = {0};
	FirstIssueSink sink = {{keep_first}, 1, &issue};
	NvpCell		cell = {0};
	const NvpCell *columns[1] = {&cell};
	Datum		values[OUTPUT_COLUMNS];
	bool		nulls[OUTPUT_COLUMNS];

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	compiled = get_compiled(fcinfo, PG_GETARG_JSONB_P(0));
	if (!PG_ARGISNULL(1))
		cell_from_jsonb(PG_GETARG_JSONB_P(1), &cell);
	nvp_validator_batch(compiled->validator, columns, NULL, 1, 1, compiled->out, &sink.sink);
	fill_result(compiled->model.columns, &compiled->out->values[0][0], &issue, values, nulls);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(compiled->tupdesc, values, nulls)));
}

/* All elements of an array as cells. */
static NvpCell *
cells_from_array(Jsonb *array, int *n)
{
	NvpCell    *cells;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	value;
	int			i = 0;

	if (!JB_ROOT_IS_ARRAY(array) || JB_ROOT_IS_SCALAR(array))
		nvp_path_error(NULL, NULL, "the values of a column are an array");
	*n = JB_ROOT_COUNT(array);
	cells = palloc_extended(sizeof(NvpCell) * Max(*n, 1), MCXT_ALLOC_HUGE);
	it = JsonbIteratorInit(&array->root);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_ELEM)
			nvp_cell_from_jsonb_value(&value, &cells[i++]);
	}
	return cells;
}

static void
survey_column(CompiledColumn *compiled, const NvpCell *const *columns, int n)
{
	for (int pass = 0; pass < nvp_validator_survey_passes(compiled->validator); pass++)
	{
		nvp_validator_survey(compiled->validator, pass, columns, n, 1);
		nvp_validator_survey_end(compiled->validator, pass);
	}
}

/* Checks n cells that begin at row first (from 0) and puts them out. */
static void
put_column_batch(CompiledColumn *compiled, const NvpCell *cells, int first, int n, ReturnSetInfo *rsinfo)
{
	NvpIssue   *issues = palloc0(sizeof(NvpIssue) * n);
	FirstIssueSink sink = {{keep_first}, first + 1, issues};

	nvp_validator_batch(compiled->validator, &cells, NULL, n, first + 1, compiled->out, &sink.sink);
	for (int i = 0; i < n; i++)
	{
		Datum		values[OUTPUT_COLUMNS + 1];
		bool		nulls[OUTPUT_COLUMNS + 1] = {false};

		values[0] = Int32GetDatum(first + i + 1);
		fill_result(compiled->model.columns, &compiled->out->values[0][i], &issues[i], values + 1, nulls + 1);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	pfree(issues);
}

PG_FUNCTION_INFO_V1(nuvopipe_cast_column);

/*
 * nuvopipe_cast_column converts and checks a whole column: votes and unique
 * rules included.
 */
Datum
nuvopipe_cast_column(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext batch;
	CompiledColumn compiled = {0};
	const NvpCell *cells;
	int			n;

	InitMaterializedSRF(fcinfo, 0);
	compile_column(&compiled, PG_GETARG_JSONB_P(0), NVP_BATCH_ROWS);
	cells = cells_from_array(PG_GETARG_JSONB_P(1), &n);
	survey_column(&compiled, &cells, n);
	batch = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe batch", ALLOCSET_DEFAULT_SIZES);
	for (int first = 0; first < n; first += NVP_BATCH_ROWS)
	{
		MemoryContext old = MemoryContextSwitchTo(batch);

		put_column_batch(&compiled, cells + first, first, Min(n - first, NVP_BATCH_ROWS), rsinfo);
		MemoryContextSwitchTo(old);
		MemoryContextReset(batch);
	}
	nvp_validator_free(compiled.validator);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(nuvopipe_check_columns);

/* nuvopipe_check_columns throws what is wrong with the columns of a model. */
Datum
nuvopipe_check_columns(PG_FUNCTION_ARGS)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe model", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);

	nvp_model_compile(PG_GETARG_JSONB_P(0));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	PG_RETURN_VOID();
}
