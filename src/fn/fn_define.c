/*-------------------------------------------------------------------------
 *
 * fn_define.c
 *		What definitions can be made of: the kinds of columns, validations and
 *		connectors there are; and a look at the data of a connector.
 *
 * A sample is read within the caller's transaction, so only from where no
 * network is waited for.
 *
 * Errors: 42501, 0A000, 22P04; what the kind of connector reports.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "api/caller.h"
#include "base/compat.h"
#include "base/spool.h"
#include "connector/connector.h"
#include "fn/fn_format.h"
#include "model/definition.h"

PG_FUNCTION_INFO_V1(nuvopipe_column_types);
PG_FUNCTION_INFO_V1(nuvopipe_validation_kinds);
PG_FUNCTION_INFO_V1(nuvopipe_connector_types);
PG_FUNCTION_INFO_V1(nuvopipe_sample_connector);

/* ---- columns ---- */

/* JSON type of a value's output, as far as no option changes it. */
static const char *
json_type(uint8 kind)
{
	switch (kind)
	{
		case NVP_VALUE_INT:
			return "integer";
		case NVP_VALUE_FLOAT:
		case NVP_VALUE_NUMERIC:
			return "number";
		case NVP_VALUE_BOOL:
			return "boolean";
		case NVP_VALUE_JSON:
			return "any";
		default:
			return "string";
	}
}

/* The options a type has, as text[]. */
static Datum
options_of_type(const char *type)
{
	char	   *name = psprintf(" %s ", type);
	ArrayBuildState *array = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	const char *option;
	const char *types;

	for (int i = 0; (option = nvp_option_at(i, &types)) != NULL; i++)
		if (types == NULL || strstr(types, name) != NULL)
			accumArrayResult(array, CStringGetTextDatum(option), false, TEXTOID, CurrentMemoryContext);
	return makeArrayResult(array, CurrentMemoryContext);
}

/* _nuvopipe.column_types() returns table (column_type text, output text, parameters text[]) */
Datum
nuvopipe_column_types(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NvpTypeRoutine *type;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; (type = nvp_type_at(i)) != NULL; i++)
	{
		Datum		values[3];
		bool		nulls[3] = {false, false, false};

		values[0] = CStringGetTextDatum(type->name);
		values[1] = CStringGetTextDatum(json_type(type->kind));
		values[2] = options_of_type(type->name);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* _nuvopipe.validation_kinds() returns table (kind text, parameter text) */
Datum
nuvopipe_validation_kinds(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const char *kind;
	const char *parameter;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; (kind = nvp_rule_at(i, &parameter)) != NULL; i++)
	{
		Datum		values[2] = {0};
		bool		nulls[2] = {false, parameter == NULL};

		values[0] = CStringGetTextDatum(kind);
		if (parameter)
			values[1] = CStringGetTextDatum(parameter);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* ---- connectors ---- */

static const char *
option_kind(char type)
{
	switch (type)
	{
		case 's':
			return "text";
		case 'i':
			return "integer";
		case 'b':
			return "boolean";
		case 'o':
			return "object";
		case 'a':
			return "array";
		case 'p':
			return "port";
		default:
			return "any";
	}
}

/* One field of a kind of connector; option NULL: it has none. */
static void
put_field(ReturnSetInfo *rsinfo, const NvpConnectorRoutine *routine, const NvpOptionDef *option, int position)
{
	Datum		values[8] = {0};
	bool		nulls[8] = {false, false, false, false, !option, !option, !option, !option};

	values[0] = CStringGetTextDatum(routine->node_type);
	values[1] = BoolGetDatum(routine->can_input);
	values[2] = BoolGetDatum(routine->can_output);
	values[3] = Int32GetDatum(position);
	if (option)
	{
		values[4] = CStringGetTextDatum(option->name);
		values[5] = CStringGetTextDatum(option_kind(option->type));
		values[6] = BoolGetDatum(option->required);
		values[7] = BoolGetDatum(option->secret);
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * _nuvopipe.connector_types() returns table (node_type text, can_input boolean,
 *		can_output boolean, position int, field text, kind text, required
 *		boolean, secret boolean): one row a field
 */
Datum
nuvopipe_connector_types(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NvpConnectorRoutine *routine;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; (routine = nvp_connector_at(i)) != NULL; i++)
	{
		for (int k = 0; k < routine->noptions; k++)
			put_field(rsinfo, routine, &routine->options[k], k + 1);
		if (routine->noptions == 0)
			put_field(rsinfo, routine, NULL, 0);
	}
	return (Datum) 0;
}

/* ---- sample ---- */

/* An input whose objects lie on this server. */
static NvpConnector *
load_readable(Datum id)
{
	NvpConnector *connector = nvp_connector_load(DatumGetCString(DirectFunctionCall1(uuid_out, id)));

	if (!connector->is_input)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("connector \"%s\" is an output and has no data", connector->name)));
	if (strcmp(connector->routine->node_type, "FILE") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("samples of %s connectors are not supported yet", connector->routine->node_type),
				 errhint("Run a pipeline with developer_mode, or upload a file of the same form.")));
	if (connector->routine->authorize)
		connector->routine->authorize(connector, nvp_caller_role());
	return connector;
}

