/*-------------------------------------------------------------------------
 *
 * type_category.c
 *		The column type category: one or several of a list of options.
 *
 * Flow:   text --> exact bytes --> key folded --> fuzzy, if configured
 *		   --> the text itself, if allowed
 * Memory: the tables are made by prepare and live with the column.  Values of
 *		   single options are views of them; lists are made in the arena.
 * Errors: cell codes only.
 * Source: section 5.8 of the column-type specification.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"

#include "model/number.h"
#include "model/text.h"
#include "model/trigram.h"
#include "model/types_basic.h"

#define NO_OPTION		(-1)
#define TIED_OPTIONS	(-2)

/* texts to options: open addressing, at most half full */
typedef struct KeyTable
{
	uint32		mask;
	int			nkeys;
	int		   *slots;			/* index of a key plus one; 0 = free */
	NvpText    *keys;
	int		   *owners;			/* option of each key */
} KeyTable;

typedef struct CategoryState
{
	KeyTable	exact;
	KeyTable	folded;
	NvpText    *json;			/* each option's value as JSON */
	NvpTrigramIndex *fuzzy;		/* NULL unless configured */
} CategoryState;

/* what one cell is matched with: the column and room for its fuzzy lookups */
typedef struct Matcher
{
	const NvpColumn *column;
	const CategoryState *state;
	NvpArena   *arena;
	void	   *scratch;
} Matcher;

/* The slot that holds a key, or the free one where it belongs. */
static int *
find_slot(const KeyTable *table, const char *t, uint32 len)
{
	uint32		i = hash_bytes((const unsigned char *) t, len) & table->mask;

	while (table->slots[i] != 0)
	{
		const NvpText *key = &table->keys[table->slots[i] - 1];

		if (key->len == len && memcmp(key->ptr, t, len) == 0)
			break;
		i = (i + 1) & table->mask;
	}
	return &table->slots[i];
}

static int
find_key(const KeyTable *table, const char *t, uint32 len)
{
	int			slot = *find_slot(table, t, len);

	return slot == 0 ? NO_OPTION : table->owners[slot - 1];
}

/* Adds a key unless an earlier one is the same. */
static void
add_key(KeyTable *table, NvpText key, int owner)
{
	int		   *slot;

	if (key.len == 0)
		return;
	slot = find_slot(table, key.ptr, key.len);
	if (*slot != 0)
		return;
	table->keys[table->nkeys] = key;
	table->owners[table->nkeys] = owner;
	*slot = ++table->nkeys;
}

