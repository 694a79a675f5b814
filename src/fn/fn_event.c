/*-------------------------------------------------------------------------
 *
 * fn_event.c
 *		SQL entry points: webhooks.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "net/policy.h"

PG_FUNCTION_INFO_V1(nuvopipe_url_fault);

/* _nuvopipe.url_fault(url text) returns text: what is wrong with it, null = nothing */
Datum
nuvopipe_url_fault(PG_FUNCTION_ARGS)
{
	const char *wrong = nvp_policy_check_url(text_to_cstring(PG_GETARG_TEXT_PP(0)));

	if (wrong == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(wrong));
}
