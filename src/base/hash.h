/*-------------------------------------------------------------------------
 *
 * hash.h
 *		What a file is told by when its source names no version.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_HASH_H
#define NVP_HASH_H

#include "base/spool.h"

extern char *nvp_hash_spool(NvpSpool *spool);

#endif							/* NVP_HASH_H */
