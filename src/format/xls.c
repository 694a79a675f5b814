/*-------------------------------------------------------------------------
 *
 * xls.c
 *		Workbooks of Excel 5 to 2003: the list of sheets, formats, strings.
 *
 * Flow:   compound file --> stream "Workbook" --(biff.c)--> records: those of the
 *		   workbook, then those of each sheet where its place says
 *
 * What is read: BIFF8 (Excel 97 to 2003) and BIFF5 (Excel 5 and 95).  What is
 * said of values and dates in xlsx.c and cell_format.h holds here too, but a
 * formula always has a value.  Encrypted workbooks, and older ones, are refused
 * by name.
 *
 * Memory: see text_table.h and sheet.h; a buffer of 128 kB and the allocation
 *		   table, see compound.h.
 * Errors: as for all readers.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: [MS-XLS].
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/zip.h"
#include "format/cell_format.h"
#include "format/encode.h"
#include "format/xls_impl.h"

#define MOST_FORMATS	65536
#define HAS_CODE		0x80
#define MOST_SHEETS		10000

#define TYPE_WORKBOOK	0x0005
#define VERSION_8		0x0600
#define VERSION_5		0x0500

#define RICH			0x08	/* flags of a shared string */
#define PHONETIC		0x04

/* ---- the compound file -------------------------------------------------------------- */

/* is_ancient: before Excel 5 a workbook was a bare stream of records */
static bool
is_ancient(NvpSource *source)
{
	char		sign[4];
	int			len = 0;
	int64		n;

	while (len < sizeof(sign) && (n = source->read_at(source, sign + len, sizeof(sign) - len, len)) > 0)
		len += n;
	return len == sizeof(sign) && sign[0] == 0x09 && (sign[1] == 0 || sign[1] == 2 || sign[1] == 4) &&
		sign[2] <= 8 && sign[3] == 0;
}

/* open_stream finds the stream of the workbook; false: error is set */
static bool
open_stream(NvpXlsReader *xls)
{
	NvpReader  *reader = &xls->sheet.base.reader;
	NvpCompound *compound;

	if (reader->source->read_at == NULL)
		return nvp_reader_fail(reader, 0, 0, "Unpack the file first.",
							   "a workbook can only be read from a file, not from a stream");
	if (is_ancient(reader->source))
		return nvp_reader_fail(reader, 0, 0, "Open the file in a spreadsheet program and save it as .xlsx.",
							   "workbooks of Excel 4 and older are not supported");
	compound = xls->compound = nvp_compound_open(reader->source);
	if (nvp_compound_find(compound, "Workbook") || nvp_compound_find(compound, "Book"))
		return true;
	if (compound->is_io)
	{
		nvp_reader_fail(reader, 0, 0, NULL, "could not read the source: %s", compound->problem);
		reader->error.is_io = true;
		return false;
	}
	if (compound->problem)
		return nvp_biff_fail(xls, compound->problem);
	if (nvp_compound_find(compound, NVP_COMPOUND_LOCKED))
		return nvp_reader_fail_locked(reader);
	return nvp_reader_fail(reader, 0, 0, "Check what kind of file it is; other programs of that time used the same container.",
						   "the file holds no workbook");
}

/* ---- records of the workbook ----------------------------------------------------------- */

static bool
read_version(NvpXlsReader *xls)
{
	uint16		version;

	if (!nvp_biff_next(xls))
		return false;
	if (xls->type != NVP_BIFF_BOF || xls->len < 4 || nvp_zip_get16(xls->data + 2) != TYPE_WORKBOOK)
		return nvp_biff_fail(xls, "it does not begin as a workbook");
	version = nvp_zip_get16(xls->data);
	xls->is_biff8 = (version == VERSION_8);
	return version == VERSION_8 || version == VERSION_5 || nvp_biff_fail(xls, "its version is not known");
}

