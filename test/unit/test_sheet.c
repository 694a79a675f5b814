/*-------------------------------------------------------------------------
 *
 * test_sheet.c
 *		Workbooks: every trap as a named case.
 *
 * Each workbook is read with and without the short cuts of the reader, through
 * windows and from sources of 1, 7, 64 and 65536 bytes; all must say the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "format/cell_format.h"
#include "bookcheck.h"
#include "render.h"

/* ---- numbers and their formats ------------------------------------------------ */

static void
test_numbers(void)
{
	static const char *const cases[][2] = {
		{"0", "0"}, {"-0", "0"}, {"1", "1"}, {"10", "10"}, {"1.0", "1"}, {"007", "7"}, {".5", "0.5"}, {"5.", "5"},
		{"0.1", "0.1"}, {"0.10000000000000001", "0.1"}, {"0.28999999999999998", "0.29"},
		{"1234.5599999999999", "1234.56"}, {"-3.1415926535897931", "-3.141592653589793"},
		{"1E+15", "1000000000000000"}, {"123456789012345", "123456789012345"},
		{"4.111111111111111E+15", "4111111111111111"}, {"1.2345678901234567E+19", "12345678901234567000"},
		{"1E+21", "1E+21"}, {"1E20", "100000000000000000000"}, {"1.5e300", "1.5E+300"}, {"-2.5E-7", "-2.5E-7"},
		{"0.000001", "0.000001"}, {"9.9999999999999995E-7", "0.000001"}, {"0.0000001", "1E-7"}, {"1e-07", "1E-7"},
		{"0.30000000000000004", "0.30000000000000004"}, {"5E-324", "5E-324"},
		{"9007199254740993", "9007199254740992"}, {"1E+400", ""}, {"1,5", ""}, {"0x10", ""}, {"nan", ""}, {"inf", ""},
		{"", ""}, {"-", ""}, {"1e", ""}, {" 1", ""}, {"1 ", ""}
	};

	for (int i = 0; i < lengthof(cases); i++)
	{
		const char *in = cases[i][0];
		char		text[NVP_NUMBER_TEXT + 1];
		uint32		len = nvp_cell_number_text(in, strlen(in), text);

		text[len] = '\0';
		check_text(in, text, cases[i][1]);
		checks++;
		if (nvp_cell_number_is_plain(in, strlen(in)) && strcmp(in, cases[i][1]) != 0)
			failures += printf("not ok: %s is not plain\n", in) > 0;
	}
}

/* what is called plain is what would be written anyway: all short literals over a small alphabet */
static void
test_plain(void)
{
	static const char alphabet[] = "-.0159";
	char		literal[9];
	int			plain = 0;

	for (int code = 0; code < 6 * 6 * 6 * 6 * 6 * 6 * 6 * 6; code++)
	{
		char		text[NVP_NUMBER_TEXT + 1];
		uint32		n;
		int			len = 0;

		/* shorter ones are those that begin with the first sign often enough */
		for (int rest = code; len < 8; rest /= 6)
			literal[len++] = alphabet[rest % 6];
		len = 1 + code % 8;
		literal[len] = '\0';
		if (!nvp_cell_number_is_plain(literal, len))
			continue;
		plain++;
		n = nvp_cell_number_text(literal, len, text);
		if (n != len || memcmp(text, literal, len) != 0)
			failures += printf("not ok: %s would be written %.*s\n", literal, (int) n, text) > 0;
	}
	checks += 2;
	if (plain < 10000)
		failures += printf("not ok: only %d plain literals\n", plain) > 0;
}

