/*-------------------------------------------------------------------------
 *
 * query_string.h
 *		Query strings of lists, in both of nuvo's syntaxes, to one canonical form.
 *
 *		sort={"name":"asc"}&filters={"pipeline":"x"}&pagination={"limit":10}
 *		sort[0]=name:asc&filters[$and][0][pipeline][$eq]=x&pagination[pageSize]=10
 *
 * Canonical: {"sort": [["name", "asc"], ...],
 *			   "filters": {"and": [{"field": "pipeline", "op": "eq", "value": "x"}, {"or": [...]}, {"not": {...}}]},
 *			   "pagination": {"offset": 0, "limit": 25, "after": "..."},
 *			   "options": {...}, and every other parameter as text}
 * with only the members that were given; sort keeps the order of the text.
 * Operators: $eq $ne $in $nin $lt $lte $gt $gte $and $or $not $contains
 * $containsi $startsWith $endsWith $null $notNull, written without "$" in the
 * canonical form (startsWith -> starts_with, notNull -> not_null); a bare value
 * means $eq.  page and pageSize become offset and limit.
 *
 * Ignored: populate, fields, publicationState, locale.
 * Memory: the current context.  Depth and number of conditions are bounded.
 * Errors: 22023 naming parameter and cure: "filters.$and[0]: unknown operator
 *		   "$foo"", with a closest-match hint; 22P02 for what is no JSON or no UTF-8.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_QUERY_STRING_H
#define NVP_QUERY_STRING_H

#include "utils/jsonb.h"

#include "api/query_spec.h"
#include "api/query_tree.h"		/* nvp_percent_decode */

extern Jsonb *nvp_query_string_parse(const char *query);
extern Jsonb *nvp_form_parse(const char *form);

/* sort, filters and pagination of an operation's arguments, canonical or in nuvo's syntaxes; args may be NULL */
extern void nvp_query_spec_of_args(const Jsonb *args, NvpQuerySpec *spec);

#endif							/* NVP_QUERY_STRING_H */
