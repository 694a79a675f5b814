/*-------------------------------------------------------------------------
 *
 * worker.c
 *		What our background processes have in common.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/procsignal.h"
#include "tcop/tcopprot.h"
#include "utils/wait_event.h"

#include "base/compat.h"
#include "base/process.h"
#include "base/shmem.h"
#include "base/watch.h"
#include "worker/worker.h"

/*
 * nvp_worker_init registers the launcher; only while libraries are preloaded.
 * It starts when recovery is over, so a standby stays quiet until promoted.
 * pg_upgrade copies files of a server that it started itself: there is none then.
 */
void
nvp_worker_init(void)
{
	BackgroundWorker worker = {0};

	if (IsBinaryUpgrade)
		return;
	strlcpy(worker.bgw_name, "nuvopipe launcher", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "nuvopipe launcher", BGW_MAXLEN);
	strlcpy(worker.bgw_library_name, "nuvopipe", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "nuvopipe_launcher_main", sizeof(worker.bgw_function_name));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = 5;
	RegisterBackgroundWorker(&worker);
}

static volatile sig_atomic_t asked_to_leave = false;

static void
leave_handler(SIGNAL_ARGS)
{
	asked_to_leave = true;
	die(postgres_signal_arg);
}

/* nvp_worker_asked_to_leave tells whether this process ends because it was asked to, not by a failure. */
bool
nvp_worker_asked_to_leave(void)
{
	return asked_to_leave;
}

/* nvp_worker_setup installs the signal handlers every one of our processes has. */
void
nvp_worker_setup(void)
{
	pqsignal(SIGTERM, leave_handler);
	pqsignal(SIGINT, StatementCancelHandler);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGUSR1, procsignal_sigusr1_handler);
	BackgroundWorkerUnblockSignals();
}

/*
 * nvp_worker_sleep waits until something happens, at most ms milliseconds.
 *
 * interrupts: ends the process on SIGTERM, without a word: nothing was under
 *		way.  A launcher is only seen again if it does not end well.  A cancel has
 *		no meaning here and is forgotten.
 */
void
nvp_worker_sleep(long ms, uint32 wait_event)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, ms, wait_event);
	ResetLatch(MyLatch);
	QueryCancelPending = false;
	if (ProcDiePending)
		proc_exit(nvp_my_slot && nvp_my_slot->kind == NVP_PROCESS_LAUNCHER ? 1 : 0);
	CHECK_FOR_INTERRUPTS();
	(void) nvp_process_settings();
}

/*
 * nvp_worker_start starts a process for a database; false if the server has no
 * free worker slot.  This process is woken when that one begins and ends.
 */
bool
nvp_worker_start(const char *entry, const char *name, Oid database)
{
	BackgroundWorker worker = {0};
	bool		started;

	strlcpy(worker.bgw_name, name, BGW_MAXLEN);
	strlcpy(worker.bgw_type, name, BGW_MAXLEN);
	strlcpy(worker.bgw_library_name, "nuvopipe", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, entry, sizeof(worker.bgw_function_name));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_main_arg = ObjectIdGetDatum(database);
	worker.bgw_notify_pid = MyProcPid;
	started = RegisterDynamicBackgroundWorker(&worker, NULL);
	nvp_watch_start(started);
	return started;
}
