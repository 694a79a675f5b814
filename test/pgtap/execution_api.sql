-- execution_api.sql - executions, issues, downloads, uploads, events and previews as operations of the API
SELECT plan(108);

-- ---- tools ------------------------------------------------------------------

CREATE SCHEMA execution_test;
GRANT USAGE ON SCHEMA execution_test TO PUBLIC;
SET search_path = execution_test, public;

CREATE FUNCTION ended(execution text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	s text;
BEGIN
	FOR i IN 1 .. 1200 LOOP
		SELECT e.status INTO s FROM nuvopipe.executions e WHERE e.id = execution::uuid;
		EXIT WHEN s NOT IN ('QUEUED', 'RUNNING');
		PERFORM pg_sleep(0.05);
	END LOOP;
	RETURN s;
END
$$;
CREATE FUNCTION members(object jsonb) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(k, ' ' ORDER BY k) FROM jsonb_object_keys(object) k $$;
-- an operation; what it raises is SQLSTATE: message
CREATE FUNCTION op(name text, args jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	answer jsonb;
BEGIN
	EXECUTE format('SELECT nuvopipe_api.%I($1)', name) INTO answer USING args;
	RETURN answer;
EXCEPTION WHEN OTHERS THEN
	RETURN to_jsonb(SQLSTATE || ': ' || SQLERRM);
END
$$;
CREATE FUNCTION refused(name text, args jsonb) RETURNS text LANGUAGE sql AS $$ SELECT op(name, args) #>> '{}' $$;
-- bytes as an upload
CREATE FUNCTION uploaded(name text, data bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	u uuid := nuvopipe.create_upload(name, length(data));
BEGIN
	PERFORM nuvopipe.append_upload(u, 0, data);
	RETURN u;
END
$$;
CREATE FUNCTION sent(path text, query text, headers jsonb, body bytea) RETURNS text LANGUAGE sql AS $$
	SELECT r.status || ' ' || convert_from(r.body, 'UTF8') FROM nuvopipe_api.request('POST', path, query, headers, body) r $$;
-- how the executions of one answer ended
CREATE FUNCTION outcome(answer jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM execution_test.ended(d ->> 'id') FROM jsonb_array_elements(answer -> 'data') d;
	RETURN (SELECT string_agg(concat_ws(' ', e.status, e.trigger_type, e.input_name, CASE WHEN e.note LIKE 'unchanged%' THEN 'unchanged' END), ', ' ORDER BY e.id)
		FROM nuvopipe.executions e WHERE e.id IN (SELECT (d ->> 'id')::uuid FROM jsonb_array_elements(answer -> 'data') d));
END
$$;

DO $$
DECLARE
	out text := current_setting('data_directory') || '/nvp_api_out';
BEGIN
	CREATE TABLE t (id int, name text);
	PERFORM nuvopipe.create_tdm('ea pair', '[{"key": "id", "columnType": "int", "label": "Number"}, {"key": "name", "columnType": "string"}]');
	PERFORM nuvopipe.create_connector('ea push', 'INPUT', 'MANUAL', '{}', 'EVENT_BASE');
	PERFORM nuvopipe.create_connector('ea time', 'INPUT', 'HTTP', '{"url": "http://127.0.0.1:1/x"}');
	PERFORM nuvopipe.create_connector('ea t', 'OUTPUT', 'TABLE', '{"relation": "execution_test.t"}');
	PERFORM nuvopipe.create_connector('ea file', 'OUTPUT', 'FILE', jsonb_build_object('directory_path', out, 'file_name', 'one.csv', 'create_directories', true));
	PERFORM nuvopipe.create_connector('ea none', 'INPUT', 'FILE', jsonb_build_object('directory_path', current_setting('data_directory') || '/pg_snapshots'));
	PERFORM nuvopipe.create_connector('ea files', 'INPUT', 'FILE', jsonb_build_object('directory_path', out));
	PERFORM nuvopipe.create_pipeline('ea p', 'ea push', 'ea pair', 'ea t', error_threshold => 30);
	PERFORM nuvopipe.create_pipeline('ea out', 'ea push', 'ea pair', 'ea file');
	PERFORM nuvopipe.create_pipeline('ea none', 'ea none', 'ea pair', 'ea t');
	PERFORM nuvopipe.create_pipeline('ea files', 'ea files', 'ea pair', 'ea t');
	PERFORM nuvopipe.create_pipeline('ea http', 'ea time', 'ea pair', 'ea t', options => '{"max_attempts": 1}');
	PERFORM nuvopipe.update_pipeline('ea out', status => 'INACTIVE');
END $$;
SELECT id AS p FROM nuvopipe.pipelines WHERE name = 'ea p' \gset
SELECT id AS out FROM nuvopipe.pipelines WHERE name = 'ea out' \gset
SELECT id AS push FROM nuvopipe.connectors WHERE name = 'ea push' \gset
SELECT id AS time FROM nuvopipe.connectors WHERE name = 'ea time' \gset
SELECT id AS http FROM nuvopipe.pipelines WHERE name = 'ea http' \gset

-- ---- uploads ------------------------------------------------------------------

SELECT op('upload_create', '{"headers": {"tus-resumable": "1.0.0", "upload-length": "24", "upload-metadata": "filename dS5jc3Y=,filetype dGV4dC9jc3Y=,flag"}}') AS a \gset
SELECT :'a'::jsonb #>> '{data,id}' AS u \gset
SELECT is((:'a'::jsonb -> 'data') - ARRAY['id', 'expires_at', 'created_at', 'created_by'],
	'{"size": 24, "state": "RECEIVING", "offset": 0, "file_name": "u.csv", "content_type": "text/csv", "chunk_size": 4194304}'::jsonb, 'tus: creation by headers');
SELECT is((:'a'::jsonb -> '$headers') - 'Upload-Expires', jsonb_build_object('Location', '/dp/api/v1/upload/' || :'u', 'Tus-Resumable', '1.0.0', 'Upload-Offset', '0',
	'Upload-Length', '24', 'Cache-Control', 'no-store'), 'and its headers');
SELECT is(op('upload_create', '{"file_name": "j.csv", "size": 3}') #>> '{data,file_name}', 'j.csv', 'creation by a body');
SELECT is(refused('upload_create', '{"file_name": "x"}'), '22023: size: the number of bytes must be given', 'a size is needed');
SELECT is(refused('upload_create', '{"size": "3"}'), '22023: size: a number is expected, not a string', 'as a number');
SELECT is(refused('upload_create', '{"size": 3, "filename": "x"}'), '22023: filename: unknown member', 'unknown members are told');
SELECT is(refused('upload_create', '{"headers": {"tus-resumable": "0.2.2", "upload-length": "1"}}'), 'NP412: tus version "0.2.2" is not supported', 'another version of tus');
SELECT is(refused('upload_create', '{"headers": {"upload-length": "1x"}}'), '22023: headers.upload-length: a whole number is expected, not "1x"', 'a length that is none');
SELECT is(refused('upload_create', '{"headers": {"upload-length": "1", "upload-metadata": "filename ***"}}'), '22023: headers.upload-metadata: cannot be read', 'metadata that are none');
SELECT is(op('upload_write_open', jsonb_build_object('id', :'u', 'headers', '{"upload-offset": "0", "content-type": "application/offset+octet-stream", "content-length": "8"}'::jsonb)),
	jsonb_build_object('upload', :'u', 'offset', 0), 'a piece is let in');
SELECT _nuvopipe.upload_append(:'u', 0, E'id,name\n') AS n \gset
SELECT is(op('upload_write', jsonb_build_object('id', :'u')) -> '$headers' ->> 'Upload-Offset', '8', 'and counted');
SELECT is(refused('upload_write_open', jsonb_build_object('id', :'u', 'headers', '{"upload-offset": "0", "content-type": "application/offset+octet-stream"}'::jsonb)),
	'NP409: the upload stands at byte 8, not at 0', 'another offset');
SELECT is(refused('upload_write_open', jsonb_build_object('id', :'u', 'headers', '{"upload-offset": "8", "content-type": "text/csv"}'::jsonb)),
	'NP415: the content type of a piece must be application/offset+octet-stream', 'another type');
SELECT is(refused('upload_write_open', jsonb_build_object('id', :'u', 'headers', '{"content-type": "application/offset+octet-stream"}'::jsonb)),
	'22023: headers.upload-offset: must be given', 'no offset');
SELECT is(refused('upload_write_open', jsonb_build_object('id', :'u', 'headers', '{"upload-offset": "8", "content-type": "application/offset+octet-stream", "content-length": "17"}'::jsonb)),
	'54000: the upload has 24 bytes, and 8 of them have arrived', 'too much');
SELECT is(refused('execution_create', jsonb_build_object('pipeline_id', :'p', 'input', jsonb_build_object('upload', :'u'))),
	format('55000: upload "%s" is not complete: 8 of 24 bytes have arrived', :'u'), 'it cannot be executed yet');
SELECT _nuvopipe.upload_append(:'u', 8, E'1,a\nx,b\n3,cc\n,d\n') AS n \gset
SELECT is((op('upload_read', jsonb_build_object('id', :'u')) -> 'data') - ARRAY['id', 'expires_at', 'created_at', 'created_by'],
	jsonb_build_object('size', 24, 'state', 'COMPLETE', 'offset', 24, 'file_name', 'u.csv', 'content_type', 'text/csv', 'chunk_size', 4194304,
		'sha256', encode(sha256(E'id,name\n1,a\nx,b\n3,cc\n,d\n'), 'hex')), 'a complete upload');
SELECT is(refused('upload_read', '{"id": "nonsense"}'), '42704: upload "nonsense" does not exist', 'an id that is none');

-- ---- previews --------------------------------------------------------------------

SELECT op('preview_create', jsonb_build_object('source', jsonb_build_object('upload', :'u'), 'rows', 2)) AS a \gset
SELECT is(:'a'::jsonb #>> '{data,state}', 'READY', 'a preview is ready at once');
SELECT is(:'a'::jsonb #> '{data,rows}', '[{"row_no": 1, "line": 2, "cells": ["1", "a"]}, {"row_no": 2, "line": 3, "cells": ["x", "b"]}]', 'it has as many rows as wanted');
SELECT is((:'a'::jsonb #> '{data,columns,0}') - 'samples', '{"name": "id", "index": 0, "filled": 3, "distinct": 4, "original_name": "id"}', 'figures of columns are of more');
SELECT is(concat_ws(' ', :'a'::jsonb #>> '{data,file,format}', :'a'::jsonb #>> '{data,file,encoding,value}', :'a'::jsonb #>> '{data,dialect,delimiter,value}', :'a'::jsonb #>> '{data,header,row_index}'),
	'csv utf-8 , 0', 'it says how the file is read');
SELECT is(op('preview_create', jsonb_build_object('source', jsonb_build_object('upload', :'u'), 'options', '{"header_row": 1}'::jsonb)) #>> '{data,columns,0,name}', '1', 'options pin that');
SELECT is(op('preview_read', jsonb_build_object('id', :'a'::jsonb #>> '{data,id}')), :'a'::jsonb, 'it is shown again');
SELECT is(op('preview_delete', jsonb_build_object('id', :'a'::jsonb #>> '{data,id}')), '{"$status": 204}', 'and forgotten');
SELECT is(refused('preview_read', jsonb_build_object('id', :'a'::jsonb #>> '{data,id}')), format('42704: preview "%s" does not exist', :'a'::jsonb #>> '{data,id}'), 'for good');
SELECT is(refused('preview_create', '{"source": {"connector": "x"}}'), '0A000: source: previews of a connector are not supported yet', 'other sources come later');
SELECT is(refused('preview_create', '{}'), '22023: source: must be given', 'a source is needed');
SELECT is(refused('preview_create', jsonb_build_object('source', jsonb_build_object('upload', :'u'), 'options', '{"delimiter": 1}'::jsonb)), '22023: options.delimiter: a string is expected, not a number', 'options are checked');
SELECT is((op('preview_create', jsonb_build_object('source', jsonb_build_object('upload', uploaded('z.zip', '\x504b030414000000'::bytea)))) -> 'data') - ARRAY['id', 'expires_at', 'file'] #>> '{state}', 'FAILED', 'what cannot be read has failed');
SELECT is(op('preview_create', jsonb_build_object('source', jsonb_build_object('upload', uploaded('j.json', convert_to('[' || (SELECT string_agg(format('{"a": %s, "b": "%s"}', i, repeat('x', 1000)), ',') FROM generate_series(1, 3000) i) || ']', 'UTF8'))), 'rows', 1)) #>> '{data,rows,0,cells,0}',
	'1', 'of 3 MB of JSON only the head is read');

-- ---- executions -------------------------------------------------------------------

SELECT is(refused('execution_create', '{}'), '22023: pipeline_id: must be given', 'a pipeline is needed');
SELECT is(refused('execution_create', '{"pipeline_id": 7}'), '22023: pipeline_id: a string is expected, not a number', 'by its id');
SELECT is(refused('execution_create', '{"pipeline": "x"}'), '22023: pipeline: unknown member', 'under its name');
SELECT is(refused('execution_create', jsonb_build_object('pipeline_id', _nuvopipe.default_tenant())), format('42704: pipeline "%s" does not exist', _nuvopipe.default_tenant()), 'one that exists');
SELECT is(refused('execution_create', jsonb_build_object('pipeline_id', :'p', 'input', '{"file": "x"}'::jsonb)), '22023: input: unknown member "file"', 'an input is an upload');
SELECT alike(refused('execution_create', jsonb_build_object('pipeline_id', :'p')), '55000: pipeline % takes data that is pushed to it', 'where nothing can be fetched there must be one');
SELECT op('execution_create', jsonb_build_object('pipeline_id', :'p', 'input', jsonb_build_object('upload', :'u'))) AS a \gset
SELECT :'a'::jsonb #>> '{data,0,id}' AS e \gset
SELECT is(:'a'::jsonb, jsonb_build_object('data', jsonb_build_array(jsonb_build_object('id', :'e', 'pipeline', :'p', 'status', 'PROCESSING', 'trigger_type', 'MANUAL'))), 'an execution is started');
SELECT is(ended(:'e'), 'SUCCEEDED', 'and run');
SELECT op('execution_read', jsonb_build_object('id', :'e')) -> 'data' AS a \gset
SELECT is(members(:'a'), 'accounting can configuration created_at created_by id input logs pipeline state status trigger_type updated_at updated_by', 'members of one that succeeded');
SELECT is(:'a'::jsonb ->> 'status', 'SUCCESSFUL', 'nuvo''s word for it');
SELECT is((:'a'::jsonb #> '{logs,0}') - ARRAY['duration', 'started_at', 'started_on'],
	'{"status": "SUCCESSFUL", "type": "CREATE", "attempts": 1, "data": {"total_rows": 4, "total_cells": 8, "total_error_cells": 1, "total_error_rows": 1}}', 'its run');
SELECT ok(:'a'::jsonb #>> '{logs,0,started_at}' = :'a'::jsonb #>> '{logs,0,started_on}' AND :'a'::jsonb #>> '{logs,0,started_at}' ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$'
	AND (:'a'::jsonb #>> '{logs,0,duration}')::int >= 0, 'its times');
SELECT is(:'a'::jsonb -> 'accounting', '{"read": 4, "written": 3, "rejected": 1, "filtered": 0, "blank": 0, "skipped": 0}', 'its rows are accounted for');
SELECT is(:'a'::jsonb -> 'input', jsonb_build_object('file_name', 'u.csv', 'path', 'push:u.csv', 'size', 24, 'available', false, 'sha256', encode(sha256(E'id,name\n1,a\nx,b\n3,cc\n,d\n'), 'hex')), 'its input');
SELECT is(:'a'::jsonb #> '{can,download}', '["ISSUES", "REJECTED"]', 'what there is to download');
SELECT is(:'a'::jsonb #>> '{can,reasons,output}', 'the output is rows of a table', 'and why not the output');
SELECT is(members(op('execution_list', '{"pagination": {"limit": 1}}') #> '{data,0}'), 'created_at created_by id pipeline status trigger_type updated_at updated_by', 'members of a list');
SELECT is(members(:'a'::jsonb -> 'created_by'), 'id identifier name type', 'who made it');
SELECT is(refused('execution_read', '{"id": "x"}'), '42704: execution "x" does not exist', 'an id that is none');
SELECT is(refused('execution_fix', jsonb_build_object('id', :'e')), '0A000: fixing executions is not supported yet', 'fixing comes later');
SELECT is(refused('execution_cancel', jsonb_build_object('id', :'e')), format('55000: execution "%s" has ended', :'e'), 'what has ended cannot be canceled');

-- one that failed
SELECT op('execution_create', jsonb_build_object('pipeline_id', :'p', 'input', jsonb_build_object('upload', uploaded('bad.csv', E'id,name\nx,b\ny,\n')))) #>> '{data,0,id}' AS f \gset
SELECT is(ended(:'f'), 'FAILED', 'an execution fails');
SELECT op('execution_read', jsonb_build_object('id', :'f')) -> 'data' AS a \gset
SELECT is(:'a'::jsonb -> 'error', '{"type": "ERROR_THRESHOLD_EXCEEDED", "message": "50 % of the cells have errors (2 of 4), the threshold is 30 %"}', 'it has an error');
SELECT is(:'a'::jsonb #>> '{error_detail,sqlstate}', '22000', 'in detail, too');
SELECT is(:'a'::jsonb #> '{can,download}', '["INPUT", "ISSUES", "REJECTED"]', 'its input was kept');
SELECT is((SELECT string_agg(concat_ws(' ', l ->> 'level', l ->> 'code', l ->> 'attempt'), ', ' ORDER BY n) FROM jsonb_array_elements(op('execution_log', jsonb_build_object('id', :'f')) -> 'data') WITH ORDINALITY AS x (l, n)),
	'info QUEUED, info STARTED 1, error ERROR_THRESHOLD_EXCEEDED 1', 'its story');
-- one whose process died, one that was canceled, one that was repeated and fixed
UPDATE _nuvopipe.execution SET error_type = NULL, error_sqlstate = '57P02', error_message = 'the process that ran this execution ended unexpectedly' WHERE id = :'f';
SELECT is(op('execution_read', jsonb_build_object('id', :'f')) #>> '{data,error,type}', 'PARSING_FAILURE', 'a failure for no reason of nuvo''s has its nearest');
UPDATE _nuvopipe.execution SET status = 'CANCELED', error_message = 'canceled' WHERE id = :'f';
SELECT is(op('execution_read', jsonb_build_object('id', :'f')) -> 'data' ->> 'status' || (op('execution_read', jsonb_build_object('id', :'f')) #>> '{data,error}'), 'FAILED{"message": "canceled"}', 'what was canceled has a message alone');
INSERT INTO _nuvopipe.execution_attempt (tenant_id, execution_id, attempt, type, status, started_at, finished_at)
	SELECT tenant_id, execution_id, a, t, 'FAILED', started_at + a * interval '1 minute', started_at + a * interval '1 minute' + interval '2 seconds'
	FROM _nuvopipe.execution_attempt, (VALUES (2, 'RETRY'), (3, 'FIX'), (4, 'RETRY'), (5, 'RETRY')) v (a, t) WHERE execution_id = :'f' AND attempt = 1;
UPDATE _nuvopipe.execution SET attempts = 5 WHERE id = :'f';
SELECT is((SELECT jsonb_agg(jsonb_build_array(l -> 'type', l -> 'status', l -> 'attempts', l -> 'duration')) FROM jsonb_array_elements(op('execution_read', jsonb_build_object('id', :'f')) #> '{data,logs}') l) #- '{0,3}',
	'[["CREATE", "FAILED", 2], ["FIX", "FAILED", 3, 122000]]', 'attempts that were repeated are part of their run');
UPDATE _nuvopipe.execution SET status = 'QUEUED', available_at = now() + interval '1 hour' WHERE id = :'f';
SELECT is((SELECT jsonb_agg(jsonb_build_array(l -> 'type', l -> 'status')) FROM jsonb_array_elements(op('execution_read', jsonb_build_object('id', :'f')) #> '{data,logs}') l),
	'[["CREATE", "FAILED"], ["FIX", "PROCESSING"]]', 'one that will be repeated has not ended');
SELECT is(op('execution_read', jsonb_build_object('id', :'f')) #> '{data,progress}', '{"phase": "queued", "waiting_for": "RETRY", "queue_position": 1}', 'it waits for that');
SELECT is(op('execution_cancel', jsonb_build_object('id', :'f')) #>> '{data,state}', 'CANCELED', 'it is canceled');

-- files: one execution each; and none
SELECT op('execution_create', jsonb_build_object('pipeline_id', :'out', 'input', jsonb_build_object('upload', uploaded('first.csv', E'id,name\n1,a\n')))) AS a \gset
SELECT is(outcome(:'a'), 'SUCCEEDED MANUAL first.csv', 'an inactive pipeline is run by hand');
DO $$ BEGIN EXECUTE format('COPY (SELECT * FROM (VALUES (''id'', ''name''), (''2'', ''b'')) v) TO %L CSV', current_setting('data_directory') || '/nvp_api_out/two.csv'); END $$;
SELECT op('execution_create', jsonb_build_object('pipeline_id', (SELECT id FROM nuvopipe.pipelines WHERE name = 'ea files'))) AS a \gset
SELECT is(jsonb_array_length(:'a'::jsonb -> 'data'), 2, 'two files are two executions');
SELECT is(outcome(:'a'), 'SUCCEEDED MANUAL one.csv, SUCCEEDED MANUAL two.csv', 'both run');
SELECT op('execution_create', jsonb_build_object('pipeline_id', (SELECT id FROM nuvopipe.pipelines WHERE name = 'ea none'))) AS a \gset
SELECT is((:'a'::jsonb #> '{data,0}') - ARRAY['id', 'pipeline'], '{"status": "PROCESSING", "trigger_type": "MANUAL"}', 'no file is one execution');
SELECT is(op('execution_read', jsonb_build_object('id', :'a'::jsonb #>> '{data,0,id}')) #> '{data,error}', '{"type": "SOURCE_DATA_EMPTY", "message": "there is no new file at the source"}', 'that failed');
SELECT op('execution_create', jsonb_build_object('pipeline_id', :'http')) #>> '{data,0,id}' AS h \gset
SELECT is(ended(:'h') || ' ' || coalesce(op('execution_read', jsonb_build_object('id', :'h')) #>> '{data,error,type}', ''), 'FAILED SOURCE_UNRESPONSIVE', 'a source that is not there');

-- ---- issues and rows ------------------------------------------------------------------

SELECT is((op('execution_issue_list', jsonb_build_object('id', :'e')) #> '{data,0}'),
	'{"id": "1-1", "row_no": 2, "line": 3, "column_key": "id", "source_column": "id", "code": "invalid_int", "message": "A whole number is expected.", "severity": "error", "value": "x", "state": "OPEN"}', 'an issue');
SELECT is(op('execution_issue_summary', jsonb_build_object('id', :'e')) -> 'data', '{"cells": 1, "rows": 1, "columns": [{"column_key": "id", "label": "Number", "cells": 1, "rows": 1,
	"codes": [{"code": "invalid_int", "message": "A whole number is expected.", "cells": 1, "rows": 1, "open": 1, "examples": ["x"]}]}]}', 'a summary');
SELECT op('execution_create', jsonb_build_object('pipeline_id', :'p', 'input', jsonb_build_object('upload', uploaded('many.csv',
	convert_to(E'id,name\n' || (SELECT string_agg(CASE WHEN i % 10 = 0 THEN 'x' || i ELSE i::text END || ',n', E'\n') FROM generate_series(1, 5000) i), 'UTF8'))))) #>> '{data,0,id}' AS m \gset
SELECT is(ended(:'m'), 'SUCCEEDED', 'an execution with 500 rejected rows');
SELECT op('execution_row_list', jsonb_build_object('id', :'m', 'only', 'REJECTED', 'pagination', '{"limit": 200}'::jsonb)) AS r1 \gset
SELECT op('execution_row_list', jsonb_build_object('id', :'m', 'only', 'REJECTED', 'pagination', jsonb_build_object('limit', 200, 'after', :'r1'::jsonb #>> '{pagination,next}'))) AS r2 \gset
SELECT op('execution_row_list', jsonb_build_object('id', :'m', 'only', 'REJECTED', 'pagination', jsonb_build_object('limit', 200, 'after', :'r2'::jsonb #>> '{pagination,next}'))) AS r3 \gset
SELECT is((SELECT array_agg((r ->> 'row_no')::int) FROM jsonb_array_elements((:'r1'::jsonb -> 'data') || (:'r2'::jsonb -> 'data') || (:'r3'::jsonb -> 'data')) r
	WHERE r #>> '{issues,0,value}' = r #>> '{cells,id}' AND jsonb_array_length(r -> 'issues') = 1), (SELECT array_agg(i * 10) FROM generate_series(1, 500) i), 'pages have every row once, with its issue');
SELECT is(:'r3'::jsonb -> 'pagination', '{"total": 500, "offset": 0, "limit": 200}', 'the last page has no next');
SELECT is(refused('execution_row_list', jsonb_build_object('id', :'m')), '0A000: only: rows that were not rejected are not supported yet', 'other rows come later');

-- ---- downloads ---------------------------------------------------------------------------

SELECT op('execution_download_create', jsonb_build_object('id', :'m', 'kind', 'ISSUES', 'format', 'JSON')) #>> '{data,url}' AS url \gset
SELECT is((SELECT array[status::text, headers ->> 'Content-Type', headers ->> 'Content-Disposition', jsonb_array_length(convert_from(body, 'UTF8')::jsonb)::text] FROM nuvopipe_api.request('GET', :'url')),
	ARRAY['200', 'application/json', 'attachment; filename="many.issues.json"', '500'], 'a ticket is a download');
SELECT is((SELECT status FROM nuvopipe_api.request('GET', :'url')), 404, 'once');
SELECT is((SELECT count(*) FROM _nuvopipe.download_ticket WHERE descriptor::text LIKE '%' || substr(:'url', 22) || '%'), 0::bigint, 'it is not stored');
SELECT op('execution_download_create', jsonb_build_object('id', :'m', 'kind', 'REJECTED')) #>> '{data,url}' AS url \gset
UPDATE _nuvopipe.download_ticket SET expires_at = now() - interval '1 second';
SELECT is((SELECT status FROM nuvopipe_api.request('GET', :'url')), 404, 'within a minute');
SELECT is(refused('execution_download_create', jsonb_build_object('id', :'m', 'kind', 'OUTPUT')), 'NP404: there is nothing to download: the output is rows of a table', 'only what there is');
SELECT is(refused('execution_download_create', jsonb_build_object('id', :'m', 'kind', 'ANNOTATED', 'format', 'JSON')), '0A000: format: JSON is not to be had of ANNOTATED', 'in formats that there are');

-- ---- events -------------------------------------------------------------------------------

SELECT nuvopipe.rotate_receiver('ea push') AS url \gset
SELECT substr(sent(:'url', 'file_name=ev.csv', '{"content-type": "text/csv"}', E'id,name\n7,seven\n'), 5) AS a \gset
SELECT is(outcome(:'a'), 'SUCCEEDED EVENT ev.csv', 'data that is sent is an event for each active pipeline');
SELECT substr(sent(:'url', 'file_name=ev.csv', '{}', E'id,name\n7,seven\n'), 5) AS a \gset
SELECT is(outcome(:'a'), 'SUCCEEDED EVENT ev.csv unchanged', 'the same under the same name is loaded once');
SELECT substr(sent(:'url', '', '{"content-type": "application/json"}', '[{"id": 8, "name": "eight"}]'), 5) AS a \gset
SELECT substr(sent(:'url', '', '{"content-type": "application/json"}', '[{"id": 8, "name": "eight"}]'), 5) AS b \gset
SELECT is(outcome(:'a') || ', ' || outcome(:'b'), 'SUCCEEDED EVENT event.json, SUCCEEDED EVENT event.json', 'without a name each is an event of its own');
SELECT substr(sent(:'url', '', '{"idempotency-key": "k1"}', E'id,name\n9,nine\n'), 5) AS a \gset
SELECT substr(sent(:'url', '', '{"idempotency-key": "k1"}', E'id,name\n9,nine\n'), 5) AS b \gset
SELECT is(outcome(:'a') || ', ' || outcome(:'b'), 'SUCCEEDED EVENT event, SUCCEEDED EVENT event unchanged', 'unless it has a key');
SELECT alike(sent(:'url', '', '{"content-type": "multipart/form-data"}', 'x'), '415 %', 'forms are not taken');
SELECT is(substr(sent('/dp/api/v1/receive/guess', '', '{}', 'x'), 1, 4), '404 ', 'an address that is not known');
SELECT nuvopipe.rotate_receiver('ea push') AS url2 \gset
SELECT is(substr(sent(:'url', '', '{}', 'x'), 1, 4), '404 ', 'an old one is dead');
SELECT is(refused('connector_receiver_create', jsonb_build_object('id', :'time')), '55000: nothing can be sent to connector "ea time"', 'a TIME_BASE input has none');
SELECT nuvopipe.update_pipeline('ea p', status => 'INACTIVE') AS x \gset
SELECT is(substr(sent(:'url2', '', '{}', 'x'), 1, 4), '409 ', 'inactive pipelines take none');
SELECT is((SELECT count(*) FROM _nuvopipe.upload WHERE receives IS NOT NULL), 0::bigint, 'nothing of events is left behind but executions');

SELECT op('connector_create', '{"name": "ea event", "type": "INPUT", "node_type": "MANUAL", "trigger_type": "EVENT_BASE"}') AS c \gset
SELECT alike(:'c'::jsonb #>> '{data,receiver_url}', '/dp/api/v1/receive/___________________________________________', 'a connector that is made tells its address');
SELECT is(op('connector_read', jsonb_build_object('id', :'c'::jsonb #>> '{data,id}')) #>> '{data,receiver_url}', NULL, 'once');
SELECT alike(op('connector_receiver_create', jsonb_build_object('id', :'c'::jsonb #>> '{data,id}')) #>> '{data,receiver_url}', '/dp/api/v1/receive/%', 'a new one when it is asked for');
SELECT is(op('connector_receiver_delete', jsonb_build_object('id', :'c'::jsonb #>> '{data,id}')), '{"$status": 204}', 'or none');

-- ---- others -----------------------------------------------------------------------------------

CREATE ROLE ea_mo LOGIN IN ROLE nuvopipe_user;
SET ROLE ea_mo;
SELECT is(op('execution_list') -> 'data', '[]', 'another user sees none of them');
SELECT is(refused(o, jsonb_build_object('id', :'e')), format('42704: execution "%s" does not exist', :'e'), 'nor by ' || o)
	FROM unnest(ARRAY['execution_read', 'execution_cancel', 'execution_log', 'execution_issue_list', 'execution_issue_summary', 'execution_input', 'execution_errors', 'execution_download_create', 'execution_fix']) o;
SELECT is(refused('upload_read', jsonb_build_object('id', :'u')), format('42704: upload "%s" does not exist', :'u'), 'nor uploads');
SELECT is(refused('upload_delete', jsonb_build_object('id', :'u')), format('42704: upload "%s" does not exist', :'u'), 'nor can it delete them');
SELECT is(refused('execution_create', jsonb_build_object('pipeline_id', :'p', 'input', jsonb_build_object('upload', :'u'))), format('42704: upload "%s" does not exist', :'u'), 'nor use them');
RESET ROLE;
DROP OWNED BY ea_mo;
DROP ROLE ea_mo;

SELECT * FROM finish();
