/*-------------------------------------------------------------------------
 *
 * query_filter.c
 *		Filters of a list: from nuvo's objects to conditions.
 *
 * A group is an object whose members all have to hold:
 *
 *		{"a": 1}						a = 1
 *		{"a": {"$gt": 1, "$lt": 5}}		1 < a < 5
 *		{"a": [1, 2]}					a is one of them
 *		{"a": {"b": 1}}, {"a.b": 1}		b within a
 *		{"$or": [group, group]}, {"$and": [...]}, {"$not": group}
 *		{"a": {"$not": {"$gt": 1}}}
 *
 * Canonical: {"field": "a", "op": "eq", "value": 1}, {"or": [...]}, {"and":
 * [...]}, {"not": {...}}.
 *
 * See query_spec.h for memory and errors.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "api/query_filter.h"

typedef struct FilterRead
{
	int			conditions;
	NvpQueryError *error;
} FilterRead;

/* in the order of NvpOp, then those that combine */
static const char *const operators[] = {
	"$eq", "$ne", "$in", "$nin", "$lt", "$lte", "$gt", "$gte", "$contains", "$containsi",
	"$startsWith", "$endsWith", "$null", "$notNull", "$and", "$or", "$not", NULL
};

static const char *const names[] = {
	"eq", "ne", "in", "nin", "lt", "lte", "gt", "gte", "contains", "containsi",
	"starts_with", "ends_with", "null", "not_null", NULL
};

#define NCOMPARE	((int) lengthof(names) - 1)

static bool read_group(FilterRead *read, NvpCond *parent, NvpTree *node, const char *path, int depth);
static bool read_field(FilterRead *read, NvpCond *parent, const char *field, NvpTree *node, const char *path, int depth);

/* nvp_op_name gives the canonical name of an operator. */
const char *
nvp_op_name(NvpOp op)
{
	return names[op];
}

static void
add_child(NvpCond *parent, NvpCond *cond)
{
	if (parent->last)
		parent->last->next = cond;
	else
		parent->first = cond;
	parent->last = cond;
}

static NvpCond *
add_cond(NvpCond *parent, NvpCondKind kind, const char *path)
{
	NvpCond    *cond = palloc0(sizeof(NvpCond));

	cond->kind = kind;
	cond->path = path;
	if (parent)
		add_child(parent, cond);
	return cond;
}

static bool
is_scalar(const NvpTree *node)
{
	return node->kind != NVP_TREE_OBJECT && node->kind != NVP_TREE_ARRAY;
}

static bool
unknown_operator(FilterRead *read, const char *path, const char *word, bool canonical)
{
	nvp_query_refuse(read->error, path, NULL, "unknown operator \"%s\"", word);
	read->error->word = word;
	read->error->words = canonical ? names : operators;
	return false;
}

/* --- values */

/* "$null": true or false; nothing means true */
static bool
read_truth(FilterRead *read, const NvpTree *node, const char *path, bool *truth)
{
	const char *text = node->kind == NVP_TREE_TEXT ? node->text : NULL;

	if (node->kind == NVP_TREE_BOOL)
		*truth = node->boolean;
	else if (node->kind == NVP_TREE_NULL || (text && (*text == '\0' || strcmp(text, "true") == 0 || strcmp(text, "1") == 0)))
		*truth = true;
	else if (text && (strcmp(text, "false") == 0 || strcmp(text, "0") == 0))
		*truth = false;
	else
		return nvp_query_refuse(read->error, path, NULL, "true or false is expected");
	return true;
}

/* a list of scalars; one alone is a list of one */
static NvpTree *
read_values(FilterRead *read, NvpTree *node, const char *path)
{
	NvpTree    *values = nvp_tree_make(NVP_TREE_ARRAY, NULL);
	NvpTree    *next;

	node = nvp_tree_expect(node, path, read->error);
	if (node == NULL)
		return NULL;
	if (is_scalar(node))
	{
		NvpTree    *copy = palloc(sizeof(NvpTree));

		*copy = *node;
		copy->next = NULL;
		nvp_tree_add(values, copy);
		return values;
	}
	if (node->count > 0 && !nvp_tree_list(node))
	{
		nvp_query_refuse(read->error, path, NULL, "a list of values is expected");
		return NULL;
	}
	if (node->count > NVP_QUERY_MAX_VALUES)
	{
		nvp_query_refuse(read->error, path, NULL, "more than %d values", NVP_QUERY_MAX_VALUES);
		return NULL;
	}
	for (NvpTree *child = node->first; child; child = next)
	{
		if (!is_scalar(child))
		{
			nvp_query_refuse(read->error, path, NULL, "a list of texts, numbers or booleans is expected");
			return NULL;
		}
		next = child->next;
		child->next = NULL;
		nvp_tree_add(values, child);
	}
	return values;
}

