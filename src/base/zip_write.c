/*-------------------------------------------------------------------------
 *
 * zip_write.c
 *		Zip archives, written from front to back.
 *
 * See zip_write.h for calls, memory and errors.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <zlib.h>

#include "lib/stringinfo.h"

#include "base/zip_write.h"

#define PACKED_BYTES	(64 * 1024)
#define POOL_BYTES		(320 * 1024)	/* what zlib needs for deflating, and some more */
#define LEVEL			3		/* half the time of the usual level, a tenth more bytes */
#define VERSION			45		/* 4.5 knows zip64 */
#define FLAGS			0x0808	/* sizes stand behind the data, names are UTF-8 */
#define METHOD_DEFLATE	8
#define DATE_1980		0x0021
#define IN_ZIP64		0xFFFFFFFFU

struct NvpZipWriter
{
	NvpZipSink	sink;
	void	   *arg;
	bool		failed;
	int64		offset;			/* bytes given to the sink */
	StringInfoData directory;
	int64		count;			/* members */

	/* the member that is open */
	char	   *name;
	int64		start;
	int64		bytes;
	int64		packed_bytes;
	uint32		crc;

	z_stream	stream;
	char	   *packed;
	char	   *pool;
	Size		pooled;
};

/* as in zip_member.c: all of zlib's memory comes from one piece */
static voidpf
zlib_alloc(voidpf opaque, uInt items, uInt size)
{
	NvpZipWriter *zip = opaque;
	Size		bytes = MAXALIGN((Size) items * size);
	char	   *p = zip->pool + zip->pooled;

	if (bytes > POOL_BYTES - zip->pooled)
		return Z_NULL;
	zip->pooled += bytes;
	return p;
}

static void
zlib_free(voidpf opaque, voidpf address)
{
}

static void
put16(StringInfo out, uint32 value)
{
	appendStringInfoCharMacro(out, (char) (value & 0xFF));
	appendStringInfoCharMacro(out, (char) (value >> 8 & 0xFF));
}

static void
put32(StringInfo out, uint32 value)
{
	put16(out, value & 0xFFFF);
	put16(out, value >> 16);
}

static void
put64(StringInfo out, uint64 value)
{
	put32(out, (uint32) value);
	put32(out, (uint32) (value >> 32));
}

/* give hands bytes to the sink; false now and ever after it refused some */
static bool
give(NvpZipWriter *zip, const char *data, int64 len)
{
	if (len > 0 && !zip->failed)
		zip->failed = !zip->sink(zip->arg, data, len);
	zip->offset += len;
	return !zip->failed;
}

static bool
give_all(NvpZipWriter *zip, StringInfo buf)
{
	bool		ok = give(zip, buf->data, buf->len);

	pfree(buf->data);
	return ok;
}

/*
 * nvp_zip_write_open begins an archive.
 *
 * owner: nvp_zip_write_finish frees it.
 */
