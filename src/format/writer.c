/*-------------------------------------------------------------------------
 *
 * writer.c
 *		The buffer behind all writers, and the choice among them.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/writer_impl.h"

/* nvp_write_format_defaults describes plain CSV: comma, header, LF. */
void
nvp_write_format_defaults(NvpWriteFormat *format)
{
	memset(format, 0, sizeof(NvpWriteFormat));
	format->kind = NVP_FORMAT_CSV;
	format->delimiter = ',';
	format->with_header = true;
}

/* nvp_writer_flush hands the buffer to the sink. */
void
nvp_writer_flush(NvpWriter *writer)
{
	if (writer->used > 0 && !writer->failed)
		writer->failed = !writer->sink(writer->arg, writer->buf, writer->used);
	writer->used = 0;
}

/* nvp_writer_put writes bytes as they are, however many. */
void
nvp_writer_put(NvpWriter *writer, const char *data, uint32 len)
{
	if (len > NVP_WRITER_BYTES - writer->used)
	{
		nvp_writer_flush(writer);
		if (len > NVP_WRITER_BYTES)
		{
			if (!writer->failed)
				writer->failed = !writer->sink(writer->arg, data, len);
			return;
		}
	}
	if (len > 0)
		memcpy(writer->buf + writer->used, data, len);
	writer->used += len;
}

/*
 * nvp_writer_room returns where the next len bytes go, to be claimed by raising
 * writer->used; NULL if they do not fit the empty buffer.
 */
char *
nvp_writer_room(NvpWriter *writer, uint32 len)
{
	if (len > NVP_WRITER_BYTES - writer->used)
	{
		if (len > NVP_WRITER_BYTES)
			return NULL;
		nvp_writer_flush(writer);
	}
	return writer->buf + writer->used;
}

/*
 * nvp_writer_open makes a writer and writes what stands before the first row.
 *
 * in: names of the columns, needed only until this returns.
 * owner: nvp_writer_finish frees the writer.
 */
NvpWriter *
nvp_writer_open(const NvpWriteFormat *format, const char *const *names,
				int ncols, NvpSinkFunc sink, void *arg)
{
	NvpWriter  *writer = palloc0(sizeof(NvpWriter));

	Assert(format->kind == NVP_FORMAT_CSV || format->kind == NVP_FORMAT_JSON ||
		   format->kind == NVP_FORMAT_JSONL || format->kind == NVP_FORMAT_XLSX ||
		   format->kind == NVP_FORMAT_XML);
	writer->format = *format;
	writer->sink = sink;
	writer->arg = arg;
	writer->ncols = ncols;
	writer->buf = palloc0(NVP_WRITER_BYTES + NVP_WRITER_PAD);
	if (format->kind == NVP_FORMAT_CSV)
		nvp_csv_write_header(writer, names);
	else if (format->kind == NVP_FORMAT_XLSX)
		nvp_xlsx_write_begin(writer, names);
	else if (format->kind == NVP_FORMAT_XML)
		nvp_xml_write_begin(writer, names);
	else
		nvp_json_write_begin(writer, names);
	return writer;
}

/*
 * nvp_writer_batch writes the rows of a batch.
 *
 * in: a batch with the writer's columns; skip[row], if skip is not NULL, leaves
 *		a row out.
 * out: false if the sink refused bytes, now or before.
 */
bool
nvp_writer_batch(NvpWriter *writer, const NvpBatch *batch, const bool *skip)
{
	for (int row = 0; row < batch->nrows && !writer->failed; row++)
	{
		if (skip && skip[row])
			continue;
		if (writer->format.kind == NVP_FORMAT_CSV)
			nvp_csv_write_row(writer, batch, row);
		else if (writer->format.kind == NVP_FORMAT_XLSX)
			nvp_xlsx_write_row(writer, batch, row);
		else if (writer->format.kind == NVP_FORMAT_XML)
			nvp_xml_write_row(writer, batch, row);
		else
			nvp_json_write_row(writer, batch, row);
		writer->rows++;
	}
	return !writer->failed;
}

/* nvp_writer_note puts a comment on a cell of the next row; in formats without comments it is left out. */
void
nvp_writer_note(NvpWriter *writer, int col, const char *text)
{
	if (writer->format.kind == NVP_FORMAT_XLSX && writer->format.with_notes)
		nvp_xlsx_write_note(writer, col, text, strlen(text));
}

/* nvp_writer_finish writes what stands behind the last row and frees the writer. */
bool
nvp_writer_finish(NvpWriter *writer)
{
	bool		ok;

	if (writer->format.kind == NVP_FORMAT_XLSX)
		nvp_xlsx_write_end(writer);
	else if (writer->format.kind == NVP_FORMAT_XML)
		nvp_xml_write_end(writer);
	else if (writer->format.kind != NVP_FORMAT_CSV)
		nvp_json_write_end(writer);
	nvp_writer_flush(writer);
	ok = !writer->failed;
	if (writer->names)
	{
		for (int col = 0; col < writer->ncols; col++)
			pfree(writer->names[col]);
		pfree(writer->names);
		pfree(writer->name_lens);
	}
	pfree(writer->buf);
	pfree(writer);
	return ok;
}

/* nvp_writer_problem tells what could not be written in this format; NULL if it was the sink that failed. */
const char *
nvp_writer_problem(const NvpWriter *writer)
{
	return writer->problem;
}

/* nvp_writer_rows returns how many rows were written. */
uint64
nvp_writer_rows(const NvpWriter *writer)
{
	return writer->rows;
}
