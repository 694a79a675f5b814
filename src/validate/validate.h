/*-------------------------------------------------------------------------
 *
 * validate.h
 *		Cells in, typed values and issues out: the rules of a model.
 *
 * A model is checked batch by batch, one column at a time.  Two questions
 * need the whole column first: how its numbers and dates are written (votes)
 * and which of its values occur twice (unique).  They are answered by a
 * survey, one or two cheap passes before the main one.
 *
 * Flow:   cells --> convert --> rules of other columns (required_*), of the
 *		   value (regex), of the column (unique) --> values + issues by row.
 * Calls:  create, set_width, for each pass of survey_passes { survey*,
 *		   survey_end }, batch*, votes, free.
 * Memory: a context of its own below the current one at create.  Values and
 *		   the texts of issues live until the next batch or survey.
 *		   memory_bytes bounds what unique rules keep in memory; beyond it they
 *		   use a temporary file.
 * Errors: bad cells become issues.  Throws only for broken worlds (temporary
 *		   file) and interrupts.
 * Source: sections 1, 4 and 7 of the column-type specification.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_VALIDATE_H
#define NVP_VALIDATE_H

#include "model/model.h"

typedef enum NvpSeverity
{
	NVP_SEVERITY_ERROR = 0,
	NVP_SEVERITY_WARNING		/* does not count as an error */
} NvpSeverity;

typedef struct NvpIssue
{
	uint64		row_no;			/* 0 = the whole input, or a whole column of it */
	uint64		line_no;		/* line of the source, 0 unknown */
	uint16		sheet;			/* of a workbook: its index, else 0 */
	int			column;			/* index into the model; -1 = the whole row, or input */
	NvpCode		code;
	NvpSeverity severity;
	const char *message;
	const char *value;			/* original text of the cell, not terminated; NULL = none */
	uint32		value_len;
} NvpIssue;

/* where issues go: ordered by row, within a row by column */
typedef struct NvpIssueSink NvpIssueSink;
struct NvpIssueSink
{
	void		(*emit) (NvpIssueSink *sink, const NvpIssue *issue);
};

/* one batch of values, and totals over all batches */
typedef struct NvpValidated
{
	int			ncolumns;
	int			capacity;		/* rows */
	int			nrows;			/* rows of this batch */
	bool		has_errors;		/* any row of this batch has an error */
	NvpValue  **values;			/* values[column][row] */
	uint16	   *row_error_cells;	/* erroneous cells per row, 0 = clean */
	uint64		rows;
	uint64		cells;
	uint64		error_cells;
	uint64		error_rows;
} NvpValidated;

typedef struct NvpValidator NvpValidator;

/* writes why the text of a cell cannot be stored, a sentence; false if it does not know */
typedef bool (*NvpExplainText) (void *arg, const NvpCell *cell, char *buf, size_t size);

extern NvpValidator *nvp_validator_create(NvpModel *model, int64 memory_bytes);
extern void nvp_validator_set_width(NvpValidator *validator, int width);
extern void nvp_validator_set_explainer(NvpValidator *validator, NvpExplainText explain, void *arg);
extern bool nvp_validator_needs_survey(const NvpValidator *validator);
extern int	nvp_validator_survey_passes(const NvpValidator *validator);
extern void nvp_validator_survey(NvpValidator *validator, int pass, const NvpCell *const *columns,
								 int nrows, uint64 first_row_no);
extern void nvp_validator_survey_end(NvpValidator *validator, int pass);
extern NvpValidated *nvp_validator_output(NvpValidator *validator, int capacity);
extern void nvp_validator_batch(NvpValidator *validator, const NvpCell *const *columns,
								const NvpRow *rows, int nrows, uint64 first_row_no,
								NvpValidated *out, NvpIssueSink *sink);
extern NvpCode nvp_validator_doubt(const NvpValidator *validator, int i, char **message);
extern char *nvp_validator_vote_note(const NvpValidator *validator);
extern char *nvp_validator_votes(const NvpValidator *validator);
extern void nvp_validator_free(NvpValidator *validator);

#endif							/* NVP_VALIDATE_H */
