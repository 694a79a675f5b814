/*-------------------------------------------------------------------------
 *
 * fuzz_ods.c
 *		Whatever the XML of an OpenDocument sheet: no crash, and the same cells
 *		through windows of every size.
 *
 * The input is a byte of options, and what stands in office:spreadsheet.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "render.h"
#include "zipmake.h"

#define URN		"urn:oasis:names:tc:opendocument:xmlns:"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32 windows[] = {1, 3, 7, 16, 64, 100, 256, 1024};
	StringInfoData content;
	ZipMake		zip;
	NvpFormat	format;
	char	   *expected;
	char	   *actual;

	if (size < 2 || size > 4096)
		return 0;
	initStringInfo(&content);
	appendStringInfoString(&content, "<o:d xmlns:o=\"" URN "office:1.0\" xmlns:t=\"" URN "table:1.0\" xmlns:x=\"" URN "text:1.0\""
						   " xmlns:c=\"urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0\"><o:spreadsheet>");
	appendBinaryStringInfo(&content, (const char *) data + 1, size - 1);
	appendStringInfoString(&content, "</o:spreadsheet></o:d>");
	zipmake_begin(&zip);
	zipmake_add(&zip, "content.xml", content.data, content.len, false, NULL);
	zipmake_end(&zip, NULL, false);

	nvp_format_defaults(&format);
	format.kind = NVP_FORMAT_ODS;
	format.has_header = (data[0] & 8) == 0;
	format.sheet = (data[0] & 16) ? "*" : NULL;
	/* repetitions are few, or else the rows they make would be all that is tried */
	if (memmem(content.data, content.len, "rows-repeated=\"", 15) == NULL)
	{
		expected = render(zip.data.data, zip.data.len, &format, 65536, true);
		actual = render(zip.data.data, zip.data.len, &format, windows[data[0] & 7], (data[0] & 64) != 0);
		if (strcmp(expected, actual) != 0)
		{
			fprintf(stderr, "whole:\n%s\nwindow %u:\n%s\n", expected, windows[data[0] & 7], actual);
			abort();
		}
		free(actual);
		free(expected);
	}
	else
	{
		NvpSource  *source = nvp_source_memory(zip.data.data, zip.data.len);
		NvpReader  *reader = nvp_reader_open(source, &format);
		NvpBatch   *batch = nvp_batch_create(reader->ncols);

		while (reader->rows < 3000 && nvp_reader_next(reader, batch) == NVP_READ_OK)
			;
		nvp_batch_free(batch);
		nvp_reader_close(reader);
		source->close(source);
	}
	free(content.data);
	free(zip.data.data);
	return 0;
}
