/*-------------------------------------------------------------------------
 *
 * utf8_scan.c
 *		Is a stretch of text well-formed UTF-8?  At the speed of reading it.
 *
 * Each byte is judged with the three before it.  Of two neighbours three
 * half-bytes are looked up, each for the faults it leaves possible; what all
 * three agree on is a fault.  That leaves the second and third continuation
 * byte of long characters, which must be where a lead byte says and nowhere else.
 *
 * The first block, and the last if it is not whole, are worked on in a copy with
 * room in front and letters behind.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: Keiser and Lemire, "Validating UTF-8 in less than one instruction per
 *		   byte", 2021; Unicode 15, table 3-7.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "format/utf8_scan.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define NVP_UTF8_X86
#include <immintrin.h>
#endif

#ifdef NVP_UTF8_X86

/* faults of two neighbouring bytes */
#define TOO_SHORT		0x01	/* a lead byte, then no continuation */
#define TOO_LONG		0x02	/* ASCII, then a continuation */
#define OVERLONG_3		0x04	/* E0 80..9F */
#define TOO_LARGE		0x08	/* F4 90..BF, F5..FF and any */
#define SURROGATE		0x10	/* ED A0..BF */
#define OVERLONG_2		0x20	/* C0, C1 */
#define BEYOND			0x40	/* F5..FF 80..8F; as OVERLONG_4, for they cannot be mixed up */
#define OVERLONG_4		0x40	/* F0 80..8F */
#define TWO_CONTS		0x80	/* two continuations: right or wrong, the bytes before tell */
#define ANY_LOW			(TOO_SHORT | TOO_LONG | TWO_CONTS)

/* by the high half of the first byte, its low half, the high half of the second */
static const uint8 first_high[16] = {
	TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
	TWO_CONTS, TWO_CONTS, TWO_CONTS, TWO_CONTS,
	TOO_SHORT | OVERLONG_2, TOO_SHORT, TOO_SHORT | OVERLONG_3 | SURROGATE,
	TOO_SHORT | TOO_LARGE | BEYOND | OVERLONG_4
};
static const uint8 first_low[16] = {
	ANY_LOW | OVERLONG_3 | OVERLONG_2 | OVERLONG_4, ANY_LOW | OVERLONG_2, ANY_LOW, ANY_LOW,
	ANY_LOW | TOO_LARGE, ANY_LOW | TOO_LARGE | BEYOND, ANY_LOW | TOO_LARGE | BEYOND, ANY_LOW | TOO_LARGE | BEYOND,
	ANY_LOW | TOO_LARGE | BEYOND, ANY_LOW | TOO_LARGE | BEYOND, ANY_LOW | TOO_LARGE | BEYOND, ANY_LOW | TOO_LARGE | BEYOND,
	ANY_LOW | TOO_LARGE | BEYOND, ANY_LOW | TOO_LARGE | BEYOND | SURROGATE, ANY_LOW | TOO_LARGE | BEYOND, ANY_LOW | TOO_LARGE | BEYOND
};
static const uint8 second_high[16] = {
	TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
	TOO_LONG | OVERLONG_2 | TWO_CONTS | OVERLONG_3 | BEYOND | OVERLONG_4,
	TOO_LONG | OVERLONG_2 | TWO_CONTS | OVERLONG_3 | TOO_LARGE,
	TOO_LONG | OVERLONG_2 | TWO_CONTS | SURROGATE | TOO_LARGE,
	TOO_LONG | OVERLONG_2 | TWO_CONTS | SURROGATE | TOO_LARGE,
	TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT
};

#define BEFORE			3		/* bytes looked at before a block */
#define MAX_BLOCK		64

/* bytes at p, n of them at most a block, behind those that come before them */
static inline const char *
copy_block(char *copy, const char *p, size_t n, bool is_first)
{
	memset(copy, 'a', BEFORE + MAX_BLOCK);
	if (is_first)
		memcpy(copy + BEFORE, p, n);
	else
		memcpy(copy, p - BEFORE, n + BEFORE);
	return copy + BEFORE;
}

/* does the text end inside a character? */
static inline bool
ends_early(const char *buf, size_t len)
{
	const unsigned char *end = (const unsigned char *) buf + len;

	return (len >= 1 && end[-1] >= 0xC0) || (len >= 2 && end[-2] >= 0xE0) || (len >= 3 && end[-3] >= 0xF0);
}

#define NVP_AVX2 __attribute__((target("avx2")))

static inline NVP_AVX2 __m256i
half_table32(const uint8 *table)
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *) table));
}

static inline NVP_AVX2 __m256i
high_halves32(__m256i v)
{
	return _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(0x0F));
}

