/*-------------------------------------------------------------------------
 *
 * cron_next.c
 *		The next local time that a cron expression names.
 *
 * Flow:   time of day on the same day --> else the next day of the month's set
 *		   --> else the next month, by the set of months; each step is a few
 *		   operations on bits, so that a day far away costs no more than the
 *		   months between.
 * Errors: none; an expression that names no time in HORIZON_MONTHS has none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/calendar.h"
#include "schedule/cron.h"

/* what comes at all comes within a century: a fifth Sunday of February may take 40 years */
#define HORIZON_MONTHS	1200

#define WEEKLY_DAYS		0x20408102u /* the 1st and each seventh day after it */
#define SATURDAY		6

/* the days of a month that fall on a weekday; first: weekday of the 1st */
static uint32
days_on(int weekday, int first, uint32 all)
{
	return WEEKLY_DAYS << (weekday - first + 7) % 7 & all;
}

/* the day from Monday to Friday nearest to a day, in the same month */
static int
workday_near(int day, int first, int length)
{
	int			weekday = (first + day - 1) % 7;

	if (weekday == SATURDAY)
		return day > 1 ? day - 1 : day + 2;
	if (weekday == 0)
		return day < length ? day + 1 : day - 2;
	return day;
}

/* the days of a month that the field day of month names */
static uint32
month_days(const NvpCron *cron, int first, int length)
{
	uint32		days = cron->days;

	for (int n = 0; cron->days_to_last >> n; n++)
	{
		if (cron->days_to_last >> n & 1 && n < length)
			days |= 1u << (length - n);
	}
	for (int n = 1; n <= length && cron->workdays_near >> n; n++)
	{
		if (cron->workdays_near >> n & 1)
			days |= 1u << workday_near(n, first, length);
	}
	if (cron->last_workday)
		days |= 1u << workday_near(length, first, length);
	return days;
}

/* the days of a month that the field day of week names */
static uint32
week_days(const NvpCron *cron, int first, uint32 all)
{
	uint32		days = 0;

	for (int weekday = 0; weekday < 7; weekday++)
	{
		uint32		on = days_on(weekday, first, all);
		uint32		nth = on;

		if (cron->weekdays >> weekday & 1)
			days |= on;
		if (cron->weekdays_last >> weekday & 1)
			days |= on & ~(all >> 7);
		for (int n = 1; n <= 5; n++, nth &= nth - 1)
		{
			if (cron->weekdays_nth[n] >> weekday & 1)
				days |= nth & -nth;
		}
	}
	return days;
}

/*
 * nvp_cron_month_days returns the days of one month as a set, 1 to 31; the set
 * of months is not asked.
 */
uint32
nvp_cron_month_days(const NvpCron *cron, int year, int month)
{
	int			length = nvp_calendar_month_days(year, month);
	int			first = nvp_calendar_weekday(nvp_calendar_days(year, month, 1));
	uint32		all = (uint32) ((UINT64CONST(2) << length) - 2);
	uint32		of_month = month_days(cron, first, length) & all;
	uint32		of_week = week_days(cron, first, all);

	/* two restricted fields are alternatives */
	if (cron->every_day || cron->every_weekday)
		return of_month & of_week;
	return of_month | of_week;
}

/* the first time of a day, in seconds, that is not before from; -1 if there is none */
static int
next_time(const NvpCron *cron, int from)
{
	int			hour = from / 3600;
	int			minute = from / 60 % 60;
	int			second = from % 60;

	if (cron->hours >> hour & 1)
	{
		if (cron->minutes >> minute & 1)
		{
			second = nvp_cron_lowest(cron->seconds, second);
			if (second >= 0)
				return hour * 3600 + minute * 60 + second;
		}
		minute = nvp_cron_lowest(cron->minutes, minute + 1);
		if (minute >= 0)
			return hour * 3600 + minute * 60 + nvp_cron_lowest(cron->seconds, 0);
	}
	hour = nvp_cron_lowest(cron->hours, hour + 1);
	if (hour < 0)
		return -1;
	return hour * 3600 + nvp_cron_lowest(cron->minutes, 0) * 60 + nvp_cron_lowest(cron->seconds, 0);
}

/* the first day named that is not before from, both in days since 2000-01-01; false if there is none */
static bool
next_day(const NvpCron *cron, int32 from, int32 *found)
{
	int			year;
	int			month;
	int			day;

	nvp_calendar_split(from, &year, &month, &day);
	for (int n = 0; n <= HORIZON_MONTHS && year <= NVP_YEAR_MAX; n++)
	{
		if (cron->months >> month & 1)
		{
			day = nvp_cron_lowest(nvp_cron_month_days(cron, year, month), day);
			if (day > 0)
			{
				*found = nvp_calendar_days(year, month, day);
				return true;
			}
		}
		day = 1;
		if (++month > 12)
		{
			month = 1;
			year++;
		}
	}
	return false;
}

/*
 * nvp_cron_next returns the first local time named after a local time, both in
 * seconds since 2000-01-01, or NVP_NEVER.
 *
 * in: local, from the year 1 to 9999.
 * in/out: known_day, a day the expression is known to name; INT32_MIN at first.
 */
int64
nvp_cron_next(const NvpCron *cron, int64 local, int32 *known_day)
{
	int64		from = local + 1;
	int32		day = (int32) (from / 86400 - (from % 86400 < 0));
	int			time = next_time(cron, (int) (from - (int64) day * 86400));

	if (time >= 0 && day == *known_day)
		return (int64) day * 86400 + time;
	if (!next_day(cron, time >= 0 ? day : day + 1, known_day))
	{
		*known_day = PG_INT32_MIN;
		return NVP_NEVER;
	}
	if (*known_day != day)
		time = next_time(cron, 0);
	return (int64) *known_day * 86400 + time;
}
