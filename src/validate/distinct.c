/*-------------------------------------------------------------------------
 *
 * distinct.c
 *		Which rows hold a value that occurs more than once, for any number of
 *		rows in bounded memory.
 *
 * A value is kept as 88 bits of a seeded hash and the number of its row: 16
 * bytes.  Entries are dealt out to 256 partitions by the top bits of the hash;
 * equal values meet in one partition, and a partition is small enough to be
 * compared in the processor's cache.  Two different values of a thousand
 * million are taken for equal with probability 2^-29, and nobody can choose
 * values that collide, for the seed is random.
 *
 * Flow:   add --> chunks of a partition --(over budget)--> temporary file
 *		   resolve: partition --> hash table --> bitmap of rows.
 * Calls:  create, add*, resolve, { any | test }*, free.
 * Memory: a context of its own below the current one at create.  At most the
 *		   budget (4 MB at least) while adding and resolving, and one bit a
 *		   row afterwards.
 * Errors: throws when the temporary file cannot be written or read.
 * Source: radix partitioning as in partitioned hash joins; XXH3.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/mman.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/spool.h"
#include "validate/distinct.h"

#define PARTITIONS			256
#define CHUNK_ENTRIES		255
#define MIN_BUDGET			((int64) 4 * 1024 * 1024)	/* a few chunks a partition */
#define READ_ENTRIES		4096	/* entries read from the file at a time */
#define MIN_TABLE			1024	/* slots */
#define MAX_PASSES			(1 << 20)

#define ROW_BITS			40
#define ROW_MASK			((UINT64CONST(1) << ROW_BITS) - 1)

typedef struct Entry
{
	uint64		hash;			/* its top 8 bits are the partition */
	uint64		tag;			/* 24 further bits of hash, then the row number */
} Entry;

typedef struct Chunk
{
	struct Chunk *next;
	uint32		used;
	Entry		entries[CHUNK_ENTRIES];
} Chunk;

/*
 * Chunks are cut from slabs.  Large slabs ask for huge pages: entries go all
 * over them, and each page of 4 kB that is touched first costs an exception,
 * which is more than hashing and storing what goes onto it.
 */
typedef struct Slab
{
	struct Slab *next;
	char	   *next_chunk;
	char	   *end;
} Slab;

#define SMALL_SLAB		(64 * 1024)
#define HUGE_PAGE		(2 * 1024 * 1024)
#define LARGE_SLAB		(4 * 1024 * 1024)

/* one emptying of all partitions into the file, partition after partition */
typedef struct Spill
{
	int64		offset;
	uint32		counts[PARTITIONS];
} Spill;

struct NvpDistinct
{
	MemoryContext context;
	MemoryContextCallback callback; /* closes the file */
	int64		budget;
	int64		bytes;			/* of chunks in use */
	uint64		seed;
	uint64		last_row;
	Chunk	   *partitions[PARTITIONS];	/* the one being filled first */
	Chunk	   *spare;
	Slab	   *slabs;			/* the one that chunks are cut from first */
	int64		slab_bytes;		/* of all of them */
	NvpSpool   *spool;			/* NULL until the budget is reached */
	Spill	   *spills;
	int			nspills;

	/* while resolving */
	Entry	   *table;
	uint32		slots;			/* a power of two */
	uint32		filled;
	int64		table_budget;
	Entry	   *buffer;

	/* the outcome */
	bool		any;
	uint8	   *bitmap;			/* NULL unless any */
};

static void
close_spool(void *arg)
{
	NvpDistinct *distinct = arg;

	if (distinct->spool)
		nvp_spool_free(distinct->spool);
	distinct->spool = NULL;
}

/*
 * nvp_distinct_create makes an empty set of rows.
 *
 * owner: the current memory context; free with nvp_distinct_free or with it.
 */
