/*-------------------------------------------------------------------------
 *
 * http.h
 *		The embedded listener: serves the API over HTTP/1.1, from background
 *		workers with an event loop.
 *
 *		launcher --> listeners (nuvopipe.listen_workers, all in one database)
 *		listener --> errands (nuvopipe.max_errands of each)
 *
 * A listener owns its sockets: several bind one address (SO_REUSEPORT) and the
 * kernel spreads connections over them.  libmicrohttpd speaks HTTP and TLS
 * inside our loop, without a thread of its own; what it calls back runs a
 * transaction for each request, or for each piece of an upload or a download,
 * and waits for nobody.  What reaches out over the network is run by another
 * process (errand.c).
 *
 * Flow:	listener.c (loop) --> socket.c (accept) --> server.c (libmicrohttpd)
 *			  --> handler.c (a request) --> call.c (transactions) --> answer.c
 *			  --> wait.c (streams, and clients that wait for news)
 *			  --> errand.c (requests that wait for the network) --> errand_main.c
 * Memory:	a connection has a context, emptied after each request.
 * Errors:	nothing is thrown through libmicrohttpd: what runs in one of its
 *			callbacks is guarded (call.c).  FATAL ends the process from there.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_HTTP_H
#define NVP_HTTP_H

/* looked up by name in the library; arg is the database's oid */
extern PGDLLEXPORT void nuvopipe_listener_main(Datum arg);

/* the same; arg is the handle of a segment of dynamic shared memory */
extern PGDLLEXPORT void nuvopipe_errand_main(Datum arg);

#endif							/* NVP_HTTP_H */
