/*-------------------------------------------------------------------------
 *
 * sender.c
 *		Tells webhooks what the outbox holds for them.
 *
 * Senders are apart from runners, so that a load of an hour does not keep
 * events waiting, nor a receiver that hangs a load.  The keeper starts the
 * first when something is to be sent, and another for each second that one
 * is still waiting then, up to nuvopipe.max_senders in a database; a sender
 * that finds nothing stays for nuvopipe.worker_idle_timeout, then leaves.
 *
 * With several senders no organization has all of them: a receiver that hangs
 * takes the time of its own events only.
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
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/guc.h"
#include "base/process.h"
#include "base/query.h"
#include "base/shmem.h"
#include "exec/outbox.h"
#include "worker/worker.h"

#define LONGEST_PAUSE_MS	60000	/* after errors of our own */

/*
 * nvp_send_due sends what is due until nothing is, or somebody else is at all of
 * it.
 *
 * in: net: as for nvp_outbox_deliver; until: when to stop, DT_NOEND = never.
 * out: how many deliveries were sent, whatever became of them.
 */
int
nvp_send_due(NvpSession *session, NvpNet *net, TimestampTz until)
{
	int			n = 0;

	while (GetCurrentTimestamp() < until && nvp_outbox_deliver(session, net, Max(nvp_guc_max_senders - 1, 1)))
	{
		n++;
		CHECK_FOR_INTERRUPTS();
		if (!session->is_procedure)
			(void) nvp_process_settings();
	}
	return n;
}

/* an error here is none of a receiver's: it is logged, and tried again later and later */
static bool
send_guarded(NvpSession *session, NvpNet *net, long *pause_ms)
{
	volatile int n = 0;

	PG_TRY();
	{
		n = nvp_send_due(session, net, DT_NOEND);
		*pause_ms = 0;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(session->context);
		HOLD_INTERRUPTS();
		EmitErrorReport();
		nvp_session_rollback(session);
		FlushErrorState();
		RESUME_INTERRUPTS();
		*pause_ms = Min(Max(*pause_ms * 2, 1000), LONGEST_PAUSE_MS);
	}
	PG_END_TRY();
	return n > 0;
}

static void
send_until_idle(NvpSession *session, NvpNet *net)
{
	TimestampTz idle_since = GetCurrentTimestamp();
	long		pause_ms = 0;

	for (;;)
	{
		long		left;

		nvp_slot_idle(false);
		pgstat_report_activity(STATE_RUNNING, "nuvopipe: send events");
		if (send_guarded(session, net, &pause_ms))
			idle_since = GetCurrentTimestamp();
		nvp_net_close(net);		/* a receiver should not hold a connection for nothing */
		pgstat_report_stat(false);
		pgstat_report_activity(STATE_IDLE, NULL);
		nvp_slot_idle(true);
		left = nvp_guc_worker_idle_timeout -
			TimestampDifferenceMilliseconds(idle_since, GetCurrentTimestamp());
		if (left <= 0)
			break;
		nvp_worker_sleep(pause_ms > 0 ? pause_ms : left, PG_WAIT_EXTENSION);
	}
}

/* nuvopipe_sender_main is a sender's whole life; arg is the database's oid. */
void
nuvopipe_sender_main(Datum arg)
{
	NvpSession	session;
	MemoryContext context;

	nvp_worker_setup();
	nvp_process_connect(DatumGetObjectId(arg));
	if (!nvp_slot_take(NVP_PROCESS_SENDER))
		proc_exit(0);
	nvp_session_open(&session, false);
	context = AllocSetContextCreate(TopMemoryContext, "nuvopipe sender", ALLOCSET_SMALL_SIZES);
	MemoryContextSwitchTo(context);
	send_until_idle(&session, nvp_net_open());
	nvp_session_close(&session);
	proc_exit(0);
}
