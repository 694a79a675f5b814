/*-------------------------------------------------------------------------
 *
 * xml_survey.c
 *		Which elements of an XML document are its rows.
 *
 * See xml_survey.h for flow, memory and errors, and for the rule.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/xml_survey.h"

/* what is known of all elements, or attributes, with one path */
typedef struct Path
{
	int			parent;			/* -1 = the document */
	bool		is_attribute;
	bool		has_text;		/* other than white space */
	int			nchildren;		/* paths below that are elements */
	int			nattributes;
	uint64		serial;			/* of the parent's instance that count belongs to */
	uint32		count;			/* in that instance */
	uint32		most;			/* in any */
	uint64		total;
	int			columns;
	uint32		name;			/* where the name begins in the key */
} Path;

typedef struct Frame
{
	int			path;
	uint64		serial;
} Frame;

typedef struct Survey
{
	NvpNames	keys;			/* parent, kind and name; index = path */
	Path	   *paths;
	int			allocated;
	int			depth;
	uint64		serial;
	bool		is_full;
	Frame		frames[NVP_XML_DEPTH + 1];
	char	   *key;
	uint32		key_size;
} Survey;

#define KEY_HEAD	(sizeof(int) + 1)

/* find_path finds the path of a name below another, made if new; -1 if there are too many */
static int
find_path(Survey *survey, int parent, bool is_attribute, const char *name, uint32 len)
{
	int			found;

	if (survey->key_size < KEY_HEAD + len)
	{
		survey->key_size = KEY_HEAD + len + 256;
		if (survey->key)
			pfree(survey->key);
		survey->key = palloc(survey->key_size);
	}
	memcpy(survey->key, &parent, sizeof(int));
	survey->key[sizeof(int)] = is_attribute ? '@' : '<';
	memcpy(survey->key + KEY_HEAD, name, len);
	found = nvp_names_find(&survey->keys, survey->key, KEY_HEAD + len);
	if (found >= 0)
		return found;
	if (survey->keys.count == NVP_XML_SURVEY_PATHS)
	{
		survey->is_full = true;
		return -1;
	}
	if (survey->keys.count == survey->allocated)
	{
		survey->allocated *= 2;
		survey->paths = repalloc(survey->paths, sizeof(Path) * survey->allocated);
	}
	found = nvp_names_add(&survey->keys, survey->key, KEY_HEAD + len);
	memset(&survey->paths[found], 0, sizeof(Path));
	survey->paths[found].parent = parent;
	survey->paths[found].is_attribute = is_attribute;
	if (parent >= 0 && is_attribute)
		survey->paths[parent].nattributes++;
	else if (parent >= 0)
		survey->paths[parent].nchildren++;
	return found;
}

static void
open_element(Survey *survey, const NvpXmlToken *token)
{
	Frame	   *above = survey->depth > 0 ? &survey->frames[survey->depth - 1] : NULL;
	Frame	   *frame = &survey->frames[survey->depth++];
	Path	   *path;

	frame->serial = ++survey->serial;
	frame->path = -1;
	if (above && above->path < 0)
		return;
	frame->path = find_path(survey, above ? above->path : -1, false, token->name, token->name_len);
	if (frame->path < 0)
		return;
	path = &survey->paths[frame->path];
	if (above && path->serial != above->serial)
	{
		path->serial = above->serial;
		path->count = 0;
	}
	path->count++;
	path->most = Max(path->most, path->count);
	path->total++;
}

static bool
is_blank(const char *text, uint32 len)
{
	for (uint32 i = 0; i < len; i++)
		if (!nvp_xml_is_space(text[i]))
			return false;
	return true;
}

/* note_token takes a token into account; false if looking on is of no use */
static bool
note_token(Survey *survey, const NvpXmlToken *token)
{
	Frame	   *top = survey->depth > 0 ? &survey->frames[survey->depth - 1] : NULL;

	switch (token->kind)
	{
		case NVP_XML_OPEN:
			open_element(survey, token);
			break;
		case NVP_XML_ATTRIBUTE:
			if (top->path >= 0)
				(void) find_path(survey, top->path, true, token->name, token->name_len);
			break;
		case NVP_XML_TEXT:
			if (top && top->path >= 0 && !survey->paths[top->path].has_text)
				survey->paths[top->path].has_text = !is_blank(token->text, token->text_len);
			break;
		case NVP_XML_CLOSE:
			survey->depth--;
			break;
		case NVP_XML_END:
		case NVP_XML_BAD:
			return false;
	}
	return !survey->is_full;
}

/* ---- choosing -------------------------------------------------------------- */

/* count_columns adds up from below: a path has a higher number than its parent */
static void
count_columns(Survey *survey)
{
	for (int i = survey->keys.count - 1; i >= 0; i--)
	{
		Path	   *path = &survey->paths[i];
		bool		is_scalar = (path->nchildren == 0 && path->nattributes == 0);

		if (path->is_attribute || is_scalar)
			path->columns = 1;
		else if (path->has_text)
			path->columns++;
		if (path->parent >= 0 && (path->most < 2 || is_scalar))
			survey->paths[path->parent].columns += path->columns;
	}
}

/* first_child returns the first path of an element below another, -1 if none */
static int
first_child(const Survey *survey, int parent)
{
	for (int i = parent + 1; i < survey->keys.count; i++)
		if (survey->paths[i].parent == parent && !survey->paths[i].is_attribute)
			return i;
	return -1;
}

