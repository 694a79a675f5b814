/*-------------------------------------------------------------------------
 *
 * listener.c
 *		A listener's life: its loop, reloads, and its end.
 *
 * The loop sleeps in one wait event set: the latch, the sockets that listen, the
 * epoll sets of libmicrohttpd's daemons, and that of parked clients.  Without
 * connections nothing wakes it but a signal.
 *
 * Ends: SIGTERM (shutdown, a command that wants the database for itself) leaves
 * a moment to what is under way; as one listener too many, after a reload, it
 * may take longer.  Either way nothing new is accepted and answers close their
 * connections.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/procsignal.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "base/compat.h"
#include "base/guc.h"
#include "base/process.h"
#include "base/shmem.h"
#include "base/wake.h"
#include "http/http.h"
#include "http/internal.h"

#define SWEEP_MS		1000	/* between looks for requests that take too long to come */
#define SHUTDOWN_MS		1500	/* for answers to be sent when the process is told to end */
#define SURPLUS_MS		60000	/* when it is merely not needed any more */
#define MAX_EVENTS		64

NvpListener nvp_listener;

/* ---- settings ----------------------------------------------------------------- */

static void
follow_settings(void)
{
	char		bad[64];

	nvp_listener.nproxies = Max(nvp_network_parse_list(nvp_guc_trusted_proxies, nvp_listener.proxies, bad, sizeof(bad)), 0);
	nvp_listener.any_origin = strcmp(nvp_guc_cors_origins, "*") == 0;
	nvp_http_servers_follow();
	nvp_http_sockets_follow();
	nvp_http_files_load();
	nvp_http_parked_release();
}

/* is this database still the one to be served? */
static bool
is_wanted_here(void)
{
	char	   *name;
	bool		is_wanted;

	StartTransactionCommand();
	name = get_database_name(MyDatabaseId);
	is_wanted = name && strcmp(name, nvp_guc_listen_database) == 0;
	CommitTransactionCommand();
	MemoryContextSwitchTo(nvp_listener.context);
	return is_wanted;
}

/* ---- waiting ------------------------------------------------------------------ */

static WaitEventSet *
make_wait_set(void)
{
	MemoryContext old = MemoryContextSwitchTo(nvp_listener.context);
	WaitEventSet *set = nvp_create_wait_event_set(MAX_EVENTS);
	int			room = MAX_EVENTS - 3;
	dlist_iter	it;

	MemoryContextSwitchTo(old);
	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	AddWaitEventToSet(set, WL_SOCKET_READABLE, nvp_listener.watch_fd, NULL, &nvp_listener.watch_fd);
	for (int i = 0; i < nvp_listener.nsockets; i++)
	{
		NvpSocket  *socket = &nvp_listener.sockets[i];

		if (socket->fd >= 0 && nvp_listener.accept_at == 0 && room-- > 0)
			AddWaitEventToSet(set, WL_SOCKET_READABLE, socket->fd, NULL, socket);
	}
	/* of very many reloads in a short time the last ones are left out until others have gone; they run each second */
	dlist_foreach(it, &nvp_listener.servers)
	{
		NvpServer  *server = dlist_container(NvpServer, node, it.cur);

		if (room-- > 0)
			AddWaitEventToSet(set, WL_SOCKET_READABLE, server->fd, NULL, server);
	}
	nvp_listener.has_changed = false;
	return set;
}

static long
sooner(long a, long b)
{
	return a < 0 ? b : b < 0 ? a : Min(a, b);
}

/* how long to sleep, in ms; -1 = until something happens */
static long
next_wake(TimestampTz now, long stat_ms)
{
	long		ms = nvp_http_servers_timeout();

	ms = sooner(ms, nvp_http_parked_timeout(now));
	ms = sooner(ms, stat_ms);
	if (nvp_listener.nconnections > 0 || nvp_listener.is_draining)
		ms = sooner(ms, SWEEP_MS);
	if (nvp_listener.accept_at > 0)
		ms = sooner(ms, Max((long) ((nvp_listener.accept_at - now) / 1000), 0) + 1);
	for (int i = 0; i < nvp_listener.nsockets; i++)
		if (nvp_listener.sockets[i].fd < 0)
			ms = sooner(ms, SWEEP_MS);
	return ms;
}

static void
take_event(const WaitEvent *event)
{
	NvpSocket  *socket = event->user_data;

	if (event->events & WL_LATCH_SET)
	{
		ResetLatch(MyLatch);
		nvp_listener.has_news |= nvp_my_slot->has_news;
		nvp_my_slot->has_news = false;
	}
	else if (event->user_data == &nvp_listener.watch_fd)
		nvp_http_watch();
	else if (socket >= nvp_listener.sockets && socket < nvp_listener.sockets + NVP_ENDPOINT_MAX)
		nvp_http_accept(socket);
	else
		((NvpServer *) event->user_data)->is_due = true;
}

