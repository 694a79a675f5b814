/*-------------------------------------------------------------------------
 *
 * xml_row.c
 *		One row of an XML document: from the tokens within its element to cells.
 *
 * Columns are named by where they stand below the row: "name", "address.city";
 * attributes "@id", "address.@kind"; the second child of a name "tag[2]".  The
 * text of the row's element itself has that element's name.  Prefixes are left
 * out, except where names of two namespaces meet: the later one has its prefix.
 * Names that SQL/XML has encoded (_x0020_) are decoded.
 *
 * An element with text and children has both: its column holds all the text in
 * it, that of the children too, and these have columns of their own.
 *
 * Rows are mostly alike, so each node remembers which one came behind it; its
 * name is compared first, and only if it differs is the table asked.
 *
 * All text of a row stands in one piece, in the order of the document, so that
 * the text of an element is a part of it, whatever lies within.
 *
 * See reader.h for memory; errors are steps, which xml.c puts into words.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/xml_impl.h"
#include "format/xml_name.h"

#define SURPLUS_BYTES	4096	/* more of what got no column is not shown */
#define KEY_HEAD		(2 * sizeof(int))
#define OF_INSTANCE		"http://www.w3.org/2001/XMLSchema-instance"
#define OF_XML			"http://www.w3.org/XML/1998/namespace"

static bool
is_in_space(const NvpXmlToken *token, const char *uri)
{
	return token->space_len == strlen(uri) && memcmp(token->space, uri, token->space_len) == 0;
}

static bool
is_named(const NvpXmlToken *token, const char *name)
{
	return token->name_len == strlen(name) && memcmp(token->name, name, token->name_len) == 0;
}

/* ---- nodes ------------------------------------------------------------------ */

/* set_key writes what a node is found by: parent, occurrence, kind, namespace and name */
static void
set_key(NvpXmlReader *xml, int parent, int occurrence, const NvpXmlToken *token)
{
	int			head[2] = {parent, occurrence};

	resetStringInfo(&xml->key);
	appendBinaryStringInfo(&xml->key, (const char *) head, sizeof(head));
	appendStringInfoChar(&xml->key, token->kind == NVP_XML_ATTRIBUTE ? '@' : '<');
	appendBinaryStringInfo(&xml->key, token->space, token->space_len);
	appendStringInfoChar(&xml->key, '\n');
	appendBinaryStringInfo(&xml->key, token->name, token->name_len);
}

/* append_name appends the name of an element or attribute; what is encoded in it is decoded */
static void
append_name(StringInfo path, const NvpXmlToken *token, bool with_prefix)
{
	int			begin;

	if (with_prefix)
	{
		appendBinaryStringInfo(path, token->prefix, token->prefix_len);
		appendStringInfoChar(path, ':');
	}
	begin = path->len;
	appendBinaryStringInfo(path, token->name, token->name_len);
	path->len = begin + nvp_xml_name_decode(path->data + begin, token->name_len);
	path->data[path->len] = '\0';
}

/* write_node_path writes the name of a new node as a column, without its namespace if it can be told apart */
static char *
write_node_path(NvpXmlReader *xml, int parent, int occurrence, const NvpXmlToken *token)
{
	StringInfoData path;
	int			prefix;

	initStringInfo(&path);
	if (parent > 0)
		appendStringInfo(&path, "%s.", xml->nodes[parent].path);
	if (token->kind == NVP_XML_ATTRIBUTE)
		appendStringInfoChar(&path, '@');
	prefix = path.len;
	append_name(&path, token, false);
	if (occurrence > 1)
		appendStringInfo(&path, "[%d]", occurrence);
	if (token->prefix_len == 0 || nvp_names_find(&xml->paths, path.data, path.len) < 0)
		return path.data;
	path.len = prefix;
	append_name(&path, token, true);
	if (occurrence > 1)
		appendStringInfo(&path, "[%d]", occurrence);
	return path.data;
}

/* add_node makes the node whose key was set */
static int
add_node(NvpXmlReader *xml, char *path)
{
	int			id = nvp_names_add(&xml->keys, xml->key.data, xml->key.len);
	NvpXmlNode *node;

	if (id == xml->allocated_nodes)
	{
		xml->allocated_nodes *= 2;
		xml->nodes = repalloc(xml->nodes, sizeof(NvpXmlNode) * xml->allocated_nodes);
	}
	node = &xml->nodes[id];
	memset(node, 0, sizeof(*node));
	node->base = id;
	node->occurrence = 1;
	node->first = node->follower = node->column = -1;
	node->path = path;
	if (nvp_names_find(&xml->paths, path, strlen(path)) < 0)
		(void) nvp_names_add(&xml->paths, path, strlen(path));
	return id;
}

