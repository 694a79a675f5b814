/*-------------------------------------------------------------------------
 *
 * text_table.c
 *		The strings that the cells of a workbook share, by number.
 *
 * See text_table.h for calls, memory and errors.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/text_table.h"

#define TEXT_BYTES		(16 * 1024 * 1024)	/* of pages in memory */
#define PLACE_BYTES		(8 * 1024 * 1024)
#define MOST_TEXT		(INT64CONST(1) << (63 - NVP_PLACE_LENGTH_BITS - 1))

void
nvp_text_table_init(NvpTextTable *table, int64 most_bytes)
{
	memset(table, 0, sizeof(NvpTextTable));
	table->in_file = most_bytes > NVP_TEXT_TABLE_BYTES;
	if (table->in_file)
	{
		table->text_pages = nvp_pages_create(TEXT_BYTES);
		table->place_pages = nvp_pages_create(PLACE_BYTES);
		return;
	}
	table->text = palloc(Max(most_bytes, 1));
	table->nplaces = 1024;
	table->places = palloc(sizeof(uint64) * table->nplaces);
}

/* nvp_text_table_add takes the next string. */
bool
nvp_text_table_add(NvpTextTable *table, const char *text, uint32 len, bool is_utf8)
{
	uint64		place = nvp_place_make(table->text_len, len, is_utf8 ? 1 : 0);

	table->too_long = len > NVP_PLACE_LENGTH || table->text_len > MOST_TEXT;
	if (table->too_long)
		return false;
	if (table->in_file)
	{
		if (!nvp_pages_append(table->text_pages, text, len) ||
			!nvp_pages_append(table->place_pages, (const char *) &place, sizeof(place)))
			return false;
	}
	else
	{
		if (table->count == table->nplaces)
		{
			table->nplaces *= 2;
			table->places = repalloc(table->places, sizeof(uint64) * table->nplaces);
		}
		memcpy(table->text + table->text_len, text, len);
		table->places[table->count] = place;
	}
	table->text_len += len;
	table->count++;
	return true;
}

/* nvp_text_table_copy sets a cell to a copy of a string that is in the file. */
bool
nvp_text_table_copy(NvpTextTable *table, uint64 index, NvpSheetRow *row, int col)
{
	uint64		place;
	char	   *text;

	if (!nvp_pages_read(table->place_pages, (char *) &place, sizeof(place), (int64) index * sizeof(place)))
		return false;
	text = nvp_arena_alloc(&row->reader->arena, (size_t) nvp_place_length(place) + 1);
	if (!nvp_pages_read(table->text_pages, text, nvp_place_length(place), nvp_place_offset(place)))
		return false;
	nvp_sheet_set(row, col, text, nvp_place_length(place), NVP_CELL_TEXT, nvp_place_flags(place));
	return true;
}

const char *
nvp_text_table_error(const NvpTextTable *table)
{
	const char *why;

	if (table->too_long)
		return "a text is too long";
	why = nvp_pages_error(table->text_pages);
	return why ? why : nvp_pages_error(table->place_pages);
}

void
nvp_text_table_free(NvpTextTable *table)
{
	if (table->text)
		pfree(table->text);
	if (table->places)
		pfree(table->places);
	if (table->text_pages)
		nvp_pages_free(table->text_pages);
	if (table->place_pages)
		nvp_pages_free(table->place_pages);
	memset(table, 0, sizeof(NvpTextTable));
}
