/*-------------------------------------------------------------------------
 *
 * format_options.h
 *		What options settle about the format of some data, and how what was
 *		found out is told (sniff_json.c).
 *
 * Options, every one of which may be absent:
 *	 {"format": "csv|tsv|json|jsonl|xml|fixed|xlsx|ods|xls", "compression": "none|gzip|zip|zstd|bzip2|xz",
 *	  "member": name of a file in an archive, "encoding": "utf-8",
 *	  "delimiter": ";", "quote": "\"" or null, "escape": "\\" or null,
 *	  "header": true, "skip_rows": 0, "max_record_bytes": 16777216,
 *	  "sheet": name or number, "hidden_sheets": false, and those of shape_options.c}
 *
 * Errors: 22023 with the path "options.<member>"; unknown members with a
 *		   closest-match hint.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_FORMAT_OPTIONS_H
#define NVP_FORMAT_OPTIONS_H

#include "utils/jsonb.h"

#include "base/jsonb.h"

#include "format/sniff.h"

extern void nvp_format_pins(Jsonb *options, NvpSniffPins *pins);
extern void nvp_pin_shape(JsonbContainer *root, const NvpPath *path, NvpSniffPins *pins);
extern bool nvp_sniff_is_tied(const NvpSniff *sniff, const NvpFormat *format);
extern char *nvp_widths_text(const NvpFormat *format);
extern char *nvp_widths_note(const NvpFormat *format);
extern char *nvp_encoding_note(const NvpSniff *sniff, const NvpFormat *format);
extern char *nvp_preamble_note(const NvpSniff *sniff, const NvpFormat *format);
extern char *nvp_transposed_note(const NvpSniff *sniff);
extern char *nvp_rows_note(const NvpSniff *sniff, const NvpFormat *format);
extern char *nvp_sniff_note(const NvpSniff *sniff, const NvpFormat *format);
extern Jsonb *nvp_sniff_jsonb(const NvpSniff *sniff, const NvpFormat *format);

#endif							/* NVP_FORMAT_OPTIONS_H */
