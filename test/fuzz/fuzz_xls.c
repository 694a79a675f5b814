/*-------------------------------------------------------------------------
 *
 * fuzz_xls.c
 *		Whatever the bytes of an Excel 97 workbook: no crash, and the same cells
 *		through sources of every size.
 *
 * By the first byte the input is a whole file, or the records of a workbook
 * around which the file is made here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "render.h"
#include "xlsmake.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32 windows[] = {1, 3, 7, 16, 64, 100, 256, 1024};
	StringInfoData stream = {(char *) data + 1, (int) size - 1, (int) size - 1, 0};
	StringInfoData file;
	NvpFormat	format;
	char	   *expected;
	char	   *actual;

	if (size < 2 || size > 16384)
		return 0;
	if (data[0] & 128)
	{
		initStringInfo(&file);
		appendBinaryStringInfo(&file, stream.data, stream.len);
	}
	else
		xls_wrap(&file, "Workbook", &stream);
	nvp_format_defaults(&format);
	format.kind = NVP_FORMAT_XLS;
	format.has_header = (data[0] & 8) == 0;
	format.sheet = (data[0] & 16) ? "*" : NULL;
	expected = render(file.data, file.len, &format, 65536, true);
	actual = render(file.data, file.len, &format, windows[data[0] & 7], (data[0] & 64) != 0);
	if (strcmp(expected, actual) != 0)
	{
		fprintf(stderr, "whole:\n%s\nwindow %u:\n%s\n", expected, windows[data[0] & 7], actual);
		abort();
	}
	free(actual);
	free(expected);
	free(file.data);
	return 0;
}
