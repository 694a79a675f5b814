-- Models, connectors, templates and pipelines over the API: routes, bodies, answers, errors.
-- Operations are called as a database role, by the routes that lead to them; tokens have tests of their own.
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT plan(177);

CREATE ROLE regress_np_api IN ROLE nuvopipe_user;
CREATE ROLE regress_np_other IN ROLE nuvopipe_user;
CREATE SCHEMA npt;
GRANT USAGE ON SCHEMA npt TO PUBLIC;

-- What a request leads to: the answer with "$status", or what went wrong.
CREATE FUNCTION npt.call(method text, path text, body jsonb DEFAULT '{}') RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	r record;
	values text[];
	names text[];
	result jsonb;
	hint text;
BEGIN
	SELECT t.* INTO r FROM _nuvopipe.route t
		WHERE t.method = call.method AND '/dp/api/v1' || rtrim(call.path, '/') ~ ('^' || regexp_replace(t.path, '\{[^}]+\}', '[^/]+', 'g') || '$')
		ORDER BY t.path LIKE '%{%' LIMIT 1;
	IF NOT FOUND THEN
		RETURN '{"error": "no route"}';
	END IF;
	values := regexp_match('/dp/api/v1' || rtrim(path, '/'), '^' || regexp_replace(r.path, '\{[^}]+\}', '([^/]+)', 'g') || '$');
	names := ARRAY(SELECT m[1] FROM regexp_matches(r.path, '\{([^}]+)\}', 'g') m);
	IF names <> '{}' THEN
		body := body || jsonb_object(names, values);
	END IF;
	EXECUTE format('SELECT nuvopipe_api.%I($1)', r.operation) INTO result USING body;
	RETURN result || jsonb_build_object('$status', r.status);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN jsonb_strip_nulls(jsonb_build_object('error', SQLSTATE, 'message', SQLERRM, 'hint', nullif(hint, '')));
END
$$;
CREATE FUNCTION npt.keys(o jsonb) RETURNS text[] LANGUAGE sql AS $$ SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(o) k $$;
-- without what differs from run to run
CREATE FUNCTION npt.plain(o jsonb) RETURNS jsonb LANGUAGE sql
	AS $$ SELECT o - ARRAY['id', 'created_at', 'created_by', 'updated_at', 'updated_by'] $$;
CREATE FUNCTION npt.error(o jsonb) RETURNS text LANGUAGE sql AS $$ SELECT coalesce(o ->> 'error' || ' ' || (o ->> 'message'), 'no error: ' || o::text) $$;
CREATE TABLE npt.made (what text PRIMARY KEY, data jsonb);
GRANT ALL ON npt.made TO PUBLIC;
CREATE FUNCTION npt.keep(what text, answer jsonb) RETURNS jsonb LANGUAGE plpgsql
AS $$
BEGIN
	IF answer -> 'data' IS NULL THEN
		RAISE WARNING '% failed: %', what, answer;
	END IF;
	INSERT INTO npt.made VALUES (what, answer -> 'data') ON CONFLICT ON CONSTRAINT made_pkey DO UPDATE SET data = EXCLUDED.data;
	RETURN answer;
END
$$;
CREATE FUNCTION npt.get(what text) RETURNS jsonb LANGUAGE sql AS $$ SELECT m.data FROM npt.made m WHERE m.what = get.what $$;
CREATE FUNCTION npt.id(what text) RETURNS text LANGUAGE sql AS $$ SELECT m.data ->> 'id' FROM npt.made m WHERE m.what = id.what $$;

CREATE FUNCTION npt.change(change jsonb) RETURNS text LANGUAGE sql
	AS $$ SELECT npt.error(npt.call('PUT', '/pipeline/' || npt.id('pipeline'), jsonb_build_object('configuration', npt.get('pipeline') -> 'configuration' || change))) $$;

SET ROLE regress_np_api;

-- ---- target data models

