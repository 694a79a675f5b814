/*-------------------------------------------------------------------------
 *
 * codes.c
 *		Small tools of the code types: ASCII classes, squeezing, lookup.
 *
 * Pure: also built outside the server (see test/unit).
 * Memory: see codes.h.
 * Errors: returned, never thrown.
 * Source: sections 1.3 to 1.5 of the column-type specification.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/codes.h"

#define DIGIT	(NVP_ASCII_DIGIT | NVP_ASCII_HEX | NVP_ASCII_LABEL | NVP_ASCII_ATOM | NVP_ASCII_URI)
#define UPPER	(NVP_ASCII_UPPER | NVP_ASCII_LETTER | NVP_ASCII_LABEL | NVP_ASCII_ATOM | NVP_ASCII_URI)
#define LOWER	(NVP_ASCII_LOWER | NVP_ASCII_LETTER | NVP_ASCII_LABEL | NVP_ASCII_ATOM | NVP_ASCII_URI)
#define ATOM	NVP_ASCII_ATOM
#define URI		NVP_ASCII_URI

/* what a byte may be a part of */
const uint8 nvp_ascii_class[256] = {
	['0' ... '9'] = DIGIT,
	['A' ... 'F'] = UPPER | NVP_ASCII_HEX,
	['G' ... 'Z'] = UPPER,
	['a' ... 'f'] = LOWER | NVP_ASCII_HEX,
	['g' ... 'z'] = LOWER,
	['-'] = NVP_ASCII_LABEL | ATOM | URI,
	['!'] = ATOM | URI,['#'] = ATOM | URI,['$'] = ATOM | URI,
	['%'] = ATOM | URI,['&'] = ATOM | URI,['\''] = ATOM | URI,
	['*'] = ATOM | URI,['+'] = ATOM | URI,['/'] = ATOM | URI,
	['='] = ATOM | URI,['?'] = ATOM | URI,['_'] = ATOM | URI,
	['~'] = ATOM | URI,
	['^'] = ATOM,['`'] = ATOM,['{'] = ATOM,['|'] = ATOM,['}'] = ATOM,
	['('] = URI,[')'] = URI,[','] = URI,['.'] = URI,[':'] = URI,
	[';'] = URI,['@'] = URI,
};

/* nvp_ascii_all tells whether every byte of s is of one of the classes. */
bool
nvp_ascii_all(const char *s, uint32 len, uint8 class)
{
	for (uint32 i = 0; i < len; i++)
	{
		if (!nvp_ascii_is(s[i], class))
			return false;
	}
	return true;
}

/* nvp_hex_digit gives the value of a hexadecimal digit, or -1. */
int
nvp_hex_digit(char c)
{
	if (!nvp_ascii_is(c, NVP_ASCII_HEX))
		return -1;
	return c <= '9' ? c - '0' : (c & 7) + 9;
}

/*
 * nvp_code_give makes text the value of a cell.
 * owner: text may be a buffer of the caller; it is copied into the arena
 * unless it equals the cell.
 */
NvpCode
nvp_code_give(const NvpCodeCell *in, const char *text, uint32 len)
{
	if (text < in->t || text > in->t + in->len)
	{
		if (len == in->len && memcmp(text, in->t, len) == 0)
			text = in->t;
		else
			text = memcpy(nvp_arena_alloc(in->arena, len + 1), text, len);
	}
	nvp_value_set_text(in->value, in->column->type->kind, text, len);
	return NVP_CODE_NONE;
}

/* nvp_code_give_float makes a finite number the value of a cell. */
NvpCode
nvp_code_give_float(const NvpCodeCell *in, double f64)
{
	in->value->status = NVP_OK;
	in->value->kind = NVP_VALUE_FLOAT;
	in->value->text = NULL;
	in->value->len = 0;
	in->value->v.f64 = f64 == 0 ? 0 : f64;	/* never -0 */
	return NVP_CODE_NONE;
}

/* nvp_code_skip_word steps over a leading ASCII word in any case, if it is there. */
bool
nvp_code_skip_word(const char **t, uint32 *len, const char *word)
{
	uint32		n = strlen(word);

	if (*len < n || !nvp_text_equal_ascii(*t, n, word, n))
		return false;
	*t += n;
	*len -= n;
	return true;
}

/* nvp_code_skip_blanks steps over leading blanks of the set W; t is valid UTF-8. */
void
nvp_code_skip_blanks(const char **t, uint32 *len)
{
	while (*len > 0)
	{
		uint32		cp;
		int			n = nvp_utf8_decode(*t, *t + *len, &cp);

		if (n == 0 || !nvp_text_is_blank(cp))
			break;
		*t += n;
		*len -= n;
	}
}

