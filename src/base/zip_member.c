/*-------------------------------------------------------------------------
 *
 * zip_member.c
 *		One member of a zip archive as a source.
 *
 * Flow:   source --(read_at)--> packed bytes --(inflate)--> bytes, whose number
 *		   and CRC must be those of the directory
 *
 * See zip.h for memory and errors.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <zlib.h>

#include "base/zip.h"

#define LOCAL_BYTES		30
#define PACKED_BYTES	(64 * 1024)	/* read at a time */
#define MOST_AT_ONCE	(1024 * 1024 * 1024)
#define POOL_BYTES		(56 * 1024)	/* what zlib needs for inflating, and some more */

typedef struct MemberSource
{
	NvpSource	base;
	NvpZip	   *zip;
	const NvpZipMember *member;
	int64		start;			/* of the packed bytes in the archive */
	int64		taken;			/* packed bytes read */
	int64		given;			/* unpacked bytes delivered */
	uint32		crc;			/* of these */
	bool		is_packed;		/* deliver what is packed as it is */
	bool		has_stream;
	bool		at_end;			/* all was delivered and found right */
	z_stream	stream;
	char	   *packed;
	char	   *pool;
	Size		pooled;			/* bytes of pool that zlib has */
} MemberSource;

/*
 * zlib takes part of its memory when it first needs it, in whatever context that
 * may be; so it all comes from one piece, made when the member was opened.
 */
static voidpf
zlib_alloc(voidpf opaque, uInt items, uInt size)
{
	MemberSource *source = opaque;
	Size		bytes = MAXALIGN((Size) items * size);
	char	   *p = source->pool + source->pooled;

	if (bytes > POOL_BYTES - source->pooled)
		return Z_NULL;
	source->pooled += bytes;
	return p;
}

static void
zlib_free(voidpf opaque, voidpf address)
{
}

/* tell makes the archive's failure that of the member's source; always -1 */
static int64
tell(MemberSource *source)
{
	const NvpZip *zip = source->zip;

	source->base.error = zip->message;
	source->base.hint = zip->hint;
	source->base.fault = zip->status == NVP_ZIP_IO ? NVP_SOURCE_IO :
		zip->status == NVP_ZIP_LIMIT ? NVP_SOURCE_LIMIT : NVP_SOURCE_DATA;
	return -1;
}

static int64
member_fail(MemberSource *source, NvpZipStatus status, const char *hint, const char *what)
{
	nvp_zip_fail(source->zip, status, hint, "member \"%.100s\" of the zip archive %s",
				 source->member->name, what);
	return tell(source);
}

static int64
member_damaged(MemberSource *source, const char *what)
{
	return member_fail(source, NVP_ZIP_DAMAGED, "Ask the sender for the file again.", what);
}

/* finish checks what was delivered, and that the archive is still what it was */
static int64
finish(MemberSource *source)
{
	char		byte;
	NvpSource  *archive = source->zip->source;
	int64		n;

	if (source->given != source->member->bytes || source->taken != source->member->packed_bytes)
		return member_damaged(source, "is damaged: its size is not what the directory says");
	if (source->crc != source->member->crc)
		return member_damaged(source, "is damaged: its checksum is wrong");
	n = archive->read_at(archive, &byte, 1, archive->total_bytes);
	if (n < 0)
	{
		nvp_zip_fail(source->zip, NVP_ZIP_IO, NULL, "%s", archive->error ? archive->error : "unknown reason");
		return tell(source);
	}
	source->at_end = true;
	return 0;
}

/* read_packed reads the next packed bytes; their number, 0 behind the last, -1 on error */
static int64
read_packed(MemberSource *source, char *buf, int64 size)
{
	int64		n = Min(size, source->member->packed_bytes - source->taken);

	if (n <= 0)
		return 0;
	if (!nvp_zip_read(source->zip, buf, n, source->start + source->taken))
	{
		return tell(source);
	}
	source->taken += n;
	source->zip->source->read_bytes = source->start + source->taken;
	return n;
}

/* count takes note of bytes that are about to be delivered */
static int64
count(MemberSource *source, const char *buf, int64 n)
{
	source->given += n;
	source->base.read_bytes = source->given;
	source->crc = (uint32) crc32(source->crc, (const Bytef *) buf, (uInt) n);
	return n;
}

static int64
read_stored(MemberSource *source, char *buf, int64 size)
{
	int64		n = read_packed(source, buf, size);

	if (n > 0)
		return count(source, buf, n);
	return n < 0 ? -1 : finish(source);
}

static int64
read_deflated(MemberSource *source, char *buf, int64 size)
{
	z_stream   *stream = &source->stream;
	int			status = Z_OK;

	stream->next_out = (Bytef *) buf;
	stream->avail_out = (uInt) size;
	while (status == Z_OK && stream->avail_out == (uInt) size)
	{
		if (stream->avail_in == 0)
		{
			int64		n = read_packed(source, source->packed, PACKED_BYTES);

			if (n < 0)
				return -1;
			stream->next_in = (Bytef *) source->packed;
			stream->avail_in = (uInt) n;
		}
		status = inflate(stream, Z_NO_FLUSH);
	}
	if (status != Z_OK && status != Z_STREAM_END)
		return member_damaged(source, "is damaged: it cannot be unpacked");
	size -= stream->avail_out;
	if (size > source->member->bytes - source->given)
		return member_damaged(source, "is damaged: it is larger than the directory says");
	if (size > 0)
		return count(source, buf, size);
	source->taken -= stream->avail_in;
	return finish(source);
}

