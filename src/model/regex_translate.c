/*-------------------------------------------------------------------------
 *
 * regex_translate.c
 *		ECMAScript regular expressions, rewritten for PCRE2.
 *
 * The two dialects look alike and differ where it hurts: white space, the dot,
 * escaped letters, brackets inside classes, octal numbers.  One pass copies
 * what means the same and rewrites the rest; every literal punctuation
 * character leaves as \x{..}, so that no later release of PCRE2 can find new
 * syntax in it.
 *
 * Flow:   pattern --> term | class | escape --> out
 * Memory: only out grows, at most about 150 bytes a character.
 * Errors: a static message for what PCRE2 would understand differently; what
 *		   both would refuse may be left to PCRE2.
 * Source: ECMA-262, "RegExp (Regular Expression) Objects" with annex B;
 *		   pcre2pattern(3).
 * Purity: no server, no locale; also built for unit tests and fuzzing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/regex_translate.h"

/* ECMAScript white space and line ends, and everything else */
#define SPACE_RANGES \
	"\\x09-\\x0d\\x20\\xa0\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}"
#define NON_SPACE_RANGES \
	"\\x00-\\x08\\x0e-\\x1f\\x21-\\x9f\\xa1-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}" \
	"\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}"

/*
 * What must be known before translating: how many groups capture (then \2 is a
 * back reference, else an octal number), and whether groups have names (then
 * \k is one too).
 */
static void
count_groups(NvpTranslator *t)
{
	bool		in_class = false;

	for (const char *p = t->p; p < t->end; p++)
	{
		if (*p == '\\')
			p++;
		else if (in_class)
			in_class = *p != ']';
		else if (*p == '[')
			in_class = true;
		else if (*p == '(')
		{
			bool		special = t->end - p > 1 && p[1] == '?';
			bool		named = special && t->end - p > 3 && p[2] == '<' && p[3] != '=' && p[3] != '!';

			if (!special || named)
				t->ngroups++;
			t->has_names |= named;
		}
	}
}

/* \k<name>, p after the k */
static bool
put_named_reference(NvpTranslator *t)
{
	const char *name = t->p + 1;
	const char *p = name;

	if (!t->has_names)
	{
		nvp_regex_put(t, "k");
		return true;
	}
	while (p < t->end && nvp_regex_is_name(*p))
		p++;
	if (t->p >= t->end || *t->p != '<' || p >= t->end || *p != '>' || p == name || nvp_regex_is_digit(*name))
		return nvp_regex_refuse(t, "\\k is not followed by the name of a group in angle brackets");
	appendStringInfo(t->out, "\\k<%.*s>", (int) (p - name), name);
	t->p = p + 1;
	return true;
}

/* An escape outside a class; p stands after the backslash. */
static bool
translate_escape(NvpTranslator *t)
{
	char		c;

	if (t->p >= t->end)
		return nvp_regex_refuse(t, "backslash at the end of the pattern");
	c = *t->p;
	t->repeatable = true;
	switch (c)
	{
		case 'b':
		case 'B':
			t->repeatable = false;
			/* FALLTHROUGH */
		case 'd':
		case 'D':
		case 'w':
		case 'W':
			appendStringInfo(t->out, "\\%c", c);
			t->p++;
			return true;
		case 's':
			nvp_regex_put(t, "[" SPACE_RANGES "]");
			t->p++;
			return true;
		case 'S':
			nvp_regex_put(t, "[^" SPACE_RANGES "]");
			t->p++;
			return true;
		case 'k':
			t->p++;
			return put_named_reference(t);
		case 'p':
		case 'P':
			t->p++;
			if (!nvp_regex_put_property(t, c))
				appendStringInfoChar(t->out, c);
			return true;
		default:
			if (nvp_regex_is_digit(c))
			{
				nvp_regex_put_reference(t);
				return true;
			}
			return nvp_regex_put_escape(t);
	}
}

/*
 * One member of a class.  *is_set tells whether it stands for several
 * characters and so cannot be the end of a range.
 */
static bool
translate_class_atom(NvpTranslator *t, bool *is_set)
{
	char		c;

	*is_set = false;
	if (*t->p != '\\')
	{
		nvp_regex_put_literal(t);
		return true;
	}
	t->p++;
	if (t->p >= t->end)
		return nvp_regex_refuse(t, "backslash at the end of the pattern");
	c = *t->p;
	if (strchr("dDwWsSpP", c) && c != '\0')
	{
		t->p++;
		*is_set = true;
		if (c == 's')
			nvp_regex_put(t, SPACE_RANGES);
		else if (c == 'S')
			nvp_regex_put(t, NON_SPACE_RANGES);
		else if (c != 'p' && c != 'P')
			appendStringInfo(t->out, "\\%c", c);
		else if (!nvp_regex_put_property(t, c))
		{
			*is_set = false;
			appendStringInfoChar(t->out, c);
		}
		return true;
	}
	if (c == 'b')
	{
		t->p++;
		nvp_regex_put_code_point(t, '\b');
		return true;
	}
	if (nvp_regex_is_digit(c))
	{
		nvp_regex_put_octal(t);
		return true;
	}
	return nvp_regex_put_escape(t);
}

/* Members of a class up to its closing bracket. */
static bool
translate_class_members(NvpTranslator *t)
{
	while (t->p < t->end && *t->p != ']')
	{
		bool		low_is_set;
		bool		high_is_set;
		int			dash;

		if (!translate_class_atom(t, &low_is_set))
			return false;
		if (t->end - t->p < 2 || *t->p != '-' || t->p[1] == ']')
			continue;
		t->p++;
		dash = t->out->len;
		appendStringInfoChar(t->out, '-');
		if (!translate_class_atom(t, &high_is_set))
			return false;
		if (low_is_set || high_is_set)
		{
			char	   *high = pstrdup(t->out->data + dash + 1);

			t->out->len = dash;
			nvp_regex_put_code_point(t, '-');
			nvp_regex_put(t, high);
			pfree(high);
		}
	}
	if (t->p >= t->end)
		return nvp_regex_refuse(t, "missing closing bracket of a character class");
	t->p++;
	return true;
}

