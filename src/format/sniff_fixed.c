/*-------------------------------------------------------------------------
 *
 * sniff_fixed.c
 *		Guess whether text is columns of fixed width, and where they are.
 *
 * Flow:   columns and borders (sniff_layout.h) --> records, of which header and
 *		   types are guessed as those of delimited text
 *
 * A delimiter that is in every line wins, unless it stands between digits in all
 * of them, as decimal commas do (sniff_csv.c).
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/fixed.h"
#include "format/sniff_layout.h"

#define FIT_EQUALLY		0.05	/* layouts whose scores are nearer than this */

/* add_record cuts a line as the reader does; a line above the columns is one cell */
static void
add_record(NvpSniffReading *reading, const NvpGridLine *line, const NvpLayout *layout, bool is_displayed, bool is_above)
{
	NvpSniffRecord *record = &reading->records[reading->nrecords++];
	const char *p = line->ptr;
	int			at = 0;

	record->first = reading->ncells;
	record->width = is_above ? 1 : layout->n;
	record->is_blank = line->is_blank;
	for (int col = 0; col < record->width; col++)
	{
		NvpSniffCell *cell = &reading->cells[reading->ncells++];
		bool		is_last = (col == record->width - 1);
		const char *to = is_last ? line->end :
			nvp_skip_places(p, line->end, &at, layout->starts[col + 1], is_displayed);
		const char *end = to;

		while (p < end && *p == ' ')
			p++;
		while (end > p && end[-1] == ' ')
			end--;
		cell->ptr = p;
		cell->len = end - p;
		cell->type = nvp_sniff_type(p, end);
		cell->is_typed = false;
		p = to;
	}
}

/* make_reading turns the lines into records, numbered as the reader numbers lines */
static void
make_reading(const NvpGrid *grid, const NvpLayout *layout, NvpSniffReading *reading)
{
	memset(reading, 0, sizeof(*reading));
	reading->records = palloc(sizeof(NvpSniffRecord) * grid->nlines);
	reading->cells = palloc(sizeof(NvpSniffCell) * (size_t) grid->nlines * layout->n);
	reading->width = layout->n;
	reading->preamble = layout->skip;
	for (int i = 0; i < grid->nlines; i++)
		if (i < layout->skip || !grid->lines[i].is_drawn)
			add_record(reading, &grid->lines[i], layout, grid->is_displayed, i < layout->skip);
}

/* keep_one_line drops the guess that names stand on several lines: here they cannot */
static void
keep_one_line(NvpSniff *sniff)
{
	int			kept = 0;

	for (int i = 0; i < sniff->nguesses; i++)
		if (!sniff->guesses[i].has_header || sniff->guesses[i].header_rows == 1)
			sniff->guesses[kept++] = sniff->guesses[i];
	if (kept < sniff->nguesses && kept > 0 && sniff->format.header_rows > 1)
	{
		memset(&sniff->header, 0, sizeof(sniff->header));
		nvp_verdict_set(&sniff->header, sniff->guesses[0].score, "%s", sniff->guesses[0].reason);
		sniff->format.has_header = sniff->guesses[0].has_header;
		sniff->format.skip_rows = sniff->guesses[0].skip_rows;
	}
	sniff->format.header_rows = 1;
	sniff->nguesses = kept;
}

/* typed_share tells how many columns are of a type of their own */
static double
typed_share(const NvpSniff *sniff)
{
	int			typed = 0;

	for (int i = 0; i < sniff->nfields; i++)
		typed += sniff->fields[i].type != NVP_FIELD_TEXT && sniff->fields[i].type != NVP_FIELD_EMPTY &&
			sniff->fields[i].fitting * 10 >= sniff->fields[i].filled * 9;
	return (double) typed / Max(sniff->nfields, 1);
}

/* forget_delimited drops what was found out about delimiters */
static void
forget_delimited(NvpSniff *sniff)
{
	nvp_sniff_free(sniff);
	sniff->nguesses = 0;
	memset(&sniff->delimiter, 0, sizeof(NvpVerdict));
	memset(&sniff->quote, 0, sizeof(NvpVerdict));
	memset(&sniff->escape, 0, sizeof(NvpVerdict));
	memset(&sniff->header, 0, sizeof(NvpVerdict));
	memset(&sniff->preamble, 0, sizeof(NvpVerdict));
	memset(&sniff->transposed, 0, sizeof(NvpVerdict));
}

/* take_columns writes the layout into the format: each column up to the next, the last as long as the longest line */
static void
take_columns(const NvpGrid *grid, const NvpLayout *layout, bool is_whole, NvpSniff *sniff)
{
	int			to = grid->width;

	/* lines that were not looked at may be longer */
	if (!is_whole)
		to += Max(grid->width - layout->starts[layout->n - 1], 20);
	sniff->fixed = palloc0(sizeof(NvpFixedColumn) * layout->n);
	for (int col = 0; col < layout->n; col++)
	{
		int			next = col + 1 < layout->n ? layout->starts[col + 1] : to;

		sniff->fixed[col].start = layout->starts[col];
		sniff->fixed[col].width = next - layout->starts[col];
	}
	sniff->ncols = layout->n;
	sniff->format.kind = NVP_FORMAT_FIXED;
	sniff->format.fixed = sniff->fixed;
	sniff->format.nfixed = layout->n;
	sniff->format.fixed_is_displayed = grid->is_displayed;
	sniff->format.fixed_is_guess = true;
}

