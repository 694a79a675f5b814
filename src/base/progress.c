/*-------------------------------------------------------------------------
 *
 * progress.c
 *		How far the execution in this process has come.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "base/progress.h"

static NvpProgress local_progress;

NvpProgress *nvp_progress = &local_progress;
void		(*nvp_progress_tick_hook) (void) = NULL;

/* nvp_phase_name gives the word that views show. */
const char *
nvp_phase_name(int phase)
{
	switch ((NvpPhase) phase)
	{
		case NVP_PHASE_FETCH:
			return "fetch";
		case NVP_PHASE_SURVEY:
			return "survey";
		case NVP_PHASE_PROCESS:
			return "process";
		case NVP_PHASE_DELIVER:
			return "deliver";
		case NVP_PHASE_FINISH:
			return "finish";
		case NVP_PHASE_IDLE:
			break;
	}
	return "idle";
}

/* nvp_progress_phase begins a phase of bytes_total bytes (-1 = unknown). */
void
nvp_progress_phase(NvpPhase phase, int64 bytes_total)
{
	nvp_progress->phase_started_at = GetCurrentTimestamp();
	nvp_progress->bytes_done = 0;
	nvp_progress->bytes_total = bytes_total;
	nvp_progress->rows_done = 0;
	if (phase == NVP_PHASE_IDLE || phase == NVP_PHASE_FETCH)
		nvp_progress->error_cells = 0;
	nvp_progress->phase = phase;
}
