/*-------------------------------------------------------------------------
 *
 * issuelog.c
 *		Issues and rejected rows of a run, kept on disk until it is decided.
 *
 * The spool holds what the table will: packs (issuepack.h), each behind its
 * length and number of issues, so that storing is copying.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "pipeline/issuelog.h"
#include "pipeline/issuepack.h"
#include "write/rows.h"

/* longer values are cut in the issue; the rejected row has them whole */
#define ISSUE_VALUE_BYTES	8192

/* a pack, with the other columns, fills a page */
#define PACK_BYTES		8000

/* as much as the jsonb of a rejected row can hold, even if each byte is written as \xHH */
#define ROW_BYTES		(JENTRY_OFFLENMASK / 4 - 1024 * 1024)

/* an issue that waits; message and value follow */
typedef struct WaitingHead
{
	NvpPackedIssue issue;
	uint32		message_len;	/* 0 if the message is in the list */
	uint32		value_len;
} WaitingHead;

/* a pack in the spool; its bytes follow */
typedef struct PackHead
{
	uint32		len;
	uint32		issues;
} PackHead;

static void
begin_pack(NvpIssueLog *log)
{
	resetStringInfo(&log->pack);
	appendStringInfoCharMacro(&log->pack, NVP_PACK_VERSION);
	log->packed = 0;
}

/* nvp_issuelog_create opens an empty log in the current context. */
NvpIssueLog *
nvp_issuelog_create(void)
{
	NvpIssueLog *log = palloc0(sizeof(NvpIssueLog));

	log->spool = nvp_spool_create();
	initStringInfo(&log->waiting);
	initStringInfo(&log->pack);
	log->messages_context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe issue messages",
												  ALLOCSET_SMALL_SIZES);
	begin_pack(log);
	return log;
}

/* nvp_issuelog_free gives file and memory back. */
void
nvp_issuelog_free(NvpIssueLog *log)
{
	nvp_spool_free(log->spool);
	MemoryContextDelete(log->messages_context);
	pfree(log->waiting.data);
	pfree(log->pack.data);
	pfree(log);
}

/* nvp_issuelog_reset forgets everything, for a run that starts over. */
void
nvp_issuelog_reset(NvpIssueLog *log)
{
	nvp_spool_reset(log->spool);
	resetStringInfo(&log->waiting);
	begin_pack(log);
	MemoryContextReset(log->messages_context);
	log->nmessages = log->maxmessages = log->nslots = 0;
	log->messages = NULL;
	log->slots = NULL;
	log->issues = 0;
	log->has_doubts = false;
}

/*
 * The message of an issue as an index into the list; -1 if it has to stand by
 * itself.  Each column and code has one usual message; made to order are those
 * of rows and of what a table refuses.
 */
static int
message_index(NvpIssueLog *log, const NvpIssue *issue)
{
	int			slot = issue->column * NVP_CODE_COUNT + issue->code;
	MemoryContext old;

	if (issue->column < 0)
		return -1;
	if (slot < log->nslots && log->slots[slot] > 0)
		return strcmp(log->messages[log->slots[slot] - 1], issue->message) == 0 ? log->slots[slot] - 1 : -1;
	old = MemoryContextSwitchTo(log->messages_context);
	if (slot >= log->nslots)
	{
		int			n = (issue->column + 1) * NVP_CODE_COUNT;

		log->slots = log->slots ? repalloc_huge(log->slots, sizeof(int) * (Size) n) : palloc(sizeof(int) * (Size) n);
		memset(log->slots + log->nslots, 0, sizeof(int) * (Size) (n - log->nslots));
		log->nslots = n;
	}
	if (log->nmessages == log->maxmessages)
	{
		log->maxmessages = Max(log->maxmessages * 2, 64);
		log->messages = log->messages ? repalloc(log->messages, sizeof(char *) * log->maxmessages) :
			palloc(sizeof(char *) * log->maxmessages);
	}
	log->messages[log->nmessages++] = pstrdup(issue->message);
	log->slots[slot] = log->nmessages;
	MemoryContextSwitchTo(old);
	return log->nmessages - 1;
}

