/*-------------------------------------------------------------------------
 *
 * blob.c
 *		Stored bytes: pushed, uploaded, kept of runs.
 *
 * Flow:   spool --> chunks; chunks --> spool that was lent them, read where they
 *		   lie: an upload of gigabytes becomes the input of a run without a copy.
 * Memory: one chunk at a time.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/query.h"
#include "exec/blob.h"

static void
store_head(NvpQuery *query, const NvpBlobHead *head, int64 bytes, pg_uuid_t *id)
{
	nvp_arg_uuid(query, &head->tenant_id);
	nvp_arg_text(query, head->file_name);
	nvp_arg_text(query, head->content_type);
	nvp_arg_int8(query, bytes);
	nvp_arg_int4(query, head->keep_minutes);
	nvp_query_keep(query,
				   "INSERT INTO _nuvopipe.blob (tenant_id, id, file_name, content_type, bytes, created_at, expires_at)"
				   " VALUES ($1, _nuvopipe.uuid_v7(), $2, $3, $4, pg_catalog.clock_timestamp(),"
				   " CASE WHEN $5 > 0 THEN pg_catalog.clock_timestamp() + $5 * interval '1 minute' END)"
				   " RETURNING id");
	nvp_get_uuid(0, 0, id);
}

static void
store_chunk(NvpQuery *query, const pg_uuid_t *tenant_id, const pg_uuid_t *id, int64 position,
			const char *data, int len)
{
	nvp_arg_uuid(query, tenant_id);
	nvp_arg_uuid(query, id);
	nvp_arg_int8(query, position);
	nvp_arg_bytea(query, data, len);
	nvp_query_keep(query,
				   "INSERT INTO _nuvopipe.blob_chunk (tenant_id, blob_id, position, data)"
				   " VALUES ($1, $2, $3, $4)");
}

/*
 * nvp_blob_store stores a flushed spool.
 *
 * out: the blob's id.  Nobody refers to it yet.
 */
void
nvp_blob_store(const NvpBlobHead *head, NvpSpool *spool, pg_uuid_t *id)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe chunk",
												  ALLOCSET_DEFAULT_SIZES);
	char	   *chunk = palloc(NVP_BLOB_CHUNK);
	int64		offset = 0;
	NvpQuery	query;

	nvp_query_open(&query);
	store_head(&query, head, spool->size, id);
	while (offset < spool->size)
	{
		int64		n = nvp_spool_read_at(spool, offset, chunk, NVP_BLOB_CHUNK);
		MemoryContext old;

		CHECK_FOR_INTERRUPTS();
		if (n <= 0)
			ereport(ERROR,
					errcode_for_file_access(),
					errmsg("could not read temporary file: %m"));
		old = MemoryContextSwitchTo(context);
		store_chunk(&query, &head->tenant_id, id, offset, chunk, n);
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
		offset += n;
	}
	nvp_query_close(&query);
	pfree(chunk);
	MemoryContextDelete(context);
}

/* ---- reading -------------------------------------------------------------- */

typedef struct BlobReader
{
	pg_uuid_t	tenant_id;
	pg_uuid_t	id;
	int64		size;
	int64		chunk_at;
	bytea	   *chunk;			/* NULL = none at hand */
	MemoryContext context;		/* of the chunk */
} BlobReader;

/* the chunk that holds the byte at offset */
static void
load_chunk(BlobReader *reader, int64 offset)
{
	MemoryContext old;
	NvpQuery	query;

	CHECK_FOR_INTERRUPTS();
	reader->chunk = NULL;
	MemoryContextReset(reader->context);
	old = MemoryContextSwitchTo(reader->context);
	nvp_query_open(&query);
	nvp_arg_uuid(&query, &reader->tenant_id);
	nvp_arg_uuid(&query, &reader->id);
	nvp_arg_int8(&query, offset);
	if (nvp_query_keep(&query,
					   "SELECT position, data FROM _nuvopipe.blob_chunk"
					   " WHERE tenant_id = $1 AND blob_id = $2 AND position <= $3"
					   " ORDER BY position DESC LIMIT 1") > 0)
	{
		reader->chunk_at = nvp_get_int8(0, 0);
		reader->chunk = nvp_get_bytea(&query, 0, 1);
	}
	nvp_query_close(&query);
	MemoryContextSwitchTo(old);
	if (reader->chunk && offset - reader->chunk_at < VARSIZE_ANY_EXHDR(reader->chunk))
		return;
	reader->chunk = NULL;
	ereport(ERROR,
			errcode(ERRCODE_DATA_CORRUPTED),
			errmsg("stored data is not complete: nothing at byte " INT64_FORMAT " of " INT64_FORMAT,
				   offset, reader->size),
			errhint("Rows of _nuvopipe.blob_chunk are missing; send the data again."));
}

static int64
read_blob(void *arg, int64 offset, char *buf, int64 size)
{
	BlobReader *reader = arg;
	int64		n;

	if (offset >= reader->size)
		return 0;
	if (reader->chunk == NULL || offset < reader->chunk_at ||
		offset - reader->chunk_at >= VARSIZE_ANY_EXHDR(reader->chunk))
		load_chunk(reader, offset);
	n = VARSIZE_ANY_EXHDR(reader->chunk) - (offset - reader->chunk_at);
	n = Min(Min(n, size), reader->size - offset);
	memcpy(buf, VARDATA_ANY(reader->chunk) + (offset - reader->chunk_at), n);
	return n;
}

/*
 * nvp_blob_lend lets an empty spool be a blob, which is read where it lies.
 * Blobs do not change, so it may be read in several transactions, as long as
 * somebody refers to it.
 *
 * owner: the current memory context, which must outlive the spool's use.
 * errors: 42704 where there is no such blob.
 */
void
nvp_blob_lend(const pg_uuid_t *tenant_id, const pg_uuid_t *id, NvpSpool *spool)
{
	BlobReader *reader = palloc0(sizeof(BlobReader));
	NvpQuery	query;
	bool		found;

	reader->tenant_id = *tenant_id;
	reader->id = *id;
	nvp_query_open(&query);
	nvp_arg_uuid(&query, tenant_id);
	nvp_arg_uuid(&query, id);
	found = nvp_query_keep(&query,
						   "SELECT bytes FROM _nuvopipe.blob"
						   " WHERE tenant_id = $1 AND id = $2 AND dropped_at IS NULL") > 0;
	if (found)
		reader->size = nvp_get_int8(0, 0);
	nvp_query_close(&query);
	if (!found)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("the stored data has been removed"),
				errhint("Send it again."));
	reader->context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe stored chunk", ALLOCSET_DEFAULT_SIZES);
	nvp_spool_lend_reader(spool, read_blob, reader, reader->size);
}
