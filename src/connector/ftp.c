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

#include "utils/timestamp.h"

#include "base/guc.h"
#include "connector/ftplist.h"
#include "connector/kinds.h"
#include "connector/listing.h"
#include "connector/option.h"
#include "connector/remote.h"
#include "net/curlerr.h"
#include "net/policy.h"

#define IDLE_CONNECTION_US	INT64CONST(20000000)	/* older ones may be dead */
#define CLEANUP_TIMEOUT_MS	5000

typedef struct FtpState
{
	NvpRemote	remote;
	char	   *base;			/* ftp://host:port */
	char	   *directory;		/* as configured, may be empty */
	bool		need_tls;
	bool		no_mlsd;		/* the server refused it */
	TimestampTz last_used;
	TimestampTz list_until;		/* when a listing must be done */
} FtpState;

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
	FtpState   *state = (FtpState *) remote;
	char	   *host = nvp_option_text(connector, "host", "");
	char	   *tls = nvp_option_text(connector, "tls", "none");
	bool		implicit = strcmp(tls, "implicit") == 0;

	state->base = psprintf(strchr(host, ':') && host[0] != '[' ? "%s://[%s]:%d" : "%s://%s:%d",
						   implicit ? "ftps" : "ftp", host,
						   nvp_option_port(connector, implicit ? 990 : 21));
	state->need_tls = strcmp(tls, "none") != 0;
	state->directory = nvp_option_text(connector, "directory_path", "");
}

static FtpState *
ftp_state(NvpConnector *connector)
{
	return nvp_remote_state(connector, sizeof(FtpState), fill_state);
}

/* A path on the server: "/a/b" is absolute there, "a/b" begins at the login folder. */
static char *
make_url(const FtpState *state, const char *path)
{
	return psprintf("%s/%s", state->base, nvp_url_escape_path(path));
}

/* What is shown as the place: no secrets are in it. */
static char *
make_place(const FtpState *state, const char *path)
{
	return psprintf("%s%s%s", state->base, *path == '/' ? "" : "/", path);
}

static void
init_request(const FtpState *state, NvpRequest *request, const char *path)
{
	nvp_remote_request(&state->remote, request, make_url(state, path));
	request->need_tls = state->need_tls;
}

/* One request.  A connection that rested for long is not trusted any more. */
static bool
perform(FtpState *state, const NvpRequest *request, NvpResponse *response)
{
	bool		ok;

	if (state->last_used && GetCurrentTimestamp() - state->last_used > IDLE_CONNECTION_US)
		nvp_net_close(state->remote.net);
	ok = nvp_net_perform(state->remote.net, request, response);
	state->last_used = GetCurrentTimestamp();
	return ok;
}

/* Commands alone, no data connection. */
static bool
perform_commands(FtpState *state, char **commands, int timeout_ms, NvpRequest *request,
				 NvpResponse *response)
{
	init_request(state, request, "");
	request->no_body = true;
	request->before = commands;
	request->timeout_ms = timeout_ms;
	return perform(state, request, response);
}

/* What is left of the time for a listing; at least a millisecond. */
static int
listing_ms(const FtpState *state)
{
	return (int) Max((state->list_until - GetCurrentTimestamp()) / 1000, 1);
}

/* Size and time of one file; false when the server does not tell. */
static bool
stat_file(FtpState *state, const char *path, int timeout_ms, NvpResponse *response)
{
	NvpRequest	request;

	init_request(state, &request, path);
	request.no_body = true;
	request.want_time = true;
	request.timeout_ms = timeout_ms;
	return perform(state, &request, response);
}

/* ---- list ---- */

/* Do the words of a refusal speak of the folder, not of the command? */
static bool
is_about_folder(const NvpResponse *response)
{
	static const char *const words[] = {"no such", "not found", "cannot find", "does not exist",
	"doesn't exist", "denied", "not a directory", NULL};
	char		reply[NVP_NET_LINE];

	strlcpy(reply, response->reply, sizeof(reply));
	for (char *p = reply; *p; p++)
		*p = pg_ascii_tolower((unsigned char) *p);
	for (int i = 0; words[i]; i++)
		if (strstr(reply, words[i]))
			return true;
	return false;
}

