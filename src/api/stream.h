/*-------------------------------------------------------------------------
 *
 * stream.h
 *		What uploads, downloads and event streams share with requests.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_STREAM_H
#define NVP_STREAM_H

#include "api/request.h"

extern void nvp_api_state(NvpApiCall *call, Jsonb *value);
extern void nvp_api_resume(NvpApiCall *call);

#endif							/* NVP_STREAM_H */
