/*-------------------------------------------------------------------------
 *
 * profile.c
 *		Reads the first rows of an input three times and learns its columns.
 *
 * The first pass counts: cells that are filled, distinct values, how numbers
 * and dates are written.  The second lets every candidate type read every
 * cell under the outcome of that vote, as a run would.  The third reads once
 * more with the type that was chosen, for what does not fit, for values that
 * occur twice and for the way dates are written.  Nothing of the sample is kept in memory
 * but hashes and a few texts.
 *
 * Flow, calls, memory, errors: see profile.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"

#include "format/names.h"
#include "mb/pg_wchar.h"
#include "model/text.h"
#include "model/type_date.h"
#include "pipeline/profile.h"

/* words that people write where there is no value; compared without case */
static const char *const nothing_words[] = {
	"null", "n/a", "#n/a", "nan", "none", "nil", "-", "--", "?", "k.a.", "keine angabe",
};

/* one pass over a column of a batch */
typedef void (*ColumnPass) (NvpProfile *profile, NvpProfileColumn *column, const NvpCell *cells, int n);

/* add_hash adds to a set; false if it was there */
static bool
add_hash(NvpHashSet *set, uint64 hash)
{
	uint32		i;

	hash = hash == 0 ? 1 : hash;
	if (set->n * 2 >= set->nslots)
	{
		NvpHashSet	larger = {NULL, Max(set->nslots * 2, 16), 0};

		larger.slots = palloc0(sizeof(uint64) * larger.nslots);
		for (i = 0; i < set->nslots; i++)
			if (set->slots[i])
				add_hash(&larger, set->slots[i]);
		if (set->slots)
			pfree(set->slots);
		*set = larger;
	}
	for (i = hash & (set->nslots - 1); set->slots[i]; i = (i + 1) & (set->nslots - 1))
		if (set->slots[i] == hash)
			return false;
	set->slots[i] = hash;
	set->n++;
	return true;
}

static uint64
hash_text(const char *t, uint32 len)
{
	return hash_bytes_extended((const unsigned char *) t, (int) len, 0);
}

static bool
is_nothing_word(const char *t, uint32 len)
{
	for (int i = 0; i < lengthof(nothing_words); i++)
		if (nvp_text_equal_ascii(t, len, nothing_words[i], strlen(nothing_words[i])))
			return true;
	return false;
}

/* cut_text copies what is shown of a text */
static char *
cut_text(const char *t, uint32 len)
{
	uint32		shown = Min(len, NVP_PROFILE_CUT);

	while (shown > 0 && shown < len && ((unsigned char) t[shown] & 0xC0) == 0x80)
		shown--;
	return nvp_text_escape_invalid(t, shown);
}

/*
 * nvp_profile_open trims a cell.
 *
 * out: NVP_OPEN_*; the text unless it is empty.
 */
int
nvp_profile_open(const NvpProfile *profile, const NvpCell *cell, const char **t, uint32 *len)
{
	NvpValue	value;

	if (nvp_cell_open(&profile->plain, cell, &value, t, len))
		return cell->kind == NVP_CELL_TEXT && is_nothing_word(*t, *len) ? NVP_OPEN_WORD :
			cell->kind == NVP_CELL_ERROR ? NVP_OPEN_INVALID : NVP_OPEN_VALUE;
	*t = cell->ptr ? cell->ptr : "";
	*len = cell->len;
	if (value.status == NVP_EMPTY)
		return NVP_OPEN_EMPTY;
	return cell->kind == NVP_CELL_JSON ? NVP_OPEN_VALUE : NVP_OPEN_INVALID;
}

