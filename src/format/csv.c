/*-------------------------------------------------------------------------
 *
 * csv.c
 *		Delimited text: CSV, TSV and their relatives.
 *
 * Flow:   window --(csv_record.c)--> batch; the first record --> names
 *
 * What is read
 *	 - A record ends with LF, CR LF or CR, in any mixture, or with the file.
 *	 - A cell is quoted if its first byte is the quote; quotes elsewhere are
 *	   text.  Inside, a doubled quote is a quote, and so is escape + quote.  An
 *	   escape before anything else is text, as in COPY.
 *	 - In files without a quote an escape takes the meaning from a delimiter,
 *	   line end or escape that follows.
 *	 - Text behind a closing quote leaves the cell as written, quotes included,
 *	   and marks the row.
 *	 - A header may have several lines (header_rows); see header_lines.h.
 *	 - Lines that database clients draw are passed over: +---+ of tables with | between
 *	   the columns; under the header a cell of dashes for each name, as long as it;
 *	   below either, the number of rows.  Blanks around cells are padding there.
 *	 - A line without any byte is blank: counted, not delivered.  A line with
 *	   just "" is a row.
 *	 - Surplus cells mark the row unless all of them are empty; missing cells
 *	   mark it unless only columns without a name are missing.
 *
 * Memory: see reader.h; the index takes 4 bytes for each byte of a slice.
 * Errors: a quote that never closes, a record longer than max_record_bytes, and
 *		   a header with more than NVP_MAX_COLUMNS cells end reading.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: RFC 4180.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/csv_impl.h"
#include "format/ruler.h"

#define HEADER_COLUMNS	128		/* a wider header is read twice */
#define LEAST_ALONE		4		/* dashes under the name of a single column: fewer may be a value */

static bool
fail_unclosed(NvpCsvReader *csv)
{
	return nvp_reader_fail(&csv->base.reader, csv->quote_line,
						   csv->base.window.offset + csv->base.window.start,
						   "Close the quote, or set the quote character of the file; null means that there is none.",
						   "the quote opened in line " UINT64_FORMAT " is never closed",
						   csv->quote_line);
}

static bool
fail_too_long(NvpCsvReader *csv)
{
	NvpReader  *reader = &csv->base.reader;
	uint64		offset = csv->base.window.offset + csv->base.window.start;

	if (csv->quote_line != 0)
		return nvp_reader_fail(reader, csv->quote_line, offset,
							   "Check the quote character of the file, or raise max_record_bytes.",
							   "the quote opened in line " UINT64_FORMAT
							   " is not closed within " INT64_FORMAT " bytes",
							   csv->quote_line, reader->format.max_record_bytes);
	return nvp_reader_fail(reader, csv->line_no, offset,
						   "Check the encoding and line ends of the file, or raise max_record_bytes.",
						   "the record in line " UINT64_FORMAT " is longer than "
						   INT64_FORMAT " bytes",
						   csv->line_no, reader->format.max_record_bytes);
}

/* read_more gets the window's next bytes; false on errors, which are set */
static bool
read_more(NvpCsvReader *csv)
{
	switch (nvp_window_fill(&csv->base.window))
	{
		case NVP_FILL_OK:
			nvp_csv_reset(csv);
			return true;
		case NVP_FILL_TOO_LONG:
			return fail_too_long(csv);
		case NVP_FILL_ERROR:
			break;
	}
	return nvp_reader_fail_io(&csv->base.reader);
}

/* count_characters of UTF-8 text, blanks around it aside */
static uint32
count_characters(const char *text)
{
	const char *end = text + strlen(text);
	uint32		n = 0;

	while (*text == ' ')
		text++;
	while (end > text && end[-1] == ' ')
		end--;
	for (; text < end; text++)
		n += ((unsigned char) *text & 0xC0) != 0x80;
	return n;
}

