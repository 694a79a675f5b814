
/*
 * Alerts about executions: what waits, hangs, fails.  See alert.sql.
 */

-- What is due and does not begin.  Nothing at all is worse than something slow.
CREATE OR REPLACE FUNCTION _nuvopipe.queue_alerts(max_wait interval, moment timestamptz) RETURNS SETOF nuvopipe.alert
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	q record;
BEGIN
	FOR q IN
		SELECT s.*, g.name AS organization, p.name AS pipeline
			FROM _nuvopipe.queue_state(_nuvopipe.alert_tenants(), moment) s
				JOIN _nuvopipe.organization g ON g.id = s.tenant_id
				LEFT JOIN _nuvopipe.pipeline p ON p.id = s.pipeline_id
			WHERE s.due_since < moment - max_wait AND _nuvopipe.alert_seen(s.owner_id, s.owner_role)
	LOOP
		RETURN NEXT ROW(CASE WHEN q.waits_for IN ('NOBODY', 'START') THEN 'CRITICAL' ELSE 'WARNING' END, 'QUEUE_LATE', q.organization, q.pipeline_id, q.pipeline,
			format('pipeline "%s" has %s due for %s', q.pipeline, CASE q.due WHEN 1 THEN 'an execution that has been' ELSE q.due || ' executions, the oldest of them' END,
				date_trunc('second', moment - q.due_since)),
			q.due_since, jsonb_build_object('due', q.due, 'waiting', q.waiting, 'running', q.running, 'waits_for', q.waits_for),
			CASE q.waits_for
				WHEN 'NOBODY' THEN 'No workers: set shared_preload_libraries and nuvopipe.max_workers, or CALL nuvopipe.work().'
				WHEN 'START' THEN 'There is room for it, and nobody takes it: see the server log.'
				WHEN 'WORKER' THEN 'All workers are busy: raise nuvopipe.max_workers, or see nuvopipe.execution_progress for what takes so long.'
				WHEN 'ORGANIZATION' THEN 'Its organization has as many runs as it may have: see nuvopipe.max_runs_per_tenant.'
				WHEN 'HOST' THEN 'As many runs as may do so reach the same host: see nuvopipe.max_runs_per_host.'
				ELSE 'Its executions follow each other, unless its options allow more slots: see nuvopipe.execution_progress for what runs.' END)::nuvopipe.alert;
	END LOOP;
END
$$;
COMMENT ON FUNCTION _nuvopipe.queue_alerts(interval, timestamptz) IS 'Alerts about executions that are due and have not begun.';

-- What runs: who it is run by, for how long, and the times that its pipeline needed before.
CREATE OR REPLACE FUNCTION _nuvopipe.running(moment timestamptz)
	RETURNS TABLE (id uuid, organization text, pipeline_id uuid, pipeline text, attempt int, started_at timestamptz, lives boolean, lease_until timestamptz,
		phase text, moved_at timestamptz, samples bigint, usual_ms float8)
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	tenants uuid[] := _nuvopipe.alert_tenants();
BEGIN
	RETURN QUERY
		SELECT e.id, g.name, e.pipeline_id, p.name, e.attempts, a.started_at, s.pid IS NOT NULL, e.lease_until, w.phase, w.moved_at, h.samples, h.usual_ms
			FROM _nuvopipe.execution e
				JOIN _nuvopipe.organization g ON g.id = e.tenant_id
				JOIN _nuvopipe.execution_attempt a ON a.tenant_id = e.tenant_id AND a.execution_id = e.id AND a.attempt = e.attempts
				LEFT JOIN _nuvopipe.pipeline p ON p.id = e.pipeline_id
				LEFT JOIN pg_stat_get_activity(NULL) s ON s.pid = e.worker_pid AND s.backend_start = e.worker_started_at
					AND s.datid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
				LEFT JOIN _nuvopipe.processes() w ON w.execution = e.id AND w.pid = e.worker_pid
				CROSS JOIN LATERAL (
					SELECT count(*) AS samples, percentile_cont(0.99) WITHIN GROUP (ORDER BY b.duration_ms) AS usual_ms
						FROM (SELECT x.tenant_id, x.id, x.attempts FROM _nuvopipe.execution x
								WHERE x.tenant_id = e.tenant_id AND x.pipeline_id = e.pipeline_id AND x.created_at < e.created_at AND x.status = 'SUCCEEDED'
								ORDER BY x.created_at DESC LIMIT 100) x
							JOIN _nuvopipe.execution_attempt b ON b.tenant_id = x.tenant_id AND b.execution_id = x.id AND b.attempt = x.attempts) h
			WHERE e.status = 'RUNNING' AND e.tenant_id = ANY (tenants) AND _nuvopipe.alert_seen(e.owner_id, e.owner_role);
END
$$;
COMMENT ON FUNCTION _nuvopipe.running(timestamptz) IS 'What runs, as alerts look at it.';

