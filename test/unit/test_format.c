/*-------------------------------------------------------------------------
 *
 * test_format.c
 *		Readers and writers: every trap as a named case.
 *
 * Each reading case runs with and without vector instructions, through windows
 * and from sources of 1, 2, 3, 7, 64 and 65536 bytes; all must say the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "format/encode.h"
#include "format/rows.h"
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

typedef struct ReadCase
{
	const char *name;
	const char *options;		/* see apply */
	const char *data;
	size_t		len;
	const char *expected;
} ReadCase;

#define CASE(name, options, data, expected) {name, options, data, sizeof(data) - 1, expected}

/* apply reads options: d; q' e\ h0 s2 m64 jsonl ... separated by blanks */
static void
apply(NvpFormat *format, const char *options)
{
	nvp_format_defaults(format);
	for (const char *p = options; *p; p++)
	{
		switch (*p)
		{
			case 'd':
				format->delimiter = *++p;
				break;
			case 'q':
				format->quote = *++p == '0' ? '\0' : *p;
				format->escape = format->quote;
				break;
			case 'e':
				format->escape = *++p == '0' ? '\0' : *p;
				break;
			case 'h':
				format->has_header = *++p != '0';
				break;
			case 's':
				format->skip_rows = *++p - '0';
				break;
			case 'm':
				format->max_record_bytes = 64;
				break;
			case 'J':
				format->kind = NVP_FORMAT_JSON;
				break;
			case 'L':
				format->kind = NVP_FORMAT_JSONL;
				break;
			case 'K':
				format->keeps_nested = true;
				break;
			case 'P':
				format->path = p + 1;
				return;
			case 'E':
				format->encoding = *++p == 'l' ? NVP_ENCODING_UTF16LE : *p == 'b' ? NVP_ENCODING_UTF16BE :
					*p == '1' ? NVP_ENCODING_ISO8859_1 : NVP_ENCODING_WINDOWS1252;
				break;
			default:
				break;
		}
	}
}

