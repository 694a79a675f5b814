/*-------------------------------------------------------------------------
 *
 * test_xml.c
 *		Readers and writer of XML, and of columns of fixed width: every trap as
 *		a named case.
 *
 * Each case runs through windows and from sources of 1, 2, 3, 7, 64 and 65536
 * bytes; all must say the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "format/writer.h"
#include "format/xml_survey.h"
#include "render.h"

static int	failures = 0;
static int	checks = 0;

static void
check_text(const char *name, const char *actual, const char *expected)
{
	checks++;
	if (strcmp(actual, expected) == 0)
		return;
	failures++;
	printf("not ok: %s\n--- expected\n%s\n--- actual\n%s\n", name, expected, actual);
}

typedef struct Case
{
	const char *name;
	const char *path;
	const char *data;
	size_t		len;
	const char *expected;
} Case;

#define CASE(name, path, data, expected) {name, path, data, sizeof(data) - 1, expected}
#define END(n) "end rows=" #n " blank=0 skipped=0\n"

#define TEN_LINES	"\n\n\n\n\n\n\n\n\n\n"

static const Case cases[] = {
	CASE("rows", NULL, "<?xml version=\"1.0\"?>\n<orders>\n <order><id>1</id><name>Ada</name></order>\n <order><id>2</id><name>Bob</name></order>\n</orders>\n",
		 "id,name\nL3 w2 <1> <Ada>\nL4 w2 <2> <Bob>\n" END(2)),
	CASE("attributes", NULL, "<a><r id='1' b=\"x&#10;y\"/><r id='2'/></a>", "@id,@b\nL1 w2 <1> <x\\x0ay>\nL1 w1 <2> ~\n" END(2)),
	CASE("attribute and text", NULL, "<a><r><p c='EUR'>12</p></r><r><p c='USD'> 7 </p></r></a>",
		 "p.@c,p\nL1 w2 <EUR> <12>\nL1 w2 <USD> <7>\n" END(2)),
	CASE("nested", NULL, "<a><r><to><city>B</city><zip>1</zip></to></r><r><to><zip>2</zip></to></r></a>",
		 "to.city,to.zip\nL1 w2 <B> <1>\nL1 w1 ~ <2>\n" END(2)),
	CASE("repeated children", "/a/r", "<a><r><t>x</t><t>y</t></r><r><t>z</t></r><r><t>1</t><n/><t>2</t><t>3</t></r></a>",
		 "t,t[2],n,t[3]\nL1 w2 <x> <y> ~ ~\nL1 w1 <z> ~ ~ ~\nL1 w4 <1> <2> <> <3>\n" END(3)),
	CASE("repeated children with children", "a.r", "<a><r><i><k>1</k></i><i><k>2</k><m>3</m></i></r><r><i><m>9</m></i></r></a>",
		 "i.k,i[2].k,i[2].m,i.m\nL1 w3 <1> <2> <3> ~\nL1 w1 ~ ~ ~ <9>\n" END(2)),
	CASE("columns that come late", NULL, "<a><r><x>1</x></r><r><y>2</y></r><r><x>3</x><y>4</y></r></a>",
		 "x,y\nL1 w1 <1> ~\nL1 w1 ~ <2>\nL1 w2 <3> <4>\n" END(3)),
	CASE("the table with most columns", NULL, "<d><a><k>1</k></a><a><k>2</k></a><b><x>1</x><y>2</y></b><b><x>3</x><y>4</y></b><c><x>5</x><y>6</y></c><c><x>7</x><y>8</y></c></d>",
		 "x,y\nL1 w2 <1> <2>\nL1 w2 <3> <4>\n" END(2)),
	CASE("groups of rows", NULL, "<d><g n='1'><r><x>1</x><y>2</y></r><r><x>3</x><y>4</y></r></g><g n='2'><r><x>5</x><y>6</y></r></g></d>",
		 "x,y\nL1 w2 <1> <2>\nL1 w2 <3> <4>\nL1 w2 <5> <6>\n" END(3)),
	CASE("one record", NULL, "<orders><order id='7'><to><a>1</a><b>2</b><c>3</c></to><x>4</x></order></orders>",
		 "@id,to.a,to.b,to.c,x\nL1 w5 <7> <1> <2> <3> <4>\n" END(1)),
	CASE("one record in a list with attributes", NULL, "<orders on='x'><order><a>1</a></order></orders>", "a\nL1 w1 <1>\n" END(1)),
	CASE("one record with a list of texts", NULL, "<o><id>1</id><tag>a</tag><tag>b</tag></o>", "id,tag,tag[2]\nL1 w3 <1> <a> <b>\n" END(1)),
	CASE("texts alone", NULL, "<ids><id>5</id><id>6</id></ids>", "id\nL1 w1 <5>\nL1 w1 <6>\n" END(2)),
	CASE("an empty list", NULL, "<orders/>", "orders\nL1 w1 <>\n" END(1)),
	CASE("an empty list, path given", "/orders/order", "<orders/>", "\n" END(0)),
	CASE("path with a star", "/*/*/c", "<a><b><c>1</c></b><d><c>2</c></d><c>3</c></a>", "c\nL1 w1 <1>\nL1 w1 <2>\n" END(2)),
	CASE("path not there", "/orders/orde", "<d><order><a>1</a></order><order><a>2</a></order></d>",
		 "\nbad L0 the document has no element at the path \"/orders/orde\"\n"),
	CASE("path malformed", "/a//b", "<a/>", "\nbad L0 the path \"/a//b\" is none: a name in it is empty\n"),
	CASE("CDATA, comments, instructions", NULL, "<a><!-- c --><r><x><![CDATA[<1> & ]]>2</x><?p q?></r><r><x>3<!-- c -->4</x></r></a>",
		 "x\nL1 w1 <<1> & 2>\nL1 w1 <34>\n" END(2)),
	CASE("entities", NULL, "<a><r><x>&lt;&amp;&#228;&#x20ac;</x></r><r><x>&quot;&apos;</x></r></a>", "x\nL1 w1 <<&\\xc3\\xa4\\xe2\\x82\\xac>\nL1 w1 <\"'>\n" END(2)),
	CASE("mixed content", NULL, "<a><r><p>Hello <b k='v'>big</b> world</p></r><r><p>x</p></r></a>",
		 "p.b.@k,p.b,p\nL1 w3 <v> <big> <Hello big world>\nL1 w1 ~ ~ <x>\n" END(2)),
	CASE("empty elements", NULL, "<a><r><x/><y></y><z> </z></r><r><x>1</x></r></a>", "x,y,z\nL1 w3 <> <> <>\nL1 w1 <1> ~ ~\n" END(2)),
	CASE("nil", NULL, "<a xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='a b'><r><x xsi:nil='true'/></r><r><x>1</x></r></a>",
		 "x\nL1 w0 ~\nL1 w1 <1>\n" END(2)),
	CASE("space", NULL, "<a><r><x xml:space='preserve'> 1 </x><y>\n 2 3\n</y></r><r/></a>", "x,y\nL1 w2 < 1 > <2 3>\nL3 w0 ~ ~\n" END(2)),
	CASE("namespaces", NULL, "<f xmlns='urn:f' xmlns:m='urn:m'><e><title>a</title><m:title>b</m:title><m:x m:k='1'>c</m:x></e><e xmlns:n='urn:m'><n:x>d</n:x><title>e</title></e></f>",
		 "title,m:title,x.@k,x\nL1 w4 <a> <b> <1> <c>\nL1 w2 <e> ~ ~ <d>\n" END(2)),
	CASE("a path in a namespace", "/f/m:e", "<f xmlns='urn:f' xmlns:m='urn:m'><e><k>1</k></e><m:e><k>2</k></m:e></f>", "k\nL1 w1 <2>\n" END(1)),
	CASE("encoding declared, text recoded already", NULL, "<?xml version='1.0' encoding='ISO-8859-1'?><a><r>\xC3\xA4</r><r>b</r></a>", "r\nL1 w1 <\\xc3\\xa4>\nL1 w1 <b>\n" END(2)),
	CASE("byte order mark", NULL, "\xEF\xBB\xBF<a><r>1</r><r>2</r></a>", "r\nL1 w1 <1>\nL1 w1 <2>\n" END(2)),
	CASE("space before the declaration", NULL, "\n \n<?xml version='1.0'?>\n<a><r>1</r>\n<r>2</r></a>", "r\nL4 w1 <1>\nL5 w1 <2>\n" END(2)),
	CASE("bytes that are no text", NULL, "<a><r>x\xE4y</r><r>\x01\xFF</r><r>\xEF\xBF\xBF\xF4\x8F\xB8\x81</r></a>",
		 "r\nL1 w1 <x\\xe4y>\nL1 w1 <\\x01\\xff>\nL1 w1 <\\xef\\xbf\\xbf\\xf4\\x8f\\xb8\\x81>\n" END(3)),
	CASE("a document type of its own", NULL, "<!DOCTYPE a [<!ELEMENT a ANY><!ENTITY co \"Ltd &#38;#38; Co\"><!ATTLIST r k CDATA \"d\">]><a><r>&co;</r><r k='1'>x</r></a>",
		 "@k,r\nL1 w2 <d> <Ltd & Co>\nL1 w2 <1> <x>\n" END(2)),
	CASE("entity unknown", NULL, "<a><r>1</r><r>&nbsp;</r></a>", "r\nL1 w1 <1>\nbad L1 invalid XML in line 1, column 15: undefined entity\n"),
	CASE("entity of a document type elsewhere", NULL, "<!DOCTYPE a SYSTEM 'x.dtd'><a><r>1</r><r>&nbsp;</r></a>",
		 "r\nL1 w1 <1>\nbad L1 the document refers to an entity that it does not declare itself: &nbsp; in line 1, column 48\n"),
	CASE("entity in a file", NULL, "<!DOCTYPE a [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><a><r>1</r><r>&f;</r></a>",
		 "r\nL1 w1 <1>\nbad L1 the document refers to an entity that it does not declare itself: &f; in line 1, column 69\n"),
	CASE("not well-formed", NULL, "<a>\n<r><x>1</x></r>\n<r><x>2</y></r></a>", "x\nL2 w1 <1>\nbad L3 invalid XML in line 3, column 10: mismatched tag\n"),
	CASE("bare ampersand", NULL, "<a><r>A & B</r><r>2</r></a>", "\nbad L1 invalid XML in line 1, column 10: not well-formed (invalid token)\n"),
	CASE("cut off", NULL, "<a>\n<r><x>1</x></r>\n<r><x>2</x>", "x\nL2 w1 <1>\nbad L3 invalid XML in line 3, column 12: the document is not complete\n"),
	CASE("cut off in a tag", NULL, "<a><r><x>1</x></r><r k=", "x\nL1 w1 <1>\nbad L1 invalid XML in line 1, column 19: the document is not complete\n"),
	CASE("something behind", NULL, "<a><r>1</r><r>2</r></a><b/>", "r\nL1 w1 <1>\nL1 w1 <2>\nbad L1 invalid XML in line 1, column 24: junk after document element\n"),
	CASE("encoded names", NULL, "<a><r><First_x0020_name>1</First_x0020_name><_x005F_x0041_>2</_x005F_x0041_><x_x41>3</x_x41></r></a>", "First name,_x0041_,x_x41\nL1 w3 <1> <2> <3>\n" END(1)),
	CASE("nothing", NULL, " \n", "\nend rows=0 blank=0 skipped=0 empty\n"),
	CASE("nothing, for long", NULL, TEN_LINES TEN_LINES TEN_LINES TEN_LINES TEN_LINES TEN_LINES TEN_LINES TEN_LINES, "\nend rows=0 blank=0 skipped=0 empty\n"),
	CASE("a declaration alone", NULL, "<?xml version='1.0'?>\n", "\nbad L2 invalid XML in line 2, column 1: the document is not complete\n"),
	CASE("no XML", NULL, "a,b\n", "\nbad L1 invalid XML in line 1, column 1: syntax error\n"),
};

