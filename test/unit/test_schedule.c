/*-------------------------------------------------------------------------
 *
 * test_schedule.c
 *		Recurrence outside the server: cron expressions, the days they name, and
 *		schedules in zones whose clocks jump at random.
 *
 * What is expected is found by walking: day by day for the days of a month,
 * minute by minute for instants.  Walking knows nothing of spans, guesses or
 * sets of bits: a wall time is due when the clocks first show it or a later
 * one.  Real zones are tested in test/sql/recurrence.sql.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "schedule/schedule.h"

#define DAY_MINUTES		1440
#define WALK_DAYS		24
#define WALK_MINUTES	(WALK_DAYS * DAY_MINUTES)
#define FAR				(PG_INT64_MAX / 2)
#define MAX_SPANS		6
#define MAX_OFFSET		(14 * 60)	/* minutes; no zone is farther from UTC but for local mean times */

static int	count;
static int	failures;

static void
check(bool ok, const char *what, const char *got)
{
	count++;
	if (ok)
		return;
	failures++;
	printf("not ok %d - %s: %s\n", count, what, got ? got : "NULL");
}

static NvpCron
parse(const char *text)
{
	NvpCron		cron;
	NvpScheduleError error = {0};

	check(nvp_cron_parse(text, &cron, &error), text, error.message);
	return cron;
}

/* ---- expressions ------------------------------------------------------------- */

/* two expressions that mean the same */
static void
check_same(const char *a, const char *b)
{
	NvpCron		x = parse(a);
	NvpCron		y = parse(b);

	check(memcmp(&x, &y, sizeof(x)) == 0, a, b);
}

static void
check_refused(const char *text, const char *message, const char *hint)
{
	NvpCron		cron;
	NvpScheduleError error = {0};
	bool		ok = nvp_cron_parse(text, &cron, &error);

	check(!ok && strcmp(error.path, "cron") == 0 && strcmp(error.message, message) == 0, text, ok ? "accepted" : error.message);
	check(!ok && strstr(error.hint, hint) != NULL, text, error.hint);
}

