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

/* nvp_skip_characters goes n characters on, or to the end. */
static inline const char *
nvp_skip_characters(const char *p, const char *end, int n)
{
	for (; n > 0 && p < end; n--)
		p += nvp_character_bytes(p, end);
	return p;
}

/* sniff_fixed.c: is it a line of dashes, which tells where columns are? */
extern bool nvp_is_ruler(const char *p, const char *end);

#endif							/* NVP_FIXED_H */
