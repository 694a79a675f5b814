/*-------------------------------------------------------------------------
 *
 * number_value.c
 *		What was read as a number, as a value: double, int64, decimal text.
 *
 * Nothing is ever rounded but the double itself.  Texts are views of the cell
 * where it already holds the canonical form, as most cells do.
 *
 * Memory: texts that have to be made come from the arena.
 * Errors: returned as NvpNumberResult, never thrown.
 * Source: section 2 of the column-type specification; W. D. Clinger, How to
 *		   Read Floating Point Numbers Accurately (the exact fast path).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "common/shortest_dec.h"

#include "model/number.h"

#define EXACT_MANTISSA	(UINT64CONST(1) << 53)
#define EXACT_POWER		22		/* 10^22 is the largest power of ten that is a double */
#define INT64_TEXT		20		/* bytes of the longest one, with its sign */
#define FLOAT_TEXT		40		/* the longest one, -0.00000123456789012345678, is 26 */

static inline char
digit_at(const NvpNumber *number, int i)
{
	return i < number->na ? number->a[i] : number->b[i - number->na];
}

static int
count_leading_zeros(const NvpNumber *number)
{
	int			n = 0;

	while (n < number->na + number->nb && digit_at(number, n) == '0')
		n++;
	return n;
}

/* Zeros at the end, not counting those that lead as well. */
static int
count_trailing_zeros(const NvpNumber *number, int lead)
{
	int			last = number->na + number->nb;
	int			n = 0;

	while (last - n > lead && digit_at(number, last - n - 1) == '0')
		n++;
	return n;
}

/* Copies digits from..from+count to to and returns the byte after them. */
static char *
copy_digits(const NvpNumber *number, int from, int count, char *to)
{
	if (from < number->na)
	{
		int			n = Min(count, number->na - from);

		memcpy(to, number->a + from, n);
		to += n;
		from += n;
		count -= n;
	}
	if (count > 0)
		memcpy(to, number->b + (from - number->na), count);
	return to + count;
}

/* The slow way to a double: canonical text without a point, and strtod. */
static NvpNumberResult
read_double(const NvpNumber *number, int e10, double *result)
{
	char		buf[NVP_NUMBER_SCRATCH + 16];
	int			lead = count_leading_zeros(number);
	int			ndigits = number->na + number->nb - lead;
	char	   *to = copy_digits(number, lead, ndigits, buf);
	char		exponent[8];
	int			n = 0;

	*to++ = 'e';
	if (e10 < 0)
		*to++ = '-';
	for (int left = abs(e10); left > 0 || n == 0; left /= 10)
		exponent[n++] = '0' + left % 10;
	while (n > 0)
		*to++ = exponent[--n];
	*to = '\0';
	*result = strtod(buf, NULL);

	/* digits that do not lead with zero are not zero, but may become it */
	return isinf(*result) || *result == 0 ? NVP_NUMBER_RANGE : NVP_NUMBER_FINE;
}

/*
 * nvp_number_double gives the nearest double.
 *
 * A mantissa and a power of ten that are doubles themselves need but one
 * operation, which rounds correctly.
 *
 * errors: NVP_NUMBER_RANGE on overflow, or where a number would become 0.
 */
NvpNumberResult
nvp_number_double(const NvpNumber *number, int point, double *result)
{
	static const double powers[EXACT_POWER + 1] = {
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
	};
	int			e10 = number->exponent + point - number->na - number->nb;

	if (number->is_short && number->mantissa == 0)
	{
		*result = 0;
		return NVP_NUMBER_FINE;
	}
	if (number->is_short && number->mantissa <= EXACT_MANTISSA &&
		e10 <= EXACT_POWER && e10 >= -EXACT_POWER && FLT_EVAL_METHOD == 0)
		*result = e10 < 0 ? (int64) number->mantissa / powers[-e10] : (int64) number->mantissa * powers[e10];
	else if (count_leading_zeros(number) == number->na + number->nb)
		*result = 0;
	else if (read_double(number, e10, result) != NVP_NUMBER_FINE)
		return NVP_NUMBER_RANGE;
	if (number->negative && *result != 0)
		*result = -*result;
	return NVP_NUMBER_FINE;
}

/*
 * nvp_number_int64 gives the whole number.
 *
 * errors: NVP_NUMBER_FRACTION if it is none, NVP_NUMBER_RANGE beyond int64.
 */
NvpNumberResult
nvp_number_int64(const NvpNumber *number, int point, int64 *result)
{
	uint64		value = 0;

	if (number->is_short && number->exponent == 0 && point == number->na + number->nb)
		value = number->mantissa;
	else
	{
		int			lead = count_leading_zeros(number);
		int			trail = count_trailing_zeros(number, lead);
		int			nsig = number->na + number->nb - lead - trail;
		int			nint = point + number->exponent - lead;

		if (nsig > 0 && nsig > nint)
			return NVP_NUMBER_FRACTION;
		if (nsig > 0 && nint > NVP_NUMBER_SHORT)
			return NVP_NUMBER_RANGE;
		for (int i = 0; nsig > 0 && i < nint; i++)
			value = value * 10 + (i < nsig ? digit_at(number, lead + i) - '0' : 0);
	}
	if (value > (uint64) PG_INT64_MAX + number->negative)
		return NVP_NUMBER_RANGE;
	*result = number->negative ? (int64) (0 - value) : (int64) value;
	return NVP_NUMBER_FINE;
}

