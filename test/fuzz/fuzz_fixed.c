/*-------------------------------------------------------------------------
 *
 * fuzz_fixed.c
 *		Whatever the bytes and the widths: no crash, and the same cells through
 *		windows of every size.
 *
 * The first bytes of the input choose widths and options.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "render.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32 windows[] = {1, 2, 3, 5, 7, 16, 63, 64};
	NvpFixedColumn columns[3] = {{NULL}};
	NvpFormat	format;
	char	   *expected;
	char	   *actual;
	int			start = 0;

	if (size < 3 || size > 4096)
		return 0;
	nvp_format_defaults(&format);
	format.kind = NVP_FORMAT_FIXED;
	format.has_header = (data[0] & 1) != 0;
	format.fixed_is_displayed = (data[0] & 2) != 0;
	format.fixed_is_guess = (data[0] & 4) != 0;
	format.skip_rows = data[0] >> 3 & 3;
	format.max_record_bytes = 1024;
	format.fixed = columns;
	format.nfixed = 1 + (data[0] >> 5) % 3;
	for (int i = 0; i < format.nfixed; i++)
	{
		columns[i].start = start + (data[0] >> 7) * (i & 1);
		columns[i].width = 1 + (data[1] >> (2 * i) & 3) * (1 + (data[1] >> 6));
		start = columns[i].start + columns[i].width;
	}
	expected = render((const char *) data + 2, size - 2, &format, 65536, false);
	actual = render((const char *) data + 2, size - 2, &format, windows[data[1] & 7], false);
	if (strcmp(expected, actual) != 0)
	{
		fprintf(stderr, "--- whole\n%s--- in pieces\n%s", expected, actual);
		abort();
	}
	free(expected);
	free(actual);
	return 0;
}
