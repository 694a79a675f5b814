/*-------------------------------------------------------------------------
 *
 * fuzz_query.c
 *		Any text as a query string, and as JSON: no crash, bounds are kept, and
 *		what is refused is said.
 *
 * Built with libFuzzer (clang), or with -DNVP_FUZZ_MAIN as a program that puts
 * together pieces that mean something: fuzz_query [rounds [seed]].
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "api/query_spec.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
check_text(const char *text)
{
	int			len = strlen(text);

	must(pg_encoding_verifymbstr(PG_UTF8, text, len) == len);
}

static void
check_tree(const NvpTree *node, int depth)
{
	int			n = 0;

	must(depth <= NVP_QUERY_MAX_NESTING + 2);
	if (node->kind == NVP_TREE_TEXT)
		check_text(node->text);
	for (const NvpTree *child = node->first; child; child = child->next, n++)
	{
		must((child->key != NULL) == (node->kind == NVP_TREE_OBJECT));
		must(child->next != NULL || child == node->last);
		if (child->key)
			check_text(child->key);
		check_tree(child, depth + 1);
	}
	must(n == node->count);
}

/* number of comparisons; each has what its operator needs */
static int
check_cond(const NvpCond *cond, int depth)
{
	int			n = 0;

	must(depth <= 2 * NVP_QUERY_MAX_LOGIC + 2);
	must(cond->path != NULL);
	if (cond->kind == NVP_COND_COMPARE)
	{
		bool		is_list = cond->op == NVP_OP_IN || cond->op == NVP_OP_NIN;
		bool		is_bare = cond->op == NVP_OP_NULL || cond->op == NVP_OP_NOT_NULL;

		must(cond->field && cond->first == NULL && (cond->value == NULL) == is_bare);
		must(is_bare || (cond->value->kind == NVP_TREE_ARRAY) == is_list);
		must(!is_list || cond->value->count <= NVP_QUERY_MAX_VALUES);
		return 1;
	}
	must(cond->kind != NVP_COND_NOT || (cond->first && cond->first == cond->last));
	for (const NvpCond *child = cond->first; child; child = child->next)
		n += check_cond(child, depth + 1);
	return n;
}

static void
check_error(const NvpQueryError *error)
{
	must(error->path && error->message && strlen(error->path) < 400 && strlen(error->message) < 400);
	must((error->word == NULL) == (error->words == NULL));
	check_text(error->path);
	check_text(error->message);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = palloc(size + 1);
	NvpQueryError error;
	NvpQuerySpec spec;
	NvpTree    *tree;

	memcpy(text, data, size);
	text[size] = '\0';
	tree = nvp_tree_of_query(text, &error);
	if (tree)
		check_tree(tree, 0);
	if (tree && nvp_query_spec_read(tree, &spec, &error))
	{
		must(spec.nsort <= NVP_QUERY_MAX_SORT && spec.offset < INT64CONST(1000000000) * 1000000000);
		must(spec.filter == NULL || check_cond(spec.filter, 0) <= NVP_QUERY_MAX_CONDITIONS);
	}
	else
		check_error(&error);
	if (pg_encoding_verifymbstr(PG_UTF8, text, strlen(text)) == strlen(text))
	{
		tree = nvp_tree_of_json(text, "text", &error);
		if (tree)
			check_tree(tree, 0);
		else
			check_error(&error);
	}
	pfree(text);
	return 0;
}

#ifdef NVP_FUZZ_MAIN
int
main(int argc, char **argv)
{
	static const char *const pieces[] = {
		"sort", "filters", "pagination", "options", "[", "]", "[]", "[0]", "[1]", "[$and]", "[$or]", "[$not]", "[$in]", "[$gt]", "[$null]",
		"{", "}", "\"", ":", ",", "\"a\":", "{\"$or\":[", "]}", "\"$not\":", "\"$in\":[", "=", "&", "%", "%5B", "%5d", "%22", "%7B", "+", "a", "b", "1", "-1", "1e9",
		"true", "null", "asc", "desc", "offset", "limit", "page", "pageSize", "after", "name", ".", "\xc3\xa4", "%c3%a4", "%ff", "\\u0041", "\\ud83d\\ude00"
	};
	int			rounds = argc > 1 ? atoi(argv[1]) : 200000;

	srandom(argc > 2 ? atoi(argv[2]) : 1);
	for (int i = 0; i < rounds; i++)
	{
		char		text[512] = "";
		int			n = 1 + random() % 24;

		for (int j = 0; j < n; j++)
			strlcat(text, pieces[random() % lengthof(pieces)], sizeof(text));
		LLVMFuzzerTestOneInput((const uint8_t *) text, strlen(text));
	}
	printf("ok 1 - fuzz_query: %d rounds\n1..1\n", rounds);
	return 0;
}
#endif
