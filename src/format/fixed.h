/*-------------------------------------------------------------------------
 *
 * fixed.h
 *		Characters of text in columns of fixed width, for those who cut it
 *		(fixed.c) and those who guess where (sniff_fixed.c).
 *
 * Pure: no memory, no errors.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_FIXED_H
#define NVP_FIXED_H

#include "mb/pg_wchar.h"

#include "format/encode.h"

static inline bool
nvp_is_padding(char c)
{
	return c == ' ' || c == '\t';
}

/* nvp_character_bytes tells how long the character at p is; a byte that belongs to none is one. */
static inline int
nvp_character_bytes(const char *p, const char *end)
{
	int			n;

	if (!IS_HIGHBIT_SET(*p))
		return 1;
	if (nvp_raw_byte(p, end - p) >= 0)
		return NVP_RAW_BYTES;
	n = pg_utf_mblen((const unsigned char *) p);
	return n <= end - p && pg_utf8_islegal((const unsigned char *) p, n) ? n : 1;
}

/*
 * nvp_character_places tells how many places the character at p takes: one, or
 * on a screen two if it is wide, as those of Chinese and Japanese are, and none
 * if it stands above another one (Unicode Standard Annex 11).
 */
static inline int
nvp_character_places(const char *p, int bytes, bool is_displayed)
{
	int			places;

	if (!is_displayed || bytes == 1 || nvp_raw_byte(p, bytes) >= 0)
		return 1;
	places = pg_encoding_dsplen(PG_UTF8, p);
	return places < 0 ? 1 : places;
}

/*
 * nvp_skip_places goes on from place *at to a place, or to the end of the line.
 * A wide character that stands on both sides of it is passed over as a whole.
 */
static inline const char *
nvp_skip_places(const char *p, const char *end, int *at, int to, bool is_displayed)
{
	while (p < end)
	{
		int			bytes = nvp_character_bytes(p, end);
		int			places = nvp_character_places(p, bytes, is_displayed);

		/* what stands above a character belongs to it */
		if (*at >= to && (places > 0 || to == 0))
			break;
		*at += places;
		p += bytes;
	}
	return p;
}

#endif							/* NVP_FIXED_H */
