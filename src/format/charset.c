/*-------------------------------------------------------------------------
 *
 * charset.c
 *		The encodings of text that can be read, and their names.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: WHATWG Encoding Standard for names and for what is meant by them:
 *		   Shift_JIS is Windows' code page 932, EUC-KR is 949, EUC-JP has its
 *		   extensions; GB18030 reads GBK and GB 2312 as well.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/charset.h"
#include "format/charsets_data.h"

typedef struct Charset
{
	const char *name;
	const char *aliases;		/* separated by blanks, lower case letters and digits only */
	const char *iconv;			/* what iconv calls it, or NULL */
} Charset;

static const Charset charsets[NVP_ENCODING_COUNT] = {
	[NVP_ENCODING_UTF8] = {"utf-8", "utf8 unicode11utf8 ascii usascii", NULL},
	[NVP_ENCODING_UTF16LE] = {"utf-16le", "utf16le utf16 ucs2 ucs2le unicode", NULL},
	[NVP_ENCODING_UTF16BE] = {"utf-16be", "utf16be ucs2be", NULL},
	[NVP_ENCODING_UTF32LE] = {"utf-32le", "utf32le utf32 ucs4le", NULL},
	[NVP_ENCODING_UTF32BE] = {"utf-32be", "utf32be ucs4be ucs4", NULL},
	[NVP_ENCODING_WINDOWS1250] = {"windows-1250", "windows1250 cp1250 win1250", NULL},
	[NVP_ENCODING_WINDOWS1251] = {"windows-1251", "windows1251 cp1251 win1251 win", NULL},
	[NVP_ENCODING_WINDOWS1252] = {"windows-1252", "windows1252 cp1252 win1252 ansi", NULL},
	[NVP_ENCODING_WINDOWS1253] = {"windows-1253", "windows1253 cp1253 win1253", NULL},
	[NVP_ENCODING_WINDOWS1254] = {"windows-1254", "windows1254 cp1254 win1254", NULL},
	[NVP_ENCODING_WINDOWS1255] = {"windows-1255", "windows1255 cp1255 win1255", NULL},
	[NVP_ENCODING_WINDOWS1256] = {"windows-1256", "windows1256 cp1256 win1256", NULL},
	[NVP_ENCODING_WINDOWS1257] = {"windows-1257", "windows1257 cp1257 win1257", NULL},
	[NVP_ENCODING_WINDOWS1258] = {"windows-1258", "windows1258 cp1258 win1258", NULL},
	[NVP_ENCODING_WINDOWS874] = {"windows-874", "windows874 cp874 win874 dos874", NULL},
	[NVP_ENCODING_ISO8859_1] = {"iso-8859-1", "iso88591 latin1 l1 cp819 ibm819", NULL},
	[NVP_ENCODING_ISO8859_2] = {"iso-8859-2", "iso88592 latin2 l2", NULL},
	[NVP_ENCODING_ISO8859_3] = {"iso-8859-3", "iso88593 latin3 l3", NULL},
	[NVP_ENCODING_ISO8859_4] = {"iso-8859-4", "iso88594 latin4 l4", NULL},
	[NVP_ENCODING_ISO8859_5] = {"iso-8859-5", "iso88595 cyrillic", NULL},
	[NVP_ENCODING_ISO8859_6] = {"iso-8859-6", "iso88596 arabic ecma114 asmo708", NULL},
	[NVP_ENCODING_ISO8859_7] = {"iso-8859-7", "iso88597 greek greek8 ecma118 elot928", NULL},
	[NVP_ENCODING_ISO8859_8] = {"iso-8859-8", "iso88598 iso88598i hebrew logical visual", NULL},
	[NVP_ENCODING_ISO8859_9] = {"iso-8859-9", "iso88599 latin5 l5", NULL},
	[NVP_ENCODING_ISO8859_10] = {"iso-8859-10", "iso885910 latin6 l6", NULL},
	[NVP_ENCODING_ISO8859_11] = {"iso-8859-11", "iso885911 tis620", NULL},
	[NVP_ENCODING_ISO8859_13] = {"iso-8859-13", "iso885913 latin7 l7", NULL},
	[NVP_ENCODING_ISO8859_14] = {"iso-8859-14", "iso885914 latin8 l8", NULL},
	[NVP_ENCODING_ISO8859_15] = {"iso-8859-15", "iso885915 latin9 l9", NULL},
	[NVP_ENCODING_ISO8859_16] = {"iso-8859-16", "iso885916 latin10 l10", NULL},
	[NVP_ENCODING_MACINTOSH] = {"macintosh", "mac macroman xmacroman", NULL},
	[NVP_ENCODING_MAC_CE] = {"x-mac-ce", "xmacce macce maccentraleurope maclatin2 xmaccentraleurope", NULL},
	[NVP_ENCODING_MAC_CYRILLIC] = {"x-mac-cyrillic", "xmaccyrillic maccyrillic xmacukrainian macukrainian", NULL},
	[NVP_ENCODING_IBM437] = {"ibm437", "cp437 437 oem437 dos437", NULL},
	[NVP_ENCODING_IBM850] = {"ibm850", "cp850 850 oem850 dos850", NULL},
	[NVP_ENCODING_IBM852] = {"ibm852", "cp852 852 oem852 dos852", NULL},
	[NVP_ENCODING_IBM858] = {"ibm858", "cp858 858 ibm00858 oem858 dos858 ccsid00858", NULL},
	[NVP_ENCODING_IBM866] = {"ibm866", "cp866 866 oem866 dos866", NULL},
	[NVP_ENCODING_KOI8_R] = {"koi8-r", "koi8r koi8 koi", NULL},
	[NVP_ENCODING_KOI8_U] = {"koi8-u", "koi8u koi8ru", NULL},
	[NVP_ENCODING_SHIFT_JIS] = {"shift_jis", "shiftjis sjis mskanji windows31j xsjis cp932 ms932", "CP932"},
	[NVP_ENCODING_EUC_JP] = {"euc-jp", "eucjp xeucjp eucjpms ujis", "EUC-JP-MS"},
	[NVP_ENCODING_GB18030] = {"gb18030", "gbk gb2312 xgbk cp936 windows936 euccn chinese", "GB18030"},
	[NVP_ENCODING_BIG5] = {"big5", "cp950 big5eten xxbig5 cnbig5", "BIG5"},
	[NVP_ENCODING_EUC_KR] = {"euc-kr", "euckr cp949 uhc windows949 ksc5601 korean ksc56011987", "UHC"}
};

