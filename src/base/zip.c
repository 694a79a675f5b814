/*-------------------------------------------------------------------------
 *
 * zip.c
 *		The directory of a zip archive.
 *
 * Flow:   end record (behind it, perhaps, a comment) --> [zip64 end record] -->
 *		   directory --> members, checked against one another and the limits
 *
 * See zip.h for memory and errors.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "base/mend.h"
#include "base/zip.h"

#define END_BYTES			22
#define END64_BYTES			56
#define LOCATOR64_BYTES		20
#define ENTRY_BYTES			46
#define LOCAL_BYTES			30
#define MOST_COMMENT		65535
#define MOST_DIRECTORY		(64 * 1024 * 1024)

#define FLAG_ENCRYPTED		0x0001
#define FLAG_STRONG			0x0040
#define FLAG_MASKED			0x2000
#define METHOD_AES			99
#define EXTRA_ZIP64			0x0001
#define IN_ZIP64			0xFFFFFFFFU

/* what the end record says of the directory */
typedef struct Directory
{
	uint64		entries;
	uint64		bytes;
	uint64		offset;			/* as written */
	uint64		end;			/* where it ends in the source */
} Directory;

/* code page 437 from 80 on */
static const uint16 cp437[128] = {
	0x00C7, 0x00FC, 0x00E9, 0x00E2, 0x00E4, 0x00E0, 0x00E5, 0x00E7, 0x00EA, 0x00EB, 0x00E8, 0x00EF, 0x00EE, 0x00EC, 0x00C4, 0x00C5,
	0x00C9, 0x00E6, 0x00C6, 0x00F4, 0x00F6, 0x00F2, 0x00FB, 0x00F9, 0x00FF, 0x00D6, 0x00DC, 0x00A2, 0x00A3, 0x00A5, 0x20A7, 0x0192,
	0x00E1, 0x00ED, 0x00F3, 0x00FA, 0x00F1, 0x00D1, 0x00AA, 0x00BA, 0x00BF, 0x2310, 0x00AC, 0x00BD, 0x00BC, 0x00A1, 0x00AB, 0x00BB,
	0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557, 0x255D, 0x255C, 0x255B, 0x2510,
	0x2514, 0x2534, 0x252C, 0x251C, 0x2500, 0x253C, 0x255E, 0x255F, 0x255A, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256C, 0x2567,
	0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256B, 0x256A, 0x2518, 0x250C, 0x2588, 0x2584, 0x258C, 0x2590, 0x2580,
	0x03B1, 0x00DF, 0x0393, 0x03C0, 0x03A3, 0x03C3, 0x00B5, 0x03C4, 0x03A6, 0x0398, 0x03A9, 0x03B4, 0x221E, 0x03C6, 0x03B5, 0x2229,
	0x2261, 0x00B1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00F7, 0x2248, 0x00B0, 0x2219, 0x00B7, 0x221A, 0x207F, 0x00B2, 0x25A0, 0x00A0
};

/* nvp_zip_fail notes what is wrong; always false. */
bool
nvp_zip_fail(NvpZip *zip, NvpZipStatus status, const char *hint, const char *fmt,...)
{
	va_list		args;

	zip->status = status;
	va_start(args, fmt);
	vsnprintf(zip->message, sizeof(zip->message), fmt, args);
	va_end(args);
	nvp_mend_utf8(zip->message);
	strlcpy(zip->hint, hint ? hint : "", sizeof(zip->hint));
	return false;
}

static bool
fail_damaged(NvpZip *zip, const char *what)
{
	return nvp_zip_fail(zip, NVP_ZIP_DAMAGED, "Ask the sender for the file again.",
						"the zip archive is damaged: %s", what);
}

/* nvp_zip_read reads exactly size bytes at offset. */
bool
nvp_zip_read(NvpZip *zip, char *buf, int64 size, int64 offset)
{
	NvpSource  *source = zip->source;

	while (size > 0)
	{
		int64		n = source->read_at(source, buf, size, offset);

		if (n < 0)
			return nvp_zip_fail(zip, NVP_ZIP_IO, NULL, "%s", source->error ? source->error : "unknown reason");
		if (n == 0)
			return fail_damaged(zip, "it ends too early");
		buf += n;
		size -= n;
		offset += n;
	}
	return true;
}