static void
test_format_codes(void)
{
	static const struct
	{
		const char *code;
		uint8		shows;
	}			cases[] = {
		{"General", 0}, {"0", 0}, {"#,##0.00", 0}, {"0.00E+00", 0}, {"##0.0E-0", 0}, {"@", 0}, {"", 0},
		{"dd.mm.yyyy", NVP_SHOWS_DATE}, {"m/d/yy", NVP_SHOWS_DATE}, {"yyyy", NVP_SHOWS_DATE}, {"mmm", NVP_SHOWS_DATE},
		{"mm", NVP_SHOWS_DATE}, {"h:mm", NVP_SHOWS_TIME}, {"mm:ss", NVP_SHOWS_TIME}, {"mm:ss.0", NVP_SHOWS_TIME},
		{"h:mm:ss AM/PM", NVP_SHOWS_TIME}, {"hh\"h\"mm", NVP_SHOWS_TIME}, {"m/d/yy h:mm", NVP_SHOWS_DATE | NVP_SHOWS_TIME},
		{"yyyy\\-mm\\-dd\\Thh:mm:ss.000", NVP_SHOWS_DATE | NVP_SHOWS_TIME},
		{"[h]:mm", NVP_SHOWS_ELAPSED | NVP_SHOWS_TIME}, {"[mm]:ss", NVP_SHOWS_ELAPSED | NVP_SHOWS_TIME}, {"[ss]", NVP_SHOWS_ELAPSED},
		{"[HH]", NVP_SHOWS_ELAPSED}, {"[Red]0.00", 0}, {"0;[Red]-0", 0}, {"[$-407]d. mmmm yyyy;@", NVP_SHOWS_DATE},
		{"[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", NVP_SHOWS_DATE}, {"[$-F400]h:mm:ss\\ AM/PM", NVP_SHOWS_TIME},
		{"[$\xE2\x82\xAC-407] #,##0.00", 0}, {"#,##0.00\\ [$USD]", 0}, {"_-* #,##0.00\\ \"days\"_-", 0}, {"0\" hours\"", 0},
		{"\"due \"d", NVP_SHOWS_DATE}, {"0_d", 0}, {"*d0", 0}, {"0\\d", 0}, {"0.0%", NVP_SHOWS_PERCENT}, {"0\"%\"", 0},
		{"[>=100]0;[<0]\"-\";d.m.yy", NVP_SHOWS_DATE}, {"ggge\"\xE5\xB9\xB4\"m", NVP_SHOWS_DATE}, {"aaaa", NVP_SHOWS_DATE}, {"d/m/bbbb", NVP_SHOWS_DATE},
		{"\"unclosed d", 0}, {"[unclosed d", 0}, {"0\\", 0}, {"GENERAL", 0}, {"General\" g\"", 0}, {"TT.MM.JJJJ", NVP_SHOWS_DATE}
	};

	for (int i = 0; i < lengthof(cases); i++)
	{
		uint8		shows = nvp_cell_format_code(cases[i].code, strlen(cases[i].code));

		checks++;
		if (shows != cases[i].shows)
			failures += printf("not ok: format %s shows %d, not %d\n", cases[i].code, shows, cases[i].shows) > 0;
	}
	for (int id = 0; id < 200; id++)
	{
		bool		is_date = (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) || (id >= 50 && id <= 58) || (id >= 71 && id <= 81);

		checks++;
		if (((nvp_cell_format_builtin(id) & NVP_SHOWS_MOMENT) != 0) != is_date)
			failures += printf("not ok: built-in format %d\n", id) > 0;
	}
}

static void
test_serials(void)
{
	enum {D = NVP_SHOWS_DATE, T = NVP_SHOWS_TIME, DT = D | T, E = NVP_SHOWS_ELAPSED};
	static const struct
	{
		const char *serial;
		uint8		shows;
		bool		date1904;
		const char *text;
	}			cases[] = {
		{"1", D, false, "1900-01-01"}, {"59", D, false, "1900-02-28"}, {"60", D, false, "1900-02-29"}, {"61", D, false, "1900-03-01"},
		{"0", D, false, "1900-01-00"}, {"0.5", DT, false, "1900-01-00T12:00:00"}, {"45351", D, false, "2024-02-29"},
		{"45351.0", D, false, "2024-02-29"}, {"4.5351E4", D, false, "2024-02-29"}, {"2958465", D, false, "9999-12-31"},
		{"2958466", D, false, ""}, {"-1", D, false, ""}, {"1e300", D, false, ""}, {"x", D, false, ""}, {"", D, false, ""},
		{"45351", DT, false, "2024-02-29T00:00:00"}, {"45351.5", D, false, "2024-02-29T12:00:00"},
		{"45351.999999999996", DT, false, "2024-03-01T00:00:00"}, {"45351.500011574076", DT, false, "2024-02-29T12:00:01"},
		{"45351.5000115741", DT, false, "2024-02-29T12:00:01"}, {"45351.123456789", DT, false, "2024-02-29T02:57:46.667"},
		{"2958465.9999999999", DT, false, ""}, {"0", T, false, "00:00:00"}, {"0.5", T, false, "12:00:00"}, {"0.99999999999", T, false, "00:00:00"},
		{"0.58333333333333337", T, false, "14:00:00"}, {"45351.25", T, false, "2024-02-29T06:00:00"},
		{"1.5104166666666667", E, false, "36:15:00"}, {"0", E, false, "00:00:00"}, {"100.5", E | T, false, "2412:00:00"}, {"-0.5", E, false, "-12:00:00"},
		{"0", D, true, "1904-01-01"}, {"43889", D, true, "2024-02-29"}, {"1", D, true, "1904-01-02"}, {"2957004", D, true, ""}, {"2957003", D, true, "9999-12-31"}
	};

	for (int i = 0; i < lengthof(cases); i++)
	{
		char		text[NVP_NUMBER_TEXT + 1];
		uint32		len = nvp_cell_moment_text(cases[i].serial, strlen(cases[i].serial), cases[i].shows, cases[i].date1904, text);

		text[len] = '\0';
		check_text(cases[i].serial, text, cases[i].text);
	}
}

/* ---- workbooks ------------------------------------------------------------------ */

#define MAIN	"xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\""
#define LINK	"xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\""
#define TYPES	"http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
#define RELS(inner) "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">" inner "</Relationships>"
#define SHEET(rows)	"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<worksheet " MAIN "><sheetData>" rows "</sheetData></worksheet>"
#define TEXT(ref, text)	"<c r=\"" ref "\" t=\"inlineStr\"><is><t>" text "</t></is></c>"
#define HEAD	"<row r=\"1\">" TEXT("A1", "a") TEXT("B1", "b") "</row>"

