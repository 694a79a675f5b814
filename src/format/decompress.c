/*-------------------------------------------------------------------------
 *
 * decompress.c
 *		Sources that decompress another source while it is read.
 *
 * Flow:   inner source --> raw[at .. filled) --(codec)--> the caller's buffer
 *
 * Members that follow each other are one stream, as gzip, zstd, bzip2 and xz
 * read them; zeros between and behind them are padding.  What follows the last
 * member and is none is not read: nvp_decompress_rest tells how much it is.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/codec.h"

#define RAW_BYTES	65536

typedef struct Decompressor
{
	NvpSource	base;
	NvpSource  *inner;
	NvpCodec   *codec;			/* NULL: no memory */
	NvpInflateLimits limits;
	int64		out_bytes;
	int64		rest_bytes;		/* behind the last member */
	bool		in_member;
	bool		is_fresh;		/* no member has begun, and the codec is ready */
	bool		inner_eof;
	bool		is_done;
	size_t		at;				/* next byte of raw */
	size_t		filled;
	char		message[256];
	char		cure[256];
	unsigned char raw[RAW_BYTES];
} Decompressor;

static const char *const names[] = {"none", "gzip", "zip", "zstd", "bzip2", "xz"};

/* nvp_compression_name returns the name an option uses. */
const char *
nvp_compression_name(NvpCompression compression)
{
	return names[compression];
}

/* nvp_compression_parse reads such a name; false if unknown. */
bool
nvp_compression_parse(const char *name, NvpCompression *compression)
{
	for (int i = 0; i < lengthof(names); i++)
	{
		if (strcmp(name, names[i]) == 0)
		{
			*compression = i;
			return true;
		}
	}
	return false;
}

/* nvp_compression_find tells a compression by the first bytes of an object. */
NvpCompression
nvp_compression_find(const char *first, size_t len)
{
	for (NvpCompression c = NVP_COMPRESSION_GZIP; c <= NVP_COMPRESSION_XZ; c++)
	{
		const NvpCodecRoutine *routine = nvp_codec_routine(c);

		if (routine && routine->begins((const unsigned char *) first, len))
			return c;
	}
	/* an archive begins with a file, or is empty */
	if (len >= 4 && (memcmp(first, "PK\003\004", 4) == 0 || memcmp(first, "PK\005\006", 4) == 0))
		return NVP_COMPRESSION_ZIP;
	return NVP_COMPRESSION_NONE;
}

static int64 fail(Decompressor *z, NvpSourceFault fault, const char *hint, const char *fmt,...) pg_attribute_printf(4, 5);

/* fail notes why reading ended; always -1 */
static int64
fail(Decompressor *z, NvpSourceFault fault, const char *hint, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	vsnprintf(z->message, sizeof(z->message), fmt, args);
	va_end(args);
	strlcpy(z->cure, hint, sizeof(z->cure));
	z->base.error = z->message;
	z->base.hint = z->cure;
	z->base.fault = fault;
	return -1;
}

static const char *
name_of(const Decompressor *z)
{
	return names[z->codec->routine->compression];
}

/* refill reads behind what is left of raw; false on error */
static bool
refill(Decompressor *z)
{
	size_t		left = z->filled - z->at;
	int64		n;

	memmove(z->raw, z->raw + z->at, left);
	z->at = 0;
	z->filled = left;
	n = z->inner->read(z->inner, (char *) z->raw + left, RAW_BYTES - left);
	z->base.read_bytes = z->inner->read_bytes;
	if (n < 0)
	{
		nvp_source_inherit_error(&z->base, z->inner);
		return false;
	}
	z->inner_eof = (n == 0);
	z->filled += n;
	return true;
}

/* begin_member goes to the next member; false at the end of all, and on errors */
static bool
begin_member(Decompressor *z)
{
	const NvpCodecRoutine *routine = z->codec->routine;

	for (;;)
	{
		/* zeros are padding, but only behind a member */
		while (!z->is_fresh && z->at < z->filled && z->raw[z->at] == 0)
			z->at++;
		if (z->filled - z->at >= routine->mark_bytes || z->inner_eof)
			break;
		if (!refill(z))
			return false;
	}
	if (routine->begins(z->raw + z->at, z->filled - z->at))
	{
		if (!z->is_fresh && !routine->reset(z->codec->state))
		{
			fail(z, NVP_SOURCE_IO, "", "out of memory while decompressing");
			return false;
		}
		z->is_fresh = false;
		z->in_member = true;
		return true;
	}
	if (z->is_fresh && z->at == z->filled)
		z->is_done = true;		/* there is nothing at all */
	else if (z->is_fresh)
		fail(z, NVP_SOURCE_DATA, "Leave the option compression out, or set it to what the file is.",
			 "the data is not %s", name_of(z));
	else
	{
		z->is_done = true;
		z->rest_bytes = z->filled - z->at;
		while (!z->inner_eof)
		{
			z->at = z->filled;
			if (!refill(z))
				return false;
			z->rest_bytes += z->filled;
		}
		z->at = z->filled;
	}
	return false;
}

static int64
fail_step(Decompressor *z, NvpCodecStep step, const char *why)
{
	switch (step)
	{
		case NVP_STEP_WINDOW:
			return fail(z, NVP_SOURCE_LIMIT, "Compress the file with a smaller window or level.",
						"the %s data needs more than %d MB of memory to be decompressed",
						name_of(z), 1 << (NVP_CODEC_WINDOW_LOG - 20));
		case NVP_STEP_MEMORY:
			return fail(z, NVP_SOURCE_IO, "", "out of memory while decompressing %s data", name_of(z));
		default:
			return fail(z, NVP_SOURCE_DATA, "Ask the sender for the file again.",
						"the %s data is damaged near byte " INT64_FORMAT "%s%s", name_of(z),
						z->base.read_bytes - (int64) (z->filled - z->at), why ? ": " : "", why ? why : "");
	}
}

