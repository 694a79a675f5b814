/*-------------------------------------------------------------------------
 *
 * compound.c
 *		Streams of a compound file.
 *
 * See compound.h for calls, memory and errors.  A chain of sectors that bites
 * its tail, or leaves the file, is damage; so every loop over one is bounded by
 * the number of sectors there are.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/zip.h"
#include "format/compound.h"

#define HEADER_BYTES	512
#define ENTRY_BYTES		128
#define MINI_BYTES		64
#define HEADER_DIFAT	109		/* places of the allocation table in the header */
#define END_OF_CHAIN	0xFFFFFFFEU
#define NO_SECTOR		0xFFFFFFFFU
#define MOST_MINI_FAT	4096	/* sectors; they tell of 32 MB of small streams */
#define MOST_BYTES		(INT64CONST(4) * 1024 * 1024 * 1024)

#define get16	nvp_zip_get16
#define get32	nvp_zip_get32

static bool
fail(NvpCompound *compound, const char *problem)
{
	compound->problem = problem;
	return false;
}

/* read_bytes reads exactly len bytes of the file */
static bool
read_bytes(NvpCompound *compound, char *buf, int64 len, int64 offset)
{
	NvpSource  *source = compound->source;

	while (len > 0)
	{
		int64		n = source->read_at(source, buf, len, offset);

		if (n < 0)
		{
			compound->is_io = true;
			return fail(compound, source->error ? source->error : "unknown reason");
		}
		if (n == 0)
			return fail(compound, "it is cut off");
		buf += n;
		len -= n;
		offset += n;
		source->read_bytes = offset;
	}
	return true;
}

static int64
sector_offset(const NvpCompound *compound, uint32 sector)
{
	return ((int64) sector + 1) * compound->sector_bytes;
}

/*
 * follow lists the sectors of a chain.
 *
 * in: the table that says what follows, its size, the first sector.
 * out: *chain, palloc'd.
 */
static bool
follow(NvpCompound *compound, const uint32 *table, uint32 size, uint32 first, uint32 **chain, uint32 *count)
{
	uint32		allocated = 64;
	uint32		sector = first;

	*chain = palloc(sizeof(uint32) * allocated);
	*count = 0;
	while (sector != END_OF_CHAIN && sector != NO_SECTOR)
	{
		if (sector >= size || *count >= size)
		{
			pfree(*chain);
			*chain = NULL;
			return fail(compound, "its sectors are in disorder");
		}
		if (*count == allocated)
		{
			allocated *= 2;
			*chain = repalloc(*chain, sizeof(uint32) * (Size) allocated);
		}
		(*chain)[(*count)++] = sector;
		sector = table[sector];
	}
	return true;
}

/* read_table reads the sectors of a chain as one table of numbers */
static bool
read_table(NvpCompound *compound, const uint32 *chain, uint32 count, uint32 **table, uint32 *size)
{
	int			per_sector = compound->sector_bytes / sizeof(uint32);
	char	   *buf = palloc(compound->sector_bytes);
	bool		ok = true;

	*size = count * per_sector;
	*table = palloc(sizeof(uint32) * Max(*size, 1));
	for (uint32 i = 0; i < count && ok; i++)
	{
		ok = read_bytes(compound, buf, compound->sector_bytes, sector_offset(compound, chain[i]));
		for (int j = 0; j < per_sector && ok; j++)
			(*table)[i * per_sector + j] = get32(buf + j * 4);
	}
	pfree(buf);
	return ok;
}

/*
 * list_fat lists the sectors of the allocation table: the first 109 stand in the
 * header, the others in sectors that are chained by their last word
 */
static bool
list_fat(NvpCompound *compound, const char *header, uint32 count, uint32 *sectors)
{
	int			per_sector = compound->sector_bytes / sizeof(uint32) - 1;
	uint32		next = get32(header + 68);
	uint32		n = 0;
	char	   *buf = palloc(compound->sector_bytes);
	bool		ok = true;

	for (; n < count && n < HEADER_DIFAT; n++)
		sectors[n] = get32(header + 76 + n * 4);
	while (n < count && ok)
	{
		ok = next < compound->nsectors || fail(compound, "its sectors are in disorder");
		ok = ok && read_bytes(compound, buf, compound->sector_bytes, sector_offset(compound, next));
		for (int i = 0; i < per_sector && n < count && ok; i++)
			sectors[n++] = get32(buf + i * 4);
		next = get32(buf + per_sector * 4);
	}
	for (uint32 i = 0; i < n && ok; i++)
		ok = sectors[i] < compound->nsectors || fail(compound, "its sectors are in disorder");
	pfree(buf);
	return ok;
}

