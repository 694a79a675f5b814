
/*
 * Schedules: in step with the pipelines they belong to, fired when they are due.
 *
 * Whatever needs to know the time is told: the same code runs by the clock of the
 * server and, in tests, by any other.  When instants are is the business of
 * recurrence.sql; what is written down about them, of planned.sql.
 *
 * Locks: pipeline, then its schedule.  Whoever fires takes the schedule alone, and
 * passes over those that are locked.
 */

-- on whose clocks a schedule runs
CREATE OR REPLACE FUNCTION _nuvopipe.schedule_zone(config jsonb) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(config ->> 'time_zone', 'UTC');
END;

CREATE OR REPLACE FUNCTION _nuvopipe.schedule_state(s _nuvopipe.schedule) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN NOT s.is_active THEN 'INACTIVE' WHEN s.paused_at IS NOT NULL THEN 'PAUSED' WHEN s.fault IS NOT NULL THEN 'FAULTY'
		WHEN s.next_at IS NULL THEN 'ENDED' ELSE 'ACTIVE' END;
END;

-- What the recurrence is made of; a schedule that keeps it keeps its steps.
CREATE OR REPLACE FUNCTION _nuvopipe.recurrence_of(config jsonb) RETURNS jsonb
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_strip_nulls(jsonb_build_object('frequency', config -> 'frequency', 'interval', config -> 'interval', 'cron', config -> 'cron',
		'starts_on', config -> 'starts_on', 'last_day', config -> 'last_day', 'time_zone', config -> 'time_zone'));
END;

-- Look for the next instant, and when to look at it.
CREATE OR REPLACE FUNCTION _nuvopipe.plan_next(s _nuvopipe.schedule) RETURNS _nuvopipe.schedule
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	days record;
BEGIN
	s.next_at := NULL;
	s.due_at := NULL;
	IF s.is_active THEN
		days := _nuvopipe.excluded_days(s.calendars);
		SELECT i.planned_at, i.planned_at + _nuvopipe.jitter_of(s.id, i.planned_at, _nuvopipe.config_number(s.config, 'jitter', 0))
			INTO s.next_at, s.due_at
			FROM _nuvopipe.schedule_instants(s.config, s.anchor, days.dates, days.weekdays, s.settled_at, 'infinity', 1) i;
	END IF;
	RETURN s;
END
$$;

-- Write the living part of a schedule.
CREATE OR REPLACE FUNCTION _nuvopipe.store_schedule(s _nuvopipe.schedule) RETURNS void
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	UPDATE _nuvopipe.schedule x SET settled_at = s.settled_at, next_at = s.next_at, due_at = s.due_at, skipped = s.skipped,
			skipped_outcome = s.skipped_outcome, fault = s.fault
		WHERE x.id = s.id;
END
$$;

-- ---- firing

