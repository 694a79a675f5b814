/*-------------------------------------------------------------------------
 *
 * detect.h
 *		Which encoding some text is in, as far as its bytes tell.
 *
 * Flow:   bytes --(feed)--> what was seen --(finish)--> verdict
 * Calls:  nvp_detector_create, nvp_detector_feed*, nvp_detector_finish,
 *		   nvp_detector_free.  finish may be asked at any time, and again after
 *		   more was fed.
 * Memory: 450 kB, in the context current at create, however much is fed.
 * Errors: none.  What cannot be told apart is said to be ambiguous.
 *
 * A byte order mark, the zeros of UTF-16 and UTF-32, and characters of UTF-8
 * are evidence.  Everything else is a question of likelihood: how probable are
 * these bytes if they are text in this encoding, in a language it is used for?
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_DETECT_H
#define NVP_DETECT_H

#include "format/charset.h"

#define NVP_DETECT_RIVALS	3

typedef struct NvpEncodingGuess
{
	NvpEncoding encoding;
	double		score;			/* 0 to 1: how probable among all that were tried */
	const char *language;		/* it reads like, or NULL */
} NvpEncodingGuess;

typedef struct NvpDetection
{
	NvpEncodingGuess best;
	NvpEncodingGuess rivals[NVP_DETECT_RIVALS];	/* that read otherwise, the likeliest first */
	int			nrivals;
	bool		is_sure;		/* nothing that follows can change it */
	bool		is_ascii;		/* there was nothing but ASCII; called UTF-8 */
	bool		is_ambiguous;
	char		reason[160];
} NvpDetection;

typedef struct NvpDetector NvpDetector;

extern NvpDetector *nvp_detector_create(void);
extern void nvp_detector_feed(NvpDetector *detector, const char *bytes, size_t len);
extern void nvp_detector_finish(NvpDetector *detector, bool is_whole, NvpDetection *detection);
extern void nvp_detector_free(NvpDetector *detector);

/* all of that at once */
extern void nvp_detect(const char *bytes, size_t len, bool is_whole, NvpDetection *detection);

#endif							/* NVP_DETECT_H */
