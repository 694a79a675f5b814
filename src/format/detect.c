/*-------------------------------------------------------------------------
 *
 * detect.c
 *		Which encoding some text is in, as far as its bytes tell.
 *
 * See detect.h for flow, calls, memory and errors.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: Unicode 15, chapter 23.8 (byte order mark) and table 3-7.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "format/detect_impl.h"

#define MOST_WIDE_LOOK	(1024 * 1024)	/* zeros are counted in so many bytes */

/* characters are no independent witnesses: the root of what they say is believed */
#define DOUBT			0.5

/* an encoding is chosen without a question when it is so many times likelier then */
#define CLEAR			4.0

/* UTF-8, a byte at a time */
typedef struct Utf8State
{
	uint64		good;			/* characters beyond ASCII */
	uint64		bad;			/* bytes that belong to none */
	int			nheld;			/* bytes of a character that is not complete */
	int			missing;
	unsigned char low;			/* the next byte must not be below */
	unsigned char high;			/* or above */
} Utf8State;

struct NvpDetector
{
	uint64		bytes;
	unsigned char first[4];
	unsigned char last;			/* byte fed */
	uint64		zeros[4];		/* by their place in four bytes */
	uint64		looked;			/* at so many bytes for zeros */
	uint64		wide_signs[2];	/* line ends, commas ... as UTF-16, little and big endian */
	Utf8State	utf8;
	NvpBytePairs pairs;
	bool		multi_begun;
	NvpMultiReading multi[NVP_MULTI_COUNT];
};

/* nvp_detector_create begins with nothing; see detect.h. */
NvpDetector *
nvp_detector_create(void)
{
	NvpDetector *detector = palloc0(sizeof(NvpDetector));

	detector->last = '\n';
	return detector;
}

void
nvp_detector_free(NvpDetector *detector)
{
	for (int i = 0; detector->multi_begun && i < NVP_MULTI_COUNT; i++)
		pfree(detector->multi[i].common);
	pfree(detector);
}

/* ---- feeding ---------------------------------------------------------------- */

/* begin_char takes a byte that begins a character of UTF-8, or none */
static void
begin_char(Utf8State *state, unsigned char c)
{
	state->nheld = 1;
	state->low = 0x80;
	state->high = 0xBF;
	if (c >= 0xC2 && c <= 0xDF)
		state->missing = 1;
	else if (c >= 0xE0 && c <= 0xEF)
	{
		state->missing = 2;
		state->low = (c == 0xE0) ? 0xA0 : 0x80;
		state->high = (c == 0xED) ? 0x9F : 0xBF;
	}
	else if (c >= 0xF0 && c <= 0xF4)
	{
		state->missing = 3;
		state->low = (c == 0xF0) ? 0x90 : 0x80;
		state->high = (c == 0xF4) ? 0x8F : 0xBF;
	}
	else
	{
		state->nheld = 0;
		state->bad += (c >= 0x80);
	}
}

static void
feed_utf8(Utf8State *state, unsigned char c)
{
	if (state->nheld == 0)
		begin_char(state, c);
	else if (c >= state->low && c <= state->high)
	{
		state->nheld++;
		state->low = 0x80;
		state->high = 0xBF;
		if (--state->missing == 0)
		{
			state->good++;
			state->nheld = 0;
		}
	}
	else
	{
		state->bad += state->nheld;
		begin_char(state, c);
	}
}

/* feed_zeros counts what is telling in UTF-16 and UTF-32 */
static void
feed_zeros(NvpDetector *detector, const unsigned char *p, size_t len)
{
	unsigned char before = detector->looked > 0 ? detector->last : 0xFF;

	for (size_t i = 0; i < len && detector->looked < MOST_WIDE_LOOK; i++)
	{
		uint64		at = detector->looked++;

		detector->zeros[at & 3] += (p[i] == 0);
		if (at & 1)
		{
			detector->wide_signs[0] += (p[i] == 0 && before > 0 && strchr("\n\r\t,;|\"", before) != NULL);
			detector->wide_signs[1] += (before == 0 && p[i] > 0 && strchr("\n\r\t,;|\"", p[i]) != NULL);
		}
		before = p[i];
	}
}

