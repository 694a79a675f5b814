
/*
 * Signals of triggers: what they come from, and what comes of them.  See
 * schema/058-trigger.sql.
 */

-- At commit; runners are left alone until an execution is queued.
CREATE OR REPLACE FUNCTION _nuvopipe.wake_keeper() RETURNS void
	AS 'MODULE_PATHNAME', 'nuvopipe_wake_keeper' LANGUAGE C STRICT VOLATILE;

/* ---- signals ---- */

-- Another pipeline has succeeded; called in the transaction that says so, where a trigger of this kind exists at all.
CREATE OR REPLACE FUNCTION _nuvopipe.signal_success(tenant uuid, execution uuid) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	t uuid;
BEGIN
	FOR t IN
		SELECT r.id
			FROM _nuvopipe.execution e
				JOIN _nuvopipe.trigger r ON r.tenant_id = e.tenant_id AND r.source_id = e.pipeline_id
				JOIN _nuvopipe.pipeline p ON p.id = r.pipeline_id
				LEFT JOIN _nuvopipe.execution_attempt a ON a.tenant_id = e.tenant_id AND a.execution_id = e.id AND a.attempt = e.attempts
			WHERE e.tenant_id = tenant AND e.id = execution AND r.status = 'ACTIVE' AND p.status = 'ACTIVE'
				AND (NOT (r.configuration -> 'rows')::boolean OR a.rows_written > 0)
	LOOP
		INSERT INTO _nuvopipe.signal (tenant_id, trigger_id, id, at, payload)
			VALUES (tenant, t, _nuvopipe.uuid_v7(), clock_timestamp(), execution::text);
		PERFORM _nuvopipe.wake_keeper();
	END LOOP;
END
$$;

