/*-------------------------------------------------------------------------
 *
 * xlsx_frame.c
 *		The parts around the sheets of a workbook that is written: styles, the list
 *		of sheets, what each part is.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: ECMA-376 part 1, 18.2 (workbook), 18.8 (styles); part 2 (packages).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/xlsx_write.h"

static const char styles[] =
	"<styleSheet xmlns=\"" NVP_XLSX_MAIN_SPACE "\"><numFmts count=\"3\">"
	"<numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\\-dd\"/>"
	"<numFmt numFmtId=\"165\" formatCode=\"yyyy\\-mm\\-dd\\ hh:mm:ss\"/>"
	"<numFmt numFmtId=\"166\" formatCode=\"yyyy\\-mm\\-dd\\ hh:mm:ss.000\"/></numFmts>"
	"<fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font>"
	"<font><b/><sz val=\"11\"/><color rgb=\"FFFFFFFF\"/><name val=\"Calibri\"/></font></fonts>"
	"<fills count=\"4\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill>"
	"<fill><patternFill patternType=\"solid\"><fgColor rgb=\"FF305496\"/></patternFill></fill>"
	"<fill><patternFill patternType=\"solid\"><fgColor rgb=\"FFFFC7CE\"/></patternFill></fill></fills>"
	"<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
	"<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>"
	"<cellXfs count=\"9\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/>"
	"<xf numFmtId=\"0\" fontId=\"1\" fillId=\"2\" borderId=\"0\" xfId=\"0\" applyFont=\"1\" applyFill=\"1\"/>"
	"<xf numFmtId=\"164\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>"
	"<xf numFmtId=\"165\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>"
	"<xf numFmtId=\"166\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>"
	"<xf numFmtId=\"21\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>"
	"<xf numFmtId=\"49\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" quotePrefix=\"1\"/>"
	"<xf numFmtId=\"49\" fontId=\"0\" fillId=\"3\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" applyFill=\"1\" quotePrefix=\"1\"/>"
	"<xf numFmtId=\"0\" fontId=\"0\" fillId=\"3\" borderId=\"0\" xfId=\"0\" applyFill=\"1\"/></cellXfs>"
	"<cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles></styleSheet>";

static void
put(NvpWriter *writer, const char *text)
{
	nvp_writer_put(writer, text, strlen(text));
}

static void
put_part(NvpWriter *writer, const char *name, const char *text)
{
	nvp_xlsx_write_begin_part(writer, name);
	put(writer, text);
	nvp_xlsx_write_end_part(writer);
}

static void
put_formatted(NvpWriter *writer, const char *fmt, int n)
{
	char	   *text = psprintf(fmt, n, n, n);

	put(writer, text);
	pfree(text);
}

/* nvp_xlsx_write_styles writes the styles, in the order of NvpXlsxStyle. */
void
nvp_xlsx_write_styles(NvpWriter *writer)
{
	put_part(writer, "xl/styles.xml", styles);
}

/* nvp_xlsx_write_frame writes the parts that name the sheets, when all of them are there. */
void
nvp_xlsx_write_frame(NvpWriter *writer)
{
	int			n = writer->book->nsheets;

	nvp_xlsx_write_begin_part(writer, "xl/workbook.xml");
	put(writer, "<workbook xmlns=\"" NVP_XLSX_MAIN_SPACE "\" xmlns:r=\"" NVP_XLSX_LINK_SPACE "\"><sheets>"
			   "<sheet name=\"Data\" sheetId=\"1\" r:id=\"rId1\"/>");
	for (int i = 2; i <= n; i++)
		put_formatted(writer, "<sheet name=\"Data %d\" sheetId=\"%d\" r:id=\"rId%d\"/>", i);
	put(writer, "</sheets></workbook>");
	nvp_xlsx_write_end_part(writer);
	nvp_xlsx_write_begin_part(writer, "xl/_rels/workbook.xml.rels");
	put(writer, "<Relationships xmlns=\"" NVP_XLSX_PACKAGE_SPACE "\">");
	for (int i = 1; i <= n; i++)
		put_formatted(writer, "<Relationship Id=\"rId%d\" Type=\"" NVP_XLSX_LINK_SPACE "/worksheet\" Target=\"worksheets/sheet%d.xml\"/>", i);
	put_formatted(writer, "<Relationship Id=\"rId%d\" Type=\"" NVP_XLSX_LINK_SPACE "/styles\" Target=\"styles.xml\"/></Relationships>", n + 1);
	nvp_xlsx_write_end_part(writer);
	put_part(writer, "_rels/.rels", "<Relationships xmlns=\"" NVP_XLSX_PACKAGE_SPACE "\"><Relationship Id=\"rId1\" Type=\""
			 NVP_XLSX_LINK_SPACE "/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>");
	nvp_xlsx_write_begin_part(writer, "[Content_Types].xml");
	put(writer, "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"
			   "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
			   "<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
			   "<Default Extension=\"vml\" ContentType=\"application/vnd.openxmlformats-officedocument.vmlDrawing\"/>"
			   "<Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>"
			   "<Override PartName=\"/xl/styles.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml\"/>");
	for (int i = 1; i <= n; i++)
		put_formatted(writer, "<Override PartName=\"/xl/worksheets/sheet%d.xml\" "
					  "ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>", i);
	for (int i = 1; i <= writer->book->noted_sheets; i++)
		put_formatted(writer, "<Override PartName=\"/xl/comments%d.xml\" "
					  "ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml\"/>", i);
	put(writer, "</Types>");
	nvp_xlsx_write_end_part(writer);
}
