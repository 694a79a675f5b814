/*-------------------------------------------------------------------------
 *
 * wake.c
 *		Who is woken when there is something to do.
 *
 * See wake.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/proc.h"

#include "base/compat.h"
#include "base/guc.h"
#include "base/wake.h"

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
