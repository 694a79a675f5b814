/*-------------------------------------------------------------------------
 *
 * json_impl.h
 *		What json.c, which knows files, and json_object.c, which knows objects,
 *		share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_JSON_IMPL_H
#define NVP_JSON_IMPL_H

#include "format/json_scan.h"
#include "format/reader_impl.h"

typedef enum NvpJsonArrayState
{
	NVP_BEFORE_ARRAY,
	NVP_BEFORE_FIRST,				/* behind the bracket */
	NVP_BEFORE_ELEMENT,				/* behind a comma */
	NVP_BEHIND_ELEMENT,
	NVP_BEHIND_ARRAY
} NvpJsonArrayState;

typedef struct NvpJsonColumn
{
	uint64		seen;			/* serial of the last object that has the key */
	char	   *quoted;			/* the key in quotes as a file would have it */
	uint32		quoted_len;		/* 0: the key would need escapes, ask the table */
} NvpJsonColumn;

typedef struct NvpJsonReader
{
	NvpReaderBase base;
	bool		is_lines;
	NvpJsonArrayState	state;			/* of an array */
	NvpNames	keys;			/* index = column */
	NvpJsonColumn *columns;
	int			allocated;		/* columns and order */
	int		   *order;			/* column of the n-th key of the last object */
	int			norder;
	uint64		serial;			/* of the current object */
	const char *object;			/* its opening brace */
	uint64		proved;			/* serial of the last object known to be JSON to its end */
	uint32		width;			/* pairs of the current object */
	uint64		line_no;		/* of the byte at window.start */
	uint32		bad_at;			/* offset in the window of what is not JSON */
} NvpJsonReader;

typedef enum NvpJsonObject
{
	NVP_OBJECT_OK,
	NVP_OBJECT_MORE,				/* the buffer ends within it */
	NVP_OBJECT_BAD,					/* it is not JSON */
	NVP_OBJECT_WIDE,				/* the batch must be widened first */
	NVP_OBJECT_TOO_WIDE				/* more than NVP_MAX_COLUMNS keys */
} NvpJsonObject;

extern void nvp_json_grow_columns(NvpJsonReader *json);
extern NvpJsonObject nvp_json_object(NvpJsonReader *json, NvpBatch *batch, int row,
									 const char **pp, const char *end);

#endif							/* NVP_JSON_IMPL_H */
