/*-------------------------------------------------------------------------
 *
 * plan.h
 *		A pipeline's configuration, compiled for one run.
 *
 * Calls:  nvp_plan_load in a transaction, nvp_plan_explain, nvp_plan_free.
 * Memory: everything lives in the context current at load; free closes
 *		   connections and wipes secrets.
 * Errors: 42704 for parts that have gone, 22023 with the JSON path for
 *		   definitions that no longer compile.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_PIPELINE_PLAN_H
#define NVP_PIPELINE_PLAN_H

#include "utils/jsonb.h"
#include "utils/uuid.h"

#include "connector/connector.h"
#include "format/writer.h"
#include "model/model.h"
#include "pipeline/job.h"
#include "write/target.h"

typedef enum NvpKeepInput
{
	NVP_KEEP_FAILED = 0,
	NVP_KEEP_ALWAYS,
	NVP_KEEP_NEVER
} NvpKeepInput;

typedef struct NvpPlan
{
	pg_uuid_t	configuration_id;
	int			version;
	char	   *owner_role;		/* database role of the pipeline's owner */
	Oid			owner;			/* the same */
	NvpModel   *model;
	char	   *tdm_name;
	Jsonb	   *mapping_config;
	Jsonb	   *format_options; /* options.format and header_config in one, or NULL */
	double		error_threshold;	/* percent; -1 = none */
	bool		developer_mode;
	NvpOnError	on_error;
	NvpKeepInput keep_input;
	bool		keep_output;	/* of a file or an endpoint */
	bool		forced;			/* options.force: the ledger is not asked */
	NvpConnector *input;
	NvpConnector *output;

	/* a table as output */
	bool		to_table;
	Oid			relation;
	NvpTargetSpec target;

	/* a file or an endpoint as output */
	NvpWriteFormat write_format;
	const char *content_type;
} NvpPlan;

extern NvpPlan *nvp_plan_load(const pg_uuid_t *configuration_id, NvpFaultType *blame);
extern void nvp_plan_resolve(NvpPlan *plan, NvpFaultType *blame);
extern void nvp_plan_authorize(NvpPlan *plan, NvpFaultType *blame);
extern void nvp_plan_explain(const NvpPlan *plan, StringInfo out);
extern void nvp_plan_free(NvpPlan *plan);
extern char *nvp_plan_output_name(const NvpPlan *plan, const char *input_name, int siblings);

#define NVP_DEVELOPER_ROWS	100

#endif							/* NVP_PIPELINE_PLAN_H */
