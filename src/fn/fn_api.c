/*-------------------------------------------------------------------------
 *
 * fn_api.c
 *		The doors of the API in SQL: request(), and PostgREST's two.
 *
 * Whatever a request did is undone by a subtransaction if it fails, so that an
 * error is an answer and not the end of the caller's transaction.
 *
 * Errors: only what ends the statement in any case: cancel, shutdown.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "api/request.h"
#include "api/token.h"
#include "base/compat.h"
#include "base/jsonb.h"

#define PIECE_BYTES			(1024 * 1024)
#define MAX_DOWNLOAD_BYTES	(256 * 1024 * 1024)
#define MAX_REQUEST_HEADERS	100

PG_FUNCTION_INFO_V1(nuvopipe_request);
PG_FUNCTION_INFO_V1(nuvopipe_pre_request);
PG_FUNCTION_INFO_V1(nuvopipe_gateway);

/* ---- one request in a subtransaction ------------------------------------------- */

static void
collect_download(NvpApiCall *call, NvpApiAnswer *answer)
{
	StringInfoData all;

	initStringInfo(&all);
	while (nvp_api_next(call, &all))
	{
		CHECK_FOR_INTERRUPTS();
		if (all.len > MAX_DOWNLOAD_BYTES)
			ereport(ERROR,
					errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg("a download of more than %d MB is for the listener", MAX_DOWNLOAD_BYTES / (1024 * 1024)));
	}
	answer->body = all.data;
	answer->body_len = all.len;
}

static void
answer_request(NvpApiCall *call, const NvpApiRequest *request, NvpApiAnswer *answer)
{
	if (!nvp_api_open(call, request, answer))
		return;
	if (call->mode == NVP_API_EVENTS)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("a stream of events is for the listener"),
				errhint("Set nuvopipe.listen, or ask for the object itself."));
	if (call->mode != NVP_API_UPLOAD && request->body_len > call->max_body)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("the body may have at most " INT64_FORMAT " bytes", call->max_body));
	for (size_t at = 0; call->mode == NVP_API_UPLOAD && at < request->body_len; at += PIECE_BYTES)
		nvp_api_append(call, request->body + at, Min(request->body_len - at, PIECE_BYTES));
	nvp_api_finish(call, request, answer);
	if (call->mode == NVP_API_DOWNLOAD && answer->body == NULL)
		collect_download(call, answer);
}

/* cancel and shutdown are meant for the statement, not for the request */
static bool
ends_statement(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_QUERY_CANCELED || error->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN ||
		error->sqlerrcode == ERRCODE_CRASH_SHUTDOWN || error->sqlerrcode == ERRCODE_ASSERT_FAILURE;
}

static void
handle(const NvpApiRequest *request, NvpApiAnswer *answer)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	NvpApiCall	call = {.context = context};
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		answer_request(&call, request, answer);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	nvp_caller_drop();
	if (error && ends_statement(error))
		ReThrowError(error);
	if (error)
		nvp_api_fail(error, request, answer);
}

/* ---- headers --------------------------------------------------------------------- */

static char *
lowered(const char *text, int len)
{
	char	   *copy = pnstrdup(text, len);

	for (char *c = copy; *c; c++)
		*c = pg_tolower((unsigned char) *c);
	return copy;
}

/* an object of texts; other values are left out */
static int
read_headers(Jsonb *object, NvpHeader *headers)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	v;
	char	   *name = NULL;
	int			n = 0;

	if (object == NULL || !JB_ROOT_IS_OBJECT(object))
		return 0;
	it = JsonbIteratorInit(&object->root);
	while (n < MAX_REQUEST_HEADERS && (token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			name = lowered(v.val.string.val, v.val.string.len);
		else if (token == WJB_VALUE && v.type == jbvString)
		{
			headers[n].name = name;
			headers[n++].value = pnstrdup(v.val.string.val, v.val.string.len);
		}
	}
	return n;
}

static void
push_text(JsonbParseState **state, JsonbIteratorToken token, const char *text)
{
	JsonbValue	v;

	v.type = jbvString;
	v.val.string.val = unconstify(char *, text);
	v.val.string.len = strlen(text);
	pushJsonbValue(state, token, &v);
}