static const ReadCase read_cases[] = {
	CASE("plain", "", "a,b\n1,2\n3,4\n", "a,b\nL2 w2 <1> <2>\nL3 w2 <3> <4>\nend rows=2 blank=0 skipped=1\n"),
	CASE("no newline at the end", "", "a,b\n1,2", "a,b\nL2 w2 <1> <2>\nend rows=1 blank=0 skipped=1\n"),
	CASE("empty last cell at the end", "", "a,b\n1,", "a,b\nL2 w2 <1> <>\nend rows=1 blank=0 skipped=1\n"),
	CASE("CR LF", "", "a,b\r\n1,2\r\n", "a,b\nL2 w2 <1> <2>\nend rows=1 blank=0 skipped=1\n"),
	CASE("lone CR", "", "a,b\r1,2\r3,4\r", "a,b\nL2 w2 <1> <2>\nL3 w2 <3> <4>\nend rows=2 blank=0 skipped=1\n"),
	CASE("line ends mixed", "", "a,b\r\n1,2\n3,4\r5,6", "a,b\nL2 w2 <1> <2>\nL3 w2 <3> <4>\nL4 w2 <5> <6>\nend rows=3 blank=0 skipped=1\n"),
	CASE("CR at the very end", "", "a\n1\r", "a\nL2 w1 <1>\nend rows=1 blank=0 skipped=1\n"),
	CASE("quoted cells", "", "a,b\n\"x,y\",\"\"\n", "a,b\nL2 w2 <x,y>q <>q\nend rows=1 blank=0 skipped=1\n"),
	CASE("doubled quotes", "", "a,b\n\"say \"\"hi\"\"\",\"\"\"\"\n", "a,b\nL2 w2 <say \"hi\">q <\">q\nend rows=1 blank=0 skipped=1\n"),
	CASE("line ends in quotes", "", "a,b\n\"l\nm\r\nn\ro\",2\n3,4\n", "a,b\nL2 w2 <l\\x0am\\x0d\\x0an\\x0do>q <2>\nL6 w2 <3> <4>\nend rows=2 blank=0 skipped=1\n"),
	CASE("quoted cell at the end of the file", "", "a\n\"x\"", "a\nL2 w1 <x>q\nend rows=1 blank=0 skipped=1\n"),
	CASE("quote inside bare text is text", "", "a,b\n5\" pipe,x\"y\"\n", "a,b\nL2 w2 <5\" pipe> <x\"y\">\nend rows=1 blank=0 skipped=1\n"),
	CASE("text behind a closing quote", "", "a,b\n\"x\"y,2\n3,4\n", "a,b\nL2 w2 stray <\"x\"y> <2>\nL3 w2 <3> <4>\nend rows=2 blank=0 skipped=1\n"),
	CASE("a quote left open swallows the next line", "", "a,b\n\"open,1\nx\"y,2\n3,4\n", "a,b\nL2 w2 broken <\"open,1\\x0ax\"y> <2>\nL4 w2 <3> <4>\nend rows=2 blank=0 skipped=1\n"),
	CASE("quotes not doubled", "", "a,b\n\"say \"hi\" now\",2\n", "a,b\nL2 w2 stray <\"say \"hi\" now\"> <2>\nend rows=1 blank=0 skipped=1\n"),
	CASE("stray text keeps doubled quotes", "", "a,b\n\"x\"\"\"y,2\n", "a,b\nL2 w2 stray <\"x\"\"\"y> <2>\nend rows=1 blank=0 skipped=1\n"),
	CASE("too few cells", "", "a,b,c\n1\n1,2,3\n", "a,b,c\nL2 w1 few <1> ~ ~\nL3 w3 <1> <2> <3>\nend rows=2 blank=0 skipped=1\n"),
	CASE("too many cells", "", "a,b\n1,2,3,\"4\"\n", "a,b\nL2 w4 many <1> <2> +<3,\"4\">\nend rows=1 blank=0 skipped=1\n"),
	CASE("surplus cells that are empty", "", "a,b\n1,2,,\n3,4,\n", "a,b\nL2 w4 <1> <2>\nL3 w3 <3> <4>\nend rows=2 blank=0 skipped=1\n"),
	CASE("surplus empty, then filled", "", "a\n1,,x\n", "a\nL2 w3 many <1> +<,x>\nend rows=1 blank=0 skipped=1\n"),
	CASE("delimiter at the end of each row", "", "a,b,\n1,2,\n", "a,b,column_3\nL2 w3 <1> <2> <>\nend rows=1 blank=0 skipped=1\n"),
	CASE("delimiter at the end of the header only", "", "a,b,\n1,2\n", "a,b,column_3\nL2 w2 <1> <2> ~\nend rows=1 blank=0 skipped=1\n"),
	CASE("byte order mark", "", "\xEF\xBB\xBF" "a,b\n1,2\n", "a,b\nL2 w2 <1> <2>\nend rows=1 blank=0 skipped=1\n"),
	CASE("byte order mark before a quote", "", "\xEF\xBB\xBF\"a\",b\n1,2\n", "a,b\nL2 w2 <1> <2>\nend rows=1 blank=0 skipped=1\n"),
	CASE("blank lines", "", "\n\na,b\n\n1,2\r\n\r\n\n3,4\n\n", "a,b\nL5 w2 <1> <2>\nL8 w2 <3> <4>\nend rows=2 blank=6 skipped=1\n"),
	CASE("blank lines between CR", "", "a\r\r1\r", "a\nL3 w1 <1>\nend rows=1 blank=1 skipped=1\n"),
	CASE("quoted empty in one column", "", "a\n\"\"\n\nx\n", "a\nL2 w1 <>q\nL4 w1 <x>\nend rows=2 blank=1 skipped=1\n"),
	CASE("a line of blanks is a row", "", "a,b\n  \n", "a,b\nL2 w1 few <  > ~\nend rows=1 blank=0 skipped=1\n"),
	CASE("preamble", "s2", "Report\nof, May\na,b\n1,2\n", "a,b\nL4 w2 <1> <2>\nend rows=1 blank=0 skipped=3\n"),
	CASE("preamble with a blank line", "s2", "Report\n\na,b\n1,2\n", "a,b\nL4 w2 <1> <2>\nend rows=1 blank=1 skipped=2\n"),
	CASE("preamble longer than the file", "s9", "a,b\n1,2\n", "\nend rows=0 blank=0 skipped=2 empty\n"),
	CASE("names twice", "", "a,a,A,a\n1,2,3,4\n", "a,a_2,A,a_3\nL2 w4 <1> <2> <3> <4>\nend rows=1 blank=0 skipped=1\n"),
	CASE("suffix that is taken", "", "a,a,a_2,a\n", "a,a_3,a_2,a_4\nend rows=0 blank=0 skipped=1\n"),
	CASE("empty names", "", "a,, ,column_3,\n", "a,column_2,column_3_2,column_3,column_5\nend rows=0 blank=0 skipped=1\n"),
	CASE("name that is not UTF-8", "", "a\xFF" "b\n", "a\\xffb\nend rows=0 blank=0 skipped=1\n"),
	CASE("name over two lines", "", "\"net\nprice\",b\n1,2\n", "net\\x0aprice,b\nL3 w2 <1> <2>\nend rows=1 blank=0 skipped=1\n"),
	CASE("no header", "h0", "1,2\n\"3\"\"\",4\n", "column_1,column_2\nL1 w2 <1> <2>\nL2 w2 <3\">q <4>\nend rows=2 blank=0 skipped=0\n"),
	CASE("no header, escapes in the first row", "h0", "\"1\"\"\",2\n", "column_1,column_2\nL1 w2 <1\">q <2>\nend rows=1 blank=0 skipped=0\n"),
	CASE("NUL and bad bytes pass", "", "a,b\n\0x,\xC3\n", "a,b\nL2 w2 <\\x00x> <\\xc3>\nend rows=1 blank=0 skipped=1\n"),
	CASE("semicolon", "d;", "a;b\n1,5;2\n", "a,b\nL2 w2 <1,5> <2>\nend rows=1 blank=0 skipped=1\n"),
	CASE("byte beyond ASCII as delimiter", "d\xA7", "a\xA7" "b\n1\xA7" "2\n", "a,b\nL2 w2 <1> <2>\nend rows=1 blank=0 skipped=1\n"),
	CASE("single quote", "q'", "a,b\n'x,''y',\"z\n", "a,b\nL2 w2 <x,'y>q <\"z>\nend rows=1 blank=0 skipped=1\n"),
	CASE("no quote", "q0", "a,b\n\"x,y\"\n", "a,b\nL2 w2 <\"x> <y\">\nend rows=1 blank=0 skipped=1\n"),
	CASE("backslash in quotes", "e\\", "a,b\n\"x\\\"y\\\\\",\"c:\\d\"\"\"\n", "a,b\nL2 w2 <x\"y\\>q <c:\\d\">q\nend rows=1 blank=0 skipped=1\n"),
	CASE("backslash outside quotes is text", "e\\", "a,b\nc:\\,d\n", "a,b\nL2 w2 <c:\\> <d>\nend rows=1 blank=0 skipped=1\n"),
	CASE("backslash without quotes", "q0 e\\", "a,b\nx\\,y,l\\\nm\\n\\\\\nc,d\n", "a,b\nL2 w2 <x,y> <l\\x0am\\n\\>\nL4 w2 <c> <d>\nend rows=2 blank=0 skipped=1\n"),
	CASE("backslash before CR LF", "q0 e\\", "a,b\nx\\\r\ny,2\nc,d\n", "a,b\nL2 w2 <x\\x0d\\x0ay> <2>\nL4 w2 <c> <d>\nend rows=2 blank=0 skipped=1\n"),
	CASE("empty file", "", "", "\nend rows=0 blank=0 skipped=0 empty\n"),
	CASE("only a byte order mark", "", "\xEF\xBB\xBF", "\nend rows=0 blank=0 skipped=0 empty\n"),
	CASE("only blank lines", "", "\n\r\n", "\nend rows=0 blank=2 skipped=0 empty\n"),
	CASE("header only", "", "a,b\n", "a,b\nend rows=0 blank=0 skipped=1\n"),
	CASE("header only, no newline", "", "a,b", "a,b\nend rows=0 blank=0 skipped=1\n"),
	CASE("quote never closed", "", "a,b\n1,2\n3,\"x\n5,6\n", "a,b\nL2 w2 <1> <2>\nbad L3 the quote opened in line 3 is never closed\n"),
	CASE("quote never closed, opened late", "", "a,b\n\"l\nm\",\"x\n", "a,b\nbad L3 the quote opened in line 3 is never closed\n"),
	CASE("quote never closed in the header", "", "a,\"b\n1,2\n", "\nbad L1 the quote opened in line 1 is never closed\n"),
	CASE("record too long", "m", "a\n1\n23456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789\n",
		 "a\nL2 w1 <1>\nbad L3 the record in line 3 is longer than 64 bytes\n"),
	CASE("quote open for too long", "m", "a\n1\n\"3456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789\"\n",
		 "a\nL2 w1 <1>\nbad L3 the quote opened in line 3 is not closed within 64 bytes\n"),
	CASE("UTF-16LE", "El", "\xFF\xFE" "a\0\n\0\xE4\0\x3D\xD8\0\xDE\n\0", "a\nL2 w1 <\\xc3\\xa4\\xf0\\x9f\\x98\\x80>\nend rows=1 blank=0 skipped=1\n"),
	CASE("UTF-16BE without mark", "Eb", "\0a\0\n\0x\0\n", "a\nL2 w1 <x>\nend rows=1 blank=0 skipped=1\n"),
	CASE("UTF-16 with half a pair and an odd byte", "El", "a\0\n\0\x3D\xD8x\0y", "a\nL2 w1 <\\xfe\\x83\\x8d\\xfe\\x8d\\x88x\\xfe\\x87\\x89>\nend rows=1 blank=0 skipped=1\n"),
	CASE("Latin-1", "E1", "a\n\xE4\x80\n", "a\nL2 w1 <\\xc3\\xa4\\xc2\\x80>\nend rows=1 blank=0 skipped=1\n"),
	CASE("Windows-1252", "E2", "a\n\xE4\x80\x81\n", "a\nL2 w1 <\\xc3\\xa4\\xe2\\x82\\xac\\xfe\\x88\\x81>\nend rows=1 blank=0 skipped=1\n"),

	CASE("json: array", "J", "[{\"a\":1,\"b\":\"x\"},\n {\"b\":null,\"a\":true}]", "a,b\nL1 w2 #1 <x>\nL2 w2 ?true ~\nend rows=2 blank=0 skipped=0\n"),
	CASE("json: keys come late and go", "J", "[{\"a\":1},{},{\"b\":2},{\"c\":3,\"a\":4}]",
		 "a,b,c\nL1 w1 #1 ~ ~\nL1 w0 ~ ~ ~\nL1 w1 ~ #2 ~\nL1 w2 #4 ~ #3\nend rows=4 blank=0 skipped=0\n"),
	CASE("json: escapes", "L", "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e4\\u20ac\\ud83d\\ude00\"}\n",
		 "a\nL1 w1 <\"\\/\\x08\\x0c\\x0a\\x0d\\x09A\\xc3\\xa4\\xe2\\x82\\xac\\xf0\\x9f\\x98\\x80>\nend rows=1 blank=0 skipped=0\n"),
	CASE("json: surrogates alone, and NUL", "L", "{\"a\":\"\\ud83dx\",\"b\":\"\\ude00\",\"c\":\"\\u0000\"}\n",
		 "a,b,c\nL1 w3 <\\xed\\xa0\\xbdx> <\\xed\\xb8\\x80> <\\x00>\nend rows=1 blank=0 skipped=0\n"),
	CASE("json: nested", "J", "[{\"a\":{\"x\":[1,\"}\"]},\"b\":[]}]", "a.x,b\nL1 w2 {[1,\"}\"]} {[]}\nend rows=1 blank=0 skipped=0\n"),
	CASE("json: nested objects", "J", "[{\"a\":{\"x\":{\"y\":1,\"z\\n\":2}},\"b\":3,\"a.x\":4},{\"b\":5,\"a\":{\"w\":6,\"x\":{}}},{\"a\":null}]",
		 "a.x.y,a.x.z\\x0a,b,a.x,a.w,a.x_2,a\nL1 w4 #1 #2 #3 #4 ~ ~ ~\nL1 w3 ~ ~ #5 ~ #6 {{}} ~\nL1 w1 ~ ~ ~ ~ ~ ~ ~\nend rows=3 blank=0 skipped=0\n"),
	CASE("json: nested objects kept", "JK", "[{\"a\":{\"x\":1}}]", "a\nL1 w1 {{\"x\":1}}\nend rows=1 blank=0 skipped=0\n"),
	CASE("json: an array in an object", "J", "{\"n\":[1,{\"x\":2}],\"meta\":{\"k\":\"[\",\"items\":[ {\"a\":1},\n{\"a\":2}]},\"t\":1.5}\n",
		 "a\nL1 w1 #1\nL2 w1 #2\nend rows=2 blank=0 skipped=0\n"),
	CASE("json: two arrays in an object", "J", "{\"a\":[{\"x\":1}],\"b\":[{\"y\":1}]}",
		 "\nbad L0 the JSON object holds 2 arrays of objects, and it is not said which of them has the rows\n"),
	CASE("json: path", "JP/b", "{\"a\":[{\"x\":1}],\"b\":[{\"y\":1}],\"c\":{}}", "y\nL1 w1 #1\nend rows=1 blank=0 skipped=0\n"),
	CASE("json: path of names, to an object", "JP$.d.a", "{\"c\":{\"a\":[]},\"d\":{\"c\":[[]],\"a\":{\"y\":1}},\"a\":2}", "y\nL1 w1 #1\nend rows=1 blank=0 skipped=0\n"),
	CASE("json: path to an empty array", "JPb", "{\"b\":[]}", "\nend rows=0 blank=0 skipped=0\n"),
	CASE("json: path not there", "JPx", "{\"b\":[]}", "\nbad L1 there is nothing at the path \"x\"\n"),
	CASE("json: path with escapes", "JP/a~1b/c~0d", "{\"a/b\":{\"c~d\":[{\"x\":1}],\"c~0d\":[{\"x\":2}]}}\n",
		 "x\nL1 w1 #1\nend rows=1 blank=0 skipped=0\n"),
	CASE("json: a tilde between dots is itself", "JPa~1b", "{\"a~1b\":[{\"x\":1}],\"a/b\":[]}\n",
		 "x\nL1 w1 #1\nend rows=1 blank=0 skipped=0\n"),
	CASE("json: a lonely tilde", "JP/a~b", "{}", "\nbad L0 the path \"/a~b\" is none: a ~ in it is followed by neither 0 nor 1\n"),
	CASE("json: the only path has a slash in it", "J", "{\"a/b\":{\"~\":[{\"x\":1}]}}\n",
		 "x\nL1 w1 #1\nend rows=1 blank=0 skipped=0\n"),
	CASE("json: an array of names", "JP[\"a\", \"\" ,\"*\"]", "{\"b\":[],\"a\":{\"x\":[{\"x\":1}],\"\":{\"y\":[{\"x\":2}],\"*\":[{\"x\":3}]}}}\n",
		 "x\nL1 w1 #3\nend rows=1 blank=0 skipped=0\n"),
	CASE("json: an array of names with escapes", "JP[\"\\u0061/\\\"\"]", "{\"a\":[],\"a/\\\"\":[{\"x\":3}]}\n",
		 "x\nL1 w1 #3\nend rows=1 blank=0 skipped=0\n"),
	CASE("json: a star is any name", "JP/*", "{\"a\":[{\"x\":1}],\"*\":[{\"x\":2}]}\n", "x\nL1 w1 #1\nend rows=1 blank=0 skipped=0\n"),
	CASE("json: an array of no names", "JP[]", "[{\"x\":1}]\n", "x\nL1 w1 #1\nend rows=1 blank=0 skipped=0\n"),
	CASE("json: an array of a number", "JP[\"a\", 1]", "{}", "\nbad L0 the path \"[\"a\", 1]\" is none: it is no JSON array of names\n"),
	CASE("json: an array that is not closed", "JP[\"a\"", "{}", "\nbad L0 the path \"[\"a\"\" is none: it is no JSON array of names\n"),
	CASE("json: text behind an array", "JP[\"a\"] x", "{}", "\nbad L0 the path \"[\"a\"] x\" is none: it is no JSON array of names\n"),
	CASE("json: a NUL in a name", "JP[\"a\\u0000\"]", "{}", "\nbad L0 the path \"[\"a\\u0000\"]\" is none: a name in it holds a NUL\n"),
	CASE("json: the only path has an empty name and a star", "J", "{\"b\":{},\"\":{\"c\":5,\"*\":[{\"x\":1}]}}\n",
		 "x\nL1 w1 #1\nend rows=1 blank=0 skipped=0\n"),
	CASE("json: path to a number", "JPb", "{\"b\":5}", "\nbad L1 there is neither an array nor an object at the path \"b\"\n"),
	CASE("json: path through a text", "JPb.c", "{\"b\":\"x\"}", "\nbad L1 there is nothing at the path \"b.c\"\n"),
	CASE("json: path through an array", "JPb.c", "{\"b\":[{\"c\":[]}]}", "\nbad L1 there is an array on the way to the path \"b.c\"\n"),
	CASE("json: cut off behind the rows", "J", "{\"b\":[{\"c\":1}],\"d\":", "c\nL1 w1 #1\nbad L1 the JSON is not complete: the data ends in line 1, byte 19\n"),
	CASE("json: damaged behind the rows", "J", "{\"b\":[{\"c\":1}] \"d\":1}", "c\nL1 w1 #1\nbad L1 invalid JSON in line 1, byte 15\n"),
	CASE("jsonl: path", "LPx", "{}\n", "\nbad L0 the option path does not apply to JSON Lines: each line is a row\n"),
	CASE("json: numbers", "L", "{\"a\":-0.5e+10,\"b\":0,\"c\":12345678901234567890}\n{\"a\":01}\n{\"a\":1.}\n{\"a\":NaN}\n",
		 "a,b,c\nL1 w3 #-0.5e+10 #0 #12345678901234567890\nL2 w0 bad ~ ~ ~ +<{\"a\":01}>\nL3 w0 bad ~ ~ ~ +<{\"a\":1.}>\nL4 w0 bad ~ ~ ~ +<{\"a\":NaN}>\nend rows=4 blank=0 skipped=0\n"),
	CASE("json: last of two equal keys", "L", "{\"a\":1,\"a\":2}\n{\"a\":3}\n", "a\nL1 w2 #2\nL2 w1 #3\nend rows=2 blank=0 skipped=0\n"),
	CASE("json: key with escape is the same key", "L", "{\"ab\":1}\n{\"a\\u0062\":2}\n", "ab\nL1 w1 #1\nL2 w1 #2\nend rows=2 blank=0 skipped=0\n"),
	CASE("json: empty and colliding keys", "L", "{\"\":1,\"column_1\":2}\n", "column_1,column_1_2\nL1 w2 #1 #2\nend rows=1 blank=0 skipped=0\n"),
	CASE("json: white space everywhere", "J", "\xEF\xBB\xBF \n[ { \"a\" : 1 , \"b\" : \"x\" } , \n { } ] \n", "a,b\nL2 w2 #1 <x>\nL3 w0 ~ ~\nend rows=2 blank=0 skipped=0\n"),
	CASE("json: empty array", "J", "[]", "\nend rows=0 blank=0 skipped=0\n"),
	CASE("json: empty", "J", " \n", "\nend rows=0 blank=0 skipped=0 empty\n"),
	CASE("json: elements that are no objects", "J", "[{\"a\":1}, 5, \"x\", [1,2], null]",
		 "a\nL1 w1 #1\nL1 w0 bad ~ +<5>\nL1 w0 bad ~ +<\"x\">\nL1 w0 bad ~ +<[1,2]>\nL1 w0 bad ~ +<null>\nend rows=5 blank=0 skipped=0\n"),
	CASE("json: an object at the top", "J", "{\n\"a\":1}", "a\nL1 w1 #1\nend rows=1 blank=0 skipped=0\n"),
	CASE("json: a number at the top", "J", " 5", "\nbad L1 the data is not a JSON array of objects: expected \"[\" in line 1, byte 1\n"),
	CASE("json: cut off in an object", "J", "[{\"a\":1},\n{\"a\":", "a\nL1 w1 #1\nbad L2 the JSON is not complete: the data ends in line 2, byte 15\n"),
	CASE("json: cut off behind an object", "J", "[{\"a\":1}", "a\nL1 w1 #1\nbad L1 the JSON is not complete: the data ends in line 1, byte 8\n"),
	CASE("json: damaged", "J", "[{\"a\":1},\n{\"a\";2}]", "a\nL1 w1 #1\nbad L2 invalid JSON in line 2, byte 11\n"),
	CASE("json: no comma", "J", "[{\"a\":1} {\"a\":2}]", "a\nL1 w1 #1\nbad L1 neither comma nor bracket behind an element of the JSON array in line 1, byte 9\n"),
	CASE("json: text behind", "J", "[{\"a\":1}]x", "a\nL1 w1 #1\nbad L1 text behind the JSON value in line 1, byte 9\n"),
	CASE("json: comma at the end", "J", "[{\"a\":1},]", "a\nL1 w1 #1\nbad L1 invalid JSON in line 1, byte 9\n"),
	CASE("jsonl: blank lines, CR LF, no newline", "L", "\n{\"a\":1}\r\n\r\n  \n{\"a\":2}", "a\nL2 w1 #1\nL5 w1 #2\nend rows=2 blank=3 skipped=0\n"),
	CASE("jsonl: bad lines go on", "L", "{\"a\":1}\n{\"b\":\noops\n{\"a\":2} x\n[1]\n{\"a\":3}\n",
		 "a\nL1 w1 #1\nL2 w0 bad ~ +<{\"b\":>\nL3 w0 bad ~ +<oops>\nL4 w0 bad ~ +<{\"a\":2} x>\nL5 w0 bad ~ +<[1]>\nL6 w1 #3\nend rows=6 blank=0 skipped=0\n"),
	CASE("jsonl: bad escape keeps its text", "L", "{\"a\":\"\\n\\q\"}\n{\"a\":\"\\u12g4\"}\n", "\nL1 w0 bad +<{\"a\":\"\\n\\q\"}>\nL2 w0 bad +<{\"a\":\"\\u12g4\"}>\nend rows=2 blank=0 skipped=0\n"),
	CASE("jsonl: cut off", "L", "{\"a\":1}\n{\"a\":\"x", "a\nL1 w1 #1\nL2 w0 bad ~ +<{\"a\":\"x>\nend rows=2 blank=0 skipped=0\n"),
	CASE("jsonl: line too long", "Lm", "{\"a\":1}\n{\"a\":\"23456789 123456789 123456789 123456789 123456789 123456789 123456789 \"}\n",
		 "a\nL1 w1 #1\nbad L2 the record in line 2 is longer than 64 bytes\n"),
};

