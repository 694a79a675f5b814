-- Webhooks, events and numbers through the API, for users, a sub-organization and strangers.
\set QUIET 1
SET client_min_messages = warning;
SELECT plan(47);

-- what a change of state notes for the tally
CREATE FUNCTION pg_temp.note_end(tenant uuid, execution uuid, status text, attempt int) RETURNS void LANGUAGE sql AS $$
	INSERT INTO _nuvopipe.uncounted (tenant_id, execution_id, id, attempt, status)
		VALUES (tenant, execution, _nuvopipe.uuid_v7(), nullif(attempt, 0), nullif(status, 'QUEUED')) $$;

SELECT nuvopipe.create_organization('tap events') \g /dev/null
SELECT nuvopipe.create_organization('tap strangers') \g /dev/null
SELECT nuvopipe.create_user('una@events.test', 'tap events', role => 'OWNER') \g /dev/null
SELECT nuvopipe.create_user('nix@events.test', 'tap events', permissions => '{"execution": {"read": false}}') \g /dev/null
SELECT nuvopipe.create_sub_organization('sub', 'sub', 'tap events') \g /dev/null
SELECT nuvopipe.create_user('xaver@strangers.test', 'tap strangers', role => 'OWNER') \g /dev/null
SELECT nuvopipe.create_token('una@events.test', organization => 'tap events') AS una,
	nuvopipe.create_token('nix@events.test', organization => 'tap events') AS nix,
	nuvopipe.create_token('sub', organization => 'tap events') AS sub,
	nuvopipe.create_token('xaver@strangers.test', organization => 'tap strangers') AS xaver \gset

