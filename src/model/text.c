/*-------------------------------------------------------------------------
 *
 * text.c
 *		Text as cells hold it: UTF-8, blanks, digits of other scripts, folding.
 *
 * Nearly every cell is short plain ASCII, so each function looks for that
 * first, a word at a time, and does the general work only where it is not.
 *
 * Memory: results go to buffers of the caller; folding of text that is not
 *		   ASCII allocates and frees while it normalizes.
 * Errors: returned, never thrown.
 * Source: sections 1.2 to 1.4 of the column-type specification; RFC 3629;
 *		   UAX #15 (NFC).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/unicode_norm.h"

#include "model/text.h"

#define WORD_ONES		UINT64CONST(0x0101010101010101)
#define WORD_HIGHS		UINT64CONST(0x8080808080808080)

/* code points that are normalized at once; see fold_general */
#define FOLD_RUN		128

/*
 * Not 0 if a word has a byte of a multi-byte sequence or a zero byte.  The
 * subtraction borrows only at a zero byte, so no ASCII byte is mistaken.
 */
static inline uint64
special_bytes(uint64 word)
{
	return ((word - WORD_ONES) | word) & WORD_HIGHS;
}

/* Bytes of plain non-zero ASCII at the start of p, rounded down to a word. */
static inline size_t
skip_ascii(const char *p, size_t len)
{
	size_t		done = 0;
	uint64		a;
	uint64		b;

	while (done + 16 <= len)
	{
		memcpy(&a, p + done, 8);
		memcpy(&b, p + done + 8, 8);
		if ((special_bytes(a) | special_bytes(b)) != 0)
			return done;
		done += 16;
	}
	if (done + 8 <= len)
	{
		memcpy(&a, p + done, 8);
		if (special_bytes(a) == 0)
			done += 8;
	}
	return done;
}

/* True if all of p is ASCII and not zero: whole words, the last one overlapping. */
static inline bool
is_plain_ascii(const char *p, size_t len)
{
	uint64		word;
	uint32		half;

	if (len >= 8)
	{
		size_t		done = skip_ascii(p, len);

		if (len - done >= 8)
			return false;
		memcpy(&word, p + len - 8, 8);
		return special_bytes(word) == 0;
	}
	if (len >= 4)
	{
		memcpy(&half, p, 4);
		word = half;
		memcpy(&half, p + len - 4, 4);
		return special_bytes(word << 32 | half) == 0;
	}
	for (size_t i = 0; i < len; i++)
	{
		if ((signed char) p[i] <= 0)
			return false;
	}
	return true;
}

/*
 * nvp_utf8_decode reads the code point at p.
 *
 * out: its bytes, 1 to 4, and the code point in *cp; 0 where p..end does not
 * begin with well-formed UTF-8 (overlong forms and surrogates are refused).
 */
int
nvp_utf8_decode(const char *p, const char *end, uint32 *cp)
{
	const unsigned char *s = (const unsigned char *) p;
	size_t		left = end - p;

	if (left == 0)
		return 0;
	if (s[0] < 0x80)
	{
		*cp = s[0];
		return 1;
	}
	if (s[0] < 0xC2 || left < 2 || (s[1] & 0xC0) != 0x80)
		return 0;
	if (s[0] < 0xE0)
	{
		*cp = (s[0] & 0x1F) << 6 | (s[1] & 0x3F);
		return 2;
	}
	if (left < 3 || (s[2] & 0xC0) != 0x80)
		return 0;
	if (s[0] < 0xF0)
	{
		*cp = (s[0] & 0x0F) << 12 | (s[1] & 0x3F) << 6 | (s[2] & 0x3F);
		return *cp >= 0x800 && (*cp < 0xD800 || *cp > 0xDFFF) ? 3 : 0;
	}
	if (s[0] > 0xF4 || left < 4 || (s[3] & 0xC0) != 0x80)
		return 0;
	*cp = (uint32) (s[0] & 0x07) << 18 | (s[1] & 0x3F) << 12 | (s[2] & 0x3F) << 6 | (s[3] & 0x3F);
	return *cp >= 0x10000 && *cp <= 0x10FFFF ? 4 : 0;
}

