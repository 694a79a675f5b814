/*-------------------------------------------------------------------------
 *
 * sniff_touch.c
 *		Columns that touch one another, told by what stands in them.
 *
 *		000037BRAUN               0000123420240229
 *		000074VON DER HEIDE JOERGG0000246820240301
 *
 * At one place of all lines digits begin, and in some line at least two blanks
 * stand before them: there a shorter value was filled up.  Or digits end, and a
 * letter follows.  The latter alone may be one value (123A), so it counts only
 * beside another border.  Where digits touch digits nothing can be told.
 *
 * The first line may hold names.  Then a name has to begin where a column does;
 * and where one begins behind two blanks, and so does a value in all lines, most of
 * them behind padding and the others behind another kind of sign, there is a border.
 * If only the name says so, it is a doubt.
 *
 * What is found is no certainty: nvp_layout_find lowers the score, so that a run
 * asks, and proposes these widths.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/sniff_layout.h"

#define LEAST_DIGITS	3

typedef enum Touch
{
	TOUCH_NONE,
	TOUCH_DIGITS_BEGIN,
	TOUCH_DIGITS_END,
	TOUCH_VALUE					/* of any kind, where a name begins */
} Touch;

static bool
are_digits(const uint8 *signs, int from, int to)
{
	while (from < to && signs[from] == NVP_SIGN_DIGIT)
		from++;
	return from == to;
}

/* begins_apart tells whether something begins at a place, behind two blanks */
static bool
begins_apart(const uint8 *signs, int at)
{
	return at > 1 && signs[at] && !signs[at - 1] && !signs[at - 2];
}

/* are_names: text without any digit */
static bool
are_names(const uint8 *signs, int width)
{
	for (int at = 0; at < width; at++)
		if (signs[at] == NVP_SIGN_DIGIT)
			return false;
	return true;
}

/* touch_of tells what a line has at a place, which a name may point to */
static Touch
touch_of(const uint8 *signs, int at, int width, bool is_named)
{
	if (is_named)
		return signs[at] && signs[at] != signs[at - 1] ? TOUCH_VALUE : TOUCH_NONE;
	if (at + LEAST_DIGITS <= width && signs[at - 1] != NVP_SIGN_DIGIT && are_digits(signs, at, at + LEAST_DIGITS))
		return TOUCH_DIGITS_BEGIN;
	if (at >= LEAST_DIGITS && signs[at] == NVP_SIGN_LETTER && are_digits(signs, at - LEAST_DIGITS, at))
		return TOUCH_DIGITS_END;
	return TOUCH_NONE;
}

/* find_common tells what all lines but the first have at a place of a column, to which a name may point */
static Touch
find_common(const NvpGrid *grid, const NvpLayout *layout, int at, bool is_named)
{
	Touch		all = TOUCH_NONE;
	bool		is_filled_up = false;
	int			padded = 0;
	int			lines = 0;

	for (int i = layout->names + 1; i < grid->nlines; i++)
	{
		const uint8 *signs = nvp_grid_line(grid, i);
		Touch		touch;

		if (!nvp_grid_has_values(grid, i))
			continue;
		touch = touch_of(signs, at, grid->width, is_named);
		if (touch == TOUCH_NONE || (all != TOUCH_NONE && touch != all))
			return TOUCH_NONE;
		all = touch;
		is_filled_up |= begins_apart(signs, at);
		padded += !signs[at - 1];
		lines++;
	}
	/* words of running text begin where they like */
	if (is_named && (lines <= NVP_LAYOUT_LINES || padded * 2 < lines))
		return TOUCH_NONE;
	return all == TOUCH_DIGITS_END || is_filled_up ? all : TOUCH_NONE;
}

/* find_touch tells whether, and why, columns touch at a place of a column */
static Touch
find_touch(const NvpGrid *grid, const NvpLayout *layout, int at)
{
	const uint8 *names = nvp_grid_line(grid, layout->names);
	Touch		touch = TOUCH_NONE;

	if (begins_apart(names, at) && are_names(names, grid->width))
		touch = find_common(grid, layout, at, true);
	if (touch != TOUCH_NONE)
		return touch;
	touch = find_common(grid, layout, at, false);
	if (touch_of(names, at, grid->width, false) != touch && (names[at - 1] || !names[at]))
		return TOUCH_NONE;
	return touch;
}

/* find_all marks the places where columns touch; returns how many, of them those that count alone in *sure */
static int
find_all(const NvpGrid *grid, const NvpLayout *layout, bool *touching, int *sure)
{
	int			found = 0;

	*sure = 0;
	for (int s = 0; s < layout->n; s++)
		for (int at = layout->spans[s].from + 1; at < layout->spans[s].to; at++)
		{
			Touch		touch = find_touch(grid, layout, at);

			touching[at] = (touch != TOUCH_NONE);
			found += (touch != TOUCH_NONE);
			*sure += (touch != TOUCH_NONE && touch != TOUCH_DIGITS_END);
		}
	return found;
}

/* cut_spans cuts the columns at those places */
static void
cut_spans(NvpLayout *layout, const bool *touching, int found)
{
	NvpSpan    *spans = palloc0(sizeof(NvpSpan) * (layout->n + found));
	int			n = 0;

	for (int s = 0; s < layout->n; s++)
	{
		spans[n] = layout->spans[s];
		for (int at = layout->spans[s].from + 1; at < layout->spans[s].to; at++)
		{
			if (!touching[at])
				continue;
			spans[n].to = at;
			spans[++n].from = at;
			spans[n].to = layout->spans[s].to;
		}
		n++;
	}
	layout->n = n;
	memcpy(layout->spans, spans, sizeof(NvpSpan) * n);
	pfree(spans);
}

/* has_names_within tells whether a name begins, behind two blanks, within a column */
static bool
has_names_within(const NvpGrid *grid, const NvpLayout *layout)
{
	const uint8 *names = nvp_grid_line(grid, layout->names);

	if (!are_names(names, grid->width))
		return false;
	for (int s = 0; s < layout->n; s++)
	{
		int			first;
		int			last;

		if (!nvp_grid_find_cell(grid, layout->names, layout->spans[s].from, layout->spans[s].to, &first, &last))
			continue;
		for (int at = first + 3; at < last; at++)
			if (begins_apart(names, at))
				return true;
	}
	return false;
}

/*
 * nvp_layout_split cuts columns that were found by their gaps where others touch
 * them; ntouching says how often.  is_doubtful: names say that there may be more.
 */
void
nvp_layout_split(const NvpGrid *grid, NvpLayout *layout)
{
	bool	   *touching;
	int			found;
	int			sure;

	layout->ntouching = 0;
	layout->is_doubtful = false;
	if (layout->nlines <= NVP_LAYOUT_LINES)
		return;
	touching = palloc0(sizeof(bool) * (grid->width + 1));
	found = find_all(grid, layout, touching, &sure);
	if (found > 0 && found + layout->n <= NVP_SNIFF_FIELDS && (layout->n > 1 || sure > 0))
	{
		cut_spans(layout, touching, found);
		layout->ntouching = found;
	}
	pfree(touching);
	layout->is_doubtful = has_names_within(grid, layout);
}
