-- Definitions over requests with tokens: statuses and bodies as clients get them, and what users, customers and strangers see.
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT plan(45);

CREATE TABLE pg_temp.who (name text PRIMARY KEY, token text);
SELECT nuvopipe.create_organization('acme'), nuvopipe.create_organization('beta') \g /dev/null
SELECT nuvopipe.create_user('ann@acme.test', organization => 'acme'), nuvopipe.create_user('eve@beta.test', organization => 'beta'),
	nuvopipe.create_user('bob@acme.test', organization => 'acme', permissions => '{"tdm": {"create": false}, "connector": {"read": false}}'),
	nuvopipe.create_sub_organization('Customer 1', 'c1', 'acme'), nuvopipe.create_sub_organization('Customer 2', 'c2', 'acme') \g /dev/null
INSERT INTO pg_temp.who SELECT split_part(i, '@', 1), nuvopipe.create_token(i, organization => CASE WHEN i LIKE '%beta%' THEN 'beta' ELSE 'acme' END)
	FROM unnest(ARRAY['ann@acme.test', 'bob@acme.test', 'c1', 'c2', 'eve@beta.test']) i;

-- the answer's body with its "$status"
CREATE FUNCTION pg_temp.send(who text, method text, path text, body text DEFAULT NULL, query text DEFAULT '') RETURNS jsonb LANGUAGE sql AS $$
	SELECT coalesce(convert_from(r.body, 'UTF8')::jsonb, '{}') || jsonb_build_object('$status', r.status)
		FROM nuvopipe_api.request(method, '/dp/api/v1' || path, query,
			jsonb_build_object('Authorization', (SELECT w.token FROM pg_temp.who w WHERE w.name = who), 'Content-Type', 'application/json'),
			convert_to(body, 'UTF8')) r
$$;
CREATE TABLE pg_temp.made (what text PRIMARY KEY, data jsonb);
CREATE FUNCTION pg_temp.made(what text, answer jsonb) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO pg_temp.made VALUES (what, answer -> 'data');
	IF answer -> 'data' IS NULL THEN
		RAISE WARNING '% failed: %', what, answer;
	END IF;
	RETURN answer -> '$status';
END
$$;
CREATE FUNCTION pg_temp.id(what text) RETURNS text LANGUAGE sql AS $$ SELECT m.data ->> 'id' FROM pg_temp.made m WHERE m.what = id.what $$;
CREATE FUNCTION pg_temp.names(answer jsonb) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(o ->> 'name', ', ' ORDER BY o ->> 'name') FROM jsonb_array_elements(answer -> 'data') o $$;
-- a pipeline's body of things that were made
CREATE FUNCTION pg_temp.pipeline(name text, input text, output text, tdm text) RETURNS text LANGUAGE sql AS $$
	SELECT jsonb_build_object('name', name, 'configuration', jsonb_build_object('input_connectors', ARRAY[pg_temp.id(input)],
		'output_connectors', ARRAY[pg_temp.id(output)], 'tdm', pg_temp.id(tdm)))::text $$;

SELECT is(pg_temp.made('tdm', pg_temp.send('ann', 'POST', '/tdm/', '{"name": "Sample TDM", "columns": [{"key": "company_id", "label": "Company ID", "columnType": "string",
	"validations": [{"validate": "unique"}, {"validate": "required"}]}], "permissions": {"level": "PUBLIC"}}')), 201, 'a model of the organization, for its customers');
