/*-------------------------------------------------------------------------
 *
 * query_filter.h
 *		Filters of a list: from nuvo's objects to conditions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_QUERY_FILTER_H
#define NVP_QUERY_FILTER_H

#include "api/query_spec.h"

extern bool nvp_query_filter_read(NvpTree *node, NvpCond **filter, NvpQueryError *error);
extern NvpTree *nvp_tree_expect(NvpTree *node, const char *path, NvpQueryError *error);

#endif							/* NVP_QUERY_FILTER_H */
