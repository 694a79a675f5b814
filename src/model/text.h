/*-------------------------------------------------------------------------
 *
 * text.h
 *		Text as cells hold it: UTF-8, blanks, digits of other scripts, folding.
 *
 * Purity: no locale, no server; also built for unit tests and fuzzing.
 * Errors: returned, never thrown.
 * Source: sections 1.2 to 1.4 of the column-type specification.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_TEXT_H
#define NVP_TEXT_H

#include "model/model.h"

#define NVP_CELL_MAX_BYTES	8192	/* of every type but string and json */

/* bytes of the code point at p, which is stored in *cp; 0 if p..end is not UTF-8 there */
extern int	nvp_utf8_decode(const char *p, const char *end, uint32 *cp);
extern int	nvp_utf8_encode(uint32 cp, char *out);	/* 1 to 4 bytes */
extern bool nvp_utf8_valid(const char *p, size_t len);	/* also refuses U+0000 */
extern int	nvp_utf8_length(const char *p, size_t len);	/* code points of valid text */

extern bool nvp_text_is_blank(uint32 cp);	/* member of the blank set W of 1.3 */
extern void nvp_text_trim(const char **p, uint32 *len);	/* both ends, set W */

/*
 * 1.4: digits of four scripts become ASCII.  out has room for len bytes.
 * Returns the new length, or -1 where a cell mixes scripts.
 */
extern int	nvp_text_digits(const char *p, uint32 len, char *out);

/*
 * NFC and simple fold of 1.4.  Returns the new length; out has room for
 * outsize bytes; -1 if it does not fit.
 */
extern int	nvp_text_fold(const char *p, uint32 len, char *out, int outsize);

/* simple fold of one code point */
extern uint32 nvp_text_fold_char(uint32 cp);

/* case-insensitive comparison for ASCII */
extern bool nvp_text_equal_ascii(const char *a, uint32 alen, const char *b, uint32 blen);

extern bool nvp_cell_open_any(const NvpColumn *column, const NvpCell *cell, NvpValue *value,
							  const char **t, uint32 *len);

/*
 * Steps 1 to 5 of 1.2 for one cell.  Returns false when value is settled
 * (EMPTY, or ERROR with invalid_text, not_a_scalar or value_too_long), true
 * when work goes on with the (trimmed, except for string) text in *t, *len.
 * Typed cells (NVP_CELL_NUMBER, NVP_CELL_BOOL) give their literal.
 *
 * The usual cell is text with printable ASCII at both ends: nothing to trim.
 * It is settled here, for this is called for every cell there is.
 */
static inline bool
nvp_cell_open(const NvpColumn *column, const NvpCell *cell, NvpValue *value,
			  const char **t, uint32 *len)
{
	const char *p = cell->ptr;
	uint32		n = cell->len;

	if (likely(cell->kind == NVP_CELL_TEXT && n > 0 && n <= NVP_CELL_MAX_BYTES && column->empty_values.n == 0) &&
		(unsigned char) (p[0] - 0x21) <= 0x5D && (unsigned char) (p[n - 1] - 0x21) <= 0x5D &&
		((cell->flags & NVP_CELL_UTF8) != 0 || nvp_utf8_valid(p, n)))
	{
		*t = p;
		*len = n;
		return true;
	}
	return nvp_cell_open_any(column, cell, value, t, len);
}

static inline void
nvp_value_error(NvpValue *value, NvpCode code)
{
	value->status = NVP_ERROR;
	value->code = code;
	value->text = NULL;
	value->len = 0;
}

static inline void
nvp_value_set_text(NvpValue *value, uint8 kind, const char *text, uint32 len)
{
	value->status = NVP_OK;
	value->kind = kind;
	value->text = text;
	value->len = len;
}

static inline void
nvp_value_set_int(NvpValue *value, uint8 kind, int64 i64)
{
	value->status = NVP_OK;
	value->kind = kind;
	value->text = NULL;
	value->len = 0;
	value->v.i64 = i64;
}

#endif							/* NVP_TEXT_H */
