/*-------------------------------------------------------------------------
 *
 * csv_scan.c
 *		Where the bytes are that mean something in delimited text.
 *
 * The vector bodies compare 64 bytes with each sign, join the results to one
 * mask of 64 bits and write the positions of its ones.  Positions are written
 * eight or sixteen at a time whether they are needed or not: a surplus store
 * costs less than a branch that cannot be foretold.  (That is the slack in out.)
 *
 * Nothing here knows what a quote means; that is left to the reader, which
 * looks at few bytes in a hundred.
 *
 * Pure: also built outside the server (see test/unit).
 * Source: Langdale and Lemire, "Parsing gigabytes of JSON per second", 2019,
 *		   section 3.2, for the flattening of masks.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bitutils.h"

#include "format/csv_scan.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define NVP_SCAN_X86
#include <immintrin.h>
#endif

/* nvp_csv_scan_plain is the body without vectors, and the oracle for the others. */
uint32
nvp_csv_scan_plain(const char *buf, uint32 from, uint32 to,
				   const NvpCsvSigns *signs, uint32 *out)
{
	uint32		n = 0;

	for (uint32 i = from; i < to; i++)
	{
		char		c = buf[i];

		out[n] = i;
		n += (c == signs->delimiter || c == '\n' || c == '\r' ||
			  c == signs->quote || c == signs->escape);
	}
	return n;
}

#ifdef NVP_SCAN_X86

/* 0, 1, 2 ... 63 */
static const uint64 byte_numbers[8] = {
	UINT64CONST(0x0706050403020100), UINT64CONST(0x0f0e0d0c0b0a0908),
	UINT64CONST(0x1716151413121110), UINT64CONST(0x1f1e1d1c1b1a1918),
	UINT64CONST(0x2726252423222120), UINT64CONST(0x2f2e2d2c2b2a2928),
	UINT64CONST(0x3736353433323130), UINT64CONST(0x3f3e3d3c3b3a3938)
};

/* the lowest bit of mask goes to out[k]; mask may be used up: any value may be stored then */
#define TAKE_BIT(k) \
	(out[k] = base + (uint32) __builtin_ctzll(mask | (UINT64CONST(1) << 63)), mask &= mask - 1)

/* flatten writes base + i for each bit i of mask; returns how many */
static inline __attribute__((always_inline)) uint32
flatten(uint64 mask, uint32 base, uint32 *out)
{
	uint32		count = __builtin_popcountll(mask);

	/* written out, for compilers do not unroll this at -O2 */
	for (uint32 done = 0; done < count; done += 8, out += 8)
	{
		TAKE_BIT(0);
		TAKE_BIT(1);
		TAKE_BIT(2);
		TAKE_BIT(3);
		TAKE_BIT(4);
		TAKE_BIT(5);
		TAKE_BIT(6);
		TAKE_BIT(7);
	}
	return count;
}

/* bits of a 64-byte block that begins at from and lies before to */
static inline uint64
block_limit(uint32 from, uint32 to)
{
	return (to - from >= 64) ? ~UINT64CONST(0) : (UINT64CONST(1) << (to - from)) - 1;
}

static inline __attribute__((always_inline)) uint32
match16(const char *p, __m128i delimiter, __m128i quote, __m128i escape)
{
	__m128i		v = _mm_loadu_si128((const __m128i *) p);
	__m128i		hit = _mm_cmpeq_epi8(v, delimiter);

	hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, quote));
	hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, escape));
	hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8('\n')));
	hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8('\r')));
	return (uint32) _mm_movemask_epi8(hit);
}

static uint32
scan_sse2(const char *buf, uint32 from, uint32 to, const NvpCsvSigns *signs, uint32 *out)
{
	__m128i		delimiter = _mm_set1_epi8(signs->delimiter);
	__m128i		quote = _mm_set1_epi8(signs->quote);
	__m128i		escape = _mm_set1_epi8(signs->escape);
	uint32	   *begin = out;

	for (; from < to; from += Min(64, to - from))
	{
		const char *p = buf + from;
		uint64		mask = match16(p, delimiter, quote, escape) |
			(uint64) match16(p + 16, delimiter, quote, escape) << 16 |
			(uint64) match16(p + 32, delimiter, quote, escape) << 32 |
			(uint64) match16(p + 48, delimiter, quote, escape) << 48;

		out += flatten(mask & block_limit(from, to), from, out);
	}
	return out - begin;
}

