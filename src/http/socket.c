/*-------------------------------------------------------------------------
 *
 * socket.c
 *		The addresses of nuvopipe.listen: bound, accepted from, closed.
 *
 * Listeners of one cluster share an address by SO_REUSEPORT.  That option would
 * let in any process of the same user, such as another cluster, and both would
 * get some of the connections.  So the first listener of a cluster binds without
 * it, which fails where anybody is, and then allows it for the others.  Who was
 * first is known from the slots in shared memory.
 *
 * An address that is taken is told once and tried again.  libmicrohttpd never
 * sees these sockets, only what was accepted: limits are ours to answer.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/fd.h"

#include "base/guc.h"
#include "base/shmem.h"
#include "http/internal.h"

#define RETRY_MS		1000
#define BACKLOG			511
#define ACCEPT_AT_ONCE	64		/* then others have their turn */
#define ACCEPT_PAUSE_MS	100		/* when no descriptors are left */
#define FDS_FOR_OTHERS	100		/* the server's own files and sockets */

/* ---- binding ------------------------------------------------------------------ */

static uint64
key_of(const NvpEndpoint *endpoint)
{
	return hash_bytes_extended((const unsigned char *) endpoint->name, strlen(endpoint->name), 0) | 1;
}

/* does another listener of this cluster have the address?  The caller holds the lock. */
static bool
is_shared(uint64 key)
{
	for (int i = 0; i < NVP_SLOTS; i++)
	{
		NvpSlot    *slot = &nvp_shared->slots[i];

		if (slot->kind != NVP_PROCESS_LISTENER || slot == nvp_my_slot)
			continue;
		for (int k = 0; k < NVP_ENDPOINT_MAX; k++)
			if (slot->addresses[k] == key)
				return true;
	}
	return false;
}

static bool
set_option(int fd, int level, int option)
{
	int			on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on)) == 0;
}

