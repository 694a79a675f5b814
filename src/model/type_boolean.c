/*-------------------------------------------------------------------------
 *
 * type_boolean.c
 *		The column type boolean: words for yes and no.
 *
 * Errors: cell codes only.
 * Source: section 5.7 of the column-type specification; the words are those of
 *		   data/booleans.tsv (from Unicode CLDR).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/number.h"
#include "model/text.h"
#include "model/types_basic.h"

#include "model/booleans_data.h"

/* options may be longer than the built-in words */
#define WORD_BYTES		1024

/* the words of trueValues and falseValues, folded */
typedef struct BooleanState
{
	NvpTextList words[2];		/* false, true */
} BooleanState;

static bool
fold_list(const NvpTextList *list, NvpTextList *folded)
{
	char		word[WORD_BYTES];

	folded->n = list->n;
	folded->items = palloc0(sizeof(NvpText) * Max(list->n, 1));
	for (int i = 0; i < list->n; i++)
	{
		const char *t = list->items[i].ptr;
		uint32		len = list->items[i].len;
		int			n;
		char	   *copy;

		nvp_text_trim(&t, &len);
		n = nvp_text_fold(t, len, word, sizeof(word));
		if (n <= 0)
			return false;
		copy = palloc(n + 1);
		memcpy(copy, word, n);
		copy[n] = '\0';
		folded->items[i] = (NvpText) {copy, n};
	}
	return true;
}

static bool
is_listed(const NvpTextList *list, const char *word, int len)
{
	for (int i = 0; i < list->n; i++)
	{
		if (list->items[i].len == len && memcmp(list->items[i].ptr, word, len) == 0)
			return true;
	}
	return false;
}

/* nvp_boolean_prepare folds the words of the options. */
const char *
nvp_boolean_prepare(NvpColumn *column)
{
	BooleanState *state = palloc0(sizeof(BooleanState));

	if (!fold_list(&column->true_values, &state->words[true]))
		return "trueValues must hold words of 1 to 1024 bytes";
	if (!fold_list(&column->false_values, &state->words[false]))
		return "falseValues must hold words of 1 to 1024 bytes";
	for (int i = 0; i < state->words[true].n; i++)
	{
		const NvpText *word = &state->words[true].items[i];

		if (is_listed(&state->words[false], word->ptr, word->len))
			return "a word must not be in both trueValues and falseValues";
	}
	column->state = state;
	return NULL;
}

/* Looks a folded word up in the built-in table: 1, 0, or -1 for neither. */
static int
find_word(const char *word, int len)
{
	int			low = 0;
	int			high = NVP_BOOLEANS_ROWS;

	while (low < high)
	{
		int			mid = (low + high) / 2;
		const char *entry = nvp_booleans_table[mid][0];
		int			cmp = strncmp(word, entry, len);

		if (cmp == 0 && entry[len] == '\0')
			return nvp_booleans_table[mid][1][0] == '1';
		if (cmp > 0)
			low = mid + 1;
		else
			high = mid;
	}
	return -1;
}

/* 1, 0, or -1 for neither. */
static int
read_boolean(const BooleanState *state, const NvpCell *cell, const char *t, uint32 len, NvpArena *arena)
{
	char		word[WORD_BYTES];
	int			n;

	if (cell->kind == NVP_CELL_BOOL)
		return len == 4;
	if (cell->kind == NVP_CELL_NUMBER)
	{
		NvpText		text = nvp_number_literal_text(t, len, arena);

		t = text.ptr;
		len = text.len;
	}
	n = nvp_text_fold(t, len, word, sizeof(word));
	if (n < 0)
		return -1;
	if (is_listed(&state->words[true], word, n))
		return 1;
	if (is_listed(&state->words[false], word, n))
		return 0;
	return find_word(word, n);
}

/* nvp_boolean_convert looks cells up, the column's own words first. */
void
nvp_boolean_convert(NVP_CONVERT_ARGS)
{
	for (int i = 0; i < n; i++)
	{
		const char *t;
		uint32		len;
		int			found;

		if (!nvp_cell_open(column, &cells[i], &values[i], &t, &len))
			continue;
		found = read_boolean(column->state, &cells[i], t, len, arena);
		if (found < 0)
			nvp_value_error(&values[i], NVP_CODE_INVALID_BOOLEAN);
		else
			nvp_value_set_int(&values[i], NVP_VALUE_BOOL, found);
	}
}
