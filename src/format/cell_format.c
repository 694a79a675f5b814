/*-------------------------------------------------------------------------
 *
 * cell_format.c
 *		What a number in a spreadsheet is: its number format tells.
 *
 * See cell_format.h.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"

#include "base/calendar.h"
#include "base/decimal.h"
#include "format/cell_format.h"

#define SERIAL_END		2958466 /* the day after 9999-12-31 */
#define SERIAL_1904		1462	/* first day of the 1904 system in the 1900 system */
#define SERIAL_PHANTOM	60		/* 1900-02-29, which never was */
#define MOST_DAYS		INT64CONST(99999999)	/* of elapsed time */
#define EXACT_DIGITS	15		/* decimal digits that a double always keeps */
#define MOST_LITERAL	64		/* bytes; longer ones are no numbers of a spreadsheet */

/* ---- format codes --------------------------------------------------------- */

/* where the reading of a code stands */
typedef struct CodeState
{
	uint8		shows;
	bool		after_hours;	/* m means minutes now */
	bool		has_month;		/* m was read that s may yet turn into minutes */
} CodeState;

static bool
starts_with(const char *p, const char *end, const char *word)
{
	int			len = strlen(word);

	return end - p >= len && pg_strncasecmp(p, word, len) == 0;
}

/* settle decides what an m was that is followed by this unit */
static void
settle(CodeState *state, bool is_seconds)
{
	if (state->has_month)
		state->shows |= is_seconds ? NVP_SHOWS_TIME : NVP_SHOWS_DATE;
	state->has_month = false;
}

/* read_brackets reads [...], in which only hours, minutes and seconds matter */
static const char *
read_brackets(CodeState *state, const char *p, const char *end)
{
	const char *close = memchr(p, ']', end - p);
	char		unit = pg_tolower((unsigned char) p[1]);
	const char *q = p + 1;

	if (close == NULL)
		return end;
	while (q < close && pg_tolower((unsigned char) *q) == unit)
		q++;
	if (q == close && q > p + 1 && (unit == 'h' || unit == 'm' || unit == 's'))
	{
		settle(state, unit == 's');
		state->shows |= NVP_SHOWS_ELAPSED;
		state->after_hours = (unit == 'h');
	}
	return close + 1;
}

/* read_unit reads a run of one letter, which may be a part of a date or a time */
static const char *
read_unit(CodeState *state, const char *p, const char *end)
{
	char		unit = pg_tolower((unsigned char) *p);
	const char *run = p;

	while (run < end && pg_tolower((unsigned char) *run) == unit)
		run++;
	switch (unit)
	{
		case 'm':
			settle(state, false);
			if (run - p > 2)
				state->shows |= NVP_SHOWS_DATE;
			else if (state->after_hours)
				state->shows |= NVP_SHOWS_TIME;
			else
				state->has_month = true;
			state->after_hours = false;
			break;
		case 'h':
		case 's':
			settle(state, unit == 's');
			state->shows |= NVP_SHOWS_TIME;
			state->after_hours = (unit == 'h');
			break;
		default:				/* y, d, g, e, aaa, bb */
			settle(state, false);
			state->shows |= NVP_SHOWS_DATE;
			state->after_hours = false;
			break;
	}
	return run;
}

/* read_letter reads what begins with a letter; returns the place behind it */
static const char *
read_letter(CodeState *state, const char *p, const char *end)
{
	if (starts_with(p, end, "general"))
		return p + 7;
	if (starts_with(p, end, "am/pm") || starts_with(p, end, "a/p"))
	{
		state->shows |= NVP_SHOWS_TIME;
		return p + (p[1] == '/' ? 3 : 5);
	}
	switch (pg_tolower((unsigned char) *p))
	{
		case 'e':
			if (p + 1 < end && (p[1] == '+' || p[1] == '-'))
				return p + 2;	/* an exponent */
			return read_unit(state, p, end);
		case 'a':
			return starts_with(p, end, "aaa") ? read_unit(state, p, end) : p + 1;
		case 'b':
			return starts_with(p, end, "bb") ? read_unit(state, p, end) : p + 1;
		case 'd':
		case 'g':
		case 'h':
		case 'm':
		case 's':
		case 'y':
			return read_unit(state, p, end);
		default:
			return p + 1;
	}
}

/*
 * nvp_cell_format_code tells what a format code shows, in any of its sections.
 *
 * in: the code, entities resolved.
 */
