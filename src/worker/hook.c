/*-------------------------------------------------------------------------
 *
 * hook.c
 *		Steps aside for commands that want a database to themselves.
 *
 * DROP EXTENSION needs locks that a run holds for as long as it processes.
 * DROP DATABASE, ALTER DATABASE ... RENAME or SET TABLESPACE, and CREATE
 * DATABASE with one of ours as template wait five seconds for other sessions
 * to leave, then fail.  Our processes are not what the user means by "other
 * users", so they are told to leave, and the launcher sends none back until the
 * command is over.  A running execution is interrupted by that as by a restart: it is
 * queued again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "access/htup_details.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "catalog/pg_extension.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/query.h"
#include "base/shmem.h"
#include "base/wake.h"
#include "worker/worker.h"

#define EVICTION_MS		15000

static ProcessUtility_hook_type next_utility_hook = NULL;

/* may this user do with the database what the command would do? */
static bool
is_permitted(const Node *statement, Oid database)
{
	if (IsA(statement, CreatedbStmt))
	{
		HeapTuple	role = SearchSysCache1(AUTHOID, ObjectIdGetDatum(GetUserId()));
		bool		may = superuser();

		if (HeapTupleIsValid(role))
		{
			may |= ((Form_pg_authid) GETSTRUCT(role))->rolcreatedb;
			ReleaseSysCache(role);
		}
		return may;
	}
	return nvp_owns_object(DatabaseRelationId, database);
}

/* the database a command wants for itself, or NULL */
static const char *
wanted_database(Node *statement)
{
	ListCell   *lc;

	switch (nodeTag(statement))
	{
		case T_DropdbStmt:
			return ((DropdbStmt *) statement)->dbname;
		case T_RenameStmt:
			if (((RenameStmt *) statement)->renameType == OBJECT_DATABASE)
				return ((RenameStmt *) statement)->subname;
			return NULL;
		case T_AlterDatabaseStmt:
			foreach(lc, ((AlterDatabaseStmt *) statement)->options)
			{
				if (strcmp(((DefElem *) lfirst(lc))->defname, "tablespace") == 0)
					return ((AlterDatabaseStmt *) statement)->dbname;
			}
			return NULL;
		case T_CreatedbStmt:
			foreach(lc, ((CreatedbStmt *) statement)->options)
			{
				DefElem    *option = lfirst(lc);

				if (strcmp(option->defname, "template") == 0 && option->arg && IsA(option->arg, String))
					return strVal(option->arg);
			}
			return NULL;
		default:
			return NULL;
	}
}

/* does the command drop our extension from this database? */
static bool
drops_extension(Node *statement)
{
	ListCell   *lc;

	if (!IsA(statement, DropStmt) || ((DropStmt *) statement)->removeType != OBJECT_EXTENSION)
		return false;
	foreach(lc, ((DropStmt *) statement)->objects)
	{
		if (strcmp(strVal(lfirst(lc)), "nuvopipe") == 0)
			return true;
	}
	return false;
}

/* the database that our processes should leave for a command, or InvalidOid */
static Oid
database_to_leave(Node *statement)
{
	const char *name = wanted_database(statement);
	Oid			database;

	if (drops_extension(statement))
	{
		Oid			extension = get_extension_oid("nuvopipe", true);

		return OidIsValid(extension) && nvp_owns_object(ExtensionRelationId, extension) ?
			MyDatabaseId : InvalidOid;
	}
	if (name == NULL)
		return InvalidOid;
	database = get_database_oid(name, true);
	return OidIsValid(database) && database != MyDatabaseId && is_permitted(statement, database) ?
		database : InvalidOid;
}

/* end our processes in a database and keep new ones away */
static void
evict(Oid database)
{
	NvpDatabase *entry;

	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	entry = nvp_database_entry(database, true);
	if (entry)
		entry->evicted_until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), EVICTION_MS);
	for (int i = 0; i < NVP_SLOTS; i++)
	{
		NvpSlot    *slot = &nvp_shared->slots[i];

		if (slot->database == database &&
			(slot->kind == NVP_PROCESS_KEEPER || slot->kind == NVP_PROCESS_RUNNER ||
			 slot->kind == NVP_PROCESS_SENDER || slot->kind == NVP_PROCESS_LISTENER ||
			 slot->kind == NVP_PROCESS_ERRAND || slot->kind == NVP_PROCESS_SCRIBE))
			(void) kill(slot->pid, SIGTERM);
	}
	LWLockRelease(nvp_shared->lock);
}

/*
 * The command is over, for better or worse.  Locks it still holds keep our
 * processes waiting until its transaction ends; then they find what is true.
 */
static void
readmit(Oid database)
{
	NvpDatabase *entry;

	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	entry = nvp_database_entry(database, false);
	if (entry)
	{
		entry->evicted_until = 0;
		entry->look_at = 0;
	}
	LWLockRelease(nvp_shared->lock);
	nvp_wake_launcher();
}

/* those of pg_cron are not objects of the extension: they have to be taken along */
static void
remove_jobs(void)
{
	NvpQuery	query;
	bool		has_snapshot = ActiveSnapshotSet();

	if (!has_snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	nvp_query_open(&query);
	/* the extension may be older than this library */
	nvp_query_exec(&query, "SELECT pg_catalog.to_regprocedure('_nuvopipe.remove_jobs()') IS NOT NULL");
	if (nvp_get_bool(0, 0))
		nvp_query_exec(&query, "SELECT _nuvopipe.remove_jobs()");
	nvp_query_close(&query);
	if (!has_snapshot)
		PopActiveSnapshot();
}

static void
step_aside(PlannedStmt *pstmt, const char *query, bool read_only_tree,
		   ProcessUtilityContext context, ParamListInfo params,
		   QueryEnvironment *env, DestReceiver *dest, QueryCompletion *completion)
{
	ProcessUtility_hook_type next = next_utility_hook ? next_utility_hook : standard_ProcessUtility;
	volatile Oid database = nvp_shared ? database_to_leave(pstmt->utilityStmt) : InvalidOid;

	if (!OidIsValid(database))
	{
		next(pstmt, query, read_only_tree, context, params, env, dest, completion);
		return;
	}
	evict(database);
	PG_TRY();
	{
		if (drops_extension(pstmt->utilityStmt))
			remove_jobs();
		next(pstmt, query, read_only_tree, context, params, env, dest, completion);
	}
	PG_FINALLY();
	{
		readmit(database);
	}
	PG_END_TRY();
}

/* nvp_hook_init installs the hook; only while libraries are preloaded. */
void
nvp_hook_init(void)
{
	next_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = step_aside;
}
