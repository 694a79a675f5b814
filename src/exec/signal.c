/*-------------------------------------------------------------------------
 *
 * signal.c
 *		What starts pipelines: signals of triggers, written and taken.
 *
 * A statement that changes a table with one of our triggers ends here.  Its
 * transaction is somebody else's: it must not fail because of us, and wait for
 * nothing of ours.  So the locks are taken only if they are free, and the rest
 * is done in a subtransaction.  Where that does not work, the transaction is in
 * doubt: when it commits, the keeper is told so, and signals all tables itself.
 *
 * A transaction signals once for each trigger, by what it remembers; a
 * subtransaction that is rolled back takes its signal along, and the memory of
 * it.
 *
 * Whether a trigger is there and active is read with the latest snapshot: one
 * that was made after a repeatable read transaction began counts for it, as the
 * rows will count for the run.
 *
 * A statement that changed no row is none.  The server counts rows for its
 * statistics as they are written, in heaps; where it does not count, the
 * statement is taken to have changed something.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/lmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/query.h"
#include "base/query_plan.h"
#include "base/shmem.h"
#include "base/uuid.h"
#include "base/wake.h"
#include "exec/signal.h"

/* a trigger that the current transaction has signalled */
typedef struct Told
{
	struct Told *next;
	pg_uuid_t	trigger;
	SubTransactionId within;
} Told;

static Told *told = NULL;		/* in TopTransactionContext */
static bool in_doubt = false;

/* ---- the memory of a transaction --------------------------------------------- */

static void
forget_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:	/* the best that can be done: COMMIT PREPARED is somebody else's */
			if (in_doubt)
				nvp_doubt_raise(MyDatabaseId);
			/* FALLTHROUGH */
		case XACT_EVENT_ABORT:
			told = NULL;
			in_doubt = false;
			break;
		default:
			break;
	}
}

static void
forget_subtransaction(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		for (Told *t = told; t; t = t->next)
		{
			if (t->within == mine)
				t->within = parent;
		}
	}
	else if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		Told	  **link = &told;

		while (*link)
		{
			if ((*link)->within == mine)
				*link = (*link)->next;
			else
				link = &(*link)->next;
		}
	}
}

static bool
is_told(const pg_uuid_t *trigger)
{
	for (const Told *t = told; t; t = t->next)
	{
		if (memcmp(&t->trigger, trigger, sizeof(*trigger)) == 0)
			return true;
	}
	return false;
}

static void
remember(const pg_uuid_t *trigger)
{
	static bool registered = false;
	Told	   *t = MemoryContextAlloc(TopTransactionContext, sizeof(Told));

	if (!registered)
	{
		RegisterXactCallback(forget_transaction, NULL);
		RegisterSubXactCallback(forget_subtransaction, NULL);
		registered = true;
	}
	t->trigger = *trigger;
	t->within = GetCurrentSubTransactionId();
	t->next = told;
	told = t;
}

/* ---- writing a signal in somebody's transaction -------------------------------- */

/* has the transaction changed a row of the relation, as far as the server counts them? */
static bool
has_changed(Relation relation)
{
	const PgStat_TableXactStatus *counts;
	bool		is_counted = relation->pgstat_enabled && relation->rd_rel->relkind == RELKIND_RELATION &&
		relation->rd_rel->relam == HEAP_TABLE_AM_OID;

	if (!is_counted)
		return true;
	if (relation->pgstat_info == NULL)
		return false;
	for (counts = relation->pgstat_info->trans; counts; counts = counts->upper)
	{
		if (counts->tuples_inserted + counts->tuples_updated + counts->tuples_deleted > 0)
			return true;
	}
	return false;
}

typedef enum Access
{
	ACCESS_GONE,				/* half of us, or nothing, is there */
	ACCESS_BUSY,				/* somebody has a table for himself */
	ACCESS_FREE
} Access;

/*
 * The locks that writing a signal needs.  Where no keeper could be told of a
 * doubt, they are worth waiting for.
 */
static Access
lock_tables(void)
{
	static const char *const tables[] = {"signal", "signal_pkey", "trigger", "trigger_pkey"};
	Oid			nspid = get_namespace_oid("_nuvopipe", true);

	for (int i = 0; i < lengthof(tables); i++)
	{
		LOCKMODE	mode = i < 2 ? RowExclusiveLock : AccessShareLock;
		Oid			relid = OidIsValid(nspid) ? get_relname_relid(tables[i], nspid) : InvalidOid;

		if (!OidIsValid(relid))
			return ACCESS_GONE;
		if (nvp_shared == NULL)
			LockRelationOid(relid, mode);
		else if (!ConditionalLockRelationOid(relid, mode))
			return ACCESS_BUSY;
		/* dropped before the lock was ours? */
		if (get_relname_relid(tables[i], nspid) != relid)
			return ACCESS_GONE;
	}
	return ACCESS_FREE;
}

