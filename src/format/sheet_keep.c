/*-------------------------------------------------------------------------
 *
 * sheet_keep.c
 *		Rows of a workbook that are read more than once are kept as cells.
 *
 * To inflate a sheet and to take its XML apart is most of the work of reading
 * one.  A run that looks at all rows before it converts them would do it twice.
 *
 * Flow:   the first pass: batch --> piece, in a temporary file;
 *		   passes behind it: piece --> batch
 *
 * A piece is a PieceHead, the NvpRow of each row, a PieceCell for each cell,
 * column by column, then their texts and what did not fit the rows, in the same
 * order.
 *
 * Memory: one piece.  The file is given up beyond MOST_KEPT bytes, or where it
 *		   cannot be written: the sheet is read again, then.
 * Errors: a file that cannot be read back fails the reader.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/scratch.h"
#include "format/sheet.h"

#define MOST_KEPT		INT64CONST(512 * 1024 * 1024)

struct NvpSheetKeep
{
	NvpScratch *file;
	int64		size;
	int64		at;				/* of the next piece */
	bool		is_whole;		/* a pass came to its end */
	int			capacity;		/* most rows of a piece */
	uint64		blank_rows;		/* at the end */
	uint64		skipped_rows;
	StringInfoData piece;		/* that is written, or was read last */
};

typedef struct PieceHead
{
	int64		bytes;			/* that follow */
	int			nrows;
	int			ncols;
	uint64		blank_rows;		/* of the reader behind these rows */
	uint64		skipped_rows;
} PieceHead;

typedef struct PieceCell
{
	uint32		len;
	uint8		kind;
	uint8		flags;
	uint16		unused;
} PieceCell;

static void
give_up(NvpSheetReader *reader)
{
	nvp_scratch_free(reader->keep->file);
	pfree(reader->keep->piece.data);
	pfree(reader->keep);
	reader->keep = NULL;
}

void
nvp_reader_keep(NvpReader *reader)
{
	NvpSheetReader *sheet = (NvpSheetReader *) reader;

	if (!nvp_format_is_workbook(reader->format.kind) || sheet->keep || reader->error.message[0])
		return;
	Assert(reader->rows == 0);
	sheet->keep = palloc0(sizeof(NvpSheetKeep));
	sheet->keep->file = nvp_scratch_create();
	initStringInfo(&sheet->keep->piece);
}

/* nvp_sheet_keep_rewind tells whether the rows that come need not be read. */
bool
nvp_sheet_keep_rewind(NvpSheetReader *reader)
{
	NvpSheetKeep *keep = reader->keep;

	if (keep == NULL)
		return false;
	keep->at = 0;
	if (!keep->is_whole && keep->size > 0)
	{
		/* what was kept of a part is of no use */
		nvp_scratch_free(keep->file);
		keep->file = nvp_scratch_create();
		keep->size = 0;
	}
	return keep->is_whole;
}

/* nvp_sheet_keep_end takes note that all rows were read. */
void
nvp_sheet_keep_end(NvpSheetReader *reader)
{
	NvpSheetKeep *keep = reader->keep;

	if (keep == NULL)
		return;
	keep->is_whole = true;
	keep->at = keep->size;
	keep->blank_rows = reader->base.reader.blank_rows;
	keep->skipped_rows = reader->base.reader.skipped_rows;
}

static void
put_texts(StringInfo piece, const NvpBatch *batch)
{
	for (int col = 0; col < batch->ncols; col++)
	{
		const NvpCell *cell = nvp_batch_column(batch, col);

		for (int row = 0; row < batch->nrows; row++, cell++)
			if (cell->len > 0)
				appendBinaryStringInfo(piece, cell->ptr, cell->len);
	}
	for (int row = 0; row < batch->nrows; row++)
		if (batch->rows[row].extra_len > 0)
			appendBinaryStringInfo(piece, batch->rows[row].extra, batch->rows[row].extra_len);
}

/* text_bytes returns how much put_texts will write */
static int64
text_bytes(const NvpBatch *batch)
{
	int64		bytes = 0;

	for (int col = 0; col < batch->ncols; col++)
	{
		const NvpCell *cell = nvp_batch_column(batch, col);

		for (int row = 0; row < batch->nrows; row++)
			bytes += cell[row].len;
	}
	for (int row = 0; row < batch->nrows; row++)
		bytes += batch->rows[row].extra_len;
	return bytes;
}

