/*-------------------------------------------------------------------------
 *
 * nuvopipe.c
 *		Module magic and start-up: one call per room.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/guc.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	nvp_guc_init();
}
