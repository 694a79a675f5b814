/*-------------------------------------------------------------------------
 *
 * test_detect.c
 *		Is the encoding of text found, and is doubt admitted where there is some?
 *
 * Sentences and tables in many languages, written for this test, are put by
 * iconv into every encoding that knows their characters.  Right is an encoding
 * that makes the same text of the bytes; which name it has does not matter.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <iconv.h>

#include "format/detect.h"
#include "format/encode.h"
#include "render.h"

static int	failures = 0;
static int	checks = 0;

static void
check(bool ok, const char *what, const char *encoding, const NvpDetection *detection)
{
	checks++;
	if (ok)
		return;
	failures++;
	printf("not ok: %s in %s: said to be %s (%.2f%s), rival %s; %s\n", what, encoding,
		   nvp_encoding_name(detection->best.encoding), detection->best.score,
		   detection->is_ambiguous ? ", ambiguous" : "",
		   detection->nrivals > 0 ? nvp_encoding_name(detection->rivals[0].encoding) : "none", detection->reason);
}

/* convert has iconv translate; -1 if a character is not known */
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

/* what iconv calls an encoding */
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
		case NVP_ENCODING_SHIFT_JIS:
			return "CP932";
		case NVP_ENCODING_EUC_KR:
			return "UHC";
		default:
			return nvp_encoding_name(encoding);
	}
}

static NvpDetection
detect(const char *bytes, size_t len, bool is_whole)
{
	NvpDetection detection;

	nvp_detect(bytes, len, is_whole, &detection);
	return detection;
}

/* reads_as: the bytes are that text in the encoding that was found */
static bool
reads_as(const char *bytes, size_t len, NvpEncoding encoding, const char *text)
{
	char		back[8192];
	NvpSource  *source = nvp_decoder_open(nvp_source_memory(bytes, len), encoding);
	int64		n = 0;
	int64		got;
	bool		ok;

	while ((got = source->read(source, back + n, sizeof(back) - n)) > 0)
		n += got;
	source->close(source);
	ok = n == strlen(text) && memcmp(back, text, n) == 0;
	return ok;
}

/* ---- text ------------------------------------------------------------------ */

typedef struct Sample
{
	const char *language;
	const char *encodings;		/* it is usually found in */
	const char *text;
} Sample;

static const Sample samples[] = {
#include "detect_samples.h"
};

