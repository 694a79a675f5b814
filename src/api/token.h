/*-------------------------------------------------------------------------
 *
 * token.h
 *		Tokens: what lets a request in.
 *
 * An access token is a JWT (RFC 7519) signed with HS256, so that PostgREST
 * takes the same one; its "jti" is a row of _nuvopipe.token, which can be
 * revoked.  An API key is "nvp_" and 32 random bytes in base64url; the table has
 * its digest.
 *
 * Claims: iss "nuvopipe", jti, kid (header), sub (principal's id), identifier,
 * type (USER, SUB_ORG), tenant, role "nuvopipe_api" (for PostgREST), iat, exp.
 * Only signature, jti and the row decide: claims are for those who look.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_TOKEN_H
#define NVP_TOKEN_H

#include "api/caller.h"

typedef enum NvpTokenState
{
	NVP_TOKEN_OK,
	NVP_TOKEN_INVALID,			/* not one of ours, or its signature is wrong */
	NVP_TOKEN_EXPIRED,
	NVP_TOKEN_REVOKED			/* or its principal was deleted */
} NvpTokenState;

/*
 * nvp_token_check looks at a token: the bare text, without "Bearer ".
 *
 * out: caller, when the state is NVP_TOKEN_OK.
 * xact: needs one.
 */
extern NvpTokenState nvp_token_check(const char *token, NvpCaller *caller);

/* nvp_token_check_id looks again at a token that was in order before, by its id. */
extern NvpTokenState nvp_token_check_id(const pg_uuid_t *token_id, NvpCaller *caller);

/*
 * nvp_token_forget makes all processes read tokens again: to be called by
 * whatever changes what a token may, for the commit of the transaction.
 */
extern void nvp_token_forget(void);

/*
 * nvp_token_sign makes the text of an access token for a row that exists.
 *
 * owner: the current memory context.
 * errors: those of the key file (base/secret.h); a row that names no signing key
 *		gets the current one, which is made if there is none.
 */
extern char *nvp_token_sign(const pg_uuid_t *token_id);

/* nvp_token_secret makes text nobody can guess: prefix and 32 random bytes in base64url; palloc'd. */
extern char *nvp_token_secret(const char *prefix);

#endif							/* NVP_TOKEN_H */
