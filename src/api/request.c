/*-------------------------------------------------------------------------
 *
 * request.c
 *		One request of the API, from its head to its answer.
 *
 * See request.h for the flow.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "api/answer.h"
#include "api/condition.h"
#include "api/limit.h"
#include "api/query_string.h"
#include "api/route.h"
#include "api/stream.h"
#include "api/token.h"
#include "base/jsonb.h"

/* ---- who asks --------------------------------------------------------------- */

/*
 * nvp_api_token gives the token of a request as it was sent (bare, as Bearer, in
 * a header of nuvo's, or as an API key), or NULL.
 */
const char *
nvp_api_token(const NvpApiRequest *request)
{
	const char *token = nvp_api_header(request, "authorization");

	if (token == NULL)
		token = nvp_api_header(request, "access_token");
	if (token == NULL)
		token = nvp_api_header(request, "x-api-key");
	if (token && pg_strncasecmp(token, "bearer ", 7) == 0)
		token += 7;
	while (token && *token == ' ')
		token++;
	return token && *token ? token : NULL;
}

static bool
refuse_token(NvpTokenState state, NvpApiAnswer *answer)
{
	switch (state)
	{
		case NVP_TOKEN_OK:
			return false;
		case NVP_TOKEN_EXPIRED:
			nvp_api_refuse(answer, 401, "token_expired", "the access token has expired");
			return true;
		case NVP_TOKEN_REVOKED:
			nvp_api_refuse(answer, 401, "token_revoked", "the access token was revoked");
			return true;
		case NVP_TOKEN_INVALID:
			break;
	}
	nvp_api_refuse(answer, 401, "token_invalid", "the access token is not valid");
	return true;
}

static bool
authenticate(NvpApiCall *call, const NvpApiRequest *request, NvpApiAnswer *answer)
{
	const char *token = nvp_api_token(request);

	if (!call->route->needs_token)
		return true;
	if (token == NULL)
	{
		nvp_api_refuse(answer, 401, "token_missing", "the request has no access token");
		return false;
	}
	if (refuse_token(nvp_token_check(token, &call->caller), answer))
		return false;
	call->has_caller = true;
	nvp_caller_take(&call->caller);
	return true;
}

static bool
within_limit(NvpApiCall *call, const NvpApiRequest *request, NvpApiAnswer *answer)
{
	int			seconds = 0;

	if (call->is_counted)
		return true;
	if (call->has_caller && call->route->rate == NVP_RATE_READ)
		seconds = nvp_limit_take(NVP_LIMIT_READ, &call->caller.token_id, UUID_LEN);
	else if (call->has_caller && (call->route->rate == NVP_RATE_WRITE || call->route->rate == NVP_RATE_AUTH))
		seconds = nvp_limit_take(NVP_LIMIT_WRITE, &call->caller.token_id, UUID_LEN);
	if (seconds == 0)
		return true;
	nvp_api_refuse(answer, 429, "too_many_requests", "too many requests; ask again later");
	nvp_api_add_header(answer, "Retry-After", psprintf("%d", seconds));
	return false;
}

/*
 * nvp_api_resume takes the caller again for a later piece of the same request:
 * the token may have been revoked meanwhile.
 *
 * errors: 28000.
 */
void
nvp_api_resume(NvpApiCall *call)
{
	NvpCaller	caller;
	NvpTokenState state;

	if (!call->has_caller || nvp_caller() != NULL)
		return;
	state = nvp_token_check_id(&call->caller.token_id, &caller);
	if (state != NVP_TOKEN_OK)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				errmsg("the access token is not valid any more"));
	nvp_caller_take(&caller);
}

/* ---- arguments -------------------------------------------------------------- */

static void
add_text(JsonbParseState **state, const char *name, const char *value)
{
	JsonbValue	key;
	JsonbValue	text;

	key.type = text.type = jbvString;
	key.val.string.val = unconstify(char *, name);
	key.val.string.len = strlen(name);
	pushJsonbValue(state, WJB_KEY, &key);
	text.val.string.val = unconstify(char *, value);
	text.val.string.len = strlen(value);
	pushJsonbValue(state, WJB_VALUE, &text);
}