/* nvp_utf8_encode writes a code point and returns its bytes, 1 to 4. */
int
nvp_utf8_encode(uint32 cp, char *out)
{
	if (cp < 0x80)
	{
		out[0] = (char) cp;
		return 1;
	}
	if (cp < 0x800)
	{
		out[0] = (char) (0xC0 | cp >> 6);
		out[1] = (char) (0x80 | (cp & 0x3F));
		return 2;
	}
	if (cp < 0x10000)
	{
		out[0] = (char) (0xE0 | cp >> 12);
		out[1] = (char) (0x80 | (cp >> 6 & 0x3F));
		out[2] = (char) (0x80 | (cp & 0x3F));
		return 3;
	}
	out[0] = (char) (0xF0 | cp >> 18);
	out[1] = (char) (0x80 | (cp >> 12 & 0x3F));
	out[2] = (char) (0x80 | (cp >> 6 & 0x3F));
	out[3] = (char) (0x80 | (cp & 0x3F));
	return 4;
}

/*
 * nvp_utf8_valid tells whether text can be stored: well-formed UTF-8 without
 * U+0000.  Plain ASCII costs a fraction of a nanosecond a byte.
 */
bool
nvp_utf8_valid(const char *p, size_t len)
{
	const char *end = p + len;

	if (likely(is_plain_ascii(p, len)))
		return true;
	while (p < end)
	{
		const char *stop;

		/* what stopped the fast path, and some more: text that is not ASCII clusters */
		p += skip_ascii(p, end - p);
		stop = end - p > 16 ? p + 16 : end;
		while (p < stop)
		{
			uint32		cp;
			int			n;

			if ((signed char) *p > 0)
			{
				p++;
				continue;
			}
			n = nvp_utf8_decode(p, end, &cp);
			if (n == 0 || cp == 0)
				return false;
			p += n;
		}
	}
	return true;
}

/* nvp_utf8_length counts the code points of valid text. */
int
nvp_utf8_length(const char *p, size_t len)
{
	int			n = 0;

	/* every byte but a continuation begins one; the compiler makes this a vector loop */
	for (size_t i = 0; i < len; i++)
		n += (p[i] & 0xC0) != 0x80;
	return n;
}

/* nvp_text_is_blank tells whether a code point belongs to the blank set W. */
bool
nvp_text_is_blank(uint32 cp)
{
	if (cp < 0x80)
		return cp == 0x20 || (cp >= 0x09 && cp <= 0x0D);
	if (cp < 0x2000)
		return cp == 0x85 || cp == 0xA0 || cp == 0x61C || cp == 0x1680;
	return cp <= 0x200B || cp == 0x200E || cp == 0x200F ||
		(cp >= 0x2028 && cp <= 0x202F) || cp == 0x205F || cp == 0x2060 ||
		(cp >= 0x2066 && cp <= 0x2069) || cp == 0x3000 || cp == 0xFEFF;
}

/* The code point that ends right before end; 0 bytes if there is none. */
static int
decode_before(const char *start, const char *end, uint32 *cp)
{
	const char *p = end - 1;

	while (p > start && end - p < 4 && (*p & 0xC0) == 0x80)
		p--;
	return nvp_utf8_decode(p, end, cp) == end - p ? end - p : 0;
}

/* nvp_text_trim removes the blanks of set W from both ends. */
void
nvp_text_trim(const char **p, uint32 *len)
{
	const char *start = *p;
	const char *end = start + *len;
	uint32		cp;
	int			n;

	while (start < end && (n = nvp_utf8_decode(start, end, &cp)) > 0 && nvp_text_is_blank(cp))
		start += n;
	while (start < end && (n = decode_before(start, end, &cp)) > 0 && nvp_text_is_blank(cp))
		end -= n;
	*p = start;
	*len = end - start;
}

/*
 * The value of a decimal digit that is not ASCII, and the zero of its script;
 * -1 if it is no digit of the scripts we read.
 */
static int
digit_value(uint32 cp, uint32 *zero)
{
	static const uint32 zeros[] = {0x0660, 0x06F0, 0x0966, 0xFF10};

	for (int i = 0; i < lengthof(zeros) && cp >= zeros[i]; i++)
	{
		*zero = zeros[i];
		if (cp - zeros[i] < 10)
			return cp - zeros[i];
	}
	return -1;
}

