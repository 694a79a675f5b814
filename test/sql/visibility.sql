-- What runs leave behind is seen by who owns them, through the views alone.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS nuvopipe;
RESET client_min_messages;
\set SHOW_CONTEXT never

CREATE ROLE regress_np_dora IN ROLE nuvopipe_user;
CREATE ROLE regress_np_emil IN ROLE nuvopipe_user;
CREATE ROLE regress_np_team;
GRANT regress_np_team TO regress_np_dora;

\set tenant '00000000-0000-7000-8000-000000000001'
\set dora '01000000-0000-7000-8000-000000000001'
\set team '01000000-0000-7000-8000-000000000002'
\set nobody '01000000-0000-7000-8000-000000000003'
BEGIN;
INSERT INTO _nuvopipe.run (tenant_id, id, pipeline_id, trigger_type, created_at, created_by)
	VALUES (:'tenant', :'dora', :'dora', 'MANUAL', '2024-01-01', :'dora');
INSERT INTO _nuvopipe.execution (tenant_id, id, run_id, pipeline_id, configuration_id, owner_id, owner_role, trigger_type, status, attempts, object_path,
		available_at, queued_at, created_at, created_by, updated_at, updated_by)
	SELECT :'tenant', e.id::uuid, :'dora', :'dora', :'dora', :'dora', e.owner, 'MANUAL', 'FAILED', 2, '/in/' || e.owner || '.csv', t, t, t, :'dora', t, :'dora'
	FROM (VALUES (:'dora', 'regress_np_dora'), (:'team', 'regress_np_team'), (:'nobody', 'regress_np_gone')) AS e (id, owner), (VALUES ('2024-01-01'::timestamptz)) AS v (t);
INSERT INTO _nuvopipe.execution_attempt (tenant_id, execution_id, attempt, type, status, started_at, total_rows, total_error_cells)
	SELECT :'tenant', e.id, a, CASE a WHEN 1 THEN 'CREATE' ELSE 'FIX' END, 'FAILED', '2024-01-01', 10 * a, a FROM _nuvopipe.execution e, generate_series(1, 2) a;
-- issues as src/pipeline/issuepack.h packs them
CREATE FUNCTION pg_temp.num(n int) RETURNS bytea LANGUAGE sql AS $$
	SELECT CASE WHEN n < 128 THEN decode(lpad(to_hex(n), 2, '0'), 'hex')
		ELSE decode(lpad(to_hex(n % 128 + 128), 2, '0') || lpad(to_hex(n / 128), 2, '0'), 'hex') END $$;
CREATE FUNCTION pg_temp.str(t text) RETURNS bytea LANGUAGE sql AS $$
	SELECT CASE WHEN t IS NULL THEN '\x00'::bytea ELSE pg_temp.num(octet_length(t) + 1) || convert_to(t, 'UTF8') END $$;
CREATE FUNCTION pg_temp.list(VARIADIC t text[]) RETURNS bytea LANGUAGE sql AS $$
	SELECT pg_temp.num(cardinality(t)) || coalesce(string_agg(pg_temp.str(s), ''::bytea ORDER BY n), '') FROM unnest(t) WITH ORDINALITY u (s, n) $$;
INSERT INTO _nuvopipe.issue
	SELECT :'tenant', e.id, a, 0, 0, '\x01' || pg_temp.list('city') || pg_temp.list('city') || pg_temp.list('city')
		|| pg_temp.list('required', 'row.too_few_cells') || pg_temp.list('This field is required.')
	FROM _nuvopipe.execution e, generate_series(1, 2) a;
-- flags: line known 04, value 08, row 10, own message 20
INSERT INTO _nuvopipe.issue
	SELECT :'tenant', e.id, a, n, 1, '\x01' || pg_temp.num(4 + CASE n % 4 WHEN 0 THEN 0 ELSE 8 END + CASE WHEN a = 2 AND n = 1 THEN 16 ELSE 0 END)
		|| pg_temp.num(n) || pg_temp.num(n + 1) || '\x010000'::bytea
		|| CASE n % 4 WHEN 0 THEN '' ELSE pg_temp.str(repeat(n % 4 || '', 200)) END
		|| CASE WHEN a = 2 AND n = 1 THEN '\x010100'::bytea ELSE '' END
	FROM _nuvopipe.execution e, generate_series(1, 2) a, generate_series(1, 10) n;
INSERT INTO _nuvopipe.issue VALUES (:'tenant', :'dora', 2, 11, 1, '\x01240b0c0001'::bytea || pg_temp.str('short'));
INSERT INTO _nuvopipe.event SELECT :'tenant', e.id, '2024-01-01', e.id, 'EXECUTION_FAILED', '{}', e.pipeline_id, e.owner_id, e.owner_role FROM _nuvopipe.execution e;
INSERT INTO _nuvopipe.event VALUES (:'tenant', :'tenant', '2024-01-01', NULL, 'SERVER_STARTED', '{}');

