/*-------------------------------------------------------------------------
 *
 * sheet.c
 *		What all readers of workbooks share: headers, and which rows count.
 *
 * Flow:   open: choose sheets, read the header of each; next: rows of one sheet
 *		   after the other, no batch with rows of two
 *
 * See sheet.h for what is read, memory and errors.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/sheet.h"

#define SURVEY_ROWS		1000	/* that settle the width of a sheet without a header */
#define SHOWN_NAME		60		/* bytes of a header shown in errors */

/* ---- cells ---------------------------------------------------------------- */

/* nvp_sheet_add lists a sheet of the workbook. */
NvpSheetInfo *
nvp_sheet_add(NvpSheetReader *reader, const char *name)
{
	NvpSheetInfo *sheet;

	if (reader->nsheets == reader->maxsheets)
	{
		reader->maxsheets = Max(8, reader->maxsheets * 2);
		reader->sheets = reader->sheets ?
			repalloc(reader->sheets, sizeof(NvpSheetInfo) * reader->maxsheets) :
			palloc(sizeof(NvpSheetInfo) * reader->maxsheets);
	}
	sheet = &reader->sheets[reader->nsheets++];
	memset(sheet, 0, sizeof(NvpSheetInfo));
	sheet->name = nvp_text_escape_invalid(name, strlen(name));
	sheet->is_table = true;
	return sheet;
}

/* fill_null sets the cells before column col that were left out */
static void
fill_null(NvpSheetRow *row, int col)
{
	for (; row->filled < col; row->filled++)
	{
		nvp_cell_set(row->next, NULL, 0, NVP_CELL_NULL, 0);
		row->next += row->stride;
	}
}

/* nvp_sheet_place is the slow path of nvp_sheet_set: a gap, a step back, or no place. */
NvpCell *
nvp_sheet_place(NvpSheetRow *row, int col)
{
	if (col >= row->ncols)
	{
		if (!row->reader->is_growing)
			return &row->surplus;
		Assert(row->batch->capacity == 1);
		nvp_batch_widen(row->batch, col + 1);
		row->ncols = row->batch->maxcols;
		row->next = row->batch->cells + row->filled;
	}
	if (col < row->filled)
		return nvp_batch_column(row->batch, col) + row->row;
	fill_null(row, col);
	row->filled++;
	row->next += row->stride;
	return row->next - row->stride;
}

/* nvp_sheet_keep_surplus notes a value that has no place, for NvpRow.extra. */
void
nvp_sheet_keep_surplus(NvpSheetRow *row, int col)
{
	StringInfo	surplus = &row->reader->surplus;

	if (surplus->len > 0)
		appendStringInfoChar(surplus, '\t');
	appendBinaryStringInfo(surplus, row->surplus.ptr, row->surplus.len);
}

/* begin_row lets the cells of a row go into row r of the batch */
static void
begin_row(NvpSheetReader *reader, NvpSheetRow *row, NvpBatch *batch, int r)
{
	row->next = batch->cells + r;
	row->stride = batch->capacity;
	row->ncols = reader->is_growing ? batch->maxcols : reader->ncols;
	row->filled = 0;
	row->width = 0;
	row->row_no = 0;
	row->batch = batch;
	row->row = r;
	row->reader = reader;
	reader->surplus.len = 0;
}

/* end_row completes a row that has values */
static void
end_row(NvpSheetReader *reader, NvpSheetRow *row)
{
	NvpRow	   *info = &row->batch->rows[row->row];

	fill_null(row, row->ncols);
	info->sheet = (uint16) reader->chosen[reader->current];
	if (reader->is_all)
	{
		const char *name = reader->sheets[info->sheet].name;

		nvp_cell_set(row->next, name, strlen(name), NVP_CELL_TEXT, NVP_CELL_UTF8);
	}
	info->line_no = row->row_no;
	info->width = Max(row->width + reader->is_all, reader->base.reader.ncols);
	info->code = NVP_ROW_FINE;
	info->extra = NULL;
	info->extra_len = 0;
	if (unlikely(reader->surplus.len > 0))
	{
		char	   *extra = nvp_arena_alloc(&reader->arena, reader->surplus.len);

		memcpy(extra, reader->surplus.data, reader->surplus.len);
		info->code = NVP_ROW_TOO_MANY;
		info->extra = extra;
		info->extra_len = reader->surplus.len;
	}
}

