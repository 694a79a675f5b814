/*-------------------------------------------------------------------------
 *
 * part.h
 *		One XML member of an office document, read token by token.
 *
 * Flow:   zip member --> [decoder] --> window --> markup
 * Calls:  nvp_part_open; then either nvp_part_next, which reads on by itself, or
 *		   nvp_markup_next on part.markup, and nvp_part_fill after it said MORE;
 *		   nvp_part_close, also after a failed open.
 * Memory: a window of 256 kB, which grows where a token does not fit, up to the
 *		   reader's max_record_bytes; and an unpacked member, see base/zip.h.
 * Errors: false or NVP_MARKUP_BAD, and the reader's error tells.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_PART_H
#define NVP_PART_H

#include "lib/stringinfo.h"

#include "base/zip.h"
#include "format/markup.h"
#include "format/reader.h"
#include "format/window.h"

typedef struct NvpPart
{
	NvpReader  *reader;			/* whose error is set */
	NvpZip	   *zip;
	char	   *name;			/* of the member */
	NvpSource  *member;			/* NULL if it is not open */
	NvpSource  *text;			/* UTF-8: the member or its decoder */
	NvpEncoding encoding;
	const NvpMarkupSpace *spaces;
	NvpWindow	window;
	NvpMarkup	markup;
} NvpPart;

/* a zip archive as a reader's source; NULL sets its error */
extern NvpZip *nvp_part_open_zip(NvpReader *reader);

/* set the error of the archive, or of a part, as the reader's; always false */
extern bool nvp_part_fail_zip(NvpReader *reader, const NvpZip *zip);
extern bool nvp_part_fail(NvpPart *part, const char *problem);

extern bool nvp_part_open(NvpPart *part, NvpReader *reader, NvpZip *zip, const char *name,
						  const NvpMarkupSpace *spaces);
extern bool nvp_part_begin(NvpPart *part);
extern bool nvp_part_fill(NvpPart *part);
extern NvpMarkupToken nvp_part_next(NvpPart *part);
extern bool nvp_part_skip(NvpPart *part);
extern bool nvp_part_drain(NvpPart *part);
extern void nvp_part_close(NvpPart *part);

/* append the value of an attribute, entities resolved, to out; false if there is none or it is wrong */
extern bool nvp_part_attribute(NvpPart *part, uint8 space, const char *name, StringInfo out);

/* append the text within the element just opened, whatever is in it, to out; it is closed then */
extern bool nvp_part_text(NvpPart *part, StringInfo out);

#endif							/* NVP_PART_H */
