/*-------------------------------------------------------------------------
 *
 * json_scan.c
 *		The lexical level of JSON: white space, strings, numbers, brackets.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: RFC 8259.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/json_scan.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* find_string_sign returns the first quote or backslash at or behind p, or end */
static inline const char *
find_string_sign(const char *p, const char *end)
{
#if defined(__SSE2__)
	const __m128i quotes = _mm_set1_epi8('"');
	const __m128i slashes = _mm_set1_epi8('\\');

	for (; p < end; p += 16)
	{
		__m128i		v = _mm_loadu_si128((const __m128i *) p);
		__m128i		hit = _mm_or_si128(_mm_cmpeq_epi8(v, quotes), _mm_cmpeq_epi8(v, slashes));
		int			mask = _mm_movemask_epi8(hit);

		if (mask != 0)
		{
			p += __builtin_ctz(mask);
			break;
		}
	}
	return Min(p, end);
#else
	while (p < end && *p != '"' && *p != '\\')
		p++;
	return p;
#endif
}

static inline int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* escape_length returns the bytes of the escape at p; 0 if it is none */
static int
escape_length(const char *p, const char *end, NvpJsonStatus *status)
{
	*status = NVP_JSON_MORE;
	if (end - p < 2)
		return 0;
	*status = NVP_JSON_BAD;
	if (p[1] != 'u')
		return (p[1] != '\0' && strchr("\"\\/bfnrt", p[1])) ? 2 : 0;
	for (int i = 2; i < 6; i++)
	{
		if (p + i >= end)
		{
			*status = NVP_JSON_MORE;
			return 0;
		}
		if (hex_value(p[i]) < 0)
			return 0;
	}
	return 6;
}

/*
 * nvp_json_string_end finds the quote that closes a string.
 *
 * in: p, behind the opening quote.
 * out: the closing quote; *has_escapes is set, never cleared.
 */
const char *
nvp_json_string_end(const char *p, const char *end, bool *has_escapes, NvpJsonStatus *status)
{
	for (;;)
	{
		int			len;

		p = find_string_sign(p, end);
		if (p == end)
		{
			*status = NVP_JSON_MORE;
			return NULL;
		}
		if (*p == '"')
			return p;
		len = escape_length(p, end, status);
		if (len == 0)
			return NULL;
		*has_escapes = true;
		p += len;
	}
}

static inline const char *
skip_digits(const char *p)
{
	while (*p >= '0' && *p <= '9')
		p++;
	return p;
}

/*
 * nvp_json_number_end recognises a number.  Where the buffer ends right behind
 * it the caller must decide whether more digits may follow.
 */
const char *
nvp_json_number_end(const char *p, const char *end, NvpJsonStatus *status)
{
	const char *digits;

	*status = NVP_JSON_BAD;
	if (*p == '-')
		p++;
	digits = p;
	p = skip_digits(p);
	if (p == digits || (*digits == '0' && p > digits + 1))
		goto bad;
	if (*p == '.')
	{
		digits = ++p;
		p = skip_digits(p);
		if (p == digits)
			goto bad;
	}
	if (*p == 'e' || *p == 'E')
	{
		p++;
		if (*p == '+' || *p == '-')
			p++;
		digits = p;
		p = skip_digits(p);
		if (p == digits)
			goto bad;
	}
	if (p <= end)
		return p;

bad:
	if (p >= end)
		*status = NVP_JSON_MORE;
	return NULL;
}

/* word_end recognises true, false and null */
static const char *
word_end(const char *p, const char *end, NvpJsonStatus *status)
{
	static const char *const words[] = {"true", "false", "null"};

	*status = NVP_JSON_BAD;
	for (int i = 0; i < lengthof(words); i++)
	{
		size_t		len = strlen(words[i]);
		size_t		have = Min(len, (size_t) (end - p));

		if (memcmp(p, words[i], have) == 0)
		{
			if (have == len)
				return p + len;
			*status = NVP_JSON_MORE;
		}
	}
	return NULL;
}

/* scalar_end recognises a string, number or word */
static const char *
scalar_end(const char *p, const char *end, NvpJsonStatus *status)
{
	bool		has_escapes;

	switch (*p)
	{
		case '"':
			p = nvp_json_string_end(p + 1, end, &has_escapes, status);
			return p ? p + 1 : NULL;
		case 't':
		case 'f':
		case 'n':
			return word_end(p, end, status);
		default:
			return nvp_json_number_end(p, end, status);
	}
}

/* member_start recognises a key with its colon */
static const char *
member_start(const char *p, const char *end, NvpJsonStatus *status)
{
	*status = NVP_JSON_BAD;
	if (*p != '"')
		return NULL;
	p = scalar_end(p, end, status);
	if (p == NULL)
		return NULL;
	p = nvp_json_skip_space(p, end);
	*status = p < end ? NVP_JSON_BAD : NVP_JSON_MORE;
	return (p < end && *p == ':') ? p + 1 : NULL;
}

