/*-------------------------------------------------------------------------
 *
 * test_types.c
 *		Vectors of the basic column types, and what they cannot say.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "vector.h"

static int	nchecks = 0;
static int	nwrong = 0;

/* One cell of a column with options (JSON), told as "text", EMPTY or !code. */
static void
check(const char *type, const char *options, uint8 kind, const char *input, const char *expected)
{
	Json	   *json = json_parse(options, strlen(options));
	NvpCell		cell = {input, strlen(input), kind, 0, 0};
	NvpColumn	column;
	NvpArena	arena;
	NvpValue	value;
	NvpText		text;
	const char *actual;
	const char *problem = vector_column(&column, type, json);

	nchecks++;
	nvp_arena_init(&arena);
	if (problem)
		actual = psprintf("?%s", problem);
	else
	{
		nvp_column_settle(&column, NULL);
		nvp_column_convert(&column, &cell, 1, &value, &arena);
		text = nvp_value_text(&column, &value, &arena);
		if (value.status == NVP_ERROR)
			actual = psprintf("!%s", nvp_code_name(value.code));
		else
			actual = value.status == NVP_EMPTY ? "EMPTY" : psprintf("%.*s", (int) text.len, text.ptr);
	}
	if (strcmp(actual, expected) != 0)
	{
		nwrong++;
		fprintf(stderr, "%s %s \"%s\": %s instead of %s\n", type, options, input, actual, expected);
	}
	nvp_arena_free(&arena);
}

#define TEXT(type, options, input, expected) check(type, options, NVP_CELL_TEXT, input, expected)
#define NUMBER(type, options, input, expected) check(type, options, NVP_CELL_NUMBER, input, expected)

static void
check_numbers(void)
{
	/* layout of doubles */
	TEXT("float", "{}", "123456789012345678901", "123456789012345680000");
	TEXT("float", "{}", "1e21", "1e+21");
	TEXT("float", "{}", "-1.5e22", "-1.5e+22");
	TEXT("float", "{}", "0.000001", "0.000001");
	TEXT("float", "{}", "0.0000001", "1e-7");
	TEXT("float", "{}", "-0.00000123456789012345678", "-0.0000012345678901234567");
	TEXT("float", "{}", "00012.50", "12.5");
	TEXT("float", "{}", "-007", "-7");
	TEXT("float", "{}", "-0.0", "0");
	TEXT("float", "{}", "100", "100");
	TEXT("float", "{}", "9007199254740993", "9007199254740992");
	TEXT("float", "{}", "0.1000000000000000055511151231257827", "0.1");
	TEXT("float", "{}", "17976931348623158079372897140530e277", "1.7976931348623157e+308");
	TEXT("float", "{}", "17976931348623159077293051907890e277", "!number_out_of_range");
	TEXT("float", "{}", "0e9999", "0");

	/* sign and brackets */
	TEXT("float", "{}", "5 -", "-5");
	TEXT("float", "{}", "1e3-", "-1000");
	TEXT("float", "{}", "-5-", "!invalid_float");
	TEXT("float", "{}", "( 5 )", "!invalid_float");
	TEXT("float", "{}", "\xe2\x80\x94" "5", "!invalid_float");
	TEXT("float", "{}", "1 234'567", "!invalid_float");
	TEXT("float", "{}", "1 234 567,8", "1234567.8");
	TEXT("float", "{}", "0,123,456", "!invalid_float");
	TEXT("float", "{}", "1234,567.8", "!invalid_float");
	TEXT("float", "{\"numberFormat\":\"us\"}", "(0,500)", "!invalid_float");
	TEXT("float", "{\"numberFormat\":\"us\"}", "(1,500)", "-1500");
	TEXT("float", "{\"numberFormat\":\"eu\"}", "(1,500)", "-1.5");
	TEXT("float", "{}", "1e12345", "!invalid_float");
	TEXT("float", "{\"emptyValues\":[\"-1\"]}", "-1", "EMPTY");
	TEXT("float", "{}", "\xff", "!invalid_text");
	TEXT("int", "{}", "00009223372036854775807", "!number_out_of_range");
	TEXT("bigint", "{}", "00009223372036854775807", "9223372036854775807");
	TEXT("bigint", "{}", "-9223372036854775808.000", "-9223372036854775808");
	TEXT("bigint", "{}", "99999999999999999999999", "!number_out_of_range");
	TEXT("int", "{}", "5.", "5");

	/* typed numbers: what their writer meant */
	NUMBER("string", "{}", "1.1000000000000001", "1.1");
	NUMBER("string", "{}", "1.50", "1.5");
	NUMBER("string", "{}", "-0.0", "0");
	NUMBER("string", "{}", "12345678901234567890", "12345678901234567890");
	NUMBER("string", "{}", "9.9999999999999995E-7", "0.000001");
	NUMBER("string", "{}", "1.2345678901234567", "1.2345678901234567");
	NUMBER("string", "{}", "0.9007199254740993", "0.9007199254740993");
	NUMBER("string", "{}", "1e3", "1000");
	NUMBER("decimal", "{\"scale\":2}", "1.1000000000000001", "1.10");
	NUMBER("int", "{}", "1.5e1", "15");
	NUMBER("int", "{}", "15e-1", "!invalid_int");
	NUMBER("bigint", "{}", "9007199254740993", "9007199254740993");
	NUMBER("float", "{\"numberFormat\":\"eu\"}", "1.5", "1.5");
	NUMBER("float", "{}", "1e999999999999", "!number_out_of_range");
	NUMBER("decimal", "{}", "1e-400", "0." "0000000000" "0000000000" "0000000000" "0000000000" "0000000000"
		   "00000000000000000000000000000000000000000000000000" "00000000000000000000000000000000000000000000000000"
		   "00000000000000000000000000000000000000000000000000" "00000000000000000000000000000000000000000000000000"
		   "00000000000000000000000000000000000000000000000000" "00000000000000000000000000000000000000000000000000"
		   "0000000000000000000000000000000000000000000000000" "1");
	NUMBER("decimal", "{}", "1e1001", "!number_out_of_range");
}

