/*-------------------------------------------------------------------------
 *
 * call.c
 *		Transactions of requests, and the guard around everything that
 *		libmicrohttpd calls.
 *
 * A step is one call of the API (or two that belong together) in a transaction
 * of its own.  An error aborts it and becomes the connection's answer.  A step
 * may last nuvopipe.request_statement_timeout.  When the process is told to end
 * it may go on for a moment, so that what is nearly done is done; then it is cut
 * off.
 *
 * Memory: what makes the answer runs in the connection's context, or in one below
 *		   it that is emptied when a client that waits asks again; what brings or
 *		   takes a piece runs in the transaction's, for there can be any number.
 * Errors: none come out, except FATAL, which ends the process without coming back.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timeout.h"

#include "base/guc.h"
#include "base/query.h"
#include "http/internal.h"

#define TICK_MS			1000
#define LAST_TICKS		2		/* ticks a step has left when the process shall end */

static TimeoutId tick_timeout;
static volatile int late_ticks = 0;

/* a signal handler: a step that does not end in time is cut off at its next check for interrupts */
static void
tick(void)
{
	if (!ShutdownRequestPending || ++late_ticks < LAST_TICKS)
		return;
	ProcDiePending = true;
	InterruptPending = true;
	SetLatch(MyLatch);
}

/* nvp_http_calls_init prepares this process, once. */
void
nvp_http_calls_init(void)
{
	tick_timeout = RegisterTimeout(USER_TIMEOUT, tick);
}

/*
 * Keep the extension from being dropped in mid-request; false if there is none.
 * Its schema goes with it and is found in a cache, the extension is not.
 */
static bool
hold_extension(void)
{
	static Oid	schema = InvalidOid;
	static Oid	extension = InvalidOid;

	if (OidIsValid(extension))
	{
		LockDatabaseObject(ExtensionRelationId, extension, 0, AccessShareLock);
		if (get_namespace_oid("_nuvopipe", true) == schema)
			return true;
	}
	extension = InvalidOid;
	if (!nvp_extension_hold())
		return false;
	extension = get_extension_oid("nuvopipe", true);
	schema = get_namespace_oid("_nuvopipe", true);
	return OidIsValid(schema);
}

static void
start_clocks(void)
{
	EnableTimeoutParams timeouts[2] = {0};
	int			n = 1;

	timeouts[0].id = tick_timeout;
	timeouts[0].type = TMPARAM_EVERY;
	timeouts[0].delay_ms = TICK_MS;
	timeouts[0].fin_time = TimestampTzPlusMilliseconds(GetCurrentStatementStartTimestamp(), TICK_MS);
	if (nvp_guc_request_statement_timeout > 0)
	{
		timeouts[n].id = STATEMENT_TIMEOUT;
		timeouts[n].type = TMPARAM_AFTER;
		timeouts[n++].delay_ms = nvp_guc_request_statement_timeout;
	}
	enable_timeouts(timeouts, n);
}

static void
stop_clocks(void)
{
	DisableTimeoutParams timeouts[2] = {{tick_timeout, false}, {STATEMENT_TIMEOUT, false}};

	disable_timeouts(timeouts, nvp_guc_request_statement_timeout > 0 ? 2 : 1);
}

/* hold_extension, which tells once that there is nothing to serve */
static bool
is_served(void)
{
	static bool complained = false;

	if (hold_extension())
	{
		complained = false;
		return true;
	}
	if (!complained)
		ereport(LOG,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("nuvopipe: the database that listeners serve has no extension \"nuvopipe\""),
				errhint("Run CREATE EXTENSION nuvopipe there, or change nuvopipe.listen_database."));
	complained = true;
	return false;
}

/* nvp_http_look tells the log, before the first request, if there is nothing to serve. */
void
nvp_http_look(void)
{
	StartTransactionCommand();
	(void) is_served();
	CommitTransactionCommand();
	MemoryContextSwitchTo(nvp_listener.context);
}

static void
refuse_unserved(NvpConnection *connection)
{
	MemoryContextSwitchTo(connection->context);
	nvp_api_refuse(&connection->answer, 503, "unavailable", "the service is not installed in its database");
	nvp_api_add_header(&connection->answer, "Retry-After", "10");
}