/* is_listed: a name among others with blanks between */
static bool
is_listed(const char *names, const char *name)
{
	size_t		n = strlen(name);

	for (const char *p = names; (p = strstr(p, name)) != NULL; p += n)
		if ((p == names || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

static void
test_sample(const Sample *sample)
{
	char		bytes[16384];

	for (NvpEncoding encoding = 0; encoding < NVP_ENCODING_COUNT; encoding++)
	{
		const char *name = nvp_encoding_name(encoding);
		ssize_t		len;
		NvpDetection detection;

		if (!is_listed(sample->encodings, name))
			continue;
		len = convert(iconv_name(encoding), "UTF-8", sample->text, strlen(sample->text), bytes, sizeof(bytes));
		if (len < 0)
		{
			printf("not ok: %s cannot be written in %s\n", sample->language, name);
			failures++;
			continue;
		}
		detection = detect(bytes, len, true);
		/* iconv may put marks and letters together that stand apart in the bytes */
		check(detection.best.encoding == encoding || reads_as(bytes, len, detection.best.encoding, sample->text),
			  sample->language, name, &detection);
		check(detection.best.score > 0.5, sample->language, name, &detection);
	}
}

/* ---- doubt ----------------------------------------------------------------- */

/*
 * Pieces of every length of every sample: where the encoding is not found, that
 * must not be called certain.  Few of the wrong ones may be called likely.
 */
static void
test_pieces(void)
{
	static const int lengths[] = {3, 6, 12, 25, 50, 100};
	int			wrong = 0;
	int			confident = 0;
	int			n = 0;

	for (int i = 0; i < lengthof(samples); i++)
	{
		for (NvpEncoding encoding = NVP_ENCODING_FIRST_SINGLE; encoding < NVP_ENCODING_COUNT; encoding++)
		{
			for (int k = 0; k < lengthof(lengths); k++)
			{
				const char *end = samples[i].text;
				char		text[1024];
				char		bytes[2048];
				ssize_t		len;
				NvpDetection detection;

				if (!is_listed(samples[i].encodings, nvp_encoding_name(encoding)))
					continue;
				for (int chars = 0; *end && chars < lengths[k]; end++)
					chars += (*end & 0xC0) != 0x80;
				while ((*end & 0xC0) == 0x80)
					end++;
				snprintf(text, sizeof(text), "%.*s", (int) (end - samples[i].text), samples[i].text);
				len = convert(iconv_name(encoding), "UTF-8", text, strlen(text), bytes, sizeof(bytes));
				if (len < 0)
					continue;
				detection = detect(bytes, len, true);
				n++;
				if (detection.best.encoding == encoding || reads_as(bytes, len, detection.best.encoding, text))
					continue;
				wrong++;
				confident += detection.best.score >= 0.9 && !detection.is_ambiguous;
				if (getenv("NVP_SHOW"))
					printf("# %s %s %d: %s %.2f%s\n", samples[i].language, nvp_encoding_name(encoding), lengths[k],
						   nvp_encoding_name(detection.best.encoding), detection.best.score, detection.is_ambiguous ? " ambiguous" : "");
			}
		}
	}
	printf("# %d pieces, %d of them misread, %d of these with confidence\n", n, wrong, confident);
	checks += 2;
	if (wrong * 100 > n * 12 || confident > 0)
	{
		failures++;
		printf("not ok: pieces of text\n");
	}
}

/* ---- marks and zeros --------------------------------------------------------- */

static void
test_unicode(void)
{
	static const char text[] = "Stra\xC3\x9F" "e;Ort\nB\xC3\xA4rengasse 7;Z\xC3\xBCrich\n\xD0\x9C\xD0\xB8\xD1\x80;1\n";
	static const struct
	{
		const char *name;
		const char *mark;
		int			mark_len;
		NvpEncoding encoding;
	}			cases[] = {
		{"UTF-8", "\xEF\xBB\xBF", 3, NVP_ENCODING_UTF8},
		{"UTF-16LE", "\xFF\xFE", 2, NVP_ENCODING_UTF16LE},
		{"UTF-16BE", "\xFE\xFF", 2, NVP_ENCODING_UTF16BE},
		{"UTF-32LE", "\xFF\xFE\0\0", 4, NVP_ENCODING_UTF32LE},
		{"UTF-32BE", "\0\0\xFE\xFF", 4, NVP_ENCODING_UTF32BE}
	};

	for (int i = 0; i < lengthof(cases); i++)
	{
		char		bytes[1024];
		NvpDetection detection;
		ssize_t		len;

		memcpy(bytes, cases[i].mark, cases[i].mark_len);
		len = convert(cases[i].name, "UTF-8", text, strlen(text), bytes + cases[i].mark_len, sizeof(bytes) - 4);
		detection = detect(bytes + cases[i].mark_len, len, true);
		check(detection.best.encoding == cases[i].encoding && detection.best.score >= 0.9,
			  "no byte order mark", cases[i].name, &detection);
		detection = detect(bytes, len + cases[i].mark_len, true);
		check(detection.best.encoding == cases[i].encoding && detection.best.score == 1.0 && detection.is_sure,
			  "a byte order mark", cases[i].name, &detection);
	}
}

/* ---- what is decided without doubt, and what is not -------------------------- */

static void
test_verdicts(void)
{
	NvpDetection detection;
	char	   *big = malloc(3000000);

	detection = detect("id,name\n1,x\n", 12, true);
	check(detection.is_ascii && detection.best.encoding == NVP_ENCODING_UTF8 && detection.best.score == 1.0,
		  "ASCII that is all", "ascii", &detection);
	detection = detect("id,name\n1,x\n", 12, false);
	check(detection.is_ascii && detection.best.score < 1.0 && !detection.is_sure, "ASCII so far", "ascii", &detection);
	detection = detect("", 0, true);
	check(detection.best.encoding == NVP_ENCODING_UTF8, "nothing", "ascii", &detection);
	detection = detect("\xE9", 1, true);
	check(detection.best.score < 0.9 && detection.nrivals > 0, "one byte", "any", &detection);
	detection = detect("\xC3", 1, true);
	check(detection.best.score < 0.9 && detection.nrivals > 0, "the first byte of two", "any", &detection);
	detection = detect("\xC3", 1, false);
	check(!detection.is_sure, "the first byte of two, and more may come", "utf-8", &detection);
	/* one bad byte in much UTF-8 is a bad byte, not another encoding */
	memset(big, 'x', 3000000);
	for (int i = 0; i < 3000; i += 3)
		memcpy(big + i, "\xC3\xBC ", 3);
	big[4000] = '\xFC';
	detection = detect(big, 3000000, true);
	check(detection.best.encoding == NVP_ENCODING_UTF8 && !detection.is_sure, "a stray byte", "utf-8", &detection);
	/* late in the file is early enough */
	memset(big, 'x', 3000000);
	memcpy(big + 2900000, " f\xFCr Stra\xDF" "e, gr\xF6\xDF" "er ", 21);
	detection = detect(big, 3000000, true);
	check(detection.best.encoding == NVP_ENCODING_WINDOWS1252 || detection.best.encoding == NVP_ENCODING_ISO8859_1,
		  "umlauts behind 3 MB", "windows-1252", &detection);
	free(big);
}

int
main(void)
{
	for (int i = 0; i < lengthof(samples); i++)
		test_sample(&samples[i]);
	test_pieces();
	test_unicode();
	test_verdicts();
	printf("test_detect: %d checks, %d failed\n", checks, failures);
	return failures > 0;
}
