/*-------------------------------------------------------------------------
 *
 * type_money.c
 *		The column types percentage, currency_eur and currency_usd.
 *
 * Both take signs and units off the prepared text and leave the number to the
 * reader of number.c, so that their votes count the same classes.
 *
 * Memory: one scratch buffer on the stack serves a whole batch; texts are views
 *		   of the cells or come from the arena.
 * Errors: cell codes only.
 * Source: sections 5.5 and 5.6 of the column-type specification.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/number.h"
#include "model/text.h"
#include "model/types_basic.h"

/* a column of numbers with a sign: how it is read and what is made of it */
typedef struct MoneyState
{
	NvpDecimalLimits limits;
	bool		(*read) (const struct MoneyState *state, char *t, int len, NvpNumber *number);
	NvpNumberFormat otherwise;	/* reading of an ambiguous cell if nothing is known */
	int			shift;			/* power of ten between number and output */
	uint8		kind;			/* NvpValueKind of the output */
	bool		dollar;			/* currency_usd */
	const char *before;			/* what the output puts around the number */
	const char *after;
} MoneyState;

/* A number with a percent sign after it or before it, or a permille sign after it. */
static bool
read_percentage(const MoneyState *state, char *t, int len, NvpNumber *number)
{
	bool		permille = t[len - 1] == NVP_MARK_PERMILLE;
	int			i = 0;

	if (t[len - 1] == '%' || permille)
	{
		do
			len--;
		while (len > 0 && t[len - 1] == ' ');
		if (!nvp_number_read_prepared(t, len, number))
			return false;
		number->exponent -= permille;
		return true;
	}

	/* a sign may stand before the percent sign, and then nowhere else */
	if (t[0] == '+' || t[0] == '-')
		i++;
	while (i > 0 && i < len && t[i] == ' ')
		i++;
	if (i == len || t[i] != '%')
		return nvp_number_read_prepared(t, len, number);
	do
		i++;
	while (i < len && t[i] == ' ');
	if (t[0] == '%')
		return nvp_number_read_prepared(t + i, len - i, number);
	if (!nvp_number_read_unsigned(t + i, len - i, true, number))
		return false;
	number->negative = t[0] == '-';
	return true;
}

/* The bytes of a unit of this currency at either end of t; 0 if there is none. */
static int
match_unit(const MoneyState *state, const char *t, int n, bool at_end)
{
	static const NvpText units[2][3] = {
		{{"\003", 1}, {"eur", 3}, {"euro", 4}},
		{{"us$", 3}, {"$", 1}, {"usd", 3}}
	};
	int			found = 0;		/* the longest: $ is in us$ */

	for (int i = 0; i < lengthof(units[0]); i++)
	{
		const NvpText *unit = &units[state->dollar][i];

		if (unit->len <= n && found < (int) unit->len &&
			nvp_text_equal_ascii(at_end ? t + n - unit->len : t, unit->len, unit->ptr, unit->len))
			found = unit->len;
	}
	return found;
}

/*
 * "12,-" and "12.--": dashes that mean zero cents become the zeros they stand
 * for.  The sign before them then is a decimal sign like any other.
 */
static void
fill_cents(char *t, int len)
{
	int			i = len;

	while (i > 0 && len - i < 2 && t[i - 1] == '-')
		i--;
	if (i == len || i < 2 || t[i - 2] < '0' || t[i - 2] > '9')
		return;
	if (t[i - 1] == '.' || t[i - 1] == ',' || t[i - 1] == NVP_MARK_DECIMAL)
		memset(t + i, '0', len - i);
}

/* What surrounds an amount. */
typedef struct Wrapping
{
	bool		has_sign;		/* or brackets */
	bool		has_last_sign;	/* it stood at the end */
	bool		has_unit;
	bool		negative;
} Wrapping;

