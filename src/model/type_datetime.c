/*-------------------------------------------------------------------------
 *
 * type_datetime.c
 *		Column type datetime: a moment, kept in UTC.
 *
 * Flow:   cell --> local date and time --> zone of the cell or the column
 *				--> microseconds since 2000-01-01 UTC
 *			    \-> typed number: serial, or Unix time with option epoch
 * Errors: invalid_datetime; nothing throws.
 * Source: sections 3, 4.2 and 5.10 of the column-type specification.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/zone.h"
#include "model/text.h"
#include "model/type_date.h"

#define DEFAULT_FORMAT	"YYYY-MM-DD[T]HH:mm:ss.SSS[Z]"	/* in UTC */

#define TIMESTAMP_MIN	(NVP_DAYS_MIN * NVP_USECS_DAY)
#define TIMESTAMP_END	((NVP_DAYS_MAX + 1) * NVP_USECS_DAY)

typedef enum NvpEpoch
{
	EPOCH_NONE,
	EPOCH_SECONDS,
	EPOCH_MSECS
} NvpEpoch;

typedef struct NvpDatetimeState
{
	NvpDateGrammar grammar;		/* its order is that of the run; see nvp_date_order */
	NvpZone		zone;			/* of cells without one */
	NvpZone		shown;			/* of the output */
	NvpEpoch	epoch;
	NvpDateFormat format;
} NvpDatetimeState;

static const char *
find_epoch(const char *name, NvpEpoch *epoch)
{
	*epoch = EPOCH_NONE;
	if (name == NULL)
		return NULL;
	if (strcmp(name, "s") == 0)
		*epoch = EPOCH_SECONDS;
	else if (strcmp(name, "ms") == 0)
		*epoch = EPOCH_MSECS;
	else
		return "epoch must be \"s\" or \"ms\"";
	return NULL;
}

/* nvp_datetime_prepare_type is NvpTypeRoutine.prepare. */
const char *
nvp_datetime_prepare_type(NvpColumn *column)
{
	NvpDatetimeState *state = palloc0(sizeof(NvpDatetimeState));
	const char *format = column->output_format;
	const char *message;

	column->state = state;
	if ((message = nvp_date_grammar(column, &state->grammar)) != NULL ||
		(message = find_epoch(column->epoch, &state->epoch)) != NULL ||
		(message = nvp_zone_open(&state->zone, column->time_zone)) != NULL)
		return message;

	/* the default format says Z, so it shows UTC whatever the column's zone is */
	if (format)
		state->shown = state->zone;
	return nvp_date_format_compile(&state->format, format ? format : DEFAULT_FORMAT);
}

/* What machines write behind a plain date: a plain time, and at most a Z. */
static bool
fast_time(const char *p, uint32 len, NvpMoment *moment)
{
	moment->has_zone = len > 0 && (p[len - 1] == 'Z' || p[len - 1] == 'z');
	moment->zone_secs = 0;
	return nvp_time_fast(p, len - moment->has_zone, moment);
}

/* A plain date of ten bytes, alone or with a plain time behind it. */
static bool
fast_datetime(const NvpDateGrammar *grammar, const char *p, uint32 len, NvpMoment *moment)
{
	if (len < 10 || !nvp_date_fast(grammar, p, 10, moment))
		return false;
	if (len == 10)
	{
		moment->usecs = 0;
		moment->has_zone = false;
		return true;
	}
	return (p[10] == ' ' || p[10] == 'T') && fast_time(p + 11, len - 11, moment);
}

/* True if a moment is within the years we keep, in UTC and as it will be shown. */
static bool
is_in_range(const NvpDatetimeState *state, int64 timestamp)
{
	/* no zone is a whole day away from UTC */
	if (timestamp >= TIMESTAMP_MIN + NVP_USECS_DAY && timestamp < TIMESTAMP_END - NVP_USECS_DAY)
		return true;
	if (timestamp < TIMESTAMP_MIN || timestamp >= TIMESTAMP_END)
		return false;
	timestamp += nvp_zone_offset_at(&state->shown, timestamp) * NVP_USECS_SECOND;
	return timestamp >= TIMESTAMP_MIN && timestamp < TIMESTAMP_END;
}

