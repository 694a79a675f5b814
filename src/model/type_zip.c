/*-------------------------------------------------------------------------
 *
 * type_zip.c
 *		Column type zip_code_de.
 *
 * Pure: also built outside the server (see test/unit).
 * Errors: returned, never thrown.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/codes.h"

#define ZIP_DIGITS	5

/* Steps over "D" or "DE", a blank, a hyphen and a blank, all but the letter optional. */
static const char *
skip_country(const char *p, const char *end)
{
	uint32		cp;

	if (p == end || *p != 'D')
		return p;
	p++;
	if (p < end && *p == 'E')
		p++;
	for (int hyphens = 0; p < end; hyphens++)
	{
		int			n = nvp_utf8_decode(p, end, &cp);

		if (n > 0 && nvp_code_is_inner_blank(cp))
			p += n;
		if (hyphens == 1 || p == end || *p != '-')
			break;
		p++;
	}
	return p;
}

/*
 * A typed number has lost its leading zero in a spreadsheet and gets it back;
 * text of four digits may be an Austrian code and is refused.
 */
static NvpCode
read_zip_code_de(const NvpCodeCell *in)
{
	char		buffer[64];
	const char *p = buffer;
	int			n;

	if (in->cell->kind == NVP_CELL_NUMBER)
	{
		char		digits[ZIP_DIGITS];

		n = nvp_code_integer(in->cell, digits, ZIP_DIGITS);
		if (n < 0)
			return NVP_CODE_INVALID_ZIP_CODE_DE;
		memset(buffer, '0', ZIP_DIGITS - n);
		memcpy(buffer + ZIP_DIGITS - n, digits, n);
		n = ZIP_DIGITS;
	}
	else
	{
		if (in->len > sizeof(buffer) || (n = nvp_code_digits(in->t, in->len, buffer)) < 0)
			return NVP_CODE_INVALID_ZIP_CODE_DE;
		p = skip_country(buffer, buffer + n);
		n = buffer + n - p;
	}
	if (n != ZIP_DIGITS || !nvp_ascii_all(p, n, NVP_ASCII_DIGIT) ||
		memcmp(p, "01001", ZIP_DIGITS) < 0 || memcmp(p, "99998", ZIP_DIGITS) > 0)
		return NVP_CODE_INVALID_ZIP_CODE_DE;
	return nvp_code_give(in, p, n);
}

/* nvp_zip_code_de_convert converts a column of German post codes. */
void
nvp_zip_code_de_convert(const NvpColumn *column, const NvpCell *cells, int n,
						NvpValue *values, NvpArena *arena)
{
	nvp_code_each(column, cells, n, values, arena, true, read_zip_code_de);
}
