
/*
 * Events: data sent to an EVENT_BASE input, without a token.  The secret in the
 * address is the right to send; whoever can read the connector cannot read it.
 *
 * One request is one event, and makes one execution of each active pipeline that
 * has the connector as its input.  A sender that names its data (file_name, or
 * an Idempotency-Key) may send it twice, and it is loaded once, as with files;
 * data without a name is loaded as often as it comes, for two sensors may well
 * measure the same.
 */

-- A new address; the old one is dead at once.
CREATE OR REPLACE FUNCTION _nuvopipe.new_receiver(connector_id uuid) RETURNS text
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	secret text := _nuvopipe.new_secret('');
	c _nuvopipe.connector;
BEGIN
	SELECT x.* INTO STRICT c FROM _nuvopipe.connector x WHERE x.tenant_id = _nuvopipe.tenant() AND x.id = connector_id;
	IF c.direction <> 'INPUT' OR c.trigger_type <> 'EVENT_BASE' OR c.node_type NOT IN ('HTTP', 'MANUAL') THEN
		RAISE EXCEPTION 'nothing can be sent to connector "%"', c.name USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = 'Inputs of node type HTTP or MANUAL with trigger_type EVENT_BASE have an address.';
	END IF;
	INSERT INTO _nuvopipe.receiver (tenant_id, connector_id, digest, created_at, created_by)
		VALUES (c.tenant_id, c.id, sha256(convert_to(secret, 'UTF8')), clock_timestamp(), _nuvopipe.me())
		ON CONFLICT ON CONSTRAINT receiver_pkey DO UPDATE SET digest = EXCLUDED.digest, created_at = EXCLUDED.created_at, created_by = EXCLUDED.created_by;
	RETURN '/dp/api/v1/receive/' || secret;
END
$$;

-- For answers about a connector, by the verb that is answered: the address, once, when it is made.
CREATE OR REPLACE FUNCTION _nuvopipe.receiver_url(connector_id uuid, verb text) RETURNS text
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
	IF verb = 'read' OR EXISTS (SELECT FROM _nuvopipe.receiver r WHERE r.connector_id = connector_id)
			OR NOT EXISTS (SELECT FROM _nuvopipe.connector c WHERE c.tenant_id = _nuvopipe.tenant() AND c.id = connector_id
				AND c.direction = 'INPUT' AND c.trigger_type = 'EVENT_BASE' AND c.node_type IN ('HTTP', 'MANUAL')) THEN
		RETURN NULL;
	END IF;
	RETURN _nuvopipe.new_receiver(connector_id);
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.rotate_receiver(connector text) RETURNS text
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
	RETURN _nuvopipe.new_receiver(_nuvopipe.find('connector', connector, 'write'));
END
$$;
COMMENT ON FUNCTION nuvopipe.rotate_receiver IS
'Makes the address that data for an EVENT_BASE input (HTTP, MANUAL) is sent to, in place of the one it had.
connector: name or id.
Returns the path, with a secret in it; it is shown this once, only a digest is kept. Whoever knows it can send data, and nothing else.
Errors: 42704 unknown connector, 42501 if it is not the caller''s, 55000 for a connector that nothing can be sent to.';

