/*-------------------------------------------------------------------------
 *
 * run.h
 *		The life of one claimed execution, from fetch to finish.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_RUN_H
#define NVP_RUN_H

#include "exec/execution.h"
#include "exec/session.h"

/* what became of an execution, for those who watch */
typedef struct NvpRunReport
{
	const char *status;			/* SUCCEEDED, FAILED, CANCELED or QUEUED (will be tried again) */
	NvpOutcome	outcome;
	char	   *output_name;
} NvpRunReport;

extern char *nvp_run_label(const NvpExecution *execution);
extern void nvp_run_execution(NvpSession *session, NvpExecution *execution, NvpRunReport *report);

#endif							/* NVP_RUN_H */
