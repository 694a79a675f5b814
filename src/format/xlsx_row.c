/*-------------------------------------------------------------------------
 *
 * xlsx_row.c
 *		The rows of a sheet.
 *
 * A row is read from a stretch that holds all of it; where the stretch ends
 * before the row does, it is begun anew with a longer one.  So values are views,
 * and cells cost no allocation.
 *
 * Nearly all cells are written in one of two shapes, <c ...><v>1</v></c> and
 * <c ...><is><t>text</t></is></c>.  These are read by looking at the bytes; any
 * other shape goes through the tokenizer.  The two must agree (see test/unit).
 *
 * Where a cell is, its reference says; without one it follows the cell before.
 * The same holds for rows.  Neither need come in order, and what the dimension
 * element claims is not asked.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: ECMA-376 part 1, 18.3.1.73 (row), 18.3.1.4 (c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/xlsx_impl.h"

/* what becomes of an attempt */
typedef enum Attempt
{
	ATTEMPT_DONE,
	ATTEMPT_OTHER,				/* not of this shape, or not all there */
	ATTEMPT_BAD					/* error is set */
} Attempt;

/* read_column reads the letters of a reference; -1 if it is none we can take */
static int
read_column(const char *ref, uint32 len)
{
	int			col = 0;
	uint32		i = 0;

	for (; i < len && (ref[i] | 0x20) >= 'a' && (ref[i] | 0x20) <= 'z' && i < 4; i++)
		col = col * 26 + ((ref[i] | 0x20) - 'a' + 1);
	return i > 0 && col <= NVP_SHEET_COLUMNS ? col - 1 : -1;
}

static char
read_type(const char *type, uint32 len)
{
	switch (len > 0 ? *type : 'n')
	{
		case 's':
			return len == 1 ? 's' : 't';	/* str */
		case 'i':
			return 'i';
		case 'b':
		case 'e':
		case 'd':
			return *type;
		default:
			return 'n';
	}
}

/* resolve turns a text as it is written into the text that is meant; false: error is set */
static bool
resolve(NvpXlsxReader *xlsx, const NvpXlsxCell *cell, const char **text, uint32 *len)
{
	char	   *copy = nvp_arena_alloc(&xlsx->sheet.arena, (size_t) *len + 1);
	int64		n = nvp_markup_decode(*text, *len, copy);

	if (n < 0)
		return nvp_part_fail(&xlsx->part, "an entity is unknown");
	if (cell->type == 't' || cell->type == 'i')
		n = nvp_xlsx_unescape(copy, (uint32) n);
	*text = copy;
	*len = (uint32) n;
	return true;
}

/* ---- the usual shapes ------------------------------------------------------- */

/*
 * plain_attributes reads the attributes of a cell from behind <c on, if there is
 * nothing but r, s and t, each of them once.  Returns the place of > or /, NULL
 * otherwise.
 */
static inline const char *
plain_attributes(NvpXlsxCell *cell, const char *p)
{
	uint32		seen = 0;

	while (*p == ' ')
	{
		const char *value = p + 4;
		char		name = p[1];
		uint32		bit = 1U << (name & 31);

		if (p[2] != '=' || p[3] != '"' || (seen & bit) != 0)
			return NULL;
		seen |= bit;
		p = value;
		if (name == 'r')
		{
			int			col = 0;

			for (; *p >= 'A' && *p <= 'Z' && p - value < 4; p++)
				col = col * 26 + (*p - 'A' + 1);
			if (p == value || col > NVP_SHEET_COLUMNS)
				return NULL;
			cell->col = col - 1;
			while (*p >= '0' && *p <= '9')
				p++;
		}
		else if (name == 's')
		{
			cell->style = 0;
			for (; *p >= '0' && *p <= '9' && p - value < 9; p++)
				cell->style = cell->style * 10 + (*p - '0');
		}
		else if (name == 't')
		{
			while (*p >= 'A' && *p <= 'z')
				p++;
			cell->type = read_type(value, p - value);
		}
		else
			return NULL;
		if (*p++ != '"')
			return NULL;
	}
	return p;
}

/* the text up to the next tag; *is_plain: it stands for itself */
static inline const char *
text_end(const char *p, bool *is_plain)
{
	bool		plain = true;

	for (; *p != '<'; p++)
	{
		if (unlikely(*p == '&' || *p == '\r' || *p == '_' || *p == '\0'))
		{
			plain = false;
			if (*p == '\0')
				break;
		}
	}
	*is_plain = plain;
	return p;
}

