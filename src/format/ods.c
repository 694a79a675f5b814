/*-------------------------------------------------------------------------
 *
 * ods.c
 *		Workbooks in OpenDocument: the document and its rows.
 *
 * Flow:   content.xml: styles of tables, then one table after the other
 *
 * All sheets are in one part, so it is read once to know them, and again from
 * its beginning for each that is read.
 *
 * What is read
 *	 - Values as the attributes of a cell give them; text as it is shown.
 *	 - Rows and cells that are repeated.  Repetition costs a writer nothing, so
 *	   there is a limit to the values that may come of it.
 *	 - Cells that are covered by a merged one are empty.
 *
 * Memory: see part.h and sheet.h.
 * Errors: as for all readers.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: OpenDocument 1.3, part 3, chapters 3 (documents) and 9 (tables).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/ods_impl.h"

#define MOST_SHEETS		10000
#define MOST_EXPANDED	INT64CONST(50000000)

static const NvpMarkupSpace spaces[] = {
	{"urn:oasis:names:tc:opendocument:xmlns:office:1.0", NVP_ODS_OFFICE},
	{"urn:oasis:names:tc:opendocument:xmlns:table:1.0", NVP_ODS_TABLE},
	{"urn:oasis:names:tc:opendocument:xmlns:text:1.0", NVP_ODS_TEXT},
	{"urn:oasis:names:tc:opendocument:xmlns:style:1.0", NVP_ODS_STYLE},
	{"urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0", NVP_ODS_CALC},
	{"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0", NVP_ODS_MANIFEST},
	{NULL, 0}
};

/* ---- the document ------------------------------------------------------------ */

/* check_encryption looks into the manifest; false: error is set */
static bool
check_encryption(NvpOdsReader *ods)
{
	NvpPart		part = {0};
	NvpMarkupToken token = NVP_MARKUP_END;
	bool		ok = true;

	if (nvp_zip_find(ods->zip, "encrypted-package"))
		return nvp_reader_fail_locked(&ods->sheet.base.reader);
	if (nvp_zip_find(ods->zip, "META-INF/manifest.xml") == NULL)
		return true;
	ok = nvp_part_open(&part, &ods->sheet.base.reader, ods->zip, "META-INF/manifest.xml", spaces);
	while (ok && (token = nvp_part_next(&part)) != NVP_MARKUP_END)
	{
		ok = (token != NVP_MARKUP_BAD);
		if (token == NVP_MARKUP_OPEN && nvp_markup_is(&part.markup, NVP_ODS_MANIFEST, "encryption-data"))
			ok = nvp_reader_fail_locked(&ods->sheet.base.reader);
	}
	nvp_part_close(&part);
	return ok;
}

/* read_style notes the style that was opened if tables of it are hidden */
static bool
read_style(NvpOdsReader *ods)
{
	NvpMarkup  *markup = &ods->part.markup;
	int			depth = markup->depth;

	resetStringInfo(&ods->buf);
	(void) nvp_part_attribute(&ods->part, NVP_ODS_STYLE, "name", &ods->buf);
	for (;;)
	{
		NvpMarkupToken token = nvp_part_next(&ods->part);
		const char *display;
		uint32		len;

		if (token == NVP_MARKUP_BAD)
			return false;
		if (token == NVP_MARKUP_CLOSE && markup->depth == depth)
			return true;
		if (token != NVP_MARKUP_OPEN || !nvp_markup_is(markup, NVP_ODS_STYLE, "table-properties"))
			continue;
		display = nvp_markup_attribute(markup, NVP_ODS_TABLE, "display", &len);
		if (display && len == 5 && memcmp(display, "false", 5) == 0)
			nvp_names_add(&ods->hidden, ods->buf.data, ods->buf.len);
	}
}

/* read_table lists the table that was opened, and passes over it */
static bool
read_table(NvpOdsReader *ods)
{
	NvpSheetInfo *sheet;

	if (ods->sheet.nsheets == MOST_SHEETS)
		return nvp_part_fail(&ods->part, "it has too many sheets");
	resetStringInfo(&ods->buf);
	(void) nvp_part_attribute(&ods->part, NVP_ODS_TABLE, "name", &ods->buf);
	sheet = nvp_sheet_add(&ods->sheet, ods->buf.data);
	sheet->offset = ods->sheet.nsheets - 1;
	resetStringInfo(&ods->buf);
	if (nvp_part_attribute(&ods->part, NVP_ODS_TABLE, "style-name", &ods->buf))
		sheet->is_hidden = nvp_names_find(&ods->hidden, ods->buf.data, ods->buf.len) >= 0;
	return nvp_part_skip(&ods->part);
}

