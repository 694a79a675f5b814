/*-------------------------------------------------------------------------
 *
 * json_object.c
 *		One JSON object: from text to the cells of a row.
 *
 * Objects mostly have their keys in one order.  The column of the n-th key of
 * the last object is remembered, and its key compared first; only if it differs
 * is the hash table asked.  Of a key that occurs twice the last value counts.
 *
 * Escapes are taken out, in place, only when the object is complete: until then
 * it can be parsed again.
 *
 * Errors: returned as NvpJsonObject, without a message.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: RFC 8259.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/json_impl.h"

#define CELL_ESCAPED	0x80	/* private cell flag: has escapes to take out */

/* nvp_json_grow_columns makes room for more columns. */
void
nvp_json_grow_columns(NvpJsonReader *json)
{
	size_t		n = Max(16, json->allocated * 2);

	if (json->allocated == 0)
	{
		json->columns = palloc(sizeof(NvpJsonColumn) * n);
		json->order = palloc(sizeof(int) * n);
	}
	else
	{
		json->columns = repalloc(json->columns, sizeof(NvpJsonColumn) * n);
		json->order = repalloc(json->order, sizeof(int) * n);
	}
	json->allocated = n;
}

/* add_column makes a column for a new key */
static void
add_column(NvpJsonReader *json, const char *key, uint32 len)
{
	NvpReader  *reader = &json->base.reader;
	int			col = nvp_names_add(&json->keys, key, len);
	NvpJsonColumn *column;

	if (col >= json->allocated)
		nvp_json_grow_columns(json);
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
may_add(NvpJsonReader *json, const char *end, NvpJsonStatus *status)
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
find_column(NvpJsonReader *json, const char *from, const char *to, bool has_escapes,
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
known_key(const NvpJsonReader *json, const char *p, const char *end, int n)
{
	if (likely(n < json->norder))
	{
		const NvpJsonColumn *column = &json->columns[json->order[n]];

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
parse_key(NvpJsonReader *json, const char *p, const char *end, int n, int *col, NvpJsonStatus *status)
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
finish_object(NvpJsonReader *json, NvpBatch *batch, int row, int found, bool has_escapes)
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

static inline NvpJsonObject
not_ok(NvpJsonReader *json, NvpJsonStatus status, const char *at)
{
	json->bad_at = at - json->base.window.buf;
	return status == NVP_JSON_MORE ? NVP_OBJECT_MORE : NVP_OBJECT_BAD;
}

/*
 * nvp_json_object reads the object at *pp, a brace, into a row of the batch.
 *
 * out: *pp is moved behind it.  If the result is not NVP_OBJECT_OK, the cells of
 *		the row are of no use, but no byte of the window has changed.
 */
NvpJsonObject
nvp_json_object(NvpJsonReader *json, NvpBatch *batch, int row, const char **pp, const char *end)
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
		return NVP_OBJECT_OK;
	}
	for (;; n++)
	{
		const char *at = p;
		int			col;

		p = parse_key(json, p, end, n, &col, &status);
		if (p == NULL)
			return not_ok(json, status, at);
		if (p >= end)
			return NVP_OBJECT_MORE;
		if (unlikely(col < 0))
			return NVP_OBJECT_TOO_WIDE;
		if (unlikely(col >= batch->ncols) && !use_columns(batch, row, json->keys.count))
			return NVP_OBJECT_WIDE;
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
			return NVP_OBJECT_MORE;
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
	return NVP_OBJECT_OK;
}