static void
test_reading(void)
{
	static const uint32 windows[] = {1, 2, 3, 7, 64, 65536};

	for (int i = 0; i < lengthof(read_cases); i++)
	{
		const ReadCase *c = &read_cases[i];
		NvpFormat	format;

		apply(&format, c->options);
		for (int w = 0; w < lengthof(windows); w++)
		{
			for (int plain = 0; plain < 2; plain++)
			{
				char	   *actual = render(c->data, c->len, &format, windows[w], plain);
				char	   *name = psprintf("%s (window %u%s)", c->name, windows[w], plain ? ", plain" : "");

				check_text(name, actual, c->expected);
				pfree(name);
				free(actual);
			}
		}
	}
}

/* many columns: all names distinct, the last cell in its place */
static void
test_wide(int ncols, bool expect_ok)
{
	StringInfoData data;
	NvpFormat	format;
	NvpReader  *reader;
	NvpBatch   *batch;
	char	   *what = psprintf("%d columns", ncols);

	initStringInfo(&data);
	for (int line = 0; line < 2; line++)
		for (int col = 0; col < ncols; col++)
			appendStringInfo(&data, "%s%c", line ? "v" : "n", col == ncols - 1 ? '\n' : ',');
	nvp_format_defaults(&format);
	reader = nvp_reader_open(nvp_source_memory(data.data, data.len), &format);
	if (expect_ok)
	{
		batch = nvp_batch_create(reader->ncols);
		check_text(what, reader->error.message, "");
		check_text(what, reader->ncols == ncols ? reader->header[ncols - 1] : "?", psprintf("n_%d", ncols));
		check_text(what, nvp_reader_next(reader, batch) == NVP_READ_OK ? "ok" : "not", "ok");
		check_text(what, nvp_batch_column(batch, ncols - 1)->len == 1 ? "v" : "?", "v");
		nvp_batch_free(batch);
	}
	else
		check_text(what, reader->error.message, psprintf("line 1 has %d cells, more than the %d columns that are possible", ncols, NVP_MAX_COLUMNS));
	nvp_reader_close(reader);
	pfree(data.data);
}

