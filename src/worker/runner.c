/*-------------------------------------------------------------------------
 *
 * runner.c
 *		Takes executions from the queue and carries each to its end.
 *
 * The same loop serves background runners, CALL nuvopipe.work() and CALL
 * nuvopipe.run().  A runner that finds nothing stays warm for a while
 * (nuvopipe.worker_idle_timeout), then leaves.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/guc.h"
#include "base/process.h"
#include "base/query.h"
#include "exec/company.h"
#include "exec/identity.h"
#include "exec/maintain.h"
#include "exec/probe.h"
#include "exec/queue.h"
#include "exec/run.h"
#include "exec/schedule.h"
#include "exec/signal.h"
#include "exec/tell.h"
#include "net/transfer.h"
#include "base/shmem.h"
#include "base/wake.h"
#include "worker/worker.h"

#define MAINTAIN_MS		1000	/* that nuvopipe.work spends on it at most */

/* one line for people, one for the log */
static void
tell(const NvpExecution *execution, const NvpRunReport *report, bool notices)
{
	const NvpOutcome *o = &report->outcome;
	const NvpCounts *c = &o->counts;
	int			level = notices ? NOTICE : LOG;
	const char *prefix = notices ? "" : "nuvopipe: ";
	char	   *label = nvp_run_label(execution);

	if (strcmp(report->status, "SUCCEEDED") == 0)
		ereport(level,
				errmsg("%s%s %s: " UINT64_FORMAT " rows read, " UINT64_FORMAT " written, "
					   UINT64_FORMAT " rejected, " UINT64_FORMAT " error cells, " INT64_FORMAT " ms",
					   prefix, label, report->status, c->rows_read, c->rows_written,
					   c->rows_rejected, c->error_cells, o->duration_ms),
				o->note ? errdetail("%s.", o->note) : 0);
	else
		ereport(level,
				errmsg("%s%s %s: %s", prefix, label, report->status,
					   o->fault.message ? o->fault.message : "no reason given"),
				o->fault.detail ? errdetail("%s", o->fault.detail) : 0,
				o->fault.hint ? errhint("%s", o->fault.hint) : 0);
}

/* ---- progress in a session ------------------------------------------------- */

#define PROGRESS_MS		2000

static TimestampTz told_at = 0;

/* called by long loops and while the network is waited for: a line every two seconds */
static void
tell_progress(void)
{
	const NvpProgress *p = nvp_progress;
	TimestampTz now = GetCurrentTimestamp();

	if (!TimestampDifferenceExceeds(told_at, now, PROGRESS_MS))
		return;
	told_at = now;
	if (p->bytes_total > 0)
		ereport(NOTICE,
				errmsg("%s: " INT64_FORMAT " %% of " INT64_FORMAT " MB, " INT64_FORMAT " rows",
					   nvp_phase_name(p->phase), p->bytes_done * 100 / p->bytes_total,
					   p->bytes_total / (1024 * 1024), p->rows_done));
	else
		ereport(NOTICE,
				errmsg("%s: " INT64_FORMAT " MB", nvp_phase_name(p->phase), p->bytes_done / (1024 * 1024)));
}

static void
watch_progress(bool watch)
{
	told_at = GetCurrentTimestamp();
	nvp_progress_tick_hook = watch ? tell_progress : NULL;
	nvp_net_set_idle_hook(watch ? tell_progress : NULL);
}

/* ---- leaving in mid-run ------------------------------------------------------ */

#define LEAVE_TRIES		25
#define LEAVE_PAUSE_MS	20

/* what this process has claimed and not ended */
static const NvpExecution *under_way;
static int	nunder_way = 0;

/* the session of a runner: it may have claimed the next one already */
static NvpSession *own_session = NULL;

/* maintenance makes a partition in between, which takes a moment */
static bool
lock_to_leave(void)
{
	for (int i = 0; i < LEAVE_TRIES; i++)
	{
		if (nvp_exec_lock_at_exit())
			return true;
		pg_usleep(LEAVE_PAUSE_MS * 1000L);
	}
	return false;
}

/*
 * At the end of a runner.  One that was asked to leave (the server shuts down,
 * the database is to be dropped) gives the attempt back: it failed of nothing.
 * In an exit callback no error can be caught, so all that could be in the way is
 * looked at first; what cannot be done is left to the keeper's next sweep.
 */