static Jsonb *
headers_object(const NvpApiAnswer *answer)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	if (answer->content_type)
	{
		push_text(&state, WJB_KEY, "Content-Type");
		push_text(&state, WJB_VALUE, answer->content_type);
	}
	for (int i = 0; i < answer->nheaders; i++)
	{
		push_text(&state, WJB_KEY, answer->headers[i].name);
		push_text(&state, WJB_VALUE, answer->headers[i].value);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static bytea *
body_bytes(const NvpApiAnswer *answer)
{
	bytea	   *bytes = palloc(VARHDRSZ + answer->body_len);

	SET_VARSIZE(bytes, VARHDRSZ + answer->body_len);
	memcpy(VARDATA(bytes), answer->body, answer->body_len);
	return bytes;
}

/* ---- request() ------------------------------------------------------------------- */

static char *
uppered(const char *text)
{
	char	   *copy = pstrdup(text);

	for (char *c = copy; *c; c++)
		*c = pg_toupper((unsigned char) *c);
	return copy;
}

static char *
arg_text(FunctionCallInfo fcinfo, int i, const char *def)
{
	return PG_ARGISNULL(i) ? pstrdup(def) : text_to_cstring(PG_GETARG_TEXT_PP(i));
}

static void
set_body(NvpApiRequest *request, FunctionCallInfo fcinfo, int i)
{
	bytea	   *body;

	if (PG_ARGISNULL(i))
		return;
	body = PG_GETARG_BYTEA_PP(i);
	request->body = VARDATA_ANY(body);
	request->body_len = VARSIZE_ANY_EXHDR(body);
}

/* nuvopipe_api.request(method text, path text, query text, headers jsonb, body bytea) */
Datum
nuvopipe_request(PG_FUNCTION_ARGS)
{
	NvpHeader	headers[MAX_REQUEST_HEADERS];
	NvpApiRequest request = {.headers = headers};
	NvpApiAnswer answer;
	TupleDesc	desc;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};

	request.method = uppered(arg_text(fcinfo, 0, ""));
	request.path = arg_text(fcinfo, 1, "");
	request.query = arg_text(fcinfo, 2, "");
	request.nheaders = read_headers(PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3), headers);
	set_body(&request, fcinfo, 4);
	handle(&request, &answer);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a row is expected where this function is called")));
	values[0] = Int32GetDatum(answer.status);
	values[1] = JsonbPGetDatum(headers_object(&answer));
	nulls[2] = answer.body == NULL;
	values[2] = nulls[2] ? (Datum) 0 : PointerGetDatum(body_bytes(&answer));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* ---- PostgREST ------------------------------------------------------------------- */

/* what PostgREST tells of the request; none outside of one */
static int
postgrest_headers(NvpHeader *headers)
{
	const char *text = GetConfigOption("request.headers", true, false);

	if (text == NULL || *text == '\0')
		return 0;
	return read_headers(DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text))), headers);
}

/* nuvopipe_api.pre_request() returns void */
Datum
nuvopipe_pre_request(PG_FUNCTION_ARGS)
{
	NvpHeader	headers[MAX_REQUEST_HEADERS];
	NvpApiRequest request = {.headers = headers};
	const char *token;
	NvpCaller	caller;

	nvp_caller_drop();
	request.nheaders = postgrest_headers(headers);
	token = nvp_api_token(&request);
	if (token == NULL)
		PG_RETURN_VOID();
	if (nvp_token_check(token, &caller) != NVP_TOKEN_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("the access token is not valid any more")));
	nvp_caller_take(&caller);
	(void) set_config_option("max_parallel_workers_per_gather", "0", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_LOCAL, true, 0, false);
	PG_RETURN_VOID();
}

/* the request that the proxy has packed into this one */
static void
unpack_request(NvpApiRequest *request, NvpHeader *headers)
{
	const char *uri = nvp_api_header(request, "x-original-uri");
	const char *method = nvp_api_header(request, "x-original-method");
	const char *type = nvp_api_header(request, "x-original-content-type");
	const char *query;

	if (uri == NULL || method == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the headers X-Original-Method and X-Original-URI are missing"),
				 errhint("A proxy in front of PostgREST sets them; docs/postgrest.md has one.")));
	query = strchr(uri, '?');
	request->path = query ? pnstrdup(uri, query - uri) : uri;
	request->query = query ? query + 1 : "";
	request->method = uppered(method);
	request->peer = nvp_api_header(request, "x-real-ip");
	for (int i = 0; i < request->nheaders; i++)
	{
		if (strcmp(headers[i].name, "content-type") == 0)
			headers[i].value = type ? type : "application/octet-stream";
	}
}

/* [{"Name": "value"}, ...], as PostgREST wants response.headers */
static char *
response_headers(const NvpApiAnswer *answer)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "[{\"Content-Type\": ");
	escape_json(&out, answer->content_type ? answer->content_type : "application/json");
	appendStringInfoChar(&out, '}');
	for (int i = 0; i < answer->nheaders; i++)
	{
		appendStringInfoString(&out, ", {");
		escape_json(&out, answer->headers[i].name);
		appendStringInfoString(&out, ": ");
		escape_json(&out, answer->headers[i].value);
		appendStringInfoChar(&out, '}');
	}
	appendStringInfoChar(&out, ']');
	return out.data;
}

static void
set_local(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

/* nuvopipe_api.gateway(bytea) returns "* / *" */
Datum
nuvopipe_gateway(PG_FUNCTION_ARGS)
{
	NvpHeader	headers[MAX_REQUEST_HEADERS];
	NvpApiRequest request = {.headers = headers};
	NvpApiAnswer answer;

	request.nheaders = postgrest_headers(headers);
	unpack_request(&request, headers);
	set_body(&request, fcinfo, 0);
	handle(&request, &answer);
	set_local("response.status", psprintf("%d", answer.status));
	set_local("response.headers", response_headers(&answer));
	if (answer.body == NULL)
		answer.body = "";
	PG_RETURN_BYTEA_P(body_bytes(&answer));
}
