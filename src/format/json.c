/*-------------------------------------------------------------------------
 *
 * json.c
 *		An array of objects, or one object a line (JSON Lines).
 *
 * Flow:   window --(json_find.c)--> the array --(json_object.c)--> cells, one
 *		   column for each key
 *
 * Columns are the keys of the objects in order of first appearance.  Opening
 * reads the first rows for their keys and begins again; keys that come later
 * widen the batch.  Room for them is made only while the batch is empty: a row
 * with more new keys than there is room for ends the batch before it and is
 * parsed again into the next one.
 *
 * What is read
 *	 - The array may stand within objects, at a path.  An object without any such
 *	   array is one row.
 *	 - Members of nested objects are columns too, see json_object.c.  A nested
 *	   array is one cell with its text.
 *	 - Of a key that occurs twice in an object the last value counts, as in
 *	   jsonb.
 *	 - In JSON Lines a line that is no object is delivered as a row without
 *	   cells, marked NVP_ROW_BAD_VALUE, its text in extra; so is an element of
 *	   an array that is a value, but no object.
 *
 * An object the window does not hold whole is parsed again after more was read.
 *
 * Memory: see reader.h.
 * Errors: an array that is no JSON or ends too early, a record longer than
 *		   max_record_bytes, and more than NVP_MAX_COLUMNS keys end reading.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: RFC 8259; jsonlines.org.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/json_impl.h"

static void
set_row(NvpRow *row, uint64 line_no, uint32 width)
{
	memset(row, 0, sizeof(NvpRow));
	row->line_no = line_no;
	row->width = width;
	row->code = NVP_ROW_FINE;
}

/* bad_row delivers text that is no object as a row without cells */
static void
bad_row(NvpBatch *batch, uint64 line_no, const char *text, const char *end)
{
	int			row = batch->nrows++;

	for (int col = 0; col < batch->ncols; col++)
		nvp_cell_set(nvp_batch_column(batch, col) + row, NULL, 0, NVP_CELL_NULL, 0);
	set_row(&batch->rows[row], line_no, 0);
	batch->rows[row].code = NVP_ROW_BAD_VALUE;
	batch->rows[row].extra = text;
	batch->rows[row].extra_len = end - text;
}

bool
nvp_json_fail_at(NvpJsonReader *json, const char *at, const char *hint, const char *what)
{
	const NvpWindow *window = &json->base.window;
	uint64		line_no = json->line_no + nvp_count_newlines(window->buf + window->start, at);
	uint64		offset = window->offset + (at - window->buf);

	return nvp_reader_fail(&json->base.reader, line_no, offset, hint,
						   "%s in line " UINT64_FORMAT ", byte " UINT64_FORMAT,
						   what, line_no, offset);
}

static bool
fail_too_wide(NvpJsonReader *json)
{
	return nvp_reader_fail(&json->base.reader, json->line_no, 0,
						   "Keys that hold data, such as ids, belong into values.",
						   "the objects have more than %d different keys by line " UINT64_FORMAT,
						   NVP_MAX_COLUMNS, json->line_no);
}

/* nvp_json_read_more gets the window's next bytes; false on errors, which are set */
bool
nvp_json_read_more(NvpJsonReader *json)
{
	NvpReader  *reader = &json->base.reader;

	switch (nvp_window_fill(&json->base.window))
	{
		case NVP_FILL_OK:
			return true;
		case NVP_FILL_TOO_LONG:
			return nvp_reader_fail(reader, json->line_no,
								   json->base.window.offset + json->base.window.start,
								   "Check the format of the file, or raise max_record_bytes.",
								   "the record in line " UINT64_FORMAT " is longer than "
								   INT64_FORMAT " bytes",
								   json->line_no, reader->format.max_record_bytes);
		case NVP_FILL_ERROR:
			break;
	}
	return nvp_reader_fail_io(reader);
}

