/*-------------------------------------------------------------------------
 *
 * session.c
 *		Transactions of a process that runs executions.
 *
 * See session.h for calls and errors.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"

#include "base/query.h"
#include "exec/session.h"
#include "exec/tell.h"

/*
 * nvp_session_open prepares a session.
 *
 * owner: its context hangs below the running portal (procedure) or
 *		TopMemoryContext (worker) and goes with nvp_session_close.
 * xact: a procedure must have been called outside a transaction block.
 */
void
nvp_session_open(NvpSession *session, bool is_procedure)
{
	memset(session, 0, sizeof(*session));
	session->is_procedure = is_procedure;
	session->context = AllocSetContextCreate(is_procedure ? PortalContext : TopMemoryContext,
											 "nuvopipe session", ALLOCSET_DEFAULT_SIZES);
	session->next_context = AllocSetContextCreate(MemoryContextGetParent(session->context),
												  "nuvopipe next execution", ALLOCSET_SMALL_SIZES);
	if (!is_procedure)
	{
		nvp_tell_later();
		return;
	}
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	SPI_commit();				/* CALL took a snapshot, perhaps for good */
}

/* nvp_session_close ends a session; no transaction may be open. */
void
nvp_session_close(NvpSession *session)
{
	Assert(!session->is_open);
	if (session->is_procedure)
		SPI_finish();
	MemoryContextDelete(session->context);
	MemoryContextDelete(session->next_context);
}

/*
 * nvp_session_begin opens a transaction with a snapshot; READ COMMITTED
 * whatever the default is, for claims look again after they got a lock.
 *
 * exits: a background process, where the extension has been dropped.
 */
void
nvp_session_begin(NvpSession *session)
{
	Assert(!session->is_open);
	if (!session->is_procedure)
	{
		SetCurrentStatementStartTimestamp();
		StartTransactionCommand();
	}
	XactIsoLevel = XACT_READ_COMMITTED;
	if (!session->is_procedure && !nvp_extension_hold())
		proc_exit(0);
	PushActiveSnapshot(GetTransactionSnapshot());
	session->is_open = true;
	MemoryContextSwitchTo(session->context);
}

/*
 * nvp_session_step stays in the transaction: what follows sees what was written
 * before, and what others have committed meanwhile.
 */
void
nvp_session_step(NvpSession *session)
{
	Assert(session->is_open && !session->is_procedure);
	PopActiveSnapshot();
	CommandCounterIncrement();
	SetCurrentStatementStartTimestamp();
	PushActiveSnapshot(GetTransactionSnapshot());
	MemoryContextSwitchTo(session->context);
}

/* nvp_session_commit commits. */
void
nvp_session_commit(NvpSession *session)
{
	Assert(session->is_open);
	PopActiveSnapshot();
	session->is_open = false;
	if (session->is_procedure)
		SPI_commit();
	else
		CommitTransactionCommand();
	session->next_is_sure = session->nnext > 0;
	MemoryContextSwitchTo(session->context);
	nvp_tell_committed();
}

/*
 * An error that was caught on its way up leaves behind what those below it had
 * opened: subtransactions, connections to SPI of triggers and functions, and
 * snapshots.  SPI lets only the connection of the procedure itself end the
 * transaction, and wants to know of every snapshot.
 */
static void
climb_up(void)
{
	while (IsSubTransaction())
		RollbackAndReleaseCurrentSubTransaction();
	while (!SPI_inside_nonatomic_context() && SPI_finish() == SPI_OK_FINISH)
		 /* next */ ;
	while (ActiveSnapshotSet())
		PopActiveSnapshot();
}

/*
 * nvp_session_rollback undoes what was done since begin.  Also cleans up after
 * a caught error, whether or not a transaction was open.
 */
void
nvp_session_rollback(NvpSession *session)
{
	session->is_open = false;
	nvp_tell_back(0);
	if (session->nnext > 0 && !session->next_is_sure)
	{
		session->nnext = 0;
		QueryCancelHoldoffCount = 0;
	}
	if (session->is_procedure)
	{
		climb_up();
		SPI_rollback();
	}
	else if (IsTransactionState() || IsTransactionBlock() || IsAbortedTransactionBlockState())
		AbortCurrentTransaction();
	MemoryContextSwitchTo(session->context);
}
