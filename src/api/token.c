/*-------------------------------------------------------------------------
 *
 * token.c
 *		Tokens: what lets a request in.
 *
 * Flow:	API key: digest --> row.
 *			JWT: three parts --> header --> key of the "kid" --> signature -->
 *			"jti" --> row, which must name the same key.
 *
 * Only this file makes our tokens, always in one form: the header is compared
 * with that form and not parsed, and "jti" is the first claim.  So no other
 * algorithm, no "none", and no JSON of a stranger gets anywhere.  Nothing of the
 * claims is looked at before the signature is right.
 *
 * Signing keys never change, so each is unsealed once and stays in the memory of
 * the process.  Whatever can change (revocation, expiry, rights, a principal or a
 * key that is gone) is read from the rows, and remembered until somebody changes
 * one of them: functions that do send an invalidation with their commit
 * (nvp_token_forget), which every process takes in before its next transaction.
 * Rows that a superuser changed by hand count after a few seconds.  A transaction
 * that has written something itself trusts the rows alone.
 *
 * Memory: keys live as long as the process; text is in the current context.
 * Errors: those of base/secret.h when a key is read; a token that is wrong is
 *		   no error but a state.
 * Source: RFC 7515 (compact form, base64url), RFC 7518 section 3.2 (HS256),
 *		   RFC 7519.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sodium.h>

#include "access/xact.h"
#include "catalog/namespace.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "api/token.h"
#include "base/jsonb.h"
#include "base/query.h"
#include "base/secret.h"

#define MAX_TOKEN		4096
#define MAX_REMEMBERED	4096
#define REMEMBERED_MS	5000
#define UUID_TEXT		36
#define HEADER_START	"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\""
#define HEADER_END		"\"}"
#define CLAIMS_START	"{\"jti\":\""
#define API_KEY_START	"nvp_"
#define API_KEY_LEN		(sizeof(API_KEY_START) - 1 + 43)
#define BASE64URL		sodium_base64_VARIANT_URLSAFE_NO_PADDING

typedef struct NvpSigningKey
{
	pg_uuid_t	id;				/* hash key: "kid" */
	unsigned char bytes[crypto_auth_hmacsha256_KEYBYTES];
} NvpSigningKey;

typedef struct NvpKnownToken
{
	pg_uuid_t	id;				/* hash key */
	pg_uuid_t	signing_key;
	NvpCaller	caller;
	TimestampTz read_at;
} NvpKnownToken;

/* Rights of users only have no bits of a principal's: a token's scopes may still leave them out. */
#define TOKEN_ROW \
	"SELECT t.id, t.tenant_id, t.principal_id, t.signing_key_id, t.expires_at," \
	"		t.revoked_at IS NOT NULL OR p.deleted_at IS NOT NULL OR k.revoked_at IS NOT NULL," \
	"		p.kind = 'SUB_ORG', p.role = 'OWNER', (p.rights | 983040) & t.rights," \
	"		coalesce(p.database_role, g.database_role, 'nuvopipe_tenant')" \
	"	FROM _nuvopipe.token t" \
	"		JOIN _nuvopipe.principal p ON p.id = t.principal_id AND p.tenant_id = t.tenant_id AND p.kind <> 'ROLE'" \
	"		JOIN _nuvopipe.organization g ON g.id = t.tenant_id" \
	"		LEFT JOIN _nuvopipe.signing_key k ON k.id = t.signing_key_id "

/* ---- small things --------------------------------------------------------- */

static void
require_sodium(void)
{
	static bool ready = false;

	if (!ready && sodium_init() < 0)
		ereport(ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("could not initialize the cryptographic library")));
	ready = true;
}

/* exactly the form that uuid_out writes */
static bool
read_uuid(const unsigned char *text, pg_uuid_t *id)
{
	for (int i = 0; i < UUID_LEN; i++)
	{
		int			value = 0;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return false;
		for (int digit = 0; digit < 2; digit++, text++)
		{
			if (*text >= '0' && *text <= '9')
				value = value * 16 + *text - '0';
			else if (*text >= 'a' && *text <= 'f')
				value = value * 16 + *text - 'a' + 10;
			else
				return false;
		}
		id->data[i] = value;
	}
	return true;
}

/* strict: no padding, no blanks, no bits left over; the number of bytes or -1 */
static int
decode(const char *text, size_t len, unsigned char *out, size_t room)
{
	size_t		bytes;

	if (sodium_base642bin(out, room, text, len, NULL, &bytes, NULL, BASE64URL) != 0)
		return -1;
	return (int) bytes;
}

static void
append_encoded(StringInfo out, const void *data, size_t len)
{
	size_t		room = sodium_base64_encoded_len(len, BASE64URL);

	enlargeStringInfo(out, room);
	sodium_bin2base64(out->data + out->len, room, data, len, BASE64URL);
	out->len += room - 1;		/* it counts the zero byte */
}

