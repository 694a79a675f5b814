/*-------------------------------------------------------------------------
 *
 * fuzz_decode.c
 *		Whatever the bytes, in whatever encoding: no crash, the same text in
 *		pieces of every size, and nothing lost: what was decoded gives the bytes
 *		back, where an encoding writes each character in one way only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "format/encode.h"
#include "render.h"
#include "squeeze.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *
decode(NvpEncoding encoding, const char *data, size_t len, size_t chunk, int64 piece, size_t *out_len)
{
	NvpSource  *source = nvp_decoder_open(chunked_source(data, len, chunk), encoding);
	char	   *out = drain(source, piece, out_len);
	NvpBadText	bad;

	if (out == NULL)
		abort();
	if (nvp_decoder_find_bad(source, 0, &bad) &&
		(bad.in + bad.len > len || memcmp(data + bad.in, bad.bytes, bad.len) != 0 ||
		 nvp_raw_byte(out + bad.out, *out_len - bad.out) != bad.bytes[0]))
		abort();
	source->close(source);
	return out;
}

/* encode writes a code point as the encoding does; returns bytes, 0 if it cannot */
static int
encode(NvpEncoding encoding, const uint16 *table, uint32 code, unsigned char *out)
{
	bool		little = encoding == NVP_ENCODING_UTF16LE || encoding == NVP_ENCODING_UTF32LE;
	int			n = 0;

	if (nvp_encoding_is_single(encoding))
	{
		if (code < 0x80)
			out[n++] = code;
		for (int i = 0; i < 128 && n == 0; i++)
			if (table[i] == code)
				out[n++] = 0x80 + i;
		return n;
	}
	if (encoding >= NVP_ENCODING_UTF32LE)
	{
		for (int i = 0; i < 4; i++)
			out[n++] = code >> (little ? 8 * i : 24 - 8 * i);
		return n;
	}
	for (int i = 0; i < (code >= 0x10000 ? 2 : 1); i++)
	{
		uint32		unit = code < 0x10000 ? code : i == 0 ? 0xD800 + ((code - 0x10000) >> 10) : 0xDC00 + (code & 0x3FF);

		out[n++] = little ? unit : unit >> 8;
		out[n++] = little ? unit >> 8 : unit;
	}
	return n;
}

/* there_and_back encodes the text again, raw bytes as themselves, and compares */
static void
there_and_back(NvpEncoding encoding, const char *data, size_t len, const char *text, size_t text_len)
{
	uint16		table[128];
	size_t		at = 0;

	nvp_encoding_table(encoding, table);
	/* a mark was taken off */
	if (nvp_encoding_is_wide(encoding))
	{
		unsigned char mark[4];
		int			n = encode(encoding, table, 0xFEFF, mark);

		if (len >= n && memcmp(data, mark, n) == 0)
			at = n;
	}
	for (size_t i = 0; i < text_len;)
	{
		unsigned char bytes[4];
		int			raw = nvp_raw_byte(text + i, text_len - i);
		int			n = 1;

		bytes[0] = raw;
		if (raw < 0)
			n = encode(encoding, table, utf8_to_unicode((const unsigned char *) text + i), bytes);
		i += raw >= 0 ? NVP_RAW_BYTES : pg_utf_mblen((const unsigned char *) text + i);
		if (n == 0 || at + n > len || memcmp(data + at, bytes, n) != 0)
			abort();
		at += n;
	}
	if (at != len)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t sizes[] = {1, 2, 3, 5, 15, 16, 17, 64};
	const char *bytes = (const char *) data + 2;
	NvpEncoding encoding;
	char	   *whole;
	char	   *pieces;
	size_t		nwhole;
	size_t		npieces;

	if (size < 2 || size > 4096)
		return 0;
	encoding = 1 + data[0] % (NVP_ENCODING_COUNT - 1);
	whole = decode(encoding, bytes, size - 2, 65536, 65536, &nwhole);
	pieces = decode(encoding, bytes, size - 2, sizes[data[1] & 7], sizes[data[1] >> 3 & 7], &npieces);
	if (nwhole != npieces || memcmp(whole, pieces, nwhole) != 0)
		abort();
	if (encoding < NVP_ENCODING_FIRST_MULTI)
		there_and_back(encoding, bytes, size - 2, whole, nwhole);
	free(whole);
	free(pieces);
	return 0;
}
