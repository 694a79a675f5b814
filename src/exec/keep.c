/*-------------------------------------------------------------------------
 *
 * keep.c
 *		What stays of a run: its issues, its input, its output.
 *
 * Xact:   parts of the closing transaction.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/guc.h"
#include "base/query.h"
#include "exec/blob.h"
#include "exec/execution.h"

/* column of the execution that names the blob */
static void
refer(const NvpExecution *execution, const pg_uuid_t *blob, const char *statement)
{
	NvpQuery	query;

	nvp_query_open(&query);
	nvp_arg_uuid(&query, &execution->tenant_id);
	nvp_arg_uuid(&query, &execution->id);
	nvp_arg_uuid(&query, blob);
	nvp_query_keep(&query, statement);
	nvp_query_close(&query);
}

/* nvp_exec_note_issues notes that issues of the execution are stored, until retention says otherwise. */
void
nvp_exec_note_issues(const NvpExecution *execution)
{
	NvpQuery	query;

	nvp_query_open(&query);
	nvp_arg_uuid(&query, &execution->tenant_id);
	nvp_arg_uuid(&query, &execution->id);
	nvp_query_keep(&query,
				   "UPDATE _nuvopipe.execution SET has_issues = true"
				   " WHERE tenant_id = $1 AND id = $2 AND NOT has_issues");
	nvp_query_close(&query);
}

/* nvp_exec_keep_input stores a flushed spool as the input of the execution. */
void
nvp_exec_keep_input(const NvpExecution *execution, NvpSpool *spool)
{
	NvpBlobHead head = {.tenant_id = execution->tenant_id, .file_name = execution->object.name};
	pg_uuid_t	id;

	nvp_blob_store(&head, spool, &id);
	refer(execution, &id,
		  "UPDATE _nuvopipe.execution SET input_id = $3 WHERE tenant_id = $1 AND id = $2");
}

/* nvp_exec_keep_output stores a flushed spool as the output of the execution. */
void
nvp_exec_keep_output(const NvpExecution *execution, NvpSpool *spool, const char *name, const char *content_type)
{
	NvpBlobHead head = {
		.tenant_id = execution->tenant_id, .file_name = name, .content_type = content_type,
		.keep_minutes = nvp_guc_keep_output_time
	};
	pg_uuid_t	id;

	nvp_blob_store(&head, spool, &id);
	refer(execution, &id,
		  "UPDATE _nuvopipe.execution SET output_id = $3 WHERE tenant_id = $1 AND id = $2");
}
