/*-------------------------------------------------------------------------
 *
 * request.h
 *		One request of the API, from its head to its answer.
 *
 * The embedded listener, nuvopipe_api.request(...) and PostgREST's gateway all
 * come in here.  Routes are rows of _nuvopipe.route; behind each stands a
 * function of schema nuvopipe_api, jsonb in, jsonb out.
 *
 * Flow:	nvp_api_open (route, token, rate, If-None-Match ...) -->
 *			  JSON:		nvp_api_finish with the body
 *			  UPLOAD:	nvp_api_append with each piece of the body, nvp_api_finish
 *			  DOWNLOAD:	nvp_api_finish for the head, nvp_api_next for each piece
 *			  EVENTS:	nvp_api_finish for the head, nvp_api_events again and again
 *
 * The operation's arguments are one flat object: members of the body, query
 * parameters, then parameters of the path, the later ones winning.  Query
 * parameters sort, filters, pagination and options are in canonical form (see
 * query_string.h).  Headers named by the route come in member "headers".  Its
 * result is the body of the answer; the members "$status" and "$headers" of it
 * are taken out, and "$secret", which names a member of "data" that is never
 * stored.
 *
 * Xact:	every call needs one, with a snapshot, and may be alone in it; all of
 *			them take the caller from the token again, so a token that is revoked
 *			ends an upload or a stream at its next piece.
 * Memory:	what a call must remember from one transaction to the next is in
 *			call->context, which the listener makes and deletes; answers are in
 *			the context that was current.
 * Errors:	nvp_api_open gives refusals as answers (returns false).  The others
 *			throw; nvp_api_fail turns what was caught into an answer, after the
 *			transaction (or subtransaction) was aborted.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_REQUEST_H
#define NVP_REQUEST_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

#include "api/caller.h"

typedef struct NvpHeader
{
	const char *name;			/* of a request: lower case */
	const char *value;
} NvpHeader;

typedef struct NvpApiRequest
{
	const char *method;			/* upper case */
	const char *path;			/* as it came, percent-encoded, without query */
	const char *query;			/* without "?"; may be empty */
	const NvpHeader *headers;
	int			nheaders;
	const char *body;			/* NULL until it is there */
	size_t		body_len;
	const char *peer;			/* address of the client as text; NULL if unknown */
} NvpApiRequest;

typedef enum NvpApiMode
{
	NVP_API_JSON,
	NVP_API_UPLOAD,				/* the body is data, taken piece by piece */
	NVP_API_DOWNLOAD,			/* the answer's body comes piece by piece */
	NVP_API_EVENTS				/* the answer is a stream of server-sent events */
} NvpApiMode;

#define NVP_API_MAX_HEADERS		12

typedef struct NvpApiAnswer
{
	int			status;
	const char *content_type;	/* NULL: there is no body */
	NvpHeader	headers[NVP_API_MAX_HEADERS];	/* beside Content-Type and Content-Length */
	int			nheaders;
	const char *body;
	size_t		body_len;
	const char *secret;			/* member of the body's "data" that is shown this once; or NULL */
	int			wait_ms;		/* > 0: nothing has changed yet, and the client would rather wait that
								 * long: park, and ask again after an event.  status is 304. */
} NvpApiAnswer;

typedef struct NvpRoute NvpRoute;	/* route.h */

typedef struct NvpApiCall
{
	MemoryContext context;		/* set by whoever makes the call, as is the next */
	bool		is_counted;		/* its rate limit was taken before, elsewhere */
	const NvpRoute *route;
	NvpApiMode	mode;
	int64		max_body;		/* bytes; a longer body is 413 */
	bool		reaches_out;	/* nvp_api_finish may wait for the network */
	bool		has_caller;
	NvpCaller	caller;
	Jsonb	   *args;			/* all but those of the body */
	Jsonb	   *state;			/* of an upload, a download or a stream */
	int64		received;		/* bytes of the body so far */
	bool		is_over;		/* a download has come to its end */
} NvpApiCall;

extern bool nvp_api_open(NvpApiCall *call, const NvpApiRequest *request, NvpApiAnswer *answer);
extern bool nvp_api_reaches_out(NvpApiCall *call, const NvpApiRequest *request);
extern void nvp_api_append(NvpApiCall *call, const char *data, size_t len);
extern void nvp_api_finish(NvpApiCall *call, const NvpApiRequest *request, NvpApiAnswer *answer);
extern bool nvp_api_next(NvpApiCall *call, StringInfo out);
extern void nvp_api_events(NvpApiCall *call, StringInfo out);
extern void nvp_api_fail(const ErrorData *error, const NvpApiRequest *request, NvpApiAnswer *answer);
extern void nvp_api_refuse(NvpApiAnswer *answer, int status, const char *code, const char *message);
extern void nvp_api_add_header(NvpApiAnswer *answer, const char *name, const char *value);
extern const char *nvp_api_token(const NvpApiRequest *request);
extern const char *nvp_api_header(const NvpApiRequest *request, const char *name);

#endif							/* NVP_REQUEST_H */
