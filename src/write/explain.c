/*-------------------------------------------------------------------------
 *
 * explain.c
 *		A target's plan in words: path, locks, indexes, triggers, columns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_trigger.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/compat.h"
#include "write/plan.h"

static void
explain_mode(const NvpTarget *target, StringInfo out)
{
	appendStringInfo(out, "Target: %s %s",
					 target->mode == NVP_TARGET_UPSERT ? "upsert into" :
					 target->mode == NVP_TARGET_REPLACE ? "replace all rows of" : "insert into",
					 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(target->relation)),
												RelationGetRelationName(target->relation)));
	for (int i = 0; i < target->nkeys; i++)
		appendStringInfo(out, "%s%s", i ? ", " : " by key ", target->stores[target->keys[i] - 1].name);
	appendStringInfoChar(out, '\n');
	if (target->detour)
		appendStringInfo(out, "  Path: one INSERT ... SELECT for each batch, because %s\n", target->detour);
	else
		appendStringInfoString(out, "  Path: tuples written page by page\n");
	if (target->is_careful)
		appendStringInfoString(out, "  Careful: each batch in a subtransaction; refused rows become issues\n");
}

static void
explain_locks(const NvpTarget *target, StringInfo out)
{
	appendStringInfo(out, "  Lock: %s until the end of the run\n",
					 target->mode == NVP_TARGET_REPLACE ? "SHARE ROW EXCLUSIVE (others can read)" :
					 "ROW EXCLUSIVE (others can read and write)");
}

static void
explain_indexes(const NvpTarget *target, StringInfo out)
{
	List	   *indexes = RelationGetIndexList(target->relation);

	if (indexes != NIL)
		appendStringInfo(out, "  Indexes: %d, kept row by row\n", list_length(indexes));
	if (indexes != NIL && nvp_rebuild_is_possible(target))
		appendStringInfoString(out, "    built at the end instead, if the table is empty then and nobody uses it;"
							   " it is locked (ACCESS EXCLUSIVE) for the length of the run\n");
	list_free(indexes);
}

static void
explain_triggers(const NvpTarget *target, StringInfo out)
{
	TriggerDesc *triggers = target->relation->trigdesc;
	int			n = 0;

	for (int i = 0; triggers && i < triggers->numtriggers; i++)
	{
		if (TRIGGER_FOR_INSERT(triggers->triggers[i].tgtype))
			n++;
	}
	if (n > 0)
		appendStringInfo(out, "  Triggers on insert: %d, %s\n", n,
						 target->detour || target->is_careful ? "fired with each batch" :
						 nvp_heap_fires_late(target->relation) ? "those after a row fired when the last row is in" :
						 "foreign keys checked with each batch");
}

static void
explain_columns(const NvpTarget *target, StringInfo out)
{
	for (int i = 0; i < target->natts; i++)
	{
		const NvpStore *store = &target->stores[i];

		if (store->kind == NVP_STORE_INPUT)
			appendStringInfo(out, "  Column %s: through the input function of %s\n", store->name,
							 format_type_be(store->type));
		else if (store->kind == NVP_STORE_DEFAULT)
			appendStringInfo(out, "  Column %s: its default\n", store->name);
	}
}

/*
 * nvp_target_explain appends lines, each with its newline, that say how
 * rows will be written and what that locks and fires.
 */
void
nvp_target_explain(const NvpTarget *target, StringInfo out)
{
	explain_mode(target, out);
	explain_locks(target, out);
	explain_indexes(target, out);
	explain_triggers(target, out);
	explain_columns(target, out);
}
