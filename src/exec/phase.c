/*-------------------------------------------------------------------------
 *
 * phase.c
 *		What a run shows of itself while it goes on.
 *
 * Errors: none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"

#include "exec/life.h"

/*
 * nvp_run_label names an execution in messages: execution ID (pipeline "NAME",
 * attempt N), in the current context.
 */
char *
nvp_run_label(const NvpExecution *execution)
{
	if (execution->pipeline_name == NULL)
		return psprintf("execution %s (of a deleted pipeline, attempt %d)", execution->id_text, execution->attempt);
	return psprintf("execution %s (pipeline \"%s\", attempt %d)",
					execution->id_text, execution->pipeline_name, execution->attempt);
}

/* whatever is logged on the way says which execution it was about */
static void
add_context(void *arg)
{
	const NvpRun *run = arg;

	/* the label begins with the same word */
	errcontext("%s%s", NVP_RUN_CONTEXT, strchr(run->label, ' ') + 1);
}

/* what pg_stat_activity shows, and triggers see, of a background process; a session keeps its own */
static void
show_name(const NvpRun *run, const char *name)
{
	if (!run->session->is_procedure)
		SetConfigOption("application_name", name, PGC_USERSET, PGC_S_SESSION);
}

/* nvp_run_show_begin labels all that happens until nvp_run_show_end. */
void
nvp_run_show_begin(NvpRun *run, ErrorContextCallback *callback)
{
	const char *pipeline = run->execution->pipeline_name;

	run->label = nvp_run_label(run->execution);
	callback->callback = add_context;
	callback->arg = run;
	callback->previous = error_context_stack;
	error_context_stack = callback;
	show_name(run, psprintf("nuvopipe: %s", pipeline ? pipeline : "pipeline"));
}

void
nvp_run_show_end(NvpRun *run, ErrorContextCallback *callback)
{
	error_context_stack = callback->previous;
	show_name(run, "nuvopipe");
}

/* what pg_stat_activity shows; a session shows its own statement */
static void
show_activity(const NvpRun *run)
{
	const NvpExecution *e = run->execution;

	if (!run->session->is_procedure)
		pgstat_report_activity(STATE_RUNNING,
							   psprintf("nuvopipe: %s: %s (execution %s, attempt %d)",
										e->pipeline_name ? e->pipeline_name : "pipeline",
										nvp_phase_name(run->phase), e->id_text, e->attempt));
}

/* a step that needs a transaction begins; of a local run it may be open already */
void
nvp_run_step_begin(NvpRun *run)
{
	if (!run->session->is_open)
		nvp_session_begin(run->session);
	MemoryContextSwitchTo(run->context);
}

/* it ends, and so does the transaction, but for that of a local run */
void
nvp_run_step_end(NvpRun *run)
{
	if (!run->is_local)
		nvp_session_commit(run->session);
	MemoryContextSwitchTo(run->context);
}

void
nvp_run_enter_phase(NvpRun *run, NvpPhase phase, int64 total)
{
	TimestampTz now = GetCurrentTimestamp();

	run->phase_ms[run->phase] += TimestampDifferenceMilliseconds(run->phase_at, now);
	run->phase = phase;
	run->phase_at = now;
	nvp_progress_phase(phase, total);
	show_activity(run);
}

void
nvp_run_move_progress(void *arg, int64 done, int64 total)
{
	nvp_progress->bytes_done = done;
	nvp_progress->bytes_total = total;
}

Jsonb *
nvp_run_text_jsonb(char *text)
{
	return text ? DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text))) : NULL;
}

Jsonb *
nvp_run_phases_jsonb(NvpRun *run)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '{');
	for (int i = NVP_PHASE_FETCH; i <= NVP_PHASE_FINISH; i++)
		appendStringInfo(&buf, "%s\"%s\": " INT64_FORMAT, i > NVP_PHASE_FETCH ? ", " : "",
						 nvp_phase_name(i), run->phase_ms[i]);
	appendStringInfoChar(&buf, '}');
	return nvp_run_text_jsonb(buf.data);
}
