/*-------------------------------------------------------------------------
 *
 * answer.c
 *		What goes back: refusals, errors as answers, headers.
 *
 * Every error body has one shape, {"message", "error", "details": [{"path",
 * "message", "hint"}]}.  Whatever is no fault of the request is told to the log
 * and not to the client.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/json.h"

#include "api/answer.h"
#include "api/query_string.h"

typedef struct NvpErrorClass
{
	const char *sqlstate;		/* or its first two characters */
	int			status;
	const char *code;
} NvpErrorClass;

/* the first that fits counts; anything else is 500 */
static const NvpErrorClass classes[] = {
	{"NP401", 401, "unauthenticated"},
	{"NP403", 403, "forbidden"},
	{"NP404", 404, "not_found"},
	{"NP409", 409, "conflict"},
	{"NP412", 412, "precondition_failed"},
	{"NP413", 413, "too_large"},
	{"NP415", 415, "unsupported_media_type"},
	{"NP422", 422, "unprocessable"},
	{"NP429", 429, "too_many_requests"},
	{"22", 400, "invalid_request"},
	{"28", 401, "unauthenticated"},
	{"42501", 403, "forbidden"},
	{"42704", 422, "unknown_reference"},	/* not_found where it is what the path names */
	{"42P01", 422, "unknown_reference"},
	{"42703", 422, "unknown_reference"},
	{"42710", 409, "already_exists"},
	{"42725", 409, "ambiguous"},
	{"42P09", 409, "ambiguous"},
	{"23505", 409, "already_exists"},
	{"2BP01", 409, "in_use"},
	{"55000", 409, "conflict"},
	{"55P03", 409, "conflict"},
	{"40", 409, "conflict"},
	{"0A000", 422, "not_supported"},
	{"54", 413, "too_large"},
	{"53", 503, "unavailable"},
	{"57", 503, "unavailable"},
	{"08", 502, "unreachable"},
	{"42", 422, "unprocessable"},
};

/* nvp_api_header gives a header of a request by its lower-case name, or NULL. */
const char *
nvp_api_header(const NvpApiRequest *request, const char *name)
{
	for (int i = 0; i < request->nheaders; i++)
	{
		if (strcmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	}
	return NULL;
}

/* nvp_api_add_header adds a header to an answer; one that finds no room is left out. */
void
nvp_api_add_header(NvpApiAnswer *answer, const char *name, const char *value)
{
	if (answer->nheaders == NVP_API_MAX_HEADERS)
		return;
	answer->headers[answer->nheaders].name = name;
	answer->headers[answer->nheaders++].value = value;
}

static void
add_member(StringInfo out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	if (out->data[out->len - 1] != '{')
		appendStringInfoString(out, ", ");
	escape_json(out, name);
	appendStringInfoString(out, ": ");
	escape_json(out, value);
}

/*
 * nvp_api_explain makes an error answer.
 *
 * in: path, hint, current: or NULL.  current is JSON text of the object as it
 *		is now, for 412.
 * owner: strings are in the current memory context.
 */
void
nvp_api_explain(NvpApiAnswer *answer, int status, const char *code, const char *message,
				const char *path, const char *hint, const char *current)
{
	StringInfoData body;

	memset(answer, 0, sizeof(*answer));
	initStringInfo(&body);
	appendStringInfoChar(&body, '{');
	add_member(&body, "message", message);
	add_member(&body, "error", code);
	appendStringInfoString(&body, ", \"details\": [");
	if (path || hint || current)
	{
		appendStringInfoChar(&body, '{');
		add_member(&body, "path", path);
		add_member(&body, "message", message);
		add_member(&body, "hint", hint);
		if (current)
			appendStringInfo(&body, ", \"current\": %s", current);
		appendStringInfoChar(&body, '}');
	}
	appendStringInfoString(&body, "]}");
	answer->status = status;
	answer->content_type = "application/json";
	answer->body = body.data;
	answer->body_len = body.len;
	if (status == 401)
		nvp_api_add_header(answer, "WWW-Authenticate", "Bearer");
}

/* nvp_api_refuse makes an error answer without particulars. */
void
nvp_api_refuse(NvpApiAnswer *answer, int status, const char *code, const char *message)
{
	nvp_api_explain(answer, status, code, message, NULL, NULL, NULL);
}

/* "columns[2].key: is missing" has a path in front; its length, or 0 */
static size_t
path_length(const char *message)
{
	size_t		n = 0;

	while (isalnum((unsigned char) message[n]) || (message[n] && strchr("_$.[]-", message[n])))
		n++;
	return n > 0 && message[n] == ':' && message[n + 1] == ' ' ? n : 0;
}

/*
 * Does the message quote a segment of the path?  Then it speaks of the object
 * that was asked for.  What names the resource, "/dp/api/v1/tdm", is none, and
 * what stands in the body has its place in front.
 */
static bool
is_about_path(const NvpApiRequest *request, const char *message)
{
	const char *segment = request->path;
	int			n = 0;

	while (*segment && path_length(message) == 0)
	{
		size_t		len = strcspn(segment, "/");
		char	   *name = len > 0 && ++n > 4 ? nvp_percent_decode(segment, len, false) : NULL;

		/* ids are written in either case */
		if (name && strcasestr(message, psprintf("\"%s\"", name)))
			return true;
		segment += len + (segment[len] == '/');
	}
	return false;
}

static const NvpErrorClass *
class_of(const char *sqlstate)
{
	for (int i = 0; i < lengthof(classes); i++)
	{
		if (strncmp(sqlstate, classes[i].sqlstate, strlen(classes[i].sqlstate)) == 0)
			return &classes[i];
	}
	return NULL;
}

/*
 * nvp_api_fail turns an error that was caught, and whose transaction was
 * aborted, into an answer.
 */
void
nvp_api_fail(const ErrorData *error, const NvpApiRequest *request, NvpApiAnswer *answer)
{
	const char *sqlstate = unpack_sql_state(error->sqlerrcode);
	const NvpErrorClass *class = class_of(sqlstate);
	const char *message = error->message ? error->message : "unknown error";
	size_t		path;

	if (class == NULL || error->elevel > ERROR)
	{
		ereport(LOG,
				(errcode(error->sqlerrcode),
				 errmsg("nuvopipe: %s %s failed: %s", request->method, request->path, message),
				 error->detail ? errdetail_internal("%s", error->detail) : 0,
				 error->context ? errcontext("%s", error->context) : 0));
		nvp_api_refuse(answer, 500, "internal_error", "the request failed for a reason that was written to the server's log");
		return;
	}
	path = path_length(message);
	if (strcmp(sqlstate, "42704") == 0 && path == 0 && is_about_path(request, message))
	{
		nvp_api_refuse(answer, 404, "not_found", message);
		return;
	}
	nvp_api_explain(answer, class->status, class->code, message, path ? pnstrdup(message, path) : NULL,
					error->hint ? error->hint : error->detail, NULL);
	if (class->status == 503)
		nvp_api_add_header(answer, "Retry-After", "5");
}
