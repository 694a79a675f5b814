/*-------------------------------------------------------------------------
 *
 * check.c
 *		What a row itself tells about NOT NULL, CHECK and its partition.
 *
 * The executor throws at the first row that breaks a constraint.  Here the
 * same conditions are asked, and a row that breaks one becomes an issue, so
 * that one bad row in a million costs nothing.
 *
 * Memory: expressions live in the executor state's query context.
 * Errors: none of its own; an expression may throw (division by zero).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "write/plan.h"

struct NvpCheck
{
	NvpTarget  *target;
	EState	   *estate;
	ResultRelInfo *result;
	int			nchecks;
	ExprState **conditions;
	const char **names;
};

/* nvp_column_named gives the model column that fills a column of the table, or -1. */
int
nvp_column_named(const NvpTarget *target, const char *name)
{
	for (int i = 0; i < target->natts; i++)
	{
		if (strcmp(target->stores[i].name, name) == 0)
			return target->stores[i].source;
	}
	return -1;
}

/* the attributes that a constraint or a unique index of this name covers */
static Bitmapset *
constraint_attnos(Oid relid, const char *name)
{
	Oid			constraint;
	Bitmapset  *attnos = get_relation_constraint_attnos(relid, name, true, &constraint);
	Oid			index = OidIsValid(constraint) ? InvalidOid :
		get_relname_relid(name, get_rel_namespace(relid));
	HeapTuple	tuple;

	if (!OidIsValid(index))
		return attnos;
	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	if (HeapTupleIsValid(tuple))
	{
		Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);

		for (int i = 0; i < form->indnkeyatts; i++)
			attnos = bms_add_member(attnos, form->indkey.values[i] - FirstLowInvalidHeapAttributeNumber);
		ReleaseSysCache(tuple);
	}
	return attnos;
}

/*
 * nvp_constraint_column gives the model column of a constraint that covers one
 * column only, of the table or one of its partitions; else -1.
 */
int
nvp_constraint_column(const NvpTarget *target, Oid relid, const char *name)
{
	Bitmapset  *attnos = constraint_attnos(relid, name);
	int			attno;
	char	   *column;

	if (!bms_get_singleton_member(attnos, &attno))
		return -1;
	attno += FirstLowInvalidHeapAttributeNumber;
	column = attno > 0 ? get_attname(relid, attno, true) : NULL;
	return column ? nvp_column_named(target, column) : -1;
}

/* nvp_check_open prepares the enforced CHECK constraints of the table. */
NvpCheck *
nvp_check_open(NvpTarget *target, EState *estate, ResultRelInfo *result)
{
	TupleConstr *constraints = RelationGetDescr(target->relation)->constr;
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
	NvpCheck   *check = palloc0(sizeof(NvpCheck));
	int			n = constraints ? constraints->num_check : 0;

	check->target = target;
	check->estate = estate;
	check->result = result;
	check->conditions = palloc(n * sizeof(ExprState *));
	check->names = palloc(n * sizeof(char *));
	for (int i = 0; i < n; i++)
	{
		ConstrCheck *constraint = &constraints->check[i];

		if (!nvp_check_is_enforced(constraint))
			continue;
		check->names[check->nchecks] = pstrdup(constraint->ccname);
		check->conditions[check->nchecks++] = ExecPrepareExpr(stringToNode(constraint->ccbin), estate);
	}
	MemoryContextSwitchTo(old);
	return check;
}

/* nvp_check_is_needed tells whether nvp_check_row has anything to ask. */
bool
nvp_check_is_needed(const NvpCheck *check)
{
	return check->nchecks > 0 || check->target->relation->rd_rel->relispartition;
}

/*
 * nvp_check_row tells whether a row keeps the CHECK constraints, and, in a
 * partition, belongs there; if not, the row is rejected.
 */
bool
nvp_check_row(NvpCheck *check, int row, TupleTableSlot *slot)
{
	NvpTarget  *target = check->target;
	ExprContext *econtext = GetPerTupleExprContext(check->estate);
	const char *name = NULL;
	int			column = -1;

	econtext->ecxt_scantuple = slot;
	for (int i = 0; i < check->nchecks && !name; i++)
	{
		if (ExecCheck(check->conditions[i], econtext))
			continue;
		name = psprintf("constraint \"%s\"", check->names[i]);
		column = nvp_constraint_column(target, RelationGetRelid(target->relation), check->names[i]);
	}
	if (!name && target->relation->rd_rel->relispartition &&
		!ExecPartitionCheck(check->result, slot, check->estate, false))
		name = "the bounds of its partition";
	ResetExprContext(econtext);
	if (!name)
		return true;
	nvp_target_reject(target, row, column, NVP_CODE_TARGET_CONSTRAINT,
					  psprintf("The row violates %s of table \"%s\".", name,
							   RelationGetRelationName(target->relation)));
	return false;
}

/*
 * nvp_row_fields fits one row's values into the table columns that have a
 * source.  All that is wrong with it is reported.  out: fields[attno - 1];
 * false if the row was rejected.
 */
bool
nvp_row_fields(NvpTarget *target, int row, NvpField *fields)
{
	bool		is_fine = true;

	for (int i = 0; i < target->natts; i++)
	{
		NvpStore   *store = &target->stores[i];
		const NvpValue *value;
		const char *message = NULL;
		NvpCode		code;

		if (store->source < 0)
			continue;
		value = &target->batch.values[store->source][row];
		if (store->takes_bytes && value->status == NVP_OK && value->text &&
			value->len <= NVP_STORE_MAX_TEXT)
		{
			/* most cells of most files: no more than this */
			fields[i].is_null = false;
			fields[i].is_text = true;
			fields[i].text = value->text;
			fields[i].len = value->len;
			continue;
		}
		target->at_column = store->source;
		code = nvp_store_value(store, value, &target->arena, &fields[i], &message);
		if (code == NVP_CODE_NONE && fields[i].is_null && store->not_null && target->prechecks)
		{
			code = NVP_CODE_TARGET_NOT_NULL;
			message = psprintf("Column \"%s\" of table \"%s\" does not accept an empty value.",
							   store->name, RelationGetRelationName(target->relation));
		}
		if (unlikely(code != NVP_CODE_NONE))
		{
			nvp_target_reject(target, row, store->source, code, message);
			is_fine = false;
		}
	}
	target->at_column = -1;
	return is_fine;
}
