/*-------------------------------------------------------------------------
 *
 * table.h
 *		Queries and relations of this database as a source.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_TABLE_H
#define NVP_TABLE_H

#include "base/spool.h"

extern uint64 nvp_table_spool(const char *query, bool keep, NvpSpool *spool);

#endif							/* NVP_TABLE_H */