static int
find_node(NvpXmlReader *xml, int parent, int occurrence, const NvpXmlToken *token)
{
	int			id;

	set_key(xml, parent, occurrence, token);
	id = nvp_names_find(&xml->keys, xml->key.data, xml->key.len);
	if (id >= 0)
		return id;
	if (xml->keys.count >= 2 * NVP_MAX_COLUMNS)
		return -1;
	return add_node(xml, write_node_path(xml, parent, occurrence, token));
}

/* is_node tells whether a node of the same parent has the name of the token */
static inline bool
is_node(const NvpXmlReader *xml, int id, const NvpXmlToken *token)
{
	const NvpName *key = &xml->keys.names[id];
	const char *p = key->text + KEY_HEAD;

	return key->len == KEY_HEAD + 2 + token->space_len + token->name_len &&
		*p == (token->kind == NVP_XML_ATTRIBUTE ? '@' : '<') &&
		memcmp(p + 2 + token->space_len, token->name, token->name_len) == 0 &&
		memcmp(p + 1, token->space, token->space_len) == 0;
}

/* count_occurrence counts an element among its namesakes in the instance of its parent */
static int
count_occurrence(NvpXmlReader *xml, int base, uint64 serial)
{
	NvpXmlNode *node = &xml->nodes[base];

	if (node->serial != serial)
	{
		node->serial = serial;
		node->count = 0;
	}
	return ++node->count;
}

/*
 * child_of finds the node of an element or attribute within the element of a
 * frame, made if new.  -1 if there are too many, -2 if it occurs too often.
 */
static int
child_of(NvpXmlReader *xml, NvpXmlFrame *frame, const NvpXmlToken *token)
{
	int			guess = frame->last < 0 ? xml->nodes[frame->node].first : xml->nodes[frame->last].follower;
	int			base;
	int			occurrence;
	int			id;

	if (guess >= 0 && is_node(xml, guess, token))
	{
		occurrence = count_occurrence(xml, xml->nodes[guess].base, frame->serial);
		id = occurrence == xml->nodes[guess].occurrence ? guess :
			occurrence > NVP_XML_REPEATS ? -2 : find_node(xml, frame->node, occurrence, token);
		base = xml->nodes[guess].base;
	}
	else
	{
		base = find_node(xml, frame->node, 1, token);
		if (base < 0)
			return -1;
		occurrence = count_occurrence(xml, base, frame->serial);
		id = occurrence == 1 ? base :
			occurrence > NVP_XML_REPEATS ? -2 : find_node(xml, frame->node, occurrence, token);
	}
	if (id < 0)
		return id;
	xml->nodes[id].base = base;
	xml->nodes[id].occurrence = occurrence;
	if (frame->last < 0)
		xml->nodes[frame->node].first = id;
	else
		xml->nodes[frame->last].follower = id;
	frame->last = id;
	return id;
}

/* ---- values ----------------------------------------------------------------- */

/* take_column gives a node its column if it has none; false if there are too many */
static bool
take_column(NvpXmlReader *xml, int id, const char *name, uint32 len)
{
	NvpReader  *reader = &xml->base.reader;

	if (xml->nodes[id].column >= 0)
		return true;
	if (reader->ncols == NVP_MAX_COLUMNS)
		return false;
	if (reader->ncols == xml->allocated_values)
	{
		xml->allocated_values = Min(xml->allocated_values * 2, NVP_MAX_COLUMNS);
		xml->values = repalloc(xml->values, sizeof(NvpXmlValue) * xml->allocated_values);
	}
	xml->values[reader->ncols].is_there = false;
	xml->nodes[id].column = reader->ncols;
	nvp_reader_add_column(reader, name, len);
	return true;
}

static void
set_value(NvpXmlReader *xml, int id, bool is_attribute, uint32 begin, uint32 len)
{
	NvpXmlValue *value = &xml->values[xml->nodes[id].column];

	value->begin = begin;
	value->len = len;
	value->is_there = true;
	value->is_attribute = is_attribute;
	xml->width++;
}

/* append appends to a text of the row; false if that becomes too long */
static bool
append(NvpXmlReader *xml, StringInfo out, const char *text, uint32 len)
{
	if ((int64) xml->text.len + xml->attributes.len + len > xml->base.reader.format.max_record_bytes)
		return false;
	appendBinaryStringInfo(out, text, len);
	return true;
}

static void
append_surplus(NvpXmlReader *xml, const char *text, uint32 len)
{
	uint32		room = SURPLUS_BYTES - Min(xml->surplus.len, SURPLUS_BYTES);

	while (len > 0 && nvp_xml_is_space(*text))
	{
		text++;
		len--;
	}
	if (len == 0 || room == 0)
		return;
	if (xml->surplus.len > 0)
		appendStringInfoChar(&xml->surplus, ' ');
	appendBinaryStringInfo(&xml->surplus, text, nvp_xml_whole(text, Min(len, room)));
	if (len > room)
	{
		appendStringInfoString(&xml->surplus, " ...");
		xml->surplus.len = Max(xml->surplus.len, SURPLUS_BYTES);
	}
}

