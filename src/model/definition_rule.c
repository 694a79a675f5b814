/*-------------------------------------------------------------------------
 *
 * definition_rule.c
 *		Validations of a column, first generation: {"validate": kind, ...}.
 *
 * Memory: compiled patterns are PCRE2's and not a context's; a reset callback
 *		   of the current memory context frees them.
 * Errors: 22023 with the JSON path.
 * Source: section 7 of the column-type specification.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "model/definition.h"

typedef enum Parameter
{
	NO_PARAMETER,
	COLUMNS,
	COLUMN_VALUES,
	REGEX
} Parameter;

/* in the order of NvpRuleKind */
static const struct
{
	const char *name;
	NvpCode		code;
	Parameter	parameter;
}			kinds[] = {
	{"required", NVP_CODE_REQUIRED, NO_PARAMETER},
	{"required_with", NVP_CODE_REQUIRED_WITH, COLUMNS},
	{"required_with_all", NVP_CODE_REQUIRED_WITH_ALL, COLUMNS},
	{"required_without", NVP_CODE_REQUIRED_WITHOUT, COLUMNS},
	{"required_without_all", NVP_CODE_REQUIRED_WITHOUT_ALL, COLUMNS},
	{"required_with_values", NVP_CODE_REQUIRED_WITH_VALUES, COLUMN_VALUES},
	{"required_with_all_values", NVP_CODE_REQUIRED_WITH_ALL_VALUES, COLUMN_VALUES},
	{"required_without_values", NVP_CODE_REQUIRED_WITHOUT_VALUES, COLUMN_VALUES},
	{"required_without_all_values", NVP_CODE_REQUIRED_WITHOUT_ALL_VALUES, COLUMN_VALUES},
	{"unique", NVP_CODE_UNIQUE, NO_PARAMETER},
	{"regex", NVP_CODE_REGEX, REGEX},
};

/* member of each Parameter */
static const char *const parameter_members[] = {NULL, "columns", "columnValues", "regex"};

/*
 * nvp_rule_at walks the kinds of validations; NULL after the last.
 *
 * out: parameter: the member that a rule of this kind needs; NULL = none.
 */
const char *
nvp_rule_at(int i, const char **parameter)
{
	if (i < 0 || i >= lengthof(kinds))
		return NULL;
	*parameter = parameter_members[kinds[i].parameter];
	return kinds[i].name;
}

static int
read_kind(JsonbContainer *object, const NvpPath *path)
{
	NvpPath		here = {path, "validate", 0};
	const char *names[lengthof(kinds) + 1];
	char	   *kind = nvp_jsonb_text(object, path, "validate", NULL);
	const char *near;

	if (kind == NULL)
		nvp_path_error(path, NULL, "member \"validate\" is missing");
	for (int i = 0; i < lengthof(kinds); i++)
	{
		if (strcmp(kinds[i].name, kind) == 0)
			return i;
		names[i] = kinds[i].name;
	}
	names[lengthof(kinds)] = NULL;
	near = nvp_closest(kind, names);
	nvp_path_error(&here, near ? psprintf("Perhaps you meant \"%s\".", near) : NULL,
				   "unknown rule \"%s\"", kind);
}

/* null, "", [] and {} say nothing */
static bool
says_something(const JsonbValue *value)
{
	if (value == NULL)
		return false;
	if (value->type == jbvString)
		return value->val.string.len > 0;
	return value->type != jbvBinary || JsonContainerSize(value->val.binary.data) > 0;
}

static void
check_parameters(int kind, JsonbContainer *object, const NvpPath *path)
{
	static const char *const allowed[] = {
		"validate", "regex", "columns", "columnValues", "errorMessage", NULL
	};

	nvp_jsonb_check_members(object, path, allowed);
	for (int i = COLUMNS; i <= REGEX; i++)
	{
		NvpPath		here = {path, parameter_members[i], 0};

		if (i != kinds[kind].parameter && says_something(nvp_jsonb_get(object, parameter_members[i])))
			nvp_path_error(&here, NULL, "rule \"%s\" does not have this parameter", kinds[kind].name);
	}
}