CREATE OR REPLACE FUNCTION nuvopipe.drop_receiver(connector text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
	DELETE FROM _nuvopipe.receiver r WHERE r.tenant_id = _nuvopipe.tenant() AND r.connector_id = _nuvopipe.find('connector', connector, 'write');
END
$$;
COMMENT ON FUNCTION nuvopipe.drop_receiver IS
'Takes the address away that data is sent to.
connector: name or id.
Errors: 42704 unknown connector, 42501 if it is not the caller''s.';

CREATE OR REPLACE FUNCTION nuvopipe_api.connector_receiver_create(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	object_id uuid := _nuvopipe.api_find('connector', $1 ->> 'id', 'write');
BEGIN
	RETURN jsonb_build_object('data', jsonb_build_object('id', object_id, 'receiver_url', _nuvopipe.new_receiver(object_id)), '$secret', 'receiver_url');
END
$$;
COMMENT ON FUNCTION nuvopipe_api.connector_receiver_create IS 'POST /connector/{id}/receiver: a new address for data that is sent to the connector; the old one ends. It is shown this once.
Errors: as nuvopipe.rotate_receiver.';

CREATE OR REPLACE FUNCTION nuvopipe_api.connector_receiver_delete(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nuvopipe.drop_receiver(_nuvopipe.api_find('connector', $1 ->> 'id', 'write')::text);
	RETURN jsonb_build_object('$status', 204);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.connector_receiver_delete IS 'DELETE /connector/{id}/receiver: takes the address away.
Errors: as nuvopipe.drop_receiver.';

-- the name a sender gave its data: parameter file_name, else Content-Disposition (RFC 6266)
CREATE OR REPLACE FUNCTION _nuvopipe.sent_file_name(file_name text, disposition text) RETURNS text
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	encoded text := substring(disposition FROM '(?i)filename\*\s*=\s*UTF-8''[^'']*''([^;\s]+)');
	bytes bytea := '';
BEGIN
	IF file_name IS NOT NULL THEN
		RETURN _nuvopipe.safe_file_name(file_name, NULL);
	ELSIF encoded IS NOT NULL THEN
		SELECT string_agg(CASE WHEN length(m[1]) = 3 AND m[1] ~ '^%[0-9A-Fa-f]{2}$' THEN decode(substr(m[1], 2), 'hex') ELSE convert_to(m[1], 'UTF8') END, '' ORDER BY n)
			INTO bytes FROM regexp_matches(encoded, '(%[0-9A-Fa-f]{2}|.)', 'g') WITH ORDINALITY AS t (m, n);
		RETURN _nuvopipe.safe_file_name(convert_from(bytes, 'UTF8'), NULL);
	END IF;
	RETURN _nuvopipe.safe_file_name(coalesce(substring(disposition FROM '(?i)filename\s*=\s*"((?:[^"\\]|\\.)*)"'),
		substring(disposition FROM '(?i)filename\s*=\s*([^;"\s]+)')), NULL);
EXCEPTION WHEN character_not_in_repertoire THEN
	RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.find_receiver(secret text) RETURNS _nuvopipe.connector
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	c _nuvopipe.connector;
BEGIN
	SELECT x.* INTO c FROM _nuvopipe.receiver r JOIN _nuvopipe.connector x ON x.tenant_id = r.tenant_id AND x.id = r.connector_id
		WHERE r.digest = sha256(convert_to(coalesce(secret, ''), 'UTF8')) AND x.trigger_type = 'EVENT_BASE';
	IF c.id IS NULL THEN
		RAISE EXCEPTION 'nothing is received at this address' USING ERRCODE = 'NP404';
	END IF;
	RETURN c;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.receiving_pipelines(tenant uuid, connector_id uuid) RETURNS uuid[]
	LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT coalesce(array_agg(p.id ORDER BY p.id), '{}')
		FROM _nuvopipe.pipeline_configuration c JOIN _nuvopipe.pipeline p ON p.configuration_id = c.id
		WHERE c.tenant_id = tenant AND c.input_connector_id = connector_id AND p.status = 'ACTIVE';
END;

CREATE OR REPLACE FUNCTION nuvopipe_api.receive_open(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	headers jsonb := coalesce(args -> 'headers', '{}');
	c _nuvopipe.connector := _nuvopipe.find_receiver(args ->> 'secret');
	type text := split_part(lower(coalesce(headers ->> 'content-type', '')), ';', 1);
	name text := _nuvopipe.sent_file_name(args ->> 'file_name', headers ->> 'content-disposition');
	key text := headers ->> 'idempotency-key';
	up uuid;
BEGIN
	IF type LIKE 'multipart/%' OR type = 'application/x-www-form-urlencoded' THEN
		RAISE EXCEPTION 'the body must be the data itself, not %', type USING ERRCODE = 'NP415',
			HINT = 'Send the file as it is (curl --data-binary @file), its name as parameter file_name.';
	ELSIF _nuvopipe.receiving_pipelines(c.tenant_id, c.id) = '{}' THEN
		-- taking it in without an execution would lose it
		RAISE EXCEPTION 'no active pipeline takes data from this address' USING ERRCODE = 'object_not_in_prerequisite_state';
	END IF;
	PERFORM _nuvopipe.refuse_size(_nuvopipe.whole_number(headers ->> 'content-length', 'headers.content-length', 0, 9007199254740991));
	up := _nuvopipe.begin_upload(c.tenant_id, c.owner_id, c.owner_id, c.id, CASE WHEN key IS NOT NULL THEN 'key:' || key WHEN name IS NULL THEN 'event' ELSE 'file' END,
		coalesce(name, 'event' || CASE WHEN type = 'application/json' THEN '.json' WHEN type = 'text/csv' THEN '.csv' ELSE '' END),
		nullif(type, ''), NULL, NULL);
	RETURN jsonb_build_object('upload', up, 'offset', 0);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.receive_open IS 'POST /receive/{secret}, before its body: is there somebody to take it?
Errors: NP404 for an address that is not known, 55000 if no active pipeline takes data from it, NP415 for forms, 54000 above nuvopipe.max_object_size.';

CREATE OR REPLACE FUNCTION nuvopipe_api.receive(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	c _nuvopipe.connector := _nuvopipe.find_receiver(args ->> 'secret');
	up _nuvopipe.upload;
	run uuid := _nuvopipe.uuid_v7();
	pipelines uuid[] := _nuvopipe.receiving_pipelines(c.tenant_id, c.id);
	ids uuid[] := '{}';
	p record;
BEGIN
	IF pipelines = '{}' THEN
		RAISE EXCEPTION 'no active pipeline takes data from this address' USING ERRCODE = 'object_not_in_prerequisite_state';
	END IF;
	PERFORM _nuvopipe.complete_upload((args ->> 'upload')::uuid);
	SELECT u.* INTO STRICT up FROM _nuvopipe.upload u
		WHERE u.tenant_id = c.tenant_id AND u.id = (args ->> 'upload')::uuid AND u.connector_id = c.id AND u.receives IS NOT NULL;
	FOR p IN SELECT x.id, x.created_by FROM _nuvopipe.pipeline x WHERE x.tenant_id = c.tenant_id AND x.id = ANY (pipelines) ORDER BY x.id LOOP
		ids := ids || _nuvopipe.queue_upload(p.id, run, 'EVENT', false, up, p.created_by);
	END LOOP;
	-- executions have the bytes; the upload itself is of no further use
	DELETE FROM _nuvopipe.upload u WHERE u.tenant_id = up.tenant_id AND u.id = up.id;
	RETURN jsonb_build_object('data', (SELECT jsonb_agg(jsonb_build_object('id', e.id, 'pipeline', e.pipeline_id, 'status', 'PROCESSING', 'trigger_type', 'EVENT') ORDER BY e.id)
		FROM _nuvopipe.execution e WHERE e.tenant_id = c.tenant_id AND e.id = ANY (ids)));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.receive IS
'POST /receive/{secret}: takes the body as data for an EVENT_BASE input: one execution of each active pipeline that has it. The data may be named by parameter file_name, by Content-Disposition or by Idempotency-Key; the same data under the same name is loaded once.
Errors: as receive_open.';

SELECT _nuvopipe.set_route('POST', '/dp/api/v1/connector/{id}/receiver', 'connector_receiver_create', 'A new address for data that is sent to a connector', status => 201,
	response => '{"type": "object", "required": ["data"], "properties": {"data": {"type": "object", "required": ["id", "receiver_url"], "properties": {
		"id": {"type": "string", "format": "uuid"}, "receiver_url": {"type": "string", "format": "uri-reference", "description": "shown this once"}}}}}');
SELECT _nuvopipe.set_route('DELETE', '/dp/api/v1/connector/{id}/receiver', 'connector_receiver_delete', 'Take the address of a connector away', status => 204);
SELECT _nuvopipe.set_route('POST', '/dp/api/v1/receive/{secret}', 'receive', 'Send data to a connector', auth => 'none', mode => 'upload', rate => 'none', status => 202,
	headers => ARRAY['content-type', 'content-length', 'content-disposition', 'idempotency-key'], max_body => 9007199254740991,
	parameters => '[{"name": "file_name", "in": "query", "schema": {"type": "string"}}]',
	response => '{"$ref": "#/components/schemas/ExecutionStarted"}');
