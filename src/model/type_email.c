/*-------------------------------------------------------------------------
 *
 * type_email.c
 *		Column type email.
 *
 * A practical part of RFC 5321 and 5322: one address, dot-atom local part in
 * ASCII, a domain of two labels or more.  This is the hot path of many files:
 * an ordinary address is judged by bit masks without a branch a byte (where
 * the machine has SSE2), any other is scanned by table; neither is copied.
 *
 * Pure: also built outside the server (see test/unit).
 * Errors: returned, never thrown.
 * Source: RFC 5321 section 4.5.3.1 (lengths), RFC 5322 section 3.2.3 (atoms).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "port/pg_bitutils.h"

#include "model/host.h"

#define EMAIL_MAX_BYTES		254
#define LOCAL_MAX_BYTES		64

/* Checks one address; *at is the length of its local part. */
static inline bool
scan_email(const char *t, uint32 len, NvpHost *host, uint32 *at)
{
	uint32		i;
	bool		may_dot = false;	/* an atom has begun */

	if (len > EMAIL_MAX_BYTES)
		return false;
	for (i = 0; i < len; i++)
	{
		if (nvp_ascii_is(t[i], NVP_ASCII_ATOM))
			may_dot = true;
		else if (t[i] == '.' && may_dot)
			may_dot = false;
		else
			break;
	}
	if (i == len || t[i] != '@' || !may_dot || i > LOCAL_MAX_BYTES)
		return false;
	*at = i;
	return nvp_host_check(t + i + 1, len - i - 1, host) && host->labels >= 2;
}

#ifdef __SSE2__

/* bit i of a mask is byte i of the address */
typedef struct EmailMasks
{
	uint64		letter;
	uint64		upper;
	uint64		digit;
	uint64		hyphen;
	uint64		dot;
	uint64		at;
	uint64		mark;			/* _ and +, the other usual marks of local parts */
} EmailMasks;

static inline __m128i
in_range(__m128i bytes, char first, int n)
{
	__m128i		offset = _mm_sub_epi8(bytes, _mm_set1_epi8(first));

	return _mm_cmpeq_epi8(_mm_min_epu8(offset, _mm_set1_epi8(n - 1)), offset);
}

static inline __m128i
equal(__m128i bytes, char c)
{
	return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c));
}

/* Adds 16 bytes; lanes may overlap those added before. */
static inline void
add_block(EmailMasks *masks, __m128i bytes, int shift)
{
#define ADD(field, lanes) \
	masks->field |= (uint64) (uint32) _mm_movemask_epi8(lanes) << shift
	ADD(letter, in_range(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 26));
	ADD(upper, in_range(bytes, 'A', 26));
	ADD(digit, in_range(bytes, '0', 10));
	ADD(hyphen, equal(bytes, '-'));
	ADD(dot, equal(bytes, '.'));
	ADD(at, equal(bytes, '@'));
	ADD(mark, _mm_or_si128(equal(bytes, '_'), equal(bytes, '+')));
#undef ADD
}

/* Adds 8 to 15 bytes, the first eight and the last eight. */
static inline void
add_halves(EmailMasks *masks, const char *t, uint32 len)
{
	EmailMasks	m = {0};

	add_block(&m, _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *) t),
									 _mm_loadl_epi64((const __m128i *) (t + len - 8))), 0);
#define JOIN(field) masks->field = (m.field & 0xff) | m.field >> 8 << (len - 8)
	JOIN(letter);
	JOIN(upper);
	JOIN(digit);
	JOIN(hyphen);
	JOIN(dot);
	JOIN(at);
	JOIN(mark);
#undef JOIN
}

/*
 * True if t is an address of the usual kind: letters, digits and usual marks,
 * a domain without encoded labels.  False says nothing: scan_email decides.
 */
