/*-------------------------------------------------------------------------
 *
 * sniff.h
 *		Guess the format of data from its first bytes.
 *
 * Each guess carries a confidence, its rivals with theirs, and a reason.  Where a
 * rival is as likely the guess is ambiguous: somebody should be asked.  A guess
 * never drops rows: rows before a header are passed over only where they are
 * plainly a preamble, and the reader counts them.
 *
 * Memory: what is needed for the time of the call; the result holds no pointer
 *		   to be freed but sniff->fields and sniff->fixed, which nvp_sniff_free
 *		   frees; sniff->format refers to the latter.
 * Errors: none.  NVP_FORMAT_UNKNOWN when the data is nothing we read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_SNIFF_H
#define NVP_SNIFF_H

#include "format/decompress.h"
#include "format/detect.h"
#include "format/reader.h"

#define NVP_SNIFF_BYTES		(256 * 1024)	/* more than this of a sample is not looked at */
#define NVP_SNIFF_RIVALS	3
#define NVP_FIXED_SURE		0.9 /* from this confidence on a run reads columns of guessed widths */

/* another value that is possible */
typedef struct NvpRival
{
	char		value[24];		/* as an option would name it */
	double		score;			/* as confidence */
} NvpRival;

typedef struct NvpVerdict
{
	double		confidence;		/* 0 to 1 */
	bool		is_ambiguous;	/* a rival is as likely; ask */
	int			nrivals;
	NvpRival	rivals[NVP_SNIFF_RIVALS];	/* the likeliest first */
	char		reason[160];	/* empty: nothing was judged */
} NvpVerdict;

/* where the names of the columns may stand */
typedef struct NvpHeaderGuess
{
	bool		has_header;
	int			skip_rows;
	int			header_rows;	/* of has_header: lines that make up the names */
	double		score;			/* 0 to 1 */
	char		reason[96];
} NvpHeaderGuess;

#define NVP_HEADER_GUESSES	6

/* what the values of a column look like */
typedef enum NvpFieldType
{
	NVP_FIELD_EMPTY,
	NVP_FIELD_INTEGER,
	NVP_FIELD_DECIMAL,
	NVP_FIELD_DATE,
	NVP_FIELD_BOOLEAN,
	NVP_FIELD_TEXT,
	NVP_FIELD_COUNT
} NvpFieldType;

typedef struct NvpField
{
	char		name[64];		/* as written, cut; empty = none */
	NvpFieldType type;
	int			filled;			/* values in the sample */
	int			fitting;		/* of them of that type */
	bool		is_typed;		/* the file says of which type they are; how they are written says nothing */
	char		decimal;		/* '.' or ',', 0 = cannot be told */
	NvpVerdict	decimal_verdict;	/* of decimals */
	char		date_order[4];	/* "dmy", "mdy", "ymd", empty = cannot be told */
	NvpVerdict	date_verdict;	/* of dates */
} NvpField;

#define NVP_SNIFF_FIELDS	256

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
	int			nmembers;		/* of an archive */
	char	  **members;		/* files in it that may be data; not ours */
	int			ncols;			/* of delimited text and workbooks */
	int			nsheets;		/* of a workbook */
	NvpSniffSheet *sheets;		/* in the context of the caller */
	NvpVerdict	kind;
	NvpVerdict	encoding;
	NvpVerdict	delimiter;
	NvpVerdict	quote;
	NvpVerdict	escape;
	NvpVerdict	header;
	NvpVerdict	preamble;
	NvpVerdict	transposed;		/* reason empty: it is not */
	int			nguesses;
	NvpHeaderGuess guesses[NVP_HEADER_GUESSES];	/* the best first; the first is what format says */
	int			nfields;
	NvpField   *fields;			/* of delimited text and workbooks, NULL = none */
	double		delimited;		/* 0 to 1: how well the best delimiter fits; 1 = in every line */
	NvpFixedColumn *fixed;		/* what was guessed of columns of fixed width, or NULL; ours */
	char		path[256];		/* of XML: the elements that are rows */
	NvpVerdict	rows;
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
	int			nknown;			/* names of columns as they were before: they decide where delimiters are equal */
	char	  **known;
	NvpCompression compression; /* the settled values */
	NvpFormat	format;
	const NvpDetection *detection;	/* of the encoding, when more than the sample was looked at; or NULL */
} NvpSniffPins;

extern void nvp_sniff(const char *sample, size_t len, bool sample_is_whole,
					  const char *file_name, const NvpSniffPins *pins, NvpSniff *sniff);
extern void nvp_sniff_free(NvpSniff *sniff);
extern const char *nvp_field_type_name(NvpFieldType type);

/* sniff_xml.c: XML, and the encoding it declares */
extern void nvp_sniff_xml_encoding(const char *sample, size_t len, NvpSniff *sniff);
extern bool nvp_sniff_xml(const char *text, size_t len, NvpSniff *sniff);

extern void nvp_verdict_set(NvpVerdict *verdict, double confidence,
							const char *fmt,...) pg_attribute_printf(3, 4);
extern void nvp_verdict_rival(NvpVerdict *verdict, const char *value, double score);

#endif							/* NVP_SNIFF_H */
