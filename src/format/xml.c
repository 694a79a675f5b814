/*-------------------------------------------------------------------------
 *
 * xml.c
 *		XML documents: the elements at a path, one row each.
 *
 * Flow:   tokens (xml_parse.c) --(xml_row.c)--> rows
 *
 * Opening chooses the rows (xml_survey.c) unless a path is given, reads the
 * first of them for their columns and begins again.  Columns that come later
 * widen the batch; a row with more columns than there is room for waits for the
 * next one.
 *
 * Memory: see reader.h and xml_parse.h; the text of a batch, some MB at most but
 *		   for a single row.
 * Errors: a document that is not well-formed ends reading there, after the rows
 *		   before were delivered, as does a row longer than max_record_bytes, or
 *		   more than NVP_MAX_COLUMNS columns.  Children of one name beyond
 *		   NVP_XML_REPEATS are told of the row (NVP_ROW_TOO_MANY).
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/xml_impl.h"
#include "format/xml_survey.h"

#define BATCH_BYTES		(4 * 1024 * 1024)	/* a batch with so much text is handed out */

static bool
fail_step(NvpXmlReader *xml, NvpXmlStep step)
{
	NvpReader  *reader = &xml->base.reader;

	reader->error.is_limit = true;
	if (step == NVP_XML_TOO_WIDE)
		return nvp_reader_fail(reader, xml->line_no, 0,
							   "Choose an element of its own for each row with the option path.",
							   "the rows have more than %d different columns by line " UINT64_FORMAT,
							   NVP_MAX_COLUMNS, xml->line_no);
	return nvp_reader_fail(reader, xml->line_no, 0,
						   "Choose an element of its own for each row with the option path, or raise max_record_bytes.",
						   "the row in line " UINT64_FORMAT " is longer than " INT64_FORMAT " bytes",
						   xml->line_no, reader->format.max_record_bytes);
}

/* outside_token looks for the beginning of a row; true if this is one */
static bool
outside_token(NvpXmlReader *xml, const NvpXmlToken *token)
{
	if (token->kind == NVP_XML_CLOSE && token->depth == xml->matched)
		xml->matched--;
	if (token->kind != NVP_XML_OPEN || token->depth != xml->matched + 1 || xml->matched == xml->path.n ||
		!nvp_row_path_is(&xml->path, xml->matched, token->prefix, token->prefix_len, token->name, token->name_len))
		return false;
	xml->matched++;
	xml->has_parent |= (xml->matched >= xml->path.n - 1);
	return xml->matched == xml->path.n;
}

/* read_row reads tokens until a row is complete */
static NvpXmlKind
read_row(NvpXmlReader *xml)
{
	NvpXmlToken token;

	for (;;)
	{
		NvpXmlKind	kind = nvp_xml_next(xml->parser, &token);
		NvpXmlStep	step;

		if (kind == NVP_XML_END || kind == NVP_XML_BAD)
			return kind;
		if (xml->depth > 0)
			step = nvp_xml_row_token(xml, &token);
		else if (outside_token(xml, &token))
			step = nvp_xml_row_begin(xml, &token);
		else
			continue;
		if (step == NVP_XML_ROW)
		{
			xml->matched--;
			return NVP_XML_CLOSE;
		}
		if (step != NVP_XML_ON)
		{
			fail_step(xml, step);
			return NVP_XML_BAD;
		}
	}
}

static NvpReadStatus
read_rows(NvpXmlReader *xml, NvpBatch *batch)
{
	NvpReadError *error = &xml->base.reader.error;

	nvp_arena_reset(&xml->arena);
	xml->batch_bytes = 0;
	if (xml->later.message[0])
	{
		*error = xml->later;
		return NVP_READ_BAD;
	}
	while (batch->nrows < batch->capacity && xml->batch_bytes < BATCH_BYTES)
	{
		NvpXmlKind	kind = xml->is_waiting ? NVP_XML_CLOSE : read_row(xml);

		if (kind == NVP_XML_BAD && batch->nrows > 0)
		{
			/* what is wrong is told behind these rows */
			xml->later = *error;
			memset(error, 0, sizeof(*error));
			return NVP_READ_OK;
		}
		if (kind == NVP_XML_BAD)
			return NVP_READ_BAD;
		if (kind == NVP_XML_END)
			return batch->nrows > 0 ? NVP_READ_OK : NVP_READ_END;
		xml->is_waiting = !nvp_xml_row_put(xml, batch);
		if (xml->is_waiting)
			break;
	}
	return NVP_READ_OK;
}

