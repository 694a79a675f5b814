/*-------------------------------------------------------------------------
 *
 * header.c
 *		The header that a pipeline has accepted, and how one that is read differs.
 *
 * Flow:   names of the columns --> _nuvopipe.note_header --> a sentence, or NULL
 *
 * Columns are mapped by name, so an input whose columns come in another order, or
 * have more of them, is read as before.  That they have changed is often the
 * first sign that a sender has changed something else as well.
 *
 * See header.h for memory and transactions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/query.h"
#include "exec/header.h"

/* has_header: names that stand in the input once; keys of JSON come and go with the rows */
static bool
has_header(const NvpReader *reader)
{
	return reader->format.has_header && reader->ncols > 0 && reader->format.kind != NVP_FORMAT_JSON &&
		reader->format.kind != NVP_FORMAT_JSONL && reader->format.kind != NVP_FORMAT_ROWS;
}

/*
 * nvp_exec_note_header compares the header of an input with the one its pipeline
 * knows.
 *
 * in: is_accepted: the execution succeeds, so this header is the known one from
 *	   now on.
 */
char *
nvp_exec_note_header(const NvpExecution *execution, const NvpReader *reader, bool is_accepted)
{
	NvpQuery	query;
	Datum	   *names;
	char	   *note;

	if (!has_header(reader))
		return NULL;
	names = palloc(sizeof(Datum) * reader->ncols);
	for (int col = 0; col < reader->ncols; col++)
		names[col] = CStringGetTextDatum(reader->header[col]);
	nvp_query_open(&query);
	nvp_arg_uuid(&query, &execution->tenant_id);
	nvp_arg_uuid(&query, &execution->pipeline_id);
	nvp_arg_uuid(&query, &execution->id);
	nvp_arg_datum(&query, TEXTARRAYOID,
				  PointerGetDatum(construct_array(names, reader->ncols, TEXTOID, -1, false, TYPALIGN_INT)));
	nvp_arg_bool(&query, is_accepted);
	nvp_query_keep(&query, "SELECT _nuvopipe.note_header($1, $2, $3, $4, $5)");
	note = nvp_get_isnull(0, 0) ? NULL : nvp_get_text(&query, 0, 0);
	nvp_query_close(&query);
	return note;
}

/* nvp_exec_known_header gets the names that the pipeline has accepted last; n is 0 if there are none. */
void
nvp_exec_known_header(const NvpExecution *execution, NvpKnownHeader *known)
{
	NvpQuery	query;

	nvp_query_open(&query);
	nvp_arg_uuid(&query, &execution->tenant_id);
	nvp_arg_uuid(&query, &execution->pipeline_id);
	known->n = (int) nvp_query_exec(&query,
									"SELECT t.name FROM _nuvopipe.accepted_header h, unnest(h.columns) WITH ORDINALITY AS t (name, n)"
									" WHERE h.tenant_id = $1 AND h.pipeline_id = $2 ORDER BY t.n");
	known->names = palloc(sizeof(char *) * Max(known->n, 1));
	for (int i = 0; i < known->n; i++)
		known->names[i] = nvp_get_text(&query, i, 0);
	nvp_query_close(&query);
}
