
/*
 * Secrets and definitions of connectors: what only C can do.  All of it is
 * private; plain secrets pass through here and are kept nowhere else.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.seal(plain jsonb, id uuid, may_create boolean) RETURNS bytea
	AS 'MODULE_PATHNAME', 'nuvopipe_seal' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION _nuvopipe.seal IS
'Encrypts secrets for storage beside object id, with the key in nuvopipe.secret_key_file; with may_create the file is made if there is none. Errors: F0000 for an unusable or missing key file.';

CREATE OR REPLACE FUNCTION _nuvopipe.unseal(sealed bytea, id uuid) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'nuvopipe_unseal' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION _nuvopipe.unseal IS
'Decrypts what seal made for the same id. Errors: F0000 for an unusable or missing key file, 55000 if it was sealed with another key, XX001 if it is damaged or belongs to another object.';

CREATE OR REPLACE FUNCTION _nuvopipe.check_connector(direction text, node_type text, configuration jsonb,
		stored_open jsonb DEFAULT NULL, stored_secret jsonb DEFAULT NULL, OUT open_part jsonb, OUT secret_part jsonb)
	AS 'MODULE_PATHNAME', 'nuvopipe_check_connector' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION _nuvopipe.check_connector IS
'Checks a definition and takes its secrets out. stored_open, stored_secret: the parts stored so far, when a connector is changed; masked or missing secrets are taken from there. Returns open_part, the configuration with "********" in place of each secret, and secret_part, whole members to be sealed, null without secrets; open_part || secret_part is the configuration. Errors: 22023 with the JSON path, 0A000 for what is not supported.';

-- Whether a missing key file may be made: not where secrets were sealed with one that must have been lost.
CREATE OR REPLACE FUNCTION _nuvopipe.may_create_key() RETURNS boolean
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN NOT EXISTS (SELECT FROM _nuvopipe.credential) AND NOT EXISTS (SELECT FROM _nuvopipe.signing_key);
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.reseal(sealed bytea, id uuid) RETURNS bytea
	AS 'MODULE_PATHNAME', 'nuvopipe_reseal' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION _nuvopipe.reseal IS
'What was sealed with another key of the key file, sealed with its first; null if it was that. Errors: those of unseal.';

CREATE OR REPLACE FUNCTION nuvopipe.reseal_secrets() RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	n int;
	total int;
BEGIN
	IF NOT _nuvopipe.is_admin() THEN
		RAISE EXCEPTION 'must be a member of "nuvopipe_admin" to seal secrets anew' USING ERRCODE = 'insufficient_privilege';
	END IF;
	UPDATE _nuvopipe.credential c SET sealed = r.sealed
		FROM (SELECT x.id, _nuvopipe.reseal(x.sealed, x.id) AS sealed FROM _nuvopipe.credential x FOR UPDATE) r
		WHERE r.id = c.id AND r.sealed IS NOT NULL;
	GET DIAGNOSTICS total = ROW_COUNT;
	UPDATE _nuvopipe.signing_key k SET sealed = r.sealed
		FROM (SELECT x.id, _nuvopipe.reseal(x.sealed, x.id) AS sealed FROM _nuvopipe.signing_key x FOR UPDATE) r
		WHERE r.id = k.id AND r.sealed IS NOT NULL;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN total + n;
END
$$;
COMMENT ON FUNCTION nuvopipe.reseal_secrets() IS
'Seals stored secrets of all organizations with the first key of the key file, to be done with the others: after a new line was put in front of the file, and before the old one is taken away.
Returns how many were sealed with another key; 0: the first key is the only one that is needed.
Errors: 42501 without the rights of nuvopipe_admin; those of the key file, then nothing is changed.';
