
/*
 * Identity: who calls, as which principal, in which organisation.
 *
 * API functions run as the owner of the extension, so they never ask
 * current_user; they ask _nuvopipe.caller().
 */
CREATE OR REPLACE FUNCTION _nuvopipe.uuid_v7() RETURNS uuid
	AS 'MODULE_PATHNAME', 'nuvopipe_uuid_v7' LANGUAGE C STRICT VOLATILE PARALLEL SAFE;

CREATE OR REPLACE FUNCTION _nuvopipe.closest(word text, words text[]) RETURNS text
	AS 'MODULE_PATHNAME', 'nuvopipe_closest' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;

CREATE OR REPLACE FUNCTION _nuvopipe.caller() RETURNS name
	AS 'MODULE_PATHNAME', 'nuvopipe_caller' LANGUAGE C STRICT STABLE PARALLEL SAFE;

CREATE OR REPLACE FUNCTION _nuvopipe.acts_for(role name) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nuvopipe_acts_for' LANGUAGE C STRICT STABLE PARALLEL SAFE;

CREATE OR REPLACE FUNCTION _nuvopipe.has_rights_of(role name) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nuvopipe_has_rights_of' LANGUAGE C STRICT STABLE PARALLEL SAFE;

CREATE OR REPLACE FUNCTION _nuvopipe.require_user() RETURNS void
	AS 'MODULE_PATHNAME', 'nuvopipe_require_user' LANGUAGE C STRICT STABLE PARALLEL SAFE;

CREATE OR REPLACE FUNCTION _nuvopipe.default_tenant() RETURNS uuid
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT '00000000-0000-7000-8000-000000000001'::uuid;
END;

-- The caller's organisation.  Stable and cheap: views name it in every query.
CREATE OR REPLACE FUNCTION _nuvopipe.tenant() RETURNS uuid
	LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN coalesce((SELECT p.tenant_id FROM _nuvopipe.principal p WHERE p.database_role = _nuvopipe.caller()),
		_nuvopipe.default_tenant());
END
$$;

-- The caller's principal, made on first use: a database role needs no set-up beyond its grants.
CREATE OR REPLACE FUNCTION _nuvopipe.me() RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	caller name := _nuvopipe.caller();
	found_id uuid;
	new_id uuid;
	moment timestamptz := clock_timestamp();
BEGIN
	PERFORM _nuvopipe.require_user();
	SELECT p.id INTO found_id FROM _nuvopipe.principal p WHERE p.database_role = caller;
	IF found_id IS NOT NULL THEN
		RETURN found_id;
	END IF;

	new_id := _nuvopipe.uuid_v7();
	INSERT INTO _nuvopipe.organization (id, name, created_at, created_by, updated_at, updated_by)
		VALUES (_nuvopipe.default_tenant(), 'default', moment, new_id, moment, new_id)
		ON CONFLICT (id) DO NOTHING;
	INSERT INTO _nuvopipe.principal (id, tenant_id, kind, name, identifier, database_role,
			created_at, created_by, updated_at, updated_by)
		VALUES (new_id, _nuvopipe.default_tenant(), 'ROLE', caller, caller, caller, moment, new_id, moment, new_id)
		ON CONFLICT (database_role) DO NOTHING;
	-- another session may have been first
	SELECT p.id INTO STRICT found_id FROM _nuvopipe.principal p WHERE p.database_role = caller;
	RETURN found_id;
END
$$;

/*
 * What runs in the name of a role is changed only by those who have its rights.
 * Being nuvopipe_admin is not enough: an admin would be able to do as a
 * superuser whatever a superuser's pipeline can be made to do.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.require_rights_of_owner(kind text, owner_id uuid) RETURNS void
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	owner_role name := (SELECT p.database_role FROM _nuvopipe.principal p WHERE p.id = owner_id);
BEGIN
	IF _nuvopipe.has_rights_of(owner_role) IS NOT TRUE THEN
		RAISE EXCEPTION 'must have the rights of role "%" to change the configuration of its %', owner_role, kind
			USING ERRCODE = 'insufficient_privilege';
	END IF;
END
$$;
