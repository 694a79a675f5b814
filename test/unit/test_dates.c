/*-------------------------------------------------------------------------
 *
 * test_dates.c
 *		The date and time types: vectors, the whole calendar, and the corners.
 *
 * Time zones other than UTC exist only in the server, whose tests replay the
 * vectors of datetime once more.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <time.h>

#include "model/date_format.h"
#include "model/date_read.h"
#include "model/months_data.h"
#include "model/weekdays_data.h"
#include "vector.h"

static int	nchecked = 0;
static int	nwrong = 0;
static NvpArena arena;

static void
check(bool good, const char *what, const char *detail)
{
	nchecked++;
	if (!good && nwrong++ < 50)
		fprintf(stderr, "wrong: %s: %s\n", what, detail);
}

/* Converts one cell and returns its text, "!" for an error, "" for empty. */
static const char *
convert(const NvpColumn *column, const char *input, uint8 kind)
{
	static char result[NVP_FORMAT_MAX_BYTES];
	static char *block = NULL;
	size_t		len = strlen(input);
	NvpCell		cell = {NULL, len, kind, 0, 0};
	NvpValue	value;
	NvpText		text;

	/* at the end of its block, so that sanitizers see a read beyond the cell */
	if (block == NULL)
		block = malloc(NVP_FORMAT_MAX_BYTES);
	cell.ptr = memcpy(block + NVP_FORMAT_MAX_BYTES - len, input, len);
	nvp_column_convert(column, &cell, 1, &value, &arena);
	if (value.status == NVP_OK)
	{
		text = nvp_value_text(column, &value, &arena);
		snprintf(result, sizeof(result), "%.*s", (int) text.len, text.ptr);
	}
	else
		strcpy(result, value.status == NVP_ERROR ? "!" : "");
	nvp_arena_reset(&arena);
	return result;
}

static NvpColumn
make_column(const char *type, const char *output_format)
{
	NvpColumn	column;
	const char *message;

	nvp_column_defaults(&column);
	column.type = nvp_type_find(type);
	column.output_format = output_format;
	message = column.type->prepare(&column);
	check(message == NULL, type, message ? message : "");
	nvp_column_settle(&column, NULL);
	return column;
}

static void
expect(const NvpColumn *column, const char *input, uint8 kind, const char *expected)
{
	const char *actual = convert(column, input, kind);
	char		detail[1024];

	nchecked++;
	if (strcmp(actual, expected) != 0)
	{
		snprintf(detail, sizeof(detail), "\"%.300s\" gave \"%.300s\", not \"%.300s\"",
				 input, actual, expected);
		check(false, column->type->name, detail);
	}
}

static void
expect_text(const char *type, const char *input, const char *expected)
{
	NvpColumn	column = make_column(type, NULL);

	expect(&column, input, NVP_CELL_TEXT, expected);
}

static void
expect_number(const char *type, const char *input, const char *expected)
{
	NvpColumn	column = make_column(type, NULL);

	expect(&column, input, NVP_CELL_NUMBER, expected);
}

static void
expect_format(const char *type, const char *format, const char *input, const char *expected)
{
	NvpColumn	column = make_column(type, format);

	expect(&column, input, NVP_CELL_TEXT, expected);
}

/*
 * Counts through 9000 years with the rules a person would use, and checks each
 * day in three formats, on the fast path and (with a weekday) on the general one.
 */