static bool
add_compare(FilterRead *read, NvpCond *parent, const char *field, NvpOp op, NvpTree *value, const char *path)
{
	NvpCond    *cond;
	bool		truth = true;

	if (op == NVP_OP_NULL || op == NVP_OP_NOT_NULL)
	{
		if (!read_truth(read, value, path, &truth))
			return false;
		if (!truth)
			op = op == NVP_OP_NULL ? NVP_OP_NOT_NULL : NVP_OP_NULL;
		value = NULL;
	}
	else if (op == NVP_OP_IN || op == NVP_OP_NIN)
	{
		value = read_values(read, value, path);
		if (value == NULL)
			return false;
	}
	else if (!is_scalar(value))
		return nvp_query_refuse(read->error, path, NULL, "a text, a number or a boolean is expected");
	else if (value->kind == NVP_TREE_NULL && (op == NVP_OP_EQ || op == NVP_OP_NE))
	{
		op = op == NVP_OP_EQ ? NVP_OP_NULL : NVP_OP_NOT_NULL;
		value = NULL;
	}
	else if (value->kind == NVP_TREE_NULL)
		return nvp_query_refuse(read->error, path, "Use \"$null\".", "null has no order");

	if (++read->conditions > NVP_QUERY_MAX_CONDITIONS)
		return nvp_query_refuse(read->error, path, NULL, "more than %d conditions", NVP_QUERY_MAX_CONDITIONS);
	cond = add_cond(parent, NVP_COND_COMPARE, path);
	cond->field = field;
	cond->op = op;
	cond->value = value;
	return true;
}

/* --- groups */

static bool
check_depth(FilterRead *read, const char *path, int depth)
{
	if (depth > NVP_QUERY_MAX_LOGIC)
		return nvp_query_refuse(read->error, path, NULL, "conditions are nested deeper than %d levels", NVP_QUERY_MAX_LOGIC);
	return true;
}

/* read_part reads what $and, $or and $not combine: groups, or operators of the field they stand in */
static bool
read_part(FilterRead *read, NvpCond *parent, const char *field, NvpTree *node, const char *path, int depth)
{
	NvpCond    *part = add_cond(parent, NVP_COND_AND, path);

	if (field)
		return read_field(read, part, field, node, path, depth);
	return read_group(read, part, node, path, depth);
}

static bool
read_list(FilterRead *read, NvpCond *parent, NvpCondKind kind, const char *field, NvpTree *node, const char *path, int depth)
{
	NvpCond    *list = add_cond(parent, kind, path);
	int			i = 0;

	node = nvp_tree_expect(node, path, read->error);
	if (node == NULL)
		return false;
	if (node->kind == NVP_TREE_OBJECT && node->count > 0 && !nvp_tree_list(node))
		return read_part(read, list, field, node, path, depth);
	if (is_scalar(node))
		return nvp_query_refuse(read->error, path, NULL, "a list of conditions is expected");
	if (node->count == 0 && kind == NVP_COND_OR)
		return nvp_query_refuse(read->error, path, NULL, "at least one condition is needed");
	for (NvpTree *child = node->first; child; child = child->next)
		if (!read_part(read, list, field, child, psprintf("%s[%d]", path, i++), depth))
			return false;
	return true;
}

/* read_logic reads "$and", "$or", "$not" and their canonical words; *is_logic tells whether key was one */
static bool
read_logic(FilterRead *read, NvpCond *parent, const char *field, NvpTree *node, const char *path, int depth, bool *is_logic)
{
	const char *word = node->key[0] == '$' ? node->key + 1 : node->key;

	*is_logic = true;
	if (strcmp(word, "and") == 0 || strcmp(word, "or") == 0)
		return check_depth(read, path, depth + 1) &&
			read_list(read, parent, *word == 'o' ? NVP_COND_OR : NVP_COND_AND, field, node, path, depth + 1);
	if (strcmp(word, "not") == 0)
		return check_depth(read, path, depth + 1) &&
			read_part(read, add_cond(parent, NVP_COND_NOT, path), field, node, path, depth + 1);
	*is_logic = false;
	return true;
}

/* read_operator reads a member of a field whose name begins with "$" */
static bool
read_operator(FilterRead *read, NvpCond *parent, const char *field, NvpTree *node, const char *path, int depth)
{
	bool		is_logic;

	if (!read_logic(read, parent, field, node, path, depth, &is_logic))
		return false;
	if (is_logic)
		return true;
	for (int i = 0; i < NCOMPARE; i++)
		if (strcmp(operators[i], node->key) == 0)
			return add_compare(read, parent, field, (NvpOp) i, node, path);
	return unknown_operator(read, path, node->key, false);
}

/* read_field reads what a field has to be */
static bool
read_field(FilterRead *read, NvpCond *parent, const char *field, NvpTree *node, const char *path, int depth)
{
	if (is_scalar(node))
		return add_compare(read, parent, field, NVP_OP_EQ, node, path);
	if (node->count == 0)
	{
		if (node->kind == NVP_TREE_ARRAY)
			return add_compare(read, parent, field, NVP_OP_IN, node, path);
		return nvp_query_refuse(read->error, path, "Write {\"field\": value} or {\"field\": {\"$gt\": value}}.", "a value or an operator is expected");
	}
	if (nvp_tree_list(node))
		return add_compare(read, parent, field, NVP_OP_IN, node, path);
	for (NvpTree *child = node->first; child; child = child->next)
	{
		const char *here = psprintf("%s.%s", path, child->key);
		bool		ok = child->key[0] == '$' ?
			read_operator(read, parent, field, child, here, depth) :
			read_field(read, parent, psprintf("%s.%s", field, child->key), child, here, depth);

		if (!ok)
			return false;
	}
	return true;
}

