/*-------------------------------------------------------------------------
 *
 * http.c
 *		HTTP endpoints as source (GET or POST) and destination (POST or PUT).
 *
 * Flow:   [authentication request --> token] --> request --> redirects, each
 *		   judged --> body to the spool / spool to the body
 * Memory: state in the connector's context; one connection is kept.
 * Errors: faults; a status of 400 and more is one, with its retry class.
 * Notes:  - An input has exactly one object: what the URL answers.  Its version
 *			 is the ETag or Last-Modified of the answer.
 *		   - On a redirect to another origin no secret goes along: neither
 *			 user name and password, nor headers that are not known to be
 *			 harmless, nor a body.
 *		   - A delivery carries its key as Idempotency-Key, so that a receiver
 *			 can tell a repetition.
 * Source: RFC 9110; draft-ietf-httpapi-idempotency-key-header.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "base/guc.h"
#include "base/secret.h"
#include "connector/kinds.h"
#include "connector/listing.h"
#include "connector/option.h"
#include "connector/remote.h"
#include "net/curlerr.h"
#include "net/policy.h"

#define MAX_REDIRECTS	5
#define TOKEN_BYTES		(1024 * 1024)	/* longest answer of an authentication */

typedef struct HttpState
{
	NvpRemote	remote;
	char	   *url;
	char	   *method;
	char	   *body;			/* of an input's request, or NULL */
	char	   *token;			/* of the authentication, or NULL */
} HttpState;

static const NvpOptionDef options[] = {
	{"url", 's', false, false},	/* but see http_check */
	{"method", 's', false, false},
	{"headers", 'a', false, false},
	{"body", 'x', false, false},
	{"username", 's', false, false},
	{"password", 's', false, true},
	{"authentication", 'o', false, false},
	{"ca_certificate", 's', false, false},
	{"certificate", 's', false, false},
	{"private_key", 's', false, true},
	{"file_name", 's', false, false},
};

/* ---- definition ---- */

static void
check_url(JsonbContainer *object, const NvpPath *parent)
{
	NvpPath		path = {parent, "url", 0};
	const char *wrong = nvp_policy_check_url(nvp_jsonb_text(object, parent, "url", ""));

	if (wrong)
		nvp_path_error(&path, "A URL begins with http:// or https://; credentials go into username and password, headers or authentication.",
					   "%s", wrong);
}

static void
check_method(JsonbContainer *object, const NvpPath *parent, const char *const *methods)
{
	nvp_remote_check_word(object, parent, "method", methods, "method \"%s\" is not supported here");
}

