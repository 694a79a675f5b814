-- retention.sql - what goes when, what stays, and that numbers do not fall
BEGIN;
SELECT plan(88);

-- what a change of state notes for the tally
CREATE FUNCTION pg_temp.note_end(tenant uuid, execution uuid, status text, attempt int) RETURNS void LANGUAGE sql AS $$
	INSERT INTO _nuvopipe.uncounted (tenant_id, execution_id, id, attempt, status)
		VALUES (tenant, execution, _nuvopipe.uuid_v7(), nullif(attempt, 0), nullif(status, 'QUEUED')) $$;

-- ---- tools ------------------------------------------------------------------

CREATE SCHEMA retention_test;
SET search_path = retention_test, public;

-- an id of a past time
CREATE FUNCTION old_id(age interval) RETURNS uuid LANGUAGE sql AS $$
	SELECT overlay(_nuvopipe.uuid_v7()::text PLACING left(_nuvopipe.uuid_floor(now() - age)::text, 13) FROM 1)::uuid $$;
-- an execution that ended so long ago, with one attempt, and what it still has
CREATE FUNCTION execution(age interval, status text, tenant uuid, has_issues boolean DEFAULT false, input uuid DEFAULT NULL, ms bigint DEFAULT 2000) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	t timestamptz := now() - age;
	e uuid := retention_test.old_id(age);
	p uuid := 'aaaaaaaa-0000-7000-8000-000000000001';
BEGIN
	INSERT INTO _nuvopipe.run (tenant_id, id, pipeline_id, trigger_type, created_at, created_by) VALUES (tenant, e, p, 'MANUAL', t, tenant);
	INSERT INTO _nuvopipe.execution (tenant_id, id, run_id, pipeline_id, configuration_id, owner_id, owner_role, trigger_type, status, attempts,
			available_at, queued_at, finished_at, created_at, created_by, updated_at, updated_by, has_issues, input_id, lease_until, object_path)
		VALUES (tenant, e, e, p, p, tenant, 'postgres', 'MANUAL', status, 1, t, t, CASE WHEN status IN ('QUEUED', 'RUNNING') THEN NULL ELSE t END, t, tenant, t, tenant,
			has_issues, input, CASE WHEN status = 'RUNNING' THEN t END, 'x.csv');
	IF status NOT IN ('QUEUED', 'RUNNING') THEN
		INSERT INTO _nuvopipe.execution_attempt (tenant_id, execution_id, attempt, type, status, started_at, finished_at, duration_ms, total_rows, total_cells,
				total_error_cells, rows_read, rows_written, rows_rejected, rows_filtered, rows_blank, input_bytes, output_bytes)
			VALUES (tenant, e, 1, 'CREATE', status, t, t, ms, 10, 100, 3, 10, 8, 2, 0, 0, 1000, 500);
		PERFORM pg_temp.note_end(tenant, e, status, 1);
	END IF;
	IF has_issues THEN
		INSERT INTO _nuvopipe.issue SELECT tenant, e, 1, n, 1, '\x00' FROM generate_series(0, 2) n;
	END IF;
	RETURN e;
END
$$;
CREATE FUNCTION alive(execution uuid) RETURNS boolean LANGUAGE sql AS $$ SELECT EXISTS (SELECT FROM _nuvopipe.execution e WHERE e.id = execution) $$;
CREATE FUNCTION issues(execution uuid) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM _nuvopipe.issue i WHERE i.execution_id = execution $$;
-- everything there is to do; by_hand unless it is said otherwise
CREATE FUNCTION maintain(by_hand boolean DEFAULT true) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	total int := 0;
	n int;
BEGIN
	FOR step IN 0 .. 100 LOOP
		LOOP
			n := _nuvopipe.maintain(step, by_hand);
			IF n IS NULL THEN RETURN total; END IF;
			total := total + n;
			EXIT WHEN n = 0;
		END LOOP;
	END LOOP;
END
$$;
-- a range that has passed already
CREATE FUNCTION past_partition(parent text, name text, from_age interval, to_age interval) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM _nuvopipe.make_partition(parent, name);
	EXECUTE format('ALTER TABLE _nuvopipe.%I ATTACH PARTITION _nuvopipe.%I FOR VALUES FROM (%L) TO (%L)', parent, name,
		_nuvopipe.uuid_floor(now() - from_age), _nuvopipe.uuid_floor(now() - to_age));
