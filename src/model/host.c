/*-------------------------------------------------------------------------
 *
 * host.c
 *		The host rule: which text is the name of an Internet host.
 *
 * Labels of letters, digits and hyphens, joined by full stops.  Labels in
 * other scripts are checked by shape only; no IDNA tables, no public suffixes,
 * no DNS.
 *
 * Pure: also built outside the server (see test/unit).
 * Errors: returned, never thrown.
 * Source: RFC 1123 section 2.1, RFC 5890 section 2.3 (shape only).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/host.h"

typedef struct CodePointRange
{
	uint32		first;
	uint32		last;
} CodePointRange;

/* letters, marks and digits beyond ASCII, coarsely */
static const CodePointRange wide_ranges[] = {
	{0xc0, 0xd6}, {0xd8, 0xf6}, {0xf8, 0x61b}, {0x61d, 0x167f}, {0x1681, 0x180d},
	{0x180f, 0x1fff}, {0x2c00, 0x2fff}, {0x3005, 0x3007}, {0x3021, 0x302f},
	{0x3031, 0xd7ff}, {0xf900, 0xfdcf}, {0xfe70, 0xfefe}, {0x10000, 0x1efff},
	{0x20000, 0x3ffff},
};

static bool
is_wide(uint32 cp)
{
	for (int i = 0; i < lengthof(wide_ranges) && cp >= wide_ranges[i].first; i++)
	{
		if (cp <= wide_ranges[i].last)
			return true;
	}
	return false;
}

/* Steps over a label that may hold wide characters; NULL where one is not allowed. */
static const char *
skip_wide_label(const char *s, const char *end, NvpHost *host)
{
	while (s < end && *s != '.')
	{
		uint32		cp;
		int			n = nvp_utf8_decode(s, end, &cp);

		if (n == 0 || (cp < 0x80 ? !nvp_ascii_is(cp, NVP_ASCII_LABEL) : !is_wide(cp)))
			return NULL;
		if (nvp_text_fold_char(cp) != cp)
			host->has_upper = true;
		s += n;
	}
	return s;
}

/* Hyphens in places 3 and 4 are kept for encoded labels, xn--something. */
static bool
is_encoded(const char *label, size_t len)
{
	return len > 4 && (label[0] | 32) == 'x' && (label[1] | 32) == 'n' &&
		label[2] == '-' && label[3] == '-';
}

/*
 * nvp_host_check tells whether p is a host name: every label well-formed, the
 * last one a name (two letters at least) and not a number.  The caller asks
 * for the number of labels it needs.  p need not be valid UTF-8.
 */
bool
nvp_host_check(const char *p, uint32 len, NvpHost *host)
{
	const char *end = p + len;

	host->labels = 0;
	host->has_upper = host->has_wide = false;
	if (len > NVP_HOST_MAX_BYTES)
		return false;
	for (;; p++)
	{
		const char *label = p;
		uint8		all = 0xff;
		uint8		any = 0;
		bool		wide = false;
		size_t		n;

		for (; p < end && nvp_ascii_is(*p, NVP_ASCII_LABEL); p++)
		{
			any |= nvp_ascii_class[(uint8) *p];
			all &= nvp_ascii_class[(uint8) *p];
		}
		if (p < end && (*p & 0x80) != 0)
		{
			host->has_wide = wide = true;
			if ((p = skip_wide_label(p, end, host)) == NULL)
				return false;
		}
		if ((any & NVP_ASCII_UPPER) != 0)
			host->has_upper = true;
		n = p - label;
		if (n == 0 || n > NVP_LABEL_MAX_BYTES || label[0] == '-' || p[-1] == '-')
			return false;
		if (n >= 4 && label[2] == '-' && label[3] == '-' && !wide && !is_encoded(label, n))
			return false;
		host->labels++;
		if (p == end)
			return wide || (n >= 2 && (all & NVP_ASCII_LETTER) != 0) || is_encoded(label, n);
		if (*p != '.')
			return false;
	}
}

/*
 * nvp_host_lower writes the lower-case form of a checked host name.
 * out: len bytes; folding never changes the length of a character.
 */
void
nvp_host_lower(const char *p, uint32 len, char *out)
{
	const char *end = p + len;

	while (p < end)
	{
		uint32		cp;

		if ((*p & 0x80) == 0)
			*out++ = nvp_ascii_lower(*p++);
		else
		{
			p += nvp_utf8_decode(p, end, &cp);
			out += nvp_utf8_encode(nvp_text_fold_char(cp), out);
		}
	}
}
