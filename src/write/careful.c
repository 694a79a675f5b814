/*-------------------------------------------------------------------------
 *
 * careful.c
 *		Careful loads: rows the server refuses become issues.
 *
 * Rows are written in a subtransaction.  If the server refuses, it is rolled
 * back and the rows are halved, down to the single row that was refused, which
 * is then known with the server's own message.  A row is judged after all
 * earlier rows are in: of two rows with the same key, the first stays.
 *
 * Everything that touches a table (executor state, pins, index relations) is
 * opened and closed within one subtransaction: its resource owner then
 * releases exactly that on failure, and nothing outlives it.
 *
 * A row whose foreign key points to a later row of the same load is refused
 * here, as the later one is not there yet; so it is with one INSERT for each.
 * Deferred constraints fire at commit and are beyond reach.
 *
 * Memory: one context for each attempt, below the batch context.
 * Errors: only those below are taken for a fault of the row; all others are
 *		   thrown on.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "base/compat.h"
#include "write/plan.h"

/* code_of: NVP_CODE_NONE if the error is not a row's fault */
static NvpCode
code_of(const NvpTarget *target, int sqlstate)
{
	switch (ERRCODE_TO_CATEGORY(sqlstate))
	{
		case ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION:
			return NVP_CODE_TARGET_CONSTRAINT;
		case ERRCODE_DATA_EXCEPTION:
			return NVP_CODE_TARGET_OUT_OF_RANGE;
		case ERRCODE_WITH_CHECK_OPTION_VIOLATION:
			return NVP_CODE_TARGET_REJECTED;
	}
	switch (sqlstate)
	{
		case ERRCODE_RAISE_EXCEPTION:
			return NVP_CODE_TARGET_REJECTED;
		case ERRCODE_PROGRAM_LIMIT_EXCEEDED:	/* a row too long for its page or index */
			return NVP_CODE_TARGET_OUT_OF_RANGE;
		case ERRCODE_INSUFFICIENT_PRIVILEGE:	/* a policy refused the row */
			return target->has_policies ? NVP_CODE_TARGET_REJECTED : NVP_CODE_NONE;
		default:
			return NVP_CODE_NONE;
	}
}

/* is_divisible: errors of rows in company, that fewer rows may not have */
static bool
is_divisible(int sqlstate)
{
	return sqlstate == ERRCODE_CARDINALITY_VIOLATION;
}

static void
write_rows(NvpTarget *target, int from, int to)
{
	if (target->statement)
		nvp_statement_rows(target->statement, from, to);
	else
	{
		NvpLoad    *load = nvp_load_open(target);

		nvp_load_rows(load, from, to);
		nvp_load_close(load);
	}
}

/* attempt writes the rows in a subtransaction; out: NULL, or why not */
static ErrorData *
attempt(NvpTarget *target, int from, int to)
{
	MemoryContext old = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	MemoryContext context = AllocSetContextCreate(target->batch_context, "nuvopipe attempt",
												  ALLOCSET_DEFAULT_SIZES);
	NvpTargetCounts counts = target->counts;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		write_rows(target, from, to);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(target->batch_context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		/* rows once rejected stay so; whatever was written is undone */
		counts.rows_rejected = target->counts.rows_rejected;
		target->counts = counts;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	CurrentResourceOwner = owner;
	MemoryContextDelete(context);
	return error;
}

/* column_of: the model column an error speaks of, or -1 */
static int
column_of(const NvpTarget *target, const ErrorData *error)
{
	Oid			relid;

	if (target->at_column >= 0)
		return target->at_column;
	if (error->table_name == NULL || error->schema_name == NULL)
		return -1;
	relid = get_relname_relid(error->table_name, get_namespace_oid(error->schema_name, true));
	/* a trigger may have met a constraint of another table */
	if (relid != RelationGetRelid(target->relation) &&
		!(OidIsValid(relid) && get_rel_relispartition(relid) &&
		  list_member_oid(get_partition_ancestors(relid), RelationGetRelid(target->relation))))
		return -1;
	if (error->column_name)
		return nvp_column_named(target, error->column_name);
	return error->constraint_name ? nvp_constraint_column(target, relid, error->constraint_name) : -1;
}

static void
reject_refused(NvpTarget *target, int row, const ErrorData *error)
{
	const char *message = error->message;

	if (error->detail)
		message = psprintf("%s: %s", error->message, error->detail);
	nvp_target_reject(target, row, column_of(target, error), code_of(target, error->sqlerrcode),
					  message);
}

/*
 * nvp_careful_rows writes rows from..to-1 of the batch in hand, except
 * those that are done; rows that are refused become done, with an issue.
 * xact: starts and ends subtransactions.
 */
void
nvp_careful_rows(NvpTarget *target, int from, int to)
{
	MemoryContext old;
	ErrorData  *error;
	NvpCode		code;
	int			middle;

	while (from < to && target->batch.done[from])
		from++;
	if (from == to)
		return;
	middle = from + (to - from) / 2;
	target->at_column = -1;
	error = attempt(target, from, to);
	if (!error)
		return;
	code = code_of(target, error->sqlerrcode);
	if (code == NVP_CODE_NONE && !(is_divisible(error->sqlerrcode) && to - from > 1))
		ReThrowError(error);
	if (to - from > 1)
	{
		FreeErrorData(error);
		nvp_careful_rows(target, from, middle);
		nvp_careful_rows(target, middle, to);
		return;
	}
	old = MemoryContextSwitchTo(target->batch_context);
	reject_refused(target, from, error);
	MemoryContextSwitchTo(old);
}
