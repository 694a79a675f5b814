
/*
 * Tokens, signing keys, and how many attempts there may be.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.check_token(token text, OUT state text, OUT token_id uuid)
	AS 'MODULE_PATHNAME', 'nuvopipe_check_token' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION _nuvopipe.check_token IS
'What a token is worth now: state valid, expired, revoked or invalid; token_id: its row, null if it is none of ours. It makes nobody the caller.';

CREATE OR REPLACE FUNCTION _nuvopipe.sign_token(token_id uuid) RETURNS text
	AS 'MODULE_PATHNAME', 'nuvopipe_sign_token' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;

CREATE OR REPLACE FUNCTION _nuvopipe.limit_take(class text, key text) RETURNS int
	AS 'MODULE_PATHNAME', 'nuvopipe_limit_take' LANGUAGE C STRICT VOLATILE PARALLEL SAFE;

CREATE OR REPLACE FUNCTION _nuvopipe.limit_peek(class text, key text) RETURNS int
	AS 'MODULE_PATHNAME', 'nuvopipe_limit_peek' LANGUAGE C STRICT VOLATILE PARALLEL SAFE;

/*
 * Signing keys.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.add_signing_key() RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	new_id uuid := _nuvopipe.uuid_v7();
BEGIN
	INSERT INTO _nuvopipe.signing_key (id, sealed, created_at, created_by)
		VALUES (new_id, _nuvopipe.seal(jsonb_build_object('k', _nuvopipe.new_secret('')), new_id, _nuvopipe.may_create_key()),
			clock_timestamp(), NULL);
	RETURN new_id;
END
$$;

-- The key that signs now; made if there is none.
CREATE OR REPLACE FUNCTION _nuvopipe.signing_key_id() RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN coalesce((SELECT k.id FROM _nuvopipe.signing_key k
			WHERE k.retired_at IS NULL AND k.revoked_at IS NULL ORDER BY k.id DESC LIMIT 1),
		_nuvopipe.add_signing_key());
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.rotate_signing_key(revoke boolean DEFAULT false) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	moment timestamptz := clock_timestamp();
	new_id uuid;
BEGIN
	IF NOT _nuvopipe.is_admin() THEN
		RAISE EXCEPTION 'must be a member of "nuvopipe_admin" to rotate the signing key' USING ERRCODE = 'insufficient_privilege';
	END IF;
	new_id := _nuvopipe.add_signing_key();
	UPDATE _nuvopipe.signing_key k SET
			retired_at = coalesce(k.retired_at, moment),
			revoked_at = CASE WHEN revoke THEN coalesce(k.revoked_at, moment) ELSE k.revoked_at END
		WHERE k.id <> new_id;
	PERFORM _nuvopipe.forget_tokens();
	RETURN new_id;
END
$$;
COMMENT ON FUNCTION nuvopipe.rotate_signing_key IS
'Makes a new key that signs access tokens from now on, for all organizations.
revoke: whether tokens signed with older keys are worthless at once; false: until they expire.
Returns the id of the key ("kid"). Whoever was given nuvopipe.jwt_secret() needs it again.
Errors: 42501 without the rights of nuvopipe_admin; those of the key file.';

CREATE OR REPLACE FUNCTION nuvopipe.jwt_secret() RETURNS text
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF _nuvopipe.token_principal() IS NOT NULL
			OR NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = _nuvopipe.caller()) THEN
		RAISE EXCEPTION 'must be superuser to read the signing keys' USING ERRCODE = 'insufficient_privilege';
	END IF;
	PERFORM _nuvopipe.signing_key_id();
	RETURN (SELECT jsonb_build_object('keys', jsonb_agg(jsonb_build_object('kty', 'oct', 'alg', 'HS256', 'use', 'sig',
			'kid', k.id, 'k', _nuvopipe.unseal(k.sealed, k.id) ->> 'k') ORDER BY k.id DESC))
		FROM _nuvopipe.signing_key k WHERE k.revoked_at IS NULL);
END
$$;
COMMENT ON FUNCTION nuvopipe.jwt_secret IS
'The keys that sign access tokens, as a JSON Web Key Set (RFC 7517): what PostgREST takes as jwt-secret. Whoever has it can sign tokens, but a token without a row here is worth nothing to nuvopipe.
Errors: 42501 for all but superusers; those of the key file.';

/*
 * Tokens.
 */

