
/*
 * Target data models over the API; and what all definitions share.
 *
 * An update replaces the members that are given, each as a whole; a member that
 * is absent stays, one that is null is taken away where that is possible.  So a
 * client may send back what it read: nothing changes.  Members that are ours
 * alone (id, created_at ...) are ignored.
 */

-- The same for an object on which the caller may do verb.
CREATE OR REPLACE FUNCTION _nuvopipe.api_find(kind text, ref text, verb text) RETURNS uuid
	LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.require_right(verb, kind);
	RETURN _nuvopipe.find(kind, _nuvopipe.api_id(kind, ref)::text, verb);
END
$$;

-- description and tags for the update functions: null keeps, the empty one takes away
CREATE OR REPLACE FUNCTION _nuvopipe.body_description(args jsonb) RETURNS text
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN CASE WHEN args ? 'description' THEN coalesce(_nuvopipe.given_text(args, 'description'), '') END;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.body_tags(args jsonb) RETURNS text[]
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.expect_strings(args -> 'tags', 'tags');
	RETURN CASE WHEN jsonb_typeof(args -> 'tags') = 'array' THEN ARRAY(SELECT jsonb_array_elements_text(args -> 'tags'))
		WHEN args ? 'tags' THEN '{}'::text[] END;
END
$$;

-- Throw again what a typed function threw, its path as the body has it.  renamed: pairs of prefixes, the first that fits counts.
CREATE OR REPLACE FUNCTION _nuvopipe.rethrow(state text, message text, detail text, hint text, renamed text[] DEFAULT '{}') RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	shown text := message;
BEGIN
	FOR i IN 1 .. coalesce(array_length(renamed, 1), 0) LOOP
		IF message ~ ('^' || renamed[i][1] || '[].:[]') THEN
			-- a prefix that becomes nothing takes its point along
			shown := regexp_replace(renamed[i][2] || substr(message, length(renamed[i][1]) + 1), '^\.', '');
			EXIT;
		END IF;
	END LOOP;
	-- an empty detail or hint would be one
	IF hint <> '' AND detail <> '' THEN
		RAISE EXCEPTION USING ERRCODE = state, MESSAGE = shown, DETAIL = detail, HINT = hint;
	ELSIF hint <> '' THEN
		RAISE EXCEPTION USING ERRCODE = state, MESSAGE = shown, HINT = hint;
	ELSIF detail <> '' THEN
		RAISE EXCEPTION USING ERRCODE = state, MESSAGE = shown, DETAIL = detail;
	END IF;
	RAISE EXCEPTION USING ERRCODE = state, MESSAGE = shown;
END
$$;

-- What uses a model or a connector, as far as the caller may see it.
CREATE OR REPLACE FUNCTION _nuvopipe.usage_of(object_id uuid) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	tenant uuid := _nuvopipe.tenant();
BEGIN
	RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('type', u.type, 'id', u.id, 'name', u.name) ORDER BY u.type, u.name, u.id), '[]') FROM (
		SELECT 'pipeline' AS type, p.id, p.name
			FROM _nuvopipe.pipeline_configuration c
				JOIN _nuvopipe.pipeline p ON p.configuration_id = c.id
				JOIN _nuvopipe.owner o ON o.id = p.owner_id
			WHERE c.tenant_id = tenant AND object_id IN (c.tdm_id, c.input_connector_id, c.output_connector_id)
				AND _nuvopipe.can('read', 'pipeline', p.owner_id, o.role)
		UNION ALL
		SELECT 'template', t.id, t.name
			FROM _nuvopipe.pipeline_template t JOIN _nuvopipe.owner o ON o.id = t.owner_id
			WHERE t.tenant_id = tenant AND _nuvopipe.can('read', 'template', t.owner_id, o.role)
				AND (t.definition ->> 'tdm' = object_id::text OR t.definition -> 'input_connectors' ? object_id::text
					OR t.definition -> 'output_connectors' ? object_id::text)) u);
END
$$;

/*
 * The role of an owner as in _nuvopipe.owner, but by outer joins on keys: where
 * nobody asks for it, because a user of the organization sees everything, the
 * planner leaves them out.
 */
