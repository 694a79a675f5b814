/*-------------------------------------------------------------------------
 *
 * decimal.h
 *		Number literals as integers: digits before the point, and behind it.
 *
 * The literal is taken apart digit by digit, so that neither a long fraction
 * nor a large number passes through binary floating point.
 *
 * Memory: none.
 * Errors: returned as false.
 * Source: RFC 8259, section 6 (number literals).
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_DECIMAL_H
#define NVP_DECIMAL_H

#define NVP_DECIMAL_FRACTION	INT64CONST(1000000000000000000)	/* units of fraction in one */
#define NVP_DAY_MSECS			INT64CONST(86400000)

typedef struct NvpDecimal
{
	bool		is_negative;
	int64		whole;
	int64		fraction;		/* in units of 10^-18; further digits are cut */
} NvpDecimal;

extern bool nvp_decimal_read(const char *p, uint32 len, NvpDecimal *number);
extern int64 nvp_decimal_day_msecs(int64 fraction);

#endif							/* NVP_DECIMAL_H */
