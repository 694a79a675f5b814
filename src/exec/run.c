/*-------------------------------------------------------------------------
 *
 * run.c
 *		The life of one claimed execution, from fetch to finish.
 *
 * Flow:   load plan (xact) --> list, fetch (network, no xact) --> ledger (xact)
 *		   --> process (one xact: survey, validate, write)
 *		   --> table:  issues, state and ledger in the same xact
 *		   --> others: commit, deliver (network, no xact), then issues, state
 *			   and ledger in a closing xact
 *		   --> after-process action on the source (network, no xact)
 * Calls:  nvp_exec_claim first, in a committed transaction.
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

#include "base/guc.h"
#include "base/hash.h"
#include "base/progress.h"
#include "connector/listing.h"
#include "connector/option.h"
#include "exec/identity.h"
#include "exec/run.h"
#include "pipeline/output.h"
#include "pipeline/plan.h"

typedef struct Run
{
	NvpSession *session;
	NvpIdentity identity;
	NvpExecution *execution;
	NvpRunReport *report;
	NvpOutcome *outcome;		/* of the report */
	MemoryContext context;
	NvpPlan    *plan;
	NvpFaultType blame;			/* of an error while the plan is made */
	NvpSpool   *input;
	NvpSpool   *output;			/* NULL for a table */
	NvpIssueLog *log;
	NvpJob	   *job;
	bool		careful;
	bool		is_fetched;		/* the input is complete */
	bool		was_written;	/* the final state is committed */
	bool		is_bare;		/* write the final state alone: what belongs to it cannot be kept */
	TimestampTz started_at;
	int64		phase_ms[NVP_PHASE_FINISH + 1];
	TimestampTz phase_at;
	int			phase;
} Run;

/* ---- phases ---------------------------------------------------------------- */

/* what pg_stat_activity shows; a session shows its own statement */
static void
show_activity(const Run *run)
{
	const NvpExecution *e = run->execution;

	if (!run->session->is_procedure)
		pgstat_report_activity(STATE_RUNNING,
							   psprintf("nuvopipe: %s: %s (execution %s, attempt %d)",
										e->pipeline_name ? e->pipeline_name : "pipeline",
										nvp_phase_name(run->phase), e->id_text, e->attempt));
}

static void
enter_phase(Run *run, NvpPhase phase, int64 total)
{
	TimestampTz now = GetCurrentTimestamp();

	run->phase_ms[run->phase] += TimestampDifferenceMilliseconds(run->phase_at, now);
	run->phase = phase;
	run->phase_at = now;
	nvp_progress_phase(phase, total);
	show_activity(run);
}

static void
move_progress(void *arg, int64 done, int64 total)
{
	nvp_progress->bytes_done = done;
	nvp_progress->bytes_total = total;
}

static Jsonb *
text_jsonb(char *text)
{
	return text ? DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text))) : NULL;
}

static Jsonb *
phases_jsonb(Run *run)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '{');
	for (int i = NVP_PHASE_FETCH; i <= NVP_PHASE_FINISH; i++)
		appendStringInfo(&buf, "%s\"%s\": " INT64_FORMAT, i > NVP_PHASE_FETCH ? ", " : "",
						 nvp_phase_name(i), run->phase_ms[i]);
	appendStringInfoChar(&buf, '}');
	return text_jsonb(buf.data);
}

/* ---- fetch ----------------------------------------------------------------- */

/* TABLE reads this database: that needs a transaction, and the owner's rights */
static bool
fetch_in_database(Run *run, NvpFault *fault)
{
	bool		ok;

	nvp_session_begin(run->session);
	nvp_identity_take(&run->identity, run->plan->owner, run->session->is_procedure);
	MemoryContextSwitchTo(run->context);
	ok = run->plan->input->routine->fetch(run->plan->input, &run->execution->object, run->input,
										  move_progress, NULL, fault);
	nvp_identity_settle(&run->identity);
	nvp_identity_give_back(&run->identity);
	nvp_session_commit(run->session);
	MemoryContextSwitchTo(run->context);
	return ok;
}

