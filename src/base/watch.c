/*-------------------------------------------------------------------------
 *
 * watch.c
 *		What monitoring wants to know of our processes beyond their slots.
 *
 * Whoever works only counts; that a count stands still is seen from outside, by
 * comparing it from tick to tick.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <unistd.h>

#include "storage/fd.h"

#include "base/shmem.h"
#include "base/watch.h"

/* nvp_watch_progress notes which executions of a database have got on since it looked last. */
void
nvp_watch_progress(Oid database)
{
	TimestampTz now = GetCurrentTimestamp();

	if (nvp_shared == NULL)
		return;
	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < NVP_SLOTS; i++)
	{
		NvpSlot    *slot = &nvp_shared->slots[i];
		NvpProgress *seen = &slot->seen;
		const NvpProgress *p = &slot->progress;

		if (slot->kind == NVP_PROCESS_FREE || slot->database != database || !slot->has_execution)
			continue;
		if (slot->moved_at != 0 && seen->phase_started_at == p->phase_started_at &&
			seen->bytes_done == p->bytes_done && seen->rows_done == p->rows_done)
			continue;
		seen->phase_started_at = p->phase_started_at;
		seen->bytes_done = p->bytes_done;
		seen->rows_done = p->rows_done;
		slot->moved_at = now;
	}
	LWLockRelease(nvp_shared->lock);
}

/* nvp_watch_start notes whether the server had a free slot for a background worker. */
void
nvp_watch_start(bool started)
{
	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	if (started)
		nvp_shared->refused_since = nvp_shared->refused_last = 0;
	else
	{
		nvp_shared->refused_last = GetCurrentTimestamp();
		if (nvp_shared->refused_since == 0)
			nvp_shared->refused_since = nvp_shared->refused_last;
	}
	LWLockRelease(nvp_shared->lock);
}

/* nvp_watch_refusals tells since when it has had none, and when that was seen last; 0: it has. */
void
nvp_watch_refusals(TimestampTz *since, TimestampTz *last)
{
	LWLockAcquire(nvp_shared->lock, LW_SHARED);
	*since = nvp_shared->refused_since;
	*last = nvp_shared->refused_last;
	LWLockRelease(nvp_shared->lock);
}

/*
 * nvp_watch_memory tells how many bytes a process has for itself, without what
 * it shares; -1: not known here.
 */
int64
nvp_watch_memory(int pid)
{
	char		path[64];
	char		text[128];
	long		total;
	long		resident;
	long		shared;
	ssize_t		got;
	int			fd;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	fd = OpenTransientFile(path, O_RDONLY);
	if (fd < 0)
		return -1;
	got = read(fd, text, sizeof(text) - 1);
	CloseTransientFile(fd);
	if (got <= 0)
		return -1;
	text[got] = '\0';
	if (sscanf(text, "%ld %ld %ld", &total, &resident, &shared) != 3)
		return -1;
	return Max(resident - shared, 0) * (int64) sysconf(_SC_PAGESIZE);
}
