/*
 * What schedules plan and how punctual they are: next_runs and the views.  Nothing
 * here changes a schedule.
 */

-- A schedule by the name or id of its pipeline, or as JSON.
CREATE OR REPLACE FUNCTION _nuvopipe.read_schedule(schedule text, moment timestamptz) RETURNS _nuvopipe.schedule
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	s _nuvopipe.schedule;
	object_id uuid;
BEGIN
	IF ltrim(schedule, E' \t\r\n') LIKE '{%' THEN
		BEGIN
			s.config := schedule::jsonb;
		EXCEPTION WHEN invalid_text_representation THEN
			RAISE EXCEPTION 'schedule: is not valid JSON' USING ERRCODE = 'invalid_parameter_value', DETAIL = SQLERRM;
		END;
		PERFORM _nuvopipe.check_schedule(s.config);
		s.config := _nuvopipe.use_calendars(s.config);
		s.anchor := date_trunc('second', moment);
	ELSE
		object_id := _nuvopipe.find('pipeline', schedule);
		SELECT x.* INTO s FROM _nuvopipe.schedule x WHERE x.id = object_id;
		IF NOT FOUND THEN
			RAISE EXCEPTION 'pipeline "%" has no schedule', schedule USING ERRCODE = 'object_not_in_prerequisite_state';
		END IF;
	END IF;
	s.calendars := ARRAY(SELECT c::uuid FROM jsonb_array_elements_text(CASE jsonb_typeof(s.config -> 'calendars')
		WHEN 'array' THEN s.config -> 'calendars' ELSE '[]' END) c);
	RETURN s;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.next_runs(schedule text, n int DEFAULT 10, after timestamptz DEFAULT now())
	RETURNS TABLE (planned_at timestamptz, local_time timestamp, time_zone text, note text)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 10
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	s _nuvopipe.schedule;
	days record;
BEGIN
	IF n IS NULL OR n NOT BETWEEN 1 AND 10000 THEN
		RAISE EXCEPTION 'n must be from 1 to 10000' USING ERRCODE = 'invalid_parameter_value';
	ELSIF after IS NULL THEN
		RAISE EXCEPTION 'after must not be null' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	PERFORM _nuvopipe.require_right('read', 'pipeline');
	s := _nuvopipe.read_schedule(schedule, clock_timestamp());
	days := _nuvopipe.excluded_days(s.calendars);
	RETURN QUERY SELECT i.planned_at, i.local_time, _nuvopipe.schedule_zone(s.config), i.note
		FROM _nuvopipe.schedule_instants(s.config, s.anchor, days.dates, days.weekdays, after, 'infinity', n) i
		ORDER BY i.planned_at;
END
$$;
COMMENT ON FUNCTION nuvopipe.next_runs IS
'Shows the next instants that a schedule plans, pauses left out of account.
schedule: name or id of a pipeline, or a schedule as JSON text, which begins with "{". n: how many, up to 10000. after: instants after this.
Returns planned_at; local_time and time_zone: the same on the clocks of the schedule; note: GAP (the local time did not exist, this is the first after it), OVERLAP (the local time came twice, this is the first), CLIPPED (the month has no such day, this is its last), else null.
Errors: 22023 with the JSON path, 42704 if there is no such pipeline, 55000 if it has no schedule.';

CREATE OR REPLACE VIEW nuvopipe.schedules WITH (security_barrier) AS
	SELECT s.id AS pipeline, p.name AS pipeline_name, s.config AS schedule_config,
			_nuvopipe.schedule_zone(s.config) AS time_zone,
			_nuvopipe.schedule_state(s) AS state,
			s.fault, s.next_at, s.due_at, s.next_at AT TIME ZONE _nuvopipe.schedule_zone(s.config) AS next_local_time,
			coalesce(s.config ->> 'overlap', 'QUEUE_ONE') AS overlap, coalesce(s.config ->> 'missed', 'ONE') AS missed,
			_nuvopipe.config_number(s.config, 'grace', 60) AS grace, _nuvopipe.config_number(s.config, 'jitter', 0) AS jitter,
			(s.config ->> 'max_run_time')::numeric AS max_run_time,
			s.anchor, s.settled_at, s.paused_at, s.paused_by, s.paused_reason,
			CASE WHEN s.next_at IS NOT NULL AND s.paused_at IS NULL THEN s.cover END AS job_schedule, o.name AS owner
		FROM _nuvopipe.schedule s
			JOIN _nuvopipe.pipeline p ON p.id = s.id
			JOIN _nuvopipe.owner o ON o.id = p.owner_id
		WHERE s.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('read', 'pipeline', p.owner_id, o.role);
