/*-------------------------------------------------------------------------
 *
 * cell.c
 *		Allocation of batches.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/cell.h"

/* rows_for returns how many rows a batch of maxcols columns should have */
static int
rows_for(int maxcols)
{
	return Max(1, Min(NVP_BATCH_CELLS / maxcols, NVP_BATCH_ROWS));
}

/*
 * nvp_batch_create makes an empty batch for a source of ncols columns.
 *
 * out: capacity is NVP_BATCH_ROWS, less for wide sources.
 * owner: the current memory context; free with nvp_batch_free.
 */
NvpBatch *
nvp_batch_create(int ncols)
{
	NvpBatch   *batch = palloc0(sizeof(NvpBatch));

	batch->maxcols = Max(ncols, 8);
	batch->capacity = rows_for(batch->maxcols);
	batch->ncols = ncols;
	batch->cells = palloc0(sizeof(NvpCell) * batch->maxcols * batch->capacity);
	batch->rows = palloc0(sizeof(NvpRow) * batch->capacity);
	return batch;
}

/*
 * nvp_batch_widen makes room for more columns and keeps what is filled.
 *
 * New columns read as NVP_CELL_NULL.  Rows in the batch keep their places, so
 * the capacity in rows stays; that of an empty batch shrinks with the width.
 */
void
nvp_batch_widen(NvpBatch *batch, int ncols)
{
	Assert(ncols <= NVP_MAX_COLUMNS);
	if (ncols > batch->maxcols)
	{
		size_t		old = sizeof(NvpCell) * batch->maxcols * batch->capacity;
		int			maxcols = Min(Max(ncols, batch->maxcols * 2), NVP_MAX_COLUMNS);
		size_t		now;

		if (batch->nrows == 0)
		{
			batch->capacity = Min(batch->capacity, rows_for(maxcols));
			old = 0;
		}
		now = sizeof(NvpCell) * maxcols * batch->capacity;
		batch->cells = repalloc(batch->cells, now);
		memset((char *) batch->cells + old, 0, now - old);
		batch->maxcols = maxcols;
	}
	batch->ncols = Max(batch->ncols, ncols);
}

/* nvp_batch_free releases a batch, but not what its cells point to. */
void
nvp_batch_free(NvpBatch *batch)
{
	pfree(batch->cells);
	pfree(batch->rows);
	pfree(batch);
}