END
$$;
CREATE FUNCTION names(parent text) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(p.name, ' ' ORDER BY p.lower) FROM _nuvopipe.partitions(parent) p WHERE p.to_time < now() $$;
CREATE FUNCTION metric(line text) RETURNS text LANGUAGE sql AS $$
	SELECT substring(_nuvopipe.execution_metrics(_nuvopipe.tenant()) FROM '\nnuvopipe_' || regexp_replace(line, '([{}+])', '\\\1', 'g') || ' ([0-9.]+)\n') $$;
CREATE FUNCTION statistics(OUT total numeric, OUT failed numeric, OUT rows numeric, OUT cells numeric) LANGUAGE sql AS $$
	SELECT sum((d ->> 'total')::numeric), sum((d ->> 'failed')::numeric), sum((d ->> 'rows')::numeric), sum((d ->> 'error_cells')::numeric)
		FROM jsonb_array_elements(nuvopipe_api.execution_statistics(jsonb_build_object('from', now() - interval '300 days', 'to', now() + interval '1 day')) -> 'data') d $$;
CREATE FUNCTION event(tenant uuid, age interval) RETURNS uuid LANGUAGE sql AS $$
	INSERT INTO _nuvopipe.event (tenant_id, id, at, kind) VALUES (tenant, old_id(age), now() - age, 'test') RETURNING id $$;
CREATE FUNCTION events(tenant uuid) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM _nuvopipe.event v WHERE v.tenant_id = tenant AND v.kind = 'test' $$;

DO $$ BEGIN
	-- what other tests have left is none of our business
	DELETE FROM _nuvopipe.execution_attempt;
	DELETE FROM _nuvopipe.execution;
	DELETE FROM _nuvopipe.uncounted;
	DELETE FROM _nuvopipe.tally;
	PERFORM nuvopipe.set_retention('issues', NULL);
END $$;
SELECT _nuvopipe.tenant() AS t, _nuvopipe.me() AS me \gset
INSERT INTO _nuvopipe.organization (id, name, created_at, updated_at)
	VALUES ('aaaaaaaa-0000-7000-8000-00000000000a', 'retention short', now(), now()), ('aaaaaaaa-0000-7000-8000-00000000000b', 'retention long', now(), now());
\set short aaaaaaaa-0000-7000-8000-00000000000a
\set long aaaaaaaa-0000-7000-8000-00000000000b

-- ---- ids and times ------------------------------------------------------------

SELECT is(_nuvopipe.uuid_time(_nuvopipe.uuid_floor('2024-02-29 12:34:56.789+00')), '2024-02-29 12:34:56.789+00', 'an id tells its time');
SELECT ok(_nuvopipe.uuid_floor(t) < _nuvopipe.uuid_v7() AND _nuvopipe.uuid_floor(t + interval '1 hour') > _nuvopipe.uuid_v7(), 'ids lie between the floors of their time') FROM clock_timestamp() t;
SELECT is(ARRAY[_nuvopipe.uuid_floor('-infinity'), _nuvopipe.uuid_floor('infinity')], '{00000000-0000-0000-0000-000000000000,ffffffff-ffff-ffff-ffff-ffffffffffff}', 'also where time ends');
SELECT is((SELECT max(extract(epoch FROM k * interval '1 minute') / extract(epoch FROM _nuvopipe.partition_width(k * interval '1 minute'))) < 54
	FROM generate_series(1, 1600000, 97) k), true, 'a policy has a few dozens of partitions at most');

-- ---- partitions -----------------------------------------------------------------

DO $$ DECLARE p record; BEGIN
	FOR p IN SELECT * FROM _nuvopipe.partitions('issue') UNION ALL SELECT * FROM _nuvopipe.partitions('event') LOOP
		EXECUTE 'DROP TABLE ' || p.relation;
	END LOOP;
END $$;
CREATE ROLE retention_reader;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO retention_reader;
SELECT is(_nuvopipe.add_partitions('event', interval '90 days', clock_timestamp()), true, 'partitions are made');
SELECT ok(count(*) BETWEEN 2 AND 3 AND min(from_time) > now() AND max(to_time) > now() + interval '14 days' AND bool_and(to_time - from_time <= interval '7 days'), 'for this week and the next two, from now on')
	FROM _nuvopipe.partitions('event');