COMMENT ON VIEW nuvopipe.schedules IS 'The schedules of the caller''s pipelines.';
COMMENT ON COLUMN nuvopipe.schedules.schedule_config IS 'As it was given; calendars are ids.';
COMMENT ON COLUMN nuvopipe.schedules.state IS 'ACTIVE; PAUSED by nuvopipe.pause_schedule; INACTIVE as its pipeline; ENDED: nothing more will come; FAULTY: it could not be looked at, see fault.';
COMMENT ON COLUMN nuvopipe.schedules.next_at IS 'The next instant it plans.';
COMMENT ON COLUMN nuvopipe.schedules.due_at IS 'When that is looked at: with its share of the jitter.';
COMMENT ON COLUMN nuvopipe.schedules.next_local_time IS 'The next instant on the clocks of time_zone.';
COMMENT ON COLUMN nuvopipe.schedules.anchor IS 'When it was set: steps count from here if it has no starts_on.';
COMMENT ON COLUMN nuvopipe.schedules.settled_at IS 'All instants up to this one are decided.';
COMMENT ON COLUMN nuvopipe.schedules.job_schedule IS 'When its job of pg_cron looks whether it is due, by the clocks of pg_cron; null: it has none.';

-- What a schedule plans for some time: a thousand instants, and one row for the rest.
CREATE OR REPLACE FUNCTION _nuvopipe.plan_of(schedule_id uuid, span interval)
	RETURNS TABLE (planned_at timestamptz, until_at timestamptz, instants bigint, note text)
	LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	s _nuvopipe.schedule;
	days record;
	i record;
	last timestamptz;
	until constant timestamptz := clock_timestamp() + span;
BEGIN
	SELECT x.* INTO s FROM _nuvopipe.schedule x WHERE x.id = schedule_id;
	days := _nuvopipe.excluded_days(s.calendars);
	FOR i IN SELECT * FROM _nuvopipe.schedule_instants(s.config, s.anchor, days.dates, days.weekdays, s.settled_at, until, 1000) LOOP
		planned_at := i.planned_at;
		last := i.planned_at;
		instants := 1;
		note := i.note;
		RETURN NEXT;
	END LOOP;
	SELECT t.total, t.latest[1] INTO instants, until_at
		FROM _nuvopipe.schedule_tally(s.config, s.anchor, days.dates, days.weekdays, last, until, 1) t;
	IF instants > 0 THEN
		SELECT x.planned_at INTO planned_at
			FROM _nuvopipe.schedule_instants(s.config, s.anchor, days.dates, days.weekdays, last, until, 1) x;
		until_at := nullif(until_at, planned_at);
		note := NULL;
		RETURN NEXT;
	END IF;
END
$$;

CREATE OR REPLACE VIEW nuvopipe.schedule_plan WITH (security_barrier) AS
	SELECT s.id AS pipeline, p.name AS pipeline_name, i.planned_at, i.until_at, i.instants,
			i.planned_at + _nuvopipe.jitter_of(s.id, i.planned_at, _nuvopipe.config_number(s.config, 'jitter', 0)) AS due_at,
			i.planned_at AT TIME ZONE _nuvopipe.schedule_zone(s.config) AS local_time,
			_nuvopipe.schedule_zone(s.config) AS time_zone, i.note, s.paused_at IS NOT NULL AS is_paused
		FROM _nuvopipe.schedule s
			JOIN _nuvopipe.pipeline p ON p.id = s.id
			JOIN _nuvopipe.owner o ON o.id = p.owner_id
			CROSS JOIN LATERAL _nuvopipe.plan_of(s.id, interval '24 hours') i
		WHERE s.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('read', 'pipeline', p.owner_id, o.role)
			AND s.next_at < pg_catalog.clock_timestamp() + interval '24 hours';
