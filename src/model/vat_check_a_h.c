/*-------------------------------------------------------------------------
 *
 * vat_check_a_h.c
 *		VAT numbers of Austria to Hungary.
 *
 * Digits are called d1, d2, … in comments.
 *
 * Pure: also built outside the server (see test/unit).
 * Errors: returned.
 * Source: rules published by the national tax authorities.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/vat.h"

/* nvp_vat_check_at: U and 8 digits; even places are doubled. */
NvpVatResult
nvp_vat_check_at(const char *s, int n)
{
	int			sum = 0;

	if (n != 9 || s[0] != 'U' || !nvp_vat_digits(s + 1, n - 1, 8))
		return NVP_VAT_BAD_SHAPE;
	s++;
	for (int i = 0; i < 7; i++)
	{
		int			digit = s[i] - '0';

		if (i % 2 == 1)
			digit = digit * 2 - (digit > 4 ? 9 : 0);
		sum += digit;
	}
	return nvp_vat_result((96 - sum) % 10 == s[7] - '0');
}

/* nvp_vat_check_be: 10 digits, the last two 97 - (first eight mod 97). */
NvpVatResult
nvp_vat_check_be(const char *s, int n)
{
	int64		number;

	if (!nvp_vat_digits(s, n, 10) || s[0] > '1')
		return NVP_VAT_BAD_SHAPE;
	number = nvp_vat_number(s, 8);
	if (number == 0)
		return NVP_VAT_BAD_SHAPE;
	return nvp_vat_result(nvp_vat_number(s + 8, 2) == 97 - number % 97);
}

/* Bulgarian person number: a birth date, months shifted by century. */
static bool
is_bg_person(const char *s)
{
	static const int weights[] = {2, 4, 8, 5, 10, 9, 7, 3, 6};
	int			year = 1900 + nvp_vat_number(s, 2);
	int			month = nvp_vat_number(s + 2, 2);

	if (month > 40)
	{
		year += 100;
		month -= 40;
	}
	else if (month > 20)
	{
		year -= 100;
		month -= 20;
	}
	return nvp_vat_date(year, month, nvp_vat_number(s + 4, 2)) &&
		nvp_vat_weigh(s, 9, weights) % 11 % 10 == s[9] - '0';
}

/* nvp_vat_check_bg: 9 digits for firms, 10 for persons, foreigners and others. */
NvpVatResult
nvp_vat_check_bg(const char *s, int n)
{
	static const int firm[] = {1, 2, 3, 4, 5, 6, 7, 8};
	static const int firm_again[] = {3, 4, 5, 6, 7, 8, 9, 10};
	static const int foreigner[] = {21, 19, 17, 13, 11, 9, 7, 3, 1};
	static const int other[] = {4, 3, 2, 7, 6, 5, 4, 3, 2};
	int			check;

	if (nvp_vat_digits(s, n, 9))
	{
		check = nvp_vat_weigh(s, 8, firm) % 11;
		if (check == 10)
			check = nvp_vat_weigh(s, 8, firm_again) % 11 % 10;
		return nvp_vat_result(check == s[8] - '0');
	}
	if (!nvp_vat_digits(s, n, 10))
		return NVP_VAT_BAD_SHAPE;
	check = (11 - nvp_vat_weigh(s, 9, other) % 11) % 11;
	return nvp_vat_result(is_bg_person(s) ||
						  nvp_vat_weigh(s, 9, foreigner) % 10 == s[9] - '0' ||
						  check == s[9] - '0');
}

/* nvp_vat_check_cy: 8 digits, not starting with 12, and a check letter. */
NvpVatResult
nvp_vat_check_cy(const char *s, int n)
{
	static const int odd[] = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21};
	int			sum = 0;

	if (n != 9 || !nvp_vat_digits(s, 8, 8) || !nvp_ascii_is(s[8], NVP_ASCII_UPPER) ||
		memcmp(s, "12", 2) == 0)
		return NVP_VAT_BAD_SHAPE;
	for (int i = 0; i < 8; i++)
		sum += i % 2 == 0 ? odd[s[i] - '0'] : s[i] - '0';
	return nvp_vat_result(s[8] == 'A' + sum % 26);
}

/* Nine digits that start with 6: a special Czech number. */
static bool
is_cz_special(const char *s)
{
	int			sum = nvp_vat_weigh_down(s + 1, 7, 8) % 11;
	int			check = 8 - (10 - sum + 11) % 11;

	return (check + 10) % 10 == s[8] - '0';
}

/* nvp_vat_check_cz: 8 digits for firms, 9 or 10 for persons. */
NvpVatResult
nvp_vat_check_cz(const char *s, int n)
{
	int			check;

	if (n < 8 || n > 10 || !nvp_vat_digits(s, n, n))
		return NVP_VAT_BAD_SHAPE;
	if (n == 9 && s[0] == '6')
		return nvp_vat_result(is_cz_special(s));
	if (n > 8)
		return nvp_vat_result(nvp_vat_birth_number(s, n));
	check = (11 - nvp_vat_weigh_down(s, 7, 8) % 11) % 11;
	if (check == 0)
		check = 1;
	return nvp_vat_result(s[0] != '9' && check % 10 == s[7] - '0');
}

/* nvp_vat_check_de: 9 digits, ISO 7064 MOD 11,10. */
NvpVatResult
nvp_vat_check_de(const char *s, int n)
{
	if (!nvp_vat_digits(s, n, 9) || s[0] == '0')
		return NVP_VAT_BAD_SHAPE;
	return nvp_vat_result(nvp_vat_mod_11_10(s, n));
}

