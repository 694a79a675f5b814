
/*
 * Webhooks: where events are told to, and the outbox from which senders tell
 * them.  See sql/schema/056-event.sql; sending itself is src/exec/outbox.c.
 *
 * Webhooks belong to the organisation: its users and database roles have them,
 * sub-organisations have none.  One of a user hears of all executions of the
 * organisation, one of a database role of those that the role may see.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.url_fault(url text) RETURNS text
	AS 'MODULE_PATHNAME', 'nuvopipe_url_fault' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _nuvopipe.url_fault IS 'What is wrong with a URL that is to be connected to; null: nothing.';

-- nuvo's word for a state; one that was cancelled has not succeeded
CREATE OR REPLACE FUNCTION _nuvopipe.status_of_state(state text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE state WHEN 'SUCCEEDED' THEN 'SUCCESSFUL' WHEN 'FAILED' THEN 'FAILED' WHEN 'CANCELED' THEN 'FAILED' ELSE 'PROCESSING' END;
END;

-- May the owner of a webhook know of an execution?  The twin of _nuvopipe.can for somebody who is not the caller.
CREATE OR REPLACE FUNCTION _nuvopipe.hears(listener_kind text, listener_role name, owner_role name) RETURNS boolean
	LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT listener_kind = 'USER' OR listener_role = owner_role
		OR coalesce(pg_has_role(to_regrole(quote_ident(listener_role))::oid, to_regrole('nuvopipe_admin')::oid, 'USAGE'), false)
		OR coalesce(pg_has_role(to_regrole(quote_ident(listener_role))::oid, to_regrole(quote_ident(owner_role))::oid, 'USAGE'), false);
END;

-- What a receiver is told about an execution.
CREATE OR REPLACE FUNCTION _nuvopipe.execution_payload(tenant_id uuid, execution_id uuid) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN (SELECT jsonb_strip_nulls(jsonb_build_object(
			'id', e.id, 'pipeline', e.pipeline_id, 'pipeline_name', p.name, 'run', e.run_id,
			'status', _nuvopipe.status_of_state(e.status), 'state', e.status, 'trigger_type', e.trigger_type,
			'input', e.object_path, 'input_name', e.object_name, 'attempt', nullif(e.attempts, 0),
			'queued_at', _nuvopipe.instant(e.queued_at), 'started_at', _nuvopipe.instant(e.started_at), 'finished_at', _nuvopipe.instant(e.finished_at),
			'duration', a.duration_ms, 'total_rows', a.total_rows, 'total_cells', a.total_cells, 'total_error_cells', a.total_error_cells,
			'total_error_rows', a.total_error_rows, 'rows_written', a.rows_written, 'rows_rejected', a.rows_rejected, 'note', e.note,
			'error', CASE WHEN e.status = 'FAILED' THEN jsonb_build_object('type', e.error_type, 'message', e.error_message) END))
		FROM _nuvopipe.execution e
			LEFT JOIN _nuvopipe.pipeline p ON p.tenant_id = e.tenant_id AND p.id = e.pipeline_id
			LEFT JOIN _nuvopipe.execution_attempt a ON a.tenant_id = e.tenant_id AND a.execution_id = e.id AND a.attempt = e.attempts
		WHERE e.tenant_id = execution_payload.tenant_id AND e.id = execution_payload.execution_id);
END
$$;

-- A time as the API writes it.
CREATE OR REPLACE FUNCTION _nuvopipe.instant(moment timestamptz) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
END;

-- Put one event into the outbox of one webhook; senders are woken when the transaction commits.
CREATE OR REPLACE FUNCTION _nuvopipe.post(tenant_id uuid, webhook_id uuid, event text, execution_id uuid, data jsonb) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	new_id uuid := _nuvopipe.uuid_v7();
	moment timestamptz := clock_timestamp();
BEGIN
	-- not before an earlier one about the same execution whose turn will come soon
	INSERT INTO _nuvopipe.outbox (tenant_id, id, webhook_id, execution_id, event, payload, next_at, created_at, updated_at)
		SELECT post.tenant_id, new_id, post.webhook_id, post.execution_id, post.event,
			jsonb_build_object('id', new_id, 'event', post.event, 'webhook', post.webhook_id, 'created_at', _nuvopipe.instant(moment), 'data', data),
			greatest(moment, (SELECT max(o.next_at) FROM _nuvopipe.outbox o
				WHERE o.tenant_id = post.tenant_id AND o.webhook_id = post.webhook_id AND o.status = 'PENDING'
					AND o.execution_id = post.execution_id AND o.lease_until IS NULL AND o.attempts < 4)),
			moment, moment;
	PERFORM _nuvopipe.wake();
	RETURN new_id;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.post_execution(tenant_id uuid, execution_id uuid, event text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	listener record;
	data jsonb;
BEGIN
	FOR listener IN
		SELECT w.id FROM _nuvopipe.webhook w
				JOIN _nuvopipe.owner o ON o.id = w.owner_id
				JOIN _nuvopipe.execution e ON e.tenant_id = w.tenant_id AND e.id = post_execution.execution_id
			WHERE w.tenant_id = post_execution.tenant_id AND w.status = 'ACTIVE' AND w.events @> ARRAY[post_execution.event]
				AND (w.pipeline_id IS NULL OR w.pipeline_id = e.pipeline_id)
				AND _nuvopipe.hears(o.kind, o.role, e.owner_role)
			ORDER BY w.id
	LOOP
		data := coalesce(data, _nuvopipe.execution_payload(tenant_id, execution_id));
		PERFORM _nuvopipe.post(tenant_id, listener.id, event, execution_id, data);
	END LOOP;
END
$$;

/*
 * One delivery to be sent now, leased to the caller; nulls where there is none.
 *
 * Turns: a webhook has one delivery under way at a time, which keeps the order
 * of its events and bounds what a receiver that hangs can hold up; an
 * organisation has at most per_tenant of them.  Whoever waited longest comes
 * first: organisation, then webhook, then delivery.
 *
 * Locks: the organisation's row makes claims for it take turns; what they see
 * of each other is looked at afterwards with a fresh snapshot.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.outbox_claim(lease_ms int, per_tenant int, OUT tenant_id uuid, OUT id uuid, OUT event text, OUT attempt int,
		OUT url text, OUT body text, OUT credential_id uuid, OUT sealed bytea)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	moment timestamptz;
	lease timestamptz;
	c record;
BEGIN
	FOR i IN 1 .. 4 LOOP
		moment := clock_timestamp();
		SELECT w.tenant_id, w.id AS webhook_id, d.id, w.url, k.id AS credential_id, k.sealed INTO c
			FROM _nuvopipe.webhook w
				JOIN _nuvopipe.organization g ON g.id = w.tenant_id
				JOIN _nuvopipe.credential k ON k.tenant_id = w.tenant_id AND k.id = w.credential_id
				CROSS JOIN LATERAL (
					SELECT count(*) FILTER (WHERE b.busy_until > moment) AS busy, max(b.sent_at) AS sent_at
						FROM _nuvopipe.webhook b WHERE b.tenant_id = w.tenant_id) t
				CROSS JOIN LATERAL (
					SELECT o.id FROM _nuvopipe.outbox o
						WHERE o.tenant_id = w.tenant_id AND o.webhook_id = w.id AND o.status = 'PENDING' AND o.next_at <= moment
						ORDER BY o.id LIMIT 1) d
			WHERE w.status = 'ACTIVE' AND t.busy < per_tenant
				AND coalesce(w.busy_until, '-infinity') <= moment AND coalesce(w.hold_until, '-infinity') <= moment
			ORDER BY t.busy, t.sent_at NULLS FIRST, w.sent_at NULLS FIRST, w.id
			LIMIT 1
			FOR NO KEY UPDATE OF g, w SKIP LOCKED;
		EXIT WHEN NOT FOUND;
		CONTINUE WHEN (SELECT count(*) FROM _nuvopipe.webhook b WHERE b.tenant_id = c.tenant_id AND b.busy_until > moment) >= per_tenant;
		-- one that was committed while an earlier one about the same execution was being sent did not see that this failed
		UPDATE _nuvopipe.outbox o SET next_at = e.next_at
			FROM (SELECT max(a.next_at) AS next_at FROM _nuvopipe.outbox a JOIN _nuvopipe.outbox m ON m.execution_id = a.execution_id
				WHERE a.tenant_id = c.tenant_id AND a.webhook_id = c.webhook_id AND a.status = 'PENDING' AND a.attempts < 4 AND a.id < c.id
					AND m.tenant_id = c.tenant_id AND m.id = c.id) e
			WHERE o.tenant_id = c.tenant_id AND o.id = c.id AND e.next_at > moment;
		CONTINUE WHEN FOUND;
		lease := moment + lease_ms * interval '1 millisecond';
		UPDATE _nuvopipe.outbox o SET attempts = o.attempts + 1, lease_until = lease, next_at = lease, updated_at = moment
			WHERE o.tenant_id = c.tenant_id AND o.id = c.id AND o.status = 'PENDING' AND o.next_at <= moment
			RETURNING o.event, o.attempts, o.payload::text INTO event, attempt, body;
		CONTINUE WHEN NOT FOUND;
		UPDATE _nuvopipe.webhook w SET busy_until = lease, sent_at = moment WHERE w.tenant_id = c.tenant_id AND w.id = c.webhook_id;
		tenant_id := c.tenant_id;
		id := c.id;
		url := c.url;
		credential_id := c.credential_id;
		sealed := c.sealed;
		EXIT;
	END LOOP;
END
$$;

-- Nothing more is sent to a webhook that is INACTIVE; what waited may be replayed once it is ACTIVE again.
CREATE OR REPLACE FUNCTION _nuvopipe.bury(tenant_id uuid, webhook_id uuid, reason text) RETURNS void
	LANGUAGE sql VOLATILE
BEGIN ATOMIC
	UPDATE _nuvopipe.outbox o SET status = 'DEAD', lease_until = NULL, last_error = reason, updated_at = clock_timestamp()
		WHERE o.tenant_id = $1 AND o.webhook_id = $2 AND o.status = 'PENDING';
END;

/*
 * What became of a delivery that was claimed.  http_status: of the answer, null
 * if there was none.  retry_after_ms: what the receiver asked for, 0 = nothing.
 * dice: 0 to 1, spreads repetitions.
 *
 * 2xx delivers it, 410 deactivates the webhook, anything else is tried again: 5
 * s later, then three times longer each time, six hours at most, 12 tries in
 * about a day.  A webhook that fails three times in a row rests as a whole, up
 * to five minutes, or as long as the receiver asks.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.outbox_record(tenant_id uuid, id uuid, attempt int, http_status int, error text, retry_after_ms int, dice float8)
	RETURNS text
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	max_attempts constant int := 12;
	moment timestamptz := clock_timestamp();
	delivered constant boolean := coalesce(http_status BETWEEN 200 AND 299, false);
	gone constant boolean := coalesce(http_status = 410, false);
	asked constant interval := retry_after_ms * interval '1 millisecond';
	later timestamptz;
	hook record;
	o record;
BEGIN
	-- the webhook first, as everybody locks them
	SELECT w.* INTO hook FROM _nuvopipe.webhook w
		WHERE w.tenant_id = tenant_id AND w.id = (SELECT d.webhook_id FROM _nuvopipe.outbox d WHERE d.tenant_id = tenant_id AND d.id = id)
		FOR NO KEY UPDATE;
	SELECT d.* INTO o FROM _nuvopipe.outbox d WHERE d.tenant_id = tenant_id AND d.id = id FOR UPDATE;
	-- deleted meanwhile, or the lease ran out and somebody else is at it: only a success is news
	IF o.id IS NULL OR o.status <> 'PENDING' OR (o.attempts <> attempt AND NOT delivered) THEN
		RETURN NULL;
	END IF;

	UPDATE _nuvopipe.webhook w SET
			failures = CASE WHEN delivered THEN 0 ELSE w.failures + 1 END,
			hold_until = CASE WHEN NOT delivered THEN greatest(
				CASE WHEN retry_after_ms > 0 THEN moment + asked END,
				CASE WHEN w.failures >= 2 THEN moment + least(interval '5 s' * 2 ^ least(w.failures - 2, 10), interval '5 min') END) END,
			busy_until = CASE WHEN w.busy_until IS DISTINCT FROM o.lease_until THEN w.busy_until END,
			status = CASE WHEN gone THEN 'INACTIVE' ELSE w.status END,
			reason = CASE WHEN gone THEN 'the receiver answered 410 Gone' ELSE w.reason END
		WHERE w.tenant_id = tenant_id AND w.id = hook.id;

	later := moment + greatest(asked, (1 + 0.2 * dice) * least(interval '5 s' * 3 ^ least(attempt - 1, 10), interval '6 h'));
	UPDATE _nuvopipe.outbox d SET
			status = CASE WHEN delivered THEN 'DELIVERED' WHEN gone OR attempt >= max_attempts THEN 'DEAD' ELSE 'PENDING' END,
			delivered_at = CASE WHEN delivered THEN moment END,
			lease_until = NULL, next_at = CASE WHEN delivered THEN d.next_at ELSE later END,
			last_status = http_status, last_error = error, updated_at = moment
		WHERE d.tenant_id = tenant_id AND d.id = id;
	IF gone THEN
		PERFORM _nuvopipe.bury(tenant_id, hook.id, 'the webhook was deactivated: the receiver answered 410 Gone');
		RETURN 'GONE';
	ELSIF NOT delivered AND attempt < 4 THEN
		-- what came after it about the same execution waits for it, but not all day
		UPDATE _nuvopipe.outbox d SET next_at = later
			WHERE d.tenant_id = tenant_id AND d.webhook_id = hook.id AND d.status = 'PENDING' AND d.id > id
				AND d.execution_id = o.execution_id AND d.next_at < later;
	END IF;
	RETURN CASE WHEN delivered THEN 'DELIVERED' WHEN attempt >= max_attempts THEN 'DEAD' ELSE 'PENDING' END;
END
$$;

-- How many webhooks have something to send now, and when the first of the others will.
CREATE OR REPLACE FUNCTION _nuvopipe.outbox_due(OUT due bigint, OUT next timestamptz)
	LANGUAGE sql VOLATILE
BEGIN ATOMIC
	SELECT count(*) FILTER (WHERE d.at <= clock_timestamp()), min(d.at) FILTER (WHERE d.at > clock_timestamp())
		FROM (SELECT greatest(w.hold_until, w.busy_until, f.next_at) AS at
			FROM _nuvopipe.webhook w
				CROSS JOIN LATERAL (SELECT min(o.next_at) AS next_at FROM _nuvopipe.outbox o
					WHERE o.tenant_id = w.tenant_id AND o.webhook_id = w.id AND o.status = 'PENDING') f
			WHERE w.status = 'ACTIVE' AND f.next_at IS NOT NULL) d;
END;

/* ---- definition ---- */

