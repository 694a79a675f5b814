/*-------------------------------------------------------------------------
 *
 * ftp.c
 *		FTP folders, in clear or over TLS, as source and destination.
 *
 * Flow:   list: MLSD, or LIST and SIZE + MDTM where the server has no MLSD
 *		   fetch: RETR into the spool, checked against the listed size
 *		   deliver: [MKD] STOR name.KEY.part, SIZE, RNFR/RNTO name
 *		   after: DELE or RNFR/RNTO
 * Memory: state and results in the connector's context; one connection is kept.
 * Errors: faults; see net/curlerr.c for what replies mean.
 * Notes:  - "tls" is "none" unless the definition says otherwise, for protocol
 *			 FTP means that in definitions written for nuvo.  The password then
 *			 crosses the network in clear, which is told when it is defined.
 *			 "explicit" and "implicit" never fall back to clear.
 *		   - Paths are always sent whole, never relative to a changed folder.
 * Source: RFC 959, RFC 3659 (MLSD, SIZE, MDTM), RFC 4217 (TLS).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "base/guc.h"
#include "connector/ftp_impl.h"
#include "connector/kinds.h"
#include "connector/listing.h"
#include "connector/option.h"
#include "connector/remote.h"
#include "net/curlerr.h"
#include "net/policy.h"

#define IDLE_CONNECTION_US	INT64CONST(20000000)	/* older ones may be dead */
#define CLEANUP_TIMEOUT_MS	5000
#define CANCEL_TIMEOUT_MS	800 /* for the same, when somebody waits for the end */

static const NvpOptionDef options[] = {
	{"host", 's', true, false},
	{"port", 'p', false, false},
	{"protocol", 's', false, false},
	{"tls", 's', false, false},
	{"ca_certificate", 's', false, false},
	{"username", 's', false, false},
	{"password", 's', false, true},
	{"secret_key", 's', false, true},
	{"directory_path", 's', false, false},
	{"file_name", 's', false, false},
	{"create_directories", 'b', false, false},
	{"advance_config", 'o', false, false},
};

/* ---- definition ---- */

static void
check_host(JsonbContainer *root)
{
	NvpPath		path = {&nvp_configuration_path, "host", 0};
	char	   *host = nvp_jsonb_text(root, &nvp_configuration_path, "host", "");

	if (strstr(host, "://"))
		nvp_path_error(&path, "Give the host alone; the port goes into \"port\", the folder into \"directory_path\".",
					   "must be a host name, not a URL");
	for (; *host; host++)
		if ((unsigned char) *host <= ' ' || *host == 0x7f || strchr("/@?#\\\"<>^`{|}%", *host))
			nvp_path_error(&path, "Give the host alone.", "is not a host name");
}

static void
ftp_check(Jsonb *configuration, bool is_input)
{
	static const char *const protocols[] = {"FTP", "SFTP", NULL};
	static const char *const tls[] = {"explicit", "implicit", "none", NULL};
	JsonbContainer *root = &configuration->root;
	NvpPath		name_path = {&nvp_configuration_path, "file_name", 0};

	check_host(root);
	nvp_remote_check_word(root, &nvp_configuration_path, "protocol", protocols, "unknown value \"%s\"");
	nvp_remote_check_word(root, &nvp_configuration_path, "tls", tls, "unknown value \"%s\"");
	nvp_remote_check_text(root, &nvp_configuration_path, "username");
	nvp_remote_check_text(root, &nvp_configuration_path, "password");
	if (nvp_jsonb_get(root, "password") && strcmp(nvp_jsonb_text(root, &nvp_configuration_path, "tls", "none"), "none") == 0)
		ereport(NOTICE,
				(errmsg("the password will cross the network in clear"),
				 errhint("Set \"tls\": \"explicit\" if the server offers TLS.")));
	if (strcmp(nvp_jsonb_text(root, &nvp_configuration_path, "protocol", "FTP"), "SFTP") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("configuration.protocol: SFTP is not supported yet"),
				 errhint("Servers with FTP over TLS can be used with protocol FTP.")));
	if (nvp_jsonb_get(root, "secret_key"))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("configuration.secret_key: keys belong to SFTP, which is not supported yet")));
	nvp_listing_check(configuration, is_input);
	if (!is_input && !*nvp_jsonb_text(root, &nvp_configuration_path, "file_name", ""))
		nvp_path_error(&name_path, "It is the name under which the output is stored.", "must be given");
}

