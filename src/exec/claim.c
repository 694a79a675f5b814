/*-------------------------------------------------------------------------
 *
 * claim.c
 *		A queued execution becomes that of a process.
 *
 * See execution.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "base/guc.h"
#include "base/query.h"
#include "base/table.h"
#include "base/turn.h"
#include "exec/execution_impl.h"
#include "exec/schedule.h"
#include "exec/tell.h"

static char *
copy_text(const char *text)
{
	return text ? pstrdup(text) : NULL;
}

/* nvp_exec_copy copies an execution into the current memory context. */
void
nvp_exec_copy(const NvpExecution *from, NvpExecution *to)
{
	*to = *from;
	to->id_text = copy_text(from->id_text);
	to->pipeline_name = copy_text(from->pipeline_name);
	to->owner_role = copy_text(from->owner_role);
	to->object.path = copy_text(from->object.path);
	to->object.name = copy_text(from->object.name);
	to->object.version = copy_text(from->object.version);
	to->object.member = copy_text(from->object.member);
}

#define HOSTS_MAX	(NVP_TURNS_MAX - 2)

/* what an execution needs room for, and what runs of the same already */
typedef struct Room
{
	pg_uuid_t	tenant_id;
	pg_uuid_t	pipeline_id;
	char	   *object_path;
	char	   *object_version;
	int			nhosts;
	char	   *hosts[HOSTS_MAX];
	List	   *of_pipeline;	/* processes that run one: each one at a time, however many it has claimed */
	List	   *of_tenant;
	int			of_object;
	int			of_host[HOSTS_MAX];
} Room;

static void
find_execution(NvpTable *table, const NvpWaiting *waiting, bool *found)
{
	Datum		keys[] = {UUIDPGetDatum(&waiting->tenant_id), UUIDPGetDatum(&waiting->id)};

	nvp_table_open(table, "execution");
	*found = nvp_table_find(table, "execution_pkey", lengthof(keys), keys);
}

/* hosts are stored in order; those beyond the last turn are not counted */
static int
get_hosts(NvpTable *table, char **hosts)
{
	bool		isnull;
	Datum		value = nvp_table_get(table, "hosts", &isnull);
	Datum	   *items;
	int			n;

	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT, &items, NULL, &n);
	n = Min(n, HOSTS_MAX);
	for (int i = 0; i < n; i++)
		hosts[i] = TextDatumGetCString(items[i]);
	return n;
}

/*
 * Take the turns of all that limits an execution, so that no two claims count
 * the same runs.  The pipeline's comes first, then the organization's, then
 * those of hosts.
 */
static bool
take_turns(NvpTurns *turns, const NvpWaiting *waiting, bool wait)
{
	NvpTable	table;
	char	   *hosts[HOSTS_MAX];
	int			n;
	bool		found;

	if (!nvp_turn_take(turns, NVP_TURN_PIPELINE, &waiting->pipeline_id, sizeof(pg_uuid_t), wait))
		return false;
	if (waiting->tenant_limit > 0 &&
		!nvp_turn_take(turns, NVP_TURN_TENANT, &waiting->tenant_id, sizeof(pg_uuid_t), wait))
		return false;
	if (nvp_guc_max_runs_per_host == 0)
		return true;
	find_execution(&table, waiting, &found);
	n = found ? get_hosts(&table, hosts) : 0;
	nvp_table_close(&table);
	for (int i = 0; i < n; i++)
	{
		if (!nvp_turn_take(turns, NVP_TURN_HOST, hosts[i], strlen(hosts[i]), wait))
			return false;
	}
	return true;
}

static bool
is_due(NvpTable *table, const NvpWaiting *waiting)
{
	return nvp_table_is(table, "status", "QUEUED") && !nvp_table_get_bool(table, "cancel_requested") &&
		(waiting->is_wanted || nvp_table_get_time(table, "available_at") <= GetCurrentTimestamp());
}