static void
take_layout(const NvpGrid *grid, NvpLayout *layout, bool is_whole, const NvpSniffPins *pins, NvpSniff *sniff)
{
	double		delimited = sniff->delimited;
	double		score;
	NvpSniffReading reading;

	forget_delimited(sniff);
	take_columns(grid, layout, is_whole, sniff);
	make_reading(grid, layout, &reading);
	nvp_sniff_header(&reading, pins, sniff);
	keep_one_line(sniff);
	if ((layout->has_ruler || layout->is_underlined) && !pins->has_header && !pins->has_skip_rows)
	{
		sniff->format.has_header = true;
		sniff->format.skip_rows = layout->skip;
		sniff->nguesses = 0;
		memset(&sniff->header, 0, sizeof(NvpVerdict));
		nvp_verdict_set(&sniff->header, 0.97, "a line of dashes stands under it");
	}
	nvp_sniff_fields(&reading, sniff);
	score = layout->has_ruler ? layout->score : layout->score * (0.85 + 0.15 * Min(1.0, 2.0 * typed_share(sniff)));
	memset(&sniff->kind, 0, sizeof(NvpVerdict));
	nvp_verdict_set(&sniff->kind, score, layout->has_ruler ? "a line of dashes shows %d columns, which %d lines keep to%s" :
					layout->ntouching > 0 ? "%d columns in %d lines, some of which touch one another%s" :
					"%d columns with blanks between them in %d lines%s", layout->n, layout->nlines,
					grid->is_displayed ? ", if wide characters take two places" : "");
	nvp_verdict_rival(&sniff->kind, "csv", Max(delimited, 1.0 - score));
	sniff->kind.is_ambiguous = score < NVP_FIXED_SURE;
	pfree(reading.records);
	pfree(reading.cells);
}

static bool
same_borders(const NvpLayout *a, const NvpLayout *b)
{
	return a->n == b->n && memcmp(a->starts, b->starts, sizeof(int) * a->n) == 0;
}

/*
 * try_displayed looks whether columns fit better if wide characters take two
 * places; then grid and layout are of those.  Where both fit, the one that passes
 * over fewer lines is right, or has more columns: in the wrong unit gaps vanish.
 * If there is none, nothing is certain.
 */
static void
try_displayed(NvpGrid *grid, const char *text, size_t len, bool is_whole, const NvpSniffPins *pins, NvpLayout *layout)
{
	NvpGrid		other;
	NvpLayout  *found;
	double		fits;
	int			explains;

	if (!nvp_grid_read(&other, text, len, is_whole, true))
		return;
	found = palloc(sizeof(NvpLayout));
	nvp_layout_find(&other, pins, found);
	fits = found->score - layout->score;
	explains = found->skip != layout->skip ? layout->skip - found->skip : found->n - layout->n;
	if (fits > FIT_EQUALLY || (fits > -FIT_EQUALLY && explains > 0))
	{
		NvpGrid		swap = *grid;

		*layout = *found;
		*grid = other;
		other = swap;
	}
	else if (fits > -FIT_EQUALLY && explains == 0 && !same_borders(found, layout))
		layout->score = Min(layout->score, 0.85);
	pfree(found);
	nvp_grid_free(&other);
}

/*
 * nvp_sniff_fixed recognises columns of fixed width in text that was taken for
 * delimited, and no delimiter is in all of its lines.
 *
 * in: UTF-8 text; whether it is all of the file; sniff as nvp_sniff_csv left it.
 * out: sniff says NVP_FORMAT_FIXED where columns fit better; where they fit
 *		less well, but might be meant, they are a rival of the verdict.
 */
void
nvp_sniff_fixed(const char *text, size_t len, bool is_whole, const NvpSniffPins *pins, NvpSniff *sniff)
{
	NvpGrid		grid;
	NvpLayout  *layout;

	if (sniff->delimited >= 1.0 || pins->format.header_rows > 1)
		return;
	if (!nvp_grid_read(&grid, text, len, is_whole, false))
		return;
	layout = palloc(sizeof(NvpLayout));
	nvp_layout_find(&grid, pins, layout);
	if (grid.has_wide)
		try_displayed(&grid, text, len, is_whole, pins, layout);
	if (layout->score >= NVP_LAYOUT_LIKELY && layout->score > sniff->delimited)
		take_layout(&grid, layout, is_whole && grid.nlines < NVP_SNIFF_RECORDS, pins, sniff);
	else if (layout->score >= NVP_LAYOUT_LIKELY)
		nvp_verdict_rival(&sniff->kind, "fixed", layout->score);
	pfree(layout);
	nvp_grid_free(&grid);
}
