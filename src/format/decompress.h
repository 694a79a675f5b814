/*-------------------------------------------------------------------------
 *
 * decompress.h
 *		Sources that decompress another source while it is read.
 *
 * Flow:   stored object --> nvp_decompress_open --> [nvp_decoder_open] --> reader
 * Calls:  nvp_decompress_open, then those of any source; nvp_decompress_rest
 *		   when all was read.
 * Memory: 64 kB of compressed bytes and what the library needs, at most 128 MB
 *		   for archives that were told to remember as much, usually below 8 MB.
 * Errors: those of the wrapped source; NVP_SOURCE_DATA where the bytes are
 *		   damaged or end too early, NVP_SOURCE_LIMIT where they become more
 *		   than is allowed.
 *
 * read_bytes and total_bytes are those of the wrapped source, so that progress
 * is measured in bytes as they are stored.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_DECOMPRESS_H
#define NVP_DECOMPRESS_H

#include "base/source.h"

typedef enum NvpCompression
{
	NVP_COMPRESSION_NONE = 0,
	NVP_COMPRESSION_GZIP,
	NVP_COMPRESSION_ZIP,		/* an archive: see base/zip.h */
	NVP_COMPRESSION_ZSTD,
	NVP_COMPRESSION_BZIP2,
	NVP_COMPRESSION_XZ
} NvpCompression;

#define NVP_COMPRESSION_MARK_BYTES	10	/* what nvp_compression_find wants to see */

/* a bomb is small and becomes large */
typedef struct NvpInflateLimits
{
	int64		max_bytes;		/* decompressed, 0 = no limit */
	int64		max_ratio;		/* decompressed by stored, 0 = no limit */
	int64		free_bytes;		/* so many are not looked at for their ratio */
} NvpInflateLimits;

#define NVP_INFLATE_FREE_BYTES	(10 * 1024 * 1024)

extern NvpCompression nvp_compression_find(const char *first, size_t len);
extern const char *nvp_compression_name(NvpCompression compression);
extern bool nvp_compression_parse(const char *name, NvpCompression *compression);
extern NvpSource *nvp_decompress_open(NvpSource *inner, NvpCompression compression,
									  const NvpInflateLimits *limits);
extern int64 nvp_decompress_rest(const NvpSource *source);
extern void nvp_decompress_release(NvpSource *source);

#endif							/* NVP_DECOMPRESS_H */
