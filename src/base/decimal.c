/*-------------------------------------------------------------------------
 *
 * decimal.c
 *		Number literals as integers: digits before the point, and behind it.
 *
 * See decimal.h for errors and source.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"

#define INTEGER_DIGITS	18		/* more than any epoch needs, and safe in 64 bits */
#define FRACTION_DIGITS	18
#define HALF_UNIT		INT64CONST(1000000000)

/* The exponent that ends a literal; far out values are all the same to us. */
static bool
scan_exponent(const char *p, const char *end, int *exponent)
{
	bool		is_negative = p < end && *p == '-';

	if (p < end && (*p == '-' || *p == '+'))
		p++;
	if (p == end)
		return false;
	for (*exponent = 0; p < end; p++)
	{
		if (*p < '0' || *p > '9')
			return false;
		if (*exponent < 100000)
			*exponent = *exponent * 10 + (*p - '0');
	}
	if (is_negative)
		*exponent = -*exponent;
	return true;
}

/*
 * Finds the shape of a literal: digits with at most one point, from start to
 * stop, and the power of ten of the place before the first digit.
 */
static bool
measure_literal(const char *start, const char *end, const char **stop, int *point)
{
	const char *p = start;
	int			ndigits = 0;
	int			exponent = 0;

	*point = -1;
	for (; p < end && *p != 'e' && *p != 'E'; p++)
	{
		if (*p == '.' && *point < 0)
			*point = ndigits;
		else if (*p >= '0' && *p <= '9')
			ndigits++;
		else
			return false;
	}
	*stop = p;
	if (*point < 0)
		*point = ndigits;
	if (p < end && !scan_exponent(p + 1, end, &exponent))
		return false;
	*point += exponent;
	return ndigits > 0;
}

/* nvp_decimal_read reads a number literal; false if it is none or its whole part is too long. */
bool
nvp_decimal_read(const char *p, uint32 len, NvpDecimal *number)
{
	const char *end = p + len;
	const char *stop;
	int			point;
	int			place;
	int			shift;

	memset(number, 0, sizeof(*number));
	number->is_negative = p < end && *p == '-';
	p += number->is_negative;
	if (!measure_literal(p, end, &stop, &point))
		return false;
	for (place = point - 1; p < stop; p++)
	{
		int			digit = *p - '0';

		if (*p == '.')
			continue;
		if (place >= INTEGER_DIGITS && digit != 0)
			return false;
		if (place >= 0 && place < INTEGER_DIGITS)
			number->whole = number->whole * 10 + digit;
		else if (place < 0 && place >= -FRACTION_DIGITS)
			number->fraction = number->fraction * 10 + digit;
		place--;
	}

	/* places that the literal leaves out are zeros */
	for (shift = Min(place, INTEGER_DIGITS - 1); shift >= 0; shift--)
		number->whole *= 10;
	for (shift = Min(place, -1); shift >= -FRACTION_DIGITS; shift--)
		number->fraction *= 10;
	return true;
}

/*
 * nvp_decimal_day_msecs returns a fraction of a day in milliseconds, rounded;
 * NVP_DAY_MSECS carries.  Two halves of nine digits keep the product within 64
 * bits.
 */
int64
nvp_decimal_day_msecs(int64 fraction)
{
	int64		high = fraction / HALF_UNIT * NVP_DAY_MSECS;
	int64		low = fraction % HALF_UNIT * NVP_DAY_MSECS / HALF_UNIT;

	return (high + low + HALF_UNIT / 2) / HALF_UNIT;
}
