
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

CREATE OR REPLACE FUNCTION _nuvopipe.has_rights_of(role name) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nuvopipe_has_rights_of' LANGUAGE C STRICT STABLE PARALLEL SAFE;

CREATE OR REPLACE FUNCTION _nuvopipe.require_user() RETURNS void
	AS 'MODULE_PATHNAME', 'nuvopipe_require_user' LANGUAGE C STRICT STABLE PARALLEL SAFE;

CREATE OR REPLACE FUNCTION _nuvopipe.default_tenant() RETURNS uuid
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT '00000000-0000-7000-8000-000000000001'::uuid;
END;

CREATE OR REPLACE FUNCTION _nuvopipe.require_right(verb text, kind text) RETURNS void
	AS 'MODULE_PATHNAME', 'nuvopipe_require_right' LANGUAGE C STRICT STABLE PARALLEL SAFE;

-- The one predicate of who may do what; see src/fn/fn_identity.c.
CREATE OR REPLACE FUNCTION _nuvopipe.can(verb text, kind text, owner_id uuid, owner_role name, shared boolean DEFAULT false) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nuvopipe_can' LANGUAGE C STABLE PARALLEL SAFE;

-- Whose token was checked; null where a database role calls.
CREATE OR REPLACE FUNCTION _nuvopipe.token_principal() RETURNS uuid
	AS 'MODULE_PATHNAME', 'nuvopipe_token_principal' LANGUAGE C STRICT STABLE PARALLEL SAFE;

-- A database role that manages organizations.
CREATE OR REPLACE FUNCTION _nuvopipe.is_admin() RETURNS boolean
	LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN _nuvopipe.token_principal() IS NULL AND _nuvopipe.has_rights_of('nuvopipe_admin');
END
$$;

-- The organisation of a database role: that of its principal, or the one it is the role of, or the default.
CREATE OR REPLACE FUNCTION _nuvopipe.role_tenant() RETURNS uuid
	LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	caller name := _nuvopipe.caller();
BEGIN
	RETURN coalesce(
		(SELECT p.tenant_id FROM _nuvopipe.principal p WHERE p.database_role = caller AND p.deleted_at IS NULL),
		(SELECT g.id FROM _nuvopipe.organization g WHERE g.database_role = caller),
		_nuvopipe.default_tenant());
END
$$;

-- The caller's organisation.  Stable and cheap: views name it in every query.
CREATE OR REPLACE FUNCTION _nuvopipe.tenant() RETURNS uuid
	AS 'MODULE_PATHNAME', 'nuvopipe_tenant' LANGUAGE C STRICT STABLE PARALLEL SAFE;

-- Who owns things, with the database role that their runs take.
CREATE OR REPLACE VIEW _nuvopipe.owner AS
	SELECT p.id, p.tenant_id, p.kind, p.name, p.identifier, coalesce(p.database_role, g.database_role, 'nuvopipe_tenant') AS role
		FROM _nuvopipe.principal p JOIN _nuvopipe.organization g ON g.id = p.tenant_id;

-- The caller's principal, made on first use: a database role needs no set-up beyond its grants.
CREATE OR REPLACE FUNCTION _nuvopipe.me() RETURNS uuid
	AS 'MODULE_PATHNAME', 'nuvopipe_me' LANGUAGE C STRICT VOLATILE;

CREATE OR REPLACE FUNCTION _nuvopipe.make_me() RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	caller name := _nuvopipe.caller();
	found_id uuid;
	new_id uuid;
	tenant uuid;
	moment timestamptz := clock_timestamp();
BEGIN
	-- whom nobody has seen yet is written down; on a standby this says why it cannot be
	PERFORM _nuvopipe.require_right('create', 'user');
	new_id := _nuvopipe.uuid_v7();
	tenant := _nuvopipe.role_tenant();
	INSERT INTO _nuvopipe.organization (id, name, created_at, created_by, updated_at, updated_by)
		VALUES (_nuvopipe.default_tenant(), 'default', moment, new_id, moment, new_id)
		ON CONFLICT (id) DO NOTHING;
	INSERT INTO _nuvopipe.principal (id, tenant_id, kind, name, identifier, database_role,
			created_at, created_by, updated_at, updated_by)
		VALUES (new_id, tenant, 'ROLE', caller, caller, caller, moment, new_id, moment, new_id)
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
	owner_role name := (SELECT o.role FROM _nuvopipe.owner o WHERE o.id = owner_id);
BEGIN
	IF _nuvopipe.has_rights_of(owner_role) IS NOT TRUE THEN
		RAISE EXCEPTION 'must have the rights of role "%" to change the configuration of its %', owner_role, kind
			USING ERRCODE = 'insufficient_privilege';
	END IF;
END
$$;
