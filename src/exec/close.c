/*-------------------------------------------------------------------------
 *
 * close.c
 *		Writing down what became of a run.
 *
 * Xact:   the closing transaction: issues, kept input and output, state, ledger
 *		   and notification together.
 * Errors: thrown; the caller tries again with less to write.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/resowner.h"

#include "base/deadline.h"
#include "base/guc.h"
#include "exec/company.h"
#include "exec/header.h"
#include "exec/life.h"
#include "exec/queue.h"
#include "pipeline/doubt.h"

/* run a step; an error is caught and returned, NULL = none */
ErrorData *
nvp_run_guarded(NvpRun *run, void (*step) (NvpRun *))
{
	ErrorData  *volatile caught = NULL;

	PG_TRY();
	{
		step(run);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(run->context);
		caught = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	return caught;
}

/* only a whole input is worth keeping: the next attempt will take it for what the source holds */
static bool
keep_input_wanted(const NvpRun *run)
{
	if (!run->is_fetched || run->execution->has_input || run->input->size == 0 || nvp_run_input_is_table(run))
		return false;
	if (!nvp_spool_is_whole(run->input))
		return false;			/* a file that changed under us: there is nothing to keep */
	if (run->plan->keep_input == NVP_KEEP_ALWAYS)
		return true;
	return run->plan->keep_input == NVP_KEEP_FAILED && run->outcome->status == NVP_FAILED;
}

/* what was pushed or kept has served its purpose */
static bool
release_input_wanted(const NvpRun *run)
{
	if (!run->execution->has_input || run->plan == NULL)
		return false;
	return run->plan->keep_input == NVP_KEEP_NEVER ||
		(run->plan->keep_input == NVP_KEEP_FAILED && run->outcome->status == NVP_SUCCEEDED);
}

/*
 * Keep what was delivered.  It has left already, so a failure here fails
 * nothing; it is told, and the output is not to be had.
 */
static void
keep_output(NvpRun *run)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	if (run->output->size > (int64) nvp_guc_keep_output_size * 1024)
		return;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		nvp_exec_keep_output(run->execution, run->output, run->report->output_name, run->plan->content_type);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		ereport(WARNING,
				errcode(error->sqlerrcode),
				errmsg("nuvopipe: %s: its output was delivered but could not be kept: %s", run->label, error->message),
				errhidecontext(true));
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
}

static void
add_note(NvpOutcome *outcome, char *note)
{
	if (note)
		outcome->note = outcome->note ? psprintf("%s; %s", outcome->note, note) : note;
}

/* the issues, and what is doubtful about the whole input */
static void
write_issues(NvpRun *run)
{
	NvpJob	   *job = run->job;
	char	   *note = NULL;

	if (!job->is_rows)
		note = nvp_exec_note_header(run->execution, job->reader, run->outcome->status == NVP_SUCCEEDED);
	add_note(run->outcome, note);
	nvp_doubt_issues(job, note);
	if (nvp_issuelog_store(run->log, run->plan->model, job->map->source_names, job->reader,
						   &run->execution->tenant_id, &run->execution->id, run->execution->attempt))
		nvp_exec_note_issues(run->execution);
}

/* issues, input, output, state, ledger: in the transaction that is open */
static void
write_down(NvpRun *run, bool to_ledger)
{
	NvpOutcome *outcome = run->outcome;

	if (run->job && run->job->map && !run->is_bare)
	{
		if (run->job->validator)
		{
			outcome->votes = nvp_run_text_jsonb(nvp_validator_votes(run->job->validator));
			add_note(outcome, nvp_validator_vote_note(run->job->validator));
		}
		if (run->job->reader)
			write_issues(run);
		outcome->sniff = run->job->is_rows ? NULL : nvp_sniff_jsonb(&run->job->input.sniff, &run->job->input.format);
	}
	if (!run->is_bare && keep_input_wanted(run))
		nvp_exec_keep_input(run->execution, run->input);
	if (outcome->is_delivered && run->output && run->plan->keep_output)
		keep_output(run);
	nvp_run_enter_phase(run, NVP_PHASE_FINISH, -1);	/* counts what the phase took so far */
	outcome->duration_ms = TimestampDifferenceMilliseconds(run->started_at, GetCurrentTimestamp());
	outcome->phases = nvp_run_phases_jsonb(run);
	if (outcome->status == NVP_FAILED && nvp_exec_requeue(run->execution, outcome))
		run->report->status = "QUEUED";
	else
	{
		nvp_exec_finish(run->execution, outcome, to_ledger, release_input_wanted(run));
		run->report->status = outcome->status == NVP_SUCCEEDED ? "SUCCEEDED" :
			outcome->status == NVP_FAILED ? "FAILED" : "CANCELED";
	}
}

