/*-------------------------------------------------------------------------
 *
 * zipmake.h
 *		Zip archives made in memory, honest ones and others.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_TEST_ZIPMAKE_H
#define NVP_TEST_ZIPMAKE_H

#include "lib/stringinfo.h"

/* what is not as it should be; all 0 for an honest member */
typedef struct ZipLie
{
	uint16		flags;
	uint16		method;			/* in the directory instead of the true one */
	int64		bytes;			/* added to the size the directory tells */
	int64		packed;			/* added to the packed size it tells */
	uint32		crc;			/* XORed into the checksum */
	int64		offset;			/* added to the place it tells */
	bool		zip64;			/* sizes and place stand in the extra field */
} ZipLie;

typedef struct ZipMake
{
	StringInfoData data;
	StringInfoData directory;
	int			count;
	uint32		prefix;			/* bytes before the archive */
} ZipMake;

extern void zipmake_begin(ZipMake *zip);
extern void zipmake_add(ZipMake *zip, const char *name, const char *data, size_t len, bool deflated,
						const ZipLie *lie);

/* with an archive comment; zip64 end records if wanted; zip->data is the archive */
extern void zipmake_end(ZipMake *zip, const char *comment, bool zip64);

#endif							/* NVP_TEST_ZIPMAKE_H */
