/*-------------------------------------------------------------------------
 *
 * fn_execute.c
 *		SQL entry points: queueing executions.
 *
 * Flow:   whose pipeline --> what is its input --> mostly one execution, which is
 *		   queued here, without a statement; uploads and the objects of a directory
 *		   are the business of SQL (_nuvopipe.queue_objects)
 * Memory: of the call.
 * Errors: 42501, 42704, 42P09, 22004, 55000; 25006 on a standby.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/jsonb.h"
#include "base/query.h"
#include "base/table.h"
#include "base/uuid.h"
#include "exec/enqueue.h"
#include "fn/fn_identity.h"

PG_FUNCTION_INFO_V1(nuvopipe_execute);
PG_FUNCTION_INFO_V1(nuvopipe_find_to_execute);
PG_FUNCTION_INFO_V1(nuvopipe_queue);

static char *
get_text(FunctionCallInfo fcinfo, int i)
{
	return PG_ARGISNULL(i) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(i));
}

pg_noreturn static void
refuse_null(const char *what)
{
	ereport(ERROR,
			errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			errmsg("%s must not be null", what));
}

/*
 * _nuvopipe.queue(pipeline_id uuid, run_id uuid, trigger_type text, forced boolean,
 * discover boolean, path text, name text, version text, bytes bigint, input uuid,
 * creator uuid, max_run_time int) returns uuid
 */
Datum
nuvopipe_queue(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));
	NvpStart	start = {
		.path = get_text(fcinfo, 5), .name = get_text(fcinfo, 6), .version = get_text(fcinfo, 7),
		.bytes = PG_ARGISNULL(8) ? -1 : PG_GETARG_INT64(8),
		.input_id = PG_ARGISNULL(9) ? NULL : PG_GETARG_UUID_P(9),
		.max_run_time = PG_ARGISNULL(11) ? 0 : PG_GETARG_INT32(11)
	};

	for (int i = 0; i < 5; i++)
	{
		if (PG_ARGISNULL(i))
			refuse_null(i == 3 ? "force" : "what is queued");
	}
	start.pipeline_id = *PG_GETARG_UUID_P(0);
	start.run_id = *PG_GETARG_UUID_P(1);
	start.trigger_type = get_text(fcinfo, 2);
	start.forced = PG_GETARG_BOOL(3);
	start.discover = PG_GETARG_BOOL(4);
	if (PG_ARGISNULL(10))
		nvp_me(&start.creator);
	else
		start.creator = *PG_GETARG_UUID_P(10);
	nvp_exec_enqueue(&start, id);
	PG_RETURN_UUID_P(id);
}

/* the id of a pipeline that the caller may execute */
static void
find_to_execute(const char *pipeline, pg_uuid_t *id)
{
	nvp_require_right("create", "execution");
	nvp_find("pipeline", pipeline, "read", id);
}

/* _nuvopipe.find_to_execute(pipeline text) returns uuid */
Datum
nuvopipe_find_to_execute(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));

	find_to_execute(get_text(fcinfo, 0), id);
	PG_RETURN_UUID_P(id);
}

/* what a run of a pipeline begins with */
typedef struct Input
{
	pg_uuid_t	tenant_id;
	bool		is_pushed;
	bool		is_listed;		/* objects are looked for */
	bool		is_one;			/* but only that of a certain name */
} Input;

static void
read_connector(NvpTable *table, Input *input)
{
	bool		isnull;
	Jsonb	   *configuration = DatumGetJsonbP(nvp_table_get(table, "configuration", &isnull));

	input->is_one = nvp_jsonb_get(&configuration->root, "file_name") != NULL;
	input->is_pushed = nvp_table_is(table, "node_type", "MANUAL");
	input->is_listed = nvp_table_is(table, "node_type", "FTP") || nvp_table_is(table, "node_type", "FILE");
}

