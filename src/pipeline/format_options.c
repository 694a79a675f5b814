/*-------------------------------------------------------------------------
 *
 * format_options.c
 *		What options settle about the format of some data.
 *
 * Flow:   options --> pins --(input.c: sniff)--> format
 *
 * What an option settles is settled before the guessing, so that the rest is
 * guessed under it: whether there is a header depends on the delimiter.
 *
 * Errors: 22023 for options that are wrong; data never throws.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "base/jsonb.h"
#include "format/encode.h"
#include "pipeline/format_options.h"
#include "pipeline/workbook.h"

#define LEAST_RECORD_BYTES	1024
#define MOST_RECORD_BYTES	(512 * 1024 * 1024)
#define MOST_SKIPPED_ROWS	1000000
#define MOST_HEADER_ROWS	10
#define MOST_SHEETS			9999

static const char *const members[] = {
	"format", "compression", "member", "encoding", "delimiter", "quote", "escape", "header", "header_rows", "skip_rows",
	"max_record_bytes", "sheet", "hidden_sheets", "path", "flatten", "widths", "columns", "width_unit", NULL
};
static const char *const format_names[] = {"csv", "tsv", "json", "jsonl", "ndjson", "xlsx", "ods", "xls", "xml", "fixed", NULL};
static const NvpFormatKind format_kinds[] = {
	NVP_FORMAT_CSV, NVP_FORMAT_CSV, NVP_FORMAT_JSON, NVP_FORMAT_JSONL, NVP_FORMAT_JSONL,
	NVP_FORMAT_XLSX, NVP_FORMAT_ODS, NVP_FORMAT_XLS, NVP_FORMAT_XML, NVP_FORMAT_FIXED
};
/* closest_hint names the word that may have been meant */
static const char *
closest_hint(const char *word, const char *const *words)
{
	const char *near = nvp_closest(word, words);

	return near ? psprintf("Perhaps you meant \"%s\".", near) : NULL;
}

static void
pin_kind(JsonbContainer *root, const NvpPath *path, NvpSniffPins *pins)
{
	NvpPath		member = {path, "format", 0};
	const char *name = nvp_jsonb_text(root, path, "format", NULL);

	if (name == NULL || strcmp(name, "auto") == 0)
		return;
	for (int i = 0; format_names[i]; i++)
	{
		if (strcmp(name, format_names[i]) != 0)
			continue;
		pins->has_kind = true;
		pins->format.kind = format_kinds[i];
		if (strcmp(name, "tsv") == 0)
		{
			pins->has_delimiter = true;
			pins->format.delimiter = '\t';
		}
		return;
	}
	nvp_path_error(&member, closest_hint(name, format_names), "format \"%s\" is not known", name);
}

static void
pin_compression(JsonbContainer *root, const NvpPath *path, NvpSniffPins *pins)
{
	static const char *const names[] = {"none", "gzip", "zip", "zstd", "bzip2", "xz", NULL};
	NvpPath		member = {path, "compression", 0};
	const char *name = nvp_jsonb_text(root, path, "compression", NULL);

	if (name == NULL || strcmp(name, "auto") == 0)
		return;
	if (!nvp_compression_parse(name, &pins->compression))
		nvp_path_error(&member, closest_hint(name, names), "compression \"%s\" is not known", name);
	pins->has_compression = true;
}

static void
pin_encoding(JsonbContainer *root, const NvpPath *path, NvpSniffPins *pins)
{
	NvpPath		member = {path, "encoding", 0};
	const char *name = nvp_jsonb_text(root, path, "encoding", NULL);

	if (name == NULL || strcmp(name, "auto") == 0)
		return;
	if (!nvp_encoding_parse(name, &pins->format.encoding))
		nvp_path_error(&member, closest_hint(name, (const char *const *) nvp_encoding_names()), "encoding \"%s\" is not known", name);
	pins->has_encoding = true;
}

/* is_null tells a member that is there and null from one that is absent */
static bool
is_null(JsonbContainer *root, const char *name)
{
	JsonbValue	value;

	return getKeyJsonValueFromContainer(root, name, strlen(name), &value) != NULL &&
		value.type == jbvNull;
}

/*
 * pin_byte reads a member that is one ASCII character, "\t" and "tab" included;
 * null is no character where that is allowed.  True if the member settles it.
 */
