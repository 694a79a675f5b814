/*-------------------------------------------------------------------------
 *
 * test_ods.c
 *		Workbooks in OpenDocument: every trap as a named case.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "bookcheck.h"

#define URN		"urn:oasis:names:tc:opendocument:xmlns:"
#define CONTENT	"<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document-content xmlns:office=\"" URN "office:1.0\" xmlns:table=\"" URN "table:1.0\"" \
				" xmlns:text=\"" URN "text:1.0\" xmlns:style=\"" URN "style:1.0\" xmlns:draw=\"" URN "drawing:1.0\"" \
				" xmlns:calcext=\"urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0\">"
#define BODY(tables)	CONTENT "<office:body><office:spreadsheet>" tables "</office:spreadsheet></office:body></office:document-content>"
#define TABLE(name, rows)	"<table:table table:name=\"" name "\">" rows "</table:table>"
#define ROW(cells)		"<table:table-row>" cells "</table:table-row>"
#define ROWS(n, cells)	"<table:table-row table:number-rows-repeated=\"" n "\">" cells "</table:table-row>"
#define P(text)			"<table:table-cell office:value-type=\"string\"><text:p>" text "</text:p></table:table-cell>"
#define FLOAT(value)	"<table:table-cell office:value-type=\"float\" office:value=\"" value "\"><text:p>shown</text:p></table:table-cell>"
#define BLANK(n)		"<table:table-cell table:number-columns-repeated=\"" n "\"/>"
#define HEAD			ROW(P("a") P("b") BLANK("16382"))

static void
make_ods(ZipMake *zip, const char *content)
{
	zipmake_begin(zip);
	zipmake_add(zip, "mimetype", "application/vnd.oasis.opendocument.spreadsheet", 46, false, NULL);
	add(zip, "content.xml", content);
	zipmake_end(zip, NULL, false);
}

static void
check_ods(const char *name, const char *content, const char *sheet, const char *expected)
{
	ZipMake		zip;
	NvpFormat	format = book_format(NVP_FORMAT_ODS);

	make_ods(&zip, content);
	format.sheet = sheet;
	check_book(name, &zip, &format, expected);
	pfree(zip.data.data);
}

static void
test_cells(void)
{
	check_ods("all kinds of cells",
			  BODY(TABLE("s", HEAD
						 ROW("<table:table-cell office:value-type=\"date\" office:date-value=\"2024-02-29\"/>"
							 "<table:table-cell office:value-type=\"date\" office:date-value=\"2024-12-31T23:59:59.999999500\"/>")
						 ROW("<table:table-cell office:value-type=\"time\" office:time-value=\"PT36H15M07.5S\"/>"
							 "<table:table-cell office:value-type=\"time\" office:time-value=\"P1DT2H\"/>")
						 ROW("<table:table-cell office:value-type=\"percentage\" office:value=\"0.070000000000000007\"/>"
							 "<table:table-cell office:value-type=\"currency\" office:currency=\"EUR\" office:value=\"-1.50\"/>")
						 ROW("<table:table-cell office:value-type=\"boolean\" office:boolean-value=\"true\"><text:p>TRUE</text:p></table:table-cell>"
							 "<table:table-cell office:value-type=\"string\" office:string-value=\"attribute\"><text:p>shown</text:p></table:table-cell>")
						 ROW("<table:table-cell table:formula=\"of:=1/0\" office:value-type=\"string\" office:string-value=\"\" calcext:value-type=\"error\"><text:p>#DIV/0!</text:p></table:table-cell>"
							 "<table:table-cell table:formula=\"of:=[.A1]&amp;&quot;x&quot;\"/>")
						 ROW(FLOAT("1e300") "<table:table-cell><text:p>no type</text:p></table:table-cell>")
						 ROW(FLOAT("none") "<table:covered-table-cell office:value-type=\"float\" office:value=\"1\"/>"))), NULL,
			  "a,b\nL2 w2 <2024-02-29> <2025-01-01T00:00:00>\nL3 w2 <36:15:07.500> <P1DT2H>\nL4 w2 #0.07% #-1.5\nL5 w2 ?true <attribute>\n"
			  "L6 w2 !#DIV/0!! !=[.A1]&\"x\"!\nL7 w2 #1E+300 <no type>\nL8 w2 <none> ~\nend rows=7 blank=0 skipped=1\n");
	check_ods("text: paragraphs, blanks, tabs, line breaks, spans, notes, drawings",
			  BODY(TABLE("s", ROW(P("h"))
						 ROW("<table:table-cell office:value-type=\"string\"><office:annotation><text:p>note</text:p></office:annotation>"
							 "<text:p>\n  two <text:s text:c=\"2\"/>\tblanks <text:span>and</text:span> \n </text:p><text:p><text:a>link</text:a><text:tab/>x<text:line-break/>y&amp;<text:s/></text:p>"
							 "<draw:frame><text:p>drawn</text:p></draw:frame></table:table-cell>"))), NULL,
			  "h\nL2 w1 <two    blanks and\\x0alink\\x09x\\x0ay& >\nend rows=1 blank=0 skipped=1\n");
}

static void
test_rows(void)
{
	check_ods("repeated rows and cells, blank ones to the end and beyond",
			  BODY(TABLE("s", "<table:table-column table:number-columns-repeated=\"16384\"/>" HEAD
						 ROWS("3", "<table:table-cell table:number-columns-repeated=\"2\" office:value-type=\"float\" office:value=\"7\"/>")
						 ROWS("2", BLANK("16384")) ROW(BLANK("1") FLOAT("8")) ROWS("1048569", BLANK("16384")) ROWS("99999999", BLANK("1")))), NULL,
			  "a,b\nL2 w2 #7 #7\nL3 w2 #7 #7\nL4 w2 #7 #7\nL7 w2 ~ #8\nend rows=4 blank=2 skipped=1\n");
	check_ods("groups and header rows, and what is no row",
			  BODY(TABLE("s", "<table:shapes><table:table-row><table:table-cell/></table:table-row></table:shapes>"
						 "<table:table-header-rows>" HEAD "</table:table-header-rows><table:table-row-group><table:table-row-group>"
						 ROW(FLOAT("1")) "</table:table-row-group>" ROW(FLOAT("2")) "</table:table-row-group>"
						 "<office:forms><table:table-row/></office:forms>")), NULL,
			  "a,b\nL2 w2 #1 ~\nL3 w2 #2 ~\nend rows=2 blank=0 skipped=1\n");
	check_ods("a cell beyond the last column",
			  BODY(TABLE("s", HEAD ROW(BLANK("16384") FLOAT("1")))), NULL,
			  "a,b\nbad L0 \"content.xml\" in the workbook cannot be read: a cell has no place in the sheet at byte 952\n");
}

/* bombs are refused, and in a time that can be waited for */
static void
test_bombs(void)
{
	ZipMake		zip;
	NvpFormat	format = book_format(NVP_FORMAT_ODS);
	NvpReader  *reader;
	NvpSource  *source;
	NvpBatch   *batch;

	make_ods(&zip, BODY(TABLE("s", ROWS("999999999", "<table:table-cell table:number-columns-repeated=\"16384\" office:value-type=\"float\" office:value=\"7\"/>"))));
	source = nvp_source_memory(zip.data.data, zip.data.len);
	reader = nvp_reader_open(source, &format);
	batch = nvp_batch_create(reader->ncols);
	while (nvp_reader_next(reader, batch) == NVP_READ_OK)
		;
	check_text("cells without end", reader->error.message,
			   "\"content.xml\" in the workbook cannot be read: it repeats its cells without end at byte 520");
	checks++;
	if (reader->rows > 4000)
		failures += printf("not ok: " UINT64_FORMAT " rows of a bomb\n", reader->rows) > 0;
	nvp_reader_close(reader);

	make_ods(&zip, BODY(TABLE("s", ROWS("1048577", FLOAT("7")))));
	source = nvp_source_memory(zip.data.data, zip.data.len);
	format.has_header = false;
	reader = nvp_reader_open(source, &format);
	while (nvp_reader_next(reader, batch) == NVP_READ_OK)
		;
	check_text("rows without end", reader->error.message,
			   "\"content.xml\" in the workbook cannot be read: it has more rows than a sheet can have at byte 694");
}

