/*-------------------------------------------------------------------------
 *
 * profile.h
 *		A target data model proposed from a sample of data, with its evidence.
 *
 * Flow:   input --> reader --> survey (what is there, votes)
 *		   --> try (every likely type reads every cell) --> choose
 *		   --> confirm (misfits, unique, output format) --> jsonb
 * Calls:  nvp_profile_input.  Inside: each pass reads the same first rows again.
 * Memory: in the current context; a few hundred bytes a column and type, and
 *		   eight to thirty-two a cell of the sample, which holds at most
 *		   NVP_PROFILE_CELLS (or NVP_PROFILE_LEAST rows of very wide data).
 * Errors: those of a reader, thrown (22P04, 54000, 58030).  Odd data never is
 *		   one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_PROFILE_H
#define NVP_PROFILE_H

#include "model/model.h"
#include "pipeline/input.h"

#define NVP_PROFILE_ROWS	10000	/* rows that are looked at */
#define NVP_PROFILE_CELLS	2000000 /* of wide data fewer, so that it stays near this */
#define NVP_PROFILE_LEAST	100
#define NVP_PROFILE_TYPES	40		/* room for candidates */
#define NVP_PROFILE_VALUES	20		/* a category has no more choices */
#define NVP_PROFILE_EXAMPLES	3
#define NVP_PROFILE_CUT		60		/* bytes of a text that is shown, or a choice */
#define NVP_PROFILE_WORDS	4		/* words for "nothing" of a column */
#define NVP_PROFILE_SHARE	0.98	/* of the values a type must read */
#define NVP_PROFILE_HOPELESS	500	/* values of which a type read none */
#define NVP_PROFILE_FEW		3		/* with fewer values nothing is concluded */
#define NVP_PROFILE_ENOUGH	10		/* values that make a rule likely */

/* what one type makes of the values of a column */
typedef struct NvpGuess
{
	NvpVote		vote;
	uint32		fitting;		/* values it reads */
	uint32		marked;			/* of them: also look like it */
	bool		dropped;		/* hopeless: not tried to the end */
} NvpGuess;

/* some of the distinct values of a column */
typedef struct NvpSeen
{
	uint64		hash;
	uint32		count;
	uint32		len;			/* of text, which may be cut */
	char	   *text;
} NvpSeen;

/* a set of hashes */
typedef struct NvpHashSet
{
	uint64	   *slots;			/* 0 = free */
	uint32		nslots;			/* a power of two, or 0 */
	uint32		n;
} NvpHashSet;

typedef struct NvpProfileColumn
{
	const char *header;			/* unique; the label */
	char	   *key;
	uint32		filled;			/* cells that are not empty */
	uint32		words;			/* of them: words for "nothing", such as n/a */
	uint32		invalid;		/* of them: no text at all */
	uint32		bools;			/* typed cells */
	uint32		binary;			/* cells "0" or "1" */
	uint32		zeros;			/* numbers with a leading zero */
	NvpHashSet	distinct;		/* of all filled cells */
	bool		too_many;		/* distinct values for a category */
	int			nseen;
	NvpSeen		seen[NVP_PROFILE_VALUES];
	int			nword;
	char	   *word[NVP_PROFILE_WORDS];
	NvpGuess   *guesses;		/* one a candidate */

	/* the outcome */
	int			chosen;			/* candidate, or -1 = string or category */
	int			runner_up;		/* candidate, or -1 */
	bool		is_category;
	bool		is_required;
	bool		is_unique;
	bool		has_hint;		/* the name suggests an identifier */
	NvpHashSet	outputs;		/* distinct outputs, where unique may be concluded */
	uint32		read;			/* values the chosen type read when confirmed */
	const char *format;			/* outputFormat, or NULL */
	uint32		formats[16];	/* per format tried: values written just so */
	int			nmisfits;
	char	   *misfits[NVP_PROFILE_EXAMPLES];
} NvpProfileColumn;

typedef struct NvpProfile
{
	int			ncandidates;
	NvpColumn	candidates[NVP_PROFILE_TYPES];
	NvpColumn	plain;			/* opens cells: trims, tells empty ones */
	int			ncols;
	int			capacity;		/* of columns */
	NvpProfileColumn *columns;
	uint64		rows;
	uint64		odd_rows;		/* too few or too many cells, unreadable */
	bool		is_whole;		/* there are no more rows */
	NvpNumberFormat leaning;	/* how other columns write numbers, for those that do not tell */
	NvpArena	arena;
	NvpValue   *values;			/* of one column of a batch */
} NvpProfile;

/* profile.c */
extern Jsonb *nvp_profile_input(NvpInput *input);
extern int	nvp_profile_open(const NvpProfile *profile, const NvpCell *cell, const char **t, uint32 *len);

#define NVP_OPEN_EMPTY		0
#define NVP_OPEN_VALUE		1
#define NVP_OPEN_WORD		2	/* a word for "nothing" */
#define NVP_OPEN_INVALID	3

/* profile_type.c: the candidates, and which of them is chosen */
extern void nvp_profile_candidates(NvpProfile *profile);
extern bool nvp_profile_mark(int candidate, const NvpCell *cell, const NvpValue *value,
							 const char *t, uint32 len);
extern void nvp_profile_choose(NvpProfile *profile, NvpProfileColumn *column);
extern double nvp_profile_share(const NvpProfileColumn *column, int candidate);
extern const char *nvp_profile_type_name(const NvpProfile *profile, const NvpProfileColumn *column, int candidate);
extern bool nvp_profile_may_be_unique(const NvpProfile *profile, const NvpProfileColumn *column);
extern const char *const *nvp_profile_formats(const NvpColumn *type, int *n);

extern NvpNumberFormat nvp_profile_leaning(const NvpProfile *profile);
extern bool nvp_profile_leans(const NvpProfile *profile, const NvpProfileColumn *column, int candidate);
extern void nvp_profile_settle(NvpProfile *profile, const NvpProfileColumn *column, int candidate);

/* profile_key.c: keys made of header names */
extern void nvp_profile_keys(NvpProfile *profile);
extern bool nvp_profile_hint(const char *key, const char *words);

/* profile_json.c */
extern Jsonb *nvp_profile_jsonb(const NvpProfile *profile, NvpInput *input, const NvpReader *reader);

#endif							/* NVP_PROFILE_H */
