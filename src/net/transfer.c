/*-------------------------------------------------------------------------
 *
 * transfer.c
 *		One transfer over the network: handles, options, callbacks.
 *
 * A NvpNet is one multi handle with one easy handle that is used again for
 * every request: this keeps the connection, and it is the only arrangement in
 * which FTP servers that demand the TLS session of the control connection for
 * the data connection are served reliably.  After any failure both handles are
 * thrown away; a connection in an unknown state is not worth keeping.
 *
 * Calls:  nvp_net_open, { nvp_net_perform }*, nvp_net_close.
 * Memory: what callbacks write is fixed in size, malloc'd or the spool's: they
 *		   run inside libcurl's frames and must not throw.
 * Errors: see transfer.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "storage/fd.h"
#include "utils/memutils.h"

#include "base/guc.h"
#include "net/internal.h"

#define NET_FDS				3	/* control, data, one more while connecting */
#define BUFFER_BYTES		(256 * 1024)
#define TEXT_LIMIT			(64 * 1024 * 1024)	/* answers kept in memory: listings */
#define REASON_WAIT_MS		100		/* for the words of a server that hangs up */
#define EXCERPT_LIMIT		2048	/* of a refused request's answer */

/* ---- callbacks: never throw ---- */

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

/* ---- handles ---- */

static void
drop_handles(NvpNet *net)
{
	sigset_t	saved;

	nvp_net_block_signals(&saved);
	/* no polite farewell by FTP, whose answer libcurl would wait for */
	for (int i = 0; i < net->nopen; i++)
		shutdown(net->open_fds[i], SHUT_RDWR);
	if (net->easy)
	{
		if (net->multi)
			curl_multi_remove_handle(net->multi, net->easy);
		curl_easy_cleanup(net->easy);
	}
	if (net->multi)
		curl_multi_cleanup(net->multi);
	curl_slist_free_all(net->headers);
	curl_slist_free_all(net->before);
	curl_slist_free_all(net->after);
	nvp_net_restore_signals(&saved);
	net->easy = NULL;
	net->multi = NULL;
	net->headers = net->before = net->after = NULL;
	net->nsockets = 0;
	if (net->fds_reserved)
		for (int i = 0; i < NET_FDS; i++)
			ReleaseExternalFD();
	net->fds_reserved = false;
}

/* Reserve descriptors, so that libcurl and the server's files do not collide. */
static bool
reserve_fds(NvpNet *net)
{
	for (int i = 0; i < NET_FDS; i++)
		if (!AcquireExternalFD())
		{
			while (i-- > 0)
				ReleaseExternalFD();
			return false;
		}
	net->fds_reserved = true;
	return true;
}

static void
init_library(void)
{
	static bool initialized = false;
	sigset_t	saved;
	CURLcode	code;

	if (initialized)
		return;
	nvp_net_block_signals(&saved);
	code = curl_global_init(CURL_GLOBAL_DEFAULT);
	nvp_net_restore_signals(&saved);
	if (code != CURLE_OK)
		ereport(ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("could not initialize libcurl: %s", curl_easy_strerror(code))));
	initialized = true;
}

static void
make_handles(NvpNet *net)
{
	if (net->easy)
		return;
	init_library();
	if (!reserve_fds(net))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("too many open files to make a network connection"),
				 errhint("Raise max_files_per_process or the operating system's limit.")));
	net->multi = curl_multi_init();
	net->easy = curl_easy_init();
	if (!net->multi || !net->easy)
	{
		drop_handles(net);
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	}
	nvp_net_bind_loop(net);
}

static void
close_at_reset(void *arg)
{
	NvpNet	   *net = arg;

	drop_handles(net);
	free(net->buffer);
	net->buffer = NULL;
}

/*
 * nvp_net_open makes a place for connections; nothing is connected yet.
 *
 * owner: the current memory context: its reset closes what is open.
 */
NvpNet *
nvp_net_open(void)
{
	NvpNet	   *net = palloc0(sizeof(NvpNet));

	net->reset.func = close_at_reset;
	net->reset.arg = net;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &net->reset);
	return net;
}

/* nvp_net_close ends the connection; the NvpNet may be used again. */
void
nvp_net_close(NvpNet *net)
{
	close_at_reset(net);
	net->buffer_size = net->buffer_used = 0;
}

/* ---- options ---- */

