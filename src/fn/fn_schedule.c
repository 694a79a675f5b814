/*-------------------------------------------------------------------------
 *
 * fn_schedule.c
 *		SQL entry points: what a schedule plans.
 *
 * Flow:   schedule_config, anchor, excluded days --> compiled schedule -->
 *		   instants, one after the other.
 * Memory: a result of many instants goes to disk beyond work_mem.
 * Errors: 22023 for a schedule that cannot be read, with its member in front;
 *		   22023, 22004 for arguments.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/tuplestore.h"

#include "base/compat.h"
#include "base/jsonb.h"
#include "schedule/schedule.h"

#define KEEP_MAX			100000	/* instants that a tally returns */
#define INSTANT_COLUMNS		3	/* planned_at, local_time, note */
#define INTERRUPT_EVERY		4096	/* instants */

PG_FUNCTION_INFO_V1(nuvopipe_schedule_instants);
PG_FUNCTION_INFO_V1(nuvopipe_schedule_tally);
PG_FUNCTION_INFO_V1(nuvopipe_schedule_check);
PG_FUNCTION_INFO_V1(nuvopipe_schedule_cover);

pg_noreturn static void
refuse(int sqlstate, const char *message)
{
	ereport(ERROR, (errcode(sqlstate), errmsg("%s", message)));
}

static int
compare_days(const void *a, const void *b)
{
	int32		x = *(const int32 *) a;
	int32		y = *(const int32 *) b;

	return (x > y) - (x < y);
}

/* the days of a date[], sorted; nulls are left out */
static int32 *
days_of_array(ArrayType *array, int *ndays)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int32	   *days;

	deconstruct_array(array, DATEOID, sizeof(DateADT), true, TYPALIGN_INT, &elements, &nulls, &n);
	days = palloc(sizeof(int32) * (Size) Max(n, 1));
	*ndays = 0;
	for (int i = 0; i < n; i++)
	{
		if (!nulls[i])
			days[(*ndays)++] = DatumGetDateADT(elements[i]);
	}
	qsort(days, *ndays, sizeof(int32), compare_days);
	return days;
}

/* a set of weekdays, bit 0 = Sunday, of an int[] of ISO weekdays */
static uint8
weekdays_of_array(ArrayType *array)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	uint8		set = 0;

	deconstruct_array(array, INT4OID, sizeof(int32), true, TYPALIGN_INT, &elements, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		int32		weekday = nulls[i] ? 0 : DatumGetInt32(elements[i]);

		if (weekday < 1 || weekday > 7)
			refuse(ERRCODE_INVALID_PARAMETER_VALUE, "excluded weekdays are numbers from 1 (Monday) to 7 (Sunday)");
		set |= 1 << weekday % 7;
	}
	return set;
}

/* argument i, a timestamp; null gives def */
static TimestampTz
timestamp_arg(FunctionCallInfo fcinfo, int i, TimestampTz def)
{
	return PG_ARGISNULL(i) ? def : PG_GETARG_TIMESTAMPTZ(i);
}

static Jsonb *
config_arg(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		refuse(ERRCODE_NULL_VALUE_NOT_ALLOWED, "schedule must not be null");
	return PG_GETARG_JSONB_P(0);
}

/* argument 1: when the schedule was set */
static TimestampTz
anchor_arg(FunctionCallInfo fcinfo)
{
	TimestampTz anchor = timestamp_arg(fcinfo, 1, GetCurrentTransactionStartTimestamp());

	if (anchor < -(NVP_DAYS_YEAR1 - 2) * NVP_USECS_DAY || anchor > (NVP_DAYS_MAX - 2) * NVP_USECS_DAY)
		refuse(ERRCODE_INVALID_PARAMETER_VALUE, "the anchor of a schedule is not within the years 1 to 9999");
	return anchor;
}

/* arguments 0 to 3: the schedule, its anchor, excluded days and weekdays */
static void
open_schedule(FunctionCallInfo fcinfo, NvpSchedule *schedule)
{
	NvpScheduleError error;
	int32	   *days = NULL;
	int			ndays = 0;
	uint8		weekdays = 0;

	if (!nvp_schedule_compile(schedule, &config_arg(fcinfo)->root, anchor_arg(fcinfo), &error))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s%s%s", error.path, *error.path ? ": " : "", error.message),
				 error.hint ? errhint("%s", error.hint) : 0));
	if (!PG_ARGISNULL(2))
		days = days_of_array(PG_GETARG_ARRAYTYPE_P(2), &ndays);
	if (!PG_ARGISNULL(3))
		weekdays = weekdays_of_array(PG_GETARG_ARRAYTYPE_P(3));
	nvp_schedule_exclude(schedule, days, ndays, weekdays);
}

static void
put_instant(NvpSchedule *schedule, TimestampTz at, ReturnSetInfo *result)
{
	static const char *const notes[] = {NULL, "GAP", "OVERLAP", "CLIPPED"};
	NvpPlanned	planned;
	Datum		values[INSTANT_COLUMNS];
	bool		nulls[INSTANT_COLUMNS] = {false};

	nvp_schedule_describe(schedule, at, &planned);
	values[0] = TimestampTzGetDatum(planned.at);
	values[1] = TimestampGetDatum(planned.local);
	nulls[2] = notes[planned.note] == NULL;
	values[2] = nulls[2] ? (Datum) 0 : CStringGetTextDatum(notes[planned.note]);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	if (!nulls[2])
		pfree(DatumGetPointer(values[2]));
}

