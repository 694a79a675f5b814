/*-------------------------------------------------------------------------
 *
 * header.h
 *		The header that a pipeline has accepted, and how one that is read differs.
 *
 * Memory: the sentence lives in the context current at the call.
 * Xact:   one that is open, as the extension's owner: note in the transaction that
 *		   closes an execution.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_EXEC_HEADER_H
#define NVP_EXEC_HEADER_H

#include "exec/execution.h"
#include "pipeline/input.h"

/* NULL if nothing has to be said: no header, the first one, or the same */
extern char *nvp_exec_note_header(const NvpExecution *execution, const NvpReader *reader, bool is_accepted);

extern void nvp_exec_known_header(const NvpExecution *execution, NvpKnownHeader *known);

#endif							/* NVP_EXEC_HEADER_H */
