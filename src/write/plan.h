/*-------------------------------------------------------------------------
 *
 * plan.h
 *		The table target inside: what open decides and batches use.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_PLAN_H
#define NVP_PLAN_H

#include "executor/spi.h"
#include "utils/rel.h"

#include "write/heap.h"
#include "write/store.h"
#include "write/target.h"

typedef struct NvpLoad NvpLoad;
typedef struct NvpStatement NvpStatement;

/* an issue waits here until the batch is through: the caller's function runs in no subtransaction */
typedef struct NvpTargetIssue
{
	int			row;
	int			column;
	NvpCode		code;
	const char *message;		/* batch context, or NULL */
} NvpTargetIssue;

/* the batch in hand */
typedef struct NvpTargetBatch
{
	NvpValue   *const *values;	/* [model column][row] */
	int			nrows;
	uint8	   *done;			/* per row: to skip, or rejected already */
	int			nissues;
	int			maxissues;
	NvpTargetIssue *issues;
} NvpTargetBatch;

struct NvpTarget
{
	MemoryContext context;
	MemoryContext batch_context;	/* reset for every batch */
	NvpArena	arena;			/* text rendered for a batch; reset with it */
	Relation	relation;
	NvpTargetMode mode;
	bool		is_careful;
	bool		may_rebuild;
	bool		plan_only;
	bool		has_policies;	/* row-level security binds the current user */
	bool		has_begun;
	bool		is_finished;
	bool		is_rebuilding;	/* indexes are built at the end */
	const NvpModel *model;
	int			natts;			/* attributes of the table, dropped ones included */
	NvpStore   *stores;			/* [attno - 1] */
	int			nkeys;
	AttrNumber *keys;			/* UPSERT */
	const char *detour;			/* why rows go through a statement; NULL = fast path */
	bool		prechecks;		/* NOT NULL and CHECK can be tested before the row is given away */
	NvpTargetCounts counts;
	NvpTargetBatch batch;
	int			at_column;		/* model column being fitted, for errors of input functions; or -1 */
	NvpLoad    *load;			/* fast path, plain load: open over all batches */
	NvpStatement *statement;
};

/* resolve.c */
extern void nvp_target_resolve(NvpTarget *target, const NvpTargetSpec *spec);

/* target.c */
extern void nvp_target_reject(NvpTarget *target, int row, int column, NvpCode code,
							  const char *message);

/* load.c: the fast path */
extern NvpLoad *nvp_load_open(NvpTarget *target);
extern void nvp_load_rows(NvpLoad *load, int from, int to);
extern void nvp_load_close(NvpLoad *load);

/* check.c: what the row itself tells */
typedef struct NvpCheck NvpCheck;
extern NvpCheck *nvp_check_open(NvpTarget *target, EState *estate, ResultRelInfo *result);
extern bool nvp_check_is_needed(const NvpCheck *check);
extern bool nvp_check_row(NvpCheck *check, int row, TupleTableSlot *slot);
extern int	nvp_column_named(const NvpTarget *target, const char *name);
extern int	nvp_constraint_column(const NvpTarget *target, Oid relid, const char *name);
extern bool nvp_row_fields(NvpTarget *target, int row, NvpField *fields);

/* statement.c: everything else */
extern NvpStatement *nvp_statement_open(NvpTarget *target);
extern void nvp_statement_rows(NvpStatement *statement, int from, int to);
extern void nvp_statement_delete_all(NvpTarget *target);

/* repeat.c: equal keys within a batch */
extern int	nvp_repeat_rounds(NvpTarget *target, const AttrNumber *attnos, TupleDesc desc,
							  Datum *const *datums, bool *const *nulls, int nrows, int *rounds);

/* careful.c */
extern void nvp_careful_rows(NvpTarget *target, int from, int to);

/* rebuild.c */
extern bool nvp_rebuild_is_possible(const NvpTarget *target);
extern bool nvp_rebuild_begin(NvpTarget *target);
extern void nvp_rebuild_finish(NvpTarget *target);

#endif							/* NVP_PLAN_H */
