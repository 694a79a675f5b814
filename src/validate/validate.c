/*-------------------------------------------------------------------------
 *
 * validate.c
 *		The validator: surveys of whole columns, then batches.
 *
 * See validate.h for flow, calls, memory and errors.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/json.h"
#include "utils/memutils.h"

#include "validate/rule.h"

#define TEXT_MESSAGE_BYTES	128

static void
create_states(NvpValidator *validator)
{
	NvpModel   *model = validator->model;

	validator->states = palloc0(sizeof(NvpColumnState) * model->ncolumns);
	for (int i = 0; i < model->ncolumns; i++)
	{
		NvpColumn  *column = &model->columns[i];
		NvpColumnState *state = &validator->states[i];

		state->needs_vote = nvp_column_needs_vote(column);
		for (int r = 0; r < column->nrules; r++)
			state->has_unique |= column->rules[r].kind == NVP_RULE_UNIQUE;
		state->regex_limits = palloc0(sizeof(int) * Max(column->nrules, 1));
		validator->nvotes += state->needs_vote;
		validator->nunique += state->has_unique;
		validator->nboth += state->needs_vote && state->has_unique;
		nvp_column_settle(column, NULL);
	}
}

/*
 * nvp_validator_create makes a validator for one run.
 *
 * in: the model, whose columns are settled by the run's votes; memory_bytes
 *		that all unique rules together may use.
 * owner: the current memory context; free with nvp_validator_free or with it.
 */
NvpValidator *
nvp_validator_create(NvpModel *model, int64 memory_bytes)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe validator",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	NvpValidator *validator = palloc0(sizeof(NvpValidator));

	validator->model = model;
	validator->context = context;
	validator->memory_bytes = memory_bytes;
	create_states(validator);
	nvp_arena_init(&validator->arena);
	MemoryContextSwitchTo(old);
	return validator;
}

/*
 * nvp_validator_set_width tells how many cells a row of the source should
 * have; only messages about rows of another width name it.
 */
void
nvp_validator_set_width(NvpValidator *validator, int width)
{
	validator->width = width;
}

/* nvp_validator_set_explainer tells who knows the source's bytes; only messages about text that cannot be stored ask. */
void
nvp_validator_set_explainer(NvpValidator *validator, NvpExplainText explain, void *arg)
{
	validator->explain = explain;
	validator->explain_arg = arg;
}

/* nvp_validator_needs_survey tells whether the whole input must be read first. */
bool
nvp_validator_needs_survey(const NvpValidator *validator)
{
	return nvp_validator_survey_passes(validator) > 0;
}

/*
 * nvp_validator_survey_passes returns how often: twice where values must be
 * compared that can only be read after a vote.
 */
int
nvp_validator_survey_passes(const NvpValidator *validator)
{
	if (validator->nboth > 0)
		return 2;
	return validator->nvotes + validator->nunique > 0 ? 1 : 0;
}

/* The bytes by which a value is compared: its own, or its canonical text. */
static void
add_value(NvpColumnState *state, const NvpColumn *column, const NvpValue *value, uint64 row_no, NvpArena *arena)
{
	NvpText		text;

	switch (value->kind)
	{
		case NVP_VALUE_INT:
		case NVP_VALUE_BOOL:
		case NVP_VALUE_DATE:
		case NVP_VALUE_TIMESTAMP:
		case NVP_VALUE_TIME:
			nvp_distinct_add(state->distinct, &value->v.i64, sizeof(int64), row_no);
			break;
		case NVP_VALUE_FLOAT:
			nvp_distinct_add(state->distinct, &value->v.f64, sizeof(double), row_no);
			break;
		default:
			text = nvp_value_text(column, value, arena);
			nvp_distinct_add(state->distinct, text.ptr, text.len, row_no);
	}
}

