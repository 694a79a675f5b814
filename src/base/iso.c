/*-------------------------------------------------------------------------
 *
 * iso.c
 *		Points in time as text: ISO 8601, UTC.
 *
 * Memory: none.
 * Errors: none.
 * Source: RFC 3339, and what it allows: a blank instead of the T, a date alone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "base/iso.h"

static char *
put_digits(char *p, int number, int digits)
{
	for (int i = digits - 1; i >= 0; i--)
	{
		p[i] = '0' + number % 10;
		number /= 10;
	}
	return p + digits;
}

/*
 * nvp_iso_write writes a time as 2024-09-21T06:57:06.672Z.
 *
 * in: decimals of the second, 3 or 6; those beyond are cut off, so that a time
 *		never lies after the one it shows.
 * out: NVP_ISO_BYTES bytes at least, with a final NUL; returns the length.
 *		Infinite times are "infinity" and "-infinity"; a year before 1 has a
 *		minus sign, one beyond 9999 more digits, as in ISO 8601.
 */
int
nvp_iso_write(TimestampTz time, int decimals, char *out)
{
	struct pg_tm tm;
	fsec_t		fsec;
	char	   *p = out;
	int			year;

	if (TIMESTAMP_NOT_FINITE(time) || timestamp2tm(time, NULL, &tm, &fsec, NULL, NULL) != 0)
		return snprintf(out, NVP_ISO_BYTES, "%sinfinity", time < 0 ? "-" : "");
	year = tm.tm_year;
	if (year < 0)
	{
		*p++ = '-';
		year = -year;
	}
	p = put_digits(p, year, year > 99999 ? 6 : year > 9999 ? 5 : 4);
	*p++ = '-';
	p = put_digits(p, tm.tm_mon, 2);
	*p++ = '-';
	p = put_digits(p, tm.tm_mday, 2);
	*p++ = 'T';
	p = put_digits(p, tm.tm_hour, 2);
	*p++ = ':';
	p = put_digits(p, tm.tm_min, 2);
	*p++ = ':';
	p = put_digits(p, tm.tm_sec, 2);
	*p++ = '.';
	p = put_digits(p, decimals == 3 ? fsec / 1000 : fsec, decimals);
	*p++ = 'Z';
	*p = '\0';
	return p - out;
}

/* take_digits reads exactly that many digits */
static bool
take_digits(const char **p, int digits, int *number)
{
	*number = 0;
	for (int i = 0; i < digits; i++)
	{
		if ((*p)[i] < '0' || (*p)[i] > '9')
			return false;
		*number = *number * 10 + ((*p)[i] - '0');
	}
	*p += digits;
	return true;
}

static bool
take_char(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

/* hh:mm[:ss[.ffffff]], digits beyond the sixth are cut off */
static bool
take_clock(const char **p, struct pg_tm *tm, fsec_t *fsec)
{
	int			scale = 100000;

	if (!take_digits(p, 2, &tm->tm_hour) || !take_char(p, ':') || !take_digits(p, 2, &tm->tm_min))
		return false;
	if (!take_char(p, ':'))
		return true;
	if (!take_digits(p, 2, &tm->tm_sec))
		return false;
	if (**p != '.' && **p != ',')
		return true;
	(*p)++;
	if (**p < '0' || **p > '9')
		return false;
	for (; **p >= '0' && **p <= '9'; (*p)++)
	{
		*fsec += (**p - '0') * scale;
		scale /= 10;
	}
	return true;
}

/* Z, +hh, +hhmm or +hh:mm; nothing is UTC.  *offset: seconds east */
static bool
take_zone(const char **p, int *offset)
{
	bool		west = **p == '-';
	int			hours;
	int			minutes = 0;

	*offset = 0;
	if (**p == '\0' || take_char(p, 'Z') || take_char(p, 'z'))
		return true;
	/* a plus sign that was not encoded arrives as a blank */
	if (**p != '+' && **p != '-' && **p != ' ')
		return false;
	(*p)++;
	if (!take_digits(p, 2, &hours))
		return false;
	(void) take_char(p, ':');
	if (**p != '\0' && !take_digits(p, 2, &minutes))
		return false;
	*offset = (hours * 60 + minutes) * 60 * (west ? -1 : 1);
	return hours <= 15 && minutes < 60;
}

/*
 * nvp_iso_read reads a date, or a date and a time, with or without a zone;
 * without one it is UTC.
 *
 * out: false if the text is nothing of the kind.
 */
bool
nvp_iso_read(const char *text, TimestampTz *time)
{
	struct pg_tm tm = {0};
	fsec_t		fsec = 0;
	int			offset = 0;
	const char *p = text;

	if (!take_digits(&p, 4, &tm.tm_year) || !take_char(&p, '-') || !take_digits(&p, 2, &tm.tm_mon) ||
		!take_char(&p, '-') || !take_digits(&p, 2, &tm.tm_mday))
		return false;
	if (*p == 'T' || *p == 't' || *p == ' ')
	{
		p++;
		if (!take_clock(&p, &tm, &fsec) || !take_zone(&p, &offset))
			return false;
	}
	if (*p != '\0' || tm.tm_year == 0 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
		tm.tm_mday > day_tab[isleap(tm.tm_year)][tm.tm_mon - 1] ||
		tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	if (tm2timestamp(&tm, fsec, NULL, time) != 0)
		return false;
	*time -= offset * USECS_PER_SEC;
	return IS_VALID_TIMESTAMP(*time);
}
