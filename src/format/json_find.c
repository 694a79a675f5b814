/*-------------------------------------------------------------------------
 *
 * json_find.c
 *		The way to the array that holds the rows, and from there to the end.
 *
 * Flow:   path, given or found --> tokens around the rows --> the array
 *
 * If no path is given and the document is an object, its first bytes are
 * surveyed for arrays of objects that stand in objects alone.  If there is
 * exactly one, it has the rows; if there is none, the object is the only row; if
 * there are several, it must be said which one is meant.
 *
 * Errors: where the path leads to no array and no object, and where what is
 *		   around the rows is no JSON.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/json_impl.h"

#define SURVEY_BYTES	(16 * 1024 * 1024)	/* arrays that begin behind them are not found */
#define SURVEY_NAMES	8		/* arrays that an error names */

/*
 * next_token reads one token around the rows, which window.start is moved
 * behind.
 *
 * out: NVP_STEP_END at the end of the data, NVP_STEP_BAD with the error.
 */
static NvpJsonStep
next_token(NvpJsonReader *json, NvpJsonToken *token, const char **text, uint32 *len)
{
	NvpWindow  *window = &json->base.window;
	const char *end = window->buf + window->end;
	const char *p = nvp_json_skip_space(window->buf + window->start, end);
	const char *behind;
	int			depth = json->walk.depth;
	NvpJsonExpected expected = json->walk.expected;
	NvpJsonStatus status;

	nvp_json_advance(json, p);
	if (p == end)
		return window->eof ? NVP_STEP_END : NVP_STEP_MORE;
	behind = nvp_json_walk(&json->walk, p, end, token, &status);
	if (behind == NULL && status == NVP_JSON_BAD)
	{
		/* rows before it may be delivered first; then it is found again */
		json->walk.expected = expected;
		nvp_json_fail_at(json, p, "Repair the file there.",
						 expected == NVP_EXPECT_NOTHING ? "text behind the JSON value" : "invalid JSON");
		return NVP_STEP_BAD;
	}
	/* a number may go on behind what is buffered */
	if (behind == NULL || (behind == end && *token == NVP_JSON_SCALAR && !window->eof))
	{
		json->walk.depth = depth;
		json->walk.expected = expected;
		return NVP_STEP_MORE;
	}
	*text = p;
	*len = behind - p;
	nvp_json_advance(json, behind);
	return NVP_STEP_ON;
}

/* is_name compares a key, in its quotes, with the i-th name of the path */
static bool
is_name(const NvpJsonReader *json, int i, const char *key, uint32 len)
{
	char	   *plain = palloc((size_t) len + 1);
	uint32		plain_len = nvp_json_unescape(key + 1, len - 2, plain);
	bool		is_same = nvp_row_path_is(&json->path, i, "", 0, plain, plain_len);

	pfree(plain);
	return is_same;
}

static NvpJsonStep
fail_path(NvpJsonReader *json, const char *what)
{
	const char *path = json->base.reader.format.path;

	nvp_reader_fail(&json->base.reader, json->line_no, 0,
					"Write the path as /data/items, or as data.items, from the outermost object on.",
					"%s \"%s\"", what, path ? path : "/");
	return NVP_STEP_BAD;
}

/*
 * enter_rows begins with the value that the path leads to, at window.start, if
 * it can be rows.
 */
static NvpJsonStep
enter_rows(NvpJsonReader *json)
{
	NvpWindow  *window = &json->base.window;
	const char *end = window->buf + window->end;
	const char *p = nvp_json_skip_space(window->buf + window->start, end);

	nvp_json_advance(json, p);
	if (p == end)
		return NVP_STEP_MORE;
	if (*p == '[')
	{
		nvp_json_advance(json, p + 1);
		nvp_json_walk_value(&json->walk);
		json->state = NVP_BEFORE_FIRST;
		return NVP_STEP_ON;
	}
	if (*p == '{')
	{
		nvp_json_walk_value(&json->walk);
		json->state = NVP_BEFORE_SINGLE;
		return NVP_STEP_ON;
	}
	if (json->path.n > 0)
		return fail_path(json, "there is neither an array nor an object at the path");
	nvp_json_fail_at(json, p, "Set the format of the file if it is not JSON.",
					 "the data is not a JSON array of objects: expected \"[\"");
	return NVP_STEP_BAD;
}

/* nvp_json_find_rows goes one token further towards the rows. */
NvpJsonStep
nvp_json_find_rows(NvpJsonReader *json)
{
	NvpJsonToken token;
	const char *text;
	uint32		len;
	NvpJsonStep step;

	/* all names of the path were gone into, and the value of the last one is next */
	if (json->matched == json->path.n && json->walk.expected == NVP_EXPECT_VALUE)
		return enter_rows(json);
	step = next_token(json, &token, &text, &len);
	if (step == NVP_STEP_END && json->walk.depth == 0)
		return fail_path(json, "there is nothing at the path");
	if (step != NVP_STEP_ON)
		return step;
	if (token == NVP_JSON_KEY && json->walk.depth == json->matched + 1 && json->matched < json->path.n &&
		is_name(json, json->matched, text, len))
		json->matched++;
	else if (json->walk.depth <= json->matched && (token == NVP_JSON_SCALAR || token == NVP_JSON_CLOSE))
		return fail_path(json, "there is nothing at the path");
	else if (token == NVP_JSON_ARRAY && json->walk.depth == json->matched + 1)
		return fail_path(json, "there is an array on the way to the path");
	return NVP_STEP_ON;
}

