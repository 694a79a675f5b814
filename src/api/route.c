/*-------------------------------------------------------------------------
 *
 * route.c
 *		Routes: rows of _nuvopipe.route, read once and matched in memory.
 *
 * See route.h.  A table that was replaced is kept: an upload or a stream under
 * way still points into it, and updates of the extension are rare.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "api/query_string.h"
#include "api/route.h"
#include "base/query.h"

typedef struct NvpOperation
{
	FmgrInfo	function;
} NvpOperation;

static NvpRoute *routes = NULL;
static int	nroutes = 0;
static char *digest = NULL;		/* of the rows they were made from */
static Oid	made_for = InvalidOid;	/* namespace of the extension that they belong to */
static bool is_stale = true;

static void
notice_change(Datum arg, int cacheid, uint32 hash)
{
	is_stale = true;
}

/* ---- reading ---------------------------------------------------------------- */

static char **
read_headers(NvpQuery *query, int row, int col)
{
	char	   *joined = nvp_get_text(query, row, col);
	char	  **list = palloc0(sizeof(char *) * (strlen(joined) / 2 + 2));
	int			n = 0;
	char	   *save;

	for (char *word = strtok_r(joined, ",", &save); word; word = strtok_r(NULL, ",", &save))
		list[n++] = word;
	return list;
}

static NvpApiMode
mode_of(const char *word)
{
	return strcmp(word, "upload") == 0 ? NVP_API_UPLOAD :
		strcmp(word, "download") == 0 ? NVP_API_DOWNLOAD :
		strcmp(word, "events") == 0 ? NVP_API_EVENTS : NVP_API_JSON;
}

static NvpRouteRate
rate_of(const char *word)
{
	return strcmp(word, "read") == 0 ? NVP_RATE_READ :
		strcmp(word, "write") == 0 ? NVP_RATE_WRITE :
		strcmp(word, "auth") == 0 ? NVP_RATE_AUTH : NVP_RATE_NONE;
}

/* "/a/{b}" into "a", "{b}"; the text is changed */
static int
split_pattern(char *text, char **segments, int *nparams)
{
	int			n = 0;
	char	   *save;

	*nparams = 0;
	for (char *word = strtok_r(text, "/", &save); word; word = strtok_r(NULL, "/", &save))
	{
		if (n == NVP_ROUTE_MAX_SEGMENTS)
			ereport(ERROR,
					errcode(ERRCODE_INTERNAL_ERROR),
					errmsg("a route has more than %d segments", NVP_ROUTE_MAX_SEGMENTS));
		*nparams += word[0] == '{';
		segments[n++] = word;
	}
	return n;
}

static void
read_route(NvpQuery *query, int row, NvpRoute *route)
{
	route->method = nvp_get_text(query, row, 0);
	route->path = nvp_get_text(query, row, 1);
	route->operation = nvp_get_text(query, row, 2);
	route->needs_token = strcmp(nvp_get_text(query, row, 3), "token") == 0;
	route->mode = mode_of(nvp_get_text(query, row, 4));
	route->rate = rate_of(nvp_get_text(query, row, 5));
	route->status = nvp_get_int4(row, 6);
	route->object = nvp_get_text(query, row, 7);
	route->reader = nvp_get_text(query, row, 8);
	route->headers = read_headers(query, row, 9);
	route->content_type = nvp_get_text(query, row, 10);
	route->max_body = nvp_get_int8(row, 11);
	route->reaches_out = nvp_get_bool(row, 12);
	route->nsegments = split_pattern(pstrdup(route->path), route->segments, &route->nparams);
}

static void
load(void)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "nuvopipe routes", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	NvpQuery	query;
	NvpRoute   *table;
	int			n;

	nvp_query_open(&query);
	/* fixed segments win over parameters */
	n = (int) nvp_query_exec(&query,
							 "SELECT method, path, operation, auth, mode, rate, status, object, reader,"
							 " pg_catalog.array_to_string(headers, ','), content_type, max_body, reaches_out"
							 " FROM _nuvopipe.route"
							 " ORDER BY pg_catalog.length(pg_catalog.regexp_replace(path, '[^{]', '', 'g')), path, method");
	MemoryContextSwitchTo(context);
	table = palloc0(sizeof(NvpRoute) * Max(n, 1));
	for (int i = 0; i < n; i++)
		read_route(&query, i, &table[i]);
	nvp_query_close(&query);
	MemoryContextSwitchTo(old);
	routes = table;
	nroutes = n;
}

static void
refresh(void)
{
	static bool registered = false;
	Oid			extension;
	MemoryContext old;
	NvpQuery	query;
	char	   *now;

	if (!registered)
		CacheRegisterSyscacheCallback(PROCOID, notice_change, (Datum) 0);
	registered = true;
	extension = get_namespace_oid("_nuvopipe", true);
	if (!is_stale && extension == made_for)
		return;
	nvp_query_open(&query);
	nvp_query_exec(&query,
				   "SELECT pg_catalog.md5(pg_catalog.string_agg(r::text, '' ORDER BY path, method)) FROM _nuvopipe.route r");
	now = nvp_get_text(&query, 0, 0);
	nvp_query_close(&query);
	if (extension != made_for || digest == NULL || now == NULL || strcmp(now, digest) != 0)
	{
		load();
		old = MemoryContextSwitchTo(TopMemoryContext);
		digest = pstrdup(now ? now : "");
		MemoryContextSwitchTo(old);
	}
	made_for = extension;
	is_stale = false;
}

