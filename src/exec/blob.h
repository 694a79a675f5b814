/*-------------------------------------------------------------------------
 *
 * blob.h
 *		Stored bytes: pushed, uploaded, kept of runs.
 *
 * They lie in _nuvopipe.blob_chunk, in chunks of at most 1 MB, so that neither
 * storing nor reading needs more memory than a chunk.
 *
 * Xact:   every function needs one, with a snapshot; so does reading a spool
 *		   that was lent a blob, each time.
 * Errors: throws, also while a lent spool is read: XX001 where bytes are
 *		   missing, so that no run takes a part for the whole.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_BLOB_H
#define NVP_BLOB_H

#include "utils/uuid.h"

#include "base/spool.h"

#define NVP_BLOB_CHUNK	(1024 * 1024)

/* what a spool that was flushed is stored as */
typedef struct NvpBlobHead
{
	pg_uuid_t	tenant_id;
	const char *file_name;		/* or NULL */
	const char *content_type;	/* or NULL */
	int			keep_minutes;	/* not to be had after; 0 = as long as somebody refers to it */
} NvpBlobHead;

extern void nvp_blob_store(const NvpBlobHead *head, NvpSpool *spool, pg_uuid_t *id);
extern void nvp_blob_lend(const pg_uuid_t *tenant_id, const pg_uuid_t *id, NvpSpool *spool);

#endif							/* NVP_BLOB_H */
