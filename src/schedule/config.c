/*-------------------------------------------------------------------------
 *
 * config.c
 *		Reading schedule_config: its members that say when.
 *
 * The members about what is done at an instant (jitter, overlap, missed, ...)
 * and those that need tables (calendars) are not looked at here.
 *
 * Memory: messages are made in the current memory context.
 * Errors: the first mistake is returned, with its member; nothing throws.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "base/iso.h"
#include "base/jsonb.h"
#include "schedule/schedule.h"

#define TIME_HINT	"Write a time in ISO 8601, such as \"2030-01-31T06:00:00Z\"; without an offset it is UTC."
#define ZONE_HINT	"Write a name of the view pg_timezone_names, such as \"Europe/Berlin\"."
#define INTERVAL_HINT	"Write a whole number from 1 to 10000; for longer intervals take a coarser frequency."
#define END_HINT	"Let ends_on be the time of the last run, or later, or leave it out."
#define MAX_SHOWN	60			/* bytes of a value in a message */

static const char *const frequency_names[] = {
	"SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY", NULL
};

static bool
fail(NvpScheduleError *error, const char *path, char *message, const char *hint)
{
	error->path = path;
	error->message = message;
	error->hint = hint;
	return false;
}

/* a member that is text; *text is NULL if there is none */
static bool
read_text(JsonbContainer *config, const char *member, char **text, NvpScheduleError *error)
{
	JsonbValue *value = nvp_jsonb_get(config, member);

	*text = NULL;
	if (value == NULL)
		return true;
	if (value->type != jbvString)
		return fail(error, member, psprintf("%s is not a string", member), "Write it as a text, in quotes.");
	*text = pnstrdup(value->val.string.val, value->val.string.len);
	return true;
}

/* a value for a message, cut to whole characters */
static char *
shown(const char *text)
{
	int			len = strlen(text);

	return len <= MAX_SHOWN ? pstrdup(text) :
		psprintf("%.*s...", pg_mbcliplen(text, len, MAX_SHOWN), text);
}

static bool
read_frequency(JsonbContainer *config, NvpSchedule *schedule, NvpScheduleError *error)
{
	char	   *word;
	const char *near;

	if (!read_text(config, "frequency", &word, error))
		return false;
	if (word == NULL)
		return fail(error, "frequency", pstrdup("the schedule has neither frequency nor cron"),
					"Write {\"frequency\": \"DAILY\"} or {\"cron\": \"0 6 * * *\"}.");
	for (int i = 0; frequency_names[i]; i++)
	{
		if (strcmp(word, frequency_names[i]) == 0)
		{
			schedule->frequency = (NvpFrequency) i;
			return true;
		}
	}
	near = nvp_closest(word, frequency_names);
	return fail(error, "frequency", psprintf("the frequency \"%s\" does not exist", shown(word)),
				near ? psprintf("Perhaps you meant \"%s\".", near) :
				"Frequencies are SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY and YEARLY; \"cron\" takes an expression.");
}

static bool
read_interval(JsonbContainer *config, NvpSchedule *schedule, NvpScheduleError *error)
{
	JsonbValue *value = nvp_jsonb_get(config, "interval");
	char	   *text;

	schedule->interval = 1;
	if (value == NULL)
		return true;
	if (schedule->frequency == NVP_CRON)
		return fail(error, "interval", pstrdup("an interval goes with a frequency, not with cron"),
					"Write a step into the expression, as in \"*/15 * * * *\".");
	if (value->type != jbvNumeric)
		return fail(error, "interval", pstrdup("interval is not a number"), INTERVAL_HINT);
	text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	schedule->interval = strlen(text) <= 5 && strspn(text, "0123456789") == strlen(text) ? atoi(text) : 0;
	if (schedule->interval < 1 || schedule->interval > NVP_INTERVAL_MAX)
		return fail(error, "interval", psprintf("the interval %s is not a whole number from 1 to %d", shown(text), NVP_INTERVAL_MAX),
					INTERVAL_HINT);
	return true;
}

static bool
read_last_day(JsonbContainer *config, NvpSchedule *schedule, NvpScheduleError *error)
{
	JsonbValue *value = nvp_jsonb_get(config, "last_day");

	if (value == NULL)
		return true;
	if (value->type != jbvBool)
		return fail(error, "last_day", pstrdup("last_day is not a boolean"), "Write true or false.");
	schedule->last_day = value->val.boolean;
	if (schedule->last_day && schedule->frequency != NVP_MONTHLY && schedule->frequency != NVP_YEARLY)
		return fail(error, "last_day", pstrdup("last_day goes with the frequencies MONTHLY and YEARLY only"),
					"In a cron expression write L as the day of month.");
	return true;
}

