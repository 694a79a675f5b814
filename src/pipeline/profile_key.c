/*-------------------------------------------------------------------------
 *
 * profile_key.c
 *		Keys of columns, made of the names in a header.
 *
 * "Straße & Nr." becomes strasse_nr, "firstName" first_name: small letters,
 * digits and underscores of ASCII.  Letters that have no ASCII form stay.  A
 * name that is a key already keeps it; others that come to the same get a number.
 *
 * Memory: in the current context.
 * Errors: none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/unicode_norm.h"
#include "lib/stringinfo.h"
#include "utils/hsearch.h"

#include "model/text.h"
#include "pipeline/profile.h"

#define MOST_CHARS	256			/* of a name that are looked at */
#define MOST_BYTES	(NAMEDATALEN - 24)	/* of a key, but for its last letter and a number */

/* letters whose usual spelling in ASCII is not the letter without its marks */
static const struct
{
	uint32		cp;
	const char *ascii;
}			spellings[] = {
	{0xC4, "Ae"}, {0xD6, "Oe"}, {0xDC, "Ue"}, {0xE4, "ae"}, {0xF6, "oe"}, {0xFC, "ue"},
	{0xDF, "ss"}, {0x1E9E, "SS"}, {0xC6, "Ae"}, {0xE6, "ae"}, {0xD8, "O"}, {0xF8, "o"},
	{0x152, "Oe"}, {0x153, "oe"}, {0x141, "L"}, {0x142, "l"}, {0x110, "D"}, {0x111, "d"}, {0x131, "i"},
	{0x20AC, "_eur_"}, {'$', "_usd_"}, {'%', "_percent_"}, {'#', "_no_"},
};

static void
append_char(StringInfo out, uint32 cp)
{
	char		utf8[4];

	appendBinaryStringInfo(out, utf8, nvp_utf8_encode(cp, utf8));
}

/* append_spelled writes a code point in ASCII if there is a way */
static void
append_spelled(StringInfo out, uint32 cp)
{
	pg_wchar	one[2] = {cp, 0};
	pg_wchar   *parts;

	for (int i = 0; i < lengthof(spellings); i++)
	{
		if (spellings[i].cp == cp)
		{
			appendStringInfoString(out, spellings[i].ascii);
			return;
		}
	}
	parts = cp < 0x80 ? NULL : unicode_normalize(UNICODE_NFD, one);
	if (parts == NULL)
		append_char(out, cp);
	else
	{
		append_char(out, parts[0] < 0x80 ? parts[0] : cp);
		pfree(parts);
	}
}

/* spell writes a name in ASCII as far as there is a way */
static char *
spell(const char *name)
{
	const char *end = name + strlen(name);
	StringInfoData out;
	int			chars = 0;

	initStringInfo(&out);
	while (name < end && chars++ < MOST_CHARS)
	{
		uint32		cp;
		int			bytes = nvp_utf8_decode(name, end, &cp);

		name += Max(bytes, 1);
		if (bytes > 0 && !(cp >= 0x300 && cp <= 0x36F))
			append_spelled(&out, cp);
	}
	return out.data;
}

/* does a character of a spelled name belong to a word? */
static bool
is_word_char(uint32 cp)
{
	if (cp < 0x80)
		return (cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z');
	return cp >= 0xC0 && !(cp >= 0x2000 && cp <= 0x2FFF) && !(cp >= 0x3000 && cp <= 0x303F) &&
		!(cp >= 0xFE00 && cp <= 0xFF0F) && cp < 0x1F000 && cp != 0xD7 && cp != 0xF7;
}

static bool
is_lower(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* make_key makes small words joined by underscores; "" if nothing is left */
static char *
make_key(const char *name)
{
	const char *p = spell(name);
	const char *end = p + strlen(p);
	StringInfoData key;
	char		last = '\0';

	initStringInfo(&key);
	while (p < end && key.len < MOST_BYTES)
	{
		uint32		cp;
		int			bytes = Max(nvp_utf8_decode(p, end, &cp), 1);
		bool		is_upper = *p >= 'A' && *p <= 'Z';

		if (!is_word_char(cp) || (is_upper && is_lower(last)))
		{
			if (key.len > 0 && key.data[key.len - 1] != '_')
				appendStringInfoChar(&key, '_');
		}
		if (is_word_char(cp))
			append_char(&key, nvp_text_fold_char(cp));
		last = *p;
		p += bytes;
	}
	while (key.len > 0 && key.data[key.len - 1] == '_')
		key.data[--key.len] = '\0';
	return key.data;
}

/* take claims a key; false if it is taken */
static bool
take(HTAB *taken, const char *key)
{
	char		name[NAMEDATALEN] = {0};
	bool		found;

	strlcpy(name, key, sizeof(name));
	(void) hash_search(taken, name, HASH_ENTER, &found);
	return !found;
}

/* number_key makes a key unique; after a hundred tries the place of the column helps */
static char *
number_key(HTAB *taken, char *key, int col)
{
	for (int i = 2;; i = i == 100 ? 100 + col : i + 1)
	{
		char	   *numbered = psprintf("%s_%d", key, i);

		if (take(taken, numbered))
			return numbered;
		pfree(numbered);
	}
}

/* nvp_profile_keys gives every column a key, unique in the profile */
void
nvp_profile_keys(NvpProfile *profile)
{
	HASHCTL		info = {.keysize = NAMEDATALEN, .entrysize = NAMEDATALEN};
	HTAB	   *taken = hash_create("nuvopipe keys", 256, &info, HASH_ELEM | HASH_STRINGS);

	for (int col = 0; col < profile->ncols; col++)
	{
		NvpProfileColumn *column = &profile->columns[col];
		char	   *key = make_key(column->header);

		if (key[0] == '\0' || (key[0] >= '0' && key[0] <= '9'))
			key = key[0] ? psprintf("column_%s", key) : psprintf("column_%d", col + 1);
		column->key = key;
		if (strcmp(key, column->header) == 0)
			(void) take(taken, key);
	}
	for (int col = 0; col < profile->ncols; col++)
	{
		NvpProfileColumn *column = &profile->columns[col];

		if (strcmp(column->key, column->header) != 0 && !take(taken, column->key))
			column->key = number_key(taken, column->key, col + 1);
	}
	hash_destroy(taken);
}

/*
 * nvp_profile_hint tells whether a key has one of the words; a long word may
 * also be a part of one ("kundentelefon").
 *
 * in: words: each between blanks.
 */
bool
nvp_profile_hint(const char *key, const char *words)
{
	char	   *framed = psprintf("_%s_", key);
	const char *word = words;
	bool		found = false;

	while (!found && *(word += strspn(word, " ")) != '\0')
	{
		int			len = strcspn(word, " ");
		char	   *sought = len >= 5 ? pnstrdup(word, len) : psprintf("_%.*s_", len, word);

		found = strstr(framed, sought) != NULL;
		pfree(sought);
		word += len;
	}
	pfree(framed);
	return found;
}
