/*-------------------------------------------------------------------------
 *
 * issuelog.c
 *		Issues and rejected rows of a run, kept on disk until it is decided.
 *
 * Records are a fixed head, two texts, and the cells if the row was rejected and
 * this is its first issue; they never leave this process, so they are written as
 * they stand in memory.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "pipeline/flatjson.h"
#include "pipeline/issuelog.h"
#include "write/rows.h"

/* longer values are cut in the issue; the rejected row has them whole */
#define ISSUE_VALUE_BYTES	8192

#define STORE_WINDOW		(64 * 1024)

typedef struct RecordHead
{
	uint64		row_no;
	uint64		line_no;
	int32		column;			/* of the model, -1 = the row */
	uint32		message_len;
	uint32		value_len;		/* of what is kept */
	uint32		surplus_len;	/* bytes of the row beyond its cells */
	int32		ncells;			/* cells of the rejected row, -1 = not here */
	uint16		code;
	uint8		severity;
	bool		is_cut;			/* the value was longer */
} RecordHead;

typedef struct CellHead
{
	uint32		len;
	uint32		kind;
} CellHead;

/* nvp_issuelog_create opens an empty log in the current context. */
NvpIssueLog *
nvp_issuelog_create(void)
{
	NvpIssueLog *log = palloc0(sizeof(NvpIssueLog));

	log->spool = nvp_spool_create();
	initStringInfo(&log->waiting);
	return log;
}

/* nvp_issuelog_free gives file and memory back. */
void
nvp_issuelog_free(NvpIssueLog *log)
{
	nvp_spool_free(log->spool);
	pfree(log->waiting.data);
	pfree(log);
}

/* nvp_issuelog_reset forgets everything, for a run that starts over. */
void
nvp_issuelog_reset(NvpIssueLog *log)
{
	nvp_spool_reset(log->spool);
	resetStringInfo(&log->waiting);
	log->issues = 0;
}

/* nvp_issuelog_issue adds one issue of the batch in hand. */
void
nvp_issuelog_issue(NvpIssueLog *log, const NvpIssue *issue)
{
	RecordHead	head = {0};

	head.row_no = issue->row_no;
	head.line_no = issue->line_no;
	head.column = issue->column;
	head.code = issue->code;
	head.severity = issue->severity;
	head.ncells = -1;
	head.message_len = issue->message ? strlen(issue->message) : 0;
	head.value_len = issue->value ? issue->value_len : 0;
	head.is_cut = head.value_len > ISSUE_VALUE_BYTES;
	if (head.is_cut)
	{
		/* never in the middle of a code point */
		head.value_len = ISSUE_VALUE_BYTES;
		while (head.value_len > 0 && ((unsigned char) issue->value[head.value_len] & 0xC0) == 0x80)
			head.value_len--;
	}
	appendBinaryStringInfo(&log->waiting, (char *) &head, sizeof(head));
	if (head.message_len > 0)
		appendBinaryStringInfo(&log->waiting, issue->message, head.message_len);
	if (head.value_len > 0)
		appendBinaryStringInfo(&log->waiting, issue->value, head.value_len);
}

/* the cells of a row as it was read, behind the record of its issue */
static void
append_row(NvpIssueLog *log, const NvpBatch *batch, int row)
{
	const NvpRow *info = &batch->rows[row];

	for (int c = 0; c < batch->ncols; c++)
	{
		const NvpCell *cell = &nvp_batch_column(batch, c)[row];
		CellHead	mini = {cell->len, cell->kind};

		(void) (nvp_spool_append(log->spool, (char *) &mini, sizeof(mini)) &&
				nvp_spool_append(log->spool, cell->ptr, cell->len));
	}
	if (info->extra)
		(void) nvp_spool_append(log->spool, info->extra, info->extra_len);
}

/*
 * nvp_issuelog_batch takes the issues that wait into the spool, and with them
 * the rows of the batch that are rejected.
 *
 * in: skip, per row 1 = rejected; NULL if rows are not to be kept.  Both NULL:
 *		the batch was given up.
 * errors: XX001 if a row was rejected without an issue, for it would be lost.
 */
