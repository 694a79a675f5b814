/*-------------------------------------------------------------------------
 *
 * limit.c
 *		How often somebody may ask: token buckets in shared memory.
 *
 * A bucket is kept upside down, as what has been taken from it, which fades at
 * the rate of its class: so a bucket that nobody has used for a minute is the
 * same as none, and can give way to another.  A full minute's worth can be taken
 * at once.
 *
 * The table is an array of sets; a key belongs to one set, and takes the place
 * of that bucket in it from which least was taken.  Keys are hashed with a secret
 * made at the start of the server, so nobody can choose keys that share a set.
 *
 * Locks:  a few LWLocks, each for every n-th set; held for one look at a set.
 * Errors: none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>
#include <sodium.h>

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"

#include "api/limit.h"
#include "base/guc.h"

#define BUCKETS_OF_SET	8
#define SETS			1024
#define LOCKS			16

typedef struct NvpBucket
{
	uint64		key;			/* hash of class and key; 0 with taken = 0: free */
	NvpLimitClass limit;
	double		taken;			/* at that moment */
	TimestampTz at;
} NvpBucket;

typedef struct NvpLimits
{
	LWLockPadded *locks;
	unsigned char secret[crypto_generichash_KEYBYTES];
	NvpBucket	sets[SETS][BUCKETS_OF_SET];
} NvpLimits;

static NvpLimits *limits = NULL;
static shmem_request_hook_type next_request_hook = NULL;
static shmem_startup_hook_type next_startup_hook = NULL;

static void
request_shmem(void)
{
	if (next_request_hook)
		next_request_hook();
	RequestAddinShmemSpace(MAXALIGN(sizeof(NvpLimits)));
	RequestNamedLWLockTranche("nuvopipe_limit", LOCKS);
}

static void
start_shmem(void)
{
	bool		found;

	if (next_startup_hook)
		next_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	limits = ShmemInitStruct("nuvopipe limits", sizeof(NvpLimits), &found);
	if (!found)
	{
		memset(limits, 0, sizeof(NvpLimits));
		limits->locks = GetNamedLWLockTranche("nuvopipe_limit");
		randombytes_buf(limits->secret, sizeof(limits->secret));
	}
	LWLockRelease(AddinShmemInitLock);
}

/* nvp_limit_init asks for shared memory; only while libraries are preloaded. */
void
nvp_limit_init(void)
{
	next_request_hook = shmem_request_hook;
	shmem_request_hook = request_shmem;
	next_startup_hook = shmem_startup_hook;
	shmem_startup_hook = start_shmem;
}

/* how many a minute; 0 = no limit */
static double
rate_of(NvpLimitClass limit)
{
	switch (limit)
	{
		case NVP_LIMIT_READ:
			return nvp_guc_rate_limit_read;
		case NVP_LIMIT_WRITE:
			return nvp_guc_rate_limit_write;
		case NVP_LIMIT_AUTH:
			return nvp_guc_rate_limit_auth;
		case NVP_LIMIT_AUTH_ADDRESS:
			return 10.0 * nvp_guc_rate_limit_auth;
	}
	return 0;
}

/* what is still taken from a bucket, now */
static double
taken_now(const NvpBucket *bucket, TimestampTz now)
{
	double		passed = Max(0, now - bucket->at);

	return Max(0, bucket->taken - passed / (60.0 * USECS_PER_SEC) * rate_of(bucket->limit));
}

static uint64
hash_of(NvpLimitClass limit, const void *key, size_t len)
{
	crypto_generichash_state state;
	unsigned char class = limit;
	unsigned char hash[crypto_generichash_BYTES_MIN];
	uint64		result;

	crypto_generichash_init(&state, limits->secret, sizeof(limits->secret), sizeof(hash));
	crypto_generichash_update(&state, &class, 1);
	crypto_generichash_update(&state, key, len);
	crypto_generichash_final(&state, hash, sizeof(hash));
	memcpy(&result, hash, sizeof(result));
	return result;
}

/* The bucket of a key, or NULL; with give_way the one to be used for it.  The caller holds the lock. */
static NvpBucket *
find_bucket(NvpBucket *set, uint64 key, TimestampTz now, bool give_way)
{
	NvpBucket  *least = NULL;
	double		least_part = 0;

	for (int i = 0; i < BUCKETS_OF_SET; i++)
	{
		double		part;

		if (set[i].key == key)
			return &set[i];
		part = taken_now(&set[i], now) / Max(1, rate_of(set[i].limit));
		if (least == NULL || part < least_part)
		{
			least = &set[i];
			least_part = part;
		}
	}
	return give_way ? least : NULL;
}

static int
look(NvpLimitClass limit, const void *key, size_t len, bool take)
{
	double		rate = rate_of(limit);
	TimestampTz now;
	uint64		hash;
	LWLock	   *lock;
	NvpBucket  *bucket;
	double		taken;
	double		wait = 0;

	if (limits == NULL || rate == 0)
		return 0;
	now = GetCurrentTimestamp();
	hash = hash_of(limit, key, len);
	lock = &limits->locks[hash % LOCKS].lock;
	LWLockAcquire(lock, LW_EXCLUSIVE);
	bucket = find_bucket(limits->sets[hash % SETS], hash, now, take);
	taken = bucket && bucket->key == hash ? taken_now(bucket, now) : 0;
	if (taken + 1 > rate)
		wait = ceil((taken + 1 - rate) * 60 / rate);
	else if (take)
	{
		bucket->key = hash;
		bucket->limit = limit;
		bucket->taken = taken + 1;
		bucket->at = now;
	}
	LWLockRelease(lock);
	return (int) wait;
}

/* nvp_limit_take, nvp_limit_peek: see limit.h */
int
nvp_limit_take(NvpLimitClass limit, const void *key, size_t len)
{
	return look(limit, key, len, true);
}

int
nvp_limit_peek(NvpLimitClass limit, const void *key, size_t len)
{
	return look(limit, key, len, false);
}
