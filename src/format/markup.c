/*-------------------------------------------------------------------------
 *
 * markup.c
 *		The XML of office documents, token by token.
 *
 * See markup.h for calls, memory and errors.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "format/markup.h"

/* nvp_markup_init prepares for a document from its beginning. */
void
nvp_markup_init(NvpMarkup *markup, const NvpMarkupSpace *spaces)
{
	markup->p = markup->end = NULL;
	markup->is_last = false;
	markup->spaces = spaces;
	markup->depth = 0;
	markup->nprefixes = 0;
	markup->is_empty = markup->closing = false;
	markup->error = NULL;
}

static NvpMarkupToken
bad(NvpMarkup *markup, const char *error)
{
	markup->error = error;
	return NVP_MARKUP_BAD;
}

/* cut_off answers where the stretch ends within a token */
static NvpMarkupToken
cut_off(NvpMarkup *markup)
{
	return markup->is_last ? bad(markup, "it ends too early") : NVP_MARKUP_MORE;
}

static inline bool
is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static inline bool
ends_name(char c)
{
	return is_space(c) || c == '>' || c == '/' || c == '=' || c == '<' || c == '\0' || c == '"' || c == '\'';
}

static uint32
hash_name(const char *p, const char *end)
{
	uint32		hash = 2166136261u;

	for (; p < end; p++)
		hash = (hash ^ (unsigned char) *p) * 16777619u;
	return hash;
}

/* ---- namespaces ----------------------------------------------------------- */

/* find_space returns the namespace that a prefix stands for now */
static uint8
find_space(const NvpMarkup *markup, const char *prefix, uint32 len)
{
	for (int i = markup->nprefixes - 1; i >= 0; i--)
	{
		const NvpMarkupPrefix *candidate = &markup->prefixes[i];

		if (candidate->len == len && memcmp(candidate->prefix, prefix, len) == 0)
			return candidate->space;
	}
	return 0;
}

static uint8
known_space(const NvpMarkup *markup, const char *uri, uint32 len)
{
	for (const NvpMarkupSpace *space = markup->spaces; space->uri; space++)
		if (strlen(space->uri) == len && memcmp(space->uri, uri, len) == 0)
			return space->id;
	return 0;
}

/* declare_prefix takes note of xmlns or xmlns:prefix; false if there are too many */
static bool
declare_prefix(NvpMarkup *markup, const char *name, const char *name_end, const char *uri, uint32 uri_len)
{
	NvpMarkupPrefix *prefix;
	uint32		len = 0;

	if (name_end > name + 5)
	{
		name += 6;
		len = name_end - name;
	}
	if (len > NVP_MARKUP_PREFIX)
		return true;
	if (markup->nprefixes == NVP_MARKUP_PREFIXES)
		return false;
	prefix = &markup->prefixes[markup->nprefixes++];
	if (len > 0)
		memcpy(prefix->prefix, name, len);
	prefix->len = (uint8) len;
	prefix->space = known_space(markup, uri, uri_len);
	prefix->depth = (int16) markup->depth;
	return true;
}

/* set_name splits a qualified name and finds its namespace */
static void
set_name(NvpMarkup *markup, const char *name, const char *end)
{
	const char *colon = memchr(name, ':', end - name);

	if (colon)
	{
		markup->space = find_space(markup, name, colon - name);
		name = colon + 1;
	}
	else
		markup->space = find_space(markup, "", 0);
	markup->name = name;
	markup->name_len = end - name;
}

/* ---- tags ----------------------------------------------------------------- */

/* one attribute: p is at its name; sets the value and returns the place behind it */
static const char *
next_attribute(const char *p, const char *end, const char **name_end, const char **value, uint32 *len)
{
	const char *quote;

	while (p < end && !ends_name(*p))
		p++;
	*name_end = p;
	while (p < end && is_space(*p))
		p++;
	if (p >= end || *p != '=')
		return NULL;
	p++;
	while (p < end && is_space(*p))
		p++;
	if (p >= end || (*p != '"' && *p != '\''))
		return NULL;
	quote = memchr(p + 1, *p, end - p - 1);
	if (quote == NULL)
		return NULL;
	*value = p + 1;
	*len = quote - *value;
	return quote + 1;
}