/* objects each with keys of their own: the batch shrinks in rows as it widens */
static void
test_wide_json(void)
{
	StringInfoData data;
	NvpFormat	format;
	NvpReader  *reader;
	NvpBatch   *batch = nvp_batch_create(0);
	uint64		rows = 0;
	uint64		filled = 0;

	initStringInfo(&data);
	for (int i = 0; i < 3000; i++)
		appendStringInfo(&data, "{\"k%d\":%d,\"same\":1}\n", i, i);
	nvp_format_defaults(&format);
	format.kind = NVP_FORMAT_JSONL;
	reader = nvp_reader_open(nvp_source_memory(data.data, data.len), &format);
	while (nvp_reader_next(reader, batch) == NVP_READ_OK)
	{
		rows += batch->nrows;
		for (int col = 0; col < batch->ncols; col++)
			for (int row = 0; row < batch->nrows; row++)
				filled += (nvp_batch_column(batch, col)[row].kind != NVP_CELL_NULL);
	}
	check_text("3000 different keys", psprintf("%d %d %d", (int) rows, (int) filled, reader->ncols), "3000 6000 3001");
	check_text("a wide batch has few rows", (int64) batch->capacity * batch->maxcols <= 2 * NVP_BATCH_CELLS ? "yes" : "no", "yes");
	nvp_batch_free(batch);
	nvp_reader_close(reader);
}

