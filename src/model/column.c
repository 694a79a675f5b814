/*-------------------------------------------------------------------------
 *
 * column.c
 *		Helpers on columns and values that need no server.
 *
 * Calls:  nvp_column_defaults, then the options and type->prepare; the votes
 *		   of the whole column and nvp_column_settle; then nvp_column_convert
 *		   and, per value, nvp_value_text or nvp_value_cell.
 * Memory: text that has to be made comes from the arena.
 * Errors: none.
 * Source: sections 4 and 5 of the column-type specification.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/number.h"

/*
 * nvp_column_defaults clears a column and gives every option the value it has
 * where the definition is silent.
 */
void
nvp_column_defaults(NvpColumn *column)
{
	memset(column, 0, sizeof(*column));
	column->min_length = -1;
	column->max_length = -1;
	column->default_number_format = NVP_NUMBER_US;
	column->precision = -1;
	column->scale = -1;
	column->percentage_output = "points";
	column->currency_output = "number";
	column->fuzzy_threshold = 1.0;
	column->two_digit_year_pivot = 69;
	column->time_zone = "UTC";
	column->standard = "639-1";
}

/* A type with a vote votes either on its day/month order or on its number format. */
static bool
votes_on_order(const NvpColumn *column)
{
	return column->type->kind == NVP_VALUE_DATE || column->type->kind == NVP_VALUE_TIMESTAMP;
}

/*
 * nvp_column_needs_vote tells whether the whole column must be read before
 * any of its cells can be converted.
 */
bool
nvp_column_needs_vote(const NvpColumn *column)
{
	if (column->type->vote == NULL)
		return false;
	return votes_on_order(column) ? column->date_order == NVP_DATE_ORDER_UNKNOWN :
		column->number_format == NVP_NUMBER_UNKNOWN;
}

/*
 * nvp_column_settle fixes what holds for this run: the definition, else the
 * majority.  A tie leaves the number format unknown and makes the order dmy.
 *
 * in: the sum of all votes; NULL if none was taken.
 */
void
nvp_column_settle(NvpColumn *column, const NvpVote *vote)
{
	column->effective_format = column->number_format;
	column->effective_order = column->date_order;
	if (vote == NULL || !nvp_column_needs_vote(column))
		return;
	if (votes_on_order(column))
		column->effective_order = vote->mdy > vote->dmy ? NVP_DATE_MDY : NVP_DATE_DMY;
	else if (vote->us != vote->eu)
		column->effective_format = vote->us > vote->eu ? NVP_NUMBER_US : NVP_NUMBER_EU;
}

/* nvp_column_convert converts n adjacent cells of one column. */
void
nvp_column_convert(const NvpColumn *column, const NvpCell *cells, int n,
				   NvpValue *values, NvpArena *arena)
{
	column->type->convert(column, cells, n, values, arena);
}

/*
 * nvp_value_text gives the canonical output text of a value.
 *
 * out: a view of the value's own text, or text made in the arena; NULL with
 * length 0 unless the value is OK.
 */
NvpText
nvp_value_text(const NvpColumn *column, const NvpValue *value, NvpArena *arena)
{
	if (value->status != NVP_OK)
		return (NvpText) {NULL, 0};
	if (value->text)
		return (NvpText) {value->text, value->len};
	if (column->type->render)
		return column->type->render(column, value, arena);
	switch (value->kind)
	{
		case NVP_VALUE_INT:
			return nvp_number_print_int(value->v.i64, arena);
		case NVP_VALUE_FLOAT:
			return nvp_number_print_double(value->v.f64, arena);
		case NVP_VALUE_BOOL:
			return value->v.i64 ? (NvpText) {"true", 4} : (NvpText) {"false", 5};
		default:
			/* every other kind carries its text or has a render of its type */
			Assert(false);
			return (NvpText) {"", 0};
	}
}

/*
 * nvp_value_cell makes a cell for writers, typed so that JSON output keeps
 * numbers, booleans and objects what they are.  EMPTY and ERROR become NULL.
 */
NvpCell
nvp_value_cell(const NvpColumn *column, const NvpValue *value, NvpArena *arena)
{
	NvpText		text = nvp_value_text(column, value, arena);
	NvpCell		cell = {text.ptr, text.len, NVP_CELL_NULL, 0, 0};

	if (value->status != NVP_OK)
		return cell;
	switch (value->kind)
	{
		case NVP_VALUE_INT:
		case NVP_VALUE_FLOAT:
		case NVP_VALUE_NUMERIC:
			cell.kind = NVP_CELL_NUMBER;
			break;
		case NVP_VALUE_BOOL:
			cell.kind = NVP_CELL_BOOL;
			break;
		case NVP_VALUE_JSON:
			cell.kind = NVP_CELL_JSON;
			break;
		case NVP_VALUE_DATE:
		case NVP_VALUE_TIMESTAMP:
		case NVP_VALUE_TIME:
			cell.kind = NVP_CELL_TEXT;
			cell.flags = NVP_CELL_MOMENT;
			break;
		default:
			cell.kind = NVP_CELL_TEXT;
			break;
	}
	return cell;
}
