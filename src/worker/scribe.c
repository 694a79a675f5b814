/*-------------------------------------------------------------------------
 *
 * scribe.c
 *		Writes the jobs of schedules into the database of pg_cron, where that is
 *		another one.
 *
 *		keeper --(list in a segment)--> scribe, connected to cron.database_name
 *
 * A keeper makes the list of jobs that there should be (sql/routine/pgcron.sql)
 * and, if it is not the one that was written last, starts a scribe with it.  The
 * scribe compares it with cron.job, makes the difference vanish in one
 * transaction, and ends.  Jobs are told by their command and the name of the
 * database they are run in; those of databases that are gone are removed as well.
 *
 * Once an hour the list is written again whether it has changed or not, for jobs
 * may have been deleted there.  Where pg_cron's library is loaded and its extension
 * is missing, a scribe looks again after ten minutes.
 *
 * Memory: the segment is the keeper's, who lets it go when the scribe has ended.
 * Errors: a scribe's are logged and end it; the keeper tries again after a while.
 * SPI:    used directly, as our own tables are not there.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/process.h"
#include "base/shmem.h"
#include "worker/worker.h"

#define AGAIN_MS		(3600 * 1000)	/* written again, though nothing has changed */
#define NO_CRON_MS		(600 * 1000)	/* the extension may be created */
#define RETRY_MS		10000			/* after a failure */

typedef enum LetterState
{
	LETTER_SENT,				/* still so when the scribe has ended: it has failed */
	LETTER_WRITTEN,
	LETTER_NO_CRON
} LetterState;

typedef struct Letter
{
	volatile int state;			/* LetterState */
	bool		is_pinned;		/* nobody waits for it: it is the scribe's to let go */
	char		database[NAMEDATALEN];	/* whose jobs they are */
	Size		len;
	char		jobs[FLEXIBLE_ARRAY_MEMBER];	/* JSON, with a zero at the end */
} Letter;

/* ---- the keeper's side --------------------------------------------------------- */

static dsm_segment *segment = NULL; /* of the scribe under way, or NULL */
static BackgroundWorkerHandle *scribe = NULL;
static uint64 under_way = 0;	/* hash of the list it has */
static uint64 written = 0;		/* and of the one that was written last */
static TimestampTz next_at = 0; /* written or not, not to be tried before */

static bool
start(dsm_segment *letter)
{
	BackgroundWorker worker = {0};

	strlcpy(worker.bgw_name, "nuvopipe scribe", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "nuvopipe scribe", BGW_MAXLEN);
	strlcpy(worker.bgw_library_name, "nuvopipe", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "nuvopipe_scribe_main", sizeof(worker.bgw_function_name));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(letter));
	worker.bgw_notify_pid = MyProcPid;
	return RegisterDynamicBackgroundWorker(&worker, &scribe);
}

/* a segment with the list; NULL if the server has no more of them */
static dsm_segment *
write_letter(const char *database, const char *jobs, bool is_pinned)
{
	Size		len = strlen(jobs) + 1;
	dsm_segment *made = dsm_create(add_size(offsetof(Letter, jobs), len), DSM_CREATE_NULL_IF_MAXSEGMENTS);
	Letter	   *letter;

	if (made == NULL)
		return NULL;
	dsm_pin_mapping(made);		/* beyond this transaction */
	if (is_pinned)
		dsm_pin_segment(made);	/* and beyond this process */
	letter = dsm_segment_address(made);
	letter->state = LETTER_SENT;
	letter->is_pinned = is_pinned;
	strlcpy(letter->database, database, NAMEDATALEN);
	letter->len = len;
	memcpy(letter->jobs, jobs, len);
	return made;
}

/* NULL if it could not be sent */
static dsm_segment *
send_letter(const char *database, const char *jobs, bool is_pinned)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
	dsm_segment *letter = write_letter(database, jobs, is_pinned);
	bool		sent = letter && start(letter);

	MemoryContextSwitchTo(old);
	if (sent)
		return letter;
	if (letter && is_pinned)
		dsm_unpin_segment(dsm_segment_handle(letter));
	if (letter)
		dsm_detach(letter);
	ereport(LOG,
			errcode(ERRCODE_INSUFFICIENT_RESOURCES),
			errmsg("nuvopipe: no free background worker slot to write jobs of pg_cron"),
			errhint("Raise max_worker_processes."));
	return NULL;
}

/* has the scribe under way ended?  Then its segment is let go, and it is known when to send the next. */
static bool
is_free(TimestampTz now)
{
	pid_t		pid;
	LetterState state;

	if (segment == NULL)
		return true;
	if (GetBackgroundWorkerPid(scribe, &pid) != BGWH_STOPPED)
		return false;
	state = ((Letter *) dsm_segment_address(segment))->state;
	dsm_detach(segment);
	segment = NULL;
	pfree(scribe);
	written = state == LETTER_WRITTEN ? under_way : 0;
	next_at = TimestampTzPlusMilliseconds(now, state == LETTER_WRITTEN ? AGAIN_MS :
										  state == LETTER_NO_CRON ? NO_CRON_MS : RETRY_MS);
	return true;
}

/* has a list been written there, in vain or not, that was not empty?  Also by a keeper before this one. */
static bool
has_jobs(void)
{
	NvpDatabase *entry;
	bool		has = false;

	LWLockAcquire(nvp_shared->lock, LW_SHARED);
	entry = nvp_database_entry(MyDatabaseId, false);
	if (entry)
		has = entry->has_jobs;
	LWLockRelease(nvp_shared->lock);
	return has;
}

