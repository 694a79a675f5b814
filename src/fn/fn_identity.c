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
 * Most calls come from a role that has a principal, or with a token, and name
 * something of the caller's own.  That is answered here, by keys; everything
 * else, and every refusal, is left to SQL (routine/identity.sql, lookup.sql).
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

#include <ctype.h>

#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

#include "api/caller.h"
#include "base/compat.h"
#include "base/process.h"
#include "base/table.h"
#include "fn/fn_identity.h"

PG_FUNCTION_INFO_V1(nuvopipe_caller);
PG_FUNCTION_INFO_V1(nuvopipe_has_rights_of);
PG_FUNCTION_INFO_V1(nuvopipe_require_user);
PG_FUNCTION_INFO_V1(nuvopipe_require_right);
PG_FUNCTION_INFO_V1(nuvopipe_can);
PG_FUNCTION_INFO_V1(nuvopipe_tenant);
PG_FUNCTION_INFO_V1(nuvopipe_token_principal);
PG_FUNCTION_INFO_V1(nuvopipe_me);
PG_FUNCTION_INFO_V1(nuvopipe_find);

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

/* nvp_require_right: may the caller do this to any object of that kind at all?  42501, 25006 */
void
nvp_require_right(const char *verb, const char *kind)
{
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
}

/* _nuvopipe.require_right(verb text, kind text) returns void */
Datum
nuvopipe_require_right(PG_FUNCTION_ARGS)
{
	nvp_require_right(text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1)));
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

/* the principal of a database role */
typedef struct Own
{
	pg_uuid_t	id;
	pg_uuid_t	tenant_id;
	bool		is_deleted;
} Own;

static bool
find_own(Own *own)
{
	NvpTable	table;
	NameData	role;
	Datum		key = NameGetDatum(&role);
	bool		found;

	namestrcpy(&role, GetUserNameFromId(get_caller(), false));
	nvp_table_look(&table, "principal");
	found = nvp_table_find(&table, "principal_database_role_key", 1, &key);
	if (found)
	{
		nvp_table_get_uuid(&table, "id", &own->id);
		nvp_table_get_uuid(&table, "tenant_id", &own->tenant_id);
		own->is_deleted = nvp_table_get_time(&table, "deleted_at") != 0;
	}
	nvp_table_close(&table);
	return found;
}

/* a function in SQL that knows more; looked up past the caller's rights: nobody has any on that schema */
static Oid
own_function(const char *name, int nargs)
{
	const Oid	types[] = {TEXTOID, TEXTOID, TEXTOID};

	Assert(nargs <= lengthof(types));
	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name),
						   PointerGetDatum(buildoidvector(types, nargs)),
						   ObjectIdGetDatum(get_namespace_oid("_nuvopipe", false)));
}

/*
 * _nuvopipe.tenant() returns uuid: the caller's organization.  Every query
 * names it, so that of a token is had without a look at a table.
 */
Datum
nuvopipe_tenant(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *tenant = palloc(sizeof(pg_uuid_t));
	Own			own;

	if (nvp_caller())
		*tenant = nvp_caller()->tenant_id;
	else if (find_own(&own) && !own.is_deleted)
		*tenant = own.tenant_id;
	else
		PG_RETURN_DATUM(OidFunctionCall0(own_function("role_tenant", 0)));
	PG_RETURN_UUID_P(tenant);
}

/* nvp_me gives the caller's principal, made on first use. */
void
nvp_me(pg_uuid_t *id)
{
	Own			own;

	require_user();
	if (nvp_caller())
		*id = nvp_caller()->principal_id;
	else if (find_own(&own))
		*id = own.id;
	else
		*id = *DatumGetUUIDP(OidFunctionCall0(own_function("make_me", 0)));
}

/* _nuvopipe.me() returns uuid */
Datum
nuvopipe_me(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));

	nvp_me(id);
	PG_RETURN_UUID_P(id);
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

/* ---- looking things up ------------------------------------------------------ */

