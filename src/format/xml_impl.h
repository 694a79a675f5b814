/*-------------------------------------------------------------------------
 *
 * xml_impl.h
 *		What xml.c, which knows documents, and xml_row.c, which knows rows,
 *		share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_XML_IMPL_H
#define NVP_XML_IMPL_H

#include "lib/stringinfo.h"

#include "base/arena.h"
#include "format/row_path.h"
#include "format/xml_parse.h"

#define NVP_XML_REPEATS		100 /* children of one name that get columns; what is more is told of the row */

/* an element or attribute below the row's, by name and occurrence; 0 is the row's own */
typedef struct NvpXmlNode
{
	int			base;			/* the first occurrence */
	int			occurrence;		/* from 1 */
	int			first;			/* the child that came first the last time, -1 = none */
	int			follower;		/* the sibling that came behind it the last time */
	int			column;			/* of its text, -1 = none so far */
	bool		has_children;	/* elements were seen in it */
	uint64		serial;			/* base: of the parent's instance that count belongs to */
	int			count;
	char	   *path;			/* its name as a column */
} NvpXmlNode;

typedef struct NvpXmlFrame
{
	int			node;
	int			last;			/* the child opened last, -1 = none */
	uint64		serial;
	uint32		begin;			/* of its text in the row's */
	bool		has_children;
	bool		has_attributes;
	bool		has_text;
	bool		keeps_space;
	bool		is_nil;
} NvpXmlFrame;

typedef struct NvpXmlValue
{
	uint32		begin;			/* in the row's text, or that of its attributes */
	uint32		len;
	bool		is_there;
	bool		is_attribute;
} NvpXmlValue;

typedef struct NvpXmlReader
{
	NvpReaderBase base;
	NvpXmlParser *parser;
	NvpRowPath	path;			/* the rows' */
	bool		is_pinned;		/* it was given */
	bool		has_parent;		/* an element was seen that rows may stand in */
	int			matched;		/* names of path that the open elements are */
	NvpReadError later;			/* of what follows the rows delivered; empty = none */
	NvpArena	arena;			/* text of a batch */
	int64		batch_bytes;

	/* columns */
	NvpNames	keys;			/* parent, occurrence and name; index = node */
	NvpNames	paths;
	NvpXmlNode *nodes;
	int			allocated_nodes;
	StringInfoData key;

	/* the row that is being read, or that waits for a batch with more columns */
	bool		is_waiting;
	uint64		line_no;
	uint32		width;
	int			depth;			/* frames in use */
	NvpXmlFrame frames[NVP_XML_DEPTH + 1];
	uint64		serial;
	StringInfoData text;
	StringInfoData attributes;
	NvpXmlValue *values;		/* by column */
	int			allocated_values;
	int			surplus_depth;	/* elements open within one that gets no column */
	StringInfoData surplus;
} NvpXmlReader;

/* xml_row.c */
typedef enum NvpXmlStep
{
	NVP_XML_ON,
	NVP_XML_ROW,				/* the row is complete */
	NVP_XML_TOO_WIDE,			/* more than NVP_MAX_COLUMNS */
	NVP_XML_TOO_LONG			/* more than max_record_bytes */
} NvpXmlStep;

extern void nvp_xml_row_init(NvpXmlReader *xml);
extern void nvp_xml_row_free(NvpXmlReader *xml);
extern NvpXmlStep nvp_xml_row_begin(NvpXmlReader *xml, const NvpXmlToken *token);
extern NvpXmlStep nvp_xml_row_token(NvpXmlReader *xml, const NvpXmlToken *token);
extern bool nvp_xml_row_put(NvpXmlReader *xml, NvpBatch *batch);

#endif							/* NVP_XML_IMPL_H */
