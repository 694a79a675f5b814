/*-------------------------------------------------------------------------
 *
 * definition_option.c
 *		The options of a column definition, and which types have them.
 *
 * One table says which members a column may have and to which types each
 * option belongs; an option of another type is a mistake and not ignored.
 *
 * Errors: 22023 with the JSON path.
 * Source: section 5 of the column-type specification.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "model/definition.h"

#define NUMBERS		" int bigint float decimal percentage currency_eur currency_usd "
#define DATES		" date date_dmy date_mdy date_iso datetime "
#define TIMES		"time_hms time_hm time_hms_24 time_hm_24 "

#define MAX_TEXT_LENGTH		(1024 * 1024 * 1024)	/* of minLength and maxLength */
#define MAX_PRECISION		1000	/* of numeric(p,s) */

/* option, and the types it belongs to: each between blanks; NULL = every type */
static const struct
{
	const char *name;
	const char *types;
}			options[] = {
	{"emptyValues", NULL},
	{"trim", " string "},
	{"minLength", " string "},
	{"maxLength", " string "},
	{"numberFormat", NUMBERS},
	{"defaultNumberFormat", " float decimal percentage "},
	{"precision", " decimal "},
	{"scale", " decimal "},
	{"percentageOutput", " percentage "},
	{"currencyOutput", " currency_eur currency_usd "},
	{"trueValues", " boolean "},
	{"falseValues", " boolean "},
	{"options", " category "},
	{"dropdownOptions", " category "},
	{"optionConfiguration", " category "},
	{"optionMappingMode", " category "},
	{"isMultiSelect", " category "},
	{"allowCustomOptions", " category "},
	{"outputFormat", DATES TIMES},
	{"dateOrder", " date datetime "},
	{"twoDigitYearPivot", DATES},
	{"date1904", DATES},
	{"timeZone", " datetime "},
	{"epoch", " datetime "},
	{"country", " phone vat_eu "},
	{"allowWithdrawn", " currency_code "},
	{"standard", " language_code "},
};

/* members of every column that are no options */
static const char *const members[] = {
	"key", "label", "columnType", "type", "description", "example", "columnSize", "alternativeMatches",
	"hidden", "validations", "mappingValidation", "dataValidations", "advancedValidations",
};

/*
 * nvp_option_at walks the options of all types; NULL after the last.
 *
 * out: types: the types it belongs to, each between blanks; NULL = every type.
 */
const char *
nvp_option_at(int i, const char **types)
{
	if (i < 0 || i >= lengthof(options))
		return NULL;
	*types = options[i].types;
	return options[i].name;
}

/* nvp_option_check_members refuses members that no column has. */
void
nvp_option_check_members(JsonbContainer *object, const NvpPath *path)
{
	const char *allowed[lengthof(members) + lengthof(options) + 1];
	int			n = 0;

	for (int i = 0; i < lengthof(members); i++)
		allowed[n++] = members[i];
	for (int i = 0; i < lengthof(options); i++)
		allowed[n++] = options[i].name;
	allowed[n] = NULL;
	nvp_jsonb_check_members(object, path, allowed);
}

/* An option that is given must belong to the type; null is not given. */
static void
check_options_of_type(const NvpColumn *column, JsonbContainer *object, const NvpPath *path)
{
	char	   *name = psprintf(" %s ", column->type->name);

	for (int i = 0; i < lengthof(options); i++)
	{
		NvpPath		here = {path, options[i].name, 0};

		if (options[i].types == NULL || strstr(options[i].types, name) != NULL ||
			nvp_jsonb_get(object, options[i].name) == NULL)
			continue;
		nvp_path_error(&here, psprintf("This option belongs to:%.*s.",
									   (int) strlen(options[i].types) - 1, options[i].types),
					   "columns of type \"%s\" do not have this option", column->type->name);
	}
	pfree(name);
}

/*
 * nvp_option_scalar_text returns the text of a string, number or boolean;
 * numbers as a JSON writer prints them, without needless zeros.
 */
NvpText
nvp_option_scalar_text(const JsonbValue *value, const NvpPath *path)
{
	NvpText		text = {NULL, 0};

	if (value->type == jbvString)
		text.ptr = pnstrdup(value->val.string.val, value->val.string.len);
	else if (value->type == jbvNumeric)
		text.ptr = numeric_normalize(value->val.numeric);
	else if (value->type == jbvBool)
		text.ptr = value->val.boolean ? "true" : "false";
	else
		nvp_path_error(path, NULL, "a string, number or boolean is expected");
	text.len = strlen(text.ptr);
	return text;
}

/* nvp_option_text_list reads a member that is a list of scalars. */
NvpTextList
nvp_option_text_list(JsonbContainer *object, const NvpPath *path, const char *member)
{
	NvpPath		here = {path, member, 0};
	JsonbContainer *array = nvp_jsonb_array(object, path, member);
	NvpTextList list = {0, NULL};

	if (array == NULL)
		return list;
	list.n = JsonContainerSize(array);
	list.items = palloc0(sizeof(NvpText) * Max(list.n, 1));
	for (int i = 0; i < list.n; i++)
	{
		NvpPath		item = {&here, NULL, i};

		list.items[i] = nvp_option_scalar_text(getIthJsonbValueFromContainer(array, i), &item);
	}
	return list;
}

