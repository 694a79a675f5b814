/*-------------------------------------------------------------------------
 *
 * errand.c
 *		Requests that reach out over the network, sent to a process of their own:
 *		the listener's side.
 *
 *		request --> segment, process (errand_main.c), connection parked
 *		latch   --> nvp_http_errands_look: the answer is received, connection unparked
 *
 * A listener waits for nobody, and a connector's server may take its time.  So the
 * request goes, as a parcel in a segment of dynamic shared memory, to a process
 * that is started for it, and its answer comes back through a queue in the same
 * segment.  Both ends of that process set our latch; so does each piece of its
 * answer.
 *
 * An organization has all errands of a listener but one at most: whose servers are
 * dead keeps no other from reaching theirs.
 *
 * Memory: an errand has a context of its own, which outlives the connection where
 *		   its process does.
 * Errors: none come out of what the loop calls.  What starts an errand is a step of
 *		   a transaction, which owns the segment until it is pinned.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "utils/memutils.h"

#include "base/guc.h"
#include "base/watch.h"
#include "http/internal.h"

#define LATE_MS			10000	/* beyond request_statement_timeout: for the process to start, and to send the answer */

struct NvpErrand
{
	dlist_node	node;
	MemoryContext context;
	NvpConnection *connection;	/* NULL: nobody waits for it any more */
	bool		is_cut;			/* was told to end, so it still counts */
	bool		has_tenant;
	pg_uuid_t	tenant;
	TimestampTz begun_at;
	dsm_segment *segment;		/* NULL: let go */
	shm_mq_handle *queue;
	BackgroundWorkerHandle *process;
	shm_mq_result result;		/* of the last look */
};

/* ---- refusing ------------------------------------------------------------------ */

static const char *refusal;		/* what a guarded step cannot be told otherwise */

static void
refuse(NvpConnection *connection)
{
	MemoryContextSwitchTo(connection->context);
	nvp_api_refuse(&connection->answer, 503, "unavailable", refusal);
	nvp_api_add_header(&connection->answer, "Retry-After", "5");
}

/* an answer to somebody whose errand was in vain; without memory it is 503 and nothing else */
static void
refuse_guarded(NvpConnection *connection, const char *message)
{
	refusal = message;
	memset(&connection->answer, 0, sizeof(connection->answer));
	if (!nvp_http_guard(connection, refuse))
		connection->answer.status = 503;
}

static void
refuse_start(NvpConnection *connection, const char *why, const char *hint)
{
	ereport(LOG,
			errcode(ERRCODE_INSUFFICIENT_RESOURCES),
			errhidestmt(true),
			errmsg("nuvopipe: %s was refused: %s", connection->label, why),
			errhint("%s", hint));
	refusal = "too many requests that wait for other servers are under way; ask again later";
	refuse(connection);
}

/* ---- starting ------------------------------------------------------------------ */

/* is there room for another errand of this caller? */
static bool
has_room(const NvpApiCall *call)
{
	int			all = 0;
	int			same = 0;
	dlist_iter	it;

	dlist_foreach(it, &nvp_listener.errands)
	{
		NvpErrand  *errand = dlist_container(NvpErrand, node, it.cur);

		if (errand->connection == NULL && !errand->is_cut)
			continue;			/* has answered, and is about to go */
		all++;
		same += errand->has_tenant && call->has_caller &&
			memcmp(&errand->tenant, &call->caller.tenant_id, sizeof(pg_uuid_t)) == 0;
	}
	return all < nvp_guc_max_errands && same < Max(nvp_guc_max_errands - 1, 1);
}

/* the segment: a head, the queue, the request; NULL if the server has no more */
static dsm_segment *
pack(const NvpConnection *connection)
{
	Size		len = nvp_http_pack_request(connection, NULL, 0);
	dsm_segment *segment = dsm_create(add_size(NVP_ERRAND_REQUEST_AT, len), DSM_CREATE_NULL_IF_MAXSEGMENTS);
	NvpErrandHead *head;

	if (segment == NULL)
		return NULL;
	head = dsm_segment_address(segment);
	head->database = MyDatabaseId;
	head->request_len = len;
	(void) nvp_http_pack_request(connection, (char *) head + NVP_ERRAND_REQUEST_AT, len);
	return segment;
}