/* ---- where the directory is ---------------------------------------------- */

/*
 * find_end finds the end record in the last bytes of the archive: the last one
 * whose comment fits.  Returns its place in tail, -1 if there is none.
 */
static int64
find_end(const char *tail, int64 len)
{
	for (int64 at = len - END_BYTES; at >= 0; at--)
	{
		if (memcmp(tail + at, "PK\005\006", 4) == 0 &&
			at + END_BYTES + nvp_zip_get16(tail + at + 20) <= len)
			return at;
	}
	return -1;
}

/* read_end64 reads the end record of zip64, which stands before the other one at offset end */
static bool
read_end64(NvpZip *zip, uint64 end, Directory *directory)
{
	char		buf[END64_BYTES];
	uint64		offset;

	if (end < LOCATOR64_BYTES + END64_BYTES)
		return fail_damaged(zip, "the zip64 record is missing");
	if (!nvp_zip_read(zip, buf, LOCATOR64_BYTES, (int64) end - LOCATOR64_BYTES))
		return false;
	if (memcmp(buf, "PK\006\007", 4) != 0)
		return fail_damaged(zip, "the zip64 record is missing");
	offset = nvp_zip_get64(buf + 8);
	if (offset > end - LOCATOR64_BYTES - END64_BYTES)
		return fail_damaged(zip, "the zip64 record is missing");
	if (!nvp_zip_read(zip, buf, END64_BYTES, (int64) offset))
		return false;
	if (memcmp(buf, "PK\006\006", 4) != 0)
	{
		/* behind other data offsets are too small: look where it usually stands */
		offset = end - LOCATOR64_BYTES - END64_BYTES;
		if (!nvp_zip_read(zip, buf, END64_BYTES, (int64) offset))
			return false;
		if (memcmp(buf, "PK\006\006", 4) != 0)
			return fail_damaged(zip, "the zip64 record is missing");
	}
	directory->entries = nvp_zip_get64(buf + 32);
	directory->bytes = nvp_zip_get64(buf + 40);
	directory->offset = nvp_zip_get64(buf + 48);
	directory->end = offset;
	return true;
}

/* read_end says where the directory is */
static bool
read_end(NvpZip *zip, Directory *directory)
{
	int64		total = zip->source->total_bytes;
	int64		len = Min(total, END_BYTES + MOST_COMMENT);
	char	   *tail = palloc(Max(len, 1));
	const char *end;
	int64		at;
	bool		ok = true;

	if (!nvp_zip_read(zip, tail, len, total - len))
	{
		pfree(tail);
		return false;
	}
	at = find_end(tail, len);
	if (at < 0)
	{
		pfree(tail);
		return nvp_zip_fail(zip, NVP_ZIP_DAMAGED, "The transfer may have been incomplete; ask the sender for the file again.",
							"the zip archive is cut off: its directory is missing");
	}
	end = tail + at;
	directory->entries = nvp_zip_get16(end + 10);
	directory->bytes = nvp_zip_get32(end + 12);
	directory->offset = nvp_zip_get32(end + 16);
	directory->end = total - len + at;
	if (directory->entries == 0xFFFF || directory->bytes == IN_ZIP64 || directory->offset == IN_ZIP64)
		ok = read_end64(zip, directory->end, directory);
	else if (nvp_zip_get16(end + 4) != 0 || nvp_zip_get16(end + 6) != 0 ||
			 nvp_zip_get16(end + 8) != nvp_zip_get16(end + 10))
		ok = nvp_zip_fail(zip, NVP_ZIP_UNSUPPORTED, "Join the parts into one archive.",
						  "the zip archive is one part of several");
	pfree(tail);
	return ok;
}

/* ---- its entries ---------------------------------------------------------- */

