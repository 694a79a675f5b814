-- storage_tenant.sql - uploads, executions and downloads by requests with tokens: who sees what of whom
\set QUIET 1
SET client_min_messages = warning;
SELECT no_plan();

CREATE SCHEMA tenant_test;
SET search_path = tenant_test, public;

CREATE FUNCTION ask(token text, method text, path text, body text DEFAULT NULL, headers jsonb DEFAULT '{}', OUT status int, OUT answer text, OUT sent jsonb)
LANGUAGE plpgsql AS $$
BEGIN
	SELECT r.status, convert_from(r.body, 'UTF8'), r.headers INTO status, answer, sent
		FROM nuvopipe_api.request(method, '/dp/api/v1' || split_part(path, '?', 1), split_part(path, '?', 2),
			jsonb_strip_nulls(jsonb_build_object('Authorization', token)) || headers, convert_to(body, 'UTF8')) r;
END
$$;
CREATE FUNCTION status(token text, method text, path text, body text DEFAULT NULL, headers jsonb DEFAULT '{}') RETURNS int LANGUAGE sql
AS $$ SELECT a.status FROM ask(token, method, path, body, headers) a $$;
CREATE FUNCTION ended(execution text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	s text;
BEGIN
	FOR i IN 1 .. 1200 LOOP
		SELECT e.status INTO s FROM _nuvopipe.execution e WHERE e.id = execution::uuid;
		EXIT WHEN s NOT IN ('QUEUED', 'RUNNING');
		PERFORM pg_sleep(0.05);
	END LOOP;
	RETURN s;
END
$$;

SELECT id AS acme FROM nuvopipe.create_organization('st acme') \gset
SELECT id AS beta FROM nuvopipe.create_organization('st beta') \gset
SELECT nuvopipe.create_user('ann@st.test', 'st acme', role => 'OWNER') AS x \gset
SELECT nuvopipe.create_user('eve@st.test', 'st beta', role => 'OWNER') AS x \gset
SELECT nuvopipe.create_sub_organization('C1', 'st c1', 'st acme') AS x \gset
SELECT nuvopipe.create_sub_organization('C2', 'st c2', 'st acme') AS x \gset
SELECT nuvopipe.create_sub_organization('C3', 'st c3', 'st acme', '{"execution": {"create": false, "read": false, "write": false}}') AS x \gset
SELECT nuvopipe.create_token('ann@st.test', organization => 'st acme') AS ann \gset
SELECT nuvopipe.create_token('eve@st.test', organization => 'st beta') AS eve \gset
SELECT nuvopipe.create_token('st c1', organization => 'st acme') AS c1 \gset
SELECT nuvopipe.create_token('st c2', organization => 'st acme') AS c2 \gset
SELECT nuvopipe.create_token('st c3', organization => 'st acme') AS c3 \gset

-- what sub-organization C1 has
BEGIN;
SELECT set_config('request.headers', jsonb_build_object('authorization', :'c1')::text, true) AS x \gset
SELECT nuvopipe_api.pre_request() AS x \gset
SELECT nuvopipe.create_tdm('pair', '[{"key": "id", "columnType": "int"}, {"key": "name", "columnType": "string"}]') AS x \gset
SELECT nuvopipe.create_connector('push', 'INPUT', 'MANUAL', '{}', 'EVENT_BASE') AS x \gset
SELECT nuvopipe.create_connector('web', 'OUTPUT', 'HTTP', '{"url": "http://127.0.0.1:1/nobody"}') AS x \gset
SELECT nuvopipe.create_pipeline('p', 'push', 'pair', 'web', options => '{"max_attempts": 1}') AS p \gset
COMMIT;

-- ---- an upload by requests

SELECT answer::jsonb #>> '{data,id}' AS u, status AS made, sent ->> 'Location' AS location FROM ask(:'c1', 'POST', '/upload/', NULL,
	'{"Tus-Resumable": "1.0.0", "Upload-Length": "18", "Upload-Metadata": "filename YS5jc3Y="}') \gset
SELECT is(:made, 201, 'an upload is begun');
SELECT is(:'location', '/dp/api/v1/upload/' || :'u', 'and says where');
SELECT is((SELECT a.status || ' ' || (sent ->> 'Upload-Offset') || coalesce(answer, '') FROM ask(:'c1', 'PATCH', '/upload/' || :'u', E'id,name\n1', '{"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}') a),
	'204 9', 'a piece');