/* A list of lines for libcurl; throws when out of memory. */
static struct curl_slist *
make_list(char **lines)
{
	struct curl_slist *list = NULL;

	for (; lines && *lines; lines++)
	{
		struct curl_slist *longer = curl_slist_append(list, *lines);

		if (!longer)
		{
			curl_slist_free_all(list);
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY),
					 errmsg("out of memory")));
		}
		list = longer;
	}
	return list;
}

#define SET(option, value) \
	do { \
		CURLcode	code_ = curl_easy_setopt(net->easy, option, value); \
		if (code_ != CURLE_OK) \
			ereport(ERROR, \
					(errcode(ERRCODE_SYSTEM_ERROR), \
					 errmsg("libcurl refused option %s: %s", #option, curl_easy_strerror(code_)))); \
	} while (0)

/* What holds for every transfer. */
static void
set_common(NvpNet *net, const NvpRequest *request)
{
	nvp_net_heed_signals(net);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_ERRORBUFFER, net->error);
	SET(CURLOPT_PROTOCOLS_STR, "http,https,ftp,ftps");
	SET(CURLOPT_FOLLOWLOCATION, 0L);	/* redirects are judged one by one */
	SET(CURLOPT_PROXY, "");		/* environment variables must not lead round the address check */
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long) nvp_guc_connect_timeout);
	SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
	SET(CURLOPT_LOW_SPEED_TIME, (long) nvp_guc_idle_timeout);
	SET(CURLOPT_TIMEOUT_MS, (long) request->timeout_ms);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket_callback);
	SET(CURLOPT_OPENSOCKETDATA, net);
	SET(CURLOPT_CLOSESOCKETFUNCTION, close_socket_callback);
	SET(CURLOPT_CLOSESOCKETDATA, net);
	SET(CURLOPT_PREREQFUNCTION, before_request_callback);
	SET(CURLOPT_PREREQDATA, net);
	SET(CURLOPT_WRITEFUNCTION, write_callback);
	SET(CURLOPT_WRITEDATA, net);
	SET(CURLOPT_HEADERFUNCTION, header_callback);
	SET(CURLOPT_HEADERDATA, net);
	SET(CURLOPT_READFUNCTION, read_callback);
	SET(CURLOPT_READDATA, net);
	SET(CURLOPT_SEEKFUNCTION, seek_callback);
	SET(CURLOPT_SEEKDATA, net);
	SET(CURLOPT_BUFFERSIZE, (long) BUFFER_BYTES);
	SET(CURLOPT_UPLOAD_BUFFERSIZE, (long) BUFFER_BYTES);
	SET(CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* a name resolution that hangs is abandoned, not waited for, at cancel */
	SET(CURLOPT_QUICK_EXIT, 1L);
#endif
}

static void
set_request(NvpNet *net, const NvpRequest *request)
{
	SET(CURLOPT_URL, request->url);
	if (request->username)
		SET(CURLOPT_USERNAME, request->username);
	if (request->password)
		SET(CURLOPT_PASSWORD, request->password);
	if (request->no_body)
		SET(CURLOPT_NOBODY, 1L);
	if (request->want_time)
		SET(CURLOPT_FILETIME, 1L);
	if (request->ca_certificate)
	{
		struct curl_blob blob = {(void *) request->ca_certificate, strlen(request->ca_certificate),
		CURL_BLOB_COPY};

		SET(CURLOPT_CAINFO_BLOB, &blob);
		SET(CURLOPT_CAPATH, NULL);
	}
	if (request->upload)
	{
		SET(CURLOPT_UPLOAD, 1L);
		SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t) request->upload->size);
	}
	else if (request->body)
	{
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->body_bytes);
	}
	if (request->command)
		SET(CURLOPT_CUSTOMREQUEST, request->command);
}

