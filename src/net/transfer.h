/*-------------------------------------------------------------------------
 *
 * transfer.h
 *		One transfer over the network, in the server's own wait loop.
 *
 * Flow:   request --> libcurl <--> sockets + latch in one WaitEventSet
 *		   body --> spool or buffer;  spool --> body
 * Calls:  nvp_net_open, { nvp_net_perform }*, nvp_net_close.  One NvpNet is one
 *		   connection at a time, kept open between requests to the same host.
 * Memory: an NvpNet belongs to the context current at open, whose reset closes
 *		   it; a response lives in the context current at perform.
 * Errors: perform returns false when the transfer failed (response->code and
 *		   its friends say why); it throws only to obey an interrupt.
 * Waits:  interrupts are served at once, the idle hook about once a second.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_TRANSFER_H
#define NVP_TRANSFER_H

#include "base/spool.h"

typedef struct NvpNet NvpNet;

/* called about twice a second while bytes move */
typedef void (*NvpNetProgress) (void *arg, int64 done, int64 total);

typedef struct NvpRequest
{
	const char *url;			/* without user and password */
	const char *username;		/* or NULL */
	const char *password;		/* or NULL */
	const char *command;		/* HTTP method, FTP listing command, or NULL */
	char	  **headers;		/* "Name: value", NULL-terminated, or NULL */
	char	  **before;			/* FTP commands before the transfer, or NULL */
	char	  **after;			/* FTP commands after it, or NULL */
	const char *body;			/* small request body, or NULL */
	int64		body_bytes;
	NvpSpool   *upload;			/* flushed; the request body or the file to store */
	NvpSpool   *download;		/* where the answer goes; NULL: response->text */
	bool		no_body;		/* HTTP HEAD; FTP: commands, size and time only */
	bool		want_time;		/* FTP: ask for size and time of the file */
	bool		need_tls;		/* FTP: AUTH TLS or fail */
	const char *ca_certificate; /* PEM text that replaces the system's, or NULL */
	int			timeout_ms;		/* for the whole transfer, 0 = none */
	int64		max_bytes;		/* of the answer, 0 = unlimited */
	NvpNetProgress progress;	/* or NULL */
	void	   *progress_arg;
} NvpRequest;

/* at which stage a transfer ended */
typedef enum NvpNetPhase
{
	NVP_PHASE_CONNECT,			/* before the protocol's first word was answered */
	NVP_PHASE_TRANSFER
} NvpNetPhase;

#define NVP_NET_LINE	256

typedef struct NvpResponse
{
	int			code;			/* CURLcode, 0 = the protocol ran to its end */
	NvpNetPhase phase;
	int			status;			/* HTTP status or last FTP reply, 0 if none */
	char		reply[NVP_NET_LINE];	/* FTP: last refusing reply line */
	char		error[NVP_NET_LINE];	/* libcurl's own words */
	char		denied[64];		/* address that the policy refused, or empty */
	char		etag[NVP_NET_LINE];
	char		last_modified[NVP_NET_LINE];
	char		content_type[NVP_NET_LINE];
	char	   *redirect_url;	/* where a 3xx points to, absolute, or NULL */
	int			retry_after_ms;
	bool		too_large;		/* max_bytes was passed */
	bool		sink_failed;	/* the spool refused the bytes (see its error) */
	int64		received;		/* bytes of the answer, decoded */
	int64		sent;
	int64		file_bytes;		/* want_time: size, -1 unknown */
	int64		file_time;		/* want_time: seconds since 1970, -1 unknown */
	char	   *text;			/* the answer where download is NULL; for a refused HTTP request the beginning of its answer */
	int64		text_bytes;
} NvpResponse;

extern NvpNet *nvp_net_open(void);
extern bool nvp_net_perform(NvpNet *net, const NvpRequest *request, NvpResponse *response);
extern void nvp_net_close(NvpNet *net);
extern void nvp_net_set_idle_hook(void (*hook) (void));

#endif							/* NVP_TRANSFER_H */
