/*-------------------------------------------------------------------------
 *
 * sniff_layout.c
 *		Where the columns of aligned text are.
 *
 * Flow:   lines --> which characters are blank in all of them --> columns
 *		   --> how well do the values stand in them? --> borders
 *
 * What proves columns: places that are blank in every line (by chance they are
 * so in few lines only), values that are shorter than their column (running text
 * has one blank between words), and values that all begin, or all end, at one
 * place.  A line of dashes under the names settles everything.
 *
 * Where columns touch one another, signs may still tell (sniff_touch.c), but that
 * is never certain.
 *
 * A column that is filled only where the value before it goes on up to it is
 * none: it is the end of a long text.
 *
 * Where two columns meet: a column whose values begin at one place begins there.
 * Else it is the end of the last one, if that has its values at the right; else
 * halfway, and more values might tell.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/fixed.h"
#include "format/sniff_layout.h"

#define MOST_SKIP		10		/* lines above the columns */
#define MOST_TOUCHING	0.8		/* so sure of columns that may touch: not enough for a run */
#define STRAY_LINES		50		/* one in so many may be none of the table */
#define BLANK_BY_CHANCE	0.22	/* how often a character of running text is blank */

/* ---- columns ---------------------------------------------------------------- */

/* add_span appends a column; false if there are too many */
static bool
add_span(NvpLayout *layout, int from, int to)
{
	if (layout->n == NVP_SNIFF_FIELDS)
		return false;
	memset(&layout->spans[layout->n], 0, sizeof(NvpSpan));
	layout->spans[layout->n].from = from;
	layout->spans[layout->n++].to = to;
	return true;
}

/* find_spans finds what stands between characters that are blank in all lines but one in so many, 0 = in all */
static bool
find_spans(const NvpGrid *grid, NvpLayout *layout, int one_in)
{
	int		   *counts = palloc0(sizeof(int) * (grid->width + 1));
	int			begin = -1;
	int			most;
	bool		fits = true;

	layout->n = layout->nlines = 0;
	for (int i = layout->skip; i < grid->nlines; i++)
	{
		const uint8 *filled = grid->filled + (size_t) i * grid->width;

		if (!nvp_grid_has_values(grid, i))
			continue;
		layout->nlines++;
		for (int at = 0; at < grid->width; at++)
			counts[at] += filled[at] != NVP_SIGN_BLANK;
	}
	most = one_in > 0 ? layout->nlines / one_in : 0;
	for (int at = 0; at <= grid->width && fits; at++)
	{
		bool		is_gap = (at == grid->width || counts[at] <= most);

		if (!is_gap && begin < 0)
			begin = at;
		if (!is_gap || begin < 0)
			continue;
		fits = add_span(layout, begin, at);
		begin = -1;
	}
	pfree(counts);
	return fits;
}

/* read_ruler takes the columns from a line of dashes */
static bool
read_ruler(const NvpGrid *grid, int ruler, NvpLayout *layout)
{
	const uint8 *filled = grid->filled + (size_t) ruler * grid->width;
	int			begin = -1;

	for (int at = 0; at <= grid->width; at++)
	{
		bool		is_gap = (at == grid->width || !filled[at]);

		if (!is_gap && begin < 0)
			begin = at;
		if (!is_gap || begin < 0)
			continue;
		if (!add_span(layout, begin, at))
			return false;
		begin = -1;
	}
	layout->spans[layout->n - 1].to = grid->width;
	for (int i = layout->skip; i < grid->nlines; i++)
		layout->nlines += nvp_grid_has_values(grid, i);
	return true;
}

/* goes_on tells whether the second column holds but the ends of long values of the first */
static bool
goes_on(const NvpGrid *grid, const NvpLayout *layout, const NvpSpan *a, const NvpSpan *b)
{
	int			filled = 0;
	bool		is_even = true; /* the first column ends at its end where the second is empty, too */

	if (b->from != a->to + 1)
		return false;
	for (int i = layout->skip; i < grid->nlines; i++)
	{
		int			first;
		int			last;
		bool		has_b;
		bool		touches;

		if (!nvp_grid_has_values(grid, i))
			continue;
		has_b = nvp_grid_find_cell(grid, i, b->from, b->to, &first, &last);
		touches = nvp_grid_find_cell(grid, i, a->from, a->to, &first, &last) && last == a->to;
		if (has_b && !(touches && grid->filled[(size_t) i * grid->width + b->from]))
			return false;
		filled += has_b;
		is_even &= has_b || touches;
	}
	return filled < layout->nlines && !is_even;
}

