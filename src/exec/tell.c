/*-------------------------------------------------------------------------
 *
 * tell.c
 *		Telling of a change of state.
 *
 * See tell.h.  Two or three changes make a run, so this is lean: one statement,
 * one more where something has ended; what follows is asked for only where
 * there may be somebody whom it concerns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/xid8.h"

#include "base/uuid.h"
#include "base/wake.h"
#include "exec/tell.h"

#define MOST_NEWS		2		/* a run ends, the next begins */

/* changes of this transaction whose events are not written yet */
static bool is_gathering = false;
static NvpNews gathered[MOST_NEWS];
static int	ngathered = 0;

static bool
is_word(const NvpNews *news, const char *status)
{
	return strcmp(news->status, status) == 0;
}

static void
notify(const NvpNews *news)
{
	char	   *id = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&news->execution_id)));

	Async_Notify("nuvopipe", psprintf("{\"execution\" : \"%s\", \"status\" : \"%s\"}", id, news->status));
}

/* {"attempt": 1, "message": "..."} */
static Jsonb *
payload(const NvpNews *news)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "{\"attempt\": %d", news->attempt);
	if (news->message)
	{
		appendStringInfoString(&buf, ", \"message\": ");
		escape_json(&buf, news->message);
	}
	appendStringInfoChar(&buf, '}');
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(buf.data)));
}

/* one row of events: ten arguments */
static void
arg_event(NvpQuery *query, const NvpNews *news)
{
	char	   *kind = psprintf("execution.%s", news->status);
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t)); /* it is read when the statement runs */

	for (char *c = kind; *c; c++)
		*c = pg_ascii_tolower(*c);
	nvp_uuid_v7(id);
	nvp_arg_uuid(query, &news->tenant_id);
	nvp_arg_uuid(query, id);
	nvp_arg_time(query, GetCurrentTimestamp());
	nvp_arg_uuid(query, &news->execution_id);
	nvp_arg_text(query, kind);
	nvp_arg_jsonb(query, payload(news));
	nvp_arg_uuid(query, &news->pipeline_id);
	nvp_arg_uuid(query, &news->owner_id);
	nvp_arg_text(query, news->owner_role);
	nvp_arg_datum(query, XID8OID, FullTransactionIdGetDatum(GetTopFullTransactionId()));
}

#define INSERT_EVENT \
	"INSERT INTO _nuvopipe.event AS e (tenant_id, id, at, execution_id, kind, payload, pipeline_id, owner_id, owner_role, xact)" \
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::name, $10)"

/* whether somebody may want to know, or to follow */
#define RETURNING_INTEREST \
	" RETURNING execution_id, kind <> 'execution.running' AND (kind = 'execution.canceled'" \
	"  OR EXISTS (SELECT FROM _nuvopipe.webhook w WHERE w.tenant_id = e.tenant_id AND w.status = 'ACTIVE')" \
	"  OR (kind = 'execution.succeeded' AND EXISTS (SELECT FROM _nuvopipe.trigger r WHERE r.source_id = e.pipeline_id)))"

/* what ended is counted later (routine/digest.sql); QUEUED after an attempt ends that alone */
static void
note_end(NvpQuery *query, const NvpNews *news)
{
	pg_uuid_t	id;

	nvp_uuid_v7(&id);
	nvp_arg_uuid(query, &news->tenant_id);
	nvp_arg_uuid(query, &news->execution_id);
	nvp_arg_uuid(query, &id);
	nvp_arg_int4(query, news->attempt);
	nvp_arg_text(query, is_word(news, "QUEUED") ? NULL : news->status);
	nvp_query_keep(query,
				   "INSERT INTO _nuvopipe.uncounted (tenant_id, execution_id, id, attempt, status)"
				   " VALUES ($1, $2, $3, nullif($4, 0), $5)");
}

static void
follow(NvpQuery *query, const NvpNews *news)
{
	nvp_arg_uuid(query, &news->tenant_id);
	nvp_arg_uuid(query, &news->execution_id);
	nvp_arg_text(query, news->status);
	nvp_arg_int4(query, news->attempt);
	nvp_arg_text(query, news->message);
	nvp_query_keep(query, "SELECT _nuvopipe.follow_state($1, $2, $3, $4, $5)");
}