static bool
is_declaration(const char *name, const char *end)
{
	return end - name >= 5 && memcmp(name, "xmlns", 5) == 0 && (end - name == 5 || name[5] == ':');
}

/*
 * read_attributes goes to the end of a start tag and notes the namespaces it
 * declares.  Returns the place of its > or />; NULL with MORE or BAD in *token.
 */
static const char *
read_attributes(NvpMarkup *markup, const char *p, NvpMarkupToken *token)
{
	for (;;)
	{
		const char *name;
		const char *name_end;
		const char *value;
		uint32		len;

		while (p < markup->end && is_space(*p))
			p++;
		if (p >= markup->end || (*p == '/' && p + 1 >= markup->end))
		{
			*token = cut_off(markup);
			return NULL;
		}
		if (*p == '>' || (*p == '/' && p[1] == '>'))
			return p;
		name = p;
		p = next_attribute(p, markup->end, &name_end, &value, &len);
		if (p == NULL)
		{
			bool		is_cut = (name_end == markup->end ||
								  memchr(name_end, '>', markup->end - name_end) == NULL);

			/* a quote that is open hides whatever follows */
			if (!is_cut && name_end > name)
			{
				const char *sign = name_end;

				while (sign < markup->end && (is_space(*sign) || *sign == '='))
					sign++;
				is_cut = (sign < markup->end && (*sign == '"' || *sign == '\''));
			}
			*token = is_cut ? cut_off(markup) : bad(markup, "a tag is malformed");
			return NULL;
		}
		if (name_end == name)
		{
			*token = bad(markup, "a tag is malformed");
			return NULL;
		}
		if (is_declaration(name, name_end) && !declare_prefix(markup, name, name_end, value, len))
		{
			*token = bad(markup, "it declares too many namespaces");
			return NULL;
		}
	}
}

void
nvp_markup_leave(NvpMarkup *markup)
{
	if (!markup->closing)
		return;
	markup->closing = false;
	while (markup->nprefixes > 0 && markup->prefixes[markup->nprefixes - 1].depth >= markup->depth)
		markup->nprefixes--;
	markup->depth--;
}

static NvpMarkupToken
open_tag(NvpMarkup *markup)
{
	const char *name = markup->p + 1;
	const char *name_end = name;
	const char *p;
	int			nprefixes = markup->nprefixes;
	NvpMarkupToken token = NVP_MARKUP_OPEN;

	while (name_end < markup->end && !ends_name(*name_end))
		name_end++;
	if (name_end >= markup->end)
		return cut_off(markup);
	if (name_end == name)
		return bad(markup, "a tag has no name");
	if (markup->depth == NVP_MARKUP_DEPTH)
		return bad(markup, "it is nested too deeply");
	markup->depth++;
	p = read_attributes(markup, name_end, &token);
	if (p == NULL)
	{
		markup->depth--;
		markup->nprefixes = nprefixes;
		return token;
	}
	markup->attributes = name_end;
	markup->attributes_end = p;
	markup->names[markup->depth - 1] = hash_name(name, name_end);
	set_name(markup, name, name_end);
	markup->is_empty = (*p == '/');
	markup->p = p + 1 + (*p == '/');
	return NVP_MARKUP_OPEN;
}

static NvpMarkupToken
close_tag(NvpMarkup *markup)
{
	const char *name = markup->p + 2;
	const char *name_end = name;
	const char *p;

	while (name_end < markup->end && !ends_name(*name_end))
		name_end++;
	p = name_end;
	while (p < markup->end && is_space(*p))
		p++;
	if (p >= markup->end)
		return cut_off(markup);
	if (*p != '>' || markup->depth == 0 || markup->names[markup->depth - 1] != hash_name(name, name_end))
		return bad(markup, "an end tag does not match its start tag");
	set_name(markup, name, name_end);
	markup->p = p + 1;
	markup->closing = true;
	return NVP_MARKUP_CLOSE;
}

/* ---- what is neither tag nor text ----------------------------------------- */