static void
read_room(NvpTable *table, Room *room)
{
	memset(room, 0, sizeof(*room));
	nvp_table_get_uuid(table, "tenant_id", &room->tenant_id);
	nvp_table_get_uuid(table, "pipeline_id", &room->pipeline_id);
	room->object_path = nvp_table_get_text(table, "object_path");
	room->object_version = nvp_table_get_text(table, "object_version");
	if (nvp_guc_max_runs_per_host > 0)
		room->nhosts = get_hosts(table, room->hosts);
}

static bool
is_same_uuid(NvpTable *table, const char *column, const pg_uuid_t *id)
{
	pg_uuid_t	found;

	return nvp_table_get_uuid(table, column, &found) && memcmp(&found, id, sizeof(found)) == 0;
}

/* one that runs takes of the room */
static void
count_run(NvpTable *run, Room *room)
{
	char	   *hosts[HOSTS_MAX];
	int			nhosts;
	int			process = nvp_table_get_int4(run, "worker_pid", 0);

	if (is_same_uuid(run, "tenant_id", &room->tenant_id))
		room->of_tenant = list_append_unique_int(room->of_tenant, process);
	if (is_same_uuid(run, "pipeline_id", &room->pipeline_id))
	{
		room->of_pipeline = list_append_unique_int(room->of_pipeline, process);
		if (room->object_path && room->object_version && nvp_table_is(run, "object_path", room->object_path) &&
			nvp_table_is(run, "object_version", room->object_version))
			room->of_object++;
	}
	if (room->nhosts == 0)
		return;
	nhosts = get_hosts(run, hosts);
	for (int i = 0; i < room->nhosts; i++)
	{
		for (int j = 0; j < nhosts; j++)
			room->of_host[i] += strcmp(room->hosts[i], hosts[j]) == 0;
	}
}

static void
count_runs(Room *room)
{
	NvpTable	runs;
	Datum		key = CStringGetTextDatum("RUNNING");
	bool		found;

	nvp_table_open(&runs, "execution");
	for (found = nvp_table_find(&runs, "execution_queue_idx", 1, &key); found; found = nvp_table_next(&runs))
		count_run(&runs, room);
	nvp_table_close(&runs);
}

/* the pipeline stays as long as the claim is not committed; nobody who changes it is waited for */
static bool
hold_pipeline(const pg_uuid_t *id, int *slots, char **name)
{
	NvpTable	pipeline;
	Datum		key = UUIDPGetDatum(id);
	bool		held;

	nvp_table_open(&pipeline, "pipeline");
	held = nvp_table_find(&pipeline, "pipeline_pkey", 1, &key) &&
		nvp_table_lock(&pipeline, LockTupleKeyShare, LockWaitSkip);
	if (held)
	{
		*slots = nvp_table_get_int4(&pipeline, "slots", 0);
		*name = nvp_table_get_text(&pipeline, "name");
	}
	nvp_table_close(&pipeline);
	return held;
}

static NvpClaim
look_for_room(const Room *room, int slots, int tenant_limit)
{
	if (list_length(room->of_pipeline) >= slots)
		return NVP_CLAIM_PIPELINE_FULL;
	if (tenant_limit > 0 && list_length(room->of_tenant) >= tenant_limit)
		return NVP_CLAIM_TENANT_FULL;
	/* the same object twice at once: the second finds what the first did */
	if (room->of_object > 0)
		return NVP_CLAIM_GONE;
	for (int i = 0; i < room->nhosts; i++)
	{
		if (room->of_host[i] >= nvp_guc_max_runs_per_host)
			return NVP_CLAIM_GONE;
	}
	return NVP_CLAIMED;
}

