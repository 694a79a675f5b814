/*-------------------------------------------------------------------------
 *
 * writer.h
 *		Writers turn batches of cells into bytes: CSV, TSV, JSON, JSON Lines, XLSX.
 *
 * Flow:   batch --> writer --> sink (a spool, a StringInfo)
 * Calls:  nvp_writer_open, nvp_writer_batch*, nvp_writer_finish (frees it).
 * Memory: one buffer of 256 kB, in the context current at open; XLSX 400 kB more.
 * Errors: never throws; false when the sink refused bytes, or when the format
 *		   cannot hold what was to be written, which nvp_writer_problem tells.
 *
 * CSV: a NULL cell and an empty text are both written as nothing, since that is
 * what readers of CSV take for missing, and a quoted "" would be taken for text
 * by some and for missing by others; quote_all quotes them both.  The only cell
 * of a row is quoted if it is empty: the line would be blank otherwise.
 *
 * JSON: text is escaped, NULL is null; numbers, booleans and nested values are
 * written as they are.  JSON cannot hold bytes that are not UTF-8: each becomes
 * U+FFFD here, and the issue that such a cell has raised keeps the original.
 *
 * XML: NULL is xsi:nil; see xml_writer.c for names and characters.
 *
 * Source: RFC 4180 (CSV), RFC 8259 (JSON), one object a line (JSON Lines).
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_WRITER_H
#define NVP_WRITER_H

#include "base/cell.h"
#include "format/reader.h"

typedef bool (*NvpSinkFunc) (void *arg, const char *data, int64 len);

typedef struct NvpWriteFormat
{
	NvpFormatKind kind;			/* CSV, JSON, JSONL or XLSX */
	char		delimiter;		/* CSV */
	bool		with_header;	/* CSV, XLSX */
	bool		with_notes;		/* XLSX: cells may have comments */
	bool		crlf;			/* CSV */
	bool		bom;			/* CSV */
	bool		quote_all;		/* CSV */
	const char *root;			/* XML: names of elements, NULL = rows and row */
	const char *row;
} NvpWriteFormat;

typedef struct NvpWriter NvpWriter;

extern void nvp_write_format_defaults(NvpWriteFormat *format);
extern NvpWriter *nvp_writer_open(const NvpWriteFormat *format, const char *const *names,
								  int ncols, NvpSinkFunc sink, void *arg);

/* skip[row] true leaves the row out; skip may be NULL */
extern bool nvp_writer_batch(NvpWriter *writer, const NvpBatch *batch, const bool *skip);

/* a comment on a cell of the next row that is written, where the format knows such (with_notes) */
extern void nvp_writer_note(NvpWriter *writer, int col, const char *text);
extern bool nvp_writer_finish(NvpWriter *writer);
extern const char *nvp_writer_problem(const NvpWriter *writer);
extern uint64 nvp_writer_rows(const NvpWriter *writer);

#endif							/* NVP_WRITER_H */