/*
 * try_value reads a cell whose value is in one v element, or one t element in an
 * is element.  Behind the end of the stretch there are zeros, which no shape has.
 */
static Attempt
try_value(NvpXlsxReader *xlsx, NvpSheetRow *row, const NvpXlsxCell *cell, const char *p)
{
	const char *value;
	const char *close;
	uint32		len;
	int			close_len;
	bool		is_plain;

	if (cell->type != 'i' && memcmp(p, "<v>", 3) == 0)
	{
		value = p + 3;
		close = "</v></c>";
		close_len = 8;
	}
	else if (cell->type == 'i' && memcmp(p, "<is><t", 6) == 0)
	{
		if (p[6] == '>')
			value = p + 7;
		else if (memcmp(p + 6, " xml:space=\"preserve\">", 22) == 0)
			value = p + 28;
		else
			return ATTEMPT_OTHER;
		close = "</t></is></c>";
		close_len = 13;
	}
	else
		return ATTEMPT_OTHER;
	p = text_end(value, &is_plain);
	if (memcmp(p, close, close_len) != 0)
		return ATTEMPT_OTHER;
	xlsx->part.markup.p = p;
	len = p - value;
	if (!is_plain && !resolve(xlsx, cell, &value, &len))
		return ATTEMPT_BAD;
	xlsx->part.markup.p = p + close_len;
	return nvp_xlsx_put(xlsx, row, cell, value, len) ? ATTEMPT_DONE : ATTEMPT_BAD;
}

/* try_cell reads a cell of a usual shape that begins at markup.p */
static Attempt
try_cell(NvpXlsxReader *xlsx, NvpSheetRow *row, int *col)
{
	const char *p = xlsx->part.markup.p;
	NvpXlsxCell cell = {.col = *col, .type = 'n'};
	Attempt		attempt;

	if (p[0] != '<' || p[1] != 'c')
		return ATTEMPT_OTHER;
	p = plain_attributes(&cell, p + 2);
	if (p == NULL || cell.col >= NVP_SHEET_COLUMNS)
		return ATTEMPT_OTHER;
	if (*p == '>')
	{
		attempt = try_value(xlsx, row, &cell, p + 1);
		if (attempt != ATTEMPT_DONE)
			return attempt;
	}
	else if (p[0] == '/' && p[1] == '>')
		xlsx->part.markup.p = p + 2;
	else
		return ATTEMPT_OTHER;
	*col = cell.col + 1;
	return ATTEMPT_DONE;
}

/* ---- any shape ---------------------------------------------------------------- */

/* append_text appends a text of the document, entities resolved, to the buffer */
static bool
append_text(NvpXlsxReader *xlsx, StringInfo buf)
{
	const NvpMarkup *markup = &xlsx->part.markup;
	int64		n = markup->text_len;

	enlargeStringInfo(buf, markup->text_len);
	if (markup->is_plain)
		memcpy(buf->data + buf->len, markup->text, n);
	else
		n = nvp_markup_decode(markup->text, markup->text_len, buf->data + buf->len);
	if (n < 0)
		return nvp_part_fail(&xlsx->part, "an entity is unknown");
	buf->len += n;
	return true;
}

/* fail_token turns BAD of the tokenizer into an error; MORE is passed on */
static NvpSheetStatus
fail_token(NvpXlsxReader *xlsx, NvpMarkupToken token)
{
	if (token == NVP_MARKUP_MORE)
		return NVP_SHEET_MORE;
	nvp_part_fail(&xlsx->part, token == NVP_MARKUP_BAD ? xlsx->part.markup.error : "it ends too early");
	return NVP_SHEET_BAD;
}

/*
 * read_texts reads what is in a cell that was opened into xlsx->buf: its value,
 * or, if there is none, its formula behind an equals sign
 */
