/*-------------------------------------------------------------------------
 *
 * time_read.c
 *		The time of day and its zone, in prepared text.
 *
 * Flow:   hour [: minute [: second [. fraction]]] --> am, pm or "uhr" --> zone
 * Errors: returned as false, never thrown.
 * Source: section 3.5 of the column-type specification; RFC 3339, 5.6.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/date_read.h"

/* a time as read, before it is checked */
typedef struct NvpClock
{
	int			hour;
	int			minute;
	int			second;
	int			usecs;			/* of the second */
	bool		is_cut;
} NvpClock;

/* One to nine digits of a second; those below a microsecond are cut. */
static bool
scan_fraction(const char **p, NvpClock *clock)
{
	int			run = nvp_date_digit_run(*p);
	int			unit = 1000000;

	if (run < 1 || run > 9)
		return false;
	for (int i = 0; i < run; i++)
	{
		int			digit = (*p)[i] - '0';

		unit /= 10;
		clock->usecs += digit * unit;
		clock->is_cut |= unit == 0 && digit != 0;
	}
	*p += run;
	return true;
}

/* A sign and exactly two digits; stays where it is if they do not follow. */
static bool
scan_part(const char **p, int *value)
{
	if (nvp_date_digit_run(*p + 1) != 2)
		return false;
	*value = nvp_date_number(*p + 1, 2);
	*p += 3;
	return true;
}

/* What follows the hour of H:MM[:SS[.fraction]]; false if it is wrong. */
static bool
scan_minutes(const char **p, NvpClock *clock)
{
	char		sign = **p;

	if (!scan_part(p, &clock->minute))
		return false;
	if (sign == 'h' ? **p != ':' && **p != '.' : **p != sign)
		return true;
	if (!scan_part(p, &clock->second))
		return false;
	if (**p != '.' && **p != ',')
		return true;
	(*p)++;
	return scan_fraction(p, clock);
}

/* The digits and signs of a time; *is_bare means that only an hour stands there. */
static bool
scan_clock(const char **p, NvpClock *clock, bool *is_bare)
{
	int			run = nvp_date_digit_run(*p);

	*is_bare = false;
	if (run == 4 || run == 6)
	{
		clock->hour = nvp_date_number(*p, 2);
		clock->minute = nvp_date_number(*p + 2, 2);
		if (run == 6)
			clock->second = nvp_date_number(*p + 4, 2);
		*p += run;
		return true;
	}
	if (run != 1 && run != 2)
		return false;
	clock->hour = nvp_date_number(*p, run);
	*p += run;
	*is_bare = **p != ':' && **p != '.' && **p != 'h';
	return *is_bare || scan_minutes(p, clock);
}

/*
 * am, pm, a, p, a.m., p.m. or "uhr", after at most one blank.  Returns 'a',
 * 'p', 'u', or 0 and stays where it is.
 */
static char
scan_suffix(const char **p)
{
	const char *s = *p + (**p == ' ');
	char		half = *s;

	if (nvp_date_take(&s, "uhr"))
	{
		*p = s;
		return 'u';
	}
	if (half != 'a' && half != 'p')
		return '\0';
	s++;
	if (!nvp_date_take(&s, "m") && !nvp_date_take(&s, ".m."))
		nvp_date_take(&s, ". m.");
	*p = s;
	return half;
}

/* Checks a time and its suffix. */
static bool
settle_clock(const NvpClock *clock, char suffix, NvpMoment *moment)
{
	int			hour = clock->hour;

	if (clock->minute > 59 || clock->second > 59)
		return false;
	if (suffix == 'a' || suffix == 'p')
	{
		if (hour < 1 || hour > 12)
			return false;
		hour = hour % 12 + (suffix == 'p' ? 12 : 0);
	}
	moment->usecs = ((hour * 60 + clock->minute) * 60 + clock->second) * NVP_USECS_SECOND +
		clock->usecs;
	moment->is_cut = clock->is_cut;

	/* 24:00 is the end of the day, and nothing comes after it */
	return moment->usecs < NVP_USECS_DAY ||
		(moment->usecs == NVP_USECS_DAY && !moment->is_cut);
}

/*
 * nvp_time_scan reads the time at *p and steps over it; see NvpMoment for
 * what it fills.
 */
bool
nvp_time_scan(const char **p, NvpMoment *moment)
{
	NvpClock	clock = {0};
	bool		is_bare;
	char		suffix;

	if (!scan_clock(p, &clock, &is_bare))
		return false;
	suffix = scan_suffix(p);
	if (is_bare && suffix == '\0')
		return false;
	return settle_clock(&clock, suffix, moment);
}

/* A sign and HH, HHMM or HH:MM; false if it is ill-formed or too far from UTC. */
static bool
scan_offset(const char **p, int32 *secs)
{
	const char *s = *p;
	bool		is_west = *s++ == '-';
	int			run = nvp_date_digit_run(s);
	int			hours = 0;
	int			minutes = 0;

	if (run != 2 && run != 4)
		return false;
	hours = nvp_date_number(s, 2);
	s += 2;
	if (run == 2 && *s == ':')
	{
		s++;
		run = 2 + nvp_date_digit_run(s);
		if (run != 4)
			return false;
	}
	if (run == 4)
	{
		minutes = nvp_date_number(s, 2);
		s += 2;
	}
	if (hours > 15 || minutes > 59)
		return false;
	*secs = (hours * 60 + minutes) * (is_west ? -60 : 60);
	*p = s;
	return true;
}

/*
 * nvp_zone_scan reads the zone at *p, if one is there.  Names of zones other
 * than UTC mean different things in different places, so they stay unread.
 *
 * out: has_zone and zone_secs; false if an offset is there and wrong.
 */
bool
nvp_zone_scan(const char **p, NvpMoment *moment)
{
	const char *s = *p + (**p == ' ');

	moment->has_zone = true;
	moment->zone_secs = 0;
	if (*s == '+' || *s == '-')
	{
		if (!scan_offset(&s, &moment->zone_secs))
			return false;
	}
	else if (!nvp_date_take(&s, "z") && !nvp_date_take(&s, "utc") && !nvp_date_take(&s, "gmt"))
	{
		moment->has_zone = false;
		return true;
	}
	*p = s;
	return true;
}

/*
 * nvp_time_read reads a cell that holds a time and nothing else.
 *
 * in: trimmed, valid text; out: usecs and is_cut of the moment.
 */
bool
nvp_time_read(const char *p, uint32 len, NvpMoment *moment)
{
	char		text[NVP_DATE_BUFFER];
	const char *s = text;

	return nvp_date_prepare(p, len, text) >= 0 && nvp_time_scan(&s, moment) && *s == '\0';
}
