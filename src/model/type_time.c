/*-------------------------------------------------------------------------
 *
 * type_time.c
 *		Column types time_hms, time_hm, time_hms_24 and time_hm_24.
 *
 * All four read the same times and differ in what they show.  A part that the
 * output would drop must be zero: nothing is lost on the way.
 *
 * Errors: the code of the type; nothing throws.
 * Source: sections 3.5 and 5.11 of the column-type specification.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/text.h"
#include "model/type_date.h"

static const char *
default_format(uint16 code)
{
	switch (code)
	{
		case NVP_CODE_INVALID_TIME_HMS:
			return "hh:mm:ss A";
		case NVP_CODE_INVALID_TIME_HM:
			return "hh:mm A";
		case NVP_CODE_INVALID_TIME_HMS_24:
			return "HH:mm:ss";
		default:
			return "HH:mm";
	}
}

/* nvp_time_prepare_type is NvpTypeRoutine.prepare. */
const char *
nvp_time_prepare_type(NvpColumn *column)
{
	NvpDateFormat *format = palloc(sizeof(NvpDateFormat));
	const char *message = nvp_date_format_compile(format, column->output_format ?
												  column->output_format :
												  default_format(column->type->code));

	column->state = format;
	if (message == NULL && (format->shows & (NVP_SHOWS_DATE | NVP_SHOWS_ZONE)))
		message = "outputFormat of a time cannot show a date or a zone";
	return message;
}

/* A cell that is no plain time. */
static bool
read_cell(const NvpCell *cell, const char *text, uint32 len, NvpMoment *moment)
{
	switch (cell->kind)
	{
		case NVP_CELL_TEXT:
			return nvp_time_read(text, len, moment);
		case NVP_CELL_NUMBER:
			moment->is_cut = false;
			return nvp_serial_read_time(text, len, &moment->usecs);
		default:
			return false;
	}
}

/* True if the output shows all that the time says. */
static bool
is_shown(const NvpDateFormat *format, const NvpMoment *moment)
{
	if (!(format->shows & NVP_SHOWS_SECOND) && moment->usecs / NVP_USECS_SECOND % 60 != 0)
		return false;
	return (format->shows & NVP_SHOWS_FRACTION) ||
		(moment->usecs % NVP_USECS_SECOND == 0 && !moment->is_cut);
}

/* nvp_time_convert is NvpTypeRoutine.convert. */
void
nvp_time_convert(const NvpColumn *column, const NvpCell *cells, int n,
				 NvpValue *values, NvpArena *arena)
{
	bool		is_direct = column->empty_values.n == 0;

	for (int i = 0; i < n; i++)
	{
		const NvpCell *cell = &cells[i];
		NvpMoment	moment;
		const char *text;
		uint32		len;
		bool		is_read;

		if (cell->kind == NVP_CELL_TEXT && is_direct && nvp_time_fast(cell->ptr, cell->len, &moment))
			is_read = true;
		else if (nvp_cell_open(column, cell, &values[i], &text, &len))
			is_read = read_cell(cell, text, len, &moment);
		else
			continue;
		if (is_read && is_shown(column->state, &moment))
			nvp_value_set_int(&values[i], NVP_VALUE_TIME, moment.usecs % NVP_USECS_DAY);
		else
			nvp_value_error(&values[i], column->type->code);
	}
}

/* nvp_time_render is NvpTypeRoutine.render. */
NvpText
nvp_time_render(const NvpColumn *column, const NvpValue *value, NvpArena *arena)
{
	NvpDateParts parts = {.usecs = value->v.i64};

	return nvp_date_format_render(column->state, &parts, arena);
}
