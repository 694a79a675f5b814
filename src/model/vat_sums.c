/*-------------------------------------------------------------------------
 *
 * vat_sums.c
 *		Sums, dates and standard schemes that VAT numbers are checked with.
 *
 * Pure: also built outside the server (see test/unit).
 * Errors: none.
 * Source: ISO 7064 (MOD 11,10); ISO/IEC 7812-1 annex B (Luhn).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/vat.h"

/* nvp_vat_digits tells whether s is expected digits and nothing else. */
bool
nvp_vat_digits(const char *s, int n, int expected)
{
	return n == expected && nvp_ascii_all(s, n, NVP_ASCII_DIGIT);
}

/* nvp_vat_number gives the value of up to 18 digits. */
int64
nvp_vat_number(const char *s, int n)
{
	int64		number = 0;

	for (int i = 0; i < n; i++)
		number = number * 10 + (s[i] - '0');
	return number;
}

/* nvp_vat_weigh sums n digits, each times its weight. */
int
nvp_vat_weigh(const char *s, int n, const int *weights)
{
	int			sum = 0;

	for (int i = 0; i < n; i++)
		sum += (s[i] - '0') * weights[i];
	return sum;
}

/* nvp_vat_weigh_down is the same with weights first, first - 1, … */
int
nvp_vat_weigh_down(const char *s, int n, int first)
{
	int			sum = 0;

	for (int i = 0; i < n; i++)
		sum += (s[i] - '0') * (first - i);
	return sum;
}

/* nvp_vat_luhn checks digits whose last one is a Luhn digit. */
bool
nvp_vat_luhn(const char *s, int n)
{
	int			sum = 0;

	for (int i = 0; i < n; i++)
	{
		int			digit = s[n - 1 - i] - '0';

		if (i % 2 == 1)
			digit = digit * 2 - (digit > 4 ? 9 : 0);
		sum += digit;
	}
	return sum % 10 == 0;
}

/* nvp_vat_mod_11_10 checks digits whose last one is that of ISO 7064 MOD 11,10. */
bool
nvp_vat_mod_11_10(const char *s, int n)
{
	int			product = 10;

	for (int i = 0; i < n - 1; i++)
	{
		int			sum = (product + s[i] - '0') % 10;

		product = (sum == 0 ? 10 : sum) * 2 % 11;
	}
	return (product + s[n - 1] - '0') % 10 == 1;
}

/* nvp_vat_date tells whether there is such a day in the Gregorian calendar. */
bool
nvp_vat_date(int year, int month, int day)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool		leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month >= 1 && month <= 12 && day >= 1 &&
		day <= days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/*
 * nvp_vat_birth_number checks a Czech or Slovak birth number: nine digits until
 * 1953, ten with a check digit since 1954.
 */
bool
nvp_vat_birth_number(const char *s, int n)
{
	int			year = 1900 + nvp_vat_number(s, 2);
	int			month = nvp_vat_number(s + 2, 2) % 50 % 20;
	int			check;

	if (n == 9)
	{
		if (year >= 1980)
			year -= 100;
		if (year > 1953)
			return false;
	}
	else if (year < 1954)
		year += 100;
	if (!nvp_vat_date(year, month, nvp_vat_number(s + 4, 2)))
		return false;
	if (n == 9)
		return true;
	check = nvp_vat_number(s, 9) % 11;
	if (year < 1985)
		check %= 10;
	return check == s[9] - '0';
}