static void
join_spans(const NvpGrid *grid, NvpLayout *layout)
{
	int			kept = 0;

	for (int i = 1; i < layout->n; i++)
	{
		if (goes_on(grid, layout, &layout->spans[kept], &layout->spans[i]))
			layout->spans[kept].to = layout->spans[i].to;
		else
			layout->spans[++kept] = layout->spans[i];
	}
	layout->n = Min(layout->n, kept + 1);
}

/* find_value finds the value of a column in a line that has some, and is not the first one of many, which may be names */
static bool
find_value(const NvpGrid *grid, const NvpLayout *layout, int line, const NvpSpan *span, int *first, int *last)
{
	return nvp_grid_has_values(grid, line) && (line > layout->names || layout->nlines <= NVP_LAYOUT_LINES) &&
		nvp_grid_find_cell(grid, line, span->from, span->to, first, last);
}

/* look_at_span counts how values stand in a column; names may be longer, so values are aligned with one another */
static void
look_at_span(const NvpGrid *grid, const NvpLayout *layout, NvpSpan *span)
{
	int			from = span->to;
	int			to = span->from;
	int			left = 0;
	int			right = 0;
	int			first;
	int			last;

	for (int i = layout->skip; i < grid->nlines; i++)
	{
		if (!find_value(grid, layout, i, span, &first, &last))
			continue;
		from = Min(from, first);
		to = Max(to, last);
	}
	for (int i = layout->skip; i < grid->nlines; i++)
	{
		if (!find_value(grid, layout, i, span, &first, &last))
			continue;
		span->filled++;
		left += (first == from);
		right += (last == to);
		span->left += (first == span->from);
		span->right += (last == span->to);
		span->shorter += (last - first < to - from);
	}
	span->aligned = Max(left, right);
}

/* score_spans judges columns that were found by their gaps */
static double
score_spans(const NvpGrid *grid, const NvpLayout *layout)
{
	double		aligned = 0.0;
	double		chance = grid->width;
	int			padded = 0;

	for (int s = 0; s < layout->n; s++)
	{
		const NvpSpan *span = &layout->spans[s];
		bool		is_last = (s == layout->n - 1);

		aligned += span->filled ? (double) span->aligned / span->filled : 0.5;
		/* that lines end where they like proves nothing */
		padded += span->shorter > 0 && (!is_last || span->left < span->filled);
	}
	for (int i = 0; i < Min(layout->nlines, 30); i++)
		chance *= BLANK_BY_CHANCE;
	chance = Max(0.0, 1.0 - chance / (layout->n - 1));
	return aligned / layout->n * chance * (0.5 + 0.5 * Min(1.0, 2.0 * padded / (layout->n - 1)));
}

/* has_delimiter tells whether a sign stands at the same place in most lines, as in tables with drawn borders */
static bool
has_delimiter(const NvpGrid *grid, const NvpLayout *layout)
{
	for (int at = 0; at < grid->width; at++)
	{
		int			seen = 0;

		for (int i = layout->skip; i < grid->nlines; i++)
			seen += nvp_grid_has_values(grid, i) && grid->filled[(size_t) i * grid->width + at] == NVP_SIGN_DELIMITER;
		if (seen * 10 >= layout->nlines * 6)
			return true;
	}
	return false;
}

/* score_ruler tells how many lines keep to the columns of a ruler */
static double
score_ruler(const NvpGrid *grid, const NvpLayout *layout)
{
	int			crossing = 0;

	for (int i = layout->skip; i < grid->nlines; i++)
	{
		const uint8 *filled = grid->filled + (size_t) i * grid->width;
		bool		crosses = false;

		for (int s = 1; s < layout->n && nvp_grid_has_values(grid, i); s++)
			crosses |= filled[layout->spans[s].from - 1] != NVP_SIGN_BLANK;
		crossing += crosses;
	}
	return 0.98 * (1.0 - (double) crossing / layout->nlines);
}

/* look_at_gaps judges columns by their gaps */
static void
look_at_gaps(const NvpGrid *grid, NvpLayout *layout, int one_in)
{
	layout->score = 0.0;
	if (!find_spans(grid, layout, one_in))
		return;
	join_spans(grid, layout);
	nvp_layout_split(grid, layout);
	if (layout->ntouching > 0)
		join_spans(grid, layout);
	if (layout->n < 2 || layout->nlines < NVP_LAYOUT_LINES)
		return;
	for (int s = 0; s < layout->n; s++)
		look_at_span(grid, layout, &layout->spans[s]);
	layout->score = score_spans(grid, layout);
	if (layout->score < NVP_LAYOUT_LIKELY || has_delimiter(grid, layout))
		layout->score = 0.0;
}