/* nvp_vat_check_dk: 8 digits, weighted sum divisible by 11. */
NvpVatResult
nvp_vat_check_dk(const char *s, int n)
{
	static const int weights[] = {2, 7, 6, 5, 4, 3, 2, 1};

	if (!nvp_vat_digits(s, n, 8) || s[0] == '0')
		return NVP_VAT_BAD_SHAPE;
	return nvp_vat_result(nvp_vat_weigh(s, n, weights) % 11 == 0);
}

/* nvp_vat_check_ee: 9 digits, weighted sum divisible by 10. */
NvpVatResult
nvp_vat_check_ee(const char *s, int n)
{
	static const int weights[] = {3, 7, 1, 3, 7, 1, 3, 7, 1};

	if (!nvp_vat_digits(s, n, 9))
		return NVP_VAT_BAD_SHAPE;
	return nvp_vat_result(nvp_vat_weigh(s, n, weights) % 10 == 0);
}

/* nvp_vat_check_el: 9 digits, powers of two as weights. */
NvpVatResult
nvp_vat_check_el(const char *s, int n)
{
	static const int weights[] = {256, 128, 64, 32, 16, 8, 4, 2};

	if (!nvp_vat_digits(s, n, 9))
		return NVP_VAT_BAD_SHAPE;
	return nvp_vat_result(nvp_vat_weigh(s, 8, weights) % 11 % 10 == s[8] - '0');
}

/* The digit that makes seven digits pass Luhn. */
static int
luhn_digit(const char *s)
{
	char		full[8];

	memcpy(full, s, 7);
	for (full[7] = '0'; !nvp_vat_luhn(full, 8); full[7]++)
		 /* one of the ten fits */ ;
	return full[7] - '0';
}

/* nvp_vat_check_es: persons have a letter of number mod 23, firms a Luhn digit or its letter. */
NvpVatResult
nvp_vat_check_es(const char *s, int n)
{
	static const char letters[] = "TRWAGMYFPDXBNJZSQVHLCKE";
	int64		number;

	if (n != 9 || !nvp_ascii_is(s[0], NVP_ASCII_ALNUM) || !nvp_vat_digits(s + 1, 7, 7) ||
		!nvp_ascii_is(s[8], NVP_ASCII_ALNUM))
		return NVP_VAT_BAD_SHAPE;
	number = nvp_vat_number(s + 1, 7);
	if (strchr("ABCDEFGHJNPQRSUVW", s[0]))
	{
		int			check = luhn_digit(s + 1);

		return nvp_vat_result(s[8] == '0' + check || s[8] == "JABCDEFGHI"[check]);
	}
	if (nvp_ascii_is(s[0], NVP_ASCII_DIGIT))
		number += (s[0] - '0') * INT64CONST(10000000);
	else if (s[0] >= 'X' && s[0] <= 'Z')
		number += (s[0] - 'X') * INT64CONST(10000000);
	else if (s[0] < 'K' || s[0] > 'M')
		return NVP_VAT_BAD_SUM;
	return nvp_vat_result(s[8] == letters[number % 23]);
}

/* nvp_vat_check_fi: 8 digits, weighted sum divisible by 11. */
NvpVatResult
nvp_vat_check_fi(const char *s, int n)
{
	static const int weights[] = {7, 9, 10, 5, 8, 4, 2, 1};

	if (!nvp_vat_digits(s, n, 8))
		return NVP_VAT_BAD_SHAPE;
	return nvp_vat_result(nvp_vat_weigh(s, n, weights) % 11 == 0);
}

/* Place of a character in 0-9 and A-Z without I and O, or -1. */
static int
fr_value(char c)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
	const char *p = strchr(alphabet, c);

	return p ? p - alphabet : -1;
}

/*
 * nvp_vat_check_fr: two check characters and a SIREN of 9 digits, which has a
 * Luhn digit itself (in Monaco, 000…, it has not).
 */
NvpVatResult
nvp_vat_check_fr(const char *s, int n)
{
	int			a = n == 11 ? fr_value(s[0]) : -1;
	int			b = n == 11 ? fr_value(s[1]) : -1;
	int64		siren;
	int			key;

	if (a < 0 || b < 0 || !nvp_vat_digits(s + 2, n - 2, 9))
		return NVP_VAT_BAD_SHAPE;
	if (memcmp(s + 2, "000", 3) != 0 && !nvp_vat_luhn(s + 2, 9))
		return NVP_VAT_BAD_SUM;
	siren = nvp_vat_number(s + 2, 9);
	if (a < 10 && b < 10)
		return nvp_vat_result(a * 10 + b == (siren * 100 + 12) % 97);
	key = a < 10 ? 24 * a + b - 10 : 34 * a + b - 100;
	return nvp_vat_result((siren + 1 + key / 11) % 11 == key % 11);
}

/* nvp_vat_check_hr: 11 digits, ISO 7064 MOD 11,10. */
NvpVatResult
nvp_vat_check_hr(const char *s, int n)
{
	if (!nvp_vat_digits(s, n, 11))
		return NVP_VAT_BAD_SHAPE;
	return nvp_vat_result(nvp_vat_mod_11_10(s, n));
}

/* nvp_vat_check_hu: 8 digits, weighted sum divisible by 10. */
NvpVatResult
nvp_vat_check_hu(const char *s, int n)
{
	static const int weights[] = {9, 7, 3, 1, 9, 7, 3, 1};

	if (!nvp_vat_digits(s, n, 8))
		return NVP_VAT_BAD_SHAPE;
	return nvp_vat_result(nvp_vat_weigh(s, n, weights) % 10 == 0);
}
