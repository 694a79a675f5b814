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

#include "format/row_path.h"

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

/*
 * nvp_row_path_parse splits a path into names.
 *
 * out: false with a phrase in *error if it is none; nothing is to be freed then.
 */
bool
nvp_row_path_parse(const char *text, NvpRowPath *path, const char **error)
{
	char		separator = text[0] == '/' ? '/' : '.';
	char	   *p;

	path->n = 0;
	if (text[0] == '/')
		text++;
	else if (text[0] == '$' && (text[1] == '.' || text[1] == '\0'))
		text += 1 + (text[1] == '.');
	path->copy = pstrdup(text);
	for (p = path->copy; *p; )
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
		{
			nvp_row_path_free(path);
			return false;
		}
		path->names[path->n++] = p;
		if (end == NULL)
			break;
		p = end + 1;
	}
	return true;
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

	if (strcmp(wanted, "*") == 0)
		return true;
	if (n == len && memcmp(wanted, name, len) == 0)
		return true;
	return prefix_len > 0 && n == (size_t) prefix_len + 1 + len && wanted[prefix_len] == ':' &&
		memcmp(wanted, prefix, prefix_len) == 0 && memcmp(wanted + prefix_len + 1, name, len) == 0;
}