/* a workbook of sheets A, B, C ..., as many as there are texts; the rest may be NULL */
static void
make_book(ZipMake *zip, const char *const *sheets, const char *strings, const char *styles, const char *properties)
{
	StringInfoData book;
	StringInfoData rels;

	initStringInfo(&book);
	initStringInfo(&rels);
	zipmake_begin(zip);
	appendStringInfo(&book, "<workbook " MAIN " " LINK ">%s<sheets>", properties ? properties : "");
	for (int i = 0; sheets[i]; i++)
	{
		char		name[40];

		snprintf(name, sizeof(name), "xl/worksheets/sheet%d.xml", i + 1);
		add(zip, name, sheets[i]);
		appendStringInfo(&book, "<sheet name=\"%c\" sheetId=\"%d\" r:id=\"rId%d\"/>", 'A' + i, i + 1, i + 1);
		appendStringInfo(&rels, "<Relationship Id=\"rId%d\" Type=\"" TYPES "worksheet\" Target=\"worksheets/sheet%d.xml\"/>", i + 1, i + 1);
	}
	appendStringInfoString(&book, "</sheets></workbook>");
	if (strings)
	{
		add(zip, "xl/sharedStrings.xml", strings);
		appendStringInfoString(&rels, "<Relationship Id=\"s\" Type=\"" TYPES "sharedStrings\" Target=\"/xl/sharedStrings.xml\"/>");
	}
	if (styles)
	{
		add(zip, "xl/styles.xml", styles);
		appendStringInfoString(&rels, "<Relationship Id=\"t\" Type=\"" TYPES "styles\" Target=\"./styles.xml\"/>");
	}
	add(zip, "xl/workbook.xml", book.data);
	add(zip, "xl/_rels/workbook.xml.rels", psprintf(RELS("%s"), rels.data));
	add(zip, "_rels/.rels", RELS("<Relationship Id=\"rId1\" Type=\"" TYPES "officeDocument\" Target=\"xl/workbook.xml\"/>"));
	zipmake_end(zip, NULL, false);
	pfree(book.data);
	pfree(rels.data);
}

static void
check_sheet(const char *name, const char *sheet, const char *strings, const char *styles, const char *properties,
			const char *expected)
{
	ZipMake		zip;
	NvpFormat	format = book_format(NVP_FORMAT_XLSX);

	make_book(&zip, (const char *const[]) {sheet, NULL}, strings, styles, properties);
	check_book(name, &zip, &format, expected);
	pfree(zip.data.data);
}

static void
check_rows(const char *name, const char *rows, const char *expected)
{
	check_sheet(name, psprintf(SHEET("%s"), rows), NULL, NULL, NULL, expected);
}

static void
test_cells(void)
{
	check_sheet("all kinds of cells",
				SHEET(HEAD
					  "<row r=\"2\"><c r=\"A2\" t=\"s\"><v>1</v></c><c r=\"B2\"><v>0.28999999999999998</v></c></row>"
					  "<row r=\"3\"><c r=\"A3\" t=\"b\"><v>1</v></c><c r=\"B3\" t=\"b\"><v>0</v></c></row>"
					  "<row r=\"4\"><c r=\"A4\" t=\"e\"><v>#N/A</v></c><c r=\"B4\" t=\"str\"><v>text</v></c></row>"
					  "<row r=\"5\"><c r=\"A5\" t=\"d\"><v>2024-02-29T00:00:00.000Z</v></c><c r=\"B5\" t=\"d\" s=\"1\"><v>2024-02-29T00:00:00.000Z</v></c></row>"
					  "<row r=\"6\"><c r=\"A6\" t=\"n\"><v>not a number</v></c><c r=\"B6\" s=\"1\"/></row>"),
				"<sst " MAIN " count=\"7\" uniqueCount=\"1\"><si><t>zero</t></si><si><t>one</t></si></sst>",
				"<styleSheet " MAIN "><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>", NULL,
				"a,b\nL2 w2 <one> #0.29\nL3 w2 ?true ?false\nL4 w2 !#N/A! <text>\n"
				"L5 w2 <2024-02-29T00:00:00.000Z> <2024-02-29>\nL6 w2 <not a number> ~\nend rows=5 blank=0 skipped=1\n");
	check_sheet("texts: runs, hints, entities, escapes, line ends, CDATA, comments, blanks",
				SHEET("<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row>"
					  "<row r=\"2\"><c r=\"A2\" t=\"s\"><v>1</v></c></row><row r=\"3\"><c r=\"A3\" t=\"s\"><v>2</v></c></row>"
					  "<row r=\"4\"><c r=\"A4\" t=\"s\"><v>3</v></c></row><row r=\"5\"><c r=\"A5\" t=\"s\"><v>4</v></c></row>"
					  "<row r=\"6\"><c r=\"A6\" t=\"inlineStr\"><is><r><t>b</t></r><rPh><t>hint</t></rPh><r><t xml:space=\"preserve\"> c</t></r></is></c></row>"
					  "<row r=\"7\">" TEXT("A7", "a&amp;b&#x20AC;_x000D_\r\nc\rd_x0000_") "</row>"
					  "<row r=\"8\"><c r=\"A8\" t=\"s\"><v>5</v></c></row>"),
				"<sst " MAIN "><si><t>h</t></si><si><r><rPr><b/><sz val=\"11\"/></rPr><t>rich</t></r><r><t xml:space=\"preserve\"> text</t></r>"
				"<rPh sb=\"0\" eb=\"1\"><t>hint</t></rPh><phoneticPr fontId=\"1\"/></si>"
				"<si><t xml:space=\"preserve\"> &lt;kept&gt; </t></si><si><t><![CDATA[<&]]>x<!-- no --></t></si>"
				"<si><t>_x005F_x000D_ _x0041__xD83D__xDE00_ _xD83D_ _x00</t></si><si><t/></si></sst>", NULL, NULL,
				"h\nL2 w1 <rich text>\nL3 w1 < <kept> >\nL4 w1 <<&x>\nL5 w1 <_x000D_ A\\xf0\\x9f\\x98\\x80 _xD83D_ _x00>\nL6 w1 <b c>\n"
				"L7 w1 <a&b\\xe2\\x82\\xac\\x0d\\x0ac\\x0ad_x0000_>\nend rows=6 blank=0 skipped=1\n");
	check_rows("formulas: their values, and one that was never computed",
			   HEAD "<row r=\"2\"><c r=\"A2\"><f>1+1</f><v>2</v></c><c r=\"B2\" t=\"str\"><f>\"a\"</f><v>a</v></c></row>"
			   "<row r=\"3\"><c r=\"A3\"><f>1&lt;2</f></c><c r=\"B3\" t=\"str\"><f>\"\"</f><v></v></c></row>"
			   "<row r=\"4\"><c r=\"A4\"><f t=\"shared\" si=\"0\"/><v/></c><c r=\"B4\" t=\"e\"><f>1/0</f><v>#DIV/0!</v></c></row>",
			   "a,b\nL2 w2 #2 <a>\nL3 w2 !=1<2! <>\nL4 w2 !=! !#DIV/0!!\nend rows=3 blank=0 skipped=1\n");
}

