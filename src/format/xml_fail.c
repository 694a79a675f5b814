/*-------------------------------------------------------------------------
 *
 * xml_fail.c
 *		Why an XML document could not be parsed, with the place and the cure.
 *
 * Memory, errors: see xml_parse.h.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/xml_parse_impl.h"

bool
nvp_xml_fail_limit(NvpXmlParser *parser, uint64 line_no, uint64 offset)
{
	NvpReader  *reader = parser->reader;

	reader->error.is_limit = true;
	if (parser->stop == STOP_DEPTH)
		return nvp_reader_fail(reader, line_no, offset, "No data is nested like that; check the file.",
							   "more than %d elements within one another in line " UINT64_FORMAT,
							   NVP_XML_DEPTH, line_no);
	return nvp_reader_fail(reader, line_no, offset,
						   "Choose an element of its own for each row with the option path, or raise max_record_bytes.",
						   "the row in line " UINT64_FORMAT " is longer than " INT64_FORMAT " bytes",
						   line_no, reader->format.max_record_bytes);
}

static const char *
hint_for(enum XML_Error code, bool is_cut)
{
	if (is_cut)
		return "The file seems to be cut off; fetch it again.";
	switch (code)
	{
		case XML_ERROR_UNDEFINED_ENTITY:
			return "XML knows &lt; &gt; &amp; &apos; and &quot;; write other characters themselves, or as &#number;.";
		case XML_ERROR_INVALID_TOKEN:
			return "A bare & must be written &amp;, and a bare < as &lt;.";
		case XML_ERROR_UNBOUND_PREFIX:
			return "Declare the prefix with xmlns:prefix=\"...\".";
		case XML_ERROR_JUNK_AFTER_DOC_ELEMENT:
			return "A document has one root element; send several documents as several files.";
		default:
			return "Repair the file there.";
	}
}

/* fail_parse tells what libexpat, or a callback, did not like */
bool
nvp_xml_fail_parse(NvpXmlParser *parser)
{
	NvpReader  *reader = parser->reader;
	enum XML_Error code = XML_GetErrorCode(parser->expat);
	uint64		line_no = parser->lines_before + XML_GetCurrentLineNumber(parser->expat);
	uint64		column = XML_GetCurrentColumnNumber(parser->expat) + 1;
	int64		index = XML_GetCurrentByteIndex(parser->expat);
	uint64		offset = parser->is_scrubbed || index < 0 ? parser->window->offset + parser->window->start : (uint64) index;
	bool		is_cut = (code == XML_ERROR_NO_ELEMENTS || code == XML_ERROR_UNCLOSED_TOKEN ||
						  code == XML_ERROR_PARTIAL_CHAR || code == XML_ERROR_UNCLOSED_CDATA_SECTION);

	if (parser->stop == STOP_ENTITY)
		return nvp_reader_fail(reader, line_no, offset,
							   "Nothing outside of the document is fetched; write what it stands for, or declare it in the document.",
							   "the document refers to an entity that it does not declare itself: &%s; in line "
							   UINT64_FORMAT ", column " UINT64_FORMAT, parser->entity, line_no, column);
	if (parser->stop != STOP_NONE || code == XML_ERROR_NO_MEMORY)
		return nvp_xml_fail_limit(parser, line_no, offset);
#if XML_MAJOR_VERSION > 2 || XML_MINOR_VERSION >= 4
	if (code == XML_ERROR_AMPLIFICATION_LIMIT_BREACH)
	{
		reader->error.is_limit = true;
		return nvp_reader_fail(reader, line_no, offset, "No data needs that; have the file checked.",
							   "entities expand to more than %d times the document in line " UINT64_FORMAT,
							   (int) AMPLIFICATION, line_no);
	}
#endif
	return nvp_reader_fail(reader, line_no, offset, hint_for(code, is_cut),
						   "invalid XML in line " UINT64_FORMAT ", column " UINT64_FORMAT ": %s",
						   line_no, column, is_cut ? "the document is not complete" : XML_ErrorString(code));
}
