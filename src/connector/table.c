/*-------------------------------------------------------------------------
 *
 * table.c
 *		Queries and relations of this database as a source.
 *
 * Flow:   query --> cursor, a thousand rows at a time --> cells --> spool in
 *		   our own rows format, which a reader can read twice
 * Memory: one portion of the cursor; the spool takes the rest.
 * Errors: those of the query are thrown; a full spool is left in spool->error.
 * Rights: the query runs as the current user, with read-only intent: it is
 *		   opened as a cursor, so only SELECT, VALUES, TABLE and INSERT ...
 *		   RETURNING forms that the server lets a cursor run.
 *
 * Values keep their kind: numbers and booleans arrive as such, json as JSON,
 * everything else as its text in ISO style, whatever the session's settings.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/regproc.h"

#include "base/compat.h"
#include "base/jsonb.h"
#include "base/query_plan.h"
#include "connector/kinds.h"
#include "connector/option.h"
#include "connector/table.h"
#include "format/rows.h"

#define PORTION_ROWS	1000

typedef struct ColumnOut
{
	uint8		kind;			/* NvpCellKind of its values */
	bool		is_varlena_text;	/* the datum's bytes are the text */
	FmgrInfo	output;
} ColumnOut;

static bool
sink_to_spool(void *arg, const char *data, int64 len)
{
	return nvp_spool_append(arg, data, len);
}

static uint8
cell_kind(Oid type)
{
	switch (getBaseType(type))
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
		case OIDOID:
			return NVP_CELL_NUMBER;
		case BOOLOID:
			return NVP_CELL_BOOL;
		case JSONOID:
		case JSONBOID:
			return NVP_CELL_JSON;
		default:
			return NVP_CELL_TEXT;
	}
}

static ColumnOut *
plan_columns(TupleDesc desc)
{
	ColumnOut  *columns = palloc0(sizeof(ColumnOut) * Max(desc->natts, 1));

	for (int i = 0; i < desc->natts; i++)
	{
		Oid			type = TupleDescAttr(desc, i)->atttypid;
		Oid			base = getBaseType(type);
		Oid			function;
		bool		is_varlena;

		columns[i].kind = cell_kind(type);
		columns[i].is_varlena_text = base == TEXTOID || base == VARCHAROID || base == BPCHAROID;
		getTypeOutputInfo(type, &function, &is_varlena);
		fmgr_info(function, &columns[i].output);
	}
	return columns;
}

static void
fill_cell(ColumnOut *column, Datum value, bool isnull, NvpCell *cell)
{
	memset(cell, 0, sizeof(*cell));
	if (isnull)
		return;
	cell->kind = column->kind;
	if (column->is_varlena_text)
	{
		text	   *t = DatumGetTextPP(value);

		cell->ptr = VARDATA_ANY(t);
		cell->len = VARSIZE_ANY_EXHDR(t);
	}
	else if (column->kind == NVP_CELL_BOOL)
	{
		cell->ptr = DatumGetBool(value) ? "true" : "false";
		cell->len = strlen(cell->ptr);
	}
	else
	{
		cell->ptr = OutputFunctionCall(&column->output, value);
		cell->len = strlen(cell->ptr);
	}
}

static bool
append_portion(ColumnOut *columns, NvpSpool *spool, MemoryContext row_context)
{
	TupleDesc	desc = SPI_tuptable->tupdesc;
	Datum	   *values = palloc(sizeof(Datum) * Max(desc->natts, 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(desc->natts, 1));
	NvpCell    *cells = palloc(sizeof(NvpCell) * Max(desc->natts, 1));
	MemoryContext old = MemoryContextSwitchTo(row_context);
	bool		ok = true;

	for (uint64 r = 0; r < SPI_processed && ok; r++)
	{
		heap_deform_tuple(SPI_tuptable->vals[r], desc, values, nulls);
		for (int i = 0; i < desc->natts; i++)
			fill_cell(&columns[i], values[i], nulls[i], &cells[i]);
		ok = nvp_rows_append(sink_to_spool, spool, cells, desc->natts);
		MemoryContextReset(row_context);
	}
	MemoryContextSwitchTo(old);
	pfree(values);
	pfree(nulls);
	pfree(cells);
	return ok;
}

/* names of the result's columns, distinct as a reader wants them */
static bool
append_header(TupleDesc desc, NvpSpool *spool)
{
	const char **names = palloc(sizeof(char *) * Max(desc->natts, 1));

	for (int i = 0; i < desc->natts; i++)
	{
		names[i] = NameStr(TupleDescAttr(desc, i)->attname);
		for (int k = 0; k < i; k++)
		{
			if (strcmp(names[i], names[k]) == 0)
				ereport(ERROR,
						errcode(ERRCODE_DUPLICATE_COLUMN),
						errmsg("the query has two columns called \"%s\"", names[i]),
						errhint("Give each column of the query a name of its own with AS."));
		}
	}
	return nvp_rows_header(sink_to_spool, spool, names, desc->natts);
}

static Portal
open_cursor(SPIPlanPtr plan)
{
	if (plan == NULL || !SPI_is_cursor_plan(plan))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_CURSOR_DEFINITION),
				errmsg("the query must be one that returns rows"),
				errhint("Give a single SELECT without a semicolon."));
	return SPI_cursor_open(NULL, plan, NULL, NULL, true);
}

