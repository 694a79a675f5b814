/*-------------------------------------------------------------------------
 *
 * window.h
 *		The stretch of a stream that a reader is looking at.
 *
 * Flow:   source --> buf[start .. end) --> reader, which moves start on
 * Calls:  nvp_window_init, nvp_window_begin, { nvp_window_fill }*,
 *		   nvp_window_free.  begin may be called again to read from the front.
 * Memory: one buffer in the context current at init; it doubles while a single
 *		   record does not fit, up to max bytes.
 * Errors: returned.
 *
 * Behind end there are always NVP_WINDOW_PAD bytes that may be read (and the
 * first of them may be written), so that vector loads need no special tail.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_WINDOW_H
#define NVP_WINDOW_H

#include "base/source.h"

#define NVP_WINDOW_BYTES	(256 * 1024)	/* fits the second-level cache */
#define NVP_WINDOW_PAD		64

typedef struct NvpWindow
{
	NvpSource  *source;
	char	   *buf;
	uint32		start;			/* first byte the reader is not done with */
	uint32		end;			/* behind the last byte read */
	uint32		size;			/* bytes allocated, padding not counted */
	uint32		max;			/* size may grow to this */
	uint64		offset;			/* of buf[0] in the stream */
	bool		eof;			/* nothing follows buf[end - 1] */
	bool		has_bom;		/* a UTF-8 byte order mark was passed over */
} NvpWindow;

typedef enum NvpFill
{
	NVP_FILL_OK = 0,			/* there are more bytes, or eof is now set */
	NVP_FILL_TOO_LONG,			/* buf[start .. end) already has max bytes */
	NVP_FILL_ERROR				/* source->error tells */
} NvpFill;

extern void nvp_window_init(NvpWindow *window, NvpSource *source, uint32 size, uint32 max);
extern NvpFill nvp_window_begin(NvpWindow *window);
extern NvpFill nvp_window_fill(NvpWindow *window);
extern void nvp_window_free(NvpWindow *window);

#endif							/* NVP_WINDOW_H */
