/*-------------------------------------------------------------------------
 *
 * target.h
 *		The table target: validated values in, rows of a table out.
 *
 * Flow:   values --> fit into the column types --> tuples built by hand
 *		   --> pages (a plain table), or
 *		   values --> tuplestore --> INSERT ... SELECT (everything else)
 * Calls:  nvp_target_open, nvp_target_batch*, nvp_target_finish,
 *		   nvp_target_close.  Close without finish is for targets that were
 *		   only explained.
 * Memory: a target lives in a context of its own below the one given to open,
 *		   so that deleting that one after an error is enough.
 * Errors: open throws what makes the whole load impossible: 42703, 42804,
 *		   42501, 42809, 428C9, 42P10, 23502.  A value that does not fit, an
 *		   empty value for a NOT NULL column and a failed CHECK are issues, and
 *		   reject their row.  What only the server can find (unique keys, foreign
 *		   keys, triggers) is thrown by a plain load; a careful load turns it
 *		   into issues.
 * Locks:  ROW EXCLUSIVE on the table from open to the end of the transaction;
 *		   SHARE ROW EXCLUSIVE to replace; ACCESS EXCLUSIVE when the indexes of
 *		   an empty table are built at the end (see rebuild.c).
 *
 * Replace deletes rows instead of truncating: readers keep seeing the old rows
 * until commit and are never blocked, delete triggers and foreign keys hold,
 * and no right but DELETE is needed.  TRUNCATE would block every reader for
 * the length of the load and show an empty table to older snapshots.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_TARGET_H
#define NVP_TARGET_H

#include "lib/stringinfo.h"

#include "model/model.h"

typedef struct NvpTarget NvpTarget;

typedef enum NvpTargetMode
{
	NVP_TARGET_INSERT = 0,
	NVP_TARGET_UPSERT,			/* a row with the same key is updated */
	NVP_TARGET_REPLACE			/* all rows are deleted first */
} NvpTargetMode;

typedef struct NvpTargetSpec
{
	Oid			relation;
	NvpTargetMode mode;
	int			nkeys;			/* UPSERT; 0 = the primary key */
	const char *const *keys;	/* columns of the table */
	bool		careful;		/* rows the server refuses become issues */
	bool		plan_only;		/* explain only: no lock but ACCESS SHARE, no batches */
	bool		may_rebuild;	/* an empty table may be locked, its indexes built at the end */
} NvpTargetSpec;

typedef struct NvpTargetCounts
{
	uint64		rows_inserted;
	uint64		rows_updated;
	uint64		rows_unchanged; /* UPSERT: the stored row was the same already */
	uint64		rows_filtered;	/* taken by a trigger or rule without being written */
	uint64		rows_rejected;	/* each has at least one issue */
} NvpTargetCounts;

/*
 * Takes one issue of row `row` of the batch; column is an index into the model
 * or -1 for the whole row; message NULL means the code's own.
 */
typedef void (*NvpTargetIssueFunc) (void *arg, int row, int column, NvpCode code,
									const char *message);

extern NvpTarget *nvp_target_open(const NvpTargetSpec *spec, const NvpModel *model,
								  MemoryContext context);
extern bool nvp_target_batch(NvpTarget *target, NvpValue *const *values, const uint8 *skip,
							 int nrows, NvpTargetIssueFunc emit, void *arg);
extern void nvp_target_finish(NvpTarget *target);
extern void nvp_target_close(NvpTarget *target);
extern const NvpTargetCounts *nvp_target_counts(const NvpTarget *target);
extern void nvp_target_explain(const NvpTarget *target, StringInfo out);

#endif							/* NVP_TARGET_H */
