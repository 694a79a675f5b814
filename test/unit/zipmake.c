/*-------------------------------------------------------------------------
 *
 * zipmake.c
 *		Zip archives made in memory, honest ones and others.
 *
 * Source: APPNOTE 6.3.10, section 4.3.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <zlib.h>

#include "zipmake.h"

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

void
zipmake_begin(ZipMake *zip)
{
	memset(zip, 0, sizeof(ZipMake));
	initStringInfo(&zip->data);
	initStringInfo(&zip->directory);
}

static void
put_packed(ZipMake *zip, const char *data, size_t len, bool deflated)
{
	z_stream	stream = {0};
	size_t		size = len + len / 1000 + 64;

	if (!deflated)
	{
		appendBinaryStringInfo(&zip->data, data, len);
		return;
	}
	if (deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	enlargeStringInfo(&zip->data, size);
	stream.next_in = (Bytef *) data;
	stream.avail_in = len;
	stream.next_out = (Bytef *) zip->data.data + zip->data.len;
	stream.avail_out = size;
	if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
		abort();
	zip->data.len += stream.total_out;
	(void) deflateEnd(&stream);
}

void
zipmake_add(ZipMake *zip, const char *name, const char *data, size_t len, bool deflated, const ZipLie *lie)
{
	static const ZipLie honest;
	StringInfo	out = &zip->data;
	StringInfo	dir = &zip->directory;
	uint32		offset = out->len - zip->prefix;
	uint32		crc = crc32(0, (const Bytef *) data, len);
	int			start;
	int64		packed;

	if (lie == NULL)
		lie = &honest;
	appendBinaryStringInfo(out, "PK\003\004", 4);
	put16(out, 20);
	put16(out, lie->flags);
	put16(out, deflated ? 8 : 0);
	put32(out, 0);
	put32(out, crc);
	start = out->len;
	put32(out, 0);
	put32(out, len);
	put16(out, strlen(name));
	put16(out, 0);
	appendStringInfoString(out, name);
	packed = out->len;
	put_packed(zip, data, len, deflated);
	packed = out->len - packed;
	for (int i = 0; i < 4; i++)
		out->data[start + i] = (char) (packed >> (8 * i));

	appendBinaryStringInfo(dir, "PK\001\002", 4);
	put16(dir, 20);
	put16(dir, lie->zip64 ? 45 : 20);
	put16(dir, lie->flags);
	put16(dir, lie->method ? lie->method : deflated ? 8 : 0);
	put32(dir, 0);
	put32(dir, crc ^ lie->crc);
	put32(dir, lie->zip64 ? 0xFFFFFFFF : packed + lie->packed);
	put32(dir, lie->zip64 ? 0xFFFFFFFF : len + lie->bytes);
	put16(dir, strlen(name));
	put16(dir, lie->zip64 ? 28 : 0);
	put16(dir, 0);
	put16(dir, 0);
	put16(dir, 0);
	put32(dir, 0);
	put32(dir, lie->zip64 ? 0xFFFFFFFF : offset + lie->offset);
	appendStringInfoString(dir, name);
	if (lie->zip64)
	{
		put16(dir, 1);
		put16(dir, 24);
		put64(dir, len + lie->bytes);
		put64(dir, packed + lie->packed);
		put64(dir, offset + lie->offset);
	}
	zip->count++;
}

void
zipmake_end(ZipMake *zip, const char *comment, bool zip64)
{
	StringInfo	out = &zip->data;
	uint32		offset = out->len - zip->prefix;

	appendBinaryStringInfo(out, zip->directory.data, zip->directory.len);
	if (zip64)
	{
		uint32		end = out->len - zip->prefix;

		appendBinaryStringInfo(out, "PK\006\006", 4);
		put64(out, 44);
		put16(out, 45);
		put16(out, 45);
		put32(out, 0);
		put32(out, 0);
		put64(out, zip->count);
		put64(out, zip->count);
		put64(out, zip->directory.len);
		put64(out, offset);
		appendBinaryStringInfo(out, "PK\006\007", 4);
		put32(out, 0);
		put64(out, end);
		put32(out, 1);
	}
	appendBinaryStringInfo(out, "PK\005\006", 4);
	put32(out, 0);
	put16(out, zip64 ? 0xFFFF : zip->count);
	put16(out, zip64 ? 0xFFFF : zip->count);
	put32(out, zip64 ? 0xFFFFFFFF : zip->directory.len);
	put32(out, zip64 ? 0xFFFFFFFF : offset);
	put16(out, comment ? strlen(comment) : 0);
	appendStringInfoString(out, comment ? comment : "");
	pfree(zip->directory.data);
}