/* The column a rule names; -1 if the rule's column stands alone. */
static int
find_column(const NvpModel *model, const NvpColumn *column, const char *key, const NvpPath *path)
{
	const char **keys;
	const char *near;

	if (strcmp(column->key, key) == 0)
		nvp_path_error(path, NULL, "a rule cannot depend on its own column \"%s\"", key);
	if (model == NULL)
		return -1;
	keys = palloc(sizeof(char *) * (model->ncolumns + 1));
	for (int i = 0; i < model->ncolumns; i++)
	{
		if (strcmp(model->columns[i].key, key) == 0)
		{
			pfree(keys);
			return i;
		}
		keys[i] = model->columns[i].key;
	}
	keys[model->ncolumns] = NULL;
	near = nvp_closest(key, keys);
	nvp_path_error(path, near ? psprintf("Perhaps you meant \"%s\".", near) : NULL,
				   "unknown column \"%s\"", key);
}

static void
compile_columns(const NvpModel *model, const NvpColumn *column, NvpRule *rule,
				JsonbContainer *object, const NvpPath *path)
{
	NvpPath		here = {path, "columns", 0};
	JsonbContainer *array = nvp_jsonb_array(object, path, "columns");

	if (array == NULL || JsonContainerSize(array) == 0)
		nvp_path_error(path, NULL, "rule \"%s\" needs \"columns\"", kinds[rule->kind].name);
	rule->ncolumns = JsonContainerSize(array);
	rule->columns = palloc0(sizeof(NvpRuleColumn) * rule->ncolumns);
	for (int i = 0; i < rule->ncolumns; i++)
	{
		NvpPath		item = {&here, NULL, i};
		JsonbValue *value = getIthJsonbValueFromContainer(array, i);

		if (value->type != jbvString)
			nvp_path_error(&item, NULL, "the key of a column is expected");
		rule->columns[i].column = find_column(model, column, nvp_option_scalar_text(value, &item).ptr, &item);
	}
}

/*
 * The text a listed value is compared with.  Numbers and booleans compare by
 * value: they take the canonical text of the column they are listed for, if it
 * can hold them.
 */
static NvpText
canonical_text(const NvpColumn *column, const JsonbValue *value, const NvpPath *path)
{
	NvpText		text = nvp_option_scalar_text(value, path);
	NvpCell		cell = {text.ptr, text.len, value->type == jbvBool ? NVP_CELL_BOOL : NVP_CELL_NUMBER};
	NvpArena	arena;
	NvpValue	converted;

	if (value->type == jbvString || column->type->kind == NVP_VALUE_TEXT)
		return text;
	nvp_arena_init(&arena);
	nvp_column_convert(column, &cell, 1, &converted, &arena);
	if (converted.status == NVP_OK)
	{
		text = nvp_value_text(column, &converted, &arena);
		text.ptr = pnstrdup(text.ptr, text.len);
	}
	nvp_arena_free(&arena);
	return text;
}

static void
add_listed_value(const NvpColumn *column, NvpRuleColumn *listed, const JsonbValue *value, const NvpPath *path)
{
	if (value->type == jbvNull || (value->type == jbvString && value->val.string.len == 0))
		listed->matches_empty = true;
	else if (column)
		listed->values.items[listed->values.n++] = canonical_text(column, value, path);
	else
		(void) nvp_option_scalar_text(value, path);
}

/* A single value may stand instead of a list. */
static void
compile_listed_values(const NvpColumn *column, NvpRuleColumn *listed, const JsonbValue *value,
					  const NvpPath *path)
{
	JsonbContainer *array;
	int			n;

	if (value->type != jbvBinary)
	{
		listed->values.items = palloc0(sizeof(NvpText));
		add_listed_value(column, listed, value, path);
		return;
	}
	array = value->val.binary.data;
	if (!JsonContainerIsArray(array))
		nvp_path_error(path, NULL, "a value or a list of values is expected");
	n = JsonContainerSize(array);
	listed->values.items = palloc0(sizeof(NvpText) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		NvpPath		item = {path, NULL, i};

		add_listed_value(column, listed, getIthJsonbValueFromContainer(array, i), &item);
	}
}

