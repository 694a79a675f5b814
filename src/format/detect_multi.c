/*-------------------------------------------------------------------------
 *
 * detect_multi.c
 *		How likely are bytes as text in Shift_JIS, EUC-JP, GB18030, Big5, EUC-KR?
 *
 * Bytes are put together to characters as the encoding does, and each character
 * is as likely as the row of the code table it is in, or as one of the six
 * hundred most frequent (common_cjk.tsv).  All of these encodings know tens of
 * thousands of characters, most of which nobody uses: it is that which tells
 * them apart, more than which bytes are allowed.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: JIS X 0208, GB 2312, Big5 and KS X 1001: where kana, hangul, and the
 *		   characters of the first and second level are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "format/common_cjk_data.h"
#include "format/detect_impl.h"

#define COMMON_BYTES	(65536 / 8)

/* probabilities of single characters, as logarithms */
#define P_COMMON		-7.0	/* one of six hundred */
#define P_KANA			-5.2
#define P_HALF_KANA		-6.5
#define P_HALF_AGAIN	-4.8	/* behind another */
#define P_LEVEL_1		-9.0
#define P_HANGUL		-8.2
#define P_PUNCTUATION	-8.0
#define P_LEVEL_2		-12.0
#define P_OTHER			-13.0	/* Greek, Cyrillic, boxes */
#define P_EXTENSION		-14.5
#define P_STRANGE		-18.0
#define P_BROKEN		-14.0	/* a byte that fits nowhere */

static const struct
{
	const char *language;
	double		usual;			/* how often it is met, as a logarithm */
}			traits[NVP_MULTI_COUNT] = {
	{"Japanese", -1.0},
	{"Japanese", -2.0},
	{"Chinese", -1.0},
	{"Chinese", -1.5},
	{"Korean", -1.5}
};

static int
hex_digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* mark_common notes the pairs of bytes that are frequent characters in the encoding */
static void
mark_common(NvpMultiReading *reading, const char *hex)
{
	for (; *hex; hex += 4)
	{
		int			at = hex_digit(hex[0]) << 12 | hex_digit(hex[1]) << 8 | hex_digit(hex[2]) << 4 | hex_digit(hex[3]);

		reading->common[at / 8] |= 1 << (at % 8);
	}
}

/* nvp_multi_reading_init begins to read bytes in an encoding. */
void
nvp_multi_reading_init(NvpMultiReading *reading, NvpEncoding encoding)
{
	const char *name = nvp_encoding_name(encoding);

	memset(reading, 0, sizeof(*reading));
	reading->encoding = encoding;
	reading->common = palloc0(COMMON_BYTES);
	for (int row = 0; row < NVP_COMMON_CJK_ROWS; row++)
		if (strcmp(nvp_common_cjk_table[row][0], name) == 0)
			mark_common(reading, nvp_common_cjk_table[row][3]);
}

static inline bool
within(int value, int from, int to)
{
	return value >= from && value <= to;
}

/* rows of JIS X 0208, from 1 */
static double
jis_likelihood(int row)
{
	if (row == 4 || row == 5)
		return P_KANA;
	if (row <= 3)
		return P_PUNCTUATION;
	if (row <= 15)
		return row == 13 ? P_EXTENSION : P_OTHER;
	if (row <= 47)
		return P_LEVEL_1;
	return row <= 84 ? P_LEVEL_2 : P_EXTENSION;
}

static double
pair_likelihood(const NvpMultiReading *reading, int a, int b)
{
	int			at = a << 8 | b;

	if (reading->common[at / 8] & 1 << (at % 8))
		return within(reading->encoding, NVP_ENCODING_SHIFT_JIS, NVP_ENCODING_EUC_JP) &&
			(at >> 8 == 0xA4 || at >> 8 == 0xA5 || at >> 8 == 0x82 || at >> 8 == 0x83) ? P_KANA : P_COMMON;
	switch (reading->encoding)
	{
		case NVP_ENCODING_SHIFT_JIS:
			if (a >= 0xF0)
				return P_STRANGE;
			return jis_likelihood((a - (a < 0xA0 ? 0x81 : 0xC1)) * 2 + (b >= 0x9F) + 1);
		case NVP_ENCODING_EUC_JP:
			return a == 0x8E ? P_HALF_KANA : jis_likelihood(a - 0xA0);
		case NVP_ENCODING_GB18030:
			if (a < 0xA1 || b < 0xA1)
				return P_EXTENSION;
			return a <= 0xA3 ? P_PUNCTUATION : a <= 0xAF ? P_OTHER : a <= 0xD7 ? P_LEVEL_1 : a <= 0xF7 ? P_LEVEL_2 : P_STRANGE;
		case NVP_ENCODING_BIG5:
			if (a < 0xA1 || a > 0xF9)
				return P_STRANGE;
			return a <= 0xA3 ? P_PUNCTUATION : a <= 0xC5 ? P_LEVEL_1 : a <= 0xC8 ? P_EXTENSION : P_LEVEL_2;
		default:
			if (a < 0xA1 || b < 0xA1)
				return P_EXTENSION;
			return a <= 0xA3 ? P_PUNCTUATION : a <= 0xAF ? P_OTHER : a <= 0xC8 ? P_HANGUL : P_LEVEL_2;
	}
}