SELECT is((SELECT count(*) FROM _nuvopipe.partitions('event') a JOIN _nuvopipe.partitions('event') b ON a.to_time = b.from_time) + 1, (SELECT count(*) FROM _nuvopipe.partitions('event')), 'without gaps');
SELECT is(_nuvopipe.add_partitions('event', interval '5 days', (SELECT max(to_time) - interval '1 day' FROM _nuvopipe.partitions('event'))), true, 'with another width ranges go on');
SELECT is((SELECT count(*) FROM _nuvopipe.partitions('event') a JOIN _nuvopipe.partitions('event') b ON a.to_time = b.from_time) + 1, (SELECT count(*) FROM _nuvopipe.partitions('event')), 'where they ended');
SELECT set_eq($$SELECT relrowsecurity AS a, relowner::regrole::text AS b, relacl IS NULL OR NOT EXISTS (SELECT FROM aclexplode(relacl) a WHERE a.grantee <> relowner) AS c FROM pg_class c JOIN _nuvopipe.partitions('event') p ON p.relation = c.oid$$,
	$$SELECT true AS a, relowner::regrole::text AS b, true AS c FROM pg_class WHERE oid = '_nuvopipe.event'::regclass$$, 'partitions are for nobody but their owner');
SELECT is((SELECT count(*) FROM pg_index i JOIN _nuvopipe.partitions('event') p ON p.relation = i.indrelid), (SELECT 4 * count(*) FROM _nuvopipe.partitions('event')), 'and have the indexes of the default one');
SELECT _nuvopipe.add_partitions('issue', interval '90 days', clock_timestamp()) \g /dev/null
SELECT set_eq($$SELECT reloptions FROM pg_class c JOIN _nuvopipe.partitions('issue') p ON p.relation = c.oid$$, $$SELECT reloptions FROM pg_class WHERE oid = '_nuvopipe.issue_default'::regclass$$, 'and its options');
SELECT is(_nuvopipe.add_partition('event', now() - interval '9 years', now() - interval '8 years'), false, 'no range is made that has begun');
ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM retention_reader;
SELECT throws_ok($$SET LOCAL ROLE retention_reader; SELECT * FROM _nuvopipe.event$$, '42501', NULL, 'nobody else reads them');
RESET ROLE;
INSERT INTO _nuvopipe.event (tenant_id, id, at, kind) SELECT :'t', overlay(_nuvopipe.uuid_v7()::text PLACING left(_nuvopipe.uuid_floor(p.from_time)::text, 13) FROM 1)::uuid, now(), 'future' FROM _nuvopipe.partitions('event') p;
SELECT is((SELECT count(DISTINCT tableoid) FROM _nuvopipe.event WHERE kind = 'future'), (SELECT count(*) FROM _nuvopipe.partitions('event')), 'each row finds its range');

-- ---- successful executions become numbers ---------------------------------------------

SELECT execution('29 days', 'SUCCEEDED', :'t') AS young, execution('31 days', 'SUCCEEDED', :'t', ms => 1) AS clean, execution('31 days 1 hour', 'SUCCEEDED', :'t', ms => 7000) AS clean2,
	execution('31 days', 'SUCCEEDED', :'t', true) AS with_issues, execution('89 days', 'FAILED', :'t') AS failed, execution('91 days', 'FAILED', :'t') AS failed_long,
	execution('89 days', 'CANCELED', :'t') AS canceled, execution('91 days', 'CANCELED', :'t') AS canceled_long,
	execution('200 days', 'QUEUED', :'t') AS queued, execution('200 days', 'RUNNING', :'t') AS running \gset
UPDATE _nuvopipe.execution_attempt SET attempt = 3 WHERE execution_id = :'clean2';
INSERT INTO _nuvopipe.execution_attempt (tenant_id, execution_id, attempt, type, status, started_at, finished_at, duration_ms, rows_read, rows_written, rows_rejected, rows_filtered, rows_blank)
	SELECT tenant_id, execution_id, a, 'CREATE', 'FAILED', started_at, finished_at, 100, 1, 0, 0, 0, 1 FROM _nuvopipe.execution_attempt, generate_series(1, 2) a WHERE execution_id = :'clean2';
