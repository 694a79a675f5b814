/*-------------------------------------------------------------------------
 *
 * query_string.c
 *		Query strings of lists, in both of nuvo's syntaxes, to one canonical form.
 *
 * Flow:   text --> tree (query_tree.c) --> what is asked for (query_spec.c,
 *		   query_filter.c) --> jsonb
 *		   jsonb of arguments --> tree --> what is asked for
 *
 * See query_string.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "api/query_string.h"
#include "base/jsonb.h"

pg_noreturn static void
throw_error(const NvpQueryError *error)
{
	const char *near = error->words ? nvp_closest(error->word, error->words) : NULL;
	const char *hint = near ? psprintf("Perhaps you meant \"%s\".", near) : error->hint;

	ereport(ERROR,
			errcode(error->is_encoding ? ERRCODE_INVALID_TEXT_REPRESENTATION : ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("%s: %s", error->path, error->message),
			hint ? errhint("%s", hint) : 0);
}

/* --- to jsonb */

/* texts are UTF-8; what the database's encoding cannot express is 22P05 */
static void
set_text(JsonbValue *value, const char *text)
{
	int			len = strlen(text);
	char	   *converted = pg_any_to_server(text, len, PG_UTF8);

	value->type = jbvString;
	value->val.string.val = converted;
	value->val.string.len = strlen(converted);
}

static void
push_key(JsonbParseState **state, const char *key)
{
	JsonbValue	value;

	set_text(&value, key);
	pushJsonbValue(state, WJB_KEY, &value);
}

static void
push_text(JsonbParseState **state, JsonbIteratorToken token, const char *text)
{
	JsonbValue	value;

	set_text(&value, text);
	pushJsonbValue(state, token, &value);
}

static void
push_int(JsonbParseState **state, const char *key, int64 number)
{
	JsonbValue	value;

	push_key(state, key);
	value.type = jbvNumeric;
	value.val.numeric = int64_to_numeric(number);
	pushJsonbValue(state, WJB_VALUE, &value);
}

static void
push_scalar(JsonbParseState **state, JsonbIteratorToken token, const NvpTree *node)
{
	JsonbValue	value;

	switch (node->kind)
	{
		case NVP_TREE_BOOL:
			value.type = jbvBool;
			value.val.boolean = node->boolean;
			break;
		case NVP_TREE_NUMBER:
			value.type = jbvNumeric;
			value.val.numeric = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(node->text),
																	ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
			break;
		case NVP_TREE_TEXT:
			set_text(&value, node->text);
			break;
		default:
			value.type = jbvNull;
			break;
	}
	pushJsonbValue(state, token, &value);
}

static JsonbValue *
push_tree(JsonbParseState **state, JsonbIteratorToken token, const NvpTree *node)
{
	bool		is_object = node->kind == NVP_TREE_OBJECT;

	check_stack_depth();
	if (!is_object && node->kind != NVP_TREE_ARRAY)
	{
		push_scalar(state, token, node);
		return NULL;
	}
	pushJsonbValue(state, is_object ? WJB_BEGIN_OBJECT : WJB_BEGIN_ARRAY, NULL);
	for (const NvpTree *child = node->first; child; child = child->next)
	{
		if (is_object)
			push_key(state, child->key);
		(void) push_tree(state, is_object ? WJB_VALUE : WJB_ELEM, child);
	}
	return pushJsonbValue(state, is_object ? WJB_END_OBJECT : WJB_END_ARRAY, NULL);
}

static void push_cond(JsonbParseState **state, const NvpCond *cond);

static void
push_compare(JsonbParseState **state, const NvpCond *cond)
{
	static const NvpTree yes = {.kind = NVP_TREE_BOOL,.boolean = true};

	push_key(state, "field");
	push_text(state, WJB_VALUE, cond->field);
	push_key(state, "op");
	push_text(state, WJB_VALUE, nvp_op_name(cond->op));
	push_key(state, "value");
	(void) push_tree(state, WJB_VALUE, cond->value ? cond->value : &yes);
}