/* nvp_issuelog_issue adds one issue of the batch in hand. */
void
nvp_issuelog_issue(NvpIssueLog *log, const NvpIssue *issue)
{
	WaitingHead head = {0};
	NvpPackedIssue *packed = &head.issue;
	int			message = issue->message ? message_index(log, issue) : -1;

	packed->row_no = issue->row_no;
	packed->line_no = issue->line_no;
	packed->sheet = issue->sheet;
	packed->column = issue->column;
	packed->code = issue->code;
	packed->flags = (issue->severity == NVP_SEVERITY_WARNING ? NVP_PACKED_WARNING : 0) |
		(issue->line_no > 0 ? NVP_PACKED_LINE : 0) | (issue->sheet > 0 ? NVP_PACKED_SHEET : 0) |
		(message < 0 ? NVP_PACKED_MESSAGE : 0);
	if (message >= 0)
		packed->message_no = message;
	else
		head.message_len = issue->message ? strlen(issue->message) : 0;
	head.value_len = issue->value ? issue->value_len : 0;
	if (head.value_len > ISSUE_VALUE_BYTES)
	{
		/* never in the middle of a code point */
		packed->flags |= NVP_PACKED_CUT;
		head.value_len = ISSUE_VALUE_BYTES;
		while (head.value_len > 0 && ((unsigned char) issue->value[head.value_len] & 0xC0) == 0x80)
			head.value_len--;
	}
	if (head.value_len > 0)
		packed->flags |= NVP_PACKED_VALUE;
	appendBinaryStringInfo(&log->waiting, (char *) &head, sizeof(head));
	if (head.message_len > 0)
		appendBinaryStringInfo(&log->waiting, issue->message, head.message_len);
	if (head.value_len > 0)
		appendBinaryStringInfo(&log->waiting, issue->value, head.value_len);
}

/* the first len bytes of the pack into the spool; what lies behind them begins the next */
static void
end_pack(NvpIssueLog *log, int len, uint32 issues)
{
	PackHead	head = {len, issues};
	int			left = log->pack.len - len;

	(void) (nvp_spool_append(log->spool, (char *) &head, sizeof(head)) &&
			nvp_spool_append(log->spool, log->pack.data, len));
	memmove(log->pack.data + 1, log->pack.data + len, left);
	log->pack.len = left + 1;
	log->packed -= issues;
}

/* a row that no jsonb can hold could never be shown */
static void
check_row_size(const NvpBatch *batch, int row)
{
	uint64		bytes = batch->rows[row].extra ? batch->rows[row].extra_len : 0;

	for (int c = 0; c < batch->ncols; c++)
		bytes += nvp_batch_column(batch, c)[row].len;
	if (bytes > ROW_BYTES)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("a rejected row of " UINT64_FORMAT " bytes is too large to be kept", bytes),
				errhint("Lower options.format.max_record_bytes so that such a record is refused when read."));
}

