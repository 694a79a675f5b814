-- What starts a pipeline beside schedules: definition, rights, signals and what comes of them.  One transaction, so no keeper takes part.
\set QUIET 1
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();

CREATE ROLE regress_tg_owner IN ROLE nuvopipe_user;
CREATE ROLE regress_tg_other IN ROLE nuvopipe_user;
CREATE SCHEMA tg;
GRANT USAGE ON SCHEMA tg TO regress_tg_owner, regress_tg_other;
CREATE TABLE tg.src (a int);
CREATE TABLE tg.dst (a int);
CREATE TABLE tg.far (a int);
CREATE TABLE tg.secret (a int);
CREATE VIEW tg.seen AS SELECT * FROM tg.src;
CREATE TEMP TABLE passing (a int);
GRANT ALL ON tg.src, tg.dst, tg.far, tg.seen, passing TO regress_tg_owner;
GRANT SELECT ON tg.src TO regress_tg_other;

SET LOCAL ROLE regress_tg_owner;
SELECT nuvopipe.create_tdm('tg', '[{"key": "a", "columnType": "int"}]') \g /dev/null
SELECT nuvopipe.create_connector('tg src', 'INPUT', 'TABLE', '{"relation": "tg.src"}') \g /dev/null
SELECT nuvopipe.create_connector('tg push', 'INPUT', 'MANUAL', '{}', 'EVENT_BASE') \g /dev/null
SELECT nuvopipe.create_connector('tg dst', 'OUTPUT', 'TABLE', '{"relation": "tg.dst", "mode": "replace"}') \g /dev/null
SELECT nuvopipe.create_connector('tg far', 'OUTPUT', 'TABLE', '{"relation": "tg.far", "mode": "replace"}') \g /dev/null
SELECT nuvopipe.create_pipeline('one', 'tg src', 'tg', 'tg dst') AS one \gset
SELECT nuvopipe.create_pipeline('two', 'tg src', 'tg', 'tg far') AS two \gset
SELECT nuvopipe.create_pipeline('three', 'tg src', 'tg', 'tg far') AS three \gset
SELECT nuvopipe.create_pipeline('pushed', 'tg push', 'tg', 'tg far') \g /dev/null

/* ---- faults of a definition ---- */