/* find_sign returns the place of a sign of len bytes from p on, NULL if it is not there */
static const char *
find_sign(const char *p, const char *end, const char *sign, int len)
{
	while (p < end && (p = memchr(p, sign[0], end - p)) != NULL)
	{
		if (end - p < len)
			return NULL;
		if (memcmp(p, sign, len) == 0)
			return p;
		p++;
	}
	return NULL;
}

/* does the sign stand here?  *token becomes MORE if it may, once there is more */
static bool
begins_with(NvpMarkup *markup, const char *sign, NvpMarkupToken *token)
{
	int			len = strlen(sign);
	int			there = Min(len, markup->end - markup->p);

	if (memcmp(markup->p, sign, there) != 0)
		return false;
	if (there < len && !markup->is_last)
		*token = NVP_MARKUP_MORE;
	return there == len;
}

static NvpMarkupToken
cdata(NvpMarkup *markup)
{
	const char *text = markup->p + 9;
	const char *end = find_sign(text, markup->end, "]]>", 3);

	if (end == NULL)
		return cut_off(markup);
	if (markup->depth == 0)
		return bad(markup, "text stands outside of its root element");
	markup->text = text;
	markup->text_len = end - text;
	markup->is_plain = true;
	markup->p = end + 3;
	return NVP_MARKUP_TEXT;
}

/*
 * skip_other passes over a comment or a processing instruction, or reads CDATA.
 * True if there is a token to return.
 */
static bool
skip_other(NvpMarkup *markup, NvpMarkupToken *token)
{
	const char *end;

	*token = NVP_MARKUP_BAD;
	if (begins_with(markup, "<!--", token))
		end = find_sign(markup->p + 4, markup->end, "-->", 3);
	else if (*token == NVP_MARKUP_BAD && begins_with(markup, "<?", token))
		end = find_sign(markup->p + 2, markup->end, "?>", 2);
	else if (*token == NVP_MARKUP_BAD && begins_with(markup, "<![CDATA[", token))
	{
		*token = cdata(markup);
		return true;
	}
	else
	{
		if (*token == NVP_MARKUP_BAD && begins_with(markup, "<!DOCTYPE", token))
			*token = bad(markup, "it has a document type declaration, which office documents must not have");
		else if (*token == NVP_MARKUP_BAD)
			*token = bad(markup, "a tag is malformed");
		return true;
	}
	if (end == NULL)
	{
		*token = cut_off(markup);
		return true;
	}
	markup->p = end + (markup->p[1] == '?' ? 2 : 3);
	return false;
}

static NvpMarkupToken
read_text(NvpMarkup *markup)
{
	const char *text = markup->p;
	const char *end = memchr(text, '<', markup->end - text);

	if (end == NULL)
	{
		if (!markup->is_last)
			return NVP_MARKUP_MORE;
		end = markup->end;
	}
	markup->p = end;
	markup->text = text;
	markup->text_len = end - text;
	markup->is_plain = memchr(text, '&', end - text) == NULL && memchr(text, '\r', end - text) == NULL;
	return NVP_MARKUP_TEXT;
}

/* outside the root there is only white space, which is nobody's business */
static NvpMarkupToken
read_outside(NvpMarkup *markup)
{
	const char *p = markup->p;

	while (p < markup->end && is_space(*p))
		p++;
	markup->p = p;
	if (p == markup->end)
		return markup->is_last ? NVP_MARKUP_END : NVP_MARKUP_MORE;
	if (*p != '<')
		return bad(markup, "text stands outside of its root element");
	return NVP_MARKUP_TEXT;
}

/*
 * nvp_markup_next reads the next token.
 *
 * out: the fields of the token; they are views into the stretch.
 */
NvpMarkupToken
nvp_markup_next(NvpMarkup *markup)
{
	NvpMarkupToken token;

	nvp_markup_leave(markup);
	if (markup->is_empty)
	{
		markup->is_empty = false;
		markup->closing = true;
		return NVP_MARKUP_CLOSE;
	}
	for (;;)
	{
		if (markup->depth == 0 && (token = read_outside(markup)) != NVP_MARKUP_TEXT)
			return token;
		if (markup->p >= markup->end)
			return cut_off(markup);
		if (*markup->p != '<')
			return read_text(markup);
		if (markup->p + 1 >= markup->end)
			return cut_off(markup);
		if (markup->p[1] == '/')
			return close_tag(markup);
		if (markup->p[1] != '!' && markup->p[1] != '?')
			return open_tag(markup);
		if (skip_other(markup, &token))
			return token;
	}
}

