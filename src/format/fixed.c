/*-------------------------------------------------------------------------
 *
 * fixed.c
 *		Text in columns of fixed width: one line, one row.
 *
 * Widths count characters, not bytes.  Blanks around a value are padding.  A
 * line that ends before a column begins is marked NVP_ROW_TOO_FEW; one that has
 * more than blanks behind the last column NVP_ROW_TOO_MANY, that text in extra.
 * What stands between columns is nobody's.  A line of dashes under the header
 * is passed over.
 *
 * Where the widths were guessed (sniff_fixed.c), a line with text across the
 * place where two columns meet is marked NVP_ROW_CROSSED: it may have been cut
 * in the wrong place, and nobody has said that it was not.
 *
 * Cells are views into the window, which moves only while the batch is empty.
 *
 * Memory: see reader.h.
 * Errors: a line longer than max_record_bytes ends reading.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/fixed.h"
#include "format/reader_impl.h"

typedef struct NvpFixedReader
{
	NvpReaderBase base;
	uint64		line_no;		/* of the byte at window.start */
	const char *line;			/* the line in hand, without its end */
	const char *line_end;
} NvpFixedReader;

typedef enum FixedStep
{
	FIXED_LINE,
	FIXED_BLANK,
	FIXED_MORE,
	FIXED_END
} FixedStep;

/* next_line finds the line at window.start, which is moved behind it */
static FixedStep
next_line(NvpFixedReader *fixed)
{
	NvpWindow  *window = &fixed->base.window;
	const char *begin = window->buf + window->start;
	const char *data_end = window->buf + window->end;
	const char *newline = memchr(begin, '\n', data_end - begin);
	const char *end = newline ? newline : data_end;
	const char *p;

	if (begin == data_end && window->eof)
		return FIXED_END;
	if (newline == NULL && !window->eof)
		return FIXED_MORE;
	if (end > begin && end[-1] == '\r')
		end--;
	fixed->line = begin;
	fixed->line_end = end;
	fixed->line_no++;
	window->start = (newline ? newline + 1 : data_end) - window->buf;
	for (p = begin; p < end && nvp_is_padding(*p); p++)
		;
	return p == end ? FIXED_BLANK : FIXED_LINE;
}

/* read_more gets the window's next bytes; false on errors, which are set */
static bool
read_more(NvpFixedReader *fixed)
{
	NvpReader  *reader = &fixed->base.reader;

	switch (nvp_window_fill(&fixed->base.window))
	{
		case NVP_FILL_OK:
			return true;
		case NVP_FILL_TOO_LONG:
			return nvp_reader_fail(reader, fixed->line_no + 1, fixed->base.window.offset,
								   "Check the format of the file, or raise max_record_bytes.",
								   "line " UINT64_FORMAT " is longer than " INT64_FORMAT " bytes",
								   fixed->line_no + 1, reader->format.max_record_bytes);
		case NVP_FILL_ERROR:
			break;
	}
	return nvp_reader_fail_io(reader);
}

/*
 * split cuts the line at the columns.
 *
 * out: cells[col * stride]; *rest is where the text behind the last column
 *		begins.  Returns how many columns the line reached.
 */
static int
split(const NvpFixedReader *fixed, NvpCell *cells, size_t stride, const char **rest)
{
	const NvpFormat *format = &fixed->base.reader.format;
	const char *end = fixed->line_end;
	const char *p = fixed->line;
	int			at = 0;
	int			reached = 0;

	for (int col = 0; col < format->nfixed; col++, cells += stride)
	{
		const NvpFixedColumn *column = &format->fixed[col];
		const char *from = nvp_skip_characters(p, end, column->start - at);
		const char *to = nvp_skip_characters(from, end, column->width);

		p = to;
		at = column->start + column->width;
		if (from == end)
		{
			nvp_cell_set(cells, NULL, 0, NVP_CELL_NULL, 0);
			continue;
		}
		reached = col + 1;
		while (from < to && nvp_is_padding(*from))
			from++;
		while (to > from && nvp_is_padding(to[-1]))
			to--;
		nvp_cell_set(cells, from, to - from, NVP_CELL_TEXT, 0);
	}
	*rest = p;
	return reached;
}

/* crosses tells whether text stands on both sides of the place where two columns meet */
static bool
crosses(const NvpFixedReader *fixed)
{
	const NvpFormat *format = &fixed->base.reader.format;
	const char *end = fixed->line_end;
	const char *p = fixed->line;
	int			at = 0;

	for (int col = 1; col < format->nfixed; col++)
	{
		const char *before = nvp_skip_characters(p, end, format->fixed[col].start - 1 - at);

		p = nvp_skip_characters(before, end, 1);
		at = format->fixed[col].start;
		if (p == end)
			return false;
		if (!nvp_is_padding(*before) && !nvp_is_padding(*p))
			return true;
	}
	return false;
}