SELECT throws_ok(format('SELECT nuvopipe.create_trigger(%s)', v.args), v.state, v.message, coalesce(v.message, v.args))
	FROM (VALUES
		($$'nobody', 'NOTIFY', '{"channel": "c"}'$$, '42704', 'pipeline "nobody" does not exist'),
		($$'one', NULL, '{"channel": "c"}'$$, '22023', 'kind: must be given'),
		($$'one', 'NOTFY', '{"channel": "c"}'$$, '22023', 'kind: unknown value "NOTFY"'),
		($$'one', 'NOTIFY', NULL$$, '22023', 'configuration: an object is expected'),
		($$'one', 'NOTIFY', '[]'$$, '22023', 'configuration: an object is expected'),
		($$'one', 'NOTIFY', '{}'$$, '22023', 'configuration.channel: must be given'),
		($$'one', 'NOTIFY', '{"channel": " "}'$$, '22023', 'configuration.channel: must be given'),
		($$'one', 'NOTIFY', '{"channel": 7}'$$, '22023', 'configuration.channel: a string is expected, not a number'),
		($$'one', 'NOTIFY', '{"chanel": "c"}'$$, '22023', 'configuration: unknown member "chanel"'),
		($$'one', 'NOTIFY', '{"channel": "c", "every": 5}'$$, '22023', 'configuration: unknown member "every"'),
		($$'one', 'NOTIFY', jsonb_build_object('channel', repeat('ü', 32))$$, '22023', 'configuration.channel: must not be longer than 63 bytes'),
		($$'one', 'NOTIFY', '{"channel": "nuvopipe"}'$$, '22023',
			'configuration.channel: is the one on which nuvopipe tells what it does: what it starts would start it again'),
		($$'one', 'NOTIFY', '{"channel": "c", "delay": -1}'$$, '22023', 'configuration.delay: -1 is out of range 0 to 86400'),
		($$'one', 'SUCCESS', '{"pipeline": "nobody"}'$$, '42704', 'pipeline "nobody" does not exist'),
		($$'one', 'SUCCESS', '{"pipeline": "two", "rows": 1}'$$, '22023', 'configuration.rows: true or false is expected, not a number'),
		($$'one', 'SUCCESS', '{"pipeline": "one"}'$$, '22023', 'configuration.pipeline: pipeline "one" would start itself'),
		($$'one', 'QUERY', '{"query": "SELECT 1", "every": 0.5}'$$, '22023', 'configuration.every: 0.5 is out of range 1 to 604800'),
		($$'one', 'QUERY', '{"query": "SELEC 1"}'$$, '42601', 'configuration.query: syntax error at or near "SELEC"'),
		($$'one', 'QUERY', '{"query": "SELECT 1; SELECT 2"}'$$, '22023', 'configuration.query: query must be one statement that only reads'),
		($$'one', 'QUERY', '{"query": "DELETE FROM tg.src RETURNING a"}'$$, '22023', 'configuration.query: query must be one statement that only reads'),
		($$'one', 'QUERY', '{"query": "SELECT FROM src"}'$$, '42P01', 'configuration.query: relation "src" does not exist'),
		($$'one', 'QUERY', '{"query": "SELECT FROM tg.secret"}'$$, '42501', 'configuration.query: permission denied for table secret'),
		($$'one', 'TABLE', '{"relation": "tg.none"}'$$, '42P01', 'configuration.relation: relation "tg.none" does not exist'),
		($$'one', 'TABLE', '{"relation": "src"}'$$, '42P01', 'configuration.relation: relation "src" does not exist'),
		($$'one', 'TABLE', '{"relation": "a.b.c.d"}'$$, '42P01', 'configuration.relation: relation "a.b.c.d" does not exist'),
		($$'one', 'TABLE', '{"relation": "tg.\"src"}'$$, '42P01', NULL),
		($$'one', 'TABLE', '{"relation": "tg.secret"}'$$, '42501', 'permission denied for relation "tg.secret"'),
		($$'one', 'TABLE', '{"relation": "tg.seen"}'$$, '22023', 'configuration.relation: "tg.seen" is not a table'),
		($$'one', 'TABLE', '{"relation": "pg_temp.passing"}'$$, '22023', 'configuration.relation: "pg_temp.passing" is temporary: no run would see its rows'),
		($$'one', 'TABLE', '{"relation": "tg.src", "events": []}'$$, '22023', 'configuration.events: must not be empty'),
		($$'one', 'TABLE', '{"relation": "tg.src", "events": ["INSERT", "TRUNCATE"]}'$$, '22023', 'configuration.events[1]: unknown value "TRUNCATE"'),
		($$'one', 'TABLE', '{"relation": "tg.dst"}'$$, '22023', 'configuration.relation: pipeline "one" would start itself'),
		($$'pushed', 'NOTIFY', '{"channel": "c"}'$$, '22023', 'pipeline: takes data that is pushed to it: there is nothing a trigger could start'),
		($$'one', 'NOTIFY', '{"channel": "c"}', ''$$, '22023', 'name: must not be empty')
	) v (args, state, message);
SELECT is(count(*), 0::bigint, 'nothing is left of them') FROM nuvopipe.triggers;
RESET ROLE;
SELECT is(count(*), 0::bigint, 'nor on tables') FROM pg_trigger WHERE tgname LIKE 'nuvopipe%';
SELECT throws_ok($$SELECT nuvopipe.create_trigger('one', 'TABLE', '{"relation": "_nuvopipe.signal"}')$$, '22023',
	'configuration.relation: schema "_nuvopipe" is not for triggers', 'our own tables are refused');
-- the owner's rights count, whoever asks
SELECT throws_ok($$SELECT nuvopipe.create_trigger('one', 'QUERY', '{"query": "SELECT FROM tg.secret"}')$$, '42501',
	'configuration.query: permission denied for table secret', 'a superuser cannot lend a query his rights');

/* ---- definition ---- */

