/*-------------------------------------------------------------------------
 *
 * plan.c
 *		A pipeline's configuration, compiled for one run.
 *
 * See plan.h for calls, memory and errors.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/regproc.h"
#include "utils/varlena.h"

#include "base/jsonb.h"
#include "base/query.h"
#include "model/definition.h"
#include "pipeline/plan.h"

/* ---- options -------------------------------------------------------------- */

static void
push_text(JsonbParseState **state, JsonbIteratorToken token, const char *text)
{
	JsonbValue	v = {.type = jbvString};

	v.val.string.val = (char *) text;
	v.val.string.len = strlen(text);
	pushJsonbValue(state, token, &v);
}

/* options.format may be a word ("csv") or an object that pins more */
static void
push_format(JsonbParseState **state, JsonbContainer *options)
{
	JsonbValue *format = nvp_jsonb_get(options, "format");
	JsonbIterator *it;
	JsonbValue	v;
	JsonbIteratorToken token;

	if (format && format->type == jbvString)
	{
		push_text(state, WJB_KEY, "format");
		pushJsonbValue(state, WJB_VALUE, format);
	}
	if (format == NULL || format->type != jbvBinary)
		return;
	it = JsonbIteratorInit(format->val.binary.data);
	token = JsonbIteratorNext(&it, &v, true);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_END_OBJECT && token != WJB_DONE)
		pushJsonbValue(state, token, &v);
}

/* header_config {"mode": "FIXED", "row_index": n, "header_rows": 1} pins the header record, or those of it */
static void
push_header(JsonbParseState **state, JsonbContainer *options)
{
	NvpPath		root = {NULL, "options", 0};
	NvpPath		path = {&root, "header_config", 0};
	JsonbContainer *header = nvp_jsonb_object(options, &root, "header_config");
	JsonbValue	v;
	int64		row_index;

	if (header == NULL || strcmp(nvp_jsonb_text(header, &path, "mode", "AUTO"), "FIXED") != 0)
		return;
	row_index = nvp_jsonb_int(header, &path, "row_index", 0, -1, 1000000);
	push_text(state, WJB_KEY, "header");
	v.type = jbvBool;
	v.val.boolean = row_index >= 0;
	pushJsonbValue(state, WJB_VALUE, &v);
	push_text(state, WJB_KEY, "skip_rows");
	v.type = jbvNumeric;
	v.val.numeric = int64_to_numeric(Max(row_index, 0));
	pushJsonbValue(state, WJB_VALUE, &v);
	if (row_index < 0)
		return;
	push_text(state, WJB_KEY, "header_rows");
	v.val.numeric = int64_to_numeric(nvp_jsonb_int(header, &path, "header_rows", 1, 1, 10));
	pushJsonbValue(state, WJB_VALUE, &v);
}

/* what pins the reader, in the form nvp_format_resolve takes */
static Jsonb *
read_format_options(JsonbContainer *options)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_format(&state, options);
	push_header(&state, options);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static void
read_options(NvpPlan *plan, Jsonb *options)
{
	NvpPath		path = {NULL, "options", 0};
	JsonbContainer *root = &options->root;
	const char *on_error = nvp_jsonb_text(root, &path, "on_error", plan->to_table ? "skip_rows" : "pass");
	const char *keep = nvp_jsonb_text(root, &path, "keep_input", "failed");

	if (!nvp_on_error_parse(on_error, &plan->on_error))
		nvp_path_error(&path, "Known are skip_rows, null_cells, pass and reject_all.",
					   "on_error \"%s\" is not known", on_error);
	if (plan->to_table && plan->on_error == NVP_PASS)
		nvp_path_error(&path, "Use skip_rows, null_cells or reject_all.",
					   "on_error \"pass\" needs a file or an endpoint as output: table columns are typed");
	if (strcmp(keep, "always") == 0)
		plan->keep_input = NVP_KEEP_ALWAYS;
	else if (strcmp(keep, "never") == 0)
		plan->keep_input = NVP_KEEP_NEVER;
	else
		plan->keep_input = NVP_KEEP_FAILED;
	plan->keep_output = strcmp(nvp_jsonb_text(root, &path, "keep_output", "always"), "always") == 0;
	plan->forced = nvp_jsonb_bool(root, &path, "force", false);
	plan->format_options = read_format_options(root);
}

/* ---- outputs -------------------------------------------------------------- */

/* the schema is one that the owner may use; whose process this is does not matter */
static void
find_relation(NvpPlan *plan)
{
	JsonbContainer *conf = &plan->output->configuration->root;
	NvpPath		path = {NULL, "configuration", 0};
	List	   *names = nvp_qualified_name_list(nvp_jsonb_text(conf, &path, "relation", ""));
	Oid			userid;
	int			sec_context;

	GetUserIdAndSecContext(&userid, &sec_context);
	SetUserIdAndSecContext(plan->owner, sec_context | SECURITY_LOCAL_USERID_CHANGE);
	plan->relation = RangeVarGetRelid(makeRangeVarFromNameList(names), NoLock, false);
	SetUserIdAndSecContext(userid, sec_context);
	plan->target.relation = plan->relation;
}