-- A keeper has heard of a channel, occurrences times; payload came last.
CREATE OR REPLACE FUNCTION _nuvopipe.signal_notice(channel text, occurrences bigint, payload text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	t record;
BEGIN
	FOR t IN
		SELECT r.tenant_id, r.id
			FROM _nuvopipe.trigger r JOIN _nuvopipe.pipeline p ON p.id = r.pipeline_id
			WHERE r.kind = 'NOTIFY' AND r.status = 'ACTIVE' AND p.status = 'ACTIVE' AND r.configuration ->> 'channel' = channel
	LOOP
		INSERT INTO _nuvopipe.signal (tenant_id, trigger_id, id, at, occurrences, payload)
			VALUES (t.tenant_id, t.id, _nuvopipe.uuid_v7(), clock_timestamp(), occurrences, nullif(payload, ''));
	END LOOP;
END
$$;

-- The channels a keeper is to listen to; heard: those it has begun to listen to just now.
CREATE OR REPLACE FUNCTION _nuvopipe.channels(heard text[] DEFAULT '{}') RETURNS SETOF text
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF heard <> '{}' THEN
		-- a keeper waits for nobody's transaction
		UPDATE _nuvopipe.trigger r SET last_check_at = clock_timestamp()
			WHERE r.id IN (SELECT x.id FROM _nuvopipe.trigger x
				WHERE x.kind = 'NOTIFY' AND x.configuration ->> 'channel' = ANY (heard) FOR NO KEY UPDATE SKIP LOCKED);
	END IF;
	RETURN QUERY SELECT DISTINCT r.configuration ->> 'channel' FROM _nuvopipe.trigger r
		WHERE r.kind = 'NOTIFY' AND r.status = 'ACTIVE';
END
$$;

-- A change of some table could not be signalled, and it is not known of which: all of them are, to be sure.
CREATE OR REPLACE FUNCTION _nuvopipe.signal_tables() RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	t record;
BEGIN
	FOR t IN
		SELECT r.tenant_id, r.id FROM _nuvopipe.trigger r JOIN _nuvopipe.pipeline p ON p.id = r.pipeline_id
			WHERE r.kind = 'TABLE' AND r.status = 'ACTIVE' AND p.status = 'ACTIVE'
	LOOP
		INSERT INTO _nuvopipe.signal (tenant_id, trigger_id, id, at)
			VALUES (t.tenant_id, t.id, _nuvopipe.uuid_v7(), clock_timestamp());
	END LOOP;
END
$$;

/* ---- what comes of them ---- */

-- Told in the view, and by one event where it begins.
CREATE OR REPLACE FUNCTION _nuvopipe.trigger_failed(trigger_id uuid, message text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	t record;
BEGIN
	UPDATE _nuvopipe.trigger r SET failures = least(r.failures, 1000000) + 1, last_error = message, last_error_at = clock_timestamp(),
			-- seconds, twice as many each time, up to an hour; never sooner than it would be asked anyway
			next_at = r.next_at + greatest(least(interval '1 s' * 2 ^ least(r.failures, 12), interval '1 h')
				- interval '1 s' * (r.configuration ->> 'every')::float8, interval '0')
		-- one that is being changed or deleted is not waited for
		WHERE r.id = (SELECT x.id FROM _nuvopipe.trigger x WHERE x.id = trigger_id FOR NO KEY UPDATE SKIP LOCKED)
		RETURNING r.tenant_id, r.name, r.kind, r.pipeline_id, r.owner_id, r.failures INTO t;
	IF t.failures = 1 THEN
		INSERT INTO _nuvopipe.event (tenant_id, id, at, kind, payload, pipeline_id, owner_id, owner_role, xact)
			VALUES (t.tenant_id, _nuvopipe.uuid_v7(), clock_timestamp(), 'pipeline.trigger_failed',
				jsonb_build_object('trigger', trigger_id, 'name', t.name, 'kind', t.kind, 'message', message), t.pipeline_id, t.owner_id,
				(SELECT o.role FROM _nuvopipe.owner o WHERE o.id = t.owner_id), pg_current_xact_id());
		PERFORM _nuvopipe.wake();	-- there are clients that listen to events
		RAISE LOG 'nuvopipe: trigger "%" (%): %', t.name, trigger_id, message;
	END IF;
END
$$;

/*
 * Takes the signals of one trigger, whose row is locked, and queues an execution
 * for them, unless one that has not begun is waiting: it will see all that was
 * committed with them.
 *
 * That is certain, because the one that waits is looked for with a snapshot that
 * is no older than the one that saw the signals: an execution that has not been
 * claimed in it takes its own snapshot later, so it sees what that one saw.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.start_trigger(t _nuvopipe.trigger, active boolean) RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	batch record;
	waiting uuid;
	new_run uuid;
	new_id uuid;
	input uuid;
	moment timestamptz := clock_timestamp();
	pause interval := coalesce((t.configuration ->> 'delay')::float8, 0) * interval '1 s';
BEGIN
	WITH taken AS (
		DELETE FROM _nuvopipe.signal s WHERE s.tenant_id = t.tenant_id AND s.trigger_id = t.id RETURNING s.id, s.at, s.occurrences, s.payload
	)
	SELECT sum(k.occurrences)::bigint AS n, max(k.at) AS at, (array_agg(k.payload ORDER BY k.id DESC))[1] AS payload INTO batch FROM taken k;
	IF batch.n IS NULL OR NOT active THEN
		RETURN 0;
	END IF;

	SELECT e.run_id INTO waiting FROM _nuvopipe.execution e
		WHERE e.tenant_id = t.tenant_id AND e.run_id = t.last_run_id AND e.status = 'QUEUED' AND e.attempts = 0
			AND NOT e.cancel_requested AND e.object_path IS NULL AND e.input_id IS NULL
		LIMIT 1;
	IF FOUND THEN
		UPDATE _nuvopipe.run r SET cause = jsonb_strip_nulls(jsonb_build_object(
				'signals', (r.cause ->> 'signals')::bigint + batch.n, 'payload', coalesce(batch.payload, r.cause ->> 'payload')))
			WHERE r.tenant_id = t.tenant_id AND r.id = waiting;
	ELSE
		SELECT c.input_connector_id INTO STRICT input
			FROM _nuvopipe.pipeline p JOIN _nuvopipe.pipeline_configuration c ON c.id = p.configuration_id WHERE p.id = t.pipeline_id;
		PERFORM _nuvopipe.refuse_pushed(input);
		new_run := _nuvopipe.uuid_v7();
		INSERT INTO _nuvopipe.run (tenant_id, id, pipeline_id, trigger_type, trigger_id, cause, created_at, created_by)
			VALUES (t.tenant_id, new_run, t.pipeline_id, 'EVENT', t.id,
				jsonb_strip_nulls(jsonb_build_object('signals', batch.n, 'payload', batch.payload)), moment, t.owner_id);
		new_id := _nuvopipe.queue(t.pipeline_id, new_run, 'EVENT', false, _nuvopipe.lists_objects(input), NULL, NULL, NULL, NULL,
			creator => t.owner_id);
		IF pause > interval '0' THEN
			UPDATE _nuvopipe.execution e SET available_at = moment + pause WHERE e.tenant_id = t.tenant_id AND e.id = new_id;
		END IF;
	END IF;
	UPDATE _nuvopipe.trigger r SET signals = r.signals + batch.n, last_signal_at = batch.at,
			starts = r.starts + (new_run IS NOT NULL)::int, last_run_id = coalesce(new_run, r.last_run_id),
			last_start_at = CASE WHEN new_run IS NULL THEN r.last_start_at ELSE moment END,
			failures = CASE r.kind WHEN 'QUERY' THEN r.failures ELSE 0 END,
			last_error = CASE WHEN r.kind = 'QUERY' AND r.failures > 0 THEN r.last_error END
		WHERE r.id = t.id;
	RETURN (new_run IS NOT NULL)::int;
END
$$;

/*
 * Takes all signals that are committed.  A trigger whose row is locked, because
 * somebody else does the same or changes it, is left for later: waiting tells
 * how many signals are left.  So does one that fails; its signals stay.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.start_signalled(OUT started int, OUT waiting bigint)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	t record;
BEGIN
	started := 0;
	waiting := 0;
	IF NOT EXISTS (SELECT FROM _nuvopipe.signal) THEN
		RETURN;
	END IF;
	FOR t IN
		SELECT r AS trigger, r.id, r.last_error, r.status = 'ACTIVE' AND p.status = 'ACTIVE' AS active
			FROM _nuvopipe.trigger r JOIN _nuvopipe.pipeline p ON p.id = r.pipeline_id
			WHERE EXISTS (SELECT FROM _nuvopipe.signal s WHERE s.tenant_id = r.tenant_id AND s.trigger_id = r.id)
			ORDER BY r.id
			FOR NO KEY UPDATE OF r SKIP LOCKED
	LOOP
		BEGIN
			started := started + _nuvopipe.start_trigger(t.trigger, t.active);
		EXCEPTION WHEN OTHERS THEN
			IF t.last_error IS DISTINCT FROM SQLERRM THEN
				PERFORM _nuvopipe.trigger_failed(t.id, SQLERRM);
			END IF;
		END;
	END LOOP;
	-- of triggers that were deleted while somebody was writing; in a dump that is being restored they may come before them
	DELETE FROM _nuvopipe.signal s
		WHERE s.at < now() - interval '1 day' AND NOT EXISTS (SELECT FROM _nuvopipe.trigger r WHERE r.tenant_id = s.tenant_id AND r.id = s.trigger_id);
	SELECT count(*) INTO waiting FROM _nuvopipe.signal s JOIN _nuvopipe.trigger r ON r.tenant_id = s.tenant_id AND r.id = s.trigger_id;
END
$$;
COMMENT ON FUNCTION _nuvopipe.start_signalled IS 'Queues an execution for each trigger that has signals; returns how many, and how many signals are left for later.';

/* ---- queries ---- */

-- Does this trigger's last execution still wait or run?  It would find what the query finds; once it is over the query is asked again.
CREATE OR REPLACE FUNCTION _nuvopipe.is_under_way(tenant_id uuid, run_id uuid) RETURNS boolean
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN EXISTS (SELECT FROM _nuvopipe.execution e
		WHERE e.tenant_id = is_under_way.tenant_id AND e.run_id = is_under_way.run_id AND e.status IN ('QUEUED', 'RUNNING'));
END
$$;

-- How many queries are to be asked now, and when the first of the others will be.
CREATE OR REPLACE FUNCTION _nuvopipe.probe_due(OUT due bigint, OUT next timestamptz, moment timestamptz DEFAULT clock_timestamp())
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	SELECT count(*) FILTER (WHERE r.next_at <= moment AND NOT _nuvopipe.is_under_way(r.tenant_id, r.last_run_id)),
			min(r.next_at) FILTER (WHERE r.next_at > moment)
		INTO due, next
		FROM _nuvopipe.trigger r JOIN _nuvopipe.pipeline p ON p.id = r.pipeline_id
		WHERE r.kind = 'QUERY' AND r.status = 'ACTIVE' AND p.status = 'ACTIVE';
END
$$;

-- Makes up to n queries that are due the caller's, until they are due again.
CREATE OR REPLACE FUNCTION _nuvopipe.probe_claim(n int, moment timestamptz DEFAULT clock_timestamp())
	RETURNS TABLE (tenant_id uuid, id uuid, name text, query text, owner_role name, failing boolean)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
		WITH due AS (
			SELECT r.id FROM _nuvopipe.trigger r JOIN _nuvopipe.pipeline p ON p.id = r.pipeline_id
				WHERE r.kind = 'QUERY' AND r.status = 'ACTIVE' AND p.status = 'ACTIVE' AND r.next_at <= moment
					AND NOT _nuvopipe.is_under_way(r.tenant_id, r.last_run_id)
				ORDER BY r.next_at LIMIT n FOR NO KEY UPDATE OF r SKIP LOCKED
		), mine AS (
			UPDATE _nuvopipe.trigger t SET next_at = moment + (t.configuration ->> 'every')::float8 * interval '1 s', last_check_at = moment
				FROM due d WHERE t.id = d.id
				RETURNING t.tenant_id, t.id, t.name, t.configuration ->> 'query' AS query, t.owner_id, t.failures > 0 AS failing
		)
		SELECT m.tenant_id, m.id, m.name, m.query, o.role, m.failing FROM mine m JOIN _nuvopipe.owner o ON o.id = m.owner_id ORDER BY m.id;
END
$$;

-- What came of one.  Nothing found, and nothing wrong before or now: nothing is written.
CREATE OR REPLACE FUNCTION _nuvopipe.probe_record(tenant_id uuid, trigger_id uuid, has_rows boolean, error text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
	IF error IS NOT NULL THEN
		PERFORM _nuvopipe.trigger_failed(trigger_id, error);
		RETURN;
	END IF;
	UPDATE _nuvopipe.trigger r SET failures = 0, last_error = NULL
		WHERE r.id = (SELECT x.id FROM _nuvopipe.trigger x WHERE x.id = trigger_id AND x.failures > 0 FOR NO KEY UPDATE SKIP LOCKED);
	IF has_rows THEN
		INSERT INTO _nuvopipe.signal (tenant_id, trigger_id, id, at) VALUES (tenant_id, trigger_id, _nuvopipe.uuid_v7(), clock_timestamp());
	END IF;
END
$$;