static bool
input_is_table(const Run *run)
{
	return strcmp(run->plan->input->routine->node_type, "TABLE") == 0;
}

static bool
fetch(Run *run, NvpFault *fault)
{
	bool		ok;

	enter_phase(run, NVP_PHASE_FETCH, run->execution->object.bytes);
	if (run->execution->has_input)
	{
		nvp_session_begin(run->session);
		MemoryContextSwitchTo(run->context);
		ok = nvp_exec_read_input(run->execution, run->input);
		nvp_session_commit(run->session);
		MemoryContextSwitchTo(run->context);
	}
	else if (input_is_table(run))
		ok = fetch_in_database(run, fault);
	else if (run->plan->input->routine->fetch == NULL)
		return nvp_fault_set(fault, NVP_SOURCE_DATA_EMPTY, ERRCODE_NO_DATA, false,
							 "connector \"%s\" has no data: it takes what is pushed to it",
							 run->plan->input->name);
	else
		ok = run->plan->input->routine->fetch(run->plan->input, &run->execution->object, run->input,
											  move_progress, NULL, fault);
	if (ok)
		ok = nvp_spool_flush(run->input);
	if (run->input->error)
		return nvp_spool_fault(run->input, fault, "the input");
	if (ok && nvp_guc_max_object_size > 0 && run->input->size > (int64) nvp_guc_max_object_size * 1024)
		return nvp_fault_set(fault, NVP_PARSING_FAILURE, ERRCODE_PROGRAM_LIMIT_EXCEEDED, false,
							 "the input has " INT64_FORMAT " bytes, more than nuvopipe.max_object_size allows",
							 run->input->size);
	return ok;
}

/* a source that names no version is told by its content */
static void
settle_version(Run *run)
{
	NvpObject  *object = &run->execution->object;

	object->bytes = run->input->size;
	if (object->path == NULL)
		object->path = psprintf("%s:%s", run->plan->input->routine->node_type, run->plan->input->name);
	if (object->version == NULL && !input_is_table(run))
		object->version = nvp_hash_spool(run->input);
	nvp_session_begin(run->session);
	nvp_exec_take(run->execution, object);
	nvp_session_commit(run->session);
	MemoryContextSwitchTo(run->context);
}

/*
 * A connector that names its file and does not find it: a fault, but for a
 * file that runs of this pipeline carry away when they are done with it.
 */
static bool
check_named_file(Run *run, const NvpObject *objects, int n, NvpFault *fault)
{
	const NvpConnector *input = run->plan->input;
	char	   *name = nvp_option_text(input, "file_name", "");

	if (*name == '\0' || nvp_listing_after(input) != NVP_AFTER_NONE)
		return true;
	for (int i = 0; i < n; i++)
	{
		if (objects[i].taken)
			return true;
	}
	nvp_fault_set(fault, NVP_SOURCE_UNRESPONSIVE, ERRCODE_UNDEFINED_FILE, false,
				  "connector \"%s\": file \"%s\" does not exist in folder \"%s\"",
				  input->name, name, nvp_option_text(input, "directory_path", ""));
	nvp_fault_hint(fault, "Check file_name and directory_path of the connector; SELECT * FROM nuvopipe.list_connector('...') shows what is there.");
	return false;
}

