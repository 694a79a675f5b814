/*-------------------------------------------------------------------------
 *
 * query_tree.c
 *		The text of a query string, taken apart: parameters, brackets, JSON.
 *
 * Flow:   query --> pairs at "&" --> name and value, percent-decoded
 *		   --> brackets of the name lead to a node --> the value is its leaf
 *		   JSON in a value stays text until somebody expects it there
 *		   (nvp_tree_of_json).
 *
 * See query_tree.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "api/query_tree.h"
#include "format/json_scan.h"

/* a scanner of JSON may read that far behind the end */
#define JSON_PADDING	64

#define MAX_MESSAGE_BYTES	300
#define MAX_NUMBER_BYTES	100
#define MAX_EXPONENT		400

typedef struct JsonText
{
	const char *begin;
	const char *p;
	const char *end;
	const char *path;
	NvpQueryError *error;
} JsonText;

/* what a user wrote goes into messages, but not at any length */
static char *
clip(const char *text)
{
	size_t		len = strlen(text);

	if (len <= MAX_MESSAGE_BYTES)
		return pstrdup(text);
	len = MAX_MESSAGE_BYTES;
	while (len > 0 && (text[len] & 0xC0) == 0x80)
		len--;
	return psprintf("%s...", pnstrdup(text, len));
}

/* nvp_query_refuse fills an error in; false, for the caller to return. */
bool
nvp_query_refuse(NvpQueryError *error, const char *path, const char *hint, const char *fmt,...)
{
	StringInfoData buf;

	initStringInfo(&buf);
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
	memset(error, 0, sizeof(NvpQueryError));
	error->path = clip(path);
	error->message = clip(buf.data);
	error->hint = hint ? pstrdup(hint) : NULL;
	return false;
}

static inline int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/*
 * nvp_percent_decode takes the encoding of URLs off a text.
 *
 * in: len bytes; a "%" that no two hexadecimal digits follow stands for itself.
 * out: NULL if the result is no UTF-8 or has a NUL.
 * source: WHATWG URL, percent-decode.
 */
char *
nvp_percent_decode(const char *text, size_t len, bool plus_is_blank)
{
	char	   *result = palloc(len + 1);
	char	   *out = result;
	size_t		made;

	for (size_t i = 0; i < len; i++)
	{
		char		c = text[i];

		if (c == '%' && len - i > 2 && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0)
		{
			c = (char) (hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]));
			i += 2;
		}
		else if (c == '+' && plus_is_blank)
			c = ' ';
		*out++ = c;
	}
	*out = '\0';
	made = out - result;
	if (pg_encoding_verifymbstr(PG_UTF8, result, (int) made) != (int) made)
	{
		pfree(result);
		return NULL;
	}
	return result;
}

/* nvp_tree_is_nothing tells whether a parameter was left empty, as forms and scripts do. */
bool
nvp_tree_is_nothing(const NvpTree *node)
{
	const char *text = node->kind == NVP_TREE_TEXT ? node->text + strspn(node->text, " ") : NULL;

	return node->kind == NVP_TREE_NULL || (text && (*text == '\0' || strcmp(text, "null") == 0));
}

/* nvp_tree_make makes a node without children; key may be NULL. */
NvpTree *
nvp_tree_make(NvpTreeKind kind, const char *key)
{
	NvpTree    *node = palloc0(sizeof(NvpTree));

	node->kind = kind;
	node->key = key ? pstrdup(key) : NULL;
	return node;
}

/* nvp_tree_add makes child the last one of parent. */
void
nvp_tree_add(NvpTree *parent, NvpTree *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->count++;
}

/* at most nine digits: a place in a list */
static bool
is_index(const char *key)
{
	size_t		len = strspn(key, "0123456789");

	return len > 0 && len <= 9 && key[len] == '\0';
}