static void
test_sheets(void)
{
	static const char content[] = CONTENT "<office:automatic-styles><style:style style:name=\"ta1\" style:family=\"table\"><style:table-properties table:display=\"true\"/></style:style>"
		"<style:style style:name=\"ta2\" style:family=\"table\"><style:table-properties table:display=\"false\"/></style:style></office:automatic-styles>"
		"<office:body><office:spreadsheet><table:calculation-settings/><table:tracked-changes>" TABLE("no", ROW(P("no"))) "</table:tracked-changes>"
		"<table:table table:name=\"hidden\" table:style-name=\"ta2\">" ROW(P("h")) ROW(FLOAT("0")) "</table:table>"
		"<table:table table:name=\"A &amp; B\" table:style-name=\"ta1\">" HEAD ROW(FLOAT("1")) "</table:table>"
		TABLE("empty", "<table:table-row/>") TABLE("C", HEAD ROW(FLOAT("2") "<table:table-cell/>" FLOAT("3")))
		"</office:spreadsheet></office:body></office:document-content>";
	ZipMake		zip;
	NvpFormat	format = book_format(NVP_FORMAT_ODS);

	check_ods("the first visible sheet", content, NULL, "a,b\nL2 w2 #1 ~\nend rows=1 blank=0 skipped=1\n");
	check_ods("a hidden sheet that is asked for", content, "hidden", "h\nL2 w1 #0\nend rows=1 blank=0 skipped=1\n");
	check_ods("a sheet by name", content, "A & B", "a,b\nL2 w2 #1 ~\nend rows=1 blank=0 skipped=1\n");
	check_ods("all visible sheets", content, "*", "a,b,sheet\nL2 w3 #1 ~ <A & B>\nL2 w4 many #2 ~ <C> +<3>\nend rows=2 blank=0 skipped=2\n");
	check_ods("a sheet whose name cannot be read", CONTENT "<office:body><office:spreadsheet><table:table table:name=\"half &nosuch; a name\">" HEAD ROW(FLOAT("1"))
			  "</table:table>" TABLE("C", HEAD ROW(FLOAT("2"))) "</office:spreadsheet></office:body></office:document-content>", "*",
			  "a,b,sheet\nL2 w3 #1 ~ <>\nL2 w3 #2 ~ <C>\nend rows=2 blank=0 skipped=2\n");
	check_ods("no such sheet", content, "D", "\nbad L0 the workbook has no sheet \"D\"\n");
	check_ods("a text document", CONTENT "<office:body><office:text/></office:body></office:document-content>", NULL,
			  "\nbad L0 \"content.xml\" in the workbook cannot be read: it is no spreadsheet at byte 526\n");

	zipmake_begin(&zip);
	add(&zip, "content.xml", "\x8F\x01\x99garbage");
	add(&zip, "META-INF/manifest.xml", "<manifest:manifest xmlns:manifest=\"" URN "manifest:1.0\"><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>");
	zipmake_end(&zip, NULL, false);
	check_book("encrypted", &zip, &format, "\nbad L0 the workbook is encrypted: it cannot be read without its password\n");
}

int
main(void)
{
	test_cells();
	test_rows();
	test_bombs();
	test_sheets();
	printf("%d checks, %d failed\n", checks, failures);
	return failures > 0;
}
