/*-------------------------------------------------------------------------
 *
 * format_options.c
 *		What options settle about the format of some data, and how what was
 *		found out is told.
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
#define MOST_SHEETS			9999

static const char *const members[] = {
	"format", "compression", "member", "encoding", "delimiter", "quote", "escape", "header", "skip_rows",
	"max_record_bytes", "sheet", "hidden_sheets", NULL
};
static const char *const format_names[] = {"csv", "tsv", "json", "jsonl", "ndjson", "xlsx", "ods", "xls", NULL};
static const NvpFormatKind format_kinds[] = {
	NVP_FORMAT_CSV, NVP_FORMAT_CSV, NVP_FORMAT_JSON, NVP_FORMAT_JSONL, NVP_FORMAT_JSONL,
	NVP_FORMAT_XLSX, NVP_FORMAT_ODS, NVP_FORMAT_XLS
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

	if (!JsonContainerIsObject(root))
		nvp_path_error(&path, NULL, "an object is expected");
	nvp_jsonb_check_members(root, &path, members);
	pin_kind(root, &path, pins);
	pin_compression(root, &path, pins);
	pins->member = nvp_jsonb_text(root, &path, "member", NULL);
	pin_encoding(root, &path, pins);
	pin_signs(root, &path, pins);
	pins->has_header = nvp_jsonb_get(root, "header") != NULL;
	pins->format.has_header = nvp_jsonb_bool(root, &path, "header", true);
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

/* ---- the verdicts as jsonb ---------------------------------------------- */

static void
push_text(JsonbParseState **state, JsonbIteratorToken token, const char *text)
{
	JsonbValue	value = {.type = jbvString};

	value.val.string.val = pstrdup(text);
	value.val.string.len = strlen(text);
	pushJsonbValue(state, token, &value);
}

static void
push_number(JsonbParseState **state, const char *key, Numeric number)
{
	JsonbValue	value = {.type = jbvNumeric};

	push_text(state, WJB_KEY, key);
	value.val.numeric = number;
	pushJsonbValue(state, WJB_VALUE, &value);
}

static void
push_bool(JsonbParseState **state, const char *key, bool boolean)
{
	JsonbValue	value = {.type = jbvBool};

	push_text(state, WJB_KEY, key);
	value.val.boolean = boolean;
	pushJsonbValue(state, WJB_VALUE, &value);
}

/* push_sign writes a character, or null for none */
static void
push_sign(JsonbParseState **state, const char *key, char sign)
{
	char		text[2] = {sign, '\0'};
	JsonbValue	null = {.type = jbvNull};

	if (sign != '\0')
	{
		push_text(state, WJB_KEY, key);
		push_text(state, WJB_VALUE, text);
		return;
	}
	push_text(state, WJB_KEY, key);
	pushJsonbValue(state, WJB_VALUE, &null);
}

static void
push_verdict(JsonbParseState **state, const char *key, const NvpVerdict *verdict)
{
	int64		percent = (int64) (verdict->confidence * 100.0 + 0.5);

	if (verdict->reason[0] == '\0')
		return;
	push_text(state, WJB_KEY, key);
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	push_number(state, "confidence",
				DatumGetNumeric(DirectFunctionCall3(numeric_in,
													CStringGetDatum(psprintf("%d.%02d", (int) (percent / 100), (int) (percent % 100))),
													ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1))));
	push_text(state, WJB_KEY, "reason");
	push_text(state, WJB_VALUE, verdict->reason);
	if (verdict->is_ambiguous)
		push_bool(state, "ambiguous", true);
	if (verdict->runner_up[0])
	{
		push_text(state, WJB_KEY, "runner_up");
		push_text(state, WJB_VALUE, verdict->runner_up);
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* push_csv writes what is only known of delimited text */
static void
push_csv(JsonbParseState **state, const NvpSniff *sniff, const NvpFormat *format)
{
	push_sign(state, "delimiter", format->delimiter);
	push_sign(state, "quote", format->quote);
	push_sign(state, "escape", format->escape);
	push_bool(state, "header", format->has_header);
	push_number(state, "skip_rows", int64_to_numeric(format->skip_rows));
	push_number(state, "columns", int64_to_numeric(sniff->ncols));
}

/*
 * nvp_sniff_note returns what has to be told of a guess that no issue would
 * show; NULL if there is nothing.  Where every byte is a character, wrong
 * characters look like right ones.
 */
char *
nvp_sniff_note(const NvpSniff *sniff, const NvpFormat *format)
{
	bool		any_byte = format->encoding == NVP_ENCODING_ISO8859_1 || format->encoding == NVP_ENCODING_WINDOWS1252;

	if (!any_byte || sniff->encoding.confidence >= 1.0)
		return NULL;
	return psprintf("the input was read as %s, for %s; set options.format.encoding if that is wrong",
					nvp_encoding_name(format->encoding), sniff->encoding.reason);
}

/*
 * nvp_sniff_jsonb tells what was found out, and on what grounds.
 *
 * in: the verdicts, and the format that came of them and of the options; rows
 *	   of our own have no verdicts.
 * out: {"format": ..., "encoding": ..., "compression": ..., the options that
 *		pin it, "columns": n, "verdicts": {part: {confidence, reason,
 *		ambiguous, runner_up}}}.
 */
Jsonb *
nvp_sniff_jsonb(const NvpSniff *sniff, const NvpFormat *format)
{
	static const char *const kind_names[] = {"unknown", "csv", "json", "jsonl", "rows", "xlsx", "ods", "xls"};
	bool		is_book = nvp_format_is_workbook(format->kind);
	bool		is_csv = (format->kind == NVP_FORMAT_CSV);
	bool		is_tsv = (is_csv && format->delimiter == '\t');
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_text(&state, WJB_KEY, "format");
	push_text(&state, WJB_VALUE, is_tsv ? "tsv" : kind_names[format->kind]);
	if (!is_book)
	{
		push_text(&state, WJB_KEY, "encoding");
		push_text(&state, WJB_VALUE, nvp_encoding_name(format->encoding));
	}
	push_text(&state, WJB_KEY, "compression");
	push_text(&state, WJB_VALUE, sniff->compression ? sniff->compression : "none");
	if (is_csv)
		push_csv(&state, sniff, format);
	if (is_book)
		nvp_workbook_push(&state, sniff, format);
	push_text(&state, WJB_KEY, "verdicts");
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_verdict(&state, "compression", &sniff->compression_verdict);
	push_verdict(&state, "format", &sniff->kind);
	push_verdict(&state, "encoding", &sniff->encoding);
	if (is_csv)
	{
		push_verdict(&state, "delimiter", &sniff->delimiter);
		push_verdict(&state, "quote", &sniff->quote);
	}
	if (is_csv || is_book)
	{
		push_verdict(&state, "header", &sniff->header);
		push_verdict(&state, "skip_rows", &sniff->preamble);
	}
	pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}
