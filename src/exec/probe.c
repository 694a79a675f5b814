/*-------------------------------------------------------------------------
 *
 * probe.c
 *		Queries that start a pipeline when they return rows.
 *
 * Flow:   claim up to a batch of those that are due (transaction: each gets its
 *		   next time, so nobody else asks it) --> ask (read-only transaction, as
 *		   the owner of the pipeline, one row is enough) --> signal or error
 *		   (transaction; none where there is nothing to write)
 * Errors: see probe.h.  A process that dies in between leaves the queries it had
 *		   claimed to their next time: what they look for is still there then.
 * Notes:  - The time a query may take is a deadline of our own: in a session
 *			 statement_timeout counts since CALL.
 *		   - A transaction is made read-only after its snapshot is there, so
 *			 nothing in the query can make it writable again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/acl.h"
#include "utils/memutils.h"

#include "base/deadline.h"
#include "base/guc.h"
#include "base/query.h"
#include "base/shmem.h"
#include "base/wake.h"
#include "exec/identity.h"
#include "exec/probe.h"

typedef struct Probe
{
	pg_uuid_t	tenant_id;
	pg_uuid_t	id;
	char	   *name;
	char	   *query;
	char	   *owner_role;
	bool		is_failing;		/* it did not work last time */
	NvpIdentity identity;
	bool		found;
	char	   *error;			/* or NULL */
} Probe;

/*
 * nvp_probe_due counts the queries that could be asked now; *next is when the
 * first of the others is due, 0 if there is none.
 *
 * xact: needs one, with a snapshot.
 */
int64
nvp_probe_due(TimestampTz *next)
{
	NvpQuery	query;
	int64		due;

	nvp_query_open(&query);
	nvp_query_exec(&query, "SELECT due, next FROM _nuvopipe.probe_due()");
	due = nvp_get_int8(0, 0);
	*next = nvp_get_time(0, 1);
	nvp_query_close(&query);
	return due;
}

/* ---- one query ------------------------------------------------------------------ */

/* as the owner; in a read-only transaction */
static bool
returns_row(const char *query)
{
	SPIPlanPtr	plan;
	Portal		portal;
	bool		found;

	SPI_connect();
	plan = SPI_prepare_cursor(query, 0, NULL, CURSOR_OPT_NO_SCROLL | CURSOR_OPT_FAST_PLAN);
	if (plan == NULL || !SPI_is_cursor_plan(plan))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_CURSOR_DEFINITION),
				errmsg("the query must be one that returns rows"));
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	SPI_cursor_fetch(portal, true, 1);
	found = SPI_processed > 0;
	SPI_cursor_close(portal);
	SPI_finish();
	return found;
}

static void
ask(NvpSession *session, Probe *probe)
{
	Oid			owner;

	nvp_session_begin(session);
	owner = get_role_oid(probe->owner_role, false);
	XactReadOnly = true;
	nvp_identity_take(&probe->identity, owner, session->is_procedure);
	if (nvp_guc_probe_timeout > 0)
		nvp_deadline_set(TimestampTzPlusMilliseconds(GetCurrentTimestamp(), nvp_guc_probe_timeout));
	probe->found = returns_row(probe->query);
	nvp_identity_settle(&probe->identity);
	nvp_deadline_clear();
	nvp_identity_give_back(&probe->identity);
	nvp_session_commit(session);
}

/*
 * An error becomes a text.  Only a cancellation that somebody in this session
 * has asked for goes on up.
 */
static void
ask_guarded(NvpSession *session, Probe *probe, MemoryContext context)
{
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		ask(session, probe);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	if (error)
	{
		bool		was_late = nvp_deadline_passed();

		nvp_deadline_clear();
		nvp_session_rollback(session);
		nvp_identity_give_back(&probe->identity);
		MemoryContextSwitchTo(context);
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED && !was_late && session->is_procedure)
			ReThrowError(error);
		probe->found = false;
		probe->error = was_late ? psprintf("the query took longer than %d ms (nuvopipe.probe_timeout)", nvp_guc_probe_timeout) :
			psprintf("%s (%s)", error->message, unpack_sql_state(error->sqlerrcode));
	}
	MemoryContextSwitchTo(context);
}

static void
record(NvpSession *session, const Probe *probe)
{
	NvpQuery	query;

	nvp_session_begin(session);
	nvp_query_open(&query);
	nvp_arg_uuid(&query, &probe->tenant_id);
	nvp_arg_uuid(&query, &probe->id);
	nvp_arg_bool(&query, probe->found);
	nvp_arg_text(&query, probe->error);
	nvp_query_exec(&query, "SELECT _nuvopipe.probe_record($1, $2, $3, $4)");
	nvp_query_close(&query);
	if (probe->found)
		nvp_keeper_at_commit();
	nvp_session_commit(session);
}

/* ---- a batch -------------------------------------------------------------------- */

static int
claim(NvpSession *session, Probe *probes, MemoryContext context)
{
	NvpQuery	query;
	int			n;

	nvp_session_begin(session);
	MemoryContextSwitchTo(context);
	nvp_query_open(&query);
	nvp_arg_int4(&query, NVP_PROBE_BATCH);
	n = nvp_query_exec(&query, "SELECT tenant_id, id, name, query, owner_role::text, failing FROM _nuvopipe.probe_claim($1)");
	for (int i = 0; i < n; i++)
	{
		nvp_get_uuid(i, 0, &probes[i].tenant_id);
		nvp_get_uuid(i, 1, &probes[i].id);
		probes[i].name = nvp_get_text(&query, i, 2);
		probes[i].query = nvp_get_text(&query, i, 3);
		probes[i].owner_role = nvp_get_text(&query, i, 4);
		probes[i].is_failing = nvp_get_bool(i, 5);
	}
	nvp_query_close(&query);
	nvp_session_commit(session);
	MemoryContextSwitchTo(context);
	return n;
}

/*
 * nvp_probe_run asks the queries that are due, up to a batch.
 *
 * out: how many.
 * xact: none may be open.
 */
int
nvp_probe_run(NvpSession *session)
{
	MemoryContext context;
	Probe	   *probes;
	int			n;

	if (nvp_shared && nvp_probes(MyDatabaseId) == 0 && !session->is_procedure)
		return 0;
	context = AllocSetContextCreate(session->context, "nuvopipe probe", ALLOCSET_DEFAULT_SIZES);
	probes = MemoryContextAllocZero(context, NVP_PROBE_BATCH * sizeof(Probe));
	n = claim(session, probes, context);
	if (nvp_shared && n < NVP_PROBE_BATCH)
		nvp_probes_set(MyDatabaseId, 0);
	for (int i = 0; i < n; i++)
	{
		ask_guarded(session, &probes[i], context);
		if (probes[i].found || probes[i].error || probes[i].is_failing)
			record(session, &probes[i]);
		nvp_identity_forget(session);
	}
	MemoryContextSwitchTo(session->context);
	MemoryContextDelete(context);
	return n;
}
