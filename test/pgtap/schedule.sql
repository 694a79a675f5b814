-- Schedules by a clock of our own: nothing is committed, so that no process sees them, and nobody sleeps.
\set QUIET 1
SET client_min_messages = warning;
SET timezone = 'UTC';
BEGIN;
SELECT plan(140);

CREATE TABLE sched_target (a text);
CREATE ROLE sched_user; GRANT nuvopipe_user TO sched_user;
SELECT nuvopipe.create_tdm('sched', '[{"key": "a"}]') \g /dev/null
SELECT nuvopipe.create_connector('sched in', 'INPUT', 'FILE', '{"directory_path": "/nowhere", "file_name": "x.csv"}') \g /dev/null
SELECT nuvopipe.create_connector('sched out', 'OUTPUT', 'TABLE', '{"relation": "public.sched_target"}') \g /dev/null

/* ---- tools ---- */

CREATE TEMP SEQUENCE serial;

-- a pipeline whose schedule was set at a moment
CREATE FUNCTION pg_temp.make(config jsonb, moment timestamptz) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	new_id uuid := nuvopipe.create_pipeline('sched ' || nextval('pg_temp.serial'), 'sched in', 'sched', 'sched out', schedule => config);
BEGIN
	DELETE FROM _nuvopipe.schedule s WHERE s.id = new_id;
	PERFORM _nuvopipe.sync_schedule(new_id, moment);
	RETURN new_id;
END $$;

-- whoever waits is done: in no time, or (RUNNING) never
CREATE FUNCTION pg_temp.work(id uuid, moment timestamptz, status text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM _nuvopipe.execution e WHERE e.tenant_id = _nuvopipe.tenant() AND e.pipeline_id = work.id AND e.status = 'RUNNING') THEN
		RETURN;
	END IF;
	UPDATE _nuvopipe.planned_run p SET outcome = 'RAN', started_at = moment FROM _nuvopipe.execution e
		WHERE p.tenant_id = _nuvopipe.tenant() AND p.pipeline_id = work.id AND p.run_id = e.run_id AND e.status = 'QUEUED' AND p.outcome = 'WAITING';
	UPDATE _nuvopipe.execution e SET status = work.status, started_at = moment,
			lease_until = CASE WHEN work.status = 'RUNNING' THEN moment END
		WHERE e.tenant_id = _nuvopipe.tenant() AND e.pipeline_id = work.id AND e.status = 'QUEUED';
END $$;

-- all that is due at a moment; then work, if somebody works
CREATE FUNCTION pg_temp.fire(id uuid, moment timestamptz, worker text DEFAULT NULL) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	n int;
	total int := 0;
BEGIN
	LOOP
		n := _nuvopipe.fire(moment, id);
		EXIT WHEN n = 0;
		total := total + n;
	END LOOP;
	IF worker IS NOT NULL AND total > 0 THEN
		PERFORM pg_temp.work(id, moment, worker);
	END IF;
	RETURN total;
END $$;

CREATE FUNCTION pg_temp.walk(id uuid, first timestamptz, last timestamptz, step interval, worker text DEFAULT 'SUCCEEDED') RETURNS void
LANGUAGE sql AS $$
	SELECT pg_temp.fire(id, m, worker) FROM generate_series(first, last, step) m
$$;

-- "HH:MI outcome" of its instants in order; (3) for a row that stands for three
CREATE FUNCTION pg_temp.story(id uuid, pattern text DEFAULT 'HH24:MI') RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(to_char(p.planned_at, pattern) || CASE WHEN p.instants > 1 THEN '(' || p.instants || ')' ELSE '' END
			|| ' ' || p.outcome, ', ' ORDER BY p.planned_at), '')
		FROM _nuvopipe.planned_run p WHERE p.tenant_id = _nuvopipe.tenant() AND p.pipeline_id = id
$$;
CREATE FUNCTION pg_temp.outcomes(id uuid) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(p.outcome, ' ' ORDER BY p.planned_at), '') FROM _nuvopipe.planned_run p WHERE p.tenant_id = _nuvopipe.tenant() AND p.pipeline_id = id
$$;
CREATE FUNCTION pg_temp.runs(id uuid) RETURNS bigint LANGUAGE sql AS
	'SELECT count(DISTINCT run_id) FROM _nuvopipe.execution WHERE pipeline_id = $1';

/* ---- eleven zones, both nights, every policy ---- */

CREATE TEMP TABLE night (zone text, kind text, wall timestamp, instant timestamptz);
-- wall: in the hour that does not exist, or comes twice; instant: when it is to run, from the tables of the zones
INSERT INTO night VALUES
	('Europe/Berlin', 'gap', '2024-03-31 02:30', '2024-03-31 01:00Z'), ('Europe/Berlin', 'overlap', '2024-10-27 02:30', '2024-10-27 00:30Z'),
	('Europe/London', 'gap', '2024-03-31 01:30', '2024-03-31 01:00Z'), ('Europe/London', 'overlap', '2024-10-27 01:30', '2024-10-27 00:30Z'),
	('America/New_York', 'gap', '2024-03-10 02:30', '2024-03-10 07:00Z'), ('America/New_York', 'overlap', '2024-11-03 01:30', '2024-11-03 05:30Z'),
	('America/St_Johns', 'gap', '2024-03-10 02:30', '2024-03-10 05:30Z'), ('America/St_Johns', 'overlap', '2024-11-03 01:30', '2024-11-03 04:00Z'),
	('America/Sao_Paulo', 'gap', '2018-11-04 00:30', '2018-11-04 03:00Z'), ('America/Sao_Paulo', 'overlap', '2018-02-17 23:30', '2018-02-18 01:30Z'),
	('Australia/Sydney', 'gap', '2024-10-06 02:30', '2024-10-05 16:00Z'), ('Australia/Sydney', 'overlap', '2024-04-07 02:30', '2024-04-06 15:30Z'),
	('Australia/Lord_Howe', 'gap', '2024-10-06 02:15', '2024-10-05 15:30Z'), ('Australia/Lord_Howe', 'overlap', '2024-04-07 01:45', '2024-04-06 14:45Z'),
	('Pacific/Chatham', 'gap', '2024-09-29 03:00', '2024-09-28 14:00Z'), ('Pacific/Chatham', 'overlap', '2024-04-07 03:00', '2024-04-06 13:15Z'),
	('Asia/Tehran', 'gap', '2022-03-22 00:30', '2022-03-21 20:30Z'), ('Asia/Tehran', 'overlap', '2022-09-21 23:30', '2022-09-21 19:00Z'),
	('Antarctica/Troll', 'gap', '2024-03-31 02:00', '2024-03-31 01:00Z'), ('Antarctica/Troll', 'overlap', '2024-10-27 02:00', '2024-10-27 00:00Z'),
	('Africa/Casablanca', 'gap', '2024-04-14 02:30', '2024-04-14 02:00Z'), ('Africa/Casablanca', 'overlap', '2024-03-10 02:30', '2024-03-10 01:30Z');

