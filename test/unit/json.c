/*-------------------------------------------------------------------------
 *
 * json.c
 *		A small reader of JSON for tests: trees of nodes, nothing clever.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "model/text.h"
#include "vector.h"

typedef struct Parser
{
	const char *p;
	const char *end;
} Parser;

static Json *parse_value(Parser *in, int depth);

static void
skip_blank(Parser *in)
{
	while (in->p < in->end && strchr(" \t\r\n", *in->p) && *in->p)
		in->p++;
}

static bool
take(Parser *in, const char *word)
{
	size_t		n = strlen(word);

	skip_blank(in);
	if (in->end - in->p < n || memcmp(in->p, word, n) != 0)
		return false;
	in->p += n;
	return true;
}

static bool
parse_hex(Parser *in, uint32 *cp)
{
	*cp = 0;
	for (int i = 0; i < 4; i++, in->p++)
	{
		const char *digits = "0123456789abcdef";
		const char *at;

		if (in->p == in->end || (at = strchr(digits, tolower((unsigned char) *in->p))) == NULL || !*at)
			return false;
		*cp = *cp << 4 | (at - digits);
	}
	return true;
}

static bool
parse_escape(Parser *in, char **to)
{
	const char *from = "\"\\/bfnrt";
	const char *at;
	uint32		cp;
	uint32		low;

	if (in->p == in->end)
		return false;
	if (*in->p != 'u')
	{
		if ((at = strchr(from, *in->p++)) == NULL || !*at)
			return false;
		*(*to)++ = "\"\\/\b\f\n\r\t"[at - from];
		return true;
	}
	in->p++;
	if (!parse_hex(in, &cp))
		return false;
	if (cp >= 0xD800 && cp < 0xDC00)
	{
		if (in->end - in->p < 6 || memcmp(in->p, "\\u", 2) != 0)
			return false;
		in->p += 2;
		if (!parse_hex(in, &low))
			return false;
		cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
	}
	*to += nvp_utf8_encode(cp, *to);
	return true;
}

static char *
parse_string(Parser *in, size_t *len)
{
	char	   *text;
	char	   *to;

	if (!take(in, "\""))
		return NULL;
	to = text = palloc(in->end - in->p + 1);
	while (in->p < in->end && *in->p != '"')
	{
		if (*in->p != '\\')
			*to++ = *in->p++;
		else
		{
			in->p++;
			if (!parse_escape(in, &to))
				break;
		}
	}
	if (!take(in, "\""))
	{
		pfree(text);
		return NULL;
	}
	*to = '\0';
	*len = to - text;
	return text;
}

static bool
parse_members(Parser *in, Json *json, const char *close, int depth)
{
	Json	  **tail = &json->first;
	size_t		len;

	if (take(in, close))
		return true;
	do
	{
		char	   *key = NULL;

		if (json->kind == JSON_OBJECT && ((key = parse_string(in, &len)) == NULL || !take(in, ":")))
		{
			if (key)
				pfree(key);
			return false;
		}
		*tail = parse_value(in, depth + 1);
		if (*tail == NULL)
		{
			if (key)
				pfree(key);
			return false;
		}
		(*tail)->key = key;
		tail = &(*tail)->next;
	} while (take(in, ","));
	return take(in, close);
}

static bool
parse_scalar(Parser *in, Json *json)
{
	const char *start = in->p;

	if (take(in, "null"))
		json->kind = JSON_NULL;
	else if (take(in, "true") || take(in, "false"))
		json->kind = JSON_BOOL;
	else
	{
		json->kind = JSON_NUMBER;
		while (in->p < in->end && *in->p && strchr("+-.0123456789eE", *in->p))
			in->p++;
	}
	json->len = in->p - start;
	json->text = pnstrdup(start, json->len);
	return json->len > 0;
}

static Json *
parse_value(Parser *in, int depth)
{
	Json	   *json = palloc0(sizeof(Json));
	bool		fine;

	skip_blank(in);
	if (depth > 100 || in->p == in->end)
		fine = false;
	else if (*in->p == '"')
	{
		json->kind = JSON_STRING;
		json->text = parse_string(in, &json->len);
		fine = json->text != NULL;
	}
	else if (take(in, "["))
	{
		json->kind = JSON_ARRAY;
		fine = parse_members(in, json, "]", depth);
	}
	else if (take(in, "{"))
	{
		json->kind = JSON_OBJECT;
		fine = parse_members(in, json, "}", depth);
	}
	else
		fine = parse_scalar(in, json);
	if (fine)
		return json;
	json_free(json);
	return NULL;
}

Json *
json_parse(const char *text, size_t len)
{
	Parser		in = {text, text + len};
	Json	   *json = parse_value(&in, 0);

	skip_blank(&in);
	if (json && in.p != in.end)
	{
		json_free(json);
		return NULL;
	}
	return json;
}

Json *
json_get(const Json *object, const char *key)
{
	for (Json *member = object ? object->first : NULL; member; member = member->next)
	{
		if (member->key && strcmp(member->key, key) == 0)
			return member;
	}
	return NULL;
}

bool
json_equal(const Json *a, const Json *b, double tolerance)
{
	const Json *x;
	const Json *y;

	if (a->kind != b->kind)
		return false;
	if (a->kind == JSON_NUMBER)
		return fabs(atof(a->text) - atof(b->text)) <= tolerance;
	if (a->kind < JSON_ARRAY)
		return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
	for (x = a->first, y = b->first; x && y; x = x->next, y = y->next)
	{
		if ((x->key && strcmp(x->key, y->key) != 0) || !json_equal(x, y, tolerance))
			return false;
	}
	return x == NULL && y == NULL;
}

void
json_free(Json *json)
{
	while (json)
	{
		Json	   *next = json->next;

		json_free(json->first);
		if (json->key)
			pfree(json->key);
		if (json->text)
			pfree(json->text);
		pfree(json);
		json = next;
	}
}
