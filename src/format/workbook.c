/*-------------------------------------------------------------------------
 *
 * workbook.c
 *		Is it a workbook, and where is the table in it?
 *
 * See workbook.h.
 *
 * A title, a date or a note above the table is much narrower than the table, and
 * what follows it looks like a header.  A header differs from what is below it:
 * texts above numbers and dates, or texts that do not occur again.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "format/workbook.h"

#define LOOK_ROWS		200		/* of the first sheet that is read */
#define MOST_PREAMBLE	50		/* rows with values above a header */

/* ---- kinds ----------------------------------------------------------------- */

NvpFormatKind
nvp_workbook_in_zip(const NvpZip *zip)
{
	if (nvp_zip_find(zip, "[Content_Types].xml") && nvp_zip_find(zip, "_rels/.rels"))
		return NVP_FORMAT_XLSX;
	if (nvp_zip_find(zip, "xl/workbook.xml") || nvp_zip_find(zip, "xl/workbook.bin"))
		return NVP_FORMAT_XLSX;
	if (nvp_zip_find(zip, "content.xml") &&
		(nvp_zip_find(zip, "mimetype") || nvp_zip_find(zip, "META-INF/manifest.xml")))
		return NVP_FORMAT_ODS;
	return NVP_FORMAT_UNKNOWN;
}

bool
nvp_workbook_is_compound(const char *first, size_t len)
{
	/* a BOF record of BIFF 2 to 4: type, length, version, kind of sheet */
	static const char *const ancient[] = {"\x09\x00\x04\x00", "\x09\x02\x06\x00", "\x09\x04\x06\x00"};

	if (len >= 8 && memcmp(first, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8) == 0)
		return true;
	for (int i = 0; i < lengthof(ancient); i++)
		if (len >= 4 && memcmp(first, ancient[i], 4) == 0)
			return true;
	return false;
}

const char *
nvp_workbook_name(NvpFormatKind kind)
{
	return kind == NVP_FORMAT_XLSX ? "xlsx" : kind == NVP_FORMAT_ODS ? "ods" : "xls";
}

/* ---- headers ---------------------------------------------------------------- */

static bool
is_filled(const NvpCell *cell)
{
	return cell->kind != NVP_CELL_NULL && (cell->len > 0 || cell->kind != NVP_CELL_TEXT);
}

/* is_moment knows what the readers make of dates and times */
static bool
is_moment(const NvpCell *cell)
{
	const char *p = cell->ptr;

	if (cell->len >= 10 && isdigit((unsigned char) p[0]) && p[4] == '-' && p[7] == '-' && isdigit((unsigned char) p[9]))
		return true;
	return cell->len >= 8 && isdigit((unsigned char) p[0]) && p[2] == ':' && p[5] == ':';
}

/* type_of tells texts 't' from typed values; 0 = empty */
static char
type_of(const NvpCell *cell)
{
	if (!is_filled(cell))
		return 0;
	if (cell->kind == NVP_CELL_NUMBER)
		return 'n';
	if (cell->kind == NVP_CELL_BOOL)
		return 'b';
	if (cell->kind == NVP_CELL_ERROR)
		return 0;
	return is_moment(cell) ? 'd' : 't';
}

static int
count_filled(const NvpBatch *batch, int row)
{
	int			n = 0;

	for (int col = 0; col < batch->ncols; col++)
		n += is_filled(nvp_batch_column(batch, col) + row);
	return n;
}

/* usual_width is the number of values that most rows have, at least */
static int
usual_width(const int *filled, int nrows)
{
	int			best = 0;
	int			width = 0;

	for (int i = 0; i < nrows; i++)
	{
		int			n = 0;

		for (int k = 0; k < nrows; k++)
			n += (filled[k] >= filled[i]);
		if (n * 2 >= nrows && (filled[i] > width || best == 0))
		{
			best = n;
			width = filled[i];
		}
	}
	return width;
}

/* the type that most values of a column have from a row on, 0 = none */
static char
column_type(const NvpBatch *batch, int nrows, int col, int from)
{
	static const char types[] = "tnbd";
	int			counts[4] = {0};
	int			best = 0;

	for (int row = from; row < nrows; row++)
	{
		char		type = type_of(nvp_batch_column(batch, col) + row);

		if (type)
			counts[strchr(types, type) - types]++;
	}
	for (int i = 1; i < 4; i++)
		if (counts[i] > counts[best])
			best = i;
	return counts[best] > 0 ? types[best] : 0;
}

static bool
occurs_below(const NvpBatch *batch, int nrows, int col, int row)
{
	const NvpCell *cells = nvp_batch_column(batch, col);

	for (int i = row + 1; i < nrows; i++)
		if (cells[i].len == cells[row].len && cells[i].len > 0 && memcmp(cells[i].ptr, cells[row].ptr, cells[i].len) == 0)
			return true;
	return false;
}

