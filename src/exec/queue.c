/*-------------------------------------------------------------------------
 *
 * queue.c
 *		Whose turn it is.
 *
 * See queue.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "postmaster/interrupt.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "base/guc.h"
#include "base/query.h"
#include "base/shmem.h"
#include "base/table.h"
#include "base/wake.h"
#include "exec/company.h"
#include "exec/queue.h"
#include "exec/tell.h"

#define LONGEST_LIST	1000
#define SHORTEST_LIST	16
#define LIST_AGE_MS		1000
#define LIST_SHARE		20		/* making lists takes at most this part of the time */
#define LONG_COST_US	2000	/* a list that takes longer is not made while others wait for our commit */
#define PATIENCE		16		/* claims that fail before the list is made again */
#define TURN_MS			20		/* that a pipeline's turn lasts */

struct NvpQueue
{
	NvpWaiting *list;
	int			n;				/* left in the list, and those done */
	int			made;			/* how many there were */
	int			next;			/* of the list, to be tried */
	int			used;			/* claimed from this list */
	int			wanted;			/* length of the next list */
	uint32		asked;			/* by then somebody had asked that often */
	TimestampTz made_at;
	int64		cost;			/* of making it, in microseconds */
	bool		has_last;
	TimestampTz turn_at;		/* the turn of last_pipeline began */
	pg_uuid_t	last_tenant;	/* of what was claimed last */
	pg_uuid_t	last_pipeline;
};

static struct NvpQueue *
queue_of(NvpSession *session)
{
	MemoryContext parent = MemoryContextGetParent(session->context);

	if (session->queue == NULL)
	{
		struct NvpQueue *queue = MemoryContextAllocZero(parent, sizeof(struct NvpQueue));

		queue->list = MemoryContextAlloc(parent, sizeof(NvpWaiting) * LONGEST_LIST);
		queue->wanted = SHORTEST_LIST;
		session->queue = queue;
	}
	return session->queue;
}

/* a list that was used up was too short, one that was thrown away too long */
static void
set_length(struct NvpQueue *queue)
{
	if (queue->made < queue->wanted)
		return;
	if (queue->next >= queue->n)
		queue->wanted *= 2;
	else if (queue->used < queue->wanted / 4)
		queue->wanted /= 2;
	queue->wanted = Max(SHORTEST_LIST, Min(queue->wanted, LONGEST_LIST));
}

static void
read_waiting(int row, NvpWaiting *w)
{
	memset(w, 0, sizeof(*w));
	nvp_get_uuid(row, 0, &w->tenant_id);
	nvp_get_uuid(row, 1, &w->id);
	nvp_get_uuid(row, 2, &w->pipeline_id);
	w->slots = nvp_get_int4(row, 3);
	w->tenant_limit = nvp_get_int4(row, 4);
}

/* what limits an execution that waits; false if its pipeline is gone */
static bool
read_limits(NvpWaiting *w)
{
	NvpTable	pipeline;
	NvpTable	organization;
	Datum		pipeline_key = UUIDPGetDatum(&w->pipeline_id);
	Datum		tenant_key = UUIDPGetDatum(&w->tenant_id);
	bool		found;

	nvp_table_open(&pipeline, "pipeline");
	found = nvp_table_find(&pipeline, "pipeline_pkey", 1, &pipeline_key);
	if (found)
		w->slots = nvp_table_get_int4(&pipeline, "slots", 0);
	nvp_table_close(&pipeline);
	nvp_table_open(&organization, "organization");
	w->tenant_limit = nvp_guc_max_runs_per_tenant;
	if (nvp_table_find(&organization, "organization_pkey", 1, &tenant_key))
		w->tenant_limit = nvp_table_get_int4(&organization, "max_runs", w->tenant_limit);
	nvp_table_close(&organization);
	return found;
}

/*
 * Mostly there is one execution that waits, or none: whose turn it is needs no
 * thought then.  False if there are several.
 */
static bool
make_short_list(struct NvpQueue *queue)
{
	NvpTable	table;
	NvpWaiting	w = {0};
	Datum		key = CStringGetTextDatum("QUEUED");
	bool		found;
	bool		is_due = false;
	bool		several = false;

	nvp_table_open(&table, "execution");
	found = nvp_table_find(&table, "execution_queue_idx", 1, &key);
	if (found)
	{
		nvp_table_get_uuid(&table, "tenant_id", &w.tenant_id);
		nvp_table_get_uuid(&table, "id", &w.id);
		nvp_table_get_uuid(&table, "pipeline_id", &w.pipeline_id);
		is_due = nvp_table_get_time(&table, "available_at") <= GetCurrentTimestamp();
		several = nvp_table_next(&table);
	}
	nvp_table_close(&table);
	if (found && !several && is_due && read_limits(&w))
		queue->list[queue->n++] = w;
	return !several;
}