static NvpErrand *
make(NvpConnection *connection, dsm_segment *segment)
{
	MemoryContext context = AllocSetContextCreate(connection->context, "nuvopipe errand", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	NvpErrand  *errand = palloc0(sizeof(NvpErrand));
	shm_mq	   *queue = shm_mq_create((char *) dsm_segment_address(segment) + NVP_ERRAND_QUEUE_AT, NVP_ERRAND_QUEUE);

	errand->context = context;
	errand->connection = connection;
	errand->has_tenant = connection->call.has_caller;
	errand->tenant = connection->call.caller.tenant_id;
	errand->begun_at = GetCurrentTimestamp();
	errand->segment = segment;
	shm_mq_set_receiver(queue, MyProc);
	errand->queue = shm_mq_attach(queue, segment, NULL);
	MemoryContextSwitchTo(old);
	return errand;
}

/* start its process; false if the server has no free worker slot */
static bool
send_off(NvpErrand *errand)
{
	BackgroundWorker worker = {0};
	MemoryContext old = MemoryContextSwitchTo(errand->context);
	bool		is_started;

	strlcpy(worker.bgw_name, "nuvopipe errand", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "nuvopipe errand", BGW_MAXLEN);
	strlcpy(worker.bgw_library_name, "nuvopipe", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "nuvopipe_errand_main", sizeof(worker.bgw_function_name));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(errand->segment));
	worker.bgw_notify_pid = MyProcPid;
	is_started = RegisterDynamicBackgroundWorker(&worker, &errand->process);
	MemoryContextSwitchTo(old);
	nvp_watch_start(is_started);
	return is_started;
}

/*
 * nvp_http_errand_start sends the request of a connection, which nvp_api_open has
 * let in, on an errand.
 *
 * out: connection->errand, or connection->answer with a refusal.
 * errors: 53xxx if there is no memory.
 */
void
nvp_http_errand_start(NvpConnection *connection)
{
	dsm_segment *segment;
	NvpErrand  *errand;

	if (!has_room(&connection->call))
	{
		refuse_start(connection, "all errands are taken", "Raise nuvopipe.max_errands.");
		return;
	}
	segment = pack(connection);
	if (segment == NULL)
	{
		refuse_start(connection, "the server has no more dynamic shared memory segments", "Raise max_connections and restart.");
		return;
	}
	errand = make(connection, segment);
	if (!send_off(errand))
	{
		dsm_detach(segment);
		MemoryContextDelete(errand->context);
		refuse_start(connection, "the server has no free background worker slot", "Raise max_worker_processes and restart, or lower nuvopipe.max_errands.");
		return;
	}
	/* from here on nothing fails */
	shm_mq_set_handle(errand->queue, errand->process);
	dsm_pin_mapping(segment);
	MemoryContextSetParent(errand->context, nvp_listener.context);
	dlist_push_tail(&nvp_listener.errands, &errand->node);
	connection->errand = errand;
}

/* nvp_http_errand_await parks a connection until its errand has come back. */
enum MHD_Result
nvp_http_errand_await(NvpConnection *connection)
{
	nvp_http_stage(connection, NVP_STAGE_ERRAND);
	nvp_http_park(connection, &nvp_listener.away);
	return MHD_YES;
}

/* ---- ending -------------------------------------------------------------------- */

/* connection and errand part; the process sees that nobody listens any more */
static void
let_go(NvpErrand *errand)
{
	errand->connection->errand = NULL;
	errand->connection = NULL;
	dsm_detach(errand->segment);
	errand->segment = NULL;
	errand->queue = NULL;
}

