/*-------------------------------------------------------------------------
 *
 * vat_check_i_x.c
 *		VAT numbers of Ireland to Slovakia, and of Northern Ireland (XI).
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

static bool
is_a_to_w(char c)
{
	return c >= 'A' && c <= 'W';
}

/* The check letter of seven digits and an optional second letter. */
static char
ie_letter(const char digits[7], char second)
{
	int			sum = nvp_vat_weigh_down(digits, 7, 8);

	if (second != '\0')
		sum += 9 * (second == 'W' ? 0 : second - 'A' + 1);
	return "WABCDEFGHIJKLMNOPQRSTUV"[sum % 23];
}

/* nvp_vat_check_ie: 7 digits and one or two letters; the old form has a sign in second place. */
NvpVatResult
nvp_vat_check_ie(const char *s, int n)
{
	char		old[7];

	if ((n == 8 || n == 9) && nvp_vat_digits(s, 7, 7) && is_a_to_w(s[7]) &&
		(n == 8 || is_a_to_w(s[8])))
		return nvp_vat_result(s[7] == ie_letter(s, n == 9 ? s[8] : '\0'));
	if (n != 8 || !nvp_ascii_is(s[0], NVP_ASCII_DIGIT) ||
		!(nvp_ascii_is(s[1], NVP_ASCII_UPPER) || s[1] == '+' || s[1] == '*') ||
		!nvp_vat_digits(s + 2, 5, 5) || !is_a_to_w(s[7]))
		return NVP_VAT_BAD_SHAPE;
	old[0] = '0';
	memcpy(old + 1, s + 2, 5);
	old[6] = s[0];
	return nvp_vat_result(s[7] == ie_letter(old, '\0'));
}

/* nvp_vat_check_it: 7 digits, the province office, a Luhn digit. */
NvpVatResult
nvp_vat_check_it(const char *s, int n)
{
	int			office;

	if (!nvp_vat_digits(s, n, 11) || nvp_vat_number(s, 7) == 0)
		return NVP_VAT_BAD_SHAPE;
	office = nvp_vat_number(s + 7, 3);
	if (!((office >= 1 && office <= 100) || office == 120 || office == 121 ||
		  office == 888 || office == 999))
		return NVP_VAT_BAD_SHAPE;
	return nvp_vat_result(nvp_vat_luhn(s, n));
}

/* Weights start at first and run 1 to 9 again and again. */
static int
lt_sum(const char *s, int n, int first)
{
	int			sum = 0;

	for (int i = 0; i < n; i++)
		sum += (s[i] - '0') * (1 + (first - 1 + i) % 9);
	return sum % 11;
}

/* nvp_vat_check_lt: 9 or 12 digits, the last but one is 1. */
NvpVatResult
nvp_vat_check_lt(const char *s, int n)
{
	int			check;

	if ((n != 9 && n != 12) || !nvp_vat_digits(s, n, n) || s[n - 2] != '1')
		return NVP_VAT_BAD_SHAPE;
	check = lt_sum(s, n - 1, 1);
	if (check == 10)
		check = lt_sum(s, n - 1, 3) % 10;
	return nvp_vat_result(check == s[n - 1] - '0');
}

/* nvp_vat_check_lu: 8 digits, the first six mod 89 are the last two. */
NvpVatResult
nvp_vat_check_lu(const char *s, int n)
{
	if (!nvp_vat_digits(s, n, 8))
		return NVP_VAT_BAD_SHAPE;
	return nvp_vat_result(nvp_vat_number(s, 6) % 89 == nvp_vat_number(s + 6, 2));
}

/* Latvian persons: a birth date with its century in d7; since 2017 no date but 32. */
static bool
is_lv_person(const char *s)
{
	static const int weights[] = {10, 5, 8, 4, 2, 1, 6, 3, 7, 9};
	int			year = 1800 + 100 * (s[6] - '0') + nvp_vat_number(s + 4, 2);

	if (memcmp(s, "32", 2) != 0 &&
		!nvp_vat_date(year, nvp_vat_number(s + 2, 2), nvp_vat_number(s, 2)))
		return false;
	return (1 + nvp_vat_weigh(s, 10, weights)) % 11 % 10 == s[10] - '0';
}

/* nvp_vat_check_lv: 11 digits, firms start with 4 to 9. */
NvpVatResult
nvp_vat_check_lv(const char *s, int n)
{
	static const int weights[] = {9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1};

	if (!nvp_vat_digits(s, n, 11))
		return NVP_VAT_BAD_SHAPE;
	if (s[0] > '3')
		return nvp_vat_result(nvp_vat_weigh(s, n, weights) % 11 == 3);
	return nvp_vat_result(is_lv_person(s));
}

/* nvp_vat_check_mt: 8 digits, weighted sum divisible by 37. */
NvpVatResult
nvp_vat_check_mt(const char *s, int n)
{
	static const int weights[] = {3, 4, 6, 7, 8, 9, 10, 1};

	if (!nvp_vat_digits(s, n, 8) || s[0] == '0')
		return NVP_VAT_BAD_SHAPE;
	return nvp_vat_result(nvp_vat_weigh(s, n, weights) % 37 == 0);
}

