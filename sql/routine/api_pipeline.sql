
/*
 * Pipelines over the API: a name and, nested, the current version of what they
 * do.  A configuration that is given replaces the whole of the old one; one that
 * says the same makes no new version.
 */

-- A version in the shape of the API.
CREATE OR REPLACE FUNCTION _nuvopipe.configuration_object(c _nuvopipe.pipeline_configuration) RETURNS jsonb
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_build_object('id', c.id, 'version', c.version,
			'input_connectors', jsonb_build_array(c.input_connector_id), 'output_connectors', jsonb_build_array(c.output_connector_id),
			'tdm', c.tdm_id, 'mapping_config', '{"mode": "DEFAULT", "mappings": []}'::jsonb || c.mapping_config,
			'developer_mode', c.developer_mode)
		|| CASE WHEN c.error_threshold IS NULL THEN '{}'::jsonb
			ELSE jsonb_build_object('error_config', jsonb_build_object('error_threshold', c.error_threshold)) END
		|| CASE WHEN c.schedule_config IS NULL THEN '{}'::jsonb ELSE jsonb_build_object('schedule_config', c.schedule_config) END
		|| CASE WHEN jsonb_typeof(c.options -> 'header_config') = 'object' THEN jsonb_build_object('header_config', c.options -> 'header_config')
			ELSE '{}'::jsonb END
		|| CASE WHEN c.options - 'header_config' = '{}'::jsonb THEN '{}'::jsonb
			ELSE jsonb_build_object('options', c.options - 'header_config') END;
END;

