
/*
 * Objects are named by name or id.  Whoever may not see an object is told that
 * it does not exist.
 */
CREATE OR REPLACE VIEW _nuvopipe.resource AS
	SELECT r.kind, r.id, r.tenant_id, r.name, r.owner_id, o.role AS owner_role, r.is_public AND o.kind <> 'SUB_ORG' AS shared
		FROM (
			SELECT 'tdm' AS kind, id, tenant_id, name, owner_id, permissions_level = 'PUBLIC' AS is_public FROM _nuvopipe.tdm
			UNION ALL
			SELECT 'connector', id, tenant_id, name, owner_id, permissions_level = 'PUBLIC' FROM _nuvopipe.connector
			UNION ALL
			SELECT 'template', id, tenant_id, name, owner_id, false FROM _nuvopipe.pipeline_template
			UNION ALL
			SELECT 'pipeline', id, tenant_id, name, owner_id, false FROM _nuvopipe.pipeline
			UNION ALL
			SELECT 'calendar', id, tenant_id, name, owner_id, permissions_level = 'PUBLIC' FROM _nuvopipe.calendar
			UNION ALL
			SELECT 'webhook', id, tenant_id, name, owner_id, false FROM _nuvopipe.webhook
			UNION ALL
			SELECT 'trigger', id, tenant_id, name, owner_id, false FROM _nuvopipe.trigger) r
		JOIN _nuvopipe.owner o ON o.id = r.owner_id;

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
	RETURN ARRAY(SELECT r.name FROM _nuvopipe.resource r
		WHERE r.kind = visible_names.kind AND r.tenant_id = _nuvopipe.tenant()
			AND _nuvopipe.can('read', r.kind, r.owner_id, r.owner_role, r.shared)
		ORDER BY r.name);
END
$$;

-- The id of an object on which the caller may do verb (create, read, write, delete); read is to use it.
CREATE OR REPLACE FUNCTION _nuvopipe.find(kind text, ref text, verb text DEFAULT 'read') RETURNS uuid
	AS 'MODULE_PATHNAME', 'nuvopipe_find' LANGUAGE C STABLE PARALLEL SAFE;

-- What it asks for where that is not simply the caller's own (src/fn/fn_identity.c).  The right to verb was looked at.
CREATE OR REPLACE FUNCTION _nuvopipe.find_any(kind text, ref text, verb text) RETURNS uuid
	LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	tenant uuid := _nuvopipe.tenant();
	own_id uuid := coalesce(_nuvopipe.token_principal(),
		(SELECT p.id FROM _nuvopipe.principal p WHERE p.database_role = _nuvopipe.caller()));
	ref_id uuid;
	hit record;
	near text;
BEGIN
	IF _nuvopipe.is_uuid(ref) THEN
		ref_id := ref::uuid;
		SELECT r.id, r.name, _nuvopipe.can(verb, r.kind, r.owner_id, r.owner_role, r.shared) AS allowed, 1::bigint AS hits INTO hit
			FROM _nuvopipe.resource r
			WHERE r.kind = find_any.kind AND r.tenant_id = tenant AND r.id = ref_id
				AND _nuvopipe.can('read', r.kind, r.owner_id, r.owner_role, r.shared);
	ELSE
		-- names are unique among what one owner has; the caller's own come first
		SELECT r.id, r.name, _nuvopipe.can(verb, r.kind, r.owner_id, r.owner_role, r.shared) AS allowed,
				count(*) OVER (PARTITION BY r.owner_id IS NOT DISTINCT FROM own_id) AS hits
			INTO hit
			FROM _nuvopipe.resource r
			WHERE r.kind = find_any.kind AND r.tenant_id = tenant AND r.name = ref
				AND _nuvopipe.can('read', r.kind, r.owner_id, r.owner_role, r.shared)
			ORDER BY r.owner_id IS NOT DISTINCT FROM own_id DESC
			LIMIT 1;
	END IF;

	IF hit.hits > 1 THEN
		RAISE EXCEPTION 'there is more than one % "%"', kind, ref USING ERRCODE = 'ambiguous_alias',
			HINT = 'They have different owners; give the id.';
	ELSIF hit.allowed THEN
		RETURN hit.id;
	ELSIF hit.id IS NOT NULL THEN
		RAISE EXCEPTION 'must be owner of % "%"', kind, hit.name USING ERRCODE = 'insufficient_privilege';
	END IF;
	IF ref_id IS NULL THEN
		near := _nuvopipe.closest(ref, _nuvopipe.visible_names(kind));
	END IF;
	IF near IS NULL THEN
		RAISE EXCEPTION '% "%" does not exist', kind, ref USING ERRCODE = 'undefined_object';
	END IF;
	RAISE EXCEPTION '% "%" does not exist', kind, ref USING ERRCODE = 'undefined_object',
		HINT = format('Perhaps you meant "%s".', near);
END
$$;

-- What find() has found may be deleted while its row is waited for: who comes second hears what who comes later hears.
CREATE OR REPLACE FUNCTION _nuvopipe.require_there(there boolean, kind text, ref text) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF there IS NOT TRUE THEN
		RAISE EXCEPTION '% "%" does not exist', kind, ref USING ERRCODE = 'undefined_object';
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.tdm_id(tdm text) RETURNS uuid
	LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN _nuvopipe.find('tdm', tdm); END $$;

CREATE OR REPLACE FUNCTION _nuvopipe.connector_id(connector text) RETURNS uuid
	LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN _nuvopipe.find('connector', connector); END $$;

-- Templates are for users; a sub-organization may make pipelines from those of its organization, by id, and no more.
CREATE OR REPLACE FUNCTION _nuvopipe.template_id(template text) RETURNS uuid
	LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	found_id uuid;
BEGIN
	IF NOT EXISTS (SELECT FROM _nuvopipe.principal p WHERE p.id = _nuvopipe.token_principal() AND p.kind = 'SUB_ORG') THEN
		RETURN _nuvopipe.find('template', template);
	END IF;
	SELECT t.id INTO found_id
		FROM _nuvopipe.pipeline_template t JOIN _nuvopipe.principal o ON o.id = t.owner_id
		WHERE t.tenant_id = _nuvopipe.tenant() AND t.id = CASE WHEN _nuvopipe.is_uuid(template) THEN template::uuid END AND o.kind <> 'SUB_ORG';
	IF NOT FOUND THEN
		RAISE EXCEPTION 'template "%" does not exist', template USING ERRCODE = 'undefined_object';
	END IF;
	RETURN found_id;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.pipeline_id(pipeline text) RETURNS uuid
	LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN _nuvopipe.find('pipeline', pipeline); END $$;
