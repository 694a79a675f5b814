/*-------------------------------------------------------------------------
 *
 * scratch.c
 *		A temporary file for what does not fit into memory while something is
 *		read.
 *
 * See scratch.h.  A spool outlives transactions; so that an abort closes it, the
 * memory context does.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/scratch.h"
#include "base/spool.h"

struct NvpScratch
{
	NvpSpool   *spool;			/* NULL once it was freed */
	bool		unreadable;
	MemoryContextCallback callback;
};

static void
close_spool(void *arg)
{
	NvpScratch *scratch = arg;

	if (scratch->spool)
		nvp_spool_free(scratch->spool);
	scratch->spool = NULL;
}

NvpScratch *
nvp_scratch_create(void)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe scratch",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	NvpScratch *scratch = palloc0(sizeof(NvpScratch));

	scratch->spool = nvp_spool_create();
	scratch->callback.func = close_spool;
	scratch->callback.arg = scratch;
	MemoryContextRegisterResetCallback(context, &scratch->callback);
	MemoryContextSwitchTo(old);
	return scratch;
}

bool
nvp_scratch_append(NvpScratch *scratch, const char *data, int64 len)
{
	return nvp_spool_append(scratch->spool, data, len);
}

bool
nvp_scratch_read(NvpScratch *scratch, char *buf, int64 len, int64 offset)
{
	NvpSpool   *spool = scratch->spool;

	if (offset + len > spool->flushed && !nvp_spool_flush(spool))
		return false;
	while (len > 0)
	{
		int64		n = nvp_spool_read_at(spool, offset, buf, len);

		if (n <= 0)
		{
			scratch->unreadable = true;
			return false;
		}
		buf += n;
		len -= n;
		offset += n;
	}
	return true;
}

const char *
nvp_scratch_error(const NvpScratch *scratch)
{
	if (scratch->spool->error)
		return scratch->spool->error;
	return scratch->unreadable ? "could not read temporary file" : NULL;
}

void
nvp_scratch_free(NvpScratch *scratch)
{
	MemoryContextDelete(GetMemoryChunkContext(scratch));
}
