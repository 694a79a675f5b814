/*-------------------------------------------------------------------------
 *
 * date_format.c
 *		Compiling and running the tokens of outputFormat.
 *
 * Flow:   source --> spelling (yyyy, dd) --> tokens --> ops --> text
 * Calls:  compile, render*.
 * Memory: the ops are one allocation; rendering works in a buffer on the stack
 *		   and copies the text into the arena.
 * Errors: compile returns a static message; render cannot fail.
 * Source: section 6 of the column-type specification; names are English.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/date_format.h"
#include "model/text.h"

typedef enum NvpFormatCode
{
	OP_LITERAL,
	OP_YEAR,
	OP_YEAR_OF_CENTURY,
	OP_YEAR_SIGNED,
	OP_QUARTER,
	OP_MONTH,
	OP_MONTH_NAME,
	OP_DAY,
	OP_YEAR_DAY,
	OP_WEEKDAY,
	OP_WEEKDAY_NAME,
	OP_ISO_WEEKDAY,
	OP_US_WEEK,
	OP_US_WEEK_YEAR,
	OP_ISO_WEEK,
	OP_ISO_WEEK_YEAR,
	OP_HOUR,
	OP_HOUR_12,
	OP_HOUR_FROM_1,
	OP_MINUTE,
	OP_SECOND,
	OP_FRACTION,
	OP_HALF_DAY_UPPER,
	OP_HALF_DAY_LOWER,
	OP_OFFSET,
	OP_OFFSET_COLON,
	OP_ZONE,
	OP_UNIX,
	OP_UNIX_MS,
	OP_EXPAND					/* stands for another format */
} NvpFormatCode;

/* width of numbers: digits at least; of names: characters at most */
#define WIDTH_ORDINAL	0
#define WIDTH_FULL		100

struct NvpFormatOp
{
	uint8		code;			/* NvpFormatCode */
	uint8		width;			/* of OP_LITERAL: bytes */
	uint16		unused;
	char		text[4];		/* of OP_LITERAL: whole code points */
};

typedef struct NvpFormatToken
{
	const char *text;
	uint8		code;
	uint8		width;
	uint8		shows;
	const char *expansion;		/* of OP_EXPAND */
} NvpFormatToken;

/* no token makes more ops a letter than "L", which is MM / DD / YYYY */
#define MAX_OPS			(5 * NVP_FORMAT_MAX_CHARS)

#define DATE	NVP_SHOWS_DATE
#define SECOND	NVP_SHOWS_SECOND
#define FRAC	NVP_SHOWS_FRACTION
#define ZONE	NVP_SHOWS_ZONE
#define UNIX	(DATE | SECOND | ZONE)