static bool
read_sheet(NvpXlsReader *xls)
{
	const char *p = xls->data + 6;
	NvpSheetInfo *sheet;
	int64		place;
	int			state;
	int			type;

	if (xls->len < 8)
		return nvp_biff_fail(xls, "a sheet has no name");
	if (xls->sheet.nsheets == MOST_SHEETS)
		return nvp_biff_fail(xls, "it has too many sheets");
	place = nvp_zip_get32(xls->data);
	state = xls->data[4] & 3;
	type = xls->data[5];
	if (!nvp_biff_string(xls, &p, 1))
		return false;
	sheet = nvp_sheet_add(&xls->sheet, xls->text.data);
	sheet->offset = place;
	sheet->is_hidden = state != 0;
	sheet->is_table = type == 0;
	return true;
}

static bool
read_format(NvpXlsReader *xls)
{
	const char *p = xls->data + 2;
	uint16		id;

	if (xls->len < 4)
		return nvp_biff_fail(xls, "a number format is cut off");
	id = nvp_zip_get16(xls->data);
	if (!nvp_biff_string(xls, &p, xls->is_biff8 ? 2 : 1))
		return false;
	xls->formats[id] = HAS_CODE | nvp_cell_format_code(xls->text.data, xls->text.len);
	return true;
}

static bool
read_style(NvpXlsReader *xls)
{
	if (xls->len < 4)
		return nvp_biff_fail(xls, "a cell style is cut off");
	if (xls->nstyles == MOST_FORMATS)
		return true;
	if (xls->nstyles == xls->max_styles)
	{
		xls->max_styles *= 2;
		xls->style_formats = repalloc(xls->style_formats, sizeof(uint16) * xls->max_styles);
	}
	xls->style_formats[xls->nstyles++] = nvp_zip_get16(xls->data + 2);
	return true;
}

/* settle_styles finds out what the cells of each style show, when all formats are known */
static void
settle_styles(NvpXlsReader *xls)
{
	xls->shows = palloc0(Max(xls->nstyles, 1));
	for (int i = 0; i < xls->nstyles; i++)
	{
		uint16		id = xls->style_formats[i];

		xls->shows[i] = (xls->formats[id] & HAS_CODE) ? xls->formats[id] & ~HAS_CODE : nvp_cell_format_builtin(id);
	}
}

/* ---- shared strings ----------------------------------------------------------------------- */

/* take copies bytes that may go on in the next record; without to it passes over them */
static bool
take(NvpXlsReader *xls, const char **p, char *to, int64 len)
{
	while (len > 0)
	{
		int64		n = Min(len, nvp_biff_end(xls) - *p);

		if (n == 0)
		{
			if (!nvp_biff_continue(xls, p))
				return false;
			continue;
		}
		if (to)
		{
			memcpy(to, *p, n);
			to += n;
		}
		*p += n;
		len -= n;
	}
	return true;
}

/* read_shared reads one string of the table */
static bool
read_shared(NvpXlsReader *xls, const char **p)
{
	char		head[3];
	char		number[4];
	int64		rest = 0;

	if (!take(xls, p, head, 3))
		return false;
	if (head[2] & RICH)
	{
		if (!take(xls, p, number, 2))
			return false;
		rest += nvp_zip_get16(number) * 4;
	}
	if (head[2] & PHONETIC)
	{
		if (!take(xls, p, number, 4))
			return false;
		rest += nvp_zip_get32(number);
	}
	resetStringInfo(&xls->text);
	if (!nvp_biff_chars(xls, p, nvp_zip_get16(head), (head[2] & 1) != 0) || !take(xls, p, NULL, rest))
		return false;
	if (nvp_text_table_add(&xls->strings, xls->text.data, xls->text.len, memchr(xls->text.data, '\0', xls->text.len) == NULL))
		return true;
	return nvp_biff_fail(xls, nvp_text_table_error(&xls->strings));
}

/* measure_table adds up the records that continue the table, and comes back */
static bool
measure_table(NvpXlsReader *xls, int64 *bytes)
{
	int64		place = xls->place;

	*bytes = 0;
	do
	{
		*bytes += xls->len;
		if (!nvp_biff_next(xls))
			return false;
	} while (xls->type == NVP_BIFF_CONTINUE);
	nvp_biff_seek(xls, place);
	return nvp_biff_next(xls);
}