NvpDistinct *
nvp_distinct_create(int64 memory_bytes)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "nuvopipe distinct",
												  ALLOCSET_DEFAULT_SIZES);
	NvpDistinct *distinct = MemoryContextAllocZero(context, sizeof(NvpDistinct));

	distinct->context = context;
	distinct->budget = Max(memory_bytes, MIN_BUDGET);
	if (!pg_strong_random(&distinct->seed, sizeof(distinct->seed)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate a random seed")));
	/* the file outlives transactions, so an abort must close it with us */
	distinct->callback.func = close_spool;
	distinct->callback.arg = distinct;
	MemoryContextRegisterResetCallback(context, &distinct->callback);
	return distinct;
}

static void
check_spool(NvpDistinct *distinct, bool ok)
{
	if (ok)
		return;
	ereport(ERROR,
			(errcode(distinct->spool->error ? distinct->spool->sqlstate : ERRCODE_IO_ERROR),
			 errmsg("%s", distinct->spool->error ? distinct->spool->error :
					"could not read temporary file"),
			 errhint("Rows are compared in a temporary file when \"nuvopipe.run_memory\" is too small for a unique rule.")));
}

/* Empties one partition into the file; its chunks become spare ones. */
static uint32
spill_partition(NvpDistinct *distinct, int partition)
{
	Chunk	   *chunk = distinct->partitions[partition];
	uint32		count = 0;

	while (chunk)
	{
		Chunk	   *next = chunk->next;

		check_spool(distinct, nvp_spool_append(distinct->spool, (char *) chunk->entries,
											   sizeof(Entry) * chunk->used));
		count += chunk->used;
		chunk->next = distinct->spare;
		distinct->spare = chunk;
		chunk = next;
	}
	distinct->partitions[partition] = NULL;
	return count;
}

static void
spill_all(NvpDistinct *distinct)
{
	MemoryContext old = MemoryContextSwitchTo(distinct->context);
	Spill	   *spill;

	CHECK_FOR_INTERRUPTS();
	if (distinct->spool == NULL)
		distinct->spool = nvp_spool_create();
	distinct->spills = distinct->spills ?
		repalloc_huge(distinct->spills, sizeof(Spill) * (distinct->nspills + 1)) : palloc(sizeof(Spill));
	spill = &distinct->spills[distinct->nspills++];
	spill->offset = distinct->spool->size;
	for (int i = 0; i < PARTITIONS; i++)
		spill->counts[i] = spill_partition(distinct, i);
	distinct->bytes = 0;
	MemoryContextSwitchTo(old);
}

/* Slabs grow with what there is, so that few rows take little memory. */
static void
add_slab(NvpDistinct *distinct)
{
	Size		size = SMALL_SLAB;
	Slab	   *slab;

	while (size < LARGE_SLAB && (int64) size * 2 <= distinct->slab_bytes)
		size *= 2;
	if (size == LARGE_SLAB)
	{
		/* with room to align it; what is never touched is never there */
		slab = MemoryContextAlloc(distinct->context, sizeof(Slab) + size + HUGE_PAGE);
		slab->next_chunk = (char *) TYPEALIGN(HUGE_PAGE, (uintptr_t) (slab + 1));
#ifdef MADV_HUGEPAGE
		(void) madvise(slab->next_chunk, size, MADV_HUGEPAGE);
#endif
	}
	else
	{
		slab = MemoryContextAlloc(distinct->context, sizeof(Slab) + size);
		slab->next_chunk = (char *) (slab + 1);
	}
	slab->end = slab->next_chunk + size;
	slab->next = distinct->slabs;
	distinct->slabs = slab;
	distinct->slab_bytes += size;
}

static Chunk *
cut_chunk(NvpDistinct *distinct)
{
	Slab	   *slab = distinct->slabs;
	Chunk	   *chunk;

	if (slab == NULL || slab->end - slab->next_chunk < (ptrdiff_t) sizeof(Chunk))
	{
		add_slab(distinct);
		slab = distinct->slabs;
	}
	chunk = (Chunk *) slab->next_chunk;
	slab->next_chunk += sizeof(Chunk);
	return chunk;
}

static void
free_slabs(NvpDistinct *distinct)
{
	while (distinct->slabs)
	{
		Slab	   *next = distinct->slabs->next;

		pfree(distinct->slabs);
		distinct->slabs = next;
	}
	distinct->slab_bytes = 0;
	distinct->spare = NULL;
	memset(distinct->partitions, 0, sizeof(distinct->partitions));
}

/* An empty chunk at the head of a partition, after making room for it. */
static Chunk *
open_chunk(NvpDistinct *distinct, int partition)
{
	Chunk	   *chunk;

	/* a quarter stays free for the table of nvp_distinct_resolve */
	if (distinct->bytes + (int64) sizeof(Chunk) > distinct->budget / 4 * 3)
		spill_all(distinct);
	chunk = distinct->spare;
	if (chunk)
		distinct->spare = chunk->next;
	else
		chunk = cut_chunk(distinct);
	distinct->bytes += sizeof(Chunk);
	chunk->used = 0;
	chunk->next = distinct->partitions[partition];
	distinct->partitions[partition] = chunk;
	return chunk;
}

/*
 * nvp_distinct_add adds the value of one row.
 *
 * in: any bytes; row_no from 1 to 2^40 - 1.
 */
void
nvp_distinct_add(NvpDistinct *distinct, const void *value, size_t len, uint64 row_no)
{
	XXH128_hash_t hash = XXH3_128bits_withSeed(value, len, distinct->seed);
	int			partition = hash.low64 >> 56;
	Chunk	   *chunk = distinct->partitions[partition];
	Entry	   *entry;

	Assert(row_no > 0 && row_no <= ROW_MASK);
	if (unlikely(chunk == NULL || chunk->used == CHUNK_ENTRIES))
		chunk = open_chunk(distinct, partition);
	entry = &chunk->entries[chunk->used++];
	entry->hash = hash.low64;
	entry->tag = (hash.high64 & ~ROW_MASK) | row_no;
	distinct->last_row = Max(distinct->last_row, row_no);
}

static void
mark_row(NvpDistinct *distinct, uint64 row_no)
{
	if (distinct->bitmap == NULL)
		distinct->bitmap = MemoryContextAllocExtended(distinct->context, distinct->last_row / 8 + 1,
													  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	distinct->any = true;
	distinct->bitmap[row_no / 8] |= 1 << (row_no % 8);
}

/* Puts an entry into the table, or marks it and its equal. */
static inline void
probe(NvpDistinct *distinct, const Entry *entry)
{
	/* the top bits chose partition and pass: the low ones are still random */
	uint32		slot = entry->hash & (distinct->slots - 1);

	for (;;)
	{
		Entry	   *there = &distinct->table[slot];

		if (there->tag == 0)
		{
			*there = *entry;
			distinct->filled++;
			return;
		}
		if (there->hash == entry->hash && ((there->tag ^ entry->tag) & ~ROW_MASK) == 0)
		{
			mark_row(distinct, there->tag & ROW_MASK);
			mark_row(distinct, entry->tag & ROW_MASK);
			return;
		}
		slot = (slot + 1) & (distinct->slots - 1);
	}
}

/* Doubles the table; false if that would break the budget. */
static bool
grow_table(NvpDistinct *distinct)
{
	Entry	   *old = distinct->table;
	uint32		slots = distinct->slots;

	/* old and new table live side by side for a moment */
	if ((int64) sizeof(Entry) * slots * 3 > distinct->table_budget)
		return false;
	distinct->slots = slots * 2;
	distinct->filled = 0;
	distinct->table = MemoryContextAllocExtended(distinct->context, sizeof(Entry) * distinct->slots,
												 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint32 i = 0; i < slots; i++)
	{
		if (old[i].tag != 0)
			probe(distinct, &old[i]);
	}
	pfree(old);
	return true;
}

/* Entries of the pass; false if the table cannot take them all. */
static bool
probe_all(NvpDistinct *distinct, const Entry *entries, uint32 n, uint32 pass, uint32 passes)
{
	for (uint32 i = 0; i < n; i++)
	{
		if (((entries[i].hash >> 32) & (passes - 1)) != pass)
			continue;
		if (unlikely(distinct->filled >= distinct->slots / 2) && !grow_table(distinct))
			return false;
		probe(distinct, &entries[i]);
	}
	return true;
}

/* The entries of a partition that one spill put into the file. */
static bool
probe_spilled(NvpDistinct *distinct, const Spill *spill, int partition, uint32 pass, uint32 passes)
{
	int64		offset = spill->offset;
	uint32		left = spill->counts[partition];

	for (int i = 0; i < partition; i++)
		offset += (int64) spill->counts[i] * sizeof(Entry);
	while (left > 0)
	{
		uint32		n = Min(left, READ_ENTRIES);
		int64		size = (int64) n * sizeof(Entry);

		check_spool(distinct, nvp_spool_read_at(distinct->spool, offset, (char *) distinct->buffer, size) == size);
		if (!probe_all(distinct, distinct->buffer, n, pass, passes))
			return false;
		offset += size;
		left -= n;
	}
	return true;
}

static bool
resolve_pass(NvpDistinct *distinct, int partition, uint32 pass, uint32 passes)
{
	memset(distinct->table, 0, sizeof(Entry) * distinct->slots);
	distinct->filled = 0;
	for (int i = 0; i < distinct->nspills; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!probe_spilled(distinct, &distinct->spills[i], partition, pass, passes))
			return false;
	}
	for (Chunk *chunk = distinct->partitions[partition]; chunk; chunk = chunk->next)
	{
		if (!probe_all(distinct, chunk->entries, chunk->used, pass, passes))
			return false;
	}
	return true;
}

/*
 * A partition whose different values do not fit into the table is read in
 * several passes, each taking the values with one pattern of hash bits.
 * Marking a row twice does no harm, so a pass that fails is simply followed
 * by more and smaller ones.
 */
static uint32
resolve_partition(NvpDistinct *distinct, int partition, uint32 passes)
{
	for (uint32 pass = 0; pass < passes; pass++)
	{
		if (resolve_pass(distinct, partition, pass, passes))
			continue;
		if (passes >= MAX_PASSES)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many rows for a unique rule")));
		passes *= 2;
		pass = -1;
	}
	return passes;
}

/*
 * nvp_distinct_resolve finds the rows whose value occurs more than once.
 * Entries are released; add must not be called again.
 *
 * interrupts: checked between partitions.
 */
void
nvp_distinct_resolve(NvpDistinct *distinct)
{
	uint32		passes = 1;

	if (distinct->spool)
	{
		spill_all(distinct);
		check_spool(distinct, nvp_spool_flush(distinct->spool));
		free_slabs(distinct);
		distinct->buffer = MemoryContextAlloc(distinct->context, sizeof(Entry) * READ_ENTRIES);
	}
	distinct->table_budget = distinct->spool ? distinct->budget / 4 * 3 : distinct->budget / 4;
	distinct->slots = MIN_TABLE;
	distinct->table = MemoryContextAlloc(distinct->context, sizeof(Entry) * distinct->slots);
	for (int i = 0; i < PARTITIONS; i++)
	{
		CHECK_FOR_INTERRUPTS();
		passes = resolve_partition(distinct, i, passes);
	}
	free_slabs(distinct);
	pfree(distinct->table);
	distinct->table = NULL;
	close_spool(distinct);
}

/* nvp_distinct_any tells whether any row is a member of a group of two or more. */
bool
nvp_distinct_any(const NvpDistinct *distinct)
{
	return distinct->any;
}

/* nvp_distinct_test tells whether a row is a member of a group of two or more. */
bool
nvp_distinct_test(const NvpDistinct *distinct, uint64 row_no)
{
	return distinct->any && row_no <= distinct->last_row &&
		(distinct->bitmap[row_no / 8] >> (row_no % 8)) & 1;
}

/* nvp_distinct_free releases a set of rows with its file. */
void
nvp_distinct_free(NvpDistinct *distinct)
{
	MemoryContextDelete(distinct->context);
}
