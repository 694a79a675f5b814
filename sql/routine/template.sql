
-- Templates preset any subset of a pipeline; references are stored as ids.

-- One-element arrays of references, as nuvo writes them; the reference or null.
CREATE OR REPLACE FUNCTION _nuvopipe.single_reference(value jsonb, path text) RETURNS text
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.expect_strings(value, path);
	IF jsonb_typeof(value) = 'array' AND jsonb_array_length(value) > 1 THEN
		RAISE EXCEPTION '%: more than one connector is not supported', path USING ERRCODE = 'feature_not_supported';
	END IF;
	RETURN value ->> 0;
END
$$;

-- The id of a connector of the wanted direction, held against deletion.
CREATE OR REPLACE FUNCTION _nuvopipe.use_connector(connector text, direction text, path text) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_id uuid := _nuvopipe.connector_id(connector);
	found_direction text;
BEGIN
	SELECT c.direction INTO found_direction FROM _nuvopipe.connector c
		WHERE c.tenant_id = _nuvopipe.tenant() AND c.id = found_id FOR KEY SHARE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'connector "%" does not exist', connector USING ERRCODE = 'undefined_object';
	ELSIF found_direction <> direction THEN
		PERFORM _nuvopipe.fault(path, format('connector "%s" is an %s connector', connector, lower(found_direction)),
			format('An %s connector is needed here.', lower(direction)));
	END IF;
	RETURN found_id;
END
$$;

-- The id of a model, held against deletion.
CREATE OR REPLACE FUNCTION _nuvopipe.use_tdm(tdm text) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_id uuid := _nuvopipe.tdm_id(tdm);
BEGIN
	PERFORM FROM _nuvopipe.tdm t WHERE t.tenant_id = _nuvopipe.tenant() AND t.id = found_id FOR KEY SHARE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'tdm "%" does not exist', tdm USING ERRCODE = 'undefined_object';
	END IF;
	RETURN found_id;
END
$$;

