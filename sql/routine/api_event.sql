
/*
 * The API: webhooks, their outbox, and events as list and as stream.
 *
 * Webhooks, outbox and the list of events are for users of the organisation:
 * a webhook of one hears of everybody's executions.  The stream is for all, and
 * tells each what it may see.
 */
CREATE OR REPLACE VIEW _nuvopipe.api_webhook AS
	SELECT w.id, w.name, w.description, w.tags, w.url, w.events, w.pipeline_id AS pipeline, w.status, w.reason, w.failures, w.hold_until, w.sent_at,
			w.created_at, _nuvopipe.actor(c) AS created_by, w.updated_at, _nuvopipe.actor(u) AS updated_by,
			w.tenant_id AS _tenant_id, w.owner_id AS _owner_id, o.role AS _owner_role, false AS _shared
		FROM _nuvopipe.webhook w
			JOIN _nuvopipe.owner o ON o.id = w.owner_id
			LEFT JOIN _nuvopipe.principal c ON c.id = w.created_by
			LEFT JOIN _nuvopipe.principal u ON u.id = w.updated_by;

CREATE OR REPLACE VIEW _nuvopipe.api_outbox AS
	SELECT d.id, d.webhook_id AS webhook, w.name AS webhook_name, d.event, d.execution_id AS execution, d.status, d.attempts,
			CASE WHEN d.status = 'PENDING' THEN d.next_at END AS next_at, d.last_status, d.last_error, d.delivered_at, d.payload,
			d.created_at, d.updated_at,
			d.tenant_id AS _tenant_id, w.owner_id AS _owner_id, o.role AS _owner_role, false AS _shared
		FROM _nuvopipe.outbox d
			JOIN _nuvopipe.webhook w ON w.tenant_id = d.tenant_id AND w.id = d.webhook_id
			JOIN _nuvopipe.owner o ON o.id = w.owner_id;

CREATE OR REPLACE VIEW _nuvopipe.api_event AS
	SELECT v.id, v.kind, v.execution_id AS execution, v.pipeline_id AS pipeline, v.payload, v.at AS created_at,
			v.tenant_id AS _tenant_id, coalesce(v.owner_id, v.tenant_id) AS _owner_id, coalesce(v.owner_role, 'nuvopipe_admin') AS _owner_role,
			false AS _shared
		FROM _nuvopipe.event v;