static bool
read_zone(JsonbContainer *config, NvpSchedule *schedule, NvpScheduleError *error)
{
	char	   *name;

	if (!read_text(config, "time_zone", &name, error))
		return false;
	if (nvp_zone_open(&schedule->zone, name ? name : "UTC") != NULL)
		return fail(error, "time_zone", psprintf("the time zone \"%s\" does not exist", shown(name)), ZONE_HINT);
	return true;
}

/* a time; *time remains as it is if there is none */
static bool
read_time(JsonbContainer *config, const char *member, TimestampTz *time, bool *is_set, NvpScheduleError *error)
{
	char	   *text;

	if (!read_text(config, member, &text, error))
		return false;
	*is_set = text != NULL;
	if (text == NULL)
		return true;
	/* four digits of a year are all that ISO 8601 has without agreement, and all that the calendar knows */
	if (!nvp_iso_read(text, time))
		return fail(error, member, psprintf("%s \"%s\" is not a time", member, shown(text)), TIME_HINT);
	return true;
}

static bool
read_rule(JsonbContainer *config, NvpSchedule *schedule, NvpScheduleError *error)
{
	char	   *cron;

	if (!read_text(config, "cron", &cron, error))
		return false;
	if (cron == NULL)
		return read_frequency(config, schedule, error);
	if (nvp_jsonb_get(config, "frequency"))
		return fail(error, "cron", pstrdup("the schedule has both a frequency and a cron expression"), "Leave one of them out.");
	schedule->frequency = NVP_CRON;
	return nvp_cron_parse(cron, &schedule->cron, error);
}

/*
 * nvp_schedule_compile makes a schedule of a schedule_config.
 *
 * in: anchor, when the schedule was set; it counts where there is no starts_on.
 * out: false and a message; schedule is undefined then.
 */
bool
nvp_schedule_compile(NvpSchedule *schedule, JsonbContainer *config, TimestampTz anchor, NvpScheduleError *error)
{
	TimestampTz start = anchor;
	TimestampTz end = PG_INT64_MAX;
	bool		has_start;
	bool		has_end;

	memset(schedule, 0, sizeof(*schedule));
	if (!JsonContainerIsObject(config))
		return fail(error, "", pstrdup("a schedule is an object"), "Write {\"frequency\": \"DAILY\"} or {\"cron\": \"0 6 * * *\"}.");
	if (!read_rule(config, schedule, error) ||
		!read_interval(config, schedule, error) ||
		!read_last_day(config, schedule, error) ||
		!read_zone(config, schedule, error) ||
		!read_time(config, "starts_on", &start, &has_start, error) ||
		!read_time(config, "ends_on", &end, &has_end, error))
		return false;
	if (has_start && has_end && end < start)
		return fail(error, "ends_on", pstrdup("ends_on is before starts_on"), END_HINT);
	nvp_schedule_start(schedule, start, has_start, end);
	return true;
}

/*
 * nvp_schedule_check compiles a schedule and tells whether it ever fires,
 * counted from its starts_on or from anchor.
 *
 * out: false and a message.
 */
bool
nvp_schedule_check(JsonbContainer *config, TimestampTz anchor, NvpScheduleError *error)
{
	NvpSchedule schedule;
	TimestampTz at;
	char	   *cron;

	if (!nvp_schedule_compile(&schedule, config, anchor, error))
		return false;
	if (schedule.frequency != NVP_CRON || nvp_jsonb_get(config, "starts_on"))
		anchor = DT_NOBEGIN;
	if (nvp_schedule_next(&schedule, anchor, &at))
		return true;
	/* without an end, then? */
	schedule.last = NVP_SECONDS_MAX;
	if (nvp_schedule_next(&schedule, anchor, &at) && nvp_jsonb_get(config, "ends_on"))
		return fail(error, "ends_on", pstrdup("the schedule never fires: nothing is planned until ends_on"), END_HINT);
	if (schedule.frequency != NVP_CRON)
		return fail(error, "interval", pstrdup("the schedule never fires: nothing is planned before the year 10000"), INTERVAL_HINT);
	(void) read_text(config, "cron", &cron, error);
	return fail(error, "cron", psprintf("the cron expression \"%s\" never fires", shown(cron)),
				"No month has that day; \"L\" is the last day of any month.");
}
