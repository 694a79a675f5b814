/*-------------------------------------------------------------------------
 *
 * pages.h
 *		Bytes that are written once, one behind the other, and read anywhere:
 *		in a temporary file, with the pages used last in memory.
 *
 * Calls:  create, { append, read }*, free.
 * Memory: max_bytes for pages, and four bytes for each page of the file.
 * Errors: append and read answer false; nvp_pages_error tells.  create may throw,
 *		   see base/scratch.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_PAGES_H
#define NVP_PAGES_H

typedef struct NvpPages NvpPages;

extern NvpPages *nvp_pages_create(int64 max_bytes);
extern bool nvp_pages_append(NvpPages *pages, const char *data, int64 len);
extern bool nvp_pages_read(NvpPages *pages, char *buf, int64 len, int64 offset);
extern const char *nvp_pages_error(const NvpPages *pages);
extern void nvp_pages_free(NvpPages *pages);

#endif							/* NVP_PAGES_H */