CREATE OR REPLACE VIEW _nuvopipe.api_tdm AS
	SELECT t.id, t.name, t.description, nullif(t.tags, '{}') AS tags, t.columns,
			jsonb_build_object('level', t.permissions_level) AS permissions,
			t.created_at, _nuvopipe.actor(c) AS created_by, t.updated_at, _nuvopipe.actor(u) AS updated_by,
			t.created_by AS _created_by, t.updated_by AS _updated_by,
			t.tenant_id AS _tenant_id, t.owner_id AS _owner_id, coalesce(o.database_role, g.database_role, 'nuvopipe_tenant') AS _owner_role,
			t.permissions_level = 'PUBLIC' AND o.kind <> 'SUB_ORG' AS _shared
		FROM _nuvopipe.tdm t
			LEFT JOIN _nuvopipe.principal o ON o.id = t.owner_id
			LEFT JOIN _nuvopipe.organization g ON g.id = t.tenant_id
			LEFT JOIN _nuvopipe.principal c ON c.id = t.created_by
			LEFT JOIN _nuvopipe.principal u ON u.id = t.updated_by;

CREATE OR REPLACE FUNCTION nuvopipe_api.tdm_create(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	new_id uuid;
BEGIN
	PERFORM _nuvopipe.require_right('create', 'tdm');
	PERFORM _nuvopipe.check_body(args, ARRAY['name', 'columns', 'permissions', 'description', 'tags']);
	new_id := nuvopipe.create_tdm(_nuvopipe.given_text(args, 'name'), nullif(args -> 'columns', 'null'), nullif(args -> 'permissions', 'null'),
		nullif(_nuvopipe.body_description(args), ''), _nuvopipe.body_tags(args));
	RETURN jsonb_build_object('data', _nuvopipe.api_read('tdm', new_id));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.tdm_create IS
'POST /tdm: creates a target data model. Body: name, columns, permissions, description, tags. Answers the whole object.
Errors: as nuvopipe.create_tdm.';

CREATE OR REPLACE FUNCTION nuvopipe_api.tdm_list(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN _nuvopipe.api_list('tdm', $1);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.tdm_list IS 'GET /tdm: the target data models that the caller may see.';

CREATE OR REPLACE FUNCTION nuvopipe_api.tdm_read(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN jsonb_build_object('data', _nuvopipe.api_read('tdm', _nuvopipe.api_id('tdm', $1 ->> 'id')));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.tdm_read IS 'GET /tdm/{id}: one target data model. Errors: 42704.';

CREATE OR REPLACE FUNCTION nuvopipe_api.tdm_update(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	object_id uuid := _nuvopipe.api_find('tdm', args ->> 'id', 'write');
	old _nuvopipe.tdm;
	name text := _nuvopipe.given_text(args, 'name');
	columns jsonb := nullif(args -> 'columns', 'null');
	permissions jsonb := nullif(args -> 'permissions', 'null');
	description text := _nuvopipe.body_description(args);
	tags text[] := _nuvopipe.body_tags(args);
BEGIN
	PERFORM _nuvopipe.check_body(args, ARRAY['name', 'columns', 'permissions', 'description', 'tags']);
	SELECT t.* INTO old FROM _nuvopipe.tdm t WHERE t.tenant_id = _nuvopipe.tenant() AND t.id = object_id FOR UPDATE;
	-- what is as before is not given
	name := nullif(name, old.name);
	columns := nullif(columns, old.columns);
	IF _nuvopipe.check_permissions(permissions) = old.permissions_level THEN
		permissions := NULL;
	END IF;
	description := nullif(description, coalesce(old.description, ''));
	tags := nullif(tags, old.tags);
	IF num_nonnulls(name, columns, permissions, description, tags) > 0 THEN
		PERFORM nuvopipe.update_tdm(object_id::text, name, columns, permissions, description, tags);
	END IF;
	RETURN jsonb_build_object('data', _nuvopipe.api_read('tdm', object_id));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.tdm_update IS
'PUT /tdm/{id}: replaces the members that are given. Answers the whole object.
Errors: as nuvopipe.update_tdm.';

CREATE OR REPLACE FUNCTION nuvopipe_api.tdm_delete(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nuvopipe.delete_tdm(_nuvopipe.api_find('tdm', $1 ->> 'id', 'delete')::text);
	RETURN '{"message": "success"}';
END
$$;
COMMENT ON FUNCTION nuvopipe_api.tdm_delete IS 'DELETE /tdm/{id}: deletes a target data model that nothing uses. Errors: as nuvopipe.delete_tdm.';

CREATE OR REPLACE FUNCTION nuvopipe_api.tdm_usage(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN jsonb_build_object('data', _nuvopipe.usage_of(_nuvopipe.api_find('tdm', $1 ->> 'id', 'read')));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.tdm_usage IS 'GET /tdm/{id}/usage: the pipelines and templates that use it, as far as the caller may see them.';

-- ---- help with definitions

CREATE OR REPLACE FUNCTION _nuvopipe.column_types() RETURNS TABLE (column_type text, output text, parameters text[])
	AS 'MODULE_PATHNAME', 'nuvopipe_column_types' LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 60;

CREATE OR REPLACE FUNCTION _nuvopipe.validation_kinds() RETURNS TABLE (kind text, parameter text)
	AS 'MODULE_PATHNAME', 'nuvopipe_validation_kinds' LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 11;

CREATE OR REPLACE FUNCTION nuvopipe_api.tdm_column_type(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	validations jsonb;
BEGIN
	PERFORM _nuvopipe.require_right('read', 'tdm');
	SELECT jsonb_agg(jsonb_build_object('validate', v.kind, 'parameters', array_remove(ARRAY[v.parameter], NULL)))
		INTO validations FROM _nuvopipe.validation_kinds() v;
	RETURN jsonb_build_object('data', (SELECT jsonb_agg(jsonb_build_object('columnType', t.column_type, 'output', t.output,
			'parameters', t.parameters, 'validations', validations)) FROM _nuvopipe.column_types() t));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.tdm_column_type IS 'GET /tdm/column-type: the types of columns with their parameters and validations.';

CREATE OR REPLACE FUNCTION nuvopipe_api.tdm_check(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
BEGIN
	PERFORM _nuvopipe.require_right('read', 'tdm');
	PERFORM _nuvopipe.check_body(args, ARRAY['name', 'columns', 'permissions', 'description', 'tags']);
	IF args ? 'name' THEN
		PERFORM _nuvopipe.check_name(_nuvopipe.given_text(args, 'name'));
	END IF;
	PERFORM _nuvopipe.body_description(args), _nuvopipe.body_tags(args), _nuvopipe.check_permissions(args -> 'permissions');
	IF jsonb_typeof(args -> 'columns') IS NOT DISTINCT FROM 'null' OR NOT args ? 'columns' THEN
		PERFORM _nuvopipe.fault('columns', 'must be given');
	END IF;
	PERFORM _nuvopipe.check_columns(args -> 'columns');
	RETURN '{"data": {"ok": true}}';
END
$$;
COMMENT ON FUNCTION nuvopipe_api.tdm_check IS
'POST /tdm/check: checks the body of a target data model and stores nothing. Errors: 22023 with the JSON path of the first fault.';

CREATE OR REPLACE FUNCTION nuvopipe_api.tdm_try(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
BEGIN
	PERFORM _nuvopipe.require_right('read', 'tdm');
	PERFORM _nuvopipe.check_body(args, ARRAY['column', 'values', 'value']);
	PERFORM _nuvopipe.expect_type(args -> 'column', 'column', 'object');
	PERFORM _nuvopipe.expect_type(args -> 'values', 'values', 'array');
	IF nullif(args -> 'column', 'null') IS NULL THEN
		PERFORM _nuvopipe.fault('column', 'must be given');
	ELSIF jsonb_typeof(args -> 'values') = 'array' THEN
		RETURN jsonb_build_object('data', (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('ok', c.ok, 'code', c.code, 'message', c.message))
				|| jsonb_build_object('output', c.output) ORDER BY c.position), '[]')
			FROM nuvopipe.cast_column(args -> 'column', args -> 'values') c));
	ELSIF args ? 'value' THEN
		RETURN jsonb_build_object('data', (SELECT jsonb_strip_nulls(jsonb_build_object('ok', c.ok, 'code', c.code, 'message', c.message))
				|| jsonb_build_object('output', c.output)
			FROM nuvopipe.cast_cell(args -> 'column', args -> 'value') c));
	END IF;
	PERFORM _nuvopipe.fault('values', 'must be given', 'An array is converted as one whole column, "value" as one cell.');
END
$$;
COMMENT ON FUNCTION nuvopipe_api.tdm_try IS
'POST /tdm/try {"column", "values": [...]}: converts and checks values as a whole column would; with "value" one cell alone. Answers ok, output, code and message for each.
Errors: 22023 with the JSON path of a fault in the column.';

-- A model made of the first rows of an upload, with what it was made by.
CREATE OR REPLACE FUNCTION _nuvopipe.draft_of_upload(value jsonb, options jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	up _nuvopipe.upload;
	draft jsonb;
	message text;
	hint text;
BEGIN
	PERFORM _nuvopipe.expect_type(value, 'source.upload', 'string');
	up := _nuvopipe.find_complete_upload(value #>> '{}');
	draft := _nuvopipe.tdm_from_blob(up.tenant_id, up.id, up.file_name, _nuvopipe.preview_options(options));
	RETURN jsonb_build_object('name', regexp_replace(_nuvopipe.safe_file_name(up.file_name, 'upload'), '(.)\.[^.]*$', '\1')) || draft;
EXCEPTION WHEN bad_copy_file_format OR SQLSTATE '02000' THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
	PERFORM _nuvopipe.fault('source.upload', message, nullif(hint, ''));
	RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.tdm_draft(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	source jsonb := args -> 'source';
	connector record;
BEGIN
	PERFORM _nuvopipe.require_right('create', 'tdm');
	PERFORM _nuvopipe.check_body(args, ARRAY['source']);
	PERFORM _nuvopipe.expect_type(source, 'source', 'object');
	IF nullif(source, 'null') IS NULL THEN
		PERFORM _nuvopipe.fault('source', 'must be given', 'For example {"source": {"upload": id}}.');
	END IF;
	IF source ? 'connector' THEN
		SELECT c.name, c.direction, c.configuration ->> 'relation' AS relation INTO connector FROM _nuvopipe.connector c
			WHERE c.tenant_id = _nuvopipe.tenant() AND c.id = _nuvopipe.body_reference('connector', source -> 'connector', 'source.connector');
		IF connector.relation IS NOT NULL THEN
			PERFORM _nuvopipe.require_relation(connector.relation, 'INPUT', NULL);
			RETURN jsonb_build_object('data', jsonb_build_object('name', connector.name,
				'columns', nuvopipe.tdm_from_table(connector.relation::regclass)));
		END IF;
	ELSIF source ? 'upload' THEN
		PERFORM _nuvopipe.check_members(source, 'source', ARRAY['upload']);
		RETURN jsonb_build_object('data', _nuvopipe.draft_of_upload(source -> 'upload', args -> 'options'));
	END IF;
	RAISE EXCEPTION 'source: drafts from this source are not supported yet' USING ERRCODE = 'feature_not_supported',
		HINT = 'Upload a file and give {"upload": id}, or give a connector of type TABLE that names a relation.';
END
$$;
COMMENT ON FUNCTION nuvopipe_api.tdm_draft IS
'POST /tdm/draft {"source": {"connector": id}} or {"source": {"upload": id}, "options"}: proposes a target data model from the table of a TABLE connector, or from the first rows of an upload. Nothing is stored.
Of an upload the answer has evidence, rows, whole, notes and source as well, as nuvopipe.tdm_from_sample; options: as for POST /preview.
Errors: 0A000 for every other source, 42501 without SELECT on the table, 42704 unknown upload, 55000 if it is not complete, 22023 if it cannot be read.';

-- A reference in a body, by id or name, to something the caller may use; null: not given.
CREATE OR REPLACE FUNCTION _nuvopipe.body_reference(kind text, value jsonb, path text) RETURNS uuid
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	message text;
	hint text;
BEGIN
	PERFORM _nuvopipe.expect_type(value, path, 'string');
	IF jsonb_typeof(value) IS DISTINCT FROM 'string' THEN
		RETURN NULL;
	END IF;
	RETURN CASE kind WHEN 'template' THEN _nuvopipe.template_id(value #>> '{}') ELSE _nuvopipe.find(kind, value #>> '{}') END;
EXCEPTION WHEN undefined_object OR ambiguous_alias THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
	PERFORM _nuvopipe.rethrow(SQLSTATE, path || ': ' || message, '', hint);
END
$$;

-- ---- routes

SELECT _nuvopipe.set_schema('PermissionLevel', '{"type": "object", "description": "PUBLIC: sub-organizations may use it too", "properties": {
	"level": {"enum": ["PUBLIC", "PRIVATE"], "default": "PRIVATE"}}}');

SELECT _nuvopipe.set_schema('Validation', '{"type": "object", "required": ["validate"], "properties": {
	"validate": {"enum": ["required", "unique", "regex", "required_with", "required_with_all", "required_without", "required_without_all",
		"required_with_values", "required_with_all_values", "required_without_values", "required_without_all_values"]},
	"regex": {"type": ["string", "null"], "description": "of regex: the pattern, ECMAScript dialect"},
	"columns": {"type": ["array", "null"], "items": {"type": "string"}, "description": "keys of other columns"},
	"columnValues": {"type": ["object", "null"], "description": "keys of other columns with a value or an array of values"},
	"errorMessage": {"type": ["string", "null"]}}}');

SELECT _nuvopipe.set_schema('Column', jsonb_set('{"type": "object", "required": ["key", "label"], "additionalProperties": true, "properties": {
	"key": {"type": "string", "examples": ["company_id"]},
	"label": {"type": "string", "examples": ["Company ID"]},
	"columnType": {},
	"type": {"type": "string", "deprecated": true, "description": "other name of columnType"},
	"description": {"type": "string"},
	"alternativeMatches": {"type": "array", "items": {"type": "string"}, "description": "other names it may have in an input"},
	"outputFormat": {"type": "string", "examples": ["DD.MM.YYYY"]},
	"numberFormat": {"enum": ["eu", "us"]},
	"options": {"type": "array", "items": {"type": "object"}},
	"dropdownOptions": {"type": "array", "items": {"type": "object"}},
	"optionConfiguration": {"type": "object"},
	"validations": {"type": "array", "items": {"$ref": "#/components/schemas/Validation"}}}}',
	'{properties,columnType}', jsonb_build_object('type', 'string', 'default', 'string', 'description', 'GET /tdm/column-type tells the parameters of each',
		'enum', (SELECT jsonb_agg(t.column_type) FROM _nuvopipe.column_types() t))));

SELECT _nuvopipe.set_schema('TdmInput', '{"type": "object", "properties": {
	"name": {"type": "string", "minLength": 1, "maxLength": 255, "examples": ["Sample TDM"]},
	"description": {"type": ["string", "null"]},
	"tags": {"type": ["array", "null"], "items": {"type": "string", "minLength": 1}},
	"columns": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Column"}},
	"permissions": {"$ref": "#/components/schemas/PermissionLevel"}},
	"examples": [{"name": "Sample TDM", "columns": [{"key": "company_id", "label": "Company ID", "columnType": "string", "validations": [{"validate": "unique"}]}],
		"permissions": {"level": "PUBLIC"}}]}');

SELECT _nuvopipe.set_schema('Audit', '{"type": "object", "required": ["id", "created_at", "updated_at"], "properties": {
	"id": {"type": "string", "format": "uuid", "readOnly": true},
	"created_at": {"type": "string", "format": "date-time", "readOnly": true},
	"created_by": {"$ref": "#/components/schemas/Actor"},
	"updated_at": {"type": "string", "format": "date-time", "readOnly": true},
	"updated_by": {"$ref": "#/components/schemas/Actor"}}}');

SELECT _nuvopipe.set_schema('Tdm', '{"allOf": [{"$ref": "#/components/schemas/Audit"}, {"$ref": "#/components/schemas/TdmInput"},
	{"type": "object", "required": ["name", "columns", "permissions"]}]}');

SELECT _nuvopipe.set_schema('Deleted', '{"type": "object", "required": ["message"], "properties": {"message": {"const": "success"}}}');

SELECT _nuvopipe.set_schema('Usage', '{"type": "object", "required": ["data"], "properties": {"data": {"type": "array", "items": {"type": "object",
	"required": ["type", "id", "name"], "properties": {"type": {"enum": ["pipeline", "template"]}, "id": {"type": "string", "format": "uuid"}, "name": {"type": "string"}}}}}}');