static bool
read_strings(NvpXlsReader *xls)
{
	const char *p;
	int64		bytes;
	uint32		count;

	if (xls->strings.count > 0 || xls->len < 8)
		return nvp_biff_fail(xls, "its table of strings is damaged");
	if (!measure_table(xls, &bytes))
		return false;
	/* two bytes for one of Latin-1, three for two of UTF-16 */
	nvp_text_table_free(&xls->strings);
	nvp_text_table_init(&xls->strings, bytes * 2);
	count = nvp_zip_get32(xls->data + 4);
	p = xls->data + 8;
	for (uint32 i = 0; i < count; i++)
		if (!read_shared(xls, &p))
			return false;
	return true;
}

/* ---- the book ------------------------------------------------------------------------------ */

/* read_global takes a record of the workbook */
static bool
read_global(NvpXlsReader *xls)
{
	switch (xls->type)
	{
		case NVP_BIFF_FILEPASS:
			return nvp_reader_fail_locked(&xls->sheet.base.reader);
		case NVP_BIFF_CODEPAGE:
			if (xls->len >= 2)
				xls->code_page = nvp_zip_get16(xls->data);
			return true;
		case NVP_BIFF_DATEMODE:
			xls->sheet.date1904 = xls->len >= 2 && nvp_zip_get16(xls->data) == 1;
			return true;
		case NVP_BIFF_BOUNDSHEET:
			return read_sheet(xls);
		case NVP_BIFF_FORMAT:
			return read_format(xls);
		case NVP_BIFF_XF:
			return read_style(xls);
		case NVP_BIFF_SST:
			return read_strings(xls);
		default:
			return true;
	}
}

static bool
open_book(NvpSheetReader *sheet)
{
	NvpXlsReader *xls = (NvpXlsReader *) sheet;

	initStringInfo(&xls->text);
	xls->buf = palloc(NVP_BIFF_BUFFER);
	xls->code_page = 1252;
	xls->formats = palloc0(MOST_FORMATS);
	xls->max_styles = 64;
	xls->style_formats = palloc(sizeof(uint16) * xls->max_styles);
	if (!open_stream(xls) || !read_version(xls))
		return false;
	do
	{
		if (!nvp_biff_next(xls) || !read_global(xls))
			return false;
	} while (xls->type != NVP_BIFF_EOF);
	settle_styles(xls);
	return true;
}

static bool
open_sheet(NvpSheetReader *sheet, const NvpSheetInfo *info)
{
	NvpXlsReader *xls = (NvpXlsReader *) sheet;

	nvp_biff_seek(xls, info->offset);
	xls->next_row = 0;
	if (!nvp_biff_next(xls))
		return false;
	return xls->type == NVP_BIFF_BOF || nvp_biff_fail(xls, "a sheet is not where it should be");
}

/* cells never need more of the file than a record */
static bool
refill(NvpSheetReader *sheet)
{
	return true;
}

static void
close_book(NvpSheetReader *sheet)
{
	NvpXlsReader *xls = (NvpXlsReader *) sheet;

	nvp_text_table_free(&xls->strings);
	if (xls->decoder && xls->decoder != &xls->bytes.base)
		nvp_decoder_release(xls->decoder);
	if (xls->shows)
		pfree(xls->shows);
	pfree(xls->style_formats);
	pfree(xls->formats);
	pfree(xls->buf);
	pfree(xls->text.data);
	if (xls->compound)
		nvp_compound_close(xls->compound);
}

static const NvpSheetRoutine xls_sheets = {
	.open_book = open_book,
	.open_sheet = open_sheet,
	.next_row = nvp_xls_next_row,
	.refill = refill,
	.close = close_book
};

static bool
xls_open(NvpReader *reader)
{
	return nvp_sheet_open(reader, &xls_sheets);
}

static const NvpReaderRoutine xls_routine = {
	.name = "xls",
	.open = xls_open,
	.next = nvp_sheet_next,
	.rewind = nvp_sheet_rewind,
	.close = nvp_sheet_close
};

const NvpReaderEntry nvp_xls_entry = {NVP_FORMAT_XLS, sizeof(NvpXlsReader), &xls_routine};