/* a listening socket, or -1 and errno */
static int
open_socket(const NvpEndpoint *endpoint, bool shared)
{
	int			fd = socket(endpoint->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int			saved;

	if (fd < 0)
		return -1;
	if (set_option(fd, SOL_SOCKET, SO_REUSEADDR) &&
		(endpoint->address.ss_family != AF_INET6 || set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY)) &&
		(!shared || set_option(fd, SOL_SOCKET, SO_REUSEPORT)) &&
		bind(fd, (const struct sockaddr *) &endpoint->address, endpoint->length) == 0 &&
		(shared || set_option(fd, SOL_SOCKET, SO_REUSEPORT)) &&
		listen(fd, BACKLOG) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static void
complain(NvpSocket *socket)
{
	bool		is_taken = errno == EADDRINUSE;

	if (socket->complained)
		return;
	socket->complained = true;
	ereport(LOG,
			(errcode_for_socket_access(),
			 errmsg("nuvopipe: could not listen on %s: %m", socket->endpoint.name),
			 is_taken ?
			 errhint("Another process, perhaps another cluster, has that port: end it, or change nuvopipe.listen. It is tried again.") :
			 errhint("Change nuvopipe.listen. It is tried again.")));
}

/* bind and register under one lock, so that of two listeners only one is the first */
static void
try_bind(NvpSocket *socket, TimestampTz now)
{
	int			position = socket - nvp_listener.sockets;
	uint64		key = key_of(&socket->endpoint);
	int			saved;

	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	socket->fd = open_socket(&socket->endpoint, is_shared(key));
	saved = errno;
	nvp_my_slot->addresses[position] = socket->fd >= 0 ? key : 0;
	LWLockRelease(nvp_shared->lock);
	if (socket->fd >= 0)
	{
		ReserveExternalFD();
		socket->complained = false;
		nvp_listener.has_changed = true;
		return;
	}
	errno = saved;
	socket->retry_at = TimestampTzPlusMilliseconds(now, RETRY_MS);
	if (!socket->endpoint.optional || (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL))
		complain(socket);
}

/* nvp_http_sockets_retry tries again what could not be bound. */
void
nvp_http_sockets_retry(TimestampTz now)
{
	for (int i = 0; i < nvp_listener.nsockets; i++)
	{
		NvpSocket  *socket = &nvp_listener.sockets[i];

		if (socket->fd < 0 && socket->retry_at <= now)
			try_bind(socket, now);
	}
}

static void
close_socket(NvpSocket *socket)
{
	if (socket->fd < 0)
		return;
	/* who is in the queue already would be cut off */
	nvp_http_accept(socket);
	close(socket->fd);
	ReleaseExternalFD();
	socket->fd = -1;
	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	nvp_my_slot->addresses[socket - nvp_listener.sockets] = 0;
	LWLockRelease(nvp_shared->lock);
	nvp_listener.has_changed = true;
}

/* nvp_http_sockets_close closes all. */
void
nvp_http_sockets_close(void)
{
	for (int i = 0; i < nvp_listener.nsockets; i++)
		close_socket(&nvp_listener.sockets[i]);
	nvp_listener.nsockets = 0;
}

/* the socket of an endpoint, or NULL; the scheme may have changed */
static NvpSocket *
find(NvpSocket *sockets, int n, const NvpEndpoint *endpoint)
{
	for (int i = 0; i < n; i++)
		if (strcmp(sockets[i].endpoint.name, endpoint->name) == 0)
			return &sockets[i];
	return NULL;
}

/*
 * nvp_http_sockets_follow makes the sockets those of nuvopipe.listen: closes what
 * is not there any more, keeps what is, opens what is new.
 */
void
nvp_http_sockets_follow(void)
{
	NvpEndpoint endpoints[NVP_ENDPOINT_MAX];
	NvpSocket	old[NVP_ENDPOINT_MAX];
	int			nold = nvp_listener.nsockets;
	char		bad[80];
	int			n = nvp_endpoint_parse_list(nvp_guc_listen, endpoints, bad, sizeof(bad));

	for (int i = 0; i < nold; i++)
	{
		bool		is_wanted = false;

		for (int k = 0; k < n; k++)
			is_wanted |= strcmp(endpoints[k].name, nvp_listener.sockets[i].endpoint.name) == 0;
		if (!is_wanted)
			close_socket(&nvp_listener.sockets[i]);
	}
	memcpy(old, nvp_listener.sockets, sizeof(old));
	nvp_listener.nsockets = Max(n, 0);
	LWLockAcquire(nvp_shared->lock, LW_EXCLUSIVE);
	memset(nvp_my_slot->addresses, 0, sizeof(nvp_my_slot->addresses));
	for (int i = 0; i < n; i++)
	{
		NvpSocket  *socket = &nvp_listener.sockets[i];
		NvpSocket  *before = find(old, nold, &endpoints[i]);

		memset(socket, 0, sizeof(*socket));
		socket->fd = before ? before->fd : -1;
		socket->complained = before && before->complained;
		socket->endpoint = endpoints[i];
		if (socket->fd >= 0)
			nvp_my_slot->addresses[i] = key_of(&endpoints[i]);
	}
	LWLockRelease(nvp_shared->lock);
	nvp_listener.has_changed = true;
	nvp_http_sockets_retry(GetCurrentTimestamp());
}

/* ---- accepting ---------------------------------------------------------------- */

/* a refusal that libmicrohttpd has no part in; what does not fit into the socket's buffer is lost */
static void
turn_away(int fd, bool is_tls, const char *why)
{
	char		text[512];
	int			n;

	if (!is_tls)
	{
		char		body[200];
		int			body_len = snprintf(body, sizeof(body), "{\"message\": \"%s\", \"error\": \"unavailable\", \"details\": []}", why);

		n = snprintf(text, sizeof(text),
					 "HTTP/1.1 503 Service Unavailable\r\nServer: nuvopipe\r\nConnection: close\r\nRetry-After: 5\r\n"
					 "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nContent-Type: application/json\r\n"
					 "Content-Length: %d\r\n\r\n%s", body_len, body);
		(void) send(fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		/* a close with unread bytes would take the answer back */
		(void) shutdown(fd, SHUT_WR);
		(void) recv(fd, text, sizeof(text), MSG_DONTWAIT);
	}
	close(fd);
}

static bool
leaves_room(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
		nvp_listener.nconnections + FDS_FOR_OTHERS < limit.rlim_cur;
}

static void
hand_over(NvpServer *server, int fd, const struct sockaddr_storage *from, socklen_t len, const NvpNetwork *address)
{
	NvpConnection *connection = nvp_http_connection_make(fd, address);

	if (connection == NULL)
	{
		turn_away(fd, server->is_tls, "the server is short of memory");
		return;
	}
	connection->server = server;
	nvp_listener.arriving = connection;
	/* it closes the socket where it fails */
	(void) MHD_add_connection(server->daemon, fd, (const struct sockaddr *) from, len);
	if (nvp_listener.arriving)
		nvp_http_connection_free(connection);
	nvp_listener.arriving = NULL;
	server->is_due = true;
}

static NvpServer *
server_of(const NvpSocket *socket)
{
	switch (socket->endpoint.scheme)
	{
		case NVP_SCHEME_HTTP:
			return nvp_listener.plain;
		case NVP_SCHEME_HTTPS:
			return nvp_listener.tls;
		case NVP_SCHEME_ANY:
			break;
	}
	return *nvp_guc_tls_cert_file ? nvp_listener.tls : nvp_listener.plain;
}

/* nvp_http_accept takes what waits at a socket, as long as that is not too much at once. */
void
nvp_http_accept(NvpSocket *socket)
{
	NvpServer  *server = server_of(socket);

	for (int i = 0; i < ACCEPT_AT_ONCE; i++)
	{
		struct sockaddr_storage from;
		socklen_t	len = sizeof(from);
		int			fd = accept4(socket->fd, (struct sockaddr *) &from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		NvpNetwork	address;
		const char *why;

		if (fd < 0)
		{
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
				nvp_listener.accept_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ACCEPT_PAUSE_MS);
			if (errno == ECONNABORTED || errno == EINTR)
				continue;
			return;
		}
		if (!nvp_network_from_sockaddr((struct sockaddr *) &from, &address) || server == NULL)
		{
			close(fd);
			continue;
		}
		why = leaves_room() ? nvp_http_too_many(&address, nvp_http_is_proxy(&address)) : "the server has too many connections";
		if (why)
			turn_away(fd, server->is_tls, why);
		else
			hand_over(server, fd, &from, len, &address);
	}
}
