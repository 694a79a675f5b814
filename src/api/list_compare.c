/*-------------------------------------------------------------------------
 *
 * list_compare.c
 *		Conditions of a list as SQL: one comparison, by the type of its field.
 *
 * A value has to be of the field's type; a text is read as such a value, for
 * that is all that brackets can say.  Only ids are opaque: what is no UUID is
 * the id of nothing.  ne and nin are the contrary of eq and in: null is not
 * equal to anything.
 *
 * Times are shown with milliseconds, so they are compared that way, unless the
 * value says more.
 *
 * A part of a jsonb is compared by the type of the value given, and with a text
 * also by its own text.  A list equals a value that it has; so does text[].
 *
 * Errors: 22023 with the path of the condition.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/uuid.h"

#include "api/list_where.h"
#include "base/iso.h"

#define MAX_DIGITS	200			/* of a number that was given as a text */

typedef struct Value
{
	Oid			type;
	Datum		datum;
} Value;

static const char *
sign_of(NvpOp op)
{
	switch (op)
	{
		case NVP_OP_LT:
			return "<";
		case NVP_OP_LTE:
			return "<=";
		case NVP_OP_GT:
			return ">";
		case NVP_OP_GTE:
			return ">=";
		default:
			return "=";
	}
}

/* a value as text; it has been made sure that it is a scalar */
static const char *
text_of(const NvpTree *value)
{
	if (value->kind == NVP_TREE_BOOL)
		return value->boolean ? "true" : "false";
	return value->text ? value->text : "";
}

pg_noreturn static void
wrong_value(NvpWhere *where, const char *expected, const NvpTree *value)
{
	const char *text = value->kind == NVP_TREE_NULL ? "null" : text_of(value);

	nvp_where_error(where->path, value->kind == NVP_TREE_NULL ? "Use \"$null\"." : NULL,
					"%s is expected, not \"%s\"", expected, pnstrdup(text, pg_mbcliplen(text, strlen(text), 60)));
}

/* --- values of the types of columns */

/* is_uuid: the form that the API shows, in either case */
static bool
is_uuid(const char *text)
{
	for (int i = 0; i < 36; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? text[i] != '-' : !isxdigit((unsigned char) text[i]))
			return false;
	return text[36] == '\0';
}

/* false: the id of nothing */
static bool
read_uuid(const NvpTree *value, Value *out)
{
	if (value->kind != NVP_TREE_TEXT || !is_uuid(value->text))
		return false;
	out->type = UUIDOID;
	out->datum = DirectFunctionCall1(uuid_in, CStringGetDatum(value->text));
	return true;
}

/* is_number: -12.5e3, of bounded size */
static bool
is_number(const char *text)
{
	const char *p = text + (*text == '-' || *text == '+');
	size_t		whole = strspn(p, "0123456789");
	size_t		fraction = 0;
	int			exponent = 0;

	p += whole;
	if (*p == '.')
	{
		fraction = strspn(++p, "0123456789");
		p += fraction;
	}
	if (whole + fraction > 0 && (*p == 'e' || *p == 'E'))
	{
		p += 1 + (p[1] == '-' || p[1] == '+');
		for (int i = 0; i < 4 && *p >= '0' && *p <= '9'; i++)
			exponent = exponent * 10 + (*p++ - '0');
		if (p[-1] < '0' || p[-1] > '9')
			return false;
	}
	return *p == '\0' && whole + fraction > 0 && whole + fraction <= MAX_DIGITS && exponent <= 400;
}

