/*-------------------------------------------------------------------------
 *
 * regex.c
 *		ECMAScript patterns on PCRE2, with limits.
 *
 * A pattern comes from a user and the text from a stranger: whatever both are,
 * a match ends soon and in bounded memory.
 *
 * Calls:  compile, match*, free.
 * Memory: the pattern, its machine code and its stacks are malloc'd or mapped
 *		   by PCRE2 and belong to the NvpRegex; nvp_regex_free gives them back.
 *		   Whoever compiles inside a memory context must see to that.
 * Errors: compile returns a message; a match that reaches a limit, or that
 *		   PCRE2 gives up for any other reason, is NVP_REGEX_LIMIT.
 * Purity: no server; also built for unit tests and fuzzing.
 * Source: pcre2api(3), pcre2jit(3).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#ifndef PCRE2_CODE_UNIT_WIDTH
#define PCRE2_CODE_UNIT_WIDTH 8
#endif
#include <pcre2.h>

#include "model/model.h"
#include "model/regex_translate.h"

#define MAX_COMPILED_BYTES	(1024 * 1024)
#define MAX_SUBJECT_BYTES	65536
#define MATCH_LIMIT			100000	/* backtracking steps */
#define HEAP_LIMIT_KB		2048
#define JIT_STACK_MIN		(32 * 1024)
#define JIT_STACK_MAX		(512 * 1024)

#define COMPILE_OPTIONS \
	(PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY | \
	 PCRE2_MATCH_UNSET_BACKREF | PCRE2_ALLOW_EMPTY_CLASS)

struct NvpRegex
{
	pcre2_code *code;
	pcre2_match_context *context;
	pcre2_match_data *data;
	pcre2_jit_stack *stack;
	bool		jit;			/* machine code exists */
};

static pcre2_code *
compile_translated(const StringInfoData *text, char **error)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	pcre2_code *code;
	int			number;
	PCRE2_SIZE	offset;
	size_t		size = 0;
	PCRE2_UCHAR message[256];

	if (context == NULL)
	{
		*error = pstrdup("out of memory");
		return NULL;
	}
	/* one level more than we allow: ours are wrapped here and there */
	pcre2_set_parens_nest_limit(context, NVP_REGEX_MAX_NEST + 1);
	code = pcre2_compile((PCRE2_SPTR) text->data, text->len, COMPILE_OPTIONS, &number, &offset, context);
	pcre2_compile_context_free(context);
	if (code == NULL)
	{
		pcre2_get_error_message(number, message, sizeof(message));
		*error = pstrdup((char *) message);
		return NULL;
	}
	if (pcre2_pattern_info(code, PCRE2_INFO_SIZE, &size) != 0 || size > MAX_COMPILED_BYTES)
	{
		pcre2_code_free(code);
		*error = pstrdup("the pattern is too large");
		return NULL;
	}
	return code;
}

/* What a match needs besides the code; false when out of memory. */
static bool
prepare_match(NvpRegex *regex)
{
	regex->context = pcre2_match_context_create(NULL);
	regex->data = pcre2_match_data_create(1, NULL); /* nobody asks for groups */
	if (regex->context == NULL || regex->data == NULL)
		return false;
	pcre2_set_match_limit(regex->context, MATCH_LIMIT);
	pcre2_set_heap_limit(regex->context, HEAP_LIMIT_KB);
	if (pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE) == 0)
	{
		regex->stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
		if (regex->stack == NULL)
			return false;
		pcre2_jit_stack_assign(regex->context, NULL, regex->stack);
		regex->jit = true;
	}
	return true;
}

/*
 * nvp_regex_compile compiles an ECMAScript pattern.
 *
 * in: pattern in UTF-8, len bytes.
 * out: NULL if it is refused; then *error is a message, lower case, in the
 *		current memory context.
 * owner: the caller, with nvp_regex_free; no memory context frees it.
 */
NvpRegex *
nvp_regex_compile(const char *pattern, int len, char **error)
{
	StringInfoData text;
	const char *refused;
	pcre2_code *code = NULL;
	NvpRegex   *regex;

	*error = NULL;
	initStringInfo(&text);
	refused = nvp_regex_translate(pattern, len, &text);
	if (refused)
		*error = pstrdup(refused);
	else
		code = compile_translated(&text, error);
	pfree(text.data);
	if (code == NULL)
		return NULL;
	regex = calloc(1, sizeof(NvpRegex));
	if (regex)
		regex->code = code;
	else
		pcre2_code_free(code);
	if (regex == NULL || !prepare_match(regex))
	{
		nvp_regex_free(regex);
		*error = pstrdup("out of memory");
		return NULL;
	}
	return regex;
}

/*
 * nvp_regex_match searches the pattern in a subject.
 *
 * in: subject of len bytes, which must be valid UTF-8 (it is not checked
 *		again: canonical texts of cells are).
 * out: 1 found, 0 not found, NVP_REGEX_LIMIT.  Never throws.
 */
int
nvp_regex_match(NvpRegex *regex, const char *subject, int len)
{
	int			rc;

	if (len > MAX_SUBJECT_BYTES)
		return NVP_REGEX_LIMIT;
	if (likely(regex->jit))
		rc = pcre2_jit_match(regex->code, (PCRE2_SPTR) subject, len, 0, 0, regex->data, regex->context);
	else
		rc = pcre2_match(regex->code, (PCRE2_SPTR) subject, len, 0, PCRE2_NO_UTF_CHECK,
						 regex->data, regex->context);
	if (rc >= 0)
		return 1;
	return rc == PCRE2_ERROR_NOMATCH ? 0 : NVP_REGEX_LIMIT;
}

/* nvp_regex_free gives back all memory of a pattern; NULL is allowed. */
void
nvp_regex_free(NvpRegex *regex)
{
	if (regex == NULL)
		return;
	pcre2_jit_stack_free(regex->stack);
	pcre2_match_data_free(regex->data);
	pcre2_match_context_free(regex->context);
	pcre2_code_free(regex->code);
	free(regex);
}
