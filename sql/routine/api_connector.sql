
/*
 * Connectors over the API.  Secrets are masked in every answer; one that an
 * update leaves out, or sends back as its mask, stays.
 */
CREATE OR REPLACE VIEW _nuvopipe.api_connector AS
	SELECT x.id, x.name, x.description, nullif(x.tags, '{}') AS tags, x.direction AS type, x.node_type, x.configuration, x.trigger_type,
			jsonb_build_object('level', x.permissions_level) AS permissions,
			x.created_at, _nuvopipe.actor(c) AS created_by, x.updated_at, _nuvopipe.actor(u) AS updated_by,
			x.created_by AS _created_by, x.updated_by AS _updated_by,
			x.tenant_id AS _tenant_id, x.owner_id AS _owner_id, coalesce(o.database_role, g.database_role, 'nuvopipe_tenant') AS _owner_role,
			x.permissions_level = 'PUBLIC' AND o.kind <> 'SUB_ORG' AS _shared
		FROM _nuvopipe.connector x
			LEFT JOIN _nuvopipe.principal o ON o.id = x.owner_id
			LEFT JOIN _nuvopipe.organization g ON g.id = x.tenant_id
			LEFT JOIN _nuvopipe.principal c ON c.id = x.created_by
			LEFT JOIN _nuvopipe.principal u ON u.id = x.updated_by;

-- One connector as an answer; the address that is sent to is made, and shown, when an EVENT_BASE input gets none yet.
CREATE OR REPLACE FUNCTION _nuvopipe.connector_answer(object_id uuid, verb text) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	shown jsonb := _nuvopipe.api_read('connector', object_id);
	url text;
BEGIN
	IF shown ->> 'type' = 'INPUT' AND shown ->> 'trigger_type' = 'EVENT_BASE' THEN
		url := _nuvopipe.receiver_url(object_id, verb);
	END IF;
	RETURN jsonb_build_object('data', CASE WHEN url IS NULL THEN shown ELSE shown || jsonb_build_object('receiver_url', url) END)
		|| CASE WHEN url IS NULL THEN '{}'::jsonb ELSE '{"$secret": "receiver_url"}' END;
END
$$;

-- A body up to what the typed functions take.
CREATE OR REPLACE FUNCTION _nuvopipe.connector_body(args jsonb, is_new boolean, OUT direction text, OUT node_type text, OUT configuration jsonb,
		OUT trigger_type text, OUT permissions jsonb)
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.check_body(args, ARRAY['name', 'type', 'node_type', 'configuration', 'trigger_type', 'permissions', 'description', 'tags'],
		ARRAY['receiver_url']);
	direction := upper(_nuvopipe.given_text(args, 'type'));
	node_type := _nuvopipe.normal_node_type(_nuvopipe.given_text(args, 'node_type'));
	trigger_type := _nuvopipe.given_text(args, 'trigger_type');
	permissions := nullif(args -> 'permissions', 'null');
	configuration := nullif(args -> 'configuration', 'null');
	PERFORM _nuvopipe.expect_word(to_jsonb(direction), 'type', ARRAY['INPUT', 'OUTPUT']);
	PERFORM _nuvopipe.expect_type(configuration, 'configuration', 'object');
	IF NOT is_new THEN
		RETURN;
	ELSIF direction IS NULL THEN
		PERFORM _nuvopipe.fault('type', 'must be given', 'Known are INPUT, OUTPUT.');
	ELSIF node_type IS NULL THEN
		PERFORM _nuvopipe.fault('node_type', 'must be given', 'GET /connector/type lists what there is.');
	ELSIF configuration IS NULL AND node_type = 'MANUAL' THEN
		configuration := '{}';
	ELSIF configuration IS NULL THEN
		PERFORM _nuvopipe.fault('configuration', 'must be given');
	END IF;
END
$$;