-- A row for a principal; rights are cut to what the caller has.
CREATE OR REPLACE FUNCTION _nuvopipe.add_token(tenant uuid, principal_id uuid, kind text, lifetime interval, scopes text[], label text,
		OUT id uuid, OUT token text)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	moment timestamptz := clock_timestamp();
	rights int := _nuvopipe.rights(scopes) & coalesce(_nuvopipe.caller_rights(), 1048575);
BEGIN
	id := _nuvopipe.uuid_v7();
	IF kind = 'API_KEY' THEN
		token := _nuvopipe.new_secret('nvp_');
	END IF;
	INSERT INTO _nuvopipe.token (id, tenant_id, principal_id, kind, signing_key_id, digest, scopes, rights, label,
			created_at, created_by, expires_at)
		VALUES (id, tenant, principal_id, kind, CASE WHEN kind <> 'API_KEY' THEN _nuvopipe.signing_key_id() END,
			_nuvopipe.digest(token), scopes, rights, label, moment, coalesce(_nuvopipe.token_principal(), principal_id), moment + lifetime);
	IF kind <> 'API_KEY' THEN
		token := _nuvopipe.sign_token(id);
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.check_lifetime(kind text, lifetime interval) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF lifetime <= interval '0' THEN
		PERFORM _nuvopipe.fault('lifetime', 'must be more than nothing');
	ELSIF lifetime IS NULL AND kind <> 'API_KEY' THEN
		PERFORM _nuvopipe.fault('lifetime', 'must be given', 'Only an API key may live until it is revoked.');
	ELSIF lifetime > interval '366 days' AND kind <> 'API_KEY' THEN
		PERFORM _nuvopipe.fault('lifetime', 'must not be longer than 366 days', 'An API key may live longer.');
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.create_token(identifier text, kind text DEFAULT 'access_token', lifetime interval DEFAULT '24 hours',
		scopes text[] DEFAULT NULL, organization text DEFAULT NULL, type text DEFAULT NULL, label text DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	tenant uuid := _nuvopipe.managed_tenant('create', organization);
	target _nuvopipe.principal;
BEGIN
	kind := upper(kind);
	type := upper(type);
	PERFORM _nuvopipe.expect_word(to_jsonb(kind), 'kind', '{ACCESS_TOKEN,API_KEY}');
	PERFORM _nuvopipe.expect_word(to_jsonb(type), 'type', '{USER,SUB_ORG}');
	PERFORM _nuvopipe.check_lifetime(kind, lifetime);
	PERFORM _nuvopipe.check_short(label, 'label');
	IF type IS NULL THEN
		SELECT p.kind INTO type FROM _nuvopipe.principal p
			WHERE p.tenant_id = tenant AND p.identifier = identifier AND p.kind <> 'ROLE' AND p.deleted_at IS NULL
			ORDER BY p.kind DESC LIMIT 1;	-- USER before SUB_ORG
	END IF;
	target := _nuvopipe.hold_principal(tenant, coalesce(type, 'USER'), identifier);
	IF target.id IS DISTINCT FROM _nuvopipe.token_principal() THEN
		IF target.kind = 'USER' THEN
			PERFORM _nuvopipe.require_owner('make a token for another user');
		END IF;
		PERFORM _nuvopipe.require_may_admit(tenant, target.database_role);
	END IF;
	RETURN (SELECT t.token FROM _nuvopipe.add_token(tenant, target.id, kind, lifetime, scopes, label) t);
END
$$;
COMMENT ON FUNCTION nuvopipe.create_token IS
'Makes a token for a user or a sub-organization.
identifier: identifier or id. kind: access_token, a signed JWT; api_key, for programs. lifetime: null, for an API key: until it is revoked. scopes: what it may do at most, such as "tdm:read", "execution:*", "*:read"; kinds are pipeline, execution, connector, tdm, and organization for what users only may do; null: all that its principal may. organization: name or id; null: the caller''s own. type: USER or SUB_ORG; null: whichever has the identifier, users first. label: to tell tokens apart.
Returns the token, which is shown this once.
Errors: 42501 for roles without the rights of nuvopipe_admin and of the principal''s database role, and for users who are no OWNER if it is for another user; 42704 if there is no such principal; 22023 for an unknown scope.';

CREATE OR REPLACE FUNCTION nuvopipe.revoke_token(token text) RETURNS boolean
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	holder uuid;
	token_id uuid;
BEGIN
	PERFORM _nuvopipe.require_user();
	IF _nuvopipe.is_uuid(token) THEN
		SELECT t.id, t.principal_id INTO token_id, holder FROM _nuvopipe.token t
			WHERE t.id = token::uuid AND t.tenant_id = _nuvopipe.tenant();
		IF token_id IS NULL THEN
			RETURN false;
		ELSIF NOT (holder = _nuvopipe.token_principal() OR coalesce(_nuvopipe.caller_is_owner(), _nuvopipe.is_admin())) THEN
			RAISE EXCEPTION 'must be an OWNER to revoke the token of somebody else' USING ERRCODE = 'insufficient_privilege';
		END IF;
	ELSE
		-- who has it may end it
		token_id := (SELECT c.token_id FROM _nuvopipe.check_token(token) c);
	END IF;
	UPDATE _nuvopipe.token t SET revoked_at = clock_timestamp()
		WHERE t.id = token_id AND t.revoked_at IS NULL AND (t.expires_at > clock_timestamp() OR t.expires_at IS NULL);
	IF FOUND THEN
		PERFORM _nuvopipe.forget_tokens();
		RETURN true;
	END IF;
	RETURN false;
END
$$;
COMMENT ON FUNCTION nuvopipe.revoke_token IS
'Makes a token worthless at once.
token: the token itself, or its id in nuvopipe.tokens.
Returns whether it was valid until now.
Errors: 42501 if an id is given and the token is neither the caller''s own nor the caller an OWNER or nuvopipe_admin.';

CREATE OR REPLACE VIEW nuvopipe.tokens WITH (security_barrier) AS
	SELECT t.id, t.kind, p.identifier, p.kind AS type, t.label, t.scopes, t.created_at, t.created_by, t.expires_at, t.revoked_at
		FROM _nuvopipe.token t JOIN _nuvopipe.principal p ON p.id = t.principal_id
		WHERE t.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('read', 'token', t.principal_id, 'nuvopipe_admin');
COMMENT ON VIEW nuvopipe.tokens IS 'Tokens of the caller''s organization, without the tokens; for admins. They are kept for a day after they expire.';
COMMENT ON COLUMN nuvopipe.tokens.kind IS 'ACCESS_TOKEN, API_KEY, or SESSION: made by signing in with a password.';
COMMENT ON COLUMN nuvopipe.tokens.scopes IS 'What it may do at most; null: all that its principal may.';

/*
 * Attempts that failed are counted by address and identifier, and by address,
 * but never by identifier alone: then anybody could lock out somebody else by
 * failing in his name.  What counts as an address is one of IPv4, or the 64 bits
 * of IPv6 that are given to one customer.
 */

CREATE OR REPLACE FUNCTION _nuvopipe.peer() RETURNS text
	AS 'MODULE_PATHNAME', 'nuvopipe_peer' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;

-- What counts as one address; what is none counts as it is.
CREATE OR REPLACE FUNCTION _nuvopipe.address_of(peer text) RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	address inet;
BEGIN
	address := peer;
	IF address <<= '::ffff:0:0/96' THEN
		RETURN regexp_replace(host(address), '^.*:', '');	-- of IPv4
	ELSIF family(address) = 4 THEN
		RETURN host(address);
	END IF;
	RETURN network(set_masklen(address, 64))::text;
EXCEPTION WHEN invalid_text_representation THEN
	RETURN peer;
END
$$;

-- What attempts are counted by; null where whoever serves requests does not tell the address: then nothing is counted.
CREATE OR REPLACE FUNCTION _nuvopipe.attempt_address() RETURNS text
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN coalesce(_nuvopipe.address_of(_nuvopipe.peer()),
		CASE WHEN NOT _nuvopipe.has_rights_of('nuvopipe_api') THEN 'role ' || _nuvopipe.caller() END);
END
$$;

-- 0, or after how many seconds there may be another attempt
CREATE OR REPLACE FUNCTION _nuvopipe.attempt_wait(identifier text) RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	address text := _nuvopipe.attempt_address();
BEGIN
	RETURN coalesce(greatest(_nuvopipe.limit_peek('auth', address || E'\n' || identifier), _nuvopipe.limit_peek('auth_address', address)), 0);
END
$$;

-- Counts a failure, which an abort does not undo, and tells of it in the same words whatever was wrong.
CREATE OR REPLACE FUNCTION _nuvopipe.attempt_failed(identifier text, message text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	address text := _nuvopipe.attempt_address();
BEGIN
	PERFORM _nuvopipe.limit_take('auth', address || E'\n' || identifier);
	PERFORM _nuvopipe.limit_take('auth_address', address);
	RAISE EXCEPTION '%', message USING ERRCODE = 'invalid_authorization_specification';
END
$$;
