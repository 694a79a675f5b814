
/*
 * Watching: what waits, what gets done, what fails.
 *
 * Each view is bounded by what waits, or by a time: execution_finished_idx has
 * what ended in its order, so what is older costs nothing.  Who filters by bucket
 * or period pays for that alone.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.server_state(OUT preloaded boolean, OUT refused_since timestamptz, OUT refused_last timestamptz)
	AS 'MODULE_PATHNAME', 'nuvopipe_server_state' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION _nuvopipe.server_state() IS
	'Whether the library is preloaded; since when the server has had no slot for a background worker of ours, and when that was seen last, null if it has.';

CREATE OR REPLACE FUNCTION _nuvopipe.disk_space(path text, OUT free bigint, OUT total bigint)
	AS 'MODULE_PATHNAME', 'nuvopipe_disk_space' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION _nuvopipe.disk_space(text) IS
	'Bytes of the file system that a directory of the server lies in, null if that is not to be known; relative to the data directory.';

-- Who could run something in this database: runners and sessions, and those that may still be started.
CREATE OR REPLACE FUNCTION _nuvopipe.worker_room(OUT busy int, OUT idle int, OUT most int)
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	SELECT count(*) FILTER (WHERE NOT p.idle), count(*) FILTER (WHERE p.idle AND p.kind = 'runner') INTO busy, idle
		FROM _nuvopipe.processes() p WHERE p.kind IN ('runner', 'session');
	most := CASE WHEN (SELECT s.preloaded FROM _nuvopipe.server_state() s) AND NOT pg_is_in_recovery()
		THEN current_setting('nuvopipe.max_workers')::int ELSE 0 END;
END
$$;

-- What waits and runs of some organizations, by pipeline and owner.
CREATE OR REPLACE FUNCTION _nuvopipe.queue_state(tenants uuid[], moment timestamptz)
	RETURNS TABLE (tenant_id uuid, pipeline_id uuid, owner_id uuid, owner_role name, waiting bigint, due bigint, retrying bigint, running bigint,
		due_since timestamptz, next_at timestamptz, waits_for text)
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	room record;
BEGIN
	SELECT * INTO room FROM _nuvopipe.worker_room();
	RETURN QUERY
	WITH live AS (
		SELECT e.tenant_id, e.pipeline_id, e.owner_id, e.owner_role,
				count(*) FILTER (WHERE e.status = 'QUEUED') AS waiting,
				count(*) FILTER (WHERE e.status = 'QUEUED' AND e.available_at <= moment) AS due,
				count(*) FILTER (WHERE e.status = 'QUEUED' AND e.available_at > moment AND e.attempts > 0) AS retrying,
				count(*) FILTER (WHERE e.status = 'RUNNING') AS running,
				min(e.available_at) FILTER (WHERE e.status = 'QUEUED' AND e.available_at <= moment) AS due_since,
				min(e.available_at) FILTER (WHERE e.status = 'QUEUED' AND e.available_at > moment) AS next_at
			FROM _nuvopipe.execution e
			WHERE e.status IN ('QUEUED', 'RUNNING') AND e.tenant_id = ANY (tenants)
			GROUP BY 1, 2, 3, 4
	), head AS (
		SELECT h.pipeline_id, max(h.free) AS free, bool_and(h.pipeline_runs >= h.slots) AS is_full,
				bool_and(h.tenant_limit > 0 AND h.tenant_runs >= h.tenant_limit) AS tenant_is_full
			FROM _nuvopipe.queue_heads(current_setting('nuvopipe.max_runs_per_tenant')::int, current_setting('nuvopipe.max_runs_per_host')::int) h
			WHERE h.available_at <= moment
			GROUP BY 1
	)
	SELECT l.*, CASE
			WHEN l.waiting = 0 THEN NULL
			WHEN l.due = 0 THEN CASE WHEN l.retrying > 0 THEN 'RETRY' ELSE 'TIME' END
			WHEN h.is_full THEN 'PIPELINE'
			WHEN h.tenant_is_full THEN 'ORGANIZATION'
			WHEN h.free = 0 THEN 'HOST'
			WHEN room.most = 0 AND room.busy = 0 THEN 'NOBODY'
			WHEN room.busy >= room.most AND room.idle = 0 THEN 'WORKER'
			ELSE 'START' END
		FROM live l LEFT JOIN head h ON h.pipeline_id = l.pipeline_id;
END
$$;
COMMENT ON FUNCTION _nuvopipe.queue_state IS 'What nuvopipe.queue_depth shows, of some organizations.';

CREATE OR REPLACE VIEW nuvopipe.queue_depth WITH (security_barrier) AS
	SELECT q.pipeline_id AS pipeline, p.name AS pipeline_name, q.waiting, q.due, q.retrying, q.running,
			pg_catalog.statement_timestamp() - q.due_since AS oldest_wait, q.due_since, q.next_at, q.waits_for
		FROM _nuvopipe.queue_state(ARRAY[_nuvopipe.tenant()], pg_catalog.statement_timestamp()) q
			LEFT JOIN _nuvopipe.pipeline p ON p.id = q.pipeline_id
		WHERE _nuvopipe.can('read', 'execution', q.owner_id, q.owner_role);
COMMENT ON VIEW nuvopipe.queue_depth IS 'What waits and what runs of the caller''s pipelines, and what it waits for.';
COMMENT ON COLUMN nuvopipe.queue_depth.pipeline_name IS 'Null once the pipeline is deleted.';
COMMENT ON COLUMN nuvopipe.queue_depth.waiting IS 'Executions that are QUEUED.';
COMMENT ON COLUMN nuvopipe.queue_depth.due IS 'Of those: that could begin now.';
COMMENT ON COLUMN nuvopipe.queue_depth.retrying IS 'Of those: that failed, and wait for their next attempt.';
COMMENT ON COLUMN nuvopipe.queue_depth.oldest_wait IS 'How long the oldest that is due could have begun.';
COMMENT ON COLUMN nuvopipe.queue_depth.next_at IS 'When the first of those that are not due will be.';
COMMENT ON COLUMN nuvopipe.queue_depth.waits_for IS 'PIPELINE: for its own running executions, see slots; ORGANIZATION: for those of its organization, see nuvopipe.max_runs_per_tenant; HOST: for those that reach the same host, see nuvopipe.max_runs_per_host; WORKER: all of nuvopipe.max_workers have work; NOBODY: there are no workers; START: it is about to begin; if none is due, RETRY: for the next attempt, TIME: for the time it was queued for.';

CREATE OR REPLACE VIEW nuvopipe.throughput WITH (security_barrier) AS
	SELECT b.bucket, w.at, w.pipeline_id AS pipeline, p.name AS pipeline_name, w.executions, w.succeeded, w.failed, w.canceled,
			w.rows_read, w.rows_written, w.rows_rejected, w.input_bytes, w.output_bytes,
			pg_catalog.round(w.rows_read / nullif(w.busy_ms, 0) * 1000) AS rows_per_second, w.duration_p50, w.duration_p95
		FROM (VALUES ('hour', interval '23 hours'), ('day', interval '6 days')) b (bucket, span)
			CROSS JOIN LATERAL (
				SELECT e.pipeline_id, e.owner_id, e.owner_role, pg_catalog.date_trunc(b.bucket, e.finished_at, 'UTC') AS at,
						pg_catalog.count(*) AS executions,
						pg_catalog.count(*) FILTER (WHERE e.status = 'SUCCEEDED') AS succeeded,
						pg_catalog.count(*) FILTER (WHERE e.status = 'FAILED') AS failed,
						pg_catalog.count(*) FILTER (WHERE e.status = 'CANCELED') AS canceled,
						coalesce(pg_catalog.sum(a.rows_read), 0) AS rows_read, coalesce(pg_catalog.sum(a.rows_written), 0) AS rows_written,
						coalesce(pg_catalog.sum(a.rows_rejected), 0) AS rows_rejected,
						coalesce(pg_catalog.sum(a.input_bytes), 0) AS input_bytes, coalesce(pg_catalog.sum(a.output_bytes), 0) AS output_bytes,
						pg_catalog.sum(a.duration_ms) AS busy_ms,
						pg_catalog.round(pg_catalog.percentile_cont(0.5) WITHIN GROUP (ORDER BY a.duration_ms)) AS duration_p50,
						pg_catalog.round(pg_catalog.percentile_cont(0.95) WITHIN GROUP (ORDER BY a.duration_ms)) AS duration_p95
					FROM _nuvopipe.execution e
						LEFT JOIN _nuvopipe.execution_attempt a
							ON a.tenant_id = e.tenant_id AND a.execution_id = e.id AND a.attempt = e.attempts
					WHERE e.tenant_id = (SELECT _nuvopipe.tenant())
						AND e.finished_at >= pg_catalog.date_trunc(b.bucket, pg_catalog.statement_timestamp() - b.span, 'UTC')
					GROUP BY 1, 2, 3, 4) w
			LEFT JOIN _nuvopipe.pipeline p ON p.id = w.pipeline_id
		WHERE _nuvopipe.can('read', 'execution', w.owner_id, w.owner_role);
COMMENT ON VIEW nuvopipe.throughput IS 'What the caller''s pipelines got done, by the time executions ended: the last 24 hours by hour, the last 7 days by day. Counts are of last attempts. Filter by bucket.';
COMMENT ON COLUMN nuvopipe.throughput.bucket IS 'hour or day.';
COMMENT ON COLUMN nuvopipe.throughput.at IS 'Its beginning; days are those of UTC.';
COMMENT ON COLUMN nuvopipe.throughput.rows_per_second IS 'Rows read for each second of running.';
COMMENT ON COLUMN nuvopipe.throughput.duration_p50 IS 'Milliseconds that half of the executions stayed below.';
COMMENT ON COLUMN nuvopipe.throughput.duration_p95 IS 'Milliseconds that 95 of 100 executions stayed below.';

CREATE OR REPLACE VIEW nuvopipe.failure_rate WITH (security_barrier) AS
	SELECT b.period, w.pipeline_id AS pipeline, p.name AS pipeline_name, pg_catalog.sum(w.n) AS executions,
			coalesce(pg_catalog.sum(w.n) FILTER (WHERE w.reason IS NOT NULL), 0) AS failed,
			pg_catalog.round(100 * coalesce(pg_catalog.sum(w.n) FILTER (WHERE w.reason IS NOT NULL), 0) / pg_catalog.sum(w.n), 1) AS rate,
			coalesce(pg_catalog.jsonb_object_agg(w.reason, w.n) FILTER (WHERE w.reason IS NOT NULL), '{}') AS reasons
		FROM (VALUES ('hour', interval '1 hour'), ('day', interval '1 day'), ('week', interval '7 days')) b (period, span)
			CROSS JOIN LATERAL (
				SELECT e.pipeline_id, e.owner_id, e.owner_role,
						CASE WHEN e.status = 'FAILED' THEN coalesce(e.error_type, e.error_sqlstate, 'UNKNOWN') END AS reason,
						pg_catalog.count(*) AS n
					FROM _nuvopipe.execution e
					WHERE e.tenant_id = (SELECT _nuvopipe.tenant()) AND e.finished_at >= pg_catalog.statement_timestamp() - b.span
						AND e.status IN ('SUCCEEDED', 'FAILED')
					GROUP BY 1, 2, 3, 4) w
			LEFT JOIN _nuvopipe.pipeline p ON p.id = w.pipeline_id
		WHERE _nuvopipe.can('read', 'execution', w.owner_id, w.owner_role)
		GROUP BY 1, 2, 3;
COMMENT ON VIEW nuvopipe.failure_rate IS 'How many of the executions that ended in the last hour, day and week have failed, by pipeline; what was canceled does not count. Filter by period.';
COMMENT ON COLUMN nuvopipe.failure_rate.period IS 'hour, day or week: the last 60 minutes, 24 hours or 7 days.';
COMMENT ON COLUMN nuvopipe.failure_rate.executions IS 'That succeeded or failed.';
COMMENT ON COLUMN nuvopipe.failure_rate.rate IS 'Percentage that failed.';
COMMENT ON COLUMN nuvopipe.failure_rate.reasons IS 'How many failed for each error type, or SQLSTATE where there is no type.';
