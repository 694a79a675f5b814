/*-------------------------------------------------------------------------
 *
 * sniff_type.c
 *		What values look like: types of columns, decimal signs, order of dates.
 *
 * This is a look at a sample, to tell delimiters apart and to show people what is
 * in a file.  What a value is in a run, its column type decides, after a vote
 * over the whole column.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/sniff_impl.h"

/* a number as far as it was read */
typedef struct NumberLook
{
	int			digits;
	int			groups;			/* of three digits behind a grouping sign */
	char		grouping;		/* sign between groups, 0 = none */
	char		decimal;		/* sign before the fraction, 0 = none or cannot be told */
	bool		is_unclear;		/* one sign, three digits behind it */
} NumberLook;

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
count_digits(const char *p, const char *end)
{
	int			n = 0;

	while (p + n < end && is_digit(p[n]))
		n++;
	return n;
}

/* skip_currency steps over a sign of money and blanks; returns the position behind */
static const char *
skip_currency(const char *p, const char *end)
{
	static const char *const signs[] = {"US$", "$", "\xE2\x82\xAC", "\xC2\xA3", "\xC2\xA5", "EUR", "USD", "GBP", "CHF"};

	for (int i = 0; i < lengthof(signs); i++)
	{
		size_t		n = strlen(signs[i]);

		if (end - p > n && memcmp(p, signs[i], n) == 0)
		{
			p += n;
			break;
		}
	}
	while (p < end && *p == ' ')
		p++;
	return p;
}

/* drop_unit takes a sign of money or percent off the end */
static const char *
drop_unit(const char *p, const char *end)
{
	static const char *const signs[] = {
		"%", "$", "\xE2\x82\xAC", "\xC2\xA3", "EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "kr", "z\xC5\x82", "K\xC4\x8D"
	};

	for (int i = 0; i < lengthof(signs); i++)
	{
		size_t		n = strlen(signs[i]);

		if (end - p > n && memcmp(end - n, signs[i], n) == 0)
		{
			end -= n;
			break;
		}
	}
	for (;;)
	{
		if (end > p && end[-1] == ' ')
			end--;
		else if (end - p > 2 && memcmp(end - 2, "\xC2\xA0", 2) == 0)
			end -= 2;
		else if (end - p > 3 && memcmp(end - 3, "\xE2\x80\xAF", 3) == 0)
			end -= 3;
		else
			return end;
	}
}

/* grouping_sign returns the length of a sign that may stand between groups of digits, 0 = none */
static int
grouping_sign(const char *p, const char *end)
{
	if (*p == '.' || *p == ',' || *p == '\'' || *p == ' ')
		return 1;
	if (end - p >= 2 && memcmp(p, "\xC2\xA0", 2) == 0)
		return 2;
	return (end - p >= 3 && (memcmp(p, "\xE2\x80", 2) == 0 &&
			(p[2] == '\xAF' || p[2] == '\x89' || p[2] == '\x99'))) ? 3 : 0;
}

/* look_at_number reads a number however it is written; false if it is none */
static bool
look_at_number(const char *p, const char *end, NumberLook *look)
{
	int			first;
	bool		has_zero;		/* no group follows a zero */

	memset(look, 0, sizeof(*look));
	/* (1.50) and 1.50- are negative as well */
	if (end - p > 2 && *p == '(' && end[-1] == ')')
	{
		p++;
		end--;
	}
	else if (p < end && (*p == '-' || *p == '+'))
		p++;
	else if (end - p > 1 && end[-1] == '-')
		end--;
	p = skip_currency(p, end);
	if (p < end && *p == '-')
		p++;
	end = drop_unit(p, end);
	has_zero = (p < end && *p == '0');
	look->digits = first = count_digits(p, end);
	p += first;
	while (p < end)
	{
		int			sign = grouping_sign(p, end);
		int			n = count_digits(p + sign, end);
		bool		is_last = p + sign + n == end;

		if (sign == 0 || (n == 0 && !is_last) || (look->groups > 0 && first > 3))
			break;
		if (n == 3 && first >= 1 && first <= 3 && !has_zero && (look->groups == 0 || *p == look->grouping))
		{
			look->groups++;
			look->grouping = *p;
		}
		else if (is_last && n > 0 && (*p == '.' || *p == ',') && *p != look->grouping)
			look->decimal = *p;
		else
			return false;
		look->digits += n;
		p += sign + n;
	}
	/* 1e5 */
	if (p < end && (*p == 'e' || *p == 'E') && look->digits > 0 && look->groups == 0)
	{
		p++;
		if (p < end && (*p == '-' || *p == '+'))
			p++;
		p += count_digits(p, end);
		if (look->decimal == '\0')
			look->decimal = '.';
	}
	if (p != end || look->digits == 0)
		return false;
	look->is_unclear = look->groups == 1 && look->decimal == '\0' && (look->grouping == '.' || look->grouping == ',');
	if (look->decimal == '\0' && look->groups > 1)
		look->decimal = look->grouping == '.' ? ',' : look->grouping == ',' ? '.' : '\0';
	return true;
}

