/*-------------------------------------------------------------------------
 *
 * charset.h
 *		The encodings of text that can be read, and their names.
 *
 * Names are those of the WHATWG Encoding Standard or of IANA, in lower case;
 * usual aliases are read, whatever their case and punctuation.
 *
 *-------------------------------------------------------------------------
 */
#ifndef NVP_CHARSET_H
#define NVP_CHARSET_H

/* ordered: Unicode, one byte a character (NVP_ENCODING_FIRST_SINGLE on), several */
typedef enum NvpEncoding
{
	NVP_ENCODING_UTF8 = 0,
	NVP_ENCODING_UTF16LE,
	NVP_ENCODING_UTF16BE,
	NVP_ENCODING_UTF32LE,
	NVP_ENCODING_UTF32BE,
	NVP_ENCODING_WINDOWS1250,
	NVP_ENCODING_WINDOWS1251,
	NVP_ENCODING_WINDOWS1252,
	NVP_ENCODING_WINDOWS1253,
	NVP_ENCODING_WINDOWS1254,
	NVP_ENCODING_WINDOWS1255,
	NVP_ENCODING_WINDOWS1256,
	NVP_ENCODING_WINDOWS1257,
	NVP_ENCODING_WINDOWS1258,
	NVP_ENCODING_WINDOWS874,
	NVP_ENCODING_ISO8859_1,
	NVP_ENCODING_ISO8859_2,
	NVP_ENCODING_ISO8859_3,
	NVP_ENCODING_ISO8859_4,
	NVP_ENCODING_ISO8859_5,
	NVP_ENCODING_ISO8859_6,
	NVP_ENCODING_ISO8859_7,
	NVP_ENCODING_ISO8859_8,
	NVP_ENCODING_ISO8859_9,
	NVP_ENCODING_ISO8859_10,
	NVP_ENCODING_ISO8859_11,
	NVP_ENCODING_ISO8859_13,
	NVP_ENCODING_ISO8859_14,
	NVP_ENCODING_ISO8859_15,
	NVP_ENCODING_ISO8859_16,
	NVP_ENCODING_MACINTOSH,
	NVP_ENCODING_MAC_CE,
	NVP_ENCODING_MAC_CYRILLIC,
	NVP_ENCODING_IBM437,
	NVP_ENCODING_IBM850,
	NVP_ENCODING_IBM852,
	NVP_ENCODING_IBM858,
	NVP_ENCODING_IBM866,
	NVP_ENCODING_KOI8_R,
	NVP_ENCODING_KOI8_U,
	NVP_ENCODING_SHIFT_JIS,
	NVP_ENCODING_EUC_JP,
	NVP_ENCODING_GB18030,
	NVP_ENCODING_BIG5,
	NVP_ENCODING_EUC_KR,
	NVP_ENCODING_COUNT
} NvpEncoding;

#define NVP_ENCODING_FIRST_SINGLE	NVP_ENCODING_WINDOWS1250
#define NVP_ENCODING_FIRST_MULTI	NVP_ENCODING_SHIFT_JIS

extern const char *nvp_encoding_name(NvpEncoding encoding);
extern bool nvp_encoding_parse(const char *name, NvpEncoding *encoding);
extern const char **nvp_encoding_names(void);
extern const char *nvp_encoding_iconv_name(NvpEncoding encoding);
extern void nvp_encoding_table(NvpEncoding encoding, uint16 table[128]);
extern int	nvp_utf8_put(uint32 code, char *out);

static inline bool
nvp_encoding_is_single(NvpEncoding encoding)
{
	return encoding >= NVP_ENCODING_FIRST_SINGLE && encoding < NVP_ENCODING_FIRST_MULTI;
}

static inline bool
nvp_encoding_is_wide(NvpEncoding encoding)
{
	return encoding >= NVP_ENCODING_UTF16LE && encoding <= NVP_ENCODING_UTF32BE;
}

#endif							/* NVP_CHARSET_H */