static void
note_jobs(bool has)
{
	NvpDatabase *entry;

	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	entry = nvp_database_entry(MyDatabaseId, true);
	if (entry)
		entry->has_jobs = has;
	LWLockRelease(nvp_shared->lock);
}

/*
 * nvp_scribe_keep sees to it that the database of pg_cron has these jobs of this
 * database, sooner or later.  An empty list is written if there may be something
 * to remove.
 *
 * xact: any, or none.
 */
void
nvp_scribe_keep(const char *database, const char *jobs)
{
	static bool first = true;
	TimestampTz now = GetCurrentTimestamp();
	uint64		hash = hash_bytes_extended((const unsigned char *) jobs, strlen(jobs), 0) | 1;
	bool		is_empty = strcmp(jobs, "[]") == 0;

	if (!is_free(now) || ((hash == written || written == 0) && next_at > now))
		return;
	if (is_empty && !first && !has_jobs())
		return;
	first = false;
	under_way = hash;
	note_jobs(!is_empty);
	segment = send_letter(database, jobs, false);
	if (segment == NULL)
		next_at = TimestampTzPlusMilliseconds(now, RETRY_MS);
}

/*
 * nvp_scribe_forget has all jobs of a database removed that this process does not
 * keep; "" means those of databases that are gone.  Nobody looks whether that is
 * done.
 */
void
nvp_scribe_forget(const char *database)
{
	dsm_segment *letter = send_letter(database, "[]", true);

	if (letter == NULL)
		return;
	dsm_detach(letter);
	pfree(scribe);
}

/*
 * nvp_scribe_leave is called where the extension has gone from this database: its
 * jobs go as well.
 */
void
nvp_scribe_leave(const char *database)
{
	if (!has_jobs())
		return;
	note_jobs(false);
	nvp_scribe_forget(database);
}

/* ---- the scribe ---------------------------------------------------------------- */

/* our jobs there, as the statements below name them */
#define JOBS \
	"WITH wanted AS (SELECT * FROM pg_catalog.json_to_recordset($1::json)" \
	"  AS w (name text, schedule text, command text, username text))," \
	" job AS (SELECT j.jobid, j.jobname::text AS name, j.schedule, j.database, j.command, j.username::text AS username," \
	"   pg_catalog.row_number() OVER (PARTITION BY j.command ORDER BY j.database <> $2, j.jobid) AS n" \
	"  FROM cron.job j WHERE j.command ~ '^SELECT nuvopipe\\.fire_due\\(''[0-9a-f-]{36}''\\)$'" \
	"  AND (j.database = $2 OR NOT EXISTS (SELECT FROM pg_catalog.pg_database d WHERE d.datname = j.database)))"

static const char *const statements[] = {
	JOBS " SELECT cron.unschedule(j.jobid) FROM job j WHERE NOT EXISTS (SELECT FROM wanted w"
	" WHERE w.command = j.command AND w.name = j.name AND w.username = j.username AND j.database = $2 AND j.n = 1)",
	JOBS " SELECT cron.alter_job(j.jobid, schedule => w.schedule) FROM job j JOIN wanted w ON w.command = j.command"
	" WHERE w.schedule <> j.schedule",
	JOBS " SELECT cron.schedule_in_database(w.name, w.schedule, w.command, $2, w.username) FROM wanted w"
	" WHERE NOT EXISTS (SELECT FROM job j WHERE j.command = w.command)"
};

static void
write_jobs(const Letter *letter)
{
	Oid			types[] = {TEXTOID, TEXTOID};
	Datum		values[2];

	SPI_connect();
	values[0] = CStringGetTextDatum(letter->jobs);
	values[1] = CStringGetTextDatum(letter->database);
	for (int i = 0; i < lengthof(statements); i++)
	{
		int			rc = SPI_execute_with_args(statements[i], 2, types, values, NULL, false, 0);

		if (rc < 0)
			ereport(ERROR,
					errcode(ERRCODE_INTERNAL_ERROR),
					errmsg("could not run an internal statement: %s", SPI_result_code_string(rc)));
	}
	SPI_finish();
}

/* nuvopipe_scribe_main is a scribe's whole life; arg is the handle of its segment. */
void
nuvopipe_scribe_main(Datum arg)
{
	const char *database = GetConfigOption("cron.database_name", true, false);
	dsm_segment *mine;
	Letter	   *letter;
	bool		found;

	nvp_worker_setup();
	mine = dsm_attach(DatumGetUInt32(arg)); /* until this process ends */
	if (mine == NULL || database == NULL)
		proc_exit(0);
	letter = dsm_segment_address(mine);
	if (letter->is_pinned)
		dsm_unpin_segment(DatumGetUInt32(arg));
	BackgroundWorkerInitializeConnection(database, NULL, 0);
	if (!nvp_slot_take(NVP_PROCESS_SCRIBE))
		proc_exit(0);
	SetConfigOption("search_path", "pg_catalog, pg_temp", PGC_SUSET, PGC_S_OVERRIDE);
	SetConfigOption("default_transaction_read_only", "off", PGC_SUSET, PGC_S_OVERRIDE);
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	pgstat_report_activity(STATE_RUNNING, "nuvopipe: write jobs of pg_cron");
	found = OidIsValid(get_extension_oid("pg_cron", true));
	if (found)
		write_jobs(letter);
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_stat(true);
	letter->state = found ? LETTER_WRITTEN : LETTER_NO_CRON;
	proc_exit(0);
}
