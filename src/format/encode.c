/*-------------------------------------------------------------------------
 *
 * encode.c
 *		Sources that turn text in other encodings into UTF-8.
 *
 * Flow:   inner source --> raw[at .. filled) --> UTF-8 in the caller's buffer
 *
 * Nothing is dropped or mended: see encode.h for what becomes of bytes that are
 * no character.  Where they stood is kept in a ring, for messages.  A byte order
 * mark at the front is taken off.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: RFC 2781 (UTF-16), RFC 3629 (UTF-8); Unicode 15, chapter 3 (UTF-32).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "format/detect.h"
#include "format/encode.h"
#include "format/encode_multi.h"

#define RAW_BYTES	65536
#define MOST_OUT	16			/* bytes of UTF-8 one step can yield */
#define MOST_BAD	65536		/* places that are remembered */

/* the UTF-8 of one byte */
typedef struct ByteText
{
	uint8		len;			/* 0 = no character */
	char		bytes[3];
} ByteText;

typedef struct Decoder
{
	NvpSource	base;
	NvpSource  *inner;
	NvpEncoding encoding;
	int			at;				/* next byte of raw */
	int			filled;
	uint64		raw_offset;		/* of raw[0] in the inner source */
	uint64		made;			/* bytes of UTF-8 so far */
	bool		inner_eof;
	bool		begun;			/* the byte order mark was looked for */
	bool		is_open;		/* nothing but ASCII so far; the encoding is not settled */
	NvpLateText *late;			/* how it was, or NULL */
	int			nheld;			/* decoded bytes that did not fit the caller's buffer */
	char		held[MOST_OUT];
	NvpMulti   *multi;
	NvpBadText *bad;			/* a ring; NULL until there is one */
	int			maxbad;
	uint64		nbad;			/* ever seen; the last maxbad are kept */
	ByteText	texts[128];		/* of the bytes 80 to FF */
	unsigned char raw[RAW_BYTES];
} Decoder;

/* refill keeps what is left of raw and reads behind it; false on error */
static bool
refill(Decoder *decoder)
{
	int			left = decoder->filled - decoder->at;
	int64		n;

	memmove(decoder->raw, decoder->raw + decoder->at, left);
	decoder->raw_offset += decoder->at;
	decoder->at = 0;
	decoder->filled = left;
	n = decoder->inner->read(decoder->inner, (char *) decoder->raw + left, RAW_BYTES - left);
	decoder->base.read_bytes = decoder->inner->read_bytes;
	if (n < 0)
	{
		nvp_source_inherit_error(&decoder->base, decoder->inner);
		return false;
	}
	decoder->inner_eof = (n == 0);
	decoder->filled += n;
	return true;
}

/* ---- bytes that are no character ------------------------------------------ */

/* remember notes len bytes at raw[at] that will stand at out */
static void
remember(Decoder *decoder, uint64 out, int len)
{
	NvpBadText *bad;

	if (decoder->nbad == decoder->maxbad && decoder->maxbad < MOST_BAD)
	{
		decoder->maxbad = Max(64, decoder->maxbad * 2);
		decoder->bad = decoder->bad ? repalloc(decoder->bad, sizeof(NvpBadText) * decoder->maxbad) :
			palloc(sizeof(NvpBadText) * decoder->maxbad);
	}
	bad = &decoder->bad[decoder->nbad++ % decoder->maxbad];
	bad->out = out;
	bad->in = decoder->raw_offset + decoder->at;
	bad->len = len;
	memcpy(bad->bytes, decoder->raw + decoder->at, len);
}

/* put_bad writes len bytes at raw[at] as what they are: no text; returns bytes written */
static int
put_bad(Decoder *decoder, char *out, int64 done, int len)
{
	remember(decoder, decoder->made + done, len);
	for (int i = 0; i < len; i++)
	{
		unsigned char byte = decoder->raw[decoder->at++];

		*out++ = (char) NVP_RAW_MARK;
		*out++ = (char) (0x80 | byte >> 4);
		*out++ = (char) (0x80 | (byte & 15));
	}
	return len * NVP_RAW_BYTES;
}

/*
 * nvp_decoder_find_bad finds the first bytes that were no character at or
 * behind a place in what was decoded.
 *
 * out: false if there are none, or if that is too long ago.
 */
bool
nvp_decoder_find_bad(const NvpSource *source, uint64 out, NvpBadText *bad)
{
	const Decoder *decoder = (const Decoder *) source;
	uint64		last = decoder->nbad;
	uint64		first = last > decoder->maxbad ? last - decoder->maxbad : 0;
	uint64		oldest = first;

	while (first < last)
	{
		uint64		middle = (first + last) / 2;

		if (decoder->bad[middle % decoder->maxbad].out < out)
			first = middle + 1;
		else
			last = middle;
	}
	if (first == decoder->nbad || (first == oldest && oldest > 0))
		return false;
	*bad = decoder->bad[first % decoder->maxbad];
	return true;
}

