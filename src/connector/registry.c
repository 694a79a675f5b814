/*-------------------------------------------------------------------------
 *
 * registry.c
 *		The kinds of connectors there are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "connector/connector.h"
#include "connector/kinds.h"

/* Data of a MANUAL connector is pushed to us: there is nothing to list or fetch. */
static const NvpConnectorRoutine manual_routine = {
	.node_type = "MANUAL",
	.can_input = true,
};

static const NvpConnectorRoutine *const kinds[] = {
	&nvp_connector_file,
	&nvp_connector_ftp,
	&nvp_connector_http,
	&manual_routine,
	&nvp_connector_table,
};

/* nvp_connector_at gives the i-th kind, NULL after the last. */
const NvpConnectorRoutine *
nvp_connector_at(int i)
{
	return i >= 0 && i < lengthof(kinds) ? kinds[i] : NULL;
}

/* nvp_connector_find gives the kind of a node_type, NULL if there is none. */
const NvpConnectorRoutine *
nvp_connector_find(const char *node_type)
{
	for (int i = 0; i < lengthof(kinds); i++)
		if (strcmp(kinds[i]->node_type, node_type) == 0)
			return kinds[i];
	return NULL;
}
