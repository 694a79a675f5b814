/*-------------------------------------------------------------------------
 *
 * job.c
 *		The batch loop: bytes in, validated rows out, every issue kept.
 *
 * See job.h for flow, calls, memory and errors.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/guc.h"
#include "base/progress.h"
#include "format/encode.h"
#include "pipeline/doubt.h"
#include "pipeline/job.h"

/* nvp_on_error_parse reads the word of options.on_error; false if unknown. */
bool
nvp_on_error_parse(const char *word, NvpOnError *out)
{
	static const char *const words[] = {"skip_rows", "null_cells", "pass", "reject_all"};

	for (int i = 0; i < lengthof(words); i++)
	{
		if (strcmp(word, words[i]) == 0)
		{
			*out = i;
			return true;
		}
	}
	return false;
}

/* ---- issues ------------------------------------------------------------- */

static void
note_bad_cell(NvpJob *job, const NvpIssue *issue)
{
	if (job->nbad == job->maxbad)
	{
		job->maxbad = job->maxbad ? job->maxbad * 2 : 256;
		job->bad = job->bad ? repalloc(job->bad, sizeof(NvpBadCell) * job->maxbad) :
			MemoryContextAlloc(job->map->context, sizeof(NvpBadCell) * job->maxbad);
	}
	job->bad[job->nbad].column = issue->column;
	job->bad[job->nbad++].row_no = issue->row_no;
}

/*
 * Every issue of validator and output comes by here: it is kept and passed on.
 * Under null_cells the cell concerned is noted, to be emptied.
 */
static void
receive_issue(NvpIssueSink *sink, const NvpIssue *issue)
{
	NvpJob	   *job = (NvpJob *) ((char *) sink - offsetof(NvpJob, own_sink));

	if (job->on_error == NVP_NULL_CELLS && issue->column >= 0 && issue->severity == NVP_SEVERITY_ERROR)
		note_bad_cell(job, issue);
	if (job->log)
		nvp_issuelog_issue(job->log, issue);
	if (job->sink)
		job->sink->emit(job->sink, issue);
}

/* ---- opening ------------------------------------------------------------- */

/*
 * nvp_job_open prepares a job whose given members are filled.
 *
 * errors: 22023 for a mapping that does not fit the model.
 */
void
nvp_job_open(NvpJob *job)
{
	job->own_sink.emit = receive_issue;
	job->map = nvp_map_create(job->model, job->mapping_config);
	nvp_arena_init(&job->arena);
	job->next_row_no = 1;
}

/* decide on the format by a sample, as far as it is not pinned */
static bool
settle_format(NvpJob *job, NvpFault *fault)
{
	if (job->is_tied)
	{
		/* once more, with names that are known now */
		nvp_input_close(&job->input);
		job->is_tied = false;
		if (!job->source->rewind(job->source))
			return nvp_source_fault(job->source, fault);
	}
	if (!job->is_rows)
	{
		if (!nvp_input_open_known(&job->input, job->source, job->format_options, job->file_name, job->member,
								  &job->known, fault))
			return false;
		job->is_tied = nvp_sniff_is_tied(&job->input.sniff, &job->input.format);
		return nvp_doubt_refuse(&job->input, fault);
	}
	job->input.source = job->source;
	nvp_format_defaults(&job->input.format);
	job->input.format.kind = NVP_FORMAT_ROWS;
	return true;
}

/* a header of nothing but one empty name: blank lines, perhaps nothing else */
static bool
header_is_blank(const NvpReader *reader)
{
	return reader->ncols == 0 || (reader->ncols == 1 && reader->header[0][0] == '\0');
}

/*
 * Do the columns read so far serve the mapping and the model?  Where they do
 * not, say what the input was taken for: perhaps it is not what it claims.
 */
static bool
check_columns(NvpJob *job, NvpFault *fault)
{
	static const char *const kinds[] = {
		"unknown", "delimited text", "JSON", "JSON Lines", "rows",
		"a workbook (xlsx)", "a workbook (ods)", "a workbook (xls)",
		"XML", "columns of fixed width"
	};
	NvpFormatKind kind = job->input.format.kind;


	if (nvp_map_complete(job->map, job->reader->header, job->reader->ncols, fault))
		return true;
	if (!job->is_rows)
		nvp_fault_detail(fault, "%s%sThe input was read as %s%s%s.",
						 fault->detail ? fault->detail : "", fault->detail ? " " : "", kinds[kind],
						 nvp_format_is_workbook(kind) ? "" : " in ",
						 nvp_format_is_workbook(kind) ? "" : nvp_encoding_name(job->input.format.encoding));
	return false;
}