static uint64
spool_cursor(SPIPlanPtr plan, NvpSpool *spool)
{
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe query row",
													  ALLOCSET_DEFAULT_SIZES);
	Portal		portal = open_cursor(plan);
	ColumnOut  *columns = NULL;
	uint64		rows = 0;
	bool		ok = true;

	while (ok)
	{
		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(portal, true, PORTION_ROWS);
		if (columns == NULL)
		{
			columns = plan_columns(SPI_tuptable->tupdesc);
			ok = append_header(SPI_tuptable->tupdesc, spool);
		}
		if (SPI_processed == 0 || !ok)
			break;
		ok = append_portion(columns, spool, row_context);
		rows += SPI_processed;
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	MemoryContextDelete(row_context);
	return rows;
}

/* the plan is kept; the server makes it anew for a role or a search_path that matters to it */
static uint64
spool_kept(const char *query, NvpSpool *spool)
{
	NvpPlan    *plan = nvp_plan_hold(query, 0, NULL, CURSOR_OPT_NO_SCROLL);
	volatile uint64 rows = 0;

	PG_TRY();
	{
		rows = spool_cursor(nvp_plan_spi(plan), spool);
	}
	PG_FINALLY();
	{
		nvp_plan_release(plan);
	}
	PG_END_TRY();
	return rows;
}

/*
 * nvp_table_spool runs a query as the current user and keeps its rows.
 *
 * in: whether it will come again: its plan is kept then.  It must mean the same
 *		whoever runs it.
 * out: number of rows; the spool is not flushed.
 * errors: those of the query; 42701 for two columns of one name.
 * xact: needs one.
 */
uint64
nvp_table_spool(const char *query, bool keep, NvpSpool *spool)
{
	int			level = NewGUCNestLevel();
	uint64		rows;

	(void) set_config_option("datestyle", "ISO", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("intervalstyle", "iso_8601", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("extra_float_digits", "1", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("bytea_output", "hex", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	SPI_connect();
	rows = keep ? spool_kept(query, spool) :
		spool_cursor(SPI_prepare_cursor(query, 0, NULL, CURSOR_OPT_NO_SCROLL), spool);
	SPI_finish();
	AtEOXact_GUC(false, level);
	return rows;
}

/* ---- the connector --------------------------------------------------------- */

static const NvpOptionDef options[] = {
	{"query", 's', false, false},
	{"relation", 's', false, false},
	{"mode", 's', false, false},
	{"key", 'a', false, false},
	{"build_indexes_last", 'b', false, false},
};

static void
check_output(JsonbContainer *conf, const NvpPath *path)
{
	static const char *const modes[] = {"insert", "upsert", "replace", NULL};
	NvpPath		member = {path, "mode", 0};
	char	   *mode = nvp_jsonb_text(conf, path, "mode", "insert");
	const char *near = nvp_closest(mode, modes);
	bool		known = false;

	for (int i = 0; modes[i]; i++)
		known = known || strcmp(mode, modes[i]) == 0;
	if (!known)
		nvp_path_error(&member, near ? psprintf("Perhaps you meant \"%s\".", near) :
					   "Known are insert, upsert and replace.", "mode \"%s\" is not known", mode);
	if (nvp_jsonb_get(conf, "relation") == NULL)
		nvp_path_error(path, "Name the table that takes the rows.", "member \"relation\" is missing");
	if (nvp_jsonb_get(conf, "query"))
		nvp_path_error(path, NULL, "member \"query\" belongs to inputs only");
}

static void
check_definition(Jsonb *configuration, bool is_input)
{
	NvpPath		path = {NULL, "configuration", 0};
	JsonbContainer *conf = &configuration->root;
	bool		has_query = nvp_jsonb_get(conf, "query") != NULL;
	bool		has_relation = nvp_jsonb_get(conf, "relation") != NULL;

	if (!is_input)
	{
		check_output(conf, &path);
		return;
	}
	if (has_query == has_relation)
		nvp_path_error(&path, "Give {\"query\": \"SELECT ...\"} or {\"relation\": \"schema.table\"}.",
					   "exactly one of \"query\" and \"relation\" is expected");
	if (nvp_jsonb_get(conf, "mode") || nvp_jsonb_get(conf, "key"))
		nvp_path_error(&path, NULL, "members \"mode\" and \"key\" belong to outputs only");
}

/* one object: the result as it is now */
static bool
list_table(NvpConnector *connector, NvpObject **objects, int *n, NvpFault *fault)
{
	NvpObject  *object = palloc0(sizeof(NvpObject));

	object->path = nvp_option_text(connector, "relation", NULL);
	if (object->path == NULL)
		object->path = psprintf("query:%s", connector->name);
	object->name = object->path;
	object->bytes = -1;
	object->taken = true;
	*objects = object;
	*n = 1;
	return true;
}

/* runs in a transaction, as the pipeline's owner */
static bool
fetch_table(NvpConnector *connector, NvpObject *object, NvpSpool *spool,
			NvpProgressFunc progress, void *arg, NvpFault *fault)
{
	char	   *query = nvp_option_text(connector, "query", NULL);
	char	   *relation = nvp_option_text(connector, "relation", NULL);
	bool		keep = false;

	if (query == NULL)
	{
		List	   *names = nvp_qualified_name_list(relation);
		RangeVar   *range = makeRangeVarFromNameList(names);

		(void) RangeVarGetRelid(range, NoLock, false);
		query = psprintf("SELECT * FROM %s%s%s",
						 range->schemaname ? quote_identifier(range->schemaname) : "",
						 range->schemaname ? "." : "", quote_identifier(range->relname));
		keep = range->schemaname != NULL;
	}
	nvp_table_spool(query, keep, spool);
	return true;
}

const NvpConnectorRoutine nvp_connector_table = {
	.node_type = "TABLE",
	.can_input = true,
	.can_output = true,
	.options = options,
	.noptions = lengthof(options),
	.check = check_definition,
	.list = list_table,
	.fetch = fetch_table,
};