COMMENT ON VIEW nuvopipe.schedule_plan IS 'What the schedules of the caller''s pipelines plan for the next 24 hours, and what is due and not yet decided.';
COMMENT ON COLUMN nuvopipe.schedule_plan.until_at IS 'The last instant, in a row that stands for many: after the first thousand of a schedule.';
COMMENT ON COLUMN nuvopipe.schedule_plan.instants IS 'How many instants this row stands for.';
COMMENT ON COLUMN nuvopipe.schedule_plan.note IS 'GAP, OVERLAP or CLIPPED, as in nuvopipe.next_runs.';
COMMENT ON COLUMN nuvopipe.schedule_plan.is_paused IS 'They will be skipped, unless the schedule is resumed before.';

CREATE OR REPLACE VIEW nuvopipe.schedule_lag WITH (security_barrier) AS
	SELECT s.id AS pipeline, p.name AS pipeline_name,
			CASE WHEN s.due_at < pg_catalog.clock_timestamp() THEN pg_catalog.clock_timestamp() - s.due_at END AS overdue,
			d.planned, d.ran, d.waiting, d.skipped_overlap, d.skipped_down, d.skipped_paused, d.failed_to_start, d.canceled,
			d.last_started_at, d.waiting_since, d.lag_p50, d.lag_p99, d.lag_max
		FROM _nuvopipe.schedule s
			JOIN _nuvopipe.pipeline p ON p.id = s.id
			JOIN _nuvopipe.owner o ON o.id = p.owner_id
			CROSS JOIN LATERAL (
				SELECT coalesce(sum(r.instants), 0)::bigint AS planned,
						count(*) FILTER (WHERE r.outcome = 'RAN') AS ran, count(*) FILTER (WHERE r.outcome = 'WAITING') AS waiting,
						coalesce(sum(r.instants) FILTER (WHERE r.outcome = 'SKIPPED_OVERLAP'), 0)::bigint AS skipped_overlap,
						coalesce(sum(r.instants) FILTER (WHERE r.outcome = 'SKIPPED_DOWN'), 0)::bigint AS skipped_down,
						coalesce(sum(r.instants) FILTER (WHERE r.outcome = 'SKIPPED_PAUSED'), 0)::bigint AS skipped_paused,
						count(*) FILTER (WHERE r.outcome = 'FAILED_TO_START') AS failed_to_start,
						count(*) FILTER (WHERE r.outcome = 'CANCELED') AS canceled,
						max(r.started_at) AS last_started_at, min(r.due_at) FILTER (WHERE r.outcome = 'WAITING') AS waiting_since,
						percentile_disc(0.5) WITHIN GROUP (ORDER BY r.started_at - r.due_at) FILTER (WHERE NOT r.is_backfill) AS lag_p50,
						percentile_disc(0.99) WITHIN GROUP (ORDER BY r.started_at - r.due_at) FILTER (WHERE NOT r.is_backfill) AS lag_p99,
						max(r.started_at - r.due_at) FILTER (WHERE NOT r.is_backfill) AS lag_max
					FROM _nuvopipe.planned_run r
					WHERE r.tenant_id = s.tenant_id AND r.pipeline_id = s.id
						AND (r.planned_at > pg_catalog.clock_timestamp() - interval '24 hours'
							OR r.until_at > pg_catalog.clock_timestamp() - interval '24 hours')) d
		WHERE s.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('read', 'pipeline', p.owner_id, o.role);
COMMENT ON VIEW nuvopipe.schedule_lag IS 'How punctual the schedules of the caller''s pipelines were: instants of the last 24 hours by outcome, and how late their runs began.';
COMMENT ON COLUMN nuvopipe.schedule_lag.overdue IS 'For how long the next instant has been due and undecided; null if it is not due. More than a second or two means that nobody looks at schedules.';
COMMENT ON COLUMN nuvopipe.schedule_lag.waiting_since IS 'Since when the longest waiting run of them was due.';
COMMENT ON COLUMN nuvopipe.schedule_lag.lag_p50 IS 'From due_at to started_at, half of them; without backfills.';
