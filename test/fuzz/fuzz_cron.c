/*-------------------------------------------------------------------------
 *
 * fuzz_cron.c
 *		Any bytes as a cron expression: read or refused, and what is read names
 *		times in order.
 *
 * Built with libFuzzer (clang), or with -DNVP_FUZZ_MAIN as a program that makes
 * random expressions of the pieces that mean something: fuzz_cron [rounds [seed]].
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/calendar.h"
#include "schedule/cron.h"

#define STEPS	20

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* each time is after the one before, on a day and in a month of the expression's */
static void
walk(const NvpCron *cron)
{
	int32		known = PG_INT32_MIN;
	int64		local = nvp_calendar_days(2024, 2, 28) * INT64CONST(86400);

	for (int i = 0; i < STEPS; i++)
	{
		int64		next = nvp_cron_next(cron, local, &known);
		int			year;
		int			month;
		int			day;

		if (next == NVP_NEVER)
			return;
		nvp_calendar_split(next / 86400, &year, &month, &day);
		if (next <= local || !(cron->months >> month & 1) || !(nvp_cron_month_days(cron, year, month) >> day & 1) ||
			!(cron->hours >> next / 3600 % 24 & 1) || !(cron->minutes >> next / 60 % 60 & 1) ||
			!(cron->seconds >> next % 60 & 1))
			abort();
		local = next;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = pnstrdup((const char *) data, size);
	NvpCron		cron;
	NvpScheduleError error = {0};

	if (nvp_cron_parse(text, &cron, &error))
	{
		if (!cron.seconds || !cron.minutes || !cron.hours || !cron.months)
			abort();
		walk(&cron);
	}
	else
	{
		if (error.path == NULL || error.message == NULL || error.hint == NULL)
			abort();
		pfree(error.message);
	}
	pfree(text);
	return 0;
}

#ifdef NVP_FUZZ_MAIN
int
main(int argc, char **argv)
{
	static const char *const pieces[] = {"*", "0", "5", "29", "59", "31", "12", "/", "/2", "-", ",", " ", " ", " ", "L", "W",
		"#", "MON", "sun", "FEB", "?", "@daily", "L-3", "15W", "5L", "1#5", "* * * * *", " * *", "\t", "\xc3\xa4"};
	int			rounds = argc > 1 ? atoi(argv[1]) : 200000;

	srandom(argc > 2 ? atoi(argv[2]) : 1);
	for (int i = 0; i < rounds; i++)
	{
		char		text[256] = "";

		for (int n = random() % 16; n >= 0; n--)
			strlcat(text, pieces[random() % lengthof(pieces)], sizeof(text));
		LLVMFuzzerTestOneInput((uint8_t *) text, strlen(text));
	}
	printf("ok 1 - fuzz_cron: %d rounds\n1..1\n", rounds);
	return 0;
}
#endif
