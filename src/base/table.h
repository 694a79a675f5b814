/*-------------------------------------------------------------------------
 *
 * table.h
 *		Own rows by their keys, without a statement.
 *
 * What happens with every execution (it is claimed, it ends, it is told of) is
 * written the way the executor would write it, but for the statement around it:
 * there is no plan to be fetched, started up and shut down for one row.  All
 * else is as ever: locks, indexes, constraints, foreign keys, triggers.  Only
 * for our own tables, whose columns we know; anything that takes more than a
 * key to find it is a statement's work (query.h).
 *
 * Calls:  nvp_table_open, nvp_table_open_part, or nvp_table_look or _look_up where
 *		   nothing is locked or written,
 *		   { nvp_table_find, { nvp_table_next }*, [nvp_table_lock], nvp_table_get*,
 *			 [nvp_table_edit, nvp_table_put*, nvp_table_update] |
 *			 nvp_table_blank, nvp_table_put*, nvp_table_insert }*,
 *		   nvp_table_close.
 * Xact:   needs one at READ COMMITTED.  What is found is what was committed
 *		   when the table was opened, and what this transaction wrote before;
 *		   who only looks sees what the active snapshot does.
 * Locks:  the table's until the end of the transaction: RowExclusiveLock, or
 *		   AccessShareLock where one only looks.
 * Memory: of the context current at open, until close; what nvp_table_get gives
 *		   lives until the next row is looked for, locked or written.
 * Errors: those of indexes, constraints and foreign keys; an abort of the
 *		   (sub)transaction is all the cleaning that it takes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_TABLE_H
#define NVP_TABLE_H

#include "access/genam.h"
#include "nodes/execnodes.h"
#include "nodes/lockoptions.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#define NVP_TABLE_KEYS	4

typedef struct NvpTable
{
	Relation	relation;
	TupleTableSlot *row;		/* that was found */
	Relation	index;			/* of the scan */
	IndexScanDesc scan;			/* or NULL */
	ScanKeyData keys[NVP_TABLE_KEYS];
	int			column;			/* the last one that was asked for */
	/* from the first row that is written on */
	EState	   *estate;
	ResultRelInfo *result;
	TupleTableSlot *fresh;		/* that row */
} NvpTable;

extern void nvp_table_open(NvpTable *table, const char *name);
extern void nvp_table_look(NvpTable *table, const char *name);
extern bool nvp_table_look_up(NvpTable *table, const char *name, const char *index, const pg_uuid_t *id);
extern void nvp_table_open_part(NvpTable *table, const char *name, Datum value);
extern void nvp_table_close(NvpTable *table);

extern bool nvp_table_find(NvpTable *table, const char *index, int nkeys, const Datum *keys);
extern bool nvp_table_next(NvpTable *table);
extern bool nvp_table_lock(NvpTable *table, LockTupleMode mode, LockWaitPolicy policy);

extern Datum nvp_table_get(NvpTable *table, const char *column, bool *isnull);
extern bool nvp_table_get_uuid(NvpTable *table, const char *column, pg_uuid_t *out);
extern char *nvp_table_get_text(NvpTable *table, const char *column);
extern char *nvp_table_get_name(NvpTable *table, const char *column);
extern int32 nvp_table_get_int4(NvpTable *table, const char *column, int32 otherwise);
extern int64 nvp_table_get_int8(NvpTable *table, const char *column, int64 otherwise);
extern bool nvp_table_is(NvpTable *table, const char *column, const char *word);
extern bool nvp_table_get_bool(NvpTable *table, const char *column);
extern TimestampTz nvp_table_get_time(NvpTable *table, const char *column);

extern void nvp_table_blank(NvpTable *table);
extern void nvp_table_edit(NvpTable *table);
extern void nvp_table_put(NvpTable *table, const char *column, Datum value);
extern void nvp_table_put_null(NvpTable *table, const char *column);
extern void nvp_table_put_text(NvpTable *table, const char *column, const char *value);
extern void nvp_table_insert(NvpTable *table);
extern void nvp_table_update(NvpTable *table);

#endif							/* NVP_TABLE_H */