/* list_sheets reads the whole of content.xml */
static bool
list_sheets(NvpOdsReader *ods)
{
	NvpMarkup  *markup = &ods->part.markup;
	bool		is_spreadsheet = false;

	for (;;)
	{
		NvpMarkupToken token = nvp_part_next(&ods->part);
		bool		ok = true;

		if (token == NVP_MARKUP_BAD)
			return false;
		if (token == NVP_MARKUP_END)
			return is_spreadsheet || nvp_part_fail(&ods->part, "it is no spreadsheet");
		if (token != NVP_MARKUP_OPEN)
			continue;
		if (nvp_markup_is(markup, NVP_ODS_STYLE, "style"))
			ok = read_style(ods);
		else if (nvp_markup_is(markup, NVP_ODS_OFFICE, "spreadsheet"))
			is_spreadsheet = true;
		else if (is_spreadsheet)
			ok = nvp_markup_is(markup, NVP_ODS_TABLE, "table") ? read_table(ods) : nvp_part_skip(&ods->part);
		if (!ok)
			return false;
	}
}

static bool
open_book(NvpSheetReader *sheet)
{
	NvpOdsReader *ods = (NvpOdsReader *) sheet;

	initStringInfo(&ods->buf);
	nvp_names_init(&ods->hidden);
	ods->zip = nvp_part_open_zip(&sheet->base.reader);
	if (ods->zip == NULL || !check_encryption(ods))
		return false;
	return nvp_part_open(&ods->part, &sheet->base.reader, ods->zip, "content.xml", spaces) &&
		list_sheets(ods);
}

static void
close_book(NvpSheetReader *sheet)
{
	NvpOdsReader *ods = (NvpOdsReader *) sheet;

	nvp_part_close(&ods->part);
	nvp_names_free(&ods->hidden);
	if (ods->buf.data)
		pfree(ods->buf.data);
	if (ods->zip)
		nvp_zip_close(ods->zip);
}

/* open_sheet goes to the beginning of a table */
static bool
open_sheet(NvpSheetReader *sheet, const NvpSheetInfo *info)
{
	NvpOdsReader *ods = (NvpOdsReader *) sheet;
	NvpMarkup  *markup = &ods->part.markup;
	int64		before = info->offset;
	bool		is_spreadsheet = false;

	ods->row_no = 0;
	ods->repeats = 0;
	ods->expanded = 0;
	ods->skip_depth = 0;
	if (!nvp_part_begin(&ods->part))
		return false;
	for (;;)
	{
		NvpMarkupToken token = nvp_part_next(&ods->part);

		if (token == NVP_MARKUP_BAD)
			return false;
		if (token == NVP_MARKUP_END)
			return nvp_part_fail(&ods->part, "a sheet is missing");
		if (token != NVP_MARKUP_OPEN)
			continue;
		if (nvp_markup_is(markup, NVP_ODS_OFFICE, "spreadsheet"))
			is_spreadsheet = true;
		else if (is_spreadsheet)
		{
			if (nvp_markup_is(markup, NVP_ODS_TABLE, "table") && before-- == 0)
				break;
			if (!nvp_part_skip(&ods->part))
				return false;
		}
	}
	ods->table_depth = markup->depth;
	return true;
}

/* ---- rows ------------------------------------------------------------------- */

NvpSheetStatus
nvp_ods_fail(NvpOdsReader *ods, NvpMarkupToken token)
{
	if (token == NVP_MARKUP_MORE)
		return NVP_SHEET_MORE;
	nvp_part_fail(&ods->part, token == NVP_MARKUP_BAD ? ods->part.markup.error : "it ends too early");
	return NVP_SHEET_BAD;
}

/* holds_rows: an element that groups rows, for a print title or an outline */
static bool
holds_rows(const NvpMarkup *markup)
{
	return nvp_markup_is(markup, NVP_ODS_TABLE, "table-row-group") ||
		nvp_markup_is(markup, NVP_ODS_TABLE, "table-header-rows") ||
		nvp_markup_is(markup, NVP_ODS_TABLE, "table-rows");
}