/* list the source; this execution takes the first new object, others get their own */
static bool
discover(Run *run, bool *nothing, NvpFault *fault)
{
	NvpObject  *objects;
	NvpObject  *fresh;
	int			n;
	int			nfresh = 0;

	if (!run->plan->input->routine->list(run->plan->input, &objects, &n, fault) ||
		!check_named_file(run, objects, n, fault))
		return false;
	fresh = palloc0(sizeof(NvpObject) * Max(n, 1));
	nvp_session_begin(run->session);
	MemoryContextSwitchTo(run->context);
	for (int i = 0; i < n; i++)
	{
		NvpExecution probe = *run->execution;
		char	   *by;

		probe.object = objects[i];
		if (objects[i].taken && (run->execution->forced || run->plan->forced ||
								 !nvp_exec_in_ledger(&probe, &by)))
			fresh[nfresh++] = objects[i];
	}
	if (nfresh > 0)
	{
		run->execution->object = fresh[0];
		run->execution->siblings = nfresh;
		nvp_exec_take(run->execution, &fresh[0]);
		nvp_exec_expand(run->execution, fresh + 1, nfresh - 1);
	}
	nvp_session_commit(run->session);
	MemoryContextSwitchTo(run->context);
	*nothing = nfresh == 0;
	return true;
}

/* ---- process ---------------------------------------------------------------- */

static bool
judge(Run *run, NvpFault *fault)
{
	const NvpCounts *c = &run->job->counts;
	double		percent = c->total_cells ? 100.0 * c->error_cells / c->total_cells : 0;

	if (run->plan->on_error == NVP_REJECT_ALL && c->error_rows > 0)
	{
		nvp_fault_set(fault, NVP_ERROR_THRESHOLD_EXCEEDED, ERRCODE_DATA_EXCEPTION, false,
					  UINT64_FORMAT " of " UINT64_FORMAT " rows have issues, and on_error is reject_all",
					  c->error_rows, c->total_rows);
		nvp_fault_hint(fault, "See nuvopipe.issues and nuvopipe.issue_summary(); nothing was written.");
		return false;
	}
	if (run->plan->error_threshold < 0 || percent <= run->plan->error_threshold)
		return true;
	nvp_fault_set(fault, NVP_ERROR_THRESHOLD_EXCEEDED, ERRCODE_DATA_EXCEPTION, false,
				  "%.4g %% of the cells have errors (" UINT64_FORMAT " of " UINT64_FORMAT "), the threshold is %.4g %%",
				  percent, c->error_cells, c->total_cells, run->plan->error_threshold);
	nvp_fault_hint(fault, "See nuvopipe.issues and nuvopipe.issue_summary(); nothing was written.");
	return false;
}

static void
close_job(Run *run)
{
	if (run->job)
		nvp_job_close(run->job);
	run->job = NULL;
}

static NvpJob *
make_job(Run *run)
{
	NvpJob	   *job = palloc0(sizeof(NvpJob));

	job->model = run->plan->model;
	job->source = nvp_spool_source(run->input);
	job->is_rows = input_is_table(run) && !run->execution->has_input;
	job->format_options = run->plan->format_options;
	job->file_name = run->execution->object.name;
	job->mapping_config = run->plan->mapping_config;
	job->on_error = run->plan->on_error;
	job->max_output_rows = run->plan->developer_mode ? NVP_DEVELOPER_ROWS : -1;
	job->log = run->log;
	return job;
}

/*
 * The processing transaction.  Leaves it open, with the owner's identity given
 * back, for the caller to add the final state or to roll back.
 */
static bool
process(Run *run, NvpFault *fault)
{
	bool		ok;

	enter_phase(run, NVP_PHASE_PROCESS, run->input->size);
	nvp_session_begin(run->session);
	nvp_identity_take(&run->identity, run->plan->owner, run->session->is_procedure);
	MemoryContextSwitchTo(run->context);
	run->job = make_job(run);
	nvp_job_open(run->job);
	if (run->plan->to_table)
		run->job->output = nvp_output_table(run->plan, run->careful, run->context);
	else
		run->job->output = nvp_output_spool(run->plan, run->output);
	ok = nvp_job_run(run->job, fault);
	run->outcome->counts = run->job->counts;
	if (ok)
		ok = judge(run, fault);
	if (ok)
		nvp_identity_settle(&run->identity);
	nvp_identity_give_back(&run->identity);
	return ok;
}

