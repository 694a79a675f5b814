/*-------------------------------------------------------------------------
 *
 * type_bank.c
 *		Column types bic and iban.
 *
 * Pure: also built outside the server (see test/unit).
 * Errors: returned, never thrown.
 * Source: ISO 9362:2014; ISO 13616 and the IBAN registry (data/iban.tsv);
 *		   ISO 7064 MOD 97-10.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/codes.h"
#include "model/iban_data.h"

#define BIC_MAX_CHARS	11
#define IBAN_MAX_CHARS	34

static bool
is_bic(const char *s, int n)
{
	const char	country[3] = {s[4], s[5], '\0'};

	return nvp_ascii_all(s, n, NVP_ASCII_ALNUM) && nvp_country_known(country);
}

static NvpCode
read_bic(const NvpCodeCell *in)
{
	const char *t = in->t;
	uint32		len = in->len;
	char		out[BIC_MAX_CHARS];
	int			n;

	/* a word at the start must be set off, for a BIC may begin with it */
	if (nvp_code_skip_word(&t, &len, "BIC") || nvp_code_skip_word(&t, &len, "SWIFT"))
	{
		const char *word_end = t;

		nvp_code_skip_blanks(&t, &len);
		if (len > 0 && *t == ':')
		{
			t++;
			len--;
		}
		if (t == word_end)
		{
			t = in->t;
			len = in->len;
		}
	}
	n = nvp_code_squeeze(t, len, true, "", out, sizeof(out));
	if ((n != 8 && n != BIC_MAX_CHARS) || !is_bic(out, n))
		return NVP_CODE_INVALID_BIC;
	return nvp_code_give(in, out, n);
}

/* Checks s against a structure such as 4a6n8c: n digits, a letters, c either. */
static bool
fits_structure(const char *s, int n, const char *structure)
{
	const char *end = s + n;

	while (*structure)
	{
		char	   *next;
		long		count = strtol(structure, &next, 10);
		uint8		class = *next == 'n' ? NVP_ASCII_DIGIT :
			*next == 'a' ? NVP_ASCII_LETTER : NVP_ASCII_ALNUM;

		if (count > end - s || !nvp_ascii_all(s, count, class))
			return false;
		s += count;
		structure = next + 1;
	}
	return s == end;
}

/* The remainder by 97 of the number, first four characters last, A = 10 … Z = 35. */
static int
iban_remainder(const char *s, int n)
{
	uint64		number = 0;

	for (int i = 0; i < n; i++)
	{
		char		c = i + 4 < n ? s[i + 4] : s[i + 4 - n];

		if (nvp_ascii_is(c, NVP_ASCII_DIGIT))
			number = number * 10 + (c - '0');
		else
			number = number * 100 + (c - 'A' + 10);
		if (number > PG_UINT64_MAX / 100 - 1)
			number %= 97;
	}
	return number % 97;
}

static NvpCode
read_iban(const NvpCodeCell *in)
{
	const char *t = in->t;
	uint32		len = in->len;
	char		out[IBAN_MAX_CHARS];
	const char *const *row;
	int			n;
	int			check;

	/* no country has the code IB */
	if (nvp_code_skip_word(&t, &len, "IBAN"))
	{
		nvp_code_skip_blanks(&t, &len);
		if (len > 0 && *t == ':')
		{
			t++;
			len--;
		}
	}
	n = nvp_code_squeeze(t, len, true, "-.", out, sizeof(out));
	if (n < 5)
		return NVP_CODE_INVALID_IBAN;
	row = nvp_code_find(&nvp_iban_table[0][0], NVP_IBAN_ROWS, NVP_IBAN_COLS, out, 2);
	if (row == NULL || n != atoi(row[1]) || !nvp_ascii_all(out + 2, 2, NVP_ASCII_DIGIT) ||
		!fits_structure(out + 4, n - 4, row[2]))
		return NVP_CODE_INVALID_IBAN;
	check = (out[2] - '0') * 10 + (out[3] - '0');
	if (check < 2 || check > 98 || iban_remainder(out, n) != 1)
		return NVP_CODE_IBAN_CHECKSUM;
	return nvp_code_give(in, out, n);
}

/* nvp_bic_convert converts a column of business identifier codes. */
void
nvp_bic_convert(const NvpColumn *column, const NvpCell *cells, int n,
				NvpValue *values, NvpArena *arena)
{
	nvp_code_each(column, cells, n, values, arena, false, read_bic);
}

/* nvp_iban_convert converts a column of bank account numbers. */
void
nvp_iban_convert(const NvpColumn *column, const NvpCell *cells, int n,
				 NvpValue *values, NvpArena *arena)
{
	nvp_code_each(column, cells, n, values, arena, false, read_iban);
}
