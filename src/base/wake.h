/*-------------------------------------------------------------------------
 *
 * wake.h
 *		Who is woken when there is something to do.
 *
 * Whoever has written down that there is work wakes those who may do it: a
 * runner that is idle, or else the keeper, which starts one; or the launcher,
 * where there is no keeper.  Nothing depends on that: who is not woken finds the
 * work when he looks the next time.
 *
 * An idle runner is called once, until it has looked.  One that looks and goes
 * to sleep while somebody calls would miss it, so asked (shmem.h) counts calls,
 * and is compared before it sleeps.
 *
 * Calls:  nvp_*_at_commit in the transaction that writes it down; the others at
 *		   once.
 * Notes:  Where the library is not preloaded there is nobody to wake.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_WAKE_H
#define NVP_WAKE_H

#include "base/shmem.h"

extern void nvp_wake_launcher(void);
extern void nvp_wake_database(Oid database);
extern void nvp_wake_keeper(Oid database);
extern void nvp_call_runners(Oid database, int n);
extern void nvp_limit_met(Oid database);
extern void nvp_limit_eased(Oid database);
extern void nvp_wake_idle(NvpProcessKind kind, Oid database, int64 n);
extern bool nvp_runner_wanted(Oid database);
extern void nvp_wake_at_commit(void);
extern void nvp_work_at_commit(void);
extern void nvp_tell_at_commit(void);
extern void nvp_keeper_at_commit(void);

#endif							/* NVP_WAKE_H */
