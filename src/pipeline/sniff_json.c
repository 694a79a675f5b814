/*-------------------------------------------------------------------------
 *
 * sniff_json.c
 *		What was found out about some data, as people and programs see it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "format/names.h"
#include "pipeline/format_options.h"
#include "pipeline/workbook.h"

static void
push_text(JsonbParseState **state, JsonbIteratorToken token, const char *text)
{
	JsonbValue	value = {.type = jbvString};

	value.val.string.val = nvp_text_escape_invalid(text, strlen(text));
	value.val.string.len = strlen(value.val.string.val);
	pushJsonbValue(state, token, &value);
}

static void
push_member(JsonbParseState **state, const char *key, const char *text)
{
	push_text(state, WJB_KEY, key);
	push_text(state, WJB_VALUE, text);
}

static void
push_numeric(JsonbParseState **state, const char *key, Numeric number)
{
	JsonbValue	value = {.type = jbvNumeric};

	push_text(state, WJB_KEY, key);
	value.val.numeric = number;
	pushJsonbValue(state, WJB_VALUE, &value);
}

static void
push_int(JsonbParseState **state, const char *key, int64 number)
{
	push_numeric(state, key, int64_to_numeric(number));
}

/* push_share writes a number from 0 to 1 with two decimals */
static void
push_share(JsonbParseState **state, const char *key, double share)
{
	int			percent = (int) (share * 100.0 + 0.5);

	push_numeric(state, key,
				 DatumGetNumeric(DirectFunctionCall3(numeric_in,
													 CStringGetDatum(psprintf("%d.%02d", percent / 100, percent % 100)),
													 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1))));
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

	push_text(state, WJB_KEY, key);
	if (sign != '\0')
		push_text(state, WJB_VALUE, text);
	else
		pushJsonbValue(state, WJB_VALUE, &null);
}

static void
push_begin(JsonbParseState **state, const char *key, JsonbIteratorToken token)
{
	push_text(state, WJB_KEY, key);
	pushJsonbValue(state, token, NULL);
}

