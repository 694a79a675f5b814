/*-------------------------------------------------------------------------
 *
 * fn_util.c
 *		Small tools of the SQL routines: identifiers, near words, the log, times of settings.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/guc.h"
#include "base/jsonb.h"
#include "base/uuid.h"

PG_FUNCTION_INFO_V1(nuvopipe_uuid_v7);
PG_FUNCTION_INFO_V1(nuvopipe_closest);
PG_FUNCTION_INFO_V1(nuvopipe_log);
PG_FUNCTION_INFO_V1(nuvopipe_keep_time);

/* _nuvopipe.uuid_v7() returns uuid */
Datum
nuvopipe_uuid_v7(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));

	nvp_uuid_v7(id);
	PG_RETURN_UUID_P(id);
}

/* _nuvopipe.closest(word text, words text[]) returns text: null if none is near */
Datum
nuvopipe_closest(PG_FUNCTION_ARGS)
{
	char	   *word = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int			nwords = 0;
	const char **words;
	const char *near;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	words = palloc((n + 1) * sizeof(char *));
	for (int i = 0; i < n; i++)
	{
		if (!nulls[i])
			words[nwords++] = TextDatumGetCString(elements[i]);
	}
	words[nwords] = NULL;

	near = nvp_closest(word, words);
	if (near == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(near));
}

/* _nuvopipe.log(message text): one line in the server's log, without statement and context */
Datum
nuvopipe_log(PG_FUNCTION_ARGS)
{
	ereport(LOG,
			errmsg_internal("nuvopipe: %s", text_to_cstring(PG_GETARG_TEXT_PP(0))),
			errhidestmt(true),
			errhidecontext(true));
	PG_RETURN_VOID();
}

/* _nuvopipe.keep_time(what text) returns interval: null = for ever */
Datum
nuvopipe_keep_time(PG_FUNCTION_ARGS)
{
	const struct
	{
		const char *what;
		int			minutes;
	}			times[] = {
		{"compact", nvp_guc_compact_after},
		{"digest", nvp_guc_keep_digest_time},
		{"event", nvp_guc_keep_event_time},
		{"failed", nvp_guc_keep_failed_time},
		{"history", nvp_guc_keep_history_time},
		{"input", nvp_guc_keep_input_time},
		{"issues", nvp_guc_keep_issues_time},
	};
	char	   *what = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Interval   *result = palloc0(sizeof(Interval));
	int			minutes = 0;

	for (int i = 0; i < lengthof(times); i++)
	{
		if (strcmp(times[i].what, what) == 0)
			minutes = times[i].minutes;
	}
	if (minutes == 0)
		PG_RETURN_NULL();
	result->day = minutes / (24 * 60);
	result->time = (minutes % (24 * 60)) * USECS_PER_MINUTE;
	PG_RETURN_INTERVAL_P(result);
}
