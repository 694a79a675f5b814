/*-------------------------------------------------------------------------
 *
 * fn_annotate.c
 *		SQL entry point: issues and rejected rows as a file that is kept for a
 *		while.
 *
 * Errors: those of pipeline/annotate.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "exec/blob.h"
#include "pipeline/annotate.h"

PG_FUNCTION_INFO_V1(nuvopipe_annotate);

#define KEEP_MINUTES	60		/* as long as anybody may need for a download that was begun */

/*
 * _nuvopipe.annotate(tenant uuid, execution uuid, attempt int, kind text, format text,
 * file_name text, content_type text) returns uuid: kind ISSUES or ANNOTATED, format CSV,
 * XLSX or XML; the blob
 */
Datum
nuvopipe_annotate(PG_FUNCTION_ARGS)
{
	NvpAnnotateKey key = {
		.tenant_id = *PG_GETARG_UUID_P(0), .execution_id = *PG_GETARG_UUID_P(1), .attempt = PG_GETARG_INT32(2)
	};
	bool		is_issues = strcmp(text_to_cstring(PG_GETARG_TEXT_PP(3)), "ISSUES") == 0;
	char	   *word = text_to_cstring(PG_GETARG_TEXT_PP(4));
	NvpFormatKind kind = strcmp(word, "XLSX") == 0 ? NVP_FORMAT_XLSX : strcmp(word, "XML") == 0 ? NVP_FORMAT_XML : NVP_FORMAT_CSV;
	NvpBlobHead head = {
		.tenant_id = key.tenant_id, .file_name = text_to_cstring(PG_GETARG_TEXT_PP(5)),
		.content_type = text_to_cstring(PG_GETARG_TEXT_PP(6)), .keep_minutes = KEEP_MINUTES
	};
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));
	NvpSpool   *spool = is_issues ? nvp_annotate_issues(&key, kind) : nvp_annotate_rejected(&key, kind);

	nvp_blob_store(&head, spool, id);
	nvp_spool_free(spool);
	PG_RETURN_UUID_P(id);
}
