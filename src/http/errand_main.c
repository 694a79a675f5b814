/*-------------------------------------------------------------------------
 *
 * errand_main.c
 *		Requests that reach out over the network, in a process of their own: its
 *		whole life.
 *
 * The process opens the segment its listener made, connects to the database, runs
 * the request as the listener would have done (call.c) - its token is checked
 * again, its rate limit is not taken again - and sends the answer back.
 *
 * Ends: SIGTERM cancels the request at once, for somebody does not want it any
 * more: the listener, a command that wants the database for itself, a shutdown.
 * Then nothing is sent, and the listener answers for us.  Where a cancel does not
 * help, the clocks of call.c do.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "storage/procsignal.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "base/process.h"
#include "base/shmem.h"
#include "http/http.h"
#include "http/internal.h"

#define ANSWER_MAX		(64 * 1024 * 1024)

static volatile sig_atomic_t is_running = false;

/* a signal handler */
static void
leave(SIGNAL_ARGS)
{
	if (is_running)
	{
		QueryCancelPending = true;
		InterruptPending = true;
	}
	SignalHandlerForShutdownRequest(postgres_signal_arg);
}

/* a step: the whole request */
static void
run(NvpConnection *connection)
{
	NvpApiCall *call = &connection->call;

	MemoryContextSwitchTo(connection->context);
	call->context = connection->context;
	call->is_counted = true;
	if (!nvp_api_open(call, &connection->request, &connection->answer))
		return;
	nvp_api_finish(call, &connection->request, &connection->answer);
	if (connection->answer.body_len > ANSWER_MAX)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("the answer has more than %d MB", ANSWER_MAX / 1024 / 1024),
				errhint("Narrow the path or the pattern of the connector."));
}

static void
send_answer(shm_mq_handle *queue, const NvpApiAnswer *answer)
{
	Size		len = nvp_http_pack_answer(answer, NULL, 0);
	char	   *parcel = palloc(len);

	(void) nvp_http_pack_answer(answer, parcel, len);
	/* if the listener has lost interest there is nobody to tell */
	(void) shm_mq_send(queue, len, parcel, false, true);
}

/* the segment and our end of its queue; there is neither if the listener has lost interest before */
static NvpErrandHead *
open_segment(dsm_handle handle, shm_mq_handle **queue)
{
	dsm_segment *segment = dsm_attach(handle);	/* until this process ends */
	NvpErrandHead *head;
	shm_mq	   *raw;

	if (segment == NULL)
		proc_exit(0);
	head = dsm_segment_address(segment);
	raw = (shm_mq *) ((char *) head + NVP_ERRAND_QUEUE_AT);
	shm_mq_set_sender(raw, MyProc);
	*queue = shm_mq_attach(raw, segment, NULL);
	return head;
}

static void
set_up(Oid database)
{
	nvp_process_connect(database);
	/* as in a listener: a parallel worker knows no token */
	SetConfigOption("max_parallel_workers_per_gather", "0", PGC_SUSET, PGC_S_OVERRIDE);
	if (!nvp_slot_take(NVP_PROCESS_ERRAND))
		proc_exit(0);
	nvp_http_calls_init();
}

/* nuvopipe_errand_main is an errand's whole life; arg is the handle of its segment. */
void
nuvopipe_errand_main(Datum arg)
{
	NvpConnection connection;
	shm_mq_handle *queue;
	NvpErrandHead *head;
	bool		is_good;

	pqsignal(SIGTERM, leave);
	pqsignal(SIGINT, StatementCancelHandler);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGUSR1, procsignal_sigusr1_handler);
	BackgroundWorkerUnblockSignals();
	head = open_segment(DatumGetUInt32(arg), &queue);
	set_up(head->database);
	memset(&connection, 0, sizeof(connection));
	connection.context = AllocSetContextCreate(TopMemoryContext, "nuvopipe request", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(connection.context);
	nvp_http_unpack_request(&connection, (char *) head + NVP_ERRAND_REQUEST_AT, head->request_len);
	if (ShutdownRequestPending)
		proc_exit(0);
	is_running = true;
	is_good = nvp_http_transaction(&connection, run);
	is_running = false;
	QueryCancelPending = false;
	pgstat_report_stat(true);
	if (is_good || !ShutdownRequestPending)
		send_answer(queue, &connection.answer);
	proc_exit(0);
}
