/*-------------------------------------------------------------------------
 *
 * callback.c
 *		What libcurl asks of us during a transfer: bytes, lines, sockets.
 *
 * Calls:  nvp_net_set_callbacks, once for each transfer.
 * Memory: what callbacks write is fixed in size, malloc'd or the spool's: they
 *		   run inside libcurl's frames and must not throw.
 * Errors: noted in the response; a callback ends a transfer by what it returns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/internal.h"

#define TEXT_LIMIT			(64 * 1024 * 1024)	/* answers kept in memory: listings */
#define REASON_WAIT_MS		100		/* for the words of a server that hangs up */
#define EXCERPT_LIMIT		2048	/* of a refused request's answer */

/* Keep bytes in memory, up to a limit; false when there is no room. */
static bool
keep_text(NvpNet *net, const char *data, size_t n, size_t limit)
{
	if (n > limit - Min(limit, net->buffer_used))
		return false;
	if (net->buffer_used + n + 1 > net->buffer_size)
	{
		size_t		size = Max(net->buffer_size * 2, net->buffer_used + n + 1);
		char	   *grown = realloc(net->buffer, size);

		if (!grown)
			return false;
		net->buffer = grown;
		net->buffer_size = size;
	}
	memcpy(net->buffer + net->buffer_used, data, n);
	net->buffer_used += n;
	net->buffer[net->buffer_used] = '\0';
	return true;
}

/* Bytes of the answer.  What a refusing HTTP server says is not the object. */
static size_t
write_callback(char *data, size_t size, size_t count, void *arg)
{
	NvpNet	   *net = arg;
	NvpResponse *response = net->response;
	const NvpRequest *request = net->request;
	size_t		n = size * count;
	char	   *scheme = NULL;
	long		status = 0;

	curl_easy_getinfo(net->easy, CURLINFO_SCHEME, &scheme);
	curl_easy_getinfo(net->easy, CURLINFO_RESPONSE_CODE, &status);
	if (scheme && pg_strncasecmp(scheme, "http", 4) == 0 && status >= 300)
	{
		/* counted against the same patience as a good answer */
		response->received += n;
		if (net->buffer_used < EXCERPT_LIMIT &&
			!keep_text(net, data, Min(n, EXCERPT_LIMIT - net->buffer_used), EXCERPT_LIMIT))
			return 0;
		return response->received > TEXT_LIMIT ? 0 : n;
	}
	if (request->max_bytes > 0 && response->received + (int64) n > request->max_bytes)
	{
		response->too_large = true;
		return 0;
	}
	response->received += n;
	if (request->download)
	{
		if (nvp_spool_append(request->download, data, n))
			return n;
		response->sink_failed = true;
		return 0;
	}
	if (keep_text(net, data, n, TEXT_LIMIT))
		return n;
	response->too_large = true;
	return 0;
}

static size_t
read_callback(char *data, size_t size, size_t count, void *arg)
{
	NvpNet	   *net = arg;
	const NvpRequest *request = net->request;
	int64		n;

	if (request->upload)
		n = nvp_spool_read_at(request->upload, net->upload_offset, data, size * count);
	else
	{
		n = Min((int64) (size * count), request->body_bytes - net->upload_offset);
		if (n > 0)
			memcpy(data, request->body + net->upload_offset, n);
	}
	if (n < 0)
	{
		net->response->sink_failed = true;
		return CURL_READFUNC_ABORT;
	}
	net->upload_offset += n;
	return n;
}

/* libcurl begins the body again, for instance on a reused, dead connection. */
static int
seek_callback(void *arg, curl_off_t offset, int origin)
{
	NvpNet	   *net = arg;

	if (origin != SEEK_SET || offset < 0)
		return CURL_SEEKFUNC_CANTSEEK;
	net->upload_offset = offset;
	return CURL_SEEKFUNC_OK;
}

/* Copy the value of header line "Name: value" into a fixed buffer. */
static bool
take_header(const char *line, size_t n, const char *name, char *value, size_t size)
{
	size_t		length = strlen(name);

	if (n <= length || line[length] != ':' || pg_strncasecmp(line, name, length) != 0)
		return false;
	line += length + 1;
	n -= length + 1;
	while (n > 0 && (*line == ' ' || *line == '\t'))
		line++, n--;
	while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == '\n' || line[n - 1] == ' '))
		n--;
	n = Min(n, size - 1);
	memcpy(value, line, n);
	value[n] = '\0';
	return true;
}

