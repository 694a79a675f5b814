/*-------------------------------------------------------------------------
 *
 * xlsx_writer.c
 *		Rows as a workbook (Office Open XML).
 *
 * Flow:   open: archive, first sheet, header; row: cells, as they come; a full
 *		   sheet is ended and the next one begun; finish: the parts that name
 *		   the sheets.  Nothing is kept but the numbers of rows and sheets.
 *
 * What writer.c puts into its buffer goes into the member of the archive that is
 * open; the archive goes to the sink.
 *
 * Values
 *	 - Numbers are numbers where a double holds exactly the digits that are
 *	   written, else text: an account number is not to lose its end.
 *	 - Dates, times and moments (NVP_CELL_MOMENT) are serial numbers with a number
 *	   format; what lies before 1900 is text.
 *	 - Texts stand in their cells, so that no table of strings must be kept.  Those
 *	   that begin like a formula are marked as text (quotePrefix).
 *	 - What no workbook can hold fails the writer: a text of more than 32767
 *	   characters, more than 16384 columns.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: ECMA-376 part 1, 18.3 (sheets), 18.8 (styles), 22.4.2.4 (_xHHHH_);
 *		   limits of Excel 2007 and later.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "mb/pg_wchar.h"

#include "base/calendar.h"
#include "format/cell_format.h"
#include "format/sheet.h"
#include "format/xlsx_write.h"

#define EXACT_DIGITS	15
#define DOUBLE_DIGITS	17		/* that a double has at most */
#define SERIAL_2000		36526	/* the number of 2000-01-01 */
#define MOST_LITERAL	40
#define MOST_SHEET_BYTES	INT64CONST(3500000000)
#define LEAST_WIDTH		9
#define MOST_WIDTH		40

static inline void
put_string(NvpWriter *writer, const char *text)
{
	nvp_writer_put(writer, text, strlen(text));
}

static inline void
put_uint(NvpWriter *writer, uint64 n)
{
	char		digits[20];
	char	   *p = digits + sizeof(digits);

	do
		*--p = (char) ('0' + n % 10);
	while ((n /= 10) > 0);
	nvp_writer_put(writer, p, digits + sizeof(digits) - p);
}

/* ---- text ------------------------------------------------------------------ */

/* put_code writes what XML cannot hold in the way of spreadsheets */
static void
put_code(NvpWriter *writer, unsigned int c)
{
	char		text[8];

	nvp_writer_put(writer, text, snprintf(text, sizeof(text), "_x%04X_", c));
}

/* looks_escaped: _xHHHH_ as it stands would be read as a character */
static bool
looks_escaped(const char *p, const char *end)
{
	if (end - p < 7 || p[1] != 'x' || p[6] != '_')
		return false;
	for (int i = 2; i < 6; i++)
		if (!isxdigit((unsigned char) p[i]))
			return false;
	return true;
}

/* put_other writes the character at p, which is more than a plain byte; returns its bytes */
static uint32
put_other(NvpWriter *writer, const char *p, const char *end)
{
	unsigned char c = (unsigned char) *p;
	uint32		len = pg_utf_mblen(&c);

	switch (c)
	{
		case '&':
			nvp_writer_put(writer, "&amp;", 5);
			return 1;
		case '<':
			nvp_writer_put(writer, "&lt;", 4);
			return 1;
		case '>':
			nvp_writer_put(writer, "&gt;", 4);
			return 1;
		case '"':
			nvp_writer_put(writer, "&quot;", 6);
			return 1;
		case '_':
			if (looks_escaped(p, end))
				put_code(writer, '_');
			else
				nvp_writer_put_char(writer, '_');
			return 1;
		case '\t':
		case '\n':
			nvp_writer_put_char(writer, (char) c);
			return 1;
		default:
			break;
	}
	if (c < ' ')
	{
		put_code(writer, c);
		return 1;
	}
	if (len > (uint32) (end - p) || !pg_utf8_islegal((const unsigned char *) p, len))
	{
		nvp_writer_put(writer, "\xEF\xBF\xBD", 3);
		return 1;
	}
	/* U+FFFE and U+FFFF are no characters of XML */
	if (len == 3 && memcmp(p, "\xEF\xBF", 2) == 0 && (unsigned char) p[2] >= 0xBE)
		nvp_writer_put(writer, "\xEF\xBF\xBD", 3);
	else
		nvp_writer_put(writer, p, len);
	return len;
}