/* is_underlined tells whether names of several columns stand above one line of dashes that is as long as the table */
static bool
is_underlined(const NvpGrid *grid, const NvpLayout *layout)
{
	int			below = layout->skip + 1;
	int			named = 0;
	int			first;
	int			last;

	if (layout->n < 2 || below >= grid->nlines || grid->lines[below].groups != 1)
		return false;
	for (int s = 0; s < layout->n; s++)
		named += nvp_grid_find_cell(grid, layout->skip, layout->spans[s].from, layout->spans[s].to, &first, &last);
	return named * 2 >= layout->n &&
		nvp_grid_find_cell(grid, below, layout->spans[layout->n - 1].from, grid->width, &first, &last);
}

/* look_from judges the text from a line on */
static void
look_from(const NvpGrid *grid, int skip, NvpLayout *layout)
{
	int			next = skip + 1;
	NvpLayout  *strays;

	layout->skip = layout->names = skip;
	while (layout->names < grid->nlines - 1 && !nvp_grid_has_values(grid, layout->names))
		layout->names++;
	layout->n = layout->nlines = 0;
	layout->score = 0.0;
	layout->has_ruler = next < grid->nlines && grid->lines[next].groups > 1;
	layout->is_underlined = false;
	if (layout->has_ruler)
	{
		if (read_ruler(grid, next, layout) && layout->n > 1 && layout->nlines > 1)
			layout->score = score_ruler(grid, layout);
		return;
	}
	look_at_gaps(grid, layout, 0);
	layout->is_underlined = is_underlined(grid, layout);
	if (layout->nlines < STRAY_LINES || layout->score >= NVP_FIXED_SURE)
		return;
	/* a few lines may be something else, but then some long value may be among them */
	strays = palloc(sizeof(NvpLayout));
	*strays = *layout;
	look_at_gaps(grid, strays, STRAY_LINES);
	strays->score = Min(strays->score, 0.85);
	if (strays->score > layout->score)
		*layout = *strays;
	pfree(strays);
}

/* is_better: fewer lines are passed over unless that gives more */
static bool
is_better(const NvpLayout *a, const NvpLayout *b)
{
	if (a->has_ruler != b->has_ruler)
		return a->has_ruler && a->score >= NVP_LAYOUT_LIKELY;
	if (a->is_underlined != b->is_underlined)
		return a->is_underlined && a->score >= NVP_LAYOUT_LIKELY;
	/* a line that is passed over may be the one that speaks against columns that touch */
	return a->score > b->score + 0.05 || (a->n - a->ntouching > b->n - b->ntouching && a->score >= b->score - 0.02);
}

/* find_borders decides where each column begins */
static void
find_borders(NvpLayout *layout)
{
	layout->starts[0] = 0;
	for (int s = 1; s < layout->n; s++)
	{
		const NvpSpan *a = &layout->spans[s - 1];
		const NvpSpan *b = &layout->spans[s];

		if (layout->has_ruler || b->left * 10 >= b->filled * 9)
			layout->starts[s] = b->from;
		else if (a->right * 10 >= a->filled * 9)
			layout->starts[s] = a->to;
		else
			layout->starts[s] = (a->to + b->from + 1) / 2;
	}
}

/*
 * nvp_layout_find looks for columns, below some lines that are passed over or
 * below those that are settled.
 *
 * out: the best layout; a score below NVP_LAYOUT_LIKELY is none.
 */
void
nvp_layout_find(const NvpGrid *grid, const NvpSniffPins *pins, NvpLayout *best)
{
	NvpLayout  *other = palloc(sizeof(NvpLayout));
	int			most = Min(MOST_SKIP, grid->nlines - NVP_LAYOUT_LINES);

	look_from(grid, pins->has_skip_rows ? Min(pins->format.skip_rows, grid->nlines) : 0, best);
	for (int skip = 1; skip <= most && !pins->has_skip_rows; skip++)
	{
		if (!nvp_grid_has_values(grid, skip))
			continue;
		look_from(grid, skip, other);
		if (is_better(other, best))
			*best = *other;
	}
	pfree(other);
	/* no blank proves where columns touch one another */
	if (!best->has_ruler && (best->ntouching > 0 || best->is_doubtful))
		best->score = Min(best->score, MOST_TOUCHING);
	find_borders(best);
}