-- FTP over SSH has a node type of its own in some clients.
CREATE OR REPLACE FUNCTION _nuvopipe.with_protocol(configuration jsonb, node_type text) RETURNS jsonb
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN upper(node_type) = 'SFTP' AND NOT configuration ? 'protocol' THEN configuration || '{"protocol": "SFTP"}' ELSE configuration END;
END;

-- A new connector of a body, under a name that may be another.
CREATE OR REPLACE FUNCTION _nuvopipe.new_connector(args jsonb, name text) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	body record;
	message text;
	detail text;
	hint text;
BEGIN
	body := _nuvopipe.connector_body(args, true);
	RETURN nuvopipe.create_connector(name, body.direction, body.node_type, _nuvopipe.with_protocol(body.configuration, args ->> 'node_type'),
		body.trigger_type, body.permissions, nullif(_nuvopipe.body_description(args), ''), _nuvopipe.body_tags(args));
EXCEPTION WHEN syntax_error_or_access_rule_violation THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	-- what a query of a TABLE connector says about itself
	IF args -> 'configuration' ? 'query' AND SQLSTATE NOT IN ('42501', '42710') AND message NOT LIKE 'configuration.%' THEN
		message := 'configuration.query: ' || message;
	END IF;
	PERFORM _nuvopipe.rethrow(SQLSTATE, message, detail, hint);
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.connector_create(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.require_right('create', 'connector');
	RETURN _nuvopipe.connector_answer(_nuvopipe.new_connector($1, _nuvopipe.given_text($1, 'name')), 'create');
END
$$;
COMMENT ON FUNCTION nuvopipe_api.connector_create IS
'POST /connector: creates a connector. Body: name, type, node_type, configuration, trigger_type, permissions, description, tags. Answers the whole object, secrets masked.
Errors: as nuvopipe.create_connector.';

CREATE OR REPLACE FUNCTION nuvopipe_api.connector_list(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN _nuvopipe.api_list('connector', $1);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.connector_list IS 'GET /connector: the connectors that the caller may see, secrets masked.';

CREATE OR REPLACE FUNCTION nuvopipe_api.connector_read(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN _nuvopipe.connector_answer(_nuvopipe.api_id('connector', $1 ->> 'id'), 'read');
END
$$;
COMMENT ON FUNCTION nuvopipe_api.connector_read IS 'GET /connector/{id}: one connector, secrets masked. Errors: 42704.';

CREATE OR REPLACE FUNCTION nuvopipe_api.connector_update(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	object_id uuid := _nuvopipe.api_find('connector', args ->> 'id', 'write');
	old _nuvopipe.connector;
	body record;
	name text := _nuvopipe.given_text(args, 'name');
	description text := _nuvopipe.body_description(args);
	tags text[] := _nuvopipe.body_tags(args);
BEGIN
	body := _nuvopipe.connector_body(args, false);
	SELECT c.* INTO old FROM _nuvopipe.connector c WHERE c.tenant_id = _nuvopipe.tenant() AND c.id = object_id FOR UPDATE;
	IF body.direction <> old.direction OR body.node_type <> old.node_type THEN
		RAISE EXCEPTION '%: cannot be changed', CASE WHEN body.direction <> old.direction THEN 'type' ELSE 'node_type' END
			USING ERRCODE = 'feature_not_supported', HINT = 'Create another connector.';
	END IF;
	-- what is as before is not given
	name := nullif(name, old.name);
	body.configuration := nullif(body.configuration, old.configuration);
	body.trigger_type := nullif(body.trigger_type, old.trigger_type);
	IF _nuvopipe.check_permissions(body.permissions) = old.permissions_level THEN
		body.permissions := NULL;
	END IF;
	description := nullif(description, coalesce(old.description, ''));
	tags := nullif(tags, old.tags);
	IF num_nonnulls(name, body.configuration, body.trigger_type, body.permissions, description, tags) > 0 THEN
		PERFORM nuvopipe.update_connector(object_id::text, name, body.configuration, body.trigger_type, body.permissions, description, tags);
	END IF;
	RETURN _nuvopipe.connector_answer(object_id, 'write');
END
$$;
COMMENT ON FUNCTION nuvopipe_api.connector_update IS
'PUT /connector/{id}: replaces the members that are given; secrets that are missing or masked stay. Answers the whole object, secrets masked.
Errors: as nuvopipe.update_connector, 0A000 for another type or node_type.';

CREATE OR REPLACE FUNCTION nuvopipe_api.connector_delete(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nuvopipe.delete_connector(_nuvopipe.api_find('connector', $1 ->> 'id', 'delete')::text);
	RETURN '{"message": "success"}';
END
$$;
COMMENT ON FUNCTION nuvopipe_api.connector_delete IS 'DELETE /connector/{id}: deletes a connector that nothing uses. Errors: as nuvopipe.delete_connector.';

CREATE OR REPLACE FUNCTION nuvopipe_api.connector_usage(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN jsonb_build_object('data', _nuvopipe.usage_of(_nuvopipe.api_find('connector', $1 ->> 'id', 'read')));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.connector_usage IS 'GET /connector/{id}/usage: the pipelines and templates that use it, as far as the caller may see them.';

-- ---- help with definitions

CREATE OR REPLACE FUNCTION _nuvopipe.connector_types()
	RETURNS TABLE (node_type text, can_input boolean, can_output boolean, "position" int, field text, kind text, required boolean, secret boolean)
	AS 'MODULE_PATHNAME', 'nuvopipe_connector_types' LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 50;

CREATE OR REPLACE FUNCTION nuvopipe_api.connector_type(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.require_right('read', 'connector');
	RETURN jsonb_build_object('data', (SELECT jsonb_agg(jsonb_build_object('node_type', k.node_type, 'direction', d.direction,
			'label', CASE k.node_type WHEN 'HTTP' THEN 'HTTP(S)' WHEN 'FTP' THEN 'FTP(S)' ELSE initcap(k.node_type) END,
			'trigger_types', CASE WHEN d.direction = 'INPUT' AND k.node_type IN ('HTTP', 'MANUAL') THEN '["TIME_BASE", "EVENT_BASE"]'::jsonb ELSE '["TIME_BASE"]' END,
			'fields', k.fields) ORDER BY k.node_type, d.direction)
		FROM (
			SELECT t.node_type, t.can_input, t.can_output, coalesce(jsonb_agg(jsonb_build_object('path', 'configuration.' || t.field, 'kind', t.kind,
					'required', t.required, 'secret', t.secret)
					-- a url is not needed where data is sent to us
					|| CASE WHEN t.field = 'url' THEN '{"required": true, "when": {"trigger_type": "TIME_BASE"}}'::jsonb ELSE '{}' END
					ORDER BY t."position") FILTER (WHERE t.field IS NOT NULL), '[]') AS fields
				FROM _nuvopipe.connector_types() t
				GROUP BY t.node_type, t.can_input, t.can_output) k
			JOIN (VALUES ('INPUT'), ('OUTPUT')) AS d (direction) ON CASE d.direction WHEN 'INPUT' THEN k.can_input ELSE k.can_output END));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.connector_type IS 'GET /connector/type: the types of connectors by direction, with the fields of their configuration.';

CREATE OR REPLACE FUNCTION _nuvopipe.connector_steps(object_id uuid) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN (SELECT jsonb_build_object('ok', bool_and(s.ok), 'steps', jsonb_agg(jsonb_build_object('step', s.step, 'ok', s.ok,
			'detail', s.detail, 'duration_ms', s.duration_ms) ORDER BY s.ordinality))
		FROM _nuvopipe.probe_connector(object_id) WITH ORDINALITY s);
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.connector_test(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.check_body($1, '{}');
	RETURN jsonb_build_object('data', _nuvopipe.connector_steps(_nuvopipe.api_find('connector', $1 ->> 'id', 'read')));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.connector_test IS
'POST /connector/{id}/test: reads the definition, connects, and lists what an input would take; changes nothing. Answers {"ok", "steps": [{"step", "ok", "detail", "duration_ms"}]}; a place that cannot be reached is a step that is not ok.
Reaches out over the network; bounded by nuvopipe.connect_timeout and nuvopipe.listing_timeout.
Errors: 42704, 42501 without the right to files of the server.';

CREATE OR REPLACE FUNCTION nuvopipe_api.connector_test_new(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	result jsonb;
BEGIN
	PERFORM _nuvopipe.require_right('create', 'connector');
	BEGIN
		result := _nuvopipe.connector_steps(_nuvopipe.new_connector($1, 'test of ' || _nuvopipe.uuid_v7()));
		RAISE EXCEPTION 'tested' USING ERRCODE = 'NP000';
	EXCEPTION WHEN SQLSTATE 'NP000' THEN
		NULL;	-- nothing of it stays
	END;
	RETURN jsonb_build_object('data', result);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.connector_test_new IS
'POST /connector/test with the body of a connector: as connector_test, of a connector that is not stored.
Errors: as nuvopipe.create_connector.';

-- Trouble with a place is none of ours.
CREATE OR REPLACE FUNCTION _nuvopipe.raise_unreachable(state text, message text, detail text, hint text) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- io_error, undefined_file and their like would look like faults of this server
	PERFORM _nuvopipe.rethrow(CASE WHEN state LIKE '58%' OR state LIKE '54%' OR state LIKE '55%' THEN 'NP422' ELSE state END, message, detail, hint);
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.connector_listing(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	object_id uuid := _nuvopipe.api_find('connector', $1 ->> 'id', 'read');
	message text;
	detail text;
	hint text;
BEGIN
	RETURN jsonb_build_object('data', (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('path', o.path, 'bytes', o.bytes,
			'modified_at', _nuvopipe.iso(o.modified_at), 'version', o.version, 'taken', o.taken, 'reason', o.reason)) ORDER BY o.path), '[]')
		FROM _nuvopipe.list_objects(object_id) o));
EXCEPTION WHEN system_error OR program_limit_exceeded OR object_not_in_prerequisite_state THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	PERFORM _nuvopipe.raise_unreachable(SQLSTATE, message, detail, hint);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.connector_listing IS
'GET /connector/{id}/listing: the objects at the place of an input connector, and which of them a run would take.
Reaches out over the network; bounded by nuvopipe.connect_timeout and nuvopipe.listing_timeout.
Errors: 42704, 42809 if it has nothing to list, 08xxx if the place cannot be reached.';

CREATE OR REPLACE FUNCTION _nuvopipe.sample_connector(id uuid, options jsonb, max_rows int) RETURNS TABLE (row_no bigint, cells text[])
	AS 'MODULE_PATHNAME', 'nuvopipe_sample_connector' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 50;

CREATE OR REPLACE FUNCTION nuvopipe_api.connector_data(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	object_id uuid := _nuvopipe.api_find('connector', args ->> 'id', 'read');
	options jsonb := coalesce(nullif(args -> 'options', 'null'), '{}');
	columns jsonb;
	rows jsonb;
	width int;
	message text;
	detail text;
	hint text;
BEGIN
	PERFORM _nuvopipe.expect_type(options, 'options', 'object');
	PERFORM _nuvopipe.expect_number(options -> 'rows', 'options.rows', 1, 1000, whole => true);
	SELECT (SELECT jsonb_agg(jsonb_build_object('index', n - 1, 'name', c) ORDER BY n) FROM unnest(min(s.cells) FILTER (WHERE s.row_no = 0)) WITH ORDINALITY AS t (c, n)),
			coalesce(jsonb_agg(jsonb_build_object('row_no', s.row_no, 'cells', s.cells) ORDER BY s.row_no) FILTER (WHERE s.row_no > 0), '[]'),
			max(cardinality(s.cells))
		INTO columns, rows, width
		FROM _nuvopipe.sample_connector(object_id, options - 'rows', coalesce((options ->> 'rows')::int, 50)) s;
	-- data without names of its own
	columns := coalesce(columns, (SELECT jsonb_agg(jsonb_build_object('index', n - 1, 'name', 'column_' || n) ORDER BY n) FROM generate_series(1, width) n), '[]');
	RETURN jsonb_build_object('data', jsonb_build_object('columns', columns, 'rows', rows));
EXCEPTION WHEN system_error OR program_limit_exceeded OR object_not_in_prerequisite_state THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	PERFORM _nuvopipe.raise_unreachable(SQLSTATE, message, detail, hint);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.connector_data IS
'GET /connector/{id}/data: columns and first rows of the first object that a run of this input would take. options: rows (50, at most 1000), and those of nuvopipe.parse, which pin what would be recognised. Without an object there are no columns and no rows.
Only FILE connectors can be looked at.
Errors: 0A000 for connectors of other types, 22P04 where the data cannot be read.';

-- ---- routes

SELECT _nuvopipe.set_schema('Header', '{"type": "object", "required": ["key", "value"], "properties": {"key": {"type": "string"}, "value": {"type": "string"}}}');

SELECT _nuvopipe.set_schema('AdvanceConfig', '{"type": ["object", "null"], "properties": {
	"inclusion_tag": {"type": ["array", "null"], "items": {"type": "string"}, "description": "take only files whose name holds one of them"},
	"exclusion_tag": {"type": ["array", "null"], "items": {"type": "string"}, "description": "leave out files whose name holds one of them"},
	"new_name": {"type": ["string", "null"]},
	"after_process_option": {"enum": ["NONE", "DELETE", "RENAME", "MOVE", null], "description": "what becomes of the source after a successful execution"}}}');

SELECT _nuvopipe.set_schema('FtpConfiguration', '{"type": "object", "required": ["host"], "properties": {
	"host": {"type": "string", "examples": ["ftp.example.com"]}, "port": {"type": ["string", "integer"], "examples": ["21"]},
	"protocol": {"enum": ["FTP", "SFTP"], "default": "FTP", "description": "SFTP is not supported yet"},
	"tls": {"enum": ["explicit", "implicit", "none"], "default": "none"}, "ca_certificate": {"type": "string"},
	"username": {"type": "string"}, "password": {"type": "string", "description": "shown as \"********\""},
	"directory_path": {"type": "string", "examples": ["/input/example/"]}, "file_name": {"type": "string", "examples": ["input.json"]},
	"create_directories": {"type": "boolean"}, "advance_config": {"$ref": "#/components/schemas/AdvanceConfig"}}}');

SELECT _nuvopipe.set_schema('HttpConfiguration', '{"type": "object", "properties": {
	"url": {"type": "string", "format": "uri", "description": "may be left out where data is sent to an EVENT_BASE input"},
	"method": {"enum": ["GET", "POST", "PUT", "PATCH"], "description": "inputs: GET (default), POST; outputs: POST (default), PUT, PATCH"},
	"headers": {"type": "array", "items": {"$ref": "#/components/schemas/Header"}, "description": "values that may be secret are shown as \"********\""},
	"body": {"type": ["string", "object", "array"]}, "username": {"type": "string"}, "password": {"type": "string"},
	"authentication": {"type": "object", "description": "a request for a token, before each transfer", "properties": {
		"url": {"type": "string", "format": "uri"}, "method": {"enum": ["POST", "GET", "PUT"]},
		"headers": {"type": "array", "items": {"$ref": "#/components/schemas/Header"}}, "body": {"type": ["string", "object", "array"]},
		"token_path": {"type": "string", "default": "access_token"}}},
	"ca_certificate": {"type": "string"}, "file_name": {"type": "string"}}}');

SELECT _nuvopipe.set_schema('TableConfiguration', '{"type": "object", "properties": {
	"relation": {"type": "string", "examples": ["sales.customer"]}, "query": {"type": "string", "description": "inputs: a SELECT, instead of relation"},
	"mode": {"enum": ["insert", "upsert", "replace"], "description": "outputs"}, "key": {"type": "array", "items": {"type": "string"}},
	"build_indexes_last": {"type": "boolean"}}}');

SELECT _nuvopipe.set_schema('FileConfiguration', '{"type": "object", "required": ["directory_path"], "properties": {
	"directory_path": {"type": "string", "description": "on the database server"}, "file_name": {"type": "string"},
	"create_directories": {"type": "boolean"}, "advance_config": {"$ref": "#/components/schemas/AdvanceConfig"}}}');

SELECT _nuvopipe.set_schema('ConnectorInput', '{"type": "object", "properties": {
	"name": {"type": "string", "minLength": 1, "maxLength": 255},
	"description": {"type": ["string", "null"]},
	"tags": {"type": ["array", "null"], "items": {"type": "string", "minLength": 1}},
	"type": {"enum": ["INPUT", "OUTPUT"]},
	"node_type": {"enum": ["HTTP", "FTP", "MANUAL", "TABLE", "FILE", "HTTPS"], "description": "HTTPS is another name of HTTP"},
	"configuration": {"description": "by node_type; MANUAL has an empty one", "anyOf": [{"$ref": "#/components/schemas/FtpConfiguration"},
		{"$ref": "#/components/schemas/HttpConfiguration"}, {"$ref": "#/components/schemas/TableConfiguration"},
		{"$ref": "#/components/schemas/FileConfiguration"}, {"type": "object", "maxProperties": 0}]},
	"trigger_type": {"enum": ["TIME_BASE", "EVENT_BASE"], "default": "TIME_BASE", "description": "EVENT_BASE: data is sent to an input; without effect on outputs"},
	"permissions": {"$ref": "#/components/schemas/PermissionLevel"}},
	"examples": [{"name": "FTP Input Connector", "type": "INPUT", "node_type": "FTP", "configuration": {"host": "ftp.example.com", "port": "21",
		"username": "username", "password": "password", "protocol": "FTP", "directory_path": "/input/example/", "file_name": "input.json"},
		"trigger_type": "TIME_BASE", "permissions": {"level": "PUBLIC"}}]}');

SELECT _nuvopipe.set_schema('Connector', '{"allOf": [{"$ref": "#/components/schemas/Audit"}, {"$ref": "#/components/schemas/ConnectorInput"},
	{"type": "object", "required": ["name", "type", "node_type", "configuration", "trigger_type", "permissions"], "properties": {
		"receiver_url": {"type": "string", "format": "uri-reference", "readOnly": true, "description": "where data for an EVENT_BASE input is sent to; shown once, when it is made"}}}]}');

SELECT _nuvopipe.set_schema('ConnectorType', '{"type": "object", "required": ["node_type", "direction", "label", "fields"], "properties": {
	"node_type": {"type": "string"}, "direction": {"enum": ["INPUT", "OUTPUT"]}, "label": {"type": "string"},
	"trigger_types": {"type": "array", "items": {"enum": ["TIME_BASE", "EVENT_BASE"]}},
	"fields": {"type": "array", "items": {"type": "object", "required": ["path", "kind", "required", "secret"], "properties": {
		"path": {"type": "string", "examples": ["configuration.host"]}, "kind": {"enum": ["text", "integer", "boolean", "object", "array", "port", "any"]},
		"required": {"type": "boolean"}, "secret": {"type": "boolean"},
		"when": {"type": "object", "description": "required only where these members have these values"}}}}}}');