#define NVP_AVX2 __attribute__((target("avx2,bmi,popcnt")))

static inline NVP_AVX2 uint32
match32(const char *p, __m256i delimiter, __m256i quote, __m256i escape)
{
	__m256i		v = _mm256_loadu_si256((const __m256i *) p);
	__m256i		hit = _mm256_cmpeq_epi8(v, delimiter);

	hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(v, quote));
	hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(v, escape));
	hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\n')));
	hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\r')));
	return (uint32) _mm256_movemask_epi8(hit);
}

static NVP_AVX2 uint32
scan_avx2(const char *buf, uint32 from, uint32 to, const NvpCsvSigns *signs, uint32 *out)
{
	__m256i		delimiter = _mm256_set1_epi8(signs->delimiter);
	__m256i		quote = _mm256_set1_epi8(signs->quote);
	__m256i		escape = _mm256_set1_epi8(signs->escape);
	uint32	   *begin = out;

	for (; from < to; from += Min(64, to - from))
	{
		const char *p = buf + from;
		uint64		mask = match32(p, delimiter, quote, escape) |
			(uint64) match32(p + 32, delimiter, quote, escape) << 32;

		out += flatten(mask & block_limit(from, to), from, out);
	}
	return out - begin;
}

#define NVP_AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi,popcnt")))

/* Here one instruction moves the numbers of the matching bytes together. */
static NVP_AVX512 uint32
scan_avx512(const char *buf, uint32 from, uint32 to, const NvpCsvSigns *signs, uint32 *out)
{
	__m512i		delimiter = _mm512_set1_epi8(signs->delimiter);
	__m512i		quote = _mm512_set1_epi8(signs->quote);
	__m512i		escape = _mm512_set1_epi8(signs->escape);
	__m512i		lf = _mm512_set1_epi8('\n');
	__m512i		cr = _mm512_set1_epi8('\r');
	__m512i		numbers = _mm512_loadu_si512(byte_numbers);
	uint32	   *begin = out;

	for (; from < to; from += Min(64, to - from))
	{
		__m512i		v = _mm512_loadu_si512(buf + from);
		uint64		mask = _mm512_cmpeq_epi8_mask(v, delimiter) | _mm512_cmpeq_epi8_mask(v, quote) |
			_mm512_cmpeq_epi8_mask(v, escape) | _mm512_cmpeq_epi8_mask(v, lf) | _mm512_cmpeq_epi8_mask(v, cr);
		uint32		count;

		mask &= block_limit(from, to);
		count = __builtin_popcountll(mask);
		v = _mm512_maskz_compress_epi8(mask, numbers);
		for (uint32 done = 0; done < count; done += 16)
		{
			__m512i		offsets = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(v));

			_mm512_storeu_si512(out + done, _mm512_add_epi32(offsets, _mm512_set1_epi32(from)));
			v = _mm512_alignr_epi32(v, v, 4);
		}
		out += count;
	}
	return out - begin;
}

#endif							/* NVP_SCAN_X86 */

/*
 * nvp_csv_scan_body returns one of the bodies: 0 plain, 1 SSE2, 2 AVX2,
 * 3 AVX-512; NULL if this machine cannot run it.
 */
NvpCsvScanFunc
nvp_csv_scan_body(int level)
{
#ifdef NVP_SCAN_X86
	if (level == 3 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2"))
		return scan_avx512;
	if (level == 2 && __builtin_cpu_supports("avx2") &&
		__builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt"))
		return scan_avx2;
	if (level == 1)
		return scan_sse2;
#endif
	return level == 0 ? nvp_csv_scan_plain : NULL;
}

/* nvp_csv_scan_best returns the fastest body this machine can run. */
NvpCsvScanFunc
nvp_csv_scan_best(void)
{
	int			level = 3;

	while (nvp_csv_scan_body(level) == NULL)
		level--;
	return nvp_csv_scan_body(level);
}
