/*-------------------------------------------------------------------------
 *
 * xml_parse.c
 *		XML documents, token by token: libexpat behind a tape.
 *
 * libexpat pushes what it finds into callbacks, where nothing may throw.  So
 * these write events onto a tape, with memory that is asked for and may be
 * refused; the reader takes them from there.  A tape that grows too long, as by
 * the expansion of entities, stops the parser until it was read.
 *
 * See xml_parse.h for calls, memory and errors.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: expat.h, "libexpat API reference" 2.5.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/xml_parse_impl.h"

#define PIECE_BYTES		16384	/* given to libexpat at a time */
#define TAPE_BYTES		(512 * 1024)	/* a longer tape is read before parsing goes on */
#define SEPARATOR		'\n'	/* between namespace, name and prefix; no URI has it */
#define FREE_BYTES		(INT64CONST(16) * 1024 * 1024)	/* libexpat's beside the record */
#define ACTIVATION		(INT64CONST(1) * 1024 * 1024)	/* entities may bring this much unasked */

/* ---- memory of libexpat ---------------------------------------------------- */

/*
 * Its functions for memory know no context, and run only within calls to it
 * from here; no second parser runs at the same time.
 */
static NvpXmlParser *current = NULL;

/* stands before every piece of its memory */
typedef struct Head
{
	NvpXmlParser *owner;
	size_t		size;
} Head;

#define HEAD_BYTES	MAXALIGN(sizeof(Head))

static void *
take_memory(size_t size)
{
	NvpXmlParser *parser = current;
	char	   *p;

	if (size > PG_INT32_MAX || parser->used + (int64) size > parser->limit)
		return NULL;
	p = palloc_extended(HEAD_BYTES + size, MCXT_ALLOC_NO_OOM | MCXT_ALLOC_HUGE);
	if (p == NULL)
		return NULL;
	((Head *) p)->owner = parser;
	((Head *) p)->size = size;
	parser->used += size;
	return p + HEAD_BYTES;
}

static void
give_memory(void *memory)
{
	Head	   *head;

	if (memory == NULL)
		return;
	head = (Head *) ((char *) memory - HEAD_BYTES);
	head->owner->used -= head->size;
	pfree(head);
}

static void *
change_memory(void *memory, size_t size)
{
	Head	   *head = memory ? (Head *) ((char *) memory - HEAD_BYTES) : NULL;
	void	   *changed;

	if (head && size <= head->size)
		return memory;
	changed = take_memory(size);
	if (changed && head)
	{
		memcpy(changed, memory, head->size);
		give_memory(memory);
	}
	return changed;
}

/* ---- the tape -------------------------------------------------------------- */

/* grow makes room without throwing; false if there is none to be had */
static bool
grow(void **array, uint32 *allocated, uint32 used, uint64 wanted, size_t item)
{
	uint64		n = Max(wanted, (uint64) *allocated * 2);
	void	   *larger;

	if (wanted <= *allocated)
		return true;
	if (n > PG_INT32_MAX / item)
		return false;
	larger = palloc_extended(n * item, MCXT_ALLOC_NO_OOM | MCXT_ALLOC_HUGE);
	if (larger == NULL)
		return false;
	if (*array)
	{
		memcpy(larger, *array, used * item);
		pfree(*array);
	}
	*array = larger;
	*allocated = (uint32) n;
	return true;
}

static void
stop(NvpXmlParser *parser, StopReason why)
{
	if (parser->stop == STOP_NONE)
		parser->stop = why;
	(void) XML_StopParser(parser->expat, XML_FALSE);
}

/* put_text appends bytes to the tape; returns how many came of them, -1 if there is no room */
static int64
put_text(NvpXmlParser *parser, const char *text, uint64 len)
{
	if (parser->text_len + len + 1 > (uint64) parser->limit ||
		!grow((void **) &parser->text, &parser->text_size, parser->text_len, parser->text_len + len + 1, 1))
	{
		stop(parser, STOP_MEMORY);
		return -1;
	}
	memcpy(parser->text + parser->text_len, text, len);
	if (parser->is_scrubbed)
		len = nvp_xml_unscrub(parser->text + parser->text_len, len);
	parser->text_len += len;
	return len;
}

