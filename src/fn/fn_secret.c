/*-------------------------------------------------------------------------
 *
 * fn_secret.c
 *		Sealing of secrets, for the private SQL routines only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

#include "base/compat.h"
#include "base/secret.h"

PG_FUNCTION_INFO_V1(nuvopipe_seal);
PG_FUNCTION_INFO_V1(nuvopipe_unseal);
PG_FUNCTION_INFO_V1(nuvopipe_reseal);

/* _nuvopipe.seal(plain jsonb, id uuid, may_create boolean) returns bytea */
Datum
nuvopipe_seal(PG_FUNCTION_ARGS)
{
	Jsonb	   *secrets = PG_GETARG_JSONB_P(0);
	char	   *plain = JsonbToCString(NULL, &secrets->root, VARSIZE(secrets));
	bytea	   *sealed = nvp_secret_seal(plain, strlen(plain), PG_GETARG_UUID_P(1), PG_GETARG_BOOL(2));

	nvp_secret_wipe(plain, strlen(plain));
	PG_RETURN_BYTEA_P(sealed);
}

/* _nuvopipe.unseal(sealed bytea, id uuid) returns jsonb */
Datum
nuvopipe_unseal(PG_FUNCTION_ARGS)
{
	size_t		length;
	char	   *plain = nvp_secret_unseal(PG_GETARG_BYTEA_PP(0), PG_GETARG_UUID_P(1), &length);
	Datum		secrets = DirectFunctionCall1(jsonb_in, CStringGetDatum(plain));

	nvp_secret_wipe(plain, length);
	PG_RETURN_DATUM(secrets);
}

/* _nuvopipe.reseal(sealed bytea, id uuid) returns bytea: null if it is sealed with the key that seals now */
Datum
nuvopipe_reseal(PG_FUNCTION_ARGS)
{
	bytea	   *sealed = PG_GETARG_BYTEA_PP(0);
	size_t		length;
	char	   *plain;
	bytea	   *again;

	if (nvp_secret_is_current(sealed))
		PG_RETURN_NULL();
	plain = nvp_secret_unseal(sealed, PG_GETARG_UUID_P(1), &length);
	again = nvp_secret_seal(plain, length, PG_GETARG_UUID_P(1), false);
	nvp_secret_wipe(plain, length);
	PG_RETURN_BYTEA_P(again);
}
