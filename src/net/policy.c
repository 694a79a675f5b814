/*-------------------------------------------------------------------------
 *
 * policy.c
 *		Where a connection may go: schemes, addresses, redirects.
 *
 * A connector is defined by a user, but the connection is made by the
 * database server, which can reach what the user cannot: its own loopback,
 * the inner network, the metadata service of a cloud.  So each address is
 * judged when the socket for it is opened, after name resolution: a name that
 * resolves differently the second time, a redirect and the odd spellings of
 * 127.0.0.1 all meet the same check.
 *
 * Memory: URL helpers return palloc'd text; libcurl's parts are freed here.
 * Errors: nothing throws but palloc.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

#include "base/guc.h"
#include "lib/stringinfo.h"
#include "net/policy.h"

/* nvp_policy_init takes over the setting as it is now and forgets denials. */
void
nvp_policy_init(NvpPolicy *policy)
{
	char		bad[64];

	memset(policy, 0, sizeof(*policy));
	policy->nallowed = nvp_network_parse_list(nvp_guc_allowed_networks, policy->allowed,
											  bad, sizeof(bad));
	if (policy->nallowed < 0)
		policy->nallowed = 0;	/* cannot happen, the setting was checked */
}

/*
 * nvp_policy_allows judges a resolved address and remembers a refusal, for
 * libcurl only says "could not connect".  Never throws.
 */
bool
nvp_policy_allows(NvpPolicy *policy, const struct sockaddr *sa)
{
	NvpNetwork	address;

	if (!nvp_network_from_sockaddr(sa, &address))
	{
		policy->denied = true;
		strlcpy(policy->denied_address, "of another family", sizeof(policy->denied_address));
		return false;
	}
	if (!nvp_network_is_special(&address))
		return true;
	for (int i = 0; i < policy->nallowed; i++)
		if (nvp_network_contains(&policy->allowed[i], &address))
			return true;
	policy->denied = true;
	nvp_network_print(&address, policy->denied_address, sizeof(policy->denied_address));
	return false;
}

/* nvp_policy_allows_text does the same for an address in text form. */
bool
nvp_policy_allows_text(NvpPolicy *policy, const char *address)
{
	struct sockaddr_storage ss;
	struct sockaddr_in *in = (struct sockaddr_in *) &ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *) &ss;
	char		text[INET6_ADDRSTRLEN];

	memset(&ss, 0, sizeof(ss));
	strlcpy(text, address, sizeof(text));
	text[strcspn(text, "%")] = '\0';	/* the zone of a link-local address */
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1)
		ss.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1)
		ss.ss_family = AF_INET6;
	return nvp_policy_allows(policy, (struct sockaddr *) &ss);
}

/* A part of a parsed URL, palloc'd; NULL where it has none. */
static char *
url_part(CURLU *url, CURLUPart part, unsigned int flags)
{
	char	   *text = NULL;
	char	   *copy;

	if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
		return NULL;
	copy = pstrdup(text);
	curl_free(text);
	return copy;
}

typedef struct UrlParts
{
	char	   *scheme;
	char	   *host;
	char	   *port;
	char	   *path;
	bool		has_user;
} UrlParts;

/* Take a URL apart; NULL or what is wrong with it. */
static const char *
split_url(const char *text, UrlParts *parts)
{
	CURLU	   *url = curl_url();
	CURLUcode	code;
	char	   *user;

	memset(parts, 0, sizeof(*parts));
	if (!url)
		return "out of memory";
	code = curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
	if (code == CURLUE_OK)
	{
		parts->scheme = url_part(url, CURLUPART_SCHEME, 0);
		parts->host = url_part(url, CURLUPART_HOST, 0);
		parts->port = url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
		parts->path = url_part(url, CURLUPART_PATH, 0);
		user = url_part(url, CURLUPART_USER, 0);
		parts->has_user = user != NULL || url_part(url, CURLUPART_PASSWORD, 0) != NULL;
	}
	curl_url_cleanup(url);
	if (code != CURLUE_OK)
		return curl_url_strerror(code);
	return NULL;
}

static bool
is_http(const UrlParts *parts)
{
	return parts->scheme && parts->host &&
		(pg_strcasecmp(parts->scheme, "http") == 0 || pg_strcasecmp(parts->scheme, "https") == 0);
}

/*
 * nvp_policy_check_url judges the URL of a definition: http or https, a host,
 * no user name in it.
 *
 * out: NULL, or what is wrong, without the URL itself (it may hold a password).
 */
const char *
nvp_policy_check_url(const char *url)
{
	UrlParts	parts;
	const char *wrong = split_url(url, &parts);

	for (const char *p = url; *p; p++)
		if ((unsigned char) *p <= ' ' || *p == 0x7f)
			return "blanks and control characters must be percent-encoded";
	if (wrong)
		return wrong;
	if (!is_http(&parts))
		return "only http and https are supported";
	if (parts.has_user)
		return "user names and passwords do not belong into a URL";
	return NULL;
}

/*
 * nvp_policy_redirect says what a redirect means: secrets go only to the
 * origin they were given for, and encryption is never given up.
 */
NvpRedirect
nvp_policy_redirect(const char *from, const char *to)
{
	UrlParts	a;
	UrlParts	b;

	if (split_url(from, &a) || split_url(to, &b) || !is_http(&a) || !is_http(&b) || b.has_user)
		return NVP_REDIRECT_REFUSED;
	if (pg_strcasecmp(a.scheme, b.scheme) != 0)
		return pg_strcasecmp(a.scheme, "https") == 0 ? NVP_REDIRECT_REFUSED : NVP_REDIRECT_OTHER;
	if (pg_strcasecmp(a.host, b.host) != 0 || strcmp(a.port, b.port) != 0)
		return NVP_REDIRECT_OTHER;
	return NVP_REDIRECT_SAME;
}

/* nvp_url_place renders a URL for messages: no user, no query, no fragment. */
char *
nvp_url_place(const char *url)
{
	UrlParts	parts;

	if (split_url(url, &parts) || !parts.scheme || !parts.host)
		return pstrdup("(invalid URL)");
	return psprintf("%s://%s:%s%s", parts.scheme, parts.host,
					parts.port ? parts.port : "", parts.path ? parts.path : "");
}

/* nvp_url_escape_path percent-encodes everything in a path but its slashes. */
char *
nvp_url_escape_path(const char *path)
{
	static const char digits[] = "0123456789ABCDEF";
	StringInfoData buf;

	initStringInfo(&buf);
	for (; *path; path++)
	{
		unsigned char c = (unsigned char) *path;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			strchr("/-._~", c))
			appendStringInfoChar(&buf, c);
		else
		{
			appendStringInfoChar(&buf, '%');
			appendStringInfoChar(&buf, digits[c >> 4]);
			appendStringInfoChar(&buf, digits[c & 15]);
		}
	}
	return buf.data;
}