static void
test_dates(void)
{
	static const char styles[] = "<styleSheet " MAIN "><numFmts count=\"2\"><numFmt numFmtId=\"164\" formatCode=\"&quot;on &quot;d.m.yyyy\"/>"
		"<numFmt numFmtId=\"165\" formatCode=\"[h]:mm\"/><numFmt numFmtId=\"20\" formatCode=\"0.0\"/></numFmts>"
		"<cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"22\"/><xf numFmtId=\"164\"/>"
		"<xf numFmtId=\"165\"/><xf numFmtId=\"21\"/><xf numFmtId=\"10\"/><xf numFmtId=\"20\"/></cellXfs>"
		"<dxfs><dxf><numFmt numFmtId=\"165\" formatCode=\"0\"/></dxf></dxfs></styleSheet>";
	static const char sheet[] = SHEET(HEAD
									  "<row r=\"2\"><c r=\"A2\" s=\"1\"><v>45351.25</v></c><c r=\"B2\" s=\"2\"><v>45351</v></c></row>"
									  "<row r=\"3\"><c r=\"A3\" s=\"3\"><v>1.5</v></c><c r=\"B3\" s=\"4\"><v>0.5</v></c></row>"
									  "<row r=\"4\"><c r=\"A4\" s=\"5\"><v>0.5</v></c><c r=\"B4\" s=\"6\"><v>0.5</v></c></row>"
									  "<row r=\"5\"><c r=\"A5\" s=\"2\"><v>60</v></c><c r=\"B5\" s=\"2\"><v>-1</v></c></row>"
									  "<row r=\"6\"><c r=\"A6\" s=\"99\"><v>1</v></c><c r=\"B6\" s=\"2\" t=\"s\"/></row>");

	check_sheet("dates by their formats", sheet, NULL, styles, "<workbookPr date1904=\"0\"/>",
				"a,b\nL2 w2 <2024-02-29T06:00:00> <2024-02-29>\nL3 w2 <36:00:00> <12:00:00>\nL4 w2 #0.5% #0.5\n"
				"L5 w2 <1900-02-29> #-1\nL6 w2 #1 ~\nend rows=5 blank=0 skipped=1\n");
	check_sheet("dates of the 1904 system", sheet, NULL, styles, "<workbookPr date1904=\"true\"/>",
				"a,b\nL2 w2 <2028-03-01T06:00:00> <2028-03-01>\nL3 w2 <36:00:00> <12:00:00>\nL4 w2 #0.5% #0.5\n"
				"L5 w2 <1904-03-01> #-1\nL6 w2 #1 ~\nend rows=5 blank=0 skipped=1\n");
}

