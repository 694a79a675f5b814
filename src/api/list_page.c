/*-------------------------------------------------------------------------
 *
 * list_page.c
 *		The order of a list, and the cursor that says where a page ended.
 *
 * A cursor is base64url of {"s": order, "v": values of the last row, "o":
 * offset of what follows, "t": total, "e": it is an estimate}.  Its values become arguments of the
 * types of the fields; nothing else is believed.
 *
 * Behind a row (a, b) lies, ascending, what has a greater a, or the same a and
 * a greater b; null is greater than any value.  Where no null can lie behind,
 * a comparison of rows says the same, and an index can answer it.
 *
 * Errors: 22023 for what is no cursor of this list.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sodium.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"

#include "api/list_page.h"
#include "base/compat.h"
#include "base/iso.h"

#define CURSOR_PATH			"pagination.after"
#define CURSOR_HINT			"Give pagination.next of the page before, as it is, with the same sort."
#define MAX_CURSOR_BYTES	NVP_QUERY_MAX_BYTES

/* --- order */

static void
add_key(NvpWhere *where, NvpOrder *order, StringInfo name, const char *field, bool descending)
{
	NvpField   *key = &order->fields[order->nkeys];

	where->path = psprintf("sort.%s", field);
	nvp_where_field(where, field, key);
	order->descending[order->nkeys++] = descending;
	appendStringInfo(name, "%s%s:%s", name->len > 0 ? "," : "", field, descending ? "desc" : "asc");
}

/*
 * nvp_order_make finds out in what order rows come.
 *
 * errors: 22023 for an unknown field; 55000 for a view whose rows have nothing
 *		to tell them apart.
 */
void
nvp_order_make(NvpWhere *where, const NvpQuerySpec *spec, NvpOrder *order)
{
	const NvpView *view = where->view;
	StringInfoData name;
	bool		descending = false;

	order->nkeys = 0;
	initStringInfo(&name);
	for (int i = 0; i < spec->nsort; i++)
	{
		descending = spec->sort[i].descending;
		add_key(where, order, &name, spec->sort[i].field, descending);
	}
	if (spec->nsort == 0 && view->created_at)
	{
		descending = true;
		add_key(where, order, &name, "created_at", true);
	}
	order->name = name.data;
	if (view->key == NULL)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("view %s has no column \"id\" or \"_key\"", view->relation));
	for (int i = 0; i < order->nkeys; i++)
		if (order->fields[i].sql == view->key->sql)
			return;
	nvp_where_column(view, view->key, &order->fields[order->nkeys]);
	order->descending[order->nkeys++] = descending;
}

/* nvp_order_by appends ORDER BY; the server's places of null are ours. */
void
nvp_order_by(StringInfo sql, const NvpOrder *order)
{
	for (int i = 0; i < order->nkeys; i++)
		appendStringInfo(sql, "%s%s%s", i == 0 ? " ORDER BY " : ", ", order->fields[i].sql, order->descending[i] ? " DESC" : "");
}

/* nvp_order_select appends what a cursor is made of to the columns that are selected. */
void
nvp_order_select(StringInfo sql, const NvpOrder *order)
{
	for (int i = 0; i < order->nkeys; i++)
		appendStringInfo(sql, ", %s", order->fields[i].sql);
}

/* --- reading a cursor */

pg_noreturn static void
no_cursor(void)
{
	nvp_where_error(CURSOR_PATH, CURSOR_HINT, "not a cursor of this list");
}