/* faults in the 32 bytes at p; the three before them can be read */
static inline NVP_AVX2 __m256i
faults32(const char *p)
{
	__m256i		v = _mm256_loadu_si256((const __m256i *) p);
	__m256i		before1 = _mm256_loadu_si256((const __m256i *) (p - 1));
	__m256i		before2 = _mm256_loadu_si256((const __m256i *) (p - 2));
	__m256i		before3 = _mm256_loadu_si256((const __m256i *) (p - 3));
	__m256i		zero = _mm256_cmpeq_epi8(v, _mm256_setzero_si256());
	__m256i		pair;
	__m256i		must;

	pair = _mm256_shuffle_epi8(half_table32(first_high), high_halves32(before1));
	pair = _mm256_and_si256(pair, _mm256_shuffle_epi8(half_table32(first_low),
													  _mm256_and_si256(before1, _mm256_set1_epi8(0x0F))));
	pair = _mm256_and_si256(pair, _mm256_shuffle_epi8(half_table32(second_high), high_halves32(v)));
	must = _mm256_or_si256(_mm256_subs_epu8(before2, _mm256_set1_epi8((char) (0xE0 - 0x80))),
						   _mm256_subs_epu8(before3, _mm256_set1_epi8((char) (0xF0 - 0x80))));
	must = _mm256_and_si256(must, _mm256_set1_epi8((char) 0x80));
	return _mm256_or_si256(_mm256_xor_si256(must, pair), zero);
}

static NVP_AVX2 bool
scan_avx2(const char *buf, size_t len)
{
	char		copy[BEFORE + MAX_BLOCK];
	__m256i		faults = _mm256_setzero_si256();
	size_t		at = 0;

	if (len > 0)
		faults = faults32(copy_block(copy, buf, Min(len, 32), true));
	for (at = 32; at + 32 <= len; at += 32)
		faults = _mm256_or_si256(faults, faults32(buf + at));
	if (at < len)
		faults = _mm256_or_si256(faults, faults32(copy_block(copy, buf + at, len - at, false)));
	return _mm256_testz_si256(faults, faults) && !ends_early(buf, len);
}

#define NVP_AVX512 __attribute__((target("avx512f,avx512bw")))

static inline NVP_AVX512 __m512i
half_table64(const uint8 *table)
{
	return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *) table));
}

static inline NVP_AVX512 __m512i
high_halves64(__m512i v)
{
	return _mm512_and_si512(_mm512_srli_epi16(v, 4), _mm512_set1_epi8(0x0F));
}

/* the same for 64 bytes */
static inline NVP_AVX512 __m512i
faults64(const char *p)
{
	__m512i		v = _mm512_loadu_si512(p);
	__m512i		before1 = _mm512_loadu_si512(p - 1);
	__m512i		before2 = _mm512_loadu_si512(p - 2);
	__m512i		before3 = _mm512_loadu_si512(p - 3);
	__m512i		zero = _mm512_movm_epi8(_mm512_testn_epi8_mask(v, v));
	__m512i		pair;
	__m512i		must;

	pair = _mm512_shuffle_epi8(half_table64(first_high), high_halves64(before1));
	pair = _mm512_and_si512(pair, _mm512_shuffle_epi8(half_table64(first_low),
													  _mm512_and_si512(before1, _mm512_set1_epi8(0x0F))));
	pair = _mm512_and_si512(pair, _mm512_shuffle_epi8(half_table64(second_high), high_halves64(v)));
	must = _mm512_or_si512(_mm512_subs_epu8(before2, _mm512_set1_epi8((char) (0xE0 - 0x80))),
						   _mm512_subs_epu8(before3, _mm512_set1_epi8((char) (0xF0 - 0x80))));
	must = _mm512_and_si512(must, _mm512_set1_epi8((char) 0x80));
	return _mm512_or_si512(_mm512_xor_si512(must, pair), zero);
}

static NVP_AVX512 bool
scan_avx512(const char *buf, size_t len)
{
	char		copy[BEFORE + MAX_BLOCK];
	__m512i		faults = _mm512_setzero_si512();
	size_t		at = 0;

	if (len > 0)
		faults = faults64(copy_block(copy, buf, Min(len, 64), true));
	for (at = 64; at + 64 <= len; at += 64)
		faults = _mm512_or_si512(faults, faults64(buf + at));
	if (at < len)
		faults = _mm512_or_si512(faults, faults64(copy_block(copy, buf + at, len - at, false)));
	return _mm512_test_epi8_mask(faults, faults) == 0 && !ends_early(buf, len);
}

#endif							/* NVP_UTF8_X86 */

/* nvp_utf8_scan_body returns a body: 1 AVX2, 2 AVX-512; NULL if this machine cannot run it. */
NvpUtf8ScanFunc
nvp_utf8_scan_body(int level)
{
#ifdef NVP_UTF8_X86
	if (level == 2 && __builtin_cpu_supports("avx512bw"))
		return scan_avx512;
	if (level == 1 && __builtin_cpu_supports("avx2"))
		return scan_avx2;
#endif
	return NULL;
}

/* nvp_utf8_scan_best returns the fastest body this machine can run, or NULL. */
NvpUtf8ScanFunc
nvp_utf8_scan_best(void)
{
	NvpUtf8ScanFunc best = nvp_utf8_scan_body(2);

	return best ? best : nvp_utf8_scan_body(1);
}