static void
test_places(void)
{
	check_rows("gaps of cells and rows, and what follows the last value",
			   HEAD "<row r=\"4\"><c r=\"B4\"><v>1</v></c></row><row r=\"5\"/><row r=\"6\"><c r=\"A6\" s=\"1\"/></row>"
			   "<row r=\"8\"><c r=\"A8\"><v>2</v></c><c r=\"B8\" t=\"str\"><v></v></c></row><row r=\"9\"><c r=\"A9\" t=\"str\"><v></v></c></row><row r=\"1000000\"/>",
			   "a,b\nL4 w2 ~ #1\nL8 w2 #2 <>\nend rows=2 blank=5 skipped=1\n");
	check_rows("no references, and lower case ones",
			   "<row><c t=\"inlineStr\"><is><t>a</t></is></c><c t=\"inlineStr\"><is><t>b</t></is></c></row>"
			   "<row><c><v>1</v></c><c><v>2</v></c></row><row r=\"7\"><c r=\"b7\"><v>3</v></c></row><row><c><v>4</v></c></row>",
			   "a,b\nL2 w2 #1 #2\nL7 w2 ~ #3\nL8 w2 #4 ~\nend rows=3 blank=4 skipped=1\n");
	check_rows("rows and cells out of order",
			   HEAD "<row r=\"5\"><c r=\"B5\"><v>2</v></c><c r=\"A5\"><v>1</v></c></row><row r=\"3\"><c r=\"A3\"><v>3</v></c></row>",
			   "a,b\nL5 w2 #1 #2\nL3 w2 #3 ~\nend rows=2 blank=3 skipped=1\n");
	check_rows("values right of the header, and a header with a gap",
			   "<row r=\"1\">" TEXT("A1", "a") TEXT("C1", "c") "<c r=\"D1\" s=\"3\"/></row>"
			   "<row r=\"2\"><c r=\"A2\"><v>1</v></c><c r=\"B2\"><v>2</v></c><c r=\"D2\"><v>4</v></c><c r=\"XFD2\"><v>5</v></c></row>"
			   "<row r=\"3\"><c r=\"D3\" t=\"str\"><v></v></c><c r=\"C3\"><v>3</v></c></row>",
			   "a,column_2,c\nL2 w16384 many #1 #2 ~ +<4\\x095>\nL3 w3 ~ ~ #3\nend rows=2 blank=0 skipped=1\n");
	check_rows("duplicate and blank names, a number as a name",
			   "<row r=\"1\">" TEXT("A1", "x") TEXT("B1", "x") TEXT("C1", " ") "<c r=\"D1\"><v>2024</v></c></row><row r=\"2\"><c r=\"D2\"><v>1</v></c></row>",
			   "x,x_2,column_3,2024\nL2 w4 ~ ~ ~ #1\nend rows=1 blank=0 skipped=1\n");
	check_rows("nothing at all", "", "\nend rows=0 blank=0 skipped=0 empty\n");
	check_rows("styles but no value", "<row r=\"1\"><c r=\"A1\" s=\"1\"/></row><row r=\"2\" ht=\"15\"/>", "\nend rows=0 blank=0 skipped=0 empty\n");
	check_rows("only a header", HEAD, "a,b\nend rows=0 blank=0 skipped=1\n");
	check_rows("a cell beyond the last column", HEAD "<row r=\"2\"><c r=\"XFE2\"><v>1</v></c></row>",
			   "a,b\nbad L0 \"xl/worksheets/sheet1.xml\" in the workbook cannot be read: a cell has no place in the sheet at byte 275\n");
	check_rows("a row beyond the last", HEAD "<row r=\"1048577\"><c><v>1</v></c></row>",
			   "a,b\nbad L0 \"xl/worksheets/sheet1.xml\" in the workbook cannot be read: a row has no place in the sheet at byte 269\n");
}

static void
test_documents(void)
{
	check_sheet("prefixes, strict namespace, foreign elements and attributes",
				"<x:worksheet xmlns:x=\"http://purl.oclc.org/ooxml/spreadsheetml/main\" xmlns=\"urn:other\" xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\""
				" xmlns:x14ac=\"http://schemas.microsoft.com/office/spreadsheetml/2009/9/ac\"><x:dimension ref=\"A1:A1\"/>"
				"<x:sheetData><x:row r=\"1\" x14ac:dyDescent=\"0.25\"><x:c r=\"A1\" t=\"str\"><x:v>a</x:v></x:c></x:row><row><c><v>9</v></c></row>"
				"<x:row r=\"2\"><c r=\"A2\"><v>8</v></c><x:c r=\"A2\" other=\"x>y\"><x:v>1</x:v><x:extLst><x:ext><x:v>7</x:v></x:ext></x:extLst></x:c></x:row>"
				"<mc:AlternateContent><mc:Choice Requires=\"x99\"><x:row r=\"3\"><x:c r=\"A3\"><x:v>6</x:v></x:c></x:row></mc:Choice>"
				"<mc:Fallback><x:row r=\"3\"><x:c r=\"A3\"><x:v>2</x:v></x:c></x:row></mc:Fallback></mc:AlternateContent>"
				"</x:sheetData><x:mergeCells/></x:worksheet>", NULL, NULL, NULL,
				"a\nL2 w1 #17\nL3 w1 #2\nend rows=2 blank=0 skipped=1\n");
	check_sheet("white space and comments between elements, single quotes",
				"<!-- c --><worksheet " MAIN "><?pi x?>\n<sheetData>\n <row r='1'>\n <c r='A1' t='str'>\n <v>a</v>\n </c><!-- <c> --></row >\n"
				"<row\nr='2' ><c\tr='A2'\n><v\n>1</v\n></c\n></row></sheetData></worksheet>\n<!-- end -->", NULL, NULL, NULL,
				"a\nL2 w1 #1\nend rows=1 blank=0 skipped=1\n");
	check_sheet("a document type declaration",
				"<!DOCTYPE x [<!ENTITY a \"b\">]><worksheet " MAIN "><sheetData/></worksheet>", NULL, NULL, NULL,
				"\nbad L0 \"xl/worksheets/sheet1.xml\" in the workbook cannot be read: it has a document type declaration, which office documents must not have at byte 0\n");
	check_rows("an unknown entity", HEAD "<row r=\"2\">" TEXT("A2", "&lol9;") "</row>",
			   "a,b\nbad L0 \"xl/worksheets/sheet1.xml\" in the workbook cannot be read: an entity is unknown at byte 300\n");
	check_rows("tags that do not match", HEAD "<row r=\"2\"><c r=\"A2\"><v>1</c></v></row>",
			   "a,b\nbad L0 \"xl/worksheets/sheet1.xml\" in the workbook cannot be read: an end tag does not match its start tag at byte 277\n");
	check_sheet("cut off within a row", "<worksheet " MAIN "><sheetData>" HEAD "<row r=\"2\"><c r=\"A2\"><v>1</v></c>", NULL, NULL, NULL,
				"a,b\nbad L0 \"xl/worksheets/sheet1.xml\" in the workbook cannot be read: it ends too early at byte 228\n");
	check_sheet("a string that is not there", SHEET(HEAD "<row r=\"2\"><c r=\"A2\" t=\"s\"><v>2</v></c></row>"),
				"<sst " MAIN "><si><t>x</t></si></sst>", NULL, NULL,
				"a,b\nbad L2 row 2 of the sheet names shared string 2, but there are only 1\n");
	check_sheet("no table of strings", SHEET("<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row>"), NULL, NULL, NULL,
				"\nbad L1 row 1 of the sheet names shared string 0, but there are only 0\n");
	check_sheet("another document", "<x/>", NULL, NULL, NULL, "\nbad L0 \"xl/worksheets/sheet1.xml\" in the workbook cannot be read: it is no sheet at byte 4\n");
}

