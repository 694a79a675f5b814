/*-------------------------------------------------------------------------
 *
 * table.c
 *		Own rows by their keys, without a statement.
 *
 * See table.h.  Logical replication's apply worker writes its rows in the same
 * manner, with the same helpers of the executor.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relscan.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/table.h"

pg_noreturn static void
missing(const char *what, const char *name)
{
	ereport(ERROR,
			errcode(ERRCODE_UNDEFINED_OBJECT),
			errmsg("%s \"%s\" of nuvopipe does not exist", what, name),
			errhint("It belongs to the extension; DROP EXTENSION and CREATE EXTENSION make it anew, a dump of the data brings it back."));
}

static Oid
own_relation(const char *name)
{
	Oid			nspid = get_namespace_oid("_nuvopipe", true);
	Oid			relid = OidIsValid(nspid) ? get_relname_relid(name, nspid) : InvalidOid;

	if (!OidIsValid(relid))
		missing("relation", name);
	return relid;
}

static void
open_relation(NvpTable *table, Relation relation, Snapshot snapshot)
{
	memset(table, 0, sizeof(*table));
	table->relation = relation;
	table->row = table_slot_create(relation, NULL);
	PushActiveSnapshot(snapshot);
}

/*
 * nvp_table_open opens a table of schema _nuvopipe.
 *
 * errors: 42704 where there is none.
 */
void
nvp_table_open(NvpTable *table, const char *name)
{
	open_relation(table, table_open(own_relation(name), RowExclusiveLock), GetTransactionSnapshot());
}

/*
 * nvp_table_look opens one that is only read, and sees what the statement under
 * way does.
 *
 * errors: 42704 where there is none.
 */
void
nvp_table_look(NvpTable *table, const char *name)
{
	open_relation(table, table_open(own_relation(name), AccessShareLock), GetActiveSnapshot());
}

/*
 * nvp_table_open_part opens that partition of a table, partitioned by ranges of
 * one column, which takes rows with this value.
 *
 * locks: the parent's and the partition's, as an INSERT would.
 * errors: 42704; 23514 where no partition takes it.
 */
void
nvp_table_open_part(NvpTable *table, const char *name, Datum value)
{
	Relation	parent = table_open(own_relation(name), RowExclusiveLock);
	PartitionKey key = RelationGetPartitionKey(parent);
	PartitionDesc parts = RelationGetPartitionDesc(parent, true);
	PartitionBoundInfo bounds = parts->boundinfo;
	bool		is_equal;
	int			part = -1;

	if (bounds)
	{
		part = bounds->indexes[partition_range_datum_bsearch(key->partsupfunc, key->partcollation,
															 bounds, 1, &value, &is_equal) + 1];
		if (part < 0)
			part = bounds->default_index;
	}
	if (part < 0)
		ereport(ERROR,
				errcode(ERRCODE_CHECK_VIOLATION),
				errmsg("no partition of \"%s\" takes the row", name));
	open_relation(table, table_open(parts->oids[part], RowExclusiveLock), GetTransactionSnapshot());
	table_close(parent, NoLock);
}

static void
end_scan(NvpTable *table)
{
	if (table->scan == NULL)
		return;
	index_endscan(table->scan);
	index_close(table->index, AccessShareLock);
	table->scan = NULL;
}

static void
close_result(NvpTable *table)
{
	AfterTriggerEndQuery(table->estate);
	ExecDropSingleTupleTableSlot(table->fresh);
	ExecResetTupleTable(table->estate->es_tupleTable, false);
	ExecCloseResultRelations(table->estate);
	FreeExecutorState(table->estate);
}

/* nvp_table_close fires what foreign keys and triggers have to say. */
void
nvp_table_close(NvpTable *table)
{
	end_scan(table);
	if (table->result)
		close_result(table);
	ExecDropSingleTupleTableSlot(table->row);
	PopActiveSnapshot();
	table_close(table->relation, NoLock);
}

/* ---- looking ---------------------------------------------------------------- */

static void
set_key(NvpTable *table, int i, Datum value)
{
	Oid			family = table->index->rd_opfamily[i];
	Oid			type = table->index->rd_opcintype[i];
	Oid			equal = get_opfamily_member(family, type, type, BTEqualStrategyNumber);

	ScanKeyEntryInitialize(&table->keys[i], 0, i + 1, BTEqualStrategyNumber, type,
						   table->index->rd_indcollation[i], get_opcode(equal), value);
}

