/*-------------------------------------------------------------------------
 *
 * sheet.h
 *		What all readers of workbooks share: which sheets are read, where their
 *		headers are, which rows count.
 *
 * Flow:   workbook --(NvpSheetRoutine)--> rows --(sheet.c)--> batch
 *
 * A kind of workbook is an NvpReaderRoutine made of nvp_sheet_open, _next,
 * _rewind and _close, and an NvpSheetRoutine that knows the file.  Its reader is
 * a struct that begins with NvpSheetReader.
 *
 * What is read
 *	 - The first visible sheet, or the one that format.sheet names or
 *	   format.sheet_index counts, or all visible ones ("*"), which must have the
 *	   same header; then the name of its sheet, column "sheet", is the last cell
 *	   of each row.  A sheet without any value is no sheet in that.
 *	 - The header is the first row with a value behind skip_rows rows, or the
 *	   first header_rows of them (see header_lines.h).  Columns end with its last
 *	   value; without a header, with the last value of the first 1000 rows.
 *	   Values further right mark their row as having too many cells.
 *	 - line_no is the number of the row in its sheet.
 *	 - Rows without a value are blank: counted if a row with one follows, not
 *	   delivered.
 *
 * Memory: cells are views; what they point to is given back only when refill is
 *		   called, which is when no row of the batch needs it any more.  Rows that
 *		   will be read again wait in a temporary file (sheet_keep.c).
 * Errors: as for all readers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_SHEET_H
#define NVP_SHEET_H

#include "lib/stringinfo.h"

#include "base/arena.h"
#include "format/header_lines.h"
#include "format/reader_impl.h"
#include "format/utf8_scan.h"

#define NVP_SHEET_COLUMNS	16384	/* XFD is the last column of any program we know */
#define NVP_SHEET_ROWS		1048576

typedef struct NvpSheetReader NvpSheetReader;
typedef struct NvpSheetKeep NvpSheetKeep;

typedef struct NvpSheetInfo
{
	char	   *name;			/* valid UTF-8 */
	char	   *place;			/* where it is in the file, as its reader likes */
	int64		offset;			/* likewise */
	bool		is_hidden;
	bool		is_table;		/* false: a chart, a dialogue, macros */
} NvpSheetInfo;

typedef enum NvpSheetStatus
{
	NVP_SHEET_ROW,
	NVP_SHEET_END,				/* of the sheet */
	NVP_SHEET_MORE,				/* refill first; nothing of the row is kept */
	NVP_SHEET_BAD				/* reader->error tells */
} NvpSheetStatus;

/* where the cells of one row go; see nvp_sheet_set */
typedef struct NvpSheetRow
{
	NvpCell    *next;			/* the cell of column filled */
	size_t		stride;			/* between the cells of a row */
	int			ncols;			/* columns that have a place */
	int			filled;			/* columns before this one are set */
	int			width;			/* behind the last column with a value */
	uint64		row_no;			/* set by the routine, from 1 */
	NvpBatch   *batch;
	int			row;
	NvpSheetReader *reader;
	NvpCell		surplus;		/* takes what has no place */
} NvpSheetRow;

typedef struct NvpSheetRoutine
{
	/* list the sheets by nvp_sheet_add; false: error is set */
	bool		(*open_book) (NvpSheetReader *reader);
	/* go to before the first row of a sheet */
	bool		(*open_sheet) (NvpSheetReader *reader, const NvpSheetInfo *sheet);
	/* row->row_no and its cells */
	NvpSheetStatus (*next_row) (NvpSheetReader *reader, NvpSheetRow *row);
	/* go on reading; what cells point to may be given back */
	bool		(*refill) (NvpSheetReader *reader);
	void		(*close) (NvpSheetReader *reader);
} NvpSheetRoutine;

struct NvpSheetReader
{
	NvpReaderBase base;
	const NvpSheetRoutine *routine;
	NvpArena	arena;			/* texts that stand nowhere in the file as they are */
	NvpUtf8ScanFunc utf8;		/* or NULL */

	/* the workbook */
	NvpSheetInfo *sheets;
	int			nsheets;
	int			maxsheets;
	bool		date1904;
	bool		is_all;			/* "*": the name of its sheet is the last column of each row */
	int			ncols;			/* without that one */

	/* what is read of it */
	int		   *chosen;			/* indexes into sheets */
	int			nchosen;
	int			current;		/* index into chosen */
	bool		at_end;			/* of the current sheet */
	uint64		last_row_no;	/* of the sheet, values or not */
	uint64		pending_blank;	/* blank rows behind the last one with a value */
	bool		is_skipping;	/* no header: rows up to skip_rows are still to come */
	bool		is_growing;		/* the batch is widened for whatever comes */
	NvpSheetKeep *keep;			/* rows for passes to come, or NULL */
	StringInfoData surplus;		/* values of the current row that have no place, a tab between */
};

extern bool nvp_sheet_open(NvpReader *reader, const NvpSheetRoutine *routine);
extern NvpReadStatus nvp_sheet_next(NvpReader *reader, NvpBatch *batch);
extern bool nvp_sheet_rewind(NvpReader *reader);
extern void nvp_sheet_close(NvpReader *reader);

/* for routines: list a sheet; name is copied */
extern NvpSheetInfo *nvp_sheet_add(NvpSheetReader *reader, const char *name);

/* sheet_choose.c: which of the sheets are read; false: error is set */
extern bool nvp_sheet_choose(NvpSheetReader *reader);

/* sheet_keep.c: rows that are read more than once; see nvp_reader_keep */
extern bool nvp_sheet_keep_rewind(NvpSheetReader *reader);
extern void nvp_sheet_keep_batch(NvpSheetReader *reader, const NvpBatch *batch);
extern void nvp_sheet_keep_end(NvpSheetReader *reader);
extern bool nvp_sheet_keep_next(NvpSheetReader *reader, NvpBatch *batch, NvpReadStatus *status);
extern void nvp_sheet_keep_close(NvpSheetReader *reader);

/* the cell of any column, those before it set to NULL */
extern NvpCell *nvp_sheet_place(NvpSheetRow *row, int col);
extern void nvp_sheet_keep_surplus(NvpSheetRow *row, int col);

/* set the cell of a column; they mostly come from left to right */
static inline void
nvp_sheet_set(NvpSheetRow *row, int col, const char *ptr, uint32 len, uint8 kind, uint8 flags)
{
	NvpCell    *cell;

	if (likely(col == row->filled && col < row->ncols))
	{
		cell = row->next;
		row->next += row->stride;
		row->filled++;
	}
	else
		cell = nvp_sheet_place(row, col);
	nvp_cell_set(cell, ptr, len, kind, flags);
	if (len > 0 || kind != NVP_CELL_TEXT)
	{
		row->width = Max(row->width, col + 1);
		if (unlikely(cell == &row->surplus))
			nvp_sheet_keep_surplus(row, col);
	}
}

/* flags of a text of unknown making */
static inline uint8
nvp_sheet_text_flags(const NvpSheetReader *reader, const char *text, uint32 len)
{
	return reader->utf8 && reader->utf8(text, len) ? NVP_CELL_UTF8 : 0;
}

#endif							/* NVP_SHEET_H */
