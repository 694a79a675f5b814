/*-------------------------------------------------------------------------
 *
 * secret.h
 *		Secrets at rest: sealed with a key that lies outside the database.
 *
 * A dump or a replica without the key file holds nothing readable.  A sealed
 * secret is bound to the object it belongs to: moved to another row it does
 * not open.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_SECRET_H
#define NVP_SECRET_H

#include "utils/uuid.h"

extern bytea *nvp_secret_seal(const char *plain, size_t length, const pg_uuid_t *id,
							  bool may_create);
extern char *nvp_secret_unseal(const bytea *sealed, const pg_uuid_t *id, size_t *length);
extern bool nvp_secret_is_current(const bytea *sealed);
extern void nvp_secret_wipe(void *data, size_t length);

#endif							/* NVP_SECRET_H */
