/*-------------------------------------------------------------------------
 *
 * query.c
 *		The only door to SPI: statements on own tables go through it.
 *
 * See query.h for calls, memory and errors.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "executor/execdesc.h"
#include "executor/spi.h"
#include "jit/jit.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/portal.h"
#include "utils/syscache.h"

#include "base/query.h"
#include "base/query_plan.h"

#define SEARCH_PATH		"pg_catalog, pg_temp"

/*
 * nvp_extension_hold keeps the extension from being dropped until the end of
 * the transaction, so that a background process never meets half of it.
 *
 * out: false if there is none, or none any more once a DROP EXTENSION that was
 *		under way has committed.
 */
bool
nvp_extension_hold(void)
{
	static Oid	known = InvalidOid;
	static Oid	known_schema = InvalidOid;
	Oid			extension;

	/* the schema goes with it, and is found sooner */
	if (OidIsValid(known))
	{
		LockDatabaseObject(ExtensionRelationId, known, 0, AccessShareLock);
		if (get_namespace_oid("_nuvopipe", true) == known_schema)
			return true;
	}
	known = extension = get_extension_oid("nuvopipe", true);
	known_schema = get_namespace_oid("_nuvopipe", true);
	while (OidIsValid(extension))
	{
		Oid			before = extension;

		LockDatabaseObject(ExtensionRelationId, extension, 0, AccessShareLock);
		extension = get_extension_oid("nuvopipe", true);
		if (extension == before)
			return true;
		known = InvalidOid;
	}
	return false;
}

/*
 * nvp_extension_owner gives the role that owns our tables.
 *
 * errors: 42704 where the extension has gone.
 */
Oid
nvp_extension_owner(void)
{
	Oid			nspid = get_namespace_oid("_nuvopipe", true);
	HeapTuple	tuple;
	Oid			owner;

	if (!OidIsValid(nspid))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("extension \"nuvopipe\" is not installed in this database"),
				errhint("Run CREATE EXTENSION nuvopipe."));
	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(nspid));
	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_SCHEMA),
				errmsg("schema \"_nuvopipe\" was dropped"));
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * nvp_query_open connects to SPI as the extension's owner.
 *
 * xact: needs one; an error in between is undone by its abort.
 */
