/*-------------------------------------------------------------------------
 *
 * cron.c
 *		Reading cron expressions.
 *
 * Flow:   expression --> fields (blanks) --> items (commas) --> a range with a
 *		   step, or one of the day fields' own forms --> bits.
 * Memory: messages are made in the current memory context.
 * Errors: the first mistake is returned; its message names the field and the
 *		   item, its hint says what to write.  What crons read differently from
 *		   each other (5/15, 22-2) is refused rather than guessed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/calendar.h"
#include "schedule/cron.h"

#define MAX_BYTES		1000	/* of an expression */
#define MAX_SHOWN		40		/* of an item, in a message */
#define MAX_TO_LAST		30		/* L-30 is the first of a long month */

#define SHAPE_HINT	"Write \"minute hour day month weekday\", with seconds in front if there are six, or one of @hourly, @daily, @weekly, @monthly and @yearly."

enum
{
	SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS
};

typedef struct CronField
{
	const char *name;
	int			min;
	int			max;
	const char *names;			/* of the values, three letters each; or NULL */
	int			first_named;	/* value of the first of them */
	const char *hint;
} CronField;

static const CronField cron_fields[FIELDS] = {
	{"second", 0, 59, NULL, 0, "Write *, a number from 0 to 59, a range as 0-29, a step as */10, or a list of them."},
	{"minute", 0, 59, NULL, 0, "Write *, a number from 0 to 59, a range as 0-29, a step as */10, or a list of them."},
	{"hour", 0, 23, NULL, 0, "Write *, a number from 0 to 23, a range as 8-17, a step as */2, or a list of them."},
	{"day of month", 1, 31, NULL, 0, "Write *, a number from 1 to 31, a range as 1-7, a step as */2, L, L-2, 15W, LW, or a list of them."},
	{"month", 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC", 1, "Write *, a number from 1 to 12, a name as JAN, a range as JAN-JUN, a step as */3, or a list of them."},
	{"day of week", 0, 7, "SUNMONTUEWEDTHUFRISAT", 0, "Write *, a number from 0 to 7 (0 and 7 are Sunday), a name as MON, a range as MON-FRI, FRIL (the last), MON#2 (the second), or a list of them."}
};

static const struct
{
	const char *name;
	const char *meaning;
}			nicknames[] = {
	{"@hourly", "0 * * * *"}, {"@daily", "0 0 * * *"}, {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
	{"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}
};

/* one item of a list while it is read */
typedef struct CronItem
{
	const CronField *field;
	const char *text;			/* its beginning */
	int			len;
	const char *at;				/* what is not yet read */
	const char *end;
	NvpScheduleError *error;
} CronItem;

/* as many bytes of a text as a message shows: whole characters */
static int
shown_bytes(const char *text, int len)
{
	int			shown = Min(len, MAX_SHOWN);

	while (shown < len && shown > 0 && (text[shown] & 0xc0) == 0x80)
		shown--;
	return shown;
}

static bool
refuse(CronItem *item, const char *hint, const char *why)
{
	int			shown = shown_bytes(item->text, item->len);

	item->error->message = psprintf("the %s \"%.*s%s\" %s", item->field->name, shown, item->text,
									shown < item->len ? "..." : "", why);
	item->error->hint = hint ? hint : item->field->hint;
	return false;
}

static bool
take_char(CronItem *item, char c)
{
	if (item->at == item->end || pg_ascii_toupper((unsigned char) *item->at) != c)
		return false;
	item->at++;
	return true;
}

static bool
take_number(CronItem *item, int *value)
{
	const char *begin = item->at;

	*value = 0;
	for (; item->at < item->end && *item->at >= '0' && *item->at <= '9'; item->at++)
	{
		if (item->at - begin > 5)
			return false;
		*value = *value * 10 + (*item->at - '0');
	}
	return item->at > begin;
}

static bool
take_name(CronItem *item, int *value)
{
	const char *names = item->field->names;

	if (names == NULL || item->end - item->at < 3)
		return false;
	for (int i = 0; names[3 * i]; i++)
	{
		if (pg_strncasecmp(item->at, names + 3 * i, 3) == 0)
		{
			*value = item->field->first_named + i;
			item->at += 3;
			return true;
		}
	}
	return false;
}

/* a number or a name within the field's bounds */
static bool
take_value(CronItem *item, int *value)
{
	if (!take_number(item, value) && !take_name(item, value))
		return refuse(item, NULL, "is not understood");
	if (*value < item->field->min || *value > item->field->max)
		return refuse(item, NULL, psprintf("is not within %d to %d", item->field->min, item->field->max));
	return true;
}

static bool
take_end(CronItem *item)
{
	return item->at == item->end || refuse(item, NULL, "is not understood");
}

/* [/n] and the end of the item; the values become bits of *set */
static bool
take_step(CronItem *item, int low, int high, bool is_range, uint64 *set)
{
	int			step = 1;

	if (take_char(item, '/'))
	{
		if (!is_range)
			return refuse(item, "Write the whole range, as 5-59/15.", "has a step but no range");
		if (!take_number(item, &step) || step < 1)
			return refuse(item, NULL, "has no step after the slash");
		if (step > item->field->max)
			return refuse(item, "A step starts anew with each minute, hour, day, month or year; longer intervals are what frequency and interval are for.",
						  "has a step beyond the end of the field");
	}
	if (!take_end(item))
		return false;
	for (int value = low; value <= high; value += step)
		*set |= UINT64CONST(1) << value;
	return true;
}

/* *, ?, a, a-b, each with a step */
static bool
take_range(CronItem *item, uint64 *set)
{
	const CronField *field = item->field;
	bool		is_weekday = field->max == 7;
	int			low;
	int			high;

	if (take_char(item, '*') || take_char(item, '?'))
		return take_step(item, field->min, is_weekday ? 6 : field->max, true, set);
	if (!take_value(item, &low))
		return false;
	if (!take_char(item, '-'))
		return take_step(item, low, low, false, set);
	if (!take_value(item, &high))
		return false;
	if (is_weekday && high == 0)
		high = 7;
	if (high < low)
		return refuse(item, "Write two ranges: 22-2 is 22-23,0-2.", "runs backwards");
	return take_step(item, low, high, true, set);
}

/* L, L-n, LW, nW; false with *mine unset if the item is none of them */
static bool
take_day_form(CronItem *item, NvpCron *cron, bool *mine)
{
	int			n = 0;

	*mine = true;
	if (take_char(item, 'L'))
	{
		if (take_char(item, 'W'))
			cron->last_workday = true;
		else if (take_char(item, '-') && (!take_number(item, &n) || n > MAX_TO_LAST))
			return refuse(item, NULL, "is not within L-0 to L-30");
		else
			cron->days_to_last |= 1u << n;
		return take_end(item);
	}
	if (take_number(item, &n) && take_char(item, 'W'))
	{
		if (n < 1 || n > 31)
			return refuse(item, NULL, "is not within 1W to 31W");
		cron->workdays_near |= 1u << n;
		return take_end(item);
	}
	*mine = false;
	item->at = item->text;
	return false;
}

/* nL, n#k; false with *mine unset if the item is none of them */
static bool
take_weekday_form(CronItem *item, NvpCron *cron, bool *mine)
{
	int			weekday;
	int			nth;

	*mine = true;
	if (take_char(item, 'L'))
		return refuse(item, "Write SATL for the last Saturday of the month, SAT for every Saturday.", "names no weekday");
	if ((take_number(item, &weekday) || take_name(item, &weekday)) && weekday <= 7)
	{
		if (take_char(item, 'L'))
		{
			cron->weekdays_last |= 1 << weekday % 7;
			return take_end(item);
		}
		if (take_char(item, '#'))
		{
			if (!take_number(item, &nth) || nth < 1 || nth > 5)
				return refuse(item, NULL, "is not within #1 to #5");
			cron->weekdays_nth[nth] |= 1 << weekday % 7;
			return take_end(item);
		}
	}
	*mine = false;
	item->at = item->text;
	return false;
}

static bool
read_item(CronItem *item, NvpCron *cron, uint64 *set)
{
	bool		mine = false;
	bool		fine = false;

	if (item->field == &cron_fields[DAY])
		fine = take_day_form(item, cron, &mine);
	else if (item->field == &cron_fields[WEEKDAY])
		fine = take_weekday_form(item, cron, &mine);
	return mine ? fine : take_range(item, set);
}

/* all items of a field; *is_star: it begins with a star */
static bool
read_field(const CronField *field, const char *text, int len, NvpCron *cron, uint64 *set, bool *is_star,
		   NvpScheduleError *error)
{
	const char *end = text + len;

	*is_star = *text == '*' || *text == '?';
	*set = 0;
	for (;;)
	{
		const char *comma = memchr(text, ',', end - text);
		CronItem	item = {field, text, (comma ? comma : end) - text, text, comma ? comma : end, error};

		if (!read_item(&item, cron, set))
			return false;
		if (comma == NULL)
			return true;
		text = comma + 1;
	}
}

/* splits an expression at blanks; returns the number of fields, of which at most max are put out */
static int
split_fields(const char *text, const char **fields, int *lengths, int max)
{
	int			n = 0;

	for (;;)
	{
		text += strspn(text, " \t");
		if (*text == '\0')
			return n;
		if (n < max)
		{
			fields[n] = text;
			lengths[n] = strcspn(text, " \t");
		}
		n++;
		text += strcspn(text, " \t");
	}
}

static bool
resolve_nickname(const char **text, NvpScheduleError *error)
{
	const char *name = *text + strspn(*text, " \t");

	if (*name != '@')
		return true;
	for (int i = 0; i < lengthof(nicknames); i++)
	{
		int			len = strlen(nicknames[i].name);

		if (pg_strncasecmp(name, nicknames[i].name, len) == 0 && name[len + strspn(name + len, " \t")] == '\0')
		{
			*text = nicknames[i].meaning;
			return true;
		}
	}
	error->message = psprintf("there is no cron expression \"%.*s\"", shown_bytes(name, strlen(name)), name);
	error->hint = SHAPE_HINT;
	return false;
}

/*
 * nvp_cron_parse reads an expression of five fields, or of six with seconds in
 * front, or one of the names with an @.
 *
 * in: text, terminated, any bytes.
 * out: false and a message; cron is undefined then.
 */
bool
nvp_cron_parse(const char *text, NvpCron *cron, NvpScheduleError *error)
{
	const char *fields[FIELDS];
	int			lengths[FIELDS];
	uint64		sets[FIELDS] = {1};
	bool		stars[FIELDS];
	int			n;
	int			first;

	memset(cron, 0, sizeof(*cron));
	error->path = "cron";
	error->hint = SHAPE_HINT;
	if (strlen(text) > MAX_BYTES)
	{
		error->message = psprintf("the cron expression is longer than %d bytes", MAX_BYTES);
		return false;
	}
	if (!resolve_nickname(&text, error))
		return false;
	n = split_fields(text, fields, lengths, FIELDS);
	if (n != FIELDS && n != FIELDS - 1)
	{
		error->message = psprintf("the cron expression \"%.*s\" has %d field%s instead of 5 or 6",
								  shown_bytes(text, strlen(text)), text, n, n == 1 ? "" : "s");
		return false;
	}
	first = FIELDS - n;
	for (int i = first; i < FIELDS; i++)
	{
		if (!read_field(&cron_fields[i], fields[i - first], lengths[i - first], cron, &sets[i], &stars[i], error))
			return false;
	}
	cron->seconds = sets[SECOND];
	cron->minutes = sets[MINUTE];
	cron->hours = sets[HOUR];
	cron->days = sets[DAY];
	cron->months = sets[MONTH];
	cron->weekdays = (sets[WEEKDAY] | sets[WEEKDAY] >> 7) & 0x7f;
	cron->every_hour = stars[HOUR];
	cron->every_day = stars[DAY];
	cron->every_weekday = stars[WEEKDAY];
	return true;
}
