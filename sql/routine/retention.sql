
/*
 * What goes when.
 *
 * Times are settings of the server; an organisation may have its own.  What they
 * are about, and how it goes:
 *
 *	issues	issues and rejected rows of executions that did not fail
 *	input	stored input of executions that did not fail
 *	failed	both, of those that failed: they can be fixed as long
 *	history	executions with attempts and runs, planned instants; compact: executions that succeeded
 *	event	events, and deliveries that were made or given up
 *	digest	days of what went
 *
 * An execution stays as long as something of it does.  Rows of executions go in
 * portions; those of issue and event mostly with their partition, and in portions
 * only where an organisation has another time than the server (partition.sql).
 * The input ledger stays: a file is loaded once, however long ago that was.
 *
 * Maintenance is a round of steps, each repeated until it finds nothing, in short
 * transactions (src/exec/maintain.c): by the keeper, by nuvopipe.work and run,
 * and by hand.
 */

-- A time as the server has set it; null: for ever.
CREATE OR REPLACE FUNCTION _nuvopipe.keep_time(what text) RETURNS interval
	AS 'MODULE_PATHNAME', 'nuvopipe_keep_time' LANGUAGE C STRICT STABLE PARALLEL SAFE;

-- What applies to each organisation; null: for ever.
CREATE OR REPLACE VIEW _nuvopipe.keep AS
	SELECT o.id AS tenant_id,
			nullif(coalesce(r.history, s.history), '0') AS history,
			-- of successful executions
			least(nullif(coalesce(r.history, s.history), '0'), nullif(coalesce(r.compact, s.compact), '0')) AS compact,
			nullif(coalesce(r.issues, s.issues), '0') AS issues,
			nullif(coalesce(r.input, s.input), '0') AS input,
			nullif(coalesce(r.failed, s.failed), '0') AS failed,
			nullif(coalesce(r.event, s.event), '0') AS event,
			nullif(coalesce(r.digest, s.digest), '0') AS digest
		FROM _nuvopipe.organization o
			CROSS JOIN (SELECT _nuvopipe.keep_time('compact') AS compact, _nuvopipe.keep_time('digest') AS digest, _nuvopipe.keep_time('event') AS event,
				_nuvopipe.keep_time('failed') AS failed, _nuvopipe.keep_time('history') AS history, _nuvopipe.keep_time('input') AS input,
				_nuvopipe.keep_time('issues') AS issues) s
			LEFT JOIN _nuvopipe.retention r ON r.tenant_id = o.id;

-- Was this database restored from a dump less than a day ago?  Then nothing goes by itself: perhaps it was to look at what is old.
CREATE OR REPLACE FUNCTION _nuvopipe.is_settling() RETURNS boolean
	LANGUAGE sql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT EXISTS (SELECT FROM _nuvopipe.installation i
		WHERE i.installed_at > clock_timestamp() - interval '1 day'
			AND EXISTS (SELECT FROM _nuvopipe.organization o WHERE o.created_at < i.installed_at));
$$;

-- At most so many rows of the issues of one execution; returns how many it was.
CREATE OR REPLACE FUNCTION _nuvopipe.delete_issues(tenant uuid, execution uuid, max_rows int) RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	n int;
BEGIN
	DELETE FROM _nuvopipe.issue i
		WHERE i.tenant_id = tenant AND i.execution_id = execution AND (i.attempt, i.seq) IN (
			SELECT p.attempt, p.seq FROM _nuvopipe.issue p WHERE p.tenant_id = tenant AND p.execution_id = execution LIMIT max_rows);
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END
$$;

