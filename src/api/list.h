/*-------------------------------------------------------------------------
 *
 * list.h
 *		Reading one object, and lists of them: sorted, filtered, by pages.
 *
 * Each resource has a view _nuvopipe.api_<resource>.  Its columns are the
 * members of an object.  Those whose names begin with "_" are not shown:
 *
 *		_tenant_id uuid, _owner_id uuid, _owner_role name, _shared boolean
 *				required: whose it is, for _nuvopipe.can
 *		_key	what makes a row unique and orders rows that are alike, where
 *				that is not the column id
 *		_x		stands in for a jsonb column x, and for x.id, in filters and in
 *				sort: give it where an index is to be used
 *
 * What a caller leaves out is not computed, as long as the functions of the
 * view's columns are not volatile, which would bind the server to call them.
 *
 * A list is in the order of created_at (newest first), then of _key or id;
 * without created_at, of _key or id alone, ascending.  created_at, id and _key
 * are never null.
 *
 * Page by page: pagination.next says where a page ends, by the values of its
 * last row; the following page begins behind them, whatever was inserted
 * meanwhile.  It remembers order, offset and total, so that neither is worked
 * out again.  Null is greater than any value, as in the server.
 *
 * Total is exact up to NVP_LIST_COUNT_MAX.  Beyond, rows are not counted at
 * each look: total is what the planner expects, and total_is_estimate says so.
 *
 * Flow:	view (list_view.c) + what is asked for (query_spec.h)
 *			--> WHERE (list_where.c, list_compare.c), ORDER BY and cursor
 *			(list_page.c) --> rows --> jsonb
 * Xact:	needs one with a snapshot; reads what that sees.
 * Memory:	results in the current context.
 * Errors:	22023 for a field, a value or a page that cannot be; 42704 for an
 *			object that is not there, or that the caller may not see.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_LIST_H
#define NVP_LIST_H

#include "utils/jsonb.h"
#include "utils/uuid.h"

#define NVP_LIST_DEFAULT_MAX	100
#define NVP_LIST_COUNT_MAX		10000

typedef struct NvpListCall
{
	const char *resource;
	const char *kind;			/* of permission; see caller.h */
	const pg_uuid_t *tenant;
	bool		sees_all;		/* of its tenant: _nuvopipe.can need not be asked */
	int			nomit;			/* columns that are not read at all */
	char	  **omit;
} NvpListCall;

extern Jsonb *nvp_list_read(const NvpListCall *call, const pg_uuid_t *id);
extern Jsonb *nvp_list_page(const NvpListCall *call, const Jsonb *args, const Jsonb *tie, int max_limit);

#endif							/* NVP_LIST_H */
