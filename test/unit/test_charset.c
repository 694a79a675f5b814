/*-------------------------------------------------------------------------
 *
 * test_charset.c
 *		Encodings: every character of each, through pieces of every size, and
 *		what becomes of bytes that are none.
 *
 * The C library's iconv is the second opinion on every character.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <iconv.h>

#include "format/encode.h"
#include "format/names.h"
#include "render.h"
#include "squeeze.h"

static int	failures = 0;
static int	checks = 0;

static void
check(bool ok, const char *what, NvpEncoding encoding)
{
	checks++;
	if (ok)
		return;
	failures++;
	printf("not ok: %s: %s\n", nvp_encoding_name(encoding), what);
}

/* decode returns what the source's bytes are in UTF-8, read with these sizes */
static char *
decode(NvpEncoding encoding, const char *data, size_t len, size_t chunk, int64 piece, size_t *out_len)
{
	NvpSource  *source = nvp_decoder_open(chunked_source(data, len, chunk), encoding);
	char	   *out = drain(source, piece, out_len);
	char	   *again;
	size_t		n;

	check(source->rewind(source), "rewinds", encoding);
	again = drain(source, piece, &n);
	check(again && n == *out_len && memcmp(out, again, n) == 0, "says the same again", encoding);
	free(again);
	source->close(source);
	return out;
}

static void
expect(const char *what, NvpEncoding encoding, const char *data, size_t len, const char *text, size_t text_len)
{
	static const size_t sizes[] = {1, 2, 3, 5, 16, 65536};

	for (int i = 0; i < lengthof(sizes); i++)
	{
		for (int j = 0; j < lengthof(sizes); j++)
		{
			size_t		n;
			char	   *out = decode(encoding, data, len, sizes[i], sizes[j], &n);

			check(out && n == text_len && memcmp(out, text, n) == 0, what, encoding);
			free(out);
		}
	}
}

/* convert asks iconv; -1 if it cannot */
static ssize_t
convert(const char *to, const char *from, const char *in, size_t in_len, char *out, size_t room)
{
	iconv_t		cd = iconv_open(to, from);
	char	   *p = out;
	char	   *q = unconstify(char *, in);
	bool		ok;

	if (cd == (iconv_t) -1)
		abort();
	ok = iconv(cd, &q, &in_len, &p, &room) == 0 && in_len == 0 && iconv(cd, NULL, NULL, &p, &room) == 0;
	iconv_close(cd);
	return ok ? p - out : -1;
}

/* what iconv calls it, and which bytes it is known to read in another way */
static const char *
iconv_name(NvpEncoding encoding)
{
	switch (encoding)
	{
		case NVP_ENCODING_MAC_CE:
			return "MAC-CENTRALEUROPE";
		case NVP_ENCODING_MAC_CYRILLIC:
			return "MAC-CYRILLIC";
		case NVP_ENCODING_WINDOWS874:
			return "CP874";
		default:
			return nvp_encoding_name(encoding);
	}
}

static bool
is_disputed(NvpEncoding encoding, int byte)
{
	return (encoding == NVP_ENCODING_MACINTOSH && (byte == 0xC6 || byte == 0xF0)) ||
		(encoding == NVP_ENCODING_MAC_CYRILLIC && byte == 0xFF);
}

static void
test_single(NvpEncoding encoding)
{
	int			wrong = 0;

	for (int byte = 0x80; byte < 0x100; byte++)
	{
		char		c = (char) byte;
		char		expected[8];
		ssize_t		n = convert("UTF-8", iconv_name(encoding), &c, 1, expected, sizeof(expected));
		size_t		len;
		char	   *actual = decode(encoding, &c, 1, 1, 100, &len);

		if (n < 0)
			wrong += nvp_raw_byte(actual, len) != byte;
		else if (!is_disputed(encoding, byte))
			wrong += len != n || memcmp(actual, expected, n) != 0;
		free(actual);
	}
	check(wrong == 0, "all bytes are what iconv says", encoding);
}

/* all characters of the encoding below U+10000, a line end behind each thirtieth */
static void
test_multi(NvpEncoding encoding)
{
	char	   *utf8 = malloc(400000);
	char	   *bytes = malloc(400000);
	size_t		nutf8 = 0;
	size_t		nbytes = 0;
	int			count = 0;

	for (uint32 code = 0x80; code < 0x10000; code++)
	{
		char		text[4];
		char		coded[8];
		char		back[8];
		int			len = nvp_utf8_put(code, text);
		ssize_t		n;

		if (code >= 0xD800 && code < 0xE000)
			continue;
		n = convert(nvp_encoding_iconv_name(encoding), "UTF-8", text, len, coded, sizeof(coded));
		/* some are only written so, and read as another */
		if (n <= 0 || convert("UTF-8", nvp_encoding_iconv_name(encoding), coded, n, back, sizeof(back)) != len ||
			memcmp(back, text, len) != 0)
			continue;
		if (++count % 30 == 0)
			utf8[nutf8++] = bytes[nbytes++] = '\n';
		memcpy(utf8 + nutf8, text, len);
		nutf8 += len;
		memcpy(bytes + nbytes, coded, n);
		nbytes += n;
	}
	check(count > 7000, "has many characters", encoding);
	expect("all characters", encoding, bytes, nbytes, utf8, nutf8);
	free(utf8);
	free(bytes);
}

