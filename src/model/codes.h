/*-------------------------------------------------------------------------
 *
 * codes.h
 *		What the code types share: the loop over cells, ASCII classes, squeezing.
 *
 * A code type is one reader: it gets an opened cell and either gives a value
 * (nvp_code_give) or returns the code of its complaint.  The converters made
 * of these readers are listed in types_code.c.
 *
 * Memory: a value that equals its cell points into the cell; else it is
 *		   copied into the batch arena.  Nothing else is allocated per cell.
 * Errors: returned, never thrown.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_CODES_H
#define NVP_CODES_H

#include "model/text.h"

/* one cell on its way through a reader */
typedef struct NvpCodeCell
{
	const NvpColumn *column;
	const NvpCell *cell;
	const char *t;				/* trimmed text */
	uint32		len;			/* its bytes, 1 to NVP_CELL_MAX_BYTES (json: any) */
	NvpValue   *value;
	NvpArena   *arena;
} NvpCodeCell;

/* returns NVP_CODE_NONE after nvp_code_give, else what is wrong */
typedef NvpCode (*NvpCodeReader) (const NvpCodeCell *in);

/* classes of ASCII bytes; bytes from 0x80 on have none */
#define NVP_ASCII_DIGIT		0x01
#define NVP_ASCII_UPPER		0x02
#define NVP_ASCII_LOWER		0x04
#define NVP_ASCII_HEX		0x08
#define NVP_ASCII_LABEL		0x10	/* letter, digit, hyphen: part of a host name */
#define NVP_ASCII_ATOM		0x20	/* atext of RFC 5322 */
#define NVP_ASCII_URI		0x40	/* may stand in a path, query or fragment */

#define NVP_ASCII_LETTER	0x80
#define NVP_ASCII_ALNUM		(NVP_ASCII_LETTER | NVP_ASCII_DIGIT)

extern const uint8 nvp_ascii_class[256];

#define nvp_ascii_is(c, class)	((nvp_ascii_class[(uint8) (c)] & (class)) != 0)

static inline char
nvp_ascii_lower(char c)
{
	return nvp_ascii_is(c, NVP_ASCII_UPPER) ? c + 32 : c;
}

static inline char
nvp_ascii_upper(char c)
{
	return nvp_ascii_is(c, NVP_ASCII_LOWER) ? c - 32 : c;
}

extern bool nvp_ascii_all(const char *s, uint32 len, uint8 class);
extern int	nvp_hex_digit(char c);

/* codes.c */
extern NvpCode nvp_code_give(const NvpCodeCell *in, const char *text, uint32 len);
extern NvpCode nvp_code_give_float(const NvpCodeCell *in, double f64);
extern bool nvp_code_skip_word(const char **t, uint32 *len, const char *word);
extern void nvp_code_skip_blanks(const char **t, uint32 *len);
extern int	nvp_code_squeeze(const char *t, uint32 len, bool all_blanks, const char *marks,
							 char *out, int outsize);
extern int	nvp_code_digits(const char *t, uint32 len, char *out);
extern bool nvp_code_is_inner_blank(uint32 cp);
extern int	nvp_code_integer(const NvpCell *cell, char *out, int outsize);
extern const char *const *nvp_code_find(const char *const *table, int rows, int cols,
										const char *key, uint32 len);

/* type_iso.c */
extern bool nvp_country_known(const char *alpha2);
extern const char *nvp_country_of_number(const char *number);
extern bool nvp_language_known(const char *alpha3, const char **alpha2);

/* type_address.c */
extern bool nvp_ipv4_parse(const char *t, uint32 len, uint8 address[4]);
extern bool nvp_ipv6_parse(const char *t, uint32 len, uint16 group[8]);

/*
 * nvp_code_each runs a reader over a column of cells.  Inlined, so that the
 * reader is, too.  Booleans, and numbers unless asked for, are the type's
 * error (1.5); blanks, null and bad text are settled before.
 */
static pg_attribute_always_inline void
nvp_code_each(const NvpColumn *column, const NvpCell *cells, int n, NvpValue *values,
			  NvpArena *arena, bool takes_numbers, NvpCodeReader read)
{
	for (int i = 0; i < n; i++)
	{
		NvpCodeCell in = {column, &cells[i], NULL, 0, &values[i], arena};
		NvpCode		code = column->type->code;

		if (!nvp_cell_open(column, in.cell, in.value, &in.t, &in.len))
			continue;
		if (in.cell->kind == NVP_CELL_TEXT ||
			(takes_numbers && in.cell->kind == NVP_CELL_NUMBER))
			code = read(&in);
		if (code != NVP_CODE_NONE)
			nvp_value_error(in.value, code);
	}
}

/* the converters */
#define NVP_CONVERTER(name) \
	extern void name(const NvpColumn *column, const NvpCell *cells, int n, \
					 NvpValue *values, NvpArena *arena)

NVP_CONVERTER(nvp_email_convert);
NVP_CONVERTER(nvp_url_convert);
NVP_CONVERTER(nvp_hostname_convert);
NVP_CONVERTER(nvp_ipv4_convert);
NVP_CONVERTER(nvp_ipv6_convert);
NVP_CONVERTER(nvp_phone_convert);
NVP_CONVERTER(nvp_zip_code_de_convert);
NVP_CONVERTER(nvp_letters_convert);
NVP_CONVERTER(nvp_language_code_convert);
NVP_CONVERTER(nvp_time_zone_convert);
NVP_CONVERTER(nvp_bic_convert);
NVP_CONVERTER(nvp_iban_convert);
NVP_CONVERTER(nvp_gtin_convert);
NVP_CONVERTER(nvp_vat_eu_convert);
NVP_CONVERTER(nvp_uuid_convert);
NVP_CONVERTER(nvp_json_convert);
NVP_CONVERTER(nvp_hex_colour_convert);
NVP_CONVERTER(nvp_coordinate_convert);

extern const char *nvp_phone_prepare(NvpColumn *column);
extern const char *nvp_country_alpha_2_prepare(NvpColumn *column);
extern const char *nvp_country_alpha_3_prepare(NvpColumn *column);
extern const char *nvp_currency_code_prepare(NvpColumn *column);
extern const char *nvp_language_prepare(NvpColumn *column);
extern const char *nvp_time_zone_prepare(NvpColumn *column);
extern const char *nvp_vat_eu_prepare(NvpColumn *column);

/* type_language.c: BCP 47 tags */
#define NVP_LANGUAGE_TAG_MAX	256
extern int	nvp_language_tag(const char *t, uint32 len, char *out);

#endif							/* NVP_CODES_H */