/* several wait; gives how many of them could begin at once */
static int
make_long_list(struct NvpQueue *queue, bool any_priority)
{
	NvpQuery	query;
	int			at_once = 0;

	nvp_query_open(&query);
	nvp_arg_int4(&query, nvp_guc_max_runs_per_tenant);
	nvp_arg_int4(&query, nvp_guc_max_runs_per_host);
	nvp_arg_uuid(&query, queue->has_last ? &queue->last_tenant : NULL);
	nvp_arg_uuid(&query, queue->has_last ? &queue->last_pipeline : NULL);
	nvp_arg_int4(&query, queue->wanted);
	nvp_arg_bool(&query, any_priority);
	queue->n = nvp_query_keep(&query,
							  "SELECT tenant_id, id, pipeline_id, slots, tenant_limit, at_once"
							  " FROM _nuvopipe.queue_list($1, $2, $3, $4, $5, $6)");
	for (int i = 0; i < queue->n; i++)
	{
		read_waiting(i, &queue->list[i]);
		at_once += nvp_get_bool(i, 5);
	}
	nvp_query_close(&query);
	return at_once;
}

static void
make_list(struct NvpQueue *queue, bool any_priority)
{
	int			at_once = 0;

	set_length(queue);
	queue->n = queue->next = queue->used = 0;
	queue->asked = nvp_database_asked(MyDatabaseId);
	queue->made_at = GetCurrentTimestamp();
	if (!make_short_list(queue))
		at_once = make_long_list(queue, any_priority);
	queue->made = queue->n;
	queue->cost = GetCurrentTimestamp() - queue->made_at;
	if (at_once > 1)
		nvp_call_runners(MyDatabaseId, at_once - 1);
}

static bool
is_stale(const struct NvpQueue *queue)
{
	int64		age = GetCurrentTimestamp() - queue->made_at;

	return queue->next >= queue->n || age > LIST_AGE_MS * INT64CONST(1000) ||
		(age > LIST_SHARE * queue->cost && queue->asked != nvp_database_asked(MyDatabaseId));
}

static bool
is_same_pipeline(const NvpWaiting *a, const NvpWaiting *b)
{
	return memcmp(&a->pipeline_id, &b->pipeline_id, sizeof(pg_uuid_t)) == 0;
}

/* what is at its limit needs not be tried again */
static void
drop_like(struct NvpQueue *queue, NvpWaiting like, bool whole_tenant)
{
	int			kept = queue->next;

	for (int i = queue->next; i < queue->n; i++)
	{
		const NvpWaiting *w = &queue->list[i];

		if (memcmp(&w->tenant_id, &like.tenant_id, sizeof(pg_uuid_t)) == 0 &&
			(whole_tenant || is_same_pipeline(w, &like)))
			continue;
		queue->list[kept++] = *w;
	}
	queue->n = kept;
}

static void
drop_one(struct NvpQueue *queue, int i)
{
	memmove(&queue->list[queue->next + 1], &queue->list[queue->next], sizeof(NvpWaiting) * (i - queue->next));
	queue->next++;
}

static void
note_claimed(struct NvpQueue *queue, const NvpWaiting *w)
{
	queue->used++;
	if (!queue->has_last || memcmp(&queue->last_pipeline, &w->pipeline_id, sizeof(pg_uuid_t)) != 0)
		queue->turn_at = GetCurrentTimestamp();
	queue->has_last = true;
	queue->last_tenant = w->tenant_id;
	queue->last_pipeline = w->pipeline_id;
}

/*
 * Where to begin: while a pipeline's turn lasts, at its next execution.  Its slot
 * is ours, and so is its plan, where other pipelines' are with other processes.
 */
static int
first_choice(const struct NvpQueue *queue, bool wait)
{
	if (wait || !queue->has_last || TimestampDifferenceExceeds(queue->turn_at, GetCurrentTimestamp(), TURN_MS))
		return queue->next;
	for (int i = queue->next; i < queue->n; i++)
	{
		if (memcmp(&queue->list[i].pipeline_id, &queue->last_pipeline, sizeof(pg_uuid_t)) == 0)
			return i;
	}
	return queue->next;
}

/* the next one in the list of a pipeline with which nobody is busy: those of one keep their order */
static int
next_choice(const struct NvpQueue *queue, int i, const NvpWaiting *busy, int nbusy)
{
	for (; i < queue->n; i++)
	{
		int			j = 0;

		while (j < nbusy && !is_same_pipeline(&queue->list[i], &busy[j]))
			j++;
		if (j == nbusy)
			break;
	}
	return i;
}

/* claim from the list; gives up after that many that are not to be had */
static bool
claim_from_list(struct NvpQueue *queue, bool wait, int patience, NvpExecution *out)
{
	NvpWaiting	busy[PATIENCE];
	int			nbusy = 0;
	int			i = first_choice(queue, wait);

	while (i < queue->n && patience-- > 0 && nbusy < PATIENCE)
	{
		NvpWaiting	w = queue->list[i];

		/* the only slot of a pipeline: whoever claims at this moment has it */
		switch (nvp_exec_claim(&w, wait && w.slots > 1, out))
		{
			case NVP_CLAIMED:
				drop_one(queue, i);
				note_claimed(queue, &w);
				return true;
			case NVP_CLAIM_CONTENDED:
				busy[nbusy++] = w;
				break;
			case NVP_CLAIM_PIPELINE_FULL:
				drop_like(queue, w, false);
				break;
			case NVP_CLAIM_TENANT_FULL:
				drop_like(queue, w, true);
				break;
			case NVP_CLAIM_GONE:
				drop_one(queue, i);
				break;
		}
		i = next_choice(queue, queue->next, busy, nbusy);
	}
	return false;
}

