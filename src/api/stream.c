/*-------------------------------------------------------------------------
 *
 * stream.c
 *		Uploads, downloads and event streams, a piece a transaction.
 *
 * See request.h.  What lies between two pieces is a jsonb value in call->state;
 * no snapshot, lock or cursor is held.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "api/request.h"
#include "api/stream.h"
#include "base/jsonb.h"
#include "base/query.h"

/*
 * nvp_api_state keeps a value in the call, in place of what was kept before.
 */
void
nvp_api_state(NvpApiCall *call, Jsonb *value)
{
	Jsonb	   *copy = MemoryContextAlloc(call->context, VARSIZE(value));

	memcpy(copy, value, VARSIZE(value));
	if (call->state)
		pfree(call->state);
	call->state = copy;
}

/*
 * nvp_api_append stores the next piece of an upload; it is durable when the
 * transaction commits.
 *
 * errors: NP409 if another request has written there, 54000 beyond the size
 *		that was announced.
 */
void
nvp_api_append(NvpApiCall *call, const char *data, size_t len)
{
	NvpQuery	query;
	Jsonb	   *state;

	nvp_api_resume(call);
	nvp_query_open(&query);
	nvp_arg_jsonb(&query, call->state);
	nvp_arg_bytea(&query, data, (int) len);
	nvp_query_exec(&query,
				   "SELECT $1 || pg_catalog.jsonb_build_object('offset',"
				   " _nuvopipe.upload_append(($1 ->> 'upload')::pg_catalog.uuid, ($1 ->> 'offset')::pg_catalog.int8, $2))");
	state = nvp_get_jsonb(&query, 0, 0);
	nvp_query_close(&query);
	nvp_api_state(call, state);
	call->received += len;
}

/*
 * nvp_api_next appends the next piece of a download to out.
 *
 * out: false at the end, with nothing appended.
 */
bool
nvp_api_next(NvpApiCall *call, StringInfo out)
{
	NvpQuery	query;
	Jsonb	   *state = NULL;
	bytea	   *chunk;

	if (call->is_over)
		return false;
	nvp_api_resume(call);
	nvp_query_open(&query);
	nvp_arg_jsonb(&query, call->state);
	if (nvp_query_exec(&query,
				   "SELECT d.chunk, $1 || pg_catalog.jsonb_build_object('position', d.next)"
				   " FROM _nuvopipe.download_next($1 - 'position', $1 -> 'position') d WHERE d.next IS NOT NULL OR d.chunk IS NOT NULL") > 0)
	{
		chunk = nvp_get_bytea(&query, 0, 0);
		if (chunk)
			appendBinaryStringInfo(out, VARDATA_ANY(chunk), VARSIZE_ANY_EXHDR(chunk));
		state = nvp_get_jsonb(&query, 0, 1);
	}
	nvp_query_close(&query);
	if (state)
		nvp_api_state(call, state);
	call->is_over = state == NULL || nvp_jsonb_get(&state->root, "position") == NULL;
	return out->len > 0 || !call->is_over;
}

/* nvp_api_events appends what is new to a stream of events; perhaps nothing. */
void
nvp_api_events(NvpApiCall *call, StringInfo out)
{
	NvpQuery	query;
	char	   *chunk;
	Jsonb	   *state;

	nvp_api_resume(call);
	nvp_query_open(&query);
	nvp_arg_jsonb(&query, call->state);
	nvp_query_exec(&query, "SELECT e.chunk, e.state FROM _nuvopipe.events_next($1) e");
	chunk = nvp_get_text(&query, 0, 0);
	state = nvp_get_jsonb(&query, 0, 1);
	nvp_query_close(&query);
	if (chunk)
		appendStringInfoString(out, chunk);
	if (state)
		nvp_api_state(call, state);
}