/* ---- which sheets -------------------------------------------------------------- */

static void
check_choice(const char *name, const ZipMake *zip, const char *sheet, int index, const char *expected)
{
	NvpFormat	format = book_format(NVP_FORMAT_XLSX);

	format.sheet = sheet;
	format.sheet_index = index;
	check_book(name, zip, &format, expected);
}

static void
test_sheets(void)
{
	ZipMake		zip;
	NvpFormat	format = book_format(NVP_FORMAT_XLSX);

	make_book(&zip, (const char *const[])
			  {
				  SHEET(""), SHEET(HEAD "<row r=\"2\"><c r=\"A2\"><v>1</v></c></row>"), SHEET("<row r=\"1\"/>"),
				  SHEET(HEAD "<row r=\"3\"><c r=\"B3\"><v>2</v></c></row>"), NULL
			  }, NULL, NULL, NULL);
	check_choice("the first sheet, though it is empty", &zip, NULL, -1, "\nend rows=0 blank=0 skipped=0 empty\n");
	check_choice("a sheet by name", &zip, "D", -1, "a,b\nL3 w2 ~ #2\nend rows=1 blank=1 skipped=1\n");
	check_choice("a sheet by name, in lower case", &zip, "d", -1, "a,b\nL3 w2 ~ #2\nend rows=1 blank=1 skipped=1\n");
	check_choice("a sheet by number", &zip, NULL, 1, "a,b\nL2 w2 #1 ~\nend rows=1 blank=0 skipped=1\n");
	check_choice("all sheets, empty ones left out", &zip, "*", -1, "a,b,sheet\nL2 w3 #1 ~ <B>\nL3 w3 ~ #2 <D>\nend rows=2 blank=1 skipped=2\n");
	check_choice("no such sheet", &zip, "E", -1, "\nbad L0 the workbook has no sheet \"E\"\n");
	check_choice("no such number", &zip, NULL, 4, "\nbad L0 the workbook has no sheet number 4, counted from 0\n");

	make_book(&zip, (const char *const[])
			  {
				  SHEET(HEAD), SHEET("<row r=\"2\">" TEXT("A2", "a") TEXT("B2", "B") "</row>"), NULL
			  }, NULL, NULL, NULL);
	check_choice("sheets with different headers", &zip, "*", -1,
				 "a,b,sheet\nbad L2 the header of sheet \"B\" differs from that of sheet \"A\": column 2 is \"B\", not \"b\"\n");

	zipmake_begin(&zip);
	add(&zip, "_rels/.rels", RELS("<Relationship Id=\"rId1\" Type=\"" TYPES "officeDocument\" Target=\"/folder/book.xml\"/>"));
	add(&zip, "folder/book.xml", "<workbook " MAIN " " LINK " xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\">"
		"<mc:AlternateContent><mc:Choice Requires=\"x15\"><sheet name=\"no\"/></mc:Choice></mc:AlternateContent><sheets>"
		"<sheet name=\"chart\" r:id=\"c\"/><sheet name=\"hidden\" state=\"hidden\" r:id=\"h\"/><sheet name=\"very\" state=\"veryHidden\" r:id=\"h\"/>"
		"<sheet name=\"f &amp; f\" r:id=\"f\"/></sheets></workbook>");
	add(&zip, "folder/_rels/book.xml.rels", RELS("<Relationship Id=\"c\" Type=\"" TYPES "chartsheet\" Target=\"chart.xml\"/>"
												 "<Relationship Id=\"h\" Type=\"" TYPES "worksheet\" Target=\"../h.xml\"/>"
												 "<Relationship Id=\"f\" Type=\"" TYPES "worksheet\" Target=\"F.xml\"/>"));
	add(&zip, "h.xml", SHEET("<row>" TEXT("A1", "secret") "</row>"));
	add(&zip, "folder\\f.xml", SHEET("<row>" TEXT("A1", "found") "</row>"));
	zipmake_end(&zip, NULL, false);
	check_choice("charts and hidden sheets are passed over", &zip, NULL, -1, "found\nend rows=0 blank=0 skipped=1\n");
	check_choice("a hidden sheet that is asked for", &zip, "very", -1, "secret\nend rows=0 blank=0 skipped=1\n");
	check_choice("all visible sheets", &zip, "*", -1, "found,sheet\nend rows=0 blank=0 skipped=1\n");
	check_choice("a chart", &zip, NULL, 0, "\nbad L0 sheet \"chart\" is a chart or a dialogue, not a table\n");

	make_book(&zip, (const char *const[])
			  {
				  SHEET("<row r=\"1\">" TEXT("A1", "Report") "</row>" "<row r=\"3\">" TEXT("A3", "a") TEXT("B3", "b") "</row>"
						"<row r=\"4\"><c r=\"C4\"><v>1</v></c></row>"), NULL
			  }, NULL, NULL, NULL);
	format.skip_rows = 2;
	check_book("a title above the header", &zip, &format, "a,b\nL4 w3 many ~ ~ +<1>\nend rows=1 blank=1 skipped=2\n");
	format.has_header = false;
	check_book("a title and no header", &zip, &format,
				 "column_1,column_2,column_3\nL3 w3 <a> <b> ~\nL4 w3 ~ ~ #1\nend rows=2 blank=1 skipped=1\n");
	format.skip_rows = 0;
	check_book("no header", &zip, &format,
				 "column_1,column_2,column_3\nL1 w3 <Report> ~ ~\nL3 w3 <a> <b> ~\nL4 w3 ~ ~ #1\nend rows=3 blank=1 skipped=0\n");
}

