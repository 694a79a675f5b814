/*-------------------------------------------------------------------------
 *
 * type_language.c
 *		BCP 47 language tags: well-formedness, standard case, aliases.
 *
 * Replaced are: grandfathered tags, extended language subtags ("zh-yue" is
 * "yue"), deprecated and three-letter language codes, numeric and former
 * regions.  Variants and extensions are put in order.  Left as written are
 * regions that split up, aliases of scripts and variants, and what is inside an
 * extension.  Refused are four-letter languages (reserved), more than one
 * extended language subtag, unknown ones, and tags of more than 200 bytes.
 *
 * Flow:   text --> subtags --> alias of the whole --> parts --> canonical text
 * Pure: also built outside the server (see test/unit).
 * Errors: returned, never thrown.
 * Source: RFC 5646 sections 2.1, 2.1.1, 2.2.2, 4.5; ECMA-402 section 6.2;
 *		   data/language_aliases.tsv, data/regions.tsv.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/codes.h"
#include "model/language_aliases_data.h"
#include "model/regions_data.h"

#define TAG_MAX_BYTES	200
#define SUBTAG_MAX		8
#define PARTS_MAX		(TAG_MAX_BYTES / 2 + 1)

typedef struct Part
{
	const char *p;
	int			n;				/* bytes: of one subtag, or of an extension with all of its own */
} Part;

/* a tag taken apart; all text in lower case */
typedef struct Tag
{
	Part		parts[PARTS_MAX];
	int			nparts;
	Part		language;
	Part		script;
	Part		region;
	Part		variants[PARTS_MAX];
	int			nvariants;
	Part		extensions[PARTS_MAX];
	int			nextensions;
	Part		private;
} Tag;

/* Splits lower-case text at its hyphens; false if a subtag is empty or too long. */
static bool
split(Tag *tag, const char *text, int len)
{
	const char *end = text + len;

	tag->nparts = 0;
	for (const char *p = text;; p++)
	{
		Part	   *part = &tag->parts[tag->nparts++];

		for (part->p = p; p < end && *p != '-'; p++)
			 /* find the end */ ;
		part->n = p - part->p;
		if (part->n == 0 || part->n > SUBTAG_MAX)
			return false;
		if (p == end)
			return true;
		if (tag->nparts == PARTS_MAX)
			return false;
	}
}

static bool
is_alpha(const Part *part, int min, int max)
{
	return part->n >= min && part->n <= max && nvp_ascii_all(part->p, part->n, NVP_ASCII_LETTER);
}

static bool
is_region(const Part *part)
{
	return is_alpha(part, 2, 2) ||
		(part->n == 3 && nvp_ascii_all(part->p, 3, NVP_ASCII_DIGIT));
}

static bool
is_variant(const Part *part)
{
	return part->n >= 5 || (part->n == 4 && nvp_ascii_is(part->p[0], NVP_ASCII_DIGIT));
}

/* Bytewise order of parts, a shorter one first. */
static int
compare_parts(const Part *a, const Part *b)
{
	int			order = memcmp(a->p, b->p, Min(a->n, b->n));

	return order != 0 ? order : a->n - b->n;
}

/* Adds a part in order; nkey of its bytes must be unique (0: all of them). */
static bool
insert_part(Part *list, int *n, Part part, int nkey)
{
	Part		key = {part.p, nkey > 0 ? nkey : part.n};
	int			i = *n;

	for (; i > 0; i--)
	{
		Part		other = {list[i - 1].p, nkey > 0 ? nkey : list[i - 1].n};
		int			order = compare_parts(&other, &key);

		if (order == 0)
			return false;
		if (order < 0)
			break;
		list[i] = list[i - 1];
	}
	list[i] = part;
	(*n)++;
	return true;
}

/* An extension or private use: a singleton and the subtags of it; 0 if malformed. */
static int
extension_size(const Tag *tag, int i)
{
	bool		private = tag->parts[i].p[0] == 'x';
	int			n = 1;

	while (i + n < tag->nparts && (private || tag->parts[i + n].n > 1))
		n++;
	return n > 1 ? n : 0;
}

static bool
parse_extensions(Tag *tag, int i)
{
	while (i < tag->nparts)
	{
		const Part *last;
		Part		part = tag->parts[i];
		int			n = part.n == 1 ? extension_size(tag, i) : 0;

		if (n == 0)
			return false;
		last = &tag->parts[i + n - 1];
		part.n = last->p + last->n - part.p;
		if (part.p[0] == 'x')
			tag->private = part;
		else if (!insert_part(tag->extensions, &tag->nextensions, part, 1))
			return false;
		i += n;
	}
	return true;
}

