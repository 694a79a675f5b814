/*-------------------------------------------------------------------------
 *
 * turn.c
 *		Locks by which our processes take turns.
 *
 * They are known to the lock manager by the hash of their name: two names that
 * share one wait for each other without need, once in 2^64 pairs.
 *
 * See turn.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"

#include "base/turn.h"

/* a kind of lock that the server keeps for extensions, and has no function for */
static void
make_tag(LOCKTAG *tag, NvpTurnKind kind, const void *name, size_t len)
{
	uint64		hash = hash_bytes_extended(name, len, 0);

	tag->locktag_field1 = MyDatabaseId;
	tag->locktag_field2 = (uint32) (hash >> 32);
	tag->locktag_field3 = (uint32) hash;
	tag->locktag_field4 = kind;
	tag->locktag_type = LOCKTAG_USERLOCK;
	tag->locktag_lockmethodid = DEFAULT_LOCKMETHOD;
}

/*
 * nvp_turn_take takes the turn of something, beside those taken before.
 *
 * out: false if somebody has it and we are not to wait.
 * interrupts: obeyed while waiting.
 */
bool
nvp_turn_take(NvpTurns *turns, NvpTurnKind kind, const void *name, size_t len, bool wait)
{
	LOCKTAG    *tag = &turns->tags[turns->n];

	if (turns->n == NVP_TURNS_MAX)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("more than %d turns are taken at a time", NVP_TURNS_MAX));
	make_tag(tag, kind, name, len);
	if (LockAcquire(tag, ExclusiveLock, false, !wait) == LOCKACQUIRE_NOT_AVAIL)
		return false;
	turns->n++;
	return true;
}

/* nvp_turns_leave gives turns back before the end of the transaction. */
void
nvp_turns_leave(NvpTurns *turns)
{
	while (turns->n > 0)
		(void) LockRelease(&turns->tags[--turns->n], ExclusiveLock, false);
}