/* see_value keeps one of the first distinct values, or counts it */
static void
see_value(NvpProfileColumn *column, const char *t, uint32 len)
{
	uint64		hash = hash_text(t, len);
	NvpSeen    *seen;

	if (add_hash(&column->distinct, hash))
	{
		column->too_many |= len > NVP_PROFILE_CUT || column->nseen == NVP_PROFILE_VALUES;
		if (column->nseen == NVP_PROFILE_VALUES)
			return;
		seen = &column->seen[column->nseen++];
		seen->hash = hash;
		seen->text = cut_text(t, len);
		seen->len = strlen(seen->text);
		seen->count = 1;
		return;
	}
	for (int i = 0; i < column->nseen && !column->too_many; i++)
		if (column->seen[i].hash == hash)
			column->seen[i].count++;
}

/* see_word keeps the different spellings of "nothing" */
static void
see_word(NvpProfileColumn *column, const char *t, uint32 len)
{
	column->words++;
	for (int i = 0; i < column->nword; i++)
		if (nvp_text_equal_ascii(t, len, column->word[i], strlen(column->word[i])))
			return;
	if (column->nword < NVP_PROFILE_WORDS)
		column->word[column->nword++] = pnstrdup(t, len);
}


/* survey_column is the first pass */
static void
survey_column(NvpProfile *profile, NvpProfileColumn *column, const NvpCell *cells, int n)
{
	for (int i = 0; i < n; i++)
	{
		const char *t;
		uint32		len;
		int			opened = nvp_profile_open(profile, &cells[i], &t, &len);

		if (opened == NVP_OPEN_EMPTY)
			continue;
		column->filled++;
		column->invalid += opened == NVP_OPEN_INVALID;
		column->bools += cells[i].kind == NVP_CELL_BOOL;
		column->binary += len == 1 && (t[0] == '0' || t[0] == '1');
		column->zeros += len > 1 && t[0] == '0' && t[1] >= '0' && t[1] <= '9';
		if (opened == NVP_OPEN_WORD)
			see_word(column, t, len);
		see_value(column, t, len);
	}
	for (int k = 0; k < profile->ncandidates; k++)
		if (profile->candidates[k].type->vote)
			profile->candidates[k].type->vote(&profile->candidates[k], cells, n, &column->guesses[k].vote);
}

/* try_type lets one type read n cells */
static void
try_type(NvpProfile *profile, NvpProfileColumn *column, int k, const NvpCell *cells, int n)
{
	NvpColumn  *type = &profile->candidates[k];
	NvpGuess   *guess = &column->guesses[k];

	nvp_profile_settle(profile, column, k);
	nvp_column_convert(type, cells, n, profile->values, &profile->arena);
	for (int i = 0; i < n; i++)
	{
		const char *t;
		uint32		len;

		if (profile->values[i].status != NVP_OK ||
			nvp_profile_open(profile, &cells[i], &t, &len) != NVP_OPEN_VALUE)
			continue;
		guess->fitting++;
		guess->marked += nvp_profile_mark(k, &cells[i], &profile->values[i], t, len);
	}
	nvp_arena_reset(&profile->arena);
}

/* try_column is the second pass; a type that reads none of the first values is not asked again */
static void
try_column(NvpProfile *profile, NvpProfileColumn *column, const NvpCell *cells, int n)
{
	for (int i = 0; i < n; i++)
	{
		const char *t;
		uint32		len;

		column->read += nvp_profile_open(profile, &cells[i], &t, &len) == NVP_OPEN_VALUE;
	}
	for (int k = 0; k < profile->ncandidates; k++)
	{
		NvpGuess   *guess = &column->guesses[k];

		if (guess->dropped)
			continue;
		try_type(profile, column, k, cells, n);
		guess->dropped = guess->fitting == 0 && column->read >= NVP_PROFILE_HOPELESS;
	}
}

/* note_format counts the ways a date is written */
static void
note_format(NvpProfile *profile, NvpProfileColumn *column, NvpValue *value, const char *t, uint32 len,
			NvpColumn *writers, int nwriters)
{
	for (int f = 0; f < nwriters; f++)
	{
		NvpText		text = nvp_value_text(&writers[f], value, &profile->arena);

		column->formats[f] += text.len == len && memcmp(text.ptr, t, len) == 0;
	}
}

