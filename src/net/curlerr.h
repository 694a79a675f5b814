/*-------------------------------------------------------------------------
 *
 * curlerr.h
 *		What a failed transfer means: fault type, SQLSTATE, retry class, hint.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_CURLERR_H
#define NVP_CURLERR_H

#include "base/fault.h"
#include "net/transfer.h"

/* what was being done, for the fault's type and words */
typedef enum NvpNetAct
{
	NVP_NET_LIST,
	NVP_NET_FETCH,
	NVP_NET_STORE,
	NVP_NET_CLEANUP				/* the after-process action at a source */
} NvpNetAct;

extern bool nvp_net_fault(NvpFault *fault, const NvpRequest *request,
						  const NvpResponse *response, NvpNetAct act, const char *place);
extern bool nvp_http_fault(NvpFault *fault, const NvpRequest *request,
						   const NvpResponse *response, NvpNetAct act, const char *place);

#endif							/* NVP_CURLERR_H */