/* ---- signing keys ------------------------------------------------------------ */

static HTAB *
known_keys(void)
{
	static HTAB *keys = NULL;

	if (keys == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(pg_uuid_t),.entrysize = sizeof(NvpSigningKey),.hcxt = TopMemoryContext};

		keys = hash_create("nuvopipe signing keys", 8, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	return keys;
}

/* {"k": base64url} */
static bool
read_key(const char *plain, unsigned char *bytes)
{
	Jsonb	   *object = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(plain)));
	char	   *text = nvp_jsonb_text(&object->root, NULL, "k", "");
	bool		is_key = decode(text, strlen(text), bytes, crypto_auth_hmacsha256_KEYBYTES) == crypto_auth_hmacsha256_KEYBYTES;

	nvp_secret_wipe(text, strlen(text));
	nvp_secret_wipe(object, VARSIZE(object));
	return is_key;
}

/* The key of that id, unsealed when it is wanted for the first time; NULL if there is none. */
static const NvpSigningKey *
get_key(const pg_uuid_t *id)
{
	NvpSigningKey key = {.id = *id};
	NvpSigningKey *known = hash_search(known_keys(), id, HASH_FIND, NULL);
	NvpQuery	query;
	bytea	   *sealed = NULL;
	char	   *plain;
	size_t		length;
	bool		is_key;

	if (known)
		return known;
	nvp_query_open(&query);
	nvp_arg_uuid(&query, id);
	if (nvp_query_exec(&query, "SELECT k.sealed FROM _nuvopipe.signing_key k WHERE k.id = $1") == 1)
		sealed = nvp_get_bytea(&query, 0, 0);
	nvp_query_close(&query);
	if (sealed == NULL)
		return NULL;
	plain = nvp_secret_unseal(sealed, id, &length);
	is_key = read_key(plain, key.bytes);
	nvp_secret_wipe(plain, length);
	if (!is_key)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("stored signing key is damaged"),
				 errhint("Make a new one with nuvopipe.rotate_signing_key(true).")));
	known = hash_search(known_keys(), id, HASH_ENTER, NULL);
	*known = key;
	nvp_secret_wipe(&key, sizeof(key));
	return known;
}

/* ---- what the rows say ------------------------------------------------------- */

/* What the row of a token says.  in: signing_key: which the row must name, or NULL. */
static NvpTokenState
judge(NvpQuery *query, uint64 rows, const pg_uuid_t *signing_key, NvpCaller *caller)
{
	pg_uuid_t	named;
	char	   *role;

	if (rows != 1)
		return NVP_TOKEN_INVALID;
	if (signing_key && (!nvp_get_uuid(0, 3, &named) || memcmp(&named, signing_key, UUID_LEN) != 0))
		return NVP_TOKEN_INVALID;
	nvp_get_uuid(0, 0, &caller->token_id);
	nvp_get_uuid(0, 1, &caller->tenant_id);
	nvp_get_uuid(0, 2, &caller->principal_id);
	caller->expires_at = nvp_get_isnull(0, 4) ? DT_NOEND : nvp_get_time(0, 4);
	caller->is_sub_org = nvp_get_bool(0, 6);
	caller->is_owner = nvp_get_bool(0, 7);
	caller->rights = (uint32) nvp_get_int4(0, 8);
	role = nvp_get_text(query, 0, 9);
	namestrcpy(&caller->role, role);
	pfree(role);
	if (nvp_get_bool(0, 5))
		return NVP_TOKEN_REVOKED;
	return caller->expires_at <= GetCurrentTimestamp() ? NVP_TOKEN_EXPIRED : NVP_TOKEN_OK;
}

/* ---- what is remembered ------------------------------------------------------- */

static HTAB *remembered = NULL;
static Oid	token_relation = InvalidOid;

static void
forget_all(Datum arg, Oid relation)
{
	if (remembered == NULL || (OidIsValid(relation) && relation != token_relation))
		return;
	hash_destroy(remembered);
	remembered = NULL;
}

static Oid
find_relation(void)
{
	return get_relname_relid("token", get_namespace_oid("_nuvopipe", false));
}

/* nvp_token_forget: see token.h */
void
nvp_token_forget(void)
{
	CacheInvalidateRelcacheByRelid(find_relation());
}

/* a caller whose rows were read a moment ago, and not changed since */
static bool
recall(const pg_uuid_t *token_id, const pg_uuid_t *signing_key, NvpCaller *caller)
{
	NvpKnownToken *known;
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	if (remembered == NULL || TransactionIdIsValid(GetTopTransactionIdIfAny()))
		return false;
	known = hash_search(remembered, token_id, HASH_FIND, NULL);
	if (known == NULL || now > known->read_at + REMEMBERED_MS * INT64CONST(1000) ||
		known->caller.expires_at <= now || memcmp(&known->signing_key, signing_key, UUID_LEN) != 0)
		return false;
	*caller = known->caller;
	return true;
}

