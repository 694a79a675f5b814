/*-------------------------------------------------------------------------
 *
 * zip.h
 *		Members of a zip archive as sources.
 *
 * Flow:   source --(read_at)--> directory; member --(inflate, CRC)--> source
 * Calls:  nvp_zip_open, { nvp_zip_find, nvp_zip_source }*, nvp_zip_close.
 *		   Any number of members may be read at a time.
 * Memory: in the context current at open: the directory, some 100 bytes a
 *		   member.  An open member takes 120 kB.
 * Errors: none thrown but those of the source.  After a failed open, and after
 *		   a failed read of a member, zip->status and zip->message tell.
 *
 * What is read: stored and deflated members, zip64, data descriptors, archives
 * behind other data (self-extracting ones), names in UTF-8 or code page 437.
 * What is refused, by name: encryption, archives in several parts, other methods
 * of compression, and directories that contradict themselves.
 *
 * A bomb is recognised before a byte of it is unpacked: members may not share
 * bytes of the archive, their sizes must be as the directory says, and those
 * sizes are held against the limits.
 *
 * Source: APPNOTE 6.3.10, sections 4.3 to 4.5 and appendix D; RFC 1951.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_ZIP_H
#define NVP_ZIP_H

#include "base/source.h"

#define NVP_ZIP_ENTRIES		10000	/* default limits */
#define NVP_ZIP_RATIO		1000
#define NVP_ZIP_FREE_BYTES	(10 * 1024 * 1024)	/* a member up to here has no ratio */

typedef enum NvpZipStatus
{
	NVP_ZIP_FINE = 0,
	NVP_ZIP_IO,					/* the source failed */
	NVP_ZIP_DAMAGED,			/* no zip archive, cut off, or altered */
	NVP_ZIP_LIMIT,				/* too many members, too large, too well compressed */
	NVP_ZIP_UNSUPPORTED			/* encrypted, split, an unknown method */
} NvpZipStatus;

typedef enum NvpZipMethod
{
	NVP_ZIP_STORED = 0,
	NVP_ZIP_DEFLATED = 8
} NvpZipMethod;

/* each of them 0 = the default; there is none for max_bytes */
typedef struct NvpZipLimits
{
	int			max_entries;
	int64		max_bytes;		/* of a member, unpacked */
	int			max_ratio;		/* unpacked bytes for one packed */
} NvpZipLimits;

typedef struct NvpZipMember
{
	char	   *name;			/* valid UTF-8, folders end in a slash */
	int64		packed_bytes;
	int64		bytes;			/* unpacked */
	int64		offset;			/* of its local header in the source */
	uint32		crc;
	uint16		method;			/* NvpZipMethod, or one that is not supported */
	bool		is_folder;
	bool		is_encrypted;
} NvpZipMember;

typedef struct NvpZip
{
	NvpSource  *source;
	NvpZipLimits limits;
	NvpZipMember *members;		/* in the order of the directory */
	int			nmembers;
	NvpZipStatus status;
	char		message[256];	/* lower case, no final stop; empty = none */
	char		hint[160];		/* a sentence, may be empty */
} NvpZip;

extern NvpZip *nvp_zip_open(NvpSource *source, const NvpZipLimits *limits);
extern const NvpZipMember *nvp_zip_find(const NvpZip *zip, const char *name);
extern NvpSource *nvp_zip_source(NvpZip *zip, const NvpZipMember *member);
extern NvpSource *nvp_zip_packed_source(NvpZip *zip, const NvpZipMember *member);
extern void nvp_zip_close(NvpZip *zip);

/* zip_member.c and zip.c: set status, message and hint; always false */
extern bool nvp_zip_fail(NvpZip *zip, NvpZipStatus status, const char *hint,
						 const char *fmt,...) pg_attribute_printf(4, 5);
/* read exactly size bytes at offset; false with status and message */
extern bool nvp_zip_read(NvpZip *zip, char *buf, int64 size, int64 offset);

static inline uint16
nvp_zip_get16(const char *p)
{
	const unsigned char *u = (const unsigned char *) p;

	return (uint16) (u[0] | u[1] << 8);
}

static inline uint32
nvp_zip_get32(const char *p)
{
	return nvp_zip_get16(p) | (uint32) nvp_zip_get16(p + 2) << 16;
}

static inline uint64
nvp_zip_get64(const char *p)
{
	return nvp_zip_get32(p) | (uint64) nvp_zip_get32(p + 4) << 32;
}

#endif							/* NVP_ZIP_H */
