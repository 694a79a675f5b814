/*-------------------------------------------------------------------------
 *
 * identity.c
 *		Acting as the owner of a pipeline, for a while.
 *
 * What an owner wrote runs inside our transaction: queries, triggers, defaults,
 * constraints.  Its rights end where we become ourselves again, so nothing of
 * it may run later, at the commit, with ours; and nothing it leaves in the
 * process may meet the pipeline of somebody else.
 *
 * See identity.h for calls and errors.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "commands/prepare.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/guc.h"
#include "utils/portal.h"

#include "base/query.h"
#include "exec/identity.h"

/*
 * nvp_identity_take makes this process the owner, for good: the outer role is
 * its too, so that functions which ask who calls are not told of our own
 * rights, and no SET ROLE inside its queries leads anywhere else.
 *
 * in: whether this is somebody's session.  Where that is not the owner, its
 *		search_path and its temporary tables must not decide what unqualified
 *		names in the owner's functions mean.
 * xact: needs one.
 */
void
nvp_identity_take(NvpIdentity *identity, Oid owner, bool in_session)
{
	bool		is_foreign = in_session && GetUserId() != owner;

	identity->role = GetCurrentRoleId();
	identity->is_superuser = superuser_arg(OidIsValid(identity->role) ?
										   identity->role : GetSessionUserId());
	GetUserIdAndSecContext(&identity->userid, &identity->sec_context);
	identity->guc_level = NewGUCNestLevel();
	identity->is_changed = true;
	SetCurrentRoleId(owner, superuser_arg(owner));
	SetUserIdAndSecContext(owner, SECURITY_LOCAL_USERID_CHANGE);
	if (is_foreign)
		(void) set_config_option("search_path", "\"$user\", public, pg_temp", PGC_USERSET,
								 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/* a cursor WITH HOLD is run to its end by the commit */
static void
refuse_held_cursors(void)
{
	NvpQuery	query;
	bool		found;

	if (ThereAreNoReadyPortals())
		return;
	nvp_query_open(&query);
	found = nvp_query_keep(&query,
						   "SELECT FROM pg_catalog.pg_cursors"
						   " WHERE is_holdable AND creation_time >= pg_catalog.statement_timestamp()") > 0;
	nvp_query_close(&query);
	if (found)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("a run cannot leave a cursor WITH HOLD behind"),
				errdetail("A trigger or function that the run called has opened one."));
}

/*
 * nvp_identity_settle does, still as the owner, what the commit would else do
 * with our rights, and takes back the owner's settings.
 *
 * errors: those of deferred triggers and constraints; 0A000.
 */
void
nvp_identity_settle(NvpIdentity *identity)
{
	AfterTriggerFireDeferred();
	refuse_held_cursors();
	AtEOXact_GUC(false, identity->guc_level);
	identity->guc_level = 0;
}

/*
 * nvp_identity_give_back makes this process itself again; also after an abort,
 * which gave back the inner identity and the settings only.  There is no
 * transaction then: no catalogue may be read here.
 */
void
nvp_identity_give_back(NvpIdentity *identity)
{
	if (!identity->is_changed)
		return;
	identity->is_changed = false;
	SetUserIdAndSecContext(identity->userid, 0);
	SetCurrentRoleId(identity->role, identity->is_superuser);
	SetUserIdAndSecContext(identity->userid, identity->sec_context);
}

/*
 * nvp_identity_forget drops what an owner's code can leave in a process beyond
 * its transaction: the next run may be somebody else's.  A session keeps it, as
 * it would after any function.
 *
 * xact: none may be open.
 */
void
nvp_identity_forget(NvpSession *session)
{
	Oid			temporary;
	Oid			toast;

	if (session->is_procedure)
		return;
	if (session->nnext == 0)
		QueryCancelPending = false;	/* was meant for the execution, which is over */
	DropAllPreparedStatements();
	LockReleaseAll(USER_LOCKMETHOD, true);
	GetTempNamespaceState(&temporary, &toast);
	if (!OidIsValid(temporary))
		return;					/* most leave nothing that takes a transaction */
	nvp_session_begin(session);
	ResetTempTableNamespace();
	nvp_session_commit(session);
}
