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
	NvpSniff	sniff;

	if (size < 1 || size > 4096)
		return 0;
	nvp_sniff((const char *) data + 1, size - 1, (data[0] & 1) != 0,
			  (data[0] & 2) ? "orders.tsv" : NULL, NULL, &sniff);
	if (sniff.kind.confidence < 0.0 || sniff.kind.confidence > 1.0 ||
		sniff.delimiter.confidence < 0.0 || sniff.delimiter.confidence > 1.0)
		abort();
	free(render((const char *) data + 1, size - 1, &sniff.format, 4096, false));
	return 0;
}
