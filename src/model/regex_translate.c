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

typedef enum GroupKind
{
	GROUP_PLAIN,				/* also look-ahead: both may be repeated */
	GROUP_LOOK_BEHIND
} GroupKind;

typedef struct Translator
{
	const char *p;				/* next character of the pattern */
	const char *end;
	StringInfo	out;
	int			ngroups;		/* capturing groups of the whole pattern */
	bool		has_names;
	int			depth;			/* open parentheses */
	uint8		kinds[NVP_REGEX_MAX_NEST];	/* GroupKind of each */
	bool		repeatable;		/* a quantifier may follow */
	const char *error;
} Translator;

/* ECMAScript's long names of general categories; PCRE2 knows the short ones */
static const struct
{
	const char *name;
	const char *category;
}			categories[] = {
	{"Cased_Letter", "L&"}, {"LC", "L&"}, {"Close_Punctuation", "Pe"},
	{"Combining_Mark", "M"}, {"Connector_Punctuation", "Pc"}, {"Control", "Cc"},
	{"Currency_Symbol", "Sc"}, {"Dash_Punctuation", "Pd"}, {"Decimal_Number", "Nd"},
	{"Enclosing_Mark", "Me"}, {"Final_Punctuation", "Pf"}, {"Format", "Cf"},
	{"Initial_Punctuation", "Pi"}, {"Letter", "L"}, {"Letter_Number", "Nl"},
	{"Line_Separator", "Zl"}, {"Lowercase_Letter", "Ll"}, {"Mark", "M"},
	{"Math_Symbol", "Sm"}, {"Modifier_Letter", "Lm"}, {"Modifier_Symbol", "Sk"},
	{"Nonspacing_Mark", "Mn"}, {"Number", "N"}, {"Open_Punctuation", "Ps"},
	{"Other", "C"}, {"Other_Letter", "Lo"}, {"Other_Number", "No"},
	{"Other_Punctuation", "Po"}, {"Other_Symbol", "So"}, {"Paragraph_Separator", "Zp"},
	{"Private_Use", "Co"}, {"Punctuation", "P"}, {"Separator", "Z"},
	{"Space_Separator", "Zs"}, {"Spacing_Mark", "Mc"}, {"Surrogate", "Cs"},
	{"Symbol", "S"}, {"Titlecase_Letter", "Lt"}, {"Unassigned", "Cn"},
	{"Uppercase_Letter", "Lu"}, {"cntrl", "Cc"}, {"digit", "Nd"}, {"punct", "P"},
};

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
is_name(char c)
{
	return is_letter(c) || is_digit(c) || c == '_';
}

static inline int
hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

static inline bool
looking_at(const Translator *t, const char *word)
{
	size_t		len = strlen(word);

	return (size_t) (t->end - t->p) >= len && memcmp(t->p, word, len) == 0;
}

static inline void
put(Translator *t, const char *text)
{
	appendStringInfoString(t->out, text);
}

static inline void
put_code_point(Translator *t, uint32 cp)
{
	appendStringInfo(t->out, "\\x{%x}", cp);
}

static bool
refuse(Translator *t, const char *message)
{
	if (t->error == NULL)
		t->error = message;
	return false;
}

/* The literal character at p: letters, digits and non-ASCII as they are. */
static void
put_literal(Translator *t)
{
	char		c = *t->p++;

	if (IS_HIGHBIT_SET(c) || is_letter(c) || is_digit(c))
		appendStringInfoCharMacro(t->out, c);
	else
		put_code_point(t, (unsigned char) c);
	while (IS_HIGHBIT_SET(c) && t->p < t->end && (*t->p & 0xc0) == 0x80)
		appendStringInfoCharMacro(t->out, *t->p++);
}

/*
 * What must be known before translating: how many groups capture (then \2 is a
 * back reference, else an octal number), and whether groups have names (then
 * \k is one too).
 */
static void
count_groups(Translator *t)
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

/* n hex digits at p make a number; -1 without moving if there are fewer. */
static int
read_hex(Translator *t, int n)
{
	int			value = 0;

	if (t->end - t->p < n)
		return -1;
	for (int i = 0; i < n; i++)
	{
		if (hex_value(t->p[i]) < 0)
			return -1;
		value = value * 16 + hex_value(t->p[i]);
	}
	t->p += n;
	return value;
}

/* {H...} after \u; -1 without moving if it is no such thing. */
static int
read_braced_hex(Translator *t)
{
	const char *p = t->p + 1;
	int			value = 0;

	for (; p < t->end && hex_value(*p) >= 0; p++)
		value = Min(value * 16 + hex_value(*p), 0x110000);
	if (p >= t->end || *p != '}' || p == t->p + 1)
		return -1;
	t->p = p + 1;
	return value;
}

