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

#include "lib/stringinfo.h"

#include "format/json_scan.h"
#include "format/json_walk.h"
#include "format/reader_impl.h"
#include "format/row_path.h"

#define NVP_JSON_FLATTEN_DEPTH	32	/* what is nested deeper is one cell with its text */

typedef enum NvpJsonArrayState
{
	NVP_BEFORE_ARRAY,				/* on the way to the rows */
	NVP_BEFORE_SINGLE,				/* an object that is the only row */
	NVP_BEFORE_FIRST,				/* behind the bracket */
	NVP_BEFORE_ELEMENT,				/* behind a comma */
	NVP_BEHIND_ELEMENT,
	NVP_BEHIND_ARRAY
} NvpJsonArrayState;

/* a key, by the object it stands in */
typedef struct NvpJsonKey
{
	int			parent;			/* the key whose value that object is, -1 = the row */
	int			column;			/* of its values, -1 if they all were objects so far */
	char	   *path;			/* its name as a column: address.city */
	char	   *quoted;			/* the key in quotes as a file would have it */
	uint32		quoted_len;		/* 0: the key would need escapes, ask the table */
} NvpJsonKey;

typedef struct NvpJsonReader
{
	NvpReaderBase base;
	bool		is_lines;
	NvpJsonArrayState	state;			/* of an array */
	NvpRowPath	path;			/* where the rows are */
	NvpJsonWalk walk;			/* of what is around them */
	int			matched;		/* names of path that were gone into */
	NvpNames	names;			/* of keys: parent and key; index = key */
	NvpJsonKey *keys;
	int			allocated;		/* keys and order */
	int		   *order;			/* the n-th key of the last object */
	StringInfoData name;
	uint64	   *seen;			/* by column: serial of the last object that has it */
	int			allocated_seen;
	int			norder;
	uint64		serial;			/* of the current object */
	const char *object;			/* its opening brace */
	uint64		proved;			/* serial of the last object known to be JSON to its end */
	uint32		width;			/* values of the current object */
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

/* json_object.c */
extern void nvp_json_init_keys(NvpJsonReader *json);
extern void nvp_json_free_keys(NvpJsonReader *json);
extern NvpJsonObject nvp_json_object(NvpJsonReader *json, NvpBatch *batch, int row,
									 const char **pp, const char *end);

/* json_find.c: the way to the rows, and back */
typedef enum NvpJsonStep
{
	NVP_STEP_ON,					/* go on while there is room */
	NVP_STEP_MORE,					/* bytes are needed */
	NVP_STEP_FULL,					/* hand out the batch before going on */
	NVP_STEP_END,
	NVP_STEP_BAD
} NvpJsonStep;

extern NvpJsonStep nvp_json_find_rows(NvpJsonReader *json);
extern NvpJsonStep nvp_json_leave_rows(NvpJsonReader *json);
extern bool nvp_json_set_path(NvpJsonReader *json);

/* json.c */
extern bool nvp_json_fail_at(NvpJsonReader *json, const char *at, const char *hint, const char *what);
extern void nvp_json_advance(NvpJsonReader *json, const char *p);
extern bool nvp_json_begin_file(NvpJsonReader *json);
extern bool nvp_json_read_more(NvpJsonReader *json);

#endif							/* NVP_JSON_IMPL_H */
