/*-------------------------------------------------------------------------
 *
 * network.h
 *		Address ranges: which addresses are nobody's public business, and the
 *		list of exceptions an administrator made.
 *
 * An address is judged as the kernel sees it (a socket address), never by its
 * spelling; IPv4 mapped into IPv6 is taken back to IPv4 first.
 *
 * Errors: none are thrown; parsing returns false and the offending word.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_NETWORK_H
#define NVP_NETWORK_H

#include <sys/socket.h>

typedef struct NvpNetwork
{
	int			length;			/* bytes of the address: 4 or 16 */
	int			bits;			/* of the prefix */
	unsigned char address[16];
} NvpNetwork;

#define NVP_NETWORK_MAX		128

extern int	nvp_network_parse_list(const char *list, NvpNetwork *networks, char *bad, int bad_size);
extern bool nvp_network_from_sockaddr(const struct sockaddr *sa, NvpNetwork *address);
extern bool nvp_network_contains(const NvpNetwork *network, const NvpNetwork *address);
extern bool nvp_network_is_special(const NvpNetwork *address);
extern void nvp_network_print(const NvpNetwork *address, char *buf, int size);

#endif							/* NVP_NETWORK_H */
