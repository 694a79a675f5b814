/*-------------------------------------------------------------------------
 *
 * test_codec.c
 *		Decompression: whole, in pieces, in members, cut off, damaged, bombs.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "render.h"
#include "squeeze.h"

static int	failures = 0;
static int	checks = 0;

static const NvpInflateLimits no_limits = {0, 0, 0};
static const NvpCompression codecs[] = {
	NVP_COMPRESSION_GZIP, NVP_COMPRESSION_ZSTD, NVP_COMPRESSION_BZIP2, NVP_COMPRESSION_XZ
};

static void
check(bool ok, const char *what, NvpCompression codec)
{
	checks++;
	if (ok)
		return;
	failures++;
	printf("not ok: %s: %s\n", nvp_compression_name(codec), what);
}

/* text that compresses, but not to nothing */
static char *
some_text(size_t len)
{
	char	   *text = malloc(len + 1);
	uint32		seed = 1;

	for (size_t i = 0; i < len; i++)
	{
		seed = seed * 1103515245 + 12345;
		text[i] = (i % 37 == 36) ? '\n' : "abcdefgh,0123;56"[seed >> 28];
	}
	text[len] = '\0';
	return text;
}

static char *
join(const char *a, size_t alen, const char *b, size_t blen)
{
	char	   *both = malloc(alen + blen);

	memcpy(both, a, alen);
	memcpy(both + alen, b, blen);
	return both;
}

/* opens data through a source that gives chunk bytes at a time */
static NvpSource *
open_chunked(const char *data, size_t len, size_t chunk, NvpCompression codec, const NvpInflateLimits *limits)
{
	return nvp_decompress_open(chunked_source(data, len, chunk), codec, limits);
}

static void
expect_text(const char *what, NvpCompression codec, const char *data, size_t len, const char *text, size_t text_len)
{
	static const size_t sizes[] = {1, 2, 7, 64, 65536};

	for (int i = 0; i < lengthof(sizes); i++)
	{
		for (int j = 0; j < lengthof(sizes); j++)
		{
			NvpSource  *source = open_chunked(data, len, sizes[i], codec, &no_limits);

			for (int round = 0; round < 2; round++)
			{
				size_t		n;
				char	   *out = drain(source, sizes[j], &n);

				check(out && n == text_len && memcmp(out, text, n) == 0, what, codec);
				check(source->read_bytes == len, "all stored bytes were counted", codec);
				free(out);
				check(source->rewind(source), "rewinds", codec);
			}
			source->close(source);
		}
	}
}

static void
test_reading(NvpCompression codec)
{
	static const size_t lengths[] = {0, 1, 100, 70000};

	for (int i = 0; i < lengthof(lengths); i++)
	{
		char	   *text = some_text(lengths[i]);
		size_t		len;
		char	   *data = squeeze(codec, text, lengths[i], &len);

		check(nvp_compression_find(data, len) == codec, "is recognised", codec);
		expect_text("one member", codec, data, len, text, lengths[i]);
		free(data);
		free(text);
	}
}

