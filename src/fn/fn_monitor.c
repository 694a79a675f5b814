/*-------------------------------------------------------------------------
 *
 * fn_monitor.c
 *		SQL entry points: what monitoring asks of the server.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/statvfs.h>

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/shmem.h"
#include "base/watch.h"

PG_FUNCTION_INFO_V1(nuvopipe_server_state);
PG_FUNCTION_INFO_V1(nuvopipe_disk_space);

static Datum
make_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("function returning record called in context that cannot accept type record"));
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* _nuvopipe.server_state(): is the library preloaded, and do workers find room? */
Datum
nuvopipe_server_state(PG_FUNCTION_ARGS)
{
	TimestampTz since = 0;
	TimestampTz last = 0;
	Datum		values[3];
	bool		nulls[3] = {false};

	if (nvp_shared)
		nvp_watch_refusals(&since, &last);
	values[0] = BoolGetDatum(nvp_shared != NULL);
	nulls[1] = nulls[2] = since == 0;
	values[1] = TimestampTzGetDatum(since);
	values[2] = TimestampTzGetDatum(last);
	PG_RETURN_DATUM(make_row(fcinfo, values, nulls));
}

/* _nuvopipe.disk_space(path text): what is left of the file system there */
Datum
nuvopipe_disk_space(PG_FUNCTION_ARGS)
{
	char	   *path = text_to_cstring(PG_GETARG_TEXT_PP(0));
	struct statvfs fs;
	Datum		values[2] = {0};
	bool		nulls[2] = {true, true};

	if (statvfs(path, &fs) == 0)
	{
		/* what the server's user may have, of all that it could */
		values[0] = Int64GetDatum((int64) fs.f_bavail * (int64) fs.f_frsize);
		values[1] = Int64GetDatum((int64) (fs.f_blocks - fs.f_bfree + fs.f_bavail) * (int64) fs.f_frsize);
		nulls[0] = nulls[1] = false;
	}
	PG_RETURN_DATUM(make_row(fcinfo, values, nulls));
}
