/*-------------------------------------------------------------------------
 *
 * cron.h
 *		Cron expressions as sets of bits, and the local times they name.
 *
 * An expression knows nothing of zones: it names local times, in seconds since
 * 2000-01-01 00:00:00.  What a clock change makes of them is schedule.h's.
 *
 * Calls:  parse, then any number of next and month_days.
 * Memory: an NvpCron owns nothing; messages are in the current memory context.
 * Errors: parse returns false and a message; the others cannot fail.
 * Purity: no server.
 * Source: crontab(5) for the five fields, names, lists, ranges, steps and the
 *		   rule that two restricted day fields are alternatives; L, W and # are
 *		   Quartz's.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_CRON_H
#define NVP_CRON_H

#define NVP_NEVER			PG_INT64_MAX	/* instead of a time */
#define NVP_SECONDS_MAX		(INT64CONST(86400) * (NVP_DAYS_MAX + 1) - 1)	/* end of the year 9999 */

/* bit n of a set stands for the value n */
typedef struct NvpCron
{
	uint64		seconds;
	uint64		minutes;
	uint32		hours;
	uint32		months;			/* 1 to 12 */
	uint32		days;			/* 1 to 31 */
	uint32		days_to_last;	/* L-n: n days before the last of the month; L is 0 */
	uint32		workdays_near;	/* nW: the day from Monday to Friday nearest to n */
	bool		last_workday;	/* LW */
	uint8		weekdays;		/* 0 = Sunday */
	uint8		weekdays_last;	/* nL: the last of its kind in the month */
	uint8		weekdays_nth[6];	/* d#n: weekdays whose n-th one it is, n from 1 */
	bool		every_hour;		/* the field begins with a star, as the next two */
	bool		every_day;
	bool		every_weekday;
} NvpCron;

/* what is wrong with a schedule, and what to write instead */
typedef struct NvpScheduleError
{
	const char *path;			/* member of the definition */
	char	   *message;		/* lower case, names field and value */
	const char *hint;
} NvpScheduleError;

extern bool nvp_cron_parse(const char *text, NvpCron *cron, NvpScheduleError *error);
extern uint32 nvp_cron_month_days(const NvpCron *cron, int year, int month);
extern int64 nvp_cron_next(const NvpCron *cron, int64 local, int32 *known_day);

/* nvp_cron_lowest is the lowest value of a set that is not below from, or -1 */
static inline int
nvp_cron_lowest(uint64 set, int from)
{
	uint64		rest = from < 64 ? set >> from << from : 0;

	return rest ? __builtin_ctzll(rest) : -1;
}

#endif							/* NVP_CRON_H */
