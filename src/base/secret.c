/*-------------------------------------------------------------------------
 *
 * secret.c
 *		Secrets at rest: sealed with a key that lies outside the database.
 *
 * The key file holds 32 random bytes as 64 hex digits.  It is made when the
 * first secret is sealed and never replaced: opening a secret without the
 * file is an error, not a reason for a new key.  The key is read for each
 * call and wiped after it, so that no process keeps it.
 *
 * To change keys, the file has several for a while, one a line: the first one
 * seals, all of them open.  Then everything is sealed anew, and the others go.
 *
 * A sealed secret:
 *
 *		version (1) | fingerprint of the key (8) | nonce (24) | cipher text | tag (16)
 *
 * version, fingerprint and the object's id are authenticated with the text.
 * The fingerprint tells a changed key from a damaged secret.
 *
 * Memory: results are palloc'd in the current context; wipe plain text with
 *		   nvp_secret_wipe when done.
 * Errors: F0000 for an unusable key file, 55000 for a secret of another key,
 *		   XX001 for a damaged one.  Messages hold neither key nor secret.
 * Source: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) as libsodium has it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file_perm.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/guc.h"
#include "base/secret.h"

#define SEAL_VERSION	1
#define KEY_BYTES		crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define KEY_DIGITS		(2 * KEY_BYTES)
#define NONCE_BYTES		crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES		crypto_aead_xchacha20poly1305_ietf_ABYTES
#define PRINT_BYTES		8
#define HEAD_BYTES		(1 + PRINT_BYTES)
#define OVERHEAD_BYTES	(HEAD_BYTES + NONCE_BYTES + TAG_BYTES)
#define MOST_KEYS		4

typedef struct KeyRing
{
	int			n;
	unsigned char keys[MOST_KEYS][KEY_BYTES];
} KeyRing;

/* nvp_secret_wipe overwrites memory in a way no compiler leaves out. */
void
nvp_secret_wipe(void *data, size_t length)
{
	if (data)
		sodium_memzero(data, length);
}

/* Refuse a key that others than the server's user (or root) can read. */
static void
check_key_file(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not stat secret key file \"%s\": %m", path)));
	if (!S_ISREG(st.st_mode))
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("secret key file \"%s\" is not a regular file", path)));
	if (st.st_uid != geteuid() && st.st_uid != 0)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("secret key file \"%s\" must be owned by the database user or root", path)));
	/* root may hand it to us by group, as with the server's TLS key */
	if (st.st_mode & (st.st_uid == 0 ? (S_IWGRP | S_IXGRP | S_IRWXO) : (S_IRWXG | S_IRWXO)))
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("secret key file \"%s\" can be read by group or others", path),
				 errhint("Run chmod 0600 on the file; if others may have read it, store the secrets again with a new key.")));
}

/* Lines of digits; false if there are none, or too many, or something else. */
static bool
decode_lines(const char *text, size_t size, KeyRing *ring)
{
	ring->n = 0;
	while (size >= KEY_DIGITS && ring->n < MOST_KEYS)
	{
		size_t		bytes = 0;

		if (sodium_hex2bin(ring->keys[ring->n], KEY_BYTES, text, KEY_DIGITS, NULL, &bytes, NULL) != 0 ||
			bytes != KEY_BYTES)
			return false;
		ring->n++;
		text += KEY_DIGITS;
		size -= KEY_DIGITS;
		if (size > 0 && *text++ != '\n')
			return false;
		size -= size > 0;
	}
	return ring->n > 0 && size == 0;
}

static void
decode_keys(int fd, const char *path, KeyRing *ring)
{
	char		text[MOST_KEYS * (KEY_DIGITS + 1) + 1]; /* and one too many */
	ssize_t		got = read(fd, text, sizeof(text));
	bool		ok;

	if (got < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read secret key file \"%s\": %m", path)));
	ok = decode_lines(text, got, ring);
	nvp_secret_wipe(text, sizeof(text));
	if (ok)
		return;
	nvp_secret_wipe(ring, sizeof(*ring));
	ereport(ERROR,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 errmsg("secret key file \"%s\" does not hold a key", path),
			 errdetail("The file must hold %d hexadecimal digits, or up to %d lines of that.", (int) KEY_DIGITS, MOST_KEYS)));
}

