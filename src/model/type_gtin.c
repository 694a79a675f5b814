/*-------------------------------------------------------------------------
 *
 * type_gtin.c
 *		Column type gtin: trade item numbers of 8, 12, 13 or 14 digits.
 *
 * Pure: also built outside the server (see test/unit).
 * Errors: returned, never thrown.
 * Source: GS1 General Specifications, check digit calculation.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/codes.h"

#define GTIN_MAX_DIGITS	14

static bool
is_gtin_length(int n)
{
	return n == 8 || (n >= 12 && n <= GTIN_MAX_DIGITS);
}

/* Weights 1, 3, 1, … from the right; the sum with the check digit ends in 0. */
static bool
check_digit_fits(const char *digits, int n)
{
	int			sum = 0;

	for (int i = 0; i < n; i++)
		sum += (digits[n - 1 - i] - '0') * (i % 2 ? 3 : 1);
	return sum % 10 == 0;
}

/* A typed number has lost its leading zeros; it gets those of the next length. */
static int
pad_typed(const NvpCell *cell, char *out)
{
	char		digits[GTIN_MAX_DIGITS];
	int			n = nvp_code_integer(cell, digits, GTIN_MAX_DIGITS);
	int			length = n;

	if (n < 0)
		return -1;
	while (!is_gtin_length(length))
		length++;
	memset(out, '0', length - n);
	memcpy(out + length - n, digits, n);
	return length;
}

static NvpCode
read_gtin(const NvpCodeCell *in)
{
	char		mapped[256];
	char		out[GTIN_MAX_DIGITS];
	int			n;

	if (in->cell->kind == NVP_CELL_NUMBER)
		n = pad_typed(in->cell, out);
	else if (in->len > sizeof(mapped) || (n = nvp_code_digits(in->t, in->len, mapped)) < 0)
		return NVP_CODE_INVALID_GTIN;
	else
		n = nvp_code_squeeze(mapped, n, false, "-", out, sizeof(out));
	if (n < 0 || !is_gtin_length(n) || !nvp_ascii_all(out, n, NVP_ASCII_DIGIT) ||
		memcmp(out, "00000000000000", n) == 0)
		return NVP_CODE_INVALID_GTIN;
	if (!check_digit_fits(out, n))
		return NVP_CODE_GTIN_CHECKSUM;
	return nvp_code_give(in, out, n);
}

/* nvp_gtin_convert converts a column of trade item numbers. */
void
nvp_gtin_convert(const NvpColumn *column, const NvpCell *cells, int n,
				 NvpValue *values, NvpArena *arena)
{
	nvp_code_each(column, cells, n, values, arena, true, read_gtin);
}
