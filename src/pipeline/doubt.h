/*-------------------------------------------------------------------------
 *
 * doubt.h
 *		What was guessed about an input and may be wrong.
 *
 * Some guesses are too poor for a run: it is refused, and told what to settle.
 * Others are made, and become issues of the whole input or of a column:
 * warnings without a row, which no count of rows or cells includes.
 *
 * Memory: faults as in fault.h.
 * Errors: a fault of type PARSING_FAILURE.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_DOUBT_H
#define NVP_DOUBT_H

#include "pipeline/job.h"

extern bool nvp_doubt_refuse(const NvpInput *input, NvpFault *fault);
extern void nvp_doubt_issues(const NvpJob *job, const char *header_note);

#endif							/* NVP_DOUBT_H */