/* parts of a date as they stand */
typedef struct DateLook
{
	int			parts[3];
	int			lengths[3];		/* digits of each */
	char		sign;
} DateLook;

/* is_time: hours and minutes, and what may follow them */
static bool
is_time(const char *p, const char *end)
{
	int			n = count_digits(p, end);

	if (n < 1 || n > 2 || p + n + 3 > end || p[n] != ':' || count_digits(p + n + 1, end) != 2)
		return false;
	for (p += n + 3; p < end; p++)
		if (!is_digit(*p) && strchr(":.,+-Z AaPpMm", *p) == NULL)
			return false;
	return true;
}

/* look_at_date reads a date of three numbers, perhaps with a time; false if it is none */
static bool
look_at_date(const char *p, const char *end, DateLook *look)
{
	look->sign = '\0';
	for (int i = 0; i < 3; i++)
	{
		int			n = count_digits(p, end);

		if (n < 1 || n > 4 || n == 3)
			return false;
		look->lengths[i] = n;
		look->parts[i] = 0;
		for (int k = 0; k < n; k++)
			look->parts[i] = look->parts[i] * 10 + (p[k] - '0');
		p += n;
		if (i == 2)
			break;
		if (p == end || (*p != '-' && *p != '.' && *p != '/') || (look->sign != '\0' && *p != look->sign))
			return false;
		look->sign = *p++;
	}
	/* one part may be a year, the others are a day and a month */
	if (look->lengths[1] > 2 || (look->lengths[0] == 4 && look->lengths[2] == 4) ||
		(look->lengths[0] < 3 && look->lengths[2] == 1))
		return false;
	if (look->parts[1] == 0 || look->parts[1] > 31 || (look->lengths[0] < 3 && (look->parts[0] == 0 || look->parts[0] > 31)))
		return false;
	if (p == end)
		return true;
	return (*p == 'T' || *p == ' ') && is_time(p + 1, end);
}

static const char *
trim(const char *p, const char **end)
{
	while (p < *end && *p == ' ')
		p++;
	while (*end > p && (*end)[-1] == ' ')
		(*end)--;
	return p;
}

/* nvp_sniff_type says what a cell looks like. */
NvpFieldType
nvp_sniff_type(const char *p, const char *end)
{
	static const char *const booleans[] = {"true", "false", "yes", "no", "ja", "nein"};
	NumberLook	number;
	DateLook	date;

	p = trim(p, &end);
	if (p == end)
		return NVP_FIELD_EMPTY;
	if (end - p > 40)
		return NVP_FIELD_TEXT;
	for (int i = 0; i < lengthof(booleans); i++)
		if (strlen(booleans[i]) == end - p && pg_strncasecmp(p, booleans[i], end - p) == 0)
			return NVP_FIELD_BOOLEAN;
	if (count_digits(p, end) == end - p)
		return NVP_FIELD_INTEGER;
	if (look_at_date(p, end, &date) || is_time(p, end))
		return NVP_FIELD_DATE;
	if (!look_at_number(p, end, &number))
		return NVP_FIELD_TEXT;
	return (number.decimal || number.groups || end[-1] == '%') ? NVP_FIELD_DECIMAL : NVP_FIELD_INTEGER;
}

/* nvp_field_type_name returns the name that nuvopipe.sniff shows. */
const char *
nvp_field_type_name(NvpFieldType type)
{
	static const char *const names[] = {"empty", "integer", "decimal", "date", "boolean", "text"};

	return names[type];
}