/* step_line reads one line of JSON Lines */
static NvpJsonStep
step_line(NvpJsonReader *json, NvpBatch *batch)
{
	NvpWindow  *window = &json->base.window;
	const char *begin = window->buf + window->start;
	const char *data_end = window->buf + window->end;
	const char *newline = memchr(begin, '\n', data_end - begin);
	const char *end = newline ? newline : data_end;
	const char *p;
	NvpJsonObject status = NVP_OBJECT_BAD;

	if (begin == data_end)
		return window->eof ? NVP_STEP_END : NVP_STEP_MORE;
	if (newline == NULL && !window->eof)
		return NVP_STEP_MORE;
	p = begin = nvp_json_skip_space(begin, end);
	while (end > begin && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	if (begin == end)
		json->base.reader.blank_rows++;
	else
	{
		if (*p == '{')
			status = nvp_json_object(json, batch, batch->nrows, &p, end);
		if (status == NVP_OBJECT_WIDE)
			return NVP_STEP_FULL;
		if (status == NVP_OBJECT_TOO_WIDE)
		{
			fail_too_wide(json);
			return NVP_STEP_BAD;
		}
		if (status == NVP_OBJECT_OK && p == end)
			set_row(&batch->rows[batch->nrows++], json->line_no, json->width);
		else
			bad_row(batch, json->line_no, begin, end);
	}
	json->line_no++;
	window->start = (newline ? newline + 1 : data_end) - window->buf;
	return NVP_STEP_ON;
}

/* nvp_json_advance moves window.start to p and keeps the line number */
void
nvp_json_advance(NvpJsonReader *json, const char *p)
{
	NvpWindow  *window = &json->base.window;

	json->line_no += nvp_count_newlines(window->buf + window->start, p);
	window->start = p - window->buf;
}

/* step_element reads one element of an array, which begins at window.start */
static NvpJsonStep
step_element(NvpJsonReader *json, NvpBatch *batch)
{
	NvpWindow  *window = &json->base.window;
	const char *begin = window->buf + window->start;
	const char *end = window->buf + window->end;
	const char *p = begin;
	NvpJsonStatus lexical;

	if (*p == '{')
	{
		switch (nvp_json_object(json, batch, batch->nrows, &p, end))
		{
			case NVP_OBJECT_OK:
				set_row(&batch->rows[batch->nrows++], json->line_no, json->width);
				break;
			case NVP_OBJECT_MORE:
				return NVP_STEP_MORE;
			case NVP_OBJECT_WIDE:
				return NVP_STEP_FULL;
			case NVP_OBJECT_TOO_WIDE:
				fail_too_wide(json);
				return NVP_STEP_BAD;
			case NVP_OBJECT_BAD:
				nvp_json_fail_at(json, window->buf + json->bad_at, "Repair the file there.", "invalid JSON");
				return NVP_STEP_BAD;
		}
	}
	else
	{
		p = nvp_json_value_end(p, end, &lexical);
		if ((p == NULL && lexical == NVP_JSON_MORE) || (p == end && !window->eof))
			return NVP_STEP_MORE;
		if (p == NULL)
		{
			nvp_json_fail_at(json, begin, "Repair the file there.", "invalid JSON");
			return NVP_STEP_BAD;
		}
		bad_row(batch, json->line_no, begin, p);
	}
	nvp_json_advance(json, p);
	json->state = json->state == NVP_BEFORE_SINGLE ? NVP_BEHIND_ARRAY : NVP_BEHIND_ELEMENT;
	return NVP_STEP_ON;
}

/* step_array goes one token further in an array */
static NvpJsonStep
step_array(NvpJsonReader *json, NvpBatch *batch)
{
	NvpWindow  *window = &json->base.window;
	const char *end = window->buf + window->end;
	const char *p = nvp_json_skip_space(window->buf + window->start, end);
	bool		is_expected = true;

	nvp_json_advance(json, p);
	if (p == end)
	{
		if (!window->eof)
			return NVP_STEP_MORE;
		if (json->state == NVP_BEFORE_ARRAY && json->walk.depth == 0)
			json->base.reader.error.is_empty = true;
		return (json->walk.depth == 0 && (json->state == NVP_BEFORE_ARRAY || json->state == NVP_BEHIND_ARRAY)) ?
			NVP_STEP_END : NVP_STEP_MORE;
	}
	switch (json->state)
	{
		case NVP_BEFORE_ARRAY:
			return nvp_json_find_rows(json);
		case NVP_BEFORE_SINGLE:
			return step_element(json, batch);
		case NVP_BEHIND_ARRAY:
			return nvp_json_leave_rows(json);
		case NVP_BEHIND_ELEMENT:
			is_expected = (*p == ',' || *p == ']');
			if (is_expected)
				json->state = *p == ',' ? NVP_BEFORE_ELEMENT : NVP_BEHIND_ARRAY;
			break;
		case NVP_BEFORE_FIRST:
			if (*p != ']')
				return step_element(json, batch);
			json->state = NVP_BEHIND_ARRAY;
			break;
		case NVP_BEFORE_ELEMENT:
			return step_element(json, batch);
	}
	if (!is_expected)
	{
		nvp_json_fail_at(json, p, "Repair the file there.",
						 "neither comma nor bracket behind an element of the JSON array");
		return NVP_STEP_BAD;
	}
	nvp_json_advance(json, p + 1);
	return NVP_STEP_ON;
}

static NvpReadStatus
read_rows(NvpJsonReader *json, NvpBatch *batch)
{
	while (batch->nrows < batch->capacity)
	{
		NvpJsonStep	step = json->is_lines ? step_line(json, batch) : step_array(json, batch);

		if (step == NVP_STEP_ON)
			continue;
		if (batch->nrows > 0)
		{
			/* what is wrong, if anything, is found again after these rows were taken */
			json->base.reader.error.message[0] = '\0';
			return NVP_READ_OK;
		}
		if (step == NVP_STEP_END)
			return NVP_READ_END;
		if (step == NVP_STEP_BAD)
			return NVP_READ_BAD;
		if (step == NVP_STEP_MORE && json->base.window.eof)
		{
			nvp_json_fail_at(json, json->base.window.buf + json->base.window.end,
					"The file seems to be cut off; fetch it again.",
					"the JSON is not complete: the data ends");
			return NVP_READ_BAD;
		}
		if (step == NVP_STEP_FULL)
			nvp_batch_widen(batch, json->base.reader.ncols);
		else if (!nvp_json_read_more(json))
			return NVP_READ_BAD;
	}
	return NVP_READ_OK;
}

bool
nvp_json_begin_file(NvpJsonReader *json)
{
	json->state = NVP_BEFORE_ARRAY;
	json->matched = 0;
	nvp_json_walk_init(&json->walk);
	json->line_no = 1;
	json->base.reader.blank_rows = 0;
	return nvp_window_begin(&json->base.window) == NVP_FILL_OK ||
		nvp_reader_fail_io(&json->base.reader);
}

static bool
json_rewind(NvpReader *reader)
{
	if (!reader->source->rewind(reader->source))
		return nvp_reader_fail_io(reader);
	return nvp_json_begin_file((NvpJsonReader *) reader);
}

static bool
json_open(NvpReader *reader)
{
	NvpJsonReader *json = (NvpJsonReader *) reader;
	NvpBatch   *scratch;
	NvpReadStatus status;

	json->is_lines = (reader->format.kind == NVP_FORMAT_JSONL);
	nvp_json_init_keys(json);
	if (json->is_lines && reader->format.path && reader->format.path[0])
		return nvp_reader_fail(reader, 0, 0, "Leave it out, or set the format to json if the file is one document.",
							   "the option path does not apply to JSON Lines: each line is a row");
	if (!json->is_lines && !nvp_json_set_path(json))
		return false;
	if (!nvp_json_begin_file(json))
		return false;

	/* columns are known from the first rows on */
	scratch = nvp_batch_create(0);
	status = read_rows(json, scratch);
	nvp_batch_free(scratch);
	if (status == NVP_READ_END && json->is_lines)
		reader->error.is_empty = true;
	return status != NVP_READ_BAD && json_rewind(reader);
}

static NvpReadStatus
json_next(NvpReader *reader, NvpBatch *batch)
{
	return read_rows((NvpJsonReader *) reader, batch);
}

static void
json_close(NvpReader *reader)
{
	NvpJsonReader *json = (NvpJsonReader *) reader;

	nvp_json_free_keys(json);
	nvp_row_path_free(&json->path);
}

static const NvpReaderRoutine json_routine = {
	.name = "json",
	.open = json_open,
	.next = json_next,
	.rewind = json_rewind,
	.close = json_close
};

const NvpReaderEntry nvp_json_entry = {NVP_FORMAT_JSON, sizeof(NvpJsonReader), &json_routine};
const NvpReaderEntry nvp_jsonl_entry = {NVP_FORMAT_JSONL, sizeof(NvpJsonReader), &json_routine};
