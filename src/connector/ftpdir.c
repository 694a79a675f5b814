/*-------------------------------------------------------------------------
 *
 * ftpdir.c
 *		Listings of FTP folders: MLSD, or LIST and SIZE + MDTM where the server
 *		has no MLSD.
 *
 * Memory: results in the current context.
 * Errors: faults; see net/curlerr.c for what replies mean.
 * Notes:  times are whole seconds; what that means for versions, exec/fetch.c says.
 * Source: RFC 959, RFC 3659.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "base/guc.h"
#include "connector/ftp_impl.h"
#include "connector/ftplist.h"
#include "connector/listing.h"
#include "net/curlerr.h"

/* What is left of the time for a listing; at least a millisecond. */
static int
listing_ms(const NvpFtpState *state)
{
	return (int) Max((state->list_until - GetCurrentTimestamp()) / 1000, 1);
}

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
check_folder(NvpFtpState *state, NvpFault *fault)
{
	NvpRequest	request;
	NvpResponse response;
	char	   *commands[2] = {NULL, NULL};
	bool		ok;

	if (!*state->directory)
		return true;
	commands[0] = psprintf("CWD %s", state->directory);
	ok = nvp_ftp_commands(state, commands, listing_ms(state), &request, &response);
	nvp_net_close(state->remote.net);	/* relative paths would mean something else now */
	return ok || nvp_net_fault(fault, &request, &response, NVP_NET_LIST,
							   nvp_ftp_place(state, state->directory));
}

/* nvp_ftp_read_listing gets the listing as text, by MLSD, or by LIST where the server refuses that; NULL sets the fault. */
char *
nvp_ftp_read_listing(NvpFtpState *state, bool *is_mlsd, NvpFault *fault)
{
	char	   *folder = *state->directory ? nvp_listing_join(state->directory, "") : "";
	NvpRequest	request;
	NvpResponse response;

	state->list_until = GetCurrentTimestamp() + nvp_guc_listing_timeout * INT64CONST(1000);
	nvp_ftp_request(state, &request, folder);
	request.timeout_ms = listing_ms(state);
	*is_mlsd = !state->no_mlsd;
	if (*is_mlsd)
	{
		request.command = "MLSD";
		if (nvp_ftp_perform(state, &request, &response))
			return response.text;
		if (response.reply[0] != '5' || response.phase == NVP_PHASE_CONNECT || is_about_folder(&response))
		{
			nvp_net_fault(fault, &request, &response, NVP_NET_LIST, nvp_ftp_place(state, folder));
			return NULL;
		}
		state->no_mlsd = true;
		*is_mlsd = false;
	}
	request.command = "LIST";
	if (!nvp_ftp_perform(state, &request, &response))
	{
		nvp_net_fault(fault, &request, &response, NVP_NET_LIST, nvp_ftp_place(state, folder));
		return NULL;
	}
	if (response.text_bytes == 0 && !check_folder(state, fault))
		return NULL;
	return response.text;
}

/* Ask for size and time of a file whose entry did not tell. */
static bool
complete_entry(NvpFtpState *state, NvpObject *object, bool is_link, NvpFault *fault)
{
	NvpResponse response;

	if (nvp_ftp_stat(state, object->path, listing_ms(state), &response))
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
				  "%s: listing did not end in time, or the connection broke", nvp_ftp_place(state, object->path));
	nvp_fault_hint(fault, "A server without MLSD is asked for each file; nuvopipe.listing_timeout may have to be longer.");
	return false;
}

static bool
add_entry(NvpConnector *connector, NvpObjectList *list, const NvpFtpEntry *entry, bool is_mlsd,
		  NvpFault *fault)
{
	NvpFtpState   *state = connector->state;
	NvpObject  *object;
	bool		ok;

	if (entry->kind != NVP_FTP_FILE && entry->kind != NVP_FTP_LINK)
		return true;
	if (list->n >= NVP_LISTING_MAX)
		return nvp_fault_set(fault, NVP_SOURCE_UNRESPONSIVE, ERRCODE_PROGRAM_LIMIT_EXCEEDED, false,
							 "%s: more than %d files", nvp_ftp_place(state, state->directory), NVP_LISTING_MAX);
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
	object->has_seconds = object->modified_at % USECS_PER_SEC == 0;
	nvp_listing_set_version(object);
	return true;
}

/* nvp_ftp_list lists the files of the configured folder. */
bool
nvp_ftp_list(NvpConnector *connector, NvpObject **objects, int *n, NvpFault *fault)
{
	NvpFtpState   *state = nvp_ftp_state(connector);
	NvpObjectList list = {NULL, 0, 0};
	bool		is_mlsd;
	char	   *line = nvp_ftp_read_listing(state, &is_mlsd, fault);
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
