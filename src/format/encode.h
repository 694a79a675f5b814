/*-------------------------------------------------------------------------
 *
 * encode.h
 *		Sources that turn UTF-16, Latin-1 and Windows-1252 into UTF-8.
 *
 * Calls:  nvp_decoder_open, then those of any source.
 * Memory: 64 kB for raw bytes, in the context current at open.
 * Errors: those of the wrapped source; text that is wrong passes through as
 *		   bytes that are not UTF-8.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_ENCODE_H
#define NVP_ENCODE_H

#include "format/reader.h"

extern NvpSource *nvp_decoder_open(NvpSource *inner, NvpEncoding encoding);
extern void nvp_decoder_release(NvpSource *decoder);
extern const char *nvp_encoding_name(NvpEncoding encoding);
extern bool nvp_encoding_parse(const char *name, NvpEncoding *encoding);

#endif							/* NVP_ENCODE_H */
