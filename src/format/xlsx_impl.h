/*-------------------------------------------------------------------------
 *
 * xlsx_impl.h
 *		What the files of the XLSX reader share.
 *
 * xlsx.c knows the workbook, xlsx_style.c its number formats, xlsx_strings.c its
 * shared strings, xlsx_cell.c and xlsx_row.c the rows of a sheet.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_XLSX_IMPL_H
#define NVP_XLSX_IMPL_H

#include "format/part.h"
#include "format/sheet.h"
#include "format/text_table.h"

/* namespaces, transitional and strict alike */
typedef enum NvpXlsxSpace
{
	NVP_XLSX_MAIN = 1,			/* SpreadsheetML */
	NVP_XLSX_LINK,				/* r:id */
	NVP_XLSX_PACKAGE,			/* relationships of a package */
	NVP_XLSX_COMPATIBLE			/* mc:AlternateContent */
} NvpXlsxSpace;

extern const NvpMarkupSpace nvp_xlsx_spaces[];

/* a row of a .rels part */
typedef struct NvpXlsxLink
{
	char	   *id;
	char	   *type;			/* the last word of its URI: worksheet, sharedStrings ... */
	char	   *target;			/* name of the member */
} NvpXlsxLink;

typedef struct NvpXlsxLinks
{
	NvpXlsxLink *links;
	int			count;
	int			size;
} NvpXlsxLinks;

/* shared strings are read up to the highest one that was asked for */
typedef struct NvpXlsxStrings
{
	NvpPart		part;
	bool		has_part;		/* the workbook has shared strings */
	bool		begun;			/* the part is open and within sst */
	bool		is_plain;		/* elements have no prefix */
	bool		complete;
	NvpTextTable table;
	StringInfoData buf;			/* a string that does not stand in the file as it is */
} NvpXlsxStrings;

typedef struct NvpXlsxReader
{
	NvpSheetReader sheet;
	NvpZip	   *zip;
	NvpXlsxLinks links;			/* of the workbook */
	uint8	   *shows;			/* by cell style: NVP_SHOWS_* */
	int			nstyles;
	NvpXlsxStrings strings;
	NvpPart		part;			/* the sheet that is read */
	bool		in_data;		/* within sheetData */
	bool		is_plain;		/* elements have no prefix, as nearly always */
	uint64		row_no;			/* of the last row */
	StringInfoData buf;			/* text of a cell in pieces */
} NvpXlsxReader;

/* what is known of a cell before its value is taken */
typedef struct NvpXlsxCell
{
	int			col;
	int			style;
	char		type;			/* 'n' number, 's' shared, 'i' inline, 't' text, 'b', 'e', 'd' */
	bool		has_value;		/* there was a v or is element */
	bool		has_formula;
} NvpXlsxCell;

/* xlsx_style.c, xlsx_strings.c: false, and the error is set */
extern bool nvp_xlsx_read_styles(NvpXlsxReader *xlsx, const char *member);
extern bool nvp_xlsx_string(NvpXlsxReader *xlsx, uint64 index, NvpSheetRow *row, int col);
extern const char *nvp_xlsx_strings_member(const NvpXlsxReader *xlsx);
extern void nvp_xlsx_strings_close(NvpXlsxStrings *strings);

/* resolve _xHHHH_ in place; the new length */
extern uint32 nvp_xlsx_unescape(char *text, uint32 len);

/* xlsx_cell.c: put a value, entities resolved, into its column; false: error is set */
extern bool nvp_xlsx_put(NvpXlsxReader *xlsx, NvpSheetRow *row, const NvpXlsxCell *cell,
						 const char *value, uint32 len);

/* xlsx_row.c */
extern bool nvp_xlsx_open_sheet(NvpSheetReader *reader, const NvpSheetInfo *sheet);
extern NvpSheetStatus nvp_xlsx_next_row(NvpSheetReader *reader, NvpSheetRow *row);
extern bool nvp_xlsx_refill(NvpSheetReader *reader);

/* an mc:AlternateContent element: what is for programs that know more than we do is passed over */
extern bool nvp_xlsx_is_alternative(const NvpMarkup *markup);

#endif							/* NVP_XLSX_IMPL_H */