#define WRITE_SIGNAL \
	"INSERT INTO _nuvopipe.signal (tenant_id, trigger_id, id, at)" \
	" SELECT t.tenant_id, t.id, $2, $3 FROM _nuvopipe.trigger t WHERE t.id = $1 AND t.status = 'ACTIVE'"

/* runs the statement, in a connection to SPI; true if it has written a row */
static bool
insert_signal(const pg_uuid_t *trigger, const pg_uuid_t *id)
{
	Oid			types[] = {UUIDOID, UUIDOID, TIMESTAMPTZOID};
	Datum		values[] = {UUIDPGetDatum(trigger), UUIDPGetDatum(id), TimestampTzGetDatum(GetCurrentTimestamp())};
	NvpPlan    *plan = nvp_plan_hold(WRITE_SIGNAL, lengthof(types), types, CURSOR_OPT_GENERIC_PLAN);
	volatile int rc = 0;

	PG_TRY();
	{
		rc = SPI_execute_snapshot(nvp_plan_spi(plan), values, NULL, GetLatestSnapshot(), InvalidSnapshot,
								  false, false, 0);
	}
	PG_FINALLY();
	{
		nvp_plan_release(plan);
	}
	PG_END_TRY();
	if (rc != SPI_OK_INSERT)
		ereport(ERROR,
				errcode(ERRCODE_INTERNAL_ERROR),
				errmsg("could not run an internal statement: %s", SPI_result_code_string(rc)));
	return SPI_processed > 0;
}

/* writes a signal, if the trigger is there and active */
static void
write_signal(const pg_uuid_t *trigger)
{
	NvpQuery	query;
	pg_uuid_t	id;

	nvp_uuid_v7(&id);
	nvp_query_open(&query);
	if (insert_signal(trigger, &id))
		nvp_keeper_at_commit();
	nvp_query_close(&query);
}

/* an error of ours is none of the user's: logged once in a session */
static void
settle_error(ErrorData *error)
{
	static bool complained = false;

	if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		ReThrowError(error);
	if (!complained)
		ereport(LOG,
				errcode(error->sqlerrcode),
				errmsg("nuvopipe: could not signal the change of a table: %s", error->message),
				errhint("The keeper starts all pipelines that have a trigger on a table, once the transaction commits."));
	complained = true;
	FreeErrorData(error);
	in_doubt = true;
}

/* in a subtransaction, so that what goes wrong goes no further */
static void
write_guarded(const pg_uuid_t *trigger)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		write_signal(trigger);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (error)
		settle_error(error);
}

/*
 * nvp_signal_change signals that a statement has changed a table.
 *
 * in: the table; the trigger's id as it was given to CREATE TRIGGER.
 * errors: cancellation; 22P02 for what is no id.
 */
void
nvp_signal_change(Relation relation, const char *trigger)
{
	pg_uuid_t	id = *DatumGetUUIDP(DirectFunctionCall1(uuid_in, CStringGetDatum(trigger)));

	if (!has_changed(relation) || is_told(&id))
		return;
	remember(&id);
	switch (lock_tables())
	{
		case ACCESS_GONE:
			break;
		case ACCESS_BUSY:
			in_doubt = true;
			break;
		case ACCESS_FREE:
			write_guarded(&id);
			break;
	}
}

/* ---- taking them ----------------------------------------------------------------- */

/*
 * nvp_signal_start queues executions for the signals that are committed.
 *
 * out: how many; *waiting is the number of signals that are left for later.
 */
int
nvp_signal_start(int64 *waiting)
{
	NvpQuery	query;
	int			started;

	nvp_query_open(&query);
	nvp_query_exec(&query, "SELECT started, waiting FROM _nuvopipe.start_signalled()");
	started = nvp_get_int4(0, 0);
	*waiting = nvp_get_int8(0, 1);
	nvp_query_close(&query);
	return started;
}

/* doubts that this process, a keeper, has dealt with */
static uint32 settled = 0;
static uint32 seen = 0;

/* nvp_signal_doubts signals all tables, if some transaction could not do so itself. */
void
nvp_signal_doubts(void)
{
	NvpQuery	query;

	seen = nvp_doubts(MyDatabaseId);
	if (seen == settled)
		return;
	nvp_query_open(&query);
	nvp_query_exec(&query, "SELECT _nuvopipe.signal_tables()");
	nvp_query_close(&query);
}

/* nvp_signal_settled: the transaction of nvp_signal_doubts has committed. */
void
nvp_signal_settled(void)
{
	settled = seen;
}
