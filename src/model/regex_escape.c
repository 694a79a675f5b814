/*-------------------------------------------------------------------------
 *
 * regex_escape.c
 *		Escapes of ECMAScript patterns: code points, octal numbers, back
 *		references and Unicode properties, written for PCRE2.
 *
 * Errors: false, and the translator holds a static message.
 * Purity: no server, no locale; also built for unit tests and fuzzing.
 * Source: ECMA-262, CharacterEscape and annex B; pcre2pattern(3).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/regex_translate.h"

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

static inline int
hex_value(char c)
{
	if (nvp_regex_is_digit(c))
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* nvp_regex_refuse keeps the first message; always false. */
bool
nvp_regex_refuse(NvpTranslator *t, const char *message)
{
	if (t->error == NULL)
		t->error = message;
	return false;
}

/* nvp_regex_put_literal copies the character at p: letters, digits and non-ASCII as they are. */
void
nvp_regex_put_literal(NvpTranslator *t)
{
	char		c = *t->p++;

	if (IS_HIGHBIT_SET(c) || nvp_regex_is_letter(c) || nvp_regex_is_digit(c))
		appendStringInfoCharMacro(t->out, c);
	else
		nvp_regex_put_code_point(t, (unsigned char) c);
	while (IS_HIGHBIT_SET(c) && t->p < t->end && (*t->p & 0xc0) == 0x80)
		appendStringInfoCharMacro(t->out, *t->p++);
}

/* n hex digits at p make a number; -1 without moving if there are fewer. */
static int
read_hex(NvpTranslator *t, int n)
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
read_braced_hex(NvpTranslator *t)
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
put_unicode_escape(NvpTranslator *t)
{
	const char *start = t->p;
	int			cp = t->p < t->end && *t->p == '{' ? read_braced_hex(t) : read_hex(t, 4);

	if (cp < 0)
	{
		nvp_regex_put(t, "u");
		return true;
	}
	if (*start != '{' && cp >= 0xd800 && cp <= 0xdbff && nvp_regex_looking_at(t, "\\u"))
	{
		int			low;

		t->p += 2;
		low = read_hex(t, 4);
		if (low < 0xdc00 || low > 0xdfff)
			return nvp_regex_refuse(t, "lone surrogate");
		cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
	}
	if (cp >= 0xd800 && cp <= 0xdfff)
		return nvp_regex_refuse(t, "lone surrogate");
	if (cp > 0x10ffff)
		return nvp_regex_refuse(t, "code point out of range");
	nvp_regex_put_code_point(t, cp);
	return true;
}

/* nvp_regex_put_octal writes \0, \12: up to three octal digits that make at most 0377; \8 and \9 are literal. */
void
nvp_regex_put_octal(NvpTranslator *t)
{
	int			value = 0;

	if (*t->p >= '8')
	{
		nvp_regex_put_literal(t);
		return;
	}
	for (int i = 0; i < 3 && t->p < t->end && *t->p >= '0' && *t->p <= '7'; i++)
	{
		if (value * 8 + (*t->p - '0') > 0377)
			break;
		value = value * 8 + (*t->p++ - '0');
	}
	nvp_regex_put_code_point(t, value);
}

/* nvp_regex_put_reference writes \N: a back reference if the pattern has that many groups. */
void
nvp_regex_put_reference(NvpTranslator *t)
{
	int			n = 0;
	const char *p = t->p;

	for (; p < t->end && nvp_regex_is_digit(*p); p++)
		n = Min(n * 10 + (*p - '0'), NVP_REGEX_MAX_PATTERN + 1);
	if (*t->p != '0' && n <= t->ngroups)
	{
		appendStringInfo(t->out, "\\g{%d}", n);
		t->p = p;
	}
	else
		nvp_regex_put_octal(t);
}

/* nvp_regex_put_property writes \p{Name} and \P{Name}, p after the letter; false if no braces follow. */
bool
nvp_regex_put_property(NvpTranslator *t, char letter)
{
	const char *name = t->p + 1;
	const char *p = name;
	const char *prefixes[] = {"General_Category=", "gc="};
	int			len;

	if (t->p >= t->end || *t->p != '{')
		return false;
	while (p < t->end && (nvp_regex_is_name(*p) || *p == '='))
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
 * nvp_regex_put_escape writes escapes that mean the same one character in and outside a class; p stands on
 * the letter after the backslash.
 */
bool
nvp_regex_put_escape(NvpTranslator *t)
{
	static const char letters[] = "fnrtv";
	static const char controls[] = "\f\n\r\t\v";
	char		c = *t->p;
	const char *found = strchr(letters, c);
	int			value;

	if (found && c != '\0')
	{
		t->p++;
		nvp_regex_put_code_point(t, controls[found - letters]);
		return true;
	}
	if (c == 'c')
	{
		if (t->end - t->p > 1 && nvp_regex_is_letter(t->p[1]))
		{
			nvp_regex_put_code_point(t, t->p[1] & 0x1f);
			t->p += 2;
		}
		else
			nvp_regex_put_code_point(t, '\\'); /* the c follows as a literal */
		return true;
	}
	if (c == 'x')
	{
		t->p++;
		value = read_hex(t, 2);
		if (value >= 0)
			nvp_regex_put_code_point(t, value);
		else
			nvp_regex_put(t, "x");
		return true;
	}
	if (c == 'u')
	{
		t->p++;
		return put_unicode_escape(t);
	}
	nvp_regex_put_literal(t);
	return true;
}