/* where the pipeline is gone by now, nothing: whoever queues it says so */
static void
read_input(const pg_uuid_t *pipeline_id, Input *input)
{
	NvpTable	table;
	pg_uuid_t	configuration_id;
	pg_uuid_t	connector_id;

	memset(input, 0, sizeof(*input));
	memset(&configuration_id, 0, sizeof(configuration_id));
	memset(&connector_id, 0, sizeof(connector_id));
	if (nvp_table_look_up(&table, "pipeline", "pipeline_pkey", pipeline_id))
	{
		nvp_table_get_uuid(&table, "tenant_id", &input->tenant_id);
		nvp_table_get_uuid(&table, "configuration_id", &configuration_id);
	}
	nvp_table_close(&table);
	if (nvp_table_look_up(&table, "pipeline_configuration", "pipeline_configuration_pkey", &configuration_id))
		nvp_table_get_uuid(&table, "input_connector_id", &connector_id);
	nvp_table_close(&table);
	if (nvp_table_look_up(&table, "connector", "connector_pkey", &connector_id))
		read_connector(&table, input);
	nvp_table_close(&table);
}

/* those of an upload, or of new objects; false if the source does not answer now */
static bool
queue_objects(const char *pipeline, const NvpStart *start, const pg_uuid_t *upload, ArrayType **ids)
{
	NvpQuery	query;
	bool		isnull;
	Datum		value;

	nvp_query_open(&query);
	nvp_arg_text(&query, pipeline);
	nvp_arg_uuid(&query, &start->pipeline_id);
	nvp_arg_uuid(&query, &start->run_id);
	nvp_arg_bool(&query, start->forced);
	nvp_arg_uuid(&query, upload);
	nvp_query_keep(&query, "SELECT _nuvopipe.queue_objects($1, $2, $3, $4, $5)");
	value = nvp_get_datum(0, 0, &isnull);
	MemoryContextSwitchTo(query.context);
	if (!isnull)
		*ids = DatumGetArrayTypePCopy(value);
	nvp_query_close(&query);
	return !isnull;
}

static void
put_column(NvpTable *table, const char *column, Datum *value, bool *isnull)
{
	*value = nvp_table_get(table, column, isnull);
}

/* a row of nuvopipe.execution */
static void
put_execution(ReturnSetInfo *result, const pg_uuid_t *tenant_id, const pg_uuid_t *id)
{
	NvpTable	table;
	Datum		keys[] = {UUIDPGetDatum(tenant_id), UUIDPGetDatum(id)};
	Datum		values[6];
	bool		nulls[6];

	nvp_table_look(&table, "execution");
	if (nvp_table_find(&table, "execution_pkey", lengthof(keys), keys))
	{
		put_column(&table, "id", &values[0], &nulls[0]);
		put_column(&table, "pipeline_id", &values[1], &nulls[1]);
		put_column(&table, "status", &values[2], &nulls[2]);
		put_column(&table, "trigger_type", &values[3], &nulls[3]);
		put_column(&table, "object_path", &values[4], &nulls[4]);
		put_column(&table, "created_at", &values[5], &nulls[5]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	nvp_table_close(&table);
}

static void
put_executions(ReturnSetInfo *result, const pg_uuid_t *tenant_id, ArrayType *ids)
{
	Datum	   *items;
	int			n;

	deconstruct_array(ids, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, &items, NULL, &n);
	for (int i = 0; i < n; i++)
		put_execution(result, tenant_id, DatumGetUUIDP(items[i]));
}

/* nuvopipe.execute(pipeline text, force boolean, upload uuid) returns setof nuvopipe.execution */
Datum
nuvopipe_execute(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	char	   *pipeline = get_text(fcinfo, 0);
	const pg_uuid_t *upload = PG_ARGISNULL(2) ? NULL : PG_GETARG_UUID_P(2);
	NvpStart	start = {.trigger_type = "MANUAL", .bytes = -1};
	Input		input;
	ArrayType  *ids;
	pg_uuid_t	id;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(1))
		refuse_null("force");
	PushActiveSnapshot(GetTransactionSnapshot());
	find_to_execute(pipeline, &start.pipeline_id);
	read_input(&start.pipeline_id, &input);
	PopActiveSnapshot();
	nvp_uuid_v7(&start.run_id);
	start.forced = PG_GETARG_BOOL(1);
	start.discover = input.is_listed;
	nvp_me(&start.creator);
	if ((upload || input.is_pushed || (input.is_listed && !input.is_one && !start.forced)) &&
		queue_objects(pipeline, &start, upload, &ids))
	{
		PushActiveSnapshot(GetTransactionSnapshot());
		put_executions(result, &input.tenant_id, ids);
	}
	else
	{
		nvp_exec_enqueue(&start, &id);
		PushActiveSnapshot(GetTransactionSnapshot());
		put_execution(result, &input.tenant_id, &id);
	}
	PopActiveSnapshot();
	return (Datum) 0;
}
