/*-------------------------------------------------------------------------
 *
 * code.h
 *		Issue codes: what can be wrong with a cell or a row.
 *
 * The names are part of the API and never change their meaning.  Codes of cell
 * rules are those of the column-type specification; codes of whole rows, columns
 * and files, and those of the target, have a dotted prefix.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_CODE_H
#define NVP_CODE_H

/* code, name, default message */
#define NVP_CODES(X) \
	X(NONE, "", "") \
	X(REQUIRED, "required", "This field is required.") \
	X(REQUIRED_WITH, "required_with", "This field is required.") \
	X(REQUIRED_WITH_ALL, "required_with_all", "This field is required.") \
	X(REQUIRED_WITHOUT, "required_without", "This field is required.") \
	X(REQUIRED_WITHOUT_ALL, "required_without_all", "This field is required.") \
	X(REQUIRED_WITH_VALUES, "required_with_values", "This field is required.") \
	X(REQUIRED_WITH_ALL_VALUES, "required_with_all_values", "This field is required.") \
	X(REQUIRED_WITHOUT_VALUES, "required_without_values", "This field is required.") \
	X(REQUIRED_WITHOUT_ALL_VALUES, "required_without_all_values", "This field is required.") \
	X(UNIQUE, "unique", "This value occurs more than once.") \
	X(REGEX, "regex", "Invalid format.") \
	X(REGEX_LIMIT, "regex_limit", "The format check was stopped because it took too long.") \
	X(INVALID_TEXT, "invalid_text", "The text contains characters that cannot be stored.") \
	X(VALUE_TOO_LONG, "value_too_long", "The value is too long for this column type.") \
	X(NOT_A_SCALAR, "not_a_scalar", "A single value is expected here.") \
	X(CELL_ERROR, "cell_error", "The cell of the spreadsheet holds an error instead of a value.") \
	X(STRING_TOO_SHORT, "string_too_short", "The text is too short.") \
	X(STRING_TOO_LONG, "string_too_long", "The text is too long.") \
	X(INVALID_INT, "invalid_int", "A whole number is expected.") \
	X(INVALID_BIGINT, "invalid_bigint", "A whole number is expected.") \
	X(INVALID_FLOAT, "invalid_float", "A number is expected.") \
	X(INVALID_DECIMAL, "invalid_decimal", "A number is expected.") \
	X(NUMBER_OUT_OF_RANGE, "number_out_of_range", "The number is out of range.") \
	X(DECIMAL_SCALE_EXCEEDED, "decimal_scale_exceeded", "The number has too many decimal places.") \
	X(INVALID_PERCENTAGE, "invalid_percentage", "A percentage is expected, e.g. 12.5 %.") \
	X(INVALID_CURRENCY_EUR, "invalid_currency_eur", "An amount in euros is expected.") \
	X(INVALID_CURRENCY_USD, "invalid_currency_usd", "An amount in US dollars is expected.") \
	X(INVALID_BOOLEAN, "invalid_boolean", "Yes or no is expected.") \
	X(NOT_IN_OPTIONS, "not_in_options", "The value is not one of the options.") \
	X(INVALID_DATE, "invalid_date", "A date is expected.") \
	X(INVALID_DATE_DMY, "invalid_date_dmy", "A date in the form DD.MM.YYYY is expected.") \
	X(INVALID_DATE_MDY, "invalid_date_mdy", "A date in the form MM/DD/YYYY is expected.") \
	X(INVALID_DATE_ISO, "invalid_date_iso", "A date in the form YYYY-MM-DD is expected.") \
	X(INVALID_DATETIME, "invalid_datetime", "A date with time is expected.") \
	X(INVALID_TIME_HMS, "invalid_time_hms", "A time in the form hh:mm:ss AM/PM is expected.") \
	X(INVALID_TIME_HM, "invalid_time_hm", "A time in the form hh:mm AM/PM is expected.") \
	X(INVALID_TIME_HMS_24, "invalid_time_hms_24", "A time in the form HH:MM:SS is expected.") \
	X(INVALID_TIME_HM_24, "invalid_time_hm_24", "A time in the form HH:MM is expected.") \
	X(INVALID_EMAIL, "invalid_email", "An e-mail address is expected.") \
	X(INVALID_URL, "invalid_url", "A web address is expected.") \
	X(INVALID_URL_HTTPS, "invalid_url_https", "A web address beginning with https:// is expected.") \
	X(INVALID_URL_WWW, "invalid_url_www", "A web address beginning with www. is expected.") \
	X(INVALID_HOSTNAME, "invalid_hostname", "A host name is expected.") \
	X(INVALID_IPV4, "invalid_ipv4", "An IPv4 address is expected.") \
	X(INVALID_IPV6, "invalid_ipv6", "An IPv6 address is expected.") \
	X(INVALID_PHONE, "invalid_phone", "A phone number is expected.") \
	X(INVALID_ZIP_CODE_DE, "invalid_zip_code_de", "A German post code (5 digits) is expected.") \
	X(INVALID_COUNTRY_CODE_ALPHA_2, "invalid_country_code_alpha_2", "A country code of two letters is expected.") \
	X(INVALID_COUNTRY_CODE_ALPHA_3, "invalid_country_code_alpha_3", "A country code of three letters is expected.") \
	X(INVALID_CURRENCY_CODE, "invalid_currency_code", "A currency code is expected.") \
	X(INVALID_LANGUAGE_CODE, "invalid_language_code", "A language code is expected.") \
	X(INVALID_TIME_ZONE, "invalid_time_zone", "A time zone name is expected.") \
	X(INVALID_BIC, "invalid_bic", "A BIC is expected.") \
	X(INVALID_IBAN, "invalid_iban", "An IBAN is expected.") \
	X(IBAN_CHECKSUM, "iban_checksum", "The check digits of this IBAN are wrong.") \
	X(INVALID_GTIN, "invalid_gtin", "A GTIN (8, 12, 13 or 14 digits) is expected.") \
	X(GTIN_CHECKSUM, "gtin_checksum", "The check digit of this GTIN is wrong.") \
	X(INVALID_VAT_EU, "invalid_vat_eu", "An EU VAT number is expected.") \
	X(VAT_CHECKSUM, "vat_checksum", "The check digits of this VAT number are wrong.") \
	X(INVALID_UUID, "invalid_uuid", "A UUID is expected.") \
	X(INVALID_JSON, "invalid_json", "JSON text is expected.") \
	X(INVALID_HEX_COLOUR, "invalid_hex_colour", "A hex colour is expected.") \
	X(INVALID_LATITUDE, "invalid_latitude", "A latitude is expected.") \
	X(LATITUDE_OUT_OF_RANGE, "latitude_out_of_range", "A latitude must lie between \xe2\x88\x92""90 and 90.") \
	X(INVALID_LONGITUDE, "invalid_longitude", "A longitude is expected.") \
	X(LONGITUDE_OUT_OF_RANGE, "longitude_out_of_range", "A longitude must lie between \xe2\x88\x92""180 and 180.") \
	X(ROW_TOO_FEW_CELLS, "row.too_few_cells", "The row has fewer cells than the header.") \
	X(ROW_TOO_MANY_CELLS, "row.too_many_cells", "The row has more cells than the header.") \
	X(ROW_STRAY_QUOTE, "row.stray_quote", "A cell has text after its closing quote.") \
	X(ROW_BROKEN_QUOTE, "row.broken_quote", "A cell over several lines has text after its closing quote; rows may have run together.") \
	X(ROW_BAD_VALUE, "row.bad_value", "The row cannot be read.") \
	X(ROW_CROSSES_COLUMNS, "row.crosses_columns", "The row has text across the border of two columns, whose widths were guessed.") \
	X(FILE_HEADER_CHANGED, "file.header_changed", "The header has changed since it was last accepted.") \
	X(FILE_AMBIGUOUS_ROWS, "file.ambiguous_rows", "Other elements could be the rows as well.") \
	X(FILE_GUESSED_ENCODING, "file.guessed_encoding", "The encoding was guessed, and is not certain.") \
	X(FILE_SKIPPED_LINES, "file.skipped_lines", "Lines before the header were passed over.") \
	X(FILE_TRANSPOSED, "file.transposed", "Rows and columns seem to have changed places.") \
	X(FILE_GUESSED_WIDTHS, "file.guessed_widths", "The widths of the columns were guessed.") \
	X(COLUMN_AMBIGUOUS_NUMBER_FORMAT, "column.ambiguous_number_format", "The numbers could be read with a decimal point as well as with a decimal comma.") \
	X(COLUMN_AMBIGUOUS_DATE_ORDER, "column.ambiguous_date_order", "The dates could be read with day first as well as with month first.") \
	X(COLUMN_MIXED_NUMBER_FORMAT, "column.mixed_number_format", "Some numbers have a decimal point, others a decimal comma.") \
	X(COLUMN_MIXED_DATE_ORDER, "column.mixed_date_order", "Some dates have the day first, others the month.") \
	X(TARGET_NOT_NULL, "target.not_null", "The target column does not accept an empty value.") \
	X(TARGET_OUT_OF_RANGE, "target.out_of_range", "The value does not fit into the target column.") \
	X(TARGET_CONSTRAINT, "target.constraint", "The row violates a constraint of the target table.") \
	X(TARGET_REJECTED, "target.rejected", "The target table refused the row.")

typedef enum NvpCode
{
#define X(id, name, message) NVP_CODE_##id,
	NVP_CODES(X)
#undef X
	NVP_CODE_COUNT
} NvpCode;

extern const char *nvp_code_name(NvpCode code);
extern const char *nvp_code_message(NvpCode code);

#endif							/* NVP_CODE_H */
