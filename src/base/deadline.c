/*-------------------------------------------------------------------------
 *
 * deadline.c
 *		A moment at which this process is interrupted, as by a cancel.
 *
 * See deadline.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/timeout.h"

#include "base/deadline.h"

#define AGAIN_MS	1000

static TimeoutId timeout_id = MAX_TIMEOUTS; /* not registered yet */
static TimestampTz deadline = 0;
static volatile sig_atomic_t has_passed = false;
static volatile sig_atomic_t was_canceled = false;	/* by somebody, before it passed */

/* runs in a signal handler */
static void
interrupt_process(void)
{
	if (!has_passed)
		was_canceled = QueryCancelPending;
	has_passed = true;
	QueryCancelPending = true;
	InterruptPending = true;
	SetLatch(MyLatch);
}

/* nvp_deadline_set sets the moment; errors: FATAL if the process has no timer left. */
void
nvp_deadline_set(TimestampTz at)
{
	if (timeout_id == MAX_TIMEOUTS)
		timeout_id = RegisterTimeout(USER_TIMEOUT, interrupt_process);
	has_passed = was_canceled = false;
	deadline = at;
	enable_timeout_every(timeout_id, at, AGAIN_MS);
}

/*
 * nvp_deadline_clear takes it back; an interruption that was not served yet is
 * forgotten, but not somebody's cancel.  Harmless without a deadline.
 */
void
nvp_deadline_clear(void)
{
	if (timeout_id == MAX_TIMEOUTS || deadline == 0)
		return;
	disable_timeout(timeout_id, false);
	if (has_passed && !was_canceled)
		QueryCancelPending = false;
	deadline = 0;
	has_passed = false;
}

/* nvp_deadline_passed: has the deadline that is set interrupted this process? */
bool
nvp_deadline_passed(void)
{
	return has_passed;
}

/* nvp_deadline_is_due: is there a deadline that has come, and whose signal has not? */
bool
nvp_deadline_is_due(void)
{
	return deadline != 0 && !has_passed && GetCurrentTimestamp() >= deadline;
}