/* after an error: the transaction goes, the answer says what was wrong */
static void
clean_up(NvpConnection *connection)
{
	ErrorData  *error;

	MemoryContextSwitchTo(connection->context);
	error = CopyErrorData();
	FlushErrorState();
	HOLD_INTERRUPTS();
	stop_clocks();
	QueryCancelPending = false;
	AbortCurrentTransaction();
	RESUME_INTERRUPTS();
	MemoryContextSwitchTo(connection->context);
	debug_query_string = NULL;
	nvp_api_fail(error, &connection->request, &connection->answer);
}

static bool
run_step(NvpConnection *connection, void (*step) (NvpConnection *))
{
	bool		is_good;

	debug_query_string = connection->label;
	pgstat_report_activity(STATE_RUNNING, connection->label);
	QueryCancelPending = false;	/* meant for the request before this */
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	start_clocks();
	is_good = is_served();
	if (!is_good)
		refuse_unserved(connection);
	else
	{
		PushActiveSnapshot(GetTransactionSnapshot());
		step(connection);
		PopActiveSnapshot();
	}
	stop_clocks();
	CommitTransactionCommand();
	MemoryContextSwitchTo(connection->context);
	debug_query_string = NULL;
	return is_good;
}

/*
 * nvp_http_guard runs something that may throw; false if it did.  An error
 * here is none of a request's: it goes to the log.
 */
bool
nvp_http_guard(NvpConnection *connection, void (*step) (NvpConnection *))
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool is_good = false;

	PG_TRY();
	{
		MemoryContextSwitchTo(connection->context);
		step(connection);
		is_good = true;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		EmitErrorReport();
		FlushErrorState();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	return is_good;
}

/*
 * nvp_http_transaction runs a step in a transaction.
 *
 * out: false if it failed; then connection->answer holds the refusal.
 */
bool
nvp_http_transaction(NvpConnection *connection, void (*step) (NvpConnection *))
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool is_good = false;

	PG_TRY();
	{
		is_good = run_step(connection, step);
	}
	PG_CATCH();
	{
		/* out of memory, or an error of errors: say so with what we have at hand */
		if (!nvp_http_guard(connection, clean_up))
		{
			memset(&connection->answer, 0, sizeof(connection->answer));
			connection->answer.status = 500;
			if (IsTransactionState())
				AbortCurrentTransaction();
		}
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	return is_good;
}

/* ---- steps -------------------------------------------------------------------- */

static void
use_context(NvpConnection *connection)
{
	MemoryContextSwitchTo(connection->again ? connection->again : connection->context);
}

/* nvp_http_step_open: the head, before the body. */
void
nvp_http_step_open(NvpConnection *connection)
{
	use_context(connection);
	connection->call.context = CurrentMemoryContext;
	connection->call.is_counted = connection->again != NULL;
	connection->is_open = nvp_api_open(&connection->call, &connection->request, &connection->answer);
}

/* run it here, or send it where it may wait for the network */
static void
finish(NvpConnection *connection)
{
	if (nvp_api_reaches_out(&connection->call, &connection->request))
		nvp_http_errand_start(connection);
	else
		nvp_api_finish(&connection->call, &connection->request, &connection->answer);
}

/* nvp_http_step_ask: head and body in one; uploads need another transaction to go on. */
void
nvp_http_step_ask(NvpConnection *connection)
{
	NvpApiCall *call = &connection->call;

	nvp_http_step_open(connection);
	if (!connection->is_open || call->mode == NVP_API_UPLOAD)
		return;
	if (connection->request.body_len > call->max_body)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("the body may have at most " INT64_FORMAT " bytes", call->max_body));
	finish(connection);
}

/* nvp_http_step_append: the piece of an upload that lies in body. */
void
nvp_http_step_append(NvpConnection *connection)
{
	nvp_api_append(&connection->call, connection->body.data, connection->body.len);
}

/* nvp_http_step_finish: the body is over. */
void
nvp_http_step_finish(NvpConnection *connection)
{
	use_context(connection);
	finish(connection);
}

/* nvp_http_step_next: the next piece of a download, into out. */
void
nvp_http_step_next(NvpConnection *connection)
{
	(void) nvp_api_next(&connection->call, &connection->out);
}

/* nvp_http_step_events: what is new, into out. */
void
nvp_http_step_events(NvpConnection *connection)
{
	nvp_api_events(&connection->call, &connection->out);
}
