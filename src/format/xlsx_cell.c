/*-------------------------------------------------------------------------
 *
 * xlsx_cell.c
 *		One value of a sheet, as a cell of the batch.
 *
 *	 type t			value			becomes
 *	 s				a number		the shared string, text
 *	 inlineStr, str text			text
 *	 b				1, 0			a boolean
 *	 e				#N/A ...		an error cell
 *	 d				ISO 8601		text; without its time if the style shows none
 *	 n or none		a number		by the style: ISO text of a date or time, or a number
 *
 * Pure: also built outside the server (see test/unit).
 * Source: ECMA-376 part 1, 18.3.1.4 (c), 18.18.11 (types).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/cell_format.h"
#include "format/xlsx_impl.h"

static char *
keep(NvpXlsxReader *xlsx, const char *text, uint32 len)
{
	char	   *copy = nvp_arena_alloc(&xlsx->sheet.arena, len);

	memcpy(copy, text, len);
	return copy;
}

/* put_number puts a number, or the moment it means */
static void
put_number(NvpXlsxReader *xlsx, NvpSheetRow *row, const NvpXlsxCell *cell, const char *value, uint32 len)
{
	uint8		shows = cell->style < xlsx->nstyles ? xlsx->shows[cell->style] : 0;
	char		text[NVP_NUMBER_TEXT];
	uint32		n;

	if (unlikely(shows & NVP_SHOWS_MOMENT))
	{
		n = nvp_cell_moment_text(value, len, shows, xlsx->sheet.date1904, text);
		if (n > 0)
		{
			nvp_sheet_set(row, cell->col, keep(xlsx, text, n), n, NVP_CELL_TEXT, NVP_CELL_UTF8);
			return;
		}
	}
	if (likely(nvp_cell_number_is_plain(value, len)))
	{
		nvp_sheet_set(row, cell->col, value, len, NVP_CELL_NUMBER,
					  (shows & NVP_SHOWS_PERCENT) ? NVP_CELL_PERCENT : 0);
		return;
	}
	n = nvp_cell_number_text(value, len, text);
	if (n > 0)
		nvp_sheet_set(row, cell->col, keep(xlsx, text, n), n, NVP_CELL_NUMBER,
					  (shows & NVP_SHOWS_PERCENT) ? NVP_CELL_PERCENT : 0);
	else
		nvp_sheet_set(row, cell->col, value, len, NVP_CELL_TEXT, nvp_sheet_text_flags(&xlsx->sheet, value, len));
}

static bool
put_shared(NvpXlsxReader *xlsx, NvpSheetRow *row, const NvpXlsxCell *cell, const char *value, uint32 len)
{
	uint64		index = 0;

	for (uint32 i = 0; i < len; i++)
	{
		if (value[i] < '0' || value[i] > '9' || len > 12)
			return nvp_part_fail(&xlsx->part, "the number of a shared string is none");
		index = index * 10 + (value[i] - '0');
	}
	return nvp_xlsx_string(xlsx, index, row, cell->col);
}

/* put_iso puts a date that is written as text; a midnight that is not shown is no part of it */
static void
put_iso(NvpXlsxReader *xlsx, NvpSheetRow *row, const NvpXlsxCell *cell, const char *value, uint32 len)
{
	uint8		shows = cell->style < xlsx->nstyles ? xlsx->shows[cell->style] : 0;

	if (len >= 19 && value[10] == 'T' && memcmp(value + 11, "00:00:00", 8) == 0 &&
		(shows & NVP_SHOWS_MOMENT) == NVP_SHOWS_DATE && strspn(value + 19, ".0Z") >= len - 19)
		len = 10;
	nvp_sheet_set(row, cell->col, value, len, NVP_CELL_TEXT, nvp_sheet_text_flags(&xlsx->sheet, value, len));
}

static void
put_boolean(NvpSheetRow *row, const NvpXlsxCell *cell, const char *value, uint32 len)
{
	bool		is_true = (len == 1 && *value == '1') || (len == 4 && memcmp(value, "true", 4) == 0);

	nvp_sheet_set(row, cell->col, is_true ? "true" : "false", is_true ? 4 : 5, NVP_CELL_BOOL, 0);
}

/*
 * nvp_xlsx_put puts a value into its column.
 *
 * in: the value with entities resolved, as a view that lives as long as cells.
 */
bool
nvp_xlsx_put(NvpXlsxReader *xlsx, NvpSheetRow *row, const NvpXlsxCell *cell,
			 const char *value, uint32 len)
{
	switch (cell->type)
	{
		case 's':
			return len == 0 || put_shared(xlsx, row, cell, value, len);
		case 'n':
			if (len > 0)
				put_number(xlsx, row, cell, value, len);
			return true;
		case 'b':
			if (len > 0)
				put_boolean(row, cell, value, len);
			return true;
		case 'e':
			nvp_sheet_set(row, cell->col, value, len, NVP_CELL_ERROR, nvp_sheet_text_flags(&xlsx->sheet, value, len));
			return true;
		case 'd':
			put_iso(xlsx, row, cell, value, len);
			return true;
		default:
			nvp_sheet_set(row, cell->col, value, len, NVP_CELL_TEXT, nvp_sheet_text_flags(&xlsx->sheet, value, len));
			return true;
	}
}
