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

#define MOST_CHARS		4096	/* of a line; longer ones are no columns for people */
#define MOST_SKIP		10		/* lines above the columns */
#define LEAST_LINES		3		/* fewer prove nothing */
#define STRAY_LINES		50		/* one in so many may be none of the table */
#define BLANK_BY_CHANCE	0.22	/* how often a character of running text is blank */

typedef enum Sign
{
	SIGN_BLANK = 0,
	SIGN_OTHER,
	SIGN_DIGIT,
	SIGN_LETTER,
	SIGN_DELIMITER				/* that somebody may have set between columns */
} Sign;

/* ---- lines ------------------------------------------------------------------ */

/*
 * nvp_is_ruler recognises a line of dashes that shows where columns are: two or
 * more groups of - or =, and blanks.
 */
bool
nvp_is_ruler(const char *p, const char *end)
{
	int			groups = 0;
	int			dashes = 0;
	bool		within = false;

	for (; p < end; p++)
	{
		if (*p == '-' || *p == '=')
		{
			groups += !within;
			dashes++;
			within = true;
		}
		else if (nvp_is_padding(*p))
			within = false;
		else
			return false;
	}
	return groups >= 2 && dashes >= 4;
}

/* count_characters also tells whether a line has what no aligned line has; -1 then */
static int
count_characters(const NvpGridLine *line)
{
	int			n = 0;

	for (const char *p = line->ptr; p < line->end; n++)
	{
		if (*p == '\t' || *p == '\r' || *p == '\0')
			return -1;
		p += nvp_character_bytes(p, line->end);
	}
	return n > MOST_CHARS ? -1 : n;
}

/* read_lines cuts the text; false if it is none that could be in columns */
static bool
read_lines(NvpGrid *grid, const char *text, size_t len, bool is_whole)
{
	const char *end = text + len;

	grid->lines = palloc(sizeof(NvpGridLine) * NVP_SNIFF_RECORDS);
	while (text < end && grid->nlines < NVP_SNIFF_RECORDS)
	{
		const char *newline = memchr(text, '\n', end - text);
		NvpGridLine *line = &grid->lines[grid->nlines];
		int			n;

		if (newline == NULL && !is_whole)
			break;
		line->ptr = text;
		line->end = newline ? newline : end;
		text = newline ? newline + 1 : end;
		while (line->end > line->ptr && (line->end[-1] == ' ' || line->end[-1] == '\r'))
			line->end--;
		n = count_characters(line);
		if (n < 0)
			return false;
		line->is_blank = (n == 0);
		line->is_ruler = nvp_is_ruler(line->ptr, line->end);
		grid->width = Max(grid->width, n);
		grid->nlines++;
	}
	return grid->nlines >= LEAST_LINES;
}

static Sign
sign_of(char c)
{
	if (c == ' ')
		return SIGN_BLANK;
	if (c >= '0' && c <= '9')
		return SIGN_DIGIT;
	if (IS_HIGHBIT_SET(c) || isalpha((unsigned char) c))
		return SIGN_LETTER;
	return c == '|' || c == ';' ? SIGN_DELIMITER : SIGN_OTHER;
}

static void
fill_grid(NvpGrid *grid)
{
	grid->filled = palloc0((size_t) grid->nlines * Max(grid->width, 1));
	for (int i = 0; i < grid->nlines; i++)
	{
		const NvpGridLine *line = &grid->lines[i];
		uint8	   *filled = grid->filled + (size_t) i * grid->width;

		for (const char *p = line->ptr; p < line->end; p += nvp_character_bytes(p, line->end))
			*filled++ = sign_of(*p);
	}
}

/* nvp_grid_free frees what a grid takes. */
void
nvp_grid_free(NvpGrid *grid)
{
	if (grid->filled)
		pfree(grid->filled);
	pfree(grid->lines);
}

static inline bool
has_values(const NvpGrid *grid, int line)
{
	return !grid->lines[line].is_blank && !grid->lines[line].is_ruler;
}

/* find_cell tells where the value of a line within some characters is; false if there is none */
static bool
find_cell(const NvpGrid *grid, int line, int from, int to, int *first, int *last)
{
	const uint8 *filled = grid->filled + (size_t) line * grid->width;

	while (from < to && !filled[from])
		from++;
	while (to > from && !filled[to - 1])
		to--;
	*first = from;
	*last = to;
	return from < to;
}

/*
 * nvp_grid_read looks at the lines of UTF-8 text.
 *
 * in: whether it is all of the file.
 * out: false if nothing of it could be in columns; else the caller frees it.
 */
bool
nvp_grid_read(NvpGrid *grid, const char *text, size_t len, bool is_whole)
{
	if (!read_lines(grid, text, len, is_whole))
	{
		nvp_grid_free(grid);
		return false;
	}
	fill_grid(grid);
	return true;
}

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

		if (!has_values(grid, i))
			continue;
		layout->nlines++;
		for (int at = 0; at < grid->width; at++)
			counts[at] += filled[at] != SIGN_BLANK;
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
		layout->nlines += has_values(grid, i);
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

		if (!has_values(grid, i))
			continue;
		has_b = find_cell(grid, i, b->from, b->to, &first, &last);
		touches = find_cell(grid, i, a->from, a->to, &first, &last) && last == a->to;
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

