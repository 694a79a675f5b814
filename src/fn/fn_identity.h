/*-------------------------------------------------------------------------
 *
 * fn_identity.h
 *		Who calls, and what he may use, for entry points of other files.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_FN_IDENTITY_H
#define NVP_FN_IDENTITY_H

#include "utils/uuid.h"

extern void nvp_require_right(const char *verb, const char *kind);
extern void nvp_me(pg_uuid_t *id);
extern void nvp_find(const char *kind, const char *ref, const char *verb, pg_uuid_t *id);

#endif							/* NVP_FN_IDENTITY_H */
