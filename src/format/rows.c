/*-------------------------------------------------------------------------
 *
 * rows.c
 *		Our own stream of rows of cells: writing and reading it.
 *
 * Nothing is escaped, so cells are views into the window as they are.  The
 * reader trusts no length: a stream that is cut or altered ends reading.
 *
 * Memory: a row longer than max_record_bytes ends reading, as with any format;
 *		   whoever reads results of queries sets it high enough.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/reader_impl.h"
#include "format/rows.h"

#define CELL_HEAD	(sizeof(uint8) + sizeof(uint32))

static bool
put_uint32(NvpSinkFunc sink, void *arg, uint32 value)
{
	return sink(arg, (const char *) &value, sizeof(value));
}

/* nvp_rows_header writes the names of the columns, once, before any row. */
bool
nvp_rows_header(NvpSinkFunc sink, void *arg, const char *const *names, int ncols)
{
	if (!put_uint32(sink, arg, ncols))
		return false;
	for (int col = 0; col < ncols; col++)
	{
		uint32		len = strlen(names[col]);

		if (!put_uint32(sink, arg, len) || !sink(arg, names[col], len))
			return false;
	}
	return true;
}

/*
 * nvp_rows_append writes one row.
 *
 * in: ncols adjacent cells, as many as the header has names.
 * out: false when the sink refused, or the row has more than 4 GB.
 */
bool
nvp_rows_append(NvpSinkFunc sink, void *arg, const NvpCell *cells, int ncols)
{
	uint64		bytes = 0;

	for (int col = 0; col < ncols; col++)
		bytes += CELL_HEAD + cells[col].len;
	if (bytes > PG_UINT32_MAX || !put_uint32(sink, arg, (uint32) bytes))
		return false;
	for (int col = 0; col < ncols; col++)
	{
		char		head[CELL_HEAD];

		head[0] = (char) cells[col].kind;
		memcpy(head + 1, &cells[col].len, sizeof(uint32));
		if (!sink(arg, head, CELL_HEAD))
			return false;
		if (cells[col].len > 0 && !sink(arg, cells[col].ptr, cells[col].len))
			return false;
	}
	return true;
}

static uint32
get_uint32(const char *p)
{
	uint32		value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static bool
fail_damaged(NvpReader *reader)
{
	const NvpWindow *window = &((NvpReaderBase *) reader)->window;
	uint64		offset = window->offset + window->start;

	return nvp_reader_fail(reader, 0, offset, NULL,
						   "the stored rows are damaged at byte " UINT64_FORMAT, offset);
}

/* need makes bytes from window.start on available; false on errors, which are set */
static bool
need(NvpReader *reader, uint64 bytes)
{
	NvpWindow  *window = &((NvpReaderBase *) reader)->window;

	while (window->end - window->start < bytes)
	{
		if (window->eof)
			return fail_damaged(reader);
		switch (nvp_window_fill(window))
		{
			case NVP_FILL_OK:
				break;
			case NVP_FILL_TOO_LONG:
				return nvp_reader_fail(reader, 0, window->offset, "Raise max_record_bytes.",
									   "a row is longer than " INT64_FORMAT " bytes",
									   reader->format.max_record_bytes);
			case NVP_FILL_ERROR:
				return nvp_reader_fail_io(reader);
		}
	}
	return true;
}

/* read_header goes to the first row; the first time it names the columns */
static bool
read_header(NvpReader *reader)
{
	NvpWindow  *window = &((NvpReaderBase *) reader)->window;
	bool		is_first = (reader->ncols == 0);
	uint32		ncols;

	if (nvp_window_begin(window) != NVP_FILL_OK)
		return nvp_reader_fail_io(reader);
	if (window->end == 0)
	{
		reader->error.is_empty = true;
		return true;
	}
	if (!need(reader, sizeof(uint32)))
		return false;
	ncols = get_uint32(window->buf + window->start);
	if (ncols > NVP_MAX_COLUMNS)
		return fail_damaged(reader);
	window->start += sizeof(uint32);
	for (uint32 col = 0; col < ncols; col++)
	{
		uint32		len;

		if (!need(reader, sizeof(uint32)))
			return false;
		len = get_uint32(window->buf + window->start);
		if (!need(reader, (uint64) len + sizeof(uint32)))
			return false;
		window->start += sizeof(uint32);
		if (is_first)
			nvp_reader_add_column(reader, window->buf + window->start, len);
		window->start += len;
	}
	return true;
}

/* split_row sets the cells of the row at p, len bytes; false if it is damaged */
static bool
split_row(NvpBatch *batch, int row, int ncols, const char *p, uint32 len)
{
	for (int col = 0; col < ncols; col++)
	{
		uint32		cell_len;
		uint8		kind;

		if (len < CELL_HEAD)
			return false;
		kind = (uint8) p[0];
		cell_len = get_uint32(p + 1);
		p += CELL_HEAD;
		len -= CELL_HEAD;
		if (kind > NVP_CELL_ERROR || cell_len > len || (kind == NVP_CELL_NULL && cell_len > 0))
			return false;
		nvp_cell_set(nvp_batch_column(batch, col) + row,
					 kind == NVP_CELL_NULL ? NULL : p, cell_len, kind, 0);
		p += cell_len;
		len -= cell_len;
	}
	memset(&batch->rows[row], 0, sizeof(NvpRow));
	batch->rows[row].width = ncols;
	return len == 0;
}

static NvpReadStatus
rows_next(NvpReader *reader, NvpBatch *batch)
{
	NvpWindow  *window = &((NvpReaderBase *) reader)->window;

	while (batch->nrows < batch->capacity)
	{
		uint32		have = window->end - window->start;
		uint32		len = have >= sizeof(uint32) ? get_uint32(window->buf + window->start) : 0;

		if (have < sizeof(uint32) || have - sizeof(uint32) < len)
		{
			if (batch->nrows > 0)
				break;
			if (have == 0 && window->eof)
				return NVP_READ_END;
			if (have == 0)
			{
				if (nvp_window_fill(window) == NVP_FILL_ERROR)
				{
					nvp_reader_fail_io(reader);
					return NVP_READ_BAD;
				}
			}
			else if (!need(reader, have < sizeof(uint32) ? sizeof(uint32) : (uint64) len + sizeof(uint32)))
				return NVP_READ_BAD;
			continue;
		}
		if (!split_row(batch, batch->nrows, reader->ncols,
					   window->buf + window->start + sizeof(uint32), len))
		{
			if (batch->nrows > 0)
				break;
			fail_damaged(reader);
			return NVP_READ_BAD;
		}
		window->start += sizeof(uint32) + len;
		batch->nrows++;
	}
	return NVP_READ_OK;
}

static bool
rows_rewind(NvpReader *reader)
{
	if (!reader->source->rewind(reader->source))
		return nvp_reader_fail_io(reader);
	return read_header(reader);
}

static void
rows_close(NvpReader *reader)
{
}

static const NvpReaderRoutine rows_routine = {
	.name = "rows",
	.open = read_header,
	.next = rows_next,
	.rewind = rows_rewind,
	.close = rows_close
};

const NvpReaderEntry nvp_rows_entry = {NVP_FORMAT_ROWS, sizeof(NvpReaderBase), &rows_routine};