SET LOCAL ROLE regress_tg_owner;
SELECT nuvopipe.create_trigger('one', 'TABLE', '{"relation": "tg.src", "events": ["DELETE", "INSERT"]}', 'rows') AS rows \gset
SELECT nuvopipe.create_trigger('two', 'SUCCESS', '{"pipeline": "one", "rows": true}', 'after one') AS after_one \gset
SELECT nuvopipe.create_trigger('three', 'SUCCESS', '{"pipeline": "two"}') AS after_two \gset
SELECT nuvopipe.create_trigger('one', 'NOTIFY', '{"channel": "Ring", "delay": null}', 'ring') AS ring \gset
SELECT nuvopipe.create_trigger('one', 'QUERY', '{"query": "SELECT FROM tg.src WHERE a < 0", "every": 1.5}', 'query') AS query \gset
SELECT results_eq('SELECT name, kind, configuration FROM nuvopipe.triggers WHERE name NOT LIKE ''three%'' ORDER BY id', format($$VALUES
	('rows', 'TABLE', '{"relation": "tg.src", "events": ["INSERT", "DELETE"], "delay": 1}'::jsonb),
	('after one', 'SUCCESS', '{"pipeline": "%s", "rows": true, "delay": 0}'),
	('ring', 'NOTIFY', '{"channel": "Ring", "delay": 0}'),
	('query', 'QUERY', '{"query": "SELECT FROM tg.src WHERE a < 0", "every": 1.5, "delay": 0}')$$, :'one'), 'defaults are written out');
SELECT matches(name, '^three: SUCCESS [0-9a-f]{12}$', 'a name is made up') FROM nuvopipe.triggers WHERE id = :'after_two';
SELECT throws_ok($$SELECT nuvopipe.create_trigger('two', 'NOTIFY', '{"channel": "c"}', 'ring')$$, '42710', 'trigger "ring" already exists', 'names are unique');
SELECT throws_ok($$SELECT nuvopipe.create_trigger('one', 'SUCCESS', '{"pipeline": "three"}')$$, '22023',
	'configuration.pipeline: pipeline "one" would start itself: it starts "three" already, directly or through others', 'a circle of three is refused');
SELECT throws_ok($$SELECT nuvopipe.create_trigger('one', 'TABLE', '{"relation": "tg.far"}')$$, '22023',
	'configuration.relation: pipeline "one" would start itself: it starts "two" already, directly or through others', 'so is one through a table');
SELECT throws_ok($$SELECT nuvopipe.update_trigger('after one', '{"pipeline": "three"}')$$, '22023',
	'configuration.pipeline: pipeline "two" would start itself: it starts "three" already, directly or through others', 'a change cannot close one either');
SELECT throws_ok($$SELECT nuvopipe.update_trigger('ring', status => 'ASLEEP')$$, '22023', 'status: unknown value "ASLEEP"', 'status is checked');
SELECT throws_ok($$SELECT nuvopipe.update_trigger('ring', name => 'rows')$$, '42710', 'trigger "rows" already exists', 'so is a new name');
SELECT throws_ok($$SELECT nuvopipe.delete_trigger('rinf')$$, '42704', 'trigger "rinf" does not exist', 'what is not there cannot be deleted');
RESET ROLE;
SELECT is(pg_get_triggerdef(oid), format('CREATE TRIGGER "nuvopipe_%1$s" AFTER INSERT OR DELETE ON tg.src FOR EACH STATEMENT EXECUTE FUNCTION _nuvopipe.signal_change(''%1$s'')', :'rows'),
	'the table has its trigger') FROM pg_trigger WHERE tgname = 'nuvopipe_' || :'rows';

/* ---- rights ---- */

SET LOCAL ROLE regress_tg_other;
SELECT is(count(*), 0::bigint, 'triggers of others are not seen') FROM nuvopipe.triggers;
SELECT throws_ok($$SELECT nuvopipe.update_trigger('ring', status => 'INACTIVE')$$, '42704', NULL, 'nor changed');
SELECT throws_ok($$SELECT nuvopipe.delete_trigger('ring')$$, '42704', NULL, 'nor deleted');
SELECT throws_ok($$SELECT nuvopipe.create_trigger('one', 'NOTIFY', '{"channel": "c"}')$$, '42704', NULL, 'nor made for pipelines of others');
SELECT nuvopipe.create_tdm('tg other', '[{"key": "a"}]') \g /dev/null
SELECT nuvopipe.create_connector('other in', 'INPUT', 'TABLE', '{"relation": "tg.src"}') \g /dev/null
SELECT nuvopipe.create_connector('other out', 'OUTPUT', 'HTTP', '{"url": "http://127.0.0.1:1/", "file_name": "x.csv"}') \g /dev/null
SELECT nuvopipe.create_pipeline('other', 'other in', 'tg other', 'other out') \g /dev/null
SELECT throws_ok($$SELECT nuvopipe.create_trigger('other', 'TABLE', '{"relation": "tg.src"}')$$, '42501', 'permission denied for relation "tg.src"',
	'to read a table is not enough to have a trigger on it');
