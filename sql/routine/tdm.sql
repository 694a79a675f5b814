
/*
 * Target data models.
 *
 * Locks: whoever refers to an object from a new definition holds it FOR KEY
 * SHARE; whoever deletes or changes it, FOR UPDATE, and looks for references
 * only then.  So no definition is left pointing at nothing.
 */

-- 42710 for a name that is taken.  in: a unique violation being handled, with its constraint
CREATE OR REPLACE FUNCTION _nuvopipe.name_taken(kind text, name text) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION '% "%" already exists', kind, name USING ERRCODE = 'duplicate_object';
END
$$;

/*
 * Refuse to delete what current pipelines, waiting executions or templates refer
 * to.  Those that the caller may not see are counted and not named.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.refuse_use(kind text, object_id uuid, object_name text) RETURNS void
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	tenant uuid := _nuvopipe.tenant();
	users text;
	hidden bigint;
BEGIN
	SELECT string_agg(u.what, ', ' ORDER BY u.what) FILTER (WHERE u.seen), count(*) FILTER (WHERE NOT u.seen) INTO users, hidden FROM (
		SELECT format('pipeline "%s"', p.name) AS what, p.id, _nuvopipe.can('read', 'pipeline', p.owner_id, o.role) AS seen
			FROM _nuvopipe.pipeline_configuration c JOIN _nuvopipe.pipeline p ON p.configuration_id = c.id
				JOIN _nuvopipe.owner o ON o.id = p.owner_id
			WHERE c.tenant_id = tenant AND (object_id IN (c.tdm_id, c.input_connector_id, c.output_connector_id)
				OR c.schedule_config -> 'calendars' ? object_id::text)
		UNION
		SELECT format('template "%s"', t.name), t.id, _nuvopipe.can('read', 'template', t.owner_id, o.role)
			FROM _nuvopipe.pipeline_template t JOIN _nuvopipe.owner o ON o.id = t.owner_id
			WHERE t.tenant_id = tenant AND (t.definition ->> 'tdm' = object_id::text
				OR t.definition -> 'input_connectors' ? object_id::text
				OR t.definition -> 'output_connectors' ? object_id::text
				OR t.definition #> '{schedule_config,calendars}' ? object_id::text)
		UNION
		SELECT format('execution %s', e.id), e.id, _nuvopipe.can('read', 'execution', e.owner_id, e.owner_role)
			FROM _nuvopipe.execution e JOIN _nuvopipe.pipeline_configuration c ON c.id = e.configuration_id
			WHERE e.tenant_id = tenant AND e.status IN ('QUEUED', 'RUNNING')
				AND object_id IN (c.tdm_id, c.input_connector_id, c.output_connector_id)) u;
	IF users IS NOT NULL OR hidden > 0 THEN
		RAISE EXCEPTION 'cannot delete % "%" because it is in use', kind, object_name
			USING ERRCODE = 'dependent_objects_still_exist', DETAIL = 'It is used by '
				|| concat_ws(' and by ', users, CASE WHEN hidden > 0 THEN hidden || CASE WHEN users IS NOT NULL THEN ' more' ELSE '' END
					|| ' that you may not see' END) || '.';
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.create_tdm(name text, columns jsonb, permissions jsonb DEFAULT NULL,
		description text DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	new_id uuid := _nuvopipe.uuid_v7();
	moment timestamptz := clock_timestamp();
	level text := _nuvopipe.check_permissions(permissions);
BEGIN
	PERFORM _nuvopipe.require_right('create', 'tdm');
	PERFORM _nuvopipe.check_name(name);
	IF columns IS NULL THEN
		PERFORM _nuvopipe.fault('columns', 'must be given');
	END IF;
	PERFORM _nuvopipe.check_columns(columns);
	INSERT INTO _nuvopipe.tdm (id, tenant_id, owner_id, name, description, tags, columns, permissions_level,
			created_at, created_by, updated_at, updated_by)
		VALUES (new_id, _nuvopipe.tenant(), me, name, description, coalesce(tags, '{}'), columns, coalesce(level, 'PRIVATE'),
			moment, me, moment, me);
	RETURN new_id;
EXCEPTION WHEN unique_violation THEN
	PERFORM _nuvopipe.name_taken('tdm', name);
END
$$;
COMMENT ON FUNCTION nuvopipe.create_tdm IS
'Defines a target data model: the columns that data is mapped to, with their types and validations.
name: unique among what the caller owns. columns: array of column objects (key, label, columnType, validations, ...), kept as given. permissions: {"level": "PUBLIC"} lets every user of nuvopipe use it; default PRIVATE. description, tags: free.
Returns the id.
Errors: 22023 with the JSON path of a fault, 42710 if the name is taken, 42501 without membership in nuvopipe_user.';

-- A changed model must still have the columns that pipelines map to.
CREATE OR REPLACE FUNCTION _nuvopipe.refuse_lost_target(tdm_id uuid, columns jsonb) RETURNS void
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	lost record;
BEGIN
	SELECT format('pipeline "%s"', p.name) AS name, m.item ->> 'target_column' AS key, _nuvopipe.can('read', 'pipeline', p.owner_id, o.role) AS seen INTO lost
		FROM _nuvopipe.pipeline_configuration c
			JOIN _nuvopipe.pipeline p ON p.configuration_id = c.id
			JOIN _nuvopipe.owner o ON o.id = p.owner_id
			CROSS JOIN LATERAL jsonb_array_elements(nullif(c.mapping_config -> 'mappings', 'null')) AS m (item)
		WHERE c.tenant_id = _nuvopipe.tenant() AND c.tdm_id = refuse_lost_target.tdm_id
			AND NOT EXISTS (SELECT FROM jsonb_array_elements(columns) AS k (item) WHERE k.item ->> 'key' = m.item ->> 'target_column')
		ORDER BY seen DESC, p.name
		LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'columns: column "%" is missing but % maps to it', lost.key, CASE WHEN lost.seen THEN lost.name ELSE 'a pipeline that you may not see' END
			USING ERRCODE = 'dependent_objects_still_exist', HINT = 'Change the mapping of the pipeline first.';
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.update_tdm(tdm text, name text DEFAULT NULL, columns jsonb DEFAULT NULL, permissions jsonb DEFAULT NULL,
		description text DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	object_id uuid := _nuvopipe.find('tdm', tdm, 'write');
	level text := _nuvopipe.check_permissions(permissions);
BEGIN
	IF name IS NOT NULL THEN
		PERFORM _nuvopipe.check_name(name);
	END IF;
	IF columns IS NOT NULL THEN
		PERFORM _nuvopipe.check_columns(columns);
		PERFORM FROM _nuvopipe.tdm t WHERE t.tenant_id = _nuvopipe.tenant() AND t.id = object_id FOR UPDATE;
		PERFORM _nuvopipe.refuse_lost_target(object_id, columns);
	END IF;
	UPDATE _nuvopipe.tdm t SET
			name = coalesce(name, t.name),
			columns = coalesce(columns, t.columns),
			permissions_level = coalesce(level, t.permissions_level),
			description = nullif(coalesce(description, t.description), ''),
			tags = coalesce(tags, t.tags),
			updated_at = clock_timestamp(),
			updated_by = me
		WHERE t.tenant_id = _nuvopipe.tenant() AND t.id = object_id;
	PERFORM _nuvopipe.require_there(FOUND, 'tdm', tdm);
	RETURN object_id;
EXCEPTION WHEN unique_violation THEN
	PERFORM _nuvopipe.name_taken('tdm', name);
END
$$;
COMMENT ON FUNCTION nuvopipe.update_tdm IS
'Changes a target data model; arguments that are null keep what is stored.
tdm: name or id. The others as for create_tdm; an empty description takes it away. Executions that start later use the new columns.
Returns the id.
Errors: 22023 with the JSON path, 42704 if there is no such model, 42501 if it is not the caller''s, 42710 if the name is taken, 2BP01 if a pipeline maps to a column that would vanish.';

CREATE OR REPLACE FUNCTION nuvopipe.delete_tdm(tdm text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	object_id uuid := _nuvopipe.find('tdm', tdm, 'delete');
	object_name text;
BEGIN
	SELECT t.name INTO object_name FROM _nuvopipe.tdm t
		WHERE t.tenant_id = _nuvopipe.tenant() AND t.id = object_id FOR UPDATE;
	PERFORM _nuvopipe.require_there(FOUND, 'tdm', tdm);
	PERFORM _nuvopipe.refuse_use('tdm', object_id, object_name);
	DELETE FROM _nuvopipe.tdm t WHERE t.tenant_id = _nuvopipe.tenant() AND t.id = object_id;
END
$$;
COMMENT ON FUNCTION nuvopipe.delete_tdm IS
'Deletes a target data model that nothing uses.
tdm: name or id.
Errors: 42704 if there is no such model, 42501 if it is not the caller''s, 2BP01 naming the pipelines, templates and waiting executions that use it.';
