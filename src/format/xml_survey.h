/*-------------------------------------------------------------------------
 *
 * xml_survey.h
 *		Which elements of an XML document are its rows.
 *
 * Flow:   tokens --> a tree of the paths that occur --> the path of the rows
 * Memory: a node for each path, NVP_XML_SURVEY_PATHS of them at most; freed
 *		   before the call returns.
 * Errors: none of its own; the parser's stay in the reader's error.
 *
 * Of the elements that occur more than once within one parent those with the
 * most columns are the rows; of several with as many those that come first.
 * Columns are attributes, texts and what stands in children that do not repeat;
 * a child that repeats and is but a text counts as one, others are tables of
 * their own.  If nothing repeats but single texts, there is one row: the first
 * element, from the root on, that is more than a wrapper around another.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_XML_SURVEY_H
#define NVP_XML_SURVEY_H

#include "format/xml_parse.h"

#define NVP_XML_SURVEY_BYTES	(16 * 1024 * 1024)	/* rows are chosen by what stands before */
#define NVP_XML_SURVEY_PATHS	10000

typedef struct NvpXmlChoice
{
	char		path[256];		/* /orders/order; empty: there is no element */
	int			columns;
	uint64		rows;			/* seen */
	bool		repeats;		/* it is a table, not one row */
	char		rival[256];		/* the next best table, or empty */
	int			rival_columns;
	int			opened;			/* start tags seen, up to a million */
	int			closed;			/* end tags */
	uint64		stopped_at;		/* nvp_xml_look: byte where it is not well-formed */
	bool		has_ended;		/* all of the document was seen, and it is well-formed */
} NvpXmlChoice;

extern void nvp_xml_survey(NvpXmlParser *parser, uint64 max_bytes, NvpXmlChoice *choice);
extern void nvp_xml_look(const char *text, size_t len, NvpXmlChoice *choice);

#endif							/* NVP_XML_SURVEY_H */