/* ---- matching --------------------------------------------------------------- */

/* the segments of a path, decoded; -1 for a path that cannot be one of ours */
static int
split_path(const char *path, char **segments)
{
	int			n = 0;

	while (*path)
	{
		const char *end;

		if (*path == '/')
		{
			path++;
			continue;
		}
		end = path + strcspn(path, "/");
		if (n == NVP_ROUTE_MAX_SEGMENTS)
			return -1;
		segments[n] = nvp_percent_decode(path, end - path, false);
		if (segments[n++] == NULL)
			return -1;
		path = end;
	}
	return n;
}

static bool
matches(const NvpRoute *route, char **segments, int n)
{
	if (route->nsegments != n)
		return false;
	for (int i = 0; i < n; i++)
	{
		if (route->segments[i][0] != '{' && strcmp(route->segments[i], segments[i]) != 0)
			return false;
	}
	return true;
}

/*
 * nvp_route_find looks a request up.  HEAD is answered by the route of GET
 * where it has none of its own.
 *
 * out: false if there is none; then match->allowed tells whether the path is
 *		known.
 * owner: the current memory context; the route itself lives as long as the process.
 */
bool
nvp_route_find(const char *method, const char *path, NvpRouteMatch *match)
{
	const NvpRoute *instead = NULL;
	const char *known = NULL;	/* the first path that matches hides those with more parameters */
	StringInfoData allowed;
	int			n;

	refresh();
	memset(match, 0, sizeof(*match));
	n = split_path(path, match->segments);
	initStringInfo(&allowed);
	for (int i = 0; n >= 0 && i < nroutes; i++)
	{
		const NvpRoute *route = &routes[i];

		if (!matches(route, match->segments, n) || (known && strcmp(known, route->path) != 0))
			continue;
		known = route->path;
		if (strcmp(route->method, method) == 0)
		{
			match->route = route;
			return true;
		}
		if (strcmp(route->method, "GET") == 0)
			instead = route;
		appendStringInfo(&allowed, "%s%s", allowed.len ? ", " : "", route->method);
	}
	match->allowed = known ? allowed.data : NULL;
	if (instead && strcmp(method, "HEAD") == 0)
		match->route = instead;
	return match->route != NULL;
}

/* ---- calling ---------------------------------------------------------------- */

/* a function of one jsonb value, or InvalidOid */
static Oid
find_function(const char *schema, const char *name)
{
	Oid			types[1] = {JSONBOID};

	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name),
						   PointerGetDatum(buildoidvector(types, 1)),
						   ObjectIdGetDatum(get_namespace_oid(schema, false)));
}

static NvpOperation *
look_up(const char *name)
{
	Oid			function = find_function("nuvopipe_api", name);
	NvpOperation *operation;

	if (!OidIsValid(function))
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("operation \"%s\" is not supported", name));
	operation = MemoryContextAlloc(TopMemoryContext, sizeof(NvpOperation));
	fmgr_info_cxt(function, &operation->function, TopMemoryContext);
	return operation;
}

/*
 * nvp_route_call calls one of the functions a route has: its operation, its
 * reader, or (any other name) the one that opens its upload.  They check the
 * caller's rights themselves and are SECURITY DEFINER, so nothing is asked of
 * the database role here.
 *
 * owner: the result is in the current memory context.
 * errors: those of the function; XX000 if it returns null.
 */
Jsonb *
nvp_route_call(const NvpRoute *route, const char *operation, Jsonb *args)
{
	NvpRoute   *mine = unconstify(NvpRoute *, route);
	NvpOperation **slot = operation == route->operation ? &mine->run :
		operation == route->reader ? &mine->read : &mine->open;
	LOCAL_FCINFO(call, 1);
	Datum		result;

	if (*slot == NULL)
		*slot = look_up(operation);
	InitFunctionCallInfoData(*call, &(*slot)->function, 1, InvalidOid, NULL, NULL);
	call->args[0].value = JsonbPGetDatum(args);
	call->args[0].isnull = false;
	result = FunctionCallInvoke(call);
	if (call->isnull)
		ereport(ERROR,
				errcode(ERRCODE_INTERNAL_ERROR),
				errmsg("operation \"%s\" gave no result", operation));
	return DatumGetJsonbP(result);
}

/*
 * nvp_route_waits tells whether an operation of a route that reaches out would
 * do so with these arguments: what _nuvopipe.<operation>_reaches_out says, and
 * yes where there is no such function.
 */
bool
nvp_route_waits(const NvpRoute *route, Jsonb *args)
{
	Oid			function = find_function("_nuvopipe", psprintf("%s_reaches_out", route->operation));

	return !OidIsValid(function) || DatumGetBool(OidFunctionCall1(function, JsonbPGetDatum(args)));
}