/* ---- connection ---- */

static void
fill_state(NvpConnector *connector, NvpRemote *remote)
{
	NvpFtpState   *state = (NvpFtpState *) remote;
	char	   *host = nvp_option_text(connector, "host", "");
	char	   *tls = nvp_option_text(connector, "tls", "none");
	bool		implicit = strcmp(tls, "implicit") == 0;

	state->base = psprintf(strchr(host, ':') && host[0] != '[' ? "%s://[%s]:%d" : "%s://%s:%d",
						   implicit ? "ftps" : "ftp", host,
						   nvp_option_port(connector, implicit ? 990 : 21));
	state->need_tls = strcmp(tls, "none") != 0;
	state->directory = nvp_option_text(connector, "directory_path", "");
}

/* nvp_ftp_state returns the state, made at the first use in the connector's own context. */
NvpFtpState *
nvp_ftp_state(NvpConnector *connector)
{
	return nvp_remote_state(connector, sizeof(NvpFtpState), fill_state);
}

/* A path on the server: "/a/b" is absolute there, "a/b" begins at the login folder. */
static char *
make_url(const NvpFtpState *state, const char *path)
{
	return psprintf("%s/%s", state->base, nvp_url_escape_path(path));
}

/* nvp_ftp_place makes what is shown as the place: no secrets are in it. */
char *
nvp_ftp_place(const NvpFtpState *state, const char *path)
{
	return psprintf("%s%s%s", state->base, *path == '/' ? "" : "/", path);
}

/* nvp_ftp_request begins a request that concerns a path. */
void
nvp_ftp_request(const NvpFtpState *state, NvpRequest *request, const char *path)
{
	nvp_remote_request(&state->remote, request, make_url(state, path));
	request->need_tls = state->need_tls;
}

/* nvp_ftp_perform does one request.  A connection that rested for long is not trusted any more. */
bool
nvp_ftp_perform(NvpFtpState *state, const NvpRequest *request, NvpResponse *response)
{
	bool		ok;

	if (state->last_used && GetCurrentTimestamp() - state->last_used > IDLE_CONNECTION_US)
		nvp_net_close(state->remote.net);
	ok = nvp_net_perform(state->remote.net, request, response);
	state->last_used = GetCurrentTimestamp();
	return ok;
}

/* nvp_ftp_commands sends commands alone, without data connection; fills request and response. */
bool
nvp_ftp_commands(NvpFtpState *state, char **commands, int timeout_ms, NvpRequest *request,
				 NvpResponse *response)
{
	nvp_ftp_request(state, request, "");
	request->no_body = true;
	request->before = commands;
	request->timeout_ms = timeout_ms;
	return nvp_ftp_perform(state, request, response);
}

/* nvp_ftp_stat asks for size and time of one file; false when the server does not tell. */
bool
nvp_ftp_stat(NvpFtpState *state, const char *path, int timeout_ms, NvpResponse *response)
{
	NvpRequest	request;

	nvp_ftp_request(state, &request, path);
	request.no_body = true;
	request.want_time = true;
	request.timeout_ms = timeout_ms;
	return nvp_ftp_perform(state, &request, response);
}

/* ---- fetch ---- */

static bool
ftp_fetch(NvpConnector *connector, NvpObject *object, NvpSpool *spool,
		  NvpProgressFunc progress, void *arg, NvpFault *fault)
{
	NvpFtpState   *state = nvp_ftp_state(connector);
	NvpRequest	request;
	NvpResponse response;

	nvp_ftp_request(state, &request, object->path);
	request.download = spool;
	request.max_bytes = (int64) nvp_guc_max_object_size * 1024;
	request.progress = progress;
	request.progress_arg = arg;
	if (!nvp_ftp_perform(state, &request, &response))
		return nvp_net_fault(fault, &request, &response, NVP_NET_FETCH,
							 nvp_ftp_place(state, object->path));
	if (object->bytes >= 0 && response.received != object->bytes)
	{
		nvp_fault_set(fault, NVP_SOURCE_UNRESPONSIVE, ERRCODE_OBJECT_IN_USE, true,
					  "%s: file changed while it was read", nvp_ftp_place(state, object->path));
		nvp_fault_detail(fault, "It was listed with " INT64_FORMAT " bytes, " INT64_FORMAT " bytes came.",
						 object->bytes, response.received);
		nvp_fault_hint(fault, "Let the sender write under another name and rename the file when it is complete.");
		return false;
	}
	return true;
}

