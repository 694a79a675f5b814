/*-------------------------------------------------------------------------
 *
 * fixed.c
 *		Text in columns of fixed width: one line, one row.
 *
 * Widths count characters, not bytes; with fixed_is_displayed a wide character
 * counts twice, as on a screen (nvp_character_places).  Blanks around a value are padding.  A
 * line that ends before a column begins is marked NVP_ROW_TOO_FEW; one that has
 * more than blanks behind the last column NVP_ROW_TOO_MANY, that text in extra.
 * What stands between columns is nobody's.  A line of dashes under the header
 * is passed over; below one, so are the same header and the same line on the next
 * page, and the number of rows that database clients put behind a table.
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
#include "format/ruler.h"

typedef struct NvpFixedReader
{
	NvpReaderBase base;
	uint64		line_no;		/* of the byte at window.start */
	const char *line;			/* the line in hand, without its end */
	const char *line_end;
	bool		is_ruled;		/* a line of dashes stands under the header */
	char	   *names;			/* of is_ruled: that header, names_len bytes */
	size_t		names_len;
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
		const char *from = nvp_skip_places(p, end, &at, column->start, format->fixed_is_displayed);
		const char *to = nvp_skip_places(from, end, &at, column->start + column->width, format->fixed_is_displayed);

		p = to;
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
		int			border = format->fixed[col].start;

		p = nvp_skip_places(p, end, &at, border, format->fixed_is_displayed);
		/* a wide character may stand on the border itself */
		if (at > border)
			return true;
		if (p == end)
			return false;
		if (!nvp_is_padding(p[-1]) && !nvp_is_padding(*p))
			return true;
	}
	return false;
}

/* is_drawn recognises what comes with a ruler: itself and the names on the next page, the number of rows */
static bool
is_drawn(const NvpFixedReader *fixed)
{
	size_t		len = fixed->line_end - fixed->line;

	return nvp_ruler_groups(fixed->line, fixed->line_end) > 0 ||
		(len == fixed->names_len && memcmp(fixed->line, fixed->names, len) == 0) ||
		nvp_is_row_count(fixed->line, fixed->line_end);
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

		if (step == FIXED_LINE && fixed->is_ruled && is_drawn(fixed))
			fixed->base.reader.skipped_rows++;
		else if (step == FIXED_LINE)
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

/* underlines: a line of dashes, of several groups or reaching into the last column */
static bool
underlines(const NvpFixedReader *fixed)
{
	const NvpFormat *format = &fixed->base.reader.format;
	int			groups = nvp_ruler_groups(fixed->line, fixed->line_end);

	return groups > 1 || (groups == 1 && fixed->line_end - fixed->line > format->fixed[format->nfixed - 1].start);
}

/* keep_names keeps the header line that is in hand, so that it is known again on other pages */
static void
keep_names(NvpFixedReader *fixed)
{
	if (fixed->names)
		pfree(fixed->names);
	fixed->names_len = fixed->line_end - fixed->line;
	fixed->names = palloc(fixed->names_len + 1);
	memcpy(fixed->names, fixed->line, fixed->names_len);
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
	if (step == FIXED_LINE && underlines(fixed))
	{
		fixed->base.reader.skipped_rows++;
		fixed->is_ruled = true;
	}
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
	fixed->is_ruled = false;
	reader->blank_rows = reader->skipped_rows = 0;
	if (nvp_window_begin(&fixed->base.window) != NVP_FILL_OK)
		return nvp_reader_fail_io(reader);
	/* a byte order mark may be all that has come so far */
	while (fixed->base.window.start == fixed->base.window.end && !fixed->base.window.eof)
		if (!read_more(fixed))
			return false;
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
	if (has_line)
		keep_names(fixed);
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
	NvpFixedReader *fixed = (NvpFixedReader *) reader;

	if (fixed->names)
		pfree(fixed->names);
}

static const NvpReaderRoutine fixed_routine = {
	.name = "fixed",
	.open = fixed_open,
	.next = fixed_next,
	.rewind = fixed_rewind,
	.close = fixed_close
};

const NvpReaderEntry nvp_fixed_entry = {NVP_FORMAT_FIXED, sizeof(NvpFixedReader), &fixed_routine};
