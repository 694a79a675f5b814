/*-------------------------------------------------------------------------
 *
 * worker.h
 *		Our background processes.
 *
 *		postmaster --> launcher (one a cluster, connected to no database)
 *		launcher   --> keeper (one a database that has the extension)
 *		keeper     --> runners (nuvopipe.max_workers in the cluster)
 *		keeper     --> senders (nuvopipe.max_senders in the database)
 *		keeper     --> scribe (for a moment, where pg_cron is in another database)
 *		launcher   --> listeners (nuvopipe.listen_workers; src/http)
 *		listener   --> errands (nuvopipe.max_errands of each; src/http)
 *
 * Scenarios to survive, in any order and in quick succession: CREATE and DROP
 * EXTENSION, committed or aborted; CREATE DATABASE with one of our databases
 * as template; DROP and RENAME DATABASE; kill -9 of any process; no free
 * worker slot; settings reloaded; a standby that is promoted.
 *
 * The principle: nobody trusts a message.  At every tick launcher and keepers
 * compare what the tables want with what lives and repair the difference; a
 * commit that brings work only shortens the sleep.  Nothing here polls tables
 * while there is nothing to do: a keeper sleeps until the next execution or
 * delivery is due, at most a minute.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_WORKER_H
#define NVP_WORKER_H

#include "exec/execution.h"
#include "exec/session.h"
#include "net/transfer.h"

extern void nvp_worker_init(void);
extern void nvp_hook_init(void);

/* worker.c */
extern void nvp_worker_setup(void);
extern bool nvp_worker_asked_to_leave(void);
extern void nvp_worker_sleep(long ms, uint32 wait_event);
extern bool nvp_worker_start(const char *entry, const char *name, Oid database);

/* scribe.c */
extern void nvp_scribe_keep(const char *database, const char *jobs);
extern void nvp_scribe_forget(const char *database);
extern void nvp_scribe_leave(const char *database);

/* serve.c */
extern long nvp_serve(Oid database, TimestampTz now);

/* notice.c */
extern void nvp_notice_hear(void);
extern void nvp_notice_reconcile(void);
extern void nvp_notice_settled(void);

/* runner.c */
extern void nvp_run_claimed(NvpSession *session, NvpExecution *execution, bool notices);
extern bool nvp_run_signals(NvpSession *session);
extern bool nvp_run_next(NvpSession *session, const pg_uuid_t *only, bool notices);
extern int	nvp_work(NvpSession *session, int max_seconds);
extern void nvp_maintain_alone(NvpSession *session, long max_ms);

/* sender.c */
extern int	nvp_send_due(NvpSession *session, NvpNet *net, TimestampTz until);

/* main functions, looked up by name in the library */
extern PGDLLEXPORT void nuvopipe_launcher_main(Datum arg);
extern PGDLLEXPORT void nuvopipe_keeper_main(Datum arg);
extern PGDLLEXPORT void nuvopipe_runner_main(Datum arg);
extern PGDLLEXPORT void nuvopipe_sender_main(Datum arg);
extern PGDLLEXPORT void nuvopipe_scribe_main(Datum arg);

#endif							/* NVP_WORKER_H */
