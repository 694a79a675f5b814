/*-------------------------------------------------------------------------
 *
 * date_serial.c
 *		Typed numbers as dates: spreadsheet serials and Unix time.
 *
 * Errors: returned as false, never thrown.
 * Source: section 3.6 of the column-type specification; ECMA-376 part 1,
 *		   18.17.4 (date systems); RFC 8259, section 6 (number literals).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "model/date_read.h"

#define SERIAL_END		2958466 /* the day after 9999-12-31 */
#define SERIAL_1904		1462	/* first day of the 1904 system in the 1900 system */
#define SERIAL_PHANTOM	60		/* 1900-02-29, which never was */

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

	if (!nvp_decimal_read(p, len, &number) || number.is_negative || number.whole >= SERIAL_END)
		return false;
	serial = number.whole + (date1904 ? SERIAL_1904 : 0);
	if (serial < 1 || serial >= SERIAL_END || serial == SERIAL_PHANTOM)
		return false;
	msecs = nvp_decimal_day_msecs(number.fraction);

	/* before the phantom day the count is one ahead */
	moment->days = nvp_calendar_days(1899, 12, 30) + serial + (serial < SERIAL_PHANTOM);
	moment->days += msecs / NVP_DAY_MSECS;
	moment->usecs = msecs % NVP_DAY_MSECS * 1000;
	return moment->days <= NVP_DAYS_MAX;
}

/* nvp_serial_read_time reads the time of day of a serial number; its day is ignored. */
bool
nvp_serial_read_time(const char *p, uint32 len, int64 *usecs)
{
	NvpDecimal	number;

	if (!nvp_decimal_read(p, len, &number) || number.is_negative || number.whole >= SERIAL_END)
		return false;
	*usecs = nvp_decimal_day_msecs(number.fraction) % NVP_DAY_MSECS * 1000;
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

	if (!nvp_decimal_read(p, len, &number) || number.whole >= limit)
		return false;
	us = number.whole * unit + number.fraction / (NVP_DECIMAL_FRACTION / unit);
	*usecs = (number.is_negative ? -us : us) - NVP_DAYS_UNIX * NVP_USECS_DAY;
	return *usecs >= NVP_DAYS_MIN * NVP_USECS_DAY;
}