/*
 * Issues and rejected rows whose time has passed are not kept any more; their
 * rows go with the partition.  They go at once where that would last: the
 * organisation's time is not the server's, or they do not lie in a range.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.expire_issues(portion int DEFAULT 200, max_rows int DEFAULT 5000) RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	moment constant timestamptz := clock_timestamp();
	ordinary constant interval := _nuvopipe.keep_time('issues');
	lowers uuid[];
	uppers uuid[];
	old record;
	left_over int := max_rows;
	n int := 0;
BEGIN
	FOR old IN
		SELECT x.tenant_id, x.id, x.keep FROM _nuvopipe.keep k CROSS JOIN (VALUES ('SUCCEEDED'), ('FAILED'), ('CANCELED')) f (status)
				CROSS JOIN LATERAL (
					SELECT e.tenant_id, e.id, CASE WHEN f.status = 'FAILED' THEN k.failed ELSE k.issues END AS keep FROM _nuvopipe.execution e
						WHERE e.tenant_id = k.tenant_id AND e.status = f.status
							AND e.status IN ('SUCCEEDED', 'FAILED', 'CANCELED') AND e.has_issues
							AND e.finished_at < moment - CASE WHEN f.status = 'FAILED' THEN k.failed ELSE k.issues END
						ORDER BY e.finished_at LIMIT portion FOR UPDATE SKIP LOCKED) x
			LIMIT portion
	LOOP
		IF n = 0 THEN
			SELECT array_agg(p.lower), array_agg(p.upper) INTO lowers, uppers FROM _nuvopipe.partitions('issue') p WHERE p.name NOT LIKE '%\_kept';
		END IF;
		n := n + 1;
		IF old.keep <> ordinary OR ordinary IS NULL
				OR NOT EXISTS (SELECT FROM unnest(lowers, uppers) u (l, h) WHERE old.id >= u.l AND old.id < u.h) THEN
			left_over := left_over - _nuvopipe.delete_issues(old.tenant_id, old.id, left_over);
			EXIT WHEN left_over <= 0;	-- the rest of them next time
		END IF;
		UPDATE _nuvopipe.execution e SET has_issues = false WHERE e.tenant_id = old.tenant_id AND e.id = old.id;
	END LOOP;
	RETURN n;
END
$$;

-- Stored inputs whose time has passed.
CREATE OR REPLACE FUNCTION _nuvopipe.expire_inputs(portion int DEFAULT 200) RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	moment constant timestamptz := clock_timestamp();
	old record;
	n int := 0;
BEGIN
	FOR old IN
		SELECT x.tenant_id, x.id FROM _nuvopipe.keep k CROSS JOIN (VALUES ('SUCCEEDED'), ('FAILED'), ('CANCELED')) f (status)
				CROSS JOIN LATERAL (
					SELECT e.tenant_id, e.id FROM _nuvopipe.execution e
						WHERE e.tenant_id = k.tenant_id AND e.status = f.status
							AND e.status IN ('SUCCEEDED', 'FAILED', 'CANCELED') AND e.input_id IS NOT NULL
							AND e.finished_at < moment - CASE WHEN f.status = 'FAILED' THEN k.failed ELSE k.input END
						ORDER BY e.finished_at LIMIT portion FOR UPDATE SKIP LOCKED) x
			LIMIT portion
	LOOP
		UPDATE _nuvopipe.execution e SET input_expired_at = moment WHERE e.tenant_id = old.tenant_id AND e.id = old.id;
		PERFORM _nuvopipe.release_input(old.tenant_id, old.id);
		n := n + 1;
	END LOOP;
	RETURN n;
END
$$;

-- Removes executions of one organisation that are locked and have nothing left; their day remembers them.
CREATE OR REPLACE FUNCTION _nuvopipe.remove_executions(tenant uuid, executions uuid[]) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	runs uuid[];
BEGIN
	PERFORM _nuvopipe.count_executions(tenant, executions);
	PERFORM _nuvopipe.digest_executions(tenant, executions);
	DELETE FROM _nuvopipe.execution_attempt a WHERE a.tenant_id = tenant AND a.execution_id = ANY (executions);
	runs := ARRAY(SELECT DISTINCT e.run_id FROM _nuvopipe.execution e WHERE e.tenant_id = tenant AND e.id = ANY (executions));
	DELETE FROM _nuvopipe.execution e WHERE e.tenant_id = tenant AND e.id = ANY (executions);
	DELETE FROM _nuvopipe.run r WHERE r.tenant_id = tenant AND r.id = ANY (runs)
		AND NOT EXISTS (SELECT FROM _nuvopipe.execution e WHERE e.tenant_id = tenant AND e.run_id = r.id);
END
$$;

-- Executions whose time has passed and that have nothing left.
CREATE OR REPLACE FUNCTION _nuvopipe.remove_ended(portion int DEFAULT 200) RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	moment constant timestamptz := clock_timestamp();
	old record;
	n int := 0;
BEGIN
	FOR old IN
		SELECT g.tenant_id, array_agg(g.id) AS ids FROM (
			SELECT x.tenant_id, x.id FROM _nuvopipe.keep k CROSS JOIN (VALUES ('SUCCEEDED'), ('FAILED'), ('CANCELED')) f (status)
					CROSS JOIN LATERAL (
						SELECT e.tenant_id, e.id FROM _nuvopipe.execution e
							WHERE e.tenant_id = k.tenant_id AND e.status = f.status
								AND e.status IN ('SUCCEEDED', 'FAILED', 'CANCELED') AND NOT e.has_issues AND e.input_id IS NULL AND e.output_id IS NULL
								AND e.finished_at < moment - CASE WHEN f.status = 'SUCCEEDED' THEN k.compact ELSE k.history END
							ORDER BY e.finished_at LIMIT portion FOR UPDATE SKIP LOCKED) x
				LIMIT portion) g
			GROUP BY g.tenant_id
	LOOP
		PERFORM _nuvopipe.remove_executions(old.tenant_id, old.ids);
		n := n + cardinality(old.ids);
	END LOOP;
	RETURN n;
END
$$;

-- Events that no partition takes along: of organisations with a time of their own, and those in the default partition.
CREATE OR REPLACE FUNCTION _nuvopipe.prune_events(portion int DEFAULT 1000) RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	moment constant timestamptz := clock_timestamp();
	ordinary constant interval := _nuvopipe.keep_time('event');
	k record;
	total int := 0;
	n int;
BEGIN
	FOR k IN SELECT x.tenant_id, _nuvopipe.uuid_floor(moment - x.event) AS upto FROM _nuvopipe.keep x
			WHERE x.event IS NOT NULL AND x.event IS DISTINCT FROM ordinary LOOP
		DELETE FROM _nuvopipe.event v WHERE v.tenant_id = k.tenant_id AND v.id < k.upto AND v.id IN (
			SELECT o.id FROM _nuvopipe.event o WHERE o.tenant_id = k.tenant_id AND o.id < k.upto ORDER BY o.id LIMIT portion - total);
		GET DIAGNOSTICS n = ROW_COUNT;
		total := total + n;
		EXIT WHEN total >= portion;
	END LOOP;
	DELETE FROM _nuvopipe.event_default v
		USING (SELECT o.tenant_id, o.id FROM _nuvopipe.keep x
			CROSS JOIN LATERAL (SELECT d.tenant_id, d.id FROM _nuvopipe.event_default d
				WHERE d.tenant_id = x.tenant_id AND d.id < _nuvopipe.uuid_floor(moment - x.event) ORDER BY d.id LIMIT portion) o
			LIMIT portion) g
		WHERE v.tenant_id = g.tenant_id AND v.id = g.id;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN total + n;
END
$$;

-- Deliveries that were made or given up.
CREATE OR REPLACE FUNCTION _nuvopipe.prune_outbox(portion int DEFAULT 500) RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	moment constant timestamptz := clock_timestamp();
	n int;
BEGIN
	DELETE FROM _nuvopipe.outbox d
		USING (SELECT o.tenant_id, o.id FROM _nuvopipe.keep x
			CROSS JOIN LATERAL (SELECT b.tenant_id, b.id FROM _nuvopipe.outbox b
				WHERE b.tenant_id = x.tenant_id AND b.id < _nuvopipe.uuid_floor(moment - x.event) AND b.status <> 'PENDING'
				ORDER BY b.id LIMIT portion) o
			LIMIT portion) g
		WHERE d.tenant_id = g.tenant_id AND d.id = g.id AND d.status <> 'PENDING';
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END
$$;

-- Planned instants go as history does, of a backfill when it is old; one that waits for its run stays.
CREATE OR REPLACE FUNCTION _nuvopipe.prune_planned(portion int DEFAULT 500) RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	moment constant timestamptz := clock_timestamp();
	n int;
BEGIN
	DELETE FROM _nuvopipe.planned_run p
		USING (SELECT o.tenant_id, o.pipeline_id, o.planned_at FROM _nuvopipe.keep x
			CROSS JOIN LATERAL (SELECT r.tenant_id, r.pipeline_id, r.planned_at FROM _nuvopipe.planned_run r
				WHERE r.tenant_id = x.tenant_id AND r.planned_at < moment - x.history AND coalesce(r.until_at, r.planned_at) < moment - x.history
					AND r.decided_at < moment - x.history
					AND r.outcome <> 'WAITING'
				ORDER BY r.planned_at LIMIT portion) o
			LIMIT portion) g
		WHERE p.tenant_id = g.tenant_id AND p.pipeline_id = g.pipeline_id AND p.planned_at = g.planned_at AND p.outcome <> 'WAITING';
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END
$$;

-- Days whose time has passed; now and then, pipelines that are gone.
CREATE OR REPLACE FUNCTION _nuvopipe.prune_digests(by_hand boolean, portion int DEFAULT 500) RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	today constant date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
	n int;
BEGIN
	DELETE FROM _nuvopipe.digest d
		USING (SELECT o.tenant_id, o.day, o.pipeline_id FROM _nuvopipe.keep x
			CROSS JOIN LATERAL (SELECT b.tenant_id, b.day, b.pipeline_id FROM _nuvopipe.digest b
				WHERE b.tenant_id = x.tenant_id AND b.day < today - x.digest ORDER BY b.day LIMIT portion) o
			LIMIT portion) g
		WHERE d.tenant_id = g.tenant_id AND d.day = g.day AND d.pipeline_id = g.pipeline_id;
	GET DIAGNOSTICS n = ROW_COUNT;
	-- this looks at all of them
	IF n = 0 AND (by_hand OR random() < 0.02) THEN
		n := _nuvopipe.merge_tallies();
	END IF;
	RETURN n;
END
$$;

/*
 * One portion of one step; returns how much was done, null where there is no such
 * step.  by_hand: somebody waits for it, so a portion may be large, and it goes
 * also soon after a dump was restored.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.maintain(step int, by_hand boolean DEFAULT false) RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	may_remove boolean := by_hand OR NOT _nuvopipe.is_settling();
BEGIN
	RETURN CASE
		WHEN step = 0 THEN _nuvopipe.add_partitions()
		WHEN step = 1 THEN _nuvopipe.count_portion()
		WHEN step > 11 THEN NULL
		WHEN NOT may_remove THEN 0
		WHEN step = 2 THEN _nuvopipe.expire()
		WHEN step = 3 THEN _nuvopipe.expire_issues()
		WHEN step = 4 THEN _nuvopipe.expire_inputs()
		WHEN step = 5 THEN _nuvopipe.remove_ended()
		WHEN step = 6 THEN _nuvopipe.prune_events()
		WHEN step = 7 THEN _nuvopipe.prune_outbox()
		WHEN step = 8 THEN _nuvopipe.prune_digests(by_hand)
		WHEN step = 9 THEN _nuvopipe.drop_partitions(by_hand)
		WHEN step = 10 THEN _nuvopipe.prune_planned()
		ELSE _nuvopipe.purge(512, 1 << 25) END;
END
$$;
COMMENT ON FUNCTION _nuvopipe.maintain IS 'One portion of one step of maintenance; returns how much it did, null if there is no such step.';

CREATE OR REPLACE PROCEDURE nuvopipe.maintain(max_seconds int DEFAULT NULL)
	AS 'MODULE_PATHNAME', 'nuvopipe_maintain' LANGUAGE C;
COMMENT ON PROCEDURE nuvopipe.maintain(int) IS
'Does now what the keeper does bit by bit: makes partitions for the time to come, removes what is past its time (see nuvopipe.retention) and bytes that nobody refers to.
max_seconds: stops after that time; null = when there is nothing left to do.
Commits after each portion, so it cannot be called inside a transaction block. Waits for no lock: a partition that somebody reads is dropped another time. For members of nuvopipe_admin.
Errors: 25001 in a transaction block, 42501 without nuvopipe_admin.';

CREATE OR REPLACE FUNCTION nuvopipe.set_retention(what text, keep interval, organization text DEFAULT NULL) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	known constant text[] := ARRAY['compact', 'digest', 'event', 'failed', 'history', 'input', 'issues'];
	tenant uuid := _nuvopipe.tenant();
	me uuid := _nuvopipe.me();
	moment timestamptz := clock_timestamp();
BEGIN
	IF NOT _nuvopipe.is_admin() THEN
		RAISE EXCEPTION 'must be a member of nuvopipe_admin to say how long things are kept' USING ERRCODE = 'insufficient_privilege';
	END IF;
	IF what IS NULL THEN
		PERFORM _nuvopipe.fault('what', 'must be given', format('Known are %s.', array_to_string(known, ', ')));
	END IF;
	PERFORM _nuvopipe.expect_word(to_jsonb(what), 'what', known);
	IF keep < '0' THEN
		PERFORM _nuvopipe.fault('keep', 'must not be negative', 'Zero keeps for ever, null means what the server has set.');
	END IF;
	IF organization IS NOT NULL THEN
		SELECT o.id INTO tenant FROM _nuvopipe.organization o
			WHERE o.name = organization OR CASE WHEN _nuvopipe.is_uuid(organization) THEN o.id = organization::uuid END;
		IF NOT FOUND OR (tenant <> _nuvopipe.tenant() AND NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = _nuvopipe.caller())) THEN
			RAISE EXCEPTION 'organization "%" does not exist', organization USING ERRCODE = 'undefined_object',
				HINT = 'Only a superuser sees other organizations than his own.';
		END IF;
	END IF;
	EXECUTE format('INSERT INTO _nuvopipe.retention AS r (tenant_id, %1$I, updated_at, updated_by) VALUES ($1, $2, $3, $4)'
		' ON CONFLICT (tenant_id) DO UPDATE SET %1$I = excluded.%1$I, updated_at = excluded.updated_at, updated_by = excluded.updated_by', what)
		USING tenant, keep, moment, me;
END
$$;
COMMENT ON FUNCTION nuvopipe.set_retention(text, interval, text) IS
'Says how long an organization keeps something, in place of the server''s setting.
what: issues (of executions that did not fail, with rejected rows), input (of the same), failed (issues, rejected rows and input of executions that failed, which are needed to fix them), history (executions, planned instants), compact (successful executions), event (events and deliveries), digest (numbers of days). keep: a time; zero is for ever; null: as nuvopipe.keep_issues_time and its like, nuvopipe.compact_after say. organization: name or id; null is the caller''s.
Takes effect with the next maintenance. For members of nuvopipe_admin.
Errors: 22023 for another word or a negative time, 42704 for an unknown organization, 42501 without nuvopipe_admin.';

-- The ranges of issue and event, of all organisations.
CREATE OR REPLACE VIEW nuvopipe.partitions WITH (security_barrier) AS
	SELECT t.name AS kind, p.relation::text AS partition, p.from_time, p.to_time, p.name LIKE '%\_kept' AS is_thinned,
			nullif(c.reltuples, -1)::bigint AS rows, pg_total_relation_size(p.relation) AS bytes,
			p.to_time + _nuvopipe.keep_time(CASE t.name WHEN 'issue' THEN 'issues' ELSE t.name END) AS goes_after
		FROM unnest(ARRAY['issue', 'event']) t (name)
			CROSS JOIN LATERAL (
				SELECT x.relation, x.name, x.from_time, x.to_time FROM _nuvopipe.partitions(t.name) x
				UNION ALL SELECT format('_nuvopipe.%I', t.name || '_default')::regclass, t.name || '_default', NULL, NULL) p
			JOIN pg_class c ON c.oid = p.relation
		WHERE _nuvopipe.is_admin();
COMMENT ON VIEW nuvopipe.partitions IS 'Tables in which issues (with rejected rows) and events lie, by the time of their executions and of themselves; for members of nuvopipe_admin, of all organizations.';
COMMENT ON COLUMN nuvopipe.partitions.kind IS 'issue or event.';
COMMENT ON COLUMN nuvopipe.partitions.from_time IS 'Null: the default partition, for what fits in no other; its rows go one by one.';
COMMENT ON COLUMN nuvopipe.partitions.is_thinned IS 'Its time has passed; only what somebody keeps for longer is left of it.';
COMMENT ON COLUMN nuvopipe.partitions.rows IS 'Estimate; an issue row is about forty issues.';
COMMENT ON COLUMN nuvopipe.partitions.goes_after IS 'It is dropped, or thinned, soon after this time; null: never. Earlier if nobody needs it.';

/*
 * What the caller's organisation keeps: how long, how much, since when.  The
 * indexes that retention walks along answer the rest.
 */
