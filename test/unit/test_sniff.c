/*-------------------------------------------------------------------------
 *
 * test_sniff.c
 *		What is found out about text: every trap as a named case.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "format/encode.h"
#include "format/sniff.h"

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

typedef struct SniffCase
{
	const char *name;
	const char *data;
	size_t		len;
	const char *expected;		/* kind encoding delimiter quote header skip ambiguous */
} SniffCase;

static const SniffCase sniff_cases[] = {
#define SNIFF(name, data, expected) {name, data, sizeof(data) - 1, expected}
	SNIFF("comma", "id,name\n1,x\n2,y\n", "csv utf-8 , \" header skip=0"),
	SNIFF("semicolon against decimal commas", "1,5;2,7\n3,1;4,2\n2,2;1,1\n", "csv utf-8 ; \" data skip=0"),
	SNIFF("semicolon, header, decimal commas", "price;tax\n1,5;2,7\n3,1;4,2\n", "csv utf-8 ; \" header skip=0"),
	SNIFF("commas in the header", "price, net;tax\n1;2\n3;4\n", "csv utf-8 ; \" header skip=0"),
	SNIFF("tab", "a\tb\n1,2\t3\n1,2\t4\n", "csv utf-8 \\t \" header skip=0"),
	SNIFF("pipe", "a|b\n1|2\n", "csv utf-8 | \" header skip=0"),
	SNIFF("newlines in quotes", "a;b\n\"x,\ny,\nz\";1\n\"p,\nq\";2\n", "csv utf-8 ; \" header skip=0"),
	SNIFF("single quotes", "a,b\n'x,y',1\n'p,q',2\n'r,s',3\n", "csv utf-8 , ' header skip=0"),
	SNIFF("apostrophes", "a,b\nit's,1\nO'Neil,2\n", "csv utf-8 , \" header skip=0"),
	SNIFF("no header", "1,2020-01-01\n2,2020-01-02\n", "csv utf-8 , \" data skip=0"),
	SNIFF("preamble", "Report of May\nprinted by X\n\nid,name,cost\n1,x,2.5\n2,y,3.5\n", "csv utf-8 , \" header skip=3"),
	SNIFF("a ragged first row is no preamble", "1,2\n1,2,3\n4,5,6\n", "csv utf-8 , \" data skip=0"),
	SNIFF("one column", "name\nx\ny\n", "csv utf-8 , \" header skip=0"),
	SNIFF("a tie", "a,b;c\nd,e;f\n", "csv utf-8 , \" header skip=0 ambiguous"),
	SNIFF("json", " [ {\"a\": 1} ]", "json utf-8"),
	SNIFF("jsonl", "{\"a\":1}\n{\"a\":2}\n", "jsonl utf-8"),
	SNIFF("xml", "\n<?xml version='1.0' encoding='windows-1251'?><a/>", "xml windows-1251"),
	SNIFF("xml without a declaration", "<a><b>1</b></a>", "xml utf-8"),
	SNIFF("angle brackets in text", "<name>,<age>\nx,1\n", "csv utf-8 , \" header skip=0"),
	SNIFF("tags in a cell", "<b>x</b>;1\n<i>y</i>;2\n", "csv utf-8 ; \" data skip=0"),
	SNIFF("two roots", "<a><b>1</b></a>\n<a/>", "xml utf-8"),
	SNIFF("a page", "<!DOCTYPE html>\n<html></html>", "unknown utf-8"),
	SNIFF("an object that holds rows", "{\"n\":1,\"d\":{\"rows\":[{\"a\":1}]}}\n", "json utf-8"),
	SNIFF("an object that holds no rows", "{\"n\":[1,{}],\"d\":[]}\n", "jsonl utf-8"),
	SNIFF("one pretty object", "{\n\"a\":1}\n", "json utf-8"),
	SNIFF("csv that begins with a brace", "{x},y\n1,2\n", "csv utf-8 , \" header skip=0"),
	SNIFF("UTF-16 with mark", "\xFF\xFE" "a\0;\0b\0\n\0001\0;\0002\0\n\0", "csv utf-16le ; \" header skip=0"),
	SNIFF("UTF-16 without mark", "\0a\0;\0b\0\n\0001\0;\0002\0\n", "csv utf-16be ; \" header skip=0"),
	SNIFF("Latin-1", "stra\xDF" "e;nr\nx;1\n", "csv windows-1252 ; \" header skip=0"),
	SNIFF("UTF-8 with a bad byte", "stra\xC3\x9F" "e;nr\nx\xE9;1\n", "csv utf-8 ; \" header skip=0"),
	SNIFF("Windows-1252", "price \x80;nr\nx;1\n", "csv windows-1252 ; \" header skip=0"),
	SNIFF("UTF-8", "stra\xC3\x9F" "e;nr\nx;1\n", "csv utf-8 ; \" header skip=0"),
	SNIFF("aligned columns", "id name        amount\n 1 Anna         12.50\n 2 Bartholomew   3.10\n13 Zoe         112.75\n",
		  "fixed utf-8 3+12+6 header skip=0 0.98"),
	SNIFF("a long text is no two columns", "a1  New\nb22 International Business\nc3  Old\nd45 Old\n",
		  "fixed utf-8 4+22 header skip=0 0.80"),
	SNIFF("decimal commas are no delimiter", "Anna      12,50\nOtto       3,10\nZoe      112,75\nEve        0,99\n",
		  "fixed utf-8 7+8 data skip=0 0.96"),
	SNIFF("a delimiter in all lines is meant", "a   ,  1\nbbb , 22\ncc  ,333\n", "csv utf-8 , \" data skip=0"),
	SNIFF("tabs are no padding", "a\tb  c\nd\te  f\ng\th  i\n", "csv utf-8 \\t \" header skip=0"),
	SNIFF("two lines prove nothing", "a    b\nccc  d\n", "csv utf-8 , \" header skip=0"),
	SNIFF("dashes under the names", "a   b\n--- ---\n1   2\n3   4\n", "fixed utf-8 4+3 header skip=0 0.98"),
	SNIFF("gzip", "\x1F\x8B\x08xxxxx", "unknown utf-8"),
	SNIFF("empty", "", "csv utf-8 , \" header skip=0"),
};

