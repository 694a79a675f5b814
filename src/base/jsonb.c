/*-------------------------------------------------------------------------
 *
 * jsonb.c
 *		Typed readers of definitions whose errors name the JSON path.
 *
 * Flow:   container + path on the C stack --> getter --> C value, or an error
 *		   "columns[2].validations[0].regex: ..." with a hint.
 * Memory: texts and values are made in the current memory context; containers
 *		   point into the jsonb they came from.
 * Errors: 22023 (invalid_parameter_value) only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/varlena.h"

#include "base/jsonb.h"

/* longest text varstr_levenshtein_less_equal takes from untrusted hands */
#define MAX_CLOSEST_BYTES	255

static void
append_path(StringInfo buf, const NvpPath *path)
{
	if (path == NULL)
		return;
	append_path(buf, path->parent);
	if (path->member == NULL)
		appendStringInfo(buf, "[%d]", path->index);
	else
		appendStringInfo(buf, "%s%s", buf->len > 0 ? "." : "", path->member);
}

/*
 * nvp_path_text returns a path as text, such as "columns[2].key"; the empty
 * text for the root.
 *
 * owner: the current memory context.
 */
char *
nvp_path_text(const NvpPath *path)
{
	StringInfoData buf;

	initStringInfo(&buf);
	append_path(&buf, path);
	return buf.data;
}

/*
 * nvp_path_error throws 22023 with the path in front of the message.
 *
 * in: hint may be NULL; fmt is lower case, without a final stop.
 */
void
nvp_path_error(const NvpPath *path, const char *hint, const char *fmt,...)
{
	StringInfoData buf;

	initStringInfo(&buf);
	append_path(&buf, path);
	if (buf.len > 0)
		appendStringInfoString(&buf, ": ");
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, fmt);
		needed = appendStringInfoVA(&buf, fmt, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&buf, needed);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s", buf.data),
			 hint ? errhint("%s", hint) : 0));
}

/*
 * nvp_jsonb_get returns a member of an object.
 *
 * out: NULL when the member is absent or JSON null.  Scalars and containers
 *		alike; owner: the current memory context.
 */
JsonbValue *
nvp_jsonb_get(JsonbContainer *object, const char *member)
{
	JsonbValue *value;

	if (object == NULL || !JsonContainerIsObject(object))
		return NULL;
	value = getKeyJsonValueFromContainer(object, member, strlen(member), NULL);
	return value && value->type != jbvNull ? value : NULL;
}

static const char *
type_word(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return "a string";
		case jbvNumeric:
			return "a number";
		case jbvBool:
			return "a boolean";
		case jbvBinary:
			return JsonContainerIsArray(value->val.binary.data) ? "an array" : "an object";
		default:
			return "null";
	}
}

pg_noreturn static void
wrong_type(const NvpPath *path, const char *member, const char *expected, const JsonbValue *value)
{
	NvpPath		here = {path, member, 0};

	nvp_path_error(&here, NULL, "%s is expected, not %s", expected, type_word(value));
}

/*
 * nvp_jsonb_text reads a string member; def when absent or null.
 *
 * owner: the current memory context.
 */
char *
nvp_jsonb_text(JsonbContainer *object, const NvpPath *path, const char *member, const char *def)
{
	JsonbValue *value = nvp_jsonb_get(object, member);

	if (value == NULL)
		return def ? pstrdup(def) : NULL;
	if (value->type != jbvString)
		wrong_type(path, member, "a string", value);
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* nvp_jsonb_bool reads a boolean member; def when absent or null. */
bool
nvp_jsonb_bool(JsonbContainer *object, const NvpPath *path, const char *member, bool def)
{
	JsonbValue *value = nvp_jsonb_get(object, member);

	if (value == NULL)
		return def;
	if (value->type != jbvBool)
		wrong_type(path, member, "true or false", value);
	return value->val.boolean;
}

static char *
numeric_text(Numeric number)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));
}

/* An integer literal that fits int64; a fraction of zeros is allowed (5.0). */
static bool
parse_integer(const char *text, int64 *result)
{
	char	   *end;

	errno = 0;
	*result = strtoi64(text, &end, 10);
	if (end == text || errno != 0)
		return false;
	if (*end == '.')
		end += 1 + strspn(end + 1, "0");
	return *end == '\0';
}

/*
 * nvp_jsonb_int reads an integer member in min..max; def when absent or null.
 *
 * Web forms send numbers as strings ("port": "1111"), so a string that holds
 * an integer is one.
 */
