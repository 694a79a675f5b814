/*-------------------------------------------------------------------------
 *
 * password.c
 *		Passwords of users: the server's own SCRAM-SHA-256 verifiers.
 *
 * See password.h.
 *
 * Memory: results are in the current context.
 * Errors: none of ours.
 * Source: RFC 5802, RFC 7677, as src/backend/libpq/auth-scram.c has them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "api/password.h"

/* of libpq/scram.h, the same in 15 to 18; the header itself needs those of GSSAPI, which few have */
extern char *pg_be_scram_build_secret(const char *password);
extern bool scram_verify_plain_password(const char *username, const char *password, const char *secret);

/* nvp_password_secret makes a verifier with a salt of its own. */
char *
nvp_password_secret(const char *password)
{
	return pg_be_scram_build_secret(password);
}

/* a verifier of nobody's, which costs as much as one that is made today */
static const char *
stand_in(void)
{
	static char *secret = NULL;

	if (secret == NULL)
		secret = MemoryContextStrdup(TopMemoryContext, pg_be_scram_build_secret("nobody"));
	return secret;
}

/* nvp_password_matches compares; see password.h. */
bool
nvp_password_matches(const char *identifier, const char *password, const char *secret)
{
	bool		matches = scram_verify_plain_password(identifier, password, secret ? secret : stand_in());

	return secret != NULL && matches;
}