/* the route's headers and the address, and the parameters of the path */
static Jsonb *
own_args(const NvpRouteMatch *match, const NvpApiRequest *request)
{
	const NvpRoute *route = match->route;
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	if (route->headers[0])
	{
		JsonbValue	key = {.type = jbvString,.val.string = {.val = "headers",.len = 7}};

		pushJsonbValue(&state, WJB_KEY, &key);
		pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		for (char **name = route->headers; *name; name++)
		{
			const char *value = nvp_api_header(request, *name);

			if (value && pg_verifymbstr(value, strlen(value), true))
				add_text(&state, *name, value);
		}
		pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	for (int i = 0; i < route->nsegments; i++)
	{
		char	   *name = route->segments[i];

		if (name[0] == '{')
			add_text(&state, pnstrdup(name + 1, strlen(name) - 2), match->segments[i]);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static Jsonb *
merge(Jsonb *under, Jsonb *over)
{
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(under), JsonbPGetDatum(over)));
}

static bool
is_json_type(const char *type)
{
	size_t		n = type ? strcspn(type, ";") : 0;

	while (n > 0 && type[n - 1] == ' ')
		n--;
	return n == 0 || (n == 16 && pg_strncasecmp(type, "application/json", 16) == 0) ||
		(n > 5 && pg_strncasecmp(type + n - 5, "+json", 5) == 0);
}

static bool
is_form_type(const char *type)
{
	return type && pg_strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0;
}

static bool
takes_body(const char *method)
{
	return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
}

static bool
fits(const NvpApiCall *call, const NvpApiRequest *request, NvpApiAnswer *answer)
{
	const char *length = nvp_api_header(request, "content-length");
	const char *type = nvp_api_header(request, "content-type");

	if (length && call->mode != NVP_API_UPLOAD && strtoll(length, NULL, 10) > call->max_body)
	{
		nvp_api_refuse(answer, 413, "too_large",
					   psprintf("the body may have at most " INT64_FORMAT " bytes", call->max_body));
		return false;
	}
	if (call->mode != NVP_API_UPLOAD && takes_body(request->method) && !is_json_type(type) && !is_form_type(type))
	{
		nvp_api_refuse(answer, 415, "unsupported_media_type", "the body must be application/json");
		return false;
	}
	return true;
}

/* the body as an object; nothing is an empty one */
static Jsonb *
read_body(const NvpApiRequest *request)
{
	Jsonb	   *body;
	char	   *text;
	size_t		blank = 0;

	while (blank < request->body_len && strchr(" \t\r\n", request->body[blank]))
		blank++;
	if (blank == request->body_len)
		return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
	if (!pg_verifymbstr(request->body, request->body_len, true))
		ereport(ERROR,
				errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				errmsg("the body is not valid UTF-8"));
	text = pnstrdup(request->body, request->body_len);
	if (is_form_type(nvp_api_header(request, "content-type")))
		return nvp_form_parse(text);
	body = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
	if (!JB_ROOT_IS_OBJECT(body))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("the body must be a JSON object"));
	return body;
}

static Jsonb *
keep(NvpApiCall *call, Jsonb *value)
{
	Jsonb	   *copy = MemoryContextAlloc(call->context, VARSIZE(value));

	memcpy(copy, value, VARSIZE(value));
	return copy;
}

/* ---- the flow ---------------------------------------------------------------- */

/* no such path, no such method, or OPTIONS */
static void
refuse_route(const NvpRouteMatch *match, const NvpApiRequest *request, NvpApiAnswer *answer)
{
	if (match->allowed == NULL)
	{
		bool		is_text = pg_verifymbstr(request->path, strlen(request->path), true);

		nvp_api_refuse(answer, 404, "not_found",
					   is_text ? psprintf("there is nothing at \"%s\"", request->path) : "the path is not valid UTF-8");
		return;
	}
	if (strcmp(request->method, "OPTIONS") == 0)
	{
		memset(answer, 0, sizeof(*answer));
		answer->status = 204;
	}
	else
		nvp_api_refuse(answer, 405, "method_not_allowed",
					   psprintf("%s is not possible here; there is %s", request->method, match->allowed));
	nvp_api_add_header(answer, "Allow", match->allowed);
}

static void
open_upload(NvpApiCall *call)
{
	const char *name = psprintf("%s_open", call->route->operation);

	nvp_api_state(call, nvp_route_call(call->route, name, call->args));
}

/*
 * nvp_api_open takes the head of a request: finds its route, lets its token in,
 * and says how the body is wanted.
 *
 * in: call->context, call->is_counted; all other members are set here.
 * out: false if the request is refused, with the answer.
 * errors: 22xxx for a query string that cannot be read, those of an operation
 *		that opens an upload.
 */
bool
nvp_api_open(NvpApiCall *call, const NvpApiRequest *request, NvpApiAnswer *answer)
{
	MemoryContext context = call->context;
	bool		is_counted = call->is_counted;
	NvpRouteMatch match = {0};

	nvp_caller_drop();
	memset(call, 0, sizeof(*call));
	call->context = context;
	call->is_counted = is_counted;
	if (!pg_verifymbstr(request->path, strlen(request->path), true) ||
		!nvp_route_find(request->method, request->path, &match))
	{
		refuse_route(&match, request, answer);
		return false;
	}
	call->route = match.route;
	call->mode = match.route->mode;
	call->max_body = match.route->max_body;
	call->reaches_out = match.route->reaches_out;
	if (!authenticate(call, request, answer) || !within_limit(call, request, answer) ||
		!fits(call, request, answer))
		return false;
	call->args = keep(call, merge(nvp_query_string_parse(request->query), own_args(&match, request)));
	if (call->mode == NVP_API_UPLOAD)
		open_upload(call);
	return true;
}