static void
test_expressions(void)
{
	check_same("*/15 2 * * *", "0,15,30,45 2 * * *");
	check_same("0 */15 2 * * *", "0,15,30,45 2 * * ?");
	check_same(" 5\t4  * *\tsun ", "5 4 * * 7");
	check_same("0 0 1 jan,FEB-mAr,12 *", "0 0 1 1,2,3,DEC *");
	check_same("0 9-17/4 * * MON-FRI", "0 9,13,17 * * 1,2,3,4,5");
	check_same("0 0 * * FRI-SUN", "0 0 * * 0,5,6");
	check_same("0 0 * * 5-7", "0 0 * * FRI,SAT,SUN");
	check_same("0 0 * * 0-7", "0 0 * * 0-6");
	check_same("0 0 * * 5L,7l", "0 0 * * FRIL,SUNL");
	check_same("0 0 * * mon#2,1#4", "0 0 * * 1#2,MON#4");
	check_same("0 0 l,L-2,15w,lw * *", "0 0 L-0,L-2,15W,LW * *");
	check_same("@hourly", "0 * * * *");
	check_same("@Daily ", "0 0 * * *");
	check_same("@midnight", "0 0 * * *");
	check_same(" @weekly", "0 0 * * SUN");
	check_same("@monthly", "0 0 1 * *");
	check_same("@yearly", "0 0 1 1 *");
	check_same("@annually", "0 0 1 1 *");
	check(parse("0 0 */2 * MON").every_day, "*/2 is a star", NULL);
	check(parse("0 */2 * * *").every_hour, "*/2 is every hour", NULL);
	check(!parse("0 0-23 * * *").every_hour, "0-23 is 24 hours of the wall clock", NULL);

	check_refused("", "the cron expression \"\" has 0 fields instead of 5 or 6", "minute hour day");
	check_refused("* * * *", "the cron expression \"* * * *\" has 4 fields instead of 5 or 6", "minute hour day");
	check_refused("* * * * * * *", "the cron expression \"* * * * * * *\" has 7 fields instead of 5 or 6", "minute hour day");
	check_refused("@reboot", "there is no cron expression \"@reboot\"", "@hourly");
	check_refused("60 * * * *", "the minute \"60\" is not within 0 to 59", "0 to 59");
	check_refused("60 0 * * * *", "the second \"60\" is not within 0 to 59", "0 to 59");
	check_refused("0 24 * * *", "the hour \"24\" is not within 0 to 23", "0 to 23");
	check_refused("0 0 0 * *", "the day of month \"0\" is not within 1 to 31", "L-2");
	check_refused("0 0 32 * *", "the day of month \"32\" is not within 1 to 31", "L-2");
	check_refused("0 0 32W * *", "the day of month \"32W\" is not within 1W to 31W", "15W");
	check_refused("0 0 L-31 * *", "the day of month \"L-31\" is not within L-0 to L-30", "L-2");
	check_refused("0 0 L-2W * *", "the day of month \"L-2W\" is not understood", "LW");
	check_refused("0 0 1 13 *", "the month \"13\" is not within 1 to 12", "JAN");
	check_refused("0 0 1 januar *", "the month \"januar\" is not understood", "JAN");
	check_refused("0 0 * * 8", "the day of week \"8\" is not within 0 to 7", "Sunday");
	check_refused("0 0 * * L", "the day of week \"L\" names no weekday", "SATL");
	check_refused("0 0 * * MON#6", "the day of week \"MON#6\" is not within #1 to #5", "MON#2");
	check_refused("0 0 * * MON#0", "the day of week \"MON#0\" is not within #1 to #5", "MON#2");
	check_refused("0 22-2 * * *", "the hour \"22-2\" runs backwards", "22-23,0-2");
	check_refused("5/15 * * * *", "the minute \"5/15\" has a step but no range", "5-59/15");
	check_refused("*/0 * * * *", "the minute \"*/0\" has no step after the slash", "*/10");
	check_refused("*/60 * * * *", "the minute \"*/60\" has a step beyond the end of the field", "interval");
	check_refused("1,,2 * * * *", "the minute \"\" is not understood", "*/10");
	check_refused("1, * * * *", "the minute \"\" is not understood", "*/10");
	check_refused("999999999999 * * * *", "the minute \"999999999999\" is not understood", "*/10");
	check_refused("-1 * * * *", "the minute \"-1\" is not understood", "*/10");
	check_refused("1-2-3 * * * *", "the minute \"1-2-3\" is not understood", "*/10");
	check_refused("0123456789012345678901234567890123456789012345 * * * *",
				  "the minute \"0123456789012345678901234567890123456789...\" is not understood", "*/10");
	/* 39 bytes and a character of two: it is not cut in halves */
	check_refused("012345678901234567890123456789012345678\xc3\xa4x * * * *",
				  "the minute \"012345678901234567890123456789012345678...\" is not understood", "*/10");
	check_refused(psprintf("%01001d * * * *", 0), "the cron expression is longer than 1000 bytes", "minute hour day");
}

/* ---- days -------------------------------------------------------------------- */

typedef bool (*DayRule) (int year, int month, int day, int weekday, int length);

static bool
is_workday(int year, int month, int day)
{
	int			weekday = nvp_calendar_weekday(nvp_calendar_days(year, month, day));

	return weekday >= 1 && weekday <= 5;
}

/* the workday nearest to target, by looking at one day after the other */
static bool
is_nearest_workday(int year, int month, int day, int target, int length)
{
	if (target > length || !is_workday(year, month, day))
		return false;
	for (int distance = 0;; distance++)
	{
		if (target - distance >= 1 && is_workday(year, month, target - distance))
			return day == target - distance;
		if (target + distance <= length && is_workday(year, month, target + distance))
			return day == target + distance;
	}
}

static bool
rule_last(int year, int month, int day, int weekday, int length)
{
	return day == length;
}

static bool
rule_third_last(int year, int month, int day, int weekday, int length)
{
	return day == length - 2;
}