static void
remember(const pg_uuid_t *signing_key, const NvpCaller *caller)
{
	static bool registered = false;
	HASHCTL		ctl = {.keysize = sizeof(pg_uuid_t),.entrysize = sizeof(NvpKnownToken),.hcxt = TopMemoryContext};
	NvpKnownToken *known;

	if (TransactionIdIsValid(GetTopTransactionIdIfAny()))
		return;
	if (!registered)
		CacheRegisterRelcacheCallback(forget_all, (Datum) 0);
	registered = true;
	if (remembered && hash_get_num_entries(remembered) >= MAX_REMEMBERED)
		forget_all((Datum) 0, InvalidOid);
	if (remembered == NULL)
	{
		token_relation = find_relation();
		remembered = hash_create("nuvopipe tokens", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	known = hash_search(remembered, &caller->token_id, HASH_ENTER, NULL);
	known->signing_key = *signing_key;
	known->caller = *caller;
	known->read_at = GetCurrentTransactionStartTimestamp();
}

/* ---- looking at a token ------------------------------------------------------ */

static NvpTokenState
read_row(const pg_uuid_t *token_id, const pg_uuid_t *signing_key, NvpCaller *caller)
{
	NvpQuery	query;
	NvpTokenState state;

	nvp_query_open(&query);
	nvp_arg_uuid(&query, token_id);
	state = judge(&query, nvp_query_read(&query, TOKEN_ROW "WHERE t.id = $1", NVP_PLAN_GENERIC, 1), signing_key, caller);
	nvp_query_close(&query);
	return state;
}

static NvpTokenState
check_id(const pg_uuid_t *token_id, const pg_uuid_t *signing_key, NvpCaller *caller)
{
	NvpTokenState state;

	if (recall(token_id, signing_key, caller))
		return NVP_TOKEN_OK;
	state = read_row(token_id, signing_key, caller);
	if (state == NVP_TOKEN_OK)
		remember(signing_key, caller);
	return state;
}

/* nvp_token_check_id: see token.h */
NvpTokenState
nvp_token_check_id(const pg_uuid_t *token_id, NvpCaller *caller)
{
	return read_row(token_id, NULL, caller);
}

static NvpTokenState
check_api_key(const char *token, size_t len, NvpCaller *caller)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	NvpQuery	query;
	NvpTokenState state;

	if (len != API_KEY_LEN)
		return NVP_TOKEN_INVALID;
	crypto_hash_sha256(digest, (const unsigned char *) token, len);
	nvp_query_open(&query);
	nvp_arg_bytea(&query, (const char *) digest, sizeof(digest));
	state = judge(&query, nvp_query_read(&query, TOKEN_ROW "WHERE t.digest = $1", NVP_PLAN_GENERIC, 1), NULL, caller);
	nvp_query_close(&query);
	return state;
}

/* "kid" of a header that is exactly one of ours */
static bool
read_header(const char *text, size_t len, pg_uuid_t *kid)
{
	const size_t start = sizeof(HEADER_START) - 1;
	const size_t end = sizeof(HEADER_END) - 1;
	unsigned char header[sizeof(HEADER_START) + UUID_TEXT + sizeof(HEADER_END)];

	return decode(text, len, header, sizeof(header)) == start + UUID_TEXT + end &&
		memcmp(header, HEADER_START, start) == 0 &&
		memcmp(header + start + UUID_TEXT, HEADER_END, end) == 0 &&
		read_uuid(header + start, kid);
}

/* "jti" of claims whose signature is right: 45 bytes, just what 60 characters hold; the rest is for those who look */
static bool
read_claims(const char *text, size_t len, pg_uuid_t *jti)
{
	const size_t start = sizeof(CLAIMS_START) - 1;
	unsigned char claims[sizeof(CLAIMS_START) + UUID_TEXT];

	StaticAssertStmt((sizeof(CLAIMS_START) + UUID_TEXT) % 3 == 0, "whole groups of base64");
	return len >= sizeof(claims) / 3 * 4 &&
		decode(text, sizeof(claims) / 3 * 4, claims, sizeof(claims)) == sizeof(claims) &&
		memcmp(claims, CLAIMS_START, start) == 0 &&
		claims[start + UUID_TEXT] == '"' &&
		read_uuid(claims + start, jti);
}

static NvpTokenState
check_jwt(const char *token, size_t len, NvpCaller *caller)
{
	const char *claims = memchr(token, '.', len);
	const char *signature = claims ? strchr(claims + 1, '.') : NULL;
	unsigned char given[crypto_auth_hmacsha256_BYTES];
	const NvpSigningKey *key;
	pg_uuid_t	kid;
	pg_uuid_t	jti;

	if (signature == NULL ||
		decode(signature + 1, token + len - signature - 1, given, sizeof(given)) != sizeof(given) ||
		!read_header(token, claims - token, &kid))
		return NVP_TOKEN_INVALID;
	key = get_key(&kid);
	if (key == NULL ||
		crypto_auth_hmacsha256_verify(given, (const unsigned char *) token, signature - token, key->bytes) != 0 ||
		!read_claims(claims + 1, signature - claims - 1, &jti))
		return NVP_TOKEN_INVALID;
	return check_id(&jti, &kid, caller);
}

/* nvp_token_check: see token.h */
NvpTokenState
nvp_token_check(const char *token, NvpCaller *caller)
{
	size_t		len = strnlen(token, MAX_TOKEN + 1);

	require_sodium();
	memset(caller, 0, sizeof(*caller));
	if (len > MAX_TOKEN)
		return NVP_TOKEN_INVALID;
	if (strncmp(token, API_KEY_START, sizeof(API_KEY_START) - 1) == 0)
		return check_api_key(token, len, caller);
	return check_jwt(token, len, caller);
}

/* ---- making one --------------------------------------------------------------- */

static void
append_claim(NvpQuery *query, StringInfo claims, const char *name, int col)
{
	appendStringInfo(claims, ",\"%s\":", name);
	escape_json(claims, nvp_get_text(query, 0, col));
}

/* JSON of the claims; what follows "jti" is for those who look */
static void
write_claims(NvpQuery *query, StringInfo claims)
{
	appendStringInfo(claims, CLAIMS_START "%s\",\"iss\":\"nuvopipe\"", nvp_get_text(query, 0, 0));
	append_claim(query, claims, "sub", 2);
	append_claim(query, claims, "identifier", 3);
	append_claim(query, claims, "type", 4);
	append_claim(query, claims, "tenant", 5);
	appendStringInfo(claims, ",\"role\":\"nuvopipe_api\",\"iat\":%s", nvp_get_text(query, 0, 6));
	if (!nvp_get_isnull(0, 7))
		appendStringInfo(claims, ",\"exp\":%s", nvp_get_text(query, 0, 7));
	appendStringInfoChar(claims, '}');
}

/* Claims of a token, and the key that its row names. */
static void
read_for_signing(const pg_uuid_t *token_id, pg_uuid_t *kid, StringInfo claims)
{
	NvpQuery	query;

	nvp_query_open(&query);
	nvp_arg_uuid(&query, token_id);
	if (nvp_query_read(&query,
					   "SELECT t.id, t.signing_key_id, p.id, p.identifier, p.kind, t.tenant_id,"
					   "		floor(extract(epoch FROM t.created_at))::bigint, floor(extract(epoch FROM t.expires_at))::bigint"
					   "	FROM _nuvopipe.token t JOIN _nuvopipe.principal p ON p.id = t.principal_id"
					   "	WHERE t.id = $1 AND t.signing_key_id IS NOT NULL", NVP_PLAN_GENERIC, 1) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("there is no access token to sign")));
	nvp_get_uuid(0, 1, kid);
	write_claims(&query, claims);
	nvp_query_close(&query);
}

