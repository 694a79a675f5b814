/*-------------------------------------------------------------------------
 *
 * csv_record.c
 *		One record of delimited text: from signs to cells.
 *
 * Flow:   window --(csv_scan)--> index of signs --(nvp_csv_record)--> cells
 *
 * The index holds the offsets of all bytes that can mean something (delimiter,
 * quote, escape, CR, LF) in a slice of the window.  nvp_csv_record goes from
 * sign to sign and never looks at the bytes between.  A record that the window
 * does not hold whole is given up and begun anew after more was read; nothing in
 * the buffer is altered before a record is complete, so that this is safe.
 *
 * Errors: returned as NvpCsvRecord, without a message.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: RFC 4180.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/csv_impl.h"

#define CELL_ESCAPED	0x80	/* private cell flag: has escapes to take out */
#define NO_OFFSET		PG_UINT32_MAX

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
 * check_utf8 looks at the slice that was just scanned.  Its end may cut a
 * character, whose bytes then are left to the next slice: no cell ends there.
 */
static void
check_utf8(NvpCsvReader *csv, uint32 to)
{
	const char *buf = csv->base.window.buf;
	bool		is_last = (csv->base.window.eof && to == csv->base.window.end);
	uint32		end = to;

	for (int i = 1; i <= 3 && !is_last && csv->checked + i <= to; i++)
	{
		unsigned char c = buf[to - i];

		if (c < 0x80)
			break;
		if (c >= 0xC0)
		{
			if (c >= (i == 1 ? 0xC0 : i == 2 ? 0xE0 : 0xF0))
				end = to - i;
			break;
		}
	}
	if (!csv->utf8(buf + csv->checked, end - csv->checked))
		csv->valid_from = to;
	csv->checked = end;
}

/*
 * refill_index scans on; false if the window is used up.  The end of a file
 * gets an LF of its own, so that its last record ends like any other.
 */
static pg_noinline bool
refill_index(NvpCsvReader *csv, Record *record)
{
	NvpWindow  *window = &csv->base.window;

	csv->nindex = 0;
	record->at = 0;
	while (csv->nindex == 0 && csv->scanned < window->end)
	{
		uint32		to = csv->scanned + Min(NVP_CSV_SLICE_BYTES, window->end - csv->scanned);

		csv->nindex = csv->scan(window->buf, csv->scanned, to, &csv->signs, csv->index);
		csv->scanned = to;
		if (csv->utf8)
			check_utf8(csv, to);
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
next_sign(NvpCsvReader *csv, Record *record, uint32 from, uint32 *offset)
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
static NvpCsvRecord
close_quote(NvpCsvReader *csv, Record *record, uint32 open, uint32 *close, uint8 *flags)
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
			return NVP_CSV_UNCLOSED;
		if (c == quote || (c == escape && csv->has_escape))
		{
			char		after = buf[at + 1];

			if (is_last && !window->eof)
				return NVP_CSV_MORE;
			if (!is_last && (after == quote || (c == escape && after == escape)))
			{
				*flags |= CELL_ESCAPED;
				from = at + 2;
			}
			else if (c == quote)
			{
				csv->quote_line = 0;
				*close = at;
				return NVP_CSV_ROW;
			}
		}
		else if (c == '\n')
			record->lines++;
		else if (c == '\r')
		{
			if (is_last && !window->eof)
				return NVP_CSV_MORE;
			if (is_last || buf[at + 1] != '\n')
				record->lines++;
		}
	}
	return NVP_CSV_MORE;
}

static inline bool
ends_cell(const NvpCsvReader *csv, char c)
{
	return c == csv->signs.delimiter || c == '\n' || c == '\r';
}

/*
 * quoted_cell reads on from the quote at start to the sign that ends the cell.
 *
 * out: the cell's bytes [*from, *to), its flags, the ending sign in *end.
 */
