/*-------------------------------------------------------------------------
 *
 * json.c
 *		An array of objects, or one object a line (JSON Lines).
 *
 * Flow:   window --> parse_object --> cells, one column for each key
 *
 * Columns are the keys of the objects in order of first appearance.  Opening
 * reads the first rows for their keys and begins again; keys that come later
 * widen the batch.  Room for them is made only while the batch is empty: a row
 * with more new keys than there is room for ends the batch before it and is
 * parsed again into the next one.
 *
 * Objects mostly have their keys in one order.  The column of the n-th key of
 * the last object is remembered, and its key compared first; only if it differs
 * is the hash table asked.
 *
 * What is read
 *	 - A nested object or array is one cell with its text.
 *	 - Of a key that occurs twice in an object the last value counts, as in
 *	   jsonb.
 *	 - In JSON Lines a line that is no object is delivered as a row without
 *	   cells, marked NVP_ROW_BAD_VALUE, its text in extra; so is an element of
 *	   an array that is a value, but no object.
 *
 * An object the window does not hold whole is parsed again after more was read.
 * Escapes are taken out, in place, only when the object is complete.
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

#include "format/json_scan.h"
#include "format/reader_impl.h"

#define CELL_ESCAPED	0x80	/* private cell flag: has escapes to take out */

typedef enum ArrayState
{
	BEFORE_ARRAY,
	BEFORE_FIRST,				/* behind the bracket */
	BEFORE_ELEMENT,				/* behind a comma */
	BEHIND_ELEMENT,
	BEHIND_ARRAY
} ArrayState;

typedef struct JsonColumn
{
	uint64		seen;			/* serial of the last object that has the key */
	char	   *quoted;			/* the key in quotes as a file would have it */
	uint32		quoted_len;		/* 0: the key would need escapes, ask the table */
} JsonColumn;

typedef struct JsonReader
{
	NvpReaderBase base;
	bool		is_lines;
	ArrayState	state;			/* of an array */
	NvpNames	keys;			/* index = column */
	JsonColumn *columns;
	int			allocated;		/* columns and order */
	int		   *order;			/* column of the n-th key of the last object */
	int			norder;
	uint64		serial;			/* of the current object */
	const char *object;			/* its opening brace */
	uint64		proved;			/* serial of the last object known to be JSON to its end */
	uint32		width;			/* pairs of the current object */
	uint64		line_no;		/* of the byte at window.start */
	uint32		bad_at;			/* offset in the window of what is not JSON */
} JsonReader;

typedef enum ObjectStatus
{
	OBJECT_OK,
	OBJECT_MORE,				/* the buffer ends within it */
	OBJECT_BAD,					/* it is not JSON */
	OBJECT_WIDE,				/* the batch must be widened first */
	OBJECT_TOO_WIDE				/* more than NVP_MAX_COLUMNS keys */
} ObjectStatus;

static void
grow_columns(JsonReader *json)
{
	size_t		n = Max(16, json->allocated * 2);

	if (json->allocated == 0)
	{
		json->columns = palloc(sizeof(JsonColumn) * n);
		json->order = palloc(sizeof(int) * n);
	}
	else
	{
		json->columns = repalloc(json->columns, sizeof(JsonColumn) * n);
		json->order = repalloc(json->order, sizeof(int) * n);
	}
	json->allocated = n;
}

/* add_column makes a column for a new key */
static void
add_column(JsonReader *json, const char *key, uint32 len)
{
	NvpReader  *reader = &json->base.reader;
	int			col = nvp_names_add(&json->keys, key, len);
	JsonColumn *column;

	if (col >= json->allocated)
		grow_columns(json);
	column = &json->columns[col];
	column->seen = 0;
	column->quoted = palloc((size_t) len + 2);
	column->quoted[0] = '"';
	memcpy(column->quoted + 1, key, len);
	column->quoted[len + 1] = '"';
	column->quoted_len = (memchr(key, '"', len) || memchr(key, '\\', len)) ? 0 : len + 2;
	nvp_reader_add_column(reader, key, len);
}

