/*-------------------------------------------------------------------------
 *
 * query_tree.h
 *		The text of a query string, taken apart: parameters, brackets, JSON.
 *
 * Both of nuvo's syntaxes give the same tree, so that whoever reads it need not
 * know which one was used:
 *
 *		filters={"a": {"$gt": 1}}	-->  filters: {a: {$gt: 1}}
 *		filters[a][$gt]=1			-->  filters: {a: {$gt: "1"}}
 *
 * Members keep the order of the text, and one name may be there more than once.
 * What brackets say is text, all of it; lists written in brackets are objects
 * whose keys are numbers (nvp_tree_list).
 *
 * Purity: no server; also built outside of it (see test/unit).
 * Memory: the current context.
 * Errors: returned in a NvpQueryError.
 * Source: WHATWG URL, application/x-www-form-urlencoded; npm "qs"; RFC 8259.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_QUERY_TREE_H
#define NVP_QUERY_TREE_H

#define NVP_QUERY_MAX_BYTES		65536
#define NVP_QUERY_MAX_PAIRS		1000	/* "name=value" */
#define NVP_QUERY_MAX_NESTING	20	/* brackets of a name, levels of JSON */

typedef enum NvpTreeKind
{
	NVP_TREE_NULL,
	NVP_TREE_BOOL,
	NVP_TREE_NUMBER,
	NVP_TREE_TEXT,
	NVP_TREE_OBJECT,
	NVP_TREE_ARRAY
} NvpTreeKind;

typedef struct NvpTree
{
	NvpTreeKind kind;
	char	   *key;			/* within an object; else NULL */
	char	   *text;			/* of a text or a number, UTF-8 */
	bool		boolean;
	int			count;			/* of children */
	struct NvpTree *first;
	struct NvpTree *last;
	struct NvpTree *next;		/* sibling */
} NvpTree;

typedef struct NvpQueryError
{
	bool		is_encoding;	/* no JSON or no UTF-8; else the meaning is wrong */
	char	   *path;			/* "filters.$and[0]" */
	char	   *message;
	char	   *hint;			/* NULL: none */
	const char *word;			/* what was not known ... */
	const char *const *words;	/* ... among these, ends with NULL; or NULL */
} NvpQueryError;

extern char *nvp_percent_decode(const char *text, size_t len, bool plus_is_blank);

extern NvpTree *nvp_tree_of_query(const char *query, NvpQueryError *error);
extern NvpTree *nvp_tree_of_json(const char *text, const char *path, NvpQueryError *error);
extern NvpTree *nvp_tree_make(NvpTreeKind kind, const char *key);
extern void nvp_tree_add(NvpTree *parent, NvpTree *child);
extern bool nvp_tree_list(NvpTree *node);
extern bool nvp_tree_is_nothing(const NvpTree *node);
extern bool nvp_query_refuse(NvpQueryError *error, const char *path, const char *hint, const char *fmt,...) pg_attribute_printf(4, 5);

#endif							/* NVP_QUERY_TREE_H */
