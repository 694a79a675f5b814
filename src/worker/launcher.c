/*-------------------------------------------------------------------------
 *
 * launcher.c
 *		Sees to it that every database with the extension has its keeper.
 *
 * The launcher is connected to no database and reads only pg_database.  Whether
 * a database has the extension can be seen only from inside, so a keeper is
 * sent to look; it stays if it finds the extension, else it leaves, and the
 * next look is taken later and later, up to ten minutes; likewise where it could
 * not even connect.  CREATE EXTENSION and queued work ask for a look at once.
 * Listeners are its affair as well (serve.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/wait_event.h"

#include "base/guc.h"
#include "base/shmem.h"
#include "worker/worker.h"

#define TICK_MS			10000
#define FIRST_LOOK_MS	5000	/* also what a keeper has to come and take its slot */
#define LAST_LOOK_MS	600000

/* oids of the databases one can connect to, in the given context; and of the one that listeners serve */
static List *
connectable_databases(MemoryContext context, Oid *served)
{
	List	   *list = NIL;
	Relation	relation;
	TableScanDesc scan;
	HeapTuple	tuple;

	*served = InvalidOid;
	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	relation = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(relation, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_database db = (Form_pg_database) GETSTRUCT(tuple);

		/* -2 marks what a DROP DATABASE that was interrupted left behind */
		if (db->datallowconn && !db->datistemplate && db->datconnlimit != -2)
		{
			MemoryContext old = MemoryContextSwitchTo(context);

			list = lappend_oid(list, db->oid);
			MemoryContextSwitchTo(old);
			if (strcmp(NameStr(db->datname), nvp_guc_listen_database) == 0)
				*served = db->oid;
		}
	}
	table_endscan(scan);
	table_close(relation, AccessShareLock);
	CommitTransactionCommand();
	return list;
}

/* forget databases that are gone, so that their entries can be used again; and their jobs */
static void
forget_dropped(const List *databases)
{
	bool		had_jobs = false;

	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < NVP_DATABASES; i++)
	{
		NvpDatabase *entry = &nvp_shared->databases[i];

		if (entry->oid != InvalidOid && !list_member_oid(databases, entry->oid))
		{
			had_jobs |= entry->has_jobs;
			memset(entry, 0, sizeof(*entry));
		}
	}
	LWLockRelease(nvp_shared->lock);
	if (had_jobs)
		nvp_scribe_forget("");
}

/* is it time to send a keeper there?  Notes that one was sent. */
static bool
wants_keeper(Oid database, TimestampTz now)
{
	NvpDatabase *entry;
	bool		wanted = false;

	if (nvp_count_slots(NVP_PROCESS_KEEPER, database, false) > 0)
		return false;
	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	entry = nvp_database_entry(database, true);
	if (entry && entry->look_at <= now && entry->evicted_until <= now)
	{
		int64		ms = (int64) FIRST_LOOK_MS << Min(entry->tries, 7);

		wanted = true;
		entry->tries++;
		entry->look_at = TimestampTzPlusMilliseconds(now, Min(ms, LAST_LOOK_MS));
	}
	LWLockRelease(nvp_shared->lock);
	return wanted;
}

/* when the next look is due, in milliseconds */
static long
next_look(TimestampTz now)
{
	long		ms = TICK_MS;

	LWLockAcquire(nvp_shared->lock, LW_SHARED);
	for (int i = 0; i < NVP_DATABASES; i++)
	{
		NvpDatabase *entry = &nvp_shared->databases[i];
		TimestampTz at = Max(entry->look_at, entry->evicted_until);

		if (entry->oid != InvalidOid && at > now)
			ms = Min(ms, TimestampDifferenceMilliseconds(now, at) + 1);
	}
	LWLockRelease(nvp_shared->lock);
	return ms;
}

/* one tick; how long to sleep after it, in ms */
static long
reconcile(void)
{
	static bool complained = false;
	TimestampTz now = GetCurrentTimestamp();
	Oid			served;
	List	   *databases = connectable_databases(CurrentMemoryContext, &served);
	ListCell   *lc;
	long		ms;

	forget_dropped(databases);
	foreach(lc, databases)
	{
		Oid			database = lfirst_oid(lc);

		if (!wants_keeper(database, now))
			continue;
		if (nvp_worker_start("nuvopipe_keeper_main", "nuvopipe keeper", database))
			complained = false;
		else if (!complained)
		{
			complained = true;
			ereport(LOG,
					errcode(ERRCODE_INSUFFICIENT_RESOURCES),
					errmsg("nuvopipe: no free background worker slot for a database's keeper"),
					errhint("Raise max_worker_processes and restart."));
		}
	}
	ms = nvp_serve(served, now);
	return ms < 0 ? next_look(GetCurrentTimestamp()) : Min(ms, next_look(GetCurrentTimestamp()));
}

/* nuvopipe_launcher_main is the launcher's whole life. */
void
nuvopipe_launcher_main(Datum arg)
{
	MemoryContext loop;

	nvp_worker_setup();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	(void) nvp_slot_take(NVP_PROCESS_LAUNCHER);
	loop = AllocSetContextCreate(TopMemoryContext, "nuvopipe loop", ALLOCSET_DEFAULT_SIZES);
	for (;;)
	{
		long		ms;

		MemoryContextSwitchTo(loop);
		ms = reconcile();
		MemoryContextSwitchTo(loop);
		MemoryContextReset(loop);
		nvp_worker_sleep(ms, PG_WAIT_EXTENSION);
	}
}