/* surplus_token takes a token within an element that occurs too often */
static void
surplus_token(NvpXmlReader *xml, const NvpXmlToken *token)
{
	if (token->kind == NVP_XML_OPEN)
		xml->surplus_depth++;
	else if (token->kind == NVP_XML_CLOSE)
		xml->surplus_depth--;
	else
		append_surplus(xml, token->text, token->text_len);
}

static NvpXmlStep
put_attribute(NvpXmlReader *xml, const NvpXmlToken *token)
{
	NvpXmlFrame *frame = &xml->frames[xml->depth - 1];
	uint32		begin = xml->attributes.len;
	int			id;

	if (is_in_space(token, OF_INSTANCE) && !is_named(token, "type"))
	{
		if (is_named(token, "nil"))
			frame->is_nil = token->text_len > 0 && (token->text[0] == 't' || token->text[0] == '1');
		return NVP_XML_ON;
	}
	if (is_in_space(token, OF_XML) && is_named(token, "space"))
	{
		frame->keeps_space = token->text_len > 0 && token->text[0] == 'p';
		return NVP_XML_ON;
	}
	id = child_of(xml, frame, token);
	if (id < 0 || !take_column(xml, id, xml->nodes[id].path, strlen(xml->nodes[id].path)))
		return NVP_XML_TOO_WIDE;
	frame->has_attributes = true;
	if (!append(xml, &xml->attributes, token->text, token->text_len))
		return NVP_XML_TOO_LONG;
	set_value(xml, id, true, begin, token->text_len);
	return NVP_XML_ON;
}

static NvpXmlStep
put_text(NvpXmlReader *xml, const NvpXmlToken *token)
{
	NvpXmlFrame *frame = &xml->frames[xml->depth - 1];

	for (uint32 i = 0; i < token->text_len && !frame->has_text; i++)
		frame->has_text = !nvp_xml_is_space(token->text[i]);
	return append(xml, &xml->text, token->text, token->text_len) ? NVP_XML_ON : NVP_XML_TOO_LONG;
}

static NvpXmlStep
open_child(NvpXmlReader *xml, const NvpXmlToken *token)
{
	NvpXmlFrame *above = &xml->frames[xml->depth - 1];
	NvpXmlFrame *frame = above + 1;
	int			id = child_of(xml, above, token);

	if (id == -1)
		return NVP_XML_TOO_WIDE;
	above->has_children = true;
	xml->nodes[above->node].has_children = true;
	if (id == -2)
	{
		append_surplus(xml, token->name, token->name_len);
		appendStringInfoChar(&xml->surplus, ':');
		xml->surplus_depth = 1;
		return NVP_XML_ON;
	}
	memset(frame, 0, sizeof(*frame));
	frame->node = id;
	frame->last = -1;
	frame->serial = ++xml->serial;
	frame->begin = xml->text.len;
	frame->keeps_space = above->keeps_space;
	xml->depth++;
	return NVP_XML_ON;
}

/* close_element makes a cell of the text of the element that ends, if it is one */
static NvpXmlStep
close_element(NvpXmlReader *xml)
{
	NvpXmlFrame *frame = &xml->frames[--xml->depth];
	const NvpXmlNode *node = &xml->nodes[frame->node];
	uint32		begin = frame->begin;
	uint32		end = xml->text.len;
	bool		is_wanted;

	if (!frame->keeps_space)
	{
		while (begin < end && nvp_xml_is_space(xml->text.data[begin]))
			begin++;
		while (begin < end && nvp_xml_is_space(xml->text.data[end - 1]))
			end--;
	}
	if (frame->has_children)
		is_wanted = frame->has_text;
	else
		is_wanted = begin < end || node->column >= 0 || !(frame->has_attributes || node->has_children);
	if (is_wanted)
	{
		if (!take_column(xml, frame->node, node->path, strlen(node->path)))
			return NVP_XML_TOO_WIDE;
		if (!frame->is_nil)
			set_value(xml, frame->node, false, begin, end - begin);
	}
	return xml->depth == 0 ? NVP_XML_ROW : NVP_XML_ON;
}

/* ---- rows ------------------------------------------------------------------- */

void
nvp_xml_row_init(NvpXmlReader *xml)
{
	nvp_names_init(&xml->keys);
	nvp_names_init(&xml->paths);
	nvp_arena_init(&xml->arena);
	initStringInfo(&xml->key);
	initStringInfo(&xml->text);
	initStringInfo(&xml->attributes);
	initStringInfo(&xml->surplus);
	xml->allocated_nodes = xml->allocated_values = 32;
	xml->nodes = palloc(sizeof(NvpXmlNode) * xml->allocated_nodes);
	xml->values = palloc(sizeof(NvpXmlValue) * xml->allocated_values);
}

