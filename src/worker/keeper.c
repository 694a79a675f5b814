/*-------------------------------------------------------------------------
 *
 * keeper.c
 *		Keeps one database: settles what died, starts runners for what is due.
 *
 * A tick: fire schedules, if one is due.  Is the extension still there?  Settle
 * executions without a process; renew the leases of the living; take the
 * signals of triggers; if executions (or the queries of triggers) are due, wake
 * idle runners or start new ones, and senders likewise if events are to be sent.
 * Then sleep until the next of all that is due or somebody commits new work; a
 * minute at most, a third of the lease while something runs.
 *
 * Between ticks is maintenance (exec/maintain.h), every nuvopipe.maintenance_interval:
 * for a few hundredths of a second, so that nobody waits for his runner; if that
 * was not enough, again after a pause of the same length.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/guc.h"
#include "base/process.h"
#include "base/query.h"
#include "exec/execution.h"
#include "exec/maintain.h"
#include "exec/outbox.h"
#include "exec/probe.h"
#include "exec/queue.h"
#include "exec/schedule.h"
#include "exec/signal.h"
#include "base/shmem.h"
#include "base/wake.h"
#include "worker/worker.h"

#define IDLE_TICK_MS	60000
#define RETRY_MS		1000	/* what could not be started now is tried again */
#define JOBS_MS			2000	/* jobs in another database are looked after so often at most */
#define MAINTAIN_MS		50		/* of maintenance in one go, and the pause after it */
#define FIRE_MS			200		/* of firing in one go, where more are due than go into one transaction */
#define PACE_MS			20		/* a burst of commits is looked at so often, not after each */
#define TICK_SHARE		20		/* while work waits, ticks take at most this part of the time */
#define YIELD_MS		5		/* for which runners that have been called get the processor to themselves */
#define SLACK_SHARE		500		/* of a sleep, that it may be longer; twice that, to be sure */
#define ARRIVAL_MS		5000	/* a runner that has not come by then will not come */

/* how often somebody asked for a look at this database */
static uint32
times_asked(bool found)
{
	NvpDatabase *entry;
	uint32		asked = 0;

	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	entry = nvp_database_entry(MyDatabaseId, true);
	if (entry)
	{
		asked = entry->asked;
		if (found)
			entry->tries = 0;
	}
	LWLockRelease(nvp_shared->lock);
	return asked;
}

/* leave; when to look again is the launcher's affair, unless somebody asked meanwhile */
static void
leave(uint32 asked)
{
	NvpDatabase *entry;

	nvp_slot_free();
	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	entry = nvp_database_entry(MyDatabaseId, false);
	if (entry && entry->asked != asked)
		entry->look_at = 0;
	LWLockRelease(nvp_shared->lock);
	nvp_wake_launcher();
	proc_exit(0);
}

/* how many runners are on their way; notes another n */
static int
runners_starting(int n)
{
	TimestampTz now = GetCurrentTimestamp();
	NvpDatabase *entry;
	int			starting = 0;

	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	entry = nvp_database_entry(MyDatabaseId, true);
	if (entry)
	{
		if (TimestampDifferenceExceeds(entry->starting_since, now, ARRIVAL_MS))
			entry->starting = 0;
		if (n > 0)
			entry->starting_since = now;
		starting = entry->starting += n;
	}
	LWLockRelease(nvp_shared->lock);
	return starting;
}

/* wake idle runners first, then start as many as there is work and room for */
static void
start_runners(int64 due)
{
	static bool complained = false;
	int			idle = nvp_count_slots(NVP_PROCESS_RUNNER, MyDatabaseId, true);
	int			starting = runners_starting(0);
	int			all = nvp_count_slots(NVP_PROCESS_RUNNER, InvalidOid, false) + starting;

	nvp_wake_idle(NVP_PROCESS_RUNNER, MyDatabaseId, due);
	for (due -= idle + starting; due > 0 && all < nvp_guc_max_workers; due--, all++)
	{
		(void) runners_starting(1); /* it may be quick to come */
		if (nvp_worker_start("nuvopipe_runner_main", "nuvopipe runner", MyDatabaseId))
		{
			complained = false;
			continue;
		}
		(void) runners_starting(-1);
		if (!complained)
			ereport(LOG,
					errcode(ERRCODE_INSUFFICIENT_RESOURCES),
					errmsg("nuvopipe: no free background worker slot for a runner"),
					errhint("Raise max_worker_processes, or lower nuvopipe.max_workers."));
		complained = true;
		break;
	}
}

/*
 * Wake the idle senders; if there are none, start one.  Another is started only
 * where something still waits a second later: one sends a lot in a second,
 * unless a receiver hangs.
 */
