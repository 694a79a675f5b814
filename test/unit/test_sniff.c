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
	SNIFF("one line of dashes under the names", "ID   NAME       AMOUNT\n======================\n0001 Anna       001200\n0002 Bartholom  000035\n0003 Zoe        000135\n",
		  "fixed utf-8 5+11+6 header skip=0 0.97"),
	SNIFF("a title that is underlined", "Report\n------\nid name        amount\n 1 Anna         12.50\n 2 Bartholomew   3.10\n13 Zoe         112.75\n",
		  "fixed utf-8 3+12+6 header skip=2 0.98"),
	SNIFF("aligned as a screen shows it", "\xE7\x95\xAA\xE5\x8F\xB7 \xE5\x90\x8D\xE7\xA7\xB0      \xE5\x9B\xBD\n"
		  "001  \xE6\x9D\xB1\xE4\xBA\xAC      \xE6\x97\xA5\n002  \xE5\xB1\xB1\xE9\xAB\x98\xE9\xBB\x92    US\n003  K\xCC\x88ln       \xE7\x8B\xAC\n004  Rome      IT\n",
		  "fixed utf-8 5+10+2 displayed header skip=0 0.95"),
	SNIFF("aligned by characters", "\xE7\x95\xAA\xE5\x8F\xB7   \xE5\x90\x8D\xE7\xA7\xB0        \xE5\x9B\xBD\n"
		  "001  \xE6\x9D\xB1\xE4\xBA\xAC        \xE6\x97\xA5\n002  \xE5\xB1\xB1\xE9\xAB\x98\xE9\xBB\x92       US\n003  Koln      \xE7\x8B\xAC\n004  Rome      IT\n",
		  "fixed utf-8 5+10+2 header skip=0 0.95"),
	SNIFF("columns that touch one another", "000000MUELLER HANS        0000000020240131\n000037BRAUN               0000123420240229\n"
		  "000074VON DER HEIDE JOERGG0000246820240301\n000111OEZ                 0000370220240315\n",
		  "fixed utf-8 6+20+16 data skip=0 0.80"),
	SNIFF("columns that touch under names", "NR  NAME                AMOUNT\n0001MUELLER HANS        00000000\n0037BRAUN               00001234\n"
		  "0074VON DER HEIDE JOERGG00002468\n0111OEZ                 00003702\n",
		  "fixed utf-8 4+20+8 header skip=0 0.80"),
	SNIFF("a name begins where values do", "ID    NAME      CITY      SINCE\n1     BRAUN     BONN      04.12.2024\n37    OEZ       HAMBURG   03.02.2023\n"
		  "74    SCHMIDTKE WESTERLAND11.10.2023\n111   BERGMANN  BREMEN    01.07.2024\n148   LI        ULM       02.09.2024\n",
		  "fixed utf-8 6+10+10+10 header skip=0 0.80"),
	SNIFF("a name says that there may be another column", "ID    CITY      SINCE\n1     BONN      4.12.2024\n37    HAMBURG  13.02.2023\n"
		  "74    WESTERLAN11.10.2023\n111   BREMEN    1.07.2024\n148   ULM\n",
		  "fixed utf-8 6+19 header skip=0 0.80"),
	SNIFF("codes are one column", "code\n123ABC\n456DEF\n789GHI\n234JKL\n", "csv utf-8 , \" header skip=0"),
	SNIFF("a name over the border speaks against it", "code      name\n123ABC    Anna B\n456DE     Otto\n789GHI    Zoe C D\n234JKL    Eve\n",
		  "fixed utf-8 10+7 header skip=0 0.84"),
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
			appendStringInfo(&actual, "%s %s skip=%d %.2f", sniff.format.fixed_is_displayed ? " displayed" : "",
							 sniff.format.has_header ? "header" : "data", sniff.format.skip_rows, sniff.kind.confidence);
		}
		check_text(c->name, actual.data, c->expected);
		pfree(actual.data);
	}
}

/* ---- what database clients draw ---- */

typedef struct DrawnCase
{
	const char *name;
	const char *data;
	const char *expected;		/* as render says it */
} DrawnCase;