SELECT _nuvopipe.set_schema('ColumnType', '{"type": "object", "required": ["columnType", "output", "parameters", "validations"], "properties": {
	"columnType": {"type": "string", "examples": ["date"]},
	"output": {"enum": ["string", "integer", "number", "boolean", "any"], "description": "JSON type of the values, unless a parameter changes it"},
	"parameters": {"type": "array", "items": {"type": "string"}, "description": "members a column of this type may have"},
	"validations": {"type": "array", "items": {"type": "object", "properties": {"validate": {"type": "string"}, "parameters": {"type": "array", "items": {"type": "string"}}}}}}}');

SELECT _nuvopipe.set_schema('CellResult', '{"type": "object", "required": ["ok"], "properties": {
	"ok": {"type": "boolean"}, "output": {"description": "null for an empty cell"}, "code": {"type": "string"}, "message": {"type": "string"}}}');

-- {"data": thing} and {"data": [thing], "pagination"}
CREATE OR REPLACE FUNCTION _nuvopipe.data_of(schema text) RETURNS jsonb
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_build_object('type', 'object', 'required', jsonb_build_array('data'),
		'properties', jsonb_build_object('data', jsonb_build_object('$ref', '#/components/schemas/' || schema)));
END;

CREATE OR REPLACE FUNCTION _nuvopipe.list_of(schema text, paged boolean DEFAULT true) RETURNS jsonb
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_build_object('type', 'object', 'required', CASE WHEN paged THEN '["data", "pagination"]'::jsonb ELSE '["data"]' END,
		'properties', jsonb_build_object('data', jsonb_build_object('type', 'array', 'items', jsonb_build_object('$ref', '#/components/schemas/' || schema)))
			|| CASE WHEN paged THEN '{"pagination": {"$ref": "#/components/schemas/Pagination"}}'::jsonb ELSE '{}' END);
