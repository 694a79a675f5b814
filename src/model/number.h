/*-------------------------------------------------------------------------
 *
 * number.h
 *		Reading of numbers as people write them, exactly and once.
 *
 * Flow:   cell --> nvp_number_read --> class and digits (both readings)
 *		   --> nvp_number_settle (which reading) --> double, int64 or decimal text
 * Memory: an NvpNumber points into the cell, or into the scratch buffer it was
 *		   read with; it is good while both are.
 * Errors: returned, never thrown.
 * Source: section 2 of the column-type specification.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_NUMBER_H
#define NVP_NUMBER_H

#include "model/model.h"

#define NVP_NUMBER_SCRATCH	8192	/* room nvp_number_read needs: a cell of most length */
#define NVP_NUMBER_SHORT	19		/* this many digits always fit a uint64 */
#define NVP_NUMBER_DIGITS	1000	/* of a decimal, on either side of its point */

/* 2.5 */
typedef enum NvpNumberClass
{
	NVP_NUMBER_UNREADABLE = 0,
	NVP_NUMBER_NEUTRAL,			/* both readings give the same number */
	NVP_NUMBER_ONLY_US,
	NVP_NUMBER_ONLY_EU,
	NVP_NUMBER_AMBIGUOUS		/* both exist and differ */
} NvpNumberClass;

/*
 * What was read.  The two readings have the same digits and differ only in how
 * many of them stand before the decimal sign.  The digits are a followed by b:
 * where the cell is plain, the text before and after its decimal sign.
 */
typedef struct NvpNumber
{
	const char *a;
	const char *b;
	int			na;
	int			nb;
	uint8		class;			/* NvpNumberClass */
	bool		negative;
	bool		has_exponent;
	bool		is_short;		/* mantissa holds all digits: at most 19 of them */
	bool		in_place;		/* a[.b] stands in the cell, after its minus */
	uint64		mantissa;
	int			int_us;			/* integer digits in the us reading; -1 = none */
	int			int_eu;			/* same, eu */
	int			exponent;		/* power of ten beside the readings; 0 = none */
} NvpNumber;

typedef enum NvpNumberResult
{
	NVP_NUMBER_FINE = 0,
	NVP_NUMBER_FRACTION,		/* not a whole number */
	NVP_NUMBER_RANGE			/* too large, too small or too long */
} NvpNumberResult;

/* prepared text: what 2.1 makes of marks that are not ASCII */
#define NVP_MARK_DECIMAL	'\001'	/* U+066B */
#define NVP_MARK_GROUP		'\002'	/* U+066C */
#define NVP_MARK_EURO		'\003'	/* the euro sign */
#define NVP_MARK_PERMILLE	'\004'	/* U+2030 */

/* what a decimal must keep to */
typedef struct NvpDecimalLimits
{
	int			scale;			/* digits after the point, exactly; -1 = as many as needed */
	int			max_int;		/* digits before the point */
	int			max_fraction;	/* significant digits after it, whatever the scale */
} NvpDecimalLimits;

/* reading */
extern int	nvp_number_prepare(const char *t, uint32 len, char *out);
extern bool nvp_number_read_prepared(char *t, int len, NvpNumber *number);
extern bool nvp_number_read_unsigned(char *t, int len, bool exponent, NvpNumber *number);
extern bool nvp_number_read_general(const char *t, uint32 len, NvpNumber *number, char *scratch);
extern bool nvp_number_read_literal(const char *t, uint32 len, NvpNumber *number);
extern bool nvp_number_open(const NvpColumn *column, const NvpCell *cell, NvpValue *value,
							const char **t, uint32 *len, NvpArena *arena);

/* values; point is what nvp_number_settle gave */
extern NvpNumberResult nvp_number_double(const NvpNumber *number, int point, double *result);
extern NvpNumberResult nvp_number_int64(const NvpNumber *number, int point, int64 *result);
extern NvpNumberResult nvp_number_decimal(const NvpNumber *number, int point,
										  const NvpDecimalLimits *limits,
										  NvpText *result, NvpArena *arena);
