/*-------------------------------------------------------------------------
 *
 * fn_list.c
 *		Reading and lists for the operations of the API.
 *
 * Errors: those of api/list.h and api/query_string.h; 42501 for a caller that
 *		   may not read such objects at all.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

#include "api/caller.h"
#include "api/list.h"
#include "api/query_string.h"
#include "base/compat.h"
#include "base/iso.h"

/* fn_identity.c */
extern Datum nuvopipe_require_right(PG_FUNCTION_ARGS);
extern Datum nuvopipe_tenant(PG_FUNCTION_ARGS);

PG_FUNCTION_INFO_V1(nuvopipe_parse_query);
PG_FUNCTION_INFO_V1(nuvopipe_api_id);
PG_FUNCTION_INFO_V1(nuvopipe_api_read);
PG_FUNCTION_INFO_V1(nuvopipe_api_list);
PG_FUNCTION_INFO_V1(nuvopipe_actor);
PG_FUNCTION_INFO_V1(nuvopipe_iso);

/* _nuvopipe.parse_query(query text) returns jsonb */
Datum
nuvopipe_parse_query(PG_FUNCTION_ARGS)
{
	PG_RETURN_JSONB_P(nvp_query_string_parse(text_to_cstring(PG_GETARG_TEXT_PP(0))));
}

static pg_uuid_t *
get_tenant(void)
{
	LOCAL_FCINFO(fcinfo, 0);

	InitFunctionCallInfoData(*fcinfo, NULL, 0, InvalidOid, NULL, NULL);
	return DatumGetUUIDP(nuvopipe_tenant(fcinfo));
}

static void
set_omit(NvpListCall *call, ArrayType *array)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	call->omit = palloc(Max(n, 1) * sizeof(char *));
	for (int i = 0; i < n; i++)
		if (!nulls[i])
			call->omit[call->nomit++] = TextDatumGetCString(elements[i]);
}

/*
 * begin_call finds out who asks, for what, and whether he may at all.  A user
 * of the organization whose token lets him read such objects sees all of it.
 */
static void
begin_call(NvpListCall *call, text *resource, text *kind, ArrayType *omit)
{
	memset(call, 0, sizeof(NvpListCall));
	call->resource = text_to_cstring(resource);
	call->kind = kind ? text_to_cstring(kind) : call->resource;
	DirectFunctionCall2(nuvopipe_require_right, CStringGetTextDatum("read"), CStringGetTextDatum(call->kind));
	call->tenant = get_tenant();
	call->sees_all = nvp_caller() && !nvp_caller()->is_sub_org;
	if (omit)
		set_omit(call, omit);
}

static void
require_args(FunctionCallInfo fcinfo, int n)
{
	for (int i = 0; i < n; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("argument %d must not be null", i + 1));
}

/* just the form that uuid_out writes, in letters of either case */
static bool
is_uuid(const char *text)
{
	for (int i = 0; i < 36; i++)
	{
		bool		is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_dash ? text[i] != '-' : !isxdigit((unsigned char) text[i]))
			return false;
	}
	return text[36] == '\0';
}

/* _nuvopipe.api_id(kind text, ref text) returns uuid */
Datum
nuvopipe_api_id(PG_FUNCTION_ARGS)
{
	char	   *ref = PG_ARGISNULL(1) ? pstrdup("") : text_to_cstring(PG_GETARG_TEXT_PP(1));

	if (!is_uuid(ref))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("%s \"%s\" does not exist", text_to_cstring(PG_GETARG_TEXT_PP(0)), ref));
	PG_RETURN_DATUM(DirectFunctionCall1(uuid_in, CStringGetDatum(ref)));
}

/* _nuvopipe.api_read(resource text, id uuid, omit text[], kind text) returns jsonb */
Datum
nuvopipe_api_read(PG_FUNCTION_ARGS)
{
	NvpListCall call;

	require_args(fcinfo, 2);
	begin_call(&call, PG_GETARG_TEXT_PP(0), PG_ARGISNULL(3) ? NULL : PG_GETARG_TEXT_PP(3),
			   PG_ARGISNULL(2) ? NULL : PG_GETARG_ARRAYTYPE_P(2));
	PG_RETURN_JSONB_P(nvp_list_read(&call, PG_GETARG_UUID_P(1)));
}

/* _nuvopipe.api_list(resource text, args jsonb, omit text[], tie jsonb, max_limit int, kind text) returns jsonb */
Datum
nuvopipe_api_list(PG_FUNCTION_ARGS)
{
	NvpListCall call;

	require_args(fcinfo, 1);
	begin_call(&call, PG_GETARG_TEXT_PP(0), PG_ARGISNULL(5) ? NULL : PG_GETARG_TEXT_PP(5),
			   PG_ARGISNULL(2) ? NULL : PG_GETARG_ARRAYTYPE_P(2));
	PG_RETURN_JSONB_P(nvp_list_page(&call, PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1),
									PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3),
									PG_ARGISNULL(4) ? NVP_LIST_DEFAULT_MAX : PG_GETARG_INT32(4)));
}

static void
push_pair(JsonbParseState **state, const char *name, char *text)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = (char *) name;
	value.val.string.len = strlen(name);
	pushJsonbValue(state, WJB_KEY, &value);
	value.val.string.val = text;
	value.val.string.len = strlen(text);
	pushJsonbValue(state, WJB_VALUE, &value);
}

/* _nuvopipe.actor(id uuid, name text, identifier text, kind text) returns jsonb: {"id", "name", "identifier", "type"} */
Datum
nuvopipe_actor(PG_FUNCTION_ARGS)
{
	JsonbParseState *state = NULL;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_pair(&state, "id", DatumGetCString(DirectFunctionCall1(uuid_out, PG_GETARG_DATUM(0))));
	if (!PG_ARGISNULL(1))
		push_pair(&state, "name", text_to_cstring(PG_GETARG_TEXT_PP(1)));
	if (!PG_ARGISNULL(2))
		push_pair(&state, "identifier", text_to_cstring(PG_GETARG_TEXT_PP(2)));
	if (!PG_ARGISNULL(3))
		push_pair(&state, "type", strcmp(text_to_cstring(PG_GETARG_TEXT_PP(3)), "SUB_ORG") == 0 ? "SUB_ORG" : "USER");
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}

/* _nuvopipe.iso(time timestamptz) returns text */
Datum
nuvopipe_iso(PG_FUNCTION_ARGS)
{
	char		text[NVP_ISO_BYTES];
	int			len = nvp_iso_write(PG_GETARG_TIMESTAMPTZ(0), 3, text);

	PG_RETURN_TEXT_P(cstring_to_text_with_len(text, len));
}
