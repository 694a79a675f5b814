/*-------------------------------------------------------------------------
 *
 * statement.c
 *		The general path: a batch becomes one INSERT ... SELECT.
 *
 * Whatever a table may have (partitions, BEFORE triggers, rules, generated
 * columns, row-level security, another server behind it), the executor knows
 * it.  The rows of a batch are put into a tuplestore that the statement sees
 * as a named relation, as a trigger sees its transition table: any type passes,
 * order is kept, and the statement is planned once.
 *
 * Flow:   values --> fields --> tuplestore --> INSERT ... SELECT [ON CONFLICT]
 * Calls:  open, rows*; delete_all before the first row of a replace.
 * Memory: the plan is SPI's own and goes with the target's context; everything
 *		   else of a batch is in the target's batch context.
 * Errors: rows that do not fit are rejected; the statement throws.
 *
 * An upsert leaves a stored row alone that equals the new one byte for byte:
 * a file loaded twice writes nothing the second time.  Of rows with the same key
 * in one batch the later wins, as if they had come one by one: the batch is
 * split into rounds (repeat.c), since one statement may touch a row only once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_operator.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "base/compat.h"
#include "write/plan.h"

#define BATCH_NAME	"nuvopipe_batch"

struct NvpStatement
{
	NvpTarget  *target;
	SPIPlanPtr	plan;
	TupleDesc	desc;			/* of the tuplestore: the columns with a source */
	AttrNumber *attnos;			/* [column of desc] */
	NvpField   *fields;			/* [attno - 1], of the row in hand */
	MemoryContextCallback cleanup;
};

/* ---- the statement's text ---- */

static char *
relation_name(NvpTarget *target)
{
	return quote_qualified_identifier(get_namespace_name(RelationGetNamespace(target->relation)),
									  RelationGetRelationName(target->relation));
}

static bool
is_key(NvpTarget *target, AttrNumber attno)
{
	for (int i = 0; i < target->nkeys; i++)
	{
		if (target->keys[i] == attno)
			return true;
	}
	return false;
}

/* append_columns: prefix and name of each written column; keys may be left off */
static int
append_columns(NvpStatement *statement, StringInfo sql, const char *prefix, bool with_keys)
{
	NvpTarget  *target = statement->target;
	int			n = 0;

	for (int i = 0; i < statement->desc->natts; i++)
	{
		if (!with_keys && is_key(target, statement->attnos[i]))
			continue;
		appendStringInfo(sql, "%s%s%s", n++ ? ", " : "", prefix,
						 quote_identifier(target->stores[statement->attnos[i] - 1].name));
	}
	return n;
}

static void
append_conflict(NvpStatement *statement, StringInfo sql)
{
	NvpTarget  *target = statement->target;
	int			n = 0;

	appendStringInfoString(sql, " ON CONFLICT (");
	for (int i = 0; i < target->nkeys; i++)
		appendStringInfo(sql, "%s%s", i ? ", " : "",
						 quote_identifier(target->stores[target->keys[i] - 1].name));
	if (statement->desc->natts == target->nkeys)
	{
		appendStringInfoString(sql, ") DO NOTHING");
		return;
	}
	appendStringInfoString(sql, ") DO UPDATE SET ");
	for (int i = 0; i < statement->desc->natts; i++)
	{
		const char *name = quote_identifier(target->stores[statement->attnos[i] - 1].name);

		if (!is_key(target, statement->attnos[i]))
			appendStringInfo(sql, "%s%s = EXCLUDED.%s", n++ ? ", " : "", name, name);
	}
	appendStringInfoString(sql, " WHERE ROW(");
	append_columns(statement, sql, "stored.", false);
	/* the casts make it one comparison of two records, not one of each column */
	appendStringInfoString(sql, ")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(");
	append_columns(statement, sql, "EXCLUDED.", false);
	appendStringInfoString(sql, ")::pg_catalog.record");
}

static void
append_insert(NvpStatement *statement, StringInfo sql)
{
	appendStringInfo(sql, "INSERT INTO %s AS stored (", relation_name(statement->target));
	append_columns(statement, sql, "", true);
	appendStringInfoString(sql, ") SELECT ");
	append_columns(statement, sql, "", true);
	appendStringInfoString(sql, " FROM " BATCH_NAME);
}

/* operator_name: schema and symbol, as OPERATOR() wants them */
static char *
operator_name(Oid operator_oid)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator_oid));
	Form_pg_operator form;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("a key column has a type without an equality operator")));
	form = (Form_pg_operator) GETSTRUCT(tuple);
	name = psprintf("%s.%s", quote_identifier(get_namespace_name(form->oprnamespace)),
					NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return name;
}