SELECT throws_ok(format($$SELECT nuvopipe.create_trigger('other', 'SUCCESS', '{"pipeline": "%s"}')$$, :'one'), '42704', NULL, 'the success of others is not told');
SELECT throws_ok(format($$CREATE TEMP TABLE mine (a int); CREATE TRIGGER x AFTER INSERT ON mine EXECUTE FUNCTION _nuvopipe.signal_change('%s')$$, :'rows'),
	'42501', NULL, 'nobody puts our function on tables of his own');
RESET ROLE;
SELECT throws_ok($$CREATE TEMP TABLE mine (a int); CREATE TRIGGER x BEFORE INSERT ON mine FOR EACH ROW EXECUTE FUNCTION _nuvopipe.signal_change('x'); INSERT INTO mine VALUES (1)$$,
	'39P01', NULL, 'it serves no other kind of trigger');

-- tokens: a trigger is a part of its pipeline
SELECT nuvopipe.create_organization('tap triggers') \g /dev/null
SELECT nuvopipe.create_user('tina@triggers.test', 'tap triggers', role => 'OWNER') \g /dev/null
SELECT nuvopipe.create_user('rolf@triggers.test', 'tap triggers', permissions => '{"pipeline": {"read": true, "write": false}}') \g /dev/null
SELECT nuvopipe.create_token('tina@triggers.test', organization => 'tap triggers') AS tina,
	nuvopipe.create_token('rolf@triggers.test', organization => 'tap triggers') AS rolf \gset
