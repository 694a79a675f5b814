/*-------------------------------------------------------------------------
 *
 * enqueue.c
 *		The beginning of an execution: it is queued.
 *
 * See enqueue.h.  Somebody waits for the call that does it, and for the run, so
 * rows are found and written without statements.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/guc.h"
#include "base/jsonb.h"
#include "base/query.h"
#include "base/table.h"
#include "base/uuid.h"
#include "exec/enqueue.h"
#include "exec/tell.h"

#define CONNECTORS		2

/* what comes from the definitions */
typedef struct Origin
{
	pg_uuid_t	tenant_id;
	pg_uuid_t	owner_id;
	pg_uuid_t	configuration_id;
	pg_uuid_t	connectors[CONNECTORS];
	NameData	owner_role;
	int			max_attempts;
	int			max_run_time;	/* 0 = none */
	int			priority;
	Datum		hosts;			/* text[] */
} Origin;

static Jsonb *
get_jsonb(NvpTable *table, const char *column)
{
	bool		isnull;
	Datum		value = nvp_table_get(table, column, &isnull);

	return DatumGetJsonbPCopy(value);
}

static int
get_option(Jsonb *options, const char *name, int otherwise)
{
	const NvpPath path = {.member = "options"};

	return nvp_jsonb_int(&options->root, &path, name, otherwise, PG_INT32_MIN, PG_INT32_MAX);
}

pg_noreturn static void
missing(const pg_uuid_t *pipeline_id)
{
	ereport(ERROR,
			errcode(ERRCODE_UNDEFINED_OBJECT),
			errmsg("pipeline \"%s\" does not exist",
				   DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(pipeline_id)))));
}

static void
read_pipeline(const pg_uuid_t *id, Origin *origin)
{
	NvpTable	table;

	if (!nvp_table_look_up(&table, "pipeline", "pipeline_pkey", id))
		missing(id);
	nvp_table_get_uuid(&table, "tenant_id", &origin->tenant_id);
	nvp_table_get_uuid(&table, "owner_id", &origin->owner_id);
	nvp_table_get_uuid(&table, "configuration_id", &origin->configuration_id);
	nvp_table_close(&table);
}

static void
read_configuration(const pg_uuid_t *pipeline_id, Origin *origin)
{
	NvpTable	table;
	Jsonb	   *options;

	if (!nvp_table_look_up(&table, "pipeline_configuration", "pipeline_configuration_pkey", &origin->configuration_id))
		missing(pipeline_id);
	nvp_table_get_uuid(&table, "input_connector_id", &origin->connectors[0]);
	nvp_table_get_uuid(&table, "output_connector_id", &origin->connectors[1]);
	options = get_jsonb(&table, "options");
	nvp_table_close(&table);
	origin->max_attempts = get_option(options, "max_attempts", nvp_guc_max_retries + 1);
	origin->max_run_time = get_option(options, "max_run_time", 0);
	origin->priority = get_option(options, "priority", 0);
}

static bool
get_role(const char *name, const char *index, const pg_uuid_t *id, NameData *role)
{
	NvpTable	table;
	char	   *found = NULL;

	if (nvp_table_look_up(&table, name, index, id))
		found = nvp_table_get_name(&table, "database_role");
	nvp_table_close(&table);
	if (found)
		namestrcpy(role, found);
	return found != NULL;
}

/* as the view _nuvopipe.owner has it */
static void
read_owner(Origin *origin)
{
	if (!get_role("principal", "principal_pkey", &origin->owner_id, &origin->owner_role) &&
		!get_role("organization", "organization_pkey", &origin->tenant_id, &origin->owner_role))
		namestrcpy(&origin->owner_role, "nuvopipe_tenant");
}

static bool
names_host(const pg_uuid_t *connector_id)
{
	NvpTable	table;
	bool		named = false;

	if (nvp_table_look_up(&table, "connector", "connector_pkey", connector_id))
	{
		Jsonb	   *configuration = get_jsonb(&table, "configuration");

		named = nvp_jsonb_get(&configuration->root, "host") || nvp_jsonb_get(&configuration->root, "url");
	}
	nvp_table_close(&table);
	return named;
}

/* most connectors reach none; of the others it is known in SQL which */
static void
read_hosts(Origin *origin)
{
	NvpQuery	query;
	bool		isnull;

	if (!names_host(&origin->connectors[0]) && !names_host(&origin->connectors[1]))
	{
		origin->hosts = PointerGetDatum(construct_empty_array(TEXTOID));
		return;
	}
	nvp_query_open(&query);
	nvp_arg_uuid(&query, &origin->connectors[0]);
	nvp_arg_uuid(&query, &origin->connectors[1]);
	nvp_query_keep(&query, "SELECT _nuvopipe.hosts_of($1, $2)");
	MemoryContextSwitchTo(query.context);
	origin->hosts = PointerGetDatum(DatumGetArrayTypePCopy(nvp_get_datum(0, 0, &isnull)));
	nvp_query_close(&query);
}