static void
test_every_day(void)
{
	static const char *const names[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	NvpColumn	iso = make_column("date_iso", NULL);
	NvpColumn	dmy = make_column("date_dmy", NULL);
	NvpColumn	mdy = make_column("date_mdy", NULL);
	NvpColumn	lengthy = make_column("date", "dddd, D MMMM YYYY");
	int32		days = NVP_DAYS_MIN;
	int			weekday = 3;	/* 1000-01-01 was a Wednesday */

	for (int y = 1000; y <= 9999; y++)
	{
		bool		leap = y % 400 == 0 || (y % 4 == 0 && y % 100 != 0);

		for (int m = 1; m <= 12; m++)
		{
			for (int d = 1; d <= lengths[m - 1] + (m == 2 && leap); d++)
			{
				char		text[64];

				check(nvp_calendar_days(y, m, d) == days, "count of days", "off");
				snprintf(text, sizeof(text), "%04d-%02d-%02d", y, m, d);
				expect(&iso, text, NVP_CELL_TEXT, text);
				snprintf(text, sizeof(text), "%02d.%02d.%04d", d, m, y);
				expect(&dmy, text, NVP_CELL_TEXT, text);
				snprintf(text, sizeof(text), "%02d/%02d/%04d", m, d, y);
				expect(&mdy, text, NVP_CELL_TEXT, text);
				if (y % 100 == 0 || y > 9900)
				{
					static const char *const months[] = {"January", "February", "March", "April", "May", "June",
					"July", "August", "September", "October", "November", "December"};

					snprintf(text, sizeof(text), "%s, %d %s %d", names[weekday], d, months[m - 1], y);
					expect(&lengthy, text, NVP_CELL_TEXT, text);
				}
				weekday = (weekday + 1) % 7;
				days++;
			}
		}
	}
	check(days == NVP_DAYS_MAX + 1, "count of days", "end");
}

/* ISO weeks against the definition: the week of a year's first Thursday is 1. */
static void
test_weeks(void)
{
	NvpColumn	to_week = make_column("date", "GGGG-[W]WW-E");
	NvpColumn	from_week = make_column("date_iso", NULL);

	for (int y = 1001; y <= 9998; y++)
	{
		int32		jan1 = nvp_calendar_days(y, 1, 1);
		int			first = nvp_calendar_weekday(jan1);
		bool		has_53 = first == 4 || (first == 3 && nvp_calendar_is_leap(y));
		char		week[16];
		char		date[16];

		snprintf(week, sizeof(week), "%04d-W53-1", y);
		check((strcmp(convert(&from_week, week, NVP_CELL_TEXT), "!") != 0) == has_53, "week 53", week);
		for (int32 days = jan1 - 4; days < jan1 + 5; days++)
		{
			NvpDay		day;

			nvp_calendar_split(days, &day.year, &day.month, &day.day);
			snprintf(date, sizeof(date), "%04d-%02d-%02d", day.year, day.month, day.day);
			strcpy(week, convert(&to_week, date, NVP_CELL_TEXT));
			expect(&from_week, week, NVP_CELL_TEXT, date);
		}
	}
	expect_text("date", "2020-W53-7", "2021-01-03");
	expect_text("date", "2020W537", "2021-01-03");
	expect_text("date", "2021-W53-1", "!");
	expect_text("date", "2021-W00-1", "!");
	expect_text("date", "2021-W01-0", "!");
	expect_text("date", "2021-W01-8", "!");
	expect_text("date", "9999-W52-7", "!");
	expect_text("date", "1000-W01-1", "!");
}

/* Every name of the tables is read back, in each place a month may stand. */
static void
test_names(void)
{
	NvpColumn	date = make_column("date", "M");

	for (int i = 0; i < NVP_MONTHS_ROWS; i++)
	{
		const char *name = nvp_months_table[i][0];
		const char *month = nvp_months_table[i][1];
		static const char *const shapes[] = {"5 %s 2024", "5. %s 2024", "05-%s-24", "5%s2024", "%s 5, 2024",
		"2024-%s-05", "5 %s. 2024", "5 de %s de 2024"};

		for (int s = 0; s < lengthof(shapes); s++)
		{
			char		text[128];

			snprintf(text, sizeof(text), shapes[s], name);
			expect(&date, text, NVP_CELL_TEXT, month);
		}
	}
	for (int i = 0; i < NVP_WEEKDAYS_ROWS; i++)
	{
		for (int d = 0; d < 7; d++)
		{
			char		text[128];

			/* 2024-09-01 was a Sunday */
			snprintf(text, sizeof(text), "%s, %d September 2024", nvp_weekdays_table[i][0], d + 1);
			expect(&date, text, NVP_CELL_TEXT,
				   strchr(nvp_weekdays_table[i][1], '0' + d) ? "9" : "!");
		}
	}
}

static void
test_dates(void)
{
	static const char *const bad[] = {"31.02.2024", "00.01.2023", "29.02.2023", "01.00.2023", "0999-12-31",
		"31.12.0999", "10000-01-01", "1.2.2024.", "1.2.20245", "1 .2.2024", "1.2 2024", "1/2-2024", "2024-1",
		"Q1 2024", "5 Foo 2024", "5 Jan 024", "5 Jan '2024", "31. 1.2024 x", "2024-01-31 ", "x2024-01-31",
		"2024-01-31T", "2024-01-31,", "2024-01-31Z", "2024-01-31 14:30 GMT+2", "2024-01-31 14:30 +15:60",
		"2024-01-31 14:30:00.1234567890", "2024-01-31 14:30:00.", "2024-01-31 14:3", "Thu 31.01.2024",
		"mar 5 mars 2025", "99/12/31", "20241301", "20240230", "2024-000", "2023-366", "310124",
		"2024-01-31 12 pm uhr", "2024-01-31 13 pm", "2024-01-31 0 am", "١/1/2024", "5..2024", "-1.2.2024",
	"1.2.-2024", "''", "jan", "jan 5", "5 jan", "1.2.", "1.2", "1,2,2024"};
	NvpColumn	date = make_column("date", NULL);

	for (int i = 0; i < lengthof(bad); i++)
	{
		/* trimming would make one of them good */
		if (strcmp(bad[i], "2024-01-31 ") != 0)
			expect(&date, bad[i], NVP_CELL_TEXT, "!");
	}
	expect_text("date", "  2024-01-31\t", "2024-01-31");
	expect_text("date", "\xc2\xa0" "31.01.2024", "2024-01-31");
	expect_text("date", "31\xe2\x80\x93" "01\xe2\x80\x93" "2024", "2024-01-31");
	expect_text("date", "2024. 1. 5. 14:30", "2024-01-05");
	expect_text("date", "2024. janu\xc3\xa1r 5.", "2024-01-05");
	expect_text("date", "2024. janua\xcc\x81r 5.", "2024-01-05");
	expect_text("date", "31.   Ma\xcc\x88rz \t 2024", "2024-03-31");
	expect_text("date", "31. M\xc3\x84RZ 2024", "2024-03-31");
	expect_text("date", "2024-WRZ-05", "2024-09-05");
	expect_text("date", "Segunda-feira, 1 de janeiro de 2024", "2024-01-01");
	expect_text("date", "Mittwoch, den 31. Januar 2024", "2024-01-31");
	expect_text("date", "mar 5 2024", "2024-03-05");
	expect_text("date", "mar 5 mars 2024", "2024-03-05");
	expect_text("date", "5th of March, 2024", "2024-03-05");
	expect_text("date", "5\xc2\xba de marzo del 2024", "2024-03-05");
	expect_text("date", "5 d\xe2\x80\x99" "abril 2024", "2024-04-05");
	expect_text("date", "31JAN2024", "2024-01-31");
	expect_text("date", "31 Jan '24 9 a. m.", "2024-01-31");
	expect_text("date", "2024-01-31T24:00", "2024-01-31");
	expect_text("date", "2024-01-31T23:30-08:00", "2024-01-31");
	expect_text("date", "24-01-31", "2031-01-24");
	expect_text("date_iso", "Wed 2024-01-31", "!");
	expect_text("date_iso", "2024-01-31.", "!");
	expect_text("date_iso", "2024 01 31", "!");
	expect_text("date_dmy", "20240131", "!");
	expect_text("date_mdy", "013124", "01/31/2024");
	expect_text("date_dmy", "310124 10:00", "!");
}

/* The order of day and month, and empty values on the fast path. */
static void
test_order(void)
{
	static const char *const inputs[] = {"13.1.2024", "1/13/2024", "5.5.2024", "Thu 1/13/2024", "x", "", "2024-01-13",
	"31.1.24", "1-31-24 9:00"};
	NvpCell		cells[lengthof(inputs)];
	NvpColumn	date = make_column("date", NULL);
	NvpColumn	datetime = make_column("datetime", NULL);
	NvpVote		vote = {0};

	for (int i = 0; i < lengthof(inputs); i++)
		cells[i] = (NvpCell) {inputs[i], strlen(inputs[i]), NVP_CELL_TEXT, 0, 0};
	date.type->vote(&date, cells, lengthof(cells), &vote);
	check(vote.dmy == 2 && vote.mdy == 2, "vote of date", "count");
	datetime.type->vote(&datetime, cells, lengthof(cells), &vote);
	check(vote.dmy == 4 && vote.mdy == 4, "vote of datetime", "count");

	date.date_order = NVP_DATE_YMD;
	expect(&date, "24-01-31", NVP_CELL_TEXT, "2024-01-31");
	expect(&date, "31-01-99", NVP_CELL_TEXT, "1999-01-31");
	expect(&date, "1.2.2024", NVP_CELL_TEXT, "2024-02-01");
	expect(&date, "1.2.24", NVP_CELL_TEXT, "2024-02-01");

	date.empty_values.n = 1;
	date.empty_values.items = &(NvpText) {"01.01.1900", 10};
	expect(&date, "01.01.1900", NVP_CELL_TEXT, "");
	expect(&date, "02.01.1900", NVP_CELL_TEXT, "1900-01-02");

	date.two_digit_year_pivot = 100;
	check(date.type->prepare(&date) == NULL, "pivot", "100");
	expect(&date, "1.1.99", NVP_CELL_TEXT, "2099-01-01");
	date.two_digit_year_pivot = 101;
	check(date.type->prepare(&date) != NULL, "pivot", "101");
}

static void
test_numbers(void)
{
	NvpColumn	seconds = make_column("datetime", NULL);
	NvpColumn	from_1904 = make_column("date", NULL);

	expect_number("date", "45322.0", "2024-01-31");
	expect_number("date", "4.5322e4", "2024-01-31");
	expect_number("date", "453220E-1", "2024-01-31");
	expect_number("date", "45321.999999999", "2024-01-31");
	expect_number("date", "59.9999999999", "1900-03-01");
	expect_number("date", "2958465.9999999999", "!");
	expect_number("date", "-1", "!");
	expect_number("date", "1e400", "!");
	expect_number("date", "1e-400", "!");
	expect_number("date", "99999999999999999999999", "!");
	expect_number("date", "60.5", "!");
	expect_number("datetime", "45322.0000000057870", "2024-01-31T00:00:00.000Z");
	expect_number("datetime", "45322.0000000057871", "2024-01-31T00:00:00.001Z");
	expect_number("datetime", "1706711400", "!");
	expect_number("time_hm_24", "0.99999999999", "00:00");
	expect_number("time_hm_24", "-0.5", "!");
	from_1904.date1904 = true;
	expect(&from_1904, "-1", NVP_CELL_NUMBER, "!");
	expect(&from_1904, "2957003", NVP_CELL_NUMBER, "9999-12-31");
	expect(&from_1904, "2957004", NVP_CELL_NUMBER, "!");

	seconds.epoch = "s";
	check(seconds.type->prepare(&seconds) == NULL, "epoch", "s");
	expect(&seconds, "1706711400.5", NVP_CELL_NUMBER, "2024-01-31T14:30:00.500Z");
	expect(&seconds, "-0.25", NVP_CELL_NUMBER, "1969-12-31T23:59:59.750Z");
	expect(&seconds, "253402300799", NVP_CELL_NUMBER, "9999-12-31T23:59:59.000Z");
	expect(&seconds, "253402300800", NVP_CELL_NUMBER, "!");
	expect(&seconds, "-30610224000", NVP_CELL_NUMBER, "1000-01-01T00:00:00.000Z");
	expect(&seconds, "-30610224000.000001", NVP_CELL_NUMBER, "!");
	expect(&seconds, "2024-01-31 14:30", NVP_CELL_TEXT, "2024-01-31T14:30:00.000Z");
	seconds.epoch = "us";
	check(seconds.type->prepare(&seconds) != NULL, "epoch", "us");
}

static void
test_times(void)
{
	expect_text("datetime", "2024-01-31 14:30Z", "2024-01-31T14:30:00.000Z");
	expect_text("datetime", "31/01/2024 14:30:59", "2024-01-31T14:30:59.000Z");
	expect_text("datetime", "9999-12-31T24:00", "!");
	expect_text("datetime", "9999-12-31T24:00+02:00", "9999-12-31T22:00:00.000Z");
	expect_text("datetime", "1000-01-01T00:00+00:01", "!");
	expect_text("datetime", "2024-02-28 24:00", "2024-02-29T00:00:00.000Z");
	expect_text("datetime", "2024-01-31 24:00:00.0000001", "!");
	expect_text("datetime", "2024-01-31 14h30:15 utc", "2024-01-31T14:30:15.000Z");
	expect_text("datetime", "2024-01-31 14h30h15", "!");
	expect_text("datetime", "2024-01-31 um 14 Uhr", "2024-01-31T14:00:00.000Z");
	expect_text("datetime", "2024-01-31 24:00 Uhr", "2024-02-01T00:00:00.000Z");
	expect_text("datetime", "2024-01-31 14:30 \xe2\x88\x92" "05:30", "2024-01-31T20:00:00.000Z");
	expect_text("datetime", "2024-01-31 14:30 -15:59", "2024-02-01T06:29:00.000Z");
	expect_text("datetime", "2024-01-31 14:30 -1:00", "!");
	expect_text("time_hms_24", "12 am", "00:00:00");
	expect_text("time_hms_24", "12:00 p", "12:00:00");
	expect_text("time_hms_24", "11:59:59 p. m.", "23:59:59");
	expect_text("time_hms_24", "11:59:59 p.m", "!");
	expect_text("time_hms_24", "14:30:15.0000001", "!");
	expect_text("time_hms_24", "14:30Z", "!");
	expect_text("time_hms_24", "14:30:15.1234567", "!");
	expect_format("time_hms_24", "HH:mm:ss.SSSSSSSSS", "14:30:15.1234567", "14:30:15.123456000");
	expect_format("time_hms_24", "k", "0:00", "24");
	expect_text("time_hm", "0:15", "12:15 AM");
}

static void
test_formats(void)
{
	static const char *const refused[] = {"", "NNN", "yyyy YYYY", "D y Y", NULL};
	char		lengthy[NVP_FORMAT_MAX_CHARS + 2];
	NvpDateFormat format;
	NvpColumn	column;

	for (int i = 0; refused[i]; i++)
		check(nvp_date_format_compile(&format, refused[i]) != NULL, "refused format", refused[i]);
	memset(lengthy, 'L', sizeof(lengthy));
	lengthy[NVP_FORMAT_MAX_CHARS + 1] = '\0';
	check(nvp_date_format_compile(&format, lengthy) != NULL, "refused format", "201 characters");
	lengthy[NVP_FORMAT_MAX_CHARS] = '\0';
	column = make_column("date", lengthy);
	check(strlen(convert(&column, "2024-09-30", NVP_CELL_TEXT)) > 1500, "long format", "length");

	expect_format("date", "YYYYMMDD", "2024-01-05", "20240105");
	expect_format("date", "DD/MM/YYYY", "2024-01-05", "05/01/2024");
	expect_format("date", "Y YY YYYYY YYYYYY", "2024-01-05", "2024 24 02024 +002024");
	expect_format("date", "Q Qo M Mo MM MMM MMMM", "2024-11-05", "4 4th 11 11th 11 Nov November");
	expect_format("date", "D Do DD DDD DDDo DDDD", "2024-02-01", "1 1st 01 32 32nd 032");
	expect_format("date", "d do dd ddd dddd e E", "2024-01-07", "0 0th Su Sun Sunday 0 7");
	expect_format("date", "w wo ww gg gggg W Wo WW GG GGGG", "2023-01-01", "1 1st 01 23 2023 52 52nd 52 22 2022");
	expect_format("date", "LL|ll|LLL|l|L", "2024-01-05", "January 5, 2024|Jan 5, 2024|January 5, 2024 12:00 AM|1/5/2024|01/05/2024");
	expect_format("date", "\\D\\[D\\]", "2024-01-05", "D[5]");
	expect_format("date", "[D", "2024-01-05", "[5");
	expect_format("date", "D[\xc3\xa9\xe2\x82\xac] [] M", "2024-01-05", "5\xc3\xa9\xe2\x82\xac  1");
	expect_format("date", "d. MMMM yyyy", "2024-01-05", "5. January 2024");
	expect_format("date", "[y]d", "2024-01-05", "y5");
	expect_format("datetime", "LLLL|llll|LT|LTS", "2024-01-31 14:30:05",
				  "Wednesday, January 31, 2024 2:30 PM|Wed, Jan 31, 2024 2:30 PM|2:30 PM|2:30:05 PM");
	expect_format("datetime", "H HH h hh k kk m mm s ss S SS SSSS A a", "2024-01-31 00:05:07.98765",
				  "0 00 12 12 24 24 5 05 7 07 9 98 9876 AM am");
	expect_format("datetime", "Z ZZ z zz X x", "1969-12-31 23:59:59.5",
				  "+00:00 +0000 UTC Coordinated Universal Time -1 -500");
	column = make_column("time_hm", NULL);
	column.output_format = "HH:mm Z";
	check(column.type->prepare(&column) != NULL, "time with a zone", "refused");
	column.output_format = "YYYY";
	check(column.type->prepare(&column) != NULL, "time with a date", "refused");
}

static double
seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - start->tv_sec + (now.tv_nsec - start->tv_nsec) * 1e-9;
}