/* nvp_text_digits makes the digits of four scripts ASCII; see text.h. */
int
nvp_text_digits(const char *p, uint32 len, char *out)
{
	const char *end = p + len;
	char	   *to = out;
	uint32		script = 0;

	while (p < end)
	{
		uint32		zero = '0';
		uint32		cp;
		int			digit;
		int			n = 1;

		if ((signed char) *p >= 0)
			digit = *p >= '0' && *p <= '9' ? *p - '0' : -1;
		else
		{
			n = nvp_utf8_decode(p, end, &cp);
			if (n == 0)
				return -1;
			digit = digit_value(cp, &zero);
		}
		if (digit >= 0)
		{
			if (script != 0 && script != zero)
				return -1;
			script = zero;
			*to++ = '0' + digit;
		}
		else
		{
			for (int i = 0; i < n; i++)
				*to++ = p[i];
		}
		p += n;
	}
	return to - out;
}

/* nvp_text_fold_char folds the case of one code point; its bytes stay as many. */
uint32
nvp_text_fold_char(uint32 cp)
{
	if (cp < 0x80)
		return cp >= 'A' && cp <= 'Z' ? cp + 32 : cp;
	if (cp < 0x100)
		return cp >= 0xC0 && cp <= 0xDE && cp != 0xD7 ? cp + 32 : cp;
	if (cp <= 0x137 || (cp >= 0x14A && cp <= 0x177))
		return cp | 1;
	if ((cp >= 0x139 && cp <= 0x148) || (cp >= 0x179 && cp <= 0x17E))
		return cp + (cp & 1);
	if (cp >= 0x391 && cp <= 0x3AB)
		return cp + 32;
	if (cp >= 0x400 && cp <= 0x42F)
		return cp + (cp <= 0x40F ? 80 : 32);
	switch (cp)
	{
		case 0x178:
			return 0xFF;
		case 0x218:
		case 0x21A:
			return cp + 1;
		case 0x386:
			return 0x3AC;
		case 0x388:
		case 0x389:
		case 0x38A:
			return cp + 37;
		case 0x38C:
			return 0x3CC;
		case 0x38E:
		case 0x38F:
			return cp + 63;
		default:
			return cp;
	}
}

/*
 * True for code points that never combine with what stands before them, so
 * that text may be cut there and its parts normalized one by one.  It need
 * not know all of them.
 */
static bool
starts_afresh(uint32 cp)
{
	return cp < 0x300 || (cp >= 0x370 && cp <= 0x482) || (cp >= 0x48A && cp <= 0x590) ||
		(cp >= 0x1E00 && cp <= 0x1FFF) || (cp >= 0x3041 && cp <= 0x3098) ||
		(cp >= 0x309B && cp <= 0xA66E) || (cp >= 0xAC00 && cp <= 0xD7A3);
}

/* Normalizes, folds and writes n code points; -1 if they do not fit. */
static int
fold_run(pg_wchar *run, int n, bool normal, char *out, int outsize)
{
	pg_wchar   *nfc = run;
	char		utf8[4];
	int			written = 0;

	run[n] = 0;
	if (!normal)
	{
		nfc = unicode_normalize(UNICODE_NFC, run);
		if (nfc == NULL)
			return -1;
	}
	for (pg_wchar *p = nfc; *p; p++)
	{
		int			bytes = nvp_utf8_encode(nvp_text_fold_char(*p), utf8);

		if (written + bytes > outsize)
		{
			written = -1;
			break;
		}
		memcpy(out + written, utf8, bytes);
		written += bytes;
	}
	if (nfc != run)
		pfree(nfc);
	return written;
}

/*
 * Folds any text.  Reordering of combining marks takes quadratic time, so runs
 * of FOLD_RUN code points are normalized one by one, cut where nothing combines
 * across; a longer heap of marks (no language has one) is cut anywhere.
 */
static int
fold_general(const char *p, uint32 len, char *out, int outsize)
{
	const char *end = p + len;
	pg_wchar	run[FOLD_RUN + 1];
	int			written = 0;

	while (p < end)
	{
		const char *cut = NULL;
		bool		normal = true;
		int			ncut = 0;
		int			n = 0;
		int			bytes;

		while (p < end && n < FOLD_RUN)
		{
			uint32		cp;

			bytes = nvp_utf8_decode(p, end, &cp);
			if (bytes == 0 || cp == 0)
				return -1;
			if (n > 0 && starts_afresh(cp))
			{
				cut = p;
				ncut = n;
			}
			normal &= cp < 0x300;
			run[n++] = cp;
			p += bytes;
		}
		if (p < end && cut)
		{
			p = cut;
			n = ncut;
		}
		bytes = fold_run(run, n, normal, out + written, outsize - written);
		if (bytes < 0)
			return -1;
		written += bytes;
	}
	return written;
}

