/*-------------------------------------------------------------------------
 *
 * query_spec.c
 *		What a list is asked for: order, page, other parameters.
 *
 * Flow:   tree --> by name of the parameter: sort, filters (query_filter.c),
 *		   pagination, options, ignored ones, others.
 *
 * See query_spec.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "api/query_filter.h"
#include "api/query_spec.h"

#define SORT_HINT	"Write sort={\"name\":\"asc\"} or sort[0]=name:asc."

/*
 * nvp_tree_expect gives what a container or a text that is JSON stands for.
 *
 * out: NULL with the error set where the text is no JSON; other scalars as
 *		they are.
 */
NvpTree *
nvp_tree_expect(NvpTree *node, const char *path, NvpQueryError *error)
{
	const char *text = node->kind == NVP_TREE_TEXT ? node->text + strspn(node->text, " \t\r\n") : NULL;

	if (text == NULL || (*text != '{' && *text != '['))
		return node;
	return nvp_tree_of_json(text, path, error);
}

static bool
is_word(const NvpTree *node, const char *word)
{
	return node->kind == NVP_TREE_TEXT && pg_strcasecmp(node->text, word) == 0;
}

static bool
is_number(const NvpTree *node, const char *number)
{
	return (node->kind == NVP_TREE_TEXT || node->kind == NVP_TREE_NUMBER) && strcmp(node->text, number) == 0;
}

/* --- sort */

static bool
add_sort(NvpQuerySpec *spec, const char *field, NvpTree *direction, NvpQueryError *error)
{
	bool		descending = direction && (is_word(direction, "desc") || is_number(direction, "-1"));
	const char *path = psprintf("sort.%s", field);

	if (*field == '\0')
		return nvp_query_refuse(error, "sort", SORT_HINT, "the name of a field is missing");
	if (direction && !descending && !is_word(direction, "asc") && !is_number(direction, "1"))
		return nvp_query_refuse(error, path, SORT_HINT, "\"asc\" or \"desc\" is expected");
	for (int i = 0; i < spec->nsort; i++)
		if (strcmp(spec->sort[i].field, field) == 0)
			return nvp_query_refuse(error, path, NULL, "the field is given more than once");
	if (spec->nsort == NVP_QUERY_MAX_SORT)
		return nvp_query_refuse(error, path, NULL, "more than %d fields", NVP_QUERY_MAX_SORT);
	spec->sort[spec->nsort].field = field;
	spec->sort[spec->nsort].descending = descending;
	spec->nsort++;
	return true;
}

/* "name:asc", or several with commas */
static bool
sort_text(NvpQuerySpec *spec, const char *text, NvpQueryError *error)
{
	while (*text)
	{
		size_t		len;
		char	   *item;
		char	   *colon;
		NvpTree    *direction = NULL;

		text += strspn(text, " ,");
		len = strcspn(text, ",");
		item = pnstrdup(text, len);
		text += len;
		while (len > 0 && item[len - 1] == ' ')
			item[--len] = '\0';
		if (len == 0)
			continue;
		colon = strrchr(item, ':');
		if (colon)
		{
			*colon = '\0';
			direction = nvp_tree_make(NVP_TREE_TEXT, NULL);
			direction->text = colon + 1;
		}
		if (!add_sort(spec, item, direction, error))
			return false;
	}
	return true;
}

static bool sort_node(NvpQuerySpec *spec, NvpTree *node, const char *prefix, NvpQueryError *error);

/* members of an object are fields; those of an object within are parts of it */
static bool
sort_object(NvpQuerySpec *spec, NvpTree *node, const char *prefix, NvpQueryError *error)
{
	for (NvpTree *child = node->first; child; child = child->next)
	{
		const char *field = prefix ? psprintf("%s.%s", prefix, child->key) : child->key;
		bool		ok = child->kind == NVP_TREE_OBJECT ? sort_node(spec, child, field, error) : add_sort(spec, field, child, error);

		if (!ok)
			return false;
	}
	return true;
}

