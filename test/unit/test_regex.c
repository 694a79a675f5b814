/*-------------------------------------------------------------------------
 *
 * test_regex.c
 *		ECMAScript patterns: every line of rule_regex.jsonl, the translator's
 *		refusals, the limits, and the time of a simple rule.
 *
 * usage: test_regex test/data/vectors/rule_regex.jsonl
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <time.h>

#include "model/model.h"

static int	count;
static int	failures;

static void
check(bool ok, const char *what, const char *detail)
{
	count++;
	if (ok)
		return;
	failures++;
	printf("not ok %d - %s: %s\n", count, what, detail);
}

static int
hex4(const char *p)
{
	char		digits[5] = {p[0], p[1], p[2], p[3], 0};

	return (int) strtol(digits, NULL, 16);
}

static char *
put_utf8(char *out, uint32 cp)
{
	if (cp < 0x80)
		*out++ = cp;
	else if (cp < 0x800)
	{
		*out++ = 0xc0 | (cp >> 6);
		*out++ = 0x80 | (cp & 0x3f);
	}
	else
	{
		if (cp < 0x10000)
			*out++ = 0xe0 | (cp >> 12);
		else
		{
			*out++ = 0xf0 | (cp >> 18);
			*out++ = 0x80 | ((cp >> 12) & 0x3f);
		}
		*out++ = 0x80 | ((cp >> 6) & 0x3f);
		*out++ = 0x80 | (cp & 0x3f);
	}
	return out;
}

/* The JSON string after the member name; its length, or -1 if it is missing. */
static int
json_string(const char *line, const char *member, char *out)
{
	char	   *start = out;
	const char *p = strstr(line, member);

	if (p == NULL)
		return -1;
	for (p += strlen(member); *p != '"'; p++)
	{
		static const char from[] = "nrtbf";
		static const char to[] = "\n\r\t\b\f";
		uint32		cp;

		if (*p != '\\')
		{
			*out++ = *p;
			continue;
		}
		p++;
		if (*p != 'u')
		{
			const char *found = strchr(from, *p);

			*out++ = found ? to[found - from] : *p;
			continue;
		}
		cp = hex4(p + 1);
		p += 4;
		if (cp >= 0xd800 && cp < 0xdc00)
		{
			cp = 0x10000 + ((cp - 0xd800) << 10) + (hex4(p + 3) - 0xdc00);
			p += 6;
		}
		out = put_utf8(out, cp);
	}
	*out = '\0';
	return out - start;
}

/* what the rule says about one text: ok, regex, regex_limit or invalid_regex */
static const char *
verdict(const char *pattern, int plen, const char *subject, int slen)
{
	char	   *error;
	NvpRegex   *regex = nvp_regex_compile(pattern, plen, &error);
	int			rc;

	if (regex == NULL)
	{
		pfree(error);
		return "invalid_regex";
	}
	rc = nvp_regex_match(regex, subject, slen);
	nvp_regex_free(regex);
	return rc == 1 ? "ok" : rc == 0 ? "regex" : "regex_limit";
}

static void
replay(const char *path)
{
	static char line[65536];
	static char pattern[65536];
	static char subject[65536];
	FILE	   *f = fopen(path, "r");

	if (f == NULL)
	{
		printf("Bail out! cannot open %s\n", path);
		exit(1);
	}
	while (fgets(line, sizeof(line), f))
	{
		int			plen = json_string(line, "\"regex\":\"", pattern);
		int			slen = json_string(line, "\"input\":\"", subject);
		char		expected[64] = "ok";
		const char *got;

		json_string(line, "\"code\":\"", expected);
		/* empty cells skip the rule; the matcher is not asked */
		if (slen == 0 && strcmp(expected, "ok") == 0)
			continue;
		got = verdict(pattern, plen, subject, slen);
		check(strcmp(got, expected) == 0, got, line);
	}
	fclose(f);
}

