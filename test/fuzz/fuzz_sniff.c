/*-------------------------------------------------------------------------
 *
 * fuzz_sniff.c
 *		Whatever the bytes: the guess is a format a reader can be opened with.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/sniff.h"
#include "render.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	NvpSniffPins pins = {0};
	NvpSniff	sniff;

	if (size < 1 || size > 4096)
		return 0;
	/* what is pinned must come back as it was given */
	pins.has_header = (data[0] & 4) != 0;
	pins.format.has_header = (data[0] & 8) != 0;
	pins.has_skip_rows = (data[0] & 16) != 0;
	pins.format.skip_rows = data[0] >> 5;
	pins.format.header_rows = pins.has_header && pins.format.has_header ? data[0] >> 6 : 0;
	nvp_sniff((const char *) data + 1, size - 1, (data[0] & 1) != 0,
			  (data[0] & 2) ? "orders.tsv" : NULL, &pins, &sniff);
	if (sniff.format.kind == NVP_FORMAT_CSV &&
		((pins.has_header && sniff.format.has_header != pins.format.has_header) ||
		 (pins.has_skip_rows && sniff.format.skip_rows != pins.format.skip_rows) ||
		 (pins.format.header_rows > 0 && sniff.format.header_rows != pins.format.header_rows)))
		abort();
	if (sniff.kind.confidence < 0.0 || sniff.kind.confidence > 1.0 ||
		sniff.delimiter.confidence < 0.0 || sniff.delimiter.confidence > 1.0)
		abort();
	free(render((const char *) data + 1, size - 1, &sniff.format, 4096, false));
	nvp_sniff_free(&sniff);
	return 0;
}