/* ---- the loop ----------------------------------------------------------------- */

/* what is to be done now and then, whatever happened */
static void
chores(TimestampTz now)
{
	static TimestampTz last = 0;

	if (nvp_listener.accept_at > 0 && nvp_listener.accept_at <= now)
		nvp_listener.accept_at = 0;
	if (now - last < SWEEP_MS * INT64CONST(1000))
		return;
	last = now;
	if (!nvp_listener.is_draining)
		nvp_http_sockets_retry(now);
	nvp_http_connections_sweep(now);
}

/* one turn: sleep, then whatever there is to do */
static void
turn(WaitEventSet **set, long *stat_ms)
{
	static TimestampTz paused_at = 0;
	WaitEvent	events[MAX_EVENTS];
	TimestampTz now = GetCurrentTimestamp();
	int			n;

	if (nvp_listener.has_changed || paused_at != nvp_listener.accept_at)
	{
		if (*set)
			FreeWaitEventSet(*set);
		*set = make_wait_set();
		paused_at = nvp_listener.accept_at;
	}
	n = WaitEventSetWait(*set, next_wake(now, *stat_ms), events, MAX_EVENTS, PG_WAIT_EXTENSION);
	for (int i = 0; i < n; i++)
		take_event(&events[i]);
	QueryCancelPending = false; /* of no request: it has no meaning here */
	CHECK_FOR_INTERRUPTS();
	now = GetCurrentTimestamp();
	chores(now);
	nvp_http_errands_look(now);
	nvp_http_parked_sweep(now);
	nvp_http_servers_run();
	nvp_http_servers_sweep();
	if (MyBEEntry && MyBEEntry->st_state == STATE_RUNNING)
		pgstat_report_activity(STATE_IDLE, NULL);
	*stat_ms = pgstat_report_stat(false);
	if (*stat_ms == 0)
		*stat_ms = -1;
}

/* nothing new any more; what was begun is finished, for at most so long */
static void
drain(WaitEventSet **set, long *stat_ms)
{
	TimestampTz begun = GetCurrentTimestamp();

	nvp_listener.is_draining = true;
	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	nvp_my_slot->is_leaving = true;
	LWLockRelease(nvp_shared->lock);
	nvp_wake_launcher();
	nvp_http_sockets_close();
	nvp_http_servers_retire();
	nvp_http_parked_release();
	while (nvp_listener.nconnections > 0)
	{
		long		ms = ShutdownRequestPending ? SHUTDOWN_MS : SURPLUS_MS;

		if (GetCurrentTimestamp() - begun > ms * INT64CONST(1000))
			break;
		turn(set, stat_ms);
	}
	nvp_http_errands_cut();
	nvp_http_servers_run();		/* those that were cut are answered */
	nvp_http_servers_run();
	nvp_http_servers_stop();
}

static void
set_up(Oid database)
{
	/* no die(): what is nearly done shall be done (see call.c) */
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	pqsignal(SIGINT, StatementCancelHandler);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGUSR1, procsignal_sigusr1_handler);
	BackgroundWorkerUnblockSignals();
	nvp_process_connect(database);
	/* requests are run without parallel plans: a parallel worker knows no token */
	SetConfigOption("max_parallel_workers_per_gather", "0", PGC_SUSET, PGC_S_OVERRIDE);
	if (!nvp_slot_take(NVP_PROCESS_LISTENER) || nvp_slot_is_surplus(nvp_guc_listen_workers))
		proc_exit(0);
	nvp_listener.context = AllocSetContextCreate(TopMemoryContext, "nuvopipe listener", ALLOCSET_DEFAULT_SIZES);
	dlist_init(&nvp_listener.servers);
	dlist_init(&nvp_listener.connections);
	nvp_http_calls_init();
	nvp_http_wait_init();
	nvp_http_errands_init();
	nvp_http_servers_init();
	pgstat_report_activity(STATE_IDLE, NULL);
}

/* nuvopipe_listener_main is a listener's whole life; arg is the database's oid. */
void
nuvopipe_listener_main(Datum arg)
{
	WaitEventSet *set = NULL;
	long		stat_ms = -1;

	set_up(DatumGetObjectId(arg));
	MemoryContextSwitchTo(nvp_listener.context);
	/* the launcher may have sent us before it heard of a reload that we have begun with */
	if (!is_wanted_here())
		proc_exit(0);
	nvp_http_look();
	follow_settings();
	while (!ShutdownRequestPending)
	{
		turn(&set, &stat_ms);
		if (!nvp_process_settings())
			continue;
		if (*nvp_guc_listen == '\0' || nvp_slot_is_surplus(nvp_guc_listen_workers) || !is_wanted_here())
			break;
		follow_settings();
	}
	drain(&set, &stat_ms);
	proc_exit(0);
}