static Event *
put_event(NvpXmlParser *parser, NvpXmlKind kind)
{
	Event	   *event;

	if (!grow((void **) &parser->events, &parser->allocated_events, parser->nevents,
			  (uint64) parser->nevents + 1, sizeof(Event)))
	{
		stop(parser, STOP_MEMORY);
		return NULL;
	}
	event = &parser->events[parser->nevents++];
	memset(event, 0, sizeof(*event));
	event->kind = kind;
	event->depth = parser->depth;
	return event;
}

/* pause_if_long lets the reader empty the tape before more comes */
static void
pause_if_long(NvpXmlParser *parser)
{
	if (parser->text_len + parser->nevents * sizeof(Event) > TAPE_BYTES && parser->stop == STOP_NONE)
		(void) XML_StopParser(parser->expat, XML_TRUE);
}

/* put_named puts an event with a name, and, of attributes, a text; false if there was no room */
static bool
put_named(NvpXmlParser *parser, NvpXmlKind kind, const char *name, const char *text)
{
	Event	   *event = put_event(parser, kind);
	int64		len;

	if (event == NULL)
		return false;
	event->name = parser->text_len;
	len = put_text(parser, name, strlen(name));
	event->name_len = Max(len, 0);
	if (text && len >= 0)
	{
		event->text = parser->text_len;
		len = put_text(parser, text, strlen(text));
		event->text_len = Max(len, 0);
	}
	return len >= 0;
}

static void
on_open(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	NvpXmlParser *parser = arg;

	if (parser->stop != STOP_NONE)
		return;
	if (++parser->depth > NVP_XML_DEPTH)
	{
		stop(parser, STOP_DEPTH);
		return;
	}
	if (!put_named(parser, NVP_XML_OPEN, name, NULL))
		return;
	if (parser->depth == parser->line_depth)
		parser->events[parser->nevents - 1].line_no = parser->lines_before + XML_GetCurrentLineNumber(parser->expat);
	for (; *attributes; attributes += 2)
		if (!put_named(parser, NVP_XML_ATTRIBUTE, attributes[0], attributes[1]))
			return;
	pause_if_long(parser);
}

static void
on_close(void *arg, const XML_Char *name)
{
	NvpXmlParser *parser = arg;

	if (parser->stop != STOP_NONE)
		return;
	(void) put_event(parser, NVP_XML_CLOSE);
	parser->depth--;
	pause_if_long(parser);
}

static void
on_text(void *arg, const XML_Char *text, int len)
{
	NvpXmlParser *parser = arg;
	Event	   *last = parser->nevents > 0 ? &parser->events[parser->nevents - 1] : NULL;
	uint32		begin = parser->text_len;
	int64		put;

	if (parser->stop != STOP_NONE)
		return;
	put = put_text(parser, text, len);
	if (put < 0)
		return;
	/* lines, entities and CDATA come one by one; for us they are one text */
	if (last && last->kind == NVP_XML_TEXT && parser->at < parser->nevents)
		last->text_len += put;
	else if ((last = put_event(parser, NVP_XML_TEXT)) != NULL)
	{
		last->text = begin;
		last->text_len = put;
	}
	pause_if_long(parser);
}

static void
stop_at_entity(NvpXmlParser *parser, const char *name)
{
	strlcpy(parser->entity, name ? name : "", sizeof(parser->entity));
	stop(parser, STOP_ENTITY);
}

static void
on_skipped_entity(void *arg, const XML_Char *name, int is_parameter)
{
	if (!is_parameter)
		stop_at_entity(arg, name);
}

/* on_external_entity refuses; which one it is stands in the context, as the last of a list */
static int
on_external_entity(XML_Parser expat, const XML_Char *context, const XML_Char *base,
				   const XML_Char *system_id, const XML_Char *public_id)
{
	const char *last = context ? strrchr(context, '\f') : NULL;

	stop_at_entity(XML_GetUserData(expat), last ? last + 1 : context);
	return XML_STATUS_ERROR;
}

