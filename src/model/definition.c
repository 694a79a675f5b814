/*-------------------------------------------------------------------------
 *
 * definition.c
 *		From the jsonb of a target data model to the model in memory.
 *
 * A definition is checked when it is stored and compiled again whenever it is
 * used; nothing compiled is kept on disk.  Columns come first and rules after
 * them, because rules name other columns.
 *
 * Flow:   columns jsonb --> members, type, options (definition_option.c,
 *		   definition_category.c), type->prepare --> rules (definition_rule.c).
 * Calls:  nvp_model_compile, or nvp_column_compile for one column alone.
 * Memory: everything is made in the current memory context; what lives outside
 *		   of it (compiled patterns) goes when that context is reset.
 * Errors: 22023 with the JSON path and, where a word is unknown, the closest
 *		   known one; 0A000 for later generations of validations.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/definition.h"

static const NvpPath columns_path = {NULL, "columns", 0};

/*
 * The type of a column.  One old sample of nuvo writes "type"; both may stand
 * there if they agree.
 */
static const NvpTypeRoutine *
read_type(JsonbContainer *object, const NvpPath *path)
{
	char	   *name = nvp_jsonb_text(object, path, "columnType", NULL);
	char	   *alias = nvp_jsonb_text(object, path, "type", NULL);
	const char *member = name ? "columnType" : "type";
	NvpPath		here = {path, member, 0};
	const char *names[128];
	const NvpTypeRoutine *type;
	const char *near;
	int			n = 0;

	if (name && alias && strcmp(name, alias) != 0)
		nvp_path_error(&here, NULL, "\"%s\" contradicts \"type\": \"%s\"", name, alias);
	if (name == NULL)
		name = alias ? alias : "string";
	type = nvp_type_find(name);
	if (type)
		return type;
	while (n < lengthof(names) - 1 && (type = nvp_type_at(n)) != NULL)
		names[n++] = type->name;
	names[n] = NULL;
	near = nvp_closest(name, names);
	nvp_path_error(&here, near ? psprintf("Perhaps you meant \"%s\".", near) : NULL,
				   "unknown column type \"%s\"", name);
}

/* A column that stands alone needs no key. */
static char *
read_key(JsonbContainer *object, const NvpPath *path)
{
	NvpPath		here = {path, "key", 0};
	char	   *key = nvp_jsonb_text(object, path, "key", path ? NULL : "value");

	if (key == NULL)
		nvp_path_error(path, NULL, "member \"key\" is missing");
	if (key[0] == '\0')
		nvp_path_error(&here, NULL, "must not be empty");
	return key;
}

/* Later generations of the schema are not silently ignored. */
static void
refuse_later_generations(JsonbContainer *object, const NvpPath *path)
{
	static const char *const members[] = {"mappingValidation", "dataValidations", "advancedValidations"};

	for (int i = 0; i < lengthof(members); i++)
	{
		JsonbValue *value = nvp_jsonb_get(object, members[i]);
		NvpPath		here = {path, members[i], 0};

		if (value == NULL ||
			(value->type == jbvBinary && JsonContainerSize(value->val.binary.data) == 0))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s: not supported yet", nvp_path_text(&here)),
				 errhint("Rules of the form \"validations\": [{\"validate\": ...}] are supported.")));
	}
}

/* Everything of a column but its rules. */
static void
compile_column(NvpColumn *column, JsonbContainer *object, const NvpPath *path)
{
	const char *message;

	nvp_option_check_members(object, path);
	refuse_later_generations(object, path);
	nvp_column_defaults(column);
	column->key = read_key(object, path);
	column->label = nvp_jsonb_text(object, path, "label", column->key);
	column->type = read_type(object, path);
	column->alternative_matches = nvp_option_text_list(object, path, "alternativeMatches");
	column->hidden = nvp_jsonb_bool(object, path, "hidden", false);
	nvp_option_compile(column, object, path);
	if (column->type->prepare && (message = column->type->prepare(column)) != NULL)
		nvp_path_error(path, NULL, "%s", message);
	nvp_column_settle(column, NULL);
}

static void
check_duplicate_key(const NvpModel *model, int i, const NvpPath *path)
{
	NvpPath		here = {path, "key", 0};

	for (int j = 0; j < i; j++)
	{
		if (strcmp(model->columns[j].key, model->columns[i].key) == 0)
			nvp_path_error(&here, NULL, "\"%s\" is also the key of columns[%d]", model->columns[i].key, j);
	}
}

static JsonbContainer *
column_object(JsonbContainer *columns, const NvpPath *path)
{
	JsonbValue *value = getIthJsonbValueFromContainer(columns, path->index);

	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		nvp_path_error(path, NULL, "an object is expected");
	return value->val.binary.data;
}

/*
 * nvp_model_compile compiles the columns of a target data model.
 *
 * in: the array of columns, as in "columns" of the REST API.
 * owner: the current memory context.
 * errors: 22023, 0A000.
 */
NvpModel *
nvp_model_compile(Jsonb *columns)
{
	JsonbContainer *array = &columns->root;
	NvpModel   *model = palloc0(sizeof(NvpModel));
	int			n;

	if (!JsonContainerIsArray(array) || JsonContainerIsScalar(array))
		nvp_path_error(&columns_path, NULL, "an array is expected");
	n = JsonContainerSize(array);
	if (n == 0 || n > NVP_MAX_COLUMNS)
		nvp_path_error(&columns_path, NULL, "a model has 1 to %d columns, not %d", NVP_MAX_COLUMNS, n);
	model->columns = palloc0(sizeof(NvpColumn) * n);
	for (int i = 0; i < n; i++)
	{
		NvpPath		path = {&columns_path, NULL, i};

		compile_column(&model->columns[i], column_object(array, &path), &path);
		check_duplicate_key(model, i, &path);
		model->ncolumns++;
	}
	for (int i = 0; i < n; i++)
	{
		NvpPath		path = {&columns_path, NULL, i};

		nvp_rule_compile(model, &model->columns[i], column_object(array, &path), &path);
	}
	return model;
}

/*
 * nvp_column_compile compiles one column that stands alone.
 *
 * Rules that name other columns are checked as far as they can be and left
 * out, for there are no other columns.
 *
 * owner: the current memory context.
 * errors: 22023, 0A000.
 */
NvpColumn *
nvp_column_compile(Jsonb *column)
{
	NvpColumn  *result = palloc0(sizeof(NvpColumn));

	if (!JB_ROOT_IS_OBJECT(column))
		nvp_path_error(NULL, NULL, "a column definition is an object");
	compile_column(result, &column->root, NULL);
	nvp_rule_compile(NULL, result, &column->root, NULL);
	return result;
}
