/*-------------------------------------------------------------------------
 *
 * job.h
 *		The batch loop: bytes in, validated rows out, every issue kept.
 *
 * Flow:   source --> sniff --> reader --> [survey] --> map --> validate
 *		   --> policy --> output
 *
 * Some answers need the whole input before its first row can be judged: votes
 * on number format and date order, and which values occur twice.  The input
 * lies on local disk, so it is read twice: a survey that parses and looks only
 * at the columns concerned, then the main pass, whose every decision is final.
 * That was measured to cost less than half a main pass, and it needs no row to
 * be taken back.  Models without votes and unique rules skip the survey.
 *
 * Calls:  nvp_job_open, nvp_job_run, nvp_job_close.  Run may be called again
 *		   after nvp_job_restart (e.g. for a careful second try).
 * Memory: everything hangs below the context current at open: two windows of
 *		   the reader, one batch of values, the validator's budget.
 * Errors: bad input is a fault (PARSING_FAILURE, SOURCE_DATA_EMPTY), returned.
 *		   A broken world and a cancel are thrown.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_JOB_H
#define NVP_JOB_H

#include "utils/jsonb.h"

#include "base/fault.h"
#include "base/source.h"
#include "format/reader.h"
#include "map/map.h"
#include "pipeline/input.h"
#include "pipeline/issuelog.h"
#include "validate/validate.h"

/* what becomes of rows with issues while the threshold holds */
typedef enum NvpOnError
{
	NVP_SKIP_ROWS = 0,			/* kept with their issues, not written */
	NVP_NULL_CELLS,				/* written with the bad cells empty */
	NVP_PASS,					/* written with the original values as text */
	NVP_REJECT_ALL				/* one issue fails the run */
} NvpOnError;

typedef struct NvpCounts
{
	uint64		rows_read;		/* = written + rejected + filtered + blank */
	uint64		rows_written;
	uint64		rows_rejected;
	uint64		rows_filtered;	/* beyond the limit of developer mode */
	uint64		rows_blank;
	uint64		rows_skipped;	/* before the header, none of rows_read */
	uint64		rows_inserted;	/* of rows_written, where the target can tell */
	uint64		rows_updated;
	uint64		total_rows;		/* of the output, before policy */
	uint64		total_cells;
	uint64		error_cells;
	uint64		error_rows;
	uint64		input_bytes;
	uint64		output_bytes;
} NvpCounts;

typedef struct NvpJob NvpJob;

/* a cell of the batch in hand that failed */
typedef struct NvpBadCell
{
	int			column;
	uint64		row_no;
} NvpBadCell;

/* one batch on its way out */
typedef struct NvpOutBatch
{
	NvpJob	   *job;
	const NvpBatch *source;		/* rows as read */
	const NvpCell *const *cells;	/* per model column: source cells, or NULL */
	NvpValue  **values;			/* per model column */
	uint8	   *skip;			/* per row: 1 = not to be written; outputs may add to it */
	int			nrows;
	uint64		first_row_no;
	NvpArena   *arena;			/* for rendered text, reset for each batch */
} NvpOutBatch;

/* where rows go */
typedef struct NvpOutput NvpOutput;
struct NvpOutput
{
	/*
	 * Writes the rows that are not to be skipped.  A row that the output
	 * refuses is marked in skip and reported with nvp_job_refuse.  False sets
	 * the fault.
	 */
	bool		(*batch) (NvpOutput *output, NvpOutBatch *batch, NvpFault *fault);
	/* all rows were given; fills rows_inserted, rows_updated, output_bytes */
	bool		(*finish) (NvpOutput *output, NvpCounts *counts, NvpFault *fault);
};

struct NvpJob
{
	/* given by the caller */
	NvpModel   *model;
	NvpSource  *source;
	bool		is_rows;		/* the source is our own rows format */
	Jsonb	   *format_options; /* what pins the format, or NULL */
	const char *file_name;		/* a hint for sniffing, or NULL */
	const char *member;			/* of an archive, or NULL */
	Jsonb	   *mapping_config; /* or NULL */
	NvpOnError	on_error;
	int64		max_output_rows;	/* developer mode; -1 = all */
	NvpOutput  *output;			/* NULL = validate only */
	NvpIssueSink *sink;			/* further receiver of issues, or NULL */
	NvpIssueLog *log;			/* or NULL */
	NvpKnownHeader known;		/* names of the columns that were read before; may be given when is_tied */

	/* made here */
	NvpInput	input;			/* what the source is */
	bool		is_tied;		/* it failed because delimiters are equal: known would tell */
	NvpReader  *reader;
	NvpMap	   *map;
	NvpValidator *validator;
	NvpBatch   *batch;
	NvpCounts	counts;

	/* working state */
	NvpIssueSink own_sink;		/* what the validator sees */
	NvpArena	arena;
	uint8	   *skip;			/* per row of the batch */
	uint64		next_row_no;
	int64		survey_ms;		/* what the survey took */
	NvpValidated *validated;	/* the validator's */
	int			nbad;			/* null_cells: failed cells of this batch */
	int			maxbad;
	NvpBadCell *bad;
};

extern void nvp_job_open(NvpJob *job);
extern bool nvp_job_run(NvpJob *job, NvpFault *fault);
extern void nvp_job_close(NvpJob *job);
extern void nvp_job_refuse(NvpOutBatch *batch, int row, int column, NvpCode code, const char *message);
extern bool nvp_on_error_parse(const char *word, NvpOnError *out);

#endif							/* NVP_JOB_H */
