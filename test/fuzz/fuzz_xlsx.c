/*-------------------------------------------------------------------------
 *
 * fuzz_xlsx.c
 *		Whatever the XML: no crash, and the same cells with and without the
 *		short cuts of the reader, through windows of every size.
 *
 * The input is, separated by NUL: a byte of options, what stands in sheetData,
 * in sst, in styleSheet; the package around them is made here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/sheet.h"
#include "format/workbook.h"
#include "render.h"
#include "zipmake.h"

#define MAIN	"xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\""
#define LINK	"xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\""
#define TYPE	"http://schemas.openxmlformats.org/officeDocument/2006/relationships/"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
put(ZipMake *zip, const char *name, const char *text)
{
	zipmake_add(zip, name, text, strlen(text), false, NULL);
}

static void
wrap(ZipMake *zip, const char *name, const char *before, const char *text, size_t len, const char *after)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, before);
	appendBinaryStringInfo(&buf, text, len);
	appendStringInfoString(&buf, after);
	zipmake_add(zip, name, buf.data, buf.len, false, NULL);
	pfree(buf.data);
}

/* the next piece of the input */
static const char *
piece(const char **p, const char *end, size_t *len)
{
	const char *begin = *p;
	const char *stop = begin < end ? memchr(begin, '\0', end - begin) : NULL;

	if (stop == NULL)
		stop = end;
	*len = stop - begin;
	*p = Min(stop + 1, end);
	return begin;
}

/* sniff_header lets the header be found: what is said of it must be so */
static void
sniff_header(const ZipMake *zip, const NvpFormat *format, bool is_pinned)
{
	NvpSniffPins pins = {.format = *format, .has_skip_rows = is_pinned};
	NvpSniff	sniff = {.format = *format};
	NvpReadError error;
	NvpSource  *source = nvp_source_memory(zip->data.data, zip->data.len);

	pins.format.header_rows = 0;
	if (nvp_workbook_sniff(source, &pins, &sniff, &error) &&
		((is_pinned && sniff.format.skip_rows != format->skip_rows) || sniff.format.skip_rows > NVP_SHEET_ROWS ||
		 sniff.ncols > NVP_SHEET_COLUMNS || (sniff.nguesses > 0 && sniff.format.header_rows != sniff.guesses[0].header_rows)))
		abort();
	for (int i = 0; i < sniff.nsheets; i++)
		pfree(sniff.sheets[i].name);
	if (sniff.sheets)
		pfree(sniff.sheets);
	nvp_sniff_free(&sniff);
	source->close(source);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32 windows[] = {1, 3, 7, 16, 64, 100, 256, 1024};
	const char *p = (const char *) data + 1;
	const char *end = (const char *) data + size;
	const char *text;
	size_t		len;
	ZipMake		zip;
	NvpFormat	format;
	char	   *expected;
	char	   *actual;

	if (size < 2 || size > 4096)
		return 0;
	zipmake_begin(&zip);
	text = piece(&p, end, &len);
	wrap(&zip, "s", "<worksheet " MAIN "><sheetData>", text, len, "</sheetData></worksheet>");
	text = piece(&p, end, &len);
	wrap(&zip, "t", "<sst " MAIN ">", text, len, "</sst>");
	text = piece(&p, end, &len);
	wrap(&zip, "y", "<styleSheet " MAIN ">", text, len, "</styleSheet>");
	put(&zip, "xl/workbook.xml", (data[0] & 16) ?
		"<workbook " MAIN " " LINK "><workbookPr date1904=\"1\"/><sheets><sheet name=\"a\" r:id=\"s\"/></sheets></workbook>" :
		"<workbook " MAIN " " LINK "><sheets><sheet name=\"a\" r:id=\"s\"/></sheets></workbook>");
	put(&zip, "xl/_rels/workbook.xml.rels", "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"
		"<Relationship Id=\"s\" Type=\"" TYPE "worksheet\" Target=\"/s\"/><Relationship Id=\"t\" Type=\"" TYPE "sharedStrings\" Target=\"/t\"/>"
		"<Relationship Id=\"y\" Type=\"" TYPE "styles\" Target=\"/y\"/></Relationships>");
	zipmake_end(&zip, NULL, false);

	nvp_format_defaults(&format);
	format.kind = NVP_FORMAT_XLSX;
	format.has_header = (data[0] & 8) == 0;
	format.skip_rows = data[0] >> 5 & 1;
	format.header_rows = 1 + (data[0] >> 7);
	sniff_header(&zip, &format, (data[0] & 64) != 0);
	expected = render(zip.data.data, zip.data.len, &format, 65536, true);
	actual = render(zip.data.data, zip.data.len, &format, windows[data[0] & 7], (data[0] & 64) != 0);
	if (strcmp(expected, actual) != 0)
	{
		fprintf(stderr, "whole:\n%s\nwindow %u:\n%s\n", expected, windows[data[0] & 7], actual);
		abort();
	}
	free(actual);
	free(expected);
	free(zip.data.data);
	return 0;
}