/* nvp_code_is_inner_blank knows the blanks that may stand inside a code (1.3). */
bool
nvp_code_is_inner_blank(uint32 cp)
{
	return cp == 0x20 || cp == 0xa0 || cp == 0x2009 || cp == 0x202f;
}

/*
 * nvp_code_squeeze copies what matters of a code: blanks (the set W, or inner
 * ones only) and the ASCII marks are left out, letters become capitals.  With
 * '-' among the marks of a type that drops all blanks the hyphens U+2010 to
 * U+2013 go, too.  Returns the length, or -1 if other non-ASCII text is left or
 * the result is longer than outsize: then it is no code of any kind.
 */
int
nvp_code_squeeze(const char *t, uint32 len, bool all_blanks, const char *marks,
				 char *out, int outsize)
{
	const char *end = t + len;
	bool		hyphens = all_blanks && strchr(marks, '-') != NULL;
	int			n = 0;

	while (t < end)
	{
		uint32		cp;
		int			size;

		if (nvp_ascii_is(*t, NVP_ASCII_ALNUM))
		{
			if (n == outsize)
				return -1;
			out[n++] = nvp_ascii_upper(*t++);
			continue;
		}
		size = nvp_utf8_decode(t, end, &cp);
		if (size == 0)
			return -1;
		t += size;
		if (all_blanks ? nvp_text_is_blank(cp) : nvp_code_is_inner_blank(cp))
			continue;
		if (hyphens && cp >= 0x2010 && cp <= 0x2013)
			continue;
		if (cp >= 0x80 || cp == 0)
			return -1;
		if (strchr(marks, (int) cp))
			continue;
		if (n == outsize)
			return -1;
		out[n++] = (char) cp;
	}
	return n;
}

/* nvp_code_digits is nvp_text_digits, quick for what is plain ASCII already. */
int
nvp_code_digits(const char *t, uint32 len, char *out)
{
	uint8		any = 0;

	for (uint32 i = 0; i < len; i++)
	{
		any |= t[i];
		out[i] = t[i];
	}
	return any < 0x80 ? (int) len : nvp_text_digits(t, len, out);
}

/*
 * nvp_code_integer writes the digits of a typed cell that is a whole number, at
 * least zero, without leading zeros.  Spreadsheets and JSON writers also send
 * 4.006381333931E+12 and 42.0.  Returns the number of digits, or -1.
 */
int
nvp_code_integer(const NvpCell *cell, char *out, int outsize)
{
	const char *p = cell->ptr;
	const char *end = p + cell->len;
	int			n = 0;
	int			point = -1;		/* digits before the decimal sign */
	int			exponent = 0;

	for (; p < end && (nvp_ascii_is(*p, NVP_ASCII_DIGIT) || *p == '.'); p++)
	{
		if (*p == '.')
			point = n;
		else if (n == outsize)
			return -1;
		else
			out[n++] = *p;
	}
	if (p < end && (*p == 'e' || *p == 'E'))
	{
		bool		negative = ++p < end && *p == '-';

		if (p < end && (*p == '-' || *p == '+'))
			p++;
		for (; p < end && nvp_ascii_is(*p, NVP_ASCII_DIGIT) && exponent < 1000; p++)
			exponent = exponent * 10 + (*p - '0');
		if (negative)
			exponent = -exponent;
	}
	if (p < end || n == 0)
		return -1;
	exponent += (point < 0 ? n : point) - n;
	for (; exponent < 0 && n > 1 && out[n - 1] == '0'; exponent++)
		n--;
	for (; exponent > 0 && n < outsize && !(n == 1 && out[0] == '0'); exponent--)
		out[n++] = '0';
	if (exponent != 0 && !(n == 1 && out[0] == '0'))
		return -1;
	for (p = out; p < out + n - 1 && *p == '0'; p++)
		 /* step over leading zeros */ ;
	n -= p - out;
	memmove(out, p, n);
	return n;
}

/*
 * nvp_code_find searches a table made by gentable.pl (rows of cols strings,
 * sorted by the first) for a key.  Returns the row, or NULL.
 */
const char *const *
nvp_code_find(const char *const *table, int rows, int cols, const char *key, uint32 len)
{
	int			low = 0;
	int			high = rows;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		const char *const *row = table + (size_t) middle * cols;
		int			order = strncmp(key, row[0], len);

		if (order == 0 && row[0][len] == '\0')
			return row;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
