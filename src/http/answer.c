/*-------------------------------------------------------------------------
 *
 * answer.c
 *		Answers on their way out: headers every one of them has, and CORS.
 *
 * A body is sent from where the API made it: the connection's context stays
 * until libmicrohttpd has told that the request is over.
 *
 * Source: RFC 9110; the Fetch standard for CORS.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/guc.h"
#include "http/internal.h"

#define METHODS			"GET, HEAD, POST, PUT, PATCH, DELETE"
#define REQUEST_HEADERS \
	"Authorization, access_token, X-API-Key, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, " \
	"Tus-Resumable, Upload-Length, Upload-Metadata, Upload-Offset"
#define EXPOSED_HEADERS \
	"ETag, Location, Retry-After, Content-Disposition, Tus-Resumable, Upload-Offset, Upload-Length, Nuvopipe-Version, X-Request-Id"
#define MAX_ASKED		1024	/* bytes of Access-Control-Request-Headers that are repeated */

/* ---- CORS --------------------------------------------------------------------- */

static bool
is_allowed_origin(const char *origin)
{
	static const char separators[] = ", \t";
	const char *list = nvp_guc_cors_origins;
	size_t		len = strlen(origin);

	if (nvp_listener.any_origin)
		return true;
	while (*(list += strspn(list, separators)))
	{
		size_t		n = strcspn(list, separators);

		if (n == len && pg_strncasecmp(list, origin, n) == 0)
			return true;
		list += n;
	}
	return false;
}

static void
add(struct MHD_Response *response, const char *name, const char *value)
{
	(void) MHD_add_response_header(response, name, value);
}

static void
add_cors(struct MHD_Response *response, const char *origin)
{
	if (!nvp_listener.any_origin)
		add(response, "Vary", "Origin");
	if (origin == NULL || !is_allowed_origin(origin))
		return;
	add(response, "Access-Control-Allow-Origin", nvp_listener.any_origin ? "*" : origin);
	add(response, "Access-Control-Expose-Headers", EXPOSED_HEADERS);
}

/* nvp_http_is_preflight: does a browser ask whether it may ask? */
bool
nvp_http_is_preflight(const NvpApiRequest *request)
{
	return strcmp(request->method, "OPTIONS") == 0 && nvp_api_header(request, "origin") &&
		nvp_api_header(request, "access-control-request-method");
}

/* names of headers, and nothing else? */
static bool
is_name_list(const char *text)
{
	size_t		n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_, ");

	return text[n] == '\0' && n > 0 && n <= MAX_ASKED;
}

/*
 * nvp_http_answer_preflight makes the answer.  Whatever headers are asked for are
 * allowed: no cookie of ours is behind them.
 */
void
nvp_http_answer_preflight(NvpConnection *connection)
{
	NvpApiAnswer *answer = &connection->answer;
	const char *asked = nvp_api_header(&connection->request, "access-control-request-headers");

	memset(answer, 0, sizeof(*answer));
	answer->status = 204;
	if (!is_allowed_origin(nvp_api_header(&connection->request, "origin")))
		return;
	nvp_api_add_header(answer, "Access-Control-Allow-Methods", METHODS);
	nvp_api_add_header(answer, "Access-Control-Allow-Headers",
					   asked && is_name_list(asked) ? psprintf("%s, %s", REQUEST_HEADERS, asked) : REQUEST_HEADERS);
	nvp_api_add_header(answer, "Access-Control-Max-Age", "7200");
}

/* ---- sending ------------------------------------------------------------------ */

/* what no answer may say of itself, for libmicrohttpd does */
static bool
is_reserved(const char *name)
{
	return pg_strcasecmp(name, "Content-Length") == 0 || pg_strcasecmp(name, "Transfer-Encoding") == 0 ||
		pg_strcasecmp(name, "Connection") == 0 || pg_strcasecmp(name, "Date") == 0;
}

/* nvp_http_dress gives a response its headers. */
struct MHD_Response *
nvp_http_dress(NvpConnection *connection, struct MHD_Response *response)
{
	NvpApiAnswer *answer = &connection->answer;
	bool		has_cache_control = false;

	for (int i = 0; i < answer->nheaders; i++)
	{
		if (is_reserved(answer->headers[i].name))
			continue;
		has_cache_control |= pg_strcasecmp(answer->headers[i].name, "Cache-Control") == 0;
		add(response, answer->headers[i].name, answer->headers[i].value);
	}
	if (answer->content_type)
		add(response, "Content-Type", answer->content_type);
	if (!has_cache_control)
		add(response, "Cache-Control", "no-store");
	add(response, "X-Content-Type-Options", "nosniff");
	add(response, "Server", "nuvopipe");
	add_cors(response, nvp_api_header(&connection->request, "origin"));
	if (nvp_listener.is_draining || connection->server->is_retired)
		add(response, "Connection", "close");
	return response;
}

/*
 * nvp_http_send_response queues a response and lets go of it.
 *
 * in: response, or NULL where it could not be made.
 */
enum MHD_Result
nvp_http_send_response(NvpConnection *connection, struct MHD_Response *response)
{
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	connection->status = connection->answer.status;
	nvp_http_stage(connection, NVP_STAGE_ANSWER);
	result = MHD_queue_response(connection->mhd, connection->answer.status, response);
	MHD_destroy_response(response);
	return result;
}

/* nvp_http_send sends connection->answer. */
enum MHD_Result
nvp_http_send(NvpConnection *connection)
{
	NvpApiAnswer *answer = &connection->answer;
	struct MHD_Response *response;

	if (answer->status < 200 || answer->status > 599)
		answer->status = 500;
	response = MHD_create_response_from_buffer(answer->body ? answer->body_len : 0,
											   unconstify(char *, answer->body), MHD_RESPMEM_PERSISTENT);
	if (response == NULL)
		return MHD_NO;
	if (strcmp(connection->request.method, "HEAD") != 0)
		connection->sent = answer->body ? answer->body_len : 0;
	return nvp_http_send_response(connection, nvp_http_dress(connection, response));
}
