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

static void
end_canceled(const NvpExecution *execution)
{
	NvpOutcome	outcome = {.status = NVP_CANCELED};

	nvp_fault_set(&outcome.fault, NVP_FAULT_NONE, ERRCODE_QUERY_CANCELED, false, "canceled on request");
	nvp_exec_finish(execution, &outcome, false, false);
}

/* whom a request names; for a cancel without a request, the one that was under way */
static void
find_unwanted(const NvpExecution *executions, int n, int at, bool is_cancel, bool *unwanted)
{
	bool		any = false;

	for (int i = 0; i < n; i++)
		any |= unwanted[i] = nvp_exec_is_unwanted(&executions[i]);
	if (is_cancel && !any)
		unwanted[at] = true;
}

/*
 * The company came to nothing, at one of its executions.  Cancels are held back
 * meanwhile: whom one was for is told by its row, which its sender had locked
 * before it sent.
 */
static void
part(NvpSession *session, const NvpExecution *executions, int n, int at, bool is_cancel)
{
	uint32		held = QueryCancelHoldoffCount;
	bool		unwanted[NVP_COMPANY_MAX];

	QueryCancelHoldoffCount++;
	session->alone = ALONE_RUNS;
	session->quick_us = 0;
	nvp_queue_forget(session);
	nvp_session_begin(session);
	find_unwanted(executions, n, at, is_cancel, unwanted);
	for (int i = 0; i < n; i++)
	{
		if (unwanted[i])
			end_canceled(&executions[i]);
		else
			nvp_exec_unclaim(&executions[i]);
	}
	nvp_session_commit(session);
	QueryCancelHoldoffCount = held;
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
 * out: false if it came to nothing, and they wait in the queue again; else their
 *		reports, with strings in the session's context.
 */
bool
nvp_company_run(NvpSession *session, NvpExecution *executions, int n, NvpRunReport *reports)
{
	bool		done = true;

	session->apart_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), APART_MS);
	for (int i = 0; done && i < n; i++)
	{
		session->place = i < n - 1 ? NVP_AMONG : NVP_LAST;
		done = run_one(session, &executions[i], &reports[i]);
		if (!done)
			part(session, executions, n, i, reports[i].outcome.status == NVP_CANCELED);
	}
	session->place = NVP_ALONE;
	return done;
}
