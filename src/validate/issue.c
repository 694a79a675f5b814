/*-------------------------------------------------------------------------
 *
 * issue.c
 *		Issues of a batch: found by column, handed out by row.
 *
 * Rules run over one column at a time; people read rows.  A counting sort puts
 * the few issues of a batch into the order of rows without moving them.
 *
 * Memory: the list grows to the most issues a batch had and is reused.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "validate/rule.h"

#define FIRST_ISSUES	1024

static NvpIssue *
new_issue(NvpExamined *examined, int row)
{
	NvpValidator *validator = examined->validator;
	NvpIssueList *list = &validator->issues;
	NvpIssue   *issue;

	if (list->n == list->size)
	{
		list->size = Max(FIRST_ISSUES, list->size * 2);
		list->items = list->items ?
			repalloc_huge(list->items, sizeof(NvpIssue) * (Size) list->size) :
			MemoryContextAlloc(validator->context, sizeof(NvpIssue) * list->size);
	}
	issue = &list->items[list->n++];
	issue->row_no = examined->first_row_no + row;
	issue->line_no = examined->rows ? examined->rows[row].line_no : 0;
	issue->sheet = examined->rows ? examined->rows[row].sheet : 0;
	return issue;
}

/*
 * nvp_issue_add records that a cell breaks a rule.
 *
 * in: message replaces the default one of the code; may be NULL.
 */
void
nvp_issue_add(NvpExamined *examined, int row, int column, NvpCode code, const char *message)
{
	NvpIssue   *issue = new_issue(examined, row);
	const NvpCell *cells = examined->cells[column];

	issue->column = column;
	issue->code = code;
	issue->severity = NVP_SEVERITY_ERROR;
	issue->message = message ? message : nvp_code_message(code);
	issue->value = cells && cells[row].kind != NVP_CELL_NULL ? cells[row].ptr : NULL;
	issue->value_len = issue->value ? cells[row].len : 0;
	if (examined->failed[row])
		return;
	examined->failed[row] = 1;
	examined->any_failed = true;
	examined->out->row_error_cells[row]++;
}

/* nvp_issue_add_row records what the reader had to say about a row. */
void
nvp_issue_add_row(NvpExamined *examined, int row, NvpCode code, NvpSeverity severity, const char *message)
{
	NvpIssue   *issue = new_issue(examined, row);

	issue->column = -1;
	issue->code = code;
	issue->severity = severity;
	issue->message = message ? message : nvp_code_message(code);
	issue->value = examined->rows[row].extra;
	issue->value_len = issue->value ? examined->rows[row].extra_len : 0;
	if (severity == NVP_SEVERITY_ERROR)
		examined->out->row_error_cells[row]++;
}

static void
order_by_row(NvpExamined *examined)
{
	NvpValidator *validator = examined->validator;
	NvpIssueList *list = &validator->issues;
	uint32	   *starts = validator->row_starts;

	if (validator->order_size < list->n)
	{
		if (validator->order)
			pfree(validator->order);
		validator->order_size = list->size;
		validator->order = MemoryContextAllocHuge(validator->context, sizeof(int) * (Size) list->size);
	}
	memset(starts, 0, sizeof(uint32) * (examined->nrows + 1));
	for (int i = 0; i < list->n; i++)
		starts[list->items[i].row_no - examined->first_row_no + 1]++;
	for (int row = 0; row < examined->nrows; row++)
		starts[row + 1] += starts[row];
	for (int i = 0; i < list->n; i++)
		validator->order[starts[list->items[i].row_no - examined->first_row_no]++] = i;
}

/* nvp_issue_flush hands out the issues of a batch, row by row. */
void
nvp_issue_flush(NvpExamined *examined, NvpIssueSink *sink)
{
	NvpValidator *validator = examined->validator;
	NvpIssueList *list = &validator->issues;

	if (list->n == 0)
		return;
	if (sink)
	{
		order_by_row(examined);
		for (int i = 0; i < list->n; i++)
			sink->emit(sink, &list->items[validator->order[i]]);
	}
	list->n = 0;
}
