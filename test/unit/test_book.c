/*-------------------------------------------------------------------------
 *
 * test_book.c
 *		Workbooks that are written, read back; and where their tables begin.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "base/zip_write.h"
#include "bookcheck.h"
#include "format/reader_impl.h"
#include "format/workbook.h"
#include "format/writer.h"

#define MOST_CELLS		64

static bool
buffer_sink(void *arg, const char *data, int64 len)
{
	appendBinaryStringInfo(arg, data, len);
	return true;
}

/* a cell from a word: #1 number, !true boolean, @2024-01-01 moment, ~ none, else text; a * before it: it is wrong */
static NvpCell
make_cell(const char *word)
{
	NvpCell		cell = {0};
	uint8		flags = 0;

	if (*word == '*')
	{
		flags = NVP_CELL_WRONG;
		word++;
	}
	cell.kind = *word == '#' ? NVP_CELL_NUMBER : *word == '!' ? NVP_CELL_BOOL : *word == '~' ? NVP_CELL_NULL : NVP_CELL_TEXT;
	cell.flags = flags | (*word == '@' ? NVP_CELL_MOMENT : 0);
	word += (*word == '#' || *word == '!' || *word == '@' || *word == '~');
	cell.ptr = word;
	cell.len = strlen(word);
	return cell;
}

/* write_book writes rows of ncols words; NULL ends them */
static bool
write_book(StringInfo out, const char *const *names, int ncols, const char *const *words, bool with_header, bool with_notes)
{
	NvpWriteFormat format;
	NvpWriter  *writer;
	NvpBatch   *batch = nvp_batch_create(ncols);
	bool		ok = true;

	nvp_write_format_defaults(&format);
	format.kind = NVP_FORMAT_XLSX;
	format.with_header = with_header;
	format.with_notes = with_notes;
	initStringInfo(out);
	writer = nvp_writer_open(&format, names, ncols, buffer_sink, out);
	for (; *words; words += ncols)
	{
		for (int col = 0; col < ncols; col++)
		{
			*nvp_batch_column(batch, col) = make_cell(words[col]);
			if (with_notes && words[col][0] == '*')
				nvp_writer_note(writer, col, "a <note> & more");
		}
		batch->nrows = 1;
		ok = nvp_writer_batch(writer, batch, NULL) && ok;
	}
	nvp_batch_free(batch);
	return nvp_writer_finish(writer) && ok;
}

static void
check_round(const char *name, int ncols, const char *const *names, const char *const *words, const char *expected)
{
	NvpFormat	format = book_format(NVP_FORMAT_XLSX);
	StringInfoData out;

	if (!write_book(&out, names, ncols, words, true, false))
		check_text(name, "not written", "written");
	check_bytes(name, out.data, out.len, &format, expected);
	pfree(out.data);
	if (!write_book(&out, names, ncols, words, true, true))
		check_text(name, "not written", "written");
	check_bytes("the same with comments", out.data, out.len, &format, expected);
	pfree(out.data);
}

static void
test_values(void)
{
	check_round("numbers", 4, (const char *const[]) {"a", "b", "c", "d"},
				(const char *const[]) {
					"#1", "#-0.5", "#123456789012345", "#0.1",
					"#1234567890123456", "#12345678901234567", "#0.12345678901234567", "#1e3", NULL
				},
				"a,b,c,d\nL2 w4 #1 #-0.5 #123456789012345 #0.1\n"
				"L3 w4 #1234567890123456 <12345678901234567> <0.12345678901234567> #1000\nend rows=2 blank=0 skipped=1\n");
	check_round("moments", 3, (const char *const[]) {"a", "b", "c"},
				(const char *const[]) {
					"@1900-01-01", "@1900-02-28", "@1900-03-01",
					"@2024-02-29T23:59:59.999", "@2024-02-29 00:00:00", "@12:30:00",
					"@1899-12-31", "@9999-12-31T23:59:59Z", "@2024-01-01T00:00:00+02:00",
					"@23:59:59.001", "@2024-13-01", "@24:00:00", NULL
				},
				"a,b,c\nL2 w3 <1900-01-01> <1900-02-28> <1900-03-01>\n"
				"L3 w3 <2024-02-29T23:59:59.999> <2024-02-29T00:00:00> <12:30:00>\n"
				"L4 w3 <1899-12-31> <9999-12-31T23:59:59> <2024-01-01T00:00:00+02:00>\n"
				"L5 w3 <23:59:59.001> <2024-13-01> <24:00:00>\nend rows=4 blank=0 skipped=1\n");
	check_round("texts", 3, (const char *const[]) {"<a>", "b & c", "\"d\""},
				(const char *const[]) {
					"=1+1", "_x0041_", "_x004G_",
					"a\001b\rc", " \xC3\xA4 ", "a\nb\tc",
					"bad \xFF byte", "\xEF\xBF\xBF", "_", NULL
				},
				"<a>,b & c,\"d\"\nL2 w3 <=1+1> <_x0041_> <_x004G_>\nL3 w3 <a\\x01b\\x0dc> < \\xc3\\xa4 > <a\\x0ab\\x09c>\n"
				"L4 w3 <bad \\xef\\xbf\\xbd byte> <\\xef\\xbf\\xbd> <_>\nend rows=3 blank=0 skipped=1\n");
	check_round("wrong and missing cells", 4, (const char *const[]) {"a", "b", "c", "d"},
				(const char *const[]) {"*x", "*~", "*#1", "*!true", "~", "~", "~", "", "", "!false", "~", "#2", NULL},
				"a,b,c,d\nL2 w4 <x> ~ #1 ?true\nL4 w4 ~ ?false ~ #2\nend rows=2 blank=1 skipped=1\n");
}

