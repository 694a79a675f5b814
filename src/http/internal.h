/*-------------------------------------------------------------------------
 *
 * internal.h
 *		What the files of this room share: a listener, its libmicrohttpd
 *		daemons, and their connections.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_HTTP_INTERNAL_H
#define NVP_HTTP_INTERNAL_H

#include <microhttpd.h>

#include "lib/ilist.h"
#include "storage/shm_mq.h"
#include "utils/timestamp.h"

#include "api/request.h"
#include "base/endpoint.h"
#include "base/network.h"

/*
 * A daemon of libmicrohttpd has one setting for TLS and one time-out, so there
 * are at most two in use, plain and TLS.  When settings change new ones are
 * made, and the old ones retire: they finish what they have begun.
 */
typedef struct NvpServer
{
	dlist_node	node;
	struct MHD_Daemon *daemon;
	int			fd;				/* of its epoll set */
	bool		is_tls;
	bool		is_retired;
	bool		is_due;			/* to be run */
	int			nconnections;
} NvpServer;

typedef struct NvpSocket
{
	NvpEndpoint endpoint;
	int			fd;				/* -1: could not be bound yet */
	bool		complained;
	TimestampTz retry_at;
	int			event;			/* position in the wait event set */
} NvpSocket;

typedef enum NvpStage
{
	NVP_STAGE_HEAD,				/* the next request has not come, or not whole */
	NVP_STAGE_BODY,				/* its head was read, its body comes */
	NVP_STAGE_ANSWER,			/* the answer is being sent */
	NVP_STAGE_WAIT,				/* parked: the client waits for a change */
	NVP_STAGE_ERRAND,			/* parked: the request is run by another process */
	NVP_STAGE_STREAM			/* the answer comes in pieces; parked while there is none */
} NvpStage;

typedef struct NvpErrand NvpErrand; /* errand.c */

typedef struct NvpConnection
{
	dlist_node	node;			/* of all */
	struct MHD_Connection *mhd;
	NvpServer  *server;
	int			fd;
	NvpNetwork	address;		/* of the socket's other end */
	bool		is_proxy;		/* a trusted one */
	NvpStage	stage;
	TimestampTz since;			/* when the stage began */
	int64		requests;
	bool		is_gone;		/* the client went away while we were parked */
	MemoryContext context;		/* of the request */
	MemoryContext again;		/* below it: of the last asking of a client that waits, or NULL */

	/* the request */
	NvpApiRequest request;
	char	   *label;			/* method and path, fit for logs */
	TimestampTz begun_at;
	int64		content_length; /* -1: not told in advance */
	bool		has_body;
	bool		is_ours;		/* not for the API: a file, a preflight */
	bool		is_open;		/* nvp_api_open let it in */
	bool		is_answered;	/* answer holds what is to be sent when the body is over */
	NvpApiCall	call;
	NvpApiAnswer answer;
	StringInfoData body;		/* whole, or of an upload the piece that is being filled */
	int64		dropped;		/* bytes of a body nobody wants */
	int64		sent;			/* bytes of the answer's body */
	int			status;			/* for the log */

	/* while parked */
	bool		is_parked;
	NvpErrand  *errand;			/* that it waits for, or NULL */
	bool		is_counted;		/* in the slot's number of those who wait */
	dlist_node	parked;
	TimestampTz wait_until;		/* NVP_STAGE_WAIT */
	TimestampTz last_sent;		/* NVP_STAGE_STREAM */
	StringInfoData out;			/* of a stream: what is to be sent */
	int			out_at;
} NvpConnection;

typedef struct NvpListener
{
	MemoryContext context;		/* of connections and servers */
	dlist_head	servers;
	dlist_head	connections;
	int			nconnections;
	NvpServer  *plain;			/* take new connections; NULL: none */
	NvpServer  *tls;
	NvpSocket	sockets[NVP_ENDPOINT_MAX];
	int			nsockets;
	NvpConnection *arriving;	/* handed to libmicrohttpd just now */
	bool		is_draining;	/* takes nothing new; answers close their connections */
	bool		has_changed;	/* sockets or servers: the wait event set is out of date */
	TimestampTz accept_at;		/* no descriptors are left: not before */

	dlist_head	parked;
	int			watch_fd;		/* epoll set of parked sockets, for clients that go away */
	bool		has_news;		/* look after the parked ones */
	dlist_head	away;			/* parked as well, until their errand has come back */
	dlist_head	errands;

	NvpNetwork	proxies[NVP_NETWORK_MAX];
	int			nproxies;
	bool		any_origin;
} NvpListener;

extern NvpListener nvp_listener;

/* a later body is read to its end, so that its client hears the answer, up to so much */
#define NVP_HTTP_DROP_MAX	(32 * 1024 * 1024)
/* a body is asked for by what nvp_api_open says, unless it is that small */
#define NVP_HTTP_SMALL_BODY	(64 * 1024)
#define NVP_HTTP_PIECE		(1024 * 1024)

