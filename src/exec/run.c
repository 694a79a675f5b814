/*-------------------------------------------------------------------------
 *
 * run.c
 *		The life of one claimed execution, from fetch to finish.
 *
 * Flow:   load plan (xact) --> list, fetch (network, no xact)
 *		   --> process (one xact: ledger, survey, validate, write)
 *		   --> table:  issues, state and ledger in the same xact
 *		   --> others: commit, deliver (network, no xact), then issues, state
 *			   and ledger in a closing xact
 *		   --> after-process action on the source (network, no xact)
 *		   Where the input is in this database there is nothing to wait for, and
 *		   everything up to the end of processing is one transaction.
 * Calls:  nvp_exec_claim first, in a committed transaction: that the source is
 *		   read with a later snapshot is what triggers rely on (trigger.sql).
 * Memory: one context for the execution; temporary files for input, output and
 *		   issues.
 * Errors: a failed run is rolled back, then its issues and its reason are
 *		   written in a fresh transaction.  Nothing is thrown but a shutdown and,
 *		   in a session that called for the run, its cancellation.
 *
 *		   A load that the server refuses for a row's sake (constraint, trigger,
 *		   conversion) is rolled back and done again carefully, so that the rows
 *		   concerned can be told apart; the common case pays nothing for that.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/deadline.h"
#include "base/guc.h"
#include "base/progress.h"
#include "exec/life.h"
#include "pipeline/plan_cache.h"

/* seconds that an attempt may take; 0 = as long as it takes */
static int
allowed_seconds(const NvpExecution *execution)
{
	int			own = execution->max_run_time;
	int			most = nvp_guc_max_run_time;

	return own > 0 && most > 0 ? Min(own, most) : Max(own, most);
}

/* from here on the run is interrupted where it takes too long */
static void
watch_time(const NvpRun *run)
{
	int			seconds = allowed_seconds(run->execution);

	nvp_deadline_clear();		/* that of a run which an error has ended, in this session */
	if (run->session->place != NVP_ALONE)
		nvp_deadline_set(run->session->apart_at);
	else if (seconds > 0)
		nvp_deadline_set(TimestampTzPlusMilliseconds(run->started_at, seconds * INT64CONST(1000)));
}

/* the plan, and the temporary files: where they go is read from the catalogue */
static void
load_plan(NvpRun *run)
{
	nvp_run_step_begin(run);
	if (run->session->is_procedure)
		run->plan = nvp_plan_load(&run->execution->configuration_id, &run->blame);
	else
		run->plan = nvp_plan_borrow(&run->execution->configuration_id, &run->blame);
	nvp_plan_authorize(run->plan, &run->blame);
	run->log = nvp_issuelog_create();
	run->input = nvp_spool_create();
	if (!run->plan->to_table)
	{
		run->output = nvp_spool_create();
		run->execution->siblings = nvp_exec_siblings(run->execution);
	}
	run->is_local = run->execution->has_input || nvp_run_input_is_table(run);
	nvp_run_step_end(run);
}

static bool
deliver(NvpRun *run, NvpFault *fault)
{
	NvpConnector *output = run->plan->output;
	char	   *name = nvp_plan_output_name(run->plan, run->execution->object.name,
											run->execution->siblings);

	run->report->output_name = name;
	nvp_run_enter_phase(run, NVP_PHASE_DELIVER, run->output->size);
	return output->routine->deliver(output, name, run->plan->content_type, run->execution->id_text,
									run->output, nvp_run_move_progress, NULL, fault);
}

/*
 * What was delivered cannot be called back, so a cancel that comes now is too
 * late; it stays pending and meets whatever follows.  The end of the time that
 * the run had comes too late as well.
 */
static void
close_delivered(NvpRun *run)
{
	uint32		held = QueryCancelHoldoffCount;

	run->outcome->is_delivered = true;
	QueryCancelHoldoffCount++;
	nvp_deadline_clear();
	nvp_session_begin(run->session);
	nvp_run_enter_phase(run, NVP_PHASE_FINISH, -1);
	nvp_run_close_transaction(run, true);
	QueryCancelHoldoffCount = held;
}

/* rows and final state are one commit for a table; else deliver between two */
static bool
process_and_close(NvpRun *run, NvpFault *fault)
{
	if (!nvp_run_process(run, fault))
	{
		nvp_session_rollback(run->session);
		MemoryContextSwitchTo(run->context);
		return false;
	}
	run->outcome->status = NVP_SUCCEEDED;
	if (!run->plan->to_table && !run->is_unchanged)
	{
		nvp_session_commit(run->session);
		MemoryContextSwitchTo(run->context);
		if (!deliver(run, fault))
			return false;
		close_delivered(run);
		return true;
	}
	nvp_run_enter_phase(run, NVP_PHASE_FINISH, -1);
	nvp_run_close_transaction(run, !run->is_unchanged);
	return true;
}