static void
survey_unique(NvpValidator *validator, int i, const NvpCell *cells, int nrows, uint64 first_row_no)
{
	const NvpColumn *column = &validator->model->columns[i];
	NvpColumnState *state = &validator->states[i];
	MemoryContext old = MemoryContextSwitchTo(validator->context);

	if (state->distinct == NULL)
		state->distinct = nvp_distinct_create(validator->memory_bytes / validator->nunique);
	if (validator->scratch == NULL)
		validator->scratch = palloc(sizeof(NvpValue) * NVP_BATCH_ROWS);
	for (int start = 0; start < nrows; start += NVP_BATCH_ROWS)
	{
		int			n = Min(nrows - start, NVP_BATCH_ROWS);

		nvp_column_convert(column, cells + start, n, validator->scratch, &validator->arena);
		for (int row = 0; row < n; row++)
		{
			if (validator->scratch[row].status == NVP_OK)
				add_value(state, column, &validator->scratch[row], first_row_no + start + row, &validator->arena);
		}
		nvp_arena_reset(&validator->arena);
	}
	MemoryContextSwitchTo(old);
}

/*
 * nvp_validator_survey looks at some rows of the whole input.
 *
 * in: pass from 0; per model column nrows adjacent cells, or NULL where
 *		nothing is mapped to it; the number of the first row.
 */
void
nvp_validator_survey(NvpValidator *validator, int pass, const NvpCell *const *columns, int nrows, uint64 first_row_no)
{
	for (int i = 0; i < validator->model->ncolumns; i++)
	{
		const NvpColumn *column = &validator->model->columns[i];
		NvpColumnState *state = &validator->states[i];

		if (columns[i] == NULL)
			continue;
		if (pass == 0 && state->needs_vote)
			column->type->vote(column, columns[i], nrows, &state->vote);
		if (state->has_unique && pass == (state->needs_vote ? 1 : 0))
			survey_unique(validator, i, columns[i], nrows, first_row_no);
	}
}

/*
 * nvp_validator_survey_end settles what the pass was for.
 *
 * interrupts: checked.
 */
void
nvp_validator_survey_end(NvpValidator *validator, int pass)
{
	for (int i = 0; i < validator->model->ncolumns; i++)
	{
		NvpColumnState *state = &validator->states[i];

		if (pass == 0 && state->needs_vote)
			nvp_column_settle(&validator->model->columns[i], &state->vote);
		if (state->distinct && pass == (state->needs_vote ? 1 : 0))
			nvp_distinct_resolve(state->distinct);
	}
}

/*
 * nvp_validator_output makes room for the values of a batch.
 *
 * owner: the validator.
 */
NvpValidated *
nvp_validator_output(NvpValidator *validator, int capacity)
{
	MemoryContext old = MemoryContextSwitchTo(validator->context);
	NvpValidated *out = palloc0(sizeof(NvpValidated));

	out->ncolumns = validator->model->ncolumns;
	out->capacity = capacity;
	out->values = palloc(sizeof(NvpValue *) * out->ncolumns);
	for (int i = 0; i < out->ncolumns; i++)
		out->values[i] = palloc0(sizeof(NvpValue) * capacity);
	out->row_error_cells = palloc0(sizeof(uint16) * capacity);
	if (validator->row_capacity < capacity)
	{
		validator->row_starts = palloc(sizeof(uint32) * (capacity + 1));
		validator->row_capacity = capacity;
	}
	MemoryContextSwitchTo(old);
	return out;
}

/* "The row has 3 cells, the header has 5." */
static const char *
width_message(NvpExamined *examined, int row)
{
	NvpValidator *validator = examined->validator;
	char	   *buf;

	if (validator->width == 0)
		return NULL;
	buf = nvp_arena_alloc(&validator->arena, 128);
	snprintf(buf, 128, "The row has %u %s, the header has %d.", examined->rows[row].width,
			 examined->rows[row].width == 1 ? "cell" : "cells", validator->width);
	return buf;
}

