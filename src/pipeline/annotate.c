/*-------------------------------------------------------------------------
 *
 * annotate.c
 *		Rejected rows as a file that can be corrected and sent again, and issues
 *		as a file for people.
 *
 * Flow:   packs --> issues --> rows that wait --> writer --> spool
 *
 * A row lies with the first of its issues; others of it may follow after those of
 * other rows, but in the same batch.  So a row waits until an issue comes of a
 * row that must be in a later batch.
 *
 * See annotate.h for memory and errors.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/query.h"
#include "format/writer.h"
#include "format/xml_scrub.h"
#include "pipeline/annotate.h"
#include "pipeline/flatjson.h"
#include "pipeline/issuepack.h"

#define PACKS_AT_ONCE	50

/* what is wrong with one cell */
typedef struct Note
{
	int			col;			/* of the source */
	char	   *text;
} Note;

/* a rejected row whose issues may not all be there */
typedef struct WaitingRow
{
	uint64		row_no;
	NvpCell    *cells;			/* as many as the header has */
	char	   *bytes;			/* what they point to */
	StringInfoData errors;
	int			nnotes;
	int			maxnotes;
	Note	   *notes;
} WaitingRow;

typedef struct Annotator
{
	const NvpAnnotateKey *key;
	NvpFormatKind kind;
	NvpSpool   *spool;
	NvpWriter  *writer;
	NvpIssueNames *names;
	int			ncols;			/* of the source */
	int		   *source_cols;	/* by column of the model: that of the source, -1 = none */
	NvpBatch   *batch;			/* one row on its way out */
	NvpCell    *cells;			/* of the issue in hand */
	WaitingRow *rows;
	int			nrows;
	int			maxrows;
} Annotator;

typedef void (*IssueFunc) (Annotator *annotator, const NvpPackedIssue *issue, const NvpPackedText *surplus);

static bool
spool_sink(void *arg, const char *data, int64 len)
{
	return nvp_spool_append(arg, data, len);
}

static void
check_written(const Annotator *annotator, bool ok)
{
	const char *problem = nvp_writer_problem(annotator->writer);
	NvpFault	fault = {0};

	if (ok)
		return;
	if (problem)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("%s", problem),
				errhint("Ask for the file as CSV."));
	nvp_spool_fault(annotator->spool, &fault, "the download");
	nvp_fault_throw(&fault);
}

/* ---- rows that wait ---------------------------------------------------------- */

/* a text of the packs as the database can hold it; palloc'd */
static char *
storable(NvpPackedText text)
{
	char	   *out = palloc_extended(text.len * (Size) 4 + 1, MCXT_ALLOC_HUGE);
	int			n = text.ptr ? nvp_storable_text(text.ptr, text.len, out) : 0;

	out[n] = '\0';
	return out;
}

