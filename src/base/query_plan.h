/*-------------------------------------------------------------------------
 *
 * query_plan.h
 *		Plans that are kept from one call to the next.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_QUERY_PLAN_H
#define NVP_QUERY_PLAN_H

#include "executor/spi.h"

typedef struct NvpPlan NvpPlan;

/* between SPI_connect and SPI_finish; hold until nvp_plan_release */
extern NvpPlan *nvp_plan_hold(const char *sql, int nargs, const Oid *types, int cursor_options);
extern SPIPlanPtr nvp_plan_spi(const NvpPlan *plan);
extern void nvp_plan_release(NvpPlan *plan);

#endif							/* NVP_QUERY_PLAN_H */
