-- Definitions: what is stored, what is refused and why, and who may see it.
-- Every refusal names the place in the definition; no secret comes back; one
-- role sees nothing of another.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS nuvopipe;
RESET client_min_messages;
\set VERBOSITY default
\set SHOW_CONTEXT never

CREATE ROLE regress_np_alice IN ROLE nuvopipe_user;
CREATE ROLE regress_np_bob IN ROLE nuvopipe_user;
CREATE ROLE regress_np_admin IN ROLE nuvopipe_admin;
CREATE ROLE regress_np_nobody;
CREATE SCHEMA regress_np;
GRANT USAGE, CREATE ON SCHEMA regress_np TO regress_np_alice, regress_np_bob;

--
-- Nothing is granted to PUBLIC, and private things to nobody
--
SELECT p.oid::regprocedure FROM pg_proc p
	WHERE p.pronamespace IN ('nuvopipe'::regnamespace, '_nuvopipe'::regnamespace)
		AND has_function_privilege('regress_np_nobody', p.oid, 'EXECUTE');
SELECT c.oid::regclass FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) privilege
	WHERE c.relnamespace IN ('nuvopipe'::regnamespace, '_nuvopipe'::regnamespace) AND c.relkind IN ('r', 'v', 'm', 'p')
		AND (has_table_privilege('regress_np_nobody', c.oid, privilege)
			OR has_table_privilege('regress_np_admin', c.oid, privilege) AND NOT (c.relnamespace = 'nuvopipe'::regnamespace AND privilege = 'SELECT'));
SELECT n.nspname, r.rolname, has_schema_privilege(r.oid, n.oid, 'USAGE') AS usage, has_schema_privilege(r.oid, n.oid, 'CREATE') AS create
	FROM pg_namespace n, pg_roles r
	WHERE n.nspname IN ('nuvopipe', '_nuvopipe') AND r.rolname IN ('regress_np_admin', 'regress_np_alice', 'regress_np_nobody')
	ORDER BY 1, 2;

-- all SECURITY DEFINER functions pin their search_path
SELECT p.oid::regprocedure FROM pg_proc p
	WHERE p.pronamespace IN ('nuvopipe'::regnamespace, '_nuvopipe'::regnamespace) AND p.prosecdef
		AND NOT coalesce(p.proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false);

SET ROLE regress_np_nobody;
SELECT nuvopipe.create_tdm('x', '[{"key": "a"}]');
RESET ROLE;

--
-- Target data models: the getting-started sample of the product comes back as it was given
--
SET ROLE regress_np_alice;
SELECT set_config('regress.sample', $$[
  {"key": "company_id", "label": "Company ID", "columnType": "string", "validations": [{"validate": "unique"}, {"validate": "required"}]},
  {"key": "company_name", "label": "Company name", "columnType": "string",
   "validations": [{"validate": "required_with", "columns": ["company_id"], "errorMessage": "Custom error message"}]},
  {"key": "full_name", "label": "Full name", "columnType": "string", "validations": [{"validate": "required"}]},
  {"key": "email_address", "label": "Email address", "columnType": "email", "validations": [{"validate": "required"}]},
  {"key": "street", "label": "Street", "columnType": "string"},
  {"key": "city", "label": "City", "columnType": "string", "validations": [{"validate": "required"}]},
  {"key": "country", "label": "Country", "columnType": "string", "validations": [{"validate": "required"}]},
  {"key": "total_costs", "label": "Total costs", "columnType": "float"},
  {"key": "close_date", "label": "Close date", "columnType": "date", "outputFormat": "DD.MM.YYYY"}
]$$, false) IS NOT NULL AS set;
SELECT nuvopipe.create_tdm('Sample TDM', current_setting('regress.sample')::jsonb, '{"level": "PUBLIC"}') IS NOT NULL AS created;
SELECT name, permissions_level, owner, columns = current_setting('regress.sample')::jsonb AS unchanged FROM nuvopipe.tdms;
SELECT nuvopipe.tdm_to_ddl('Sample TDM', 'sales."Sample"');