/*
 * The canonical decimal text where the cell already holds it: from its first
 * digit that counts, with nfraction digits after the point.
 */
static bool
find_in_place(const NvpNumber *number, int point, int lead, bool zero, int nfraction, NvpText *result)
{
	int			skip = Min(lead, number->na - 1);
	bool		minus = number->negative && !zero;

	if (!number->in_place || point != number->na || number->na == 0 ||
		nfraction > number->nb || (minus && skip > 0))
		return false;
	result->ptr = number->a + skip - minus;
	result->len = minus + number->na - skip + (nfraction > 0 ? 1 + nfraction : 0);
	return true;
}

/*
 * nvp_number_text finds the text of a double in its cell: the shortest one
 * that reads back the same, since up to 15 digits always come back.
 *
 * out: false if the text must be printed.
 */
bool
nvp_number_text(const NvpNumber *number, int point, NvpText *result)
{
	int			ndigits = number->na + number->nb;
	int			lead;
	int			trail;
	int			nfraction;

	/* no zeros at its ends: all of the cell */
	if (number->in_place && point == number->na && ndigits <= DBL_DIG && number->a[0] != '0' &&
		(number->nb == 0 || number->b[number->nb - 1] != '0'))
	{
		result->ptr = number->a - number->negative;
		result->len = number->negative + number->na + (number->nb > 0 ? 1 + number->nb : 0);
		return true;
	}
	lead = count_leading_zeros(number);
	trail = count_trailing_zeros(number, lead);
	nfraction = Max(0, ndigits - trail - point);

	/* below 1e-6 an exponent is printed */
	if (number->exponent != 0 || ndigits - lead - trail > DBL_DIG || point > DBL_DIG || lead - point > 5)
		return false;
	return find_in_place(number, point, lead, lead == ndigits, lead == ndigits ? 0 : nfraction, result);
}

/*
 * nvp_number_decimal gives the exact decimal [-]digits[.digits].
 *
 * out: a view of the cell where it holds just that, else text in the arena.
 * errors: NVP_NUMBER_RANGE beyond the limits' digits, NVP_NUMBER_FRACTION if
 * more digits than the scale are significant; nothing is ever rounded.
 */
NvpNumberResult
nvp_number_decimal(const NvpNumber *number, int point, const NvpDecimalLimits *limits,
				   NvpText *result, NvpArena *arena)
{
	int			lead = count_leading_zeros(number);
	int			trail = count_trailing_zeros(number, lead);
	int			nsig = number->na + number->nb - lead - trail;
	int			nint = nsig > 0 ? point + number->exponent - lead : 0;
	int			nfraction = Max(0, nsig - nint);
	int			whole = Max(0, Min(nint, nsig));
	char	   *to;

	if (nint > limits->max_int || nfraction > limits->max_fraction)
		return NVP_NUMBER_RANGE;
	if (limits->scale >= 0)
	{
		if (nfraction > limits->scale)
			return NVP_NUMBER_FRACTION;
		nfraction = limits->scale;
	}
	if (number->exponent == 0 && find_in_place(number, point, lead, nsig == 0, nfraction, result))
		return NVP_NUMBER_FINE;
	result->ptr = to = nvp_arena_alloc(arena, (size_t) Max(nint, 1) + nfraction + 2);
	if (number->negative && nsig > 0)
		*to++ = '-';
	if (nint <= 0)
		*to++ = '0';
	to = copy_digits(number, lead, whole, to);
	for (int i = whole; i < nint; i++)
		*to++ = '0';
	if (nfraction > 0)
	{
		char	   *end = to + 1 + nfraction;

		memset(to, '0', 1 + nfraction);
		*to++ = '.';
		if (nint < 0)
			to -= nint;
		copy_digits(number, lead + whole, nsig - whole, to);
		to = end;
	}
	result->len = to - result->ptr;
	return NVP_NUMBER_FINE;
}

/* nvp_number_print_int writes a whole number. */
NvpText
nvp_number_print_int(int64 i64, NvpArena *arena)
{
	char	   *buf = nvp_arena_alloc(arena, INT64_TEXT);
	char	   *p = buf + INT64_TEXT;
	uint64		left = i64 < 0 ? -(uint64) i64 : (uint64) i64;

	do
	{
		*--p = '0' + left % 10;
		left /= 10;
	} while (left > 0);
	if (i64 < 0)
		*--p = '-';
	return (NvpText) {p, buf + INT64_TEXT - p};
}

