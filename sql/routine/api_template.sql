
/*
 * Pipeline templates over the API, in nuvo's flat shape: the members of the
 * definition stand beside the name.  For users of the organization only.
 */
CREATE OR REPLACE VIEW _nuvopipe.api_template AS
	SELECT t.id, t.name, t.description, nullif(t.tags, '{}') AS tags,
			t.definition ->> 'pipeline_name' AS pipeline_name,
			nullif(t.definition -> 'input_connectors', 'null') AS input_connectors,
			nullif(t.definition -> 'output_connectors', 'null') AS output_connectors,
			(t.definition ->> 'tdm')::uuid AS tdm,
			nullif(t.definition -> 'mapping_config', 'null') AS mapping_config,
			(t.definition ->> 'developer_mode')::boolean AS developer_mode,
			nullif(t.definition -> 'error_config', 'null') AS error_config,
			nullif(t.definition -> 'schedule_config', 'null') AS schedule_config,
			nullif(t.definition #> '{options,header_config}', 'null') AS header_config,
			nullif(nullif(t.definition -> 'options', 'null') - 'header_config', '{}') AS options,
			t.created_at, _nuvopipe.actor(c) AS created_by, t.updated_at, _nuvopipe.actor(u) AS updated_by,
			t.created_by AS _created_by, t.updated_by AS _updated_by,
			t.tenant_id AS _tenant_id, t.owner_id AS _owner_id, coalesce(o.database_role, g.database_role, 'nuvopipe_tenant') AS _owner_role, false AS _shared
		FROM _nuvopipe.pipeline_template t
			LEFT JOIN _nuvopipe.principal o ON o.id = t.owner_id
			LEFT JOIN _nuvopipe.organization g ON g.id = t.tenant_id
			LEFT JOIN _nuvopipe.principal c ON c.id = t.created_by
			LEFT JOIN _nuvopipe.principal u ON u.id = t.updated_by;

-- The one reference of an array like nuvo's, by id or name.
CREATE OR REPLACE FUNCTION _nuvopipe.body_connector(value jsonb, path text, direction text) RETURNS uuid
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_id uuid;
	found_direction text;
BEGIN
	PERFORM _nuvopipe.single_reference(value, path);
	found_id := _nuvopipe.body_reference('connector', value -> 0, path || '[0]');
	SELECT c.direction INTO found_direction FROM _nuvopipe.connector c WHERE c.tenant_id = _nuvopipe.tenant() AND c.id = found_id;
	IF found_direction <> direction THEN
		RAISE EXCEPTION '%[0]: connector "%" is an % connector', path, value ->> 0, lower(found_direction)
			USING ERRCODE = 'NP422', HINT = format('An %s connector is needed here.', lower(direction));
	END IF;
	RETURN found_id;
END
$$;

-- options and header_config, which a body has beside each other, as they are stored; what it does not name is as before
CREATE OR REPLACE FUNCTION _nuvopipe.body_options(body jsonb, stored jsonb, root text) RETURNS jsonb
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb := coalesce(nullif(CASE WHEN body ? 'options' THEN body -> 'options' ELSE stored END, 'null'), '{}');
	header jsonb := CASE WHEN body ? 'header_config' THEN body -> 'header_config'
		ELSE coalesce(body #> '{options,header_config}', stored -> 'header_config') END;
BEGIN
	PERFORM _nuvopipe.expect_type(options, root || 'options', 'object');
	PERFORM _nuvopipe.expect_type(header, root || 'header_config', 'object');
	RETURN (options - 'header_config')
		|| CASE WHEN jsonb_typeof(header) = 'object' THEN jsonb_build_object('header_config', header) ELSE '{}' END;
END
$$;

-- The stored definition with the members of a body in their place; null takes one away.
CREATE OR REPLACE FUNCTION _nuvopipe.template_definition(args jsonb, stored jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	words constant text[] := ARRAY['pipeline_name', 'input_connectors', 'output_connectors', 'tdm', 'mapping_config', 'developer_mode',
		'error_config', 'schedule_config'];
	result jsonb := stored;
	value jsonb;
	word text;
	options jsonb := _nuvopipe.body_options(args, nullif(stored -> 'options', 'null'), '');
BEGIN
	PERFORM _nuvopipe.check_body(args, ARRAY['name', 'description', 'tags', 'options', 'header_config'] || words);
	FOREACH word IN ARRAY words LOOP
		CONTINUE WHEN NOT args ? word;
		value := args -> word;
		IF word IN ('input_connectors', 'output_connectors') THEN
			value := to_jsonb(ARRAY[_nuvopipe.body_connector(value, word, CASE word WHEN 'input_connectors' THEN 'INPUT' ELSE 'OUTPUT' END)]);
			value := CASE WHEN value -> 0 = 'null' THEN 'null' ELSE value END;
		ELSIF word = 'tdm' THEN
			value := coalesce(to_jsonb(_nuvopipe.body_reference('tdm', value, word)), 'null');
		END IF;
		result := CASE WHEN value = 'null' THEN result - word ELSE result || jsonb_build_object(word, value) END;
	END LOOP;
	result := CASE WHEN options = '{}' THEN result - 'options' ELSE result || jsonb_build_object('options', options) END;
	RETURN result;
END
$$;

-- Create (object_id null) or change; faults are told with the paths of the body.
CREATE OR REPLACE FUNCTION _nuvopipe.store_template(object_id uuid, name text, definition jsonb, description text, tags text[]) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	message text;
	detail text;
	hint text;
BEGIN
	IF object_id IS NULL THEN
		RETURN nuvopipe.create_template(name, definition, nullif(description, ''), tags);
	END IF;
	RETURN nuvopipe.update_template(object_id::text, name, definition, description, tags);
EXCEPTION WHEN data_exception OR feature_not_supported THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	PERFORM _nuvopipe.rethrow(SQLSTATE, message, detail, hint, ARRAY[['definition.options.header_config', 'header_config'], ['definition', '']]);
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.template_create(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	new_id uuid;
BEGIN
	PERFORM _nuvopipe.require_right('create', 'template');
	new_id := _nuvopipe.store_template(NULL, _nuvopipe.given_text(args, 'name'), _nuvopipe.template_definition(args, '{}'),
		_nuvopipe.body_description(args), _nuvopipe.body_tags(args));
	RETURN jsonb_build_object('data', _nuvopipe.api_read('template', new_id));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.template_create IS
'POST /pipeline-template: creates a template. Body: name and any of pipeline_name, input_connectors, output_connectors, tdm, mapping_config, developer_mode, error_config, schedule_config, header_config, options, description, tags. Answers the whole object.
Errors: as nuvopipe.create_template; users of the organization only.';

CREATE OR REPLACE FUNCTION nuvopipe_api.template_list(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN _nuvopipe.api_list('template', $1);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.template_list IS 'GET /pipeline-template: the templates of the organization.';

CREATE OR REPLACE FUNCTION nuvopipe_api.template_read(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN jsonb_build_object('data', _nuvopipe.api_read('template', _nuvopipe.api_id('template', $1 ->> 'id')));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.template_read IS 'GET /pipeline-template/{id}: one template. Errors: 42704.';

CREATE OR REPLACE FUNCTION nuvopipe_api.template_update(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	object_id uuid := _nuvopipe.api_find('template', args ->> 'id', 'write');
	old _nuvopipe.pipeline_template;
	name text := _nuvopipe.given_text(args, 'name');
	definition jsonb;
	description text := _nuvopipe.body_description(args);
	tags text[] := _nuvopipe.body_tags(args);
BEGIN
	SELECT t.* INTO old FROM _nuvopipe.pipeline_template t WHERE t.tenant_id = _nuvopipe.tenant() AND t.id = object_id FOR UPDATE;
	definition := nullif(_nuvopipe.template_definition(args, old.definition), old.definition);
	-- what is as before is not given
	name := nullif(name, old.name);
	description := nullif(description, coalesce(old.description, ''));
	tags := nullif(tags, old.tags);
	IF num_nonnulls(name, definition, description, tags) > 0 THEN
		PERFORM _nuvopipe.store_template(object_id, name, definition, description, tags);
	END IF;
	RETURN jsonb_build_object('data', _nuvopipe.api_read('template', object_id));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.template_update IS
'PUT /pipeline-template/{id}: replaces the members that are given; null takes one away. Pipelines made from it before are not touched. Answers the whole object.
Errors: as nuvopipe.update_template.';

CREATE OR REPLACE FUNCTION nuvopipe_api.template_delete(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nuvopipe.delete_template(_nuvopipe.api_find('template', $1 ->> 'id', 'delete')::text);
	RETURN '{"message": "success"}';
END
$$;
COMMENT ON FUNCTION nuvopipe_api.template_delete IS 'DELETE /pipeline-template/{id}: deletes a template. Errors: 42704.';

-- ---- routes

SELECT _nuvopipe.set_schema('ScheduleConfig', '{"type": ["object", "null"], "anyOf": [{"required": ["frequency"]}, {"required": ["cron"]}], "properties": {
	"frequency": {"enum": ["SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]},
	"interval": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 1, "description": "every so many hours, days ..."},
	"cron": {"type": "string", "description": "instead of frequency and interval: 5 fields, or 6 with seconds in front", "examples": ["30 6 * * MON-FRI"]},
	"starts_on": {"type": "string", "format": "date-time", "examples": ["2024-09-21T06:57:06.672Z"]},
	"ends_on": {"type": ["string", "null"], "format": "date-time"},
	"last_day": {"type": "boolean", "description": "of the month, with MONTHLY and YEARLY"},
	"time_zone": {"type": "string", "default": "UTC", "examples": ["Europe/Berlin"]},
	"calendars": {"type": "array", "items": {"type": "string"}, "description": "names or ids of calendars, whose days are left out; answered as ids"},
	"jitter": {"type": "number", "minimum": 0, "maximum": 86400, "default": 0, "description": "seconds by which runs are spread"},
	"overlap": {"enum": ["SKIP", "QUEUE_ONE", "QUEUE_ALL", "ALLOW", "CANCEL_OLD"], "default": "QUEUE_ONE", "description": "when another run waits or runs"},
	"missed": {"enum": ["NONE", "ONE", "ALL"], "default": "ONE", "description": "how many of the runs are made up that an outage has kept from starting"},
	"missed_limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 100, "description": "of ALL"},
	"grace": {"type": "number", "minimum": 0, "maximum": 604800, "default": 60, "description": "seconds that a run may be late and not be missed"},
	"max_run_time": {"type": "integer", "minimum": 1, "maximum": 2592000, "description": "seconds after which a run is ended"}}}');

SELECT _nuvopipe.set_schema('ErrorConfig', '{"type": ["object", "null"], "properties": {
	"error_threshold": {"type": ["number", "null"], "minimum": 0, "maximum": 100, "description": "percentage of erroneous cells above which an execution fails; absent: never"}}}');

SELECT _nuvopipe.set_schema('MappingConfig', '{"type": ["object", "null"], "properties": {
	"mode": {"enum": ["DEFAULT", "EXACT"], "default": "DEFAULT", "description": "DEFAULT: columns that no mapping names are matched by name"},
	"mappings": {"type": ["array", "null"], "items": {"type": "object", "required": ["target_column"], "properties": {
		"source_columns": {"type": "array", "items": {"type": "string"}}, "target_column": {"type": "string", "description": "key of a column of the model"},
		"transformations": {"type": "array", "items": {"type": "object"}, "maxItems": 0, "description": "not supported yet"}}}}}}');

SELECT _nuvopipe.set_schema('HeaderConfig', '{"type": ["object", "null"], "properties": {
	"mode": {"enum": ["AUTO", "FIXED"], "default": "AUTO"},
	"row_index": {"type": "integer", "minimum": 0, "description": "of FIXED: where the names of the columns are, from 0"},
	"header_rows": {"type": "integer", "minimum": 1, "maximum": 10, "default": 1, "description": "of FIXED: how many lines the names have, from row_index on"}}}');

SELECT _nuvopipe.set_schema('PipelineOptions', '{"type": ["object", "null"], "properties": {
	"on_error": {"enum": ["skip_rows", "null_cells", "pass", "reject_all"]}, "keep_input": {"enum": ["failed", "always", "never"]},
	"format": {"oneOf": [{"enum": ["csv", "tsv", "json", "jsonl", "xml", "xlsx", "ods", "xls"]}, {"type": "object"}]}, "force": {"type": "boolean"},
	"max_attempts": {"type": "integer", "minimum": 1, "maximum": 100}, "priority": {"type": "integer", "minimum": -100, "maximum": 100},
	"slots": {"type": "integer", "minimum": 1, "maximum": 64}, "output_format": {"enum": ["csv", "tsv", "json", "jsonl", "xml", "xlsx"]},
	"output_xml": {"type": "object", "properties": {"root": {"type": "string"}, "row": {"type": "string"}}}}}');

SELECT _nuvopipe.set_schema('Reference', '{"type": ["array", "null"], "maxItems": 1, "items": {"type": "string"}, "description": "id (or name) of one connector"}');

SELECT _nuvopipe.set_schema('TemplateInput', '{"type": "object", "properties": {
	"name": {"type": "string", "minLength": 1, "maxLength": 255},
	"description": {"type": ["string", "null"]},
	"tags": {"type": ["array", "null"], "items": {"type": "string", "minLength": 1}},
	"pipeline_name": {"type": ["string", "null"], "description": "name of pipelines made from it"},
	"input_connectors": {"$ref": "#/components/schemas/Reference"},
	"output_connectors": {"$ref": "#/components/schemas/Reference"},
	"tdm": {"type": ["string", "null"], "description": "id (or name) of a target data model"},
	"mapping_config": {"$ref": "#/components/schemas/MappingConfig"},
	"developer_mode": {"type": ["boolean", "null"]},
	"error_config": {"$ref": "#/components/schemas/ErrorConfig"},
	"schedule_config": {"$ref": "#/components/schemas/ScheduleConfig"},
	"header_config": {"$ref": "#/components/schemas/HeaderConfig"},
	"options": {"$ref": "#/components/schemas/PipelineOptions"}},
	"examples": [{"name": "Pipeline template", "pipeline_name": "Pipeline name", "schedule_config": {"frequency": "HOURLY", "interval": 6,
		"starts_on": "2024-09-21T06:57:06.672Z", "ends_on": "2024-09-30T06:57:06.672Z"}, "error_config": {"error_threshold": 32}}]}');

SELECT _nuvopipe.set_schema('Template', '{"allOf": [{"$ref": "#/components/schemas/Audit"}, {"$ref": "#/components/schemas/TemplateInput"},
	{"type": "object", "required": ["name"]}]}');

SELECT _nuvopipe.set_route('POST', '/dp/api/v1/pipeline-template', 'template_create', 'Create a pipeline template', status => 201,
	request => _nuvopipe.body_of('TemplateInput', ARRAY['name']), response => _nuvopipe.data_of('Template'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/pipeline-template', 'template_list', 'List pipeline templates', response => _nuvopipe.list_of('Template'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/pipeline-template/{id}', 'template_read', 'Read a pipeline template', object => 'template', reader => 'template_read',
	response => _nuvopipe.data_of('Template'));
SELECT _nuvopipe.set_route('PUT', '/dp/api/v1/pipeline-template/{id}', 'template_update', 'Update a pipeline template: the members that are given', object => 'template', reader => 'template_read',
	request => _nuvopipe.body_of('TemplateInput'), response => _nuvopipe.data_of('Template'));
SELECT _nuvopipe.set_route('DELETE', '/dp/api/v1/pipeline-template/{id}', 'template_delete', 'Delete a pipeline template', object => 'template', reader => 'template_read',
	response => _nuvopipe.body_of('Deleted'));
