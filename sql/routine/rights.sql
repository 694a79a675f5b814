
/*
 * Rights: how they are written, who may give which to whom, and whose organization
 * is managed.
 *
 * Who may: database roles with the rights of nuvopipe_admin, on any
 * organization; users of an organization (whose token was checked) within their
 * own; sub-organizations never.
 *
 * Whoever lets somebody in gives away the rights that runs of that somebody
 * have.  So a database role that does it needs those rights itself, and nobody
 * gives permissions that he does not have.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.caller_rights() RETURNS int
	AS 'MODULE_PATHNAME', 'nuvopipe_caller_rights' LANGUAGE C STRICT STABLE PARALLEL SAFE;

CREATE OR REPLACE FUNCTION _nuvopipe.caller_is_owner() RETURNS boolean
	AS 'MODULE_PATHNAME', 'nuvopipe_caller_is_owner' LANGUAGE C STRICT STABLE PARALLEL SAFE;

CREATE OR REPLACE FUNCTION _nuvopipe.password_secret(password text) RETURNS text
	AS 'MODULE_PATHNAME', 'nuvopipe_password_secret' LANGUAGE C STRICT VOLATILE PARALLEL SAFE;

CREATE OR REPLACE FUNCTION _nuvopipe.password_matches(identifier text, password text, secret text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'nuvopipe_password_matches' LANGUAGE C VOLATILE PARALLEL SAFE;

CREATE OR REPLACE FUNCTION _nuvopipe.new_secret(prefix text) RETURNS text
	AS 'MODULE_PATHNAME', 'nuvopipe_new_secret' LANGUAGE C STRICT VOLATILE PARALLEL SAFE;

-- Processes remember what tokens may; whatever changes that says so, for its commit.
CREATE OR REPLACE FUNCTION _nuvopipe.forget_tokens() RETURNS void
	AS 'MODULE_PATHNAME', 'nuvopipe_forget_tokens' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;

CREATE OR REPLACE FUNCTION _nuvopipe.digest(secret text) RETURNS bytea
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT sha256(convert_to(secret, 'UTF8'));
END;

/*
 * Rights: bit 4 * kind + verb, as in src/api/caller.h.  Bits from 16 on are for
 * what users only may do; sub-organizations may not, whatever their bits.
 */

