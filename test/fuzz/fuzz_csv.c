/*-------------------------------------------------------------------------
 *
 * fuzz_csv.c
 *		Whatever the bytes: no crash, and the same cells with and without
 *		vector instructions and through windows of every size.
 *
 * The first bytes of the input choose the dialect, so that it is explored too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "render.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char delimiters[] = {',', '|', '\t', 'x'};
	static const char quotes[] = {'"', '\'', '\0', '"'};
	static const uint32 windows[] = {1, 2, 3, 5, 7, 16, 63, 64};
	static const NvpEncoding encodings[] = {
		NVP_ENCODING_UTF16LE, NVP_ENCODING_UTF16BE, NVP_ENCODING_UTF32LE, NVP_ENCODING_WINDOWS1252,
		NVP_ENCODING_ISO8859_8, NVP_ENCODING_SHIFT_JIS, NVP_ENCODING_GB18030, NVP_ENCODING_EUC_JP
	};
	NvpFormat	format;
	char	   *expected;
	char	   *actual;

	if (size < 3 || size > 4096)
		return 0;
	nvp_format_defaults(&format);
	format.delimiter = delimiters[data[0] & 3];
	format.quote = quotes[data[0] >> 2 & 3];
	format.escape = (data[0] & 16) ? '\\' : format.quote;
	format.has_header = (data[0] & 32) == 0;
	format.skip_rows = data[1] >> 6;
	format.encoding = (data[1] & 7) == 0 ? encodings[data[1] >> 3 & 7] : NVP_ENCODING_UTF8;
	format.header_rows = 1 + (data[2] >> 4 & 3);
	format.is_ascii_so_far = (data[2] & 64) != 0;
	expected = render((const char *) data + 3, size - 3, &format, 65536, true);
	actual = render((const char *) data + 3, size - 3, &format, 65536, false);
	if (strcmp(expected, actual) != 0)
		abort();
	free(actual);
	actual = render((const char *) data + 3, size - 3, &format, windows[data[2] & 7], (data[2] & 8) != 0);
	if (strcmp(expected, actual) != 0)
	{
		fprintf(stderr, "whole:\n%s\nwindow %u:\n%s\n", expected, windows[data[2] & 7], actual);
		abort();
	}
	free(actual);
	free(expected);
	return 0;
}