/* A refusing FTP reply: 4xx or 5xx and its words.  True if the line is one. */
static bool
take_refusal(NvpResponse *response, const char *line, size_t n)
{
	if (n < 4 || (line[0] != '4' && line[0] != '5') || line[1] < '0' || line[1] > '9' ||
		line[2] < '0' || line[2] > '9' || (line[3] != ' ' && line[3] != '-'))
		return false;
	n = Min(n, sizeof(response->reply) - 1);
	while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == '\n'))
		n--;
	memcpy(response->reply, line, n);
	response->reply[n] = '\0';
	return true;
}

/*
 * Header lines of HTTP, reply lines of FTP.  Of FTP the refusals are kept:
 * their words are all that tells a missing folder from a forbidden one.
 */
static size_t
header_callback(char *line, size_t size, size_t count, void *arg)
{
	NvpResponse *response = ((NvpNet *) arg)->response;
	size_t		n = size * count;

	if (n > 5 && memcmp(line, "HTTP/", 5) == 0)
	{
		response->etag[0] = response->last_modified[0] = response->content_type[0] = '\0';
		return n;
	}
	if (take_refusal(response, line, n))
		return n;
	if (!take_header(line, n, "ETag", response->etag, NVP_NET_LINE) &&
		!take_header(line, n, "Last-Modified", response->last_modified, NVP_NET_LINE))
		(void) take_header(line, n, "Content-Type", response->content_type, NVP_NET_LINE);
	return n;
}

/* Every new connection passes here with its resolved address. */
static curl_socket_t
open_socket_callback(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	NvpNet	   *net = arg;

	curl_socket_t fd = CURL_SOCKET_BAD;

	if (nvp_policy_allows(&net->policy, &address->addr))
		fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	if (fd != CURL_SOCKET_BAD && net->nopen < lengthof(net->open_fds))
		net->open_fds[net->nopen++] = fd;
	return fd;
}

/*
 * Before a connection is closed.  A server that takes no more of an upload
 * says why on the control connection and closes the data connection; libcurl
 * often sees the latter first and never reads the reason.  It is read here.
 * (Not over TLS, where only libcurl could read it.)
 */
static int
close_socket_callback(void *arg, curl_socket_t fd)
{
	NvpNet	   *net = arg;
	struct pollfd ready = {fd, POLLIN, 0};
	char		lines[NVP_NET_LINE * 2];
	ssize_t		n;

	if (net->response && net->request->upload && net->response->phase == NVP_PHASE_TRANSFER &&
		!net->response->reply[0] && net->upload_offset < net->request->upload->size &&
		poll(&ready, 1, REASON_WAIT_MS) == 1 &&
		(n = recv(fd, lines, sizeof(lines) - 1, MSG_DONTWAIT)) > 0)
	{
		lines[n] = '\0';
		for (char *line = lines; *line; line += strspn(line, "\r\n"))
		{
			size_t		length = strcspn(line, "\r\n");

			(void) take_refusal(net->response, line, length);
			line += length;
		}
	}
	for (int i = 0; i < net->nopen; i++)
		if (net->open_fds[i] == fd)
			net->open_fds[i--] = net->open_fds[--net->nopen];
	return close(fd);
}

/* Reused connections pass here only: the setting may have changed since. */
static int
before_request_callback(void *arg, char *remote, char *local, int remote_port, int local_port)
{
	NvpNet	   *net = arg;

	net->response->phase = NVP_PHASE_TRANSFER;
	return nvp_policy_allows_text(&net->policy, remote) ?
		CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* nvp_net_set_callbacks binds the next transfer to them.  errors: throws where libcurl refuses. */
void
nvp_net_set_callbacks(NvpNet *net)
{
	NVP_NET_SET(net, CURLOPT_OPENSOCKETFUNCTION, open_socket_callback);
	NVP_NET_SET(net, CURLOPT_OPENSOCKETDATA, net);
	NVP_NET_SET(net, CURLOPT_CLOSESOCKETFUNCTION, close_socket_callback);
	NVP_NET_SET(net, CURLOPT_CLOSESOCKETDATA, net);
	NVP_NET_SET(net, CURLOPT_PREREQFUNCTION, before_request_callback);
	NVP_NET_SET(net, CURLOPT_PREREQDATA, net);
	NVP_NET_SET(net, CURLOPT_WRITEFUNCTION, write_callback);
	NVP_NET_SET(net, CURLOPT_WRITEDATA, net);
	NVP_NET_SET(net, CURLOPT_HEADERFUNCTION, header_callback);
	NVP_NET_SET(net, CURLOPT_HEADERDATA, net);
	NVP_NET_SET(net, CURLOPT_READFUNCTION, read_callback);
	NVP_NET_SET(net, CURLOPT_READDATA, net);
	NVP_NET_SET(net, CURLOPT_SEEKFUNCTION, seek_callback);
	NVP_NET_SET(net, CURLOPT_SEEKDATA, net);
}
