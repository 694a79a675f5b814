/*-------------------------------------------------------------------------
 *
 * heap.h
 *		Ready tuples into the pages, indexes and AFTER triggers of a plain table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_HEAP_H
#define NVP_HEAP_H

#include "access/htup.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "utils/rel.h"

#define NVP_HEAP_ROWS	1000	/* most tuples between two flushes */

typedef struct NvpHeap NvpHeap;

extern NvpHeap *nvp_heap_open(Relation relation, bool with_indexes);
extern EState *nvp_heap_estate(NvpHeap *heap);
extern ResultRelInfo *nvp_heap_result(NvpHeap *heap);
extern TupleTableSlot *nvp_heap_put(NvpHeap *heap, HeapTupleHeader tuple, uint32 length);
extern void nvp_heap_unput(NvpHeap *heap);
extern int	nvp_heap_count(const NvpHeap *heap);
extern void nvp_heap_flush(NvpHeap *heap);
extern void nvp_heap_close(NvpHeap *heap);
extern bool nvp_heap_is_shell(Oid relid);
extern bool nvp_heap_fires_late(Relation relation);

#endif							/* NVP_HEAP_H */