/* count_blank takes note of the rows that were left out before this one, and of this one if it is blank */
static void
count_blank(NvpSheetReader *reader, const NvpSheetRow *row)
{
	if (row->row_no > reader->last_row_no)
	{
		reader->pending_blank += row->row_no - reader->last_row_no - 1;
		reader->last_row_no = row->row_no;
	}
	if (row->width == 0)
		reader->pending_blank++;
	else
	{
		reader->base.reader.blank_rows += reader->pending_blank;
		reader->pending_blank = 0;
	}
}

/* ---- headers -------------------------------------------------------------- */

static bool
open_sheet(NvpSheetReader *reader)
{
	reader->at_end = false;
	reader->last_row_no = 0;
	reader->pending_blank = 0;
	return reader->routine->open_sheet(reader, &reader->sheets[reader->chosen[reader->current]]);
}

/*
 * next_value_row reads on to the first row with a value behind skip_rows; the
 * batch holds nothing else.
 */
static NvpSheetStatus
next_value_row(NvpSheetReader *reader, NvpSheetRow *row, NvpBatch *one)
{
	NvpReader  *base = &reader->base.reader;

	for (;;)
	{
		NvpSheetStatus status;

		begin_row(reader, row, one, 0);
		status = reader->routine->next_row(reader, row);
		if (status == NVP_SHEET_MORE)
		{
			if (!reader->routine->refill(reader))
				return NVP_SHEET_BAD;
			continue;
		}
		if (status != NVP_SHEET_ROW)
			return status;
		count_blank(reader, row);
		if (row->row_no > base->format.skip_rows && row->width > 0)
			return NVP_SHEET_ROW;
		if (row->width > 0)
			base->skipped_rows++;
	}
}

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

/* end_columns adds the column for the name of the sheet, where there is one */
static void
end_columns(NvpSheetReader *reader)
{
	reader->ncols = reader->base.reader.ncols;
	if (reader->is_all)
		nvp_reader_add_column(&reader->base.reader, "sheet", 5);
}

/* name_columns makes columns of a header */
static void
name_columns(NvpSheetReader *reader, char *const *names, int width)
{
	for (int col = 0; col < width; col++)
		if (names[col][0] != '\0')
			nvp_names_reserve_header(&reader->base.names, names[col], strlen(names[col]));
	if (reader->is_all)
		nvp_names_reserve_header(&reader->base.names, "sheet", 5);
	for (int col = 0; col < width; col++)
		nvp_reader_add_column(&reader->base.reader, names[col][0] != '\0' ? names[col] : NULL, strlen(names[col]));
	end_columns(reader);
}

/* compare_header tells whether the header of another sheet is that of the first; false: error is set */
static bool
compare_header(NvpSheetReader *reader, char *const *names, int width)
{
	NvpReader  *base = &reader->base.reader;
	bool		is_same = true;

	for (int col = 0; col < Max(width, reader->ncols) && is_same; col++)
	{
		const char *here = col < width ? names[col] : "";
		const char *first = col < reader->ncols && base->raw_header[col] ? base->raw_header[col] : "";

		is_same = strcmp(here, first) == 0 ||
			nvp_reader_fail(base, reader->last_row_no, 0,
							"Choose one sheet by its name in options.format.sheet, or give all sheets the same header.",
							"the header of sheet \"%.40s\" differs from that of sheet \"%.40s\": "
							"column %d is \"%.*s\", not \"%.*s\"",
							reader->sheets[reader->chosen[reader->current]].name,
							reader->sheets[reader->chosen[0]].name,
							col + 1, SHOWN_NAME, here, SHOWN_NAME, first);
	}
	return is_same;
}

