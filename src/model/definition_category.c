/*-------------------------------------------------------------------------
 *
 * definition_category.c
 *		The three ways to write the options of a category column.
 *
 *	  "options": [{"label", "value", "alternativeMatches"}], or scalars
 *	  "dropdownOptions": [{"label", "value", "type", ...}]
 *	  "optionConfiguration": {"options": [...], "mappingConfiguration": ...}
 *
 * Errors: 22023 with the JSON path; 0A000 for options fetched from elsewhere
 *		   and for options that depend on other columns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/numeric.h"

#include "model/definition.h"

#define DEFAULT_FUZZY_THRESHOLD		0.6

static void
not_supported(const NvpPath *path, const char *member, const char *what)
{
	NvpPath		here = {path, member, 0};

	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s: %s are not supported yet", nvp_path_text(&here), what)));
}

/* Is the text a JSON number? */
static bool
is_json_number(const char *p)
{
	p += *p == '-';
	if (*p == '0')
		p++;
	else if (*p >= '1' && *p <= '9')
		p += strspn(p, "0123456789");
	else
		return false;
	if (*p == '.')
	{
		size_t		digits = strspn(p + 1, "0123456789");

		if (digits == 0)
			return false;
		p += 1 + digits;
	}
	return *p == '\0';
}

/* "type" of an option: is its value a number?  Absent: as the value is written. */
static bool
read_value_kind(JsonbContainer *object, const NvpPath *path, bool written_as_number)
{
	static const char *const words[] = {"string", "int", "float", "number", NULL};
	NvpPath		here = {path, "type", 0};
	char	   *type = nvp_jsonb_text(object, path, "type", NULL);

	if (type == NULL)
		return written_as_number;
	for (int i = 0; words[i]; i++)
	{
		if (pg_strcasecmp(type, words[i]) == 0)
			return i > 0;
	}
	nvp_path_error(&here, "Allowed are: \"string\", \"int\", \"float\", \"number\".",
				   "unknown value \"%s\"", type);
}

static void
compile_option_object(NvpOption *option, JsonbContainer *object, const NvpPath *path)
{
	static const char *const allowed[] = {
		"label", "value", "type", "alternativeMatches", "description", "validations", NULL
	};
	NvpPath		here = {path, "value", 0};
	JsonbValue *value = nvp_jsonb_get(object, "value");
	JsonbContainer *conditions;

	nvp_jsonb_check_members(object, path, allowed);
	conditions = nvp_jsonb_array(object, path, "validations");
	if (conditions && JsonContainerSize(conditions) > 0)
		not_supported(path, "validations", "conditions of an option");
	if (value == NULL)
		nvp_path_error(path, NULL, "member \"value\" is missing");
	if (value->type != jbvString && value->type != jbvNumeric)
		nvp_path_error(&here, NULL, "a string or a number is expected");
	option->value = nvp_option_scalar_text(value, &here);
	option->value_is_number = read_value_kind(object, path, value->type == jbvNumeric);
	if (option->value_is_number && !is_json_number(option->value.ptr))
		nvp_path_error(&here, NULL, "\"%s\" is not a number", option->value.ptr);
	option->label.ptr = nvp_jsonb_text(object, path, "label", option->value.ptr);
	option->label.len = strlen(option->label.ptr);
	option->alternatives = nvp_option_text_list(object, path, "alternativeMatches");
}

static void
compile_option_list(NvpColumn *column, JsonbContainer *array, const NvpPath *path)
{
	if (JsonContainerSize(array) == 0 && !column->allow_custom_options)
		nvp_path_error(path, "Give options, or set \"allowCustomOptions\".", "a category without options");
	column->noptions = JsonContainerSize(array);
	column->options = palloc0(sizeof(NvpOption) * Max(column->noptions, 1));
	for (int i = 0; i < column->noptions; i++)
	{
		NvpPath		item = {path, NULL, i};
		NvpOption  *option = &column->options[i];
		JsonbValue *value = getIthJsonbValueFromContainer(array, i);

		if (value->type == jbvBinary && JsonContainerIsObject(value->val.binary.data))
			compile_option_object(option, value->val.binary.data, &item);
		else if (value->type == jbvString || value->type == jbvNumeric)
		{
			option->label = option->value = nvp_option_scalar_text(value, &item);
			option->value_is_number = value->type == jbvNumeric;
		}
		else
			nvp_path_error(&item, NULL, "an object, a string or a number is expected");
	}
}