SELECT is((SELECT array[a.status::text, sent ->> 'Upload-Offset', sent ->> 'Upload-Length', sent ->> 'Cache-Control'] FROM ask(:'c1', 'HEAD', '/upload/' || :'u', NULL, '{"Tus-Resumable": "1.0.0"}') a),
	ARRAY['200', '9', '18', 'no-store'], 'HEAD says how far it is');
SELECT is(status(:'c1', 'PATCH', '/upload/' || :'u', 'x', '{"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}'), 409, 'another offset');
SELECT is(status(:'c1', 'PATCH', '/upload/' || :'u', 'x', '{"Upload-Offset": "9", "Content-Type": "text/plain"}'), 415, 'another type');
SELECT is(status(:'c1', 'PATCH', '/upload/' || :'u', repeat('x', 10), '{"Upload-Offset": "9", "Content-Type": "application/offset+octet-stream"}'), 413, 'too much');
SELECT is(status(:'c1', 'PATCH', '/upload/' || :'u', 'x', '{"Tus-Resumable": "2.0.0", "Upload-Offset": "9", "Content-Type": "application/offset+octet-stream"}'), 412, 'another version');
SELECT is(status(t, 'PATCH', '/upload/' || :'u', 'x', '{"Upload-Offset": "9", "Content-Type": "application/offset+octet-stream"}'), 404, w || ' cannot add to it')
	FROM (VALUES (:'c2', 'a sister'), (:'eve', 'another organization')) v (t, w);
SELECT is(status(:'c1', 'PATCH', '/upload/' || :'u', E',a\nx,b\n2,', '{"Upload-Offset": "9", "Content-Type": "application/offset+octet-stream"}'), 204, 'the rest');

-- ---- an execution by requests

SELECT is(status(t, 'POST', '/execution', jsonb_build_object('pipeline_id', :'p', 'input', jsonb_build_object('upload', :'u'))::text), s, w)
	FROM (VALUES (:'c2', 422, 'a sister cannot start it'), (:'eve', 422, 'nor another organization'), (:'c3', 403, 'nor who has not the permission'), ('nonsense', 401, 'nor who has no token')) v (t, s, w);
