/*-------------------------------------------------------------------------
 *
 * route.h
 *		Routes: rows of _nuvopipe.route, read once and matched in memory.
 *
 * The table is read again when a function of this database has changed, as an
 * update of the extension does.  A route that was found stays valid for the
 * life of the process.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_ROUTE_H
#define NVP_ROUTE_H

#include "fmgr.h"
#include "utils/jsonb.h"

#include "api/request.h"

#define NVP_ROUTE_MAX_SEGMENTS	12

typedef enum NvpRouteRate
{
	NVP_RATE_NONE,
	NVP_RATE_READ,
	NVP_RATE_WRITE,
	NVP_RATE_AUTH				/* failures are counted, by who failed */
} NvpRouteRate;

struct NvpRoute
{
	char	   *method;
	char	   *path;
	char	   *operation;
	char	   *object;			/* kind of object, or NULL */
	char	   *reader;			/* operation, or NULL */
	char	   *content_type;	/* NULL: JSON */
	char	  **headers;		/* NULL-terminated, lower case */
	bool		needs_token;
	bool		reaches_out;	/* its operation may wait for the network */
	NvpApiMode	mode;
	NvpRouteRate rate;
	int			status;
	int64		max_body;
	int			nsegments;
	int			nparams;
	char	   *segments[NVP_ROUTE_MAX_SEGMENTS];	/* "{name}" is a parameter */
	struct NvpOperation *run;	/* what the route calls, looked up at first use */
	struct NvpOperation *open;
	struct NvpOperation *read;
};

typedef struct NvpRouteMatch
{
	const NvpRoute *route;
	char	   *segments[NVP_ROUTE_MAX_SEGMENTS];	/* of the path, decoded */
	char	   *allowed;		/* methods of the path where none matches; NULL: no such path */
} NvpRouteMatch;

extern bool nvp_route_find(const char *method, const char *path, NvpRouteMatch *match);
extern bool nvp_route_waits(const NvpRoute *route, Jsonb *args);
extern Jsonb *nvp_route_call(const NvpRoute *route, const char *operation, Jsonb *args);

#endif							/* NVP_ROUTE_H */