void
nvp_issuelog_batch(NvpIssueLog *log, const NvpBatch *batch, const uint8 *skip)
{
	uint8	   *left = NULL;	/* rejected rows whose first issue is to come */
	int			nleft = 0;

	if (skip)
	{
		left = palloc(batch->nrows + 1);
		for (int row = 0; row < batch->nrows; row++)
			nleft += left[row] = (skip[row] == 1);
	}
	for (int at = 0; at < log->waiting.len;)
	{
		RecordHead	head;
		int			texts;
		int			row = -1;

		memcpy(&head, log->waiting.data + at, sizeof(head));
		texts = head.message_len + head.value_len;
		if (nleft > 0 && left[head.row_no - batch->first_row_no])
		{
			row = head.row_no - batch->first_row_no;
			left[row] = 0;
			nleft--;
			head.ncells = batch->ncols;
			head.surplus_len = batch->rows[row].extra ? batch->rows[row].extra_len : 0;
		}
		(void) (nvp_spool_append(log->spool, (char *) &head, sizeof(head)) &&
				nvp_spool_append(log->spool, log->waiting.data + at + sizeof(head), texts));
		if (row >= 0)
			append_row(log, batch, row);
		log->issues++;
		at += sizeof(head) + texts;
	}
	resetStringInfo(&log->waiting);
	if (nleft > 0)
		ereport(ERROR,
				errcode(ERRCODE_DATA_CORRUPTED),
				errmsg("%d rows were rejected without an issue", nleft));
	if (left)
		pfree(left);
}

/* nvp_issuelog_check throws if the log could not be kept. */
void
nvp_issuelog_check(NvpIssueLog *log)
{
	if (log->spool->error)
		ereport(ERROR,
				errcode(log->spool->sqlstate),
				errmsg("could not keep the issues of this run: %s", log->spool->error),
				errhint("Free space there, raise temp_file_limit, or set temp_tablespaces."));
}

/* ---- writing to the tables ---------------------------------------------- */

typedef struct StoreState
{
	NvpSource  *source;
	char	   *window;			/* bytes read ahead */
	int			window_used;
	int			window_len;
	StringInfoData buf;			/* texts of the current record */
	const NvpModel *model;
	Datum	   *column_keys;	/* per model column */
	Datum	   *source_names;	/* per model column; 0 = NULL */
	Datum		codes[NVP_CODE_COUNT];
	Datum		severities[2];
	NvpFlatJson *flat;			/* rows as wide as the header */
	NvpFlatJson *flat_surplus;	/* rows with surplus text */
	NvpCell    *cells;
	int			ncols;
	int			attempt;
	uint64		seq;
	pg_uuid_t	tenant_id;
	pg_uuid_t	execution_id;
	MemoryContext row_context;
} StoreState;

static void
read_exactly(StoreState *state, void *out, int64 len)
{
	char	   *p = out;

	while (len > 0)
	{
		int			n = Min(len, state->window_len - state->window_used);

		if (n == 0)
		{
			state->window_len = state->source->read(state->source, state->window, STORE_WINDOW);
			state->window_used = 0;
			if (state->window_len <= 0)
				ereport(ERROR,
						errcode(ERRCODE_IO_ERROR),
						errmsg("could not read back the issues of this run"));
			continue;
		}
		memcpy(p, state->window + state->window_used, n);
		state->window_used += n;
		p += n;
		len -= n;
	}
}

static Datum
storable_datum(const char *bytes, int len, bool cut)
{
	char	   *out = palloc(len * (Size) 4 + 1);
	int			n = nvp_storable_text(bytes, len, out);

	if (cut)
		return CStringGetTextDatum(psprintf("%.*s... (cut)", n, out));
	return PointerGetDatum(cstring_to_text_with_len(out, n));
}

/* the rejected row behind an issue, as an object by source column */
static Datum
read_row(StoreState *state, const RecordHead *head)
{
	resetStringInfo(&state->buf);
	memset(state->cells, 0, sizeof(NvpCell) * (state->ncols + 1));
	for (int c = 0; c < head->ncells; c++)
	{
		CellHead	mini;

		read_exactly(state, &mini, sizeof(mini));
		enlargeStringInfo(&state->buf, mini.len + 1);
		read_exactly(state, state->buf.data + state->buf.len, mini.len);
		state->cells[c].len = mini.len;
		state->cells[c].kind = mini.kind;
		/* the buffer may move: offsets first, pointers below */
		state->cells[c].ptr = (char *) (intptr_t) state->buf.len;
		state->buf.len += mini.len;
	}
	for (int c = 0; c < head->ncells; c++)
		state->cells[c].ptr = state->buf.data + (intptr_t) state->cells[c].ptr;
	if (head->surplus_len > 0)
	{
		char	   *extra = palloc(head->surplus_len);

		read_exactly(state, extra, head->surplus_len);
		state->cells[state->ncols].kind = NVP_CELL_TEXT;
		state->cells[state->ncols].ptr = extra;
		state->cells[state->ncols].len = head->surplus_len;
	}
	return JsonbPGetDatum(nvp_flatjson_row(head->surplus_len > 0 ? state->flat_surplus : state->flat,
										   state->cells));
}

