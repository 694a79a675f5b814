#include "postgres.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "api/token.h"
#include "api/limit.h"
#include "api/query_string.h"
NvpTokenState nvp_token_check(const char *token, NvpCaller *caller) { memset(caller, 0, sizeof(*caller)); return NVP_TOKEN_INVALID; }
NvpTokenState nvp_token_check_id(const pg_uuid_t *id, NvpCaller *caller) { return NVP_TOKEN_INVALID; }
int nvp_limit_take(NvpLimitClass l, const void *k, size_t n) { return 0; }
int nvp_limit_peek(NvpLimitClass l, const void *k, size_t n) { return 0; }
Jsonb *nvp_query_string_parse(const char *q) { return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}"))); }
char *nvp_percent_decode(const char *t, size_t n, bool p) { return pnstrdup(t, n); }