uint8
nvp_cell_format_code(const char *code, uint32 len)
{
	CodeState	state = {0};
	const char *p = code;
	const char *end = code + len;

	while (p < end)
	{
		const char *close;

		switch (*p)
		{
			case '"':
				close = memchr(p + 1, '"', end - p - 1);
				p = close ? close + 1 : end;
				break;
			case '\\':
			case '_':
			case '*':
				p += 2;
				break;
			case '[':
				p = end - p > 1 ? read_brackets(&state, p, end) : end;
				break;
			case ';':
				settle(&state, false);
				state.after_hours = false;
				p++;
				break;
			case '%':
				state.shows |= NVP_SHOWS_PERCENT;
				p++;
				break;
			default:
				p = read_letter(&state, p, end);
				break;
		}
	}
	settle(&state, false);
	return (state.shows & NVP_SHOWS_MOMENT) ? state.shows & NVP_SHOWS_MOMENT : state.shows;
}

/*
 * nvp_cell_format_builtin tells what a format shows that is known by number
 * only.  27 to 36 and 50 to 58 differ among East Asian languages, but are dates
 * or times in all of them: a whole number is a date, a fraction a time.
 */
uint8
nvp_cell_format_builtin(int id)
{
	if (id == 9 || id == 10)
		return NVP_SHOWS_PERCENT;
	if ((id >= 14 && id <= 17) || (id >= 27 && id <= 36) || (id >= 50 && id <= 58) ||
		(id >= 71 && id <= 74) || id == 81)
		return NVP_SHOWS_DATE;
	if ((id >= 18 && id <= 21) || id == 45 || id == 47 || id == 75 || id == 76 || id == 78 || id == 80)
		return NVP_SHOWS_TIME;
	if (id == 22 || id == 77)
		return NVP_SHOWS_DATE | NVP_SHOWS_TIME;
	if (id == 46 || id == 79)
		return NVP_SHOWS_ELAPSED;
	return 0;
}

/* ---- moments -------------------------------------------------------------- */

static char *
put_digits(char *p, int64 number, int width)
{
	for (int i = width - 1; i >= 0; i--)
	{
		p[i] = (char) ('0' + number % 10);
		number /= 10;
	}
	return p + width;
}

/* put_clock writes hours of at least two digits, minutes, seconds, and milliseconds if there are any */
static char *
put_clock(char *p, int64 msecs)
{
	int64		hours = msecs / 3600000;
	int			width = 2;

	for (int64 n = hours / 100; n > 0; n /= 10)
		width++;
	p = put_digits(p, hours, width);
	*p++ = ':';
	p = put_digits(p, msecs / 60000 % 60, 2);
	*p++ = ':';
	p = put_digits(p, msecs / 1000 % 60, 2);
	if (msecs % 1000 != 0)
	{
		*p++ = '.';
		p = put_digits(p, msecs % 1000, 3);
	}
	return p;
}

uint32
nvp_cell_clock_text(int64 msecs, char *text)
{
	return put_clock(text, msecs) - text;
}

/* put_day writes the day of a serial number of the 1900 system as a spreadsheet shows it */
static char *
put_day(char *p, int64 serial)
{
	int			year = 1900;
	int			month = 1;
	int			day = 0;

	if (serial == SERIAL_PHANTOM)
	{
		month = 2;
		day = 29;
	}
	else if (serial > 0)
		nvp_calendar_split(nvp_calendar_days(1899, 12, 30) + (int32) serial + (serial < SERIAL_PHANTOM),
						   &year, &month, &day);
	p = put_digits(p, year, 4);
	*p++ = '-';
	p = put_digits(p, month, 2);
	*p++ = '-';
	return put_digits(p, day, 2);
}

/* is the literal anything but digits, signs, a point and an exponent? */
static bool
has_strange_byte(const char *literal, uint32 len)
{
	for (uint32 i = 0; i < len; i++)
		if (!((literal[i] >= '0' && literal[i] <= '9') || literal[i] == '.' || literal[i] == '-' ||
			  literal[i] == '+' || literal[i] == 'e' || literal[i] == 'E'))
			return true;
	return false;
}

uint32
nvp_cell_moment_text(const char *literal, uint32 len, uint8 shows, bool date1904, char *text)
{
	NvpDecimal	number;
	int64		msecs;
	char	   *p = text;

	if (len > MOST_LITERAL || !nvp_decimal_read(literal, len, &number))
		return 0;
	msecs = nvp_decimal_day_msecs(number.fraction);
	if (shows & NVP_SHOWS_ELAPSED)
	{
		if (number.whole > MOST_DAYS)
			return 0;
		if (number.is_negative)
			*p++ = '-';
		return put_clock(p, number.whole * NVP_DAY_MSECS + msecs) - text;
	}
	if (number.is_negative && (number.whole > 0 || msecs > 0))
		return 0;
	if ((shows & NVP_SHOWS_DATE) == 0 && number.whole == 0)
		return put_clock(p, msecs % NVP_DAY_MSECS) - text;
	if (number.whole >= SERIAL_END)
		return 0;
	number.whole += msecs / NVP_DAY_MSECS + (date1904 ? SERIAL_1904 : 0);
	msecs %= NVP_DAY_MSECS;
	if (number.whole >= SERIAL_END)
		return 0;
	p = put_day(p, number.whole);
	if ((shows & NVP_SHOWS_TIME) || msecs > 0)
	{
		*p++ = 'T';
		p = put_clock(p, msecs);
	}
	return p - text;
}