/* ---- writing ---- */

static bool
append(void *arg, const char *data, int64 len)
{
	appendBinaryStringInfo((StringInfo) arg, data, (int) len);
	return true;
}

static bool
refuse(void *arg, const char *data, int64 len)
{
	return false;
}

static NvpBatch *
sample_batch(void)
{
	static const NvpCell cells[3][3] = {
		{{"x", 1, NVP_CELL_TEXT}, {"12", 2, NVP_CELL_NUMBER}, {NULL, 0, NVP_CELL_NULL}},
		{{"say \"hi\",\nthere", 15, NVP_CELL_TEXT}, {"true", 4, NVP_CELL_BOOL}, {"", 0, NVP_CELL_TEXT}},
		{{"\xFF\x01\\\xC3\xA4\0", 6, NVP_CELL_TEXT}, {"[1,\n\"a\\\"\tb\"]", 12, NVP_CELL_JSON}, {"0123456789abcdef;", 17, NVP_CELL_TEXT}}
	};
	NvpBatch   *batch = nvp_batch_create(3);

	batch->nrows = 3;
	for (int row = 0; row < 3; row++)
		for (int col = 0; col < 3; col++)
			nvp_batch_column(batch, col)[row] = cells[row][col];
	return batch;
}

static void
check_writer(const char *name, const NvpWriteFormat *format, int ncols, const char *expected)
{
	static const char *const names[] = {"a", "b\"q", "c"};
	StringInfoData out;
	StringInfoData shown;
	NvpBatch   *batch = sample_batch();
	NvpWriter  *writer;

	initStringInfo(&out);
	initStringInfo(&shown);
	writer = nvp_writer_open(format, names, ncols, append, &out);
	nvp_writer_batch(writer, batch, NULL);
	check_text(name, nvp_writer_rows(writer) == 3 && nvp_writer_finish(writer) ? "ok" : "not", "ok");
	for (int i = 0; i < out.len; i++)
		if (out.data[i] == '\0')
			appendStringInfoString(&shown, "(NUL)");
		else
			appendStringInfoChar(&shown, out.data[i]);
	check_text(name, shown.data, expected);
	nvp_batch_free(batch);
}

