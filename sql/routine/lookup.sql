
/*
 * Objects are named by name or id.  Whoever may not see an object is told that
 * it does not exist.
 */
CREATE OR REPLACE VIEW _nuvopipe.resource AS
	SELECT 'tdm' AS kind, id, tenant_id, name, owner_id, permissions_level = 'PUBLIC' AS shared FROM _nuvopipe.tdm
	UNION ALL
	SELECT 'connector', id, tenant_id, name, owner_id, permissions_level = 'PUBLIC' FROM _nuvopipe.connector
	UNION ALL
	SELECT 'template', id, tenant_id, name, owner_id, false FROM _nuvopipe.pipeline_template
	UNION ALL
	SELECT 'pipeline', id, tenant_id, name, owner_id, false FROM _nuvopipe.pipeline;

CREATE OR REPLACE FUNCTION _nuvopipe.is_uuid(value text) RETURNS boolean
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT value ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$';
END;

CREATE OR REPLACE FUNCTION _nuvopipe.visible_names(kind text) RETURNS text[]
	LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN ARRAY(SELECT r.name FROM _nuvopipe.resource r JOIN _nuvopipe.principal p ON p.id = r.owner_id
		WHERE r.kind = visible_names.kind AND r.tenant_id = _nuvopipe.tenant()
			AND (r.shared OR _nuvopipe.acts_for(p.database_role))
		ORDER BY r.name);
END
$$;

-- The id of an object the caller may use; with manage, of one that is the caller's own.
CREATE OR REPLACE FUNCTION _nuvopipe.find(kind text, ref text, manage boolean DEFAULT false) RETURNS uuid
	LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	tenant uuid := _nuvopipe.tenant();
	ref_id uuid;
	hit record;
	near text;
BEGIN
	PERFORM _nuvopipe.require_user();
	IF ref IS NULL THEN
		RAISE EXCEPTION '% must be given', kind USING ERRCODE = 'null_value_not_allowed',
			HINT = format('Give the name or the id of a %s.', kind);
	END IF;
	IF _nuvopipe.is_uuid(ref) THEN
		ref_id := ref::uuid;
		SELECT r.id, r.name, r.shared, _nuvopipe.acts_for(p.database_role) AS mine INTO hit
			FROM _nuvopipe.resource r JOIN _nuvopipe.principal p ON p.id = r.owner_id
			WHERE r.kind = find.kind AND r.tenant_id = tenant AND r.id = ref_id;
	ELSE
		SELECT r.id, r.name, r.shared, _nuvopipe.acts_for(p.database_role) AS mine INTO hit
			FROM _nuvopipe.resource r JOIN _nuvopipe.principal p ON p.id = r.owner_id
			WHERE r.kind = find.kind AND r.tenant_id = tenant AND r.name = ref;
	END IF;

	IF hit.mine OR (hit.shared AND NOT manage) THEN
		RETURN hit.id;
	ELSIF hit.shared THEN
		RAISE EXCEPTION 'must be owner of % "%"', kind, hit.name USING ERRCODE = 'insufficient_privilege';
	END IF;
	near := _nuvopipe.closest(ref, _nuvopipe.visible_names(kind));
	IF near IS NULL THEN
		RAISE EXCEPTION '% "%" does not exist', kind, ref USING ERRCODE = 'undefined_object';
	END IF;
	RAISE EXCEPTION '% "%" does not exist', kind, ref USING ERRCODE = 'undefined_object',
		HINT = format('Perhaps you meant "%s".', near);
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.tdm_id(tdm text) RETURNS uuid
	LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN _nuvopipe.find('tdm', tdm); END $$;

CREATE OR REPLACE FUNCTION _nuvopipe.connector_id(connector text) RETURNS uuid
	LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN _nuvopipe.find('connector', connector); END $$;

CREATE OR REPLACE FUNCTION _nuvopipe.template_id(template text) RETURNS uuid
	LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN _nuvopipe.find('template', template); END $$;

CREATE OR REPLACE FUNCTION _nuvopipe.pipeline_id(pipeline text) RETURNS uuid
	LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN _nuvopipe.find('pipeline', pipeline); END $$;