static void
store_issue(StoreState *state, NvpBulk *bulk, const RecordHead *head)
{
	Datum		values[13];
	bool		nulls[13] = {false};
	const char *message;

	resetStringInfo(&state->buf);
	enlargeStringInfo(&state->buf, head->message_len + head->value_len + 1);
	read_exactly(state, state->buf.data, head->message_len + (int64) head->value_len);
	message = state->buf.data;
	values[0] = UUIDPGetDatum(&state->tenant_id);
	values[1] = UUIDPGetDatum(&state->execution_id);
	values[2] = Int32GetDatum(state->attempt);
	values[3] = Int64GetDatum(++state->seq);
	values[4] = Int64GetDatum(head->row_no);
	nulls[5] = head->line_no == 0;
	values[5] = Int64GetDatum(head->line_no);
	nulls[6] = head->column < 0;
	values[6] = nulls[6] ? (Datum) 0 : state->column_keys[head->column];
	nulls[7] = head->column < 0 || state->source_names[head->column] == 0;
	values[7] = nulls[7] ? (Datum) 0 : state->source_names[head->column];
	values[8] = state->codes[head->code];
	values[9] = storable_datum(message, head->message_len, false);
	nulls[10] = head->value_len == 0;
	values[10] = nulls[10] ? (Datum) 0 : storable_datum(message + head->message_len, head->value_len, head->is_cut);
	values[11] = state->severities[head->severity];
	nulls[12] = head->ncells < 0;
	values[12] = nulls[12] ? (Datum) 0 : read_row(state, head);
	nvp_bulk_add(bulk, values, nulls);
}

/* members of a row with surplus text: the header and one more */
static NvpFlatJson *
make_surplus(char **header, int ncols)
{
	char	  **names = palloc(sizeof(char *) * (ncols + 1));
	char	   *surplus = pstrdup("(surplus)");
	bool		clash;

	memcpy(names, header, sizeof(char *) * ncols);
	do
	{
		clash = false;
		for (int i = 0; i < ncols && !clash; i++)
			clash = strcmp(names[i], surplus) == 0;
		if (clash)
			surplus = psprintf("(%s)", surplus);
	} while (clash);
	names[ncols] = surplus;
	return nvp_flatjson_create(names, ncols + 1);
}

static void
prepare_store(StoreState *state, const NvpModel *model, char **source_names,
			  char **header, int ncols)
{
	initStringInfo(&state->buf);
	state->window = palloc(STORE_WINDOW);
	state->model = model;
	state->ncols = ncols;
	state->flat = nvp_flatjson_create(header, ncols);
	state->flat_surplus = make_surplus(header, ncols);
	state->cells = palloc0(sizeof(NvpCell) * (ncols + 1));
	state->column_keys = palloc0(sizeof(Datum) * Max(model->ncolumns, 1));
	state->source_names = palloc0(sizeof(Datum) * Max(model->ncolumns, 1));
	for (int i = 0; i < model->ncolumns; i++)
	{
		state->column_keys[i] = CStringGetTextDatum(model->columns[i].key);
		if (source_names[i])
			state->source_names[i] = storable_datum(source_names[i], strlen(source_names[i]), false);
	}
	for (int i = 0; i < NVP_CODE_COUNT; i++)
		state->codes[i] = CStringGetTextDatum(nvp_code_name(i));
	state->severities[NVP_SEVERITY_ERROR] = CStringGetTextDatum("error");
	state->severities[NVP_SEVERITY_WARNING] = CStringGetTextDatum("warning");
	state->row_context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe stored rows",
											   ALLOCSET_DEFAULT_SIZES);
}

static Oid
own_table(const char *name)
{
	return get_relname_relid(name, get_namespace_oid("_nuvopipe", false));
}

/*
 * nvp_issuelog_store writes everything to _nuvopipe.issue.
 *
 * in: what columns are called; header is the source's.
 * xact: needs one, as a role that may insert there.
 */
void
nvp_issuelog_store(NvpIssueLog *log, const NvpModel *model, char **source_names,
				   char **header, int ncols, const pg_uuid_t *tenant_id,
				   const pg_uuid_t *execution_id, int attempt)
{
	MemoryContext context;
	MemoryContext old;
	StoreState	state = {0};
	NvpBulk    *issues;

	nvp_issuelog_batch(log, NULL, NULL);
	if (log->issues == 0)
		return;
	if (!nvp_spool_flush(log->spool))
		nvp_issuelog_check(log);
	context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe issue store", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	prepare_store(&state, model, source_names, header, ncols);
	state.source = nvp_spool_source(log->spool);
	state.attempt = attempt;
	state.tenant_id = *tenant_id;
	state.execution_id = *execution_id;
	issues = nvp_bulk_open(own_table("issue"));
	for (uint64 i = 0; i < log->issues; i++)
	{
		RecordHead	head;

		if ((i & 1023) == 0)
			CHECK_FOR_INTERRUPTS();
		MemoryContextReset(state.row_context);
		MemoryContextSwitchTo(state.row_context);
		read_exactly(&state, &head, sizeof(head));
		store_issue(&state, issues, &head);
		MemoryContextSwitchTo(context);
	}
	nvp_bulk_close(issues);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