/*
 * nvp_table_find looks for the rows whose first columns of an index have these
 * values, and gives the first of them in its order.
 *
 * in: values must stay where they are until the last row was given.
 */
bool
nvp_table_find(NvpTable *table, const char *index, int nkeys, const Datum *keys)
{
	Assert(nkeys <= NVP_TABLE_KEYS);
	end_scan(table);
	table->index = index_open(own_relation(index), AccessShareLock);
	for (int i = 0; i < nkeys; i++)
		set_key(table, i, keys[i]);
	table->scan = nvp_index_beginscan(table->relation, table->index, GetActiveSnapshot(), nkeys);
	index_rescan(table->scan, table->keys, nkeys, NULL, 0);
	return nvp_table_next(table);
}

/*
 * nvp_table_look_up looks for the row with an id, by an index of ids alone.  The
 * table is open afterwards, whether or not there is one.
 */
bool
nvp_table_look_up(NvpTable *table, const char *name, const char *index, const pg_uuid_t *id)
{
	Datum		key = UUIDPGetDatum(id);

	nvp_table_look(table, name);
	return nvp_table_find(table, index, 1, &key);
}

/* nvp_table_next gives the next one. */
bool
nvp_table_next(NvpTable *table)
{
	table->column = 0;
	return index_getnext_slot(table->scan, ForwardScanDirection, table->row);
}

/*
 * nvp_table_lock locks the row that was found, which is its latest version
 * then; its key is the same, all else the caller must look at again.
 *
 * out: false if it is gone, or if somebody has it and the policy is not to wait.
 */
bool
nvp_table_lock(NvpTable *table, LockTupleMode mode, LockWaitPolicy policy)
{
	ItemPointerData tid = table->row->tts_tid;
	TM_FailureData failure;
	TM_Result	result;

	end_scan(table);
	result = table_tuple_lock(table->relation, &tid, GetActiveSnapshot(), table->row,
							  GetCurrentCommandId(false), mode, policy,
							  TUPLE_LOCK_FLAG_FIND_LAST_VERSION, &failure);
	return result == TM_Ok;
}

/* ---- columns ---------------------------------------------------------------- */

/* mostly they are asked for in their order */
static int
find_column(NvpTable *table, const char *name)
{
	TupleDesc	desc = RelationGetDescr(table->relation);

	for (int i = 0; i < desc->natts; i++)
	{
		int			column = (table->column + i) % desc->natts;

		if (strcmp(NameStr(TupleDescAttr(desc, column)->attname), name) == 0)
		{
			table->column = column;
			return column;
		}
	}
	missing("column", name);
}

/* nvp_table_get gives a column of the row that was found. */
Datum
nvp_table_get(NvpTable *table, const char *column, bool *isnull)
{
	return slot_getattr(table->row, find_column(table, column) + 1, isnull);
}

/* nvp_table_get_uuid copies one; false if it is null. */
bool
nvp_table_get_uuid(NvpTable *table, const char *column, pg_uuid_t *out)
{
	bool		isnull;
	Datum		value = nvp_table_get(table, column, &isnull);

	if (isnull)
		memset(out, 0, sizeof(*out));
	else
		*out = *DatumGetUUIDP(value);
	return !isnull;
}

