/*-------------------------------------------------------------------------
 *
 * output.c
 *		The two kinds of output of a job: a table, or bytes in a spool.
 *
 * Memory: in the context current (spool) or given (table) at creation.
 * Errors: a table throws what the server throws; a full spool is a fault.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/encode.h"
#include "format/xml_scrub.h"
#include "pipeline/flatjson.h"
#include "pipeline/output.h"

/* ---- a table -------------------------------------------------------------- */

typedef struct TableOutput
{
	NvpOutput	base;
	NvpTarget  *target;
	uint64		filtered;		/* by triggers and rules, up to the last batch */
} TableOutput;

static void
take_refusal(void *arg, int row, int column, NvpCode code, const char *message)
{
	nvp_job_refuse(arg, row, column, code, message);
}

static bool
table_batch(NvpOutput *output, NvpOutBatch *batch, NvpFault *fault)
{
	TableOutput *table = (TableOutput *) output;

	(void) nvp_target_batch(table->target, batch->values, batch->skip, batch->nrows,
							take_refusal, batch);
	return true;
}

static bool
table_finish(NvpOutput *output, NvpCounts *counts, NvpFault *fault)
{
	TableOutput *table = (TableOutput *) output;
	NvpTargetCounts written;

	nvp_target_finish(table->target);
	written = *nvp_target_counts(table->target);
	nvp_target_close(table->target);
	counts->rows_inserted = written.rows_inserted;
	counts->rows_updated = written.rows_updated;
	/* rows that a trigger swallowed were given to the table, but are not in it */
	counts->rows_filtered += written.rows_filtered;
	counts->rows_written -= written.rows_filtered;
	if (written.rows_inserted + written.rows_updated + written.rows_unchanged == counts->rows_written)
		return true;
	return nvp_fault_set(fault, NVP_FAULT_INTERNAL, ERRCODE_DATA_CORRUPTED, false,
						 "row counts do not balance: the table took " UINT64_FORMAT " rows of " UINT64_FORMAT,
						 written.rows_inserted + written.rows_updated + written.rows_unchanged,
						 counts->rows_written);
}

/*
 * nvp_output_table writes to the plan's relation as the current user.
 *
 * in: careful: rows that the server refuses become issues, at a price.
 * errors: those of nvp_target_open.
 */
NvpOutput *
nvp_output_table(const NvpPlan *plan, bool careful, MemoryContext context)
{
	TableOutput *table = MemoryContextAllocZero(context, sizeof(TableOutput));
	NvpTargetSpec spec = plan->target;

	spec.careful = careful;
	if (careful)
		spec.may_rebuild = false;
	table->base.batch = table_batch;
	table->base.finish = table_finish;
	table->target = nvp_target_open(&spec, plan->model, context);
	return &table->base;
}

/* ---- bytes ---------------------------------------------------------------- */

typedef struct SpoolOutput
{
	NvpOutput	base;
	NvpSpool   *spool;
	NvpWriter  *writer;
	const NvpModel *model;
	NvpBatch   *batch;			/* rendered cells */
	bool	   *skip;
	bool		is_xml;
} SpoolOutput;

static bool
spool_sink(void *arg, const char *data, int64 len)
{
	return nvp_spool_append(arg, data, len);
}

static bool
spool_fault(SpoolOutput *out, NvpFault *fault)
{
	const char *problem = out->writer ? nvp_writer_problem(out->writer) : NULL;

	if (problem == NULL)
		return nvp_spool_fault(out->spool, fault, "the output");
	nvp_fault_set(fault, NVP_WRITE_FILE_FAILURE, ERRCODE_PROGRAM_LIMIT_EXCEEDED, false, "%s", problem);
	nvp_fault_hint(fault, "Choose another format for the output, such as csv.");
	return false;
}

/* the cell to be written for one value; a bad one is passed on as it was, as text */
static NvpCell
render(const NvpColumn *column, const NvpValue *value, const NvpCell *source, NvpArena *arena)
{
	NvpCell		cell = {0};

	if (value->status == NVP_OK)
		return nvp_value_cell(column, value, arena);
	if (value->status == NVP_ERROR && source)
	{
		cell = *source;
		if (cell.kind != NVP_CELL_NULL)
			cell.kind = NVP_CELL_TEXT;
		/* bytes of another encoding that are no character: not what a decoder made of them */
		if (value->code == NVP_CODE_INVALID_TEXT && memchr(cell.ptr, NVP_RAW_MARK, cell.len))
		{
			char	   *text = nvp_arena_alloc(arena, (size_t) cell.len * 4);

			cell.len = nvp_storable_text(source->ptr, source->len, text);
			cell.ptr = text;
		}
	}
	return cell;
}

/* refuse_for_xml keeps rows out whose characters XML does not have, and tells */
static void
refuse_for_xml(SpoolOutput *out, NvpOutBatch *batch)
{
	for (int c = 0; c < out->model->ncolumns; c++)
	{
		const NvpCell *cells = nvp_batch_column(out->batch, c);

		for (int row = 0; row < batch->nrows; row++)
		{
			if (out->skip[row] || nvp_xml_is_clean(cells[row].ptr, cells[row].len))
				continue;
			nvp_job_refuse(batch, row, c, NVP_CODE_INVALID_TEXT, "The text contains a character that XML does not have.");
			out->skip[row] = true;
		}
	}
}

static bool
spool_batch(NvpOutput *output, NvpOutBatch *batch, NvpFault *fault)
{
	SpoolOutput *out = (SpoolOutput *) output;
	int			ncolumns = out->model->ncolumns;

	Assert(batch->nrows <= out->batch->capacity);
	for (int row = 0; row < batch->nrows; row++)
		out->skip[row] = batch->skip[row] != 0;
	for (int c = 0; c < ncolumns; c++)
	{
		NvpCell    *cells = nvp_batch_column(out->batch, c);

		for (int row = 0; row < batch->nrows; row++)
		{
			if (!out->skip[row])
				cells[row] = render(&out->model->columns[c], &batch->values[c][row],
									batch->cells[c] ? &batch->cells[c][row] : NULL, batch->arena);
		}
	}
	if (out->is_xml)
		refuse_for_xml(out, batch);
	out->batch->nrows = batch->nrows;
	return nvp_writer_batch(out->writer, out->batch, out->skip) || spool_fault(out, fault);
}

static bool
spool_finish(NvpOutput *output, NvpCounts *counts, NvpFault *fault)
{
	SpoolOutput *out = (SpoolOutput *) output;

	NvpWriter  *writer = out->writer;

	out->writer = NULL;
	if (!nvp_writer_finish(writer) || !nvp_spool_flush(out->spool))
		return spool_fault(out, fault);
	counts->output_bytes = out->spool->size;
	return true;
}

/*
 * nvp_output_spool writes the plan's file format into a spool.
 */
NvpOutput *
nvp_output_spool(const NvpPlan *plan, NvpSpool *spool)
{
	SpoolOutput *out = palloc0(sizeof(SpoolOutput));
	const NvpModel *model = plan->model;
	const char **names = palloc(sizeof(char *) * Max(model->ncolumns, 1));

	for (int i = 0; i < model->ncolumns; i++)
		names[i] = model->columns[i].key;
	out->base.batch = spool_batch;
	out->base.finish = spool_finish;
	out->spool = spool;
	out->model = model;
	out->is_xml = plan->write_format.kind == NVP_FORMAT_XML;
	out->batch = nvp_batch_create(model->ncolumns);
	out->skip = palloc0(out->batch->capacity);
	out->writer = nvp_writer_open(&plan->write_format, names, model->ncolumns, spool_sink, spool);
	return &out->base;
}
