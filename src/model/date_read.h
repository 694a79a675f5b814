/*-------------------------------------------------------------------------
 *
 * date_read.h
 *		Reading dates and times as people write them.
 *
 * Flow:   cell --> fast path (plain numeric dates, in place)
 *			    \-> preparation (blanks, dashes, digits, fold; one small copy)
 *					--> weekday --> one date form --> time --> zone
 * Calls:  any; nothing is kept between calls.
 * Memory: the stack only.
 * Errors: returned as false, never thrown; time is linear in the length.
 * Source: section 3 of the column-type specification.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_DATE_READ_H
#define NVP_DATE_READ_H

#include "base/calendar.h"
#include "model/model.h"

/* what a column takes for a date */
typedef struct NvpDateGrammar
{
	bool		iso_only;		/* forms 1 to 4, no weekday */
	uint8		fixed;			/* NvpDateOrder the type demands; UNKNOWN = either */
	uint8		order;			/* NvpDateOrder of cells that both orders fit; UNKNOWN = dmy */
	uint8		pivot;			/* two-digit years from here on are 19YY */
} NvpDateGrammar;

typedef struct NvpMoment
{
	int32		days;			/* since 2000-01-01 */
	int64		usecs;			/* of the day; NVP_USECS_DAY for 24:00 */
	bool		has_zone;
	bool		is_cut;			/* digits below a microsecond, not all zero, were cut */
	int32		zone_secs;		/* east of UTC */
	uint8		only;			/* the one NvpDateOrder that fits; UNKNOWN if both do or none matters */
} NvpMoment;

#define NVP_DATE_MAX_CHARS	100 /* of a prepared text */
#define NVP_DATE_BUFFER		1024	/* bytes of a prepared text, with room for its end */

/* date_read.c */
extern bool nvp_date_read(const NvpDateGrammar *grammar, const char *p, uint32 len, NvpMoment *moment);

/* time_read.c */
extern bool nvp_time_read(const char *p, uint32 len, NvpMoment *moment);
extern bool nvp_time_scan(const char **p, NvpMoment *moment);
extern bool nvp_zone_scan(const char **p, NvpMoment *moment);

/* date_serial.c */
extern bool nvp_serial_read(const char *p, uint32 len, bool date1904, NvpMoment *moment);
extern bool nvp_serial_read_time(const char *p, uint32 len, int64 *usecs);
extern bool nvp_epoch_read(const char *p, uint32 len, int decimals, int64 *usecs);

/* date_text.c */
extern int	nvp_date_prepare(const char *p, uint32 len, char *out);
extern int	nvp_date_month(const char *word, int len);
extern int	nvp_date_weekdays(const char *word, int len);

/* length of the run of digits at p, which is terminated */
static inline int
nvp_date_digit_run(const char *p)
{
	int			n = 0;

	while (p[n] >= '0' && p[n] <= '9')
		n++;
	return n;
}

/* value of n (at most 9) digits */
static inline int
nvp_date_number(const char *p, int n)
{
	int			value = 0;

	while (n-- > 0)
		value = value * 10 + (*p++ - '0');
	return value;
}

/* steps over a given text, if it stands at *p */
static inline bool
nvp_date_take(const char **p, const char *text)
{
	size_t		n = strlen(text);

	if (strncmp(*p, text, n) != 0)
		return false;
	*p += n;
	return true;
}

/* two digits at p; *bad gets set bits if they are none */
static inline int
nvp_date_pair(const char *p, unsigned *bad)
{
	unsigned	tens = (unsigned char) p[0] - (unsigned) '0';
	unsigned	ones = (unsigned char) p[1] - (unsigned) '0';

	*bad |= (tens > 9) | (ones > 9);
	return tens * 10 + ones;
}

/* one digit at p, likewise */
static inline int
nvp_date_single(const char *p, unsigned *bad)
{
	unsigned	value = (unsigned char) *p - (unsigned) '0';

	*bad |= value > 9;
	return value;
}

#define NVP_DATE_EITHER		0xFF	/* as the only order: both give a date, and not the same */

/*
 * Settles the order of a numeric day and month.  False if no order that the
 * column takes gives a valid date.
 */
