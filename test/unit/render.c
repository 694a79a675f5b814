/*-------------------------------------------------------------------------
 *
 * render.c
 *		Everything a reader says about some bytes, as one text to compare.
 *
 * Form:   one line for the header, one for each row, one for the end:
 *
 *		   a,b
 *		   L2 w2 <text> #12 ?true {[1]} !#N/A! ~
 *		   L3 w3 many <x> <y> +<z>
 *		   end rows=2 blank=0 skipped=1
 *
 *		   Bytes that are not printable ASCII are shown as \xHH; q follows
 *		   a cell that stood in quotes, % one that is shown as a percentage.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "format/reader_impl.h"
#include "render.h"

typedef struct ChunkedSource
{
	NvpSource	base;
	const char *data;
	size_t		len;
	size_t		at;
	size_t		chunk;
} ChunkedSource;

static int64
chunked_read(NvpSource *source, char *buf, int64 size)
{
	ChunkedSource *s = (ChunkedSource *) source;
	size_t		n = Min(Min((size_t) size, s->chunk), s->len - s->at);

	if (n > 0)
		memcpy(buf, s->data + s->at, n);
	s->at += n;
	source->read_bytes = s->at;
	return n;
}

static int64
chunked_read_at(NvpSource *source, char *buf, int64 size, int64 offset)
{
	ChunkedSource *s = (ChunkedSource *) source;
	int64		n = Min(Min(size, (int64) s->chunk), (int64) s->len - offset);

	if (n <= 0)
		return 0;
	memcpy(buf, s->data + offset, n);
	return n;
}

static bool
chunked_rewind(NvpSource *source)
{
	((ChunkedSource *) source)->at = 0;
	source->read_bytes = 0;
	return true;
}

static void
chunked_close(NvpSource *source)
{
	pfree(source);
}

NvpSource *
chunked_source(const char *data, size_t len, size_t chunk)
{
	ChunkedSource *s = palloc0(sizeof(ChunkedSource));

	s->base.read = chunked_read;
	s->base.rewind = chunked_rewind;
	s->base.read_at = chunked_read_at;
	s->base.total_bytes = len;
	s->base.close = chunked_close;
	s->data = data;
	s->len = len;
	s->chunk = chunk;
	s->base.total_bytes = len;
	return &s->base;
}

static void
put_text(StringInfo out, const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		if (p[i] >= ' ' && p[i] < 0x7F)
			appendStringInfoChar(out, p[i]);
		else
			appendStringInfo(out, "\\x%02x", (unsigned char) p[i]);
	}
}

static void
put_cell(StringInfo out, const NvpCell *cell)
{
	static const char *const open[] = {" ~", " <", " #", " ?", " {", " !"};
	static const char *const close[] = {"", ">", "", "", "}", "!"};

	appendStringInfoString(out, open[cell->kind]);
	put_text(out, cell->ptr, cell->len);
	appendStringInfoString(out, close[cell->kind]);
	if (cell->flags & NVP_CELL_QUOTED)
		appendStringInfoChar(out, 'q');
	if (cell->flags & NVP_CELL_PERCENT)
		appendStringInfoChar(out, '%');
	if (cell->flags & ~(NVP_CELL_QUOTED | NVP_CELL_UTF8 | NVP_CELL_PERCENT))
		appendStringInfoString(out, "(private flag)");
}

static void
put_rows(StringInfo out, const NvpReader *reader, const NvpBatch *batch)
{
	static const char *const codes[] = {"", " few", " many", " stray", " broken", " bad", " crossed"};

	for (int row = 0; row < batch->nrows; row++)
	{
		const NvpRow *r = &batch->rows[row];

		appendStringInfo(out, "L%d w%d%s", (int) r->line_no, (int) r->width, codes[r->code]);
		for (int col = 0; col < batch->ncols; col++)
			put_cell(out, nvp_batch_column(batch, col) + row);
		if (r->extra)
		{
			appendStringInfoString(out, " +<");
			put_text(out, r->extra, r->extra_len);
			appendStringInfoChar(out, '>');
		}
		appendStringInfoChar(out, '\n');
	}
}

static void
put_pass(StringInfo out, NvpReader *reader)
{
	NvpBatch   *batch = nvp_batch_create(reader->ncols);
	NvpReadStatus status;
	uint64		expected_no = 1;

	for (int col = 0; col < reader->ncols; col++)
	{
		appendStringInfoString(out, col > 0 ? "," : "");
		put_text(out, reader->header[col], strlen(reader->header[col]));
	}
	appendStringInfoChar(out, '\n');
	while ((status = nvp_reader_next(reader, batch)) == NVP_READ_OK)
	{
		if (batch->nrows == 0 || batch->first_row_no != expected_no)
			appendStringInfoString(out, "(wrong batch)\n");
		expected_no += batch->nrows;
		put_rows(out, reader, batch);
	}
	if (status == NVP_READ_BAD)
		appendStringInfo(out, "bad L%d %s\n", (int) reader->error.line_no, reader->error.message);
	else
		appendStringInfo(out, "end rows=%d blank=%d skipped=%d%s\n", (int) reader->rows,
						 (int) reader->blank_rows, (int) reader->skipped_rows,
						 reader->error.is_empty ? " empty" : "");
	nvp_batch_free(batch);
}

/*
 * Columns that are found late appear in the header of the second pass only, so
 * only the second is compared where both ended well.
 */
char *
render(const char *data, size_t len, const NvpFormat *format, uint32 window, bool plain)
{
	NvpSource  *source = chunked_source(data, len, window);
	NvpReader  *reader = nvp_reader_open_with(source, format, window, plain);
	StringInfoData first;
	StringInfoData second;

	initStringInfo(&first);
	initStringInfo(&second);
	/* half of the runs keep rows for the second pass */
	if (!plain)
		nvp_reader_keep(reader);
	put_pass(&first, reader);
	if (reader->error.message[0] == '\0')
	{
		if (!nvp_reader_rewind(reader))
			appendStringInfoString(&second, "(rewind failed)\n");
		put_pass(&second, reader);
		pfree(first.data);
		first = second;
	}
	else
		pfree(second.data);
	nvp_reader_close(reader);
	source->close(source);
	return first.data;
}
