/*-------------------------------------------------------------------------
 *
 * bookcheck.h
 *		Workbooks made in memory, read every way, compared with one text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_TEST_BOOKCHECK_H
#define NVP_TEST_BOOKCHECK_H

#include "format/reader.h"
#include "zipmake.h"

extern int	failures;
extern int	checks;

extern void check_text(const char *name, const char *actual, const char *expected);

/*
 * With and without the short cuts of the reader, through windows and from
 * sources of 1, 7, 64 and 65536 bytes: all must say what is expected, in the
 * form of render.c.
 */
extern void check_bytes(const char *name, const char *data, size_t len, const NvpFormat *format, const char *expected);
extern void check_book(const char *name, const ZipMake *zip, const NvpFormat *format, const char *expected);

/* a format of that kind, all else as usual */
extern NvpFormat book_format(NvpFormatKind kind);

/* put a text into an archive */
extern void add(ZipMake *zip, const char *name, const char *text);

#endif							/* NVP_TEST_BOOKCHECK_H */
