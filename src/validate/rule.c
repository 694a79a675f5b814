/*-------------------------------------------------------------------------
 *
 * rule.c
 *		The rules of a column, each one loop over a batch.
 *
 * Required rules look only at empty cells, regex and unique only at values;
 * a cell that could not be converted is neither.
 *
 * Source: section 7 of the column-type specification.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "model/text.h"
#include "validate/rule.h"

/* A line that is no row at all has no cells to complain about. */
static inline bool
is_row(const NvpExamined *examined, int row)
{
	return examined->rows == NULL || examined->rows[row].code != NVP_ROW_BAD_VALUE;
}

/* Canonical text of a value; made once, it stays with the value. */
static void
get_text(NvpExamined *examined, int column, NvpValue *value)
{
	NvpText		text;

	if (value->text != NULL)
		return;
	text = nvp_value_text(&examined->validator->model->columns[column], value, &examined->validator->arena);
	value->text = text.ptr;
	value->len = text.len;
}

static bool
list_contains(const NvpTextList *list, const char *text, uint32 len)
{
	for (int i = 0; i < list->n; i++)
	{
		if (list->items[i].len == len && memcmp(list->items[i].ptr, text, len) == 0)
			return true;
	}
	return false;
}

/* Does the listed column hold one of its listed values? */
static bool
hits(NvpExamined *examined, const NvpRuleColumn *listed, int row)
{
	NvpValue   *value = &examined->out->values[listed->column][row];
	const NvpCell *cell;
	const char *text;
	uint32		len;

	if (value->status == NVP_EMPTY)
		return listed->matches_empty;
	if (value->status == NVP_OK)
	{
		get_text(examined, listed->column, value);
		return list_contains(&listed->values, value->text, value->len);
	}
	cell = &examined->cells[listed->column][row];
	text = cell->ptr;
	len = cell->len;
	nvp_text_trim(&text, &len);
	return list_contains(&listed->values, text, len);
}

/* One listed column: filled, or with a listed value. */
static inline bool
fulfils(NvpExamined *examined, const NvpRule *rule, int i, int row)
{
	const NvpRuleColumn *listed = &rule->columns[i];

	if (rule->kind >= NVP_RULE_REQUIRED_WITH_VALUES)
		return hits(examined, listed, row);
	return examined->out->values[listed->column][row].status != NVP_EMPTY;
}

/* The truth table of 7.2: does an empty cell of this row break the rule? */
static bool
is_required(NvpExamined *examined, const NvpRule *rule, int row)
{
	int			n = 0;

	if (rule->kind == NVP_RULE_REQUIRED)
		return true;
	for (int i = 0; i < rule->ncolumns; i++)
		n += fulfils(examined, rule, i, row);
	switch (rule->kind)
	{
		case NVP_RULE_REQUIRED_WITH:
		case NVP_RULE_REQUIRED_WITH_VALUES:
			return n > 0;
		case NVP_RULE_REQUIRED_WITH_ALL:
		case NVP_RULE_REQUIRED_WITH_ALL_VALUES:
			return n == rule->ncolumns;
		case NVP_RULE_REQUIRED_WITHOUT:
		case NVP_RULE_REQUIRED_WITHOUT_VALUES:
			return n < rule->ncolumns;
		default:
			return n == 0;		/* without all */
	}
}

static void
check_required(NvpExamined *examined, int column, const NvpRule *rule)
{
	const NvpValue *values = examined->out->values[column];

	for (int row = 0; row < examined->nrows; row++)
	{
		if (values[row].status == NVP_EMPTY && is_row(examined, row) && is_required(examined, rule, row))
			nvp_issue_add(examined, row, column, rule->code, rule->message);
	}
}

/*
 * A pattern that was given up too often in this run is not tried again: its
 * cells stay unchecked, and say so.
 */
static void
check_regex(NvpExamined *examined, int column, const NvpRule *rule, int *limits)
{
	NvpValue   *values = examined->out->values[column];

	for (int row = 0; row < examined->nrows; row++)
	{
		int			found = NVP_REGEX_LIMIT;

		if (values[row].status != NVP_OK)
			continue;
		if (*limits < NVP_REGEX_MAX_LIMITS)
		{
			CHECK_FOR_INTERRUPTS();
			get_text(examined, column, &values[row]);
			found = nvp_regex_match(rule->regex, values[row].text, values[row].len);
			*limits += found == NVP_REGEX_LIMIT;
		}
		if (found == 0)
			nvp_issue_add(examined, row, column, NVP_CODE_REGEX, rule->message);
		else if (found == NVP_REGEX_LIMIT)
			nvp_issue_add(examined, row, column, NVP_CODE_REGEX_LIMIT, NULL);
	}
}

static void
check_unique(NvpExamined *examined, int column, const NvpRule *rule)
{
	NvpDistinct *distinct = examined->validator->states[column].distinct;

	/* no survey: a single row, or the caller does not ask */
	if (distinct == NULL || !nvp_distinct_any(distinct))
		return;
	for (int row = 0; row < examined->nrows; row++)
	{
		if (nvp_distinct_test(distinct, examined->first_row_no + row))
			nvp_issue_add(examined, row, column, NVP_CODE_UNIQUE, rule->message);
	}
}

/*
 * nvp_rule_check runs the rules of one column over a batch whose columns are
 * all converted.
 *
 * in: any_empty and any_ok tell which kinds of cells there are at all.
 */
void
nvp_rule_check(NvpExamined *examined, int column, bool any_empty, bool any_ok)
{
	const NvpColumn *definition = &examined->validator->model->columns[column];
	NvpColumnState *state = &examined->validator->states[column];

	for (int i = 0; i < definition->nrules; i++)
	{
		const NvpRule *rule = &definition->rules[i];

		if (rule->kind == NVP_RULE_UNIQUE)
			check_unique(examined, column, rule);
		else if (rule->kind == NVP_RULE_REGEX)
		{
			if (any_ok)
				check_regex(examined, column, rule, &state->regex_limits[i]);
		}
		else if (any_empty)
			check_required(examined, column, rule);
	}
}
