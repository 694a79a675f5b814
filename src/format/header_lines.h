/*-------------------------------------------------------------------------
 *
 * header_lines.h
 *		Names of columns that stand in several lines.
 *
 * The texts above one another are one name, with a blank between.  A text in an
 * upper line counts for the columns to the right of it, up to the next: it is
 * the name of a group, whose cells were merged.  Texts that are the same above
 * one another count once.
 *
 * Calls:  nvp_header_add_line for each line but the last, nvp_header_name for
 *		   each column, nvp_header_forget.
 * Memory: in the context current at each call.
 * Errors: none but out of memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_HEADER_LINES_H
#define NVP_HEADER_LINES_H

#include "base/cell.h"

/* all zero: no line was added */
typedef struct NvpHeaderLines
{
	char	  **upper;			/* what the lines say of each column */
	int			width;			/* columns that have a text of their own, or a gap, in a line */
	char	   *rest;			/* what they say of all columns further right, or NULL */
} NvpHeaderLines;

/* the line is row 0 of the batch, width cells of it */
extern void nvp_header_add_line(NvpHeaderLines *lines, const NvpBatch *batch, int width);

/* the name of a column, "" for none; the last line is row 0 of the batch, width cells of it; palloc'd */
extern char *nvp_header_name(const NvpHeaderLines *lines, const NvpBatch *batch, int width, int col);

extern void nvp_header_forget(NvpHeaderLines *lines);

#endif							/* NVP_HEADER_LINES_H */