/*
 * decode_name returns a name as valid UTF-8 without NUL, whatever its flag says:
 * what is valid UTF-8 was never meant to be code page 437.  palloc'd
 */
static char *
decode_name(const char *raw, int len)
{
	bool		is_utf8 = pg_encoding_verifymbstr(PG_UTF8, raw, len) == len;
	char	   *name = palloc((size_t) len * 3 + 1);
	char	   *out = name;

	for (int i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) raw[i];

		if (c == '\0' || c == '\\')
			*out++ = c == '\\' ? '/' : '_';
		else if (c < 0x80 || is_utf8)
			*out++ = (char) c;
		else
		{
			unicode_to_utf8(cp437[c - 0x80], (unsigned char *) out);
			out += pg_utf_mblen((unsigned char *) out);
		}
	}
	*out = '\0';
	return name;
}

/* a number that stands in the zip64 extra field if it did not fit; false if that is missing */
static bool
widen(int64 *value, const char **p, const char *end)
{
	uint64		wide;

	if (*value != IN_ZIP64)
		return true;
	if (end - *p < 8)
		return false;
	wide = nvp_zip_get64(*p);
	*p += 8;
	*value = (int64) wide;
	return wide <= (uint64) PG_INT64_MAX;
}

/* read_extra looks for zip64 numbers among the extra fields */
static bool
read_extra(NvpZipMember *member, const char *p, const char *end)
{
	static const char nothing[1];
	const char *field = nothing;
	const char *field_end = nothing;

	while (end - p >= 4)
	{
		int			len = nvp_zip_get16(p + 2);

		if (len > end - p - 4)
			break;
		if (nvp_zip_get16(p) == EXTRA_ZIP64)
		{
			field = p + 4;
			field_end = field + len;
		}
		p += 4 + len;
	}
	return widen(&member->bytes, &field, field_end) &&
		widen(&member->packed_bytes, &field, field_end) &&
		widen(&member->offset, &field, field_end);
}

/*
 * read_entry reads the entry at p; returns the place behind it, NULL if it is
 * damaged
 */
static const char *
read_entry(NvpZipMember *member, const char *p, const char *end)
{
	int			flags;
	int			name_len;
	int			extra_len;
	int			comment_len;
	const char *name;

	if (end - p < ENTRY_BYTES || memcmp(p, "PK\001\002", 4) != 0)
		return NULL;
	flags = nvp_zip_get16(p + 8);
	name_len = nvp_zip_get16(p + 28);
	extra_len = nvp_zip_get16(p + 30);
	comment_len = nvp_zip_get16(p + 32);
	name = p + ENTRY_BYTES;
	if (name_len + extra_len + comment_len > end - name)
		return NULL;
	member->method = nvp_zip_get16(p + 10);
	member->crc = nvp_zip_get32(p + 16);
	member->packed_bytes = nvp_zip_get32(p + 20);
	member->bytes = nvp_zip_get32(p + 24);
	member->offset = nvp_zip_get32(p + 42);
	member->is_encrypted = (flags & (FLAG_ENCRYPTED | FLAG_STRONG | FLAG_MASKED)) != 0 ||
		member->method == METHOD_AES;
	if (!read_extra(member, name + name_len, name + name_len + extra_len))
		return NULL;
	member->name = decode_name(name, name_len);
	member->is_folder = name_len > 0 && member->name[strlen(member->name) - 1] == '/';
	return name + name_len + extra_len + comment_len;
}

static int
compare_offsets(const void *a, const void *b)
{
	int64		left = (*(NvpZipMember *const *) a)->offset;
	int64		right = (*(NvpZipMember *const *) b)->offset;

	return left < right ? -1 : left > right;
}

/*
 * check_places tells whether every member lies before the directory, and none
 * shares bytes with another: in archives that do, a few bytes can claim to be
 * the contents of thousands of members.
 */
