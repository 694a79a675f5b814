/*
 * Executions: what is written as sets.  The states themselves are moved by C
 * (src/exec/execution.c), one guarded UPDATE each.
 */

-- What changes a state in SQL tells it by this; see src/exec/tell.h.  attempt: 0 = none.
CREATE OR REPLACE FUNCTION _nuvopipe.tell_state(tenant_id uuid, execution_id uuid, status text, attempt int, message text) RETURNS text
	AS 'MODULE_PATHNAME', 'nuvopipe_tell_state' LANGUAGE C VOLATILE;

-- What follows from a change of state; asked for only where there may be somebody whom it concerns (src/exec/tell.c).
CREATE OR REPLACE FUNCTION _nuvopipe.follow_state(tenant_id uuid, execution_id uuid, status text, attempt int, message text) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	hook constant text := CASE status WHEN 'SUCCEEDED' THEN 'EXECUTION_SUCCESSFUL' WHEN 'FAILED' THEN 'EXECUTION_FAILED'
		WHEN 'CANCELED' THEN 'EXECUTION_CANCELED' WHEN 'QUEUED' THEN CASE WHEN attempt = 0 THEN 'EXECUTION_CREATED' END END;
BEGIN
	IF status = 'CANCELED' THEN
		PERFORM _nuvopipe.planned_canceled(tenant_id, execution_id, message);
	END IF;
	IF hook IS NOT NULL THEN
		PERFORM _nuvopipe.post_execution(tenant_id, execution_id, hook);
	END IF;
	IF status = 'SUCCEEDED' AND EXISTS (SELECT FROM _nuvopipe.trigger r WHERE r.source_id IS NOT NULL) THEN
		PERFORM _nuvopipe.signal_success(tenant_id, execution_id);
		PERFORM _nuvopipe.wake();
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.log(message text) RETURNS void
	AS 'MODULE_PATHNAME', 'nuvopipe_log' LANGUAGE C STRICT VOLATILE;

-- A line in the server's log about what became of an execution whose process does not say it itself; in the form of nvp_run_label.
CREATE OR REPLACE FUNCTION _nuvopipe.log_state(tenant uuid, execution uuid, status text, attempt int, message text) RETURNS void
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	pipeline text := (SELECT p.name FROM _nuvopipe.execution e JOIN _nuvopipe.pipeline p ON p.id = e.pipeline_id
		WHERE e.tenant_id = tenant AND e.id = execution);
BEGIN
	PERFORM _nuvopipe.log(format('execution %s (%s, attempt %s) %s: %s', execution,
		coalesce(format('pipeline "%s"', pipeline), 'of a deleted pipeline'), attempt, status, message));
END
$$;

-- Of the process that asks.  What nobody has begun was not tried, so there is no attempt.
CREATE OR REPLACE FUNCTION _nuvopipe.unclaim(tenant uuid, execution uuid) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	claimed int;
BEGIN
	UPDATE _nuvopipe.execution e SET
		status = 'QUEUED', attempts = e.attempts - 1, started_at = NULL, lease_until = NULL, worker_pid = NULL, worker_started_at = NULL,
		updated_at = clock_timestamp()
	WHERE e.tenant_id = tenant AND e.id = execution AND e.status = 'RUNNING' AND e.worker_pid = pg_backend_pid()
	RETURNING e.attempts + 1 INTO claimed;
	DELETE FROM _nuvopipe.execution_attempt a WHERE a.tenant_id = tenant AND a.execution_id = execution AND a.attempt = claimed;
END
$$;

-- A process that is asked to leave in mid-run says so itself, in its last transaction.
CREATE OR REPLACE FUNCTION _nuvopipe.give_back(tenant uuid, execution uuid, attempt int) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	now timestamptz := clock_timestamp();
	reason constant text := 'the process that ran this execution was asked to leave';