/* langtag of RFC 5646, or private use alone */
static bool
parse(Tag *tag)
{
	const char *alpha2;
	int			i = 0;

	tag->language.n = tag->script.n = tag->region.n = tag->private.n = 0;
	tag->nvariants = tag->nextensions = 0;
	if (tag->parts[0].n == 1)
		return tag->parts[0].p[0] == 'x' && parse_extensions(tag, 0);
	if (!is_alpha(&tag->parts[0], 2, 3) && !is_alpha(&tag->parts[0], 5, 8))
		return false;
	tag->language = tag->parts[i++];
	if (i < tag->nparts && tag->language.n <= 3 && is_alpha(&tag->parts[i], 3, 3))
	{
		tag->language = tag->parts[i++];
		if (!nvp_language_known(tag->language.p, &alpha2))
			return false;
	}
	if (i < tag->nparts && is_alpha(&tag->parts[i], 4, 4))
		tag->script = tag->parts[i++];
	if (i < tag->nparts && is_region(&tag->parts[i]))
		tag->region = tag->parts[i++];
	for (; i < tag->nparts && is_variant(&tag->parts[i]); i++)
	{
		if (!insert_part(tag->variants, &tag->nvariants, tag->parts[i], 0))
			return false;
	}
	return parse_extensions(tag, i);
}

static const char *
find_alias(const char *text, int len)
{
	const char *const *row = nvp_code_find(&nvp_language_aliases_table[0][0],
										   NVP_LANGUAGE_ALIASES_ROWS,
										   NVP_LANGUAGE_ALIASES_COLS, text, len);

	return row != NULL ? row[1] : NULL;
}

/* Replaces the language; a replacement may say script or region where the tag does not. */
static void
replace_language(Tag *tag)
{
	const char *alias = find_alias(tag->language.p, tag->language.n);
	const char *alpha2;
	Tag			other;

	if (alias != NULL && split(&other, alias, strlen(alias)))
	{
		tag->language = other.parts[0];
		for (int i = 1; i < other.nparts; i++)
		{
			Part	   *slot = other.parts[i].n == 4 ? &tag->script : &tag->region;

			if (slot->n == 0)
				*slot = other.parts[i];
		}
	}
	else if (tag->language.n == 3 && nvp_language_known(tag->language.p, &alpha2) &&
			 alpha2[0] != '-')
		tag->language = (Part) {alpha2, 2};
}

static void
replace_region(Tag *tag)
{
	const char *const *row;
	const char *alpha2;
	char		upper[3];

	if (tag->region.n == 0)
		return;
	for (int i = 0; i < tag->region.n; i++)
		upper[i] = nvp_ascii_upper(tag->region.p[i]);
	row = nvp_code_find(&nvp_regions_table[0][0], NVP_REGIONS_ROWS, NVP_REGIONS_COLS,
						upper, tag->region.n);
	if (row != NULL)
		tag->region = (Part) {row[1], 2};
	else if (tag->region.n == 3 && (alpha2 = nvp_country_of_number(upper)) != NULL)
		tag->region = (Part) {alpha2, 2};
}

/* A sign language named by its region, as sgn-DE, has a code of its own. */
static void
replace_sign_language(Tag *tag)
{
	char		key[] = "sgn-xx";
	const char *alias;

	if (tag->region.n != 2 || tag->language.n != 3 || memcmp(tag->language.p, "sgn", 3) != 0)
		return;
	key[4] = nvp_ascii_lower(tag->region.p[0]);
	key[5] = nvp_ascii_lower(tag->region.p[1]);
	alias = find_alias(key, strlen(key));
	if (alias != NULL)
	{
		tag->language = (Part) {alias, strlen(alias)};
		tag->region.n = 0;
	}
}

/* Appends a part, with a hyphen before it; the first capitals letters in capitals. */
static void
append(char *out, int *n, const Part *part, int capitals)
{
	if (part->n == 0)
		return;
	if (*n > 0)
		out[(*n)++] = '-';
	for (int i = 0; i < part->n; i++)
		out[(*n)++] = i < capitals ? nvp_ascii_upper(part->p[i]) : nvp_ascii_lower(part->p[i]);
}

static int
write_tag(const Tag *tag, char *out)
{
	int			n = 0;

	append(out, &n, &tag->language, 0);
	append(out, &n, &tag->script, 1);
	append(out, &n, &tag->region, 2);
	for (int i = 0; i < tag->nvariants; i++)
		append(out, &n, &tag->variants[i], 0);
	for (int i = 0; i < tag->nextensions; i++)
		append(out, &n, &tag->extensions[i], 0);
	append(out, &n, &tag->private, 0);
	return n;
}

/*
 * nvp_language_tag writes the canonical form of a language tag.
 * out: NVP_LANGUAGE_TAG_MAX bytes; returns the length, or 0 if t is no tag.
 */
int
nvp_language_tag(const char *t, uint32 len, char *out)
{
	char		text[TAG_MAX_BYTES];
	const char *alias;
	Tag			tag;

	if (len > TAG_MAX_BYTES)
		return 0;
	for (uint32 i = 0; i < len; i++)
	{
		text[i] = t[i] == '_' ? '-' : nvp_ascii_lower(t[i]);
		if (!nvp_ascii_is(text[i], NVP_ASCII_LABEL))
			return 0;
	}
	if (memchr(text, '-', len) != NULL && (alias = find_alias(text, len)) != NULL)
	{
		memcpy(out, alias, strlen(alias) + 1);
		return strlen(alias);
	}
	if (!split(&tag, text, len) || !parse(&tag))
		return 0;
	replace_language(&tag);
	replace_region(&tag);
	replace_sign_language(&tag);
	return write_tag(&tag, out);
}