static bool
check_places(NvpZip *zip, int64 directory_start)
{
	NvpZipMember **sorted = palloc(sizeof(NvpZipMember *) * Max(zip->nmembers, 1));
	int64		free_from = 0;
	bool		ok = true;

	for (int i = 0; i < zip->nmembers; i++)
		sorted[i] = &zip->members[i];
	qsort(sorted, zip->nmembers, sizeof(NvpZipMember *), compare_offsets);
	for (int i = 0; i < zip->nmembers && ok; i++)
	{
		const NvpZipMember *member = sorted[i];

		if (member->offset < free_from)
			ok = fail_damaged(zip, "members overlap");
		else if (member->offset > directory_start - LOCAL_BYTES ||
				 member->packed_bytes > directory_start - LOCAL_BYTES - member->offset)
			ok = fail_damaged(zip, "a member lies outside");
		else
			free_from = member->offset + LOCAL_BYTES + member->packed_bytes;
	}
	pfree(sorted);
	return ok;
}

/* read_entries fills zip->members */
static bool
read_entries(NvpZip *zip, const Directory *directory, const char *buf, int64 shift)
{
	const char *p = buf;
	const char *end = buf + directory->bytes;

	zip->members = palloc0(sizeof(NvpZipMember) * Max((size_t) directory->entries, 1));
	for (uint64 i = 0; i < directory->entries; i++)
	{
		NvpZipMember *member = &zip->members[i];

		p = read_entry(member, p, end);
		if (p == NULL || member->offset > PG_INT64_MAX - shift)
			return fail_damaged(zip, "its directory cannot be read");
		member->offset += shift;
		zip->nmembers++;
	}
	return check_places(zip, (int64) (directory->end - directory->bytes));
}

static bool
read_directory(NvpZip *zip)
{
	Directory	directory = {0};
	int			max = zip->limits.max_entries > 0 ? zip->limits.max_entries : NVP_ZIP_ENTRIES;
	char	   *buf;
	bool		ok;

	if (!read_end(zip, &directory))
		return false;
	if (directory.entries > max)
		return nvp_zip_fail(zip, NVP_ZIP_LIMIT, "Split the archive, or pack only what is to be read.",
							"the zip archive has " UINT64_FORMAT " members, more than the %d that are allowed",
							directory.entries, max);
	if (directory.bytes > directory.end || directory.bytes > MOST_DIRECTORY ||
		directory.offset > directory.end - directory.bytes)
		return fail_damaged(zip, "its directory cannot be read");
	buf = palloc(Max((size_t) directory.bytes, 1));
	ok = nvp_zip_read(zip, buf, (int64) directory.bytes, (int64) (directory.end - directory.bytes)) &&
		read_entries(zip, &directory, buf, (int64) (directory.end - directory.bytes - directory.offset));
	pfree(buf);
	return ok;
}

/*
 * nvp_zip_open reads the directory of an archive.
 *
 * in: a source with read_at, which must outlive the archive; limits or NULL.
 * out: an archive in any case; status is not NVP_ZIP_FINE if it cannot be read.
 * owner: nvp_zip_close frees it, after all sources of members were closed.
 */
NvpZip *
nvp_zip_open(NvpSource *source, const NvpZipLimits *limits)
{
	NvpZip	   *zip = palloc0(sizeof(NvpZip));

	Assert(source->read_at != NULL && source->total_bytes >= 0);
	zip->source = source;
	if (limits)
		zip->limits = *limits;
	(void) read_directory(zip);
	return zip;
}

/* nvp_zip_find returns the member of that name, upper and lower case alike; NULL if there is none. */
const NvpZipMember *
nvp_zip_find(const NvpZip *zip, const char *name)
{
	for (int i = 0; i < zip->nmembers; i++)
		if (pg_strcasecmp(zip->members[i].name, name) == 0)
			return &zip->members[i];
	return NULL;
}

void
nvp_zip_close(NvpZip *zip)
{
	for (int i = 0; i < zip->nmembers; i++)
		pfree(zip->members[i].name);
	if (zip->members)
		pfree(zip->members);
	pfree(zip);
}
