/*-------------------------------------------------------------------------
 *
 * internal.h
 *		What transfer.c (one transfer), callback.c and loop.c (waiting) share.
 *
 * Only files of this room include it: it shows libcurl.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_NET_INTERNAL_H
#define NVP_NET_INTERNAL_H

#include <curl/curl.h>

#include "net/policy.h"
#include "net/transfer.h"
#include "utils/palloc.h"

#if LIBCURL_VERSION_NUM < 0x075500
#error "libcurl 7.85 or later is needed"
#endif

/* FTP has two sockets, a dual-stack connect some more for a moment */
#define NVP_NET_SOCKETS		16

typedef struct NvpNetSocket
{
	curl_socket_t fd;
	int			what;			/* CURL_POLL_IN, _OUT, _INOUT */
} NvpNetSocket;

struct NvpNet
{
	CURLM	   *multi;
	CURL	   *easy;
	bool		fds_reserved;
	bool		dirty;			/* the socket table changed */
	bool		overflow;		/* more sockets than the table holds */
	NvpNetSocket sockets[NVP_NET_SOCKETS];
	int			nsockets;
	curl_socket_t open_fds[NVP_NET_SOCKETS];	/* connections, idle ones included */
	int			nopen;
	int64		deadline_us;	/* libcurl's timer, 0 = none */
	struct WaitEventSet *wait_set;	/* of sockets and latch, or NULL */
	NvpPolicy	policy;
	char		error[CURL_ERROR_SIZE];
	MemoryContextCallback reset;

	/* the transfer under way */
	const NvpRequest *request;
	NvpResponse *response;
	int64		upload_offset;
	char	   *buffer;			/* malloc'd: callbacks must not palloc */
	size_t		buffer_used;
	size_t		buffer_size;
	struct curl_slist *headers;
	struct curl_slist *before;
	struct curl_slist *after;
};

/* sets an option of the transfer, or throws */
#define NVP_NET_SET(net, option, value) \
	do { \
		CURLcode	code_ = curl_easy_setopt((net)->easy, option, value); \
		if (code_ != CURLE_OK) \
			ereport(ERROR, \
					(errcode(ERRCODE_SYSTEM_ERROR), \
					 errmsg("libcurl refused option %s: %s", #option, curl_easy_strerror(code_)))); \
	} while (0)

extern void nvp_net_set_callbacks(NvpNet *net);
extern void nvp_net_bind_loop(NvpNet *net);
extern bool nvp_net_loop(NvpNet *net, bool is_ftp, CURLcode *result);
extern void nvp_net_end_wait(NvpNet *net);
extern void nvp_net_heed_signals(NvpNet *net);
extern void nvp_net_block_signals(sigset_t *saved);
extern void nvp_net_restore_signals(const sigset_t *saved);

#endif							/* NVP_NET_INTERNAL_H */
