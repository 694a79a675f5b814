/*-------------------------------------------------------------------------
 *
 * row_path.h
 *		Where in a document the rows are: /orders/order, or orders.order.
 *
 * Names are separated by slashes if the path begins with one, otherwise by
 * dots; "$." at the front, as in JSONPath, means nothing.  A star is any name.
 * Between slashes ~1 is a slash within a name, and ~0 a tilde (RFC 6901, section
 * 3).  Names must not be empty, which RFC 6901 would allow.
 *
 * A JSON array of names says each of them as it is, whatever it is:
 * ["data", "", "*"] leads to the member "*" of the member "" of "data".
 *
 * Memory: a copy of the path in the context current at parse.
 * Errors: false from parse, and a phrase that tells why.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_ROW_PATH_H
#define NVP_ROW_PATH_H

#include "lib/stringinfo.h"

#define NVP_ROW_PATH_NAMES	32

typedef struct NvpRowPath
{
	char	   *copy;
	int			n;				/* 0: the document itself */
	const char *names[NVP_ROW_PATH_NAMES];
	bool		is_literal;		/* written as an array: a star is a star */
} NvpRowPath;

extern bool nvp_row_path_parse(const char *text, NvpRowPath *path, const char **error);
extern void nvp_row_path_free(NvpRowPath *path);

/* appends a path that is a JSON array of names in the shortest form that says the same */
extern void nvp_row_path_show(StringInfo out, const char *array);

/* is this what the i-th name asks for?  prefix may be empty */
extern bool nvp_row_path_is(const NvpRowPath *path, int i, const char *prefix, uint32 prefix_len,
							const char *name, uint32 len);

#endif							/* NVP_ROW_PATH_H */
