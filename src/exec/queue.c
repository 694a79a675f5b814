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

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/guc.h"
#include "base/query.h"
#include "base/shmem.h"
#include "exec/queue.h"

#define LONGEST_LIST	1000
#define SHORTEST_LIST	16
#define LIST_AGE_MS		1000
#define LIST_SHARE		20		/* making lists takes at most this part of the time */
#define PATIENCE		16		/* claims that fail before the list is made again */

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
make_list(struct NvpQueue *queue, bool any_priority)
{
	NvpQuery	query;
	int			at_once = 0;

	set_length(queue);
	queue->n = queue->next = queue->used = 0;
	queue->asked = nvp_database_asked(MyDatabaseId);
	queue->made_at = GetCurrentTimestamp();
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
		NvpWaiting *w = &queue->list[i];

		memset(w, 0, sizeof(*w));
		nvp_get_uuid(i, 0, &w->tenant_id);
		nvp_get_uuid(i, 1, &w->id);
		nvp_get_uuid(i, 2, &w->pipeline_id);
		w->slots = nvp_get_int4(i, 3);
		w->tenant_limit = nvp_get_int4(i, 4);
		at_once += nvp_get_bool(i, 5);
	}
	nvp_query_close(&query);
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

/* what is at its limit needs not be tried again */
static void
drop_from_list(struct NvpQueue *queue, const NvpWaiting *full, bool whole_tenant)
{
	NvpWaiting	like = *full;
	int			kept = queue->next;

	for (int i = queue->next; i < queue->n; i++)
	{
		const NvpWaiting *w = &queue->list[i];

		if (memcmp(&w->tenant_id, &like.tenant_id, sizeof(pg_uuid_t)) == 0 &&
			(whole_tenant || memcmp(&w->pipeline_id, &like.pipeline_id, sizeof(pg_uuid_t)) == 0))
			continue;
		queue->list[kept++] = *w;
	}
	queue->n = kept;
}

static bool
claim_listed(struct NvpQueue *queue, bool wait, NvpExecution *out)
{
	NvpWaiting *w = &queue->list[queue->next++];

	/* the only slot of a pipeline: whoever claims at this moment has it */
	switch (nvp_exec_claim(w, wait && w->slots > 1, out))
	{
		case NVP_CLAIMED:
			queue->used++;
			queue->has_last = true;
			queue->last_tenant = w->tenant_id;
			queue->last_pipeline = w->pipeline_id;
			return true;
		case NVP_CLAIM_CONTENDED:
			if (w->slots > 1)
				break;
			/* FALLTHROUGH */
		case NVP_CLAIM_PIPELINE_FULL:
			drop_from_list(queue, w, false);
			break;
		case NVP_CLAIM_TENANT_FULL:
			drop_from_list(queue, w, true);
			break;
		case NVP_CLAIM_GONE:
			break;
	}
	return false;
}

/* claim from the list; gives up after that many that are not to be had */
static bool
claim_from_list(struct NvpQueue *queue, bool wait, int patience, NvpExecution *out)
{
	while (queue->next < queue->n && patience-- > 0)
	{
		if (claim_listed(queue, wait, out))
			return true;
	}
	return false;
}

/*
 * nvp_queue_claim claims the execution whose turn it is.
 *
 * in: whether to wait for others that claim at the same moment.
 * out: false if there is none that may begin now.
 */
bool
nvp_queue_claim(NvpSession *session, bool wait, NvpExecution *out)
{
	struct NvpQueue *queue = queue_of(session);

	if (!is_stale(queue) && claim_from_list(queue, wait, PATIENCE, out))
		return true;
	nvp_limit_met(MyDatabaseId);
	make_list(queue, false);
	if (claim_from_list(queue, wait, LONGEST_LIST, out))
		return true;
	if (queue->made == 0)
		return false;
	make_list(queue, true);
	return claim_from_list(queue, wait, LONGEST_LIST, out);
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
