/*-------------------------------------------------------------------------
 *
 * type_string.c
 *		The column type string: any text, byte for byte.
 *
 * Memory: values are views of their cells; only typed numbers may be rewritten,
 *		   in the arena.
 * Errors: cell codes only.
 * Source: sections 1.2, 1.5 and 5.1 of the column-type specification.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/number.h"
#include "model/text.h"
#include "model/types_basic.h"

/* nvp_string_prepare checks the lengths. */
const char *
nvp_string_prepare(NvpColumn *column)
{
	if (column->min_length < -1)
		return "minLength must not be negative";
	if (column->max_length < -1)
		return "maxLength must not be negative";
	if (column->max_length != -1 && column->min_length > column->max_length)
		return "minLength must not be greater than maxLength";
	return NULL;
}

static void
check_length(const NvpColumn *column, NvpValue *value)
{
	int			length = nvp_utf8_length(value->text, value->len);

	if (length < column->min_length)
		nvp_value_error(value, NVP_CODE_STRING_TOO_SHORT);
	else if (column->max_length >= 0 && length > column->max_length)
		nvp_value_error(value, NVP_CODE_STRING_TOO_LONG);
}

/* nvp_string_convert checks that cells can be stored, and keeps them as they are. */
void
nvp_string_convert(NVP_CONVERT_ARGS)
{
	bool		has_length = column->min_length > 0 || column->max_length >= 0;

	for (int i = 0; i < n; i++)
	{
		NvpValue   *value = &values[i];
		const char *t;
		uint32		len;

		if (!nvp_cell_open(column, &cells[i], value, &t, &len))
			continue;
		nvp_value_set_text(value, NVP_VALUE_TEXT, t, len);
		if (cells[i].kind == NVP_CELL_NUMBER)
		{
			NvpText		text = nvp_number_literal_text(t, len, arena);

			nvp_value_set_text(value, NVP_VALUE_TEXT, text.ptr, text.len);
		}
		if (has_length)
			check_length(column, value);
	}
}