static const char *
table_of_kind(const char *kind)
{
	static const char *const same[] = {"pipeline", "connector", "tdm", "calendar", "webhook", "trigger"};

	for (int i = 0; i < lengthof(same); i++)
	{
		if (strcmp(kind, same[i]) == 0)
			return same[i];
	}
	return strcmp(kind, "template") == 0 ? "pipeline_template" : NULL;
}

/* as _nuvopipe.is_uuid */
static bool
is_uuid(const char *ref)
{
	for (int i = 0; i < 36; i++)
	{
		if (i == 8 || i == 13 || i == 18 || i == 23 ? ref[i] != '-' : !isxdigit((unsigned char) ref[i]))
			return false;
	}
	return ref[36] == '\0';
}

/* something by its id, if it is the caller's own, or of an organization in which he may do it to all */
static bool
find_by_id(const char *name, const char *ref, const Own *own, pg_uuid_t *id)
{
	NvpTable	table;
	pg_uuid_t  *wanted = DatumGetUUIDP(DirectFunctionCall1(uuid_in, CStringGetDatum(ref)));
	pg_uuid_t	tenant_id;
	pg_uuid_t	owner_id;
	bool		found;

	found = nvp_table_look_up(&table, name, psprintf("%s_pkey", name), wanted);
	if (found)
	{
		nvp_table_get_uuid(&table, "id", id);
		nvp_table_get_uuid(&table, "tenant_id", &tenant_id);
		nvp_table_get_uuid(&table, "owner_id", &owner_id);
		found = memcmp(&tenant_id, &own->tenant_id, UUID_LEN) == 0 &&
			(memcmp(&owner_id, &own->id, UUID_LEN) == 0 || (nvp_caller() && !nvp_caller()->is_sub_org));
	}
	nvp_table_close(&table);
	return found;
}

/* names are unique among what one owner has, and the caller's own come first */
static bool
find_by_name(const char *name, const char *ref, const Own *own, pg_uuid_t *id)
{
	NvpTable	table;
	Datum		keys[] = {UUIDPGetDatum(&own->tenant_id), UUIDPGetDatum(&own->id), CStringGetTextDatum(ref)};
	bool		found;

	nvp_table_look(&table, name);
	found = nvp_table_find(&table, psprintf("%s_name_key", name), lengthof(keys), keys);
	if (found)
		nvp_table_get_uuid(&table, "id", id);
	nvp_table_close(&table);
	return found;
}

static bool
find_simply(const char *kind, const char *ref, pg_uuid_t *id)
{
	const NvpCaller *caller = nvp_caller();
	const char *name = table_of_kind(kind);
	Own			own;

	if (name == NULL)
		return false;
	if (caller)
	{
		/* that he may do it was asked before; he must see it, too */
		if (!has_right(caller, NVP_VERB_READ, nvp_kind_of(kind)))
			return false;
		own.id = caller->principal_id;
		own.tenant_id = caller->tenant_id;
	}
	else if (!find_own(&own) || own.is_deleted)
		return false;
	return is_uuid(ref) ? find_by_id(name, ref, &own, id) : find_by_name(name, ref, &own, id);
}

/*
 * nvp_find gives the id of an object, by its name or id, on which the caller may
 * do verb; read is to use it.
 *
 * in: ref may be NULL, for nothing was said.
 * errors: 42501, 42704, 42P09 for a name that means several, 22004 for NULL.
 */
void
nvp_find(const char *kind, const char *ref, const char *verb, pg_uuid_t *id)
{
	nvp_require_right(verb, kind);
	if (ref == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must be given", kind),
				 errhint("Give the name or the id of a %s.", kind)));
	if (!find_simply(kind, ref, id))
		*id = *DatumGetUUIDP(OidFunctionCall3(own_function("find_any", 3), CStringGetTextDatum(kind),
											  CStringGetTextDatum(ref), CStringGetTextDatum(verb)));
}

/* _nuvopipe.find(kind text, ref text, verb text) returns uuid */
Datum
nuvopipe_find(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	nvp_find(text_to_cstring(PG_GETARG_TEXT_PP(0)), PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1)),
			 text_to_cstring(PG_GETARG_TEXT_PP(2)), id);
	PG_RETURN_UUID_P(id);
}