static void
start_sender(int64 due)
{
	static TimestampTz asked_at = 0;
	TimestampTz now = GetCurrentTimestamp();

	nvp_wake_idle(NVP_PROCESS_SENDER, MyDatabaseId, due);
	if (nvp_count_slots(NVP_PROCESS_SENDER, MyDatabaseId, true) > 0 ||
		nvp_count_slots(NVP_PROCESS_SENDER, MyDatabaseId, false) >= nvp_guc_max_senders ||
		!TimestampDifferenceExceeds(asked_at, now, RETRY_MS - 10))
		return;
	asked_at = now;
	(void) nvp_worker_start("nuvopipe_sender_main", "nuvopipe sender", MyDatabaseId);
}

/* when the first schedule is due, as the last look has found it; and what came of the last firing */
static TimestampTz next_schedule = 0;
static bool is_blocked = false; /* somebody else has what was due, or it has failed */
static TimestampTz fire_not_before = 0;

/* a portion of the schedules that are due, in a transaction of its own; how many it was */
static int
fire_portion(void)
{
	int			fired = 1;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	pgstat_report_activity(STATE_RUNNING, "nuvopipe: fire schedules");
	if (nvp_extension_hold())
		fired = nvp_schedule_fire();
	PopActiveSnapshot();
	CommitTransactionCommand();
	return fired;
}

/*
 * Fire schedules, if some are due, before anything else is looked at, so that
 * runners see at once what there is to do.  An error is logged and keeps nothing
 * else from being done.
 *
 * out: whether there was something to be fired.
 */
static bool
fire_schedules(void)
{
	static int	failures = 0;
	MemoryContext context = CurrentMemoryContext;
	TimestampTz now = GetCurrentTimestamp();
	volatile int total = 0;

	if (next_schedule == 0 || next_schedule > now)
		return false;
	PG_TRY();
	{
		int			fired;

		do
		{
			fired = fire_portion();
			total += fired;
		} while (fired >= NVP_SCHEDULE_PORTION && !TimestampDifferenceExceeds(now, GetCurrentTimestamp(), FIRE_MS));
		failures = 0;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		HOLD_INTERRUPTS();
		EmitErrorReport();
		AbortCurrentTransaction();
		FlushErrorState();
		RESUME_INTERRUPTS();
		failures = Min(failures + 1, 6);
		fire_not_before = TimestampTzPlusMilliseconds(now, 1000L << failures);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	is_blocked = total == 0;
	return total > 0;
}

/* when to fire again, 0 = nothing is due; what is due and could not be had, or has failed, is tried again later */
static TimestampTz
when_to_fire(void)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz due = nvp_schedule_due(0);
	TimestampTz later;

	if (!is_blocked || due == 0 || due > now)
		return due;
	due = TimestampTzPlusMilliseconds(now, RETRY_MS);
	later = nvp_schedule_due(now);
	if (later != 0)
		due = Min(due, later);
	return Max(due, fire_not_before);
}

/*
 * Now and then, repair schedules; and keep jobs of pg_cron: in this database they
 * are made with the schedule, so that a look now and then repairs what is
 * different; in another one it is this that makes them.  In a transaction.
 *
 * out: when to look again at the latest, in ms.
 */
static long
look_after_schedules(void)
{
	static TimestampTz looked_at = 0;
	static TimestampTz repaired_at = 0;
	static bool is_elsewhere = false;
	static bool complained = false;
	TimestampTz now = GetCurrentTimestamp();
	long		interval = is_elsewhere ? JOBS_MS : IDLE_TICK_MS;
	NvpScheduleJobs jobs;

	if (looked_at <= now && !TimestampDifferenceExceeds(looked_at, now, interval))
		return interval - TimestampDifferenceMilliseconds(looked_at, now);
	if (looked_at > now || TimestampDifferenceExceeds(repaired_at, now, IDLE_TICK_MS))
	{
		nvp_schedule_repair(repaired_at == 0);
		repaired_at = now;
	}
	looked_at = now;
	nvp_schedule_jobs(&jobs);
	if (jobs.fault && !complained)
		ereport(LOG,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("nuvopipe: jobs of pg_cron could not be changed: %s", jobs.fault),
				errhint("Schedules are fired without them; this is tried again every minute."));
	complained = jobs.fault != NULL;
	is_elsewhere = jobs.elsewhere != NULL;
	if (is_elsewhere)
		nvp_scribe_keep(jobs.database, jobs.elsewhere);
	return IDLE_TICK_MS;
}