/* ---- parsing --------------------------------------------------------------- */

static NvpXmlKind
take_event(NvpXmlParser *parser, NvpXmlToken *token)
{
	const Event *event = &parser->events[parser->at++];
	const char *name = parser->text + event->name;
	const char *end = name + event->name_len;
	const char *first;
	const char *second;

	token->kind = event->kind;
	token->depth = event->depth;
	token->line_no = event->line_no;
	token->text = parser->text + event->text;
	token->text_len = event->text_len;
	token->space = token->prefix = "";
	token->space_len = token->prefix_len = 0;
	token->name = name;
	token->name_len = event->name_len;
	first = event->name_len > 0 ? memchr(name, SEPARATOR, end - name) : NULL;
	if (first == NULL)
		return token->kind;
	token->space = name;
	token->space_len = first - name;
	token->name = first + 1;
	second = memchr(first + 1, SEPARATOR, end - first - 1);
	token->name_len = (second ? second : end) - token->name;
	if (second)
	{
		token->prefix = second + 1;
		token->prefix_len = end - token->prefix;
	}
	return token->kind;
}

/* skip_front passes over white space that stands before everything else; false if the source failed */
static bool
skip_front(NvpXmlParser *parser)
{
	NvpWindow  *window = parser->window;

	while (!parser->has_begun)
	{
		for (; window->start < window->end && nvp_xml_is_space(window->buf[window->start]); window->start++)
			parser->lines_before += (window->buf[window->start] == '\n');
		parser->has_begun = window->start < window->end || window->eof;
		if (!parser->has_begun && nvp_window_fill(window) != NVP_FILL_OK)
			return nvp_reader_fail_io(parser->reader);
	}
	return true;
}

/* next_piece finds what libexpat gets next; false if the source failed, which is set */
static bool
next_piece(NvpXmlParser *parser, const char **piece, uint32 *len)
{
	NvpWindow  *window = parser->window;

	if (!skip_front(parser))
		return false;
	for (;;)
	{
		uint32		left = window->end - window->start;

		*piece = window->buf + window->start;
		*len = Min(left, PIECE_BYTES);
		if (*len < left || !window->eof)
			*len = nvp_xml_whole(*piece, *len);
		if (*len > 0 || window->eof)
			break;
		if (nvp_window_fill(window) != NVP_FILL_OK)
			return nvp_reader_fail_io(parser->reader);
	}
	window->start += *len;
	parser->is_done = (window->eof && window->start == window->end);
	if (nvp_xml_is_clean(*piece, *len))
		return true;
	if (parser->scrubbed == NULL)
		parser->scrubbed = palloc(PIECE_BYTES * NVP_XML_SCRUBBED);
	parser->is_scrubbed = true;
	*len = nvp_xml_scrub(*piece, *len, parser->scrubbed);
	*piece = parser->scrubbed;
	return true;
}

/* parse_more writes a new tape; false on errors, which are set */
static bool
parse_more(NvpXmlParser *parser)
{
	enum XML_Status status;
	const char *piece = NULL;
	uint32		len = 0;

	parser->nevents = parser->at = parser->text_len = 0;
	if (!parser->is_suspended && !next_piece(parser, &piece, &len))
		return false;
	if (parser->is_done && len == 0 && !parser->is_suspended && !parser->is_fed)
	{
		parser->reader->error.is_empty = true;
		return true;
	}
	parser->is_fed = true;
	current = parser;
	if (parser->is_suspended)
		status = XML_ResumeParser(parser->expat);
	else
		status = XML_Parse(parser->expat, piece, (int) len, parser->is_done);
	current = NULL;
	parser->is_suspended = (status == XML_STATUS_SUSPENDED);
	return status != XML_STATUS_ERROR || nvp_xml_fail_parse(parser);
}

/*
 * nvp_xml_next returns the next token.
 *
 * out: NVP_XML_BAD after all tokens before the bad place; the reader's error
 *		tells.
 */