static int
compare_index(const void *a, const void *b)
{
	const NvpTree *x = *(NvpTree *const *) a;
	const NvpTree *y = *(NvpTree *const *) b;
	int			m = atoi(x->key);
	int			n = atoi(y->key);

	return m < n ? -1 : m > n;
}

/*
 * nvp_tree_list tells whether a node is a list, and brings one that was written
 * in brackets into the order of its numbers.
 */
bool
nvp_tree_list(NvpTree *node)
{
	NvpTree   **children;
	NvpTree    *child;
	int			n = 0;

	if (node->kind == NVP_TREE_ARRAY)
		return true;
	if (node->kind != NVP_TREE_OBJECT || node->count == 0)
		return false;
	for (child = node->first; child; child = child->next)
		if (child->key == NULL || !is_index(child->key))
			return false;
	children = palloc(node->count * sizeof(NvpTree *));
	for (child = node->first; child; child = child->next)
		children[n++] = child;
	qsort(children, n, sizeof(NvpTree *), compare_index);
	node->first = node->last = NULL;
	node->count = 0;
	for (int i = 0; i < n; i++)
	{
		children[i]->next = NULL;
		nvp_tree_add(node, children[i]);
	}
	pfree(children);
	return true;
}

/* --- JSON */

static NvpTree *
bad_json(JsonText *json)
{
	int			character = 1;

	for (const char *p = json->begin; p < json->p; p++)
		character += (*p & 0xC0) != 0x80;
	nvp_query_refuse(json->error, json->path, "Give JSON such as {\"name\": \"x\"}, percent-encoded, or use brackets.",
					 "invalid JSON at character %d", character);
	json->error->is_encoding = true;
	return NULL;
}

/* json_string reads the string whose opening quote is at p; NULL with the error set */
static char *
json_string(JsonText *json)
{
	NvpJsonStatus status;
	bool		has_escapes = false;
	const char *begin = json->p + 1;
	const char *close = nvp_json_string_end(begin, json->end, &has_escapes, &status);
	char	   *text;
	uint32		len;

	if (close == NULL)
	{
		(void) bad_json(json);
		return NULL;
	}
	text = palloc(close - begin + 1);
	len = nvp_json_unescape(begin, (uint32) (close - begin), text);
	text[len] = '\0';
	if (pg_encoding_verifymbstr(PG_UTF8, text, (int) len) != (int) len)
	{
		(void) bad_json(json);
		return NULL;
	}
	json->p = close + 1;
	return text;
}

/* a few characters can stand for a number of many digits */
static NvpTree *
json_number(JsonText *json, char *text)
{
	const char *exponent = strpbrk(text, "eE");
	long		power = exponent ? strtol(exponent + 1, NULL, 10) : 0;
	NvpTree    *node;

	if (strlen(text) > MAX_NUMBER_BYTES || power > MAX_EXPONENT || power < -MAX_EXPONENT)
	{
		nvp_query_refuse(json->error, json->path, NULL, "a number is out of range");
		return NULL;
	}
	node = nvp_tree_make(NVP_TREE_NUMBER, NULL);
	node->text = text;
	return node;
}

static NvpTree *
json_scalar(JsonText *json)
{
	NvpJsonStatus status;
	const char *begin = json->p;
	const char *behind;
	NvpTree    *node;

	if (*begin == '"')
	{
		char	   *text = json_string(json);

		if (text == NULL)
			return NULL;
		node = nvp_tree_make(NVP_TREE_TEXT, NULL);
		node->text = text;
		return node;
	}
	behind = nvp_json_value_end(begin, json->end, &status);
	if (behind == NULL)
		return bad_json(json);
	json->p = behind;
	switch (*begin)
	{
		case 't':
		case 'f':
			node = nvp_tree_make(NVP_TREE_BOOL, NULL);
			node->boolean = (*begin == 't');
			return node;
		case 'n':
			return nvp_tree_make(NVP_TREE_NULL, NULL);
		default:
			return json_number(json, pnstrdup(begin, behind - begin));
	}
}