/*
 * Takes the shortest text of a double (not 0) apart: stores its digits without
 * sign and point, and the power of ten of the first one.  Returns their number.
 */
static int
split_shortest(const char *text, char *digits, int *exponent)
{
	int			ndigits = 0;
	int			before = 0;		/* digits before the point, negative: zeros after it */
	bool		fraction = false;

	for (; *text && *text != 'e'; text++)
	{
		if (*text == '.')
			fraction = true;
		else if (*text >= '1' || (*text == '0' && ndigits > 0))
		{
			digits[ndigits++] = *text;
			before += !fraction;
		}
		else if (*text == '0')
			before -= fraction;
	}
	*exponent = before - 1;
	if (*text == 'e')
		*exponent += atoi(text + 1);
	while (digits[ndigits - 1] == '0')
		ndigits--;
	return ndigits;
}

/* Lays digits out around the decimal point: 0.00015, 15, 1500, 1.5. */
static char *
write_positional(char *to, const char *digits, int ndigits, int exponent)
{
	if (exponent < 0)
	{
		*to++ = '0';
		*to++ = '.';
		for (int i = exponent + 1; i < 0; i++)
			*to++ = '0';
		memcpy(to, digits, ndigits);
		return to + ndigits;
	}
	for (int i = 0; i < ndigits || i <= exponent; i++)
	{
		if (i == exponent + 1)
			*to++ = '.';
		*to++ = i < ndigits ? digits[i] : '0';
	}
	return to;
}

/* The same as 1.5e+21: one digit before the point, no needless one after it. */
static char *
write_scientific(char *to, const char *digits, int ndigits, int exponent)
{
	*to++ = digits[0];
	if (ndigits > 1)
	{
		*to++ = '.';
		memcpy(to, digits + 1, ndigits - 1);
		to += ndigits - 1;
	}
	return to + snprintf(to, sizeof("e+2147483647"), "e%+d", exponent);
}

/*
 * nvp_number_print_double writes the shortest digits that read back the same,
 * as JSON writers lay them out: an exponent from 1e+21 on and below 1e-6.
 */
NvpText
nvp_number_print_double(double f64, NvpArena *arena)
{
	char		shortest[DOUBLE_SHORTEST_DECIMAL_LEN];
	char		digits[DOUBLE_SHORTEST_DECIMAL_LEN];
	char	   *buf;
	char	   *to;
	int			exponent;
	int			n;

	if (f64 == 0)
		return (NvpText) {"0", 1};
	double_to_shortest_decimal_buf(f64, shortest);
	n = split_shortest(shortest, digits, &exponent);
	to = buf = nvp_arena_alloc(arena, FLOAT_TEXT);
	if (f64 < 0)
		*to++ = '-';
	if (exponent >= 21 || exponent < -6)
		to = write_scientific(to, digits, n, exponent);
	else
		to = write_positional(to, digits, n, exponent);
	return (NvpText) {buf, to - buf};
}

/* Digits of a literal that carry its value. */
static int
count_significant(const NvpNumber *number)
{
	int			lead = count_leading_zeros(number);

	return number->na + number->nb - lead - count_trailing_zeros(number, lead);
}

/*
 * The text of the double a literal stands for, where that is what its writer
 * meant: see nvp_number_literal_text.
 */
static bool
print_as_double(const NvpNumber *number, NvpText *text, NvpArena *arena)
{
	int			nsig = count_significant(number);
	NvpNumber	printed;
	double		f64;

	if (!(number->has_exponent && nsig <= DBL_DIG) &&
		!(nsig == DBL_DIG + 2 && (number->has_exponent || number->nb > 0)))
		return false;
	if (nvp_number_double(number, number->na, &f64) != NVP_NUMBER_FINE ||
		(nsig > 0 && fabs(f64) < DBL_MIN))
		return false;
	*text = nvp_number_print_double(f64, arena);
	return nvp_number_read_literal(text->ptr, text->len, &printed) &&
		count_significant(&printed) <= DBL_DIG;
}

/*
 * nvp_number_literal_text gives the text a typed number stands for (1.5): what
 * JSON writers print for it, with all its digits.
 *
 * Spreadsheets store the double 1.1 as 1.1000000000000001.  Where seventeen
 * digits are nothing but the double of a number of at most fifteen, that number
 * is meant; all other digits are kept.  What is no number comes back as it is.
 */
NvpText
nvp_number_literal_text(const char *t, uint32 len, NvpArena *arena)
{
	static const NvpDecimalLimits limits = {-1, NVP_NUMBER_SCRATCH, NVP_NUMBER_SCRATCH};
	NvpText		text;
	NvpNumber	number;

	if (nvp_number_read_literal(t, len, &number))
	{
		if (print_as_double(&number, &text, arena))
			return text;
		if (!number.has_exponent &&
			nvp_number_decimal(&number, number.na, &limits, &text, arena) == NVP_NUMBER_FINE)
			return text;
	}
	return (NvpText) {t, len};
}