/*
 * nested_end finds the bracket that closes the one at p.  A loop, not a
 * recursion: how deep it may go is our choice, not the stack's.
 */
static const char *
nested_end(const char *p, const char *end, NvpJsonStatus *status)
{
	bool		in_object[NVP_JSON_MAX_DEPTH];
	int			depth = 0;
	bool		after_value = false;	/* comma or closing bracket comes next */
	bool		may_close = false;	/* the bracket was just opened */

	for (;;)
	{
		p = nvp_json_skip_space(p, end);
		*status = p < end ? NVP_JSON_BAD : NVP_JSON_MORE;
		if (p >= end)
			return NULL;
		if ((after_value || may_close) && *p == (in_object[depth - 1] ? '}' : ']'))
		{
			p++;
			if (--depth == 0)
				return p;
			after_value = true;
			continue;
		}
		if (after_value)
		{
			if (*p++ != ',')
				return NULL;
			after_value = may_close = false;
			continue;
		}
		if (depth > 0 && in_object[depth - 1])
		{
			p = member_start(p, end, status);
			if (p == NULL)
				return NULL;
			p = nvp_json_skip_space(p, end);
			*status = p < end ? NVP_JSON_BAD : NVP_JSON_MORE;
			if (p >= end)
				return NULL;
		}
		may_close = (*p == '{' || *p == '[');
		if (may_close)
		{
			if (depth == NVP_JSON_MAX_DEPTH)
				return NULL;
			in_object[depth++] = (*p++ == '{');
			continue;
		}
		p = scalar_end(p, end, status);
		if (p == NULL)
			return NULL;
		after_value = true;
	}
}

/* nvp_json_value_end recognises any value at p, which lies before end. */
const char *
nvp_json_value_end(const char *p, const char *end, NvpJsonStatus *status)
{
	if (*p == '{' || *p == '[')
		return nested_end(p, end, status);
	return scalar_end(p, end, status);
}

static uint32
hex4(const char *p)
{
	return (uint32) (hex_value(p[0]) << 12 | hex_value(p[1]) << 8 |
					 hex_value(p[2]) << 4 | hex_value(p[3]));
}

/*
 * put_unicode writes the escape \uXXXX at in, joined with a second one if both
 * are a surrogate pair.  A surrogate alone is written in the pattern of UTF-8,
 * which makes it invalid text: the cell is reported, not mended.
 */
static const char *
put_unicode(const char *in, const char *end, char **out)
{
	uint32		code = hex4(in + 2);
	char	   *p = *out;

	in += 6;
	if (code >= 0xD800 && code < 0xDC00 && end - in >= 6 && in[0] == '\\' && in[1] == 'u')
	{
		uint32		low = hex4(in + 2);

		if (low >= 0xDC00 && low < 0xE000)
		{
			code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
			in += 6;
		}
	}
	if (code < 0x80)
		*p++ = (char) code;
	else if (code < 0x800)
		*p++ = (char) (0xC0 | code >> 6);
	else if (code < 0x10000)
	{
		*p++ = (char) (0xE0 | code >> 12);
		*p++ = (char) (0x80 | (code >> 6 & 0x3F));
	}
	else
	{
		*p++ = (char) (0xF0 | code >> 18);
		*p++ = (char) (0x80 | (code >> 12 & 0x3F));
		*p++ = (char) (0x80 | (code >> 6 & 0x3F));
	}
	if (code >= 0x80)
		*p++ = (char) (0x80 | (code & 0x3F));
	*out = p;
	return in;
}

/*
 * nvp_json_unescape writes the text a string stands for.
 *
 * in: what lies between the quotes, accepted by nvp_json_string_end.
 * out: at most len bytes; out may be in itself.  Returns the length.
 */
uint32
nvp_json_unescape(const char *in, uint32 len, char *out)
{
	const char *end = in + len;
	char	   *begin = out;

	while (in < end)
	{
		if (*in != '\\')
		{
			*out++ = *in++;
			continue;
		}
		if (in[1] == 'u')
		{
			in = put_unicode(in, end, &out);
			continue;
		}
		switch (in[1])
		{
			case 'b':
				*out++ = '\b';
				break;
			case 'f':
				*out++ = '\f';
				break;
			case 'n':
				*out++ = '\n';
				break;
			case 'r':
				*out++ = '\r';
				break;
			case 't':
				*out++ = '\t';
				break;
			default:
				*out++ = in[1];
				break;
		}
		in += 2;
	}
	return out - begin;
}

/* nvp_count_newlines counts LF bytes; line numbers of arrays come from it. */
uint64
nvp_count_newlines(const char *p, const char *end)
{
	uint64		n = 0;

	while (p < end && (p = memchr(p, '\n', end - p)) != NULL)
	{
		n++;
		p++;
	}
	return n;
}