static bool
pin_byte(JsonbContainer *root, const NvpPath *path, const char *name, bool may_be_null, char *byte)
{
	NvpPath		member = {path, name, 0};
	const char *text;

	if (is_null(root, name))
	{
		*byte = '\0';
		return may_be_null;
	}
	text = nvp_jsonb_text(root, path, name, NULL);
	if (text == NULL)
		return false;
	if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0)
		text = "\t";
	if (strlen(text) != 1 || IS_HIGHBIT_SET(text[0]) || text[0] == '\n' || text[0] == '\r')
		nvp_path_error(&member, may_be_null ? "Use null for none." : NULL,
					   "one ASCII character other than a line end is expected, not \"%s\"", text);
	*byte = text[0];
	return true;
}

static void
pin_signs(JsonbContainer *root, const NvpPath *path, NvpSniffPins *pins)
{
	NvpFormat  *format = &pins->format;
	NvpPath		quote_path = {path, "quote", 0};
	NvpPath		escape_path = {path, "escape", 0};

	pins->has_delimiter |= pin_byte(root, path, "delimiter", false, &format->delimiter);
	pins->has_quote = pin_byte(root, path, "quote", true, &format->quote);
	pins->has_escape = pin_byte(root, path, "escape", true, &format->escape);
	if (!pins->has_delimiter)
		return;
	if (pins->has_quote && format->quote == format->delimiter)
		nvp_path_error(&quote_path, NULL, "the quote must differ from the delimiter");
	if (pins->has_escape && format->escape == format->delimiter)
		nvp_path_error(&escape_path, NULL, "the escape must differ from the delimiter");
}

/* a sheet is named, or counted from 0 */
static void
pin_sheet(JsonbContainer *root, const NvpPath *path, NvpSniffPins *pins)
{
	JsonbValue *value = nvp_jsonb_get(root, "sheet");

	if (value && value->type == jbvNumeric)
		pins->format.sheet_index = (int) nvp_jsonb_int(root, path, "sheet", -1, 0, MOST_SHEETS);
	else
		pins->format.sheet = nvp_jsonb_text(root, path, "sheet", NULL);
	pins->format.with_hidden = nvp_jsonb_bool(root, path, "hidden_sheets", false);
}

static void
read_pins(JsonbContainer *root, NvpSniffPins *pins)
{
	NvpPath		path = {NULL, "options", 0};
	NvpPath		header_rows_path = {&path, "header_rows", 0};

	if (!JsonContainerIsObject(root))
		nvp_path_error(&path, NULL, "an object is expected");
	nvp_jsonb_check_members(root, &path, members);
	pin_kind(root, &path, pins);
	pin_compression(root, &path, pins);
	pins->member = nvp_jsonb_text(root, &path, "member", NULL);
	pin_encoding(root, &path, pins);
	pin_signs(root, &path, pins);
	nvp_pin_shape(root, &path, pins);
	pins->has_header = nvp_jsonb_get(root, "header") != NULL;
	pins->format.has_header = nvp_jsonb_bool(root, &path, "header", true);
	pins->format.header_rows = (int) nvp_jsonb_int(root, &path, "header_rows", 0, 1, MOST_HEADER_ROWS);
	if (pins->format.header_rows > 0 && !pins->format.has_header)
		nvp_path_error(&header_rows_path, "Leave it out, or set header to true.",
					   "header_rows is given, but header is false");
	if (pins->format.header_rows > 1 && pins->has_kind && pins->format.kind != NVP_FORMAT_CSV &&
		!nvp_format_is_workbook(pins->format.kind))
		nvp_path_error(&header_rows_path, "Leave it out, and set skip_rows to the rows above the last of them.",
					   "a header of several rows is known in delimited text and workbooks only");
	pins->has_skip_rows = nvp_jsonb_get(root, "skip_rows") != NULL;
	pins->format.skip_rows = (int) nvp_jsonb_int(root, &path, "skip_rows", 0, 0, MOST_SKIPPED_ROWS);
	pin_sheet(root, &path, pins);
	pins->format.max_record_bytes =
		nvp_jsonb_int(root, &path, "max_record_bytes", pins->format.max_record_bytes,
					  LEAST_RECORD_BYTES, MOST_RECORD_BYTES);
}

/*
 * nvp_format_pins reads options.
 *
 * in: an object, or NULL for none.
 * errors: 22023.
 */
void
nvp_format_pins(Jsonb *options, NvpSniffPins *pins)
{
	memset(pins, 0, sizeof(*pins));
	nvp_format_defaults(&pins->format);
	if (options)
		read_pins(&options->root, pins);
}