/* ---- where the table begins --------------------------------------------------------- */

static void
check_sniff(const char *name, int ncols, const char *const *words, const char *expected)
{
	static const char *const none[MOST_CELLS] = {
		"", "", "", "", "", "", "", ""
	};
	NvpSniffPins pins = {0};
	NvpSniff	sniff = {0};
	NvpReadError error;
	StringInfoData out;
	NvpSource  *source;
	char		actual[64];

	(void) write_book(&out, none, ncols, words, false, false);
	nvp_format_defaults(&sniff.format);
	sniff.format.kind = NVP_FORMAT_XLSX;
	source = nvp_source_memory(out.data, out.len);
	if (!nvp_workbook_sniff(source, &pins, &sniff, &error))
		snprintf(actual, sizeof(actual), "error: %.40s", error.message);
	else
		snprintf(actual, sizeof(actual), "%s skip=%d columns=%d sheets=%d", sniff.format.has_header ? "header" : "none",
				 sniff.format.skip_rows, sniff.ncols, sniff.nsheets);
	check_text(name, actual, expected);
	source->close(source);
	pfree(out.data);
}

static void
test_headers(void)
{
	check_sniff("names above numbers", 2, (const char *const[]) {"id", "name", "#1", "x", "#2", "y", NULL},
				"header skip=0 columns=2 sheets=1");
	check_sniff("nothing but texts", 2, (const char *const[]) {"id", "name", "k", "x", "l", "y", NULL},
				"header skip=0 columns=2 sheets=1");
	check_sniff("numbers at once", 2, (const char *const[]) {"#1", "x", "#2", "y", NULL}, "none skip=0 columns=2 sheets=1");
	check_sniff("texts that occur again", 2, (const char *const[]) {"a", "b", "a", "b", "c", "b", NULL},
				"none skip=0 columns=2 sheets=1");
	check_sniff("a title and a date above", 3,
				(const char *const[]) {"Title", "~", "~", "@2024-01-01", "~", "~", "~", "~", "~", "id", "n", "v", "#1", "x", "#2", "#2", "y", "#3", NULL},
				"header skip=3 columns=3 sheets=1");
	check_sniff("a narrow first row of data is no title", 3,
				(const char *const[]) {"x", "~", "~", "#1", "#2", "#3", "#1", "#2", "#3", NULL}, "none skip=0 columns=3 sheets=1");
	check_sniff("years are names, too", 3,
				(const char *const[]) {"region", "#2023", "#2024", "a", "#1.5", "#2.5", "b", "#3", "#4", NULL},
				"none skip=0 columns=3 sheets=1");
	check_sniff("one row", 2, (const char *const[]) {"a", "b", NULL}, "header skip=0 columns=2 sheets=1");
	check_sniff("no row", 2, (const char *const[]) {NULL}, "header skip=0 columns=0 sheets=1");
}

/* ---- limits -------------------------------------------------------------------------- */

static void
test_limits(void)
{
	static const char *const names[] = {"a"};
	char	   *text = palloc(32769);
	StringInfoData out;

	memset(text, 'x', 32768);
	text[32768] = '\0';
	checks++;
	if (write_book(&out, names, 1, (const char *const[]) {text, NULL}, true, false))
	{
		failures++;
		printf("not ok: a text that is too long is written\n");
	}
	pfree(out.data);
	text[32767] = '\0';
	checks++;
	if (!write_book(&out, names, 1, (const char *const[]) {text, NULL}, true, false))
	{
		failures++;
		printf("not ok: the longest text is refused\n");
	}
	pfree(out.data);
	pfree(text);
}

static bool
full_sink(void *arg, const char *data, int64 len)
{
	int64	   *left = arg;

	*left -= len;
	return *left >= 0;
}

/* a sink that takes no more, at whatever byte: nothing breaks, and it is told */
static void
test_full(void)
{
	static const char *const names[] = {"a"};
	NvpWriteFormat format;
	NvpBatch   *batch = nvp_batch_create(1);

	nvp_write_format_defaults(&format);
	format.kind = NVP_FORMAT_XLSX;
	format.with_notes = true;
	batch->nrows = 1;
	for (int64 room = 0; room < 5000; room += 97)
	{
		int64		left = room;
		NvpWriter  *writer = nvp_writer_open(&format, names, 1, full_sink, &left);

		*nvp_batch_column(batch, 0) = make_cell("*x");
		nvp_writer_note(writer, 0, "note");
		(void) nvp_writer_batch(writer, batch, NULL);
		checks++;
		if (nvp_writer_finish(writer) != (left >= 0))
		{
			failures++;
			printf("not ok: a sink with room for %d bytes\n", (int) room);
		}
	}
	nvp_batch_free(batch);
}

int
main(void)
{
	test_values();
	test_headers();
	test_limits();
	test_full();
	printf("%d checks, %d failed\n", checks, failures);
	return failures > 0;
}
