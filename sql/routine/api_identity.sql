
/*
 * The API of identity: access tokens, API keys, sign-in, users,
 * sub-organizations, and who one is.
 */

-- A member of a body that is text; null where it is missing or null.
CREATE OR REPLACE FUNCTION _nuvopipe.given_text(args jsonb, member text, required boolean DEFAULT false) RETURNS text
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.expect_type(args -> member, member, 'string');
	IF required AND args ->> member IS NULL THEN
		PERFORM _nuvopipe.fault(member, 'must be given');
	END IF;
	RETURN args ->> member;
END
$$;

CREATE OR REPLACE VIEW _nuvopipe.api_user AS
	SELECT p.id, p.email, p.identifier, p.first_name, p.last_name, p.role, p.position, _nuvopipe.permissions(p.rights) AS permissions,
			p.created_at, _nuvopipe.actor(c) AS created_by, p.updated_at, _nuvopipe.actor(u) AS updated_by,
			p.tenant_id AS _tenant_id, p.id AS _owner_id, 'nuvopipe_admin'::name AS _owner_role, false AS _shared
		FROM _nuvopipe.principal p
			LEFT JOIN _nuvopipe.principal c ON c.id = p.created_by
			LEFT JOIN _nuvopipe.principal u ON u.id = p.updated_by
		WHERE p.kind = 'USER' AND p.deleted_at IS NULL;

CREATE OR REPLACE VIEW _nuvopipe.api_sub_organization AS
	SELECT p.id, p.name, p.identifier, _nuvopipe.permissions(p.rights) AS permissions,
			p.created_at, _nuvopipe.actor(c) AS created_by, p.updated_at, _nuvopipe.actor(u) AS updated_by,
			p.tenant_id AS _tenant_id, p.id AS _owner_id, 'nuvopipe_admin'::name AS _owner_role, false AS _shared
		FROM _nuvopipe.principal p
			LEFT JOIN _nuvopipe.principal c ON c.id = p.created_by
			LEFT JOIN _nuvopipe.principal u ON u.id = p.updated_by
		WHERE p.kind = 'SUB_ORG' AND p.deleted_at IS NULL;

-- Tokens that may still be used.  A user who is no OWNER sees its own.
CREATE OR REPLACE VIEW _nuvopipe.api_token AS
	SELECT t.id, t.kind, _nuvopipe.actor(p) AS principal, t.label, t.scopes, t.created_at, _nuvopipe.actor(c) AS created_by, t.expires_at,
			t.tenant_id AS _tenant_id, t.principal_id AS _owner_id, 'nuvopipe_admin'::name AS _owner_role, false AS _shared
		FROM _nuvopipe.token t
			JOIN _nuvopipe.principal p ON p.id = t.principal_id
			LEFT JOIN _nuvopipe.principal c ON c.id = t.created_by
		WHERE t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
			AND (_nuvopipe.caller_is_owner() IS NOT FALSE OR t.principal_id = _nuvopipe.token_principal());