/* check_limits looks at what came out so far; false: it is too much */
static bool
check_limits(Decompressor *z)
{
	const NvpInflateLimits *limits = &z->limits;
	int64		stored = Max(z->base.read_bytes, 1);

	if (limits->max_bytes > 0 && z->out_bytes > limits->max_bytes)
	{
		fail(z, NVP_SOURCE_LIMIT, "An administrator may raise nuvopipe.max_object_size.",
			 "the %s data becomes more than " INT64_FORMAT " bytes, the most that nuvopipe.max_object_size allows",
			 name_of(z), limits->max_bytes);
		return false;
	}
	if (limits->max_ratio > 0 && z->out_bytes > limits->free_bytes &&
		z->out_bytes / stored >= limits->max_ratio)
	{
		fail(z, NVP_SOURCE_LIMIT, "If the file is meant to be like this, an administrator may raise nuvopipe.max_expansion.",
			 "the %s data grows more than " INT64_FORMAT " times when it is decompressed (" INT64_FORMAT " bytes became "
			 INT64_FORMAT " so far)", name_of(z), limits->max_ratio, stored, z->out_bytes);
		return false;
	}
	return true;
}

/* inflate_some decompresses into buf; returns bytes written, 0 if more was to be read first, -1 on error */
static int64
inflate_some(Decompressor *z, char *buf, int64 size)
{
	NvpCodecIo	io = {z->raw + z->at, z->filled - z->at, buf, size, NULL};
	NvpCodecStep step = z->codec->routine->step(z->codec->state, &io);
	int64		done = size - io.out_left;
	bool		moved = io.in_left < z->filled - z->at || done > 0;

	z->at = z->filled - io.in_left;
	z->out_bytes += done;
	if (step == NVP_STEP_END)
		z->in_member = false;
	else if (step != NVP_STEP_ON)
		return fail_step(z, step, io.why);
	else if (z->inner_eof && io.in_left == 0 && !moved)
		return fail(z, NVP_SOURCE_DATA, "The file was cut off: ask the sender for it again.",
					"the %s data ends early, after " INT64_FORMAT " bytes",
					name_of(z), z->base.read_bytes);
	else if (!moved && io.in_left > 0)
		return fail_step(z, NVP_STEP_BAD, NULL);
	return check_limits(z) ? done : -1;
}

static int64
decompressor_read(NvpSource *source, char *buf, int64 size)
{
	Decompressor *z = (Decompressor *) source;

	if (z->codec == NULL)
		return fail(z, NVP_SOURCE_IO, "", "out of memory while decompressing");
	if (source->error)
		return -1;
	while (size > 0 && !z->is_done)
	{
		int64		n;

		if (!z->in_member)
		{
			if (!begin_member(z))
				return z->is_done ? 0 : -1;
		}
		else if (z->at == z->filled && !z->inner_eof && !refill(z))
			return -1;
		n = inflate_some(z, buf, size);
		if (n != 0)
			return n;
	}
	return 0;
}

static bool
decompressor_rewind(NvpSource *source)
{
	Decompressor *z = (Decompressor *) source;

	if (!z->inner->rewind(z->inner))
	{
		nvp_source_inherit_error(source, z->inner);
		return false;
	}
	if (z->codec == NULL || !z->codec->routine->reset(z->codec->state))
	{
		fail(z, NVP_SOURCE_IO, "", "out of memory while decompressing");
		return false;
	}
	source->read_bytes = 0;
	source->error = source->hint = NULL;
	z->at = z->filled = 0;
	z->out_bytes = z->rest_bytes = 0;
	z->in_member = z->inner_eof = z->is_done = false;
	z->is_fresh = true;
	return true;
}

static void
decompressor_close(NvpSource *source)
{
	Decompressor *z = (Decompressor *) source;

	if (z->inner->close)
		z->inner->close(z->inner);
	nvp_decompress_release(source);
}

/*
 * nvp_decompress_open wraps a source, which stands at its first byte, so that
 * it reads as what was compressed.
 *
 * in: gzip, zstd, bzip2 or xz.
 * owner: the current memory context; closing the result closes inner.
 */
NvpSource *
nvp_decompress_open(NvpSource *inner, NvpCompression compression, const NvpInflateLimits *limits)
{
	Decompressor *z = palloc0(sizeof(Decompressor));

	z->base.read = decompressor_read;
	z->base.rewind = decompressor_rewind;
	z->base.close = decompressor_close;
	z->base.total_bytes = inner->total_bytes;
	z->base.read_bytes = inner->read_bytes;
	z->inner = inner;
	z->limits = *limits;
	z->is_fresh = true;
	z->codec = nvp_codec_open(nvp_codec_routine(compression));
	return &z->base;
}

/*
 * nvp_decompress_rest returns how many bytes follow the last member and are
 * none; zeros are not counted.  Known only when all was read.
 */
int64
nvp_decompress_rest(const NvpSource *source)
{
	return ((const Decompressor *) source)->rest_bytes;
}

/* nvp_decompress_release frees a decompressor, but leaves the source it wraps open for its owner. */
void
nvp_decompress_release(NvpSource *source)
{
	Decompressor *z = (Decompressor *) source;

	if (z->codec)
		nvp_codec_close(z->codec);
	pfree(z);
}
