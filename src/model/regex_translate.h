/*-------------------------------------------------------------------------
 *
 * regex_translate.h
 *		ECMAScript regular expressions, rewritten for PCRE2.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_REGEX_TRANSLATE_H
#define NVP_REGEX_TRANSLATE_H

#include "lib/stringinfo.h"

#define NVP_REGEX_MAX_NEST		100 /* parentheses within parentheses */
#define NVP_REGEX_MAX_PATTERN	2000	/* code points */

extern const char *nvp_regex_translate(const char *pattern, int len, StringInfo out);

/* what regex_translate.c and regex_escape.c share */
typedef enum NvpGroupKind
{
	NVP_GROUP_PLAIN,				/* also look-ahead: both may be repeated */
	NVP_GROUP_LOOK_BEHIND
} NvpGroupKind;

typedef struct NvpTranslator
{
	const char *p;				/* next character of the pattern */
	const char *end;
	StringInfo	out;
	int			ngroups;		/* capturing groups of the whole pattern */
	bool		has_names;
	int			depth;			/* open parentheses */
	uint8		kinds[NVP_REGEX_MAX_NEST];	/* NvpGroupKind of each */
	bool		repeatable;		/* a quantifier may follow */
	const char *error;
} NvpTranslator;

static inline bool
nvp_regex_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
nvp_regex_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
nvp_regex_is_name(char c)
{
	return nvp_regex_is_letter(c) || nvp_regex_is_digit(c) || c == '_';
}

static inline bool
nvp_regex_looking_at(const NvpTranslator *t, const char *word)
{
	size_t		len = strlen(word);

	return (size_t) (t->end - t->p) >= len && memcmp(t->p, word, len) == 0;
}

static inline void
nvp_regex_put(NvpTranslator *t, const char *text)
{
	appendStringInfoString(t->out, text);
}

static inline void
nvp_regex_put_code_point(NvpTranslator *t, uint32 cp)
{
	appendStringInfo(t->out, "\\x{%x}", cp);
}

/* regex_escape.c: p stands behind the backslash */
extern bool nvp_regex_refuse(NvpTranslator *t, const char *message);
extern void nvp_regex_put_literal(NvpTranslator *t);
extern void nvp_regex_put_octal(NvpTranslator *t);
extern void nvp_regex_put_reference(NvpTranslator *t);
extern bool nvp_regex_put_property(NvpTranslator *t, char letter);
extern bool nvp_regex_put_escape(NvpTranslator *t);

#endif							/* NVP_REGEX_TRANSLATE_H */