/* the row that was found and locked */
static void
read_execution(NvpTable *table, NvpExecution *out)
{
	memset(out, 0, sizeof(*out));
	nvp_table_get_uuid(table, "tenant_id", &out->tenant_id);
	nvp_table_get_uuid(table, "id", &out->id);
	nvp_table_get_uuid(table, "run_id", &out->run_id);
	nvp_table_get_uuid(table, "pipeline_id", &out->pipeline_id);
	nvp_table_get_uuid(table, "configuration_id", &out->configuration_id);
	nvp_table_get_uuid(table, "owner_id", &out->owner_id);
	out->owner_role = nvp_table_get_name(table, "owner_role");
	out->is_scheduled = nvp_table_is(table, "trigger_type", "SCHEDULED");
	out->attempt = nvp_table_get_int4(table, "attempts", 0) + 1;
	out->max_attempts = nvp_table_get_int4(table, "max_attempts", 0);
	out->max_run_time = nvp_table_get_int4(table, "max_run_time", 0);
	out->object.path = nvp_table_get_text(table, "object_path");
	out->object.name = nvp_table_get_text(table, "object_name");
	out->object.member = nvp_table_get_text(table, "object_member");
	out->object.version = nvp_table_get_text(table, "object_version");
	out->object.bytes = nvp_table_get_int8(table, "object_bytes", -1);
	out->has_input = nvp_table_get_uuid(table, "input_id", &out->input_id);
	out->forced = nvp_table_get_bool(table, "forced");
	out->discover = nvp_table_get_bool(table, "discover");
	out->id_text = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&out->id)));
}

/* the row becomes that of this process */
static void
write_claim(NvpTable *table, const NvpExecution *execution)
{
	TimestampTz now = GetCurrentTimestamp();
	bool		isnull;

	(void) nvp_table_get(table, "started_at", &isnull);
	nvp_table_edit(table);
	nvp_table_put_text(table, "status", "RUNNING");
	nvp_table_put(table, "attempts", Int32GetDatum(execution->attempt));
	if (isnull)
		nvp_table_put(table, "started_at", TimestampTzGetDatum(now));
	nvp_table_put(table, "lease_until", TimestampTzGetDatum(TimestampTzPlusMilliseconds(now, nvp_guc_lease_timeout)));
	nvp_table_put(table, "worker_pid", Int32GetDatum(MyProcPid));
	nvp_table_put(table, "worker_started_at", TimestampTzGetDatum(MyStartTimestamp));
	nvp_table_put(table, "updated_at", TimestampTzGetDatum(now));
	nvp_table_update(table);
}

/*
 * What is seen of others' claims is complete, for the table is opened when their
 * turns are over.  Nothing is waited for: what somebody is about to cancel, or a
 * pipeline that is being deleted, is left.
 */
static NvpClaim
claim_row(const NvpWaiting *waiting, NvpExecution *out)
{
	NvpTable	table;
	Room		room;
	NvpClaim	claim = NVP_CLAIM_GONE;
	char	   *name;
	int			slots;
	bool		found;

	find_execution(&table, waiting, &found);
	if (found && is_due(&table, waiting))
	{
		read_room(&table, &room);
		count_runs(&room);
		if (hold_pipeline(&room.pipeline_id, &slots, &name))
			claim = look_for_room(&room, slots, waiting->tenant_limit);
		if (claim == NVP_CLAIMED &&
			!(nvp_table_lock(&table, LockTupleNoKeyExclusive, LockWaitSkip) && is_due(&table, waiting)))
			claim = NVP_CLAIM_GONE;
	}
	if (claim == NVP_CLAIMED)
	{
		read_execution(&table, out);
		out->pipeline_name = name;
		write_claim(&table, out);
	}
	nvp_table_close(&table);
	return claim;
}

static void
begin_attempt(const NvpExecution *execution)
{
	NvpTable	table;

	nvp_table_open(&table, "execution_attempt");
	nvp_table_blank(&table);
	nvp_table_put(&table, "tenant_id", UUIDPGetDatum(&execution->tenant_id));
	nvp_table_put(&table, "execution_id", UUIDPGetDatum(&execution->id));
	nvp_table_put(&table, "attempt", Int32GetDatum(execution->attempt));
	nvp_table_put_text(&table, "type", execution->attempt == 1 ? "CREATE" : "RETRY");
	nvp_table_put_text(&table, "status", "RUNNING");
	nvp_table_put(&table, "started_at", TimestampTzGetDatum(GetCurrentTimestamp()));
	nvp_table_put(&table, "worker_pid", Int32GetDatum(MyProcPid));
	nvp_table_insert(&table);
	nvp_table_close(&table);
	nvp_exec_tell(execution, "RUNNING", NULL);
}

