/*-------------------------------------------------------------------------
 *
 * test_codes.c
 *		Code types: vectors, known-valid samples, damaged digits, stability.
 *
 * A cell is written as a line of the vectors would be: its type with options,
 * the text, and what comes out (the text, or the name of a code).  Every
 * output is fed back in and must come out the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <time.h>

#include "base/code.h"
#include "vector.h"

static int	nchecks = 0;
static int	nfailures = 0;
static NvpArena arena;

static const char *const files[] = {
	"email", "url", "url_https", "url_www", "hostname", "ipv4", "ipv6", "phone",
	"zip_code_de", "country_code_alpha_2", "country_code_alpha_3", "currency_code",
	"language_code", "bic", "iban", "gtin", "vat_eu", "uuid", "json", "hex_colour",
	"latitude", "longitude"
};

typedef struct Case
{
	const char *input;
	const char *expected;		/* text, or the name of a code */
} Case;

static void
fail(const char *type, const char *input, const char *expected, const char *actual)
{
	nfailures++;
	fprintf(stderr, "%s: \"%s\" gives %s, not %s\n", type, input, actual, expected);
}

/* Converts one cell; the text of its value, or the name of its code, or "(empty)". */
static const char *
convert(const NvpColumn *column, NvpCellKind kind, const char *input)
{
	size_t		len = strlen(input);
	char	   *exact = malloc(len ? len : 1);	/* sanitizers see reads beyond it */
	NvpCell		cell = {memcpy(exact, input, len), len, kind, 0, 0};
	NvpValue	value;
	NvpText		text;
	char	   *copy;

	memset(&value, 0xA5, sizeof(value));
	nvp_column_convert(column, &cell, 1, &value, &arena);
	if (value.status == NVP_ERROR)
		copy = pstrdup(nvp_code_name(value.code));
	else if (value.status == NVP_EMPTY)
		copy = pstrdup("(empty)");
	else
	{
		text = nvp_value_text(column, &value, &arena);
		copy = palloc(text.len + 1);
		memcpy(copy, text.ptr, text.len);
		copy[text.len] = '\0';
	}
	free(exact);
	return copy;
}

/* The code of this name, NVP_CODE_NONE if it is none. */
static NvpCode
code_of(const char *name)
{
	for (NvpCode code = NVP_CODE_NONE + 1; code < NVP_CODE_COUNT; code++)
	{
		if (strcmp(nvp_code_name(code), name) == 0)
			return code;
	}
	return NVP_CODE_NONE;
}

static void
make_column(NvpColumn *column, const char *type, const char *options)
{
	const char *problem = vector_column(column, type, json_parse(options, strlen(options)));

	if (problem)
	{
		fprintf(stderr, "%s %s: %s\n", type, options, problem);
		exit(1);
	}
}

/* Runs cases of one type; good outputs are fed back in. */
static void
run_cases(const char *type, const char *options, NvpCellKind kind, const Case *cases, int n)
{
	NvpColumn	column;

	make_column(&column, type, options);
	for (int i = 0; i < n; i++)
	{
		const char *actual = convert(&column, kind, cases[i].input);
		const char *again;

		nchecks++;
		if (strcmp(actual, cases[i].expected) != 0)
			fail(type, cases[i].input, cases[i].expected, actual);
		else if (code_of(actual) == NVP_CODE_NONE && strcmp(actual, "(empty)") != 0)
		{
			again = convert(&column, NVP_CELL_TEXT, actual);
			if (strcmp(again, actual) != 0)
				fail(type, actual, "itself", again);
		}
	}
}

#define RUN(type, options, kind, ...) \
	do { \
		static const Case cases_[] = {__VA_ARGS__}; \
		run_cases(type, options, kind, cases_, lengthof(cases_)); \
	} while (0)

