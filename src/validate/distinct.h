/*-------------------------------------------------------------------------
 *
 * distinct.h
 *		Which rows hold a value that occurs more than once.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_DISTINCT_H
#define NVP_DISTINCT_H

typedef struct NvpDistinct NvpDistinct;

extern NvpDistinct *nvp_distinct_create(int64 memory_bytes);
extern void nvp_distinct_add(NvpDistinct *distinct, const void *value, size_t len, uint64 row_no);
extern void nvp_distinct_resolve(NvpDistinct *distinct);
extern bool nvp_distinct_any(const NvpDistinct *distinct);
extern bool nvp_distinct_test(const NvpDistinct *distinct, uint64 row_no);
extern void nvp_distinct_free(NvpDistinct *distinct);

#endif							/* NVP_DISTINCT_H */