-- as nuvo's guide prints it
SELECT is(npt.keep('tdm', npt.call('POST', '/tdm/', '{
"name": "Sample TDM",
"columns": [
{ "key": "company_id", "label": "Company ID", "columnType": "string", "validations": [ { "validate": "unique" }, { "validate": "required" } ] },
{ "key": "company_name", "label": "Company name", "columnType": "string", "validations": [ { "validate": "required_with", "columns": [ "company_id" ], "errorMessage": "Custom error message" } ] },
{ "key": "full_name", "label": "Full name", "columnType": "string", "validations": [ { "validate": "required" } ] },
{ "key": "email_address", "label": "Email address", "columnType": "email", "validations": [ { "validate": "required" } ] },
{ "key": "street", "label": "Street", "columnType": "string" },
{ "key": "city", "label": "City", "columnType": "string", "validations": [ { "validate": "required" } ] },
{ "key": "country", "label": "Country", "columnType": "string", "validations": [ { "validate": "required" } ] },
{ "key": "total_costs", "label": "Total costs", "columnType": "float" },
{ "key": "close_date", "label": "Close date", "columnType": "date", "outputFormat": "DD.MM.YYYY" }
],
"permissions": { "level": "PUBLIC" }
}')) ->> '$status', '201', 'a model is created');
SELECT is(npt.keys(npt.get('tdm')), ARRAY['columns', 'created_at', 'created_by', 'id', 'name', 'permissions', 'updated_at', 'updated_by'], 'members of a model');
SELECT is(jsonb_array_length(npt.get('tdm') -> 'columns'), 9, 'all columns');
SELECT is(npt.get('tdm') #> '{columns,8}', '{"key": "close_date", "label": "Close date", "columnType": "date", "outputFormat": "DD.MM.YYYY"}', 'columns as given');
SELECT is(npt.get('tdm') -> 'permissions', '{"level": "PUBLIC"}', 'level');
SELECT is(npt.keys(npt.get('tdm') -> 'created_by'), ARRAY['id', 'identifier', 'name', 'type'], 'members of an actor');
SELECT is(npt.get('tdm') #>> '{created_by,type}', 'USER', 'a database role shows as USER');
SELECT matches(npt.get('tdm') ->> 'created_at', '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$', 'time in ISO 8601 with milliseconds');
SELECT is(npt.call('GET', '/tdm/' || npt.id('tdm')), jsonb_build_object('data', npt.get('tdm'), '$status', 200), 'it reads as it was answered');
SELECT is(npt.call('PUT', '/tdm/' || npt.id('tdm'), npt.get('tdm')), jsonb_build_object('data', npt.get('tdm'), '$status', 200), 'what was read, sent back, changes nothing');
SELECT is(npt.call('GET', '/tdm') -> 'data', jsonb_build_array(npt.get('tdm')), 'it is listed as it reads');
SELECT is(npt.call('GET', '/tdm') -> 'pagination', '{"total": 1, "offset": 0, "limit": 25}', 'with pagination');

SELECT is(npt.call('POST', '/tdm', '{"name": "alias", "columns": [{"key": "a", "label": "A", "type": "int"}]}') #> '{data,columns}',
	'[{"key": "a", "label": "A", "type": "int"}]', 'the alias type stays as given');
SELECT is(npt.call('POST', '/tdm', npt.get('tdm') || '{"name": "copy"}') #>> '{data,name}', 'copy', 'what was read can be created anew');
SELECT is(npt.error(npt.call('POST', '/tdm', '{"name": "copy", "columns": [{"key": "a", "label": "A"}]}')), '42710 tdm "copy" already exists', 'names are unique');
SELECT is(npt.call('POST', '/tdm', '{"name": "private", "columns": [{"key": "a", "label": "A"}]}') #> '{data,permissions}', '{"level": "PRIVATE"}', 'PRIVATE if not given');

-- bad bodies name the place
SELECT is(npt.error(npt.call('POST', '/tdm', '{"name": "x"}')), '22023 columns: must be given', 'columns are needed');
SELECT is(npt.error(npt.call('POST', '/tdm', '{"columns": [{"key": "a", "label": "A"}]}')), '22023 name: must not be empty', 'a name is needed');
SELECT is(npt.error(npt.call('POST', '/tdm', '{"name": 5, "columns": []}')), '22023 name: a string is expected, not a number', 'a name is text');
SELECT is(npt.error(npt.call('POST', '/tdm', '{"name": "x", "columns": {}}')), '22023 columns: an array is expected', 'columns are an array');
SELECT matches(npt.error(npt.call('POST', '/tdm', '{"name": "x", "columns": [{"key": "a", "label": "A", "columnType": "strng"}]}')), '^22023 columns\[0\]\.columnType: ', 'unknown type');
SELECT is(npt.call('POST', '/tdm', '{"name": "x", "colums": []}') - 'error', '{"message": "colums: unknown member", "hint": "Perhaps you meant \"columns\"."}', 'unknown member with the nearest');
SELECT is(npt.error(npt.call('POST', '/tdm', '{"name": "x", "columns": [{"key": "a", "label": "A"}], "permissions": {"level": "PUBLC"}}')),
	'22023 permissions.level: unknown value "PUBLC"', 'unknown level');
SELECT is(npt.error(npt.call('POST', '/tdm', '{"name": "x", "columns": [{"key": "a", "label": "A"}], "tags": "t"}')), '22023 tags: an array is expected, not a string', 'tags');

-- update
SELECT is((npt.call('PUT', '/tdm/' || npt.id('tdm'), '{"name": "renamed", "description": "d", "tags": ["a", "b"]}') -> 'data') - ARRAY['updated_at', 'updated_by'],
	npt.get('tdm') - ARRAY['updated_at', 'updated_by'] || '{"name": "renamed", "description": "d", "tags": ["a", "b"]}', 'what is absent stays');
SELECT isnt(npt.call('GET', '/tdm/' || npt.id('tdm')) #> '{data,updated_at}', npt.get('tdm') -> 'updated_at', 'a change has a time');
SELECT is((npt.call('PUT', '/tdm/' || npt.id('tdm'), '{"name": "Sample TDM", "description": null, "tags": null}') -> 'data') - ARRAY['updated_at', 'updated_by'],
	npt.get('tdm') - ARRAY['updated_at', 'updated_by'], 'null takes away');
SELECT is(npt.error(npt.call('PUT', '/tdm/' || npt.id('tdm'), '{"columns": [{"key": ""}]}')), '22023 columns[0].key: must not be empty', 'columns are checked');
SELECT is(npt.error(npt.call('PUT', '/tdm/' || npt.id('tdm'), '{"name": "copy"}')), '42710 tdm "copy" already exists', 'a name that is taken');
SELECT is(npt.error(npt.call('GET', '/tdm/66dff0b1fbcf5a2f63857foo')), '42704 tdm "66dff0b1fbcf5a2f63857foo" does not exist', 'an id of another kind');
SELECT is(npt.error(npt.call('GET', '/tdm/01900000-0000-7000-8000-000000000000')), '42704 tdm "01900000-0000-7000-8000-000000000000" does not exist', 'an unknown id');
SELECT is(npt.error(npt.call('PUT', '/tdm/copy', '{}')), '42704 tdm "copy" does not exist', 'a path names by id');

-- help
SELECT is(npt.call('POST', '/tdm/check', npt.get('tdm')), '{"data": {"ok": true}, "$status": 200}', 'a good model');
SELECT is(npt.error(npt.call('POST', '/tdm/check', '{"columns": [{"key": "a", "label": "A"}, {"key": "a", "label": "B"}]}')) ~ '^22023 columns\[1\]\.key: ', true, 'a bad one');
SELECT is(npt.error(npt.call('POST', '/tdm/check', '{"name": "x"}')), '22023 columns: must be given', 'and an empty one');
SELECT is(npt.call('POST', '/tdm/try', '{"column": {"columnType": "date", "outputFormat": "DD.MM.YYYY"}, "values": ["2024-09-21", "", "tomorrow"]}') #> '{data,0}',
	'{"ok": true, "output": "21.09.2024"}', 'a value is converted');
SELECT is(npt.call('POST', '/tdm/try', '{"column": {"columnType": "date"}, "values": ["2024-09-21", "", "tomorrow"]}') #>> '{data,2,code}', 'invalid_date', 'or says what is wrong');
SELECT is(npt.call('POST', '/tdm/try', '{"column": {"columnType": "int"}, "value": "12"}') -> 'data', '{"ok": true, "output": 12}', 'one cell');
SELECT matches(npt.error(npt.call('POST', '/tdm/try', '{"column": {"columnType": "nt"}, "values": []}')), '^22023 .*columnType', 'a bad column');
SELECT is(npt.error(npt.call('POST', '/tdm/try', '{"column": {}}')), '22023 values: must be given', 'values are needed');
SELECT is((SELECT count(*) FROM jsonb_array_elements(npt.call('GET', '/tdm/column-type') -> 'data') t
	WHERE t ->> 'columnType' IN ('string', 'date', 'category', 'iban') AND jsonb_array_length(t -> 'validations') = 11), 4::bigint, 'types of columns');
SELECT is((SELECT t -> 'parameters' ? 'dateOrder' FROM jsonb_array_elements(npt.call('GET', '/tdm/column-type') -> 'data') t
	WHERE t ->> 'columnType' = 'date'), true, 'with their parameters');
SELECT matches(npt.error(npt.call('POST', '/tdm/draft', '{"source": {"execution": "x"}}')), '^0A000 source: ', 'drafts of other sources are not supported');
SELECT matches(npt.error(npt.call('POST', '/tdm/draft', '{"source": {"upload": "x"}}')), '^42704 upload "x" does not exist', 'nor is there one of an upload that is not there');

-- ---- connectors

-- as nuvo's guide prints them
SELECT is(npt.keep('input', npt.call('POST', '/connector/', '{
"name": "FTP Input Connector",
"type": "INPUT",
"node_type": "FTP",
"configuration": {
"host": "ftp.example.com",
"port": "1111",
"username": "username",
"password": "password",
"protocol": "FTP",
"advance_config": { "inclusion_tag": [ "Test" ] },
"directory_path": "/input/example/",
"file_name": "input.json"
},
"trigger_type": "TIME_BASE",
"permissions": { "level": "PUBLIC" }
}')) ->> '$status', '201', 'an input is created');
SELECT is(npt.plain(npt.get('input')), '{"name": "FTP Input Connector", "type": "INPUT", "node_type": "FTP", "configuration": {"host": "ftp.example.com", "port": "1111",
	"username": "username", "password": "********", "protocol": "FTP", "advance_config": {"inclusion_tag": ["Test"]}, "directory_path": "/input/example/", "file_name": "input.json"},
	"trigger_type": "TIME_BASE", "permissions": {"level": "PUBLIC"}}', 'as given, its secret masked');
SELECT is(npt.keys(npt.get('input')), ARRAY['configuration', 'created_at', 'created_by', 'id', 'name', 'node_type', 'permissions', 'trigger_type', 'type', 'updated_at', 'updated_by'], 'members of a connector');
SELECT is(npt.keep('output', npt.call('POST', '/connector/', '{
"name": "FTP Output Connector",
"type": "OUTPUT",
"node_type": "FTP",
"configuration": {
"host": "ftp.example.com",
"port": "1111",
"username": "username",
"password": "password",
"protocol": "FTP",
"advance_config": { "exclusion_tag": null, "inclusion_tag": null, "new_name": null, "after_process_option": null },
"directory_path": "/output/example/",
"file_name": "output.json"
},
"trigger_type": "EVENT_BASE",
"permissions": { "level": "PUBLIC" }
}')) #>> '{data,trigger_type}', 'EVENT_BASE', 'an output keeps a trigger that has no effect');
SELECT is(npt.call('GET', '/connector/' || npt.id('output')) -> 'data', npt.get('output'), 'it reads as it was answered');
SELECT is(npt.call('PUT', '/connector/' || npt.id('output'), npt.get('output')) -> 'data', npt.get('output'), 'sent back it changes nothing');
SELECT is(npt.call('PUT', '/connector/' || npt.id('input'), npt.get('input')) -> 'data', npt.get('input'), 'neither does an input');
SELECT is((SELECT array_agg(c ORDER BY c ->> 'name') FROM jsonb_array_elements(npt.call('GET', '/connector') -> 'data') c),
	ARRAY[npt.get('input'), npt.get('output')], 'they are listed as they read');

SELECT is((npt.call('POST', '/connector', '{"name": "https", "type": "INPUT", "node_type": "HTTPS", "configuration": {"url": "https://example.com/data", "headers": [{"key": "X-Api-Key", "value": "k"}, {"key": "Accept", "value": "text/csv"}]}}')
	-> 'data') - ARRAY['id', 'created_at', 'created_by', 'updated_at', 'updated_by', 'permissions', 'name', 'trigger_type'],
	'{"type": "INPUT", "node_type": "HTTP", "configuration": {"url": "https://example.com/data", "headers": [{"key": "X-Api-Key", "value": "********"}, {"key": "Accept", "value": "text/csv"}]}}', 'HTTPS is HTTP; headers that may be secret are masked');
SELECT is(npt.keep('manual', npt.call('POST', '/connector', '{"name": "upload", "type": "INPUT", "node_type": "MANUAL", "trigger_type": "EVENT_BASE"}')) #> '{data,configuration}', '{}', 'a manual input needs no configuration');
SELECT matches(npt.get('manual') ->> 'receiver_url', '^/dp/api/v1/receive/[\w-]{20,}$', 'where data is sent to is told');
SELECT is(npt.call('GET', '/connector/' || npt.id('manual')) -> 'data', npt.get('manual') - 'receiver_url', 'once');
SELECT is(npt.call('PUT', '/connector/' || npt.id('manual'), npt.get('manual')) -> 'data', npt.get('manual') - 'receiver_url', 'sent back it changes nothing');
SELECT is(npt.call('POST', '/connector', '{"name": "push", "type": "INPUT", "node_type": "HTTP", "configuration": {}, "trigger_type": "EVENT_BASE"}') ->> '$status', '201', 'an HTTP input to which data is sent needs no url');

-- what is not there yet, and what cannot be
SELECT is(npt.error(npt.call('POST', '/connector', format('{"name": "x", "type": "INPUT", "node_type": "%s", "configuration": {}}', k)::jsonb)),
	format('0A000 node_type: connectors of type %s are not supported yet', k), k || ' is not supported yet') FROM unnest(ARRAY['S3', 'EMAIL', 'AZURE', 'GCS']) k;
SELECT is(npt.error(npt.call('POST', '/connector', '{"name": "x", "type": "INPUT", "node_type": "FTP", "configuration": {"host": "h", "protocol": "SFTP"}}')),
	'0A000 configuration.protocol: SFTP is not supported yet', 'nor is SFTP');
SELECT is(npt.error(npt.call('POST', '/connector', '{"name": "x", "type": "INPUT", "node_type": "SFTP", "configuration": {"host": "h"}}')),
	'0A000 configuration.protocol: SFTP is not supported yet', 'under either name');
SELECT is(npt.error(npt.call('POST', '/connector', '{"name": "x", "type": "OUTPUT", "node_type": "MANUAL"}')), '0A000 node_type: connectors of type MANUAL cannot be used as output', 'MANUAL is for inputs');
SELECT is(npt.error(npt.call('POST', '/connector', '{"name": "x", "type": "INPUT", "node_type": "FTB", "configuration": {}}')), '22023 node_type: unknown connector type "FTB"', 'an unknown type');
SELECT is(npt.error(npt.call('POST', '/connector', '{"name": "x", "node_type": "FTP", "configuration": {}}')), '22023 type: must be given', 'a direction is needed');
SELECT is(npt.error(npt.call('POST', '/connector', '{"name": "x", "type": "IN", "node_type": "FTP", "configuration": {}}')), '22023 type: unknown value "IN"', 'a known one');
SELECT is(npt.error(npt.call('POST', '/connector', '{"name": "x", "type": "INPUT", "configuration": {}}')), '22023 node_type: must be given', 'a type is needed');
SELECT is(npt.error(npt.call('POST', '/connector', '{"name": "x", "type": "INPUT", "node_type": "FTP"}')), '22023 configuration: must be given', 'a configuration is needed');
SELECT is(npt.error(npt.call('POST', '/connector', '{"name": "x", "type": "INPUT", "node_type": "FTP", "configuration": {"host": "h", "port": "x"}}')), '22023 configuration.port: must be a port from 1 to 65535', 'a port is a number');
SELECT is(npt.error(npt.call('POST', '/connector', '{"name": "x", "type": "INPUT", "node_type": "HTTP", "configuration": {}}')), '22023 configuration.url: must be given', 'a url is needed to ask');
SELECT is(npt.error(npt.call('POST', '/connector', '{"name": "x", "type": "OUTPUT", "node_type": "HTTP", "configuration": {}, "trigger_type": "EVENT_BASE"}')), '22023 configuration.url: must be given', 'and to send to');
SELECT is(npt.error(npt.call('POST', '/connector', '{"name": "x", "type": "INPUT", "node_type": "FTP", "configuration": {"host": "h"}, "trigger_type": "EVENT_BASE"}')), '22023 trigger_type: FTP inputs cannot be EVENT_BASE', 'nothing can be sent to FTP');
SELECT is(npt.error(npt.call('POST', '/connector', '{"name": "x", "type": "INPUT", "node_type": "TABLE", "configuration": {"relation": "nowhere.table"}}')), '42P01 configuration.relation: relation "nowhere.table" does not exist', 'a relation that is not there');
SELECT is(npt.error(npt.call('POST', '/connector', '{"name": "x", "type": "INPUT", "node_type": "TABLE", "configuration": {"query": "SELECT nothing FROM pg_catalog.pg_class"}}')), '42703 configuration.query: column "nothing" does not exist', 'a query that fails');

-- secrets
SELECT is(npt.call('PUT', '/connector/' || npt.id('input'), jsonb_build_object('configuration', (npt.get('input') -> 'configuration') - 'password' || '{"file_name": "other.json"}')) #> '{data,configuration}',
	npt.get('input') -> 'configuration' || '{"file_name": "other.json"}', 'a secret that is left out stays');
RESET ROLE;
SELECT is(_nuvopipe.unseal(k.sealed, k.id) ->> 'password', 'password', 'as it was') FROM _nuvopipe.credential k JOIN _nuvopipe.connector c ON c.credential_id = k.id WHERE c.id::text = npt.id('input');
SET ROLE regress_np_api;
SELECT is(npt.error(npt.call('PUT', '/connector/' || npt.id('input'), jsonb_build_object('configuration', npt.get('input') -> 'configuration' || '{"host": "evil.example.com"}'))),
	'22023 configuration.password: must be given again when configuration.host changes', 'and is not sent elsewhere');
SELECT is(npt.call('PUT', '/connector/' || npt.id('input'), jsonb_build_object('configuration', npt.get('input') -> 'configuration' || '{"password": "new"}')) #>> '{data,configuration,password}', '********', 'a new one is masked');
RESET ROLE;
SELECT is(_nuvopipe.unseal(k.sealed, k.id) ->> 'password', 'new', 'and stored') FROM _nuvopipe.credential k JOIN _nuvopipe.connector c ON c.credential_id = k.id WHERE c.id::text = npt.id('input');
SET ROLE regress_np_api;
SELECT is(npt.error(npt.call('PUT', '/connector/' || npt.id('input'), '{"type": "OUTPUT"}')), '0A000 type: cannot be changed', 'a direction is for good');
SELECT is(npt.error(npt.call('PUT', '/connector/' || npt.id('input'), '{"node_type": "HTTP"}')), '0A000 node_type: cannot be changed', 'so is a type');
SELECT is(npt.error(npt.call('PUT', '/connector/' || npt.id('input'), '{"configuration": {"hst": "x"}}')), '22023 configuration: unknown member "hst"', 'a configuration is checked');

-- help
SELECT is((SELECT array_agg(t ->> 'node_type' || ' ' || (t ->> 'direction')) FROM jsonb_array_elements(npt.call('GET', '/connector/type') -> 'data') t),
	ARRAY['FILE INPUT', 'FILE OUTPUT', 'FTP INPUT', 'FTP OUTPUT', 'HTTP INPUT', 'HTTP OUTPUT', 'MANUAL INPUT', 'TABLE INPUT', 'TABLE OUTPUT'], 'types of connectors');
SELECT is((SELECT f FROM jsonb_array_elements(npt.call('GET', '/connector/type') -> 'data') t, jsonb_array_elements(t -> 'fields') f
	WHERE t ->> 'node_type' = 'FTP' AND t ->> 'direction' = 'INPUT' AND f ->> 'path' = 'configuration.password'),
	'{"path": "configuration.password", "kind": "text", "required": false, "secret": true}', 'and their fields');
SELECT is((SELECT jsonb_agg(s - 'duration_ms') FROM jsonb_array_elements(npt.call('POST', '/connector/' || npt.id('manual') || '/test') #> '{data,steps}') s),
	'[{"step": "load", "ok": true, "detail": "definition is in order; there is nothing to connect to"}]', 'a test');
SELECT is(npt.call('POST', '/connector/test', '{"type": "INPUT", "node_type": "MANUAL"}') #> '{data,ok}', 'true', 'of one that is not stored');
SELECT is(npt.call('POST', '/connector/test', '{"name": "push", "type": "INPUT", "node_type": "HTTP", "configuration": {"url": "http://127.0.0.1:1/"}}') #> '{data,ok}', 'false', 'of a place that is not there');
SELECT is(npt.error(npt.call('POST', '/connector/test', '{"type": "INPUT", "node_type": "FTP", "configuration": {}}')), '22023 configuration.host: must be given', 'of a bad one');
SELECT is((SELECT count(*) FROM jsonb_array_elements(npt.call('GET', '/connector') -> 'data')), 5::bigint, 'nothing of them stays');
SELECT matches(npt.error(npt.call('GET', '/connector/' || npt.id('manual') || '/listing')), '^42809 ', 'nothing to list');
SELECT matches(npt.error(npt.call('GET', '/connector/' || npt.id('manual') || '/data')), '^0A000 samples of MANUAL connectors are not supported yet', 'no sample');

-- files and tables of the server, for those who may
RESET ROLE;
CREATE TABLE npt.customer (id int PRIMARY KEY, name varchar(20) NOT NULL);
SELECT is(npt.keep('table', npt.call('POST', '/connector', '{"name": "t", "type": "OUTPUT", "node_type": "TABLE", "configuration": {"relation": "npt.customer"}}')) ->> '$status', '201', 'a table');
SELECT is(npt.call('POST', '/tdm/draft', jsonb_build_object('source', jsonb_build_object('connector', npt.id('table')))) #> '{data,columns,1}',
	'{"key": "name", "label": "Name", "columnType": "string", "maxLength": 20, "validations": [{"validate": "required"}]}', 'a draft of its columns');
SELECT is(npt.call('POST', '/connector', jsonb_build_object('name', 'x', 'type', 'INPUT', 'node_type', 'FILE', 'configuration', jsonb_build_object('directory_path', current_setting('data_directory')))) ->> '$status', '201', 'a superuser may read files');
SELECT is(npt.keep('file', npt.call('POST', '/connector', jsonb_build_object('name', 'ident', 'type', 'INPUT', 'node_type', 'FILE',
	'configuration', jsonb_build_object('directory_path', current_setting('data_directory'), 'file_name', 'PG_VERSION')))) ->> '$status', '201', 'one of them');
SELECT is(npt.call('GET', '/connector/' || npt.id('file') || '/data', '{"options": {"format": "csv", "delimiter": ",", "header": false}}') -> 'data',
	jsonb_build_object('columns', '[{"index": 0, "name": "column_1"}]'::jsonb, 'rows', jsonb_build_array(jsonb_build_object('row_no', 1, 'cells',
	jsonb_build_array(current_setting('server_version_num')::int / 10000 || '')))), 'a sample of a file');
SELECT is(npt.error(npt.call('GET', '/connector/' || npt.id('file') || '/data', '{"options": {"delimitr": ","}}')), '22023 options: unknown member "delimitr"', 'options are checked');
SELECT is(npt.error(npt.call('GET', '/connector/' || npt.id('file') || '/data', '{"options": {"rows": 0}}')), '22023 options.rows: 0 is out of range 1 to 1000', 'so is the number of rows');
SELECT is((SELECT o -> 'taken' FROM jsonb_array_elements(npt.call('GET', '/connector/' || npt.id('file') || '/listing') -> 'data') o WHERE o ->> 'path' LIKE '%/PG_VERSION'), 'true', 'a listing');
SET ROLE regress_np_api;
SELECT is(npt.error(npt.call('POST', '/tdm/draft', jsonb_build_object('source', jsonb_build_object('connector', npt.id('table'))))), format('42704 source.connector: connector "%s" does not exist', npt.id('table')), 'not for those who do not see it');
SELECT matches(npt.error(npt.call('POST', '/connector', '{"name": "x", "type": "INPUT", "node_type": "FILE", "configuration": {"directory_path": "/tmp"}}')), '^42501 ', 'others may not');
SELECT is(npt.error(npt.call('GET', '/connector/' || npt.id('file') || '/data')), format('42704 connector "%s" does not exist', npt.id('file')), 'and do not see the connector');

-- ---- templates

-- as nuvo's guide prints it, with ids that exist
SELECT is(npt.keep('template', npt.call('POST', '/pipeline-template/', jsonb_build_object('input_connectors', ARRAY[npt.id('input')], 'output_connectors', ARRAY[npt.id('output')]) || '{
"name": "Pipeline template",
"pipeline_name": "Pipeline name",
"schedule_config": { "frequency": "HOURLY", "interval": 6, "starts_on": "2024-09-21T06:57:06.672Z", "ends_on": "2024-09-30T06:57:06.672Z" },
"error_config": { "error_threshold": 32 }
}')) ->> '$status', '201', 'a template is created');
SELECT is(npt.plain(npt.get('template')), jsonb_build_object('input_connectors', ARRAY[npt.id('input')], 'output_connectors', ARRAY[npt.id('output')]) || '{
	"name": "Pipeline template", "pipeline_name": "Pipeline name", "error_config": {"error_threshold": 32},
	"schedule_config": {"frequency": "HOURLY", "interval": 6, "starts_on": "2024-09-21T06:57:06.672Z", "ends_on": "2024-09-30T06:57:06.672Z"}}', 'flat, as given');
SELECT is(npt.call('GET', '/pipeline-template/' || npt.id('template')) -> 'data', npt.get('template'), 'it reads as it was answered');
SELECT is(npt.call('PUT', '/pipeline-template/' || npt.id('template'), npt.get('template')) -> 'data', npt.get('template'), 'sent back it changes nothing');
SELECT is(npt.call('GET', '/pipeline-template') -> 'data', jsonb_build_array(npt.get('template')), 'it is listed');
SELECT is(npt.plain(npt.call('PUT', '/pipeline-template/' || npt.id('template'), '{"error_config": null, "tdm": "Sample TDM", "developer_mode": true, "header_config": {"mode": "FIXED", "row_index": 2}, "options": {"on_error": "pass"}}') -> 'data'),
	npt.plain(npt.get('template')) - 'error_config' || jsonb_build_object('tdm', npt.id('tdm')) || '{"developer_mode": true, "header_config": {"mode": "FIXED", "row_index": 2}, "options": {"on_error": "pass"}}',
	'given members are replaced, by name too');
SELECT is(npt.plain(npt.call('PUT', '/pipeline-template/' || npt.id('template'), '{"options": {"on_error": "skip_rows"}, "developer_mode": null}') -> 'data') -> 'header_config', '{"mode": "FIXED", "row_index": 2}', 'options leave the header alone');
SELECT is((npt.call('PUT', '/pipeline-template/' || npt.id('template'), npt.get('template') || '{"header_config": null, "options": null, "tdm": null}') -> 'data') - ARRAY['updated_at'],
	npt.get('template') - ARRAY['updated_at'], 'and back');
SELECT is(npt.error(npt.call('POST', '/pipeline-template', '{"name": "x", "input_connectors": ["6695092a8266536c28b97000"]}')), '42704 input_connectors[0]: connector "6695092a8266536c28b97000" does not exist', 'an unknown connector');
SELECT is(npt.error(npt.call('POST', '/pipeline-template', jsonb_build_object('name', 'x', 'input_connectors', ARRAY[npt.id('output')]))), format('NP422 input_connectors[0]: connector "%s" is an output connector', npt.id('output')), 'one of the other direction');
SELECT is(npt.error(npt.call('POST', '/pipeline-template', '{"name": "x", "input_connectors": ["a", "b"]}')), '0A000 input_connectors: more than one connector is not supported', 'two of them');
SELECT is(npt.error(npt.call('POST', '/pipeline-template', '{"name": "x", "schedule_config": {"frequency": "YEARLI"}}')), '22023 schedule_config.frequency: the frequency "YEARLI" does not exist', 'a bad schedule');
SELECT is(npt.error(npt.call('POST', '/pipeline-template', '{"name": "x", "error_config": {"error_threshold": 101}}')), '22023 error_config.error_threshold: 101 is out of range 0 to 100', 'a bad threshold');
SELECT is(npt.error(npt.call('POST', '/pipeline-template', '{"name": "x", "header_config": {"mode": "X"}}')), '22023 header_config.mode: unknown value "X"', 'a bad header');

-- ---- pipelines

SELECT is(npt.keep('pipeline', npt.call('POST', '/pipeline', jsonb_build_object('name', 'first', 'configuration', jsonb_build_object('input_connectors', ARRAY[npt.id('input')],
	'output_connectors', ARRAY[npt.id('output')], 'tdm', npt.id('tdm')) || '{"mapping_config": {"mode": "EXACT", "mappings": [{"source_columns": ["First", "Last"], "target_column": "full_name"}]},
	"developer_mode": true, "error_config": {"error_threshold": 10.5}, "schedule_config": {"frequency": "DAILY", "interval": 1, "starts_on": "2024-09-21T06:57:06.672Z"}, "header_config": {"mode": "FIXED", "row_index": 1}, "options": {"on_error": "pass"}}'))) ->> '$status',
	'201', 'a pipeline is created');
SELECT is(npt.plain(npt.get('pipeline')) #- '{configuration,id}', jsonb_build_object('name', 'first', 'status', 'ACTIVE', 'executions', 0, 'last_executions', '[]'::jsonb, 'configuration',
	jsonb_build_object('version', 1, 'input_connectors', ARRAY[npt.id('input')], 'output_connectors', ARRAY[npt.id('output')], 'tdm', npt.id('tdm')) || '{"mapping_config": {"mode": "EXACT", "mappings": [{"source_columns": ["First", "Last"], "target_column": "full_name"}]},
	"developer_mode": true, "error_config": {"error_threshold": 10.5}, "schedule_config": {"frequency": "DAILY", "interval": 1, "starts_on": "2024-09-21T06:57:06.672Z"}, "header_config": {"mode": "FIXED", "row_index": 1}, "options": {"on_error": "pass"}}'), 'nested, as given');
SELECT is(npt.call('GET', '/pipeline/' || npt.id('pipeline')) -> 'data', npt.get('pipeline'), 'it reads as it was answered');
SELECT is(npt.call('PUT', '/pipeline/' || npt.id('pipeline'), npt.get('pipeline')) -> 'data', npt.get('pipeline'), 'sent back it changes nothing, not even the version');
SELECT is(npt.call('GET', '/pipeline') -> 'data', jsonb_build_array(npt.get('pipeline')), 'it is listed as it reads');
SELECT is(npt.plain(npt.keep('preset', npt.call('POST', '/pipeline', jsonb_build_object('template_id', npt.id('template'), 'configuration', jsonb_build_object('tdm', npt.id('tdm'))))) -> 'data') #- '{configuration,id}',
	jsonb_build_object('name', 'Pipeline name', 'status', 'ACTIVE', 'executions', 0, 'last_executions', '[]'::jsonb, 'configuration', jsonb_build_object('version', 1,
	'input_connectors', ARRAY[npt.id('input')], 'output_connectors', ARRAY[npt.id('output')], 'tdm', npt.id('tdm'), 'mapping_config', '{"mode": "DEFAULT", "mappings": []}'::jsonb, 'developer_mode', false,
	'error_config', npt.get('template') -> 'error_config', 'schedule_config', npt.get('template') -> 'schedule_config')), 'a template gives what is absent');
SELECT is(npt.call('PUT', '/pipeline/' || npt.id('preset'), npt.get('preset')) -> 'data', npt.get('preset'), 'defaults sent back change nothing');

SELECT is((npt.call('PUT', '/pipeline/' || npt.id('pipeline'), '{"name": "renamed", "status": "INACTIVE"}') -> 'data') - 'updated_at', npt.get('pipeline') - 'updated_at' || '{"name": "renamed", "status": "INACTIVE"}', 'a name alone makes no version');
SELECT is((npt.call('PUT', '/pipeline/' || npt.id('pipeline'), jsonb_build_object('name', 'first', 'status', 'ACTIVE', 'configuration', jsonb_build_object('input_connectors', ARRAY[npt.id('input')],
	'output_connectors', ARRAY[npt.id('output')], 'tdm', npt.id('tdm')))) #> '{data,configuration}') - 'id', jsonb_build_object('version', 2, 'input_connectors', ARRAY[npt.id('input')],
	'output_connectors', ARRAY[npt.id('output')], 'tdm', npt.id('tdm'), 'mapping_config', '{"mode": "DEFAULT", "mappings": []}'::jsonb, 'developer_mode', false), 'a configuration replaces the whole of the old one');

-- bad bodies
SELECT is(npt.change('{"tdm": "01900000-0000-7000-8000-000000000000"}'), '42704 configuration.tdm: tdm "01900000-0000-7000-8000-000000000000" does not exist', 'an unknown model');
SELECT is(npt.change(jsonb_build_object('input_connectors', ARRAY[npt.id('file')])), format('42704 configuration.input_connectors[0]: connector "%s" does not exist', npt.id('file')), 'a connector that is not to be seen: the same');
SELECT is(npt.change('{"output_connectors": []}'), '22023 configuration.output_connectors: must be given', 'no connector');
SELECT is(npt.change('{"tdm": null}'), '22023 configuration.tdm: must be given', 'no model');
SELECT is(npt.change('{"tdm": 5}'), '22023 configuration.tdm: a string is expected, not a number', 'a model of another kind');
SELECT is(npt.change('{"mapping_config": {"mappings": [{"source_columns": ["a"], "target_column": "full_nam"}]}}'), '22023 configuration.mapping_config.mappings[0].target_column: the target data model has no column "full_nam"', 'an unknown target');
SELECT is(npt.change('{"mapping_config": {"mappings": [{"source_columns": ["a"], "target_column": "full_name", "transformations": [{"name": "join", "type": "HYPER_FORMULA", "function": "=A1"}]}]}}'),
	'0A000 configuration.mapping_config.mappings[0].transformations[0]: transformations are not supported yet', 'formulas are not supported yet');
SELECT is(npt.change('{"schedule_config": {"frequency": "DAILY", "time_zone": "Mars"}}'), '22023 configuration.schedule_config.time_zone: the time zone "Mars" does not exist', 'a bad schedule');
SELECT is(npt.change('{"error_config": {"error_threshold": "10"}}'), '22023 configuration.error_config.error_threshold: a number is expected, not a string', 'a bad threshold');
SELECT is(npt.change('{"options": {"on_error": "x"}}'), '22023 configuration.options.on_error: unknown value "x"', 'a bad option');
SELECT is(npt.change('{"header_config": {"row_index": -1}}'), '22023 configuration.header_config.row_index: -1 is out of range 0 to 1000000', 'a bad header');
SELECT is(npt.change('{"tmd": 1}'), '22023 configuration: unknown member "tmd"', 'an unknown member');
SELECT is(npt.change(jsonb_build_object('input_connectors', ARRAY[npt.id('manual')])), '22023 configuration.schedule_config: an EVENT_BASE input cannot have a schedule', 'a schedule that cannot be');
SELECT is(npt.error(npt.call('PUT', '/pipeline/' || npt.id('pipeline'), '{"status": "OFF"}')), '22023 status: unknown value "OFF"', 'a bad status');
SELECT is(npt.error(npt.call('POST', '/pipeline', '{"template": "none"}')), '42704 template: template "none" does not exist', 'an unknown template');
SELECT is(npt.error(npt.call('POST', '/pipeline', '{"name": "x"}')), '22023 configuration.input_connectors: must be given', 'an empty pipeline');

-- versions
SELECT is((SELECT jsonb_agg(jsonb_build_array(c -> 'version', c -> 'is_current')) FROM jsonb_array_elements(npt.call('GET', '/pipeline/' || npt.id('pipeline') || '/configuration/') -> 'data') c), '[[2, true], [1, false]]', 'versions, the newest first');
SELECT is(npt.call('GET', '/pipeline/' || npt.id('pipeline') || '/configuration', '{"pagination": {"limit": 1, "offset": 1}}') -> 'pagination', '{"total": 2, "offset": 1, "limit": 1}', 'in pages');
SELECT is((npt.call('GET', '/pipeline/' || npt.id('pipeline') || '/configuration/' || (npt.get('pipeline') #>> '{configuration,id}')) -> 'data') - ARRAY['is_current', 'created_at', 'created_by'], npt.get('pipeline') -> 'configuration', 'one of them');
SELECT is((npt.call('POST', '/pipeline/' || npt.id('pipeline') || '/configuration/' || (npt.get('pipeline') #>> '{configuration,id}') || '/restore') #> '{data,configuration}') - 'id',
	(npt.get('pipeline') -> 'configuration') - 'id' || '{"version": 3}', 'restored as a new version');
SELECT is(npt.error(npt.call('GET', '/pipeline/' || npt.id('preset') || '/configuration/' || (npt.get('pipeline') #>> '{configuration,id}'))), format('42704 configuration "%s" does not exist', npt.get('pipeline') #>> '{configuration,id}'), 'not one of another pipeline');

-- ---- use

SELECT is(npt.call('GET', '/tdm/' || npt.id('tdm') || '/usage') -> 'data', jsonb_build_array(jsonb_build_object('type', 'pipeline', 'id', npt.id('preset'), 'name', 'Pipeline name'),
	jsonb_build_object('type', 'pipeline', 'id', npt.id('pipeline'), 'name', 'first')), 'what uses a model');
SELECT is((SELECT jsonb_agg(u -> 'type') FROM jsonb_array_elements(npt.call('GET', '/connector/' || npt.id('input') || '/usage') -> 'data') u), '["pipeline", "pipeline", "template"]', 'or a connector');
SELECT is(npt.error(npt.call('DELETE', '/tdm/' || npt.id('tdm'))), '2BP01 cannot delete tdm "Sample TDM" because it is in use', 'a model in use');
SELECT is(npt.error(npt.call('DELETE', '/connector/' || npt.id('input'))), '2BP01 cannot delete connector "FTP Input Connector" because it is in use', 'a connector in use');
SELECT matches(npt.error(npt.call('PUT', '/tdm/' || npt.id('tdm'), '{"columns": [{"key": "a", "label": "A"}]}')), '^2BP01 columns: column "full_name" is missing', 'a column that is mapped to');

-- executions are counted by a pipeline
RESET ROLE;
INSERT INTO _nuvopipe.run (tenant_id, id, pipeline_id, trigger_type, created_at, created_by)
	SELECT p.tenant_id, p.id, p.id, 'MANUAL', now(), p.owner_id FROM _nuvopipe.pipeline p WHERE p.id::text = npt.id('pipeline');
INSERT INTO _nuvopipe.execution (tenant_id, id, run_id, pipeline_id, configuration_id, owner_id, owner_role, trigger_type, status, lease_until, available_at, queued_at, created_at, created_by, updated_at, updated_by)
	SELECT p.tenant_id, gen_random_uuid(), p.id, p.id, p.configuration_id, p.owner_id, 'regress_np_api', 'MANUAL', s, CASE s WHEN 'RUNNING' THEN now() END, now(), now(),
		'2024-01-01 UTC'::timestamptz + n * interval '1 day', p.owner_id, now(), p.owner_id
	FROM _nuvopipe.pipeline p, unnest(ARRAY['SUCCEEDED', 'SUCCEEDED', 'CANCELED', 'FAILED', 'SUCCEEDED', 'RUNNING', 'QUEUED']) WITH ORDINALITY AS u (s, n) WHERE p.id::text = npt.id('pipeline');
SET ROLE regress_np_api;
SELECT is(jsonb_build_array(p -> 'executions', p -> 'last_executions', p -> 'last_execution_at'), '[7, ["PROCESSING", "PROCESSING", "SUCCESSFUL", "FAILED", "CANCELED"], "2024-01-08T00:00:00.000Z"]', 'executions of a pipeline')
	FROM (SELECT npt.call('GET', '/pipeline/' || npt.id('pipeline')) -> 'data' AS p) q;
SELECT is(npt.error(npt.call('DELETE', '/tdm/' || npt.id('tdm'))), '2BP01 cannot delete tdm "Sample TDM" because it is in use', 'waiting executions count as use');

-- ---- others

SET ROLE regress_np_other;
SELECT is(npt.call('GET', '/tdm/' || npt.id('tdm')) #> '{data,name}', '"Sample TDM"', 'a PUBLIC model is seen by others');
SELECT is(npt.error(npt.call('PUT', '/tdm/' || npt.id('tdm'), '{"name": "mine"}')), '42501 must be owner of tdm "Sample TDM"', 'but not changed');
SELECT is(npt.error(npt.call('DELETE', '/tdm/' || npt.id('tdm'))), '42501 must be owner of tdm "Sample TDM"', 'nor deleted');
SELECT is(npt.call('GET', '/tdm/' || npt.id('tdm') || '/usage') -> 'data', '[]', 'pipelines of others are not told');
SELECT is(npt.error(npt.call('GET', '/pipeline/' || npt.id('pipeline'))), format('42704 pipeline "%s" does not exist', npt.id('pipeline')), 'pipelines are not seen');
SELECT is(npt.error(npt.call('POST', '/pipeline/' || npt.id('pipeline') || '/configuration/' || (npt.get('pipeline') #>> '{configuration,id}') || '/restore')), format('42704 pipeline "%s" does not exist', npt.id('pipeline')), 'nor restored');
SELECT is(npt.call('GET', '/pipeline') -> 'data', '[]', 'nor listed');
SELECT is(npt.error(npt.call('DELETE', '/pipeline-template/' || npt.id('template'))), format('42704 template "%s" does not exist', npt.id('template')), 'templates neither');

-- an input that data is sent to serves one customer
RESET ROLE;
INSERT INTO _nuvopipe.principal (id, tenant_id, kind, name, identifier, created_at, updated_at)
	VALUES ('01900000-0000-7000-8000-00000000000a', _nuvopipe.default_tenant(), 'SUB_ORG', 'A', 'a', now(), now());
SET ROLE regress_np_api;
SELECT is(npt.keep('events', npt.call('POST', '/pipeline', jsonb_build_object('name', 'events', 'configuration', jsonb_build_object('input_connectors', ARRAY[npt.id('manual')],
	'output_connectors', ARRAY[npt.id('output')], 'tdm', npt.id('tdm'))))) ->> '$status', '201', 'a pipeline on events');
RESET ROLE;
UPDATE _nuvopipe.pipeline SET owner_id = '01900000-0000-7000-8000-00000000000a' WHERE id::text = npt.id('events');
SET ROLE regress_np_api;
SELECT is(npt.error(npt.call('POST', '/pipeline', jsonb_build_object('name', 'second', 'configuration', jsonb_build_object('input_connectors', ARRAY[npt.id('manual')], 'output_connectors', ARRAY[npt.id('output')], 'tdm', npt.id('tdm'))))),
	'0A000 configuration.input_connectors[0]: an EVENT_BASE input cannot be shared by pipelines of different sub-organizations', 'not on those of another customer');
SELECT is(npt.call('PUT', '/connector/' || npt.id('manual'), '{"trigger_type": "TIME_BASE"}') #>> '{data,trigger_type}', 'TIME_BASE', 'one that is asked may serve many');
RESET ROLE;
UPDATE _nuvopipe.pipeline SET owner_id = (SELECT t.owner_id FROM _nuvopipe.tdm t WHERE t.id::text = npt.id('tdm')) WHERE id::text = npt.id('events');
SET ROLE regress_np_api;

-- ---- the end

RESET ROLE;
UPDATE _nuvopipe.execution SET status = 'FAILED', lease_until = NULL WHERE status = 'RUNNING' AND pipeline_id::text = npt.id('pipeline');
SET ROLE regress_np_api;
SELECT is(npt.call('DELETE', '/pipeline/' || p), '{"message": "success", "$status": 200}', 'a pipeline is deleted') FROM unnest(ARRAY[npt.id('pipeline'), npt.id('preset'), npt.id('events')]) p;
SELECT is(npt.call('DELETE', '/pipeline-template/' || npt.id('template')), '{"message": "success", "$status": 200}', 'a template is deleted');
SELECT is(npt.call('DELETE', '/connector/' || npt.id('input')), '{"message": "success", "$status": 200}', 'a connector is deleted');
SELECT is(npt.call('DELETE', '/tdm/' || npt.id('tdm')), '{"message": "success", "$status": 200}', 'a model is deleted');
SELECT is(npt.error(npt.call('DELETE', '/tdm/' || npt.id('tdm'))), format('42704 tdm "%s" does not exist', npt.id('tdm')), 'once');
RESET ROLE;

-- ---- the description

SELECT is((SELECT string_agg(DISTINCT r.path || ' ' || m[1], ', ') FROM _nuvopipe.route r,
	regexp_matches(coalesce(r.request::text, '') || coalesce(r.response::text, ''), '#/components/schemas/(\w+)', 'g') m WHERE m[1] NOT IN (SELECT name FROM _nuvopipe.api_schema)), NULL, 'every schema that a route names is there');
SELECT is((SELECT string_agg(DISTINCT s.name || ' ' || m[1], ', ') FROM _nuvopipe.api_schema s, regexp_matches(s.schema::text, '#/components/schemas/(\w+)', 'g') m WHERE m[1] NOT IN (SELECT name FROM _nuvopipe.api_schema)), NULL, 'and every one that a schema names');
SELECT is((SELECT string_agg(operation, ', ') FROM (SELECT operation FROM _nuvopipe.route WHERE path ~ '/(tdm|connector|pipeline|pipeline-template)(/|$)' GROUP BY operation HAVING count(*) > 1) d), NULL, 'an operation is named once');
SELECT is((SELECT string_agg(method || ' ' || path, ', ') FROM _nuvopipe.route WHERE path ~ '/(tdm|connector|pipeline|pipeline-template)(/|$)' AND status <> 204 AND (response IS NULL OR (method = 'PUT' AND request IS NULL))), NULL, 'bodies and answers are described');

SELECT * FROM finish();
ROLLBACK;