/*
 * Access tokens.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.too_many_attempts(seconds int) RETURNS jsonb
	LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
	SELECT jsonb_build_object('$status', 429, '$headers', jsonb_build_object('Retry-After', seconds::text),
		'message', 'too many attempts have failed; try again later', 'error', 'too_many_requests', 'details', '[]'::jsonb);
END;

-- What holds a secret is kept by nobody.
CREATE OR REPLACE FUNCTION _nuvopipe.unstored(answer jsonb) RETURNS jsonb
	LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
	SELECT answer || '{"$headers": {"Cache-Control": "no-store"}}';
END;

CREATE OR REPLACE FUNCTION nuvopipe_api.token_create(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	given jsonb := _nuvopipe.check_body($1, '{license_key,auth}');
	license_key text := _nuvopipe.given_text(given, 'license_key', true);
	auth jsonb := given -> 'auth';
	identifier text;
	type text;
	seconds int;
	tenant uuid;
	principal_id uuid;
BEGIN
	PERFORM _nuvopipe.check_members(auth, 'auth', '{identifier,type}');
	PERFORM _nuvopipe.expect_type(auth -> 'identifier', 'auth.identifier', 'string');
	PERFORM _nuvopipe.expect_word(auth -> 'type', 'auth.type', '{USER,SUB_ORG}');
	identifier := auth ->> 'identifier';
	type := auth ->> 'type';
	IF identifier IS NULL THEN
		PERFORM _nuvopipe.fault('auth.identifier', 'must be given');
	ELSIF type IS NULL THEN
		PERFORM _nuvopipe.fault('auth.type', 'must be given', 'It is USER or SUB_ORG.');
	END IF;
	seconds := _nuvopipe.attempt_wait(type || ' ' || identifier);
	IF seconds > 0 THEN
		RETURN _nuvopipe.too_many_attempts(seconds);
	END IF;
	-- both are looked up, whatever the first one gave
	SELECT k.tenant_id INTO tenant FROM _nuvopipe.license_key k
		WHERE k.digest = _nuvopipe.digest(license_key) AND k.revoked_at IS NULL;
	SELECT p.id INTO principal_id FROM _nuvopipe.principal p
		WHERE p.tenant_id = coalesce(tenant, '00000000-0000-0000-0000-000000000000') AND p.kind = type
			AND p.identifier = identifier AND p.deleted_at IS NULL;
	IF principal_id IS NULL THEN
		PERFORM _nuvopipe.attempt_failed(type || ' ' || identifier, 'the license key or the identifier is not known');
	END IF;
	RETURN _nuvopipe.unstored(jsonb_build_object('access_token',
		(SELECT t.token FROM _nuvopipe.add_token(tenant, principal_id, 'ACCESS_TOKEN', '24 hours', NULL, NULL) t)));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.token_create IS 'POST /access/token: {"license_key", "auth": {"identifier", "type": "USER" | "SUB_ORG"}} gives {"access_token"}, valid for 24 hours.';

-- The token that a request is about: header access_token, else Authorization.
CREATE OR REPLACE FUNCTION _nuvopipe.named_token(args jsonb) RETURNS text
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	token text := btrim(regexp_replace(coalesce(args #>> '{headers,access_token}', args #>> '{headers,authorization}'), '^bearer ', '', 'i'));
BEGIN
	IF token IS NULL OR token = '' THEN
		RAISE EXCEPTION 'the request has no access token' USING ERRCODE = 'invalid_authorization_specification',
			HINT = 'Send it in the header "access_token" or "Authorization".';
	END IF;
	RETURN token;
END
$$;

-- The id of a token that is valid, else 28000.
CREATE OR REPLACE FUNCTION _nuvopipe.valid_token(token text) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found record;
BEGIN
	SELECT c.state, c.token_id INTO found FROM _nuvopipe.check_token(token) c;
	IF found.state <> 'valid' THEN
		RAISE EXCEPTION '%', CASE found.state WHEN 'expired' THEN 'the access token has expired'
				WHEN 'revoked' THEN 'the access token was revoked' ELSE 'the access token is not valid' END
			USING ERRCODE = 'invalid_authorization_specification';
	END IF;
	RETURN found.token_id;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.token_verify(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	valid_id uuid := _nuvopipe.valid_token(_nuvopipe.named_token($1));
BEGIN
	RETURN (SELECT jsonb_build_object('data', jsonb_strip_nulls(jsonb_build_object('valid', true, 'type', p.kind,
			'identifier', p.identifier, 'expires_at', _nuvopipe.iso(t.expires_at))))
		FROM _nuvopipe.token t JOIN _nuvopipe.principal p ON p.id = t.principal_id WHERE t.id = valid_id);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.token_verify IS 'POST /access/verify: whether the token in header access_token (or Authorization) is valid, whose it is and how long; 401 if it is not.';

CREATE OR REPLACE FUNCTION nuvopipe_api.token_delete(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	valid_id uuid := _nuvopipe.valid_token(_nuvopipe.named_token($1));
BEGIN
	UPDATE _nuvopipe.token t SET revoked_at = clock_timestamp() WHERE t.id = valid_id AND t.revoked_at IS NULL;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'the access token was revoked' USING ERRCODE = 'invalid_authorization_specification';
	END IF;
	PERFORM _nuvopipe.forget_tokens();
	RETURN '{"message": "success"}';
END
$$;
COMMENT ON FUNCTION nuvopipe_api.token_delete IS 'DELETE /access/token: the token in header access_token (or Authorization) is worthless from now on.';

/*
 * Signing in with a password.
 */