static void
write_run(const NvpStart *start, const Origin *origin, TimestampTz now)
{
	NvpTable	table;
	Datum		keys[] = {UUIDPGetDatum(&origin->tenant_id), UUIDPGetDatum(&start->run_id)};

	nvp_table_open(&table, "run");
	if (!nvp_table_find(&table, "run_pkey", lengthof(keys), keys))
	{
		nvp_table_blank(&table);
		nvp_table_put(&table, "tenant_id", keys[0]);
		nvp_table_put(&table, "id", keys[1]);
		nvp_table_put(&table, "pipeline_id", UUIDPGetDatum(&start->pipeline_id));
		nvp_table_put_text(&table, "trigger_type", start->trigger_type);
		nvp_table_put(&table, "created_at", TimestampTzGetDatum(now));
		nvp_table_put(&table, "created_by", UUIDPGetDatum(&start->creator));
		nvp_table_insert(&table);
	}
	nvp_table_close(&table);
}

/* its limits, and what it is to take */
static void
put_task(NvpTable *table, const NvpStart *start, const Origin *origin)
{
	int			max_run_time = start->max_run_time > 0 ? start->max_run_time : origin->max_run_time;

	nvp_table_put(table, "attempts", Int32GetDatum(0));
	nvp_table_put(table, "max_attempts", Int32GetDatum(origin->max_attempts));
	if (max_run_time > 0)
		nvp_table_put(table, "max_run_time", Int32GetDatum(max_run_time));
	nvp_table_put(table, "priority", Int32GetDatum(origin->priority));
	nvp_table_put(table, "hosts", origin->hosts);
	nvp_table_put_text(table, "object_path", start->path);
	nvp_table_put_text(table, "object_name", start->name);
	nvp_table_put_text(table, "object_version", start->version);
	if (start->bytes >= 0)
		nvp_table_put(table, "object_bytes", Int64GetDatum(start->bytes));
	if (start->input_id)
		nvp_table_put(table, "input_id", UUIDPGetDatum(start->input_id));
	nvp_table_put(table, "has_issues", BoolGetDatum(false));
	nvp_table_put(table, "forced", BoolGetDatum(start->forced));
	nvp_table_put(table, "discover", BoolGetDatum(start->discover));
	nvp_table_put(table, "cancel_requested", BoolGetDatum(false));
}

static void
write_execution(const NvpStart *start, const Origin *origin, const pg_uuid_t *id, TimestampTz now)
{
	NvpTable	table;

	nvp_table_open(&table, "execution");
	nvp_table_blank(&table);
	nvp_table_put(&table, "tenant_id", UUIDPGetDatum(&origin->tenant_id));
	nvp_table_put(&table, "id", UUIDPGetDatum(id));
	nvp_table_put(&table, "run_id", UUIDPGetDatum(&start->run_id));
	nvp_table_put(&table, "pipeline_id", UUIDPGetDatum(&start->pipeline_id));
	nvp_table_put(&table, "configuration_id", UUIDPGetDatum(&origin->configuration_id));
	nvp_table_put(&table, "owner_id", UUIDPGetDatum(&origin->owner_id));
	nvp_table_put(&table, "owner_role", NameGetDatum(&origin->owner_role));
	nvp_table_put_text(&table, "trigger_type", start->trigger_type);
	nvp_table_put_text(&table, "status", "QUEUED");
	put_task(&table, start, origin);
	nvp_table_put(&table, "available_at", TimestampTzGetDatum(now));
	nvp_table_put(&table, "queued_at", TimestampTzGetDatum(now));
	nvp_table_put(&table, "created_at", TimestampTzGetDatum(now));
	nvp_table_put(&table, "created_by", UUIDPGetDatum(&start->creator));
	nvp_table_put(&table, "updated_at", TimestampTzGetDatum(now));
	nvp_table_put(&table, "updated_by", UUIDPGetDatum(&start->creator));
	nvp_table_insert(&table);
	nvp_table_close(&table);
}

static void
tell_queued(const NvpStart *start, const Origin *origin, const pg_uuid_t *id)
{
	const NvpNews news = {
		.tenant_id = origin->tenant_id, .execution_id = *id, .pipeline_id = start->pipeline_id,
		.owner_id = origin->owner_id, .owner_role = NameStr(origin->owner_role), .status = "QUEUED"
	};

	nvp_tell(&news);
}

/*
 * nvp_exec_enqueue queues one execution of the current configuration of a
 * pipeline, and of its run, which begins with the first of them.
 *
 * out: its id.
 */
void
nvp_exec_enqueue(const NvpStart *start, pg_uuid_t *id)
{
	TimestampTz now = GetCurrentTimestamp();
	Origin		origin;

	PreventCommandIfReadOnly("INSERT");
	PushActiveSnapshot(GetTransactionSnapshot());
	read_pipeline(&start->pipeline_id, &origin);
	read_configuration(&start->pipeline_id, &origin);
	read_owner(&origin);
	read_hosts(&origin);
	PopActiveSnapshot();
	nvp_uuid_v7(id);
	write_run(start, &origin, now);
	write_execution(start, &origin, id, now);
	tell_queued(start, &origin, id);
}
