/*-------------------------------------------------------------------------
 *
 * fn_check.c
 *		SQL skin of the validate room: records against the columns of a model.
 *
 * Flow:   columns jsonb --> model --> validator; records jsonb --> cells by
 *		   key --> survey, batches --> rows of nuvopipe.issue.
 * Errors: 22023 for the model and for records that are no objects.
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
#include "base/guc.h"
#include "fn/fn_model.h"
#include "model/definition.h"
#include "validate/validate.h"

#define ISSUE_COLUMNS	7

/* an issue sink that fills the tuplestore of a function returning nuvopipe.issue */
typedef struct StoreSink
{
	NvpIssueSink sink;
	const NvpModel *model;
	ReturnSetInfo *rsinfo;
} StoreSink;

static void
store_issue(NvpIssueSink *sink, const NvpIssue *issue)
{
	StoreSink  *self = (StoreSink *) sink;
	Datum		values[ISSUE_COLUMNS];
	bool		nulls[ISSUE_COLUMNS] = {false};

	values[0] = Int64GetDatum(issue->row_no);
	nulls[1] = issue->column < 0;
	if (!nulls[1])
		values[1] = CStringGetTextDatum(self->model->columns[issue->column].key);
	nulls[2] = true;
	values[3] = CStringGetTextDatum(nvp_code_name(issue->code));
	values[4] = CStringGetTextDatum(issue->message);
	nulls[5] = issue->value == NULL;
	if (!nulls[5])
		values[5] = PointerGetDatum(cstring_to_text_with_len(issue->value, issue->value_len));
	values[6] = CStringGetTextDatum(issue->severity == NVP_SEVERITY_WARNING ? "warning" : "error");
	tuplestore_putvalues(self->rsinfo->setResult, self->rsinfo->setDesc, values, nulls);
}

/* Cells of all records, column by column: cells[column * nrecords + row]. */
static NvpCell *
cells_from_records(const NvpModel *model, Jsonb *records, int nrecords)
{
	NvpCell    *cells;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	value;
	int			row = 0;

	if ((uint64) nrecords * model->ncolumns * sizeof(NvpCell) > MaxAllocHugeSize)
		nvp_path_error(NULL, NULL, "too many records");
	cells = palloc_extended(sizeof(NvpCell) * (Size) Max(nrecords, 1) * model->ncolumns,
							MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	it = JsonbIteratorInit(&records->root);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		NvpPath		path = {NULL, NULL, row};

		if (token != WJB_ELEM)
			continue;
		CHECK_FOR_INTERRUPTS();
		if (value.type != jbvBinary || !JsonContainerIsObject(value.val.binary.data))
			nvp_path_error(&path, NULL, "a record is an object");
		for (int i = 0; i < model->ncolumns; i++)
		{
			JsonbValue *member = nvp_jsonb_get(value.val.binary.data, model->columns[i].key);

			if (member)
				nvp_cell_from_jsonb_value(member, &cells[(Size) i * nrecords + row]);
		}
		row++;
	}
	return cells;
}

PG_FUNCTION_INFO_V1(nuvopipe_check_records);

/*
 * nuvopipe_check_records checks an array of records, keys to values, as one
 * whole input: votes, unique and rules on other columns included.
 */
Datum
nuvopipe_check_records(PG_FUNCTION_ARGS)
{
	Jsonb	   *records = PG_GETARG_JSONB_P(1);
	int			n = JB_ROOT_COUNT(records);
	StoreSink	sink = {{store_issue}};
	NvpModel   *model;
	NvpValidator *validator;
	NvpValidated *out;
	const NvpCell **columns;
	NvpCell    *cells;

	if (!JB_ROOT_IS_ARRAY(records) || JB_ROOT_IS_SCALAR(records))
		nvp_path_error(NULL, NULL, "records are an array of objects");
	InitMaterializedSRF(fcinfo, 0);
	sink.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	sink.model = model = nvp_model_compile(PG_GETARG_JSONB_P(0));
	validator = nvp_validator_create(model, (int64) nvp_guc_run_memory * 1024);
	out = nvp_validator_output(validator, NVP_BATCH_ROWS);
	cells = cells_from_records(model, records, n);
	columns = palloc(sizeof(NvpCell *) * model->ncolumns);
	for (int i = 0; i < model->ncolumns; i++)
		columns[i] = cells + (Size) i * n;
	for (int pass = 0; pass < nvp_validator_survey_passes(validator); pass++)
	{
		nvp_validator_survey(validator, pass, columns, n, 1);
		nvp_validator_survey_end(validator, pass);
	}
	for (int first = 0; first < n; first += NVP_BATCH_ROWS)
	{
		int			nrows = Min(n - first, NVP_BATCH_ROWS);

		nvp_validator_batch(validator, columns, NULL, nrows, first + 1, out, &sink.sink);
		for (int i = 0; i < model->ncolumns; i++)
			columns[i] += nrows;
	}
	nvp_validator_free(validator);
	return (Datum) 0;
}
