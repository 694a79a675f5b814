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

#include "exec/life.h"

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