-- Check a definition; the same with ids for names.
CREATE OR REPLACE FUNCTION _nuvopipe.check_template(definition jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	result jsonb := definition;
	input text;
	output text;
	tdm text := definition ->> 'tdm';
	model_id uuid;
	columns jsonb;
BEGIN
	IF jsonb_typeof(definition) IS DISTINCT FROM 'object' THEN
		PERFORM _nuvopipe.fault('definition', 'an object is expected');
	END IF;
	PERFORM _nuvopipe.check_members(definition, 'definition', ARRAY['pipeline_name', 'input_connectors', 'output_connectors', 'tdm',
		'mapping_config', 'schedule_config', 'error_config', 'developer_mode', 'options']);
	PERFORM _nuvopipe.expect_type(definition -> 'pipeline_name', 'definition.pipeline_name', 'string');
	PERFORM _nuvopipe.expect_type(definition -> 'tdm', 'definition.tdm', 'string');
	PERFORM _nuvopipe.expect_type(definition -> 'developer_mode', 'definition.developer_mode', 'boolean');
	PERFORM _nuvopipe.check_members(definition -> 'error_config', 'definition.error_config', ARRAY['error_threshold']);
	PERFORM _nuvopipe.expect_number(definition #> '{error_config,error_threshold}', 'definition.error_config.error_threshold', 0, 100);
	PERFORM _nuvopipe.check_schedule(definition -> 'schedule_config', 'definition.schedule_config');
	PERFORM _nuvopipe.check_options(definition -> 'options', 'definition.options');

	IF jsonb_typeof(definition -> 'schedule_config') = 'object' THEN
		result := jsonb_set(result, '{schedule_config}', _nuvopipe.use_calendars(definition -> 'schedule_config'));
	END IF;
	input := _nuvopipe.single_reference(definition -> 'input_connectors', 'definition.input_connectors');
	IF input IS NOT NULL THEN
		result := jsonb_set(result, '{input_connectors,0}',
			to_jsonb(_nuvopipe.use_connector(input, 'INPUT', 'definition.input_connectors[0]')));
	END IF;
	output := _nuvopipe.single_reference(definition -> 'output_connectors', 'definition.output_connectors');
	IF output IS NOT NULL THEN
		result := jsonb_set(result, '{output_connectors,0}',
			to_jsonb(_nuvopipe.use_connector(output, 'OUTPUT', 'definition.output_connectors[0]')));
	END IF;
	IF tdm IS NOT NULL THEN
		model_id := _nuvopipe.use_tdm(tdm);
		result := jsonb_set(result, '{tdm}', to_jsonb(model_id));
		SELECT t.columns INTO columns FROM _nuvopipe.tdm t WHERE t.tenant_id = _nuvopipe.tenant() AND t.id = model_id;
		PERFORM _nuvopipe.check_mapping(definition -> 'mapping_config', columns, 'definition.mapping_config');
	ELSIF jsonb_typeof(definition -> 'mapping_config') <> 'null' THEN
		PERFORM _nuvopipe.fault('definition.mapping_config', 'needs a tdm to map to', 'Preset "tdm" as well.');
	END IF;
	RETURN result;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.create_template(name text, definition jsonb,
		description text DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	new_id uuid := _nuvopipe.uuid_v7();
	moment timestamptz := clock_timestamp();
BEGIN
	PERFORM _nuvopipe.require_right('create', 'template');
	PERFORM _nuvopipe.check_name(name);
	INSERT INTO _nuvopipe.pipeline_template (id, tenant_id, owner_id, name, description, tags, definition,
			created_at, created_by, updated_at, updated_by)
		VALUES (new_id, _nuvopipe.tenant(), me, name, description, coalesce(tags, '{}'), _nuvopipe.check_template(definition),
			moment, me, moment, me);
	RETURN new_id;
EXCEPTION WHEN unique_violation THEN
	PERFORM _nuvopipe.name_taken('template', name);
END
$$;
COMMENT ON FUNCTION nuvopipe.create_template IS
'Defines a template: presets for pipelines made with create_pipeline(template => ...).
name: unique among what the caller owns. definition: object with any of pipeline_name, input_connectors and output_connectors (arrays of one name or id), tdm (name or id), mapping_config, schedule_config, error_config {"error_threshold"}, developer_mode, options. description, tags: free.
Returns the id.
Errors: 22023 with the JSON path of a fault, 42704 for unknown objects, 42710 if the name is taken, 0A000 for more than one connector, 42501 without membership in nuvopipe_user.';

CREATE OR REPLACE FUNCTION nuvopipe.update_template(template text, name text DEFAULT NULL, definition jsonb DEFAULT NULL,
		description text DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	object_id uuid := _nuvopipe.find('template', template, 'write');
	checked jsonb;
BEGIN
	IF name IS NOT NULL THEN
		PERFORM _nuvopipe.check_name(name);
	END IF;
	IF definition IS NOT NULL THEN
		checked := _nuvopipe.check_template(definition);
	END IF;
	UPDATE _nuvopipe.pipeline_template t SET
			name = coalesce(name, t.name),
			definition = coalesce(checked, t.definition),
			description = nullif(coalesce(description, t.description), ''),
			tags = coalesce(tags, t.tags),
			updated_at = clock_timestamp(),
			updated_by = me
		WHERE t.tenant_id = _nuvopipe.tenant() AND t.id = object_id;
	PERFORM _nuvopipe.require_there(FOUND, 'template', template);
	RETURN object_id;
EXCEPTION WHEN unique_violation THEN
	PERFORM _nuvopipe.name_taken('template', name);
END
$$;
COMMENT ON FUNCTION nuvopipe.update_template IS
'Changes a template; arguments that are null keep what is stored. Pipelines made from it before are not touched.
template: name or id. The others as for create_template; definition replaces the stored one, an empty description takes it away.
Returns the id.
Errors: as create_template, and 42704 if there is no such template.';

CREATE OR REPLACE FUNCTION nuvopipe.delete_template(template text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	object_id uuid := _nuvopipe.find('template', template, 'delete');
BEGIN
	DELETE FROM _nuvopipe.pipeline_template t WHERE t.tenant_id = _nuvopipe.tenant() AND t.id = object_id;
	PERFORM _nuvopipe.require_there(FOUND, 'template', template);
END
$$;
COMMENT ON FUNCTION nuvopipe.delete_template IS
'Deletes a template. Pipelines made from it are not touched.
template: name or id.
Errors: 42704 if there is no such template.';