static inline bool
is_simple(char c)
{
	return (signed char) c >= ' ' && c != '&' && c != '<' && c != '>' && c != '"' && c != '_';
}

void
nvp_xlsx_write_text(NvpWriter *writer, const char *p, uint32 len)
{
	const char *end = p + len;

	while (p < end)
	{
		const char *run = p;

		while (p < end && is_simple(*p))
			p++;
		nvp_writer_put(writer, run, p - run);
		if (p < end)
			p += put_other(writer, p, end);
	}
}

/* utf16_length counts as spreadsheets do; no more than bytes, so that most texts need no counting */
static uint32
utf16_length(const char *p, uint32 len)
{
	uint32		n = 0;

	for (uint32 i = 0; i < len; i++)
		n += ((unsigned char) p[i] & 0xC0) != 0x80 ? ((unsigned char) p[i] >= 0xF0 ? 2 : 1) : 0;
	return n;
}

/* ---- cells ------------------------------------------------------------------- */

void
nvp_xlsx_write_place(NvpWriter *writer, int col, uint64 row_no)
{
	char		letters[4];
	int			n = sizeof(letters);

	for (int c = col + 1; c > 0; c = (c - 1) / 26)
		letters[--n] = (char) ('A' + (c - 1) % 26);
	nvp_writer_put(writer, letters + n, sizeof(letters) - n);
	put_uint(writer, row_no);
}

static void
begin_cell(NvpWriter *writer, int col, int style, const char *type)
{
	put_string(writer, "<c r=\"");
	nvp_xlsx_write_place(writer, col, writer->book->row_no);
	if (style > 0)
	{
		put_string(writer, "\" s=\"");
		put_uint(writer, style);
	}
	if (type)
	{
		put_string(writer, "\" t=\"");
		put_string(writer, type);
	}
	put_string(writer, "\">");
}

static void
put_value(NvpWriter *writer, int col, int style, const char *type, const char *value, uint32 len)
{
	begin_cell(writer, col, style, type);
	put_string(writer, "<v>");
	nvp_writer_put(writer, value, len);
	put_string(writer, "</v></c>");
}

void
nvp_xlsx_write_text_cell(NvpWriter *writer, int col, int style, const char *p, uint32 len)
{
	bool		has_blanks = len > 0 && ((unsigned char) p[0] <= ' ' || (unsigned char) p[len - 1] <= ' ' ||
										 memchr(p, '\n', len) || memchr(p, '\t', len));

	if (len > NVP_XLSX_TEXT && utf16_length(p, len) > NVP_XLSX_TEXT)
	{
		writer->failed = true;
		writer->problem = psprintf("row " UINT64_FORMAT ", column %d: a text of %u characters does not fit a cell of a workbook",
								   writer->rows + 1, col + 1, utf16_length(p, len));
		return;
	}
	if (style == NVP_XLSX_PLAIN && len > 0 && strchr("=+-@", p[0]) && p[0])
		style = NVP_XLSX_QUOTED;
	begin_cell(writer, col, style, "inlineStr");
	put_string(writer, has_blanks ? "<is><t xml:space=\"preserve\">" : "<is><t>");
	nvp_xlsx_write_text(writer, p, len);
	put_string(writer, "</t></is></c>");
}

