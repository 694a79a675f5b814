/*-------------------------------------------------------------------------
 *
 * remote.h
 *		What connectors over the network share: login, connection, checks of
 *		their definitions.
 *
 * The state of such a connector begins with an NvpRemote.
 *
 * Calls:  nvp_remote_state at each use; nvp_remote_close at the end.
 * Memory: the state lives in the connector's own context.
 * Errors: checks throw 22023 with the JSON path.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_REMOTE_H
#define NVP_REMOTE_H

#include "base/jsonb.h"
#include "connector/connector.h"
#include "net/transfer.h"

typedef struct NvpRemote
{
	NvpNet	   *net;
	char	   *username;
	char	   *password;
	char	   *ca_certificate;
} NvpRemote;

extern const NvpPath nvp_configuration_path;

extern void *nvp_remote_state(NvpConnector *connector, Size size,
							  void (*fill) (NvpConnector *connector, NvpRemote *remote));
extern void nvp_remote_request(const NvpRemote *remote, NvpRequest *request, const char *url);
extern void nvp_remote_close(NvpConnector *connector);

extern void nvp_remote_check_word(JsonbContainer *object, const NvpPath *parent, const char *member,
								  const char *const *words, const char *wrong);
extern void nvp_remote_check_text(JsonbContainer *object, const NvpPath *parent, const char *member);

#endif							/* NVP_REMOTE_H */