/* skip_ascii returns how many of the bytes at p are below 80, in steps */
static size_t
skip_ascii(const unsigned char *p, size_t len)
{
	size_t		i = 0;

#if defined(__SSE2__)
	while (i + 16 <= len && _mm_movemask_epi8(_mm_loadu_si128((const __m128i *) (p + i))) == 0)
		i += 16;
#endif
	return i;
}

/* begin_multi makes ready for characters of several bytes, once something else than ASCII comes */
static void
begin_multi(NvpDetector *detector)
{
	for (int i = 0; i < NVP_MULTI_COUNT; i++)
		nvp_multi_reading_init(&detector->multi[i], NVP_ENCODING_FIRST_MULTI + i);
	detector->multi_begun = true;
}

static void
feed_byte(NvpDetector *detector, unsigned char c)
{
	if (c >= 0x80 && !detector->multi_begun)
		begin_multi(detector);
	if (c >= 0x80 || detector->last >= 0x80)
	{
		NvpBytePairs *pairs = &detector->pairs;

		if (pairs->counts[detector->last][c]++ == 0)
			pairs->seen[pairs->nseen++] = detector->last << 8 | c;
		if (c >= 0x80)
		{
			pairs->high[c - 0x80]++;
			pairs->total++;
		}
	}
	if (c >= 0x80 || detector->utf8.nheld > 0)
		feed_utf8(&detector->utf8, c);
	for (int i = 0; i < NVP_MULTI_COUNT; i++)
		if (c >= 0x80 || detector->multi[i].nheld > 0)
			nvp_multi_reading_byte(&detector->multi[i], c);
	detector->last = c;
}

/* nvp_detector_feed looks at the next bytes. */
void
nvp_detector_feed(NvpDetector *detector, const char *bytes, size_t len)
{
	const unsigned char *p = (const unsigned char *) bytes;

	for (size_t i = 0; i < len && detector->bytes + i < sizeof(detector->first); i++)
		detector->first[detector->bytes + i] = p[i];
	detector->bytes += len;
	feed_zeros(detector, p, len);
	for (size_t i = 0; i < len; i++)
	{
		/* what begins in ASCII and is followed by it says nothing */
		if (p[i] < 0x80)
		{
			size_t		n;

			feed_byte(detector, p[i]);
			n = skip_ascii(p + i + 1, len - i - 1);
			if (n > 0)
			{
				feed_byte(detector, p[i + 1]);
				detector->last = p[i + n];
				i += n;
			}
		}
		else
			feed_byte(detector, p[i]);
	}
}

/* ---- evidence --------------------------------------------------------------- */

static void
settle(NvpDetection *detection, NvpEncoding encoding, double score, bool is_sure, const char *reason)
{
	detection->best.encoding = encoding;
	detection->best.score = score;
	detection->is_sure = is_sure;
	strlcpy(detection->reason, reason, sizeof(detection->reason));
}

static bool
find_mark(const NvpDetector *detector, NvpDetection *detection)
{
	static const struct
	{
		const char *mark;
		int			len;
		NvpEncoding encoding;
	}			marks[] = {
		{"\xEF\xBB\xBF", 3, NVP_ENCODING_UTF8},
		{"\xFF\xFE\0\0", 4, NVP_ENCODING_UTF32LE},
		{"\0\0\xFE\xFF", 4, NVP_ENCODING_UTF32BE},
		{"\xFF\xFE", 2, NVP_ENCODING_UTF16LE},
		{"\xFE\xFF", 2, NVP_ENCODING_UTF16BE},
		{"\x84\x31\x95\x33", 4, NVP_ENCODING_GB18030}
	};

	for (int i = 0; i < lengthof(marks); i++)
	{
		if (detector->bytes >= marks[i].len && memcmp(detector->first, marks[i].mark, marks[i].len) == 0)
		{
			settle(detection, marks[i].encoding, 1.0, true, "byte order mark");
			return true;
		}
	}
	return false;
}

