/*-------------------------------------------------------------------------
 *
 * enqueue.h
 *		The beginning of an execution: it is queued.
 *
 * What starts a run takes its limits, its owner and the hosts it will reach from
 * the definitions as they are at that moment.  A run row is made with the first
 * execution that names it.
 *
 * Calls:  nvp_exec_enqueue.
 * Xact:   part of the caller's, at any isolation; workers are woken by its commit.
 * Errors: 42704 where the pipeline is gone; 25006 where nothing may be written.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_ENQUEUE_H
#define NVP_ENQUEUE_H

#include "utils/uuid.h"

typedef struct NvpStart
{
	pg_uuid_t	pipeline_id;
	pg_uuid_t	run_id;
	pg_uuid_t	creator;
	const char *trigger_type;
	bool		forced;
	bool		discover;		/* its source is listed when it runs */
	const char *path;			/* of the object, or NULL, as the two that follow */
	const char *name;
	const char *version;
	int64		bytes;			/* -1 = not known */
	const pg_uuid_t *input_id;	/* its bytes are stored there; or NULL */
	int			max_run_time;	/* seconds; 0 = what the options say */
} NvpStart;

extern void nvp_exec_enqueue(const NvpStart *start, pg_uuid_t *id);

#endif							/* NVP_ENQUEUE_H */