/* nvp_encoding_name returns the name an option uses. */
const char *
nvp_encoding_name(NvpEncoding encoding)
{
	return charsets[encoding].name;
}

/* nvp_encoding_names returns all names, NULL behind the last; palloc'd. */
const char **
nvp_encoding_names(void)
{
	const char **names = palloc0(sizeof(char *) * (NVP_ENCODING_COUNT + 1));

	for (int i = 0; i < NVP_ENCODING_COUNT; i++)
		names[i] = charsets[i].name;
	return names;
}

/* nvp_encoding_iconv_name returns what iconv calls an encoding of several bytes. */
const char *
nvp_encoding_iconv_name(NvpEncoding encoding)
{
	return charsets[encoding].iconv;
}

/* has_word tells whether word is one of those in a list separated by blanks */
static bool
has_word(const char *list, const char *word)
{
	size_t		len = strlen(word);

	if (len == 0)
		return false;
	for (const char *p = list; (p = strstr(p, word)) != NULL; p++)
		if ((p == list || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
			return true;
	return false;
}

/* nvp_encoding_parse reads a name or a usual alias; false if unknown. */
bool
nvp_encoding_parse(const char *name, NvpEncoding *encoding)
{
	char		bare[32];
	size_t		n = 0;

	for (const char *p = name; *p; p++)
	{
		if (!isalnum((unsigned char) *p) || IS_HIGHBIT_SET(*p))
		{
			if (strchr("-_ .:()", *p) == NULL)
				return false;
			continue;
		}
		if (n == sizeof(bare) - 1)
			return false;
		bare[n++] = pg_ascii_tolower((unsigned char) *p);
	}
	bare[n] = '\0';
	for (int i = 0; i < NVP_ENCODING_COUNT; i++)
	{
		if (has_word(charsets[i].aliases, bare) || pg_strcasecmp(charsets[i].name, name) == 0)
		{
			*encoding = i;
			return true;
		}
	}
	return false;
}

static uint16
hex_digits(const char *p)
{
	uint16		value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 4 | (p[i] <= '9' ? p[i] - '0' : p[i] - 'A' + 10);
	return value;
}

/*
 * nvp_encoding_table fills in the code points of the bytes 80 to FF in an
 * encoding of one byte a character; 0 = not a character.
 */
void
nvp_encoding_table(NvpEncoding encoding, uint16 table[128])
{
	const char *name = charsets[encoding].name;

	memset(table, 0, sizeof(uint16) * 128);
	for (int row = 0; row < NVP_CHARSETS_ROWS; row++)
	{
		const char *const *cells = nvp_charsets_table[row];

		if (strcmp(cells[0], name) != 0)
			continue;
		for (int i = 0; i < 128; i++)
			table[i] = hex_digits(cells[1 + i / 16] + i % 16 * 4);
	}
}

/* nvp_utf8_put writes a code point, surrogates too, in the pattern of UTF-8; returns its bytes, at most 4. */
int
nvp_utf8_put(uint32 code, char *out)
{
	if (code < 0x80)
	{
		out[0] = (char) code;
		return 1;
	}
	if (code < 0x800)
	{
		out[0] = (char) (0xC0 | code >> 6);
		out[1] = (char) (0x80 | (code & 0x3F));
		return 2;
	}
	if (code < 0x10000)
	{
		out[0] = (char) (0xE0 | code >> 12);
		out[1] = (char) (0x80 | (code >> 6 & 0x3F));
		out[2] = (char) (0x80 | (code & 0x3F));
		return 3;
	}
	out[0] = (char) (0xF0 | code >> 18);
	out[1] = (char) (0x80 | (code >> 12 & 0x3F));
	out[2] = (char) (0x80 | (code >> 6 & 0x3F));
	out[3] = (char) (0x80 | (code & 0x3F));
	return 4;
}