SET ROLE regress_np_dora;
SELECT input, status, total_rows, attempts, pipeline_name FROM nuvopipe.executions ORDER BY id;
SELECT execution = :'dora' AS own, attempt, type, total_rows FROM nuvopipe.execution_runs ORDER BY execution, attempt;
SELECT count(*) FROM nuvopipe.issues;
SELECT count(*) FROM nuvopipe.rejected_rows;
SELECT kind FROM nuvopipe.events;
SELECT column_key, code, cells, left(examples[1], 3), array_length(examples, 1), length(examples[1]) FROM nuvopipe.issue_summary(:'dora');
SELECT count(*) FROM nuvopipe.issue_summary(:'team');
SELECT seq, row_no, column_key, source_column, code, message, left(value, 3), severity FROM nuvopipe.issue_page(:'dora', 8, 2);
SELECT seq, row_no, column_key, source_column, code, message, value, severity FROM nuvopipe.issue_page(:'dora', after => 10);
SELECT count(*) FROM nuvopipe.issue_page(:'dora', 11);
SELECT row_no, line_no, source FROM nuvopipe.rejected_rows WHERE execution = :'dora';
SAVEPOINT s;
SELECT * FROM nuvopipe.issue_page(:'nobody');
ROLLBACK TO s;
SELECT * FROM nuvopipe.issue_page(:'dora', page_size => 0);
ROLLBACK TO s;
SAVEPOINT s;
SELECT * FROM nuvopipe.issue_summary(:'nobody');
ROLLBACK TO s;

SET ROLE regress_np_emil;
SELECT (SELECT count(*) FROM nuvopipe.executions) + (SELECT count(*) FROM nuvopipe.execution_runs) + (SELECT count(*) FROM nuvopipe.issues)
	+ (SELECT count(*) FROM nuvopipe.rejected_rows) + (SELECT count(*) FROM nuvopipe.events) AS seen;
-- a function in WHERE does not see rows that the view hides
CREATE FUNCTION pg_temp.peek(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END $$;
SELECT count(*) FROM nuvopipe.executions WHERE pg_temp.peek(input);
SELECT count(*) FROM nuvopipe.issues WHERE pg_temp.peek(value);
SAVEPOINT s;
INSERT INTO nuvopipe.issues (execution) VALUES (:'dora');
ROLLBACK TO s;

-- admins inherit what a role leaves that is gone
RESET ROLE;
SELECT count(*) FROM nuvopipe.executions;
SELECT count(*) FROM nuvopipe.events WHERE kind IN ('EXECUTION_FAILED', 'SERVER_STARTED');

-- what is no pack is told, and nothing beyond its end is read
SAVEPOINT s;
CREATE FUNCTION pg_temp.try_pack(pack bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT count(*)::text FROM _nuvopipe.unpack_issues(
		'\x01' || pg_temp.list('city') || pg_temp.list('city') || pg_temp.list('city') || pg_temp.list('required') || pg_temp.list('Required.'),
		1, pack, true));
EXCEPTION WHEN data_corrupted THEN
	RETURN 'cannot be read';
END $$;
SELECT pg_temp.try_pack('\x01'), pg_temp.try_pack('\x'), pg_temp.try_pack('\x02'), pg_temp.try_pack('\x01ff');
SELECT pg_temp.try_pack('\x011001010000011941424300') AS whole, string_agg(DISTINCT pg_temp.try_pack(substr('\x011001010000011941424300'::bytea, 1, n)), ', ') AS cut
	FROM generate_series(2, 11) n;
SELECT pg_temp.try_pack('\x01100102000001194142430000') AS column_beyond, pg_temp.try_pack('\x01100101010001194142430000') AS code_beyond,
	pg_temp.try_pack('\x01100101000001ffffffffffffffffff01') AS cell_beyond, pg_temp.try_pack('\x011001010000021941424300') AS row_beyond;
ROLLBACK TO s;

-- one execution's issues are found by their key
SET ROLE regress_np_dora;
SET enable_seqscan = off;
CREATE FUNCTION pg_temp.plan_uses(query text, word text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
		IF line LIKE '%Index Cond%' || word || '%' THEN
			RETURN true;
		END IF;
	END LOOP;
	RETURN false;
END $$;
SELECT pg_temp.plan_uses(format('SELECT * FROM nuvopipe.issues WHERE execution = %L', :'dora'), 'tenant_id');
ROLLBACK;

-- ids ascend within a session
SELECT count(*) AS out_of_order FROM (SELECT id, lag(id) OVER (ORDER BY n) AS before
	FROM (SELECT n, _nuvopipe.uuid_v7() AS id FROM generate_series(1, 10000) n OFFSET 0) ids) pairs WHERE id <= before;
SELECT substr(id, 15, 1) AS version, substr(id, 20, 1) IN ('8', '9', 'a', 'b') AS variant,
		abs(('x' || replace(left(id, 13), '-', ''))::bit(48)::bigint - extract(epoch FROM clock_timestamp()) * 1000) < 60000 AS now
	FROM (SELECT _nuvopipe.uuid_v7()::text AS id) u;

SET client_min_messages = warning;
DROP ROLE regress_np_dora, regress_np_emil, regress_np_team;
