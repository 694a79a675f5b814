/*-------------------------------------------------------------------------
 *
 * schedule.c
 *		Schedules that are due, and what became of the runs they planned.
 *
 * See schedule.h.
 *
 * Errors: what is wrong with one schedule is noted with it and not thrown;
 *		   thrown are a broken database and a cancel.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/guc.h"
#include "base/query.h"
#include "exec/schedule.h"

int
nvp_schedule_fire(void)
{
	NvpQuery	query;
	int			fired;

	nvp_query_open(&query);
	nvp_arg_int4(&query, NVP_SCHEDULE_PORTION);
	nvp_query_keep(&query, "SELECT _nuvopipe.fire(portion => $1)");
	fired = nvp_get_int4(0, 0);
	nvp_query_close(&query);
	return fired;
}

TimestampTz
nvp_schedule_due(TimestampTz after)
{
	NvpQuery	query;
	TimestampTz due;

	if (!nvp_guc_schedules)
		return 0;
	nvp_query_open(&query);
	nvp_arg_time(&query, after);
	nvp_query_keep(&query, "SELECT pg_catalog.min(due_at) FROM _nuvopipe.schedule"
				   " WHERE due_at > coalesce($1, '-infinity')");
	due = nvp_get_time(0, 0);
	nvp_query_close(&query);
	return due;
}

void
nvp_schedule_repair(bool at_start)
{
	NvpQuery	query;

	nvp_query_open(&query);
	nvp_arg_bool(&query, at_start);
	nvp_query_exec(&query, "SELECT _nuvopipe.repair_schedules($1)");
	nvp_query_close(&query);
}

void
nvp_schedule_jobs(NvpScheduleJobs *jobs)
{
	NvpQuery	query;

	nvp_query_open(&query);
	nvp_query_exec(&query, "SELECT pg_catalog.current_database()::text, jobs, fault FROM _nuvopipe.sync_jobs()");
	jobs->database = nvp_get_text(&query, 0, 0);
	jobs->elsewhere = nvp_get_text(&query, 0, 1);
	jobs->fault = nvp_get_text(&query, 0, 2);
	nvp_query_close(&query);
}

void
nvp_schedule_began(const NvpExecution *execution)
{
	NvpQuery	query;

	if (!execution->is_scheduled)
		return;
	nvp_query_open(&query);
	nvp_arg_uuid(&query, &execution->tenant_id);
	nvp_arg_uuid(&query, &execution->run_id);
	nvp_query_keep(&query,
				   "UPDATE _nuvopipe.planned_run SET outcome = 'RAN', started_at = pg_catalog.clock_timestamp()"
				   " WHERE tenant_id = $1 AND run_id = $2 AND outcome = 'WAITING'");
	nvp_query_close(&query);
}
