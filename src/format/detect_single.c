/*-------------------------------------------------------------------------
 *
 * detect_single.c
 *		How likely are bytes as text in an encoding of one byte a character?
 *
 * Two things are asked of each encoding.  Are the characters those of a language
 * it is used for (letters.tsv)?  And do they stand where such characters stand:
 * a letter among letters of its own script, a capital where a word begins, a
 * sign not in the middle of a word?  The answers are added up as logarithms of
 * probabilities, and with them how often the encoding is met at all.
 *
 * Encodings that make the same text of the bytes in hand are not told apart, for
 * there is nothing to tell; the most usual of them stands for all.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "format/detect_impl.h"
#include "format/letters_data.h"

/* what a character is, and what it may stand beside */
typedef enum CharClass
{
	CLASS_BOUNDARY,				/* blanks, punctuation */
	CLASS_DIGIT,
	CLASS_LOWER,				/* a letter that is no capital */
	CLASS_UPPER,
	CLASS_SIGN,					/* other characters that are printed */
	CLASS_WRONG					/* control characters, or none at all */
} CharClass;

typedef enum Script
{
	SCRIPT_NONE,
	SCRIPT_LATIN,
	SCRIPT_GREEK,
	SCRIPT_CYRILLIC,
	SCRIPT_OTHER
} Script;

typedef struct CharInfo
{
	uint8		class;
	uint8		script;
	bool		is_ascii;
	float		seldom;			/* logarithm of how often it occurs in a language it is no letter of */
} CharInfo;

/* whose languages an encoding was made for, and how often it is met, as a logarithm */
typedef struct Trait
{
	char		group;			/* western, central, baltic, ... as in letters.tsv */
	float		usual;
} Trait;

static const Trait traits[NVP_SINGLE_COUNT] = {
#define TRAIT(encoding)	[NVP_ENCODING_##encoding - NVP_ENCODING_FIRST_SINGLE]
	TRAIT(WINDOWS1250) = {'C', -2.5}, TRAIT(WINDOWS1251) = {'Y', -1.5}, TRAIT(WINDOWS1252) = {'W', 0},
	TRAIT(WINDOWS1253) = {'G', -2.5}, TRAIT(WINDOWS1254) = {'T', -3}, TRAIT(WINDOWS1255) = {'H', -2},
	TRAIT(WINDOWS1256) = {'A', -2}, TRAIT(WINDOWS1257) = {'B', -3.5}, TRAIT(WINDOWS1258) = {'V', -4},
	TRAIT(WINDOWS874) = {'S', -2.5},
	TRAIT(ISO8859_1) = {'W', -1.5}, TRAIT(ISO8859_2) = {'C', -4}, TRAIT(ISO8859_3) = {'M', -6},
	TRAIT(ISO8859_4) = {'B', -7}, TRAIT(ISO8859_5) = {'Y', -4}, TRAIT(ISO8859_6) = {'A', -4},
	TRAIT(ISO8859_7) = {'G', -4}, TRAIT(ISO8859_8) = {'H', -4}, TRAIT(ISO8859_9) = {'T', -4.5},
	TRAIT(ISO8859_10) = {'B', -8}, TRAIT(ISO8859_11) = {'S', -4}, TRAIT(ISO8859_13) = {'B', -5.5},
	TRAIT(ISO8859_14) = {'K', -7}, TRAIT(ISO8859_15) = {'W', -2}, TRAIT(ISO8859_16) = {'C', -7},
	TRAIT(MACINTOSH) = {'W', -3}, TRAIT(MAC_CE) = {'C', -6}, TRAIT(MAC_CYRILLIC) = {'Y', -5},
	TRAIT(IBM437) = {'W', -4}, TRAIT(IBM850) = {'W', -3}, TRAIT(IBM852) = {'C', -5},
	TRAIT(IBM858) = {'W', -5}, TRAIT(IBM866) = {'Y', -3}, TRAIT(KOI8_R) = {'Y', -2}, TRAIT(KOI8_U) = {'Y', -3}
#undef TRAIT
};

