/*-------------------------------------------------------------------------
 *
 * source.c
 *		Bytes in memory as a source, and what wrapping sources share.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/source.h"

typedef struct MemorySource
{
	NvpSource	base;
	const char *data;
} MemorySource;

static int64
memory_read(NvpSource *source, char *buf, int64 size)
{
	MemorySource *mem = (MemorySource *) source;
	int64		n = Min(size, source->total_bytes - source->read_bytes);

	if (n > 0)
		memcpy(buf, mem->data + source->read_bytes, n);
	source->read_bytes += n;
	return n;
}

static int64
memory_read_at(NvpSource *source, char *buf, int64 size, int64 offset)
{
	int64		n = Min(size, source->total_bytes - offset);

	if (n <= 0)
		return 0;
	memcpy(buf, ((MemorySource *) source)->data + offset, n);
	return n;
}

static bool
memory_rewind(NvpSource *source)
{
	source->read_bytes = 0;
	return true;
}

static void
memory_close(NvpSource *source)
{
	pfree(source);
}

/*
 * nvp_source_memory reads len bytes at data, which the caller keeps alive.
 *
 * owner: the current memory context; release with source->close.
 */
NvpSource *
nvp_source_memory(const char *data, int64 len)
{
	MemorySource *mem = palloc0(sizeof(MemorySource));

	mem->base.read = memory_read;
	mem->base.rewind = memory_rewind;
	mem->base.read_at = memory_read_at;
	mem->base.close = memory_close;
	mem->base.total_bytes = len;
	mem->data = data;
	return &mem->base;
}

/* nvp_source_inherit_error makes the failure of a wrapped source that of its wrapper. */
void
nvp_source_inherit_error(NvpSource *outer, const NvpSource *inner)
{
	outer->error = inner->error;
	outer->hint = inner->hint;
	outer->fault = inner->fault;
}
