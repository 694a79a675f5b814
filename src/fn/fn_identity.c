/*-------------------------------------------------------------------------
 *
 * fn_identity.c
 *		Who calls, and for whom the caller may act.
 *
 * API functions run as the owner of the extension, so current_user says
 * nothing; what counts is the role the session has taken (SET ROLE), which no
 * function can change from within.
 *
 * While a request is served for a principal whose token was checked, that
 * principal is the caller (api/caller.h), and the role is that of its runs.
 *
 * One predicate answers who may do what: nuvopipe_can, for the functions of the
 * API, for views and for row level security.
 *
 * A superuser's VACUUM, ANALYZE, REINDEX or REFRESH runs code that others have
 * planted in their tables, as those others but within the superuser's session.
 * Such code could borrow the superuser's identity here; so there is no caller
 * in a security-restricted operation, and everything that asks for one fails.
 *
 * Errors: 42501; 25006 on a standby.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

#include "api/caller.h"
#include "base/compat.h"
#include "base/process.h"

PG_FUNCTION_INFO_V1(nuvopipe_caller);
PG_FUNCTION_INFO_V1(nuvopipe_has_rights_of);
PG_FUNCTION_INFO_V1(nuvopipe_require_user);
PG_FUNCTION_INFO_V1(nuvopipe_require_right);
PG_FUNCTION_INFO_V1(nuvopipe_can);
PG_FUNCTION_INFO_V1(nuvopipe_tenant);
PG_FUNCTION_INFO_V1(nuvopipe_token_principal);

static Oid
get_caller(void)
{
	if (InSecurityRestrictedOperation())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot use nuvopipe within a security-restricted operation")));
	return nvp_caller_role();
}

/* has_privs_of_role, not mere membership: a role without INHERIT has to take the other one first */
static bool
has_role(Oid caller, const char *role)
{
	Oid			oid = get_role_oid(role, true);

	return OidIsValid(oid) && has_privs_of_role(caller, oid);
}

/* may the caller see and manage what role owns?  Admins may, and inherit what is left by a role that is gone. */
static bool
acts_for(Oid caller, const char *role)
{
	return superuser_arg(caller) || has_role(caller, role) || has_role(caller, "nuvopipe_admin");
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

static void
require_user(void)
{
	Oid			caller;

	if (nvp_caller())
		return;
	caller = get_caller();
	if (!superuser_arg(caller) && !has_role(caller, "nuvopipe_user") && !has_role(caller, "nuvopipe_admin"))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\" may not use nuvopipe", GetUserNameFromId(caller, false)),
				 errhint("Grant it membership in \"nuvopipe_user\".")));
}

/* _nuvopipe.require_user() returns void */
Datum
nuvopipe_require_user(PG_FUNCTION_ARGS)
{
	require_user();
	PG_RETURN_VOID();
}

static bool
has_right(const NvpCaller *caller, NvpVerb verb, NvpKind kind)
{
	if (kind == NVP_KIND_USERS_ONLY && caller->is_sub_org)
		return false;
	return (caller->rights & NVP_RIGHT(kind, verb)) != 0;
}

/*
 * _nuvopipe.require_right(verb text, kind text) returns void: may the caller do
 * this to any object of that kind at all?
 */
Datum
nuvopipe_require_right(PG_FUNCTION_ARGS)
{
	char	   *verb = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *kind = text_to_cstring(PG_GETARG_TEXT_PP(1));

	require_user();
	if (strcmp(verb, "read") != 0)
		nvp_refuse_on_standby();
	if (nvp_caller() && !has_right(nvp_caller(), nvp_verb_of(verb), nvp_kind_of(kind)))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("the token does not permit to %s a %s", verb, kind),
				 nvp_kind_of(kind) == NVP_KIND_USERS_ONLY ?
				 errhint("Only users of an organization may, with a token whose scopes have \"organization:%s\".", verb) :
				 errhint("The permission is \"%s\": {\"%s\": true}.", kind, verb)));
	PG_RETURN_VOID();
}

/*
 * _nuvopipe.can(verb text, kind text, owner_id uuid, owner_role name, shared
 * boolean) returns boolean: may the caller do this to an object of its own
 * organization?  shared: the object is PUBLIC, and none of a sub-organization.
 *
 * A user of the organization may do it to everything in it, a sub-organization
 * to what is its own, a database role to what is its own or belongs to roles
 * whose rights it has; all may read what is shared.
 */
Datum
nuvopipe_can(PG_FUNCTION_ARGS)
{
	const NvpCaller *caller = nvp_caller();
	NvpVerb		verb;
	bool		is_shared;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		PG_RETURN_BOOL(false);
	verb = nvp_verb_of(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	is_shared = !PG_ARGISNULL(4) && PG_GETARG_BOOL(4) && verb == NVP_VERB_READ;
	if (caller == NULL)
		PG_RETURN_BOOL(is_shared || acts_for(get_caller(), NameStr(*PG_GETARG_NAME(3))));
	if (!has_right(caller, verb, nvp_kind_of(text_to_cstring(PG_GETARG_TEXT_PP(1)))))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(is_shared || !caller->is_sub_org ||
				   memcmp(PG_GETARG_UUID_P(2), &caller->principal_id, UUID_LEN) == 0);
}

/*
 * _nuvopipe.tenant() returns uuid: the caller's organization.  Every query
 * names it, so that of a token is had without one.
 */
Datum
nuvopipe_tenant(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *tenant = palloc(sizeof(pg_uuid_t));
	oidvector  *no_args;

	if (nvp_caller())
	{
		*tenant = nvp_caller()->tenant_id;
		PG_RETURN_UUID_P(tenant);
	}
	/* looked up past the caller's rights: nobody has any on that schema */
	no_args = buildoidvector(NULL, 0);
	PG_RETURN_DATUM(OidFunctionCall0(GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
													 CStringGetDatum("role_tenant"),
													 PointerGetDatum(no_args),
													 ObjectIdGetDatum(get_namespace_oid("_nuvopipe", false)))));
}

/* _nuvopipe.token_principal() returns uuid: whose token was checked; null: the caller is a database role */
Datum
nuvopipe_token_principal(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *principal = palloc(sizeof(pg_uuid_t));

	if (nvp_caller() == NULL)
		PG_RETURN_NULL();
	*principal = nvp_caller()->principal_id;
	PG_RETURN_UUID_P(principal);
}