SELECT is(pg_temp.made('private', pg_temp.send('ann', 'POST', '/tdm', '{"name": "private", "columns": [{"key": "a", "label": "A"}]}')), 201, 'one of its own');
SELECT is(pg_temp.made('input', pg_temp.send('ann', 'POST', '/connector/', '{"name": "FTP Input Connector", "type": "INPUT", "node_type": "FTP", "configuration": {
	"host": "ftp.example.com", "port": "1111", "username": "username", "password": "hidden", "protocol": "FTP", "advance_config": {"inclusion_tag": ["Test"]},
	"directory_path": "/input/example/", "file_name": "input.json"}, "trigger_type": "TIME_BASE", "permissions": {"level": "PUBLIC"}}')), 201, 'an input');
SELECT is(pg_temp.made('output', pg_temp.send('ann', 'POST', '/connector/', '{"name": "FTP Output Connector", "type": "OUTPUT", "node_type": "FTP", "configuration": {
	"host": "ftp.example.com", "port": "1111", "username": "username", "password": "hidden", "protocol": "FTP", "advance_config": {"exclusion_tag": null, "inclusion_tag": null,
	"new_name": null, "after_process_option": null}, "directory_path": "/output/example/", "file_name": "output.json"}, "trigger_type": "EVENT_BASE", "permissions": {"level": "PUBLIC"}}')), 201, 'an output');
SELECT is(pg_temp.made('events', pg_temp.send('ann', 'POST', '/connector/', '{"name": "events", "type": "INPUT", "node_type": "MANUAL", "trigger_type": "EVENT_BASE", "permissions": {"level": "PUBLIC"}}')), 201, 'one that data is sent to');
SELECT is(pg_temp.made('template', pg_temp.send('ann', 'POST', '/pipeline-template/', format('{"name": "Pipeline template", "pipeline_name": "Pipeline name", "input_connectors": ["%s"], "output_connectors": ["%s"], "tdm": "%s",
	"schedule_config": {"frequency": "HOURLY", "interval": 6, "starts_on": "2024-09-21T06:57:06.672Z", "ends_on": "2024-09-30T06:57:06.672Z"}, "error_config": {"error_threshold": 32}}',
	pg_temp.id('input'), pg_temp.id('output'), pg_temp.id('tdm')))), 201, 'a template');
SELECT is((SELECT m.data #>> '{created_by,identifier}' FROM pg_temp.made m WHERE m.what = 'tdm'), 'ann@acme.test', 'stamped with who did it');
SELECT is(pg_temp.send('ann', 'GET', '/pipeline/', query => 'sort=%7B%7D&filters=%7B%7D&options=%7B%7D&pagination=%7B%7D'), '{"data": [], "pagination": {"total": 0, "offset": 0, "limit": 25}, "$status": 200}', 'no pipelines yet');
SELECT unalike(pg_temp.send('ann', 'GET', '/connector')::text, '%hidden%', 'no secret comes back');

-- errors as clients get them
SELECT is(pg_temp.send('ann', 'POST', '/tdm', '{"name": "x", "columns": [{"key": "a", "label": "A", "columnType": "strng"}]}') #- '{details,0,hint}',
	'{"$status": 400, "error": "invalid_request", "message": "columns[0].columnType: unknown column type \"strng\"", "details": [{"path": "columns[0].columnType", "message": "columns[0].columnType: unknown column type \"strng\""}]}', '400 with the place');
SELECT is(pg_temp.send('ann', 'POST', '/tdm', '{"name": "private", "columns": [{"key": "a", "label": "A"}]}') ->> '$status', '409', '409 for a name that is taken');
SELECT is(pg_temp.send('ann', 'DELETE', '/tdm/' || pg_temp.id('tdm')) - 'details', '{"$status": 409, "error": "in_use", "message": "cannot delete tdm \"Sample TDM\" because it is in use"}', '409 for one in use');
SELECT is(pg_temp.send('ann', 'GET', '/tdm/66dff0b1fbcf5a2f63857foo') ->> '$status', '404', '404 for what is no id');
SELECT is(pg_temp.send('ann', 'POST', '/connector', '{"name": "x", "type": "INPUT", "node_type": "S3", "configuration": {}}') #- '{details}', '{"$status": 422, "error": "not_supported", "message": "node_type: connectors of type S3 are not supported yet"}', '422 for what is not there yet');
SELECT is(pg_temp.send('ann', 'POST', '/pipeline', replace(pg_temp.pipeline('x', 'input', 'output', 'tdm'), pg_temp.id('tdm'), '01900000-0000-7000-8000-000000000000')) #>> '{details,0,path}', 'configuration.tdm', '422 names the reference');
SELECT is(pg_temp.send('ann', 'POST', '/pipeline', pg_temp.pipeline('x', 'output', 'output', 'tdm')) ->> '$status', '422', '422 for a connector of the other direction');
SELECT is(pg_temp.send('bob', 'POST', '/tdm', '{"name": "x", "columns": [{"key": "a", "label": "A"}]}') ->> '$status', '403', '403 without the permission');
SELECT is(pg_temp.send('bob', 'GET', '/connector') ->> '$status', '403', 'for lists too');
SELECT is(pg_temp.send('bob', 'GET', '/connector/' || pg_temp.id('input')) ->> '$status', '403', 'and for one');
SELECT is(pg_temp.send('bob', 'POST', '/pipeline', pg_temp.pipeline('x', 'input', 'output', 'tdm')) ->> '$status', '403', 'nor can it be used');
SELECT is(pg_temp.send('bob', 'PUT', '/tdm/' || pg_temp.id('tdm'), '{"description": "by bob"}') #>> '{data,updated_by,identifier}', 'bob@acme.test', 'what a user made, another may change');
SELECT is(pg_temp.send('ann', 'POST', '/connector', '{"name": "x", "type": "INPUT", "node_type": "FILE", "configuration": {"directory_path": "/"}}') ->> '$status', '403', 'files are for roles that may read them, whatever the session''s may');
SELECT is(pg_temp.send('ann', 'POST', '/connector', '{"name": "x", "type": "INPUT", "node_type": "TABLE", "configuration": {"query": "SELECT rolpassword FROM pg_catalog.pg_authid"}}') ->> '$status', '403', 'so are queries');

-- a customer
SELECT is(pg_temp.names(pg_temp.send('c1', 'GET', '/tdm')), 'Sample TDM', 'a customer sees what is PUBLIC');
SELECT is(pg_temp.send('c1', 'GET', '/tdm/' || pg_temp.id('private')) ->> '$status', '404', 'and nothing else');
SELECT is(pg_temp.send('c1', 'PUT', '/tdm/' || pg_temp.id('tdm'), '{"name": "x"}') ->> '$status', '403', 'does not change it');
SELECT is(pg_temp.send('c1', 'GET', '/pipeline-template') ->> '$status', '403', 'has no templates');
SELECT is(pg_temp.made('p1', pg_temp.send('c1', 'POST', '/pipeline', format('{"name": "p1", "template_id": "%s"}', pg_temp.id('template')))), 201, 'but makes pipelines from them');
SELECT is((SELECT m.data #>> '{created_by,type}' FROM pg_temp.made m WHERE m.what = 'p1'), 'SUB_ORG', 'as a sub-organization');
SELECT is(pg_temp.send('c1', 'POST', '/pipeline', pg_temp.pipeline('x', 'input', 'output', 'private')) - 'message' #- '{details,0,message}',
	'{"$status": 422, "error": "unknown_reference", "details": [{"path": "configuration.tdm"}]}', 'cannot use what it does not see');
SELECT is(pg_temp.made('t1', pg_temp.send('c1', 'POST', '/tdm', '{"name": "own", "columns": [{"key": "a", "label": "A"}], "permissions": {"level": "PUBLIC"}}')), 201, 'has models of its own');
SELECT is(pg_temp.names(pg_temp.send('c2', 'GET', '/tdm')), 'Sample TDM', 'which another customer does not see, not even PUBLIC ones');
SELECT is(pg_temp.send('c2', 'GET', '/pipeline/' || pg_temp.id('p1')) ->> '$status', '404', 'nor its pipelines');
SELECT is(pg_temp.names(pg_temp.send('ann', 'GET', '/pipeline')), 'p1', 'the organization sees them');
SELECT is(pg_temp.send('ann', 'PUT', '/pipeline/' || pg_temp.id('p1'), (SELECT jsonb_build_object('configuration', (m.data -> 'configuration') || '{"developer_mode": true}')::text FROM pg_temp.made m WHERE m.what = 'p1')) #> '{data,configuration,version}', '2', 'and changes them');
SELECT is(pg_temp.send('c1', 'GET', '/tdm/' || pg_temp.id('tdm') || '/usage') -> 'data', jsonb_build_array(jsonb_build_object('type', 'pipeline', 'id', pg_temp.id('p1'), 'name', 'p1')), 'a customer is told of its own use');
SELECT is(pg_temp.send('c2', 'GET', '/tdm/' || pg_temp.id('tdm') || '/usage') -> 'data', '[]', 'another is not');
SELECT is(pg_temp.made('e1', pg_temp.send('c1', 'POST', '/pipeline', pg_temp.pipeline('e1', 'events', 'output', 'tdm'))), 201, 'an input that data is sent to serves one customer');
SELECT is(pg_temp.send('c2', 'POST', '/pipeline', pg_temp.pipeline('e2', 'events', 'output', 'tdm')) - 'message' #- '{details,0,message}' #- '{details,0,hint}',
	'{"$status": 422, "error": "not_supported", "details": [{"path": "configuration.input_connectors[0]"}]}', 'and no other');

-- a stranger
SELECT is(pg_temp.names(pg_temp.send('eve', 'GET', p)), NULL, 'another organization lists nothing at ' || p) FROM unnest(ARRAY['/tdm', '/connector', '/pipeline-template', '/pipeline']) p;
SELECT is(pg_temp.send('eve', 'GET', '/tdm/' || pg_temp.id('tdm')) - ARRAY['details'], jsonb_build_object('$status', 404, 'error', 'not_found', 'message', format('tdm "%s" does not exist', pg_temp.id('tdm'))), 'and reads nothing');
SELECT is((SELECT count(*) FROM (VALUES ('GET', ''), ('PUT', ''), ('DELETE', ''), ('GET', '/usage')) AS v (method, tail), (VALUES ('/tdm/', 'tdm'), ('/connector/', 'input')) AS o (path, what)
	WHERE pg_temp.send('eve', v.method, o.path || pg_temp.id(o.what) || v.tail, CASE v.method WHEN 'PUT' THEN '{"name": "x"}' END) ->> '$status' <> '404'), 0::bigint, 'by no method');

SELECT * FROM finish();
ROLLBACK;