/* dialect questions the vectors leave open */
static void
test_dialect(void)
{
	static const struct
	{
		const char *pattern;
		const char *subject;
		const char *expected;
	}			cases[] = {
		{"^\\u{1F600}$", "\xf0\x9f\x98\x80", "ok"},
		{"^\\ud83d\\ude00$", "\xf0\x9f\x98\x80", "ok"},
		{"\\ud83d", "x", "invalid_regex"},
		{"\\udc00", "x", "invalid_regex"},
		{"\\u{d800}", "x", "invalid_regex"},
		{"\\u{110000}", "x", "invalid_regex"},
		{"^\\u12$", "u12", "ok"},
		{"^\\xg1$", "xg1", "ok"},
		{"^\\c1$", "\\c1", "ok"},
		{"^[\\S]$", "a", "ok"},
		{"^[\\S]$", "\xe2\x80\xa8", "regex"},
		{"^[^\\s]$", "\xc2\xa0", "regex"},
		{"^[^\\S]$", " ", "ok"},
		{"^[\\d-x]+$", "1-x", "ok"},
		{"^[x-\\d]+$", "x-1", "ok"},
		{"^[x-\\d]+$", "y", "regex"},
		{"^[a-c-e]+$", "b-e", "ok"},
		{"^[a-c-e]+$", "d", "regex"},
		{"^(a)\\2$", "a\x02", "ok"},
		{"^(a)\\1$", "aa", "ok"},
		{"^\\1(a)$", "a", "ok"},
		{"^\\400$", " 0", "ok"},
		{"^\\k<x>$", "k<x>", "ok"},
		{"^(?<x>a)\\kx$", "a", "invalid_regex"},
		{"^(?<x>a)\\k<y>$", "a", "invalid_regex"},
		{"^\\p{Uppercase_Letter}\\p{gc=Ll}$", "Ab", "ok"},
		{"^\\p{Script=Greek}+$", "\xce\xb1\xce\xb2", "ok"},
		{"^[\\p{L}\\d]+$", "\xc3\xa4" "1", "ok"},
		{"^\\P{L}$", "1", "ok"},
		{"^\\p{nonsense}$", "1", "invalid_regex"},
		{"^\\p$", "p", "ok"},
		{"[]*", "x", "ok"},
		{"^[^]*$", "a\nb", "ok"},
		{"^(?=a)*b$", "b", "ok"},
		{"^*", "a", "invalid_regex"},
		{"\\b+", "a", "invalid_regex"},
		{"(?<=a)*", "a", "invalid_regex"},
		{"(?<=a*)b", "ab", "invalid_regex"},
		{"(|a)b", "b", "ok"},
		{"a|*", "a", "invalid_regex"},
		{"a{2}{3}", "a", "invalid_regex"},
		{"a{99999}", "a", "invalid_regex"},
		{"^{2}$", "{2}", "invalid_regex"},
		{"^x{ 1}$", "x{ 1}", "ok"},
		{"^[\\cA]$", "\x01", "ok"},
		{"^\\_\\-\\#$", "_-#", "ok"},
		{"(*ACCEPT)", "a", "invalid_regex"},
		{"(?R)", "a", "invalid_regex"},
		{"(?1)(a)", "a", "invalid_regex"},
		{"(?C1)a", "a", "invalid_regex"},
		{"^a#b$", "a#b", "ok"},
		{"[z-\\u0061]", "a", "invalid_regex"},
		{"\\", "a", "invalid_regex"},
		{"[\\", "a", "invalid_regex"},
	};

	for (int i = 0; i < lengthof(cases); i++)
	{
		const char *got = verdict(cases[i].pattern, strlen(cases[i].pattern),
								  cases[i].subject, strlen(cases[i].subject));

		if (strcmp(got, cases[i].expected) != 0)
			printf("# got %s, expected %s\n", got, cases[i].expected);
		check(strcmp(got, cases[i].expected) == 0, "dialect", cases[i].pattern);
	}
}

static void
test_limits(void)
{
	static char text[80000];

	memset(text, '(', 101);
	memset(text + 101, ')', 101);
	check(strcmp(verdict(text, 202, "", 0), "invalid_regex") == 0, "nesting", "101 levels are refused");
	check(strcmp(verdict(text + 1, 200, "", 0), "ok") == 0, "nesting", "100 levels are taken");
	memset(text, 'a', sizeof(text));
	check(strcmp(verdict(text, 2001, "", 0), "invalid_regex") == 0, "length", "2001 characters are refused");
	check(strcmp(verdict(text, 2000, text, 2000), "ok") == 0, "length", "2000 characters are taken");
	check(strcmp(verdict("a", 1, text, 65537), "regex_limit") == 0, "subject", "65537 bytes are not matched");
	check(strcmp(verdict("a", 1, text, 65536), "ok") == 0, "subject", "65536 bytes are matched");
	/* needs more stack than a match may have: given up, not crashed */
	check(strcmp(verdict("^(?:(a)|ab)*[^a]$", 17, text, 60000), "regex_limit") == 0, "stack", "deep recursion is given up");
}

/* bar: 0.15 us a cell for class, repeat and anchors */
static void
measure(void)
{
	const char *subject = "DE89370400440532013000";
	const char *pattern = "^[A-Z]{2}\\d{2}[A-Z0-9]{11,30}$";
	char	   *error;
	NvpRegex   *regex = nvp_regex_compile(pattern, strlen(pattern), &error);
	struct timespec a;
	struct timespec b;
	int			found = 0;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (int i = 0; i < 1000000; i++)
		found += nvp_regex_match(regex, subject, 22);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	check(found == 1000000, "measure", "every subject matches");
	printf("# %.3f us a cell\n", ((b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec)) / 1e9);
	nvp_regex_free(regex);
}

int
main(int argc, char **argv)
{
	replay(argc > 1 ? argv[1] : "test/data/vectors/rule_regex.jsonl");
	test_dialect();
	test_limits();
	measure();
	printf("%s - regex: %d checks, %d failed\n1..1\n", failures ? "not ok 1" : "ok 1", count, failures);
	return failures != 0;
}
