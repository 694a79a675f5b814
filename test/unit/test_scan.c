/*-------------------------------------------------------------------------
 *
 * test_scan.c
 *		Scans by vector instructions: each body finds what the plain one finds.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "format/csv_scan.h"
#include "format/reader.h"
#include "format/utf8_scan.h"

static int	failures = 0;
static int	checks = 0;

static void
check_text(const char *name, const char *actual, const char *expected)
{
	checks++;
	if (strcmp(actual, expected) == 0)
		return;
	failures++;
	printf("not ok: %s\n--- expected\n%s\n--- actual\n%s\n", name, expected, actual);
}

/* all bodies of the scan agree, for every length and every alignment of the tail */
static void
test_scan(void)
{
	static const char alphabet[] = "ab,;\"\\\n\r\t\x80\xAC";
	const NvpCsvSigns signs = {',', '"', '\\'};
	char		data[256 + 64];
	uint32		expected[256 + NVP_CSV_SCAN_SLACK];
	uint32		actual[256 + NVP_CSV_SCAN_SLACK];
	uint32		seed = 1;
	int			differing = 0;

	for (int round = 0; round < 2000; round++)
	{
		uint32		from = round % 7;
		uint32		to = from + round % 250;
		uint32		n;

		for (int i = 0; i < sizeof(data); i++)
		{
			seed = seed * 1103515245 + 12345;
			data[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		n = nvp_csv_scan_plain(data, from, to, &signs, expected);
		for (int level = 1; level <= 3; level++)
		{
			NvpCsvScanFunc scan = nvp_csv_scan_body(level);

			if (scan && (scan(data, from, to, &signs, actual) != n ||
						 memcmp(actual, expected, n * sizeof(uint32)) != 0))
				differing++;
		}
	}
	check_text("bodies of the scan", psprintf("%d differ", differing), "0 differ");
}

/* the plain answer: storable text */
static bool
is_utf8(const char *p, size_t len)
{
	const char *end = p + len;

	while (p < end)
	{
		int			n = pg_utf_mblen((const unsigned char *) p);

		if (*p == '\0' || n > end - p || !pg_utf8_islegal((const unsigned char *) p, n))
			return false;
		p += n;
	}
	return true;
}

static int
utf8_differing(const char *p, size_t len)
{
	bool		expected = is_utf8(p, len);
	int			differing = 0;

	for (int level = 1; level <= 2; level++)
	{
		NvpUtf8ScanFunc scan = nvp_utf8_scan_body(level);

		if (scan && scan(p, len) != expected)
			differing++;
	}
	return differing;
}

/* every pair and triple of bytes, and the edges of the fours, where two blocks meet, and at the end */
static void
test_utf8_scan(void)
{
	static const unsigned char edges[] = {0, 'a', 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF};
	char	   *text = palloc(200);
	int			differing = 0;

	memset(text, 'a', 200);
	for (int bytes = 0; bytes < 1 << 16; bytes++)
	{
		text[63] = (char) (bytes >> 8);
		text[64] = (char) bytes;
		differing += utf8_differing(text, 130) + utf8_differing(text, 65) + utf8_differing(text + 63, 2);
	}
	check_text("pairs of bytes", psprintf("%d differ", differing), "0 differ");
	for (int i = 0; i < lengthof(edges) * lengthof(edges) * lengthof(edges) * lengthof(edges); i++)
	{
		for (int k = 0, rest = i; k < 4; k++, rest /= lengthof(edges))
			text[62 + k] = (char) edges[rest % lengthof(edges)];
		differing += utf8_differing(text, 130) + utf8_differing(text, 66) + utf8_differing(text + 62, 4);
	}
	check_text("edges of four bytes", psprintf("%d differ", differing), "0 differ");
	pfree(text);
}

static void
test_utf8_random(void)
{
	static const char *const pieces[] = {"a", "1,2", "\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\n"};
	uint32		seed = 1;
	int			differing = 0;
	int			valid = 0;

	for (int round = 0; round < 20000; round++)
	{
		size_t		len = round % 300;
		char	   *text = palloc(len + 1);	/* of this size, so that reading beyond is noticed */
		size_t		at = 0;

		while (at < len)
		{
			const char *piece = pieces[(seed >> 16) % lengthof(pieces)];
			size_t		n = strlen(piece);

			seed = seed * 1103515245 + 12345;
			if (at + n > len)
				piece = "x", n = 1;
			memcpy(text + at, piece, n);
			at += n;
		}
		if (round % 2 && len > 0)
			text[(seed >> 8) % len] = (char) (seed >> 24);
		valid += is_utf8(text, len);
		differing += utf8_differing(text, len);
		pfree(text);
	}
	check_text("random text", psprintf("%d differ%s", differing, valid > 5000 && valid < 19000 ? "" : ", a poor test"), "0 differ");
}

/* what the reader calls well-formed is; and it says so of nearly all, however slices cut characters */
static void
test_utf8_cells(void)
{
	StringInfoData data;
	NvpFormat	format;
	NvpReader  *reader;
	NvpBatch   *batch = nvp_batch_create(2);
	int			wrong = 0;
	int			marked = 0;
	int			bad = 0;

	initStringInfo(&data);
	for (int i = 0; i < 40000; i++)
		appendStringInfo(&data, "%d,%s\xE2\x82\xAC\xF0\x9F\x98\x80%s\n", i, i % 7 ? "\xC3\xBC" : "\"\"\"",
						 i % 7 ? (i % 9999 == 5000 ? "\xFF" : "") : "\"");
	nvp_format_defaults(&format);
	format.kind = NVP_FORMAT_CSV;
	format.has_header = false;
	reader = nvp_reader_open(nvp_source_memory(data.data, data.len), &format);
	while (nvp_reader_next(reader, batch) == NVP_READ_OK)
	{
		for (int row = 0; row < batch->nrows; row++)
		{
			const NvpCell *cell = &nvp_batch_column(batch, 1)[row];
			bool		is_valid = is_utf8(cell->ptr, cell->len);

			bad += !is_valid;
			marked += (cell->flags & NVP_CELL_UTF8) != 0;
			wrong += (cell->flags & NVP_CELL_UTF8) != 0 && !is_valid;
		}
	}
	check_text("cells called well-formed", psprintf("%d of %d bad cells marked%s", wrong, bad,
													!nvp_utf8_scan_best() || marked > 25000 ? "" : ", hardly any good ones"),
			   "0 of 4 bad cells marked");
	nvp_batch_free(batch);
	nvp_reader_close(reader);
}

int
main(void)
{
	test_scan();
	test_utf8_scan();
	test_utf8_random();
	test_utf8_cells();
	printf("test_scan: %d checks, %d failed\n", checks, failures);
	return failures > 0;
}
