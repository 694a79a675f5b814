-- recurrence, rule by rule: what is written about schedules, as examples; what
-- is refused; how many there are, and what covers them.  That the rules hold
-- everywhere is in recurrence.sql.
\set ECHO none
\set QUIET on
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS nuvopipe;
SET timezone = 'UTC';
SET datestyle = 'ISO';

CREATE FUNCTION pg_temp.plan(config jsonb, after timestamptz, n int DEFAULT 3, excluded date[] DEFAULT NULL, weekdays int[] DEFAULT NULL,
	anchor timestamptz DEFAULT '2024-01-15 10:00:00.7')
RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', to_char(planned_at, 'YYYY-MM-DD HH24:MI:SS'), '=', to_char(local_time, 'MM-DD HH24:MI:SS'), note)
	FROM _nuvopipe.schedule_instants(config, anchor, excluded, weekdays, after, NULL, n)
$$;

\echo == gap: once, at the first valid instant
SELECT pg_temp.plan('{"cron": "*/15 2 * * *", "time_zone": "Europe/Berlin"}', '2024-03-30 01:40');
\echo == gap: and one with what is planned there anyway
SELECT pg_temp.plan('{"cron": "30 2,3 * * *", "time_zone": "Europe/Berlin"}', '2024-03-31 00:00');
SELECT pg_temp.plan('{"cron": "0 2,3 * * *", "time_zone": "Europe/Berlin"}', '2024-03-31 00:00');
\echo == gap of half an hour, at midnight, at one minute past it, of a day
SELECT pg_temp.plan('{"cron": "10 2 * * *", "time_zone": "Australia/Lord_Howe"}', '2024-10-05 00:00', 2);
SELECT pg_temp.plan('{"cron": "@daily", "time_zone": "America/Sao_Paulo"}', '2018-11-03 12:00', 2);
SELECT pg_temp.plan('{"cron": "30 0 * * *", "time_zone": "America/St_Johns"}', '2005-04-03 00:00', 2);
SELECT pg_temp.plan('{"cron": "0 10 * * *", "time_zone": "Pacific/Apia"}', '2011-12-29 00:00', 3);
\echo == overlap: once, the first
SELECT pg_temp.plan('{"cron": "30 2 * * *", "time_zone": "Europe/Berlin"}', '2024-10-26 12:00', 2);
SELECT pg_temp.plan('{"frequency": "DAILY", "starts_on": "2024-10-20T00:30:00Z", "time_zone": "Europe/Berlin"}', '2024-10-26 12:00', 2);
\echo == overlap: not again, asked within the second pass
SELECT pg_temp.plan('{"cron": "30 2 * * *", "time_zone": "Europe/Berlin"}', '2024-10-27 01:10', 1);
\echo == every-hour rules and elapsed frequencies: both passes, none in the gap
SELECT pg_temp.plan('{"cron": "30 * * * *", "time_zone": "Europe/Berlin"}', '2024-10-27 00:00');
SELECT pg_temp.plan('{"cron": "30 * * * *", "time_zone": "Europe/Berlin"}', '2024-03-31 00:00', 2);
SELECT pg_temp.plan('{"frequency": "HOURLY", "interval": 2, "starts_on": "2024-10-20T00:30:00Z", "time_zone": "Europe/Berlin"}', '2024-10-26 23:00', 2);
\echo == the first is starts_on, even in the second pass of an overlap
SELECT pg_temp.plan('{"frequency": "DAILY", "starts_on": "2024-10-27T01:30:00Z", "time_zone": "Europe/Berlin"}', '-infinity', 2);
\echo == without starts_on: one interval after the anchor, a whole second
SELECT pg_temp.plan('{"frequency": "DAILY", "interval": 2}', '-infinity', 2);
SELECT pg_temp.plan('{"frequency": "SECONDLY", "interval": 20}', NULL, 2);
\echo == months are clipped, and come back
SELECT pg_temp.plan('{"frequency": "MONTHLY", "starts_on": "2024-01-31T10:00:00Z"}', '-infinity', 4);
SELECT pg_temp.plan('{"frequency": "YEARLY", "starts_on": "2024-02-29T10:00:00Z"}', '-infinity', 5);
\echo == last_day
SELECT pg_temp.plan('{"frequency": "MONTHLY", "starts_on": "2024-01-10T10:00:00Z", "last_day": true}', '-infinity', 3);
SELECT pg_temp.plan('{"frequency": "MONTHLY", "interval": 3, "last_day": true}', '-infinity', 2);
\echo == ends_on is inclusive
SELECT pg_temp.plan('{"frequency": "DAILY", "starts_on": "2024-01-10T10:00:00Z", "ends_on": "2024-01-11T10:00:00Z"}', '-infinity', 3);
\echo == cron with seconds, starts_on and ends_on
SELECT pg_temp.plan('{"cron": "*/20 59 23 L * *", "starts_on": "2024-02-29T23:59:30Z", "ends_on": "2024-03-31T23:59:00Z"}', '-infinity', 5);
\echo == cron counts from no anchor
SELECT pg_temp.plan('{"cron": "@monthly"}', '2020-01-01', 1);
\echo == excluded days are local ones
SELECT pg_temp.plan('{"frequency": "HOURLY", "starts_on": "2024-01-01T00:00:00Z", "time_zone": "Asia/Kathmandu"}', '2024-01-04 17:00', 3, '{2024-01-05}', '{6,7}');
SELECT pg_temp.plan('{"frequency": "SECONDLY"}', '2024-02-01', 3, NULL, '{1,2,3,4,5,6,7}');
\echo == twenty years later, and at the end of the calendar
SELECT pg_temp.plan('{"frequency": "SECONDLY", "interval": 7, "starts_on": "2024-01-01T00:00:00Z"}', '2044-01-01', 1);
SELECT pg_temp.plan('{"frequency": "DAILY", "starts_on": "2024-01-01T01:30:00Z", "time_zone": "Europe/Berlin"}', '2044-03-26 12:00', 2);
SELECT pg_temp.plan('{"cron": "0 0 29 2 SUN#5"}', '2096-03-01', 2);
SELECT pg_temp.plan('{"cron": "30 2 29 2 *", "time_zone": "America/New_York"}', '9000-01-01', 1);
SELECT pg_temp.plan('{"frequency": "DAILY"}', '9999-12-28', 9);

