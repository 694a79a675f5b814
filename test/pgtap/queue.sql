-- queue.sql - which execution comes next, and that finding it costs the same however many wait
\set QUIET 1
SET client_min_messages = warning;
SELECT plan(32);

-- workers see nothing of this
BEGIN;
CREATE SCHEMA queue_test;
SET search_path = queue_test, public;

CREATE TABLE tenant (name text PRIMARY KEY, id uuid);
INSERT INTO tenant SELECT n, (nuvopipe.create_organization('qt ' || n)).id FROM unnest(ARRAY['a', 'b', 'c']) n;
CREATE TABLE pipe (name text PRIMARY KEY, tenant_id uuid, id uuid);
-- one pipeline to copy from
SELECT nuvopipe.create_tdm('qt', '[{"key": "a"}]'), nuvopipe.create_connector('qt in', 'INPUT', 'MANUAL', '{}', 'EVENT_BASE'),
	nuvopipe.create_connector('qt out', 'OUTPUT', 'TABLE', '{"relation": "queue_test.tenant"}') \gset x
SELECT nuvopipe.create_pipeline('qt', 'qt in', 'qt', 'qt out') AS model \gset

-- pipe_of(tenant, name, slots)
CREATE FUNCTION pipe_of(tenant text, pipe text, slots int DEFAULT 1) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	t uuid := (SELECT x.id FROM tenant x WHERE x.name = tenant);
	p uuid := _nuvopipe.uuid_v7();
	c uuid := _nuvopipe.uuid_v7();
BEGIN
	INSERT INTO _nuvopipe.pipeline_configuration (id, tenant_id, pipeline_id, version, input_connector_id, output_connector_id, tdm_id, created_at, created_by)
		SELECT c, t, p, 1, m.input_connector_id, m.output_connector_id, m.tdm_id, now(), m.created_by
			FROM _nuvopipe.pipeline_configuration m JOIN _nuvopipe.pipeline l ON l.configuration_id = m.id WHERE l.name = 'qt';
	INSERT INTO _nuvopipe.pipeline (id, tenant_id, owner_id, name, configuration_id, slots, created_at, created_by, updated_at, updated_by)
		SELECT p, t, l.owner_id, pipe, c, pipe_of.slots, now(), l.created_by, now(), l.created_by FROM _nuvopipe.pipeline l WHERE l.name = 'qt';
	INSERT INTO pipe VALUES (pipe, t, p);
END
$$;
-- put(pipe, n): n executions; their ages follow the calls
CREATE SEQUENCE age;
CREATE FUNCTION put(pipe text, n int DEFAULT 1, priority int DEFAULT 0, at interval DEFAULT '0', status text DEFAULT 'QUEUED', hosts text[] DEFAULT '{}')
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	r uuid := _nuvopipe.uuid_v7();
	p record;
BEGIN
	SELECT l.tenant_id, l.id, l.configuration_id, l.owner_id INTO p FROM _nuvopipe.pipeline l JOIN queue_test.pipe x ON x.id = l.id WHERE x.name = pipe;
	INSERT INTO _nuvopipe.run (tenant_id, id, pipeline_id, trigger_type, created_at, created_by) VALUES (p.tenant_id, r, p.id, 'MANUAL', now(), p.owner_id);
	INSERT INTO _nuvopipe.execution (tenant_id, id, run_id, pipeline_id, configuration_id, owner_id, owner_role, trigger_type, status, priority, hosts,
			object_name, available_at, queued_at, lease_until, worker_pid, created_at, created_by, updated_at, updated_by)
		SELECT p.tenant_id, _nuvopipe.uuid_v7(), r, p.id, p.configuration_id, p.owner_id, 'nuvopipe_tenant', 'MANUAL', put.status, put.priority, put.hosts,
				pipe, now() - interval '1 day' + a.age * interval '1 ms' + at, now(), CASE WHEN put.status = 'RUNNING' THEN now() + interval '1 hour' END,
				CASE WHEN put.status = 'RUNNING' THEN a.age END, now(), p.owner_id, now(), p.owner_id
			FROM (SELECT nextval('queue_test.age') AS age FROM generate_series(1, n)) a;
END
$$;
-- what comes next, as names of pipelines
CREATE FUNCTION next(n int DEFAULT 12, per_tenant int DEFAULT 0, per_host int DEFAULT 0, after text DEFAULT NULL, any_priority boolean DEFAULT false)
RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(p.name, ' ' ORDER BY o)
	FROM _nuvopipe.queue_list(per_tenant, per_host, (SELECT x.tenant_id FROM queue_test.pipe x WHERE x.name = after),
			(SELECT x.id FROM queue_test.pipe x WHERE x.name = after), n, any_priority)
			WITH ORDINALITY q (tenant_id, id, pipeline_id, slots, tenant_limit, at_once, o)
		JOIN queue_test.pipe p ON p.id = q.pipeline_id