static NvpSheetStatus
read_texts(NvpXlsxReader *xlsx, NvpXlsxCell *cell)
{
	NvpMarkup  *markup = &xlsx->part.markup;
	int			depth = markup->depth;
	int			value_depth = 0;	/* of the v, t or f element we are in */
	int			skip_depth = 0; /* of an element whose text is no part of the value */
	bool		in_formula = false;
	int			formula_len = 0;

	resetStringInfo(&xlsx->buf);
	for (;;)
	{
		NvpMarkupToken token = nvp_markup_next(markup);

		if (token > NVP_MARKUP_TEXT)
			return fail_token(xlsx, token);
		if (token == NVP_MARKUP_CLOSE)
		{
			if (markup->depth == depth)
				return NVP_SHEET_ROW;
			value_depth = markup->depth == value_depth ? 0 : value_depth;
			skip_depth = markup->depth == skip_depth ? 0 : skip_depth;
		}
		else if (token == NVP_MARKUP_TEXT && value_depth > 0)
		{
			/* a formula counts only until there is a value */
			if (in_formula && cell->has_value)
				continue;
			if (!append_text(xlsx, &xlsx->buf))
				return NVP_SHEET_BAD;
			formula_len = in_formula ? xlsx->buf.len : 0;
		}
		else if (token == NVP_MARKUP_OPEN && skip_depth == 0 && value_depth == 0)
		{
			if (nvp_markup_is(markup, NVP_XLSX_MAIN, "rPh") || nvp_xlsx_is_alternative(markup))
				skip_depth = markup->depth;
			else if (nvp_markup_is(markup, NVP_XLSX_MAIN, "f"))
			{
				value_depth = markup->depth;
				in_formula = cell->has_formula = true;
			}
			else if (nvp_markup_is(markup, NVP_XLSX_MAIN, "v") || nvp_markup_is(markup, NVP_XLSX_MAIN, "t"))
			{
				if (formula_len > 0)
					resetStringInfo(&xlsx->buf);
				formula_len = 0;
				value_depth = markup->depth;
				in_formula = false;
				cell->has_value = true;
			}
		}
	}
}

/* put_formula puts a formula that was never computed */
static void
put_formula(NvpXlsxReader *xlsx, NvpSheetRow *row, const NvpXlsxCell *cell)
{
	uint32		len = xlsx->buf.len + 1;
	char	   *text = nvp_arena_alloc(&xlsx->sheet.arena, len);

	text[0] = '=';
	memcpy(text + 1, xlsx->buf.data, xlsx->buf.len);
	nvp_sheet_set(row, cell->col, text, len, NVP_CELL_ERROR, nvp_sheet_text_flags(&xlsx->sheet, text, len));
}

/* read_cell reads any cell that was opened */
static NvpSheetStatus
read_cell(NvpXlsxReader *xlsx, NvpSheetRow *row, int *col)
{
	NvpMarkup  *markup = &xlsx->part.markup;
	NvpXlsxCell cell = {.col = *col};
	NvpSheetStatus status;
	uint32		len;
	const char *ref = nvp_markup_attribute(markup, 0, "r", &len);
	const char *type;
	char	   *text;

	if (ref)
		cell.col = read_column(ref, len);
	if (cell.col < 0 || cell.col >= NVP_SHEET_COLUMNS)
	{
		nvp_part_fail(&xlsx->part, "a cell has no place in the sheet");
		return NVP_SHEET_BAD;
	}
	cell.style = (int) Min(nvp_markup_number(markup, "s", 0), PG_INT32_MAX);
	type = nvp_markup_attribute(markup, 0, "t", &len);
	cell.type = read_type(type, type ? len : 0);
	status = read_texts(xlsx, &cell);
	if (status != NVP_SHEET_ROW)
		return status;
	*col = cell.col + 1;
	if (cell.has_formula && (!cell.has_value || (xlsx->buf.len == 0 && cell.type != 't')))
	{
		if (cell.has_value)
			resetStringInfo(&xlsx->buf);
		put_formula(xlsx, row, &cell);
		return NVP_SHEET_ROW;
	}
	if (!cell.has_value)
		return NVP_SHEET_ROW;
	len = xlsx->buf.len;
	text = nvp_arena_alloc(&xlsx->sheet.arena, (size_t) len + 1);
	memcpy(text, xlsx->buf.data, len);
	if (cell.type == 't' || cell.type == 'i')
		len = nvp_xlsx_unescape(text, len);
	return nvp_xlsx_put(xlsx, row, &cell, text, len) ? NVP_SHEET_ROW : NVP_SHEET_BAD;
}

/* ---- rows ------------------------------------------------------------------- */

/* skip_element passes over what was opened and is no business of ours */
static NvpMarkupToken
skip_element(NvpMarkup *markup)
{
	int			depth = markup->depth;
	NvpMarkupToken token;

	do
		token = nvp_markup_next(markup);
	while (token <= NVP_MARKUP_TEXT && !(token == NVP_MARKUP_CLOSE && markup->depth == depth));
	return token;
}