SELECT _nuvopipe.set_schema('ConnectorTest', '{"type": "object", "required": ["ok", "steps"], "properties": {"ok": {"type": "boolean"},
	"steps": {"type": "array", "items": {"type": "object", "required": ["step", "ok", "detail", "duration_ms"], "properties": {
		"step": {"enum": ["load", "connect", "list"]}, "ok": {"type": "boolean"}, "detail": {"type": "string"}, "duration_ms": {"type": "number"}}}}}}');

SELECT _nuvopipe.set_schema('SourceObject', '{"type": "object", "required": ["path", "taken"], "properties": {"path": {"type": "string"}, "bytes": {"type": "integer"},
	"modified_at": {"type": "string", "format": "date-time"}, "version": {"type": "string", "description": "changes when the object does"},
	"taken": {"type": "boolean", "description": "a run would take it, unless it has done so before"}, "reason": {"type": "string", "description": "why not"}}}');

SELECT _nuvopipe.set_schema('Sample', '{"type": "object", "required": ["columns", "rows"], "properties": {
	"columns": {"type": "array", "items": {"type": "object", "properties": {"index": {"type": "integer"}, "name": {"type": "string"}}}},
	"rows": {"type": "array", "items": {"type": "object", "properties": {"row_no": {"type": "integer"},
		"cells": {"type": "array", "items": {"type": ["string", "null"]}}}}}}}');

