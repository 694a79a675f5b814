/*-------------------------------------------------------------------------
 *
 * fuzz_detect.c
 *		Whatever the bytes, and however they come in pieces: the verdict is the
 *		same, its scores are shares, and it names an encoding that can be read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/detect.h"
#include "format/encode.h"
#include "render.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static NvpDetection
detect(const char *bytes, size_t size, size_t piece, bool is_whole)
{
	NvpDetector *detector = nvp_detector_create();
	NvpDetection detection;

	for (size_t at = 0; at < size; at += piece)
		nvp_detector_feed(detector, bytes + at, Min(piece, size - at));
	nvp_detector_finish(detector, is_whole, &detection);
	nvp_detector_free(detector);
	return detection;
}

static void
check_guess(const NvpEncodingGuess *guess)
{
	if (guess->encoding >= NVP_ENCODING_COUNT || !(guess->score >= 0.0 && guess->score <= 1.0))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *) data + 1;
	NvpDetection all;
	NvpDetection pieces;

	if (size < 2 || size > 4096)
		return 0;
	all = detect(bytes, size - 1, size, (data[0] & 1) != 0);
	pieces = detect(bytes, size - 1, 1 + (data[0] >> 4), (data[0] & 1) != 0);
	if (all.best.encoding != pieces.best.encoding || all.best.score != pieces.best.score ||
		all.nrivals != pieces.nrivals || all.is_sure != pieces.is_sure)
		abort();
	check_guess(&all.best);
	for (int i = 0; i < all.nrivals; i++)
		check_guess(&all.rivals[i]);
	if (all.nrivals > 0 && all.rivals[0].score > all.best.score)
		abort();
	if (all.reason[0] == '\0')
		abort();
	return 0;
}
