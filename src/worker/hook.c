/*-------------------------------------------------------------------------
 *
 * hook.c
 *		Steps aside for commands that want a database to themselves.
 *
 * DROP DATABASE, ALTER DATABASE ... RENAME or SET TABLESPACE, and CREATE
 * DATABASE with one of ours as template wait five seconds for other sessions
 * to leave, then fail.  Our processes are not what the user means by "other
 * users", so they are told to leave, and the launcher sends none back for a
 * while.  A running execution is interrupted by that as by a restart: it is
 * queued again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"
#include "utils/timestamp.h"

#include "worker/shmem.h"
#include "worker/worker.h"

#define EVICTION_MS		15000

static ProcessUtility_hook_type next_utility_hook = NULL;

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
			(slot->kind == NVP_PROCESS_KEEPER || slot->kind == NVP_PROCESS_RUNNER))
			(void) kill(slot->pid, SIGTERM);
	}
	LWLockRelease(nvp_shared->lock);
}

static void
step_aside(PlannedStmt *pstmt, const char *query, bool read_only_tree,
		   ProcessUtilityContext context, ParamListInfo params,
		   QueryEnvironment *env, DestReceiver *dest, QueryCompletion *completion)
{
	const char *name = nvp_shared ? wanted_database(pstmt->utilityStmt) : NULL;

	if (name)
	{
		Oid			database = get_database_oid(name, true);

		if (OidIsValid(database) && database != MyDatabaseId)
			evict(database);
	}
	if (next_utility_hook)
		next_utility_hook(pstmt, query, read_only_tree, context, params, env, dest, completion);
	else
		standard_ProcessUtility(pstmt, query, read_only_tree, context, params, env, dest, completion);
}

/* nvp_hook_init installs the hook; only while libraries are preloaded. */
void
nvp_hook_init(void)
{
	next_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = step_aside;
}
