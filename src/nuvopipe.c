/*-------------------------------------------------------------------------
 *
 * nuvopipe.c
 *		Module magic and start-up: one call per room.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "api/limit.h"
#include "base/guc.h"
#include "base/shmem.h"
#include "worker/worker.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	nvp_guc_init();
	if (!process_shared_preload_libraries_in_progress)
		return;
	nvp_shmem_init();
	nvp_limit_init();
	nvp_worker_init();
	nvp_hook_init();
}