$$;
CREATE FUNCTION clear() RETURNS void LANGUAGE sql AS $$ DELETE FROM _nuvopipe.execution WHERE pipeline_id IN (SELECT id FROM queue_test.pipe) $$;
CREATE FUNCTION due(n int DEFAULT 100, per_tenant int DEFAULT 0) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', d.due, extract(epoch FROM d.next - now())::int, d.orphans) FROM _nuvopipe.queue_due(per_tenant, 0, n) d $$;

SELECT pipe_of('a', 'a1'), pipe_of('a', 'a2'), pipe_of('b', 'b1', 3), pipe_of('c', 'c1') \gset x

-- ---- the order

SELECT put('a1', 3) \gset x
SELECT is(next(), 'a1 a1 a1', 'a pipeline: one after the other');
SELECT is((SELECT array_agg(q.id ORDER BY o) FROM _nuvopipe.queue_list(0, 0, NULL, NULL, 10) WITH ORDINALITY q (t, id, p, s, l, a, o)),
	(SELECT array_agg(id ORDER BY available_at) FROM _nuvopipe.execution WHERE object_name = 'a1'), 'the oldest first');
SELECT put('a2', 2), put('b1', 1) \gset x
SELECT is(next(), 'a1 b1 a2 a1 a2 a1', 'organizations take turns, and their pipelines');
SELECT is(next(after => 'a1'), 'b1 a2 a1 a2 a1 a1', 'whose turn was last is last');
SELECT is(next(2), 'a1 b1', 'the list has an end');
SELECT put('a1', 1, status => 'RUNNING') \gset x
SELECT is(next(), 'b1 a2 a2', 'nothing of a pipeline whose slots are taken, and its organization is behind');
SELECT put('b1', 1, status => 'RUNNING') \gset x
SELECT is(next(), 'a2 b1 a2', 'where there are more slots, the next may begin');
SELECT put('b1', 2, status => 'RUNNING') \gset x
SELECT is(next(), 'a2 a2', 'until all are taken');
SELECT clear() \gset x

SELECT put('a1', 2, -1), put('a2', 2, 5), put('a1', 1, 9), put('c1', 1, -100) \gset x
SELECT is(next(), 'a1 c1', 'only what has the highest priority of its organization');
SELECT is(next(any_priority => true), 'a1 c1 a2 a2 a1 a1', 'or, if asked, the rest behind it');
SELECT clear() \gset x

SELECT put('a1', 2, 9, '2 days'), put('a1', 1, 0) \gset x
SELECT is(next(), 'a1', 'what waits for its time is not in the way of the rest');
SELECT is(due(), '1 86400 f', 'nor forgotten');
SELECT clear() \gset x

-- ---- limits

SELECT put('a1', 2), put('a2', 2), put('b1', 5) \gset x
SELECT is(due(), '5 f', 'so many could begin: one of each pipeline, three of the one with three slots');
SELECT is(due(4), '4 f', 'counted up to');
SELECT is((SELECT count(*) FROM _nuvopipe.queue_list(0, 0, NULL, NULL, 100) q WHERE q.at_once), 5::bigint, 'the list says so as well');
SELECT put('a1', 1, status => 'RUNNING'), put('b1', 1, status => 'RUNNING') \gset x
SELECT is(next(per_tenant => 1), NULL, 'organizations at their limit');
UPDATE _nuvopipe.organization SET max_runs = 2 WHERE id = (SELECT id FROM tenant WHERE name = 'b');
SELECT is(next(per_tenant => 1), 'b1 b1 b1 b1 b1', 'one has its own');
UPDATE _nuvopipe.organization SET max_runs = NULL WHERE id = (SELECT id FROM tenant WHERE name = 'b');
SELECT clear() \gset x
SELECT put('a1', 1, hosts => '{x.test,y.test}'), put('a2', 1, hosts => '{z.test}'), put('b1', 2, status => 'RUNNING', hosts => '{y.test}') \gset x
SELECT is(next(per_host => 2), 'a2', 'a host at its limit');
SELECT is(next(per_host => 3), 'a1 a2', 'a host below it');
SELECT clear() \gset x

-- ---- orphans

SELECT pipe_of('c', 'c2'), put('c2', 3) \gset x
DELETE FROM _nuvopipe.pipeline WHERE id = (SELECT id FROM pipe WHERE name = 'c2');
SELECT is(concat(next(), due()), '0 t', 'what has no pipeline does not begin, and is seen');
SELECT is((SELECT ended FROM _nuvopipe.sweep()), 3, 'the sweep ends it');
SELECT clear() \gset x

-- ---- how an execution begins