/* ---- attributes and text --------------------------------------------------- */

const char *
nvp_markup_attribute(const NvpMarkup *markup, uint8 space, const char *name, uint32 *len)
{
	const char *p = markup->attributes;
	const char *end = markup->attributes_end;
	size_t		name_len = strlen(name);

	for (;;)
	{
		const char *start;
		const char *name_end;
		const char *value;
		const char *colon;

		while (p < end && is_space(*p))
			p++;
		if (p >= end)
			return NULL;
		start = p;
		p = next_attribute(p, end, &name_end, &value, len);
		if (p == NULL)
			return NULL;
		colon = memchr(start, ':', name_end - start);
		if ((colon != NULL) != (space != 0))
			continue;
		if (colon && find_space(markup, start, colon - start) != space)
			continue;
		start = colon ? colon + 1 : start;
		if (name_end - start == name_len && memcmp(start, name, name_len) == 0)
			return value;
	}
}

int64
nvp_markup_number(const NvpMarkup *markup, const char *name, int64 otherwise)
{
	uint32		len;
	const char *value = nvp_markup_attribute(markup, 0, name, &len);
	int64		number = 0;

	if (value == NULL || len == 0 || len > 18)
		return otherwise;
	for (uint32 i = 0; i < len; i++)
	{
		if (value[i] < '0' || value[i] > '9')
			return otherwise;
		number = number * 10 + (value[i] - '0');
	}
	return number;
}

bool
nvp_markup_boolean(const NvpMarkup *markup, const char *name, bool otherwise)
{
	uint32		len;
	const char *value = nvp_markup_attribute(markup, 0, name, &len);

	if (value == NULL)
		return otherwise;
	return (len == 1 && *value == '1') || (len == 4 && memcmp(value, "true", 4) == 0) ||
		(len == 2 && memcmp(value, "on", 2) == 0);
}

/* read_reference reads &...; behind the ampersand; returns the place behind it, NULL if it is unknown */
static const char *
read_reference(const char *p, const char *end, char **out)
{
	static const struct
	{
		const char *name;
		char		sign;
	}			entities[] = {{"lt;", '<'}, {"gt;", '>'}, {"amp;", '&'}, {"quot;", '"'}, {"apos;", '\''}};
	uint32		code = 0;
	int			base = 10;
	const char *digits;

	for (int i = 0; i < lengthof(entities); i++)
	{
		int			len = strlen(entities[i].name);

		if (end - p >= len && memcmp(p, entities[i].name, len) == 0)
		{
			*(*out)++ = entities[i].sign;
			return p + len;
		}
	}
	if (p >= end || *p++ != '#')
		return NULL;
	if (p < end && *p == 'x')
	{
		base = 16;
		p++;
	}
	for (digits = p; p < end && *p != ';' && code <= 0x10FFFF; p++)
	{
		int			digit = *p >= '0' && *p <= '9' ? *p - '0' : (*p | 0x20) >= 'a' && (*p | 0x20) <= 'f' ? (*p | 0x20) - 'a' + 10 : 99;

		if (digit >= base)
			return NULL;
		code = code * base + digit;
	}
	if (p == digits || p >= end || code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
		return NULL;
	unicode_to_utf8(code, (unsigned char *) *out);
	*out += pg_utf_mblen((unsigned char *) *out);
	return p + 1;
}

int64
nvp_markup_decode(const char *text, uint32 len, char *out)
{
	const char *end = text + len;
	char	   *begin = out;

	while (text < end)
	{
		char		c = *text++;

		if (c == '&')
		{
			text = read_reference(text, end, &out);
			if (text == NULL)
				return -1;
		}
		else if (c == '\r')
		{
			*out++ = '\n';
			if (text < end && *text == '\n')
				text++;
		}
		else
			*out++ = c;
	}
	return out - begin;
}
