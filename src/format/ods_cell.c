/*-------------------------------------------------------------------------
 *
 * ods_cell.c
 *		One cell of an OpenDocument sheet.
 *
 *	 office:value-type				becomes
 *	 float, currency				a number, office:value
 *	 percentage						a number that is shown as a percentage
 *	 date							text, office:date-value
 *	 time							text, hours, minutes and seconds of office:time-value
 *	 boolean						a boolean
 *	 string, none					text: office:string-value, or the paragraphs of the cell
 *	 (calcext) error				an error cell with the text that is shown
 *	 none, with a formula			an error cell with the formula: it was never computed
 *
 * Pure: also built outside the server (see test/unit).
 * Source: OpenDocument 1.3, part 3, 9.1.4 (cells), 19.385 (value types), 6.1 (text).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/calendar.h"
#include "base/decimal.h"
#include "format/cell_format.h"
#include "format/ods_impl.h"

#define MOST_SPACES		32767	/* of one text:s element */

/* a cell before its value is taken */
typedef struct OdsCell
{
	NvpCellKind kind;
	uint8		flags;
	bool		has_value;		/* it is in buf */
	bool		wants_text;		/* the paragraphs are the value */
	bool		is_covered;
	int64		times;
	const char *formula;		/* as written, or NULL */
	uint32		formula_len;
} OdsCell;

/* where the reading of paragraphs stands */
typedef struct OdsText
{
	int			paragraphs;		/* begun */
	int			start;			/* of the last one in buf */
	bool		ends_blank;		/* buf ends with a blank that may be none */
} OdsText;

/* nvp_ods_times reads how often a row or a cell is repeated. */
int64
nvp_ods_times(const NvpMarkup *markup, const char *name)
{
	uint32		len;
	const char *value = nvp_markup_attribute(markup, NVP_ODS_TABLE, name, &len);
	int64		number = 0;

	if (value == NULL || len == 0 || len > 9)
		return 1;
	for (uint32 i = 0; i < len; i++)
	{
		if (value[i] < '0' || value[i] > '9')
			return 1;
		number = number * 10 + (value[i] - '0');
	}
	return Max(number, 1);
}

/* ---- values ------------------------------------------------------------------ */

/* read_msecs reads seconds with a fraction of any length, rounded to the millisecond; -1 if they are none */
static int64
read_msecs(const char *p, size_t len)
{
	NvpDecimal	seconds;

	if (len == 0 || !nvp_decimal_read(p, len, &seconds) || seconds.is_negative || seconds.whole > 60)
		return -1;
	return seconds.whole * 1000 + (seconds.fraction + NVP_DECIMAL_FRACTION / 2000) / (NVP_DECIMAL_FRACTION / 1000);
}

/*
 * put_duration turns PT36H15M00.5S into 36:15:00.500 in buf; what is no duration
 * of hours stays as it is
 */
static void
put_duration(StringInfo buf)
{
	char		text[NVP_NUMBER_TEXT];
	const char *p = buf->data + (buf->data[0] == '-');
	int			hours;
	int			minutes;
	int			used = 0;
	int64		msecs;

	if (sscanf(p, "PT%9dH%2dM%n", &hours, &minutes, &used) != 2 || used == 0 || hours < 0 || minutes < 0 ||
		buf->data[buf->len - 1] != 'S')
		return;
	msecs = read_msecs(p + used, strlen(p + used) - 1);
	if (msecs < 0)
		return;
	msecs += ((int64) hours * 60 + minutes) * 60000;
	buf->len = p - buf->data;
	appendBinaryStringInfo(buf, text, nvp_cell_clock_text(msecs, text));
}

/*
 * round_date rounds a moment with more digits than milliseconds, as programs
 * write that count in days: 23:59:58.999999488 is 23:59:59
 */
