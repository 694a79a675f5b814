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
#include "base/table.h"
#include "base/watch.h"
#include "exec/execution_impl.h"
#include "exec/tell.h"

/* nvp_exec_tell tells of the state that an execution has now. */
void
nvp_exec_tell(const NvpExecution *execution, const char *status, const char *message)
{
	NvpNews		news = {
		.tenant_id = execution->tenant_id, .execution_id = execution->id, .pipeline_id = execution->pipeline_id,
		.owner_id = execution->owner_id, .owner_role = execution->owner_role,
		.status = status, .attempt = execution->attempt, .message = message
	};

	nvp_tell(&news);
}

/* nvp_exec_arg adds the key of an execution: two arguments. */
void
nvp_exec_arg(NvpQuery *query, const NvpExecution *execution)
{
	nvp_arg_uuid(query, &execution->tenant_id);
	nvp_arg_uuid(query, &execution->id);
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
put_fault(NvpTable *table, const NvpFault *fault)
{
	bool		any = fault->message != NULL;

	nvp_table_put_text(table, "error_type", nvp_fault_type_name(fault->type));
	nvp_table_put_text(table, "error_sqlstate", any ? unpack_sql_state(fault->sqlstate) : NULL);
	nvp_table_put_text(table, "error_message", fault->message);
	nvp_table_put_text(table, "error_detail", fault->detail);
	nvp_table_put_text(table, "error_hint", fault->hint);
}

static void
put_jsonb(NvpTable *table, const char *column, Jsonb *value)
{
	if (value)
		nvp_table_put(table, column, JsonbPGetDatum(value));
	else
		nvp_table_put_null(table, column);
}

static void
put_counts(NvpTable *table, const NvpCounts *c)
{
	const struct
	{
		const char *column;
		uint64		n;
	}			counts[] = {
		{"total_rows", c->total_rows}, {"total_cells", c->total_cells},
		{"total_error_cells", c->error_cells}, {"total_error_rows", c->error_rows},
		{"rows_read", c->rows_read}, {"rows_written", c->rows_written}, {"rows_rejected", c->rows_rejected},
		{"rows_filtered", c->rows_filtered}, {"rows_blank", c->rows_blank}, {"rows_skipped", c->rows_skipped},
		{"rows_inserted", c->rows_inserted}, {"rows_updated", c->rows_updated},
		{"input_bytes", c->input_bytes}, {"output_bytes", c->output_bytes}
	};

	for (int i = 0; i < lengthof(counts); i++)
		nvp_table_put(table, counts[i].column, Int64GetDatum(counts[i].n));
}

static void
finish_attempt(const NvpExecution *execution, const NvpOutcome *outcome)
{
	NvpTable	table;
	Datum		keys[] = {UUIDPGetDatum(&execution->tenant_id), UUIDPGetDatum(&execution->id), Int32GetDatum(execution->attempt)};

	nvp_table_open(&table, "execution_attempt");
	if (nvp_table_find(&table, "execution_attempt_pkey", lengthof(keys), keys) &&
		nvp_table_lock(&table, LockTupleNoKeyExclusive, LockWaitBlock))
	{
		nvp_table_edit(&table);
		nvp_table_put_text(&table, "status", status_word(outcome->status));
		if (execution->began_at)
			nvp_table_put(&table, "started_at", TimestampTzGetDatum(execution->began_at));
		nvp_table_put(&table, "finished_at", TimestampTzGetDatum(GetCurrentTimestamp()));
		nvp_table_put(&table, "duration_ms", Int64GetDatum(outcome->duration_ms));
		put_counts(&table, &outcome->counts);
		put_jsonb(&table, "phases", outcome->phases);
		put_jsonb(&table, "sniff", outcome->sniff);
		put_jsonb(&table, "votes", outcome->votes);
		put_fault(&table, &outcome->fault);
		nvp_table_put_text(&table, "note", outcome->note);
		nvp_table_update(&table);
	}
	nvp_table_close(&table);
}

static void
write_ledger(const NvpExecution *execution)
{
	NvpQuery	query;

	if (execution->object.path == NULL || execution->object.version == NULL)
		return;
	nvp_query_open(&query);
	nvp_arg_uuid(&query, &execution->tenant_id);
	nvp_arg_uuid(&query, &execution->pipeline_id);
	nvp_arg_text(&query, execution->object.path);
	nvp_arg_text(&query, execution->object.version);
	nvp_arg_uuid(&query, &execution->id);
	nvp_arg_int8(&query, execution->object.bytes);
	nvp_arg_time(&query, GetCurrentTimestamp());
	nvp_query_keep(&query,
				   "INSERT INTO _nuvopipe.input_ledger AS l (tenant_id, pipeline_id, path, version, execution_id, bytes, loaded_at)"
				   " VALUES ($1, $2, $3, $4, $5, $6, $7)"
				   " ON CONFLICT (tenant_id, pipeline_id, path, version)"
				   " DO UPDATE SET execution_id = excluded.execution_id, loaded_at = excluded.loaded_at");
	nvp_query_close(&query);
}

/* does somebody want this execution ended? */
static bool
cancel_requested(const NvpExecution *execution)
{
	NvpQuery	query;
	bool		requested;

	nvp_query_open(&query);
	nvp_exec_arg(&query, execution);
	requested = nvp_query_keep(&query,
							   "SELECT FROM _nuvopipe.execution"
							   " WHERE tenant_id = $1 AND id = $2 AND cancel_requested") > 0;
	nvp_query_close(&query);
	return requested;
}

/* the execution must still be ours: nobody may have swept, deleted or cancelled it */
static void
check_still_ours(const NvpExecution *execution, bool ours)
{
	if (ours)
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
release_blob(const NvpExecution *execution)
{
	NvpQuery	query;

	nvp_query_open(&query);
	nvp_arg_uuid(&query, &execution->tenant_id);
	nvp_arg_uuid(&query, &execution->input_id);
	nvp_query_keep(&query, "SELECT _nuvopipe.release_blob($1, $2)");
	nvp_query_close(&query);
}

static void
put_object(NvpTable *table, const NvpObject *object)
{
	if (object->path)
		nvp_table_put_text(table, "object_path", object->path);
	if (object->name)
		nvp_table_put_text(table, "object_name", object->name);
	if (object->version)
		nvp_table_put_text(table, "object_version", object->version);
	if (object->bytes != -1)
		nvp_table_put(table, "object_bytes", Int64GetDatum(object->bytes));
}

/* the row that was found; a success that was not delivered yet gives way to a cancel */
static bool
is_ours(NvpTable *table, const NvpExecution *execution, const NvpOutcome *outcome)
{
	return nvp_table_is(table, "status", "RUNNING") && nvp_table_get_int4(table, "worker_pid", 0) == MyProcPid &&
		nvp_table_get_int4(table, "attempts", 0) == execution->attempt &&
		(outcome->status != NVP_SUCCEEDED || outcome->is_delivered || !nvp_table_get_bool(table, "cancel_requested"));
}

static void
finish_row(const NvpExecution *execution, const NvpOutcome *outcome, bool gives_up_input)
{
	NvpTable	table;
	TimestampTz now = GetCurrentTimestamp();
	Datum		keys[] = {UUIDPGetDatum(&execution->tenant_id), UUIDPGetDatum(&execution->id)};
	bool		ours;

	nvp_table_open(&table, "execution");
	ours = nvp_table_find(&table, "execution_pkey", lengthof(keys), keys) &&
		nvp_table_lock(&table, LockTupleNoKeyExclusive, LockWaitBlock) && is_ours(&table, execution, outcome);
	if (ours)
	{
		nvp_table_edit(&table);
		nvp_table_put_text(&table, "status", status_word(outcome->status));
		put_object(&table, &execution->object);
		if (gives_up_input)
			nvp_table_put_null(&table, "input_id");
		if (execution->began_at)
			nvp_table_put(&table, "started_at", TimestampTzGetDatum(execution->began_at));
		nvp_table_put(&table, "finished_at", TimestampTzGetDatum(now));
		nvp_table_put_null(&table, "lease_until");
		put_fault(&table, &outcome->fault);
		nvp_table_put_text(&table, "note", outcome->note);
		nvp_table_put(&table, "updated_at", TimestampTzGetDatum(now));
		nvp_table_update(&table);
	}
	nvp_table_close(&table);
	check_still_ours(execution, ours);
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
	finish_row(execution, outcome, gives_up_input);
	finish_attempt(execution, outcome);
	if (to_ledger)
		write_ledger(execution);
	if (gives_up_input)
		release_blob(execution);
	nvp_exec_tell(execution, status_word(outcome->status),
				  outcome->fault.message ? outcome->fault.message : outcome->note);
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
	nvp_exec_arg(&query, execution);
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
	check_still_ours(execution, updated > 0);
	finish_attempt(execution, outcome);
	nvp_exec_tell(execution, "QUEUED", outcome->fault.message);
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
	static const char *const tables[] = {"execution", "execution_attempt", "event", "uncounted", "webhook", "trigger", "pipeline"};
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
	nvp_exec_arg(&query, execution);
	nvp_arg_int4(&query, execution->attempt);
	nvp_query_exec(&query, "SELECT _nuvopipe.give_back($1, $2, $3)");
	nvp_query_close(&query);
}

/* nvp_exec_unclaim takes back a claim of this process: the execution waits again, and was never tried. */
void
nvp_exec_unclaim(const NvpExecution *execution)
{
	NvpQuery	query;

	nvp_query_open(&query);
	nvp_exec_arg(&query, execution);
	nvp_query_keep(&query, "SELECT _nuvopipe.unclaim($1, $2)");
	nvp_query_close(&query);
}

/* nvp_exec_is_unwanted tells whether somebody has cancelled it; one who is about to is waited for. */
bool
nvp_exec_is_unwanted(const NvpExecution *execution)
{
	NvpQuery	query;
	bool		unwanted;

	nvp_query_open(&query);
	nvp_exec_arg(&query, execution);
	unwanted = nvp_query_keep(&query,
							  "SELECT FROM (SELECT cancel_requested FROM _nuvopipe.execution"
							  " WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE) e WHERE e.cancel_requested") > 0;
	nvp_query_close(&query);
	return unwanted;
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

/*
 * nvp_exec_renew prolongs the leases of executions whose process is alive, and
 * notes which of them get on.  One that somebody is about to cancel is left for
 * the next time: a keeper waits for no user.
 */
void
nvp_exec_renew(void)
{
	NvpQuery	query;

	nvp_query_open(&query);
	nvp_arg_float8(&query, nvp_guc_lease_timeout);
	nvp_query_keep(&query,
				   "WITH due AS MATERIALIZED ("
				   " SELECT e.tenant_id, e.id FROM _nuvopipe.execution e"
				   "  JOIN pg_catalog.pg_stat_get_activity(NULL) a ON e.worker_pid = a.pid AND e.worker_started_at = a.backend_start"
				   " WHERE e.status = 'RUNNING'"
				   "  AND a.datid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"
				   "  AND e.lease_until < pg_catalog.clock_timestamp() + $1 * interval '0.5 millisecond'"
				   " FOR NO KEY UPDATE OF e SKIP LOCKED)"
				   "UPDATE _nuvopipe.execution e SET lease_until = pg_catalog.clock_timestamp() + $1 * interval '1 millisecond'"
				   " FROM due WHERE e.tenant_id = due.tenant_id AND e.id = due.id");
	nvp_query_close(&query);
	nvp_watch_progress(MyDatabaseId);
}

/* nvp_exec_take notes which object this execution processes. */
void
nvp_exec_take(const NvpExecution *execution, const NvpObject *object)
{
	NvpQuery	query;

	nvp_query_open(&query);
	nvp_exec_arg(&query, execution);
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
		nvp_exec_arg(&query, execution);
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