static void
test_sniffing(void)
{
	static const char *const kinds[] = {"unknown", "csv", "json", "jsonl", "rows", "xlsx", "ods", "xls", "xml", "fixed"};

	for (int i = 0; i < lengthof(sniff_cases); i++)
	{
		const SniffCase *c = &sniff_cases[i];
		NvpSniff	sniff;
		StringInfoData actual;

		nvp_sniff(c->data, c->len, true, NULL, NULL, &sniff);
		initStringInfo(&actual);
		appendStringInfo(&actual, "%s %s", kinds[sniff.format.kind], nvp_encoding_name(sniff.format.encoding));
		if (sniff.format.kind == NVP_FORMAT_CSV)
		{
			if (sniff.format.delimiter == '\t')
				appendStringInfoString(&actual, " \\t");
			else
				appendStringInfo(&actual, " %c", sniff.format.delimiter);
			appendStringInfo(&actual, " %c %s skip=%d%s", sniff.format.quote ? sniff.format.quote : '0',
							 sniff.format.has_header ? "header" : "data", sniff.format.skip_rows,
							 sniff.delimiter.is_ambiguous ? " ambiguous" : "");
		}
		if (sniff.format.kind == NVP_FORMAT_FIXED)
		{
			for (int col = 0; col < sniff.format.nfixed; col++)
				appendStringInfo(&actual, "%s%d", col > 0 ? "+" : " ", sniff.format.fixed[col].width);
			appendStringInfo(&actual, " %s skip=%d %.2f", sniff.format.has_header ? "header" : "data", sniff.format.skip_rows,
							 sniff.kind.confidence);
		}
		check_text(c->name, actual.data, c->expected);
		pfree(actual.data);
	}
}

int
main(void)
{
	test_sniffing();
	printf("test_sniff: %d checks, %d failed\n", checks, failures);
	return failures > 0;
}
