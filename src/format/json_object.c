/*-------------------------------------------------------------------------
 *
 * json_object.c
 *		One JSON object: from text to the cells of a row.
 *
 * Objects mostly have their keys in one order.  The n-th key of the last object
 * is remembered and compared first; only if it differs is the hash table asked.
 * Of a key that occurs twice the last value counts.
 *
 * The members of objects within the row are columns of it, named by their path:
 * {"to": {"city": 1}} has the column to.city.  Lists, and objects that are empty
 * or nested too deeply, are one cell with their text.
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

void
nvp_json_init_keys(NvpJsonReader *json)
{
	nvp_names_init(&json->names);
	initStringInfo(&json->name);
	json->allocated = json->allocated_seen = 16;
	json->keys = palloc(sizeof(NvpJsonKey) * json->allocated);
	json->order = palloc(sizeof(int) * json->allocated);
	json->seen = palloc(sizeof(uint64) * json->allocated_seen);
}

void
nvp_json_free_keys(NvpJsonReader *json)
{
	for (int i = 0; i < json->names.count; i++)
	{
		pfree(json->keys[i].quoted);
		pfree(json->keys[i].path);
	}
	if (json->keys)
	{
		pfree(json->keys);
		pfree(json->order);
		pfree(json->seen);
		pfree(json->name.data);
	}
	nvp_names_free(&json->names);
}

/* set_name writes what a key is found by */
static void
set_name(NvpJsonReader *json, int parent, const char *key, uint32 len)
{
	resetStringInfo(&json->name);
	appendBinaryStringInfo(&json->name, (const char *) &parent, sizeof(parent));
	appendBinaryStringInfo(&json->name, key, len);
}

/* add_key makes the key whose name was set */
static int
add_key(NvpJsonReader *json, int parent, const char *text, uint32 len)
{
	int			id = nvp_names_add(&json->names, json->name.data, json->name.len);
	StringInfoData path;
	NvpJsonKey *key;

	if (id >= json->allocated)
	{
		json->allocated *= 2;
		json->keys = repalloc(json->keys, sizeof(NvpJsonKey) * json->allocated);
		json->order = repalloc(json->order, sizeof(int) * json->allocated);
	}
	key = &json->keys[id];
	key->parent = parent;
	key->column = -1;
	key->quoted = palloc((size_t) len + 2);
	key->quoted[0] = '"';
	memcpy(key->quoted + 1, text, len);
	key->quoted[len + 1] = '"';
	key->quoted_len = (memchr(text, '"', len) || memchr(text, '\\', len)) ? 0 : len + 2;
	initStringInfo(&path);
	if (parent >= 0)
		appendStringInfo(&path, "%s.", json->keys[parent].path);
	appendBinaryStringInfo(&path, text, len);
	key->path = path.data;
	return id;
}

/* take_column gives a key its column */
static pg_noinline void
take_column(NvpJsonReader *json, int id)
{
	NvpReader  *reader = &json->base.reader;
	NvpJsonKey *key = &json->keys[id];

	if (reader->ncols == json->allocated_seen)
	{
		json->allocated_seen *= 2;
		json->seen = repalloc(json->seen, sizeof(uint64) * json->allocated_seen);
	}
	key->column = reader->ncols;
	json->seen[key->column] = 0;
	if (key->parent < 0)
		nvp_reader_add_column(reader, key->quoted + 1, json->names.names[id].len - sizeof(int));
	else
		nvp_reader_add_column(reader, key->path, strlen(key->path));
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
 * find_key finds a key of the object that is the parent's value, made if new.
 *
 * out: *id, -1 if there would be too many; false if the row is not JSON behind
 *		the key, or not all there.
 */
static pg_noinline bool
find_key(NvpJsonReader *json, int parent, const char *from, const char *to, bool has_escapes,
		 const char *end, int *id, NvpJsonStatus *status)
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
	set_name(json, parent, from, len);
	*id = nvp_names_find(&json->names, json->name.data, json->name.len);
	if (*id < 0)
	{
		ok = may_add(json, end, status);
		if (ok && json->names.count < 2 * NVP_MAX_COLUMNS)
			*id = add_key(json, parent, from, len);
	}
	if (plain)
		pfree(plain);
	return ok;
}

/* known_key compares the key at p with the n-th one of the last object; it or -1 */
static inline int
known_key(const NvpJsonReader *json, int parent, const char *p, const char *end, int n)
{
	if (likely(n < json->norder))
	{
		const NvpJsonKey *key = &json->keys[json->order[n]];

		if (key->parent == parent && key->quoted_len != 0 && end - p > key->quoted_len &&
			memcmp(p, key->quoted, key->quoted_len) == 0)
			return json->order[n];
	}
	return -1;
}