/* The moment on the time line; 24:00 is the start of the next day. */
static int64
moment_timestamp(const NvpDatetimeState *state, const NvpMoment *moment)
{
	int32		days = moment->days + (moment->usecs == NVP_USECS_DAY);
	int64		usecs = moment->usecs % NVP_USECS_DAY;
	int32		offset = moment->has_zone ? moment->zone_secs :
		nvp_zone_offset_of(&state->zone, days, usecs);

	return days * NVP_USECS_DAY + usecs - offset * NVP_USECS_SECOND;
}

/* A typed number: Unix time if the column says so, else a serial in its zone. */
static bool
read_number(const NvpColumn *column, const char *text, uint32 len, int64 *timestamp)
{
	const NvpDatetimeState *state = column->state;
	NvpMoment	moment = {0};

	if (state->epoch != EPOCH_NONE)
		return nvp_epoch_read(text, len, state->epoch == EPOCH_MSECS ? 3 : 0, timestamp);
	if (!nvp_serial_read(text, len, column->date1904, &moment))
		return false;
	*timestamp = moment_timestamp(state, &moment);
	return true;
}

/* A cell that is no plain date and time. */
static bool
read_cell(const NvpColumn *column, const NvpDateGrammar *grammar, const NvpCell *cell,
		  const char *text, uint32 len, int64 *timestamp)
{
	NvpMoment	moment;

	if (cell->kind == NVP_CELL_NUMBER)
		return read_number(column, text, len, timestamp);
	if (cell->kind != NVP_CELL_TEXT || !nvp_date_read(grammar, text, len, &moment))
		return false;
	*timestamp = moment_timestamp(column->state, &moment);
	return true;
}

/* nvp_datetime_convert is NvpTypeRoutine.convert. */
void
nvp_datetime_convert(const NvpColumn *column, const NvpCell *cells, int n,
					 NvpValue *values, NvpArena *arena)
{
	const NvpDatetimeState *state = column->state;
	NvpDateGrammar grammar = state->grammar;
	bool		is_direct = column->empty_values.n == 0;

	grammar.order = nvp_date_order(column);
	for (int i = 0; i < n; i++)
	{
		const NvpCell *cell = &cells[i];
		NvpMoment	moment;
		const char *text;
		uint32		len;
		int64		timestamp;
		bool		is_read;

		if (cell->kind == NVP_CELL_TEXT && is_direct &&
			fast_datetime(&grammar, cell->ptr, cell->len, &moment))
		{
			timestamp = moment_timestamp(state, &moment);
			is_read = true;
		}
		else if (nvp_cell_open(column, cell, &values[i], &text, &len))
			is_read = read_cell(column, &grammar, cell, text, len, &timestamp);
		else
			continue;
		if (is_read && is_in_range(state, timestamp))
			nvp_value_set_int(&values[i], NVP_VALUE_TIMESTAMP, timestamp);
		else
			nvp_value_error(&values[i], column->type->code);
	}
}

/* True if a cell is readable. */
static bool
read_vote(const NvpColumn *column, const NvpCell *cell, NvpMoment *moment)
{
	const NvpDatetimeState *state = column->state;
	NvpValue	value;
	const char *text;
	uint32		len;

	if (cell->kind != NVP_CELL_TEXT)
		return false;
	if (column->empty_values.n == 0 &&
		fast_datetime(&state->grammar, cell->ptr, cell->len, moment))
		return true;
	return nvp_cell_open(column, cell, &value, &text, &len) &&
		nvp_date_read(&state->grammar, text, len, moment);
}

/* nvp_datetime_vote is NvpTypeRoutine.vote. */
void
nvp_datetime_vote(const NvpColumn *column, const NvpCell *cells, int n, NvpVote *vote)
{
	for (int i = 0; i < n; i++)
	{
		NvpMoment	moment;

		if (read_vote(column, &cells[i], &moment))
			nvp_date_count(vote, moment.only);
	}
}

/* nvp_datetime_render is NvpTypeRoutine.render. */
NvpText
nvp_datetime_render(const NvpColumn *column, const NvpValue *value, NvpArena *arena)
{
	const NvpDatetimeState *state = column->state;
	int32		offset = nvp_zone_offset_at(&state->shown, value->v.i64);
	int64		local = value->v.i64 + offset * NVP_USECS_SECOND;
	int64		usecs = local % NVP_USECS_DAY;
	NvpDateParts parts;

	if (usecs < 0)
		usecs += NVP_USECS_DAY;
	parts.days = (int32) ((local - usecs) / NVP_USECS_DAY);
	parts.usecs = usecs;
	parts.zone_secs = offset;
	return nvp_date_format_render(&state->format, &parts, arena);
}