/* the longest token that stands at a place is taken, whatever its position here */
static const NvpFormatToken tokens[] = {
	{"YYYYYY", OP_YEAR_SIGNED, 6, DATE},
	{"YYYYY", OP_YEAR, 5, DATE},
	{"YYYY", OP_YEAR, 4, DATE},
	{"YY", OP_YEAR_OF_CENTURY, 2, DATE},
	{"Y", OP_YEAR, 1, DATE},
	{"Q", OP_QUARTER, 1, DATE},
	{"Qo", OP_QUARTER, WIDTH_ORDINAL, DATE},
	{"M", OP_MONTH, 1, DATE},
	{"Mo", OP_MONTH, WIDTH_ORDINAL, DATE},
	{"MM", OP_MONTH, 2, DATE},
	{"MMM", OP_MONTH_NAME, 3, DATE},
	{"MMMM", OP_MONTH_NAME, WIDTH_FULL, DATE},
	{"D", OP_DAY, 1, DATE},
	{"Do", OP_DAY, WIDTH_ORDINAL, DATE},
	{"DD", OP_DAY, 2, DATE},
	{"DDD", OP_YEAR_DAY, 1, DATE},
	{"DDDo", OP_YEAR_DAY, WIDTH_ORDINAL, DATE},
	{"DDDD", OP_YEAR_DAY, 3, DATE},
	{"d", OP_WEEKDAY, 1, DATE},
	{"do", OP_WEEKDAY, WIDTH_ORDINAL, DATE},
	{"dd", OP_WEEKDAY_NAME, 2, DATE},
	{"ddd", OP_WEEKDAY_NAME, 3, DATE},
	{"dddd", OP_WEEKDAY_NAME, WIDTH_FULL, DATE},
	{"e", OP_WEEKDAY, 1, DATE},
	{"E", OP_ISO_WEEKDAY, 1, DATE},
	{"w", OP_US_WEEK, 1, DATE},
	{"wo", OP_US_WEEK, WIDTH_ORDINAL, DATE},
	{"ww", OP_US_WEEK, 2, DATE},
	{"gg", OP_US_WEEK_YEAR, 2, DATE},
	{"gggg", OP_US_WEEK_YEAR, 4, DATE},
	{"W", OP_ISO_WEEK, 1, DATE},
	{"Wo", OP_ISO_WEEK, WIDTH_ORDINAL, DATE},
	{"WW", OP_ISO_WEEK, 2, DATE},
	{"GG", OP_ISO_WEEK_YEAR, 2, DATE},
	{"GGGG", OP_ISO_WEEK_YEAR, 4, DATE},
	{"H", OP_HOUR, 1},
	{"HH", OP_HOUR, 2},
	{"h", OP_HOUR_12, 1},
	{"hh", OP_HOUR_12, 2},
	{"k", OP_HOUR_FROM_1, 1},
	{"kk", OP_HOUR_FROM_1, 2},
	{"m", OP_MINUTE, 1},
	{"mm", OP_MINUTE, 2},
	{"s", OP_SECOND, 1, SECOND},
	{"ss", OP_SECOND, 2, SECOND},
	{"S", OP_FRACTION, 1, FRAC},
	{"SS", OP_FRACTION, 2, FRAC},
	{"SSS", OP_FRACTION, 3, FRAC},
	{"SSSS", OP_FRACTION, 4, FRAC},
	{"SSSSS", OP_FRACTION, 5, FRAC},
	{"SSSSSS", OP_FRACTION, 6, FRAC},
	{"SSSSSSS", OP_FRACTION, 7, FRAC},
	{"SSSSSSSS", OP_FRACTION, 8, FRAC},
	{"SSSSSSSSS", OP_FRACTION, 9, FRAC},
	{"A", OP_HALF_DAY_UPPER, 2},
	{"a", OP_HALF_DAY_LOWER, 2},
	{"Z", OP_OFFSET_COLON, 0, ZONE},
	{"ZZ", OP_OFFSET, 0, ZONE},
	{"z", OP_ZONE, 3, ZONE},
	{"zz", OP_ZONE, WIDTH_FULL, ZONE},
	{"X", OP_UNIX, 1, UNIX},
	{"x", OP_UNIX_MS, 1, UNIX | FRAC},
	{"LT", OP_EXPAND, 0, 0, "h:mm A"},
	{"LTS", OP_EXPAND, 0, 0, "h:mm:ss A"},
	{"L", OP_EXPAND, 0, 0, "MM/DD/YYYY"},
	{"l", OP_EXPAND, 0, 0, "M/D/YYYY"},
	{"LL", OP_EXPAND, 0, 0, "MMMM D, YYYY"},
	{"ll", OP_EXPAND, 0, 0, "MMM D, YYYY"},
	{"LLL", OP_EXPAND, 0, 0, "MMMM D, YYYY h:mm A"},
	{"lll", OP_EXPAND, 0, 0, "MMM D, YYYY h:mm A"},
	{"LLLL", OP_EXPAND, 0, 0, "dddd, MMMM D, YYYY h:mm A"},
	{"llll", OP_EXPAND, 0, 0, "ddd, MMM D, YYYY h:mm A"},
};

static const char *const month_names[] = {"January", "February", "March", "April", "May", "June",
	"July", "August", "September", "October", "November", "December"};
static const char *const weekday_names[] = {"Sunday", "Monday", "Tuesday", "Wednesday",
	"Thursday", "Friday", "Saturday"};

/*
 * The end of a literal that begins at p: [text] or \x.  Returns p if none does;
 * a bracket that is never closed is an ordinary character.
 */
