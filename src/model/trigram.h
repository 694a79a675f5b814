/*-------------------------------------------------------------------------
 *
 * trigram.h
 *		Similarity of short texts by their trigrams, against a fixed list.
 *
 * Calls:  build once, then best per text, with scratch memory of the caller.
 * Memory: the index lives in the context current at build.
 * Errors: none.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_TRIGRAM_H
#define NVP_TRIGRAM_H

#include "model/model.h"

typedef struct NvpTrigramIndex NvpTrigramIndex;

#define NVP_TRIGRAM_NONE	(-1)	/* nothing is similar enough */
#define NVP_TRIGRAM_TIE		(-2)	/* two owners are equally similar */

extern NvpTrigramIndex *nvp_trigram_build(const NvpText *texts, const int *owners, int n);
extern size_t nvp_trigram_scratch(const NvpTrigramIndex *index, uint32 maxlen);
extern int	nvp_trigram_best(const NvpTrigramIndex *index, const char *t, uint32 len,
							 double threshold, void *scratch);

#endif							/* NVP_TRIGRAM_H */
