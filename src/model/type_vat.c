/*-------------------------------------------------------------------------
 *
 * type_vat.c
 *		Column type vat_eu: VAT numbers of the European Union, and XI.
 *
 * Shape and check digits; whether a number is in force only the tax
 * authorities know.
 *
 * Pure: also built outside the server (see test/unit).
 * Errors: returned, never thrown.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/vat.h"

#define VAT_MAX_CHARS	16		/* the longest, LT and SE, have 14 */

typedef struct VatCountry
{
	char		prefix[3];
	NvpVatCheck check;
} VatCountry;

/* Greece is EL, as in the numbers themselves */
static const VatCountry countries[] = {
	{"AT", nvp_vat_check_at},
	{"BE", nvp_vat_check_be},
	{"BG", nvp_vat_check_bg},
	{"CY", nvp_vat_check_cy},
	{"CZ", nvp_vat_check_cz},
	{"DE", nvp_vat_check_de},
	{"DK", nvp_vat_check_dk},
	{"EE", nvp_vat_check_ee},
	{"EL", nvp_vat_check_el},
	{"ES", nvp_vat_check_es},
	{"FI", nvp_vat_check_fi},
	{"FR", nvp_vat_check_fr},
	{"HR", nvp_vat_check_hr},
	{"HU", nvp_vat_check_hu},
	{"IE", nvp_vat_check_ie},
	{"IT", nvp_vat_check_it},
	{"LT", nvp_vat_check_lt},
	{"LU", nvp_vat_check_lu},
	{"LV", nvp_vat_check_lv},
	{"MT", nvp_vat_check_mt},
	{"NL", nvp_vat_check_nl},
	{"PL", nvp_vat_check_pl},
	{"PT", nvp_vat_check_pt},
	{"RO", nvp_vat_check_ro},
	{"SE", nvp_vat_check_se},
	{"SI", nvp_vat_check_si},
	{"SK", nvp_vat_check_sk},
	{"XI", nvp_vat_check_xi},
};

static const VatCountry *
find_country(const char *prefix)
{
	if (memcmp(prefix, "GR", 2) == 0)
		prefix = "EL";
	for (int i = 0; i < lengthof(countries); i++)
	{
		if (memcmp(countries[i].prefix, prefix, 2) == 0)
			return &countries[i];
	}
	return NULL;
}

/* nvp_vat_eu_prepare looks option country up. */
const char *
nvp_vat_eu_prepare(NvpColumn *column)
{
	const VatCountry *country = NULL;

	if (column->country != NULL)
	{
		if (strlen(column->country) == 2)
			country = find_country(column->country);
		if (country == NULL)
			return "country has no VAT numbers of the European Union";
	}
	column->state = unconstify(VatCountry *, country);
	return NULL;
}

static NvpCode
read_vat_eu(const NvpCodeCell *in)
{
	char		out[VAT_MAX_CHARS + 3];
	char	   *number = out + 2;
	int			n = nvp_code_squeeze(in->t, in->len, true, "-./,", number, VAT_MAX_CHARS);
	const VatCountry *country = n > 2 ? find_country(number) : NULL;

	if (country != NULL)
	{
		number += 2;
		n -= 2;
	}
	else if ((country = in->column->state) == NULL || n < 1)
		return NVP_CODE_INVALID_VAT_EU;
	if (strcmp(country->prefix, "BE") == 0 && n == 9)
	{
		memmove(number + 1, number, n++);
		number[0] = '0';
	}
	switch (country->check(number, n))
	{
		case NVP_VAT_BAD_SHAPE:
			return NVP_CODE_INVALID_VAT_EU;
		case NVP_VAT_BAD_SUM:
			return NVP_CODE_VAT_CHECKSUM;
		default:
			memcpy(number - 2, country->prefix, 2);
			return nvp_code_give(in, number - 2, n + 2);
	}
}

/* nvp_vat_eu_convert converts a column of VAT numbers. */
void
nvp_vat_eu_convert(const NvpColumn *column, const NvpCell *cells, int n,
				   NvpValue *values, NvpArena *arena)
{
	nvp_code_each(column, cells, n, values, arena, false, read_vat_eu);
}