/*
 * may_add tells whether the current object may bring new columns: it must be
 * JSON to its end, or else a damaged line would leave columns behind.
 */
static bool
may_add(JsonReader *json, const char *end, NvpJsonStatus *status)
{
	const char *p;

	if (json->proved == json->serial)
		return true;
	p = nvp_json_value_end(json->object, end, status);
	if (p == NULL)
		return false;
	if (json->is_lines && p != end)
	{
		*status = NVP_JSON_BAD;
		return false;
	}
	json->proved = json->serial;
	return true;
}

/*
 * find_column finds the column of the key between from and to, made if new.
 *
 * out: *col, -1 if there would be too many; false if the object is not JSON
 *		behind the key, or not all there.
 */
static pg_noinline bool
find_column(JsonReader *json, const char *from, const char *to, bool has_escapes,
			const char *end, int *col, NvpJsonStatus *status)
{
	uint32		len = to - from;
	char	   *plain = NULL;
	bool		ok = true;

	if (has_escapes)
	{
		plain = palloc((size_t) len + 1);
		len = nvp_json_unescape(from, len, plain);
		from = plain;
	}
	*col = nvp_names_find(&json->keys, from, len);
	if (*col < 0)
	{
		ok = may_add(json, end, status);
		if (ok && json->keys.count < NVP_MAX_COLUMNS)
		{
			*col = json->keys.count;
			add_column(json, from, len);
		}
	}
	if (plain)
		pfree(plain);
	return ok;
}

/* known_key compares the key at p with the n-th one of the last object; its column or -1 */
static inline int
known_key(const JsonReader *json, const char *p, const char *end, int n)
{
	if (likely(n < json->norder))
	{
		const JsonColumn *column = &json->columns[json->order[n]];

		if (column->quoted_len != 0 && end - p > column->quoted_len &&
			memcmp(p, column->quoted, column->quoted_len) == 0)
			return json->order[n];
	}
	return -1;
}

/*
 * parse_key reads the n-th key of an object and its colon.
 *
 * out: *col, -1 if there would be too many columns; the position of the value.
 */
static inline const char *
parse_key(JsonReader *json, const char *p, const char *end, int n, int *col, NvpJsonStatus *status)
{
	*col = known_key(json, p, end, n);
	if (likely(*col >= 0))
		p += json->columns[*col].quoted_len;
	else
	{
		bool		has_escapes = false;
		const char *close;

		*status = p < end ? NVP_JSON_BAD : NVP_JSON_MORE;
		if (p >= end || *p != '"')
			return NULL;
		close = nvp_json_string_end(p + 1, end, &has_escapes, status);
		if (close == NULL ||
			!find_column(json, p + 1, close, has_escapes, end, col, status))
			return NULL;
		p = close + 1;
	}
	if (p < end && *p != ':')
		p = nvp_json_skip_space(p, end);
	*status = p < end ? NVP_JSON_BAD : NVP_JSON_MORE;
	if (p >= end || *p != ':')
		return NULL;
	return nvp_json_skip_space(p + 1, end);
}

/* parse_value reads a value into a cell; returns the position behind it */
static inline const char *
parse_value(const char *p, const char *end, NvpCell *cell, bool *has_escapes, NvpJsonStatus *status)
{
	const char *begin = p;
	uint8		kind;

	if (likely(*p == '"'))
	{
		bool		escaped = false;

		p = nvp_json_string_end(p + 1, end, &escaped, status);
		if (p == NULL)
			return NULL;
		nvp_cell_set(cell, begin + 1, p - begin - 1, NVP_CELL_TEXT, escaped ? CELL_ESCAPED : 0);
		*has_escapes |= escaped;
		return p + 1;
	}
	p = nvp_json_value_end(p, end, status);
	if (p == NULL)
		return NULL;
	switch (*begin)
	{
		case '{':
		case '[':
			kind = NVP_CELL_JSON;
			break;
		case 't':
		case 'f':
			kind = NVP_CELL_BOOL;
			break;
		case 'n':
			nvp_cell_set(cell, NULL, 0, NVP_CELL_NULL, 0);
			return p;
		default:
			kind = NVP_CELL_NUMBER;
			break;
	}
	nvp_cell_set(cell, begin, p - begin, kind, 0);
	return p;
}

