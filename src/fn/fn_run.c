/*-------------------------------------------------------------------------
 *
 * fn_run.c
 *		SQL entry points: running executions and watching processes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/latch.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "base/compat.h"
#include "base/process.h"
#include "base/query.h"
#include "exec/maintain.h"
#include "exec/run.h"
#include "exec/tell.h"
#include "base/shmem.h"
#include "base/wake.h"
#include "base/watch.h"
#include "worker/worker.h"

PG_FUNCTION_INFO_V1(nuvopipe_run);
PG_FUNCTION_INFO_V1(nuvopipe_work);
PG_FUNCTION_INFO_V1(nuvopipe_maintain);
PG_FUNCTION_INFO_V1(nuvopipe_wake);
PG_FUNCTION_INFO_V1(nuvopipe_tell_state);
PG_FUNCTION_INFO_V1(nuvopipe_processes);

#define BUSY_WAIT_MS	200
#define MAINTAIN_MS		100		/* that a run spends for the common good */

/* a procedure that commits must not stand in somebody's transaction */
static void
require_own_transactions(FunctionCallInfo fcinfo, const char *name)
{
	CallContext *context = (CallContext *) fcinfo->context;

	nvp_refuse_on_standby();
	if (context == NULL || !IsA(context, CallContext) || context->atomic)
		ereport(ERROR,
				errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				errmsg("nuvopipe.%s cannot run inside a transaction block", name),
				errhint("It commits between its phases: CALL it on its own, or use nuvopipe.execute to queue the pipeline."));
}

/*
 * Queue one execution and claim it at once, before any worker can see it; false
 * if another one of the pipeline is under way, and it has to wait its turn.
 */
static bool
queue_run(NvpSession *session, const char *pipeline, bool force, pg_uuid_t *run_id,
		  NvpExecution *execution)
{
	NvpQuery	query;
	pg_uuid_t	id;
	bool		claimed;

	nvp_session_begin(session);
	nvp_exec_sweep(false);
	nvp_query_open(&query);
	nvp_arg_text(&query, pipeline);
	nvp_query_exec(&query, "SELECT _nuvopipe.find('pipeline', $1, 'write')");
	nvp_get_uuid(0, 0, &id);
	nvp_arg_uuid(&query, &id);
	nvp_arg_bool(&query, force);
	nvp_query_exec(&query,
				   "SELECT r.id, _nuvopipe.queue($1, r.id, 'MANUAL', $2, _nuvopipe.lists_objects(c.input_connector_id),"
				   " NULL, NULL, NULL, NULL)"
				   " FROM (SELECT _nuvopipe.uuid_v7() AS id) r, _nuvopipe.pipeline p"
				   " JOIN _nuvopipe.pipeline_configuration c ON c.id = p.configuration_id WHERE p.id = $1");
	nvp_get_uuid(0, 0, run_id);
	nvp_get_uuid(0, 1, &id);
	nvp_query_close(&query);
	claimed = nvp_exec_claim_only(&id, execution);
	nvp_session_commit(session);
	return claimed;
}

/* an execution of the run that still waits; *open counts those not ended */
static bool
next_of_run(NvpSession *session, const pg_uuid_t *run_id, pg_uuid_t *id, int64 *open)
{
	NvpQuery	query;
	bool		found;

	nvp_session_begin(session);
	nvp_query_open(&query);
	nvp_arg_uuid(&query, run_id);
	nvp_query_exec(&query,
				   "SELECT pg_catalog.count(*),"
				   " (SELECT id FROM _nuvopipe.execution WHERE tenant_id = _nuvopipe.tenant() AND run_id = $1 AND status = 'QUEUED'"
				   "  AND available_at <= pg_catalog.clock_timestamp() ORDER BY id LIMIT 1)"
				   " FROM _nuvopipe.execution WHERE tenant_id = _nuvopipe.tenant() AND run_id = $1 AND status IN ('QUEUED', 'RUNNING')");
	*open = nvp_get_int8(0, 0);
	found = nvp_get_uuid(0, 1, id);
	nvp_query_close(&query);
	nvp_session_commit(session);
	return found;
}

