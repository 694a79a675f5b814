/*-------------------------------------------------------------------------
 *
 * zone.c
 *		Offsets of a time zone, in both directions.
 *
 * A local time that the clocks skipped takes the offset before the change, one
 * that they showed twice is standard time: the server decides both, so a
 * column holds what a timestamptz literal in that zone would hold.
 *
 * Errors: nvp_zone_open returns a message.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#ifndef FRONTEND
#include "pgtime.h"
#include "utils/datetime.h"
#endif

#include "model/calendar.h"
#include "model/zone.h"

#define UNKNOWN_ZONE	"timeZone is not the name of a time zone"

#ifndef FRONTEND

/*
 * The server takes any word with a number for a zone of its own making
 * ("Berlin1"): a typing error would become an offset.  Real names with digits
 * are few.
 */
static bool
is_made_up(const char *name)
{
	static const char *const old_names[] = {"EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT",
		"GMT0", "GMT+0", "GMT-0"};
	const char *digits = strpbrk(name, "0123456789");

	if (digits == NULL)
		return strpbrk(name, ",<") != NULL;
	for (int i = 0; i < lengthof(old_names); i++)
	{
		if (pg_strcasecmp(name, old_names[i]) == 0)
			return false;
	}
	return pg_strncasecmp(name, "Etc/GMT", 7) != 0 || strlen(digits) > 2;
}
#endif

/*
 * nvp_zone_open finds a zone by its IANA name.
 *
 * out: NULL, or a static message if there is no such zone.
 */
const char *
nvp_zone_open(NvpZone *zone, const char *name)
{
#ifndef FRONTEND
	pg_tz	   *tz = strlen(name) > TZ_STRLEN_MAX || is_made_up(name) ? NULL : pg_tzset(name);
	long		offset;

	if (tz == NULL || !pg_tz_acceptable(tz))
		return UNKNOWN_ZONE;
	zone->tz = pg_get_timezone_offset(tz, &offset) ? NULL : tz;
	zone->fixed_secs = zone->tz ? 0 : (int32) offset;
#else
	if (strcmp(name, "UTC") != 0)
		return UNKNOWN_ZONE;
	memset(zone, 0, sizeof(*zone));
#endif
	return NULL;
}

/*
 * nvp_zone_offset_of returns the offset, in seconds east of UTC, of a local
 * day and time of day.
 */
int32
nvp_zone_offset_of(const NvpZone *zone, int32 days, int64 usecs)
{
#ifndef FRONTEND
	if (zone->tz)
	{
		struct pg_tm tm = {0};
		int			secs = (int) (usecs / NVP_USECS_SECOND);

		nvp_calendar_split(days, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
		tm.tm_hour = secs / 3600;
		tm.tm_min = secs / 60 % 60;
		tm.tm_sec = secs % 60;
		return -DetermineTimeZoneOffset(&tm, zone->tz);
	}
#endif
	return zone->fixed_secs;
}

/*
 * nvp_zone_offset_at returns the offset, in seconds east of UTC, at a moment
 * in microseconds since 2000-01-01 UTC.
 */
int32
nvp_zone_offset_at(const NvpZone *zone, int64 timestamp)
{
#ifndef FRONTEND
	if (zone->tz)
	{
		/* whole seconds, rounded down, since 1970 */
		pg_time_t	at = timestamp / NVP_USECS_SECOND - (timestamp % NVP_USECS_SECOND < 0) +
			NVP_DAYS_UNIX * (NVP_USECS_DAY / NVP_USECS_SECOND);
		struct pg_tm *tm = pg_localtime(&at, zone->tz);

		return tm ? (int32) tm->tm_gmtoff : 0;
	}
#endif
	return zone->fixed_secs;
}
