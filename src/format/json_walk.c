/*-------------------------------------------------------------------------
 *
 * json_walk.c
 *		JSON token by token, however large its values are.
 *
 * See json_walk.h for calls, memory and errors.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/json_walk.h"

/* nvp_json_walk_init prepares for one value of any kind. */
void
nvp_json_walk_init(NvpJsonWalk *walk)
{
	walk->depth = 0;
	walk->expected = NVP_EXPECT_VALUE;
}

void
nvp_json_walk_value(NvpJsonWalk *walk)
{
	walk->expected = walk->depth > 0 ? NVP_EXPECT_NEXT : NVP_EXPECT_NOTHING;
}

static const char *
open_bracket(NvpJsonWalk *walk, const char *p, NvpJsonToken *token)
{
	bool		is_object = (*p == '{');

	if (walk->depth == NVP_JSON_MAX_DEPTH)
		return NULL;
	walk->in_object[walk->depth++] = is_object;
	walk->expected = is_object ? NVP_EXPECT_FIRST_KEY : NVP_EXPECT_FIRST;
	*token = is_object ? NVP_JSON_OBJECT : NVP_JSON_ARRAY;
	return p + 1;
}

static const char *
close_bracket(NvpJsonWalk *walk, const char *p, NvpJsonToken *token)
{
	walk->depth--;
	nvp_json_walk_value(walk);
	*token = NVP_JSON_CLOSE;
	return p + 1;
}

static const char *
walk_value(NvpJsonWalk *walk, const char *p, const char *end, NvpJsonToken *token, NvpJsonStatus *status)
{
	if (*p == '{' || *p == '[')
		return open_bracket(walk, p, token);
	p = nvp_json_value_end(p, end, status);
	if (p)
		nvp_json_walk_value(walk);
	*token = NVP_JSON_SCALAR;
	return p;
}

static const char *
walk_key(NvpJsonWalk *walk, const char *p, const char *end, NvpJsonToken *token, NvpJsonStatus *status)
{
	if (*p != '"')
		return NULL;
	p = nvp_json_value_end(p, end, status);
	if (p)
		walk->expected = NVP_EXPECT_COLON;
	*token = NVP_JSON_KEY;
	return p;
}

/*
 * nvp_json_walk reads one token.
 *
 * out: NULL if there is none: *status tells whether there may be one when more
 *		is known.
 */
const char *
nvp_json_walk(NvpJsonWalk *walk, const char *p, const char *end, NvpJsonToken *token, NvpJsonStatus *status)
{
	bool		is_object = walk->depth > 0 && walk->in_object[walk->depth - 1];

	*status = NVP_JSON_BAD;
	*token = NVP_JSON_SIGN;
	switch (walk->expected)
	{
		case NVP_EXPECT_FIRST:
			if (*p == ']')
				return close_bracket(walk, p, token);
			return walk_value(walk, p, end, token, status);
		case NVP_EXPECT_VALUE:
			return walk_value(walk, p, end, token, status);
		case NVP_EXPECT_FIRST_KEY:
			if (*p == '}')
				return close_bracket(walk, p, token);
			return walk_key(walk, p, end, token, status);
		case NVP_EXPECT_KEY:
			return walk_key(walk, p, end, token, status);
		case NVP_EXPECT_COLON:
			walk->expected = NVP_EXPECT_VALUE;
			return *p == ':' ? p + 1 : NULL;
		case NVP_EXPECT_NEXT:
			if (*p == (is_object ? '}' : ']'))
				return close_bracket(walk, p, token);
			walk->expected = is_object ? NVP_EXPECT_KEY : NVP_EXPECT_VALUE;
			return *p == ',' ? p + 1 : NULL;
		case NVP_EXPECT_NOTHING:
			break;
	}
	return NULL;
}
