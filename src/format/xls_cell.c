/*-------------------------------------------------------------------------
 *
 * xls_cell.c
 *		The rows of a sheet of Excel 5 to 2003.
 *
 * Cells are records with a row, a column and a style.  Those of a row stand
 * together; where the row changes, the row before is complete.
 *
 *	 record						becomes
 *	 LABELSST, LABEL, RSTRING	text
 *	 NUMBER, RK, MULRK			by the style: ISO text of a date or time, or a number
 *	 BOOLERR					a boolean, or an error cell
 *	 FORMULA, STRING			any of these: the value that was computed
 *
 * Pure: also built outside the server (see test/unit).
 * Source: [MS-XLS] 2.4 (records), 2.5.122 (RK), 2.5.133 (values of formulas).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/zip.h"
#include "format/cell_format.h"
#include "format/xls_impl.h"

#define CELL_HEADER		6		/* row, column, style */

static char *
keep(NvpXlsReader *xls, const char *text, uint32 len)
{
	char	   *copy = nvp_arena_alloc(&xls->sheet.arena, (size_t) len + 1);

	memcpy(copy, text, len);
	return copy;
}

/* put_number puts a number, or the moment it means */
static void
put_number(NvpXlsReader *xls, NvpSheetRow *row, int col, int style, double value)
{
	uint8		shows = style < xls->nstyles ? xls->shows[style] : 0;
	char		text[NVP_NUMBER_TEXT];
	char		moment[NVP_NUMBER_TEXT];
	uint32		len = nvp_cell_double_text(value, text);
	uint32		n = 0;

	if (shows & NVP_SHOWS_MOMENT)
		n = nvp_cell_moment_text(text, len, shows, xls->sheet.date1904, moment);
	if (n > 0)
		nvp_sheet_set(row, col, keep(xls, moment, n), n, NVP_CELL_TEXT, NVP_CELL_UTF8);
	else if (len > 0)
		nvp_sheet_set(row, col, keep(xls, text, len), len, NVP_CELL_NUMBER,
					  (shows & NVP_SHOWS_PERCENT) ? NVP_CELL_PERCENT : 0);
	else
		nvp_sheet_set(row, col, "#NUM!", 5, NVP_CELL_ERROR, NVP_CELL_UTF8);
}