static void
test_archives(void)
{
	ZipMake		zip;
	NvpFormat	format = book_format(NVP_FORMAT_XLSX);
	char		utf16[2000] = "\xFF\xFE";
	const char *sheet = "<worksheet " MAIN "><sheetData><row>" TEXT("A1", "a") "</row><row>" TEXT("A2", "x") "</row></sheetData></worksheet>";
	size_t		len = strlen(sheet);

	zipmake_begin(&zip);
	add(&zip, "readme.txt", "hello");
	zipmake_end(&zip, NULL, false);
	check_book("another archive", &zip, &format, "\nbad L0 the zip archive holds no workbook\n");
	zip.data.len -= 5;
	check_book("cut off", &zip, &format, "\nbad L0 the zip archive is cut off: its directory is missing\n");

	zipmake_begin(&zip);
	add(&zip, "_rels/.rels", RELS("<Relationship Id=\"rId1\" Type=\"" TYPES "officeDocument\" Target=\"xl/workbook.bin\"/>"));
	zipmake_end(&zip, NULL, false);
	check_book("a binary workbook", &zip, &format, "\nbad L0 binary workbooks (.xlsb) are not supported\n");

	for (size_t i = 0; i < len; i++)
		utf16[2 + 2 * i] = sheet[i];
	zipmake_begin(&zip);
	add(&zip, "xl/workbook.xml", "<?xml version='1.0' encoding='iso-8859-1'?><workbook " MAIN " " LINK "><sheets><sheet name=\"\xFC\" r:id=\"r\"/></sheets></workbook>");
	add(&zip, "xl/_rels/workbook.xml.rels", RELS("<Relationship Id=\"r\" Type=\"" TYPES "worksheet\" Target=\"s.xml\"/>"));
	zipmake_add(&zip, "xl/s.xml", utf16, 2 + 2 * len, true, NULL);
	zipmake_end(&zip, NULL, false);
	format.sheet = "\xC3\xBC";
	check_book("a sheet in UTF-16, a workbook in Latin-1", &zip, &format, "a\nL2 w1 <x>\nend rows=1 blank=0 skipped=1\n");

	zipmake_begin(&zip);
	add(&zip, "xl/workbook.xml", "<?xml version='1.0' encoding='ebcdic'?><workbook " MAIN "/>");
	zipmake_end(&zip, NULL, false);
	check_book("a strange encoding", &zip, &format,
				 "\nbad L0 \"xl/workbook.xml\" in the workbook cannot be read: it is in an encoding other than UTF-8 or UTF-16 at byte 0\n");

	zipmake_begin(&zip);
	add(&zip, "xl/workbook.xml", "<workbook " MAIN " " LINK "><sheets><sheet name=\"s\" r:id=\"r\"/></sheets></workbook>");
	add(&zip, "xl/_rels/workbook.xml.rels", RELS("<Relationship Id=\"r\" Type=\"" TYPES "worksheet\" Target=\"s.xml\"/>"));
	zipmake_add(&zip, "xl/s.xml", SHEET(HEAD), strlen(SHEET(HEAD)), true, &(ZipLie) {.crc = 1});
	zipmake_end(&zip, NULL, false);
	format.sheet = NULL;
	/* through a smaller window the header would be seen before the damage is */
	check_text("a damaged sheet", render(zip.data.data, zip.data.len, &format, 65536, false),
			   "\nbad L0 member \"xl/s.xml\" of the zip archive is damaged: its checksum is wrong\n");
}

