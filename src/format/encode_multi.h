/*-------------------------------------------------------------------------
 *
 * encode_multi.h
 *		Encodings of several bytes a character, by iconv(3).
 *
 * Calls:  nvp_multi_open, nvp_multi_step*, nvp_multi_close.
 * Memory: iconv's own, given back by close, at the latest with the context
 *		   current at open.
 * Errors: returned.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_ENCODE_MULTI_H
#define NVP_ENCODE_MULTI_H

#include "format/charset.h"

typedef struct NvpMulti NvpMulti;

typedef enum NvpMultiStep
{
	NVP_MULTI_FULL,				/* more room for what comes out is needed */
	NVP_MULTI_MORE,				/* all was read but the beginning of a character */
	NVP_MULTI_BAD				/* nbad bytes are no character */
} NvpMultiStep;

extern NvpMulti *nvp_multi_open(NvpEncoding encoding);
extern NvpMultiStep nvp_multi_step(NvpMulti *multi, const unsigned char **in, size_t *in_left,
								   char **out, size_t *out_left, bool is_last, int *nbad);
extern void nvp_multi_reset(NvpMulti *multi);
extern void nvp_multi_close(NvpMulti *multi);

#endif							/* NVP_ENCODE_MULTI_H */