CREATE OR REPLACE FUNCTION _nuvopipe.running_alerts(slow_factor numeric, max_standstill interval, moment timestamptz) RETURNS SETOF nuvopipe.alert
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	few constant int := 10;		-- runs tell nothing about what is usual
	short constant interval := '1 minute';	-- nobody minds
	r record;
BEGIN
	FOR r IN SELECT x.*, date_trunc('second', moment - x.started_at) AS took FROM _nuvopipe.running(moment) x LOOP
		IF NOT r.lives AND r.lease_until < moment THEN
			RETURN NEXT ROW('CRITICAL', 'RUN_LOST', r.organization, r.pipeline_id, r.pipeline,
				format('execution %s of pipeline "%s" is RUNNING, but its process has ended', r.id, r.pipeline), r.lease_until,
				jsonb_build_object('execution', r.id, 'attempt', r.attempt),
				'A keeper settles it at once, and so does CALL nuvopipe.work(): see why there is none.')::nuvopipe.alert;
		ELSIF r.moved_at < moment - max_standstill THEN
			RETURN NEXT ROW('WARNING', 'RUN_STUCK', r.organization, r.pipeline_id, r.pipeline,
				format('execution %s of pipeline "%s" has not moved in phase %s for %s', r.id, r.pipeline, r.phase, date_trunc('second', moment - r.moved_at)), r.moved_at,
				jsonb_build_object('execution', r.id, 'attempt', r.attempt, 'phase', r.phase),
				'pg_stat_activity shows what its process waits for, pg_blocking_pids() for whom; nuvopipe.cancel ends it.')::nuvopipe.alert;
		ELSIF r.samples >= few AND r.took > short AND extract(epoch FROM r.took) * 1000 > r.usual_ms * slow_factor THEN
			RETURN NEXT ROW('WARNING', 'RUN_SLOW', r.organization, r.pipeline_id, r.pipeline,
				format('execution %s of pipeline "%s" has run for %s, 99 of 100 before it took less than %s', r.id, r.pipeline, r.took,
					date_trunc('milliseconds', r.usual_ms * interval '1 millisecond')), r.started_at,
				jsonb_build_object('execution', r.id, 'attempt', r.attempt, 'phase', r.phase, 'seconds', extract(epoch FROM r.took), 'usual_seconds', round((r.usual_ms / 1000)::numeric, 3)),
				'See nuvopipe.execution_progress; max_run_time in the options of the pipeline bounds its runs.')::nuvopipe.alert;
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION _nuvopipe.running_alerts(numeric, interval, timestamptz) IS 'Alerts about running executions: without a process, without progress, or much longer than usual.';

-- How a pipeline has fared lately: its last executions, newest first, until one that did not fail; and its last hour.
CREATE OR REPLACE FUNCTION _nuvopipe.fared(tenant uuid, pipeline uuid, n int, since timestamptz,
		OUT in_a_row bigint, OUT first_at timestamptz, OUT reason text, OUT ended bigint, OUT failed bigint)
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
	SELECT count(*), min(l.finished_at), (array_agg(l.error_message ORDER BY l.rank))[1] INTO in_a_row, first_at, reason FROM (
		SELECT x.finished_at, x.error_message, row_number() OVER w AS rank, bool_and(x.status = 'FAILED') OVER w AS all_failed FROM (
			SELECT e.status, e.finished_at, e.error_message, e.created_at FROM _nuvopipe.execution e
				WHERE e.tenant_id = tenant AND e.pipeline_id = pipeline AND e.status IN ('SUCCEEDED', 'FAILED')
				ORDER BY e.created_at DESC LIMIT n) x
			WINDOW w AS (ORDER BY x.created_at DESC)) l
		WHERE l.all_failed;
	SELECT count(*), count(*) FILTER (WHERE e.status = 'FAILED') INTO ended, failed
		FROM _nuvopipe.execution e
		WHERE e.tenant_id = tenant AND e.pipeline_id = pipeline AND e.status IN ('SUCCEEDED', 'FAILED') AND e.finished_at >= since;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.failure_alerts(max_in_a_row int, max_rate numeric, min_failures int, moment timestamptz) RETURNS SETOF nuvopipe.alert
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	tenants uuid[] := _nuvopipe.alert_tenants();
	p record;
	f record;
