/*-------------------------------------------------------------------------
 *
 * row_path.c
 *		Where in a document the rows are: /orders/order, or orders.order.
 *
 * See row_path.h for the form, memory and errors.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/json_scan.h"
#include "format/row_path.h"
#include "format/window.h"

/* unescape turns ~1 into a slash and ~0 into a tilde, in place; false if a tilde is neither */
static bool
unescape(char *name)
{
	char	   *to = name;

	while (*name)
	{
		char		c = *name++;

		if (c == '~')
		{
			if (*name != '0' && *name != '1')
				return false;
			c = *name++ == '1' ? '/' : '~';
		}
		*to++ = c;
	}
	*to = '\0';
	return true;
}

/* next_name moves a name of a JSON array, at p, to *to; returns what is behind it, NULL with a phrase in *error */
static const char *
next_name(const char *p, const char *end, char **to, const char **error)
{
	bool		has_escapes = false;
	NvpJsonStatus status;
	const char *close = *p == '"' ? nvp_json_string_end(p + 1, end, &has_escapes, &status) : NULL;
	uint32		len;

	*error = "it is no JSON array of names";
	if (close == NULL)
		return NULL;
	len = nvp_json_unescape(p + 1, (uint32) (close - (p + 1)), *to);
	if (memchr(*to, '\0', len))
	{
		*error = "a name in it holds a NUL";
		return NULL;
	}
	*to += len;
	*(*to)++ = '\0';
	return nvp_json_skip_space(close + 1, end);
}

/* parse_array reads a JSON array of names; false with a phrase in *error */
static bool
parse_array(const char *text, NvpRowPath *path, const char **error)
{
	size_t		len = strlen(text);
	const char *end;
	const char *p;
	char	   *to;

	/* names are moved to the front as they are read */
	path->copy = to = palloc0(len + NVP_WINDOW_PAD);
	memcpy(to, text, len);
	end = to + len;
	p = nvp_json_skip_space(to + 1, end);
	path->is_literal = true;
	while (*p != ']')
	{
		const char *name = to;

		if (path->n > 0 && *p++ != ',')
		{
			*error = "it is no JSON array of names";
			return false;
		}
		if (path->n == NVP_ROW_PATH_NAMES)
		{
			*error = "it has more than 32 names";
			return false;
		}
		p = next_name(nvp_json_skip_space(p, end), end, &to, error);
		if (p == NULL)
			return false;
		path->names[path->n++] = name;
	}
	*error = "it is no JSON array of names";
	return nvp_json_skip_space(p + 1, end) == end;
}

/* parse_names splits a path at slashes or dots; false with a phrase in *error */
static bool
parse_names(const char *text, NvpRowPath *path, const char **error)
{
	char		separator = text[0] == '/' ? '/' : '.';
	char	   *p;

	if (text[0] == '/')
		text++;
	else if (text[0] == '$' && (text[1] == '.' || text[1] == '\0'))
		text += 1 + (text[1] == '.');
	path->copy = pstrdup(text);
	for (p = path->copy; *p;)
	{
		char	   *end = strchr(p, separator);

		*error = NULL;
		if (end == p || (end && end[1] == '\0'))
			*error = "a name in it is empty";
		else if (path->n == NVP_ROW_PATH_NAMES)
			*error = "it has more than 32 names";
		if (end)
			*end = '\0';
		if (*error == NULL && separator == '/' && !unescape(p))
			*error = "a ~ in it is followed by neither 0 nor 1";
		if (*error)
			return false;
		path->names[path->n++] = p;
		if (end == NULL)
			break;
		p = end + 1;
	}
	return true;
}

/*
 * nvp_row_path_parse splits a path into names.
 *
 * out: false with a phrase in *error if it is none; nothing is to be freed then.
 */
bool
nvp_row_path_parse(const char *text, NvpRowPath *path, const char **error)
{
	bool		is_array = text[0] == '[' && (text[1] == '"' || text[1] == ']');

	memset(path, 0, sizeof(*path));
	if (is_array ? parse_array(text, path, error) : parse_names(text, path, error))
		return true;
	nvp_row_path_free(path);
	return false;
}

/* needs_array tells whether slashes cannot say the names */
static bool
needs_array(const NvpRowPath *path)
{
	for (int i = 0; i < path->n; i++)
		if (path->names[i][0] == '\0' || strcmp(path->names[i], "*") == 0)
			return true;
	return path->n == 0;
}

void
nvp_row_path_show(StringInfo out, const char *array)
{
	NvpRowPath	path;
	const char *error;

	if (!nvp_row_path_parse(array, &path, &error))
	{
		appendStringInfoString(out, array);
		return;
	}
	if (needs_array(&path))
		appendStringInfoString(out, array);
	for (int i = 0; i < path.n && !needs_array(&path); i++)
	{
		appendStringInfoChar(out, '/');
		for (const char *p = path.names[i]; *p; p++)
		{
			if (*p == '/' || *p == '~')
				appendStringInfoString(out, *p == '/' ? "~1" : "~0");
			else
				appendStringInfoChar(out, *p);
		}
	}
	nvp_row_path_free(&path);
}

void
nvp_row_path_free(NvpRowPath *path)
{
	if (path->copy)
		pfree(path->copy);
	path->copy = NULL;
	path->n = 0;
}

bool
nvp_row_path_is(const NvpRowPath *path, int i, const char *prefix, uint32 prefix_len,
				const char *name, uint32 len)
{
	const char *wanted = path->names[i];
	size_t		n = strlen(wanted);

	if (!path->is_literal && strcmp(wanted, "*") == 0)
		return true;
	if (n == len && memcmp(wanted, name, len) == 0)
		return true;
	return prefix_len > 0 && n == (size_t) prefix_len + 1 + len && wanted[prefix_len] == ':' &&
		memcmp(wanted, prefix, prefix_len) == 0 && memcmp(wanted + prefix_len + 1, name, len) == 0;
}
