
/*
 * Alerts about what should start runs: schedules and triggers.  See alert.sql.
 */

-- Instants that nobody has decided, or that were decided and could not be started.
CREATE OR REPLACE FUNCTION _nuvopipe.schedule_alerts(max_lag interval, moment timestamptz) RETURNS SETOF nuvopipe.alert
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	s record;
BEGIN
	FOR s IN
		SELECT x.id, x.fault, x.next_at, x.due_at, p.name, g.name AS organization, last.planned_at, last.reason, last.outcome
			FROM _nuvopipe.schedule x
				JOIN _nuvopipe.pipeline p ON p.id = x.id
				JOIN _nuvopipe.owner o ON o.id = p.owner_id
				JOIN _nuvopipe.organization g ON g.id = x.tenant_id
				LEFT JOIN LATERAL (SELECT r.planned_at, r.reason, r.outcome FROM _nuvopipe.planned_run r
					WHERE r.tenant_id = x.tenant_id AND r.pipeline_id = x.id AND NOT r.is_backfill ORDER BY r.planned_at DESC LIMIT 1) last ON true
			WHERE x.tenant_id = ANY (_nuvopipe.alert_tenants()) AND _nuvopipe.alert_seen(p.owner_id, o.role)
				AND (x.due_at < moment - max_lag OR x.fault IS NOT NULL OR last.outcome = 'FAILED_TO_START')
	LOOP
		IF s.due_at < moment - max_lag THEN
			RETURN NEXT ROW('CRITICAL', 'SCHEDULE_LATE', s.organization, s.id, s.name,
				format('the schedule of pipeline "%s" was due %s ago, and nobody has looked at it', s.name, date_trunc('second', moment - s.due_at)), s.due_at,
				jsonb_build_object('planned_at', s.next_at), 'Schedules are fired by the keeper, by jobs of pg_cron and by CALL nuvopipe.work(): see nuvopipe.workers and the server log.')::nuvopipe.alert;
		ELSIF s.fault IS NOT NULL OR s.outcome = 'FAILED_TO_START' THEN
			RETURN NEXT ROW('CRITICAL', 'SCHEDULE_FAILING', s.organization, s.id, s.name,
				format('the schedule of pipeline "%s" could not start a run: %s', s.name, coalesce(s.fault, s.reason)),
				CASE WHEN s.fault IS NULL THEN s.planned_at ELSE s.next_at END, NULL,
				'nuvopipe.planned_runs shows what became of each instant; nuvopipe.backfill runs what was missed.')::nuvopipe.alert;
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION _nuvopipe.schedule_alerts(interval, timestamptz) IS 'Alerts about schedules that are not fired, or start nothing.';

CREATE OR REPLACE FUNCTION _nuvopipe.trigger_alerts(max_in_a_row int, max_lag interval, moment timestamptz) RETURNS SETOF nuvopipe.alert
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	t record;
BEGIN
	FOR t IN
		SELECT x.name, x.pipeline_id, x.failures, x.last_error, x.last_error_at, g.name AS organization, late.since
			FROM _nuvopipe.trigger x
				JOIN _nuvopipe.owner o ON o.id = x.owner_id
				JOIN _nuvopipe.organization g ON g.id = x.tenant_id
				CROSS JOIN LATERAL (SELECT min(i.at) AS since FROM _nuvopipe.signal i WHERE i.tenant_id = x.tenant_id AND i.trigger_id = x.id) late
			WHERE x.tenant_id = ANY (_nuvopipe.alert_tenants()) AND _nuvopipe.alert_seen(x.owner_id, o.role) AND x.status = 'ACTIVE'
				AND (x.failures >= greatest(max_in_a_row, 1) OR late.since < moment - max_lag)
	LOOP
		IF t.failures >= greatest(max_in_a_row, 1) THEN
			RETURN NEXT ROW('WARNING', 'TRIGGER_FAILING', t.organization, t.pipeline_id, t.name, format('trigger "%s" has failed %s times: %s', t.name, t.failures, t.last_error),
				t.last_error_at, jsonb_build_object('failures', t.failures), 'See nuvopipe.triggers; nuvopipe.update_trigger changes it.')::nuvopipe.alert;
		ELSE
			RETURN NEXT ROW('CRITICAL', 'SIGNAL_LATE', t.organization, t.pipeline_id, t.name,
				format('what happened %s ago for trigger "%s" has started nothing', date_trunc('second', moment - t.since), t.name), t.since, NULL,
				'Signals are taken by the keeper: see nuvopipe.workers and the server log.')::nuvopipe.alert;
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION _nuvopipe.trigger_alerts(int, interval, timestamptz) IS 'Alerts about triggers that fail, or whose signals nobody takes.';