extern bool nvp_number_text(const NvpNumber *number, int point, NvpText *result);

/* texts */
extern NvpText nvp_number_literal_text(const char *t, uint32 len, NvpArena *arena);
extern NvpText nvp_number_print_int(int64 i64, NvpArena *arena);
extern NvpText nvp_number_print_double(double f64, NvpArena *arena);

/*
 * nvp_number_read_plain reads [-]digits[.digits] or [-]digits[,digits] of at
 * most 19 digits, which is what nearly all cells hold.  False means no more
 * than that the general reader must look.
 */
static inline bool
nvp_number_read_plain(const char *t, uint32 len, NvpNumber *number)
{
	const char *p = t;
	const char *end = t + len;
	uint64		mantissa = 0;
	unsigned	digit;

	if (len == 0 || len > 20)
		return false;
	number->negative = *p == '-';
	p += number->negative;
	number->a = p;
	while (p < end && (digit = (unsigned char) *p - '0') < 10)
	{
		mantissa = mantissa * 10 + digit;
		p++;
	}
	number->na = number->int_us = number->int_eu = p - number->a;
	number->b = p;
	number->nb = 0;
	number->class = NVP_NUMBER_NEUTRAL;
	number->in_place = true;
	if (number->na == 0)
		return false;
	if (p < end)
	{
		bool		us = *p == '.';

		if (!us && *p != ',')
			return false;
		number->b = ++p;
		while (p < end && (digit = (unsigned char) *p - '0') < 10)
		{
			mantissa = mantissa * 10 + digit;
			p++;
		}
		if (p < end)
			return false;
		number->nb = p - number->b;
		number->in_place = us;
		number->class = us ? NVP_NUMBER_ONLY_US : NVP_NUMBER_ONLY_EU;

		/* three digits after the sign, one to three before it: it may group */
		if (number->nb == 3 && number->na <= 3 && *number->a != '0')
		{
			number->class = NVP_NUMBER_AMBIGUOUS;
			*(us ? &number->int_eu : &number->int_us) += 3;
		}
		else
			*(us ? &number->int_eu : &number->int_us) = -1;
	}
	number->is_short = number->na + number->nb <= 19;
	number->has_exponent = false;
	number->exponent = 0;
	number->mantissa = mantissa;
	return number->is_short;
}

/*
 * nvp_number_settle decides which reading is taken (2.6): the one of format if
 * that is known.  Otherwise an ambiguous cell takes the one of otherwise or,
 * where that is unknown too, the grouped one.
 *
 * out: the digits before the decimal sign; -1 = the cell does not fit the format.
 */
static inline int
nvp_number_settle(const NvpNumber *number, NvpNumberFormat format, NvpNumberFormat otherwise)
{
	if (format == NVP_NUMBER_UNKNOWN)
	{
		if (otherwise == NVP_NUMBER_UNKNOWN || number->class != NVP_NUMBER_AMBIGUOUS)
			return Max(number->int_us, number->int_eu);
		format = otherwise;
	}
	return format == NVP_NUMBER_US ? number->int_us : number->int_eu;
}

/* nvp_number_vote adds the evidence of one readable cell (4.1). */
static inline void
nvp_number_vote(const NvpNumber *number, NvpVote *vote)
{
	vote->us += number->class == NVP_NUMBER_ONLY_US;
	vote->eu += number->class == NVP_NUMBER_ONLY_EU;
	vote->unclear += number->class == NVP_NUMBER_AMBIGUOUS;
}

/*
 * nvp_number_read reads the text of a cell: plain if it is, else generally.
 * scratch has NVP_NUMBER_SCRATCH bytes, len is at most that.
 */
static inline bool
nvp_number_read(const char *t, uint32 len, NvpNumber *number, char *scratch)
{
	return nvp_number_read_plain(t, len, number) ||
		nvp_number_read_general(t, len, number, scratch);
}

#endif							/* NVP_NUMBER_H */
