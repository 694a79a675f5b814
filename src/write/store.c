/*-------------------------------------------------------------------------
 *
 * store.c
 *		How a value of the model becomes a value of one table column.
 *
 * A value is stored as it is or not at all: what PostgreSQL would round, cut
 * or pad on the way (numeric(10,2), timestamp(0), varchar(20), a date made of
 * a timestamp) is an issue when something would be lost.
 *
 * Dates and times that have to pass through an input function do so in ISO
 * form, never in the column's output format, which DateStyle could misread.
 *
 * Memory: text of a field points into the value or into the arena; datums by
 *		   reference are made in the current context.
 * Errors: plan throws 42804 for types that can never fit.  value returns
 *		   NVP_CODE_TARGET_OUT_OF_RANGE with a message; input functions and
 *		   domain checks throw (class 22, 23) where the server has no softer
 *		   way.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "write/store.h"

#define EXACT_FLOAT		(INT64CONST(1) << 53)	/* whole numbers up to here are exact in float8 */

/* ---- planning ---- */

static NvpStoreKind
kind_of_type(Oid base)
{
	switch (base)
	{
		case TEXTOID:
		case VARCHAROID:
			return NVP_STORE_TEXT;
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return NVP_STORE_INT;
		case FLOAT4OID:
		case FLOAT8OID:
			return NVP_STORE_FLOAT;
		case NUMERICOID:
			return NVP_STORE_NUMERIC;
		case BOOLOID:
			return NVP_STORE_BOOL;
		case DATEOID:
			return NVP_STORE_DATE;
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return NVP_STORE_TIMESTAMP;
		case TIMEOID:
			return NVP_STORE_TIME;
		default:
			return NVP_STORE_INPUT;
	}
}

/* is_number: of the kinds whose text is a decimal number */
static bool
is_number(uint8 kind)
{
	return kind == NVP_VALUE_INT || kind == NVP_VALUE_FLOAT || kind == NVP_VALUE_NUMERIC;
}

/* can_fit tells whether values of a kind make sense at all in a type */
static bool
can_fit(uint8 kind, Oid base)
{
	bool		is_preferred;
	char		category;

	get_type_category_preferred(base, &category, &is_preferred);
	if (kind == NVP_VALUE_TEXT)
		return true;
	switch (category)
	{
		case TYPCATEGORY_NUMERIC:
			return is_number(kind);
		case TYPCATEGORY_BOOLEAN:
			return kind == NVP_VALUE_BOOL || kind == NVP_VALUE_INT;
		case TYPCATEGORY_DATETIME:
			if (base == TIMEOID || base == TIMETZOID)
				return kind == NVP_VALUE_TIME;
			return kind == NVP_VALUE_DATE || kind == NVP_VALUE_TIMESTAMP;
		default:
			return true;
	}
}

static void
plan_modifier(NvpStore *store)
{
	int32		typmod = store->typmod;

	store->scale = store->whole_digits = -1;
	store->unit = 1;
	if (typmod < 0)
		return;
	switch (store->base)
	{
		case VARCHAROID:
		case BPCHAROID:
			store->max_chars = typmod - VARHDRSZ;
			break;
		case NUMERICOID:
			store->scale = (((typmod - VARHDRSZ) & 0x7ff) ^ 1024) - 1024;
			store->whole_digits = (((typmod - VARHDRSZ) >> 16) & 0xffff) - store->scale;
			break;
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			for (int p = typmod; p < MAX_TIMESTAMP_PRECISION; p++)
				store->unit *= 10;
			break;
	}
}

/*
 * nvp_store_plan chooses the route from a model column (NULL: none) into a
 * table column and looks up what the route needs.  errors: 42804.
 */
void
nvp_store_plan(NvpStore *store, Form_pg_attribute attribute, const NvpColumn *column)
{
	Oid			function;

	store->attno = attribute->attnum;
	store->name = pstrdup(NameStr(attribute->attname));
	store->not_null = attribute->attnotnull;
	store->type = attribute->atttypid;
	store->typmod = attribute->atttypmod;
	store->is_varlena = attribute->attlen == -1;
	store->column = column;
	store->source = -1;
	store->context = CurrentMemoryContext;
	if (attribute->attisdropped)
		return;
	store->base = getBaseTypeAndTypmod(store->type, &store->typmod);
	store->is_domain = store->base != store->type;
	if (!column)
		return;
	if (!can_fit(column->type->kind, store->base))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("values of model column \"%s\" (%s) cannot be stored in column \"%s\" of type %s",
						column->key, column->type->name, store->name,
						format_type_with_typemod(store->type, store->typmod)),
				 errhint("Change the type of the table column, or the column type in the model.")));
	store->kind = kind_of_type(store->base);
	plan_modifier(store);
	store->takes_bytes = store->kind == NVP_STORE_TEXT && store->max_chars == 0 &&
		!store->is_domain && GetDatabaseEncoding() == PG_UTF8;
	getTypeInputInfo(store->base, &function, &store->io_param);
	fmgr_info(function, &store->input);
}

