/*-------------------------------------------------------------------------
 *
 * company.c
 *		Several runs in one transaction.
 *
 * See company.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "base/shmem.h"
#include "exec/company.h"
#include "exec/queue.h"

#define TOGETHER_US		8000	/* that a company is to take */
#define APART_MS		100		/* that it may take at most */
#define ALONE_RUNS		32		/* after one that came to nothing */

/* nvp_company_size says how many may be claimed to run together, from the first on. */
int
nvp_company_size(const NvpSession *session, const NvpExecution *first)
{
	if (session->alone > 0 || session->quick_us == 0 || first->attempt != 1 || first->max_attempts < 2 ||
		first->discover || first->is_scheduled ||
		memcmp(&session->quick_configuration, &first->configuration_id, sizeof(pg_uuid_t)) != 0)
		return 1;
	return Max(1, Min(TOGETHER_US / session->quick_us, NVP_COMPANY_MAX));
}

/* nvp_company_note notes of a run that is about to end whether the next ones like it may have company. */
void
nvp_company_note(const NvpRun *run)
{
	NvpSession *session = run->session;
	int64		us = GetCurrentTimestamp() - run->started_at;

	session->quick_us = 0;
	if (session->is_procedure)
		return;
	if (session->place == NVP_ALONE && session->alone > 0)
		session->alone--;
	if (run->outcome->status != NVP_SUCCEEDED || !run->is_local || !run->plan->to_table || us > TOGETHER_US)
		return;
	session->quick_us = Max(us, 1);
	session->quick_configuration = run->execution->configuration_id;
}

/* whom a request names; for a cancel without a request, the one that was under way */
static void
find_unwanted(NvpExecution *executions, int n, int at, bool is_cancel)
{
	bool		any = false;

	for (int i = 0; i < n; i++)
		any |= executions[i].is_unwanted = nvp_exec_is_unwanted(&executions[i]);
	if (is_cancel && !any)
		executions[at].is_unwanted = true;
}

/*
 * The company came to nothing, at one of its executions.  Cancels are held back
 * meanwhile: whom one was for is told by its row, which its sender had locked
 * before it sent.  Those stay claimed.
 */
static void
part(NvpSession *session, NvpExecution *executions, int n, int at, bool is_cancel)
{
	uint32		held = QueryCancelHoldoffCount;

	QueryCancelHoldoffCount++;
	session->place = NVP_ALONE;
	session->alone = ALONE_RUNS;
	session->quick_us = 0;
	nvp_queue_forget(session);
	nvp_session_begin(session);
	find_unwanted(executions, n, at, is_cancel);
	for (int i = 0; i < n; i++)
	{
		if (!executions[i].is_unwanted)
			nvp_exec_unclaim(&executions[i]);
	}
	nvp_session_commit(session);
	QueryCancelHoldoffCount = held;
}

/* what was cancelled ends as it would have without company */
static void
end_unwanted(NvpSession *session, NvpExecution *executions, int n, NvpRunReport *reports)
{
	session->wants_next = false;	/* others come before what would be claimed */
	for (int i = 0; i < n; i++)
	{
		memset(&reports[i], 0, sizeof(NvpRunReport));
		if (executions[i].is_unwanted)
			nvp_run_execution(session, &executions[i], &reports[i]);
	}
}

/* a temporary table would meet the next run, and go when this one is alone */
static bool
has_left_traces(void)
{
	return IsTransactionState() && (MyXactFlags & XACT_FLAGS_ACCESSEDTEMPNAMESPACE) != 0;
}

static bool
run_one(NvpSession *session, NvpExecution *execution, NvpRunReport *report)
{
	nvp_slot_execution(&execution->id);
	nvp_run_execution(session, execution, report);
	if (report->status == NULL)
		return false;
	if (session->place == NVP_LAST || !has_left_traces())
		return true;
	nvp_session_rollback(session);
	return false;
}

/*
 * nvp_company_run carries executions that were claimed together to their ends,
 * in one transaction.
 *
 * out: their reports, with strings in the session's context.  Where it came to
 *		nothing, only those of executions that were cancelled have a status; the
 *		others wait in the queue again.
 */
void
nvp_company_run(NvpSession *session, NvpExecution *executions, int n, NvpRunReport *reports)
{
	session->apart_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), APART_MS);
	for (int i = 0; i < n; i++)
	{
		session->place = i < n - 1 ? NVP_AMONG : NVP_LAST;
		if (run_one(session, &executions[i], &reports[i]))
			continue;
		part(session, executions, n, i, reports[i].outcome.status == NVP_CANCELED);
		end_unwanted(session, executions, n, reports);
		break;
	}
	session->place = NVP_ALONE;
}
