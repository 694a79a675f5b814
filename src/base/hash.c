/*-------------------------------------------------------------------------
 *
 * hash.c
 *		What a file is told by when its source names no version.
 *
 * Source: XXH3, 128 bits (libxxhash, header only).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/hash.h"

#define HASH_WINDOW		(256 * 1024)

/*
 * nvp_hash_spool gives the content of a flushed spool a name:
 * "xxh3:" and 32 hex digits.
 *
 * errors: throws when the file cannot be read.
 */
char *
nvp_hash_spool(NvpSpool *spool)
{
	char	   *buf = palloc(HASH_WINDOW);
	XXH3_state_t *state = XXH3_createState();
	int64		offset = 0;
	int64		n;
	XXH128_hash_t hash;

	if (state == NULL)
		ereport(ERROR,
				errcode(ERRCODE_OUT_OF_MEMORY),
				errmsg("out of memory"));
	XXH3_128bits_reset(state);
	while ((n = nvp_spool_read_at(spool, offset, buf, HASH_WINDOW)) > 0)
	{
		XXH3_128bits_update(state, buf, n);
		offset += n;
	}
	hash = XXH3_128bits_digest(state);
	XXH3_freeState(state);
	if (n < 0)
		ereport(ERROR,
				errcode_for_file_access(),
				errmsg("could not read temporary file: %m"));
	pfree(buf);
	return psprintf("xxh3:%016llx%016llx", (unsigned long long) hash.high64, (unsigned long long) hash.low64);
}