/* "The byte 0xE8 at offset 1234 of the data is not valid in utf-8." */
static const char *
text_message(NvpExamined *examined, int column, int row)
{
	NvpValidator *validator = examined->validator;
	char	   *buf;

	if (validator->explain == NULL)
		return NULL;
	buf = nvp_arena_alloc(&validator->arena, TEXT_MESSAGE_BYTES);
	return validator->explain(validator->explain_arg, &examined->cells[column][row], buf, TEXT_MESSAGE_BYTES) ? buf : NULL;
}

static void
check_row(NvpExamined *examined, int row)
{
	switch (examined->rows[row].code)
	{
		case NVP_ROW_FINE:
			break;
		case NVP_ROW_TOO_FEW:
			nvp_issue_add_row(examined, row, NVP_CODE_ROW_TOO_FEW_CELLS, NVP_SEVERITY_ERROR,
							  width_message(examined, row));
			break;
		case NVP_ROW_TOO_MANY:
			nvp_issue_add_row(examined, row, NVP_CODE_ROW_TOO_MANY_CELLS, NVP_SEVERITY_ERROR,
							  width_message(examined, row));
			break;
		case NVP_ROW_STRAY_QUOTE:
			nvp_issue_add_row(examined, row, NVP_CODE_ROW_STRAY_QUOTE, NVP_SEVERITY_WARNING, NULL);
			break;
		case NVP_ROW_BROKEN_QUOTE:
			nvp_issue_add_row(examined, row, NVP_CODE_ROW_BROKEN_QUOTE, NVP_SEVERITY_ERROR, NULL);
			break;
		case NVP_ROW_BAD_VALUE:
			nvp_issue_add_row(examined, row, NVP_CODE_ROW_BAD_VALUE, NVP_SEVERITY_ERROR, NULL);
			break;
		case NVP_ROW_CROSSED:
			nvp_issue_add_row(examined, row, NVP_CODE_ROW_CROSSES_COLUMNS, NVP_SEVERITY_ERROR, NULL);
			break;
	}
}

/* Conversion of one column; its empty, good and bad cells are told apart in one walk. */
static void
convert_column(NvpExamined *examined, int i, int *statuses)
{
	NvpValidator *validator = examined->validator;
	NvpValue   *values = examined->out->values[i];
	int			nok = 0;
	int			nerrors = 0;

	statuses[NVP_OK] = statuses[NVP_ERROR] = 0;
	if (examined->cells[i] == NULL)
	{
		memset(values, 0, sizeof(NvpValue) * examined->nrows);
		statuses[NVP_EMPTY] = examined->nrows;
		return;
	}
	nvp_column_convert(&validator->model->columns[i], examined->cells[i], examined->nrows,
					   values, &validator->arena);
	/* in registers: counters in memory would wait for each other */
	for (int row = 0; row < examined->nrows; row++)
	{
		nok += values[row].status == NVP_OK;
		nerrors += values[row].status == NVP_ERROR;
	}
	statuses[NVP_OK] = nok;
	statuses[NVP_ERROR] = nerrors;
	statuses[NVP_EMPTY] = examined->nrows - nok - nerrors;
}

static void
check_column(NvpExamined *examined, int i, const int *statuses)
{
	if (examined->any_failed)
		memset(examined->failed, 0, examined->nrows);
	examined->any_failed = false;
	if (statuses[NVP_ERROR] > 0)
	{
		const NvpValue *values = examined->out->values[i];

		for (int row = 0; row < examined->nrows; row++)
		{
			if (values[row].status == NVP_ERROR)
				nvp_issue_add(examined, row, i, values[row].code,
							  values[row].code == NVP_CODE_INVALID_TEXT ? text_message(examined, i, row) : NULL);
		}
	}
	nvp_rule_check(examined, i, statuses[NVP_EMPTY] > 0, statuses[NVP_OK] > 0);
}

