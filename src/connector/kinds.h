/*-------------------------------------------------------------------------
 *
 * kinds.h
 *		One routine per kind of connector; only the registry needs them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_KINDS_H
#define NVP_KINDS_H

#include "connector/connector.h"

extern const NvpConnectorRoutine nvp_connector_file;
extern const NvpConnectorRoutine nvp_connector_ftp;
extern const NvpConnectorRoutine nvp_connector_http;

extern const NvpConnectorRoutine nvp_connector_table;

#endif							/* NVP_KINDS_H */