/* A header must not be able to become two, nor to break the framing of the message. */
static void
check_header(JsonbContainer *header, const NvpPath *item)
{
	static const char *const reserved[] = {"connection", "content-length", "expect", "host",
	"idempotency-key", "transfer-encoding", "te", "trailer", "upgrade", NULL};
	NvpPath		key_path = {item, "key", 0};
	char	   *name = nvp_jsonb_text(header, item, "key", "");

	if (*name == '\0' ||
		name[strspn(name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")] != '\0')
		nvp_path_error(&key_path, NULL, "is not the name of a header");
	for (int i = 0; reserved[i]; i++)
		if (pg_strcasecmp(reserved[i], name) == 0)
			nvp_path_error(&key_path, NULL, "header \"%s\" is set by the transfer itself", name);
	nvp_remote_check_text(header, item, "value");
}

static void
check_headers(JsonbContainer *object, const NvpPath *parent)
{
	NvpPath		path = {parent, "headers", 0};
	JsonbContainer *headers = nvp_jsonb_array(object, parent, "headers");
	uint32		n = headers ? JsonContainerSize(headers) : 0;

	for (uint32 i = 0; i < n; i++)
	{
		NvpPath		item = {&path, NULL, i};
		JsonbContainer *header = getIthJsonbValueFromContainer(headers, i)->val.binary.data;
		char	   *name = nvp_jsonb_text(header, &item, "key", "");

		check_header(header, &item);
		for (uint32 j = 0; j < i; j++)
			if (pg_strcasecmp(name, nvp_jsonb_text(getIthJsonbValueFromContainer(headers, j)->val.binary.data,
												   &item, "key", "")) == 0)
				nvp_path_error(&item, NULL, "header \"%s\" is given twice", name);
	}
}

static void
check_authentication(JsonbContainer *root)
{
	static const char *const members[] = {"url", "method", "headers", "body", "token_path", NULL};
	static const char *const methods[] = {"POST", "GET", "PUT", NULL};
	NvpPath		path = {&nvp_configuration_path, "authentication", 0};
	JsonbContainer *object = nvp_jsonb_object(root, &nvp_configuration_path, "authentication");

	if (!object)
		return;
	nvp_jsonb_check_members(object, &path, members);
	check_url(object, &path);
	check_method(object, &path, methods);
	check_headers(object, &path);
	(void) nvp_jsonb_text(object, &path, "token_path", NULL);
}

static void
http_check(Jsonb *configuration, bool is_input)
{
	static const char *const input_methods[] = {"GET", "POST", NULL};
	static const char *const output_methods[] = {"POST", "PUT", "PATCH", NULL};
	JsonbContainer *root = &configuration->root;
	NvpPath		url_path = {&nvp_configuration_path, "url", 0};
	NvpPath		body_path = {&nvp_configuration_path, "body", 0};
	NvpPath		name_path = {&nvp_configuration_path, "file_name", 0};
	char	   *name = nvp_jsonb_text(root, &nvp_configuration_path, "file_name", "");

	/* data may be sent to an input instead, if its trigger_type says so: that is looked at by whoever knows it */
	if (!is_input && !nvp_jsonb_get(root, "url"))
		nvp_path_error(&url_path, NULL, "must be given");
	if (nvp_jsonb_get(root, "url"))
		check_url(root, &nvp_configuration_path);
	check_method(root, &nvp_configuration_path, is_input ? input_methods : output_methods);
	check_headers(root, &nvp_configuration_path);
	check_authentication(root);
	if (nvp_jsonb_get(root, "certificate") || nvp_jsonb_get(root, "private_key"))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("configuration.certificate: client certificates are not supported yet")));
	if (!is_input && nvp_jsonb_get(root, "body"))
		nvp_path_error(&body_path, NULL, "is for inputs only: an output sends its rows");
	if (*name && !nvp_name_is_plain(name))
		nvp_path_error(&name_path, NULL, "must be a file name without folders");
}

/* ---- state ---- */

/* A body as configured: text as it is, anything else as JSON. */
static char *
body_text(JsonbContainer *object)
{
	JsonbValue *value = nvp_jsonb_get(object, "body");

	if (!value)
		return NULL;
	if (value->type == jbvString)
		return pnstrdup(value->val.string.val, value->val.string.len);
	return JsonbToCString(NULL, value->val.binary.data, value->val.binary.len);
}

static void
fill_state(NvpConnector *connector, NvpRemote *remote)
{
	HttpState  *state = (HttpState *) remote;

	state->url = nvp_option_text(connector, "url", "");
	state->method = nvp_option_text(connector, "method", connector->is_input ? "GET" : "POST");
	state->body = body_text(&connector->configuration->root);
}

static HttpState *
http_state(NvpConnector *connector)
{
	return nvp_remote_state(connector, sizeof(HttpState), fill_state);
}

static void
http_close(NvpConnector *connector)
{
	HttpState  *state = connector->state;

	if (state && state->token)
		nvp_secret_wipe(state->token, strlen(state->token));
	nvp_remote_close(connector);
}

/* ---- requests ---- */

/* "Name: value" for each header of object, with room for extra ones. */
static char **
header_lines(JsonbContainer *object, const NvpPath *parent, int extra, int *n)
{
	JsonbContainer *headers = nvp_jsonb_array(object, parent, "headers");
	uint32		size = headers ? JsonContainerSize(headers) : 0;
	char	  **lines = palloc0((size + extra + 1) * sizeof(char *));

	*n = 0;
	for (uint32 i = 0; i < size; i++)
	{
		JsonbContainer *header = getIthJsonbValueFromContainer(headers, i)->val.binary.data;
		char	   *value = nvp_jsonb_text(header, parent, "value", "");

		/* a semicolon is libcurl's way to send a header without a value */
		lines[(*n)++] = psprintf(*value ? "%s: %s" : "%s;%s",
								 nvp_jsonb_text(header, parent, "key", ""), value);
	}
	return lines;
}

static bool
has_header(char **lines, const char *name)
{
	size_t		n = strlen(name);

	for (; *lines; lines++)
		if (pg_strncasecmp(*lines, name, n) == 0 && ((*lines)[n] == ':' || (*lines)[n] == ';'))
			return true;
	return false;
}

/* Another origin gets only what anybody may know. */
static void
drop_secrets(NvpRequest *request)
{
	int			kept = 0;

	request->username = NULL;
	request->password = NULL;
	for (int i = 0; request->headers && request->headers[i]; i++)
	{
		char	   *name = pnstrdup(request->headers[i], strcspn(request->headers[i], ":;"));

		if (!nvp_header_is_secret(name))
			request->headers[kept++] = request->headers[i];
	}
	if (request->headers)
		request->headers[kept] = NULL;
}

static bool
redirect_fault(NvpFault *fault, NvpNetAct act, const char *place, const char *words)
{
	return nvp_fault_set(fault, act == NVP_NET_STORE ? NVP_WRITE_FILE_FAILURE : NVP_SOURCE_UNRESPONSIVE,
						 ERRCODE_PROTOCOL_VIOLATION, false, "%s: %s", place, words);
}

/*
 * Prepare the request for the place that a redirect leads to.  A body is never
 * dropped and never carried to another origin.
 */
static bool
follow_redirect(NvpRequest *request, const NvpResponse *response, NvpNetAct act, NvpFault *fault)
{
	char	   *place = nvp_url_place(request->url);
	bool		has_body = request->upload || request->body;
	bool		becomes_get = response->status != 307 && response->status != 308;
	NvpRedirect kind = nvp_policy_redirect(request->url, response->redirect_url);

	if (kind == NVP_REDIRECT_REFUSED)
		return redirect_fault(fault, act, place, "redirect to an address that is not allowed (not http or https, or from https to http)");
	if (has_body && becomes_get && act == NVP_NET_STORE)
		return redirect_fault(fault, act, place, "redirect would lose the data that was sent");
	if (has_body && !becomes_get && kind == NVP_REDIRECT_OTHER)
		return redirect_fault(fault, act, place, "redirect would carry the request body to another server");
	if (kind == NVP_REDIRECT_OTHER)
		drop_secrets(request);
	if (has_body && becomes_get)
	{
		request->body = NULL;
		request->body_bytes = 0;
		request->command = "GET";
	}
	request->url = response->redirect_url;
	return true;
}

/* The whole of a request: redirects followed, a refusing status made a fault. */
static bool
perform(HttpState *state, NvpRequest *request, NvpResponse *response, NvpNetAct act,
		NvpFault *fault)
{
	for (int hops = 0;; hops++)
	{
		char	   *place = nvp_url_place(request->url);

		if (!nvp_net_perform(state->remote.net, request, response))
			return nvp_net_fault(fault, request, response, act, place);
		if (response->status >= 200 && response->status < 300)
			return true;
		if (!response->redirect_url)
			return nvp_http_fault(fault, request, response, act, place);
		if (hops == MAX_REDIRECTS)
			return redirect_fault(fault, act, nvp_url_place(state->url), "more than 5 redirects, perhaps a loop");
		if (!follow_redirect(request, response, act, fault))
			return false;
	}
}

/* ---- authentication ---- */

/* The text at a dotted path of a JSON answer, NULL if there is none. */
static char *
text_at_path(Jsonb *answer, const char *path)
{
	JsonbContainer *container = &answer->root;
	JsonbValue *value = NULL;

	for (;;)
	{
		size_t		n = strcspn(path, ".");
		char	   *member = pnstrdup(path, n);

		if (!JsonContainerIsObject(container))
			return NULL;
		value = nvp_jsonb_get(container, member);
		if (!value || path[n] == '\0')
			break;
		if (value->type != jbvBinary)
			return NULL;
		container = value->val.binary.data;
		path += n + 1;
	}
	if (!value || value->type != jbvString)
		return NULL;
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* The answer as JSON; NULL when it is none.  Foreign text must not throw. */
static Jsonb *
parse_answer(const char *text)
{
	MemoryContext context = CurrentMemoryContext;
	Jsonb	   *volatile answer = NULL;

	PG_TRY();
	{
		answer = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
	}
	PG_CATCH();
	{
		ErrorData  *edata;

		MemoryContextSwitchTo(context);
		edata = CopyErrorData();
		if (ERRCODE_TO_CATEGORY(edata->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION ||
			ERRCODE_TO_CATEGORY(edata->sqlerrcode) == ERRCODE_INSUFFICIENT_RESOURCES)
			PG_RE_THROW();
		FlushErrorState();
		FreeErrorData(edata);
	}
	PG_END_TRY();
	return answer;
}

/* Ask the authentication endpoint for a token, once per connector. */
static bool
authenticate(NvpConnector *connector, HttpState *state, NvpNetAct act, NvpFault *fault)
{
	NvpPath		path = {&nvp_configuration_path, "authentication", 0};
	JsonbContainer *object = nvp_option_object(connector, "authentication");
	NvpRequest	request = {0};
	NvpResponse response;
	Jsonb	   *answer;
	char	   *token;
	char	   *place;
	int			n;

	if (!object || state->token)
		return true;
	request.url = nvp_jsonb_text(object, &path, "url", "");
	request.command = nvp_jsonb_text(object, &path, "method", "POST");
	request.headers = header_lines(object, &path, 1, &n);
	request.body = body_text(object);
	request.body_bytes = request.body ? strlen(request.body) : 0;
	request.ca_certificate = state->remote.ca_certificate;
	request.timeout_ms = nvp_guc_listing_timeout;
	request.max_bytes = TOKEN_BYTES;
	if (request.body && *request.body == '{' && !has_header(request.headers, "Content-Type"))
		request.headers[n] = "Content-Type: application/json";
	place = nvp_url_place(request.url);
	if (!perform(state, &request, &response, act == NVP_NET_STORE ? act : NVP_NET_LIST, fault))
		return false;
	answer = parse_answer(response.text);
	token = answer ?
		text_at_path(answer, nvp_jsonb_text(object, &path, "token_path", "access_token")) : NULL;
	nvp_secret_wipe(response.text, response.text_bytes);
	if (token && *token && !strpbrk(token, "\r\n"))
	{
		state->token = MemoryContextStrdup(connector->context, token);
		return true;
	}
	nvp_fault_set(fault, act == NVP_NET_STORE ? NVP_WRITE_FILE_FAILURE : NVP_SOURCE_UNRESPONSIVE,
				  ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, false,
				  "%s: answer of the authentication holds no token", place);
	nvp_fault_hint(fault, "The answer must be a JSON object; \"token_path\" names the member with the token (default access_token).");
	return false;
}

/* The request to the configured URL, authenticated; extra lines may be added. */
static bool
init_request(NvpConnector *connector, HttpState *state, NvpRequest *request, int *nheaders,
			 NvpNetAct act, NvpFault *fault)
{
	if (*state->url == '\0')
		return nvp_fault_set(fault, NVP_SOURCE_UNRESPONSIVE, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, false,
							 "connector \"%s\" has no url to ask: its data is sent to it", connector->name);
	if (!authenticate(connector, state, act, fault))
		return false;
	nvp_remote_request(&state->remote, request, state->url);
	request->command = state->method;
	request->headers = header_lines(&connector->configuration->root, &nvp_configuration_path, 5, nheaders);
	if (state->token && !has_header(request->headers, "Authorization"))
		request->headers[(*nheaders)++] = psprintf("Authorization: Bearer %s", state->token);
	return true;
}

/* ---- source ---- */

/* The name of the object: as configured, or the last part of the URL's path. */
static char *
object_name(NvpConnector *connector, const HttpState *state)
{
	char	   *name = nvp_option_text(connector, "file_name", "");
	char	   *path = nvp_url_place(state->url);
	char	   *slash = strrchr(path, '/');
	bool		ok;

	if (*name)
		return name;
	if (!slash || slash[1] == '\0' || slash < strstr(path, "://") + 3)
		return pstrdup("response");
	return nvp_listing_printable(slash + 1, &ok);
}

static bool
http_list(NvpConnector *connector, NvpObject **objects, int *n, NvpFault *fault)
{
	HttpState  *state = http_state(connector);
	NvpObject  *object = palloc0(sizeof(NvpObject));

	object->path = nvp_url_place(state->url);
	object->name = object_name(connector, state);
	object->bytes = -1;
	object->taken = true;
	*objects = object;
	*n = 1;
	return true;
}

static bool
http_fetch(NvpConnector *connector, NvpObject *object, NvpSpool *spool,
		   NvpProgressFunc progress, void *arg, NvpFault *fault)
{
	HttpState  *state = http_state(connector);
	NvpRequest	request;
	NvpResponse response;
	int			n;

	if (!init_request(connector, state, &request, &n, NVP_NET_FETCH, fault))
		return false;
	request.download = spool;
	request.max_bytes = (int64) nvp_guc_max_object_size * 1024;
	request.progress = progress;
	request.progress_arg = arg;
	if (strcmp(state->method, "GET") != 0 || state->body)
	{
		request.body = state->body ? state->body : "";
		request.body_bytes = strlen(request.body);
		request.headers[n++] = "Expect:";
		if (*request.body == '{' && !has_header(request.headers, "Content-Type"))
			request.headers[n++] = "Content-Type: application/json";
	}
	if (!perform(state, &request, &response, NVP_NET_FETCH, fault))
		return false;
	if (response.etag[0])
		object->version = pstrdup(response.etag);
	else if (response.last_modified[0])
		object->version = pstrdup(response.last_modified);
	object->bytes = response.received;
	return true;
}

/* ---- destination ---- */

static bool
http_deliver(NvpConnector *connector, const char *name, const char *content_type, const char *key,
			 NvpSpool *spool, NvpProgressFunc progress, void *arg, NvpFault *fault)
{
	HttpState  *state = http_state(connector);
	NvpRequest	request;
	NvpResponse response;
	int			n;

	if (!init_request(connector, state, &request, &n, NVP_NET_STORE, fault))
		return false;
	request.upload = spool;
	request.progress = progress;
	request.progress_arg = arg;
	if (key)
		request.headers[n++] = psprintf("Idempotency-Key: %s", key);
	if (content_type && !has_header(request.headers, "Content-Type"))
		request.headers[n++] = psprintf("Content-Type: %s", content_type);
	request.headers[n++] = "Expect:";	/* no waiting for a server that does not know 100-continue */
	return perform(state, &request, &response, NVP_NET_STORE, fault);
}

/* ---- probe ---- */

/* Any answer of the server proves that it is there; refused credentials do not pass. */
static bool
http_probe(NvpConnector *connector, NvpFault *fault)
{
	HttpState  *state = http_state(connector);
	NvpNetAct	act = connector->is_input ? NVP_NET_FETCH : NVP_NET_STORE;
	NvpRequest	request;
	NvpResponse response;
	int			n;

	if (!init_request(connector, state, &request, &n, act, fault))
		return false;
	request.command = NULL;
	request.no_body = true;
	request.timeout_ms = nvp_guc_listing_timeout;
	if (perform(state, &request, &response, act, fault))
		return true;
	/* HEAD is not the configured method: an endpoint may know nothing but that */
	return response.code == 0 && (response.status == 405 || response.status == 501 ||
								  (response.status == 404 && strcmp(state->method, "GET") != 0) ||
								  (response.status >= 300 && response.status < 400 && !connector->is_input));
}

const NvpConnectorRoutine nvp_connector_http = {
	.node_type = "HTTP",
	.can_input = true,
	.can_output = true,
	.options = options,
	.noptions = lengthof(options),
	.check = http_check,
	.probe = http_probe,
	.list = http_list,
	.fetch = http_fetch,
	.deliver = http_deliver,
	.close = http_close,
};
