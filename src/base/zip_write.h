/*-------------------------------------------------------------------------
 *
 * zip_write.h
 *		Zip archives, written from front to back to a sink that cannot seek.
 *
 * Flow:   bytes of a member --(deflate, CRC)--> sink; in the end the directory
 * Calls:  nvp_zip_write_open, { nvp_zip_write_begin, nvp_zip_write*,
 *		   nvp_zip_write_end }*, nvp_zip_write_finish, which frees it.
 * Memory: 400 kB, and some 60 bytes and the name for each member, in the context
 *		   current at open.
 * Errors: false, now and ever after, when the sink refused bytes or a member
 *		   would have 4 GB.
 *
 * The size of a member is told behind it (a data descriptor), for it is not
 * known before.  The archive may be of any size.  Times are 1980-01-01, so that
 * equal contents make equal archives.
 *
 * Source: APPNOTE 6.3.10, sections 4.3 to 4.5; RFC 1951.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_ZIP_WRITE_H
#define NVP_ZIP_WRITE_H

#define NVP_ZIP_WRITE_MOST	INT64CONST(0xFFFFFFF0)	/* bytes of a member, packed and unpacked */

typedef bool (*NvpZipSink) (void *arg, const char *data, int64 len);

typedef struct NvpZipWriter NvpZipWriter;

extern NvpZipWriter *nvp_zip_write_open(NvpZipSink sink, void *arg);
extern bool nvp_zip_write_begin(NvpZipWriter *zip, const char *name);
extern bool nvp_zip_write(NvpZipWriter *zip, const char *data, int64 len);
extern bool nvp_zip_write_end(NvpZipWriter *zip);
extern bool nvp_zip_write_finish(NvpZipWriter *zip);

#endif							/* NVP_ZIP_WRITE_H */
