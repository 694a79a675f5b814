/*-------------------------------------------------------------------------
 *
 * resolve.c
 *		A target's decisions: may it be written, column for column, and how.
 *
 * All that can be known before the first row is said here, at once and by
 * name, instead of after an hour's load.
 *
 * Errors: see target.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/relation.h"
#include "access/tableam.h"
#include "catalog/catalog.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "miscadmin.h"
#include "rewrite/rewriteHandler.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/jsonb.h"
#include "write/plan.h"

/* ---- the relation ---- */

static void
check_kind(NvpTarget *target)
{
	Relation	relation = target->relation;
	const char *name = RelationGetRelationName(relation);
	char		kind = relation->rd_rel->relkind;

	if (IsCatalogRelation(relation))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot load into system catalog \"%s\"", name)));
	if (RELATION_IS_OTHER_TEMP(relation))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot load into temporary table \"%s\" of another session", name)));
	if (kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE)
		return;
	if (kind != RELKIND_VIEW && kind != RELKIND_FOREIGN_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot load into \"%s\"", name),
				 errdetail_relkind_not_supported(kind)));
	if (target->mode == NVP_TARGET_UPSERT)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot upsert into \"%s\"", name),
				 errdetail_relkind_not_supported(kind),
				 errhint("Upsert into the table itself.")));
	if (!(relation_is_updatable(RelationGetRelid(relation), NIL, true, NULL) & (1 << CMD_INSERT)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot insert into \"%s\"", name),
				 kind == RELKIND_VIEW ?
				 errhint("Provide an INSTEAD OF INSERT trigger or an unconditional ON INSERT DO INSTEAD rule.") : 0));
}

/* ---- columns ---- */

static void
no_such_column(NvpTarget *target, const char *key)
{
	TupleDesc	desc = RelationGetDescr(target->relation);
	const char **names = palloc0((desc->natts + 1) * sizeof(char *));
	const char *closest;
	int			n = 0;

	for (int i = 0; i < desc->natts; i++)
	{
		if (!TupleDescAttr(desc, i)->attisdropped)
			names[n++] = NameStr(TupleDescAttr(desc, i)->attname);
	}
	closest = nvp_closest(key, names);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%s\" of the model does not exist in table \"%s\"", key,
					RelationGetRelationName(target->relation)),
			 closest ? errhint("Perhaps you meant the column \"%s\".", closest) :
			 errhint("Add the column to the table, or take it out of the model.")));
}

/* find_column: exact name first, then the only one that differs in case */
static AttrNumber
find_column(NvpTarget *target, const char *key)
{
	TupleDesc	desc = RelationGetDescr(target->relation);
	AttrNumber	found = InvalidAttrNumber;

	for (int i = 0; i < desc->natts; i++)
	{
		if (!TupleDescAttr(desc, i)->attisdropped &&
			strcmp(NameStr(TupleDescAttr(desc, i)->attname), key) == 0)
			return i + 1;
	}
	for (int i = 0; i < desc->natts; i++)
	{
		if (TupleDescAttr(desc, i)->attisdropped ||
			pg_strcasecmp(NameStr(TupleDescAttr(desc, i)->attname), key) != 0)
			continue;
		if (found != InvalidAttrNumber)
			ereport(ERROR,
					(errcode(ERRCODE_AMBIGUOUS_COLUMN),
					 errmsg("column \"%s\" of the model matches columns \"%s\" and \"%s\" of table \"%s\"",
							key, NameStr(TupleDescAttr(desc, found - 1)->attname),
							NameStr(TupleDescAttr(desc, i)->attname),
							RelationGetRelationName(target->relation)),
					 errhint("Write the model's column key exactly as in the table.")));
		found = i + 1;
	}
	return found;
}

static void
check_mapped(NvpTarget *target, int source, Form_pg_attribute attribute)
{
	NvpStore   *store = &target->stores[attribute->attnum - 1];

	if (store->source >= 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_COLUMN),
				 errmsg("columns \"%s\" and \"%s\" of the model both name column \"%s\" of table \"%s\"",
						target->model->columns[store->source].key, target->model->columns[source].key,
						NameStr(attribute->attname), RelationGetRelationName(target->relation))));
	if (attribute->attgenerated || attribute->attidentity == ATTRIBUTE_IDENTITY_ALWAYS)
		ereport(ERROR,
				(errcode(ERRCODE_GENERATED_ALWAYS),
				 errmsg("column \"%s\" of table \"%s\" is generated always",
						NameStr(attribute->attname), RelationGetRelationName(target->relation)),
				 errhint("Take column \"%s\" out of the model.", target->model->columns[source].key)));
}