/* ---- values ---- */

/* misfit: the common end of all values that do not fit */
static NvpCode
misfit(NvpStore *store, const char **message, const char *why)
{
	*message = psprintf("The value does not fit into column \"%s\" (%s): %s.", store->name,
						format_type_with_typemod(store->type, store->is_domain ? -1 : store->typmod),
						why);
	return NVP_CODE_TARGET_OUT_OF_RANGE;
}

static NvpText
iso_text(const NvpValue *value, NvpArena *arena)
{
	NvpText		text;
	struct pg_tm tm;
	fsec_t		fsec = 0;
	char	   *buffer = nvp_arena_alloc(arena, MAXDATELEN + 1);

	memset(&tm, 0, sizeof(tm));
	if (value->kind == NVP_VALUE_DATE)
	{
		j2date((int) value->v.i64 + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
		EncodeDateOnly(&tm, USE_ISO_DATES, buffer);
	}
	else if (value->kind == NVP_VALUE_TIME)
	{
		time2tm(value->v.i64, &tm, &fsec);
		EncodeTimeOnly(&tm, fsec, false, 0, USE_ISO_DATES, buffer);
	}
	else
	{
		timestamp2tm(value->v.i64, NULL, &tm, &fsec, NULL, NULL);
		EncodeDateTime(&tm, fsec, true, 0, "UTC", USE_ISO_DATES, buffer);
	}
	text.ptr = buffer;
	text.len = strlen(buffer);
	return text;
}

/* text_for_input: what an input function reads; ISO for dates and times */
static NvpText
text_for_input(NvpStore *store, const NvpValue *value, NvpArena *arena)
{
	if (value->kind == NVP_VALUE_DATE || value->kind == NVP_VALUE_TIMESTAMP ||
		value->kind == NVP_VALUE_TIME)
		return iso_text(value, arena);
	return nvp_value_text(store->column, value, arena);
}

/* to_server: text of a run is UTF-8; throws 22P05 where the database cannot say it */
static NvpText
to_server(NvpText text)
{
	char	   *converted;

	if (GetDatabaseEncoding() == PG_UTF8)
		return text;
	converted = pg_any_to_server(text.ptr, text.len, PG_UTF8);
	if (converted != text.ptr)
	{
		text.ptr = converted;
		text.len = strlen(converted);
	}
	return text;
}

static NvpCode
check_chars(NvpStore *store, NvpText text, const char **message)
{
	int			chars;

	if (store->max_chars == 0 || text.len <= (uint32) store->max_chars)
		return NVP_CODE_NONE;
	chars = pg_mbstrlen_with_len(text.ptr, text.len);
	if (chars <= store->max_chars)
		return NVP_CODE_NONE;
	return misfit(store, message, psprintf("it has %d characters", chars));
}

static NvpCode
store_input(NvpStore *store, const NvpValue *value, NvpArena *arena, NvpField *field,
			const char **message)
{
	NvpText		text = to_server(text_for_input(store, value, arena));
	NvpCode		code = check_chars(store, text, message);
	char	   *why = NULL;

	if (code != NVP_CODE_NONE)
		return code;
	if (text.len > NVP_STORE_MAX_TEXT)
		return misfit(store, message, "it is longer than 1 GB");
	if (!nvp_input_call(&store->input, pnstrdup(text.ptr, text.len), store->io_param,
						store->typmod, &field->datum, &why))
		return misfit(store, message, why);
	if (store->is_varlena)
		field->datum = PointerGetDatum(PG_DETOAST_DATUM_PACKED(field->datum));
	return NVP_CODE_NONE;
}

static NvpCode
store_text(NvpStore *store, const NvpValue *value, NvpArena *arena, NvpField *field,
		   const char **message)
{
	NvpText		text;

	if (likely(value->text != NULL))
	{
		text.ptr = value->text;
		text.len = value->len;
	}
	else
		text = nvp_value_text(store->column, value, arena);
	text = to_server(text);
	if (text.len > NVP_STORE_MAX_TEXT)
		return misfit(store, message, "it is longer than 1 GB");
	field->is_text = true;
	field->text = text.ptr;
	field->len = text.len;
	return check_chars(store, text, message);
}

/* store_int: fractions are refused, 12.0 is 12 */
static NvpCode
store_int(NvpStore *store, const NvpValue *value, NvpArena *arena, NvpField *field,
		  const char **message)
{
	int64		number = value->v.i64;

	if (value->kind == NVP_VALUE_FLOAT)
	{
		if (value->v.f64 != rint(value->v.f64))
			return misfit(store, message, "it is not a whole number");
		if (!FLOAT8_FITS_IN_INT64(value->v.f64))
			return misfit(store, message, "it is out of range");
		number = (int64) value->v.f64;
	}
	else if (value->kind != NVP_VALUE_INT)
	{
		/* canonical decimals: a fraction of zeros only may be left off */
		NvpValue	whole = *value;

		if (value->kind == NVP_VALUE_NUMERIC && memchr(value->text, '.', value->len))
		{
			while (whole.text[whole.len - 1] == '0')
				whole.len--;
			if (whole.text[--whole.len] != '.')
				return misfit(store, message, "it is not a whole number");
		}
		return store_input(store, &whole, arena, field, message);
	}
	if ((store->base == INT2OID && number != (int16) number) ||
		(store->base == INT4OID && number != (int32) number))
		return misfit(store, message, "it is out of range");
	field->datum = store->base == INT8OID ? Int64GetDatum(number) :
		store->base == INT4OID ? Int32GetDatum((int32) number) : Int16GetDatum((int16) number);
	return NVP_CODE_NONE;
}

static NvpCode
store_float(NvpStore *store, const NvpValue *value, NvpArena *arena, NvpField *field,
			const char **message)
{
	double		number = value->v.f64;

	if (value->kind == NVP_VALUE_INT)
	{
		if (value->v.i64 > EXACT_FLOAT || value->v.i64 < -EXACT_FLOAT)
			return misfit(store, message, "it has more digits than the type keeps");
		number = (double) value->v.i64;
	}
	else if (value->kind != NVP_VALUE_FLOAT)
		return store_input(store, value, arena, field, message);
	if (store->base == FLOAT4OID)
	{
		if (isinf((float4) number) || ((float4) number == 0 && number != 0))
			return misfit(store, message, "it is out of range");
		field->datum = Float4GetDatum((float4) number);
	}
	else
		field->datum = Float8GetDatum(number);
	return NVP_CODE_NONE;
}

/* check_digits: numeric(p,s) would round silently; decimal text is refused instead */
static NvpCode
check_digits(NvpStore *store, NvpText text, const char **message)
{
	const char *p = text.ptr;
	const char *end = text.ptr + text.len;
	int			whole = 0;
	int			fraction = 0;

	if (store->typmod < 0)
		return NVP_CODE_NONE;
	p += (p < end && *p == '-');
	while (p < end && *p == '0')
		p++;
	for (; p < end && *p >= '0' && *p <= '9'; p++)
		whole++;
	if (p < end && *p == '.')
	{
		while (end > p + 1 && end[-1] == '0')
			end--;
		fraction = end - p - 1;
		p = end;
	}
	if (p < end)
		return NVP_CODE_NONE;	/* an exponent: left to the input function */
	if (whole > Max(store->whole_digits, 0))
		return misfit(store, message, psprintf("it has %d digits before the decimal point", whole));
	if (fraction > Max(store->scale, 0))
		return misfit(store, message, psprintf("it has %d decimal places", fraction));
	return NVP_CODE_NONE;
}

/* is_rounded: a negative scale (thousands) rounds whole numbers, too */
static bool
is_rounded(NvpStore *store, NvpText text, Datum stored)
{
	Datum		exact;

	if (store->scale >= 0 || store->typmod < 0)
		return false;
	exact = DirectFunctionCall3(numeric_in, CStringGetDatum(pnstrdup(text.ptr, text.len)),
								ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	return !DatumGetBool(DirectFunctionCall2(numeric_eq, exact, stored));
}

static NvpCode
store_numeric(NvpStore *store, const NvpValue *value, NvpArena *arena, NvpField *field,
			  const char **message)
{
	NvpText		text;
	NvpCode		code;

	if (value->kind == NVP_VALUE_INT && store->typmod < 0)
	{
		field->datum = NumericGetDatum(int64_to_numeric(value->v.i64));
		return NVP_CODE_NONE;
	}
	if (!is_number(value->kind))
		return store_input(store, value, arena, field, message);
	text = nvp_value_text(store->column, value, arena);
	code = check_digits(store, text, message);
	if (code == NVP_CODE_NONE)
		code = store_input(store, value, arena, field, message);
	if (code == NVP_CODE_NONE && is_rounded(store, text, field->datum))
		return misfit(store, message, "it would be rounded");
	return code;
}

static NvpCode
store_date(NvpStore *store, const NvpValue *value, NvpArena *arena, NvpField *field,
		   const char **message)
{
	int64		days = value->v.i64;

	if (value->kind == NVP_VALUE_TIMESTAMP)
	{
		if (days % USECS_PER_DAY != 0)
			return misfit(store, message, "it has a time of day");
		days /= USECS_PER_DAY;
	}
	else if (value->kind != NVP_VALUE_DATE)
		return store_input(store, value, arena, field, message);
	if (days != (DateADT) days || !IS_VALID_DATE(days))
		return misfit(store, message, "it is out of range");
	field->datum = DateADTGetDatum((DateADT) days);
	return NVP_CODE_NONE;
}

static NvpCode
store_timestamp(NvpStore *store, const NvpValue *value, NvpArena *arena, NvpField *field,
				const char **message)
{
	if (value->kind != NVP_VALUE_TIMESTAMP)
		return store_input(store, value, arena, field, message);
	if (!IS_VALID_TIMESTAMP(value->v.i64))
		return misfit(store, message, "it is out of range");
	if (value->v.i64 % store->unit != 0)
		return misfit(store, message, "it has more decimals of a second");
	field->datum = TimestampGetDatum(value->v.i64);
	return NVP_CODE_NONE;
}

static NvpCode
store_time(NvpStore *store, const NvpValue *value, NvpArena *arena, NvpField *field,
		   const char **message)
{
	if (value->kind != NVP_VALUE_TIME)
		return store_input(store, value, arena, field, message);
	if (value->v.i64 % store->unit != 0)
		return misfit(store, message, "it has more decimals of a second");
	field->datum = TimeADTGetDatum(value->v.i64);
	return NVP_CODE_NONE;
}

static NvpCode
store_by_kind(NvpStore *store, const NvpValue *value, NvpArena *arena, NvpField *field,
			  const char **message)
{
	switch ((NvpStoreKind) store->kind)
	{
		case NVP_STORE_TEXT:
			return store_text(store, value, arena, field, message);
		case NVP_STORE_INT:
			return store_int(store, value, arena, field, message);
		case NVP_STORE_FLOAT:
			return store_float(store, value, arena, field, message);
		case NVP_STORE_NUMERIC:
			return store_numeric(store, value, arena, field, message);
		case NVP_STORE_BOOL:
			if (value->kind != NVP_VALUE_BOOL)
				break;
			field->datum = BoolGetDatum(value->v.i64 != 0);
			return NVP_CODE_NONE;
		case NVP_STORE_DATE:
			return store_date(store, value, arena, field, message);
		case NVP_STORE_TIMESTAMP:
			return store_timestamp(store, value, arena, field, message);
		case NVP_STORE_TIME:
			return store_time(store, value, arena, field, message);
		case NVP_STORE_NULL:
		case NVP_STORE_DEFAULT:
		case NVP_STORE_INPUT:
			break;
	}
	return store_input(store, value, arena, field, message);
}

/*
 * nvp_store_value turns one value into a field.  EMPTY gives null, and so
 * does ERROR, whose issue the caller has logged.  out: a code other than NONE
 * if the value does not fit, with *message (current context).  errors: class
 * 22 of input functions before release 16, 22P05, domain checks.
 */
NvpCode
nvp_store_value(NvpStore *store, const NvpValue *value, NvpArena *arena, NvpField *field,
				const char **message)
{
	NvpCode		code = NVP_CODE_NONE;

	field->is_null = value->status != NVP_OK;
	field->is_text = false;
	field->datum = (Datum) 0;
	if (!field->is_null)
		code = store_by_kind(store, value, arena, field, message);
	if (code == NVP_CODE_NONE && store->is_domain)
		domain_check(nvp_store_datum(field), field->is_null, store->type, &store->domain_cache,
					 store->context);
	return code;
}

/* nvp_store_datum returns the field as a datum, made in the current context if by reference. */
Datum
nvp_store_datum(const NvpField *field)
{
	if (field->is_null || !field->is_text)
		return field->datum;
	return PointerGetDatum(cstring_to_text_with_len(field->text, field->len));
}