/*
 * mappingConfiguration: EXACT always comes first, FUZZY is tried after it.
 * SMART is a hook; without one it finds nothing.
 */
static void
compile_layers(NvpColumn *column, JsonbContainer *object, const NvpPath *path)
{
	static const char *const allowed[] = {"layers", "threshold", NULL};
	static const char *const words[] = {"EXACT", "SMART", "FUZZY", NULL};
	NvpPath		here = {path, "layers", 0};
	NvpTextList layers;

	nvp_jsonb_check_members(object, path, allowed);
	layers = nvp_option_text_list(object, path, "layers");
	for (int i = 0; i < layers.n; i++)
	{
		NvpPath		item = {&here, NULL, i};
		int			w = 0;

		while (words[w] && strcmp(words[w], layers.items[i].ptr) != 0)
			w++;
		if (words[w] == NULL)
			nvp_path_error(&item, "Allowed are: \"EXACT\", \"FUZZY\", \"SMART\".",
						   "unknown value \"%s\"", layers.items[i].ptr);
		column->fuzzy |= w == 2;
	}
	column->fuzzy_threshold = nvp_jsonb_number(object, path, "threshold", DEFAULT_FUZZY_THRESHOLD, 0.0, 1.0);
}

static void
compile_configuration(NvpColumn *column, JsonbContainer *object, const NvpPath *path)
{
	static const char *const allowed[] = {
		"options", "mappingConfiguration", "optionSource", "dynamicOptionConfiguration", NULL
	};
	NvpPath		options_path = {path, "options", 0};
	NvpPath		mapping_path = {path, "mappingConfiguration", 0};
	NvpPath		source_path = {path, "optionSource", 0};
	char	   *source;
	JsonbContainer *mapping;
	JsonbContainer *list;

	nvp_jsonb_check_members(object, path, allowed);
	source = nvp_jsonb_text(object, path, "optionSource", "STATIC");
	if (strcmp(source, "DYNAMIC") == 0)
		not_supported(path, "optionSource", "options from an external source");
	if (strcmp(source, "STATIC") != 0)
		nvp_path_error(&source_path, "Allowed are: \"STATIC\", \"DYNAMIC\".", "unknown value \"%s\"", source);
	mapping = nvp_jsonb_object(object, path, "mappingConfiguration");
	if (mapping)
		compile_layers(column, mapping, &mapping_path);
	list = nvp_jsonb_array(object, path, "options");
	if (list == NULL)
		nvp_path_error(path, NULL, "member \"options\" is missing");
	compile_option_list(column, list, &options_path);
}

static void
check_mapping_mode(JsonbContainer *object, const NvpPath *path)
{
	NvpPath		here = {path, "optionMappingMode", 0};
	char	   *mode = nvp_jsonb_text(object, path, "optionMappingMode", "exact");

	if (strcmp(mode, "exact") != 0 && strcmp(mode, "smart") != 0)
		nvp_path_error(&here, "Allowed are: \"exact\", \"smart\".", "unknown value \"%s\"", mode);
}

/*
 * nvp_category_compile reads the options of a category column; exactly one of
 * the three forms must be there, unless any text is welcome.
 */
void
nvp_category_compile(NvpColumn *column, JsonbContainer *object, const NvpPath *path)
{
	static const char *const forms[] = {"options", "dropdownOptions"};
	JsonbContainer *configuration = nvp_jsonb_object(object, path, "optionConfiguration");
	int			found = configuration != NULL;

	column->is_multi_select = nvp_jsonb_bool(object, path, "isMultiSelect", false);
	column->allow_custom_options = nvp_jsonb_bool(object, path, "allowCustomOptions", false);
	check_mapping_mode(object, path);
	if (configuration)
	{
		NvpPath		here = {path, "optionConfiguration", 0};

		compile_configuration(column, configuration, &here);
	}
	for (int i = 0; i < lengthof(forms); i++)
	{
		NvpPath		here = {path, forms[i], 0};
		JsonbContainer *list = nvp_jsonb_array(object, path, forms[i]);

		if (list == NULL)
			continue;
		if (found++)
			nvp_path_error(&here, NULL, "the options of a category are given twice");
		compile_option_list(column, list, &here);
	}
	if (!found && !column->allow_custom_options)
		nvp_path_error(path, "Give \"options\": [{\"label\": ..., \"value\": ...}], or set \"allowCustomOptions\".",
					   "a category without options");
}