BEGIN
	PERFORM FROM _nuvopipe.execution e
		WHERE e.tenant_id = tenant AND e.id = execution AND e.status = 'RUNNING' AND e.worker_pid = pg_backend_pid()
			AND e.attempts = attempt AND NOT e.cancel_requested
		FOR UPDATE SKIP LOCKED;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	UPDATE _nuvopipe.execution e SET
		status = 'QUEUED', lease_until = NULL, worker_pid = NULL, worker_started_at = NULL, updated_at = now, available_at = now,
		max_attempts = e.max_attempts + 1,
		error_type = NULL, error_sqlstate = '57P01', error_message = reason, error_detail = NULL, error_hint = NULL
	WHERE e.tenant_id = tenant AND e.id = execution;
	UPDATE _nuvopipe.execution_attempt a SET
		status = 'FAILED', finished_at = now, duration_ms = (extract(epoch FROM now - a.started_at) * 1000)::bigint,
		error_sqlstate = '57P01', error_message = reason
	WHERE a.tenant_id = tenant AND a.execution_id = execution AND a.attempt = attempt;
	PERFORM _nuvopipe.tell_state(tenant, execution, 'QUEUED', attempt, reason);
	PERFORM _nuvopipe.log_state(tenant, execution, 'QUEUED', attempt, reason);
END
$$;
COMMENT ON FUNCTION _nuvopipe.give_back(uuid, uuid, int) IS
	'Puts an execution of this process back into the queue, with one attempt more: the process ends, but not by a failure.';

-- Settles what has no worker.  A process is told by pid and start time, so that a pid used again, or a fail-over to
-- another machine, is never mistaken for a living worker; and by its database, for a copy of this one holds the same rows.
CREATE OR REPLACE FUNCTION _nuvopipe.sweep(with_queue boolean DEFAULT true, OUT requeued int, OUT failed int, OUT ended int)
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	dead record;
	now timestamptz := clock_timestamp();
	reason constant text := 'the process that ran this execution ended unexpectedly';
	again boolean;
