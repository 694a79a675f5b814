/*-------------------------------------------------------------------------
 *
 * type_address.c
 *		Column types ipv4 and ipv6.
 *
 * Pure: also built outside the server (see test/unit).
 * Errors: returned, never thrown.
 * Source: RFC 4291 section 2.2 (reading), RFC 5952 sections 4 and 5 (writing).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/codes.h"

/* nvp_ipv4_parse reads four decimal parts, 0 to 255, without leading zeros. */
bool
nvp_ipv4_parse(const char *t, uint32 len, uint8 address[4])
{
	const char *end = t + len;

	for (int i = 0; i < 4; i++)
	{
		const char *part = t;
		int			value = 0;

		if (i > 0 && (t == end || *t++ != '.'))
			return false;
		for (part = t; t < end && t - part < 3 && nvp_ascii_is(*t, NVP_ASCII_DIGIT); t++)
			value = value * 10 + (*t - '0');
		if (t == part || value > 255 || (*part == '0' && t - part > 1))
			return false;
		address[i] = value;
	}
	return t == end;
}

/* One group of 1 to 4 hexadecimal digits; returns where it ends, or NULL. */
static const char *
read_group(const char *p, const char *end, uint16 *group)
{
	const char *start = p;
	int			value = 0;

	for (; p < end && p - start < 4 && nvp_ascii_is(*p, NVP_ASCII_HEX); p++)
		value = value * 16 + nvp_hex_digit(*p);
	*group = value;
	return p > start ? p : NULL;
}

/*
 * nvp_ipv6_parse reads the forms of RFC 4291: eight groups, one run of zeros
 * as "::", the last two groups as dotted IPv4.  No zone, prefix or brackets.
 */
bool
nvp_ipv6_parse(const char *t, uint32 len, uint16 group[8])
{
	const char *end = t + len;
	const char *p = t;
	int			n = 0;
	int			gap = -1;		/* groups before the "::" */
	uint8		ipv4[4];

	if (len >= 2 && p[0] == ':' && p[1] == ':')
	{
		gap = 0;
		p += 2;
	}
	while (p < end)
	{
		if (n == 8)
			return false;
		if (n <= 6 && nvp_ipv4_parse(p, end - p, ipv4))
		{
			group[n++] = ipv4[0] << 8 | ipv4[1];
			group[n++] = ipv4[2] << 8 | ipv4[3];
			break;
		}
		if ((p = read_group(p, end, &group[n++])) == NULL)
			return false;
		if (p == end)
			break;
		if (*p++ != ':' || p == end)
			return false;
		if (*p == ':')
		{
			if (gap >= 0)
				return false;
			gap = n;
			p++;
		}
	}
	if (gap < 0)
		return n == 8;
	if (n == 8)
		return false;
	memmove(group + 8 - (n - gap), group + gap, (n - gap) * sizeof(uint16));
	memset(group + gap, 0, (8 - n) * sizeof(uint16));
	return true;
}

/* The longest run of two or more zero groups, the first of equals. */
static void
find_zeros(const uint16 group[8], int *start, int *length)
{
	*start = -1;
	*length = 1;
	for (int i = 0; i < 8;)
	{
		int			n = 0;

		while (i + n < 8 && group[i + n] == 0)
			n++;
		if (n > *length)
		{
			*start = i;
			*length = n;
		}
		i += n + 1;
	}
}

static int
write_ipv6(const uint16 group[8], char *out, size_t outsize)
{
	int			zeros,
				nzeros;
	int			n = 0;

	find_zeros(group, &zeros, &nzeros);
	if (zeros == 0 && nzeros == 5 && group[5] == 0xffff)
		return snprintf(out, outsize, "::ffff:%d.%d.%d.%d", group[6] >> 8, group[6] & 0xff,
						group[7] >> 8, group[7] & 0xff);
	for (int i = 0; i < 8; i++)
	{
		if (i == zeros)
		{
			n += snprintf(out + n, outsize - n, "::");
			i += nzeros - 1;
		}
		else
			n += snprintf(out + n, outsize - n, "%s%x",
						  i > 0 && i != zeros + nzeros ? ":" : "", group[i]);
	}
	return n;
}

static NvpCode
read_ipv4(const NvpCodeCell *in)
{
	uint8		address[4];

	if (!nvp_ipv4_parse(in->t, in->len, address))
		return NVP_CODE_INVALID_IPV4;
	return nvp_code_give(in, in->t, in->len);
}

static NvpCode
read_ipv6(const NvpCodeCell *in)
{
	uint16		group[8];
	char		out[64];

	if (!nvp_ipv6_parse(in->t, in->len, group))
		return NVP_CODE_INVALID_IPV6;
	return nvp_code_give(in, out, write_ipv6(group, out, sizeof(out)));
}

/* nvp_ipv4_convert converts a column of IPv4 addresses. */
void
nvp_ipv4_convert(const NvpColumn *column, const NvpCell *cells, int n,
				 NvpValue *values, NvpArena *arena)
{
	nvp_code_each(column, cells, n, values, arena, false, read_ipv4);
}

/* nvp_ipv6_convert converts a column of IPv6 addresses. */
void
nvp_ipv6_convert(const NvpColumn *column, const NvpCell *cells, int n,
				 NvpValue *values, NvpArena *arena)
{
	nvp_code_each(column, cells, n, values, arena, false, read_ipv6);
}