static void
round_date(StringInfo buf)
{
	char		text[NVP_NUMBER_TEXT];
	int			year;
	int			month;
	int			day;
	int			hour;
	int			minute;
	int			used = 0;
	int64		msecs;
	int32		days;

	if (buf->len < 24 || buf->data[19] != '.' ||
		sscanf(buf->data, "%4d-%2d-%2dT%2d:%2d:%n", &year, &month, &day, &hour, &minute, &used) != 5 || used != 17)
		return;
	msecs = read_msecs(buf->data + used, buf->len - used);
	if (msecs < 0 || !nvp_calendar_is_valid(year, month, day) || hour < 0 || hour > 23 || minute < 0 || minute > 59)
		return;
	msecs += (hour * 60 + minute) * 60000;
	days = nvp_calendar_days(year, month, day) + (int32) (msecs / NVP_DAY_MSECS);
	nvp_calendar_split(days, &year, &month, &day);
	resetStringInfo(buf);
	appendStringInfo(buf, "%04d-%02d-%02dT", year, month, day);
	appendBinaryStringInfo(buf, text, nvp_cell_clock_text(msecs % NVP_DAY_MSECS, text));
}

/* put_number writes the number in buf as we write numbers */
static void
put_number(OdsCell *cell, StringInfo buf, uint8 flags)
{
	char		text[NVP_NUMBER_TEXT];
	uint32		len;

	cell->kind = NVP_CELL_NUMBER;
	cell->flags = flags;
	if (nvp_cell_number_is_plain(buf->data, buf->len))
		return;
	len = nvp_cell_number_text(buf->data, buf->len, text);
	if (len == 0)
	{
		cell->kind = NVP_CELL_TEXT;
		cell->flags = 0;
		return;
	}
	resetStringInfo(buf);
	appendBinaryStringInfo(buf, text, len);
}

static bool
type_is(const char *type, uint32 len, const char *name)
{
	return len == strlen(name) && memcmp(type, name, len) == 0;
}

/* read_value takes the value from the attributes of the cell that was opened */
static void
read_value(NvpOdsReader *ods, OdsCell *cell)
{
	NvpPart    *part = &ods->part;
	StringInfo	buf = &ods->buf;
	uint32		len = 0;
	const char *type = nvp_markup_attribute(&part->markup, NVP_ODS_OFFICE, "value-type", &len);

	cell->kind = NVP_CELL_TEXT;
	if (type == NULL)
		len = 0;
	if (type_is(type, len, "float") || type_is(type, len, "currency") || type_is(type, len, "percentage"))
	{
		cell->has_value = nvp_part_attribute(part, NVP_ODS_OFFICE, "value", buf);
		if (cell->has_value)
			put_number(cell, buf, type_is(type, len, "percentage") ? NVP_CELL_PERCENT : 0);
	}
	else if (type_is(type, len, "date"))
	{
		cell->has_value = nvp_part_attribute(part, NVP_ODS_OFFICE, "date-value", buf);
		round_date(buf);
	}
	else if (type_is(type, len, "time"))
	{
		cell->has_value = nvp_part_attribute(part, NVP_ODS_OFFICE, "time-value", buf);
		if (cell->has_value)
			put_duration(buf);
	}
	else if (type_is(type, len, "boolean"))
	{
		cell->has_value = nvp_part_attribute(part, NVP_ODS_OFFICE, "boolean-value", buf);
		if (cell->has_value && (strcmp(buf->data, "true") == 0 || strcmp(buf->data, "false") == 0))
			cell->kind = NVP_CELL_BOOL;
	}
	else
		cell->has_value = nvp_part_attribute(part, NVP_ODS_OFFICE, "string-value", buf);
}

