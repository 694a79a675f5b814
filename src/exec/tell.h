/*-------------------------------------------------------------------------
 *
 * tell.h
 *		Telling of a change of state.
 *
 * Each change of the state of an execution is told once, in the transaction that
 * makes it: a NOTIFY for those who listen, an event for those who ask later, a
 * note for those who count, a wake-up for who has something to do now, and what
 * follows from it (_nuvopipe.follow_state: webhooks, triggers, planned runs).
 * Everything that changes the state of an execution, in C or in SQL
 * (_nuvopipe.tell_state), ends here.  QUEUED before the first attempt is its
 * beginning.
 *
 * NOTIFY makes commits wait for one another, all over the server, until they are
 * on disk.  A process that runs executions therefore notifies in a transaction of
 * its own, right after the commit.  What is lost if the server crashes in between
 * is nothing that a listener could have heard.
 *
 * Calls:  nvp_tell.  In a process that has called nvp_tell_later also
 *		   nvp_tell_committed after each commit, nvp_tell_back(0) after an abort.
 * Xact:   part of the one that makes the change.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_TELL_H
#define NVP_TELL_H

#include "utils/uuid.h"

typedef struct NvpNews
{
	pg_uuid_t	tenant_id;
	pg_uuid_t	execution_id;
	pg_uuid_t	pipeline_id;
	pg_uuid_t	owner_id;
	const char *owner_role;
	const char *status;
	int			attempt;		/* 0 = none */
	const char *message;		/* or NULL */
} NvpNews;

extern void nvp_tell(const NvpNews *news);
extern void nvp_tell_of(const pg_uuid_t *tenant_id, const pg_uuid_t *execution_id, const char *status,
						int attempt, const char *message);

extern void nvp_tell_later(void);
extern int	nvp_tell_mark(void);
extern void nvp_tell_back(int mark);
extern void nvp_tell_committed(void);

#endif							/* NVP_TELL_H */