/* may this failure be cured by finding the rows that caused it? */
static bool
worth_care(const Run *run, int sqlstate)
{
	if (run->careful || run->plan == NULL || !run->plan->to_table || run->phase == NVP_PHASE_FETCH)
		return false;
	return ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_DATA_EXCEPTION ||
		ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION ||
		sqlstate == ERRCODE_RAISE_EXCEPTION ||
		sqlstate == ERRCODE_WITH_CHECK_OPTION_VIOLATION;
}

/* ---- closing ----------------------------------------------------------------- */

/* only a whole input is worth keeping: the next attempt will take it for what the source holds */
static bool
keep_input_wanted(const Run *run)
{
	if (!run->is_fetched || run->execution->has_input || run->input->size == 0 || input_is_table(run))
		return false;
	if (!nvp_spool_is_whole(run->input))
		return false;			/* a file that changed under us: there is nothing to keep */
	if (run->plan->keep_input == NVP_KEEP_ALWAYS)
		return true;
	return run->plan->keep_input == NVP_KEEP_FAILED && run->outcome->status == NVP_FAILED;
}

/* issues, input, state, ledger: in the transaction that is open */
static void
write_down(Run *run, bool to_ledger)
{
	NvpOutcome *outcome = run->outcome;

	if (run->job && run->job->map && !run->is_bare)
	{
		if (run->job->reader)
			nvp_issuelog_store(run->log, run->plan->model, run->job->map->source_names,
							   run->job->reader->header, run->job->reader->ncols,
							   &run->execution->tenant_id, &run->execution->id, run->execution->attempt);
		if (run->job->validator)
			outcome->votes = text_jsonb(nvp_validator_votes(run->job->validator));
		outcome->sniff = run->job->is_rows ? NULL : nvp_sniff_jsonb(&run->job->sniff, &run->job->format);
	}
	if (!run->is_bare && keep_input_wanted(run))
		nvp_exec_keep_input(run->execution, run->input);
	enter_phase(run, NVP_PHASE_FINISH, -1);	/* counts what the phase took so far */
	outcome->duration_ms = TimestampDifferenceMilliseconds(run->started_at, GetCurrentTimestamp());
	outcome->phases = phases_jsonb(run);
	if (outcome->status == NVP_FAILED && nvp_exec_requeue(run->execution, outcome))
		run->report->status = "QUEUED";
	else
	{
		nvp_exec_finish(run->execution, outcome, to_ledger);
		run->report->status = outcome->status == NVP_SUCCEEDED ? "SUCCEEDED" :
			outcome->status == NVP_FAILED ? "FAILED" : "CANCELED";
	}
}

static void
close_transaction(Run *run, bool to_ledger)
{
	MemoryContextSwitchTo(run->context);
	write_down(run, to_ledger);
	nvp_session_commit(run->session);
	run->was_written = true;
	MemoryContextSwitchTo(run->context);
}

/* what was counted as written was rolled back, or never left the spool */
static void
forget_written(Run *run)
{
	NvpCounts  *c = &run->outcome->counts;

	c->rows_written = c->rows_inserted = c->rows_updated = c->output_bytes = 0;
}

static void
close_failed(Run *run)
{
	run->outcome->status = NVP_FAILED;
	forget_written(run);
	enter_phase(run, NVP_PHASE_FINISH, -1);
	nvp_session_begin(run->session);
	close_transaction(run, false);
}

static void
close_unchanged(Run *run, char *note)
{
	run->outcome->status = NVP_SUCCEEDED;
	run->outcome->note = note;
	enter_phase(run, NVP_PHASE_FINISH, -1);
	nvp_session_begin(run->session);
	close_transaction(run, false);
}

/* a fault's type where the code below did not know better */
static void
settle_fault_type(Run *run, NvpFault *fault)
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

/* ---- the life ------------------------------------------------------------------ */