/*
 * Instants before overdue were missed.  NONE: skipped; ONE: the newest is made
 * up; ALL: the newest missed_limit are, one after another, whatever the overlap
 * policy, for that would leave one of them.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.make_up(s _nuvopipe.schedule, dates date[], weekdays int[], overdue timestamptz, moment timestamptz,
		budget int, OUT after _nuvopipe.schedule, OUT spent int)
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	missed constant text := coalesce(s.config ->> 'missed', 'ONE');
	overlap constant text := CASE WHEN missed = 'ALL' THEN 'QUEUE_ALL' ELSE coalesce(s.config ->> 'overlap', 'QUEUE_ONE') END;
	last constant timestamptz := overdue - interval '1 microsecond';
	keep constant int := CASE missed WHEN 'NONE' THEN 0 WHEN 'ONE' THEN 1 ELSE _nuvopipe.config_number(s.config, 'missed_limit', 100) END;
	kept timestamptz[] := '{}';
	planned timestamptz;
	outcome text;
BEGIN
	spent := 0;
	IF keep > 0 THEN
		SELECT ARRAY(SELECT l FROM unnest(t.latest) l ORDER BY l) INTO kept
			FROM _nuvopipe.schedule_tally(s.config, s.anchor, dates, weekdays, s.settled_at, last, keep) t;
	END IF;
	s := _nuvopipe.skip_instants(s, dates, weekdays, coalesce(kept[1] - interval '1 microsecond', last), 'SKIPPED_DOWN',
		format('missed: nobody looked at it before %s', date_trunc('second', moment)), moment);
	FOREACH planned IN ARRAY kept LOOP
		EXIT WHEN spent >= budget;
		outcome := _nuvopipe.start_planned(s, planned, overlap, 'made up: it was missed', moment);
		s := _nuvopipe.count_skipped(s, outcome, 1);
		s.settled_at := planned;
		spent := spent + 1;
	END LOOP;
	after := s;
END
$$;

/*
 * Decide what is due of one schedule, whose row is locked.  At most budget
 * instants are started; if there are more, the schedule stays due.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.fire_schedule(s _nuvopipe.schedule, moment timestamptz, budget int) RETURNS int
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	jitter constant numeric := _nuvopipe.config_number(s.config, 'jitter', 0);
	overdue constant timestamptz := moment - (jitter + _nuvopipe.config_number(s.config, 'grace', 60))::float8 * interval '1 second';
	overlap constant text := coalesce(s.config ->> 'overlap', 'QUEUE_ONE');
	days record;
	made_up record;
	instants timestamptz[];
	planned timestamptz;
	due timestamptz;
	spent int := 0;
	n int := 2;
BEGIN
	days := _nuvopipe.excluded_days(s.calendars);
	IF s.paused_at IS NOT NULL THEN
		s := _nuvopipe.skip_instants(s, days.dates, days.weekdays, moment, 'SKIPPED_PAUSED', s.paused_reason, moment);
	ELSIF s.next_at < overdue THEN
		made_up := _nuvopipe.make_up(s, days.dates, days.weekdays, overdue, moment, budget);
		s := made_up.after;
		spent := made_up.spent;
	END IF;
	s.next_at := NULL;
	s.due_at := NULL;
	s.fault := NULL;
	WHILE s.next_at IS NULL LOOP
		SELECT array_agg(i.planned_at ORDER BY i.planned_at) INTO instants
			FROM _nuvopipe.schedule_instants(s.config, s.anchor, days.dates, days.weekdays, s.settled_at, 'infinity', n) i;
		EXIT WHEN instants IS NULL;
		FOREACH planned IN ARRAY instants LOOP
			due := CASE WHEN jitter > 0 THEN planned + _nuvopipe.jitter_of(s.id, planned, jitter) ELSE planned END;
			IF due > moment OR spent >= budget THEN
				s.next_at := planned;
				s.due_at := due;
				EXIT;
			END IF;
			s := _nuvopipe.count_skipped(s, _nuvopipe.start_planned(s, planned, overlap, NULL, moment), 1);
			s.settled_at := planned;
			spent := spent + 1;
		END LOOP;
		n := least(2 * n, 256);
	END LOOP;
	PERFORM _nuvopipe.store_schedule(s);
	IF s.next_at IS NULL THEN
		PERFORM _nuvopipe.sync_job(s.id);
	END IF;
	RETURN spent;
END
$$;

/*
 * A schedule that cannot be looked at, or not now, is left for a while, and does
 * not keep the others from being fired.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.fire_guarded(s _nuvopipe.schedule, moment timestamptz, budget int) RETURNS int
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	pause interval := '1 minute';
BEGIN
	RETURN _nuvopipe.fire_schedule(s, moment, budget);
EXCEPTION
	WHEN transaction_rollback OR lock_not_available THEN
		pause := '1 second';
		UPDATE _nuvopipe.schedule x SET due_at = greatest(x.due_at, moment + pause), fault = SQLERRM WHERE x.id = s.id;
		RETURN 0;
	WHEN insufficient_resources OR system_error OR object_not_in_prerequisite_state THEN
		UPDATE _nuvopipe.schedule x SET due_at = greatest(x.due_at, moment + pause), fault = SQLERRM WHERE x.id = s.id;
		RETURN 0;
	WHEN OTHERS THEN
		PERFORM _nuvopipe.note_planned(s, s.next_at, 'FAILED_TO_START', format('%s (%s)', SQLERRM, SQLSTATE), NULL, false, moment);
		UPDATE _nuvopipe.schedule x SET due_at = greatest(x.due_at, moment + pause), fault = SQLERRM WHERE x.id = s.id;
		RETURN 0;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.fire(moment timestamptz DEFAULT clock_timestamp(), pipeline uuid DEFAULT NULL, portion int DEFAULT 100) RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	due uuid[];
	object_id uuid;
	s _nuvopipe.schedule;
	budget int := 100;	-- instants
	fired int := 0;
BEGIN
	-- not known to the server before the library is loaded
	IF NOT coalesce(current_setting('nuvopipe.schedules', true), 'on')::boolean THEN
		RETURN 0;
	END IF;
	IF pipeline IS NULL THEN
		due := ARRAY(SELECT d.id FROM (SELECT x.id FROM _nuvopipe.schedule x WHERE x.due_at <= moment
			ORDER BY x.due_at LIMIT portion FOR UPDATE SKIP LOCKED) d);
	ELSE
		due := ARRAY(SELECT d.id FROM (SELECT x.id FROM _nuvopipe.schedule x WHERE x.id = pipeline FOR UPDATE SKIP LOCKED) d);
	END IF;
	FOREACH object_id IN ARRAY due LOOP
		EXIT WHEN budget <= 0;
		SELECT x.* INTO s FROM _nuvopipe.schedule x WHERE x.id = object_id AND x.due_at <= moment;
		CONTINUE WHEN NOT FOUND;
		budget := budget - _nuvopipe.fire_guarded(s, moment, budget);
		fired := fired + 1;
	END LOOP;
	RETURN fired;
END
$$;
COMMENT ON FUNCTION _nuvopipe.fire(timestamptz, uuid, int) IS
	'Decides instants of schedules that are due at a moment, a portion of them in each transaction; returns how many schedules it looked at, 0 if none was left.';

-- All that is due of one schedule, whose row is locked by us: before it is changed, what it planned is settled.
CREATE OR REPLACE FUNCTION _nuvopipe.settle_schedule(schedule_id uuid, moment timestamptz) RETURNS void
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	WHILE _nuvopipe.fire(moment, schedule_id) > 0 LOOP
		NULL;
	END LOOP;
END
$$;

-- Before and after the days of a calendar change.
CREATE OR REPLACE FUNCTION _nuvopipe.settle_schedules(calendar_id uuid) RETURNS void
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	s record;
BEGIN
	FOR s IN SELECT x.id FROM _nuvopipe.schedule x WHERE x.calendars @> ARRAY[calendar_id] AND x.calendars <> '{}' ORDER BY x.id FOR UPDATE LOOP
		PERFORM _nuvopipe.settle_schedule(s.id, clock_timestamp());
	END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.plan_schedules(calendar_id uuid) RETURNS void
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	s _nuvopipe.schedule;
	moment timestamptz := clock_timestamp();
BEGIN
	FOR s IN SELECT x.* FROM _nuvopipe.schedule x WHERE x.calendars @> ARRAY[calendar_id] AND x.calendars <> '{}' ORDER BY x.id FOR UPDATE LOOP
		-- what the old days left out stays out
		IF s.next_at IS NULL OR s.next_at > moment THEN
			s.settled_at := greatest(s.settled_at, moment);
		END IF;
		PERFORM _nuvopipe.store_schedule(_nuvopipe.plan_next(s));
		UPDATE _nuvopipe.schedule x SET covered_at = NULL WHERE x.id = s.id;
		PERFORM _nuvopipe.sync_job(s.id);
	END LOOP;
	PERFORM _nuvopipe.wake();
END
$$;

/*
 * What the keeper repairs now and then.  Runs whose beginning was not noted, for
 * their executions came into a restored database before their instants did; and,
 * when it starts, next instants, for a new version of the zones may have moved
 * them.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.repair_schedules(at_start boolean) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	s _nuvopipe.schedule;
	planned _nuvopipe.schedule;
BEGIN
	UPDATE _nuvopipe.planned_run p SET outcome = CASE WHEN x.started_at IS NULL THEN 'CANCELED' ELSE 'RAN' END, started_at = x.started_at
		FROM (SELECT r.tenant_id, r.pipeline_id, r.planned_at, e.started_at
			FROM _nuvopipe.planned_run r
				CROSS JOIN LATERAL (SELECT min(b.started_at) AS started_at, count(*) FILTER (WHERE b.status IN ('QUEUED', 'RUNNING')) AS live
					FROM _nuvopipe.execution b WHERE b.tenant_id = r.tenant_id AND b.run_id = r.run_id) e
			WHERE r.outcome = 'WAITING' AND (e.started_at IS NOT NULL OR e.live = 0)) x
		WHERE p.tenant_id = x.tenant_id AND p.pipeline_id = x.pipeline_id AND p.planned_at = x.planned_at AND p.outcome = 'WAITING';
	IF NOT at_start THEN
		RETURN;
	END IF;
	FOR s IN SELECT x.* FROM _nuvopipe.schedule x WHERE x.is_active AND x.fault IS NULL FOR UPDATE SKIP LOCKED LOOP
		BEGIN
			planned := _nuvopipe.plan_next(s);
			IF planned.next_at IS DISTINCT FROM s.next_at THEN
				PERFORM _nuvopipe.store_schedule(planned);
			END IF;
		EXCEPTION WHEN data_exception THEN
			NULL;	-- noted when it is due
		END;
	END LOOP;
END
$$;

-- ---- in step with the pipeline

/*
 * Give a pipeline the schedule that its current configuration wants, in the
 * transaction that changed it.  What the old one had planned up to now is
 * settled first; the new one begins now.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.sync_schedule(pipeline_id uuid, moment timestamptz DEFAULT clock_timestamp()) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	wanted record;
	was _nuvopipe.schedule;
	s _nuvopipe.schedule;
	starts timestamptz;
BEGIN
	SELECT p.tenant_id, p.status = 'ACTIVE' AS is_active, c.schedule_config AS config INTO wanted
		FROM _nuvopipe.pipeline p JOIN _nuvopipe.pipeline_configuration c ON c.id = p.configuration_id
		WHERE p.id = pipeline_id;
	SELECT x.* INTO was FROM _nuvopipe.schedule x WHERE x.id = pipeline_id FOR UPDATE;
	IF was.config IS NOT DISTINCT FROM wanted.config AND was.is_active IS NOT DISTINCT FROM wanted.is_active
			OR num_nulls(was.id, wanted.config) = 2 THEN
		IF was.id IS NOT NULL THEN
			PERFORM _nuvopipe.sync_job(pipeline_id);	-- the pipeline may have another name
		END IF;
		RETURN;
	END IF;
	IF was.id IS NOT NULL THEN
		PERFORM _nuvopipe.settle_schedule(pipeline_id, moment);
		IF wanted.config IS NULL THEN
			DELETE FROM _nuvopipe.schedule x WHERE x.id = pipeline_id;
			PERFORM _nuvopipe.sync_job(pipeline_id);
			RETURN;
		END IF;
		SELECT x.* INTO s FROM _nuvopipe.schedule x WHERE x.id = pipeline_id;
	END IF;
	s.id := pipeline_id;
	s.tenant_id := wanted.tenant_id;
	s.config := wanted.config;
	s.calendars := ARRAY(SELECT c::uuid FROM jsonb_array_elements_text(CASE jsonb_typeof(wanted.config -> 'calendars')
		WHEN 'array' THEN wanted.config -> 'calendars' ELSE '[]' END) c);
	s.is_active := wanted.is_active;
	s.settled_at := moment;
	s.skipped := 0;
	s.fault := NULL;
	IF was.id IS NULL OR _nuvopipe.recurrence_of(was.config) <> _nuvopipe.recurrence_of(s.config) THEN
		s.anchor := date_trunc('second', moment);
		-- a first run that was wanted just now, while this was on its way
		starts := _nuvopipe.check_time(s.config -> 'starts_on', 'schedule.starts_on');
		IF starts BETWEEN moment - interval '1 minute' AND moment AND starts IS DISTINCT FROM _nuvopipe.check_time(was.config -> 'starts_on', '') THEN
			s.settled_at := starts - interval '1 microsecond';
		END IF;
	END IF;
	s := _nuvopipe.plan_next(s);
	INSERT INTO _nuvopipe.schedule AS x SELECT s.*
		ON CONFLICT (id) DO UPDATE SET config = excluded.config, calendars = excluded.calendars, anchor = excluded.anchor,
			is_active = excluded.is_active, settled_at = excluded.settled_at, next_at = excluded.next_at, due_at = excluded.due_at,
			skipped = excluded.skipped, fault = excluded.fault, covered_at = NULL;
	PERFORM _nuvopipe.sync_job(pipeline_id);
	PERFORM _nuvopipe.wake();
END
$$;

-- The pipeline is deleted: what it had planned and nobody started will not run.
CREATE OR REPLACE FUNCTION _nuvopipe.drop_schedule(pipeline_id uuid) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	s _nuvopipe.schedule;
	days record;
BEGIN
	SELECT x.* INTO s FROM _nuvopipe.schedule x WHERE x.id = pipeline_id FOR UPDATE;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	days := _nuvopipe.excluded_days(s.calendars);
	PERFORM _nuvopipe.skip_instants(s, days.dates, days.weekdays, clock_timestamp(), 'CANCELED', 'the pipeline was deleted', clock_timestamp());
	DELETE FROM _nuvopipe.schedule x WHERE x.id = pipeline_id;
	PERFORM _nuvopipe.sync_job(pipeline_id);
END
$$;

-- ---- for DBAs

-- The schedule of a pipeline on which the caller may do verb; locked, what is due settled.
CREATE OR REPLACE FUNCTION _nuvopipe.take_schedule(pipeline text, moment timestamptz) RETURNS _nuvopipe.schedule
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	object_id uuid := _nuvopipe.find('pipeline', pipeline, 'write');
	s _nuvopipe.schedule;
BEGIN
	PERFORM FROM _nuvopipe.schedule x WHERE x.id = object_id FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'pipeline "%" has no schedule', pipeline USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = 'Give it one with nuvopipe.update_pipeline(pipeline, schedule => ...).';
	END IF;
	PERFORM _nuvopipe.settle_schedule(object_id, moment);
	SELECT x.* INTO s FROM _nuvopipe.schedule x WHERE x.id = object_id;
	RETURN s;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.pause_schedule(pipeline text, reason text DEFAULT NULL) RETURNS boolean
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	moment timestamptz := clock_timestamp();
	me uuid := _nuvopipe.me();
	s _nuvopipe.schedule := _nuvopipe.take_schedule(pipeline, moment);
BEGIN
	UPDATE _nuvopipe.schedule x SET paused_at = coalesce(x.paused_at, moment), paused_by = me, paused_reason = nullif(reason, '')
		WHERE x.id = s.id;
	IF s.paused_at IS NULL THEN
		PERFORM _nuvopipe.sync_job(s.id);
		PERFORM _nuvopipe.tell_schedule(s.id, 'paused');
	END IF;
	RETURN s.paused_at IS NULL;
END
$$;
COMMENT ON FUNCTION nuvopipe.pause_schedule IS
'Pauses the schedule of a pipeline: what it plans is not run until nuvopipe.resume_schedule, and each instant is noted as SKIPPED_PAUSED. What waits or runs goes on.
pipeline: name or id. reason: shown in nuvopipe.schedules and nuvopipe.planned_runs.
Returns false if it was paused before; the reason is replaced.
Errors: 42704 if there is no such pipeline, 42501 if it is not the caller''s, 55000 if it has no schedule.';

CREATE OR REPLACE FUNCTION nuvopipe.resume_schedule(pipeline text) RETURNS boolean
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	moment timestamptz := clock_timestamp();
	me uuid := _nuvopipe.me();
	s _nuvopipe.schedule := _nuvopipe.take_schedule(pipeline, moment);
	was_paused boolean := s.paused_at IS NOT NULL;
BEGIN
	UPDATE _nuvopipe.schedule x SET paused_at = NULL, paused_by = NULL, paused_reason = NULL WHERE x.id = s.id;
	-- a clock that was ahead for a while has used up the time until then
	IF s.settled_at > moment THEN
		DELETE FROM _nuvopipe.planned_run p
			WHERE p.tenant_id = s.tenant_id AND p.pipeline_id = s.id AND p.planned_at > moment AND p.run_id IS NULL;
		s.settled_at := moment;
		PERFORM _nuvopipe.store_schedule(_nuvopipe.plan_next(s));
	END IF;
	PERFORM _nuvopipe.sync_job(s.id);
	IF was_paused THEN
		PERFORM _nuvopipe.tell_schedule(s.id, 'resumed');
	END IF;
	PERFORM _nuvopipe.wake();
	RETURN was_paused;
END
$$;
COMMENT ON FUNCTION nuvopipe.resume_schedule IS
'Ends the pause of a schedule: instants from now on are run again, those of the pause are not made up (nuvopipe.backfill can). After a clock that was wrong and lay ahead, it also takes the schedule back to the present.
pipeline: name or id.
Returns false if it was not paused.
Errors: as pause_schedule.';

CREATE OR REPLACE FUNCTION _nuvopipe.tell_schedule(pipeline_id uuid, change text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.tell_pipeline(p.tenant_id, p.id, p.owner_id, change) FROM _nuvopipe.pipeline p WHERE p.id = tell_schedule.pipeline_id;
END
$$;

-- An instant that lies in a row that stands for many gets out of it.
CREATE OR REPLACE FUNCTION _nuvopipe.take_from_range(s _nuvopipe.schedule, planned_at timestamptz, dates date[], weekdays int[]) RETURNS void
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	r _nuvopipe.planned_run;
	first timestamptz;
BEGIN
	SELECT p.* INTO r FROM _nuvopipe.planned_run p
		WHERE p.tenant_id = s.tenant_id AND p.pipeline_id = s.id AND p.until_at >= planned_at AND p.planned_at <= planned_at;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	first := r.planned_at;
	IF first = planned_at AND r.instants > 1 THEN
		SELECT i.planned_at INTO first
			FROM _nuvopipe.schedule_instants(s.config, s.anchor, dates, weekdays, planned_at, r.until_at, 1) i;
		first := coalesce(first, r.until_at);
	END IF;
	IF r.instants = 1 THEN
		DELETE FROM _nuvopipe.planned_run p
			WHERE p.tenant_id = s.tenant_id AND p.pipeline_id = s.id AND p.planned_at = r.planned_at;
	ELSE
		UPDATE _nuvopipe.planned_run p SET planned_at = first, until_at = nullif(r.until_at, first),
				instants = CASE WHEN first = r.until_at THEN 1 ELSE r.instants - 1 END
			WHERE p.tenant_id = s.tenant_id AND p.pipeline_id = s.id AND p.planned_at = r.planned_at;
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.backfill(pipeline text, from_time timestamptz, to_time timestamptz DEFAULT now(), max_runs int DEFAULT 100)
	RETURNS TABLE (planned_at timestamptz, outcome text, run uuid)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	moment timestamptz := clock_timestamp();
	me uuid := _nuvopipe.me();
	s _nuvopipe.schedule;
	days record;
	wanted timestamptz[];
	instant timestamptz;
	before constant timestamptz := from_time - interval '1 microsecond';
	last timestamptz := to_time - interval '1 microsecond';
BEGIN
	PERFORM _nuvopipe.require_right('create', 'execution');
	IF from_time IS NULL OR to_time IS NULL OR from_time >= to_time OR NOT isfinite(from_time) THEN
		RAISE EXCEPTION 'from_time must lie before to_time' USING ERRCODE = 'invalid_parameter_value';
	ELSIF max_runs IS NULL OR max_runs NOT BETWEEN 1 AND 10000 THEN
		RAISE EXCEPTION 'max_runs must be from 1 to 10000' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	s := _nuvopipe.take_schedule(pipeline, moment);
	-- the rest is the schedule's own affair
	last := least(last, moment, s.next_at - interval '1 microsecond');
	days := _nuvopipe.excluded_days(s.calendars);
	SELECT array_agg(i.planned_at ORDER BY i.planned_at) INTO wanted
		FROM _nuvopipe.schedule_instants(s.config, s.anchor, days.dates, days.weekdays, before, last,
			(max_runs + 1 + (SELECT count(*) FROM _nuvopipe.planned_run p WHERE p.tenant_id = s.tenant_id AND p.pipeline_id = s.id
				AND p.planned_at BETWEEN from_time AND last AND p.outcome IN ('WAITING', 'RAN')))::int) i
		WHERE NOT EXISTS (SELECT FROM _nuvopipe.planned_run p WHERE p.tenant_id = s.tenant_id AND p.pipeline_id = s.id
			AND p.planned_at = i.planned_at AND p.outcome IN ('WAITING', 'RAN'));
	IF cardinality(wanted) > max_runs THEN
		RAISE EXCEPTION 'more than % instants of that time did not run', max_runs USING ERRCODE = 'program_limit_exceeded',
			HINT = 'Take a shorter time, or raise max_runs (up to 10000).';
	ELSIF wanted IS NULL THEN
		RAISE NOTICE 'there is no instant of that time that did not run'
			USING HINT = 'nuvopipe.next_runs(pipeline, 10, from_time) shows what the schedule plans; without starts_on nothing is planned before it was set.';
		RETURN;
	END IF;
	FOREACH instant IN ARRAY wanted LOOP
		PERFORM _nuvopipe.take_from_range(s, instant, days.dates, days.weekdays);
		planned_at := instant;
		outcome := _nuvopipe.start_planned(s, instant, 'QUEUE_ALL', 'backfill', moment, me);
		SELECT p.run_id INTO run FROM _nuvopipe.planned_run p
			WHERE p.tenant_id = s.tenant_id AND p.pipeline_id = s.id AND p.planned_at = instant;
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nuvopipe.backfill IS
'Queues the runs of instants that lie in the past and did not run: skipped, canceled, failed to start, or from before the schedule was set. They run one after another, in order, also while the schedule is paused.
pipeline: name or id; its current schedule tells the instants. from_time, to_time: the first is included, the last not; what has yet to come is left to the schedule. max_runs: an error, instead of more runs than that; up to 10000.
Returns one row for each: its instant, WAITING (or FAILED_TO_START) and its run. Once more is harmless: what has run, or waits, is left out.
Errors: 22023 for a wrong argument, 54000 for more than max_runs, 42704, 42501 and 55000 as pause_schedule.';

CREATE OR REPLACE FUNCTION nuvopipe.fire_due(pipeline uuid DEFAULT NULL) RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
	IF NOT _nuvopipe.is_admin() THEN
		IF pipeline IS NULL THEN
			RAISE EXCEPTION 'must be a member of nuvopipe_admin to fire all schedules' USING ERRCODE = 'insufficient_privilege',
				HINT = 'Give the id of a pipeline of your own.';
		END IF;
		PERFORM _nuvopipe.find('pipeline', pipeline::text, 'write');
	END IF;
	RETURN _nuvopipe.fire(clock_timestamp(), pipeline);
END
$$;
COMMENT ON FUNCTION nuvopipe.fire_due IS
'Looks at schedules and queues what is due. Only jobs of pg_cron, and databases without workers, need it: workers do the same by themselves, and whoever is second finds nothing left.
pipeline: id of the one to look at; null: all, for members of nuvopipe_admin.
Returns how many schedules were due; at most 100, so call it again until it returns 0.
Errors: 42501 for the pipelines of others.';
