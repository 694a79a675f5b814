/*-------------------------------------------------------------------------
 *
 * ods_impl.h
 *		What the files of the ODS reader share: ods.c knows the document,
 *		ods_cell.c its cells.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_ODS_IMPL_H
#define NVP_ODS_IMPL_H

#include "format/part.h"
#include "format/sheet.h"

typedef enum NvpOdsSpace
{
	NVP_ODS_OFFICE = 1,
	NVP_ODS_TABLE,
	NVP_ODS_TEXT,
	NVP_ODS_STYLE,
	NVP_ODS_CALC,				/* what LibreOffice adds */
	NVP_ODS_MANIFEST
} NvpOdsSpace;

typedef struct NvpOdsReader
{
	NvpSheetReader sheet;
	NvpZip	   *zip;
	NvpPart		part;			/* content.xml */
	NvpNames	hidden;			/* table styles that are not displayed */
	int			table_depth;	/* of the sheet that is read */
	int			skip_depth;		/* within an element that is passed over, 0 = not */
	uint64		row_no;			/* of the last row */
	int64		repeats;		/* the row at hand is to be delivered as often again */
	int64		expanded;		/* cells that came by repetition */
	StringInfoData buf;			/* text of a cell in pieces */
} NvpOdsReader;

/* ods_cell.c: read the cell that was opened, to its end; col is moved behind it */
extern int64 nvp_ods_times(const NvpMarkup *markup, const char *name);
extern NvpSheetStatus nvp_ods_cell(NvpOdsReader *ods, NvpSheetRow *row, int *col);

/* turn BAD of the tokenizer into an error; MORE is passed on */
extern NvpSheetStatus nvp_ods_fail(NvpOdsReader *ods, NvpMarkupToken token);

#endif							/* NVP_ODS_IMPL_H */