static void
test_wide(NvpEncoding encoding)
{
	static const uint32 codes[] = {'a', '\n', 0xE4, 0x20AC, 0xFEFF, 0xFFFD, 0x10000, 0x1F600, 0x10FFFF};
	char		utf8[64];
	char		bytes[64];
	size_t		n = 0;
	ssize_t		nbytes;
	char		marked[72];

	for (int i = 0; i < lengthof(codes); i++)
		n += nvp_utf8_put(codes[i], utf8 + n);
	nbytes = convert(nvp_encoding_name(encoding), "utf-8", utf8, n, bytes, sizeof(bytes));
	expect("without a mark", encoding, bytes, nbytes, utf8, n);
	nbytes = convert(nvp_encoding_name(encoding), "utf-8", "\xEF\xBB\xBFxy", 5, marked, sizeof(marked));
	expect("with a mark", encoding, marked, nbytes, "xy", 2);
	expect("nothing", encoding, "", 0, "", 0);
}

typedef struct BadCase
{
	const char *name;
	NvpEncoding encoding;
	const char *data;
	size_t		len;
	const char *expected;		/* as shown */
	uint64		at;				/* of the first bad bytes in the data */
	const char *bytes;			/* these, in hex */
} BadCase;

#define BAD(name, encoding, data, expected, at, bytes) {name, encoding, data, sizeof(data) - 1, expected, at, bytes}

static const BadCase bad_cases[] = {
	BAD("an undefined byte", NVP_ENCODING_WINDOWS1252, "a\x81z", "a\\x81z", 1, "81"),
	BAD("an undefined byte that begins UTF-8, and one that goes on", NVP_ENCODING_ISO8859_7, "\xD2\xAE", "\\xd2\\xae", 0, "D2"),
	BAD("half a pair, low first", NVP_ENCODING_UTF16LE, "a\0\0\xDCz\0", "a\\x00\\xdcz", 2, "00DC"),
	BAD("half a pair, high", NVP_ENCODING_UTF16BE, "\0a\xD8\1\0z", "a\\xd8\\x01z", 2, "D801"),
	BAD("half a pair at the end", NVP_ENCODING_UTF16BE, "\0a\xD8\1", "a\\xd8\\x01", 2, "D801"),
	BAD("an odd byte", NVP_ENCODING_UTF16LE, "a\0b", "a\\x62", 2, "62"),
	BAD("beyond Unicode", NVP_ENCODING_UTF32BE, "\0\0\0a\0\x11\0\0\0\0\0z", "a\\x00\\x11\\x00\\x00z", 4, "00110000"),
	BAD("a surrogate", NVP_ENCODING_UTF32LE, "\0\xD8\0\0z\0\0\0", "\\x00\\xd8\\x00\\x00z", 0, "00D80000"),
	BAD("three bytes too many", NVP_ENCODING_UTF32LE, "a\0\0\0b\0\0", "a\\x62\\x00\\x00", 4, "620000"),
	BAD("a first byte before a delimiter", NVP_ENCODING_SHIFT_JIS, "\x83;x", "\\x83;x", 0, "83"),
	BAD("a first byte before a line end", NVP_ENCODING_SHIFT_JIS, "\x83\nx", "\\x83\nx", 0, "83"),
	BAD("a first byte at the end", NVP_ENCODING_SHIFT_JIS, "\x82\xA0\x82", "\xE3\x81\x82\\x82", 2, "82"),
	BAD("a pair that means nothing", NVP_ENCODING_SHIFT_JIS, "\x85\x9F\x82\xA0", "\\x85\\x9f\xE3\x81\x82", 0, "859F"),
	BAD("a pair that would be UTF-8", NVP_ENCODING_EUC_JP, "\xA9\xA1\xC3\xA4z", "\\xa9\\xa1\xE8\xBE\xB0z", 0, "A9A1"),
	BAD("a byte that begins nothing", NVP_ENCODING_BIG5, "\xA4\xA4\xFFz", "\xE4\xB8\xAD\\xffz", 2, "FF"),
	BAD("FF", NVP_ENCODING_GB18030, "\xD6\xD0\xFFz", "\xE4\xB8\xAD\\xffz", 2, "FF"),
	BAD("four bytes that mean nothing", NVP_ENCODING_GB18030, "\xFE\x39\xFE\x39z", "\\xfe\\x39\\xfe\\x39z", 0, "FE39FE39"),
	BAD("a first byte before a quote", NVP_ENCODING_EUC_KR, "\xB0\xA1\xB0\"z", "\xEA\xB0\x80\\xb0\"z", 2, "B0"),
};