static void
map_columns(NvpTarget *target)
{
	TupleDesc	desc = RelationGetDescr(target->relation);

	target->natts = desc->natts;
	target->stores = palloc0(desc->natts * sizeof(NvpStore));
	for (int i = 0; i < desc->natts; i++)
		nvp_store_plan(&target->stores[i], TupleDescAttr(desc, i), NULL);
	for (int source = 0; source < target->model->ncolumns; source++)
	{
		const NvpColumn *column = &target->model->columns[source];
		AttrNumber	attno = find_column(target, column->key);

		if (attno == InvalidAttrNumber)
			no_such_column(target, column->key);
		check_mapped(target, source, TupleDescAttr(desc, attno - 1));
		nvp_store_plan(&target->stores[attno - 1], TupleDescAttr(desc, attno - 1), column);
		target->stores[attno - 1].source = source;
	}
	if (target->model->ncolumns == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the model has no columns to load into table \"%s\"",
						RelationGetRelationName(target->relation))));
}

/* plan_defaults: what the columns without a source get */
static void
plan_defaults(NvpTarget *target)
{
	for (int i = 0; i < target->natts; i++)
	{
		NvpStore   *store = &target->stores[i];
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(target->relation), i);

		if (store->source >= 0 || attribute->attisdropped || attribute->attgenerated)
			continue;
		if (attribute->atthasdef || attribute->attidentity || get_typdefault(attribute->atttypid))
			store->kind = NVP_STORE_DEFAULT;
		else if (attribute->attnotnull && target->prechecks)
			ereport(ERROR,
					(errcode(ERRCODE_NOT_NULL_VIOLATION),
					 errmsg("column \"%s\" of table \"%s\" needs a value, and the model has no such column",
							store->name, RelationGetRelationName(target->relation)),
					 errhint("Add the column to the model, or give it a default.")));
		else if (store->is_domain)
			store->kind = NVP_STORE_DEFAULT;	/* the domain may refuse null */
	}
}

/* ---- privileges ---- */

static void
check_privilege(NvpTarget *target, AclMode mode)
{
	Oid			relid = RelationGetRelid(target->relation);

	if (pg_class_aclcheck(relid, GetUserId(), mode) == ACLCHECK_OK)
		return;
	for (int i = 0; i < target->natts; i++)
	{
		if (mode == ACL_DELETE ||
			(target->stores[i].source >= 0 &&
			 pg_attribute_aclcheck(relid, i + 1, GetUserId(), mode) != ACLCHECK_OK))
			aclcheck_error(ACLCHECK_NO_PRIV, get_relkind_objtype(target->relation->rd_rel->relkind),
						   RelationGetRelationName(target->relation));
	}
}

static void
check_privileges(NvpTarget *target)
{
	check_privilege(target, ACL_INSERT);
	if (target->mode == NVP_TARGET_UPSERT)
	{
		check_privilege(target, ACL_SELECT);
		check_privilege(target, ACL_UPDATE);
	}
	if (target->mode == NVP_TARGET_REPLACE)
		check_privilege(target, ACL_DELETE);
}

/* ---- the path ---- */

/* has_row_hooks: BEFORE triggers or generated columns see a row before its constraints do */
static bool
has_row_hooks(Relation relation)
{
	TriggerDesc *triggers = relation->trigdesc;
	TupleConstr *constraints = RelationGetDescr(relation)->constr;

	if (triggers && (triggers->trig_insert_before_row || triggers->trig_insert_instead_row))
		return true;
	for (int i = 0; constraints && i < RelationGetDescr(relation)->natts; i++)
	{
		if (TupleDescAttr(RelationGetDescr(relation), i)->attgenerated)
			return true;
	}
	return false;
}