-- the instants of three days, as they were planned
CREATE FUNCTION pg_temp.instants(id uuid) RETURNS timestamptz[] LANGUAGE sql AS
	'SELECT array_agg(planned_at ORDER BY planned_at) FROM _nuvopipe.planned_run WHERE tenant_id = _nuvopipe.tenant() AND pipeline_id = id';

-- one night with one set of policies, in one way; what became of the three instants
CREATE FUNCTION pg_temp.night_of(n night, way text, overlap text, missed text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	first timestamptz := (n.wall - interval '1 day') AT TIME ZONE n.zone;
	last timestamptz := (n.wall + interval '1 day') AT TIME ZONE n.zone;
	id uuid := pg_temp.make(jsonb_build_object('frequency', 'DAILY', 'time_zone', n.zone, 'overlap', overlap, 'missed', missed,
		'starts_on', to_char(first, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'ends_on', to_char(last, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')), first - interval '5 hours');
BEGIN
	IF way = 'down' THEN
		PERFORM pg_temp.walk(id, first - interval '1 hour', first + interval '1 hour', '5 minutes');
		PERFORM pg_temp.walk(id, n.instant + interval '3 hours', n.instant + interval '4 hours', '15 minutes');
		PERFORM pg_temp.walk(id, last - interval '1 hour', last + interval '1 hour', '15 minutes');
	ELSE
		PERFORM pg_temp.walk(id, m - interval '3 hours', m + interval '3 hours', '15 minutes', CASE way WHEN 'quick' THEN 'SUCCEEDED' ELSE 'RUNNING' END)
			FROM unnest(ARRAY[first, n.instant, last]) WITH ORDINALITY w (m, i) ORDER BY w.i;
	END IF;
	IF pg_temp.instants(id) IS DISTINCT FROM ARRAY[first, n.instant, last] THEN
		RETURN format('%s %s: %s instead of %s', n.zone, n.kind, pg_temp.instants(id), ARRAY[first, n.instant, last]);
	END IF;
	RETURN pg_temp.outcomes(id);
END $$;

SELECT is(string_agg(DISTINCT pg_temp.night_of(n, 'quick', o, 'ONE'), '; '), 'RAN RAN RAN',
		'daily at a time that does not exist, or comes twice: each day once, ' || o || ' (' || count(*) || ' nights)')
	FROM night n, unnest('{SKIP,QUEUE_ONE,QUEUE_ALL,ALLOW,CANCEL_OLD}'::text[]) o GROUP BY o;
SELECT is(string_agg(DISTINCT pg_temp.night_of(n, 'down', 'QUEUE_ONE', m), '; '), CASE m WHEN 'NONE' THEN 'RAN SKIPPED_DOWN RAN' ELSE 'RAN RAN RAN' END,
		'nobody there that night, ' || m)
	FROM night n, unnest('{NONE,ONE,ALL}'::text[]) m GROUP BY m;
SELECT is(string_agg(DISTINCT pg_temp.night_of(n, 'slow', o, 'ONE'), '; '), CASE o WHEN 'SKIP' THEN 'RAN SKIPPED_OVERLAP SKIPPED_OVERLAP'
		WHEN 'QUEUE_ONE' THEN 'RAN WAITING SKIPPED_OVERLAP' WHEN 'CANCEL_OLD' THEN 'RAN CANCELED WAITING' ELSE 'RAN WAITING WAITING' END,
		'a run that takes days, ' || o)
	FROM night n, unnest('{SKIP,QUEUE_ONE,QUEUE_ALL,ALLOW,CANCEL_OLD}'::text[]) o GROUP BY o;

-- nothing is committed, so that nobody else does it
ANALYZE _nuvopipe.execution, _nuvopipe.run, _nuvopipe.planned_run, _nuvopipe.schedule, _nuvopipe.pipeline, _nuvopipe.pipeline_configuration;

-- elapsed time is not moved by a clock
SELECT pg_temp.make('{"frequency": "HOURLY", "time_zone": "Europe/Berlin", "starts_on": "2024-03-30T22:00:00Z"}', '2024-03-30 21:30Z') AS id \gset
SELECT pg_temp.walk(:'id', '2024-03-30 21:30Z', '2024-03-31 03:10Z', '10 minutes') \g /dev/null
SELECT is(pg_temp.story(:'id'), '22:00 RAN, 23:00 RAN, 00:00 RAN, 01:00 RAN, 02:00 RAN, 03:00 RAN', 'hourly through a gap');
SELECT pg_temp.make('{"cron": "30 * * * *", "time_zone": "Europe/Berlin"}', '2024-10-26 22:50Z') AS id \gset
SELECT pg_temp.walk(:'id', '2024-10-26 22:50Z', '2024-10-27 03:10Z', '10 minutes') \g /dev/null
SELECT is(pg_temp.story(:'id'), '23:30 RAN, 00:30 RAN, 01:30 RAN, 02:30 RAN', 'an hourly cron through an overlap');

/* ---- month ends, leap days ---- */

SELECT pg_temp.make('{"frequency": "MONTHLY", "starts_on": "2023-10-31T06:00:00Z"}', '2023-10-01Z') AS id \gset
SELECT pg_temp.walk(:'id', '2023-10-01Z', '2024-05-31 12:00Z', '6 hours') \g /dev/null
SELECT is(pg_temp.story(:'id', 'MMDD HH24'), '1031 06 RAN, 1130 06 RAN, 1231 06 RAN, 0131 06 RAN, 0229 06 RAN, 0331 06 RAN, 0430 06 RAN, 0531 06 RAN',
	'the 31st of each month, or its last day');
SELECT pg_temp.make('{"frequency": "MONTHLY", "last_day": true, "starts_on": "2023-02-10T00:00:00Z"}', '2023-02-01Z') AS id \gset
SELECT pg_temp.walk(:'id', '2023-02-01Z', '2023-05-01Z', '6 hours') \g /dev/null
SELECT is(pg_temp.story(:'id', 'MMDD'), '0228 RAN, 0331 RAN, 0430 RAN', 'the last day of each month');
SELECT pg_temp.make('{"frequency": "YEARLY", "starts_on": "2020-02-29T12:00:00Z"}', '2020-01-01Z') AS id \gset
SELECT pg_temp.walk(:'id', '2020-01-01Z', '2024-12-31Z', '12 hours') \g /dev/null
SELECT is(pg_temp.story(:'id', 'YYMMDD'), '200229 RAN, 210228 RAN, 220228 RAN, 230228 RAN, 240229 RAN', 'a leap day every year');

/* ---- the beginning and the end ---- */

SELECT pg_temp.make('{"frequency": "HOURLY"}', '2024-01-01 10:20:30.5Z') AS id \gset
SELECT is(next_at, '2024-01-01 11:20:30Z', 'without starts_on steps count from when it was set') FROM _nuvopipe.schedule WHERE id = :'id';
SELECT pg_temp.make('{"frequency": "HOURLY", "starts_on": "2024-01-01T10:00:00Z"}', '2024-01-01 10:00:20Z') AS id \gset
SELECT is(next_at, '2024-01-01 10:00:00Z', 'a first run that was wanted just now still is') FROM _nuvopipe.schedule WHERE id = :'id';
SELECT pg_temp.make('{"frequency": "HOURLY", "starts_on": "2024-01-01T10:00:00Z"}', '2024-01-01 10:02Z') AS id \gset
SELECT is(next_at, '2024-01-01 11:00:00Z', 'one that is longer past is not') FROM _nuvopipe.schedule WHERE id = :'id';
SELECT pg_temp.make('{"frequency": "HOURLY", "starts_on": "2024-01-01T10:00:00Z", "ends_on": "2024-01-01T12:00:00Z"}', '2024-01-01Z') AS id \gset
SELECT pg_temp.walk(:'id', '2024-01-01 09:00Z', '2024-01-01 15:00Z', '10 minutes') \g /dev/null
SELECT is(pg_temp.story(:'id'), '10:00 RAN, 11:00 RAN, 12:00 RAN', 'ends_on is the last');
SELECT is(state || ' ' || coalesce(next_at::text, 'never'), 'ENDED never', 'then it has ended') FROM nuvopipe.schedules WHERE pipeline = :'id';
SELECT is(pg_temp.fire(:'id', '2025-01-01Z'), 0, 'and is never due');

/* ---- missed ---- */

-- down from 12:00:30 to 17:30:20
CREATE FUNCTION pg_temp.outage(policies jsonb, back timestamptz DEFAULT '2024-01-01 17:30:20Z') RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	id uuid := pg_temp.make('{"frequency": "HOURLY", "starts_on": "2024-01-01T11:00:00Z"}' || policies, '2024-01-01Z');
BEGIN
	PERFORM pg_temp.walk(id, '2024-01-01 11:00Z', '2024-01-01 12:00:30Z', '30 seconds');
	PERFORM pg_temp.fire(id, back);
	RETURN id;
END $$;
SELECT is(pg_temp.story(pg_temp.outage('{}')), '11:00 RAN, 12:00 RAN, 13:00 SKIPPED_DOWN, 14:00 SKIPPED_DOWN, 15:00 SKIPPED_DOWN, 16:00 SKIPPED_DOWN, 17:00 WAITING',
	'after an outage the newest is made up');
SELECT is(pg_temp.story(pg_temp.outage('{"missed": "NONE"}')),
	'11:00 RAN, 12:00 RAN, 13:00 SKIPPED_DOWN, 14:00 SKIPPED_DOWN, 15:00 SKIPPED_DOWN, 16:00 SKIPPED_DOWN, 17:00 SKIPPED_DOWN', 'NONE: none is');
SELECT is(pg_temp.story(pg_temp.outage('{"missed": "ALL"}')),
	'11:00 RAN, 12:00 RAN, 13:00 WAITING, 14:00 WAITING, 15:00 WAITING, 16:00 WAITING, 17:00 WAITING', 'ALL: all are, one after another');
SELECT is(pg_temp.story(pg_temp.outage('{"missed": "ALL", "missed_limit": 2}')),
	'11:00 RAN, 12:00 RAN, 13:00 SKIPPED_DOWN, 14:00 SKIPPED_DOWN, 15:00 SKIPPED_DOWN, 16:00 WAITING, 17:00 WAITING', 'up to a limit');
SELECT pg_temp.outage('{"missed": "ALL", "overlap": "SKIP"}') AS id \gset
SELECT is(pg_temp.runs(:'id'), 7::bigint, 'whatever the overlap policy');
SELECT is(reason, 'made up: it was missed', 'and that is noted') FROM _nuvopipe.planned_run WHERE pipeline_id = :'id' AND planned_at = '2024-01-01 13:00Z';
SELECT is(pg_temp.story(pg_temp.outage('{"missed": "NONE"}', '2024-01-01 13:01:00Z')), '11:00 RAN, 12:00 RAN, 13:00 WAITING', 'within the grace it is not missed');
SELECT is(pg_temp.story(pg_temp.outage('{"missed": "NONE"}', '2024-01-01 13:01:00.000001Z')), '11:00 RAN, 12:00 RAN, 13:00 SKIPPED_DOWN', 'a microsecond later it is');
SELECT is(pg_temp.story(pg_temp.outage('{"missed": "NONE", "grace": 3600}', '2024-01-01 14:00:00Z')), '11:00 RAN, 12:00 RAN, 13:00 WAITING, 14:00 SKIPPED_OVERLAP',
	'a longer grace; two at once are an overlap');
SELECT pg_temp.outage('{"missed": "ONE"}', '2024-01-01 15:00:10Z') AS id \gset
SELECT is(pg_temp.story(:'id'), '11:00 RAN, 12:00 RAN, 13:00 SKIPPED_DOWN, 14:00 WAITING, 15:00 SKIPPED_OVERLAP', 'one made up and one on time are an overlap');
SELECT is(pg_temp.fire(:'id', '2024-01-01 15:00:11Z'), 0, 'settled is settled');

-- what is missed by the thousand
SELECT pg_temp.make('{"frequency": "SECONDLY", "missed": "NONE"}', '2024-01-01Z') AS id \gset
SELECT pg_temp.fire(:'id', '2024-01-02 00:00:30Z') \g /dev/null
SELECT is(format('%s rows, %s instants, %s ranges', count(*), sum(instants), count(until_at)), '1062 rows, 86430 instants, 1 ranges',
	'a day of seconds: the newest thousand singly, one row for the rest') FROM _nuvopipe.planned_run WHERE pipeline_id = :'id';
SELECT is(format('%s %s %s %s', planned_at, until_at, instants, outcome), '2024-01-01 00:00:01+00 2024-01-01 23:42:49+00 85369 SKIPPED_DOWN', 'the row for the rest')
	FROM _nuvopipe.planned_run WHERE pipeline_id = :'id' AND until_at IS NOT NULL;
SELECT pg_temp.make('{"frequency": "SECONDLY", "missed": "NONE", "grace": 0}', '2024-01-01Z') AS id \gset
SELECT pg_temp.fire(:'id', '2024-01-01 00:16:41Z') \g /dev/null
SELECT is(format('%s rows, %s instants, %s ranges', count(*), sum(instants), count(until_at)), '1001 rows, 1001 instants, 0 ranges', 'a thousand have rows')
	FROM _nuvopipe.planned_run WHERE pipeline_id = :'id';

/* ---- a clock that jumps ---- */

SELECT pg_temp.make('{"cron": "*/10 * * * *"}', '2024-01-01 09:55Z') AS id \gset
SELECT pg_temp.fire(:'id', '2024-01-01 10:00Z', 'SUCCEEDED') \g /dev/null
SELECT is(pg_temp.fire(:'id', '2024-01-01 09:52Z'), 0, 'back: nothing is due');
SELECT pg_temp.walk(:'id', '2024-01-01 09:52Z', '2024-01-01 10:20Z', '1 minute') \g /dev/null
SELECT is(pg_temp.story(:'id'), '10:00 RAN, 10:10 RAN, 10:20 RAN', 'back: nothing twice, nothing lost');
SELECT is(pg_temp.runs(:'id'), 3::bigint, 'as many runs');
SELECT pg_temp.walk(:'id', '2024-01-01 11:05Z', '2024-01-01 11:10Z', '1 minute') \g /dev/null
SELECT is(pg_temp.story(:'id'), '10:00 RAN, 10:10 RAN, 10:20 RAN, 10:30 SKIPPED_DOWN, 10:40 SKIPPED_DOWN, 10:50 SKIPPED_DOWN, 11:00 RAN, 11:10 RAN', 'forth: as an outage');
-- a clock that was years ahead for a moment: the schedule stands still until somebody takes it back
SELECT pg_temp.make('{"cron": "*/10 * * * *"}', clock_timestamp()) AS id \gset
SELECT pg_temp.fire(:'id', clock_timestamp() + interval '3 days') \g /dev/null
SELECT ok(next_at > clock_timestamp() + interval '2 days', 'far ahead: it waits') FROM _nuvopipe.schedule WHERE id = :'id';
SELECT is(nuvopipe.resume_schedule(:'id'), false, 'resume_schedule takes it back');
SELECT ok(next_at < clock_timestamp() + interval '11 minutes', 'and it goes on now') FROM _nuvopipe.schedule WHERE id = :'id';
SELECT is((SELECT count(*) FROM _nuvopipe.planned_run WHERE pipeline_id = :'id' AND planned_at > clock_timestamp() AND outcome LIKE 'SKIPPED%'), 0::bigint,
	'what was skipped in the future is forgotten');

/* ---- overlap ---- */

SELECT pg_temp.make('{"cron": "0 * * * *", "overlap": "CANCEL_OLD"}', '2024-01-01 09:55Z') AS id \gset
SELECT pg_temp.fire(:'id', '2024-01-01 10:00Z', 'RUNNING'), pg_temp.fire(:'id', '2024-01-01 11:00Z') \g /dev/null
SELECT is(string_agg(status || ' ' || cancel_requested, ', ' ORDER BY queued_at), 'RUNNING true, QUEUED false', 'CANCEL_OLD: what runs is asked to end')
	FROM _nuvopipe.execution WHERE pipeline_id = :'id';
SELECT pg_temp.fire(:'id', '2024-01-01 12:00Z') \g /dev/null
SELECT is(pg_temp.story(:'id'), '10:00 RAN, 11:00 CANCELED, 12:00 WAITING', 'what waits never begins');
SELECT is(reason, 'canceled before it began', 'and says why') FROM _nuvopipe.planned_run WHERE pipeline_id = :'id' AND outcome = 'CANCELED';
SELECT pg_temp.make('{"cron": "0 * * * *", "overlap": "SKIP"}', '2024-01-01 09:55Z') AS id \gset
SELECT nuvopipe.execute(:'id') \g /dev/null
SELECT pg_temp.fire(:'id', '2024-01-01 10:00Z') \g /dev/null
SELECT is(pg_temp.story(:'id'), '10:00 SKIPPED_OVERLAP', 'what was started by hand counts');
SELECT matches(reason, '^execution [0-9a-f-]{36} is queued$', 'the reason names it') FROM _nuvopipe.planned_run WHERE pipeline_id = :'id';
-- a retry that waits is a run that has begun
SELECT pg_temp.make('{"cron": "0 * * * *"}', '2024-01-01 09:55Z') AS id \gset
SELECT pg_temp.fire(:'id', '2024-01-01 10:00Z', 'RUNNING') \g /dev/null
UPDATE _nuvopipe.execution SET status = 'QUEUED', attempts = 1, lease_until = NULL WHERE pipeline_id = :'id';
SELECT pg_temp.fire(:'id', '2024-01-01 11:00Z'), pg_temp.fire(:'id', '2024-01-01 12:00Z') \g /dev/null
SELECT is(pg_temp.story(:'id'), '10:00 RAN, 11:00 WAITING, 12:00 SKIPPED_OVERLAP', 'QUEUE_ONE beside a retry that waits');

-- skipped by the thousand, one at a time; most of them are from somewhere else, for here nothing is ever vacuumed
SELECT pg_temp.make('{"frequency": "SECONDLY", "overlap": "SKIP"}', '2024-01-01Z') AS id \gset
SELECT pg_temp.walk(:'id', '2024-01-01 00:00:01Z', '2024-01-01 00:00:11Z', '1 second', 'RUNNING') \g /dev/null
INSERT INTO _nuvopipe.planned_run (tenant_id, pipeline_id, planned_at, due_at, decided_at, outcome, owner_id, owner_role)
	SELECT p.tenant_id, p.pipeline_id, t, t, t, 'SKIPPED_OVERLAP', p.owner_id, p.owner_role
	FROM _nuvopipe.planned_run p, generate_series('2024-01-01 00:00:12Z'::timestamptz, '2024-01-01 00:33:10Z', '1 second') t
	WHERE p.pipeline_id = :'id' AND p.planned_at = '2024-01-01 00:00:11Z';
UPDATE _nuvopipe.schedule SET skipped = skipped + 1979, settled_at = '2024-01-01 00:33:10Z', next_at = '2024-01-01 00:33:11Z', due_at = '2024-01-01 00:33:11Z' WHERE id = :'id';
SELECT pg_temp.walk(:'id', '2024-01-01 00:33:11Z', '2024-01-01 00:33:20Z', '1 second', 'RUNNING') \g /dev/null
SELECT is(format('%s rows, %s ranges', count(*), count(until_at)), '2000 rows, 0 ranges', 'single rows') FROM _nuvopipe.planned_run WHERE pipeline_id = :'id';
SELECT pg_temp.walk(:'id', '2024-01-01 00:33:21Z', '2024-01-01 00:33:22Z', '1 second', 'RUNNING') \g /dev/null
SELECT is(string_agg(format('%s %s %s %s', planned_at, until_at, instants, outcome), ', '), '2024-01-01 00:00:02+00 2024-01-01 00:16:41+00 1000 SKIPPED_OVERLAP',
	'become one row when they are too many') FROM _nuvopipe.planned_run WHERE pipeline_id = :'id' AND until_at IS NOT NULL;
INSERT INTO _nuvopipe.planned_run (tenant_id, pipeline_id, planned_at, due_at, decided_at, outcome, owner_id, owner_role)
	SELECT p.tenant_id, p.pipeline_id, t, t, t, 'SKIPPED_OVERLAP', p.owner_id, p.owner_role
	FROM _nuvopipe.planned_run p, generate_series('2024-01-01 00:33:23Z'::timestamptz, '2024-01-01 00:50:00Z', '1 second') t
	WHERE p.pipeline_id = :'id' AND p.planned_at = '2024-01-01 00:33:21Z';
UPDATE _nuvopipe.schedule SET skipped = skipped + 998, settled_at = '2024-01-01 00:50:00Z', next_at = '2024-01-01 00:50:01Z', due_at = '2024-01-01 00:50:01Z' WHERE id = :'id';
SELECT pg_temp.walk(:'id', '2024-01-01 00:50:01Z', '2024-01-01 00:50:05Z', '1 second', 'RUNNING') \g /dev/null
SELECT is(string_agg(format('%s %s %s %s', planned_at, until_at, instants, outcome), ', '), '2024-01-01 00:00:02+00 2024-01-01 00:33:21+00 2000 SKIPPED_OVERLAP',
	'and later ones join it') FROM _nuvopipe.planned_run WHERE pipeline_id = :'id' AND until_at IS NOT NULL;
SELECT is(sum(instants), 3005::numeric, 'no instant is missing') FROM _nuvopipe.planned_run WHERE pipeline_id = :'id';
SELECT is(count(*), 0::bigint, 'or there twice') FROM _nuvopipe.planned_run a JOIN _nuvopipe.planned_run b
	ON b.pipeline_id = a.pipeline_id AND b.planned_at > a.planned_at AND b.planned_at <= a.until_at WHERE a.pipeline_id = :'id';

/* ---- pause ---- */

SELECT pg_temp.make('{"cron": "0 * * * *"}', '2024-01-01 09:55Z') AS id \gset
SELECT pg_temp.fire(:'id', '2024-01-01 10:00Z', 'SUCCEEDED') \g /dev/null
UPDATE _nuvopipe.schedule SET paused_at = '2024-01-01 10:30Z', paused_reason = 'holiday' WHERE id = :'id';
SELECT pg_temp.fire(:'id', '2024-01-01 11:00Z', 'SUCCEEDED') \g /dev/null
SELECT is(pg_temp.story(:'id'), '10:00 RAN, 11:00 SKIPPED_PAUSED', 'paused: noted when it is due');
SELECT pg_temp.fire(:'id', '2024-01-01 15:30Z', 'SUCCEEDED') \g /dev/null
SELECT is(pg_temp.story(:'id'), '10:00 RAN, 11:00 SKIPPED_PAUSED, 12:00 SKIPPED_PAUSED, 13:00 SKIPPED_PAUSED, 14:00 SKIPPED_PAUSED, 15:00 SKIPPED_PAUSED',
	'paused and down is paused');
UPDATE _nuvopipe.schedule SET paused_at = NULL WHERE id = :'id';
SELECT pg_temp.fire(:'id', '2024-01-01 16:00Z', 'SUCCEEDED') \g /dev/null
SELECT is(right(pg_temp.story(:'id'), 9), '16:00 RAN', 'resumed');
SELECT is(DISTINCT_reason, 'holiday', 'the reason is noted') FROM (SELECT string_agg(DISTINCT reason, ',') FROM _nuvopipe.planned_run
	WHERE pipeline_id = :'id' AND outcome = 'SKIPPED_PAUSED') r (DISTINCT_reason);
SELECT pg_temp.make('{"cron": "* * * * * *"}', clock_timestamp() - interval '3 seconds') AS id \gset
SELECT is(nuvopipe.pause_schedule(:'id', 'for a test'), true, 'pause_schedule');
SELECT ok(pg_temp.runs(:'id') > 0 AND pg_temp.outcomes(:'id') NOT LIKE '%PAUSED%', 'what was due before has been fired');
SELECT is(state || ' ' || paused_reason, 'PAUSED for a test', 'the view tells') FROM nuvopipe.schedules WHERE pipeline = :'id';
SELECT is(nuvopipe.pause_schedule(:'id'), false, 'a second time');
UPDATE _nuvopipe.schedule SET settled_at = settled_at - interval '2 seconds', next_at = next_at - interval '2 seconds', due_at = due_at - interval '2 seconds' WHERE id = :'id';
SELECT is(nuvopipe.resume_schedule(:'id'), true, 'resume_schedule');
SELECT is(state, 'ACTIVE', 'it goes on') FROM nuvopipe.schedules WHERE pipeline = :'id';
SELECT is(string_agg(kind, ' ' ORDER BY id), 'pipeline.created pipeline.paused pipeline.resumed', 'events tell') FROM _nuvopipe.event WHERE pipeline_id = :'id' AND execution_id IS NULL;
SELECT throws_ok($$SELECT nuvopipe.pause_schedule('no such')$$, '42704', NULL, 'no such pipeline');
SELECT nuvopipe.create_pipeline('sched none', 'sched in', 'sched', 'sched out') AS none \gset
SELECT throws_ok($$SELECT nuvopipe.pause_schedule('sched none')$$, '55000', 'pipeline "sched none" has no schedule', 'no schedule');

/* ---- jitter ---- */

SELECT pg_temp.make('{"cron": "0 * * * *", "jitter": 600}', '2024-01-01 09:55Z') AS id \gset
SELECT due_at AS due, next_at AS next FROM _nuvopipe.schedule WHERE id = :'id' \gset
SELECT ok(:'due'::timestamptz > :'next' AND :'due'::timestamptz < :'next'::timestamptz + interval '10 minutes', 'jitter delays');
SELECT is(pg_temp.fire(:'id', :'due'::timestamptz - interval '1 microsecond'), 0, 'it is not due before');
SELECT pg_temp.fire(:'id', :'due'::timestamptz) \g /dev/null
SELECT is(format('%s %s %s', planned_at, due_at, outcome), format('%s %s WAITING', :'next'::timestamptz, :'due'::timestamptz), 'it is, then')
	FROM _nuvopipe.planned_run WHERE pipeline_id = :'id';
SELECT is(_nuvopipe.jitter_of(:'id', '2024-01-01 10:00Z', 600), :'due'::timestamptz - :'next', 'the same for the same instant');
SELECT ok(min(j) >= interval '0' AND max(j) < interval '10 s' AND stddev(extract(epoch FROM j)) BETWEEN 2.4 AND 3.4, 'less than jitter, spread evenly')
	FROM (SELECT _nuvopipe.jitter_of(:'id', '2024-01-01Z'::timestamptz + i * interval '1 minute', 10) AS j FROM generate_series(1, 1000) i) x;
SELECT is(_nuvopipe.jitter_of('01a22640-34b8-7a35-b091-cc8aa77c8672', '2024-01-01 10:00Z', 3600), '0:39:14.779550', 'on every machine, in every version');
SELECT pg_temp.fire(:'id', '2024-01-01 11:10:59Z') \g /dev/null
SELECT isnt(pg_temp.outcomes(:'id'), 'WAITING SKIPPED_DOWN', 'grace counts from the end of the jitter');

/* ---- calendars ---- */

SELECT nuvopipe.create_calendar('sched days', '{2024-01-03}', '{SAT,sunday}', description => 'closed') AS calendar \gset
SELECT is(format('%s %s', excluded_dates, excluded_weekdays), '{2024-01-03} {SAT,SUN}', 'a calendar') FROM nuvopipe.calendars WHERE id = :'calendar';
SELECT pg_temp.make('{"cron": "0 6 * * *", "calendars": ["sched days"], "time_zone": "Asia/Tokyo"}', '2024-01-01Z') AS id \gset
SELECT pg_temp.walk(:'id', '2024-01-01Z', '2024-01-08 22:00Z', '1 hour') \g /dev/null
SELECT is(pg_temp.story(:'id', 'DD HH24'), '01 21 RAN, 03 21 RAN, 04 21 RAN, 07 21 RAN, 08 21 RAN', 'excluded local days are not planned');
SELECT is(schedule_config -> 'calendars', jsonb_build_array(:'calendar'::text), 'the schedule keeps its id') FROM nuvopipe.schedules WHERE pipeline = :'id';
SELECT nuvopipe.update_calendar('sched days', 'sched other days') \g /dev/null
SELECT nuvopipe.update_pipeline(:'id', developer_mode => true) \g /dev/null
SELECT throws_ok($$SELECT nuvopipe.delete_calendar('sched other days')$$, '2BP01', NULL, 'one in use cannot be deleted');
SELECT throws_ok($$SELECT nuvopipe.create_pipeline('x', 'sched in', 'sched', 'sched out', schedule => '{"cron": "0 6 * * *", "calendars": ["sched day"]}')$$,
	'42704', 'calendar "sched day" does not exist', 'an unknown one');
SELECT throws_ok($$SELECT nuvopipe.create_calendar('x', '{}', '{SATT}')$$, '22023', NULL, 'an unknown weekday');
SELECT pg_temp.make(format('{"cron": "0 6 * * *", "calendars": ["%s"]}', :'calendar')::jsonb, clock_timestamp()) AS id \gset
SELECT nuvopipe.update_calendar('sched other days', excluded_dates => '{}', excluded_weekdays => '{MON,TUE,WED,THU,FRI,SAT,SUN}') \g /dev/null
SELECT is(state || ' ' || coalesce(next_at::text, 'never'), 'ENDED never', 'a calendar without any day left') FROM nuvopipe.schedules WHERE pipeline = :'id';
SELECT nuvopipe.update_calendar('sched other days', excluded_weekdays => '{}') \g /dev/null
SELECT ok(next_at < clock_timestamp() + interval '1 day', 'days given back are planned at once') FROM nuvopipe.schedules WHERE pipeline = :'id';
SELECT nuvopipe.create_template('sched', '{"schedule_config": {"cron": "0 6 * * *", "calendars": ["sched other days"]}}') \g /dev/null
SELECT is(definition #>> '{schedule_config,calendars,0}', :'calendar', 'a template keeps the id as well') FROM nuvopipe.templates WHERE name = 'sched';
SELECT nuvopipe.update_pipeline(p.pipeline_name, schedule => '{"cron": "0 6 * * *"}') FROM nuvopipe.schedules p WHERE schedule_config ? 'calendars' \g /dev/null
SELECT throws_like($$SELECT nuvopipe.delete_calendar('sched other days')$$, '%in use%', 'in use by a template alone');
SELECT nuvopipe.delete_template('sched') \g /dev/null
SELECT lives_ok($$SELECT nuvopipe.delete_calendar('sched other days')$$, 'one that is free can');

/* ---- in step with the pipeline ---- */

SELECT pg_temp.make('{"frequency": "HOURLY"}', clock_timestamp() - interval '90 minutes') AS id \gset
SELECT anchor AS anchor FROM _nuvopipe.schedule WHERE id = :'id' \gset
SELECT nuvopipe.update_pipeline(:'id', schedule => '{"frequency": "HOURLY", "overlap": "SKIP"}') \g /dev/null
SELECT is(anchor, :'anchor', 'another policy: the steps stay') FROM _nuvopipe.schedule WHERE id = :'id';
SELECT is(pg_temp.outcomes(:'id'), 'WAITING', 'what the old one had planned was fired first');
SELECT nuvopipe.update_pipeline(:'id', schedule => '{"frequency": "HOURLY", "interval": 2}') \g /dev/null
SELECT ok(next_at > clock_timestamp() + interval '119 minutes' AND anchor > clock_timestamp() - interval '2 s', 'another recurrence begins now') FROM _nuvopipe.schedule WHERE id = :'id';
SELECT nuvopipe.update_pipeline(:'id', status => 'INACTIVE') \g /dev/null
SELECT is(state || ' ' || coalesce(next_at::text, 'never'), 'INACTIVE never', 'INACTIVE') FROM nuvopipe.schedules WHERE pipeline = :'id';
SELECT nuvopipe.update_pipeline(:'id', status => 'ACTIVE') \g /dev/null
SELECT is(state, 'ACTIVE', 'ACTIVE') FROM nuvopipe.schedules WHERE pipeline = :'id';
SELECT nuvopipe.update_pipeline(:'id', schedule => 'null') \g /dev/null
SELECT is((SELECT count(*) FROM nuvopipe.schedules WHERE pipeline = :'id'), 0::bigint, 'taken away');
SELECT pg_temp.make('{"frequency": "MINUTELY"}', clock_timestamp() - interval '90 seconds') AS id \gset
SELECT nuvopipe.delete_pipeline(:'id') \g /dev/null
SELECT is(pg_temp.outcomes(:'id'), 'CANCELED', 'deleted: what was due will not run');
SELECT is(reason, 'the pipeline was deleted', 'and says why') FROM nuvopipe.planned_runs WHERE pipeline = :'id';
SELECT pg_temp.make('{"frequency": "MINUTELY"}', clock_timestamp() - interval '90 seconds') AS id \gset
SELECT pg_temp.fire(:'id', clock_timestamp()), nuvopipe.delete_pipeline(:'id') \g /dev/null
SELECT is(pg_temp.outcomes(:'id'), 'CANCELED', 'nor what waited');

/* ---- definitions ---- */

SELECT throws_ok(format('SELECT nuvopipe.create_pipeline(''x'', ''sched in'', ''sched'', ''sched out'', schedule => %L)', c), '22023', m, 'refused: ' || c)
	FROM (VALUES ('{"cron": "0 6 * * *", "overlap": "SKIPP"}', 'schedule.overlap: unknown value "SKIPP"'),
		('{"cron": "0 6 * * *", "missed": "SOME"}', 'schedule.missed: unknown value "SOME"'),
		('{"cron": "0 6 * * *", "grace": -1}', 'schedule.grace: -1 is out of range 0 to 604800'),
		('{"cron": "0 6 * * *", "jitter": 86401}', 'schedule.jitter: 86401 is out of range 0 to 86400'),
		('{"cron": "0 6 * * *", "missed_limit": 1.5}', 'schedule.missed_limit: a whole number is expected, not "1.5"'),
		('{"cron": "0 6 * * *", "max_run_time": 0}', 'schedule.max_run_time: 0 is out of range 1 to 2592000'),
		('{"cron": "0 6 * * *", "calendars": "x"}', 'schedule.calendars: an array is expected, not a string'),
		('{"cron": "0 6 * * *", "zone": "UTC"}', 'schedule: unknown member "zone"')) v (c, m);
SELECT throws_ok($$SELECT * FROM nuvopipe.next_runs('{"cron": "61 * * * *"}')$$, '22023', NULL, 'next_runs checks');
SELECT throws_ok($$SELECT * FROM nuvopipe.next_runs('{"cron"')$$, '22023', 'schedule: is not valid JSON', 'and says what is no JSON');
SELECT is(string_agg(local_time || ' ' || coalesce(note, '-'), ', '), '2024-03-30 02:30:00 -, 2024-03-31 03:00:00 GAP, 2024-04-01 02:30:00 -', 'next_runs of a definition')
	FROM nuvopipe.next_runs('{"cron": "30 2 * * *", "time_zone": "Europe/Berlin"}', 3, '2024-03-29 12:00Z');

/* ---- backfill ---- */

SELECT pg_temp.make('{"cron": "0 6 * * *", "missed": "NONE"}', clock_timestamp() - interval '40 days') AS id \gset
SELECT pg_temp.fire(:'id', clock_timestamp() - interval '10 days') \g /dev/null
SELECT pg_temp.fire(:'id', clock_timestamp()) \g /dev/null
SELECT date_trunc('day', clock_timestamp()) - interval '30 days' AS day \gset
SELECT is(count(*) || ' ' || string_agg(DISTINCT outcome, ' '), '5 WAITING', 'five days are backfilled')
	FROM nuvopipe.backfill(:'id', :'day', :'day'::timestamptz + interval '5 days');
SELECT is(string_agg(DISTINCT concat_ws(' ', outcome, is_backfill, reason), ', '), 'WAITING t backfill', 'and marked') FROM _nuvopipe.planned_run
	WHERE pipeline_id = :'id' AND planned_at BETWEEN :'day' AND :'day'::timestamptz + interval '5 days';
SELECT is(count(*), 0::bigint, 'not again') FROM nuvopipe.backfill(:'id', :'day', :'day'::timestamptz + interval '5 days');
SELECT throws_ok(format('SELECT nuvopipe.backfill(%L, %L, max_runs => 3)', :'id', :'day'), '54000', 'more than 3 instants of that time did not run', 'a limit');
SELECT is(max(planned_at) < clock_timestamp(), true, 'the future is not backfilled') FROM nuvopipe.backfill(:'id', clock_timestamp() - interval '3 days', clock_timestamp() + interval '9 days');
SELECT throws_ok(format('SELECT nuvopipe.backfill(%L, now(), now())', :'id'), '22023', 'from_time must lie before to_time', 'from before to');
-- out of a row that stands for many
SELECT pg_temp.make('{"frequency": "SECONDLY", "missed": "NONE", "grace": 0}', '2024-01-01Z') AS id \gset
SELECT pg_temp.fire(:'id', '2024-01-01 01:00Z') \g /dev/null
SELECT settled_at AS settled FROM _nuvopipe.schedule WHERE id = :'id' \gset
UPDATE _nuvopipe.schedule SET next_at = NULL, due_at = NULL WHERE id = :'id';
SELECT nuvopipe.backfill(:'id', '2024-01-01 00:00:01Z', '2024-01-01 00:00:03Z'), nuvopipe.backfill(:'id', '2024-01-01 00:10:00Z', '2024-01-01 00:10:01Z') \g /dev/null
SELECT is(format('%s %s %s', planned_at, instants, outcome), '2024-01-01 00:00:03+00 2596 SKIPPED_DOWN', 'they leave the row they were in')
	FROM _nuvopipe.planned_run WHERE pipeline_id = :'id' AND until_at IS NOT NULL;
SELECT is(sum(instants), 3600::numeric, 'every instant is still there once') FROM _nuvopipe.planned_run WHERE pipeline_id = :'id';

/* ---- what cannot start ---- */

SELECT pg_temp.make('{"cron": "0 * * * *"}', '2024-01-01 09:55Z') AS good, pg_temp.make('{"cron": "0 * * * *"}', '2024-01-01 09:55Z') AS bad,
	pg_temp.make('{"cron": "0 * * * *"}', '2024-01-01 09:55Z') AS worse \gset
SELECT format('ALTER TABLE _nuvopipe.execution ADD CONSTRAINT sched_bad CHECK (pipeline_id <> %L) NOT VALID', :'bad') \gexec
UPDATE _nuvopipe.schedule SET config = '{"cron": "x"}' WHERE id = :'worse';
SELECT is((SELECT count(*) FROM generate_series(1, 3) WHERE _nuvopipe.fire('2024-01-01 10:00Z') >= 0), 3::bigint, 'fired');
SELECT is(pg_temp.outcomes(:'good'), 'WAITING', 'one that cannot start does not keep others from it');
SELECT matches(format('%s: %s', outcome, reason), '^FAILED_TO_START: .*sched_bad.* \(23514\)$', 'it says why') FROM _nuvopipe.planned_run WHERE pipeline_id = :'bad';
SELECT is(pg_temp.runs(:'bad'), 0::bigint, 'nothing of it is left');
SELECT is((SELECT count(*) FROM _nuvopipe.run WHERE pipeline_id = :'bad'), 0::bigint, 'no run either');
SELECT is(format('%s %s', state, due_at), 'FAULTY 2024-01-01 10:01:00+00', 'one that cannot be read is looked at again a minute later') FROM nuvopipe.schedules WHERE pipeline = :'worse';
SELECT is(outcome, 'FAILED_TO_START', 'and its instant is noted') FROM _nuvopipe.planned_run WHERE pipeline_id = :'worse';
UPDATE _nuvopipe.schedule SET config = '{"cron": "0 * * * *"}' WHERE id = :'worse';
SELECT pg_temp.fire(:'worse', '2024-01-01 11:00Z') \g /dev/null
SELECT is(pg_temp.story(:'worse'), '10:00 FAILED_TO_START, 11:00 WAITING', 'when it can be read again it goes on');
ALTER TABLE _nuvopipe.execution DROP CONSTRAINT sched_bad;

/* ---- what is repaired ---- */

SELECT pg_temp.make('{"cron": "0 * * * *", "overlap": "QUEUE_ALL"}', '2024-01-01 09:55Z') AS id \gset
SELECT pg_temp.fire(:'id', '2024-01-01 10:00Z'), pg_temp.fire(:'id', '2024-01-01 11:00Z'), pg_temp.fire(:'id', '2024-01-01 12:00Z') \g /dev/null
UPDATE _nuvopipe.execution e SET status = CASE p.planned_at WHEN '2024-01-01 10:00Z' THEN 'SUCCEEDED' ELSE 'CANCELED' END,
		started_at = CASE p.planned_at WHEN '2024-01-01 10:00Z' THEN p.due_at + interval '3 s' END
	FROM _nuvopipe.planned_run p WHERE p.run_id = e.run_id AND p.pipeline_id = :'id' AND p.planned_at < '2024-01-01 12:00Z';
UPDATE _nuvopipe.schedule SET next_at = '2024-01-01 17:30Z', due_at = '2024-01-01 17:30Z' WHERE id = :'id';
SELECT _nuvopipe.repair_schedules(true) \g /dev/null
SELECT is(pg_temp.story(:'id'), '10:00 RAN, 11:00 CANCELED, 12:00 WAITING', 'runs whose beginning or end was not noted');
SELECT is(lag, '3 s', 'with its time') FROM nuvopipe.planned_runs WHERE pipeline = :'id' AND outcome = 'RAN';
SELECT is(next_at, '2024-01-01 13:00Z', 'an instant that has moved') FROM _nuvopipe.schedule WHERE id = :'id';

/* ---- whose they are ---- */

SET LOCAL ROLE sched_user;
SELECT is((SELECT count(*) FROM nuvopipe.schedules) + (SELECT count(*) FROM nuvopipe.planned_runs) + (SELECT count(*) FROM nuvopipe.schedule_plan)
	+ (SELECT count(*) FROM nuvopipe.schedule_lag) + (SELECT count(*) FROM nuvopipe.calendars), 0::bigint, 'others see nothing');
SELECT throws_ok(format('SELECT nuvopipe.pause_schedule(%L)', :'good'), '42704', NULL, 'nor can they pause');
SELECT throws_ok(format('SELECT nuvopipe.fire_due(%L)', :'good'), '42704', NULL, 'nor fire');
SELECT throws_ok('SELECT nuvopipe.fire_due()', '42501', NULL, 'least of all everything');
SELECT throws_ok(format('SELECT nuvopipe.backfill(%L, ''2024-01-01'')', :'good'), '42704', NULL, 'nor backfill');
SELECT throws_ok(format('SELECT * FROM nuvopipe.next_runs(%L)', :'good'), '42704', NULL, 'nor ask');
SELECT throws_ok('SELECT _nuvopipe.fire()', '42501', NULL, 'the inner parts are closed');
SELECT is(count(*), 2::bigint, 'but everybody may try a definition') FROM nuvopipe.next_runs('{"frequency": "HOURLY"}', 2);
RESET ROLE;

/* ---- many ---- */

DELETE FROM _nuvopipe.schedule;
INSERT INTO _nuvopipe.pipeline_configuration (id, tenant_id, pipeline_id, version, input_connector_id, output_connector_id, tdm_id, created_at, created_by)
	SELECT md5('c' || i)::uuid, c.tenant_id, md5('p' || i)::uuid, 1, c.input_connector_id, c.output_connector_id, c.tdm_id, now(), c.created_by
	FROM generate_series(1, 5000) i, (SELECT * FROM _nuvopipe.pipeline_configuration LIMIT 1) c;
INSERT INTO _nuvopipe.pipeline (id, tenant_id, owner_id, name, configuration_id, created_at, created_by, updated_at, updated_by)
	SELECT md5('p' || i)::uuid, p.tenant_id, p.owner_id, 'many ' || i, md5('c' || i)::uuid, now(), p.created_by, now(), p.created_by
	FROM generate_series(1, 5000) i, (SELECT * FROM _nuvopipe.pipeline LIMIT 1) p;
INSERT INTO _nuvopipe.schedule (id, tenant_id, config, calendars, anchor, is_active, settled_at, next_at, due_at)
	SELECT id, tenant_id, '{"cron": "0 * * * *"}', '{}', '2024-01-01Z', true, '2024-01-01Z', '2024-01-01 01:00Z', '2024-01-01 01:00Z'
	FROM _nuvopipe.pipeline WHERE name LIKE 'many %';
ANALYZE _nuvopipe.execution, _nuvopipe.run, _nuvopipe.planned_run, _nuvopipe.schedule, _nuvopipe.pipeline, _nuvopipe.pipeline_configuration;
CREATE FUNCTION pg_temp.fire_all(OUT n int, OUT ms float8[]) LANGUAGE plpgsql AS $$
DECLARE
	began timestamptz;
	fired int;
BEGIN
	n := 0;
	LOOP
		began := clock_timestamp();
		fired := _nuvopipe.fire('2024-01-01 01:00:01Z');
		EXIT WHEN fired = 0;
		n := n + fired;
		ms := ms || extract(epoch FROM clock_timestamp() - began)::float8 * 1000;
	END LOOP;
END $$;
CREATE FUNCTION pg_temp.median(ms float8[]) RETURNS float8 LANGUAGE sql AS
	'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY m) FROM unnest(ms) m';
SELECT n AS n, cardinality(ms) AS calls, (SELECT round(sum(m)) FROM unnest(ms) m) AS total, pg_temp.median(ms[2:11]) AS first, pg_temp.median(ms[41:50]) AS last
	FROM pg_temp.fire_all() \gset
SELECT is(:n, 5000, '5,000 due at once are all fired, in ' || :total || ' ms');
SELECT is(:calls, 50, 'a hundred at a time');
SELECT cmp_ok(:last, '<', 4 * :first, 'the last hundred as quickly as the first');
SELECT is((SELECT count(*) FROM _nuvopipe.execution WHERE status = 'QUEUED' AND pipeline_id IN (SELECT id FROM _nuvopipe.schedule)), 5000::bigint, 'each is queued once');
SELECT is((SELECT min(next_at) FROM _nuvopipe.schedule), '2024-01-01 02:00Z', 'and waits for the next hour');

SELECT * FROM finish();
ROLLBACK;
