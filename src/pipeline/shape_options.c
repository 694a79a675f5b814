/*-------------------------------------------------------------------------
 *
 * shape_options.c
 *		Options about where rows and columns are: path, flatten, widths, columns,
 *		width_unit.
 *
 *	 {"path": "/orders/order", "flatten": true,
 *	  "widths": [10, 8, 30] or "columns": [{"name": "id", "start": 1, "width": 10}],
 *	  "width_unit": "characters" or "display"}
 *
 * Errors: 22023 with the path of the member.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "base/jsonb.h"
#include "format/row_path.h"
#include "pipeline/format_options.h"

#define MOST_WIDTH	1000000

static void
pin_path(JsonbContainer *root, const NvpPath *path, NvpSniffPins *pins)
{
	NvpPath		member = {path, "path", 0};
	JsonbValue *value = nvp_jsonb_get(root, "path");
	bool		is_array = value && value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data);
	char	   *text = is_array ? JsonbToCString(NULL, value->val.binary.data, value->val.binary.len) :
		nvp_jsonb_text(root, path, "path", NULL);
	const char *error;
	NvpRowPath	row_path;

	if (text == NULL || text[0] == '\0')
		return;
	if (!nvp_row_path_parse(text, &row_path, &error))
		nvp_path_error(&member, "Write it as /orders/order, as orders.order, or as an array of names.",
					   is_array ? "%s is no path: %s" : "\"%s\" is no path: %s", text, error);
	nvp_row_path_free(&row_path);
	if (pins->has_kind && pins->format.kind != NVP_FORMAT_JSON && pins->format.kind != NVP_FORMAT_XML)
		nvp_path_error(&member, NULL, "a path leads to the rows of json and xml only");
	pins->format.path = text;
}

/* add_column appends a column behind the last one */
static void
add_column(const NvpPath *element, NvpFixedColumn *columns, int *n, char *name, int64 start, int64 width)
{
	int			least = *n > 0 ? columns[*n - 1].start + columns[*n - 1].width : 0;

	if (start < least)
		nvp_path_error(element, "Give the columns in the order of the line.",
					   "the column begins at %d, before the last one ends (%d)", (int) start + 1, least);
	if (start + width > MOST_WIDTH)
		nvp_path_error(element, NULL, "a line of more than %d characters is not possible", MOST_WIDTH);
	columns[*n].name = name;
	columns[*n].start = (int) start;
	columns[*n].width = (int) width;
	(*n)++;
}

static void
pin_widths(JsonbContainer *widths, const NvpPath *path, NvpFixedColumn *columns, int *n)
{
	int64		start = 0;

	for (uint32 i = 0; i < JsonContainerSize(widths); i++)
	{
		NvpPath		element = {path, NULL, (int) i};
		JsonbValue *value = getIthJsonbValueFromContainer(widths, i);
		int64		width = 0;

		if (value->type == jbvNumeric)
			width = (int64) DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
		if (width < 1 || width > MOST_WIDTH)
			nvp_path_error(&element, NULL, "a number of characters from 1 to %d is expected", MOST_WIDTH);
		add_column(&element, columns, n, NULL, start, width);
		start += width;
	}
}

static void
pin_columns(JsonbContainer *list, const NvpPath *path, NvpFixedColumn *columns, int *n)
{
	static const char *const members[] = {"name", "start", "width", NULL};

	for (uint32 i = 0; i < JsonContainerSize(list); i++)
	{
		NvpPath		element = {path, NULL, (int) i};
		JsonbValue *value = getIthJsonbValueFromContainer(list, i);
		JsonbContainer *column = value->type == jbvBinary ? value->val.binary.data : NULL;
		int64		next = *n > 0 ? columns[*n - 1].start + columns[*n - 1].width + 1 : 1;
		int64		width;

		if (column == NULL || !JsonContainerIsObject(column))
			nvp_path_error(&element, NULL, "an object with name, start and width is expected");
		nvp_jsonb_check_members(column, &element, members);
		width = nvp_jsonb_int(column, &element, "width", 0, 1, MOST_WIDTH);
		if (width == 0)
			nvp_path_error(&element, NULL, "width is missing");
		add_column(&element, columns, n, nvp_jsonb_text(column, &element, "name", NULL),
				   nvp_jsonb_int(column, &element, "start", next, 1, MOST_WIDTH) - 1, width);
	}
}

/* pin_unit reads what a width counts */
static void
pin_unit(JsonbContainer *root, const NvpPath *path, NvpSniffPins *pins)
{
	NvpPath		member = {path, "width_unit", 0};
	const char *unit = nvp_jsonb_text(root, path, "width_unit", NULL);

	if (unit == NULL)
		return;
	if (strcmp(unit, "characters") != 0 && strcmp(unit, "display") != 0)
		nvp_path_error(&member, "Use \"characters\", or \"display\" where wide characters take two places.",
					   "unit \"%s\" is not known", unit);
	if (pins->format.nfixed == 0)
		nvp_path_error(&member, "Set widths or columns, or leave it out.", "there are no widths");
	pins->format.fixed_is_displayed = (strcmp(unit, "display") == 0);
}

static void
pin_fixed(JsonbContainer *root, const NvpPath *path, NvpSniffPins *pins)
{
	JsonbContainer *widths = nvp_jsonb_array(root, path, "widths");
	JsonbContainer *list = nvp_jsonb_array(root, path, "columns");
	NvpPath		member = {path, widths ? "widths" : "columns", 0};
	NvpFixedColumn *columns;
	uint32		n;

	if (widths == NULL && list == NULL)
	{
		NvpPath		format = {path, "format", 0};

		if (pins->has_kind && pins->format.kind == NVP_FORMAT_FIXED)
			nvp_path_error(&format, "Set the option widths, as in [10, 8, 30], or columns with name, start and width.",
						   "it is not said how wide the columns are");
		return;
	}
	if (widths && list)
		nvp_path_error(&member, NULL, "widths and columns exclude each other");
	if (pins->has_kind && pins->format.kind != NVP_FORMAT_FIXED)
		nvp_path_error(&member, "Set format to fixed, or leave it out.", "only columns of fixed width have widths");
	n = JsonContainerSize(widths ? widths : list);
	if (n == 0 || n > NVP_MAX_COLUMNS)
		nvp_path_error(&member, NULL, "1 to %d columns are expected", NVP_MAX_COLUMNS);
	columns = palloc0(sizeof(NvpFixedColumn) * n);
	if (widths)
		pin_widths(widths, &member, columns, &pins->format.nfixed);
	else
		pin_columns(list, &member, columns, &pins->format.nfixed);
	pins->format.fixed = columns;
	pins->format.kind = NVP_FORMAT_FIXED;
	pins->has_kind = true;
}

/*
 * nvp_pin_shape reads the options about rows and columns; that of the format
 * was read before.
 *
 * errors: 22023.
 */
void
nvp_pin_shape(JsonbContainer *root, const NvpPath *path, NvpSniffPins *pins)
{
	pin_fixed(root, path, pins);
	pin_unit(root, path, pins);
	pin_path(root, path, pins);
	pins->format.keeps_nested = !nvp_jsonb_bool(root, path, "flatten", true);
}