static void
test_writing(void)
{
	static const char *const names[] = {"a"};
	NvpWriteFormat format;
	NvpWriter  *writer;
	NvpBatch   *batch = sample_batch();

	nvp_write_format_defaults(&format);
	check_writer("csv", &format, 3, "a,\"b\"\"q\",c\nx,12,\n\"say \"\"hi\"\",\nthere\",true,\n"
				 "\xFF\x01\\\xC3\xA4(NUL),\"[1,\n\"\"a\\\"\"\tb\"\"]\",0123456789abcdef;\n");
	format.delimiter = ';';
	format.crlf = format.bom = true;
	format.with_header = false;
	check_writer("csv, other dialect", &format, 3, "\xEF\xBB\xBFx;12;\r\n\"say \"\"hi\"\",\nthere\";true;\r\n"
				 "\xFF\x01\\\xC3\xA4(NUL);\"[1,\n\"\"a\\\"\"\tb\"\"]\";\"0123456789abcdef;\"\r\n");
	nvp_write_format_defaults(&format);
	format.quote_all = true;
	check_writer("csv, all quoted", &format, 2, "\"a\",\"b\"\"q\"\n\"x\",\"12\"\n\"say \"\"hi\"\",\nthere\",\"true\"\n"
				 "\"\xFF\x01\\\xC3\xA4(NUL)\",\"[1,\n\"\"a\\\"\"\tb\"\"]\"\n");
	format.kind = NVP_FORMAT_JSON;
	check_writer("json", &format, 3, "[\n{\"a\":\"x\",\"b\\\"q\":12,\"c\":null},\n"
				 "{\"a\":\"say \\\"hi\\\",\\nthere\",\"b\\\"q\":true,\"c\":\"\"},\n"
				 "{\"a\":\"\xEF\xBF\xBD\\u0001\\\\\xC3\xA4\\u0000\",\"b\\\"q\":[1, \"a\\\"\\tb\"],\"c\":\"0123456789abcdef;\"}\n]\n");
	format.kind = NVP_FORMAT_JSONL;
	check_writer("jsonl", &format, 1, "{\"a\":\"x\"}\n{\"a\":\"say \\\"hi\\\",\\nthere\"}\n{\"a\":\"\xEF\xBF\xBD\\u0001\\\\\xC3\xA4\\u0000\"}\n");

	writer = nvp_writer_open(&format, names, 1, refuse, NULL);
	nvp_writer_batch(writer, batch, NULL);
	check_text("a sink that refuses", nvp_writer_finish(writer) ? "true" : "false", "false");

	/* the only cell of a row must not make a blank line */
	nvp_write_format_defaults(&format);
	batch->ncols = 1;
	for (int row = 0; row < 3; row++)
		nvp_batch_column(batch, 0)[row] = (NvpCell) {NULL, 0, NVP_CELL_NULL};
	{
		StringInfoData out;
		const bool	skip[3] = {false, true, false};

		initStringInfo(&out);
		writer = nvp_writer_open(&format, names, 1, append, &out);
		nvp_writer_batch(writer, batch, skip);
		nvp_writer_finish(writer);
		check_text("one empty column, one row left out", out.data, "a\n\"\"\n\"\"\n");
	}
}

