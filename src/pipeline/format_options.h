/*-------------------------------------------------------------------------
 *
 * format_options.h
 *		The format of some data: sniffed as far as options do not settle it.
 *
 * Options: {"format": "csv|tsv|json|jsonl", "encoding": "utf-8", "delimiter":
 * ";", "quote": "\"" or null, "escape": "\\" or null, "header": true,
 * "skip_rows": 0, "max_record_bytes": 16777216}; every member may be absent.
 *
 * Errors: 22023 with the path "options.<member>"; unknown members with a
 *		   closest-match hint.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_FORMAT_OPTIONS_H
#define NVP_FORMAT_OPTIONS_H

#include "utils/jsonb.h"

#include "format/sniff.h"

extern void nvp_format_resolve(Jsonb *options, const char *sample, size_t len, bool whole,
							   const char *file_name, NvpFormat *format, NvpSniff *sniff);
extern char *nvp_sniff_note(const NvpSniff *sniff, const NvpFormat *format);
extern Jsonb *nvp_sniff_jsonb(const NvpSniff *sniff, const NvpFormat *format);

#endif							/* NVP_FORMAT_OPTIONS_H */