SELECT nuvopipe.create_tdm('Sample TDM', '[{"key": "a"}]');
SELECT nuvopipe.create_tdm('', '[{"key": "a"}]');
SELECT nuvopipe.create_tdm('0190d4a1-7b5c-7000-8000-0123456789ab', '[{"key": "a"}]');
SELECT nuvopipe.create_tdm('x', NULL);
SELECT nuvopipe.create_tdm('x', '[{"key": "a"}]', '{"level": "PUBLIK"}');
SELECT nuvopipe.create_tdm('x', '[{"key": "a"}]', '{"levle": "PUBLIC"}');
SELECT nuvopipe.create_tdm('x', '[{"key": "a", "columnType": "strng"}]');
SELECT nuvopipe.create_tdm('private', '[{"key": "a"}, {"key": "b", "columnType": "int"}]', description => 'mine', tags => '{test}') AS private_id \gset
SELECT nuvopipe.update_tdm('Sample TMD', name => 'x');
SELECT nuvopipe.update_tdm(:'private_id', name => 'renamed') = :'private_id' AS same;
SELECT name, description, tags, jsonb_array_length(columns) FROM nuvopipe.tdms WHERE id = :'private_id';
SELECT nuvopipe.update_tdm('renamed', name => 'Sample TDM');
SELECT nuvopipe.update_tdm('renamed', name => 'private') IS NOT NULL AS updated;

--
-- Connectors
--
SELECT nuvopipe.create_connector('in', 'INPUT', 'FTP', '{"host": "ftp.example.com", "port": "1111", "username": "username", "password": "opensesame",
	"protocol": "FTP", "advance_config": {"inclusion_tag": ["Test"]}, "directory_path": "/input/example/", "file_name": "input.json"}',
	permissions => '{"level": "PUBLIC"}') IS NOT NULL AS created;
SELECT nuvopipe.create_connector('out', 'output', 'FTP', '{"host": "ftp.example.com", "port": "1111", "username": "username", "password": "opensesame",
	"protocol": "FTP", "advance_config": {"exclusion_tag": null, "inclusion_tag": null, "new_name": null, "after_process_option": null},
	"directory_path": "/output/example/", "file_name": "output.json"}', 'EVENT_BASE') IS NOT NULL AS created;
SELECT name, direction, node_type, trigger_type, permissions_level, configuration ->> 'password' AS password, configuration ->> 'host' AS host
	FROM nuvopipe.connectors ORDER BY name;
SELECT count(*) AS rows_with_secret FROM nuvopipe.connectors c WHERE c::text LIKE '%opensesame%';

SELECT nuvopipe.create_connector('x', 'INPT', 'FTP', '{}');
SELECT nuvopipe.create_connector('x', 'INPUT', 'FPT', '{}');
SELECT nuvopipe.create_connector('x', 'INPUT', 'FTP', '[]');
SELECT nuvopipe.create_connector('x', 'INPUT', 'FTP', '{"hots": "ftp.example.com"}');
SELECT nuvopipe.create_connector('x', 'INPUT', 'FTP', '{"host": "ftp.example.com", "directory_path": "/"}', 'EVENT_BASE');
SELECT nuvopipe.create_connector('x', 'OUTPUT', 'MANUAL', '{}');
SELECT nuvopipe.create_connector('in', 'INPUT', 'MANUAL', '{}');
SELECT nuvopipe.create_connector('upload', 'INPUT', 'MANUAL', '{}', 'EVENT_BASE') IS NOT NULL AS created;

