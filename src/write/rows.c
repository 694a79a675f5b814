/*-------------------------------------------------------------------------
 *
 * rows.c
 *		Bulk rows for our own tables.
 *
 * For tables we have made ourselves, by code that keeps their constraints: no
 * privilege, NOT NULL, CHECK or policy is looked at, only that the table is a
 * plain one, without BEFORE triggers.  A table that somebody has partitioned
 * or changed so that this does not hold is written through the executor.
 *
 * Calls:  nvp_bulk_open, nvp_bulk_add*, nvp_bulk_close.
 * Memory: a context of its own below the current one at open; values are copied
 *		   by add.
 * Errors: 42P01, 23505 and what else indexes throw.
 * Locks:  ROW EXCLUSIVE until the transaction ends.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/tableam.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "write/heap.h"
#include "write/rows.h"

#define FLUSH_BYTES		(256 * 1024)	/* as much as stays in the second-level cache */

/* memory a reset keeps: giving it back at each flush costs page faults */
#define KEPT_BYTES		(FLUSH_BYTES + FLUSH_BYTES / 2)

struct NvpBulk
{
	Relation	relation;
	MemoryContext context;
	MemoryContext row_context;	/* tuples until the next flush */
	NvpHeap    *heap;			/* NULL: through the plan */
	SPIPlanPtr	plan;
	size_t		bytes;			/* gathered since the last flush */
};

static bool
is_plain(Relation relation)
{
	return relation->rd_rel->relkind == RELKIND_RELATION &&
		relation->rd_tableam == GetHeapamTableAmRoutine() &&
		!relation->trigdesc && !relation->rd_rules &&
		!nvp_heap_is_shell(RelationGetRelid(relation));
}

/* open_plan: INSERT with one parameter for each column */
static void
open_plan(NvpBulk *bulk)
{
	TupleDesc	desc = RelationGetDescr(bulk->relation);
	Oid		   *types = palloc(desc->natts * sizeof(Oid));
	StringInfoData sql;
	int			n = 0;

	initStringInfo(&sql);
	appendStringInfo(&sql, "INSERT INTO %s VALUES (",
					 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(bulk->relation)),
												RelationGetRelationName(bulk->relation)));
	for (int i = 0; i < desc->natts; i++)
	{
		if (TupleDescAttr(desc, i)->attisdropped)
			continue;
		types[n++] = TupleDescAttr(desc, i)->atttypid;
		appendStringInfo(&sql, "%s$%d", n > 1 ? ", " : "", n);
	}
	appendStringInfoChar(&sql, ')');
	SPI_connect();
	bulk->plan = SPI_prepare(sql.data, n, types);
	if (!bulk->plan || SPI_keepplan(bulk->plan) != 0)
		ereport(ERROR,
				errcode(ERRCODE_INTERNAL_ERROR),
				errmsg_internal("could not prepare: %s", sql.data));
	SPI_finish();
}

/* nvp_bulk_open locks one of our own tables for bulk rows.  errors: 42P01. */
NvpBulk *
nvp_bulk_open(Oid relid)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe bulk",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	NvpBulk    *bulk = palloc0(sizeof(NvpBulk));

	bulk->context = context;
	bulk->row_context = AllocSetContextCreate(context, "nuvopipe bulk rows", KEPT_BYTES,
											  ALLOCSET_DEFAULT_INITSIZE, ALLOCSET_DEFAULT_MAXSIZE);
	bulk->relation = try_relation_open(relid, RowExclusiveLock);
	if (!bulk->relation)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("a table of the extension is missing")));
	if (is_plain(bulk->relation))
		bulk->heap = nvp_heap_open(bulk->relation, true);
	else
		open_plan(bulk);
	MemoryContextSwitchTo(old);
	return bulk;
}

static void
flush(NvpBulk *bulk)
{
	bool		needs_snapshot = !ActiveSnapshotSet();

	if (needs_snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	nvp_heap_flush(bulk->heap);
	if (needs_snapshot)
		PopActiveSnapshot();
	MemoryContextReset(bulk->row_context);
	bulk->bytes = 0;
}

static void
add_by_plan(NvpBulk *bulk, Datum *values, bool *nulls)
{
	TupleDesc	desc = RelationGetDescr(bulk->relation);
	MemoryContext old = MemoryContextSwitchTo(bulk->row_context);
	Datum	   *live = palloc(desc->natts * sizeof(Datum));
	char	   *marks = palloc(desc->natts + 1);
	int			n = 0;

	for (int i = 0; i < desc->natts; i++)
	{
		if (TupleDescAttr(desc, i)->attisdropped)
			continue;
		live[n] = values[i];
		marks[n++] = nulls[i] ? 'n' : ' ';
	}
	SPI_connect();
	if (SPI_execute_plan(bulk->plan, live, marks, false, 0) < 0)
		ereport(ERROR,
				errcode(ERRCODE_INTERNAL_ERROR),
				errmsg_internal("could not insert into \"%s\"", RelationGetRelationName(bulk->relation)));
	SPI_finish();
	MemoryContextSwitchTo(old);
	MemoryContextReset(bulk->row_context);
}

/*
 * nvp_bulk_add adds one row.  in: values and nulls by attribute number of
 * the table, dropped ones included; copied.  interrupts: yes.
 */
void
nvp_bulk_add(NvpBulk *bulk, Datum *values, bool *nulls)
{
	MemoryContext old;
	HeapTuple	tuple;

	if (!bulk->heap)
	{
		add_by_plan(bulk, values, nulls);
		return;
	}
	if (nvp_heap_count(bulk->heap) == NVP_HEAP_ROWS || bulk->bytes > FLUSH_BYTES)
		flush(bulk);
	old = MemoryContextSwitchTo(bulk->row_context);
	tuple = heap_form_tuple(RelationGetDescr(bulk->relation), values, nulls);
	MemoryContextSwitchTo(old);
	nvp_heap_put(bulk->heap, tuple->t_data, tuple->t_len);
	bulk->bytes += tuple->t_len;
}

/* nvp_bulk_close writes what is left and gives everything back but the lock. */
void
nvp_bulk_close(NvpBulk *bulk)
{
	if (bulk->heap)
	{
		flush(bulk);
		nvp_heap_close(bulk->heap);
	}
	else
		SPI_freeplan(bulk->plan);
	relation_close(bulk->relation, NoLock);
	MemoryContextDelete(bulk->context);
}