static void
test_hosts(void)
{
	RUN("email", "{}", NVP_CELL_TEXT,
		{"MAILTO:A@B.DE", "A@b.de"},
		{"a@B\xc3\x9c" "CHER.de", "a@b\xc3\xbc" "cher.de"},
		{"\xe2\x80\x8b" "a@b.de\xc2\xa0", "a@b.de"},
		{"a@b.xn--p1ai", "a@b.xn--p1ai"},
		{"a@b.xn--", "invalid_email"},
		{"a@ab--c.de", "invalid_email"},
		{"a@b\xff.de", "invalid_text"},
		{"a@b.d-e", "invalid_email"},
		{"a@b.d1", "invalid_email"},
		{"mailto:mailto:a@b.de", "invalid_email"},
		{"a@b.de\xe2\x80\x8b" "x", "invalid_email"});
	RUN("email", "{\"emptyValues\":[\"none@none.de\"]}", NVP_CELL_TEXT,
		{"None@None.de", "(empty)"},
		{"some@none.de", "some@none.de"});
	RUN("email", "{}", NVP_CELL_NUMBER, {"1", "invalid_email"});
	RUN("email", "{}", NVP_CELL_JSON, {"[]", "not_a_scalar"});
	RUN("hostname", "{}", NVP_CELL_TEXT,
		{"\xce\x91\xce\x98.\xce\x95\xce\x9b", "\xce\xb1\xce\xb8.\xce\xb5\xce\xbb"},
		{"a.b..", "invalid_hostname"},
		{".", "invalid_hostname"},
		{"a\xc3\x97" "b.de", "invalid_hostname"},
		{"XN--A.de", "xn--a.de"});
	RUN("url", "{}", NVP_CELL_TEXT,
		{"https://[2001:DB8::1]:80/X", "https://[2001:db8::1]:80/X"},
		{"https://[::1", "invalid_url"},
		{"https://[::1]x", "invalid_url"},
		{"https://a.de:99999", "invalid_url"},
		{"https://a.de:080?x#y", "https://a.de:080?x#y"},
		{"https://a.de?q=a@b.de", "https://a.de?q=a@b.de"},
		{"https://a.de/%4g", "invalid_url"},
		{"https://a.de/\xe2\x80\x83x", "invalid_url"},
		{"https://a.de/\xef\xb7\x90", "invalid_url"},
		{"WWW.A.DE/\xc3\x84", "www.a.de/\xc3\x84"},
		{"http://www.a", "invalid_url"},
		{"www.1.2.3.4", "invalid_url"},
		{"http://", "invalid_url"});
	RUN("url_https", "{}", NVP_CELL_TEXT, {"https://www.a.de", "https://www.a.de"});
}