-- tables and queries: names are qualified, privileges are those of the caller
CREATE TABLE regress_np.customer (company_id text PRIMARY KEY, total_costs numeric);
RESET ROLE;
CREATE TABLE regress_np.secret (a int);
SET ROLE regress_np_alice;
SELECT nuvopipe.create_connector('t', 'OUTPUT', 'TABLE', '{"relation": "customer"}');
SELECT nuvopipe.create_connector('t', 'OUTPUT', 'TABLE', '{"relation": "regress_np.nowhere"}');
SELECT nuvopipe.create_connector('t', 'OUTPUT', 'TABLE', '{"relation": "regress_np.secret"}');
SELECT nuvopipe.create_connector('t', 'INPUT', 'TABLE', '{"query": "SELECT * FROM regress_np.secret"}');
SELECT nuvopipe.create_connector('t', 'INPUT', 'TABLE', '{"query": "SELECT * FROM customer"}');
SELECT nuvopipe.create_connector('t', 'INPUT', 'TABLE', '{"query": "DELETE FROM regress_np.customer"}');
SELECT nuvopipe.create_connector('t', 'INPUT', 'TABLE', '{"query": "SELECT 1; SELECT 2"}');
SELECT nuvopipe.create_connector('t', 'INPUT', 'TABLE', '{"query": "WITH d AS (DELETE FROM regress_np.customer RETURNING *) SELECT * FROM d"}');
SELECT nuvopipe.create_connector('t', 'INPUT', 'TABLE', '{"query": "SELECT FROM WHERE"}');
SELECT nuvopipe.create_connector('t', 'OUTPUT', 'TABLE', '{"relation": "regress_np.customer"}', permissions => '{"level": "PUBLIC"}');
SELECT nuvopipe.create_connector('t', 'OUTPUT', 'TABLE', '{"relation": "regress_np.customer"}') IS NOT NULL AS created;
SELECT nuvopipe.create_connector('q', 'INPUT', 'TABLE', '{"query": "SELECT company_id FROM regress_np.customer"}') IS NOT NULL AS created;
SELECT nuvopipe.create_connector('f', 'INPUT', 'FILE', '{"directory_path": "/tmp", "file_name": "a.csv"}');

-- a change keeps the secrets that are not given, or given as they were shown
SELECT nuvopipe.update_connector('out', configuration => (SELECT configuration || '{"file_name": "other.json"}' FROM nuvopipe.connectors WHERE name = 'out')) IS NOT NULL AS updated;
SELECT nuvopipe.update_connector('in', configuration => (SELECT configuration - 'password' || '{"file_name": "other.json"}' FROM nuvopipe.connectors WHERE name = 'in')) IS NOT NULL AS updated;
SELECT name, configuration ->> 'file_name' AS file_name, configuration ->> 'password' AS password FROM nuvopipe.connectors WHERE name IN ('in', 'out') ORDER BY name;
RESET ROLE;
SELECT c.name, _nuvopipe.unseal(d.sealed, d.id) AS secrets, position('opensesame'::bytea IN d.sealed) > 0 AS readable
	FROM _nuvopipe.connector c JOIN _nuvopipe.credential d ON d.id = c.credential_id ORDER BY c.name;
SET ROLE regress_np_alice;

--
-- Templates
--
SELECT nuvopipe.create_template('hourly', '{"pipeline_name": "Pipeline name", "input_connectors": ["in"], "output_connectors": ["out"], "tdm": "Sample TDM",
	"schedule_config": {"frequency": "HOURLY", "interval": 6, "starts_on": "2024-09-21T06:57:06.672Z", "ends_on": "2024-09-30T06:57:06.672Z"},
	"error_config": {"error_threshold": 32}, "options": {"on_error": "pass"}}') IS NOT NULL AS created;
SELECT t.name, t.definition #>> '{input_connectors,0}' = c.id::text AS by_id FROM nuvopipe.templates t, nuvopipe.connectors c WHERE c.name = 'in';
SELECT nuvopipe.create_template('x', '{"input_connectors": ["in", "upload"]}');
SELECT nuvopipe.create_template('x', '{"input_connectors": ["out"]}');
SELECT nuvopipe.create_template('x', '{"input_connectors": ["inn"]}');
SELECT nuvopipe.create_template('x', '{"input_connector": ["in"]}');
SELECT nuvopipe.create_template('x', '{"error_config": {"error_threshold": 101}}');
SELECT nuvopipe.create_template('x', '{"schedule_config": {"frequency": "HOURLI"}}');
SELECT nuvopipe.create_template('x', '{"mapping_config": {"mode": "EXACT"}}');
SELECT nuvopipe.create_template('x', NULL);

--
-- Pipelines
--
SELECT nuvopipe.create_pipeline('p', 'in', 'Sample TDM', 'out', mapping => '{"mode": "EXACT", "mappings": [{"source_columns": ["Mail"], "target_column": "email_address"}]}',
	error_threshold => 2.5, options => '{"on_error": "skip_rows", "keep_input": "always"}') AS p \gset
