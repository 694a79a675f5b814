/*-------------------------------------------------------------------------
 *
 * condition.c
 *		Conditional requests and Idempotency-Key.
 *
 * See condition.h.  Requests whose failures are counted make secrets, so their
 * answers are never stored.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "mb/pg_wchar.h"
#include "utils/snapmgr.h"

#include "api/answer.h"
#include "api/condition.h"
#include "api/route.h"
#include "base/jsonb.h"
#include "base/query.h"

#define MAX_KEY_LEN		255
#define MAX_WAIT_S		25

static char *
entity_tag(const char *body, size_t len)
{
	return psprintf("\"%016llx\"", (unsigned long long) XXH3_64bits(body, len));
}

/* is tag in a list such as W/"a", "b"?  "*" is any */
static bool
is_listed(const char *list, const char *tag)
{
	return strcmp(list, "*") == 0 || strstr(list, tag) != NULL;
}

/* the object as its reader shows it, as text */
static char *
read_object(NvpApiCall *call)
{
	Jsonb	   *current = nvp_route_call(call->route, call->route->reader, call->args);

	return JsonbToCString(NULL, &current->root, VARSIZE(current));
}

/* ---- If-Match ---------------------------------------------------------------- */

static void
lock_object(const char *kind, const char *id)
{
	NvpQuery	query;

	nvp_query_open(&query);
	nvp_arg_text(&query, kind);
	nvp_arg_text(&query, id);
	nvp_query_exec(&query, "SELECT _nuvopipe.lock_object($1, $2)");
	nvp_query_close(&query);
}

/*
 * nvp_condition_refuses answers 412, with the object as it is now, if If-Match
 * names another state.
 *
 * locks: the object's row, until the end of the transaction.
 */
bool
nvp_condition_refuses(NvpApiCall *call, const NvpApiRequest *request, NvpApiAnswer *answer)
{
	const NvpRoute *route = call->route;
	const char *wanted = nvp_api_header(request, "if-match");
	char	   *text;

	if (wanted == NULL || route->object == NULL || route->reader == NULL || strcmp(request->method, "GET") == 0)
		return false;
	/* whoever may not see it does not wait for its row either */
	(void) read_object(call);
	lock_object(route->object, nvp_jsonb_text(&call->args->root, NULL, "id", ""));
	/* as it is now that it is held: somebody may have changed it meanwhile */
	PushActiveSnapshot(GetLatestSnapshot());
	text = read_object(call);
	PopActiveSnapshot();
	if (is_listed(wanted, entity_tag(text, strlen(text))))
		return false;
	nvp_api_explain(answer, 412, "precondition_failed", "the object has changed since it was read",
					NULL, NULL, text);
	return true;
}

/* ---- Idempotency-Key ---------------------------------------------------------- */

static const char *
key_of(const NvpApiCall *call, const NvpApiRequest *request)
{
	if (strcmp(request->method, "POST") != 0 || !call->has_caller || call->mode != NVP_API_JSON ||
		call->route->rate == NVP_RATE_AUTH)
		return NULL;
	return nvp_api_header(request, "idempotency-key");
}

static void
arg_key(NvpQuery *query, const NvpApiCall *call, const char *key)
{
	nvp_arg_uuid(query, &call->caller.tenant_id);
	nvp_arg_uuid(query, &call->caller.principal_id);
	nvp_arg_text(query, key);
}

/* what is hashed to tell one request from another */
static void
arg_request(NvpQuery *query, const NvpApiRequest *request)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%s %s\n", request->method, request->path);
	appendBinaryStringInfo(&text, request->body ? request->body : "", request->body_len);
	nvp_arg_bytea(query, text.data, text.len);
}

/* take the key for this request; false if somebody had it before */
static bool
take_key(NvpQuery *query, NvpApiCall *call, const NvpApiRequest *request, const char *key)
{
	arg_key(query, call, key);
	nvp_query_exec(query,
				   "DELETE FROM _nuvopipe.idempotency WHERE tenant_id = $1 AND principal_id = $2 AND key = $3"
				   " AND created_at < pg_catalog.now() - interval '24 hours'");
	arg_key(query, call, key);
	arg_request(query, request);
	return nvp_query_exec(query,
						  "INSERT INTO _nuvopipe.idempotency (tenant_id, principal_id, key, request, created_at)"
						  " VALUES ($1, $2, $3, pg_catalog.sha256($4), pg_catalog.now())"
						  " ON CONFLICT DO NOTHING") == 1;
}

static void
add_stored_headers(NvpQuery *query, const NvpApiCall *call, const char *key, NvpApiAnswer *answer)
{
	int			n;

	arg_key(query, call, key);
	n = (int) nvp_query_exec(query,
							 "SELECT h.key, h.value FROM _nuvopipe.idempotency i, pg_catalog.jsonb_each_text(i.headers) h"
							 " WHERE i.tenant_id = $1 AND i.principal_id = $2 AND i.key = $3");
	for (int i = 0; i < n; i++)
		nvp_api_add_header(answer, nvp_get_text(query, i, 0), nvp_get_text(query, i, 1));
}

