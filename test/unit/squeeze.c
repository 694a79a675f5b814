/*-------------------------------------------------------------------------
 *
 * squeeze.c
 *		Compresses bytes, for tests of what decompresses them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "squeeze.h"

static size_t
squeeze_gzip(const char *data, size_t len, char *out, size_t room)
{
	z_stream	z = {0};

	if (deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	z.next_in = (unsigned char *) data;
	z.avail_in = len;
	z.next_out = (unsigned char *) out;
	z.avail_out = room;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	deflateEnd(&z);
	return room - z.avail_out;
}

/* with a checksum, as the tool does it */
static size_t
squeeze_zstd(const char *data, size_t len, char *out, size_t room)
{
	ZSTD_CCtx  *z = ZSTD_createCCtx();
	size_t		done;

	ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
	done = ZSTD_compress2(z, out, room, data, len);
	ZSTD_freeCCtx(z);
	if (ZSTD_isError(done))
		abort();
	return done;
}

char *
squeeze(NvpCompression compression, const char *data, size_t len, size_t *squeezed_len)
{
	size_t		room = len + len / 2 + 1024;
	char	   *out = malloc(room);
	unsigned int bz_len = room;
	size_t		done = 0;

	switch (compression)
	{
		case NVP_COMPRESSION_GZIP:
			done = squeeze_gzip(data, len, out, room);
			break;
		case NVP_COMPRESSION_ZSTD:
			done = squeeze_zstd(data, len, out, room);
			break;
		case NVP_COMPRESSION_BZIP2:
			if (BZ2_bzBuffToBuffCompress(out, &bz_len, (char *) data, len, 1, 0, 0) != BZ_OK)
				abort();
			done = bz_len;
			break;
		case NVP_COMPRESSION_XZ:
			if (lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, (const uint8_t *) data, len,
										(uint8_t *) out, &done, room) != LZMA_OK)
				abort();
			break;
		default:
			abort();
	}
	*squeezed_len = done;
	return out;
}

char *
drain(NvpSource *source, int64 piece, size_t *len)
{
	size_t		room = 4096;
	char	   *out = malloc(room);
	int64		n;

	*len = 0;
	while ((n = source->read(source, out + *len, Min(piece, (int64) (room - *len)))) > 0)
	{
		*len += n;
		if (*len == room)
			out = realloc(out, room *= 2);
	}
	if (n == 0)
		return out;
	free(out);
	return NULL;
}