/* Takes one sign, or one pair of brackets, off the text. */
static bool
unwrap_sign(Wrapping *wrapping, char **t, int *len)
{
	char		first = **t;
	char		last = (*t)[*len - 1];

	if (wrapping->has_sign)
		return false;
	if (first == '(' && last == ')' && *len > 2)
	{
		wrapping->negative = true;
		(*t)++;
		*len -= 2;
	}
	else if (first == '+' || first == '-')
	{
		wrapping->negative = first == '-';
		(*t)++;
		(*len)--;
	}
	else if (last == '+' || last == '-')
	{
		wrapping->negative = last == '-';
		wrapping->has_last_sign = true;
		(*len)--;
	}
	else
		return false;
	return wrapping->has_sign = true;
}

/* Takes one unit off either end of the text. */
static bool
unwrap_unit(const MoneyState *state, Wrapping *wrapping, char **t, int *len)
{
	int			bytes;

	if (wrapping->has_unit)
		return false;
	if ((bytes = match_unit(state, *t, *len, false)) > 0)
		*t += bytes;
	else if ((bytes = match_unit(state, *t, *len, true)) == 0)
		return false;
	*len -= bytes;
	return wrapping->has_unit = true;
}

/* An amount with at most one sign, or pair of brackets, and one unit around it. */
static bool
read_currency(const MoneyState *state, char *t, int len, NvpNumber *number)
{
	Wrapping	wrapping = {false, false, false, false};

	do
	{
		while (len > 0 && t[len - 1] == ' ')
			len--;
		while (len > 0 && t[0] == ' ')
		{
			t++;
			len--;
		}
		if (len == 0)
			return false;
		if (!wrapping.has_last_sign)
			fill_cents(t, len);
	} while (unwrap_sign(&wrapping, &t, &len) || unwrap_unit(state, &wrapping, &t, &len));
	if (!nvp_number_read_unsigned(t, len, false, number))
		return false;
	number->negative = wrapping.negative;
	return true;
}

/* Reads one cell; false if the value is settled: empty or unreadable. */
static bool
next_amount(const NvpColumn *column, const NvpCell *cell, NvpValue *value,
			NvpNumber *number, char *scratch, NvpArena *arena)
{
	const MoneyState *state = column->state;
	const char *t;
	uint32		len;
	bool		fine;

	if (!nvp_number_open(column, cell, value, &t, &len, arena))
		return false;
	if (cell->kind == NVP_CELL_NUMBER)
	{
		fine = nvp_number_read_literal(t, len, number);
		/* a spreadsheet keeps 12.5 % as 0.125, and shows 12.5 % */
		if (fine && (cell->flags & NVP_CELL_PERCENT) && state->read == read_percentage)
			number->exponent += 2;
	}
	else if (nvp_number_read_plain(t, len, number))
		fine = true;
	else
	{
		int			n = nvp_number_prepare(t, len, scratch);

		fine = n > 0 && state->read(state, scratch, n, number);
	}
	if (!fine)
		nvp_value_error(value, column->type->code);
	return fine;
}

/* Puts before and after around a number. */
static NvpText
dress(const MoneyState *state, NvpText number, NvpArena *arena)
{
	size_t		nbefore = strlen(state->before);
	size_t		nafter = strlen(state->after);
	char	   *text = nvp_arena_alloc(arena, nbefore + number.len + nafter);

	memcpy(text, state->before, nbefore);
	memcpy(text + nbefore, number.ptr, number.len);
	memcpy(text + nbefore + number.len, state->after, nafter);
	return (NvpText) {text, nbefore + number.len + nafter};
}