static void
keep_row(Annotator *annotator, uint64 row_no)
{
	WaitingRow *row;
	Size		bytes = 0;
	char	   *p;

	if (annotator->nrows == annotator->maxrows)
	{
		annotator->maxrows = Max(256, annotator->maxrows * 2);
		annotator->rows = annotator->rows ?
			repalloc_huge(annotator->rows, sizeof(WaitingRow) * (Size) annotator->maxrows) :
			palloc(sizeof(WaitingRow) * (Size) annotator->maxrows);
	}
	row = &annotator->rows[annotator->nrows++];
	memset(row, 0, sizeof(WaitingRow));
	row->row_no = row_no;
	initStringInfo(&row->errors);
	for (int i = 0; i < annotator->ncols; i++)
		bytes += annotator->cells[i].len;
	row->cells = palloc(sizeof(NvpCell) * Max(annotator->ncols, 1));
	memcpy(row->cells, annotator->cells, sizeof(NvpCell) * annotator->ncols);
	p = row->bytes = palloc_extended(Max(bytes, 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < annotator->ncols; i++)
	{
		if (row->cells[i].len > 0)
			memcpy(p, row->cells[i].ptr, row->cells[i].len);
		row->cells[i].ptr = p;
		p += row->cells[i].len;
	}
}

static WaitingRow *
find_row(Annotator *annotator, uint64 row_no)
{
	for (int i = annotator->nrows - 1; i >= 0; i--)
		if (annotator->rows[i].row_no == row_no)
			return &annotator->rows[i];
	return NULL;
}

static void
add_note(WaitingRow *row, int col, const char *message)
{
	Note	   *note;

	row->cells[col].flags |= NVP_CELL_WRONG;
	for (int i = 0; i < row->nnotes; i++)
	{
		if (row->notes[i].col != col)
			continue;
		row->notes[i].text = psprintf("%s\n%s", row->notes[i].text, message);
		return;
	}
	if (row->nnotes == row->maxnotes)
	{
		row->maxnotes = Max(4, row->maxnotes * 2);
		row->notes = row->notes ? repalloc(row->notes, sizeof(Note) * row->maxnotes) : palloc(sizeof(Note) * row->maxnotes);
	}
	note = &row->notes[row->nnotes++];
	note->col = col;
	note->text = pstrdup(message);
}

/* is_xml_text tells whether XML has the character at p, and how long it is; a byte that belongs to none is one */
static bool
is_xml_text(const char *p, const char *end, int *len)
{
	*len = IS_HIGHBIT_SET(*p) ? pg_utf_mblen((const unsigned char *) p) : 1;
	if (*len > end - p || (*len > 1 && !pg_utf8_islegal((const unsigned char *) p, *len)))
		*len = 1;
	return nvp_xml_is_clean(p, *len);
}

/* XML does not have all characters: those that it has not are written \xHH, as in the values of issues */
static void
make_clean(NvpCell *cell)
{
	const char *end = cell->ptr + cell->len;
	StringInfoData buf;
	int			n;

	if (cell->kind == NVP_CELL_NULL || nvp_xml_is_clean(cell->ptr, cell->len))
		return;
	initStringInfo(&buf);
	for (const char *p = cell->ptr; p < end; p += n)
	{
		if (is_xml_text(p, end, &n))
			appendBinaryStringInfo(&buf, p, n);
		else
			for (int i = 0; i < n; i++)
				appendStringInfo(&buf, "\\x%02x", (unsigned char) p[i]);
	}
	cell->ptr = buf.data;
	cell->len = buf.len;
}

/* the row of the batch goes out */
static void
write_batch(Annotator *annotator)
{
	NvpBatch   *batch = annotator->batch;

	for (int col = 0; annotator->kind == NVP_FORMAT_XML && col < batch->ncols; col++)
		make_clean(nvp_batch_column(batch, col));
	batch->nrows = 1;
	check_written(annotator, nvp_writer_batch(annotator->writer, batch, NULL));
}

static void
write_row(Annotator *annotator, WaitingRow *row)
{
	NvpBatch   *batch = annotator->batch;
	NvpCell    *errors = nvp_batch_column(batch, annotator->ncols);

	for (int i = 0; i < row->nnotes; i++)
		nvp_writer_note(annotator->writer, row->notes[i].col, row->notes[i].text);
	for (int i = 0; i < annotator->ncols; i++)
		*nvp_batch_column(batch, i) = row->cells[i];
	errors->ptr = row->errors.data;
	errors->len = row->errors.len;
	errors->kind = NVP_CELL_TEXT;
	write_batch(annotator);
	for (int i = 0; i < row->nnotes; i++)
		pfree(row->notes[i].text);
	if (row->notes)
		pfree(row->notes);
	pfree(row->errors.data);
	pfree(row->cells);
	pfree(row->bytes);
}

static int
compare_rows(const void *a, const void *b)
{
	uint64		x = ((const WaitingRow *) a)->row_no;
	uint64		y = ((const WaitingRow *) b)->row_no;

	return x < y ? -1 : x > y;
}

/* write_rows writes those that wait and have a lower number, in order */
static void
write_rows(Annotator *annotator, uint64 below)
{
	int			n = 0;

	qsort(annotator->rows, annotator->nrows, sizeof(WaitingRow), compare_rows);
	while (n < annotator->nrows && annotator->rows[n].row_no < below)
		write_row(annotator, &annotator->rows[n++]);
	annotator->nrows -= n;
	memmove(annotator->rows, annotator->rows + n, sizeof(WaitingRow) * annotator->nrows);
}

/* take_rejected gives an issue to its row */
static void
take_rejected(Annotator *annotator, const NvpPackedIssue *issue, const NvpPackedText *surplus)
{
	const NvpIssueNames *names = annotator->names;
	char	   *message = storable(issue->message);
	WaitingRow *row;

	if (annotator->nrows > 0 && issue->row_no >= annotator->rows[0].row_no + 3 * NVP_BATCH_ROWS)
		write_rows(annotator, issue->row_no - NVP_BATCH_ROWS);
	if (issue->flags & NVP_PACKED_ROW)
		keep_row(annotator, issue->row_no);
	row = find_row(annotator, issue->row_no);
	if (row)
	{
		if (row->errors.len > 0)
			appendStringInfoString(&row->errors, "; ");
		if (issue->column >= 0)
			appendStringInfo(&row->errors, "%s: ", storable(names->keys.items[issue->column]));
		appendStringInfoString(&row->errors, message);
		if (surplus->len > 0)
			appendStringInfo(&row->errors, " (%s)", storable(*surplus));
		if (issue->column >= 0 && annotator->source_cols[issue->column] >= 0)
			add_note(row, annotator->source_cols[issue->column], message);
	}
	pfree(message);
}

/* ---- issues for people ---------------------------------------------------------- */

enum
{
	ISSUE_ROW, ISSUE_LINE, ISSUE_PLACE, ISSUE_COLUMN, ISSUE_SOURCE, ISSUE_CODE, ISSUE_SEVERITY, ISSUE_VALUE, ISSUE_MESSAGE, ISSUE_COLUMNS
};

static const char *const issue_names[] = {
	"row_no", "line", "place", "column_key", "source_column", "code", "severity", "value", "message"
};

static void
set_text(NvpBatch *batch, int col, const char *text, uint8 kind)
{
	NvpCell    *cell = nvp_batch_column(batch, col);

	memset(cell, 0, sizeof(*cell));
	if (text == NULL)
		return;
	cell->ptr = text;
	cell->len = strlen(text);
	cell->kind = kind;
}

static void
take_issue(Annotator *annotator, const NvpPackedIssue *issue, const NvpPackedText *surplus)
{
	const NvpIssueNames *names = annotator->names;
	NvpBatch   *batch = annotator->batch;
	bool		has_column = issue->column >= 0;

	set_text(batch, ISSUE_ROW, issue->row_no > 0 ? psprintf(UINT64_FORMAT, issue->row_no) : NULL, NVP_CELL_NUMBER);
	set_text(batch, ISSUE_LINE, issue->line_no > 0 ? psprintf(UINT64_FORMAT, issue->line_no) : NULL, NVP_CELL_NUMBER);
	set_text(batch, ISSUE_PLACE, nvp_unpack_place(names, issue, false), NVP_CELL_TEXT);
	set_text(batch, ISSUE_COLUMN, has_column ? storable(names->keys.items[issue->column]) : NULL, NVP_CELL_TEXT);
	set_text(batch, ISSUE_SOURCE, has_column && issue->column < names->sources.n ?
			 storable(names->sources.items[issue->column]) : NULL, NVP_CELL_TEXT);
	set_text(batch, ISSUE_CODE, storable(names->codes.items[issue->code]), NVP_CELL_TEXT);
	set_text(batch, ISSUE_SEVERITY, issue->flags & NVP_PACKED_WARNING ? "warning" : "error", NVP_CELL_TEXT);
	set_text(batch, ISSUE_VALUE, issue->value.ptr ? storable(issue->value) : NULL, NVP_CELL_TEXT);
	set_text(batch, ISSUE_MESSAGE, storable(issue->message), NVP_CELL_TEXT);
	write_batch(annotator);
}

/* ---- the way through the packs ------------------------------------------------------ */

static void
arg_key(NvpQuery *query, const NvpAnnotateKey *key)
{
	nvp_arg_uuid(query, &key->tenant_id);
	nvp_arg_uuid(query, &key->execution_id);
	nvp_arg_int4(query, key->attempt);
}

/* the lists that the packs refer to; NULL if there are no issues */
static NvpIssueNames *
read_names(const NvpAnnotateKey *key)
{
	NvpIssueNames *names = NULL;
	bytea	   *data = NULL;
	NvpQuery	query;

	nvp_query_open(&query);
	arg_key(&query, key);
	if (nvp_query_exec(&query, "SELECT data FROM _nuvopipe.issue"
					   " WHERE tenant_id = $1 AND execution_id = $2 AND attempt = $3 AND seq = 0") > 0)
		data = nvp_get_bytea(&query, 0, 0);
	nvp_query_close(&query);
	if (data)
		names = nvp_unpack_names(VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data));
	return names;
}

