-- recurrence: what schedules plan, beside a walk along the time line that knows
-- nothing of how they do it.
--
-- The walk reads the clocks of a zone (AT TIME ZONE) every quarter of an hour
-- for two years, and every minute near changes.  A wall time is due when the
-- clocks first show it or a later one, an elapsed one whenever they show it.
\set ECHO none
\set QUIET on
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS nuvopipe;
SET timezone = 'UTC';

CREATE TEMP TABLE zone (label text PRIMARY KEY, name text NOT NULL, year int NOT NULL);
INSERT INTO zone VALUES
	('Berlin', 'Europe/Berlin', 2023),
	('New York', 'America/New_York', 2023),
	('Lord Howe', 'Australia/Lord_Howe', 2023),		-- 30 minutes
	('St Johns', 'America/St_Johns', 2023),
	('St Johns 2005', 'America/St_Johns', 2005),	-- at one minute past midnight
	('Kathmandu', 'Asia/Kathmandu', 1985),			-- 15 minutes, once
	('Apia', 'Pacific/Apia', 2011),					-- without 30 December 2011
	('Casablanca', 'Africa/Casablanca', 2023),		-- back for Ramadan
	('Sao Paulo', 'America/Sao_Paulo', 2017),		-- at midnight
	('Tehran', 'Asia/Tehran', 2021),				-- at midnight, and the end of it
	('UTC', 'UTC', 2023);

/* a clock that is read at every step of a range; top: the latest it has shown so far */
CREATE FUNCTION pg_temp.clock(zone text, since timestamptz, until timestamptz, step interval)
RETURNS TABLE (at timestamptz, shown timestamp, top timestamp, before timestamp) LANGUAGE sql AS $$
	SELECT t.at, t.shown, t.top, lag(t.top, 1, t.top - step) OVER (ORDER BY t.at)
	FROM (SELECT g.at, g.shown, max(g.shown) OVER (ORDER BY g.at) AS top
		FROM (SELECT at, at AT TIME ZONE zone AS shown FROM generate_series(since, until, step) AS at OFFSET 0) AS g) AS t
$$;

/* pass: a range that is walked; its first two days only lead up to it */
CREATE TEMP TABLE pass (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, label text, zone text, year int, since timestamptz,
	until timestamptz, step interval);
INSERT INTO pass (label, zone, year, since, until, step)
	SELECT label, name, year, make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC'), make_timestamptz(year + 2, 1, 1, 0, 0, 0, 'UTC'), '15 minutes'
	FROM zone WHERE label <> 'St Johns 2005';
CREATE TEMP TABLE tick AS
	SELECT p.id AS pass, c.* FROM pass AS p, pg_temp.clock(p.zone, p.since - interval '2 days', p.until, p.step) AS c;

/* every change of a clock, found on its face */
INSERT INTO pass (label, zone, year, since, until, step)
	SELECT p.label, p.zone, p.year, date_trunc('day', t.at) - interval '30 hours', date_trunc('day', t.at) + interval '54 hours', '1 minute'
	FROM (SELECT pass, at, shown, lag(shown) OVER (PARTITION BY pass ORDER BY at) AS last FROM tick) AS t JOIN pass AS p ON p.id = t.pass
	WHERE t.shown - t.last <> p.step
	UNION ALL
	SELECT label, name, year, since, since + interval '4 days', interval '1 minute'
	FROM zone, unnest('{2005-04-02, 2005-10-29, 2006-04-01, 2006-10-28}'::timestamptz[]) AS since WHERE label = 'St Johns 2005';
INSERT INTO tick
	SELECT p.id, c.* FROM pass AS p, pg_temp.clock(p.zone, p.since - interval '2 days', p.until, p.step) AS c WHERE p.step = '1 minute';

/* wall times and when they are due: the skipped ones at the first moment after them */
CREATE TEMP TABLE wall AS
	SELECT pass, at, shown, shown AS l FROM tick WHERE top > before
	UNION ALL
	SELECT t.pass, t.at, t.shown, g.l FROM tick AS t JOIN pass AS p ON p.id = t.pass, generate_series(t.before + interval '1 minute', t.shown - interval '1 minute', '1 minute') AS g(l)
	WHERE t.top - t.before > p.step;
CREATE INDEX ON tick (pass);
CREATE INDEX ON wall (pass);
ANALYZE tick;
ANALYZE wall;

\echo zone, changes of its clocks
SELECT label, count(*) FILTER (WHERE step = '1 minute') AS changes FROM pass GROUP BY label ORDER BY label;

/*
 * A rule: a schedule and the same in SQL, of these: l the wall time, at the
 * instant, shown what the clocks show then, s the local time of starts_on, start
 * its instant.  Rules without seconds and odd minutes hold on every pass.
 */
CREATE TEMP TABLE rule (id int GENERATED ALWAYS AS IDENTITY, config jsonb, kind text, due text, starts_at time, fine boolean DEFAULT false,
	excluded text, excluded_weekdays int[]);