static const NvpName *
name_of(const Survey *survey, int path)
{
	return &survey->keys.names[path];
}

/* is_list_of tells whether the name of a wrapper is that of its content and a few letters more */
static bool
is_list_of(const NvpName *outer, const NvpName *inner)
{
	uint32		outer_len = outer->len - KEY_HEAD;
	uint32		inner_len = inner->len - KEY_HEAD;

	return inner_len >= 3 && outer_len > inner_len && outer_len <= inner_len + 4 &&
		pg_strncasecmp(outer->text + KEY_HEAD, inner->text + KEY_HEAD, inner_len) == 0;
}

/* choose_single goes down from the root as long as there is but a wrapper */
static int
choose_single(const Survey *survey)
{
	int			at = 0;

	for (;;)
	{
		const Path *path = &survey->paths[at];
		int			child = first_child(survey, at);

		if (child < 0 || path->nchildren != 1 || path->has_text || survey->paths[child].nchildren +
			survey->paths[child].nattributes == 0)
			return at;
		if (path->nattributes > 0 && !is_list_of(name_of(survey, at), name_of(survey, child)))
			return at;
		at = child;
	}
}

/* write_path writes /a/b; a path that is too long is left empty */
static void
write_path(const Survey *survey, int path, char *out, size_t size)
{
	size_t		end = size - 1;

	out[0] = out[end] = '\0';
	for (int i = path; i >= 0; i = survey->paths[i].parent)
	{
		const NvpName *name = name_of(survey, i);
		uint32		len = name->len - KEY_HEAD;

		if (len + 1 > end)
		{
			out[0] = '\0';
			return;
		}
		end -= len;
		memcpy(out + end, name->text + KEY_HEAD, len);
		out[--end] = '/';
	}
	memmove(out, out + end, size - end);
}

static void
choose(Survey *survey, NvpXmlChoice *choice)
{
	int			best = -1;
	int			rival = -1;
	int			single;

	count_columns(survey);
	for (int i = 0; i < survey->keys.count; i++)
	{
		const Path *path = &survey->paths[i];

		if (path->is_attribute || path->most < 2)
			continue;
		if (best < 0 || path->columns > survey->paths[best].columns)
		{
			rival = best;
			best = i;
		}
		else if (rival < 0 || path->columns > survey->paths[rival].columns)
			rival = i;
	}
	/* a list of texts within one record is a part of it */
	single = choose_single(survey);
	choice->repeats = best >= 0 && (survey->paths[best].columns > 1 || survey->paths[single].columns < 2);
	if (!choice->repeats)
	{
		rival = best;
		best = single;
	}
	write_path(survey, best, choice->path, sizeof(choice->path));
	choice->columns = survey->paths[best].columns;
	choice->rows = survey->paths[best].total;
	if (rival >= 0)
	{
		write_path(survey, rival, choice->rival, sizeof(choice->rival));
		choice->rival_columns = survey->paths[rival].columns;
	}
}

/*
 * nvp_xml_survey reads on until the end of the document, or max_bytes of it,
 * and chooses the rows.
 *
 * in: a parser that has begun.
 * out: the choice; after damage what was seen before it counts, and the
 *		reader's error tells.
 */
void
nvp_xml_survey(NvpXmlParser *parser, uint64 max_bytes, NvpXmlChoice *choice)
{
	Survey	   *survey = palloc0(sizeof(Survey));
	NvpXmlToken token;

	memset(choice, 0, sizeof(*choice));
	nvp_names_init(&survey->keys);
	survey->allocated = 64;
	survey->paths = palloc(sizeof(Path) * survey->allocated);
	while (nvp_xml_bytes(parser) <= max_bytes)
	{
		nvp_xml_next(parser, &token);
		choice->opened += (token.kind == NVP_XML_OPEN && choice->opened < 1000000);
		choice->closed += (token.kind == NVP_XML_CLOSE && choice->closed < 1000000);
		choice->has_ended = (token.kind == NVP_XML_END);
		if (!note_token(survey, &token))
			break;
	}
	if (survey->keys.count > 0)
		choose(survey, choice);
	nvp_names_free(&survey->keys);
	pfree(survey->paths);
	if (survey->key)
		pfree(survey->key);
	pfree(survey);
}

/* nvp_xml_look surveys text that is in memory and in UTF-8. */
void
nvp_xml_look(const char *text, size_t len, NvpXmlChoice *choice)
{
	NvpReaderBase base = {0};
	NvpXmlParser *parser;

	base.inner = base.reader.source = nvp_source_memory(text, len);
	base.reader.format.max_record_bytes = NVP_DEFAULT_RECORD_BYTES;
	nvp_window_init(&base.window, base.inner, NVP_WINDOW_BYTES, NVP_WINDOW_BYTES);
	parser = nvp_xml_parser_create(&base.reader, &base.window);
	memset(choice, 0, sizeof(*choice));
	if (nvp_xml_begin(parser, 0))
		nvp_xml_survey(parser, len, choice);
	choice->stopped_at = base.reader.error.byte_offset;
	nvp_xml_parser_free(parser);
	nvp_window_free(&base.window);
	base.inner->close(base.inner);
}