/* the action on the source; the rows are safe, so a failure is only told */
static void
after_process(NvpRun *run)
{
	NvpFault	fault = {0};

	if (run->plan->input->routine->after == NULL || run->execution->has_input || run->is_unchanged)
		return;
	if (!run->plan->input->routine->after(run->plan->input, &run->execution->object, &fault))
		ereport(WARNING,
				errcode(fault.sqlstate),
				errmsg("nuvopipe: %s: the source object was not moved or deleted: %s", run->label, fault.message),
				errhidecontext(true));
}

static void
live(NvpRun *run)
{
	NvpFault   *fault = &run->outcome->fault;
	bool		nothing = false;

	load_plan(run);
	if (run->execution->is_unwanted)
		ereport(ERROR,
				errcode(ERRCODE_QUERY_CANCELED),
				errmsg("canceled on request"));
	nvp_run_enter_phase(run, NVP_PHASE_FETCH, -1);
	if (run->execution->discover && !nvp_run_discover(run, &nothing, fault))
		goto failed;
	if (nothing)
	{
		nvp_run_close_unchanged(run, "no new object at the source");
		return;
	}
	if (!nvp_run_fetch(run, fault))
		goto failed;
	run->is_fetched = true;
	nvp_run_settle_version(run);
	if (!nvp_run_split(run, fault))
		goto failed;
	if (!process_and_close(run, fault))
		goto failed;
	after_process(run);
	return;

failed:
	if (run->session->place != NVP_ALONE)
		return;
	nvp_run_settle_fault_type(run, fault);
	nvp_run_close_failed(run);
}

/*
 * A deferred constraint or trigger has spoken when all rows were in: which row
 * it meant, only its words can tell.
 */
static void
explain_deferred(NvpFault *fault, const ErrorData *edata)
{
	/* our own line says which execution it is, not where in its code */
	if (fault->detail == NULL && edata->context && strncmp(edata->context, NVP_RUN_CONTEXT, strlen(NVP_RUN_CONTEXT)) != 0)
		nvp_fault_detail(fault, "In %.*s.", (int) strcspn(edata->context, "\n"), edata->context);
	if (fault->hint)
		return;
	if (edata->constraint_name && edata->table_name)
		nvp_fault_hint(fault, "Constraint \"%s\" of table \"%s\" is deferred: it is looked at when all rows are in, so the whole run fails."
					   " If it is not deferred, each row that breaks it becomes an issue.",
					   edata->constraint_name, edata->table_name);
	else
		nvp_fault_hint(fault, "This comes from a deferred constraint or trigger: it is looked at when all rows are in, so the whole run fails."
					   " If it is not deferred, each row that breaks it becomes an issue.");
}

/* an attempt that took too long is not tried again: the next would take as long */
static void
fault_from_time(NvpRun *run)
{
	NvpFault   *fault = &run->outcome->fault;
	int			seconds = allowed_seconds(run->execution);

	memset(fault, 0, sizeof(*fault));
	nvp_fault_set(fault, NVP_FAULT_NONE, ERRCODE_QUERY_CANCELED, false, "ran longer than %d seconds", seconds);
	if (seconds == run->execution->max_run_time)
		nvp_fault_hint(fault, "That is max_run_time of its schedule or of the options of its pipeline; the phases in nuvopipe.execution_runs show what took the time.");
	else
		nvp_fault_hint(fault, "The setting nuvopipe.max_run_time allows no more; the phases in nuvopipe.execution_runs show what took the time.");
	/* for what takes its time in the database itself the API has no word */
	if (run->phase == NVP_PHASE_FETCH)
		fault->type = NVP_SOURCE_UNRESPONSIVE;
	else if (run->phase == NVP_PHASE_DELIVER)
		fault->type = NVP_DESTINATION_UNRESPONSIVE;
}

/* turn a caught error into a fault; false if it must go on up */
static bool
fault_from_error(NvpRun *run, ErrorData *edata)
{
	NvpFault   *fault = &run->outcome->fault;
	bool		disk = edata->sqlerrcode == ERRCODE_DISK_FULL;

	nvp_fault_set(fault, NVP_FAULT_INTERNAL, edata->sqlerrcode,
				  disk || ERRCODE_TO_CATEGORY(edata->sqlerrcode) == ERRCODE_TRANSACTION_ROLLBACK ||
				  edata->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE, "%s", edata->message);
	if (edata->detail)
		nvp_fault_detail(fault, "%s", edata->detail);
	if (edata->hint)
		nvp_fault_hint(fault, "%s", edata->hint);
	if (run->is_settling)
		explain_deferred(fault, edata);
	run->is_settling = false;
	nvp_run_settle_fault_type(run, fault);
	return true;
}

static void
start_over(NvpRun *run)
{
	nvp_run_close_job(run);
	nvp_issuelog_reset(run->log);
	run->careful = true;
	run->is_settling = false;
}

/*
 * After an error: roll back, then try again carefully, or write down that and
 * why the execution failed or was cancelled.  Returns true when there is
 * nothing left to do.
 */
