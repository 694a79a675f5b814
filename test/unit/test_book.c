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

/* tell writes down what was found: place of the header, columns with the first letters of their types, names */
static void
tell(const NvpSniff *sniff, StringInfo out)
{
	appendStringInfoString(out, sniff->format.has_header ? "header" : "none");
	if (sniff->format.has_header && sniff->format.header_rows > 1)
		appendStringInfo(out, "*%d", sniff->format.header_rows);
	appendStringInfo(out, " skip=%d columns=%d ", sniff->format.skip_rows, sniff->ncols);
	for (int i = 0; i < sniff->nfields; i++)
		appendStringInfo(out, "%c%s", nvp_field_type_name(sniff->fields[i].type)[0], sniff->fields[i].is_typed ? "!" : "");
	for (int i = 0; i < sniff->nfields && sniff->format.has_header; i++)
		appendStringInfo(out, "%c%s", i == 0 ? ' ' : ',', sniff->fields[i].name);
	if (sniff->transposed.reason[0])
		appendStringInfoString(out, " transposed");
	if (strstr(sniff->header.reason, "occur twice"))
		appendStringInfoString(out, " doubles");
	if (sniff->header.nrivals > 0)
		appendStringInfo(out, " / %s", sniff->header.rivals[0].value);
}

static void
check_pinned(const char *name, const NvpSniffPins *pins, int ncols, const char *const *words, const char *expected)
{
	static const char *const none[MOST_CELLS] = {
		"", "", "", "", "", "", "", ""
	};
	NvpSniff	sniff = {0};
	NvpReadError error;
	StringInfoData out;
	StringInfoData actual;
	NvpSource  *source;

	(void) write_book(&out, none, ncols, words, false, false);
	initStringInfo(&actual);
	sniff.format = pins->format;
	source = nvp_source_memory(out.data, out.len);
	if (nvp_workbook_sniff(source, pins, &sniff, &error))
		tell(&sniff, &actual);
	else
		appendStringInfoString(&actual, error.message);
	check_text(name, actual.data, expected);
	nvp_sniff_free(&sniff);
	source->close(source);
	pfree(actual.data);
	pfree(out.data);
}

static void
check_sniff(const char *name, int ncols, const char *const *words, const char *expected)
{
	NvpSniffPins pins = {0};

	nvp_format_defaults(&pins.format);
	pins.format.kind = NVP_FORMAT_XLSX;
	pins.format.header_rows = 0;
	check_pinned(name, &pins, ncols, words, expected);
}

#define WORDS(...)	(const char *const[]) {__VA_ARGS__, NULL}

