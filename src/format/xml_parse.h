/*-------------------------------------------------------------------------
 *
 * xml_parse.h
 *		XML documents, token by token.
 *
 * Flow:   source --> window --(scrub)--> libexpat --> tape --> tokens
 * Calls:  nvp_xml_parser_create, nvp_xml_begin, nvp_xml_next*,
 *		   nvp_xml_parser_free.  begin may be called again for another pass.
 * Memory: in the context that is current, libexpat's included; the tape holds
 *		   what some 16 kB of the document came to, and libexpat gets at most
 *		   a few times max_record_bytes.  Tokens are views into the tape, valid
 *		   until the next call.
 * Errors: NVP_XML_BAD, and the reader's error tells; nothing is thrown within
 *		   the callbacks of libexpat, which only write the tape.
 *
 * What is read: text, CDATA and attributes; white space before the declaration,
 * which some writers put there, is passed over; comments and instructions are not
 * told.  Entities that the document itself declares are expanded within limits;
 * nothing outside of the document is ever fetched: where it refers to something
 * there, that is an error, as it is where an entity is not declared.
 *
 * Bytes that are no UTF-8, and control characters that XML does not allow, do
 * not end reading: they stand in the text they belong to as they were found, so
 * that the cell is reported.
 *
 * Source: XML 1.0, fifth edition; Namespaces in XML 1.0.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_XML_PARSE_H
#define NVP_XML_PARSE_H

#include "format/reader_impl.h"
#include "format/xml_scrub.h"

#define NVP_XML_DEPTH		200	/* elements within one another */

typedef enum NvpXmlKind
{
	NVP_XML_OPEN,				/* a start tag, followed by its attributes */
	NVP_XML_ATTRIBUTE,
	NVP_XML_TEXT,				/* between two tags, in one piece or several */
	NVP_XML_CLOSE,
	NVP_XML_END,
	NVP_XML_BAD
} NvpXmlKind;

typedef struct NvpXmlToken
{
	NvpXmlKind	kind;
	int			depth;			/* OPEN, CLOSE: of the element, the root has 1 */
	const char *name;			/* OPEN, ATTRIBUTE: without prefix */
	uint32		name_len;
	const char *prefix;
	uint32		prefix_len;
	const char *space;			/* namespace, as its URI */
	uint32		space_len;
	const char *text;			/* ATTRIBUTE, TEXT */
	uint32		text_len;
	uint64		line_no;		/* OPEN at the depth that lines are wanted for */
} NvpXmlToken;

typedef struct NvpXmlParser NvpXmlParser;

extern NvpXmlParser *nvp_xml_parser_create(NvpReader *reader, NvpWindow *window);
extern bool nvp_xml_begin(NvpXmlParser *parser, int line_depth);
extern NvpXmlKind nvp_xml_next(NvpXmlParser *parser, NvpXmlToken *token);
extern uint64 nvp_xml_bytes(const NvpXmlParser *parser);
extern void nvp_xml_parser_free(NvpXmlParser *parser);

#endif							/* NVP_XML_PARSE_H */