/* what a row looks like above the rows that follow it */
typedef struct HeadLook
{
	int			texts;
	int			contrasts;		/* texts above typed values */
	int			likenesses;		/* typed values above such */
	int			repeats;		/* texts that occur again */
} HeadLook;

static HeadLook
look_at(const NvpBatch *batch, int nrows, int row)
{
	HeadLook	look = {0};

	for (int col = 0; col < batch->ncols; col++)
	{
		char		here = type_of(nvp_batch_column(batch, col) + row);
		char		below = column_type(batch, nrows, col, row + 1);

		if (here == 't')
		{
			look.texts++;
			look.contrasts += (below != 0 && below != 't');
			look.repeats += occurs_below(batch, nrows, col, row);
		}
		else if (here != 0)
			look.likenesses += (below == here);
	}
	return look;
}

static bool
is_header(const HeadLook *look, int ncols)
{
	/* a single text above a table of several columns names nothing */
	if (look->texts == 0 || (look->texts == 1 && ncols > 2))
		return false;
	if (look->contrasts > 0)
		return look->contrasts >= look->likenesses;
	return look->likenesses == 0 && look->repeats * 2 <= look->texts;
}

/* preamble_rows counts rows above what looks like a header, 0 if nothing does */
static int
preamble_rows(const NvpBatch *batch, const int *filled, int nrows)
{
	int			width = usual_width(filled, nrows);
	int			n = 0;
	HeadLook	look;

	if (width < 2)
		return 0;
	while (n < nrows && filled[n] * 2 <= width)
		n++;
	if (n == 0 || n > MOST_PREAMBLE || n + 1 >= nrows || filled[n] * 2 <= width)
		return 0;
	look = look_at(batch, nrows, n);
	return is_header(&look, batch->ncols) ? n : 0;
}

static void
judge(const NvpBatch *batch, int nrows, const NvpSniffPins *pins, NvpSniff *sniff)
{
	int			filled[LOOK_ROWS];
	int			above = 0;
	HeadLook	look;

	for (int row = 0; row < nrows; row++)
		filled[row] = count_filled(batch, row);
	if (!pins->has_skip_rows)
	{
		above = preamble_rows(batch, filled, nrows);
		sniff->format.skip_rows = above > 0 ? (int) batch->rows[above].line_no - 1 : 0;
		if (above > 0)
			nvp_verdict_set(&sniff->preamble, 0.9, "%d narrow row%s above a table of %d columns", above, above > 1 ? "s stand" : " stands", batch->ncols);
		else
			nvp_verdict_set(&sniff->preamble, 0.9, "the table begins with the first value");
	}
	if (pins->has_header)
		return;
	look = look_at(batch, nrows, above);
	sniff->format.has_header = is_header(&look, batch->ncols);
	if (!sniff->format.has_header)
		nvp_verdict_set(&sniff->header, 0.8, look.texts == 0 ? "the first row has no texts" :
						"the first row looks like those below it");
	else if (look.contrasts > 0)
		nvp_verdict_set(&sniff->header, 0.98, "texts stand above numbers or dates in %d columns", look.contrasts);
	else
		nvp_verdict_set(&sniff->header, nrows - above > 1 ? 0.7 : 0.5, "nothing but texts");
}

static void
list_sheets(const NvpReader *reader, NvpSniff *sniff)
{
	const char *name;
	int			n = 0;

	while (nvp_reader_sheet(reader, n, NULL, NULL))
		n++;
	sniff->nsheets = n;
	sniff->sheets = palloc0(sizeof(NvpSniffSheet) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		NvpSniffSheet *sheet = &sniff->sheets[i];

		name = nvp_reader_sheet(reader, i, &sheet->is_hidden, &sheet->is_read);
		sheet->name = pstrdup(name);
	}
}

bool
nvp_workbook_sniff(NvpSource *source, const NvpSniffPins *pins, NvpSniff *sniff, NvpReadError *error)
{
	NvpFormat	bare = sniff->format;
	NvpReader  *reader;
	NvpBatch   *batch;

	if (pins->has_skip_rows)
		nvp_verdict_set(&sniff->preamble, 1.0, "given");
	if (pins->has_header)
		nvp_verdict_set(&sniff->header, 1.0, "given");
	bare.has_header = false;
	reader = nvp_reader_open(source, &bare);
	list_sheets(reader, sniff);
	if (reader->error.message[0] == '\0')
	{
		batch = nvp_batch_create(reader->ncols);
		if ((!pins->has_header || !pins->has_skip_rows) && nvp_reader_next(reader, batch) == NVP_READ_OK)
		{
			/* the name of the sheet is no value of the table */
			batch->ncols -= (bare.sheet && strcmp(bare.sheet, "*") == 0);
			judge(batch, Min(batch->nrows, LOOK_ROWS), pins, sniff);
		}
		sniff->ncols = reader->ncols;
		nvp_batch_free(batch);
	}
	*error = reader->error;
	nvp_reader_close(reader);
	return error->message[0] == '\0';
}
