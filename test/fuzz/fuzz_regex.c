/*-------------------------------------------------------------------------
 *
 * fuzz_regex.c
 *		Any bytes as a pattern, any valid text as a subject: no crash, no hang.
 *
 * The input is a pattern, a zero byte and a subject.  Built with libFuzzer
 * (clang), or with -DNVP_FUZZ_MAIN as a program that makes random patterns of
 * the characters that mean something: fuzz_regex [rounds [seed]].
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/model.h"
#include "model/regex_translate.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* the matcher is promised valid UTF-8; any bytes become Latin-1 code points */
static int
make_text(const uint8_t *data, size_t size, char *out)
{
	char	   *p = out;

	for (size_t i = 0; i < size; i++)
	{
		if (data[i] < 0x80)
			*p++ = data[i];
		else
		{
			*p++ = 0xc0 | (data[i] >> 6);
			*p++ = 0x80 | (data[i] & 0x3f);
		}
	}
	return p - out;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = memchr(data, 0, size);
	size_t		plen = zero ? zero - data : size;
	char	   *error = NULL;
	NvpRegex   *regex;

	if (size > 65536)
		return 0;
	regex = nvp_regex_compile((const char *) data, plen, &error);
	if (regex == NULL)
	{
		if (error == NULL)
			abort();
		pfree(error);
		return 0;
	}
	if (zero)
	{
		char	   *text = palloc(2 * (size - plen) + 1);
		int			rc = nvp_regex_match(regex, text, make_text(zero + 1, size - plen - 1, text));

		if (rc < NVP_REGEX_LIMIT || rc > 1)
			abort();
		pfree(text);
	}
	nvp_regex_free(regex);
	return 0;
}

#ifdef NVP_FUZZ_MAIN
int
main(int argc, char **argv)
{
	static const char alphabet[] = "ab01()[]{}?*+|\\^$.-,:=!<>dDwWsSbBkpPucxnJQE\xc3\xa4";
	int			rounds = argc > 1 ? atoi(argv[1]) : 200000;

	srandom(argc > 2 ? atoi(argv[2]) : 1);
	for (int i = 0; i < rounds; i++)
	{
		uint8_t		data[96];
		int			len = 1 + random() % 64;

		for (int j = 0; j < len; j++)
			data[j] = alphabet[random() % (sizeof(alphabet) - 1)];
		data[len] = '\0';
		for (int j = len + 1; j < sizeof(data); j++)
			data[j] = random() % 3 ? "ab01 -"[random() % 6] : random() % 256;
		LLVMFuzzerTestOneInput(data, sizeof(data));
	}
	printf("ok 1 - fuzz_regex: %d rounds\n1..1\n", rounds);
	return 0;
}
#endif
