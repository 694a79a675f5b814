/*-------------------------------------------------------------------------
 *
 * option.h
 *		What a connector's configuration may hold, and which of it is secret.
 *
 * Calls:  nvp_connector_split when a connector is defined or changed;
 *		   nvp_connector_join when it is loaded; getters afterwards.
 * Errors: 22023 with the JSON path, 0A000 for what is not supported yet.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_OPTION_H
#define NVP_OPTION_H

#include "connector/connector.h"

/* what readers see in place of a secret */
#define NVP_MASK	"********"

/* a definition, and what is stored of it so far (NULL when it is new) */
typedef struct NvpDefinition
{
	const NvpConnectorRoutine *routine;
	bool		is_input;
	Jsonb	   *configuration;
	Jsonb	   *stored_open;
	Jsonb	   *stored_secret;
} NvpDefinition;

extern const NvpConnectorRoutine *nvp_connector_require(const char *node_type, bool is_input);
extern void nvp_connector_split(const NvpDefinition *definition, Jsonb **open_part, Jsonb **secret_part);
extern Jsonb *nvp_connector_join(Jsonb *open_part, Jsonb *secret_part);

extern bool nvp_header_is_secret(const char *name);
extern char *nvp_option_text(const NvpConnector *connector, const char *member, const char *def);
extern bool nvp_option_bool(const NvpConnector *connector, const char *member, bool def);
extern int	nvp_option_port(const NvpConnector *connector, int def);
extern JsonbContainer *nvp_option_object(const NvpConnector *connector, const char *member);

#endif							/* NVP_OPTION_H */