\echo == what is refused: member, message, cure
SELECT c->>0, e.* FROM jsonb_array_elements($$[
	["{}"], ["[]"], ["1"],
	["{\"frequency\": \"daily\"}"],
	["{\"frequency\": \"FORTNIGHTLY\"}"],
	["{\"frequency\": 7}"],
	["{\"frequency\": \"DAILY\", \"cron\": \"@daily\"}"],
	["{\"frequency\": \"DAILY\", \"interval\": 0}"],
	["{\"frequency\": \"DAILY\", \"interval\": 1.5}"],
	["{\"frequency\": \"DAILY\", \"interval\": 10001}"],
	["{\"frequency\": \"DAILY\", \"interval\": -1}"],
	["{\"frequency\": \"DAILY\", \"interval\": \"2\"}"],
	["{\"cron\": \"@daily\", \"interval\": 2}"],
	["{\"cron\": 5}"],
	["{\"cron\": \"0 6 * *\"}"],
	["{\"cron\": \"0 25 * * *\"}"],
	["{\"cron\": \"@reboot\"}"],
	["{\"cron\": \"0 0 30 2 *\"}"],
	["{\"cron\": \"0 0 30 2 *\", \"ends_on\": \"2030-01-01\"}"],
	["{\"frequency\": \"YEARLY\", \"interval\": 10000}"],
	["{\"frequency\": \"DAILY\", \"last_day\": true}"],
	["{\"frequency\": \"MONTHLY\", \"last_day\": \"yes\"}"],
	["{\"frequency\": \"DAILY\", \"time_zone\": \"Europe/Berlinn\"}"],
	["{\"frequency\": \"DAILY\", \"time_zone\": \"Berlin1\"}"],
	["{\"frequency\": \"DAILY\", \"time_zone\": \"right/Europe/Berlin\"}"],
	["{\"frequency\": \"DAILY\", \"time_zone\": 1}"],
	["{\"frequency\": \"DAILY\", \"starts_on\": \"tomorrow\"}"],
	["{\"frequency\": \"DAILY\", \"starts_on\": \"2024-02-30\"}"],
	["{\"frequency\": \"DAILY\", \"starts_on\": \"2024-01-02\", \"ends_on\": \"2024-01-01\"}"],
	["{\"frequency\": \"DAILY\", \"ends_on\": \"2024-01-16T09:59:59Z\"}"],
	["{\"cron\": \"@yearly\", \"ends_on\": \"2024-12-31T00:00:00Z\"}"],
	["{\"cron\": \"@yearly\", \"starts_on\": \"2020-01-02T00:00:00Z\", \"ends_on\": \"2020-12-31T00:00:00Z\"}"]
]$$) AS c, _nuvopipe.schedule_check((c->>0)::jsonb, '2024-01-15 10:00') AS e;
\echo == and what is not
SELECT count(*), count(e.path) + count(e.message) + count(e.hint) FROM unnest(ARRAY[
	'{"frequency": "DAILY"}', '{"frequency": "DAILY", "interval": null, "time_zone": null, "starts_on": null, "ends_on": null, "last_day": false}',
	'{"frequency": "DAILY", "ends_on": "2024-01-16T10:00:00Z"}', '{"frequency": "YEARLY", "interval": 10000, "starts_on": "2024-01-01"}',
	'{"cron": "@yearly", "starts_on": "2020-01-01T00:00:00Z", "ends_on": "2020-01-01T00:00:00Z"}',
	'{"cron": "0 0 * 2 SUN#5"}', '{"cron": "0 0 29 2 *", "time_zone": "europe/berlin"}', '{"frequency": "HOURLY", "time_zone": "Etc/GMT+5"}'
	]::jsonb[]) AS c, _nuvopipe.schedule_check(c, '2024-01-15 10:00') AS e;
