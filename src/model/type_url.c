/*-------------------------------------------------------------------------
 *
 * type_url.c
 *		Column types url, url_https, url_www and hostname.
 *
 * A narrow part of RFC 3986 and 3987: the schemes http and https, or the form
 * www.…; no credentials, nothing repaired.  Scheme and host come out in lower
 * case, everything else as written.
 *
 * Flow:   [scheme ://] authority [rest]; authority = host [: port]
 * Pure: also built outside the server (see test/unit).
 * Errors: returned, never thrown.
 * Source: RFC 3986 sections 3.1 to 3.5, RFC 3987 section 2.2.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/host.h"

/* Code points beyond ASCII that may stand in a path, query or fragment. */
static bool
is_wide_uri(uint32 cp)
{
	return cp > 0x9f && !nvp_text_is_blank(cp) &&
		!(cp >= 0xfdd0 && cp <= 0xfdef) && !(cp >= 0xfff9 && cp <= 0xffff);
}

/* Path, query and fragment, from the first of / ? # on. */
static bool
check_rest(const char *p, const char *end)
{
	bool		has_fragment = false;

	while (p < end)
	{
		uint32		cp;
		int			n;

		if ((*p & 0x80) != 0)
		{
			n = nvp_utf8_decode(p, end, &cp);
			if (n == 0 || !is_wide_uri(cp))
				return false;
			p += n;
			continue;
		}
		if (!nvp_ascii_is(*p, NVP_ASCII_URI))
			return false;
		if (*p == '%' && !(end - p > 2 && nvp_ascii_all(p + 1, 2, NVP_ASCII_HEX)))
			return false;
		if (*p == '#' && has_fragment)
			return false;
		has_fragment |= *p == '#';
		p++;
	}
	return true;
}

/* ":" and 1 to 5 digits, 1 to 65535; or nothing at all */
static bool
check_port(const char *p, const char *end)
{
	int			port = 0;

	if (p == end)
		return true;
	if (*p++ != ':' || p == end || end - p > 5)
		return false;
	for (; p < end; p++)
	{
		if (!nvp_ascii_is(*p, NVP_ASCII_DIGIT))
			return false;
		port = port * 10 + (*p - '0');
	}
	return port >= 1 && port <= 65535;
}

/* Checks host and port; labels is the least number of labels of a name. */
static bool
check_authority(const char *p, const char *end, int labels, bool is_www, bool *has_upper)
{
	const char *host_end;
	NvpHost		host;
	uint16		ipv6[8];
	uint8		ipv4[4];

	if (p < end && *p == '[' && !is_www)
	{
		host_end = memchr(p, ']', end - p);
		if (host_end == NULL || !nvp_ipv6_parse(p + 1, host_end - p - 1, ipv6))
			return false;
		*has_upper = true;		/* rare: let the copy decide */
		return check_port(host_end + 1, end);
	}
	host_end = memchr(p, ':', end - p);
	if (host_end == NULL)
		host_end = end;
	if (!check_port(host_end, end))
		return false;
	if (!is_www && nvp_ipv4_parse(p, host_end - p, ipv4))
		return true;
	if (!nvp_host_check(p, host_end - p, &host) || host.labels < labels)
		return false;
	*has_upper |= host.has_upper;
	return true;
}

static NvpCode
read_url(const NvpCodeCell *in)
{
	const NvpCode wrong = in->column->type->code;
	const char *t = in->t;
	const char *end = t + in->len;
	const char *p;
	uint32		len = in->len;
	bool		is_www = false;
	bool		has_upper = false;

	if (wrong == NVP_CODE_INVALID_URL_WWW ||
		!(nvp_code_skip_word(&t, &len, "https://") ||
		  (wrong == NVP_CODE_INVALID_URL && nvp_code_skip_word(&t, &len, "http://"))))
	{
		if (wrong == NVP_CODE_INVALID_URL_HTTPS || len < 4 ||
			!nvp_text_equal_ascii(t, 4, "www.", 4))
			return wrong;
		is_www = true;
	}
	for (p = in->t; p < t; p++)
		has_upper |= nvp_ascii_is(*p, NVP_ASCII_UPPER);
	for (; p < end && *p != '/' && *p != '?' && *p != '#'; p++)
		 /* find the end of the authority */ ;
	if (!check_authority(t, p, is_www ? 3 : 2, is_www, &has_upper) || !check_rest(p, end))
		return wrong;
	if (has_upper)
	{
		char	   *copy = nvp_arena_alloc(in->arena, in->len);

		nvp_host_lower(in->t, p - in->t, copy);
		memcpy(copy + (p - in->t), p, end - p);
		nvp_value_set_text(in->value, NVP_VALUE_TEXT, copy, in->len);
	}
	else
		nvp_value_set_text(in->value, NVP_VALUE_TEXT, in->t, in->len);
	return NVP_CODE_NONE;
}

/* nvp_url_convert converts a column of url, url_https or url_www. */
void
nvp_url_convert(const NvpColumn *column, const NvpCell *cells, int n,
				NvpValue *values, NvpArena *arena)
{
	nvp_code_each(column, cells, n, values, arena, false, read_url);
}

/* One full stop at the end (the root) is dropped. */
static NvpCode
read_hostname(const NvpCodeCell *in)
{
	const char *text = in->t;
	uint32		len = in->len;
	NvpHost		host;

	if (text[len - 1] == '.')
		len--;
	if (!nvp_host_check(text, len, &host) || host.labels < 2)
		return NVP_CODE_INVALID_HOSTNAME;
	if (host.has_upper)
	{
		char	   *copy = nvp_arena_alloc(in->arena, len);

		nvp_host_lower(text, len, copy);
		text = copy;
	}
	nvp_value_set_text(in->value, NVP_VALUE_TEXT, text, len);
	return NVP_CODE_NONE;
}

/* nvp_hostname_convert converts a column of host names. */
void
nvp_hostname_convert(const NvpColumn *column, const NvpCell *cells, int n,
					 NvpValue *values, NvpArena *arena)
{
	nvp_code_each(column, cells, n, values, arena, false, read_hostname);
}