NvpZipWriter *
nvp_zip_write_open(NvpZipSink sink, void *arg)
{
	NvpZipWriter *zip = palloc0(sizeof(NvpZipWriter));

	zip->sink = sink;
	zip->arg = arg;
	zip->packed = palloc(PACKED_BYTES);
	zip->pool = palloc0(POOL_BYTES);
	initStringInfo(&zip->directory);
	zip->stream.zalloc = zlib_alloc;
	zip->stream.zfree = zlib_free;
	zip->stream.opaque = zip;
	zip->failed = deflateInit2(&zip->stream, LEVEL, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK;
	return zip;
}

/* nvp_zip_write_begin begins a member; the one before was ended. */
bool
nvp_zip_write_begin(NvpZipWriter *zip, const char *name)
{
	StringInfoData header;

	Assert(zip->name == NULL);
	zip->name = pstrdup(name);
	zip->start = zip->offset;
	zip->bytes = zip->packed_bytes = 0;
	zip->crc = 0;
	if (zip->failed)
		return false;
	(void) deflateReset(&zip->stream);
	initStringInfo(&header);
	appendBinaryStringInfo(&header, "PK\003\004", 4);
	put16(&header, VERSION);
	put16(&header, FLAGS);
	put16(&header, METHOD_DEFLATE);
	put16(&header, 0);
	put16(&header, DATE_1980);
	put32(&header, 0);
	put32(&header, 0);
	put32(&header, 0);
	put16(&header, strlen(name));
	put16(&header, 0);
	appendStringInfoString(&header, name);
	return give_all(zip, &header);
}

/* pack runs the compressor over what it was given */
static bool
pack(NvpZipWriter *zip, int flush)
{
	int			status = Z_OK;

	do
	{
		int64		n;

		zip->stream.next_out = (Bytef *) zip->packed;
		zip->stream.avail_out = PACKED_BYTES;
		status = deflate(&zip->stream, flush);
		n = PACKED_BYTES - zip->stream.avail_out;
		zip->packed_bytes += n;
		if (!give(zip, zip->packed, n))
			return false;
	} while (zip->stream.avail_out == 0);
	return status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR;
}

/* nvp_zip_write appends bytes to the member. */
bool
nvp_zip_write(NvpZipWriter *zip, const char *data, int64 len)
{
	if (zip->failed)
		return false;
	zip->bytes += len;
	zip->failed = zip->bytes > NVP_ZIP_WRITE_MOST;
	while (len > 0 && !zip->failed)
	{
		int64		n = Min(len, 1024 * 1024 * 1024);

		zip->crc = (uint32) crc32(zip->crc, (const Bytef *) data, (uInt) n);
		zip->stream.next_in = (Bytef *) data;
		zip->stream.avail_in = (uInt) n;
		zip->failed = !pack(zip, Z_NO_FLUSH);
		data += n;
		len -= n;
	}
	return !zip->failed;
}

/* add_entry puts the member into the directory */
static void
add_entry(NvpZipWriter *zip)
{
	StringInfo	out = &zip->directory;
	bool		is_far = zip->start >= IN_ZIP64;

	appendBinaryStringInfo(out, "PK\001\002", 4);
	put16(out, VERSION);
	put16(out, VERSION);
	put16(out, FLAGS);
	put16(out, METHOD_DEFLATE);
	put16(out, 0);
	put16(out, DATE_1980);
	put32(out, zip->crc);
	put32(out, (uint32) zip->packed_bytes);
	put32(out, (uint32) zip->bytes);
	put16(out, strlen(zip->name));
	put16(out, is_far ? 12 : 0);
	put16(out, 0);
	put16(out, 0);
	put16(out, 0);
	put32(out, 0);
	put32(out, is_far ? IN_ZIP64 : (uint32) zip->start);
	appendStringInfoString(out, zip->name);
	if (is_far)
	{
		put16(out, 1);
		put16(out, 8);
		put64(out, zip->start);
	}
	zip->count++;
}

/* nvp_zip_write_end ends the member. */
bool
nvp_zip_write_end(NvpZipWriter *zip)
{
	StringInfoData descriptor;

	if (!zip->failed)
		zip->failed = !pack(zip, Z_FINISH) || zip->packed_bytes > NVP_ZIP_WRITE_MOST;
	add_entry(zip);
	pfree(zip->name);
	zip->name = NULL;
	if (zip->failed)
		return false;
	initStringInfo(&descriptor);
	appendBinaryStringInfo(&descriptor, "PK\007\010", 4);
	put32(&descriptor, zip->crc);
	put32(&descriptor, (uint32) zip->packed_bytes);
	put32(&descriptor, (uint32) zip->bytes);
	return give_all(zip, &descriptor);
}

/* put_end writes what stands behind the directory, in a form for large archives if need be */
static void
put_end(NvpZipWriter *zip, StringInfo out, int64 start, int64 bytes)
{
	bool		is_large = start >= IN_ZIP64 || bytes >= IN_ZIP64 || zip->count >= 0xFFFF;

	if (is_large)
	{
		appendBinaryStringInfo(out, "PK\006\006", 4);
		put64(out, 44);
		put16(out, VERSION);
		put16(out, VERSION);
		put32(out, 0);
		put32(out, 0);
		put64(out, zip->count);
		put64(out, zip->count);
		put64(out, bytes);
		put64(out, start);
		appendBinaryStringInfo(out, "PK\006\007", 4);
		put32(out, 0);
		put64(out, start + bytes);
		put32(out, 1);
	}
	appendBinaryStringInfo(out, "PK\005\006", 4);
	put32(out, 0);
	put16(out, is_large ? 0xFFFF : (uint32) zip->count);
	put16(out, is_large ? 0xFFFF : (uint32) zip->count);
	put32(out, is_large ? IN_ZIP64 : (uint32) bytes);
	put32(out, is_large ? IN_ZIP64 : (uint32) start);
	put16(out, 0);
}

/* nvp_zip_write_finish writes the directory and frees the writer. */
bool
nvp_zip_write_finish(NvpZipWriter *zip)
{
	int64		start = zip->offset;
	int64		bytes = zip->directory.len;
	bool		ok;

	Assert(zip->name == NULL);
	put_end(zip, &zip->directory, start, bytes);
	ok = give_all(zip, &zip->directory);
	(void) deflateEnd(&zip->stream);
	pfree(zip->packed);
	pfree(zip->pool);
	pfree(zip);
	return ok;
}
