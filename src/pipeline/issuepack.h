/*-------------------------------------------------------------------------
 *
 * issuepack.h
 *		How issues lie in the table: many to a row, packed.
 *
 * One table row and one index entry for each issue cost as much as checking
 * the whole file; packed, about forty share a page, a table row and an index
 * entry.  Nothing is dropped: every issue, and every rejected row with the
 * first of its issues, can be read back by nvp_unpack_next.
 *
 *		names := version, list of the model's keys, of the source's names for
 *				 them, of the header, of codes, of messages, [ of sheets ]
 *		list  := n, { text }*n
 *		text  := 0 if NULL, else its bytes + 1; the bytes
 *		pack  := version, issue*
 *		issue := flags, row number (0 = the whole input), [ line number ], [ sheet ],
 *				 column of the model + 1, code, message (an index, or text), [ value ], [ row ]
 *		row	  := n, { bytes of the cell * 8 + its kind; the bytes }*n,
 *				 surplus text
 *
 * Numbers are LEB128, so the layout is the same on every machine.  Codes and
 * messages are indexes into lists kept beside, so that what is stored does not
 * depend on the version that wrote it.
 *
 * Memory: writing appends to the caller's buffer.  Reading: texts point into the
 *		   pack; NvpIssueNames owns a copy of its bytes.
 * Errors: reading throws XX001 where the bytes are none of ours; nothing beyond
 *		   their end is looked at.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_ISSUEPACK_H
#define NVP_ISSUEPACK_H

#include "lib/stringinfo.h"

#include "base/cell.h"
#include "base/code.h"

#define NVP_PACK_VERSION	1

#define NVP_PACKED_WARNING	0x01
#define NVP_PACKED_CUT		0x02	/* the value was longer */
#define NVP_PACKED_LINE		0x04	/* the line is known */
#define NVP_PACKED_VALUE	0x08
#define NVP_PACKED_ROW		0x10	/* the row was rejected, and this is its first issue */
#define NVP_PACKED_MESSAGE	0x20	/* the message is here, not in the list */
#define NVP_PACKED_SHEET	0x40	/* not the first one of the workbook */

typedef struct NvpPackedText
{
	const char *ptr;			/* NULL = none; not terminated */
	uint32		len;
} NvpPackedText;

typedef struct NvpPackedList
{
	int			n;
	NvpPackedText *items;
} NvpPackedList;

typedef struct NvpIssueNames
{
	char	   *bytes;			/* what it was made of */
	int			len;
	NvpPackedList keys;
	NvpPackedList sources;
	NvpPackedList header;
	NvpPackedList codes;
	NvpPackedList messages;
	NvpPackedList sheets;		/* of a workbook */
} NvpIssueNames;

/* one issue as it was packed; for writing and reading */
typedef struct NvpPackedIssue
{
	uint8		flags;
	uint64		row_no;
	uint64		line_no;
	uint32		sheet;			/* of a workbook: its index, else 0 */
	int			column;			/* -1 = the row */
	uint32		code;
	uint32		message_no;		/* unless NVP_PACKED_MESSAGE */
	NvpPackedText message;
	NvpPackedText value;
	int			ncells;			/* read with nvp_unpack_row */
} NvpPackedIssue;

/* where reading has come to */
typedef struct NvpPackReader
{
	const char *p;
	const char *end;
} NvpPackReader;

extern void nvp_pack_list(StringInfo buf, const char *const *texts, int n);
extern void nvp_pack_issue(StringInfo buf, const NvpPackedIssue *issue);
extern void nvp_pack_row(StringInfo buf, const NvpBatch *batch, int row);

extern NvpIssueNames *nvp_unpack_names(const char *bytes, int len);
extern void nvp_unpack_open(NvpPackReader *reader, const char *bytes, int len);
extern bool nvp_unpack_next(NvpPackReader *reader, const NvpIssueNames *names, NvpPackedIssue *issue);
extern int	nvp_unpack_source(const NvpIssueNames *names, int column);
extern char *nvp_unpack_place(const NvpIssueNames *names, const NvpPackedIssue *issue, bool whole_row);
extern void nvp_unpack_row(NvpPackReader *reader, const NvpIssueNames *names, int ncells,
						   NvpCell *cells, NvpPackedText *surplus);

#endif							/* NVP_ISSUEPACK_H */
