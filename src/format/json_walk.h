/*-------------------------------------------------------------------------
 *
 * json_walk.h
 *		JSON token by token, however large its values are: for what lies around
 *		the rows and is passed over.
 *
 * Calls:  nvp_json_walk_init, nvp_json_walk*.
 * Memory: the struct.
 * Errors: as in json_scan.h: NULL, and *status.
 *
 * Purity: no allocation, no server.
 * Source: RFC 8259.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_JSON_WALK_H
#define NVP_JSON_WALK_H

#include "format/json_scan.h"

typedef enum NvpJsonToken
{
	NVP_JSON_OBJECT,			/* a brace; depth counts it */
	NVP_JSON_ARRAY,
	NVP_JSON_CLOSE,				/* depth no longer counts it */
	NVP_JSON_KEY,				/* with its quotes; the colon comes next */
	NVP_JSON_SCALAR,
	NVP_JSON_SIGN				/* comma or colon */
} NvpJsonToken;

typedef enum NvpJsonExpected
{
	NVP_EXPECT_VALUE,
	NVP_EXPECT_FIRST,			/* a value, or the bracket that closes */
	NVP_EXPECT_KEY,
	NVP_EXPECT_FIRST_KEY,
	NVP_EXPECT_COLON,
	NVP_EXPECT_NEXT,			/* comma or closing bracket */
	NVP_EXPECT_NOTHING			/* the value is complete */
} NvpJsonExpected;

typedef struct NvpJsonWalk
{
	int			depth;
	NvpJsonExpected expected;
	bool		in_object[NVP_JSON_MAX_DEPTH];
} NvpJsonWalk;

extern void nvp_json_walk_init(NvpJsonWalk *walk);

/* p is at the token, before end; the position behind it */
extern const char *nvp_json_walk(NvpJsonWalk *walk, const char *p, const char *end,
								 NvpJsonToken *token, NvpJsonStatus *status);

/* take note that the value that was expected has been read by other means */
extern void nvp_json_walk_value(NvpJsonWalk *walk);

#endif							/* NVP_JSON_WALK_H */