/* ---- deliver ---- */

/* "*MKD a", "*MKD a/b": the star lets an existing folder pass. */
static char **
make_folder_commands(const char *directory)
{
	char	  **commands = palloc0((strlen(directory) + 2) * sizeof(char *));
	int			n = 0;

	for (const char *p = directory; *p; p++)
		if (*p != '/' && (p[1] == '\0' || p[1] == '/'))
			commands[n++] = psprintf("*MKD %.*s", (int) (p - directory + 1), directory);
	return commands;
}

/* Best effort: a half-written file is not left behind. */
static void
remove_part(NvpFtpState *state, const char *part, int timeout_ms)
{
	NvpRequest	request;
	NvpResponse response;
	char	   *commands[2] = {NULL, NULL};

	commands[0] = psprintf("*DELE %s", part);
	(void) nvp_ftp_commands(state, commands, timeout_ms, &request, &response);
}

/* The same after a cancel, which goes on afterwards; who waits for it waits no longer than this. */
static void
remove_part_and_rethrow(NvpFtpState *state, const char *part, MemoryContext context)
{
	ErrorData  *edata;
	uint32		held;

	MemoryContextSwitchTo(context);
	edata = CopyErrorData();
	FlushErrorState();
	held = QueryCancelHoldoffCount;
	QueryCancelHoldoffCount++;
	PG_TRY();
	{
		remove_part(state, part, CANCEL_TIMEOUT_MS);
	}
	PG_CATCH();
	{
		/* the first error says why */
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
	QueryCancelHoldoffCount = held;
	ReThrowError(edata);
}

static bool
upload(NvpFtpState *state, const char *part, const NvpRequest *request, NvpResponse *response)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool ok = false;

	PG_TRY();
	{
		ok = nvp_ftp_perform(state, request, response);
	}
	PG_CATCH();
	{
		if (response->phase != NVP_PHASE_TRANSFER)
			PG_RE_THROW();
		remove_part_and_rethrow(state, part, context);
	}
	PG_END_TRY();
	return ok;
}

static bool
store_part(NvpConnector *connector, const char *part, NvpSpool *spool,
		   NvpProgressFunc progress, void *arg, NvpFault *fault)
{
	NvpFtpState   *state = connector->state;
	NvpRequest	request;
	NvpResponse response;

	nvp_ftp_request(state, &request, part);
	request.upload = spool;
	request.progress = progress;
	request.progress_arg = arg;
	if (nvp_option_bool(connector, "create_directories", false))
		request.before = make_folder_commands(state->directory);
	if (!upload(state, part, &request, &response))
	{
		nvp_net_fault(fault, &request, &response, NVP_NET_STORE, nvp_ftp_place(state, part));
		if (response.phase == NVP_PHASE_TRANSFER)
			remove_part(state, part, CLEANUP_TIMEOUT_MS);
		return false;
	}
	/* trust, but verify: some servers confirm what a full disk did not take */
	if (nvp_ftp_stat(state, part, nvp_guc_listing_timeout, &response) && response.file_bytes >= 0 &&
		response.file_bytes != spool->size)
	{
		nvp_fault_set(fault, NVP_DESTINATION_UNRESPONSIVE, ERRCODE_CONNECTION_FAILURE, true,
					  "%s: stored file is incomplete", nvp_ftp_place(state, part));
		nvp_fault_detail(fault, INT64_FORMAT " bytes were sent, the server has " INT64_FORMAT ".",
						 spool->size, response.file_bytes);
		remove_part(state, part, CLEANUP_TIMEOUT_MS);
		return false;
	}
	return true;
}

/*
 * Give the complete file its name.  Servers that do not rename onto an existing
 * file get the old one out of the way by renaming, never by deleting first.
 */
