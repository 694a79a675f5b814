/*-------------------------------------------------------------------------
 *
 * profile_json.c
 *		A profile as people and programs see it: columns, and evidence.
 *
 * Memory: in the current context.
 * Errors: none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "format/names.h"
#include "pipeline/profile.h"

typedef struct Out
{
	const NvpProfile *profile;
	JsonbParseState *state;
} Out;

static void
put_text(Out *out, JsonbIteratorToken token, const char *text)
{
	JsonbValue	value = {.type = jbvString};

	value.val.string.val = nvp_text_escape_invalid(text, strlen(text));
	value.val.string.len = strlen(value.val.string.val);
	pushJsonbValue(&out->state, token, &value);
}

static void
put_member(Out *out, const char *key, const char *text)
{
	put_text(out, WJB_KEY, key);
	put_text(out, WJB_VALUE, text);
}

static void
put_numeric(Out *out, const char *key, Numeric number)
{
	JsonbValue	value = {.type = jbvNumeric};

	put_text(out, WJB_KEY, key);
	value.val.numeric = number;
	pushJsonbValue(&out->state, WJB_VALUE, &value);
}

static void
put_int(Out *out, const char *key, int64 number)
{
	put_numeric(out, key, int64_to_numeric(number));
}

/* put_share writes a number from 0 to 1 with three decimals, 1 only if it is */
static void
put_share(Out *out, const char *key, double share)
{
	int			thousandth = (int) (share * 1000.0);
	char	   *text = psprintf("%d.%03d", thousandth / 1000, thousandth % 1000);

	put_numeric(out, key, DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(text),
															  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1))));
}

static void
put_bool(Out *out, const char *key, bool boolean)
{
	JsonbValue	value = {.type = jbvBool};

	put_text(out, WJB_KEY, key);
	value.val.boolean = boolean;
	pushJsonbValue(&out->state, WJB_VALUE, &value);
}

static void
put_begin(Out *out, const char *key, JsonbIteratorToken token)
{
	if (key)
		put_text(out, WJB_KEY, key);
	pushJsonbValue(&out->state, token, NULL);
}

static void
put_end(Out *out, JsonbIteratorToken token)
{
	pushJsonbValue(&out->state, token, NULL);
}

static void
put_list(Out *out, const char *key, char *const *texts, int n)
{
	put_begin(out, key, WJB_BEGIN_ARRAY);
	for (int i = 0; i < n; i++)
		put_text(out, WJB_ELEM, texts[i]);
	put_end(out, WJB_END_ARRAY);
}

static bool
is_date_type(const NvpColumn *type)
{
	return type->type->kind == NVP_VALUE_DATE || type->type->kind == NVP_VALUE_TIMESTAMP;
}

/* put_pins writes how numbers and dates are read, where all evidence says the same */
static void
put_pins(Out *out, const NvpProfileColumn *column)
{
	const NvpColumn *type = &out->profile->candidates[column->chosen];
	const NvpVote *vote = &column->guesses[column->chosen].vote;

	if (type->type->vote == NULL)
		return;
	if (nvp_profile_leans(out->profile, column, column->chosen))
	{
		put_member(out, "numberFormat", out->profile->leaning == NVP_NUMBER_US ? "us" : "eu");
		return;
	}
	if (is_date_type(type))
	{
		if ((vote->dmy > 0) != (vote->mdy > 0))
			put_member(out, "dateOrder", vote->dmy > 0 ? "dmy" : "mdy");
	}
	else if ((vote->us > 0) != (vote->eu > 0))
		put_member(out, "numberFormat", vote->us > 0 ? "us" : "eu");
}

static void
put_choices(Out *out, const NvpProfileColumn *column)
{
	put_begin(out, "options", WJB_BEGIN_ARRAY);
	for (int i = 0; i < column->nseen; i++)
	{
		put_begin(out, NULL, WJB_BEGIN_OBJECT);
		put_member(out, "label", column->seen[i].text);
		put_member(out, "value", column->seen[i].text);
		put_end(out, WJB_END_OBJECT);
	}
	put_end(out, WJB_END_ARRAY);
}

static void
put_rule(Out *out, const char *name)
{
	put_begin(out, NULL, WJB_BEGIN_OBJECT);
	put_member(out, "validate", name);
	put_end(out, WJB_END_OBJECT);
}

