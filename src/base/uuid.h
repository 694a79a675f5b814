/*-------------------------------------------------------------------------
 *
 * uuid.h
 *		Identifiers that sort by the time they were made.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_UUID_H
#define NVP_UUID_H

#include "utils/uuid.h"

extern void nvp_uuid_v7(pg_uuid_t *id);

#endif							/* NVP_UUID_H */
