/*-------------------------------------------------------------------------
 *
 * arena.h
 *		Bump allocation for text made while a batch is processed.
 *
 * Calls:  init, { alloc* , reset }*, free.
 * Memory: blocks come from the context current at nvp_arena_init and are
 *		   reused after nvp_arena_reset; oversized blocks are given back then.
 * Errors: none but out of memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_ARENA_H
#define NVP_ARENA_H

typedef struct NvpArenaBlock NvpArenaBlock;

typedef struct NvpArena
{
	char	   *next;			/* next free byte of the current block */
	char	   *end;			/* its end */
	NvpArenaBlock *blocks;		/* all blocks, the current one first */
	NvpArenaBlock *spare;		/* blocks kept for reuse */
	void	   *context;		/* MemoryContext of the blocks */
} NvpArena;

extern void nvp_arena_init(NvpArena *arena);
extern char *nvp_arena_grow(NvpArena *arena, size_t size);
extern void nvp_arena_reset(NvpArena *arena);
extern void nvp_arena_free(NvpArena *arena);

/*
 * nvp_arena_alloc returns size bytes that live until the next reset; not
 * aligned, meant for text.
 */
static inline char *
nvp_arena_alloc(NvpArena *arena, size_t size)
{
	char	   *p = arena->next;

	if (unlikely(size > (size_t) (arena->end - p)))
		return nvp_arena_grow(arena, size);
	arena->next = p + size;
	return p;
}

#endif							/* NVP_ARENA_H */