/* is_exact: does a double keep these digits? */
static bool
is_exact(const char *p, uint32 len)
{
	char		literal[MOST_LITERAL + 1];
	char		text[NVP_NUMBER_TEXT];
	int			digits = 0;
	uint32		n;

	if (len == 0 || len > MOST_LITERAL)
		return false;
	for (uint32 i = 0; i < len; i++)
	{
		/* only what was a double is written with an exponent */
		if (p[i] == 'e' || p[i] == 'E')
			return digits <= DOUBLE_DIGITS;
		digits += isdigit((unsigned char) p[i]) && (digits > 0 || p[i] != '0');
	}
	if (digits <= EXACT_DIGITS)
		return true;
	memcpy(literal, p, len);
	literal[len] = '\0';
	n = nvp_cell_double_text(strtod(literal, NULL), text);
	return n == len && memcmp(text, p, len) == 0;
}

static int
two_digits(const char *p)
{
	return isdigit((unsigned char) p[0]) && isdigit((unsigned char) p[1]) ? (p[0] - '0') * 10 + (p[1] - '0') : -1;
}

/* read_clock reads hh:mm:ss and a fraction, in milliseconds; -1 if it is none, or more exact than that */
static int64
read_clock(const char *p, uint32 len)
{
	int64		msecs = 0;
	int			digits = 0;
	int			h,
				m,
				s;

	if (len < 8 || p[2] != ':' || p[5] != ':')
		return -1;
	h = two_digits(p);
	m = two_digits(p + 3);
	s = two_digits(p + 6);
	if (h < 0 || m < 0 || s < 0 || h > 23)
		return -1;
	p += 8;
	len -= 8;
	if (len > 0 && *p == '.')
	{
		for (p++, len--; len > 0 && isdigit((unsigned char) *p); p++, len--, digits++)
		{
			if (digits < 3)
				msecs = msecs * 10 + (*p - '0');
			else if (*p != '0')
				return -1;
		}
	}
	for (; digits < 3; digits++)
		msecs *= 10;
	/* of zones only UTC: what is shown is what was written */
	if (len > 0 && !(len == 1 && *p == 'Z'))
		return -1;
	return ((h * 60 + m) * 60 + s) * INT64CONST(1000) + msecs;
}

/* put_moment writes a date, a time or both as a serial number; false if there is none for it */
static bool
put_moment(NvpWriter *writer, int col, const NvpCell *cell)
{
	const char *p = cell->ptr;
	uint32		len = cell->len;
	int64		days = 0;
	int64		msecs = 0;
	bool		has_date = len >= 10 && p[4] == '-' && p[7] == '-';
	bool		has_time = !has_date || len > 10;
	char		text[48];
	int			n;

	if (has_date)
	{
		int			year = two_digits(p) * 100 + two_digits(p + 2);

		if (year < 1900 || !nvp_calendar_is_valid(year, two_digits(p + 5), two_digits(p + 8)))
			return false;
		days = nvp_calendar_days(year, two_digits(p + 5), two_digits(p + 8)) + SERIAL_2000;
		/* 1900-02-29, which never was, has a number */
		if (days < 61)
			days--;
		if (has_time && p[10] != 'T' && p[10] != ' ')
			return false;
		p += has_time ? 11 : 10;
		len -= has_time ? 11 : 10;
	}
	if (has_time)
		msecs = read_clock(p, len);
	if (msecs < 0)
		return false;
	if (msecs == 0)
		n = snprintf(text, sizeof(text), INT64_FORMAT, days);
	else
		n = snprintf(text, sizeof(text), "%.17g", (double) days + (double) msecs / 86400000.0);
	put_value(writer, col, !has_date ? NVP_XLSX_TIME : !has_time ? NVP_XLSX_DATE :
			  msecs % 1000 ? NVP_XLSX_MSECS : NVP_XLSX_MOMENT, NULL, text, n);
	return true;
}