-- Users with that identifier: in one organization, or the two that were made first.  Always as many rows as will be compared.
CREATE OR REPLACE FUNCTION _nuvopipe.sign_in(identifier text, password text, organization text, OUT tenant uuid, OUT user_id uuid)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	candidate record;
	hits int := 0;
BEGIN
	FOR candidate IN
		SELECT p.tenant_id, p.id, p.password
			FROM generate_series(1, CASE WHEN organization IS NULL THEN 2 ELSE 1 END) AS n
				LEFT JOIN (SELECT u.tenant_id, u.id, u.password, row_number() OVER (ORDER BY u.created_at, u.id) AS n
					FROM _nuvopipe.principal u JOIN _nuvopipe.organization g ON g.id = u.tenant_id
					WHERE u.kind = 'USER' AND u.identifier = identifier AND u.deleted_at IS NULL AND u.password IS NOT NULL
						AND (organization IS NULL OR organization IN (g.name, g.id::text))) p ON p.n = n.n
	LOOP
		IF _nuvopipe.password_matches(identifier, password, candidate.password) THEN
			hits := hits + 1;
			tenant := candidate.tenant_id;
			user_id := candidate.id;
		END IF;
	END LOOP;
	IF hits > 1 THEN
		user_id := NULL;	-- the same password in two organizations: which one is meant?
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.session_create(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	given jsonb := _nuvopipe.check_body($1, '{identifier,password,organization}');
	identifier text := _nuvopipe.given_text(given, 'identifier', true);
	password text := _nuvopipe.given_text(given, 'password', true);
	organization text := _nuvopipe.given_text(given, 'organization');
	seconds int := _nuvopipe.attempt_wait('SESSION ' || identifier);
	hit record;
	made record;
BEGIN
	IF seconds > 0 THEN
		RETURN _nuvopipe.too_many_attempts(seconds);
	END IF;
	SELECT s.tenant, s.user_id INTO hit FROM _nuvopipe.sign_in(identifier, left(password, 1024), organization) s;
	IF hit.user_id IS NULL THEN
		PERFORM _nuvopipe.attempt_failed('SESSION ' || identifier, 'the identifier or the password is not right');
	END IF;
	SELECT t.id, t.token INTO made FROM _nuvopipe.add_token(hit.tenant, hit.user_id, 'SESSION', '12 hours', NULL, NULL) t;
	RETURN _nuvopipe.unstored(jsonb_build_object('data', jsonb_build_object('access_token', made.token,
		'expires_at', (SELECT _nuvopipe.iso(t.expires_at) FROM _nuvopipe.token t WHERE t.id = made.id))));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.session_create IS 'POST /access/session: {"identifier", "password", "organization"?} of a user with a password gives {"data": {"access_token", "expires_at"}}, valid for 12 hours. organization (name or id) is needed where the identifier is known in several.';

/*
 * API keys, and the tokens there are.
 */
CREATE OR REPLACE FUNCTION nuvopipe_api.api_key_create(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	given jsonb := _nuvopipe.check_body($1, '{label,scopes,expires_at}');
	label text := _nuvopipe.given_text(given, 'label');
	expires_at timestamptz := _nuvopipe.check_time(given -> 'expires_at', 'expires_at');
	lifetime interval := expires_at - clock_timestamp();
	scopes text[];
	made record;
BEGIN
	PERFORM _nuvopipe.require_right('create', 'token');
	IF _nuvopipe.token_principal() IS NULL THEN
		RAISE EXCEPTION 'a database role has no API key' USING ERRCODE = 'feature_not_supported',
			HINT = 'nuvopipe.create_token makes one for a user or a sub-organization.';
	END IF;
	PERFORM _nuvopipe.expect_strings(given -> 'scopes', 'scopes');
	IF jsonb_typeof(given -> 'scopes') = 'array' THEN
		scopes := ARRAY(SELECT s FROM jsonb_array_elements_text(given -> 'scopes') s);
	END IF;
	PERFORM _nuvopipe.check_short(label, 'label');
	IF lifetime <= interval '0' THEN
		PERFORM _nuvopipe.fault('expires_at', 'must be in the future');
	END IF;
	SELECT t.id, t.token INTO made FROM _nuvopipe.add_token(_nuvopipe.tenant(), _nuvopipe.token_principal(), 'API_KEY', lifetime, scopes, label) t;
	RETURN _nuvopipe.unstored(jsonb_build_object('data', _nuvopipe.api_read('token', made.id) || jsonb_build_object('token', made.token)));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.api_key_create IS 'POST /token: {"label"?, "scopes"?, "expires_at"?} gives an API key for the caller, shown in "token" this once. It may do no more than the token it was made with.';

CREATE OR REPLACE FUNCTION nuvopipe_api.token_list(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN _nuvopipe.api_list('token', $1);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.token_list IS 'GET /token: tokens that may still be used, without the tokens; for an OWNER those of the organization, else the caller''s own.';

CREATE OR REPLACE FUNCTION nuvopipe_api.token_revoke(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	-- a token would do as well as an id, but has no place in a path
	token_id uuid := _nuvopipe.api_id('token', $1 ->> 'id');
BEGIN
	PERFORM _nuvopipe.require_right('delete', 'token');
	IF NOT EXISTS (SELECT FROM _nuvopipe.api_token t WHERE t.id = token_id AND t._tenant_id = _nuvopipe.tenant())
			OR NOT nuvopipe.revoke_token(token_id::text) THEN
		RAISE EXCEPTION 'token "%" does not exist', token_id USING ERRCODE = 'undefined_object';
	END IF;
	RETURN '{"message": "success"}';
END
$$;
COMMENT ON FUNCTION nuvopipe_api.token_revoke IS 'DELETE /token/{id}: that token is worthless from now on.';

/*
 * Users.
 */
CREATE OR REPLACE FUNCTION nuvopipe_api.user_create(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	given jsonb := _nuvopipe.check_body($1, '{email,identifier,first_name,last_name,role,position,password,permissions}');
	new_id uuid;
BEGIN
	PERFORM _nuvopipe.require_right('create', 'user');
	new_id := nuvopipe.create_user(
		email => _nuvopipe.given_text(given, 'email', true),
		identifier => _nuvopipe.given_text(given, 'identifier'),
		first_name => _nuvopipe.given_text(given, 'first_name'),
		last_name => _nuvopipe.given_text(given, 'last_name'),
		role => coalesce(_nuvopipe.given_text(given, 'role'), 'MEMBER'),
		password => _nuvopipe.given_text(given, 'password'),
		permissions => nullif(given -> 'permissions', 'null'),
		"position" => _nuvopipe.given_text(given, 'position'));
	RETURN jsonb_build_object('data', _nuvopipe.api_read('user', new_id));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.user_create IS 'POST /user: makes a user of the caller''s organization.';

CREATE OR REPLACE FUNCTION nuvopipe_api.user_list(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN _nuvopipe.api_list('user', $1);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.user_list IS 'GET /user: users of the caller''s organization.';

CREATE OR REPLACE FUNCTION nuvopipe_api.user_read(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN jsonb_build_object('data', _nuvopipe.api_read('user', _nuvopipe.api_id('user', $1 ->> 'id')));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.user_read IS 'GET /user/{id}: one user.';

CREATE OR REPLACE FUNCTION nuvopipe_api.user_update(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	given jsonb := _nuvopipe.check_body($1, '{email,identifier,first_name,last_name,role,position,password,permissions}');
	user_id uuid := _nuvopipe.api_id('user', $1 ->> 'id');
BEGIN
	PERFORM _nuvopipe.require_right('write', 'user');
	PERFORM nuvopipe.update_user(
		"user" => user_id::text,
		email => _nuvopipe.given_text(given, 'email'),
		identifier => _nuvopipe.given_text(given, 'identifier'),
		first_name => _nuvopipe.given_text(given, 'first_name'),
		last_name => _nuvopipe.given_text(given, 'last_name'),
		role => _nuvopipe.given_text(given, 'role'),
		password => _nuvopipe.given_text(given, 'password'),
		permissions => nullif(given -> 'permissions', 'null'),
		"position" => _nuvopipe.given_text(given, 'position'));
	RETURN jsonb_build_object('data', _nuvopipe.api_read('user', user_id));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.user_update IS 'PUT /user/{id}: changes what is given.';

CREATE OR REPLACE FUNCTION nuvopipe_api.user_delete(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.require_right('delete', 'user');
	PERFORM nuvopipe.delete_user(_nuvopipe.api_id('user', $1 ->> 'id')::text);
	RETURN '{"message": "success"}';
END
$$;
COMMENT ON FUNCTION nuvopipe_api.user_delete IS 'DELETE /user/{id}: the user and its tokens; by an OWNER.';

/*
 * Sub-organizations.
 */
CREATE OR REPLACE FUNCTION nuvopipe_api.sub_organization_create(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	given jsonb := _nuvopipe.check_body($1, '{name,identifier,permissions}');
	new_id uuid;
BEGIN
	PERFORM _nuvopipe.require_right('create', 'sub_organization');
	new_id := nuvopipe.create_sub_organization(_nuvopipe.given_text(given, 'name', true), _nuvopipe.given_text(given, 'identifier', true),
		permissions => nullif(given -> 'permissions', 'null'));
	RETURN jsonb_build_object('data', _nuvopipe.api_read('sub_organization', new_id));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.sub_organization_create IS 'POST /sub-organization: makes a sub-organization.';

CREATE OR REPLACE FUNCTION nuvopipe_api.sub_organization_list(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN _nuvopipe.api_list('sub_organization', $1);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.sub_organization_list IS 'GET /sub-organization: those of the caller''s organization.';

CREATE OR REPLACE FUNCTION nuvopipe_api.sub_organization_read(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN jsonb_build_object('data', _nuvopipe.api_read('sub_organization', _nuvopipe.api_id('sub-organization', $1 ->> 'id')));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.sub_organization_read IS 'GET /sub-organization/{id}: one of them.';

CREATE OR REPLACE FUNCTION nuvopipe_api.sub_organization_update(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	given jsonb := _nuvopipe.check_body($1, '{name,identifier,permissions}');
	sub_id uuid := _nuvopipe.api_id('sub-organization', $1 ->> 'id');
BEGIN
	PERFORM _nuvopipe.require_right('write', 'sub_organization');
	PERFORM nuvopipe.update_sub_organization(sub_id::text, name => _nuvopipe.given_text(given, 'name'),
		identifier => _nuvopipe.given_text(given, 'identifier'), permissions => nullif(given -> 'permissions', 'null'));
	RETURN jsonb_build_object('data', _nuvopipe.api_read('sub_organization', sub_id));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.sub_organization_update IS 'PUT /sub-organization/{id}: changes what is given.';

CREATE OR REPLACE FUNCTION nuvopipe_api.sub_organization_delete(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.require_right('delete', 'sub_organization');
	PERFORM nuvopipe.delete_sub_organization(_nuvopipe.api_id('sub-organization', $1 ->> 'id')::text);
	RETURN '{"message": "success"}';
END
$$;
COMMENT ON FUNCTION nuvopipe_api.sub_organization_delete IS 'DELETE /sub-organization/{id}: it and its tokens; what it owns stays with the organization.';

/*
 * Who one is.
 */
CREATE OR REPLACE FUNCTION nuvopipe_api.me_read(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	me uuid := _nuvopipe.me();
BEGIN
	RETURN (SELECT jsonb_build_object('data', jsonb_strip_nulls(jsonb_build_object(
			'id', p.id,
			'type', CASE p.kind WHEN 'SUB_ORG' THEN 'SUB_ORG' ELSE 'USER' END,
			'identifier', p.identifier,
			'name', p.name,
			'role', p.role,
			'permissions', _nuvopipe.permissions(coalesce(_nuvopipe.caller_rights(), p.rights)),
			'organization', jsonb_build_object('id', g.id, 'name', g.name),
			'features', jsonb_build_object('formula_suggestion', false, 'stream', true, 'console', false,
				'connectors', '["HTTP", "FTP", "MANUAL", "TABLE", "FILE"]'::jsonb),
			'limits', jsonb_build_object('upload_bytes', nullif(pg_size_bytes(current_setting('nuvopipe.max_object_size')), 0), 'preview_rows', 100),
			'version', (SELECT e.extversion FROM pg_extension e WHERE e.extname = 'nuvopipe'))))
		FROM _nuvopipe.principal p JOIN _nuvopipe.organization g ON g.id = p.tenant_id WHERE p.id = me);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.me_read IS 'GET /me: who the caller is, what it may do, and what this server can do.';

/*
 * Schemas and routes.
 */
SELECT _nuvopipe.set_schema('Permissions', '{"type": "object", "description": "What is missing is true.", "properties": {
	"pipeline": {"$ref": "#/components/schemas/Verbs"}, "connector": {"$ref": "#/components/schemas/Verbs"}, "tdm": {"$ref": "#/components/schemas/Verbs"},
	"execution": {"type": "object", "properties": {"create": {"type": "boolean"}, "read": {"type": "boolean"}, "write": {"type": "boolean"}}}}}');
SELECT _nuvopipe.set_schema('Verbs', '{"type": "object", "properties": {"create": {"type": "boolean"}, "read": {"type": "boolean"}, "write": {"type": "boolean"},
	"delete": {"type": "boolean"}, "remove": {"type": "boolean", "deprecated": true}}}');
SELECT _nuvopipe.set_schema('User', '{"type": "object", "properties": {"id": {"type": "string", "format": "uuid", "readOnly": true},
	"email": {"type": "string", "format": "email"}, "identifier": {"type": "string", "maxLength": 255, "description": "default: the e-mail address"},
	"first_name": {"type": "string", "maxLength": 255}, "last_name": {"type": "string", "maxLength": 255},
	"role": {"enum": ["OWNER", "MEMBER"], "default": "MEMBER"}, "position": {"type": "string", "maxLength": 255},
	"password": {"type": "string", "minLength": 8, "writeOnly": true}, "permissions": {"$ref": "#/components/schemas/Permissions"},
	"created_at": {"type": "string", "format": "date-time", "readOnly": true}, "created_by": {"type": "object", "readOnly": true},
	"updated_at": {"type": "string", "format": "date-time", "readOnly": true}, "updated_by": {"type": "object", "readOnly": true}}}');
SELECT _nuvopipe.set_schema('SubOrganization', '{"type": "object", "properties": {"id": {"type": "string", "format": "uuid", "readOnly": true},
	"name": {"type": "string", "maxLength": 255}, "identifier": {"type": "string", "maxLength": 255},
	"permissions": {"$ref": "#/components/schemas/Permissions"},
	"created_at": {"type": "string", "format": "date-time", "readOnly": true}, "created_by": {"type": "object", "readOnly": true},
	"updated_at": {"type": "string", "format": "date-time", "readOnly": true}, "updated_by": {"type": "object", "readOnly": true}}}');
SELECT _nuvopipe.set_schema('Token', '{"type": "object", "properties": {"id": {"type": "string", "format": "uuid", "readOnly": true},
	"kind": {"enum": ["ACCESS_TOKEN", "API_KEY", "SESSION"], "readOnly": true}, "principal": {"type": "object", "readOnly": true},
	"label": {"type": "string", "maxLength": 255}, "scopes": {"type": "array", "items": {"type": "string", "examples": ["tdm:read", "execution:*", "*"]}},
	"expires_at": {"type": "string", "format": "date-time"}, "token": {"type": "string", "readOnly": true, "description": "shown when it is made, and never again"},
	"created_at": {"type": "string", "format": "date-time", "readOnly": true}, "created_by": {"type": "object", "readOnly": true}}}');

SELECT _nuvopipe.set_route('POST', p, 'token_create', 'Make an access token', auth => 'none', rate => 'auth',
		request => '{"type": "object", "required": ["license_key", "auth"], "properties": {"license_key": {"type": "string"}, "auth": {"type": "object",
			"required": ["identifier", "type"], "properties": {"identifier": {"type": "string"}, "type": {"enum": ["USER", "SUB_ORG"]}}}}}',
		response => '{"type": "object", "properties": {"access_token": {"type": "string"}}}')
	FROM unnest('{/dp/api/v1/access/token,/dp/api/v1/auth/access-token}'::text[]) p;
SELECT _nuvopipe.set_route('DELETE', p, 'token_delete', 'Revoke the access token that is sent', auth => 'none', rate => 'none', headers => '{access_token,authorization}',
		response => '{"type": "object", "properties": {"message": {"const": "success"}}}')
	FROM unnest('{/dp/api/v1/access/token,/dp/api/v1/auth/access-token}'::text[]) p;
SELECT _nuvopipe.set_route('POST', p, 'token_verify', 'Whether the access token that is sent is valid', auth => 'none', rate => 'none', headers => '{access_token,authorization}',
		response => '{"type": "object", "properties": {"data": {"type": "object", "properties": {"valid": {"const": true}, "type": {"enum": ["USER", "SUB_ORG"]},
			"identifier": {"type": "string"}, "expires_at": {"type": "string", "format": "date-time"}}}}}')
	FROM unnest('{/dp/api/v1/access/verify,/dp/api/v1/auth/verify}'::text[]) p;
SELECT _nuvopipe.set_route('POST', '/dp/api/v1/access/session', 'session_create', 'Sign in with a password', auth => 'none', rate => 'auth',
	request => '{"type": "object", "required": ["identifier", "password"], "properties": {"identifier": {"type": "string"}, "password": {"type": "string"}, "organization": {"type": "string"}}}',
	response => '{"type": "object", "properties": {"data": {"type": "object", "properties": {"access_token": {"type": "string"}, "expires_at": {"type": "string", "format": "date-time"}}}}}');
SELECT _nuvopipe.set_route('POST', '/dp/api/v1/token', 'api_key_create', 'Make an API key', rate => 'auth', status => 201,
	request => '{"$ref": "#/components/schemas/Token"}', response => '{"type": "object", "properties": {"data": {"$ref": "#/components/schemas/Token"}}}');
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/token', 'token_list', 'List tokens',
	response => '{"type": "object", "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/Token"}}, "pagination": {"type": "object"}}}');
SELECT _nuvopipe.set_route('DELETE', '/dp/api/v1/token/{id}', 'token_revoke', 'Revoke a token',
	response => '{"type": "object", "properties": {"message": {"const": "success"}}}');
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/me', 'me_read', 'Who the caller is');

SELECT _nuvopipe.set_route('POST', '/dp/api/v1/' || n, o || '_create', 'Create a ' || w, status => 201,
		request => format('{"allOf": [{"$ref": "#/components/schemas/%s"}, {"type": "object", "required": %s}]}', s, to_jsonb(r))::jsonb,
		response => format('{"type": "object", "properties": {"data": {"$ref": "#/components/schemas/%s"}}}', s)::jsonb),
	_nuvopipe.set_route('GET', '/dp/api/v1/' || n, o || '_list', format('List %ss', w),
		response => format('{"type": "object", "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/%s"}}, "pagination": {"type": "object"}}}', s)::jsonb),
	_nuvopipe.set_route('GET', format('/dp/api/v1/%s/{id}', n), o || '_read', 'Read a ' || w, object => o, reader => o || '_read',
		response => format('{"type": "object", "properties": {"data": {"$ref": "#/components/schemas/%s"}}}', s)::jsonb),
	_nuvopipe.set_route('PUT', format('/dp/api/v1/%s/{id}', n), o || '_update', 'Change a ' || w, object => o, reader => o || '_read',
		request => format('{"$ref": "#/components/schemas/%s"}', s)::jsonb,
		response => format('{"type": "object", "properties": {"data": {"$ref": "#/components/schemas/%s"}}}', s)::jsonb),
	_nuvopipe.set_route('DELETE', format('/dp/api/v1/%s/{id}', n), o || '_delete', 'Delete a ' || w, object => o, reader => o || '_read',
		response => '{"type": "object", "properties": {"message": {"const": "success"}}}')
	FROM (VALUES ('user', 'user', 'user', 'User', ARRAY['email']), ('sub-organization', 'sub_organization', 'sub-organization', 'SubOrganization', ARRAY['name', 'identifier'])) v (n, o, w, s, r);
