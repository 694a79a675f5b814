/*-------------------------------------------------------------------------
 *
 * query_plan.c
 *		Plans that are kept from one call to the next.
 *
 * A small table, searched by the hash of the statement's text; the one that was
 * not used for the longest time gives way.  A plan is used with the identity
 * and the search_path of nvp_query_open alone, or means the same with any.  The
 * server replans where a table, a view or a function of it has changed.
 *
 * Calls:  nvp_plan_hold, SPI_execute_plan, nvp_plan_release, also where the
 *		   execution throws: a plan that is held is never freed.
 * Memory: texts in TopMemoryContext, plans where SPI_keepplan puts them.
 * Errors: those of parse analysis.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "base/query_plan.h"

#define MAX_PLANS	128

struct NvpPlan
{
	uint32		hash;
	char	   *sql;			/* NULL: the place is free */
	int			nargs;
	Oid		   *types;
	int			cursor_options;
	SPIPlanPtr	spi;
	int			holders;
	uint64		used_at;
};

static NvpPlan plans[MAX_PLANS];
static uint64 uses;

static uint32
hash_of(const char *sql, int nargs, const Oid *types, int cursor_options)
{
	uint32		hash = hash_bytes((const unsigned char *) sql, strlen(sql));

	hash = hash_combine(hash, hash_bytes((const unsigned char *) types, nargs * sizeof(Oid)));
	return hash_combine(hash, cursor_options);
}

static bool
is_plan(const NvpPlan *plan, uint32 hash, const char *sql, int nargs, const Oid *types, int cursor_options)
{
	return plan->hash == hash && plan->sql != NULL && plan->nargs == nargs && plan->cursor_options == cursor_options &&
		memcmp(plan->types, types, nargs * sizeof(Oid)) == 0 && strcmp(plan->sql, sql) == 0;
}

static void
drop_plan(NvpPlan *plan)
{
	SPI_freeplan(plan->spi);
	pfree(plan->sql);
	pfree(plan->types);
	plan->sql = NULL;
}

/* a free place, or that of the plan whose last use is the longest ago */
static NvpPlan *
free_place(void)
{
	NvpPlan    *oldest = NULL;

	for (int i = 0; i < MAX_PLANS; i++)
	{
		if (plans[i].sql == NULL)
			return &plans[i];
		if (plans[i].holders == 0 && (oldest == NULL || plans[i].used_at < oldest->used_at))
			oldest = &plans[i];
	}
	if (oldest == NULL)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("more than %d internal statements run within each other", MAX_PLANS));
	drop_plan(oldest);
	return oldest;
}

/* nothing is kept before all that can fail is done */
static NvpPlan *
make_plan(uint32 hash, const char *sql, int nargs, const Oid *types, int cursor_options)
{
	SPIPlanPtr	spi = SPI_prepare_cursor(sql, nargs, (Oid *) types, cursor_options);
	char	   *text;
	Oid		   *copy;
	NvpPlan    *plan;

	if (spi == NULL)
		ereport(ERROR,
				errcode(ERRCODE_INTERNAL_ERROR),
				errmsg("could not prepare an internal statement: %s", SPI_result_code_string(SPI_result)));
	plan = free_place();
	text = MemoryContextStrdup(TopMemoryContext, sql);
	copy = MemoryContextAlloc(TopMemoryContext, Max(nargs, 1) * sizeof(Oid));
	memcpy(copy, types, nargs * sizeof(Oid));
	SPI_keepplan(spi);
	plan->hash = hash;
	plan->sql = text;
	plan->nargs = nargs;
	plan->types = copy;
	plan->cursor_options = cursor_options;
	plan->spi = spi;
	plan->holders = 0;
	return plan;
}

/* nvp_plan_hold gives the plan of a statement, prepared now if it is not there yet. */
NvpPlan *
nvp_plan_hold(const char *sql, int nargs, const Oid *types, int cursor_options)
{
	uint32		hash = hash_of(sql, nargs, types, cursor_options);
	NvpPlan    *plan = NULL;

	for (int i = 0; i < MAX_PLANS && plan == NULL; i++)
		if (is_plan(&plans[i], hash, sql, nargs, types, cursor_options))
			plan = &plans[i];
	if (plan == NULL)
		plan = make_plan(hash, sql, nargs, types, cursor_options);
	plan->holders++;
	plan->used_at = ++uses;
	return plan;
}

/* nvp_plan_spi gives what SPI_execute_plan takes. */
SPIPlanPtr
nvp_plan_spi(const NvpPlan *plan)
{
	return plan->spi;
}

/* nvp_plan_release lets go of a plan. */
void
nvp_plan_release(NvpPlan *plan)
{
	plan->holders--;
}