/* finish_object sets cells of absent keys and takes out escapes */
static void
finish_object(JsonReader *json, NvpBatch *batch, int row, int found, bool has_escapes)
{
	if (found == batch->ncols && !has_escapes)
		return;
	for (int col = 0; col < batch->ncols; col++)
	{
		NvpCell    *cell = nvp_batch_column(batch, col) + row;

		if (json->columns[col].seen != json->serial)
			nvp_cell_set(cell, NULL, 0, NVP_CELL_NULL, 0);
		else if (cell->flags & CELL_ESCAPED)
		{
			cell->len = nvp_json_unescape(cell->ptr, cell->len, unconstify(char *, cell->ptr));
			cell->flags = 0;
		}
	}
}

/* use_columns takes new columns into use if the batch has room for them */
static pg_noinline bool
use_columns(NvpBatch *batch, int row, int ncols)
{
	if (ncols > batch->maxcols)
		return false;
	for (int col = batch->ncols; col < ncols; col++)
		memset(nvp_batch_column(batch, col), 0, sizeof(NvpCell) * (row + 1));
	batch->ncols = ncols;
	return true;
}

static inline ObjectStatus
not_ok(JsonReader *json, NvpJsonStatus status, const char *at)
{
	json->bad_at = at - json->base.window.buf;
	return status == NVP_JSON_MORE ? OBJECT_MORE : OBJECT_BAD;
}

/*
 * parse_object reads the object at *pp, a brace, into a row of the batch.
 *
 * out: *pp is moved behind it.  If the result is not OBJECT_OK, the cells of
 *		the row are of no use, but no byte of the window has changed.
 */
static ObjectStatus
parse_object(JsonReader *json, NvpBatch *batch, int row, const char **pp, const char *end)
{
	const char *p = nvp_json_skip_space(*pp + 1, end);
	NvpJsonStatus status = NVP_JSON_MORE;
	bool		has_escapes = false;
	int			found = 0;
	int			n = 0;

	json->serial++;
	json->width = 0;
	json->object = *pp;
	if (p < end && *p == '}')
	{
		finish_object(json, batch, row, 0, false);
		*pp = p + 1;
		return OBJECT_OK;
	}
	for (;; n++)
	{
		const char *at = p;
		int			col;

		p = parse_key(json, p, end, n, &col, &status);
		if (p == NULL)
			return not_ok(json, status, at);
		if (p >= end)
			return OBJECT_MORE;
		if (unlikely(col < 0))
			return OBJECT_TOO_WIDE;
		if (unlikely(col >= batch->ncols) && !use_columns(batch, row, json->keys.count))
			return OBJECT_WIDE;
		if (n < json->allocated)
			json->order[n] = col;
		if (json->columns[col].seen != json->serial)
		{
			json->columns[col].seen = json->serial;
			found++;
		}
		at = p;
		p = parse_value(p, end, nvp_batch_column(batch, col) + row, &has_escapes, &status);
		if (p == NULL)
			return not_ok(json, status, at);
		if (p < end && *p != ',' && *p != '}')
			p = nvp_json_skip_space(p, end);
		if (p >= end)
			return OBJECT_MORE;
		if (*p == '}')
			break;
		if (*p != ',')
			return not_ok(json, NVP_JSON_BAD, p);
		p = nvp_json_skip_space(p + 1, end);
	}
	json->width = n + 1;
	json->norder = Min(n + 1, json->allocated);
	finish_object(json, batch, row, found, has_escapes);
	*pp = p + 1;
	return OBJECT_OK;
}

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

static bool
fail_at(JsonReader *json, const char *at, const char *hint, const char *what)
{
	const NvpWindow *window = &json->base.window;
	uint64		line_no = json->line_no + nvp_count_newlines(window->buf + window->start, at);
	uint64		offset = window->offset + (at - window->buf);

	return nvp_reader_fail(&json->base.reader, line_no, offset, hint,
						   "%s in line " UINT64_FORMAT ", byte " UINT64_FORMAT,
						   what, line_no, offset);
}

