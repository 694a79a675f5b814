/*-------------------------------------------------------------------------
 *
 * vector.c
 *		Replays test vectors (JSON lines) against the column types.
 *
 * The vectors are found below the environment's NVP_VECTORS, else in
 * ../data/vectors, as seen from test/unit.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/code.h"
#include "vector.h"

#define MAX_CELLS		64

/* columns live as long as the test: what they hold is not given back */
extern const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

static NvpText
text_of(const Json *json)
{
	return (NvpText) {json->text, json->len};
}

static NvpTextList
list_of(const Json *json)
{
	NvpTextList list = {0, NULL};

	if (json == NULL)
		return list;
	for (const Json *item = json->first; item; item = item->next)
		list.n++;
	list.items = palloc0(sizeof(NvpText) * (list.n + 1));
	list.n = 0;
	for (const Json *item = json->first; item; item = item->next)
		list.items[list.n++] = text_of(item);
	return list;
}

static void
set_choices(NvpColumn *column, const Json *list)
{
	for (const Json *item = list->first; item; item = item->next)
		column->noptions++;
	column->options = palloc0(sizeof(NvpOption) * (column->noptions + 1));
	column->noptions = 0;
	for (const Json *item = list->first; item; item = item->next)
	{
		NvpOption  *option = &column->options[column->noptions++];
		const Json *value = json_get(item, "value");

		option->label = text_of(json_get(item, "label"));
		option->value = text_of(value);
		option->value_is_number = value->kind == JSON_NUMBER;
		option->alternatives = list_of(json_get(item, "alternativeMatches"));
	}
}

static NvpNumberFormat
format_of(const Json *json)
{
	return strcmp(json->text, "us") == 0 ? NVP_NUMBER_US : NVP_NUMBER_EU;
}

static NvpDateOrder
order_of(const Json *json)
{
	if (strcmp(json->text, "ymd") == 0)
		return NVP_DATE_YMD;
	return strcmp(json->text, "dmy") == 0 ? NVP_DATE_DMY : NVP_DATE_MDY;
}

static bool
is_true(const Json *json)
{
	return json->kind == JSON_BOOL && json->text[0] == 't';
}

/* Sets one option; false if no column has it. */
static bool
set_option(NvpColumn *column, const Json *json)
{
	const char *name = json->key;

#define OPTION(key, field, expr) \
	if (strcmp(name, key) == 0) { column->field = (expr); return true; }
	OPTION("emptyValues", empty_values, list_of(json));
	OPTION("trim", trim, is_true(json));
	OPTION("minLength", min_length, atoi(json->text));
	OPTION("maxLength", max_length, atoi(json->text));
	OPTION("numberFormat", number_format, format_of(json));
	OPTION("defaultNumberFormat", default_number_format, format_of(json));
	OPTION("precision", precision, atoi(json->text));
	OPTION("scale", scale, atoi(json->text));
	OPTION("percentageOutput", percentage_output, json->text);
	OPTION("currencyOutput", currency_output, json->text);
	OPTION("trueValues", true_values, list_of(json));
	OPTION("falseValues", false_values, list_of(json));
	OPTION("isMultiSelect", is_multi_select, is_true(json));
	OPTION("allowCustomOptions", allow_custom_options, is_true(json));
	OPTION("fuzzyThreshold", fuzzy_threshold, (column->fuzzy = true, atof(json->text)));
	OPTION("outputFormat", output_format, json->text);
	OPTION("dateOrder", date_order, order_of(json));
	OPTION("twoDigitYearPivot", two_digit_year_pivot, atoi(json->text));
	OPTION("date1904", date1904, is_true(json));
	OPTION("timeZone", time_zone, json->text);
	OPTION("epoch", epoch, json->text);
	OPTION("country", country, json->text);
	OPTION("allowWithdrawn", allow_withdrawn, is_true(json));
	OPTION("standard", standard, json->text);
#undef OPTION
	if (strcmp(name, "options") != 0)
		return false;
	set_choices(column, json);
	return true;
}

/* Fills a column as the model compiler would; NULL, or what is wrong with it. */
const char *
vector_column(NvpColumn *column, const char *type, const Json *options)
{
	nvp_column_defaults(column);
	column->key = type;
	column->type = nvp_type_find(type);
	if (column->type == NULL)
		return "unknown column type";
	for (const Json *json = options ? options->first : NULL; json; json = json->next)
	{
		if (!set_option(column, json))
			return "unknown option";
	}
	return column->type->prepare ? column->type->prepare(column) : NULL;
}

static NvpCell
cell_of(const Json *json)
{
	static const uint8 kinds[] = {NVP_CELL_NULL, NVP_CELL_BOOL, NVP_CELL_NUMBER, NVP_CELL_TEXT};
	NvpCell		cell = {NULL, 0, NVP_CELL_NULL, 0, 0};
	char	   *exact;

	if (json->kind == JSON_NULL)
		return cell;

	/* not one byte more than the cell, so that sanitizers see reads beyond it */
	exact = palloc(json->len ? json->len : 1);
	memcpy(exact, json->text, json->len);
	cell.ptr = exact;
	cell.len = json->len;
	cell.kind = kinds[json->kind];
	return cell;
}

