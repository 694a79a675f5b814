/*-------------------------------------------------------------------------
 *
 * xlsmake.h
 *		Excel 97 workbooks made in memory: records, and the compound file around
 *		them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_TEST_XLSMAKE_H
#define NVP_TEST_XLSMAKE_H

#include "lib/stringinfo.h"

/*
 * A record of a type, its data by a format: b byte, h 16 bits, w 32 bits, d
 * double, s a string of bytes without its length, u the same in UTF-16, z
 * (count, byte) that byte so often.
 */
extern void xls_record(StringInfo stream, uint16 type, const char *format,...);

/* the compound file with one stream of that name; small ones go into the mini stream */
extern void xls_wrap(StringInfo out, const char *name, const StringInfoData *stream);

#endif							/* NVP_TEST_XLSMAKE_H */
