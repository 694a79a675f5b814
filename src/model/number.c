/*-------------------------------------------------------------------------
 *
 * number.c
 *		Reading of numbers as people write them, exactly and once.
 *
 * The plain cell never comes here (see nvp_number_read_plain).  All others are
 * prepared into a scratch buffer where every sign is one byte; their sign and
 * exponent are taken off, the mantissa is tried as us and as eu, and its
 * digits are pushed together.  The two readings then differ in one number: how
 * many digits stand before the decimal sign.
 *
 * Flow:   text --> prepared --> sign, exponent --> two readings --> digits
 * Memory: see number.h.
 * Errors: returned, never thrown.
 * Source: section 2 of the column-type specification.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/number.h"
#include "model/text.h"

#define MAX_EXPONENT	99999	/* of literals: beyond every type; keeps sums small */

static inline bool
is_digit(char c)
{
	return (unsigned char) (c - '0') < 10;
}

/* 2.1 for one code point that is not ASCII; 0 if no number holds it. */
static char
prepare_code_point(uint32 cp)
{
	switch (cp)
	{
		case 0xA0:
		case 0x2009:
		case 0x202F:
			return ' ';
		case 0x2019:
			return '\'';
		case 0x2010:
		case 0x2011:
		case 0x2012:
		case 0x2013:
		case 0x2212:
		case 0xFE63:
		case 0xFF0D:
			return '-';
		case 0xFF0B:
			return '+';
		case 0xFF0E:
			return '.';
		case 0xFF0C:
			return ',';
		case 0x066A:
		case 0xFF05:
		case 0xFE6A:
			return '%';
		case 0x066B:
			return NVP_MARK_DECIMAL;
		case 0x066C:
			return NVP_MARK_GROUP;
		case 0x20AC:
			return NVP_MARK_EURO;
		case 0x2030:
			return NVP_MARK_PERMILLE;
		default:
			return 0;
	}
}

/*
 * nvp_number_prepare makes one ASCII byte of every digit, blank and sign.
 *
 * in: len bytes of room in out.
 * out: the new length, or -1 if the text holds something no number does.
 */
int
nvp_number_prepare(const char *t, uint32 len, char *out)
{
	int			n = nvp_text_digits(t, len, out);
	char	   *to = out;

	for (char *p = out; p < out + n;)
	{
		uint32		cp;
		int			bytes = 1;
		char		c = (signed char) *p >= 0x20 ? *p : 0;

		/* nvp_text_digits has decoded it once, so it can be */
		if ((signed char) *p < 0)
		{
			bytes = nvp_utf8_decode(p, out + n, &cp);
			c = prepare_code_point(cp);
		}
		if (c == 0)
			return -1;
		*to++ = c;
		p += bytes;
	}
	return n < 0 ? -1 : to - out;
}

/*
 * Reads a mantissa with the given decimal and group sign (2.4).
 *
 * out: the digits before the decimal sign; -1 if it cannot be read so.
 */
static int
read_as(const char *s, int n, char decimal, char group, bool may_group)
{
	int			first = 0;
	int			groups = 0;
	int			i;

	while (first < n && is_digit(s[first]))
		first++;
	i = first;
	while (n - i >= 4 && (s[i] == group || s[i] == ' ' || s[i] == '\'' || s[i] == NVP_MARK_GROUP))
	{
		if (groups > 0 && s[i] != s[first])
			return -1;
		if (!is_digit(s[i + 1]) || !is_digit(s[i + 2]) || !is_digit(s[i + 3]))
			return -1;
		groups++;
		i += 4;
	}
	if (groups > 0 && (!may_group || first < 1 || first > 3 || s[0] == '0'))
		return -1;
	if (i < n)
	{
		if (s[i] != decimal && s[i] != NVP_MARK_DECIMAL)
			return -1;
		i++;
		if (i == n && groups > 0)
			return -1;
		if (i == n && first == 0)
			return -1;
		while (i < n && is_digit(s[i]))
			i++;
		if (i < n)
			return -1;
	}
	else if (first == 0)
		return -1;
	return first + 3 * groups;
}

/*
 * Takes an exponent off the end (2.3).
 *
 * out: the length without it; its value in *exponent.
 */
static int
split_exponent(const char *s, int n, bool *found, int *exponent)
{
	int			i = n;
	int			value = 0;

	*found = false;
	*exponent = 0;
	while (i > 0 && is_digit(s[i - 1]))
		i--;
	if (n - i < 1 || n - i > 4 || i == 0)
		return n;
	for (int d = i; d < n; d++)
		value = value * 10 + (s[d] - '0');
	i--;
	if (i > 0 && (s[i] == '-' || s[i] == '+'))
	{
		if (s[i] == '-')
			value = -value;
		i--;
	}
	if (s[i] != 'e' && s[i] != 'E')
		return n;
	*found = true;
	*exponent = value;
	return i;
}

static uint8
classify(int int_us, int int_eu)
{
	if (int_us == int_eu)
		return int_us < 0 ? NVP_NUMBER_UNREADABLE : NVP_NUMBER_NEUTRAL;
	if (int_us >= 0 && int_eu >= 0)
		return NVP_NUMBER_AMBIGUOUS;
	return int_us >= 0 ? NVP_NUMBER_ONLY_US : NVP_NUMBER_ONLY_EU;
}