static NvpTree *
decode(const char *text)
{
	size_t		len = strlen(text);
	char	   *json;
	size_t		json_len;
	NvpQueryError error;
	NvpTree    *tree;

	if (len > MAX_CURSOR_BYTES)
		no_cursor();
	json = palloc(len + 1);
	if (sodium_base642bin((unsigned char *) json, len, text, len, NULL, &json_len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		no_cursor();
	json[json_len] = '\0';
	if (strlen(json) != json_len)
		no_cursor();
	tree = nvp_tree_of_json(json, CURSOR_PATH, &error);
	if (tree == NULL || tree->kind != NVP_TREE_OBJECT)
		no_cursor();
	return tree;
}

static NvpTree *
member(const NvpTree *object, const char *key, NvpTreeKind kind)
{
	for (NvpTree *child = object->first; child; child = child->next)
		if (strcmp(child->key, key) == 0 && child->kind == kind)
			return child;
	no_cursor();
}

static int64
read_number(const NvpTree *object, const char *key)
{
	const char *text = member(object, key, NVP_TREE_NUMBER)->text;

	if (strspn(text, "0123456789") != strlen(text) || strlen(text) > 15)
		no_cursor();
	return strtoi64(text, NULL, 10);
}

static void
read_order(NvpTree *text, NvpQuerySpec *spec)
{
	NvpTree    *root = nvp_tree_make(NVP_TREE_OBJECT, NULL);
	NvpQueryError error;

	text->key = "sort";
	text->next = NULL;
	nvp_tree_add(root, text);
	if (!nvp_query_spec_read(root, spec, &error))
		no_cursor();
}

/*
 * nvp_cursor_read takes a cursor apart.
 *
 * errors: 22023.
 */
void
nvp_cursor_read(const char *text, NvpCursor *cursor)
{
	NvpTree    *tree = decode(text);
	NvpTree    *values = member(tree, "v", NVP_TREE_ARRAY);

	cursor->offset = read_number(tree, "o");
	cursor->total = read_number(tree, "t");
	cursor->is_estimate = member(tree, "e", NVP_TREE_BOOL)->boolean;
	if (values->count > NVP_LIST_MAX_ORDER)
		no_cursor();
	cursor->nvalues = 0;
	for (const NvpTree *value = values->first; value; value = value->next)
	{
		if (value->kind != NVP_TREE_TEXT && value->kind != NVP_TREE_NULL)
			no_cursor();
		cursor->values[cursor->nvalues++] = value->text;
	}
	read_order(member(tree, "s", NVP_TREE_TEXT), &cursor->order);
}

/* --- what lies behind */

/* value_arg adds a value of a cursor in the type of its field */
static const char *
value_arg(NvpWhere *where, const NvpField *field, char *text)
{
	Oid			function;
	Oid			io_param;
	FmgrInfo	input;
	Datum		datum;
	char	   *why;

	getTypeInputInfo(field->type, &function, &io_param);
	fmgr_info(function, &input);
	if (!nvp_input_call(&input, text, io_param, -1, &datum, &why))
		no_cursor();
	return nvp_where_arg(where, field->type, datum);
}

/* can an index answer it?  Descending, nulls lie before all values, and a comparison of rows leaves them out. */
static bool
is_row(const NvpOrder *order, const NvpCursor *cursor)
{
	for (int i = 0; i < order->nkeys; i++)
		if (cursor->values[i] == NULL || order->descending[i] != order->descending[0] ||
			(!order->descending[i] && !order->fields[i].not_null))
			return false;
	return true;
}

static void
append_row(StringInfo sql, const NvpOrder *order, const char **args)
{
	for (int i = 0; i < order->nkeys; i++)
		appendStringInfo(sql, "%s%s", i == 0 ? "ROW(" : ", ", order->fields[i].sql);
	appendStringInfo(sql, order->descending[0] ? ") < " : ") > ");
	for (int i = 0; i < order->nkeys; i++)
		appendStringInfo(sql, "%s%s", i == 0 ? "ROW(" : ", ", args[i]);
	appendStringInfoChar(sql, ')');
}

/* append_key appends what lies behind by the key i, or, if that is the same, by those after it */
static void
append_key(StringInfo sql, const NvpOrder *order, const char **args, int i)
{
	const char *field = order->fields[i].sql;

	if (i == order->nkeys)
	{
		appendStringInfoString(sql, "false");
		return;
	}
	appendStringInfoChar(sql, '(');
	if (args[i] == NULL)
		appendStringInfo(sql, order->descending[i] ? "%s IS NOT NULL OR (%s IS NULL AND " : "%s IS NULL AND (%s IS NULL AND ", field, field);
	else if (order->descending[i])
		appendStringInfo(sql, "%s < %s OR (%s = %s AND ", field, args[i], field, args[i]);
	else
		appendStringInfo(sql, "%s > %s OR %s IS NULL OR (%s = %s AND ", field, args[i], field, field, args[i]);
	append_key(sql, order, args, i + 1);
	appendStringInfoString(sql, "))");
}

/*
 * nvp_cursor_behind appends the condition of the rows that follow.
 *
 * errors: 22023 for a cursor of another order.
 */
void
nvp_cursor_behind(NvpWhere *where, const NvpOrder *order, const NvpCursor *cursor)
{
	const char *args[NVP_LIST_MAX_ORDER];

	if (cursor->nvalues != order->nkeys)
		no_cursor();
	for (int i = 0; i < order->nkeys; i++)
		args[i] = cursor->values[i] ? value_arg(where, &order->fields[i], cursor->values[i]) : NULL;
	if (is_row(order, cursor))
		append_row(where->sql, order, args);
	else
		append_key(where->sql, order, args, 0);
}

/* --- making a cursor */

static char *
value_text(Oid type, Datum value)
{
	Oid			function;
	bool		is_varlena;
	char	   *text;

	if (type == TIMESTAMPTZOID)
	{
		text = palloc(NVP_ISO_BYTES);
		nvp_iso_write(DatumGetTimestampTz(value), 6, text);
		return text;
	}
	getTypeOutputInfo(type, &function, &is_varlena);
	return OidOutputFunctionCall(function, value);
}

/*
 * nvp_cursor_make makes the cursor that stands behind a row of the result.
 *
 * in: first_col: where nvp_order_select's columns begin; offset and total: to
 *		be remembered.
 * owner: the current memory context.
 */
char *
nvp_cursor_make(const NvpOrder *order, int row, int first_col, int64 offset, int64 total, bool is_estimate)
{
	StringInfoData json;
	size_t		room;
	char	   *text;

	initStringInfo(&json);
	appendStringInfoString(&json, "{\"s\":");
	escape_json(&json, order->name);
	appendStringInfoString(&json, ",\"v\":[");
	for (int i = 0; i < order->nkeys; i++)
	{
		bool		isnull;
		Datum		value = nvp_get_datum(row, first_col + i, &isnull);

		if (i > 0)
			appendStringInfoChar(&json, ',');
		if (isnull)
			appendStringInfoString(&json, "null");
		else
			escape_json(&json, value_text(order->fields[i].type, value));
	}
	appendStringInfo(&json, "],\"o\":" INT64_FORMAT ",\"t\":" INT64_FORMAT ",\"e\":%s}", offset, total, is_estimate ? "true" : "false");
	room = sodium_base64_encoded_len(json.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	text = palloc(room);
	sodium_bin2base64(text, room, (unsigned char *) json.data, json.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return text;
}
