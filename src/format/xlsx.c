/*-------------------------------------------------------------------------
 *
 * xlsx.c
 *		Workbooks in Office Open XML: the package and the list of sheets.
 *
 * Flow:   _rels/.rels --> workbook.xml --> sheets, date system;
 *		   its .rels --> where sheets, styles and shared strings are
 *
 * What is read
 *	 - Transitional and strict documents, whatever prefixes their elements have;
 *	   parts in UTF-8 or UTF-16, anywhere in the archive and in any order.
 *	 - The values that the program which saved the file had computed.  A formula
 *	   that has none is an error cell with the formula as its text.
 *	 - Of merged cells the first has the value; the others are empty.
 *	 - Parts of mc:AlternateContent that any program understands.
 *
 * Memory: see part.h and sheet.h; shared strings in memory up to 24 MB, beyond in
 *		   a temporary file with 24 MB of pages.
 * Errors: as for all readers.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: ECMA-376, parts 1 (SpreadsheetML), 2 (packages), 3 (compatibility).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/workbook.h"
#include "format/xlsx_impl.h"

#define MOST_SHEETS		10000
#define MOST_LINKS		20000

const NvpMarkupSpace nvp_xlsx_spaces[] = {
	{"http://schemas.openxmlformats.org/spreadsheetml/2006/main", NVP_XLSX_MAIN},
	{"http://purl.oclc.org/ooxml/spreadsheetml/main", NVP_XLSX_MAIN},
	{"http://schemas.openxmlformats.org/officeDocument/2006/relationships", NVP_XLSX_LINK},
	{"http://purl.oclc.org/ooxml/officeDocument/relationships", NVP_XLSX_LINK},
	{"http://schemas.openxmlformats.org/package/2006/relationships", NVP_XLSX_PACKAGE},
	{"http://schemas.openxmlformats.org/markup-compatibility/2006", NVP_XLSX_COMPATIBLE},
	{NULL, 0}
};

/* ---- relationships --------------------------------------------------------- */

/*
 * resolve returns the name of the member that a target means, which is written
 * relative to the folder of the part at base, or from the root of the archive
 */
static char *
resolve(const char *base, const char *target)
{
	const char *slash = strrchr(base, '/');
	int			folder = slash && *target != '/' ? slash - base : 0;
	StringInfoData name;

	initStringInfo(&name);
	appendBinaryStringInfo(&name, base, folder);
	while (*target)
	{
		int			len = strcspn(target, "/\\");

		if (len == 2 && strncmp(target, "..", 2) == 0)
		{
			while (name.len > 0 && name.data[--name.len] != '/')
				;
			name.data[name.len] = '\0';
		}
		else if (len > 0 && !(len == 1 && *target == '.'))
		{
			if (name.len > 0)
				appendStringInfoChar(&name, '/');
			appendBinaryStringInfo(&name, target, len);
		}
		target += len + (target[len] != '\0');
	}
	return name.data;
}

static NvpXlsxLink *
add_link(NvpXlsxLinks *links)
{
	if (links->count == links->size)
	{
		links->size = Max(16, links->size * 2);
		links->links = links->links ? repalloc(links->links, sizeof(NvpXlsxLink) * links->size) :
			palloc(sizeof(NvpXlsxLink) * links->size);
	}
	return &links->links[links->count++];
}

/* read_link takes one Relationship element; what lies outside of the archive is no concern of ours */
static void
read_link(NvpPart *part, const char *base, NvpXlsxLinks *links)
{
	StringInfoData id;
	StringInfoData type;
	StringInfoData target;
	StringInfoData mode;

	initStringInfo(&id);
	initStringInfo(&type);
	initStringInfo(&target);
	initStringInfo(&mode);
	(void) nvp_part_attribute(part, 0, "TargetMode", &mode);
	if (nvp_part_attribute(part, 0, "Id", &id) && nvp_part_attribute(part, 0, "Type", &type) &&
		nvp_part_attribute(part, 0, "Target", &target) && pg_strcasecmp(mode.data, "External") != 0)
	{
		NvpXlsxLink *link = add_link(links);
		const char *word = strrchr(type.data, '/');

		link->id = id.data;
		link->type = pstrdup(word ? word + 1 : type.data);
		link->target = resolve(base, target.data);
	}
	else
		pfree(id.data);
	pfree(type.data);
	pfree(target.data);
	pfree(mode.data);
}