/* nvp_http_errand_drop ends the errand of a connection whose client does not want it any more. */
void
nvp_http_errand_drop(NvpConnection *connection)
{
	NvpErrand  *errand = connection->errand;

	if (errand == NULL)
		return;
	errand->is_cut = true;
	TerminateBackgroundWorker(errand->process);
	let_go(errand);
}

/* a part of nvp_http_errands_look: receive what there is, without waiting */
static void
receive(NvpConnection *connection)
{
	NvpErrand  *errand = connection->errand;
	Size		len = 0;
	void	   *data = NULL;
	char	   *copy;

	errand->result = SHM_MQ_DETACHED;	/* where it throws */
	errand->result = shm_mq_receive(errand->queue, &len, &data, true);
	if (errand->result != SHM_MQ_SUCCESS)
		return;
	errand->result = SHM_MQ_DETACHED;
	MemoryContextSwitchTo(connection->context);
	copy = palloc(len);
	memcpy(copy, data, len);
	nvp_http_unpack_answer(&connection->answer, copy, len);
	errand->result = SHM_MQ_SUCCESS;
}

static void
complain(const NvpConnection *connection, const char *what)
{
	ereport(LOG,
			errcode(ERRCODE_OPERATOR_INTERVENTION),
			errhidestmt(true),
			errmsg("nuvopipe: %s: its errand %s", connection->label, what));
}

static bool
is_late(const NvpErrand *errand, TimestampTz now)
{
	return nvp_guc_request_statement_timeout > 0 &&
		now - errand->begun_at > ((int64) nvp_guc_request_statement_timeout + LATE_MS) * 1000;
}

/* has it come back? */
static void
look_at(NvpErrand *errand, TimestampTz now)
{
	NvpConnection *connection = errand->connection;

	if (!nvp_http_guard(connection, receive))
		errand->result = SHM_MQ_DETACHED;
	if (errand->result == SHM_MQ_WOULD_BLOCK && !is_late(errand, now))
		return;
	if (errand->result == SHM_MQ_SUCCESS)
		let_go(errand);
	else
	{
		complain(connection, errand->result == SHM_MQ_DETACHED ? "ended without an answer" : "did not end in time");
		nvp_http_errand_drop(connection);
		refuse_guarded(connection, "the request was cut off; ask again later");
	}
	nvp_http_unpark(connection);
}

static bool
has_ended(NvpErrand *errand)
{
	pid_t		pid;

	return GetBackgroundWorkerPid(errand->process, &pid) == BGWH_STOPPED;
}

/* nvp_http_errands_look receives answers that have come, and forgets processes that have ended. */
void
nvp_http_errands_look(TimestampTz now)
{
	dlist_mutable_iter it;

	dlist_foreach_modify(it, &nvp_listener.errands)
	{
		NvpErrand  *errand = dlist_container(NvpErrand, node, it.cur);

		if (errand->connection)
			look_at(errand, now);
		else if (has_ended(errand))
		{
			dlist_delete(&errand->node);
			MemoryContextDelete(errand->context);
		}
	}
}

/* nvp_http_errands_cut answers all that are still away, because this process ends. */
void
nvp_http_errands_cut(void)
{
	dlist_mutable_iter it;

	dlist_foreach_modify(it, &nvp_listener.away)
	{
		NvpConnection *connection = dlist_container(NvpConnection, parked, it.cur);

		nvp_http_errand_drop(connection);
		refuse_guarded(connection, "the server is shutting down");
		nvp_http_unpark(connection);
	}
}

/* this process ends, in order or not: so do those it sent off */
static void
cut_at_exit(int code, Datum arg)
{
	dlist_iter	it;

	dlist_foreach(it, &nvp_listener.errands)
	{
		NvpErrand  *errand = dlist_container(NvpErrand, node, it.cur);

		if (errand->connection)
			TerminateBackgroundWorker(errand->process);
	}
}

/* nvp_http_errands_init prepares this process, once. */
void
nvp_http_errands_init(void)
{
	dlist_init(&nvp_listener.errands);
	dlist_init(&nvp_listener.away);
	before_shmem_exit(cut_at_exit, 0);
}