static bool
open_reader(NvpJob *job, NvpFault *fault)
{
	if (!settle_format(job, fault))
		return false;
	job->reader = nvp_reader_open(job->input.source, &job->input.format);
	if (job->reader->error.message[0])
		return nvp_reader_fault(job->reader, fault);
	/* a batch has no more rows than the wider of source and model can afford */
	job->batch = nvp_batch_create(Max(job->reader->ncols, job->model->ncolumns));
	job->batch->ncols = job->reader->ncols;
	nvp_map_update(job->map, job->reader->header, job->reader->ncols);
	/* keys are known only when all was read */
	if (nvp_format_has_keys(job->input.format.kind) || header_is_blank(job->reader))
		return true;
	return check_columns(job, fault);
}

/* ---- reading ------------------------------------------------------------- */

static bool
row_is_blank(const NvpBatch *batch, int row)
{
	if (batch->rows[row].code != NVP_ROW_FINE && batch->rows[row].code != NVP_ROW_TOO_FEW)
		return false;
	for (int c = 0; c < batch->ncols; c++)
	{
		const NvpCell *cell = &nvp_batch_column(batch, c)[row];

		if (cell->kind != NVP_CELL_NULL && (cell->len > 0 || cell->kind != NVP_CELL_TEXT))
			return false;
	}
	return true;
}

static void
move_row(NvpBatch *batch, int from, int to)
{
	for (int c = 0; c < batch->ncols; c++)
	{
		NvpCell    *column = nvp_batch_column(batch, c);

		column[to] = column[from];
	}
	batch->rows[to] = batch->rows[from];
}

/*
 * Rows without any value are blank: they are counted, but are no data rows.
 * Returns how many there were.
 */
static int
drop_blank_rows(NvpBatch *batch)
{
	int			kept = 0;
	int			n = batch->nrows;

	for (int row = 0; row < n; row++)
	{
		if (row_is_blank(batch, row))
			continue;
		if (kept < row)
			move_row(batch, row, kept);
		kept++;
	}
	batch->nrows = kept;
	return n - kept;
}

/* the next batch, numbered; takes newly discovered columns into the map */
static NvpReadStatus
next_batch(NvpJob *job, uint64 *blank)
{
	NvpReader  *reader = job->reader;
	NvpReadStatus status;
	int			ncols = reader->ncols;

	CHECK_FOR_INTERRUPTS();
	if (nvp_progress_tick_hook)
		nvp_progress_tick_hook();
	do
	{
		status = nvp_reader_next(reader, job->batch);
		if (status != NVP_READ_OK)
			return status;
		*blank += drop_blank_rows(job->batch);
	} while (job->batch->nrows == 0);
	if (reader->ncols != ncols)
	{
		nvp_map_update(job->map, reader->header, reader->ncols);
		nvp_validator_set_width(job->validator, reader->ncols);
	}
	job->batch->first_row_no = job->next_row_no;
	job->next_row_no += job->batch->nrows;
	nvp_progress->bytes_done = reader->source->read_bytes;
	nvp_progress->rows_done += job->batch->nrows;
	return NVP_READ_OK;
}

static bool
begin_pass(NvpJob *job, NvpPhase phase, NvpFault *fault)
{
	job->next_row_no = 1;
	nvp_progress_phase(phase, job->input.source->total_bytes);
	if (!nvp_reader_rewind(job->reader))
		return nvp_reader_fault(job->reader, fault);
	return true;
}

static bool
survey(NvpJob *job, int pass, NvpFault *fault)
{
	NvpReadStatus status;
	uint64		blank = 0;

	if (!begin_pass(job, NVP_PHASE_SURVEY, fault))
		return false;
	while ((status = next_batch(job, &blank)) == NVP_READ_OK)
		nvp_validator_survey(job->validator, pass, nvp_map_columns(job->map, job->batch),
							 job->batch->nrows, job->batch->first_row_no);
	if (status == NVP_READ_BAD)
		return nvp_reader_fault(job->reader, fault);
	nvp_validator_survey_end(job->validator, pass);
	return job->next_row_no == 1 || check_columns(job, fault);
}