static void
test_members(NvpCompression codec)
{
	char	   *text = some_text(3000);
	size_t		alen;
	size_t		blen;
	char	   *a = squeeze(codec, text, 1000, &alen);
	char	   *b = squeeze(codec, text + 1000, 2000, &blen);
	char	   *both = join(a, alen, b, blen);
	char	   *padded = join(a, alen, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
	char	   *padded_both = join(padded, alen + 12, b, blen);
	char	   *with_rest = join(both, alen + blen, "\0\0\0\0rest of it", 14);
	NvpSource  *source;
	size_t		n;

	expect_text("two members", codec, both, alen + blen, text, 3000);
	expect_text("padding behind", codec, padded, alen + 12, text, 1000);
	expect_text("padding between", codec, padded_both, alen + 12 + blen, text, 3000);
	expect_text("bytes behind that are none", codec, with_rest, alen + blen + 14, text, 3000);
	source = open_chunked(with_rest, alen + blen + 14, 5, codec, &no_limits);
	free(drain(source, 100, &n));
	check(nvp_decompress_rest(source) == 10, "the rest is counted", codec);
	source->close(source);
}

/* cut off anywhere and damaged anywhere: an error, or for a flag that means nothing the text */
static void
test_damage(NvpCompression codec)
{
	char	   *text = some_text(500);
	size_t		len;
	char	   *data = squeeze(codec, text, 500, &len);
	size_t		n;

	for (size_t cut = 1; cut < len; cut++)
	{
		NvpSource  *source = open_chunked(data, cut, 7, codec, &no_limits);
		char	   *out = drain(source, 64, &n);

		check(out == NULL && source->error && source->fault == NVP_SOURCE_DATA, "cut off", codec);
		check(source->read(source, text, 1) == -1, "stays failed", codec);
		check(source->rewind(source) && source->error == NULL, "can be rewound", codec);
		source->close(source);
	}
	for (size_t at = 0; at < len; at++)
	{
		NvpSource  *source;
		char	   *out;

		data[at] ^= 0x10;
		source = open_chunked(data, len, 64, codec, &no_limits);
		out = drain(source, 64, &n);
		check(out == NULL ? source->error != NULL : n == 500 && memcmp(out, text, n) == 0, "damaged", codec);
		source->close(source);
		free(out);
		data[at] ^= 0x10;
	}
}

static void
test_limits(NvpCompression codec)
{
	size_t		size = 1 << 20;
	char	   *zeros = calloc(1, size);
	size_t		len;
	char	   *data = squeeze(codec, zeros, size, &len);
	NvpInflateLimits limits = {.max_bytes = 1000000};
	NvpSource  *source = open_chunked(data, len, 65536, codec, &limits);
	size_t		n;

	check(drain(source, 4096, &n) == NULL && source->fault == NVP_SOURCE_LIMIT && n <= 1000000 + 4096,
		  "more bytes than are allowed", codec);
	check(source->error && strstr(source->error, "nuvopipe.max_object_size"), "names the limit", codec);
	source->close(source);

	limits = (NvpInflateLimits) {.max_ratio = 100, .free_bytes = 100000};
	source = open_chunked(data, len, 65536, codec, &limits);
	check(drain(source, 4096, &n) == NULL && source->fault == NVP_SOURCE_LIMIT, "grows too much", codec);
	check(source->hint && strstr(source->hint, "nuvopipe.max_expansion"), "names the cure", codec);
	source->close(source);

	limits = (NvpInflateLimits) {.max_bytes = size, .max_ratio = 100, .free_bytes = size};
	source = open_chunked(data, len, 65536, codec, &limits);
	check(drain(source, 4096, &n) != NULL && n == size, "just within the limits", codec);
	source->close(source);
	free(data);
	free(zeros);
}

static void
test_other(NvpCompression codec)
{
	NvpSource  *source = open_chunked("id,name\n1,x\n", 12, 3, codec, &no_limits);
	size_t		n;

	check(drain(source, 64, &n) == NULL && source->fault == NVP_SOURCE_DATA &&
		  strncmp(source->error, "the data is not ", 16) == 0, "something else", codec);
	source->close(source);
	source = open_chunked("", 0, 1, codec, &no_limits);
	check(drain(source, 64, &n) != NULL && n == 0, "nothing", codec);
	source->close(source);
}

/* frames that hold no data, wherever they stand */
static void
test_skippable(void)
{
	static const char skip[] = "\x5A\x2A\x4D\x18\3\0\0\0xyz";
	char	   *text = some_text(200);
	size_t		len;
	char	   *data = squeeze(NVP_COMPRESSION_ZSTD, text, 200, &len);
	char	   *first = join(skip, 11, data, len);
	char	   *last = join(first, 11 + len, skip, 11);

	check(nvp_compression_find(first, 11 + len) == NVP_COMPRESSION_ZSTD, "is recognised by a skippable frame",
		  NVP_COMPRESSION_ZSTD);
	expect_text("skippable frames", NVP_COMPRESSION_ZSTD, last, len + 22, text, 200);
}

static void
test_marks(void)
{
	check(nvp_compression_find("BZh9 is how this begins", 23) == NVP_COMPRESSION_NONE, "text that begins like it",
		  NVP_COMPRESSION_BZIP2);
	check(nvp_compression_find("PK\3\4xxxxxx", 10) == NVP_COMPRESSION_ZIP, "is recognised", NVP_COMPRESSION_ZIP);
	check(nvp_compression_find("PK\5\6xxxxxx", 10) == NVP_COMPRESSION_ZIP, "an empty one, too", NVP_COMPRESSION_ZIP);
	check(nvp_compression_find("PK,name\n", 8) == NVP_COMPRESSION_NONE, "text", NVP_COMPRESSION_ZIP);
	check(nvp_compression_find("\x1F\x8B", 2) == NVP_COMPRESSION_NONE, "too short to tell", NVP_COMPRESSION_GZIP);
}

int
main(void)
{
	for (int i = 0; i < lengthof(codecs); i++)
	{
		test_reading(codecs[i]);
		test_members(codecs[i]);
		test_damage(codecs[i]);
		test_limits(codecs[i]);
		test_other(codecs[i]);
	}
	test_skippable();
	test_marks();
	printf("test_codec: %d checks, %d failed\n", checks, failures);
	return failures > 0;
}
