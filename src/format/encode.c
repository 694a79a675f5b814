/*-------------------------------------------------------------------------
 *
 * encode.c
 *		Sources that turn UTF-16, Latin-1 and Windows-1252 into UTF-8.
 *
 * Flow:   inner source --> raw[at .. filled) --> UTF-8 in the caller's buffer
 *
 * Nothing is dropped or mended.  An unpaired surrogate becomes the three bytes
 * UTF-8 would need for it, which no UTF-8 check accepts, so that the cell that
 * holds it is reported; the same goes for an odd byte at the end, which becomes
 * the byte FF, and for the five bytes Windows-1252 does not define, which stay
 * themselves.  A byte order mark at the front is taken off.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: RFC 2781 (UTF-16), RFC 3629 (UTF-8).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/encode.h"

#define RAW_BYTES	65536
#define MOST_OUT	4			/* bytes of UTF-8 one step can yield */

typedef struct Decoder
{
	NvpSource	base;
	NvpSource  *inner;
	NvpEncoding encoding;
	int			at;				/* next byte of raw */
	int			filled;
	bool		inner_eof;
	bool		begun;			/* the byte order mark was looked for */
	int			nheld;			/* decoded bytes that did not fit the caller's buffer */
	char		held[MOST_OUT];
	unsigned char raw[RAW_BYTES];
} Decoder;

static const char *const encoding_names[] = {"utf-8", "utf-16le", "utf-16be", "latin-1", "windows-1252"};

/* nvp_encoding_name returns the name an option uses. */
const char *
nvp_encoding_name(NvpEncoding encoding)
{
	return encoding_names[encoding];
}

/* nvp_encoding_parse reads such a name or a usual alias; false if unknown. */
bool
nvp_encoding_parse(const char *name, NvpEncoding *encoding)
{
	static const struct
	{
		const char *alias;
		NvpEncoding encoding;
	}			aliases[] = {
		{"utf-8", NVP_ENCODING_UTF8}, {"utf8", NVP_ENCODING_UTF8},
		{"utf-16le", NVP_ENCODING_UTF16LE}, {"utf16le", NVP_ENCODING_UTF16LE},
		{"utf-16be", NVP_ENCODING_UTF16BE}, {"utf16be", NVP_ENCODING_UTF16BE},
		{"latin-1", NVP_ENCODING_LATIN1}, {"latin1", NVP_ENCODING_LATIN1},
		{"iso-8859-1", NVP_ENCODING_LATIN1},
		{"windows-1252", NVP_ENCODING_WINDOWS1252}, {"cp1252", NVP_ENCODING_WINDOWS1252}
	};

	for (int i = 0; i < lengthof(aliases); i++)
	{
		if (pg_strcasecmp(name, aliases[i].alias) == 0)
		{
			*encoding = aliases[i].encoding;
			return true;
		}
	}
	return false;
}

/* refill keeps what is left of raw and reads behind it; false on error */
static bool
refill(Decoder *decoder)
{
	int			left = decoder->filled - decoder->at;
	int64		n;

	memmove(decoder->raw, decoder->raw + decoder->at, left);
	decoder->at = 0;
	decoder->filled = left;
	n = decoder->inner->read(decoder->inner, (char *) decoder->raw + left, RAW_BYTES - left);
	decoder->base.read_bytes = decoder->inner->read_bytes;
	if (n < 0)
	{
		nvp_source_inherit_error(&decoder->base, decoder->inner);
		return false;
	}
	if (n == 0)
		decoder->inner_eof = true;
	decoder->filled += n;
	return true;
}

/* put_code writes a code point, surrogates too, in the pattern of UTF-8 */
static int
put_code(uint32 code, char *out)
{
	if (code < 0x80)
	{
		out[0] = (char) code;
		return 1;
	}
	if (code < 0x800)
	{
		out[0] = (char) (0xC0 | code >> 6);
		out[1] = (char) (0x80 | (code & 0x3F));
		return 2;
	}
	if (code < 0x10000)
	{
		out[0] = (char) (0xE0 | code >> 12);
		out[1] = (char) (0x80 | (code >> 6 & 0x3F));
		out[2] = (char) (0x80 | (code & 0x3F));
		return 3;
	}
	out[0] = (char) (0xF0 | code >> 18);
	out[1] = (char) (0x80 | (code >> 12 & 0x3F));
	out[2] = (char) (0x80 | (code >> 6 & 0x3F));
	out[3] = (char) (0x80 | (code & 0x3F));
	return 4;
}

/* code points of the bytes 80 to 9F of Windows-1252; 0 = not defined */
static const uint16 windows_1252[32] = {
	0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
	0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0,
	0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
	0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178
};

