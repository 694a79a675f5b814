/*-------------------------------------------------------------------------
 *
 * sniff_sheet.c
 *		Where the table of a workbook begins, and what its columns are.
 *
 * Flow:   reader without header --> first rows --> records, as delimited text has
 *		   them --> [sniff_header.c, sniff_type.c] --> numbers of rows again
 *
 * The rows of a sheet have no number of cells of their own, and blank rows are no
 * records.  So a row is given the width of the table, unless it stands above it
 * and is plainly something else: a single text, a few cells at the left, a few
 * with a number among them.  Such rows are as wide as they have values.
 *
 * What the file says of the type of a cell is believed.  In a column that holds
 * real numbers, dates or booleans a text is a text, whatever it looks like; in
 * others the texts are looked at, for numbers are often kept as texts.
 *
 * Memory: at most MOST_ROWS rows of MOST_COLUMNS cells and MOST_BYTES of text, for
 *		   the time of the call.
 * Errors: those of the reader.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "base/arena.h"
#include "format/sniff_impl.h"

#define MOST_ROWS		NVP_SNIFF_RECORDS
#define MOST_COLUMNS	256		/* that are looked at */
#define MOST_TEXT		256		/* bytes of a cell that are looked at */
#define MOST_BYTES		(8 * 1024 * 1024)
#define HEADER_ROWS		50		/* the names of the columns stand in one of these */

/* a row, before it is decided how wide it counts as a record */
typedef struct SheetRow
{
	int			filled;			/* cells with a value */
	int			extent;			/* behind the last of them */
	bool		is_text;		/* all of them are texts or years */
} SheetRow;

typedef struct SheetSample
{
	NvpSniffReading reading;
	int			ncols;			/* of each row, that are looked at */
	SheetRow	rows[MOST_ROWS];
	int			places[MOST_ROWS + 1];	/* skip_rows with which the row is the first */
	NvpArena	texts;
	size_t		bytes;			/* of them */
	int			sheet;			/* whose rows they are */
} SheetSample;

/* ---- rows -------------------------------------------------------------------- */

static bool
is_filled(const NvpCell *cell)
{
	return cell->kind != NVP_CELL_NULL && (cell->len > 0 || cell->kind != NVP_CELL_TEXT);
}

/* is_moment knows what the readers make of dates and times */
static bool
is_moment(const NvpCell *cell)
{
	const char *p = cell->ptr;

	if (cell->len >= 10 && isdigit((unsigned char) p[0]) && p[4] == '-' && p[7] == '-' && isdigit((unsigned char) p[9]))
		return true;
	return cell->len >= 8 && isdigit((unsigned char) p[0]) && p[2] == ':' && p[5] == ':';
}

/* number_type tells whole numbers from others, by how they are written */
static NvpFieldType
number_type(const NvpCell *cell)
{
	if (cell->flags & NVP_CELL_PERCENT)
		return NVP_FIELD_DECIMAL;
	for (uint32 i = 0; i < cell->len; i++)
		if (!isdigit((unsigned char) cell->ptr[i]) && cell->ptr[i] != '-')
			return NVP_FIELD_DECIMAL;
	return NVP_FIELD_INTEGER;
}

/* take_cell copies a cell as far as it is looked at; texts get their type later */
static void
take_cell(SheetSample *sample, const NvpCell *from, NvpSniffCell *to)
{
	char	   *copy;

	memset(to, 0, sizeof(*to));
	to->type = NVP_FIELD_EMPTY;
	if (!is_filled(from))
		return;
	to->len = Min(from->len, MOST_TEXT);
	copy = nvp_arena_alloc(&sample->texts, Max(to->len, 1));
	memcpy(copy, from->ptr, to->len);
	to->ptr = copy;
	sample->bytes += to->len;
	if (from->kind == NVP_CELL_NUMBER)
		to->type = number_type(from);
	else if (from->kind == NVP_CELL_BOOL)
		to->type = NVP_FIELD_BOOLEAN;
	else if (from->kind == NVP_CELL_TEXT)
		to->type = is_moment(from) ? NVP_FIELD_DATE : NVP_FIELD_TEXT;
	to->is_typed = (to->type != NVP_FIELD_TEXT && to->type != NVP_FIELD_EMPTY);
}