/* is_error knows the errors that a cell may hold */
static bool
is_error(const NvpCell *cell)
{
	static const char *const errors[] = {"#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!"};

	for (int i = 0; i < lengthof(errors) && cell->kind == NVP_CELL_ERROR; i++)
		if (cell->len == strlen(errors[i]) && memcmp(cell->ptr, errors[i], cell->len) == 0)
			return true;
	return false;
}

static void
put_cell(NvpWriter *writer, int col, const NvpCell *cell)
{
	bool		is_wrong = (cell->flags & NVP_CELL_WRONG) != 0;
	int			style = is_wrong ? NVP_XLSX_WRONG_VALUE : NVP_XLSX_PLAIN;

	if (cell->kind == NVP_CELL_NULL || (cell->kind == NVP_CELL_TEXT && cell->len == 0))
	{
		if (!is_wrong)
			return;
		begin_cell(writer, col, style, NULL);
		put_string(writer, "</c>");
	}
	else if (cell->kind == NVP_CELL_NUMBER && is_exact(cell->ptr, cell->len))
		put_value(writer, col, style, NULL, cell->ptr, cell->len);
	else if (cell->kind == NVP_CELL_BOOL)
		put_value(writer, col, style, "b", cell->ptr[0] == 't' ? "1" : "0", 1);
	else if (is_error(cell))
		put_value(writer, col, style, "e", cell->ptr, cell->len);
	else if (is_wrong)
		nvp_xlsx_write_text_cell(writer, col, NVP_XLSX_WRONG, cell->ptr, cell->len);
	else if (!(cell->flags & NVP_CELL_MOMENT) || !put_moment(writer, col, cell))
		nvp_xlsx_write_text_cell(writer, col, NVP_XLSX_PLAIN, cell->ptr, cell->len);
}

/* ---- sheets -------------------------------------------------------------------- */

static bool
book_sink(void *arg, const char *data, int64 len)
{
	NvpXlsxBook *book = arg;

	book->sheet_bytes += len;
	return nvp_zip_write(book->zip, data, len);
}

void
nvp_xlsx_write_begin_part(NvpWriter *writer, const char *name)
{
	nvp_writer_flush(writer);
	if (writer->failed)
		return;
	writer->failed = !nvp_zip_write_begin(writer->book->zip, name);
	writer->book->is_open = true;
	put_string(writer, NVP_XLSX_DECLARATION);
}

void
nvp_xlsx_write_end_part(NvpWriter *writer)
{
	nvp_writer_flush(writer);
	if (writer->book->is_open && !nvp_zip_write_end(writer->book->zip))
		writer->failed = true;
	writer->book->is_open = false;
}

static void
put_widths(NvpWriter *writer)
{
	put_string(writer, "<cols>");
	for (int col = 0; col < writer->ncols; col++)
	{
		char		text[96];
		int			width = (int) utf16_length(writer->names[col], writer->name_lens[col]) + 3;

		nvp_writer_put(writer, text, snprintf(text, sizeof(text), "<col min=\"%d\" max=\"%d\" width=\"%d\" customWidth=\"1\"/>",
											  col + 1, col + 1, Max(LEAST_WIDTH, Min(width, MOST_WIDTH))));
	}
	put_string(writer, "</cols>");
}

static void
begin_sheet(NvpWriter *writer)
{
	NvpXlsxBook *book = writer->book;
	char		name[64];

	snprintf(name, sizeof(name), "xl/worksheets/sheet%d.xml", ++book->nsheets);
	nvp_xlsx_write_begin_part(writer, name);
	book->row_no = 0;
	book->sheet_bytes = 0;
	put_string(writer, "<worksheet xmlns=\"" NVP_XLSX_MAIN_SPACE "\" xmlns:r=\"" NVP_XLSX_LINK_SPACE "\"><sheetViews><sheetView workbookViewId=\"0\"");
	put_string(writer, book->nsheets == 1 ? " tabSelected=\"1\">" : ">");
	if (writer->format.with_header)
		put_string(writer, "<pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/>");
	put_string(writer, "</sheetView></sheetViews>");
	if (writer->ncols > 0)
		put_widths(writer);
	put_string(writer, "<sheetData>");
	if (!writer->format.with_header)
		return;
	nvp_xlsx_write_begin_row(writer);
	for (int col = 0; col < writer->ncols; col++)
		nvp_xlsx_write_text_cell(writer, col, NVP_XLSX_HEADER, writer->names[col], writer->name_lens[col]);
	nvp_xlsx_write_end_row(writer);
}

