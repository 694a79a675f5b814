/*-------------------------------------------------------------------------
 *
 * fuzz_decompress.c
 *		Whatever the bytes: no crash, no more than the limits allow, the same
 *		bytes in pieces of every size; and what was compressed comes back.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "render.h"
#include "squeeze.h"

#define MOST_BYTES	200000

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const NvpInflateLimits limits = {.max_bytes = MOST_BYTES, .max_ratio = 5000, .free_bytes = 10000};

/* unpack returns what comes out, NULL on errors, which must be told */
static char *
unpack(const char *data, size_t size, NvpCompression codec, size_t chunk, int64 piece, size_t *len)
{
	NvpSource  *source = nvp_decompress_open(chunked_source(data, size, chunk), codec, &limits);
	char	   *out = drain(source, piece, len);

	if (*len > MOST_BYTES + piece || (out == NULL && (source->error == NULL || source->error[0] == '\0')))
		abort();
	source->close(source);
	return out;
}

/* there_and_back compresses the input as two members */
static void
there_and_back(const char *data, size_t size, NvpCompression codec, size_t split)
{
	size_t		alen;
	size_t		blen;
	size_t		n;
	char	   *a = squeeze(codec, data, split, &alen);
	char	   *b = squeeze(codec, data + split, size - split, &blen);
	char	   *out;

	a = realloc(a, alen + blen);
	memcpy(a + alen, b, blen);
	out = unpack(a, alen + blen, codec, 3, 5, &n);
	if (out == NULL || n != size || memcmp(out, data, size) != 0)
		abort();
	free(out);
	free(a);
	free(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const NvpCompression codecs[] = {
		NVP_COMPRESSION_GZIP, NVP_COMPRESSION_ZSTD, NVP_COMPRESSION_BZIP2, NVP_COMPRESSION_XZ
	};
	const char *bytes = (const char *) data + 1;
	NvpCompression codec;
	char	   *whole;
	char	   *pieces;
	size_t		nwhole;
	size_t		npieces;

	if (size < 1 || size > 4096)
		return 0;
	codec = codecs[data[0] & 3];
	if (data[0] & 64)
	{
		there_and_back(bytes, size - 1, codec, (size - 1) * (data[0] >> 2 & 15) / 15);
		return 0;
	}
	whole = unpack(bytes, size - 1, codec, 65536, 65536, &nwhole);
	pieces = unpack(bytes, size - 1, codec, 1 + (data[0] >> 2 & 15), 1 + (data[0] >> 2 & 15) * 7, &npieces);
	if ((whole == NULL) != (pieces == NULL) ||
		(whole && (nwhole != npieces || memcmp(whole, pieces, nwhole) != 0)))
		abort();
	free(whole);
	free(pieces);
	return 0;
}
