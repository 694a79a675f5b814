/*-------------------------------------------------------------------------
 *
 * sniff_grid.c
 *		Which places of which lines are filled.
 *
 * Flow:   text --> lines without their ends --> signs, one a place
 *
 * A place is a character; or, if wide characters are to take two of them, what
 * a screen shows in a fixed-width font.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/fixed.h"
#include "format/ruler.h"
#include "format/sniff_layout.h"

#define MOST_PLACES		4096	/* of a line; longer ones are no columns for people */

/* count_places also tells whether a line has what no aligned line has; -1 then */
static int
count_places(NvpGrid *grid, const NvpGridLine *line)
{
	int			n = 0;

	for (const char *p = line->ptr; p < line->end;)
	{
		int			bytes = nvp_character_bytes(p, line->end);

		if (*p == '\t' || *p == '\r' || *p == '\0')
			return -1;
		grid->has_wide |= bytes > 1 && nvp_character_places(p, bytes, true) != 1;
		n += nvp_character_places(p, bytes, grid->is_displayed);
		p += bytes;
	}
	return n > MOST_PLACES ? -1 : n;
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
		n = count_places(grid, line);
		if (n < 0)
			return false;
		line->is_blank = (n == 0);
		line->groups = nvp_ruler_groups(line->ptr, line->end);
		line->is_drawn = line->groups > 0;
		grid->width = Max(grid->width, n);
		grid->nlines++;
	}
	return grid->nlines >= NVP_LAYOUT_LINES;
}

/* mark_drawn marks what fixed.c passes over below a ruler: the names on the next page, and the number of rows */
static void
mark_drawn(NvpGrid *grid)
{
	const NvpGridLine *names = NULL;

	for (int i = 0; i < grid->nlines; i++)
	{
		NvpGridLine *line = &grid->lines[i];

		if (names == NULL && line->groups > 0 && i > 0)
			names = line - 1;
		else if (names && !line->is_blank)
			line->is_drawn |= nvp_is_row_count(line->ptr, line->end) ||
				(line->end - line->ptr == names->end - names->ptr &&
				 memcmp(line->ptr, names->ptr, line->end - line->ptr) == 0);
	}
}

static NvpGridSign
sign_of(char c)
{
	if (c == ' ')
		return NVP_SIGN_BLANK;
	if (c >= '0' && c <= '9')
		return NVP_SIGN_DIGIT;
	if (IS_HIGHBIT_SET(c) || isalpha((unsigned char) c))
		return NVP_SIGN_LETTER;
	return c == '|' || c == ';' ? NVP_SIGN_DELIMITER : NVP_SIGN_OTHER;
}

static void
fill_grid(NvpGrid *grid)
{
	grid->filled = palloc0((size_t) grid->nlines * Max(grid->width, 1));
	for (int i = 0; i < grid->nlines; i++)
	{
		const NvpGridLine *line = &grid->lines[i];
		uint8	   *filled = grid->filled + (size_t) i * grid->width;

		for (const char *p = line->ptr; p < line->end;)
		{
			int			bytes = nvp_character_bytes(p, line->end);

			for (int n = nvp_character_places(p, bytes, grid->is_displayed); n > 0; n--)
				*filled++ = sign_of(*p);
			p += bytes;
		}
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

/* nvp_grid_find_cell tells where the value of a line within some places is; false if there is none. */
bool
nvp_grid_find_cell(const NvpGrid *grid, int line, int from, int to, int *first, int *last)
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
 * in: whether it is all of the file; whether wide characters take two places.
 * out: false if nothing of it could be in columns; else the caller frees it.
 */
bool
nvp_grid_read(NvpGrid *grid, const char *text, size_t len, bool is_whole, bool is_displayed)
{
	memset(grid, 0, sizeof(*grid));
	grid->is_displayed = is_displayed;
	if (!read_lines(grid, text, len, is_whole))
	{
		nvp_grid_free(grid);
		return false;
	}
	mark_drawn(grid);
	fill_grid(grid);
	return true;
}