BEGIN
	requeued := 0;
	failed := 0;
	ended := 0;
	FOR dead IN
		SELECT e.tenant_id, e.id, e.attempts, e.max_attempts, e.cancel_requested, e.worker_pid
		FROM _nuvopipe.execution e
		WHERE e.status = 'RUNNING'
			AND NOT EXISTS (SELECT FROM pg_stat_get_activity(NULL) a
				WHERE a.pid = e.worker_pid AND a.backend_start = e.worker_started_at
					AND a.datid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
		FOR UPDATE OF e SKIP LOCKED
	LOOP
		again := dead.attempts < dead.max_attempts AND NOT dead.cancel_requested;
		UPDATE _nuvopipe.execution SET
			status = CASE WHEN dead.cancel_requested THEN 'CANCELED' WHEN again THEN 'QUEUED' ELSE 'FAILED' END,
			lease_until = NULL, worker_pid = NULL, worker_started_at = NULL, updated_at = now,
			available_at = CASE WHEN again THEN now ELSE available_at END,
			finished_at = CASE WHEN again THEN NULL ELSE now END,
			error_type = NULL,	-- a process that ended is none of the reasons the API has words for
			error_sqlstate = CASE WHEN dead.cancel_requested THEN '57014' ELSE '57P02' END,
			error_message = CASE WHEN dead.cancel_requested THEN 'canceled' ELSE reason END,
			error_hint = CASE WHEN NOT dead.cancel_requested THEN 'See the server log for process ' || dead.worker_pid || '.' END
		WHERE tenant_id = dead.tenant_id AND id = dead.id;
		UPDATE _nuvopipe.execution_attempt SET
			status = CASE WHEN dead.cancel_requested THEN 'CANCELED' ELSE 'FAILED' END, finished_at = now,
			duration_ms = (extract(epoch FROM now - started_at) * 1000)::bigint,
			error_sqlstate = '57P02', error_message = reason
		WHERE tenant_id = dead.tenant_id AND execution_id = dead.id AND attempt = dead.attempts AND status = 'RUNNING';
		PERFORM _nuvopipe.tell_state(dead.tenant_id, dead.id,
			CASE WHEN dead.cancel_requested THEN 'CANCELED' WHEN again THEN 'QUEUED' ELSE 'FAILED' END, dead.attempts,
			CASE WHEN NOT dead.cancel_requested THEN reason END);
		PERFORM _nuvopipe.log_state(dead.tenant_id, dead.id,
			CASE WHEN dead.cancel_requested THEN 'CANCELED' WHEN again THEN 'QUEUED' ELSE 'FAILED' END, dead.attempts,
			format('%s (process %s)', reason, dead.worker_pid));
		IF again THEN
			requeued := requeued + 1;
		ELSE
			failed := failed + 1;
		END IF;
	END LOOP;

	IF with_queue THEN
		WITH gone AS (
			SELECT e.tenant_id, e.id
			FROM (SELECT DISTINCT h.tenant_id, h.pipeline_id FROM _nuvopipe.queue_heads(0, 0) h WHERE h.slots IS NULL) h
				JOIN _nuvopipe.execution e ON e.tenant_id = h.tenant_id AND e.pipeline_id = h.pipeline_id AND e.status = 'QUEUED'
			FOR UPDATE OF e SKIP LOCKED
		), told AS (
			UPDATE _nuvopipe.execution e SET status = 'CANCELED', finished_at = now, updated_at = now,
				error_sqlstate = '42704', error_message = 'the pipeline was deleted'
			FROM gone g WHERE e.tenant_id = g.tenant_id AND e.id = g.id
			RETURNING e.tenant_id, e.id, e.error_message
		)
		-- no attempt ends with it
		SELECT count(_nuvopipe.tell_state(told.tenant_id, told.id, 'CANCELED', 0, told.error_message))::int INTO ended
		FROM told;
	END IF;
END
$$;
COMMENT ON FUNCTION _nuvopipe.sweep IS
	'Settles executions without a living worker: queued again while attempts are left, else failed; with_queue: cancels queued ones whose pipeline is gone.';


/*
 * The rules of executions and attempts, as a query: what breaks one of them.  A
 * word that is none of those listed, a number out of its range, a lease without a
 * run or a run without one, rows that are not accounted for.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.broken_executions() RETURNS TABLE (tenant_id uuid, execution_id uuid, attempt int, rule text)
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	error_types constant text[] := ARRAY['SOURCE_UNRESPONSIVE', 'SOURCE_DATA_EMPTY', 'PARSING_FAILURE', 'DESTINATION_UNRESPONSIVE',
		'DESTINATION_SIZE_LIMIT', 'WRITE_FILE_FAILURE', 'ERROR_THRESHOLD_EXCEEDED'];
BEGIN
	RETURN QUERY
		SELECT e.tenant_id, e.id, NULL::int, r.rule
			FROM _nuvopipe.execution e, LATERAL (VALUES
				('trigger_type', e.trigger_type IN ('MANUAL', 'SCHEDULED', 'EVENT')),
				('status', e.status IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED')),
				('attempts', e.attempts >= 0 AND e.max_attempts > 0),
				('max_run_time', e.max_run_time > 0),
				('priority', e.priority BETWEEN -100 AND 100),
				('object_bytes', e.object_bytes >= 0),
				('lease', (e.status = 'RUNNING') = (e.lease_until IS NOT NULL)),
				('end', (e.status IN ('SUCCEEDED', 'FAILED', 'CANCELED')) = (e.finished_at IS NOT NULL)),
				('error_type', e.error_type = ANY (error_types))) r(rule, holds)
			WHERE NOT r.holds
		UNION ALL
		SELECT a.tenant_id, a.execution_id, a.attempt, r.rule
			FROM _nuvopipe.execution_attempt a, LATERAL (VALUES
				('attempt', a.attempt > 0),
				('type', a.type IN ('CREATE', 'FIX', 'RETRY')),
				('status', a.status IN ('RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED')),
				('error_type', a.error_type = ANY (error_types)),
				('balance', a.status <> 'SUCCEEDED' OR a.rows_read = a.rows_written + a.rows_rejected + a.rows_filtered + a.rows_blank)) r(rule, holds)
			WHERE NOT r.holds;
END
$$;