static void
init_table(KeyTable *table, size_t most)
{
	uint64		size = 16;

	while (size < 2 * (uint64) most)
		size *= 2;
	table->mask = size - 1;
	table->slots = palloc_extended(sizeof(int) * size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	table->keys = palloc_extended(sizeof(NvpText) * Max(most, 1), MCXT_ALLOC_HUGE);
	table->owners = palloc_extended(sizeof(int) * Max(most, 1), MCXT_ALLOC_HUGE);
}

/* Every run of set W becomes one blank, none at the ends; in place. */
static int
collapse_blanks(char *text, int len)
{
	const char *p = text;
	const char *end = text + len;
	char	   *to = text;
	bool		blank = false;

	while (p < end)
	{
		uint32		cp;
		int			n = nvp_utf8_decode(p, end, &cp);

		if (n == 0)
			return -1;
		if (nvp_text_is_blank(cp))
			blank = true;
		else
		{
			if (blank && to > text)
				*to++ = ' ';
			blank = false;
			memmove(to, p, n);
			to += n;
		}
		p += n;
	}
	return to - text;
}

/* Key folding: trim, NFC, simple fold, runs of blanks; -1 if it does not fit. */
static int
fold_key(const char *t, uint32 len, char *out, int outsize)
{
	int			n = nvp_text_fold(t, len, out, outsize);

	return n < 0 ? -1 : collapse_blanks(out, n);
}

static NvpText
make_folded(NvpText text)
{
	/* normalization makes no text longer than three times */
	char	   *out = palloc((size_t) text.len * 3 + 1);
	int			n = fold_key(text.ptr, text.len, out, text.len * 3);

	return (NvpText) {out, Max(n, 0)};
}

/* The text of one of an option's three ranks: 0 value, 1 label, 2 and on alternatives. */
static NvpText
option_text(const NvpOption *option, int rank)
{
	if (rank == 0)
		return option->value;
	return rank == 1 ? option->label : option->alternatives.items[rank - 2];
}

/* Adds all values, then all labels, then all alternatives: the first hit wins. */
static void
fill_tables(const NvpColumn *column, CategoryState *state)
{
	for (int rank = 0; rank < 3; rank++)
	{
		for (int i = 0; i < column->noptions; i++)
		{
			const NvpOption *option = &column->options[i];
			int			last = rank < 2 ? rank : 1 + option->alternatives.n;

			for (int k = rank; k <= last; k++)
			{
				NvpText		text = option_text(option, k);

				add_key(&state->exact, text, i);
				add_key(&state->folded, make_folded(text), i);
			}
		}
	}
}

/* Writes text as a JSON string and returns its bytes; at most 6 a byte and 2. */
static uint32
write_json_string(const char *t, uint32 len, char *out)
{
	static const char hex[] = "0123456789abcdef";
	char	   *to = out;

	*to++ = '"';
	for (uint32 i = 0; i < len; i++)
	{
		unsigned char c = t[i];

		if (c == '"' || c == '\\')
			*to++ = '\\';
		if (c >= 0x20)
			*to++ = c;
		else
		{
			memcpy(to, "\\u00", 4);
			to[4] = hex[c >> 4];
			to[5] = hex[c & 15];
			to += 6;
		}
	}
	*to++ = '"';
	return to - out;
}

static void
make_json_values(const NvpColumn *column, CategoryState *state)
{
	state->json = palloc(sizeof(NvpText) * Max(column->noptions, 1));
	for (int i = 0; i < column->noptions; i++)
	{
		const NvpOption *option = &column->options[i];
		char	   *out;

		state->json[i] = option->value;
		if (option->value_is_number)
			continue;
		out = palloc((size_t) option->value.len * 6 + 2);
		state->json[i].len = write_json_string(option->value.ptr, option->value.len, out);
		state->json[i].ptr = out;
	}
}

/* nvp_category_prepare makes the tables that cells are looked up in. */
const char *
nvp_category_prepare(NvpColumn *column)
{
	CategoryState *state = palloc0(sizeof(CategoryState));
	size_t		most = 0;

	if (column->noptions == 0 && !column->allow_custom_options)
		return "options must not be empty";
	if (column->fuzzy && !(column->fuzzy_threshold >= 0 && column->fuzzy_threshold <= 1))
		return "the threshold must be between 0 and 1";
	for (int i = 0; i < column->noptions; i++)
	{
		most += 2 + column->options[i].alternatives.n;
		if (column->options[i].value.len == 0)
			return "an option must have a value";
	}
	if (most > 1000000)
		return "options must not have more than 1000000 names";
	init_table(&state->exact, most);
	init_table(&state->folded, most);
	fill_tables(column, state);
	make_json_values(column, state);
	if (column->fuzzy)
		state->fuzzy = nvp_trigram_build(state->folded.keys, state->folded.owners, state->folded.nkeys);
	column->state = state;
	return NULL;
}

/* The fuzzy layer; its scratch is taken once a batch, and only if it is needed. */
static int
match_fuzzy(Matcher *matcher, const char *folded, int len)
{
	const NvpTrigramIndex *index = matcher->state->fuzzy;
	int			found;

	if (matcher->scratch == NULL)
		matcher->scratch = (void *) MAXALIGN(nvp_arena_alloc(matcher->arena,
															 nvp_trigram_scratch(index, NVP_CELL_MAX_BYTES) + MAXIMUM_ALIGNOF));
	found = nvp_trigram_best(index, folded, len, matcher->column->fuzzy_threshold, matcher->scratch);
	return found == NVP_TRIGRAM_TIE ? TIED_OPTIONS : found;
}

/* The option a text names; NO_OPTION, or TIED_OPTIONS. */
static int
match_option(Matcher *matcher, const char *t, uint32 len, bool fuzzy)
{
	char		folded[NVP_CELL_MAX_BYTES];
	int			found = find_key(&matcher->state->exact, t, len);
	int			n;

	if (found != NO_OPTION)
		return found;
	n = fold_key(t, len, folded, sizeof(folded));
	if (n < 0)
		return NO_OPTION;
	found = find_key(&matcher->state->folded, folded, n);
	if (found == NO_OPTION && fuzzy && matcher->state->fuzzy)
		found = match_fuzzy(matcher, folded, n);
	return found;
}

/* One part of a list as JSON; length 0 if it is no option. */
static NvpText
match_part(Matcher *matcher, const char *t, uint32 len)
{
	int			found = match_option(matcher, t, len, true);
	char	   *out;

	if (found >= 0)
		return matcher->state->json[found];
	if (found == TIED_OPTIONS || !matcher->column->allow_custom_options)
		return (NvpText) {NULL, 0};
	out = nvp_arena_alloc(matcher->arena, (size_t) len * 6 + 2);
	return (NvpText) {out, write_json_string(t, len, out)};
}

/* The sign a list is split at: the first of ; | , that the cell has. */
static char
find_separator(const char *t, uint32 len)
{
	for (const char *sign = ";|,"; *sign; sign++)
	{
		if (memchr(t, *sign, len))
			return *sign;
	}
	return ';';
}

/* The parts of a list, without blanks, empty ones and repeats; false if one is no option. */
static bool
split_list(Matcher *matcher, const char *t, uint32 len, KeyTable *parts)
{
	const char *end = t + len;
	char		separator = find_separator(t, len);

	while (t < end)
	{
		const char *stop = memchr(t, separator, end - t);
		const char *part = t;
		uint32		partlen;
		NvpText		json;

		if (stop == NULL)
			stop = end;
		partlen = stop - t;
		nvp_text_trim(&part, &partlen);
		t = stop + (stop < end);
		if (partlen == 0)
			continue;
		json = match_part(matcher, part, partlen);
		if (json.len == 0)
			return false;
		add_key(parts, json, 0);
	}
	return parts->nkeys > 0;
}

/* The JSON array of the options a cell lists; false if one part is none. */
static bool
match_list(Matcher *matcher, const char *t, uint32 len, NvpText *list)
{
	int			whole = match_option(matcher, t, len, false);
	KeyTable	parts = {0, 0, NULL, NULL, NULL};
	size_t		size = 2;
	char	   *to;

	init_table(&parts, len / 2 + 1);
	if (whole >= 0)
		add_key(&parts, matcher->state->json[whole], 0);
	else if (!split_list(matcher, t, len, &parts))
		parts.nkeys = 0;
	for (int i = 0; i < parts.nkeys; i++)
		size += parts.keys[i].len + 2;
	list->ptr = to = nvp_arena_alloc(matcher->arena, size);
	*to++ = '[';
	for (int i = 0; i < parts.nkeys; i++)
	{
		if (i > 0)
		{
			*to++ = ',';
			*to++ = ' ';
		}
		memcpy(to, parts.keys[i].ptr, parts.keys[i].len);
		to += parts.keys[i].len;
	}
	*to++ = ']';
	list->len = to - list->ptr;
	pfree(parts.slots);
	pfree(parts.keys);
	pfree(parts.owners);
	return parts.nkeys > 0;
}

static void
convert_cell(Matcher *matcher, const char *t, uint32 len, NvpValue *value)
{
	const NvpColumn *column = matcher->column;
	NvpText		list;
	int			found;

	if (column->is_multi_select)
	{
		if (match_list(matcher, t, len, &list))
			nvp_value_set_text(value, NVP_VALUE_JSON, list.ptr, list.len);
		else
			nvp_value_error(value, NVP_CODE_NOT_IN_OPTIONS);
		return;
	}
	found = match_option(matcher, t, len, true);
	if (found >= 0)
	{
		const NvpOption *option = &column->options[found];

		nvp_value_set_text(value, option->value_is_number ? NVP_VALUE_NUMERIC : NVP_VALUE_TEXT,
						   option->value.ptr, option->value.len);
	}
	else if (found == NO_OPTION && column->allow_custom_options)
		nvp_value_set_text(value, NVP_VALUE_TEXT, t, len);
	else
		nvp_value_error(value, NVP_CODE_NOT_IN_OPTIONS);
}

/* nvp_category_convert looks cells up among the options. */
void
nvp_category_convert(NVP_CONVERT_ARGS)
{
	Matcher		matcher = {column, column->state, arena, NULL};

	for (int i = 0; i < n; i++)
	{
		const char *t;
		uint32		len;

		if (!nvp_cell_open(column, &cells[i], &values[i], &t, &len))
			continue;
		if (cells[i].kind == NVP_CELL_NUMBER)
		{
			NvpText		text = nvp_number_literal_text(t, len, arena);

			t = text.ptr;
			len = text.len;
		}
		convert_cell(&matcher, t, len, &values[i]);
	}
}