static void
test_bad(const BadCase *c)
{
	static const size_t sizes[] = {1, 3, 65536};

	for (int i = 0; i < lengthof(sizes); i++)
	{
		NvpSource  *source = nvp_decoder_open(chunked_source(c->data, c->len, sizes[i]), c->encoding);
		size_t		n;
		char	   *out = drain(source, sizes[i], &n);
		char	   *shown = nvp_text_escape_invalid(out, n);
		NvpBadText	bad;
		char		hex[16];

		if (strcmp(shown, c->expected) != 0)
			printf("--- expected\n%s\n--- actual\n%s\n", c->expected, shown);
		check(strcmp(shown, c->expected) == 0, c->name, c->encoding);
		check(nvp_decoder_find_bad(source, 0, &bad) && bad.in == c->at, c->name, c->encoding);
		for (int k = 0; k < bad.len; k++)
			sprintf(hex + 2 * k, "%02X", bad.bytes[k]);
		check(strcmp(hex, c->bytes) == 0, c->name, c->encoding);
		check(!nvp_decoder_find_bad(source, n, &bad), "nothing behind the end", c->encoding);
		source->close(source);
		free(out);
	}
}

/* more bad bytes than are remembered: the last ones are found, the first ones are not made up */
static void
test_many_bad(void)
{
	size_t		len = 200000;
	char	   *data = malloc(len);
	NvpSource  *source;
	NvpBadText	bad;
	size_t		n;

	memset(data, 0x81, len);
	source = nvp_decoder_open(chunked_source(data, len, 65536), NVP_ENCODING_WINDOWS1252);
	free(drain(source, 65536, &n));
	check(n == len * NVP_RAW_BYTES, "nothing is lost", NVP_ENCODING_WINDOWS1252);
	check(nvp_decoder_find_bad(source, 3 * 199990, &bad) && bad.in == 199990, "one of the last", NVP_ENCODING_WINDOWS1252);
	check(!nvp_decoder_find_bad(source, 0, &bad), "one of the first", NVP_ENCODING_WINDOWS1252);
	source->close(source);
	free(data);
}

static void
test_names(void)
{
	static const struct
	{
		const char *name;
		int			encoding;	/* -1 = none */
	}			names[] = {
		{"UTF-8", NVP_ENCODING_UTF8}, {"utf8", NVP_ENCODING_UTF8}, {"UTF-16", NVP_ENCODING_UTF16LE},
		{"latin-1", NVP_ENCODING_ISO8859_1}, {"ISO_8859-1", NVP_ENCODING_ISO8859_1}, {"ISO-8859-15", NVP_ENCODING_ISO8859_15},
		{"iso-8859-1", NVP_ENCODING_ISO8859_1}, {"iso-8859-12", -1}, {"cp1252", NVP_ENCODING_WINDOWS1252},
		{"Windows-1252", NVP_ENCODING_WINDOWS1252}, {"Shift_JIS", NVP_ENCODING_SHIFT_JIS}, {"CP932", NVP_ENCODING_SHIFT_JIS},
		{"x-mac-roman", NVP_ENCODING_MACINTOSH}, {"GBK", NVP_ENCODING_GB18030}, {"ks_c_5601-1987", NVP_ENCODING_EUC_KR},
		{"MacRoman", NVP_ENCODING_MACINTOSH}, {"850", NVP_ENCODING_IBM850}, {"utf-9", -1}, {"", -1}, {"-", -1}, {"8", -1},
		{"windows", -1}, {"utf8 ascii", -1}, {"UTF-16BE", NVP_ENCODING_UTF16BE}, {"US-ASCII", NVP_ENCODING_UTF8}
	};

	for (int i = 0; i < lengthof(names); i++)
	{
		NvpEncoding encoding = NVP_ENCODING_UTF8;
		bool		found = nvp_encoding_parse(names[i].name, &encoding);

		check(found == (names[i].encoding >= 0) && (!found || encoding == names[i].encoding), names[i].name, encoding);
	}
	for (int i = 0; i < NVP_ENCODING_COUNT; i++)
	{
		NvpEncoding encoding;

		check(nvp_encoding_parse(nvp_encoding_name(i), &encoding) && encoding == i, "its name is read", i);
	}
}

int
main(void)
{
	for (NvpEncoding encoding = NVP_ENCODING_UTF16LE; encoding < NVP_ENCODING_COUNT; encoding++)
	{
		if (nvp_encoding_is_single(encoding))
			test_single(encoding);
		else if (nvp_encoding_is_wide(encoding))
			test_wide(encoding);
		else
			test_multi(encoding);
	}
	for (int i = 0; i < lengthof(bad_cases); i++)
		test_bad(&bad_cases[i]);
	test_many_bad();
	test_names();
	printf("test_charset: %d checks, %d failed\n", checks, failures);
	return failures > 0;
}