static void
test_cases(void)
{
	static const uint32 windows[] = {1, 2, 3, 7, 64, 65536};

	for (int i = 0; i < lengthof(cases); i++)
	{
		const Case *c = &cases[i];
		NvpFormat	format;

		nvp_format_defaults(&format);
		format.kind = NVP_FORMAT_XML;
		format.path = c->path;
		for (int w = 0; w < lengthof(windows); w++)
		{
			char	   *actual = render(c->data, c->len, &format, windows[w], false);

			check_text(psprintf("%s (window %u)", c->name, windows[w]), actual, c->expected);
			free(actual);
		}
	}
}

/* error_of reads all of a document and returns what was wrong with it */
static char *
error_of(const char *data, size_t len, int64 max_record_bytes, bool *is_limit)
{
	NvpSource  *source = nvp_source_memory(data, len);
	NvpReader  *reader;
	NvpBatch   *batch;
	NvpFormat	format;
	char	   *error;

	nvp_format_defaults(&format);
	format.kind = NVP_FORMAT_XML;
	format.max_record_bytes = max_record_bytes;
	reader = nvp_reader_open(source, &format);
	batch = nvp_batch_create(reader->ncols);
	while (nvp_reader_next(reader, batch) == NVP_READ_OK)
		;
	error = pstrdup(reader->error.message);
	*is_limit = reader->error.is_limit;
	nvp_batch_free(batch);
	nvp_reader_close(reader);
	source->close(source);
	return error;
}