static const char *
literal_end(const char *p)
{
	const char *end;
	uint32		cp;

	if (*p == '[' && (end = strchr(p, ']')) != NULL)
		return end + 1;
	if (*p == '\\' && p[1] != '\0')
		return p + 1 + nvp_utf8_decode(p + 1, p + strlen(p), &cp);
	return p;
}

/* True if a letter stands in a format as a token, outside of literals. */
static bool
has_letter(const char *p, char letter)
{
	while (*p)
	{
		const char *end = literal_end(p);

		if (end == p && *p == letter)
			return true;
		p = end == p ? p + 1 : end;
	}
	return false;
}

/*
 * Spreadsheets, Java and date-fns write yyyy and dd: without any Y, y is Y and
 * d is D.  The copy has room for the source.
 */
static void
translate_spelling(const char *p, char *copy)
{
	bool		is_foreign = has_letter(p, 'y');

	while (*p)
	{
		const char *end = literal_end(p);

		if (end > p)
		{
			memcpy(copy, p, end - p);
			copy += end - p;
			p = end;
			continue;
		}
		*copy++ = is_foreign && (*p == 'y' || *p == 'd') ? *p - 'a' + 'A' : *p;
		p++;
	}
	*copy = '\0';
}

static const NvpFormatToken *
longest_token(const char *p, size_t *len)
{
	const NvpFormatToken *best = NULL;

	*len = 0;
	for (int i = 0; i < lengthof(tokens); i++)
	{
		size_t		n = strlen(tokens[i].text);

		if (n > *len && strncmp(p, tokens[i].text, n) == 0)
		{
			best = &tokens[i];
			*len = n;
		}
	}
	return best;
}

/* Adds literal text, joined to the op before it where it fits. */
static void
add_literal(NvpDateFormat *format, const char *p, const char *end)
{
	while (p < end)
	{
		NvpFormatOp *op = format->nops > 0 ? &format->ops[format->nops - 1] : NULL;
		uint32		cp;
		int			n = nvp_utf8_decode(p, end, &cp);

		Assert(n > 0);
		if (op == NULL || op->code != OP_LITERAL || op->width + n > sizeof(op->text))
		{
			Assert(format->nops < MAX_OPS);
			op = &format->ops[format->nops++];
			op->code = OP_LITERAL;
			op->width = 0;
		}
		memcpy(op->text + op->width, p, n);
		op->width += n;
		p += n;
	}
}

static void
add_source(NvpDateFormat *format, const char *p)
{
	const char *stop = p + strlen(p);

	while (p < stop)
	{
		const char *end = literal_end(p);
		size_t		len;
		const NvpFormatToken *token = end > p ? NULL : longest_token(p, &len);

		if (end > p)
			add_literal(format, p + 1, *p == '[' ? end - 1 : end);
		else if (token == NULL)
		{
			uint32		cp;

			end = p + nvp_utf8_decode(p, stop, &cp);
			add_literal(format, p, end);
		}
		else
		{
			end = p + len;
			if (token->code == OP_EXPAND)
				add_source(format, token->expansion);
			else
				format->ops[format->nops++] = (NvpFormatOp) {token->code, token->width};
			format->shows |= token->shows;
		}
		p = end;
	}
}

/* Recognizes YYYY-MM-DD, DD.MM.YYYY and their kin, which render by copy. */
static void
find_plain(NvpDateFormat *format)
{
	int			at = 0;
	int			seen = 0;

	for (int i = 0; i < format->nops; i++)
	{
		const NvpFormatOp *op = &format->ops[i];
		uint8	   *place = op->code == OP_YEAR && op->width == 4 ? &format->year_at :
			op->code == OP_MONTH && op->width == 2 ? &format->month_at :
			op->code == OP_DAY && op->width == 2 ? &format->day_at : NULL;

		if (at + op->width > sizeof(format->pattern) || (place == NULL && op->code != OP_LITERAL))
			return;
		if (place)
		{
			*place = at;
			seen |= 1 << op->code;
		}
		else
			memcpy(format->pattern + at, op->text, op->width);
		at += op->width;
	}
	format->is_plain = at == sizeof(format->pattern) &&
		seen == (1 << OP_YEAR | 1 << OP_MONTH | 1 << OP_DAY);
}

