/*-------------------------------------------------------------------------
 *
 * wait.c
 *		Answers that take their time: downloads, streams of events, and clients
 *		that wait for a change.
 *
 * A download is made piece by piece, when libmicrohttpd has room for more: a slow
 * client costs one piece of memory and no transaction.
 *
 * Who waits is parked: its connection is suspended, and holds neither a worker
 * nor a transaction.  A commit that changed an execution sets our latch (see
 * nvp_tell_at_commit); then streams are asked for what is new, and waiting
 * requests are made again.  While something runs in this database that happens
 * each second as well, for progress.  libmicrohttpd does not look at suspended
 * sockets, so we watch them ourselves, to learn of clients that went away.
 *
 * Lost news: a commit between an asking and the first parking might find nobody
 * to wake.  So whoever parks for the first time is asked once more; from then on
 * until the request is over our latch is set by every commit.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "base/shmem.h"
#include "base/wake.h"
#include "http/internal.h"

#define BLOCK			(64 * 1024) /* what libmicrohttpd takes at a time */
#define HEARTBEAT_MS	20000
#define PROGRESS_MS		1000
#define AT_LEAST_MS		50		/* between two rounds, however many commits there are */

static TimestampTz last_round = 0;

/* nvp_http_wait_init prepares this process, once. */
void
nvp_http_wait_init(void)
{
	dlist_init(&nvp_listener.parked);
	nvp_listener.watch_fd = epoll_create1(EPOLL_CLOEXEC);
	if (nvp_listener.watch_fd < 0)
		ereport(FATAL,
				errcode_for_socket_access(),
				errmsg("nuvopipe: could not make an epoll set: %m"));
	ReserveExternalFD();
}

/* ---- parking ------------------------------------------------------------------ */

/* nvp_http_park suspends a connection, and notes it in a list: of the listener, parked or away. */
void
nvp_http_park(NvpConnection *connection, dlist_head *list)
{
	struct epoll_event event = {.events = EPOLLRDHUP,.data.ptr = connection};

	dlist_push_tail(list, &connection->parked);
	connection->is_parked = true;
	(void) epoll_ctl(nvp_listener.watch_fd, EPOLL_CTL_ADD, connection->fd, &event);
	MHD_suspend_connection(connection->mhd);
}

/* until there is news */
static void
park(NvpConnection *connection)
{
	if (!connection->is_counted)
	{
		connection->is_counted = true;
		nvp_my_slot->waiting++;
		nvp_listener.has_news = true;
	}
	nvp_http_park(connection, &nvp_listener.parked);
}

static void
leave_park(NvpConnection *connection)
{
	connection->is_parked = false;
	dlist_delete(&connection->parked);
	(void) epoll_ctl(nvp_listener.watch_fd, EPOLL_CTL_DEL, connection->fd, NULL);
}

/* nvp_http_forget_parked: the request is over. */
void
nvp_http_forget_parked(NvpConnection *connection)
{
	if (connection->is_parked)
		leave_park(connection);
	if (connection->is_counted)
		nvp_my_slot->waiting--;
	connection->is_counted = false;
	nvp_http_errand_drop(connection);
}

/* nvp_http_unpark lets a connection go on. */
void
nvp_http_unpark(NvpConnection *connection)
{
	if (!connection->is_parked)
		return;
	leave_park(connection);
	connection->server->is_due = true;
	MHD_resume_connection(connection->mhd);
}

/* nvp_http_watch resumes those whose clients went away, so that they are freed. */
void
nvp_http_watch(void)
{
	struct epoll_event events[32];
	int			n = epoll_wait(nvp_listener.watch_fd, events, lengthof(events), 0);

	for (int i = 0; i < n; i++)
	{
		NvpConnection *connection = events[i].data.ptr;

		connection->is_gone = true;
		nvp_http_unpark(connection);
	}
}

/*
 * nvp_http_wait parks a request until something changes, or until the time is
 * over that was given with the first answer.
 */
enum MHD_Result
nvp_http_wait(NvpConnection *connection)
{
	if (connection->stage != NVP_STAGE_WAIT)
	{
		connection->wait_until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), connection->answer.wait_ms);
		nvp_http_stage(connection, NVP_STAGE_WAIT);
	}
	park(connection);
	return MHD_YES;
}

/* ---- streams ------------------------------------------------------------------ */

/* the next piece; false at the end, or where it failed */
static bool
fill(NvpConnection *connection, bool *failed)
{
	resetStringInfo(&connection->out);
	connection->out_at = 0;
	*failed = false;
	while (connection->out.len == 0 && !connection->call.is_over)
	{
		if (!nvp_http_transaction(connection, nvp_http_step_next))
		{
			*failed = true;
			return false;
		}
	}
	return connection->out.len > 0;
}

