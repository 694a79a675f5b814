/*-------------------------------------------------------------------------
 *
 * shmem.h
 *		What our processes know of each other: slots in shared memory.
 *
 * One slot for every process of ours that lives (keepers, runners, listeners
 * and their errands, sessions that run an execution themselves), one entry for every database that
 * was looked at.  Only numbers lie here: pids, oids, progress.  A process frees
 * its slot when it ends; what a crash leaves is wiped with the segment.
 *
 * Locks:  one LWLock guards slots and entries; progress inside a slot is
 *		   written by its owner without lock (see base/progress.h).
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_SHMEM_H
#define NVP_SHMEM_H

#include "storage/lwlock.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "base/endpoint.h"
#include "base/progress.h"

typedef enum NvpProcessKind
{
	NVP_PROCESS_FREE = 0,
	NVP_PROCESS_LAUNCHER,
	NVP_PROCESS_KEEPER,			/* one a database: reconciles tables and workers */
	NVP_PROCESS_RUNNER,			/* runs executions */
	NVP_PROCESS_SENDER,			/* tells webhooks of events */
	NVP_PROCESS_SESSION,		/* a session in CALL nuvopipe.run or work */
	NVP_PROCESS_LISTENER,		/* serves the API over HTTP */
	NVP_PROCESS_ERRAND,			/* runs one request that reaches out, for a listener */
	NVP_PROCESS_SCRIBE			/* writes jobs into the database of pg_cron, for a keeper */
} NvpProcessKind;

typedef struct NvpSlot
{
	int			kind;			/* NvpProcessKind */
	int			pid;
	int			procno;			/* of its PGPROC, whose latch wakes it */
	Oid			database;
	TimestampTz started_at;
	bool		is_idle;		/* a runner or sender that waits for work */
	TimestampTz idle_since;		/* if it is */
	bool		is_called;		/* an idle runner that somebody has woken, and that has not found anything yet */
	bool		has_execution;
	pg_uuid_t	execution;
	int64		executions;		/* done so far; of a listener: requests */
	bool		is_leaving;		/* only finishes what it has begun */
	volatile int waiting;		/* of a listener: clients that wait for news */
	volatile bool has_news;		/* of a listener: a commit has told so since it looked */
	uint64		addresses[NVP_ENDPOINT_MAX];	/* of a listener: hashes of what it has bound, 0 = none */
	NvpProgress progress;
	NvpProgress seen;			/* what the keeper saw of it last, and */
	TimestampTz moved_at;		/* when it was different before; 0 = not seen yet */
} NvpSlot;

/* what the launcher knows of a database */
typedef struct NvpDatabase
{
	Oid			oid;			/* InvalidOid = free entry */
	TimestampTz look_at;		/* not to be looked at before; 0 = now */
	TimestampTz evicted_until;	/* a command wants the database for itself */
	int			tries;			/* looks in vain, for back-off */
	uint32		asked;			/* how often somebody asked for a look */
	bool		limited;		/* somebody found nothing to run but what a limit holds back */
	bool		wants_runner;	/* something was queued, and there was no runner */
	int			starting;		/* runners that were started and have no slot yet */
	TimestampTz starting_since; /* when the last of them was */
	uint32		doubts;			/* transactions that changed a table and could not signal it */
	int			probes;			/* queries of triggers that are due, as the keeper saw last */
	bool		has_jobs;		/* in the database of pg_cron, which is another one */
} NvpDatabase;

#define NVP_SLOTS		192
#define NVP_DATABASES	256

typedef struct NvpShared
{
	LWLock	   *lock;
	int			launcher_procno;	/* -1 = none */
	uint32		listeners;		/* how many have come so far */
	TimestampTz refused_since;	/* since when the server has had no slot for a process of ours; 0 = it has */
	TimestampTz refused_last;	/* when that was seen last */
	NvpDatabase databases[NVP_DATABASES];
	NvpSlot		slots[NVP_SLOTS];
} NvpShared;

extern NvpShared *nvp_shared;	/* NULL unless preloaded */
extern NvpSlot *nvp_my_slot;

extern void nvp_shmem_init(void);
extern bool nvp_slot_take(NvpProcessKind kind);
extern void nvp_slot_free(void);
extern void nvp_slot_execution(const pg_uuid_t *execution);
extern void nvp_slot_idle(bool is_idle);
extern NvpDatabase *nvp_database_entry(Oid database, bool make);
extern bool nvp_slot_is_surplus(int wanted);
extern int	nvp_count_slots(NvpProcessKind kind, Oid database, bool idle_only);
extern bool nvp_database_runs(Oid database);
extern uint32 nvp_database_asked(Oid database);
extern void nvp_doubt_raise(Oid database);
extern uint32 nvp_doubts(Oid database);
extern int	nvp_probes(Oid database);
extern void nvp_probes_set(Oid database, int n);

#endif							/* NVP_SHMEM_H */