/* A class; p stands after the opening bracket. */
static bool
translate_class(NvpTranslator *t)
{
	bool		negated = t->p < t->end && *t->p == '^';

	t->p += negated;
	t->repeatable = true;
	if (t->p < t->end && *t->p == ']')
	{
		t->p++;
		nvp_regex_put(t, negated ? "[\\x00-\\x{10ffff}]" : "(?:(?!))");
		return true;
	}
	nvp_regex_put(t, negated ? "[^" : "[");
	if (!translate_class_members(t))
		return false;
	nvp_regex_put(t, "]");
	return true;
}

/* (?<name>, p on the name */
static bool
translate_group_name(NvpTranslator *t)
{
	const char *name = t->p;

	while (t->p < t->end && nvp_regex_is_name(*t->p))
		t->p++;
	if (t->p == name || nvp_regex_is_digit(*name) || t->p >= t->end || *t->p != '>')
		return nvp_regex_refuse(t, "invalid name of a group");
	t->p++;
	appendStringInfo(t->out, "(?<%.*s", (int) (t->p - name), name);
	return true;
}

/* A group opens; p stands after the parenthesis. */
static bool
translate_group(NvpTranslator *t)
{
	static const char *const openings[] = {"?:", "?=", "?!", "?<=", "?<!"};

	if (t->depth >= NVP_REGEX_MAX_NEST)
		return nvp_regex_refuse(t, "parentheses are nested too deeply");
	t->kinds[t->depth++] = NVP_GROUP_PLAIN;
	t->repeatable = false;
	if (t->p >= t->end || *t->p != '?')
	{
		nvp_regex_put(t, "(");
		return true;
	}
	for (int i = 0; i < lengthof(openings); i++)
	{
		if (nvp_regex_looking_at(t, openings[i]))
		{
			t->p += strlen(openings[i]);
			appendStringInfo(t->out, "(%s", openings[i]);
			if (openings[i][1] == '<')
				t->kinds[t->depth - 1] = NVP_GROUP_LOOK_BEHIND;
			return true;
		}
	}
	if (!nvp_regex_looking_at(t, "?<"))
		return nvp_regex_refuse(t, "unknown kind of group after \"(?\"");
	t->p += 2;
	return translate_group_name(t);
}

/* Length of {n}, {n,} or {n,m} at p; 0 if it is none of them. */
static int
braced_quantifier(const NvpTranslator *t)
{
	const char *p = t->p + 1;

	if (p >= t->end || !nvp_regex_is_digit(*p))
		return 0;
	while (p < t->end && nvp_regex_is_digit(*p))
		p++;
	if (p < t->end && *p == ',')
		p++;
	while (p < t->end && nvp_regex_is_digit(*p))
		p++;
	return p < t->end && *p == '}' ? p + 1 - t->p : 0;
}

/* A quantifier of len bytes at p, perhaps a lazy one. */
static bool
translate_quantifier(NvpTranslator *t, int len)
{
	if (!t->repeatable)
		return nvp_regex_refuse(t, "quantifier has nothing to repeat");
	appendBinaryStringInfo(t->out, t->p, len);
	t->p += len;
	if (t->p < t->end && *t->p == '?')
		appendStringInfoCharMacro(t->out, *t->p++);
	t->repeatable = false;
	return true;
}

static bool
translate_term(NvpTranslator *t)
{
	char		c = *t->p;
	int			len;

	switch (c)
	{
		case '\\':
			t->p++;
			return translate_escape(t);
		case '[':
			t->p++;
			return translate_class(t);
		case '(':
			t->p++;
			return translate_group(t);
		case ')':
			if (t->depth == 0)
				return nvp_regex_refuse(t, "unmatched closing parenthesis");
			t->repeatable = t->kinds[--t->depth] != NVP_GROUP_LOOK_BEHIND;
			break;
		case '|':
		case '^':
		case '$':
			t->repeatable = false;
			break;
		case '.':
			t->p++;
			nvp_regex_put(t, "[^\\n\\r\\x{2028}\\x{2029}]");
			t->repeatable = true;
			return true;
		case '*':
		case '+':
		case '?':
			return translate_quantifier(t, 1);
		default:
			if (c == '{' && (len = braced_quantifier(t)) > 0)
				return translate_quantifier(t, len);
			nvp_regex_put_literal(t);
			t->repeatable = true;
			return true;
	}
	t->p++;
	appendStringInfoCharMacro(t->out, c);
	return true;
}

/*
 * nvp_regex_translate rewrites an ECMAScript pattern for PCRE2.
 *
 * in: pattern in UTF-8, not necessarily terminated.
 * out: NULL and the translation at the end of out, or a static message (lower
 *		case) about what is refused.
 */
const char *
nvp_regex_translate(const char *pattern, int len, StringInfo out)
{
	NvpTranslator	t = {pattern, pattern + len, out};
	int			length = 0;

	for (int i = 0; i < len; i++)
		length += (pattern[i] & 0xc0) != 0x80;
	if (length > NVP_REGEX_MAX_PATTERN)
		return "the pattern is longer than 2000 characters";
	count_groups(&t);
	while (t.p < t.end)
	{
		if (!translate_term(&t))
			return t.error;
	}
	if (t.depth > 0)
		return "missing closing parenthesis";
	return NULL;
}
