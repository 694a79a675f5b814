/*-------------------------------------------------------------------------
 *
 * flatjson.h
 *		Rows of cells as jsonb objects, at the speed of copying.
 *
 * All rows of a source have the same member names, so their order and layout
 * in a jsonb are worked out once; a row then is two arrays and its text.
 *
 * Calls:  nvp_flatjson_create, nvp_flatjson_row*.
 * Memory: the template in the context current at create; a row is palloc'd in
 *		   the current context.
 * Errors: throws only when a row exceeds what a jsonb can hold.
 * Source: utils/jsonb.h, "Jsonb on-disk representation".
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_FLATJSON_H
#define NVP_FLATJSON_H

#include "utils/jsonb.h"

#include "base/cell.h"

typedef struct NvpFlatJson NvpFlatJson;

extern NvpFlatJson *nvp_flatjson_create(char *const *names, int n);
extern Jsonb *nvp_flatjson_row(NvpFlatJson *flat, const NvpCell *cells);

extern int	nvp_storable_text(const char *text, int len, char *out);

#endif							/* NVP_FLATJSON_H */
