/*-------------------------------------------------------------------------
 *
 * tell.c
 *		Telling of a change of state.
 *
 * See tell.h.  Two or three changes make a run, so this is lean: rows are written
 * without statements, and what follows is asked for only where there may be
 * somebody whom it concerns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/async.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/xid8.h"

#include "base/query.h"
#include "base/table.h"
#include "base/uuid.h"
#include "base/wake.h"
#include "exec/tell.h"

#define MOST_NOTES		80		/* the claims and ends of a company, and a few */

/* changes of the open transaction of which listeners are to hear after it */
static bool is_noting = false;
static int	nnotes = 0;
static struct
{
	pg_uuid_t	execution_id;
	char		status[16];
}			notes[MOST_NOTES];

static bool
is_word(const NvpNews *news, const char *status)
{
	return strcmp(news->status, status) == 0;
}

static void
notify(const pg_uuid_t *id, const char *status)
{
	char	   *text = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id)));

	Async_Notify("nuvopipe", psprintf("{\"execution\" : \"%s\", \"status\" : \"%s\"}", text, status));
}

/* where a transaction makes many changes, listeners hear of these few a little later than of the rest */
static void
note(const NvpNews *news)
{
	if (!is_noting || nnotes == MOST_NOTES)
	{
		notify(&news->execution_id, news->status);
		return;
	}
	notes[nnotes].execution_id = news->execution_id;
	strlcpy(notes[nnotes].status, news->status, sizeof(notes[nnotes].status));
	nnotes++;
}

/* nvp_tell_later makes this process tell its listeners after its commits, by nvp_tell_committed. */
void
nvp_tell_later(void)
{
	is_noting = true;
}

/* nvp_tell_mark and nvp_tell_back forget the changes of a part of the transaction that is undone. */
int
nvp_tell_mark(void)
{
	return nnotes;
}

void
nvp_tell_back(int mark)
{
	nnotes = mark;
}

static void
notify_all(void)
{
	StartTransactionCommand();
	for (int i = 0; i < nnotes; i++)
		notify(&notes[i].execution_id, notes[i].status);
	CommitTransactionCommand();
}

/*
 * nvp_tell_committed tells the listeners of the changes that were committed
 * just now.
 *
 * xact: one of its own, which waits for no disk.
 * errors: none; what stands in the way (a full queue, which a listener does not
 *		empty) is logged.
 */