/* look_at_spans counts how values stand in their columns; the first line may be names, which stand otherwise */
static void
look_at_spans(const NvpGrid *grid, NvpLayout *layout)
{
	bool		is_first = (layout->nlines > LEAST_LINES);

	for (int i = layout->skip; i < grid->nlines; i++)
	{
		bool		is_passed = is_first;

		if (!has_values(grid, i))
			continue;
		is_first = false;
		for (int s = 0; s < layout->n && !is_passed; s++)
		{
			NvpSpan	   *span = &layout->spans[s];
			int			first;
			int			last;

			if (!find_cell(grid, i, span->from, span->to, &first, &last))
				continue;
			span->filled++;
			span->left += (first == span->from);
			span->right += (last == span->to);
			span->shorter += (last - first < span->to - span->from);
		}
	}
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

		aligned += span->filled ? (double) Max(span->left, span->right) / span->filled : 0.5;
		/* that lines end where they like proves nothing */
		padded += span->shorter > 0 && (!is_last || span->left < span->filled);
	}
	for (int i = 0; i < Min(layout->nlines, 30); i++)
		chance *= BLANK_BY_CHANCE;
	chance = Max(0.0, 1.0 - chance / (layout->n - 1));
	return aligned / layout->n * chance * (0.5 + 0.5 * Min(1.0, 2.0 * padded / (layout->n - 1)));
}

/* all_are tells whether some characters of all lines are of one sign, names aside */
static bool
all_are(const NvpGrid *grid, const NvpLayout *layout, int from, int to, Sign sign)
{
	bool		is_first = true;

	for (int i = layout->skip; i < grid->nlines; i++)
	{
		bool		is_passed = is_first;

		if (!has_values(grid, i))
			continue;
		is_first = false;
		for (int at = from; at < to && !is_passed; at++)
			if (grid->filled[(size_t) i * grid->width + at] != sign)
				return false;
	}
	return true;
}

/* has_delimiter tells whether a sign stands at the same place in most lines, as in tables with drawn borders */
static bool
has_delimiter(const NvpGrid *grid, const NvpLayout *layout)
{
	for (int at = 0; at < grid->width; at++)
	{
		int			seen = 0;

		for (int i = layout->skip; i < grid->nlines; i++)
			seen += has_values(grid, i) && grid->filled[(size_t) i * grid->width + at] == SIGN_DELIMITER;
		if (seen * 10 >= layout->nlines * 6)
			return true;
	}
	return false;
}

/* doubt lowers the score where columns may have been missed: a number that is followed by letters in all lines */
static double
doubt(const NvpGrid *grid, const NvpLayout *layout, double score)
{
	if (score < NVP_LAYOUT_LIKELY || has_delimiter(grid, layout))
		return 0.0;
	for (int s = 0; s < layout->n; s++)
		for (int at = layout->spans[s].from + 3; at < layout->spans[s].to; at++)
			if (all_are(grid, layout, at - 3, at, SIGN_DIGIT) && all_are(grid, layout, at, at + 1, SIGN_LETTER))
				return Min(score, 0.8);
	return score;
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

		for (int s = 1; s < layout->n && has_values(grid, i); s++)
			crosses |= filled[layout->spans[s].from - 1] != SIGN_BLANK;
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
	if (layout->n < 2 || layout->nlines < LEAST_LINES)
		return;
	look_at_spans(grid, layout);
	layout->score = doubt(grid, layout, score_spans(grid, layout));
}

/* look_from judges the text from a line on */
static void
look_from(const NvpGrid *grid, int skip, NvpLayout *layout)
{
	int			next = skip + 1;
	NvpLayout  *strays;

	layout->skip = skip;
	layout->n = layout->nlines = 0;
	layout->score = 0.0;
	layout->has_ruler = next < grid->nlines && grid->lines[next].is_ruler;
	if (layout->has_ruler)
	{
		if (read_ruler(grid, next, layout) && layout->n > 1 && layout->nlines > 1)
			layout->score = score_ruler(grid, layout);
		return;
	}
	look_at_gaps(grid, layout, 0);
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
	return a->score > b->score + 0.05 || (a->n > b->n && a->score >= b->score - 0.02);
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
	int			most = Min(MOST_SKIP, grid->nlines - LEAST_LINES);

	look_from(grid, pins->has_skip_rows ? Min(pins->format.skip_rows, grid->nlines) : 0, best);
	for (int skip = 1; skip <= most && !pins->has_skip_rows; skip++)
	{
		if (!has_values(grid, skip))
			continue;
		look_from(grid, skip, other);
		if (is_better(other, best))
			*best = *other;
	}
	pfree(other);
	find_borders(best);
}