/* find_wide looks for the zero bytes that ASCII has in UTF-16 and UTF-32; false if it is not that */
static bool
find_wide(const NvpDetector *detector, NvpDetection *detection)
{
	uint64		quarter = detector->looked / 4;
	uint64		even = detector->zeros[0] + detector->zeros[2];
	uint64		odd = detector->zeros[1] + detector->zeros[3];
	uint64		pairs = detector->looked / 2;
	NvpEncoding encoding;
	bool		is_little = odd > even;

	if (quarter >= 2 && detector->looked % 4 == 0)
	{
		/* no code point needs the last byte, most do not need the third */
		bool		little = detector->zeros[3] == quarter && detector->zeros[2] * 10 >= quarter * 9;
		bool		big = detector->zeros[0] == quarter && detector->zeros[1] * 10 >= quarter * 9;

		if (little != big)
		{
			settle(detection, little ? NVP_ENCODING_UTF32LE : NVP_ENCODING_UTF32BE, 0.95, true,
				   little ? "no byte order mark, but the last byte of every four is zero" :
				   "no byte order mark, but the first byte of every four is zero");
			return true;
		}
	}
	encoding = is_little ? NVP_ENCODING_UTF16LE : NVP_ENCODING_UTF16BE;
	if (pairs >= 4 && Max(even, odd) * 10 >= pairs * 4 && Min(even, odd) * 20 <= pairs)
	{
		settle(detection, encoding, 0.95, true,
			   is_little ? "no byte order mark, but the second byte of most pairs is zero" :
			   "no byte order mark, but the first byte of most pairs is zero");
		return true;
	}
	/* other scripts: only line ends, delimiters and digits have zeros */
	if (pairs >= 8 && Max(even, odd) * 50 >= pairs && Min(even, odd) * 20 <= Max(even, odd) &&
		detector->wide_signs[!is_little] > 0 && detector->wide_signs[is_little] == 0)
	{
		settle(detection, encoding, 0.85, false,
			   is_little ? "no byte order mark, but line ends and delimiters are followed by zero bytes" :
			   "no byte order mark, but line ends and delimiters follow zero bytes");
		return true;
	}
	return false;
}

/* find_utf8 settles what UTF-8 settles; false if it is not that */
static bool
find_utf8(const NvpDetector *detector, bool is_whole, NvpDetection *detection)
{
	/* two or three bytes may look like a character by chance, but not many times */
	static const double by_chars[] = {0, 0.85, 0.95, 0.98};
	const Utf8State *utf8 = &detector->utf8;
	uint64		bad = utf8->bad + (is_whole ? utf8->nheld : 0);

	if (detector->pairs.total == 0)
	{
		detection->is_ascii = true;
		settle(detection, NVP_ENCODING_UTF8, is_whole ? 1.0 : 0.9, false,
			   is_whole ? "only ASCII" : "only ASCII so far");
		return true;
	}
	if (bad > 0 || utf8->good == 0)
		return false;
	settle(detection, NVP_ENCODING_UTF8, utf8->good < lengthof(by_chars) ? by_chars[utf8->good] : 1.0,
		   utf8->good >= lengthof(by_chars), "all of it is valid UTF-8");
	return true;
}

/* ---- likelihood ------------------------------------------------------------- */

static int
compare_likelihoods(const void *a, const void *b)
{
	double		x = ((const NvpLikelihood *) a)->value;
	double		y = ((const NvpLikelihood *) b)->value;

	return x > y ? -1 : x < y ? 1 : 0;
}

/* reads_as tells whether two encodings make the same text of these bytes */
static bool
reads_as(const NvpDetector *detector, NvpEncoding a, NvpEncoding b)
{
	if (a == b)
		return true;
	return nvp_encoding_is_single(a) && nvp_encoding_is_single(b) && nvp_same_text(&detector->pairs, a, b);
}

/* is_rival: none of those kept reads the same */
static bool
is_rival(const NvpDetector *detector, const NvpDetection *detection, NvpEncoding encoding)
{
	if (reads_as(detector, detection->best.encoding, encoding))
		return false;
	for (int i = 0; i < detection->nrivals; i++)
		if (reads_as(detector, detection->rivals[i].encoding, encoding))
			return false;
	return true;
}

static void
set_guess(NvpEncodingGuess *guess, const NvpLikelihood *likelihood, double score)
{
	guess->encoding = likelihood->encoding;
	guess->language = likelihood->language;
	guess->score = score;
}