static bool
rule_30_to_last(int year, int month, int day, int weekday, int length)
{
	return length == 31 && day == 1;
}

static bool
rule_near_1(int year, int month, int day, int weekday, int length)
{
	return is_nearest_workday(year, month, day, 1, length);
}

static bool
rule_near_15(int year, int month, int day, int weekday, int length)
{
	return is_nearest_workday(year, month, day, 15, length);
}

static bool
rule_near_31(int year, int month, int day, int weekday, int length)
{
	return is_nearest_workday(year, month, day, 31, length);
}

static bool
rule_last_workday(int year, int month, int day, int weekday, int length)
{
	return is_nearest_workday(year, month, day, length, length);
}

static bool
rule_last_friday(int year, int month, int day, int weekday, int length)
{
	return weekday == 5 && day + 7 > length;
}

static bool
rule_second_monday(int year, int month, int day, int weekday, int length)
{
	return weekday == 1 && day >= 8 && day <= 14;
}

static bool
rule_fifth_sunday(int year, int month, int day, int weekday, int length)
{
	return weekday == 0 && day >= 29;
}

static bool
rule_either(int year, int month, int day, int weekday, int length)
{
	return day == 13 || weekday == 5;
}

static bool
rule_both(int year, int month, int day, int weekday, int length)
{
	return day % 2 == 1 && weekday == 5;
}

static void
check_days(const char *text, DayRule rule)
{
	NvpCron		cron = parse(text);
	int			wrong = 0;

	for (int32 date = nvp_calendar_days(1996, 1, 1); date < nvp_calendar_days(2101, 1, 1); date++)
	{
		int			year;
		int			month;
		int			day;

		nvp_calendar_split(date, &year, &month, &day);
		wrong += rule(year, month, day, nvp_calendar_weekday(date), nvp_calendar_month_days(year, month)) !=
			(nvp_cron_month_days(&cron, year, month) >> day & 1);
	}
	check(wrong == 0, text, psprintf("%d days are wrong", wrong));
}

static void
test_days(void)
{
	check_days("0 0 L * *", rule_last);
	check_days("0 0 L-2 * *", rule_third_last);
	check_days("0 0 L-30 * *", rule_30_to_last);
	check_days("0 0 1W * *", rule_near_1);
	check_days("0 0 15W * *", rule_near_15);
	check_days("0 0 31W * *", rule_near_31);
	check_days("0 0 LW * *", rule_last_workday);
	check_days("0 0 * * FRIL", rule_last_friday);
	check_days("0 0 * * MON#2", rule_second_monday);
	check_days("0 0 ? * SUN#5", rule_fifth_sunday);
	check_days("0 0 13 * FRI", rule_either);
	check_days("0 0 */2 * FRI", rule_both);
}

static void
check_next(const char *text, int year, int month, int day, int64 expected)
{
	NvpCron		cron = parse(text);
	int32		known = PG_INT32_MIN;
	int64		got = nvp_cron_next(&cron, nvp_calendar_days(year, month, day) * INT64CONST(86400) - 1, &known);

	check(got == expected, text, psprintf(INT64_FORMAT, got));
}

static void
test_far(void)
{
	check_next("0 0 29 2 *", 2096, 3, 1, nvp_calendar_days(2104, 2, 29) * INT64CONST(86400));
	/* a fifth Sunday of February: 2032, 2060, 2088, then not before 2128 */
	check_next("0 0 * 2 SUN#5", 2088, 3, 1, nvp_calendar_days(2128, 2, 29) * INT64CONST(86400));
	check_next("0 0 30 2 *", 2000, 1, 1, NVP_NEVER);
	check_next("0 0 31 4,6,9,11 *", 2000, 1, 1, NVP_NEVER);
	check_next("* * * * *", 9999, 12, 31, nvp_calendar_days(9999, 12, 31) * INT64CONST(86400));
	check_next("0 0 1 1 *", 9999, 1, 2, NVP_NEVER);
}

/* ---- zones ------------------------------------------------------------------- */