/* append_fresh: counts the rows of the batch whose key the table does not have */
static void
append_fresh(NvpStatement *statement, StringInfo sql)
{
	NvpTarget  *target = statement->target;

	appendStringInfo(sql, "WITH fresh AS (SELECT pg_catalog.count(*) AS n FROM " BATCH_NAME
					 " AS new WHERE NOT EXISTS (SELECT FROM %s AS old WHERE ", relation_name(target));
	for (int i = 0; i < target->nkeys; i++)
	{
		NvpStore   *store = &target->stores[target->keys[i] - 1];
		Oid			equal = lookup_type_cache(store->type, TYPECACHE_EQ_OPR)->eq_opr;
		const char *name = quote_identifier(store->name);

		appendStringInfo(sql, "%sold.%s OPERATOR(%s) new.%s", i ? " AND " : "", name,
						 operator_name(equal), name);
	}
	appendStringInfoString(sql, ")), ");
}

/*
 * An upsert counts in the statement itself: a row version that was inserted has
 * no xmax, one that replaced another carries the lock taken on its forerunner.
 * Partitions do not always show xmax; there, keys are looked up beforehand in
 * the same snapshot, and a row that another session inserts in that moment
 * counts as inserted though it is updated.
 */
static void
append_upsert(NvpStatement *statement, StringInfo sql)
{
	bool		is_partitioned = statement->target->relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;

	if (is_partitioned)
		append_fresh(statement, sql);
	else
		appendStringInfoString(sql, "WITH ");
	appendStringInfoString(sql, "written AS (");
	append_insert(statement, sql);
	append_conflict(statement, sql);
	if (is_partitioned)
		appendStringInfoString(sql, " RETURNING true) SELECT n, (SELECT pg_catalog.count(*) FROM written)"
							   " OPERATOR(pg_catalog.-) n FROM fresh");
	else
		appendStringInfoString(sql, " RETURNING stored.xmax OPERATOR(pg_catalog.=) 0 AS is_new)"
							   " SELECT pg_catalog.count(*) FILTER (WHERE is_new),"
							   " pg_catalog.count(*) FILTER (WHERE NOT is_new) FROM written");
}

static char *
build_statement(NvpStatement *statement)
{
	StringInfoData sql;

	initStringInfo(&sql);
	if (statement->target->mode == NVP_TARGET_UPSERT)
		append_upsert(statement, &sql);
	else
		append_insert(statement, &sql);
	return sql.data;
}

/* ---- opening ---- */

static void
register_batch(NvpStatement *statement, Tuplestorestate *store, double rows)
{
	EphemeralNamedRelation batch = palloc0(sizeof(EphemeralNamedRelationData));

	batch->md.name = BATCH_NAME;
	batch->md.reliddesc = InvalidOid;
	batch->md.tupdesc = statement->desc;
	batch->md.enrtype = ENR_NAMED_TUPLESTORE;
	batch->md.enrtuples = rows;
	batch->reldata = store;
	if (SPI_register_relation(batch) != SPI_OK_REL_REGISTER)
		ereport(ERROR,
				errcode(ERRCODE_INTERNAL_ERROR),
				errmsg_internal("could not register a batch"));
}

static void
describe_batch(NvpStatement *statement)
{
	NvpTarget  *target = statement->target;
	TupleDesc	table = RelationGetDescr(target->relation);
	int			n = 0;

	statement->attnos = palloc(target->natts * sizeof(AttrNumber));
	statement->fields = palloc0(target->natts * sizeof(NvpField));
	for (int i = 0; i < target->natts; i++)
	{
		if (target->stores[i].source >= 0)
			statement->attnos[n++] = i + 1;
	}
	statement->desc = CreateTemplateTupleDesc(n);
	for (int i = 0; i < n; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(table, statement->attnos[i] - 1);

		TupleDescInitEntry(statement->desc, i + 1, NameStr(attribute->attname),
						   attribute->atttypid, attribute->atttypmod, 0);
		TupleDescInitEntryCollation(statement->desc, i + 1, attribute->attcollation);
	}
}

/* free_plan: a saved plan would outlive the target, above all after an error */
static void
free_plan(void *arg)
{
	NvpStatement *statement = arg;

	if (statement->plan)
		SPI_freeplan(statement->plan);
}