void
nvp_tell_committed(void)
{
	MemoryContext context = CurrentMemoryContext;
	uint32		held = QueryCancelHoldoffCount;

	if (nnotes == 0)
		return;
	HOLD_INTERRUPTS();
	PG_TRY();
	{
		notify_all();
	}
	PG_CATCH();
	{
		/* an error lets interrupts go; those of a claim that waits are held on */
		HOLD_INTERRUPTS();
		QueryCancelHoldoffCount = held;
		MemoryContextSwitchTo(context);
		EmitErrorReport();
		FlushErrorState();
		AbortCurrentTransaction();
	}
	PG_END_TRY();
	RESUME_INTERRUPTS();
	nnotes = 0;
	MemoryContextSwitchTo(context);
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

/* what ended is counted later (routine/digest.sql); QUEUED after an attempt ends that alone */
static void
note_end(const NvpNews *news)
{
	NvpTable	table;
	pg_uuid_t	id;

	nvp_uuid_v7(&id);
	nvp_table_open(&table, "uncounted");
	nvp_table_blank(&table);
	nvp_table_put(&table, "tenant_id", UUIDPGetDatum(&news->tenant_id));
	nvp_table_put(&table, "execution_id", UUIDPGetDatum(&news->execution_id));
	nvp_table_put(&table, "id", UUIDPGetDatum(&id));
	if (news->attempt > 0)
		nvp_table_put(&table, "attempt", Int32GetDatum(news->attempt));
	nvp_table_put_text(&table, "status", is_word(news, "QUEUED") ? NULL : news->status);
	nvp_table_insert(&table);
	nvp_table_close(&table);
}

/* execution.queued */
static char *
kind_of(const NvpNews *news)
{
	char	   *kind = psprintf("execution.%s", news->status);

	for (char *c = kind; *c; c++)
		*c = pg_ascii_tolower(*c);
	return kind;
}

static void
write_event(const NvpNews *news)
{
	NvpTable	table;
	NameData	role;
	pg_uuid_t	id;

	nvp_uuid_v7(&id);
	namestrcpy(&role, news->owner_role);
	nvp_table_open_part(&table, "event", UUIDPGetDatum(&id));
	nvp_table_blank(&table);
	nvp_table_put(&table, "tenant_id", UUIDPGetDatum(&news->tenant_id));
	nvp_table_put(&table, "id", UUIDPGetDatum(&id));
	nvp_table_put(&table, "at", TimestampTzGetDatum(GetCurrentTimestamp()));
	nvp_table_put(&table, "execution_id", UUIDPGetDatum(&news->execution_id));
	nvp_table_put_text(&table, "kind", kind_of(news));
	nvp_table_put(&table, "payload", JsonbPGetDatum(payload(news)));
	nvp_table_put(&table, "pipeline_id", UUIDPGetDatum(&news->pipeline_id));
	nvp_table_put(&table, "owner_id", UUIDPGetDatum(&news->owner_id));
	nvp_table_put(&table, "owner_role", NameGetDatum(&role));
	nvp_table_put(&table, "xact", FullTransactionIdGetDatum(GetTopFullTransactionId()));
	nvp_table_insert(&table);
	nvp_table_close(&table);
}

static bool
has_webhook(const pg_uuid_t *tenant_id)
{
	NvpTable	table;
	Datum		key = UUIDPGetDatum(tenant_id);
	bool		found;

	nvp_table_open(&table, "webhook");
	found = nvp_table_find(&table, "webhook_name_key", 1, &key);
	while (found && !nvp_table_is(&table, "status", "ACTIVE"))
		found = nvp_table_next(&table);
	nvp_table_close(&table);
	return found;
}

static bool
has_follower(const pg_uuid_t *pipeline_id)
{
	NvpTable	table;
	Datum		key = UUIDPGetDatum(pipeline_id);
	bool		found;

	nvp_table_open(&table, "trigger");
	found = nvp_table_find(&table, "trigger_source_idx", 1, &key);
	nvp_table_close(&table);
	return found;
}

/* whether somebody may want to know, or to follow */
static bool
is_of_interest(const NvpNews *news)
{
	if (is_word(news, "RUNNING"))
		return false;
	return is_word(news, "CANCELED") || has_webhook(&news->tenant_id) ||
		(is_word(news, "SUCCEEDED") && has_follower(&news->pipeline_id));
}

static void
follow(const NvpNews *news)
{
	NvpQuery	query;

	nvp_query_open(&query);
	nvp_arg_uuid(&query, &news->tenant_id);
	nvp_arg_uuid(&query, &news->execution_id);
	nvp_arg_text(&query, news->status);
	nvp_arg_int4(&query, news->attempt);
	nvp_arg_text(&query, news->message);
	nvp_query_keep(&query, "SELECT _nuvopipe.follow_state($1, $2, $3, $4, $5)");
	nvp_query_close(&query);
}

/*
 * nvp_tell tells of a change of state.  Workers are woken only where there is
 * something new for them: what ends makes room, and whoever ended it knows.
 */
void
nvp_tell(const NvpNews *news)
{
	bool		is_queued = is_word(news, "QUEUED");

	note(news);
	if (!is_queued)
		nvp_tell_at_commit();
	else if (news->attempt == 0)
		nvp_work_at_commit();
	else
		nvp_wake_at_commit();	/* it may wait for its time */
	if (is_queued ? news->attempt > 0 : !is_word(news, "RUNNING"))
		note_end(news);
	write_event(news);
	if (is_of_interest(news))
		follow(news);
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
		nvp_tell(&news);
	}
	nvp_query_close(&query);
}
