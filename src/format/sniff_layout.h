/*-------------------------------------------------------------------------
 *
 * sniff_layout.h
 *		Where the columns of aligned text are.
 *
 * Calls:  nvp_grid_read, nvp_layout_find, nvp_grid_free.
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

typedef struct NvpGridLine
{
	const char *ptr;
	const char *end;			/* without blanks at the end */
	bool		is_blank;
	bool		is_ruler;
} NvpGridLine;

/* which characters of which lines are not blank */
typedef struct NvpGrid
{
	int			nlines;
	NvpGridLine   *lines;
	int			width;			/* characters of the longest line */
	uint8	   *filled;			/* filled[line * width + character]: a sign, 0 = blank */
} NvpGrid;

typedef struct NvpSpan
{
	int			from;			/* characters; to is behind the last */
	int			to;
	int			filled;			/* lines with a value here */
	int			left;			/* of them those that begin at the beginning */
	int			right;			/* that end at the end */
	int			shorter;		/* that are shorter */
} NvpSpan;

typedef struct NvpLayout
{
	int			skip;			/* lines before the columns begin */
	bool		has_ruler;		/* under the first line */
	int			nlines;			/* with values */
	int			n;
	NvpSpan		spans[NVP_SNIFF_FIELDS];
	int			starts[NVP_SNIFF_FIELDS];	/* where each column begins, the borders */
	double		score;
} NvpLayout;

extern bool nvp_grid_read(NvpGrid *grid, const char *text, size_t len, bool is_whole);
extern void nvp_grid_free(NvpGrid *grid);
extern void nvp_layout_find(const NvpGrid *grid, const NvpSniffPins *pins, NvpLayout *best);

#endif							/* NVP_SNIFF_LAYOUT_H */