/* make_writers makes a column for each format a date may have; how many */
static int
make_writers(const NvpColumn *type, NvpColumn *writers)
{
	int			n;
	const char *const *formats = nvp_profile_formats(type, &n);

	for (int f = 0; f < n; f++)
	{
		writers[f] = *type;
		writers[f].output_format = formats[f];
		(void) writers[f].type->prepare(&writers[f]);
	}
	return n;
}

static void
note_misfit(NvpProfileColumn *column, const char *t, uint32 len)
{
	char	   *text;

	if (column->nmisfits == NVP_PROFILE_EXAMPLES)
		return;
	text = cut_text(t, len);
	for (int i = 0; i < column->nmisfits; i++)
		if (strcmp(column->misfits[i], text) == 0)
			return;
	column->misfits[column->nmisfits++] = text;
}

/* confirm_column is the third pass, with the type that was chosen */
static void
confirm_column(NvpProfile *profile, NvpProfileColumn *column, const NvpCell *cells, int n)
{
	NvpColumn  *type = column->chosen < 0 ? NULL : &profile->candidates[column->chosen];
	NvpColumn	writers[lengthof(column->formats)];
	int			nwriters = type ? make_writers(type, writers) : 0;

	if (type)
	{
		nvp_profile_settle(profile, column, column->chosen);
		nvp_column_convert(type, cells, n, profile->values, &profile->arena);
	}
	for (int i = 0; i < n; i++)
	{
		NvpValue   *value = &profile->values[i];
		const char *t;
		uint32		len;
		int			opened = nvp_profile_open(profile, &cells[i], &t, &len);
		NvpText		output;

		if (opened == NVP_OPEN_EMPTY || (type && opened == NVP_OPEN_WORD))
			continue;
		if (opened == NVP_OPEN_INVALID || (type ? value->status != NVP_OK : cells[i].kind == NVP_CELL_JSON))
		{
			note_misfit(column, t, len);
			continue;
		}
		column->read++;
		output = type ? nvp_value_text(type, value, &profile->arena) : (NvpText) {cells[i].ptr, cells[i].len};
		if (column->is_unique)
			add_hash(&column->outputs, hash_text(output.ptr, output.len));
		if (nwriters > 0)
			note_format(profile, column, value, t, len, writers, nwriters);
	}
	nvp_arena_reset(&profile->arena);
}

/* widen makes room for columns that have been discovered */
static void
widen(NvpProfile *profile, const NvpReader *reader)
{
	if (reader->ncols > profile->capacity)
	{
		int			capacity = Max(reader->ncols, profile->capacity * 2);

		profile->columns = profile->columns ?
			repalloc_huge(profile->columns, sizeof(NvpProfileColumn) * capacity) :
			palloc_extended(sizeof(NvpProfileColumn) * capacity, MCXT_ALLOC_HUGE);
		profile->capacity = capacity;
	}
	for (; profile->ncols < reader->ncols; profile->ncols++)
	{
		NvpProfileColumn *column = &profile->columns[profile->ncols];

		memset(column, 0, sizeof(*column));
		column->guesses = palloc0(sizeof(NvpGuess) * profile->ncandidates);
		column->chosen = column->runner_up = -1;
	}
}

static uint64
most_rows(const NvpReader *reader)
{
	uint64		rows = NVP_PROFILE_CELLS / Max(reader->ncols, 1);

	return Max(Min(rows, NVP_PROFILE_ROWS), NVP_PROFILE_LEAST);
}

static void
throw_bad(const NvpReader *reader)
{
	NvpFault	fault;

	nvp_reader_fault(reader, &fault);
	nvp_fault_throw(&fault);
}

