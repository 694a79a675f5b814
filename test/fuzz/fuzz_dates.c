/*-------------------------------------------------------------------------
 *
 * fuzz_dates.c
 *		Any bytes as dates and times, any text as their output format.
 *
 * The input is a byte that picks the type, one for its options, and a cell,
 * or (with the first bit of the second byte) a format, a zero byte and a cell.
 *
 * Promises: nothing crashes; a fast path and the general grammar agree (a
 * blank before the cell keeps it from the fast path); a value is in range; the
 * default output of each type, fed back, is OK and the same, but for what the
 * output does not show; a vote is never against a cell's only reading.
 *
 * Built with libFuzzer: clang -fsanitize=fuzzer,address,undefined, this file
 * and the sources of test/unit's SOURCES_test_dates without vector.c, json.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/calendar.h"
#include "model/text.h"
#include "model/types.h"

#define OPTION_FORMAT	0x01
#define OPTION_NUMBER	0x02
#define OPTION_1904		0x04
#define OPTION_EPOCH	0x08
#define OPTION_PIVOT	0x10

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static NvpValue
convert(const NvpColumn *column, const char *text, size_t len, uint8 kind, NvpArena *arena)
{
	char	   *exact = palloc(len ? len : 1);
	NvpCell		cell = {memcpy(exact, text, len), len, kind, 0, 0};
	NvpValue	value;

	memset(&value, 0xA5, sizeof(value));
	nvp_column_convert(column, &cell, 1, &value, arena);
	pfree(exact);
	return value;
}

static bool
same_value(const NvpValue *a, const NvpValue *b)
{
	return a->status == b->status &&
		(a->status != NVP_OK || a->v.i64 == b->v.i64) &&
		(a->status != NVP_ERROR || a->code == b->code);
}

static void
check_range(const NvpColumn *column, const NvpValue *value)
{
	int64		low = NVP_DAYS_MIN;
	int64		high = NVP_DAYS_MAX;

	if (value->kind != column->type->kind)
		abort();
	if (value->kind == NVP_VALUE_TIMESTAMP)
	{
		low *= NVP_USECS_DAY;
		high = (high + 1) * NVP_USECS_DAY - 1;
	}
	else if (value->kind == NVP_VALUE_TIME)
	{
		low = 0;
		high = NVP_USECS_DAY - 1;
	}
	if (value->v.i64 < low || value->v.i64 > high)
		abort();
}

/* The default output reads back; that of datetime has lost its microseconds. */
static void
check_output(const NvpColumn *column, const NvpValue *value, NvpText text, NvpArena *arena)
{
	NvpValue	again = convert(column, text.ptr, text.len, NVP_CELL_TEXT, arena);
	NvpText		same = nvp_value_text(column, &again, arena);

	if (again.status != NVP_OK || same.len != text.len ||
		memcmp(same.ptr, text.ptr, same.len) != 0)
		abort();
	if (value->kind != NVP_VALUE_TIMESTAMP && again.v.i64 != value->v.i64)
		abort();
}

/* Sums the evidence of a cell and checks it against what its readings are. */
static void
check_vote(NvpColumn *column, const char *text, size_t len, NvpArena *arena)
{
	NvpCell		cell = {text, len, NVP_CELL_TEXT, 0, 0};
	NvpVote		vote = {0, 0, 0, 0};
	NvpValue	dmy;
	NvpValue	mdy;

	if (column->type->vote == NULL)
		return;
	column->type->vote(column, &cell, 1, &vote);
	column->date_order = NVP_DATE_DMY;
	dmy = convert(column, text, len, NVP_CELL_TEXT, arena);
	column->date_order = NVP_DATE_MDY;
	mdy = convert(column, text, len, NVP_CELL_TEXT, arena);
	column->date_order = NVP_DATE_ORDER_UNKNOWN;
	if (vote.dmy + vote.mdy > 1 || vote.us + vote.eu > 0)
		abort();
	if (vote.dmy + vote.mdy == 1 && !same_value(&dmy, &mdy))
		abort();
}

static void
check_cell(NvpColumn *column, const char *text, size_t len, uint8 kind, NvpArena *arena)
{
	NvpValue	value = convert(column, text, len, kind, arena);
	char	   *padded = palloc(len + 1);
	NvpValue	general;
	NvpText		output;

	padded[0] = ' ';
	memcpy(padded + 1, text, len);
	general = convert(column, padded, len + 1, kind, arena);
	if (kind == NVP_CELL_TEXT && !same_value(&value, &general))
		abort();
	pfree(padded);
	if (kind == NVP_CELL_TEXT)
		check_vote(column, text, len, arena);
	if (value.status == NVP_ERROR && (value.code == 0 || value.code >= NVP_CODE_COUNT))
		abort();
	if (value.status != NVP_OK)
		return;
	check_range(column, &value);
	output = nvp_value_text(column, &value, arena);
	if (!nvp_utf8_valid(output.ptr, output.len))
		abort();
	if (column->output_format == NULL)
		check_output(column, &value, output, arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data + 2;
	size_t		len = size - 2;
	NvpColumn	column;
	NvpArena	arena;
	char	   *format = NULL;

	if (size < 2)
		return 0;
	nvp_column_defaults(&column);
	column.type = &nvp_types_date[data[0] % 9];
	column.date1904 = data[1] & OPTION_1904;
	column.epoch = data[1] & OPTION_EPOCH ? "ms" : NULL;
	column.two_digit_year_pivot = data[1] & OPTION_PIVOT ? 0 : 69;
	if (data[1] & OPTION_FORMAT)
	{
		size_t		n = strnlen(text, len);

		format = pnstrdup(text, n);
		column.output_format = format;
		text += Min(n + 1, len);
		len -= Min(n + 1, len);
	}
	nvp_arena_init(&arena);
	if (column.type->prepare(&column) == NULL)
	{
		nvp_column_settle(&column, NULL);
		check_cell(&column, text, len, data[1] & OPTION_NUMBER ? NVP_CELL_NUMBER : NVP_CELL_TEXT, &arena);
	}
	nvp_arena_free(&arena);
	if (format)
		pfree(format);
	return 0;
}
