/*-------------------------------------------------------------------------
 *
 * schedule.h
 *		Schedules that are due, and what became of the runs they planned.
 *
 * What is due, and what is done about it, is decided in SQL
 * (sql/routine/schedule.sql); here is when to ask.
 *
 * Xact:   every function needs one, with a snapshot, and leaves it open.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_EXEC_SCHEDULE_H
#define NVP_EXEC_SCHEDULE_H

#include "exec/execution.h"

#define NVP_SCHEDULE_PORTION	8	/* schedules in one transaction: their runs begin while others are looked at */

/*
 * nvp_schedule_fire fires a portion of the schedules that are due; those that
 * somebody else has locked are his.
 *
 * out: how many it looked at.
 */
extern int	nvp_schedule_fire(void);

/* nvp_schedule_due tells when the first schedule is due of those that are due later than after, 0 = none is. */
extern TimestampTz nvp_schedule_due(TimestampTz after);

/*
 * nvp_schedule_repair repairs what others may have left; at_start: also what may
 * have changed while nobody was there.
 */
extern void nvp_schedule_repair(bool at_start);

/* what is to be done about jobs of pg_cron */
typedef struct NvpScheduleJobs
{
	char	   *database;		/* this one's name */
	char	   *elsewhere;		/* JSON: they have to be made in another database; NULL = not so */
	char	   *fault;			/* why they could not be made; or NULL */
} NvpScheduleJobs;

/*
 * nvp_schedule_jobs makes jobs of pg_cron what they should be, if it is in this
 * database; strings are in the current memory context.
 */
extern void nvp_schedule_jobs(NvpScheduleJobs *jobs);

/*
 * nvp_schedule_began notes that the run of a planned instant has begun; to be
 * called by the claim of each execution that a schedule started.
 */
extern void nvp_schedule_began(const NvpExecution *execution);

#endif							/* NVP_EXEC_SCHEDULE_H */
