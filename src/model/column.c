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

#include "common/shortest_dec.h"

#include "model/text.h"

#define INT64_TEXT		20		/* bytes of the longest one, with its sign */
#define FLOAT_TEXT		40		/* the longest one, -0.00000123456789012345678, is 26 */

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

static NvpText
render_int(int64 i64, NvpArena *arena)
{
	char	   *buf = nvp_arena_alloc(arena, INT64_TEXT);
	char	   *p = buf + INT64_TEXT;
	uint64		left = i64 < 0 ? -(uint64) i64 : (uint64) i64;

	do
	{
		*--p = '0' + left % 10;
		left /= 10;
	} while (left > 0);
	if (i64 < 0)
		*--p = '-';
	return (NvpText) {p, buf + INT64_TEXT - p};
}

/*
 * Takes the shortest text of a double (not 0) apart: stores its digits without
 * sign and point, and the power of ten of the first one.  Returns their number.
 */
static int
split_shortest(const char *text, char *digits, int *exponent)
{
	int			ndigits = 0;
	int			before = 0;		/* digits before the point, negative: zeros after it */
	bool		fraction = false;

	for (; *text && *text != 'e'; text++)
	{
		if (*text == '.')
			fraction = true;
		else if (*text >= '1' || (*text == '0' && ndigits > 0))
		{
			digits[ndigits++] = *text;
			before += !fraction;
		}
		else if (*text == '0')
			before -= fraction;
	}
	*exponent = before - 1;
	if (*text == 'e')
		*exponent += atoi(text + 1);
	while (digits[ndigits - 1] == '0')
		ndigits--;
	return ndigits;
}

/* Lays digits out around the decimal point: 0.00015, 15, 1500, 1.5. */
static char *
write_positional(char *to, const char *digits, int ndigits, int exponent)
{
	if (exponent < 0)
	{
		*to++ = '0';
		*to++ = '.';
		for (int i = exponent + 1; i < 0; i++)
			*to++ = '0';
		memcpy(to, digits, ndigits);
		return to + ndigits;
	}
	for (int i = 0; i < ndigits || i <= exponent; i++)
	{
		if (i == exponent + 1)
			*to++ = '.';
		*to++ = i < ndigits ? digits[i] : '0';
	}
	return to;
}

/* The same as 1.5e+21: one digit before the point, no needless one after it. */
static char *
write_scientific(char *to, const char *digits, int ndigits, int exponent)
{
	*to++ = digits[0];
	if (ndigits > 1)
	{
		*to++ = '.';
		memcpy(to, digits + 1, ndigits - 1);
		to += ndigits - 1;
	}
	return to + sprintf(to, "e%+d", exponent);
}

/*
 * The shortest digits that read back the same, as JSON writers lay them out:
 * an exponent from 1e+21 on and below 1e-6.
 */
static NvpText
render_float(double f64, NvpArena *arena)
{
	char		shortest[DOUBLE_SHORTEST_DECIMAL_LEN];
	char		digits[DOUBLE_SHORTEST_DECIMAL_LEN];
	char	   *buf;
	char	   *to;
	int			exponent;
	int			n;

	if (f64 == 0)
		return (NvpText) {"0", 1};
	double_to_shortest_decimal_buf(f64, shortest);
	n = split_shortest(shortest, digits, &exponent);
	to = buf = nvp_arena_alloc(arena, FLOAT_TEXT);
	if (f64 < 0)
		*to++ = '-';
	if (exponent >= 21 || exponent < -6)
		to = write_scientific(to, digits, n, exponent);
	else
		to = write_positional(to, digits, n, exponent);
	return (NvpText) {buf, to - buf};
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
			return render_int(value->v.i64, arena);
		case NVP_VALUE_FLOAT:
			return render_float(value->v.f64, arena);
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
		default:
			cell.kind = NVP_CELL_TEXT;
			break;
	}
	return cell;
}
