/*-------------------------------------------------------------------------
 *
 * heap.c
 *		Ready tuples into the pages, indexes and AFTER triggers of a plain table.
 *
 * The lower half of COPY: tuples are gathered, written page-wise by
 * heap_multi_insert, and then indexed and queued for triggers one by one.
 * What COPY pays for and this does not: a copy of each tuple into its slot.
 *
 * Flow:   put --> slot (borrows the tuple) --> flush: pages --> index entries
 *		   --> AFTER ROW events --> triggers
 * Calls:  open, { put, unput?, flush }*, close.  The caller keeps the relation
 *		   open, and an active snapshot while it flushes and closes.
 * Memory: all state lives in the context current at open; after an error,
 *		   deleting that context is enough (buffers and index relations belong
 *		   to the resource owner).  Tuples belong to the caller and must stay
 *		   until the next flush.
 * Errors: what indexes and triggers throw: 23505, 23503, 23P01 and the like.
 *
 * AFTER ROW events are kept in memory until they fire.  Foreign keys to other
 * tables give the same answer at any time, so they fire at each flush, and a
 * load of any size needs no more memory than one batch.  All else (triggers of
 * users, keys to the table itself, deferrable unique keys) has to wait until
 * the last row is in, as it would for COPY.
 *
 * Source: CopyMultiInsertInfo in PostgreSQL's copyfrom.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/xact.h"
#include "catalog/partition.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "write/heap.h"

/* when AFTER ROW triggers fire */
typedef enum FireTime
{
	FIRE_NEVER = 0,				/* there are none */
	FIRE_EACH_FLUSH,
	FIRE_AT_CLOSE
} FireTime;

struct NvpHeap
{
	Relation	relation;
	EState	   *estate;
	ResultRelInfo *result;
	BulkInsertState bulk;
	TupleDesc	desc;			/* a copy without reference count */
	FireTime	fire;
	int			nslots;			/* slots made */
	int			nused;			/* slots holding a tuple */
	TupleTableSlot *slots[NVP_HEAP_ROWS];
};

/*
 * Slots like TTSOpsHeapTuple's, except that to materialize is to do nothing:
 * heap_multi_insert asks for it, and would get a copy of a tuple that stays
 * where it is anyhow.
 */
static TupleTableSlotOps borrowed_ops;

static void
stay_borrowed(TupleTableSlot *slot)
{
}

/* is_distant_key: a foreign key that no row of this load can satisfy or break later */
static bool
is_distant_key(Relation relation, const Trigger *trigger)
{
	Oid			referenced = trigger->tgconstrrelid;

	if (RI_FKey_trigger_type(trigger->tgfoid) != RI_TRIGGER_FK || !OidIsValid(referenced))
		return false;
	if (referenced == RelationGetRelid(relation))
		return false;
	return !relation->rd_rel->relispartition ||
		!list_member_oid(get_partition_ancestors(RelationGetRelid(relation)), referenced);
}

static FireTime
fire_time(Relation relation)
{
	TriggerDesc *triggers = relation->trigdesc;

	if (!triggers || !(triggers->trig_insert_after_row || triggers->trig_insert_new_table))
		return FIRE_NEVER;
	for (int i = 0; i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if (TRIGGER_FOR_AFTER(trigger->tgtype) && TRIGGER_FOR_ROW(trigger->tgtype) &&
			TRIGGER_FOR_INSERT(trigger->tgtype) && !is_distant_key(relation, trigger))
			return FIRE_AT_CLOSE;
	}
	return FIRE_EACH_FLUSH;
}

/* nvp_heap_fires_late tells whether AFTER ROW triggers wait until the last row is in. */
bool
nvp_heap_fires_late(Relation relation)
{
	return fire_time(relation) == FIRE_AT_CLOSE;
}

/*
 * nvp_heap_is_shell tells whether Citus keeps the rows of a table elsewhere;
 * what is put into the table itself would be lost to sight.
 */
bool
nvp_heap_is_shell(Oid relid)
{
	Oid			argument = REGCLASSOID;
	Datum		value = ObjectIdGetDatum(relid);
	bool		is_shell;

	if (!OidIsValid(get_relname_relid("pg_dist_partition", PG_CATALOG_NAMESPACE)))
		return false;
	SPI_connect();
	SPI_execute_with_args("SELECT 1 FROM pg_catalog.pg_dist_partition WHERE logicalrelid = $1",
						  1, &argument, &value, NULL, true, 1);
	is_shell = SPI_processed > 0;
	SPI_finish();
	return is_shell;
}

/*
 * nvp_heap_open prepares to insert into a plain heap table that the caller has
 * opened and locked.  Without indexes the caller has to rebuild them.
 * owner: the current context, until nvp_heap_close.
 */
