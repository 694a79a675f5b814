/*-------------------------------------------------------------------------
 *
 * password.h
 *		Passwords of users: the server's own SCRAM-SHA-256 verifiers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_PASSWORD_H
#define NVP_PASSWORD_H

/* the verifier of a password, as pg_authid has them (RFC 5803); palloc'd */
extern char *nvp_password_secret(const char *password);

/*
 * nvp_password_matches compares a password with a verifier.
 *
 * in: secret: NULL where there is nobody to compare with: then the same work is
 *		done, and the result is false.
 */
extern bool nvp_password_matches(const char *identifier, const char *password, const char *secret);

#endif							/* NVP_PASSWORD_H */