INSERT INTO rule (config, kind, due) VALUES
	('{"cron": "0 2 * * *"}', 'wall', $$l::time = '2:00'$$),
	('{"cron": "*/15 2 * * *"}', 'wall', $$extract(hour FROM l) = 2 AND extract(minute FROM l)::int % 15 = 0$$),
	('{"cron": "30 0-3 * * *"}', 'wall', $$extract(hour FROM l) <= 3 AND extract(minute FROM l) = 30$$),
	('{"cron": "45 23 * * *"}', 'wall', $$l::time = '23:45'$$),
	('{"cron": "@daily"}', 'wall', $$l::time = '0:00'$$),
	('{"cron": "@weekly"}', 'wall', $$l::time = '0:00' AND extract(dow FROM l) = 0$$),
	('{"cron": "@monthly"}', 'wall', $$l = date_trunc('month', l)$$),
	('{"cron": "@yearly"}', 'wall', $$l = date_trunc('year', l)$$),
	('{"cron": "15 0-23 * * *"}', 'wall', $$extract(minute FROM l) = 15$$),
	('{"cron": "0 12 L * *"}', 'wall', $$l = date_trunc('month', l) + interval '1 month -12 hours'$$),
	('{"cron": "0 0 L-2 * *"}', 'wall', $$l = date_trunc('month', l) + interval '1 month -3 days'$$),
	('{"cron": "0 12 13 * FRI"}', 'wall', $$l::time = '12:00' AND (extract(day FROM l) = 13 OR extract(dow FROM l) = 5)$$),
	('{"cron": "0 12 */2 * FRI"}', 'wall', $$l::time = '12:00' AND extract(day FROM l)::int % 2 = 1 AND extract(dow FROM l) = 5$$),
	('{"cron": "30 2 * 3,10,11 SUN#1,SUN#2,SUNL"}', 'wall', $$l::time = '2:30' AND extract(dow FROM l) = 0 AND extract(month FROM l) IN (3, 10, 11)
		AND (extract(day FROM l) <= 14 OR extract(month FROM l) <> extract(month FROM l + interval '7 days'))$$),
	('{"cron": "0 9 15W * *"}', 'wall', $$l::time = '9:00' AND CASE extract(isodow FROM date_trunc('month', l) + interval '14 days')
		WHEN 6 THEN extract(day FROM l) = 14 WHEN 7 THEN extract(day FROM l) = 16 ELSE extract(day FROM l) = 15 END$$),
	('{"cron": "0 9 LW * *"}', 'wall', $$l::time = '9:00' AND extract(isodow FROM l) <= 5 AND date_trunc('month', l) <> date_trunc('month', l +
		CASE extract(isodow FROM l) WHEN 5 THEN interval '3 days' ELSE interval '1 day' END)$$),
	('{"cron": "0 0 29 2 *"}', 'wall', $$l::time = '0:00' AND to_char(l, 'MM-DD') = '02-29'$$),
	('{"cron": "@hourly"}', 'elapsed', $$extract(minute FROM shown) = 0$$),
	('{"cron": "*/30 * * * *"}', 'elapsed', $$extract(minute FROM shown)::int % 30 = 0$$),
	('{"cron": "0 */2 * * *"}', 'elapsed', $$extract(minute FROM shown) = 0 AND extract(hour FROM shown)::int % 2 = 0$$),
	('{"cron": "45 */3 * * MON-FRI"}', 'elapsed', $$extract(minute FROM shown) = 45 AND extract(hour FROM shown)::int % 3 = 0 AND extract(isodow FROM shown) <= 5$$);
INSERT INTO rule (config, kind, due, fine) VALUES
	('{"cron": "7,37 2 * * *"}', 'wall', $$extract(hour FROM l) = 2 AND extract(minute FROM l) IN (7, 37)$$, true),
	('{"cron": "* 0-2 * * *"}', 'wall', $$extract(hour FROM l) <= 2$$, true),
	('{"cron": "1 0 * * *"}', 'wall', $$l::time = '0:01'$$, true),
	('{"cron": "*/7 * * * *"}', 'elapsed', $$extract(minute FROM shown)::int % 7 = 0$$, true);
