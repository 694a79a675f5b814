/*-------------------------------------------------------------------------
 *
 * life.h
 *		An execution under way: what its phases share.
 *
 * run.c tells the story; phase.c, fetch.c, split.c, process.c and close.c are
 * its chapters.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_LIFE_H
#define NVP_LIFE_H

#include "base/progress.h"
#include "exec/identity.h"
#include "exec/run.h"
#include "pipeline/plan.h"

/* how the line begins that a run adds to the context of messages */
#define NVP_RUN_CONTEXT		"nuvopipe execution "

typedef struct NvpRun
{
	NvpSession *session;
	NvpIdentity identity;
	NvpExecution *execution;
	NvpRunReport *report;
	NvpOutcome *outcome;		/* of the report */
	MemoryContext context;
	char	   *label;			/* for the log */
	NvpPlan    *plan;
	NvpFaultType blame;			/* of an error while the plan is made */
	NvpSpool   *input;
	NvpSpool   *output;			/* NULL for a table */
	NvpIssueLog *log;
	NvpJob	   *job;
	bool		is_local;		/* its input is in this database: no transaction ends before the rows are in */
	bool		careful;
	bool		is_settling;	/* all rows are in; deferred constraints are looked at */
	bool		is_fetched;		/* the input is complete */
	bool		is_unchanged;	/* another execution has loaded it */
	bool		was_written;	/* the final state is committed */
	bool		ran_out;		/* of its time */
	bool		is_bare;		/* write the final state alone: what belongs to it cannot be kept */
	TimestampTz started_at;
	int64		phase_ms[NVP_PHASE_FINISH + 1];
	TimestampTz phase_at;
	int			phase;
} NvpRun;

/* phase.c */
extern void nvp_run_step_begin(NvpRun *run);
extern void nvp_run_step_end(NvpRun *run);
extern void nvp_run_show_begin(NvpRun *run, ErrorContextCallback *callback);
extern void nvp_run_show_end(NvpRun *run, ErrorContextCallback *callback);
extern void nvp_run_enter_phase(NvpRun *run, NvpPhase phase, int64 total);
extern void nvp_run_move_progress(void *arg, int64 done, int64 total);
extern Jsonb *nvp_run_text_jsonb(char *text);
extern Jsonb *nvp_run_phases_jsonb(NvpRun *run);

/* fetch.c */
extern bool nvp_run_input_is_table(const NvpRun *run);
extern bool nvp_run_fetch(NvpRun *run, NvpFault *fault);
extern void nvp_run_settle_version(NvpRun *run);
extern bool nvp_run_discover(NvpRun *run, bool *nothing, NvpFault *fault);

/* split.c */
extern bool nvp_run_split(NvpRun *run, NvpFault *fault);

/* process.c */
extern void nvp_run_close_job(NvpRun *run);
extern bool nvp_run_process(NvpRun *run, NvpFault *fault);
extern bool nvp_run_worth_care(const NvpRun *run, int sqlstate);

/* close.c */
extern ErrorData *nvp_run_guarded(NvpRun *run, void (*step) (NvpRun *));
extern void nvp_run_close_transaction(NvpRun *run, bool to_ledger);
extern void nvp_run_forget_written(NvpRun *run);
extern void nvp_run_close_failed(NvpRun *run);
extern void nvp_run_close_unchanged(NvpRun *run, char *note);
extern char *nvp_run_unchanged_note(const char *by);
extern void nvp_run_settle_fault_type(NvpRun *run, NvpFault *fault);
extern void nvp_run_close_for_sure(NvpRun *run);

#endif							/* NVP_LIFE_H */
