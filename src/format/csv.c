/*-------------------------------------------------------------------------
 *
 * csv.c
 *		Delimited text: CSV, TSV and their relatives.
 *
 * Flow:   window --(csv_scan)--> index of signs --(parse_record)--> cells
 *
 * The index holds the offsets of all bytes that can mean something (delimiter,
 * quote, escape, CR, LF) in a slice of the window.  parse_record goes from sign
 * to sign and never looks at the bytes between.  A record that the window does
 * not hold whole is given up and begun anew after more was read; nothing in the
 * buffer is altered before a record is complete, so that this is safe.
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

#include "format/csv_scan.h"
#include "format/reader_impl.h"

#define SLICE_BYTES		32768	/* scanned at a time */
#define CELL_ESCAPED	0x80	/* private cell flag: has escapes to take out */
#define NO_OFFSET		PG_UINT32_MAX
#define HEADER_COLUMNS	128		/* a wider header is read twice */

typedef struct CsvReader
{
	NvpReaderBase base;
	NvpCsvSigns signs;
	NvpCsvScanFunc scan;
	bool		has_quote;
	bool		has_escape;		/* one that is not the quote itself */
	uint32	   *index;			/* offsets of signs, ascending */
	uint32		nindex;
	uint32		next;			/* first entry of index not used */
	uint32		scanned;		/* signs before this offset are or were in index */
	bool		closed;			/* the end of the file was put into index as a line end */
	uint64		line_no;		/* of the byte at window.start */
	uint64		quote_line;		/* where the quote was opened that is still open, else 0 */
	int			needed;			/* rows with fewer cells are marked */
} CsvReader;

typedef enum RecordStatus
{
	RECORD_ROW,
	RECORD_BLANK,
	RECORD_MORE,				/* the window ends before the record does */
	RECORD_UNCLOSED				/* the file ends inside quotes */
} RecordStatus;

/* a record while it is parsed */
typedef struct Record
{
	uint32		at;				/* entry of index to use next */
	uint32		lines;			/* line ends inside quotes so far */
	uint32		surplus;		/* offset of the first surplus cell, or NO_OFFSET */
	bool		surplus_filled; /* one of them is not empty */
	bool		has_escapes;	/* some cell is CELL_ESCAPED */
	bool		has_stray;		/* some cell has text behind its quote */
} Record;

/*
 * refill_index scans on; false if the window is used up.  The end of a file
 * gets an LF of its own, so that its last record ends like any other.
 */
static pg_noinline bool
refill_index(CsvReader *csv, Record *record)
{
	NvpWindow  *window = &csv->base.window;

	csv->nindex = 0;
	record->at = 0;
	while (csv->nindex == 0 && csv->scanned < window->end)
	{
		uint32		to = csv->scanned + Min(SLICE_BYTES, window->end - csv->scanned);

		csv->nindex = csv->scan(window->buf, csv->scanned, to, &csv->signs, csv->index);
		csv->scanned = to;
	}
	if (csv->scanned == window->end && window->eof && !csv->closed)
	{
		window->buf[window->end] = '\n';
		csv->index[csv->nindex++] = window->end;
		csv->closed = true;
	}
	return csv->nindex > 0;
}

/* next_sign steps to the next sign at or behind offset from; false if there is none */
static inline bool
next_sign(CsvReader *csv, Record *record, uint32 from, uint32 *offset)
{
	do
	{
		if (record->at == csv->nindex && !refill_index(csv, record))
			return false;
		*offset = csv->index[record->at++];
	} while (*offset < from);
	return true;
}

/*
 * close_quote finds the quote that closes the one at open.
 *
 * out: its offset in *close; *flags gets CELL_ESCAPED if something inside is
 * escaped.
 */
static RecordStatus
close_quote(CsvReader *csv, Record *record, uint32 open, uint32 *close, uint8 *flags)
{
	const NvpWindow *window = &csv->base.window;
	const char *buf = window->buf;
	char		quote = csv->signs.quote;
	char		escape = csv->signs.escape;
	uint32		from = open + 1;
	uint32		at;

	csv->quote_line = csv->line_no + record->lines;
	while (next_sign(csv, record, from, &at))
	{
		char		c = buf[at];
		bool		is_last = (at + 1 >= window->end);

		if (at == window->end)
			return RECORD_UNCLOSED;
		if (c == quote || (c == escape && csv->has_escape))
		{
			char		after = buf[at + 1];

			if (is_last && !window->eof)
				return RECORD_MORE;
			if (!is_last && (after == quote || (c == escape && after == escape)))
			{
				*flags |= CELL_ESCAPED;
				from = at + 2;
			}
			else if (c == quote)
			{
				csv->quote_line = 0;
				*close = at;
				return RECORD_ROW;
			}
		}
		else if (c == '\n')
			record->lines++;
		else if (c == '\r')
		{
			if (is_last && !window->eof)
				return RECORD_MORE;
			if (is_last || buf[at + 1] != '\n')
				record->lines++;
		}
	}
	return RECORD_MORE;
}

