/*-------------------------------------------------------------------------
 *
 * handler.c
 *		A request, from its first line to its last byte: what libmicrohttpd
 *		calls.
 *
 *		on_uri --> on_request with the head --> on_request with each bit of the body
 *		--> on_request at the end, where the answer is queued --> on_completed
 *
 * A body that is small, or none, is collected first, and one transaction does
 * it all.  Otherwise the API is asked as soon as the head is there: it may refuse
 * before anything is sent ("Expect: 100-continue"), and an upload goes on in pieces.
 *
 * libmicrohttpd takes an answer before the body only at the price of the
 * connection, and in the middle of it not at all.  So an early refusal waits for
 * the end of a body of moderate size, which is read and thrown away.
 *
 * Errors: everything that may throw runs guarded (call.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/socket.h>

#include "miscadmin.h"
#include "postmaster/interrupt.h"
#include "utils/memutils.h"

#include "base/guc.h"
#include "base/shmem.h"
#include "http/internal.h"

#define MAX_LABEL		200
#define SECRET_LENGTH	24		/* a segment of a path that long may be a ticket */
#define UUID_LENGTH		36

/* ---- the head ----------------------------------------------------------------- */

/* forget the request before */
static void
begin(NvpConnection *connection)
{
	MemoryContextReset(connection->context);
	connection->again = NULL;
	memset(&connection->request, 0, sizeof(connection->request));
	memset(&connection->answer, 0, sizeof(connection->answer));
	memset(&connection->call, 0, sizeof(connection->call));
	memset(&connection->body, 0, sizeof(connection->body));
	memset(&connection->out, 0, sizeof(connection->out));
	connection->label = NULL;
	connection->is_ours = connection->is_open = connection->is_answered = connection->is_gone = false;
	connection->dropped = connection->sent = 0;
	connection->status = connection->out_at = 0;
}

/* a request line may name the server as well (RFC 9112, section 3.2.2); what it is called is all the same to us */
static const char *
skip_authority(const char *uri)
{
	const char *slash;

	if (pg_strncasecmp(uri, "http://", 7) != 0 && pg_strncasecmp(uri, "https://", 8) != 0)
		return uri;
	slash = strchr(strchr(uri, ':') + 3, '/');
	return slash ? slash : "/";
}

/* path and query of a request line, copied */
static void
take_uri(NvpConnection *connection)
{
	char	   *path = pstrdup(skip_authority(connection->request.path));
	char	   *query = strchr(path, '?');
	char	   *fragment = strchr(path, '#');

	if (fragment)
		*fragment = '\0';
	if (query && (fragment == NULL || query < fragment))
		*query++ = '\0';
	else
		query = NULL;
	connection->request.path = path;
	connection->request.query = query ? query : "";
}

/* nvp_http_on_uri is called with the request line; what it returns becomes *request. */
void *
nvp_http_on_uri(void *cls, const char *uri, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	NvpConnection *connection = info ? info->socket_context : NULL;

	if (connection == NULL)
		return NULL;
	begin(connection);
	connection->request.path = uri;
	return nvp_http_guard(connection, take_uri) ? connection : NULL;
}

/* called by libmicrohttpd, so nothing is allocated here; its texts live as long as the request */
static enum MHD_Result
add_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	NvpApiRequest *request = cls;
	NvpHeader  *header = unconstify(NvpHeader *, &request->headers[request->nheaders++]);

	header->name = name;
	header->value = value ? value : "";
	return MHD_YES;
}

static void
take_headers(NvpConnection *connection)
{
	NvpApiRequest *request = &connection->request;
	int			n = MHD_get_connection_values(connection->mhd, MHD_HEADER_KIND, NULL, NULL);
	NvpHeader  *headers = palloc(sizeof(NvpHeader) * Max(n, 1));

	request->headers = headers;
	(void) MHD_get_connection_values(connection->mhd, MHD_HEADER_KIND, add_header, request);
	for (int i = 0; i < request->nheaders; i++)
	{
		char	   *lower = pstrdup(headers[i].name);

		for (char *c = lower; *c; c++)
			*c = pg_ascii_tolower((unsigned char) *c);
		headers[i].name = lower;
	}
}