/* Compares the value with the expected output as writers would see it. */
static bool
output_fits(const NvpColumn *column, const NvpValue *value, const Json *expected, NvpArena *arena)
{
	NvpCell		cell = nvp_value_cell(column, value, arena);
	double		tolerance = strstr(column->type->name, "itude") ? 1e-9 : 0;
	Json	   *actual;
	bool		fits;

	switch (expected->kind)
	{
		case JSON_NULL:
			return cell.kind == NVP_CELL_NULL && value->status == NVP_EMPTY;
		case JSON_STRING:
			return cell.kind != NVP_CELL_NULL && cell.len == expected->len &&
				memcmp(cell.ptr, expected->text, cell.len) == 0;
		case JSON_BOOL:
			return cell.kind == NVP_CELL_BOOL && cell.len == expected->len &&
				memcmp(cell.ptr, expected->text, cell.len) == 0;
		default:
			actual = json_parse(cell.ptr, cell.len);
			fits = actual && json_equal(actual, expected, tolerance) &&
				cell.kind == (expected->kind == JSON_NUMBER ? NVP_CELL_NUMBER : NVP_CELL_JSON);
			json_free(actual);
			return fits;
	}
}

static bool
value_fits(const NvpColumn *column, const NvpValue *value, const Json *ok,
		   const Json *output, const Json *code, NvpArena *arena)
{
	if (!is_true(ok))
		return value->status == NVP_ERROR && code->kind == JSON_STRING &&
			strcmp(nvp_code_name(value->code), code->text) == 0;
	return value->status != NVP_ERROR && output_fits(column, value, output, arena);
}

static void
report(const char *file, int lineno, int i, const NvpColumn *column, const NvpValue *value,
	   const char *line, NvpArena *arena)
{
	NvpText		text = nvp_value_text(column, value, arena);

	fprintf(stderr, "%s:%d: cell %d is %s \"%.*s\" (kind %d) for\n  %.300s\n", file, lineno, i,
			value->status == NVP_ERROR ? nvp_code_name(value->code) : value->status == NVP_OK ? "OK" : "EMPTY",
			(int) text.len, text.ptr ? text.ptr : "", value->kind, line);
}

/* Runs one line; the number of cells that came out wrong. */
static int
replay_line(const char *file, int lineno, const char *line, const Json *json, NvpArena *arena)
{
	const Json *fields[4] = {json_get(json, "input"), json_get(json, "ok"),
	json_get(json, "output"), json_get(json, "code")};
	bool		is_column = fields[1]->kind == JSON_ARRAY;
	NvpColumn	column;
	NvpCell		cells[MAX_CELLS];
	NvpValue	values[MAX_CELLS];
	NvpVote		vote = {0, 0, 0, 0};
	const char *problem;
	int			nfailed = 0;
	int			n = 0;

	problem = vector_column(&column, json_get(json, "type")->text, json_get(json, "options"));

	/* only the server knows zones other than UTC; it replays these lines too */
	if (problem && strncmp(problem, "timeZone ", 9) == 0)
		return 0;
	if (problem)
	{
		fprintf(stderr, "%s:%d: %s\n", file, lineno, problem);
		return 1;
	}
	for (const Json *cell = is_column ? fields[0]->first : fields[0]; cell && n < MAX_CELLS;
		 cell = is_column ? cell->next : NULL)
		cells[n++] = cell_of(cell);
	if (nvp_column_needs_vote(&column))
		column.type->vote(&column, cells, n, &vote);
	nvp_column_settle(&column, &vote);

	/* what convert leaves unset must not matter */
	memset(values, 0xA5, sizeof(values));
	nvp_column_convert(&column, cells, n, values, arena);
	for (int f = 0; f < 4 && is_column; f++)
		fields[f] = fields[f]->first;
	for (int i = 0; i < n; i++)
	{
		if (!value_fits(&column, &values[i], fields[1], fields[2], fields[3], arena))
		{
			report(file, lineno, i, &column, &values[i], line, arena);
			nfailed++;
		}
		for (int f = 0; f < 4 && is_column; f++)
			fields[f] = fields[f]->next;
	}
	return nfailed;
}

void
vector_replay(const char *name, const char *only, int *nrun, int *nfailed)
{
	const char *dir = getenv("NVP_VECTORS");
	char		path[MAXPGPATH];
	char	   *line = NULL;
	size_t		size = 0;
	ssize_t		len;
	NvpArena	arena;
	FILE	   *file;
	int			lineno = 0;

	snprintf(path, sizeof(path), "%s/%s.jsonl", dir ? dir : "../data/vectors", name);
	file = fopen(path, "r");
	if (file == NULL)
	{
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		(*nfailed)++;
		return;
	}
	nvp_arena_init(&arena);
	while ((len = getline(&line, &size, file)) > 0)
	{
		Json	   *json = json_parse(line, len);

		lineno++;
		if (json == NULL)
		{
			fprintf(stderr, "%s:%d: not JSON\n", path, lineno);
			(*nfailed)++;
		}
		else if (only == NULL || strcmp(json_get(json, "type")->text, only) == 0)
		{
			(*nrun)++;
			*nfailed += replay_line(name, lineno, line, json, &arena);
		}
		nvp_arena_reset(&arena);
		json_free(json);
	}
	nvp_arena_free(&arena);
	free(line);
	fclose(file);
}

int
vector_main(int nnames, const char *const *names)
{
	int			nrun = 0;
	int			nfailed = 0;

	for (int i = 0; i < nnames; i++)
		vector_replay(names[i], NULL, &nrun, &nfailed);
	printf("%d vectors, %d failed\n", nrun, nfailed);
	return nfailed > 0;
}