static void
read_table_output(NvpPlan *plan)
{
	JsonbContainer *conf = &plan->output->configuration->root;
	NvpPath		path = {NULL, "configuration", 0};
	char	   *mode = nvp_jsonb_text(conf, &path, "mode", "insert");
	JsonbContainer *key = nvp_jsonb_array(conf, &path, "key");

	find_relation(plan);
	if (strcmp(mode, "upsert") == 0)
		plan->target.mode = NVP_TARGET_UPSERT;
	else if (strcmp(mode, "replace") == 0)
		plan->target.mode = NVP_TARGET_REPLACE;
	else
		plan->target.mode = NVP_TARGET_INSERT;
	plan->target.may_rebuild = nvp_jsonb_bool(conf, &path, "build_indexes_last", true);
	if (key)
	{
		int			n = JsonContainerSize(key);
		const char **keys = palloc(sizeof(char *) * Max(n, 1));

		for (int i = 0; i < n; i++)
		{
			JsonbValue *v = getIthJsonbValueFromContainer(key, i);

			if (v->type != jbvString)
				nvp_path_error(&path, NULL, "member \"key\" must be a list of column names");
			keys[i] = pnstrdup(v->val.string.val, v->val.string.len);
		}
		plan->target.keys = keys;
		plan->target.nkeys = n;
	}
}

static bool
ends_with(const char *name, const char *suffix)
{
	size_t		n = strlen(name);
	size_t		m = strlen(suffix);

	return n >= m && pg_strcasecmp(name + n - m, suffix) == 0;
}

/* options.output_xml names the elements */
static void
read_xml_output(NvpPlan *plan, Jsonb *options)
{
	NvpPath		root = {NULL, "options", 0};
	NvpPath		path = {&root, "output_xml", 0};
	JsonbContainer *names = nvp_jsonb_object(&options->root, &root, "output_xml");

	plan->write_format.kind = NVP_FORMAT_XML;
	plan->content_type = "application/xml";
	if (names == NULL)
		return;
	plan->write_format.root = nvp_jsonb_text(names, &path, "root", NULL);
	plan->write_format.row = nvp_jsonb_text(names, &path, "row", NULL);
}

/* the output format follows the name; without one it is JSON */
static void
read_file_output(NvpPlan *plan, Jsonb *options)
{
	NvpPath		path = {NULL, "options", 0};
	const char *name = plan->output->output_name ? plan->output->output_name : "";
	char	   *format = nvp_jsonb_text(&options->root, &path, "output_format", NULL);
	const char *kind = format ? psprintf(".%s", format) : name;

	nvp_write_format_defaults(&plan->write_format);
	plan->write_format.kind = NVP_FORMAT_JSON;
	plan->content_type = "application/json";
	if (ends_with(kind, ".csv") || ends_with(kind, ".tsv"))
	{
		plan->write_format.kind = NVP_FORMAT_CSV;
		plan->write_format.delimiter = ends_with(kind, ".tsv") ? '\t' : ',';
		plan->content_type = ends_with(kind, ".tsv") ? "text/tab-separated-values" : "text/csv; charset=utf-8";
	}
	else if (ends_with(kind, ".jsonl") || ends_with(kind, ".ndjson"))
	{
		plan->write_format.kind = NVP_FORMAT_JSONL;
		plan->content_type = "application/x-ndjson";
	}
	else if (ends_with(kind, ".xml"))
		read_xml_output(plan, options);
	else if (ends_with(kind, ".xlsx"))
	{
		plan->write_format.kind = NVP_FORMAT_XLSX;
		plan->content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
	}
	else if (ends_with(kind, ".xls") || ends_with(kind, ".ods"))
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("output format of \"%s\" is not supported yet", kind),
				errhint("Name the output .csv, .tsv, .json, .jsonl, .xml or .xlsx."));
}

static const char *
format_suffix(const NvpPlan *plan)
{
	if (plan->write_format.kind == NVP_FORMAT_CSV)
		return plan->write_format.delimiter == '\t' ? ".tsv" : ".csv";
	if (plan->write_format.kind == NVP_FORMAT_XLSX)
		return ".xlsx";
	if (plan->write_format.kind == NVP_FORMAT_XML)
		return ".xml";
	return plan->write_format.kind == NVP_FORMAT_JSONL ? ".jsonl" : ".json";
}

static char *
without_suffix(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && dot > name ? pnstrdup(name, dot - name) : pstrdup(name);
}

/*
 * nvp_plan_output_name gives the name of the delivered object: that of the
 * connector, made unique by the input's where a run has several inputs; else
 * the input's own with the suffix of the output's format.
 *
 * Different inputs get different names: the input's suffix is left out only
 * where it is the output's too, and another joiner tells that it was not.
 */
