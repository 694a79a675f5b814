/*-------------------------------------------------------------------------
 *
 * input.h
 *		An object as it was stored, made ready for a reader.
 *
 * Flow:   stored bytes --> [decompress]* --> sample --> sniff under options
 *		   --> source and format, for nvp_reader_open
 * Calls:  nvp_input_open or nvp_input_open_known, [ nvp_doubt_refuse ], { readers of input.source }*, nvp_input_note,
 *		   nvp_input_close.  The stored source stays the caller's.
 * Memory: in the context current at open; see decompress.h.
 *
 * An archive is a layer like any other: the member that is read is the one
 * asked for, or the only one that may be data.  Where there are several,
 * nvp_input_members lists them, and each is an input of its own.
 *
 * Errors: faults: bytes that are damaged, not known or too large are
 *		   PARSING_FAILURE.  22023 for options is thrown.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_INPUT_H
#define NVP_INPUT_H

#include "base/fault.h"
#include "base/spool.h"
#include "base/zip.h"
#include "format/decompress.h"
#include "pipeline/format_options.h"

#define NVP_MOST_LAYERS		2	/* a compressed file in an archive, and no more */

typedef struct NvpInput
{
	NvpSource  *source;			/* what readers read */
	NvpFormat	format;
	NvpSniff	sniff;			/* also after a failure, as far as it came */
	int			nlayers;
	NvpSource  *layers[NVP_MOST_LAYERS];	/* what decompresses, the outermost first */
	bool		is_member[NVP_MOST_LAYERS]; /* a layer is a member of zip */
	NvpFormatKind workbook;		/* what kind of one the source is, or NVP_FORMAT_UNKNOWN */
	NvpSpool   *spool;			/* a workbook that was compressed, or NULL */
	NvpZip	   *zip;
	char	  **members;		/* of the archive: files that may be data */
	int			nmembers;
} NvpInput;

/* the columns that a pipeline has read before */
typedef struct NvpKnownHeader
{
	int			n;				/* 0 = none */
	char	  **names;
} NvpKnownHeader;

extern bool nvp_input_open_known(NvpInput *input, NvpSource *stored, Jsonb *options, const char *file_name,
								 const char *member, const NvpKnownHeader *known, NvpFault *fault);
extern bool nvp_input_open(NvpInput *input, NvpSource *stored, Jsonb *options,
						   const char *file_name, const char *member, NvpFault *fault);
extern bool nvp_input_members(NvpInput *input, NvpSource *stored, Jsonb *options, NvpFault *fault);
extern char *nvp_input_note(NvpInput *input, const NvpReader *reader);
extern void nvp_input_close(NvpInput *input);
extern bool nvp_source_fault(const NvpSource *source, NvpFault *fault);
extern bool nvp_reader_fault(const NvpReader *reader, NvpFault *fault);

#endif							/* NVP_INPUT_H */
