/*-------------------------------------------------------------------------
 *
 * xlsx_write.h
 *		What the files of the XLSX writer share: xlsx_writer.c writes sheets and
 *		cells, xlsx_notes.c the comments on cells, xlsx_frame.c what is around them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_XLSX_WRITE_H
#define NVP_XLSX_WRITE_H

#include "base/scratch.h"
#include "base/zip_write.h"
#include "format/writer_impl.h"

#define NVP_XLSX_TEXT		32767	/* UTF-16 units of a cell */
#define NVP_XLSX_NOTES		20000	/* comments in a sheet; programs become slow with more */

#define NVP_XLSX_MAIN_SPACE	"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define NVP_XLSX_LINK_SPACE	"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define NVP_XLSX_PACKAGE_SPACE	"http://schemas.openxmlformats.org/package/2006/relationships"
#define NVP_XLSX_DECLARATION	"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"

/* cell styles, in the order of styles.xml */
typedef enum NvpXlsxStyle
{
	NVP_XLSX_PLAIN = 0,
	NVP_XLSX_HEADER,
	NVP_XLSX_DATE,
	NVP_XLSX_MOMENT,
	NVP_XLSX_MSECS,
	NVP_XLSX_TIME,
	NVP_XLSX_QUOTED,			/* text that would be a formula if it was typed */
	NVP_XLSX_WRONG,				/* text with an issue */
	NVP_XLSX_WRONG_VALUE		/* a number or nothing, with one */
} NvpXlsxStyle;

typedef struct NvpXlsxBook
{
	NvpZipWriter *zip;
	bool		is_open;		/* a part is */
	int			nsheets;
	uint64		row_no;			/* of the last row in the sheet */
	int64		sheet_bytes;	/* of the part that is open */
	NvpScratch *notes;			/* comments of the sheet; NULL = there are none in this book */
	int64		notes_at;		/* where those of this sheet begin */
	int64		notes_end;
	int			nnotes;			/* in this sheet */
	uint64		left_out;		/* notes beyond NVP_XLSX_NOTES of it */
	int			noted_sheets;
} NvpXlsxBook;

/* ---- xlsx_writer.c ---- */
extern void nvp_xlsx_write_make_room(NvpWriter *writer);
extern void nvp_xlsx_write_begin_row(NvpWriter *writer);
extern void nvp_xlsx_write_end_row(NvpWriter *writer);
extern void nvp_xlsx_write_text_cell(NvpWriter *writer, int col, int style, const char *p, uint32 len);
extern void nvp_xlsx_write_text(NvpWriter *writer, const char *p, uint32 len);
extern void nvp_xlsx_write_place(NvpWriter *writer, int col, uint64 row_no);
extern void nvp_xlsx_write_begin_part(NvpWriter *writer, const char *name);
extern void nvp_xlsx_write_end_part(NvpWriter *writer);

/* ---- xlsx_frame.c ---- */
extern void nvp_xlsx_write_styles(NvpWriter *writer);
extern void nvp_xlsx_write_frame(NvpWriter *writer);

/* ---- xlsx_notes.c ---- */
extern void nvp_xlsx_write_notes(NvpWriter *writer);

#endif							/* NVP_XLSX_WRITE_H */
