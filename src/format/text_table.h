/*-------------------------------------------------------------------------
 *
 * text_table.h
 *		The strings that the cells of a workbook share, by number.
 *
 * Small tables stay in memory, and cells point there.  Large ones go through
 * pages in a temporary file, and cells get copies.
 *
 * Calls:  nvp_text_table_init, { nvp_text_table_add, nvp_text_table_cell }*,
 *		   nvp_text_table_free.
 * Memory: up to NVP_TEXT_TABLE_BYTES of text, or as much for pages.
 * Errors: false, and nvp_text_table_error tells.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_TEXT_TABLE_H
#define NVP_TEXT_TABLE_H

#include "format/pages.h"
#include "format/sheet.h"

#define NVP_TEXT_TABLE_BYTES	(24 * 1024 * 1024)

typedef struct NvpTextTable
{
	int64		count;			/* of strings */
	bool		in_file;		/* pages instead of text and places */
	bool		too_long;		/* the last string could not be added for its length */
	char	   *text;			/* has room for all of them */
	int64		text_len;
	uint64	   *places;			/* see text_table.c */
	int64		nplaces;		/* allocated */
	NvpPages   *text_pages;
	NvpPages   *place_pages;
} NvpTextTable;

/* most_bytes is what all strings together cannot exceed */
extern void nvp_text_table_init(NvpTextTable *table, int64 most_bytes);
extern bool nvp_text_table_add(NvpTextTable *table, const char *text, uint32 len, bool is_utf8);

/* set a cell to the string of an index below count */
extern bool nvp_text_table_copy(NvpTextTable *table, uint64 index, NvpSheetRow *row, int col);
extern const char *nvp_text_table_error(const NvpTextTable *table);
extern void nvp_text_table_free(NvpTextTable *table);

/*
 * A place is a word: where the text begins, how long it is, and whether it is
 * known to be well-formed.
 */
#define NVP_PLACE_LENGTH_BITS	24
#define NVP_PLACE_LENGTH		((1 << NVP_PLACE_LENGTH_BITS) - 1)

#define nvp_place_make(offset, len, is_utf8) \
	((uint64) (offset) << (NVP_PLACE_LENGTH_BITS + 1) | (uint64) (len) << 1 | (uint64) (is_utf8))
#define nvp_place_offset(place)		((int64) ((place) >> (NVP_PLACE_LENGTH_BITS + 1)))
#define nvp_place_length(place)		((uint32) ((place) >> 1) & NVP_PLACE_LENGTH)
#define nvp_place_flags(place)		(((place) & 1) ? NVP_CELL_UTF8 : 0)

static inline bool
nvp_text_table_cell(NvpTextTable *table, uint64 index, NvpSheetRow *row, int col)
{
	uint64		place;

	if (unlikely(table->in_file))
		return nvp_text_table_copy(table, index, row, col);
	place = table->places[index];
	nvp_sheet_set(row, col, table->text + nvp_place_offset(place), nvp_place_length(place),
				  NVP_CELL_TEXT, nvp_place_flags(place));
	return true;
}

#endif							/* NVP_TEXT_TABLE_H */
