/*-------------------------------------------------------------------------
 *
 * codec.c
 *		gzip, zstd, bzip2 and xz behind one interface.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: RFC 1952 (gzip), RFC 8878 (Zstandard), the file format of xz 1.1.0;
 *		   the manuals of zlib, libzstd, libbz2 and liblzma.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "format/codec.h"

/* the libraries count in 32 bits: never more at a time */
#define MOST_AT_ONCE	((size_t) 1 << 30)

static void
move_on(NvpCodecIo *io, size_t read, size_t written)
{
	io->in += read;
	io->in_left -= read;
	io->out += written;
	io->out_left -= written;
}

/* ---- gzip ---------------------------------------------------------------- */

static bool
gzip_begins(const unsigned char *p, size_t len)
{
	return len >= 3 && p[0] == 0x1F && p[1] == 0x8B && p[2] == 8;
}

static void *
gzip_create(void)
{
	z_stream   *z = calloc(1, sizeof(z_stream));

	if (z && inflateInit2(z, 16 + MAX_WBITS) != Z_OK)
	{
		free(z);
		z = NULL;
	}
	return z;
}

static bool
gzip_reset(void *state)
{
	return inflateReset(state) == Z_OK;
}

static NvpCodecStep
gzip_step(void *state, NvpCodecIo *io)
{
	z_stream   *z = state;
	uInt		in_had = Min(io->in_left, MOST_AT_ONCE);
	uInt		out_had = Min(io->out_left, MOST_AT_ONCE);
	int			status;

	z->next_in = unconstify(unsigned char *, io->in);
	z->avail_in = in_had;
	z->next_out = (unsigned char *) io->out;
	z->avail_out = out_had;
	status = inflate(z, Z_NO_FLUSH);
	move_on(io, in_had - z->avail_in, out_had - z->avail_out);
	switch (status)
	{
		case Z_OK:
		case Z_BUF_ERROR:
			return NVP_STEP_ON;
		case Z_STREAM_END:
			return NVP_STEP_END;
		case Z_MEM_ERROR:
			return NVP_STEP_MEMORY;
		default:
			io->why = z->msg;
			return NVP_STEP_BAD;
	}
}

static void
gzip_destroy(void *state)
{
	inflateEnd(state);
	free(state);
}

/* ---- zstd ---------------------------------------------------------------- */

/* a frame, or one of those that are passed over */
static bool
zstd_begins(const unsigned char *p, size_t len)
{
	return len >= 4 && ((p[0] == 0x28 && p[1] == 0xB5 && p[2] == 0x2F && p[3] == 0xFD) ||
						((p[0] & 0xF0) == 0x50 && p[1] == 0x2A && p[2] == 0x4D && p[3] == 0x18));
}

static void *
zstd_create(void)
{
	ZSTD_DStream *z = ZSTD_createDStream();

	if (z)
		ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, NVP_CODEC_WINDOW_LOG);
	return z;
}

static bool
zstd_reset(void *state)
{
	return !ZSTD_isError(ZSTD_DCtx_reset(state, ZSTD_reset_session_only));
}

static NvpCodecStep
zstd_step(void *state, NvpCodecIo *io)
{
	ZSTD_inBuffer in = {io->in, io->in_left, 0};
	ZSTD_outBuffer out = {io->out, io->out_left, 0};
	size_t		status = ZSTD_decompressStream(state, &out, &in);

	move_on(io, in.pos, out.pos);
	if (!ZSTD_isError(status))
		return status == 0 ? NVP_STEP_END : NVP_STEP_ON;
	io->why = ZSTD_getErrorName(status);
	/* the library's stable names of codes are in no header that all versions have */
	if (strstr(io->why, "too much memory"))
		return NVP_STEP_WINDOW;
	return strstr(io->why, "not enough memory") ? NVP_STEP_MEMORY : NVP_STEP_BAD;
}

static void
zstd_destroy(void *state)
{
	ZSTD_freeDStream(state);
}

/* ---- bzip2 --------------------------------------------------------------- */

static bool
bzip2_begins(const unsigned char *p, size_t len)
{
	static const unsigned char block[] = {0x31, 0x41, 0x59, 0x26, 0x53, 0x59};
	static const unsigned char end[] = {0x17, 0x72, 0x45, 0x38, 0x50, 0x90};

	return len >= 10 && p[0] == 'B' && p[1] == 'Z' && p[2] == 'h' && p[3] >= '1' && p[3] <= '9' &&
		(memcmp(p + 4, block, 6) == 0 || memcmp(p + 4, end, 6) == 0);
}

static void *
bzip2_create(void)
{
	bz_stream  *z = calloc(1, sizeof(bz_stream));

	if (z && BZ2_bzDecompressInit(z, 0, 0) != BZ_OK)
	{
		free(z);
		z = NULL;
	}
	return z;
}

