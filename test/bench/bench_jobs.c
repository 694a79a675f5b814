/*
 * bench_jobs.c - how long from a call until somebody is told, over libpq
 *
 * bench_jobs CONNINFO N floor		INSERT and NOTIFY in one commit, until a listener has it
 * bench_jobs CONNINFO N start SQL	a statement that queues an execution, until its RUNNING is heard
 * bench_jobs CONNINFO N cold SQL	the same when no runner is there
 *
 * Prints a line for each: milliseconds until it was heard; for executions also
 * until it was claimed, by started_at and this machine's clock.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <libpq-fe.h>

static double
now_ms(void)
{
	struct timeval tv;

	gettimeofday(&tv, NULL);
	return tv.tv_sec * 1000.0 + tv.tv_usec / 1000.0;
}

static void
fail(const char *what, PGconn *conn)
{
	fprintf(stderr, "%s: %s", what, PQerrorMessage(conn));
	exit(1);
}

/* the first value of a statement's result, or an empty text; valid until the next call */
static const char *
value(PGconn *conn, const char *sql)
{
	static PGresult *result = NULL;

	PQclear(result);
	result = PQexec(conn, sql);
	if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
		fail(sql, conn);
	return PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "";
}

/* wait for a notification whose payload holds both texts; gives the time, or 0 after a while */
static double
heard(PGconn *conn, const char *id, const char *word)
{
	double		until = now_ms() + 20000;

	while (now_ms() < until)
	{
		struct pollfd fd = {PQsocket(conn), POLLIN, 0};
		PGnotify   *notify;
		double		at;

		while ((notify = PQnotifies(conn)) != NULL)
		{
			int			is_it = strstr(notify->extra, id) != NULL && strstr(notify->extra, word) != NULL;

			at = now_ms();
			PQfreemem(notify);
			if (is_it)
				return at;
		}
		poll(&fd, 1, 1000);
		if (!PQconsumeInput(conn))
			fail("listen", conn);
	}
	return 0;
}

static void
floor_of(PGconn *caller, PGconn *listener, int n)
{
	value(caller, "CREATE TABLE IF NOT EXISTS bench_floor (id int, note text)");
	value(listener, "LISTEN bench_floor");
	for (int i = 0; i < n; i++)
	{
		char		sql[200];
		char		id[20];
		double		from;

		snprintf(id, sizeof(id), "<%d>", i);
		snprintf(sql, sizeof(sql), "BEGIN; INSERT INTO bench_floor VALUES (%d, 'x'); NOTIFY bench_floor, '%s'; COMMIT", i, id);
		from = now_ms();
		value(caller, sql);
		printf("%.3f\n", heard(listener, id, "") - from);
		usleep(2000);
	}
}

static void
start_of(PGconn *caller, PGconn *listener, int n, const char *statement, int is_cold)
{
	value(listener, "LISTEN nuvopipe");
	for (int i = 0; i < n; i++)
	{
		char		id[64];
		char		sql[300];
		double		from;
		double		running;

		while (is_cold && strcmp(value(caller, "SELECT count(*) FROM nuvopipe.workers WHERE kind = 'runner'"), "0") != 0)
			usleep(20000);
		if (is_cold)
			usleep(100000);
		from = now_ms();
		snprintf(id, sizeof(id), "%s", value(caller, statement));
		running = heard(listener, id, "RUNNING");
		if (running == 0 || heard(listener, id, "SUCCEEDED") == 0)
		{
			fprintf(stderr, "execution %s was not run\n", id);
			exit(1);
		}
		snprintf(sql, sizeof(sql), "SELECT extract(epoch FROM started_at) * 1000 FROM _nuvopipe.execution WHERE id = '%s'", id);
		printf("%.3f %.3f\n", running - from, atof(value(caller, sql)) - from);
		usleep(2000);
	}
}

int
main(int argc, char **argv)
{
	PGconn	   *caller;
	PGconn	   *listener;

	if (argc < 4)
	{
		fprintf(stderr, "usage: bench_jobs CONNINFO N floor|start|cold [SQL]\n");
		return 2;
	}
	caller = PQconnectdb(argv[1]);
	listener = PQconnectdb(argv[1]);
	if (PQstatus(caller) != CONNECTION_OK || PQstatus(listener) != CONNECTION_OK)
		fail("connect", caller);
	if (strcmp(argv[3], "floor") == 0)
		floor_of(caller, listener, atoi(argv[2]));
	else
		start_of(caller, listener, atoi(argv[2]), argv[4], strcmp(argv[3], "cold") == 0);
	PQfinish(caller);
	PQfinish(listener);
	return 0;
}