typedef struct Walk
{
	NvpZoneSpan spans[MAX_SPANS];
	NvpZoneTable table;
	NvpZone		zone;
	int64		local[WALK_MINUTES];	/* minutes on the clocks at each minute */
	int64		top[WALK_MINUTES];	/* the latest they have shown so far */
} Walk;

static int
random_below(int n)
{
	return (int) (random() % n);
}

/* a zone whose clocks jump at whole minutes of the days 2 to 22 */
static void
make_zone(Walk *walk)
{
	static const int jumps[] = {30, -30, 60, -60, 120, -120, 60, -60, 1440, -1440};
	int			n = 1 + random_below(MAX_SPANS);
	int			offset = (random_below(25) - 12) * 60;
	int64		from = -FAR;
	int			at = 2 * DAY_MINUTES;

	for (int i = 0; i < n; i++)
	{
		at += random_below(4 * DAY_MINUTES);
		/* clocks like to jump at a full hour of local time */
		if (random_below(2))
			at -= at % 60;
		walk->spans[i] = (NvpZoneSpan) {from, i == n - 1 ? FAR : at * INT64CONST(60), offset * 60};
		from = at * INT64CONST(60);
		offset += jumps[random_below(lengthof(jumps))];
		offset = Max(offset, -MAX_OFFSET);
		offset = Min(offset, MAX_OFFSET);
		at += 180;
	}
	walk->table = (NvpZoneTable) {n, walk->spans};
	walk->zone = (NvpZone) {&walk->table, 0};
	for (int minute = 0, span = 0; minute < WALK_MINUTES; minute++)
	{
		while (minute * INT64CONST(60) >= walk->spans[span].until)
			span++;
		walk->local[minute] = minute + walk->spans[span].offset / 60;
		walk->top[minute] = minute > 0 ? Max(walk->top[minute - 1], walk->local[minute]) : walk->local[minute];
	}
}

/* does the expression name a local minute? */
static bool
names_minute(const NvpCron *cron, int64 minute)
{
	int32		date = (int32) (minute >= 0 ? minute / DAY_MINUTES : -((DAY_MINUTES - 1 - minute) / DAY_MINUTES));
	int			time = (int) (minute - (int64) date * DAY_MINUTES);
	int			year;
	int			month;
	int			day;

	nvp_calendar_split(date, &year, &month, &day);
	return (cron->minutes >> time % 60 & 1) && (cron->hours >> time / 60 & 1) && (cron->months >> month & 1) &&
		(nvp_cron_month_days(cron, year, month) >> day & 1);
}

static bool
names_any(const NvpSchedule *schedule, int64 after, int64 until)
{
	for (int64 minute = after + 1; minute <= until; minute++)
	{
		if (schedule->frequency == NVP_CRON ? names_minute(&schedule->cron, minute) :
			minute * 60 >= schedule->base_local && (minute * 60 - schedule->base_local) % schedule->step == 0)
			return true;
	}
	return false;
}

static int
weekday_of_minute(int64 minute)
{
	return nvp_calendar_weekday((int32) (minute >= 0 ? minute / DAY_MINUTES : -((DAY_MINUTES - 1 - minute) / DAY_MINUTES)));
}

/* is the schedule due at a minute of the walk? */
static bool
is_due(const Walk *walk, const NvpSchedule *schedule, int minute)
{
	if (minute * INT64CONST(60) < schedule->first || (schedule->excluded_weekdays >> weekday_of_minute(walk->local[minute]) & 1))
		return false;
	if (schedule->frequency == NVP_CRON && schedule->cron.every_hour)
		return names_minute(&schedule->cron, walk->local[minute]);
	return names_any(schedule, walk->top[minute - 1], walk->top[minute]);
}

