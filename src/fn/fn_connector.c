/*-------------------------------------------------------------------------
 *
 * fn_connector.c
 *		Definitions of connectors, their tests and listings.
 *
 * Listings and tests run in the user's own session, within a transaction; they
 * are bounded by nuvopipe.listing_timeout and can be canceled.
 *
 * Errors: 22023 for definitions; a place that cannot be reached is a row of
 *		   test_connector, but an error of list_connector.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "api/caller.h"
#include "base/compat.h"
#include "connector/connector.h"
#include "connector/option.h"

PG_FUNCTION_INFO_V1(nuvopipe_check_connector);
PG_FUNCTION_INFO_V1(nuvopipe_probe_connector);
PG_FUNCTION_INFO_V1(nuvopipe_list_objects);

/*
 * _nuvopipe.check_connector(direction text, node_type text, configuration jsonb,
 *		stored_open jsonb, stored_secret jsonb, OUT open_part jsonb, OUT secret_part jsonb)
 */
Datum
nuvopipe_check_connector(PG_FUNCTION_ARGS)
{
	NvpDefinition definition = {0};
	Jsonb	   *open_part;
	Jsonb	   *secret_part;
	TupleDesc	tupdesc;
	Datum		values[2] = {0};
	bool		nulls[2] = {false, false};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function returning record called in context that cannot accept type record")));
	for (int i = 0; i < 3; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must be given", i == 0 ? "direction" : i == 1 ? "node_type" : "configuration")));
	definition.is_input = strcmp(text_to_cstring(PG_GETARG_TEXT_PP(0)), "INPUT") == 0;
	definition.routine = nvp_connector_require(text_to_cstring(PG_GETARG_TEXT_PP(1)), definition.is_input);
	definition.configuration = PG_GETARG_JSONB_P(2);
	definition.stored_open = PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3);
	definition.stored_secret = PG_ARGISNULL(4) ? NULL : PG_GETARG_JSONB_P(4);
	nvp_connector_split(&definition, &open_part, &secret_part);
	values[0] = JsonbPGetDatum(open_part);
	if (secret_part)
		values[1] = JsonbPGetDatum(secret_part);
	nulls[1] = secret_part == NULL;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}

/* The connector of an argument, its use allowed to the caller. */
static NvpConnector *
load_connector(Datum id)
{
	NvpConnector *connector = nvp_connector_load(DatumGetCString(DirectFunctionCall1(uuid_out, id)));

	if (connector->routine->authorize)
		connector->routine->authorize(connector, nvp_caller_role());
	return connector;
}

/* ---- test ---- */

typedef struct Step
{
	const char *name;
	instr_time	begun;
} Step;

static void
begin_step(Step *step, const char *name)
{
	step->name = name;
	INSTR_TIME_SET_CURRENT(step->begun);
}

static void
end_step(ReturnSetInfo *rsinfo, const Step *step, bool ok, const char *detail)
{
	Datum		values[4];
	bool		nulls[4] = {false, false, false, false};
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, step->begun);
	values[0] = CStringGetTextDatum(step->name);
	values[1] = BoolGetDatum(ok);
	values[2] = CStringGetTextDatum(detail);
	values[3] = NumericGetDatum(int64_div_fast_to_numeric((int64) INSTR_TIME_GET_MICROSEC(now), 3));
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* A fault in one line. */
static char *
fault_text(const NvpFault *fault)
{
	return psprintf("%s%s%s%s%s", fault->message,
					fault->detail ? ". " : "", fault->detail ? fault->detail : "",
					fault->hint ? ". " : "", fault->hint ? fault->hint : "");
}

static bool
test_connect(ReturnSetInfo *rsinfo, NvpConnector *connector)
{
	NvpFault	fault = {0};
	Step		step;
	bool		ok;

	if (!connector->routine->probe)
		return true;
	begin_step(&step, "connect");
	ok = connector->routine->probe(connector, &fault);
	end_step(rsinfo, &step, ok, ok ? "reached, and let in" : fault_text(&fault));
	return ok;
}

static void
test_list(ReturnSetInfo *rsinfo, NvpConnector *connector)
{
	NvpFault	fault = {0};
	NvpObject  *objects;
	int			n = 0;
	int			taken = 0;
	Step		step;
	bool		ok;

	if (!connector->is_input || !connector->routine->list)
		return;
	begin_step(&step, "list");
	ok = connector->routine->list(connector, &objects, &n, &fault);
	for (int i = 0; ok && i < n; i++)
		taken += objects[i].taken;
	end_step(rsinfo, &step, ok, ok ? psprintf("%d of %d objects would be taken", taken, n) : fault_text(&fault));
}

/* _nuvopipe.probe_connector(id uuid) returns table (step text, ok boolean, detail text, duration_ms numeric) */
Datum
nuvopipe_probe_connector(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	NvpConnector *connector;
	Step		step;

	InitMaterializedSRF(fcinfo, 0);
	begin_step(&step, "load");
	connector = load_connector(PG_GETARG_DATUM(0));
	end_step(rsinfo, &step, true, connector->routine->probe || connector->routine->list ?
			 "definition, secrets and permission are in order" :
			 "definition is in order; there is nothing to connect to");
	if (test_connect(rsinfo, connector))
		test_list(rsinfo, connector);
	nvp_connector_free(connector);
	return (Datum) 0;
}

/* ---- list ---- */

static void
put_object(ReturnSetInfo *rsinfo, const NvpObject *object)
{
	Datum		values[6] = {0};
	bool		nulls[6] = {false, object->bytes < 0, object->modified_at == 0, !object->version,
	false, !object->reason};

	values[0] = CStringGetTextDatum(object->path);
	values[1] = Int64GetDatum(object->bytes);
	values[2] = TimestampTzGetDatum(object->modified_at);
	if (object->version)
		values[3] = CStringGetTextDatum(object->version);
	values[4] = BoolGetDatum(object->taken);
	if (object->reason)
		values[5] = CStringGetTextDatum(object->reason);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * _nuvopipe.list_objects(id uuid) returns table (path text, bytes bigint,
 *		modified_at timestamptz, version text, taken boolean, reason text)
 */
Datum
nuvopipe_list_objects(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	NvpConnector *connector;
	NvpFault	fault = {0};
	NvpObject  *objects;
	int			n = 0;
	bool		ok;

	InitMaterializedSRF(fcinfo, 0);
	connector = load_connector(PG_GETARG_DATUM(0));
	if (!connector->is_input || !connector->routine->list)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("connector \"%s\" has nothing to list", connector->name),
				 errdetail("It is %s.", connector->is_input ? "an input to which data is pushed" : "an output")));
	ok = connector->routine->list(connector, &objects, &n, &fault);
	for (int i = 0; ok && i < n; i++)
		put_object(rsinfo, &objects[i]);
	nvp_connector_free(connector);
	if (!ok)
		ereport(ERROR,
				(errcode(fault.sqlstate),
				 errmsg("%s", fault.message),
				 fault.detail ? errdetail("%s", fault.detail) : 0,
				 fault.hint ? errhint("%s", fault.hint) : 0));
	return (Datum) 0;
}