static void
test_rows(void)
{
	static const char *const names[] = {"a", "b", "b"};
	static const uint32 windows[] = {1, 3, 65536};
	StringInfoData out;
	NvpBatch   *batch = sample_batch();
	NvpFormat	format;

	initStringInfo(&out);
	nvp_rows_header(append, &out, names, 3);
	for (int row = 0; row < 2; row++)
	{
		NvpCell		cells[3];

		for (int col = 0; col < 3; col++)
			cells[col] = nvp_batch_column(batch, col)[row];
		nvp_rows_append(append, &out, cells, 3);
	}
	nvp_format_defaults(&format);
	format.kind = NVP_FORMAT_ROWS;
	for (int w = 0; w < lengthof(windows); w++)
	{
		check_text("rows", render(out.data, out.len, &format, windows[w], false),
				   "a,b,b_2\nL0 w3 <x> #12 ~\nL0 w3 <say \"hi\",\\x0athere> ?true <>\nend rows=2 blank=0 skipped=0\n");
		check_text("rows, cut off", strstr(render(out.data, out.len - 1, &format, windows[w], false), "bad L0 ") ? "bad" : "not",
				   "bad");
	}
}

/* a character of two bytes that is cut off at the end, where there is hardly any room left for it */
static void
test_cut_character(void)
{
	static const uint32 windows[] = {1, 2, 3, 7, 16, 63};
	char		data[202];
	NvpFormat	format;

	nvp_format_defaults(&format);
	format.has_header = false;
	/* what is detected late was read to the end before it is decoded */
	format.is_ascii_so_far = true;
	for (int len = 2; len <= 200; len++)
	{
		char	   *whole;
		char	   *pieces;

		memset(data, 0, len);
		data[0] = data[1] = '\xF7';
		data[len] = '\x9A';
		whole = render(data, len + 1, &format, 65536, false);
		pieces = render(data, len + 1, &format, windows[len % lengthof(windows)], false);
		check_text("a character that is cut off", pieces, whole);
		free(whole);
		free(pieces);
	}
}

