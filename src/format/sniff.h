/*-------------------------------------------------------------------------
 *
 * sniff.h
 *		Guess the format of data from its first bytes.
 *
 * Each guess carries a confidence, the runner-up and a reason.  A guess never
 * drops rows: rows before a header are passed over only where they are plainly
 * a preamble, and the reader counts them.
 *
 * Memory: what is needed for the time of the call; the result holds no pointer
 *		   to be freed.
 * Errors: none.  NVP_FORMAT_UNKNOWN when the data is nothing we read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_SNIFF_H
#define NVP_SNIFF_H

#include "format/decompress.h"
#include "format/reader.h"

#define NVP_SNIFF_BYTES		(256 * 1024)	/* more than this of a sample is not looked at */

typedef struct NvpVerdict
{
	double		confidence;		/* 0 to 1 */
	bool		is_ambiguous;	/* the runner-up is as likely; ask */
	char		runner_up[24];	/* as an option would name it; may be empty */
	char		reason[160];
} NvpVerdict;

/* a sheet of a workbook */
typedef struct NvpSniffSheet
{
	char	   *name;
	bool		is_hidden;
	bool		is_read;
} NvpSniffSheet;

typedef struct NvpSniff
{
	NvpFormat	format;
	const char *compression;	/* its name, of the outermost if there are several */
	NvpVerdict	compression_verdict;
	int			ncols;			/* of delimited text and workbooks */
	int			nsheets;		/* of a workbook */
	NvpSniffSheet *sheets;		/* in the context of the caller */
	NvpVerdict	kind;
	NvpVerdict	encoding;
	NvpVerdict	delimiter;
	NvpVerdict	quote;
	NvpVerdict	header;
	NvpVerdict	preamble;
} NvpSniff;

/* what is settled already; guesses about the rest are made under it */
typedef struct NvpSniffPins
{
	bool		has_compression;
	bool		has_kind;
	bool		has_encoding;
	bool		has_delimiter;
	bool		has_quote;
	bool		has_escape;
	bool		has_header;
	bool		has_skip_rows;
	const char *member;			/* of an archive, or NULL */
	NvpCompression compression; /* the settled values */
	NvpFormat	format;
} NvpSniffPins;

extern void nvp_sniff(const char *sample, size_t len, bool sample_is_whole,
					  const char *file_name, const NvpSniffPins *pins, NvpSniff *sniff);

/* sniff_csv.c: delimiter, quote, header and preamble of UTF-8 text */
extern void nvp_sniff_csv(const char *text, size_t len, bool is_whole,
						  const char *file_name, const NvpSniffPins *pins, NvpSniff *sniff);

extern void nvp_verdict_set(NvpVerdict *verdict, double confidence,
							const char *fmt,...) pg_attribute_printf(3, 4);

#endif							/* NVP_SNIFF_H */
