/*-------------------------------------------------------------------------
 *
 * digest.h
 *		SHA-256 that can be put away between two pieces and gone on with later.
 *
 * The server's own digests live in memory only; data that arrives over hours,
 * each piece in a transaction of its own, needs a state that can be stored.  It
 * is the same on every machine.
 *
 * Calls:  update* on a state that was zeroed (NVP_DIGEST_STATE bytes), final.
 * Errors: none.
 * Source: FIPS 180-4; libsodium.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_DIGEST_H
#define NVP_DIGEST_H

#define NVP_DIGEST_STATE	104 /* bytes of a state that was put away */
#define NVP_DIGEST_BYTES	32

/* is_new: nothing was digested yet, and state need not be set */
extern void nvp_digest_update(unsigned char *state, bool is_new, const char *data, size_t len);
extern void nvp_digest_final(const unsigned char *state, bool is_new, unsigned char *digest);

#endif							/* NVP_DIGEST_H */