/* one issue into the pack; with row >= 0 that row of the batch, too */
static void
pack_one(NvpIssueLog *log, WaitingHead *head, const char *texts, const NvpBatch *batch, int row)
{
	int			start = log->pack.len;

	head->issue.message.ptr = texts;
	head->issue.message.len = head->message_len;
	head->issue.value.ptr = texts + head->message_len;
	head->issue.value.len = head->value_len;
	if (row >= 0)
	{
		check_row_size(batch, row);
		head->issue.flags |= NVP_PACKED_ROW;
	}
	nvp_pack_issue(&log->pack, &head->issue);
	if (row >= 0)
		nvp_pack_row(&log->pack, batch, row);
	log->packed++;
	log->issues++;
	if (log->pack.len > PACK_BYTES && log->packed > 1)
		end_pack(log, start, log->packed - 1);
	if (log->pack.len > PACK_BYTES)
		end_pack(log, log->pack.len, log->packed);
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
		WaitingHead head;
		int			row = -1;

		memcpy(&head, log->waiting.data + at, sizeof(head));
		at += sizeof(head);
		if (nleft > 0 && left[head.issue.row_no - batch->first_row_no])
		{
			row = head.issue.row_no - batch->first_row_no;
			left[row] = 0;
			nleft--;
		}
		pack_one(log, &head, log->waiting.data + at, batch, row);
		at += head.message_len + head.value_len;
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

/* ---- writing to the table ---------------------------------------------- */

static void
read_exactly(NvpSource *source, char *out, int64 len)
{
	while (len > 0)
	{
		int64		n = source->read(source, out, len);

		if (n <= 0)
			ereport(ERROR,
					errcode(ERRCODE_IO_ERROR),
					errmsg("could not read back the issues of this run"));
		out += n;
		len -= n;
	}
}

/* what is the same in all table rows of one attempt */
typedef struct StoreState
{
	NvpBulk    *bulk;
	Datum		values[6];
	bool		nulls[6];
	int64		seq;			/* of the next issue */
} StoreState;

static void
store_pack(StoreState *state, bytea *data, uint32 issues, bool is_names)
{
	state->values[3] = Int64GetDatum(is_names ? 0 : state->seq);
	state->values[4] = Int32GetDatum(issues);
	state->values[5] = PointerGetDatum(data);
	nvp_bulk_add(state->bulk, state->values, state->nulls);
	state->seq += issues;
}

/* the names of the sheets of a workbook; nothing for other sources */
static void
store_sheets(StringInfo buf, const NvpReader *reader)
{
	const char **names;
	int			n = 0;

	while (nvp_reader_sheet(reader, n, NULL, NULL))
		n++;
	if (n == 0)
		return;
	names = palloc(sizeof(char *) * n);
	for (int i = 0; i < n; i++)
		names[i] = nvp_reader_sheet(reader, i, NULL, NULL);
	nvp_pack_list(buf, names, n);
	pfree(names);
}

/* the lists that the packs refer to */
static void
store_names(StoreState *state, const NvpIssueLog *log, const NvpModel *model, char **source_names,
			const NvpReader *reader)
{
	const char **texts = palloc(sizeof(char *) * Max(Max(model->ncolumns, NVP_CODE_COUNT), 1));
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoSpaces(&buf, VARHDRSZ);
	appendStringInfoCharMacro(&buf, NVP_PACK_VERSION);
	for (int i = 0; i < model->ncolumns; i++)
		texts[i] = model->columns[i].key;
	nvp_pack_list(&buf, texts, model->ncolumns);
	nvp_pack_list(&buf, (const char *const *) source_names, model->ncolumns);
	nvp_pack_list(&buf, (const char *const *) reader->header, reader->ncols);
	for (int i = 0; i < NVP_CODE_COUNT; i++)
		texts[i] = nvp_code_name(i);
	nvp_pack_list(&buf, texts, NVP_CODE_COUNT);
	nvp_pack_list(&buf, (const char *const *) log->messages, log->nmessages);
	store_sheets(&buf, reader);
	SET_VARSIZE(buf.data, buf.len);
	store_pack(state, (bytea *) buf.data, 0, true);
}

static void
store_packs(StoreState *state, const NvpIssueLog *log)
{
	NvpSource  *source = nvp_spool_source(log->spool);
	bytea	   *data = palloc(PACK_BYTES + VARHDRSZ);
	Size		room = PACK_BYTES;

	while (source->read_bytes < source->total_bytes)
	{
		PackHead	head;

		read_exactly(source, (char *) &head, sizeof(head));
		if (head.len > room)
		{
			room = head.len;
			data = repalloc(data, room + VARHDRSZ);
		}
		read_exactly(source, VARDATA(data), head.len);
		SET_VARSIZE(data, head.len + VARHDRSZ);
		store_pack(state, data, head.issues, false);
	}
}

static Oid
own_table(const char *name)
{
	return get_relname_relid(name, get_namespace_oid("_nuvopipe", false));
}

/*
 * nvp_issuelog_store writes everything to _nuvopipe.issue.
 *
 * in: what columns are called; the reader, of the source.
 * out: false if there are none.
 * xact: needs one, as a role that may insert there.
 */
bool
nvp_issuelog_store(NvpIssueLog *log, const NvpModel *model, char **source_names,
				   const NvpReader *reader, const pg_uuid_t *tenant_id,
				   const pg_uuid_t *execution_id, int attempt)
{
	MemoryContext context;
	MemoryContext old;
	StoreState	state = {.seq = 1};

	nvp_issuelog_batch(log, NULL, NULL);
	if (log->issues == 0)
		return false;
	if (log->packed > 0)
		end_pack(log, log->pack.len, log->packed);
	if (!nvp_spool_flush(log->spool))
		nvp_issuelog_check(log);
	context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe issue store", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	state.values[0] = UUIDPGetDatum(tenant_id);
	state.values[1] = UUIDPGetDatum(execution_id);
	state.values[2] = Int32GetDatum(attempt);
	state.bulk = nvp_bulk_open(own_table("issue"), state.values, state.nulls);
	store_names(&state, log, model, source_names, reader);
	store_packs(&state, log);
	if (state.seq != log->issues + 1)
		ereport(ERROR,
				errcode(ERRCODE_DATA_CORRUPTED),
				errmsg("the issues of this run are not complete: " INT64_FORMAT " of " UINT64_FORMAT,
					   state.seq - 1, log->issues));
	nvp_bulk_close(state.bulk);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return true;
}
