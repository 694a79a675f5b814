/*-------------------------------------------------------------------------
 *
 * remote.c
 *		What connectors over the network share: login, connection, checks of
 *		their definitions.
 *
 * See remote.h for calls, memory and errors.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/secret.h"
#include "connector/option.h"
#include "connector/remote.h"

/* where the members of a definition lie */
const NvpPath nvp_configuration_path = {NULL, "configuration", 0};

/*
 * nvp_remote_state returns the state, which is made at the first use.
 *
 * in: its size; it begins with an NvpRemote, which is filled here; fill does
 *		the rest, in the connector's context.
 */
void *
nvp_remote_state(NvpConnector *connector, Size size,
				 void (*fill) (NvpConnector *connector, NvpRemote *remote))
{
	MemoryContext before;
	NvpRemote  *remote;

	if (connector->state)
		return connector->state;
	before = MemoryContextSwitchTo(connector->context);
	remote = palloc0(size);
	remote->username = nvp_option_text(connector, "username", NULL);
	remote->password = nvp_option_text(connector, "password", NULL);
	remote->ca_certificate = nvp_option_text(connector, "ca_certificate", NULL);
	fill(connector, remote);
	remote->net = nvp_net_open();
	connector->state = remote;
	MemoryContextSwitchTo(before);
	return remote;
}

/* nvp_remote_request begins a request with the login. */
void
nvp_remote_request(const NvpRemote *remote, NvpRequest *request, const char *url)
{
	memset(request, 0, sizeof(*request));
	request->url = url;
	request->username = remote->username;
	request->password = remote->password;
	request->ca_certificate = remote->ca_certificate;
}

/* nvp_remote_close ends the connection, if there is a state, and wipes the password. */
void
nvp_remote_close(NvpConnector *connector)
{
	NvpRemote  *remote = connector->state;

	if (!remote)
		return;
	nvp_net_close(remote->net);
	if (remote->password)
		nvp_secret_wipe(remote->password, strlen(remote->password));
	connector->state = NULL;
}

/*
 * nvp_remote_check_word checks a member that is one of some words, the first by
 * default.  in: wrong, a format with the word given.
 */
void
nvp_remote_check_word(JsonbContainer *object, const NvpPath *parent, const char *member,
					  const char *const *words, const char *wrong)
{
	NvpPath		path = {parent, member, 0};
	char	   *word = nvp_jsonb_text(object, parent, member, words[0]);
	const char *near;

	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], word) == 0)
			return;
	near = nvp_closest(word, words);
	nvp_path_error(&path, near ? psprintf("Perhaps you meant \"%s\".", near) : NULL, wrong, word);
}

/* nvp_remote_check_text checks that a text can be sent as part of a line. */
void
nvp_remote_check_text(JsonbContainer *object, const NvpPath *parent, const char *member)
{
	NvpPath		path = {parent, member, 0};
	char	   *text = nvp_jsonb_text(object, parent, member, "");

	for (; *text; text++)
		if ((unsigned char) *text < ' ' || *text == 0x7f)
			nvp_path_error(&path, NULL, "must not hold control characters");
}
