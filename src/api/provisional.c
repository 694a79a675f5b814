#include "postgres.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "api/token.h"
#include "api/limit.h"
NvpTokenState nvp_token_check(const char *token, NvpCaller *caller) { memset(caller, 0, sizeof(*caller)); return NVP_TOKEN_INVALID; }
NvpTokenState nvp_token_check_id(const pg_uuid_t *id, NvpCaller *caller) { return NVP_TOKEN_INVALID; }
int nvp_limit_take(NvpLimitClass l, const void *k, size_t n) { return 0; }
int nvp_limit_peek(NvpLimitClass l, const void *k, size_t n) { return 0; }
