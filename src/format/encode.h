/*-------------------------------------------------------------------------
 *
 * encode.h
 *		Sources that turn text in other encodings into UTF-8.
 *
 * Calls:  nvp_decoder_open, then those of any source; nvp_decoder_find_bad
 *		   for what could not be decoded.  nvp_decoder_open_late for text that
 *		   was nothing but ASCII as far as anybody looked: the encoding is
 *		   detected where something else begins, and nvp_decoder_find_late tells.
 * Memory: 64 kB for raw bytes, in the context current at open; up to 1.5 MB
 *		   more for files with very many bytes that could not be decoded.
 * Errors: those of the wrapped source.  Bytes that are no character are none:
 *		   each of them passes through as NVP_RAW_BYTES bytes that no UTF-8
 *		   check accepts and that tell which byte it was, so that the cell that
 *		   holds it is reported, and the original can be shown.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_ENCODE_H
#define NVP_ENCODE_H

#include "base/source.h"
#include "format/charset.h"

/* a byte HH that is no character becomes FE 8H 8H */
#define NVP_RAW_BYTES	3
#define NVP_RAW_MARK	0xFE

/* bytes that belong together and are no character */
typedef struct NvpBadText
{
	uint64		out;			/* where they stand in what was decoded */
	uint64		in;				/* and in the source */
	uint8		len;
	unsigned char bytes[7];
} NvpBadText;

/* what was made of text that had seemed to be nothing but ASCII */
typedef struct NvpLateText
{
	NvpEncoding encoding;
	bool		is_ambiguous;
	uint64		offset;			/* of the first byte beyond ASCII in the source */
	char		reason[160];
} NvpLateText;

extern NvpSource *nvp_decoder_open(NvpSource *inner, NvpEncoding encoding);
extern NvpSource *nvp_decoder_open_late(NvpSource *inner);
extern bool nvp_decoder_find_late(const NvpSource *decoder, NvpLateText *late);
extern void nvp_decoder_release(NvpSource *decoder);
extern bool nvp_decoder_find_bad(const NvpSource *decoder, uint64 out, NvpBadText *bad);

/* the byte that three stand for, or -1 */
static inline int
nvp_raw_byte(const char *p, size_t len)
{
	const unsigned char *u = (const unsigned char *) p;

	if (len < NVP_RAW_BYTES || u[0] != NVP_RAW_MARK || (u[1] & 0xF0) != 0x80 || (u[2] & 0xF0) != 0x80)
		return -1;
	return (u[1] & 15) << 4 | (u[2] & 15);
}

#endif							/* NVP_ENCODE_H */