/* the extension has gone, and what it has written elsewhere goes too */
static void
leave_jobs(void)
{
	char	   *name;

	StartTransactionCommand();
	name = get_database_name(MyDatabaseId);
	if (name)
		nvp_scribe_leave(name);
	CommitTransactionCommand();
}

/* what a look at the tables has found; times of 0: nothing waits for one */
typedef struct Findings
{
	int64		runs;			/* executions that could be claimed */
	int64		probes;			/* queries of triggers that are due */
	int64		deliveries;		/* to webhooks, due */
	int64		signals;		/* of triggers, left for later */
	TimestampTz next_run;
	TimestampTz next_probe;
	TimestampTz next_delivery;
	long		ms;				/* when to look again at the latest */
} Findings;

/* a transaction: settle what can be settled, see what is to be done; false if the extension has gone */
static bool
look(Findings *found)
{
	static bool has_orphans = true; /* not looked yet */
	bool		exists;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	pgstat_report_activity(STATE_RUNNING, "nuvopipe: reconcile");
	exists = nvp_extension_hold();
	if (exists)
	{
		nvp_exec_sweep(has_orphans);
		nvp_exec_renew();
		nvp_notice_reconcile();
		nvp_signal_doubts();
		(void) nvp_signal_start(&found->signals);
		found->probes = nvp_probe_due(&found->next_probe);
		found->runs = nvp_queue_due(nvp_guc_max_workers, &found->next_run, &has_orphans);
		found->deliveries = nvp_outbox_due(&found->next_delivery);
		next_schedule = when_to_fire();
		found->ms = look_after_schedules();
	}
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_stat(false);
	pgstat_report_activity(STATE_IDLE, NULL);
	if (exists)
	{
		nvp_notice_settled();
		nvp_signal_settled();
	}
	return exists;
}

/* get those to work who are needed; notes how soon it must be looked whether they came */
static void
get_to_work(Findings *found, TimestampTz began_at)
{
	int64		due = found->runs + (found->probes + NVP_PROBE_BATCH - 1) / NVP_PROBE_BATCH;

	nvp_probes_set(MyDatabaseId, (int) found->probes);
	if (due > 0)
	{
		long		share = TICK_SHARE * TimestampDifferenceMilliseconds(began_at, GetCurrentTimestamp());

		start_runners(due);
		if (nvp_guc_max_workers > 0)
			found->ms = Min(found->ms, Max(RETRY_MS, share));
	}
	else if (nvp_count_slots(NVP_PROCESS_RUNNER, MyDatabaseId, false) >
			 nvp_count_slots(NVP_PROCESS_RUNNER, MyDatabaseId, true))
		found->ms = Min(found->ms, nvp_guc_lease_timeout / 3);
	if (found->deliveries > 0 && nvp_guc_max_senders > 0)
	{
		start_sender(found->deliveries);
		found->ms = Min(found->ms, RETRY_MS);
	}
	if (found->signals > 0)
		found->ms = Min(found->ms, RETRY_MS);
}

/* one tick; returns how long to sleep, or -1 when the extension has gone */
static long
tick(void)
{
	TimestampTz began_at = GetCurrentTimestamp();
	Findings	found = {0};
	TimestampTz now;
	long		ms;
	bool		fired = fire_schedules();

	if (nvp_runner_wanted(MyDatabaseId))
		start_runners(1);		/* it comes up while we look */
	if (fired)
		(void) WaitLatch(NULL, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, YIELD_MS, PG_WAIT_EXTENSION);
	nvp_notice_hear();
	if (!look(&found))
	{
		leave_jobs();
		return -1;
	}
	get_to_work(&found, began_at);
	ms = found.ms;
	now = GetCurrentTimestamp();
	if (found.next_run != 0)
		ms = Min(ms, TimestampDifferenceMilliseconds(now, found.next_run) + 1);
	if (found.next_probe != 0)
		ms = Min(ms, TimestampDifferenceMilliseconds(now, found.next_probe) + 1);
	if (found.next_delivery != 0)
		ms = Min(ms, TimestampDifferenceMilliseconds(now, found.next_delivery) + 1);
	ms = Max(ms, 10);
	if (next_schedule != 0)
		ms = Min(ms, TimestampDifferenceMilliseconds(now, next_schedule));
	return ms;
}

/* a tick whose error is logged and does not end the keeper */
static long
guarded_tick(MemoryContext loop)
{
	static int	failures = 0;
	volatile long ms = 0;

	PG_TRY();
	{
		ms = tick();
		failures = 0;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(loop);
		HOLD_INTERRUPTS();
		EmitErrorReport();
		AbortCurrentTransaction();
		FlushErrorState();
		RESUME_INTERRUPTS();
		failures = Min(failures + 1, 6);
		ms = 1000L << failures;
	}
	PG_END_TRY();
	return ms;
}