#define FOREIGN		(-3.0)		/* a language the encoding was not made for */
#define ONE_LANGUAGE	0.07	/* share of letters of other languages: there are names of other countries */
#define MANY_LANGUAGES	0.5		/* the same where that is what the table is about */
#define MANY			(-1.0)	/* which is less usual */

static bool
within(uint32 code, uint32 from, uint32 to)
{
	return code >= from && code <= to;
}

/* is_upper_latin: capitals and small letters take turns in most of these blocks */
static bool
is_upper_latin(uint32 code)
{
	if (code <= 0xFF)
		return within(code, 0xC0, 0xDE);
	if (within(code, 0x139, 0x148) || within(code, 0x179, 0x17E))
		return (code & 1) == 1;
	return code == 0x178 || ((code & 1) == 0 && code != 0x138);
}

static void
class_letter(uint32 code, CharInfo *info)
{
	if (within(code, 0xC0, 0x24F) && code != 0xD7 && code != 0xF7)
	{
		info->script = SCRIPT_LATIN;
		info->class = is_upper_latin(code) ? CLASS_UPPER : CLASS_LOWER;
	}
	else if (within(code, 0x386, 0x3CE) && code != 0x387)
	{
		info->script = SCRIPT_GREEK;
		info->class = (code <= 0x3AB && code != 0x390) ? CLASS_UPPER : CLASS_LOWER;
	}
	else if (within(code, 0x401, 0x491))
	{
		info->script = SCRIPT_CYRILLIC;
		info->class = (code <= 0x42F || code == 0x490) ? CLASS_UPPER : CLASS_LOWER;
	}
	else if (within(code, 0x5B0, 0x6FF) || within(code, 0xE01, 0xE5B) || within(code, 0x300, 0x323))
	{
		/* Hebrew, Arabic, Thai; marks that join the letter before */
		info->script = within(code, 0x300, 0x323) ? SCRIPT_NONE : SCRIPT_OTHER;
		info->class = (within(code, 0x660, 0x669) || within(code, 0xE50, 0xE59)) ? CLASS_DIGIT : CLASS_LOWER;
	}
	info->seldom = -11.5;
}

/* class_sign tells the marks of type setters and office programs from the others */
static void
class_sign(uint32 code, CharInfo *info)
{
	static const uint16 good[] = {
		0xA0, 0xA3, 0xA7, 0xA9, 0xAB, 0xAE, 0xB0, 0xB1, 0xB2, 0xB3, 0xB4, 0xB5, 0xB7, 0xBA, 0xAA, 0xBB, 0xBC, 0xBD, 0xBF, 0xA1,
		0xD7, 0x2013, 0x2014, 0x2018, 0x2019, 0x201A, 0x201C, 0x201D, 0x201E, 0x2022, 0x2026, 0x20AC, 0x2116, 0x2122
	};

	info->class = CLASS_SIGN;
	info->seldom = (code >= 0x2500 && code < 0x2600) ? -13.0 : -9.5;
	for (int i = 0; i < lengthof(good); i++)
		if (good[i] == code)
			info->seldom = code == 0x20AC ? -5.0 : -7.0;
	/* blanks, dashes, quotes and apostrophes stand between words and within them */
	if (code == 0xA0 || code == 0xAD || code == 0xB7 || within(code, 0x2010, 0x201F) || code == 0x60C || code == 0x61B)
		info->class = CLASS_BOUNDARY;
}

static CharInfo
info_of(uint32 code)
{
	CharInfo	info = {CLASS_BOUNDARY, SCRIPT_NONE, code < 0x80, 0};

	if (code < 0x80)
	{
		if (code >= '0' && code <= '9')
			info.class = CLASS_DIGIT;
		else if (within(code | 0x20, 'a', 'z'))
		{
			info.class = code < 'a' ? CLASS_UPPER : CLASS_LOWER;
			info.script = SCRIPT_LATIN;
		}
		return info;
	}
	if (code < 0xA0)
	{
		info.class = CLASS_WRONG;
		info.seldom = -16.0;
		return info;
	}
	info.class = CLASS_SIGN;
	class_letter(code, &info);
	if (info.class == CLASS_SIGN)
		class_sign(code, &info);
	return info;
}

