-- What is made of files that are known to mislead: each file of test/data/traps is
-- named after its trap, and traps.tsv says what nuvopipe.sniff and nuvopipe.parse
-- have to find in it.
\set ECHO none
\set QUIET on
\pset format unaligned
\pset tuples_only on
\getenv abs_srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS nuvopipe;
SET search_path = pg_temp, public;

CREATE TEMP TABLE trap AS
	SELECT split_part(line, E'\t', 1) AS name, split_part(line, E'\t', 2) AS sniffed, split_part(line, E'\t', 3) AS parsed
	FROM regexp_split_to_table(pg_read_file(:'abs_srcdir' || '/data/traps.tsv'), E'\n') AS line
	WHERE line <> '' AND line NOT LIKE '#%';

-- a type in a letter, with the decimal sign or the order of day and month; ? = it cannot be told
CREATE FUNCTION pg_temp.field(f jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT left(f ->> 'type', 1) || CASE f ->> 'type'
			WHEN 'decimal' THEN coalesce(f ->> 'decimal', CASE WHEN f ? 'decimal_verdict' THEN '?' ELSE '' END)
			WHEN 'date' THEN coalesce('=' || (f ->> 'date_order'), CASE WHEN f ? 'date_verdict' THEN '?' ELSE '' END) ELSE '' END
		|| CASE WHEN f #>> '{decimal_verdict,ambiguous}' = 'true' OR f #>> '{date_verdict,ambiguous}' = 'true' THEN '!' ELSE '' END
$$;

CREATE FUNCTION pg_temp.sniffed(data bytea) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', s ->> 'format', s ->> 'encoding', nullif(s ->> 'compression', 'none'),
		CASE s ->> 'delimiter' WHEN E'\t' THEN 'tab' ELSE s ->> 'delimiter' END,
		(SELECT string_agg(value, '+' ORDER BY n) FROM jsonb_array_elements_text(s -> 'widths') WITH ORDINALITY AS x (value, n)),
		s ->> 'quote', nullif(s ->> 'escape', s ->> 'quote'),
		CASE WHEN s ->> 'header' = 'true' THEN 'header' ELSE 'data' END || coalesce('*' || (s ->> 'header_rows'), ''),
		'skip=' || (s ->> 'skip_rows'), 'columns=' || (s ->> 'columns'),
		(SELECT string_agg(pg_temp.field(f), ' ' ORDER BY n) FROM jsonb_array_elements(s -> 'fields') WITH ORDINALITY AS x (f, n)),
		CASE WHEN s -> 'verdicts' ? 'transposed' THEN 'transposed' END,
		(SELECT 'ambiguous: ' || string_agg(key, ' ' ORDER BY key) FROM jsonb_each(s -> 'verdicts') WHERE value ->> 'ambiguous' = 'true'))
	FROM nuvopipe.sniff(data) AS s
$$;

-- the names of the columns, how many rows, the last of them; or the error
CREATE FUNCTION pg_temp.parsed(data bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT coalesce(max(cells::text) FILTER (WHERE row_no = 0), '-') || ' ' || count(*) FILTER (WHERE row_no > 0)
			|| coalesce(' ' || (array_agg(cells::text ORDER BY row_no DESC) FILTER (WHERE row_no > 0))[1], '')
		FROM nuvopipe.parse(data));
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;

CREATE TEMP TABLE seen AS
	SELECT name, pg_temp.sniffed(data) AS sniffed, replace(replace(pg_temp.parsed(data), E'\n', '\n'), E'\r', '\r') AS parsed
	FROM pg_ls_dir(:'abs_srcdir' || '/data/traps') AS name, pg_read_binary_file(:'abs_srcdir' || '/data/traps/' || name) AS data;

\echo # what differs (nothing)
SELECT name, 'sniff', s.sniffed, 'expected', t.sniffed FROM seen s FULL JOIN trap t USING (name) WHERE s.sniffed IS DISTINCT FROM t.sniffed ORDER BY name COLLATE "C";
SELECT name, 'parse', s.parsed, 'expected', t.parsed FROM seen s FULL JOIN trap t USING (name) WHERE s.parsed IS DISTINCT FROM t.parsed ORDER BY name COLLATE "C";
\echo # files
SELECT count(*) FROM seen;
