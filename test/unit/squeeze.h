/*-------------------------------------------------------------------------
 *
 * squeeze.h
 *		Compresses bytes, for tests of what decompresses them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_TEST_SQUEEZE_H
#define NVP_TEST_SQUEEZE_H

#include "format/decompress.h"

/* the compressed form of some bytes, one member; malloc'd */
extern char *squeeze(NvpCompression compression, const char *data, size_t len, size_t *squeezed_len);

/* all that a source gives, read in pieces of that many bytes; NULL on errors; malloc'd */
extern char *drain(NvpSource *source, int64 piece, size_t *len);

#endif							/* NVP_TEST_SQUEEZE_H */