/* read_attributes finds out what the cell that was opened is */
static void
read_attributes(NvpOdsReader *ods, OdsCell *cell)
{
	NvpPart    *part = &ods->part;
	uint32		len;
	const char *type = nvp_markup_attribute(&part->markup, NVP_ODS_CALC, "value-type", &len);

	memset(cell, 0, sizeof(*cell));
	resetStringInfo(&ods->buf);
	cell->times = nvp_ods_times(&part->markup, "number-columns-repeated");
	cell->formula = nvp_markup_attribute(&part->markup, NVP_ODS_TABLE, "formula", &cell->formula_len);
	cell->is_covered = nvp_markup_is(&part->markup, NVP_ODS_TABLE, "covered-table-cell");
	if (type && type_is(type, len, "error"))
	{
		cell->kind = NVP_CELL_ERROR;
		cell->wants_text = true;
		return;
	}
	read_value(ods, cell);
	cell->wants_text = !cell->has_value;
}

/* ---- paragraphs ---------------------------------------------------------------- */

static inline bool
is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* append_paragraph appends a text of a paragraph; white space in it is one blank, at its ends none */
static bool
append_paragraph(NvpOdsReader *ods, OdsText *text)
{
	const NvpMarkup *markup = &ods->part.markup;
	StringInfo	buf = &ods->buf;
	char	   *decoded;
	int64		len = markup->text_len;

	enlargeStringInfo(buf, markup->text_len);
	decoded = buf->data + buf->len;
	if (markup->is_plain)
		memcpy(decoded, markup->text, len);
	else
		len = nvp_markup_decode(markup->text, markup->text_len, decoded);
	if (len < 0)
		return nvp_part_fail(&ods->part, "an entity is unknown");
	for (int64 i = 0; i < len; i++)
	{
		char		c = decoded[i];

		if (!is_space(c))
		{
			buf->data[buf->len++] = c;
			text->ends_blank = false;
		}
		else if (buf->len > text->start && !text->ends_blank)
		{
			buf->data[buf->len++] = ' ';
			text->ends_blank = true;
		}
	}
	return true;
}

/* append_spaces appends what text:s stands for */
static bool
append_spaces(NvpOdsReader *ods)
{
	uint32		len;
	const char *value = nvp_markup_attribute(&ods->part.markup, NVP_ODS_TEXT, "c", &len);
	int64		count = 0;

	for (uint32 i = 0; value && i < len && value[i] >= '0' && value[i] <= '9' && count <= MOST_SPACES; i++)
		count = count * 10 + (value[i] - '0');
	count = value ? count : 1;
	if (count > MOST_SPACES)
		return nvp_part_fail(&ods->part, "a text has too many blanks");
	enlargeStringInfo(&ods->buf, count);
	memset(ods->buf.data + ods->buf.len, ' ', count);
	ods->buf.len += count;
	return true;
}

/* open_in_text takes an element within a cell; *skip: nothing in it is text of the cell */
static bool
open_in_text(NvpOdsReader *ods, OdsText *text, bool *skip)
{
	const NvpMarkup *markup = &ods->part.markup;
	StringInfo	buf = &ods->buf;

	*skip = false;
	if (nvp_markup_is(markup, NVP_ODS_TEXT, "p") || nvp_markup_is(markup, NVP_ODS_TEXT, "h"))
	{
		if (text->paragraphs++ > 0)
			appendStringInfoChar(buf, '\n');
		text->start = buf->len;
		text->ends_blank = false;
	}
	else if (nvp_markup_is(markup, NVP_ODS_TEXT, "s"))
	{
		text->ends_blank = false;
		return append_spaces(ods);
	}
	else if (nvp_markup_is(markup, NVP_ODS_TEXT, "tab"))
		appendStringInfoChar(buf, '\t');
	else if (nvp_markup_is(markup, NVP_ODS_TEXT, "line-break"))
		appendStringInfoChar(buf, '\n');
	else
		*skip = markup->space != NVP_ODS_TEXT || nvp_markup_is(markup, NVP_ODS_TEXT, "ruby-text");
	return true;
}