/*
 * nvp_date_format_compile turns the text of outputFormat into a format.
 *
 * out: NULL, or a static message that says what is wrong with it.
 */
const char *
nvp_date_format_compile(NvpDateFormat *format, const char *source)
{
	char		text[4 * NVP_FORMAT_MAX_CHARS + 1];
	NvpFormatOp ops[MAX_OPS];
	size_t		len = strlen(source);

	memset(format, 0, sizeof(*format));
	if (len == 0)
		return "outputFormat must not be empty";
	if (!nvp_utf8_valid(source, len))
		return "outputFormat must be valid UTF-8";
	if (nvp_utf8_length(source, len) > NVP_FORMAT_MAX_CHARS)
		return "outputFormat must not be longer than 200 characters";
	if (has_letter(source, 'N') || (has_letter(source, 'y') && has_letter(source, 'Y')))
		return "outputFormat has era tokens (N, y), which are not supported";
	translate_spelling(source, text);
	format->ops = ops;
	add_source(format, text);
	format->ops = palloc(Max(format->nops, 1) * sizeof(NvpFormatOp));
	memcpy(format->ops, ops, format->nops * sizeof(NvpFormatOp));
	find_plain(format);
	return NULL;
}

/* Writes a number of at least width digits. */
static char *
put_number(char *p, uint64 value, int width)
{
	char		digits[20];
	int			n = 0;

	do
	{
		digits[n++] = '0' + value % 10;
		value /= 10;
	} while (value > 0 || n < width);
	while (n > 0)
		*p++ = digits[--n];
	return p;
}

static char *
put_text(char *p, const char *text, int most)
{
	int			n = Min((int) strlen(text), most);

	memcpy(p, text, n);
	return p + n;
}

/* 1st, 2nd, 3rd, 4th, but 11th, 12th, 13th. */
static char *
put_ordinal(char *p, int value)
{
	static const char *const endings[] = {"th", "st", "nd", "rd"};
	int			last = value % 10;

	p = put_number(p, value, 1);
	return put_text(p, endings[last < 4 && value / 10 % 10 != 1 ? last : 0], 2);
}

static char *
put_offset(char *p, int32 secs, bool has_colon)
{
	int			minutes = abs(secs) / 60;

	*p++ = secs < 0 ? '-' : '+';
	p = put_number(p, minutes / 60, 2);
	if (has_colon)
		*p++ = ':';
	return put_number(p, minutes % 60, 2);
}

/* Unix time in units of some microseconds, rounded down. */
static char *
put_unix(char *p, const NvpDateParts *parts, int64 unit)
{
	int64		us = (parts->days + NVP_DAYS_UNIX) * NVP_USECS_DAY + parts->usecs -
		parts->zone_secs * NVP_USECS_SECOND;
	int64		value = us / unit - (us % unit < 0);

	if (value < 0)
		*p++ = '-';
	return put_number(p, value < 0 ? -value : value, 1);
}

/* The fraction of a second, cut to the width; we hold six digits. */
static char *
put_fraction(char *p, int usecs, int width)
{
	char		digits[9] = "000000000";

	put_number(digits, usecs, 6);
	memcpy(p, digits, width);
	return p + width;
}

/* The number that a numeric token shows. */
static int
token_value(uint8 code, const NvpDateParts *parts, const NvpDay *day)
{
	int			secs = (int) (parts->usecs / NVP_USECS_SECOND);
	int			weekday = nvp_calendar_weekday(parts->days);
	int			year;

	switch (code)
	{
		case OP_QUARTER:
			return (day->month + 2) / 3;
		case OP_MONTH:
			return day->month;
		case OP_DAY:
			return day->day;
		case OP_YEAR_DAY:
			return nvp_calendar_year_day(day->year, day->month, day->day);
		case OP_WEEKDAY:
			return weekday;
		case OP_ISO_WEEKDAY:
			return (weekday + 6) % 7 + 1;
		case OP_US_WEEK:
			return nvp_calendar_us_week(parts->days, &year);
		case OP_US_WEEK_YEAR:
			nvp_calendar_us_week(parts->days, &year);
			return year;
		case OP_ISO_WEEK:
			return nvp_calendar_iso_week(parts->days, &year);
		case OP_ISO_WEEK_YEAR:
			nvp_calendar_iso_week(parts->days, &year);
			return year;
		case OP_HOUR:
			return secs / 3600;
		case OP_HOUR_12:
			return (secs / 3600 + 11) % 12 + 1;
		case OP_HOUR_FROM_1:
			return (secs / 3600 + 23) % 24 + 1;
		case OP_MINUTE:
			return secs / 60 % 60;
		case OP_SECOND:
			return secs % 60;
		default:
			return day->year;
	}
}