/*
 * parse_key reads the n-th key of a row and its colon.
 *
 * out: *id, -1 if there would be too many keys; the position of the value.
 */
static inline const char *
parse_key(NvpJsonReader *json, int parent, const char *p, const char *end, int n, int *id, NvpJsonStatus *status)
{
	*id = known_key(json, parent, p, end, n);
	if (likely(*id >= 0))
		p += json->keys[*id].quoted_len;
	else
	{
		bool		has_escapes = false;
		const char *close;

		*status = p < end ? NVP_JSON_BAD : NVP_JSON_MORE;
		if (p >= end || *p != '"')
			return NULL;
		close = nvp_json_string_end(p + 1, end, &has_escapes, status);
		if (close == NULL ||
			!find_key(json, parent, p + 1, close, has_escapes, end, id, status))
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

		if (json->seen[col] != json->serial)
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

/* the objects that the parser is in, within the row */
typedef struct Nest
{
	int			depth;
	int			parents[NVP_JSON_FLATTEN_DEPTH];
} Nest;

/*
 * set_value reads the value of a key into its cell.
 *
 * out: NVP_OBJECT_OK and *pp behind it, or what keeps it from being read.
 */
static inline NvpJsonObject
set_value(NvpJsonReader *json, NvpBatch *batch, int row, int id, const char **pp, const char *end,
		  int *found, bool *has_escapes)
{
	int			col = json->keys[id].column;
	NvpJsonStatus status = NVP_JSON_MORE;
	const char *p = *pp;

	if (unlikely(col < 0))
	{
		if (json->base.reader.ncols == NVP_MAX_COLUMNS)
			return NVP_OBJECT_TOO_WIDE;
		if (!may_add(json, end, &status))
			return not_ok(json, status, p);
		take_column(json, id);
		col = json->keys[id].column;
	}
	if (unlikely(col >= batch->ncols) && !use_columns(batch, row, json->base.reader.ncols))
		return NVP_OBJECT_WIDE;
	if (json->seen[col] != json->serial)
	{
		json->seen[col] = json->serial;
		(*found)++;
	}
	p = parse_value(p, end, nvp_batch_column(batch, col) + row, has_escapes, &status);
	if (p == NULL)
		return not_ok(json, status, *pp);
	json->width++;
	*pp = p;
	return NVP_OBJECT_OK;
}

/* enters tells whether the value at p is an object whose members become columns; *inside is its first key */
static inline bool
enters(const NvpJsonReader *json, const Nest *nest, const char *p, const char *end, const char **inside)
{
	if (likely(*p != '{') || json->base.reader.format.keeps_nested || nest->depth == NVP_JSON_FLATTEN_DEPTH)
		return false;
	*inside = nvp_json_skip_space(p + 1, end);
	return *inside >= end || **inside != '}';
}

/* leave_objects goes behind the braces at p that close objects within the row */
static inline const char *
leave_objects(Nest *nest, const char *p, const char *end, int *parent)
{
	while (p < end && *p == '}' && nest->depth > 0)
	{
		*parent = nest->parents[--nest->depth];
		p = nvp_json_skip_space(p + 1, end);
	}
	return p;
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
	int			parent = -1;
	int			known = 0;
	int			n;
	Nest		nest;

	nest.depth = 0;
	json->serial++;
	json->width = 0;
	json->object = *pp;
	if (p < end && *p == '}')
	{
		finish_object(json, batch, row, 0, false);
		*pp = p + 1;
		return NVP_OBJECT_OK;
	}
	for (n = 0;; n++)
	{
		const char *at = p;
		NvpJsonObject result;
		int			id;

		p = parse_key(json, parent, p, end, n, &id, &status);
		if (p == NULL)
			return not_ok(json, status, at);
		if (p >= end)
			return NVP_OBJECT_MORE;
		if (unlikely(id < 0))
			return NVP_OBJECT_TOO_WIDE;
		if (n == known && n < json->allocated)
			json->order[known++] = id;
		if (enters(json, &nest, p, end, &at))
		{
			nest.parents[nest.depth++] = parent;
			parent = id;
			p = at;
			continue;
		}
		result = set_value(json, batch, row, id, &p, end, &found, &has_escapes);
		if (unlikely(result != NVP_OBJECT_OK))
			return result;
		if (p < end && *p != ',' && *p != '}')
			p = nvp_json_skip_space(p, end);
		p = leave_objects(&nest, p, end, &parent);
		if (p >= end)
			return NVP_OBJECT_MORE;
		if (*p == '}')
			break;
		if (*p != ',')
			return not_ok(json, NVP_JSON_BAD, p);
		p = nvp_json_skip_space(p + 1, end);
	}
	json->norder = known;
	finish_object(json, batch, row, found, has_escapes);
	*pp = p + 1;
	return NVP_OBJECT_OK;
}