/* ---- encodings -------------------------------------------------------------- */

/* copy_ascii copies bytes below 80, at most len; returns how many */
static int64
copy_ascii(char *out, const unsigned char *in, int64 len)
{
	int64		i = 0;

#if defined(__SSE2__)
	for (; i + 16 <= len; i += 16)
	{
		__m128i		v = _mm_loadu_si128((const __m128i *) (in + i));

		if (_mm_movemask_epi8(v) != 0)
			break;
		_mm_storeu_si128((__m128i *) (out + i), v);
	}
#endif
	for (; i < len && in[i] < 0x80; i++)
		out[i] = (char) in[i];
	return i;
}

static int64
decode_single(Decoder *decoder, char *out, int64 size)
{
	int64		done = 0;

	while (decoder->at < decoder->filled && size - done >= MOST_OUT)
	{
		unsigned char byte = decoder->raw[decoder->at];
		const ByteText *text;

		if (byte < 0x80)
		{
			int64		n = copy_ascii(out + done, decoder->raw + decoder->at,
									   Min(size - done, decoder->filled - decoder->at));

			decoder->at += n;
			done += n;
			continue;
		}
		text = &decoder->texts[byte - 0x80];
		if (unlikely(text->len == 0))
		{
			done += put_bad(decoder, out + done, done, 1);
			continue;
		}
		memcpy(out + done, text->bytes, sizeof(text->bytes));
		done += text->len;
		decoder->at++;
	}
	return done;
}

static inline uint32
unit16_at(const Decoder *decoder, int at)
{
	const unsigned char *p = decoder->raw + at;

	return decoder->encoding == NVP_ENCODING_UTF16LE ? p[0] | p[1] << 8 : p[0] << 8 | p[1];
}

static inline uint32
unit32_at(const Decoder *decoder, int at)
{
	const unsigned char *p = decoder->raw + at;

	if (decoder->encoding == NVP_ENCODING_UTF32LE)
		return p[0] | p[1] << 8 | p[2] << 16 | (uint32) p[3] << 24;
	return (uint32) p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static int64
decode_utf16(Decoder *decoder, char *out, int64 size)
{
	int64		done = 0;

	while (size - done >= MOST_OUT)
	{
		int			left = decoder->filled - decoder->at;
		uint32		unit = left >= 2 ? unit16_at(decoder, decoder->at) : 0;
		uint32		low = left >= 4 ? unit16_at(decoder, decoder->at + 2) : 0;

		if (left < 2 || (left < 4 && unit >= 0xD800 && unit < 0xDC00))
		{
			/* perhaps the rest is still to come */
			if (left == 0 || !decoder->inner_eof)
				break;
			done += put_bad(decoder, out + done, done, left >= 2 ? 2 : 1);
		}
		else if (unit < 0xD800 || unit >= 0xE000)
		{
			done += nvp_utf8_put(unit, out + done);
			decoder->at += 2;
		}
		else if (unit < 0xDC00 && low >= 0xDC00 && low < 0xE000)
		{
			done += nvp_utf8_put(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), out + done);
			decoder->at += 4;
		}
		else
			done += put_bad(decoder, out + done, done, 2);
	}
	return done;
}

static int64
decode_utf32(Decoder *decoder, char *out, int64 size)
{
	int64		done = 0;

	while (size - done >= MOST_OUT)
	{
		int			left = decoder->filled - decoder->at;
		uint32		code;

		if (left < 4)
		{
			if (left > 0 && decoder->inner_eof)
				done += put_bad(decoder, out + done, done, left);
			break;
		}
		code = unit32_at(decoder, decoder->at);
		if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
			done += put_bad(decoder, out + done, done, 4);
		else
		{
			done += nvp_utf8_put(code, out + done);
			decoder->at += 4;
		}
	}
	return done;
}

static int64
decode_multi(Decoder *decoder, char *out, int64 size)
{
	int64		done = 0;

	while (decoder->at < decoder->filled && size - done >= MOST_OUT)
	{
		const unsigned char *in = decoder->raw + decoder->at;
		size_t		in_left = decoder->filled - decoder->at;
		char	   *to = out + done;
		size_t		out_left = size - done;
		int			nbad = 0;
		NvpMultiStep step = nvp_multi_step(decoder->multi, &in, &in_left, &to, &out_left,
										   decoder->inner_eof, &nbad);

		decoder->at = in - decoder->raw;
		done = to - out;
		if (step != NVP_MULTI_BAD && !(step == NVP_MULTI_MORE && in_left > 0 && decoder->inner_eof))
			break;
		if (size - done < MOST_OUT)
			break;				/* once more, with room */
		done += put_bad(decoder, out + done, done, step == NVP_MULTI_BAD ? nbad : (int) Min(in_left, 4));
	}
	return done;
}