static void
compile_column_values(const NvpModel *model, const NvpColumn *column, NvpRule *rule,
					  JsonbContainer *object, const NvpPath *path)
{
	NvpPath		here = {path, "columnValues", 0};
	JsonbContainer *values = nvp_jsonb_object(object, path, "columnValues");
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;

	if (values == NULL || JsonContainerSize(values) == 0)
		nvp_path_error(path, NULL, "rule \"%s\" needs \"columnValues\"", kinds[rule->kind].name);
	rule->columns = palloc0(sizeof(NvpRuleColumn) * JsonContainerSize(values));
	it = JsonbIteratorInit(values);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		NvpRuleColumn *listed = &rule->columns[rule->ncolumns];
		NvpPath		item = {&here, NULL, 0};

		if (token != WJB_KEY)
			continue;
		item.member = pnstrdup(key.val.string.val, key.val.string.len);
		(void) JsonbIteratorNext(&it, &value, true);
		listed->column = find_column(model, column, item.member, &item);
		compile_listed_values(model ? &model->columns[listed->column] : NULL, listed, &value, &item);
		rule->ncolumns++;
	}
}

static void
free_regex(void *regex)
{
	nvp_regex_free(regex);
}

static void
compile_regex(NvpRule *rule, JsonbContainer *object, const NvpPath *path)
{
	NvpPath		here = {path, "regex", 0};
	char	   *pattern = nvp_jsonb_text(object, path, "regex", NULL);
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));
	char	   *error;

	if (pattern == NULL)
		nvp_path_error(path, NULL, "rule \"regex\" needs \"regex\"");
	rule->regex = nvp_regex_compile(pattern, strlen(pattern), &error);
	if (rule->regex == NULL)
		nvp_path_error(&here, NULL, "invalid_regex: %s", error);
	callback->func = free_regex;
	callback->arg = rule->regex;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
	rule->pattern = pattern;
}

static void
compile_rule(const NvpModel *model, const NvpColumn *column, NvpRule *rule,
			 JsonbContainer *object, const NvpPath *path)
{
	int			kind = read_kind(object, path);

	check_parameters(kind, object, path);
	rule->kind = kind;
	rule->code = kinds[kind].code;
	rule->message = nvp_jsonb_text(object, path, "errorMessage", NULL);
	switch (kinds[kind].parameter)
	{
		case NO_PARAMETER:
			break;
		case COLUMNS:
			compile_columns(model, column, rule, object, path);
			break;
		case COLUMN_VALUES:
			compile_column_values(model, column, rule, object, path);
			break;
		case REGEX:
			compile_regex(rule, object, path);
			break;
	}
}

/*
 * nvp_rule_compile compiles the validations of one column.
 *
 * in: the model with all its columns; NULL for a column that stands alone,
 *		whose rules on other columns are checked and left out.
 */
void
nvp_rule_compile(NvpModel *model, NvpColumn *column, JsonbContainer *object, const NvpPath *path)
{
	NvpPath		here = {path, "validations", 0};
	JsonbContainer *array = nvp_jsonb_array(object, path, "validations");
	int			n;

	if (array == NULL)
		return;
	n = JsonContainerSize(array);
	column->rules = palloc0(sizeof(NvpRule) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		NvpPath		item = {&here, NULL, i};
		NvpRule    *rule = &column->rules[column->nrules];
		JsonbValue *value = getIthJsonbValueFromContainer(array, i);

		if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
			nvp_path_error(&item, NULL, "an object is expected");
		compile_rule(model, column, rule, value->val.binary.data, &item);
		if (model == NULL && rule->ncolumns > 0)
			memset(rule, 0, sizeof(NvpRule));
		else
			column->nrules++;
	}
}