NvpXmlKind
nvp_xml_next(NvpXmlParser *parser, NvpXmlToken *token)
{
	while (parser->at == parser->nevents)
	{
		if (parser->has_failed)
			return token->kind = NVP_XML_BAD;
		if (parser->is_done && !parser->is_suspended)
			return token->kind = NVP_XML_END;
		parser->has_failed = !parse_more(parser);
		if (parser->has_failed && parser->nevents > 0)
			break;
	}
	return take_event(parser, token);
}

/* nvp_xml_bytes returns how much of the document was looked at. */
uint64
nvp_xml_bytes(const NvpXmlParser *parser)
{
	return parser->window->offset + parser->window->start;
}

/*
 * nvp_xml_parser_create makes a parser for what the window shows.
 *
 * in: the reader that is told of errors.
 * owner: nvp_xml_parser_free.
 */
NvpXmlParser *
nvp_xml_parser_create(NvpReader *reader, NvpWindow *window)
{
	NvpXmlParser *parser = palloc0(sizeof(NvpXmlParser));

	parser->reader = reader;
	parser->window = window;
	parser->limit = FREE_BYTES + reader->format.max_record_bytes * 3;
	return parser;
}

static void
free_expat(NvpXmlParser *parser)
{
	if (parser->expat)
		XML_ParserFree(parser->expat);
	parser->expat = NULL;
}

/* make_expat makes a new parser of libexpat, which then knows nothing of an earlier pass */
static bool
make_expat(NvpXmlParser *parser)
{
	static const XML_Memory_Handling_Suite suite = {take_memory, change_memory, give_memory};
	static const XML_Char separator[2] = {SEPARATOR, '\0'};
	XML_Parser	expat;

	/* the window has UTF-8, whatever the document declares */
	current = parser;
	expat = XML_ParserCreate_MM("UTF-8", &suite, separator);
	current = NULL;
	if (expat == NULL)
		return nvp_reader_fail(parser->reader, 0, 0, NULL, "there is no memory for a parser of XML");
	parser->expat = expat;
	XML_SetUserData(expat, parser);
	XML_SetReturnNSTriplet(expat, XML_TRUE);
	XML_SetElementHandler(expat, on_open, on_close);
	XML_SetCharacterDataHandler(expat, on_text);
	XML_SetSkippedEntityHandler(expat, on_skipped_entity);
	XML_SetExternalEntityRefHandler(expat, on_external_entity);
	XML_SetParamEntityParsing(expat, XML_PARAM_ENTITY_PARSING_NEVER);
#if XML_MAJOR_VERSION > 2 || XML_MINOR_VERSION >= 4
	(void) XML_SetBillionLaughsAttackProtectionActivationThreshold(expat, ACTIVATION);
	(void) XML_SetBillionLaughsAttackProtectionMaximumAmplification(expat, AMPLIFICATION);
#endif
	return true;
}

/*
 * nvp_xml_begin reads from the front of the source, which stands there.
 *
 * in: the depth of those elements whose lines are wanted, 0 for none.
 */
bool
nvp_xml_begin(NvpXmlParser *parser, int line_depth)
{
	free_expat(parser);
	parser->nevents = parser->at = parser->text_len = 0;
	parser->depth = 0;
	parser->line_depth = line_depth;
	parser->lines_before = 0;
	parser->has_begun = parser->is_fed = parser->is_suspended = parser->is_done = parser->is_scrubbed = parser->has_failed = false;
	parser->stop = STOP_NONE;
	if (nvp_window_begin(parser->window) != NVP_FILL_OK)
		return nvp_reader_fail_io(parser->reader);
	return make_expat(parser);
}

void
nvp_xml_parser_free(NvpXmlParser *parser)
{
	free_expat(parser);
	if (parser->events)
		pfree(parser->events);
	if (parser->text)
		pfree(parser->text);
	if (parser->scrubbed)
		pfree(parser->scrubbed);
	pfree(parser);
}