/* LIST of a folder that is not there may well be answered by an empty list. */
static bool
check_folder(FtpState *state, NvpFault *fault)
{
	NvpRequest	request;
	NvpResponse response;
	char	   *commands[2] = {NULL, NULL};
	bool		ok;

	if (!*state->directory)
		return true;
	commands[0] = psprintf("CWD %s", state->directory);
	ok = perform_commands(state, commands, listing_ms(state), &request, &response);
	nvp_net_close(state->remote.net);	/* relative paths would mean something else now */
	return ok || nvp_net_fault(fault, &request, &response, NVP_NET_LIST,
							   make_place(state, state->directory));
}

/* The listing as text: MLSD, or LIST where the server refuses that. */
static char *
read_listing(FtpState *state, bool *is_mlsd, NvpFault *fault)
{
	char	   *folder = *state->directory ? nvp_listing_join(state->directory, "") : "";
	NvpRequest	request;
	NvpResponse response;

	state->list_until = GetCurrentTimestamp() + nvp_guc_listing_timeout * INT64CONST(1000);
	init_request(state, &request, folder);
	request.timeout_ms = listing_ms(state);
	*is_mlsd = !state->no_mlsd;
	if (*is_mlsd)
	{
		request.command = "MLSD";
		if (perform(state, &request, &response))
			return response.text;
		if (response.reply[0] != '5' || response.phase == NVP_PHASE_CONNECT || is_about_folder(&response))
		{
			nvp_net_fault(fault, &request, &response, NVP_NET_LIST, make_place(state, folder));
			return NULL;
		}
		state->no_mlsd = true;
		*is_mlsd = false;
	}
	request.command = "LIST";
	if (!perform(state, &request, &response))
	{
		nvp_net_fault(fault, &request, &response, NVP_NET_LIST, make_place(state, folder));
		return NULL;
	}
	if (response.text_bytes == 0 && !check_folder(state, fault))
		return NULL;
	return response.text;
}

/* Ask for size and time of a file whose entry did not tell. */
static bool
complete_entry(FtpState *state, NvpObject *object, bool is_link, NvpFault *fault)
{
	NvpResponse response;

	if (stat_file(state, object->path, listing_ms(state), &response))
	{
		object->bytes = response.file_bytes >= 0 ? response.file_bytes : object->bytes;
		if (response.file_time >= 0)
			object->modified_at = time_t_to_timestamptz(response.file_time);
		return true;
	}
	if (response.reply[0] == '5')
	{
		if (is_link)
		{
			object->taken = false;
			object->reason = pstrdup("a link that leads to no file");
		}
		return true;			/* the server does not tell: size and time stay unknown */
	}
	nvp_fault_set(fault, NVP_SOURCE_UNRESPONSIVE, ERRCODE_CONNECTION_FAILURE, true,
				  "%s: listing did not end in time, or the connection broke", make_place(state, object->path));
	nvp_fault_hint(fault, "A server without MLSD is asked for each file; nuvopipe.listing_timeout may have to be longer.");
	return false;
}

static bool
add_entry(NvpConnector *connector, NvpObjectList *list, const NvpFtpEntry *entry, bool is_mlsd,
		  NvpFault *fault)
{
	FtpState   *state = connector->state;
	NvpObject  *object;
	bool		ok;

	if (entry->kind != NVP_FTP_FILE && entry->kind != NVP_FTP_LINK)
		return true;
	if (list->n >= NVP_LISTING_MAX)
		return nvp_fault_set(fault, NVP_SOURCE_UNRESPONSIVE, ERRCODE_PROGRAM_LIMIT_EXCEEDED, false,
							 "%s: more than %d files", make_place(state, state->directory), NVP_LISTING_MAX);
	object = nvp_listing_add(list);
	object->name = nvp_listing_printable(entry->name, &ok);
	object->path = nvp_listing_join(state->directory, object->name);
	object->bytes = entry->kind == NVP_FTP_LINK ? -1 : entry->bytes;
	object->modified_at = is_mlsd && entry->kind != NVP_FTP_LINK ? entry->modified_at : 0;
	if (!ok)
		object->reason = pstrdup("the name cannot be stored in this database's encoding");
	nvp_listing_judge(connector, object);
	if (object->taken && (object->modified_at == 0 || object->bytes < 0) &&
		!complete_entry(state, object, entry->kind == NVP_FTP_LINK, fault))
		return false;
	nvp_listing_set_version(object);
	return true;
}