static inline bool
ends_cell(const CsvReader *csv, char c)
{
	return c == csv->signs.delimiter || c == '\n' || c == '\r';
}

/*
 * quoted_cell reads on from the quote at start to the sign that ends the cell.
 *
 * out: the cell's bytes [*from, *to), its flags, the ending sign in *end.
 */
static pg_noinline RecordStatus
quoted_cell(CsvReader *csv, Record *record, uint32 start,
			uint32 *from, uint32 *to, uint8 *flags, uint32 *end)
{
	const char *buf = csv->base.window.buf;
	uint32		close;
	RecordStatus status;

	*flags = NVP_CELL_QUOTED;
	status = close_quote(csv, record, start, &close, flags);
	if (status != RECORD_ROW)
		return status;
	do
	{
		if (!next_sign(csv, record, close + 1, end))
			return RECORD_MORE;
	} while (!ends_cell(csv, buf[*end]));
	if (*end == close + 1)
	{
		*from = start + 1;
		*to = close;
	}
	else
	{
		*from = start;
		*to = *end;
		*flags = 0;
		record->has_stray = true;
	}
	if (*flags & CELL_ESCAPED)
		record->has_escapes = true;
	return RECORD_ROW;
}

/*
 * bare_sign deals with a quote or escape outside quotes: text, unless it is an
 * escape in a file without quotes, which covers the sign behind it.
 */
static pg_noinline RecordStatus
bare_sign(CsvReader *csv, Record *record, uint32 at, uint8 *flags)
{
	const NvpWindow *window = &csv->base.window;
	const char *buf = window->buf;
	uint32		covered = 1;

	if (csv->has_quote || buf[at] != csv->signs.escape)
		return RECORD_ROW;
	if (at + 2 >= window->end && !window->eof)
		return RECORD_MORE;
	if (at + 1 >= window->end ||
		(!ends_cell(csv, buf[at + 1]) && buf[at + 1] != csv->signs.escape))
		return RECORD_ROW;
	if (buf[at + 1] == '\r' && at + 2 < window->end && buf[at + 2] == '\n')
		covered = 2;
	if (buf[at + 1] == '\r' || buf[at + 1] == '\n')
		record->lines++;
	*flags |= CELL_ESCAPED;
	record->has_escapes = true;
	for (uint32 i = 1, skipped; i <= covered; i++)
		if (!next_sign(csv, record, at + i, &skipped))
			return RECORD_MORE;
	return RECORD_ROW;
}

/* take_escapes removes the escapes of a cell in place */
static void
take_escapes(const CsvReader *csv, NvpCell *cell)
{
	char	   *out = unconstify(char *, cell->ptr);
	const char *in = cell->ptr;
	const char *end = in + cell->len;
	bool		quoted = (cell->flags & NVP_CELL_QUOTED) != 0;
	char		quote = csv->signs.quote;
	char		escape = csv->signs.escape;

	while (in < end)
	{
		char		c = *in;

		if (in + 1 < end)
		{
			char		after = in[1];

			if (quoted ?
				((c == quote && after == quote) ||
				 (csv->has_escape && c == escape && (after == quote || after == escape))) :
				(c == escape && (after == escape || ends_cell(csv, after))))
				c = *++in;
		}
		*out++ = c;
		in++;
	}
	cell->len = out - cell->ptr;
	cell->flags &= ~CELL_ESCAPED;
}

/* finish_row sets the row's line, width and code, and the cells it lacks */
static inline void
finish_row(CsvReader *csv, NvpBatch *batch, int row, const Record *record,
		   uint32 width, uint32 end)
{
	NvpRow	   *r = &batch->rows[row];

	r->line_no = csv->line_no;
	r->width = width;
	r->code = NVP_ROW_FINE;
	r->unused = 0;
	r->extra = NULL;
	r->extra_len = 0;
	if (likely(width == batch->ncols && !record->has_escapes && !record->has_stray))
		return;
	if (record->has_stray)
		r->code = NVP_ROW_STRAY_QUOTE;
	if (width < csv->needed)
		r->code = NVP_ROW_TOO_FEW;
	for (int col = width; col < batch->ncols; col++)
		nvp_cell_set(nvp_batch_column(batch, col) + row, NULL, 0, NVP_CELL_NULL, 0);
	if (record->has_escapes)
	{
		for (int col = 0; col < Min(width, batch->ncols); col++)
		{
			NvpCell    *cell = nvp_batch_column(batch, col) + row;

			if (cell->flags & CELL_ESCAPED)
				take_escapes(csv, cell);
		}
	}
	if (record->surplus_filled)
	{
		r->code = NVP_ROW_TOO_MANY;
		r->extra = csv->base.window.buf + record->surplus;
		r->extra_len = end - record->surplus;
	}
}