static bool
begin_file(NvpXmlReader *xml)
{
	xml->matched = xml->depth = 0;
	xml->is_waiting = false;
	memset(&xml->later, 0, sizeof(xml->later));
	return nvp_xml_begin(xml->parser, xml->path.n);
}

static bool
xml_rewind(NvpReader *reader)
{
	if (!reader->source->rewind(reader->source))
		return nvp_reader_fail_io(reader);
	return begin_file((NvpXmlReader *) reader);
}

/* ---- opening ---------------------------------------------------------------- */

/* look_around surveys the document from its beginning; what is wrong with it is found again later */
static bool
look_around(NvpXmlReader *xml, NvpXmlChoice *choice)
{
	NvpReadError *error = &xml->base.reader.error;

	if (!begin_file(xml))
		return false;
	nvp_xml_survey(xml->parser, NVP_XML_SURVEY_BYTES, choice);
	if (error->is_empty || (choice->path[0] == '\0' && error->message[0]))
		return false;
	if (error->is_io)
		return false;
	memset(error, 0, sizeof(*error));
	return true;
}

static bool
choose_path(NvpXmlReader *xml)
{
	NvpReader  *reader = &xml->base.reader;
	NvpXmlChoice choice;
	const char *error;

	if (!look_around(xml, &choice))
		return false;
	if (choice.path[0] == '\0' || !nvp_row_path_parse(choice.path, &xml->path, &error))
		return nvp_reader_fail(reader, 0, 0, "Set the option path to the elements that are the rows, as in /orders/order.",
							   "the document has no elements that can be told to be its rows");
	return reader->source->rewind(reader->source) || nvp_reader_fail_io(reader);
}

/* fail_missing tells that no element is at the path that was given, and what there is */
static bool
fail_missing(NvpXmlReader *xml)
{
	NvpReader  *reader = &xml->base.reader;
	NvpXmlChoice choice = {{0}};
	char		hint[200] = "";

	if (reader->source->rewind(reader->source) && look_around(xml, &choice) && choice.path[0])
		snprintf(hint, sizeof(hint), "The rows seem to be %.*s.", 150, choice.path);
	return nvp_reader_fail(reader, 0, 0, hint, "the document has no element at the path \"%s\"", reader->format.path);
}

static bool
set_path(NvpXmlReader *xml)
{
	NvpReader  *reader = &xml->base.reader;
	const char *error;

	xml->is_pinned = (reader->format.path != NULL && reader->format.path[0] != '\0');
	if (!xml->is_pinned)
		return choose_path(xml);
	if (!nvp_row_path_parse(reader->format.path, &xml->path, &error))
		return nvp_reader_fail(reader, 0, 0, "Write it as /orders/order, or as orders.order.",
							   "the path \"%s\" is none: %s", reader->format.path, error);
	return xml->path.n > 0 || nvp_reader_fail(reader, 0, 0, "Write it as /orders/order, or as orders.order.",
											  "the path \"%s\" names no element", reader->format.path);
}

static bool
xml_open(NvpReader *reader)
{
	NvpXmlReader *xml = (NvpXmlReader *) reader;
	NvpBatch   *scratch;
	NvpReadStatus status;

	xml->parser = nvp_xml_parser_create(reader, &xml->base.window);
	nvp_xml_row_init(xml);
	if (!set_path(xml))
		return reader->error.is_empty;
	if (!begin_file(xml))
		return false;

	/* columns are known from the first rows on */
	scratch = nvp_batch_create(0);
	status = read_rows(xml, scratch);
	nvp_batch_free(scratch);
	if (status == NVP_READ_BAD || reader->error.is_empty)
		return reader->error.is_empty;
	if (status == NVP_READ_END && !xml->has_parent)
		return fail_missing(xml);
	return xml_rewind(reader);
}

static NvpReadStatus
xml_next(NvpReader *reader, NvpBatch *batch)
{
	NvpXmlReader *xml = (NvpXmlReader *) reader;

	if (reader->error.is_empty)
		return NVP_READ_END;
	return read_rows(xml, batch);
}

static void
xml_close(NvpReader *reader)
{
	NvpXmlReader *xml = (NvpXmlReader *) reader;

	nvp_xml_row_free(xml);
	if (xml->parser)
		nvp_xml_parser_free(xml->parser);
	nvp_row_path_free(&xml->path);
}

static const NvpReaderRoutine xml_routine = {
	.name = "xml",
	.open = xml_open,
	.next = xml_next,
	.rewind = xml_rewind,
	.close = xml_close
};

const NvpReaderEntry nvp_xml_entry = {NVP_FORMAT_XML, sizeof(NvpXmlReader), &xml_routine};