/*
 * nvp_queue_claim claims the execution whose turn it is.
 *
 * in: whether there is time: to wait for others that claim at the same moment,
 *		and to make a list where that takes long.
 * out: false if there is none that may begin now.
 */
bool
nvp_queue_claim(NvpSession *session, bool wait, NvpExecution *out)
{
	struct NvpQueue *queue = queue_of(session);

	if (!is_stale(queue) && claim_from_list(queue, wait, PATIENCE, out))
		return true;
	if (!wait && queue->cost > LONG_COST_US)
		return false;
	nvp_limit_met(MyDatabaseId);
	make_list(queue, false);
	if (claim_from_list(queue, wait, LONGEST_LIST, out))
		return true;
	if (queue->made == 0)
		return false;
	make_list(queue, true);
	return claim_from_list(queue, wait, LONGEST_LIST, out);
}

/* nvp_queue_forget throws the list away: what was taken from it waits again, before all that is left. */
void
nvp_queue_forget(NvpSession *session)
{
	struct NvpQueue *queue = queue_of(session);

	queue->next = queue->n;
}

/* those that follow in the list of its pipeline and may go with the first; in their order, so the first that may not ends it */
static int
claim_company(struct NvpQueue *queue, NvpExecution *executions, int most)
{
	int			n = 1;

	for (int i = queue->next; n < most && i < queue->n; i++)
	{
		NvpWaiting	w = queue->list[i];

		if (memcmp(&w.pipeline_id, &executions[0].pipeline_id, sizeof(pg_uuid_t)) != 0)
			continue;
		if (!nvp_exec_claim_with(&executions[0], &w, &executions[n]))
			break;
		drop_one(queue, i);
		note_claimed(queue, &w);
		n++;
	}
	return n;
}

static void
claim_next(NvpSession *session)
{
	NvpExecution *next;
	MemoryContext old = MemoryContextSwitchTo(session->next_context);

	MemoryContextReset(session->next_context);
	next = palloc0(sizeof(NvpExecution) * NVP_COMPANY_MAX);
	if (nvp_queue_claim(session, false, next))
		session->nnext = claim_company(session->queue, next, nvp_company_size(session, next));
	session->next = next;
	MemoryContextSwitchTo(old);
}

/*
 * nvp_queue_claim_next claims another execution, or several that may go
 * together, in the transaction that ends one, right before its commit; an error
 * is logged and leaves that untouched.  From now on cancels are for the next
 * ones, and are held back until they begin.
 */
void
nvp_queue_claim_next(NvpSession *session)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	int			told = nvp_tell_mark();

	if (!session->wants_next || ConfigReloadPending || ProcDiePending)
		return;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		claim_next(session);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		session->nnext = 0;
		nvp_tell_back(told);
		HOLD_INTERRUPTS();
		EmitErrorReport();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		RESUME_INTERRUPTS();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (session->nnext > 0)
	{
		QueryCancelPending = false;
		QueryCancelHoldoffCount = 1;	/* a background process: nobody else holds them back here */
	}
}

/*
 * nvp_queue_take_next hands over what was claimed so, in a committed transaction.
 *
 * out: how many; an array of at least one, and strings, in the session's context.
 */
int
nvp_queue_take_next(NvpSession *session, NvpExecution **out)
{
	MemoryContext old = MemoryContextSwitchTo(session->context);
	int			n = session->nnext;

	*out = palloc0(sizeof(NvpExecution) * Max(n, 1));
	for (int i = 0; i < n; i++)
		nvp_exec_copy(&session->next[i], &(*out)[i]);
	MemoryContextSwitchTo(old);
	if (n == 0)
		return 0;
	MemoryContextReset(session->next_context);
	session->nnext = 0;
	session->next_is_sure = false;
	session->next = NULL;
	QueryCancelHoldoffCount = 0;
	return n;
}

/*
 * nvp_queue_due counts the executions that could begin now.
 *
 * in: counts up to most.
 * out: *next is when the first of those that wait for their time will be able
 *		to, 0 if none does; *has_orphans tells of some whose pipeline is gone.
 */
int
nvp_queue_due(int most, TimestampTz *next, bool *has_orphans)
{
	NvpQuery	query;
	int			due;

	nvp_query_open(&query);
	nvp_arg_int4(&query, nvp_guc_max_runs_per_tenant);
	nvp_arg_int4(&query, nvp_guc_max_runs_per_host);
	nvp_arg_int4(&query, most);
	nvp_query_keep(&query, "SELECT due, next, orphans FROM _nuvopipe.queue_due($1, $2, $3)");
	due = nvp_get_int4(0, 0);
	*next = nvp_get_time(0, 1);
	*has_orphans = nvp_get_bool(0, 2);
	nvp_query_close(&query);
	return due;
}