/* A member that is one of a few words; def when absent. */
static const char *
read_word(JsonbContainer *object, const NvpPath *path, const char *member,
		  const char *const *words, const char *def)
{
	NvpPath		here = {path, member, 0};
	char	   *word = nvp_jsonb_text(object, path, member, NULL);
	StringInfoData hint;

	if (word == NULL)
		return def;
	for (int i = 0; words[i]; i++)
	{
		if (strcmp(words[i], word) == 0)
			return words[i];
	}
	initStringInfo(&hint);
	appendStringInfoString(&hint, "Allowed are:");
	for (int i = 0; words[i]; i++)
		appendStringInfo(&hint, "%s \"%s\"", i > 0 ? "," : "", words[i]);
	appendStringInfoChar(&hint, '.');
	nvp_path_error(&here, hint.data, "unknown value \"%s\"", word);
}

static NvpNumberFormat
read_number_format(JsonbContainer *object, const NvpPath *path, const char *member, NvpNumberFormat def)
{
	static const char *const words[] = {"us", "eu", NULL};
	const char *word = read_word(object, path, member, words, NULL);

	if (word == NULL)
		return def;
	return word == words[0] ? NVP_NUMBER_US : NVP_NUMBER_EU;
}

static NvpDateOrder
read_date_order(JsonbContainer *object, const NvpPath *path)
{
	static const char *const words[] = {"dmy", "mdy", "ymd", NULL};
	const char *word = read_word(object, path, "dateOrder", words, NULL);

	if (word == NULL)
		return NVP_DATE_ORDER_UNKNOWN;
	return word == words[0] ? NVP_DATE_DMY : word == words[1] ? NVP_DATE_MDY : NVP_DATE_YMD;
}

/* Two letters, made upper case; whether such a country exists is the type's affair. */
static const char *
read_country(JsonbContainer *object, const NvpPath *path)
{
	NvpPath		here = {path, "country", 0};
	char	   *country = nvp_jsonb_text(object, path, "country", NULL);

	if (country == NULL)
		return NULL;
	if (strspn(country, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != 2 || country[2] != '\0')
		nvp_path_error(&here, NULL, "a country code of two letters is expected, not \"%s\"", country);
	country[0] = pg_ascii_toupper(country[0]);
	country[1] = pg_ascii_toupper(country[1]);
	return country;
}

static void
compile_string(NvpColumn *column, JsonbContainer *object, const NvpPath *path)
{
	NvpPath		here = {path, "minLength", 0};

	column->trim = nvp_jsonb_bool(object, path, "trim", false);
	column->min_length = nvp_jsonb_int(object, path, "minLength", -1, 0, MAX_TEXT_LENGTH);
	column->max_length = nvp_jsonb_int(object, path, "maxLength", -1, 0, MAX_TEXT_LENGTH);
	if (column->max_length >= 0 && column->min_length > column->max_length)
		nvp_path_error(&here, NULL, "%d is more than maxLength %d", column->min_length, column->max_length);
}

static void
compile_number(NvpColumn *column, JsonbContainer *object, const NvpPath *path)
{
	static const char *const percentage[] = {"points", "fraction", "text", NULL};
	static const char *const currency[] = {"number", "text", "object", NULL};
	NvpPath		here = {path, "scale", 0};

	column->number_format = read_number_format(object, path, "numberFormat", NVP_NUMBER_UNKNOWN);
	column->default_number_format = read_number_format(object, path, "defaultNumberFormat",
													   column->default_number_format);
	column->precision = nvp_jsonb_int(object, path, "precision", -1, 1, MAX_PRECISION);
	column->scale = nvp_jsonb_int(object, path, "scale", -1, 0, MAX_PRECISION);
	if (column->precision >= 0 && column->scale > column->precision)
		nvp_path_error(&here, NULL, "%d is more than precision %d", column->scale, column->precision);
	column->percentage_output = read_word(object, path, "percentageOutput", percentage, column->percentage_output);
	column->currency_output = read_word(object, path, "currencyOutput", currency, column->currency_output);
}

static void
compile_date(NvpColumn *column, JsonbContainer *object, const NvpPath *path)
{
	static const char *const epochs[] = {"s", "ms", NULL};

	column->output_format = nvp_jsonb_text(object, path, "outputFormat", NULL);
	column->date_order = read_date_order(object, path);
	column->two_digit_year_pivot = nvp_jsonb_int(object, path, "twoDigitYearPivot",
												 column->two_digit_year_pivot, 0, 100);
	column->date1904 = nvp_jsonb_bool(object, path, "date1904", false);
	column->time_zone = nvp_jsonb_text(object, path, "timeZone", column->time_zone);
	column->epoch = read_word(object, path, "epoch", epochs, NULL);
}

/*
 * nvp_option_compile reads all options of a column whose type is known.
 *
 * errors: 22023 for wrong values and for options of other types.
 */
void
nvp_option_compile(NvpColumn *column, JsonbContainer *object, const NvpPath *path)
{
	static const char *const standards[] = {"639-1", "639-3", "bcp47", NULL};

	check_options_of_type(column, object, path);
	column->empty_values = nvp_option_text_list(object, path, "emptyValues");
	compile_string(column, object, path);
	compile_number(column, object, path);
	compile_date(column, object, path);
	column->true_values = nvp_option_text_list(object, path, "trueValues");
	column->false_values = nvp_option_text_list(object, path, "falseValues");
	column->country = read_country(object, path);
	column->allow_withdrawn = nvp_jsonb_bool(object, path, "allowWithdrawn", false);
	column->standard = read_word(object, path, "standard", standards, column->standard);
	if (strcmp(column->type->name, "category") == 0)
		nvp_category_compile(column, object, path);
}
