/*-------------------------------------------------------------------------
 *
 * fuzz_xml.c
 *		Whatever the bytes: no crash, the same cells through windows of every
 *		size, and what is written again as XML reads as the same cells.
 *
 * The first byte of the input picks the window, and whether a path is given.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "format/writer.h"
#include "format/xml_survey.h"
#include "render.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
append(void *arg, const char *data, int64 len)
{
	appendBinaryStringInfo((StringInfo) arg, data, (int) len);
	return true;
}

/*
 * is_same leaves out the rows of input that ends badly: how many columns are
 * known before they occur depends on how far the first look went; and what is
 * wrong with a token, and where in its line, on how much of it was seen.
 */
static bool
is_same(const char *a, const char *b)
{
	const char *bad_a = strstr(a, "\nbad L");
	const char *bad_b = strstr(b, "\nbad L");
	size_t		len;

	if (bad_a == NULL || bad_b == NULL)
		return strcmp(a, b) == 0;
	len = strcspn(bad_a, ",");
	return strcspn(bad_b, ",") == len && memcmp(bad_a, bad_b, len) == 0;
}

/* write_again turns the rows into XML; false if the input ends badly or has no rows */
static bool
write_again(const char *data, size_t len, const NvpFormat *format, StringInfo out)
{
	NvpSource  *source = nvp_source_memory(data, len);
	NvpReader  *reader = nvp_reader_open(source, format);
	NvpBatch   *batch = nvp_batch_create(reader->ncols);
	NvpReadStatus status = NVP_READ_BAD;
	NvpWriter  *writer;
	NvpWriteFormat write_format;

	nvp_write_format_defaults(&write_format);
	write_format.kind = NVP_FORMAT_XML;
	writer = nvp_writer_open(&write_format, (const char *const *) reader->header, reader->ncols, append, out);
	/* columns that come later were not announced */
	while (reader->error.message[0] == '\0' && reader->ncols == batch->ncols &&
		   (status = nvp_reader_next(reader, batch)) == NVP_READ_OK)
		nvp_writer_batch(writer, batch, NULL);
	if (reader->rows == 0)
		status = NVP_READ_BAD;
	nvp_writer_finish(writer);
	nvp_batch_free(batch);
	nvp_reader_close(reader);
	source->close(source);
	return status == NVP_READ_END;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32 windows[] = {1, 2, 3, 5, 7, 16, 63, 64};
	NvpFormat	format;
	NvpXmlChoice choice;
	char	   *expected;
	char	   *actual;
	StringInfoData again;

	if (size < 1 || size > 4096)
		return 0;
	nvp_format_defaults(&format);
	format.kind = NVP_FORMAT_XML;
	format.path = (data[0] & 8) ? "/*/*" : NULL;
	nvp_xml_look((const char *) data + 1, size - 1, &choice);
	expected = render((const char *) data + 1, size - 1, &format, 65536, false);
	actual = render((const char *) data + 1, size - 1, &format, windows[data[0] & 7], false);
	if (!is_same(expected, actual))
	{
		fprintf(stderr, "whole:\n%s\nwindow %u:\n%s\n", expected, windows[data[0] & 7], actual);
		abort();
	}
	free(actual);
	free(expected);

	/* what we write is XML */
	initStringInfo(&again);
	if (write_again((const char *) data + 1, size - 1, &format, &again))
	{
		format.path = "/rows/row";
		actual = render(again.data, again.len, &format, 65536, false);
		if (strstr(strchr(actual, '\n'), "\nbad L") != NULL)
		{
			fprintf(stderr, "written:\n%s\nread:\n%s\n", again.data, actual);
			abort();
		}
		free(actual);
	}
	pfree(again.data);
	return 0;
}