static void
put_row(NvpFixedReader *fixed, NvpBatch *batch)
{
	NvpRow	   *row = &batch->rows[batch->nrows];
	const char *end = fixed->line_end;
	const char *rest;

	memset(row, 0, sizeof(*row));
	row->line_no = fixed->line_no;
	row->width = split(fixed, batch->cells + batch->nrows, batch->capacity, &rest);
	if (row->width < fixed->base.reader.format.nfixed)
		row->code = NVP_ROW_TOO_FEW;
	while (end > rest && nvp_is_padding(end[-1]))
		end--;
	if (end > rest)
	{
		row->code = NVP_ROW_TOO_MANY;
		row->extra = rest;
		row->extra_len = end - rest;
		row->width++;
	}
	if (fixed->base.reader.format.fixed_is_guess && crosses(fixed))
		row->code = NVP_ROW_CROSSED;
	batch->nrows++;
}

static NvpReadStatus
read_rows(NvpFixedReader *fixed, NvpBatch *batch)
{
	while (batch->nrows < batch->capacity)
	{
		FixedStep	step = next_line(fixed);

		if (step == FIXED_LINE)
			put_row(fixed, batch);
		else if (step == FIXED_BLANK)
			fixed->base.reader.blank_rows++;
		else if (batch->nrows > 0)
			return NVP_READ_OK;
		else if (step == FIXED_END)
			return NVP_READ_END;
		else if (!read_more(fixed))
			return NVP_READ_BAD;
	}
	return NVP_READ_OK;
}

/* skip_ruler passes over a line of dashes under the header; false on errors */
static bool
skip_ruler(NvpFixedReader *fixed)
{
	NvpWindow  *window = &fixed->base.window;
	uint32		start = window->start;
	FixedStep	step;

	while ((step = next_line(fixed)) == FIXED_MORE)
	{
		if (!read_more(fixed))
			return false;
		start = window->start;
	}
	if (step == FIXED_END)
		return true;
	if (step == FIXED_LINE && nvp_is_ruler(fixed->line, fixed->line_end))
		fixed->base.reader.skipped_rows++;
	else
	{
		window->start = start;
		fixed->line_no--;
	}
	return true;
}

/* take_line reads a line that is no data; false at the end of the file or on errors */
static bool
take_line(NvpFixedReader *fixed)
{
	FixedStep	step;

	while ((step = next_line(fixed)) == FIXED_MORE)
		if (!read_more(fixed))
			return false;
	if (step != FIXED_END)
		fixed->base.reader.skipped_rows++;
	return step != FIXED_END;
}

/* name_columns names them: as the options do, or else as the header line that is in hand */
static void
name_columns(NvpFixedReader *fixed, bool has_line)
{
	NvpReader  *reader = &fixed->base.reader;
	int			n = reader->format.nfixed;
	NvpCell    *cells = palloc0(sizeof(NvpCell) * n);
	const char *rest;

	if (has_line)
		(void) split(fixed, cells, 1, &rest);
	for (int col = 0; col < n; col++)
	{
		const char *name = reader->format.fixed[col].name;

		if (name)
			nvp_reader_add_column(reader, name, strlen(name));
		else
			nvp_reader_add_column(reader, cells[col].ptr, cells[col].len);
	}
	pfree(cells);
}

/* go_to_data passes over preamble and header; the first time it names the columns */
static bool
go_to_data(NvpFixedReader *fixed)
{
	NvpReader  *reader = &fixed->base.reader;
	bool		has_line = false;

	fixed->line_no = 0;
	reader->blank_rows = reader->skipped_rows = 0;
	if (nvp_window_begin(&fixed->base.window) != NVP_FILL_OK)
		return nvp_reader_fail_io(reader);
	reader->error.is_empty = (fixed->base.window.start == fixed->base.window.end);
	for (int i = 0; i < reader->format.skip_rows; i++)
		if (!take_line(fixed))
			break;
	if (reader->format.has_header && reader->error.message[0] == '\0')
		has_line = take_line(fixed);
	if (reader->error.message[0])
		return false;
	if (reader->ncols == 0)
		name_columns(fixed, has_line);
	return !has_line || skip_ruler(fixed);
}

static bool
fixed_rewind(NvpReader *reader)
{
	if (!reader->source->rewind(reader->source))
		return nvp_reader_fail_io(reader);
	return go_to_data((NvpFixedReader *) reader);
}

static bool
fixed_open(NvpReader *reader)
{
	if (reader->format.nfixed == 0)
		return nvp_reader_fail(reader, 0, 0, "Set the option widths, as in [10, 8, 30], or columns with name, start and width.",
							   "it is not said how wide the columns are");
	return go_to_data((NvpFixedReader *) reader);
}

static NvpReadStatus
fixed_next(NvpReader *reader, NvpBatch *batch)
{
	return read_rows((NvpFixedReader *) reader, batch);
}

static void
fixed_close(NvpReader *reader)
{
}

static const NvpReaderRoutine fixed_routine = {
	.name = "fixed",
	.open = fixed_open,
	.next = fixed_next,
	.rewind = fixed_rewind,
	.close = fixed_close
};

const NvpReaderEntry nvp_fixed_entry = {NVP_FORMAT_FIXED, sizeof(NvpFixedReader), &fixed_routine};
