/*-------------------------------------------------------------------------
 *
 * arena.c
 *		Bump allocation for text made while a batch is processed.
 *
 * Pure: also built outside the server (see test/unit), where memory contexts
 * do not exist.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#ifndef FRONTEND
#include "utils/memutils.h"
#endif

#include "base/arena.h"

#define ARENA_BLOCK		(64 * 1024)

struct NvpArenaBlock
{
	NvpArenaBlock *next;
	size_t		size;			/* usable bytes */
	char		data[FLEXIBLE_ARRAY_MEMBER];
};

/* nvp_arena_init prepares an empty arena in the current memory context. */
void
nvp_arena_init(NvpArena *arena)
{
	memset(arena, 0, sizeof(*arena));
#ifndef FRONTEND
	arena->context = CurrentMemoryContext;
#endif
}

static NvpArenaBlock *
new_block(NvpArena *arena, size_t size)
{
	NvpArenaBlock *block;

#ifndef FRONTEND
	block = MemoryContextAllocHuge(arena->context, offsetof(NvpArenaBlock, data) + size);
#else
	block = palloc(offsetof(NvpArenaBlock, data) + size);
#endif
	block->size = size;
	return block;
}

/* nvp_arena_grow is the slow path of nvp_arena_alloc: it opens a new block. */
char *
nvp_arena_grow(NvpArena *arena, size_t size)
{
	NvpArenaBlock *block;

	if (size <= ARENA_BLOCK && arena->spare)
	{
		block = arena->spare;
		arena->spare = block->next;
	}
	else
		block = new_block(arena, Max(size, (size_t) ARENA_BLOCK));
	block->next = arena->blocks;
	arena->blocks = block;
	arena->next = block->data + size;
	arena->end = block->data + block->size;
	return block->data;
}

/* nvp_arena_reset forgets all text; ordinary blocks stay for reuse. */
void
nvp_arena_reset(NvpArena *arena)
{
	NvpArenaBlock *block = arena->blocks;

	while (block)
	{
		NvpArenaBlock *next = block->next;

		if (block->size > ARENA_BLOCK)
			pfree(block);
		else
		{
			block->next = arena->spare;
			arena->spare = block;
		}
		block = next;
	}
	arena->blocks = NULL;
	arena->next = arena->end = NULL;
}

/* nvp_arena_free gives every block back. */
void
nvp_arena_free(NvpArena *arena)
{
	nvp_arena_reset(arena);
	while (arena->spare)
	{
		NvpArenaBlock *next = arena->spare->next;

		pfree(arena->spare);
		arena->spare = next;
	}
}