static void
take_row(SheetSample *sample, const NvpBatch *batch, int r, int width)
{
	NvpSniffReading *reading = &sample->reading;
	int			n = reading->nrecords++;
	SheetRow   *row = &sample->rows[n];

	memset(row, 0, sizeof(*row));
	row->is_text = true;
	sample->places[n] = n == 0 ? 0 : (int) batch->rows[r].line_no - 1;
	sample->places[n + 1] = (int) batch->rows[r].line_no;
	reading->records[n].first = reading->ncells;
	for (int col = 0; col < width; col++)
	{
		const NvpCell *cell = nvp_batch_column(batch, col) + r;
		bool		has_value = is_filled(cell);

		row->filled += has_value;
		row->extent = has_value ? col + 1 : row->extent;
		if (col >= sample->ncols)
			continue;
		take_cell(sample, cell, &reading->cells[reading->ncells]);
		row->is_text &= !has_value || nvp_sniff_names_group(&reading->cells[reading->ncells]);
		reading->ncells++;
	}
}

/* take_rows reads on until it has seen enough of the first sheet; false: reader->error is set */
static bool
take_rows(NvpReader *reader, SheetSample *sample, int width)
{
	NvpBatch   *batch = nvp_batch_create(reader->ncols);
	NvpReadStatus status = NVP_READ_OK;
	bool		is_enough = false;

	while (!is_enough && (status = nvp_reader_next(reader, batch)) == NVP_READ_OK)
	{
		for (int r = 0; r < batch->nrows && !is_enough; r++)
		{
			/* of all sheets the header is the same */
			is_enough = sample->reading.nrecords > 0 && batch->rows[r].sheet != sample->sheet;
			sample->sheet = batch->rows[r].sheet;
			if (!is_enough)
				take_row(sample, batch, r, width);
			is_enough |= sample->reading.nrecords == MOST_ROWS || sample->bytes > MOST_BYTES;
		}
	}
	nvp_batch_free(batch);
	return status != NVP_READ_BAD;
}

/* ---- records ------------------------------------------------------------------ */

/* look_at_texts gives texts a type in columns where the file says nothing of types */
static void
look_at_texts(SheetSample *sample)
{
	NvpSniffReading *reading = &sample->reading;

	for (int col = 0; col < sample->ncols; col++)
	{
		int			typed = 0;
		int			filled = 0;

		for (int r = 0; r < reading->nrecords; r++)
		{
			const NvpSniffCell *cell = nvp_sniff_cell(reading, r, col);

			filled += (cell->type != NVP_FIELD_EMPTY);
			typed += cell->is_typed;
		}
		for (int r = 0; r < reading->nrecords; r++)
		{
			NvpSniffCell *cell = &reading->cells[reading->records[r].first + col];

			if (cell->type != NVP_FIELD_TEXT)
				continue;
			cell->type = nvp_sniff_type(cell->ptr, cell->ptr + cell->len);
			if (typed * 4 >= filled && cell->type != NVP_FIELD_EMPTY)
				cell->type = NVP_FIELD_TEXT;
		}
	}
}

/*
 * table_width finds how many columns the table has: as many as half of the rows
 * reach, or, where the last ones are mostly empty, as have a name.
 */
static int
table_width(const SheetSample *sample)
{
	int			nrows = sample->reading.nrecords;
	int			most = 0;
	int			width = 0;
	int			names = 0;

	for (int i = 0; i < nrows; i++)
	{
		int			n = 0;

		for (int k = 0; k < nrows; k++)
			n += (sample->rows[k].extent >= sample->rows[i].extent);
		if (n * 2 >= nrows)
			width = Max(width, sample->rows[i].extent);
	}
	for (int i = 0; i < Min(nrows, HEADER_ROWS); i++)
	{
		const SheetRow *row = &sample->rows[i];

		if (row->extent > most && row->is_text && row->filled == row->extent)
			names = row->extent;
		most = Max(most, row->extent);
	}
	return Max(width, names);
}

