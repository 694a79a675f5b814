/*-------------------------------------------------------------------------
 *
 * session.h
 *		Transactions of a process that runs executions.
 *
 * The life of an execution is many short transactions with network waits
 * between them.  A background worker opens and closes them itself; a session
 * that says CALL nuvopipe.run(...) does so through SPI.  Both look the same
 * from here.
 *
 * Calls:  nvp_session_open, { begin, (commit | rollback) }*, nvp_session_close.
 *		   In a called procedure a new, empty transaction stands open between
 *		   commit and begin; it holds no snapshot and no lock.
 * Memory: what the caller palloc'd before nvp_session_open may be gone after
 *		   it: it commits.
 * Errors: after an error was caught, call nvp_session_rollback before anything
 *		   else.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_SESSION_H
#define NVP_SESSION_H

#include "utils/timestamp.h"
#include "utils/uuid.h"

/* where a run stands whose transaction may be that of others, too (company.h) */
typedef enum NvpPlace
{
	NVP_ALONE,
	NVP_AMONG,					/* its end leaves the transaction open for the next of them */
	NVP_LAST					/* its end is the commit of all */
} NvpPlace;

typedef struct NvpSession
{
	bool		is_procedure;	/* inside CALL, else a background worker */
	bool		is_open;		/* between begin and commit or rollback */
	MemoryContext context;		/* lives as long as the session */
	struct NvpQueue *queue;		/* what comes next (queue.h), or NULL */
	bool		wants_next;		/* a run that ends may claim the next executions, in the same commit */
	int			nnext;			/* how many it did; cancels are held back since then */
	bool		next_is_sure;	/* and that is committed */
	struct NvpExecution *next;	/* those */
	MemoryContext next_context;	/* of next */
	NvpPlace	place;			/* of the run under way */
	TimestampTz apart_at;		/* by then its company has to be done */
	pg_uuid_t	quick_configuration;	/* the last run was one of this and ended well */
	int			quick_us;		/* so soon; 0 = the last one did not */
	int			alone;			/* so many runs are to come that have no company */
} NvpSession;

extern void nvp_session_open(NvpSession *session, bool is_procedure);
extern void nvp_session_close(NvpSession *session);
extern void nvp_session_begin(NvpSession *session);
extern void nvp_session_step(NvpSession *session);
extern void nvp_session_commit(NvpSession *session);
extern void nvp_session_rollback(NvpSession *session);

#endif							/* NVP_SESSION_H */