/*
 * parse_record tokenises the record at window.start into a row of the batch and
 * moves window.start behind it.  Only for RECORD_ROW and RECORD_BLANK has
 * anything changed.
 */
static RecordStatus
parse_record(CsvReader *csv, NvpBatch *batch, int row)
{
	NvpWindow  *window = &csv->base.window;
	const char *buf = window->buf;
	const uint32 *index = csv->index;
	uint32		nindex = csv->nindex;
	uint32		at = csv->next;
	const size_t stride = batch->capacity;
	const char	delimiter = csv->signs.delimiter;
	NvpCell    *cell = batch->cells + row;
	const NvpCell *limit = batch->cells + stride * batch->ncols;
	Record		record = {.surplus = NO_OFFSET};
	uint32		start = window->start;
	uint32		width = 0;
	uint32		end;
	uint8		flags = 0;
	bool		is_blank;

	for (;;)
	{
		uint32		from = start;
		uint32		to;

		if (unlikely(at == nindex))
		{
			if (!refill_index(csv, &record))
				return RECORD_MORE;
			at = 0;
			nindex = csv->nindex;
		}
		end = to = index[at++];
		if (unlikely(buf[end] != delimiter && buf[end] != '\n' && buf[end] != '\r'))
		{
			bool		is_quoted = (end == start && csv->has_quote && buf[end] == csv->signs.quote);
			RecordStatus status;

			record.at = at;
			status = is_quoted ?
				quoted_cell(csv, &record, start, &from, &to, &flags, &end) :
				bare_sign(csv, &record, end, &flags);
			if (status != RECORD_ROW)
				return status;
			at = record.at;
			nindex = csv->nindex;
			if (!is_quoted)
				continue;
		}
		if (likely(cell < limit))
			nvp_cell_set(cell, buf + from, to - from, NVP_CELL_TEXT, flags);
		else
		{
			if (record.surplus == NO_OFFSET)
				record.surplus = start;
			record.surplus_filled |= (to > from);
		}
		width++;
		cell += stride;
		start = end + 1;
		if (buf[end] != delimiter)
			break;
		flags = 0;
	}

	/* CR LF is one line end */
	record.at = at;
	if (buf[end] == '\r')
	{
		if (start >= window->end && !window->eof)
			return RECORD_MORE;
		if (start < window->end && buf[start] == '\n')
		{
			uint32		lf;

			(void) next_sign(csv, &record, start, &lf);
			start++;
		}
	}
	csv->next = record.at;
	is_blank = (width == 1 && end == window->start);
	if (!is_blank)
		finish_row(csv, batch, row, &record, width, end);
	csv->line_no += record.lines + 1;
	window->start = Min(start, window->end);
	return is_blank ? RECORD_BLANK : RECORD_ROW;
}

/* reset_index makes parse_record begin at window.start with a fresh scan */
static void
reset_index(CsvReader *csv)
{
	csv->next = csv->nindex = 0;
	csv->scanned = csv->base.window.start;
	csv->closed = false;
}

static bool
fail_unclosed(CsvReader *csv)
{
	return nvp_reader_fail(&csv->base.reader, csv->quote_line,
						   csv->base.window.offset + csv->base.window.start,
						   "Close the quote, or set the quote character of the file; null means that there is none.",
						   "the quote opened in line " UINT64_FORMAT " is never closed",
						   csv->quote_line);
}

static bool
fail_too_long(CsvReader *csv)
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
read_more(CsvReader *csv)
{
	switch (nvp_window_fill(&csv->base.window))
	{
		case NVP_FILL_OK:
			reset_index(csv);
			return true;
		case NVP_FILL_TOO_LONG:
			return fail_too_long(csv);
		case NVP_FILL_ERROR:
			break;
	}
	return nvp_reader_fail_io(&csv->base.reader);
}

/*
 * read_rows fills up to max rows.  Bytes are read only while the batch is
 * empty, for reading moves the bytes that cells point to.
 */