static char
json_next(JsonText *json)
{
	json->p = nvp_json_skip_space(json->p, json->end);
	return json->p < json->end ? *json->p : '\0';
}

static NvpTree *json_value(JsonText *json, int depth);

/* json_member reads one element of a container, with its key if that is an object */
static NvpTree *
json_member(JsonText *json, bool is_object, int depth)
{
	char	   *key = NULL;
	NvpTree    *value;

	if (is_object)
	{
		if (json_next(json) != '"')
			return bad_json(json);
		key = json_string(json);
		if (key == NULL)
			return NULL;
		if (json_next(json) != ':')
			return bad_json(json);
		json->p++;
	}
	value = json_value(json, depth);
	if (value)
		value->key = key;
	return value;
}

static NvpTree *
json_container(JsonText *json, int depth)
{
	bool		is_object = (*json->p++ == '{');
	char		close = is_object ? '}' : ']';
	NvpTree    *node = nvp_tree_make(is_object ? NVP_TREE_OBJECT : NVP_TREE_ARRAY, NULL);

	if (depth > NVP_QUERY_MAX_NESTING)
	{
		nvp_query_refuse(json->error, json->path, NULL, "JSON is nested deeper than %d levels", NVP_QUERY_MAX_NESTING);
		return NULL;
	}
	if (json_next(json) == close)
	{
		json->p++;
		return node;
	}
	for (;;)
	{
		NvpTree    *child = json_member(json, is_object, depth + 1);
		char		c;

		if (child == NULL)
			return NULL;
		nvp_tree_add(node, child);
		c = json_next(json);
		if (c != ',' && c != close)
			return bad_json(json);
		json->p++;
		if (c == close)
			return node;
	}
}

static NvpTree *
json_value(JsonText *json, int depth)
{
	char		c = json_next(json);

	if (c == '\0')
		return bad_json(json);
	return c == '{' || c == '[' ? json_container(json, depth) : json_scalar(json);
}

/*
 * nvp_tree_of_json reads a text that is JSON.
 *
 * in: UTF-8; path is where it stands, for errors.
 * out: NULL with the error set.
 */
NvpTree *
nvp_tree_of_json(const char *text, const char *path, NvpQueryError *error)
{
	size_t		len = strlen(text);
	char	   *copy = palloc0(len + JSON_PADDING);
	JsonText	json = {.begin = copy,.p = copy,.end = copy + len,.path = path,.error = error};
	NvpTree    *node;

	memcpy(copy, text, len);
	node = json_value(&json, 1);
	if (node && json_next(&json) != '\0')
		return bad_json(&json);
	return node;
}

/* --- names with brackets */

static NvpTree *
find_object(NvpTree *parent, const char *key)
{
	for (NvpTree *child = parent->first; child; child = child->next)
		if (child->kind == NVP_TREE_OBJECT && strcmp(child->key, key) == 0)
			return child;
	return NULL;
}

static NvpTree *
find_leaf(NvpTree *parent, const char *key)
{
	for (NvpTree *child = parent->first; child; child = child->next)
		if (child->kind != NVP_TREE_OBJECT && strcmp(child->key, key) == 0)
			return child;
	return NULL;
}

static NvpTree *
make_text(const char *key, const char *text)
{
	NvpTree    *leaf = nvp_tree_make(NVP_TREE_TEXT, key);

	leaf->text = pstrdup(text);
	return leaf;
}

/* put_leaf adds a value; given again within a parameter, values become a list */
static void
put_leaf(NvpTree *parent, const char *key, const char *value, bool is_root)
{
	NvpTree    *leaf = make_text(key, value);
	NvpTree    *before = is_root ? NULL : find_leaf(parent, key);

	if (before && before->kind == NVP_TREE_TEXT)
	{
		NvpTree    *one = make_text(NULL, before->text);

		before->kind = NVP_TREE_ARRAY;
		before->text = NULL;
		nvp_tree_add(before, one);
	}
	if (before)
	{
		leaf->key = NULL;
		nvp_tree_add(before, leaf);
	}
	else
		nvp_tree_add(parent, leaf);
}

