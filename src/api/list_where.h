/*-------------------------------------------------------------------------
 *
 * list_where.h
 *		Conditions of a list as SQL.  Names come from the view's columns, values
 *		are arguments of the statement; no text of a user gets into its text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_LIST_WHERE_H
#define NVP_LIST_WHERE_H

#include "lib/stringinfo.h"

#include "api/list_view.h"
#include "api/query_spec.h"
#include "base/compat.h"
#include "base/query.h"

/* a column, or a part of a jsonb column */
typedef struct NvpField
{
	NvpColumnKind kind;
	Oid			type;
	const char *sql;
	bool		is_whole;		/* jsonb column, not a part of one */
	bool		not_null;
} NvpField;

typedef struct NvpWhere
{
	const NvpView *view;
	NvpQuery   *query;			/* gets the arguments */
	StringInfo	sql;
	const char *path;			/* of the condition at hand, for errors */
} NvpWhere;

/* list_where.c */
extern const char *nvp_where_arg(NvpWhere *where, Oid type, Datum value);
extern void nvp_where_field(NvpWhere *where, const char *name, NvpField *field);
extern void nvp_where_column(const NvpView *view, const NvpColumn *column, NvpField *field);
extern void nvp_where_cond(NvpWhere *where, const NvpCond *cond);
pg_noreturn extern void nvp_where_error(const char *path, const char *hint, const char *fmt,...) pg_attribute_printf(3, 4);

/* list_compare.c */
extern void nvp_where_compare(NvpWhere *where, const NvpField *field, NvpOp op, const NvpTree *value);

#endif							/* NVP_LIST_WHERE_H */