/* nvp_token_sign: see token.h */
char *
nvp_token_sign(const pg_uuid_t *token_id)
{
	StringInfoData text;
	StringInfoData part;
	unsigned char signature[crypto_auth_hmacsha256_BYTES];
	const NvpSigningKey *key;
	pg_uuid_t	kid;
	char	   *header;

	require_sodium();
	initStringInfo(&text);
	initStringInfo(&part);
	read_for_signing(token_id, &kid, &part);
	key = get_key(&kid);
	if (key == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("the signing key of the token has gone")));
	header = psprintf(HEADER_START "%s" HEADER_END,
					  DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&kid))));
	append_encoded(&text, header, strlen(header));
	appendStringInfoChar(&text, '.');
	append_encoded(&text, part.data, part.len);
	crypto_auth_hmacsha256(signature, (const unsigned char *) text.data, text.len, key->bytes);
	appendStringInfoChar(&text, '.');
	append_encoded(&text, signature, sizeof(signature));
	return text.data;
}

/* nvp_token_secret: see token.h */
char *
nvp_token_secret(const char *prefix)
{
	StringInfoData text;
	unsigned char bytes[32];

	require_sodium();
	randombytes_buf(bytes, sizeof(bytes));
	initStringInfo(&text);
	appendStringInfoString(&text, prefix);
	append_encoded(&text, bytes, sizeof(bytes));
	nvp_secret_wipe(bytes, sizeof(bytes));
	return text.data;
}