static void
set_http(NvpNet *net, const NvpRequest *request)
{
	SET(CURLOPT_ACCEPT_ENCODING, "");
	SET(CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
	SET(CURLOPT_USERAGENT, "nuvopipe");
	net->headers = make_list(request->headers);
	if (net->headers)
		SET(CURLOPT_HTTPHEADER, net->headers);
	if (request->username)
		SET(CURLOPT_HTTPAUTH, (long) CURLAUTH_BASIC);
}

static void
set_ftp(NvpNet *net, const NvpRequest *request)
{
	/* never CWD: paths then mean the same whatever the connection did before */
	SET(CURLOPT_FTP_FILEMETHOD, (long) CURLFTPMETHOD_NOCWD);
	SET(CURLOPT_FTPSSLAUTH, (long) CURLFTPAUTH_TLS);
	SET(CURLOPT_USE_SSL, (long) (request->need_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
	/* the address a server names for its data connection is not to be trusted */
	SET(CURLOPT_FTP_SKIP_PASV_IP, 1L);
	net->before = make_list(request->before);
	net->after = make_list(request->after);
	if (net->before)
		SET(CURLOPT_QUOTE, net->before);
	if (net->after)
		SET(CURLOPT_POSTQUOTE, net->after);
}

/* ---- one transfer ---- */

/* What libcurl knows at the end. */
static void
collect_response(NvpNet *net, CURLcode code, NvpResponse *response)
{
	long		status = 0;
	curl_off_t	value = -1;
	char	   *text = NULL;

	response->code = code;
	strlcpy(response->error, net->error[0] ? net->error : curl_easy_strerror(code),
			sizeof(response->error));
	strlcpy(response->denied, net->policy.denied ? net->policy.denied_address : "",
			sizeof(response->denied));
	response->sent = net->upload_offset;
	curl_easy_getinfo(net->easy, CURLINFO_RESPONSE_CODE, &status);
	response->status = (int) status;
	if (curl_easy_getinfo(net->easy, CURLINFO_RETRY_AFTER, &value) == CURLE_OK && value > 0)
		response->retry_after_ms = (int) Min(value, 24 * 3600) * 1000;
	response->file_bytes = response->file_time = -1;
	if (curl_easy_getinfo(net->easy, CURLINFO_FILETIME_T, &value) == CURLE_OK)
		response->file_time = value;
	if (curl_easy_getinfo(net->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &value) == CURLE_OK)
		response->file_bytes = value;
	if (curl_easy_getinfo(net->easy, CURLINFO_REDIRECT_URL, &text) == CURLE_OK && text)
		response->redirect_url = pstrdup(text);
	response->text = pnstrdup(net->buffer ? net->buffer : "", net->buffer_used);
	response->text_bytes = net->buffer_used;
}

/* Options, transfer, result; may throw, then the caller drops the handles. */
static void
run_transfer(NvpNet *net, const NvpRequest *request, NvpResponse *response)
{
	bool		is_ftp = pg_strncasecmp(request->url, "ftp", 3) == 0;
	CURLcode	code = CURLE_OK;
	sigset_t	saved;

	make_handles(net);
	set_common(net, request);
	set_request(net, request);
	if (is_ftp)
		set_ftp(net, request);
	else
		set_http(net, request);
	nvp_net_block_signals(&saved);
	curl_multi_add_handle(net->multi, net->easy);
	nvp_net_restore_signals(&saved);
	if (!nvp_net_loop(net, is_ftp, &code))
		code = CURLE_FAILED_INIT;
	collect_response(net, code, response);
}

/* Make the easy handle ready for the next request on the same connection. */
static void
rest_handles(NvpNet *net)
{
	sigset_t	saved;

	nvp_net_block_signals(&saved);
	curl_multi_remove_handle(net->multi, net->easy);
	curl_easy_reset(net->easy);
	nvp_net_restore_signals(&saved);
	curl_slist_free_all(net->headers);
	curl_slist_free_all(net->before);
	curl_slist_free_all(net->after);
	net->headers = net->before = net->after = NULL;
}

/*
 * nvp_net_perform runs one request to its end.
 *
 * out: true when the protocol ran to its end; the status of an HTTP answer is
 *		the caller's to judge.  response is filled in both cases.
 * errors: throws for lack of memory or descriptors, and what an interrupt or
 *		the idle hook throws; the connection is closed then.
 * interrupts: yes.  xact: needs none.
 */
bool
nvp_net_perform(NvpNet *net, const NvpRequest *request, NvpResponse *response)
{
	volatile bool thrown = true;

	memset(response, 0, sizeof(*response));
	nvp_policy_init(&net->policy);
	net->request = request;
	net->response = response;
	net->upload_offset = 0;
	net->buffer_used = 0;
	net->error[0] = '\0';
	PG_TRY();
	{
		run_transfer(net, request, response);
		thrown = false;
	}
	PG_FINALLY();
	{
		nvp_net_end_wait(net);
		if (thrown || response->code != CURLE_OK)
			drop_handles(net);
		else
			rest_handles(net);
		net->request = NULL;
		net->response = NULL;
	}
	PG_END_TRY();
	return response->code == CURLE_OK;
}
