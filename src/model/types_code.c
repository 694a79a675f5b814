/*-------------------------------------------------------------------------
 *
 * types_code.c
 *		The group of code types: addresses, codes, identifiers, coordinates.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: sections 5.12 to 5.22 of the column-type specification.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/codes.h"
#include "model/types.h"

#define TEXT_TYPE(name, CODE, prepare, convert) \
	{name, NVP_VALUE_TEXT, NVP_CODE_INVALID_##CODE, prepare, convert}

const NvpTypeRoutine nvp_types_code[] = {
	TEXT_TYPE("email", EMAIL, NULL, nvp_email_convert),
	TEXT_TYPE("url", URL, NULL, nvp_url_convert),
	TEXT_TYPE("url_https", URL_HTTPS, NULL, nvp_url_convert),
	TEXT_TYPE("url_www", URL_WWW, NULL, nvp_url_convert),
	TEXT_TYPE("hostname", HOSTNAME, NULL, nvp_hostname_convert),
	TEXT_TYPE("ipv4", IPV4, NULL, nvp_ipv4_convert),
	TEXT_TYPE("ipv6", IPV6, NULL, nvp_ipv6_convert),
	TEXT_TYPE("phone", PHONE, nvp_phone_prepare, nvp_phone_convert),
	TEXT_TYPE("zip_code_de", ZIP_CODE_DE, NULL, nvp_zip_code_de_convert),
	TEXT_TYPE("country_code_alpha_2", COUNTRY_CODE_ALPHA_2, nvp_country_alpha_2_prepare, nvp_letters_convert),
	TEXT_TYPE("country_code_alpha_3", COUNTRY_CODE_ALPHA_3, nvp_country_alpha_3_prepare, nvp_letters_convert),
	TEXT_TYPE("currency_code", CURRENCY_CODE, nvp_currency_code_prepare, nvp_letters_convert),
	TEXT_TYPE("language_code", LANGUAGE_CODE, nvp_language_prepare, nvp_language_code_convert),
	TEXT_TYPE("time_zone", TIME_ZONE, nvp_time_zone_prepare, nvp_time_zone_convert),
	TEXT_TYPE("bic", BIC, NULL, nvp_bic_convert),
	TEXT_TYPE("iban", IBAN, NULL, nvp_iban_convert),
	TEXT_TYPE("gtin", GTIN, NULL, nvp_gtin_convert),
	TEXT_TYPE("vat_eu", VAT_EU, nvp_vat_eu_prepare, nvp_vat_eu_convert),
	TEXT_TYPE("uuid", UUID, NULL, nvp_uuid_convert),
	{"json", NVP_VALUE_JSON, NVP_CODE_INVALID_JSON, NULL, nvp_json_convert},
	TEXT_TYPE("hex_colour", HEX_COLOUR, NULL, nvp_hex_colour_convert),
	{"latitude", NVP_VALUE_FLOAT, NVP_CODE_INVALID_LATITUDE, NULL, nvp_coordinate_convert},
	{"longitude", NVP_VALUE_FLOAT, NVP_CODE_INVALID_LONGITUDE, NULL, nvp_coordinate_convert},
	{NULL}
};
