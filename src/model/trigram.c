/*-------------------------------------------------------------------------
 *
 * trigram.c
 *		Similarity of short texts by their trigrams, against a fixed list.
 *
 * A word is a run of letters and digits, taken with two blanks before it and
 * one after it; the trigrams of a text are the set of those of its words.  The
 * similarity of two texts is the share of their common trigrams among all of
 * theirs, as in the extension pg_trgm, but by code points and in no locale.
 *
 * The texts of the list are indexed by trigram, so that a lookup touches only
 * those that have something in common with the text.
 *
 * Memory: the index lives in the context current at build; a lookup uses the
 *		   caller's scratch.
 * Errors: none.  Texts must be valid and folded.
 * Source: the definition of similarity() in the documentation of pg_trgm.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/text.h"
#include "model/trigram.h"

/* three code points of 21 bits each */
#define TRIGRAM_MASK	((UINT64CONST(1) << 63) - 1)

typedef struct Posting
{
	uint64		trigram;
	uint32		text;
} Posting;

struct NvpTrigramIndex
{
	int			ntexts;
	int		   *owners;			/* of each text */
	uint32	   *sizes;			/* trigrams of each text */
	uint32		npostings;
	Posting    *postings;		/* by trigram */
};

/* Letters and digits; beyond ASCII everything but blanks, signs and punctuation. */
static bool
is_word_char(uint32 cp)
{
	if (cp < 0x80)
		return (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z') || (cp >= '0' && cp <= '9');
	return cp >= 0xC0 && cp != 0xD7 && cp != 0xF7 && !(cp >= 0x2000 && cp <= 0x206F) &&
		!(cp >= 0x3000 && cp <= 0x303F) && !nvp_text_is_blank(cp);
}

static int
compare_trigrams(const void *a, const void *b)
{
	uint64		x = *(const uint64 *) a;
	uint64		y = *(const uint64 *) b;

	return (x > y) - (x < y);
}

static int
compare_postings(const void *a, const void *b)
{
	const Posting *x = a;
	const Posting *y = b;

	if (x->trigram != y->trigram)
		return x->trigram < y->trigram ? -1 : 1;
	return (x->text > y->text) - (x->text < y->text);
}

/* A text of len bytes has at most this many trigrams: one a byte and one a word. */
static size_t
most_trigrams(uint32 len)
{
	return (size_t) len + len / 2 + 2;
}

/* The set of trigrams of a text, sorted; returns its size. */
static int
make_trigrams(const char *t, uint32 len, uint64 *trigrams)
{
	const char *end = t + len;
	bool		in_word = false;
	uint64		window = 0;
	int			n = 0;
	int			unique = 0;

	while (t < end || in_word)
	{
		uint32		cp = 0;
		int			bytes = t < end ? nvp_utf8_decode(t, end, &cp) : 0;
		bool		is_word = bytes > 0 && is_word_char(cp);

		if (is_word && !in_word)
			window = (uint64) ' ' << 21 | ' ';
		if (is_word || in_word)
		{
			window = (window << 21 | (is_word ? cp : ' ')) & TRIGRAM_MASK;
			trigrams[n++] = window;
		}
		in_word = is_word;
		t += t < end ? Max(bytes, 1) : 0;
	}
	if (n > 1)
		qsort(trigrams, n, sizeof(uint64), compare_trigrams);
	for (int i = 0; i < n; i++)
	{
		if (unique == 0 || trigrams[i] != trigrams[unique - 1])
			trigrams[unique++] = trigrams[i];
	}
	return unique;
}

/*
 * nvp_trigram_build indexes n texts, each of which belongs to an owner.
 *
 * owner: the current memory context.
 */
NvpTrigramIndex *
nvp_trigram_build(const NvpText *texts, const int *owners, int n)
{
	NvpTrigramIndex *index = palloc0(sizeof(NvpTrigramIndex));
	size_t		most = 0;
	size_t		longest = 0;
	uint64	   *trigrams;

	for (int i = 0; i < n; i++)
	{
		most += most_trigrams(texts[i].len);
		longest = Max(longest, most_trigrams(texts[i].len));
	}
	index->ntexts = n;
	index->owners = palloc(sizeof(int) * Max(n, 1));
	index->sizes = palloc(sizeof(uint32) * Max(n, 1));
	index->postings = palloc_extended(sizeof(Posting) * Max(most, 1), MCXT_ALLOC_HUGE);
	trigrams = palloc(sizeof(uint64) * Max(longest, 1));
	for (int i = 0; i < n; i++)
	{
		index->owners[i] = owners[i];
		index->sizes[i] = make_trigrams(texts[i].ptr, texts[i].len, trigrams);
		for (uint32 k = 0; k < index->sizes[i]; k++)
			index->postings[index->npostings++] = (Posting) {trigrams[k], i};
	}
	pfree(trigrams);
	if (index->npostings > 1)
		qsort(index->postings, index->npostings, sizeof(Posting), compare_postings);
	return index;
}

/* nvp_trigram_scratch gives the bytes of scratch for texts of up to maxlen bytes. */
size_t
nvp_trigram_scratch(const NvpTrigramIndex *index, uint32 maxlen)
{
	return most_trigrams(maxlen) * sizeof(uint64) + sizeof(uint32) * index->ntexts;
}

/* Adds the texts that have a trigram. */
static void
count_postings(const NvpTrigramIndex *index, uint64 trigram, uint32 *common)
{
	uint32		low = 0;
	uint32		high = index->npostings;

	while (low < high)
	{
		uint32		mid = low + (high - low) / 2;

		if (index->postings[mid].trigram < trigram)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < index->npostings && index->postings[low].trigram == trigram; low++)
		common[index->postings[low].text]++;
}

/*
 * nvp_trigram_best finds the owner of the text most similar to t.
 *
 * in: folded text; scratch of nvp_trigram_scratch bytes, aligned for uint64.
 * out: NVP_TRIGRAM_NONE if no similarity reaches the threshold,
 * NVP_TRIGRAM_TIE if the highest one has two owners.
 */
int
nvp_trigram_best(const NvpTrigramIndex *index, const char *t, uint32 len,
				 double threshold, void *scratch)
{
	uint64	   *trigrams = scratch;
	uint32	   *common = (uint32 *) (trigrams + most_trigrams(len));
	uint32		size = make_trigrams(t, len, trigrams);
	int			best = NVP_TRIGRAM_NONE;
	double		highest = 0;

	memset(common, 0, sizeof(uint32) * index->ntexts);
	for (uint32 i = 0; i < size; i++)
		count_postings(index, trigrams[i], common);
	for (int i = 0; i < index->ntexts; i++)
	{
		double		similarity;

		if (common[i] == 0)
			continue;
		similarity = (double) common[i] / (size + index->sizes[i] - common[i]);
		if (similarity < threshold || similarity < highest)
			continue;
		if (similarity > highest || best == NVP_TRIGRAM_NONE)
			best = index->owners[i];
		else if (best != index->owners[i])
			best = NVP_TRIGRAM_TIE;
		highest = similarity;
	}
	return best;
}