SELECT name, version, input, tdm, output, mapping_config, error_threshold, developer_mode, schedule_config, options FROM nuvopipe.pipelines;
SELECT nuvopipe.create_pipeline(template => 'hourly', developer_mode => true, options => '{"force": true}') IS NOT NULL AS created;
SELECT name, input, tdm, output, error_threshold, developer_mode, schedule_config ->> 'frequency' AS frequency, options FROM nuvopipe.pipelines WHERE name <> 'p';

SELECT nuvopipe.create_pipeline('p', 'in', 'Sample TDM', 'out');
SELECT nuvopipe.create_pipeline('x', 'out', 'Sample TDM', 'out');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'in');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample', 'out');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDN', 'out');
SELECT nuvopipe.create_pipeline('x', NULL, 'Sample TDM', 'out');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', mapping => '{"mode": "EXAKT"}');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', mapping => '{"mappings": {}}');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', mapping => '{"mappings": [{"source_columns": ["a"], "target_column": "citty"}]}');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', mapping => '{"mappings": [{"source_columns": ["a"]}]}');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', mapping => '{"mappings": [{"source_columns": [1], "target_column": "city"}]}');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', mapping => '{"mappings": [{"target_column": "city"}, {"target_column": "city"}]}');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', mapping => '{"mappings": [{"source_columns": ["a"], "target_column": "city",
	"transformations": [{"type": "HYPER_FORMULA", "function": "=A1"}]}]}');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', mapping => '[]');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', error_threshold => -1);
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', error_threshold => 'NaN');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', schedule => '{"interval": 1}');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', schedule => '{"frequency": "DAILY", "interval": 0}');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', schedule => '{"frequency": "DAILY", "interval": 1.5}');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', schedule => '{"frequency": "DAILY", "starts_on": "tomorrow"}');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', schedule => '{"frequency": "DAILY", "starts_on": "2024-02-31"}');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', schedule => '{"frequency": "DAILY", "starts_on": "2024-02-02", "ends_on": "2024-02-01"}');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', schedule => '{"frequency": "DAILY", "time_zone": "Europe/Berlyn"}');
SELECT nuvopipe.create_pipeline('x', 'upload', 'Sample TDM', 'out', schedule => '{"frequency": "DAILY"}');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', options => '{"onerror": "pass"}');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', options => '{"on_error": "skip"}');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', options => '{"force": "yes"}');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', options => '{"max_attempts": 0}');
SELECT nuvopipe.create_pipeline('x', 'in', 'Sample TDM', 'out', options => '{"header_config": {"mode": "FIXED", "row_index": -1}}');

-- a change of what it does is a new version; names, status and tags are not
SELECT nuvopipe.update_pipeline('p', name => 'q', status => 'INACTIVE', tags => '{new}') = :'p' AS same;
SELECT name, version, status, tags FROM nuvopipe.pipelines WHERE id = :'p';
SELECT nuvopipe.update_pipeline('q', error_threshold => 5) = :'p' AS same;
SELECT nuvopipe.update_pipeline('q', mapping => 'null', status => 'ACTIVE') = :'p' AS same;
SELECT version, status, error_threshold, mapping_config, options FROM nuvopipe.pipelines WHERE id = :'p';
SELECT nuvopipe.update_pipeline('q', status => 'PAUSED');
SELECT nuvopipe.update_pipeline('q', name => 'Pipeline name');
SELECT nuvopipe.update_connector('in', trigger_type => 'EVENT_BASE');
RESET ROLE;
SELECT version, error_threshold, mapping_config FROM _nuvopipe.pipeline_configuration WHERE pipeline_id = :'p' ORDER BY version;
SET ROLE regress_np_alice;

-- what is in use stays
SELECT nuvopipe.update_pipeline('q', mapping => '{"mappings": [{"source_columns": ["Ort"], "target_column": "city"}]}') = :'p' AS same;
SELECT nuvopipe.update_tdm('Sample TDM', columns => '[{"key": "town"}]');
SELECT nuvopipe.delete_tdm('Sample TDM');
SELECT nuvopipe.delete_connector('in');