/* underlines_names tells whether a row has dashes below all names, as many as they have characters, and no other cells */
static bool
underlines_names(const NvpCsvReader *csv, const NvpBatch *batch, int row)
{
	const NvpReader *reader = &csv->base.reader;
	uint32		most = 0;

	if (batch->ncols < reader->ncols || batch->rows[row].width != reader->ncols)
		return false;
	for (int col = 0; col < reader->ncols; col++)
	{
		const NvpCell *cell = nvp_batch_column(batch, col) + row;
		uint32		dashes = nvp_count_dashes(cell->ptr, cell->len);
		const char *name = reader->raw_header[col];

		if (dashes == 0 || (cell->flags & NVP_CELL_QUOTED) || name == NULL || dashes < count_characters(name))
			return false;
		most = Max(most, dashes);
	}
	return most >= (reader->ncols > 1 ? 2 : LEAST_ALONE);
}

/* is_drawn tells whether a row, which is not in the batch yet, is none but a line that a database client has drawn */
static bool
is_drawn(NvpCsvReader *csv, const NvpBatch *batch, int row)
{
	const NvpCell *cell = nvp_batch_column(batch, 0) + row;
	bool		is_alone = (batch->rows[row].width == 1);
	bool		is_pipe = (csv->signs.delimiter == '|');
	bool		was_ruled = csv->is_ruled;
	bool		is_ruler = is_alone && csv->needed != 1 ? is_pipe && nvp_is_crossed_ruler(cell->ptr, cell->ptr + cell->len) :
		csv->is_first && underlines_names(csv, batch, row);

	csv->is_ruled |= is_ruler;
	csv->is_first = false;
	csv->may_be_drawn = is_pipe || csv->is_ruled;
	return is_ruler || (was_ruled && is_alone && nvp_is_row_count(cell->ptr, cell->ptr + cell->len));
}

/* trim_cells takes the blanks away that fill up the cells of a drawn table */
static void
trim_cells(const NvpBatch *batch, int row)
{
	for (int col = 0; col < Min(batch->rows[row].width, batch->ncols); col++)
	{
		NvpCell    *cell = nvp_batch_column(batch, col) + row;

		if (cell->flags & NVP_CELL_QUOTED)
			continue;
		while (cell->len > 0 && *cell->ptr == ' ')
		{
			cell->ptr++;
			cell->len--;
		}
		while (cell->len > 0 && cell->ptr[cell->len - 1] == ' ')
			cell->len--;
	}
}

/* take_row adds a row to the batch, unless it was but drawn */
static void
take_row(NvpCsvReader *csv, NvpBatch *batch)
{
	if (unlikely(csv->may_be_drawn))
	{
		if (is_drawn(csv, batch, batch->nrows))
		{
			csv->base.reader.skipped_rows++;
			return;
		}
		if (csv->is_ruled)
			trim_cells(batch, batch->nrows);
	}
	batch->nrows++;
}

/*
 * read_rows fills up to max rows.  Bytes are read only while the batch is
 * empty, for reading moves the bytes that cells point to.
 */
static NvpReadStatus
read_rows(NvpCsvReader *csv, NvpBatch *batch, int max)
{
	NvpWindow  *window = &csv->base.window;

	while (batch->nrows < max)
	{
		NvpCsvRecord status = NVP_CSV_MORE;

		if (window->start < window->end)
		{
			csv->quote_line = 0;
			status = nvp_csv_record(csv, batch, batch->nrows);
		}
		if (status == NVP_CSV_ROW)
			take_row(csv, batch);
		else if (status == NVP_CSV_BLANK)
			csv->base.reader.blank_rows++;
		else if (batch->nrows > 0)
		{
			/* begin the record anew, after its predecessors were taken */
			nvp_csv_reset(csv);
			break;
		}
		else if (status == NVP_CSV_UNCLOSED)
		{
			fail_unclosed(csv);
			return NVP_READ_BAD;
		}
		else if (window->eof)
			return NVP_READ_END;
		else if (!read_more(csv))
			return NVP_READ_BAD;
	}
	return NVP_READ_OK;
}

