/*-------------------------------------------------------------------------
 *
 * xlsx_style.c
 *		Which cell styles of a workbook show dates, times or percentages.
 *
 * Flow:   styles.xml: numFmts (codes by id), then cellXfs (ids by style)
 *
 * Pure: also built outside the server (see test/unit).
 * Source: ECMA-376 part 1, 18.8.10 (cellXfs), 18.8.30 (numFmt), 18.8.45 (xf).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/cell_format.h"
#include "format/xlsx_impl.h"

#define MOST_STYLES		1000000 /* Excel has 64,000 */

#define MOST_CODES		65536	/* ids from here on are no number formats of any program */
#define HAS_CODE		0x80

/* shows_of returns what a number format shows; the codes of a file go before what is built in */
static uint8
shows_of(const uint8 *codes, int64 id)
{
	if (id < 0 || id >= MOST_CODES)
		return 0;
	return (codes[id] & HAS_CODE) ? codes[id] & ~HAS_CODE : nvp_cell_format_builtin((int) id);
}

static void
read_code(NvpPart *part, uint8 *codes)
{
	StringInfoData code;
	int64		id = nvp_markup_number(&part->markup, "numFmtId", -1);

	initStringInfo(&code);
	if (id >= 0 && id < MOST_CODES && nvp_part_attribute(part, 0, "formatCode", &code))
		codes[id] = HAS_CODE | nvp_cell_format_code(code.data, code.len);
	pfree(code.data);
}

static bool
add_style(NvpXlsxReader *xlsx, NvpPart *part, const uint8 *codes)
{
	if (xlsx->nstyles == MOST_STYLES)
		return nvp_part_fail(part, "it has too many cell styles");
	if (xlsx->nstyles % 1024 == 0)
		xlsx->shows = xlsx->shows ? repalloc(xlsx->shows, xlsx->nstyles + 1024) : palloc(1024);
	xlsx->shows[xlsx->nstyles++] = shows_of(codes, nvp_markup_number(&part->markup, "numFmtId", 0));
	return true;
}

/*
 * nvp_xlsx_read_styles reads the part of that name.
 *
 * out: xlsx->shows for each of the nstyles styles a cell may name.
 */
bool
nvp_xlsx_read_styles(NvpXlsxReader *xlsx, const char *member)
{
	NvpPart		part = {0};
	NvpMarkup  *markup = &part.markup;
	NvpMarkupToken token = NVP_MARKUP_TEXT;
	uint8	   *codes = palloc0(MOST_CODES);
	int			depth_of_styles = -1;
	bool		ok = nvp_part_open(&part, &xlsx->sheet.base.reader, xlsx->zip, member, nvp_xlsx_spaces);

	while (ok && (token = nvp_part_next(&part)) != NVP_MARKUP_END)
	{
		ok = (token != NVP_MARKUP_BAD);
		if (token == NVP_MARKUP_CLOSE && markup->depth == depth_of_styles)
			depth_of_styles = -1;
		if (token != NVP_MARKUP_OPEN)
			continue;
		if (nvp_xlsx_is_alternative(markup))
			ok = nvp_part_skip(&part);
		else if (nvp_markup_is(markup, NVP_XLSX_MAIN, "dxfs"))
			ok = nvp_part_skip(&part);	/* number formats of conditions, with ids of their own */
		else if (nvp_markup_is(markup, NVP_XLSX_MAIN, "numFmt"))
			read_code(&part, codes);
		else if (nvp_markup_is(markup, NVP_XLSX_MAIN, "cellXfs"))
			depth_of_styles = markup->depth;
		else if (depth_of_styles >= 0 && markup->depth == depth_of_styles + 1 && nvp_markup_is(markup, NVP_XLSX_MAIN, "xf"))
			ok = add_style(xlsx, &part, codes);
	}
	nvp_part_close(&part);
	pfree(codes);
	return ok;
}