/* read_fat reads the allocation table */
static bool
read_fat(NvpCompound *compound, const char *header)
{
	uint32		count = get32(header + 44);
	uint32		needed = compound->nsectors / (compound->sector_bytes / sizeof(uint32)) + 1;
	uint32	   *sectors;
	uint32		size;
	bool		ok;

	if (count > needed)
		count = needed;			/* more of it would tell of sectors that do not exist */
	sectors = palloc0(sizeof(uint32) * Max(count, 1));
	ok = list_fat(compound, header, count, sectors) &&
		read_table(compound, sectors, count, &compound->fat, &size);
	pfree(sectors);
	if (ok)
		compound->nsectors = Min(compound->nsectors, size);
	return ok;
}

static bool
read_header(NvpCompound *compound)
{
	char		header[HEADER_BYTES];
	int64		total = compound->source->total_bytes;
	uint32	   *chain = NULL;
	uint32		count;
	bool		ok;

	if (!read_bytes(compound, header, HEADER_BYTES, 0))
		return false;
	if (memcmp(header, NVP_COMPOUND_SIGN, 8) != 0 || get16(header + 28) != 0xFFFE ||
		(get16(header + 30) != 9 && get16(header + 30) != 12) || get16(header + 32) != 6)
		return fail(compound, "its header is damaged");
	if (total > MOST_BYTES)
		return fail(compound, "it is larger than 4 GB");
	compound->sector_bytes = 1 << get16(header + 30);
	/* the last sector may be cut short */
	compound->nsectors = (uint32) ((total + compound->sector_bytes - 1) / compound->sector_bytes) - 1;
	compound->first_directory = get32(header + 48);
	compound->cutoff = get32(header + 56);
	if (!read_fat(compound, header))
		return false;
	ok = follow(compound, compound->fat, compound->nsectors, get32(header + 60), &chain, &count) &&
		(count <= MOST_MINI_FAT || fail(compound, "its sectors are in disorder")) &&
		read_table(compound, chain, count, &compound->mini_fat, &compound->nmini);
	if (chain)
		pfree(chain);
	return ok;
}

/* ---- the directory -------------------------------------------------------------- */

static bool
has_name(const char *entry, const char *name)
{
	int			len = strlen(name);

	if (get16(entry + 64) != (len + 1) * 2)
		return false;
	for (int i = 0; i < len; i++)
	{
		uint16		c = get16(entry + i * 2);

		if (c > 0x7F || pg_tolower((unsigned char) c) != pg_tolower((unsigned char) name[i]))
			return false;
	}
	return true;
}

/* find_entry copies the directory entry of a stream, or of the root; false if there is none */
static bool
find_entry(NvpCompound *compound, const uint32 *directory, uint32 count, const char *name, char *entry)
{
	int			per_sector = compound->sector_bytes / ENTRY_BYTES;
	char	   *buf = palloc(compound->sector_bytes);
	bool		found = false;

	for (uint32 i = 0; i < count && !found; i++)
	{
		if (!read_bytes(compound, buf, compound->sector_bytes, sector_offset(compound, directory[i])))
			break;
		for (int j = 0; j < per_sector && !found; j++)
		{
			char	   *candidate = buf + j * ENTRY_BYTES;
			int			type = candidate[66];

			found = name ? type == 2 && has_name(candidate, name) : type == 5;
			if (found)
				memcpy(entry, candidate, ENTRY_BYTES);
		}
	}
	pfree(buf);
	return found;
}

