/*-------------------------------------------------------------------------
 *
 * csv_impl.h
 *		What csv.c, which knows files, and csv_record.c, which knows records,
 *		share.
 *
 * Calls:  nvp_csv_reset whenever the window was filled or begun, then
 *		   nvp_csv_record while window.start is before window.end.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_CSV_IMPL_H
#define NVP_CSV_IMPL_H

#include "format/csv_scan.h"
#include "format/header_lines.h"
#include "format/reader_impl.h"
#include "format/utf8_scan.h"

#define NVP_CSV_SLICE_BYTES	32768	/* scanned at a time */

typedef struct NvpCsvReader
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
	NvpUtf8ScanFunc utf8;		/* or NULL */
	uint32		checked;		/* text before this offset was looked at; begins a character */
	uint32		valid_from;		/* from here to checked it is well-formed UTF-8 */
	bool		closed;			/* the end of the file was put into index as a line end */
	uint64		line_no;		/* of the byte at window.start */
	uint64		quote_line;		/* where the quote was opened that is still open, else 0 */
	NvpHeaderLines upper;		/* lines of the header above its last */
	int			needed;			/* rows with fewer cells are marked */
	bool		may_be_drawn;	/* the next record may be a line that a database client has drawn */
	bool		is_first;		/* it is the first one below the header */
	bool		is_ruled;		/* such a line was there */
} NvpCsvReader;

typedef enum NvpCsvRecord
{
	NVP_CSV_ROW,
	NVP_CSV_BLANK,
	NVP_CSV_MORE,				/* the window ends before the record does */
	NVP_CSV_UNCLOSED				/* the file ends inside quotes */
} NvpCsvRecord;

extern void nvp_csv_reset(NvpCsvReader *csv);
extern NvpCsvRecord nvp_csv_record(NvpCsvReader *csv, NvpBatch *batch, int row);

#endif							/* NVP_CSV_IMPL_H */