/* find_detour returns why rows cannot take the fast path, or NULL */
static const char *
find_detour(NvpTarget *target)
{
	Relation	relation = target->relation;
	TriggerDesc *triggers = relation->trigdesc;
	Oid			relid = RelationGetRelid(relation);

	if (target->mode == NVP_TARGET_UPSERT)
		return "rows may have to be updated";
	if (relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
		return "the table is partitioned";
	if (relation->rd_rel->relkind == RELKIND_VIEW)
		return "it is a view";
	if (relation->rd_rel->relkind == RELKIND_FOREIGN_TABLE)
		return "it is a foreign table";
	if (relation->rd_tableam != GetHeapamTableAmRoutine())
		return "the table has an access method of its own";
	if (target->has_policies)
		return "row-level security applies";
	if (relation->rd_rules)
		return "the table has rules";
	if (triggers && triggers->trig_insert_before_row)
		return "the table has BEFORE ROW triggers";
	if (triggers && (triggers->trig_insert_before_statement || triggers->trig_insert_after_statement ||
					 triggers->trig_insert_new_table))
		return "the table has statement triggers";
	if (has_row_hooks(relation))
		return "the table has generated columns";
	if (nvp_heap_is_shell(relid))
		return "the table is distributed";
	return NULL;
}

/* ---- the key of an upsert ---- */

static bool
index_has_keys(Form_pg_index index, const AttrNumber *keys, int nkeys)
{
	if (index->indnkeyatts != nkeys)
		return false;
	for (int i = 0; i < nkeys; i++)
	{
		bool		found = false;

		for (int j = 0; j < nkeys; j++)
			found |= index->indkey.values[j] == keys[i];
		if (!found)
			return false;
	}
	return true;
}

/* use_index: takes a unique index as the key; false if it does not serve as one */
static bool
use_index(NvpTarget *target, Oid index_oid, int nkeys)
{
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index_oid));
	Form_pg_index index;
	bool		is_key;

	if (!HeapTupleIsValid(tuple))
		return false;
	index = (Form_pg_index) GETSTRUCT(tuple);
	is_key = index->indisunique && index->indimmediate && index->indisvalid &&
		heap_attisnull(tuple, Anum_pg_index_indpred, NULL) &&
		heap_attisnull(tuple, Anum_pg_index_indexprs, NULL);
	if (is_key && nkeys > 0)
		is_key = index_has_keys(index, target->keys, nkeys);
	else if (is_key)
		is_key = index->indisprimary;
	if (is_key && nkeys == 0)
	{
		target->nkeys = index->indnkeyatts;
		target->keys = palloc(target->nkeys * sizeof(AttrNumber));
		for (int i = 0; i < target->nkeys; i++)
			target->keys[i] = index->indkey.values[i];
	}
	ReleaseSysCache(tuple);
	return is_key;
}

static void
no_key(NvpTarget *target, const NvpTargetSpec *spec)
{
	StringInfoData list;

	if (spec->nkeys == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
				 errmsg("table \"%s\" has no primary key to upsert by",
						RelationGetRelationName(target->relation)),
				 errhint("Name the columns of a unique index as \"key\".")));
	initStringInfo(&list);
	for (int i = 0; i < target->nkeys; i++)
		appendStringInfo(&list, "%s%s", i ? ", " : "",
						 quote_identifier(target->stores[target->keys[i] - 1].name));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
			 errmsg("table \"%s\" has no unique index on (%s)",
					RelationGetRelationName(target->relation), list.data),
			 errhint("CREATE UNIQUE INDEX ON %s (%s);",
					 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(target->relation)),
												RelationGetRelationName(target->relation)), list.data)));
}

static void
resolve_key(NvpTarget *target, const NvpTargetSpec *spec)
{
	List	   *indexes = RelationGetIndexList(target->relation);
	ListCell   *cell;
	bool		found = false;

	target->nkeys = spec->nkeys;
	target->keys = palloc(Max(spec->nkeys, 1) * sizeof(AttrNumber));
	for (int i = 0; i < spec->nkeys; i++)
	{
		target->keys[i] = find_column(target, spec->keys[i]);
		if (target->keys[i] == InvalidAttrNumber)
			no_such_column(target, spec->keys[i]);
	}
	foreach(cell, indexes)
	{
		if (!found)
			found = use_index(target, lfirst_oid(cell), spec->nkeys);
	}
	list_free(indexes);
	if (!found)
		no_key(target, spec);
	for (int i = 0; i < target->nkeys; i++)
	{
		NvpStore   *store = &target->stores[target->keys[i] - 1];

		if (store->source < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
					 errmsg("key column \"%s\" of table \"%s\" is not a column of the model", store->name,
							RelationGetRelationName(target->relation))));
	}
}

/*
 * nvp_target_resolve opens and locks the relation and takes all decisions.
 * owner: everything in the current context, target->context.  errors: see
 * target.h.
 */
void
nvp_target_resolve(NvpTarget *target, const NvpTargetSpec *spec)
{
	LOCKMODE	lock = spec->plan_only ? AccessShareLock :
		spec->mode == NVP_TARGET_REPLACE ? ShareRowExclusiveLock : RowExclusiveLock;

	target->relation = try_relation_open(spec->relation, lock);
	if (!target->relation)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the target table does not exist any more")));
	check_kind(target);
	target->has_policies = check_enable_rls(spec->relation, InvalidOid, true) == RLS_ENABLED;
	target->prechecks = (target->relation->rd_rel->relkind == RELKIND_RELATION ||
						 target->relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE) &&
		!has_row_hooks(target->relation) && !target->relation->rd_rules;
	map_columns(target);
	plan_defaults(target);
	check_privileges(target);
	target->detour = find_detour(target);
	if (target->mode == NVP_TARGET_UPSERT)
		resolve_key(target, spec);
}