CREATE FUNCTION pg_temp.act_as(token text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('request.headers', jsonb_strip_nulls(jsonb_build_object('authorization', token))::text, true);
	PERFORM nuvopipe_api.pre_request();
END $$;
SELECT pg_temp.act_as(:'tina') \g /dev/null
SELECT nuvopipe.create_tdm('t', '[{"key": "a"}]') \g /dev/null
SELECT nuvopipe.create_connector('web', 'INPUT', 'HTTP', '{"url": "http://127.0.0.1:1/a.csv"}') \g /dev/null
SELECT nuvopipe.create_connector('post', 'OUTPUT', 'HTTP', '{"url": "http://127.0.0.1:1/", "file_name": "x.csv"}') \g /dev/null
SELECT nuvopipe.create_pipeline('p', 'web', 't', 'post') \g /dev/null
SELECT lives_ok($$SELECT nuvopipe.create_trigger('p', 'NOTIFY', '{"channel": "c"}', 'n')$$, 'a user of an organization makes a trigger');
SELECT throws_ok($$SELECT nuvopipe.create_trigger('p', 'TABLE', '{"relation": "tg.src"}')$$, '42501', NULL, 'on no table that his organization has no rights on');
SELECT throws_ok($$SELECT nuvopipe.create_trigger('p', 'QUERY', '{"query": "SELECT FROM tg.src"}')$$, '42501', NULL, 'nor with a query');
SELECT is(count(*), 1::bigint, 'sees that of his organization alone') FROM nuvopipe.triggers;
SELECT pg_temp.act_as(:'rolf') \g /dev/null
SELECT is(count(*), 1::bigint, 'so does who may read pipelines') FROM nuvopipe.triggers;
SELECT throws_ok($$SELECT nuvopipe.delete_trigger('n')$$, '42501', NULL, 'who may not write pipelines may not delete it');
SELECT pg_temp.act_as(NULL) \g /dev/null
SELECT is(count(*), 0::bigint, 'a token is over with it') FROM (SELECT _nuvopipe.token_principal() p) x WHERE p IS NOT NULL;

/* ---- TABLE: signals ---- */

CREATE FUNCTION pg_temp.signals(id uuid) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM _nuvopipe.signal s WHERE s.trigger_id = signals.id $$;
SAVEPOINT before;
SAVEPOINT inner_one;
INSERT INTO tg.src VALUES (1);
SELECT pg_temp.signals(:'rows') AS within \gset
ROLLBACK TO inner_one;
SELECT pg_temp.signals(:'rows') AS rolled_back \gset
UPDATE tg.src SET a = 2;
DELETE FROM tg.src;
INSERT INTO tg.src SELECT 1 WHERE false;
SELECT pg_temp.signals(:'rows') AS nothing \gset
INSERT INTO tg.src VALUES (1);
INSERT INTO tg.src SELECT generate_series(2, 1000);
DELETE FROM tg.src WHERE a > 900;
SELECT pg_temp.signals(:'rows') AS once \gset
ROLLBACK TO before;
SELECT is(:within::int - :rolled_back::int, 1, 'a subtransaction that is rolled back takes its signal along');
SELECT is(:nothing::int, 0, 'a statement that changes no row, or is of another kind, is none');
SELECT is(:once::int, 1, 'a transaction signals once');
SELECT is(pg_temp.signals(:'rows'), 0::bigint, 'what was taken back has left nothing');
SAVEPOINT within;
SAVEPOINT deeper;
INSERT INTO tg.src VALUES (1);
RELEASE deeper;
ROLLBACK TO within;
INSERT INTO tg.src VALUES (1);
SELECT is(pg_temp.signals(:'rows'), 1::bigint, 'a released subtransaction goes with the one around it, and is not remembered');

-- what cannot be written is none of the user's
SELECT nuvopipe.create_trigger('two', 'TABLE', '{"relation": "tg.src", "events": ["UPDATE"]}', 'updates') AS updates \gset
SAVEPOINT broken;
ALTER TABLE _nuvopipe.signal ADD CONSTRAINT never CHECK (false) NOT VALID;
UPDATE tg.src SET a = 5;
SELECT count(*) AS updated FROM tg.src WHERE a = 5 \gset
ROLLBACK TO broken;
SELECT is(:updated::int, 1, 'a signal that cannot be written does not fail the statement');
SELECT nuvopipe.update_trigger('updates', status => 'INACTIVE') \g /dev/null
UPDATE tg.src SET a = 6;
SELECT is(pg_temp.signals(:'updates'), 0::bigint, 'a trigger that is INACTIVE signals nothing');

/* ---- taking them ---- */

CREATE FUNCTION pg_temp.queued(name text) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM nuvopipe.executions e WHERE e.pipeline_name = name AND e.status = 'QUEUED' $$;
CREATE FUNCTION pg_temp.signal(id uuid, payload text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
	INSERT INTO _nuvopipe.signal (tenant_id, trigger_id, id, at, payload)
		VALUES (_nuvopipe.default_tenant(), id, _nuvopipe.uuid_v7(), clock_timestamp(), payload) $$;
SELECT results_eq('SELECT started, waiting FROM _nuvopipe.start_signalled()', 'VALUES (1, 0::bigint)', 'a signal starts an execution');
SELECT is(concat_ws(' ', trigger_type, trigger = :'rows', cause, (available_at > queued_at + interval '0.9 s')), 'EVENT t {"signals": 1} t', 'which says what has started it, and waits a second for more')
	FROM nuvopipe.executions WHERE pipeline_name = 'one';
SELECT is(pg_temp.signals(:'rows'), 0::bigint, 'the signal is taken');
SELECT is(started, 0, 'and starts nothing more') FROM _nuvopipe.start_signalled();
SELECT pg_temp.signal(:'rows') FROM generate_series(1, 3) \g /dev/null
SELECT is(started, 0, 'more of the same join the one that waits') FROM _nuvopipe.start_signalled();
SELECT is(cause, '{"signals": 4}', 'it counts them') FROM nuvopipe.executions WHERE pipeline_name = 'one';
SELECT is(concat_ws(' ', signals, starts, last_run = (SELECT run FROM nuvopipe.executions WHERE pipeline_name = 'one')), '4 1 t', 'so does the trigger')
	FROM nuvopipe.triggers WHERE id = :'rows';

-- one that has begun, or must not begin, is joined by nothing
UPDATE _nuvopipe.execution SET status = 'RUNNING', attempts = 1, lease_until = now() + interval '1 h' WHERE pipeline_id = :'one';
SELECT pg_temp.signal(:'rows') \g /dev/null
SELECT is(started, 1, 'one that runs has not seen it: another is queued') FROM _nuvopipe.start_signalled();
UPDATE _nuvopipe.execution SET attempts = 1 WHERE pipeline_id = :'one' AND status = 'QUEUED';
SELECT pg_temp.signal(:'rows') \g /dev/null
SELECT is(started, 1, 'nor has one that waits for its next attempt') FROM _nuvopipe.start_signalled();
UPDATE _nuvopipe.execution SET object_path = 'known' WHERE pipeline_id = :'one' AND status = 'QUEUED' AND attempts = 0;
SELECT pg_temp.signal(:'rows') \g /dev/null
SELECT is(started, 1, 'nor one whose object is known') FROM _nuvopipe.start_signalled();
UPDATE _nuvopipe.execution SET cancel_requested = true WHERE pipeline_id = :'one' AND status = 'QUEUED';
SELECT pg_temp.signal(:'rows') \g /dev/null
SELECT is(started, 1, 'nor one that is to be canceled') FROM _nuvopipe.start_signalled();
DELETE FROM _nuvopipe.execution;

-- what is switched off
SELECT pg_temp.signal(:'rows') \g /dev/null
SELECT nuvopipe.update_pipeline(:'one', status => 'INACTIVE') \g /dev/null
SELECT is(started, 0, 'a pipeline that is INACTIVE is not started') FROM _nuvopipe.start_signalled();
SELECT is(pg_temp.signals(:'rows'), 0::bigint, 'and does not catch up');
SELECT nuvopipe.update_pipeline(:'one', status => 'ACTIVE') \g /dev/null

-- one that fails keeps its signals, and keeps no other from starting
SELECT pg_temp.signal(:'rows'), pg_temp.signal(:'ring', 'a'), pg_temp.signal(:'ring', 'b'), pg_temp.signal(:'after_two') \g /dev/null
UPDATE _nuvopipe.connector SET node_type = 'MANUAL' WHERE name = 'tg src';
UPDATE _nuvopipe.pipeline_configuration SET input_connector_id = (SELECT id FROM _nuvopipe.connector WHERE name = 'other in') WHERE pipeline_id = :'three';
SELECT results_eq('SELECT started, waiting FROM _nuvopipe.start_signalled()', 'VALUES (1, 3::bigint)', 'one starts, two fail: their signals stay');
SELECT is(concat_ws(' ', failures, last_error), '1 pipeline: takes data that is pushed to it: there is nothing a trigger could start', 'the view says why')
	FROM nuvopipe.triggers WHERE id = :'rows';
SELECT is(started, 0, 'they fail again') FROM _nuvopipe.start_signalled();
SELECT is(count(*), 2::bigint, 'and are told once each') FROM nuvopipe.events WHERE kind = 'pipeline.trigger_failed';
UPDATE _nuvopipe.connector SET node_type = 'TABLE' WHERE name = 'tg src';
SELECT results_eq('SELECT started, waiting FROM _nuvopipe.start_signalled()', 'VALUES (2, 0::bigint)', 'nothing was lost');
SELECT is(concat_ws(' ', failures, last_error, last_payload), '0 b', 'the error is over; the last payload is shown') FROM nuvopipe.triggers WHERE id = :'ring';
DELETE FROM _nuvopipe.execution;

/* ---- SUCCESS ---- */

SELECT id AS execution FROM nuvopipe.execute(:'one') \gset
CREATE FUNCTION pg_temp.ends(execution uuid, state text, written bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	tenant uuid := _nuvopipe.default_tenant();
BEGIN
	UPDATE _nuvopipe.execution e SET status = state, attempts = e.attempts + 1 WHERE e.id = execution;
	INSERT INTO _nuvopipe.execution_attempt (tenant_id, execution_id, attempt, type, status, started_at, rows_read, rows_written, rows_rejected, rows_filtered, rows_blank)
		SELECT tenant, execution, e.attempts, 'CREATE', state, now(), written, written, 0, 0, 0 FROM _nuvopipe.execution e WHERE e.id = execution;
	PERFORM _nuvopipe.tell_state(tenant, execution, state, 1, NULL);
END $$;
SELECT pg_temp.ends(:'execution', 'FAILED', 5) \g /dev/null
SELECT is(pg_temp.signals(:'after_one'), 0::bigint, 'a failure is no success');
SELECT pg_temp.ends(:'execution', 'SUCCEEDED', 0) \g /dev/null
SELECT is(pg_temp.signals(:'after_one'), 0::bigint, 'rows: a success without rows is none');
SELECT pg_temp.ends(:'execution', 'SUCCEEDED', 5) \g /dev/null
SELECT is(pg_temp.signals(:'after_one'), 1::bigint, 'a success with rows is one');
SELECT _nuvopipe.start_signalled() \g /dev/null
SELECT is(concat_ws(' ', trigger = :'after_one', cause ->> 'payload' = :'execution'), 't t', 'the next pipeline is started, and knows by what') FROM nuvopipe.executions WHERE pipeline_name = 'two';
SELECT pg_temp.ends(id, 'SUCCEEDED', 0) FROM nuvopipe.executions WHERE pipeline_name = 'two' \g /dev/null
SELECT is(pg_temp.signals(:'after_two'), 1::bigint, 'without rows any success counts');
DELETE FROM _nuvopipe.execution;
DELETE FROM _nuvopipe.signal;

/* ---- NOTIFY ---- */

SELECT set_eq('SELECT _nuvopipe.channels()', ARRAY['Ring', 'c'], 'a keeper listens to the channels of all triggers');
SELECT _nuvopipe.channels('{Ring}') \g /dev/null
SELECT ok(last_check IS NOT NULL, 'and says since when') FROM nuvopipe.triggers WHERE id = :'ring';
SELECT _nuvopipe.signal_notice('ring', 1, 'x'), _nuvopipe.signal_notice('Ring', 7, 'the last of seven') \g /dev/null
SELECT _nuvopipe.start_signalled() \g /dev/null
SELECT is(cause, '{"signals": 7, "payload": "the last of seven"}', 'what is heard is counted') FROM nuvopipe.executions WHERE trigger = :'ring';
SELECT nuvopipe.update_trigger('ring', status => 'INACTIVE') \g /dev/null
SELECT set_eq('SELECT _nuvopipe.channels()', ARRAY['c'], 'one that is INACTIVE is not listened to');
DELETE FROM _nuvopipe.execution;

/* ---- QUERY ---- */

SELECT next_check AS t FROM nuvopipe.triggers WHERE id = :'query' \gset
SELECT results_eq(format('SELECT due, next FROM _nuvopipe.probe_due(%L)', :'t'::timestamptz - interval '1 ms'), format('VALUES (0::bigint, %L::timestamptz)', :'t'), 'a query is asked for the first time at once');
SELECT is(due, 1::bigint, 'not before') FROM _nuvopipe.probe_due(:'t');
SELECT results_eq(format('SELECT name, query, owner_role, failing FROM _nuvopipe.probe_claim(10, %L)', :'t'),
	$$VALUES ('query', 'SELECT FROM tg.src WHERE a < 0', 'regress_tg_owner'::name, false)$$, 'it is asked as the owner of the pipeline');
SELECT results_eq(format('SELECT due, next FROM _nuvopipe.probe_due(%L)', :'t'), format('VALUES (0::bigint, %L::timestamptz)', :'t'::timestamptz + interval '1.5 s'), 'and again when its time has come');
SELECT is(count(*), 0::bigint, 'by nobody else meanwhile') FROM _nuvopipe.probe_claim(10, :'t');
SELECT _nuvopipe.probe_record(_nuvopipe.default_tenant(), :'query', false, NULL) \g /dev/null
SELECT is(pg_temp.signals(:'query'), 0::bigint, 'no row: no signal');
SELECT _nuvopipe.probe_record(_nuvopipe.default_tenant(), :'query', true, NULL) \g /dev/null
SELECT is(pg_temp.signals(:'query'), 1::bigint, 'rows: one');
SELECT is(started, 1, 'which starts the pipeline') FROM _nuvopipe.start_signalled();
SELECT is(count(*), 0::bigint, 'while its execution waits the query is not asked') FROM _nuvopipe.probe_claim(10, :'t'::timestamptz + interval '1 h');
UPDATE _nuvopipe.execution SET status = 'FAILED';
SELECT is(count(*), 1::bigint, 'when it is over, it is, whatever became of it') FROM _nuvopipe.probe_claim(10, :'t'::timestamptz + interval '1 h');
-- errors: 1, 2, 4 ... seconds, but never sooner than it would be asked anyway
CREATE FUNCTION pg_temp.pause_after(id uuid, failed int) RETURNS interval LANGUAGE plpgsql AS $$
DECLARE
	t timestamptz := '2030-01-01';
BEGIN
	UPDATE _nuvopipe.trigger r SET failures = failed - 1, next_at = t WHERE r.id = pause_after.id;
	PERFORM _nuvopipe.probe_claim(10, t);
	PERFORM _nuvopipe.probe_record(_nuvopipe.default_tenant(), pause_after.id, false, 'wrong');
	RETURN (SELECT r.next_at - t FROM _nuvopipe.trigger r WHERE r.id = pause_after.id);
END $$;
SELECT is(pg_temp.pause_after(:'query', n), pause, format('after %s failures it is asked in %s', n, pause))
	FROM (VALUES (1, interval '1.5 s'), (2, '2 s'), (3, '4 s'), (10, '512 s'), (13, '1 h'), (100, '1 h')) v (n, pause);
SELECT is(last_error, 'wrong', 'the view says what is wrong') FROM nuvopipe.triggers WHERE id = :'query';
SELECT _nuvopipe.probe_record(_nuvopipe.default_tenant(), :'query', false, NULL) \g /dev/null
SELECT is(concat_ws(' ', failures, last_error), '0', 'and that it works again') FROM nuvopipe.triggers WHERE id = :'query';

/* ---- tables that change, and the end ---- */

SELECT _nuvopipe.signal_tables() \g /dev/null
SELECT is(concat_ws(' ', pg_temp.signals(:'rows'), pg_temp.signals(:'updates')), '1 0', 'where it is not known which table has changed, all are signalled');
ALTER TABLE tg.src RENAME TO renamed;
ALTER TABLE tg.renamed SET SCHEMA public;
SELECT is(concat_ws(' ', relation, last_error), 'public.renamed', 'a table may be renamed') FROM nuvopipe.triggers WHERE id = :'rows';
ALTER TABLE public.renamed DISABLE TRIGGER USER;
SELECT is(last_error, format('trigger "nuvopipe_%s" of table public.renamed is disabled', :'rows'), 'a trigger that is disabled is told') FROM nuvopipe.triggers WHERE id = :'rows';
ALTER TABLE public.renamed SET SCHEMA tg;
ALTER TABLE tg.renamed RENAME TO src;
DROP VIEW tg.seen;
DROP TABLE tg.src;
SELECT is(concat_ws(' ', relation, last_error), format('table "tg.src" has no trigger "nuvopipe_%s" any more', :'rows'), 'so is a table that is gone') FROM nuvopipe.triggers WHERE id = :'rows';
CREATE TABLE tg.src (a int);
GRANT ALL ON tg.src TO regress_tg_owner;
SELECT nuvopipe.update_trigger('rows', status => 'ACTIVE') \g /dev/null
SELECT is(concat_ws(' ', relation, last_error), 'tg.src', 'a new one of the name gets its trigger when it is made ACTIVE') FROM nuvopipe.triggers WHERE id = :'rows';
SELECT nuvopipe.update_trigger('rows', '{"relation": "tg.secret", "events": ["UPDATE"]}') \g /dev/null
SELECT is(string_agg(tgrelid::regclass::text, ' '), 'tg.secret', 'another table: the trigger has moved') FROM pg_trigger WHERE tgname = 'nuvopipe_' || :'rows';
SELECT nuvopipe.delete_trigger('rows') \g /dev/null
SELECT is(count(*), 0::bigint, 'the trigger on the table goes with it') FROM pg_trigger WHERE tgname = 'nuvopipe_' || :'rows';
SELECT is(pg_temp.signals(:'rows'), 0::bigint, 'so do its signals');
SELECT nuvopipe.create_trigger('two', 'TABLE', '{"relation": "tg.src"}', 'last') AS last \gset
SELECT nuvopipe.delete_pipeline('two') \g /dev/null
SELECT is(count(*), 0::bigint, 'triggers go with their pipeline') FROM nuvopipe.triggers WHERE pipeline = :'two';
SELECT is(count(*), 0::bigint, 'those on tables too') FROM pg_trigger WHERE tgname = 'nuvopipe_' || :'last';
SELECT is(last_error, format('pipeline "%s" was deleted', :'two'), 'who waits for its success is told') FROM nuvopipe.triggers WHERE id = :'after_two';

SELECT * FROM finish();
ROLLBACK;