/* ---- numbers -------------------------------------------------------------- */

bool
nvp_cell_number_is_plain(const char *literal, uint32 len)
{
	const char *p = literal;
	const char *end = literal + len;
	const char *digits;
	const char *point = NULL;

	if (p < end && *p == '-')
		p++;
	digits = p;
	for (; p < end; p++)
	{
		if (*p == '.' && point == NULL)
			point = p;
		else if (*p < '0' || *p > '9')
			return false;
	}
	if (p - digits > EXACT_DIGITS + (point != NULL) || digits == end)
		return false;
	/* a first zero stands alone or before the point, no zero at the end of a fraction */
	if (*digits == '0')
		return point != digits + 1 ? end - literal == 1 :
			end - point > 1 && end[-1] != '0' && (end - point <= 6 || memcmp(point, ".000000", 7) != 0);
	return point == NULL || (point > digits && end[-1] != '0' && end[-1] != '.');
}

/* write digits with the point behind the first point_at of them, which may be more or fewer than there are */
static uint32
put_decimal(char *text, const char *digits, int ndigits, int point_at)
{
	char	   *p = text;

	if (point_at <= 0)
	{
		*p++ = '0';
		*p++ = '.';
		for (int i = point_at; i < 0; i++)
			*p++ = '0';
		memcpy(p, digits, ndigits);
		return p + ndigits - text;
	}
	for (int i = 0; i < Max(ndigits, point_at); i++)
	{
		if (i == point_at)
			*p++ = '.';
		*p++ = i < ndigits ? digits[i] : '0';
	}
	return p - text;
}

/*
 * nvp_cell_double_text writes a number with the fewest digits that mean it: without
 * an exponent from 0.000001 up to 21 digits, as 1.5E+21 and 1E-7 beyond.
 *
 * out: the length, 0 if it is infinite or none.
 */
uint32
nvp_cell_double_text(double value, char *text)
{
	char		shortest[DOUBLE_SHORTEST_DECIMAL_LEN + 1];
	char		digits[DOUBLE_SHORTEST_DECIMAL_LEN];
	int			len;
	int			ndigits = 0;
	int			point_at = -1;	/* digits before the point */
	int			exponent = 0;
	char	   *p = text;

	if (isnan(value) || isinf(value))
		return 0;
	if (value == 0)
	{
		*text = '0';
		return 1;
	}
	len = double_to_shortest_decimal_bufn(value, shortest);
	shortest[len] = '\0';
	for (int i = 0; i < len; i++)
	{
		if (shortest[i] >= '0' && shortest[i] <= '9')
			digits[ndigits++] = shortest[i];
		else if (shortest[i] == '.')
			point_at = ndigits;
		else if (shortest[i] == 'e')
		{
			exponent = atoi(shortest + i + 1);
			break;
		}
	}
	point_at = (point_at < 0 ? ndigits : point_at) + exponent;
	/* 0.001 has zeros before its first digit, 1200 has some behind its last */
	while (ndigits > 1 && digits[0] == '0')
	{
		memmove(digits, digits + 1, --ndigits);
		point_at--;
	}
	while (ndigits > 1 && digits[ndigits - 1] == '0')
		ndigits--;
	if (value < 0)
		*p++ = '-';
	if (point_at > -6 && point_at <= 21)
		return p - text + put_decimal(p, digits, ndigits, point_at);
	p += put_decimal(p, digits, ndigits, 1);
	return p - text + snprintf(p, 8, "E%+d", point_at - 1);
}

uint32
nvp_cell_number_text(const char *literal, uint32 len, char *text)
{
	char		copy[MOST_LITERAL + 1];
	char	   *end;
	double		value;

	/* strtod reads much that is no number of a spreadsheet: 0x10, inf, blanks */
	if (len == 0 || len > MOST_LITERAL || has_strange_byte(literal, len))
		return 0;
	memcpy(copy, literal, len);
	copy[len] = '\0';
	value = strtod(copy, &end);
	if (end != copy + len)
		return 0;
	return nvp_cell_double_text(value, text);
}