static void
check_limit(const char *name, StringInfo data, int64 max_record_bytes, const char *expected)
{
	bool		is_limit;
	char	   *error = error_of(data->data, data->len, max_record_bytes, &is_limit);

	check_text(name, error, expected);
	check_text(name, is_limit ? "limit" : "no limit", "limit");
	pfree(error);
	resetStringInfo(data);
}

/* documents made to exhaust whoever reads them */
static void
test_limits(void)
{
	StringInfoData data;

	initStringInfo(&data);
	appendStringInfoString(&data, "<!DOCTYPE a [<!ENTITY l0 \"lol\">");
	for (int i = 1; i < 12; i++)
	{
		appendStringInfo(&data, "<!ENTITY l%d \"", i);
		for (int k = 0; k < 10; k++)
			appendStringInfo(&data, "&l%d;", i - 1);
		appendStringInfoString(&data, "\">");
	}
	appendStringInfoString(&data, "]><a><r>1</r><r>&l11;</r></a>");
	check_limit("billion laughs", &data, 0, "entities expand to more than 100 times the document in line 1");

	for (int i = 0; i < 300; i++)
		appendStringInfoString(&data, "<a>");
	check_limit("depth", &data, 0, "more than 200 elements within one another in line 1");

	appendStringInfoString(&data, "<a><r>1</r><r>");
	for (int i = 0; i < 200; i++)
		appendStringInfoString(&data, "0123456789");
	appendStringInfoString(&data, "</r></a>");
	check_limit("a long row", &data, 1024, "the row in line 1 is longer than 1024 bytes");

	/* a tag is in memory as a whole before any of it is known */
	appendStringInfoString(&data, "<a><r>1</r><r k='");
	enlargeStringInfo(&data, 30 * 1024 * 1024);
	memset(data.data + data.len, 'x', 30 * 1024 * 1024 - 1);
	data.len += 30 * 1024 * 1024 - 1;
	appendStringInfoString(&data, "'/></a>");
	check_limit("a long attribute", &data, 1024, "the row in line 1 is longer than 1024 bytes");

	appendStringInfoString(&data, "<a><r/>");
	for (int i = 0; i < NVP_MAX_COLUMNS + 1; i++)
		appendStringInfo(&data, "<r c%d=''/>", i);
	appendStringInfoString(&data, "</a>");
	check_limit("many columns", &data, 0, "the rows have more than 32767 different columns by line 1");
	pfree(data.data);
}

