/*-------------------------------------------------------------------------
 *
 * list_page.h
 *		The order of a list, and the cursor that says where a page ended.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_LIST_PAGE_H
#define NVP_LIST_PAGE_H

#include "api/list_where.h"

/* what is asked for, then what makes the order total */
#define NVP_LIST_MAX_ORDER	(NVP_QUERY_MAX_SORT + 1)

typedef struct NvpOrder
{
	int			nkeys;
	NvpField	fields[NVP_LIST_MAX_ORDER];
	bool		descending[NVP_LIST_MAX_ORDER];
	char	   *name;			/* "created_at:desc,id:desc" */
} NvpOrder;

typedef struct NvpCursor
{
	NvpQuerySpec order;			/* only its sort */
	int			nvalues;
	char	   *values[NVP_LIST_MAX_ORDER]; /* NULL: null */
	int64		offset;			/* of the page that begins here */
	int64		total;
	bool		is_estimate;	/* total is one */
} NvpCursor;

extern void nvp_order_make(NvpWhere *where, const NvpQuerySpec *spec, NvpOrder *order);
extern void nvp_order_by(StringInfo sql, const NvpOrder *order);
extern void nvp_order_select(StringInfo sql, const NvpOrder *order);
extern void nvp_cursor_read(const char *text, NvpCursor *cursor);
extern void nvp_cursor_behind(NvpWhere *where, const NvpOrder *order, const NvpCursor *cursor);
extern char *nvp_cursor_make(const NvpOrder *order, int row, int first_col, int64 offset, int64 total, bool is_estimate);

#endif							/* NVP_LIST_PAGE_H */
