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

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/shmem.h"

#include "base/compat.h"
#include "base/guc.h"
#include "base/shmem.h"

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

static void
wake(int procno)
{
	SetLatch(&ProcGlobal->allProcs[procno].procLatch);
}

/* call a process that waits for work, and that nobody has called yet; the caller holds the lock */
static bool
call_idle(NvpSlot *slot)
{
	if (!slot->is_idle || slot->is_called)
		return false;
	slot->is_called = true;
	wake(slot->procno);
	return true;
}

/* nvp_wake_launcher sets the launcher's latch. */
void
nvp_wake_launcher(void)
{
	if (nvp_shared && nvp_shared->launcher_procno >= 0)
		wake(nvp_shared->launcher_procno);
}

/* nvp_wake_idle wakes up to n idle processes of a kind in a database. */
void
nvp_wake_idle(NvpProcessKind kind, Oid database, int64 n)
{
	LWLockAcquire(nvp_shared->lock, LW_SHARED);
	for (int i = 0; i < NVP_SLOTS && n > 0; i++)
	{
		NvpSlot    *slot = &nvp_shared->slots[i];

		if (slot->kind == kind && slot->database == database && slot->is_idle)
		{
			wake(slot->procno);
			n--;
		}
	}
	LWLockRelease(nvp_shared->lock);
}

/*
 * nvp_call_runners wakes up to n idle runners of a database; where there are
 * fewer, and there may be more, the keeper, which starts them.
 */
void
nvp_call_runners(Oid database, int n)
{
	NvpSlot    *keeper = NULL;
	int			runners = 0;

	if (nvp_shared == NULL)
		return;
	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < NVP_SLOTS; i++)
	{
		NvpSlot    *slot = &nvp_shared->slots[i];

		runners += slot->kind == NVP_PROCESS_RUNNER;
		if (slot->database != database)
			continue;
		if (slot->kind == NVP_PROCESS_KEEPER)
			keeper = slot;
		else if (slot->kind == NVP_PROCESS_RUNNER && n > 0 && call_idle(slot))
			n--;
	}
	if (n > 0 && keeper && runners < nvp_guc_max_workers)
		wake(keeper->procno);
	LWLockRelease(nvp_shared->lock);
}

/*
 * nvp_limit_met notes that what waits in a database may be held back by a limit;
 * to be called before the look that finds nothing.
 */
void
nvp_limit_met(Oid database)
{
	NvpDatabase *entry;

	if (nvp_shared == NULL)
		return;
	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	entry = nvp_database_entry(database, true);
	if (entry)
		entry->limited = true;
	LWLockRelease(nvp_shared->lock);
}

/* nvp_limit_eased wakes an idle runner if one may wait for what has ended now. */
void
nvp_limit_eased(Oid database)
{
	NvpDatabase *entry;
	bool		limited = false;

	if (nvp_shared == NULL)
		return;
	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	entry = nvp_database_entry(database, false);
	if (entry)
	{
		limited = entry->limited;
		entry->limited = false;
		entry->asked += limited;	/* one that is called already may have looked before */
	}
	LWLockRelease(nvp_shared->lock);
	if (limited)
		nvp_call_runners(database, 1);
}

/*
 * nvp_wake_database tells the processes of a database that there is something
 * to do: its keeper, one idle runner and one idle sender; without a keeper the
 * launcher is told to look at once.
 */
void
nvp_wake_database(Oid database)
{
	NvpDatabase *entry;
	bool		has_keeper = false;
	bool		woke_runner = false;
	bool		woke_sender = false;

	if (nvp_shared == NULL)
		return;
	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < NVP_SLOTS; i++)
	{
		NvpSlot    *slot = &nvp_shared->slots[i];

		if (slot->database != database)
			continue;
		if (slot->kind == NVP_PROCESS_KEEPER)
		{
			wake(slot->procno);
			has_keeper = true;
		}
		else if (slot->kind == NVP_PROCESS_RUNNER && !woke_runner)
			woke_runner = call_idle(slot);
		else if (slot->kind == NVP_PROCESS_SENDER && slot->is_idle && !woke_sender)
		{
			wake(slot->procno);
			woke_sender = true;
		}
	}
	entry = nvp_database_entry(database, true);
	if (entry)
	{
		entry->look_at = 0;
		entry->tries = 0;
		entry->asked++;			/* a keeper may be just about to leave */
	}
	LWLockRelease(nvp_shared->lock);
	if (!has_keeper)
		nvp_wake_launcher();
}

/*
 * nvp_wake_keeper tells the keeper of a database, or the launcher, that there is
 * something for it; runners and senders are left alone.
 */
