/*-------------------------------------------------------------------------
 *
 * network.c
 *		Address ranges.
 *
 * See network.h for what is judged and how.
 *
 * Source: IANA special-purpose address registries (RFC 6890 and successors),
 *		   RFC 4291 section 2.5.5 (IPv4 inside IPv6), RFC 6052 (64:ff9b::/96),
 *		   RFC 3056 (6to4).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/network.h"

/* Ranges that are not the public Internet. */
static const NvpNetwork special_networks[] = {
	{4, 8, {0}},				/* "this network": 0.0.0.0 reaches the local machine */
	{4, 8, {10}},				/* private */
	{4, 10, {100, 64}},			/* carrier-grade NAT */
	{4, 8, {127}},				/* loopback */
	{4, 16, {169, 254}},		/* link-local, cloud metadata services */
	{4, 12, {172, 16}},			/* private */
	{4, 24, {192, 0, 0}},		/* protocol assignments */
	{4, 24, {192, 0, 2}},		/* documentation */
	{4, 16, {192, 168}},		/* private */
	{4, 15, {198, 18}},			/* benchmarking */
	{4, 24, {198, 51, 100}},	/* documentation */
	{4, 24, {203, 0, 113}},		/* documentation */
	{4, 4, {224}},				/* multicast */
	{4, 4, {240}},				/* reserved, broadcast */
	{16, 96, {0}},				/* ::, ::1 and the old IPv4-compatible form */
	{16, 64, {0x01}},			/* discard-only 100::/64 */
	{16, 32, {0x20, 0x01, 0x0d, 0xb8}}, /* documentation */
	{16, 32, {0x20, 0x01}},		/* Teredo: carries an IPv4 address */
	{16, 7, {0xfc}},			/* unique local */
	{16, 10, {0xfe, 0x80}},		/* link-local */
	{16, 10, {0xfe, 0xc0}},		/* the old site-local */
	{16, 8, {0xff}},			/* multicast */
};

static const NvpNetwork mapped_prefix = {16, 96, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};
static const NvpNetwork nat64_prefix = {16, 96, {0x00, 0x64, 0xff, 0x9b}};
static const NvpNetwork nat64_local_prefix = {16, 48, {0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}};
static const NvpNetwork sixtofour_prefix = {16, 16, {0x20, 0x02}};

/* One word of a list: address or address/bits, host bits zero. */
static bool
parse_network(const char *word, NvpNetwork *network)
{
	char		text[INET6_ADDRSTRLEN];
	const char *slash = strchr(word, '/');
	size_t		n = slash ? (size_t) (slash - word) : strlen(word);
	char	   *end;
	long		bits;

	if (n == 0 || n >= sizeof(text))
		return false;
	memcpy(text, word, n);
	text[n] = '\0';
	memset(network, 0, sizeof(*network));
	if (inet_pton(AF_INET, text, network->address) == 1)
		network->length = 4;
	else if (inet_pton(AF_INET6, text, network->address) == 1)
		network->length = 16;
	else
		return false;
	network->bits = network->length * 8;
	if (slash)
	{
		if (slash[1] < '0' || slash[1] > '9')
			return false;
		bits = strtol(slash + 1, &end, 10);
		if (*end != '\0' || bits < 0 || bits > network->bits)
			return false;
		network->bits = (int) bits;
	}
	for (int bit = network->bits; bit < network->length * 8; bit++)
		if (network->address[bit / 8] & (0x80 >> (bit % 8)))
			return false;		/* 10.0.0.1/8: surely not what was meant */
	return true;
}

/*
 * nvp_network_parse_list reads addresses and CIDR ranges separated by commas
 * or blanks.
 *
 * in: networks: room for NVP_NETWORK_MAX; out: how many, or -1 and the word
 *		that is no range (or a note that there are too many) in bad.
 */
int
nvp_network_parse_list(const char *list, NvpNetwork *networks, char *bad, int bad_size)
{
	static const char separators[] = ", \t\r\n";
	int			n = 0;

	while (list && *(list += strspn(list, separators)))
	{
		size_t		length = strcspn(list, separators);
		char		word[64];

		snprintf(word, sizeof(word), "%.*s", (int) Min(length, sizeof(word)), list);
		if (n == NVP_NETWORK_MAX || length >= sizeof(word) ||
			!parse_network(word, &networks[n]))
		{
			strlcpy(bad, word, bad_size);
			return -1;
		}
		n++;
		list += length;
	}
	return n;
}

/* nvp_network_contains: does the range hold the address? */
bool
nvp_network_contains(const NvpNetwork *network, const NvpNetwork *address)
{
	int			whole = network->bits / 8;
	int			rest = network->bits % 8;

	if (network->length != address->length ||
		memcmp(network->address, address->address, whole) != 0)
		return false;
	return rest == 0 ||
		((network->address[whole] ^ address->address[whole]) & (0xff << (8 - rest)) & 0xff) == 0;
}

/* The IPv4 address that begins at byte offset of an IPv6 address. */
static void
take_embedded(NvpNetwork *address, int offset)
{
	memmove(address->address, address->address + offset, 4);
	memset(address->address + 4, 0, 12);
	address->length = 4;
	address->bits = 32;
}

/*
 * nvp_network_from_sockaddr reads the address of a socket.
 *
 * out: IPv4 where IPv6 only wraps it (mapped, NAT64, 6to4), for that is where
 *		the packets go; false for other families.
 */
bool
nvp_network_from_sockaddr(const struct sockaddr *sa, NvpNetwork *address)
{
	memset(address, 0, sizeof(*address));
	if (sa->sa_family == AF_INET)
	{
		memcpy(address->address, &((const struct sockaddr_in *) sa)->sin_addr, 4);
		address->length = 4;
	}
	else if (sa->sa_family == AF_INET6)
	{
		memcpy(address->address, &((const struct sockaddr_in6 *) sa)->sin6_addr, 16);
		address->length = 16;
	}
	else
		return false;
	address->bits = address->length * 8;
	if (nvp_network_contains(&mapped_prefix, address) ||
		nvp_network_contains(&nat64_prefix, address))
		take_embedded(address, 12);
	else if (nvp_network_contains(&sixtofour_prefix, address))
		take_embedded(address, 2);
	return true;
}

/* nvp_network_is_special: private, loopback, link-local, multicast or reserved? */
bool
nvp_network_is_special(const NvpNetwork *address)
{
	for (int i = 0; i < lengthof(special_networks); i++)
		if (nvp_network_contains(&special_networks[i], address))
			return true;
	return nvp_network_contains(&nat64_local_prefix, address);
}

/* nvp_network_print writes an address without its prefix length. */
void
nvp_network_print(const NvpNetwork *address, char *buf, int size)
{
	if (!inet_ntop(address->length == 4 ? AF_INET : AF_INET6, address->address, buf, size))
		strlcpy(buf, "?", size);
}