CREATE OR REPLACE VIEW nuvopipe.retention WITH (security_barrier) AS
	SELECT w.what, w.keep, w.is_own, w.kept, w.oldest, w.oldest + w.keep AS goes_after, w.due
		FROM _nuvopipe.keep k
			LEFT JOIN _nuvopipe.retention r ON r.tenant_id = k.tenant_id
			CROSS JOIN LATERAL (
				SELECT 'history' AS what, k.history AS keep, r.history IS NOT NULL AS is_own, count(*) AS kept, min(e.finished_at) AS oldest,
						count(*) FILTER (WHERE e.finished_at < now() - k.history) AS due
					FROM _nuvopipe.execution e
					WHERE e.tenant_id = k.tenant_id AND e.status IN ('FAILED', 'CANCELED') AND NOT e.has_issues AND e.input_id IS NULL AND e.output_id IS NULL
				UNION ALL
				SELECT 'compact', k.compact, r.compact IS NOT NULL, count(*), min(e.finished_at),
						count(*) FILTER (WHERE e.finished_at < now() - k.compact)
					FROM _nuvopipe.execution e
					WHERE e.tenant_id = k.tenant_id AND e.status = 'SUCCEEDED' AND NOT e.has_issues AND e.input_id IS NULL AND e.output_id IS NULL
				UNION ALL
				SELECT 'issues', k.issues, r.issues IS NOT NULL, count(*), min(e.finished_at),
						count(*) FILTER (WHERE e.finished_at < now() - k.issues)
					FROM _nuvopipe.execution e
					WHERE e.tenant_id = k.tenant_id AND e.status IN ('SUCCEEDED', 'CANCELED') AND e.has_issues
				UNION ALL
				SELECT 'input', k.input, r.input IS NOT NULL, count(*), min(e.finished_at),
						count(*) FILTER (WHERE e.finished_at < now() - k.input)
					FROM _nuvopipe.execution e
					WHERE e.tenant_id = k.tenant_id AND e.status IN ('SUCCEEDED', 'CANCELED') AND e.input_id IS NOT NULL
				UNION ALL
				SELECT 'failed', k.failed, r.failed IS NOT NULL, count(*), min(e.finished_at),
						count(*) FILTER (WHERE e.finished_at < now() - k.failed)
					FROM _nuvopipe.execution e
					WHERE e.tenant_id = k.tenant_id AND e.status = 'FAILED' AND (e.has_issues OR e.input_id IS NOT NULL)
				UNION ALL
				SELECT 'event', k.event, r.event IS NOT NULL, NULL,
						_nuvopipe.uuid_time((SELECT v.id FROM _nuvopipe.event v WHERE v.tenant_id = k.tenant_id ORDER BY v.id LIMIT 1)), NULL
				UNION ALL
				SELECT 'digest', k.digest, r.digest IS NOT NULL, count(*), min(d.day)::timestamptz,
						count(*) FILTER (WHERE d.day < (now() - k.digest)::date)
					FROM _nuvopipe.digest d WHERE d.tenant_id = k.tenant_id) w
		WHERE k.tenant_id = _nuvopipe.tenant() AND _nuvopipe.is_admin();
