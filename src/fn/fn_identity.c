/*-------------------------------------------------------------------------
 *
 * fn_identity.c
 *		Who calls, and for whom the caller may act.
 *
 * API functions run as the owner of the extension, so current_user says
 * nothing; what counts is the role the session has taken (SET ROLE), which no
 * function can change from within.
 *
 * A superuser's VACUUM, ANALYZE, REINDEX or REFRESH runs code that others have
 * planted in their tables, as those others but within the superuser's session.
 * Such code could borrow the superuser's identity here; so there is no caller
 * in a security-restricted operation, and everything that asks for one fails.
 *
 * Errors: 42501.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "base/compat.h"

PG_FUNCTION_INFO_V1(nuvopipe_caller);
PG_FUNCTION_INFO_V1(nuvopipe_acts_for);
PG_FUNCTION_INFO_V1(nuvopipe_has_rights_of);
PG_FUNCTION_INFO_V1(nuvopipe_require_user);

static Oid
get_caller(void)
{
	if (InSecurityRestrictedOperation())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot use nuvopipe within a security-restricted operation")));
	return GetOuterUserId();
}

/* has_privs_of_role, not mere membership: a role without INHERIT has to take the other one first */
static bool
has_role(Oid caller, const char *role)
{
	Oid			oid = get_role_oid(role, true);

	return OidIsValid(oid) && has_privs_of_role(caller, oid);
}

/* _nuvopipe.caller() returns name */
Datum
nuvopipe_caller(PG_FUNCTION_ARGS)
{
	Name		name = palloc0(NAMEDATALEN);

	namestrcpy(name, GetUserNameFromId(get_caller(), false));
	PG_RETURN_NAME(name);
}

/*
 * _nuvopipe.has_rights_of(role name) returns boolean.  Superusers have the
 * rights even of a role that is gone.
 */
Datum
nuvopipe_has_rights_of(PG_FUNCTION_ARGS)
{
	Oid			caller = get_caller();

	PG_RETURN_BOOL(superuser_arg(caller) || has_role(caller, NameStr(*PG_GETARG_NAME(0))));
}

/*
 * _nuvopipe.acts_for(role name) returns boolean: may the caller see and manage
 * what role owns?  Admins may, and inherit what is left by a role that is gone.
 */
Datum
nuvopipe_acts_for(PG_FUNCTION_ARGS)
{
	Oid			caller = get_caller();

	PG_RETURN_BOOL(superuser_arg(caller) || has_role(caller, NameStr(*PG_GETARG_NAME(0))) ||
				   has_role(caller, "nuvopipe_admin"));
}

/* _nuvopipe.require_user() returns void */
Datum
nuvopipe_require_user(PG_FUNCTION_ARGS)
{
	Oid			caller = get_caller();

	if (!superuser_arg(caller) && !has_role(caller, "nuvopipe_user") && !has_role(caller, "nuvopipe_admin"))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\" may not use nuvopipe", GetUserNameFromId(caller, false)),
				 errhint("Grant it membership in \"nuvopipe_user\".")));
	PG_RETURN_VOID();
}