/* is_narrow: no row of the table, nor names of its columns or of groups of them */
static bool
is_narrow(const SheetRow *row, int width)
{
	if (row->filled == 1 && width > 2)
		return true;
	if (row->extent * 2 <= width)
		return true;
	return row->filled * 2 <= width && !row->is_text;
}

static void
give_widths(SheetSample *sample)
{
	NvpSniffReading *reading = &sample->reading;
	int			width = table_width(sample);
	bool		is_above = true;	/* the table has not begun; rows of it may be as sparse as they like */

	reading->width = width;
	for (int r = 0; r < reading->nrecords; r++)
	{
		is_above = is_above && is_narrow(&sample->rows[r], width);
		reading->records[r].width = is_above ? Max(1, Min(sample->rows[r].filled, width / 2)) : width;
	}
	reading->preamble = nvp_sniff_preamble(reading);
}

/* ---- verdicts ------------------------------------------------------------------- */

/* pinned_record returns the first record behind the rows that are to be passed over */
static int
pinned_record(const SheetSample *sample, int skip_rows)
{
	int			r = 0;

	while (r < sample->reading.nrecords && sample->places[r + 1] <= skip_rows)
		r++;
	return r;
}

/* header_extent returns the columns that have a name, those of a table without names */
static int
header_extent(const SheetSample *sample, const NvpFormat *format, int all)
{
	int			extent = 0;

	if (!format->has_header)
		return all;
	for (int r = format->skip_rows; r < Min(format->skip_rows + format->header_rows, sample->reading.nrecords); r++)
		extent = Max(extent, sample->rows[r].extent);
	return extent;
}

static void
judge(SheetSample *sample, const NvpSniffPins *pins, NvpSniff *sniff, int all)
{
	NvpSniffPins own = *pins;
	int			pinned = pinned_record(sample, pins->format.skip_rows);

	if (pins->has_skip_rows)
	{
		own.format.skip_rows = pinned;
		sample->places[pinned] = pins->format.skip_rows;
	}
	look_at_texts(sample);
	give_widths(sample);
	nvp_sniff_header(&sample->reading, &own, sniff);
	nvp_sniff_fields(&sample->reading, sniff);
	nvp_sniff_transposed(&sample->reading, sniff);
	sniff->ncols = header_extent(sample, &sniff->format, all);
	nvp_sniff_move_header(sniff, sample->places);
}

/*
 * nvp_sniff_sheet decides on the header of a workbook.
 *
 * in: a reader that was opened to read without a header; what is settled.
 * out: has_header, header_rows and skip_rows of sniff->format, the verdicts about
 *		them, columns and fields.
 */
bool
nvp_sniff_sheet(NvpReader *reader, const NvpSniffPins *pins, NvpSniff *sniff)
{
	SheetSample *sample = palloc0(sizeof(SheetSample));
	NvpSniffReading *reading = &sample->reading;
	/* the name of the sheet is no value of the table */
	bool		is_all = reader->format.sheet && strcmp(reader->format.sheet, "*") == 0;
	int			width = Max(0, reader->ncols - is_all);
	bool		ok;

	sample->ncols = Min(width, MOST_COLUMNS);
	reading->records = palloc0(sizeof(NvpSniffRecord) * (MOST_ROWS + 1));
	reading->cells = palloc(sizeof(NvpSniffCell) * Max(1, MOST_ROWS * sample->ncols));
	nvp_arena_init(&sample->texts);
	ok = take_rows(reader, sample, width);
	if (ok)
		judge(sample, pins, sniff, width);
	nvp_arena_free(&sample->texts);
	pfree(reading->cells);
	pfree(reading->records);
	pfree(sample);
	return ok;
}