static void
test_headers(void)
{
	check_sniff("names above numbers", 2, WORDS("id", "name", "#1", "x", "#2", "y"), "header skip=0 columns=2 i!t id,name / none");
	check_sniff("nothing but texts", 2, WORDS("id", "name", "k", "x", "l", "y"), "header skip=0 columns=2 tt id,name / none");
	check_sniff("numbers kept as text", 2, WORDS("name", "zip", "a", "01234", "b", "99999"), "header skip=0 columns=2 ti name,zip / none");
	check_sniff("numbers, most of them kept as text", 1, WORDS("n", "1,5", "2,5", "3,5", "4,5", "5,5", "6,5", "7,5", "8,5", "#9.5"),
				"header skip=0 columns=1 d n / none");
	check_sniff("a text that looks like a number above real numbers", 2, WORDS("name", "2024", "a", "#1", "b", "#2"),
				"header skip=0 columns=2 ti! name,2024 / none");
	check_sniff("numbers at once", 2, WORDS("#1", "x", "#2", "y"), "none skip=0 columns=2 i!t / row 0");
	check_sniff("texts that occur again", 2, WORDS("a", "b", "a", "b", "c", "b"), "none skip=0 columns=2 tt / row 0");
	check_sniff("years are names, too", 3, WORDS("region", "#2023", "#2024", "a", "#1.5", "#2.5", "b", "#3", "#4"),
				"header skip=0 columns=3 td!d! region,2023,2024 / none");
	check_sniff("months are names, too", 3, WORDS("region", "@2024-01-01", "@2024-02-01", "a", "#1", "#2", "b", "#3", "#4"),
				"header skip=0 columns=3 ti!i! region,2024-01-01,2024-02-01 / none");
	check_sniff("years among years are data", 2, WORDS("#2023", "#1.5", "#2024", "#2.5", "#2025", "#4"), "none skip=0 columns=2 i!d! / row 0");
	check_sniff("duplicate names", 3, WORDS("id", "name", "name", "#1", "a", "b", "#2", "c", "d"),
				"header skip=0 columns=3 i!tt id,name,name doubles / none");
	check_sniff("names that are missing", 4, WORDS("id", "~", "sum", "~", "#1", "a", "#2", "x", "#3", "b", "#4", "y"),
				"header skip=0 columns=3 i!ti!t id,,sum, / none");
	check_sniff("a last column that is mostly empty", 3, WORDS("id", "n", "remark", "#1", "#2", "~", "#3", "#4", "~", "#5", "#6", "x"),
				"header skip=0 columns=3 i!i!t id,n,remark / none");
	check_sniff("a value far right", 4, WORDS("id", "n", "~", "~", "#1", "#2", "~", "~", "#3", "#4", "~", "#9"),
				"header skip=0 columns=2 i!i! id,n / none");
	check_sniff("one row", 2, WORDS("a", "b"), "header skip=0 columns=2 ee a,b / none");
	check_sniff("no row", 2, (const char *const[]) {NULL}, "header skip=0 columns=0 ");
}

static void
test_preambles(void)
{
	check_sniff("a title and a date above, and a blank row", 3,
				WORDS("Title", "~", "~", "@2024-01-01", "~", "~", "~", "~", "~", "id", "n", "v", "#1", "x", "#2", "#2", "y", "#3"),
				"header skip=3 columns=3 i!ti! id,n,v / none");
	check_sniff("a narrow first row of data is no title", 3, WORDS("x", "~", "~", "#1", "#2", "#3", "#1", "#2", "#3"),
				"none skip=0 columns=3 i!i!i! / row 0");
	check_sniff("a title in the middle", 4, WORDS("~", "~", "Title", "~", "id", "n", "v", "w", "#1", "x", "#2", "#3", "#2", "y", "#3", "#4"),
				"header skip=1 columns=4 i!ti!i! id,n,v,w / none");
	check_sniff("labels with values above", 3,
				WORDS("Orders", "~", "~", "Date:", "@2024-01-01", "~", "By:", "me", "~", "id", "n", "v", "#1", "x", "#2", "#2", "y", "#3"),
				"header skip=3 columns=3 i!ti! id,n,v / none");
	check_sniff("a total at the right above", 4,
				WORDS("Sum", "~", "~", "#5", "id", "n", "v", "w", "#1", "x", "#2", "#3", "#2", "y", "#3", "#4"),
				"header skip=1 columns=4 i!ti!i! id,n,v,w / none");
	check_sniff("blank rows above are no preamble", 2, WORDS("~", "~", "~", "~", "id", "n", "#1", "x", "#2", "y"),
				"header skip=0 columns=2 i!t id,n / none");
	check_sniff("a sparse table", 6,
				WORDS("id", "a", "b", "c", "d", "e", "#1", "~", "~", "#3", "~", "~", "#2", "#5", "~", "~", "~", "~", "#3", "~", "~", "~", "~", "#6"),
				"header skip=0 columns=6 i!i!ei!ei! id,a,b,c,d,e / none");
	check_sniff("a table that begins in the third column", 4, WORDS("~", "~", "id", "n", "~", "~", "#1", "x", "~", "~", "#2", "y"),
				"header skip=0 columns=4 eei!t ,,id,n / none");
	check_sniff("totals below", 3, WORDS("id", "n", "v", "#1", "x", "#2", "#2", "y", "#3", "~", "total", "#5"),
				"header skip=0 columns=3 i!ti! id,n,v / none");
	check_sniff("a title above rows without names", 3, WORDS("Title", "~", "~", "#1", "#2", "#3", "#4", "#5", "#6"),
				"none skip=0 columns=3 i!i!i! / row 0");
}

