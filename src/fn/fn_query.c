/*-------------------------------------------------------------------------
 *
 * fn_query.c
 *		What a user's query would return, without running it.
 *
 * Flow:   text --> parse analysis as the caller --> one reading statement?
 *		   --> result columns (describe_query)
 *		   --> executor start and end: privileges (check_query)
 * Memory: SPI's; results are copied into the caller's tuplestore.
 * Errors: those of the parser, with its position in the query; 22023 if the
 *		   text is not one statement that only reads; 42501.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/cmdtag.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/plancache.h"

#include "api/caller.h"
#include "base/compat.h"

PG_FUNCTION_INFO_V1(nuvopipe_describe_query);
PG_FUNCTION_INFO_V1(nuvopipe_check_query);
PG_FUNCTION_INFO_V1(nuvopipe_check_query_as);

static void
refuse(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("query must be one statement that only reads"),
			 errdetail("%s", detail)));
}

/* Parse the query; its only plan source.  Between SPI_connect and SPI_finish. */
static CachedPlanSource *
prepare_query(const char *query, SPIPlanPtr *plan)
{
	CachedPlanSource *source;
	List	   *sources;
	ListCell   *lc;

	*plan = SPI_prepare(query, 0, NULL);
	if (*plan == NULL)
		refuse("This kind of statement cannot be prepared.");
	sources = SPI_plan_get_plan_sources(*plan);
	if (list_length(sources) != 1)
		refuse(sources == NIL ? "The text is empty." : "There is more than one statement.");
	source = linitial(sources);
	if (source->commandTag != CMDTAG_SELECT || source->resultDesc == NULL)
		refuse("It is not a SELECT, VALUES or TABLE statement.");
	foreach(lc, source->query_list)
	{
		if (lfirst_node(Query, lc)->hasModifyingCTE)
			refuse("It changes data in a WITH clause.");
	}
	return source;
}

static void
put_columns(ReturnSetInfo *rsinfo, TupleDesc desc)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, i);
		Datum		values[3];
		bool		nulls[3] = {false, false, false};

		values[0] = CStringGetTextDatum(NameStr(attr->attname));
		values[1] = ObjectIdGetDatum(attr->atttypid);
		values[2] = Int32GetDatum(attr->atttypmod);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

/*
 * _nuvopipe.describe_query(query text) returns setof (name text, type oid, typmod int)
 *
 * Runs with the rights and the search_path of whoever calls it.
 */
Datum
nuvopipe_describe_query(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	SPIPlanPtr	plan;

	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	put_columns((ReturnSetInfo *) fcinfo->resultinfo, prepare_query(query, &plan)->resultDesc);
	SPI_finish();
	return (Datum) 0;
}

/*
 * Takes a role for as long as it looks.  An error leaves the restoring to the
 * end of the (sub)transaction, which does it anyway.  Starting the executor
 * checks privileges; no row is asked for.
 */
static void
check_as(const char *query, Oid role)
{
	Oid			user;
	int			context;
	SPIPlanPtr	plan;
	Portal		portal;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(role, context | SECURITY_LOCAL_USERID_CHANGE);
	SPI_connect();
	prepare_query(query, &plan);
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	SPI_cursor_close(portal);
	SPI_finish();
	SetUserIdAndSecContext(user, context);
}

/*
 * _nuvopipe.check_query(query text) returns void
 *
 * Called by functions that run as the owner of the extension: looks with the
 * rights of the caller.
 */
Datum
nuvopipe_check_query(PG_FUNCTION_ARGS)
{
	check_as(text_to_cstring(PG_GETARG_TEXT_PP(0)), nvp_caller_role());
	PG_RETURN_VOID();
}

/* _nuvopipe.check_query_as(query text, role name) returns void: with the rights of somebody whose rights the caller has */
Datum
nuvopipe_check_query_as(PG_FUNCTION_ARGS)
{
	check_as(text_to_cstring(PG_GETARG_TEXT_PP(0)), get_role_oid(NameStr(*PG_GETARG_NAME(1)), false));
	PG_RETURN_VOID();
}