static int64
decode_utf8(Decoder *decoder, char *out, int64 size)
{
	int64		n = Min(size, decoder->filled - decoder->at);

	memcpy(out, decoder->raw + decoder->at, n);
	decoder->at += n;
	return n;
}

/* prepare makes ready for the decoder's encoding */
static void
prepare(Decoder *decoder)
{
	uint16		table[128];
	char		text[4];

	if (nvp_encoding_iconv_name(decoder->encoding))
		decoder->multi = nvp_multi_open(decoder->encoding);
	if (!nvp_encoding_is_single(decoder->encoding))
		return;
	nvp_encoding_table(decoder->encoding, table);
	for (int i = 0; i < 128; i++)
	{
		if (table[i] == 0)
			continue;
		decoder->texts[i].len = nvp_utf8_put(table[i], text);
		memcpy(decoder->texts[i].bytes, text, sizeof(decoder->texts[i].bytes));
	}
}

/* settle decides on the encoding by what begins at raw[at] */
static void
settle(Decoder *decoder)
{
	NvpDetection detection;

	nvp_detect((const char *) decoder->raw + decoder->at, decoder->filled - decoder->at, decoder->inner_eof, &detection);
	/* behind ASCII of one byte a character nothing can be wide */
	decoder->encoding = nvp_encoding_is_wide(detection.best.encoding) ? NVP_ENCODING_UTF8 : detection.best.encoding;
	decoder->is_open = false;
	decoder->late = palloc0(sizeof(NvpLateText));
	decoder->late->encoding = decoder->encoding;
	decoder->late->is_ambiguous = detection.is_ambiguous;
	decoder->late->offset = decoder->raw_offset + decoder->at;
	strlcpy(decoder->late->reason, detection.reason, sizeof(decoder->late->reason));
	prepare(decoder);
}

/* decode_ascii hands on what is ASCII; 0: something else comes, or more is needed to tell what it is */
static int64
decode_ascii(Decoder *decoder, char *out, int64 size)
{
	int64		n = copy_ascii(out, decoder->raw + decoder->at, Min(size, decoder->filled - decoder->at));

	decoder->at += n;
	return n;
}

static int64
decode(Decoder *decoder, char *out, int64 size)
{
	int64		done;

	if (decoder->is_open)
		done = decode_ascii(decoder, out, size);
	else if (decoder->encoding == NVP_ENCODING_UTF8)
		done = decode_utf8(decoder, out, size);
	else if (nvp_encoding_is_single(decoder->encoding))
		done = decode_single(decoder, out, size);
	else if (decoder->multi)
		done = decode_multi(decoder, out, size);
	else if (decoder->encoding == NVP_ENCODING_UTF16LE || decoder->encoding == NVP_ENCODING_UTF16BE)
		done = decode_utf16(decoder, out, size);
	else
		done = decode_utf32(decoder, out, size);
	decoder->made += done;
	return done;
}

/* ---- the source ------------------------------------------------------------- */

/* begin passes over a byte order mark; false on error */
static bool
begin(Decoder *decoder)
{
	int			width = decoder->encoding >= NVP_ENCODING_UTF32LE ? 4 : 2;

	decoder->begun = true;
	if (!nvp_encoding_is_wide(decoder->encoding))
		return true;
	while (decoder->filled - decoder->at < width && !decoder->inner_eof)
		if (!refill(decoder))
			return false;
	if (decoder->filled - decoder->at >= width &&
		(width == 4 ? unit32_at(decoder, decoder->at) : unit16_at(decoder, decoder->at)) == 0xFEFF)
		decoder->at += width;
	return true;
}

/* give_held hands out decoded bytes that did not fit; returns how many */
static int64
give_held(Decoder *decoder, char *buf, int64 size)
{
	int			n = Min(decoder->nheld, size);

	memcpy(buf, decoder->held, n);
	decoder->nheld -= n;
	memmove(decoder->held, decoder->held + n, decoder->nheld);
	return n;
}

/* read_on reads what the decoder needs to go on; -1 on errors, 0 at the end, else 1 */
static int
read_on(Decoder *decoder)
{
	if (decoder->is_open && decoder->at < decoder->filled)
	{
		/* something else than ASCII: look as far ahead as there is room */
		while (decoder->filled - decoder->at < RAW_BYTES && !decoder->inner_eof)
			if (!refill(decoder))
				return -1;
		settle(decoder);
		return 1;
	}
	if (decoder->inner_eof && decoder->at == decoder->filled)
		return 0;
	return refill(decoder) ? 1 : -1;
}