static void
test_header_rows(void)
{
	NvpSniffPins pins = {0};
	const char *const *groups = WORDS("id", "#2023", "~", "#2024", "~", "~", "Q1", "Q2", "Q1", "Q2", "#1", "#2.5", "#3.5", "#4", "#5", "#2", "#3", "#4", "#5", "#6");

	check_sniff("years above quarters, as cells are merged", 5, groups,
				"header*2 skip=0 columns=5 i!d!d!i!i! id,2023 Q1,2023 Q2,2024 Q1,2024 Q2 / row 1");
	check_sniff("groups above names", 4,
				WORDS("Person", "~", "Address", "~", "name", "age", "street", "zip", "a", "#1", "b", "#2", "c", "#3", "d", "#4"),
				"header*2 skip=0 columns=4 ti!ti! Person name,Person age,Address street,Address zip / row 1");
	check_sniff("a title above groups above names", 4,
				WORDS("Title", "~", "~", "~", "~", "~", "~", "~", "Person", "~", "Address", "~", "name", "age", "street", "zip",
					  "a", "#1", "b", "#2", "c", "#3", "d", "#4"),
				"header*2 skip=2 columns=4 ti!ti! Person name,Person age,Address street,Address zip / row 3");
	check_sniff("a title above all columns is no group", 3, WORDS("Title", "~", "~", "id", "n", "v", "#1", "x", "#2", "#2", "y", "#3"),
				"header skip=1 columns=3 i!ti! id,n,v / none");
	nvp_format_defaults(&pins.format);
	pins.format.kind = NVP_FORMAT_XLSX;
	pins.has_header = true;
	pins.format.header_rows = 1;
	pins.has_skip_rows = true;
	pins.format.skip_rows = 1;
	check_pinned("what is given is obeyed", &pins, 5, groups, "header skip=1 columns=5 i!d!d!i!i! ,Q1,Q2,Q1,Q2");
	pins.format.header_rows = 2;
	pins.format.skip_rows = 0;
	check_pinned("two rows are given", &pins, 5, groups, "header*2 skip=0 columns=5 i!d!d!i!i! id,2023 Q1,2023 Q2,2024 Q1,2024 Q2");
	pins.has_header = pins.has_skip_rows = false;
	pins.format.header_rows = 3;
	check_pinned("three rows are given, and where they begin is not", &pins, 2,
				 WORDS("a", "b", "c", "d", "e", "f", "#1", "#2"), "header*3 skip=0 columns=2 i!i! a c e,b d f");
	pins.has_skip_rows = true;
	pins.format.skip_rows = 1;
	pins.format.header_rows = 0;
	check_pinned("rows are passed over that hold a value", &pins, 2, WORDS("a", "b", "c", "d", "#1", "#2"), "header skip=1 columns=2 i!i! c,d / none");
	pins.format.skip_rows = 9;
	check_pinned("more rows than there are", &pins, 2, WORDS("a", "b", "#1", "#2"), "header skip=9 columns=0 ");
}

static void
test_transposed(void)
{
	check_sniff("transposed", 4, WORDS("name", "Alpha", "Beta", "Gamma", "founded", "@2001-01-31", "@2010-05-05", "@2020-12-01",
									   "staff", "#7", "#12", "#140", "active", "!true", "!false", "!true"),
				"header skip=0 columns=4 ti!i!i! name,Alpha,Beta,Gamma transposed / none");
	check_sniff("a table with names in its first column is not transposed", 4,
				WORDS("name", "x", "y", "z", "a", "#7", "#12", "#140", "b", "#1", "#2", "#3", "c", "#4", "#5", "#6"),
				"header skip=0 columns=4 ti!i!i! name,x,y,z / none");
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
	test_preambles();
	test_header_rows();
	test_transposed();
	test_limits();
	test_full();
	printf("%d checks, %d failed\n", checks, failures);
	return failures > 0;
}