SELECT status AS started, answer::jsonb #>> '{data,0,id}' AS e FROM ask(:'c1', 'POST', '/execution/', jsonb_build_object('pipeline_id', :'p', 'input', jsonb_build_object('upload', :'u'))::text) \gset
SELECT is(:started, 201, 'its owner can');
SELECT is(ended(:'e'), 'FAILED', 'it is run; its destination is not there');
SELECT is((SELECT answer::jsonb #>> '{data,error,type}' FROM ask(:'c1', 'GET', '/execution/' || :'e')), 'DESTINATION_UNRESPONSIVE', 'and says so');
SELECT is((SELECT answer::jsonb #>> '{data,created_by,type}' FROM ask(:'ann', 'GET', '/execution/' || :'e')), 'SUB_ORG', 'a user of the organization sees it, and whose it is');

-- ---- who sees what

CREATE TABLE paths AS SELECT * FROM (VALUES
	('GET', '/execution/%s', NULL, 200), ('GET', '/execution/%s/log', NULL, 200), ('GET', '/execution/%s/issue', NULL, 200),
	('GET', '/execution/%s/issue/summary', NULL, 200), ('GET', '/execution/%s/row?only=REJECTED', NULL, 200), ('GET', '/execution/%s/input', NULL, 200),
	('GET', '/execution/%s/errors', NULL, 200), ('GET', '/execution/%s/errors?format=json&kind=rejected', NULL, 200),
	('POST', '/execution/%s/download', '{"kind": "INPUT"}', 201), ('POST', '/execution/%s/cancel', '{}', 409), ('PUT', '/execution/%s', '{}', 422)) v (method, path, body, own);
SELECT is(status(:'c1', method, format(path, :'e'), body), own, format('its owner: %s %s', method, path)) FROM paths;
SELECT is(status(:'ann', method, format(path, :'e'), body), own, format('a user: %s %s', method, path)) FROM paths;
SELECT is((SELECT a.status || regexp_replace(answer, :'e', 'ID', 'g') FROM ask(t, method, format(path, :'e'), body) a),
		(SELECT a.status || regexp_replace(answer, '00000000-0000-7000-8000-00000000beef', 'ID', 'g') FROM ask(t, method, format(path, '00000000-0000-7000-8000-00000000beef'), body) a),
		format('%s: %s %s is as if there were none', w, method, path))
	FROM paths, (VALUES (:'c2', 'a sister'), (:'eve', 'another organization')) v (t, w);
SELECT is(status(t, method, format(path, :'e'), body), 404, format('%s: %s %s', w, method, path)) FROM paths, (VALUES (:'c2', 'a sister'), (:'eve', 'another organization')) v (t, w);
SELECT is(status(:'c3', method, format(path, :'e'), body), 403, format('no permission: %s %s', method, path)) FROM paths;
SELECT is((SELECT answer::jsonb #>> '{pagination,total}' FROM ask(t, 'GET', '/execution')), n, w || ' counts ' || n)
	FROM (VALUES (:'c1', 'its owner', '1'), (:'ann', 'a user', '1'), (:'c2', 'a sister', '0'), (:'eve', 'another organization', '0')) v (t, w, n);
SELECT is((SELECT answer::jsonb #>> '{pagination,total}' FROM ask(:'ann', 'GET', '/execution?filters={"status":"FAILED","pipeline":"' || :'p' || '"}')), '1', 'filters know nuvo''s words');
SELECT is(status(t, m, '/upload/' || :'u'), 404, format('%s: %s an upload', w, m)) FROM (VALUES (:'c2', 'a sister'), (:'eve', 'another organization')) v (t, w), unnest(ARRAY['GET', 'HEAD', 'DELETE']) m;
SELECT is(status(:'c3', 'POST', '/upload', '{"size": 1}'), 403, 'no permission to execute, none to upload');
SELECT is(status(t, 'POST', '/preview', jsonb_build_object('source', jsonb_build_object('upload', :'u'))::text), s, w) FROM (VALUES (:'c1', 201, 'a preview of one''s own'), (:'c2', 422, 'not of a sister''s'), (:'eve', 422, 'nor of another organization')) v (t, s, w);
SELECT answer::jsonb #>> '{data,id}' AS v FROM ask(:'c1', 'POST', '/preview', jsonb_build_object('source', jsonb_build_object('upload', :'u'))::text) \gset
SELECT is(status(t, 'GET', '/preview/' || :'v'), s, w) FROM (VALUES (:'c1', 200, 'a preview is for who made it'), (:'ann', 404, 'not for a user'), (:'c2', 404, 'nor for a sister'), (:'eve', 404, 'nor for others')) v (t, s, w);

-- ---- what can be read is what was sent

SELECT is((SELECT answer FROM ask(:'ann', 'GET', '/execution/' || :'e' || '/input')), E'id,name\n1,a\nx,b\n2,', 'the input of a failed run');
SELECT is((SELECT sent ->> 'Content-Disposition' FROM ask(:'ann', 'GET', '/execution/' || :'e' || '/input')), 'attachment; filename="a.csv"', 'under its name');
SELECT alike((SELECT answer FROM ask(:'c1', 'GET', '/execution/' || :'e' || '/errors')), E'%\n2,3,id,id,invalid_int,error,x,%', 'its issues');

-- ---- events: the secret is the right

BEGIN;
SELECT set_config('request.headers', jsonb_build_object('authorization', :'c1')::text, true) AS x \gset
SELECT nuvopipe_api.pre_request() AS x \gset
SELECT substr(nuvopipe.rotate_receiver('push'), 11) AS url \gset
COMMIT;
SELECT answer::jsonb #>> '{data,0,id}' AS ev, status AS taken FROM ask(NULL, 'POST', :'url' || '?file_name=ev.csv', E'id,name\n5,e\n') \gset
SELECT is(:taken, 202, 'data is taken without a token');
SELECT is((SELECT concat_ws(' ', answer::jsonb #>> '{data,trigger_type}', answer::jsonb #>> '{data,created_by,identifier}') FROM ask(:'c1', 'GET', '/execution/' || :'ev')), 'EVENT st c1', 'as an event of who made the pipeline');
SELECT is((SELECT count(*) FROM _nuvopipe.execution e WHERE e.id = :'ev' AND e.tenant_id = :'acme'), 1::bigint, 'in its organization');
SELECT is((SELECT count(*) FROM _nuvopipe.receiver r WHERE encode(r.digest, 'escape') LIKE '%' || split_part(:'url', '/', 3) || '%'), 0::bigint, 'the secret is not stored');

SELECT * FROM finish();