static void
give_back_at_exit(int code, Datum arg)
{
	int			nnext = own_session ? own_session->nnext : 0;

	if (nunder_way + nnext == 0 || !nvp_worker_asked_to_leave())
		return;
	AbortOutOfAnyTransaction();
	nvp_tell_back(0);
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (lock_to_leave())
	{
		/* what was claimed in a transaction that did not commit is not ours, which is looked at */
		for (int i = 0; i < nunder_way; i++)
			nvp_exec_give_back(&under_way[i]);
		for (int i = 0; i < nnext; i++)
			nvp_exec_give_back(&own_session->next[i]);
	}
	PopActiveSnapshot();
	CommitTransactionCommand();
	nvp_tell_committed();
}

#define EASE_MS			10

/* of the execution that this process ended last, while nobody was told of it */
static bool has_ended = false;
static pg_uuid_t ended_pipeline;

/*
 * An execution has ended, and another pipeline's turn has come, or nobody's (next
 * is NULL): one may wait for the end of just this one.  Who goes on will be here
 * again soon.
 */
static void
ease_limits(const NvpExecution *next)
{
	static TimestampTz last = 0;
	TimestampTz now = GetCurrentTimestamp();

	if (!has_ended)
		return;
	has_ended = false;
	if (next && (memcmp(&next->pipeline_id, &ended_pipeline, sizeof(pg_uuid_t)) == 0 ||
				 !TimestampDifferenceExceeds(last, now, EASE_MS)))
		return;
	last = now;
	nvp_limit_eased(MyDatabaseId);
}

/* what was under way is over, of a pipeline */
static void
after_runs(NvpSession *session, const pg_uuid_t *pipeline_id)
{
	if (session->nnext == 0)
		nvp_slot_execution(NULL);
	has_ended = true;
	ended_pipeline = *pipeline_id;
	nvp_identity_forget(session);
	MemoryContextSwitchTo(session->context);
	MemoryContextDeleteChildren(session->context);
	MemoryContextReset(session->context);
	if (!session->is_procedure)
	{
		pgstat_report_stat(false);
		pgstat_report_activity(STATE_IDLE, NULL);
	}
	else
		ease_limits(NULL);
}

/*
 * nvp_run_claimed carries an execution that was claimed by this process, in a
 * committed transaction, to its end.
 */
void
nvp_run_claimed(NvpSession *session, NvpExecution *execution, bool notices)
{
	NvpRunReport report;
	pg_uuid_t	pipeline_id = execution->pipeline_id;

	nvp_slot_execution(&execution->id);
	under_way = execution;
	nunder_way = 1;
	watch_progress(session->is_procedure);
	PG_TRY();
	{
		nvp_run_execution(session, execution, &report);
	}
	PG_FINALLY();
	{
		watch_progress(false);
		nunder_way = 0;
	}
	PG_END_TRY();
	if (report.status && strcmp(report.status, "QUEUED") == 0)
		nvp_wake_database(MyDatabaseId);	/* the keeper sleeps by what it saw before */
	tell(execution, &report, notices);
	after_runs(session, &pipeline_id);
}

/* several that were claimed together; where they come to nothing, they wait again */
static void
run_company(NvpSession *session, NvpExecution *executions, int n)
{
	NvpRunReport *reports = MemoryContextAllocZero(session->context, sizeof(NvpRunReport) * n);
	pg_uuid_t	pipeline_id = executions[0].pipeline_id;

	under_way = executions;
	nunder_way = n;
	PG_TRY();
	{
		nvp_company_run(session, executions, n, reports);
	}
	PG_FINALLY();
	{
		nunder_way = 0;
	}
	PG_END_TRY();
	for (int i = 0; i < n; i++)
	{
		if (reports[i].status)
			tell(&executions[i], &reports[i], false);
	}
	after_runs(session, &pipeline_id);
}

/*
 * nvp_run_next claims one execution, or what goes with the last, and carries it
 * to its end.
 *
 * in: a certain execution, or NULL for any that is due.
 * out: false if there was nothing to claim.
 */
bool
nvp_run_next(NvpSession *session, const pg_uuid_t *only, bool notices)
{
	NvpExecution *executions;
	int			n = nvp_queue_take_next(session, &executions);

	if (n == 0)
	{
		if (!session->is_procedure)
			QueryCancelPending = false; /* meant for the execution before this */
		nvp_session_begin(session);
		n = only ? nvp_exec_claim_only(only, executions) : nvp_queue_claim(session, true, executions);
		nvp_session_commit(session);
	}
	ease_limits(n > 0 ? executions : NULL);
	if (n > 1)
		run_company(session, executions, n);
	else if (n > 0)
		nvp_run_claimed(session, executions, notices);
	return n > 0;
}