/* ISO 7064 MOD 97-10 over NL and the number, A = 10 … Z = 35. */
static int
nl_remainder(const char *s, int n)
{
	int			remainder = 2321;	/* N, L */

	for (int i = 0; i < n; i++)
	{
		if (nvp_ascii_is(s[i], NVP_ASCII_DIGIT))
			remainder = (remainder * 10 + s[i] - '0') % 97;
		else
			remainder = (remainder * 100 + s[i] - 'A' + 10) % 97;
	}
	return remainder;
}

/* nvp_vat_check_nl: 9 digits, B, 2 digits; firms sum by 11, sole traders by 97. */
NvpVatResult
nvp_vat_check_nl(const char *s, int n)
{
	static const int weights[] = {9, 8, 7, 6, 5, 4, 3, 2, -1};

	if (n != 12 || !nvp_vat_digits(s, 9, 9) || s[9] != 'B' || !nvp_vat_digits(s + 10, 2, 2) ||
		nvp_vat_number(s + 10, 2) == 0 || nvp_vat_number(s, 9) == 0)
		return NVP_VAT_BAD_SHAPE;
	return nvp_vat_result(nvp_vat_weigh(s, 9, weights) % 11 == 0 || nl_remainder(s, n) == 1);
}

/* nvp_vat_check_pl: 10 digits; a remainder of 10 fits no digit. */
NvpVatResult
nvp_vat_check_pl(const char *s, int n)
{
	static const int weights[] = {6, 5, 7, 2, 3, 4, 5, 6, 7};

	if (!nvp_vat_digits(s, n, 10))
		return NVP_VAT_BAD_SHAPE;
	return nvp_vat_result(nvp_vat_weigh(s, 9, weights) % 11 == s[9] - '0');
}

/* nvp_vat_check_pt: 9 digits, weights 9 to 2 mod 11. */
NvpVatResult
nvp_vat_check_pt(const char *s, int n)
{
	if (!nvp_vat_digits(s, n, 9) || s[0] == '0')
		return NVP_VAT_BAD_SHAPE;
	return nvp_vat_result((11 - nvp_vat_weigh_down(s, 8, 9) % 11) % 11 % 10 == s[8] - '0');
}

/* nvp_vat_check_ro: 2 to 10 digits, weighted from the right. */
NvpVatResult
nvp_vat_check_ro(const char *s, int n)
{
	static const int weights[] = {7, 5, 3, 2, 1, 7, 5, 3, 2};
	int			sum;

	if (n < 2 || n > 10 || !nvp_vat_digits(s, n, n) || s[0] == '0')
		return NVP_VAT_BAD_SHAPE;
	sum = nvp_vat_weigh(s, n - 1, weights + (10 - n));
	return nvp_vat_result(sum * 10 % 11 % 10 == s[n - 1] - '0');
}

/* nvp_vat_check_se: 10 digits that pass Luhn, then 01. */
NvpVatResult
nvp_vat_check_se(const char *s, int n)
{
	if (!nvp_vat_digits(s, n, 12) || memcmp(s + 10, "01", 2) != 0)
		return NVP_VAT_BAD_SHAPE;
	return nvp_vat_result(nvp_vat_luhn(s, 10));
}

/* nvp_vat_check_si: 8 digits, weights 8 to 2 mod 11; a check of 11 is never given. */
NvpVatResult
nvp_vat_check_si(const char *s, int n)
{
	int			check;

	if (!nvp_vat_digits(s, n, 8) || s[0] == '0')
		return NVP_VAT_BAD_SHAPE;
	check = 11 - nvp_vat_weigh_down(s, 7, 8) % 11;
	return nvp_vat_result(check != 11 && check % 10 == s[7] - '0');
}

/* nvp_vat_check_sk: 10 digits divisible by 11, or a birth number. */
NvpVatResult
nvp_vat_check_sk(const char *s, int n)
{
	if (!nvp_vat_digits(s, n, 10))
		return NVP_VAT_BAD_SHAPE;
	if (s[0] != '0' && memchr("234789", s[2], 6) && nvp_vat_number(s, n) % 11 == 0)
		return NVP_VAT_FITS;
	return nvp_vat_result(nvp_vat_birth_number(s, n));
}

/* GD and HA: departments and health authorities, by range only. */
static bool
is_xi_office(const char *s, int n)
{
	int			number;

	if (n != 5 || !nvp_vat_digits(s + 2, 3, 3))
		return false;
	number = nvp_vat_number(s + 2, 3);
	return memcmp(s, "GD", 2) == 0 ? number < 500 : memcmp(s, "HA", 2) == 0 && number >= 500;
}

/* nvp_vat_check_xi: 9 digits, with 3 more for branches, mod 97 in three versions; or an office. */
NvpVatResult
nvp_vat_check_xi(const char *s, int n)
{
	static const int weights[] = {8, 7, 6, 5, 4, 3, 2, 10, 1};
	int			sum;

	if (is_xi_office(s, n))
		return NVP_VAT_FITS;
	if ((n != 9 && n != 12) || !nvp_vat_digits(s, n, n))
		return NVP_VAT_BAD_SHAPE;
	sum = nvp_vat_weigh(s, 9, weights) % 97;
	return nvp_vat_result(sum == 0 ||
						  (nvp_vat_number(s, 3) >= 100 && (sum == 42 || sum == 55)));
}