static void
count_errors(NvpValidated *out)
{
	out->rows += out->nrows;
	out->cells += (uint64) out->nrows * out->ncolumns;
	out->has_errors = false;
	for (int row = 0; row < out->nrows; row++)
	{
		out->error_cells += out->row_error_cells[row];
		out->error_rows += out->row_error_cells[row] > 0;
		out->has_errors |= out->row_error_cells[row] > 0;
	}
}

/*
 * nvp_validator_batch converts and checks a batch of rows.
 *
 * in: cells as in nvp_validator_survey; rows with the reader's remarks, or
 *		NULL; a sink for issues, or NULL when only counts are wanted.
 * out: values and error counts of the rows, totals so far.  They and the
 *		issues' texts live until the next batch.
 * interrupts: checked.
 */
void
nvp_validator_batch(NvpValidator *validator, const NvpCell *const *columns, const NvpRow *rows, int nrows,
					uint64 first_row_no, NvpValidated *out, NvpIssueSink *sink)
{
	MemoryContext old = MemoryContextSwitchTo(validator->context);
	int			ncolumns = validator->model->ncolumns;
	NvpExamined examined = {validator, columns, rows, nrows, first_row_no, out};
	int			(*statuses)[3];

	Assert(nrows <= out->capacity);
	nvp_arena_reset(&validator->arena);
	statuses = palloc(sizeof(int[3]) * ncolumns);
	examined.failed = palloc0(Max(nrows, 1));
	out->nrows = nrows;
	memset(out->row_error_cells, 0, sizeof(uint16) * nrows);
	for (int row = 0; rows != NULL && row < nrows; row++)
	{
		if (rows[row].code != NVP_ROW_FINE)
			check_row(&examined, row);
	}
	for (int i = 0; i < ncolumns; i++)
		convert_column(&examined, i, statuses[i]);
	for (int i = 0; i < ncolumns; i++)
		check_column(&examined, i, statuses[i]);
	count_errors(out);
	MemoryContextSwitchTo(old);
	nvp_issue_flush(&examined, sink);
	pfree(examined.failed);
	pfree(statuses);
}

static bool
votes_on_order(const NvpColumn *column)
{
	return column->type->kind == NVP_VALUE_DATE || column->type->kind == NVP_VALUE_TIMESTAMP;
}

/* vote_warning names what makes a vote doubtful, NVP_CODE_NONE if nothing does */
static NvpCode
vote_warning(const NvpColumn *column, const NvpVote *vote)
{
	if (votes_on_order(column))
	{
		if (vote->dmy > 0 && vote->mdy > 0)
			return NVP_CODE_COLUMN_MIXED_DATE_ORDER;
		return vote->unclear > 0 && vote->dmy == vote->mdy ? NVP_CODE_COLUMN_AMBIGUOUS_DATE_ORDER : NVP_CODE_NONE;
	}
	if (vote->us > 0 && vote->eu > 0)
		return NVP_CODE_COLUMN_MIXED_NUMBER_FORMAT;
	return vote->unclear > 0 && vote->us == vote->eu ? NVP_CODE_COLUMN_AMBIGUOUS_NUMBER_FORMAT : NVP_CODE_NONE;
}

static void
append_vote(StringInfo buf, const NvpColumn *column, const NvpVote *vote)
{
	static const char *const formats[] = {"null", "\"us\"", "\"eu\""};
	static const char *const orders[] = {"null", "\"dmy\"", "\"mdy\"", "\"ymd\""};
	NvpCode		warning = vote_warning(column, vote);

	appendStringInfoString(buf, "{\"column\": ");
	escape_json(buf, column->key);
	if (votes_on_order(column))
		appendStringInfo(buf, ", \"dmy\": " UINT64_FORMAT ", \"mdy\": " UINT64_FORMAT ", \"dateOrder\": %s",
						 vote->dmy, vote->mdy, orders[column->effective_order]);
	else
		appendStringInfo(buf, ", \"us\": " UINT64_FORMAT ", \"eu\": " UINT64_FORMAT ", \"numberFormat\": %s",
						 vote->us, vote->eu, formats[column->effective_format]);
	if (vote->unclear > 0)
		appendStringInfo(buf, ", \"unclear\": " UINT64_FORMAT, vote->unclear);
	if (warning != NVP_CODE_NONE)	/* behind the dot of its name */
		appendStringInfo(buf, ", \"warning\": \"%s\"", strchr(nvp_code_name(warning), '.') + 1);
	appendStringInfoChar(buf, '}');
}