static int
put_byte(unsigned char byte, NvpEncoding encoding, char *out)
{
	if (encoding == NVP_ENCODING_WINDOWS1252 && byte >= 0x80 && byte < 0xA0)
	{
		if (windows_1252[byte - 0x80] != 0)
			return put_code(windows_1252[byte - 0x80], out);
		out[0] = (char) byte;
		return 1;
	}
	return put_code(byte, out);
}

static bool
is_utf16(NvpEncoding encoding)
{
	return encoding == NVP_ENCODING_UTF16LE || encoding == NVP_ENCODING_UTF16BE;
}

static inline uint32
unit_at(const Decoder *decoder, int at)
{
	const unsigned char *p = decoder->raw + at;

	return decoder->encoding == NVP_ENCODING_UTF16LE ? p[0] | p[1] << 8 : p[0] << 8 | p[1];
}

/*
 * step decodes one code point to out; returns bytes written, 0 if raw does not
 * hold it whole and more may come
 */
static int
step(Decoder *decoder, char *out)
{
	int			left = decoder->filled - decoder->at;
	uint32		unit;

	if (left == 0)
		return 0;
	if (!is_utf16(decoder->encoding))
		return put_byte(decoder->raw[decoder->at++], decoder->encoding, out);
	if (left == 1)
	{
		if (!decoder->inner_eof)
			return 0;
		decoder->at++;
		out[0] = '\xFF';
		return 1;
	}
	unit = unit_at(decoder, decoder->at);
	if (unit >= 0xD800 && unit < 0xDC00)
	{
		if (left < 4 && !decoder->inner_eof)
			return 0;
		if (left >= 4)
		{
			uint32		low = unit_at(decoder, decoder->at + 2);

			if (low >= 0xDC00 && low < 0xE000)
			{
				decoder->at += 4;
				return put_code(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), out);
			}
		}
	}
	decoder->at += 2;
	return put_code(unit, out);
}

/* begin passes over a byte order mark; false on error */
static bool
begin(Decoder *decoder)
{
	while (decoder->filled - decoder->at < 2 && !decoder->inner_eof)
		if (!refill(decoder))
			return false;
	if (is_utf16(decoder->encoding) &&
		decoder->filled - decoder->at >= 2 && unit_at(decoder, decoder->at) == 0xFEFF)
		decoder->at += 2;
	decoder->begun = true;
	return true;
}

/* decode_some fills buf as far as raw goes; returns bytes written */
static int64
decode_some(Decoder *decoder, char *buf, int64 size)
{
	int64		done = 0;
	int			n;

	while (size - done >= MOST_OUT && (n = step(decoder, buf + done)) > 0)
		done += n;
	if (done > 0 || size >= MOST_OUT)
		return done;

	/* a very small buffer: hand out one code point in pieces */
	decoder->nheld = step(decoder, decoder->held);
	n = Min(decoder->nheld, size);
	memcpy(buf, decoder->held, n);
	decoder->nheld -= n;
	memmove(decoder->held, decoder->held + n, decoder->nheld);
	return n;
}

static int64
decoder_read(NvpSource *source, char *buf, int64 size)
{
	Decoder    *decoder = (Decoder *) source;

	if (!decoder->begun && !begin(decoder))
		return -1;
	if (decoder->nheld > 0 && size > 0)
	{
		int			n = Min(decoder->nheld, size);

		memcpy(buf, decoder->held, n);
		decoder->nheld -= n;
		memmove(decoder->held, decoder->held + n, decoder->nheld);
		return n;
	}
	while (size > 0)
	{
		int64		n = decode_some(decoder, buf, size);

		if (n > 0)
			return n;
		if (decoder->inner_eof && decoder->at == decoder->filled)
			return 0;
		if (!refill(decoder))
			return -1;
	}
	return 0;
}

static bool
decoder_rewind(NvpSource *source)
{
	Decoder    *decoder = (Decoder *) source;

	decoder->at = decoder->filled = decoder->nheld = 0;
	decoder->inner_eof = decoder->begun = false;
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
	pfree(decoder);
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
	decoder = palloc0(sizeof(Decoder));
	decoder->base.read = decoder_read;
	decoder->base.rewind = decoder_rewind;
	decoder->base.close = decoder_close;
	decoder->base.total_bytes = inner->total_bytes;
	decoder->inner = inner;
	decoder->encoding = encoding;
	return &decoder->base;
}

/*
 * nvp_decoder_release frees a decoder, but leaves the source it wraps open for
 * its owner.
 */
void
nvp_decoder_release(NvpSource *decoder)
{
	pfree((Decoder *) decoder);
}
