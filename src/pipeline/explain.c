/*-------------------------------------------------------------------------
 *
 * explain.c
 *		The plan of a pipeline in words, before it runs.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/guc.h"
#include "connector/option.h"
#include "pipeline/plan.h"

static const char *
rule_text(const NvpModel *model, const NvpRule *rule)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, nvp_code_name(rule->code));
	for (int i = 0; i < rule->ncolumns; i++)
		appendStringInfo(&buf, "%s%s", i == 0 ? " " : ", ", model->columns[rule->columns[i].column].key);
	if (rule->kind == NVP_RULE_REGEX)
		appendStringInfo(&buf, " /%s/", rule->pattern);
	return buf.data;
}

static void
explain_column(const NvpModel *model, const NvpColumn *column, StringInfo out)
{
	appendStringInfo(out, "    %s %s", column->key, column->type->name);
	for (int i = 0; i < column->nrules; i++)
		appendStringInfo(out, "%s%s", i == 0 ? ": " : "; ", rule_text(model, &column->rules[i]));
	appendStringInfoChar(out, '\n');
}

/* what needs the whole input before the first row can be judged */
static void
explain_survey(const NvpModel *model, StringInfo out)
{
	int			n = 0;

	appendStringInfoString(out, "  Survey: ");
	for (int i = 0; i < model->ncolumns; i++)
	{
		const NvpColumn *column = &model->columns[i];

		if (nvp_column_needs_vote(column))
			appendStringInfo(out, "%svote on %s", n++ ? ", " : "", column->key);
		for (int k = 0; k < column->nrules; k++)
		{
			if (column->rules[k].kind == NVP_RULE_UNIQUE)
				appendStringInfo(out, "%sunique %s", n++ ? ", " : "", column->key);
		}
	}
	if (n == 0)
		appendStringInfoString(out, "none, the input is read once");
	else
		appendStringInfo(out, " (memory up to %d kB, then temporary files)", nvp_guc_run_memory / 2);
	appendStringInfoChar(out, '\n');
}

static void
explain_connector(const char *title, const NvpConnector *connector, StringInfo out)
{
	char	   *directory = nvp_option_text(connector, "directory_path", NULL);
	char	   *file = nvp_option_text(connector, "file_name", NULL);

	appendStringInfo(out, "  %s: %s \"%s\"", title, connector->routine->node_type, connector->name);
	if (nvp_option_text(connector, "host", NULL))
		appendStringInfo(out, " on %s", nvp_option_text(connector, "host", NULL));
	if (directory)
		appendStringInfo(out, " in %s", directory);
	if (file)
		appendStringInfo(out, " file %s", file);
	if (nvp_option_text(connector, "relation", NULL))
		appendStringInfo(out, " %s", nvp_option_text(connector, "relation", NULL));
	appendStringInfoChar(out, '\n');
}

static void
explain_policy(const NvpPlan *plan, StringInfo out)
{
	static const char *const words[] = {
		"skip_rows (rows with issues go to nuvopipe.rejected_rows)",
		"null_cells (bad cells are written empty)",
		"pass (bad cells are written as they were, as text)",
		"reject_all (one issue fails the run)"
	};

	appendStringInfo(out, "  On error: %s\n", words[plan->on_error]);
	if (plan->error_threshold >= 0)
		appendStringInfo(out, "  Threshold: the run fails above %.4g %% erroneous cells\n", plan->error_threshold);
	if (plan->developer_mode)
		appendStringInfo(out, "  Developer mode: only the first %d rows are sent\n", NVP_DEVELOPER_ROWS);
}

/* checks and locks of the table, by its owner */
static void
explain_target(const NvpPlan *plan, StringInfo out)
{
	Oid			userid;
	int			sec_context;
	NvpTargetSpec spec = plan->target;
	NvpTarget  *target;

	GetUserIdAndSecContext(&userid, &sec_context);
	SetUserIdAndSecContext(plan->owner, sec_context | SECURITY_LOCAL_USERID_CHANGE);
	spec.plan_only = true;
	target = nvp_target_open(&spec, plan->model, CurrentMemoryContext);
	nvp_target_explain(target, out);
	nvp_target_close(target);
	SetUserIdAndSecContext(userid, sec_context);
}

/*
 * nvp_plan_explain writes the plan, a line each step in the order of the run.
 *
 * errors: what would keep the pipeline from running (missing table, missing
 *		rights, columns that do not fit).
 * xact: needs one; takes the lock of the load on a target table.
 */
void
nvp_plan_explain(const NvpPlan *plan, StringInfo out)
{
	appendStringInfo(out, "Pipeline configuration %d, run as %s\n", plan->version,
					 GetUserNameFromId(plan->owner, false));
	explain_connector("Input", plan->input, out);
	appendStringInfo(out, "  Read: %s\n", plan->format_options && JB_ROOT_COUNT(plan->format_options) > 0 ?
					 JsonbToCString(NULL, &plan->format_options->root, VARSIZE(plan->format_options)) :
					 "format recognised from the first 256 kB");
	explain_survey(plan->model, out);
	appendStringInfo(out, "  Map: %s\n", plan->mapping_config && JB_ROOT_COUNT(plan->mapping_config) > 0 ?
					 "stored mappings, then by key, label and alternative names" :
					 "by key, label and alternative names");
	appendStringInfo(out, "  Validate: \"%s\", %d columns\n", plan->tdm_name, plan->model->ncolumns);
	for (int i = 0; i < plan->model->ncolumns; i++)
		explain_column(plan->model, &plan->model->columns[i], out);
	explain_policy(plan, out);
	explain_connector("Output", plan->output, out);
	if (plan->to_table)
		explain_target(plan, out);
	else
		appendStringInfo(out, "    written to a temporary file, then sent as %s\n", plan->content_type);
}