#define SPEED_CELLS		1024
#define SPEED_ROUNDS	1000

/* Nanoseconds per cell in the best of many rounds; numbers to look at, not a test. */
static void
measure(const char *type, const char *format, const char *input)
{
	static NvpCell cells[SPEED_CELLS];
	static NvpValue values[SPEED_CELLS];
	NvpColumn	column = make_column(type, format);
	double		best_read = 1;
	double		best_write = 1;
	struct timespec start;

	for (int i = 0; i < SPEED_CELLS; i++)
		cells[i] = (NvpCell) {input, strlen(input), NVP_CELL_TEXT, 0, 0};
	for (int round = 0; round < SPEED_ROUNDS; round++)
	{
		clock_gettime(CLOCK_MONOTONIC, &start);
		nvp_column_convert(&column, cells, SPEED_CELLS, values, &arena);
		best_read = Min(best_read, seconds_since(&start));
		clock_gettime(CLOCK_MONOTONIC, &start);
		for (int i = 0; i < SPEED_CELLS; i++)
			nvp_value_text(&column, &values[i], &arena);
		best_write = Min(best_write, seconds_since(&start));
		nvp_arena_reset(&arena);
	}
	printf("%-10s %-26s read %6.1f ns, write %6.1f ns\n", type, input,
		   best_read / SPEED_CELLS * 1e9, best_write / SPEED_CELLS * 1e9);
}

