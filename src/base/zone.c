/*-------------------------------------------------------------------------
 *
 * zone.c
 *		Offsets of a time zone, in both directions.
 *
 * A local time that the clocks skipped takes the offset before the change, one
 * that they showed twice is standard time: the server decides both, so a
 * column holds what a timestamptz literal in that zone would hold.
 *
 * Schedules have a rule of their own for both (nvp_zone_instant): a local time
 * that was skipped is the first instant after the gap, one that is shown twice
 * is the first of the two.  It is made of nothing but spans of one offset.
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

#include "base/calendar.h"
#include "base/zone.h"

#define UNKNOWN_ZONE	"timeZone is not the name of a time zone"

/* more than local times of one zone have ever differed from each other, or from UTC */
#define SLACK_SECS		(2 * 86400)

#define FOREVER			(PG_INT64_MAX / 2)
#define UNIX_SECS		(INT64CONST(86400) * NVP_DAYS_UNIX)

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
			UNIX_SECS;
		struct pg_tm *tm = pg_localtime(&at, zone->tz);

		return tm ? (int32) tm->tm_gmtoff : 0;
	}
#endif
	return zone->fixed_secs;
}

/*
 * nvp_zone_span finds the offset in force at an instant, and until when.
 *
 * out: span holds instant; from is the instant itself where the server does
 *		not tell since when.
 */
void
nvp_zone_span(const NvpZone *zone, int64 instant, NvpZoneSpan *span)
{
#ifndef FRONTEND
	if (zone->tz)
	{
		pg_time_t	at = instant + UNIX_SECS;
		pg_time_t	boundary;
		long		before;
		long		after;
		int			before_dst;
		int			after_dst;
		int			found = pg_next_dst_boundary(&at, &before, &before_dst, &boundary, &after, &after_dst, zone->tz);

		span->from = instant;
		span->until = found > 0 ? boundary - UNIX_SECS : FOREVER;
		span->offset = found >= 0 ? (int32) before : 0;
		return;
	}
#else
	if (zone->tz)
	{
		const NvpZoneTable *table = zone->tz;
		int			i = 0;

		while (i < table->n - 1 && instant >= table->spans[i].until)
			i++;
		*span = table->spans[i];
		return;
	}
#endif
	span->from = -FOREVER;
	span->until = FOREVER;
	span->offset = zone->fixed_secs;
}

/*
 * nvp_zone_instant finds the instant of a local time: the first one at which
 * the clocks show that time or, if they skip it, a later one.
 *
 * in/out: span, where the last one was found, will hold the instant; the
 *		local time was skipped if it is not instant + span->offset.
 */
int64
nvp_zone_instant(const NvpZone *zone, int64 local, NvpZoneSpan *span)
{
	int64		instant = local - span->offset;

	/* near the beginning of a span, the one before may have shown the time as well */
	if (likely(instant - SLACK_SECS >= span->from && instant < span->until))
		return instant;
	nvp_zone_span(zone, local - SLACK_SECS, span);
	while ((instant = local - span->offset) >= span->until)
		nvp_zone_span(zone, span->until, span);
	return Max(instant, span->from);
}

/* nvp_zone_is_twice tells whether the clocks show the local time of an instant at another one, too. */
bool
nvp_zone_is_twice(const NvpZone *zone, int64 instant)
{
	NvpZoneSpan span;
	NvpZoneSpan walk = {0};
	int64		local;
	int64		first;

	nvp_zone_span(zone, instant, &span);
	local = instant + span.offset;
	first = nvp_zone_instant(zone, local, &walk);
	if (first != instant && first + walk.offset == local)
		return true;
	while (span.until <= instant + SLACK_SECS)
	{
		nvp_zone_span(zone, span.until, &span);
		if (local - span.offset >= span.from && local - span.offset < span.until)
			return true;
	}
	return false;
}