/* is what is said about an instant what the clocks say? */
static bool
is_described(const Walk *walk, NvpSchedule *schedule, int minute)
{
	NvpPlanned	planned;
	bool		twice = false;
	bool		gap = schedule->wall != walk->local[minute] * 60;

	for (int other = Max(minute - 2 * DAY_MINUTES, 0); other < Min(minute + 2 * DAY_MINUTES, WALK_MINUTES); other++)
		twice |= other != minute && walk->local[other] == walk->local[minute];
	nvp_schedule_describe(schedule, minute * INT64CONST(60) * NVP_USECS_SECOND, &planned);
	return planned.at == minute * INT64CONST(60) * NVP_USECS_SECOND &&
		planned.local == walk->local[minute] * 60 * NVP_USECS_SECOND &&
		planned.note == (gap ? NVP_NOTE_GAP : twice ? NVP_NOTE_OVERLAP : NVP_NOTE_NONE) &&
		(!gap || walk->top[minute] - walk->top[minute - 1] > 1);
}

static void
check_walk(const Walk *walk, NvpSchedule *schedule, const char *what)
{
	int64		at = DAY_MINUTES * INT64CONST(60) * NVP_USECS_SECOND - 1;
	int64		back;
	int			wrong = 0;

	for (int minute = DAY_MINUTES; minute < WALK_MINUTES; minute++)
	{
		int64		next;
		bool		found;

		if (!is_due(walk, schedule, minute))
			continue;
		found = nvp_schedule_next(schedule, at, &next);
		wrong += !found || next != minute * INT64CONST(60) * NVP_USECS_SECOND;
		/* from anywhere before, too, and a second time */
		back = at + (next - at) / 3;
		wrong += !nvp_schedule_next(schedule, back, &back) || back != next;
		if (random_below(32) == 0 || walk->top[minute] - walk->top[minute - 1] > 1)
			wrong += !is_described(walk, schedule, minute);
		at = minute * INT64CONST(60) * NVP_USECS_SECOND;
	}
	wrong += nvp_schedule_next(schedule, at, &back) && back < WALK_MINUTES * INT64CONST(60) * NVP_USECS_SECOND;
	check(wrong == 0, what, psprintf("%d instants are wrong", wrong));
}

static char *
random_cron(void)
{
	static const char *const minutes[] = {"0", "30", "*/15", "*", "7,37", "59", "10-20"};
	static const char *const hours[] = {"2", "0", "*", "*/2", "1-3", "23", "0-23", "*/5", "0,12"};
	static const char *const days[] = {"*", "*", "*", "*/3", "1-15", "L"};
	static const char *const weekdays[] = {"*", "*", "MON-FRI", "SUN", "?"};

	return psprintf("%s %s %s * %s", minutes[random_below(lengthof(minutes))], hours[random_below(lengthof(hours))],
					days[random_below(lengthof(days))], weekdays[random_below(lengthof(weekdays))]);
}

static void
test_zones(int rounds)
{
	Walk	   *walk = malloc(sizeof(Walk));

	srandom(4);
	for (int i = 0; i < rounds; i++)
	{
		NvpSchedule schedule = {0};
		char	   *what;
		uint8		weekdays = random_below(3) ? 0 : random_below(NVP_ALL_WEEKDAYS);
		int64		start = random_below(DAY_MINUTES) * INT64CONST(60) * NVP_USECS_SECOND;

		make_zone(walk);
		schedule.zone = walk->zone;
		if (random_below(4) == 0)
		{
			schedule.frequency = random_below(2) ? NVP_DAILY : NVP_WEEKLY;
			schedule.interval = 1 + random_below(3);
			what = psprintf("round %d, %s %d", i, schedule.frequency == NVP_DAILY ? "DAILY" : "WEEKLY", schedule.interval);
		}
		else
		{
			what = random_cron();
			schedule.frequency = NVP_CRON;
			schedule.cron = parse(what);
			what = psprintf("round %d, %s", i, what);
		}
		nvp_schedule_start(&schedule, start, true, PG_INT64_MAX);
		nvp_schedule_exclude(&schedule, NULL, 0, weekdays);
		check_walk(walk, &schedule, what);
	}
	free(walk);
}

/* ---- frequencies ------------------------------------------------------------- */