static void
end_sheet(NvpWriter *writer)
{
	NvpXlsxBook *book = writer->book;

	put_string(writer, "</sheetData>");
	if (book->notes && book->nnotes > 0)
		put_string(writer, "<legacyDrawing r:id=\"rId2\"/>");
	put_string(writer, "</worksheet>");
	nvp_xlsx_write_end_part(writer);
	if (book->notes && book->nnotes > 0)
		nvp_xlsx_write_notes(writer);
}

/* nvp_xlsx_write_make_room goes on to another sheet if this one is full. */
void
nvp_xlsx_write_make_room(NvpWriter *writer)
{
	NvpXlsxBook *book = writer->book;

	if (book->row_no < NVP_SHEET_ROWS && book->sheet_bytes <= MOST_SHEET_BYTES)
		return;
	end_sheet(writer);
	begin_sheet(writer);
}

void
nvp_xlsx_write_begin_row(NvpWriter *writer)
{
	NvpXlsxBook *book = writer->book;

	book->row_no++;
	put_string(writer, "<row r=\"");
	put_uint(writer, book->row_no);
	put_string(writer, "\">");
}

void
nvp_xlsx_write_end_row(NvpWriter *writer)
{
	put_string(writer, "</row>");
}

/* nvp_xlsx_write_row writes one row. */
void
nvp_xlsx_write_row(NvpWriter *writer, const NvpBatch *batch, int row)
{
	const NvpCell *cell = batch->cells + row;

	nvp_xlsx_write_make_room(writer);
	nvp_xlsx_write_begin_row(writer);
	for (int col = 0; col < writer->ncols; col++, cell += batch->capacity)
		put_cell(writer, col, cell);
	nvp_xlsx_write_end_row(writer);
}

/* ---- the book -------------------------------------------------------------------- */

/* nvp_xlsx_write_begin begins the archive, and the first sheet with its header. */
void
nvp_xlsx_write_begin(NvpWriter *writer, const char *const *names)
{
	NvpXlsxBook *book = palloc0(sizeof(NvpXlsxBook));

	writer->book = book;
	book->zip = nvp_zip_write_open(writer->sink, writer->arg);
	book->notes = writer->format.with_notes ? nvp_scratch_create() : NULL;
	writer->sink = book_sink;
	writer->arg = book;
	writer->names = palloc(sizeof(char *) * Max(writer->ncols, 1));
	writer->name_lens = palloc(sizeof(uint32) * Max(writer->ncols, 1));
	for (int col = 0; col < writer->ncols; col++)
	{
		writer->names[col] = pstrdup(names[col]);
		writer->name_lens[col] = strlen(names[col]);
	}
	if (writer->ncols > NVP_SHEET_COLUMNS)
	{
		writer->failed = true;
		writer->problem = psprintf("%d columns do not fit a sheet of a workbook, which has %d", writer->ncols, NVP_SHEET_COLUMNS);
	}
	nvp_xlsx_write_styles(writer);
	begin_sheet(writer);
}

/* nvp_xlsx_write_end ends sheet and archive. */
void
nvp_xlsx_write_end(NvpWriter *writer)
{
	NvpXlsxBook *book = writer->book;

	end_sheet(writer);
	nvp_xlsx_write_frame(writer);
	nvp_writer_flush(writer);
	if (!nvp_zip_write_finish(book->zip))
		writer->failed = true;
	if (book->notes)
		nvp_scratch_free(book->notes);
	pfree(book);
}
