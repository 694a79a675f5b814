/*-------------------------------------------------------------------------
 *
 * vat.h
 *		Check digits of European VAT numbers: one function a country.
 *
 * A check gets what stands behind the prefix, n characters, capitals; it need
 * not be terminated.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_VAT_H
#define NVP_VAT_H

#include "model/codes.h"

typedef enum NvpVatResult
{
	NVP_VAT_FITS,
	NVP_VAT_BAD_SHAPE,
	NVP_VAT_BAD_SUM
} NvpVatResult;

typedef NvpVatResult (*NvpVatCheck) (const char *s, int n);

static inline NvpVatResult
nvp_vat_result(bool fits)
{
	return fits ? NVP_VAT_FITS : NVP_VAT_BAD_SUM;
}

/* vat_sums.c */
extern bool nvp_vat_digits(const char *s, int n, int expected);
extern int64 nvp_vat_number(const char *s, int n);
extern int	nvp_vat_weigh(const char *s, int n, const int *weights);
extern int	nvp_vat_weigh_down(const char *s, int n, int first);
extern bool nvp_vat_luhn(const char *s, int n);
extern bool nvp_vat_mod_11_10(const char *s, int n);
extern bool nvp_vat_date(int year, int month, int day);
extern bool nvp_vat_birth_number(const char *s, int n);

/* vat_check_a_h.c */
extern NvpVatResult nvp_vat_check_at(const char *s, int n);
extern NvpVatResult nvp_vat_check_be(const char *s, int n);
extern NvpVatResult nvp_vat_check_bg(const char *s, int n);
extern NvpVatResult nvp_vat_check_cy(const char *s, int n);
extern NvpVatResult nvp_vat_check_cz(const char *s, int n);
extern NvpVatResult nvp_vat_check_de(const char *s, int n);
extern NvpVatResult nvp_vat_check_dk(const char *s, int n);
extern NvpVatResult nvp_vat_check_ee(const char *s, int n);
extern NvpVatResult nvp_vat_check_el(const char *s, int n);
extern NvpVatResult nvp_vat_check_es(const char *s, int n);
extern NvpVatResult nvp_vat_check_fi(const char *s, int n);
extern NvpVatResult nvp_vat_check_fr(const char *s, int n);
extern NvpVatResult nvp_vat_check_hr(const char *s, int n);
extern NvpVatResult nvp_vat_check_hu(const char *s, int n);

/* vat_check_i_x.c */
extern NvpVatResult nvp_vat_check_ie(const char *s, int n);
extern NvpVatResult nvp_vat_check_it(const char *s, int n);
extern NvpVatResult nvp_vat_check_lt(const char *s, int n);
extern NvpVatResult nvp_vat_check_lu(const char *s, int n);
extern NvpVatResult nvp_vat_check_lv(const char *s, int n);
extern NvpVatResult nvp_vat_check_mt(const char *s, int n);
extern NvpVatResult nvp_vat_check_nl(const char *s, int n);
extern NvpVatResult nvp_vat_check_pl(const char *s, int n);
extern NvpVatResult nvp_vat_check_pt(const char *s, int n);
extern NvpVatResult nvp_vat_check_ro(const char *s, int n);
extern NvpVatResult nvp_vat_check_se(const char *s, int n);
extern NvpVatResult nvp_vat_check_si(const char *s, int n);
extern NvpVatResult nvp_vat_check_sk(const char *s, int n);
extern NvpVatResult nvp_vat_check_xi(const char *s, int n);

#endif							/* NVP_VAT_H */
