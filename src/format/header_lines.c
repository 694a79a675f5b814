/*-------------------------------------------------------------------------
 *
 * header_lines.c
 *		Names of columns that stand in several lines.
 *
 * See header_lines.h.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/header_lines.h"
#include "format/names.h"

/* cell_text returns what a cell of a line says, "" for one that is not there; palloc'd */
static char *
cell_text(const NvpBatch *batch, int width, int col)
{
	const NvpCell *cell;

	if (col >= width)
		return pstrdup("");
	cell = nvp_batch_column(batch, col);
	return cell->len > 0 ? nvp_text_escape_invalid(cell->ptr, cell->len) : pstrdup("");
}

/* join puts what stands above, which may be NULL, and what stands below into one name */
static char *
join(const char *above, const char *below)
{
	if (above == NULL || above[0] == '\0' || strcmp(above, below) == 0)
		return pstrdup(below);
	return below[0] == '\0' ? pstrdup(above) : psprintf("%s %s", above, below);
}

/* text_above returns what the lines so far say of a column, or NULL */
static const char *
text_above(const NvpHeaderLines *lines, int col)
{
	return col < lines->width ? lines->upper[col] : lines->rest;
}

void
nvp_header_add_line(NvpHeaderLines *lines, const NvpBatch *batch, int width)
{
	int			ncols = Max(width, lines->width);
	char	  **upper = palloc(sizeof(char *) * Max(ncols, 1));
	char	   *group = pstrdup("");
	char	   *rest;

	for (int col = 0; col < ncols; col++)
	{
		char	   *text = cell_text(batch, width, col);

		if (text[0] != '\0')
		{
			pfree(group);
			group = text;
		}
		else
			pfree(text);
		upper[col] = join(text_above(lines, col), group);
	}
	rest = join(lines->rest, group);
	pfree(group);
	nvp_header_forget(lines);
	lines->upper = upper;
	lines->width = ncols;
	lines->rest = rest;
}

char *
nvp_header_name(const NvpHeaderLines *lines, const NvpBatch *batch, int width, int col)
{
	char	   *text = cell_text(batch, width, col);
	char	   *name = join(text_above(lines, col), text);

	pfree(text);
	return name;
}

void
nvp_header_forget(NvpHeaderLines *lines)
{
	for (int col = 0; col < lines->width; col++)
		pfree(lines->upper[col]);
	if (lines->upper)
		pfree(lines->upper);
	if (lines->rest)
		pfree(lines->rest);
	memset(lines, 0, sizeof(*lines));
}