/* take_header names the columns, the first time, by the lines of a header */
static bool
take_header(NvpSheetReader *reader, const NvpHeaderLines *upper, const NvpBatch *last, int last_width)
{
	int			width = Max(upper->width, last_width);
	char	  **names = palloc(sizeof(char *) * Max(width, 1));
	bool		ok = true;

	for (int col = 0; col < width; col++)
		names[col] = nvp_header_name(upper, last, last_width, col);
	if (reader->base.reader.ncols > 0)
		ok = compare_header(reader, names, width);
	else
		name_columns(reader, names, width);
	for (int col = 0; col < width; col++)
		pfree(names[col]);
	pfree(names);
	return ok;
}

/* survey_width finds the number of columns of a sheet without a header */
static bool
survey_width(NvpSheetReader *reader, NvpSheetRow *row, NvpBatch *one)
{
	NvpSheetStatus status = NVP_SHEET_ROW;
	int			width = row->width;

	for (int i = 1; i < SURVEY_ROWS && status == NVP_SHEET_ROW; i++)
	{
		status = next_value_row(reader, row, one);
		if (status == NVP_SHEET_ROW)
			width = Max(width, row->width);
	}
	while (reader->base.reader.ncols < width)
		nvp_reader_add_column(&reader->base.reader, NULL, 0);
	end_columns(reader);
	return status != NVP_SHEET_BAD;
}

/* read_header_rows reads all of them, blank ones passed over; row and batch are the last one's */
static NvpSheetStatus
read_header_rows(NvpSheetReader *reader, NvpSheetRow *row, NvpBatch *one, NvpHeaderLines *upper)
{
	const NvpFormat *format = &reader->base.reader.format;
	NvpSheetStatus status = next_value_row(reader, row, one);

	for (int line = 1; format->has_header && line < format->header_rows && status == NVP_SHEET_ROW; line++)
	{
		fill_null(row, row->width);
		nvp_header_add_line(upper, one, row->width);
		status = next_value_row(reader, row, one);
	}
	return status;
}

/* look_at_sheet reads the header of a chosen sheet; *is_empty if it has not even that */
static bool
look_at_sheet(NvpSheetReader *reader, NvpBatch *one, bool *is_empty)
{
	NvpHeaderLines upper = {0};
	NvpSheetRow row;
	NvpSheetStatus status;
	bool		ok = true;

	*is_empty = false;
	if (!open_sheet(reader))
		return false;
	status = read_header_rows(reader, &row, one, &upper);
	*is_empty = (status == NVP_SHEET_END);
	if (status != NVP_SHEET_ROW)
		ok = *is_empty;
	else if (!reader->base.reader.format.has_header)
		ok = reader->base.reader.ncols > 0 || survey_width(reader, &row, one);
	else
	{
		fill_null(&row, row.width);
		ok = take_header(reader, &upper, one, row.width);
	}
	nvp_header_forget(&upper);
	return ok;
}

/* read_headers reads those of all chosen sheets, and leaves out empty ones */
static bool
read_headers(NvpSheetReader *reader)
{
	NvpBatch   *one = one_row_batch(64);
	int			kept = 0;
	bool		ok = true;

	reader->is_growing = true;
	for (int i = 0; i < reader->nchosen && ok; i++)
	{
		bool		is_empty;

		reader->chosen[kept] = reader->chosen[i];
		reader->current = kept;
		ok = look_at_sheet(reader, one, &is_empty);
		kept += !is_empty;
	}
	reader->nchosen = kept;
	reader->is_growing = false;
	nvp_batch_free(one);
	return ok;
}

/* begin_sheet goes to the first data row of the current sheet */
static bool
begin_sheet(NvpSheetReader *reader)
{
	const NvpFormat *format = &reader->base.reader.format;
	NvpBatch   *one;
	NvpSheetRow row;
	NvpSheetStatus status = NVP_SHEET_ROW;

	if (!open_sheet(reader))
		return false;
	reader->is_skipping = !format->has_header;
	if (reader->is_skipping)
		return true;
	one = one_row_batch(64);
	reader->is_growing = true;
	for (int line = 0; line < Max(format->header_rows, 1) && status == NVP_SHEET_ROW; line++)
	{
		status = next_value_row(reader, &row, one);
		reader->base.reader.skipped_rows++;
	}
	reader->is_growing = false;
	nvp_batch_free(one);
	return status != NVP_SHEET_BAD;
}

/* ---- the reader ------------------------------------------------------------ */

