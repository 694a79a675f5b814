/*-------------------------------------------------------------------------
 *
 * schedule.c
 *		The next planned instant of a schedule.
 *
 * Flow:   after --> clamp to the schedule's life --> next instant by one of
 *		   three ways (elapsed, wall clock, cron) --> if its local day is
 *		   excluded, on from the end of that day.
 *
 * Nothing is added up: elapsed times and wall clock times are computed from
 * the base, with a k that is guessed from the local time and raised where that
 * is too low, so that a search costs the same twenty years later.  Local times
 * grow with k, and zone.h's rule keeps the order.
 *
 * Errors: none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "schedule/schedule.h"

#define DAY_SECS		INT64CONST(86400)
#define SECONDS_MIN		(INT64CONST(-86400) * NVP_DAYS_YEAR1)	/* beginning of the year 1 */

/* local times of neighbouring spans differ by less */
#define SLACK_SECS		(2 * DAY_SECS)

/* an excluded day is looked beyond for so long; see HORIZON_MONTHS */
#define HORIZON_SECS	(36525 * DAY_SECS)

static int64
floor_div(int64 n, int64 by)
{
	return n / by - (n % by < 0);
}

static int32
day_of(int64 local)
{
	return (int32) floor_div(local, DAY_SECS);
}

static bool
is_monthly(const NvpSchedule *schedule)
{
	return schedule->frequency == NVP_MONTHLY || schedule->frequency == NVP_YEARLY;
}

static int64
step_of(NvpFrequency frequency)
{
	static const int32 steps[] = {1, 60, 3600, 86400, 7 * 86400, 1, 12, 0};

	return steps[frequency];
}

/* months since the year 0 of a local time */
static int64
month_of(int64 local, int *day)
{
	int			year;
	int			month;

	nvp_calendar_split(day_of(local), &year, &month, day);
	return year * INT64CONST(12) + month - 1;
}

/*
 * nvp_schedule_start begins the life of a schedule.
 *
 * in: frequency, interval, last_day, cron and zone are set, all else is zero;
 *		start, timestamp of the years 1 to 9999: the first instant (is_planned),
 *		or when the schedule was set: instants come after it, and those of a
 *		cron expression, which has no phase, before it as well; end, timestamp
 *		after which there is none, or PG_INT64_MAX.
 */
void
nvp_schedule_start(NvpSchedule *schedule, int64 start, bool is_planned, int64 end)
{
	bool		is_cron = schedule->frequency == NVP_CRON;

	schedule->step = step_of(schedule->frequency) * schedule->interval;
	schedule->base = floor_div(start, NVP_USECS_SECOND);
	schedule->first = schedule->base + !is_planned;
	if (is_cron)
		schedule->first = is_planned ? floor_div(start - 1, NVP_USECS_SECOND) + 1 : SECONDS_MIN + SLACK_SECS;
	else if (is_planned)
		schedule->fraction = (int32) (start - schedule->base * NVP_USECS_SECOND);
	schedule->last = NVP_SECONDS_MAX - SLACK_SECS;
	if (end != PG_INT64_MAX)
		schedule->last = Min(schedule->last, floor_div(end - schedule->fraction, NVP_USECS_SECOND));

	nvp_zone_seek(&schedule->zone, schedule->base, &schedule->span);
	schedule->base_local = schedule->base + schedule->span.offset;
	schedule->base_month = month_of(schedule->base_local, &schedule->base_day);
	schedule->cron_day = PG_INT32_MIN;
}

/*
 * nvp_schedule_exclude names the local days on which nothing is planned.
 *
 * in: days since 2000-01-01, sorted; weekdays, bit 0 is Sunday.
 * owner: the array remains the caller's and must live as long.
 */
void
nvp_schedule_exclude(NvpSchedule *schedule, const int32 *days, int ndays, uint8 weekdays)
{
	schedule->excluded = days;
	schedule->nexcluded = ndays;
	schedule->excluded_weekdays = weekdays & NVP_ALL_WEEKDAYS;
}

