/*-------------------------------------------------------------------------
 *
 * scratch.c
 *		base/scratch.h outside the server: a temporary file of the C library.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/scratch.h"

struct NvpScratch
{
	FILE	   *file;
	int64		size;
};

NvpScratch *
nvp_scratch_create(void)
{
	NvpScratch *scratch = palloc0(sizeof(NvpScratch));

	scratch->file = tmpfile();
	if (scratch->file == NULL)
		abort();
	return scratch;
}

bool
nvp_scratch_append(NvpScratch *scratch, const char *data, int64 len)
{
	scratch->size += len;
	return fseek(scratch->file, 0, SEEK_END) == 0 && fwrite(data, 1, len, scratch->file) == (size_t) len;
}

bool
nvp_scratch_read(NvpScratch *scratch, char *buf, int64 len, int64 offset)
{
	if (offset < 0 || offset + len > scratch->size)
		return false;
	return fseek(scratch->file, offset, SEEK_SET) == 0 && fread(buf, 1, len, scratch->file) == (size_t) len;
}

const char *
nvp_scratch_error(const NvpScratch *scratch)
{
	return NULL;
}

void
nvp_scratch_free(NvpScratch *scratch)
{
	fclose(scratch->file);
	pfree(scratch);
}