static void
stored_answer(NvpQuery *query, NvpApiCall *call, const NvpApiRequest *request, const char *key, NvpApiAnswer *answer)
{
	bytea	   *body;
	MemoryContext old;

	arg_key(query, call, key);
	arg_request(query, request);
	if (nvp_query_exec(query,
					   "SELECT status, content_type, body, request = pg_catalog.sha256($4) FROM _nuvopipe.idempotency"
					   " WHERE tenant_id = $1 AND principal_id = $2 AND key = $3") == 0 ||
		!nvp_get_bool(0, 3))
	{
		old = MemoryContextSwitchTo(query->context);
		nvp_api_refuse(answer, 422, "idempotency_key_reused", "this Idempotency-Key was used for another request");
		MemoryContextSwitchTo(old);
		return;
	}
	memset(answer, 0, sizeof(*answer));
	answer->status = nvp_get_int4(0, 0);
	answer->content_type = nvp_get_text(query, 0, 1);
	body = nvp_get_isnull(0, 2) ? NULL : nvp_get_bytea(query, 0, 2);
	if (body)
	{
		answer->body = VARDATA_ANY(body);
		answer->body_len = VARSIZE_ANY_EXHDR(body);
	}
	add_stored_headers(query, call, key, answer);
	nvp_api_add_header(answer, "Idempotency-Replayed", "true");
}

/*
 * nvp_condition_repeats answers what was answered before, if this request was
 * made before with the same key.  One that is under way elsewhere is waited for.
 *
 * errors: 22023 for a key that is too long.
 */
bool
nvp_condition_repeats(NvpApiCall *call, const NvpApiRequest *request, NvpApiAnswer *answer)
{
	const char *key = key_of(call, request);
	NvpQuery	query;
	bool		is_first;

	if (key == NULL)
		return false;
	if (strlen(key) > MAX_KEY_LEN || !pg_verifymbstr(key, strlen(key), true))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("Idempotency-Key: at most %d bytes of UTF-8 are expected", MAX_KEY_LEN));
	nvp_query_open(&query);
	is_first = take_key(&query, call, request, key);
	if (!is_first)
		stored_answer(&query, call, request, key, answer);
	nvp_query_close(&query);
	return !is_first;
}

static Jsonb *
headers_of(const NvpApiAnswer *answer)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < answer->nheaders; i++)
	{
		JsonbValue	name = {.type = jbvString};
		JsonbValue	value = {.type = jbvString};

		name.val.string.val = unconstify(char *, answer->headers[i].name);
		name.val.string.len = strlen(answer->headers[i].name);
		value.val.string.val = unconstify(char *, answer->headers[i].value);
		value.val.string.len = strlen(answer->headers[i].value);
		pushJsonbValue(&state, WJB_KEY, &name);
		pushJsonbValue(&state, WJB_VALUE, &value);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* a secret is shown once: whoever repeats the request does without it */
static void
store_answer(NvpApiCall *call, const char *key, const NvpApiAnswer *answer)
{
	NvpQuery	query;

	nvp_query_open(&query);
	arg_key(&query, call, key);
	nvp_arg_int4(&query, answer->status);
	nvp_arg_text(&query, answer->content_type);
	nvp_arg_bytea(&query, answer->body ? answer->body : "", (int) answer->body_len);
	nvp_arg_text(&query, answer->secret);
	nvp_arg_jsonb(&query, headers_of(answer));
	nvp_query_exec(&query,
				   "UPDATE _nuvopipe.idempotency SET status = $4, content_type = $5, headers = $8,"
				   " body = CASE WHEN $7 IS NULL THEN $6 ELSE pg_catalog.convert_to((pg_catalog.convert_from($6, 'UTF8')::pg_catalog.jsonb"
				   "  #- ARRAY['data', $7])::text, 'UTF8') END"
				   " WHERE tenant_id = $1 AND principal_id = $2 AND key = $3");
	nvp_query_close(&query);
}

/* ---- entity tags --------------------------------------------------------------- */

static int
wait_of(const NvpApiCall *call)
{
	char	   *text = nvp_jsonb_text(&call->args->root, NULL, "wait", NULL);
	long		seconds = text ? strtol(text, NULL, 10) : 0;

	return (int) Max(Min(seconds, MAX_WAIT_S), 0) * 1000;
}

static void
tag(NvpApiCall *call, const NvpApiRequest *request, NvpApiAnswer *answer)
{
	const char *known = nvp_api_header(request, "if-none-match");
	const NvpRoute *route = call->route;
	const char *body = answer->body;
	char	   *tag;

	/* what an object shows beside its own state, such as counters, is no change of it */
	if (route->reader && strcmp(route->reader, route->operation) != 0)
		body = read_object(call);
	tag = entity_tag(body, strlen(body));
	if (known && is_listed(known, tag))
	{
		memset(answer, 0, sizeof(*answer));
		answer->status = 304;
		answer->wait_ms = wait_of(call);
	}
	nvp_api_add_header(answer, "ETag", tag);
}

/* nvp_condition_mark gives the answer its entity tag, and keeps it for its Idempotency-Key. */
void
nvp_condition_mark(NvpApiCall *call, const NvpApiRequest *request, NvpApiAnswer *answer)
{
	const char *key = key_of(call, request);
	bool		is_read = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;

	if (key)
		store_answer(call, key, answer);
	if (is_read && call->route->object && answer->status == 200 && answer->body)
		tag(call, request, answer);
}