static char *
put_op(char *p, const NvpFormatOp *op, const NvpDateParts *parts, const NvpDay *day)
{
	bool		is_pm = parts->usecs >= NVP_USECS_DAY / 2;
	int			value;

	switch (op->code)
	{
		case OP_LITERAL:
			memcpy(p, op->text, op->width);
			return p + op->width;
		case OP_MONTH_NAME:
			return put_text(p, month_names[day->month - 1], op->width);
		case OP_WEEKDAY_NAME:
			return put_text(p, weekday_names[nvp_calendar_weekday(parts->days)], op->width);
		case OP_FRACTION:
			return put_fraction(p, parts->usecs % NVP_USECS_SECOND, op->width);
		case OP_HALF_DAY_UPPER:
			return put_text(p, is_pm ? "PM" : "AM", 2);
		case OP_HALF_DAY_LOWER:
			return put_text(p, is_pm ? "pm" : "am", 2);
		case OP_OFFSET:
		case OP_OFFSET_COLON:
			return put_offset(p, parts->zone_secs, op->code == OP_OFFSET_COLON);
		case OP_ZONE:
			return parts->zone_secs != 0 ? p :
				put_text(p, op->width == 3 ? "UTC" : "Coordinated Universal Time", op->width);
		case OP_UNIX:
			return put_unix(p, parts, NVP_USECS_SECOND);
		case OP_UNIX_MS:
			return put_unix(p, parts, NVP_USECS_SECOND / 1000);
		case OP_YEAR_SIGNED:
			*p++ = '+';
			return put_number(p, day->year, op->width);
		case OP_YEAR_OF_CENTURY:
			return put_number(p, day->year % 100, 2);
		default:
			value = token_value(op->code, parts, day);
			if (op->width == WIDTH_ORDINAL)
				return put_ordinal(p, value);
			if (op->width == 2 && (op->code == OP_US_WEEK_YEAR || op->code == OP_ISO_WEEK_YEAR))
				value %= 100;
			return put_number(p, value, op->width);
	}
}

static inline void
put_pair(char *p, unsigned value)
{
	p[0] = '0' + value / 10;
	p[1] = '0' + value % 10;
}

/*
 * nvp_date_format_render writes a moment.
 *
 * in: a local day of the years 999 to 10000 and a time below 24:00; out: text
 * in the arena.
 */
NvpText
nvp_date_format_render(const NvpDateFormat *format, const NvpDateParts *parts, NvpArena *arena)
{
	char		buf[NVP_FORMAT_MAX_BYTES];
	char	   *p = buf;
	char	   *text;
	NvpDay		day;

	nvp_calendar_split(parts->days, &day.year, &day.month, &day.day);
	if (format->is_plain)
	{
		text = nvp_arena_alloc(arena, sizeof(format->pattern) + 1);
		memcpy(text, format->pattern, sizeof(format->pattern));
		put_pair(text + format->year_at, day.year / 100);
		put_pair(text + format->year_at + 2, day.year % 100);
		put_pair(text + format->month_at, day.month);
		put_pair(text + format->day_at, day.day);
		text[sizeof(format->pattern)] = '\0';
		return (NvpText) {text, sizeof(format->pattern)};
	}
	for (int i = 0; i < format->nops; i++)
		p = put_op(p, &format->ops[i], parts, &day);
	Assert(p - buf <= sizeof(buf));
	text = nvp_arena_alloc(arena, p - buf + 1);
	memcpy(text, buf, p - buf);
	text[p - buf] = '\0';
	return (NvpText) {text, p - buf};
}
