/*-------------------------------------------------------------------------
 *
 * digest.c
 *		SHA-256 that can be put away between two pieces and gone on with later.
 *
 * libsodium's state is a plain struct: eight words, the number of bits, and the
 * last block as far as it is filled.  It is put away in that order, numbers most
 * significant byte first.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sodium.h>

#include "port/pg_bswap.h"

#include "base/digest.h"

static void
wake(crypto_hash_sha256_state *hash, const unsigned char *state, bool is_new)
{
	uint64		count;

	if (is_new)
	{
		crypto_hash_sha256_init(hash);
		return;
	}
	for (int i = 0; i < 8; i++)
	{
		uint32		word;

		memcpy(&word, state + i * 4, sizeof(word));
		hash->state[i] = pg_ntoh32(word);
	}
	memcpy(&count, state + 32, sizeof(count));
	hash->count = pg_ntoh64(count);
	memcpy(hash->buf, state + 40, sizeof(hash->buf));
}

static void
put_away(const crypto_hash_sha256_state *hash, unsigned char *state)
{
	uint64		count = pg_hton64(hash->count);

	for (int i = 0; i < 8; i++)
	{
		uint32		word = pg_hton32(hash->state[i]);

		memcpy(state + i * 4, &word, sizeof(word));
	}
	memcpy(state + 32, &count, sizeof(count));
	memcpy(state + 40, hash->buf, sizeof(hash->buf));
}

void
nvp_digest_update(unsigned char *state, bool is_new, const char *data, size_t len)
{
	crypto_hash_sha256_state hash;

	memset(&hash, 0, sizeof(hash));
	wake(&hash, state, is_new);
	crypto_hash_sha256_update(&hash, (const unsigned char *) data, len);
	put_away(&hash, state);
}

void
nvp_digest_final(const unsigned char *state, bool is_new, unsigned char *digest)
{
	crypto_hash_sha256_state hash;

	StaticAssertStmt(sizeof(hash.buf) + 40 == NVP_DIGEST_STATE, "the state has another size");
	wake(&hash, state, is_new);
	crypto_hash_sha256_final(&hash, digest);
}