/* children beyond the limit are told of the row */
static void
test_surplus(void)
{
	StringInfoData data;
	NvpFormat	format;
	StringInfoData expected;
	char	   *actual;

	initStringInfo(&expected);
	appendStringInfoString(&expected, " <k100> <100> +<t: k101 101 t: k102 102>\nL1 w1 ~ <1>");
	for (int i = 2; i <= 100; i++)
		appendStringInfoString(&expected, " ~ ~");
	appendStringInfoString(&expected, "\n" END(2));
	initStringInfo(&data);
	appendStringInfoString(&data, "<a><r>");
	for (int i = 1; i <= 102; i++)
		appendStringInfo(&data, "<t k='k%d'>%d</t>", i, i);
	appendStringInfoString(&data, "</r><r><t>1</t></r></a>");
	nvp_format_defaults(&format);
	format.kind = NVP_FORMAT_XML;
	format.path = "/a/r";
	actual = render(data.data, data.len, &format, 65536, false);
	check_text("surplus", strstr(actual, " <k100> <100>") ? strstr(actual, " <k100> <100>") : actual,
			   expected.data);
	free(actual);
	pfree(data.data);
}

/* many rows, and columns in the last of them: nothing is lost where batches end */
static void
test_many(void)
{
	StringInfoData data;
	NvpFormat	format;
	NvpReader  *reader;
	NvpBatch   *batch;
	uint64		sum = 0;

	initStringInfo(&data);
	appendStringInfoString(&data, "<a>\n");
	for (int i = 0; i < 5000; i++)
		appendStringInfo(&data, i % 1000 == 999 ? "<r><x>%d</x><y%d>1</y%d></r>\n" : "<r><x>%d</x></r>\n", i, i, i);
	appendStringInfoString(&data, "</a>");
	nvp_format_defaults(&format);
	format.kind = NVP_FORMAT_XML;
	reader = nvp_reader_open(nvp_source_memory(data.data, data.len), &format);
	batch = nvp_batch_create(reader->ncols);
	while (nvp_reader_next(reader, batch) == NVP_READ_OK)
	{
		for (int row = 0; row < batch->nrows; row++)
		{
			const NvpCell *cell = nvp_batch_column(batch, 0) + row;
			char	   *text = pnstrdup(cell->ptr, cell->len);

			sum += atoi(text) + batch->rows[row].line_no;
			pfree(text);
		}
	}
	check_text("many: sum", psprintf("%d", (int) sum), psprintf("%d", 5000 * 4999 / 2 * 2 + 5000 * 2));
	check_text("many: rows and columns", psprintf("%d %d %s", (int) reader->rows, reader->ncols, reader->header[5]), "5000 6 y4999");
	nvp_batch_free(batch);
	nvp_reader_close(reader);
	pfree(data.data);
}