/* the plan, and the temporary files: where they go is read from the catalogue */
static void
load_plan(Run *run)
{
	nvp_session_begin(run->session);
	MemoryContextSwitchTo(run->context);
	run->plan = nvp_plan_load(&run->execution->configuration_id, &run->blame);
	nvp_plan_authorize(run->plan, &run->blame);
	run->log = nvp_issuelog_create();
	run->input = nvp_spool_create();
	if (!run->plan->to_table)
		run->output = nvp_spool_create();
	nvp_session_commit(run->session);
	MemoryContextSwitchTo(run->context);
}

/* was this very version loaded before? */
static bool
is_known(Run *run, char **note)
{
	char	   *by;
	bool		known;

	if (run->execution->forced || run->plan->forced)
		return false;
	nvp_session_begin(run->session);
	MemoryContextSwitchTo(run->context);
	known = nvp_exec_in_ledger(run->execution, &by);
	nvp_session_commit(run->session);
	MemoryContextSwitchTo(run->context);
	if (known)
		*note = psprintf("unchanged since execution %s loaded it; nothing was loaded", by);
	return known;
}

static bool
deliver(Run *run, NvpFault *fault)
{
	NvpConnector *output = run->plan->output;
	char	   *name = nvp_plan_output_name(run->plan, run->execution->object.name,
											run->execution->siblings);

	run->report->output_name = name;
	enter_phase(run, NVP_PHASE_DELIVER, run->output->size);
	return output->routine->deliver(output, name, run->plan->content_type, run->execution->id_text,
									run->output, move_progress, NULL, fault);
}

/*
 * What was delivered cannot be called back, so a cancel that comes now is too
 * late; it stays pending and meets whatever follows.
 */
static void
close_delivered(Run *run)
{
	uint32		held = QueryCancelHoldoffCount;

	run->outcome->is_delivered = true;
	QueryCancelHoldoffCount++;
	nvp_session_begin(run->session);
	enter_phase(run, NVP_PHASE_FINISH, -1);
	close_transaction(run, true);
	QueryCancelHoldoffCount = held;
}

/* rows and final state are one commit for a table; else deliver between two */
static bool
process_and_close(Run *run, NvpFault *fault)
{
	if (!process(run, fault))
	{
		nvp_session_rollback(run->session);
		MemoryContextSwitchTo(run->context);
		return false;
	}
	run->outcome->status = NVP_SUCCEEDED;
	if (!run->plan->to_table)
	{
		nvp_session_commit(run->session);
		MemoryContextSwitchTo(run->context);
		if (!deliver(run, fault))
			return false;
		close_delivered(run);
		return true;
	}
	enter_phase(run, NVP_PHASE_FINISH, -1);
	close_transaction(run, true);
	return true;
}

/* the action on the source; the rows are safe, so a failure is only told */
static void
after_process(Run *run)
{
	NvpFault	fault = {0};

	if (run->plan->input->routine->after == NULL || run->execution->has_input)
		return;
	if (!run->plan->input->routine->after(run->plan->input, &run->execution->object, &fault))
		ereport(WARNING,
				errcode(fault.sqlstate),
				errmsg("execution %s: the source object was not moved or deleted: %s",
					   run->execution->id_text, fault.message));
}

static void
live(Run *run)
{
	NvpFault   *fault = &run->outcome->fault;
	char	   *note;
	bool		nothing = false;

	load_plan(run);
	enter_phase(run, NVP_PHASE_FETCH, -1);
	if (run->execution->discover && !discover(run, &nothing, fault))
		goto failed;
	if (nothing)
	{
		close_unchanged(run, "no new object at the source");
		return;
	}
	if (!fetch(run, fault))
		goto failed;
	run->is_fetched = true;
	settle_version(run);
	run->report->input_name = run->execution->object.path;
	if (is_known(run, &note))
	{
		close_unchanged(run, note);
		return;
	}
	if (!process_and_close(run, fault))
		goto failed;
	after_process(run);
	return;

failed:
	settle_fault_type(run, fault);
	close_failed(run);
}