SELECT nuvopipe.create_connector('qt ftp', 'INPUT', 'FTP', '{"host": "FTP.Queue.test", "directory_path": "/", "file_name": "x.csv"}') \gset x
SELECT nuvopipe.create_pipeline('qt ftp', 'qt ftp', 'qt', 'qt out', options => '{"max_attempts": 7, "max_run_time": 60, "priority": -5}') AS ftp \gset
SELECT id AS begun FROM nuvopipe.execute('qt ftp', true) \gset
SELECT is((SELECT (e.pipeline_id, e.status, e.trigger_type, e.attempts, e.max_attempts, e.max_run_time, e.priority, e.hosts, e.forced, e.discover, e.has_issues,
			e.cancel_requested, e.object_path, e.object_bytes, e.input_id)::text FROM _nuvopipe.execution e WHERE e.id = :'begun'),
	(:'ftp'::uuid, 'QUEUED', 'MANUAL', 0, 7, 60, -5, '{ftp.queue.test}'::text[], true, true, false, false, NULL::text, NULL::bigint, NULL::uuid)::text,
	'it takes limits and hosts from the definitions');
SELECT ok((SELECT e.owner_id = l.owner_id AND e.owner_role = o.role AND e.tenant_id = l.tenant_id AND e.configuration_id = l.configuration_id AND e.created_by = _nuvopipe.me()
		AND e.available_at = e.created_at AND e.queued_at = e.created_at AND r.pipeline_id = l.id AND r.trigger_type = 'MANUAL'
	FROM _nuvopipe.execution e JOIN _nuvopipe.pipeline l ON l.id = e.pipeline_id JOIN _nuvopipe.owner o ON o.id = l.owner_id
		JOIN _nuvopipe.run r ON r.tenant_id = e.tenant_id AND r.id = e.run_id WHERE e.id = :'begun'), 'and whose it is');
SELECT is((SELECT string_agg(v.kind, ' ') FROM _nuvopipe.event v WHERE v.execution_id = :'begun'), 'execution.queued', 'it is told of, once');
SELECT is((SELECT count(*) FROM nuvopipe.execute(nuvopipe.create_pipeline('qt now', 'qt ftp', 'qt', 'qt out')::text)), 1::bigint,
	'a pipeline is executed in the statement that makes it');
SELECT throws_ok($$SELECT nuvopipe.execute('qt ftp', NULL)$$, '22004', 'force must not be null', 'force or not');
SELECT throws_ok($$SELECT nuvopipe.execute(NULL)$$, '22004', 'pipeline must be given', 'of what');
SELECT throws_ok($$SET LOCAL transaction_read_only = on; SELECT nuvopipe.execute('qt ftp', true)$$, '25006', 'cannot execute INSERT in a read-only transaction',
	'not where nothing may be written');
SELECT _nuvopipe.uuid_v7() AS run \gset
SELECT count(_nuvopipe.queue(:'ftp', :'run', 'SCHEDULED', false, false, n, n, '1', 5, max_run_time => 9)) FROM unnest('{a,b}'::text[]) n \gset x
SELECT is((SELECT string_agg(concat_ws(' ', e.object_path, e.object_name, e.object_version, e.object_bytes, e.max_run_time, e.trigger_type), ', ' ORDER BY e.id)
	FROM _nuvopipe.execution e JOIN _nuvopipe.run r ON r.tenant_id = e.tenant_id AND r.id = e.run_id AND r.trigger_type = 'SCHEDULED' WHERE r.id = :'run'),
	'a a 1 5 9 SCHEDULED, b b 1 5 9 SCHEDULED', 'two of one run');
DELETE FROM _nuvopipe.execution e USING _nuvopipe.pipeline l WHERE l.id = e.pipeline_id AND l.name IN ('qt ftp', 'qt now');

-- ---- what a look costs, in pages

CREATE FUNCTION pages(statement text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	EXECUTE statement;		-- plans and catalogs
	EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT json) ' || statement INTO plan;
	RETURN (plan #>> '{0,Plan,Shared Hit Blocks}')::int + (plan #>> '{0,Plan,Shared Read Blocks}')::int;
END
$$;
CREATE FUNCTION cost() RETURNS int LANGUAGE sql AS
$$ SELECT pages('SELECT * FROM _nuvopipe.queue_list(0, 0, NULL, NULL, 16)') + pages('SELECT * FROM _nuvopipe.queue_due(0, 0, 8)') $$;

SELECT pipe_of('c', 'c3'), put('a1', 20), put('b1', 20), put('c3', 20) \gset x
SELECT cost() AS short \gset
SELECT put('a1', 20000), put('b1', 20000, 3) \gset x
SELECT cost() AS long \gset
SELECT diag(format('pages: %s for 60, %s for 40,000 that wait', :short, :long));
SELECT cmp_ok(:long, '<', :short * 2 + 50, 'with 40,000 of two pipelines it costs what it costs with 60');
SELECT count(pipe_of('c', 'many ' || i)) FROM generate_series(1, 400) i \gset x
SELECT count(put('many ' || i)) FROM generate_series(1, 400) i \gset x
SELECT cost() AS many \gset
SELECT diag(format('pages: %s for 400 pipelines more', :many));
SELECT cmp_ok(:many, '<', :long + 400 * 24, 'a pipeline more costs a few pages more');
SELECT is(split_part(next(6), ' ', 1) || ' ' || split_part(next(6), ' ', 2), 'a1 b1', 'and the order is still that of the few');

SELECT * FROM finish();
ROLLBACK;
