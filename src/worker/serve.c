/*-------------------------------------------------------------------------
 *
 * serve.c
 *		Sees to it that as many listeners live as are wanted.
 *
 * A part of the launcher: at each tick nuvopipe.listen and
 * nuvopipe.listen_workers are compared with the slots in shared memory.  The
 * listeners themselves (src/http) are known by name alone.
 *
 * What is missing - the database, a worker slot - is told once.  A listener that
 * was started has a moment to take its slot; where none comes, the next is sent
 * later and later.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/guc.h"
#include "base/shmem.h"
#include "worker/worker.h"

#define ARRIVAL_MS		2000	/* what a listener has to come and take its slot */
#define LAST_RETRY_MS	60000

static TimestampTz started_at = 0;	/* the last ones */
static TimestampTz start_at = 0;	/* none is started before */
static int	failures = 0;		/* starts after which nobody came, in a row */

static void
complain_once(bool *complained, Oid database)
{
	if (*complained)
		return;
	*complained = true;
	if (OidIsValid(database))
		ereport(LOG,
				errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				errmsg("nuvopipe: no free background worker slot for a listener"),
				errhint("Raise max_worker_processes and restart, or lower nuvopipe.listen_workers."));
	else
		ereport(LOG,
				errcode(ERRCODE_UNDEFINED_DATABASE),
				errmsg("nuvopipe: database \"%s\", which listeners shall serve, does not exist or takes no connections",
					   nvp_guc_listen_database),
				errhint("Create it, or change nuvopipe.listen_database."));
}

/* do commands want the database for themselves? */
static bool
is_evicted(Oid database, TimestampTz now)
{
	NvpDatabase *entry;
	bool		is_evicted;

	LWLockAcquire(nvp_shared->lock, LW_SHARED);
	entry = nvp_database_entry(database, false);
	is_evicted = entry && entry->evicted_until > now;
	LWLockRelease(nvp_shared->lock);
	return is_evicted;
}

/* start what is missing */
static void
start(Oid database, int missing, TimestampTz now)
{
	static bool complained = false;

	while (missing-- > 0)
	{
		if (nvp_worker_start("nuvopipe_listener_main", "nuvopipe listener", database))
		{
			complained = false;
			continue;
		}
		complain_once(&complained, database);
		break;
	}
	started_at = now;
	start_at = TimestampTzPlusMilliseconds(now, Min((int64) ARRIVAL_MS << Min(failures, 5), LAST_RETRY_MS));
	failures++;
}

/* one that came is no failure, even if it has left again before we looked */
static void
notice_arrivals(void)
{
	static uint32 seen = 0;
	uint32		arrivals;

	LWLockAcquire(nvp_shared->lock, LW_SHARED);
	arrivals = nvp_shared->listeners;
	LWLockRelease(nvp_shared->lock);
	if (arrivals == seen)
		return;
	seen = arrivals;
	failures = 0;
	start_at = Min(start_at, TimestampTzPlusMilliseconds(started_at, ARRIVAL_MS));
}

/*
 * nvp_serve starts the listeners that are missing.
 *
 * in: oid of the database they serve, InvalidOid if there is none.
 * out: in how many ms to look again, -1 = at the next tick.
 */
long
nvp_serve(Oid database, TimestampTz now)
{
	static bool complained = false;
	int			living;

	if (*nvp_guc_listen == '\0')
		return -1;
	if (!OidIsValid(database))
	{
		complain_once(&complained, InvalidOid);
		return -1;
	}
	complained = false;
	notice_arrivals();
	living = nvp_count_slots(NVP_PROCESS_LISTENER, database, false);
	if (living >= nvp_guc_listen_workers)
	{
		failures = 0;
		return -1;
	}
	if (is_evicted(database, now))
		return -1;				/* who evicted wakes us */
	if (start_at <= now)
		start(database, nvp_guc_listen_workers - living, now);
	return (long) ((start_at - now) / 1000) + 1;
}
