/*-------------------------------------------------------------------------
 *
 * encode_multi.c
 *		Encodings of several bytes a character, by iconv(3).
 *
 * iconv says where it cannot go on, but not how many bytes are at fault.  A pair
 * that is well formed and means nothing is passed over as a pair, or else its
 * second byte would be taken for a first one and all that follows be wrong.  A
 * second byte that is ASCII is never passed over: it may be a delimiter, and
 * broken text must not be able to hide one.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: WHATWG Encoding Standard, sections 10 to 13; iconv(3).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <errno.h>
#include <iconv.h>

#include "format/encode_multi.h"

#define MOST_BYTES	4			/* of one character */

struct NvpMulti
{
	iconv_t		cd;
	NvpEncoding encoding;
	bool		is_open;
	MemoryContextCallback callback;
};

static void
close_multi(void *arg)
{
	nvp_multi_close(arg);
}

/*
 * nvp_multi_open prepares to read an encoding.
 *
 * out: NULL if the C library does not know it.
 * owner: the current memory context, which also closes it.
 */
NvpMulti *
nvp_multi_open(NvpEncoding encoding)
{
	NvpMulti   *multi = palloc0(sizeof(NvpMulti));

	multi->cd = iconv_open("UTF-8", nvp_encoding_iconv_name(encoding));
	if (multi->cd == (iconv_t) -1)
		return NULL;
	multi->encoding = encoding;
	multi->is_open = true;
	multi->callback.func = close_multi;
	multi->callback.arg = multi;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &multi->callback);
	return multi;
}

static bool
is_within(unsigned char c, unsigned char from, unsigned char to)
{
	return c >= from && c <= to;
}

/* may b follow a, and a begin a pair? */
static bool
is_pair(NvpEncoding encoding, unsigned char a, unsigned char b)
{
	switch (encoding)
	{
		case NVP_ENCODING_SHIFT_JIS:
			return (is_within(a, 0x81, 0x9F) || is_within(a, 0xE0, 0xFC)) && is_within(b, 0x80, 0xFC);
		case NVP_ENCODING_EUC_JP:
			return is_within(b, 0xA1, 0xFE) && (is_within(a, 0xA1, 0xFE) || a == 0x8E);
		case NVP_ENCODING_BIG5:
			return is_within(a, 0x81, 0xFE) && is_within(b, 0xA1, 0xFE);
		default:
			return is_within(a, 0x81, 0xFE) && is_within(b, 0x80, 0xFE);
	}
}

/* how many of the bytes at p, where iconv stopped, are at fault */
static int
count_bad(NvpEncoding encoding, const unsigned char *p, size_t len)
{
	if (encoding == NVP_ENCODING_EUC_JP && p[0] == 0x8F)
		return len >= 3 && is_within(p[1], 0xA1, 0xFE) && is_within(p[2], 0xA1, 0xFE) ? 3 : 1;
	if (encoding == NVP_ENCODING_GB18030 && len >= 4 && is_within(p[0], 0x81, 0xFE) && is_within(p[1], '0', '9') &&
		is_within(p[2], 0x81, 0xFE) && is_within(p[3], '0', '9'))
		return 4;
	return len >= 2 && is_pair(encoding, p[0], p[1]) ? 2 : 1;
}

/*
 * nvp_multi_step decodes as much as it can.
 *
 * in: *in_left bytes at *in, and whether none will follow; room for *out_left
 *	   bytes at *out, at least 16.
 * out: all moved on.  NVP_MULTI_BAD leaves *in at *nbad bytes at fault.
 */
NvpMultiStep
nvp_multi_step(NvpMulti *multi, const unsigned char **in, size_t *in_left,
			   char **out, size_t *out_left, bool is_last, int *nbad)
{
	if (iconv(multi->cd, (char **) in, in_left, out, out_left) != (size_t) -1)
		return NVP_MULTI_MORE;
	if (errno == E2BIG)
		return NVP_MULTI_FULL;
	/* how many are at fault is seen only with those behind them */
	if (errno == EINVAL || (!is_last && *in_left < MOST_BYTES))
		return NVP_MULTI_MORE;
	*nbad = count_bad(multi->encoding, *in, *in_left);
	return NVP_MULTI_BAD;
}

/* nvp_multi_reset forgets what was read. */
void
nvp_multi_reset(NvpMulti *multi)
{
	(void) iconv(multi->cd, NULL, NULL, NULL, NULL);
}

/* nvp_multi_close gives back what iconv holds; the rest stays with its context. */
void
nvp_multi_close(NvpMulti *multi)
{
	if (multi->is_open)
		(void) iconv_close(multi->cd);
	multi->is_open = false;
}