static void
free_links(NvpXlsxLinks *links)
{
	for (int i = 0; i < links->count; i++)
	{
		pfree(links->links[i].id);
		pfree(links->links[i].type);
		pfree(links->links[i].target);
	}
	if (links->links)
		pfree(links->links);
	memset(links, 0, sizeof(NvpXlsxLinks));
}

/* rels_name returns the name of the part that holds the relationships of another */
static char *
rels_name(const char *part)
{
	const char *slash = strrchr(part, '/');

	if (slash == NULL)
		return psprintf("_rels/%s.rels", part);
	return psprintf("%.*s/_rels/%s.rels", (int) (slash - part), part, slash + 1);
}

/* read_links reads the relationships of the part base; having none is no error */
static bool
read_links(NvpXlsxReader *xlsx, const char *base, NvpXlsxLinks *links)
{
	NvpPart		part = {0};
	char	   *name = rels_name(base);
	NvpMarkupToken token = NVP_MARKUP_END;
	bool		ok = true;

	if (nvp_zip_find(xlsx->zip, name))
	{
		ok = nvp_part_open(&part, &xlsx->sheet.base.reader, xlsx->zip, name, nvp_xlsx_spaces);
		while (ok && (token = nvp_part_next(&part)) != NVP_MARKUP_END)
		{
			ok = (token != NVP_MARKUP_BAD);
			if (token != NVP_MARKUP_OPEN || !nvp_markup_is(&part.markup, NVP_XLSX_PACKAGE, "Relationship"))
				continue;
			if (links->count == MOST_LINKS)
				ok = nvp_part_fail(&part, "it has too many relationships");
			else
				read_link(&part, base, links);
		}
		nvp_part_close(&part);
	}
	pfree(name);
	return ok;
}

static const NvpXlsxLink *
find_link(const NvpXlsxLinks *links, const char *id, const char *type)
{
	for (int i = 0; i < links->count; i++)
	{
		const NvpXlsxLink *link = &links->links[i];

		if ((id == NULL || strcmp(link->id, id) == 0) && (type == NULL || strcmp(link->type, type) == 0))
			return link;
	}
	return NULL;
}

/* ---- the workbook ----------------------------------------------------------- */

bool
nvp_xlsx_is_alternative(const NvpMarkup *markup)
{
	return nvp_markup_is(markup, NVP_XLSX_COMPATIBLE, "Choice");
}

/* read_sheet takes one sheet element */
static bool
read_sheet(NvpXlsxReader *xlsx, NvpPart *part)
{
	const NvpXlsxLink *link;
	NvpSheetInfo *sheet;
	StringInfoData name;
	StringInfoData id;
	StringInfoData state;

	initStringInfo(&name);
	initStringInfo(&id);
	initStringInfo(&state);
	(void) nvp_part_attribute(part, 0, "name", &name);
	(void) nvp_part_attribute(part, NVP_XLSX_LINK, "id", &id);
	(void) nvp_part_attribute(part, 0, "state", &state);
	sheet = nvp_sheet_add(&xlsx->sheet, name.data);
	link = find_link(&xlsx->links, id.data, NULL);
	/* hidden and veryHidden */
	sheet->is_hidden = state.len > 0 && strcmp(state.data, "visible") != 0;
	sheet->is_table = link != NULL && strcmp(link->type, "worksheet") == 0;
	sheet->place = link ? pstrdup(link->target) : NULL;
	pfree(name.data);
	pfree(id.data);
	pfree(state.data);
	if (link == NULL)
		return nvp_part_fail(part, "a sheet has no part of its own");
	return xlsx->sheet.nsheets <= MOST_SHEETS || nvp_part_fail(part, "it has too many sheets");
}

/* read_workbook lists the sheets */
static bool
read_workbook(NvpXlsxReader *xlsx, const char *name)
{
	NvpPart		part = {0};
	NvpMarkupToken token = NVP_MARKUP_TEXT;
	bool		ok = nvp_part_open(&part, &xlsx->sheet.base.reader, xlsx->zip, name, nvp_xlsx_spaces);
	bool		is_root = true;

	while (ok && (token = nvp_part_next(&part)) != NVP_MARKUP_END)
	{
		ok = (token != NVP_MARKUP_BAD);
		if (token != NVP_MARKUP_OPEN)
			continue;
		if (is_root && !nvp_markup_is(&part.markup, NVP_XLSX_MAIN, "workbook"))
			ok = nvp_part_fail(&part, "it is no workbook of a spreadsheet");
		else if (nvp_xlsx_is_alternative(&part.markup))
			ok = nvp_part_skip(&part);
		else if (nvp_markup_is(&part.markup, NVP_XLSX_MAIN, "workbookPr"))
			xlsx->sheet.date1904 = nvp_markup_boolean(&part.markup, "date1904", false);
		else if (nvp_markup_is(&part.markup, NVP_XLSX_MAIN, "sheet"))
			ok = read_sheet(xlsx, &part);
		is_root = false;
	}
	nvp_part_close(&part);
	return ok;
}

