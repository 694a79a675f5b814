/*-------------------------------------------------------------------------
 *
 * target.c
 *		The table target from open to close.
 *
 * See target.h for flow, calls and errors.  Which of the ways a batch goes is
 * settled at open: the fast path (load.c), the statement (statement.c), and
 * either of them inside subtransactions (careful.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "write/plan.h"

/* ---- open ---- */

/*
 * nvp_target_open locks the table, checks everything that can be known
 * before the first row, and plans the way of the rows.  Nothing is written yet.
 * in: model, which must stay; owner: a context below the given one, until
 * nvp_target_close.  errors: see target.h.  interrupts: waits for the lock.
 */
NvpTarget *
nvp_target_open(const NvpTargetSpec *spec, const NvpModel *model, MemoryContext context)
{
	MemoryContext own = AllocSetContextCreate(context, "nuvopipe target", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(own);
	NvpTarget  *target = palloc0(sizeof(NvpTarget));

	target->context = own;
	target->batch_context = AllocSetContextCreate(own, "nuvopipe target batch",
												  ALLOCSET_DEFAULT_SIZES);
	nvp_arena_init(&target->arena);
	target->mode = spec->mode;
	target->is_careful = spec->careful;
	target->may_rebuild = spec->may_rebuild;
	target->plan_only = spec->plan_only;
	target->model = model;
	target->at_column = -1;
	nvp_target_resolve(target, spec);
	if (target->detour && !target->plan_only)
		target->statement = nvp_statement_open(target);
	MemoryContextSwitchTo(old);
	return target;
}

/* begin: what is left until the first batch, so that open alone changes nothing */
static void
begin(NvpTarget *target)
{
	MemoryContext old;

	target->has_begun = true;
	if (target->mode == NVP_TARGET_REPLACE)
		nvp_statement_delete_all(target);
	target->is_rebuilding = nvp_rebuild_begin(target);
	if (target->statement || target->is_careful)
		return;
	old = MemoryContextSwitchTo(target->context);
	target->load = nvp_load_open(target);
	MemoryContextSwitchTo(old);
}

/* ---- batches ---- */

/*
 * nvp_target_reject notes an issue of a row of the batch in hand and takes
 * the row out.  in: message in the batch context, or a constant, or NULL.
 */
void
nvp_target_reject(NvpTarget *target, int row, int column, NvpCode code, const char *message)
{
	NvpTargetBatch *batch = &target->batch;
	NvpTargetIssue *issue;

	if (batch->nissues == batch->maxissues)
	{
		batch->maxissues = Max(2 * batch->maxissues, 64);
		batch->issues = batch->issues ?
			repalloc_huge(batch->issues, batch->maxissues * sizeof(NvpTargetIssue)) :
			MemoryContextAllocHuge(target->batch_context, batch->maxissues * sizeof(NvpTargetIssue));
	}
	issue = &batch->issues[batch->nissues++];
	issue->row = row;
	issue->column = column;
	issue->code = code;
	issue->message = message ? MemoryContextStrdup(target->batch_context, message) : NULL;
	if (!batch->done[row])
	{
		batch->done[row] = true;
		target->counts.rows_rejected++;
	}
}

static void
start_batch(NvpTarget *target, NvpValue *const *values, const uint8 *skip, int nrows)
{
	NvpTargetBatch *batch = &target->batch;

	MemoryContextReset(target->batch_context);
	nvp_arena_reset(&target->arena);
	memset(batch, 0, sizeof(*batch));
	batch->values = values;
	batch->nrows = nrows;
	batch->done = MemoryContextAllocZero(target->batch_context, Max(nrows, 1));
	for (int row = 0; skip && row < nrows; row++)
		batch->done[row] = skip[row] != 0;
}

static int
compare_issues(const void *a, const void *b)
{
	const NvpTargetIssue *x = a;
	const NvpTargetIssue *y = b;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

/* hand_over: issues in the order of rows, when no subtransaction is open any more */
static void
hand_over(NvpTarget *target, NvpTargetIssueFunc emit, void *arg)
{
	NvpTargetBatch *batch = &target->batch;

	if (batch->nissues > 1)
		qsort(batch->issues, batch->nissues, sizeof(NvpTargetIssue), compare_issues);
	for (int i = 0; i < batch->nissues; i++)
	{
		NvpTargetIssue *issue = &batch->issues[i];

		emit(arg, issue->row, issue->column, issue->code, issue->message);
	}
}

/*
 * nvp_target_batch writes the rows of a batch.  in: values[model column]
 * [row], OK text being valid UTF-8 without zero bytes; EMPTY and ERROR are
 * written as null; skip[row] != 0 leaves a row out (skip may be NULL).  emit is
 * called for every issue, by row, before it returns.  out: true if no row was
 * rejected; every row not skipped is then in the table or has an issue.
 * errors: of a plain load, whatever the server refuses.  interrupts: yes.
 */
bool
nvp_target_batch(NvpTarget *target, NvpValue *const *values, const uint8 *skip, int nrows,
				 NvpTargetIssueFunc emit, void *arg)
{
	bool		needs_snapshot = !ActiveSnapshotSet();

	Assert(!target->plan_only && !target->is_finished);
	start_batch(target, values, skip, nrows);
	if (needs_snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	if (!target->has_begun)
		begin(target);
	if (target->is_careful)
		nvp_careful_rows(target, 0, nrows);
	else if (target->statement)
		nvp_statement_rows(target->statement, 0, nrows);
	else
		nvp_load_rows(target->load, 0, nrows);
	if (needs_snapshot)
		PopActiveSnapshot();
	hand_over(target, emit, arg);
	return target->batch.nissues == 0;
}

/* ---- the end ---- */

/*
 * nvp_target_finish fires the triggers that waited and builds the indexes
 * that were left for now.  The counts stay readable until close.  errors: what
 * triggers throw; 23505 from an index build, naming the key.
 */
void
nvp_target_finish(NvpTarget *target)
{
	bool		needs_snapshot = !ActiveSnapshotSet();

	Assert(!target->plan_only && !target->is_finished);
	if (needs_snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	if (!target->has_begun)
		begin(target);
	if (target->load)
		nvp_load_close(target->load);
	target->load = NULL;
	if (target->is_rebuilding)
		nvp_rebuild_finish(target);
	if (needs_snapshot)
		PopActiveSnapshot();
	target->is_finished = true;
}

/* nvp_target_close gives everything back; the locks stay until the transaction ends. */
void
nvp_target_close(NvpTarget *target)
{
	relation_close(target->relation, NoLock);
	MemoryContextDelete(target->context);
}

/* nvp_target_counts returns what became of the rows so far. */
const NvpTargetCounts *
nvp_target_counts(const NvpTarget *target)
{
	return &target->counts;
}
