/*-------------------------------------------------------------------------
 *
 * test_zip.c
 *		Zip archives: what is read, and what is refused with which words.
 *
 * Every archive is read through sources of 1, 7 and 65536 bytes; all must say
 * the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "base/zip.h"
#include "render.h"
#include "zipmake.h"

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

/* read_member writes the contents of a member, twice if they can be read */
static void
read_member(StringInfo out, NvpZip *zip, const NvpZipMember *member, int64 chunk)
{
	NvpSource  *source = nvp_zip_source(zip, member);
	char		buf[4096];
	int64		n = 0;
	int64		total[2] = {0, 0};

	appendStringInfo(out, "%s", member->name);
	if (source == NULL)
	{
		appendStringInfo(out, ": %d %s\n", zip->status, zip->message);
		return;
	}
	appendStringInfoString(out, " = ");
	for (int pass = 0; pass < 2; pass++)
	{
		while ((n = source->read(source, buf, Min(chunk, sizeof(buf)))) > 0)
		{
			if (pass == 0 && total[0] < 40)
				appendBinaryStringInfo(out, buf, Min(n, 40 - total[0]));
			total[pass] += n;
		}
		if (n < 0 || !source->rewind(source))
			break;
	}
	if (n < 0)
		appendStringInfo(out, ": %d %s\n", zip->status, source->error);
	else
		appendStringInfo(out, " (%d%s)\n", (int) total[0], total[0] == total[1] ? "" : ", then another size");
	source->close(source);
}

/* describe tells all about an archive */
static char *
describe(const char *data, size_t len, const NvpZipLimits *limits, int64 chunk)
{
	NvpSource  *source = chunked_source(data, len, chunk);
	NvpZip	   *zip = nvp_zip_open(source, limits);
	StringInfoData out;

	initStringInfo(&out);
	if (zip->status != NVP_ZIP_FINE)
		appendStringInfo(&out, "%d %s\n", zip->status, zip->message);
	else
		for (int i = 0; i < zip->nmembers; i++)
			read_member(&out, zip, &zip->members[i], chunk);
	nvp_zip_close(zip);
	source->close(source);
	return out.data;
}

static void
check(const char *name, const ZipMake *zip, const NvpZipLimits *limits, const char *expected)
{
	static const int chunks[] = {1, 7, 65536};

	for (int i = 0; i < lengthof(chunks); i++)
		check_text(name, describe(zip->data.data, zip->data.len, limits, chunks[i]), expected);
}

static void
test_reading(void)
{
	ZipMake		zip;
	ZipLie		zip64 = {.zip64 = true};
	char	   *big = palloc(100000);

	for (int i = 0; i < 100000; i++)
		big[i] = "abcdefghij"[i % 10];
	zipmake_begin(&zip);
	zipmake_add(&zip, "a.txt", "hello", 5, false, NULL);
	zipmake_add(&zip, "folder/", "", 0, false, NULL);
	zipmake_add(&zip, "b.txt", big, 100000, true, NULL);
	zipmake_add(&zip, "empty", "", 0, true, NULL);
	zipmake_end(&zip, NULL, false);
	check("stored, deflated, a folder, nothing", &zip, NULL,
		  "a.txt = hello (5)\nfolder/ =  (0)\n"
		  "b.txt = abcdefghijabcdefghijabcdefghijabcdefghij (100000)\nempty =  (0)\n");

	zipmake_begin(&zip);
	appendStringInfoString(&zip.data, "MZ a program that unpacks itself");
	zip.prefix = zip.data.len;
	zipmake_add(&zip, "sub\\\x81" "ber.csv", "x;y", 3, true, NULL);
	zipmake_end(&zip, "a comment with PK\005\006 in it, and more text behind", false);
	check("behind a program, before a comment, code page 437", &zip, NULL,
		  "sub/\xC3\xBC" "ber.csv = x;y (3)\n");

	zipmake_begin(&zip);
	zipmake_add(&zip, "\xC3\xBC.csv", "data", 4, true, &zip64);
	zipmake_end(&zip, NULL, true);
	check("zip64", &zip, NULL, "\xC3\xBC.csv = data (4)\n");

	zipmake_begin(&zip);
	zipmake_end(&zip, NULL, false);
	check("no member", &zip, NULL, "");
}

static void
check_lie(const char *name, const ZipLie *lie, const NvpZipLimits *limits, const char *expected)
{
	ZipMake		zip;
	char		data[2000];

	memset(data, 'x', sizeof(data));
	zipmake_begin(&zip);
	zipmake_add(&zip, "first", "1", 1, false, NULL);
	zipmake_add(&zip, "m", data, sizeof(data), true, lie);
	zipmake_add(&zip, "last", "2", 1, false, NULL);
	zipmake_end(&zip, NULL, false);
	check(name, &zip, limits, expected);
}

