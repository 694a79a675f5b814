/*-------------------------------------------------------------------------
 *
 * sniff_layout.h
 *		Where the columns of aligned text are.
 *
 * Calls:  nvp_grid_read, { nvp_layout_find }*, nvp_grid_free.
 * Memory: the grid's lines refer to the text.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_SNIFF_LAYOUT_H
#define NVP_SNIFF_LAYOUT_H

#include "format/sniff_impl.h"

#define NVP_LAYOUT_LIKELY	0.5		/* a score that makes columns worth naming */
#define NVP_LAYOUT_LINES	3		/* fewer prove nothing */

typedef enum NvpGridSign
{
	NVP_SIGN_BLANK = 0,
	NVP_SIGN_OTHER,
	NVP_SIGN_DIGIT,
	NVP_SIGN_LETTER,
	NVP_SIGN_DELIMITER			/* that somebody may have set between columns */
} NvpGridSign;

typedef struct NvpGridLine
{
	const char *ptr;
	const char *end;			/* without blanks at the end */
	bool		is_blank;
	bool		is_drawn;		/* no row: a ruler, or what comes with one */
	int			groups;			/* of dashes, of a ruler */
} NvpGridLine;

/* which places of which lines are not blank */
typedef struct NvpGrid
{
	bool		is_displayed;	/* wide characters take two places */
	bool		has_wide;		/* there are characters that take two places, or none */
	int			nlines;
	NvpGridLine *lines;
	int			width;			/* places of the longest line */
	uint8	   *filled;			/* filled[line * width + place]: an NvpGridSign */
} NvpGrid;

typedef struct NvpSpan
{
	int			from;			/* places; to is behind the last */
	int			to;
	int			filled;			/* lines with a value here */
	int			left;			/* of them those that begin at the beginning */
	int			right;			/* that end at the end */
	int			aligned;		/* that begin, or end, where the others do */
	int			shorter;		/* that are shorter */
} NvpSpan;

typedef struct NvpLayout
{
	int			skip;			/* lines before the columns begin */
	int			names;			/* the first line with values, which may be names */
	bool		has_ruler;		/* under the first line, and its groups are the columns */
	bool		is_underlined;	/* by one group of dashes */
	int			nlines;			/* with values */
	int			ntouching;		/* borders without a blank */
	bool		is_doubtful;	/* there may be more of them */
	int			n;
	NvpSpan		spans[NVP_SNIFF_FIELDS];
	int			starts[NVP_SNIFF_FIELDS];	/* where each column begins, the borders */
	double		score;
} NvpLayout;

/* sniff_grid.c */
extern bool nvp_grid_read(NvpGrid *grid, const char *text, size_t len, bool is_whole, bool is_displayed);
extern void nvp_grid_free(NvpGrid *grid);
extern bool nvp_grid_find_cell(const NvpGrid *grid, int line, int from, int to, int *first, int *last);

static inline bool
nvp_grid_has_values(const NvpGrid *grid, int line)
{
	return !grid->lines[line].is_blank && !grid->lines[line].is_drawn;
}

static inline const uint8 *
nvp_grid_line(const NvpGrid *grid, int line)
{
	return grid->filled + (size_t) line * grid->width;
}

/* sniff_layout.c */
extern void nvp_layout_find(const NvpGrid *grid, const NvpSniffPins *pins, NvpLayout *best);

/* sniff_touch.c */
extern void nvp_layout_split(const NvpGrid *grid, NvpLayout *layout);

#endif							/* NVP_SNIFF_LAYOUT_H */