/* read_cells reads the cells of a row that was opened */
static NvpSheetStatus
read_cells(NvpOdsReader *ods, NvpSheetRow *row)
{
	NvpMarkup  *markup = &ods->part.markup;
	int			depth = markup->depth;
	int			col = 0;

	for (;;)
	{
		NvpMarkupToken token = nvp_markup_next(markup);
		NvpSheetStatus status = NVP_SHEET_ROW;

		if (token > NVP_MARKUP_TEXT)
			return nvp_ods_fail(ods, token);
		if (token == NVP_MARKUP_CLOSE && markup->depth == depth)
			return NVP_SHEET_ROW;
		if (token != NVP_MARKUP_OPEN)
			continue;
		if (nvp_markup_is(markup, NVP_ODS_TABLE, "table-cell") ||
			nvp_markup_is(markup, NVP_ODS_TABLE, "covered-table-cell"))
			status = nvp_ods_cell(ods, row, &col);
		if (status != NVP_SHEET_ROW)
			return status;
	}
}

/* find_row goes to the start of the next row; MORE keeps what was passed over behind us */
static NvpSheetStatus
find_row(NvpOdsReader *ods, NvpMarkupMark *mark)
{
	NvpMarkup  *markup = &ods->part.markup;

	for (;;)
	{
		NvpMarkupToken token;

		nvp_markup_save(markup, mark);
		token = nvp_markup_next(markup);
		if (token > NVP_MARKUP_TEXT)
			return nvp_ods_fail(ods, token);
		if (token == NVP_MARKUP_CLOSE && markup->depth == ods->skip_depth)
			ods->skip_depth = 0;
		else if (token == NVP_MARKUP_CLOSE && markup->depth == ods->table_depth)
			return NVP_SHEET_END;
		if (token != NVP_MARKUP_OPEN || ods->skip_depth > 0 || holds_rows(markup))
			continue;
		if (nvp_markup_is(markup, NVP_ODS_TABLE, "table-row"))
			return NVP_SHEET_ROW;
		ods->skip_depth = markup->depth;
	}
}

/*
 * finish_row counts the row, and if it is to be delivered again goes back to
 * its beginning: a row is repeated by being read again
 */
static NvpSheetStatus
finish_row(NvpOdsReader *ods, NvpSheetRow *row, int64 times, const NvpMarkupMark *mark)
{
	if (row->width == 0)
		ods->row_no += times;
	else
	{
		ods->row_no++;
		ods->expanded += ods->repeats > 0 ? row->width : 0;
		ods->repeats = ods->repeats > 0 ? ods->repeats - 1 : times - 1;
		if (ods->repeats > 0)
			nvp_markup_restore(&ods->part.markup, mark);
	}
	row->row_no = ods->row_no;
	/* blank rows are repeated to the end of the sheet, and some programs count beyond it */
	if (row->width > 0 && ods->row_no > NVP_SHEET_ROWS)
	{
		nvp_part_fail(&ods->part, "it has more rows than a sheet can have");
		return NVP_SHEET_BAD;
	}
	if (ods->expanded > MOST_EXPANDED)
	{
		nvp_part_fail(&ods->part, "it repeats its cells without end");
		return NVP_SHEET_BAD;
	}
	return NVP_SHEET_ROW;
}

static NvpSheetStatus
next_row(NvpSheetReader *sheet, NvpSheetRow *row)
{
	NvpOdsReader *ods = (NvpOdsReader *) sheet;
	NvpMarkup  *markup = &ods->part.markup;
	NvpMarkupMark mark;
	NvpSheetStatus status = find_row(ods, &mark);
	int64		expanded = ods->expanded;
	int64		times;

	if (status == NVP_SHEET_MORE)
		nvp_markup_restore(markup, &mark);
	if (status != NVP_SHEET_ROW)
		return status;
	times = nvp_ods_times(markup, "number-rows-repeated");
	status = read_cells(ods, row);
	if (status == NVP_SHEET_MORE)
	{
		nvp_markup_restore(markup, &mark);
		ods->expanded = expanded;
	}
	return status == NVP_SHEET_ROW ? finish_row(ods, row, times, &mark) : status;
}

static bool
refill(NvpSheetReader *sheet)
{
	return nvp_part_fill(&((NvpOdsReader *) sheet)->part);
}

static const NvpSheetRoutine ods_sheets = {
	.open_book = open_book,
	.open_sheet = open_sheet,
	.next_row = next_row,
	.refill = refill,
	.close = close_book
};

static bool
ods_open(NvpReader *reader)
{
	return nvp_sheet_open(reader, &ods_sheets);
}

static const NvpReaderRoutine ods_routine = {
	.name = "ods",
	.open = ods_open,
	.next = nvp_sheet_next,
	.rewind = nvp_sheet_rewind,
	.close = nvp_sheet_close
};

const NvpReaderEntry nvp_ods_entry = {NVP_FORMAT_ODS, sizeof(NvpOdsReader), &ods_routine};