-- {"tdm": {"write": false}}: what is missing is true
CREATE OR REPLACE FUNCTION _nuvopipe.rights(permissions jsonb) RETURNS int
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT 65535 & ~coalesce(bit_or(1 << (4 * (k.n - 1) + v.n - 1)::int), 0)
		FROM unnest('{pipeline,execution,connector,tdm}'::text[]) WITH ORDINALITY AS k (kind, n),
			unnest('{create,read,write,delete}'::text[]) WITH ORDINALITY AS v (verb, n)
		WHERE permissions #> ARRAY[k.kind, v.verb] = 'false'
			OR (v.verb = 'delete' AND permissions #> ARRAY[k.kind, 'remove'] = 'false'
				AND permissions #> ARRAY[k.kind, 'delete'] IS DISTINCT FROM 'true');
END;

-- The whole object of some rights, as the API shows it.
CREATE OR REPLACE FUNCTION _nuvopipe.permissions(rights int) RETURNS jsonb
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_object_agg(p.kind, p.verbs) FROM (
		SELECT k.kind, jsonb_object_agg(v.verb, rights & (1 << (4 * (k.n - 1) + v.n - 1)::int) <> 0) AS verbs
			FROM unnest('{pipeline,execution,connector,tdm}'::text[]) WITH ORDINALITY AS k (kind, n),
				unnest('{create,read,write,delete}'::text[]) WITH ORDINALITY AS v (verb, n)
			WHERE (k.kind, v.verb) <> ('execution', 'delete')
			GROUP BY k.kind) p;
END;

-- Scopes of a token: "tdm:read", "execution:*", "*:read", "*"; "organization" is all that users only may do.  Null: everything.
CREATE OR REPLACE FUNCTION _nuvopipe.rights(scopes text[]) RETURNS int
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	kinds text[] := '{pipeline,execution,connector,tdm,organization}';
	verbs text[] := '{create,read,write,delete}';
	known text[] := ARRAY(SELECT k || ':' || v FROM unnest(kinds || '{*}'::text[]) k, unnest(verbs || '{*}'::text[]) v);
	part text[];
	result int := 0;
BEGIN
	IF scopes IS NULL THEN
		RETURN 1048575;
	END IF;
	FOR i IN 1 .. cardinality(scopes) LOOP
		part := string_to_array(CASE scopes[i] WHEN '*' THEN '*:*' ELSE scopes[i] END, ':');
		IF array_to_string(part, ':') <> ALL (known) OR scopes[i] IS NULL THEN
			PERFORM _nuvopipe.fault_near(format('scopes[%s]', i - 1), format('unknown scope "%s"', scopes[i]), coalesce(scopes[i], ''), known);
		END IF;
		FOR k IN 1 .. 5 LOOP
			FOR v IN 1 .. 4 LOOP
				IF part[1] IN ('*', kinds[k]) AND part[2] IN ('*', verbs[v]) THEN
					result := result | (1 << (4 * (k - 1) + v - 1));
				END IF;
			END LOOP;
		END LOOP;
	END LOOP;
	RETURN result;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.check_rights_object(permissions jsonb) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	kind text;
	verb text;
BEGIN
	PERFORM _nuvopipe.check_members(permissions, 'permissions', '{pipeline,execution,connector,tdm}');
	IF jsonb_typeof(permissions) IS DISTINCT FROM 'object' THEN
		RETURN;
	END IF;
	FOR kind IN SELECT k FROM jsonb_object_keys(permissions) k LOOP
		PERFORM _nuvopipe.check_members(permissions -> kind, 'permissions.' || kind,
			CASE kind WHEN 'execution' THEN '{create,read,write}' ELSE '{create,read,write,delete,remove}' END::text[]);
		IF jsonb_typeof(permissions -> kind) = 'object' THEN
			FOR verb IN SELECT v FROM jsonb_object_keys(permissions -> kind) v LOOP
				PERFORM _nuvopipe.expect_type(permissions #> ARRAY[kind, verb], format('permissions.%s.%s', kind, verb), 'boolean');
			END LOOP;
		END IF;
	END LOOP;
END
$$;

-- Nobody gives what he does not have.  in: rights before, 0 for somebody new
CREATE OR REPLACE FUNCTION _nuvopipe.require_grantable(rights int, before int) RETURNS void
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	-- execution.delete (bit 7) is no permission
	excess int := rights & ~(before | _nuvopipe.caller_rights() | 128) & 65535;
	missing text;
BEGIN
	IF excess <> 0 THEN
		SELECT string_agg(k.key || '.' || v.key, ', ') INTO missing
			FROM jsonb_each(_nuvopipe.permissions(excess)) k, jsonb_each(k.value) v WHERE v.value = 'true';
		RAISE EXCEPTION 'permissions: cannot give what the caller does not have: %', missing
			USING ERRCODE = 'insufficient_privilege', HINT = 'Set them to false.';
	END IF;
END
$$;

/*
 * Whose organization is managed.
 */

-- The organization that is meant, by name or id; null: the caller's own.
CREATE OR REPLACE FUNCTION _nuvopipe.managed_tenant(verb text, organization text) RETURNS uuid
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	own_id uuid;
	found_id uuid;
BEGIN
	IF _nuvopipe.token_principal() IS NOT NULL THEN
		PERFORM _nuvopipe.require_right(verb, 'organization');
	ELSIF NOT _nuvopipe.is_admin() THEN
		RAISE EXCEPTION 'role "%" may not manage organizations', _nuvopipe.caller() USING ERRCODE = 'insufficient_privilege',
			HINT = 'That needs membership in "nuvopipe_admin".';
	END IF;
	own_id := _nuvopipe.tenant();
	IF organization IS NULL THEN
		RETURN own_id;
	ELSIF _nuvopipe.is_uuid(organization) THEN
		SELECT g.id INTO found_id FROM _nuvopipe.organization g WHERE g.id = organization::uuid;
	ELSE
		SELECT g.id INTO found_id FROM _nuvopipe.organization g WHERE g.name = organization;
	END IF;
	IF found_id IS NULL OR (found_id <> own_id AND NOT _nuvopipe.is_admin()) THEN
		RAISE EXCEPTION 'organization "%" does not exist', organization USING ERRCODE = 'undefined_object';
	END IF;
	RETURN found_id;
END
$$;

-- 42501 unless the caller has the rights of a role that it is about to lend.
CREATE OR REPLACE FUNCTION _nuvopipe.require_lendable(role name) RETURNS void
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF role IS NOT NULL AND NOT _nuvopipe.has_rights_of(role) THEN
		RAISE EXCEPTION 'must have the rights of role "%" to lend them', role USING ERRCODE = 'insufficient_privilege',
			HINT = 'Runs would have its rights, so only its members (or superusers) may let others start them.';
	END IF;
END
$$;

-- A role that is to be the database role of a principal or an organization.
CREATE OR REPLACE FUNCTION _nuvopipe.check_database_role(role name) RETURNS void
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF role IS NULL THEN
		RETURN;
	ELSIF _nuvopipe.token_principal() IS NOT NULL THEN
		RAISE EXCEPTION 'database_role: is set in SQL only' USING ERRCODE = 'insufficient_privilege';
	ELSIF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = role) THEN
		RAISE EXCEPTION 'role "%" does not exist', role USING ERRCODE = 'undefined_object';
	END IF;
	PERFORM _nuvopipe.require_lendable(role);
END
$$;

/*
 * 42501 unless the caller may let this principal in: give it a password or a
 * token, or take it over in another way.  Within an organization its own role is
 * for all of its users.  in: principal_role: or null
 */
CREATE OR REPLACE FUNCTION _nuvopipe.require_may_admit(tenant uuid, principal_role name) RETURNS void
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF principal_role IS NULL AND _nuvopipe.token_principal() IS NULL THEN
		principal_role := (SELECT g.database_role FROM _nuvopipe.organization g WHERE g.id = tenant);
	END IF;
	PERFORM _nuvopipe.require_lendable(principal_role);
END
$$;

/*
 * Organizations.
 */

-- A licence key lets in everybody of its organization.
CREATE OR REPLACE FUNCTION _nuvopipe.require_may_admit_all(tenant uuid) RETURNS void
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	role name;
BEGIN
	FOR role IN SELECT g.database_role FROM _nuvopipe.organization g WHERE g.id = tenant
		UNION SELECT p.database_role FROM _nuvopipe.principal p
			WHERE p.tenant_id = tenant AND p.kind <> 'ROLE' AND p.deleted_at IS NULL
	LOOP
		PERFORM _nuvopipe.require_lendable(role);
	END LOOP;
END
$$;

-- 42710 with what it was that is taken.  in: message of a unique violation being handled
CREATE OR REPLACE FUNCTION _nuvopipe.principal_taken(message text, kind text, identifier text, database_role name) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF message LIKE '%database_role_key%' THEN
		RAISE EXCEPTION 'role "%" already belongs to somebody', database_role USING ERRCODE = 'duplicate_object';
	END IF;
	PERFORM _nuvopipe.name_taken(kind, identifier);
END
$$;