/* put_column writes a column as create_tdm takes it */
static void
put_column(Out *out, const NvpProfileColumn *column)
{
	const NvpColumn *type = column->chosen < 0 ? NULL : &out->profile->candidates[column->chosen];

	put_begin(out, NULL, WJB_BEGIN_OBJECT);
	put_member(out, "key", column->key);
	put_member(out, "label", column->header);
	put_member(out, "columnType", nvp_profile_type_name(out->profile, column, column->chosen));
	if (type)
		put_pins(out, column);
	if (column->format && (type == NULL || strcmp(column->format, "YYYY-MM-DD") != 0))
		put_member(out, "outputFormat", column->format);
	if (type && column->nword > 0)
		put_list(out, "emptyValues", column->word, column->nword);
	if (column->is_category)
		put_choices(out, column);
	if (column->is_required || column->is_unique)
	{
		put_begin(out, "validations", WJB_BEGIN_ARRAY);
		if (column->is_required)
			put_rule(out, "required");
		if (column->is_unique)
			put_rule(out, "unique");
		put_end(out, WJB_END_ARRAY);
	}
	put_end(out, WJB_END_OBJECT);
}

static void pg_attribute_printf(2, 3)
say(Out *out, const char *fmt,...)
{
	StringInfoData text;
	int			needed;

	initStringInfo(&text);
	do
	{
		va_list		args;

		va_start(args, fmt);
		needed = appendStringInfoVA(&text, fmt, args);
		va_end(args);
		if (needed > 0)
			enlargeStringInfo(&text, needed);
	} while (needed > 0);
	put_text(out, WJB_ELEM, text.data);
	pfree(text.data);
}

/* say_vote tells of numbers and dates that may be read in two ways */
static void
say_vote(Out *out, const NvpColumn *type, const NvpVote *vote)
{
	uint64		sides[2] = {is_date_type(type) ? vote->dmy : vote->us, is_date_type(type) ? vote->mdy : vote->eu};

	if (type->type->vote == NULL)
		return;
	if (sides[0] > 0 && sides[1] > 0)
		say(out, is_date_type(type) ?
			"values that can only be read day first: " UINT64_FORMAT ", month first: " UINT64_FORMAT "; set dateOrder" :
			"values with a decimal point: " UINT64_FORMAT ", with a decimal comma: " UINT64_FORMAT "; set numberFormat",
			sides[0], sides[1]);
	else if (vote->unclear > 0 && sides[0] + sides[1] == 0)
		say(out, is_date_type(type) ?
			"nothing tells whether day or month comes first in dates like 01/02/2024 (values: " UINT64_FORMAT "), which are read day first; set dateOrder" :
			"nothing tells whether the sign in numbers like 1.234 groups thousands (values: " UINT64_FORMAT "); set numberFormat",
			vote->unclear);
}

static void
say_text(Out *out, const NvpProfileColumn *column)
{
	uint32		values = column->filled - column->words;

	if (column->filled == 0)
		say(out, "there is no value: any type would fit");
	else if (values < NVP_PROFILE_FEW)
		say(out, "there are too few values to tell a type: %u", values);
	if (column->zeros > 0)
		say(out, "as a number it would lose leading zeros (values: %u)", column->zeros);
	if (column->is_category)
		say(out, "the choices are the values that were seen (%d); others would be issues", column->nseen);
}

static void
put_ambiguities(Out *out, const NvpProfileColumn *column)
{
	put_begin(out, "ambiguities", WJB_BEGIN_ARRAY);
	if (column->chosen < 0)
		say_text(out, column);
	else
	{
		const NvpColumn *type = &out->profile->candidates[column->chosen];

		if (nvp_profile_leans(out->profile, column, column->chosen))
			say(out, "numbers like 1.234 are read as other columns write theirs, with a decimal %s (values: " UINT64_FORMAT ")",
				out->profile->leaning == NVP_NUMBER_US ? "point" : "comma", column->guesses[column->chosen].vote.unclear);
		else
			say_vote(out, type, &column->guesses[column->chosen].vote);
		if (column->binary == column->filled && type->type->kind != NVP_VALUE_TEXT)
			say(out, "all values are 0 or 1: numbers, or false and true");
	}
	if (column->is_unique)
		say(out, "no value occurs twice among those that were seen, and the name or type suggests that none may");
	put_end(out, WJB_END_ARRAY);
}