static void
check_money(void)
{
	TEXT("decimal", "{\"precision\":4,\"scale\":2}", "100", "!number_out_of_range");
	TEXT("decimal", "{\"precision\":2,\"scale\":3}", "1", "?scale must not be greater than precision");
	TEXT("decimal", "{\"scale\":2}", "007.500", "7.50");
	TEXT("decimal", "{\"scale\":0}", "-7.000", "-7");
	TEXT("decimal", "{}", "-.50", "-0.5");
	TEXT("percentage", "{}", "-%5", "-5");
	TEXT("percentage", "{}", "%-5", "-5");
	TEXT("percentage", "{}", "-%-5", "!invalid_percentage");
	TEXT("percentage", "{}", "(5) %", "-5");
	TEXT("percentage", "{}", "%5%", "!invalid_percentage");
	TEXT("percentage", "{\"percentageOutput\":\"fraction\"}", "5\xe2\x80\xb0", "0.005");
	TEXT("percentage", "{\"percentageOutput\":\"x\"}", "5", "?percentageOutput must be points, fraction or text");
	TEXT("currency_eur", "{}", "12,---", "!invalid_currency_eur");
	TEXT("currency_eur", "{}", ",-", "!invalid_currency_eur");
	TEXT("currency_eur", "{}", "1.234.-", "!invalid_currency_eur");
	TEXT("currency_eur", "{}", "1.234,--", "1234");
	TEXT("currency_eur", "{}", "\xe2\x82\xac (5)", "-5");
	TEXT("currency_eur", "{}", "-(5)", "!invalid_currency_eur");
	TEXT("currency_eur", "{}", "5 \xe2\x82\xac-", "-5");
	TEXT("currency_usd", "{\"currencyOutput\":\"object\"}", "US$-0.50", "{\"value\": -0.5, \"type\": \"USD\"}");
	TEXT("currency_usd", "{}", "12us$", "12");
}

#define COLOURS "{\"options\":[{\"label\":\"Dark red\",\"value\":\"red\"},{\"label\":\"Dark blue\",\"value\":\"bl\\\"ue\"}]"

static void
check_words(void)
{
	TEXT("string", "{\"minLength\":3,\"maxLength\":2}", "x", "?minLength must not be greater than maxLength");
	TEXT("string", "{}", "a\xc0\xaf", "!invalid_text");
	TEXT("string", "{}", "\xed\xa0\x80", "!invalid_text");
	TEXT("string", "{}", "0123456789abcdef0123456789abcde\xc3", "!invalid_text");
	check("string", "{}", NVP_CELL_JSON, "[1]", "!not_a_scalar");
	TEXT("boolean", "{\"trueValues\":[\"Stra\xc3\x9f" "e\"]}", "STRA\xc3\x9f" "E", "true");
	TEXT("boolean", "{}", "SI\xcc\x81", "true");
	TEXT("boolean", "{}", "si\xcc\x82", "!invalid_boolean");
	TEXT("boolean", "{\"trueValues\":[\"a\"],\"falseValues\":[\"A\"]}", "a",
		 "?a word must not be in both trueValues and falseValues");
	NUMBER("boolean", "{}", "1.0", "true");
	TEXT("category", COLOURS ",\"fuzzyThreshold\":0.6}", "dark  rd", "!not_in_options");
	TEXT("category", COLOURS ",\"fuzzyThreshold\":0.5}", "darkk red", "red");
	TEXT("category", COLOURS ",\"fuzzyThreshold\":0.5}", "dark  rd", "red");
	TEXT("category", "{\"options\":[{\"label\":\"Dark red\",\"value\":\"r\"},{\"label\":\"Dark tan\",\"value\":\"t\"}],"
		 "\"fuzzyThreshold\":0.3,\"allowCustomOptions\":true}", "dark", "!not_in_options");
	TEXT("category", COLOURS ",\"fuzzyThreshold\":0.3,\"allowCustomOptions\":true}", "green", "green");
	TEXT("category", COLOURS ",\"isMultiSelect\":true}", "dark blue ; RED", "[\"bl\\\"ue\", \"red\"]");
	TEXT("category", COLOURS ",\"isMultiSelect\":true}", " ; ;", "!not_in_options");
	TEXT("category", COLOURS ",\"isMultiSelect\":true,\"allowCustomOptions\":true}", "a\tb,red,red",
		 "[\"a\\u0009b\", \"red\"]");
	TEXT("category", "{}", "x", "?options must not be empty");
}

int
main(void)
{
	static const char *const names[] = {
		"string", "int", "bigint", "float", "decimal", "percentage",
		"currency_eur", "currency_usd", "boolean", "category"
	};
	int			nrun = 0;
	int			nfailed = 0;

	for (int i = 0; i < lengthof(names); i++)
	{
		vector_replay(names[i], NULL, &nrun, &nfailed);
		vector_replay("_column_votes", names[i], &nrun, &nfailed);
	}
	printf("%d vectors, %d failed\n", nrun, nfailed);
	check_numbers();
	check_money();
	check_words();
	printf("%d checks, %d wrong\n", nchecks, nwrong);
	return nfailed > 0 || nwrong > 0;
}
