
/*
 * Alerts: what a monitoring system should page for, as rows.
 *
 * Each kind is a function of its own (alert_run.sql, alert_schedule.sql, alert_process.sql) that
 * looks at what is there now; nothing is remembered, so an alert goes when its
 * reason does.  Nothing is written, so it works on a standby too.
 */
CREATE OR REPLACE FUNCTION nuvopipe.alerts(max_wait interval DEFAULT '5 minutes', max_lag interval DEFAULT '1 minute', max_failures_in_a_row int DEFAULT 3,
		max_failure_rate numeric DEFAULT 25, min_failures int DEFAULT 3, slow_factor numeric DEFAULT 3,
		max_standstill interval DEFAULT '15 minutes', max_outbox_lag interval DEFAULT '15 minutes', max_transaction interval DEFAULT '4 hours',
		max_retention_lag interval DEFAULT '1 day', max_xid_age bigint DEFAULT 1000000000, max_stored bigint DEFAULT 107374182400, min_free_disk numeric DEFAULT 10)
	RETURNS SETOF nuvopipe.alert
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	moment constant timestamptz := clock_timestamp();
BEGIN
	PERFORM _nuvopipe.require_right('read', 'execution');
	IF _nuvopipe.is_admin() THEN
		RETURN QUERY SELECT * FROM _nuvopipe.process_alerts(moment);
		RETURN QUERY SELECT * FROM _nuvopipe.key_alerts();
		RETURN QUERY SELECT * FROM _nuvopipe.transaction_alerts(max_transaction, max_xid_age, moment);
		RETURN QUERY SELECT * FROM _nuvopipe.retention_alerts(max_retention_lag, moment);
		RETURN QUERY SELECT * FROM _nuvopipe.storage_alerts(max_stored);
		RETURN QUERY SELECT * FROM _nuvopipe.disk_alerts(min_free_disk);
	END IF;
	-- on a standby nothing begins, and the processes are another server's
	IF NOT pg_is_in_recovery() THEN
		RETURN QUERY SELECT * FROM _nuvopipe.queue_alerts(max_wait, moment);
		RETURN QUERY SELECT * FROM _nuvopipe.running_alerts(slow_factor, max_standstill, moment);
		RETURN QUERY SELECT * FROM _nuvopipe.schedule_alerts(max_lag, moment);
		RETURN QUERY SELECT * FROM _nuvopipe.trigger_alerts(max_failures_in_a_row, max_lag, moment);
	END IF;
	RETURN QUERY SELECT * FROM _nuvopipe.failure_alerts(max_failures_in_a_row, max_failure_rate, min_failures, moment);
	RETURN QUERY SELECT * FROM _nuvopipe.outbox_alerts(max_outbox_lag, moment);
END
$$;
COMMENT ON FUNCTION nuvopipe.alerts IS
'Tells what is wrong and somebody should know: members of nuvopipe_admin about the server and all organizations, others about their own pipelines and webhooks. No row: all is well.
max_wait: QUEUE_LATE for executions that are due for longer. max_lag: SCHEDULE_LATE for schedules that are due and not looked at, SIGNAL_LATE for triggers. max_failures_in_a_row: PIPELINE_FAILING, TRIGGER_FAILING. max_failure_rate, min_failures: FAILURE_RATE, in percent of the last hour and from so many failures on. slow_factor: RUN_SLOW for what runs so many times longer than 99 of the last 100 did, from a minute on. max_standstill: RUN_STUCK for what runs and does not move. max_outbox_lag: OUTBOX_LATE for events that are not told. max_transaction: LONG_TRANSACTION of our processes. max_retention_lag: RETENTION_LATE for what should have gone. max_xid_age: XID_AGE. max_stored: STORAGE_LARGE, in bytes. min_free_disk: DISK_LOW, in percent. Null leaves a check out.
Besides: LAUNCHER_DOWN, KEEPER_DOWN, LISTENER_DOWN, NO_WORKER_SLOT, KEY_UNUSABLE, SCHEDULE_FAILING, RUN_LOST, OUTBOX_DEAD, WEBHOOK_OFF.
Returns rows of nuvopipe.alert, in no order.
Errors: 42501 without membership in nuvopipe_user.';

-- Alerts as a metric, counted by severity and code.
CREATE OR REPLACE FUNCTION _nuvopipe.alert_metrics() RETURNS text
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN _nuvopipe.metric('alerts', 'gauge', 'What nuvopipe.alerts() tells.', VARIADIC ARRAY(
		SELECT jsonb_build_array(count(*), jsonb_build_object('severity', a.severity, 'code', a.code))
			FROM nuvopipe.alerts() a GROUP BY a.severity, a.code ORDER BY a.severity, a.code));
END
$$;
