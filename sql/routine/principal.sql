
/*
 * Users and sub-organizations, and what may be seen of principals.  Who may do
 * what: rights.sql.
 */

CREATE OR REPLACE FUNCTION _nuvopipe.kind_word(kind text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE kind WHEN 'USER' THEN 'user' ELSE 'sub-organization' END;
END;

-- A living user or sub-organization, by identifier or id, held for a change.
CREATE OR REPLACE FUNCTION _nuvopipe.hold_principal(tenant uuid, kind text, ref text) RETURNS _nuvopipe.principal
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	hit _nuvopipe.principal;
BEGIN
	IF _nuvopipe.is_uuid(ref) THEN
		SELECT * INTO hit FROM _nuvopipe.principal p
			WHERE p.tenant_id = tenant AND p.kind = kind AND p.id = ref::uuid AND p.deleted_at IS NULL FOR UPDATE;
	ELSE
		SELECT * INTO hit FROM _nuvopipe.principal p
			WHERE p.tenant_id = tenant AND p.kind = kind AND p.identifier = ref AND p.deleted_at IS NULL FOR UPDATE;
	END IF;
	IF hit.id IS NULL THEN
		RAISE EXCEPTION '% "%" does not exist', _nuvopipe.kind_word(kind), ref USING ERRCODE = 'undefined_object';
	END IF;
	RETURN hit;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.check_short(value text, path text, required boolean DEFAULT false) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF (value IS NULL AND required) OR btrim(value) = '' THEN
		PERFORM _nuvopipe.fault(path, 'must not be empty');
	ELSIF char_length(value) > 255 THEN
		PERFORM _nuvopipe.fault(path, 'must not be longer than 255 characters');
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.check_identifier(identifier text) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.check_short(identifier, 'identifier', true);
	IF _nuvopipe.is_uuid(identifier) THEN
		PERFORM _nuvopipe.fault('identifier', 'must not have the form of a uuid', 'Principals are named by identifier or id; a uuid is taken as id.');
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.check_email(email text) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.check_short(email, 'email');
	IF email !~ '^[^@[:space:][:cntrl:]]+@[^@[:space:][:cntrl:]]+$' THEN
		PERFORM _nuvopipe.fault('email', 'is not an e-mail address');
	END IF;
END
$$;

-- The verifier of a password, null for none.
CREATE OR REPLACE FUNCTION _nuvopipe.hash_password(password text) RETURNS text
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF char_length(password) < 8 THEN
		PERFORM _nuvopipe.fault('password', 'must have 8 characters or more');
	ELSIF octet_length(password) > 1024 THEN
		PERFORM _nuvopipe.fault('password', 'must not be longer than 1024 bytes');
	END IF;
	RETURN _nuvopipe.password_secret(password);
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.full_name(first_name text, last_name text, fallback text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(nullif(concat_ws(' ', first_name, last_name), ''), fallback);
END;

-- 42501 where a token's user who is no OWNER wants what only an OWNER may
CREATE OR REPLACE FUNCTION _nuvopipe.require_owner(what text) RETURNS void
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF _nuvopipe.caller_is_owner() = false THEN
		RAISE EXCEPTION 'only an OWNER may %', what USING ERRCODE = 'insufficient_privilege';
	END IF;
END
$$;

-- An organization whose users manage it keeps somebody who can.
CREATE OR REPLACE FUNCTION _nuvopipe.refuse_last_owner(tenant uuid, owner_id uuid) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF _nuvopipe.token_principal() IS NULL THEN
		RETURN;
	END IF;
	PERFORM FROM _nuvopipe.organization g WHERE g.id = tenant FOR UPDATE;
	IF NOT EXISTS (SELECT FROM _nuvopipe.principal p
			WHERE p.tenant_id = tenant AND p.role = 'OWNER' AND p.deleted_at IS NULL AND p.id <> owner_id) THEN
		RAISE EXCEPTION 'the last OWNER of an organization cannot go' USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = 'Make somebody else an OWNER first.';
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.create_user(email text, organization text DEFAULT NULL, identifier text DEFAULT NULL,
		first_name text DEFAULT NULL, last_name text DEFAULT NULL, role text DEFAULT 'MEMBER', password text DEFAULT NULL,
		permissions jsonb DEFAULT NULL, "position" text DEFAULT NULL, database_role name DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	tenant uuid := _nuvopipe.managed_tenant('create', organization);
	new_id uuid := _nuvopipe.uuid_v7();
	moment timestamptz := clock_timestamp();
	rights int;
BEGIN
	IF email IS NULL THEN
		PERFORM _nuvopipe.fault('email', 'must be given');
	END IF;
	identifier := coalesce(identifier, email);
	PERFORM _nuvopipe.check_email(email);
	PERFORM _nuvopipe.check_identifier(identifier);
	PERFORM _nuvopipe.check_short(first_name, 'first_name');
	PERFORM _nuvopipe.check_short(last_name, 'last_name');
	PERFORM _nuvopipe.check_short("position", 'position');
	PERFORM _nuvopipe.expect_word(to_jsonb(role), 'role', '{OWNER,MEMBER}');
	PERFORM _nuvopipe.check_rights_object(permissions);
	IF role = 'OWNER' THEN
		PERFORM _nuvopipe.require_owner('make an OWNER');
	END IF;
	rights := _nuvopipe.rights(permissions);
	PERFORM _nuvopipe.require_grantable(rights, 0);
	PERFORM _nuvopipe.check_database_role(database_role);
	PERFORM _nuvopipe.require_may_admit(tenant, database_role);
	INSERT INTO _nuvopipe.principal (id, tenant_id, kind, name, identifier, database_role, email, first_name, last_name, role,
			position, permissions, rights, password, created_at, created_by, updated_at, updated_by)
		VALUES (new_id, tenant, 'USER', _nuvopipe.full_name(first_name, last_name, email), identifier, database_role, email,
			first_name, last_name, coalesce(role, 'MEMBER'), "position", permissions, rights, _nuvopipe.hash_password(password),
			moment, me, moment, me);
	RETURN new_id;
EXCEPTION WHEN unique_violation THEN
	PERFORM _nuvopipe.principal_taken(SQLERRM, 'user', identifier, database_role);
END
$$;
COMMENT ON FUNCTION nuvopipe.create_user IS
'Makes a user of an organization.
email: an address. organization: name or id; null: the caller''s own. identifier: unique among the organization''s users, default the address; tokens are made for it. first_name, last_name, position: free. role: MEMBER (may create users), OWNER (may also delete them, make owners, set passwords). password: 8 characters or more, for signing in; null: tokens only. permissions: {"pipeline": {"create", "read", "write", "delete"}, "execution": ..., "connector": ..., "tdm": ...}, what is missing is true. database_role: whose rights the user''s runs have, and which acts as this user in SQL; the caller must have the rights of that role.
Returns the id.
Errors: 42501 for roles without the rights of nuvopipe_admin, or without those the user would have; 22023 with the path of a fault; 42710 for an identifier or role that is taken; 42704 if there is no such organization or role.';

-- What a user who is no OWNER must not change, and nobody may give.
CREATE OR REPLACE FUNCTION _nuvopipe.guard_user_change(target _nuvopipe.principal, identifier text, role text, password text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	is_self boolean := target.id = _nuvopipe.token_principal();
BEGIN
	IF is_self IS NOT TRUE AND target.role = 'OWNER' THEN
		PERFORM _nuvopipe.require_owner('change an OWNER');
	END IF;
	IF role <> target.role THEN
		PERFORM _nuvopipe.require_owner('change the role of a user');
		IF target.role = 'OWNER' THEN
			PERFORM _nuvopipe.refuse_last_owner(target.tenant_id, target.id);
		END IF;
	END IF;
	IF identifier <> target.identifier THEN
		PERFORM _nuvopipe.require_owner('change the identifier of a user');
	END IF;
	-- in the name of whoever gets a new password or identifier somebody else may come in
	IF is_self IS NOT TRUE AND (password IS NOT NULL OR identifier <> target.identifier) THEN
		PERFORM _nuvopipe.require_owner('set the password of somebody else');
		PERFORM _nuvopipe.require_may_admit(target.tenant_id, target.database_role);
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.update_user("user" text, organization text DEFAULT NULL, email text DEFAULT NULL, identifier text DEFAULT NULL,
		first_name text DEFAULT NULL, last_name text DEFAULT NULL, role text DEFAULT NULL, password text DEFAULT NULL,
		permissions jsonb DEFAULT NULL, "position" text DEFAULT NULL, database_role name DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	tenant uuid := _nuvopipe.managed_tenant('write', organization);
	target _nuvopipe.principal := _nuvopipe.hold_principal(tenant, 'USER', "user");
BEGIN
	PERFORM _nuvopipe.check_email(email);
	IF identifier IS NOT NULL THEN
		PERFORM _nuvopipe.check_identifier(identifier);
	END IF;
	PERFORM _nuvopipe.check_short(first_name, 'first_name');
	PERFORM _nuvopipe.check_short(last_name, 'last_name');
	PERFORM _nuvopipe.check_short("position", 'position');
	PERFORM _nuvopipe.expect_word(to_jsonb(role), 'role', '{OWNER,MEMBER}');
	PERFORM _nuvopipe.check_rights_object(permissions);
	PERFORM _nuvopipe.guard_user_change(target, identifier, role, password);
	IF permissions IS NOT NULL THEN
		PERFORM _nuvopipe.require_grantable(_nuvopipe.rights(permissions), target.rights);
	END IF;
	IF database_role IS NOT NULL THEN
		PERFORM _nuvopipe.check_database_role(database_role);
	END IF;
	UPDATE _nuvopipe.principal p SET
			name = _nuvopipe.full_name(coalesce(first_name, p.first_name), coalesce(last_name, p.last_name), coalesce(email, p.email)),
			identifier = coalesce(identifier, p.identifier),
			database_role = coalesce(database_role, p.database_role),
			email = coalesce(email, p.email),
			first_name = coalesce(first_name, p.first_name),
			last_name = coalesce(last_name, p.last_name),
			role = coalesce(role, p.role),
			position = coalesce("position", p.position),
			permissions = coalesce(permissions, p.permissions),
			rights = CASE WHEN permissions IS NULL THEN p.rights ELSE _nuvopipe.rights(permissions) END,
			updated_at = clock_timestamp(),
			updated_by = me
		WHERE p.tenant_id = tenant AND p.id = target.id;
	PERFORM _nuvopipe.forget_tokens();
	IF password IS NOT NULL THEN
		PERFORM _nuvopipe.store_password(tenant, target.id, password);
	END IF;
	RETURN target.id;
EXCEPTION WHEN unique_violation THEN
	PERFORM _nuvopipe.principal_taken(SQLERRM, 'user', identifier, database_role);
END
$$;
COMMENT ON FUNCTION nuvopipe.update_user IS
'Changes a user; arguments that are null keep what is stored.
user: identifier or id. organization: name or id; null: the caller''s own. The others as for create_user.
Returns the id.
Errors: 42501 for what needs an OWNER (roles, identifiers, passwords of others, changes of an OWNER), for permissions the caller does not have, and for roles without the rights of nuvopipe_admin or of the user''s database role; 42704 if there is no such user; 42710 for an identifier that is taken; 55000 if the organization would lose its last OWNER; 22023 with the path of a fault.';

-- A new password ends the sessions that began with the old one.
CREATE OR REPLACE FUNCTION _nuvopipe.store_password(tenant uuid, user_id uuid, password text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
	UPDATE _nuvopipe.principal p SET password = _nuvopipe.hash_password(password)
		WHERE p.tenant_id = tenant AND p.id = user_id;
	UPDATE _nuvopipe.token t SET revoked_at = clock_timestamp()
		WHERE t.tenant_id = tenant AND t.principal_id = user_id AND t.kind = 'SESSION' AND t.revoked_at IS NULL;
	PERFORM _nuvopipe.forget_tokens();
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.set_password("user" text, password text, organization text DEFAULT NULL) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	tenant uuid := _nuvopipe.managed_tenant('write', organization);
	target _nuvopipe.principal := _nuvopipe.hold_principal(tenant, 'USER', "user");
BEGIN
	PERFORM _nuvopipe.guard_user_change(target, NULL, NULL, coalesce(password, ''));
	PERFORM _nuvopipe.store_password(tenant, target.id, password);
	UPDATE _nuvopipe.principal p SET updated_at = clock_timestamp(), updated_by = me WHERE p.tenant_id = tenant AND p.id = target.id;
END
$$;
COMMENT ON FUNCTION nuvopipe.set_password IS
'Sets the password with which a user signs in, and ends its sessions. A SCRAM-SHA-256 verifier is stored.
user: identifier or id. password: 8 characters or more; null takes it away. organization: name or id; null: the caller''s own.
A password written into a statement may show in the server''s log and statistics: pass it as a parameter.
Errors: 42501 unless the caller is the user itself, an OWNER, or has the rights of nuvopipe_admin and of the user''s database role; 42704 if there is no such user; 22023 for a short password.';

-- The row stays, since stamps and objects refer to it; what lets it in goes.
CREATE OR REPLACE FUNCTION _nuvopipe.bury_principal(tenant uuid, principal_id uuid) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	moment timestamptz := clock_timestamp();
BEGIN
	UPDATE _nuvopipe.principal p SET deleted_at = moment, password = NULL, database_role = NULL, updated_at = moment, updated_by = me
		WHERE p.tenant_id = tenant AND p.id = principal_id;
	UPDATE _nuvopipe.token t SET revoked_at = moment
		WHERE t.tenant_id = tenant AND t.principal_id = principal_id AND t.revoked_at IS NULL;
	PERFORM _nuvopipe.forget_tokens();
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.delete_user("user" text, organization text DEFAULT NULL) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	tenant uuid := _nuvopipe.managed_tenant('delete', organization);
	target _nuvopipe.principal := _nuvopipe.hold_principal(tenant, 'USER', "user");
BEGIN
	PERFORM _nuvopipe.require_owner('delete a user');
	IF target.role = 'OWNER' THEN
		PERFORM _nuvopipe.refuse_last_owner(tenant, target.id);
	END IF;
	PERFORM _nuvopipe.bury_principal(tenant, target.id);
END
$$;
COMMENT ON FUNCTION nuvopipe.delete_user IS
'Deletes a user: its tokens are revoked at once, its identifier and database role are free again. What it owns stays with the organization; runs of it have the rights of the organization''s role from now on.
user: identifier or id. organization: name or id; null: the caller''s own.
Errors: 42501 for users who are no OWNER and roles without the rights of nuvopipe_admin; 42704 if there is no such user; 55000 for the last OWNER.';

CREATE OR REPLACE FUNCTION nuvopipe.create_sub_organization(name text, identifier text, organization text DEFAULT NULL,
		permissions jsonb DEFAULT NULL, database_role name DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	tenant uuid := _nuvopipe.managed_tenant('create', organization);
	new_id uuid := _nuvopipe.uuid_v7();
	moment timestamptz := clock_timestamp();
	rights int;
BEGIN
	PERFORM _nuvopipe.check_short(name, 'name', true);
	PERFORM _nuvopipe.check_identifier(identifier);
	PERFORM _nuvopipe.check_rights_object(permissions);
	rights := _nuvopipe.rights(permissions);
	PERFORM _nuvopipe.require_grantable(rights, 0);
	PERFORM _nuvopipe.check_database_role(database_role);
	PERFORM _nuvopipe.require_may_admit(tenant, database_role);
	INSERT INTO _nuvopipe.principal (id, tenant_id, kind, name, identifier, database_role, permissions, rights,
			created_at, created_by, updated_at, updated_by)
		VALUES (new_id, tenant, 'SUB_ORG', name, identifier, database_role, permissions, rights, moment, me, moment, me);
	RETURN new_id;
EXCEPTION WHEN unique_violation THEN
	PERFORM _nuvopipe.principal_taken(SQLERRM, 'sub-organization', identifier, database_role);
END
$$;
COMMENT ON FUNCTION nuvopipe.create_sub_organization IS
'Makes a sub-organization: a customer of an organization, who sees what it made itself and the organization''s connectors and models that are PUBLIC.
name: to be shown. identifier: unique among the organization''s sub-organizations; tokens are made for it. organization: name or id; null: the caller''s own. permissions, database_role: as for create_user.
Returns the id.
Errors: as of create_user.';

CREATE OR REPLACE FUNCTION nuvopipe.update_sub_organization(sub_organization text, organization text DEFAULT NULL, name text DEFAULT NULL,
		identifier text DEFAULT NULL, permissions jsonb DEFAULT NULL, database_role name DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	tenant uuid := _nuvopipe.managed_tenant('write', organization);
	target _nuvopipe.principal := _nuvopipe.hold_principal(tenant, 'SUB_ORG', sub_organization);
BEGIN
	PERFORM _nuvopipe.check_short(name, 'name');
	PERFORM _nuvopipe.check_rights_object(permissions);
	IF identifier <> target.identifier THEN
		PERFORM _nuvopipe.check_identifier(identifier);
		PERFORM _nuvopipe.require_may_admit(tenant, target.database_role);
	END IF;
	IF permissions IS NOT NULL THEN
		PERFORM _nuvopipe.require_grantable(_nuvopipe.rights(permissions), target.rights);
	END IF;
	PERFORM _nuvopipe.check_database_role(database_role);
	UPDATE _nuvopipe.principal p SET
			name = coalesce(name, p.name),
			identifier = coalesce(identifier, p.identifier),
			database_role = coalesce(database_role, p.database_role),
			permissions = coalesce(permissions, p.permissions),
			rights = CASE WHEN permissions IS NULL THEN p.rights ELSE _nuvopipe.rights(permissions) END,
			updated_at = clock_timestamp(),
			updated_by = me
		WHERE p.tenant_id = tenant AND p.id = target.id;
	PERFORM _nuvopipe.forget_tokens();
	RETURN target.id;
EXCEPTION WHEN unique_violation THEN
	PERFORM _nuvopipe.principal_taken(SQLERRM, 'sub-organization', identifier, database_role);
END
$$;
COMMENT ON FUNCTION nuvopipe.update_sub_organization IS
'Changes a sub-organization; arguments that are null keep what is stored.
sub_organization: identifier or id. organization: name or id; null: the caller''s own. The others as for create_sub_organization.
Returns the id.
Errors: 42501 for sub-organizations, for permissions the caller does not have, and for roles without the rights of nuvopipe_admin; 42704 if there is no such sub-organization; 42710 for an identifier that is taken; 22023 with the path of a fault.';

CREATE OR REPLACE FUNCTION nuvopipe.delete_sub_organization(sub_organization text, organization text DEFAULT NULL) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	tenant uuid := _nuvopipe.managed_tenant('delete', organization);
	target _nuvopipe.principal := _nuvopipe.hold_principal(tenant, 'SUB_ORG', sub_organization);
BEGIN
	PERFORM _nuvopipe.bury_principal(tenant, target.id);
END
$$;
COMMENT ON FUNCTION nuvopipe.delete_sub_organization IS
'Deletes a sub-organization: its tokens are revoked at once, its identifier and database role are free again. What it owns stays with the organization, whose users may delete it.
sub_organization: identifier or id. organization: name or id; null: the caller''s own.
Errors: 42501 for sub-organizations and for roles without the rights of nuvopipe_admin; 42704 if there is no such sub-organization.';

/*
 * What may be seen: by users of an organization, and by admins.
 */
CREATE OR REPLACE VIEW nuvopipe.organizations WITH (security_barrier) AS
	SELECT g.id, g.name, g.database_role, g.description, g.tags, g.created_at, g.created_by, g.updated_at, g.updated_by
		FROM _nuvopipe.organization g
		WHERE g.id = _nuvopipe.tenant() OR _nuvopipe.is_admin();
COMMENT ON VIEW nuvopipe.organizations IS 'The caller''s organization; for admins all of them.';
COMMENT ON COLUMN nuvopipe.organizations.database_role IS 'Whose rights runs have, unless their owner has a role of its own; null: nuvopipe_tenant.';

CREATE OR REPLACE VIEW nuvopipe.users WITH (security_barrier) AS
	SELECT p.id, p.identifier, p.email, p.first_name, p.last_name, p.role, p.position, p.permissions, p.database_role,
			p.password IS NOT NULL AS has_password, p.created_at, p.created_by, p.updated_at, p.updated_by
		FROM _nuvopipe.principal p
		WHERE p.tenant_id = _nuvopipe.tenant() AND p.kind = 'USER' AND p.deleted_at IS NULL
			AND _nuvopipe.can('read', 'user', p.id, 'nuvopipe_admin');
COMMENT ON VIEW nuvopipe.users IS 'Users of the caller''s organization; for admins.';
COMMENT ON COLUMN nuvopipe.users.permissions IS 'As they were given; null, or what is missing: permitted.';

CREATE OR REPLACE VIEW nuvopipe.sub_organizations WITH (security_barrier) AS
	SELECT p.id, p.identifier, p.name, p.permissions, p.database_role, p.created_at, p.created_by, p.updated_at, p.updated_by
		FROM _nuvopipe.principal p
		WHERE p.tenant_id = _nuvopipe.tenant() AND p.kind = 'SUB_ORG' AND p.deleted_at IS NULL
			AND _nuvopipe.can('read', 'sub_organization', p.id, 'nuvopipe_admin');
COMMENT ON VIEW nuvopipe.sub_organizations IS 'Sub-organizations of the caller''s organization; for admins.';

CREATE OR REPLACE VIEW nuvopipe.license_keys WITH (security_barrier) AS
	SELECT k.id, k.label, k.created_at, k.created_by, k.revoked_at
		FROM _nuvopipe.license_key k
		WHERE k.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('read', 'license_key', k.id, 'nuvopipe_admin');
COMMENT ON VIEW nuvopipe.license_keys IS 'Licence keys of the caller''s organization, without the keys; for admins.';
