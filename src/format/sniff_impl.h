/*-------------------------------------------------------------------------
 *
 * sniff_impl.h
 *		What the parts of sniffing share with one another.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_SNIFF_IMPL_H
#define NVP_SNIFF_IMPL_H

#include "format/sniff.h"

#define NVP_SNIFF_RECORDS	500

typedef struct NvpSniffCell
{
	const char *ptr;			/* into the sample, without outer quotes, escapes as they are */
	uint32		len;
	uint8		type;			/* NvpFieldType */
	bool		is_typed;		/* by the file: a number, date or boolean of a workbook */
} NvpSniffCell;

typedef struct NvpSniffRecord
{
	int			first;			/* cell in the reading */
	int			width;
	bool		is_blank;
} NvpSniffRecord;

/* what one dialect makes of the text */
typedef struct NvpSniffReading
{
	char		delimiter;
	char		quote;
	int			nrecords;
	NvpSniffRecord *records;	/* numbered as the CSV reader does, blank lines included */
	int			ncells;
	int			maxcells;
	NvpSniffCell *cells;
	int			nquoted;		/* cells in quotes */
	int			nstray;			/* of them with text behind the closing quote */
	int			npadded;		/* cells that begin with a blank */
	int			ndoubled;		/* quotes within quotes that are doubled */
	int			nescaped;		/* or stand behind a backslash */
	bool		is_ruled;		/* a line was drawn between names and values */
	bool		is_unclosed;	/* a quote is still open at the end */
	int			width;			/* most frequent one */
	int			preamble;		/* records before the first of that width */
	double		score;
} NvpSniffReading;

static inline const NvpSniffCell *
nvp_sniff_cell(const NvpSniffReading *reading, int record, int col)
{
	return &reading->cells[reading->records[record].first + col];
}

/* sniff_type.c */
extern NvpFieldType nvp_sniff_type(const char *p, const char *end);
extern NvpFieldType nvp_sniff_column_type(const NvpSniffReading *reading, int col, int from,
										  int *filled, int *fitting);
extern void nvp_sniff_fields(const NvpSniffReading *reading, NvpSniff *sniff);

/* sniff_csv.c: delimiter, quote and all that follows from them, of UTF-8 text */
extern void nvp_sniff_csv(const char *text, size_t len, bool is_whole,
						  const char *file_name, const NvpSniffPins *pins, NvpSniff *sniff);

/* sniff_fixed.c */
extern void nvp_sniff_fixed(const char *text, size_t len, bool is_whole, const NvpSniffPins *pins, NvpSniff *sniff);

/* sniff_header.c */
extern bool nvp_sniff_names_group(const NvpSniffCell *cell);
extern int	nvp_sniff_preamble(const NvpSniffReading *reading);
extern void nvp_sniff_header(const NvpSniffReading *reading, const NvpSniffPins *pins, NvpSniff *sniff);
extern void nvp_sniff_move_header(NvpSniff *sniff, const int *places);
extern void nvp_sniff_transposed(const NvpSniffReading *reading, NvpSniff *sniff);

/* sniff_sheet.c: where the table of a workbook begins, and what its columns are; false: reader->error is set */
extern bool nvp_sniff_sheet(NvpReader *reader, const NvpSniffPins *pins, NvpSniff *sniff);

#endif							/* NVP_SNIFF_IMPL_H */
