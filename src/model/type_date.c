/*-------------------------------------------------------------------------
 *
 * type_date.c
 *		Column types date, date_dmy, date_mdy and date_iso.
 *
 * Flow:   cell --> plain numeric date in place, else the general grammar
 *			    \-> typed number: serial
 * Errors: the code of the type; nothing throws.
 * Source: sections 3, 4.2 and 5.9 of the column-type specification.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/text.h"
#include "model/type_date.h"

typedef struct NvpDateState
{
	NvpDateGrammar grammar;		/* its order is that of the run; see nvp_date_order */
	NvpDateFormat format;
} NvpDateState;

/*
 * nvp_date_grammar fills what a type and its options say about reading dates.
 *
 * out: NULL, or a static message about a bad option.
 */
const char *
nvp_date_grammar(const NvpColumn *column, NvpDateGrammar *grammar)
{
	uint16		code = column->type->code;

	if (column->two_digit_year_pivot < 0 || column->two_digit_year_pivot > 100)
		return "twoDigitYearPivot must be between 0 and 100";
	memset(grammar, 0, sizeof(*grammar));
	grammar->pivot = column->two_digit_year_pivot;
	grammar->iso_only = code == NVP_CODE_INVALID_DATE_ISO;
	if (code == NVP_CODE_INVALID_DATE_DMY)
		grammar->fixed = NVP_DATE_DMY;
	else if (code == NVP_CODE_INVALID_DATE_MDY)
		grammar->fixed = NVP_DATE_MDY;
	return NULL;
}

/* nvp_date_order tells which order holds: as defined, else as the vote went. */
uint8
nvp_date_order(const NvpColumn *column)
{
	return column->date_order != NVP_DATE_ORDER_UNKNOWN ? column->date_order :
		column->effective_order;
}

/* nvp_date_count adds the evidence of one cell. */
void
nvp_date_count(NvpVote *vote, uint8 only)
{
	vote->dmy += only == NVP_DATE_DMY;
	vote->mdy += only == NVP_DATE_MDY;
	vote->unclear += only == NVP_DATE_EITHER;
}

static const char *
default_format(uint16 code)
{
	switch (code)
	{
		case NVP_CODE_INVALID_DATE_DMY:
			return "DD.MM.YYYY";
		case NVP_CODE_INVALID_DATE_MDY:
			return "MM/DD/YYYY";
		default:
			return "YYYY-MM-DD";
	}
}

/* nvp_date_prepare_type is NvpTypeRoutine.prepare. */
const char *
nvp_date_prepare_type(NvpColumn *column)
{
	NvpDateState *state = palloc0(sizeof(NvpDateState));
	const char *format = column->output_format;
	const char *message = nvp_date_grammar(column, &state->grammar);

	if (message == NULL)
		message = nvp_date_format_compile(&state->format,
										  format ? format : default_format(column->type->code));
	column->state = state;
	return message;
}

/* A cell that is no plain numeric date. */
static bool
read_cell(const NvpColumn *column, const NvpDateGrammar *grammar, const NvpCell *cell,
		  const char *text, uint32 len, NvpMoment *moment)
{
	switch (cell->kind)
	{
		case NVP_CELL_TEXT:
			return nvp_date_read(grammar, text, len, moment);
		case NVP_CELL_NUMBER:
			return nvp_serial_read(text, len, column->date1904, moment);
		default:
			return false;
	}
}

/* nvp_date_convert is NvpTypeRoutine.convert. */
void
nvp_date_convert(const NvpColumn *column, const NvpCell *cells, int n,
				 NvpValue *values, NvpArena *arena)
{
	NvpDateGrammar grammar = ((NvpDateState *) column->state)->grammar;
	bool		is_direct = column->empty_values.n == 0;

	grammar.order = nvp_date_order(column);
	for (int i = 0; i < n; i++)
	{
		const NvpCell *cell = &cells[i];
		NvpMoment	moment;
		const char *text;
		uint32		len;

		/* a plain date needs no trimming and cannot be an empty value */
		if (cell->kind == NVP_CELL_TEXT && is_direct &&
			nvp_date_fast(&grammar, cell->ptr, cell->len, &moment))
			nvp_value_set_int(&values[i], NVP_VALUE_DATE, moment.days);
		else if (!nvp_cell_open(column, cell, &values[i], &text, &len))
			continue;
		else if (read_cell(column, &grammar, cell, text, len, &moment))
			nvp_value_set_int(&values[i], NVP_VALUE_DATE, moment.days);
		else
			nvp_value_error(&values[i], column->type->code);
	}
}

/* nvp_date_vote is NvpTypeRoutine.vote. */
void
nvp_date_vote(const NvpColumn *column, const NvpCell *cells, int n, NvpVote *vote)
{
	const NvpDateGrammar *grammar = &((NvpDateState *) column->state)->grammar;
	bool		is_direct = column->empty_values.n == 0;

	for (int i = 0; i < n; i++)
	{
		NvpMoment	moment;
		NvpValue	value;
		const char *text;
		uint32		len;

		if (cells[i].kind != NVP_CELL_TEXT)
			continue;
		if ((is_direct && nvp_date_fast(grammar, cells[i].ptr, cells[i].len, &moment)) ||
			(nvp_cell_open(column, &cells[i], &value, &text, &len) &&
			 nvp_date_read(grammar, text, len, &moment)))
			nvp_date_count(vote, moment.only);
	}
}

/* nvp_date_render is NvpTypeRoutine.render. */
NvpText
nvp_date_render(const NvpColumn *column, const NvpValue *value, NvpArena *arena)
{
	const NvpDateState *state = column->state;
	NvpDateParts parts = {.days = (int32) value->v.i64};

	return nvp_date_format_render(&state->format, &parts, arena);
}