/*
 * nvp_sniff_column_type finds the most frequent type of a column from a record on.
 *
 * out: how many of its cells are filled, and how many of them have that type;
 *		whole numbers among decimal ones are decimal.
 */
NvpFieldType
nvp_sniff_column_type(const NvpSniffReading *reading, int col, int from, int *filled, int *fitting)
{
	int			counts[NVP_FIELD_COUNT] = {0};
	NvpFieldType best = NVP_FIELD_TEXT;

	*filled = 0;
	for (int i = from; i < reading->nrecords; i++)
	{
		NvpFieldType type;

		if (reading->records[i].width != reading->width || reading->records[i].is_blank)
			continue;
		type = nvp_sniff_cell(reading, i, col)->type;
		if (type == NVP_FIELD_EMPTY)
			continue;
		counts[type]++;
		(*filled)++;
	}
	if (counts[NVP_FIELD_DECIMAL] > 0)
	{
		counts[NVP_FIELD_DECIMAL] += counts[NVP_FIELD_INTEGER];
		counts[NVP_FIELD_INTEGER] = 0;
	}
	for (NvpFieldType type = NVP_FIELD_INTEGER; type < NVP_FIELD_COUNT; type++)
		if (counts[type] > counts[best])
			best = type;
	*fitting = counts[best];
	return *filled > 0 ? best : NVP_FIELD_EMPTY;
}

/* ---- conventions ------------------------------------------------------------ */

/* set_votes writes a verdict about two values that were voted for */
static void
set_votes(NvpVerdict *verdict, const char *a, int na, const char *b, int nb, int unclear, const char *what)
{
	int			n = na + nb;
	const char *loser = na >= nb ? b : a;

	if (n == 0 && unclear > 0)
	{
		nvp_verdict_set(verdict, 0.5, "%d %s could be read either way", unclear, what);
		nvp_verdict_rival(verdict, a, 0.5);
		nvp_verdict_rival(verdict, b, 0.5);
		verdict->is_ambiguous = true;
		return;
	}
	if (n == 0)
		return;
	nvp_verdict_set(verdict, (double) Max(na, nb) / n * (n > 1 ? 0.99 : 0.9),
					"%d of %d %s can only be read so", Max(na, nb), n, what);
	if (Min(na, nb) > 0)
		nvp_verdict_rival(verdict, loser, (double) Min(na, nb) / n);
	verdict->is_ambiguous = Min(na, nb) > 0;
}

/* the text of a cell, without blanks around it; NULL if it is of another type or no text, or its record is none of the table */
static const char *
text_of_type(const NvpSniffReading *reading, int record, int col, NvpFieldType type, const char **end)
{
	const NvpSniffCell *cell;

	if (reading->records[record].width != reading->width || reading->records[record].is_blank)
		return NULL;
	cell = nvp_sniff_cell(reading, record, col);
	*end = cell->ptr + cell->len;
	return cell->type == type && !cell->is_typed ? trim(cell->ptr, end) : NULL;
}

static void
judge_decimals(const NvpSniffReading *reading, int col, int from, NvpField *field)
{
	int			points = 0;
	int			commas = 0;
	int			unclear = 0;

	for (int i = from; i < reading->nrecords; i++)
	{
		NumberLook	look;
		const char *end;
		const char *p = text_of_type(reading, i, col, NVP_FIELD_DECIMAL, &end);

		if (p == NULL || !look_at_number(p, end, &look))
			continue;
		points += look.decimal == '.';
		commas += look.decimal == ',';
		unclear += look.is_unclear;
	}
	set_votes(&field->decimal_verdict, ".", points, ",", commas, unclear, "numbers");
	field->decimal = points > commas ? '.' : commas > points ? ',' : '\0';
}

