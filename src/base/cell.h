/*-------------------------------------------------------------------------
 *
 * cell.h
 *		The units of data that flow through a run: cells and batches.
 *
 * A reader fills a batch of about a thousand rows; its cells are views
 * (pointer, length) into buffers the reader owns.  Nothing is allocated per
 * cell.  Cells stand column by column, so that a rule is one loop over
 * adjacent memory.
 *
 * Memory: cell pointers are valid until the next call that refills the batch.
 * Errors: a row that the reader could split only with doubt carries a code in
 *		   its NvpRow; it is still delivered.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_CELL_H
#define NVP_CELL_H

/* what a cell was in its source */
typedef enum NvpCellKind
{
	NVP_CELL_NULL = 0,			/* absent, or JSON null */
	NVP_CELL_TEXT,				/* text as written; delimited files know only this */
	NVP_CELL_NUMBER,			/* number of JSON or of a spreadsheet: ptr/len is its literal */
	NVP_CELL_BOOL,				/* boolean of these: ptr/len is "true" or "false" */
	NVP_CELL_JSON,				/* JSON object or array: ptr/len is its text */
	NVP_CELL_ERROR				/* no value, but why there is none: #N/A of a spreadsheet */
} NvpCellKind;

#define NVP_CELL_QUOTED		0x01	/* stood in quotes in a delimited file */
#define NVP_CELL_UTF8		0x02	/* known to be well-formed UTF-8 without U+0000 */
#define NVP_CELL_MOMENT		0x08	/* text of a date, a time or both in ISO 8601, on its way to a writer */
#define NVP_CELL_WRONG		0x10	/* to be shown as having an issue, where the writer can */
#define NVP_CELL_PERCENT	0x04	/* a number that is shown as a percentage: 0.5 as 50 % */

typedef struct NvpCell
{
	const char *ptr;			/* not terminated; NULL only with len 0 */
	uint32		len;			/* bytes */
	uint8		kind;			/* NvpCellKind */
	uint8		flags;			/* NVP_CELL_* */
	uint16		unused;
} NvpCell;

/* what a reader has to say about a whole row */
typedef enum NvpRowCode
{
	NVP_ROW_FINE = 0,
	NVP_ROW_TOO_FEW,			/* fewer cells than the header; missing ones are NULL */
	NVP_ROW_TOO_MANY,			/* more cells; the surplus is in extra, none is empty-only */
	NVP_ROW_STRAY_QUOTE,		/* text after a closing quote; kept as written */
	NVP_ROW_BROKEN_QUOTE,		/* the same in a record of several lines: rows may have run together */
	NVP_ROW_BAD_VALUE,			/* JSON Lines: the line is not an object; raw text in extra */
	NVP_ROW_CROSSED				/* widths were guessed, and text stands across the border of two columns */
} NvpRowCode;

typedef struct NvpRow
{
	uint64		line_no;		/* line of the source where the row begins, from 1; 0 unknown */
	uint32		width;			/* cells found in the source */
	uint16		code;			/* NvpRowCode */
	uint16		sheet;			/* workbooks: index of its sheet, else 0 */
	const char *extra;			/* surplus or unreadable text, or NULL */
	uint32		extra_len;		/* bytes */
} NvpRow;

typedef struct NvpBatch
{
	int			ncols;			/* columns in use; may grow from batch to batch (JSON) */
	int			maxcols;		/* columns allocated */
	int			capacity;		/* rows allocated */
	int			nrows;			/* rows filled */
	uint64		first_row_no;	/* number of row 0: data rows count from 1 in input order */
	NvpCell    *cells;			/* cells[col * capacity + row] */
	NvpRow	   *rows;			/* rows[row] */
} NvpBatch;

#define NVP_BATCH_ROWS		1000	/* most rows of one batch; not 1024, for then all columns would share cache sets */
#define NVP_BATCH_CELLS		65536	/* a wide batch has fewer rows, so that it stays near this */
#define NVP_MAX_COLUMNS		32767	/* of one source */

#define nvp_batch_column(b, col)	((b)->cells + (size_t) (col) * (b)->capacity)

extern NvpBatch *nvp_batch_create(int ncols);
extern void nvp_batch_widen(NvpBatch *batch, int ncols);
extern void nvp_batch_free(NvpBatch *batch);

#endif							/* NVP_CELL_H */
