/*-------------------------------------------------------------------------
 *
 * rebuild.c
 *		Indexes of an empty table: built once at the end instead of row by row.
 *
 * An index in place triples the cost of a load; sorted and built at once it is
 * a fraction.  That is done only if nobody can notice: the table has no pages
 * at all, the caller allows it, and ACCESS EXCLUSIVE can be had without waiting.
 * The lock is kept until the transaction ends: the others wait for rows they
 * could not see before anyway.
 *
 * Within this transaction the indexes lack the new rows until finish, so a
 * table whose triggers or constraints may look into it is left alone.
 *
 * Errors: finish throws 23505 or 23P01 naming index and key.
 * Source: "Populating a Database" in PostgreSQL's manual, from inside.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/index.h"
#include "nodes/nodeFuncs.h"
#include "nodes/nodes.h"
#include "optimizer/optimizer.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "write/plan.h"

static bool
is_plain_index(Oid index_oid)
{
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index_oid));
	Form_pg_index index;
	bool		is_plain;

	if (!HeapTupleIsValid(tuple))
		return false;
	index = (Form_pg_index) GETSTRUCT(tuple);
	is_plain = index->indimmediate && index->indisvalid && index->indisready && index->indislive &&
		heap_attisnull(tuple, Anum_pg_index_indpred, NULL) &&
		heap_attisnull(tuple, Anum_pg_index_indexprs, NULL);
	ReleaseSysCache(tuple);
	return is_plain;
}

/* has_plain_indexes: at least one, and none that calls functions of users or waits for commit */
static bool
has_plain_indexes(Relation relation)
{
	List	   *indexes = RelationGetIndexList(relation);
	bool		are_plain = indexes != NIL;
	ListCell   *cell;

	foreach(cell, indexes)
		are_plain = are_plain && is_plain_index(lfirst_oid(cell));
	list_free(indexes);
	return are_plain;
}

static bool
is_empty(Relation relation)
{
	return RelationGetNumberOfBlocks(relation) == 0;
}

/* has_looking_checks: CHECK constraints whose functions might read the table */
static bool
has_looking_checks(Relation relation)
{
	TupleConstr *constraints = RelationGetDescr(relation)->constr;

	for (int i = 0; constraints && i < constraints->num_check; i++)
	{
		if (contain_mutable_functions(stringToNode(constraints->check[i].ccbin)))
			return true;
	}
	return false;
}

/*
 * nvp_rebuild_is_possible tells whether indexes may be built at the end, as far
 * as can be said before the first row.
 */
bool
nvp_rebuild_is_possible(const NvpTarget *target)
{
	if (!target->may_rebuild || target->is_careful || target->detour)
		return false;
	if (nvp_heap_fires_late(target->relation) || has_looking_checks(target->relation))
		return false;
	return is_empty(target->relation) && has_plain_indexes(target->relation);
}

/*
 * nvp_rebuild_begin takes the lock if indexes may be built at the end, and
 * tells whether it did.
 */
bool
nvp_rebuild_begin(NvpTarget *target)
{
	if (!nvp_rebuild_is_possible(target))
		return false;
	if (!ConditionalLockRelation(target->relation, AccessExclusiveLock))
		return false;
	/* between the look and the lock somebody may have written */
	return nvp_rebuild_is_possible(target);
}

/* nvp_rebuild_finish builds the indexes.  errors: see the head of the file. */
void
nvp_rebuild_finish(NvpTarget *target)
{
	CommandCounterIncrement();
	/* without this flag a rebuild takes unique keys for granted */
	nvp_reindex_relation(RelationGetRelid(target->relation), REINDEX_REL_CHECK_CONSTRAINTS);
	CommandCounterIncrement();
}
