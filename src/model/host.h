/*-------------------------------------------------------------------------
 *
 * host.h
 *		The host rule: which text is the name of an Internet host.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_HOST_H
#define NVP_HOST_H

#include "model/codes.h"

#define NVP_HOST_MAX_BYTES	253
#define NVP_LABEL_MAX_BYTES	63

typedef struct NvpHost
{
	int			labels;
	bool		has_upper;		/* nvp_host_lower would change it */
	bool		has_wide;		/* characters beyond ASCII */
} NvpHost;

extern bool nvp_host_check(const char *p, uint32 len, NvpHost *host);
extern void nvp_host_lower(const char *p, uint32 len, char *out);

#endif							/* NVP_HOST_H */