/* push_verdict writes a guess, unless nothing was judged */
static void
push_verdict(JsonbParseState **state, const char *key, const NvpVerdict *verdict)
{
	if (verdict->reason[0] == '\0')
		return;
	push_begin(state, key, WJB_BEGIN_OBJECT);
	push_share(state, "confidence", verdict->confidence);
	push_member(state, "reason", verdict->reason);
	if (verdict->is_ambiguous)
		push_bool(state, "ambiguous", true);
	if (verdict->nrivals > 0)
	{
		push_member(state, "runner_up", verdict->rivals[0].value);
		push_begin(state, "rivals", WJB_BEGIN_ARRAY);
		for (int i = 0; i < verdict->nrivals; i++)
		{
			pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
			push_member(state, "value", verdict->rivals[i].value);
			push_share(state, "score", verdict->rivals[i].score);
			pushJsonbValue(state, WJB_END_OBJECT, NULL);
		}
		pushJsonbValue(state, WJB_END_ARRAY, NULL);
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
	if (format->has_header && format->header_rows > 1)
		push_int(state, "header_rows", format->header_rows);
	push_int(state, "skip_rows", format->skip_rows);
	push_int(state, "columns", sniff->ncols);
}

/* push_fixed writes what was guessed of columns of fixed width, as the options that pin it */
static void
push_fixed(JsonbParseState **state, const NvpSniff *sniff, const NvpFormat *format)
{
	push_begin(state, "widths", WJB_BEGIN_ARRAY);
	for (int i = 0; i < format->nfixed; i++)
	{
		JsonbValue	value = {.type = jbvNumeric};

		value.val.numeric = int64_to_numeric(format->fixed[i].width);
		pushJsonbValue(state, WJB_ELEM, &value);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
	if (format->fixed_is_displayed)
		push_member(state, "width_unit", "display");
	push_bool(state, "header", format->has_header);
	push_int(state, "skip_rows", format->skip_rows);
	push_int(state, "columns", sniff->ncols);
}

/* push_headers writes the possible places of a header, the best first */
static void
push_headers(JsonbParseState **state, const NvpSniff *sniff)
{
	push_begin(state, "headers", WJB_BEGIN_ARRAY);
	for (int i = 0; i < sniff->nguesses; i++)
	{
		const NvpHeaderGuess *guess = &sniff->guesses[i];

		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		push_bool(state, "header", guess->has_header);
		if (guess->has_header)
			push_int(state, "header_rows", guess->header_rows);
		push_int(state, "skip_rows", guess->skip_rows);
		push_share(state, "score", guess->score);
		push_member(state, "reason", guess->reason);
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/* push_fields writes what the columns look like */
static void
push_fields(JsonbParseState **state, const NvpSniff *sniff)
{
	push_begin(state, "fields", WJB_BEGIN_ARRAY);
	for (int i = 0; i < sniff->nfields; i++)
	{
		const NvpField *field = &sniff->fields[i];

		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		if (field->name[0])
			push_member(state, "name", field->name);
		push_member(state, "type", nvp_field_type_name(field->type));
		push_int(state, "filled", field->filled);
		push_int(state, "fitting", field->fitting);
		if (field->type == NVP_FIELD_DECIMAL && !field->is_typed)
		{
			push_sign(state, "decimal", field->decimal);
			push_verdict(state, "decimal_verdict", &field->decimal_verdict);
		}
		if (field->type == NVP_FIELD_DATE && field->date_verdict.reason[0])
		{
			JsonbValue	null = {.type = jbvNull};

			push_text(state, WJB_KEY, "date_order");
			if (field->date_order[0])
				push_text(state, WJB_VALUE, field->date_order);
			else
				pushJsonbValue(state, WJB_VALUE, &null);
			push_verdict(state, "date_verdict", &field->date_verdict);
		}
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_verdicts(JsonbParseState **state, const NvpSniff *sniff, bool is_csv, bool has_header)
{
	push_begin(state, "verdicts", WJB_BEGIN_OBJECT);
	push_verdict(state, "compression", &sniff->compression_verdict);
	push_verdict(state, "format", &sniff->kind);
	push_verdict(state, "encoding", &sniff->encoding);
	push_verdict(state, "path", &sniff->rows);
	if (is_csv)
	{
		push_verdict(state, "delimiter", &sniff->delimiter);
		push_verdict(state, "quote", &sniff->quote);
		push_verdict(state, "escape", &sniff->escape);
	}
	if (has_header)
	{
		push_verdict(state, "header", &sniff->header);
		push_verdict(state, "skip_rows", &sniff->preamble);
		push_verdict(state, "transposed", &sniff->transposed);
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* nvp_encoding_note tells of a guess that may be wrong: wrong characters look like right ones; NULL if it was none. */
char *
nvp_encoding_note(const NvpSniff *sniff, const NvpFormat *format)
{
	if (format->encoding < NVP_ENCODING_FIRST_SINGLE || sniff->encoding.confidence >= 1.0)
		return NULL;
	return psprintf("the input was read as %s, for %s; set options.format.encoding if that is wrong",
					nvp_encoding_name(format->encoding), sniff->encoding.reason);
}

/* nvp_preamble_note tells of rows that nobody said are to be passed over: they must not go unsaid; NULL if there are none. */
char *
nvp_preamble_note(const NvpSniff *sniff, const NvpFormat *format)
{
	const char *line = nvp_format_is_workbook(format->kind) ? "row" : "line";

	if (format->skip_rows == 0 || sniff->preamble.reason[0] == '\0' || sniff->preamble.confidence >= 0.99)
		return NULL;
	return psprintf("%d %s%s before the header %s passed over: %s; set options.format.skip_rows if that is wrong",
					format->skip_rows, line, format->skip_rows == 1 ? "" : "s", format->skip_rows == 1 ? "was" : "were",
					sniff->preamble.reason);
}

/* nvp_sniff_is_tied tells whether the delimiter might as well be another. */
bool
nvp_sniff_is_tied(const NvpSniff *sniff, const NvpFormat *format)
{
	return format->kind == NVP_FORMAT_CSV && sniff->delimiter.is_ambiguous && sniff->delimiter.nrivals > 0;
}

/* tie_note tells of a delimiter that may as well be another */
static char *
tie_note(const NvpSniff *sniff, const NvpFormat *format)
{
	if (!nvp_sniff_is_tied(sniff, format))
		return NULL;
	return psprintf("the delimiter was taken to be %s, but %s is as likely; set options.format.delimiter",
					format->delimiter == '\t' ? "tab" : psprintf("\"%c\"", format->delimiter),
					strcmp(sniff->delimiter.rivals[0].value, "tab") == 0 ? "tab" :
					psprintf("\"%s\"", sniff->delimiter.rivals[0].value));
}

/* header_note tells of a header that may as well be another */
static char *
header_note(const NvpSniff *sniff)
{
	const NvpHeaderGuess *best = &sniff->guesses[0];
	const char *rival = sniff->header.rivals[0].value;
	const char *taken;

	if (!sniff->header.is_ambiguous || sniff->nguesses == 0 || sniff->header.nrivals == 0)
		return NULL;
	if (!best->has_header)
		taken = "the first row was taken for data";
	else if (best->header_rows > 1)
		taken = psprintf("the names of the columns were taken from rows %d to %d", best->skip_rows, best->skip_rows + best->header_rows - 1);
	else
		taken = psprintf("the names of the columns were taken from row %d", best->skip_rows);
	return psprintf("%s, but %s is as likely (counted from 0); set options.format.header, header_rows or skip_rows",
					taken, strcmp(rival, "none") == 0 ? "that there are none" : rival);
}

/* nvp_widths_text writes guessed widths as the options that pin them. */
char *
nvp_widths_text(const NvpFormat *format)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "{\"format\": \"fixed\", \"widths\": [");
	for (int i = 0; i < format->nfixed; i++)
		appendStringInfo(&buf, "%s%d", i > 0 ? ", " : "", format->fixed[i].width);
	appendStringInfo(&buf, "]%s, \"header\": %s", format->fixed_is_displayed ? ", \"width_unit\": \"display\"" : "",
					 format->has_header ? "true" : "false");
	if (format->skip_rows > 0)
		appendStringInfo(&buf, ", \"skip_rows\": %d", format->skip_rows);
	appendStringInfoChar(&buf, '}');
	return buf.data;
}

/* nvp_rows_note tells of elements that may as well be the rows; NULL if there are none. */
char *
nvp_rows_note(const NvpSniff *sniff, const NvpFormat *format)
{
	if (format->kind != NVP_FORMAT_XML || format->path || !sniff->rows.is_ambiguous)
		return NULL;
	return psprintf("the rows were taken from %s, but other elements are as likely: %s; set options.format.path",
					sniff->path, sniff->rows.reason);
}

/* nvp_widths_note tells of columns that nobody has described; NULL if somebody has. */
char *
nvp_widths_note(const NvpFormat *format)
{
	if (!format->fixed_is_guess)
		return NULL;
	return psprintf("the input was read as columns of fixed width, which were guessed; set options.format to %s, or to what is right",
					nvp_widths_text(format));
}

/* nvp_transposed_note tells of rows and columns that have changed places; NULL if they have not, or if somebody has said where the header is. */
char *
nvp_transposed_note(const NvpSniff *sniff)
{
	if (sniff->transposed.reason[0] == '\0' || sniff->header.confidence >= 1.0)
		return NULL;
	return psprintf("%s; set options.format.header if that is wrong", sniff->transposed.reason);
}

/*
 * nvp_sniff_note returns what has to be told of a guess that no issue would
 * show; NULL if there is nothing.
 */
char *
nvp_sniff_note(const NvpSniff *sniff, const NvpFormat *format)
{
	char	   *notes[] = {
		nvp_encoding_note(sniff, format), tie_note(sniff, format), nvp_preamble_note(sniff, format), header_note(sniff),
		nvp_widths_note(format), nvp_rows_note(sniff, format),
		nvp_transposed_note(sniff)
	};
	char	   *all = NULL;

	for (int i = 0; i < lengthof(notes); i++)
		if (notes[i])
			all = all ? psprintf("%s; %s", all, notes[i]) : notes[i];
	return all;
}

/*
 * nvp_sniff_jsonb tells what was found out, and on what grounds.
 *
 * in: the verdicts, and the format that came of them and of the options; rows
 *	   of our own have no verdicts.
 * out: {"format": ..., "encoding": ..., "compression": ..., the options that
 *		pin it, "columns": n, "widths": [...] of columns of fixed width, "members": [...] of an archive, "headers": [...],
 *		"fields": [...], "verdicts": {part: {confidence, reason, ambiguous,
 *		runner_up, rivals}}}.
 */
Jsonb *
nvp_sniff_jsonb(const NvpSniff *sniff, const NvpFormat *format)
{
	static const char *const kind_names[] = {"unknown", "csv", "json", "jsonl", "rows", "xlsx", "ods", "xls", "xml", "fixed"};
	bool		is_book = nvp_format_is_workbook(format->kind);
	bool		is_csv = (format->kind == NVP_FORMAT_CSV);
	bool		is_tsv = (is_csv && format->delimiter == '\t');
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_member(&state, "format", is_tsv ? "tsv" : kind_names[format->kind]);
	if (!is_book)
		push_member(&state, "encoding", nvp_encoding_name(format->encoding));
	push_member(&state, "compression", sniff->compression ? sniff->compression : "none");
	if (sniff->nmembers > 0)
	{
		push_begin(&state, "members", WJB_BEGIN_ARRAY);
		for (int i = 0; i < sniff->nmembers; i++)
			push_text(&state, WJB_ELEM, sniff->members[i]);
		pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	}
	if (is_csv)
		push_csv(&state, sniff, format);
	if (is_book)
		nvp_workbook_push(&state, sniff, format);
	if (is_csv || is_book)
	{
		push_headers(&state, sniff);
		push_fields(&state, sniff);
	}
	if (format->fixed_is_guess)
	{
		push_fixed(&state, sniff, format);
		push_headers(&state, sniff);
		push_fields(&state, sniff);
	}
	if (sniff->path[0])
		push_member(&state, "path", sniff->path);
	push_verdicts(&state, sniff, is_csv, is_csv || is_book || format->fixed_is_guess);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}
