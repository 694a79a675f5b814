/*-------------------------------------------------------------------------
 *
 * type_number.c
 *		The column types int, bigint, float and decimal.
 *
 * Flow:   cell --> number (plain cells at once, others through nvp_cell_open)
 *		   --> reading --> value, with its text where the cell holds it
 * Memory: one scratch buffer on the stack serves a whole batch.
 * Errors: cell codes only.
 * Source: sections 5.2 to 5.4 of the column-type specification.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/number.h"
#include "model/text.h"
#include "model/types_basic.h"

#define INT_LIMIT		(INT64CONST(1) << 53)	/* every JSON reader keeps what is below */

/* Reads what is not plain; false if the value is settled: empty or unreadable. */
static pg_noinline bool
next_other(const NvpColumn *column, const NvpCell *cell, NvpValue *value,
		   NvpNumber *number, char *scratch, NvpArena *arena)
{
	const char *t;
	uint32		len;
	bool		fine;

	if (!nvp_number_open(column, cell, value, &t, &len, arena))
		return false;
	fine = cell->kind == NVP_CELL_NUMBER ? nvp_number_read_literal(t, len, number) :
		nvp_number_read(t, len, number, scratch);
	if (!fine)
		nvp_value_error(value, column->type->code);
	return fine;
}

static inline bool
next_number(const NvpColumn *column, const NvpCell *cell, NvpValue *value,
			NvpNumber *number, char *scratch, NvpArena *arena)
{
	/* an emptyValue may be a number, so that it must be looked for first */
	if (likely(cell->kind == NVP_CELL_TEXT && column->empty_values.n == 0 &&
			   nvp_number_read_plain(cell->ptr, cell->len, number)))
		return true;
	return next_other(column, cell, value, number, scratch, arena);
}

/*
 * The whole number of one cell, or an error.  A known format that makes the
 * only sign a decimal sign ("1.000" in a us column) is one: it would have to be
 * 1 or 1000, and a factor of a thousand is never guessed.
 */
static void
convert_whole(const NvpColumn *column, const NvpCell *cell, const NvpNumber *number, NvpValue *value)
{
	int			point = nvp_number_settle(number, column->effective_format, NVP_NUMBER_UNKNOWN);
	int64		i64 = 0;

	if (point < 0 || (number->has_exponent && cell->kind == NVP_CELL_TEXT) ||
		(number->class == NVP_NUMBER_AMBIGUOUS && point < Max(number->int_us, number->int_eu)))
	{
		nvp_value_error(value, column->type->code);
		return;
	}
	switch (nvp_number_int64(number, point, &i64))
	{
		case NVP_NUMBER_FRACTION:
			nvp_value_error(value, column->type->code);
			return;
		case NVP_NUMBER_RANGE:
			nvp_value_error(value, NVP_CODE_NUMBER_OUT_OF_RANGE);
			return;
		case NVP_NUMBER_FINE:
			break;
	}
	if (column->type->code == NVP_CODE_INVALID_INT && (i64 >= INT_LIMIT || i64 <= -INT_LIMIT))
	{
		nvp_value_error(value, NVP_CODE_NUMBER_OUT_OF_RANGE);
		return;
	}
	nvp_value_set_int(value, NVP_VALUE_INT, i64);

	/* digits alone, the first of which counts, are their own text */
	if (number->in_place && number->nb == 0 && number->exponent == 0 &&
		point == number->na && number->a[0] != '0')
	{
		value->text = number->a - number->negative;
		value->len = number->na + number->negative;
	}
}

/* nvp_int_convert converts the cells of int and bigint, which differ in range. */
void
nvp_int_convert(const NvpColumn *column, const NvpCell *cells, int n,
				NvpValue *values, NvpArena *arena)
{
	char		scratch[NVP_NUMBER_SCRATCH];
	NvpNumber	number;

	for (int i = 0; i < n; i++)
	{
		if (next_number(column, &cells[i], &values[i], &number, scratch, arena))
			convert_whole(column, &cells[i], &number, &values[i]);
	}
}

