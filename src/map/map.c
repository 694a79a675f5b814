/*-------------------------------------------------------------------------
 *
 * map.c
 *		Which columns of a source feed which columns of the model.
 *
 * Stored mappings are looked up by the exact header name, then without regard
 * to case and blanks.  Columns that are left are matched by key, label and
 * alternative names, compared folded (ASCII letters without case, everything
 * that is neither letter nor digit dropped), so that "E-Mail Address" finds
 * email_address.  A source column may feed several stored mappings, but only
 * one automatic one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/memutils.h"

#include "base/jsonb.h"
#include "map/map.h"

/* letters and digits only, ASCII lower case; other scripts stay as they are */
static void
fold_name(StringInfo out, const char *name)
{
	resetStringInfo(out);
	for (const unsigned char *p = (const unsigned char *) name; *p; p++)
	{
		if (*p >= 'A' && *p <= 'Z')
			appendStringInfoChar(out, *p + 32);
		else if ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p >= 0x80)
			appendStringInfoChar(out, *p);
	}
}

static char *
folded_name(const char *name)
{
	StringInfoData buf;

	initStringInfo(&buf);
	fold_name(&buf, name);
	return buf.data;
}

static int
compare_names(const void *a, const void *b)
{
	const NvpMapName *x = a;
	const NvpMapName *y = b;
	int			c = strcmp(x->name, y->name);

	return c ? c : x->index - y->index;
}

/* header names, as written and folded, sorted for search by halves */
static void
index_header(NvpMap *map, char **header, int ncols)
{
	map->names = palloc(sizeof(NvpMapName) * Max(ncols, 1));
	map->folded = palloc(sizeof(NvpMapName) * Max(ncols, 1));
	map->used = palloc0(Max(ncols, 1));
	map->nheader = ncols;
	for (int i = 0; i < ncols; i++)
	{
		map->names[i] = (NvpMapName) {header[i], i};
		map->folded[i] = (NvpMapName) {folded_name(header[i]), i};
	}
	qsort(map->names, ncols, sizeof(NvpMapName), compare_names);
	qsort(map->folded, ncols, sizeof(NvpMapName), compare_names);
}