static bool
publish_part(NvpFtpState *state, const char *part, const char *target, NvpFault *fault)
{
	NvpRequest	request;
	NvpResponse response;
	char	   *old = psprintf("%s.old", part);
	char	   *rename[3] = {psprintf("RNFR %s", part), psprintf("RNTO %s", target), NULL};
	char	   *replace[6] = {psprintf("RNFR %s", target), psprintf("RNTO %s", old),
		rename[0], rename[1], psprintf("*DELE %s", old), NULL};
	char	   *restore[3] = {psprintf("*RNFR %s", old), psprintf("*RNTO %s", target), NULL};
	NvpResponse second;

	if (nvp_ftp_commands(state, rename, nvp_guc_listing_timeout, &request, &response))
		return true;
	if (response.code != 0 && response.reply[0] == '5')
	{
		if (nvp_ftp_commands(state, replace, nvp_guc_listing_timeout, &request, &second))
			return true;
		(void) nvp_ftp_commands(state, restore, CLEANUP_TIMEOUT_MS, &request, &second);
		remove_part(state, part, CLEANUP_TIMEOUT_MS);
	}
	return nvp_net_fault(fault, &request, &response, NVP_NET_STORE,
						 nvp_ftp_place(state, target));
}

static bool
ftp_deliver(NvpConnector *connector, const char *name, const char *content_type, const char *key,
			NvpSpool *spool, NvpProgressFunc progress, void *arg, NvpFault *fault)
{
	NvpFtpState   *state = nvp_ftp_state(connector);
	char	   *part;

	if (!nvp_name_is_plain(name))
		return nvp_fault_set(fault, NVP_WRITE_FILE_FAILURE, ERRCODE_INVALID_NAME, false,
							 "output name is not a file name");
	part = nvp_listing_join(state->directory, nvp_listing_part_name(name, key));
	return store_part(connector, part, spool, progress, arg, fault) &&
		publish_part(state, part, nvp_listing_join(state->directory, name), fault);
}

/* ---- after ---- */

/* Is this still the file that was read?  A newer one must not be removed. */
static bool
check_unchanged(NvpFtpState *state, const NvpObject *object, NvpFault *fault)
{
	NvpResponse response;

	if (!nvp_ftp_stat(state, object->path, nvp_guc_listing_timeout, &response))
		return true;			/* the action itself will say why */
	if ((object->bytes < 0 || response.file_bytes < 0 || response.file_bytes == object->bytes) &&
		(object->modified_at == 0 || response.file_time < 0 ||
		 llabs(time_t_to_timestamptz(response.file_time) - object->modified_at) < USECS_PER_SEC))
		return true;
	nvp_fault_set(fault, NVP_SOURCE_UNRESPONSIVE, ERRCODE_OBJECT_IN_USE, false,
				  "%s: file changed after it was read, so it was left in place",
				  nvp_ftp_place(state, object->path));
	return false;
}

static bool
ftp_after(NvpConnector *connector, const NvpObject *object, NvpFault *fault)
{
	NvpFtpState   *state = nvp_ftp_state(connector);
	NvpAfter	after = nvp_listing_after(connector);
	NvpRequest	request;
	NvpResponse response;
	char	   *commands[3] = {NULL, NULL, NULL};

	if (after == NVP_AFTER_NONE)
		return true;
	if (!check_unchanged(state, object, fault))
		return false;
	if (after == NVP_AFTER_DELETE)
		commands[0] = psprintf("DELE %s", object->path);
	else
	{
		char	   *target = nvp_listing_after_path(connector, object, false);

		if (nvp_ftp_stat(state, target, nvp_guc_listing_timeout, &response))
			target = nvp_listing_after_path(connector, object, true);
		commands[0] = psprintf("RNFR %s", object->path);
		commands[1] = psprintf("RNTO %s", target);
	}
	return nvp_ftp_commands(state, commands, nvp_guc_listing_timeout, &request, &response) ||
		nvp_net_fault(fault, &request, &response, NVP_NET_CLEANUP,
					  nvp_ftp_place(state, object->path));
}

/* ---- probe ---- */

/* An output's folder: listed, which also proves the login. */
static bool
ftp_probe(NvpConnector *connector, NvpFault *fault)
{
	bool		is_mlsd;

	return nvp_ftp_read_listing(nvp_ftp_state(connector), &is_mlsd, fault) != NULL;
}

const NvpConnectorRoutine nvp_connector_ftp = {
	.node_type = "FTP",
	.can_input = true,
	.can_output = true,
	.options = options,
	.noptions = lengthof(options),
	.check = ftp_check,
	.probe = ftp_probe,
	.list = nvp_ftp_list,
	.fetch = ftp_fetch,
	.deliver = ftp_deliver,
	.after = ftp_after,
	.close = nvp_remote_close,
};