/* read_text reads to the end of the cell; its paragraphs go into buf if they are the value */
static NvpSheetStatus
read_text(NvpOdsReader *ods, OdsCell *cell)
{
	NvpMarkup  *markup = &ods->part.markup;
	int			depth = markup->depth;
	int			skip_depth = 0;
	OdsText		text = {0};

	for (;;)
	{
		NvpMarkupToken token = nvp_markup_next(markup);
		bool		skip = false;

		if (token > NVP_MARKUP_TEXT)
			return nvp_ods_fail(ods, token);
		if (token == NVP_MARKUP_CLOSE && markup->depth == depth)
			break;
		if (token == NVP_MARKUP_CLOSE && markup->depth == skip_depth)
			skip_depth = 0;
		if (skip_depth > 0 || !cell->wants_text)
			continue;
		if (token == NVP_MARKUP_OPEN && !open_in_text(ods, &text, &skip))
			return NVP_SHEET_BAD;
		if (skip)
			skip_depth = markup->depth;
		if (token == NVP_MARKUP_TEXT && text.paragraphs > 0 && !append_paragraph(ods, &text))
			return NVP_SHEET_BAD;
		if (token == NVP_MARKUP_CLOSE && text.ends_blank && nvp_markup_is(markup, NVP_ODS_TEXT, "p"))
		{
			ods->buf.len--;
			text.ends_blank = false;
		}
	}
	cell->has_value |= (text.paragraphs > 0);
	return NVP_SHEET_ROW;
}

/* ---- the cell ------------------------------------------------------------------ */

/* put_cell puts the value in buf into as many columns as it is repeated for */
static NvpSheetStatus
put_cell(NvpOdsReader *ods, NvpSheetRow *row, const OdsCell *cell, int col)
{
	uint32		len = ods->buf.len;
	char	   *text = nvp_arena_alloc(&ods->sheet.arena, (size_t) len + 1);
	uint8		flags = cell->flags;

	if (col + cell->times > NVP_SHEET_COLUMNS)
	{
		nvp_part_fail(&ods->part, "a cell has no place in the sheet");
		return NVP_SHEET_BAD;
	}
	memcpy(text, ods->buf.data, len);
	if (cell->kind == NVP_CELL_TEXT || cell->kind == NVP_CELL_ERROR)
		flags |= nvp_sheet_text_flags(&ods->sheet, text, len);
	ods->expanded += cell->times - 1;
	for (int64 i = 0; i < cell->times; i++)
		nvp_sheet_set(row, col + (int) i, text, len, cell->kind, flags);
	return NVP_SHEET_ROW;
}

/* keep_formula makes an error cell of a formula that has no value */
static bool
keep_formula(NvpOdsReader *ods, OdsCell *cell)
{
	StringInfo	buf = &ods->buf;
	const char *formula;
	int64		len;

	resetStringInfo(buf);
	enlargeStringInfo(buf, cell->formula_len);
	len = nvp_markup_decode(cell->formula, cell->formula_len, buf->data);
	if (len < 0)
		return nvp_part_fail(&ods->part, "an entity is unknown");
	buf->len = (int) len;
	buf->data[len] = '\0';
	/* of:=A1 tells the language of the formula */
	formula = strstr(buf->data, ":=");
	if (formula && formula - buf->data < 8)
	{
		buf->len -= formula + 1 - buf->data;
		memmove(buf->data, formula + 1, buf->len);
	}
	cell->kind = NVP_CELL_ERROR;
	cell->has_value = true;
	return true;
}

NvpSheetStatus
nvp_ods_cell(NvpOdsReader *ods, NvpSheetRow *row, int *col)
{
	OdsCell		cell;
	NvpSheetStatus status;
	int			at = *col;

	read_attributes(ods, &cell);
	status = read_text(ods, &cell);
	if (status != NVP_SHEET_ROW)
		return status;
	*col = (int) Min(at + cell.times, NVP_SHEET_COLUMNS);
	if (cell.is_covered)
		return NVP_SHEET_ROW;
	if (!cell.has_value && cell.formula && !keep_formula(ods, &cell))
		return NVP_SHEET_BAD;
	return cell.has_value ? put_cell(ods, row, &cell, at) : NVP_SHEET_ROW;
}