/* put_evidence writes the grounds for a column */
static void
put_evidence(Out *out, const NvpProfileColumn *column, const NvpReader *reader, int col)
{
	char	   *examples[NVP_PROFILE_EXAMPLES];
	int			n = 0;

	for (; n < Min(column->nseen, NVP_PROFILE_EXAMPLES); n++)
		examples[n] = column->seen[n].text;
	put_begin(out, NULL, WJB_BEGIN_OBJECT);
	put_member(out, "key", column->key);
	put_int(out, "position", col + 1);
	if (reader->raw_header[col] && nvp_header_was_renamed(reader, col))
		put_member(out, "header", reader->raw_header[col]);
	put_member(out, "type", nvp_profile_type_name(out->profile, column, column->chosen));
	put_int(out, "filled", column->filled);
	put_int(out, "distinct", column->distinct.n);
	put_share(out, "share", nvp_profile_share(column, column->chosen));
	if (column->runner_up >= 0 || column->is_category || column->chosen >= 0)
	{
		put_begin(out, "runner_up", WJB_BEGIN_OBJECT);
		put_member(out, "type", column->runner_up < 0 ? "string" : nvp_profile_type_name(out->profile, column, column->runner_up));
		put_share(out, "share", nvp_profile_share(column, column->runner_up));
		put_end(out, WJB_END_OBJECT);
	}
	put_list(out, "examples", examples, n);
	put_list(out, "misfits", column->misfits, column->nmisfits);
	put_ambiguities(out, column);
	put_end(out, WJB_END_OBJECT);
}

/* put_notes writes what concerns the whole input */
static void
put_notes(Out *out, NvpInput *input, const NvpReader *reader)
{
	char	   *note = nvp_input_note(input, reader);

	put_begin(out, "notes", WJB_BEGIN_ARRAY);
	if (note)
		put_text(out, WJB_ELEM, note);
	if (!out->profile->is_whole)
		say(out, "only the first " UINT64_FORMAT " rows were looked at", out->profile->rows);
	if (out->profile->odd_rows > 0)
		say(out, UINT64_FORMAT " rows have too few or too many cells or cannot be read", out->profile->odd_rows);
	put_end(out, WJB_END_ARRAY);
}

static void
put_jsonb(Out *out, const char *key, Jsonb *jsonb)
{
	JsonbValue	value = {.type = jbvBinary};

	put_text(out, WJB_KEY, key);
	value.val.binary.data = &jsonb->root;
	value.val.binary.len = VARSIZE(jsonb) - VARHDRSZ;
	pushJsonbValue(&out->state, WJB_VALUE, &value);
}

/*
 * nvp_profile_jsonb tells what was learned.
 *
 * in: reader: NULL for an input without data.
 * out: {"columns": [as create_tdm takes them], "evidence": [one a column],
 *		"rows": looked at, "whole": there are no more, "source": as
 *		nuvopipe.sniff, "notes": [...]}.
 */
Jsonb *
nvp_profile_jsonb(const NvpProfile *profile, NvpInput *input, const NvpReader *reader)
{
	Out			out = {profile, NULL};

	put_begin(&out, NULL, WJB_BEGIN_OBJECT);
	put_begin(&out, "columns", WJB_BEGIN_ARRAY);
	for (int col = 0; col < profile->ncols; col++)
		put_column(&out, &profile->columns[col]);
	put_end(&out, WJB_END_ARRAY);
	put_begin(&out, "evidence", WJB_BEGIN_ARRAY);
	for (int col = 0; col < profile->ncols; col++)
		put_evidence(&out, &profile->columns[col], reader, col);
	put_end(&out, WJB_END_ARRAY);
	put_int(&out, "rows", profile->rows);
	put_bool(&out, "whole", profile->is_whole);
	put_jsonb(&out, "source", nvp_sniff_jsonb(&input->sniff, &input->format));
	put_notes(&out, input, reader);
	return JsonbValueToJsonb(pushJsonbValue(&out.state, WJB_END_OBJECT, NULL));
}
