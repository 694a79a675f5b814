/*-------------------------------------------------------------------------
 *
 * scratch.h
 *		A temporary file for what does not fit into memory while something is
 *		read: written at its end, read anywhere.
 *
 * Calls:  create, { append, read }*, free at any time.
 * Memory: a buffer for writing, in the context current at create.  The file goes
 *		   with that context at the latest.
 * Errors: create throws when the file cannot be made.  append and read answer
 *		   false, and error tells, NULL before; reading what was not written is
 *		   an error.
 *
 * Outside the server the C library's temporary files serve (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_SCRATCH_H
#define NVP_SCRATCH_H

typedef struct NvpScratch NvpScratch;

extern NvpScratch *nvp_scratch_create(void);
extern bool nvp_scratch_append(NvpScratch *scratch, const char *data, int64 len);
extern bool nvp_scratch_read(NvpScratch *scratch, char *buf, int64 len, int64 offset);
extern const char *nvp_scratch_error(const NvpScratch *scratch);
extern void nvp_scratch_free(NvpScratch *scratch);

#endif							/* NVP_SCRATCH_H */