/* one portion of maintenance; false ends the round, or this go: the extension has gone */
static bool
maintain_portion(NvpMaintenance *state)
{
	bool		goes_on = false;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	pgstat_report_activity(STATE_RUNNING, "nuvopipe: maintain");
	if (nvp_extension_hold())
		goes_on = nvp_maintain_portion(state, false);
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_stat(false);
	pgstat_report_activity(STATE_IDLE, NULL);
	return goes_on;
}

/*
 * Maintenance for a while, if it is its time; returns for how long the keeper
 * may sleep.  An error is logged and must not keep executions waiting: the
 * next round is tried at its time.
 */
static long
maintain(MemoryContext loop)
{
	static NvpMaintenance state = {0};
	static TimestampTz last = 0;	/* end of the last go */
	static bool goes_on = false;	/* it was not the end of a round with nothing left */
	TimestampTz start = GetCurrentTimestamp();
	long		pause = goes_on ? MAINTAIN_MS : nvp_guc_maintenance_interval;

	if (nvp_guc_maintenance_interval == 0)
		return IDLE_TICK_MS;
	if (!TimestampDifferenceExceeds(last, start, pause))
		return pause - TimestampDifferenceMilliseconds(last, start);
	goes_on = false;
	PG_TRY();
	{
		bool		in_round = true;

		while (in_round && !TimestampDifferenceExceeds(start, GetCurrentTimestamp(), MAINTAIN_MS) &&
			   (next_schedule == 0 || next_schedule > GetCurrentTimestamp()))
			in_round = maintain_portion(&state);
		goes_on = in_round || state.has_more;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(loop);
		HOLD_INTERRUPTS();
		EmitErrorReport();
		AbortCurrentTransaction();
		FlushErrorState();
		RESUME_INTERRUPTS();
		memset(&state, 0, sizeof(state));
	}
	PG_END_TRY();
	last = GetCurrentTimestamp();
	return goes_on ? MAINTAIN_MS : nvp_guc_maintenance_interval;
}

/* a tick begins no sooner than this after the last one, however many commits call for it; latches stay set */
static void
keep_pace(TimestampTz last)
{
	long		ms = PACE_MS - TimestampDifferenceMilliseconds(last, GetCurrentTimestamp());

	if (ms > 0)
		(void) WaitLatch(NULL, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, ms, PG_WAIT_EXTENSION);
}

/*
 * Sleep for a while, at most until a schedule is due, but no longer: the kernel
 * lets one sleep a thousandth longer than was asked for, and milliseconds are
 * rounded up.  So the last part is slept by itself.
 */
static void
rest(long ms)
{
	int64		left = next_schedule - GetCurrentTimestamp();	/* microseconds */
	long		early;

	if (next_schedule == 0 || left > ms * INT64CONST(1000))
	{
		nvp_worker_sleep(ms, PG_WAIT_EXTENSION);
		return;
	}
	ms = Max(left, 0) / 1000;
	early = ms / SLACK_SHARE + 1;
	if (ms > early)
		nvp_worker_sleep(ms - early, PG_WAIT_EXTENSION);
	left = next_schedule - GetCurrentTimestamp();
	if (left >= 1000 && left <= (early + 1) * INT64CONST(1000))
	{
		nvp_worker_sleep(left / 1000, PG_WAIT_EXTENSION);
		left = next_schedule - GetCurrentTimestamp();
	}
	if (left > 0 && left < 1000)
		pg_usleep(left);
}

/* nuvopipe_keeper_main is a keeper's whole life; arg is the database's oid. */
void
nuvopipe_keeper_main(Datum arg)
{
	MemoryContext loop;
	bool		found = false;

	nvp_worker_setup();
	nvp_process_connect(DatumGetObjectId(arg));
	if (nvp_count_slots(NVP_PROCESS_KEEPER, MyDatabaseId, false) > 0 ||
		!nvp_slot_take(NVP_PROCESS_KEEPER))
		proc_exit(0);
	loop = AllocSetContextCreate(TopMemoryContext, "nuvopipe loop", ALLOCSET_DEFAULT_SIZES);
	for (;;)
	{
		uint32		asked = times_asked(found);
		TimestampTz last;
		long		ms;

		MemoryContextSwitchTo(loop);
		ms = guarded_tick(loop);
		if (ms < 0)
			leave(asked);
		found = true;
		ms = Min(ms, maintain(loop));
		MemoryContextSwitchTo(loop);
		MemoryContextReset(loop);
		last = GetCurrentTimestamp();
		rest(ms);
		keep_pace(last);
	}
}