static bool
recover(NvpRun *run, ErrorData *edata)
{
	run->ran_out = nvp_deadline_passed();
	nvp_deadline_clear();
	nvp_session_rollback(run->session);
	nvp_identity_give_back(&run->identity);
	MemoryContextSwitchTo(run->context);
	if (!run->ran_out && nvp_run_worth_care(run, edata->sqlerrcode))
	{
		start_over(run);
		watch_time(run);
		return false;
	}
	if (run->ran_out)
		fault_from_time(run);
	else
		fault_from_error(run, edata);
	nvp_run_forget_written(run);
	nvp_run_enter_phase(run, NVP_PHASE_FINISH, -1);
	run->outcome->status = edata->sqlerrcode == ERRCODE_QUERY_CANCELED && !run->ran_out ? NVP_CANCELED : NVP_FAILED;
	if (run->outcome->status == NVP_CANCELED)
		run->outcome->fault.type = NVP_FAULT_NONE;
	nvp_run_close_for_sure(run);
	return true;
}

static void
process_again(NvpRun *run)
{
	NvpFault   *fault = &run->outcome->fault;

	if (process_and_close(run, fault))
	{
		after_process(run);
		return;
	}
	nvp_run_settle_fault_type(run, fault);
	nvp_run_close_failed(run);
}

static void
release(NvpRun *run)
{
	nvp_run_close_job(run);
	if (run->plan)
		nvp_plan_give_back(run->plan);
	if (run->input)
		nvp_spool_free(run->input);
	if (run->output)
		nvp_spool_free(run->output);
	if (run->log)
		nvp_issuelog_free(run->log);
	nvp_progress_phase(NVP_PHASE_IDLE, 0);
}

/* what is no success undoes all of the company; why, and what becomes of it, is seen when it is run alone */
static void
leave_company(NvpRun *run, const ErrorData *error)
{
	bool		ran_out = nvp_deadline_passed();

	nvp_session_rollback(run->session);
	nvp_identity_give_back(&run->identity);
	MemoryContextSwitchTo(run->context);
	run->report->status = NULL;
	run->outcome->status = error && error->sqlerrcode == ERRCODE_QUERY_CANCELED && !ran_out ? NVP_CANCELED : NVP_FAILED;
}

/* alone: the whole story; what goes wrong is written down */
static ErrorData *
live_alone(NvpRun *run)
{
	ErrorData  *error = nvp_run_guarded(run, live);

	if (error && !run->was_written && !recover(run, error))
	{
		error = nvp_run_guarded(run, process_again);
		if (error && !run->was_written)
			(void) recover(run, error);
	}
	if (error)
		nvp_session_rollback(run->session);
	return error;
}

static void
live_in_company(NvpRun *run)
{
	ErrorData  *error = nvp_run_guarded(run, live);

	if (!run->was_written)
		leave_company(run, error);
}

/* others of its company are to come, or to be told of: only that stays which is told of this one */
static void
forget(NvpRun *run)
{
	NvpOutcome *outcome = run->outcome;

	if (outcome->note)
		outcome->note = MemoryContextStrdup(run->session->context, outcome->note);
	memset(&outcome->fault, 0, sizeof(outcome->fault));
	outcome->sniff = outcome->votes = outcome->phases = NULL;
	MemoryContextDelete(run->context);
}

/*
 * nvp_run_execution carries a claimed execution to its end.
 *
 * out: the report; strings live in the session's context.  In company
 *		(company.h) without a status, where the transaction was rolled back.
 * errors: only what cannot be written down, and the cancellation of a session
 *		that called for the run.
 * interrupts: obeyed everywhere.
 */
void
nvp_run_execution(NvpSession *session, NvpExecution *execution, NvpRunReport *report)
{
	NvpRun		run = {0};
	ErrorContextCallback callback;
	ErrorData  *error = NULL;
	bool		cancelled;

	memset(report, 0, sizeof(*report));
	run.session = session;
	run.execution = execution;
	run.report = report;
	run.outcome = &report->outcome;
	run.context = AllocSetContextCreate(session->context, "nuvopipe execution", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSetIdentifier(run.context, execution->id_text);
	run.started_at = run.phase_at = GetCurrentTimestamp();
	MemoryContextSwitchTo(run.context);
	nvp_run_show_begin(&run, &callback);
	watch_time(&run);
	if (session->place == NVP_ALONE)
		error = live_alone(&run);
	else
	{
		execution->began_at = run.started_at;
		live_in_company(&run);
	}
	nvp_deadline_clear();
	cancelled = error && error->sqlerrcode == ERRCODE_QUERY_CANCELED && !run.ran_out;
	release(&run);
	nvp_run_show_end(&run, &callback);
	MemoryContextSwitchTo(session->context);
	if (session->place != NVP_ALONE)
		forget(&run);
	if (cancelled && session->is_procedure)
		ReThrowError(error);
}
