/*-------------------------------------------------------------------------
 *
 * process.c
 *		From the spool of a run to its output, in one transaction.
 *
 * Xact:   nvp_run_process opens it and leaves it open, for the caller to add
 *		   the final state or to roll back.
 * Errors: bad input and a passed threshold are faults; what the server
 *		   throws goes on up.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "base/turn.h"
#include "exec/header.h"
#include "exec/life.h"
#include "pipeline/output.h"

static bool
judge(NvpRun *run, NvpFault *fault)
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

void
nvp_run_close_job(NvpRun *run)
{
	if (run->job)
		nvp_job_close(run->job);
	run->job = NULL;
}

static NvpJob *
make_job(NvpRun *run)
{
	NvpJob	   *job = palloc0(sizeof(NvpJob));

	job->model = run->plan->model;
	job->source = nvp_spool_source(run->input);
	job->is_rows = nvp_run_input_is_table(run) && !run->execution->has_input;
	job->format_options = run->plan->format_options;
	job->file_name = run->execution->object.name;
	job->member = run->execution->object.member;
	job->mapping_config = run->plan->mapping_config;
	job->on_error = run->plan->on_error;
	job->max_output_rows = run->plan->developer_mode ? NVP_DEVELOPER_ROWS : -1;
	job->log = run->log;
	return job;
}

/*
 * Executions of a pipeline with several slots may have the same version of the
 * same object in hand.  They take turns, until the end of the transaction that
 * writes the rows and the ledger; and look there again, for we waited.
 */
static bool
was_loaded_meanwhile(NvpRun *run)
{
	const NvpObject *object = &run->execution->object;
	NvpTurns	turns = {0};
	StringInfoData name;
	char	   *by;

	if (run->execution->forced || run->plan->forced || object->path == NULL || object->version == NULL)
		return false;
	initStringInfo(&name);
	appendBinaryStringInfo(&name, (const char *) &run->execution->pipeline_id, sizeof(pg_uuid_t));
	appendStringInfo(&name, "%s\n%s", object->path, object->version);
	(void) nvp_turn_take(&turns, NVP_TURN_OBJECT, name.data, name.len, true);
	PopActiveSnapshot();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (!nvp_exec_in_ledger(run->execution, &by))
		return false;
	run->outcome->note = nvp_run_unchanged_note(by);
	return true;
}

/*
 * Delimiters are equal: the header that the pipeline has accepted last may
 * decide.  Read under our own rights, and only when it is needed.
 */
static bool
settle_tie(NvpRun *run)
{
	MemoryContext old;

	nvp_identity_settle(&run->identity);
	nvp_identity_give_back(&run->identity);
	old = MemoryContextSwitchTo(run->context);
	nvp_exec_known_header(run->execution, &run->job->known);
	MemoryContextSwitchTo(old);
	nvp_identity_take(&run->identity, run->plan->owner, run->session->is_procedure);
	return run->job->known.n > 0;
}

/*
 * The processing transaction, which a local run has begun already.  Leaves it open, with the owner's identity given
 * back, for the caller to add the final state or to roll back.
 *
 * out: is_unchanged where there was nothing to do.
 */
bool
nvp_run_process(NvpRun *run, NvpFault *fault)
{
	bool		ok;

	nvp_run_enter_phase(run, NVP_PHASE_PROCESS, run->input->size);
	nvp_run_step_begin(run);
	run->is_unchanged = was_loaded_meanwhile(run);
	if (run->is_unchanged)
		return true;
	nvp_identity_take(&run->identity, run->plan->owner, run->session->is_procedure);
	MemoryContextSwitchTo(run->context);
	run->job = make_job(run);
	nvp_job_open(run->job);
	if (run->plan->to_table)
		run->job->output = nvp_output_table(run->plan, run->careful, run->context);
	else
		run->job->output = nvp_output_spool(run->plan, run->output);
	ok = nvp_job_run(run->job, fault);
	if (!ok && run->job->is_tied && settle_tie(run))
	{
		memset(fault, 0, sizeof(*fault));
		ok = nvp_job_run(run->job, fault);
	}
	run->phase_ms[NVP_PHASE_SURVEY] += run->job->survey_ms;
	run->phase_ms[NVP_PHASE_PROCESS] -= run->job->survey_ms;	/* it lies within */
	run->outcome->counts = run->job->counts;
	if (!run->job->is_rows)
		run->outcome->note = nvp_input_note(&run->job->input, run->job->reader);
	if (ok)
		ok = judge(run, fault);
	run->is_settling = ok;
	if (ok)
		nvp_identity_settle(&run->identity);
	run->is_settling = false;
	nvp_identity_give_back(&run->identity);
	return ok;
}

/* may this failure be cured by finding the rows that caused it? */
bool
nvp_run_worth_care(const NvpRun *run, int sqlstate)
{
	if (run->careful || run->plan == NULL || !run->plan->to_table || run->phase == NVP_PHASE_FETCH)
		return false;
	return ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_DATA_EXCEPTION ||
		ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION ||
		sqlstate == ERRCODE_RAISE_EXCEPTION ||
		sqlstate == ERRCODE_WITH_CHECK_OPTION_VIOLATION;
}