/* canonical: ["name", "asc"] */
static bool
sort_pair(NvpQuerySpec *spec, NvpTree *node, NvpQueryError *error)
{
	if (node->count != 2 || node->first->kind != NVP_TREE_TEXT)
		return nvp_query_refuse(error, "sort", SORT_HINT, "a field with a direction is expected");
	return add_sort(spec, node->first->text, node->last, error);
}

static bool
sort_node(NvpQuerySpec *spec, NvpTree *node, const char *prefix, NvpQueryError *error)
{
	if (node->kind == NVP_TREE_OBJECT && !nvp_tree_list(node))
		return sort_object(spec, node, prefix, error);
	if (prefix || node->kind == NVP_TREE_BOOL || node->kind == NVP_TREE_NUMBER)
		return nvp_query_refuse(error, "sort", SORT_HINT, "fields with a direction are expected");
	if (node->kind == NVP_TREE_TEXT)
		return sort_text(spec, node->text, error);
	for (NvpTree *child = node->first; child; child = child->next)
	{
		bool		is_pair = child->kind == NVP_TREE_ARRAY;

		if (!(is_pair ? sort_pair(spec, child, error) :
			  child->kind == NVP_TREE_OBJECT ? sort_object(spec, child, NULL, error) :
			  sort_node(spec, child, NULL, error)))
			return false;
	}
	return true;
}

static bool
read_sort(NvpQuerySpec *spec, NvpTree *node, NvpQueryError *error)
{
	spec->has_sort = true;
	if (nvp_tree_is_nothing(node))
		return true;
	node = nvp_tree_expect(node, "sort", error);
	return node && sort_node(spec, node, NULL, error);
}

/* --- pagination */

typedef struct Page
{
	int64		page;			/* -1: not given */
	int64		page_size;
} Page;

/* at most nine digits: what the engine multiplies cannot overflow */
static bool
read_count(const NvpTree *node, const char *path, int64 *count, NvpQueryError *error)
{
	const char *text = node->kind == NVP_TREE_TEXT || node->kind == NVP_TREE_NUMBER ? node->text : "";
	size_t		len = strspn(text, "0123456789");

	if (*count >= 0 || node->kind == NVP_TREE_ARRAY)
		return nvp_query_refuse(error, path, NULL, "given more than once");
	if (len == 0 || text[len] != '\0')
		return nvp_query_refuse(error, path, NULL, "a whole number that is not negative is expected");
	if (len > 9)
		return nvp_query_refuse(error, path, NULL, "%s is out of range", pnstrdup(text, 30));
	*count = atoi(text);
	return true;
}

static bool
read_page_member(NvpQuerySpec *spec, Page *page, NvpTree *member, NvpQueryError *error)
{
	static const char *const known[] = {"offset", "limit", "page", "pageSize", "after", NULL};
	const char *path = psprintf("pagination.%s", member->key);

	if (strcmp(member->key, "offset") == 0)
		return read_count(member, path, &spec->offset, error);
	if (strcmp(member->key, "limit") == 0)
		return read_count(member, path, &spec->limit, error);
	if (strcmp(member->key, "page") == 0)
		return read_count(member, path, &page->page, error);
	if (strcmp(member->key, "pageSize") == 0)
		return read_count(member, path, &page->page_size, error);
	if (strcmp(member->key, "after") == 0)
	{
		if (member->kind == NVP_TREE_NULL)
			return true;
		if (member->kind != NVP_TREE_TEXT)
			return nvp_query_refuse(error, path, "Give pagination.next of the page before, as it is.", "a text is expected");
		if (spec->after)
			return nvp_query_refuse(error, path, NULL, "given more than once");
		spec->after = member->text;
		return true;
	}
	nvp_query_refuse(error, "pagination", NULL, "unknown member \"%s\"", member->key);
	error->word = member->key;
	error->words = known;
	return false;
}