static void
wait_a_moment(void)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 BUSY_WAIT_MS, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/* what became of those executions of the run that background runners took */
static void
tell_of_others(NvpSession *session, const pg_uuid_t *run_id)
{
	NvpQuery	query;
	uint64		n;

	nvp_session_begin(session);
	nvp_query_open(&query);
	nvp_arg_uuid(&query, run_id);
	nvp_arg_int4(&query, MyProcPid);
	n = nvp_query_exec(&query,
					   "SELECT pg_catalog.format('execution %s (pipeline \"%s\", attempt %s) %s: %s', e.id, p.name, e.attempts, e.status, CASE WHEN e.status = 'SUCCEEDED'"
					   "  THEN pg_catalog.format('%s rows read, %s written, %s rejected, %s error cells, %s ms',"
					   "   a.rows_read, a.rows_written, a.rows_rejected, a.total_error_cells, a.duration_ms)"
					   "  ELSE e.error_message END), e.error_hint"
					   " FROM _nuvopipe.execution e LEFT JOIN _nuvopipe.pipeline p ON p.id = e.pipeline_id LEFT JOIN _nuvopipe.execution_attempt a"
					   "  ON a.tenant_id = e.tenant_id AND a.execution_id = e.id AND a.attempt = e.attempts"
					   " WHERE e.tenant_id = _nuvopipe.tenant() AND e.run_id = $1 AND e.worker_pid IS DISTINCT FROM $2"
					   " ORDER BY e.id");
	for (uint64 i = 0; i < n; i++)
	{
		char	   *hint = nvp_get_text(&query, i, 1);

		ereport(NOTICE,
				errmsg_internal("%s", nvp_get_text(&query, i, 0)),
				errdetail("It was run by a background worker."),
				hint ? errhint("%s", hint) : 0);
	}
	nvp_query_close(&query);
	nvp_session_commit(session);
}

/*
 * Run everything of one run: here, unless a background runner was quicker.
 * While another execution of the pipeline is under way, wait for it.
 */
static void
run_all(NvpSession *session, const pg_uuid_t *run_id)
{
	pg_uuid_t	id;
	int64		open = 1;
	bool		told = false;

	while (open > 0)
	{
		if (next_of_run(session, run_id, &id, &open) && nvp_run_next(session, &id, true))
			continue;
		if (open == 0)
			break;
		if (!told)
			ereport(NOTICE,
					errmsg("waiting: an execution of this pipeline is run by another process, or waits for its next attempt"));
		told = true;
		wait_a_moment();
	}
	tell_of_others(session, run_id);
}

/* strict: what failed is an error of the call, so that a script stops */
static void
raise_failure(NvpSession *session, const pg_uuid_t *run_id)
{
	NvpQuery	query;
	char	   *state = NULL;
	char	   *message = NULL;
	char	   *hint = NULL;

	nvp_session_begin(session);
	nvp_query_open(&query);
	nvp_arg_uuid(&query, run_id);
	if (nvp_query_exec(&query,
					   "SELECT error_sqlstate, error_message, error_hint FROM _nuvopipe.execution"
					   " WHERE tenant_id = _nuvopipe.tenant() AND run_id = $1 AND status <> 'SUCCEEDED'"
					   " ORDER BY id LIMIT 1") > 0)
	{
		state = nvp_get_text(&query, 0, 0);
		message = nvp_get_text(&query, 0, 1);
		hint = nvp_get_text(&query, 0, 2);
	}
	nvp_query_close(&query);
	nvp_session_commit(session);
	if (message)
		ereport(ERROR,
				errcode(state && strlen(state) == 5 ?
						MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4]) : ERRCODE_INTERNAL_ERROR),
				errmsg("%s", message),
				hint ? errhint("%s", hint) : 0);
}

/* nuvopipe.run(pipeline text, force boolean, strict boolean) */
Datum
nuvopipe_run(PG_FUNCTION_ARGS)
{
	NvpSession	session;
	NvpExecution execution;
	pg_uuid_t	run_id;
	char	   *pipeline;

	require_own_transactions(fcinfo, "run");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("pipeline must be given"));
	pipeline = MemoryContextStrdup(PortalContext, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	nvp_session_open(&session, true);
	if (nvp_my_slot == NULL)
		(void) nvp_slot_take(NVP_PROCESS_SESSION);
	PG_TRY();
	{
		if (queue_run(&session, pipeline, !PG_ARGISNULL(1) && PG_GETARG_BOOL(1), &run_id, &execution))
			nvp_run_claimed(&session, &execution, true);
		run_all(&session, &run_id);
		(void) nvp_run_signals(&session);
		nvp_maintain_alone(&session, MAINTAIN_MS);
		if (!PG_ARGISNULL(2) && PG_GETARG_BOOL(2))
			raise_failure(&session, &run_id);
	}
	PG_FINALLY();
	{
		nvp_slot_free();
	}
	PG_END_TRY();
	nvp_session_close(&session);
	PG_RETURN_VOID();
}

static bool
is_admin(void)
{
	return superuser() || has_privs_of_role(GetUserId(), get_role_oid("nuvopipe_admin", false));
}