/* nvp_table_get_text copies a text into the current context; NULL if it is null. */
char *
nvp_table_get_text(NvpTable *table, const char *column)
{
	bool		isnull;
	Datum		value = nvp_table_get(table, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* nvp_table_get_name does so with a name. */
char *
nvp_table_get_name(NvpTable *table, const char *column)
{
	bool		isnull;
	Datum		value = nvp_table_get(table, column, &isnull);

	return isnull ? NULL : pstrdup(NameStr(*DatumGetName(value)));
}

/* nvp_table_is tells whether a column has this text. */
bool
nvp_table_is(NvpTable *table, const char *column, const char *word)
{
	bool		isnull;
	Datum		value = nvp_table_get(table, column, &isnull);
	text	   *found;
	bool		same;

	if (isnull)
		return false;
	found = DatumGetTextPP(value);
	same = VARSIZE_ANY_EXHDR(found) == strlen(word) && memcmp(VARDATA_ANY(found), word, strlen(word)) == 0;
	if ((Pointer) found != DatumGetPointer(value))
		pfree(found);
	return same;
}

/* Of those that follow null gives what is said, false, or 0. */
int32
nvp_table_get_int4(NvpTable *table, const char *column, int32 otherwise)
{
	bool		isnull;
	Datum		value = nvp_table_get(table, column, &isnull);

	return isnull ? otherwise : DatumGetInt32(value);
}

int64
nvp_table_get_int8(NvpTable *table, const char *column, int64 otherwise)
{
	bool		isnull;
	Datum		value = nvp_table_get(table, column, &isnull);

	return isnull ? otherwise : DatumGetInt64(value);
}

bool
nvp_table_get_bool(NvpTable *table, const char *column)
{
	bool		isnull;
	Datum		value = nvp_table_get(table, column, &isnull);

	return !isnull && DatumGetBool(value);
}

TimestampTz
nvp_table_get_time(NvpTable *table, const char *column)
{
	bool		isnull;
	Datum		value = nvp_table_get(table, column, &isnull);

	return isnull ? 0 : DatumGetTimestampTz(value);
}

/* ---- writing ---------------------------------------------------------------- */

static void
open_result(NvpTable *table)
{
	MemoryContext old;
	EState	   *estate;

	if (table->result)
		return;
	AfterTriggerBeginQuery();
	table->estate = estate = CreateExecutorState();
	estate->es_snapshot = GetActiveSnapshot();
	old = MemoryContextSwitchTo(estate->es_query_cxt);
	table->fresh = table_slot_create(table->relation, NULL);
	table->result = makeNode(ResultRelInfo);
	InitResultRelInfo(table->result, table->relation, 0, NULL, 0);
	ExecOpenIndices(table->result, false);
	estate->es_opened_result_relations = lappend(estate->es_opened_result_relations, table->result);
	MemoryContextSwitchTo(old);
}

/* nvp_table_blank begins a new row: all columns are null, whatever their defaults. */
void
nvp_table_blank(NvpTable *table)
{
	int			natts = RelationGetDescr(table->relation)->natts;

	open_result(table);
	ExecClearTuple(table->fresh);
	memset(table->fresh->tts_values, 0, sizeof(Datum) * natts);
	memset(table->fresh->tts_isnull, true, sizeof(bool) * natts);
	table->column = 0;
}

/* nvp_table_edit begins with a copy of the row that was found, which must be locked. */
void
nvp_table_edit(NvpTable *table)
{
	int			natts = RelationGetDescr(table->relation)->natts;

	open_result(table);
	slot_getallattrs(table->row);
	ExecClearTuple(table->fresh);
	memcpy(table->fresh->tts_values, table->row->tts_values, sizeof(Datum) * natts);
	memcpy(table->fresh->tts_isnull, table->row->tts_isnull, sizeof(bool) * natts);
	table->column = 0;
}

/* nvp_table_put sets a column; the value must stay where it is until the row is written. */
void
nvp_table_put(NvpTable *table, const char *column, Datum value)
{
	int			i = find_column(table, column);

	table->fresh->tts_values[i] = value;
	table->fresh->tts_isnull[i] = false;
}

void
nvp_table_put_null(NvpTable *table, const char *column)
{
	int			i = find_column(table, column);

	table->fresh->tts_values[i] = 0;
	table->fresh->tts_isnull[i] = true;
}

/* nvp_table_put_text sets a text, or null. */
void
nvp_table_put_text(NvpTable *table, const char *column, const char *value)
{
	if (value)
		nvp_table_put(table, column, CStringGetTextDatum(value));
	else
		nvp_table_put_null(table, column);
}

static void
write_row(NvpTable *table, bool is_new)
{
	MemoryContext old;

	end_scan(table);
	old = MemoryContextSwitchTo(GetPerTupleMemoryContext(table->estate));
	ExecStoreVirtualTuple(table->fresh);
	if (is_new)
		ExecSimpleRelationInsert(table->result, table->estate, table->fresh);
	else
	{
		EPQState	epq;

		nvp_init_epq(&epq, table->estate);
		ExecSimpleRelationUpdate(table->result, table->estate, &epq, table->row, table->fresh);
		EvalPlanQualEnd(&epq);
	}
	MemoryContextSwitchTo(old);
	ResetPerTupleExprContext(table->estate);
	CommandCounterIncrement();
	UpdateActiveSnapshotCommandId();
}

/* nvp_table_insert writes a new row. */
void
nvp_table_insert(NvpTable *table)
{
	write_row(table, true);
}

/* nvp_table_update writes the row that was found, locked and edited. */
void
nvp_table_update(NvpTable *table)
{
	write_row(table, false);
}
