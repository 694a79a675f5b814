/*-------------------------------------------------------------------------
 *
 * reader.h
 *		Readers turn a stream of bytes into batches of cells.
 *
 * Flow:   source --> [decoder] --> reader --> batch
 * Calls:  nvp_reader_open, { next* , rewind }*, nvp_reader_close.
 * Memory: a reader allocates when opened and grows buffers by repalloc; it
 *		   needs at most a few times max_record_bytes plus one window of 1 MB.
 *		   Cells of a batch are views into it, valid until the next call.
 * Errors: never throws.  A row that is odd is delivered with a row code; what
 *		   cannot be read at all is NVP_READ_BAD with message, hint and place.
 * Purity: no SPI, no ereport, no GUC; built outside the server for fuzzing.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_READER_H
#define NVP_READER_H

#include "base/cell.h"
#include "base/source.h"
#include "format/encode.h"

typedef enum NvpFormatKind
{
	NVP_FORMAT_UNKNOWN = 0,
	NVP_FORMAT_CSV,				/* delimited text, TSV included */
	NVP_FORMAT_JSON,			/* an array of objects */
	NVP_FORMAT_JSONL,			/* one object a line */
	NVP_FORMAT_ROWS,			/* our own rows of cells (results of queries) */
	NVP_FORMAT_XLSX,			/* workbooks: Office Open XML */
	NVP_FORMAT_ODS,				/* OpenDocument */
	NVP_FORMAT_XLS,				/* Excel 97 to 2003 */
	NVP_FORMAT_XML,
	NVP_FORMAT_FIXED			/* text in columns of fixed width */
} NvpFormatKind;

static inline bool
nvp_format_is_workbook(NvpFormatKind kind)
{
	return kind >= NVP_FORMAT_XLSX && kind <= NVP_FORMAT_XLS;
}

/* a column of fixed width */
typedef struct NvpFixedColumn
{
	const char *name;			/* NULL = the header line's, or column_N */
	int			start;			/* places from the beginning of the line; not before the last one ends */
	int			width;			/* places, from 1 */
} NvpFixedColumn;

/* columns are found as rows are read, and may come late */
static inline bool
nvp_format_has_keys(NvpFormatKind kind)
{
	return kind == NVP_FORMAT_JSON || kind == NVP_FORMAT_JSONL || kind == NVP_FORMAT_XML;
}

/* everything a reader must know; sniffing fills it, options pin it */
typedef struct NvpFormat
{
	NvpFormatKind kind;
	NvpEncoding encoding;
	bool		is_ascii_so_far;	/* of UTF-8: nothing else was seen, and not all was; detect what may come */
	char		delimiter;		/* CSV: any byte but quote, CR, LF */
	char		quote;			/* 0 = none */
	char		escape;			/* quote itself = doubled; 0 = none; or e.g. '\\' */
	bool		has_header;		/* else columns are named column_1 ... */
	int			header_rows;	/* of has_header: records that make up the names, 0 = 1 */
	int			skip_rows;		/* records before the header (preamble) */
	int64		max_record_bytes;	/* longer records are an error, default 16 MB */
	int64		max_unpacked_bytes; /* of a member of a container; 0 = no limit */
	const char *sheet;			/* workbooks: a name, "*" for all, NULL for the first visible one */
	int			sheet_index;	/* without a name: from 0, -1 = not given */
	bool		with_hidden;	/* hidden sheets are sheets like all others */
	bool		keeps_nested;	/* JSON: objects within a row are cells, not columns */
	const NvpFixedColumn *fixed;	/* columns of fixed width, nfixed of them */
	int			nfixed;
	bool		fixed_is_displayed; /* wide characters take two places; else each character takes one */
	bool		fixed_is_guess;	/* nobody has said how wide they are: what crosses their borders is told */
	const char *path;			/* JSON, XML: where the rows are, NULL = to be found; see row_path.h */
} NvpFormat;

typedef enum NvpReadStatus
{
	NVP_READ_OK = 0,			/* batch->nrows >= 1 */
	NVP_READ_END,				/* batch->nrows == 0 */
	NVP_READ_BAD				/* reader->error tells */
} NvpReadStatus;

typedef struct NvpReader NvpReader;

typedef struct NvpReaderRoutine
{
	const char *name;
	bool		(*open) (NvpReader *reader);	/* read the header; false = error is set */
	NvpReadStatus (*next) (NvpReader *reader, NvpBatch *batch);
	bool		(*rewind) (NvpReader *reader);	/* back to the first data row */
	void		(*close) (NvpReader *reader);
} NvpReaderRoutine;

typedef struct NvpReadError
{
	char		message[256];	/* lower case, names the place; empty = none */
	char		hint[256];		/* a sentence, may be empty */
	bool		is_empty;		/* the source holds no data at all */
	bool		is_io;			/* the source failed, not the format */
	bool		is_limit;		/* the source is larger than is allowed */
	uint64		line_no;
	uint64		byte_offset;
} NvpReadError;

struct NvpReader
{
	const NvpReaderRoutine *routine;
	NvpFormat	format;
	NvpSource  *source;			/* what the reader pulls from (decoder included) */

	int			ncols;			/* columns known so far; JSON may discover more */
	char	  **header;			/* their names, unique and not empty; ncols of them */
	char	  **raw_header;		/* as written in the file; NULL entries possible */
	int			renamed;		/* columns whose name another one bears already */

	uint64		rows;			/* data rows delivered since the last rewind */
	uint64		blank_rows;		/* blank lines passed over */
	uint64		skipped_rows;	/* preamble and header records */
	NvpReadError error;
};

extern void nvp_format_defaults(NvpFormat *format);
extern NvpReader *nvp_reader_open(NvpSource *source, const NvpFormat *format);
extern NvpReadStatus nvp_reader_next(NvpReader *reader, NvpBatch *batch);
extern bool nvp_reader_rewind(NvpReader *reader);

/* before the first row: all rows will be read more than once; a reader for which that is dear keeps them (sheet_keep.c) */
extern void nvp_reader_keep(NvpReader *reader);

extern NvpEncoding nvp_reader_encoding(const NvpReader *reader, NvpLateText *late);
extern const char *nvp_reader_sheet(const NvpReader *reader, int i, bool *is_hidden, bool *is_read);
extern bool nvp_reader_explain_text(const NvpReader *reader, const NvpCell *cell, char *buf, size_t size);
extern bool nvp_header_was_renamed(const NvpReader *reader, int col);
extern void nvp_reader_close(NvpReader *reader);

#endif							/* NVP_READER_H */