BEGIN
	FOR p IN
		SELECT l.tenant_id, l.id, l.name, g.name AS organization
			FROM (SELECT DISTINCT e.tenant_id, e.pipeline_id FROM _nuvopipe.execution e
					WHERE e.tenant_id = ANY (tenants) AND e.status = 'FAILED' AND e.finished_at > moment - interval '31 days') bad
				JOIN _nuvopipe.pipeline l ON l.id = bad.pipeline_id
				JOIN _nuvopipe.owner o ON o.id = l.owner_id
				JOIN _nuvopipe.organization g ON g.id = l.tenant_id
			WHERE _nuvopipe.alert_seen(l.owner_id, o.role)
	LOOP
		SELECT * INTO f FROM _nuvopipe.fared(p.tenant_id, p.id, greatest(max_in_a_row, 1), moment - interval '1 hour');
		IF f.in_a_row >= max_in_a_row THEN
			RETURN NEXT ROW('CRITICAL', 'PIPELINE_FAILING', p.organization, p.id, p.name,
				format('the last %s executions of pipeline "%s" have failed: %s', f.in_a_row, p.name, f.reason), f.first_at,
				jsonb_build_object('failures', f.in_a_row), 'nuvopipe.executions has error_message and error_hint of each.')::nuvopipe.alert;
		ELSIF f.failed >= min_failures AND 100.0 * f.failed / f.ended > max_rate THEN
			RETURN NEXT ROW('WARNING', 'FAILURE_RATE', p.organization, p.id, p.name,
				format('%s of %s executions of pipeline "%s" have failed within an hour', f.failed, f.ended, p.name), NULL,
				jsonb_build_object('executions', f.ended, 'failed', f.failed, 'percent', round(100.0 * f.failed / f.ended, 1)),
				'nuvopipe.failure_rate shows the reasons.')::nuvopipe.alert;
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION _nuvopipe.failure_alerts(int, numeric, int, timestamptz) IS 'Alerts about pipelines that fail, among those that have failed within 31 days.';

-- Webhooks that are not told.
CREATE OR REPLACE FUNCTION _nuvopipe.outbox_alerts(max_outbox_lag interval, moment timestamptz) RETURNS SETOF nuvopipe.alert
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	w record;
BEGIN
	FOR w IN
		SELECT h.name, h.status, h.reason, h.failures, h.updated_at, h.pipeline_id, g.name AS organization, dead.n AS dead, dead.since AS dead_since, late.since AS late_since, late.n AS late
			FROM _nuvopipe.webhook h
				JOIN _nuvopipe.organization g ON g.id = h.tenant_id
				JOIN _nuvopipe.owner o ON o.id = h.owner_id
				CROSS JOIN LATERAL (SELECT count(*) AS n, min(d.updated_at) AS since FROM _nuvopipe.outbox d
					WHERE d.tenant_id = h.tenant_id AND d.webhook_id = h.id AND d.status = 'DEAD' AND d.updated_at > moment - interval '1 day') dead
				CROSS JOIN LATERAL (SELECT count(*) AS n, min(d.created_at) AS since FROM _nuvopipe.outbox d
					WHERE d.tenant_id = h.tenant_id AND d.webhook_id = h.id AND d.status = 'PENDING') late
			WHERE h.tenant_id = ANY (_nuvopipe.alert_tenants()) AND (_nuvopipe.is_admin() OR _nuvopipe.can('read', 'webhook', h.owner_id, o.role))
	LOOP
		IF w.status = 'INACTIVE' AND w.reason IS NOT NULL THEN
			RETURN NEXT ROW('WARNING', 'WEBHOOK_OFF', w.organization, w.pipeline_id, w.name, format('webhook "%s" was made INACTIVE: %s', w.name, w.reason), w.updated_at, NULL,
				'When its receiver is well again: nuvopipe.update_webhook(webhook, status => ''ACTIVE''), and nuvopipe.replay_delivery for what is DEAD.')::nuvopipe.alert;
		ELSIF w.dead > 0 THEN
			RETURN NEXT ROW('WARNING', 'OUTBOX_DEAD', w.organization, w.pipeline_id, w.name, format('%s given up within a day for webhook "%s"',
				CASE w.dead WHEN 1 THEN 'a delivery was' ELSE w.dead || ' deliveries were' END, w.name), w.dead_since,
				jsonb_build_object('deliveries', w.dead), 'nuvopipe.outbox has last_status and last_error; nuvopipe.replay_delivery sends one again.')::nuvopipe.alert;
		END IF;
		IF w.status = 'ACTIVE' AND w.late_since < moment - max_outbox_lag THEN
			RETURN NEXT ROW('WARNING', 'OUTBOX_LATE', w.organization, w.pipeline_id, w.name, format('webhook "%s" has not been told what happened %s ago', w.name, date_trunc('second', moment - w.late_since)),
				w.late_since, jsonb_build_object('deliveries', w.late, 'failures', w.failures),
				CASE WHEN w.failures > 0 THEN 'Its receiver fails: nuvopipe.outbox has last_status and last_error.' ELSE 'Nobody sends: see nuvopipe.max_senders, nuvopipe.workers and the server log.' END)::nuvopipe.alert;
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION _nuvopipe.outbox_alerts(interval, timestamptz) IS 'Alerts about webhooks that are not told.';