/* read_mini_stream finds the stream that holds the small ones */
static bool
read_mini_stream(NvpCompound *compound, const uint32 *directory, uint32 count)
{
	char		root[ENTRY_BYTES];

	if (compound->mini_stream)
		return true;
	if (!find_entry(compound, directory, count, NULL, root))
		return compound->problem ? false : fail(compound, "its directory has no root");
	return follow(compound, compound->fat, compound->nsectors, get32(root + 116),
				  &compound->mini_stream, &compound->nmini_stream);
}

/*
 * nvp_compound_find finds a stream, wherever it is in the directory, which
 * nvp_compound_read reads then.
 *
 * out: false if there is none, or on damage: then problem is set.
 */
bool
nvp_compound_find(NvpCompound *compound, const char *name)
{
	char		entry[ENTRY_BYTES];
	uint32	   *directory = NULL;
	uint32		count;
	bool		ok;

	if (compound->chain)
		pfree(compound->chain);
	compound->chain = NULL;
	if (compound->problem ||
		!follow(compound, compound->fat, compound->nsectors, compound->first_directory, &directory, &count))
		return false;
	ok = find_entry(compound, directory, count, name, entry);
	if (ok)
	{
		compound->size = get32(entry + 120);
		compound->is_mini = compound->size < compound->cutoff;
		ok = !compound->is_mini || read_mini_stream(compound, directory, count);
		if (ok && compound->is_mini)
			ok = follow(compound, compound->mini_fat, compound->nmini, get32(entry + 116), &compound->chain, &compound->nchain);
		else if (ok)
			ok = follow(compound, compound->fat, compound->nsectors, get32(entry + 116), &compound->chain, &compound->nchain);
	}
	pfree(directory);
	return ok;
}

/* ---- streams --------------------------------------------------------------------- */

/*
 * locate returns where in the file a place of the stream is, and in *run how
 * many of the len bytes that are wanted follow there, if not more; -1 on damage
 */
static int64
locate(NvpCompound *compound, int64 offset, int64 len, int64 *run)
{
	int			unit = compound->is_mini ? MINI_BYTES : compound->sector_bytes;
	int64		index = offset / unit;
	int64		within = offset % unit;
	int64		place;

	if (index >= compound->nchain)
		return -1;
	*run = unit - within;
	if (!compound->is_mini)
	{
		/* sectors mostly lie one behind the other */
		while (*run < len && index + 1 < compound->nchain && compound->chain[index + 1] == compound->chain[index] + 1)
		{
			*run += unit;
			index++;
		}
		return sector_offset(compound, compound->chain[offset / unit]) + within;
	}
	place = (int64) compound->chain[index] * MINI_BYTES + within;
	if (place / compound->sector_bytes >= compound->nmini_stream)
		return -1;
	return sector_offset(compound, compound->mini_stream[place / compound->sector_bytes]) + place % compound->sector_bytes;
}

/* nvp_compound_read reads exactly len bytes of the stream that was found last. */
bool
nvp_compound_read(NvpCompound *compound, char *buf, int64 len, int64 offset)
{
	if (offset < 0 || len > compound->size - offset)
		return fail(compound, "it is cut off");
	while (len > 0)
	{
		int64		run = 0;
		int64		place = locate(compound, offset, len, &run);
		int64		n = Min(len, run);

		if (place < 0)
			return fail(compound, "its sectors are in disorder");
		if (!read_bytes(compound, buf, n, place))
			return false;
		buf += n;
		len -= n;
		offset += n;
	}
	return true;
}

/*
 * nvp_compound_open reads the header and the allocation tables.
 *
 * in: a source with read_at, which must outlive the file.
 * out: never NULL; problem is set if it cannot be read.
 */
NvpCompound *
nvp_compound_open(NvpSource *source)
{
	NvpCompound *compound = palloc0(sizeof(NvpCompound));

	Assert(source->read_at != NULL);
	compound->source = source;
	(void) read_header(compound);
	return compound;
}

void
nvp_compound_close(NvpCompound *compound)
{
	if (compound->fat)
		pfree(compound->fat);
	if (compound->mini_fat)
		pfree(compound->mini_fat);
	if (compound->mini_stream)
		pfree(compound->mini_stream);
	if (compound->chain)
		pfree(compound->chain);
	pfree(compound);
}