/* ---- columns of fixed width ---- */

typedef struct FixedCase
{
	const char *name;
	bool		is_displayed;
	bool		is_guess;
	bool		has_header;
	const char *data;
	const char *expected;
} FixedCase;

/* all in two columns of four places */
static const FixedCase fixed_cases[] = {
	{"characters", false, false, false, "\xE5\xB1\xB1  1ab\n", "column_1,column_2\nL1 w2 <\\xe5\\xb1\\xb1  1> <ab>\nend rows=1 blank=0 skipped=0\n"},
	{"places of a screen", true, false, false, "\xE5\xB1\xB1 1ab\n", "column_1,column_2\nL1 w2 <\\xe5\\xb1\\xb1 1> <ab>\nend rows=1 blank=0 skipped=0\n"},
	{"a mark above a letter takes no place", true, false, false, "o\xCC\x88" "bcd\xCC\x88 x\n",
	"column_1,column_2\nL1 w2 <o\\xcc\\x88bcd\\xcc\\x88> <x>\nend rows=1 blank=0 skipped=0\n"},
	{"a mark at the beginning", true, false, false, "\xCC\x88" "bcd  x\n", "column_1,column_2\nL1 w2 <\\xcc\\x88bcd> <x>\nend rows=1 blank=0 skipped=0\n"},
	{"a wide character on the border", true, false, false, "abc\xE5\xB1\xB1" "def\n",
	"column_1,column_2\nL1 w2 <abc\\xe5\\xb1\\xb1> <def>\nend rows=1 blank=0 skipped=0\n"},
	{"told where widths were guessed", true, true, false, "abc\xE5\xB1\xB1  f\nab\xE5\xB1\xB1 def\nabcd def\nabc ddef\nabcddef\n",
	"column_1,column_2\nL1 w2 crossed <abc\\xe5\\xb1\\xb1> <f>\nL2 w2 <ab\\xe5\\xb1\\xb1> <def>\nL3 w2 <abcd> <def>\nL4 w2 <abc> <ddef>\n"
		"L5 w2 crossed <abcd> <def>\nend rows=5 blank=0 skipped=0\n"},
	{"a byte order mark", false, false, false, "\xEF\xBB\xBF" "a\n", "column_1,column_2\nL1 w1 few <a> ~\nend rows=1 blank=0 skipped=0\n"},
	{"nothing but a byte order mark", false, false, false, "\xEF\xBB\xBF", "column_1,column_2\nend rows=0 blank=0 skipped=0 empty\n"},
	{"two pages", false, false, true, "id  nm\n--- ---\n1   a\n\nid  nm\n--- ---\n2   b\n2 rows selected.\n",
	"id,nm\nL3 w2 <1> <a>\nL7 w2 <2> <b>\nend rows=2 blank=1 skipped=5\n"},
	{"without a line of dashes all is data", false, false, true, "id  nm\n1   a\nid  nm\n(1 rows)\n",
	"id,nm\nL2 w2 <1> <a>\nL3 w2 <id> <nm>\nL4 w2 <(1 r> <ows)>\nend rows=3 blank=0 skipped=1\n"},
	{"one line of dashes", false, false, true, "id  nm\n------\n1   a\n", "id,nm\nL3 w2 <1> <a>\nend rows=1 blank=0 skipped=2\n"},
	{"dashes in the first column are a value", false, false, true, "id  nm\n----\n1   a\n",
	"id,nm\nL2 w1 few <----> ~\nL3 w2 <1> <a>\nend rows=2 blank=0 skipped=1\n"}
};

static void
test_fixed(void)
{
	static const NvpFixedColumn columns[] = {{NULL, 0, 4}, {NULL, 4, 4}};
	static const uint32 windows[] = {1, 3, 65536};

	for (int i = 0; i < lengthof(fixed_cases) * lengthof(windows); i++)
	{
		const FixedCase *c = &fixed_cases[i / lengthof(windows)];
		NvpFormat	format;
		char	   *actual;

		nvp_format_defaults(&format);
		format.kind = NVP_FORMAT_FIXED;
		format.fixed = columns;
		format.nfixed = lengthof(columns);
		format.fixed_is_displayed = c->is_displayed;
		format.fixed_is_guess = c->is_guess;
		format.has_header = c->has_header;
		actual = render(c->data, strlen(c->data), &format, windows[i % lengthof(windows)], false);
		check_text(c->name, actual, c->expected);
		free(actual);
	}
}

int
main(void)
{
	test_reading();
	test_cut_character();
	test_fixed();
	test_wide(200, true);
	test_wide(NVP_MAX_COLUMNS, true);
	test_wide(NVP_MAX_COLUMNS + 1, false);
	test_wide_json();
	test_writing();
	test_rows();
	printf("test_format: %d checks, %d failed\n", checks, failures);
	return failures > 0;
}
