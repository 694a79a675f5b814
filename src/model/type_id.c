/*-------------------------------------------------------------------------
 *
 * type_id.c
 *		Column types uuid and hex_colour.
 *
 * Pure: also built outside the server (see test/unit).
 * Errors: returned, never thrown.
 * Source: RFC 9562 section 4 (uuid); CSS Color Module Level 4 section 5.2.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/codes.h"

#define UUID_CHARS		36		/* with hyphens */
#define UUID_DIGITS		32

/* Hyphens stand before the digits 8, 12, 16 and 20. */
static bool
has_hyphen_before(int digit)
{
	return digit == 8 || digit == 12 || digit == 16 || digit == 20;
}

/*
 * Any version and variant; hyphens at their places or not at all; in braces or
 * as a URN.
 */
static NvpCode
read_uuid(const NvpCodeCell *in)
{
	const char *t = in->t;
	uint32		len = in->len;
	char		out[UUID_CHARS];
	int			n = 0;

	if (len > 2 && t[0] == '{' && t[len - 1] == '}')
	{
		t++;
		len -= 2;
	}
	else
		nvp_code_skip_word(&t, &len, "urn:uuid:");
	if (len != UUID_CHARS && len != UUID_DIGITS)
		return NVP_CODE_INVALID_UUID;
	for (int digit = 0; digit < UUID_DIGITS; digit++)
	{
		if (has_hyphen_before(digit))
		{
			if (len == UUID_CHARS && *t++ != '-')
				return NVP_CODE_INVALID_UUID;
			out[n++] = '-';
		}
		if (!nvp_ascii_is(*t, NVP_ASCII_HEX))
			return NVP_CODE_INVALID_UUID;
		out[n++] = nvp_ascii_lower(*t++);
	}
	return nvp_code_give(in, out, n);
}

/* Three and four digits are doubled: #fa0 is #ffaa00. */
static NvpCode
read_hex_colour(const NvpCodeCell *in)
{
	const char *t = in->t;
	uint32		len = in->len;
	char		out[9] = "#";
	int			n = 1;
	int			times;

	nvp_code_skip_word(&t, &len, "#");
	if ((len != 3 && len != 4 && len != 6 && len != 8) ||
		!nvp_ascii_all(t, len, NVP_ASCII_HEX))
		return NVP_CODE_INVALID_HEX_COLOUR;
	times = len < 6 ? 2 : 1;
	for (uint32 i = 0; i < len * times; i++)
		out[n++] = nvp_ascii_lower(t[i / times]);
	return nvp_code_give(in, out, n);
}

/* nvp_uuid_convert converts a column of UUIDs. */
void
nvp_uuid_convert(const NvpColumn *column, const NvpCell *cells, int n,
				 NvpValue *values, NvpArena *arena)
{
	nvp_code_each(column, cells, n, values, arena, false, read_uuid);
}

/* nvp_hex_colour_convert converts a column of colours. */
void
nvp_hex_colour_convert(const NvpColumn *column, const NvpCell *cells, int n,
					   NvpValue *values, NvpArena *arena)
{
	nvp_code_each(column, cells, n, values, arena, false, read_hex_colour);
}