/* the events of one or two changes, and what follows from them */
static void
write_events(NvpQuery *query, const NvpNews *news, int n)
{
	bool		interests[MOST_NEWS] = {false};
	int			rows;

	for (int i = 0; i < n; i++)
		arg_event(query, &news[i]);
	rows = (int) nvp_query_keep(query, n == 1 ? INSERT_EVENT RETURNING_INTEREST :
								INSERT_EVENT ", ($11, $12, $13, $14, $15, $16, $17, $18, $19::name, $20)" RETURNING_INTEREST);
	for (int row = 0; row < rows; row++)
	{
		pg_uuid_t	id;

		nvp_get_uuid(row, 0, &id);
		for (int i = 0; i < n; i++)
			interests[i] |= memcmp(&news[i].execution_id, &id, sizeof(id)) == 0 && nvp_get_bool(row, 1);
	}
	for (int i = 0; i < n; i++)
	{
		if (interests[i])
			follow(query, &news[i]);
	}
}

/*
 * nvp_tell tells of a change of state.  Workers are woken only where there is
 * something new for them: what ends makes room, and whoever ended it knows.
 */
void
nvp_tell(NvpQuery *query, const NvpNews *news)
{
	bool		is_queued = is_word(news, "QUEUED");

	notify(news);
	if (!is_queued)
		nvp_tell_at_commit();
	else if (news->attempt == 0)
		nvp_work_at_commit();
	else
		nvp_wake_at_commit();	/* it may wait for its time */
	if (is_queued ? news->attempt > 0 : !is_word(news, "RUNNING"))
		note_end(query, news);
	if (is_gathering && ngathered < MOST_NEWS)
		gathered[ngathered++] = *news;
	else
		write_events(query, news, 1);
}

/*
 * nvp_tell_gather leaves the events of the changes that follow, in this
 * transaction, to nvp_tell_gathered: one statement for them all.
 */
void
nvp_tell_gather(void)
{
	is_gathering = true;
	ngathered = 0;
}

/* nvp_tell_mark and nvp_tell_back forget what was gathered in a part of the transaction that is undone. */
int
nvp_tell_mark(void)
{
	return ngathered;
}

void
nvp_tell_back(int mark)
{
	ngathered = mark;
}

/* nvp_tell_drop forgets all that was gathered; after an abort. */
void
nvp_tell_drop(void)
{
	is_gathering = false;
	ngathered = 0;
}

/* nvp_tell_gathered writes the events that were gathered; texts that they refer to must still be there. */
void
nvp_tell_gathered(void)
{
	int			n = ngathered;
	NvpQuery	query;

	nvp_tell_drop();
	if (n == 0)
		return;
	nvp_query_open(&query);
	write_events(&query, gathered, n);
	nvp_query_close(&query);
}

/*
 * nvp_tell_of does so for one who knows no more than which execution it is.
 * Without such an execution there is nothing to be told.
 */
void
nvp_tell_of(const pg_uuid_t *tenant_id, const pg_uuid_t *execution_id, const char *status,
			int attempt, const char *message)
{
	NvpNews		news = {
		.tenant_id = *tenant_id, .execution_id = *execution_id, .status = status,
		.attempt = attempt, .message = message
	};
	NvpQuery	query;

	nvp_query_open(&query);
	nvp_arg_uuid(&query, tenant_id);
	nvp_arg_uuid(&query, execution_id);
	if (nvp_query_keep(&query,
					   "SELECT pipeline_id, owner_id, owner_role::text FROM _nuvopipe.execution"
					   " WHERE tenant_id = $1 AND id = $2") > 0)
	{
		nvp_get_uuid(0, 0, &news.pipeline_id);
		nvp_get_uuid(0, 1, &news.owner_id);
		news.owner_role = nvp_get_text(&query, 0, 2);
		nvp_tell(&query, &news);
	}
	nvp_query_close(&query);
}
