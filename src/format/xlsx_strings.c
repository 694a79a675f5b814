/*-------------------------------------------------------------------------
 *
 * xlsx_strings.c
 *		The shared strings of a workbook.
 *
 * Flow:   sharedStrings.xml --(as far as needed)--> text table
 *
 * A cell names its text by number.  The table is read up to the highest number
 * that was asked for, so that a preview of a large workbook reads little of it.
 *
 * Runs of rich text make one string; phonetic hints are no part of it.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: ECMA-376 part 1, 18.4.8 (si), 18.4.9 (sst), 22.9.2.19 (_xHHHH_).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "format/xlsx_impl.h"

/* ---- escapes ---------------------------------------------------------------- */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* read_escape reads _xHHHH_ at p; -1 if it is none */
static int
read_escape(const char *p, const char *end)
{
	int			code = 0;

	if (end - p < 7 || p[0] != '_' || p[1] != 'x' || p[6] != '_')
		return -1;
	for (int i = 2; i < 6; i++)
	{
		int			digit = hex_digit(p[i]);

		if (digit < 0)
			return -1;
		code = code << 4 | digit;
	}
	return code;
}

/*
 * nvp_xlsx_unescape resolves what XML cannot hold and is written _xHHHH_.  NUL
 * and halves of surrogate pairs stay as they are written, for text cannot hold
 * them either.
 */
uint32
nvp_xlsx_unescape(char *text, uint32 len)
{
	const char *p = memchr(text, '_', len);
	const char *end = text + len;
	char	   *out = (char *) p;

	if (p == NULL)
		return len;
	while (p < end)
	{
		int			code = *p == '_' ? read_escape(p, end) : -1;
		int			low = code >= 0xD800 && code < 0xDC00 ? read_escape(p + 7, end) : -1;

		if (low >= 0xDC00 && low < 0xE000)
		{
			code = 0x10000 + ((code & 0x3FF) << 10 | (low & 0x3FF));
			p += 7;
		}
		if (code <= 0 || (code >= 0xD800 && code < 0xE000))
		{
			*out++ = *p++;
			continue;
		}
		unicode_to_utf8(code, (unsigned char *) out);
		out += pg_utf_mblen((unsigned char *) out);
		p += 7;
	}
	return out - text;
}

/* ---- reading the table ------------------------------------------------------- */

/* begin opens the part, if it has not been, and decides where its strings go */
static bool
begin(NvpXlsxReader *xlsx)
{
	NvpXlsxStrings *strings = &xlsx->strings;
	const NvpZipMember *member;

	strings->begun = true;
	if (!strings->has_part)
	{
		strings->complete = true;
		return true;
	}
	if (!nvp_part_open(&strings->part, &xlsx->sheet.base.reader, xlsx->zip,
					   nvp_xlsx_strings_member(xlsx), nvp_xlsx_spaces))
		return false;
	member = nvp_zip_find(xlsx->zip, strings->part.name);
	/* other encodings may grow when they are decoded */
	nvp_text_table_init(&strings->table, member->bytes * (strings->part.encoding == NVP_ENCODING_UTF8 ? 1 : 3));
	return true;
}

static bool
fail_table(NvpXlsxStrings *strings)
{
	nvp_reader_fail(strings->part.reader, 0, 0, NULL, "the shared strings of the workbook could not be kept: %s",
					nvp_text_table_error(&strings->table));
	strings->part.reader->error.is_io = !strings->table.too_long;
	return false;
}

/* add_string takes the next string into the table */
static bool
add_string(NvpXlsxReader *xlsx, const char *text, uint32 len)
{
	return nvp_text_table_add(&xlsx->strings.table, text, len, nvp_sheet_text_flags(&xlsx->sheet, text, len) != 0) ||
		fail_table(&xlsx->strings);
}

/* add_decoded takes a string that is written with entities or escapes */
static bool
add_decoded(NvpXlsxReader *xlsx, const char *text, uint32 len)
{
	StringInfo	buf = &xlsx->strings.buf;
	int64		n;

	resetStringInfo(buf);
	enlargeStringInfo(buf, len);
	n = nvp_markup_decode(text, len, buf->data);
	if (n < 0)
		return nvp_part_fail(&xlsx->strings.part, "an entity is unknown");
	return add_string(xlsx, buf->data, nvp_xlsx_unescape(buf->data, (uint32) n));
}

/*
 * read_plain reads strings that are written as nearly all are, <si><t>text</t></si>,
 * and stops before the first that is not.  False: error is set.
 */