static NvpTree *
find_member(const NvpTree *node, const char *key)
{
	for (NvpTree *child = node->first; child; child = child->next)
		if (strcmp(child->key, key) == 0)
			return child;
	return NULL;
}

/* canonical: {"field": "a", "op": "eq", "value": 1} */
static bool
read_canonical(FilterRead *read, NvpCond *parent, NvpTree *field, NvpTree *op, NvpTree *value, const char *path)
{
	NvpTree    *none = nvp_tree_make(NVP_TREE_NULL, NULL);

	for (int i = 0; i < NCOMPARE; i++)
		if (strcmp(names[i], op->text) == 0)
			return add_compare(read, parent, field->text, (NvpOp) i, value ? value : none, path);
	return unknown_operator(read, path, op->text, true);
}

static bool
read_group_member(FilterRead *read, NvpCond *parent, NvpTree *child, const char *path, int depth)
{
	bool		is_logic = false;

	if (child->key[0] == '$' || !is_scalar(child))
	{
		if (!read_logic(read, parent, NULL, child, path, depth, &is_logic))
			return false;
	}
	if (is_logic)
		return true;
	if (child->key[0] == '$')
	{
		for (int i = 0; i < NCOMPARE; i++)
			if (strcmp(operators[i], child->key) == 0)
				return nvp_query_refuse(read->error, path, "Write {\"field\": {\"$gt\": value}}.", "operator \"%s\" stands at no field", child->key);
		return unknown_operator(read, path, child->key, false);
	}
	if (child->key[0] == '\0')
		return nvp_query_refuse(read->error, pnstrdup(path, strlen(path) - 1), NULL, "the name of a field is missing");
	return read_field(read, parent, child->key, child, path, depth);
}

static bool
read_group(FilterRead *read, NvpCond *parent, NvpTree *node, const char *path, int depth)
{
	NvpTree    *field;
	NvpTree    *op;

	node = nvp_tree_expect(node, path, read->error);
	if (node == NULL)
		return false;
	if (node->kind == NVP_TREE_ARRAY || nvp_tree_list(node))
		return check_depth(read, path, depth + 1) &&
			read_list(read, parent, NVP_COND_AND, NULL, node, path, depth + 1);
	if (node->kind != NVP_TREE_OBJECT)
		return nvp_query_refuse(read->error, path, "Write filters={\"name\":\"x\"} or filters[name]=x.", "an object of conditions is expected");
	field = find_member(node, "field");
	op = find_member(node, "op");
	if (field && op && field->kind == NVP_TREE_TEXT && op->kind == NVP_TREE_TEXT)
		return read_canonical(read, parent, field, op, find_member(node, "value"), path);
	for (NvpTree *child = node->first; child; child = child->next)
		if (!read_group_member(read, parent, child, psprintf("%s.%s", path, child->key), depth))
			return false;
	return true;
}

static int
count_conditions(const NvpCond *cond)
{
	int			n = cond->kind == NVP_COND_COMPARE;

	for (const NvpCond *child = cond->first; child; child = child->next)
		n += count_conditions(child);
	return n;
}

/* simplify takes out groups that combine nothing: one condition alone, conditions that all hold within others that do */
static void
simplify(NvpCond *cond)
{
	NvpCond    *child = cond->first;

	cond->first = cond->last = NULL;
	while (child)
	{
		NvpCond    *next = child->next;
		bool		melts;

		simplify(child);
		child->next = NULL;
		melts = child->kind == NVP_COND_AND || child->kind == NVP_COND_OR;
		melts = melts && ((child->first && child->first == child->last) || (child->kind == NVP_COND_AND && cond->kind == NVP_COND_AND));
		for (NvpCond *one = melts ? child->first : child, *after; one; one = after)
		{
			after = one->next;
			one->next = NULL;
			add_child(cond, one);
		}
		child = next;
	}
}

/*
 * nvp_query_filter_read reads one parameter "filters" into conditions that all
 * have to hold; *filter may have some already.
 *
 * out: false with the error set.
 */
bool
nvp_query_filter_read(NvpTree *node, NvpCond **filter, NvpQueryError *error)
{
	FilterRead	read = {.error = error};

	if (*filter == NULL)
		*filter = add_cond(NULL, NVP_COND_AND, "filters");
	read.conditions = count_conditions(*filter);
	if (nvp_tree_is_nothing(node))
		return true;
	if (!read_group(&read, *filter, node, "filters", 0))
		return false;
	simplify(*filter);
	return true;
}
