/*-------------------------------------------------------------------------
 *
 * fn_token.c
 *		Tokens, passwords and limits, for the private SQL routines only.
 *
 * Nothing here makes anybody the caller: that is done by the entry of a request
 * alone (api/request.h).
 *
 * Errors: those of api/token.h; 22023 for an unknown class of limit.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "api/caller.h"
#include "api/limit.h"
#include "api/password.h"
#include "api/token.h"
#include "base/compat.h"
#include "base/secret.h"

PG_FUNCTION_INFO_V1(nuvopipe_caller_rights);
PG_FUNCTION_INFO_V1(nuvopipe_caller_is_owner);
PG_FUNCTION_INFO_V1(nuvopipe_peer);
PG_FUNCTION_INFO_V1(nuvopipe_check_token);
PG_FUNCTION_INFO_V1(nuvopipe_sign_token);
PG_FUNCTION_INFO_V1(nuvopipe_forget_tokens);
PG_FUNCTION_INFO_V1(nuvopipe_new_secret);
PG_FUNCTION_INFO_V1(nuvopipe_password_secret);
PG_FUNCTION_INFO_V1(nuvopipe_password_matches);
PG_FUNCTION_INFO_V1(nuvopipe_limit_take);
PG_FUNCTION_INFO_V1(nuvopipe_limit_peek);

/* _nuvopipe.caller_rights() returns int: those of the token; null: the caller is a database role */
Datum
nuvopipe_caller_rights(PG_FUNCTION_ARGS)
{
	if (nvp_caller() == NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT32((int32) nvp_caller()->rights);
}

/* _nuvopipe.caller_is_owner() returns boolean: a user with role OWNER; null: the caller is a database role */
Datum
nuvopipe_caller_is_owner(PG_FUNCTION_ARGS)
{
	if (nvp_caller() == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BOOL(nvp_caller()->is_owner && !nvp_caller()->is_sub_org);
}

/* _nuvopipe.peer() returns text: address of the client whose request is served; null: unknown, or none is served */
Datum
nuvopipe_peer(PG_FUNCTION_ARGS)
{
	if (nvp_peer() == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(nvp_peer()));
}

static const char *
state_word(NvpTokenState state)
{
	switch (state)
	{
		case NVP_TOKEN_OK:
			return "valid";
		case NVP_TOKEN_EXPIRED:
			return "expired";
		case NVP_TOKEN_REVOKED:
			return "revoked";
		case NVP_TOKEN_INVALID:
			break;
	}
	return "invalid";
}

/* _nuvopipe.check_token(token text, OUT state text, OUT token_id uuid); token_id is null for what is no token of ours */
Datum
nuvopipe_check_token(PG_FUNCTION_ARGS)
{
	char	   *token = text_to_cstring(PG_GETARG_TEXT_PP(0));
	NvpCaller	caller;
	NvpTokenState state = nvp_token_check(token, &caller);
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2] = {false, state == NVP_TOKEN_INVALID};

	nvp_secret_wipe(token, strlen(token));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("a row type is expected")));
	values[0] = CStringGetTextDatum(state_word(state));
	values[1] = UUIDPGetDatum(&caller.token_id);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* _nuvopipe.sign_token(token_id uuid) returns text */
Datum
nuvopipe_sign_token(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(nvp_token_sign(PG_GETARG_UUID_P(0))));
}

/* _nuvopipe.new_secret(prefix text) returns text */
Datum
nuvopipe_new_secret(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(nvp_token_secret(text_to_cstring(PG_GETARG_TEXT_PP(0)))));
}

/* _nuvopipe.password_secret(password text) returns text */
Datum
nuvopipe_password_secret(PG_FUNCTION_ARGS)
{
	char	   *password = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *secret = nvp_password_secret(password);

	nvp_secret_wipe(password, strlen(password));
	PG_RETURN_TEXT_P(cstring_to_text(secret));
}

/* _nuvopipe.password_matches(identifier text, password text, secret text) returns boolean; secret null: same work, false */
Datum
nuvopipe_password_matches(PG_FUNCTION_ARGS)
{
	char	   *password;
	bool		matches;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_BOOL(false);
	password = text_to_cstring(PG_GETARG_TEXT_PP(1));
	matches = nvp_password_matches(text_to_cstring(PG_GETARG_TEXT_PP(0)), password,
								   PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2)));
	nvp_secret_wipe(password, strlen(password));
	PG_RETURN_BOOL(matches);
}

static NvpLimitClass
limit_of(const char *word)
{
	if (strcmp(word, "auth") == 0)
		return NVP_LIMIT_AUTH;
	if (strcmp(word, "auth_address") == 0)
		return NVP_LIMIT_AUTH_ADDRESS;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown class of limit \"%s\"", word),
			 errhint("Known are auth, auth_address.")));
}

/* _nuvopipe.limit_take(class text, key text) returns int: 0, or after how many seconds to ask again */
Datum
nuvopipe_limit_take(PG_FUNCTION_ARGS)
{
	text	   *key = PG_GETARG_TEXT_PP(1);

	PG_RETURN_INT32(nvp_limit_take(limit_of(text_to_cstring(PG_GETARG_TEXT_PP(0))), VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key)));
}

/* _nuvopipe.limit_peek(class text, key text) returns int: as limit_take, and takes nothing */
Datum
nuvopipe_limit_peek(PG_FUNCTION_ARGS)
{
	text	   *key = PG_GETARG_TEXT_PP(1);

	PG_RETURN_INT32(nvp_limit_peek(limit_of(text_to_cstring(PG_GETARG_TEXT_PP(0))), VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key)));
}

/* _nuvopipe.forget_tokens() returns void: to be called by whatever changes what a token may */
Datum
nuvopipe_forget_tokens(PG_FUNCTION_ARGS)
{
	nvp_token_forget();
	PG_RETURN_VOID();
}