/* nvp_sheet_keep_batch keeps rows that were read. */
void
nvp_sheet_keep_batch(NvpSheetReader *reader, const NvpBatch *batch)
{
	NvpSheetKeep *keep = reader->keep;
	PieceHead	head = {0, batch->nrows, batch->ncols, reader->base.reader.blank_rows, reader->base.reader.skipped_rows};

	if (keep == NULL)
		return;
	head.bytes = sizeof(NvpRow) * batch->nrows + sizeof(PieceCell) * (int64) batch->nrows * batch->ncols + text_bytes(batch);
	if (keep->size + head.bytes > MOST_KEPT)
	{
		give_up(reader);
		return;
	}
	resetStringInfo(&keep->piece);
	enlargeStringInfo(&keep->piece, sizeof(head) + head.bytes);
	appendBinaryStringInfo(&keep->piece, (char *) &head, sizeof(head));
	appendBinaryStringInfo(&keep->piece, (char *) batch->rows, sizeof(NvpRow) * batch->nrows);
	for (int col = 0; col < batch->ncols; col++)
	{
		const NvpCell *cell = nvp_batch_column(batch, col);

		for (int row = 0; row < batch->nrows; row++, cell++)
		{
			PieceCell	kept = {cell->len, cell->kind, cell->flags, 0};

			appendBinaryStringInfo(&keep->piece, (char *) &kept, sizeof(kept));
		}
	}
	put_texts(&keep->piece, batch);
	keep->capacity = Max(keep->capacity, batch->capacity);
	keep->size += keep->piece.len;
	if (!nvp_scratch_append(keep->file, keep->piece.data, keep->piece.len))
		give_up(reader);
}

/* unpack_piece fills the batch with the rows of a piece */
static void
unpack_piece(const PieceHead *head, char *piece, NvpBatch *batch)
{
	const PieceCell *kept = (PieceCell *) (piece + sizeof(NvpRow) * head->nrows);
	char	   *text = (char *) (kept + (size_t) head->nrows * head->ncols);

	memcpy(batch->rows, piece, sizeof(NvpRow) * head->nrows);
	for (int col = 0; col < head->ncols; col++)
	{
		NvpCell    *cell = nvp_batch_column(batch, col);

		for (int row = 0; row < head->nrows; row++, cell++, kept++)
		{
			nvp_cell_set(cell, text, kept->len, kept->kind, kept->flags);
			text += kept->len;
		}
	}
	for (int row = 0; row < head->nrows; row++)
	{
		if (batch->rows[row].extra == NULL)
			continue;
		batch->rows[row].extra = text;
		text += batch->rows[row].extra_len;
	}
	batch->nrows = head->nrows;
}

/* nvp_sheet_keep_next is nvp_sheet_next over the rows that were kept; false: they must be read after all. */
bool
nvp_sheet_keep_next(NvpSheetReader *reader, NvpBatch *batch, NvpReadStatus *status)
{
	NvpSheetKeep *keep = reader->keep;
	NvpReader  *base = &reader->base.reader;
	PieceHead	head;

	if (keep == NULL || !keep->is_whole)
		return false;
	if (batch->capacity < keep->capacity)
	{
		Assert(keep->at == 0);
		give_up(reader);
		return false;
	}
	*status = keep->at < keep->size ? NVP_READ_OK : NVP_READ_END;
	base->blank_rows = keep->blank_rows;
	base->skipped_rows = keep->skipped_rows;
	if (*status == NVP_READ_END)
		return true;
	if (nvp_scratch_read(keep->file, (char *) &head, sizeof(head), keep->at))
	{
		resetStringInfo(&keep->piece);
		enlargeStringInfo(&keep->piece, head.bytes);
		if (nvp_scratch_read(keep->file, keep->piece.data, head.bytes, keep->at + sizeof(head)))
		{
			keep->at += sizeof(head) + head.bytes;
			base->blank_rows = head.blank_rows;
			base->skipped_rows = head.skipped_rows;
			unpack_piece(&head, keep->piece.data, batch);
			return true;
		}
	}
	(void) nvp_reader_fail(base, 0, 0, NULL, "could not read rows of the workbook back: %s", nvp_scratch_error(keep->file));
	base->error.is_io = true;
	*status = NVP_READ_BAD;
	return true;
}

/* nvp_sheet_keep_close frees what was kept. */
void
nvp_sheet_keep_close(NvpSheetReader *reader)
{
	if (reader->keep)
		give_up(reader);
}
