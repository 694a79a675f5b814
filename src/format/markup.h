/*-------------------------------------------------------------------------
 *
 * markup.h
 *		The XML of office documents, token by token.
 *
 * It reads what stands in a stretch of memory and never asks for more: where a
 * token is not all there it says so, and the caller comes again with a longer
 * stretch.  Nothing is copied; names, attributes and texts are views.
 *
 * Calls:  nvp_markup_init; then set p, end and is_last, and nvp_markup_next as
 *		   often as wanted.  After NVP_MARKUP_MORE p is where the token begins,
 *		   to be kept.  nvp_markup_save and nvp_markup_restore go back to an
 *		   earlier place whose bytes are still there.
 * Memory: none but the struct; 64 bytes behind end may be read.
 * Errors: NVP_MARKUP_BAD, and error is a phrase.
 *
 * Names are told apart by namespace, whatever prefixes a writer likes.  Document
 * type declarations are refused, so that no entity has anything to expand to but
 * the five that XML has itself.  Tags must match; attributes and names are not
 * checked beyond what is needed to find their ends.
 *
 * Text in UTF-8; the caller decodes what is written otherwise.
 * Source: XML 1.0, fifth edition; Namespaces in XML 1.0.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_MARKUP_H
#define NVP_MARKUP_H

#define NVP_MARKUP_DEPTH	200	/* elements within one another */
#define NVP_MARKUP_PREFIXES	64	/* declared at one time */
#define NVP_MARKUP_PREFIX	24	/* bytes of one; longer ones belong to no namespace we know */

typedef enum NvpMarkupToken
{
	NVP_MARKUP_OPEN,			/* a start tag; an empty element is followed by its CLOSE */
	NVP_MARKUP_CLOSE,
	NVP_MARKUP_TEXT,			/* between tags, white space included; comments split it */
	NVP_MARKUP_MORE,			/* the stretch ends within a token */
	NVP_MARKUP_END,				/* is_last, and the root was closed */
	NVP_MARKUP_BAD
} NvpMarkupToken;

/* a namespace the caller knows; the last one has uri NULL */
typedef struct NvpMarkupSpace
{
	const char *uri;
	uint8		id;				/* not 0, which means any other or none */
} NvpMarkupSpace;

typedef struct NvpMarkupPrefix
{
	char		prefix[NVP_MARKUP_PREFIX];
	uint8		len;			/* 0 = the default namespace */
	uint8		space;
	int16		depth;			/* of the element that declares it */
} NvpMarkupPrefix;

typedef struct NvpMarkup
{
	/* set by the caller */
	const char *p;				/* where to go on */
	const char *end;
	bool		is_last;		/* nothing follows end */

	/* the token */
	uint8		space;			/* OPEN, CLOSE: namespace of the name */
	bool		is_plain;		/* TEXT: stands for itself, nothing to decode */
	uint32		name_len;
	const char *name;			/* OPEN, CLOSE: without prefix */
	const char *attributes;		/* OPEN: what stands behind the name */
	const char *attributes_end;
	const char *text;			/* TEXT */
	uint32		text_len;
	const char *error;			/* BAD */

	/* where it stands */
	const NvpMarkupSpace *spaces;
	int			depth;			/* of open elements; within OPEN and CLOSE it counts itself */
	int			nprefixes;
	bool		is_empty;		/* the element just opened closes at once */
	bool		closing;		/* the last token was CLOSE: leave that element */
	uint32		names[NVP_MARKUP_DEPTH];	/* hashes of the open elements' names */
	NvpMarkupPrefix prefixes[NVP_MARKUP_PREFIXES];
} NvpMarkup;

typedef struct NvpMarkupMark
{
	const char *p;
	int			depth;
	int			nprefixes;
	bool		is_empty;
	bool		closing;
} NvpMarkupMark;

extern void nvp_markup_init(NvpMarkup *markup, const NvpMarkupSpace *spaces);
extern NvpMarkupToken nvp_markup_next(NvpMarkup *markup);

/* let depth be that of p, for those who look at p themselves: an element that closed is left */
extern void nvp_markup_leave(NvpMarkup *markup);

/* the value of an attribute as written, NULL if there is none; space 0 = no prefix */
extern const char *nvp_markup_attribute(const NvpMarkup *markup, uint8 space, const char *name, uint32 *len);

/* whole numbers and booleans among attributes; otherwise is what a missing one means */
extern int64 nvp_markup_number(const NvpMarkup *markup, const char *name, int64 otherwise);
extern bool nvp_markup_boolean(const NvpMarkup *markup, const char *name, bool otherwise);

/* resolve entities and line ends; out has room for len bytes; -1 if there is an unknown entity */
extern int64 nvp_markup_decode(const char *text, uint32 len, char *out);

/* is the name of an OPEN or CLOSE token this one? */
#define nvp_markup_is(markup, id, literal) \
	((markup)->name_len == sizeof(literal) - 1 && (markup)->space == (id) && \
	 memcmp((markup)->name, literal, sizeof(literal) - 1) == 0)

static inline void
nvp_markup_save(const NvpMarkup *markup, NvpMarkupMark *mark)
{
	mark->p = markup->p;
	mark->depth = markup->depth;
	mark->nprefixes = markup->nprefixes;
	mark->is_empty = markup->is_empty;
	mark->closing = markup->closing;
}

/* legal while the elements that were open then are still open, or were when it was saved last */
static inline void
nvp_markup_restore(NvpMarkup *markup, const NvpMarkupMark *mark)
{
	markup->p = mark->p;
	markup->depth = mark->depth;
	markup->nprefixes = mark->nprefixes;
	markup->is_empty = mark->is_empty;
	markup->closing = mark->closing;
}

#endif							/* NVP_MARKUP_H */
