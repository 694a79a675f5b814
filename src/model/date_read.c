/*-------------------------------------------------------------------------
 *
 * date_read.c
 *		The general grammar of dates: weekday, one of ten forms, time and zone.
 *
 * The number of digits a date begins with decides which forms can follow, so
 * each text is walked once and no form is tried in vain:
 *
 *		8 digits	YYYYMMDD, or DDMMYYYY and MMDDYYYY where the type says so
 *		6 digits	DDMMYY and MMDDYY of date_dmy and date_mdy, alone
 *		4 digits	YYYY-MM-DD, YYYY-Www-d, YYYYWwwd, YYYY-DDD, Y/M/D, Y month D
 *		1-2 digits	D.M.Y in some order, D month Y
 *		a name		month D, Y
 *
 * Errors: returned as false, never thrown.
 * Source: section 3 of the column-type specification; ISO 8601-1; RFC 3339;
 *		   RFC 5322, 3.3 (weekday and month names).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/date_read.h"

/* what is known while a text is read */
typedef struct NvpDateScan
{
	const NvpDateGrammar *grammar;
	const char *p;				/* next byte; the text is terminated */
	NvpDay		day;
	bool		is_settled;		/* days is set and valid; day is not in use */
	int32		days;
	uint8		only;			/* see NvpMoment */
} NvpDateScan;

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* every byte beyond ASCII counts: names have letters of many scripts */
static inline bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c & 0x80);
}

static int
word_length(const char *p)
{
	int			n = 0;

	while (is_letter(p[n]))
		n++;
	return n;
}

/* Takes a run of exactly n digits. */
static bool
take_number(const char **p, int n, int *value)
{
	if (nvp_date_digit_run(*p) != n)
		return false;
	*value = nvp_date_number(*p, n);
	*p += n;
	return true;
}

/* Takes a run of one or two digits. */
static bool
take_short_number(const char **p, int *value)
{
	return take_number(p, 2, value) || take_number(p, 1, value);
}

/* Takes one of - / . or a blank; a blank after a full stop belongs to it. */
static char
take_separator(const char **p)
{
	char		sign = **p;

	if (sign != '-' && sign != '/' && sign != '.' && sign != ' ')
		return '\0';
	(*p)++;
	if (sign == '.' && **p == ' ')
		(*p)++;
	return sign;
}

static bool
take_month(const char **p, int *month)
{
	int			len = word_length(*p);

	*month = len == 0 ? 0 : nvp_date_month(*p, len);
	if (*month == 0)
		return false;
	*p += len;
	return true;
}

/* Takes an ordinal ending; letters only where no further letter follows. */
static void
take_ordinal(const char **p, bool is_english)
{
	static const char *const endings[] = {"st", "nd", "rd", "th", "er", ".", "\xc2\xba", "\xc2\xaa", "\xc2\xb0"};

	for (int i = 0; i < (is_english ? 4 : lengthof(endings)); i++)
	{
		const char *s = *p;

		if (nvp_date_take(&s, endings[i]) && (i > 4 || !is_letter(*s)))
		{
			*p = s;
			return;
		}
	}
}

static int
full_year(const NvpDateScan *scan, int two_digits)
{
	return two_digits + (two_digits >= scan->grammar->pivot ? 1900 : 2000);
}

/* Takes YYYY, or YY with an optional apostrophe. */
static bool
take_year(NvpDateScan *scan, const char **p)
{
	int			year;
	bool		is_short = nvp_date_take(p, "'");

	if (!is_short && take_number(p, 4, &scan->day.year))
		return true;
	if (!take_number(p, 2, &year))
		return false;
	scan->day.year = full_year(scan, year);
	return true;
}

/* Form 2: what follows the W of a week date. */
static bool
read_week(NvpDateScan *scan, const char *p, bool is_compact)
{
	int			week;
	int			day;
	int			week_year;

	if (is_compact)
	{
		if (!take_number(&p, 3, &day))
			return false;
		week = day / 10;
		day %= 10;
	}
	else if (!take_number(&p, 2, &week) || *p++ != '-' || !take_number(&p, 1, &day))
		return false;
	if (scan->day.year < NVP_YEAR_MIN || week < 1 || day < 1 || day > 7)
		return false;
	scan->days = nvp_calendar_iso_year_start(scan->day.year) + (week - 1) * 7 + day - 1;
	scan->is_settled = true;
	scan->p = p;

	/* week 53 of a year with 52 weeks belongs to the next one */
	nvp_calendar_iso_week(scan->days, &week_year);
	return week_year == scan->day.year;
}

/* Form 3: day of the year. */
static bool
read_year_day(NvpDateScan *scan, int year_day)
{
	if (scan->day.year < NVP_YEAR_MIN || year_day < 1 ||
		year_day > 365 + nvp_calendar_is_leap(scan->day.year))
		return false;
	scan->days = nvp_calendar_days(scan->day.year, 1, 1) + year_day - 1;
	scan->is_settled = true;
	return true;
}

