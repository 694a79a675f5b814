/*-------------------------------------------------------------------------
 *
 * query_spec.h
 *		What a list is asked for: order, conditions, page.
 *
 * Made of a tree (query_tree.h), which came from a query string or from the
 * arguments of an operation; so the canonical form of query_string.h is read
 * here as well as nuvo's two.
 *
 * Purity: no server; also built outside of it (see test/unit).
 * Memory: the current context; points into the tree.
 * Errors: returned in a NvpQueryError.
 * Source: the operators' names are Strapi's.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_QUERY_SPEC_H
#define NVP_QUERY_SPEC_H

#include "api/query_tree.h"

#define NVP_QUERY_MAX_SORT			8
#define NVP_QUERY_MAX_LOGIC			8	/* $and, $or, $not within each other */
#define NVP_QUERY_MAX_CONDITIONS	100
#define NVP_QUERY_MAX_VALUES		1000	/* of one $in */
#define NVP_QUERY_DEFAULT_LIMIT		25

typedef enum NvpOp
{
	NVP_OP_EQ,
	NVP_OP_NE,
	NVP_OP_IN,
	NVP_OP_NIN,
	NVP_OP_LT,
	NVP_OP_LTE,
	NVP_OP_GT,
	NVP_OP_GTE,
	NVP_OP_CONTAINS,
	NVP_OP_CONTAINSI,
	NVP_OP_STARTS_WITH,
	NVP_OP_ENDS_WITH,
	NVP_OP_NULL,
	NVP_OP_NOT_NULL
} NvpOp;

typedef enum NvpCondKind
{
	NVP_COND_COMPARE,
	NVP_COND_AND,
	NVP_COND_OR,
	NVP_COND_NOT				/* of its only child */
} NvpCondKind;

typedef struct NvpCond
{
	NvpCondKind kind;
	const char *path;			/* where it stood, for errors */
	const char *field;			/* of a comparison: name, or names with dots */
	NvpOp		op;
	NvpTree    *value;			/* a scalar; of NVP_OP_IN, NVP_OP_NIN an array; else NULL */
	struct NvpCond *first;
	struct NvpCond *last;
	struct NvpCond *next;
} NvpCond;

typedef struct NvpSortKey
{
	const char *field;
	bool		descending;
} NvpSortKey;

typedef struct NvpQuerySpec
{
	bool		has_sort;
	int			nsort;
	NvpSortKey	sort[NVP_QUERY_MAX_SORT];
	NvpCond    *filter;			/* NVP_COND_AND; NULL: not given */
	bool		has_pagination;
	int64		offset;			/* -1: not given */
	int64		limit;			/* -1: not given */
	const char *after;			/* NULL: not given */
	NvpTree    *options;		/* an object; NULL: not given */
	NvpTree    *others;			/* an object of texts */
} NvpQuerySpec;

extern bool nvp_query_spec_read(NvpTree *root, NvpQuerySpec *spec, NvpQueryError *error);
extern const char *nvp_op_name(NvpOp op);

#endif							/* NVP_QUERY_SPEC_H */
