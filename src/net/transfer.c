/*-------------------------------------------------------------------------
 *
 * transfer.c
 *		One transfer over the network: handles and options.
 *
 * A NvpNet is one multi handle with one easy handle that is used again for
 * every request: this keeps the connection, and it is the only arrangement in
 * which FTP servers that demand the TLS session of the control connection for
 * the data connection are served reliably.  After any failure both handles are
 * thrown away; a connection in an unknown state is not worth keeping.
 *
 * Calls:  nvp_net_open, { nvp_net_perform }*, nvp_net_close.
 * Errors: see transfer.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>
#include <sys/socket.h>

#include "storage/fd.h"
#include "utils/memutils.h"

#include "base/guc.h"
#include "net/internal.h"

#define NET_FDS				3	/* control, data, one more while connecting */
#define BUFFER_BYTES		(256 * 1024)

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

/* What holds for every transfer. */
static void
set_common(NvpNet *net, const NvpRequest *request)
{
	nvp_net_heed_signals(net);
	NVP_NET_SET(net, CURLOPT_NOSIGNAL, 1L);
	NVP_NET_SET(net, CURLOPT_ERRORBUFFER, net->error);
	NVP_NET_SET(net, CURLOPT_PROTOCOLS_STR, "http,https,ftp,ftps");
	NVP_NET_SET(net, CURLOPT_FOLLOWLOCATION, 0L);	/* redirects are judged one by one */
	NVP_NET_SET(net, CURLOPT_PROXY, "");		/* environment variables must not lead round the address check */
	NVP_NET_SET(net, CURLOPT_CONNECTTIMEOUT_MS, (long) nvp_guc_connect_timeout);
	NVP_NET_SET(net, CURLOPT_LOW_SPEED_LIMIT, 1L);
	NVP_NET_SET(net, CURLOPT_LOW_SPEED_TIME, (long) nvp_guc_idle_timeout);
	NVP_NET_SET(net, CURLOPT_TIMEOUT_MS, (long) request->timeout_ms);
	nvp_net_set_callbacks(net);
	NVP_NET_SET(net, CURLOPT_BUFFERSIZE, (long) BUFFER_BYTES);
	NVP_NET_SET(net, CURLOPT_UPLOAD_BUFFERSIZE, (long) BUFFER_BYTES);
	NVP_NET_SET(net, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* a name resolution that hangs is abandoned, not waited for, at cancel */
	NVP_NET_SET(net, CURLOPT_QUICK_EXIT, 1L);
#endif
}

static void
set_request(NvpNet *net, const NvpRequest *request)
{
	NVP_NET_SET(net, CURLOPT_URL, request->url);
	if (request->username)
		NVP_NET_SET(net, CURLOPT_USERNAME, request->username);
	if (request->password)
		NVP_NET_SET(net, CURLOPT_PASSWORD, request->password);
	if (request->no_body)
		NVP_NET_SET(net, CURLOPT_NOBODY, 1L);
	if (request->want_time)
		NVP_NET_SET(net, CURLOPT_FILETIME, 1L);
	if (request->ca_certificate)
	{
		struct curl_blob blob = {(void *) request->ca_certificate, strlen(request->ca_certificate),
		CURL_BLOB_COPY};

		NVP_NET_SET(net, CURLOPT_CAINFO_BLOB, &blob);
		NVP_NET_SET(net, CURLOPT_CAPATH, NULL);
	}
	if (request->upload)
	{
		NVP_NET_SET(net, CURLOPT_UPLOAD, 1L);
		NVP_NET_SET(net, CURLOPT_INFILESIZE_LARGE, (curl_off_t) request->upload->size);
	}
	else if (request->body)
	{
		NVP_NET_SET(net, CURLOPT_POST, 1L);
		NVP_NET_SET(net, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->body_bytes);
	}
	if (request->command)
		NVP_NET_SET(net, CURLOPT_CUSTOMREQUEST, request->command);
}

static void
set_http(NvpNet *net, const NvpRequest *request)
{
	NVP_NET_SET(net, CURLOPT_ACCEPT_ENCODING, "");
	NVP_NET_SET(net, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
	NVP_NET_SET(net, CURLOPT_USERAGENT, "nuvopipe");
	net->headers = make_list(request->headers);
	if (net->headers)
		NVP_NET_SET(net, CURLOPT_HTTPHEADER, net->headers);
	if (request->username)
		NVP_NET_SET(net, CURLOPT_HTTPAUTH, (long) CURLAUTH_BASIC);
}

static void
set_ftp(NvpNet *net, const NvpRequest *request)
{
	/* never CWD: paths then mean the same whatever the connection did before */
	NVP_NET_SET(net, CURLOPT_FTP_FILEMETHOD, (long) CURLFTPMETHOD_NOCWD);
	NVP_NET_SET(net, CURLOPT_FTPSSLAUTH, (long) CURLFTPAUTH_TLS);
	NVP_NET_SET(net, CURLOPT_USE_SSL, (long) (request->need_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
	/* the address a server names for its data connection is not to be trusted */
	NVP_NET_SET(net, CURLOPT_FTP_SKIP_PASV_IP, 1L);
	net->before = make_list(request->before);
	net->after = make_list(request->after);
	if (net->before)
		NVP_NET_SET(net, CURLOPT_QUOTE, net->before);
	if (net->after)
		NVP_NET_SET(net, CURLOPT_POSTQUOTE, net->after);
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