/* read_through reads bytes that need no decoding; -1 on errors */
static int64
read_through(Decoder *decoder, char *buf, int64 size)
{
	int64		n = decoder->inner->read(decoder->inner, buf, size);

	decoder->base.read_bytes = decoder->inner->read_bytes;
	if (n < 0)
		nvp_source_inherit_error(&decoder->base, decoder->inner);
	decoder->made += Max(n, 0);
	return n;
}

static int64
decoder_read(NvpSource *source, char *buf, int64 size)
{
	Decoder    *decoder = (Decoder *) source;

	if (nvp_encoding_iconv_name(decoder->encoding) && decoder->multi == NULL)
	{
		source->error = "this server's C library cannot convert the encoding of the data";
		source->hint = "Install the conversion modules of the C library (gconv), or send the data in UTF-8.";
		source->fault = NVP_SOURCE_DATA;
		return -1;
	}
	if (!decoder->begun && !begin(decoder))
		return -1;
	while (size > 0)
	{
		int64		n;

		if (decoder->nheld > 0)
			return give_held(decoder, buf, size);
		if (size >= MOST_OUT)
			n = decode(decoder, buf, size);
		else
		{
			/* a very small buffer: hand out a few characters in pieces */
			decoder->nheld = n = decode(decoder, decoder->held, MOST_OUT);
			if (n > 0)
				continue;
		}
		if (n > 0)
			return n;
		if (decoder->encoding == NVP_ENCODING_UTF8 && !decoder->is_open)
			return read_through(decoder, buf, size);
		n = read_on(decoder);
		if (n <= 0)
			return n;
	}
	return 0;
}

static bool
decoder_rewind(NvpSource *source)
{
	Decoder    *decoder = (Decoder *) source;

	decoder->at = decoder->filled = decoder->nheld = 0;
	decoder->raw_offset = decoder->made = decoder->nbad = 0;
	decoder->inner_eof = decoder->begun = false;
	if (decoder->multi)
		nvp_multi_reset(decoder->multi);
	if (decoder->inner->rewind(decoder->inner))
	{
		source->read_bytes = 0;
		return true;
	}
	nvp_source_inherit_error(source, decoder->inner);
	return false;
}

static void
decoder_close(NvpSource *source)
{
	Decoder    *decoder = (Decoder *) source;

	if (decoder->inner->close)
		decoder->inner->close(decoder->inner);
	nvp_decoder_release(source);
}

static Decoder *
create(NvpSource *inner)
{
	Decoder    *decoder = palloc0(sizeof(Decoder));

	decoder->base.read = decoder_read;
	decoder->base.rewind = decoder_rewind;
	decoder->base.close = decoder_close;
	decoder->base.total_bytes = inner->total_bytes;
	decoder->inner = inner;
	return decoder;
}

/*
 * nvp_decoder_open wraps a source so that it reads as UTF-8.
 *
 * out: inner itself if it is UTF-8 already.
 * owner: closing the result closes inner.
 */
NvpSource *
nvp_decoder_open(NvpSource *inner, NvpEncoding encoding)
{
	Decoder    *decoder;

	if (encoding == NVP_ENCODING_UTF8)
		return inner;
	decoder = create(inner);
	decoder->encoding = encoding;
	prepare(decoder);
	return &decoder->base;
}

/*
 * nvp_decoder_open_late wraps a source whose first bytes were nothing but ASCII;
 * out and owner as for nvp_decoder_open.
 */
NvpSource *
nvp_decoder_open_late(NvpSource *inner)
{
	Decoder    *decoder = create(inner);

	decoder->encoding = NVP_ENCODING_UTF8;
	decoder->is_open = true;
	return &decoder->base;
}

/* nvp_decoder_find_late tells what was decided when something else than ASCII came; false if none did. */
bool
nvp_decoder_find_late(const NvpSource *source, NvpLateText *late)
{
	const Decoder *decoder = (const Decoder *) source;

	if (decoder->late == NULL)
		return false;
	*late = *decoder->late;
	return true;
}

/*
 * nvp_decoder_release frees a decoder, but leaves the source it wraps open for
 * its owner.
 */
void
nvp_decoder_release(NvpSource *source)
{
	Decoder    *decoder = (Decoder *) source;

	if (decoder->multi)
		nvp_multi_close(decoder->multi);
	if (decoder->bad)
		pfree(decoder->bad);
	if (decoder->late)
		pfree(decoder->late);
	pfree(decoder);
}