/* After \u: four digits, a surrogate pair, or digits in braces. */
static bool
put_unicode_escape(Translator *t)
{
	const char *start = t->p;
	int			cp = t->p < t->end && *t->p == '{' ? read_braced_hex(t) : read_hex(t, 4);

	if (cp < 0)
	{
		put(t, "u");
		return true;
	}
	if (*start != '{' && cp >= 0xd800 && cp <= 0xdbff && looking_at(t, "\\u"))
	{
		int			low;

		t->p += 2;
		low = read_hex(t, 4);
		if (low < 0xdc00 || low > 0xdfff)
			return refuse(t, "lone surrogate");
		cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
	}
	if (cp >= 0xd800 && cp <= 0xdfff)
		return refuse(t, "lone surrogate");
	if (cp > 0x10ffff)
		return refuse(t, "code point out of range");
	put_code_point(t, cp);
	return true;
}

/* \0, \12: up to three octal digits that make at most 0377; \8 and \9 are literal. */
static void
put_octal(Translator *t)
{
	int			value = 0;

	if (*t->p >= '8')
	{
		put_literal(t);
		return;
	}
	for (int i = 0; i < 3 && t->p < t->end && *t->p >= '0' && *t->p <= '7'; i++)
	{
		if (value * 8 + (*t->p - '0') > 0377)
			break;
		value = value * 8 + (*t->p++ - '0');
	}
	put_code_point(t, value);
}

/* \N is a back reference if the pattern has that many groups. */
static void
put_reference_or_octal(Translator *t)
{
	int			n = 0;
	const char *p = t->p;

	for (; p < t->end && is_digit(*p); p++)
		n = Min(n * 10 + (*p - '0'), NVP_REGEX_MAX_PATTERN + 1);
	if (*t->p != '0' && n <= t->ngroups)
	{
		appendStringInfo(t->out, "\\g{%d}", n);
		t->p = p;
	}
	else
		put_octal(t);
}

/* \p{Name} and \P{Name}, p after the letter; false if no braces follow. */
static bool
put_property(Translator *t, char letter)
{
	const char *name = t->p + 1;
	const char *p = name;
	const char *prefixes[] = {"General_Category=", "gc="};
	int			len;

	if (t->p >= t->end || *t->p != '{')
		return false;
	while (p < t->end && (is_name(*p) || *p == '='))
		p++;
	if (p >= t->end || *p != '}' || p == name)
		return false;
	t->p = p + 1;
	for (int i = 0; i < lengthof(prefixes); i++)
	{
		int			n = strlen(prefixes[i]);

		if (p - name > n && memcmp(name, prefixes[i], n) == 0)
			name += n;
	}
	len = p - name;
	for (int i = 0; i < lengthof(categories); i++)
	{
		if (strlen(categories[i].name) == len && memcmp(categories[i].name, name, len) == 0)
		{
			name = categories[i].category;
			len = strlen(name);
		}
	}
	appendStringInfo(t->out, "\\%c{%.*s}", letter, len, name);
	return true;
}

/*
 * Escapes that mean the same one character in and outside a class; p stands on
 * the letter after the backslash.
 */
static bool
put_character_escape(Translator *t)
{
	static const char letters[] = "fnrtv";
	static const char controls[] = "\f\n\r\t\v";
	char		c = *t->p;
	const char *found = strchr(letters, c);
	int			value;

	if (found && c != '\0')
	{
		t->p++;
		put_code_point(t, controls[found - letters]);
		return true;
	}
	if (c == 'c')
	{
		if (t->end - t->p > 1 && is_letter(t->p[1]))
		{
			put_code_point(t, t->p[1] & 0x1f);
			t->p += 2;
		}
		else
			put_code_point(t, '\\'); /* the c follows as a literal */
		return true;
	}
	if (c == 'x')
	{
		t->p++;
		value = read_hex(t, 2);
		if (value >= 0)
			put_code_point(t, value);
		else
			put(t, "x");
		return true;
	}
	if (c == 'u')
	{
		t->p++;
		return put_unicode_escape(t);
	}
	put_literal(t);
	return true;
}

/* \k<name>, p after the k */
static bool
put_named_reference(Translator *t)
{
	const char *name = t->p + 1;
	const char *p = name;

	if (!t->has_names)
	{
		put(t, "k");
		return true;
	}
	while (p < t->end && is_name(*p))
		p++;
	if (t->p >= t->end || *t->p != '<' || p >= t->end || *p != '>' || p == name || is_digit(*name))
		return refuse(t, "\\k is not followed by the name of a group in angle brackets");
	appendStringInfo(t->out, "\\k<%.*s>", (int) (p - name), name);
	t->p = p + 1;
	return true;
}

/* An escape outside a class; p stands after the backslash. */
static bool
translate_escape(Translator *t)
{
	char		c;

	if (t->p >= t->end)
		return refuse(t, "backslash at the end of the pattern");
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
			put(t, "[" SPACE_RANGES "]");
			t->p++;
			return true;
		case 'S':
			put(t, "[^" SPACE_RANGES "]");
			t->p++;
			return true;
		case 'k':
			t->p++;
			return put_named_reference(t);
		case 'p':
		case 'P':
			t->p++;
			if (!put_property(t, c))
				appendStringInfoChar(t->out, c);
			return true;
		default:
			if (is_digit(c))
			{
				put_reference_or_octal(t);
				return true;
			}
			return put_character_escape(t);
	}
}