void
nvp_wake_keeper(Oid database)
{
	NvpDatabase *entry;
	bool		has_keeper = false;

	LWLockAcquire(nvp_shared->lock, LW_SHARED);
	for (int i = 0; i < NVP_SLOTS && !has_keeper; i++)
	{
		NvpSlot    *slot = &nvp_shared->slots[i];

		if (slot->kind == NVP_PROCESS_KEEPER && slot->database == database)
		{
			wake(slot->procno);
			has_keeper = true;
		}
	}
	LWLockRelease(nvp_shared->lock);
	if (has_keeper)
		return;
	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	entry = nvp_database_entry(database, true);
	if (entry)
	{
		entry->look_at = 0;
		entry->tries = 0;
		entry->asked++;
	}
	LWLockRelease(nvp_shared->lock);
	nvp_wake_launcher();
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

/* ---- waking at commit ------------------------------------------------------ */

#define WAKE_WORKERS	1
#define WAKE_LISTENERS	2
#define WAKE_KEEPER		4

#define WAKE_RUNNER		8

static int	wake_pending = 0;

/*
 * Wake one idle runner; the next who queues something wakes another.  Those that
 * are busy will have a look when they are done.
 */
static void
wake_runner(Oid database)
{
	NvpDatabase *entry;
	NvpSlot    *keeper = NULL;
	bool		woken = false;
	int			all = 0;
	int			own = 0;

	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	entry = nvp_database_entry(database, true);
	if (entry)
		entry->asked++;
	for (int i = 0; i < NVP_SLOTS && !woken; i++)
	{
		NvpSlot    *slot = &nvp_shared->slots[i];

		all += slot->kind == NVP_PROCESS_RUNNER;
		if (slot->database != database)
			continue;
		if (slot->kind == NVP_PROCESS_KEEPER)
			keeper = slot;
		else if (slot->kind == NVP_PROCESS_RUNNER)
		{
			own++;
			woken = call_idle(slot);
		}
	}
	if (entry && own == 0)
		entry->wants_runner = true;
	if (!woken && keeper && (own == 0 || all < nvp_guc_max_workers))
		wake(keeper->procno);
	LWLockRelease(nvp_shared->lock);
	if (!woken && keeper == NULL)
		nvp_wake_keeper(database);
}

/* nvp_runner_wanted tells whether something was queued since it was asked last, while there was no runner. */
bool
nvp_runner_wanted(Oid database)
{
	NvpDatabase *entry;
	bool		wanted = false;

	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	entry = nvp_database_entry(database, false);
	if (entry)
	{
		wanted = entry->wants_runner;
		entry->wants_runner = false;
	}
	LWLockRelease(nvp_shared->lock);
	return wanted;
}

/* wake the listeners whose clients wait for news */
static void
wake_listeners(Oid database)
{
	LWLockAcquire(nvp_shared->lock, LW_SHARED);
	for (int i = 0; i < NVP_SLOTS; i++)
	{
		NvpSlot    *slot = &nvp_shared->slots[i];

		if (slot->kind == NVP_PROCESS_LISTENER && slot->database == database && slot->waiting > 0)
		{
			slot->has_news = true;
			wake(slot->procno);
		}
	}
	LWLockRelease(nvp_shared->lock);
}

static void
wake_after_commit(XactEvent event, void *arg)
{
	int			whom = wake_pending;

	if (whom == 0)
		return;
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_PARALLEL_COMMIT)
	{
		wake_pending = 0;
		if (whom & WAKE_WORKERS)
			nvp_wake_database(MyDatabaseId);
		else if (whom & WAKE_KEEPER)
			nvp_wake_keeper(MyDatabaseId);
		if ((whom & WAKE_RUNNER) && !(whom & WAKE_WORKERS))
			wake_runner(MyDatabaseId);
		if (whom & WAKE_LISTENERS)
			wake_listeners(MyDatabaseId);
	}
	else if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PARALLEL_ABORT)
		wake_pending = 0;
}

static void
wake_later(int whom)
{
	static bool registered = false;

	if (nvp_shared == NULL)
		return;
	if (!registered)
		RegisterXactCallback(wake_after_commit, NULL);
	registered = true;
	wake_pending |= whom;
}

/*
 * nvp_wake_at_commit wakes the workers of this database once, when the current
 * transaction commits, and the listeners.  What they do does not depend on being
 * told.
 */
void
nvp_wake_at_commit(void)
{
	wake_later(WAKE_WORKERS | WAKE_LISTENERS);
}

/*
 * nvp_work_at_commit wakes an idle runner of this database when the current
 * transaction commits, and the listeners: something was queued.  Where there is
 * no idle runner, and there may be more, it is the keeper's affair.
 */
void
nvp_work_at_commit(void)
{
	wake_later(WAKE_RUNNER | WAKE_LISTENERS);
}

/*
 * nvp_tell_at_commit wakes the listeners of this database alone: there is
 * something to tell to clients, and nothing to do.
 */
void
nvp_tell_at_commit(void)
{
	wake_later(WAKE_LISTENERS);
}

/*
 * nvp_keeper_at_commit wakes the keeper of this database alone: it has something
 * to look at, for others there is nothing yet.
 */
void
nvp_keeper_at_commit(void)
{
	wake_later(WAKE_KEEPER);
}