/* The value of all digits where they are few enough. */
static void
set_mantissa(NvpNumber *number)
{
	uint64		mantissa = 0;

	number->is_short = number->na + number->nb <= NVP_NUMBER_SHORT;
	number->mantissa = 0;
	if (!number->is_short)
		return;
	for (int i = 0; i < number->na; i++)
		mantissa = mantissa * 10 + (number->a[i] - '0');
	for (int i = 0; i < number->nb; i++)
		mantissa = mantissa * 10 + (number->b[i] - '0');
	number->mantissa = mantissa;
}

/*
 * nvp_number_read_unsigned reads a prepared mantissa without its sign, with an
 * exponent if that is allowed.  Its digits are pushed together in place.
 */
bool
nvp_number_read_unsigned(char *t, int len, bool exponent, NvpNumber *number)
{
	char	   *to = t;

	if (len > 0 && is_digit(t[0]) && nvp_number_read_plain(t, len, number))
	{
		number->in_place = false;	/* the scratch buffer is not the cell */
		return true;
	}
	memset(number, 0, sizeof(*number));
	if (exponent)
		len = split_exponent(t, len, &number->has_exponent, &number->exponent);
	number->int_us = read_as(t, len, '.', ',', !number->has_exponent);
	number->int_eu = read_as(t, len, ',', '.', !number->has_exponent);
	number->class = classify(number->int_us, number->int_eu);
	if (number->class == NVP_NUMBER_UNREADABLE)
		return false;
	for (int i = 0; i < len; i++)
	{
		if (is_digit(t[i]))
			*to++ = t[i];
	}
	number->a = t;
	number->na = to - t;
	number->b = to;
	set_mantissa(number);
	return true;
}

/* nvp_number_read_prepared reads prepared text with its sign (2.2) and exponent. */
bool
nvp_number_read_prepared(char *t, int len, NvpNumber *number)
{
	bool		negative = false;

	if (len > 2 && t[0] == '(' && t[len - 1] == ')')
	{
		negative = true;
		t++;
		len -= 2;
	}
	else if (len > 0 && (t[0] == '+' || t[0] == '-'))
	{
		negative = t[0] == '-';
		do
		{
			t++;
			len--;
		} while (len > 0 && t[0] == ' ');
	}
	else if (len > 0 && (t[len - 1] == '+' || t[len - 1] == '-'))
	{
		negative = t[len - 1] == '-';
		do
			len--;
		while (len > 0 && t[len - 1] == ' ');
	}
	if (!nvp_number_read_unsigned(t, len, true, number))
		return false;
	number->negative = negative;
	return true;
}

/*
 * nvp_number_read_general reads any number of section 2.
 *
 * in: valid text of at most NVP_NUMBER_SCRATCH bytes; that much scratch, which
 * must stay while the number is used.
 */
bool
nvp_number_read_general(const char *t, uint32 len, NvpNumber *number, char *scratch)
{
	int			n = nvp_number_prepare(t, len, scratch);

	return n > 0 && nvp_number_read_prepared(scratch, n, number);
}

/*
 * nvp_number_read_literal reads a number as JSON writes it.  It belongs to no
 * number format: there is but one reading, which fits both.
 */
bool
nvp_number_read_literal(const char *t, uint32 len, NvpNumber *number)
{
	const char *p = t;
	const char *end = t + len;
	bool		negative;

	memset(number, 0, sizeof(*number));
	if (len > NVP_NUMBER_SCRATCH)
		return false;
	number->negative = p < end && *p == '-';
	number->a = p += number->negative;
	while (p < end && is_digit(*p))
		p++;
	number->na = number->int_us = number->int_eu = p - number->a;
	number->b = p;
	if (p < end && *p == '.')
	{
		number->b = ++p;
		while (p < end && is_digit(*p))
			p++;
		number->nb = p - number->b;
	}
	number->class = NVP_NUMBER_NEUTRAL;
	set_mantissa(number);
	number->in_place = p == end;
	if (number->na == 0 || p == end)
		return number->na > 0;
	if (*p != 'e' && *p != 'E')
		return false;
	number->has_exponent = true;
	p++;
	negative = p < end && *p == '-';
	p += p < end && (*p == '-' || *p == '+');
	if (p == end)
		return false;
	for (; p < end && is_digit(*p); p++)
		number->exponent = Min(number->exponent * 10 + (*p - '0'), MAX_EXPONENT);
	if (negative)
		number->exponent = -number->exponent;
	return p == end;
}

/*
 * nvp_number_open is nvp_cell_open for number types: booleans are the type's
 * error, and the literal of a typed number is the text its writer meant.
 */
bool
nvp_number_open(const NvpColumn *column, const NvpCell *cell, NvpValue *value,
				const char **t, uint32 *len, NvpArena *arena)
{
	if (!nvp_cell_open(column, cell, value, t, len))
		return false;
	if (cell->kind == NVP_CELL_BOOL)
	{
		nvp_value_error(value, column->type->code);
		return false;
	}
	if (cell->kind == NVP_CELL_NUMBER)
	{
		NvpText		text = nvp_number_literal_text(*t, *len, arena);

		*t = text.ptr;
		*len = text.len;
	}
	return true;
}
