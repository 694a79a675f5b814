/*-------------------------------------------------------------------------
 *
 * sheet_choose.c
 *		Which sheets of a workbook are read.
 *
 * Hidden sheets are read only if they are asked for, by name, number or
 * with_hidden: they hold lists for drop-down cells, or what somebody did not
 * want to be seen.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/sheet.h"

#define SHOWN_SHEETS	8		/* names of sheets in a hint */

/* list_sheets writes the names of the sheets there are into a hint */
static void
list_sheets(const NvpSheetReader *reader, char *hint, size_t size)
{
	size_t		len = strlcpy(hint, "Its sheets are ", size);

	for (int i = 0; i < reader->nsheets && len < size; i++)
	{
		const NvpSheetInfo *sheet = &reader->sheets[i];

		if (i == SHOWN_SHEETS)
		{
			len += snprintf(hint + len, size - len, " and %d more", reader->nsheets - i);
			break;
		}
		len += snprintf(hint + len, size - len, "%s\"%.31s\"%s", i > 0 ? ", " : "", sheet->name,
						!sheet->is_table ? " (no table)" : sheet->is_hidden ? " (hidden)" : "");
	}
	if (len + 1 < size)
		strlcpy(hint + len, ".", size - len);
}

static bool
fail_choice(NvpSheetReader *reader, const char *problem, const char *name)
{
	char		hint[256];

	if (reader->nsheets == 0)
		return nvp_reader_fail(&reader->base.reader, 0, 0, NULL, "the workbook has no sheets");
	list_sheets(reader, hint, sizeof(hint));
	return nvp_reader_fail(&reader->base.reader, 0, 0, hint, problem, name);
}

/* find_sheet finds a name, if need be one that differs in upper and lower case only */
static int
find_sheet(const NvpSheetReader *reader, const char *name)
{
	for (int i = 0; i < reader->nsheets; i++)
		if (strcmp(reader->sheets[i].name, name) == 0)
			return i;
	for (int i = 0; i < reader->nsheets; i++)
		if (pg_strcasecmp(reader->sheets[i].name, name) == 0)
			return i;
	return -1;
}

/* choose_visible takes all visible tables, or the first of them */
static bool
choose_visible(NvpSheetReader *reader, bool all)
{
	for (int i = 0; i < reader->nsheets; i++)
	{
		if (!reader->sheets[i].is_table || (reader->sheets[i].is_hidden && !reader->base.reader.format.with_hidden))
			continue;
		reader->chosen[reader->nchosen++] = i;
		if (!all)
			break;
	}
	return reader->nchosen > 0 || fail_choice(reader, "the workbook has no visible sheet with a table%s", "");
}

/* nvp_sheet_choose decides which sheets are read, by format.sheet and sheet_index. */
bool
nvp_sheet_choose(NvpSheetReader *reader)
{
	const NvpFormat *format = &reader->base.reader.format;
	char		number[16];
	const char *name = format->sheet;
	int			index = format->sheet_index;

	reader->chosen = palloc0(sizeof(int) * Max(reader->nsheets, 1));
	if (name == NULL && index < 0)
		return choose_visible(reader, false);
	reader->is_all = (name && strcmp(name, "*") == 0);
	if (reader->is_all)
		return choose_visible(reader, true);
	snprintf(number, sizeof(number), "%d", index);
	if (name)
		index = find_sheet(reader, name);
	if (index < 0 || index >= reader->nsheets)
		return fail_choice(reader, name ? "the workbook has no sheet \"%.100s\"" :
						   "the workbook has no sheet number %s, counted from 0", name ? name : number);
	if (!reader->sheets[index].is_table)
		return fail_choice(reader, "sheet \"%.100s\" is a chart or a dialogue, not a table", reader->sheets[index].name);
	reader->chosen[reader->nchosen++] = index;
	return true;
}

/*
 * nvp_reader_sheet names the sheets of a workbook, one after the other.
 *
 * out: the name, NULL behind the last one and for all other formats; whether it
 *		is hidden, and whether its rows are read.  Either may be NULL.
 */
const char *
nvp_reader_sheet(const NvpReader *reader, int i, bool *is_hidden, bool *is_read)
{
	const NvpSheetReader *sheet = (const NvpSheetReader *) reader;

	if (!nvp_format_is_workbook(reader->format.kind) || i >= sheet->nsheets)
		return NULL;
	if (is_hidden)
		*is_hidden = sheet->sheets[i].is_hidden;
	if (is_read)
	{
		*is_read = false;
		for (int c = 0; c < sheet->nchosen; c++)
			*is_read |= (sheet->chosen[c] == i);
	}
	return sheet->sheets[i].name;
}