#define at_second(y, m, d, s) ((nvp_calendar_days(y, m, d) * INT64CONST(86400) + (s)) * NVP_USECS_SECOND)

static NvpSchedule
utc_schedule(NvpFrequency frequency, int interval, int64 start, bool is_planned, int64 end)
{
	NvpSchedule schedule = {.frequency = frequency, .interval = interval};

	nvp_zone_open(&schedule.zone, "UTC");
	nvp_schedule_start(&schedule, start, is_planned, end);
	return schedule;
}

static void
check_at(NvpSchedule schedule, const char *what, int64 after, int64 expected)
{
	int64		at = 0;
	bool		found = nvp_schedule_next(&schedule, after, &at);

	check(found ? at == expected : expected == NVP_NEVER, what, psprintf(INT64_FORMAT, at));
}

static void
test_frequencies(void)
{
	int64		start = at_second(2024, 1, 31, 8 * 3600) + 672000;
	int64		days[] = {at_second(2024, 2, 1, 0) / NVP_USECS_DAY, at_second(2024, 2, 2, 0) / NVP_USECS_DAY};
	int32		excluded[] = {(int32) days[0], (int32) days[1]};
	NvpSchedule schedule = utc_schedule(NVP_SECONDLY, 7, start, true, PG_INT64_MAX);

	check_at(schedule, "the first is the start", PG_INT64_MIN, start);
	check_at(schedule, "after is exclusive", start, start + 7 * NVP_USECS_SECOND);
	check_at(schedule, "a microsecond before", start - 1, start);
	check_at(schedule, "infinity", PG_INT64_MAX, NVP_NEVER);
	nvp_schedule_exclude(&schedule, excluded, 2, 0);
	check_at(schedule, "excluded days are jumped over", at_second(2024, 2, 1, 0) - 1,
			 start + (at_second(2024, 2, 3, 0) - start + 7 * NVP_USECS_SECOND - 1) / (7 * NVP_USECS_SECOND) * 7 * NVP_USECS_SECOND);
	nvp_schedule_exclude(&schedule, NULL, 0, NVP_ALL_WEEKDAYS);
	check_at(schedule, "all weekdays excluded", start, NVP_NEVER);

	schedule = utc_schedule(NVP_HOURLY, 1, start, false, PG_INT64_MAX);
	check_at(schedule, "an anchor is a whole second, and no instant", PG_INT64_MIN, at_second(2024, 1, 31, 9 * 3600));
	schedule = utc_schedule(NVP_DAILY, 1, start, true, start + NVP_USECS_DAY);
	check_at(schedule, "the end is inclusive", start, start + NVP_USECS_DAY);
	check_at(schedule, "and an end", start + NVP_USECS_DAY, NVP_NEVER);
	schedule = utc_schedule(NVP_DAILY, 1, start, true, start + NVP_USECS_DAY - 1);
	check_at(schedule, "a microsecond less", start, NVP_NEVER);
	schedule = utc_schedule(NVP_WEEKLY, 1, start, true, PG_INT64_MAX);
	nvp_schedule_exclude(&schedule, NULL, 0, 1 << 3);
	check_at(schedule, "Wednesdays but no Wednesdays", start, NVP_NEVER);

	schedule = utc_schedule(NVP_MONTHLY, 1, start, true, PG_INT64_MAX);
	for (int n = 0; n < 1200; n++)
	{
		int			year = 2024 + n / 12;
		int			month = n % 12 + 1;

		check_at(schedule, "monthly from the 31st", at_second(year, month, 1, 0),
				 at_second(year, month, nvp_calendar_month_days(year, month), 8 * 3600) + 672000);
	}
	schedule = utc_schedule(NVP_YEARLY, 4, at_second(2024, 2, 29, 60), true, PG_INT64_MAX);
	check_at(schedule, "leap days", at_second(2024, 2, 29, 60), at_second(2028, 2, 29, 60));
	check_at(schedule, "2100 has none", at_second(2096, 2, 29, 60), at_second(2100, 2, 28, 60));
	check_at(schedule, "2104 has", at_second(2100, 2, 28, 60), at_second(2104, 2, 29, 60));
	schedule = utc_schedule(NVP_YEARLY, NVP_INTERVAL_MAX, start, true, PG_INT64_MAX);
	check_at(schedule, "beyond the calendar", start, NVP_NEVER);
	schedule = utc_schedule(NVP_MONTHLY, 1, at_second(2024, 1, 15, 0), false, PG_INT64_MAX);
	schedule.last_day = true;
	check_at(schedule, "last days from the first month on", PG_INT64_MIN, at_second(2024, 1, 31, 0));
	check_at(schedule, "last days", at_second(2024, 1, 31, 0), at_second(2024, 2, 29, 0));
	schedule = utc_schedule(NVP_DAILY, 1, at_second(2024, 1, 1, 0), true, PG_INT64_MAX);
	check_at(schedule, "the last years", at_second(9999, 12, 28, 1), at_second(9999, 12, 29, 0));
	check_at(schedule, "the end of the calendar", at_second(9999, 12, 31, 1), NVP_NEVER);
}