static inline bool
nvp_date_choose(const NvpDateGrammar *grammar, int first, int second, int year,
				NvpDay *day, uint8 *only)
{
	bool		dmy = nvp_calendar_is_valid(year, second, first);
	bool		mdy = nvp_calendar_is_valid(year, first, second);

	*only = NVP_DATE_ORDER_UNKNOWN;
	if (grammar->fixed != NVP_DATE_ORDER_UNKNOWN)
	{
		dmy = dmy && grammar->fixed == NVP_DATE_DMY;
		mdy = mdy && grammar->fixed == NVP_DATE_MDY;
	}
	else if (dmy != mdy)
		*only = dmy ? NVP_DATE_DMY : NVP_DATE_MDY;
	else if (dmy && first != second)
		*only = NVP_DATE_EITHER;
	if (!dmy && !mdy)
		return false;
	if (dmy && mdy)
		dmy = grammar->order != NVP_DATE_MDY;
	day->year = year;
	day->month = dmy ? second : first;
	day->day = dmy ? first : second;
	return true;
}

/* D.M.YYYY with one or two digits and . / or - between; len is 8 to 10 */
static inline bool
nvp_date_fast_local(const NvpDateGrammar *grammar, const char *p, uint32 len,
					NvpDay *day, uint8 *only)
{
	const char *year = p + len - 4;
	int			nfirst = (unsigned char) p[1] - (unsigned) '0' <= 9 ? 2 : 1;
	int			nsecond = (int) len - 6 - nfirst;
	const char *second = p + nfirst + 1;
	char		sign = p[nfirst];
	unsigned	bad = 0;
	int			a,
				b,
				y;

	if (nsecond < 1 || nsecond > 2 || year[-1] != sign ||
		(sign != '.' && sign != '/' && sign != '-'))
		return false;
	a = nfirst == 2 ? nvp_date_pair(p, &bad) : nvp_date_single(p, &bad);
	b = nsecond == 2 ? nvp_date_pair(second, &bad) : nvp_date_single(second, &bad);
	y = nvp_date_pair(year, &bad) * 100 + nvp_date_pair(year + 2, &bad);
	return !bad && nvp_date_choose(grammar, a, b, y, day, only);
}

/*
 * The hot path of every big file: YYYY-MM-DD and D.M.YYYY.  False means only
 * that the text is neither, or not valid: nvp_date_read then decides.
 */
static inline bool
nvp_date_fast(const NvpDateGrammar *grammar, const char *p, uint32 len, NvpMoment *moment)
{
	unsigned	bad = 0;
	NvpDay		day;

	if (len < 8 || len > 10)
		return false;
	moment->only = NVP_DATE_ORDER_UNKNOWN;
	if (len == 10 && p[4] == '-' && p[7] == '-')
	{
		day.year = nvp_date_pair(p, &bad) * 100 + nvp_date_pair(p + 2, &bad);
		day.month = nvp_date_pair(p + 5, &bad);
		day.day = nvp_date_pair(p + 8, &bad);
		if (bad || !nvp_calendar_is_valid(day.year, day.month, day.day))
			return false;
	}
	else if (grammar->iso_only ||
			 !nvp_date_fast_local(grammar, p, len, &day, &moment->only))
		return false;
	moment->days = nvp_calendar_days(day.year, day.month, day.day);
	return true;
}

/* HH:MM and HH:MM:SS; false leaves the decision to nvp_time_read. */
static inline bool
nvp_time_fast(const char *p, uint32 len, NvpMoment *moment)
{
	unsigned	bad = 0;
	int			hour,
				minute,
				second = 0;

	if ((len != 5 && len != 8) || p[2] != ':')
		return false;
	hour = nvp_date_pair(p, &bad);
	minute = nvp_date_pair(p + 3, &bad);
	if (len == 8)
	{
		bad |= p[5] != ':';
		second = nvp_date_pair(p + 6, &bad);
	}
	moment->usecs = ((hour * 60 + minute) * 60 + second) * NVP_USECS_SECOND;
	moment->is_cut = false;
	return !bad && hour < 24 && minute < 60 && second < 60;
}

#endif							/* NVP_DATE_READ_H */
