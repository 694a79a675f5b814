/*-------------------------------------------------------------------------
 *
 * compound.h
 *		Streams of a compound file: the container of Excel 97 to 2003, and of
 *		encrypted workbooks of later versions.
 *
 * Flow:   source --(read_at)--> sectors --(chains)--> stream, read at any place
 * Calls:  nvp_compound_open, { nvp_compound_find, nvp_compound_read }*,
 *		   nvp_compound_close.
 * Memory: the allocation table, 4 bytes for each sector of 512 bytes, and the
 *		   chain of the stream that was found last; in the context current at
 *		   open.
 * Errors: none thrown but those of the source; false, and problem tells (a
 *		   phrase), is_io whether the source failed.
 * Source: [MS-CFB].
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_COMPOUND_H
#define NVP_COMPOUND_H

#include "base/source.h"

#define NVP_COMPOUND_SIGN	"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"
#define NVP_COMPOUND_LOCKED	"EncryptedPackage"	/* the stream of an encrypted workbook of later versions */
#define NVP_COMPOUND_NAME	32	/* characters of a stream's name, the end included */

typedef struct NvpCompound
{
	NvpSource  *source;
	int			sector_bytes;	/* 512 or 4096 */
	uint32		nsectors;		/* of the file */
	uint32	   *fat;			/* the sector that follows each */
	uint32	   *mini_fat;		/* likewise of 64 byte sectors within the mini stream */
	uint32		nmini;
	uint32	   *mini_stream;	/* the sectors of the stream that holds small streams */
	uint32		nmini_stream;
	uint32		first_directory;
	uint32		cutoff;			/* smaller streams lie in the mini stream */

	/* the stream that was found last */
	uint32	   *chain;
	uint32		nchain;
	bool		is_mini;
	int64		size;			/* bytes of it */

	const char *problem;
	bool		is_io;
} NvpCompound;

extern NvpCompound *nvp_compound_open(NvpSource *source);
extern bool nvp_compound_find(NvpCompound *compound, const char *name);
extern bool nvp_compound_read(NvpCompound *compound, char *buf, int64 len, int64 offset);
extern void nvp_compound_close(NvpCompound *compound);

#endif							/* NVP_COMPOUND_H */