END;

-- a body; required: the members that a new object needs
CREATE OR REPLACE FUNCTION _nuvopipe.body_of(schema text, required text[] DEFAULT '{}') RETURNS jsonb
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN required = '{}' THEN jsonb_build_object('$ref', '#/components/schemas/' || schema)
		ELSE jsonb_build_object('allOf', jsonb_build_array(jsonb_build_object('$ref', '#/components/schemas/' || schema),
			jsonb_build_object('type', 'object', 'required', to_jsonb(required)))) END;
END;

SELECT _nuvopipe.set_route('POST', '/dp/api/v1/tdm', 'tdm_create', 'Create a target data model', status => 201,
	request => _nuvopipe.body_of('TdmInput', ARRAY['name', 'columns']), response => _nuvopipe.data_of('Tdm'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/tdm', 'tdm_list', 'List target data models', response => _nuvopipe.list_of('Tdm'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/tdm/{id}', 'tdm_read', 'Read a target data model', object => 'tdm', reader => 'tdm_read',
	response => _nuvopipe.data_of('Tdm'));
SELECT _nuvopipe.set_route('PUT', '/dp/api/v1/tdm/{id}', 'tdm_update', 'Update a target data model: the members that are given', object => 'tdm', reader => 'tdm_read',
	request => _nuvopipe.body_of('TdmInput'), response => _nuvopipe.data_of('Tdm'));
SELECT _nuvopipe.set_route('DELETE', '/dp/api/v1/tdm/{id}', 'tdm_delete', 'Delete a target data model that nothing uses', object => 'tdm', reader => 'tdm_read',
	response => _nuvopipe.body_of('Deleted'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/tdm/{id}/usage', 'tdm_usage', 'List what uses a target data model', response => _nuvopipe.body_of('Usage'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/tdm/column-type', 'tdm_column_type', 'List the types of columns', response => _nuvopipe.list_of('ColumnType', false));
SELECT _nuvopipe.set_route('POST', '/dp/api/v1/tdm/check', 'tdm_check', 'Check a target data model without storing it', rate => 'read',
	request => _nuvopipe.body_of('TdmInput', ARRAY['columns']),
	response => '{"type": "object", "required": ["data"], "properties": {"data": {"type": "object", "properties": {"ok": {"const": true}}}}}');
SELECT _nuvopipe.set_route('POST', '/dp/api/v1/tdm/try', 'tdm_try', 'Convert and check values by a column', rate => 'read',
	request => '{"type": "object", "required": ["column"], "properties": {"column": {"type": "object", "description": "a column; key and label may be left out"},
		"values": {"type": "array", "description": "a whole column"}, "value": {"description": "one cell"}},
		"examples": [{"column": {"columnType": "date", "outputFormat": "DD.MM.YYYY"}, "values": ["2024-09-21", "tomorrow"]}]}',
	response => '{"type": "object", "required": ["data"], "properties": {"data": {"oneOf": [
		{"type": "array", "items": {"$ref": "#/components/schemas/CellResult"}}, {"$ref": "#/components/schemas/CellResult"}]}}}');
SELECT _nuvopipe.set_route('POST', '/dp/api/v1/tdm/draft', 'tdm_draft', 'Propose a target data model from a source', rate => 'read',
	request => '{"type": "object", "required": ["source"], "properties": {"source": {"type": "object", "properties": {"connector": {"type": "string"}, "upload": {"type": "string"}}},
		"options": {"type": "object", "description": "of an upload: what is not to be guessed"}}}',
	response => _nuvopipe.data_of('TdmInput'));