-- nuvo's word for the state of an execution
CREATE OR REPLACE FUNCTION _nuvopipe.shown_status(status text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE status WHEN 'QUEUED' THEN 'PROCESSING' WHEN 'RUNNING' THEN 'PROCESSING' WHEN 'SUCCEEDED' THEN 'SUCCESSFUL' ELSE status END;
END;

-- What is counted stands in the select list: a sorted and cut list counts for the rows that are left.
CREATE OR REPLACE VIEW _nuvopipe.api_pipeline AS
	SELECT p.id, p.name, p.description, nullif(p.tags, '{}') AS tags, p.status,
			_nuvopipe.configuration_object(v) AS configuration,
			(SELECT count(*) FROM _nuvopipe.execution e WHERE e.tenant_id = p.tenant_id AND e.pipeline_id = p.id) AS executions,
			(SELECT coalesce(jsonb_agg(_nuvopipe.shown_status(l.status) ORDER BY l.created_at DESC), '[]')
				FROM (SELECT e.status, e.created_at FROM _nuvopipe.execution e
					WHERE e.tenant_id = p.tenant_id AND e.pipeline_id = p.id ORDER BY e.created_at DESC LIMIT 5) l) AS last_executions,
			(SELECT e.created_at FROM _nuvopipe.execution e
				WHERE e.tenant_id = p.tenant_id AND e.pipeline_id = p.id ORDER BY e.created_at DESC LIMIT 1) AS last_execution_at,
			p.created_at, _nuvopipe.actor(c) AS created_by, p.updated_at, _nuvopipe.actor(u) AS updated_by,
			p.created_by AS _created_by, p.updated_by AS _updated_by,
			p.tenant_id AS _tenant_id, p.owner_id AS _owner_id, coalesce(o.database_role, g.database_role, 'nuvopipe_tenant') AS _owner_role, false AS _shared
		FROM _nuvopipe.pipeline p
			JOIN _nuvopipe.pipeline_configuration v ON v.id = p.configuration_id
			LEFT JOIN _nuvopipe.principal o ON o.id = p.owner_id
			LEFT JOIN _nuvopipe.organization g ON g.id = p.tenant_id
			LEFT JOIN _nuvopipe.principal c ON c.id = p.created_by
			LEFT JOIN _nuvopipe.principal u ON u.id = p.updated_by;

/*
 * A configuration of a body: references resolved, members checked for their
 * kind; the rest is for add_configuration.  Null: not given.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.read_configuration(body jsonb, OUT input uuid, OUT output uuid, OUT tdm uuid, OUT mapping jsonb,
		OUT schedule jsonb, OUT threshold numeric, OUT developer_mode boolean, OUT options jsonb)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	root constant text := 'configuration';
BEGIN
	PERFORM _nuvopipe.check_members(body, root, ARRAY['id', 'version', 'is_current', 'created_at', 'created_by', 'input_connectors', 'output_connectors', 'tdm',
		'mapping_config', 'developer_mode', 'error_config', 'schedule_config', 'header_config', 'options']);
	input := _nuvopipe.body_connector(body -> 'input_connectors', root || '.input_connectors', 'INPUT');
	output := _nuvopipe.body_connector(body -> 'output_connectors', root || '.output_connectors', 'OUTPUT');
	tdm := _nuvopipe.body_reference('tdm', body -> 'tdm', root || '.tdm');
	mapping := nullif(body -> 'mapping_config', 'null');
	schedule := nullif(body -> 'schedule_config', 'null');
	PERFORM _nuvopipe.check_schedule(schedule, root || '.schedule_config');
	schedule := _nuvopipe.use_calendars(schedule);
	PERFORM _nuvopipe.check_members(body -> 'error_config', root || '.error_config', ARRAY['error_threshold']);
	PERFORM _nuvopipe.expect_number(body #> '{error_config,error_threshold}', root || '.error_config.error_threshold', 0, 100);
	threshold := (body #>> '{error_config,error_threshold}')::numeric;
	PERFORM _nuvopipe.expect_type(body -> 'developer_mode', root || '.developer_mode', 'boolean');
	developer_mode := (body ->> 'developer_mode')::boolean;
	IF body ?| ARRAY['options', 'header_config'] THEN
		options := _nuvopipe.body_options(body, '{}', root || '.');
	END IF;
END
$$;

-- the paths of create_pipeline and add_configuration in a body
CREATE OR REPLACE FUNCTION _nuvopipe.pipeline_paths() RETURNS text[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT ARRAY[['input', 'configuration.input_connectors[0]'], ['output', 'configuration.output_connectors[0]'], ['tdm', 'configuration.tdm'],
		['mapping', 'configuration.mapping_config'], ['schedule', 'configuration.schedule_config'],
		['error_threshold', 'configuration.error_config.error_threshold'],
		['options.header_config', 'configuration.header_config'], ['options', 'configuration.options']];
END;

-- all three are needed, from the body or from a template
CREATE OR REPLACE FUNCTION _nuvopipe.require_parts(input text, output text, tdm text) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF input IS NULL THEN
		PERFORM _nuvopipe.fault('configuration.input_connectors', 'must be given');
	ELSIF output IS NULL THEN
		PERFORM _nuvopipe.fault('configuration.output_connectors', 'must be given');
	ELSIF tdm IS NULL THEN
		PERFORM _nuvopipe.fault('configuration.tdm', 'must be given');
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.check_pipeline_body(args jsonb, words text[]) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.check_body(args, ARRAY['name', 'configuration', 'status', 'description', 'tags'] || words,
		ARRAY['executions', 'last_executions', 'last_execution_at']);
	PERFORM _nuvopipe.expect_type(args -> 'configuration', 'configuration', 'object');
	PERFORM _nuvopipe.expect_word(args -> 'status', 'status', ARRAY['ACTIVE', 'INACTIVE']);
	IF nullif(args -> 'run', 'null') IS NOT NULL THEN
		RAISE EXCEPTION 'run: a first execution with the pipeline is not supported yet' USING ERRCODE = 'feature_not_supported',
			HINT = 'POST /execution afterwards.';
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.pipeline_create(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	template uuid;
	preset jsonb := '{}';
	body record;
	new_id uuid;
	message text;
	detail text;
	hint text;
BEGIN
	PERFORM _nuvopipe.require_right('create', 'pipeline');
	PERFORM _nuvopipe.check_pipeline_body(args, ARRAY['template', 'template_id', 'run']);
	template := coalesce(_nuvopipe.body_reference('template', args -> 'template', 'template'),
		_nuvopipe.body_reference('template', args -> 'template_id', 'template_id'));
	SELECT t.definition INTO preset FROM _nuvopipe.pipeline_template t WHERE t.tenant_id = _nuvopipe.tenant() AND t.id = template;
	body := _nuvopipe.read_configuration(args -> 'configuration');
	PERFORM _nuvopipe.require_parts(coalesce(body.input::text, preset #>> '{input_connectors,0}'),
		coalesce(body.output::text, preset #>> '{output_connectors,0}'), coalesce(body.tdm::text, preset ->> 'tdm'));
	new_id := nuvopipe.create_pipeline(_nuvopipe.given_text(args, 'name'), body.input::text, body.tdm::text, body.output::text, body.mapping,
		body.schedule, body.threshold, body.developer_mode, template::text, coalesce(body.options, '{}'),
		nullif(_nuvopipe.body_description(args), ''), _nuvopipe.body_tags(args));
	IF args ->> 'status' = 'INACTIVE' THEN
		PERFORM nuvopipe.update_pipeline(new_id::text, status => 'INACTIVE');
	END IF;
	RETURN jsonb_build_object('data', _nuvopipe.api_read('pipeline', new_id));
EXCEPTION WHEN data_exception OR feature_not_supported OR undefined_object OR insufficient_privilege THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	PERFORM _nuvopipe.rethrow(SQLSTATE, message, detail, hint, _nuvopipe.pipeline_paths());
END
$$;
COMMENT ON FUNCTION nuvopipe_api.pipeline_create IS
'POST /pipeline: creates a pipeline. Body: name, configuration, status, description, tags; template (or template_id) gives what is absent. Answers the whole object.
Errors: as nuvopipe.create_pipeline.';

CREATE OR REPLACE FUNCTION nuvopipe_api.pipeline_list(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN _nuvopipe.api_list('pipeline', $1);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.pipeline_list IS 'GET /pipeline: the pipelines that the caller may see.';

CREATE OR REPLACE FUNCTION nuvopipe_api.pipeline_read(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN jsonb_build_object('data', _nuvopipe.api_read('pipeline', _nuvopipe.api_id('pipeline', $1 ->> 'id')));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.pipeline_read IS 'GET /pipeline/{id}: one pipeline with its current configuration. Errors: 42704.';

CREATE OR REPLACE FUNCTION nuvopipe_api.pipeline_state(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN jsonb_build_object('data', _nuvopipe.api_read('pipeline', _nuvopipe.api_id('pipeline', $1 ->> 'id'),
		'{executions,last_executions,last_execution_at}'));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.pipeline_state IS 'One pipeline without what its executions count: what its entity tag is made from. Errors: 42704.';

-- Give a pipeline, whose row is locked, a configuration, unless it has the same already.
CREATE OR REPLACE FUNCTION _nuvopipe.replace_configuration(object_id uuid, input uuid, output uuid, tdm uuid, mapping jsonb, schedule jsonb,
		threshold numeric, developer_mode boolean, options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	tenant uuid := _nuvopipe.tenant();
	me uuid := _nuvopipe.me();
	old _nuvopipe.pipeline;
	was _nuvopipe.pipeline_configuration;
	plain constant jsonb := '{"mode": "DEFAULT", "mappings": []}';
	new_id uuid;
BEGIN
	SELECT p.* INTO old FROM _nuvopipe.pipeline p WHERE p.tenant_id = tenant AND p.id = object_id;
	SELECT c.* INTO was FROM _nuvopipe.pipeline_configuration c WHERE c.tenant_id = tenant AND c.id = old.configuration_id;
	IF (input, output, tdm, coalesce(developer_mode, false), coalesce(options, '{}'))
			= (was.input_connector_id, was.output_connector_id, was.tdm_id, was.developer_mode, was.options)
			AND threshold IS NOT DISTINCT FROM was.error_threshold AND schedule IS NOT DISTINCT FROM was.schedule_config
			AND jsonb_typeof(coalesce(mapping, '{}')) = 'object' AND plain || coalesce(mapping, '{}') = plain || was.mapping_config THEN
		RETURN;
	END IF;
	PERFORM _nuvopipe.require_rights_of_owner('pipeline', old.owner_id);
	new_id := _nuvopipe.add_configuration(object_id, old.owner_id, me, input::text, tdm::text, output::text, mapping, schedule, threshold,
		developer_mode, options);
	UPDATE _nuvopipe.pipeline p SET configuration_id = new_id, updated_at = clock_timestamp(), updated_by = me
		WHERE p.tenant_id = tenant AND p.id = object_id;
	PERFORM _nuvopipe.sync_schedule(object_id);
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.pipeline_update(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	object_id uuid := _nuvopipe.api_find('pipeline', args ->> 'id', 'write');
	old _nuvopipe.pipeline;
	body record;
	name text := _nuvopipe.given_text(args, 'name');
	status text := args ->> 'status';
	description text := _nuvopipe.body_description(args);
	tags text[] := _nuvopipe.body_tags(args);
	message text;
	detail text;
	hint text;
BEGIN
	PERFORM _nuvopipe.check_pipeline_body(args, '{}');
	SELECT p.* INTO old FROM _nuvopipe.pipeline p WHERE p.tenant_id = _nuvopipe.tenant() AND p.id = object_id FOR UPDATE;
	IF jsonb_typeof(args -> 'configuration') = 'object' THEN
		body := _nuvopipe.read_configuration(args -> 'configuration');
		PERFORM _nuvopipe.require_parts(body.input::text, body.output::text, body.tdm::text);
		PERFORM _nuvopipe.replace_configuration(object_id, body.input, body.output, body.tdm, body.mapping, body.schedule, body.threshold,
			body.developer_mode, body.options);
	END IF;
	-- what is as before is not given
	name := nullif(name, old.name);
	status := nullif(status, old.status);
	description := nullif(description, coalesce(old.description, ''));
	tags := nullif(tags, old.tags);
	IF num_nonnulls(name, status, description, tags) > 0 THEN
		PERFORM nuvopipe.update_pipeline(object_id::text, name => name, status => status, description => description, tags => tags);
	END IF;
	RETURN jsonb_build_object('data', _nuvopipe.api_read('pipeline', object_id));
EXCEPTION WHEN data_exception OR feature_not_supported OR undefined_object OR insufficient_privilege THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	PERFORM _nuvopipe.rethrow(SQLSTATE, message, detail, hint, _nuvopipe.pipeline_paths());
END
$$;
COMMENT ON FUNCTION nuvopipe_api.pipeline_update IS
'PUT /pipeline/{id}: replaces the members that are given; a configuration as a whole, which makes a new version unless it is the same. Answers the whole object.
Errors: as nuvopipe.update_pipeline.';

CREATE OR REPLACE FUNCTION nuvopipe_api.pipeline_delete(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nuvopipe.delete_pipeline(_nuvopipe.api_find('pipeline', $1 ->> 'id', 'delete')::text);
	RETURN '{"message": "success"}';
END
$$;
COMMENT ON FUNCTION nuvopipe_api.pipeline_delete IS
'DELETE /pipeline/{id}: deletes a pipeline; its executions stay. Errors: 42704.';

-- ---- versions

CREATE OR REPLACE VIEW _nuvopipe.api_configuration AS
	SELECT v.id, v.version, v.id = p.configuration_id AS is_current,
			s.shown -> 'input_connectors' AS input_connectors, s.shown -> 'output_connectors' AS output_connectors, v.tdm_id AS tdm,
			s.shown -> 'mapping_config' AS mapping_config, v.developer_mode, s.shown -> 'error_config' AS error_config, v.schedule_config,
			s.shown -> 'header_config' AS header_config, s.shown -> 'options' AS options,
			v.created_at, _nuvopipe.actor(c) AS created_by,
			v.created_by AS _created_by, v.tenant_id AS _tenant_id, p.owner_id AS _owner_id, coalesce(o.database_role, g.database_role, 'nuvopipe_tenant') AS _owner_role, false AS _shared, p.id AS _pipeline_id
		FROM _nuvopipe.pipeline_configuration v
			CROSS JOIN LATERAL (SELECT _nuvopipe.configuration_object(v) AS shown) s
			JOIN _nuvopipe.pipeline p ON p.id = v.pipeline_id
			LEFT JOIN _nuvopipe.principal o ON o.id = p.owner_id
			LEFT JOIN _nuvopipe.organization g ON g.id = p.tenant_id
			LEFT JOIN _nuvopipe.principal c ON c.id = v.created_by;

CREATE OR REPLACE FUNCTION nuvopipe_api.configuration_list(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	object_id uuid := _nuvopipe.api_find('pipeline', $1 ->> 'id', 'read');
BEGIN
	RETURN _nuvopipe.api_list('configuration', $1, tie => jsonb_build_object('_pipeline_id', object_id), kind => 'pipeline');
END
$$;
COMMENT ON FUNCTION nuvopipe_api.configuration_list IS
'GET /pipeline/{id}/configuration: the versions of what a pipeline does, the newest first. Errors: 42704.';

-- The version of a path, of a pipeline on which the caller may do verb.
CREATE OR REPLACE FUNCTION _nuvopipe.find_version(args jsonb, verb text) RETURNS _nuvopipe.pipeline_configuration
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	object_id uuid := _nuvopipe.api_find('pipeline', args ->> 'id', verb);
	version_id uuid := _nuvopipe.api_id('configuration', args ->> 'configuration_id');
	found_one _nuvopipe.pipeline_configuration;
BEGIN
	SELECT c.* INTO found_one FROM _nuvopipe.pipeline_configuration c
		WHERE c.tenant_id = _nuvopipe.tenant() AND c.pipeline_id = object_id AND c.id = version_id;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'configuration "%" does not exist', args ->> 'configuration_id' USING ERRCODE = 'undefined_object';
	END IF;
	RETURN found_one;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.configuration_read(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	version _nuvopipe.pipeline_configuration := _nuvopipe.find_version($1, 'read');
BEGIN
	RETURN jsonb_build_object('data', _nuvopipe.api_read('configuration', version.id, kind => 'pipeline'));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.configuration_read IS
'GET /pipeline/{id}/configuration/{configuration_id}: one version of what a pipeline does. Errors: 42704.';

CREATE OR REPLACE FUNCTION nuvopipe_api.configuration_restore(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	version _nuvopipe.pipeline_configuration := _nuvopipe.find_version($1, 'write');
	message text;
	detail text;
	hint text;
BEGIN
	PERFORM FROM _nuvopipe.pipeline p WHERE p.tenant_id = _nuvopipe.tenant() AND p.id = version.pipeline_id FOR UPDATE;
	PERFORM _nuvopipe.replace_configuration(version.pipeline_id, version.input_connector_id, version.output_connector_id, version.tdm_id,
		version.mapping_config, version.schedule_config, version.error_threshold, version.developer_mode, version.options);
	RETURN jsonb_build_object('data', _nuvopipe.api_read('pipeline', version.pipeline_id));
EXCEPTION WHEN data_exception OR feature_not_supported OR undefined_object OR insufficient_privilege THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	PERFORM _nuvopipe.rethrow(SQLSTATE, message, detail, hint, _nuvopipe.pipeline_paths());
END
$$;
COMMENT ON FUNCTION nuvopipe_api.configuration_restore IS
'POST /pipeline/{id}/configuration/{configuration_id}/restore: makes a version the current one again, as a new version. Answers the pipeline.
Errors: 42704, also for a connector or model that is gone since, and as nuvopipe.update_pipeline.';

-- ---- routes

SELECT _nuvopipe.set_schema('ConfigurationInput', '{"type": "object", "properties": {
	"input_connectors": {"$ref": "#/components/schemas/Reference"},
	"output_connectors": {"$ref": "#/components/schemas/Reference"},
	"tdm": {"type": ["string", "null"], "description": "id (or name) of a target data model"},
	"mapping_config": {"$ref": "#/components/schemas/MappingConfig"},
	"developer_mode": {"type": ["boolean", "null"], "default": false, "description": "only the first 100 rows are sent on"},
	"error_config": {"$ref": "#/components/schemas/ErrorConfig"},
	"schedule_config": {"$ref": "#/components/schemas/ScheduleConfig"},
	"header_config": {"$ref": "#/components/schemas/HeaderConfig"},
	"options": {"$ref": "#/components/schemas/PipelineOptions"}}}');

SELECT _nuvopipe.set_schema('Configuration', '{"allOf": [{"$ref": "#/components/schemas/ConfigurationInput"},
	{"type": "object", "required": ["id", "input_connectors", "output_connectors", "tdm", "mapping_config", "developer_mode"], "properties": {
		"id": {"type": "string", "format": "uuid", "readOnly": true, "description": "each change has another; executions name the one they ran with"},
		"version": {"type": "integer", "minimum": 1, "readOnly": true}}}]}');

SELECT _nuvopipe.set_schema('ConfigurationVersion', '{"allOf": [{"$ref": "#/components/schemas/Configuration"},
	{"type": "object", "required": ["is_current", "created_at"], "properties": {"is_current": {"type": "boolean"},
		"created_at": {"type": "string", "format": "date-time"}, "created_by": {"$ref": "#/components/schemas/Actor"}}}]}');

SELECT _nuvopipe.set_schema('PipelineInput', '{"type": "object", "properties": {
	"name": {"type": "string", "minLength": 1, "maxLength": 255},
	"description": {"type": ["string", "null"]},
	"tags": {"type": ["array", "null"], "items": {"type": "string", "minLength": 1}},
	"status": {"enum": ["ACTIVE", "INACTIVE"], "default": "ACTIVE", "description": "INACTIVE: neither schedule nor events start it"},
	"configuration": {"$ref": "#/components/schemas/ConfigurationInput"}},
	"examples": [{"name": "Pipeline name", "configuration": {"input_connectors": ["019308a2-0000-7000-8000-000000000001"],
		"output_connectors": ["019308a2-0000-7000-8000-000000000002"], "tdm": "019308a2-0000-7000-8000-000000000003",
		"mapping_config": {"mode": "DEFAULT", "mappings": [{"source_columns": ["First", "Last"], "target_column": "full_name"}]},
		"developer_mode": false, "error_config": {"error_threshold": 10}, "schedule_config": {"frequency": "DAILY", "interval": 1}}}]}');

SELECT _nuvopipe.set_schema('Pipeline', '{"allOf": [{"$ref": "#/components/schemas/Audit"}, {"$ref": "#/components/schemas/PipelineInput"},
	{"type": "object", "required": ["name", "configuration", "status", "executions", "last_executions"], "properties": {
		"configuration": {"$ref": "#/components/schemas/Configuration"},
		"executions": {"type": "integer", "readOnly": true, "description": "how many there are"},
		"last_executions": {"type": "array", "maxItems": 5, "items": {"enum": ["PROCESSING", "SUCCESSFUL", "FAILED", "CANCELED"]}, "readOnly": true,
			"description": "the newest first"},
		"last_execution_at": {"type": "string", "format": "date-time", "readOnly": true}}}]}');

SELECT _nuvopipe.set_route('POST', '/dp/api/v1/pipeline', 'pipeline_create', 'Create a pipeline', status => 201,
	request => '{"allOf": [{"$ref": "#/components/schemas/PipelineInput"}, {"type": "object", "properties": {
		"template": {"type": "string", "description": "id (or name) of a template, which gives what is absent"}, "template_id": {"type": "string", "description": "other name of template"}}}]}',
	response => _nuvopipe.data_of('Pipeline'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/pipeline', 'pipeline_list', 'List pipelines', response => _nuvopipe.list_of('Pipeline'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/pipeline/{id}', 'pipeline_read', 'Read a pipeline', object => 'pipeline', reader => 'pipeline_state',
	response => _nuvopipe.data_of('Pipeline'));
SELECT _nuvopipe.set_route('PUT', '/dp/api/v1/pipeline/{id}', 'pipeline_update', 'Update a pipeline: the members that are given', object => 'pipeline', reader => 'pipeline_state',
	request => _nuvopipe.body_of('PipelineInput'), response => _nuvopipe.data_of('Pipeline'));
SELECT _nuvopipe.set_route('DELETE', '/dp/api/v1/pipeline/{id}', 'pipeline_delete', 'Delete a pipeline; its executions stay', object => 'pipeline', reader => 'pipeline_state',
	response => _nuvopipe.body_of('Deleted'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/pipeline/{id}/configuration', 'configuration_list', 'List the versions of a pipeline''s configuration, the newest first',
	response => _nuvopipe.list_of('ConfigurationVersion'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/pipeline/{id}/configuration/{configuration_id}', 'configuration_read', 'Read a version of a pipeline''s configuration',
	response => _nuvopipe.data_of('ConfigurationVersion'));
SELECT _nuvopipe.set_route('POST', '/dp/api/v1/pipeline/{id}/configuration/{configuration_id}/restore', 'configuration_restore', 'Make a version of the configuration the current one again',
	response => _nuvopipe.data_of('Pipeline'));