/* Form 4. */
static bool
read_eight_digits(NvpDateScan *scan)
{
	const char *p = scan->p;
	bool		is_mdy = scan->grammar->fixed == NVP_DATE_MDY;

	if (scan->grammar->fixed == NVP_DATE_ORDER_UNKNOWN)
	{
		scan->day.year = nvp_date_number(p, 4);
		scan->day.month = nvp_date_number(p + 4, 2);
		scan->day.day = nvp_date_number(p + 6, 2);
	}
	else
	{
		scan->day.month = nvp_date_number(is_mdy ? p : p + 2, 2);
		scan->day.day = nvp_date_number(is_mdy ? p + 2 : p, 2);
		scan->day.year = nvp_date_number(p + 4, 4);
	}
	scan->p += 8;
	return true;
}

/* Form 5. */
static bool
read_six_digits(NvpDateScan *scan)
{
	const char *p = scan->p;
	bool		is_mdy = scan->grammar->fixed == NVP_DATE_MDY;

	if (scan->grammar->fixed == NVP_DATE_ORDER_UNKNOWN || p[6] != '\0')
		return false;
	scan->day.month = nvp_date_number(is_mdy ? p : p + 2, 2);
	scan->day.day = nvp_date_number(is_mdy ? p + 2 : p, 2);
	scan->day.year = full_year(scan, nvp_date_number(p + 4, 2));
	scan->p += 6;
	return true;
}

/* Form 10: what follows the first separator. */
static bool
read_year_month(NvpDateScan *scan, const char *p)
{
	if (!take_month(&p, &scan->day.month))
		return false;
	nvp_date_take(&p, ".");
	if (*p != ' ' && *p != '-' && *p != '/')
		return false;
	p++;
	if (!take_short_number(&p, &scan->day.day))
		return false;
	nvp_date_take(&p, ".");
	scan->p = p;
	return true;
}

/* Forms 1 and 6: what follows the first separator. */
static bool
read_year_first(NvpDateScan *scan, const char *p, char sign)
{
	const char *start = p;

	if (!take_short_number(&p, &scan->day.month) || take_separator(&p) != sign ||
		!take_short_number(&p, &scan->day.day))
		return false;
	if (scan->grammar->iso_only)
	{
		if (sign != '-' || p - start != 5)
			return false;
	}
	else
		nvp_date_take(&p, ".");
	scan->p = p;
	return true;
}

/* Everything that begins with a four-digit year. */
static bool
read_year(NvpDateScan *scan)
{
	const char *p = scan->p + 4;
	char		sign;

	scan->day.year = nvp_date_number(scan->p, 4);
	if (*p == 'w')
		return read_week(scan, p + 1, true);
	sign = take_separator(&p);
	if (sign == '-' && *p == 'w' && is_digit(p[1]))
		return read_week(scan, p + 1, false);
	if (sign == '-' && nvp_date_digit_run(p) == 3)
	{
		scan->p = p + 3;
		return read_year_day(scan, nvp_date_number(p, 3));
	}
	if (sign == '\0')
		return false;
	if (is_digit(*p))
		return read_year_first(scan, p, sign);
	return !scan->grammar->iso_only && read_year_month(scan, p);
}

/* The numbers of form 7 as they stand; false if the text has another form. */
static bool
scan_numeric(const char **p, int *first, int *second, int *year, bool *is_short)
{
	const char *s = *p;
	char		sign;

	if (!take_short_number(&s, first) || (sign = take_separator(&s)) == '\0' ||
		!take_short_number(&s, second) || take_separator(&s) != sign)
		return false;
	*is_short = nvp_date_digit_run(s) == 2;
	if (!take_number(&s, *is_short ? 2 : 4, year))
		return false;
	*p = s;
	return true;
}

/*
 * Form 7.  With the order ymd a year of two digits stands first; where that
 * gives no date, the usual choice is left.  *is_form: see scan_numeric.
 */
static bool
read_numeric(NvpDateScan *scan, bool *is_form)
{
	bool		has_pair = nvp_date_digit_run(scan->p) == 2;
	int			first,
				second,
				year;
	bool		is_short;

	*is_form = scan_numeric(&scan->p, &first, &second, &year, &is_short);
	if (!*is_form)
		return false;
	if (is_short)
	{
		scan->day = (NvpDay) {full_year(scan, first), second, year};
		if (scan->grammar->order == NVP_DATE_YMD && has_pair &&
			nvp_calendar_is_valid(scan->day.year, scan->day.month, scan->day.day))
			return true;
		year = full_year(scan, year);
	}
	return nvp_date_choose(scan->grammar, first, second, year, &scan->day, &scan->only);
}

/* Form 8. */
static bool
read_day_month(NvpDateScan *scan)
{
	const char *p = scan->p;

	if (!take_short_number(&p, &scan->day.day))
		return false;
	take_ordinal(&p, false);
	if (!nvp_date_take(&p, " de ") && !nvp_date_take(&p, " d'") &&
		!nvp_date_take(&p, "d'") && !nvp_date_take(&p, " of "))
	{
		while (*p == ' ' || *p == '.' || *p == '/' || *p == '-')
			p++;
	}
	if (!take_month(&p, &scan->day.month))
		return false;
	nvp_date_take(&p, ".");
	if (!nvp_date_take(&p, ", ") && !nvp_date_take(&p, " de ") && !nvp_date_take(&p, " del ") &&
		(*p == ' ' || *p == '.' || *p == '-' || *p == '/'))
		p++;
	scan->p = p;
	return take_year(scan, &scan->p);
}