/*
 * nuvopipe_schedule_instants returns the instants after .. until, at most n of
 * them.
 */
Datum
nuvopipe_schedule_instants(PG_FUNCTION_ARGS)
{
	NvpSchedule schedule;
	TimestampTz at = timestamp_arg(fcinfo, 4, anchor_arg(fcinfo));
	TimestampTz until = timestamp_arg(fcinfo, 5, DT_NOEND);
	int32		n = PG_ARGISNULL(6) ? PG_INT32_MAX : PG_GETARG_INT32(6);

	if (PG_ARGISNULL(6) && until == DT_NOEND)
		refuse(ERRCODE_NULL_VALUE_NOT_ALLOWED, "until and n must not both be null");
	open_schedule(fcinfo, &schedule);
	InitMaterializedSRF(fcinfo, 0);
	for (int32 i = 0; i < n && nvp_schedule_next(&schedule, at, &at) && at <= until; i++)
	{
		if (i % INTERRUPT_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		put_instant(&schedule, at, (ReturnSetInfo *) fcinfo->resultinfo);
	}
	return (Datum) 0;
}

/* the instants that a tally keeps, of total seen: a ring whose oldest is overwritten */
static ArrayType *
array_of_ring(const TimestampTz *ring, int64 total, int32 keep)
{
	int32		n = (int32) Min(total, keep);
	Datum	   *elements = palloc(sizeof(Datum) * (Size) Max(n, 1));

	for (int32 i = 0; i < n; i++)
		elements[i] = TimestampTzGetDatum(ring[(total - n + i) % keep]);
	return construct_array(elements, n, TIMESTAMPTZOID, sizeof(TimestampTz), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
}

/* nuvopipe_schedule_tally counts the instants after .. until and keeps the latest. */
Datum
nuvopipe_schedule_tally(PG_FUNCTION_ARGS)
{
	NvpSchedule schedule;
	TupleDesc	tupdesc;
	TimestampTz at = timestamp_arg(fcinfo, 4, anchor_arg(fcinfo));
	TimestampTz *ring;
	TimestampTz until;
	int64		total = 0;
	int32		keep = PG_ARGISNULL(6) ? 0 : PG_GETARG_INT32(6);
	Datum		values[2];
	bool		nulls[2] = {false};

	if (PG_ARGISNULL(5))
		refuse(ERRCODE_NULL_VALUE_NOT_ALLOWED, "until must not be null");
	if (keep < 0 || keep > KEEP_MAX)
		refuse(ERRCODE_INVALID_PARAMETER_VALUE, "keep is not within 0 to 100000");
	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		refuse(ERRCODE_FEATURE_NOT_SUPPORTED, "function returning record called in context that cannot accept type record");
	until = PG_GETARG_TIMESTAMPTZ(5);
	open_schedule(fcinfo, &schedule);
	ring = palloc(sizeof(TimestampTz) * (Size) Max(keep, 1));
	while (nvp_schedule_next(&schedule, at, &at) && at <= until)
	{
		if (total % INTERRUPT_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (keep > 0)
			ring[total % keep] = at;
		total++;
	}
	values[0] = Int64GetDatum(total);
	values[1] = PointerGetDatum(array_of_ring(ring, total, keep));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}

static Datum
text_or_null(const char *text, bool *isnull)
{
	*isnull = text == NULL;
	return text ? CStringGetTextDatum(text) : (Datum) 0;
}

/* nuvopipe_schedule_check tells what is wrong with a schedule, if anything. */
Datum
nuvopipe_schedule_check(PG_FUNCTION_ARGS)
{
	NvpScheduleError error = {0};
	TupleDesc	tupdesc;
	Datum		values[3];
	bool		nulls[3];

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		refuse(ERRCODE_FEATURE_NOT_SUPPORTED, "function returning record called in context that cannot accept type record");
	if (nvp_schedule_check(&config_arg(fcinfo)->root, anchor_arg(fcinfo), &error))
		memset(&error, 0, sizeof(error));
	values[0] = text_or_null(error.path, &nulls[0]);
	values[1] = text_or_null(error.message, &nulls[1]);
	values[2] = text_or_null(error.hint, &nulls[2]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}

/* nuvopipe_schedule_cover makes a plain cron expression that ticks after each instant. */
Datum
nuvopipe_schedule_cover(PG_FUNCTION_ARGS)
{
	NvpSchedule schedule;
	NvpZone		zone;
	int32		jitter;
	char	   *zone_name = PG_ARGISNULL(4) ? "UTC" : text_to_cstring(PG_GETARG_TEXT_PP(4));
	TimestampTz moment = timestamp_arg(fcinfo, 5, GetCurrentTransactionStartTimestamp());
	char	   *cron;

	if (nvp_zone_open(&zone, zone_name) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" does not exist", zone_name)));
	if (TIMESTAMP_NOT_FINITE(moment))
		refuse(ERRCODE_INVALID_PARAMETER_VALUE, "moment must be finite");
	open_schedule(fcinfo, &schedule);
	jitter = nvp_jsonb_int(&config_arg(fcinfo)->root, NULL, "jitter", 0, 0, 86400);
	cron = nvp_schedule_cover(&schedule, &zone, moment, jitter);
	if (cron == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(cron));
}