void
nvp_xml_row_free(NvpXmlReader *xml)
{
	if (xml->nodes == NULL)
		return;
	for (int i = 0; i < xml->keys.count; i++)
		pfree(xml->nodes[i].path);
	pfree(xml->nodes);
	pfree(xml->values);
	pfree(xml->key.data);
	pfree(xml->text.data);
	pfree(xml->attributes.data);
	pfree(xml->surplus.data);
	nvp_arena_free(&xml->arena);
	nvp_names_free(&xml->keys);
	nvp_names_free(&xml->paths);
}

/* nvp_xml_row_begin begins a row with the start tag of its element. */
NvpXmlStep
nvp_xml_row_begin(NvpXmlReader *xml, const NvpXmlToken *token)
{
	NvpXmlFrame *frame = &xml->frames[0];
	StringInfoData name;

	if (xml->keys.count == 0)
	{
		set_key(xml, -1, 1, token);
		initStringInfo(&name);
		append_name(&name, token, false);
		(void) add_node(xml, name.data);
	}
	memset(frame, 0, sizeof(*frame));
	frame->last = -1;
	frame->serial = ++xml->serial;
	xml->depth = 1;
	xml->line_no = token->line_no;
	xml->width = 0;
	xml->surplus_depth = 0;
	resetStringInfo(&xml->text);
	resetStringInfo(&xml->attributes);
	resetStringInfo(&xml->surplus);
	for (int col = 0; col < xml->base.reader.ncols; col++)
		xml->values[col].is_there = false;
	return NVP_XML_ON;
}

/* nvp_xml_row_token takes the next token within the row. */
NvpXmlStep
nvp_xml_row_token(NvpXmlReader *xml, const NvpXmlToken *token)
{
	if (xml->surplus_depth > 0)
	{
		surplus_token(xml, token);
		return NVP_XML_ON;
	}
	switch (token->kind)
	{
		case NVP_XML_OPEN:
			return open_child(xml, token);
		case NVP_XML_ATTRIBUTE:
			return put_attribute(xml, token);
		case NVP_XML_TEXT:
			return put_text(xml, token);
		case NVP_XML_CLOSE:
			return close_element(xml);
		case NVP_XML_END:
		case NVP_XML_BAD:
			break;
	}
	return NVP_XML_ON;
}

/* use_columns makes the batch as wide as the reader is; false if there is no room beside its rows */
static bool
use_columns(NvpBatch *batch, int ncols)
{
	if (ncols <= batch->ncols)
		return true;
	if (ncols > batch->maxcols)
	{
		if (batch->nrows > 0)
			return false;
		nvp_batch_widen(batch, ncols);
	}
	for (int col = batch->ncols; col < ncols; col++)
		memset(nvp_batch_column(batch, col), 0, sizeof(NvpCell) * (batch->nrows + 1));
	batch->ncols = ncols;
	return true;
}

/*
 * nvp_xml_row_put puts the row that is complete into the batch.
 *
 * out: false if the batch must be handed out first, for lack of columns.
 */
bool
nvp_xml_row_put(NvpXmlReader *xml, NvpBatch *batch)
{
	NvpRow	   *row = &batch->rows[batch->nrows];
	uint32		len = xml->text.len;
	uint32		surplus = len + xml->attributes.len;
	uint32		all = surplus + xml->surplus.len;
	char	   *text;

	if (!use_columns(batch, xml->base.reader.ncols))
		return false;
	text = nvp_arena_alloc(&xml->arena, (size_t) all + 1);
	memcpy(text, xml->text.data, len);
	memcpy(text + len, xml->attributes.data, xml->attributes.len);
	memcpy(text + surplus, xml->surplus.data, xml->surplus.len);
	xml->batch_bytes += all;
	for (int col = 0; col < batch->ncols; col++)
	{
		NvpCell    *cell = nvp_batch_column(batch, col) + batch->nrows;
		const NvpXmlValue *value = &xml->values[col];

		if (value->is_there)
			nvp_cell_set(cell, text + (value->is_attribute ? len : 0) + value->begin, value->len, NVP_CELL_TEXT, 0);
		else
			nvp_cell_set(cell, NULL, 0, NVP_CELL_NULL, 0);
	}
	memset(row, 0, sizeof(*row));
	row->line_no = xml->line_no;
	row->width = xml->width;
	if (xml->surplus.len > 0)
	{
		row->code = NVP_ROW_TOO_MANY;
		row->extra = text + surplus;
		row->extra_len = xml->surplus.len;
	}
	batch->nrows++;
	return true;
}