static NvpReadStatus
read_rows(CsvReader *csv, NvpBatch *batch, int max)
{
	NvpWindow  *window = &csv->base.window;

	while (batch->nrows < max)
	{
		RecordStatus status = RECORD_MORE;

		if (window->start < window->end)
		{
			csv->quote_line = 0;
			status = parse_record(csv, batch, batch->nrows);
		}
		if (status == RECORD_ROW)
			batch->nrows++;
		else if (status == RECORD_BLANK)
			csv->base.reader.blank_rows++;
		else if (batch->nrows > 0)
		{
			/* begin the record anew, after its predecessors were taken */
			reset_index(csv);
			break;
		}
		else if (status == RECORD_UNCLOSED)
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
begin_file(CsvReader *csv)
{
	NvpFill		fill = nvp_window_begin(&csv->base.window);

	csv->line_no = 1;
	csv->base.reader.blank_rows = 0;
	csv->base.reader.skipped_rows = 0;
	reset_index(csv);
	if (fill == NVP_FILL_TOO_LONG)
		return fail_too_long(csv);
	return fill == NVP_FILL_OK || nvp_reader_fail_io(&csv->base.reader);
}

/* skip_preamble passes over the first skip_rows records, blank ones counted */
static bool
skip_preamble(CsvReader *csv, NvpBatch *scratch)
{
	NvpReader  *reader = &csv->base.reader;

	while (reader->skipped_rows + reader->blank_rows < reader->format.skip_rows)
	{
		NvpWindow  *window = &csv->base.window;
		RecordStatus status = RECORD_MORE;

		if (window->start < window->end)
		{
			csv->quote_line = 0;
			status = parse_record(csv, scratch, 0);
		}
		if (status == RECORD_ROW)
			reader->skipped_rows++;
		else if (status == RECORD_BLANK)
			reader->blank_rows++;
		else if (status == RECORD_UNCLOSED)
			return fail_unclosed(csv);
		else if (window->eof)
			break;
		else if (!read_more(csv))
			return false;
	}
	return true;
}

/* name_columns takes the header from the record in scratch */
static bool
name_columns(CsvReader *csv, const NvpBatch *scratch)
{
	NvpReader  *reader = &csv->base.reader;
	uint32		width = scratch->rows[0].width;

	if (width > NVP_MAX_COLUMNS)
		return nvp_reader_fail(reader, scratch->rows[0].line_no, 0,
							   "Check the delimiter and the line ends of the file.",
							   "line " UINT64_FORMAT " has %u cells, more than the %d columns that are possible",
							   scratch->rows[0].line_no, width, NVP_MAX_COLUMNS);
	csv->needed = 1;
	for (int col = 0; reader->format.has_header && col < width; col++)
	{
		const NvpCell *cell = nvp_batch_column(scratch, col);

		nvp_names_reserve_header(&csv->base.names, cell->ptr, cell->len);
	}
	for (int col = 0; col < width; col++)
	{
		const NvpCell *cell = nvp_batch_column(scratch, col);
		bool		is_named = reader->format.has_header && cell->len > 0;

		nvp_reader_add_column(reader, is_named ? cell->ptr : NULL, cell->len);
		if (is_named || !reader->format.has_header)
			csv->needed = col + 1;
	}
	return true;
}

/*
 * read_header goes to the first data row.  The first time it also names the
 * columns, for which it needs the first record even if that is data.
 *
 * out: *width, the cells of that record; more than scratch can hold means that
 *		nothing was done and the call is to be repeated with a wider one.
 */
static bool
read_header(CsvReader *csv, NvpBatch *scratch, uint32 *width)
{
	NvpReader  *reader = &csv->base.reader;
	NvpReadStatus status;

	*width = 0;
	scratch->nrows = 0;
	if (!begin_file(csv) || !skip_preamble(csv, scratch))
		return false;
	if (!reader->format.has_header && reader->ncols > 0)
		return true;
	status = read_rows(csv, scratch, 1);
	if (status == NVP_READ_BAD)
		return false;
	if (status == NVP_READ_END)
	{
		reader->error.is_empty = true;
		return true;
	}
	*width = scratch->rows[0].width;
	if (reader->format.has_header)
		reader->skipped_rows++;
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
go_to_data(CsvReader *csv)
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
	return go_to_data((CsvReader *) reader);
}

static bool
csv_open(NvpReader *reader)
{
	CsvReader  *csv = (CsvReader *) reader;
	const NvpFormat *format = &reader->format;

	csv->has_quote = (format->quote != '\0');
	csv->has_escape = (format->escape != '\0' && format->escape != format->quote);
	csv->signs.delimiter = format->delimiter;
	csv->signs.quote = csv->has_quote ? format->quote : format->delimiter;
	csv->signs.escape = csv->has_escape ? format->escape : csv->signs.quote;
	csv->scan = csv->base.force_plain ? nvp_csv_scan_plain : nvp_csv_scan_best();
	csv->index = palloc(sizeof(uint32) * (SLICE_BYTES + NVP_CSV_SCAN_SLACK));
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
	return read_rows((CsvReader *) reader, batch, batch->capacity);
}

static void
csv_close(NvpReader *reader)
{
	CsvReader  *csv = (CsvReader *) reader;

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

const NvpReaderEntry nvp_csv_entry = {NVP_FORMAT_CSV, sizeof(CsvReader), &csv_routine};