/* find_workbook returns the name of the workbook's part, NULL with an error if there is none; palloc'd */
static char *
find_workbook(NvpXlsxReader *xlsx)
{
	NvpReader  *reader = &xlsx->sheet.base.reader;
	NvpXlsxLinks root = {0};
	const NvpXlsxLink *link;
	char	   *name = NULL;

	if (!read_links(xlsx, "", &root))
	{
		free_links(&root);
		return NULL;
	}
	link = find_link(&root, NULL, "officeDocument");
	if (link)
		name = pstrdup(link->target);
	else if (nvp_zip_find(xlsx->zip, "xl/workbook.xml"))
		name = pstrdup("xl/workbook.xml");
	else
		nvp_reader_fail(reader, 0, 0, "Check what kind of file it is, and set options.format.",
						"the zip archive holds no workbook");
	free_links(&root);
	if (name && strlen(name) > 4 && strcmp(name + strlen(name) - 4, ".bin") == 0)
	{
		nvp_reader_fail(reader, 0, 0, "Save it as an Excel workbook (.xlsx).",
						"binary workbooks (.xlsb) are not supported");
		pfree(name);
		name = NULL;
	}
	return name;
}

static bool
open_book(NvpSheetReader *sheet)
{
	NvpXlsxReader *xlsx = (NvpXlsxReader *) sheet;
	const NvpXlsxLink *link;
	char	   *name;

	initStringInfo(&xlsx->buf);
	initStringInfo(&xlsx->strings.buf);
	if (nvp_workbook_is_locked(sheet->base.reader.source))
		return nvp_reader_fail_locked(&sheet->base.reader);
	xlsx->zip = nvp_part_open_zip(&sheet->base.reader);
	if (xlsx->zip == NULL || (name = find_workbook(xlsx)) == NULL)
		return false;
	if (!read_links(xlsx, name, &xlsx->links) || !read_workbook(xlsx, name))
		return false;
	xlsx->strings.has_part = find_link(&xlsx->links, NULL, "sharedStrings") != NULL;
	link = find_link(&xlsx->links, NULL, "styles");
	pfree(name);
	return link == NULL || nvp_zip_find(xlsx->zip, link->target) == NULL ||
		nvp_xlsx_read_styles(xlsx, link->target);
}

/* nvp_xlsx_strings_member returns the name of the part with the shared strings. */
const char *
nvp_xlsx_strings_member(const NvpXlsxReader *xlsx)
{
	return find_link(&xlsx->links, NULL, "sharedStrings")->target;
}

static void
close_book(NvpSheetReader *sheet)
{
	NvpXlsxReader *xlsx = (NvpXlsxReader *) sheet;

	nvp_part_close(&xlsx->part);
	nvp_xlsx_strings_close(&xlsx->strings);
	free_links(&xlsx->links);
	if (xlsx->shows)
		pfree(xlsx->shows);
	if (xlsx->buf.data)
		pfree(xlsx->buf.data);
	if (xlsx->zip)
		nvp_zip_close(xlsx->zip);
}

static const NvpSheetRoutine xlsx_sheets = {
	.open_book = open_book,
	.open_sheet = nvp_xlsx_open_sheet,
	.next_row = nvp_xlsx_next_row,
	.refill = nvp_xlsx_refill,
	.close = close_book
};

static bool
xlsx_open(NvpReader *reader)
{
	return nvp_sheet_open(reader, &xlsx_sheets);
}

static const NvpReaderRoutine xlsx_routine = {
	.name = "xlsx",
	.open = xlsx_open,
	.next = nvp_sheet_next,
	.rewind = nvp_sheet_rewind,
	.close = nvp_sheet_close
};

const NvpReaderEntry nvp_xlsx_entry = {NVP_FORMAT_XLSX, sizeof(NvpXlsxReader), &xlsx_routine};