/* next_key takes "[key]" at *p; an empty one is the next place of a list; NULL with the error set */
static char *
next_key(const char **p, const NvpTree *parent, const char *name, NvpQueryError *error)
{
	const char *close = **p == '[' ? strchr(*p, ']') : NULL;
	char	   *key;

	if (close == NULL)
	{
		nvp_query_refuse(error, name, "Write name[key][key]=value.", "a bracket is not closed, or something stands behind one");
		return NULL;
	}
	key = close == *p + 1 ? psprintf("%d", parent->count) : pnstrdup(*p + 1, close - *p - 1);
	*p = close + 1;
	return key;
}

/* add_pair puts one decoded pair into the tree */
static bool
add_pair(NvpTree *root, const char *name, const char *value, NvpQueryError *error)
{
	const char *p = strchr(name, '[');
	char	   *key;
	NvpTree    *parent = root;
	int			depth = 1;

	if (p == NULL || p == name)
	{
		put_leaf(root, name, value, true);
		return true;
	}
	key = pnstrdup(name, p - name);
	while (*p)
	{
		NvpTree    *node = find_object(parent, key);

		if (node == NULL)
		{
			node = nvp_tree_make(NVP_TREE_OBJECT, key);
			nvp_tree_add(parent, node);
		}
		parent = node;
		key = next_key(&p, parent, name, error);
		if (key == NULL)
			return false;
		if (++depth > NVP_QUERY_MAX_NESTING)
			return nvp_query_refuse(error, name, NULL, "brackets are nested deeper than %d levels", NVP_QUERY_MAX_NESTING);
	}
	put_leaf(parent, key, value, false);
	return true;
}

static bool
read_pair(NvpTree *root, const char *pair, size_t len, NvpQueryError *error)
{
	const char *equals = memchr(pair, '=', len);
	size_t		name_len = equals ? equals - pair : len;
	char	   *name = nvp_percent_decode(pair, name_len, true);
	char	   *value = equals ? nvp_percent_decode(equals + 1, len - name_len - 1, true) : pstrdup("");

	if (name && name[0] == '\0')
		return true;
	if (name == NULL || value == NULL)
	{
		nvp_query_refuse(error, name ? name : "query string", "Encode it as UTF-8 before percent-encoding.", "not valid UTF-8");
		error->is_encoding = true;
		return false;
	}
	return add_pair(root, name, value, error);
}

/*
 * nvp_tree_of_query takes a query string apart.
 *
 * in: as it came, percent-encoded; a leading "?" is skipped.
 * out: an object of the parameters in the order of the text; NULL with the
 *		error set.  A parameter that is given twice is there twice.
 */
NvpTree *
nvp_tree_of_query(const char *query, NvpQueryError *error)
{
	NvpTree    *root = nvp_tree_make(NVP_TREE_OBJECT, NULL);
	size_t		len = strlen(query);
	int			pairs = 0;

	if (len > NVP_QUERY_MAX_BYTES)
	{
		nvp_query_refuse(error, "query string", NULL, "longer than %d bytes", NVP_QUERY_MAX_BYTES);
		return NULL;
	}
	if (*query == '?')
		query++;
	while (*query)
	{
		size_t		pair = strcspn(query, "&");

		if (pair > 0)
		{
			if (++pairs > NVP_QUERY_MAX_PAIRS)
			{
				nvp_query_refuse(error, "query string", NULL, "more than %d parameters", NVP_QUERY_MAX_PAIRS);
				return NULL;
			}
			if (!read_pair(root, query, pair, error))
				return NULL;
		}
		query += pair;
		if (*query)
			query++;
	}
	return root;
}