/* read_row reads the cells of a row that was opened */
static NvpSheetStatus
read_row(NvpXlsxReader *xlsx, NvpSheetRow *row)
{
	NvpMarkup  *markup = &xlsx->part.markup;
	int			depth = markup->depth;
	int			col = 0;

	for (;;)
	{
		Attempt		attempt = ATTEMPT_OTHER;
		NvpMarkupToken token;
		NvpSheetStatus status = NVP_SHEET_ROW;

		if (xlsx->is_plain && !markup->is_empty)
		{
			nvp_markup_leave(markup);
			do
				attempt = try_cell(xlsx, row, &col);
			while (attempt == ATTEMPT_DONE);
		}
		if (attempt == ATTEMPT_BAD)
			return NVP_SHEET_BAD;
		token = nvp_markup_next(markup);
		if (token == NVP_MARKUP_CLOSE && markup->depth == depth)
			return NVP_SHEET_ROW;
		if (token == NVP_MARKUP_OPEN)
		{
			if (nvp_markup_is(markup, NVP_XLSX_MAIN, "c"))
				status = read_cell(xlsx, row, &col);
			else if (nvp_xlsx_is_alternative(markup))
				token = skip_element(markup);
		}
		if (token > NVP_MARKUP_TEXT)
			return fail_token(xlsx, token);
		if (status != NVP_SHEET_ROW)
			return status;
	}
}

/*
 * nvp_xlsx_next_row reads the next row.  MORE leaves everything as it was before
 * the row began.
 */
NvpSheetStatus
nvp_xlsx_next_row(NvpSheetReader *reader, NvpSheetRow *row)
{
	NvpXlsxReader *xlsx = (NvpXlsxReader *) reader;
	NvpMarkup  *markup = &xlsx->part.markup;
	NvpMarkupMark mark;
	NvpMarkupToken token;
	NvpSheetStatus status;

	for (;;)
	{
		nvp_markup_save(markup, &mark);
		token = nvp_markup_next(markup);
		if (token == NVP_MARKUP_CLOSE && nvp_markup_is(markup, NVP_XLSX_MAIN, "sheetData"))
			return nvp_part_drain(&xlsx->part) ? NVP_SHEET_END : NVP_SHEET_BAD;
		if (token == NVP_MARKUP_OPEN && nvp_markup_is(markup, NVP_XLSX_MAIN, "row"))
			break;
		if (token == NVP_MARKUP_OPEN && nvp_xlsx_is_alternative(markup))
			token = skip_element(markup);
		if (token == NVP_MARKUP_MORE)
			nvp_markup_restore(markup, &mark);
		if (token > NVP_MARKUP_TEXT)
			return fail_token(xlsx, token);
	}
	row->row_no = nvp_markup_number(markup, "r", xlsx->row_no + 1);
	if (row->row_no < 1 || row->row_no > NVP_SHEET_ROWS)
	{
		nvp_part_fail(&xlsx->part, "a row has no place in the sheet");
		return NVP_SHEET_BAD;
	}
	status = read_row(xlsx, row);
	if (status == NVP_SHEET_MORE)
		nvp_markup_restore(markup, &mark);
	else
		xlsx->row_no = row->row_no;
	return status;
}

/* nvp_xlsx_refill reads the next bytes of the sheet. */
bool
nvp_xlsx_refill(NvpSheetReader *reader)
{
	return nvp_part_fill(&((NvpXlsxReader *) reader)->part);
}

/* nvp_xlsx_open_sheet goes to the first row of a sheet. */
bool
nvp_xlsx_open_sheet(NvpSheetReader *reader, const NvpSheetInfo *sheet)
{
	NvpXlsxReader *xlsx = (NvpXlsxReader *) reader;
	NvpPart    *part = &xlsx->part;
	bool		is_root = true;

	nvp_part_close(part);
	xlsx->row_no = 0;
	if (!nvp_part_open(part, &reader->base.reader, xlsx->zip, sheet->place, nvp_xlsx_spaces))
		return false;
	for (;;)
	{
		NvpMarkupToken token = nvp_part_next(part);

		if (token == NVP_MARKUP_BAD)
			return false;
		if (token == NVP_MARKUP_END)
			return nvp_part_fail(part, "it has no rows");
		if (token != NVP_MARKUP_OPEN)
			continue;
		if (is_root && !nvp_markup_is(&part->markup, NVP_XLSX_MAIN, "worksheet"))
			return nvp_part_fail(part, "it is no sheet");
		is_root = false;
		if (nvp_markup_is(&part->markup, NVP_XLSX_MAIN, "sheetData"))
			break;
		if (nvp_xlsx_is_alternative(&part->markup) && !nvp_part_skip(part))
			return false;
	}
	xlsx->is_plain = part->markup.name[-1] == '<' && !reader->base.force_plain;
	return true;
}