int
main(int argc, char **argv)
{
	static const char *const files[] = {"date", "date_dmy", "date_mdy", "date_iso", "datetime",
	"time_hm", "time_hms", "time_hm_24", "time_hms_24"};
	int			nrun = 0;
	int			nfailed = 0;

	nvp_arena_init(&arena);
	if (argc > 1 && strcmp(argv[1], "speed") == 0)
	{
		measure("date", NULL, "31.01.2024");
		measure("date", NULL, "2024-01-31");
		measure("date", "DD.MM.YYYY", "1/31/2024");
		measure("date", "dddd, MMMM Do YYYY", "Wednesday, 31 January 2024");
		measure("date", NULL, "31. M\xc3\xa4rz 2024");
		measure("datetime", NULL, "2024-01-31 14:30:00");
		measure("datetime", NULL, "31.01.2024, 14:30 Uhr");
		measure("time_hm_24", NULL, "14:30");
		return 0;
	}
	for (int i = 0; i < lengthof(files); i++)
		vector_replay(files[i], NULL, &nrun, &nfailed);
	vector_replay("_column_votes", "date", &nrun, &nfailed);
	vector_replay("_column_votes", "datetime", &nrun, &nfailed);
	printf("%d vectors, %d failed\n", nrun, nfailed);

	test_dates();
	test_order();
	test_numbers();
	test_times();
	test_formats();
	test_names();
	test_weeks();
	test_every_day();
	printf("%d checks, %d wrong\n", nchecked, nwrong);
	return nfailed > 0 || nwrong > 0;
}