static void
judge_dates(const NvpSniffReading *reading, int col, int from, NvpField *field)
{
	int			dmy = 0;
	int			mdy = 0;
	int			ymd = 0;
	int			dotted = 0;
	int			unclear = 0;

	for (int i = from; i < reading->nrecords; i++)
	{
		DateLook	look;
		const char *end;
		const char *p = text_of_type(reading, i, col, NVP_FIELD_DATE, &end);

		if (p == NULL || !look_at_date(p, end, &look))
			continue;
		if (look.lengths[0] == 4)
			ymd++;
		else if (look.parts[0] > 12 && look.parts[1] <= 12)
			dmy++;
		else if (look.parts[1] > 12)
			mdy++;
		else if (look.sign == '.')
			dotted++;
		else
			unclear++;
	}
	if (ymd > 0 && dmy + mdy + dotted + unclear == 0)
	{
		nvp_verdict_set(&field->date_verdict, 0.99, "the year stands first in %d dates", ymd);
		strlcpy(field->date_order, "ymd", sizeof(field->date_order));
		return;
	}
	if (dmy + mdy == 0 && dotted > 0)
	{
		nvp_verdict_set(&field->date_verdict, 0.9, "%d dates with points, as they are written where the day stands first", dotted);
		nvp_verdict_rival(&field->date_verdict, "mdy", 0.1);
		strlcpy(field->date_order, "dmy", sizeof(field->date_order));
		return;
	}
	set_votes(&field->date_verdict, "dmy", dmy, "mdy", mdy, unclear, "dates");
	if (dmy != mdy)
		strlcpy(field->date_order, dmy > mdy ? "dmy" : "mdy", sizeof(field->date_order));
}

/* add_name writes a header cell behind what is there, as far as there is room, at a boundary of characters */
static void
add_name(NvpField *field, const NvpSniffCell *cell)
{
	size_t		at = strlen(field->name);
	size_t		n = cell->len;
	size_t		room;

	if (n == 0 || (n == at && memcmp(field->name, cell->ptr, n) == 0))
		return;
	if (at > 0 && at < sizeof(field->name) - 1)
		field->name[at++] = ' ';
	room = sizeof(field->name) - 1 - at;
	n = Min(n, room);
	while (n > 0 && n < cell->len && (cell->ptr[n] & 0xC0) == 0x80)
		n--;
	memcpy(field->name + at, cell->ptr, n);
	field->name[at + n] = '\0';
}

/* name_field joins the lines of the header; a text above counts for the columns to the right of it */
static void
name_field(const NvpSniffReading *reading, int col, int from, int last, NvpField *field)
{
	for (int r = from; r <= last && r < reading->nrecords; r++)
	{
		int			c = col;

		if (col >= reading->records[r].width)
			continue;
		while (r < last && c > 0 && nvp_sniff_cell(reading, r, c)->len == 0)
			c--;
		add_name(field, nvp_sniff_cell(reading, r, c));
	}
}

/* is_typed tells whether the file says of all values of a column that they are of its type */
static bool
is_typed(const NvpSniffReading *reading, int col, int from, NvpFieldType type)
{
	int			n = 0;

	for (int r = from; r < reading->nrecords; r++)
	{
		const NvpSniffCell *cell = nvp_sniff_cell(reading, r, col);

		if (reading->records[r].width <= col ||
			(cell->type != type && (type != NVP_FIELD_DECIMAL || cell->type != NVP_FIELD_INTEGER)))
			continue;
		if (!cell->is_typed)
			return false;
		n++;
	}
	return n > 0;
}

/* nvp_sniff_fields describes the columns below the header that sniff->format says. */
void
nvp_sniff_fields(const NvpSniffReading *reading, NvpSniff *sniff)
{
	int			n = Min(reading->width, NVP_SNIFF_FIELDS);
	int			from = sniff->format.skip_rows;
	int			first;
	int			last;

	while (from < reading->nrecords && reading->records[from].is_blank)
		from++;
	first = from;
	last = sniff->format.has_header ? from + sniff->format.header_rows - 1 : from - 1;
	from = last + 1;
	sniff->nfields = n;
	sniff->fields = palloc0(sizeof(NvpField) * Max(n, 1));
	for (int col = 0; col < n; col++)
	{
		NvpField   *field = &sniff->fields[col];

		field->type = nvp_sniff_column_type(reading, col, from, &field->filled, &field->fitting);
		field->is_typed = is_typed(reading, col, from, field->type);
		name_field(reading, col, first, last, field);
		if (field->is_typed)
			continue;
		if (field->type == NVP_FIELD_DECIMAL)
			judge_decimals(reading, col, from, field);
		if (field->type == NVP_FIELD_DATE)
			judge_dates(reading, col, from, field);
	}
}
