-- Who is let in, as whom, and what each of them sees: tokens, users, sub-organizations, roles, row level security.
\set QUIET 1
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();

/*
 * Helpers.  As a token: what PostgREST does, so that functions and views are
 * called by the token's principal; without one again by this session's role.
 */
CREATE FUNCTION pg_temp.act_as(token text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('request.headers', jsonb_strip_nulls(jsonb_build_object('authorization', token))::text, true);
	PERFORM nuvopipe_api.pre_request();
END $$;

CREATE FUNCTION pg_temp.ask(method text, path text, token text, body jsonb DEFAULT NULL, OUT status int, OUT answer jsonb, OUT headers jsonb)
LANGUAGE plpgsql AS $$
BEGIN
	SELECT r.status, convert_from(r.body, 'UTF8')::jsonb, r.headers INTO status, answer, headers
		FROM nuvopipe_api.request(method, '/dp/api/v1' || path, '', jsonb_strip_nulls(jsonb_build_object('Authorization', token)), convert_to(body::text, 'UTF8')) r;
END $$;

CREATE FUNCTION pg_temp.status(method text, path text, token text, body jsonb DEFAULT NULL) RETURNS int LANGUAGE sql
AS $$ SELECT a.status FROM pg_temp.ask(method, path, token, body) a $$;

CREATE FUNCTION pg_temp.encode64(data bytea) RETURNS text LANGUAGE sql
AS $$ SELECT rtrim(translate(encode(data, 'base64'), E'+/\n', '-_'), '=') $$;

CREATE FUNCTION pg_temp.decode64(data text) RETURNS bytea LANGUAGE sql
AS $$ SELECT decode(rpad(translate(data, '-_', '+/'), (length(data) + 3) / 4 * 4, '='), 'base64') $$;

CREATE FUNCTION pg_temp.pad(key bytea, with_byte int) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
	result bytea := key || decode(repeat('00', 64 - length(key)), 'hex');
BEGIN
	FOR i IN 0 .. 63 LOOP
		result := set_byte(result, i, get_byte(result, i) # with_byte);
	END LOOP;
	RETURN result;
END $$;

-- a JWT made by hand with the key that the server signs with (RFC 2104)
CREATE FUNCTION pg_temp.sign(header text, claims text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	key bytea := pg_temp.decode64(nuvopipe.jwt_secret()::jsonb #>> '{keys,0,k}');
	text text := pg_temp.encode64(convert_to(header, 'UTF8')) || '.' || pg_temp.encode64(convert_to(claims, 'UTF8'));
BEGIN
	RETURN text || '.' || pg_temp.encode64(sha256(pg_temp.pad(key, 92) || sha256(pg_temp.pad(key, 54) || convert_to(text, 'UTF8'))));
END $$;

CREATE FUNCTION pg_temp.state(token text) RETURNS text LANGUAGE sql AS $$ SELECT c.state FROM _nuvopipe.check_token(token) c $$;

/*
 * Two organizations.
 */
CREATE ROLE regress_np_admin IN ROLE nuvopipe_admin;
CREATE ROLE regress_np_plain IN ROLE nuvopipe_user;
CREATE ROLE regress_np_rich IN ROLE nuvopipe_user;
CREATE ROLE regress_np_nobody;

SELECT license_key AS acme_key FROM nuvopipe.create_organization('acme') \gset
SELECT id AS beta, license_key AS beta_key FROM nuvopipe.create_organization('beta') \gset
SELECT nuvopipe.create_user('ann@acme.test', 'acme', first_name => 'Ann', last_name => 'Ames', role => 'OWNER', password => 'correct horse') AS ann \gset
SELECT nuvopipe.create_user('bob@acme.test', 'acme', password => 'battery staple') AS bob \gset
SELECT nuvopipe.create_user('ann@acme.test', 'beta', identifier => 'eve', role => 'OWNER') AS eve \gset
SELECT nuvopipe.create_sub_organization('Customer 1', 'c1', 'acme') AS c1 \gset
SELECT nuvopipe.create_sub_organization('Customer 2', 'c2', 'acme') AS c2 \gset
SELECT nuvopipe.create_token('ann@acme.test', organization => 'acme') AS t_ann \gset
SELECT nuvopipe.create_token('bob@acme.test', organization => 'acme') AS t_bob \gset
SELECT nuvopipe.create_token('eve', organization => 'beta') AS t_eve \gset
SELECT nuvopipe.create_token('c1', organization => 'acme') AS t_c1 \gset
SELECT nuvopipe.create_token('c2', organization => 'acme') AS t_c2 \gset

/*
 * Tokens.
 */
SELECT is(pg_temp.state(:'t_ann'), 'valid', 'a token that was made is valid');
SELECT is(a.answer -> 'data' ->> 'identifier', 'ann@acme.test', 'and tells who one is') FROM pg_temp.ask('GET', '/me', :'t_ann') a;
SELECT is(pg_temp.status('GET', '/me', 'Bearer ' || :'t_ann'), 200, 'a scheme in front of it is taken off');
SELECT is(pg_temp.status('GET', '/me', NULL), 401, 'no token, no answer');
SELECT is(convert_from(pg_temp.decode64(split_part(:'t_ann', '.', 2)), 'UTF8')::jsonb - '{jti,iat,exp,tenant}'::text[],
	jsonb_build_object('iss', 'nuvopipe', 'sub', :'ann', 'identifier', 'ann@acme.test', 'type', 'USER', 'role', 'nuvopipe_api'), 'claims for those who look');

SELECT convert_from(pg_temp.decode64(split_part(:'t_ann', '.', 1)), 'UTF8') AS head,
	convert_from(pg_temp.decode64(split_part(:'t_ann', '.', 2)), 'UTF8') AS claims, split_part(:'t_ann', '.', 2) AS claims64 \gset
SELECT is(pg_temp.sign(:'head', :'claims'), :'t_ann', 'a signature made by hand is the same');
SELECT is(pg_temp.state(f.token), 'invalid', f.what) FROM (VALUES
	('', 'nothing'),
	('.', 'a dot'), ('..', 'dots'), ('...', 'more dots'),
	(:'t_ann' || '.', 'a part too many'),
	(:'t_ann' || 'A', 'a byte too many'),
	(:'t_ann' || '=', 'padding'),
	(' ' || :'t_ann', 'a blank in front'),
	(left(:'t_ann', -1), 'the last character cut off'),
	(left(:'t_ann', -2), 'two characters cut off'),
	(split_part(:'t_ann', '.', 1) || '.' || :'claims64', 'no signature'),
	(split_part(:'t_ann', '.', 1) || '.' || :'claims64' || '.', 'an empty signature'),
	(split_part(:'t_ann', '.', 1) || '.' || :'claims64' || '.' || split_part(:'t_bob', '.', 3), 'the signature of another token'),
	(split_part(:'t_ann', '.', 1) || '.' || split_part(:'t_bob', '.', 2) || '.' || split_part(:'t_ann', '.', 3), 'the claims of another token'),
	(pg_temp.encode64('{"alg":"none","typ":"JWT"}') || '.' || :'claims64' || '.', 'alg none'),
	(replace(pg_temp.sign(replace(:'head', 'HS256', 'none'), :'claims'), 'x', 'x'), 'alg none, signed'),
	(pg_temp.sign(replace(:'head', 'HS256', 'HS512'), :'claims'), 'alg HS512'),
	(pg_temp.sign(replace(:'head', 'HS256', 'hs256'), :'claims'), 'alg in lower case'),
	(pg_temp.sign(replace(:'head', '"typ"', '"jwk":{},"typ"'), :'claims'), 'a header with more in it'),
	(pg_temp.sign(replace(:'head', '"kid":"', '"kid":"0'), :'claims'), 'a kid that is too long'),
	(pg_temp.sign(regexp_replace(:'head', '"kid":"[^"]*"', '"kid":"00000000-0000-0000-0000-000000000000"'), :'claims'), 'an unknown kid'),
	(pg_temp.sign(regexp_replace(:'head', '"kid":"[^"]*"', '"kid":"../../../../etc/passwd/aaaaaaaaaaaaa"'), :'claims'), 'a kid that is no uuid'),
	(pg_temp.sign(:'head', regexp_replace(:'claims', '"jti":"[^"]*"', '"jti":"00000000-0000-0000-0000-000000000000"')), 'a jti without a row'),
	(pg_temp.sign(:'head', '{}'), 'no claims'),
	(pg_temp.sign(:'head', ''), 'empty claims'),
	(pg_temp.sign(:'head', 'x' || :'claims'), 'claims that are no JSON'),
	(repeat('a', 5000), 'something long'),
	(:'t_ann' || repeat('A', 4096), 'a token with a long tail'),
	('nvp_', 'a short API key'),
	('nvp_' || repeat('A', 43), 'an unknown API key'),
	(:'acme_key', 'a license key')) f (token, what);
SELECT is(pg_temp.status('GET', '/me', pg_temp.sign(replace(:'head', 'HS256', 'none'), :'claims')), 401, 'a forged token is refused by the API too');

-- the row must name the key that signed: two keys, both good
SELECT nuvopipe.rotate_signing_key() AS second_key \gset
SELECT is(pg_temp.state(:'t_ann'), 'valid', 'a key that is retired still verifies');
SELECT is(pg_temp.state(pg_temp.sign(regexp_replace(:'head', '"kid":"[^"]*"', format('"kid":"%s"', :'second_key')), :'claims')), 'invalid', 'but a token belongs to one key');
SELECT nuvopipe.create_token('bob@acme.test', organization => 'acme') AS t_new \gset
SELECT is(convert_from(pg_temp.decode64(split_part(:'t_new', '.', 1)), 'UTF8')::jsonb ->> 'kid', :'second_key', 'new tokens are signed with the new key');
SAVEPOINT s;
SELECT nuvopipe.rotate_signing_key(true) \g /dev/null
SELECT is(pg_temp.state(:'t_ann'), 'revoked', 'a key that is revoked takes its tokens with it');
SELECT is(jsonb_array_length(nuvopipe.jwt_secret()::jsonb -> 'keys'), 1, 'and is not given to others');
ROLLBACK TO s;
SELECT is(pg_temp.state(:'t_ann'), 'valid', 'which was undone');

-- expiry, by the row
SAVEPOINT s;
UPDATE _nuvopipe.token SET expires_at = clock_timestamp() - interval '1 ms' WHERE principal_id = :'ann';
SELECT is(pg_temp.state(:'t_ann'), 'expired', 'the row says when it expires');
SELECT is(a.status, 401, 'an expired token is refused') FROM pg_temp.ask('GET', '/me', :'t_ann') a;
SELECT is(a.answer ->> 'message', 'the access token has expired', 'verify tells why') FROM pg_temp.ask('POST', '/auth/verify', :'t_ann') a;
ROLLBACK TO s;

-- revoking
SAVEPOINT s;
SELECT is(pg_temp.status('DELETE', p.path, :'t_ann'), CASE p.n WHEN 1 THEN 200 ELSE 401 END, p.path || ' takes a token once')
	FROM (VALUES (1, '/auth/access-token'), (2, '/access/token')) p (n, path);
SELECT is(pg_temp.state(:'t_ann'), 'revoked', 'it is worthless then');
SELECT is(nuvopipe.revoke_token(:'t_ann'), false, 'and cannot be revoked twice');
SELECT is(nuvopipe.revoke_token(:'t_bob'), true, 'in SQL the same');
SELECT is(pg_temp.state(:'t_bob'), 'revoked', 'by the text of the token');
SELECT is(nuvopipe.revoke_token('nonsense'), false, 'what is no token is not revoked');
ROLLBACK TO s;
SELECT is(r.status, 200, 'nuvo''s header access_token names the token')
	FROM nuvopipe_api.request('POST', '/dp/api/v1/auth/verify', headers => jsonb_build_object('access_token', :'t_c1')) r;
SELECT is((a.answer -> 'data') - 'expires_at', '{"valid": true, "type": "SUB_ORG", "identifier": "c1"}', 'verify says whose it is') FROM pg_temp.ask('POST', '/access/verify', :'t_c1') a;

-- license keys
SELECT is(a.status, 200, 'a license key makes a token') FROM pg_temp.ask('POST', '/auth/access-token', NULL,
	jsonb_build_object('license_key', :'acme_key', 'auth', '{"identifier": "c1", "type": "SUB_ORG"}'::jsonb)) a;
SELECT is(array_agg(k), ARRAY['access_token'], 'and nothing around it') FROM pg_temp.ask('POST', '/access/token', NULL,
	jsonb_build_object('license_key', :'acme_key', 'auth', '{"identifier": "ann@acme.test", "type": "USER"}'::jsonb)) a, jsonb_object_keys(a.answer) k;
SELECT is(a.status || ' ' || (a.answer ->> 'message'), '401 the license key or the identifier is not known', f.what) FROM (VALUES
	('nvl_wrong', 'ann@acme.test', 'USER', 'a wrong key'),
	(:'beta_key', 'ann@acme.test', 'USER', 'the key of another organization'),
	(:'acme_key', 'nobody', 'USER', 'an unknown identifier'),
	(:'acme_key', 'c1', 'USER', 'a sub-organization is no user'),
	(:'acme_key', 'postgres', 'USER', 'a database role is no user'),
	(:'acme_key', :'ann', 'USER', 'an id is no identifier')) f (key, identifier, type, what),
	pg_temp.ask('POST', '/access/token', NULL, jsonb_build_object('license_key', f.key, 'auth', jsonb_build_object('identifier', f.identifier, 'type', f.type))) a;
SELECT is(a.status || ' ' || (a.answer #>> '{details,0,path}'), f.expected, f.what) FROM (VALUES
	('{}'::jsonb, '400 license_key', 'no key'),
	('{"license_key": "x"}', '400 auth.identifier', 'no identifier'),
	('{"license_key": "x", "auth": {"identifier": "y"}}', '400 auth.type', 'no type'),
	('{"license_key": "x", "auth": {"identifier": "y", "type": "ROLE"}}', '400 auth.type', 'a role has no token'),
	('{"license_key": 1, "auth": {}}', '400 license_key', 'a key that is no text'),
	('{"license_key": "x", "auth": {"identifier": "y", "type": "USER"}, "scope": "*"}', '400 scope', 'an unknown member')) f (body, expected, what),
	pg_temp.ask('POST', '/access/token', NULL, f.body) a;
SELECT id AS second, license_key AS acme_key2 FROM nuvopipe.create_license_key('acme', 'staging') \gset
CREATE FUNCTION pg_temp.key_works(key text) RETURNS boolean LANGUAGE sql
AS $$ SELECT pg_temp.status('POST', '/access/token', NULL, jsonb_build_object('license_key', key, 'auth', '{"identifier": "c1", "type": "SUB_ORG"}'::jsonb)) = 200 $$;
SELECT ok(pg_temp.key_works(:'acme_key') AND pg_temp.key_works(:'acme_key2'), 'two keys work side by side');
SELECT ok(nuvopipe.revoke_license_key(:'second', 'acme') AND NOT pg_temp.key_works(:'acme_key2') AND pg_temp.key_works(:'acme_key'), 'one is revoked by its id');
SELECT ok(NOT nuvopipe.revoke_license_key(:'acme_key', 'beta') AND pg_temp.key_works(:'acme_key'), 'not through another organization');
SELECT license_key AS acme_key3 FROM nuvopipe.rotate_license_key('acme') \gset
SELECT ok(pg_temp.key_works(:'acme_key3') AND NOT pg_temp.key_works(:'acme_key'), 'rotating replaces all');
SELECT ok(NOT EXISTS (SELECT FROM _nuvopipe.license_key k WHERE position(convert_to(:'acme_key3', 'UTF8') IN k.digest) > 0), 'only digests are kept');

-- API keys and scopes
SELECT a.answer #>> '{data,token}' AS k_read, a.answer #>> '{data,id}' AS k_read_id, a.headers ->> 'Cache-Control' AS cached
	FROM pg_temp.ask('POST', '/token', :'t_ann', '{"label": "reader", "scopes": ["tdm:read", "execution:*"]}') a \gset
SELECT is(:'cached'::text, 'no-store', 'an answer with a secret is not kept');
SELECT is(pg_temp.state(:'k_read'), 'valid', 'an API key is valid');
SELECT is(a.answer #> '{data,permissions}', jsonb_build_object('tdm', '{"create": false, "read": true, "write": false, "delete": false}'::jsonb,
		'execution', '{"create": true, "read": true, "write": true}'::jsonb,
		'pipeline', '{"create": false, "read": false, "write": false, "delete": false}'::jsonb,
		'connector', '{"create": false, "read": false, "write": false, "delete": false}'::jsonb), 'it may do what its scopes say')
	FROM pg_temp.ask('GET', '/me', :'k_read') a;
SELECT is(pg_temp.status('GET', '/user', :'k_read'), 403, 'and nothing that users only may');
SELECT is(pg_temp.status('POST', '/user', :'k_read', '{"email": "x@acme.test"}'), 403, 'above all not make users, though an OWNER made it');
SELECT is(pg_temp.status('POST', '/token', :'k_read', '{"scopes": ["*"]}'), 403, 'nor better keys');
SELECT a.answer #>> '{data,token}' AS k_org FROM pg_temp.ask('POST', '/token', :'t_ann', '{"scopes": ["organization:*", "tdm:read"]}') a \gset
SELECT a.answer #>> '{data,token}' AS k_more FROM pg_temp.ask('POST', '/token', :'k_org', '{"scopes": ["*"]}') a \gset
SELECT is(a.answer #>> '{data,permissions,tdm,write}', 'false', 'a key made with a key has no more rights') FROM pg_temp.ask('GET', '/me', :'k_more') a;
SELECT is(a.status || ' ' || (a.answer #>> '{details,0,path}'), '400 scopes[1]', 'an unknown scope is told')
	FROM pg_temp.ask('POST', '/token', :'t_ann', '{"scopes": ["tdm:read", "tdm:raed"]}') a;
SELECT is(pg_temp.status('POST', '/token', :'t_ann', '{"expires_at": "2001-01-01T00:00:00Z"}'), 400, 'a key must live');
SELECT is(pg_temp.status('POST', '/token', :'t_c1', '{}'), 403, 'sub-organizations make no keys');
SELECT is((SELECT count(*) FROM jsonb_array_elements(a.answer -> 'data') e WHERE e ? 'token' OR e ? 'digest'), 0::bigint, 'a list shows no token')
	FROM pg_temp.ask('GET', '/token', :'t_ann') a;
SELECT is((SELECT array_agg(DISTINCT e #>> '{principal,identifier}') FROM jsonb_array_elements(a.answer -> 'data') e), ARRAY['bob@acme.test'],
	'who is no OWNER sees its own') FROM pg_temp.ask('GET', '/token', :'t_bob') a;
SELECT is(pg_temp.status('DELETE', '/token/' || :'k_read_id', :'t_bob'), 404, 'and revokes no other');
SELECT is(pg_temp.status('DELETE', '/token/' || :'k_read_id', :'t_eve'), 404, 'nor does another organization');
SELECT is(pg_temp.status('DELETE', '/token/' || :'k_read_id', :'t_ann'), 200, 'its owner does');
SELECT is(pg_temp.state(:'k_read'), 'revoked', 'at once');
SELECT is(nuvopipe.create_token('c2', 'api_key', NULL, organization => 'acme') LIKE 'nvp\_%', true, 'an API key may have no end');
SELECT throws_ok($$SELECT nuvopipe.create_token('c2', lifetime => NULL, organization => 'acme')$$, '22023', NULL, 'an access token has one');
SELECT throws_ok($$SELECT nuvopipe.create_token('c2', lifetime => '-1 s', organization => 'acme')$$, '22023', NULL, 'not in the past');
SELECT throws_ok($$SELECT nuvopipe.create_token('nobody', organization => 'acme')$$, '42704', 'user "nobody" does not exist', 'for somebody who is there');

SELECT is(_nuvopipe.rights(NULL::jsonb), 65535, 'no permission object: everything');
SELECT is(_nuvopipe.rights('{"tdm": {"delete": false}, "pipeline": {"create": false}}'::jsonb), 65535 - (1 << 15) - 1, 'what is missing is true');
SELECT is(_nuvopipe.rights('{"tdm": {"remove": false}}'::jsonb), 65535 - (1 << 15), 'remove is delete');
SELECT is(_nuvopipe.rights('{"tdm": {"remove": false, "delete": true}}'::jsonb), 65535, 'but delete counts');
SELECT is(_nuvopipe.rights(NULL::text[]), 1048575, 'no scopes: everything');
SELECT is(_nuvopipe.rights('{}'::text[]), 0, 'empty scopes: nothing');
SELECT is(_nuvopipe.rights('{*:read}'::text[]), (2 << 16) + (2 << 12) + (2 << 8) + (2 << 4) + 2, 'one verb of everything');

/*
 * Visibility: who finds, lists and reads what, of each kind.
 */
CREATE FUNCTION pg_temp.make(who text, level text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM nuvopipe.create_tdm(who || '-' || level, '[{"key": "a", "label": "A", "columnType": "string"}]', jsonb_build_object('level', level));
	PERFORM nuvopipe.create_connector(who || '-' || level, 'INPUT', 'FTP', '{"host": "ftp.example.com", "directory_path": "/", "file_name": "x.csv"}', permissions => jsonb_build_object('level', level));
	PERFORM nuvopipe.create_connector(who || '-' || level || '-out', 'OUTPUT', 'FTP', '{"host": "ftp.example.com", "directory_path": "/", "file_name": "x.csv"}', permissions => jsonb_build_object('level', level));
	PERFORM nuvopipe.create_pipeline(who || '-' || level, who || '-' || level, who || '-' || level, who || '-' || level || '-out');
	IF who = 'plain' THEN
		RETURN;
	END IF;
	INSERT INTO _nuvopipe.run (tenant_id, id, pipeline_id, trigger_type, created_at, created_by)
		SELECT p.tenant_id, p.id, p.id, 'MANUAL', now(), p.owner_id FROM _nuvopipe.pipeline p WHERE p.name = who || '-' || level AND p.tenant_id = _nuvopipe.tenant();
	INSERT INTO _nuvopipe.execution (tenant_id, id, run_id, pipeline_id, configuration_id, owner_id, owner_role, trigger_type, status, object_path,
			available_at, queued_at, created_at, created_by, updated_at, updated_by)
		SELECT p.tenant_id, p.id, p.id, p.id, p.configuration_id, p.owner_id, o.role, 'MANUAL', 'FAILED', p.name, now(), now(), now(), p.owner_id, now(), p.owner_id
		FROM _nuvopipe.pipeline p JOIN _nuvopipe.owner o ON o.id = p.owner_id WHERE p.name = who || '-' || level AND p.tenant_id = _nuvopipe.tenant();
END $$;
-- what the views show and find() finds, by name and by id; the same for all
CREATE FUNCTION pg_temp.sees(kind text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	shown text;
	found text := '';
	by_id text := '';
	looked_for text;
BEGIN
	EXECUTE format('SELECT string_agg(n, '' '' ORDER BY n COLLATE "C") FROM (SELECT %I AS n FROM nuvopipe.%I) v WHERE n NOT LIKE ''%%-out''',
		CASE kind WHEN 'execution' THEN 'input' ELSE 'name' END, kind || 's') INTO shown;
	IF kind = 'execution' THEN
		RETURN shown;
	END IF;
	FOREACH looked_for IN ARRAY '{ann-PRIVATE,ann-PUBLIC,bob-PRIVATE,c1-PRIVATE,c1-PUBLIC,c2-PRIVATE,eve-PRIVATE,eve-PUBLIC}'::text[] LOOP
		BEGIN
			PERFORM _nuvopipe.find(kind, looked_for);
			found := found || ' ' || looked_for;
		EXCEPTION WHEN undefined_object THEN
			NULL;
		END;
		BEGIN
			PERFORM _nuvopipe.find(kind, (SELECT r.id::text FROM _nuvopipe.resource r WHERE r.kind = sees.kind AND r.name = looked_for));
			by_id := by_id || ' ' || looked_for;
		EXCEPTION WHEN undefined_object THEN
			NULL;
		END;
	END LOOP;
	RETURN CASE WHEN shown IS NOT DISTINCT FROM nullif(ltrim(found), '') AND found = by_id THEN shown
		ELSE format('views: %s, find: %s, by id: %s', shown, found, by_id) END;
END $$;
SELECT pg_temp.act_as(:'t_ann'), pg_temp.make('ann', 'PRIVATE'), pg_temp.make('ann', 'PUBLIC') \g /dev/null
SELECT pg_temp.act_as(:'t_bob'), pg_temp.make('bob', 'PRIVATE') \g /dev/null
SELECT pg_temp.act_as(:'t_c1'), pg_temp.make('c1', 'PRIVATE'), pg_temp.make('c1', 'PUBLIC') \g /dev/null
SELECT pg_temp.act_as(:'t_c2'), pg_temp.make('c2', 'PRIVATE') \g /dev/null
SELECT pg_temp.act_as(:'t_eve'), pg_temp.make('eve', 'PRIVATE'), pg_temp.make('eve', 'PUBLIC') \g /dev/null

\set all 'ann-PRIVATE ann-PUBLIC bob-PRIVATE c1-PRIVATE c1-PUBLIC c2-PRIVATE'
SELECT pg_temp.act_as(:'t_ann') \g /dev/null
SELECT is(pg_temp.sees(k), :'all', 'a user sees every ' || k || ' of the organization and its sub-organizations') FROM unnest('{tdm,connector,pipeline,execution}'::text[]) k;
SELECT pg_temp.act_as(:'t_bob') \g /dev/null
SELECT is(pg_temp.sees(k), :'all', 'as does another: ' || k) FROM unnest('{tdm,connector,pipeline,execution}'::text[]) k;
SELECT pg_temp.act_as(:'t_c1') \g /dev/null
SELECT is(pg_temp.sees(k), 'ann-PUBLIC c1-PRIVATE c1-PUBLIC', 'a sub-organization sees its own and what is PUBLIC: ' || k) FROM unnest('{tdm,connector}'::text[]) k;
SELECT is(pg_temp.sees(k), 'c1-PRIVATE c1-PUBLIC', 'and its own only: ' || k) FROM unnest('{pipeline,execution}'::text[]) k;
SELECT throws_ok($$SELECT nuvopipe.update_tdm('ann-PUBLIC', name => 'mine')$$, '42501', NULL, 'what is PUBLIC it cannot change');
SELECT throws_ok($$SELECT nuvopipe.delete_connector('ann-PUBLIC')$$, '42501', NULL, 'nor delete');
SELECT throws_ok($$SELECT nuvopipe.update_tdm('bob-PRIVATE', name => 'mine')$$, '42704', NULL, 'what is PRIVATE does not exist');
SELECT pg_temp.act_as(:'t_c2') \g /dev/null
SELECT is(pg_temp.sees(k), 'ann-PUBLIC c2-PRIVATE', 'PUBLIC of one sub-organization is nothing to another: ' || k) FROM unnest('{tdm,connector}'::text[]) k;
SELECT is(pg_temp.sees(k), 'c2-PRIVATE', 'nor anything else: ' || k) FROM unnest('{pipeline,execution}'::text[]) k;
SELECT pg_temp.act_as(:'t_eve') \g /dev/null
SELECT is(pg_temp.sees(k), 'eve-PRIVATE eve-PUBLIC', 'organizations see nothing of each other: ' || k) FROM unnest('{tdm,connector,pipeline,execution}'::text[]) k;
SELECT is((SELECT string_agg(name, ' ') FROM nuvopipe.organizations), 'beta', 'not even their names');
SELECT is((SELECT string_agg(identifier, ' ') FROM nuvopipe.users), 'eve', 'nor users');
SELECT is((SELECT count(*) FROM nuvopipe.sub_organizations), 0::bigint, 'nor sub-organizations');
SELECT is((SELECT array_agg(DISTINCT identifier) FROM nuvopipe.tokens), ARRAY['eve'], 'nor tokens');
SELECT is((SELECT count(*) FROM nuvopipe.license_keys), 1::bigint, 'nor license keys');
SELECT throws_ok($$SELECT nuvopipe.create_user('x@acme.test', 'acme')$$, '42704', 'organization "acme" does not exist', 'by name neither');
SELECT pg_temp.act_as(NULL) \g /dev/null
SELECT is((SELECT count(*) FROM nuvopipe.tdms WHERE name LIKE '%-P%'), 0::bigint, 'a database role of the default organization sees none of it, superuser or not');
SELECT is(s.status, 404, format('%s %s of another organization: 404', s.method, s.path)) FROM (
	SELECT m.method, m.path, pg_temp.status(m.method, m.path, :'t_eve', m.body) AS status FROM (VALUES
		('GET', '/user/' || :'ann', NULL::jsonb), ('PUT', '/user/' || :'ann', '{"first_name": "x"}'), ('DELETE', '/user/' || :'ann', NULL),
		('GET', '/sub-organization/' || :'c1', NULL), ('PUT', '/sub-organization/' || :'c1', '{"name": "x"}'), ('DELETE', '/sub-organization/' || :'c1', NULL),
		('GET', '/user/01a00000-0000-7000-8000-000000000000', NULL), ('GET', '/user/abc', NULL)) m (method, path, body)) s;

/*
 * Permissions, bit by bit: a token whose principal lacks one may do all but that.
 */
CREATE FUNCTION pg_temp.allowed(token text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	r record;
	result text := '';
BEGIN
	PERFORM pg_temp.act_as(token);
	FOR r IN SELECT k, v FROM unnest('{pipeline,execution,connector,tdm}'::text[]) WITH ORDINALITY a (k, i),
		unnest('{create,read,write,delete}'::text[]) WITH ORDINALITY b (v, j) WHERE (k, v) <> ('execution', 'delete') ORDER BY i, j
	LOOP
		BEGIN
			PERFORM _nuvopipe.require_right(r.v, r.k);
			-- the two must agree
			IF _nuvopipe.can(r.v, r.k, _nuvopipe.token_principal(), 'nobody') THEN
				result := result || '1';
			ELSE
				result := result || '?';
			END IF;
		EXCEPTION WHEN insufficient_privilege THEN
			result := result || CASE WHEN _nuvopipe.can(r.v, r.k, _nuvopipe.token_principal(), 'nobody') THEN '!' ELSE '0' END;
		END;
	END LOOP;
	PERFORM pg_temp.act_as(NULL);
	RETURN result;
END $$;
SELECT is(pg_temp.allowed(:'t_bob'), repeat('1', 15), 'without a permission object everything');
SELECT is(pg_temp.allowed(t.token), overlay(repeat('1', 15) PLACING '0' FROM t.n::int FOR 1), format('all but %s.%s', t.k, t.v)) FROM (
	SELECT b.*, nuvopipe.create_token(nuvopipe.create_sub_organization(b.k || b.v, 'sub-' || b.n, 'acme', jsonb_build_object(b.k, jsonb_build_object(b.v, false)))::text,
		organization => 'acme', type => 'SUB_ORG') AS token
	FROM (SELECT k, v, row_number() OVER (ORDER BY i, j) AS n FROM unnest('{pipeline,execution,connector,tdm}'::text[]) WITH ORDINALITY a (k, i),
		unnest('{create,read,write,delete}'::text[]) WITH ORDINALITY c (v, j) WHERE (k, v) <> ('execution', 'delete')) b) t;
SELECT throws_ok($$SELECT nuvopipe.create_sub_organization('x', 'x', 'acme', '{"execution": {"delete": false}}')$$, '22023',
	'permissions.execution: unknown member "delete"', 'executions are not deleted');
SELECT throws_ok($$SELECT nuvopipe.create_sub_organization('x', 'x', 'acme', '{"tdm": {"read": "no"}}')$$, '22023', NULL, 'permissions are true or false');

/*
 * Users among themselves.
 */
SELECT is(pg_temp.status('POST', '/user', :'t_bob', '{"email": "carl@acme.test", "first_name": "Carl", "last_name": "C", "position": "Developer"}'), 201, 'a MEMBER makes users');
SELECT id AS carl FROM _nuvopipe.principal WHERE identifier = 'carl@acme.test' \gset
SELECT is((a.answer -> 'data') - '{id,permissions,created_at,updated_at}'::text[], jsonb_build_object('email', 'carl@acme.test', 'identifier', 'carl@acme.test',
		'first_name', 'Carl', 'last_name', 'C', 'role', 'MEMBER', 'position', 'Developer', 'created_by', b.who, 'updated_by', b.who), 'who are shown without a password')
	FROM pg_temp.ask('GET', '/user/' || :'carl', :'t_bob') a,
		(VALUES (jsonb_build_object('id', :'bob', 'name', 'bob@acme.test', 'identifier', 'bob@acme.test', 'type', 'USER'))) b (who);
SELECT is(pg_temp.status('POST', '/user', :'t_bob', '{"email": "carl@acme.test"}'), 409, 'an identifier is unique');
SELECT is(m.status, m.expected, m.what) FROM (SELECT v.expected, v.what, pg_temp.status(v.method, v.path, v.token, v.body) AS status FROM (VALUES
	('POST', '/user', :'t_bob', '{"email": "x@acme.test", "role": "OWNER"}'::jsonb, 403, 'a MEMBER makes no OWNER'),
	('PUT', '/user/' || :'carl', :'t_bob', '{"role": "OWNER"}', 403, 'nor one of a MEMBER'),
	('PUT', '/user/' || :'bob', :'t_bob', '{"role": "OWNER"}', 403, 'nor of itself'),
	('PUT', '/user/' || :'ann', :'t_bob', '{"first_name": "X"}', 403, 'changes no OWNER'),
	('PUT', '/user/' || :'carl', :'t_bob', '{"password": "long enough"}', 403, 'sets no password of another'),
	('PUT', '/user/' || :'carl', :'t_bob', '{"identifier": "ceo"}', 403, 'nor an identifier'),
	('DELETE', '/user/' || :'carl', :'t_bob', NULL, 403, 'deletes nobody'),
	('PUT', '/user/' || :'bob', :'t_bob', '{"password": "another one"}', 200, 'sets its own password'),
	('PUT', '/user/' || :'carl', :'t_bob', '{"first_name": "Karl"}', 200, 'and changes other members'),
	('GET', '/user', :'t_c1', NULL, 403, 'a sub-organization sees no user'),
	('POST', '/user', :'t_c1', '{"email": "x@acme.test"}', 403, 'makes none'),
	('POST', '/sub-organization', :'t_c1', '{"name": "x", "identifier": "x"}', 403, 'and no sub-organization'),
	('GET', '/sub-organization/' || :'c1', :'t_c1', NULL, 403, 'not even itself'),
	('POST', '/sub-organization', :'t_bob', '{"name": "x"}', 400, 'a sub-organization has an identifier'),
	('POST', '/sub-organization', :'t_bob', '{"name": "x", "identifier": "c1"}', 409, 'of its own'),
	('POST', '/user', :'t_ann', '{"email": "nonsense"}', 400, 'an address is one'),
	('POST', '/user', :'t_ann', '{"email": "y@acme.test", "password": "short"}', 400, 'a password is long'),
	('POST', '/user', :'t_ann', '{"email": "y@acme.test", "database_role": "postgres"}', 400, 'a database role is not given here'),
	('PUT', '/user/' || :'ann', :'t_ann', '{"role": "MEMBER"}', 409, 'the last OWNER stays one'),
	('DELETE', '/user/' || :'ann', :'t_ann', NULL, 409, 'and stays'),
	('PUT', '/user/' || :'carl', :'t_ann', '{"role": "OWNER", "id": "x", "created_by": {}, "updated_at": "x"}', 200, 'an OWNER makes owners, and what was read can be sent back'),
	('PUT', '/user/' || :'ann', :'t_ann', '{"role": "MEMBER"}', 200, 'then the other may go'),
	('DELETE', '/user/' || :'carl', :'t_ann', NULL, 403, 'which holds from the next request on')) v (method, path, token, body, expected, what)) m;
SELECT nuvopipe.update_user('ann@acme.test', 'acme', role => 'OWNER') \g /dev/null

-- nobody gives what he does not have
SELECT nuvopipe.create_user('dan@acme.test', 'acme', permissions => '{"tdm": {"write": false}, "pipeline": {"delete": false}}') AS dan \gset
SELECT nuvopipe.create_token('dan@acme.test', organization => 'acme') AS t_dan \gset
SELECT is(a.status || ' ' || (a.answer ->> 'message'), '403 permissions: cannot give what the caller does not have: tdm.write, pipeline.delete', 'permissions do not grow by making a user')
	FROM pg_temp.ask('POST', '/user', :'t_dan', '{"email": "y@acme.test"}') a;
SELECT is(pg_temp.status('PUT', '/user/' || :'dan', :'t_dan', '{"permissions": {}}'), 403, 'nor of oneself');
SELECT is(pg_temp.status('POST', '/sub-organization', :'t_dan', '{"name": "y", "identifier": "y"}'), 403, 'nor through a sub-organization');
SELECT is(pg_temp.status('POST', '/user', :'t_dan', '{"email": "y@acme.test", "permissions": {"tdm": {"write": false}, "pipeline": {"remove": false}}}'), 201, 'less may be given');

/*
 * Deleting.
 */
SELECT is(pg_temp.status('DELETE', '/sub-organization/' || :'c2', :'t_bob'), 200, 'a sub-organization is deleted');
SELECT is(pg_temp.state(:'t_c2'), 'revoked', 'and its tokens with it');
SELECT is((SELECT count(*) FROM _nuvopipe.token WHERE principal_id = :'c2' AND revoked_at IS NULL), 0::bigint, 'which stay so');
SELECT is(pg_temp.status('GET', '/sub-organization/' || :'c2', :'t_bob'), 404, 'it is gone');
SELECT is(pg_temp.status('POST', '/sub-organization', :'t_bob', '{"name": "New", "identifier": "c2"}'), 201, 'its identifier is free again');
SELECT nuvopipe.create_token('c2', organization => 'acme') AS t_c2b \gset
SELECT pg_temp.act_as(:'t_c2b') \g /dev/null
SELECT is(pg_temp.sees('tdm'), 'ann-PUBLIC', 'whoever has it next has nothing of the old one');
SELECT pg_temp.act_as(:'t_ann') \g /dev/null
SELECT is(pg_temp.sees('tdm'), :'all', 'what it owned stays with the organization');
SELECT pg_temp.act_as(NULL) \g /dev/null
SELECT is(pg_temp.status('DELETE', '/user/' || :'dan', :'t_ann'), 200, 'an OWNER deletes a user');
SELECT is(pg_temp.status('GET', '/me', :'t_dan'), 401, 'who is out at once');
SELECT is((SELECT password IS NULL AND database_role IS NULL AND deleted_at IS NOT NULL FROM _nuvopipe.principal WHERE id = :'dan'), true, 'the row stays, for the stamps');

/*
 * Passwords.
 */
CREATE FUNCTION pg_temp.sign_in(who text, password text, organization text DEFAULT NULL) RETURNS int LANGUAGE sql
AS $$ SELECT pg_temp.status('POST', '/access/session', NULL, jsonb_strip_nulls(jsonb_build_object('identifier', who, 'password', password, 'organization', organization))) $$;
SELECT is((SELECT password FROM _nuvopipe.principal WHERE id = :'ann') LIKE 'SCRAM-SHA-256$%:%$%:%', true, 'a verifier is stored');
SELECT a.answer #>> '{data,access_token}' AS t_session FROM pg_temp.ask('POST', '/access/session', NULL, '{"identifier": "ann@acme.test", "password": "correct horse"}') a \gset
SELECT is(pg_temp.status('GET', '/user', :'t_session'), 200, 'who signs in gets a token');
SELECT is(pg_temp.sign_in('ann@acme.test', 'correct horse', 'acme'), 200, 'with the organization too');
SELECT is(pg_temp.sign_in('ann@acme.test', 'correct horse', 'beta'), 401, 'but not with another');
SELECT is(a.status || ' ' || (a.answer ->> 'message'), '401 the identifier or the password is not right', f.what) FROM (VALUES
	('ann@acme.test', 'correct horse ', 'a wrong password'), ('ann@acme.test', '', 'an empty one'), ('nobody', 'correct horse', 'nobody'),
	('c1', 'correct horse', 'a sub-organization'), ('eve', 'correct horse', 'a user without a password')) f (who, password, what),
	pg_temp.ask('POST', '/access/session', NULL, jsonb_build_object('identifier', f.who, 'password', f.password)) a;
SELECT nuvopipe.create_user('x@beta.test', 'beta', identifier => 'ann@acme.test', password => 'of another') AS ann2 \gset
SELECT is(pg_temp.sign_in('ann@acme.test', 'correct horse'), 200, 'who takes an identifier elsewhere locks nobody out');
SELECT nuvopipe.set_password(:'ann2', 'correct horse', 'beta') \g /dev/null
SELECT is(pg_temp.sign_in('ann@acme.test', 'correct horse'), 401, 'the same password in two organizations is not guessed at');
SELECT is(pg_temp.sign_in('ann@acme.test', 'correct horse', 'acme'), 200, 'but asked for the organization');
SELECT nuvopipe.set_password('ann@acme.test', 'something new', 'acme') \g /dev/null
SELECT is(pg_temp.state(:'t_session'), 'revoked', 'a new password ends the sessions');
SELECT is(pg_temp.state(:'t_ann'), 'valid', 'and no other token');
SELECT nuvopipe.set_password('ann@acme.test', NULL, 'acme') \g /dev/null
SELECT is(pg_temp.sign_in('ann@acme.test', 'something new', 'acme'), 401, 'without a password nobody signs in');
SELECT throws_ok($$SELECT nuvopipe.set_password('ann@acme.test', 'short', 'acme')$$, '22023', 'password: must have 8 characters or more', 'a short password is refused');

/*
 * Database roles.
 */
-- who may what
SET LOCAL ROLE regress_np_plain;
SELECT throws_ok(f.sql, '42501', NULL, 'a plain user: ' || f.sql) FROM (VALUES
	($$SELECT nuvopipe.create_organization('mine')$$), ($$SELECT nuvopipe.create_license_key('acme')$$), ($$SELECT nuvopipe.rotate_license_key('acme')$$),
	($$SELECT nuvopipe.create_user('x@acme.test', 'acme')$$), ($$SELECT nuvopipe.update_user('bob@acme.test', 'acme', role => 'OWNER')$$),
	($$SELECT nuvopipe.delete_user('bob@acme.test', 'acme')$$), ($$SELECT nuvopipe.set_password('bob@acme.test', 'long enough', 'acme')$$),
	($$SELECT nuvopipe.create_sub_organization('x', 'x', 'acme')$$), ($$SELECT nuvopipe.create_token('c1', organization => 'acme')$$),
	($$SELECT nuvopipe.rotate_signing_key()$$), ($$SELECT nuvopipe.jwt_secret()$$), ($$SELECT nuvopipe.update_organization('acme', name => 'x')$$),
	($$SELECT nuvopipe.grant_tables('regress_np_plain')$$)) f (sql);
SELECT is(o -> 'data', '[]', 'operations show a plain user nobody')
	FROM (VALUES (nuvopipe_api.user_list('{}')), (nuvopipe_api.sub_organization_list('{}')), (nuvopipe_api.token_list('{}'))) v (o);
SELECT is((SELECT count(*) FROM nuvopipe.users) + (SELECT count(*) FROM nuvopipe.tokens) + (SELECT count(*) FROM nuvopipe.sub_organizations)
	+ (SELECT count(*) FROM nuvopipe.license_keys), 0::bigint, 'a plain user sees none of them');
SELECT is((SELECT string_agg(name, ' ') FROM nuvopipe.organizations), 'default', 'and its own organization');

-- nobody can say that he is somebody else
SELECT throws_ok(f.sql, f.state, NULL, 'no identity: ' || f.sql) FROM (VALUES
	($$SET nuvopipe.principal = 'x'$$, '42602'), ($$SELECT set_config('nuvopipe.tenant', 'x', false)$$, '42602'),
	($$SELECT _nuvopipe.tenant()$$, '42501'), ($$SELECT _nuvopipe.check_token('x')$$, '42501'), ($$SELECT _nuvopipe.sign_token(NULL)$$, '42501'),
	($$SELECT _nuvopipe.add_token(NULL, NULL, NULL, NULL, NULL, NULL)$$, '42501'), ($$SELECT _nuvopipe.unseal(NULL, NULL)$$, '42501'),
	($$SELECT * FROM _nuvopipe.principal$$, '42501'), ($$SELECT * FROM _nuvopipe.token$$, '42501'), ($$SELECT * FROM _nuvopipe.signing_key$$, '42501'),
	($$UPDATE nuvopipe.users SET role = 'OWNER'$$, '42501')) f (sql, state);
SELECT set_config('request.jwt.claims', '{"role": "nuvopipe_api", "sub": "x"}', true), set_config('request.headers', '{}', true) \g /dev/null
SELECT lives_ok('SELECT nuvopipe_api.pre_request()', 'claims alone are nobody');
SELECT is((SELECT string_agg(name, ' ') FROM nuvopipe.organizations), 'default', 'whatever they say');
RESET ROLE;
SELECT is((SELECT string_agg(r.rolname || ' on ' || c.relname, ', ') FROM pg_class c, pg_roles r
	WHERE c.relnamespace = '_nuvopipe'::regnamespace AND r.rolname IN ('nuvopipe_user', 'nuvopipe_admin', 'nuvopipe_api', 'nuvopipe_tenant', 'regress_np_nobody')
		AND c.relkind IN ('r', 'p', 'v') AND has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE')), NULL, 'no role has any private table');
SELECT is((SELECT string_agg(p.oid::regprocedure::text, ', ') FROM pg_proc p
	WHERE p.pronamespace IN ('nuvopipe'::regnamespace, '_nuvopipe'::regnamespace, 'nuvopipe_api'::regnamespace)
		AND has_function_privilege('regress_np_nobody', p.oid, 'EXECUTE')), NULL, 'nobody in particular may call anything');
-- a token ends with what it was taken in
SAVEPOINT s;
SELECT pg_temp.act_as(:'t_ann') \g /dev/null
SELECT isnt(_nuvopipe.token_principal(), NULL, 'a token is taken');
ROLLBACK TO s;
SELECT is(_nuvopipe.token_principal(), NULL, 'and forgotten with what is undone');
SELECT is(pg_temp.status('GET', '/me', :'t_ann'), 200, 'a request is answered');
SELECT is(_nuvopipe.token_principal(), NULL, 'and leaves nobody behind');

-- rights are not to be borrowed
SET LOCAL ROLE regress_np_admin;
SELECT throws_ok(f.sql, '42501', NULL, 'an admin lends only what it has: ' || f.sql) FROM (VALUES
	($$SELECT nuvopipe.create_organization('rich', 'regress_np_rich')$$), ($$SELECT nuvopipe.create_organization('super', 'postgres')$$),
	($$SELECT nuvopipe.create_user('x@acme.test', 'acme', database_role => 'regress_np_rich')$$),
	($$SELECT nuvopipe.update_user('bob@acme.test', 'acme', database_role => 'regress_np_rich')$$),
	($$SELECT nuvopipe.create_sub_organization('x', 'x', 'acme', database_role => 'postgres')$$),
	($$SELECT nuvopipe.update_organization('acme', database_role => 'regress_np_rich')$$)) f (sql);
SELECT lives_ok($$SELECT nuvopipe.create_token('c1', organization => 'acme')$$, 'tokens of those without a role an admin makes');
RESET ROLE;
SELECT nuvopipe.create_user('rich@beta.test', 'beta', database_role => 'regress_np_rich') AS rich \gset
SET LOCAL ROLE regress_np_admin;
SELECT throws_ok(f.sql, '42501', NULL, 'nor comes in as somebody who has more: ' || f.sql) FROM (VALUES
	($$SELECT nuvopipe.create_token('rich@beta.test', organization => 'beta')$$), ($$SELECT nuvopipe.set_password('rich@beta.test', 'long enough', 'beta')$$),
	($$SELECT nuvopipe.update_user('rich@beta.test', 'beta', password => 'long enough')$$), ($$SELECT nuvopipe.update_user('rich@beta.test', 'beta', identifier => 'eve2')$$),
	($$SELECT nuvopipe.create_license_key('beta')$$), ($$SELECT nuvopipe.rotate_license_key('beta')$$)) f (sql);
RESET ROLE;
SELECT is(pg_temp.status('PUT', '/user/' || :'rich', :'t_eve', '{"password": "long enough"}'), 403, 'nor does an OWNER of the organization');
GRANT regress_np_rich TO regress_np_admin;
SET LOCAL ROLE regress_np_admin;
SELECT lives_ok($$SELECT nuvopipe.create_token('rich@beta.test', organization => 'beta')$$, 'whoever has those rights may');
RESET ROLE;
SELECT throws_ok($$SELECT nuvopipe.create_user('y@beta.test', 'beta', database_role => 'regress_np_rich')$$, '42710', 'role "regress_np_rich" already belongs to somebody', 'a role is one principal');
SELECT throws_ok($$SELECT nuvopipe.create_user('y@beta.test', 'beta', database_role => 'regress_np_gone')$$, '42704', NULL, 'and exists');
SET LOCAL ROLE regress_np_rich;
SELECT is((SELECT string_agg(name, ' ') FROM nuvopipe.organizations), 'beta', 'in SQL the role is that user');
RESET ROLE;
SELECT nuvopipe.delete_user('rich@beta.test', 'beta') \g /dev/null
SET LOCAL ROLE regress_np_rich;
SELECT is((SELECT string_agg(name, ' ') FROM nuvopipe.organizations), 'default', 'and is not when the user is deleted');
RESET ROLE;

/*
 * Failed attempts are counted by address and identifier.  Whoever calls in SQL is its role.
 */
SELECT is(_nuvopipe.address_of(v.peer), v.address, 'one address: ' || v.peer) FROM (VALUES
	('192.0.2.7', '192.0.2.7'), ('::ffff:192.0.2.7', '192.0.2.7'), ('2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'), ('2001:db8:1:2::1', '2001:db8:1:2::/64'),
	('::1', '::/64'), ('fe80::1%eth0', 'fe80::1%eth0'), ('', '')) v (peer, address);
-- a role of its own for each run: what it failed at is remembered for a minute
SELECT 'regress_np_guess_' || substr(md5(random()::text), 1, 10) AS guesser \gset
CREATE ROLE :guesser IN ROLE nuvopipe_user;
SET LOCAL ROLE :guesser;
SELECT is((SELECT array_agg(DISTINCT a.status) FROM generate_series(1, 10) n, LATERAL pg_temp.ask('POST', '/access/session', NULL,
	jsonb_build_object('identifier', 'bob@acme.test', 'password', 'guess ' || n)) a), '{401}'::int[], 'some may fail');
SELECT is(a.status, 429, 'then one has to wait, even with what is right') FROM pg_temp.ask('POST', '/access/session', NULL, '{"identifier": "bob@acme.test", "password": "another one"}') a;
SELECT is(a.headers ->> 'Retry-After' ~ '^[1-9]$', true, 'as long as is told') FROM pg_temp.ask('POST', '/access/session', NULL, '{"identifier": "bob@acme.test", "password": "another one"}') a;
SELECT is(pg_temp.sign_in('eve', 'guess'), 401, 'others are not yet concerned');
RESET ROLE;
SET LOCAL ROLE regress_np_rich;
SELECT is(pg_temp.sign_in('bob@acme.test', 'another one'), 200, 'and nobody is locked out by the failures of somebody else');
RESET ROLE;
SET LOCAL ROLE :guesser;
SELECT is((SELECT array_agg(DISTINCT a.status ORDER BY a.status) FROM generate_series(1, 110) n, LATERAL pg_temp.ask('POST', '/access/token', NULL,
	jsonb_build_object('license_key', 'x', 'auth', jsonb_build_object('identifier', 'guess ' || n, 'type', 'USER'))) a), '{401,429}'::int[], 'many identifiers do not help');
RESET ROLE;

/*
 * Row level security, should somebody be granted the tables.
 */
SELECT is((SELECT string_agg(c.relname, ', ') FROM pg_class c WHERE c.relnamespace = '_nuvopipe'::regnamespace AND c.relkind IN ('r', 'p')
	AND NOT c.relrowsecurity), NULL, 'it is on for every table');
SELECT is((SELECT string_agg(c.relname, ', ') FROM pg_class c WHERE c.relnamespace = '_nuvopipe'::regnamespace AND c.relforcerowsecurity), NULL, 'and forced for none');
SELECT is((SELECT string_agg(c.relname, ' ' ORDER BY c.relname COLLATE "C") FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = '_nuvopipe'::regnamespace
	AND c.relname IN ('credential', 'license_key', 'signing_key', 'token', 'idempotency')), NULL, 'what holds secrets has no policy, thus no rows');
SET LOCAL ROLE regress_np_plain;
SELECT pg_temp.make('plain', 'PRIVATE') \g /dev/null
RESET ROLE;
GRANT USAGE ON SCHEMA _nuvopipe TO regress_np_plain;
GRANT SELECT ON ALL TABLES IN SCHEMA _nuvopipe TO regress_np_plain;
SET LOCAL ROLE regress_np_plain;
SELECT is((SELECT count(*) FROM _nuvopipe.principal) + (SELECT count(*) FROM _nuvopipe.token) + (SELECT count(*) FROM _nuvopipe.license_key)
	+ (SELECT count(*) FROM _nuvopipe.execution) + (SELECT count(*) FROM _nuvopipe.signing_key), 0::bigint, 'what was granted by mistake shows nothing of others');
RESET ROLE;
REVOKE ALL ON ALL TABLES IN SCHEMA _nuvopipe FROM regress_np_plain;
SELECT throws_ok($$SELECT nuvopipe.grant_tables('regress_np_nobody')$$, '55000', NULL, 'who has no use for it does not get it');
SELECT lives_ok($$SELECT nuvopipe.grant_tables('regress_np_plain')$$, 'tables are granted');
SELECT lives_ok($$SELECT nuvopipe.grant_tables('regress_np_admin')$$, 'twice');
SET LOCAL ROLE regress_np_plain;
SELECT is((SELECT string_agg(name, ' ') FROM _nuvopipe.tdm), 'plain-PRIVATE', 'a role sees what it owns: tdm');
SELECT is((SELECT string_agg(name, ' ' ORDER BY name) FROM _nuvopipe.connector), 'plain-PRIVATE plain-PRIVATE-out', 'connector');
SELECT is((SELECT string_agg(name, ' ') FROM _nuvopipe.pipeline), 'plain-PRIVATE', 'pipeline');
SELECT is((SELECT count(*) FROM _nuvopipe.principal WHERE id IS NOT NULL) + (SELECT count(*) FROM _nuvopipe.run) + (SELECT count(*) FROM _nuvopipe.issue), 0::bigint, 'and not what names no owner');
SELECT throws_ok('SELECT password FROM _nuvopipe.principal', '42501', NULL, 'no password');
SELECT throws_ok('SELECT * FROM _nuvopipe.token', '42501', NULL, 'no token');
SELECT throws_ok('SELECT * FROM _nuvopipe.credential', '42501', NULL, 'no secret');
SELECT throws_ok('DELETE FROM _nuvopipe.tdm', '42501', NULL, 'and reads only');
SET LOCAL ROLE regress_np_admin;
SELECT is((SELECT string_agg(name, ' ') FROM _nuvopipe.tdm WHERE name LIKE '%-PRIVATE'), 'plain-PRIVATE', 'an admin sees those of its organization');
SELECT is((SELECT count(*) > 0 FROM _nuvopipe.principal) AND NOT EXISTS (SELECT FROM _nuvopipe.principal WHERE tenant_id <> '00000000-0000-7000-8000-000000000001'), true, 'with its principals, and nothing of others');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
