/*-------------------------------------------------------------------------
 *
 * input.c
 *		Stored input: pushed bytes, and the bytes of failed runs.
 *
 * Kept in chunks of 1 MB in _nuvopipe.execution_input, so that neither storing
 * nor reading needs more memory than a chunk.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/query.h"
#include "exec/execution.h"

#define CHUNK_BYTES		(1024 * 1024)

/*
 * nvp_exec_keep_input stores a flushed spool with the execution, replacing what
 * was stored before.
 */
void
nvp_exec_keep_input(const NvpExecution *execution, NvpSpool *spool)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe input chunk",
												  ALLOCSET_DEFAULT_SIZES);
	char	   *chunk = palloc(CHUNK_BYTES);
	int64		offset = 0;
	int			seq = 0;
	NvpQuery	query;

	nvp_query_open(&query);
	nvp_arg_uuid(&query, &execution->tenant_id);
	nvp_arg_uuid(&query, &execution->id);
	nvp_query_exec(&query, "DELETE FROM _nuvopipe.execution_input WHERE tenant_id = $1 AND execution_id = $2");
	for (;;)
	{
		int64		n = nvp_spool_read_at(spool, offset, chunk, CHUNK_BYTES);
		MemoryContext old;

		CHECK_FOR_INTERRUPTS();
		if (n < 0)
			ereport(ERROR,
					errcode_for_file_access(),
					errmsg("could not read temporary file: %m"));
		if (n == 0)
			break;
		old = MemoryContextSwitchTo(context);
		nvp_arg_uuid(&query, &execution->tenant_id);
		nvp_arg_uuid(&query, &execution->id);
		nvp_arg_int4(&query, seq++);
		nvp_arg_bytea(&query, chunk, n);
		nvp_query_exec(&query,
					   "INSERT INTO _nuvopipe.execution_input (tenant_id, execution_id, seq, data)"
					   " VALUES ($1, $2, $3, $4)");
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
		offset += n;
	}
	nvp_query_close(&query);
	pfree(chunk);
	MemoryContextDelete(context);
}

/*
 * nvp_exec_read_input appends the stored input to a spool and flushes it.
 *
 * out: false if the spool could not take it (see spool->error).
 */
bool
nvp_exec_read_input(const NvpExecution *execution, NvpSpool *spool)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe input chunk",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	bool		ok = true;

	for (int seq = 0; ok; seq++)
	{
		NvpQuery	query;
		bytea	   *data = NULL;

		CHECK_FOR_INTERRUPTS();
		nvp_query_open(&query);
		nvp_arg_uuid(&query, &execution->tenant_id);
		nvp_arg_uuid(&query, &execution->id);
		nvp_arg_int4(&query, seq);
		if (nvp_query_exec(&query,
						   "SELECT data FROM _nuvopipe.execution_input"
						   " WHERE tenant_id = $1 AND execution_id = $2 AND seq = $3") > 0)
			data = nvp_get_bytea(&query, 0, 0);
		nvp_query_close(&query);
		if (data == NULL)
			break;
		ok = nvp_spool_append(spool, VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data));
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return ok && nvp_spool_flush(spool);
}