INSERT INTO rule (config, kind, due, starts_at) VALUES
	('{"frequency": "DAILY"}', 'wall', $$l::time = s::time$$, '2:30'),
	('{"frequency": "DAILY"}', 'wall', $$l::time = s::time$$, '0:00'),
	('{"frequency": "DAILY", "interval": 3}', 'wall', $$l::time = s::time AND (l::date - s::date) % 3 = 0$$, '2:15'),
	('{"frequency": "WEEKLY", "interval": 2}', 'wall', $$l::time = s::time AND (l::date - s::date) % 14 = 0$$, '0:30'),
	('{"frequency": "MONTHLY"}', 'wall', $$l = least(date_trunc('month', l) + interval '30 days', date_trunc('month', l) + interval '1 month -1 day') + s::time$$, '2:30'),
	('{"frequency": "MONTHLY", "interval": 5}', 'wall', $$l = least(date_trunc('month', l) + interval '30 days', date_trunc('month', l) + interval '1 month -1 day') + s::time
		AND (12 * extract(year FROM l) + extract(month FROM l) - 1)::int % 5 = (12 * extract(year FROM s))::int % 5$$, '2:30'),
	('{"frequency": "YEARLY"}', 'wall', $$to_char(l, 'MM-DD') = '01-31' AND l::time = s::time$$, '0:45'),
	('{"frequency": "YEARLY", "last_day": true}', 'wall', $$to_char(l, 'MM-DD') = '01-31' AND l::time = s::time$$, '0:45'),
	('{"frequency": "HOURLY"}', 'elapsed', $$extract(epoch FROM at - start)::int % 3600 = 0$$, '0:15'),
	('{"frequency": "HOURLY", "interval": 5}', 'elapsed', $$extract(epoch FROM at - start)::int % 18000 = 0$$, '2:30'),
	('{"frequency": "MINUTELY", "interval": 45}', 'elapsed', $$extract(epoch FROM at - start)::int % 2700 = 0$$, '2:30'),
	('{"frequency": "SECONDLY", "interval": 9900}', 'elapsed', $$extract(epoch FROM at - start)::int % 9900 = 0$$, '2:30'),
	('{"cron": "0 6 * * *"}', 'wall', $$l::time = '6:00'$$, '6:00');
-- local days without: weekends, and all days of March and of December's end
INSERT INTO rule (config, kind, due, starts_at, excluded, excluded_weekdays)
	SELECT config, kind, due, starts_at, $$to_char(%s, 'MM') = '03' OR to_char(%s, 'MM-DD') > '12-24'$$, '{6, 7}'
	FROM rule WHERE config->>'cron' IN ('*/15 2 * * *', '*/30 * * * *', '@daily') OR config->>'frequency' IN ('DAILY', 'MINUTELY', 'WEEKLY');

/* the instants of one rule on one pass that are planned and not due, or due and not planned */
CREATE FUNCTION pg_temp.difference(r rule, p pass) RETURNS TABLE (planned bigint, missing bigint, surplus bigint) LANGUAGE plpgsql AS $$
DECLARE
	s timestamp := CASE WHEN r.starts_at IS NOT NULL THEN make_date(p.year, 1, 31) + r.starts_at END;
	start timestamptz := s AT TIME ZONE p.zone;
	config jsonb := r.config || jsonb_build_object('time_zone', p.zone) ||
		CASE WHEN start IS NOT NULL THEN jsonb_build_object('starts_on', to_char(start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) ELSE '{}' END;
	excluded date[];
BEGIN
	IF r.excluded IS NOT NULL THEN
		EXECUTE format('SELECT array_agg(d::date ORDER BY random()) FROM generate_series($1::timestamp, $2, ''1 day'') AS d WHERE ' || r.excluded, 'd', 'd')
			USING make_date(p.year - 1, 1, 1), make_date(p.year + 3, 1, 1) INTO excluded;
	END IF;
	RETURN QUERY EXECUTE format($sql$
		WITH planned AS (SELECT planned_at AS at FROM _nuvopipe.schedule_instants($1, '2000-01-01', $2, $3, $4 - interval '1 microsecond', $5, NULL)),
		due AS (SELECT DISTINCT at FROM %I AS t, (SELECT $6 AS s, $7 AS start) AS x
			WHERE pass = $8 AND at >= $4 AND at <= $5 AND (start IS NULL OR at >= start) AND (%s)
				AND NOT coalesce(shown::date = ANY ($2), false) AND NOT coalesce(extract(isodow FROM shown)::int = ANY ($3), false))
		SELECT (SELECT count(*) FROM planned), (SELECT count(*) FROM (TABLE due EXCEPT TABLE planned) AS a),
			(SELECT count(*) FROM (TABLE planned EXCEPT ALL TABLE due) AS b)
	$sql$, CASE r.kind WHEN 'wall' THEN 'wall' ELSE 'tick' END, r.due)
		USING config, excluded, r.excluded_weekdays, p.since, p.until, s, start, p.id;
END
$$;

\echo rule, start, with excluded days, is anything planned, instants missing, surplus, and where
SELECT coalesce(r.config->>'cron', concat_ws(' ', r.config->>'frequency', r.config->>'interval', r.config->>'last_day')) AS rule,
	r.starts_at, r.excluded IS NOT NULL AS excluded, sum(d.planned) > 0 AS planned, sum(d.missing) AS missing, sum(d.surplus) AS surplus,
	string_agg(DISTINCT p.label, ', ') FILTER (WHERE d.missing + d.surplus > 0) AS wrong_in
-- the two years of a zone are walked by every fifth rule
FROM rule AS r JOIN pass AS p ON p.step = '1 minute' OR NOT r.fine AND (r.id + p.id) % 5 = 0, pg_temp.difference(r, p) AS d
GROUP BY r.id, r.config, r.starts_at, r.excluded ORDER BY r.id;