static bool
read_plain(NvpXlsxReader *xlsx, uint64 index)
{
	NvpXlsxStrings *strings = &xlsx->strings;
	NvpMarkup  *markup = &strings->part.markup;

	while (strings->table.count <= index)
	{
		const char *p = markup->p;
		const char *text;
		bool		is_plain = true;

		while (p < markup->end && (*p == '\n' || *p == '\r' || *p == ' '))
			p++;
		if (memcmp(p, "<si><t>", 7) == 0)
			text = p + 7;
		else if (memcmp(p, "<si><t xml:space=\"preserve\">", 28) == 0)
			text = p + 28;
		else
			return true;
		for (p = text; p < markup->end && *p != '<'; p++)
			is_plain &= (*p != '&' && *p != '\r' && *p != '_');
		/* behind the end there are zeros */
		if (memcmp(p, "</t></si>", 9) != 0)
			return true;
		if (is_plain ? !add_string(xlsx, text, p - text) : !add_decoded(xlsx, text, p - text))
			return false;
		markup->p = p + 9;
	}
	return true;
}

/* read_item reads any si element that was opened, with runs and hints */
static NvpMarkupToken
read_item(NvpXlsxStrings *strings)
{
	NvpMarkup  *markup = &strings->part.markup;
	int			depth = markup->depth;
	int			hint_depth = 0;

	resetStringInfo(&strings->buf);
	for (;;)
	{
		NvpMarkupToken token = nvp_part_next(&strings->part);

		if (token == NVP_MARKUP_BAD || (token == NVP_MARKUP_CLOSE && markup->depth == depth))
			return token;
		if (token == NVP_MARKUP_CLOSE && markup->depth == hint_depth)
			hint_depth = 0;
		if (token == NVP_MARKUP_OPEN && hint_depth == 0)
		{
			if (nvp_markup_is(markup, NVP_XLSX_MAIN, "rPh") || nvp_xlsx_is_alternative(markup))
				hint_depth = markup->depth;
			else if (nvp_markup_is(markup, NVP_XLSX_MAIN, "t"))
			{
				if (!nvp_part_text(&strings->part, &strings->buf))
					return NVP_MARKUP_BAD;
			}
		}
	}
}

/* read_table reads on until the table has the index, or ends; false: error is set */
static bool
read_table(NvpXlsxReader *xlsx, uint64 index)
{
	NvpXlsxStrings *strings = &xlsx->strings;
	NvpPart    *part = &strings->part;

	if (!strings->begun && !begin(xlsx))
		return false;
	while (!strings->complete && strings->table.count <= index)
	{
		NvpMarkupToken token;

		nvp_markup_leave(&part->markup);
		if (strings->is_plain && part->markup.depth == 1 && !read_plain(xlsx, index))
			return false;
		if (strings->table.count > index)
			break;
		token = nvp_part_next(part);
		if (token == NVP_MARKUP_OPEN && part->markup.depth == 1)
			strings->is_plain = nvp_markup_is(&part->markup, NVP_XLSX_MAIN, "sst") &&
				part->markup.name[-1] == '<' && !xlsx->sheet.base.force_plain;
		if (token == NVP_MARKUP_OPEN && nvp_markup_is(&part->markup, NVP_XLSX_MAIN, "si"))
		{
			token = read_item(strings);
			if (token != NVP_MARKUP_BAD &&
				!add_string(xlsx, strings->buf.data, nvp_xlsx_unescape(strings->buf.data, strings->buf.len)))
				return false;
		}
		if (token == NVP_MARKUP_BAD)
			return false;
		if (token == NVP_MARKUP_END)
		{
			strings->complete = true;
			if (!nvp_part_drain(part))
				return false;
			nvp_part_close(part);
		}
	}
	return true;
}

/* ---- cells ------------------------------------------------------------------- */

/* nvp_xlsx_string sets a cell to the shared string of that index. */
bool
nvp_xlsx_string(NvpXlsxReader *xlsx, uint64 index, NvpSheetRow *row, int col)
{
	NvpXlsxStrings *strings = &xlsx->strings;

	if (unlikely(index >= strings->table.count))
	{
		if (!read_table(xlsx, index))
			return false;
		if (index >= strings->table.count)
			return nvp_reader_fail(&xlsx->sheet.base.reader, row->row_no, 0,
								   "Open the file in a spreadsheet program and save it again.",
								   "row " UINT64_FORMAT " of the sheet names shared string " UINT64_FORMAT
								   ", but there are only " INT64_FORMAT, row->row_no, index, strings->table.count);
	}
	return nvp_text_table_cell(&strings->table, index, row, col) || fail_table(strings);
}

void
nvp_xlsx_strings_close(NvpXlsxStrings *strings)
{
	nvp_part_close(&strings->part);
	nvp_text_table_free(&strings->table);
	if (strings->buf.data)
		pfree(strings->buf.data);
}
