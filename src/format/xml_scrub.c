/*-------------------------------------------------------------------------
 *
 * xml_scrub.c
 *		Bytes that an XML parser would stop at, in a disguise that it accepts.
 *
 * A byte HH that is no part of a character XML allows becomes U+10FEHH, and is
 * turned back where text leaves the parser.  Where a document holds one of these
 * characters itself, which nobody has assigned, its bytes are disguised too, so
 * that what comes out is in any case what went in.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: XML 1.0, fifth edition, section 2.2 (Char).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "format/xml_scrub.h"

/* the bytes of U+10FE00 to U+10FEFF: F4 8F B8 80 to F4 8F BB BF */
static inline bool
is_disguise(const unsigned char *u)
{
	return u[0] == 0xF4 && u[1] == 0x8F && u[2] >= 0xB8 && u[2] <= 0xBB;
}

static inline bool
is_plain(unsigned char c)
{
	return (c >= ' ' && c < 0x80) || c == '\n' || c == '\t' || c == '\r';
}

/* good_bytes returns how many bytes the character at p has, 0 if XML would not accept it */
static inline uint32
good_bytes(const unsigned char *p, uint32 left)
{
	uint32		n;

	if (is_plain(*p))
		return 1;
	if (*p < 0x80)
		return 0;
	n = pg_utf_mblen(p);
	if (n < 2 || n > left || !pg_utf8_islegal(p, n))
		return 0;
	if (n == 3 && p[0] == 0xEF && p[1] == 0xBF && p[2] >= 0xBE)
		return 0;				/* U+FFFE and U+FFFF */
	return n == 4 && is_disguise(p) ? 0 : n;
}

/*
 * nvp_xml_whole returns how much of the text ends with a whole character; what
 * is left, 3 bytes at most, may be the beginning of another.
 */
uint32
nvp_xml_whole(const char *text, uint32 len)
{
	for (uint32 back = 1; back <= 3 && back <= len; back++)
	{
		unsigned char c = (unsigned char) text[len - back];

		if ((c & 0xC0) == 0x80)
			continue;
		return c >= 0xC0 && (uint32) pg_utf_mblen(&c) > back ? len - back : len;
	}
	return len;
}

/* nvp_xml_is_clean tells whether the text needs no disguise. */
bool
nvp_xml_is_clean(const char *text, uint32 len)
{
	const unsigned char *p = (const unsigned char *) text;
	const unsigned char *end = p + len;

	while (p < end)
	{
		uint32		n;

		if (likely(is_plain(*p)))
		{
			p++;
			continue;
		}
		n = good_bytes(p, end - p);
		if (n == 0)
			return false;
		p += n;
	}
	return true;
}

/*
 * nvp_xml_scrub copies text and disguises what XML does not allow.
 *
 * out: room for len * NVP_XML_SCRUBBED bytes; returns how many were written.
 */
uint32
nvp_xml_scrub(const char *text, uint32 len, char *out)
{
	const unsigned char *p = (const unsigned char *) text;
	const unsigned char *end = p + len;
	char	   *begin = out;

	while (p < end)
	{
		uint32		n = good_bytes(p, end - p);

		if (n > 0)
		{
			memcpy(out, p, n);
			out += n;
			p += n;
			continue;
		}
		*out++ = (char) 0xF4;
		*out++ = (char) 0x8F;
		*out++ = (char) (0xB8 + (*p >> 6));
		*out++ = (char) (0x80 + (*p & 0x3F));
		p++;
	}
	return out - begin;
}

/* nvp_xml_unscrub takes disguises off, in place; returns the new length. */
uint32
nvp_xml_unscrub(char *text, uint32 len)
{
	const char *p = text;
	const char *end = text + len;
	char	   *out = text;

	while (p < end)
	{
		const unsigned char *u = (const unsigned char *) p;

		if (end - p >= NVP_XML_SCRUBBED && is_disguise(u))
		{
			*out++ = (char) ((u[2] - 0xB8) << 6 | (u[3] & 0x3F));
			p += NVP_XML_SCRUBBED;
		}
		else
			*out++ = *p++;
	}
	return out - text;
}
