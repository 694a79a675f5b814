/*-------------------------------------------------------------------------
 *
 * cover.c
 *		A plain cron expression whose ticks come soon after planned instants.
 *
 * Whoever only looks whether something is due (a job of pg_cron) needs no zone
 * rule, no months' ends and no seconds, as long as there is a tick within the
 * minute after each instant.  The minutes, hours, days and months of five years
 * of instants are united; what is not needed of their product does no harm.
 *
 * Memory: the result is in the current memory context.
 * Errors: none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "port/pg_bitutils.h"

#include "schedule/schedule.h"

/* leap years, months' ends and clock changes have all come by */
#define HORIZON_USECS	(1827 * NVP_USECS_DAY)
#define MINUTE_USECS	(60 * NVP_USECS_SECOND)
#define DENSE_TICKS		720		/* of a day: then every minute is simpler */

typedef struct TickSets
{
	uint64		minutes;
	uint64		hours;
	uint64		days;
	uint64		months;
	uint64		weekdays;
	const NvpZone *zone;
	NvpZoneSpan span;
} TickSets;

/* ordinal number of the minute that begins at a timestamp, or after it */
static int64
minute_at(int64 timestamp)
{
	return timestamp / MINUTE_USECS + (timestamp % MINUTE_USECS > 0);
}

static void
add_tick(TickSets *ticks, int64 minute)
{
	int64		local;
	int32		date;
	int			time;
	int			year;
	int			month;
	int			day;

	nvp_zone_seek(ticks->zone, minute * 60, &ticks->span);
	local = minute * 60 + ticks->span.offset;
	date = (int32) (local / 86400 - (local % 86400 < 0));
	time = (int) (local - (int64) date * 86400);
	nvp_calendar_split(date, &year, &month, &day);
	ticks->minutes |= UINT64CONST(1) << time / 60 % 60;
	ticks->hours |= UINT64CONST(1) << time / 3600;
	ticks->days |= UINT64CONST(1) << day;
	ticks->months |= UINT64CONST(1) << month;
	ticks->weekdays |= UINT64CONST(1) << nvp_calendar_weekday(date);
}

static bool
is_dense(const TickSets *ticks)
{
	return pg_popcount64(ticks->minutes) * pg_popcount64(ticks->hours) >= DENSE_TICKS;
}

/* the step n if a set is all of min, min + n, ... up to max, two at least; 0 if it is not */
static int
step_of_set(uint64 set, int min, int max)
{
	int			n = nvp_cron_lowest(set, min + 1) - min;
	uint64		all = 0;

	if (n < 1 || n > (max - min + 1) / 2)
		return 0;
	for (int value = min; value <= max; value += n)
		all |= UINT64CONST(1) << value;
	return set == all ? n : 0;
}

/* a set as a field: *, a step, or a list of values and ranges */
static void
put_field(StringInfo out, uint64 set, int min, int max)
{
	int			step = step_of_set(set, min, max);
	const char *comma = out->len > 0 ? " " : "";

	if (step > 0)
	{
		appendStringInfo(out, step == 1 ? "%s*" : "%s*/%d", comma, step);
		return;
	}
	for (int low = nvp_cron_lowest(set, min); low >= 0; comma = ",")
	{
		int			high = low;

		while (set >> (high + 1) & 1)
			high++;
		if (high - low < 2)
			high = low;
		appendStringInfo(out, "%s%d", comma, low);
		if (high > low)
			appendStringInfo(out, "-%d", high);
		low = nvp_cron_lowest(set, high + 1);
	}
}

/* Two restricted fields of days would be alternatives: the narrower one remains. */
static char *
put_expression(TickSets *ticks)
{
	StringInfoData out;

	if (is_dense(ticks))
		return pstrdup("* * * * *");
	if (pg_popcount64(ticks->weekdays) * 31 <= pg_popcount64(ticks->days) * 7)
		ticks->days = UINT64CONST(0xfffffffe);
	else
		ticks->weekdays = NVP_ALL_WEEKDAYS;
	initStringInfo(&out);
	put_field(&out, ticks->minutes, 0, 59);
	put_field(&out, ticks->hours, 0, 23);
	put_field(&out, ticks->days, 1, 31);
	put_field(&out, ticks->months, 1, 12);
	put_field(&out, ticks->weekdays, 0, 6);
	return out.data;
}

/*
 * nvp_schedule_cover makes a cron expression, in a zone of its own, with a
 * tick in the minute after each instant that becomes due after moment, for the
 * five years that begin with the first of them.
 *
 * in: moment, a timestamp; jitter, seconds by which instants may be due later:
 *		each minute of that time is ticked.
 * out: five fields of numbers, lists, ranges and steps; NULL if nothing is
 *		planned any more.
 */
char *
nvp_schedule_cover(NvpSchedule *schedule, const NvpZone *zone, int64 moment, int32 jitter)
{
	TickSets	ticks = {.zone = zone};
	int64		delay = jitter * NVP_USECS_SECOND;
	int64		at;
	int64		end;

	if (!nvp_schedule_next(schedule, moment - delay - 1, &at))
		return NULL;
	end = at + HORIZON_USECS;
	do
	{
		int64		minute = minute_at(at);

		for (int64 tick = minute; tick <= minute_at(at + delay); tick++)
			add_tick(&ticks, tick);
		at = minute * MINUTE_USECS;
	} while (!is_dense(&ticks) && nvp_schedule_next(schedule, at, &at) && at <= end);
	return put_expression(&ticks);
}