/* append_doubt says in words what makes a vote doubtful, and what was done */
static void
append_doubt(StringInfo buf, const NvpColumn *column, const NvpVote *vote)
{
	bool		is_order = votes_on_order(column);
	uint64		a = is_order ? vote->dmy : vote->us;
	uint64		b = is_order ? vote->mdy : vote->eu;
	const char *a_word = is_order ? "day first" : "a decimal point";
	const char *b_word = is_order ? "month first" : "a decimal comma";
	const char *option = is_order ? "dateOrder" : "numberFormat";

	if (a > 0 && b > 0)
		appendStringInfo(buf, UINT64_FORMAT " value%s can only be read with %s, " UINT64_FORMAT " only with %s",
						 a, a == 1 ? "" : "s", a_word, b, b_word);
	else
		appendStringInfo(buf, UINT64_FORMAT " value%s could be read with %s as well as with %s, and no other tells which",
						 vote->unclear, vote->unclear == 1 ? "" : "s", a_word, b_word);
	appendStringInfo(buf, "; set its %s in the model", option);
}

/*
 * nvp_validator_doubt tells whether the vote of a column left doubt.
 *
 * out: the code of its issue, NVP_CODE_NONE if there is none; in words,
 *		*message, in the current memory context.
 */
NvpCode
nvp_validator_doubt(const NvpValidator *validator, int i, char **message)
{
	const NvpColumn *column = &validator->model->columns[i];
	NvpCode		code = validator->states[i].needs_vote ? vote_warning(column, &validator->states[i].vote) : NVP_CODE_NONE;
	StringInfoData buf;

	if (code == NVP_CODE_NONE)
		return code;
	initStringInfo(&buf);
	append_doubt(&buf, column, &validator->states[i].vote);
	*message = buf.data;
	return code;
}

/*
 * nvp_validator_vote_note says where the votes left doubt; NULL if nowhere.
 *
 * owner: the current memory context.
 */
char *
nvp_validator_vote_note(const NvpValidator *validator)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < validator->model->ncolumns; i++)
	{
		char	   *message;

		if (nvp_validator_doubt(validator, i, &message) != NVP_CODE_NONE)
			appendStringInfo(&buf, "%scolumn \"%s\": %s", buf.len > 0 ? "; " : "",
							 validator->model->columns[i].key, message);
	}
	return buf.len > 0 ? buf.data : NULL;
}

/*
 * nvp_validator_votes returns the votes of all columns that had one, as JSON
 * text for the run's log: [{"column", "us", "eu", "numberFormat"} |
 * {"column", "dmy", "mdy", "dateOrder"}], with "unclear" and "warning" where there are
 * such.
 *
 * owner: the current memory context.
 */
char *
nvp_validator_votes(const NvpValidator *validator)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '[');
	for (int i = 0; i < validator->model->ncolumns; i++)
	{
		if (!validator->states[i].needs_vote)
			continue;
		if (buf.len > 1)
			appendStringInfoString(&buf, ", ");
		append_vote(&buf, &validator->model->columns[i], &validator->states[i].vote);
	}
	appendStringInfoChar(&buf, ']');
	return buf.data;
}

/* nvp_validator_free releases a validator, its outputs and its files. */
void
nvp_validator_free(NvpValidator *validator)
{
	MemoryContextDelete(validator->context);
}
