/*-------------------------------------------------------------------------
 *
 * execution_impl.h
 *		What claim.c and execution.c share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_EXECUTION_IMPL_H
#define NVP_EXECUTION_IMPL_H

#include "base/query.h"
#include "exec/execution.h"

extern void nvp_exec_tell(const NvpExecution *execution, const char *status, const char *message);
extern void nvp_exec_arg(NvpQuery *query, const NvpExecution *execution);

#endif							/* NVP_EXECUTION_IMPL_H */