/* name_reason says how many bytes were read as what */
static void
name_reason(const NvpDetector *detector, NvpDetection *detection)
{
	const NvpEncodingGuess *best = &detection->best;
	uint64		n = detector->pairs.total;

	if (detection->is_ambiguous)
		snprintf(detection->reason, sizeof(detection->reason),
				 UINT64_FORMAT " byte%s beyond ASCII could be %s as well as %s", n, n == 1 ? "" : "s",
				 nvp_encoding_name(best->encoding), nvp_encoding_name(detection->rivals[0].encoding));
	else
		snprintf(detection->reason, sizeof(detection->reason),
				 UINT64_FORMAT " byte%s beyond ASCII %s not UTF-8 and read%s best as %s%s%s", n, n == 1 ? "" : "s",
				 n == 1 ? "is" : "are", n == 1 ? "s" : "", nvp_encoding_name(best->encoding),
				 best->language ? ", like " : "", best->language ? best->language : "");
}

/* weigh compares all encodings that UTF-8 left */
static void
weigh(NvpDetector *detector, NvpDetection *detection)
{
	NvpLikelihood all[NVP_SINGLE_COUNT + NVP_MULTI_COUNT];
	double		sum = 1.0;
	double		top;
	double		chars;

	nvp_detect_singles(&detector->pairs, all);
	for (int i = 0; i < NVP_MULTI_COUNT; i++)
		nvp_multi_reading_judge(&detector->multi[i], &all[NVP_SINGLE_COUNT + i]);
	qsort(all, lengthof(all), sizeof(NvpLikelihood), compare_likelihoods);
	top = all[0].value;
	set_guess(&detection->best, &all[0], 1.0);
	for (int i = 1; i < lengthof(all) && detection->nrivals < NVP_DETECT_RIVALS; i++)
	{
		double		share = exp((all[i].value - top) * DOUBT);

		if (share < 0.005 || !is_rival(detector, detection, all[i].encoding))
			continue;
		set_guess(&detection->rivals[detection->nrivals++], &all[i], share);
		sum += share;
	}
	/* few characters prove little, however well they fit */
	chars = detector->pairs.total / (nvp_encoding_is_single(detection->best.encoding) ? 1.0 : 2.0);
	sum /= Min(0.99, (chars + 1.0) / (chars + 2.0));
	detection->best.score = 1.0 / sum;
	for (int i = 0; i < detection->nrivals; i++)
		detection->rivals[i].score = detection->rivals[i].score / sum;
	detection->is_ambiguous = detection->nrivals > 0 &&
		detection->rivals[0].score * CLEAR > detection->best.score;
	name_reason(detector, detection);
}

/*
 * prefer_utf8 takes text for UTF-8 though some bytes of it are none: in other
 * encodings next to nothing looks like a character of UTF-8 by chance.
 */
static void
prefer_utf8(const NvpDetector *detector, bool is_whole, NvpDetection *detection)
{
	uint64		good = detector->utf8.good;
	uint64		bad = detector->utf8.bad + (is_whole ? detector->utf8.nheld : 0);
	NvpEncodingGuess other = detection->best;

	if (good < bad || good == 0)
		return;
	detection->nrivals = Min(detection->nrivals + 1, NVP_DETECT_RIVALS);
	memmove(detection->rivals + 1, detection->rivals, sizeof(NvpEncodingGuess) * (detection->nrivals - 1));
	detection->rivals[0] = other;
	detection->best.language = NULL;
	detection->is_ambiguous = good < bad * 3;
	settle(detection, NVP_ENCODING_UTF8, good > bad * 10 ? 0.9 : 0.6, false, "");
	snprintf(detection->reason, sizeof(detection->reason),
			 UINT64_FORMAT " characters of UTF-8, but also " UINT64_FORMAT " bytes that are none", good, bad);
	for (int i = 0; i < detection->nrivals; i++)
		detection->rivals[i].score *= 1.0 - detection->best.score;
}

/*
 * nvp_detector_finish says what was found.
 *
 * in: whether what was fed is all there is.
 */
void
nvp_detector_finish(NvpDetector *detector, bool is_whole, NvpDetection *detection)
{
	memset(detection, 0, sizeof(*detection));
	if (find_mark(detector, detection) || find_wide(detector, detection) ||
		find_utf8(detector, is_whole, detection))
		return;
	weigh(detector, detection);
	prefer_utf8(detector, is_whole, detection);
}

/* nvp_detect says what some bytes are; in: whether they are all there is. */
void
nvp_detect(const char *bytes, size_t len, bool is_whole, NvpDetection *detection)
{
	NvpDetector *detector = nvp_detector_create();

	nvp_detector_feed(detector, bytes, len);
	nvp_detector_finish(detector, is_whole, detection);
	nvp_detector_free(detector);
}