/* Read the keys; false when there is no such file. */
static bool
read_keys(KeyRing *ring)
{
	const char *path = nvp_guc_secret_key_file;
	int			fd = OpenTransientFile(path, O_RDONLY | PG_BINARY);

	if (fd < 0 && errno == ENOENT)
		return false;
	if (fd < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open secret key file \"%s\": %m", path)));
	check_key_file(fd, path);
	decode_keys(fd, path, ring);
	CloseTransientFile(fd);
	return true;
}

/* A new key in a file of its own, safe on disk. */
static bool
write_key(const char *path)
{
	unsigned char key[KEY_BYTES];
	char		text[KEY_DIGITS + 1];
	int			fd = OpenTransientFilePerm(path, O_CREAT | O_EXCL | O_WRONLY | PG_BINARY, S_IRUSR | S_IWUSR);
	bool		ok;

	if (fd < 0)
		return false;
	randombytes_buf(key, sizeof(key));
	sodium_bin2hex(text, sizeof(text), key, sizeof(key));
	text[KEY_DIGITS] = '\n';
	errno = ENOSPC;				/* what a short write means */
	ok = write(fd, text, sizeof(text)) == sizeof(text) && pg_fsync(fd) == 0;
	nvp_secret_wipe(key, sizeof(key));
	nvp_secret_wipe(text, sizeof(text));
	return CloseTransientFile(fd) == 0 && ok;
}

/*
 * Make the key file.  It appears under its name complete or not at all, and
 * never replaces another one: of two sessions that store the first secret at
 * the same time one wins and the other takes its key.
 */
static void
create_key(void)
{
	const char *path = nvp_guc_secret_key_file;
	char		temporary[MAXPGPATH];
	bool		ok;
	int			save_errno;

	snprintf(temporary, sizeof(temporary), "%s.tmp.%d", path, MyProcPid);
	unlink(temporary);			/* of a dead process with our number */
	ok = write_key(temporary) && (link(temporary, path) == 0 || errno == EEXIST);
	save_errno = errno;
	unlink(temporary);
	if (!ok)
	{
		errno = save_errno;
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not create secret key file \"%s\": %m", path),
				 errhint("Set nuvopipe.secret_key_file to a file that the database user may create.")));
	}
	strlcpy(temporary, path, sizeof(temporary));
	get_parent_directory(temporary);
	fsync_fname(temporary[0] ? temporary : ".", true);
}

static void
require_sodium(void)
{
	if (sodium_init() < 0)
		ereport(ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("could not initialize the cryptographic library")));
}

/* Head of a sealed secret: version and which key. */
static void
fill_head(unsigned char *head, const unsigned char *key)
{
	static const unsigned char purpose[] = "nuvopipe key fingerprint";
	unsigned char hash[crypto_generichash_BYTES_MIN];

	head[0] = SEAL_VERSION;
	crypto_generichash(hash, sizeof(hash), purpose, sizeof(purpose), key, KEY_BYTES);
	memcpy(head + 1, hash, PRINT_BYTES);
}

/* What is authenticated but not hidden: the head and the object. */
static void
fill_associated(unsigned char *associated, const unsigned char *head, const pg_uuid_t *id)
{
	memcpy(associated, head, HEAD_BYTES);
	memcpy(associated + HEAD_BYTES, id->data, UUID_LEN);
}

/*
 * nvp_secret_seal encrypts text for storage beside object id.
 *
 * in: may_create: a missing key file is made; not to be when there are secrets
 *		already, for then the file was lost, and a new key would only hide that.
 * errors: F0000 and file errors as in the head of this file.
 */