/* ---- covers ------------------------------------------------------------------ */

/* each instant of a year has a tick in the minute after it */
static void
check_cover(const char *text, int32 jitter, const char *expected)
{
	NvpSchedule schedule = {.frequency = NVP_CRON, .cron = parse(text)};
	NvpSchedule ticks = {.frequency = NVP_CRON};
	int64		moment = at_second(2024, 1, 1, 0);
	int64		at = moment - 1;
	char	   *cover;
	int			wrong = 0;

	nvp_zone_open(&schedule.zone, "UTC");
	ticks.zone = schedule.zone;
	nvp_schedule_start(&schedule, moment, true, PG_INT64_MAX);
	cover = nvp_schedule_cover(&schedule, &ticks.zone, moment, jitter);
	check(strcmp(cover, expected) == 0, text, cover);
	ticks.cron = parse(cover);
	nvp_schedule_start(&ticks, moment, true, PG_INT64_MAX);
	while (nvp_schedule_next(&schedule, at, &at) && at < moment + 366 * NVP_USECS_DAY)
	{
		for (int64 due = at; due <= at + jitter * NVP_USECS_SECOND; due += 30 * NVP_USECS_SECOND)
		{
			int64		tick;

			wrong += !nvp_schedule_next(&ticks, due - 1, &tick) || tick - due >= 60 * NVP_USECS_SECOND;
		}
		at += 59 * NVP_USECS_SECOND;
	}
	check(wrong == 0, text, psprintf("%d instants are late", wrong));
}

static void
test_covers(void)
{
	check_cover("30 2 * * *", 0, "30 2 * * *");
	check_cover("30 2 * * MON-FRI", 0, "30 2 * * 1-5");
	check_cover("30 30 2 15W * *", 0, "31 2 14-16 * *");
	check_cover("0 0 1 1,7 *", 0, "0 0 1 */6 *");
	check_cover("0 0 1 2,7,8 *", 0, "0 0 1 2,7,8 *");
	check_cover("59 59 23 31 12 *", 0, "0 0 1 1 *");
	check_cover("* * * * * *", 0, "* * * * *");
	check_cover("* 8-17 * * *", 0, "* 8-17 * * *");
	check_cover("*/7 * * * *", 0, "*/7 * * * *");
	check_cover("0 0,23 * * *", 0, "0 0,23 * * *");
	check_cover("0 0 * 1 SUN#1", 0, "0 0 * 1 0");
	check_cover("0 6,18 13 * FRI", 0, "0 6,18 * * *");
	check_cover("58 23 * * SUN", 240, "0-2,58,59 0,23 * * 0,1");
	check_cover("0 0 * * *", 86400, "* * * * *");
}

int
main(int argc, char **argv)
{
	test_expressions();
	test_days();
	test_far();
	test_zones(argc > 1 ? atoi(argv[1]) : 1000);
	test_frequencies();
	test_covers();
	printf("%d checks, %d failed\n", count, failures);
	return failures > 0;
}