static pg_noinline NvpCsvRecord
quoted_cell(NvpCsvReader *csv, Record *record, uint32 start,
			uint32 *from, uint32 *to, uint8 *flags, uint32 *end)
{
	const char *buf = csv->base.window.buf;
	uint32		close;
	NvpCsvRecord status;

	*flags = NVP_CELL_QUOTED;
	status = close_quote(csv, record, start, &close, flags);
	if (status != NVP_CSV_ROW)
		return status;
	do
	{
		if (!next_sign(csv, record, close + 1, end))
			return NVP_CSV_MORE;
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
	return NVP_CSV_ROW;
}

/*
 * bare_sign deals with a quote or escape outside quotes: text, unless it is an
 * escape in a file without quotes, which covers the sign behind it.  Where the
 * window ends too early to tell, the record is not complete either, and all of
 * it will be parsed again.
 */
static pg_noinline NvpCsvRecord
bare_sign(NvpCsvReader *csv, Record *record, uint32 at, uint8 *flags)
{
	const NvpWindow *window = &csv->base.window;
	const char *buf = window->buf;
	uint32		covered = 1;

	if (csv->has_quote || buf[at] != csv->signs.escape)
		return NVP_CSV_ROW;
	if (at + 1 >= window->end ||
		(!ends_cell(csv, buf[at + 1]) && buf[at + 1] != csv->signs.escape))
		return NVP_CSV_ROW;
	if (buf[at + 1] == '\r' && at + 2 < window->end && buf[at + 2] == '\n')
		covered = 2;
	if (buf[at + 1] == '\r' || buf[at + 1] == '\n')
		record->lines++;
	*flags |= CELL_ESCAPED;
	record->has_escapes = true;
	for (uint32 i = 1, skipped; i <= covered; i++)
		if (!next_sign(csv, record, at + i, &skipped))
			return NVP_CSV_MORE;
	return NVP_CSV_ROW;
}

/* take_escapes removes the escapes of a cell in place */
static void
take_escapes(const NvpCsvReader *csv, NvpCell *cell)
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
finish_row(NvpCsvReader *csv, NvpBatch *batch, int row, const Record *record,
		   uint32 width, uint32 end)
{
	NvpRow	   *r = &batch->rows[row];

	r->line_no = csv->line_no;
	r->width = width;
	r->code = NVP_ROW_FINE;
	r->sheet = 0;
	r->extra = NULL;
	r->extra_len = 0;
	if (likely(width == batch->ncols && !record->has_escapes && !record->has_stray))
		return;
	if (record->has_stray)
		r->code = record->lines > 0 ? NVP_ROW_BROKEN_QUOTE : NVP_ROW_STRAY_QUOTE;
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
 * nvp_csv_record tokenises the record at window.start into a row of the batch
 * and moves window.start behind it.
 *
 * out: only for NVP_CSV_ROW and NVP_CSV_BLANK has anything changed.
 */
NvpCsvRecord
nvp_csv_record(NvpCsvReader *csv, NvpBatch *batch, int row)
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
				return NVP_CSV_MORE;
			at = 0;
			nindex = csv->nindex;
		}
		end = to = index[at++];
		if (unlikely(buf[end] != delimiter && buf[end] != '\n' && buf[end] != '\r'))
		{
			bool		is_quoted = (end == start && csv->has_quote && buf[end] == csv->signs.quote);
			NvpCsvRecord status;

			record.at = at;
			status = is_quoted ?
				quoted_cell(csv, &record, start, &from, &to, &flags, &end) :
				bare_sign(csv, &record, end, &flags);
			if (status != NVP_CSV_ROW)
				return status;
			at = record.at;
			nindex = csv->nindex;
			if (!is_quoted)
				continue;
		}
		if (likely(cell < limit))
			nvp_cell_set(cell, buf + from, to - from, NVP_CELL_TEXT,
						 flags | (from >= csv->valid_from ? NVP_CELL_UTF8 : 0));
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
			return NVP_CSV_MORE;
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
	return is_blank ? NVP_CSV_BLANK : NVP_CSV_ROW;
}

/* nvp_csv_reset makes nvp_csv_record begin at window.start with a fresh scan. */
void
nvp_csv_reset(NvpCsvReader *csv)
{
	csv->next = csv->nindex = 0;
	csv->scanned = csv->checked = csv->base.window.start;
	csv->valid_from = csv->utf8 ? csv->base.window.start : PG_UINT32_MAX;
	csv->closed = false;
}
