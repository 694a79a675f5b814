/*-------------------------------------------------------------------------
 *
 * connection.c
 *		Connections: how many, from where, and for how long.
 *
 * libmicrohttpd closes what does not move at all.  Who sends a byte now and then
 * moves, so there is a time-out here for requests that do not come to their end:
 * of the head, and of a body that is no upload.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "base/guc.h"
#include "http/internal.h"

#define BODY_TIMEOUTS	4		/* a JSON body may take that many times nuvopipe.request_timeout */

/*
 * nvp_http_connection_make makes the connection of a socket; NULL if there is no
 * memory.
 */
NvpConnection *
nvp_http_connection_make(int fd, const NvpNetwork *address)
{
	NvpConnection *connection = MemoryContextAllocExtended(nvp_listener.context, sizeof(NvpConnection),
														   MCXT_ALLOC_NO_OOM | MCXT_ALLOC_ZERO);
	MemoryContext old = CurrentMemoryContext;

	if (connection == NULL)
		return NULL;
	PG_TRY();
	{
		connection->context = AllocSetContextCreate(nvp_listener.context, "nuvopipe request", ALLOCSET_SMALL_SIZES);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(old);
		FlushErrorState();
		pfree(connection);
		return NULL;
	}
	PG_END_TRY();
	connection->fd = fd;
	connection->address = *address;
	connection->is_proxy = nvp_http_is_proxy(address);
	connection->stage = NVP_STAGE_HEAD;
	connection->since = GetCurrentTimestamp();
	ReserveExternalFD();
	dlist_push_tail(&nvp_listener.connections, &connection->node);
	nvp_listener.nconnections++;
	return connection;
}

/* nvp_http_connection_free forgets a connection whose socket was closed. */
void
nvp_http_connection_free(NvpConnection *connection)
{
	nvp_http_forget_parked(connection);
	dlist_delete(&connection->node);
	nvp_listener.nconnections--;
	ReleaseExternalFD();
	MemoryContextDelete(connection->context);
	pfree(connection);
}

/* nvp_http_stage notes that a connection enters a stage. */
void
nvp_http_stage(NvpConnection *connection, NvpStage stage)
{
	connection->stage = stage;
	connection->since = GetCurrentTimestamp();
}

/* ---- where from --------------------------------------------------------------- */

/* nvp_http_is_proxy: is the address one of nuvopipe.trusted_proxies? */
bool
nvp_http_is_proxy(const NvpNetwork *address)
{
	for (int i = 0; i < nvp_listener.nproxies; i++)
		if (nvp_network_contains(&nvp_listener.proxies[i], address))
			return true;
	return false;
}

/* nvp_http_too_many tells why another connection is one too many; NULL if it is not. */
const char *
nvp_http_too_many(const NvpNetwork *address, bool is_proxy)
{
	int			same = 0;
	dlist_iter	it;

	if (nvp_listener.nconnections >= nvp_guc_listen_max_connections)
		return "the server has too many connections";
	if (is_proxy || nvp_guc_listen_max_per_address == 0)
		return NULL;
	dlist_foreach(it, &nvp_listener.connections)
	{
		NvpConnection *other = dlist_container(NvpConnection, node, it.cur);

		same += memcmp(&other->address, address, sizeof(*address)) == 0;
	}
	return same >= nvp_guc_listen_max_per_address ? "there are too many connections from your address" : NULL;
}

/* an address in a list, with or without port or brackets, as proxies write it */
static bool
read_address(const char *text, size_t len, NvpNetwork *address)
{
	char		word[80];
	char	   *end;
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (len == 0 || len >= sizeof(word))
		return false;
	memcpy(word, text, len);
	word[len] = '\0';
	if (word[0] == '[' && (end = strchr(word, ']')) != NULL)
	{
		*end = '\0';
		return inet_pton(AF_INET6, word + 1, &v6.sin6_addr) == 1 && nvp_network_from_sockaddr((struct sockaddr *) &v6, address);
	}
	if (inet_pton(AF_INET6, word, &v6.sin6_addr) == 1)
		return nvp_network_from_sockaddr((struct sockaddr *) &v6, address);
	if ((end = strchr(word, ':')) != NULL)
		*end = '\0';
	return inet_pton(AF_INET, word, &v4.sin_addr) == 1 && nvp_network_from_sockaddr((struct sockaddr *) &v4, address);
}

/*
 * nvp_http_peer gives the address of the client: of the socket, or, where that
 * is a trusted proxy, the last of X-Forwarded-For that is none.
 *
 * owner: the current memory context.
 */
const char *
nvp_http_peer(NvpConnection *connection, const char *forwarded)
{
	NvpNetwork	peer = connection->address;
	size_t		end = connection->is_proxy && forwarded ? strlen(forwarded) : 0;
	char		text[INET6_ADDRSTRLEN];

	while (end > 0)
	{
		size_t		begin = end;
		NvpNetwork	next;

		while (begin > 0 && forwarded[begin - 1] != ',')
			begin--;
		while (end > begin && forwarded[end - 1] == ' ')
			end--;
		while (begin < end && forwarded[begin] == ' ')
			begin++;
		if (!read_address(forwarded + begin, end - begin, &next))
			break;
		peer = next;
		if (!nvp_http_is_proxy(&peer))
			break;
		while (begin > 0 && forwarded[begin - 1] == ' ')
			begin--;
		end = begin > 0 ? begin - 1 : 0;
	}
	nvp_network_print(&peer, text, sizeof(text));
	return pstrdup(text);
}

/* ---- for how long ------------------------------------------------------------- */

/* has a request not come to its end in time? */
static bool
is_late(const NvpConnection *connection, TimestampTz now)
{
	int64		ms = nvp_guc_request_timeout * INT64CONST(1000);

	switch (connection->stage)
	{
		case NVP_STAGE_HEAD:
			/* between requests a connection may rest that long, and the next one take as long again */
			return now - connection->since > ms * 1000 * (connection->requests > 0 ? 2 : 1);
		case NVP_STAGE_BODY:
			return connection->call.mode != NVP_API_UPLOAD && now - connection->since > ms * 1000 * BODY_TIMEOUTS;
		default:
			return false;
	}
}

/* nothing else is being sent then, so the answer can be written past libmicrohttpd */
static void
hang_up_late(NvpConnection *connection)
{
	static const char answer[] =
		"HTTP/1.1 408 Request Timeout\r\nServer: nuvopipe\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

	if (!connection->server->is_tls)
		(void) send(connection->fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void) shutdown(connection->fd, SHUT_RDWR);
	connection->server->is_due = true;
}

/* nvp_http_connections_sweep closes those whose request takes too long to come. */
void
nvp_http_connections_sweep(TimestampTz now)
{
	dlist_iter	it;

	dlist_foreach(it, &nvp_listener.connections)
	{
		NvpConnection *connection = dlist_container(NvpConnection, node, it.cur);

		if (is_late(connection, now))
			hang_up_late(connection);
	}
}

/*
 * nvp_http_connections_hang_up closes those connections of a retired server that
 * have no request; one that has been sent already is still read and answered.
 */
void
nvp_http_connections_hang_up(const NvpServer *server)
{
	dlist_iter	it;

	dlist_foreach(it, &nvp_listener.connections)
	{
		NvpConnection *connection = dlist_container(NvpConnection, node, it.cur);

		if (connection->server != server || connection->stage != NVP_STAGE_HEAD || connection->requests == 0)
			continue;
		(void) shutdown(connection->fd, SHUT_RD);
		connection->server->is_due = true;
	}
}