UPDATE _nuvopipe.execution SET attempts = 3 WHERE id = :'clean2';
SELECT pg_temp.note_end(:'t', :'clean2', 'QUEUED', a) FROM generate_series(1, 2) a \g /dev/null
UPDATE _nuvopipe.uncounted SET attempt = 3 WHERE execution_id = :'clean2' AND status IS NOT NULL;
INSERT INTO _nuvopipe.input_ledger VALUES (:'t', 'aaaaaaaa-0000-7000-8000-000000000001', 'x.csv', 'v1', :'clean', 10, now());

CREATE TABLE before AS SELECT _nuvopipe.execution_metrics(:'t') AS metrics, (statistics()).*;
SELECT is(metric('executions{state="SUCCEEDED"}') || ' ' || metric('executions{state="FAILED"}') || ' ' || metric('executions{state="CANCELED"}') || ' ' || metric('executions{state="QUEUED"}') || ' ' || metric('executions{state="RUNNING"}'),
	'4 2 2 1 1', 'metrics count executions by state');
SELECT is(metric('attempts_total') || ' ' || metric('rows_total{kind="read"}') || ' ' || metric('attempt_duration_seconds_bucket{le="1"}') || ' ' || metric('attempt_duration_seconds_count'), '11 82 3 10', 'and attempts');
SELECT is(_nuvopipe.count_portion(3) > 0, true, 'counting goes in portions');
SELECT is(_nuvopipe.execution_metrics(:'t'), (SELECT metrics FROM before), 'what is counted half is told whole');
SELECT is((SELECT count(*) FROM _nuvopipe.uncounted) > 0, true, 'it was half');
SELECT is(_nuvopipe.maintain(5), 4, 'executions that have nothing left go after their time');
SELECT is(_nuvopipe.maintain(5), 0, 'once');
SELECT is(concat_ws(' ', alive(:'young'), alive(:'clean'), alive(:'clean2'), alive(:'with_issues'), alive(:'failed'), alive(:'failed_long'), alive(:'canceled'), alive(:'canceled_long'), alive(:'queued'), alive(:'running')),
	't f f t t f t f t t', 'those, and no others');
SELECT is((SELECT count(*) FROM _nuvopipe.run WHERE id IN (:'clean', :'clean2', :'failed_long')) + (SELECT count(*) FROM _nuvopipe.execution_attempt WHERE execution_id IN (:'clean', :'clean2', :'failed_long')), 0::bigint, 'with attempts and runs');
SELECT is((SELECT count(*) FROM _nuvopipe.input_ledger WHERE execution_id = :'clean'), 1::bigint, 'but not what the ledger knows');
SELECT is(_nuvopipe.execution_metrics(:'t'), (SELECT metrics FROM before), 'metrics are what they were');
SELECT results_eq('SELECT * FROM statistics()', 'SELECT total, failed, rows, cells FROM before', 'so are statistics');
SELECT is((SELECT sum(succeeded) || ' ' || sum(failed) || ' ' || sum(canceled) || ' ' || sum(total_rows) || ' ' || sum(input_bytes) || ' ' || sum(duration) FROM nuvopipe.execution_days),
	'2 1 1 40 4000 11001', 'their days have numbers, of last attempts');
SELECT is((SELECT day FROM nuvopipe.execution_days WHERE succeeded > 0 ORDER BY day LIMIT 1), ((now() - interval '31 days 1 hour') AT TIME ZONE 'UTC')::date, 'the day is that of UTC on which they were created');
SELECT ok(abs(_nuvopipe.spread_quantile(_nuvopipe.spread_of(ms), 0.5) - 500) < 20 AND abs(_nuvopipe.spread_quantile(_nuvopipe.spread_of(ms), 0.95) - 950) < 40, 'quantiles of a spread are near') FROM generate_series(1, 1000) ms;
SELECT is(_nuvopipe.spread_quantile(NULL, 0.5), NULL, 'and of none, null');
SELECT execution('40 days', 'SUCCEEDED', :'t') AS other \gset
SELECT is(_nuvopipe.maintain(5), 1, 'more of a day are added');
SELECT is(metric('executions{state="SUCCEEDED"}'), '5', 'what was never counted is counted when it goes');
SELECT is((SELECT sum(succeeded) FROM nuvopipe.execution_days), 3::numeric, 'to its day as well');

