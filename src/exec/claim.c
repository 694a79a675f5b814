/*-------------------------------------------------------------------------
 *
 * claim.c
 *		A queued execution becomes that of a process.
 *
 * See execution.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "base/guc.h"
#include "base/query.h"
#include "base/turn.h"
#include "exec/execution_impl.h"
#include "exec/schedule.h"
#include "exec/tell.h"

/* columns of a claimed execution, in the order read_execution wants them */
#define EXECUTION_COLUMNS \
	"e.tenant_id, e.id, e.run_id, e.pipeline_id, e.configuration_id, e.owner_role::text, " \
	"e.attempts, e.max_attempts, e.forced, e.discover, e.object_path, e.object_name, " \
	"e.object_version, e.object_bytes, e.id::text, e.input_id, e.max_run_time, e.trigger_type = 'SCHEDULED', " \
	"e.owner_id, e.object_member"

static void
read_execution(NvpQuery *query, NvpExecution *out)
{
	memset(out, 0, sizeof(*out));
	nvp_get_uuid(0, 0, &out->tenant_id);
	nvp_get_uuid(0, 1, &out->id);
	nvp_get_uuid(0, 2, &out->run_id);
	nvp_get_uuid(0, 3, &out->pipeline_id);
	nvp_get_uuid(0, 4, &out->configuration_id);
	out->owner_role = nvp_get_text(query, 0, 5);
	out->attempt = nvp_get_int4(0, 6);
	out->max_attempts = nvp_get_int4(0, 7);
	out->forced = nvp_get_bool(0, 8);
	out->discover = nvp_get_bool(0, 9);
	out->object.path = nvp_get_text(query, 0, 10);
	out->object.name = nvp_get_text(query, 0, 11);
	out->object.version = nvp_get_text(query, 0, 12);
	out->object.bytes = nvp_get_isnull(0, 13) ? -1 : nvp_get_int8(0, 13);
	out->id_text = nvp_get_text(query, 0, 14);
	out->has_input = nvp_get_uuid(0, 15, &out->input_id);
	out->max_run_time = nvp_get_int4(0, 16);
	out->is_scheduled = nvp_get_bool(0, 17);
	nvp_get_uuid(0, 18, &out->owner_id);
	out->object.member = nvp_get_text(query, 0, 19);
	out->pipeline_name = nvp_get_text(query, 0, 20);
}

static char *
copy_text(const char *text)
{
	return text ? pstrdup(text) : NULL;
}

/* nvp_exec_copy copies an execution into the current memory context. */
void
nvp_exec_copy(const NvpExecution *from, NvpExecution *to)
{
	*to = *from;
	to->id_text = copy_text(from->id_text);
	to->pipeline_name = copy_text(from->pipeline_name);
	to->owner_role = copy_text(from->owner_role);
	to->object.path = copy_text(from->object.path);
	to->object.name = copy_text(from->object.name);
	to->object.version = copy_text(from->object.version);
	to->object.member = copy_text(from->object.member);
}

/*
 * Take the turns of all that limits an execution, so that no two claims count
 * the same runs.  The pipeline's comes first, then the organization's, then
 * those of hosts, which are stored in order.
 */
static bool
take_turns(NvpQuery *query, NvpTurns *turns, const NvpWaiting *waiting, bool wait)
{
	uint64		n;

	if (!nvp_turn_take(turns, NVP_TURN_PIPELINE, &waiting->pipeline_id, sizeof(pg_uuid_t), wait))
		return false;
	if (waiting->tenant_limit > 0 &&
		!nvp_turn_take(turns, NVP_TURN_TENANT, &waiting->tenant_id, sizeof(pg_uuid_t), wait))
		return false;
	if (nvp_guc_max_runs_per_host == 0)
		return true;
	nvp_arg_uuid(query, &waiting->tenant_id);
	nvp_arg_uuid(query, &waiting->id);
	n = nvp_query_keep(query,
					   "SELECT pg_catalog.unnest(hosts) FROM _nuvopipe.execution WHERE tenant_id = $1 AND id = $2");
	for (uint64 i = 0; i < n; i++)
	{
		char	   *host = nvp_get_text(query, i, 0);

		if (!nvp_turn_take(turns, NVP_TURN_HOST, host, strlen(host), wait))
			return false;
	}
	return true;
}