/* begin_file goes to the first record; false on errors */
static bool
begin_file(NvpCsvReader *csv)
{
	NvpFill		fill = nvp_window_begin(&csv->base.window);

	csv->line_no = 1;
	csv->base.reader.blank_rows = 0;
	csv->base.reader.skipped_rows = 0;
	csv->may_be_drawn = (csv->signs.delimiter == '|');
	csv->is_first = csv->is_ruled = false;
	nvp_csv_reset(csv);
	if (fill == NVP_FILL_TOO_LONG)
		return fail_too_long(csv);
	return fill == NVP_FILL_OK || nvp_reader_fail_io(&csv->base.reader);
}

/* skip_preamble passes over the first skip_rows records, blank ones counted */
static bool
skip_preamble(NvpCsvReader *csv, NvpBatch *scratch)
{
	NvpReader  *reader = &csv->base.reader;

	while (reader->skipped_rows + reader->blank_rows < reader->format.skip_rows)
	{
		NvpWindow  *window = &csv->base.window;
		NvpCsvRecord status = NVP_CSV_MORE;

		if (window->start < window->end)
		{
			csv->quote_line = 0;
			status = nvp_csv_record(csv, scratch, 0);
		}
		if (status == NVP_CSV_ROW)
			reader->skipped_rows++;
		else if (status == NVP_CSV_BLANK)
			reader->blank_rows++;
		else if (status == NVP_CSV_UNCLOSED)
			return fail_unclosed(csv);
		else if (window->eof)
			break;
		else if (!read_more(csv))
			return false;
	}
	return true;
}

/* ---- names ------------------------------------------------------------------ */

/* column_name returns the name that the header gives to a column, "" for none */
static char *
column_name(const NvpCsvReader *csv, const NvpBatch *scratch, int col)
{
	if (!csv->base.reader.format.has_header)
		return pstrdup("");
	return nvp_header_name(&csv->upper, scratch, scratch->rows[0].width, col);
}

/* name_columns takes the header from the record in scratch, and the lines kept before */
static bool
name_columns(NvpCsvReader *csv, const NvpBatch *scratch)
{
	NvpReader  *reader = &csv->base.reader;
	uint32		width = scratch->rows[0].width;
	char	  **names;

	if (width > NVP_MAX_COLUMNS)
		return nvp_reader_fail(reader, scratch->rows[0].line_no, 0,
							   "Check the delimiter and the line ends of the file.",
							   "line " UINT64_FORMAT " has %u cells, more than the %d columns that are possible",
							   scratch->rows[0].line_no, width, NVP_MAX_COLUMNS);
	csv->needed = 1;
	names = palloc(sizeof(char *) * Max(width, 1));
	for (int col = 0; col < width; col++)
	{
		names[col] = column_name(csv, scratch, col);
		nvp_names_reserve_header(&csv->base.names, names[col], strlen(names[col]));
	}
	for (int col = 0; col < width; col++)
	{
		bool		is_named = names[col][0] != '\0';

		nvp_reader_add_column(reader, is_named ? names[col] : NULL, strlen(names[col]));
		if (is_named || !reader->format.has_header)
			csv->needed = col + 1;
	}
	pfree(names);
	return true;
}

/*
 * read_upper_lines passes over all lines of the header but the last, and keeps
 * them the first time; NVP_READ_OK if there are so many.
 */
static NvpReadStatus
read_upper_lines(NvpCsvReader *csv, NvpBatch *scratch, uint32 *width)
{
	NvpReader  *reader = &csv->base.reader;

	nvp_header_forget(&csv->upper);
	for (int line = 1; reader->format.has_header && line < reader->format.header_rows; line++)
	{
		NvpReadStatus status = read_rows(csv, scratch, 1);

		if (status != NVP_READ_OK)
			return status;
		*width = Max(*width, scratch->rows[0].width);
		if (reader->ncols == 0 && *width <= scratch->ncols)
			nvp_header_add_line(&csv->upper, scratch, scratch->rows[0].width);
		reader->skipped_rows++;
		scratch->nrows = 0;
	}
	return NVP_READ_OK;
}

/*
 * read_header goes to the first data row.  The first time it also names the
 * columns, for which it needs the first record even if that is data.
 *
 * out: *width, the cells of that record; more than scratch can hold means that
 *		nothing was done and the call is to be repeated with a wider one.
 */