bool
nvp_sheet_rewind(NvpReader *reader)
{
	NvpSheetReader *sheet = (NvpSheetReader *) reader;

	reader->blank_rows = 0;
	reader->skipped_rows = 0;
	if (nvp_sheet_keep_rewind(sheet))
		return true;
	sheet->current = 0;
	sheet->at_end = true;
	return sheet->nchosen == 0 || begin_sheet(sheet);
}

bool
nvp_sheet_open(NvpReader *reader, const NvpSheetRoutine *routine)
{
	NvpSheetReader *sheet = (NvpSheetReader *) reader;

	sheet->routine = routine;
	sheet->utf8 = sheet->base.force_plain ? NULL : nvp_utf8_scan_best();
	sheet->at_end = true;
	nvp_arena_init(&sheet->arena);
	initStringInfo(&sheet->surplus);
	if (!routine->open_book(sheet) || !nvp_sheet_choose(sheet) || !read_headers(sheet))
		return false;
	if (sheet->nchosen == 0)
		reader->error.is_empty = true;
	return nvp_sheet_rewind(reader);
}

/* next_sheet goes on to the next one; false if there is none, or on errors, which are set */
static bool
next_sheet(NvpSheetReader *reader)
{
	if (reader->current + 1 >= reader->nchosen)
		return false;
	reader->current++;
	return begin_sheet(reader);
}

static NvpReadStatus
read_rows(NvpReader *reader, NvpBatch *batch)
{
	NvpSheetReader *sheet = (NvpSheetReader *) reader;

	nvp_arena_reset(&sheet->arena);
	while (batch->nrows < batch->capacity)
	{
		NvpSheetStatus status = NVP_SHEET_END;
		NvpSheetRow row;

		if (!sheet->at_end)
		{
			begin_row(sheet, &row, batch, batch->nrows);
			status = sheet->routine->next_row(sheet, &row);
		}
		if (status == NVP_SHEET_ROW)
		{
			count_blank(sheet, &row);
			if (row.width == 0)
				continue;
			if (sheet->is_skipping && row.row_no <= reader->format.skip_rows)
			{
				reader->skipped_rows++;
				continue;
			}
			sheet->is_skipping = false;
			end_row(sheet, &row);
			batch->nrows++;
			continue;
		}
		sheet->at_end = (status == NVP_SHEET_END);
		if (batch->nrows > 0)
			break;
		if (status == NVP_SHEET_BAD)
			return NVP_READ_BAD;
		if (status == NVP_SHEET_MORE ? !sheet->routine->refill(sheet) : !next_sheet(sheet))
			return reader->error.message[0] ? NVP_READ_BAD : NVP_READ_END;
	}
	return NVP_READ_OK;
}

NvpReadStatus
nvp_sheet_next(NvpReader *reader, NvpBatch *batch)
{
	NvpSheetReader *sheet = (NvpSheetReader *) reader;
	bool		was_kept = sheet->keep != NULL;
	NvpReadStatus status;

	if (nvp_sheet_keep_next(sheet, batch, &status))
		return status;
	/* the batch has no room for what was kept: from the beginning */
	if (was_kept && sheet->keep == NULL && !nvp_sheet_rewind(reader))
		return NVP_READ_BAD;
	status = read_rows(reader, batch);
	if (status == NVP_READ_OK)
		nvp_sheet_keep_batch(sheet, batch);
	else if (status == NVP_READ_END)
		nvp_sheet_keep_end(sheet);
	return status;
}

void
nvp_sheet_close(NvpReader *reader)
{
	NvpSheetReader *sheet = (NvpSheetReader *) reader;

	if (sheet->routine == NULL)
		return;
	sheet->routine->close(sheet);
	nvp_sheet_keep_close(sheet);
	for (int i = 0; i < sheet->nsheets; i++)
	{
		pfree(sheet->sheets[i].name);
		if (sheet->sheets[i].place)
			pfree(sheet->sheets[i].place);
	}
	if (sheet->sheets)
		pfree(sheet->sheets);
	if (sheet->chosen)
		pfree(sheet->chosen);
	pfree(sheet->surplus.data);
	nvp_arena_free(&sheet->arena);
}
