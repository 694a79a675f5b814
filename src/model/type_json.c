/*-------------------------------------------------------------------------
 *
 * type_json.c
 *		Column type json: text is checked, not changed.
 *
 * One pass without recursion; what is open is a stack of bits.  Strings that
 * jsonb cannot hold (U+0000, lone surrogates) are refused.
 *
 * Pure: also built outside the server (see test/unit).
 * Errors: returned, never thrown.
 * Source: RFC 8259.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/codes.h"

#define JSON_MAX_DEPTH	512

/* where the check stands */
typedef enum JsonExpect
{
	EXPECT_VALUE,
	EXPECT_VALUE_OR_END,		/* right after [ */
	EXPECT_KEY,
	EXPECT_KEY_OR_END,			/* right after { */
	EXPECT_COMMA_OR_END,		/* after a value */
	EXPECT_BAD
} JsonExpect;

typedef struct JsonScan
{
	const char *p;
	const char *end;
	int			depth;
	uint8		is_object[JSON_MAX_DEPTH / 8];	/* one bit for each open bracket */
} JsonScan;

static void
skip_space(JsonScan *scan)
{
	while (scan->p < scan->end && (*scan->p == ' ' || *scan->p == '\n' ||
								   *scan->p == '\r' || *scan->p == '\t'))
		scan->p++;
}

/* The four digits of \uXXXX, at p; -1 if they are not there. */
static int
read_unicode(const JsonScan *scan, const char *p)
{
	int			unit = 0;

	if (scan->end - p < 4 || !nvp_ascii_all(p, 4, NVP_ASCII_HEX))
		return -1;
	for (int i = 0; i < 4; i++)
		unit = unit * 16 + nvp_hex_digit(p[i]);
	return unit;
}

/* After \u: a code unit, or a pair of surrogates. */
static bool
skip_unicode(JsonScan *scan)
{
	int			unit = read_unicode(scan, scan->p);
	int			low;

	if (unit <= 0 || (unit >= 0xdc00 && unit <= 0xdfff))
		return false;
	scan->p += 4;
	if (unit < 0xd800 || unit > 0xdbff)
		return true;
	if (scan->end - scan->p < 6 || scan->p[0] != '\\' || scan->p[1] != 'u')
		return false;
	low = read_unicode(scan, scan->p + 2);
	scan->p += 6;
	return low >= 0xdc00 && low <= 0xdfff;
}

/* A string, from its opening quote to behind its closing one. */
static bool
skip_string(JsonScan *scan)
{
	if (scan->p == scan->end || *scan->p != '"')
		return false;
	scan->p++;
	while (scan->p < scan->end)
	{
		uint8		c = *scan->p++;

		if (c == '"')
			return true;
		if (c < 0x20)
			return false;
		if (c != '\\')
			continue;
		if (scan->p == scan->end)
			return false;
		c = *scan->p++;
		if (c == 'u')
		{
			if (!skip_unicode(scan))
				return false;
		}
		else if (c == '\0' || strchr("\"\\/bfnrt", c) == NULL)
			return false;
	}
	return false;
}

static bool
skip_digits(JsonScan *scan)
{
	const char *start = scan->p;

	while (scan->p < scan->end && nvp_ascii_is(*scan->p, NVP_ASCII_DIGIT))
		scan->p++;
	return scan->p > start;
}

static bool
skip_number(JsonScan *scan)
{
	const char *digits;

	if (*scan->p == '-')
		scan->p++;
	digits = scan->p;
	if (!skip_digits(scan) || (*digits == '0' && scan->p - digits > 1))
		return false;
	if (scan->p < scan->end && *scan->p == '.')
	{
		scan->p++;
		if (!skip_digits(scan))
			return false;
	}
	if (scan->p < scan->end && (*scan->p == 'e' || *scan->p == 'E'))
	{
		scan->p++;
		if (scan->p < scan->end && (*scan->p == '+' || *scan->p == '-'))
			scan->p++;
		return skip_digits(scan);
	}
	return true;
}