static bool
read_header(NvpCsvReader *csv, NvpBatch *scratch, uint32 *width)
{
	NvpReader  *reader = &csv->base.reader;
	NvpReadStatus status;

	*width = 0;
	scratch->nrows = 0;
	if (!begin_file(csv) || !skip_preamble(csv, scratch))
		return false;
	if (!reader->format.has_header && reader->ncols > 0)
		return true;
	status = read_upper_lines(csv, scratch, width);
	if (status == NVP_READ_OK)
		status = read_rows(csv, scratch, 1);
	if (status == NVP_READ_BAD)
		return false;
	if (status == NVP_READ_END)
	{
		reader->error.is_empty = true;
		return true;
	}
	*width = Max(*width, scratch->rows[0].width);
	if (reader->format.has_header)
	{
		reader->skipped_rows++;
		csv->may_be_drawn = csv->is_first = true;
	}
	if (reader->ncols > 0 || (*width > scratch->ncols && *width <= NVP_MAX_COLUMNS))
		return true;
	return name_columns(csv, scratch);
}

/* one_row_batch makes a batch for a single record of any width */
static NvpBatch *
one_row_batch(int ncols)
{
	NvpBatch   *batch = palloc0(sizeof(NvpBatch));

	batch->ncols = batch->maxcols = ncols;
	batch->capacity = 1;
	batch->cells = palloc0(sizeof(NvpCell) * ncols);
	batch->rows = palloc0(sizeof(NvpRow));
	return batch;
}

/* go_to_data reads the header with a batch as wide as it needs */
static bool
go_to_data(NvpCsvReader *csv)
{
	NvpReader  *reader = &csv->base.reader;
	NvpBatch   *scratch = one_row_batch(Max(HEADER_COLUMNS, reader->ncols));
	uint32		width;
	bool		ok = read_header(csv, scratch, &width);

	if (ok && width > scratch->ncols && reader->ncols == 0)
	{
		nvp_batch_free(scratch);
		scratch = one_row_batch(width);
		ok = reader->source->rewind(reader->source) ?
			read_header(csv, scratch, &width) : nvp_reader_fail_io(reader);
	}
	nvp_batch_free(scratch);
	return ok;
}

static bool
csv_rewind(NvpReader *reader)
{
	if (!reader->source->rewind(reader->source))
		return nvp_reader_fail_io(reader);
	return go_to_data((NvpCsvReader *) reader);
}

static bool
csv_open(NvpReader *reader)
{
	NvpCsvReader  *csv = (NvpCsvReader *) reader;
	const NvpFormat *format = &reader->format;

	csv->has_quote = (format->quote != '\0');
	csv->has_escape = (format->escape != '\0' && format->escape != format->quote);
	csv->signs.delimiter = format->delimiter;
	csv->signs.quote = csv->has_quote ? format->quote : format->delimiter;
	csv->signs.escape = csv->has_escape ? format->escape : csv->signs.quote;
	csv->scan = csv->base.force_plain ? nvp_csv_scan_plain : nvp_csv_scan_best();
	csv->utf8 = csv->base.force_plain ? NULL : nvp_utf8_scan_best();
	csv->index = palloc(sizeof(uint32) * (NVP_CSV_SLICE_BYTES + NVP_CSV_SCAN_SLACK));
	if (!go_to_data(csv))
		return false;
	if (format->has_header || reader->ncols == 0)
		return true;
	return csv_rewind(reader);
}

static NvpReadStatus
csv_next(NvpReader *reader, NvpBatch *batch)
{
	if (reader->error.is_empty)
		return NVP_READ_END;
	return read_rows((NvpCsvReader *) reader, batch, batch->capacity);
}

static void
csv_close(NvpReader *reader)
{
	NvpCsvReader  *csv = (NvpCsvReader *) reader;

	if (csv->index)
		pfree(csv->index);
}

static const NvpReaderRoutine csv_routine = {
	.name = "csv",
	.open = csv_open,
	.next = csv_next,
	.rewind = csv_rewind,
	.close = csv_close
};

const NvpReaderEntry nvp_csv_entry = {NVP_FORMAT_CSV, sizeof(NvpCsvReader), &csv_routine};
