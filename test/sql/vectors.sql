-- Every line of test/data/vectors, through SQL: what the specification of the
-- column types and rules says is what cast_cell, cast_column and the rules do.
\set ECHO none
\set QUIET on
\pset format unaligned
\pset tuples_only on
\getenv abs_srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS nuvopipe;
SET search_path = pg_temp, public;

-- jsonb holds no U+0000; such lines are replayed by test/unit
CREATE TEMP TABLE vector AS
	SELECT name, line_no, line::jsonb AS v
	FROM pg_ls_dir(:'abs_srcdir' || '/data/vectors') name,
		regexp_split_to_table(pg_read_file(:'abs_srcdir' || '/data/vectors/' || name), E'\n') WITH ORDINALITY AS l (line, line_no)
	WHERE name LIKE '%.jsonl' AND line <> '' AND line !~ '(^|[^\\])(\\\\)*\\u0000';

-- what we got is what is expected?  Binary64 for floats, 1e-9 for coordinates,
-- canonical text for exact numbers, else equal JSON.
CREATE FUNCTION pg_temp.same(type text, got jsonb, expected jsonb) RETURNS boolean LANGUAGE sql AS $$
	SELECT CASE
		WHEN expected IS NULL OR expected = 'null' THEN got IS NULL OR got = 'null'
		WHEN got IS NULL THEN false
		WHEN type IN ('latitude', 'longitude') THEN abs((got #>> '{}')::float8 - (expected #>> '{}')::float8) <= 1e-9
		WHEN type = 'float' THEN (got #>> '{}')::float8 = (expected #>> '{}')::float8
		WHEN type IN ('bigint', 'decimal') THEN got #>> '{}' = expected #>> '{}'
		ELSE got = expected
	END
$$;

-- one cell of a column: {"ok", "output", "code"}
CREATE FUNCTION pg_temp.cell("column" jsonb, input jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT jsonb_build_object('ok', ok, 'output', output, 'code', code) FROM nuvopipe.cast_cell("column", input));
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN jsonb_build_object('ok', false, 'code', CASE WHEN sqlerrm LIKE '%invalid_regex%' THEN 'invalid_regex' ELSE sqlerrm END);
END
$$;

-- a whole column: the same with arrays
CREATE FUNCTION pg_temp.whole_column("column" jsonb, input jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('ok', jsonb_agg(ok ORDER BY position), 'output', jsonb_agg(output ORDER BY position),
		'code', jsonb_agg(code ORDER BY position))
	FROM nuvopipe.cast_column("column", input)
$$;

-- the unique rule alone: cells that cannot be converted take no part in it
CREATE FUNCTION pg_temp.unique_rule(options jsonb, input jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('ok', jsonb_agg(code IS DISTINCT FROM 'unique' ORDER BY position),
		'code', jsonb_agg(CASE WHEN code = 'unique' THEN code END ORDER BY position))
	FROM nuvopipe.cast_column(jsonb_build_object('columnType', options -> 'columnType',
		'validations', '[{"validate": "unique"}]'::jsonb), input)
$$;

-- a row {A, B} and the checked cell, under a required rule of column C
CREATE FUNCTION pg_temp.row_rule(options jsonb, input jsonb) RETURNS jsonb LANGUAGE sql AS $$
	WITH issue AS (
		SELECT code FROM _nuvopipe.check_records(
			jsonb_build_array('{"key": "A"}'::jsonb, '{"key": "B"}'::jsonb,
				jsonb_build_object('key', 'C', 'validations', jsonb_build_array(options))),
			jsonb_build_array(input -> 'row' || jsonb_build_object('C', input -> 'cell'))))
	SELECT jsonb_build_object('ok', NOT EXISTS (SELECT FROM issue), 'code', (SELECT code FROM issue))
$$;

CREATE TEMP TABLE outcome AS
SELECT name, line_no, v, CASE
		WHEN name = 'rule_required.jsonl' THEN pg_temp.row_rule(v -> 'options', v -> 'input')
		WHEN name = 'rule_unique.jsonl' THEN pg_temp.unique_rule(v -> 'options', v -> 'input')
		WHEN name = 'rule_regex.jsonl' THEN
			pg_temp.cell(jsonb_build_object('validations', jsonb_build_array(v -> 'options')), v -> 'input')
		WHEN name = '_column_votes.jsonl' THEN
			pg_temp.whole_column(v -> 'options' || jsonb_build_object('columnType', v -> 'type'), v -> 'input')
		ELSE pg_temp.cell(v -> 'options' || jsonb_build_object('columnType', v -> 'type'), v -> 'input')
	END AS got
FROM vector
-- a blank cell is empty and skips the rule: the matcher itself is tested in test/unit
WHERE NOT (name = 'rule_regex.jsonl' AND v ->> 'input' <> ''
	AND (SELECT output IS NULL FROM nuvopipe.cast_cell('{}', v -> 'input')));

CREATE FUNCTION pg_temp.right_outcome(v jsonb, got jsonb) RETURNS boolean LANGUAGE sql AS $$
	SELECT got -> 'ok' = v -> 'ok' AND coalesce(got -> 'code', 'null') = coalesce(v -> 'code', 'null')
		AND CASE
			WHEN v ->> 'type' = 'rule' THEN true
			WHEN jsonb_typeof(v -> 'input') = 'array' AND jsonb_typeof(v -> 'ok') = 'array' THEN
				(SELECT bool_and(pg_temp.same(v ->> 'type', g, e))
				 FROM jsonb_array_elements(got -> 'output') WITH ORDINALITY AS a (g, i)
				 JOIN jsonb_array_elements(v -> 'output') WITH ORDINALITY AS b (e, i) USING (i))
			ELSE pg_temp.same(v ->> 'type', got -> 'output', v -> 'output')
		END
$$;

\echo -- failing lines
SELECT name || ':' || line_no, v ->> 'input' AS input, v ->> 'options' AS options,
	jsonb_build_object('ok', v -> 'ok', 'output', v -> 'output', 'code', v -> 'code') AS expected, got
FROM outcome
WHERE pg_temp.right_outcome(v, got) IS NOT TRUE
ORDER BY name, line_no;

\echo -- lines and failures by file
SELECT name, count(*), count(*) FILTER (WHERE pg_temp.right_outcome(v, got) IS NOT TRUE)
FROM outcome GROUP BY name ORDER BY name COLLATE "C";