-- no compaction: as long as all history
SELECT nuvopipe.set_retention('compact', '0') \g /dev/null
SELECT execution('89 days', 'SUCCEEDED', :'t') AS a, execution('91 days', 'SUCCEEDED', :'t') AS b \gset
SELECT maintain() \g /dev/null
SELECT is(concat_ws(' ', alive(:'a'), alive(:'b')), 't f', 'without compaction successful ones stay as others');
SELECT nuvopipe.set_retention('history', '0') \g /dev/null
SELECT execution('5000 days', 'SUCCEEDED', :'t') AS b, execution('5000 days', 'FAILED', :'t') AS c \gset
SELECT maintain() \g /dev/null
SELECT is(concat_ws(' ', alive(:'b'), alive(:'c')), 't t', 'zero is for ever');
SELECT nuvopipe.set_retention(w, NULL) FROM unnest(ARRAY['compact', 'history']) w \g /dev/null
SELECT maintain() \g /dev/null
SELECT is(concat_ws(' ', alive(:'b'), alive(:'c'), alive(:'a')), 'f f f', 'null is as the server has set');

-- bounded portions
SELECT execution('31 days', 'SUCCEEDED', :'t') FROM generate_series(1, 7) \g /dev/null
SELECT is(ARRAY[_nuvopipe.remove_ended(3), _nuvopipe.remove_ended(3), _nuvopipe.remove_ended(3), _nuvopipe.remove_ended(3)], '{3,3,1,0}', 'portions are bounded');

-- ---- what a failed execution needs ----------------------------------------------------

SELECT _nuvopipe.store_bytes(:'t', 'input', 'in.csv', NULL) AS blob, _nuvopipe.store_bytes(:'t', 'input', 'in.csv', NULL) AS blob2 \gset
SELECT nuvopipe.set_retention(w, '1 day') FROM unnest(ARRAY['compact', 'history', 'issues', 'input', 'event']) w \g /dev/null
SELECT nuvopipe.set_retention('failed', '60 days') \g /dev/null
SELECT execution('59 days', 'FAILED', :'t', true, :'blob') AS fixable, execution('59 days', 'SUCCEEDED', :'t', true, :'blob') AS done,
	execution('59 days', 'SUCCEEDED', :'t', true, :'blob2') AS done2, execution('59 days', 'FAILED', :'t') AS hopeless \gset
SELECT maintain() \g /dev/null
SELECT is(concat_ws(' ', alive(:'fixable'), issues(:'fixable'), alive(:'done'), issues(:'done'), alive(:'hopeless')), 't 3 f 0 f', 'a failed execution that can be fixed stays, whatever the other times are');
SELECT is((SELECT count(*) FROM _nuvopipe.execution_attempt WHERE execution_id = :'fixable'), 1::bigint, 'with its attempts');
SELECT is((SELECT string_agg(file_name || bytes, ' ') FROM _nuvopipe.blob WHERE id IN (:'blob', :'blob2')), 'in.csv5', 'and its input, not that of others');
SELECT is((_nuvopipe.api_read('execution', :'fixable') -> 'input') - ARRAY['sha256', 'path'], jsonb_build_object('available', true,
	'available_until', _nuvopipe.iso(now() + interval '1 day')), 'it says until when');