static bool
fail_too_wide(JsonReader *json)
{
	return nvp_reader_fail(&json->base.reader, json->line_no, 0,
						   "Keys that hold data, such as ids, belong into values.",
						   "the objects have more than %d different keys by line " UINT64_FORMAT,
						   NVP_MAX_COLUMNS, json->line_no);
}

/* read_more gets the window's next bytes; false on errors, which are set */
static bool
read_more(JsonReader *json)
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

/* what one step of reading came to */
typedef enum StepStatus
{
	STEP_ON,					/* go on while there is room */
	STEP_MORE,					/* bytes are needed */
	STEP_FULL,					/* hand out the batch before going on */
	STEP_END,
	STEP_BAD
} StepStatus;

/* step_line reads one line of JSON Lines */
static StepStatus
step_line(JsonReader *json, NvpBatch *batch)
{
	NvpWindow  *window = &json->base.window;
	const char *begin = window->buf + window->start;
	const char *data_end = window->buf + window->end;
	const char *newline = memchr(begin, '\n', data_end - begin);
	const char *end = newline ? newline : data_end;
	const char *p;
	ObjectStatus status = OBJECT_BAD;

	if (begin == data_end)
		return window->eof ? STEP_END : STEP_MORE;
	if (newline == NULL && !window->eof)
		return STEP_MORE;
	p = begin = nvp_json_skip_space(begin, end);
	while (end > begin && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	if (begin == end)
		json->base.reader.blank_rows++;
	else
	{
		if (*p == '{')
			status = parse_object(json, batch, batch->nrows, &p, end);
		if (status == OBJECT_WIDE)
			return STEP_FULL;
		if (status == OBJECT_TOO_WIDE)
		{
			fail_too_wide(json);
			return STEP_BAD;
		}
		if (status == OBJECT_OK && p == end)
			set_row(&batch->rows[batch->nrows++], json->line_no, json->width);
		else
			bad_row(batch, json->line_no, begin, end);
	}
	json->line_no++;
	window->start = (newline ? newline + 1 : data_end) - window->buf;
	return STEP_ON;
}

/* advance moves window.start to p and keeps the line number */
static void
advance(JsonReader *json, const char *p)
{
	NvpWindow  *window = &json->base.window;

	json->line_no += nvp_count_newlines(window->buf + window->start, p);
	window->start = p - window->buf;
}

/* step_element reads one element of an array, which begins at window.start */
static StepStatus
step_element(JsonReader *json, NvpBatch *batch)
{
	NvpWindow  *window = &json->base.window;
	const char *begin = window->buf + window->start;
	const char *end = window->buf + window->end;
	const char *p = begin;
	NvpJsonStatus lexical;

	if (*p == '{')
	{
		switch (parse_object(json, batch, batch->nrows, &p, end))
		{
			case OBJECT_OK:
				set_row(&batch->rows[batch->nrows++], json->line_no, json->width);
				break;
			case OBJECT_MORE:
				return STEP_MORE;
			case OBJECT_WIDE:
				return STEP_FULL;
			case OBJECT_TOO_WIDE:
				fail_too_wide(json);
				return STEP_BAD;
			case OBJECT_BAD:
				fail_at(json, window->buf + json->bad_at, "Repair the file there.", "invalid JSON");
				return STEP_BAD;
		}
	}
	else
	{
		p = nvp_json_value_end(p, end, &lexical);
		if ((p == NULL && lexical == NVP_JSON_MORE) || (p == end && !window->eof))
			return STEP_MORE;
		if (p == NULL)
		{
			fail_at(json, begin, "Repair the file there.", "invalid JSON");
			return STEP_BAD;
		}
		bad_row(batch, json->line_no, begin, p);
	}
	advance(json, p);
	json->state = BEHIND_ELEMENT;
	return STEP_ON;
}

/* step_array goes one token further in an array */
static StepStatus
step_array(JsonReader *json, NvpBatch *batch)
{
	NvpWindow  *window = &json->base.window;
	const char *end = window->buf + window->end;
	const char *p = nvp_json_skip_space(window->buf + window->start, end);
	bool		is_expected = true;

	advance(json, p);
	if (p == end)
	{
		if (!window->eof)
			return STEP_MORE;
		if (json->state == BEFORE_ARRAY)
			json->base.reader.error.is_empty = true;
		return (json->state == BEFORE_ARRAY || json->state == BEHIND_ARRAY) ? STEP_END : STEP_MORE;
	}
	switch (json->state)
	{
		case BEFORE_ARRAY:
			if (*p != '[')
			{
				fail_at(json, p, *p == '{' ?
						"Put the object between [ and ], or set the format to jsonl if each line is an object." :
						"Set the format of the file if it is not JSON.",
						"the data is not a JSON array of objects: expected \"[\"");
				return STEP_BAD;
			}
			json->state = BEFORE_FIRST;
			break;
		case BEHIND_ARRAY:
			is_expected = false;
			break;
		case BEHIND_ELEMENT:
			is_expected = (*p == ',' || *p == ']');
			if (is_expected)
				json->state = *p == ',' ? BEFORE_ELEMENT : BEHIND_ARRAY;
			break;
		case BEFORE_FIRST:
			if (*p != ']')
				return step_element(json, batch);
			json->state = BEHIND_ARRAY;
			break;
		case BEFORE_ELEMENT:
			return step_element(json, batch);
	}
	if (!is_expected)
	{
		fail_at(json, p, "Repair the file there.",
				json->state == BEHIND_ARRAY ? "text behind the JSON array" :
				"neither comma nor bracket behind an element of the JSON array");
		return STEP_BAD;
	}
	advance(json, p + 1);
	return STEP_ON;
}

static NvpReadStatus
read_rows(JsonReader *json, NvpBatch *batch)
{
	while (batch->nrows < batch->capacity)
	{
		StepStatus	step = json->is_lines ? step_line(json, batch) : step_array(json, batch);

		if (step == STEP_ON)
			continue;
		if (batch->nrows > 0)
		{
			/* what is wrong, if anything, is found again after these rows were taken */
			json->base.reader.error.message[0] = '\0';
			return NVP_READ_OK;
		}
		if (step == STEP_END)
			return NVP_READ_END;
		if (step == STEP_BAD)
			return NVP_READ_BAD;
		if (step == STEP_MORE && json->base.window.eof)
		{
			fail_at(json, json->base.window.buf + json->base.window.end,
					"The file seems to be cut off; fetch it again.",
					"the JSON array is not complete: the data ends");
			return NVP_READ_BAD;
		}
		if (step == STEP_FULL)
			nvp_batch_widen(batch, json->keys.count);
		else if (!read_more(json))
			return NVP_READ_BAD;
	}
	return NVP_READ_OK;
}

static bool
begin_file(JsonReader *json)
{
	json->state = BEFORE_ARRAY;
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
	return begin_file((JsonReader *) reader);
}

static bool
json_open(NvpReader *reader)
{
	JsonReader *json = (JsonReader *) reader;
	NvpBatch   *scratch;
	NvpReadStatus status;

	json->is_lines = (reader->format.kind == NVP_FORMAT_JSONL);
	nvp_names_init(&json->keys);
	grow_columns(json);
	if (!begin_file(json))
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
	return read_rows((JsonReader *) reader, batch);
}

static void
json_close(NvpReader *reader)
{
	JsonReader *json = (JsonReader *) reader;

	for (int col = 0; col < json->keys.count; col++)
		pfree(json->columns[col].quoted);
	if (json->columns)
	{
		pfree(json->columns);
		pfree(json->order);
	}
	nvp_names_free(&json->keys);
}

static const NvpReaderRoutine json_routine = {
	.name = "json",
	.open = json_open,
	.next = json_next,
	.rewind = json_rewind,
	.close = json_close
};

const NvpReaderEntry nvp_json_entry = {NVP_FORMAT_JSON, sizeof(JsonReader), &json_routine};
const NvpReaderEntry nvp_jsonl_entry = {NVP_FORMAT_JSONL, sizeof(JsonReader), &json_routine};