static void
convert_amounts(NVP_CONVERT_ARGS)
{
	const MoneyState *state = column->state;
	char		scratch[NVP_NUMBER_SCRATCH];
	NvpNumber	number;

	for (int i = 0; i < n; i++)
	{
		NvpValue   *value = &values[i];
		NvpText		text;
		int			point;

		if (!next_amount(column, &cells[i], value, &number, scratch, arena))
			continue;
		point = nvp_number_settle(&number, column->effective_format, state->otherwise);
		if (point < 0)
		{
			nvp_value_error(value, column->type->code);
			continue;
		}
		number.exponent += state->shift;
		if (nvp_number_decimal(&number, point, &state->limits, &text, arena) != NVP_NUMBER_FINE)
		{
			nvp_value_error(value, NVP_CODE_NUMBER_OUT_OF_RANGE);
			continue;
		}
		if (state->before[0] || state->after[0])
			text = dress(state, text, arena);
		nvp_value_set_text(value, state->kind, text.ptr, text.len);
	}
}

static void
vote_amounts(NVP_VOTE_ARGS)
{
	char		scratch[NVP_NUMBER_SCRATCH];
	NvpNumber	number;
	NvpValue	settled;

	for (int i = 0; i < n; i++)
	{
		if (cells[i].kind == NVP_CELL_TEXT &&
			next_amount(column, &cells[i], &settled, &number, scratch, NULL))
			nvp_number_vote(&number, vote);
	}
}

/* nvp_percentage_prepare checks percentageOutput. */
const char *
nvp_percentage_prepare(NvpColumn *column)
{
	MoneyState *state = palloc0(sizeof(MoneyState));

	state->limits = (NvpDecimalLimits) {-1, NVP_NUMBER_DIGITS, NVP_NUMBER_DIGITS};
	state->read = read_percentage;
	state->otherwise = column->default_number_format;
	state->kind = NVP_VALUE_NUMERIC;
	state->before = state->after = "";
	if (strcmp(column->percentage_output, "fraction") == 0)
		state->shift = -2;
	else if (strcmp(column->percentage_output, "text") == 0)
	{
		state->kind = NVP_VALUE_TEXT;
		state->after = "%";
	}
	else if (strcmp(column->percentage_output, "points") != 0)
		return "percentageOutput must be points, fraction or text";
	column->state = state;
	return NULL;
}

/* nvp_percentage_convert converts cells to exact points, or what the option says. */
void
nvp_percentage_convert(NVP_CONVERT_ARGS)
{
	convert_amounts(column, cells, n, values, arena);
}

/* nvp_percentage_vote counts like nvp_plain_vote, without the percent signs. */
void
nvp_percentage_vote(NVP_VOTE_ARGS)
{
	vote_amounts(column, cells, n, vote);
}

/* nvp_currency_prepare checks currencyOutput. */
const char *
nvp_currency_prepare(NvpColumn *column)
{
	MoneyState *state = palloc0(sizeof(MoneyState));

	/* amounts have no exponent: only the length of the cell limits them */
	state->limits = (NvpDecimalLimits) {-1, NVP_CELL_MAX_BYTES, NVP_CELL_MAX_BYTES};
	state->read = read_currency;
	state->otherwise = NVP_NUMBER_UNKNOWN;
	state->kind = NVP_VALUE_NUMERIC;
	state->dollar = column->type->code == NVP_CODE_INVALID_CURRENCY_USD;
	state->before = state->after = "";
	if (strcmp(column->currency_output, "text") == 0)
		state->kind = NVP_VALUE_TEXT;
	else if (strcmp(column->currency_output, "object") == 0)
	{
		state->kind = NVP_VALUE_JSON;
		state->before = "{\"value\": ";
		state->after = state->dollar ? ", \"type\": \"USD\"}" : ", \"type\": \"EUR\"}";
	}
	else if (strcmp(column->currency_output, "number") != 0)
		return "currencyOutput must be number, text or object";
	column->state = state;
	return NULL;
}

/* nvp_currency_convert converts cells to exact amounts. */
void
nvp_currency_convert(NVP_CONVERT_ARGS)
{
	convert_amounts(column, cells, n, values, arena);
}

/* nvp_currency_vote counts like nvp_plain_vote, without the units. */
void
nvp_currency_vote(NVP_VOTE_ARGS)
{
	vote_amounts(column, cells, n, vote);
}