void
nvp_run_close_transaction(NvpRun *run, bool to_ledger)
{
	MemoryContextSwitchTo(run->context);
	write_down(run, to_ledger);
	CHECK_FOR_INTERRUPTS();
	nvp_deadline_clear();		/* it was in time */
	nvp_company_note(run);
	if (run->session->place == NVP_AMONG)
		nvp_session_step(run->session);
	else
	{
		if (run->is_local)
			nvp_queue_claim_next(run->session);
		nvp_session_commit(run->session);
	}
	run->was_written = true;
	MemoryContextSwitchTo(run->context);
}

/* what was counted as written was rolled back, or never left the spool */
void
nvp_run_forget_written(NvpRun *run)
{
	NvpCounts  *c = &run->outcome->counts;

	c->rows_written = c->rows_inserted = c->rows_updated = c->output_bytes = 0;
}

void
nvp_run_close_failed(NvpRun *run)
{
	nvp_deadline_clear();		/* the fault is told, however long that takes */
	run->outcome->status = NVP_FAILED;
	nvp_run_forget_written(run);
	nvp_run_enter_phase(run, NVP_PHASE_FINISH, -1);
	if (run->session->is_open)
		nvp_session_rollback(run->session);
	nvp_session_begin(run->session);
	nvp_run_close_transaction(run, false);
}

void
nvp_run_close_unchanged(NvpRun *run, char *note)
{
	run->outcome->status = NVP_SUCCEEDED;
	run->outcome->note = note;
	nvp_run_enter_phase(run, NVP_PHASE_FINISH, -1);
	nvp_session_begin(run->session);
	nvp_run_close_transaction(run, false);
}

/* nvp_run_unchanged_note says which execution has loaded what this one was to load. */
char *
nvp_run_unchanged_note(const char *by)
{
	return psprintf("unchanged since execution %s loaded it; nothing was loaded", by);
}

/* a fault's type where the code below did not know better */
void
nvp_run_settle_fault_type(NvpRun *run, NvpFault *fault)
{
	bool		full = fault->sqlstate == ERRCODE_DISK_FULL ||
		fault->sqlstate == ERRCODE_CONFIGURATION_LIMIT_EXCEEDED;

	if (fault->type != NVP_FAULT_INTERNAL)
		return;
	if (run->phase == NVP_PHASE_IDLE && run->blame != NVP_FAULT_NONE)
		fault->type = run->blame;
	else if (full && run->phase >= NVP_PHASE_PROCESS)
		fault->type = NVP_DESTINATION_SIZE_LIMIT;
	else if (full)
		fault->type = NVP_WRITE_FILE_FAILURE;
	else if (run->phase == NVP_PHASE_FETCH)
		fault->type = NVP_SOURCE_UNRESPONSIVE;
	else if (run->phase >= NVP_PHASE_PROCESS)
		fault->type = NVP_WRITE_FILE_FAILURE;
	else
		fault->type = NVP_PARSING_FAILURE;
}

/* a second cancel must not keep the first, or a failure, from being written down */
static void
close_uncancelled(NvpRun *run)
{
	uint32		held = QueryCancelHoldoffCount;

	QueryCancelHoldoffCount++;
	nvp_session_begin(run->session);
	nvp_run_close_transaction(run, false);
	QueryCancelHoldoffCount = held;
}

/*
 * Write down why a run ended.  Where its issues or its input cannot be kept
 * (the disk that failed the run is still full), the reason alone is.
 */
void
nvp_run_close_for_sure(NvpRun *run)
{
	ErrorData  *error = nvp_run_guarded(run, close_uncancelled);

	if (error == NULL)
		return;
	nvp_session_rollback(run->session);
	MemoryContextSwitchTo(run->context);
	if (run->outcome->fault.detail == NULL)
		nvp_fault_detail(&run->outcome->fault, "Its issues could not be kept: %s", error->message);
	run->is_bare = true;
	close_uncancelled(run);
}