/* Form 9. */
static bool
read_month_day(NvpDateScan *scan)
{
	const char *p = scan->p;

	if (!take_month(&p, &scan->day.month))
		return false;
	nvp_date_take(&p, ".");
	if (*p != ' ' && *p != '-')
		return false;
	p++;
	if (!take_short_number(&p, &scan->day.day))
		return false;
	take_ordinal(&p, true);
	if (*p != ',' && *p != ' ' && *p != '-')
		return false;
	if (*p++ == ',' && *p == ' ')
		p++;
	scan->p = p;
	return take_number(&scan->p, 4, &scan->day.year);
}

/* Reads the one form that can follow, up to its last character. */
static bool
read_form(NvpDateScan *scan)
{
	const NvpDateGrammar *grammar = scan->grammar;
	bool		is_form;
	bool		is_date;

	switch (nvp_date_digit_run(scan->p))
	{
		case 0:
			return !grammar->iso_only && read_month_day(scan);
		case 1:
		case 2:
			if (grammar->iso_only)
				return false;
			is_date = read_numeric(scan, &is_form);
			return is_form ? is_date : read_day_month(scan);
		case 4:
			return read_year(scan);
		case 6:
			return read_six_digits(scan);
		case 8:
			return read_eight_digits(scan);
		default:
			return false;
	}
}

/* True if a month name of three or more letters is among the words at p. */
static bool
has_month(const char *p)
{
	while (*p)
	{
		int			len = word_length(p);

		if (len >= 3 && nvp_date_month(p, len) != 0)
			return true;
		p += Max(len, 1);
	}
	return false;
}

/*
 * Takes the weekday a text may begin with, and an article after it.
 *
 * out: the weekdays the name stands for, all of them where there is none.  A
 * name that is also a month ("mar") is a weekday only if a month follows.
 */
static int
take_weekday(const char **p)
{
	static const char *const articles[] = {"den ", "the ", "le ", "el ", "il "};
	const char *s = *p;
	int			len;
	int			weekdays;

	while (is_letter(*s) || (*s == '-' && s > *p && is_letter(s[1])))
		s++;
	len = s - *p;
	nvp_date_take(&s, ".");
	nvp_date_take(&s, ",");
	if (len == 0 || *s != ' ')
		return 0x7f;
	weekdays = nvp_date_weekdays(*p, len);
	if (weekdays == 0 || (nvp_date_month(*p, len) != 0 && !has_month(s)))
		return 0x7f;
	s++;
	for (int i = 0; i < lengthof(articles); i++)
	{
		if (nvp_date_take(&s, articles[i]))
			break;
	}
	*p = s;
	return weekdays;
}

/* The time and zone that may follow a date. */
static bool
read_time_part(const char *p, NvpMoment *moment)
{
	if (*p == '\0')
		return true;
	if (*p == ' ')
	{
		p++;
		if (!nvp_date_take(&p, "at ") && !nvp_date_take(&p, "um "))
			nvp_date_take(&p, "\xc3\xa0 ");
	}
	else if (*p == ',')
		p += p[1] == ' ' ? 2 : 1;
	else if (*p == 't')
		p++;
	else
		return false;
	return nvp_time_scan(&p, moment) && nvp_zone_scan(&p, moment) && *p == '\0';
}

/*
 * nvp_date_read reads a date, with a time and a zone if they are there.
 *
 * in: trimmed, valid UTF-8 of at most NVP_CELL_MAX_BYTES; out: the moment, as
 * written: its time is not shifted by its zone, and 24:00 is not carried.
 */
bool
nvp_date_read(const NvpDateGrammar *grammar, const char *p, uint32 len, NvpMoment *moment)
{
	char		text[NVP_DATE_BUFFER];
	NvpDateScan scan = {.grammar = grammar, .p = text};
	int			weekdays = 0x7f;

	memset(moment, 0, sizeof(*moment));
	if (nvp_date_prepare(p, len, text) < 0)
		return false;
	if (!grammar->iso_only)
		weekdays = take_weekday(&scan.p);
	if (!read_form(&scan) || is_digit(*scan.p))
		return false;
	if (!scan.is_settled)
	{
		if (!nvp_calendar_is_valid(scan.day.year, scan.day.month, scan.day.day))
			return false;
		scan.days = nvp_calendar_days(scan.day.year, scan.day.month, scan.day.day);
	}
	moment->days = scan.days;
	moment->only = scan.only;
	return scan.days >= NVP_DAYS_MIN && scan.days <= NVP_DAYS_MAX &&
		(weekdays & 1 << nvp_calendar_weekday(scan.days)) != 0 &&
		read_time_part(scan.p, moment);
}