static double
get_double(const char *p)
{
	uint64		bits = nvp_zip_get64(p);
	double		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* decode_rk reads a number in four bytes: the top of a double, or an integer, or either in hundredths */
static double
decode_rk(uint32 rk)
{
	double		value;

	if (rk & 2)
		value = (int32) rk >> 2;
	else
	{
		uint64		bits = (uint64) (rk & ~3U) << 32;

		memcpy(&value, &bits, sizeof(value));
	}
	return (rk & 1) ? value / 100.0 : value;
}

static void
put_error(NvpSheetRow *row, int col, int code)
{
	static const struct
	{
		int			code;
		const char *text;
	}			errors[] = {
		{0x00, "#NULL!"}, {0x07, "#DIV/0!"}, {0x0F, "#VALUE!"}, {0x17, "#REF!"},
		{0x1D, "#NAME?"}, {0x24, "#NUM!"}, {0x2A, "#N/A"}
	};
	const char *text = "#ERROR!";

	for (int i = 0; i < lengthof(errors); i++)
		if (errors[i].code == code)
			text = errors[i].text;
	nvp_sheet_set(row, col, text, strlen(text), NVP_CELL_ERROR, NVP_CELL_UTF8);
}

static void
put_boolean(NvpSheetRow *row, int col, bool value)
{
	nvp_sheet_set(row, col, value ? "true" : "false", value ? 4 : 5, NVP_CELL_BOOL, 0);
}

/* put_text puts the string that was read last */
static void
put_text(NvpXlsReader *xls, NvpSheetRow *row, int col)
{
	uint32		len = xls->text.len;
	char	   *text = keep(xls, xls->text.data, len);

	nvp_sheet_set(row, col, text, len, NVP_CELL_TEXT, nvp_sheet_text_flags(&xls->sheet, text, len));
}

static bool
put_shared(NvpXlsReader *xls, NvpSheetRow *row, int col)
{
	uint32		index = nvp_zip_get32(xls->data + CELL_HEADER);

	if (index >= xls->strings.count)
		return nvp_biff_fail(xls, "a cell names a text that is not there");
	return nvp_text_table_cell(&xls->strings, index, row, col) ||
		nvp_biff_fail(xls, nvp_text_table_error(&xls->strings));
}

/*
 * read_string reads the text of a formula, which follows it in a record of its
 * own; between them there may be the formula of a range
 */
static bool
read_string(NvpXlsReader *xls, NvpSheetRow *row, int col)
{
	int64		place = xls->next;

	for (int i = 0; i < 4; i++)
	{
		const char *p;

		if (!nvp_biff_next(xls))
			return false;
		p = xls->data;
		if (xls->type == NVP_BIFF_STRING)
		{
			if (!nvp_biff_string(xls, &p, 2))
				return false;
			put_text(xls, row, col);
			return true;
		}
		if (xls->type == NVP_BIFF_FORMULA || xls->type == NVP_BIFF_EOF)
			break;
	}
	nvp_biff_seek(xls, place);
	nvp_sheet_set(row, col, "", 0, NVP_CELL_TEXT, NVP_CELL_UTF8);
	return true;
}

static bool
put_formula(NvpXlsReader *xls, NvpSheetRow *row, int col, int style)
{
	const char *value = xls->data + CELL_HEADER;

	if (nvp_zip_get16(value + 6) != 0xFFFF)
	{
		put_number(xls, row, col, style, get_double(value));
		return true;
	}
	switch (value[0])
	{
		case 0:
			return read_string(xls, row, col);
		case 1:
			put_boolean(row, col, value[2] != 0);
			return true;
		case 2:
			put_error(row, col, (unsigned char) value[2]);
			return true;
		default:
			nvp_sheet_set(row, col, "", 0, NVP_CELL_TEXT, NVP_CELL_UTF8);
			return true;
	}
}

static bool
put_many(NvpXlsReader *xls, NvpSheetRow *row, int col)
{
	const char *p = xls->data + 4;

	/* behind the last number stands the last column */
	for (; nvp_biff_end(xls) - p >= 8; p += 6, col++)
	{
		if (col >= NVP_XLS_COLUMNS)
			return nvp_biff_fail(xls, "a cell has no place in the sheet");
		put_number(xls, row, col, nvp_zip_get16(p), decode_rk(nvp_zip_get32(p + 2)));
	}
	return true;
}

/* least bytes of a record with a cell; 0 = it has none, or no value */
static int
least_bytes(const NvpXlsReader *xls)
{
	switch (xls->type)
	{
		case NVP_BIFF_LABELSST:
		case NVP_BIFF_RK:
			return CELL_HEADER + 4;
		case NVP_BIFF_NUMBER:
			return CELL_HEADER + 8;
		case NVP_BIFF_LABEL:
		case NVP_BIFF_RSTRING:
		case NVP_BIFF_BOOLERR:
			return CELL_HEADER + 2;
		case NVP_BIFF_FORMULA:
			return CELL_HEADER + 8;
		case NVP_BIFF_MULRK:
			return CELL_HEADER + 6;
		default:
			return 0;
	}
}

/* put_cell puts the cell of the record at hand */
static bool
put_cell(NvpXlsReader *xls, NvpSheetRow *row)
{
	int			col = nvp_zip_get16(xls->data + 2);
	int			style = nvp_zip_get16(xls->data + 4);
	const char *value = xls->data + CELL_HEADER;

	if (col >= NVP_XLS_COLUMNS)
		return nvp_biff_fail(xls, "a cell has no place in the sheet");
	switch (xls->type)
	{
		case NVP_BIFF_LABELSST:
			return put_shared(xls, row, col);
		case NVP_BIFF_NUMBER:
			put_number(xls, row, col, style, get_double(value));
			return true;
		case NVP_BIFF_RK:
			put_number(xls, row, col, style, decode_rk(nvp_zip_get32(value)));
			return true;
		case NVP_BIFF_MULRK:
			return put_many(xls, row, col);
		case NVP_BIFF_BOOLERR:
			if (value[1])
				put_error(row, col, (unsigned char) value[0]);
			else
				put_boolean(row, col, value[0] != 0);
			return true;
		case NVP_BIFF_FORMULA:
			return put_formula(xls, row, col, style);
		default:
			if (!nvp_biff_string(xls, &value, 2))
				return false;
			put_text(xls, row, col);
			return true;
	}
}

/* skip_embedded passes over a chart within the sheet, which has a beginning and an end of its own */
static bool
skip_embedded(NvpXlsReader *xls)
{
	int			depth = 1;

	while (depth > 0)
	{
		if (!nvp_biff_next(xls))
			return false;
		depth += (xls->type == NVP_BIFF_BOF) - (xls->type == NVP_BIFF_EOF);
	}
	return true;
}

/* begin_row takes note of the number of a row; false if it comes too late: cells of it may have been delivered */
static bool
begin_row(NvpXlsReader *xls, NvpSheetRow *row, int number)
{
	if (number < xls->next_row)
		return nvp_reader_fail(&xls->sheet.base.reader, number + 1, 0,
							   "Open the file in a spreadsheet program and save it again, as .xlsx.",
							   "the cells of the workbook are in disorder: row %d comes after row %d", number + 1, xls->next_row);
	xls->next_row = number + 1;
	row->row_no = number + 1;
	return true;
}

/* nvp_xls_next_row reads the records of one row. */
NvpSheetStatus
nvp_xls_next_row(NvpSheetReader *reader, NvpSheetRow *row)
{
	NvpXlsReader *xls = (NvpXlsReader *) reader;
	int			current = -1;

	for (;;)
	{
		int			least;

		if (!nvp_biff_next(xls))
			return NVP_SHEET_BAD;
		if (xls->type == NVP_BIFF_BOF)
		{
			if (!skip_embedded(xls))
				return NVP_SHEET_BAD;
			continue;
		}
		if (xls->type == NVP_BIFF_EOF)
			break;
		least = least_bytes(xls);
		if (least == 0)
			continue;
		if (xls->len < least)
		{
			nvp_biff_fail(xls, "a cell is cut off");
			return NVP_SHEET_BAD;
		}
		if (current >= 0 && nvp_zip_get16(xls->data) != current)
		{
			nvp_biff_seek(xls, xls->place);
			return NVP_SHEET_ROW;
		}
		if (current < 0 && !begin_row(xls, row, nvp_zip_get16(xls->data)))
			return NVP_SHEET_BAD;
		current = nvp_zip_get16(xls->data);
		if (!put_cell(xls, row))
			return NVP_SHEET_BAD;
	}
	if (current < 0)
		return NVP_SHEET_END;
	/* come by the end again when the row was taken */
	nvp_biff_seek(xls, xls->place);
	return NVP_SHEET_ROW;
}
