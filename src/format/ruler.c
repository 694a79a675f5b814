/*-------------------------------------------------------------------------
 *
 * ruler.c
 *		What database clients draw around a table.
 *
 * See ruler.h for what it is.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/fixed.h"
#include "format/ruler.h"

#define LEAST_DASHES	4

int
nvp_ruler_groups(const char *p, const char *end)
{
	int			groups = 0;
	int			dashes = 0;
	bool		within = false;

	for (; p < end; p++)
	{
		if (*p == '-' || *p == '=')
		{
			groups += !within;
			dashes++;
			within = true;
		}
		else if (nvp_is_padding(*p))
			within = false;
		else
			return 0;
	}
	return dashes >= LEAST_DASHES ? groups : 0;
}

bool
nvp_is_crossed_ruler(const char *p, const char *end)
{
	int			dashes = 0;
	int			crossings = 0;

	while (p < end && nvp_is_padding(*p))
		p++;
	while (end > p && nvp_is_padding(end[-1]))
		end--;
	for (; p < end; p++)
	{
		if (*p == '-' || *p == '=')
			dashes++;
		else if (*p == '+')
			crossings++;
		else
			return false;
	}
	return dashes >= LEAST_DASHES && crossings > 0;
}

uint32
nvp_count_dashes(const char *p, uint32 len)
{
	for (uint32 i = 0; i < len; i++)
		if (p[i] != '-')
			return 0;
	return len;
}

/* skip_word returns what is behind a word, whatever its case; p if another one is there */
static const char *
skip_word(const char *p, const char *end, const char *word)
{
	size_t		len = strlen(word);

	return (size_t) (end - p) >= len && pg_strncasecmp(p, word, len) == 0 ? p + len : p;
}

bool
nvp_is_row_count(const char *p, const char *end)
{
	static const char *const words[] = {"record(s)", "records", "record", "row(s)", "rows", "row"};
	const char *behind;

	while (p < end && (nvp_is_padding(*p) || *p == '('))
		p++;
	if (p == end || *p < '0' || *p > '9')
		return false;
	while (p < end && ((*p >= '0' && *p <= '9') || *p == ',' || *p == '.'))
		p++;
	if (p == end || *p != ' ')
		return false;
	behind = ++p;
	for (int i = 0; i < lengthof(words) && behind == p; i++)
		behind = skip_word(p, end, words[i]);
	if (behind == p)
		return false;
	if (behind == end || *behind == ')' || *behind == '.')
		return end - behind <= 2;
	p = skip_word(behind, end, " selected");
	p = skip_word(p, end, " affected");
	p = skip_word(p, end, " in set");
	return p > behind && end - p <= 20;
}