static bool
is_excluded(const NvpSchedule *schedule, int32 day)
{
	int			low = 0;
	int			high = schedule->nexcluded;

	if (schedule->excluded_weekdays >> nvp_calendar_weekday(day) & 1)
		return true;
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (schedule->excluded[middle] < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low < schedule->nexcluded && schedule->excluded[low] == day;
}

/* ---- elapsed time ------------------------------------------------------------ */

static int64
next_elapsed(NvpSchedule *schedule, int64 after)
{
	int64		k = floor_div(after - schedule->base, schedule->step) + 1;

	return schedule->base + Max(k, 0) * schedule->step;
}

/* ---- wall clock -------------------------------------------------------------- */

/* the local time of the k-th, or NVP_NEVER beyond the end of the calendar */
static int64
wall_local(const NvpSchedule *schedule, int64 k)
{
	int64		month = schedule->base_month + k * schedule->step;
	int			year = (int) (month / 12);
	int			length;
	int			day;

	if (!is_monthly(schedule))
		return schedule->base_local + k * schedule->step;
	if (month / 12 > NVP_YEAR_MAX)
		return NVP_NEVER;
	month = month % 12 + 1;
	length = nvp_calendar_month_days(year, month);
	day = schedule->last_day ? length : Min(schedule->base_day, length);
	return nvp_calendar_days(year, month, day) * DAY_SECS +
		(schedule->base_local - day_of(schedule->base_local) * DAY_SECS);
}

/* the instant of the k-th; the base is itself, even in the second pass of an overlap */
static int64
wall_instant(NvpSchedule *schedule, int64 k)
{
	schedule->wall = wall_local(schedule, k);
	if (schedule->wall == schedule->base_local)
		return schedule->base;
	if (schedule->wall > NVP_SECONDS_MAX)
		return NVP_NEVER;
	return nvp_zone_instant(&schedule->zone, schedule->wall, &schedule->span);
}

/* What the clocks have shown by now is not due after now, so k is only ever too low. */
static int64
next_wall(NvpSchedule *schedule, int64 after)
{
	int64		local;
	int64		k;
	int64		at;
	int			day;

	nvp_zone_seek(&schedule->zone, after, &schedule->span);
	local = after + schedule->span.offset;
	k = is_monthly(schedule) ? month_of(local, &day) - schedule->base_month : local - schedule->base_local;
	k = Max(k, 0) / schedule->step;
	while ((at = wall_instant(schedule, k)) <= after)
		k++;
	return at;
}

/* ---- cron -------------------------------------------------------------------- */

static int64
next_cron_wall(NvpSchedule *schedule, int64 after)
{
	int64		at;

	nvp_zone_seek(&schedule->zone, after, &schedule->span);
	schedule->wall = after + schedule->span.offset;
	/* in the second pass of an overlap the clocks show what has been planned */
	do
	{
		schedule->wall = nvp_cron_next(&schedule->cron, schedule->wall, &schedule->cron_day);
		if (schedule->wall > NVP_SECONDS_MAX)
			return NVP_NEVER;
		at = nvp_zone_instant(&schedule->zone, schedule->wall, &schedule->span);
	} while (at <= after);
	return at;
}

/* The clocks are read as they run, span by span. */
static int64
next_cron_elapsed(NvpSchedule *schedule, int64 after)
{
	NvpZoneSpan *span = &schedule->span;

	for (;;)
	{
		int64		local;

		nvp_zone_seek(&schedule->zone, after + 1, span);
		local = nvp_cron_next(&schedule->cron, after + span->offset, &schedule->cron_day);
		if (local > NVP_SECONDS_MAX)
			return NVP_NEVER;
		schedule->wall = local;
		if (local - span->offset < span->until)
			return local - span->offset;
		/* what the next span may show again lies near its beginning */
		if (after < span->until - SLACK_SECS)
			after = Max(span->until, local - span->offset - SLACK_SECS) - 1;
		else
			after = span->until - 1;
	}
}

/* ---- all --------------------------------------------------------------------- */

static int64
next_any(NvpSchedule *schedule, int64 after)
{
	if (schedule->frequency <= NVP_HOURLY)
		return next_elapsed(schedule, after);
	if (schedule->frequency != NVP_CRON)
		return next_wall(schedule, after);
	if (schedule->cron.every_hour)
		return next_cron_elapsed(schedule, after);
	return next_cron_wall(schedule, after);
}

/*
 * The last instant of the excluded days that begin with day, the local one of
 * at; not beyond a clock change, which may lead back to a day that is not.
 */
static int64
end_of_exclusion(NvpSchedule *schedule, int64 at, int32 day)
{
	int64		until = schedule->span.until;

	do
		day++;
	while (is_excluded(schedule, day));
	until = Min(until, nvp_zone_instant(&schedule->zone, day * DAY_SECS, &schedule->span));
	return Max(at, until - 1);
}

/* as nvp_schedule_next, in seconds; NVP_NEVER if there is none */
static int64
next_allowed(NvpSchedule *schedule, int64 after)
{
	int64		at = next_any(schedule, after);
	int64		last = Min(schedule->last, Min(at, schedule->last) + HORIZON_SECS);

	if (schedule->excluded_weekdays == NVP_ALL_WEEKDAYS)
		return NVP_NEVER;
	while (at <= last && (schedule->excluded_weekdays || schedule->nexcluded > 0))
	{
		int32		day;

		nvp_zone_seek(&schedule->zone, at, &schedule->span);
		day = day_of(at + schedule->span.offset);
		if (!is_excluded(schedule, day))
			break;
		at = next_any(schedule, end_of_exclusion(schedule, at, day));
	}
	return at <= last ? at : NVP_NEVER;
}

/*
 * nvp_schedule_next finds the first planned instant after a timestamp.
 *
 * out: at, a timestamp; false if there is none.
 */
bool
nvp_schedule_next(NvpSchedule *schedule, int64 after, int64 *at)
{
	int64		second = schedule->first - 1;

	/* infinite timestamps are the ends of int64 */
	if (after >= schedule->first * NVP_USECS_SECOND)
		second = floor_div(after - schedule->fraction, NVP_USECS_SECOND);
	if (second >= schedule->last)
		return false;
	second = next_allowed(schedule, Max(second, schedule->first - 1));
	if (second == NVP_NEVER)
		return false;
	*at = second * NVP_USECS_SECOND + schedule->fraction;
	return true;
}

static bool
is_clipped(const NvpSchedule *schedule, int64 wall)
{
	int			day;

	if (!is_monthly(schedule) || schedule->last_day)
		return false;
	month_of(wall, &day);
	return day < schedule->base_day;
}

/*
 * nvp_schedule_describe says what an instant is on the clocks of the zone.
 *
 * in: at, as nvp_schedule_next has just found it.
 */
void
nvp_schedule_describe(NvpSchedule *schedule, int64 at, NvpPlanned *planned)
{
	int64		second = (at - schedule->fraction) / NVP_USECS_SECOND;
	bool		is_elapsed = schedule->frequency <= NVP_HOURLY;

	nvp_zone_seek(&schedule->zone, second, &schedule->span);
	planned->at = at;
	planned->local = at + schedule->span.offset * NVP_USECS_SECOND;
	planned->note = NVP_NOTE_NONE;
	if (!is_elapsed && schedule->wall != second + schedule->span.offset)
		planned->note = NVP_NOTE_GAP;
	else if (nvp_zone_is_twice(&schedule->zone, second))
		planned->note = NVP_NOTE_OVERLAP;
	else if (!is_elapsed && is_clipped(schedule, schedule->wall))
		planned->note = NVP_NOTE_CLIPPED;
}