static bool
skip_literal(JsonScan *scan)
{
	static const char *const words[] = {"true", "false", "null"};

	for (int i = 0; i < lengthof(words); i++)
	{
		size_t		n = strlen(words[i]);

		if (scan->end - scan->p >= n && memcmp(scan->p, words[i], n) == 0)
		{
			scan->p += n;
			return true;
		}
	}
	return false;
}

static JsonExpect
open_bracket(JsonScan *scan)
{
	bool		is_object = *scan->p++ == '{';
	uint8		bit = 1 << scan->depth % 8;

	if (scan->depth == JSON_MAX_DEPTH)
		return EXPECT_BAD;
	if (is_object)
		scan->is_object[scan->depth / 8] |= bit;
	else
		scan->is_object[scan->depth / 8] &= ~bit;
	scan->depth++;
	return is_object ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
}

static bool
in_object(const JsonScan *scan)
{
	int			i = scan->depth - 1;

	return (scan->is_object[i / 8] >> i % 8 & 1) != 0;
}

/* A scalar value, or the opening bracket of another. */
static JsonExpect
step_value(JsonScan *scan)
{
	char		c = *scan->p;
	bool		good;

	if (c == '{' || c == '[')
		return open_bracket(scan);
	if (c == '"')
		good = skip_string(scan);
	else if (c == '-' || nvp_ascii_is(c, NVP_ASCII_DIGIT))
		good = skip_number(scan);
	else
		good = skip_literal(scan);
	return good ? EXPECT_COMMA_OR_END : EXPECT_BAD;
}

static JsonExpect
step_key(JsonScan *scan)
{
	if (!skip_string(scan))
		return EXPECT_BAD;
	skip_space(scan);
	if (scan->p == scan->end || *scan->p++ != ':')
		return EXPECT_BAD;
	return EXPECT_VALUE;
}

/* One step from a character that is neither space nor the end. */
static JsonExpect
step(JsonScan *scan, JsonExpect expect)
{
	bool		may_end = expect != EXPECT_VALUE && expect != EXPECT_KEY;

	if (may_end && scan->depth > 0 && *scan->p == (in_object(scan) ? '}' : ']'))
	{
		scan->p++;
		scan->depth--;
		return EXPECT_COMMA_OR_END;
	}
	switch (expect)
	{
		case EXPECT_VALUE:
		case EXPECT_VALUE_OR_END:
			return step_value(scan);
		case EXPECT_KEY:
		case EXPECT_KEY_OR_END:
			return step_key(scan);
		default:
			if (scan->depth == 0 || *scan->p++ != ',')
				return EXPECT_BAD;
			return in_object(scan) ? EXPECT_KEY : EXPECT_VALUE;
	}
}

static NvpCode
read_json(const NvpCodeCell *in)
{
	JsonScan	scan = {.p = in->t,.end = in->t + in->len};
	JsonExpect	expect = EXPECT_VALUE;

	for (;;)
	{
		skip_space(&scan);
		if (scan.p == scan.end)
			break;
		expect = step(&scan, expect);
		if (expect == EXPECT_BAD)
			return NVP_CODE_INVALID_JSON;
	}
	if (expect != EXPECT_COMMA_OR_END || scan.depth > 0)
		return NVP_CODE_INVALID_JSON;
	return nvp_code_give(in, in->t, in->len);
}

/*
 * nvp_json_convert converts a column of JSON texts.  Typed cells already are
 * JSON, but may hold what jsonb does not, and are checked like text.
 */
void
nvp_json_convert(const NvpColumn *column, const NvpCell *cells, int n,
				 NvpValue *values, NvpArena *arena)
{
	for (int i = 0; i < n; i++)
	{
		NvpCodeCell in = {column, &cells[i], NULL, 0, &values[i], arena};
		NvpCode		code;

		if (!nvp_cell_open(column, in.cell, in.value, &in.t, &in.len))
			continue;
		if (in.cell->kind == NVP_CELL_TEXT)
			code = read_json(&in);
		else
		{
			nvp_text_trim(&in.t, &in.len);
			code = nvp_utf8_valid(in.t, in.len) ? read_json(&in) : NVP_CODE_INVALID_TEXT;
		}
		if (code != NVP_CODE_NONE)
			nvp_value_error(in.value, code);
	}
}
