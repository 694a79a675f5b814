
/*
 * Organizations and their licence keys.  Who may do what: rights.sql.
 */

CREATE OR REPLACE FUNCTION _nuvopipe.add_license_key(tenant uuid, label text, OUT id uuid, OUT license_key text)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
	id := _nuvopipe.uuid_v7();
	license_key := _nuvopipe.new_secret('nvl_');
	INSERT INTO _nuvopipe.license_key (id, tenant_id, digest, label, created_at, created_by)
		VALUES (id, tenant, _nuvopipe.digest(license_key), label, clock_timestamp(), _nuvopipe.me());
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.create_organization(name text, database_role name DEFAULT NULL, description text DEFAULT NULL,
		OUT id uuid, OUT license_key text)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	moment timestamptz := clock_timestamp();
BEGIN
	IF NOT _nuvopipe.is_admin() THEN
		RAISE EXCEPTION 'must be a member of "nuvopipe_admin" to create an organization' USING ERRCODE = 'insufficient_privilege';
	END IF;
	PERFORM _nuvopipe.check_name(name);
	PERFORM _nuvopipe.check_database_role(database_role);
	id := _nuvopipe.uuid_v7();
	INSERT INTO _nuvopipe.organization (id, name, database_role, description, created_at, created_by, updated_at, updated_by)
		VALUES (id, name, database_role, description, moment, me, moment, me);
	license_key := (SELECT k.license_key FROM _nuvopipe.add_license_key(id, NULL) k);
EXCEPTION WHEN unique_violation THEN
	PERFORM _nuvopipe.principal_taken(SQLERRM, 'organization', name, database_role);
END
$$;
COMMENT ON FUNCTION nuvopipe.create_organization IS
'Makes an organization: a tenant whose users and sub-organizations see nothing of others.
name: unique. database_role: whose rights the runs of its users and sub-organizations have, unless they have a role of their own; the caller must have the rights of that role. Without it runs have the rights of role nuvopipe_tenant. description: free.
Returns id, and license_key, the secret from which access tokens are made: it is shown this once, and only its digest is kept.
Errors: 42501 without the rights of nuvopipe_admin, or of database_role; 42710 for a name or role that is taken; 42704 for a role that does not exist.';

CREATE OR REPLACE FUNCTION nuvopipe.update_organization(organization text, name text DEFAULT NULL, database_role name DEFAULT NULL,
		description text DEFAULT NULL, max_runs int DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	tenant uuid := _nuvopipe.managed_tenant('write', organization);
BEGIN
	IF NOT _nuvopipe.is_admin() THEN
		RAISE EXCEPTION 'must be a member of "nuvopipe_admin" to change an organization' USING ERRCODE = 'insufficient_privilege';
	END IF;
	IF name IS NOT NULL THEN
		PERFORM _nuvopipe.check_name(name);
	END IF;
	PERFORM _nuvopipe.check_database_role(database_role);
	PERFORM _nuvopipe.expect_number(to_jsonb(max_runs), 'max_runs', -1, 1024);
	UPDATE _nuvopipe.organization g SET
			name = coalesce(name, g.name),
			database_role = coalesce(database_role, g.database_role),
			description = coalesce(description, g.description),
			max_runs = CASE WHEN max_runs IS NULL THEN g.max_runs ELSE nullif(max_runs, -1) END,
			updated_at = clock_timestamp(),
			updated_by = me
		WHERE g.id = tenant;
	PERFORM _nuvopipe.forget_tokens();
	RETURN tenant;
EXCEPTION WHEN unique_violation THEN
	PERFORM _nuvopipe.principal_taken(SQLERRM, 'organization', name, database_role);
END
$$;
COMMENT ON FUNCTION nuvopipe.update_organization IS
'Changes an organization; arguments that are null keep what is stored.
organization: name or id. max_runs: how many of its executions run at a time, 0 for any number, -1 for what nuvopipe.max_runs_per_tenant says. The others as for create_organization. Executions that were queued before keep their role.
Returns the id.
Errors: 22023 if max_runs is out of range; 42501 without the rights of nuvopipe_admin, or of database_role; 42704 if there is no such organization or role; 42710 for a name or role that is taken.';

CREATE OR REPLACE FUNCTION nuvopipe.create_license_key(organization text DEFAULT NULL, label text DEFAULT NULL, OUT id uuid, OUT license_key text)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	tenant uuid := _nuvopipe.managed_tenant('create', organization);
BEGIN
	IF NOT _nuvopipe.is_admin() THEN
		RAISE EXCEPTION 'must be a member of "nuvopipe_admin" to make a license key' USING ERRCODE = 'insufficient_privilege';
	END IF;
	PERFORM _nuvopipe.require_may_admit_all(tenant);
	SELECT k.id, k.license_key INTO id, license_key FROM _nuvopipe.add_license_key(tenant, label) k;
END
$$;
COMMENT ON FUNCTION nuvopipe.create_license_key IS
'Makes another licence key; those there are stay valid.
organization: name or id; null: the caller''s own. label: to tell keys apart.
Returns id, and license_key, which is shown this once.
Errors: 42501 without the rights of nuvopipe_admin and of every database role that the organization or one of its principals has; 42704 if there is no such organization.';

CREATE OR REPLACE FUNCTION nuvopipe.rotate_license_key(organization text DEFAULT NULL, label text DEFAULT NULL, OUT id uuid, OUT license_key text)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
	SELECT k.id, k.license_key INTO id, license_key FROM nuvopipe.create_license_key(organization, label) k;
	UPDATE _nuvopipe.license_key k SET revoked_at = clock_timestamp()
		WHERE k.tenant_id = _nuvopipe.managed_tenant('create', organization) AND k.revoked_at IS NULL AND k.id <> id;
END
$$;
COMMENT ON FUNCTION nuvopipe.rotate_license_key IS
'Makes a new licence key and revokes all others of the organization. Tokens that were made with them stay valid.
Arguments, result and errors as of create_license_key.';

CREATE OR REPLACE FUNCTION nuvopipe.revoke_license_key(license_key text, organization text DEFAULT NULL) RETURNS boolean
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	tenant uuid := _nuvopipe.managed_tenant('delete', organization);
BEGIN
	IF NOT _nuvopipe.is_admin() THEN
		RAISE EXCEPTION 'must be a member of "nuvopipe_admin" to revoke a license key' USING ERRCODE = 'insufficient_privilege';
	END IF;
	UPDATE _nuvopipe.license_key k SET revoked_at = clock_timestamp()
		WHERE k.tenant_id = tenant AND k.revoked_at IS NULL
			AND (k.digest = _nuvopipe.digest(license_key)
				OR k.id = CASE WHEN _nuvopipe.is_uuid(license_key) THEN license_key::uuid END);
	RETURN FOUND;
END
$$;
COMMENT ON FUNCTION nuvopipe.revoke_license_key IS
'Makes a licence key worthless. Tokens that were made with it stay valid.
license_key: the key, or its id in nuvopipe.license_keys. organization: name or id; null: the caller''s own.
Returns whether it was a valid key of that organization.
Errors: 42501 without the rights of nuvopipe_admin, 42704 if there is no such organization.';
