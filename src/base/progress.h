/*-------------------------------------------------------------------------
 *
 * progress.h
 *		How far the execution in this process has come.
 *
 * The rooms that do the work store plain numbers here; where the library is
 * preloaded, nvp_progress points into a slot of shared memory that the view
 * nuvopipe.execution_progress reads, else at a variable of this process.
 * Readers may see a store late, never a torn one (aligned 8-byte words).
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_PROGRESS_H
#define NVP_PROGRESS_H

typedef enum NvpPhase
{
	NVP_PHASE_IDLE = 0,
	NVP_PHASE_FETCH,
	NVP_PHASE_SURVEY,
	NVP_PHASE_PROCESS,
	NVP_PHASE_DELIVER,
	NVP_PHASE_FINISH
} NvpPhase;

typedef struct NvpProgress
{
	volatile int64 phase;		/* NvpPhase */
	volatile int64 phase_started_at;	/* TimestampTz */
	volatile int64 bytes_done;	/* of this phase */
	volatile int64 bytes_total; /* -1 unknown */
	volatile int64 rows_done;
	volatile int64 error_cells;
} NvpProgress;

extern NvpProgress *nvp_progress;

extern const char *nvp_phase_name(int phase);
extern void nvp_progress_phase(NvpPhase phase, int64 bytes_total);

/* called by long loops: obeys cancel and shutdown, then lets the process's owner do its chores */
extern void (*nvp_progress_tick_hook) (void);

#endif							/* NVP_PROGRESS_H */
