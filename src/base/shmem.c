/*-------------------------------------------------------------------------
 *
 * shmem.c
 *		What our processes know of each other: slots in shared memory.
 *
 * See shmem.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "storage/shmem.h"

#include "base/compat.h"
#include "base/guc.h"
#include "base/shmem.h"
#include "base/wake.h"

NvpShared  *nvp_shared = NULL;
NvpSlot    *nvp_my_slot = NULL;

static shmem_request_hook_type next_request_hook = NULL;
static shmem_startup_hook_type next_startup_hook = NULL;

static void
request_shmem(void)
{
	if (next_request_hook)
		next_request_hook();
	RequestAddinShmemSpace(MAXALIGN(sizeof(NvpShared)));
	RequestNamedLWLockTranche("nuvopipe", 1);
}

static void
start_shmem(void)
{
	bool		found;

	if (next_startup_hook)
		next_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	nvp_shared = ShmemInitStruct("nuvopipe", sizeof(NvpShared), &found);
	if (!found)
	{
		memset(nvp_shared, 0, sizeof(NvpShared));
		nvp_shared->lock = &GetNamedLWLockTranche("nuvopipe")->lock;
		nvp_shared->launcher_procno = -1;
	}
	LWLockRelease(AddinShmemInitLock);
}

/* nvp_shmem_init asks for our shared memory; only while libraries are preloaded. */
void
nvp_shmem_init(void)
{
	next_request_hook = shmem_request_hook;
	shmem_request_hook = request_shmem;
	next_startup_hook = shmem_startup_hook;
	shmem_startup_hook = start_shmem;
}

static void
free_at_exit(int code, Datum arg)
{
	nvp_slot_free();
}

/* must our processes stay away from this one's database?  The caller holds the lock. */
static bool
is_evicted(NvpProcessKind kind)
{
	NvpDatabase *entry;

	if (kind != NVP_PROCESS_KEEPER && kind != NVP_PROCESS_RUNNER && kind != NVP_PROCESS_SENDER &&
		kind != NVP_PROCESS_LISTENER && kind != NVP_PROCESS_ERRAND && kind != NVP_PROCESS_SCRIBE)
		return false;
	entry = nvp_database_entry(MyDatabaseId, false);
	return entry && entry->evicted_until > GetCurrentTimestamp();
}

/* a runner that was started has come; the caller holds the lock */
static void
count_arrival(void)
{
	NvpDatabase *entry = nvp_database_entry(MyDatabaseId, false);

	if (entry && entry->starting > 0)
		entry->starting--;
}

/*
 * nvp_slot_take gives this process a slot; its progress is seen by others from
 * now on.  False if there is no shared memory or every slot is taken, or the
 * database is wanted by somebody who did not see this process yet.
 */
bool
nvp_slot_take(NvpProcessKind kind)
{
	static bool registered = false;
	NvpSlot    *slot = NULL;

	if (nvp_shared == NULL)
		return false;
	Assert(nvp_my_slot == NULL);
	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	if (kind == NVP_PROCESS_RUNNER)
		count_arrival();
	for (int i = 0; i < NVP_SLOTS && slot == NULL && !is_evicted(kind); i++)
	{
		if (nvp_shared->slots[i].kind == NVP_PROCESS_FREE)
			slot = &nvp_shared->slots[i];
	}
	if (slot)
	{
		memset(slot, 0, sizeof(*slot));
		slot->kind = kind;
		slot->pid = MyProcPid;
		slot->procno = nvp_my_procno();
		slot->database = MyDatabaseId;
		slot->started_at = MyStartTimestamp;
		slot->is_idle = kind == NVP_PROCESS_RUNNER || kind == NVP_PROCESS_SENDER;
		slot->idle_since = GetCurrentTimestamp();
		if (kind == NVP_PROCESS_LAUNCHER)
			nvp_shared->launcher_procno = slot->procno;
		nvp_shared->listeners += kind == NVP_PROCESS_LISTENER;
	}
	LWLockRelease(nvp_shared->lock);
	if (slot == NULL)
		return false;
	if (!registered)
		before_shmem_exit(free_at_exit, 0);
	registered = true;
	nvp_my_slot = slot;
	nvp_progress = &slot->progress;
	return true;
}

/* nvp_slot_free gives the slot back; harmless without one. */
void
nvp_slot_free(void)
{
	static NvpProgress quiet;

	if (nvp_my_slot == NULL)
		return;
	nvp_progress = &quiet;
	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	if (nvp_my_slot->kind == NVP_PROCESS_LAUNCHER)
		nvp_shared->launcher_procno = -1;
	nvp_my_slot->kind = NVP_PROCESS_FREE;
	LWLockRelease(nvp_shared->lock);
	nvp_my_slot = NULL;
}

/* the caller holds the lock */
static void
note_idle(bool is_idle)
{
	if (is_idle && !nvp_my_slot->is_idle)
		nvp_my_slot->idle_since = GetCurrentTimestamp();
	nvp_my_slot->is_idle = is_idle;
}

