/*-------------------------------------------------------------------------
 *
 * output.h
 *		The two kinds of output of a job: a table, or bytes in a spool.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_OUTPUT_H
#define NVP_OUTPUT_H

#include "base/spool.h"
#include "pipeline/plan.h"

extern NvpOutput *nvp_output_table(const NvpPlan *plan, bool careful, MemoryContext context);
extern NvpOutput *nvp_output_spool(const NvpPlan *plan, NvpSpool *spool);

#endif							/* NVP_OUTPUT_H */
