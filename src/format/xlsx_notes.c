/*-------------------------------------------------------------------------
 *
 * xlsx_notes.c
 *		Comments on cells of a workbook that is written.
 *
 * A comment stands in two parts, its text in one and its box in another, and
 * both follow the sheet.  So comments wait in a temporary file.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: ECMA-376 part 1, 18.7 (comments); part 4, 19.1 (VML).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "format/xlsx_write.h"

/* a comment as it waits; its text follows */
typedef struct NoteHead
{
	uint64		row_no;
	int			col;
	uint32		len;
} NoteHead;

static void
keep_note(NvpWriter *writer, uint64 row_no, int col, const char *text, uint32 len)
{
	NvpXlsxBook *book = writer->book;
	NoteHead	head = {row_no, col, len};

	if (!nvp_scratch_append(book->notes, (char *) &head, sizeof(head)) ||
		!nvp_scratch_append(book->notes, text, len))
	{
		writer->failed = true;
		writer->problem = psprintf("could not keep comments: %s", nvp_scratch_error(book->notes));
		return;
	}
	book->nnotes++;
	book->notes_end += sizeof(head) + len;
}

/*
 * nvp_xlsx_write_note keeps a comment on a cell of the row that comes; beyond
 * NVP_XLSX_NOTES of a sheet they are left out, which a comment in its first row
 * tells.
 */
void
nvp_xlsx_write_note(NvpWriter *writer, int col, const char *text, uint32 len)
{
	NvpXlsxBook *book = writer->book;

	nvp_xlsx_write_make_room(writer);
	if (book->nnotes == NVP_XLSX_NOTES)
		book->left_out++;
	else if (!writer->failed)
		keep_note(writer, book->row_no + 1, col, text, len);
}

/* tell_left_out puts a comment on the last cell of the first row */
static void
tell_left_out(NvpWriter *writer)
{
	NvpXlsxBook *book = writer->book;
	char		text[128];
	int			len = snprintf(text, sizeof(text), "The first %d coloured cells of this sheet have a comment. " UINT64_FORMAT " more have none.",
							   NVP_XLSX_NOTES, book->left_out);

	keep_note(writer, 1, writer->ncols - 1, text, len);
	book->left_out = 0;
}

/* next_note reads the comment at *at; false on errors, which fail the writer */
static bool
next_note(NvpWriter *writer, int64 *at, NoteHead *head, StringInfo text)
{
	NvpScratch *notes = writer->book->notes;

	resetStringInfo(text);
	if (nvp_scratch_read(notes, (char *) head, sizeof(*head), *at))
	{
		enlargeStringInfo(text, head->len + 1);
		if (nvp_scratch_read(notes, text->data, head->len, *at + sizeof(*head)))
		{
			text->len = head->len;
			*at += sizeof(*head) + head->len;
			return true;
		}
	}
	writer->failed = true;
	writer->problem = psprintf("could not read comments back: %s", nvp_scratch_error(notes));
	return false;
}

static void
put(NvpWriter *writer, const char *text)
{
	nvp_writer_put(writer, text, strlen(text));
}

static void
put_comments(NvpWriter *writer, StringInfo text)
{
	NvpXlsxBook *book = writer->book;
	int64		at = book->notes_at;
	NoteHead	head;

	put(writer, "<comments xmlns=\"" NVP_XLSX_MAIN_SPACE "\"><authors><author>nuvopipe</author></authors><commentList>");
	while (at < book->notes_end && next_note(writer, &at, &head, text))
	{
		put(writer, "<comment ref=\"");
		nvp_xlsx_write_place(writer, head.col, head.row_no);
		put(writer, "\" authorId=\"0\"><text><t xml:space=\"preserve\">");
		nvp_xlsx_write_text(writer, text->data, text->len);
		put(writer, "</t></text></comment>");
	}
	put(writer, "</commentList></comments>");
}

/* put_boxes writes where the comments show when the pointer is over their cells */
static void
put_boxes(NvpWriter *writer, StringInfo text)
{
	NvpXlsxBook *book = writer->book;
	int64		at = book->notes_at;
	NoteHead	head;
	int			n = 0;

	put(writer, "<xml xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" "
		"xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><o:shapelayout v:ext=\"edit\"><o:idmap v:ext=\"edit\" data=\"1\"/>"
		"</o:shapelayout><v:shapetype id=\"_x0000_t202\" coordsize=\"21600,21600\" o:spt=\"202\" path=\"m,l,21600r21600,l21600,xe\">"
		"<v:stroke joinstyle=\"miter\"/><v:path gradientshapeok=\"t\" o:connecttype=\"rect\"/></v:shapetype>");
	while (at < book->notes_end && next_note(writer, &at, &head, text))
	{
		char	   *box = psprintf("<v:shape id=\"_x0000_s%d\" type=\"#_x0000_t202\" style=\"position:absolute;visibility:hidden\" "
								   "fillcolor=\"#ffffe1\" o:insetmode=\"auto\"><v:fill color2=\"#ffffe1\"/><v:textbox/>"
								   "<x:ClientData ObjectType=\"Note\"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>%d,15," UINT64_FORMAT ",2,%d,31,"
								   UINT64_FORMAT ",1</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>" UINT64_FORMAT
								   "</x:Row><x:Column>%d</x:Column></x:ClientData></v:shape>",
								   1025 + n++, head.col + 1, head.row_no - 1, head.col + 3, head.row_no + 3, head.row_no - 1, head.col);

		put(writer, box);
		pfree(box);
	}
	put(writer, "</xml>");
}

/* nvp_xlsx_write_notes writes the parts with the comments of the sheet that was ended. */
void
nvp_xlsx_write_notes(NvpWriter *writer)
{
	NvpXlsxBook *book = writer->book;
	int			n = book->nsheets;
	StringInfoData text;
	char		name[64];
	char	   *links;

	if (book->left_out > 0 && !writer->failed)
		tell_left_out(writer);
	initStringInfo(&text);
	snprintf(name, sizeof(name), "xl/comments%d.xml", n);
	nvp_xlsx_write_begin_part(writer, name);
	put_comments(writer, &text);
	nvp_xlsx_write_end_part(writer);
	snprintf(name, sizeof(name), "xl/drawings/vmlDrawing%d.vml", n);
	nvp_xlsx_write_begin_part(writer, name);
	put_boxes(writer, &text);
	nvp_xlsx_write_end_part(writer);
	snprintf(name, sizeof(name), "xl/worksheets/_rels/sheet%d.xml.rels", n);
	nvp_xlsx_write_begin_part(writer, name);
	links = psprintf("<Relationships xmlns=\"" NVP_XLSX_PACKAGE_SPACE "\">"
					 "<Relationship Id=\"rId1\" Type=\"" NVP_XLSX_LINK_SPACE "/comments\" Target=\"../comments%d.xml\"/>"
					 "<Relationship Id=\"rId2\" Type=\"" NVP_XLSX_LINK_SPACE "/vmlDrawing\" Target=\"../drawings/vmlDrawing%d.vml\"/></Relationships>", n, n);
	put(writer, links);
	nvp_xlsx_write_end_part(writer);
	pfree(links);
	pfree(text.data);
	book->noted_sheets = n;
	book->notes_at = book->notes_end;
	book->nnotes = 0;
}