/* nvp_float_convert converts cells to the nearest double. */
void
nvp_float_convert(const NvpColumn *column, const NvpCell *cells, int n,
				  NvpValue *values, NvpArena *arena)
{
	char		scratch[NVP_NUMBER_SCRATCH];
	NvpNumber	number;

	for (int i = 0; i < n; i++)
	{
		NvpValue   *value = &values[i];
		NvpText		text;
		int			point;

		if (!next_number(column, &cells[i], value, &number, scratch, arena))
			continue;
		point = nvp_number_settle(&number, column->effective_format, column->default_number_format);
		if (point < 0)
			nvp_value_error(value, NVP_CODE_INVALID_FLOAT);
		else if (nvp_number_double(&number, point, &value->v.f64) != NVP_NUMBER_FINE)
			nvp_value_error(value, NVP_CODE_NUMBER_OUT_OF_RANGE);
		else if (nvp_number_text(&number, point, &text))
			nvp_value_set_text(value, NVP_VALUE_FLOAT, text.ptr, text.len);
		else
			nvp_value_set_text(value, NVP_VALUE_FLOAT, NULL, 0);
	}
}

/* nvp_decimal_prepare checks precision and scale and keeps what they allow. */
const char *
nvp_decimal_prepare(NvpColumn *column)
{
	NvpDecimalLimits *limits = palloc(sizeof(NvpDecimalLimits));

	if (column->precision != -1 && (column->precision < 1 || column->precision > NVP_NUMBER_DIGITS))
		return "precision must be between 1 and 1000";
	if (column->scale != -1 && (column->scale < 0 || column->scale > NVP_NUMBER_DIGITS))
		return "scale must be between 0 and 1000";
	if (column->precision != -1 && column->scale > column->precision)
		return "scale must not be greater than precision";
	limits->scale = column->scale;
	limits->max_int = NVP_NUMBER_DIGITS;
	limits->max_fraction = NVP_NUMBER_DIGITS;
	if (column->precision != -1)
		limits->max_int = column->precision - Max(column->scale, 0);
	column->state = limits;
	return NULL;
}

/* nvp_decimal_convert converts cells to exact decimals; none is rounded. */
void
nvp_decimal_convert(const NvpColumn *column, const NvpCell *cells, int n,
					NvpValue *values, NvpArena *arena)
{
	const NvpDecimalLimits *limits = column->state;
	char		scratch[NVP_NUMBER_SCRATCH];
	NvpNumber	number;

	for (int i = 0; i < n; i++)
	{
		NvpValue   *value = &values[i];
		NvpText		text;
		int			point;

		if (!next_number(column, &cells[i], value, &number, scratch, arena))
			continue;
		point = nvp_number_settle(&number, column->effective_format, column->default_number_format);
		if (point < 0)
		{
			nvp_value_error(value, NVP_CODE_INVALID_DECIMAL);
			continue;
		}
		switch (nvp_number_decimal(&number, point, limits, &text, arena))
		{
			case NVP_NUMBER_FINE:
				nvp_value_set_text(value, NVP_VALUE_NUMERIC, text.ptr, text.len);
				break;
			case NVP_NUMBER_FRACTION:
				nvp_value_error(value, NVP_CODE_DECIMAL_SCALE_EXCEEDED);
				break;
			case NVP_NUMBER_RANGE:
				nvp_value_error(value, NVP_CODE_NUMBER_OUT_OF_RANGE);
				break;
		}
	}
}

/* nvp_plain_vote counts the readable text cells that show their decimal sign. */
void
nvp_plain_vote(const NvpColumn *column, const NvpCell *cells, int n, NvpVote *vote)
{
	char		scratch[NVP_NUMBER_SCRATCH];
	NvpNumber	number;
	NvpValue	settled;

	for (int i = 0; i < n; i++)
	{
		if (cells[i].kind == NVP_CELL_TEXT &&
			next_number(column, &cells[i], &settled, &number, scratch, NULL))
			nvp_number_vote(&number, vote);
	}
}