static bool
ftp_list(NvpConnector *connector, NvpObject **objects, int *n, NvpFault *fault)
{
	FtpState   *state = ftp_state(connector);
	NvpObjectList list = {NULL, 0, 0};
	bool		is_mlsd;
	char	   *line = read_listing(state, &is_mlsd, fault);
	char	   *next;

	if (!line)
		return false;
	for (; *line; line = next)
	{
		NvpFtpEntry entry;
		size_t		length = strcspn(line, "\n");

		next = line + length + (line[length] == '\n');
		if (length > 0 && line[length - 1] == '\r')
			length--;
		line[length] = '\0';
		if (is_mlsd)
			nvp_ftp_parse_mlsd(line, &entry);
		else
			nvp_ftp_parse_list(line, &entry);
		if (!add_entry(connector, &list, &entry, is_mlsd, fault))
			return false;
	}
	*objects = list.objects;
	*n = list.n;
	return true;
}

/* ---- fetch ---- */

static bool
ftp_fetch(NvpConnector *connector, NvpObject *object, NvpSpool *spool,
		  NvpProgressFunc progress, void *arg, NvpFault *fault)
{
	FtpState   *state = ftp_state(connector);
	NvpRequest	request;
	NvpResponse response;

	init_request(state, &request, object->path);
	request.download = spool;
	request.max_bytes = (int64) nvp_guc_max_object_size * 1024;
	request.progress = progress;
	request.progress_arg = arg;
	if (!perform(state, &request, &response))
		return nvp_net_fault(fault, &request, &response, NVP_NET_FETCH,
							 make_place(state, object->path));
	if (object->bytes >= 0 && response.received != object->bytes)
	{
		nvp_fault_set(fault, NVP_SOURCE_UNRESPONSIVE, ERRCODE_OBJECT_IN_USE, true,
					  "%s: file changed while it was read", make_place(state, object->path));
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
remove_part(FtpState *state, const char *part)
{
	NvpRequest	request;
	NvpResponse response;
	char	   *commands[2] = {NULL, NULL};

	commands[0] = psprintf("*DELE %s", part);
	(void) perform_commands(state, commands, CLEANUP_TIMEOUT_MS, &request, &response);
}

static bool
store_part(NvpConnector *connector, const char *part, NvpSpool *spool,
		   NvpProgressFunc progress, void *arg, NvpFault *fault)
{
	FtpState   *state = connector->state;
	NvpRequest	request;
	NvpResponse response;

	init_request(state, &request, part);
	request.upload = spool;
	request.progress = progress;
	request.progress_arg = arg;
	if (nvp_option_bool(connector, "create_directories", false))
		request.before = make_folder_commands(state->directory);
	if (!perform(state, &request, &response))
	{
		nvp_net_fault(fault, &request, &response, NVP_NET_STORE, make_place(state, part));
		if (response.phase == NVP_PHASE_TRANSFER)
			remove_part(state, part);
		return false;
	}
	/* trust, but verify: some servers confirm what a full disk did not take */
	if (stat_file(state, part, nvp_guc_listing_timeout, &response) && response.file_bytes >= 0 &&
		response.file_bytes != spool->size)
	{
		nvp_fault_set(fault, NVP_DESTINATION_UNRESPONSIVE, ERRCODE_CONNECTION_FAILURE, true,
					  "%s: stored file is incomplete", make_place(state, part));
		nvp_fault_detail(fault, INT64_FORMAT " bytes were sent, the server has " INT64_FORMAT ".",
						 spool->size, response.file_bytes);
		remove_part(state, part);
		return false;
	}
	return true;
}

/*
 * Give the complete file its name.  Servers that do not rename onto an existing
 * file get the old one out of the way by renaming, never by deleting first.
 */
static bool
publish_part(FtpState *state, const char *part, const char *target, NvpFault *fault)
{
	NvpRequest	request;
	NvpResponse response;
	char	   *old = psprintf("%s.old", part);
	char	   *rename[3] = {psprintf("RNFR %s", part), psprintf("RNTO %s", target), NULL};
	char	   *replace[6] = {psprintf("RNFR %s", target), psprintf("RNTO %s", old),
		rename[0], rename[1], psprintf("*DELE %s", old), NULL};
	char	   *restore[3] = {psprintf("*RNFR %s", old), psprintf("*RNTO %s", target), NULL};
	NvpResponse second;

	if (perform_commands(state, rename, nvp_guc_listing_timeout, &request, &response))
		return true;
	if (response.code != 0 && response.reply[0] == '5')
	{
		if (perform_commands(state, replace, nvp_guc_listing_timeout, &request, &second))
			return true;
		(void) perform_commands(state, restore, CLEANUP_TIMEOUT_MS, &request, &second);
		remove_part(state, part);
	}
	return nvp_net_fault(fault, &request, &response, NVP_NET_STORE,
						 make_place(state, target));
}

static bool
ftp_deliver(NvpConnector *connector, const char *name, const char *content_type, const char *key,
			NvpSpool *spool, NvpProgressFunc progress, void *arg, NvpFault *fault)
{
	FtpState   *state = ftp_state(connector);
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
check_unchanged(FtpState *state, const NvpObject *object, NvpFault *fault)
{
	NvpResponse response;

	if (!stat_file(state, object->path, nvp_guc_listing_timeout, &response))
		return true;			/* the action itself will say why */
	if ((object->bytes < 0 || response.file_bytes < 0 || response.file_bytes == object->bytes) &&
		(object->modified_at == 0 || response.file_time < 0 ||
		 llabs(time_t_to_timestamptz(response.file_time) - object->modified_at) < USECS_PER_SEC))
		return true;
	nvp_fault_set(fault, NVP_SOURCE_UNRESPONSIVE, ERRCODE_OBJECT_IN_USE, false,
				  "%s: file changed after it was read, so it was left in place",
				  make_place(state, object->path));
	return false;
}

static bool
ftp_after(NvpConnector *connector, const NvpObject *object, NvpFault *fault)
{
	FtpState   *state = ftp_state(connector);
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

		if (stat_file(state, target, nvp_guc_listing_timeout, &response))
			target = nvp_listing_after_path(connector, object, true);
		commands[0] = psprintf("RNFR %s", object->path);
		commands[1] = psprintf("RNTO %s", target);
	}
	return perform_commands(state, commands, nvp_guc_listing_timeout, &request, &response) ||
		nvp_net_fault(fault, &request, &response, NVP_NET_CLEANUP,
					  make_place(state, object->path));
}

/* ---- probe ---- */

/* An output's folder: listed, which also proves the login. */
static bool
ftp_probe(NvpConnector *connector, NvpFault *fault)
{
	bool		is_mlsd;

	return read_listing(ftp_state(connector), &is_mlsd, fault) != NULL;
}

const NvpConnectorRoutine nvp_connector_ftp = {
	.node_type = "FTP",
	.can_input = true,
	.can_output = true,
	.options = options,
	.noptions = lengthof(options),
	.check = ftp_check,
	.probe = ftp_probe,
	.list = ftp_list,
	.fetch = ftp_fetch,
	.deliver = ftp_deliver,
	.after = ftp_after,
	.close = nvp_remote_close,
};