/* nvp_json_leave_rows goes one token further behind the rows. */
NvpJsonStep
nvp_json_leave_rows(NvpJsonReader *json)
{
	NvpJsonToken token;
	const char *text;
	uint32		len;

	return next_token(json, &token, &text, &len);
}

/* ---- finding a path --------------------------------------------------------- */

typedef struct Survey
{
	StringInfoData path;		/* of the objects that are open: the names as a JSON array, not closed yet */
	int			ends[NVP_ROW_PATH_NAMES + 1];	/* its length in each of them */
	int			depth;			/* objects that are open around everything else */
	int			found;
	StringInfoData names;		/* of the arrays that were found */
	StringInfoData first;		/* the path of the first one */
	bool		is_first;		/* the last token opened an array at depth + 1 */
} Survey;

static void
note_array(Survey *survey)
{
	int			len = survey->path.len;

	appendStringInfoChar(&survey->path, ']');
	if (survey->found++ == 0)
		appendBinaryStringInfo(&survey->first, survey->path.data, survey->path.len);
	if (survey->found <= SURVEY_NAMES)
	{
		appendStringInfoString(&survey->names, survey->found > 1 ? ", " : "");
		nvp_row_path_show(&survey->names, survey->path.data);
	}
	survey->path.len = len;
}

static void
note_token(Survey *survey, const NvpJsonWalk *walk, NvpJsonToken token, const char *text, uint32 len)
{
	bool		opens_row = survey->is_first && token == NVP_JSON_OBJECT;

	survey->is_first = false;
	if (opens_row)
		note_array(survey);
	else if (token == NVP_JSON_OBJECT && walk->depth == survey->depth + 1 && survey->depth < NVP_ROW_PATH_NAMES)
		survey->ends[survey->depth++] = survey->path.len;
	else if (token == NVP_JSON_CLOSE && walk->depth == survey->depth - 1)
		survey->depth--;
	else if (token == NVP_JSON_KEY && walk->depth == survey->depth)
	{
		survey->path.len = survey->ends[survey->depth - 1];
		appendStringInfoChar(&survey->path, survey->path.len > 0 ? ',' : '[');
		appendBinaryStringInfo(&survey->path, text, len);
	}
	else if (token == NVP_JSON_ARRAY && walk->depth == survey->depth + 1 && survey->depth > 0)
		survey->is_first = true;
}

/* survey_object goes through the document; false if the source failed */
static bool
survey_object(NvpJsonReader *json, Survey *survey)
{
	const NvpWindow *window = &json->base.window;
	NvpJsonToken token;
	const char *text;
	uint32		len;

	while (window->offset + window->start < SURVEY_BYTES)
	{
		NvpJsonStep step = next_token(json, &token, &text, &len);

		if (step == NVP_STEP_ON)
			note_token(survey, &json->walk, token, text, len);
		else if (step != NVP_STEP_MORE || window->eof)
			break;				/* what is wrong is found again later */
		else if (!nvp_json_read_more(json))
			break;
	}
	return !json->base.reader.error.is_io;
}

static bool
fail_several(NvpJsonReader *json, const Survey *survey)
{
	char		hint[240];

	snprintf(hint, sizeof(hint), "Set the option path to one of them: %.180s%s.", survey->names.data,
			 survey->found > SURVEY_NAMES ? ", ..." : "");
	return nvp_reader_fail(&json->base.reader, 0, 0, hint,
						   "the JSON object holds %d arrays of objects, and it is not said which of them has the rows",
						   survey->found);
}

/* use_survey makes the only array's path that of the rows */
static bool
use_survey(NvpJsonReader *json, const Survey *survey)
{
	const char *error;

	if (survey->found > 1)
		return fail_several(json, survey);
	memset(&json->base.reader.error, 0, sizeof(json->base.reader.error));
	if (survey->found == 1 && !nvp_row_path_parse(survey->first.data, &json->path, &error))
		return nvp_reader_fail(&json->base.reader, 0, 0, "Put the array at the top of the document.",
							   "the rows cannot be reached: of their path %s", error);
	return true;
}

/* find_path surveys the document if it is an object, and goes back */
static bool
find_path(NvpJsonReader *json)
{
	NvpReader  *reader = &json->base.reader;
	NvpWindow  *window = &json->base.window;
	const char *p;
	Survey		survey = {.depth = 0};
	bool		ok;

	if (!nvp_json_begin_file(json))
		return false;
	for (;;)
	{
		p = nvp_json_skip_space(window->buf + window->start, window->buf + window->end);
		nvp_json_advance(json, p);
		if (p < window->buf + window->end || window->eof)
			break;
		if (!nvp_json_read_more(json))
			return false;
	}
	if (p < window->buf + window->end && *p == '{')
	{
		initStringInfo(&survey.path);
		initStringInfo(&survey.names);
		initStringInfo(&survey.first);
		ok = survey_object(json, &survey) && use_survey(json, &survey);
		pfree(survey.path.data);
		pfree(survey.names.data);
		pfree(survey.first.data);
		if (!ok)
			return false;
	}
	return reader->source->rewind(reader->source) || nvp_reader_fail_io(reader);
}

/* nvp_json_set_path settles where the rows are; the source is at its beginning before and after. */
bool
nvp_json_set_path(NvpJsonReader *json)
{
	NvpReader  *reader = &json->base.reader;
	const char *error;

	if (reader->format.path == NULL || reader->format.path[0] == '\0')
		return find_path(json);
	return nvp_row_path_parse(reader->format.path, &json->path, &error) ||
		nvp_reader_fail(reader, 0, 0, "Write it as /data/items, or as data.items.",
						"the path \"%s\" is none: %s", reader->format.path, error);
}