CREATE OR REPLACE FUNCTION _nuvopipe.check_webhook(url text, events text[], secret text) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known constant text[] := ARRAY['EXECUTION_CREATED', 'EXECUTION_SUCCESSFUL', 'EXECUTION_FAILED', 'EXECUTION_CANCELED'];
	wrong text := _nuvopipe.url_fault(url);
BEGIN
	IF length(url) > 2000 THEN
		PERFORM _nuvopipe.fault('url', 'must not be longer than 2000 characters');
	ELSIF wrong IS NOT NULL THEN
		PERFORM _nuvopipe.fault('url', wrong, 'A URL begins with https:// or http://; the receiver knows us by the signature, so it needs no credentials.');
	END IF;
	IF events = '{}' OR array_ndims(events) > 1 OR array_position(events, NULL) IS NOT NULL THEN
		PERFORM _nuvopipe.fault('events', 'must be a list of events', format('Known are %s.', array_to_string(known, ', ')));
	END IF;
	FOR i IN 1 .. coalesce(cardinality(events), 0) LOOP
		PERFORM _nuvopipe.expect_word(to_jsonb(events[i]), format('events[%s]', i - 1), known);
	END LOOP;
	IF secret = '' OR length(secret) > 1000 THEN
		PERFORM _nuvopipe.fault('secret', 'must have 1 to 1000 characters');
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.create_webhook(name text, url text, events text[], pipeline text DEFAULT NULL, secret text DEFAULT NULL,
		description text DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	new_id uuid := _nuvopipe.uuid_v7();
	moment timestamptz := clock_timestamp();
	missing text := CASE WHEN url IS NULL THEN 'url' WHEN events IS NULL THEN 'events' WHEN secret IS NULL THEN 'secret' END;
BEGIN
	PERFORM _nuvopipe.require_right('create', 'webhook');
	PERFORM _nuvopipe.require_right('read', 'execution');
	PERFORM _nuvopipe.check_name(name);
	IF missing IS NOT NULL THEN
		PERFORM _nuvopipe.fault(missing, 'must be given');
	END IF;
	PERFORM _nuvopipe.check_webhook(url, events, secret);
	INSERT INTO _nuvopipe.webhook (id, tenant_id, owner_id, name, description, tags, url, events, pipeline_id, credential_id,
			created_at, created_by, updated_at, updated_by)
		VALUES (new_id, _nuvopipe.tenant(), me, name, description, coalesce(tags, '{}'), url, events,
			CASE WHEN pipeline IS NOT NULL THEN _nuvopipe.pipeline_id(pipeline) END,
			_nuvopipe.store_secrets(NULL, jsonb_build_object('secret', secret), me), moment, me, moment, me);
	RETURN new_id;
EXCEPTION WHEN unique_violation THEN
	PERFORM _nuvopipe.name_taken('webhook', name);
END
$$;
COMMENT ON FUNCTION nuvopipe.create_webhook IS
'Defines a webhook: a URL that is told of what happens to executions, by POST of a JSON object, after the transaction that did it has committed.
name: unique among what the caller owns. url: http or https, without user and password. events: EXECUTION_CREATED, EXECUTION_SUCCESSFUL, EXECUTION_FAILED, EXECUTION_CANCELED. pipeline: name or id; null: all that the caller may see, with a user of the organization all of it. secret: key of the signature, never shown again. description, tags: free.
Headers of a delivery: X-Nuvopipe-Event; X-Nuvopipe-Delivery, the same in every try; X-Nuvopipe-Timestamp, seconds since 1970; X-Nuvopipe-Signature, "sha256=" and HMAC-SHA256 in hex over timestamp, ".", body. Any status 2xx ends it; 410 deactivates the webhook; otherwise it is tried again, 12 times in about a day. Redirects are not followed, addresses obey nuvopipe.allowed_networks.
Returns the id.
Errors: 22023 with the path of a fault, 42704 for an unknown pipeline, 42710 if the name is taken, 42501 for sub-organizations.';

CREATE OR REPLACE FUNCTION nuvopipe.update_webhook(webhook text, name text DEFAULT NULL, url text DEFAULT NULL, events text[] DEFAULT NULL,
		pipeline text DEFAULT NULL, secret text DEFAULT NULL, status text DEFAULT NULL,
		description text DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	tenant uuid := _nuvopipe.tenant();
	object_id uuid := _nuvopipe.find('webhook', webhook, 'write');
	pipeline_id uuid := CASE WHEN pipeline <> '' THEN _nuvopipe.pipeline_id(pipeline) END;
	old _nuvopipe.webhook;
BEGIN
	SELECT w.* INTO old FROM _nuvopipe.webhook w WHERE w.tenant_id = tenant AND w.id = object_id FOR NO KEY UPDATE;
	PERFORM _nuvopipe.require_there(FOUND, 'webhook', webhook);
	IF name IS NOT NULL THEN
		PERFORM _nuvopipe.check_name(name);
	END IF;
	PERFORM _nuvopipe.check_webhook(coalesce(url, old.url), coalesce(events, old.events), secret);
	PERFORM _nuvopipe.expect_word(to_jsonb(status), 'status', ARRAY['ACTIVE', 'INACTIVE']);
	IF secret IS NOT NULL THEN
		PERFORM _nuvopipe.store_secrets(old.credential_id, jsonb_build_object('secret', secret), me);
	END IF;
	-- whoever changes where it goes, or wakes it up, means to try now
	UPDATE _nuvopipe.webhook w SET
			name = coalesce(name, w.name),
			url = coalesce(url, w.url),
			events = coalesce(events, w.events),
			pipeline_id = CASE WHEN pipeline IS NULL THEN w.pipeline_id ELSE pipeline_id END,
			status = coalesce(status, w.status),
			reason = CASE WHEN status IS NULL THEN w.reason END,
			failures = CASE WHEN url IS NULL AND status IS NULL THEN w.failures ELSE 0 END,
			hold_until = CASE WHEN url IS NULL AND status IS NULL THEN w.hold_until END,
			description = coalesce(description, w.description),
			tags = coalesce(tags, w.tags),
			updated_at = clock_timestamp(),
			updated_by = me
		WHERE w.tenant_id = tenant AND w.id = object_id;
	IF status = 'INACTIVE' THEN
		PERFORM _nuvopipe.bury(tenant, object_id, 'the webhook was deactivated');
	END IF;
	PERFORM _nuvopipe.wake();
	RETURN object_id;
EXCEPTION WHEN unique_violation THEN
	PERFORM _nuvopipe.name_taken('webhook', name);
END
$$;
COMMENT ON FUNCTION nuvopipe.update_webhook IS
'Changes a webhook; arguments that are null keep what is stored.
webhook: name or id. pipeline: '''' for all. secret: signs from now on, also what waits. status: INACTIVE tells nothing, and what waited is dead (see replay_delivery); ACTIVE begins again. The others as for create_webhook.
Returns the id.
Errors: as create_webhook, and 42704 if there is no such webhook.';

CREATE OR REPLACE FUNCTION nuvopipe.delete_webhook(webhook text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	tenant uuid := _nuvopipe.tenant();
	object_id uuid := _nuvopipe.find('webhook', webhook, 'delete');
	secret_id uuid;
BEGIN
	DELETE FROM _nuvopipe.webhook w WHERE w.tenant_id = tenant AND w.id = object_id RETURNING w.credential_id INTO secret_id;
	PERFORM _nuvopipe.require_there(FOUND, 'webhook', webhook);
	DELETE FROM _nuvopipe.outbox o WHERE o.tenant_id = tenant AND o.webhook_id = object_id;
	DELETE FROM _nuvopipe.credential c WHERE c.tenant_id = tenant AND c.id = secret_id;
END
$$;
COMMENT ON FUNCTION nuvopipe.delete_webhook IS
'Deletes a webhook with its outbox; a delivery under way may still arrive.
webhook: name or id.
Errors: 42704 if there is no such webhook, 42501 for sub-organizations.';

CREATE OR REPLACE FUNCTION nuvopipe.test_webhook(webhook text) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	tenant uuid := _nuvopipe.tenant();
	object_id uuid := _nuvopipe.find('webhook', webhook, 'write');
BEGIN
	PERFORM _nuvopipe.require_active(tenant, object_id);
	RETURN _nuvopipe.post(tenant, object_id, 'TEST', NULL, '{"message": "This is a test."}');
END
$$;
COMMENT ON FUNCTION nuvopipe.test_webhook IS
'Sends an event TEST to a webhook, as other events are sent: after the commit, signed, repeated if it fails.
webhook: name or id.
Returns the id of the delivery; see nuvopipe.outbox for what becomes of it.
Errors: 42704 if there is no such webhook, 55000 if it is INACTIVE, 42501 for sub-organizations.';

CREATE OR REPLACE FUNCTION _nuvopipe.require_active(tenant_id uuid, webhook_id uuid) RETURNS void
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	w record;
BEGIN
	SELECT h.name, h.status INTO STRICT w FROM _nuvopipe.webhook h
		WHERE h.tenant_id = require_active.tenant_id AND h.id = require_active.webhook_id;
	IF w.status <> 'ACTIVE' THEN
		RAISE EXCEPTION 'webhook "%" is %', w.name, w.status USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = 'Set its status to ACTIVE first.';
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.replay_delivery(delivery uuid) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	tenant uuid := _nuvopipe.tenant();
	o record;
BEGIN
	PERFORM _nuvopipe.require_right('write', 'webhook');
	SELECT d.webhook_id, d.lease_until INTO o
		FROM _nuvopipe.outbox d
			JOIN _nuvopipe.webhook w ON w.tenant_id = d.tenant_id AND w.id = d.webhook_id
			JOIN _nuvopipe.owner p ON p.id = w.owner_id
		WHERE d.tenant_id = tenant AND d.id = delivery AND _nuvopipe.can('write', 'webhook', w.owner_id, p.role)
		FOR NO KEY UPDATE OF d;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'delivery "%" does not exist', delivery USING ERRCODE = 'undefined_object';
	END IF;
	PERFORM _nuvopipe.require_active(tenant, o.webhook_id);
	IF o.lease_until > clock_timestamp() THEN
		RAISE EXCEPTION 'delivery "%" is being sent', delivery USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = 'Wait until it is known what becomes of it.';
	END IF;
	UPDATE _nuvopipe.outbox d SET status = 'PENDING', attempts = 0, next_at = clock_timestamp(), lease_until = NULL, delivered_at = NULL,
			updated_at = clock_timestamp()
		WHERE d.tenant_id = tenant AND d.id = delivery;
	UPDATE _nuvopipe.webhook w SET hold_until = NULL WHERE w.tenant_id = tenant AND w.id = o.webhook_id;
	PERFORM _nuvopipe.wake();
	RETURN delivery;
END
$$;
COMMENT ON FUNCTION nuvopipe.replay_delivery IS
'Sends a delivery again at once, whatever became of it before, with the same id and body and all its tries.
delivery: its id, see nuvopipe.outbox.
Returns the id.
Errors: 42704 if there is no such delivery, 55000 if its webhook is INACTIVE or it is being sent now, 42501 for sub-organizations.';

CREATE OR REPLACE VIEW nuvopipe.webhooks WITH (security_barrier) AS
	SELECT w.id, w.name, w.description, w.tags, w.url, w.events, w.pipeline_id AS pipeline, w.status, w.reason, w.failures, w.hold_until,
			w.sent_at, o.name AS owner, w.created_at, w.created_by, w.updated_at, w.updated_by
		FROM _nuvopipe.webhook w JOIN _nuvopipe.owner o ON o.id = w.owner_id
		WHERE w.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('read', 'webhook', w.owner_id, o.role);
COMMENT ON VIEW nuvopipe.webhooks IS 'Webhooks that the caller may see. Their secrets are shown nowhere.';
COMMENT ON COLUMN nuvopipe.webhooks.pipeline IS 'Id of the pipeline whose executions are told; null: of all.';
COMMENT ON COLUMN nuvopipe.webhooks.reason IS 'Why it is INACTIVE, unless a person made it so.';
COMMENT ON COLUMN nuvopipe.webhooks.failures IS 'Failed deliveries since the last that succeeded.';
COMMENT ON COLUMN nuvopipe.webhooks.hold_until IS 'Nothing is sent before: it failed several times, or the receiver asked for it.';

CREATE OR REPLACE VIEW nuvopipe.outbox WITH (security_barrier) AS
	SELECT d.id, d.webhook_id AS webhook, w.name AS webhook_name, d.event, d.execution_id AS execution, d.status, d.attempts, d.next_at,
			d.lease_until, d.last_status, d.last_error, d.delivered_at, d.payload, d.created_at, d.updated_at
		FROM _nuvopipe.outbox d
			JOIN _nuvopipe.webhook w ON w.tenant_id = d.tenant_id AND w.id = d.webhook_id
			JOIN _nuvopipe.owner o ON o.id = w.owner_id
		WHERE d.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('read', 'webhook', w.owner_id, o.role);
COMMENT ON VIEW nuvopipe.outbox IS 'Deliveries to webhooks: those that wait, those that arrived, those given up.';
COMMENT ON COLUMN nuvopipe.outbox.status IS 'PENDING, DELIVERED, or DEAD: given up after 12 tries, or its webhook was deactivated.';
COMMENT ON COLUMN nuvopipe.outbox.next_at IS 'Of one that is PENDING: when it is tried next.';
COMMENT ON COLUMN nuvopipe.outbox.lease_until IS 'It is being sent; if nothing is heard of it until then, it is sent again.';
COMMENT ON COLUMN nuvopipe.outbox.last_status IS 'HTTP status of the last answer; null if there was none.';
COMMENT ON COLUMN nuvopipe.outbox.payload IS 'The body that is sent.';