static int64
member_read(NvpSource *base, char *buf, int64 size)
{
	MemberSource *source = (MemberSource *) base;

	size = Min(size, MOST_AT_ONCE);
	if (source->at_end || size <= 0)
		return 0;
	if (base->error)
		return -1;
	if (source->is_packed)
	{
		int64		n = read_packed(source, buf, size);

		base->read_bytes += Max(n, 0);
		return n;
	}
	return source->has_stream ? read_deflated(source, buf, size) : read_stored(source, buf, size);
}

static bool
member_rewind(NvpSource *base)
{
	MemberSource *source = (MemberSource *) base;

	if (base->error)
		return false;
	source->taken = source->given = 0;
	source->crc = 0;
	source->at_end = false;
	base->read_bytes = 0;
	if (source->has_stream)
	{
		source->stream.avail_in = 0;
		(void) inflateReset(&source->stream);
	}
	return true;
}

static void
member_close(NvpSource *base)
{
	MemberSource *source = (MemberSource *) base;

	if (source->has_stream)
	{
		(void) inflateEnd(&source->stream);
		pfree(source->packed);
		pfree(source->pool);
	}
	pfree(source);
}

/* check_limits tells whether a member may be read at all */
static bool
check_limits(NvpZip *zip, const NvpZipMember *member)
{
	int64		max = zip->limits.max_bytes;
	int			ratio = zip->limits.max_ratio > 0 ? zip->limits.max_ratio : NVP_ZIP_RATIO;

	if (max > 0 && member->bytes > max)
		return nvp_zip_fail(zip, NVP_ZIP_LIMIT, "Raise nuvopipe.max_object_size, or split the file.",
							"member \"%.100s\" of the zip archive has " INT64_FORMAT " bytes, more than the "
							INT64_FORMAT " that are allowed", member->name, member->bytes, max);
	if (member->bytes > NVP_ZIP_FREE_BYTES && member->bytes / ratio > member->packed_bytes)
		return nvp_zip_fail(zip, NVP_ZIP_LIMIT, "Nothing but a zip bomb is packed so tightly; unpack it first if it is none.",
							"member \"%.100s\" of the zip archive grows from " INT64_FORMAT " to " INT64_FORMAT
							" bytes, more than %d times", member->name, member->packed_bytes, member->bytes, ratio);
	return true;
}

/* find_start finds the first packed byte behind the local header */
static bool
find_start(NvpZip *zip, const NvpZipMember *member, int64 *start)
{
	char		header[LOCAL_BYTES];

	if (!nvp_zip_read(zip, header, LOCAL_BYTES, member->offset))
		return false;
	*start = member->offset + LOCAL_BYTES + nvp_zip_get16(header + 26) + nvp_zip_get16(header + 28);
	if (memcmp(header, "PK\003\004", 4) != 0 || *start > zip->source->total_bytes - member->packed_bytes)
		return nvp_zip_fail(zip, NVP_ZIP_DAMAGED, "Ask the sender for the file again.",
							"the zip archive is damaged: member \"%.100s\" is not where it should be", member->name);
	return true;
}

static MemberSource *
create_source(NvpZip *zip, const NvpZipMember *member)
{
	MemberSource *source;
	int64		start;

	if (member->is_encrypted)
	{
		nvp_zip_fail(zip, NVP_ZIP_UNSUPPORTED, "Remove the password and send the file again.",
					 "member \"%.100s\" of the zip archive is encrypted", member->name);
		return NULL;
	}
	if (!check_limits(zip, member) || !find_start(zip, member, &start))
		return NULL;
	source = palloc0(sizeof(MemberSource));
	source->base.read = member_read;
	source->base.rewind = member_rewind;
	source->base.close = member_close;
	source->zip = zip;
	source->member = member;
	source->start = start;
	return source;
}

/*
 * nvp_zip_packed_source delivers the packed bytes of a member, for methods that
 * are unpacked elsewhere.
 *
 * out: NULL, and the archive's status and message, if that is not possible.
 * owner: the caller closes it before the archive.
 */
NvpSource *
nvp_zip_packed_source(NvpZip *zip, const NvpZipMember *member)
{
	MemberSource *source = create_source(zip, member);

	if (source == NULL)
		return NULL;
	source->is_packed = true;
	source->base.total_bytes = member->packed_bytes;
	return &source->base;
}

/*
 * nvp_zip_source delivers a member unpacked.
 *
 * out: NULL, and the archive's status and message, if that is not possible.
 *		read answers -1 when it meets damage, at the latest at the end of the
 *		member; the source's error is the archive's message then.
 * owner: the caller closes it before the archive.
 */
NvpSource *
nvp_zip_source(NvpZip *zip, const NvpZipMember *member)
{
	MemberSource *source;

	if (member->method != NVP_ZIP_STORED && member->method != NVP_ZIP_DEFLATED)
	{
		nvp_zip_fail(zip, NVP_ZIP_UNSUPPORTED, "Pack it with the method deflate, as usual.",
					 "member \"%.100s\" of the zip archive is compressed by method %d, which is not supported",
					 member->name, member->method);
		return NULL;
	}
	source = create_source(zip, member);
	if (source == NULL)
		return NULL;
	source->base.total_bytes = member->bytes;
	if (member->method == NVP_ZIP_STORED)
		return &source->base;
	source->packed = palloc(PACKED_BYTES);
	source->pool = palloc0(POOL_BYTES);
	source->stream.zalloc = zlib_alloc;
	source->stream.zfree = zlib_free;
	source->stream.opaque = source;
	source->has_stream = true;
	if (inflateInit2(&source->stream, -MAX_WBITS) != Z_OK)
	{
		member_close(&source->base);
		nvp_zip_fail(zip, NVP_ZIP_IO, NULL, "zlib cannot be used");
		return NULL;
	}
	return &source->base;
}