/* is_letter for both cases */
static bool
is_letter(CharInfo info)
{
	return info.class == CLASS_LOWER || info.class == CLASS_UPPER;
}

/* pair_penalty is the logarithm of how likely b stands behind a, against the usual */
static float
pair_penalty(CharInfo a, CharInfo b)
{
	float		penalty = 0;

	if (is_letter(a) && is_letter(b))
	{
		if (a.script != b.script && a.script != SCRIPT_NONE && b.script != SCRIPT_NONE)
			return -5.0;
		if (a.class == CLASS_LOWER && b.class == CLASS_UPPER)
			penalty -= 4.0;
		if (a.class == CLASS_UPPER && b.class == CLASS_UPPER)
			penalty -= 0.5;
		/* letters with marks keep apart */
		if (a.script == SCRIPT_LATIN && b.script == SCRIPT_LATIN && !a.is_ascii && !b.is_ascii)
			penalty -= 1.5;
		return penalty;
	}
	/* words seldom end with a capital; those of capitals only are few */
	if (a.class == CLASS_UPPER && !a.is_ascii && !is_letter(b))
		penalty -= 1.5;
	if (a.class == CLASS_SIGN && b.class == CLASS_SIGN)
		return -1.0;
	if ((is_letter(a) && b.class == CLASS_SIGN) || (a.class == CLASS_SIGN && is_letter(b)))
		return penalty - 1.5;
	if ((is_letter(a) && b.class == CLASS_DIGIT) || (a.class == CLASS_DIGIT && is_letter(b)))
		return penalty - 1.0;
	return penalty;
}

/* ---- languages -------------------------------------------------------------- */

static uint32
next_code(const char **p)
{
	const unsigned char *u = (const unsigned char *) *p;

	if (u[0] < 0xE0)
	{
		*p += 2;
		return (u[0] & 31) << 6 | (u[1] & 63);
	}
	*p += 3;
	return (u[0] & 15) << 12 | (u[1] & 63) << 6 | (u[2] & 63);
}

#define MOST_LETTERS	160

/* a language of letters.tsv, taken apart */
typedef struct Language
{
	const char *name;
	char		group;
	int			n;
	uint16		codes[MOST_LETTERS];
	double		shares[MOST_LETTERS];	/* of the letters beyond ASCII */
} Language;

static void
read_language(const char *const *row, Language *language)
{
	const char *letters = row[3];
	const char *weights = row[4];

	language->name = row[1];
	language->group = row[2][0];
	language->n = 0;
	while (*letters && language->n < MOST_LETTERS)
	{
		language->codes[language->n] = next_code(&letters);
		language->shares[language->n++] = strtol(weights, unconstify(char **, &weights), 10) / 10000.0;
	}
}

#define MOST_CODE		0x2300	/* letters and the signs of typesetters are below */

/*
 * language_shares says how often each of the bytes 80 to FF occurs where the
 * text is of a language; returns the share of its letters the encoding has.
 */
static double
language_shares(const Language *language, const uint8 *bytes, double shares[128])
{
	double		covered = 0;

	memset(shares, 0, sizeof(double) * 128);
	for (int i = 0; i < language->n; i++)
	{
		uint32		code = language->codes[i];
		int			byte = code < MOST_CODE ? bytes[code] : 0;

		if (byte == 0)
			continue;
		shares[byte - 128] = language->shares[i];
		covered += language->shares[i];
	}
	return covered;
}

