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

#endif							/* NVP_REGEX_TRANSLATE_H */