/* "$status", "$headers" and "$secret" are for us */
static void
take_out(Jsonb **result, const char *member)
{
	*result = DatumGetJsonbP(DirectFunctionCall2(jsonb_delete, JsonbPGetDatum(*result),
												 PointerGetDatum(cstring_to_text(member))));
}

static void
set_headers(JsonbContainer *object, NvpApiAnswer *answer)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	v;
	char	   *name = NULL;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			name = pnstrdup(v.val.string.val, v.val.string.len);
		else if (token == WJB_VALUE && v.type == jbvString)
			nvp_api_add_header(answer, name, pnstrdup(v.val.string.val, v.val.string.len));
	}
}

static void
set_text(NvpApiAnswer *answer, char *text, const char *type)
{
	answer->body = text;
	answer->body_len = strlen(text);
	answer->content_type = type;
}

/* the answer to what an operation returned */
static void
render(const NvpRoute *route, Jsonb *result, NvpApiAnswer *answer)
{
	JsonbValue *value;

	memset(answer, 0, sizeof(*answer));
	answer->status = route->status;
	if (route->content_type && JB_ROOT_IS_SCALAR(result))
	{
		set_text(answer, text_to_cstring(DatumGetTextPP(DirectFunctionCall2(jsonb_array_element_text, JsonbPGetDatum(result), Int32GetDatum(0)))),
				 route->content_type);
		return;
	}
	if ((value = nvp_jsonb_get(&result->root, "$status")) != NULL && value->type == jbvNumeric)
	{
		answer->status = DatumGetInt32(DirectFunctionCall1(numeric_int4, NumericGetDatum(value->val.numeric)));
		take_out(&result, "$status");
	}
	if ((value = nvp_jsonb_get(&result->root, "$secret")) != NULL && value->type == jbvString)
	{
		answer->secret = pnstrdup(value->val.string.val, value->val.string.len);
		take_out(&result, "$secret");
	}
	if ((value = nvp_jsonb_get(&result->root, "$headers")) != NULL && value->type == jbvBinary)
	{
		set_headers(value->val.binary.data, answer);
		take_out(&result, "$headers");
	}
	if (answer->status == 204 || answer->status == 304)
		return;
	set_text(answer, JsonbToCString(NULL, &result->root, VARSIZE(result)), "application/json");
}

/* the head of a download, from its descriptor */
static void
render_download(NvpApiCall *call, Jsonb *descriptor, NvpApiAnswer *answer)
{
	char	   *disposition = nvp_jsonb_text(&descriptor->root, NULL, "content_disposition", NULL);

	memset(answer, 0, sizeof(*answer));
	answer->status = call->route->status;
	answer->content_type = nvp_jsonb_text(&descriptor->root, NULL, "content_type", "application/octet-stream");
	if (disposition)
		nvp_api_add_header(answer, "Content-Disposition", disposition);
}

static void
finish_stream(NvpApiCall *call, Jsonb *state, NvpApiAnswer *answer)
{
	nvp_api_state(call, state);
	if (call->mode == NVP_API_DOWNLOAD)
	{
		render_download(call, state, answer);
		return;
	}
	memset(answer, 0, sizeof(*answer));
	answer->status = 200;
	answer->content_type = "text/event-stream";
}

/* what the operation is called with */
static Jsonb *
all_args(const NvpApiCall *call, const NvpApiRequest *request)
{
	if (call->mode == NVP_API_UPLOAD)
		return merge(call->args, call->state);
	return takes_body(request->method) ? merge(read_body(request), call->args) : call->args;
}

/*
 * nvp_api_reaches_out tells whether nvp_api_finish may wait for the network:
 * then it should be called where nobody else waits for this process.
 *
 * errors: 22xxx for a body that cannot be read.
 */
bool
nvp_api_reaches_out(NvpApiCall *call, const NvpApiRequest *request)
{
	if (!call->reaches_out)
		return false;
	nvp_api_resume(call);
	return nvp_route_waits(call->route, all_args(call, request));
}

/*
 * nvp_api_finish runs the operation, with the body where there is one, and
 * makes the answer; for a download or a stream only its head.
 *
 * errors: those of the operation, and 22xxx for a body that cannot be read.
 */
void
nvp_api_finish(NvpApiCall *call, const NvpApiRequest *request, NvpApiAnswer *answer)
{
	const NvpRoute *route = call->route;
	Jsonb	   *args;
	Jsonb	   *result;

	nvp_api_resume(call);
	nvp_peer_take(request->peer);
	args = all_args(call, request);
	if (nvp_condition_refuses(call, request, answer) || nvp_condition_repeats(call, request, answer))
		return;
	result = nvp_route_call(route, route->operation, args);
	if (call->mode == NVP_API_DOWNLOAD || call->mode == NVP_API_EVENTS)
	{
		finish_stream(call, result, answer);
		return;
	}
	render(route, result, answer);
	nvp_condition_mark(call, request, answer);
}