static inline bool
is_plain_email(const char *t, uint32 len, NvpHost *host, uint32 *at)
{
	EmailMasks	m = {0};
	uint64		edges;
	uint64		domain;
	int			last_dot;

	if (len < 8 || len > 64)
		return false;
	if (len < 16)
		add_halves(&m, t, len);
	else
	{
		for (uint32 i = 0; i + 16 < len; i += 16)
			add_block(&m, _mm_loadu_si128((const __m128i *) (t + i)), i);
		add_block(&m, _mm_loadu_si128((const __m128i *) (t + len - 16)), len - 16);
	}

	/* nothing but these bytes, one @, and no byte before it would be missing */
	if ((m.letter | m.digit | m.hyphen | m.dot | m.at | m.mark) != ~UINT64CONST(0) >> (64 - len) ||
		m.at < 2 || (m.at & (m.at - 1)) != 0)
		return false;

	/* atoms and labels are not empty: no two of . @ start and end meet */
	edges = m.dot | m.at;
	if ((edges & (edges << 1 | 1 | UINT64CONST(1) << (len - 1))) != 0)
		return false;

	/* labels neither begin nor end with a hyphen nor have two of them */
	domain = ~(m.at | (m.at - 1));
	m.hyphen &= domain;
	if ((m.hyphen & (edges << 1 | edges >> 1 | m.hyphen << 1 | UINT64CONST(1) << (len - 1))) != 0 ||
		(m.mark & domain) != 0 || (m.dot & domain) == 0)
		return false;

	/* the last label is two letters or more */
	last_dot = pg_leftmost_one_pos64(m.dot);
	if (last_dot + 2 >= len || ~m.letter << (64 - len) >> (64 - len) >> (last_dot + 1) != 0)
		return false;
	*at = pg_rightmost_one_pos64(m.at);
	host->has_upper = (m.upper & domain) != 0;
	host->has_wide = false;
	return true;
}

#else
#define is_plain_email(t, len, host, at) false
#endif							/* __SSE2__ */

/* The local part stays as written, the domain is in lower case. */
static NvpCode
give_email(const NvpCodeCell *in, const char *t, uint32 len, const NvpHost *host, uint32 at)
{
	if (host->has_upper)
	{
		char	   *copy = nvp_arena_alloc(in->arena, len);

		memcpy(copy, t, at + 1);
		nvp_host_lower(t + at + 1, len - at - 1, copy + at + 1);
		t = copy;
	}
	nvp_value_set_text(in->value, NVP_VALUE_TEXT, t, len);
	return NVP_CODE_NONE;
}

static NvpCode
read_email(const NvpCodeCell *in)
{
	const char *t = in->t;
	uint32		len = in->len;
	NvpHost		host;
	uint32		at;

	nvp_code_skip_word(&t, &len, "mailto:");
	if (!scan_email(t, len, &host, &at))
		return NVP_CODE_INVALID_EMAIL;
	return give_email(in, t, len, &host, at);
}

/*
 * nvp_email_convert converts a column of e-mail addresses.  A cell that is an
 * ASCII address as it stands needs neither trimming nor a check of its
 * encoding; only words for "empty" could make it something else.
 */
void
nvp_email_convert(const NvpColumn *column, const NvpCell *cells, int n,
				  NvpValue *values, NvpArena *arena)
{
	bool		direct = column->empty_values.n == 0;

	for (int i = 0; i < n; i++)
	{
		const NvpCell *cell = &cells[i];
		NvpHost		host;
		uint32		at;

		if (direct && cell->kind == NVP_CELL_TEXT &&
			(is_plain_email(cell->ptr, cell->len, &host, &at) ||
			 (scan_email(cell->ptr, cell->len, &host, &at) && !host.has_wide)))
		{
			NvpCodeCell in = {column, cell, cell->ptr, cell->len, &values[i], arena};

			give_email(&in, cell->ptr, cell->len, &host, at);
		}
		else
			nvp_code_each(column, cell, 1, &values[i], arena, false, read_email);
	}
}
