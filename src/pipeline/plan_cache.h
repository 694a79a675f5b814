/*-------------------------------------------------------------------------
 *
 * plan_cache.h
 *		Plans that are kept from one run to the next.
 *
 * A process that runs many executions compiles a configuration once.  Whether
 * a kept plan still holds is asked of the catalogue, the versions of all rows
 * that it was made of, each time that somebody may have changed one: triggers
 * (_nuvopipe.forget_plans) send an invalidation with the commit, which every
 * process takes in before its next transaction.  What may change without them is
 * found or checked anew: roles, the relation, privileges.
 *
 * Calls:  { nvp_plan_borrow, nvp_plan_give_back }*, in a transaction and at any
 *		   time; give back also what nvp_plan_load made.
 * Memory: a few plans, of at most two megabytes each; none that holds secrets or
 *		   connections: those live as long as one run.
 * Errors: those of nvp_plan_load.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_PLAN_CACHE_H
#define NVP_PLAN_CACHE_H

#include "pipeline/plan.h"

extern NvpPlan *nvp_plan_borrow(const pg_uuid_t *configuration_id, NvpFaultType *blame);
extern void nvp_plan_give_back(NvpPlan *plan);
extern void nvp_plan_forget_all(void);

#endif							/* NVP_PLAN_CACHE_H */