/* turn a caught error into a fault; false if it must go on up */
static bool
fault_from_error(Run *run, ErrorData *edata)
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
	settle_fault_type(run, fault);
	return true;
}

/* run a step; an error is caught and returned, NULL = none */
static ErrorData *
guarded(Run *run, void (*step) (Run *))
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

/* a second cancel must not keep the first, or a failure, from being written down */
static void
close_uncancelled(Run *run)
{
	uint32		held = QueryCancelHoldoffCount;

	QueryCancelHoldoffCount++;
	nvp_session_begin(run->session);
	close_transaction(run, false);
	QueryCancelHoldoffCount = held;
}

/*
 * Write down why a run ended.  Where its issues or its input cannot be kept
 * (the disk that failed the run is still full), the reason alone is.
 */
static void
close_for_sure(Run *run)
{
	ErrorData  *error = guarded(run, close_uncancelled);

	if (error == NULL)
		return;
	nvp_session_rollback(run->session);
	MemoryContextSwitchTo(run->context);
	if (run->outcome->fault.detail == NULL)
		nvp_fault_detail(&run->outcome->fault, "Its issues could not be kept: %s", error->message);
	run->is_bare = true;
	close_uncancelled(run);
}

static void
start_over(Run *run)
{
	close_job(run);
	nvp_issuelog_reset(run->log);
	run->careful = true;
}

/*
 * After an error: roll back, then try again carefully, or write down that and
 * why the execution failed or was cancelled.  Returns true when there is
 * nothing left to do.
 */
static bool
recover(Run *run, ErrorData *edata)
{
	nvp_session_rollback(run->session);
	nvp_identity_give_back(&run->identity);
	MemoryContextSwitchTo(run->context);
	if (worth_care(run, edata->sqlerrcode))
	{
		start_over(run);
		return false;
	}
	fault_from_error(run, edata);
	forget_written(run);
	enter_phase(run, NVP_PHASE_FINISH, -1);
	run->outcome->status = edata->sqlerrcode == ERRCODE_QUERY_CANCELED ? NVP_CANCELED : NVP_FAILED;
	if (run->outcome->status == NVP_CANCELED)
		run->outcome->fault.type = NVP_FAULT_NONE;
	close_for_sure(run);
	return true;
}

static void
process_again(Run *run)
{
	NvpFault   *fault = &run->outcome->fault;

	if (process_and_close(run, fault))
	{
		after_process(run);
		return;
	}
	settle_fault_type(run, fault);
	close_failed(run);
}

static void
release(Run *run)
{
	close_job(run);
	if (run->plan)
		nvp_plan_free(run->plan);
	if (run->input)
		nvp_spool_free(run->input);
	if (run->output)
		nvp_spool_free(run->output);
	if (run->log)
		nvp_issuelog_free(run->log);
	nvp_progress_phase(NVP_PHASE_IDLE, 0);
}

/*
 * nvp_run_execution carries a claimed execution to its end.
 *
 * out: the report; strings live in the session's context.
 * errors: only what cannot be written down, and the cancellation of a session
 *		that called for the run.
 * interrupts: obeyed everywhere.
 */
void
nvp_run_execution(NvpSession *session, NvpExecution *execution, NvpRunReport *report)
{
	Run			run = {0};
	ErrorData  *error;
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
	error = guarded(&run, live);
	if (error && !run.was_written && !recover(&run, error))
	{
		error = guarded(&run, process_again);
		if (error && !run.was_written)
			(void) recover(&run, error);
	}
	if (error)
		nvp_session_rollback(session);
	cancelled = error && error->sqlerrcode == ERRCODE_QUERY_CANCELED;
	release(&run);
	MemoryContextSwitchTo(session->context);
	if (cancelled && session->is_procedure)
		ReThrowError(error);
}