/* called by libmicrohttpd when it has room for up to max bytes */
static ssize_t
read_stream(void *cls, uint64_t position, char *buffer, size_t max)
{
	NvpConnection *connection = cls;
	StringInfo	out = &connection->out;
	size_t		n;
	bool		failed;

	if (connection->is_gone)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (connection->out_at == out->len)
	{
		if (connection->call.mode == NVP_API_EVENTS)
		{
			if (nvp_listener.is_draining || connection->server->is_retired || connection->is_answered)
				return MHD_CONTENT_READER_END_OF_STREAM;
			park(connection);
			return 0;
		}
		if (!fill(connection, &failed))
			return failed ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
	}
	n = Min(max, (size_t) (out->len - connection->out_at));
	memcpy(buffer, out->data + connection->out_at, n);
	connection->out_at += n;
	connection->sent += n;
	return n;
}

static void
open_out(NvpConnection *connection)
{
	initStringInfo(&connection->out);
	/* a first line, so that clients and proxies see that the stream is open */
	if (connection->call.mode == NVP_API_EVENTS)
		appendStringInfoString(&connection->out, ": nuvopipe\n\n");
	else
		enlargeStringInfo(&connection->out, NVP_HTTP_PIECE);
}

/* nvp_http_stream sends the head of an answer whose body comes in pieces. */
enum MHD_Result
nvp_http_stream(NvpConnection *connection)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	if (!nvp_http_guard(connection, open_out))
		return MHD_NO;
	connection->last_sent = GetCurrentTimestamp();
	if (connection->call.mode == NVP_API_EVENTS)
		nvp_api_add_header(&connection->answer, "X-Accel-Buffering", "no");	/* nginx would wait for more */
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_stream, connection, NULL);
	if (response == NULL)
		return MHD_NO;
	result = nvp_http_send_response(connection, nvp_http_dress(connection, response));
	nvp_http_stage(connection, NVP_STAGE_STREAM);
	return result;
}

static void
add_heartbeat(NvpConnection *connection)
{
	appendStringInfoString(&connection->out, ": \n\n");
}

/* ask a parked stream for what is new */
static void
feed(NvpConnection *connection, TimestampTz now, bool has_news)
{
	resetStringInfo(&connection->out);
	connection->out_at = 0;
	if (has_news && !nvp_http_transaction(connection, nvp_http_step_events))
	{
		/* the token was revoked, say: the stream ends, and whoever comes again learns why */
		resetStringInfo(&connection->out);
		connection->is_answered = true;
		nvp_http_unpark(connection);
		return;
	}
	if (connection->out.len == 0 && now - connection->last_sent >= HEARTBEAT_MS * INT64CONST(1000))
		(void) nvp_http_guard(connection, add_heartbeat);
	if (connection->out.len == 0)
		return;
	connection->last_sent = now;
	nvp_http_unpark(connection);
}

/* ---- rounds ------------------------------------------------------------------- */

/*
 * nvp_http_parked_sweep looks after those that are parked: asks for news if there
 * may be any, sends heartbeats, and ends waits whose time is over.
 */
void
nvp_http_parked_sweep(TimestampTz now)
{
	dlist_mutable_iter it;
	bool		has_news = nvp_listener.has_news;

	if (dlist_is_empty(&nvp_listener.parked))
	{
		nvp_listener.has_news = false;
		return;
	}
	if (now - last_round >= PROGRESS_MS * INT64CONST(1000) && nvp_database_runs(MyDatabaseId))
		has_news = true;
	if (has_news && now - last_round < AT_LEAST_MS * INT64CONST(1000))
		return;
	if (has_news)
	{
		last_round = now;
		nvp_listener.has_news = false;
	}
	dlist_foreach_modify(it, &nvp_listener.parked)
	{
		NvpConnection *connection = dlist_container(NvpConnection, parked, it.cur);

		if (connection->stage == NVP_STAGE_STREAM)
			feed(connection, now, has_news);
		else if (has_news || connection->wait_until <= now)
			nvp_http_unpark(connection);
	}
}

/* nvp_http_parked_release lets all go, because this process or a server ends. */
void
nvp_http_parked_release(void)
{
	dlist_mutable_iter it;

	dlist_foreach_modify(it, &nvp_listener.parked)
	{
		NvpConnection *connection = dlist_container(NvpConnection, parked, it.cur);

		if (nvp_listener.is_draining || connection->server->is_retired)
			nvp_http_unpark(connection);
	}
}

/* nvp_http_parked_timeout: when the next round is due, in ms; -1 = when the latch is set. */
long
nvp_http_parked_timeout(TimestampTz now)
{
	long		ms = HEARTBEAT_MS;
	dlist_iter	it;

	if (dlist_is_empty(&nvp_listener.parked))
		return -1;
	if (nvp_listener.has_news)
		return Max(AT_LEAST_MS - (long) ((now - last_round) / 1000), 0);
	if (nvp_database_runs(MyDatabaseId))
		ms = Max(PROGRESS_MS - (long) ((now - last_round) / 1000), 0);
	dlist_foreach(it, &nvp_listener.parked)
	{
		NvpConnection *connection = dlist_container(NvpConnection, parked, it.cur);
		TimestampTz at = connection->stage == NVP_STAGE_WAIT ? connection->wait_until :
			connection->last_sent + HEARTBEAT_MS * INT64CONST(1000);

		ms = Min(ms, at <= now ? 0 : (long) ((at - now) / 1000) + 1);
	}
	return ms;
}