/* likelihood_in adds up the characters as letters of a language, with some of others among them */
static double
likelihood_in(const double shares[128], const double mixed[128], double others,
			  const CharInfo *infos, const uint64 *high)
{
	double		sum = 0;

	for (int i = 0; i < 128; i++)
	{
		double		share = shares[i] * (1.0 - others) + mixed[i] * others;

		if (high[i] > 0)
			sum += high[i] * Max(share > 0 ? log(share * 0.97) : -INFINITY, (double) infos[128 + i].seldom);
	}
	return sum;
}

/* judge_languages finds the language that fits best */
static double
judge_languages(const NvpBytePairs *pairs, const Language *languages, const uint16 *table, const CharInfo *infos,
				char group, const char **language)
{
	double		shares[NVP_LETTERS_ROWS][128];
	uint8		bytes[MOST_CODE] = {0};
	double		mixed[128] = {0};
	bool		fits[NVP_LETTERS_ROWS];
	double		best = -INFINITY;
	int			n = 0;

	for (int i = 0; i < 128; i++)
		if (table[i] < MOST_CODE)
			bytes[table[i]] = 128 + i;
	for (int row = 0; row < NVP_LETTERS_ROWS; row++)
	{
		fits[row] = language_shares(&languages[row], bytes, shares[row]) >= 0.97;
		if (!fits[row] || languages[row].group != group)
			continue;
		for (int i = 0; i < 128; i++)
			mixed[i] += shares[row][i];
		n++;
	}
	for (int i = 0; i < 128; i++)
		mixed[i] /= Max(n, 1);
	for (int row = 0; row < NVP_LETTERS_ROWS; row++)
	{
		double		value;

		if (!fits[row])
			continue;
		value = Max(likelihood_in(shares[row], mixed, ONE_LANGUAGE, infos, pairs->high),
					likelihood_in(shares[row], mixed, MANY_LANGUAGES, infos, pairs->high) + MANY);
		if (languages[row].group != group)
			value += FOREIGN;
		if (value > best)
		{
			best = value;
			*language = languages[row].name;
		}
	}
	return best;
}

static void
judge_encoding(const NvpBytePairs *pairs, const Language *languages, NvpEncoding encoding, NvpLikelihood *result)
{
	const Trait *trait = &traits[encoding - NVP_ENCODING_FIRST_SINGLE];
	uint16		table[128];
	CharInfo	infos[256];
	double		penalties = 0;

	nvp_encoding_table(encoding, table);
	for (int i = 0; i < 256; i++)
		infos[i] = info_of(i < 128 ? i : table[i - 128] ? table[i - 128] : 0x80);
	for (int i = 0; i < pairs->nseen; i++)
	{
		int			a = pairs->seen[i] >> 8;
		int			b = pairs->seen[i] & 0xFF;

		penalties += pairs->counts[a][b] * (double) pair_penalty(infos[a], infos[b]);
	}
	result->encoding = encoding;
	result->language = NULL;
	result->value = judge_languages(pairs, languages, table, infos, trait->group, &result->language) +
		penalties + trait->usual;
}

/* nvp_detect_singles judges all encodings of one byte; results has room for NVP_SINGLE_COUNT. */
void
nvp_detect_singles(const NvpBytePairs *pairs, NvpLikelihood *results)
{
	Language   *languages = palloc(sizeof(Language) * NVP_LETTERS_ROWS);

	for (int row = 0; row < NVP_LETTERS_ROWS; row++)
		read_language(nvp_letters_table[row], &languages[row]);
	for (int i = 0; i < NVP_SINGLE_COUNT; i++)
		judge_encoding(pairs, languages, NVP_ENCODING_FIRST_SINGLE + i, &results[i]);
	pfree(languages);
}

/* nvp_same_text tells whether two encodings make the same of the bytes that occur. */
bool
nvp_same_text(const NvpBytePairs *pairs, NvpEncoding a, NvpEncoding b)
{
	uint16		table_a[128];
	uint16		table_b[128];

	nvp_encoding_table(a, table_a);
	nvp_encoding_table(b, table_b);
	for (int i = 0; i < 128; i++)
		if (pairs->high[i] > 0 && table_a[i] != table_b[i])
			return false;
	return true;
}