/* more strings than are kept in memory, asked for in an order that is none */
static void
test_many_strings(void)
{
	StringInfoData strings;
	StringInfoData rows;
	StringInfoData expected;
	ZipMake		zip;
	NvpFormat	format = book_format(NVP_FORMAT_XLSX);
	const int	n = 30000;
	char	   *actual;

	initStringInfo(&strings);
	initStringInfo(&rows);
	initStringInfo(&expected);
	appendStringInfoString(&strings, "<sst " MAIN ">");
	for (int i = 0; i < n; i++)
		appendStringInfo(&strings, "<si><t>string %d %0*d</t></si>", i, i % 997 == 0 ? 70000 : 900, i);
	appendStringInfoString(&strings, "</sst>");
	appendStringInfoString(&rows, "<row r=\"1\">" TEXT("A1", "a") TEXT("B1", "b") "</row>");
	appendStringInfoString(&expected, "a,b\n");
	for (int i = 0; i < 2000; i++)
	{
		int			x = (int) ((int64) i * 7919 % n);
		int			y = (int) ((int64) i * 104729 % n);

		appendStringInfo(&rows, "<row><c t=\"s\"><v>%d</v></c><c t=\"s\"><v>%d</v></c></row>", x, y);
		appendStringInfo(&expected, "L%d w2 <string %d %0*d> <string %d %0*d>\n", i + 2, x, x % 997 == 0 ? 70000 : 900, x,
						 y, y % 997 == 0 ? 70000 : 900, y);
	}
	appendStringInfoString(&expected, "end rows=2000 blank=0 skipped=1\n");
	make_book(&zip, (const char *const[]) {psprintf(SHEET("%s"), rows.data), NULL}, strings.data, NULL, NULL);
	for (int plain = 0; plain < 2; plain++)
	{
		actual = render(zip.data.data, zip.data.len, &format, 65536, plain != 0);
		checks++;
		if (strcmp(actual, expected.data) != 0)
			failures += printf("not ok: many strings\n") > 0;
		pfree(actual);
	}
}

/* count_rows reads to the end, rows of a batch of that many at most; -1 on errors */
static int
count_rows(NvpReader *reader, int capacity, int64 *sum)
{
	NvpBatch   *batch = nvp_batch_create(reader->ncols);
	NvpReadStatus status;
	int			rows = 0;

	batch->capacity = capacity;
	*sum = 0;
	while ((status = nvp_reader_next(reader, batch)) == NVP_READ_OK)
	{
		rows += batch->nrows;
		for (int row = 0; row < batch->nrows; row++)
			*sum += strtol(pnstrdup(batch->cells[row].ptr, batch->cells[row].len), NULL, 10) + batch->rows[row].line_no;
	}
	nvp_batch_free(batch);
	return status == NVP_READ_END ? rows : -1;
}

/* what was kept is not read again, unless a batch has no room for it */
static void
test_keep(void)
{
	StringInfoData rows;
	ZipMake		zip;
	NvpFormat	format = book_format(NVP_FORMAT_XLSX);

	initStringInfo(&rows);
	for (int i = 1; i <= 5000; i++)
		appendStringInfo(&rows, "<row r=\"%d\"><c r=\"A%d\"><v>%d</v></c><c r=\"B%d\"><v>1</v></c></row>", i, i, i * 3, i);
	make_book(&zip, (const char *const[]) {psprintf(SHEET("%s"), rows.data), NULL}, NULL, NULL, NULL);
	format.has_header = false;
	for (int is_kept = 0; is_kept < 3; is_kept++)
	{
		StringInfoData copy = zip.data;
		NvpSource  *source;
		NvpReader  *reader;
		int64		first;
		int64		second;
		int			n;

		copy.data = palloc(copy.len);
		memcpy(copy.data, zip.data.data, zip.data.len);
		source = nvp_source_memory(copy.data, copy.len);
		reader = nvp_reader_open(source, &format);
		if (is_kept)
			nvp_reader_keep(reader);
		n = count_rows(reader, 700, &first);
		/* the third time the rows are read again, for there is no room */
		if (is_kept < 2)
			memset(copy.data + 100, 0, copy.len - 200);
		checks++;
		if (n != 5000 || (nvp_reader_rewind(reader) ? count_rows(reader, is_kept == 2 ? 699 : 700, &second) : -1) != (is_kept ? 5000 : -1) ||
			(is_kept && first != second))
			failures += printf("not ok: rows that are %s\n", is_kept ? "kept" : "not kept") > 0;
		nvp_reader_close(reader);
		source->close(source);
		pfree(copy.data);
	}
}

int
main(void)
{
	test_numbers();
	test_plain();
	test_format_codes();
	test_serials();
	test_cells();
	test_dates();
	test_places();
	test_documents();
	test_sheets();
	test_archives();
	test_many_strings();
	test_keep();
	printf("%d checks, %d failed\n", checks, failures);
	return failures > 0;
}
