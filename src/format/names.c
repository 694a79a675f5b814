/*-------------------------------------------------------------------------
 *
 * names.c
 *		Distinct byte strings with lookup, and the naming of columns.
 *
 * Names of columns must be usable text, unique and not empty, whatever the file
 * says.  A name that was written in the file keeps its bytes; only what is
 * missing, doubled or not UTF-8 is altered, always in the same way.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: FNV-1a for the hash (Fowler, Noll, Vo).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "format/encode.h"
#include "format/names.h"

void
nvp_names_init(NvpNames *names)
{
	memset(names, 0, sizeof(NvpNames));
	names->allocated = 16;
	names->mask = 2 * 16 - 1;
	names->names = palloc0(sizeof(NvpName) * names->allocated);
	names->slots = palloc(sizeof(int32) * (names->mask + 1));
	memset(names->slots, -1, sizeof(int32) * (names->mask + 1));
}

void
nvp_names_free(NvpNames *names)
{
	if (names->names == NULL)
		return;
	for (int i = 0; i < names->count; i++)
		pfree(names->names[i].text);
	pfree(names->names);
	pfree(names->slots);
	memset(names, 0, sizeof(NvpNames));
}

static uint32
hash_bytes(const char *text, uint32 len)
{
	uint32		hash = 2166136261u;

	for (uint32 i = 0; i < len; i++)
		hash = (hash ^ (unsigned char) text[i]) * 16777619u;
	return hash ^ (hash >> 15);
}

/* find_slot returns the slot that holds the string, or the free one where it belongs */
static uint32
find_slot(const NvpNames *names, const char *text, uint32 len, uint32 hash)
{
	uint32		slot = hash & names->mask;

	while (names->slots[slot] >= 0)
	{
		const NvpName *name = &names->names[names->slots[slot]];

		if (name->hash == hash && name->len == len && memcmp(name->text, text, len) == 0)
			break;
		slot = (slot + 1) & names->mask;
	}
	return slot;
}

/* nvp_names_find returns the index of a string, -1 if it is not there. */
int
nvp_names_find(const NvpNames *names, const char *text, uint32 len)
{
	return names->slots[find_slot(names, text, len, hash_bytes(text, len))];
}

static void
grow_names(NvpNames *names)
{
	names->allocated *= 2;
	names->mask = 2 * names->allocated - 1;
	names->names = repalloc(names->names, sizeof(NvpName) * names->allocated);
	names->slots = repalloc(names->slots, sizeof(int32) * (names->mask + 1));
	memset(names->slots, -1, sizeof(int32) * (names->mask + 1));
	for (int i = 0; i < names->count; i++)
	{
		NvpName    *name = &names->names[i];

		names->slots[find_slot(names, name->text, name->len, name->hash)] = i;
	}
}

/* nvp_names_add puts a string in that may be there already; returns its index. */
int
nvp_names_add(NvpNames *names, const char *text, uint32 len)
{
	uint32		hash = hash_bytes(text, len);
	uint32		slot = find_slot(names, text, len, hash);
	NvpName    *name;

	if (names->slots[slot] >= 0)
		return names->slots[slot];
	if (names->count == names->allocated)
	{
		grow_names(names);
		slot = find_slot(names, text, len, hash);
	}
	name = &names->names[names->count];
	name->text = palloc((size_t) len + 1);
	memcpy(name->text, text, len);
	name->text[len] = '\0';
	name->len = len;
	name->hash = hash;
	name->suffix = 1;
	name->is_taken = false;
	names->slots[slot] = names->count;
	return names->count++;
}

static bool
is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n\v\f")] == '\0';
}

/*
 * nvp_names_reserve_header keeps a name that stands in the file for the first
 * column that bears it, so that no suffix made for another can take it away.
 */
void
nvp_names_reserve_header(NvpNames *names, const char *text, uint32 len)
{
	char	   *name = nvp_text_escape_invalid(text, len);

	if (!is_blank(name))
		nvp_names_add(names, name, strlen(name));
	pfree(name);
}

/* free_suffix returns base_N with the first N from 2 that makes a new name */
static char *
free_suffix(NvpNames *names, const char *base, int bearer)
{
	for (;;)
	{
		char	   *name = psprintf("%s_%u", base, ++names->names[bearer].suffix);

		if (nvp_names_find(names, name, strlen(name)) < 0)
			return name;
		pfree(name);
	}
}

/*
 * nvp_names_add_header turns what the file calls its column column_no (from 1)
 * into a unique name and enters it.
 *
 * Blank names become column_N.  A name that is taken gets _2, _3, ...; the
 * counter stays with the first bearer, so that many namesakes cost no search.
 *
 * owner: the returned text belongs to names.
 */
char *
nvp_names_add_header(NvpNames *names, const char *text, uint32 len, int column_no)
{
	char	   *name = nvp_text_escape_invalid(text, len);
	bool		is_made = is_blank(name);
	int			found;

	if (is_made)
	{
		pfree(name);
		name = psprintf("column_%d", column_no);
	}
	found = nvp_names_find(names, name, strlen(name));
	if (found >= 0 && (is_made || names->names[found].is_taken))
	{
		char	   *base = name;

		name = free_suffix(names, base, found);
		pfree(base);
	}
	found = nvp_names_add(names, name, strlen(name));
	names->names[found].is_taken = true;
	pfree(name);
	return names->names[found].text;
}

/* nvp_text_is_valid tells whether text is UTF-8 without a NUL byte. */
bool
nvp_text_is_valid(const char *text, uint32 len)
{
	return pg_encoding_verifymbstr(PG_UTF8, text, len) == (int) len;
}

/*
 * nvp_text_escape_invalid copies text and writes each byte that is not part of
 * valid UTF-8, and each NUL, as \xHH.  Where a decoder could make nothing of the
 * bytes of another encoding, it is these that are shown (see encode.h).
 *
 * owner: the caller; the copy is terminated.
 */
char *
nvp_text_escape_invalid(const char *text, uint32 len)
{
	static const char digits[] = "0123456789abcdef";
	uint32		good = pg_encoding_verifymbstr(PG_UTF8, text, len);
	char	   *copy = palloc(good == len ? (size_t) len + 1 : (size_t) len * 4 + 1);
	char	   *out = copy;

	while (len > 0)
	{
		memcpy(out, text, good);
		out += good;
		text += good;
		len -= good;
		if (len > 0)
		{
			int			raw = nvp_raw_byte(text, len);
			int			taken = raw >= 0 ? NVP_RAW_BYTES : 1;
			unsigned char byte = raw >= 0 ? (unsigned char) raw : (unsigned char) *text;

			*out++ = '\\';
			*out++ = 'x';
			*out++ = digits[byte >> 4];
			*out++ = digits[byte & 15];
			text += taken;
			len -= taken;
			good = len > 0 ? pg_encoding_verifymbstr(PG_UTF8, text, len) : 0;
		}
	}
	*out = '\0';
	return copy;
}