void
nvp_query_open(NvpQuery *query)
{
	Oid			owner = nvp_extension_owner();

	query->nargs = 0;
	query->context = CurrentMemoryContext;
	GetUserIdAndSecContext(&query->userid, &query->sec_context);
	SetUserIdAndSecContext(owner, query->sec_context | SECURITY_LOCAL_USERID_CHANGE);
	query->guc_level = NewGUCNestLevel();
	/* our functions in SQL have set it already */
	if (strcmp(namespace_search_path, SEARCH_PATH) != 0)
		(void) set_config_option("search_path", SEARCH_PATH, PGC_USERSET,
								 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	SPI_connect();
}

/* nvp_query_close gives the caller's identity and settings back. */
void
nvp_query_close(NvpQuery *query)
{
	SPI_finish();
	AtEOXact_GUC(false, query->guc_level);
	SetUserIdAndSecContext(query->userid, query->sec_context);
	MemoryContextSwitchTo(query->context);
}

/*
 * nvp_query_exec runs one statement with the arguments collected so far and
 * forgets them.
 *
 * out: number of rows processed; rows of the result by nvp_get_*.
 * errors: those of the statement.
 */
uint64
nvp_query_exec(NvpQuery *query, const char *sql)
{
	int			rc;

	SPI_freetuptable(SPI_tuptable);
	rc = SPI_execute_with_args(sql, query->nargs, query->types, query->values,
							   query->nulls, false, 0);
	query->nargs = 0;
	if (rc < 0)
		ereport(ERROR,
				errcode(ERRCODE_INTERNAL_ERROR),
				errmsg("could not run an internal statement: %s", SPI_result_code_string(rc)));
	return SPI_processed;
}

/*
 * Run a statement whose plan is kept.  by_index: it may be planned while its
 * tables are empty, and must not read all of them when they are not; so indexes
 * are preferred, and that it seems dear is no reason to compile it.  No bitmaps
 * either: only plain scans mark the entries of dead rows, which are many where
 * states change.
 */
static uint64
run_kept(NvpQuery *query, const char *sql, int cursor_options, bool by_index, bool read_only, uint64 max_rows)
{
	NvpPlan    *plan;
	bool		scans = enable_seqscan;
	bool		bitmaps = enable_bitmapscan;
	bool		compiles = jit_enabled;
	volatile int rc = 0;

	SPI_freetuptable(SPI_tuptable);
	plan = nvp_plan_hold(sql, query->nargs, query->types, cursor_options);
	PG_TRY();
	{
		enable_seqscan = scans && !by_index;
		enable_bitmapscan = bitmaps && !by_index;
		jit_enabled = compiles && !by_index;
		rc = SPI_execute_plan(nvp_plan_spi(plan), query->values, query->nulls, read_only, max_rows);
	}
	PG_FINALLY();
	{
		enable_seqscan = scans;
		enable_bitmapscan = bitmaps;
		jit_enabled = compiles;
		nvp_plan_release(plan);
	}
	PG_END_TRY();
	if (rc < 0)
		ereport(ERROR,
				errcode(ERRCODE_INTERNAL_ERROR),
				errmsg("could not run an internal statement: %s", SPI_result_code_string(rc)));
	return SPI_processed;
}

/*
 * nvp_query_keep is nvp_query_exec for a statement that finds few rows by their
 * keys, and comes again and again: its plan, one for all arguments, is kept.
 */
uint64
nvp_query_keep(NvpQuery *query, const char *sql)
{
	uint64		n = run_kept(query, sql, CURSOR_OPT_GENERIC_PLAN, true, false, 0);

	query->nargs = 0;
	return n;
}

/*
 * nvp_query_read runs one statement that only reads, with the arguments
 * collected so far, which stay for another one.  Its plan is kept.
 *
 * in: at most max_rows rows are asked for; 0: all.
 * out: number of rows, got by nvp_get_*.
 * xact: sees what the current snapshot does.
 */
uint64
nvp_query_read(NvpQuery *query, const char *sql, NvpPlanKind kind, uint64 max_rows)
{
	return run_kept(query, sql, kind == NVP_PLAN_GENERIC ? CURSOR_OPT_GENERIC_PLAN : 0, false, true, max_rows);
}

/*
 * nvp_query_estimate tells how many rows the planner expects of a statement
 * with the arguments collected so far, which stay.  Nothing is run, but the
 * result at hand is forgotten.
 */
int64
nvp_query_estimate(NvpQuery *query, const char *sql)
{
	SPIPlanPtr	plan = SPI_prepare_cursor(sql, query->nargs, query->types, CURSOR_OPT_CUSTOM_PLAN);
	Portal		portal;
	double		rows;

	if (plan == NULL)
		ereport(ERROR,
				errcode(ERRCODE_INTERNAL_ERROR),
				errmsg("could not prepare an internal statement: %s", SPI_result_code_string(SPI_result)));
	SPI_freetuptable(SPI_tuptable);
	portal = SPI_cursor_open(NULL, plan, query->values, query->nulls, true);
	rows = portal->queryDesc->plannedstmt->planTree->plan_rows;
	SPI_cursor_close(portal);
	SPI_freeplan(plan);
	return (int64) Min(rows, 1e15);
}

/* nvp_query_set_aside takes the result at hand away, to be looked at later. */
struct SPITupleTable *
nvp_query_set_aside(NvpQuery *query)
{
	struct SPITupleTable *result = SPI_tuptable;

	SPI_tuptable = NULL;
	return result;
}

/* nvp_query_take_back makes it the result at hand again; the one that is now is forgotten. */
void
nvp_query_take_back(NvpQuery *query, struct SPITupleTable *result)
{
	SPI_freetuptable(SPI_tuptable);
	SPI_tuptable = result;
	SPI_processed = result->numvals;
}

static void
add_arg(NvpQuery *query, Oid type, Datum value, bool isnull)
{
	int			i = query->nargs++;

	if (i >= NVP_QUERY_MAX_ARGS)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("a statement has more than %d arguments", NVP_QUERY_MAX_ARGS));
	query->types[i] = type;
	query->values[i] = value;
	query->nulls[i] = isnull ? 'n' : ' ';
}

/* nvp_arg_uuid adds a uuid; NULL pointer = SQL NULL. */
void
nvp_arg_uuid(NvpQuery *query, const pg_uuid_t *value)
{
	add_arg(query, UUIDOID, PointerGetDatum(value), value == NULL);
}

/* nvp_arg_text adds a text; NULL pointer = SQL NULL. */
void
nvp_arg_text(NvpQuery *query, const char *value)
{
	add_arg(query, TEXTOID, value ? CStringGetTextDatum(value) : (Datum) 0, value == NULL);
}

/* nvp_arg_int4 adds an integer. */
void
nvp_arg_int4(NvpQuery *query, int32 value)
{
	add_arg(query, INT4OID, Int32GetDatum(value), false);
}

/* nvp_arg_int8 adds a bigint. */
void
nvp_arg_int8(NvpQuery *query, int64 value)
{
	add_arg(query, INT8OID, Int64GetDatum(value), false);
}

/* nvp_arg_bool adds a boolean. */
void
nvp_arg_bool(NvpQuery *query, bool value)
{
	add_arg(query, BOOLOID, BoolGetDatum(value), false);
}