/* The first object that a run would take; NULL if there is none. */
static NvpObject *
first_object(NvpConnector *connector)
{
	NvpFault	fault = {0};
	NvpObject  *objects;
	NvpObject  *first = NULL;
	int			n = 0;

	if (!connector->routine->list(connector, &objects, &n, &fault))
		nvp_fault_throw(&fault);
	for (int i = 0; i < n; i++)
		if (objects[i].taken && (first == NULL || strcmp(objects[i].name, first->name) < 0))
			first = &objects[i];
	return first;
}

static void
put_sample(ReturnSetInfo *rsinfo, NvpSpool *spool, const char *name, Jsonb *options, int64 max_rows)
{
	NvpSource  *source = nvp_spool_source(spool);

	nvp_put_source(rsinfo, source, options, name, max_rows);
	source->close(source);
}

static void
fetch_sample(ReturnSetInfo *rsinfo, NvpConnector *connector, NvpObject *object, NvpSpool *spool,
			 Jsonb *options, int64 max_rows)
{
	NvpFault	fault = {0};

	if (!connector->routine->fetch(connector, object, spool, NULL, NULL, &fault))
		nvp_fault_throw(&fault);
	if (!nvp_spool_flush(spool))
	{
		nvp_spool_fault(spool, &fault, "the sample");
		nvp_fault_throw(&fault);
	}
	put_sample(rsinfo, spool, object->name, options, max_rows);
}

/* A file that cannot be read must not leave its spool behind. */
static void
take_sample(ReturnSetInfo *rsinfo, NvpConnector *connector, NvpObject *object, Jsonb *options, int64 max_rows)
{
	NvpSpool   *volatile spool = nvp_spool_create();

	PG_TRY();
	{
		fetch_sample(rsinfo, connector, object, spool, options, max_rows);
	}
	PG_CATCH();
	{
		nvp_spool_free(spool);
		PG_RE_THROW();
	}
	PG_END_TRY();
	nvp_spool_free(spool);
}

/*
 * _nuvopipe.sample_connector(id uuid, options jsonb, max_rows int)
 *		returns table (row_no bigint, cells text[])
 *
 * Rows as nuvopipe.parse gives them; no row at all if there is no object.
 */
Datum
nuvopipe_sample_connector(PG_FUNCTION_ARGS)
{
	NvpConnector *connector;
	NvpObject  *object;

	InitMaterializedSRF(fcinfo, 0);
	connector = load_readable(PG_GETARG_DATUM(0));
	object = first_object(connector);
	if (object)
		take_sample((ReturnSetInfo *) fcinfo->resultinfo, connector, object, PG_GETARG_JSONB_P(1), PG_GETARG_INT32(2));
	nvp_connector_free(connector);
	return (Datum) 0;
}