static const DrawnCase drawn_cases[] = {
	{"psql", " id | name  | amount \n----+-------+--------\n  1 | Anna  |   1.50\n  2 | Otto  |  12.50\n(2 rows)\n\n",
	" id , name  , amount \nL3 w3 <1> <Anna> <1.50>\nL4 w3 <2> <Otto> <12.50>\nend rows=2 blank=1 skipped=3\n"},
	{"mysql", "+----+------+\n| id | name |\n+----+------+\n|  1 | Anna |\n|  2 | Otto |\n+----+------+\n2 rows in set (0.00 sec)\n",
	"column_1, id , name ,column_4\nL4 w4 <> <1> <Anna> <>\nL5 w4 <> <2> <Otto> <>\nend rows=2 blank=0 skipped=5\n"},
	{"sqlcmd", "id          name        amount  \n----------- ----------- --------\n          1 Anna            1.50\n"
		"          2 Bartholomew    12.50\n          3 Zoe             7.00\n\n(3 rows affected)\n",
	"id,name,amount\nL3 w3 <1> <Anna> <1.50>\nL4 w3 <2> <Bartholomew> <12.50>\nL5 w3 <3> <Zoe> <7.00>\nend rows=3 blank=1 skipped=3\n"},
	{"sqlcmd with a separator", "id,name,amount\n--,----,------\n1,Anna,1.50\n2,--,2.50\n\n(2 rows affected)\n",
	"id,name,amount\nL3 w3 <1> <Anna> <1.50>\nL4 w3 <2> <--> <2.50>\nend rows=2 blank=1 skipped=3\n"},
	{"SQL*Plus, two pages", "\n        ID NAME            AMOUNT\n---------- ----------- ----------\n         1 Anna               1.5\n"
		"         2 Otto              12.5\n\n        ID NAME            AMOUNT\n---------- ----------- ----------\n         3 Bert               1.5\n\n3 rows selected.\n\n",
	"ID,NAME,AMOUNT\nL4 w3 <1> <Anna> <1.5>\nL5 w3 <2> <Otto> <12.5>\nL9 w3 <3> <Bert> <1.5>\nend rows=3 blank=3 skipped=6\n"},
	{"db2", "\nID          NAME       AMOUNT   \n----------- ---------- ---------\n          1 Anna            1.50\n          2 Otto           12.50\n\n  2 record(s) selected.\n\n",
	"ID,NAME,AMOUNT\nL4 w3 <1> <Anna> <1.50>\nL5 w3 <2> <Otto> <12.50>\nend rows=2 blank=2 skipped=4\n"},
	{"sqlcmd with a separator and padding", "id   |name \n-----|-----\n    1|Anna \n    2|Otto \n\n(2 rows affected)\n",
	"id   ,name \nL3 w2 <1> <Anna>\nL4 w2 <2> <Otto>\nend rows=2 blank=1 skipped=3\n"},
	{"psql, one column", " name \n------\n Anna\n Otto\n(2 rows)\n\n", " name \nL3 w1 <Anna>\nL4 w1 <Otto>\nend rows=2 blank=1 skipped=3\n"},
	{"one column with dashes for nothing", "id\n---\nx\n(2 rows)\n", "id\nL2 w1 <--->\nL3 w1 <x>\nL4 w1 <(2 rows)>\nend rows=3 blank=0 skipped=1\n"},
	{"psql, one row", " id | name \n----+------\n  1 | Anna \n(1 row)\n\n", " id , name \nL3 w2 <1> <Anna>\nend rows=1 blank=1 skipped=3\n"},
	{"dashes are data", "id,name,amount\n-,-,-\n1,Anna,1.50\n2,--,2.50\n(2 rows)\n",
	"id,name,amount\nL2 w3 <-> <-> <->\nL3 w3 <1> <Anna> <1.50>\nL4 w3 <2> <--> <2.50>\nL5 w1 few <(2 rows)> ~ ~\nend rows=4 blank=0 skipped=1\n"},
	{"dashes further down are data", "id,name\n1,Anna\n--,----\n2,Otto\n", "id,name\nL2 w2 <1> <Anna>\nL3 w2 <--> <---->\nL4 w2 <2> <Otto>\nend rows=3 blank=0 skipped=1\n"},
	{"dashes in quotes are data", "id,name\n\"--\",\"----\"\n2,Otto\n", "id,name\nL2 w2 <-->q <---->q\nL3 w2 <2> <Otto>\nend rows=2 blank=0 skipped=1\n"},
	{"a number of rows without a ruler", "id|name\n1|Anna\n2|Otto\n(2 rows)\n", "id,name\nL2 w2 <1> <Anna>\nL3 w2 <2> <Otto>\nL4 w1 few <(2 rows)> ~\nend rows=3 blank=0 skipped=1\n"},
	{"a text that begins like a number of rows", "id  name    remark\n--- ------- ------\n1   a       x\n2   2 rowse y\n3 rowss of\n",
	"id,name,remark\nL3 w3 <1> <a> <x>\nL4 w3 <2> <2 rowse> <y>\nL5 w2 crossed <3 ro> <wss of> ~\nend rows=3 blank=0 skipped=2\n"},
};

static void
test_drawn(void)
{
	static const uint32 windows[] = {1, 3, 65536};

	for (int i = 0; i < lengthof(drawn_cases); i++)
	{
		const DrawnCase *c = &drawn_cases[i];
		NvpSniff	sniff;

		nvp_sniff(c->data, strlen(c->data), true, NULL, NULL, &sniff);
		for (int w = 0; w < lengthof(windows); w++)
		{
			char	   *actual = render(c->data, strlen(c->data), &sniff.format, windows[w], false);

			check_text(c->name, actual, c->expected);
			free(actual);
		}
		nvp_sniff_free(&sniff);
	}
}

/* ---- rows and columns that have changed places ---- */

static void
test_transposed(void)
{
	static const char *const turned[] = {
		"Name;Meier GmbH\nDate;2024-01-31\nAmount;1200,50\nCity;Hamburg\nEmployees;12\n",
		"Name:,Meier\nStreet:,Low Street 5\nZip:,12345\nSize:,17\n",
		"id;1;2;3\nname;x;y;z\namount;2,5;3,5;4,5\nday;2024-01-31;2024-02-29;2024-03-31\n"
	};
	static const char *const upright[] = {
		"key,code\na,A1\nb,12\nc,13\nd,B4\n",
		"name;value\na;1\nb;2\nc;2024-01-31\nd;x\na;y\n",
		"Name:,Meier\nStreet:,Low Street\nTown:,York\nLand:,UK\n",
		"day;amount\n2024-01-31;5\n2024-02-29;x\n2024-02-29;true\n2024-02-29;2024-02-29\n"
	};
	NvpSniff	sniff;

	for (int i = 0; i < lengthof(turned) + lengthof(upright); i++)
	{
		bool		is_turned = i < lengthof(turned);
		const char *data = is_turned ? turned[i] : upright[i - lengthof(turned)];

		nvp_sniff(data, strlen(data), true, NULL, NULL, &sniff);
		check_text(data, sniff.transposed.reason[0] ? "turned" : "upright", is_turned ? "turned" : "upright");
		nvp_sniff_free(&sniff);
	}
}

int
main(void)
{
	test_sniffing();
	test_drawn();
	test_transposed();
	printf("test_sniff: %d checks, %d failed\n", checks, failures);
	return failures > 0;
}
