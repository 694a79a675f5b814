-- storage.sql - uploads piece by piece, kept inputs and outputs, downloads in pieces
SELECT plan(77);

-- ---- tools ------------------------------------------------------------------

CREATE SCHEMA storage_test;
SET search_path = storage_test, public;

-- what an execution ended with; workers run it
CREATE FUNCTION ended(execution uuid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	s text;
BEGIN
	FOR i IN 1 .. 1200 LOOP
		SELECT e.status INTO s FROM nuvopipe.executions e WHERE e.id = execution;
		EXIT WHEN s NOT IN ('QUEUED', 'RUNNING');
		PERFORM pg_sleep(0.05);
	END LOOP;
	RETURN s;
END
$$;

-- expression over the view of executions, once it has ended; a statement of its own, for it must see what workers wrote
CREATE FUNCTION told(execution uuid, expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	s text;
BEGIN
	PERFORM storage_test.ended(execution);
	EXECUTE format('SELECT concat_ws('' '', %s) FROM nuvopipe.executions WHERE id = $1', expression) INTO s USING execution;
	RETURN s;
END
$$;

-- a download as a whole; sizes: of its pieces
CREATE FUNCTION fetched(descriptor jsonb, OUT whole bytea, OUT sizes int[]) LANGUAGE plpgsql AS $$
DECLARE
	place jsonb;
	piece record;
BEGIN
	whole := '';
	LOOP
		SELECT * INTO piece FROM _nuvopipe.download_next(descriptor, place);
		EXIT WHEN piece.chunk IS NULL AND piece.next IS NULL;
		whole := whole || coalesce(piece.chunk, '');
		sizes := sizes || length(piece.chunk);
		place := piece.next;
		EXIT WHEN place IS NULL;
	END LOOP;
END
$$;
CREATE FUNCTION fetched_text(descriptor jsonb) RETURNS text LANGUAGE sql AS $$ SELECT convert_from(whole, 'UTF8') FROM fetched(descriptor) $$;
CREATE FUNCTION purge_all() RETURNS int LANGUAGE plpgsql AS $$ BEGIN WHILE _nuvopipe.purge() > 0 LOOP END LOOP; RETURN _nuvopipe.purge(); END $$;

DO $$ BEGIN
	CREATE TABLE t (id int, name text);
	PERFORM nuvopipe.create_tdm('st pair', '[{"key": "id", "columnType": "int"}, {"key": "name", "columnType": "string"}]');
	PERFORM nuvopipe.create_connector('st push', 'INPUT', 'MANUAL', '{}', 'EVENT_BASE');
	PERFORM nuvopipe.create_connector('st t', 'OUTPUT', 'TABLE', '{"relation": "storage_test.t"}');
	PERFORM nuvopipe.create_connector('st file', 'OUTPUT', 'FILE', jsonb_build_object('directory_path', current_setting('data_directory') || '/nvp_out',
		'file_name', 'out.csv', 'create_directories', true));
	PERFORM nuvopipe.create_pipeline('st table', 'st push', 'st pair', 'st t');
	PERFORM nuvopipe.create_pipeline('st strict', 'st push', 'st pair', 'st t', error_threshold => 0);
	PERFORM nuvopipe.create_pipeline('st file', 'st push', 'st pair', 'st file');
	PERFORM nuvopipe.create_pipeline('st file never', 'st push', 'st pair', 'st file', options => '{"keep_output": "never"}');
END $$;

-- ---- uploads ------------------------------------------------------------------

SELECT nuvopipe.create_upload(E'C:\\fakepath\\a.csv', 16, 'text/csv') AS u \gset
SELECT is((SELECT file_name || ' ' || state || ' ' || received FROM nuvopipe.uploads WHERE id = :'u'), 'a.csv RECEIVING 0', 'an upload begins empty, under a name without folders');
SELECT is(nuvopipe.append_upload(:'u', 0, E'id,name\n'), 8::bigint, 'a piece says where the next one begins');
SELECT throws_ok(format('SELECT nuvopipe.append_upload(%L, 0, %L)', :'u', 'again'), 'NP409', 'the upload stands at byte 8, not at 0', 'the same piece again is refused');
SELECT throws_ok(format('SELECT nuvopipe.append_upload(%L, 9, %L)', :'u', 'x'), 'NP409', 'the upload stands at byte 8, not at 9', 'a gap is refused');
SELECT throws_ok(format('SELECT nuvopipe.append_upload(%L, NULL, %L)', :'u', 'x'), 'NP409', NULL, 'no position is refused');
SELECT throws_ok(format('SELECT nuvopipe.append_upload(%L, 8, %L)', :'u', E'1,aaaaa\n2'), '54000', 'the upload has 16 bytes, 1 more were sent', 'more than was announced is refused');
SELECT is((SELECT received FROM nuvopipe.uploads WHERE id = :'u'), 8::bigint, 'what was refused has left nothing');
SELECT throws_ok(format('SELECT FROM nuvopipe.execute(%L, upload => %L)', 'st table', :'u'), '55000', NULL, 'half an upload cannot be executed');
SELECT is(nuvopipe.append_upload(:'u', 8, E'1,aaaaa\n'), 16::bigint, 'the last piece');
SELECT is((SELECT state || ' ' || sha256 FROM nuvopipe.uploads WHERE id = :'u'), 'COMPLETE ' || encode(sha256(E'id,name\n1,aaaaa\n'), 'hex'), 'completes it, with its digest');
SELECT throws_ok(format('SELECT nuvopipe.append_upload(%L, 16, %L)', :'u', 'x'), '54000', NULL, 'nothing is added to what is complete');
SELECT is(nuvopipe.append_upload(:'u', 16, ''), 16::bigint, 'but nothing may be added to it');
SELECT throws_ok(format('SELECT nuvopipe.append_upload(%L, 0, %L)', _nuvopipe.uuid_v7(), 'x'), '42704', NULL, 'there is no upload but those there are');

-- more than a chunk at a time, and any size of piece
SELECT nuvopipe.create_upload('big', 3000001) AS big \gset
SELECT is(nuvopipe.append_upload(:'big', 0, convert_to(repeat('0123456789', 250000), 'UTF8')), 2500000::bigint, 'a piece may be longer than a chunk');
SELECT is(nuvopipe.append_upload(:'big', 2500000, convert_to(repeat('0123456789', 50000) || 'x', 'UTF8')), 3000001::bigint, 'or shorter');
SELECT results_eq(format('SELECT position, length(data) FROM _nuvopipe.blob_chunk WHERE blob_id = %L ORDER BY 1', :'big'),
	'VALUES (0::bigint, 1048576), (1048576, 1048576), (2097152, 402848), (2500000, 500001)', 'chunks have 1 MB at most');
SELECT is((SELECT sha256 FROM nuvopipe.uploads WHERE id = :'big'), encode(sha256(convert_to(repeat('0123456789', 300000) || 'x', 'UTF8')), 'hex'), 'the digest is that of the whole');
SELECT is(_nuvopipe.digest_final(NULL), sha256(''), 'the digest of nothing');
SELECT is((SELECT _nuvopipe.digest_final((SELECT s FROM (
	WITH RECURSIVE r AS (SELECT 0 AS n, NULL::bytea AS s UNION ALL SELECT n + 1, _nuvopipe.digest_update(s, convert_to(repeat('z', n), 'UTF8')) FROM r WHERE n < 200)
	SELECT s FROM r WHERE n = 200) q))), sha256(convert_to(repeat('z', 19900), 'UTF8')), 'the digest of 200 pieces of all lengths');
SELECT throws_ok($$SELECT _nuvopipe.digest_update('short', 'x')$$, 'XX001', NULL, 'a state that is none is refused');

SELECT nuvopipe.create_upload('empty', 0) AS empty \gset
SELECT is((SELECT state || ' ' || sha256 FROM nuvopipe.uploads WHERE id = :'empty'), 'COMPLETE ' || encode(sha256(''), 'hex'), 'nothing to send is complete at once');
SELECT id AS e FROM nuvopipe.execute('st table', upload => :'empty') \gset
SELECT is(told(:'e', 'status, error_type'), 'FAILED SOURCE_DATA_EMPTY', 'and is no data');

SELECT nuvopipe.create_upload('promised', 3, sha256 => upper(encode(sha256('abc'), 'hex'))) AS u2 \gset
SELECT lives_ok(format('SELECT nuvopipe.append_upload(%L, 0, %L)', :'u2', 'abc'), 'a promised digest that holds');
SELECT nuvopipe.create_upload('promised', 3, sha256 => encode(sha256('abc'), 'hex')) AS u3 \gset
SELECT throws_ok(format('SELECT nuvopipe.append_upload(%L, 0, %L)', :'u3', 'abd'), '22023', NULL, 'and one that does not');
SELECT is((SELECT state FROM nuvopipe.uploads WHERE id = :'u3'), 'RECEIVING', 'never is complete');
SELECT throws_ok($$SELECT nuvopipe.create_upload('x', 1, sha256 => 'abc')$$, '22023', 'sha256: 64 hexadecimal digits are expected', 'a digest that is none');
SELECT throws_ok($$SELECT nuvopipe.create_upload('x')$$, '22023', 'size: the number of bytes must be given', 'an upload without a size');
SELECT throws_ok($$SELECT nuvopipe.create_upload('x', -1)$$, '22023', NULL, 'a size below nothing');
SET nuvopipe.max_object_size = '1MB';
SELECT throws_ok($$SELECT nuvopipe.create_upload('x', 1048577)$$, '54000', NULL, 'more than nuvopipe.max_object_size');
SELECT lives_ok($$SELECT nuvopipe.create_upload('x', 1048576)$$, 'as much as that');
RESET nuvopipe.max_object_size;

-- ---- uploads as inputs -----------------------------------------------------------

SELECT count(*) AS chunks FROM _nuvopipe.blob_chunk \gset
SELECT id AS e FROM nuvopipe.execute('st table', upload => :'u') \gset
SELECT is(told(:'e', 'status, trigger_type, input_name'), 'SUCCEEDED MANUAL a.csv', 'an upload is executed');
SELECT results_eq('SELECT id, name FROM t', $$VALUES (1, 'aaaaa')$$, 'its rows are there');
SELECT is((SELECT count(*) FROM _nuvopipe.blob_chunk), :chunks::bigint, 'nothing was copied');
SELECT is((SELECT input_id FROM _nuvopipe.execution WHERE id = :'e'), NULL, 'a run that succeeded keeps no input');
SELECT id AS e FROM nuvopipe.execute('st table', upload => :'u') \gset
SELECT is(told(:'e', 'status, note'), 'SUCCEEDED unchanged since execution '
	|| (SELECT execution_id FROM _nuvopipe.input_ledger WHERE path = 'push:a.csv') || ' loaded it; nothing was loaded', 'the same upload is loaded once');
SELECT nuvopipe.ingest('st table', E'id,name\n1,aaaaa\n', 'a.csv') AS e \gset
SELECT is(told(:'e', 'status, (SELECT count(*) FROM storage_test.t)'), 'SUCCEEDED 1', 'also when it comes another way, under the same name');
SELECT id AS e FROM nuvopipe.execute('st table', true, :'u') \gset
SELECT is(told(:'e', 'status, (SELECT count(*) FROM storage_test.t)'), 'SUCCEEDED 2', 'unless it is forced');

-- a failed run keeps it, whatever becomes of the upload
SELECT nuvopipe.create_upload('bad.csv', 14) AS bad \gset
SELECT nuvopipe.append_upload(:'bad', 0, E'id,name\nx,bad\n') AS n \gset
SELECT id AS e FROM nuvopipe.execute('st strict', upload => :'bad') \gset
SELECT is(ended(:'e'), 'FAILED', 'a run fails');
SELECT lives_ok(format('SELECT nuvopipe.delete_upload(%L)', :'bad'), 'its upload is deleted');
SELECT is(purge_all(), 0, 'and swept');
SELECT is(fetched_text(nuvopipe_api.execution_input(jsonb_build_object('id', :'e'))), E'id,name\nx,bad\n', 'the run still has its bytes');
SELECT throws_ok(format('SELECT FROM nuvopipe.execute(%L, upload => %L)', 'st table', :'bad'), '42704', NULL, 'nobody else can take the upload');

-- ---- expiry -------------------------------------------------------------------------

SELECT nuvopipe.create_upload('late', 10) AS late \gset
SELECT nuvopipe.append_upload(:'late', 0, '01234') AS n \gset
UPDATE _nuvopipe.upload SET expires_at = now() - interval '1 second' WHERE id = :'late';
SELECT is((SELECT state FROM nuvopipe.uploads WHERE id = :'late'), 'EXPIRED', 'an upload expires by the clock');
SELECT throws_ok(format('SELECT nuvopipe.append_upload(%L, 5, %L)', :'late', '56789'), '42704', NULL, 'and takes nothing any more');
SELECT is(purge_all(), 0, 'it is swept');
SELECT is((SELECT count(*) FROM _nuvopipe.blob WHERE id = :'late'), 0::bigint, 'with its bytes');
SELECT is((SELECT state FROM nuvopipe.uploads WHERE id = :'late'), 'EXPIRED', 'who asks is told');
UPDATE _nuvopipe.upload SET expires_at = now() - interval '1 second' WHERE id = :'late';
SELECT is(purge_all(), 0, 'for a week');
SELECT is((SELECT count(*) FROM nuvopipe.uploads WHERE id = :'late'), 0::bigint, 'not longer');
SELECT lives_ok(format('SELECT nuvopipe.delete_upload(%L)', :'big'), 'an upload of four chunks is deleted');
SELECT is((SELECT array_agg(n) FROM (SELECT _nuvopipe.purge(3) AS n UNION ALL SELECT _nuvopipe.purge(3) UNION ALL SELECT _nuvopipe.purge(3)) p), ARRAY[3, 1, 0], 'and removed in portions');

-- ---- outputs -------------------------------------------------------------------------

SELECT nuvopipe.ingest('st file', E'id,name\n1,=1+1\n2,b\n', 'o.csv') AS e \gset
SELECT is(ended(:'e'), 'SUCCEEDED', 'a run with a file as output');
SELECT is(fetched_text(nuvopipe_api.execution_output(jsonb_build_object('id', :'e'))), E'id,name\n1,=1+1\n2,b\n', 'its output is kept as it was delivered');
SELECT cmp_ok((SELECT expires_at - now() FROM _nuvopipe.blob b JOIN _nuvopipe.execution e ON b.id = e.output_id WHERE e.id = :'e'), '>', interval '29 days', 'for a month');
UPDATE _nuvopipe.blob SET expires_at = now() - interval '1 second' WHERE id = (SELECT output_id FROM _nuvopipe.execution WHERE id = :'e');
SELECT throws_ok(format('SELECT nuvopipe_api.execution_output(jsonb_build_object(%L, %L))', 'id', :'e'), 'NP404', NULL, 'then it has expired');
SELECT is(purge_all(), 0, 'and is swept');
SELECT is((SELECT output_id FROM _nuvopipe.execution WHERE id = :'e'), NULL, 'the execution knows of none');
SELECT nuvopipe.ingest('st file never', E'id,name\n1,a\n', 'o.csv') AS e \gset
SELECT is(told(:'e', 'status, (SELECT output_id FROM _nuvopipe.execution x WHERE x.id = executions.id)'), 'SUCCEEDED', 'keep_output never keeps none');
SELECT throws_ok($$SELECT nuvopipe.create_pipeline('x', 'st push', 'st pair', 'st file', options => '{"keep_output": "sometimes"}')$$, '22023', NULL, 'there are two words for it');
SELECT nuvopipe.ingest('st table', E'id,name\n3,c\n', 'o.csv') AS e \gset
SELECT is(ended(:'e'), 'SUCCEEDED', 'a run with a table as output');
SELECT throws_ok(format('SELECT nuvopipe_api.execution_output(jsonb_build_object(%L, %L))', 'id', :'e'), 'NP404', 'there is nothing to download: the output is rows of a table', 'has none to download');

-- ---- issues and rejected rows -----------------------------------------------------------

SELECT nuvopipe.ingest('st table', convert_to(E'name,id\n' || string_agg(CASE WHEN i % 2 = 0 THEN E'"=cmd|\'/c calc\'!A1 ""q""",x' || i ELSE 'n' || i || ',' || i END, E'\n'), 'UTF8'), 'many.csv') AS e
	FROM generate_series(1, 20000) i \gset
SELECT is(ended(:'e'), 'SUCCEEDED', 'a run with 10000 rejected rows');
CREATE TABLE d AS SELECT 'csv' AS kind, * FROM fetched(nuvopipe_api.execution_errors(jsonb_build_object('id', :'e')));
INSERT INTO d SELECT 'json', * FROM fetched(nuvopipe_api.execution_errors(jsonb_build_object('id', :'e', 'format', 'json')));
INSERT INTO d SELECT 'rejected csv', * FROM fetched(nuvopipe_api.execution_errors(jsonb_build_object('id', :'e', 'kind', 'rejected')));
INSERT INTO d SELECT 'rejected json', * FROM fetched(nuvopipe_api.execution_errors(jsonb_build_object('id', :'e', 'kind', 'rejected', 'format', 'json')));
SELECT is((SELECT convert_from(substr(whole, 1, 131), 'UTF8') FROM d WHERE kind = 'csv'),
	E'row_no,line,column_key,source_column,code,severity,value,message,place\n2,3,id,id,invalid_int,error,x2,A whole number is expected.,\n', 'issues as CSV');
SELECT is((SELECT cardinality(string_to_array(convert_from(whole, 'UTF8'), E'\n')) FROM d WHERE kind = 'csv'), 10003, 'all of them, and that the header has changed');
SELECT is((SELECT jsonb_array_length(convert_from(whole, 'UTF8')::jsonb) FROM d WHERE kind = 'json'), 10001, 'issues as JSON');
SELECT is((SELECT convert_from(whole, 'UTF8')::jsonb -> 10000 ->> 'code' FROM d WHERE kind = 'json'), 'file.header_changed', 'that of the whole input comes last');
SELECT is((SELECT convert_from(substr(whole, 1, 138), 'UTF8') FROM d WHERE kind = 'rejected csv'),
	E'row_no,line,name,id,(surplus),issues\n2,3,"\'=cmd|\'/c calc\'!A1 ""q""",x2,,id: A whole number is expected.\n4,5,"\'=cmd|\'/c calc\'!A1 ""q""",x4,',
	'rejected rows as CSV, in the order of the source, formulas disarmed');
SELECT is((SELECT cardinality(string_to_array(convert_from(whole, 'UTF8'), E'\n')) FROM d WHERE kind = 'rejected csv'), 10002, 'all of them, too');
SELECT is((SELECT array_agg((r ->> 'row_no')::int) FROM d, jsonb_array_elements(convert_from(whole, 'UTF8')::jsonb) r WHERE kind = 'rejected json'
	AND r #>> '{issues,0,code}' = 'invalid_int' AND jsonb_array_length(r -> 'issues') = 1 AND r #>> '{cells,id}' = 'x' || (r ->> 'row_no')),
	(SELECT array_agg(i * 2) FROM generate_series(1, 10000) i), 'rejected rows as JSON, each with its issue');
SELECT cmp_ok((SELECT max(s) FROM d, unnest(sizes) s), '<=', 1048576, 'no piece is longer than 1 MB');
SELECT cmp_ok((SELECT min(cardinality(sizes)) FROM d WHERE kind LIKE '%json'), '>', 2, 'and there is more than one');

-- a row longer than a piece
SELECT nuvopipe.ingest('st table', convert_to(E'id,name\nx,' || repeat('long ', 500000) || E'\ny,short\n', 'UTF8'), 'long.csv') AS e \gset
SELECT is(ended(:'e'), 'SUCCEEDED', 'a run with a row of 2.5 MB');
DELETE FROM d;
INSERT INTO d SELECT 'csv', * FROM fetched(nuvopipe_api.execution_errors(jsonb_build_object('id', :'e', 'kind', 'rejected')));
INSERT INTO d SELECT 'json', * FROM fetched(nuvopipe_api.execution_errors(jsonb_build_object('id', :'e', 'kind', 'rejected', 'format', 'json')));
SELECT is((SELECT convert_from(whole, 'UTF8') FROM d WHERE kind = 'csv'), E'row_no,line,id,name,(surplus),issues\n1,2,x,' || repeat('long ', 500000)
	|| E',,id: A whole number is expected.\n2,3,y,short,,id: A whole number is expected.\n', 'is downloaded in several pieces');
SELECT is((SELECT array_agg(length(r #>> '{cells,name}')) FROM d, jsonb_array_elements(convert_from(whole, 'UTF8')::jsonb) r WHERE kind = 'json'), ARRAY[2500000, 5], 'also as JSON');

-- ---- names ---------------------------------------------------------------------------------

SELECT results_eq($$SELECT n, _nuvopipe.safe_file_name(n, 'x') FROM unnest(ARRAY['a.csv', '../../etc/passwd', E'a"\r\nX: y.csv', '..', '', 'gr\u00f6\u00dfe.csv', '.hidden', 'a;b=c.csv']) n$$,
	$$VALUES ('a.csv', 'a.csv'), ('../../etc/passwd', 'passwd'), (E'a"\r\nX: y.csv', 'a___X_ y.csv'), ('..', 'x'), ('', 'x'), ('gr\u00f6\u00dfe.csv', 'u00dfe.csv'),
		('.hidden', 'hidden'), ('a;b=c.csv', 'a_b=c.csv')$$, 'file names are safe');
SELECT is(_nuvopipe.content_disposition(U&'gr\00f6\00dfe.csv'), 'attachment; filename="gr__e.csv"; filename*=UTF-8''''gr%C3%B6%C3%9Fe.csv', 'a header has them in full, encoded');
SELECT is(_nuvopipe.csv_line(ARRAY['=1', '+1', '-1', '@x', E'\tx', E'\rx', 'a=b', '', NULL, 'a,b', 'a"b', E'a\nb']),
	E'\'=1,\'+1,\'-1,\'@x,\'\tx,"\'\rx",a=b,,,"a,b","a""b","a\nb"\n', 'what a spreadsheet would run gets a quote mark');

SELECT * FROM finish();
