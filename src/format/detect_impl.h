/*-------------------------------------------------------------------------
 *
 * detect_impl.h
 *		What detect.c, which looks at bytes, and detect_single.c and
 *		detect_multi.c, which judge them, share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_DETECT_IMPL_H
#define NVP_DETECT_IMPL_H

#include "format/detect.h"

/* how often byte b follows byte a, where one of them is beyond ASCII */
typedef struct NvpBytePairs
{
	uint32		counts[256][256];
	int			nseen;
	uint16		seen[65536];	/* those that occurred, a first */
	uint64		high[128];		/* how often each byte beyond ASCII occurs */
	uint64		total;			/* of these */
} NvpBytePairs;

/* a reading of text in an encoding of several bytes a character */
typedef struct NvpMultiReading
{
	NvpEncoding encoding;
	double		likelihood;		/* logarithm, of the bytes beyond ASCII */
	uint64		chars;
	uint64		broken;			/* bytes that fit nowhere */
	int			nheld;			/* bytes of a character that is not complete */
	unsigned char held[4];
	uint8	   *common;			/* bits: pairs of frequent characters */
	bool		in_half;		/* the character before was katakana of half width */
} NvpMultiReading;

/* how likely bytes are as text in an encoding */
typedef struct NvpLikelihood
{
	NvpEncoding encoding;
	double		value;			/* logarithm; -INFINITY = impossible */
	const char *language;
} NvpLikelihood;

/* detect_single.c */
extern void nvp_detect_singles(const NvpBytePairs *pairs, NvpLikelihood *results);
extern bool nvp_same_text(const NvpBytePairs *pairs, NvpEncoding a, NvpEncoding b);

/* detect_multi.c */
extern void nvp_multi_reading_init(NvpMultiReading *reading, NvpEncoding encoding);
extern void nvp_multi_reading_byte(NvpMultiReading *reading, unsigned char byte);
extern void nvp_multi_reading_judge(const NvpMultiReading *reading, NvpLikelihood *result);

#define NVP_SINGLE_COUNT	(NVP_ENCODING_FIRST_MULTI - NVP_ENCODING_FIRST_SINGLE)
#define NVP_MULTI_COUNT		(NVP_ENCODING_COUNT - NVP_ENCODING_FIRST_MULTI)

#endif							/* NVP_DETECT_IMPL_H */