static void
walk_pack(Annotator *annotator, const bytea *data, IssueFunc take)
{
	NvpPackReader reader;
	NvpPackedIssue issue;

	nvp_unpack_open(&reader, VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data));
	while (nvp_unpack_next(&reader, annotator->names, &issue))
	{
		NvpPackedText surplus = {NULL, 0};

		if (issue.flags & NVP_PACKED_ROW)
			nvp_unpack_row(&reader, annotator->names, issue.ncells, annotator->cells, &surplus);
		take(annotator, &issue, &surplus);
	}
}

/* walk takes all issues in the order in which they were found; in_context: what take leaves behind goes with the packs */
static void
walk(Annotator *annotator, IssueFunc take, bool in_context)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe packs", ALLOCSET_DEFAULT_SIZES);
	int64		seq = 0;
	int			n = PACKS_AT_ONCE;

	while (n == PACKS_AT_ONCE)
	{
		MemoryContext outer = MemoryContextSwitchTo(context);
		bytea	   *packs[PACKS_AT_ONCE];
		NvpQuery	query;

		CHECK_FOR_INTERRUPTS();
		nvp_query_open(&query);
		arg_key(&query, annotator->key);
		nvp_arg_int8(&query, seq);
		nvp_arg_int4(&query, PACKS_AT_ONCE);
		n = (int) nvp_query_exec(&query, "SELECT seq, data FROM _nuvopipe.issue"
								 " WHERE tenant_id = $1 AND execution_id = $2 AND attempt = $3 AND seq > $4 ORDER BY seq LIMIT $5");
		for (int i = 0; i < n; i++)
		{
			seq = nvp_get_int8(i, 0);
			packs[i] = nvp_get_bytea(&query, i, 1);
		}
		nvp_query_close(&query);
		if (!in_context)
			MemoryContextSwitchTo(outer);
		for (int i = 0; i < n; i++)
			walk_pack(annotator, packs[i], take);
		MemoryContextSwitchTo(outer);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
}

