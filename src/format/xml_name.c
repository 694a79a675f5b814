/*-------------------------------------------------------------------------
 *
 * xml_name.c
 *		Any text as the name of an XML element, and back.
 *
 * See xml_name.h for form, memory and source.
 *
 * Pure: also built outside the server (see test/unit).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "format/charset.h"
#include "format/xml_name.h"

/* letters that names may have, beside those of ASCII; the most usual scripts */
static const struct
{
	uint32		first;
	uint32		last;
}			letters[] = {
	{0x00C0, 0x00D6}, {0x00D8, 0x00F6}, {0x00F8, 0x0131}, {0x0134, 0x013E},
	{0x0141, 0x0148}, {0x014A, 0x017E}, {0x038E, 0x03A1}, {0x03A3, 0x03CE},
	{0x0401, 0x040C}, {0x040E, 0x044F}, {0x0451, 0x045C}, {0x05D0, 0x05EA},
	{0x0621, 0x063A}, {0x1E00, 0x1E9B}, {0x1EA0, 0x1EF9}, {0x3041, 0x3094},
	{0x30A1, 0x30FA}, {0x4E00, 0x9FA5}, {0xAC00, 0xD7A3}
};

static bool
is_letter(uint32 c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
	for (int i = 0; i < lengthof(letters); i++)
		if (c >= letters[i].first && c <= letters[i].last)
			return true;
	return false;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * read_escape recognises _xHHHH_ or _xHHHHHH_.
 *
 * out: its bytes, 0 if it is none, and the code point.
 */
static uint32
read_escape(const char *p, uint32 left, uint32 *code)
{
	uint32		n = 2;

	*code = 0;
	if (left < 7 || p[0] != '_' || p[1] != 'x')
		return 0;
	for (; n < left && n < 8 && hex_digit(p[n]) >= 0; n++)
		*code = *code << 4 | hex_digit(p[n]);
	if ((n != 6 && n != 8) || n == left || p[n] != '_')
		return 0;
	if (*code == 0 || *code > 0x10FFFF || (*code >= 0xD800 && *code < 0xE000))
		return 0;
	return n + 1;
}

/* read_character decodes the one at p; a byte that belongs to none stands for itself */
static uint32
read_character(const char *p, uint32 left, uint32 *code)
{
	uint32		n = pg_utf_mblen((const unsigned char *) p);

	if (n > left || !pg_utf8_islegal((const unsigned char *) p, n))
	{
		*code = (unsigned char) *p;
		return 1;
	}
	*code = utf8_to_unicode((const unsigned char *) p);
	return n;
}

/*
 * nvp_xml_name_encode makes a name of a text.
 *
 * owner: the caller; the name is terminated.
 */
char *
nvp_xml_name_encode(const char *text)
{
	const char *p = text;
	const char *end = text + strlen(text);
	StringInfoData name;

	initStringInfo(&name);
	if (p == end)
		appendStringInfoChar(&name, '_');
	while (p < end)
	{
		uint32		code;
		uint32		escaped;
		uint32		n = read_character(p, end - p, &code);
		bool		is_good = is_letter(code) && (code < 0x80 || n > 1);

		if (p > text)
			is_good |= (code >= '0' && code <= '9') || code == '-' || code == '.';
		else
			is_good &= pg_strncasecmp(p, "xml", 3) != 0;
		if (code == '_' && read_escape(p, end - p, &escaped) > 0)
			is_good = false;
		if (is_good)
			appendBinaryStringInfo(&name, p, n);
		else
			appendStringInfo(&name, code > 0xFFFF ? "_x%06X_" : "_x%04X_", code);
		p += n;
	}
	return name.data;
}

/* nvp_xml_name_decode turns such a name back, in place; returns the new length. */
uint32
nvp_xml_name_decode(char *name, uint32 len)
{
	uint32		in = 0;
	uint32		out = 0;

	while (in < len)
	{
		uint32		code;
		uint32		n = name[in] == '_' ? read_escape(name + in, len - in, &code) : 0;

		if (n == 0)
		{
			name[out++] = name[in++];
			continue;
		}
		out += nvp_utf8_put(code, name + out);
		in += n;
	}
	return out;
}