/* first place of name in a sorted list; -1 if absent or, on demand, if used */
static int
search_names(const NvpMap *map, const NvpMapName *list, const char *name, bool unused)
{
	int			low = 0;
	int			high = map->nheader;

	while (low < high)
	{
		int			mid = low + (high - low) / 2;

		if (strcmp(list[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < map->nheader && strcmp(list[low].name, name) == 0; low++)
	{
		if (!unused || !map->used[list[low].index])
			return list[low].index;
	}
	return -1;
}

static int
search_folded(const NvpMap *map, const char *name, bool unused)
{
	char	   *folded = folded_name(name);
	int			found = folded[0] ? search_names(map, map->folded, folded, unused) : -1;

	pfree(folded);
	return found;
}

/* names of one element's source_columns */
static NvpTextList
read_wanted(JsonbContainer *array, const NvpPath *path)
{
	NvpTextList list = {0};
	uint32		n = JsonContainerSize(array);

	list.items = palloc0(sizeof(NvpText) * Max(n, 1));
	for (uint32 i = 0; i < n; i++)
	{
		JsonbValue *v = getIthJsonbValueFromContainer(array, i);
		NvpPath		element = {path, NULL, i};

		if (v->type != jbvString)
			nvp_path_error(&element, NULL, "a column name is expected");
		list.items[list.n].ptr = pnstrdup(v->val.string.val, v->val.string.len);
		list.items[list.n++].len = v->val.string.len;
	}
	return list;
}

static int
find_model_column(const NvpModel *model, const char *key)
{
	for (int i = 0; i < model->ncolumns; i++)
	{
		if (strcmp(model->columns[i].key, key) == 0)
			return i;
	}
	return -1;
}

/* one element of mapping_config.mappings */
static void
read_mapping(NvpMap *map, JsonbContainer *element, const NvpPath *path)
{
	char	   *target = nvp_jsonb_text(element, path, "target_column", NULL);
	JsonbContainer *sources = nvp_jsonb_array(element, path, "source_columns");
	JsonbContainer *steps = nvp_jsonb_array(element, path, "transformations");
	NvpPath		member = {path, "source_columns", 0};
	int			i;

	if (target == NULL)
		nvp_path_error(path, NULL, "member \"target_column\" is missing");
	i = find_model_column(map->model, target);
	if (i < 0)
		nvp_path_error(path, NULL, "target column \"%s\" is not in the target data model", target);
	if (steps && JsonContainerSize(steps) > 0)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("%s.transformations: transformations are not supported yet", nvp_path_text(path)));
	map->columns[i].is_stored = true;
	if (sources)
		map->columns[i].wanted = read_wanted(sources, &member);
}

/*
 * nvp_map_create makes an empty map from a pipeline's mapping_config (may be
 * NULL: everything is matched by name).
 *
 * owner: the current memory context.
 * errors: 22023 with the JSON path.
 */
NvpMap *
nvp_map_create(const NvpModel *model, Jsonb *mapping_config)
{
	NvpMap	   *map = palloc0(sizeof(NvpMap));

	map->model = model;
	map->context = CurrentMemoryContext;
	map->columns = palloc0(sizeof(NvpMapColumn) * Max(model->ncolumns, 1));
	map->cells = palloc0(sizeof(NvpCell *) * Max(model->ncolumns, 1));
	map->source_names = palloc0(sizeof(char *) * Max(model->ncolumns, 1));
	nvp_arena_init(&map->arena);
	if (mapping_config)
	{
		NvpPath		root = {NULL, "mapping_config", 0};
		NvpPath		list = {&root, "mappings", 0};
		char	   *mode = nvp_jsonb_text(&mapping_config->root, &root, "mode", "DEFAULT");
		JsonbContainer *mappings = nvp_jsonb_array(&mapping_config->root, &root, "mappings");

		map->is_exact = strcmp(mode, "EXACT") == 0;
		for (uint32 i = 0; mappings && i < JsonContainerSize(mappings); i++)
		{
			JsonbValue *v = getIthJsonbValueFromContainer(mappings, i);
			NvpPath		element = {&list, NULL, i};

			if (v->type != jbvBinary)
				nvp_path_error(&element, NULL, "an object is expected");
			read_mapping(map, v->val.binary.data, &element);
		}
	}
	return map;
}

static int
find_header(const NvpMap *map, const char *name)
{
	int			found = search_names(map, map->names, name, false);

	return found >= 0 ? found : search_folded(map, name, false);
}

/* look the sources of a stored mapping up; those not there yet are left out */
static void
resolve_stored(NvpMap *map, int i)
{
	NvpMapColumn *column = &map->columns[i];

	if (column->sources == NULL)
		column->sources = palloc0(sizeof(int) * Max(column->wanted.n, 1));
	column->nsources = 0;
	for (int k = 0; k < column->wanted.n; k++)
	{
		int			found = find_header(map, column->wanted.items[k].ptr);

		if (found < 0)
			continue;
		column->sources[column->nsources++] = found;
		map->used[found] = true;
	}
}

/* the ways a header name may fit, best first */
typedef enum MatchWay
{
	MATCH_KEY,
	MATCH_FOLDED_KEY,
	MATCH_LABEL,
	MATCH_ALTERNATIVE,
	MATCH_WAYS
} MatchWay;

static int
match_column(const NvpMap *map, const NvpColumn *column, MatchWay way)
{
	int			found = -1;

	switch (way)
	{
		case MATCH_KEY:
			return search_names(map, map->names, column->key, true);
		case MATCH_FOLDED_KEY:
			return search_folded(map, column->key, true);
		case MATCH_LABEL:
			return search_folded(map, column->label, true);
		case MATCH_ALTERNATIVE:
			for (int i = 0; i < column->alternative_matches.n && found < 0; i++)
				found = search_folded(map, column->alternative_matches.items[i].ptr, true);
			return found;
		case MATCH_WAYS:
			break;
	}
	return -1;
}

/* match unmapped model columns against header columns not used so far */
static void
match_names(NvpMap *map)
{
	for (int way = 0; way < MATCH_WAYS; way++)
	{
		for (int i = 0; i < map->model->ncolumns; i++)
		{
			NvpMapColumn *column = &map->columns[i];
			int			found;

			if (column->nsources > 0 || column->is_stored)
				continue;
			found = match_column(map, &map->model->columns[i], way);
			if (found < 0)
				continue;
			column->sources = palloc(sizeof(int));
			column->sources[0] = found;
			column->nsources = 1;
			map->used[found] = true;
		}
	}
}

/* what issues call the source of a model column */
static void
name_sources(NvpMap *map, char **header)
{
	for (int i = 0; i < map->model->ncolumns; i++)
	{
		NvpMapColumn *column = &map->columns[i];
		StringInfoData buf;

		if (column->nsources == 0)
			continue;
		initStringInfo(&buf);
		for (int k = 0; k < column->nsources; k++)
			appendStringInfo(&buf, "%s%s", k ? " + " : "", header[column->sources[k]]);
		map->source_names[i] = buf.data;
	}
}

/*
 * nvp_map_update takes the header columns known so far into account; to be
 * called again when a reader has discovered more (JSON).  What is mapped stays
 * mapped.
 */
void
nvp_map_update(NvpMap *map, char **header, int ncols)
{
	MemoryContext old = MemoryContextSwitchTo(map->context);

	index_header(map, header, ncols);
	for (int i = 0; i < map->model->ncolumns; i++)
	{
		if (map->columns[i].is_stored)
			resolve_stored(map, i);
		for (int k = 0; k < map->columns[i].nsources; k++)
			map->used[map->columns[i].sources[k]] = true;
	}
	if (!map->is_exact)
		match_names(map);
	name_sources(map, header);
	MemoryContextSwitchTo(old);
}

/* nvp_map_mapped counts the model columns that have a source. */
int
nvp_map_mapped(const NvpMap *map)
{
	int			n = 0;

	for (int i = 0; i < map->model->ncolumns; i++)
		n += map->columns[i].nsources > 0;
	return n;
}

/*
 * nvp_map_complete checks that every stored mapping found its columns and that
 * at least one column is mapped.
 *
 * out: false and a PARSING_FAILURE that names the missing column and the
 *		nearest header.
 */
bool
nvp_map_complete(NvpMap *map, char **header, int ncols, NvpFault *fault)
{
	const char **names = palloc0(sizeof(char *) * (ncols + 1));

	memcpy(names, header, sizeof(char *) * ncols);
	for (int i = 0; i < map->model->ncolumns; i++)
	{
		NvpMapColumn *column = &map->columns[i];

		for (int k = 0; k < column->wanted.n; k++)
		{
			const char *wanted = column->wanted.items[k].ptr;
			const char *near;

			if (find_header(map, wanted) >= 0)
				continue;
			near = nvp_closest(wanted, names);
			nvp_fault_set(fault, NVP_PARSING_FAILURE, ERRCODE_UNDEFINED_COLUMN, false,
						  "the input has no column \"%s\", which is mapped to \"%s\"",
						  wanted, map->model->columns[i].key);
			if (near)
				nvp_fault_hint(fault, "Perhaps the column \"%s\" is meant; update the pipeline's mapping.", near);
			else
				nvp_fault_hint(fault, "Update the pipeline's mapping, or ask for a file with this column.");
			return false;
		}
	}
	if (nvp_map_mapped(map) > 0)
		return true;
	nvp_fault_set(fault, NVP_PARSING_FAILURE, ERRCODE_UNDEFINED_COLUMN, false,
				  "no column of the input matches a column of the target data model");
	nvp_fault_detail(fault, "The first columns of the input are \"%s\"%s%s%s.",
					 ncols > 0 ? header[0] : "", ncols > 1 ? ", \"" : "",
					 ncols > 1 ? header[1] : "", ncols > 1 ? "\"" : "");
	nvp_fault_hint(fault, "Map the columns in the pipeline, add alternativeMatches to the model, or pin the header row with header_config.");
	return false;
}

static bool
cell_is_empty(const NvpCell *cell)
{
	return cell->kind == NVP_CELL_NULL || cell->len == 0;
}

/* the cells of several source columns as one text, blanks between */
static NvpCell
join_cells(NvpMap *map, const NvpMapColumn *column, const NvpBatch *batch, int row)
{
	NvpCell		joined = {0};
	size_t		len = 0;
	char	   *p;

	for (int k = 0; k < column->nsources; k++)
		len += nvp_batch_column(batch, column->sources[k])[row].len + (size_t) 1;
	p = nvp_arena_alloc(&map->arena, len);
	joined.ptr = p;
	for (int k = 0; k < column->nsources; k++)
	{
		const NvpCell *cell = &nvp_batch_column(batch, column->sources[k])[row];

		if (cell_is_empty(cell))
			continue;
		if (p > joined.ptr)
			*p++ = ' ';
		memcpy(p, cell->ptr, cell->len);
		p += cell->len;
	}
	joined.len = p - joined.ptr;
	joined.kind = joined.len > 0 ? NVP_CELL_TEXT : NVP_CELL_NULL;
	return joined;
}

/*
 * nvp_map_columns gives, for each model column, the adjacent cells of a batch;
 * NULL for a column without source.  Valid until the next call.
 */
const NvpCell *const *
nvp_map_columns(NvpMap *map, const NvpBatch *batch)
{
	nvp_arena_reset(&map->arena);
	for (int i = 0; i < map->model->ncolumns; i++)
	{
		NvpMapColumn *column = &map->columns[i];

		if (column->nsources == 0)
			map->cells[i] = NULL;
		else if (column->nsources == 1)
			map->cells[i] = nvp_batch_column(batch, column->sources[0]);
		else
		{
			if (column->joined == NULL)
				column->joined = MemoryContextAllocZero(map->context,
														sizeof(NvpCell) * NVP_BATCH_ROWS);
			for (int row = 0; row < batch->nrows; row++)
				column->joined[row] = join_cells(map, column, batch, row);
			map->cells[i] = column->joined;
		}
	}
	return map->cells;
}