char *
nvp_plan_output_name(const NvpPlan *plan, const char *input_name, int siblings)
{
	const char *name = plan->output->output_name;
	const char *input = input_name ? input_name : "output";
	const char *suffix = format_suffix(plan);
	size_t		stem = strlen(input) - Min(strlen(input), strlen(suffix));
	bool		same = stem > 0 && strcmp(input + stem, suffix) == 0;
	char	   *base = same ? without_suffix(input) : pstrdup(input);
	const char *dot;

	if (name == NULL || name[0] == '\0')
		return psprintf("%s%s", input_name ? base : "output", suffix);
	if (siblings <= 1)
		return pstrdup(name);
	dot = strrchr(name, '.');
	return psprintf("%s%c%s%s", without_suffix(name), same ? '-' : '_', base, dot && dot > name ? dot : "");
}

/* ---- loading -------------------------------------------------------------- */

static void
find_owner(NvpPlan *plan)
{
	plan->owner = get_role_oid(plan->owner_role, true);
	if (!OidIsValid(plan->owner))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("role \"%s\", which owns the pipeline, does not exist", plan->owner_role));
}

static void
read_configuration(NvpPlan *plan, const pg_uuid_t *id, char **input, char **output,
				   Jsonb **columns, Jsonb **options)
{
	NvpQuery	query;

	nvp_query_open(&query);
	nvp_arg_uuid(&query, id);
	if (nvp_query_keep(&query,
					   "SELECT c.input_connector_id::text, c.output_connector_id::text, t.columns, t.name,"
					   " c.mapping_config, c.error_threshold, c.developer_mode, c.options, o.role::text, c.version"
					   " FROM _nuvopipe.pipeline_configuration c"
					   " JOIN _nuvopipe.pipeline p ON p.id = c.pipeline_id"
					   " JOIN _nuvopipe.owner o ON o.id = p.owner_id"
					   " JOIN _nuvopipe.tdm t ON t.id = c.tdm_id"
					   " WHERE c.id = $1") == 0)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("the pipeline or its target data model was deleted"));
	*input = nvp_get_text(&query, 0, 0);
	*output = nvp_get_text(&query, 0, 1);
	*columns = nvp_get_jsonb(&query, 0, 2);
	plan->tdm_name = nvp_get_text(&query, 0, 3);
	plan->mapping_config = nvp_get_jsonb(&query, 0, 4);
	plan->error_threshold = nvp_get_numeric(0, 5, -1);
	plan->developer_mode = nvp_get_bool(0, 6);
	*options = nvp_get_jsonb(&query, 0, 7);
	plan->owner_role = nvp_get_text(&query, 0, 8);
	plan->version = nvp_get_int4(0, 9);
	nvp_query_close(&query);
	find_owner(plan);
}

/*
 * nvp_plan_load compiles a configuration.
 *
 * blame: whose fault an error would be, kept up to date for one who catches it.
 * owner: the current memory context; nvp_plan_free closes connections.
 * xact: needs one.
 */
NvpPlan *
nvp_plan_load(const pg_uuid_t *configuration_id, NvpFaultType *blame)
{
	NvpPlan    *plan = palloc0(sizeof(NvpPlan));
	char	   *input;
	char	   *output;
	Jsonb	   *columns;
	Jsonb	   *options;

	*blame = NVP_PARSING_FAILURE;
	plan->configuration_id = *configuration_id;
	read_configuration(plan, configuration_id, &input, &output, &columns, &options);
	plan->model = nvp_model_compile(columns);
	*blame = NVP_SOURCE_UNRESPONSIVE;
	plan->input = nvp_connector_load(input);
	*blame = NVP_DESTINATION_UNRESPONSIVE;
	plan->output = nvp_connector_load(output);
	plan->to_table = strcmp(plan->output->routine->node_type, "TABLE") == 0;
	*blame = NVP_PARSING_FAILURE;
	read_options(plan, options);
	*blame = NVP_WRITE_FILE_FAILURE;
	if (plan->to_table)
		read_table_output(plan);
	else
		read_file_output(plan, options);
	return plan;
}

/*
 * nvp_plan_resolve finds the owner and the relation of a plan anew: a name may
 * mean something else by now.
 *
 * blame, xact: as for nvp_plan_load.
 */
void
nvp_plan_resolve(NvpPlan *plan, NvpFaultType *blame)
{
	*blame = NVP_PARSING_FAILURE;
	find_owner(plan);
	*blame = NVP_WRITE_FILE_FAILURE;
	if (plan->to_table)
		find_relation(plan);
}

/*
 * nvp_plan_authorize checks that the owner may use the connectors now.
 *
 * blame: as for nvp_plan_load.
 * errors: 42501.
 */
void
nvp_plan_authorize(NvpPlan *plan, NvpFaultType *blame)
{
	*blame = NVP_SOURCE_UNRESPONSIVE;
	if (plan->input->routine->authorize)
		plan->input->routine->authorize(plan->input, plan->owner);
	*blame = NVP_WRITE_FILE_FAILURE;
	if (plan->output->routine->authorize)
		plan->output->routine->authorize(plan->output, plan->owner);
}

/* nvp_plan_free closes connections and wipes secrets. */
void
nvp_plan_free(NvpPlan *plan)
{
	if (plan->input)
		nvp_connector_free(plan->input);
	if (plan->output)
		nvp_connector_free(plan->output);
	plan->input = plan->output = NULL;
}