static bool
is_uuid(const char *text, size_t len)
{
	return len == UUID_LENGTH && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-';
}

/* method and path for logs: no parameters, nothing that could be a ticket, nothing that is not printable */
static char *
make_label(const NvpApiRequest *request)
{
	StringInfoData label;
	const char *at = request->path;

	initStringInfo(&label);
	appendStringInfo(&label, "%.20s ", request->method);
	while (*at && label.len < MAX_LABEL)
	{
		size_t		len = strcspn(at + 1, "/") + 1;

		if (len > SECRET_LENGTH && !is_uuid(at + 1, len - 1))
			appendStringInfoString(&label, "/...");
		else
			appendBinaryStringInfo(&label, at, (int) len);
		at += len;
	}
	for (char *c = label.data; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return label.data;
}

static void
take_head(NvpConnection *connection)
{
	NvpApiRequest *request = &connection->request;
	const char *length;

	take_headers(connection);
	request->method = pstrdup(request->method);
	request->peer = nvp_http_peer(connection, nvp_api_header(request, "x-forwarded-for"));
	connection->label = make_label(request);
	length = nvp_api_header(request, "content-length");
	connection->has_body = nvp_api_header(request, "transfer-encoding") != NULL ||
		(length && strtoll(length, NULL, 10) > 0);
	/* libmicrohttpd has read the number before and found it good */
	connection->content_length = length && nvp_api_header(request, "transfer-encoding") == NULL ?
		strtoll(length, NULL, 10) : connection->has_body ? -1 : 0;
}

static void
refuse_size(NvpConnection *connection)
{
	nvp_api_refuse(&connection->answer, 413, "too_large",
				   psprintf("the body may have at most " INT64_FORMAT " bytes", connection->call.max_body));
}

static void
refuse_shutdown(NvpConnection *connection)
{
	nvp_api_refuse(&connection->answer, 503, "unavailable", "the server is shutting down");
	nvp_api_add_header(&connection->answer, "Retry-After", "5");
}

/* an answer that stands before the body was read */
static enum MHD_Result
refuse_early(NvpConnection *connection)
{
	connection->is_answered = true;
	if (nvp_api_header(&connection->request, "expect") == NULL && connection->content_length <= NVP_HTTP_DROP_MAX)
		return MHD_YES;			/* at its end */
	return nvp_http_send(connection);
}

/* what belongs to us alone is answered without the API */
static void
sort_out(NvpConnection *connection)
{
	connection->is_ours = nvp_http_is_preflight(&connection->request) || nvp_http_is_file(&connection->request);
}

static void
make_room(NvpConnection *connection)
{
	if (connection->call.mode == NVP_API_UPLOAD)
	{
		connection->body.data = palloc(NVP_HTTP_PIECE + 1);
		connection->body.maxlen = NVP_HTTP_PIECE + 1;
		connection->body.data[0] = '\0';
	}
	else
		initStringInfo(&connection->body);
}

static enum MHD_Result
on_head(NvpConnection *connection, const char *method)
{
	connection->begun_at = GetCurrentTimestamp();
	connection->requests++;
	connection->request.method = method;
	nvp_http_stage(connection, NVP_STAGE_BODY);
	nvp_my_slot->executions++;
	if (!nvp_http_guard(connection, take_head))
		return MHD_NO;
	sort_out(connection);
	if (!connection->has_body || connection->is_ours)
		return MHD_YES;
	if (ShutdownRequestPending)
	{
		(void) nvp_http_guard(connection, refuse_shutdown);
		return refuse_early(connection);
	}
	if (connection->content_length < 0 || connection->content_length > NVP_HTTP_SMALL_BODY ||
		nvp_api_header(&connection->request, "expect"))
	{
		if (!nvp_http_transaction(connection, nvp_http_step_open) || !connection->is_open)
			return refuse_early(connection);
		if (connection->content_length > connection->call.max_body)
		{
			(void) nvp_http_guard(connection, refuse_size);
			return refuse_early(connection);
		}
	}
	return nvp_http_guard(connection, make_room) ? MHD_YES : MHD_NO;
}

/* ---- the body ----------------------------------------------------------------- */

/* what has been read, and where it came from; a local of on_body would not reach a guarded step */
static const char *arrived;
static size_t narrived;

static void
collect(NvpConnection *connection)
{
	appendBinaryStringInfo(&connection->body, arrived, (int) narrived);
}

/* pieces of an upload, each durable before the next is read */
static bool
take_upload(NvpConnection *connection)
{
	while (narrived > 0)
	{
		StringInfo	body = &connection->body;
		size_t		n = Min(narrived, (size_t) (NVP_HTTP_PIECE - body->len));

		memcpy(body->data + body->len, arrived, n);
		body->len += n;
		body->data[body->len] = '\0';
		arrived += n;
		narrived -= n;
		if (body->len < NVP_HTTP_PIECE)
			break;
		if (!nvp_http_transaction(connection, nvp_http_step_append))
			return false;
		body->len = 0;
	}
	return true;
}

static bool
takes(NvpConnection *connection)
{
	int64		so_far = connection->body.len + connection->call.received + (int64) narrived;

	if (connection->is_open && so_far > connection->call.max_body)
	{
		(void) nvp_http_guard(connection, refuse_size);
		return false;
	}
	if (connection->is_open && connection->call.mode == NVP_API_UPLOAD)
		return take_upload(connection);
	return nvp_http_guard(connection, collect);
}

static enum MHD_Result
on_body(NvpConnection *connection, const char *data, size_t size)
{
	arrived = data;
	narrived = size;
	if (!connection->is_ours && !connection->is_answered)
	{
		if (takes(connection))
			return MHD_YES;
		connection->is_answered = true;
		connection->body.len = 0;
	}
	connection->dropped += size;
	return connection->dropped <= NVP_HTTP_DROP_MAX ? MHD_YES : MHD_NO;
}

/* ---- the end ------------------------------------------------------------------ */

/* the rest of an upload, then its answer */
static bool
finish_upload(NvpConnection *connection)
{
	if (connection->body.len > 0 && !nvp_http_transaction(connection, nvp_http_step_append))
		return false;
	connection->request.body = NULL;
	connection->request.body_len = 0;
	return nvp_http_transaction(connection, nvp_http_step_finish);
}

/* run what was asked for; the answer is there afterwards, for better or worse */
static bool
run(NvpConnection *connection)
{
	if (!connection->is_open)
	{
		connection->request.body = connection->body.data;
		connection->request.body_len = connection->body.len;
		if (!nvp_http_transaction(connection, nvp_http_step_ask) || !connection->is_open)
			return false;
		return connection->call.mode != NVP_API_UPLOAD || finish_upload(connection);
	}
	if (connection->call.mode == NVP_API_UPLOAD)
		return finish_upload(connection);
	connection->request.body = connection->body.data;
	connection->request.body_len = connection->body.len;
	return nvp_http_transaction(connection, nvp_http_step_finish);
}

/* does the answer's body come in pieces? */
static bool
is_stream(const NvpConnection *connection)
{
	return (connection->call.mode == NVP_API_DOWNLOAD || connection->call.mode == NVP_API_EVENTS) &&
		connection->answer.status < 300 && connection->answer.body == NULL && connection->answer.content_type &&
		strcmp(connection->request.method, "HEAD") != 0;
}

static bool
may_wait(const NvpConnection *connection)
{
	return !nvp_listener.is_draining && !connection->server->is_retired;
}

static enum MHD_Result
on_end(NvpConnection *connection)
{
	bool		is_good;

	if (connection->is_ours)
		return nvp_http_is_file(&connection->request) ? nvp_http_send_file(connection) :
			nvp_http_guard(connection, nvp_http_answer_preflight) ? nvp_http_send(connection) : MHD_NO;
	if (connection->is_answered)
		return nvp_http_send(connection);
	if (ShutdownRequestPending)
		return nvp_http_guard(connection, refuse_shutdown) ? nvp_http_send(connection) : MHD_NO;
	is_good = run(connection);
	if (is_good && connection->errand)
		return nvp_http_errand_await(connection);
	if (is_good && connection->answer.wait_ms > 0 && may_wait(connection))
		return nvp_http_wait(connection);
	if (is_good && is_stream(connection))
		return nvp_http_stream(connection);
	return nvp_http_send(connection);
}

static void
make_again(NvpConnection *connection)
{
	if (connection->again)
		MemoryContextReset(connection->again);
	else
		connection->again = AllocSetContextCreate(connection->context, "nuvopipe request again", ALLOCSET_SMALL_SIZES);
}

/* a client that waits was woken; the request is made anew */
static enum MHD_Result
on_again(NvpConnection *connection)
{
	bool		is_good;

	if (connection->is_gone || !nvp_http_guard(connection, make_again))
		return MHD_NO;
	connection->is_open = false;
	is_good = run(connection);
	if (is_good && connection->answer.wait_ms > 0 && may_wait(connection) &&
		connection->wait_until > GetCurrentTimestamp())
		return nvp_http_wait(connection);
	return nvp_http_send(connection);
}

/* an errand has come back, or will not */
static enum MHD_Result
on_errand(NvpConnection *connection)
{
	return connection->is_gone ? MHD_NO : nvp_http_send(connection);
}

/*
 * nvp_http_on_request is called again and again for one request: with its head,
 * with each bit of its body (which is taken whole), at its end, and when a
 * parked one was resumed.
 */
enum MHD_Result
nvp_http_on_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
					const char *version, const char *data, size_t *size, void **request)
{
	NvpConnection *connection = *request;

	if (connection == NULL)
		return MHD_NO;
	if (connection->stage == NVP_STAGE_HEAD)
		return on_head(connection, method);
	if (connection->stage == NVP_STAGE_WAIT)
		return on_again(connection);
	if (connection->stage == NVP_STAGE_ERRAND)
		return on_errand(connection);
	if (*size > 0)
	{
		size_t		n = *size;

		*size = 0;
		return on_body(connection, data, n);
	}
	return on_end(connection);
}

/* ---- afterwards --------------------------------------------------------------- */

static void
write_log(NvpConnection *connection)
{
	long		us = (long) (GetCurrentTimestamp() - connection->begun_at);

	ereport(LOG,
			errhidestmt(true),
			errmsg("nuvopipe: %s %d %ld.%03ld ms " INT64_FORMAT " bytes %s", connection->label, connection->status,
				   us / 1000, us % 1000, connection->sent, connection->request.peer));
}

/* nvp_http_on_completed is called when an answer was sent, or will never be. */
void
nvp_http_on_completed(void *cls, struct MHD_Connection *mhd, void **request,
					  enum MHD_RequestTerminationCode code)
{
	NvpConnection *connection = *request;

	*request = NULL;
	if (connection == NULL)
		return;
	nvp_http_forget_parked(connection);
	if (nvp_guc_log_requests && connection->label)
		(void) nvp_http_guard(connection, write_log);
	begin(connection);
	nvp_http_stage(connection, NVP_STAGE_HEAD);
	/* most answers said so in a header; those that are shared by all connections cannot */
	if (nvp_listener.is_draining || connection->server->is_retired)
		(void) shutdown(connection->fd, SHUT_RD);
}