/* may b follow a? */
static bool
is_pair(NvpEncoding encoding, int a, int b)
{
	switch (encoding)
	{
		case NVP_ENCODING_SHIFT_JIS:
			return within(b, 0x40, 0xFC) && b != 0x7F;
		case NVP_ENCODING_EUC_JP:
			return a == 0x8E ? within(b, 0xA1, 0xDF) : within(b, 0xA1, 0xFE);
		case NVP_ENCODING_GB18030:
			return within(b, 0x40, 0xFE) && b != 0x7F;
		case NVP_ENCODING_BIG5:
			return within(b, 0x40, 0x7E) || within(b, 0xA1, 0xFE);
		default:
			return within(b, 0x41, 0x5A) || within(b, 0x61, 0x7A) || within(b, 0x81, 0xFE);
	}
}

static bool
may_begin(NvpEncoding encoding, int a)
{
	switch (encoding)
	{
		case NVP_ENCODING_SHIFT_JIS:
			return within(a, 0x81, 0x9F) || within(a, 0xE0, 0xFC);
		case NVP_ENCODING_EUC_JP:
			return within(a, 0xA1, 0xFE) || a == 0x8E || a == 0x8F;
		default:
			return within(a, 0x81, 0xFE);
	}
}

static void
add_char(NvpMultiReading *reading, double likelihood)
{
	reading->likelihood += likelihood;
	reading->chars++;
	reading->nheld = 0;
	reading->in_half = false;
}

static void
add_broken(NvpMultiReading *reading)
{
	reading->likelihood += P_BROKEN * Max(reading->nheld, 1);
	reading->broken += Max(reading->nheld, 1);
	reading->nheld = 0;
	reading->in_half = false;
}

/* begin_char takes a byte behind complete characters */
static void
begin_char(NvpMultiReading *reading, unsigned char c)
{
	if (c < 0x80)
		reading->in_half = false;
	else if (reading->encoding == NVP_ENCODING_SHIFT_JIS && within(c, 0xA1, 0xDF))
	{
		add_char(reading, reading->in_half ? P_HALF_AGAIN : P_HALF_KANA);
		reading->in_half = true;
	}
	else if (may_begin(reading->encoding, c))
		reading->held[reading->nheld++] = c;
	else
		add_broken(reading);
}

/* goes_on: the third or fourth byte of the few characters that have as many */
static bool
goes_on(const NvpMultiReading *reading, unsigned char c)
{
	if (reading->encoding == NVP_ENCODING_EUC_JP)
		return within(c, 0xA1, 0xFE);
	return reading->nheld == 2 ? within(c, 0x81, 0xFE) : within(c, '0', '9');
}

/* nvp_multi_reading_byte takes the next byte; only those beyond ASCII and those behind them are needed. */
void
nvp_multi_reading_byte(NvpMultiReading *reading, unsigned char c)
{
	int			a = reading->held[0];
	int			needed = reading->encoding == NVP_ENCODING_EUC_JP ? 3 : 4;

	if (reading->nheld == 0)
		begin_char(reading, c);
	else if (reading->nheld >= 2)
	{
		if (!goes_on(reading, c))
		{
			add_broken(reading);
			begin_char(reading, c);
		}
		else if (reading->nheld + 1 == needed)
			add_char(reading, reading->encoding == NVP_ENCODING_EUC_JP ? P_EXTENSION : P_STRANGE);
		else
			reading->held[reading->nheld++] = c;
	}
	else if ((reading->encoding == NVP_ENCODING_EUC_JP && a == 0x8F && within(c, 0xA1, 0xFE)) ||
			 (reading->encoding == NVP_ENCODING_GB18030 && within(c, '0', '9')))
		reading->held[reading->nheld++] = c;
	else if (is_pair(reading->encoding, a, c))
		add_char(reading, pair_likelihood(reading, a, c));
	else
	{
		add_broken(reading);
		begin_char(reading, c);
	}
}

/* nvp_multi_reading_judge says how likely it all was; what is often broken is something else. */
void
nvp_multi_reading_judge(const NvpMultiReading *reading, NvpLikelihood *result)
{
	int			i = reading->encoding - NVP_ENCODING_FIRST_MULTI;

	result->encoding = reading->encoding;
	result->language = traits[i].language;
	result->value = reading->likelihood + traits[i].usual;
	if (reading->chars == 0 || reading->broken * 20 > reading->chars)
		result->value = -INFINITY;
}