\echo == arguments
CREATE FUNCTION pg_temp.refused(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text; message text; cure text;
BEGIN
	EXECUTE 'SELECT ' || call;
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, cure = PG_EXCEPTION_HINT;
	RETURN concat_ws('|', state, message, nullif(cure, ''));
END
$$;
SELECT pg_temp.refused(call) FROM unnest(ARRAY[
	$$_nuvopipe.schedule_instants('{"cron": "x"}', now(), NULL, NULL, now(), NULL, 1)$$,
	$$_nuvopipe.schedule_instants('[]', now(), NULL, NULL, now(), NULL, 1)$$,
	$$_nuvopipe.schedule_instants(NULL, now(), NULL, NULL, now(), NULL, 1)$$,
	$$_nuvopipe.schedule_instants('{"cron": "@daily"}', 'infinity', NULL, NULL, now(), NULL, 1)$$,
	$$_nuvopipe.schedule_instants('{"cron": "@daily"}', now(), NULL, NULL, now(), NULL, NULL)$$,
	$$_nuvopipe.schedule_instants('{"cron": "@daily"}', now(), NULL, '{0}', now(), NULL, 1)$$,
	$$_nuvopipe.schedule_instants('{"cron": "@daily"}', now(), NULL, '{NULL}', now(), NULL, 1)$$,
	$$_nuvopipe.schedule_tally('{"cron": "@daily"}', now(), NULL, NULL, now(), NULL, 1)$$,
	$$_nuvopipe.schedule_tally('{"cron": "@daily"}', now(), NULL, NULL, now(), now(), -1)$$,
	$$_nuvopipe.schedule_cover('{"cron": "@daily"}', now(), NULL, NULL, 'nowhere', now())$$,
	$$_nuvopipe.schedule_cover('{"cron": "@daily", "jitter": -1}', now(), NULL, NULL, 'UTC', now())$$,
	$$_nuvopipe.schedule_cover('{"cron": "@daily"}', now(), NULL, NULL, 'UTC', 'infinity')$$]) AS call;

\echo == a tally is the number of instants, and the latest of them
SELECT c.config->>'frequency', c.config->>'cron', k.keep, t.total = i.total AS same_total, t.latest = i.instants[i.total - least(k.keep, i.total) + 1:] AS same_latest,
	cardinality(t.latest) AS latest
FROM (VALUES ('{"frequency": "HOURLY"}'::jsonb), ('{"cron": "*/5 2 * * *", "time_zone": "Europe/Berlin"}'), ('{"frequency": "MONTHLY"}')) AS c(config),
	(VALUES (0), (1), (7), (1000)) AS k(keep),
	LATERAL (SELECT count(*)::int AS total, array_agg(planned_at ORDER BY planned_at) AS instants
		FROM _nuvopipe.schedule_instants(c.config, '2024-01-01', '{2024-03-15}', '{7}', '2024-02-01', '2024-06-01', NULL)) AS i,
	_nuvopipe.schedule_tally(c.config, '2024-01-01', '{2024-03-15}', '{7}', '2024-02-01', '2024-06-01', k.keep) AS t
ORDER BY 1, 2, 3;
SELECT total, latest FROM _nuvopipe.schedule_tally('{"frequency": "SECONDLY"}', '2024-01-01', NULL, NULL, '2024-01-01', '2024-01-31', 2);
SELECT total, latest FROM _nuvopipe.schedule_tally('{"frequency": "SECONDLY"}', '2024-01-01', NULL, NULL, '2024-01-01', '2023-01-31', NULL);
\echo == a long tally can be canceled
SET statement_timeout = '50ms';
SELECT * FROM _nuvopipe.schedule_tally('{"frequency": "SECONDLY"}', '1000-01-01', NULL, NULL, NULL, '9999-01-01', 2);
RESET statement_timeout;

\echo == a cover: zone, expression; each instant has a tick within the minute after it, and whatever is due by jitter
SELECT c.config, z.zone, cover,
	(SELECT count(*) FROM (SELECT planned_at + coalesce((c.config->>'jitter')::int, 0) * f * interval '1 second' AS due
			FROM _nuvopipe.schedule_instants(c.config, '2024-01-15 10:00:07', NULL, NULL, '2024-01-15 10:00:07', '2026-01-15', NULL),
				unnest('{0, 0.37, 1}'::numeric[]) AS f) AS i
		WHERE NOT EXISTS (SELECT FROM _nuvopipe.schedule_instants(jsonb_build_object('cron', cover, 'time_zone', z.zone), '2024-01-01', NULL, NULL,
			i.due - interval '1 microsecond', i.due + interval '59.999999 seconds', 1))) AS late
FROM (VALUES ('{"cron": "30 2 * * *", "time_zone": "Europe/Berlin"}'::jsonb), ('{"cron": "0 22 * * MON-FRI", "time_zone": "America/New_York"}'),
	('{"cron": "59 59 23 L * *", "time_zone": "Asia/Kathmandu"}'), ('{"cron": "0 9 15W * *"}'), ('{"frequency": "HOURLY", "interval": 6}'),
	('{"frequency": "WEEKLY", "time_zone": "Europe/Berlin"}'), ('{"frequency": "YEARLY"}'), ('{"cron": "0 8,17 * * *", "jitter": 600}')) AS c(config),
	(VALUES ('UTC'), ('Asia/Kolkata')) AS z(zone),
	_nuvopipe.schedule_cover(c.config, '2024-01-15 10:00:07', NULL, NULL, z.zone, '2024-01-15 10:00:07') AS cover;
SELECT config, _nuvopipe.schedule_cover(config, '2024-01-15 10:00:07', NULL, NULL, 'UTC', '2024-01-15 10:00:07')
FROM unnest(ARRAY['{"frequency": "SECONDLY"}', '{"frequency": "MINUTELY", "interval": 7}', '{"cron": "0 0 29 2 *", "starts_on": "2025-01-01"}',
	'{"cron": "@daily", "ends_on": "2024-01-01"}']::jsonb[]) AS config;