/* read_rows leads one pass over up to rows rows; how many there were */
static uint64
read_rows(NvpProfile *profile, NvpReader *reader, ColumnPass pass, bool is_first)
{
	NvpBatch   *batch = nvp_batch_create(reader->ncols);
	NvpReadStatus status = NVP_READ_OK;
	uint64		most = is_first ? most_rows(reader) : profile->rows;
	uint64		seen = 0;

	while (seen < most && (status = nvp_reader_next(reader, batch)) == NVP_READ_OK)
	{
		int			n = Min(batch->nrows, most - seen);

		widen(profile, reader);
		for (int col = 0; col < Min(batch->ncols, profile->ncols); col++)
		{
			CHECK_FOR_INTERRUPTS();
			pass(profile, &profile->columns[col], nvp_batch_column(batch, col), n);
		}
		for (int row = 0; is_first && row < n; row++)
			profile->odd_rows += batch->rows[row].code != NVP_ROW_FINE;
		seen += n;
		if (is_first)
		{
			profile->is_whole = n == batch->nrows;
			most = Max(Min(most, most_rows(reader)), seen);
		}
	}
	if (status == NVP_READ_BAD)
		throw_bad(reader);
	if (is_first && profile->is_whole && status == NVP_READ_OK && seen > 0)
	{
		status = nvp_reader_next(reader, batch);
		profile->is_whole = status != NVP_READ_OK;
	}
	nvp_batch_free(batch);
	return seen;
}

static void
go_back(NvpReader *reader)
{
	if (!nvp_reader_rewind(reader))
		throw_bad(reader);
}

/* settle_column draws the conclusions of the third pass */
static void
settle_column(NvpProfile *profile, NvpProfileColumn *column)
{
	uint32		nothing = column->chosen < 0 ? 0 : column->words;
	int			n = 0;
	const char *const *formats;

	column->is_required = column->filled - nothing == profile->rows && profile->rows >= NVP_PROFILE_ENOUGH;
	column->is_unique = column->is_unique && column->outputs.n == column->read;
	if (column->chosen < 0)
		return;
	formats = nvp_profile_formats(&profile->candidates[column->chosen], &n);
	for (int f = 0; f < n; f++)
		if (column->read > 0 && column->formats[f] >= column->read * NVP_PROFILE_SHARE)
		{
			column->format = formats[f];
			break;
		}
}

static void
profile_reader(NvpProfile *profile, NvpReader *reader)
{
	widen(profile, reader);
	profile->rows = read_rows(profile, reader, survey_column, true);
	for (int col = 0; col < profile->ncols; col++)
		profile->columns[col].header = pstrdup(reader->header[col]);
	nvp_profile_keys(profile);
	profile->leaning = nvp_profile_leaning(profile);
	go_back(reader);
	read_rows(profile, reader, try_column, false);
	for (int col = 0; col < profile->ncols; col++)
	{
		NvpProfileColumn *column = &profile->columns[col];

		nvp_profile_choose(profile, column);
		column->is_unique = nvp_profile_may_be_unique(profile, column);
		column->read = 0;
	}
	go_back(reader);
	read_rows(profile, reader, confirm_column, false);
	for (int col = 0; col < profile->ncols; col++)
		settle_column(profile, &profile->columns[col]);
}

/*
 * nvp_profile_input proposes a target data model for an input that was opened.
 *
 * in: input: its source is NULL if it holds nothing at all.
 * out: {"columns", "evidence", "rows", "whole", "source", "notes"}, see
 *		nuvopipe.tdm_from_sample; owner: the current memory context.
 * errors: 22P04, 54000, 58030.
 */
Jsonb *
nvp_profile_input(NvpInput *input)
{
	NvpProfile *profile = palloc0(sizeof(NvpProfile));
	NvpReader  *reader;
	Jsonb	   *result;

	profile->is_whole = true;
	if (input->source == NULL)
		return nvp_profile_jsonb(profile, input, NULL);
	reader = nvp_reader_open(input->source, &input->format);
	if (reader->error.message[0])
		throw_bad(reader);
	nvp_profile_candidates(profile);
	nvp_arena_init(&profile->arena);
	profile->values = palloc(sizeof(NvpValue) * NVP_BATCH_ROWS);
	profile_reader(profile, reader);
	result = nvp_profile_jsonb(profile, input, reader);
	nvp_reader_close(reader);
	nvp_arena_free(&profile->arena);
	return result;
}