/* nvp_statement_open plans the statement of a target.  owner: target->context. */
NvpStatement *
nvp_statement_open(NvpTarget *target)
{
	MemoryContext old = MemoryContextSwitchTo(target->context);
	NvpStatement *statement = palloc0(sizeof(NvpStatement));
	SPIPlanPtr	plan;
	char	   *sql;

	statement->target = target;
	statement->cleanup.func = free_plan;
	statement->cleanup.arg = statement;
	MemoryContextRegisterResetCallback(target->context, &statement->cleanup);
	describe_batch(statement);
	sql = build_statement(statement);
	SPI_connect();
	register_batch(statement, NULL, NVP_BATCH_ROWS);
	plan = SPI_prepare(sql, 0, NULL);
	if (!plan || SPI_keepplan(plan) != 0)
		ereport(ERROR,
				errcode(ERRCODE_INTERNAL_ERROR),
				errmsg_internal("could not prepare: %s", sql));
	statement->plan = plan;
	SPI_finish();
	MemoryContextSwitchTo(old);
	return statement;
}

/* ---- rows ---- */

/* count_upsert: what the statement itself has counted */
static void
count_upsert(NvpTarget *target, int nrows)
{
	bool		is_null;
	HeapTuple	tuple = SPI_tuptable->vals[0];
	int64		inserted = DatumGetInt64(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 1, &is_null));
	int64		updated = DatumGetInt64(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 2, &is_null));

	target->counts.rows_inserted += inserted;
	target->counts.rows_updated += Max(updated, 0);
	target->counts.rows_unchanged += nrows - inserted - Max(updated, 0);
}

static void
execute(NvpStatement *statement, Tuplestorestate *store, int nrows)
{
	NvpTarget  *target = statement->target;
	int			result;

	SPI_connect();
	register_batch(statement, store, nrows);
	result = SPI_execute_plan(statement->plan, NULL, NULL, false, 0);
	if (result < 0)
		ereport(ERROR,
				errcode(ERRCODE_INTERNAL_ERROR),
				errmsg_internal("could not write a batch: %s", SPI_result_code_string(result)));
	if (target->mode == NVP_TARGET_UPSERT)
		count_upsert(target, nrows);
	else
	{
		target->counts.rows_inserted += SPI_processed;
		target->counts.rows_filtered += nrows - SPI_processed;
	}
	SPI_finish();
}

/* collect_rows: datums of the rows that fit; out: their number */
static int
collect_rows(NvpStatement *statement, int from, int to, Datum **datums, bool **nulls)
{
	NvpTarget  *target = statement->target;
	int			natts = statement->desc->natts;
	int			n = 0;

	for (int row = from; row < to; row++)
	{
		if (target->batch.done[row] || !nvp_row_fields(target, row, statement->fields))
			continue;
		datums[n] = palloc(natts * sizeof(Datum));
		nulls[n] = palloc(natts * sizeof(bool));
		for (int i = 0; i < natts; i++)
		{
			NvpField   *field = &statement->fields[statement->attnos[i] - 1];

			nulls[n][i] = field->is_null;
			datums[n][i] = nvp_store_datum(field);
		}
		n++;
	}
	return n;
}

static void
write_round(NvpStatement *statement, Datum **datums, bool **nulls, const int *rounds, int nrows,
			int round)
{
	Tuplestorestate *store = tuplestore_begin_heap(false, false, work_mem);
	int			n = 0;

	for (int i = 0; i < nrows; i++)
	{
		if (rounds && rounds[i] != round)
			continue;
		tuplestore_putvalues(store, statement->desc, datums[i], nulls[i]);
		n++;
	}
	execute(statement, store, n);
	tuplestore_end(store);
}

/*
 * nvp_statement_rows writes rows from..to-1 of the batch in hand, except
 * those that are done.
 */
void
nvp_statement_rows(NvpStatement *statement, int from, int to)
{
	NvpTarget  *target = statement->target;
	MemoryContext old = MemoryContextSwitchTo(target->batch_context);
	Datum	  **datums = palloc((to - from) * sizeof(Datum *));
	bool	  **nulls = palloc((to - from) * sizeof(bool *));
	int			n = collect_rows(statement, from, to, datums, nulls);
	int		   *rounds = NULL;
	int			nrounds = 1;

	if (n > 0 && target->mode == NVP_TARGET_UPSERT)
	{
		rounds = palloc(n * sizeof(int));
		nrounds = nvp_repeat_rounds(target, statement->attnos, statement->desc, datums, nulls, n, rounds);
	}
	for (int round = 0; n > 0 && round < nrounds; round++)
		write_round(statement, datums, nulls, rounds, n, round);
	MemoryContextSwitchTo(old);
}

/* nvp_statement_delete_all empties the target of a replace; see target.h for why so. */
void
nvp_statement_delete_all(NvpTarget *target)
{
	char	   *sql = psprintf("DELETE FROM %s", relation_name(target));

	SPI_connect();
	if (SPI_execute(sql, false, 0) < 0)
		ereport(ERROR,
				errcode(ERRCODE_INTERNAL_ERROR),
				errmsg_internal("could not execute: %s", sql));
	SPI_finish();
	pfree(sql);
}
