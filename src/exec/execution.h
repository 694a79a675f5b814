/*-------------------------------------------------------------------------
 *
 * execution.h
 *		The states of an execution; each function is one step of a transaction.
 *
 *		QUEUED --claim--> RUNNING --finish--> SUCCEEDED | FAILED | CANCELED
 *		   ^                 |
 *		   +---- requeue ----+   (a retryable fault, or a worker that died)
 *
 * An attempt is counted when it is claimed.  A run is alive as long as the
 * process that claimed it is: pid and start time are in the row, and
 * nvp_exec_sweep compares them with the server's processes; after a fail-over
 * or a restart nobody matches, and the execution is run again or failed with a
 * reason.  The deadline in lease_until serves those who look from outside.
 *
 * Locks:  claim takes the turns (base/turn.h) of all that limits an execution:
 *		   its pipeline's slots, its organization's runs, its hosts' runs; then
 *		   counts what runs.  It takes the row locks of the execution and, so
 *		   that it is not deleted meanwhile, of the pipeline, and waits for
 *		   neither.
 * Xact:   every function needs one, with a snapshot, and leaves it open.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_EXECUTION_H
#define NVP_EXECUTION_H

#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "base/fault.h"
#include "connector/connector.h"
#include "pipeline/job.h"

typedef struct NvpExecution
{
	pg_uuid_t	tenant_id;
	pg_uuid_t	id;
	pg_uuid_t	run_id;
	pg_uuid_t	pipeline_id;
	pg_uuid_t	configuration_id;
	char	   *id_text;
	char	   *pipeline_name;
	char	   *owner_role;
	pg_uuid_t	owner_id;
	int			attempt;		/* number of this try, from 1 */
	int			max_attempts;
	int			max_run_time;	/* seconds an attempt may take, 0 = as the setting says */
	bool		forced;
	bool		discover;		/* the source must be listed first */
	bool		is_scheduled;	/* a schedule has started it */
	bool		has_input;		/* its bytes are stored: pushed, uploaded or kept */
	pg_uuid_t	input_id;		/* of them */
	TimestampTz began_at;		/* where that was after the claim (company.h); else 0 */
	bool		is_unwanted;	/* cancelled before it began (company.h) */
	int			siblings;		/* executions of the same run, itself included; 0 = not looked */
	NvpObject	object;			/* path NULL until known */
} NvpExecution;

typedef enum NvpStatusWord
{
	NVP_SUCCEEDED,
	NVP_FAILED,
	NVP_CANCELED
} NvpStatusWord;

/* what is written down about one attempt */
typedef struct NvpOutcome
{
	NvpStatusWord status;
	NvpFault	fault;			/* of a failure */
	NvpCounts	counts;
	int64		duration_ms;
	bool		is_delivered;	/* the output has left: too late to cancel */
	char	   *note;			/* e.g. why nothing was loaded; or NULL */
	Jsonb	   *sniff;			/* or NULL */
	Jsonb	   *votes;			/* or NULL */
	Jsonb	   *phases;			/* or NULL */
} NvpOutcome;

/* an execution that waits, as the list of such knows it (queue.h) */
typedef struct NvpWaiting
{
	pg_uuid_t	tenant_id;
	pg_uuid_t	id;
	pg_uuid_t	pipeline_id;
	int			slots;			/* of the pipeline */
	int			tenant_limit;	/* runs of the organization, 0 = any number */
	bool		is_wanted;		/* somebody asks for this one: even before its time */
} NvpWaiting;

typedef enum NvpClaim
{
	NVP_CLAIMED,
	NVP_CLAIM_GONE,				/* somebody else has it, or is about to change it */
	NVP_CLAIM_PIPELINE_FULL,	/* as many of its pipeline run as may */
	NVP_CLAIM_TENANT_FULL,
	NVP_CLAIM_CONTENDED			/* others claim at this moment */
} NvpClaim;

extern NvpClaim nvp_exec_claim(const NvpWaiting *waiting, bool wait, NvpExecution *out);
extern bool nvp_exec_claim_with(const NvpExecution *first, const NvpWaiting *waiting, NvpExecution *out);
extern void nvp_exec_copy(const NvpExecution *from, NvpExecution *to);
extern int	nvp_exec_siblings(const NvpExecution *execution);
extern bool nvp_exec_claim_only(const pg_uuid_t *id, NvpExecution *out);
extern bool nvp_exec_in_ledger(const NvpExecution *execution, char **by);
extern void nvp_exec_finish(const NvpExecution *execution, const NvpOutcome *outcome, bool to_ledger, bool gives_up_input);
extern bool nvp_exec_requeue(const NvpExecution *execution, const NvpOutcome *outcome);
extern bool nvp_exec_lock_at_exit(void);
extern void nvp_exec_give_back(const NvpExecution *execution);
extern void nvp_exec_unclaim(const NvpExecution *execution);
extern bool nvp_exec_is_unwanted(const NvpExecution *execution);
extern int	nvp_exec_sweep(bool with_queue);
extern void nvp_exec_renew(void);
extern void nvp_exec_expand(const NvpExecution *execution, const NvpObject *objects, int n, const pg_uuid_t *input_id);
extern void nvp_exec_take(const NvpExecution *execution, const NvpObject *object);
extern void nvp_exec_note_issues(const NvpExecution *execution);
extern void nvp_exec_keep_input(const NvpExecution *execution, NvpSpool *spool);
extern void nvp_exec_keep_output(const NvpExecution *execution, NvpSpool *spool, const char *name, const char *content_type);

#endif							/* NVP_EXECUTION_H */