int64
nvp_jsonb_int(JsonbContainer *object, const NvpPath *path, const char *member, int64 def, int64 min, int64 max)
{
	NvpPath		here = {path, member, 0};
	JsonbValue *value = nvp_jsonb_get(object, member);
	char	   *text;
	int64		result;

	if (value == NULL)
		return def;
	if (value->type == jbvNumeric)
		text = numeric_text(value->val.numeric);
	else if (value->type == jbvString)
		text = pnstrdup(value->val.string.val, value->val.string.len);
	else
		wrong_type(path, member, "a whole number", value);
	if (!parse_integer(text, &result))
		nvp_path_error(&here, NULL, "a whole number is expected, not \"%s\"", text);
	if (result < min || result > max)
		nvp_path_error(&here, NULL, "%s is out of range " INT64_FORMAT " to " INT64_FORMAT, text, min, max);
	return result;
}

/* nvp_jsonb_number reads a number in min..max; def when absent or null. */
double
nvp_jsonb_number(JsonbContainer *object, const NvpPath *path, const char *member, double def, double min, double max)
{
	NvpPath		here = {path, member, 0};
	JsonbValue *value = nvp_jsonb_get(object, member);
	char	   *text;
	double		result;

	if (value == NULL)
		return def;
	if (value->type != jbvNumeric)
		wrong_type(path, member, "a number", value);
	text = numeric_text(value->val.numeric);
	result = strtod(text, NULL);
	if (!(result >= min && result <= max))
		nvp_path_error(&here, NULL, "%s is out of range %g to %g", text, min, max);
	return result;
}

static JsonbContainer *
get_container(JsonbContainer *object, const NvpPath *path, const char *member, bool array)
{
	JsonbValue *value = nvp_jsonb_get(object, member);

	if (value == NULL)
		return NULL;
	if (value->type != jbvBinary || (bool) JsonContainerIsArray(value->val.binary.data) != array)
		wrong_type(path, member, array ? "an array" : "an object", value);
	return value->val.binary.data;
}

/* nvp_jsonb_object reads a member that is an object; NULL when absent or null. */
JsonbContainer *
nvp_jsonb_object(JsonbContainer *object, const NvpPath *path, const char *member)
{
	return get_container(object, path, member, false);
}

/* nvp_jsonb_array reads a member that is an array; NULL when absent or null. */
JsonbContainer *
nvp_jsonb_array(JsonbContainer *object, const NvpPath *path, const char *member)
{
	return get_container(object, path, member, true);
}

/*
 * nvp_jsonb_check_members throws for a member that is not in allowed.
 *
 * in: allowed ends with NULL.
 */
void
nvp_jsonb_check_members(JsonbContainer *object, const NvpPath *path, const char *const *allowed)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	value;

	if (object == NULL || !JsonContainerIsObject(object))
		return;
	it = JsonbIteratorInit(object);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		const char *const *name = allowed;
		const char *near;
		char	   *member;

		if (token != WJB_KEY)
			continue;
		member = pnstrdup(value.val.string.val, value.val.string.len);
		while (*name && strcmp(*name, member) != 0)
			name++;
		if (*name == NULL)
		{
			near = nvp_closest(member, allowed);
			nvp_path_error(path, near ? psprintf("Perhaps you meant \"%s\".", near) : NULL,
						   "unknown member \"%s\"", member);
		}
		pfree(member);
	}
}

/*
 * nvp_closest returns the word of a NULL-terminated list that needs the fewest
 * edits to become word; NULL where even that one needs more than three, or
 * more than a third of the letters.
 */
const char *
nvp_closest(const char *word, const char *const *list)
{
	const char *best = NULL;
	int			len = strlen(word);
	int			limit = Min(3, (len + 1) / 3);

	if (len == 0 || len > MAX_CLOSEST_BYTES)
		return NULL;
	for (; *list; list++)
	{
		int			other = strlen(*list);
		int			distance;

		if (pg_strcasecmp(word, *list) == 0)
			return *list;
		if (other > MAX_CLOSEST_BYTES)
			continue;
		distance = varstr_levenshtein_less_equal(word, len, *list, other, 1, 1, 1, limit, true);
		if (distance <= limit)
		{
			best = *list;
			limit = distance - 1;
		}
		if (limit < 0)
			break;
	}
	return best;
}