static void
push_conds(JsonbParseState **state, const char *key, const NvpCond *first)
{
	push_key(state, key);
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (const NvpCond *cond = first; cond; cond = cond->next)
		push_cond(state, cond);
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_cond(JsonbParseState **state, const NvpCond *cond)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	switch (cond->kind)
	{
		case NVP_COND_COMPARE:
			push_compare(state, cond);
			break;
		case NVP_COND_AND:
			push_conds(state, "and", cond->first);
			break;
		case NVP_COND_OR:
			push_conds(state, "or", cond->first);
			break;
		case NVP_COND_NOT:
			push_key(state, "not");
			push_cond(state, cond->first);
			break;
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
push_sort(JsonbParseState **state, const NvpQuerySpec *spec)
{
	push_key(state, "sort");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < spec->nsort; i++)
	{
		pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
		push_text(state, WJB_ELEM, spec->sort[i].field);
		push_text(state, WJB_ELEM, spec->sort[i].descending ? "desc" : "asc");
		pushJsonbValue(state, WJB_END_ARRAY, NULL);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_pagination(JsonbParseState **state, const NvpQuerySpec *spec)
{
	push_key(state, "pagination");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	if (spec->offset >= 0)
		push_int(state, "offset", spec->offset);
	if (spec->limit >= 0)
		push_int(state, "limit", spec->limit);
	if (spec->after)
	{
		push_key(state, "after");
		push_text(state, WJB_VALUE, spec->after);
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* "a[0]" and "a[1]", or "a[]", are a list */
static void
find_lists(NvpTree *node)
{
	check_stack_depth();
	for (NvpTree *child = node->first; child; child = child->next)
	{
		find_lists(child);
		if (child->kind == NVP_TREE_OBJECT && nvp_tree_list(child))
			child->kind = NVP_TREE_ARRAY;
	}
}

/*
 * nvp_form_parse reads a body of type application/x-www-form-urlencoded: an
 * object of texts, nested by brackets ("auth[type]=USER").
 *
 * owner: the current context.
 * errors: 22023, 22P02.
 */
Jsonb *
nvp_form_parse(const char *form)
{
	NvpQueryError error;
	NvpTree    *root = nvp_tree_of_query(form, &error);
	JsonbParseState *state = NULL;

	if (root == NULL)
		throw_error(&error);
	find_lists(root);
	return JsonbValueToJsonb(push_tree(&state, WJB_VALUE, root));
}

/*
 * nvp_query_string_parse reads a query string.
 *
 * in: as it came, percent-encoded, without or with the leading "?".
 * out: the canonical form (see the head of the header), in the current context.
 * errors: 22023, 22P02; 22003 for a number beyond numeric.
 */
Jsonb *
nvp_query_string_parse(const char *query)
{
	NvpQueryError error;
	NvpQuerySpec spec;
	NvpTree    *root = nvp_tree_of_query(query, &error);
	JsonbParseState *state = NULL;

	if (root == NULL || !nvp_query_spec_read(root, &spec, &error))
		throw_error(&error);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (const NvpTree *other = spec.others->first; other; other = other->next)
	{
		push_key(&state, other->key);
		push_text(&state, WJB_VALUE, other->text);
	}
	if (spec.has_sort)
		push_sort(&state, &spec);
	if (spec.filter)
	{
		push_key(&state, "filters");
		push_cond(&state, spec.filter);
	}
	if (spec.has_pagination)
		push_pagination(&state, &spec);
	if (spec.options)
	{
		push_key(&state, "options");
		(void) push_tree(&state, WJB_VALUE, spec.options);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* --- from jsonb */

static NvpTree *
tree_of_value(const JsonbValue *value, const char *key)
{
	NvpTree    *node = nvp_tree_make(NVP_TREE_NULL, key);

	switch (value->type)
	{
		case jbvBool:
			node->kind = NVP_TREE_BOOL;
			node->boolean = value->val.boolean;
			break;
		case jbvNumeric:
			node->kind = NVP_TREE_NUMBER;
			node->text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
			break;
		case jbvString:
			node->kind = NVP_TREE_TEXT;
			node->text = pnstrdup(value->val.string.val, value->val.string.len);
			break;
		default:
			break;
	}
	return node;
}

static NvpTree *
tree_of_container(JsonbContainer *container, const char *key)
{
	bool		is_object = JsonContainerIsObject(container);
	NvpTree    *node = nvp_tree_make(is_object ? NVP_TREE_OBJECT : NVP_TREE_ARRAY, key);
	JsonbIterator *it = JsonbIteratorInit(container);
	JsonbIteratorToken token;
	JsonbValue	value;
	char	   *member = NULL;

	check_stack_depth();
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			member = pnstrdup(value.val.string.val, value.val.string.len);
		else if (token == WJB_VALUE || token == WJB_ELEM)
			nvp_tree_add(node, value.type == jbvBinary ?
						 tree_of_container(value.val.binary.data, member) : tree_of_value(&value, member));
	}
	return node;
}

/*
 * nvp_query_spec_of_args finds out what the arguments of an operation ask for.
 *
 * in: an object of which only sort, filters and pagination are looked at.
 *		Objects of jsonb do not keep their order: several fields of a sort are
 *		given as a list.
 * errors: 22023, 22P02.
 */
void
nvp_query_spec_of_args(const Jsonb *args, NvpQuerySpec *spec)
{
	static const char *const members[] = {"sort", "filters", "pagination"};
	NvpTree    *root = nvp_tree_make(NVP_TREE_OBJECT, NULL);
	NvpQueryError error;

	for (int i = 0; args && i < lengthof(members); i++)
	{
		JsonbValue *value = nvp_jsonb_get((JsonbContainer *) &args->root, members[i]);

		if (value)
			nvp_tree_add(root, value->type == jbvBinary ?
						 tree_of_container(value->val.binary.data, members[i]) : tree_of_value(value, members[i]));
	}
	if (!nvp_query_spec_read(root, spec, &error))
		throw_error(&error);
}
