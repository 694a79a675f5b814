/*-------------------------------------------------------------------------
 *
 * types_basic.c
 *		The table of the basic column types.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/types.h"
#include "model/types_basic.h"

const NvpTypeRoutine nvp_types_basic[] = {
	{
		.name = "string",
		.kind = NVP_VALUE_TEXT,
		.code = NVP_CODE_INVALID_TEXT,
		.prepare = nvp_string_prepare,
		.convert = nvp_string_convert
	},
	{
		.name = "int",
		.kind = NVP_VALUE_INT,
		.code = NVP_CODE_INVALID_INT,
		.convert = nvp_int_convert,
		.vote = nvp_plain_vote
	},
	{
		.name = "bigint",
		.kind = NVP_VALUE_INT,
		.code = NVP_CODE_INVALID_BIGINT,
		.convert = nvp_int_convert,
		.vote = nvp_plain_vote
	},
	{
		.name = "float",
		.kind = NVP_VALUE_FLOAT,
		.code = NVP_CODE_INVALID_FLOAT,
		.convert = nvp_float_convert,
		.vote = nvp_plain_vote
	},
	{
		.name = "decimal",
		.kind = NVP_VALUE_NUMERIC,
		.code = NVP_CODE_INVALID_DECIMAL,
		.prepare = nvp_decimal_prepare,
		.convert = nvp_decimal_convert,
		.vote = nvp_plain_vote
	},
	{
		.name = "percentage",
		.kind = NVP_VALUE_NUMERIC,
		.code = NVP_CODE_INVALID_PERCENTAGE,
		.prepare = nvp_percentage_prepare,
		.convert = nvp_percentage_convert,
		.vote = nvp_percentage_vote
	},
	{
		.name = "currency_eur",
		.kind = NVP_VALUE_NUMERIC,
		.code = NVP_CODE_INVALID_CURRENCY_EUR,
		.prepare = nvp_currency_prepare,
		.convert = nvp_currency_convert,
		.vote = nvp_currency_vote
	},
	{
		.name = "currency_usd",
		.kind = NVP_VALUE_NUMERIC,
		.code = NVP_CODE_INVALID_CURRENCY_USD,
		.prepare = nvp_currency_prepare,
		.convert = nvp_currency_convert,
		.vote = nvp_currency_vote
	},
	{
		.name = "boolean",
		.kind = NVP_VALUE_BOOL,
		.code = NVP_CODE_INVALID_BOOLEAN,
		.prepare = nvp_boolean_prepare,
		.convert = nvp_boolean_convert
	},
	{
		.name = "category",
		.kind = NVP_VALUE_TEXT,
		.code = NVP_CODE_NOT_IN_OPTIONS,
		.prepare = nvp_category_prepare,
		.convert = nvp_category_convert
	},
	{.name = NULL}
};
