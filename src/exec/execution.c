/*-------------------------------------------------------------------------
 *
 * execution.c
 *		The states of an execution; each function is one step of a transaction.
 *
 * See execution.h for states, locks and transactions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "partitioning/partdesc.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "base/guc.h"
#include "base/query.h"
#include "base/turn.h"
#include "base/watch.h"
#include "exec/execution.h"
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

static void
tell_state(NvpQuery *query, const NvpExecution *execution, const char *status, const char *message)
{
	NvpNews		news = {
		.tenant_id = execution->tenant_id, .execution_id = execution->id, .pipeline_id = execution->pipeline_id,
		.owner_id = execution->owner_id, .owner_role = execution->owner_role,
		.status = status, .attempt = execution->attempt, .message = message
	};

	nvp_tell(query, &news);
}

static void
arg_execution(NvpQuery *query, const NvpExecution *execution)
{
	nvp_arg_uuid(query, &execution->tenant_id);
	nvp_arg_uuid(query, &execution->id);
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

/* nvp_exec_siblings counts the executions of the same run, itself included; one or several is all that matters. */
int
nvp_exec_siblings(const NvpExecution *execution)
{
	NvpQuery	query;
	int			n;

	nvp_query_open(&query);
	nvp_arg_uuid(&query, &execution->tenant_id);
	nvp_arg_uuid(&query, &execution->run_id);
	n = (int) nvp_query_keep(&query,
							 "SELECT FROM _nuvopipe.execution WHERE tenant_id = $1 AND run_id = $2 LIMIT 2");
	nvp_query_close(&query);
	return n;
}