/*
 * One member of a class.  *is_set tells whether it stands for several
 * characters and so cannot be the end of a range.
 */
static bool
translate_class_atom(Translator *t, bool *is_set)
{
	char		c;

	*is_set = false;
	if (*t->p != '\\')
	{
		put_literal(t);
		return true;
	}
	t->p++;
	if (t->p >= t->end)
		return refuse(t, "backslash at the end of the pattern");
	c = *t->p;
	if (strchr("dDwWsSpP", c) && c != '\0')
	{
		t->p++;
		*is_set = true;
		if (c == 's')
			put(t, SPACE_RANGES);
		else if (c == 'S')
			put(t, NON_SPACE_RANGES);
		else if (c != 'p' && c != 'P')
			appendStringInfo(t->out, "\\%c", c);
		else if (!put_property(t, c))
		{
			*is_set = false;
			appendStringInfoChar(t->out, c);
		}
		return true;
	}
	if (c == 'b')
	{
		t->p++;
		put_code_point(t, '\b');
		return true;
	}
	if (is_digit(c))
	{
		put_octal(t);
		return true;
	}
	return put_character_escape(t);
}

/* Members of a class up to its closing bracket. */
static bool
translate_class_members(Translator *t)
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
			put_code_point(t, '-');
			put(t, high);
			pfree(high);
		}
	}
	if (t->p >= t->end)
		return refuse(t, "missing closing bracket of a character class");
	t->p++;
	return true;
}

/* A class; p stands after the opening bracket. */
static bool
translate_class(Translator *t)
{
	bool		negated = t->p < t->end && *t->p == '^';

	t->p += negated;
	t->repeatable = true;
	if (t->p < t->end && *t->p == ']')
	{
		t->p++;
		put(t, negated ? "[\\x00-\\x{10ffff}]" : "(?:(?!))");
		return true;
	}
	put(t, negated ? "[^" : "[");
	if (!translate_class_members(t))
		return false;
	put(t, "]");
	return true;
}

/* (?<name>, p on the name */
static bool
translate_group_name(Translator *t)
{
	const char *name = t->p;

	while (t->p < t->end && is_name(*t->p))
		t->p++;
	if (t->p == name || is_digit(*name) || t->p >= t->end || *t->p != '>')
		return refuse(t, "invalid name of a group");
	t->p++;
	appendStringInfo(t->out, "(?<%.*s", (int) (t->p - name), name);
	return true;
}

/* A group opens; p stands after the parenthesis. */
static bool
translate_group(Translator *t)
{
	static const char *const openings[] = {"?:", "?=", "?!", "?<=", "?<!"};

	if (t->depth >= NVP_REGEX_MAX_NEST)
		return refuse(t, "parentheses are nested too deeply");
	t->kinds[t->depth++] = GROUP_PLAIN;
	t->repeatable = false;
	if (t->p >= t->end || *t->p != '?')
	{
		put(t, "(");
		return true;
	}
	for (int i = 0; i < lengthof(openings); i++)
	{
		if (looking_at(t, openings[i]))
		{
			t->p += strlen(openings[i]);
			appendStringInfo(t->out, "(%s", openings[i]);
			if (openings[i][1] == '<')
				t->kinds[t->depth - 1] = GROUP_LOOK_BEHIND;
			return true;
		}
	}
	if (!looking_at(t, "?<"))
		return refuse(t, "unknown kind of group after \"(?\"");
	t->p += 2;
	return translate_group_name(t);
}

/* Length of {n}, {n,} or {n,m} at p; 0 if it is none of them. */
static int
braced_quantifier(const Translator *t)
{
	const char *p = t->p + 1;

	if (p >= t->end || !is_digit(*p))
		return 0;
	while (p < t->end && is_digit(*p))
		p++;
	if (p < t->end && *p == ',')
		p++;
	while (p < t->end && is_digit(*p))
		p++;
	return p < t->end && *p == '}' ? p + 1 - t->p : 0;
}

/* A quantifier of len bytes at p, perhaps a lazy one. */
static bool
translate_quantifier(Translator *t, int len)
{
	if (!t->repeatable)
		return refuse(t, "quantifier has nothing to repeat");
	appendBinaryStringInfo(t->out, t->p, len);
	t->p += len;
	if (t->p < t->end && *t->p == '?')
		appendStringInfoCharMacro(t->out, *t->p++);
	t->repeatable = false;
	return true;
}

static bool
translate_term(Translator *t)
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
				return refuse(t, "unmatched closing parenthesis");
			t->repeatable = t->kinds[--t->depth] != GROUP_LOOK_BEHIND;
			break;
		case '|':
		case '^':
		case '$':
			t->repeatable = false;
			break;
		case '.':
			t->p++;
			put(t, "[^\\n\\r\\x{2028}\\x{2029}]");
			t->repeatable = true;
			return true;
		case '*':
		case '+':
		case '?':
			return translate_quantifier(t, 1);
		default:
			if (c == '{' && (len = braced_quantifier(t)) > 0)
				return translate_quantifier(t, len);
			put_literal(t);
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
	Translator	t = {pattern, pattern + len, out};
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