/* nvp_slot_execution notes which execution this process runs; NULL = none. */
void
nvp_slot_execution(const pg_uuid_t *execution)
{
	if (nvp_my_slot == NULL)
		return;
	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	nvp_my_slot->has_execution = execution != NULL;
	note_idle(execution == NULL);
	nvp_my_slot->moved_at = 0;
	nvp_my_slot->is_called = false;
	if (execution)
	{
		nvp_my_slot->execution = *execution;
		nvp_my_slot->executions++;
	}
	LWLockRelease(nvp_shared->lock);
}

/* nvp_slot_idle notes whether this process waits for work or has some. */
void
nvp_slot_idle(bool is_idle)
{
	if (nvp_my_slot == NULL)
		return;
	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	note_idle(is_idle);
	LWLockRelease(nvp_shared->lock);
}

/*
 * nvp_database_entry finds the entry of a database, or makes one.  NULL if
 * there is none, or no room.  The caller holds the lock.
 */
NvpDatabase *
nvp_database_entry(Oid database, bool make)
{
	NvpDatabase *empty = NULL;

	for (int i = 0; i < NVP_DATABASES; i++)
	{
		NvpDatabase *entry = &nvp_shared->databases[i];

		if (entry->oid == database)
			return entry;
		if (entry->oid == InvalidOid && empty == NULL)
			empty = entry;
	}
	if (!make || empty == NULL)
		return NULL;
	memset(empty, 0, sizeof(*empty));
	empty->oid = database;
	return empty;
}

/* ---- triggers ---------------------------------------------------------------- */

/* nvp_doubt_raise notes that a change of some table of a database was not signalled, and wakes the keeper. */
void
nvp_doubt_raise(Oid database)
{
	NvpDatabase *entry;

	if (nvp_shared == NULL)
		return;
	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	entry = nvp_database_entry(database, true);
	if (entry)
		entry->doubts++;
	LWLockRelease(nvp_shared->lock);
	nvp_wake_keeper(database);
}

/* nvp_doubts tells how often that has happened. */
uint32
nvp_doubts(Oid database)
{
	NvpDatabase *entry;
	uint32		doubts;

	LWLockAcquire(nvp_shared->lock, LW_SHARED);
	entry = nvp_database_entry(database, false);
	doubts = entry ? entry->doubts : 0;
	LWLockRelease(nvp_shared->lock);
	return doubts;
}

/* nvp_probes tells how many queries of triggers were due when the keeper looked last. */
int
nvp_probes(Oid database)
{
	NvpDatabase *entry;
	int			probes;

	LWLockAcquire(nvp_shared->lock, LW_SHARED);
	entry = nvp_database_entry(database, false);
	probes = entry ? entry->probes : 0;
	LWLockRelease(nvp_shared->lock);
	return probes;
}

/* nvp_probes_set notes how many are. */
void
nvp_probes_set(Oid database, int n)
{
	NvpDatabase *entry;

	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	entry = nvp_database_entry(database, n > 0);
	if (entry)
		entry->probes = n;
	LWLockRelease(nvp_shared->lock);
}

/*
 * nvp_slot_is_surplus tells a process that as many of its kind as are wanted
 * are at work without it.
 */
bool
nvp_slot_is_surplus(int wanted)
{
	int			before = 0;

	LWLockAcquire(nvp_shared->lock, LW_SHARED);
	for (NvpSlot *slot = nvp_shared->slots; slot < nvp_my_slot; slot++)
		before += slot->kind == nvp_my_slot->kind && !slot->is_leaving;
	LWLockRelease(nvp_shared->lock);
	return before >= wanted;
}

/* nvp_database_runs: is an execution of this database under way? */
bool
nvp_database_runs(Oid database)
{
	bool		found = false;

	LWLockAcquire(nvp_shared->lock, LW_SHARED);
	for (int i = 0; i < NVP_SLOTS && !found; i++)
	{
		NvpSlot    *slot = &nvp_shared->slots[i];

		found = slot->kind != NVP_PROCESS_FREE && slot->database == database && slot->has_execution;
	}
	LWLockRelease(nvp_shared->lock);
	return found;
}

/*
 * nvp_database_asked tells how often somebody has asked for a look at a database:
 * when it has not changed, nothing was queued.  Without shared memory it always has.
 */
uint32
nvp_database_asked(Oid database)
{
	static uint32 always = 0;
	NvpDatabase *entry;
	uint32		asked = 0;

	if (nvp_shared == NULL)
		return ++always;
	LWLockAcquire(nvp_shared->lock, LW_SHARED);
	entry = nvp_database_entry(database, false);
	if (entry)
		asked = entry->asked;
	LWLockRelease(nvp_shared->lock);
	return asked;
}

/* nvp_count_slots counts processes of a kind that stay; InvalidOid = of all databases. */
int
nvp_count_slots(NvpProcessKind kind, Oid database, bool idle_only)
{
	int			n = 0;

	LWLockAcquire(nvp_shared->lock, LW_SHARED);
	for (int i = 0; i < NVP_SLOTS; i++)
	{
		NvpSlot    *slot = &nvp_shared->slots[i];

		if (slot->kind == kind && !slot->is_leaving && (database == InvalidOid || slot->database == database) &&
			(!idle_only || slot->is_idle))
			n++;
	}
	LWLockRelease(nvp_shared->lock);
	return n;
}