-- what a token gets: status and body
CREATE FUNCTION pg_temp.call(token text, method text, path text, sent jsonb DEFAULT NULL, query text DEFAULT '', headers jsonb DEFAULT '{}',
		OUT status int, OUT body jsonb, OUT text text, OUT type text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	r record;
BEGIN
	SELECT * INTO r FROM nuvopipe_api.request(method, path, query,
		headers || jsonb_build_object('authorization', token, 'content-type', 'application/json'), convert_to(sent::text, 'UTF8'));
	status := r.status;
	text := convert_from(r.body, 'UTF8');
	type := r.headers ->> 'Content-Type';
	IF type LIKE 'application/json%' THEN
		body := text::jsonb;
	END IF;
END $$;

/* ---- webhooks ---- */

SELECT status AS s, body AS b FROM pg_temp.call(:'una', 'POST', '/dp/api/v1/webhook/',
	'{"url": "http://127.0.0.1:1/hook?a=1", "events": ["EXECUTION_CREATED", "EXECUTION_FAILED"], "secret": "tap-secret", "status": "INACTIVE"}') \gset
SELECT is(:s, 201, 'a user creates a webhook');
SELECT is(:'b'::jsonb #>> '{data,events,1}', 'EXECUTION_FAILED', 'the answer is the object');
SELECT ok(:'b' NOT LIKE '%tap-secret%', 'without its secret');
SELECT ok(:'b'::jsonb #>> '{data,name}' LIKE 'http://127.0.0.1:1/hook (%)', 'it gets a name where none is given');
SELECT is(:'b'::jsonb #>> '{data,created_by,identifier}', 'una@events.test', 'and says who made it');
SELECT :'b'::jsonb #>> '{data,id}' AS id \gset
SELECT is(status, 200, 'it can be read') FROM pg_temp.call(:'una', 'GET', '/dp/api/v1/webhook/' || :'id');
SELECT is(body #>> '{data,0,id}', :'id', 'and is in the list') FROM pg_temp.call(:'una', 'GET', '/dp/api/v1/webhook');
SELECT is(body #>> '{data,url}', 'http://127.0.0.1:1/other', 'it can be changed') FROM pg_temp.call(:'una', 'PUT', '/dp/api/v1/webhook/' || :'id',
	'{"url": "http://127.0.0.1:1/other", "failures": 7, "created_at": "x"}');
SELECT is(concat_ws(' ', status, body #>> '{details,0,path}'), concat_ws(' ', 400, 'urll'), 'unknown members are refused')
	FROM pg_temp.call(:'una', 'PUT', '/dp/api/v1/webhook/' || :'id', '{"urll": "http://h/"}');
SELECT is(concat_ws(' ', status, body #>> '{details,0,path}'), concat_ws(' ', 400, 'events[0]'), 'and unknown events')
	FROM pg_temp.call(:'una', 'PUT', '/dp/api/v1/webhook/' || :'id', '{"events": ["EXECUTION"]}');
SELECT is(concat_ws(' ', status, body #>> '{details,0,path}'), concat_ws(' ', 400, 'url'), 'and other protocols')
	FROM pg_temp.call(:'una', 'POST', '/dp/api/v1/webhook', '{"url": "file:///etc/passwd", "events": ["EXECUTION_FAILED"], "secret": "x"}');
SELECT is(concat_ws(' ', status, body #>> '{details,0,path}'), concat_ws(' ', 400, 'secret'), 'a secret is needed')
	FROM pg_temp.call(:'una', 'POST', '/dp/api/v1/webhook', '{"url": "http://h/", "events": ["EXECUTION_FAILED"]}');
SELECT is(status, 403, 'sub-organizations have no webhooks') FROM pg_temp.call(:'sub', 'POST', '/dp/api/v1/webhook',
	'{"url": "http://h/", "events": ["EXECUTION_FAILED"], "secret": "x"}');
SELECT is(status, 403, 'and see none') FROM pg_temp.call(:'sub', 'GET', '/dp/api/v1/webhook');
SELECT is(status, 403, 'nor the outbox') FROM pg_temp.call(:'sub', 'GET', '/dp/api/v1/outbox');
SELECT is(status, 403, 'nor the list of events') FROM pg_temp.call(:'sub', 'GET', '/dp/api/v1/event');
SELECT is(status, 403, 'who may not read executions must not be told of them') FROM pg_temp.call(:'nix', 'POST', '/dp/api/v1/webhook',
	'{"url": "http://h/", "events": ["EXECUTION_FAILED"], "secret": "x"}');
SELECT is(status, 404, 'to strangers it does not exist') FROM pg_temp.call(:'xaver', 'GET', '/dp/api/v1/webhook/' || :'id');
SELECT is(status, 404, 'nor can they delete it') FROM pg_temp.call(:'xaver', 'DELETE', '/dp/api/v1/webhook/' || :'id');
SELECT is(body -> 'data', '[]', 'and their list is empty') FROM pg_temp.call(:'xaver', 'GET', '/dp/api/v1/webhook');
SELECT is(status, 409, 'one that is INACTIVE cannot be tested') FROM pg_temp.call(:'una', 'POST', '/dp/api/v1/webhook/' || :'id' || '/test');

/* ---- outbox ---- */

SELECT nuvopipe_api.request('PUT', '/dp/api/v1/webhook/' || :'id', '', jsonb_build_object('authorization', :'una'), '{"status": "ACTIVE"}') \g /dev/null
SELECT status AS s, body #>> '{data,id}' AS delivery FROM pg_temp.call(:'una', 'POST', '/dp/api/v1/webhook/' || :'id' || '/test') \gset
SELECT is(:s, 202, 'then it can');
SELECT is(body #>> '{data,0,event}', 'TEST', 'the outbox shows it') FROM pg_temp.call(:'una', 'GET', '/dp/api/v1/outbox');
SELECT is(body #>> '{data,payload,id}', :'delivery', 'a delivery shows its body') FROM pg_temp.call(:'una', 'GET', '/dp/api/v1/outbox/' || :'delivery');
UPDATE _nuvopipe.outbox SET status = 'DEAD', lease_until = NULL, attempts = 12 WHERE id = :'delivery';
SELECT is(concat_ws(' ', status, body #>> '{data,status}', body #>> '{data,attempts}'), concat_ws(' ', 202, 'PENDING', '0'), 'it can be replayed')
	FROM pg_temp.call(:'una', 'POST', '/dp/api/v1/outbox/' || :'delivery' || '/replay');
SELECT is(status, 404, 'by nobody else') FROM pg_temp.call(:'xaver', 'POST', '/dp/api/v1/outbox/' || :'delivery' || '/replay');
SELECT is(status, 404, 'what is no id does not exist') FROM pg_temp.call(:'una', 'GET', '/dp/api/v1/outbox/x');

/* ---- events ---- */

SELECT p.id AS una_id, p.tenant_id AS tenant FROM _nuvopipe.principal p WHERE p.identifier = 'una@events.test' \gset
SELECT p.id AS sub_id FROM _nuvopipe.principal p WHERE p.identifier = 'sub' AND p.tenant_id = :'tenant' \gset
SELECT nuvopipe_api.event_stream('{"topics": "pipeline"}') AS state \gset
SELECT _nuvopipe.tell_pipeline(:'tenant', _nuvopipe.uuid_v7(), :'una_id', 'created') \g /dev/null
SELECT _nuvopipe.tell_pipeline(:'tenant', _nuvopipe.uuid_v7(), :'sub_id', 'created') \g /dev/null
SELECT is(jsonb_array_length(body -> 'data'), 2, 'users see what happens in their organization') FROM pg_temp.call(:'una', 'GET', '/dp/api/v1/event');
SELECT is(body #>> '{data,0,kind}', 'pipeline.created', 'newest first') FROM pg_temp.call(:'una', 'GET', '/dp/api/v1/event');
SELECT is(body -> 'data', '[]', 'strangers do not') FROM pg_temp.call(:'xaver', 'GET', '/dp/api/v1/event');
SELECT is(status, 401, 'nor does who has no token') FROM pg_temp.call('', 'GET', '/dp/api/v1/event/stream');

/* ---- numbers ---- */

INSERT INTO _nuvopipe.run (tenant_id, id, pipeline_id, trigger_type, created_at, created_by) VALUES (:'tenant', :'tenant', :'tenant', 'MANUAL', now(), :'una_id');
INSERT INTO _nuvopipe.execution (tenant_id, id, run_id, pipeline_id, configuration_id, owner_id, owner_role, trigger_type, status, attempts,
		available_at, queued_at, created_at, created_by, updated_at, updated_by)
	SELECT :'tenant', _nuvopipe.uuid_v7(), :'tenant', :'tenant', :'tenant', o::uuid, 'nuvopipe_tenant', 'MANUAL', s, 1, t, t, t, :'una_id', t, :'una_id'
		FROM (VALUES (:'una_id', 'SUCCEEDED', '2024-03-30 22:30Z'::timestamptz), (:'una_id', 'FAILED', '2024-03-31 21:30Z'), (:'sub_id', 'SUCCEEDED', '2024-03-31 22:30Z')) v (o, s, t);
INSERT INTO _nuvopipe.execution_attempt (tenant_id, execution_id, attempt, type, status, started_at, finished_at, duration_ms, total_rows, total_cells,
		total_error_cells, rows_read, rows_written, rows_rejected, rows_filtered, rows_blank)
	SELECT e.tenant_id, e.id, 1, 'CREATE', e.status, e.created_at, e.created_at, 2000, 10, 100, 3, 10, 8, 2, 0, 0 FROM _nuvopipe.execution e WHERE e.tenant_id = :'tenant';
SELECT pg_temp.note_end(e.tenant_id, e.id, e.status, 1) FROM _nuvopipe.execution e WHERE e.tenant_id = :'tenant' \g /dev/null
SELECT status AS s, text AS m, type AS t FROM pg_temp.call(:'una', 'GET', '/metrics') \gset
SELECT is(concat_ws(' ', :s, :'t'), concat_ws(' ', 200, 'text/plain; version=0.0.4'), 'a scraper with a token gets metrics');
SELECT ok(:'m' ~ 'nuvopipe_executions\{state="SUCCEEDED"\} 2\n', 'executions are counted by state');
SELECT ok(:'m' ~ '# TYPE nuvopipe_rows_total counter\nnuvopipe_rows_total\{kind="read"\} 30\n', 'rows are');
SELECT ok(:'m' ~ 'nuvopipe_error_cells_total 9\n', 'and errors');
SELECT ok(:'m' ~ 'duration_seconds_bucket\{le="1"\} 0\n.*_bucket\{le="5"\} 3\n.*_bucket\{le="\+Inf"\} 3\n.*_sum 6\n.*_count 3\n', 'durations are a histogram');
SELECT ok(:'m' ~ 'nuvopipe_outbox\{state="PENDING"\} 1\n', 'so is what waits for webhooks');
SELECT ok(:'m' ~ '^(# (HELP|TYPE) [a-z_]+ .+\n|[a-z_]+(\{([a-z]+="[^"]*",?)+\})? [0-9.]+\n)+$', 'every line is in Prometheus'' format');
SELECT is(status, 200, 'under nuvo''s prefix, too') FROM pg_temp.call(:'una', 'GET', '/dp/api/v1/metrics');
SELECT is(status, 401, 'not without a token') FROM pg_temp.call('', 'GET', '/metrics');
SELECT is(status, 403, 'not for sub-organizations') FROM pg_temp.call(:'sub', 'GET', '/metrics');
SELECT ok(text ~ 'nuvopipe_executions\{state="SUCCEEDED"\} 0\n', 'strangers are told of their own') FROM pg_temp.call(:'xaver', 'GET', '/metrics');
-- the day on which summer time begins has 23 hours
SELECT is(jsonb_path_query_array(body, '$.data[*].total'), '[1, 1, 1]', 'days are those of the time zone')
	FROM pg_temp.call(:'una', 'GET', '/dp/api/v1/execution/statistics', query => 'from=2024-03-30T00:00:00Z&to=2024-03-31T23:00:00Z&time_zone=Europe/Berlin');
SELECT is(concat_ws(' ', body #>> '{data,1,from}', body #>> '{data,1,failed}', body #>> '{data,1,duration_p50}'), concat_ws(' ', '2024-03-30T23:00:00.000Z', '1', '2000'), 'and say what happened')
	FROM pg_temp.call(:'una', 'GET', '/dp/api/v1/execution/statistics', query => 'from=2024-03-30T00:00:00Z&to=2024-03-31T23:00:00Z&time_zone=Europe/Berlin');
SELECT is(jsonb_path_query_array(body, '$.data[*].total ? (@ > 0)'), '[1]', 'a sub-organization counts its own')
	FROM pg_temp.call(:'sub', 'GET', '/dp/api/v1/execution/statistics', query => 'from=2024-03-30T00:00:00Z&to=2024-04-01T00:00:00Z&bucket=hour');
SELECT is(status, 400, 'there are limits')
	FROM pg_temp.call(:'sub', 'GET', '/dp/api/v1/execution/statistics', query => 'from=2020-03-30T00:00:00Z&bucket=hour');

SELECT is(status, 200, 'a webhook can be deleted') FROM pg_temp.call(:'una', 'DELETE', '/dp/api/v1/webhook/' || :'id');
SELECT * FROM finish();
