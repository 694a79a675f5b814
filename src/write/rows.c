/*-------------------------------------------------------------------------
 *
 * rows.c
 *		Bulk rows for our own tables.
 *
 * For tables we have made ourselves, by code that keeps their constraints: no
 * privilege, NOT NULL, CHECK or policy is looked at, only that the table is a
 * plain one, without triggers.  Of a partitioned one the partition is written
 * that all rows belong to.  A table that somebody has changed so that this does
 * not hold is written through the executor.
 *
 * Calls:  nvp_bulk_open, nvp_bulk_add*, nvp_bulk_close.
 * Memory: a context of its own below the current one at open; values are copied
 *		   by add.
 * Errors: 42P01, 23505 and what else indexes throw.
 * Locks:  ROW EXCLUSIVE until the transaction ends, on the partition as well.
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
#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/partcache.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "write/heap.h"
#include "write/rows.h"

#define FLUSH_BYTES		(256 * 1024)	/* as much as stays in the second-level cache */

/* memory a reset keeps: giving it back at each flush costs page faults */
#define KEPT_BYTES		(FLUSH_BYTES + FLUSH_BYTES / 2)

struct NvpBulk
{
	Relation	relation;		/* as it was named */
	Relation	target;			/* the same, or its partition; NULL: through the plan */
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

/* the partition of a table partitioned by ranges of one column that a row belongs to; or InvalidOid */
static Oid
partition_of(Relation relation, const Datum *values, const bool *nulls)
{
	PartitionKey key = RelationGetPartitionKey(relation);
	PartitionDesc desc = RelationGetPartitionDesc(relation, true);
	int			column;
	int			index;
	bool		is_equal;
	Datum		value;

	if (key->strategy != PARTITION_STRATEGY_RANGE || key->partnatts != 1 || key->partattrs[0] == 0 ||
		desc->nparts == 0)
		return InvalidOid;
	column = key->partattrs[0] - 1;
	if (nulls[column])
		return InvalidOid;
	value = values[column];
	index = partition_range_datum_bsearch(key->partsupfunc, key->partcollation, desc->boundinfo,
										  1, &value, &is_equal);
	/* bounds delimit the ranges: the one above the last bound that is not greater */
	index = desc->boundinfo->indexes[index + 1];
	if (index < 0)
		index = desc->boundinfo->default_index;
	return index < 0 ? InvalidOid : desc->oids[index];
}

/*
 * Open the partition that a row belongs to.  While it is waited for, a new
 * one may be attached, and take the row out of the default partition; so the
 * question is asked again with the lock in hand.  None can be detached: that
 * takes a lock on the parent, which we have.
 */
static Relation
open_partition(Relation relation, const Datum *values, const bool *nulls)
{
	Oid			relid = partition_of(relation, values, nulls);

	while (OidIsValid(relid))
	{
		Oid			again;

		LockRelationOid(relid, RowExclusiveLock);
		again = partition_of(relation, values, nulls);
		if (again == relid)
			return relation_open(relid, NoLock);
		UnlockRelationOid(relid, RowExclusiveLock);
		relid = again;
	}
	return NULL;
}

/* columns in the same places: what is right for almost every partition, but nothing commands it */
static bool
is_alike(Relation relation, Relation partition)
{
	TupleDesc	a = RelationGetDescr(relation);
	TupleDesc	b = RelationGetDescr(partition);

	if (a->natts != b->natts)
		return false;
	for (int i = 0; i < a->natts; i++)
	{
		Form_pg_attribute x = TupleDescAttr(a, i);
		Form_pg_attribute y = TupleDescAttr(b, i);

		if (x->attisdropped != y->attisdropped || x->atttypid != y->atttypid ||
			strcmp(NameStr(x->attname), NameStr(y->attname)) != 0)
			return false;
	}
	return true;
}

/* what can be written without the executor, or NULL */
static Relation
open_target(Relation relation, const Datum *values, const bool *nulls)
{
	Relation	target = relation;

	if (relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
		target = open_partition(relation, values, nulls);
	if (target == NULL || (is_plain(target) && is_alike(relation, target)))
		return target;
	if (target != relation)
		relation_close(target, NoLock);
	return NULL;
}

/*
 * nvp_bulk_open locks one of our own tables for bulk rows.
 *
 * in: a row, of which only the column counts by which the table is partitioned,
 *		if it is; all rows have the same there.
 * errors: 42P01.
 */
NvpBulk *
nvp_bulk_open(Oid relid, const Datum *values, const bool *nulls)
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
	bulk->target = open_target(bulk->relation, values, nulls);
	if (bulk->target)
		bulk->heap = nvp_heap_open(bulk->target, true);
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
	tuple = heap_form_tuple(RelationGetDescr(bulk->target), values, nulls);
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
	if (bulk->target && bulk->target != bulk->relation)
		relation_close(bulk->target, NoLock);
	relation_close(bulk->relation, NoLock);
	MemoryContextDelete(bulk->context);
}