/* nvp_text_fold puts text into NFC and folds its case; see text.h. */
int
nvp_text_fold(const char *p, uint32 len, char *out, int outsize)
{
	uint32		i = 0;

	while (i < len && (signed char) p[i] > 0)
	{
		if ((int) i >= outsize)
			return -1;
		out[i] = p[i] >= 'A' && p[i] <= 'Z' ? p[i] + 32 : p[i];
		i++;
	}
	return i == len ? (int) len : fold_general(p, len, out, outsize);
}

/* nvp_text_equal_ascii compares two texts, ignoring the case of ASCII letters. */
bool
nvp_text_equal_ascii(const char *a, uint32 alen, const char *b, uint32 blen)
{
	if (alen != blen)
		return false;
	for (uint32 i = 0; i < alen; i++)
	{
		unsigned char x = a[i];
		unsigned char y = b[i];

		if (x != y && ((x ^ y) != 0x20 || (x | 0x20) < 'a' || (x | 0x20) > 'z'))
			return false;
	}
	return true;
}

/* True if the text is one of the column's emptyValues. */
static bool
is_empty_value(const NvpColumn *column, const char *t, uint32 len)
{
	for (int i = 0; i < column->empty_values.n; i++)
	{
		const NvpText *item = &column->empty_values.items[i];

		if (nvp_text_equal_ascii(t, len, item->ptr, item->len))
			return true;
	}
	return false;
}

/* Typed cells: JSON objects and arrays are refused here, and errors of spreadsheets. */
static bool
open_typed(const NvpColumn *column, const NvpCell *cell, NvpValue *value,
		   const char **t, uint32 *len)
{
	if (cell->kind == NVP_CELL_NULL)
	{
		value->status = NVP_EMPTY;
		value->text = NULL;
		value->len = 0;
		return false;
	}
	if (cell->kind == NVP_CELL_JSON && column->type->kind != NVP_VALUE_JSON)
	{
		nvp_value_error(value, NVP_CODE_NOT_A_SCALAR);
		return false;
	}
	if (cell->kind == NVP_CELL_ERROR)
	{
		value->status = NVP_EMPTY;
		value->text = NULL;
		value->len = 0;
		if (!is_empty_value(column, cell->ptr, cell->len))
			nvp_value_error(value, NVP_CODE_CELL_ERROR);
		return false;
	}
	*t = cell->ptr;
	*len = cell->len;
	return true;
}

/*
 * nvp_cell_open_any is nvp_cell_open for all cells; see text.h.
 *
 * string is known by its code: it alone calls unreadable text INVALID_TEXT.
 * It has no limit of length and keeps its blanks unless its option says so.
 */
bool
nvp_cell_open_any(const NvpColumn *column, const NvpCell *cell, NvpValue *value,
				  const char **t, uint32 *len)
{
	const NvpTypeRoutine *type = column->type;
	const char *p = cell->ptr;
	uint32		n = cell->len;

	if (unlikely(cell->kind != NVP_CELL_TEXT))
		return open_typed(column, cell, value, t, len);

	/* printable ASCII at both ends: nothing to trim */
	if (n == 0 || (unsigned char) (p[0] - 0x21) > 0x5D || (unsigned char) (p[n - 1] - 0x21) > 0x5D)
		nvp_text_trim(&p, &n);
	if (n == 0 || (column->empty_values.n > 0 && is_empty_value(column, p, n)))
	{
		value->status = NVP_EMPTY;
		value->text = NULL;
		value->len = 0;
		return false;
	}
	if (type->code == NVP_CODE_INVALID_TEXT && !column->trim)
	{
		p = cell->ptr;
		n = cell->len;
	}
	if ((cell->flags & NVP_CELL_UTF8) == 0 && !nvp_utf8_valid(p, n))
	{
		nvp_value_error(value, NVP_CODE_INVALID_TEXT);
		return false;
	}
	if (n > NVP_CELL_MAX_BYTES && type->code != NVP_CODE_INVALID_TEXT && type->kind != NVP_VALUE_JSON)
	{
		nvp_value_error(value, NVP_CODE_VALUE_TOO_LONG);
		return false;
	}
	*t = p;
	*len = n;
	return true;
}