/* queue what schedules want to be run by now */
static void
fire_schedules(NvpSession *session)
{
	int			fired = 1;

	while (fired > 0)
	{
		nvp_session_begin(session);
		fired = nvp_schedule_fire();
		nvp_session_commit(session);
		CHECK_FOR_INTERRUPTS();
	}
}

/* the signals of triggers, which a keeper takes where there is one; false if they start nothing */
bool
nvp_run_signals(NvpSession *session)
{
	int64		waiting;
	int			started;

	nvp_session_begin(session);
	started = nvp_signal_start(&waiting);
	nvp_session_commit(session);
	return started > 0;
}

/* nvp_maintain_alone does what a keeper would, for a while, where there is none. */
void
nvp_maintain_alone(NvpSession *session, long max_ms)
{
	if (nvp_guc_maintenance_interval > 0 &&
		(nvp_shared == NULL || nvp_count_slots(NVP_PROCESS_KEEPER, MyDatabaseId, false) == 0))
		nvp_maintain_session(session, false, max_ms);
}

/*
 * nvp_work runs executions until none is due, and sends events likewise; at most
 * max_seconds (-1 = no limit), looked at in between.
 *
 * out: how many were run.
 */
int
nvp_work(NvpSession *session, int max_seconds)
{
	TimestampTz until = max_seconds < 0 ? DT_NOEND :
		TimestampTzPlusMilliseconds(GetCurrentTimestamp(), max_seconds * INT64CONST(1000));
	MemoryContext before = MemoryContextSwitchTo(MemoryContextGetParent(session->context));
	NvpNet	   *net = nvp_net_open();
	int			n = 0;

	MemoryContextSwitchTo(before);
	nvp_session_begin(session);
	nvp_exec_sweep(true);
	nvp_session_commit(session);
	fire_schedules(session);
	do
	{
		while (GetCurrentTimestamp() < until && nvp_run_next(session, NULL, true))
		{
			n++;
			CHECK_FOR_INTERRUPTS();
		}
		/* that takes time: something may be queued again by then */
	} while (GetCurrentTimestamp() < until &&
			 (nvp_send_due(session, net, until) > 0 || nvp_probe_run(session) > 0 || nvp_run_signals(session)));
	nvp_net_close(net);
	nvp_maintain_alone(session, MAINTAIN_MS);
	return n;
}

/*
 * An error here was none of an execution's (those are written down).  It is
 * logged, and the runner leaves; the keeper starts another where one is needed.
 * Where the extension is dropped, nvp_session_begin ends the process.
 */
static void
work_until_idle(NvpSession *session)
{
	TimestampTz idle_since = GetCurrentTimestamp();

	while (!nvp_slot_is_surplus(nvp_guc_max_workers))
	{
		uint32		asked = nvp_database_asked(MyDatabaseId);
		long		left;

		session->wants_next = true;
		while (nvp_run_next(session, NULL, false))
		{
			asked = nvp_database_asked(MyDatabaseId);
			idle_since = GetCurrentTimestamp();
			(void) nvp_process_settings();
			session->wants_next = !nvp_slot_is_surplus(nvp_guc_max_workers) && nvp_probes(MyDatabaseId) == 0;
			if (session->nnext > 0 || session->wants_next)
				continue;
			if (nvp_slot_is_surplus(nvp_guc_max_workers))
			{
				ease_limits(NULL);
				return;
			}
			(void) nvp_probe_run(session);
		}
		/* whoever queued something since the last look has called us, and nobody else */
		nvp_slot_execution(NULL);
		if (nvp_database_asked(MyDatabaseId) != asked)
			continue;
		if (nvp_probe_run(session) > 0)
			idle_since = GetCurrentTimestamp();
		left = nvp_guc_worker_idle_timeout -
			TimestampDifferenceMilliseconds(idle_since, GetCurrentTimestamp());
		if (left <= 0)
			break;
		nvp_worker_sleep(left, PG_WAIT_EXTENSION);
	}
}

/* nuvopipe_runner_main is a runner's whole life; arg is the database's oid. */
void
nuvopipe_runner_main(Datum arg)
{
	NvpSession	session;

	nvp_worker_setup();
	nvp_process_connect(DatumGetObjectId(arg));
	if (!nvp_slot_take(NVP_PROCESS_RUNNER))
		proc_exit(0);
	before_shmem_exit(give_back_at_exit, 0);
	nvp_session_open(&session, false);
	own_session = &session;
	work_until_idle(&session);
	own_session = NULL;
	nvp_session_close(&session);
	proc_exit(0);
}