COMMENT ON VIEW nuvopipe.retention IS 'How long the caller''s organization keeps what, how much there is, and what would go when; see nuvopipe.set_retention. It counts what there is, so do not ask every minute. For members of nuvopipe_admin.';
COMMENT ON COLUMN nuvopipe.retention.what IS 'As for nuvopipe.set_retention: executions with issues or a stored input count for these, and for history or compact when they have nothing left.';
COMMENT ON COLUMN nuvopipe.retention.keep IS 'Null: for ever.';
COMMENT ON COLUMN nuvopipe.retention.is_own IS 'The organization has its own; else it is the setting of the server.';
COMMENT ON COLUMN nuvopipe.retention.kept IS 'Executions; of digest, days of pipelines. Events are not counted: see nuvopipe.partitions.';
COMMENT ON COLUMN nuvopipe.retention.goes_after IS 'When the oldest will go.';
COMMENT ON COLUMN nuvopipe.retention.due IS 'Those whose time has passed; maintenance takes them in portions.';

-- What is left of executions that went.
CREATE OR REPLACE VIEW nuvopipe.execution_days WITH (security_barrier) AS
	SELECT d.day, d.pipeline_id AS pipeline, p.name AS pipeline_name, d.succeeded, d.failed, d.canceled, d.rows AS total_rows, d.error_cells AS total_error_cells,
			d.rows_read, d.rows_written, d.rows_rejected, d.input_bytes, d.output_bytes, d.duration_ms AS duration,
			round(_nuvopipe.spread_quantile(d.spread, 0.5)) AS duration_p50, round(_nuvopipe.spread_quantile(d.spread, 0.95)) AS duration_p95,
			d.owner_role AS owner
		FROM _nuvopipe.digest d LEFT JOIN _nuvopipe.pipeline p ON p.id = d.pipeline_id
		WHERE d.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('read', 'execution', d.owner_id, d.owner_role);
COMMENT ON VIEW nuvopipe.execution_days IS 'Executions that are no longer kept one by one: their numbers, by the day of UTC on which they were created and by pipeline.';
COMMENT ON COLUMN nuvopipe.execution_days.pipeline_name IS 'Null once the pipeline is deleted.';
COMMENT ON COLUMN nuvopipe.execution_days.total_rows IS 'Of last attempts, as all that follow.';
COMMENT ON COLUMN nuvopipe.execution_days.duration IS 'Milliseconds, of all together.';
COMMENT ON COLUMN nuvopipe.execution_days.duration_p50 IS 'Estimate.';