static bool
bzip2_reset(void *state)
{
	bz_stream  *z = state;

	BZ2_bzDecompressEnd(z);
	memset(z, 0, sizeof(*z));
	return BZ2_bzDecompressInit(z, 0, 0) == BZ_OK;
}

static NvpCodecStep
bzip2_step(void *state, NvpCodecIo *io)
{
	bz_stream  *z = state;
	unsigned int in_had = Min(io->in_left, MOST_AT_ONCE);
	unsigned int out_had = Min(io->out_left, MOST_AT_ONCE);
	int			status;

	z->next_in = unconstify(char *, (const char *) io->in);
	z->avail_in = in_had;
	z->next_out = io->out;
	z->avail_out = out_had;
	status = BZ2_bzDecompress(z);
	move_on(io, in_had - z->avail_in, out_had - z->avail_out);
	switch (status)
	{
		case BZ_OK:
			return NVP_STEP_ON;
		case BZ_STREAM_END:
			return NVP_STEP_END;
		case BZ_MEM_ERROR:
			return NVP_STEP_MEMORY;
		default:
			return NVP_STEP_BAD;
	}
}

static void
bzip2_destroy(void *state)
{
	BZ2_bzDecompressEnd(state);
	free(state);
}

/* ---- xz ------------------------------------------------------------------ */

static bool
xz_begins(const unsigned char *p, size_t len)
{
	return len >= 6 && p[0] == 0xFD && memcmp(p + 1, "7zXZ", 4) == 0 && p[5] == 0;
}

static bool
xz_reset(void *state)
{
	return lzma_stream_decoder(state, (uint64_t) 1 << NVP_CODEC_WINDOW_LOG, 0) == LZMA_OK;
}

static void
xz_destroy(void *state)
{
	lzma_end(state);
	free(state);
}

static void *
xz_create(void)
{
	lzma_stream *z = calloc(1, sizeof(lzma_stream));
	static const lzma_stream empty = LZMA_STREAM_INIT;

	if (z == NULL)
		return NULL;
	*z = empty;
	if (xz_reset(z))
		return z;
	xz_destroy(z);
	return NULL;
}

static NvpCodecStep
xz_step(void *state, NvpCodecIo *io)
{
	lzma_stream *z = state;
	lzma_ret	status;

	z->next_in = io->in;
	z->avail_in = io->in_left;
	z->next_out = (uint8_t *) io->out;
	z->avail_out = io->out_left;
	status = lzma_code(z, LZMA_RUN);
	move_on(io, io->in_left - z->avail_in, io->out_left - z->avail_out);
	switch (status)
	{
		case LZMA_OK:
		case LZMA_BUF_ERROR:
			return NVP_STEP_ON;
		case LZMA_STREAM_END:
			return NVP_STEP_END;
		case LZMA_MEM_ERROR:
			return NVP_STEP_MEMORY;
		case LZMA_MEMLIMIT_ERROR:
			return NVP_STEP_WINDOW;
		case LZMA_OPTIONS_ERROR:
			io->why = "it uses options that this version of liblzma does not know";
			return NVP_STEP_BAD;
		default:
			return NVP_STEP_BAD;
	}
}

/* ---- all ----------------------------------------------------------------- */

static const NvpCodecRoutine routines[] = {
	{NVP_COMPRESSION_GZIP, gzip_begins, 3, gzip_create, gzip_reset, gzip_step, gzip_destroy},
	{NVP_COMPRESSION_ZSTD, zstd_begins, 4, zstd_create, zstd_reset, zstd_step, zstd_destroy},
	{NVP_COMPRESSION_BZIP2, bzip2_begins, 10, bzip2_create, bzip2_reset, bzip2_step, bzip2_destroy},
	{NVP_COMPRESSION_XZ, xz_begins, 6, xz_create, xz_reset, xz_step, xz_destroy}
};

/* nvp_codec_routine finds the codec of a compression; NULL for those that are no stream. */
const NvpCodecRoutine *
nvp_codec_routine(NvpCompression compression)
{
	for (int i = 0; i < lengthof(routines); i++)
		if (routines[i].compression == compression)
			return &routines[i];
	return NULL;
}

static void
close_codec(void *arg)
{
	nvp_codec_close(arg);
}

/*
 * nvp_codec_open prepares for a first member.
 *
 * out: NULL without memory.
 * owner: the current memory context, which also closes it.
 */
NvpCodec *
nvp_codec_open(const NvpCodecRoutine *routine)
{
	NvpCodec   *codec = palloc0(sizeof(NvpCodec));

	codec->routine = routine;
	codec->callback.func = close_codec;
	codec->callback.arg = codec;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &codec->callback);
	codec->state = routine->create();
	return codec->state ? codec : NULL;
}

/*
 * nvp_codec_close gives back what the library holds.  The few bytes of the
 * codec itself stay with their context, whose callback refers to them.
 */
void
nvp_codec_close(NvpCodec *codec)
{
	if (codec->state)
		codec->routine->destroy(codec->state);
	codec->state = NULL;
}