bytea *
nvp_secret_seal(const char *plain, size_t length, const pg_uuid_t *id, bool may_create)
{
	KeyRing		ring;
	unsigned char associated[HEAD_BYTES + UUID_LEN];
	unsigned char *out;
	bytea	   *sealed;

	if (length > MaxAllocSize / 2)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("secret is too long")));
	require_sodium();
	sealed = palloc(VARHDRSZ + OVERHEAD_BYTES + length);
	SET_VARSIZE(sealed, VARHDRSZ + OVERHEAD_BYTES + length);
	out = (unsigned char *) VARDATA(sealed);
	if (!read_keys(&ring))
	{
		if (!may_create)
			ereport(ERROR,
					(errcode(ERRCODE_CONFIG_FILE_ERROR),
					 errmsg("secret key file \"%s\" does not exist, but there are secrets sealed with it",
							nvp_guc_secret_key_file),
					 errhint("Put the file back from a backup; if it is lost, delete the connectors that have secrets, and define them again.")));
		create_key();
		if (!read_keys(&ring))
			ereport(ERROR,
					(errcode(ERRCODE_CONFIG_FILE_ERROR),
					 errmsg("secret key file \"%s\" vanished", nvp_guc_secret_key_file)));
	}
	fill_head(out, ring.keys[0]);
	fill_associated(associated, out, id);
	randombytes_buf(out + HEAD_BYTES, NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(out + HEAD_BYTES + NONCE_BYTES, NULL,
											   (const unsigned char *) plain, length,
											   associated, sizeof(associated), NULL,
											   out + HEAD_BYTES, ring.keys[0]);
	nvp_secret_wipe(&ring, sizeof(ring));
	return sealed;
}

/* Was this sealed with that key? */
static bool
is_sealed_with(const unsigned char *sealed, const unsigned char *key)
{
	unsigned char head[HEAD_BYTES];

	fill_head(head, key);
	return memcmp(head, sealed, HEAD_BYTES) == 0;
}

/* The key that sealed this secret. */
static void
read_matching_key(const unsigned char *sealed, unsigned char *key)
{
	KeyRing		ring;

	if (!read_keys(&ring))
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("secret key file \"%s\" does not exist, so stored secrets cannot be read",
						nvp_guc_secret_key_file),
				 errhint("Restore the key file of the server on which the secrets were stored, or store them again.")));
	for (int i = 0; i < ring.n; i++)
	{
		if (is_sealed_with(sealed, ring.keys[i]))
		{
			memcpy(key, ring.keys[i], KEY_BYTES);
			nvp_secret_wipe(&ring, sizeof(ring));
			return;
		}
	}
	nvp_secret_wipe(&ring, sizeof(ring));
	if (sealed[0] != SEAL_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("stored secret has format %d, but only format %d is known",
						sealed[0], SEAL_VERSION),
				 errhint("It was stored by a newer version of nuvopipe.")));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("stored secret was sealed with another key than that in \"%s\"",
					nvp_guc_secret_key_file),
			 errhint("Restore the key file of the server on which the secret was stored, or store the secret again.")));
}

/*
 * nvp_secret_unseal decrypts a stored secret of object id.
 *
 * out: the text with a zero byte after it; wipe it with nvp_secret_wipe.
 * errors: as in the head of this file.
 */
char *
nvp_secret_unseal(const bytea *sealed, const pg_uuid_t *id, size_t *length)
{
	const unsigned char *in = (const unsigned char *) VARDATA_ANY(sealed);
	size_t		size = VARSIZE_ANY_EXHDR(sealed);
	unsigned char key[KEY_BYTES];
	unsigned char associated[HEAD_BYTES + UUID_LEN];
	char	   *plain;
	bool		ok;

	require_sodium();
	if (size < OVERHEAD_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("stored secret is damaged")));
	plain = palloc0(size - OVERHEAD_BYTES + 1);
	read_matching_key(in, key);
	fill_associated(associated, in, id);
	ok = crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *) plain, NULL, NULL,
													in + HEAD_BYTES + NONCE_BYTES,
													size - HEAD_BYTES - NONCE_BYTES,
													associated, sizeof(associated),
													in + HEAD_BYTES, key) == 0;
	nvp_secret_wipe(key, sizeof(key));
	if (!ok)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("stored secret is damaged or belongs to another object")));
	*length = size - OVERHEAD_BYTES;
	return plain;
}

/*
 * nvp_secret_is_current tells whether a stored secret was sealed with the key
 * that seals now.
 *
 * errors: F0000 without a usable key file.
 */
bool
nvp_secret_is_current(const bytea *sealed)
{
	KeyRing		ring;
	bool		is_current;

	require_sodium();
	if (!read_keys(&ring))
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("secret key file \"%s\" does not exist", nvp_guc_secret_key_file)));
	is_current = VARSIZE_ANY_EXHDR(sealed) >= HEAD_BYTES &&
		is_sealed_with((const unsigned char *) VARDATA_ANY(sealed), ring.keys[0]);
	nvp_secret_wipe(&ring, sizeof(ring));
	return is_current;
}