/* ---- the main pass -------------------------------------------------------- */

/*
 * nvp_job_refuse records that the output did not take a row: the row is
 * skipped, the issue kept.
 *
 * in: row of the batch; column of the model or -1; message NULL = the code's.
 */
void
nvp_job_refuse(NvpOutBatch *batch, int row, int column, NvpCode code, const char *message)
{
	NvpJob	   *job = batch->job;
	NvpIssue	issue = {0};

	issue.row_no = batch->first_row_no + row;
	issue.line_no = batch->source->rows[row].line_no;
	issue.sheet = batch->source->rows[row].sheet;
	issue.column = column;
	issue.code = code;
	issue.message = message ? message : nvp_code_message(code);
	if (column >= 0 && batch->cells[column])
	{
		issue.value = batch->cells[column][row].ptr;
		issue.value_len = batch->cells[column][row].len;
	}
	receive_issue(&job->own_sink, &issue);
	job->counts.error_cells++;
	if (!batch->skip[row] && job->validated->row_error_cells[row] == 0)
		job->counts.error_rows++;
	batch->skip[row] = 1;
}

/* under null_cells: what failed its type or a rule becomes empty */
static void
null_bad_cells(NvpJob *job)
{
	for (int i = 0; i < job->nbad; i++)
	{
		int			row = job->bad[i].row_no - job->batch->first_row_no;

		job->validated->values[job->bad[i].column][row].status = NVP_EMPTY;
	}
	job->nbad = 0;
}

static void
apply_policy(NvpJob *job)
{
	const uint16 *bad = job->validated->row_error_cells;
	int			n = job->batch->nrows;

	memset(job->skip, 0, n);
	if (job->on_error == NVP_SKIP_ROWS || job->on_error == NVP_REJECT_ALL)
	{
		for (int row = 0; row < n; row++)
			job->skip[row] = bad[row] > 0;
	}
	else if (job->on_error == NVP_NULL_CELLS)
		null_bad_cells(job);
}

/* developer mode: the first rows are sent, the others only validated */
static void
limit_rows(NvpJob *job)
{
	uint64		sent = job->counts.rows_written;

	if (job->max_output_rows < 0)
		return;
	for (int row = 0; row < job->batch->nrows; row++)
	{
		if (job->skip[row])
			continue;
		if (sent >= job->max_output_rows)
		{
			job->skip[row] = 2;
			job->counts.rows_filtered++;
		}
		else
			sent++;
	}
}

static void
count_batch(NvpJob *job)
{
	for (int row = 0; row < job->batch->nrows; row++)
	{
		if (job->skip[row] == 0)
			job->counts.rows_written++;
		else if (job->skip[row] == 1)
			job->counts.rows_rejected++;
	}
	if (job->log)
		nvp_issuelog_batch(job->log, job->batch, job->output ? job->skip : NULL);
}

static bool
process_batch(NvpJob *job, NvpFault *fault)
{
	const NvpCell *const *cells = nvp_map_columns(job->map, job->batch);
	NvpOutBatch out = {0};

	nvp_arena_reset(&job->arena);
	nvp_validator_batch(job->validator, cells, job->batch->rows, job->batch->nrows,
						job->batch->first_row_no, job->validated, &job->own_sink);
	apply_policy(job);
	limit_rows(job);
	if (job->output)
	{
		out.job = job;
		out.source = job->batch;
		out.cells = cells;
		out.values = job->validated->values;
		out.skip = job->skip;
		out.nrows = job->batch->nrows;
		out.first_row_no = job->batch->first_row_no;
		out.arena = &job->arena;
		if (!job->output->batch(job->output, &out, fault))
			return false;
	}
	count_batch(job);
	nvp_progress->error_cells = job->counts.error_cells + job->validated->error_cells;
	return true;
}

/* the promise: every row read went somewhere */
static bool
check_balance(NvpJob *job, NvpFault *fault)
{
	NvpCounts  *c = &job->counts;

	if (c->rows_read == c->rows_written + c->rows_rejected + c->rows_filtered + c->rows_blank)
		return true;
	return nvp_fault_set(fault, NVP_FAULT_INTERNAL, ERRCODE_DATA_CORRUPTED, false,
						 "row counts do not balance: " UINT64_FORMAT " read, " UINT64_FORMAT " written, "
						 UINT64_FORMAT " rejected, " UINT64_FORMAT " filtered, " UINT64_FORMAT " blank",
						 c->rows_read, c->rows_written, c->rows_rejected, c->rows_filtered, c->rows_blank);
}

