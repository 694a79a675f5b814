/*-------------------------------------------------------------------------
 *
 * workbook.h
 *		Is it a workbook, and where is the table in it?
 *
 * A workbook is known by what it is, not by its name: a zip archive with the
 * parts of Office Open XML or of OpenDocument, or a compound file.  Whether a
 * compound file holds a workbook, and whether an Office document is one, the
 * readers tell.
 *
 * Memory: nvp_workbook_sniff leaves names of sheets in the current context.
 * Errors: those of the readers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_WORKBOOK_H
#define NVP_WORKBOOK_H

#include "base/zip.h"
#include "format/sniff.h"

/* XLSX or ODS by the names of its members, NVP_FORMAT_UNKNOWN if it is an archive like others */
extern NvpFormatKind nvp_workbook_in_zip(const NvpZip *zip);

/* do these bytes begin a compound file, or a workbook from before them? */
extern bool nvp_workbook_is_compound(const char *first, size_t len);

/* is it an Office document in a compound file, as encrypted ones are? */
extern bool nvp_workbook_is_locked(NvpSource *source);

/* the name that options have for a kind */
extern const char *nvp_workbook_name(NvpFormatKind kind);

/*
 * Kind, sheet and limits of sniff->format are settled: find the header, as far
 * as pins leave that open, and the columns.  False, with the error, if not even that can be read.
 */
extern bool nvp_workbook_sniff(NvpSource *source, const NvpSniffPins *pins, NvpSniff *sniff, NvpReadError *error);

#endif							/* NVP_WORKBOOK_H */