-- What a body may hold; what we wrote ourselves may come back.
CREATE OR REPLACE FUNCTION _nuvopipe.check_webhook_body(args jsonb) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	word text;
BEGIN
	PERFORM _nuvopipe.check_body(args, ARRAY['name', 'description', 'tags', 'url', 'events', 'pipeline', 'secret', 'status'],
		ARRAY['reason', 'failures', 'hold_until', 'sent_at']);
	FOREACH word IN ARRAY ARRAY['name', 'description', 'url', 'pipeline', 'secret', 'status'] LOOP
		PERFORM _nuvopipe.expect_type(args -> word, word, 'string');
	END LOOP;
	PERFORM _nuvopipe.expect_strings(args -> 'events', 'events');
	PERFORM _nuvopipe.expect_strings(args -> 'tags', 'tags');
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.strings(list jsonb) RETURNS text[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN jsonb_typeof(list) = 'array' THEN ARRAY(SELECT jsonb_array_elements_text(list)) END;
END;

CREATE OR REPLACE FUNCTION nuvopipe_api.webhook_create(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	new_id uuid;
BEGIN
	PERFORM _nuvopipe.require_right('create', 'webhook');
	PERFORM _nuvopipe.check_webhook_body(args);
	PERFORM _nuvopipe.expect_word(args -> 'status', 'status', ARRAY['ACTIVE', 'INACTIVE']);
	-- nuvo's body has no name
	new_id := nuvopipe.create_webhook(
		coalesce(args ->> 'name', left(regexp_replace(coalesce(args ->> 'url', ''), '[?#].*', ''), 210) || ' (' || substr(_nuvopipe.uuid_v7()::text, 25) || ')'),
		args ->> 'url', _nuvopipe.strings(args -> 'events'), args ->> 'pipeline', args ->> 'secret',
		args ->> 'description', _nuvopipe.strings(args -> 'tags'));
	IF args ->> 'status' = 'INACTIVE' THEN
		PERFORM nuvopipe.update_webhook(new_id::text, status => 'INACTIVE');
	END IF;
	RETURN jsonb_build_object('data', _nuvopipe.api_read('webhook', new_id));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.webhook_create IS
'POST /webhook: defines a webhook. Body: url, events, secret; optionally name, pipeline (id or name), description, tags, status. For users only.';

CREATE OR REPLACE FUNCTION nuvopipe_api.webhook_read(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN jsonb_build_object('data', _nuvopipe.api_read('webhook', _nuvopipe.api_find('webhook', $1 ->> 'id', 'read')));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.webhook_read IS 'GET /webhook/{id}: one webhook, without its secret. For users only.';

CREATE OR REPLACE FUNCTION nuvopipe_api.webhook_list(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.require_right('read', 'webhook');
	RETURN _nuvopipe.api_list('webhook', $1);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.webhook_list IS 'GET /webhook: the webhooks, without their secrets. For users only.';

CREATE OR REPLACE FUNCTION nuvopipe_api.webhook_update(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	object_id uuid := _nuvopipe.api_find('webhook', args ->> 'id', 'write');
BEGIN
	PERFORM _nuvopipe.check_webhook_body(args);
	PERFORM nuvopipe.update_webhook(object_id::text, args ->> 'name', args ->> 'url', _nuvopipe.strings(args -> 'events'),
		CASE WHEN args -> 'pipeline' = 'null' THEN '' ELSE args ->> 'pipeline' END, args ->> 'secret', args ->> 'status',
		args ->> 'description', _nuvopipe.strings(args -> 'tags'));
	RETURN jsonb_build_object('data', _nuvopipe.api_read('webhook', object_id));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.webhook_update IS
'PUT /webhook/{id}: changes what the body names and keeps the rest; "pipeline": null means all. For users only.';

CREATE OR REPLACE FUNCTION nuvopipe_api.webhook_delete(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nuvopipe.delete_webhook(_nuvopipe.api_find('webhook', $1 ->> 'id', 'delete')::text);
	RETURN '{"message": "success"}';
END
$$;
COMMENT ON FUNCTION nuvopipe_api.webhook_delete IS 'DELETE /webhook/{id}: deletes a webhook with its outbox. For users only.';

CREATE OR REPLACE FUNCTION nuvopipe_api.webhook_test(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	delivery uuid := nuvopipe.test_webhook(_nuvopipe.api_find('webhook', $1 ->> 'id', 'write')::text);
BEGIN
	-- a statement of its own: it must see what was written
	RETURN jsonb_build_object('data', _nuvopipe.api_read('outbox', delivery));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.webhook_test IS 'POST /webhook/{id}/test: sends an event TEST; the answer is its row of the outbox. For users only.';

CREATE OR REPLACE FUNCTION nuvopipe_api.outbox_list(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.require_right('read', 'webhook');
	RETURN _nuvopipe.api_list('outbox', $1, ARRAY['payload']);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.outbox_list IS 'GET /outbox: deliveries to webhooks, without their bodies. For users only.';

CREATE OR REPLACE FUNCTION nuvopipe_api.outbox_read(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.require_right('read', 'webhook');
	RETURN jsonb_build_object('data', _nuvopipe.api_read('outbox', _nuvopipe.delivery_id($1 ->> 'id')));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.outbox_read IS 'GET /outbox/{id}: one delivery with its body. For users only.';

-- Deliveries have no names.
CREATE OR REPLACE FUNCTION _nuvopipe.delivery_id(ref text) RETURNS uuid
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF _nuvopipe.is_uuid(ref) IS NOT TRUE THEN
		RAISE EXCEPTION 'delivery "%" does not exist', ref USING ERRCODE = 'undefined_object';
	END IF;
	RETURN ref::uuid;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.outbox_replay(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	delivery uuid := nuvopipe.replay_delivery(_nuvopipe.delivery_id($1 ->> 'id'));
BEGIN
	-- a statement of its own: it must see what was written
	RETURN jsonb_build_object('data', _nuvopipe.api_read('outbox', delivery));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.outbox_replay IS 'POST /outbox/{id}/replay: sends a delivery again, with the same id. For users only.';

CREATE OR REPLACE FUNCTION nuvopipe_api.event_list(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.require_right('read', 'event');
	RETURN _nuvopipe.api_list('event', $1);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.event_list IS 'GET /event: what happened to executions and pipelines. For users only.';

CREATE OR REPLACE FUNCTION nuvopipe_api.event_stream(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known constant text[] := ARRAY['execution', 'pipeline'];
	topics text[] := coalesce(string_to_array(nullif($1 ->> 'topics', ''), ','), known);
	topic text;
	c record;
BEGIN
	FOREACH topic IN ARRAY topics LOOP
		PERFORM _nuvopipe.expect_word(to_jsonb(topic), 'topics', known);
		PERFORM _nuvopipe.require_right('read', topic);
	END LOOP;
	SELECT * INTO c FROM _nuvopipe.parse_cursor($1 #>> '{headers,last-event-id}');
	RETURN jsonb_build_object('topics', topics, 'cursor', concat_ws('/', c.seen, c.upto, c.after));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.event_stream IS
'GET /event/stream: server-sent events execution.status, execution.progress and pipeline.changed, of what the caller may see. topics: execution,pipeline (default both). Last-Event-ID goes on where a stream broke off, up to a day later.';

SELECT _nuvopipe.set_schema('Webhook', '{"type": "object", "properties": {
	"id": {"type": "string", "format": "uuid", "readOnly": true},
	"name": {"type": "string"}, "description": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}},
	"url": {"type": "string", "format": "uri"},
	"events": {"type": "array", "minItems": 1, "items": {"enum": ["EXECUTION_CREATED", "EXECUTION_SUCCESSFUL", "EXECUTION_FAILED", "EXECUTION_CANCELED"]}},
	"pipeline": {"type": ["string", "null"], "description": "Only of this one"},
	"secret": {"type": "string", "writeOnly": true, "description": "Key of X-Nuvopipe-Signature"},
	"status": {"enum": ["ACTIVE", "INACTIVE"]}, "reason": {"type": "string", "readOnly": true},
	"failures": {"type": "integer", "readOnly": true}, "hold_until": {"type": "string", "format": "date-time", "readOnly": true},
	"sent_at": {"type": "string", "format": "date-time", "readOnly": true}}}');
SELECT _nuvopipe.set_schema('Delivery', '{"type": "object", "properties": {
	"id": {"type": "string", "format": "uuid"}, "webhook": {"type": "string", "format": "uuid"}, "webhook_name": {"type": "string"},
	"event": {"type": "string"}, "execution": {"type": "string", "format": "uuid"},
	"status": {"enum": ["PENDING", "DELIVERED", "DEAD"]}, "attempts": {"type": "integer"}, "next_at": {"type": "string", "format": "date-time"},
	"last_status": {"type": "integer"}, "last_error": {"type": "string"}, "delivered_at": {"type": "string", "format": "date-time"},
	"payload": {"type": "object"}, "created_at": {"type": "string", "format": "date-time"}}}');
SELECT _nuvopipe.set_schema('Event', '{"type": "object", "properties": {
	"id": {"type": "string", "format": "uuid"}, "kind": {"type": "string"}, "execution": {"type": "string", "format": "uuid"},
	"pipeline": {"type": "string", "format": "uuid"}, "payload": {"type": "object"}, "created_at": {"type": "string", "format": "date-time"}}}');

SELECT _nuvopipe.set_route('POST', '/dp/api/v1/webhook', 'webhook_create', 'Create a webhook', status => 201,
	request => '{"allOf": [{"$ref": "#/components/schemas/Webhook"}, {"required": ["url", "events", "secret"]}]}',
	response => '{"type": "object", "properties": {"data": {"$ref": "#/components/schemas/Webhook"}}}');
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/webhook', 'webhook_list', 'List webhooks',
	response => '{"type": "object", "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/Webhook"}}}}');
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/webhook/{id}', 'webhook_read', 'Read a webhook', object => 'webhook', reader => 'webhook_read',
	response => '{"type": "object", "properties": {"data": {"$ref": "#/components/schemas/Webhook"}}}');
SELECT _nuvopipe.set_route('PUT', '/dp/api/v1/webhook/{id}', 'webhook_update', 'Update a webhook', object => 'webhook', reader => 'webhook_read',
	request => '{"$ref": "#/components/schemas/Webhook"}',
	response => '{"type": "object", "properties": {"data": {"$ref": "#/components/schemas/Webhook"}}}');
SELECT _nuvopipe.set_route('DELETE', '/dp/api/v1/webhook/{id}', 'webhook_delete', 'Delete a webhook', object => 'webhook', reader => 'webhook_read');
SELECT _nuvopipe.set_route('POST', '/dp/api/v1/webhook/{id}/test', 'webhook_test', 'Send a test event', status => 202,
	response => '{"type": "object", "properties": {"data": {"$ref": "#/components/schemas/Delivery"}}}');
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/outbox', 'outbox_list', 'List deliveries to webhooks',
	response => '{"type": "object", "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/Delivery"}}}}');
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/outbox/{id}', 'outbox_read', 'Read a delivery',
	response => '{"type": "object", "properties": {"data": {"$ref": "#/components/schemas/Delivery"}}}');
SELECT _nuvopipe.set_route('POST', '/dp/api/v1/outbox/{id}/replay', 'outbox_replay', 'Send a delivery again', status => 202,
	response => '{"type": "object", "properties": {"data": {"$ref": "#/components/schemas/Delivery"}}}');
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/event', 'event_list', 'List events',
	response => '{"type": "object", "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}}}}');
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/event/stream', 'event_stream', 'Listen to events', mode => 'events', headers => ARRAY['last-event-id'],
	parameters => '[{"name": "topics", "in": "query", "schema": {"type": "string"}, "description": "execution,pipeline"}]');
