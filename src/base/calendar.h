/*-------------------------------------------------------------------------
 *
 * calendar.h
 *		The Gregorian calendar in integers.
 *
 * Days are counted from 2000-01-01, as the server's date type counts them.
 * The server's own conversions exist only in the backend; these are pure, and
 * small enough to be inlined into the loops over cells.
 *
 * Errors: none; arguments are valid dates of the years 1 to 10000.
 * Source: the 400-year cycle of 146,097 days; ISO 8601-1, 4.3.2 (weeks).
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_CALENDAR_H
#define NVP_CALENDAR_H

#define NVP_YEAR_MIN	1000
#define NVP_YEAR_MAX	9999
#define NVP_DAYS_MIN	(-365242)	/* 1000-01-01 */
#define NVP_DAYS_MAX	2921939		/* 9999-12-31 */

#define NVP_DAYS_UNIX	10957		/* from 1970-01-01 to 2000-01-01 */
#define NVP_DAYS_YEAR1	730119		/* from 0001-01-01, a Monday, to 2000-01-01 */

#define NVP_USECS_SECOND	INT64CONST(1000000)
#define NVP_USECS_DAY		INT64CONST(86400000000)

typedef struct NvpDay
{
	int			year;
	int			month;			/* from 1 */
	int			day;			/* from 1 */
} NvpDay;

static inline bool
nvp_calendar_is_leap(int year)
{
	/* a multiple of 4 that is one of 100 is one of 25; 400 = 25 * 16 */
	return (year & 3) == 0 && (year % 25 != 0 || (year & 15) == 0);
}

static inline int
nvp_calendar_month_days(int year, int month)
{
	static const uint8 length[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return length[month] + (month == 2 && nvp_calendar_is_leap(year));
}

static inline bool
nvp_calendar_is_valid(int year, int month, int day)
{
	/* every month has 28 days, so the length of a month is seldom asked for */
	return year >= NVP_YEAR_MIN && year <= NVP_YEAR_MAX &&
		month >= 1 && month <= 12 && day >= 1 &&
		(day <= 28 || day <= nvp_calendar_month_days(year, month));
}

/* day of the year, from 1 */
static inline int
nvp_calendar_year_day(int year, int month, int day)
{
	static const uint16 before[13] = {0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};

	return before[month] + (month > 2 && nvp_calendar_is_leap(year)) + day;
}

static inline int32
nvp_calendar_days(int year, int month, int day)
{
	uint32		past = year - 1;
	uint32		centuries = past / 100;

	return (int32) (365 * past + past / 4 - centuries + centuries / 4) +
		nvp_calendar_year_day(year, month, day) - 1 - NVP_DAYS_YEAR1;
}

static inline void
nvp_calendar_split(int32 days, int *year, int *month, int *day)
{
	/* years that begin in March put the leap day at their end */
	uint32		n = days + NVP_DAYS_YEAR1 + 306;
	uint32		cycle = n / 146097;
	uint32		in_cycle = n % 146097;
	uint32		y = (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / 146096) / 365;
	uint32		yday = in_cycle - (365 * y + y / 4 - y / 100);
	uint32		m = (5 * yday + 2) / 153;

	*day = yday - (153 * m + 2) / 5 + 1;
	*month = m < 10 ? m + 3 : m - 9;
	*year = cycle * 400 + y + (m >= 10);
}

/* 0 = Sunday */
static inline int
nvp_calendar_weekday(int32 days)
{
	return (uint32) (days + NVP_DAYS_YEAR1 + 1) % 7;
}

/*
 * Week and week-year of the week that holds the given anchor: a week belongs
 * to the year of its Thursday (ISO) or of its Saturday (week 1 holds January 1).
 */
static inline int
nvp_calendar_week_of(int32 anchor, int *week_year)
{
	int			month,
				day;

	nvp_calendar_split(anchor, week_year, &month, &day);
	return (nvp_calendar_year_day(*week_year, month, day) - 1) / 7 + 1;
}

static inline int
nvp_calendar_iso_week(int32 days, int *week_year)
{
	return nvp_calendar_week_of(days + 3 - (nvp_calendar_weekday(days) + 6) % 7, week_year);
}

static inline int
nvp_calendar_us_week(int32 days, int *week_year)
{
	return nvp_calendar_week_of(days + 6 - nvp_calendar_weekday(days), week_year);
}

/* Monday of ISO week 1, the week of January 4 */
static inline int32
nvp_calendar_iso_year_start(int year)
{
	int32		jan4 = nvp_calendar_days(year, 1, 4);

	return jan4 - (nvp_calendar_weekday(jan4) + 6) % 7;
}

#endif							/* NVP_CALENDAR_H */
