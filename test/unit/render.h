/*-------------------------------------------------------------------------
 *
 * render.h
 *		Everything a reader says about some bytes, as one text to compare.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_TEST_RENDER_H
#define NVP_TEST_RENDER_H

#include "format/reader.h"

/*
 * Read data twice, with a rewind between, through a window of that many bytes
 * and a source that gives as many at a time; both must agree.  The result is
 * one malloc'd text, see render.c for its form.
 */
extern char *render(const char *data, size_t len, const NvpFormat *format,
					uint32 window, bool plain);

extern NvpSource *chunked_source(const char *data, size_t len, size_t chunk);

#endif							/* NVP_TEST_RENDER_H */