static Datum
numeric_of(const char *text)
{
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

/* a whole number that fits is compared as such, so that indexes serve */
static void
read_number(NvpWhere *where, const NvpField *field, const NvpTree *value, Value *out)
{
	const char *text = text_of(value);
	char	   *end;
	int64		whole;

	if ((value->kind != NVP_TREE_TEXT && value->kind != NVP_TREE_NUMBER) || !is_number(text))
		wrong_value(where, "a number", value);
	errno = 0;
	whole = strtoi64(text, &end, 10);
	if (field->kind == NVP_COLUMN_INT && errno == 0 && *end == '\0')
	{
		out->type = INT8OID;
		out->datum = Int64GetDatum(whole);
	}
	else if (field->kind == NVP_COLUMN_FLOAT)
	{
		out->type = FLOAT8OID;
		out->datum = Float8GetDatum(strtod(text, NULL));
	}
	else
	{
		out->type = NUMERICOID;
		out->datum = numeric_of(text);
	}
}

static void
read_bool(NvpWhere *where, const NvpTree *value, Value *out)
{
	const char *text = text_of(value);
	bool		is_true = pg_strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0;

	if (!is_true && pg_strcasecmp(text, "false") != 0 && strcmp(text, "0") != 0)
		wrong_value(where, "true or false", value);
	out->type = BOOLOID;
	out->datum = BoolGetDatum(is_true);
}

static void
read_time(NvpWhere *where, const NvpTree *value, Value *out)
{
	TimestampTz time;

	if (value->kind != NVP_TREE_TEXT || !nvp_iso_read(value->text, &time))
		wrong_value(where, "a time such as 2024-09-21T06:57:06.672Z", value);
	out->type = TIMESTAMPTZOID;
	out->datum = TimestampTzGetDatum(time);
}

static void
read_text(NvpWhere *where, const NvpTree *value, Value *out)
{
	if (value->kind == NVP_TREE_NULL)
		wrong_value(where, "a text", value);
	out->type = TEXTOID;
	out->datum = CStringGetTextDatum(text_of(value));
}

/* read_value reads a value of the field's type; false: no row can have it */
static bool
read_value(NvpWhere *where, const NvpField *field, const NvpTree *value, Value *out)
{
	switch (field->kind)
	{
		case NVP_COLUMN_UUID:
			return read_uuid(value, out);
		case NVP_COLUMN_INT:
		case NVP_COLUMN_NUMERIC:
		case NVP_COLUMN_FLOAT:
			read_number(where, field, value, out);
			break;
		case NVP_COLUMN_BOOL:
			read_bool(where, value, out);
			break;
		case NVP_COLUMN_TIME:
			read_time(where, value, out);
			break;
		default:
			read_text(where, value, out);
			break;
	}
	return true;
}

static Datum
make_array(Datum *datums, int n, Oid type)
{
	int16		len;
	bool		by_value;
	char		align;

	get_typlenbyvalalign(type, &len, &by_value, &align);
	return PointerGetDatum(construct_array(datums, n, type, len, by_value, align));
}

/* array_arg adds the values of a list that the field can have, in one type */
static const char *
array_arg(NvpWhere *where, const NvpField *field, const NvpTree *list)
{
	NvpField	exact = *field;
	Datum	   *datums = palloc(Max(list->count, 1) * sizeof(Datum));
	int			n = 0;
	Value		value;

	value.type = field->kind == NVP_COLUMN_UUID ? UUIDOID : TEXTOID;
	if (exact.kind == NVP_COLUMN_INT)
		exact.kind = NVP_COLUMN_NUMERIC;
	for (const NvpTree *one = list->first; one; one = one->next)
		if (read_value(where, &exact, one, &value))
			datums[n++] = value.datum;
	return nvp_where_arg(where, get_array_type(value.type), make_array(datums, n, value.type));
}

/* --- scalars */

/* within the millisecond that a time of the API stands for */
static void
compare_time(NvpWhere *where, const NvpField *field, NvpOp op, const NvpTree *value)
{
	Value		time;
	const char *from;
	const char *to;

	read_time(where, value, &time);
	from = nvp_where_arg(where, time.type, time.datum);
	if (DatumGetTimestampTz(time.datum) % 1000 != 0)
	{
		appendStringInfo(where->sql, "%s %s %s", field->sql, sign_of(op), from);
		return;
	}
	to = nvp_where_arg(where, time.type, TimestampTzGetDatum(DatumGetTimestampTz(time.datum) + 1000));
	switch (op)
	{
		case NVP_OP_LT:
			appendStringInfo(where->sql, "%s < %s", field->sql, from);
			break;
		case NVP_OP_GTE:
			appendStringInfo(where->sql, "%s >= %s", field->sql, from);
			break;
		case NVP_OP_LTE:
			appendStringInfo(where->sql, "%s < %s", field->sql, to);
			break;
		case NVP_OP_GT:
			appendStringInfo(where->sql, "%s >= %s", field->sql, to);
			break;
		default:
			appendStringInfo(where->sql, "%s >= %s AND %s < %s", field->sql, from, field->sql, to);
			break;
	}
}

/* eq, in, lt, lte, gt, gte */
static void
compare_scalar(NvpWhere *where, const NvpField *field, NvpOp op, const NvpTree *value)
{
	Value		one;

	if (op == NVP_OP_IN && value->first == NULL)
		appendStringInfoString(where->sql, "false");
	else if (op == NVP_OP_IN && field->kind == NVP_COLUMN_TIME)
		appendStringInfo(where->sql, "pg_catalog.date_trunc('milliseconds', %s) = ANY (%s)", field->sql, array_arg(where, field, value));
	else if (op == NVP_OP_IN)
		appendStringInfo(where->sql, "%s = ANY (%s)", field->sql, array_arg(where, field, value));
	else if (field->kind == NVP_COLUMN_TIME)
		compare_time(where, field, op, value);
	else if (read_value(where, field, value, &one))
		appendStringInfo(where->sql, "%s %s %s", field->sql, sign_of(op), nvp_where_arg(where, one.type, one.datum));
	else
		appendStringInfoString(where->sql, "false");
}

/* eq, in */
static void
compare_texts(NvpWhere *where, const NvpField *field, NvpOp op, const NvpTree *value)
{
	NvpField	element = {.kind = NVP_COLUMN_TEXT,.type = TEXTOID};
	Value		one;

	if (op == NVP_OP_IN)
	{
		appendStringInfo(where->sql, "%s && %s", field->sql, array_arg(where, &element, value));
		return;
	}
	if (op != NVP_OP_EQ)
		nvp_where_error(where->path, NULL, "a list has no order");
	read_text(where, value, &one);
	appendStringInfo(where->sql, "%s = ANY (%s)", nvp_where_arg(where, one.type, one.datum), field->sql);
}

/* --- jsonb */

static Datum
jsonb_of(NvpWhere *where, const NvpTree *value)
{
	JsonbValue	scalar;

	switch (value->kind)
	{
		case NVP_TREE_BOOL:
			scalar.type = jbvBool;
			scalar.val.boolean = value->boolean;
			break;
		case NVP_TREE_NUMBER:
			if (!is_number(value->text))
				wrong_value(where, "a number", value);
			scalar.type = jbvNumeric;
			scalar.val.numeric = DatumGetNumeric(numeric_of(value->text));
			break;
		case NVP_TREE_TEXT:
			scalar.type = jbvString;
			scalar.val.string.val = value->text;
			scalar.val.string.len = strlen(value->text);
			break;
		default:
			wrong_value(where, "a text, a number or a boolean", value);
	}
	return JsonbPGetDatum(JsonbValueToJsonb(&scalar));
}

/* a whole column may be an object that is known by its id */
static void
json_equals(NvpWhere *where, const NvpField *field, const NvpTree *value)
{
	const char *text;

	appendStringInfo(where->sql, "%s @> %s", field->sql, nvp_where_arg(where, JSONBOID, jsonb_of(where, value)));
	if (value->kind != NVP_TREE_TEXT)
		return;
	text = nvp_where_arg(where, TEXTOID, CStringGetTextDatum(value->text));
	appendStringInfo(where->sql, " OR %s #>> '{}' = %s", field->sql, text);
	if (field->is_whole)
		appendStringInfo(where->sql, " OR %s ->> 'id' = %s", field->sql, text);
}

static void
json_any(NvpWhere *where, const NvpField *field, const NvpTree *list)
{
	Datum	   *values = palloc(Max(list->count, 1) * sizeof(Datum));
	Datum	   *texts = palloc(Max(list->count, 1) * sizeof(Datum));
	int			nvalues = 0;
	int			ntexts = 0;
	const char *arg;

	for (const NvpTree *one = list->first; one; one = one->next)
	{
		values[nvalues++] = jsonb_of(where, one);
		if (one->kind == NVP_TREE_TEXT)
			texts[ntexts++] = CStringGetTextDatum(one->text);
	}
	arg = nvp_where_arg(where, JSONBARRAYOID, make_array(values, nvalues, JSONBOID));
	appendStringInfo(where->sql, "EXISTS (SELECT FROM pg_catalog.unnest(%s) AS e WHERE %s @> e)", arg, field->sql);
	arg = nvp_where_arg(where, TEXTARRAYOID, make_array(texts, ntexts, TEXTOID));
	appendStringInfo(where->sql, " OR %s #>> '{}' = ANY (%s)", field->sql, arg);
	if (field->is_whole)
		appendStringInfo(where->sql, " OR %s ->> 'id' = ANY (%s)", field->sql, arg);
}

/* numbers with numbers, texts with texts byte by byte, so that ISO 8601 times are in order */
static void
json_order(NvpWhere *where, const NvpField *field, NvpOp op, const NvpTree *value)
{
	const char *sign = sign_of(op);

	if (value->kind != NVP_TREE_TEXT && value->kind != NVP_TREE_NUMBER)
		wrong_value(where, "a number or a text", value);
	appendStringInfo(where->sql, "CASE pg_catalog.jsonb_typeof(%s)", field->sql);
	if (is_number(value->text))
		appendStringInfo(where->sql, " WHEN 'number' THEN (%s)::pg_catalog.numeric %s %s", field->sql, sign,
						 nvp_where_arg(where, NUMERICOID, numeric_of(value->text)));
	if (value->kind == NVP_TREE_TEXT)
		appendStringInfo(where->sql, " WHEN 'string' THEN (%s #>> '{}') COLLATE \"C\" %s %s", field->sql, sign,
						 nvp_where_arg(where, TEXTOID, CStringGetTextDatum(value->text)));
	else if (!is_number(value->text))
		wrong_value(where, "a number", value);
	appendStringInfoString(where->sql, " END");
}

static void
compare_json(NvpWhere *where, const NvpField *field, NvpOp op, const NvpTree *value)
{
	if (op == NVP_OP_EQ)
		json_equals(where, field, value);
	else if (op == NVP_OP_IN)
		json_any(where, field, value);
	else
		json_order(where, field, op, value);
}

/* --- texts within texts */

/* like_arg adds a pattern that stands for the text itself */
static const char *
like_arg(NvpWhere *where, NvpOp op, const NvpTree *value)
{
	StringInfoData pattern;

	if (value->kind == NVP_TREE_NULL)
		wrong_value(where, "a text", value);
	initStringInfo(&pattern);
	if (op != NVP_OP_STARTS_WITH)
		appendStringInfoChar(&pattern, '%');
	for (const char *p = text_of(value); *p; p++)
	{
		if (*p == '%' || *p == '_' || *p == '\\')
			appendStringInfoChar(&pattern, '\\');
		appendStringInfoChar(&pattern, *p);
	}
	if (op != NVP_OP_ENDS_WITH)
		appendStringInfoChar(&pattern, '%');
	return nvp_where_arg(where, TEXTOID, CStringGetTextDatum(pattern.data));
}

static void
compare_like(NvpWhere *where, const NvpField *field, NvpOp op, const NvpTree *value)
{
	const char *word = op == NVP_OP_CONTAINSI ? "ILIKE" : "LIKE";
	const char *pattern = like_arg(where, op, value);

	switch (field->kind)
	{
		case NVP_COLUMN_TEXT:
		case NVP_COLUMN_UUID:
			appendStringInfo(where->sql, "%s::pg_catalog.text %s %s", field->sql, word, pattern);
			break;
		case NVP_COLUMN_JSON:
			appendStringInfo(where->sql, "%s #>> '{}' %s %s", field->sql, word, pattern);
			break;
		case NVP_COLUMN_TEXTS:
			appendStringInfo(where->sql, "EXISTS (SELECT FROM pg_catalog.unnest(%s) AS e WHERE e %s %s)", field->sql, word, pattern);
			break;
		default:
			nvp_where_error(where->path, NULL, "operator \"%s\" is for texts", nvp_op_name(op));
	}
}

static void
compare_null(NvpWhere *where, const NvpField *field, NvpOp op)
{
	const char *word = op == NVP_OP_NULL ? "IS NULL" : "IS NOT NULL";

	if (field->kind == NVP_COLUMN_JSON && field->is_whole)
		appendStringInfo(where->sql, "NULLIF(%s, 'null'::pg_catalog.jsonb) %s", field->sql, word);
	else
		appendStringInfo(where->sql, "%s %s", field->sql, word);
}

/*
 * nvp_where_compare appends one comparison.
 *
 * in: value: an array for NVP_OP_IN and NVP_OP_NIN, nothing for NVP_OP_NULL and
 *		NVP_OP_NOT_NULL, else a scalar.
 * errors: 22023.
 */
void
nvp_where_compare(NvpWhere *where, const NvpField *field, NvpOp op, const NvpTree *value)
{
	switch (op)
	{
		case NVP_OP_NULL:
		case NVP_OP_NOT_NULL:
			compare_null(where, field, op);
			return;
		case NVP_OP_NE:
		case NVP_OP_NIN:
			appendStringInfoChar(where->sql, '(');
			nvp_where_compare(where, field, op == NVP_OP_NE ? NVP_OP_EQ : NVP_OP_IN, value);
			appendStringInfoString(where->sql, ") IS NOT TRUE");
			return;
		case NVP_OP_CONTAINS:
		case NVP_OP_CONTAINSI:
		case NVP_OP_STARTS_WITH:
		case NVP_OP_ENDS_WITH:
			compare_like(where, field, op, value);
			return;
		default:
			break;
	}
	if (field->kind == NVP_COLUMN_JSON)
		compare_json(where, field, op, value);
	else if (field->kind == NVP_COLUMN_TEXTS)
		compare_texts(where, field, op, value);
	else if (field->kind == NVP_COLUMN_OTHER)
		nvp_where_error(where->path, NULL, "the field cannot be compared");
	else
		compare_scalar(where, field, op, value);
}
