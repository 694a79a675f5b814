/*-------------------------------------------------------------------------
 *
 * schedule.h
 *		The planned instants of a schedule.
 *
 * A schedule is a frequency with an interval, or a cron expression, in a zone.
 *
 *	SECONDLY, MINUTELY, HOURLY		elapsed time: base + k * interval; no clock
 *									change moves them
 *	DAILY, WEEKLY, MONTHLY, YEARLY	wall clock: the k-th day or month from the
 *									base's, at its time of day; a month without
 *									that day has its last one instead
 *	cron							wall clock; elapsed if the field of hours
 *									begins with a star
 *
 * A wall time in a gap is the first instant after the gap, one that comes twice
 * the first of the two.  Elapsed cron times that come twice are two instants,
 * and those in a gap none.  Instants that fall together are one.
 *
 * Calls:  compile, or fill in the first members and start; [exclude]; next in
 *		   any order, cheapest forwards.
 * Units:  timestamps (TimestampTz) outside, whole seconds since 2000-01-01 inside.
 * Memory: an NvpSchedule owns nothing; the array of excluded days is the caller's.
 * Errors: compile returns false and a message; the others cannot fail.
 * Purity: no server but for compile; zones are zone.h's.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_SCHEDULE_H
#define NVP_SCHEDULE_H

#include "base/calendar.h"
#include "base/zone.h"
#include "schedule/cron.h"

#define NVP_INTERVAL_MAX	10000
#define NVP_ALL_WEEKDAYS	0x7f

typedef enum NvpFrequency
{
	NVP_SECONDLY,
	NVP_MINUTELY,
	NVP_HOURLY,
	NVP_DAILY,
	NVP_WEEKLY,
	NVP_MONTHLY,
	NVP_YEARLY,
	NVP_CRON
} NvpFrequency;

typedef enum NvpPlanNote
{
	NVP_NOTE_NONE,
	NVP_NOTE_GAP,				/* the wall time does not exist: first instant after it */
	NVP_NOTE_OVERLAP,			/* the clocks show the local time twice */
	NVP_NOTE_CLIPPED			/* the month is shorter than the schedule's day */
} NvpPlanNote;

typedef struct NvpSchedule
{
	/* what is asked for */
	NvpFrequency frequency;
	int			interval;		/* 1 to NVP_INTERVAL_MAX; not of cron */
	bool		last_day;		/* of the month, instead of the base's day */
	NvpCron		cron;			/* of NVP_CRON */
	NvpZone		zone;

	/* what start makes of it */
	int64		step;			/* interval in seconds, or in months */
	int64		base;			/* instant that the k-th is counted from */
	int32		fraction;		/* microseconds that all instants have beside their seconds */
	int64		first;			/* instants are not before this one */
	int64		last;			/* nor after this one */
	int64		base_local;
	int64		base_month;		/* months since the year 0 */
	int			base_day;		/* of the month */

	/* local days without an instant */
	const int32 *excluded;		/* sorted, since 2000-01-01 */
	int			nexcluded;
	uint8		excluded_weekdays;	/* bit 0 = Sunday */

	/* where the last search ended */
	NvpZoneSpan span;
	int32		cron_day;
	int64		wall;			/* local time the last instant was planned for */
} NvpSchedule;

typedef struct NvpPlanned
{
	int64		at;				/* timestamp */
	int64		local;			/* the same in the schedule's zone */
	NvpPlanNote note;
} NvpPlanned;

extern void nvp_schedule_start(NvpSchedule *schedule, int64 start, bool is_planned, int64 end);
extern void nvp_schedule_exclude(NvpSchedule *schedule, const int32 *days, int ndays, uint8 weekdays);
extern bool nvp_schedule_next(NvpSchedule *schedule, int64 after, int64 *at);
extern void nvp_schedule_describe(NvpSchedule *schedule, int64 at, NvpPlanned *planned);

/* cover.c */
extern char *nvp_schedule_cover(NvpSchedule *schedule, const NvpZone *zone, int64 moment, int32 jitter);

#ifndef FRONTEND
#include "utils/jsonb.h"
#include "utils/timestamp.h"

/* config.c */
extern bool nvp_schedule_compile(NvpSchedule *schedule, JsonbContainer *config, TimestampTz anchor, NvpScheduleError *error);
extern bool nvp_schedule_check(JsonbContainer *config, TimestampTz anchor, NvpScheduleError *error);
#endif

#endif							/* NVP_SCHEDULE_H */