static void
test_addresses(void)
{
	RUN("ipv4", "{}", NVP_CELL_TEXT,
		{"1.2.3.", "invalid_ipv4"}, {"1..2.3", "invalid_ipv4"}, {"1.2.3.0004", "invalid_ipv4"});
	RUN("ipv6", "{}", NVP_CELL_TEXT,
		{"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
		{"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
		{"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
		{"1:0:0:2:0:0:3:4", "1::2:0:0:3:4"},
		{"0:0:0:0:0:0:0:0", "::"},
		{"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
		{"::1.2.3.4", "::102:304"},
		{"1:2:3:4:5:6:7:1.2.3.4", "invalid_ipv6"},
		{"1.2.3.4::", "invalid_ipv6"},
		{"1:2:3:4:5:6:7:8::", "invalid_ipv6"},
		{"::1::", "invalid_ipv6"},
		{":::", "invalid_ipv6"},
		{":1:2:3:4:5:6:7", "invalid_ipv6"},
		{"1:2:3:4:5:6:7:", "invalid_ipv6"},
		{"::FFFF:0:1", "::ffff:0.0.0.1"});
}

static void
test_phones(void)
{
	RUN("phone", "{}", NVP_CELL_TEXT,
		{"(+49) 40 123456", "+4940123456"},
		{"+39 (0)6 1234567", "+3961234567"},
		{"+49 40 123456;ext=12", "+4940123456;ext=12"},
		{"+49 40 123456 Durchwahl 12", "+4940123456;ext=12"},
		{"+49 40 123456 ext 12345678", "invalid_phone"},
		{"+49 ((40)) 123456", "invalid_phone"},
		{"+49 40) 123456", "invalid_phone"},
		{"TEL: 040 123456 #7", "040123456;ext=7"},
		{"+49 40 \xd9\xa1" "23456", "invalid_phone"},
		{"+", "invalid_phone"},
		{"+0049 40 123456", "invalid_phone"},
		{"+7 495 123 45 67", "+74951234567"},
		{"1234567890123456", "invalid_phone"});
	RUN("phone", "{\"country\":\"RU\"}", NVP_CELL_TEXT,
		{"8 (495) 123-45-67", "+74951234567"}, {"495 123-45-67", "+74951234567"});
	RUN("phone", "{\"country\":\"HU\"}", NVP_CELL_TEXT, {"06 1 234 5678", "+3612345678"});
	RUN("phone", "{\"country\":\"DE\"}", NVP_CELL_TEXT,
		{"040 123456 x7", "+4940123456;ext=7"}, {"01234 123456789", "+491234123456789"},
		{"01234 1234567890", "invalid_phone"});
	RUN("phone", "{}", NVP_CELL_NUMBER,
		{"4.94E9", "4940000000"}, {"-5", "invalid_phone"}, {"12345.5", "invalid_phone"},
		{"49401234560.0", "49401234560"}, {"1e99", "invalid_phone"});
}

static void
test_lists(void)
{
	RUN("zip_code_de", "{}", NVP_CELL_TEXT,
		{"DE - 20095", "20095"}, {"DE", "invalid_zip_code_de"}, {"D--20095", "invalid_zip_code_de"});
	RUN("zip_code_de", "{}", NVP_CELL_NUMBER,
		{"1e3", "invalid_zip_code_de"}, {"1067.0", "01067"}, {"-1067", "invalid_zip_code_de"});
	RUN("language_code", "{\"standard\":\"bcp47\"}", NVP_CELL_TEXT,
		{"iw", "he"}, {"sh", "sr-Latn"}, {"sh-Cyrl", "sr-Cyrl"}, {"DEU-276", "de-DE"},
		{"cmn", "zh"}, {"zh-yue-hk", "yue-HK"}, {"i-KLINGON", "tlh"}, {"x-Foo", "x-foo"},
		{"en-b-foo-a-bar", "en-a-bar-b-foo"}, {"sl-rozaj-nedis-1994", "sl-1994-nedis-rozaj"},
		{"de-1901-1901", "invalid_language_code"}, {"en-a-foo-a-bar", "invalid_language_code"},
		{"en-GB-oed", "en-GB-oxendict"}, {"en-x", "invalid_language_code"},
		{"en-a", "invalid_language_code"}, {"sgn-276", "gsg"}, {"sgn-Latn-US-x-a", "ase-Latn-x-a"}, {"es-419", "es-419"},
		{"en-UK", "en-GB"}, {"zh-abc-def", "invalid_language_code"},
		{"abcd", "invalid_language_code"}, {"de-", "invalid_language_code"},
		{"en-u-ca-gregory-x-A-B", "en-u-ca-gregory-x-a-b"}, {"d", "invalid_language_code"},
		{"de-CH-1996", "de-CH-1996"}, {"tgl", "fil"});
	RUN("time_zone", "{}", NVP_CELL_TEXT,
		{"utc", "UTC"}, {"+01:00", "invalid_time_zone"}, {"UT", "invalid_time_zone"},
		{"UTC1", "invalid_time_zone"});
	RUN("uuid", "{}", NVP_CELL_TEXT,
		{"{550e8400e29b41d4a716446655440000}", "550e8400-e29b-41d4-a716-446655440000"},
		{"{urn:uuid:550e8400-e29b-41d4-a716-446655440000}", "invalid_uuid"},
		{"550e8400-e29b-41d4-a716446655440000", "invalid_uuid"});
	RUN("hex_colour", "{}", NVP_CELL_TEXT, {"##fff", "invalid_hex_colour"}, {"F0A8", "#ff00aa88"});
	RUN("hex_color", "{}", NVP_CELL_TEXT, {"#fff", "#ffffff"});
	RUN("bic", "{}", NVP_CELL_TEXT,
		{"BICXDEFF", "BICXDEFF"}, {"swift deutdeff", "DEUTDEFF"}, {"BIC:", "invalid_bic"});
	RUN("gtin", "{}", NVP_CELL_NUMBER,
		{"4.006381333931E+12", "4006381333931"}, {"0", "invalid_gtin"},
		{"-4006381333931", "invalid_gtin"}, {"400638133393100", "invalid_gtin"});
	RUN("gtin", "{}", NVP_CELL_BOOL, {"true", "invalid_gtin"});
}

static void
test_json(void)
{
	char		deep[2 * 513 + 1];
	NvpColumn	column;

	RUN("json", "{}", NVP_CELL_TEXT,
		{"{}", "{}"}, {"[]", "[]"}, {"[1,]", "invalid_json"}, {"{\"a\"}", "invalid_json"},
		{"{\"a\":1 \"b\":2}", "invalid_json"}, {"[1}", "invalid_json"}, {"1 2", "invalid_json"},
		{"]", "invalid_json"}, {"-", "invalid_json"}, {"1.", "invalid_json"}, {"1e", "invalid_json"},
		{"-0.5e+10", "-0.5e+10"}, {"tru", "invalid_json"}, {"truex", "invalid_json"},
		{"\"a\tb\"", "invalid_json"}, {"\"\\x\"", "invalid_json"}, {"\"\\ud83d\\ude00\"", "\"\\ud83d\\ude00\""},
		{"\"\\ude00\"", "invalid_json"}, {"\"\\ud83d\\u0041\"", "invalid_json"}, {"\"", "invalid_json"},
		{"{\"a\":[{\"b\":[]},{}]}", "{\"a\":[{\"b\":[]},{}]}"}, {"{,}", "invalid_json"});
	RUN("json", "{}", NVP_CELL_BOOL, {"true", "true"});
	RUN("json", "{}", NVP_CELL_JSON, {"{\"a\":null}", "{\"a\":null}"});

	make_column(&column, "json", "{}");
	for (int depth = 512; depth <= 513; depth++)
	{
		memset(deep, '[', depth);
		memset(deep + depth, ']', depth);
		deep[2 * depth] = '\0';
		nchecks++;
		if ((convert(&column, NVP_CELL_TEXT, deep)[0] == '[') != (depth == 512))
			fail("json", "nested arrays", "512 levels at most", "other");
	}
}

static void
test_coordinates(void)
{
	RUN("latitude", "{}", NVP_CELL_TEXT,
		{"\xe2\x88\x92" "33,86", "-33.86"}, {"+52.5\xc2\xb0", "52.5"}, {"52 31 12 N", "52.52"},
		{"s 33\xc2\xb0" "51'36\"", "-33.86"}, {"0 S", "0"}, {"N 52 N", "invalid_latitude"},
		{"52.5 31 N", "invalid_latitude"}, {"52 60", "invalid_latitude"}, {"52 31 12 5", "invalid_latitude"},
		{"5e1", "invalid_latitude"}, {"52''", "invalid_latitude"}, {"90 0 0.1", "latitude_out_of_range"},
		{".", "invalid_latitude"}, {"- 52", "invalid_latitude"}, {"52.5.1", "invalid_latitude"});
	RUN("longitude", "{}", NVP_CELL_TEXT,
		{"13 O", "13"}, {"W 0.5", "-0.5"}, {"13E5", "invalid_longitude"}, {"13E", "13"});
	RUN("longitude", "{}", NVP_CELL_NUMBER,
		{"1.3e1", "13"}, {"-0", "0"}, {"1e999", "longitude_out_of_range"});
}

/* Valid numbers, most of them printed in the imprints of large firms. */
static const char *const vat_samples[] = {
	"ATU13585627", "ATU14189108", "BE0202239951", "BE0417497106", "BG175074752", "BG7523169263",
	"CY10259033P", "CZ25123891", "CZ45274649", "CZ00177041", "CZ7103192745", "DE129273398",
	"DE143454214", "DE136695976", "DK24256790", "DK61056416", "EE100931558", "EL094259216",
	"EL094019245", "ESA39000013", "ESB58378431", "ES54362315K", "ESX2482300W", "FI01120389",
	"FI20774740", "FR59542051180", "FR40303265045", "FRK7399859412", "HR33392005961",
	"HR27759560625", "HU10625790", "HU12892312", "IE6388047V", "IE9700053D", "IE6433435OA",
	"IE8D79739I", "IT00905811006", "IT00743110157", "LT119511515", "LT100001919017",
	"LU26375245", "LU15027442", "LV40003032949", "LV40003521600", "LV16117519997", "MT11679112",
	"NL004495445B01", "PL7740001454", "PL8567346215", "PT500697256", "PT501964843", "RO1590082",
	"RO18547290", "SE556703748501", "SE123456789701", "SI82646716", "SI50223054", "SK2020372640",
	"SK2022749619", "XI980780684", "XIGD001", "XIHA599"
};

/* Schemes in which another digit may pass: a remainder of 10 and 0 share a digit, or there are several. */
static bool
is_leaky(const char *type, const char *sample)
{
	return strcmp(type, "vat_eu") == 0 && strstr("BG CZ CY EL FR LT LV NL PT RO SK XI", (char[3]) {sample[0], sample[1], 0});
}

/* Every other digit in every place must be refused. */
static void
damage(const char *type, const char *sample)
{
	NvpColumn	column;
	char		text[64];
	int			ntried = 0;
	int			npassed = 0;

	make_column(&column, type, "{}");
	nchecks++;
	if (strcmp(convert(&column, NVP_CELL_TEXT, sample), sample) != 0)
		fail(type, sample, sample, convert(&column, NVP_CELL_TEXT, sample));
	if (strncmp(sample, "XIGD", 4) == 0 || strncmp(sample, "XIHA", 4) == 0)
		return;
	for (int i = 0; sample[i]; i++)
	{
		for (char digit = '0'; digit <= '9'; digit++)
		{
			if (sample[i] < '0' || sample[i] > '9' || sample[i] == digit)
				continue;
			strlcpy(text, sample, sizeof(text));
			text[i] = digit;
			ntried++;
			if (strcmp(convert(&column, NVP_CELL_TEXT, text), text) != 0)
				continue;

			/* the branch of a Dutch or British number is not checked */
			if (strncmp(sample, "NL", 2) == 0 && i > 11)
				ntried--;
			else
			{
				npassed++;
				if (!is_leaky(type, sample))
					fail(type, text, "an error", "the same");
			}
		}
	}
	nchecks++;
	if (npassed * 4 > ntried)
		fail(type, sample, "errors for most changes", "fewer");
}

static void
test_damage(void)
{
	static const char *const ibans[] = {
		"DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606",
		"MT84MALT011000012345MTLCAST001S", "NO9386011117947", "LC07HEMM000100010012001200013015"
	};
	static const char *const gtins[] = {"4006381333931", "96385074", "036000291452", "10614141000415"};

	for (int i = 0; i < lengthof(vat_samples); i++)
		damage("vat_eu", vat_samples[i]);
	for (int i = 0; i < lengthof(ibans); i++)
		damage("iban", ibans[i]);
	for (int i = 0; i < lengthof(gtins); i++)
		damage("gtin", gtins[i]);
	RUN("iban", "{}", NVP_CELL_TEXT,
		{"IBAN:DE89\xe2\x80\x91" "3704.0044 0532\xc2\xa0" "0130 00", "DE89370400440532013000"},
		{"DE89", "invalid_iban"});
	RUN("vat_eu", "{\"country\":\"ES\"}", NVP_CELL_TEXT,
		{"B58378431", "ESB58378431"}, {"B58378432", "vat_checksum"}, {"GB980780684", "invalid_vat_eu"});
	RUN("vat_eu", "{\"country\":\"GR\"}", NVP_CELL_TEXT, {"094259216", "EL094259216"});
	RUN("vat_eu", "{}", NVP_CELL_TEXT,
		{"XIGD500", "invalid_vat_eu"}, {"XIHA499", "invalid_vat_eu"}, {"BE0000000097", "invalid_vat_eu"},
		{"LV32000000000", "vat_checksum"}, {"CY12000139V", "invalid_vat_eu"});
}

/* Options that make no sense are refused when the model is compiled. */
static void
test_options(void)
{
	static const char *const bad[][2] = {
		{"phone", "{\"country\":\"ZZ\"}"},
		{"phone", "{\"country\":\"001\"}"},
		{"phone", "{\"country\":\"\"}"},
		{"vat_eu", "{\"country\":\"GB\"}"},
		{"vat_eu", "{\"country\":\"\"}"},
		{"language_code", "{\"standard\":\"639-2\"}"}
	};

	for (int i = 0; i < lengthof(bad); i++)
	{
		NvpColumn	column;

		nchecks++;
		if (vector_column(&column, bad[i][0], json_parse(bad[i][1], strlen(bad[i][1]))) == NULL)
			fail(bad[i][0], bad[i][1], "refused", "accepted");
	}
}

/* Time per cell of a type, in nanoseconds; sanitizers make it larger. */
static double
measure(const char *type, const char *const *texts, int ntexts)
{
	enum
	{
		BATCH = 1024,
		ROUNDS = 1000
	};
	static NvpCell cells[BATCH];
	static NvpValue values[BATCH];
	NvpColumn	column;
	struct timespec a;
	struct timespec b;

	make_column(&column, type, "{}");
	for (int i = 0; i < BATCH; i++)
		cells[i] = (NvpCell) {texts[i % ntexts], strlen(texts[i % ntexts]), NVP_CELL_TEXT, 0, 0};
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (int i = 0; i < ROUNDS; i++)
	{
		nvp_column_convert(&column, cells, BATCH, values, &arena);
		nvp_arena_reset(&arena);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	return ((b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec)) / BATCH / ROUNDS;
}

static void
measure_all(void)
{
	static const char *const emails[] = {
		"max.mustermann@example.com", "a.b@firma.de", "info@sub.example.co.uk",
		"erika_1964@web.de", "office+orders@long-company-name.example.org"
	};
	static const char *const upper[] = {"Max.Mustermann@Example.COM"};
	static const char *const urls[] = {"https://www.example.com/a/b.html?x=1&y=2#z"};
	static const char *const phones[] = {"+49 (0)40 1234-56"};
	static const char *const ibans[] = {"DE89 3704 0044 0532 0130 00"};
	static const char *const countries[] = {"DE", "fr"};
	static const char *const vats[] = {"DE136695976"};

	printf("# ns a cell: email %.1f, in capitals %.1f, url %.1f, phone %.1f, iban %.1f, country %.1f, vat %.1f\n",
		   measure("email", emails, lengthof(emails)), measure("email", upper, 1),
		   measure("url", urls, 1), measure("phone", phones, 1), measure("iban", ibans, 1),
		   measure("country_code_alpha_2", countries, 2), measure("vat_eu", vats, 1));
}

int
main(void)
{
	int			failed;

	nvp_arena_init(&arena);
	failed = vector_main(lengthof(files), files);
	test_hosts();
	test_addresses();
	test_phones();
	test_lists();
	test_json();
	test_coordinates();
	test_damage();
	test_options();
	measure_all();
	failed |= nfailures > 0;
	printf("%s - codes: %d checks, %d failed\n1..1\n", failed ? "not ok 1" : "ok 1", nchecks, nfailures);
	return failed;
}
