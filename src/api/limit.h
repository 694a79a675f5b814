/*-------------------------------------------------------------------------
 *
 * limit.h
 *		How often somebody may ask: token buckets in shared memory.
 *
 * Buckets are keyed by a hash of class and key (a token's id, an address) and
 * live in a fixed table whose least filled entries give way.  Without
 * preloading there is no shared memory, and no limit.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_LIMIT_H
#define NVP_LIMIT_H

typedef enum NvpLimitClass
{
	NVP_LIMIT_READ,				/* by token: nuvopipe.rate_limit_read a minute */
	NVP_LIMIT_WRITE,			/* by token: nuvopipe.rate_limit_write a minute */
	NVP_LIMIT_AUTH,				/* failed attempts, by address and identifier: nuvopipe.rate_limit_auth a minute */
	NVP_LIMIT_AUTH_ADDRESS		/* failed attempts, by address: ten times as many */
} NvpLimitClass;

extern void nvp_limit_init(void);

/*
 * nvp_limit_take takes one from a bucket.
 *
 * out: 0, or after how many seconds (at least 1) to ask again.
 */
extern int	nvp_limit_take(NvpLimitClass limit, const void *key, size_t len);

/* nvp_limit_peek is nvp_limit_take that takes nothing: for failures, which are counted when they happen. */
extern int	nvp_limit_peek(NvpLimitClass limit, const void *key, size_t len);

#endif							/* NVP_LIMIT_H */
