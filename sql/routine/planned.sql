
/*
 * Planned instants: each leaves a row that says what became of it.
 *
 * WAITING (queued) becomes RAN when the first execution of its run is claimed
 * (src/exec/schedule.c), CANCELED if all of them end before that.  The others
 * are final, but for a backfill, which takes what did not run.
 *
 * Locks: a schedule's row is locked by whoever writes rows of its instants;
 * executions before planned_run.
 */

/*
 * How long an instant waits beyond its time: less than jitter seconds, the same
 * whenever it is asked for.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.jitter_of(schedule_id uuid, planned_at timestamptz, jitter numeric) RETURNS interval
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	hash bytea;
BEGIN
	IF jitter IS NULL OR jitter <= 0 THEN
		RETURN interval '0';
	END IF;
	hash := sha256(uuid_send(schedule_id) || int8send((extract(epoch FROM planned_at) * 1000000)::bigint));
	RETURN interval '1 microsecond' * trunc(jitter * 1000000 / 4294967296
		* (get_byte(hash, 0) * 16777216.0 + get_byte(hash, 1) * 65536 + get_byte(hash, 2) * 256 + get_byte(hash, 3)))::float8;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.config_number(config jsonb, member text, fallback numeric) RETURNS numeric
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce((config ->> member)::numeric, fallback);
END;

-- Why the overlap policy keeps a run from being queued; null if it does not.
CREATE OR REPLACE FUNCTION _nuvopipe.overlap_reason(tenant_id uuid, pipeline_id uuid, overlap text) RETURNS text
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	reason text;
BEGIN
	IF overlap = 'SKIP' THEN
		SELECT format('execution %s is %s', e.id, lower(e.status)) INTO reason FROM _nuvopipe.execution e
			WHERE e.tenant_id = overlap_reason.tenant_id AND e.pipeline_id = overlap_reason.pipeline_id AND e.status IN ('QUEUED', 'RUNNING')
			ORDER BY e.status DESC, e.id LIMIT 1;
	ELSIF overlap = 'QUEUE_ONE' THEN
		-- a run waits as long as none of its executions has begun
		SELECT format('run %s is waiting already', e.run_id) INTO reason FROM _nuvopipe.execution e
			WHERE e.tenant_id = overlap_reason.tenant_id AND e.pipeline_id = overlap_reason.pipeline_id AND e.status = 'QUEUED' AND e.started_at IS NULL
				AND NOT EXISTS (SELECT FROM _nuvopipe.execution b
					WHERE b.tenant_id = e.tenant_id AND b.run_id = e.run_id AND b.started_at IS NOT NULL)
			LIMIT 1;
	END IF;
	RETURN reason;
END
$$;

-- Everything of a pipeline that waits or runs is to end.
CREATE OR REPLACE FUNCTION _nuvopipe.cancel_live(tenant_id uuid, pipeline_id uuid) RETURNS void
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	old record;
BEGIN
	FOR old IN
		SELECT e.id FROM _nuvopipe.execution e
			WHERE e.tenant_id = cancel_live.tenant_id AND e.pipeline_id = cancel_live.pipeline_id AND e.status IN ('QUEUED', 'RUNNING') AND NOT e.cancel_requested
			ORDER BY e.id
	LOOP
		PERFORM _nuvopipe.cancel_execution(tenant_id, old.id);
	END LOOP;
END
$$;

/*
 * Write down one instant.  False if it was decided before; only a backfill takes
 * one that did not run.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.note_planned(s _nuvopipe.schedule, planned_at timestamptz, outcome text, reason text, run_id uuid,
		is_backfill boolean, moment timestamptz) RETURNS boolean
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	INSERT INTO _nuvopipe.planned_run AS p (tenant_id, pipeline_id, planned_at, due_at, decided_at, run_id, outcome, reason, is_backfill,
			owner_id, owner_role)
		SELECT s.tenant_id, s.id, note_planned.planned_at,
				note_planned.planned_at + _nuvopipe.jitter_of(s.id, note_planned.planned_at, _nuvopipe.config_number(s.config, 'jitter', 0)),
				moment, note_planned.run_id, note_planned.outcome, note_planned.reason, note_planned.is_backfill, o.id, o.role
			FROM _nuvopipe.pipeline l JOIN _nuvopipe.owner o ON o.id = l.owner_id
			WHERE l.id = s.id
		ON CONFLICT (tenant_id, pipeline_id, planned_at) DO UPDATE SET run_id = excluded.run_id, outcome = excluded.outcome,
				reason = excluded.reason, decided_at = excluded.decided_at, is_backfill = true
			WHERE excluded.is_backfill AND p.until_at IS NULL AND p.outcome NOT IN ('WAITING', 'RAN');
	RETURN FOUND;
END
$$;

/*
 * Queue the run of one instant, unless it was decided before or the overlap
 * policy is against it.  What goes wrong with it is its outcome; what is wrong
 * with the server at the moment is thrown, and the instant stays undecided.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.start_planned(s _nuvopipe.schedule, planned_at timestamptz, overlap text, reason text, moment timestamptz,
		backfill_by uuid DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	run uuid := _nuvopipe.uuid_v7();
	against text := _nuvopipe.overlap_reason(s.tenant_id, s.id, overlap);
	message text;
	p record;
BEGIN
	IF against IS NOT NULL THEN
		RETURN CASE WHEN _nuvopipe.note_planned(s, planned_at, 'SKIPPED_OVERLAP', against, NULL, backfill_by IS NOT NULL, moment)
			THEN 'SKIPPED_OVERLAP' END;
	END IF;
	SELECT l.created_by, i.id AS input, o.id AS output, t.id AS tdm, i.node_type IN ('FTP', 'FILE') AS lists INTO p
		FROM _nuvopipe.pipeline l JOIN _nuvopipe.pipeline_configuration c ON c.id = l.configuration_id
			LEFT JOIN _nuvopipe.connector i ON i.id = c.input_connector_id
			LEFT JOIN _nuvopipe.connector o ON o.id = c.output_connector_id
			LEFT JOIN _nuvopipe.tdm t ON t.id = c.tdm_id
		WHERE l.id = s.id;
	IF num_nulls(p.input, p.output, p.tdm) > 0 THEN
		RAISE EXCEPTION 'connectors or target data model of the pipeline are not there yet' USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = 'A dump is being restored, perhaps.';
	END IF;
	BEGIN
		IF NOT _nuvopipe.note_planned(s, planned_at, 'WAITING', reason, run, backfill_by IS NOT NULL, moment) THEN
			RETURN NULL;
		END IF;
		IF overlap = 'CANCEL_OLD' THEN
			PERFORM _nuvopipe.cancel_live(s.tenant_id, s.id);
		END IF;
		PERFORM _nuvopipe.queue(s.id, run, 'SCHEDULED', false, p.lists, NULL, NULL, NULL, NULL,
			creator => coalesce(backfill_by, p.created_by), max_run_time => (s.config ->> 'max_run_time')::int);
		RETURN 'WAITING';
	EXCEPTION
		WHEN transaction_rollback OR insufficient_resources OR lock_not_available OR system_error THEN
			RAISE;
		WHEN OTHERS THEN
			message := format('%s (%s)', SQLERRM, SQLSTATE);
	END;
	RETURN CASE WHEN _nuvopipe.note_planned(s, planned_at, 'FAILED_TO_START', message, NULL, backfill_by IS NOT NULL, moment)
		THEN 'FAILED_TO_START' END;
END
$$;

/*
 * The rows before the newest thousand of those that were skipped one after
 * another become one.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.fold_skipped(s _nuvopipe.schedule) RETURNS void
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	first timestamptz;
	last timestamptz;
	earlier timestamptz;
	n bigint;
BEGIN
	WITH newest AS (
		SELECT p.planned_at, p.outcome, p.until_at, p.is_backfill, row_number() OVER (ORDER BY p.planned_at DESC) AS i
			FROM (SELECT * FROM _nuvopipe.planned_run r WHERE r.tenant_id = s.tenant_id AND r.pipeline_id = s.id
				ORDER BY r.planned_at DESC LIMIT s.skipped) p
	), gone AS (
		DELETE FROM _nuvopipe.planned_run p USING newest w
			WHERE p.tenant_id = s.tenant_id AND p.pipeline_id = s.id AND p.planned_at = w.planned_at
				AND w.i > 1000 AND w.outcome = s.skipped_outcome AND w.until_at IS NULL AND NOT w.is_backfill
			RETURNING p.planned_at
	)
	SELECT min(g.planned_at), max(g.planned_at), count(*) INTO first, last, n FROM gone g;
	IF n = 0 THEN
		RETURN;
	END IF;
	SELECT p.planned_at INTO earlier FROM _nuvopipe.planned_run p
		WHERE p.tenant_id = s.tenant_id AND p.pipeline_id = s.id AND p.planned_at < first
		ORDER BY p.planned_at DESC LIMIT 1;
	UPDATE _nuvopipe.planned_run p SET until_at = last, instants = p.instants + n
		WHERE p.tenant_id = s.tenant_id AND p.pipeline_id = s.id AND p.planned_at = earlier
			AND p.until_at IS NOT NULL AND p.outcome = s.skipped_outcome;
	IF NOT FOUND THEN
		PERFORM _nuvopipe.note_range(s, first, last, n, s.skipped_outcome, NULL, clock_timestamp());
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.note_range(s _nuvopipe.schedule, first timestamptz, last timestamptz, n bigint, outcome text, reason text,
		moment timestamptz) RETURNS void
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
	IF _nuvopipe.note_planned(s, first, outcome, reason, NULL, false, moment) AND n > 1 THEN
		UPDATE _nuvopipe.planned_run p SET until_at = last, instants = n
			WHERE p.tenant_id = s.tenant_id AND p.pipeline_id = s.id AND p.planned_at = first;
	END IF;
END
$$;

-- Count n rows more of an outcome, if it is one of those that can be folded; what lies too far back is.
CREATE OR REPLACE FUNCTION _nuvopipe.count_skipped(s _nuvopipe.schedule, outcome text, n int) RETURNS _nuvopipe.schedule
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF outcome IS NULL THEN
		RETURN s;
	ELSIF outcome NOT LIKE 'SKIPPED%' THEN
		s.skipped := 0;
		RETURN s;
	END IF;
	s.skipped := CASE WHEN s.skipped_outcome = outcome THEN s.skipped ELSE 0 END + n;
	s.skipped_outcome := outcome;
	IF s.skipped >= 2000 THEN
		PERFORM _nuvopipe.fold_skipped(s);
		s.skipped := 1000;
	END IF;
	RETURN s;
END
$$;

/*
 * All instants that are not decided, up to and including until, are skipped.
 * However many they are, no more than a thousand rows are written, and one for
 * the rest.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.skip_instants(s _nuvopipe.schedule, dates date[], weekdays int[], until timestamptz, outcome text,
		reason text, moment timestamptz) RETURNS _nuvopipe.schedule
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	total bigint;
	latest timestamptz[];
	planned timestamptz;
BEGIN
	IF s.next_at IS NULL OR s.next_at > until THEN
		RETURN s;
	END IF;
	SELECT t.total, ARRAY(SELECT l FROM unnest(t.latest) l ORDER BY l) INTO total, latest
		FROM _nuvopipe.schedule_tally(s.config, s.anchor, dates, weekdays, s.settled_at, until, 1001) t;
	IF total = 0 THEN
		RETURN s;
	END IF;
	IF total > 1000 THEN
		-- the oldest of the 1,001 ends the range
		PERFORM _nuvopipe.note_range(s, i.planned_at, latest[1], total - 1000, outcome, reason, moment)
			FROM _nuvopipe.schedule_instants(s.config, s.anchor, dates, weekdays, s.settled_at, until, 1) i;
		latest := latest[2:];
		s.skipped := 0;
	END IF;
	FOREACH planned IN ARRAY latest LOOP
		PERFORM _nuvopipe.note_planned(s, planned, outcome, reason, NULL, false, moment);
	END LOOP;
	s.settled_at := planned;
	RETURN _nuvopipe.count_skipped(s, outcome, cardinality(latest));
END
$$;

-- An execution was canceled: if it was the last that its run waited for, and none had begun, the instant did not run.
CREATE OR REPLACE FUNCTION _nuvopipe.planned_canceled(tenant_id uuid, execution_id uuid, message text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	run uuid;
BEGIN
	SELECT e.run_id INTO run FROM _nuvopipe.execution e
		WHERE e.tenant_id = planned_canceled.tenant_id AND e.id = planned_canceled.execution_id AND e.trigger_type = 'SCHEDULED';
	IF FOUND THEN
		UPDATE _nuvopipe.planned_run p SET outcome = 'CANCELED', reason = planned_canceled.message
			WHERE p.tenant_id = planned_canceled.tenant_id AND p.run_id = run AND p.outcome = 'WAITING'
				AND NOT EXISTS (SELECT FROM _nuvopipe.execution e WHERE e.tenant_id = planned_canceled.tenant_id AND e.run_id = run
					AND e.status IN ('QUEUED', 'RUNNING'));
	END IF;
END
$$;

CREATE OR REPLACE VIEW nuvopipe.planned_runs WITH (security_barrier) AS
	SELECT p.pipeline_id AS pipeline, l.name AS pipeline_name, p.planned_at, p.until_at, p.instants, p.due_at, p.decided_at, p.started_at,
			p.started_at - p.due_at AS lag, p.outcome, p.reason, p.is_backfill, p.run_id AS run
		FROM _nuvopipe.planned_run p LEFT JOIN _nuvopipe.pipeline l ON l.id = p.pipeline_id
		WHERE p.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('read', 'execution', p.owner_id, p.owner_role);
COMMENT ON VIEW nuvopipe.planned_runs IS 'Every instant that the schedules of the caller''s pipelines planned, and what became of it; also of pipelines deleted since.';
COMMENT ON COLUMN nuvopipe.planned_runs.pipeline_name IS 'Null once the pipeline is deleted.';
COMMENT ON COLUMN nuvopipe.planned_runs.planned_at IS 'When the schedule wanted a run; the first of them in a row that stands for many.';
COMMENT ON COLUMN nuvopipe.planned_runs.until_at IS 'The last of them in a row that stands for many: of those skipped one after another, the newest thousand have rows of their own.';
COMMENT ON COLUMN nuvopipe.planned_runs.instants IS 'How many instants this row stands for.';
COMMENT ON COLUMN nuvopipe.planned_runs.due_at IS 'planned_at and its share of the jitter.';
COMMENT ON COLUMN nuvopipe.planned_runs.decided_at IS 'When the run was queued, or the instant skipped.';
COMMENT ON COLUMN nuvopipe.planned_runs.started_at IS 'When the first execution of the run began.';
COMMENT ON COLUMN nuvopipe.planned_runs.lag IS 'From due_at to started_at.';
COMMENT ON COLUMN nuvopipe.planned_runs.outcome IS 'WAITING (queued, not begun), RAN (begun; how it ended is told by nuvopipe.executions), SKIPPED_OVERLAP, SKIPPED_DOWN (nobody looked in time), SKIPPED_PAUSED, FAILED_TO_START, CANCELED (before it began).';
COMMENT ON COLUMN nuvopipe.planned_runs.run IS 'As in nuvopipe.executions.';