/* rows passed over before the header */
static uint64
count_skipped(const NvpReader *reader)
{
	uint64		header = reader->format.has_header ? Max(reader->format.header_rows, 1) : 0;

	return reader->skipped_rows > header ? reader->skipped_rows - header : 0;
}

static bool
finish_counts(NvpJob *job, uint64 blank, NvpFault *fault)
{
	NvpCounts  *c = &job->counts;

	c->rows_blank = blank + job->reader->blank_rows;
	c->rows_skipped = count_skipped(job->reader);
	c->rows_read = job->reader->rows + job->reader->blank_rows;
	c->total_rows = job->validated->rows;
	c->total_cells = job->validated->cells;
	c->error_cells += job->validated->error_cells;
	c->error_rows += job->validated->error_rows;
	c->input_bytes = job->source->total_bytes > 0 ? job->source->total_bytes : 0;
	if (job->log)
		nvp_issuelog_check(job->log);
	if (c->total_rows == 0)
	{
		nvp_fault_set(fault, NVP_SOURCE_DATA_EMPTY, ERRCODE_NO_DATA, false,
					  "the input has %s but no data rows",
					  job->reader->ncols > 0 ? "a header" : "no columns");
		nvp_fault_hint(fault, "Ask the sender for the file again; nothing was loaded.");
		return false;
	}
	return check_balance(job, fault);
}

static bool
main_pass(NvpJob *job, NvpFault *fault)
{
	NvpReadStatus status;
	uint64		blank = 0;

	if (!begin_pass(job, NVP_PHASE_PROCESS, fault))
		return false;
	while ((status = next_batch(job, &blank)) == NVP_READ_OK)
	{
		if (!process_batch(job, fault))
			return false;
	}
	if (status == NVP_READ_BAD)
		return nvp_reader_fault(job->reader, fault);
	if (!finish_counts(job, blank, fault) || !check_columns(job, fault))
		return false;
	return job->output == NULL || job->output->finish(job->output, &job->counts, fault);
}

static bool
explain_text(void *arg, const NvpCell *cell, char *buf, size_t size)
{
	return nvp_reader_explain_text(arg, cell, buf, size);
}

/*
 * nvp_job_run reads the whole input.
 *
 * out: true: counts balance and the output has every row it should; false: the
 *		fault says why, and what was written must be rolled back.
 * interrupts: obeyed between batches.
 * xact: as the output demands.
 */
bool
nvp_job_run(NvpJob *job, NvpFault *fault)
{
	TimestampTz started;
	int			passes;

	memset(&job->counts, 0, sizeof(job->counts));
	if (job->reader == NULL && !open_reader(job, fault))
		return false;
	if (job->validator)
		nvp_validator_free(job->validator);
	job->validator = nvp_validator_create(job->model, (int64) nvp_guc_run_memory * 1024 / 2);
	nvp_validator_set_width(job->validator, job->reader->ncols);
	nvp_validator_set_explainer(job->validator, explain_text, job->reader);
	job->validated = nvp_validator_output(job->validator, job->batch->capacity);
	if (job->skip == NULL)
		job->skip = palloc0(job->batch->capacity);
	started = GetCurrentTimestamp();
	passes = nvp_validator_survey_passes(job->validator);
	if (passes > 0 && job->reader->rows == 0)
		nvp_reader_keep(job->reader);
	for (int pass = 0; pass < passes; pass++)
	{
		if (!survey(job, pass, fault))
			return false;
	}
	job->survey_ms = TimestampDifferenceMilliseconds(started, GetCurrentTimestamp());
	return main_pass(job, fault);
}

/* nvp_job_close releases what is not memory of the caller's context. */
void
nvp_job_close(NvpJob *job)
{
	if (job->validator)
		nvp_validator_free(job->validator);
	if (job->reader)
		nvp_reader_close(job->reader);
	nvp_input_close(&job->input);
	job->validator = NULL;
	job->reader = NULL;
}