/*
 * States of a certain execution are compared with an argument, not with a word:
 * its plan is kept, and of a word the planner knows that there is an index of all
 * that wait.
 *
 * The statement of a claim, alone: what it sees of others' claims is complete,
 * for it begins when their turns are over.  Nothing is waited for: what somebody
 * is about to cancel, or a pipeline that is being changed or deleted, is left.
 */
static bool
claim_row(NvpQuery *query, const NvpWaiting *waiting)
{
	nvp_arg_uuid(query, &waiting->tenant_id);
	nvp_arg_uuid(query, &waiting->id);
	nvp_arg_int4(query, MyProcPid);
	nvp_arg_time(query, MyStartTimestamp);
	nvp_arg_float8(query, nvp_guc_lease_timeout);
	nvp_arg_bool(query, waiting->is_wanted);
	nvp_arg_int4(query, waiting->tenant_limit);
	nvp_arg_int4(query, nvp_guc_max_runs_per_host);
	nvp_arg_text(query, "QUEUED");
	return nvp_query_keep(query,
						  "WITH mine AS MATERIALIZED ("
						  " SELECT e.tenant_id, e.id, p.name"
						  " FROM _nuvopipe.execution e JOIN _nuvopipe.pipeline p ON p.id = e.pipeline_id"
						  "  CROSS JOIN LATERAL (SELECT pg_catalog.count(*) FILTER (WHERE r.pipeline_id = e.pipeline_id) AS of_pipeline,"
						  "    pg_catalog.count(*) FILTER (WHERE r.tenant_id = $1) AS of_tenant,"
						  "    pg_catalog.count(*) FILTER (WHERE r.pipeline_id = e.pipeline_id AND r.object_path = e.object_path"
						  "     AND r.object_version = e.object_version) AS of_object"
						  "   FROM _nuvopipe.execution r WHERE r.status = 'RUNNING') n"
						  " WHERE e.tenant_id = $1 AND e.id = $2 AND e.status = $9 AND NOT e.cancel_requested"
						  "  AND ($6 OR e.available_at <= pg_catalog.clock_timestamp())"
						  "  AND n.of_pipeline < p.slots AND ($7 = 0 OR n.of_tenant < $7)"
	/* the same object twice at once: the second finds what the first did */
						  "  AND n.of_object = 0"
						  "  AND ($8 = 0 OR NOT EXISTS (SELECT FROM pg_catalog.unnest(e.hosts) h(name)"
						  "   WHERE (SELECT pg_catalog.count(*) FROM _nuvopipe.execution r"
						  "    WHERE r.status = 'RUNNING' AND h.name = ANY (r.hosts)) >= $8))"
						  " FOR UPDATE OF e SKIP LOCKED FOR KEY SHARE OF p SKIP LOCKED)"
						  "UPDATE _nuvopipe.execution e SET status = 'RUNNING', attempts = attempts + 1,"
						  " started_at = coalesce(started_at, pg_catalog.clock_timestamp()),"
						  " lease_until = pg_catalog.clock_timestamp() + $5 * interval '1 millisecond',"
						  " worker_pid = $3, worker_started_at = $4, updated_at = pg_catalog.clock_timestamp()"
						  " FROM mine WHERE e.tenant_id = $1 AND e.id = $2 AND e.id = mine.id"
						  " RETURNING " EXECUTION_COLUMNS ", mine.name") > 0;
}

