

/*
 * What a schedule plans, by the members of schedule_config that say when:
 * frequency or cron, interval, starts_on, ends_on, last_day, time_zone.  Nothing
 * here reads a table: the caller hands in when the schedule was set (anchor;
 * it counts where there is no starts_on) and the days its calendars exclude,
 * local dates and ISO weekdays (1 = Monday).
 */

/*
 * The planned instants after .. until, after excluded (null: the anchor), until
 * included (null: no end), the first n of them (null: all, then until is needed).
 * note: GAP (the local time does not exist, this is the first instant after the
 * gap), OVERLAP (the clocks show the local time twice), CLIPPED (the month has
 * no such day, this is its last one).
 */
CREATE OR REPLACE FUNCTION _nuvopipe.schedule_instants(schedule jsonb, anchor timestamptz, excluded date[],
	excluded_weekdays int[], after timestamptz, until timestamptz, n int)
RETURNS TABLE (planned_at timestamptz, local_time timestamp, note text)
LANGUAGE c STABLE PARALLEL SAFE ROWS 10
AS 'MODULE_PATHNAME', 'nuvopipe_schedule_instants';

/* How many instants there are after .. until, and the latest keep of them, oldest first. */
CREATE OR REPLACE FUNCTION _nuvopipe.schedule_tally(schedule jsonb, anchor timestamptz, excluded date[],
	excluded_weekdays int[], after timestamptz, until timestamptz, keep int,
	OUT total bigint, OUT latest timestamptz[])
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'nuvopipe_schedule_tally';

/* What is wrong with a schedule: a member of it, a message and a cure; three nulls if nothing is. */
CREATE OR REPLACE FUNCTION _nuvopipe.schedule_check(schedule jsonb, anchor timestamptz,
	OUT path text, OUT message text, OUT hint text)
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'nuvopipe_schedule_check';

/*
 * A plain cron expression in the given zone that ticks within the minute after
 * each instant becomes due (its jitter included), for the five years from the
 * first one due after moment; null if there is none.  For jobs that only look
 * whether something is due: it may tick when nothing is.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.schedule_cover(schedule jsonb, anchor timestamptz, excluded date[],
	excluded_weekdays int[], zone text, moment timestamptz)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'nuvopipe_schedule_cover';