/* socket.c */
extern void nvp_http_sockets_follow(void);
extern void nvp_http_sockets_retry(TimestampTz now);
extern void nvp_http_sockets_close(void);
extern void nvp_http_accept(NvpSocket *socket);

/* server.c */
extern void nvp_http_servers_init(void);
extern void nvp_http_servers_follow(void);
extern void nvp_http_servers_retire(void);
extern void nvp_http_servers_sweep(void);
extern void nvp_http_servers_stop(void);
extern long nvp_http_servers_timeout(void);
extern void nvp_http_servers_run(void);

/* connection.c */
extern NvpConnection *nvp_http_connection_make(int fd, const NvpNetwork *address);
extern void nvp_http_connection_free(NvpConnection *connection);
extern const char *nvp_http_too_many(const NvpNetwork *address, bool is_proxy);
extern bool nvp_http_is_proxy(const NvpNetwork *address);
extern const char *nvp_http_peer(NvpConnection *connection, const char *forwarded);
extern void nvp_http_stage(NvpConnection *connection, NvpStage stage);
extern void nvp_http_connections_sweep(TimestampTz now);
extern void nvp_http_connections_hang_up(const NvpServer *server);

/* handler.c: callbacks of libmicrohttpd */
extern void *nvp_http_on_uri(void *cls, const char *uri, struct MHD_Connection *mhd);
extern enum MHD_Result nvp_http_on_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
										   const char *version, const char *data, size_t *size, void **request);
extern void nvp_http_on_completed(void *cls, struct MHD_Connection *mhd, void **request,
								  enum MHD_RequestTerminationCode code);

/* call.c */
extern void nvp_http_calls_init(void);
extern void nvp_http_look(void);
extern bool nvp_http_guard(NvpConnection *connection, void (*step) (NvpConnection *));
extern bool nvp_http_transaction(NvpConnection *connection, void (*step) (NvpConnection *));
extern void nvp_http_step_open(NvpConnection *connection);
extern void nvp_http_step_ask(NvpConnection *connection);
extern void nvp_http_step_append(NvpConnection *connection);
extern void nvp_http_step_finish(NvpConnection *connection);
extern void nvp_http_step_next(NvpConnection *connection);
extern void nvp_http_step_events(NvpConnection *connection);

/* answer.c */
extern enum MHD_Result nvp_http_send(NvpConnection *connection);
extern struct MHD_Response *nvp_http_dress(NvpConnection *connection, struct MHD_Response *response);
extern enum MHD_Result nvp_http_send_response(NvpConnection *connection, struct MHD_Response *response);
extern bool nvp_http_is_preflight(const NvpApiRequest *request);
extern void nvp_http_answer_preflight(NvpConnection *connection);

/* wait.c */
extern void nvp_http_wait_init(void);
extern void nvp_http_park(NvpConnection *connection, dlist_head *list);
extern enum MHD_Result nvp_http_wait(NvpConnection *connection);
extern enum MHD_Result nvp_http_stream(NvpConnection *connection);
extern void nvp_http_unpark(NvpConnection *connection);
extern void nvp_http_forget_parked(NvpConnection *connection);
extern void nvp_http_watch(void);
extern void nvp_http_parked_sweep(TimestampTz now);
extern void nvp_http_parked_release(void);
extern long nvp_http_parked_timeout(TimestampTz now);

/*
 * What a listener and its errand share lies in one segment: this head, a queue for
 * the answer, and the request as a parcel.  Nothing in it is an address.
 */
typedef struct NvpErrandHead
{
	Oid			database;
	Size		request_len;
} NvpErrandHead;

#define NVP_ERRAND_QUEUE		(64 * 1024)
#define NVP_ERRAND_QUEUE_AT		MAXALIGN(sizeof(NvpErrandHead))
#define NVP_ERRAND_REQUEST_AT	(NVP_ERRAND_QUEUE_AT + NVP_ERRAND_QUEUE)

/* errand.c */
extern void nvp_http_errands_init(void);
extern void nvp_http_errand_start(NvpConnection *connection);
extern enum MHD_Result nvp_http_errand_await(NvpConnection *connection);
extern void nvp_http_errand_drop(NvpConnection *connection);
extern void nvp_http_errands_look(TimestampTz now);
extern void nvp_http_errands_cut(void);

/* parcel.c */
extern Size nvp_http_pack_request(const NvpConnection *connection, char *data, Size size);
extern Size nvp_http_pack_answer(const NvpApiAnswer *answer, char *data, Size size);
extern void nvp_http_unpack_request(NvpConnection *connection, char *data, Size size);
extern void nvp_http_unpack_answer(NvpApiAnswer *answer, char *data, Size size);

/* static.c */
extern void nvp_http_files_load(void);
extern bool nvp_http_is_file(const NvpApiRequest *request);
extern enum MHD_Result nvp_http_send_file(NvpConnection *connection);

#endif							/* NVP_HTTP_INTERNAL_H */