/* why it was not to be had */
static NvpClaim
why_not(NvpQuery *query, const NvpWaiting *waiting)
{
	nvp_arg_uuid(query, &waiting->tenant_id);
	nvp_arg_uuid(query, &waiting->id);
	nvp_arg_int4(query, waiting->tenant_limit);
	nvp_arg_text(query, "QUEUED");
	if (nvp_query_keep(query,
					   "SELECT n.of_pipeline >= p.slots, $3 > 0 AND n.of_tenant >= $3"
					   " FROM _nuvopipe.execution e JOIN _nuvopipe.pipeline p ON p.id = e.pipeline_id"
					   "  CROSS JOIN LATERAL (SELECT pg_catalog.count(*) FILTER (WHERE r.pipeline_id = e.pipeline_id) AS of_pipeline,"
					   "    pg_catalog.count(*) FILTER (WHERE r.tenant_id = $1) AS of_tenant"
					   "   FROM _nuvopipe.execution r WHERE r.status = 'RUNNING') n"
					   " WHERE e.tenant_id = $1 AND e.id = $2 AND e.status = $4") == 0)
		return NVP_CLAIM_GONE;
	return nvp_get_bool(0, 0) ? NVP_CLAIM_PIPELINE_FULL :
		nvp_get_bool(0, 1) ? NVP_CLAIM_TENANT_FULL : NVP_CLAIM_GONE;
}

static void
begin_attempt(NvpQuery *query, const NvpExecution *execution)
{
	nvp_exec_arg(query, execution);
	nvp_arg_int4(query, execution->attempt);
	nvp_arg_int4(query, MyProcPid);
	nvp_query_keep(query,
				   "INSERT INTO _nuvopipe.execution_attempt (tenant_id, execution_id, attempt, type, status, started_at, worker_pid)"
				   " VALUES ($1, $2, $3, CASE WHEN $3 = 1 THEN 'CREATE' ELSE 'RETRY' END, 'RUNNING',"
				   " pg_catalog.clock_timestamp(), $4)");
	nvp_exec_tell(query, execution, "RUNNING", NULL);
}

/*
 * nvp_exec_claim makes a queued execution ours: RUNNING, attempt counted,
 * lease and process noted.  The commit that follows is on disk before it
 * returns, whatever synchronous_commit says: an execution that takes the server
 * down with it must run out of attempts.
 *
 * in: whether to wait for others that claim at the same moment.
 * out: whether it was had, or what was in the way; the turns that a claim
 *		took end with its transaction.
 */
NvpClaim
nvp_exec_claim(const NvpWaiting *waiting, bool wait, NvpExecution *out)
{
	NvpQuery	query;
	NvpTurns	turns = {0};
	NvpClaim	claim = NVP_CLAIM_CONTENDED;

	nvp_query_open(&query);
	if (take_turns(&query, &turns, waiting, wait))
		claim = claim_row(&query, waiting) ? NVP_CLAIMED : why_not(&query, waiting);
	if (claim == NVP_CLAIMED)
	{
		read_execution(&query, out);
		begin_attempt(&query, out);
		nvp_schedule_began(out);
		ForceSyncCommit();
	}
	else
		nvp_turns_leave(&turns);
	nvp_query_close(&query);
	return claim;
}

/*
 * nvp_exec_claim_only claims a certain execution of the caller's organization,
 * even before its time.
 *
 * out: false if it is not to be had now.
 */
bool
nvp_exec_claim_only(const pg_uuid_t *id, NvpExecution *out)
{
	NvpWaiting	waiting = {.id = *id, .is_wanted = true};
	NvpQuery	query;
	bool		found;

	nvp_query_open(&query);
	nvp_arg_uuid(&query, id);
	nvp_arg_int4(&query, nvp_guc_max_runs_per_tenant);
	found = nvp_query_keep(&query,
						   "SELECT e.tenant_id, e.pipeline_id, coalesce(g.max_runs, $2)"
						   " FROM _nuvopipe.execution e JOIN _nuvopipe.organization g ON g.id = e.tenant_id"
						   " WHERE e.tenant_id = _nuvopipe.tenant() AND e.id = $1") > 0;
	if (found)
	{
		nvp_get_uuid(0, 0, &waiting.tenant_id);
		nvp_get_uuid(0, 1, &waiting.pipeline_id);
		waiting.tenant_limit = nvp_get_int4(0, 2);
	}
	nvp_query_close(&query);
	return found && nvp_exec_claim(&waiting, true, out) == NVP_CLAIMED;
}
