/*-------------------------------------------------------------------------
 *
 * type_iso.c
 *		Column types country_code_*, currency_code and language_code.
 *
 * Lists of codes of two or three letters become a set of bits when the column
 * is prepared: a cell costs a few nanoseconds, whatever the list.
 *
 * Memory: the set (2.2 kB) lives in the model.
 * Pure: also built outside the server (see test/unit).
 * Errors: returned, never thrown.
 * Source: ISO 3166-1, ISO 4217, ISO 639 (data/countries.tsv, currencies.tsv,
 *		   languages.tsv).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/codes.h"
#include "model/countries_data.h"
#include "model/currencies_data.h"
#include "model/languages_data.h"

#define LETTERS_MAX	3
#define LETTERS_CODES	(26 * 26 * 26)

/* codes of one length */
typedef struct LetterSet
{
	int			length;			/* letters of each code; 0 = BCP 47 tags, no set */
	bool		lower;			/* standard case */
	uint8		bits[LETTERS_CODES / 8 + 1];
} LetterSet;

/* The place of a code in the set, or -1 if it is not all letters. */
static int
letters_index(const char *code, int length)
{
	int			index = 0;

	for (int i = 0; i < length; i++)
	{
		if (!nvp_ascii_is(code[i], NVP_ASCII_LETTER))
			return -1;
		index = index * 26 + (code[i] | 32) - 'a';
	}
	return index;
}

static LetterSet *
make_set(NvpColumn *column, int length, bool lower)
{
	LetterSet  *set = palloc0(sizeof(LetterSet));

	set->length = length;
	set->lower = lower;
	column->state = set;
	return set;
}

static void
add_code(LetterSet *set, const char *code)
{
	int			index = letters_index(code, set->length);

	if (index >= 0)
		set->bits[index / 8] |= 1 << index % 8;
}

/* nvp_country_alpha_2_prepare fills the set of two-letter country codes. */
const char *
nvp_country_alpha_2_prepare(NvpColumn *column)
{
	LetterSet  *set = make_set(column, 2, false);

	for (int i = 0; i < NVP_COUNTRIES_ROWS; i++)
		add_code(set, nvp_countries_table[i][0]);
	return NULL;
}

/* nvp_country_alpha_3_prepare fills the set of three-letter country codes. */
const char *
nvp_country_alpha_3_prepare(NvpColumn *column)
{
	LetterSet  *set = make_set(column, 3, false);

	for (int i = 0; i < NVP_COUNTRIES_ROWS; i++)
		add_code(set, nvp_countries_table[i][1]);
	return NULL;
}

/* nvp_currency_code_prepare fills the set of currency codes; withdrawn ones on demand. */
const char *
nvp_currency_code_prepare(NvpColumn *column)
{
	LetterSet  *set = make_set(column, 3, false);

	for (int i = 0; i < NVP_CURRENCIES_ROWS; i++)
	{
		if (nvp_currencies_table[i][2][0] == 'A' || column->allow_withdrawn)
			add_code(set, nvp_currencies_table[i][0]);
	}
	return NULL;
}

/* nvp_language_prepare fills the set of option standard. */
const char *
nvp_language_prepare(NvpColumn *column)
{
	bool		is_alpha_3 = strcmp(column->standard, "639-3") == 0;
	LetterSet  *set;

	if (strcmp(column->standard, "bcp47") == 0)
	{
		make_set(column, 0, true);
		return NULL;
	}
	if (!is_alpha_3 && strcmp(column->standard, "639-1") != 0)
		return "standard must be 639-1, 639-3 or bcp47";
	set = make_set(column, is_alpha_3 ? 3 : 2, true);
	for (int i = 0; i < NVP_LANGUAGES_ROWS; i++)
		add_code(set, nvp_languages_table[i][is_alpha_3 ? 0 : 1]);
	return NULL;
}

/* nvp_country_known tells whether two capitals are a country code. */
bool
nvp_country_known(const char *alpha2)
{
	return nvp_code_find(&nvp_countries_table[0][0], NVP_COUNTRIES_ROWS,
						 NVP_COUNTRIES_COLS, alpha2, 2) != NULL;
}

/* nvp_country_of_number gives the two-letter code of a numeric one, or NULL. */
const char *
nvp_country_of_number(const char *number)
{
	for (int i = 0; i < NVP_COUNTRIES_ROWS; i++)
	{
		if (memcmp(nvp_countries_table[i][2], number, 3) == 0)
			return nvp_countries_table[i][0];
	}
	return NULL;
}

/*
 * nvp_language_known tells whether three lower-case letters are a code of ISO
 * 639-3, and gives its two-letter code; "-" if there is none.
 */
bool
nvp_language_known(const char *alpha3, const char **alpha2)
{
	const char *const *row = nvp_code_find(&nvp_languages_table[0][0], NVP_LANGUAGES_ROWS,
										   NVP_LANGUAGES_COLS, alpha3, 3);

	if (row != NULL)
		*alpha2 = row[1];
	return row != NULL;
}

static inline NvpCode
read_letters(const NvpCodeCell *in)
{
	const LetterSet *set = in->column->state;
	char		out[LETTERS_MAX];
	int			index;

	if (in->len != set->length || (index = letters_index(in->t, set->length)) < 0 ||
		(set->bits[index / 8] >> index % 8 & 1) == 0)
		return in->column->type->code;
	for (int i = 0; i < set->length; i++)
		out[i] = set->lower ? nvp_ascii_lower(in->t[i]) : nvp_ascii_upper(in->t[i]);
	return nvp_code_give(in, out, set->length);
}

static NvpCode
read_language_code(const NvpCodeCell *in)
{
	const LetterSet *set = in->column->state;
	char		out[NVP_LANGUAGE_TAG_MAX];
	int			n;

	if (set->length > 0)
		return read_letters(in);
	n = nvp_language_tag(in->t, in->len, out);
	return n > 0 ? nvp_code_give(in, out, n) : NVP_CODE_INVALID_LANGUAGE_CODE;
}

/* nvp_letters_convert converts a column of country or currency codes. */
void
nvp_letters_convert(const NvpColumn *column, const NvpCell *cells, int n,
					NvpValue *values, NvpArena *arena)
{
	nvp_code_each(column, cells, n, values, arena, false, read_letters);
}

/* nvp_language_code_convert converts a column of language codes or tags. */
void
nvp_language_code_convert(const NvpColumn *column, const NvpCell *cells, int n,
						  NvpValue *values, NvpArena *arena)
{
	nvp_code_each(column, cells, n, values, arena, false, read_language_code);
}