/* nvp_arg_float8 adds a double precision. */
void
nvp_arg_float8(NvpQuery *query, double value)
{
	add_arg(query, FLOAT8OID, Float8GetDatum(value), false);
}

/* nvp_arg_time adds a timestamptz; 0 = SQL NULL. */
void
nvp_arg_time(NvpQuery *query, TimestampTz value)
{
	add_arg(query, TIMESTAMPTZOID, TimestampTzGetDatum(value), value == 0);
}

/* nvp_arg_jsonb adds a jsonb; NULL pointer = SQL NULL. */
void
nvp_arg_jsonb(NvpQuery *query, Jsonb *value)
{
	add_arg(query, JSONBOID, PointerGetDatum(value), value == NULL);
}

/* nvp_arg_bytea adds len bytes. */
void
nvp_arg_bytea(NvpQuery *query, const char *data, int len)
{
	bytea	   *value = palloc(VARHDRSZ + len);

	SET_VARSIZE(value, VARHDRSZ + len);
	memcpy(VARDATA(value), data, len);
	add_arg(query, BYTEAOID, PointerGetDatum(value), false);
}

/* nvp_arg_datum adds a value of any type, which is not copied. */
void
nvp_arg_datum(NvpQuery *query, Oid type, Datum value)
{
	add_arg(query, type, value, false);
}

/* nvp_get_datum gives a result as it is: it lives until the next exec or close. */
Datum
nvp_get_datum(int row, int col, bool *isnull)
{
	Assert(SPI_tuptable && row < SPI_processed);
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, col + 1, isnull);
}

/* nvp_get_isnull tells whether a result is NULL. */
bool
nvp_get_isnull(int row, int col)
{
	bool		isnull;

	(void) nvp_get_datum(row, col, &isnull);
	return isnull;
}

/* nvp_get_text copies a result of any type as text; NULL for NULL. */
char *
nvp_get_text(NvpQuery *query, int row, int col)
{
	char	   *value = SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, col + 1);

	return value ? MemoryContextStrdup(query->context, value) : NULL;
}

/* nvp_get_jsonb copies a jsonb result; NULL for NULL. */
Jsonb *
nvp_get_jsonb(NvpQuery *query, int row, int col)
{
	bool		isnull;
	Datum		datum = nvp_get_datum(row, col, &isnull);
	MemoryContext old;
	Jsonb	   *value;

	if (isnull)
		return NULL;
	old = MemoryContextSwitchTo(query->context);
	value = DatumGetJsonbPCopy(datum);
	MemoryContextSwitchTo(old);
	return value;
}

/* nvp_get_bytea copies a bytea result; NULL for NULL. */
bytea *
nvp_get_bytea(NvpQuery *query, int row, int col)
{
	bool		isnull;
	Datum		datum = nvp_get_datum(row, col, &isnull);
	MemoryContext old;
	bytea	   *value;

	if (isnull)
		return NULL;
	old = MemoryContextSwitchTo(query->context);
	value = DatumGetByteaPCopy(datum);
	MemoryContextSwitchTo(old);
	return value;
}

/* nvp_get_uuid copies a uuid; false for NULL. */
bool
nvp_get_uuid(int row, int col, pg_uuid_t *out)
{
	bool		isnull;
	Datum		datum = nvp_get_datum(row, col, &isnull);

	if (!isnull)
		*out = *DatumGetUUIDP(datum);
	return !isnull;
}

/* nvp_get_int8 gives a bigint, 0 for NULL. */
int64
nvp_get_int8(int row, int col)
{
	bool		isnull;
	Datum		datum = nvp_get_datum(row, col, &isnull);

	return isnull ? 0 : DatumGetInt64(datum);
}

/* nvp_get_int4 gives an integer, 0 for NULL. */
int32
nvp_get_int4(int row, int col)
{
	bool		isnull;
	Datum		datum = nvp_get_datum(row, col, &isnull);

	return isnull ? 0 : DatumGetInt32(datum);
}

/* nvp_get_bool gives a boolean, false for NULL. */
bool
nvp_get_bool(int row, int col)
{
	bool		isnull;
	Datum		datum = nvp_get_datum(row, col, &isnull);

	return !isnull && DatumGetBool(datum);
}

/* nvp_get_time gives a timestamptz, 0 for NULL. */
TimestampTz
nvp_get_time(int row, int col)
{
	bool		isnull;
	Datum		datum = nvp_get_datum(row, col, &isnull);

	return isnull ? 0 : DatumGetTimestampTz(datum);
}

/* nvp_get_numeric gives a numeric as double, def for NULL. */
double
nvp_get_numeric(int row, int col, double def)
{
	bool		isnull;
	Datum		datum = nvp_get_datum(row, col, &isnull);

	return isnull ? def : DatumGetFloat8(DirectFunctionCall1(numeric_float8, datum));
}
