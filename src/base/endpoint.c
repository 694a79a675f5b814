/*-------------------------------------------------------------------------
 *
 * endpoint.c
 *		Addresses to listen on, as nuvopipe.listen names them.
 *
 * See endpoint.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/endpoint.h"

/* "host:port" or "[host]:port" into host and port; port 0 is none */
static bool
split_port(char *word, const char **host, int *port)
{
	char	   *colon = strrchr(word, ':');
	size_t		digits;

	if (colon == NULL || colon == word)
		return false;
	*colon = '\0';
	digits = strspn(colon + 1, "0123456789");
	if (digits == 0 || digits > 5 || colon[1 + digits] != '\0')
		return false;
	*port = atoi(colon + 1);
	*host = word;
	if (word[0] == '[')
	{
		if (colon[-1] != ']')
			return false;
		colon[-1] = '\0';
		*host = word + 1;
	}
	else if (strchr(word, ':'))
		return false;			/* an IPv6 address needs brackets, else who knows what its port is */
	return *port > 0 && *port < 65536;
}

/* one address and port; false if it is none of the family */
static bool
fill(NvpEndpoint *endpoint, int family, const char *host, int port, NvpScheme scheme, bool optional)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *) &endpoint->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *) &endpoint->address;
	char		text[INET6_ADDRSTRLEN];
	void	   *place = family == AF_INET ? (void *) &v4->sin_addr : (void *) &v6->sin6_addr;

	memset(endpoint, 0, sizeof(*endpoint));
	endpoint->address.ss_family = family;
	endpoint->length = family == AF_INET ? sizeof(*v4) : sizeof(*v6);
	endpoint->scheme = scheme;
	endpoint->optional = optional;
	if (inet_pton(family, host, place) != 1 || inet_ntop(family, place, text, sizeof(text)) == NULL)
		return false;
	if (family == AF_INET)
		v4->sin_port = htons(port);
	else
		v6->sin6_port = htons(port);
	snprintf(endpoint->name, sizeof(endpoint->name), family == AF_INET ? "%s:%d" : "[%s]:%d", text, port);
	return true;
}

/* one word of the list; how many endpoints it means, 0 if it means nothing */
static int
parse_word(char *word, NvpEndpoint *out)
{
	NvpScheme	scheme = NVP_SCHEME_ANY;
	const char *host;
	int			port;

	if (strncmp(word, "http://", 7) == 0)
	{
		scheme = NVP_SCHEME_HTTP;
		word += 7;
	}
	else if (strncmp(word, "https://", 8) == 0)
	{
		scheme = NVP_SCHEME_HTTPS;
		word += 8;
	}
	if (!split_port(word, &host, &port))
		return 0;
	if (strcmp(host, "*") == 0 || strcmp(host, "localhost") == 0)
	{
		bool		all = *host == '*';

		return fill(&out[0], AF_INET, all ? "0.0.0.0" : "127.0.0.1", port, scheme, false) &&
			fill(&out[1], AF_INET6, all ? "::" : "::1", port, scheme, true) ? 2 : 0;
	}
	return fill(&out[0], AF_INET, host, port, scheme, false) ||
		fill(&out[0], AF_INET6, host, port, scheme, false) ? 1 : 0;
}

static bool
is_known(const NvpEndpoint *endpoints, int n, const NvpEndpoint *endpoint)
{
	for (int i = 0; i < n; i++)
		if (strcmp(endpoints[i].name, endpoint->name) == 0)
			return true;
	return false;
}

int
nvp_endpoint_parse_list(const char *list, NvpEndpoint *endpoints, char *bad, int bad_size)
{
	static const char separators[] = ", \t\r\n";
	int			n = 0;

	while (list && *(list += strspn(list, separators)))
	{
		size_t		length = strcspn(list, separators);
		char		word[80];
		NvpEndpoint found[2];
		int			nfound;

		snprintf(word, sizeof(word), "%.*s", (int) Min(length, sizeof(word)), list);
		strlcpy(bad, word, bad_size);
		nfound = length < sizeof(word) ? parse_word(word, found) : 0;
		if (nfound == 0 || n + nfound > NVP_ENDPOINT_MAX)
			return -1;
		for (int i = 0; i < nfound; i++)
		{
			if (is_known(endpoints, n, &found[i]))
				return -1;
			endpoints[n++] = found[i];
		}
		list += length;
	}
	return n;
}