static void
begin_attempt(NvpQuery *query, const NvpExecution *execution)
{
	arg_execution(query, execution);
	nvp_arg_int4(query, execution->attempt);
	nvp_arg_int4(query, MyProcPid);
	nvp_query_keep(query,
				   "INSERT INTO _nuvopipe.execution_attempt (tenant_id, execution_id, attempt, type, status, started_at, worker_pid)"
				   " VALUES ($1, $2, $3, CASE WHEN $3 = 1 THEN 'CREATE' ELSE 'RETRY' END, 'RUNNING',"
				   " pg_catalog.clock_timestamp(), $4)");
	tell_state(query, execution, "RUNNING", NULL);
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

/*
 * nvp_exec_in_ledger tells whether this version of the object was loaded
 * before; *by is the execution that did.
 */
bool
nvp_exec_in_ledger(const NvpExecution *execution, char **by)
{
	NvpQuery	query;
	bool		found;

	if (execution->object.path == NULL || execution->object.version == NULL)
		return false;
	nvp_query_open(&query);
	nvp_arg_uuid(&query, &execution->tenant_id);
	nvp_arg_uuid(&query, &execution->pipeline_id);
	nvp_arg_text(&query, execution->object.path);
	nvp_arg_text(&query, execution->object.version);
	found = nvp_query_keep(&query,
						   "SELECT execution_id::text FROM _nuvopipe.input_ledger"
						   " WHERE tenant_id = $1 AND pipeline_id = $2 AND path = $3 AND version = $4") > 0;
	if (found)
		*by = nvp_get_text(&query, 0, 0);
	nvp_query_close(&query);
	return found;
}

static const char *
status_word(NvpStatusWord status)
{
	static const char *const words[] = {"SUCCEEDED", "FAILED", "CANCELED"};

	return words[status];
}

static void
arg_fault(NvpQuery *query, const NvpFault *fault)
{
	bool		any = fault->message != NULL;

	nvp_arg_text(query, nvp_fault_type_name(fault->type));
	nvp_arg_text(query, any ? unpack_sql_state(fault->sqlstate) : NULL);
	nvp_arg_text(query, fault->message);
	nvp_arg_text(query, fault->detail);
	nvp_arg_text(query, fault->hint);
}

static void
arg_object(NvpQuery *query, const NvpObject *object)
{
	nvp_arg_text(query, object->path);
	nvp_arg_text(query, object->name);
	nvp_arg_text(query, object->version);
	nvp_arg_int8(query, object->bytes);
}

static void
finish_attempt(NvpQuery *query, const NvpExecution *execution, const NvpOutcome *outcome)
{
	const NvpCounts *c = &outcome->counts;
	const uint64 numbers[] = {
		c->total_rows, c->total_cells, c->error_cells, c->error_rows, c->rows_read,
		c->rows_written, c->rows_rejected, c->rows_filtered, c->rows_blank,
		c->rows_inserted, c->rows_updated, c->input_bytes, c->output_bytes, c->rows_skipped
	};

	arg_execution(query, execution);
	nvp_arg_int4(query, execution->attempt);
	nvp_arg_text(query, status_word(outcome->status));
	nvp_arg_int8(query, outcome->duration_ms);
	arg_fault(query, &outcome->fault);	/* $6 to $10 */
	for (int i = 0; i < lengthof(numbers); i++) /* $11 to $24 */
		nvp_arg_int8(query, numbers[i]);
	nvp_arg_jsonb(query, outcome->sniff);
	nvp_arg_jsonb(query, outcome->votes);
	nvp_arg_jsonb(query, outcome->phases);
	nvp_arg_text(query, outcome->note);
	nvp_query_keep(query,
				   "UPDATE _nuvopipe.execution_attempt SET status = $4, finished_at = pg_catalog.clock_timestamp(),"
				   " duration_ms = $5, error_type = $6, error_sqlstate = $7, error_message = $8, error_detail = $9,"
				   " error_hint = $10, total_rows = $11, total_cells = $12, total_error_cells = $13,"
				   " total_error_rows = $14, rows_read = $15, rows_written = $16, rows_rejected = $17,"
				   " rows_filtered = $18, rows_blank = $19, rows_inserted = $20, rows_updated = $21,"
				   " input_bytes = $22, output_bytes = $23, rows_skipped = $24, sniff = $25, votes = $26, phases = $27, note = $28"
				   " WHERE tenant_id = $1 AND execution_id = $2 AND attempt = $3");
}

static void
write_ledger(NvpQuery *query, const NvpExecution *execution)
{
	if (execution->object.path == NULL || execution->object.version == NULL)
		return;
	nvp_arg_uuid(query, &execution->tenant_id);
	nvp_arg_uuid(query, &execution->pipeline_id);
	nvp_arg_text(query, execution->object.path);
	nvp_arg_text(query, execution->object.version);
	nvp_arg_uuid(query, &execution->id);
	nvp_arg_int8(query, execution->object.bytes);
	nvp_arg_time(query, GetCurrentTimestamp());
	nvp_query_keep(query,
				   "INSERT INTO _nuvopipe.input_ledger AS l (tenant_id, pipeline_id, path, version, execution_id, bytes, loaded_at)"
				   " VALUES ($1, $2, $3, $4, $5, $6, $7)"
				   " ON CONFLICT (tenant_id, pipeline_id, path, version)"
				   " DO UPDATE SET execution_id = excluded.execution_id, loaded_at = excluded.loaded_at");
}

/* does somebody want this execution ended? */
static bool
cancel_requested(const NvpExecution *execution)
{
	NvpQuery	query;
	bool		requested;

	nvp_query_open(&query);
	arg_execution(&query, execution);
	requested = nvp_query_keep(&query,
							   "SELECT FROM _nuvopipe.execution"
							   " WHERE tenant_id = $1 AND id = $2 AND cancel_requested") > 0;
	nvp_query_close(&query);
	return requested;
}

/* the execution must still be ours: nobody may have swept, deleted or cancelled it */
static void
check_still_ours(const NvpExecution *execution, uint64 updated)
{
	if (updated > 0)
		return;
	if (cancel_requested(execution))
		ereport(ERROR,
				errcode(ERRCODE_QUERY_CANCELED),
				errmsg("canceled on request"));
	ereport(ERROR,
			errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			errmsg("execution %s is no longer run by this process", execution->id_text),
			errhint("It was taken over or removed; nothing of this attempt was kept."));
}

/* the bytes of the input are removed, unless somebody else refers to them */
static void
release_blob(NvpQuery *query, const NvpExecution *execution)
{
	nvp_arg_uuid(query, &execution->tenant_id);
	nvp_arg_uuid(query, &execution->input_id);
	nvp_query_keep(query, "SELECT _nuvopipe.release_blob($1, $2)");
}

/*
 * nvp_exec_finish writes the final state of execution and attempt, the ledger
 * entry and the notification.  With a table as output this is the transaction
 * of its rows: all or nothing.  A stored input may be given up with it.
 *
 * errors: 55000 when the execution is not ours any more, so that the rows of a
 *		run that was given to somebody else are never committed.
 */
void
nvp_exec_finish(const NvpExecution *execution, const NvpOutcome *outcome, bool to_ledger, bool gives_up_input)
{
	NvpQuery	query;
	uint64		updated;

	nvp_query_open(&query);
	arg_execution(&query, execution);
	nvp_arg_text(&query, status_word(outcome->status));
	arg_fault(&query, &outcome->fault); /* $4 to $8 */
	nvp_arg_int4(&query, MyProcPid);
	nvp_arg_int4(&query, execution->attempt);
	nvp_arg_text(&query, outcome->note);
	nvp_arg_bool(&query, outcome->is_delivered);
	arg_object(&query, &execution->object); /* $13 to $16 */
	nvp_arg_text(&query, "RUNNING");
	nvp_arg_bool(&query, gives_up_input);
	updated = nvp_query_keep(&query,
							 "UPDATE _nuvopipe.execution SET status = $3, finished_at = pg_catalog.clock_timestamp(),"
							 " updated_at = pg_catalog.clock_timestamp(), lease_until = NULL,"
							 " error_type = $4, error_sqlstate = $5, error_message = $6, error_detail = $7,"
							 " error_hint = $8, note = $11, object_path = coalesce($13, object_path), object_name = coalesce($14, object_name),"
							 " object_version = coalesce($15, object_version), object_bytes = coalesce(nullif($16, -1), object_bytes),"
							 " input_id = CASE WHEN NOT $18 THEN input_id END"
							 " WHERE tenant_id = $1 AND id = $2 AND status = $17"
							 " AND worker_pid = $9 AND attempts = $10"
							 " AND ($3 <> 'SUCCEEDED' OR $12 OR NOT cancel_requested)");
	check_still_ours(execution, updated);
	finish_attempt(&query, execution, outcome);
	if (to_ledger)
		write_ledger(&query, execution);
	if (gives_up_input)
		release_blob(&query, execution);
	tell_state(&query, execution, status_word(outcome->status),
			   outcome->fault.message ? outcome->fault.message : outcome->note);
	nvp_query_close(&query);
}

/* 1, 4, 16 ... seconds, spread by up to a fifth, or what the server asked for */
static double
backoff_ms(const NvpExecution *execution, const NvpFault *fault)
{
	double		ms = 1000.0;

	for (int i = 1; i < execution->attempt && ms < 900000.0; i++)
		ms *= 4;
	ms *= 1.0 + 0.2 * (MyProcPid % 101) / 100.0;
	return Max(ms, fault->retry_after_ms);
}

/*
 * nvp_exec_requeue puts a failed attempt back into the queue if its fault is
 * worth a retry and attempts are left; false means it must be finished.
 */
bool
nvp_exec_requeue(const NvpExecution *execution, const NvpOutcome *outcome)
{
	NvpQuery	query;
	uint64		updated;

	if (!outcome->fault.retryable || execution->attempt >= execution->max_attempts)
		return false;
	nvp_query_open(&query);
	arg_execution(&query, execution);
	nvp_arg_float8(&query, backoff_ms(execution, &outcome->fault));
	nvp_arg_int4(&query, MyProcPid);
	arg_fault(&query, &outcome->fault); /* $5 to $9 */
	nvp_arg_int4(&query, execution->attempt);
	arg_object(&query, &execution->object); /* $11 to $14 */
	nvp_arg_text(&query, "RUNNING");
	updated = nvp_query_keep(&query,
							 "UPDATE _nuvopipe.execution SET status = 'QUEUED', lease_until = NULL, worker_pid = NULL,"
							 " worker_started_at = NULL, updated_at = pg_catalog.clock_timestamp(),"
							 " available_at = pg_catalog.clock_timestamp() + $3 * interval '1 millisecond',"
							 " error_type = $5, error_sqlstate = $6, error_message = $7, error_detail = $8, error_hint = $9,"
							 " object_path = coalesce($11, object_path), object_name = coalesce($12, object_name),"
							 " object_version = coalesce($13, object_version), object_bytes = coalesce(nullif($14, -1), object_bytes)"
							 " WHERE tenant_id = $1 AND id = $2 AND status = $15 AND worker_pid = $4"
							 " AND attempts = $10 AND NOT cancel_requested");
	check_still_ours(execution, updated);
	finish_attempt(&query, execution, outcome);
	tell_state(&query, execution, "QUEUED", outcome->fault.message);
	nvp_query_close(&query);
	return true;
}

/* of a partitioned table all partitions: a row may go to any */
static bool
lock_partitions(Oid relid)
{
	Relation	relation = relation_open(relid, NoLock);
	bool		locked = true;

	if (relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
	{
		PartitionDesc desc = RelationGetPartitionDesc(relation, true);

		for (int i = 0; locked && i < desc->nparts; i++)
			locked = ConditionalLockRelationOid(desc->oids[i], RowExclusiveLock);
	}
	relation_close(relation, NoLock);
	return locked;
}

/*
 * nvp_exec_lock_at_exit takes the locks that nvp_exec_give_back needs, without
 * waiting and without an error: an exit callback can bear neither.
 */
bool
nvp_exec_lock_at_exit(void)
{
	static const char *const tables[] = {"execution", "execution_attempt", "event", "uncounted", "webhook", "trigger"};
	Oid			nspid = get_namespace_oid("_nuvopipe", true);

	for (int i = 0; i < lengthof(tables); i++)
	{
		Oid			relid = OidIsValid(nspid) ? get_relname_relid(tables[i], nspid) : InvalidOid;

		if (!OidIsValid(relid) || !ConditionalLockRelationOid(relid, RowExclusiveLock))
			return false;
		/* dropped before the lock was ours? */
		if (get_relname_relid(tables[i], nspid) != relid || !lock_partitions(relid))
			return false;
	}
	return true;
}

/*
 * nvp_exec_give_back puts an execution of this process back into the queue as
 * if the attempt had not been counted; the attempt stays in the history.
 */
void
nvp_exec_give_back(const NvpExecution *execution)
{
	NvpQuery	query;

	nvp_query_open(&query);
	arg_execution(&query, execution);
	nvp_arg_int4(&query, execution->attempt);
	nvp_query_exec(&query, "SELECT _nuvopipe.give_back($1, $2, $3)");
	nvp_query_close(&query);
}

/*
 * nvp_exec_sweep settles what has no worker: executions whose process is gone
 * are queued again or, out of attempts, failed.
 *
 * in: whether to look through the queue as well, and end those whose pipeline
 *		is gone.
 * out: how many executions were queued again.
 */
int
nvp_exec_sweep(bool with_queue)
{
	NvpQuery	query;
	int			requeued;

	nvp_query_open(&query);
	nvp_arg_bool(&query, with_queue);
	nvp_query_exec(&query, "SELECT * FROM _nuvopipe.sweep($1)");
	requeued = nvp_get_int4(0, 0);
	nvp_query_close(&query);
	return requeued;
}

/* nvp_exec_renew prolongs the leases of executions whose process is alive, and notes which of them get on. */
void
nvp_exec_renew(void)
{
	NvpQuery	query;

	nvp_query_open(&query);
	nvp_arg_float8(&query, nvp_guc_lease_timeout);
	nvp_query_keep(&query,
				   "UPDATE _nuvopipe.execution e SET lease_until = pg_catalog.clock_timestamp() + $1 * interval '1 millisecond'"
				   " FROM pg_catalog.pg_stat_get_activity(NULL) a"
				   " WHERE e.status = 'RUNNING' AND e.worker_pid = a.pid AND e.worker_started_at = a.backend_start"
				   " AND a.datid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"
				   " AND e.lease_until < pg_catalog.clock_timestamp() + $1 * interval '0.5 millisecond'");
	nvp_query_close(&query);
	nvp_watch_progress(MyDatabaseId);
}

/* nvp_exec_take notes which object this execution processes. */
void
nvp_exec_take(const NvpExecution *execution, const NvpObject *object)
{
	NvpQuery	query;

	nvp_query_open(&query);
	arg_execution(&query, execution);
	arg_object(&query, object);
	nvp_arg_text(&query, object->member);
	nvp_query_keep(&query,
				   "UPDATE _nuvopipe.execution SET object_path = $3, object_name = $4, object_version = $5,"
				   " object_bytes = nullif($6, -1), object_member = $7, discover = false, updated_at = pg_catalog.clock_timestamp()"
				   " WHERE tenant_id = $1 AND id = $2");
	nvp_query_close(&query);
}

/*
 * nvp_exec_expand queues one more execution of the same run for each object.
 * One that is on its way already is settled by the ledger when its turn comes.
 * input_id: where the bytes of all of them are stored, or NULL: they are fetched.
 */
void
nvp_exec_expand(const NvpExecution *execution, const NvpObject *objects, int n, const pg_uuid_t *input_id)
{
	NvpQuery	query;
	pg_uuid_t	id;

	nvp_query_open(&query);
	for (int i = 0; i < n; i++)
	{
		arg_execution(&query, execution);
		arg_object(&query, &objects[i]);
		nvp_arg_text(&query, objects[i].member);
		nvp_arg_uuid(&query, input_id);
		nvp_query_keep(&query,
					   "INSERT INTO _nuvopipe.execution (tenant_id, id, run_id, pipeline_id, configuration_id, owner_id, owner_role,"
					   " trigger_type, max_attempts, max_run_time, priority, hosts, forced, object_path, object_name, object_version, object_bytes,"
					   " object_member, input_id, available_at, queued_at, created_at, created_by, updated_at, updated_by)"
					   " SELECT tenant_id, _nuvopipe.uuid_v7(), run_id, pipeline_id, configuration_id, owner_id, owner_role,"
					   " trigger_type, max_attempts, max_run_time, priority, hosts, forced, $3, $4, $5, nullif($6, -1), $7, $8, t.now, t.now, t.now, created_by, t.now, updated_by"
					   " FROM _nuvopipe.execution, (SELECT pg_catalog.clock_timestamp() AS now) t"
					   " WHERE tenant_id = $1 AND id = $2 RETURNING id");
		nvp_get_uuid(0, 0, &id);
		nvp_tell_of(&execution->tenant_id, &id, "QUEUED", 0, NULL);
	}
	nvp_query_close(&query);
}