SELECT _nuvopipe.set_route('POST', '/dp/api/v1/connector', 'connector_create', 'Create a connector', status => 201,
	request => _nuvopipe.body_of('ConnectorInput', ARRAY['name', 'type', 'node_type']), response => _nuvopipe.data_of('Connector'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/connector', 'connector_list', 'List connectors', response => _nuvopipe.list_of('Connector'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/connector/{id}', 'connector_read', 'Read a connector', object => 'connector', reader => 'connector_read',
	response => _nuvopipe.data_of('Connector'));
SELECT _nuvopipe.set_route('PUT', '/dp/api/v1/connector/{id}', 'connector_update', 'Update a connector: the members that are given', object => 'connector', reader => 'connector_read',
	request => _nuvopipe.body_of('ConnectorInput'), response => _nuvopipe.data_of('Connector'));
SELECT _nuvopipe.set_route('DELETE', '/dp/api/v1/connector/{id}', 'connector_delete', 'Delete a connector that nothing uses', object => 'connector', reader => 'connector_read',
	response => _nuvopipe.body_of('Deleted'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/connector/{id}/usage', 'connector_usage', 'List what uses a connector', response => _nuvopipe.body_of('Usage'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/connector/{id}/data', 'connector_data', 'Read a sample of the data of an input connector', rate => 'write', reaches_out => true,
	parameters => '[{"name": "options", "in": "query", "description": "rows, format, encoding, delimiter, quote, escape, header, skip_rows", "content": {"application/json": {"schema": {
		"type": "object", "properties": {"rows": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50}, "format": {"enum": ["csv", "tsv", "json", "jsonl", "xml", "fixed"]},
		"encoding": {"type": "string"}, "delimiter": {"type": "string"}, "quote": {"type": ["string", "null"]}, "escape": {"type": ["string", "null"]},
		"header": {"type": "boolean"}, "skip_rows": {"type": "integer"}}}}}}]',
	response => _nuvopipe.data_of('Sample'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/connector/{id}/listing', 'connector_listing', 'List the objects at the place of an input connector', rate => 'write', reaches_out => true,
	response => _nuvopipe.list_of('SourceObject', false));
SELECT _nuvopipe.set_route('POST', '/dp/api/v1/connector/{id}/test', 'connector_test', 'Try a connector', reaches_out => true, response => _nuvopipe.data_of('ConnectorTest'));
SELECT _nuvopipe.set_route('POST', '/dp/api/v1/connector/test', 'connector_test_new', 'Try a connector without storing it', reaches_out => true,
	request => _nuvopipe.body_of('ConnectorInput', ARRAY['type', 'node_type']), response => _nuvopipe.data_of('ConnectorTest'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/connector/type', 'connector_type', 'List the types of connectors and their fields',
	response => _nuvopipe.list_of('ConnectorType', false));