--
-- Others: bob may use what is PUBLIC, and sees nothing else
--
SET ROLE regress_np_bob;
SELECT name FROM nuvopipe.tdms ORDER BY 1;
SELECT name FROM nuvopipe.connectors ORDER BY 1;
SELECT count(*) FROM nuvopipe.pipelines;
SELECT count(*) FROM nuvopipe.templates;
SELECT nuvopipe.update_tdm('private', name => 'mine now');
SELECT nuvopipe.update_tdm('Sample TDM', name => 'mine now');
SELECT nuvopipe.update_connector('in', configuration => '{}');
SELECT nuvopipe.delete_connector('out');
SELECT nuvopipe.delete_pipeline('q');
SELECT set_config('regress.p', :'p', false) IS NOT NULL AS set;
DO $$ BEGIN
	PERFORM nuvopipe.delete_pipeline(current_setting('regress.p'));
EXCEPTION WHEN undefined_object THEN
	RAISE NOTICE 'its id does not help either';
END $$;
SELECT nuvopipe.create_connector('bob out', 'OUTPUT', 'FTP', '{"host": "ftp.example.com", "protocol": "FTP", "username": "b", "password": "b", "directory_path": "/", "file_name": "b.json"}') IS NOT NULL AS created;
SELECT nuvopipe.create_pipeline('bob', 'in', 'Sample TDM', 'bob out') IS NOT NULL AS created;
SELECT nuvopipe.create_pipeline('bob 2', 'in', 'Sample TDM', 't');
SELECT * FROM _nuvopipe.tdm;
SELECT _nuvopipe.unseal('', '00000000-0000-0000-0000-000000000000');
SELECT _nuvopipe.caller();

-- an admin sees all, but does not run things in the name of others
SET ROLE regress_np_admin;
SELECT name, owner FROM nuvopipe.pipelines ORDER BY name;
SELECT nuvopipe.update_pipeline('bob', status => 'INACTIVE') IS NOT NULL AS updated;
SELECT nuvopipe.update_pipeline('bob', error_threshold => 1);
SELECT nuvopipe.update_connector('q', configuration => '{"query": "SELECT 1 AS x"}');
SELECT nuvopipe.create_pipeline('admin', 'q', 'Sample TDM', 'out');

-- nobody borrows the session of a superuser who maintains a table
RESET ROLE;
SET ROLE regress_np_alice;
CREATE FUNCTION regress_np.plant(a text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	RETURN (SELECT count(*)::text FROM nuvopipe.pipelines);
END $$;
CREATE TABLE regress_np.planted (a text);
CREATE INDEX ON regress_np.planted (regress_np.plant(a));
INSERT INTO regress_np.planted VALUES ('x');
RESET ROLE;
REINDEX TABLE regress_np.planted;

--
-- The end of a pipeline; its versions stay
--
SET ROLE regress_np_alice;
SELECT nuvopipe.delete_pipeline('q'), nuvopipe.delete_pipeline('Pipeline name'), nuvopipe.delete_template('hourly');
SELECT nuvopipe.delete_connector('out');
SET ROLE regress_np_bob;
SELECT nuvopipe.delete_pipeline('bob'), nuvopipe.delete_connector('bob out');
SET ROLE regress_np_alice;
SELECT nuvopipe.delete_connector(name) FROM nuvopipe.connectors WHERE name <> 'bob out' ORDER BY name;
SELECT nuvopipe.delete_tdm(name) FROM nuvopipe.tdms ORDER BY name;
RESET ROLE;
SELECT (SELECT count(*) FROM _nuvopipe.tdm) AS tdms, (SELECT count(*) FROM _nuvopipe.connector) AS connectors,
	(SELECT count(*) FROM _nuvopipe.credential) AS credentials, (SELECT count(*) FROM _nuvopipe.pipeline) AS pipelines,
	(SELECT count(*) FROM _nuvopipe.pipeline_configuration WHERE pipeline_id = :'p') AS versions;

SET client_min_messages = warning;
DROP SCHEMA regress_np CASCADE;
DROP ROLE regress_np_alice, regress_np_bob, regress_np_admin, regress_np_nobody;
