/*-------------------------------------------------------------------------
 *
 * rule.h
 *		What the files of this room share: a batch under examination.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_RULE_H
#define NVP_RULE_H

#include "validate/distinct.h"
#include "validate/validate.h"

/* after so many cells whose match was given up, a pattern is not run any more */
#define NVP_REGEX_MAX_LIMITS	20

typedef struct NvpColumnState
{
	NvpVote		vote;
	bool		needs_vote;
	bool		has_unique;
	NvpDistinct *distinct;		/* made by the first survey of a unique column */
	int		   *regex_limits;	/* per rule: matches given up so far */
} NvpColumnState;

/* issues of one batch, found column by column */
typedef struct NvpIssueList
{
	NvpIssue   *items;
	int			n;
	int			size;
} NvpIssueList;

struct NvpValidator
{
	NvpModel   *model;
	MemoryContext context;
	int64		memory_bytes;
	int			width;			/* cells a row should have, 0 = unknown */
	NvpExplainText explain;		/* or NULL */
	void	   *explain_arg;
	int			nunique;
	int			nvotes;
	int			nboth;			/* unique columns that also vote */
	NvpColumnState *states;
	NvpArena	arena;			/* texts of the current batch */
	NvpValue   *scratch;		/* values of a survey */
	NvpIssueList issues;
	uint32	   *row_starts;		/* for ordering issues by row */
	int			row_capacity;	/* of it */
	int		   *order;
	int			order_size;
};

/* the batch the rules look at */
typedef struct NvpExamined
{
	NvpValidator *validator;
	const NvpCell *const *cells;	/* per column, NULL = unmapped */
	const NvpRow *rows;			/* or NULL */
	int			nrows;
	uint64		first_row_no;
	NvpValidated *out;
	uint8	   *failed;			/* per row: the current column's cell has an issue */
	bool		any_failed;
} NvpExamined;

/* issue.c */
extern void nvp_issue_add(NvpExamined *examined, int row, int column, NvpCode code,
						  const char *message);
extern void nvp_issue_add_row(NvpExamined *examined, int row, NvpCode code,
							  NvpSeverity severity, const char *message);
extern void nvp_issue_flush(NvpExamined *examined, NvpIssueSink *sink);

/* rule.c */
extern void nvp_rule_check(NvpExamined *examined, int column, bool any_empty, bool any_ok);

#endif							/* NVP_RULE_H */