#define AROUND(text) "first = 1 (1)\nm" text "\nlast = 2 (1)\n"
#define FORTY "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void
test_lies(void)
{
	NvpZipLimits few = {.max_entries = 2};
	NvpZipLimits small = {.max_bytes = 1999};

	check_lie("encrypted", &(ZipLie) {.flags = 1}, NULL, AROUND(": 4 member \"m\" of the zip archive is encrypted"));
	check_lie("another method", &(ZipLie) {.method = 93}, NULL,
			  AROUND(": 4 member \"m\" of the zip archive is compressed by method 93, which is not supported"));
	check_lie("checksum", &(ZipLie) {.crc = 1}, NULL,
			  AROUND(" = " FORTY ": 2 member \"m\" of the zip archive is damaged: its checksum is wrong"));
	check_lie("larger than told", &(ZipLie) {.bytes = -2000}, NULL,
			  AROUND(" = : 2 member \"m\" of the zip archive is damaged: it is larger than the directory says"));
	check_lie("smaller than told", &(ZipLie) {.bytes = 1}, NULL,
			  AROUND(" = " FORTY ": 2 member \"m\" of the zip archive is damaged: its size is not what the directory says"));
	check_lie("cut off inside", &(ZipLie) {.packed = -4}, NULL,
			  AROUND(" = " FORTY ": 2 member \"m\" of the zip archive is damaged: it cannot be unpacked"));
	check_lie("overlapping", &(ZipLie) {.packed = 32}, NULL, "2 the zip archive is damaged: members overlap\n");
	check_lie("outside", &(ZipLie) {.offset = 1000000}, NULL, "2 the zip archive is damaged: a member lies outside\n");
	check_lie("not there", &(ZipLie) {.offset = 1}, NULL,
			  AROUND(": 2 the zip archive is damaged: member \"m\" is not where it should be"));
	check_lie("too many", NULL, &few, "3 the zip archive has 3 members, more than the 2 that are allowed\n");
	check_lie("too large", NULL, &small, AROUND(": 3 member \"m\" of the zip archive has 2000 bytes, more than the 1999 that are allowed"));
}

static void
test_bomb(void)
{
	ZipMake		zip;
	int			len = 20 * 1024 * 1024;
	char	   *zeros = palloc0(len);
	char	   *text;

	zipmake_begin(&zip);
	zipmake_add(&zip, "bomb", zeros, len, true, NULL);
	zipmake_end(&zip, NULL, false);
	text = describe(zip.data.data, zip.data.len, NULL, 65536);
	/* how tightly it is packed depends on the version of zlib */
	check_text("ratio", strstr(text, " to ") ? strstr(text, " to ") : text, " to 20971520 bytes, more than 1000 times\n");

	/* the directory promises ten million members, in no bytes at all */
	zipmake_begin(&zip);
	zipmake_end(&zip, NULL, true);
	zip.data.data[24] = zip.data.data[32] = 0x7F;
	zip.data.data[34] = 0x7F;
	check("a promise of members", &zip, NULL, "3 the zip archive has 8323199 members, more than the 10000 that are allowed\n");
}

/* cut short at any byte, or with any byte altered: no crash, and never a wrong byte told to be right */
static void
test_damage(void)
{
	ZipMake		zip;
	char	   *whole;

	zipmake_begin(&zip);
	zipmake_add(&zip, "a", "some text, some text, some text", 31, true, NULL);
	zipmake_add(&zip, "b", "stored", 6, false, &(ZipLie) {.zip64 = true});
	zipmake_end(&zip, "comment", true);
	whole = describe(zip.data.data, zip.data.len, NULL, 64);
	check_text("undamaged", whole, "a = some text, some text, some text (31)\nb = stored (6)\n");
	for (int len = 0; len < zip.data.len - 7; len++)
	{
		char	   *cut = describe(zip.data.data, len, NULL, 64);

		checks++;
		if (cut[0] < '1' || cut[0] > '4')
			failures += printf("not ok: cut at %d: %s\n", len, cut) > 0;
	}
	for (int at = 0; at < zip.data.len; at++)
	{
		for (int bit = 0; bit < 8; bit++)
		{
			char	   *altered;

			zip.data.data[at] ^= (char) (1 << bit);
			altered = describe(zip.data.data, zip.data.len, NULL, 64);
			if (strstr(altered, " (31)") && strstr(altered, " = some text, some text, some text (") == NULL)
				failures += printf("not ok: bit %d of byte %d: %s\n", bit, at, altered) > 0;
			zip.data.data[at] ^= (char) (1 << bit);
			pfree(altered);
		}
	}
	checks++;
}

int
main(void)
{
	test_reading();
	test_lies();
	test_bomb();
	test_damage();
	printf("%d checks, %d failed\n", checks, failures);
	return failures > 0;
}