static bool
append(void *arg, const char *data, int64 len)
{
	appendBinaryStringInfo((StringInfo) arg, data, (int) len);
	return true;
}

/* what is written is read as what it was */
static void
test_writing(void)
{
	static const char *const names[] = {"a", "First name", "xml\xC3\xA4<>", "9_x0041_"};
	NvpBatch   *batch = nvp_batch_create(4);
	StringInfoData out;
	NvpWriteFormat format;
	NvpWriter  *writer;
	NvpFormat	read_format;
	char	   *actual;
	static const NvpCell cells[2][4] = {
		{{"x & <y> \r\n\tz", 12, NVP_CELL_TEXT}, {NULL, 0, NVP_CELL_NULL}, {" \xC3\xA4 ", 4, NVP_CELL_TEXT}, {"", 0, NVP_CELL_TEXT}},
		{{"12.5", 4, NVP_CELL_NUMBER}, {"true", 4, NVP_CELL_BOOL}, {"{\"k\":\"<\"}", 9, NVP_CELL_JSON}, {"\x01\xFF", 2, NVP_CELL_TEXT}},
	};

	initStringInfo(&out);
	nvp_write_format_defaults(&format);
	format.kind = NVP_FORMAT_XML;
	format.row = "an order";
	writer = nvp_writer_open(&format, names, 4, append, &out);
	for (int row = 0; row < 2; row++)
		for (int col = 0; col < 4; col++)
			nvp_batch_column(batch, col)[row] = cells[row][col];
	batch->nrows = 2;
	check_text("written", nvp_writer_batch(writer, batch, NULL) && nvp_writer_finish(writer) ? "ok" : "not", "ok");
	check_text("writing", out.data, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rows xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n"
			   "<an_x0020_order><a>x &amp; &lt;y&gt; &#13;\n\tz</a><First_x0020_name xsi:nil=\"true\"/>"
			   "<_x0078_ml\xC3\xA4_x003C__x003E_ xml:space=\"preserve\"> \xC3\xA4 </_x0078_ml\xC3\xA4_x003C__x003E_><_x0039__x005F_x0041_></_x0039__x005F_x0041_></an_x0020_order>\n"
			   "<an_x0020_order><a>12.5</a><First_x0020_name>true</First_x0020_name>"
			   "<_x0078_ml\xC3\xA4_x003C__x003E_>{\"k\":\"&lt;\"}</_x0078_ml\xC3\xA4_x003C__x003E_><_x0039__x005F_x0041_>\xEF\xBF\xBD\xEF\xBF\xBD</_x0039__x005F_x0041_></an_x0020_order>\n"
			   "</rows>\n");
	nvp_format_defaults(&read_format);
	read_format.kind = NVP_FORMAT_XML;
	actual = render(out.data, out.len, &read_format, 7, false);
	check_text("written and read", actual, "a,First name,xml\\xc3\\xa4<>,9_x0041_\n"
			   "L3 w3 <x & <y> \\x0d\\x0a\\x09z> ~ < \\xc3\\xa4 > <>\n"
			   "L5 w4 <12.5> <true> <{\"k\":\"<\"}> <\\xef\\xbf\\xbd\\xef\\xbf\\xbd>\n" END(2));
	free(actual);
	nvp_batch_free(batch);
	pfree(out.data);
}