static bool
read_pagination(NvpQuerySpec *spec, Page *page, NvpTree *node, NvpQueryError *error)
{
	spec->has_pagination = true;
	node = nvp_tree_expect(node, "pagination", error);
	if (node == NULL)
		return false;
	if (nvp_tree_is_nothing(node))
		return true;
	if (node->kind != NVP_TREE_OBJECT)
		return nvp_query_refuse(error, "pagination", "Write pagination={\"offset\":0,\"limit\":25} or pagination[page]=1.", "an object is expected");
	for (NvpTree *child = node->first; child; child = child->next)
		if (!read_page_member(spec, page, child, error))
			return false;
	return true;
}

/* pages, which count from 1, become an offset */
static bool
settle_page(NvpQuerySpec *spec, const Page *page, NvpQueryError *error)
{
	if (page->page_size >= 0)
	{
		if (spec->limit >= 0)
			return nvp_query_refuse(error, "pagination.pageSize", "Give one of the two.", "limit is given as well");
		spec->limit = page->page_size;
	}
	if (page->page < 0)
		return true;
	if (page->page == 0)
		return nvp_query_refuse(error, "pagination.page", NULL, "pages count from 1");
	if (spec->offset >= 0)
		return nvp_query_refuse(error, "pagination.page", "Give one of the two.", "offset is given as well");
	if (spec->limit < 0)
		spec->limit = NVP_QUERY_DEFAULT_LIMIT;
	spec->offset = (page->page - 1) * spec->limit;
	return true;
}

/* --- the rest */

static bool
read_options(NvpQuerySpec *spec, NvpTree *node, NvpQueryError *error)
{
	node = nvp_tree_expect(node, "options", error);
	if (node == NULL)
		return false;
	if (spec->options == NULL)
		spec->options = nvp_tree_make(NVP_TREE_OBJECT, NULL);
	if (nvp_tree_is_nothing(node))
		return true;
	if (node->kind != NVP_TREE_OBJECT)
		return nvp_query_refuse(error, "options", NULL, "an object is expected");
	for (NvpTree *child = node->first, *next; child; child = next)
	{
		next = child->next;
		child->next = NULL;
		nvp_tree_add(spec->options, child);
	}
	return true;
}

static bool
read_other(NvpQuerySpec *spec, NvpTree *node, NvpQueryError *error)
{
	NvpTree    *copy;

	if (node->kind != NVP_TREE_TEXT)
		return nvp_query_refuse(error, node->key, NULL, "brackets are only for sort, filters, pagination and options");
	for (NvpTree *other = spec->others->first; other; other = other->next)
		if (strcmp(other->key, node->key) == 0)
			return nvp_query_refuse(error, node->key, NULL, "given more than once");
	copy = nvp_tree_make(NVP_TREE_TEXT, node->key);
	copy->text = node->text;
	nvp_tree_add(spec->others, copy);
	return true;
}

static bool
is_ignored(const char *name)
{
	return strcmp(name, "populate") == 0 || strcmp(name, "fields") == 0 ||
		strcmp(name, "publicationState") == 0 || strcmp(name, "locale") == 0;
}

/*
 * nvp_query_spec_read finds out what is asked for.
 *
 * in: an object of parameters; one that is there twice counts twice.
 * out: false with the error set.
 */
bool
nvp_query_spec_read(NvpTree *root, NvpQuerySpec *spec, NvpQueryError *error)
{
	Page		page = {-1, -1};

	memset(spec, 0, sizeof(NvpQuerySpec));
	spec->offset = spec->limit = -1;
	spec->others = nvp_tree_make(NVP_TREE_OBJECT, NULL);
	for (NvpTree *node = root->first; node; node = node->next)
	{
		bool		ok;

		if (is_ignored(node->key))
			ok = true;
		else if (strcmp(node->key, "sort") == 0)
			ok = read_sort(spec, node, error);
		else if (strcmp(node->key, "filters") == 0)
			ok = nvp_query_filter_read(node, &spec->filter, error);
		else if (strcmp(node->key, "pagination") == 0)
			ok = read_pagination(spec, &page, node, error);
		else if (strcmp(node->key, "options") == 0)
			ok = read_options(spec, node, error);
		else
			ok = read_other(spec, node, error);
		if (!ok)
			return false;
	}
	return settle_page(spec, &page, error);
}