static void
open_writer(Annotator *annotator, NvpFormatKind kind, const char *row, const char *const *names, int ncols)
{
	NvpWriteFormat format;

	nvp_write_format_defaults(&format);
	format.kind = annotator->kind = kind;
	format.root = psprintf("%ss", row);
	format.row = row;
	format.with_notes = true;
	format.bom = true;			/* for the spreadsheet programs of people */
	annotator->spool = nvp_spool_create();
	annotator->writer = nvp_writer_open(&format, names, ncols, spool_sink, annotator->spool);
	annotator->batch = nvp_batch_create(ncols);
}

static NvpSpool *
finish(Annotator *annotator)
{
	NvpSpool   *spool = annotator->spool;
	NvpFault	fault = {0};

	if (nvp_writer_finish(annotator->writer) && nvp_spool_flush(spool))
		return spool;
	nvp_spool_fault(spool, &fault, "the download");
	nvp_fault_throw(&fault);
}

/* the source's header, and a name for errors that is none of it; palloc'd */
static const char **
column_names(const NvpIssueNames *names)
{
	int			n = names ? names->header.n : 0;
	const char **result = palloc(sizeof(char *) * (n + 1));
	char	   *errors = pstrdup("errors");

	for (int i = 0; i < n; i++)
		result[i] = storable(names->header.items[i]);
	for (int i = 0; i < n; i++)
	{
		if (pg_strcasecmp(result[i], errors) != 0)
			continue;
		errors = psprintf("(%s)", errors);
		i = -1;
	}
	result[n] = errors;
	return result;
}

/* nvp_annotate_rejected writes the rejected rows with what is wrong with them. */
NvpSpool *
nvp_annotate_rejected(const NvpAnnotateKey *key, NvpFormatKind kind)
{
	Annotator	annotator = {.key = key};
	int			nkeys;

	annotator.names = read_names(key);
	annotator.ncols = annotator.names ? annotator.names->header.n : 0;
	nkeys = annotator.names ? annotator.names->keys.n : 0;
	annotator.cells = palloc(sizeof(NvpCell) * Max(annotator.ncols, 1));
	annotator.source_cols = palloc(sizeof(int) * Max(nkeys, 1));
	for (int i = 0; i < nkeys; i++)
		annotator.source_cols[i] = nvp_unpack_source(annotator.names, i);
	open_writer(&annotator, kind, "row", column_names(annotator.names), annotator.ncols + 1);
	if (annotator.names)
		walk(&annotator, take_rejected, false);
	write_rows(&annotator, PG_UINT64_MAX);
	return finish(&annotator);
}

/* nvp_annotate_issues writes all issues, one a row. */
NvpSpool *
nvp_annotate_issues(const NvpAnnotateKey *key, NvpFormatKind kind)
{
	Annotator	annotator = {.key = key};

	annotator.names = read_names(key);
	annotator.cells = palloc(sizeof(NvpCell) * Max(annotator.names ? annotator.names->header.n : 0, 1));
	open_writer(&annotator, kind, "issue", issue_names, ISSUE_COLUMNS);
	if (annotator.names)
		walk(&annotator, take_issue, true);
	return finish(&annotator);
}