NvpHeap *
nvp_heap_open(Relation relation, bool with_indexes)
{
	NvpHeap    *heap = palloc0(sizeof(NvpHeap));

	if (!borrowed_ops.materialize)
	{
		borrowed_ops = TTSOpsHeapTuple;
		borrowed_ops.materialize = stay_borrowed;
	}
	heap->relation = relation;
	heap->estate = CreateExecutorState();
	heap->estate->es_output_cid = GetCurrentCommandId(true);
	heap->result = makeNode(ResultRelInfo);
	InitResultRelInfo(heap->result, relation, 0, NULL, 0);
	if (with_indexes)
		ExecOpenIndices(heap->result, false);
	heap->desc = CreateTupleDescCopy(RelationGetDescr(relation));
	heap->bulk = GetBulkInsertState();
	heap->fire = fire_time(relation);
	if (heap->fire == FIRE_AT_CLOSE)
		AfterTriggerBeginQuery();
	return heap;
}

/* nvp_heap_estate returns the executor state, for the caller's own expressions. */
EState *
nvp_heap_estate(NvpHeap *heap)
{
	return heap->estate;
}

/* nvp_heap_result returns the relation as the executor knows it. */
ResultRelInfo *
nvp_heap_result(NvpHeap *heap)
{
	return heap->result;
}

/* nvp_heap_count returns the number of tuples put and not flushed. */
int
nvp_heap_count(const NvpHeap *heap)
{
	return heap->nused;
}

static TupleTableSlot *
new_slot(NvpHeap *heap)
{
	MemoryContext old = MemoryContextSwitchTo(heap->estate->es_query_cxt);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(heap->desc, &borrowed_ops);

	MemoryContextSwitchTo(old);
	heap->slots[heap->nslots++] = slot;
	return slot;
}

/*
 * nvp_heap_put adds one complete tuple, which stays the caller's and in its
 * place until the next flush.  There must be room: at most NVP_HEAP_ROWS are
 * put between two flushes.  out: the slot that shows the tuple.
 */
TupleTableSlot *
nvp_heap_put(NvpHeap *heap, HeapTupleHeader tuple, uint32 length)
{
	TupleTableSlot *slot;
	HeapTupleTableSlot *borrowed;

	Assert(heap->nused < NVP_HEAP_ROWS);
	slot = heap->nused < heap->nslots ? heap->slots[heap->nused] : new_slot(heap);
	heap->nused++;
	borrowed = (HeapTupleTableSlot *) slot;
	borrowed->tupdata.t_len = length;
	borrowed->tupdata.t_data = tuple;
	borrowed->tupdata.t_tableOid = RelationGetRelid(heap->relation);
	ItemPointerSetInvalid(&borrowed->tupdata.t_self);
	borrowed->tuple = &borrowed->tupdata;
	borrowed->off = 0;
	slot->tts_nvalid = 0;
	slot->tts_flags &= ~(TTS_FLAG_EMPTY | TTS_FLAG_SHOULDFREE);
	slot->tts_tableOid = RelationGetRelid(heap->relation);
	ItemPointerSetInvalid(&slot->tts_tid);
	return slot;
}

/* nvp_heap_unput takes the last tuple back. */
void
nvp_heap_unput(NvpHeap *heap)
{
	Assert(heap->nused > 0);
	heap->nused--;
}

static void
finish_row(NvpHeap *heap, TupleTableSlot *slot)
{
	List	   *recheck = NIL;

	if (heap->result->ri_NumIndices > 0)
		recheck = nvp_insert_index_tuples(heap->result, slot, heap->estate);
	if (heap->fire != FIRE_NEVER)
		ExecARInsertTriggers(heap->estate, heap->result, slot, recheck, NULL);
	list_free(recheck);
}

/*
 * nvp_heap_flush writes the gathered tuples.  errors: see the head of the
 * file.  interrupts: yes.
 */
void
nvp_heap_flush(NvpHeap *heap)
{
	MemoryContext old;

	if (heap->nused == 0)
		return;
	old = MemoryContextSwitchTo(GetPerTupleMemoryContext(heap->estate));
	if (heap->fire == FIRE_EACH_FLUSH)
		AfterTriggerBeginQuery();
	heap_multi_insert(heap->relation, heap->slots, heap->nused, GetCurrentCommandId(true), 0,
					  heap->bulk);
	if (heap->result->ri_NumIndices > 0 || heap->fire != FIRE_NEVER)
	{
		for (int i = 0; i < heap->nused; i++)
			finish_row(heap, heap->slots[i]);
	}
	if (heap->fire == FIRE_EACH_FLUSH)
		AfterTriggerEndQuery(heap->estate);
	MemoryContextSwitchTo(old);
	ResetPerTupleExprContext(heap->estate);
	heap->nused = 0;
	CHECK_FOR_INTERRUPTS();
}

/* nvp_heap_close flushes, fires what is left to fire, and gives everything back. */
void
nvp_heap_close(NvpHeap *heap)
{
	nvp_heap_flush(heap);
	FreeBulkInsertState(heap->bulk);
	if (heap->fire == FIRE_AT_CLOSE)
		AfterTriggerEndQuery(heap->estate);
	ExecResetTupleTable(heap->estate->es_tupleTable, false);	/* slots of triggers */
	ExecCloseIndices(heap->result);
	ExecCloseResultRelations(heap->estate);
	for (int i = 0; i < heap->nslots; i++)
		ExecDropSingleTupleTableSlot(heap->slots[i]);
	FreeExecutorState(heap->estate);
	pfree(heap);
}
