/*-------------------------------------------------------------------------
 *
 * fn_pipeline.c
 *		SQL entry points: looking at a pipeline before it runs; runners' kept plans.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "base/query.h"
#include "pipeline/plan.h"
#include "pipeline/plan_cache.h"

PG_FUNCTION_INFO_V1(nuvopipe_explain_pipeline);
PG_FUNCTION_INFO_V1(nuvopipe_forget_plans);

/* the current configuration of a pipeline the caller manages */
static pg_uuid_t
current_configuration(const char *pipeline)
{
	NvpQuery	query;
	pg_uuid_t	id;

	nvp_query_open(&query);
	nvp_arg_text(&query, pipeline);
	nvp_query_exec(&query,
				   "SELECT configuration_id FROM _nuvopipe.pipeline WHERE id = _nuvopipe.find('pipeline', $1, 'write')");
	if (!nvp_get_uuid(0, 0, &id))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("pipeline \"%s\" does not exist", pipeline));
	nvp_query_close(&query);
	return id;
}

/* nuvopipe.explain_pipeline(pipeline text) */
Datum
nuvopipe_explain_pipeline(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	pg_uuid_t	id = current_configuration(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	NvpFaultType blame;
	NvpPlan    *plan = nvp_plan_load(&id, &blame);
	StringInfoData buf;
	char	   *line;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	initStringInfo(&buf);
	nvp_plan_explain(plan, &buf);
	nvp_plan_free(plan);
	for (char *p = buf.data; (line = strsep(&p, "\n")) != NULL;)
	{
		Datum		value = CStringGetTextDatum(line);
		bool		isnull = false;

		if (line[0])
			tuplestore_putvalues(result->setResult, result->setDesc, &value, &isnull);
	}
	return (Datum) 0;
}

/* _nuvopipe.forget_plans() returns trigger: rows have changed that plans are made of */
Datum
nuvopipe_forget_plans(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				errmsg("_nuvopipe.forget_plans must be called as a trigger"));
	nvp_plan_forget_all();
	return PointerGetDatum(NULL);
}
