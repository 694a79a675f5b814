/*-------------------------------------------------------------------------
 *
 * xml_parse_impl.h
 *		What parsing (xml_parse.c) and telling of what failed (xml_fail.c) share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_XML_PARSE_IMPL_H
#define NVP_XML_PARSE_IMPL_H

/* makes expat.h declare the limits on entities, which are in every libexpat since 2.4 */
#define XML_DTD 1
#include <expat.h>

#include "format/xml_parse.h"

/* entities may come to so many bytes for one of the document, beyond some that they may unasked */
#define AMPLIFICATION	100.0f

/* why a callback stopped the parser for good */
typedef enum StopReason
{
	STOP_NONE = 0,
	STOP_MEMORY,
	STOP_DEPTH,
	STOP_ENTITY
} StopReason;

typedef struct Event
{
	uint8		kind;
	int16		depth;
	uint32		name;			/* offsets in text */
	uint32		name_len;
	uint32		text;
	uint32		text_len;
	uint64		line_no;
} Event;

struct NvpXmlParser
{
	NvpReader  *reader;
	NvpWindow  *window;
	XML_Parser	expat;
	int64		used;			/* bytes libexpat holds */
	int64		limit;

	Event	   *events;
	uint32		nevents;
	uint32		allocated_events;
	uint32		at;				/* the next to be read */
	char	   *text;
	uint32		text_len;
	uint32		text_size;

	int			depth;
	int			line_depth;
	uint64		lines_before;	/* of white space that libexpat did not get */
	bool		has_begun;
	bool		is_fed;			/* libexpat was given something */
	bool		is_suspended;
	bool		is_done;		/* libexpat has got the last byte */
	bool		is_scrubbed;	/* disguises may occur */
	bool		has_failed;
	StopReason	stop;
	char		entity[64];		/* of STOP_ENTITY */
	char	   *scrubbed;
};

extern bool nvp_xml_fail_limit(NvpXmlParser *parser, uint64 line_no, uint64 offset);
extern bool nvp_xml_fail_parse(NvpXmlParser *parser);

#endif							/* NVP_XML_PARSE_IMPL_H */