static void
test_look(void)
{
	static const char text[] = "<d><a><k>1</k></a><a><k>2</k></a><b><x>1</x><y>2</y></b><b><x>3</x></b></d>";
	NvpXmlChoice choice;

	nvp_xml_look(text, sizeof(text) - 1, &choice);
	check_text("look", psprintf("%s %d %d %s %d %d", choice.path, choice.columns, (int) choice.rows, choice.rival, choice.rival_columns, choice.has_ended),
			   "/d/b 2 2 /d/a 1 1");
	nvp_xml_look("<name>,<age>\n", 13, &choice);
	check_text("look at text", psprintf("%d %d", choice.opened, choice.closed), "2 0");
}

/* columns of fixed width, beside what has columns of no width at all */
static void
test_fixed(void)
{
	static const NvpFixedColumn columns[] = {{NULL, 0, 3}, {NULL, 3, 4}, {"last", 9, 2}};
	static const struct
	{
		const char *name;
		const char *data;
		bool		has_header;
		int			skip_rows;
		const char *expected;
	}			fixed[] = {
		{"fixed", "abc1234__xy\nd  5      z\n", false, 0, "column_1,column_2,last\nL1 w3 <abc> <1234> <xy>\nL2 w3 <d> <5> <z>\n" END(2)},
		{"fixed: header and preamble", "report\r\nid zip   l\r\n\r\n 1  22   x\r\n", true, 1,
		"id,zip,last\nL4 w3 <1> <22> <x>\nend rows=1 blank=1 skipped=2\n"},
		{"fixed: characters", "\xC3\xA4\xE2\x82\xAC" "b1234  xy", false, 0, "column_1,column_2,last\nL1 w3 <\\xc3\\xa4\\xe2\\x82\\xacb> <1234> <xy>\n" END(1)},
		{"fixed: bytes that are none", "\xE4" "bc1234  x\xFF", false, 0, "column_1,column_2,last\nL1 w3 <\\xe4bc> <1234> <x\\xff>\n" END(1)},
		{"fixed: short and long", "ab\nabc123\nabc1234  xyz w \nabc1234  xy   \n", false, 0,
			"column_1,column_2,last\nL1 w1 few <ab> ~ ~\nL2 w2 few <abc> <123> ~\nL3 w4 many <abc> <1234> <xy> +<z w>\nL4 w3 <abc> <1234> <xy>\n" END(4)},
		{"fixed: nothing", "", false, 0, "column_1,column_2,last\nend rows=0 blank=0 skipped=0 empty\n"},
	};

	for (int i = 0; i < lengthof(fixed); i++)
	{
		NvpFormat	format;

		nvp_format_defaults(&format);
		format.kind = NVP_FORMAT_FIXED;
		format.fixed = columns;
		format.nfixed = lengthof(columns);
		format.has_header = fixed[i].has_header;
		format.skip_rows = fixed[i].skip_rows;
		for (uint32 window = 1; window <= 64; window *= 4)
		{
			char	   *actual = render(fixed[i].data, strlen(fixed[i].data), &format, window, false);

			check_text(psprintf("%s (window %u)", fixed[i].name, window), actual, fixed[i].expected);
			free(actual);
		}
	}
}

int
main(void)
{
	test_cases();
	test_limits();
	test_surplus();
	test_many();
	test_look();
	test_writing();
	test_fixed();
	printf("%d checks, %d failures\n", checks, failures);
	return failures > 0;
}
