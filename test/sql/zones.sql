-- datetime in time zones: what a cell without a zone means is what the server
-- makes of the same local time, all through 150 years and around the hours that
-- clocks skip or show twice; and it is shown in that zone again.
\set ECHO none
\set QUIET on
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS nuvopipe;
SET timezone = 'UTC';
SET search_path = pg_temp, public;

CREATE TEMP TABLE zone AS
	SELECT * FROM unnest(ARRAY['Africa/Casablanca', 'America/New_York', 'America/Sao_Paulo', 'Asia/Kathmandu', 'Australia/Lord_Howe',
		'EST5EDT', 'Etc/GMT+5', 'Europe/Berlin', 'Europe/Dublin', 'Pacific/Apia']) AS name;

CREATE TEMP TABLE local AS SELECT row_number() OVER () AS position, ts FROM (
	SELECT ts FROM generate_series(timestamp '1890-01-01 00:30', '2045-01-01', '37 hours 17 minutes') ts
	UNION ALL
	SELECT day + i * interval '10 minutes'
	FROM unnest(ARRAY['1971-10-31', '2011-12-29', '2018-02-18', '2018-11-04', '2024-03-10', '2024-03-31', '2024-04-07',
		'2024-10-06', '2024-10-27', '2024-11-03']::timestamp[]) day, generate_series(-18, 400) i) AS times;

CREATE TEMP TABLE input AS
	SELECT jsonb_agg(to_char(ts, 'YYYY-MM-DD HH24:MI:SS') ORDER BY position) AS cells FROM local;

SELECT zone.name, count(*) > 30000 AS many, count(*) FILTER (WHERE utc.output #>> '{}' IS DISTINCT FROM
		to_char(ts AT TIME ZONE zone.name AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) AS wrong
FROM zone, input,
	nuvopipe.cast_column(jsonb_build_object('columnType', 'datetime', 'timeZone', name), cells) AS utc JOIN local USING (position)
GROUP BY 1 ORDER BY 1;

SELECT zone.name, count(*) FILTER (WHERE shown.output #>> '{}' IS DISTINCT FROM
		to_char(ts AT TIME ZONE zone.name AT TIME ZONE zone.name, 'YYYY-MM-DD HH24:MI:SS')) AS wrong
FROM zone, input,
	nuvopipe.cast_column(jsonb_build_object('columnType', 'datetime', 'timeZone', name, 'outputFormat', 'YYYY-MM-DD HH:mm:ss'), cells) AS shown JOIN local USING (position)
GROUP BY 1 ORDER BY 1;

-- the server would take each of these for a zone of its own making
CREATE FUNCTION pg_temp.refused(zone text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM nuvopipe.cast_cell(jsonb_build_object('columnType', 'datetime', 'timeZone', zone), '"2024-01-01"');
	RETURN 'accepted';
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN sqlerrm;
END
$$;
SELECT name, pg_temp.refused(name)
FROM unnest(ARRAY['Berlin1', 'Europe/Berlin1', '<+05>-5', 'Europe/Berlim', 'Etc/GMT+5', 'GMT0', 'UTC']) AS name;