/*
 * nvp_exec_claim makes a queued execution ours: RUNNING, attempt counted,
 * lease and process noted.  The commit that follows is on disk before it
 * returns, whatever synchronous_commit says: an execution that takes the server
 * down with it must run out of attempts.
 *
 * in: whether to wait for others that claim at the same moment.
 * out: whether it was had, or what was in the way; the turns that a claim
 *		took end with its transaction.
 */
NvpClaim
nvp_exec_claim(const NvpWaiting *waiting, bool wait, NvpExecution *out)
{
	NvpTurns	turns = {0};
	NvpClaim	claim = NVP_CLAIM_CONTENDED;

	if (take_turns(&turns, waiting, wait))
		claim = claim_row(waiting, out);
	if (claim == NVP_CLAIMED)
	{
		begin_attempt(out);
		nvp_schedule_began(out);
		ForceSyncCommit();
	}
	else
		nvp_turns_leave(&turns);
	return claim;
}

/* may it go with the first?  One that was tried before, or that a schedule waits for, has no company. */
static bool
goes_with(NvpTable *table, const NvpExecution *first)
{
	bool		has_no_input;

	(void) nvp_table_get(table, "input_id", &has_no_input);
	return is_same_uuid(table, "configuration_id", &first->configuration_id) && has_no_input != first->has_input &&
		nvp_table_get_int4(table, "attempts", 0) == 0 && nvp_table_get_int4(table, "max_attempts", 0) > 1 &&
		!nvp_table_get_bool(table, "discover") && !nvp_table_is(table, "trigger_type", "SCHEDULED");
}

/*
 * nvp_exec_claim_with claims another execution of the pipeline of one that was
 * claimed in this transaction, to go with it (company.h): it takes no room of its
 * own, for they run one after the other.
 *
 * out: false if it is not to be had, or may not.
 */
bool
nvp_exec_claim_with(const NvpExecution *first, const NvpWaiting *waiting, NvpExecution *out)
{
	NvpTable	table;
	bool		claimed;

	find_execution(&table, waiting, &claimed);
	claimed = claimed && is_due(&table, waiting) && goes_with(&table, first) &&
		nvp_table_lock(&table, LockTupleNoKeyExclusive, LockWaitSkip) && is_due(&table, waiting) && goes_with(&table, first);
	if (claimed)
	{
		read_execution(&table, out);
		out->pipeline_name = copy_text(first->pipeline_name);
		write_claim(&table, out);
	}
	nvp_table_close(&table);
	if (claimed)
		begin_attempt(out);
	return claimed;
}

/*
 * nvp_exec_claim_only claims a certain execution of the caller's organization,
 * even before its time.
 *
 * out: false if it is not to be had now.
 */
bool
nvp_exec_claim_only(const pg_uuid_t *id, NvpExecution *out)
{
	NvpWaiting	waiting = {.id = *id, .is_wanted = true};
	NvpQuery	query;
	bool		found;

	nvp_query_open(&query);
	nvp_arg_uuid(&query, id);
	nvp_arg_int4(&query, nvp_guc_max_runs_per_tenant);
	found = nvp_query_keep(&query,
						   "SELECT e.tenant_id, e.pipeline_id, coalesce(g.max_runs, $2)"
						   " FROM _nuvopipe.execution e JOIN _nuvopipe.organization g ON g.id = e.tenant_id"
						   " WHERE e.tenant_id = _nuvopipe.tenant() AND e.id = $1") > 0;
	if (found)
	{
		nvp_get_uuid(0, 0, &waiting.tenant_id);
		nvp_get_uuid(0, 1, &waiting.pipeline_id);
		waiting.tenant_limit = nvp_get_int4(0, 2);
	}
	nvp_query_close(&query);
	return found && nvp_exec_claim(&waiting, true, out) == NVP_CLAIMED;
}
