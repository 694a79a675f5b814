/*-------------------------------------------------------------------------
 *
 * plan_cache.c
 *		Plans that are kept from one run to the next.
 *
 * See plan_cache.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/query.h"
#include "pipeline/plan_cache.h"

#define KEPT_PLANS		16
#define KEPT_BYTES		(2 * 1024 * 1024)

typedef struct KeptPlan
{
	NvpPlan    *plan;			/* NULL = the place is free */
	MemoryContext context;		/* of plan and stamp */
	char	   *stamp;
	uint64		changes;		/* that were known when the stamp was read */
	bool		is_borrowed;
	uint64		used_at;
} KeptPlan;

static KeptPlan kept[KEPT_PLANS];
static uint64 uses;

/* how often rows have changed that plans are made of */
static uint64 changes = 1;

/* the table whose invalidation says so */
static Oid	configurations = InvalidOid;

static void
note_change(Datum arg, Oid relation)
{
	if (!OidIsValid(relation) || relation == configurations)
		changes++;
}

static Oid
find_configurations(void)
{
	return get_relname_relid("pipeline_configuration", get_namespace_oid("_nuvopipe", false));
}

/* from now on no change is missed; what was seen before is not counted upon */
static void
watch_changes(void)
{
	static bool registered = false;
	Oid			now = find_configurations();

	if (!registered)
		CacheRegisterRelcacheCallback(note_change, (Datum) 0);
	registered = true;
	if (now != configurations)
		changes++;
	configurations = now;
}

/*
 * nvp_plan_forget_all tells all processes, when this transaction commits, to
 * look at what their plans are made of.
 */
void
nvp_plan_forget_all(void)
{
	CacheInvalidateRelcacheByRelid(find_configurations());
}

/*
 * The versions of all rows that a plan is made of; NULL if one is missing.  A
 * row's xmin changes with each change of it.
 */
static char *
read_stamp(const pg_uuid_t *id)
{
	NvpQuery	query;
	char	   *stamp = NULL;

	nvp_query_open(&query);
	nvp_arg_uuid(&query, id);
	if (nvp_query_keep(&query,
					   "SELECT pg_catalog.concat_ws(' ', c.xmin, p.owner_id, q.xmin, g.xmin, t.id, t.xmin, i.id, i.xmin, o.id, o.xmin,"
					   "  i.credential_id, o.credential_id)"
					   " FROM _nuvopipe.pipeline_configuration c"
					   " JOIN _nuvopipe.pipeline p ON p.id = c.pipeline_id"
					   " JOIN _nuvopipe.principal q ON q.id = p.owner_id"
					   " JOIN _nuvopipe.organization g ON g.id = q.tenant_id"
					   " JOIN _nuvopipe.tdm t ON t.id = c.tdm_id"
					   " JOIN _nuvopipe.connector i ON i.id = c.input_connector_id"
					   " JOIN _nuvopipe.connector o ON o.id = c.output_connector_id"
					   " WHERE c.id = $1") > 0)
		stamp = nvp_get_text(&query, 0, 0);
	nvp_query_close(&query);
	return stamp;
}

static KeptPlan *
find(const pg_uuid_t *id)
{
	for (int i = 0; i < KEPT_PLANS; i++)
	{
		if (kept[i].plan && memcmp(&kept[i].plan->configuration_id, id, sizeof(*id)) == 0)
			return &kept[i];
	}
	return NULL;
}

static void
drop(KeptPlan *place)
{
	nvp_plan_free(place->plan);
	MemoryContextDelete(place->context);
	memset(place, 0, sizeof(*place));
}

static NvpPlan *
lend(KeptPlan *place)
{
	place->is_borrowed = true;
	place->used_at = ++uses;
	return place->plan;
}

/* a free place, or that of the plan whose last use is the longest ago; NULL if all are borrowed */
static KeptPlan *
find_place(void)
{
	KeptPlan   *oldest = NULL;

	for (int i = 0; i < KEPT_PLANS; i++)
	{
		if (kept[i].plan == NULL)
			return &kept[i];
		if (!kept[i].is_borrowed && (oldest == NULL || kept[i].used_at < oldest->used_at))
			oldest = &kept[i];
	}
	if (oldest)
		drop(oldest);
	return oldest;
}

/* neither secrets nor connections outlive a run */
static bool
may_keep(const NvpPlan *plan, MemoryContext context)
{
	return !plan->input->has_secrets && !plan->output->has_secrets &&
		plan->input->routine->close == NULL && plan->output->routine->close == NULL &&
		MemoryContextMemAllocated(context, true) <= KEPT_BYTES;
}

static void
keep(NvpPlan *plan, MemoryContext context, const char *stamp, uint64 stamp_changes)
{
	KeptPlan   *place = find_place();

	if (place == NULL)
		return;
	place->stamp = MemoryContextStrdup(context, stamp);
	MemoryContextSetParent(context, TopMemoryContext);
	place->plan = plan;
	place->context = context;
	place->changes = stamp_changes;
	lend(place);
}

/*
 * nvp_plan_borrow gives the plan of a configuration, compiled now if it is not
 * kept, or not true any more.
 *
 * blame, xact: as for nvp_plan_load.
 */
NvpPlan *
nvp_plan_borrow(const pg_uuid_t *configuration_id, NvpFaultType *blame)
{
	KeptPlan   *place;
	uint64		before;
	char	   *stamp;
	MemoryContext context;
	MemoryContext old;
	NvpPlan    *plan;

	watch_changes();
	before = changes;
	place = find(configuration_id);
	if (place && place->is_borrowed)
		return nvp_plan_load(configuration_id, blame);
	stamp = place && place->changes == before ? place->stamp : read_stamp(configuration_id);
	if (place && stamp && strcmp(stamp, place->stamp) == 0)
	{
		place->changes = before;
		nvp_plan_resolve(place->plan, blame);
		return lend(place);
	}
	if (place)
		drop(place);
	context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe plan", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	plan = nvp_plan_load(configuration_id, blame);
	MemoryContextSwitchTo(old);
	if (stamp && may_keep(plan, context))
		keep(plan, context, stamp, before);
	return plan;
}

/* nvp_plan_give_back ends the use of a plan; one that is not kept is freed. */
void
nvp_plan_give_back(NvpPlan *plan)
{
	for (int i = 0; i < KEPT_PLANS; i++)
	{
		if (kept[i].plan == plan)
		{
			kept[i].is_borrowed = false;
			return;
		}
	}
	nvp_plan_free(plan);
}
