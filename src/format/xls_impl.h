/*-------------------------------------------------------------------------
 *
 * xls_impl.h
 *		What the files of the XLS reader share: biff.c knows records and
 *		strings, xls.c the workbook, xls_cell.c the cells of a sheet.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_XLS_IMPL_H
#define NVP_XLS_IMPL_H

#include "format/compound.h"
#include "format/text_table.h"

/* types of records */
#define NVP_BIFF_FORMULA	0x0006
#define NVP_BIFF_EOF		0x000A
#define NVP_BIFF_DATEMODE	0x0022
#define NVP_BIFF_FILEPASS	0x002F
#define NVP_BIFF_CONTINUE	0x003C
#define NVP_BIFF_CODEPAGE	0x0042
#define NVP_BIFF_BOUNDSHEET	0x0085
#define NVP_BIFF_MULRK		0x00BD
#define NVP_BIFF_RSTRING	0x00D6
#define NVP_BIFF_XF			0x00E0
#define NVP_BIFF_SST		0x00FC
#define NVP_BIFF_LABELSST	0x00FD
#define NVP_BIFF_NUMBER		0x0203
#define NVP_BIFF_LABEL		0x0204
#define NVP_BIFF_BOOLERR	0x0205
#define NVP_BIFF_STRING		0x0207
#define NVP_BIFF_RK			0x027E
#define NVP_BIFF_FORMAT		0x041E
#define NVP_BIFF_BOF		0x0809

#define NVP_BIFF_BUFFER		(128 * 1024)	/* a record has up to 64 kB */
#define NVP_XLS_COLUMNS		256
#define NVP_XLS_ROWS		65536

typedef struct NvpXlsReader NvpXlsReader;

/* bytes of a text in a code page, for the decoder */
typedef struct NvpXlsBytes
{
	NvpSource	base;
	const char *data;
	int64		len;
	int64		at;
} NvpXlsBytes;

struct NvpXlsReader
{
	NvpSheetReader sheet;
	NvpCompound *compound;

	/* the record at hand; data is valid until the next one is read */
	uint16		type;
	uint16		len;
	const char *data;
	int64		place;			/* of its header in the stream */
	int			next_row;		/* of the sheet: rows before it, from 0, were begun */

	/* the stretch of the stream that is in memory */
	char	   *buf;
	int64		buf_offset;
	int			buf_len;
	int64		next;			/* where the next record is */

	/* the workbook */
	bool		is_biff8;
	int			code_page;
	NvpXlsBytes bytes;
	NvpSource  *decoder;		/* of the code page, NULL before it was needed */
	uint16	   *style_formats;	/* by style: the number of its format */
	int			nstyles;
	int			max_styles;
	uint8	   *formats;		/* by number: what it shows */
	uint8	   *shows;			/* by style */
	NvpTextTable strings;

	StringInfoData text;		/* the string that was read last, UTF-8 */
	uint16		high;			/* first half of a surrogate pair at its end, 0 = none */
};

/* ---- biff.c: false means the end, or an error, which is set then ---- */
extern bool nvp_biff_next(NvpXlsReader *xls);
extern void nvp_biff_seek(NvpXlsReader *xls, int64 place);
extern bool nvp_biff_fail(NvpXlsReader *xls, const char *problem);

/* read a string at *p of the record into xls->text; its length is given in a number of len_bytes bytes */
extern bool nvp_biff_string(NvpXlsReader *xls, const char **p, int len_bytes);
/* characters in the record, of 1 byte or 2, appended to xls->text; records may follow that continue it */
extern bool nvp_biff_chars(NvpXlsReader *xls, const char **p, int64 count, bool is_wide);
extern bool nvp_biff_continue(NvpXlsReader *xls, const char **p);
/* bytes in the code page of the workbook, appended to xls->text */
extern bool nvp_biff_bytes(NvpXlsReader *xls, const char *bytes, int len);

/* ---- xls_cell.c ---- */
extern NvpSheetStatus nvp_xls_next_row(NvpSheetReader *reader, NvpSheetRow *row);

#define nvp_biff_end(xls)	((xls)->data + (xls)->len)

#endif							/* NVP_XLS_IMPL_H */
