/*-------------------------------------------------------------------------
 *
 * endpoint.h
 *		Addresses to listen on, as nuvopipe.listen names them.
 *
 * A list of host:port, separated by commas or blanks.  A host is an IPv4
 * address, an IPv6 address in brackets, "localhost", or "*" for every address;
 * names are not looked up, for a resolver can take its time.  "http://" in
 * front asks for plain HTTP where others have TLS; "https://" insists on TLS.
 *
 * Errors: none are thrown; parsing returns -1 and the offending word.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_ENDPOINT_H
#define NVP_ENDPOINT_H

#include <sys/socket.h>

typedef enum NvpScheme
{
	NVP_SCHEME_ANY,				/* TLS if there is a certificate */
	NVP_SCHEME_HTTP,
	NVP_SCHEME_HTTPS
} NvpScheme;

typedef struct NvpEndpoint
{
	struct sockaddr_storage address;
	socklen_t	length;
	NvpScheme	scheme;
	bool		optional;		/* the IPv6 half of "*" or "localhost": a machine may have none */
	char		name[64];		/* host:port, for messages and to tell addresses apart */
} NvpEndpoint;

/* sockets of one process; "*" and "localhost" take two */
#define NVP_ENDPOINT_MAX	16

/*
 * nvp_endpoint_parse_list reads a list.
 *
 * out: endpoints, room for NVP_ENDPOINT_MAX; how many, or -1 and in bad the word
 *		that is no address, is named twice, or is one too many.
 */
extern int	nvp_endpoint_parse_list(const char *list, NvpEndpoint *endpoints, char *bad, int bad_size);

#endif							/* NVP_ENDPOINT_H */
