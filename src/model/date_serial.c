/*-------------------------------------------------------------------------
 *
 * date_serial.c
 *		Typed numbers as dates: spreadsheet serials and Unix time.
 *
 * The literal is taken apart digit by digit, so that neither a long fraction
 * nor a large epoch passes through binary floating point.
 *
 * Errors: returned as false, never thrown.
 * Source: section 3.6 of the column-type specification; ECMA-376 part 1,
 *		   18.17.4 (date systems); RFC 8259, section 6 (number literals).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/date_read.h"

#define INTEGER_DIGITS	18		/* more than any epoch needs, and safe in 64 bits */
#define FRACTION_DIGITS	18
#define FRACTION_UNIT	INT64CONST(1000000000000000000)
#define HALF_UNIT		INT64CONST(1000000000)

#define SERIAL_END		2958466 /* the day after 9999-12-31 */
#define SERIAL_1904		1462	/* first day of the 1904 system in the 1900 system */
#define SERIAL_PHANTOM	60		/* 1900-02-29, which never was */
#define DAY_MSECS		INT64CONST(86400000)

typedef struct NvpDecimal
{
	bool		is_negative;
	int64		whole;
	int64		fraction;		/* in units of 10^-18; further digits are cut */
} NvpDecimal;

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

/* Reads a number literal; false if it is none or its whole part is too long. */
static bool
read_decimal(const char *p, uint32 len, NvpDecimal *number)
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
 * The fraction of a day in milliseconds, rounded; DAY_MSECS carries.  Two
 * halves of nine digits keep the product within 64 bits.
 */
static int64
day_msecs(int64 fraction)
{
	int64		high = fraction / HALF_UNIT * DAY_MSECS;
	int64		low = fraction % HALF_UNIT * DAY_MSECS / HALF_UNIT;

	return (high + low + HALF_UNIT / 2) / HALF_UNIT;
}

/*
 * nvp_serial_read reads a spreadsheet serial number with its time of day.
 *
 * in: the literal of a typed number; out: days and usecs (below a day).
 */
bool
nvp_serial_read(const char *p, uint32 len, bool date1904, NvpMoment *moment)
{
	NvpDecimal	number;
	int64		serial;
	int64		msecs;

	if (!read_decimal(p, len, &number) || number.is_negative || number.whole >= SERIAL_END)
		return false;
	serial = number.whole + (date1904 ? SERIAL_1904 : 0);
	if (serial < 1 || serial >= SERIAL_END || serial == SERIAL_PHANTOM)
		return false;
	msecs = day_msecs(number.fraction);

	/* before the phantom day the count is one ahead */
	moment->days = nvp_calendar_days(1899, 12, 30) + serial + (serial < SERIAL_PHANTOM);
	moment->days += msecs / DAY_MSECS;
	moment->usecs = msecs % DAY_MSECS * 1000;
	return moment->days <= NVP_DAYS_MAX;
}

/* nvp_serial_read_time reads the time of day of a serial number; its day is ignored. */
bool
nvp_serial_read_time(const char *p, uint32 len, int64 *usecs)
{
	NvpDecimal	number;

	if (!read_decimal(p, len, &number) || number.is_negative || number.whole >= SERIAL_END)
		return false;
	*usecs = day_msecs(number.fraction) % DAY_MSECS * 1000;
	return true;
}

/*
 * nvp_epoch_read reads Unix time.
 *
 * in: decimals = 0 for seconds, 3 for milliseconds; out: microseconds since
 * 2000-01-01 UTC, further digits cut.
 */
bool
nvp_epoch_read(const char *p, uint32 len, int decimals, int64 *usecs)
{
	const int64 unit = decimals == 3 ? 1000 : NVP_USECS_SECOND;
	const int64 limit = (NVP_DAYS_MAX + NVP_DAYS_UNIX + 1) * NVP_USECS_DAY / unit;
	NvpDecimal	number;
	int64		us;

	if (!read_decimal(p, len, &number) || number.whole >= limit)
		return false;
	us = number.whole * unit + number.fraction / (FRACTION_UNIT / unit);
	*usecs = (number.is_negative ? -us : us) - NVP_DAYS_UNIX * NVP_USECS_DAY;
	return *usecs >= NVP_DAYS_MIN * NVP_USECS_DAY;
}