SELECT is((SELECT array_agg(what || ' ' || kept || ' ' || due ORDER BY what) FROM nuvopipe.retention WHERE what IN ('failed', 'history', 'compact', 'issues')), '{"compact 0 0","failed 1 0","history 0 0","issues 0 0"}', 'the view counts it');
SELECT is((SELECT array_agg(keep::text ORDER BY keep) FROM nuvopipe.retention WHERE is_own), '{"1 day","1 day","1 day","1 day","1 day","60 days"}', 'and says what is the organization''s own');
SELECT nuvopipe.set_retention('failed', '58 days') \g /dev/null
SELECT is((SELECT due FROM nuvopipe.retention WHERE what = 'failed'), 1::bigint, 'a shorter time makes it due');
SELECT nuvopipe.set_retention('history', '100 days') \g /dev/null
SELECT maintain() \g /dev/null
SELECT is(concat_ws(' ', alive(:'fixable'), issues(:'fixable')), 't 0', 'after its time the execution has no issues');
SELECT is((SELECT count(*) FROM _nuvopipe.blob WHERE id = :'blob'), 0::bigint, 'and no input');
SELECT is(a -> 'input' ->> 'available' || (a #>> '{can,reasons,input}'), 'falsethe copy of the input has expired', 'it says why') FROM _nuvopipe.api_read('execution', :'fixable') a;
SELECT ok(a #>> '{input,expired_at}' > _nuvopipe.iso(now() - interval '1 minute'), 'and since when') FROM _nuvopipe.api_read('execution', :'fixable') a;
SELECT nuvopipe.set_retention('history', '58 days') \g /dev/null
SELECT maintain() \g /dev/null
SELECT is(alive(:'fixable'), false, 'then it goes as others');
SELECT nuvopipe.set_retention(w, NULL) FROM unnest(ARRAY['compact', 'history', 'issues', 'input', 'event', 'failed']) w \g /dev/null

-- an input that several have
SELECT _nuvopipe.store_bytes(:'t', 'both', 'b.csv', NULL) AS blob \gset
SELECT execution('91 days', 'SUCCEEDED', :'t', false, :'blob') AS a, execution('89 days', 'SUCCEEDED', :'t', false, :'blob') AS b \gset
SELECT maintain() \g /dev/null
SELECT is(concat_ws(' ', alive(:'a'), alive(:'b'), (SELECT count(*) FROM _nuvopipe.blob WHERE id = :'blob')), 'f t 1', 'bytes stay while somebody has them, and executions while they have bytes');

-- ---- partitions of issues ---------------------------------------------------------------

SELECT past_partition('issue', 'issue_old', '114 days', '107 days'), past_partition('issue', 'issue_mid', '100 days', '93 days'), past_partition('issue', 'issue_new', '80 days', '73 days') \g /dev/null
SELECT execution('110 days', 'SUCCEEDED', :'t', true) AS a, execution('95 days', 'SUCCEEDED', :'t', true) AS b, execution('75 days', 'SUCCEEDED', :'t', true) AS c \gset
SELECT is((SELECT tableoid::regclass::text FROM _nuvopipe.issue WHERE execution_id = :'a' LIMIT 1), '_nuvopipe.issue_old', 'old rows lie in their range');
SELECT is(_nuvopipe.drop_partitions('issue', interval '1000 days', 1000), 0, 'a partition stays while an execution needs it');
SELECT is(_nuvopipe.expire_issues(), 2, 'issues have their time');
SELECT is(issues(:'a') || ' ' || issues(:'b'), '3 3', 'their rows are not deleted');
SELECT is(_nuvopipe.drop_partitions('issue', interval '1000 days', 1000), 1, 'but dropped with the partition');
SELECT is(issues(:'a') || ' ' || issues(:'b') || ' ' || issues(:'c') || ' ' || names('issue'), '0 3 3 issue_mid issue_new', 'one at a time');
SELECT execution('95 days', 'SUCCEEDED', :'t', true) AS b \gset
SELECT is(_nuvopipe.drop_partition('issue', 'issue_mid', lower, upper, now()), false, 'who asks late is told that it is needed') FROM _nuvopipe.partitions('issue') WHERE name = 'issue_mid';
SELECT is(_nuvopipe.maintain(0), 0, 'making partitions drops none');

-- one organisation keeps for longer, one less long
SELECT nuvopipe.set_retention('issues', '1 year', 'retention long'), nuvopipe.set_retention('issues', '10 days', :'short') \g /dev/null
SELECT past_partition('issue', 'issue_shared', '128 days', '121 days'), past_partition('issue', 'issue_twelve', '14 days', '11 days') \g /dev/null
SELECT execution('125 days', 'SUCCEEDED', :'t', true) AS a, execution('125 days', 'SUCCEEDED', :'long', true) AS l, execution('125 days', 'FAILED', :'long', true) AS lf,
	execution('12 days', 'SUCCEEDED', :'t', true) AS n, execution('12 days', 'SUCCEEDED', :'short', true) AS s, execution('12 days', 'FAILED', :'short', true) AS sf,
	execution('125 days', 'QUEUED', :'t', true) AS q \gset
SELECT is(_nuvopipe.drop_partitions('issue', interval '90 days', 2), 0, 'too much to be copied is not');
SELECT maintain() \g /dev/null
SELECT is(concat_ws(' ', issues(:'a'), issues(:'l'), issues(:'lf'), issues(:'q')), '0 3 0 3', 'of a partition that somebody needs only that is left');
SELECT is(names('issue'), 'issue_shared_kept issue_new issue_twelve', 'in a table of its own');
SELECT set_eq($$SELECT relrowsecurity, relispartition FROM pg_class WHERE relname = 'issue_shared_kept'$$, 'SELECT true AS a, true AS b', 'like the others');
SELECT is((SELECT count(*) FROM pg_constraint WHERE conrelid = '_nuvopipe.issue_shared_kept'::regclass AND contype = 'c'), 0::bigint, 'nothing is left of the change');
SELECT is(concat_ws(' ', issues(:'n'), issues(:'s'), issues(:'sf')), '3 0 3', 'an organization with less time has its rows deleted, not those of what failed');
SELECT nuvopipe.set_retention('issues', '120 days', 'retention long') \g /dev/null
UPDATE _nuvopipe.execution SET has_issues = false WHERE id = :'q';
SELECT maintain() \g /dev/null
SELECT is(names('issue') || issues(:'l'), 'issue_new issue_twelve0', 'it goes with the last who needs it');
SELECT execution('11 days', 'SUCCEEDED', :'short', true) AS s \gset
SELECT is(ARRAY[_nuvopipe.expire_issues(200, 2), _nuvopipe.expire_issues(200, 2), _nuvopipe.expire_issues(200, 2)], '{1,1,0}', 'rows are deleted in portions, too');
SELECT is(issues(:'s'), 0::bigint, 'to the end');

-- ---- events and deliveries -----------------------------------------------------------------

DELETE FROM _nuvopipe.event;
SELECT nuvopipe.set_retention('event', '1 year', 'retention long'), nuvopipe.set_retention('event', '10 days', 'retention short') \g /dev/null
SELECT past_partition('event', 'event_old', '114 days', '107 days'), past_partition('event', 'event_new', '20 days', '13 days') \g /dev/null
SELECT event(:'t', '110 days'), event(:'long', '110 days'), event(:'short', '110 days'), event(:'t', '15 days'), event(:'short', '15 days'), event(:'short', '9 days'),
	event(:'t', '91 days'), event(:'t', '89 days'), event(:'long', '91 days') \g /dev/null
SELECT is(_nuvopipe.maintain(6), 3, 'events go with their time: of who keeps them less long, or where no partition takes them');
SELECT is(concat_ws(' ', events(:'t'), events(:'long'), events(:'short')), '3 2 1', 'those, and no others');
SELECT is(_nuvopipe.maintain(9) || ' ' || names('event'), '1 event_old_kept event_new', 'the rest goes with the partition');
SELECT is(concat_ws(' ', events(:'t'), events(:'long'), events(:'short')), '2 2 1', 'but for what somebody keeps for longer');
SELECT nuvopipe.set_retention('event', NULL, 'retention long') \g /dev/null
SELECT maintain() \g /dev/null
SELECT is(concat_ws(' ', events(:'t'), events(:'long'), events(:'short'), names('event')), '2 0 1 event_new', 'until that has passed');
INSERT INTO _nuvopipe.outbox (tenant_id, id, webhook_id, event, payload, status, next_at, delivered_at, created_at, updated_at)
	SELECT :'t', old_id(a), :'t', 'TEST', jsonb_build_object('n', n), s, now(), CASE s WHEN 'DELIVERED' THEN now() END, now() - a, now()
		FROM (VALUES (1, interval '91 days', 'DELIVERED'), (2, '91 days', 'DEAD'), (3, '91 days', 'PENDING'), (4, '89 days', 'DELIVERED')) v (n, a, s);
SELECT maintain() \g /dev/null
SELECT is((SELECT array_agg((payload ->> 'n')::int ORDER BY payload ->> 'n') FROM _nuvopipe.outbox WHERE event = 'TEST' AND webhook_id = :'t'), '{3,4}', 'deliveries go likewise, unless they are still to be made');

INSERT INTO _nuvopipe.planned_run (tenant_id, pipeline_id, planned_at, until_at, due_at, decided_at, run_id, started_at, outcome, owner_id, owner_role)
	SELECT :'t', :'t', now() - a, now() - b, now() - a, now() - c, :'t', CASE o WHEN 'RAN' THEN now() END, o, :'t', 'postgres'
		FROM (VALUES (interval '91 days', NULL, interval '91 days', 'RAN'), ('92 days', NULL, '92 days', 'WAITING'), ('89 days', NULL, '89 days', 'RAN'),
			('100 days', interval '89 days', '89 days', 'SKIPPED_DOWN'), ('200 days', '95 days', '95 days', 'SKIPPED_PAUSED'),
			('93 days', NULL, '93 days', 'SKIPPED_OVERLAP'), ('400 days', NULL, '1 day', 'CANCELED')) v (a, b, c, o);
SELECT maintain() \g /dev/null
SELECT is((SELECT array_agg(outcome ORDER BY planned_at) FROM _nuvopipe.planned_run WHERE pipeline_id = :'t'), '{CANCELED,SKIPPED_DOWN,WAITING,RAN}', 'planned instants go as history does, unless they wait, or were planned afterwards');

-- ---- days and tallies ------------------------------------------------------------------------

SELECT metric('executions{state="SUCCEEDED"}') AS n \gset
UPDATE _nuvopipe.digest SET day = day - 1095;
SELECT maintain() \g /dev/null
SELECT is((SELECT count(*) FROM _nuvopipe.digest WHERE tenant_id = :'t' AND day < now() - interval '1095 days'), 0::bigint, 'days have their time');
DELETE FROM _nuvopipe.execution_attempt;
DELETE FROM _nuvopipe.execution;
SELECT maintain() \g /dev/null
SELECT is((SELECT array_agg(DISTINCT pipeline_id) FROM _nuvopipe.tally WHERE tenant_id = :'t'), '{00000000-0000-0000-0000-000000000000}', 'tallies of deleted pipelines become one');
SELECT is(metric('executions{state="SUCCEEDED"}'), :'n', 'metrics do not fall');

-- ---- who may, and what is refused ------------------------------------------------------------

SELECT throws_ok($$SELECT nuvopipe.set_retention('issue', '1 day')$$, '22023', 'what: unknown value "issue"', 'an unknown word');
SELECT throws_ok($$SELECT nuvopipe.set_retention('issues', '-1 day')$$, '22023', 'keep: must not be negative', 'a negative time');
SELECT throws_ok($$SELECT nuvopipe.set_retention('issues', '1 day', 'nobody')$$, '42704', 'organization "nobody" does not exist', 'an unknown organization');
GRANT nuvopipe_user TO retention_reader;
SET LOCAL ROLE retention_reader;
SELECT throws_ok($$SELECT nuvopipe.set_retention('issues', '1 day')$$, '42501', NULL, 'users do not decide');
SELECT is((SELECT count(*) FROM nuvopipe.retention) + (SELECT count(*) FROM nuvopipe.partitions), 0::bigint, 'nor see it');
RESET ROLE;
GRANT nuvopipe_admin TO retention_reader;
SET LOCAL ROLE retention_reader;
SELECT throws_ok($$SELECT nuvopipe.set_retention('issues', '1 day', 'retention long')$$, '42704', NULL, 'an administrator decides for his own organization');
SELECT is((SELECT count(*) FROM nuvopipe.retention), 7::bigint, 'and sees that');
RESET ROLE;

-- ---- a database that was restored ------------------------------------------------------------

SELECT execution('31 days', 'SUCCEEDED', :'t') AS a \gset
UPDATE _nuvopipe.installation SET installed_at = clock_timestamp();
UPDATE _nuvopipe.organization SET created_at = now() - interval '1 year' WHERE id = :'t';
SELECT maintain(by_hand => false) \g /dev/null
SELECT is(alive(:'a'), true, 'for a day nothing goes of what came with a dump');
SELECT maintain(by_hand => true) \g /dev/null
SELECT is(alive(:'a'), false, 'unless by hand');
SELECT execution('31 days', 'SUCCEEDED', :'t') AS a \gset
UPDATE _nuvopipe.installation SET installed_at = clock_timestamp() - interval '25 hours';
SELECT maintain(by_hand => false) \g /dev/null
SELECT is(alive(:'a'), false, 'then it goes as anywhere');

SELECT * FROM finish();
ROLLBACK;