/* nuvopipe.work(max_seconds int) */
Datum
nuvopipe_work(PG_FUNCTION_ARGS)
{
	NvpSession	session;
	volatile int n = 0;

	require_own_transactions(fcinfo, "work");
	if (!is_admin())
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("must be a member of nuvopipe_admin to work for others"),
				errhint("Use CALL nuvopipe.run(pipeline) for a pipeline of your own."));
	nvp_session_open(&session, true);
	if (nvp_my_slot == NULL)
		(void) nvp_slot_take(NVP_PROCESS_SESSION);
	PG_TRY();
	{
		n = nvp_work(&session, PG_ARGISNULL(0) ? -1 : PG_GETARG_INT32(0));
	}
	PG_FINALLY();
	{
		nvp_slot_free();
	}
	PG_END_TRY();
	nvp_session_close(&session);
	ereport(NOTICE, errmsg_plural("%d execution was run", "%d executions were run", n, n));
	PG_RETURN_VOID();
}

/* nuvopipe.maintain(max_seconds int) */
Datum
nuvopipe_maintain(PG_FUNCTION_ARGS)
{
	NvpSession	session;
	long		max_ms = PG_ARGISNULL(0) ? -1 : Max(PG_GETARG_INT32(0), 0) * 1000L;

	require_own_transactions(fcinfo, "maintain");
	if (!is_admin())
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("must be a member of nuvopipe_admin to maintain the database"));
	nvp_session_open(&session, true);
	nvp_maintain_session(&session, true, max_ms);
	nvp_session_close(&session);
	PG_RETURN_VOID();
}

/* _nuvopipe.wake(): tell the workers of this database, at commit */
Datum
nuvopipe_wake(PG_FUNCTION_ARGS)
{
	nvp_wake_at_commit();
	PG_RETURN_VOID();
}

/* _nuvopipe.tell_state(tenant uuid, execution uuid, status text, attempt int, message text) returns status */
Datum
nuvopipe_tell_state(PG_FUNCTION_ARGS)
{
	nvp_tell_of(PG_GETARG_UUID_P(0), PG_GETARG_UUID_P(1), text_to_cstring(PG_GETARG_TEXT_PP(2)),
				PG_GETARG_INT32(3), PG_ARGISNULL(4) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(4)));
	PG_RETURN_DATUM(PG_GETARG_DATUM(2));
}

static const char *
kind_name(int kind)
{
	static const char *const names[] = {"free", "launcher", "keeper", "runner", "sender", "session", "listener", "errand", "scribe"};

	return names[kind];
}

static void
put_process(ReturnSetInfo *result, const NvpSlot *slot)
{
	const NvpProgress *p = &slot->progress;
	Datum		values[17];
	bool		nulls[17] = {false};
	int			addresses = 0;
	int64		memory = nvp_watch_memory(slot->pid);
	pg_uuid_t	execution = slot->execution;

	for (int i = 0; i < NVP_ENDPOINT_MAX; i++)
		addresses += slot->addresses[i] != 0;
	values[0] = Int32GetDatum(slot->pid);
	values[1] = CStringGetTextDatum(kind_name(slot->kind));
	values[2] = ObjectIdGetDatum(slot->database);
	values[3] = TimestampTzGetDatum(slot->started_at);
	values[4] = BoolGetDatum(slot->is_idle);
	nulls[5] = !slot->has_execution;
	values[5] = UUIDPGetDatum(&execution);
	values[6] = Int64GetDatum(slot->executions);
	values[7] = CStringGetTextDatum(nvp_phase_name(p->phase));
	nulls[8] = p->phase_started_at == 0;
	values[8] = TimestampTzGetDatum(p->phase_started_at);
	values[9] = Int64GetDatum(p->bytes_done);
	values[10] = Int64GetDatum(p->bytes_total);
	values[11] = Int64GetDatum(p->rows_done);
	values[12] = Int64GetDatum(p->error_cells);
	nulls[13] = !slot->is_idle || slot->idle_since == 0;
	values[13] = TimestampTzGetDatum(slot->idle_since);
	nulls[14] = !slot->has_execution;
	values[14] = TimestampTzGetDatum(Max(slot->moved_at, p->phase_started_at));
	nulls[15] = memory < 0;
	values[15] = Int64GetDatum(memory);
	nulls[16] = slot->kind != NVP_PROCESS_LISTENER;
	values[16] = Int32GetDatum(addresses);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* _nuvopipe.processes(): the slots in use */
Datum
nuvopipe_processes(PG_FUNCTION_ARGS)
{
	NvpSlot    *copy;

	InitMaterializedSRF(fcinfo, 0);
	if (nvp_shared == NULL)
		return (Datum) 0;
	nvp_watch_progress(MyDatabaseId);	/* the keeper may have looked long ago */
	copy = palloc(sizeof(nvp_shared->slots));
	LWLockAcquire(nvp_shared->lock, LW_SHARED);
	memcpy(copy, nvp_shared->slots, sizeof(nvp_shared->slots));
	LWLockRelease(nvp_shared->lock);
	for (int i = 0; i < NVP_SLOTS; i++)
	{
		if (copy[i].kind != NVP_PROCESS_FREE)
			put_process((ReturnSetInfo *) fcinfo->resultinfo, &copy[i]);
	}
	return (Datum) 0;
}
