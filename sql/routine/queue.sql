
/*
 * Which execution comes next.
 *
 * The order: organizations take turns, those with fewer runs first.  Within one
 * the higher priority comes first; of equal ones pipelines take turns, those
 * with fewer runs first; within a pipeline whatever has waited longest.  Nothing
 * is taken where a limit is reached: slots of the pipeline, runs of the
 * organization, runs that reach the same host.
 *
 * The queue is never read as a whole.  execution_queue_idx has what waits by
 * pipeline, priority and age, and is skipped through: one look for each pipeline
 * and priority, however many executions wait behind the first.
 */

/*
 * The first of each pipeline and priority that waits.  free: how many of the
 * pipeline may begin now, 0 also where the organization or a host is at its
 * limit; null where the pipeline is gone.  per_tenant, per_host: limits, 0 = none.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.queue_heads(per_tenant int, per_host int)
	RETURNS TABLE (tenant_id uuid, pipeline_id uuid, priority int, available_at timestamptz, id uuid,
		slots int, tenant_limit int, free int, pipeline_runs int, tenant_runs int)
	LANGUAGE plpgsql STABLE ROWS 100
	SET search_path = pg_catalog, pg_temp
	-- a plan that was made when the queue was short must serve a long one
	SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH RECURSIVE head AS (
		(SELECT e.tenant_id, e.pipeline_id, e.priority, e.available_at, e.id, e.hosts
			FROM _nuvopipe.execution e
			WHERE e.status = 'QUEUED'
			ORDER BY e.tenant_id, e.pipeline_id, e.priority, e.available_at, e.id LIMIT 1)
		UNION ALL
		SELECT n.*
			FROM head h CROSS JOIN LATERAL (
				SELECT e.tenant_id, e.pipeline_id, e.priority, e.available_at, e.id, e.hosts
					FROM _nuvopipe.execution e
					WHERE e.status = 'QUEUED' AND (e.tenant_id, e.pipeline_id, e.priority) > (h.tenant_id, h.pipeline_id, h.priority)
					ORDER BY e.tenant_id, e.pipeline_id, e.priority, e.available_at, e.id LIMIT 1) n
	), running AS MATERIALIZED (
		SELECT e.tenant_id, e.pipeline_id, e.hosts, e.worker_pid FROM _nuvopipe.execution e WHERE e.status = 'RUNNING'
	), of_pipeline AS MATERIALIZED (
		SELECT r.pipeline_id, count(DISTINCT r.worker_pid)::int AS runs FROM running r GROUP BY 1	-- a process runs one at a time
	), of_tenant AS MATERIALIZED (
		SELECT r.tenant_id, count(DISTINCT r.worker_pid)::int AS runs FROM running r GROUP BY 1
	), full_host AS MATERIALIZED (
		SELECT array_agg(x.name) AS names
			FROM (SELECT n.name FROM running r, unnest(r.hosts) n(name) GROUP BY 1 HAVING count(*) >= per_host AND per_host > 0) x
	)
	SELECT h.tenant_id, h.pipeline_id, h.priority, h.available_at, h.id, p.slots, l.tenant_limit,
			CASE WHEN h.hosts && f.names THEN 0
				ELSE least(p.slots - coalesce(a.runs, 0), CASE WHEN l.tenant_limit > 0 THEN l.tenant_limit - coalesce(b.runs, 0) END) END,
			coalesce(a.runs, 0), coalesce(b.runs, 0)
		FROM head h
			LEFT JOIN _nuvopipe.pipeline p ON p.id = h.pipeline_id
			LEFT JOIN _nuvopipe.organization g ON g.id = h.tenant_id
			CROSS JOIN LATERAL (SELECT coalesce(g.max_runs, per_tenant) AS tenant_limit) l
			LEFT JOIN of_pipeline a ON a.pipeline_id = h.pipeline_id
			LEFT JOIN of_tenant b ON b.tenant_id = h.tenant_id
			CROSS JOIN full_host f;
END
$$;

/*
 * Up to n executions that may begin now, in their order.  It is a hint: each is
 * claimed by itself, and looked at again.  after_tenant, after_pipeline: of the
 * last that was claimed, whose turn is over.  at_once: it could run beside all
 * that stand before it, limits of hosts aside.
 *
 * There may be more than are listed, so those of lower priority are left out;
 * unless any_priority is asked for, where none of the higher could be claimed.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.queue_list(per_tenant int, per_host int, after_tenant uuid, after_pipeline uuid, n int,
		any_priority boolean DEFAULT false)
	RETURNS TABLE (tenant_id uuid, id uuid, pipeline_id uuid, slots int, tenant_limit int, at_once boolean)
	LANGUAGE plpgsql STABLE ROWS 100
	SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
#variable_conflict use_column
DECLARE
	moment timestamptz := clock_timestamp();
BEGIN
	RETURN QUERY
	WITH ready AS (
		SELECT h.*, max(h.priority) OVER (PARTITION BY h.tenant_id) AS highest
			FROM _nuvopipe.queue_heads(per_tenant, per_host) h WHERE h.free > 0 AND h.available_at <= moment
	), head AS MATERIALIZED (
		SELECT r.*, greatest(n / count(*) OVER (), 1) AS depth FROM ready r WHERE r.priority = r.highest OR any_priority
	), waiting AS (
		SELECT h.tenant_id, h.id, h.pipeline_id, h.slots, h.tenant_limit, h.priority, h.pipeline_runs + 1 AS nth, h.tenant_runs FROM head h
		UNION ALL
		SELECT h.tenant_id, q.id, h.pipeline_id, h.slots, h.tenant_limit, h.priority,
				h.pipeline_runs + 1 + row_number() OVER (PARTITION BY h.pipeline_id, h.priority ORDER BY q.available_at, q.id), h.tenant_runs
			FROM head h CROSS JOIN LATERAL (
				SELECT e.available_at, e.id FROM _nuvopipe.execution e
					WHERE e.status = 'QUEUED' AND e.tenant_id = h.tenant_id AND e.pipeline_id = h.pipeline_id AND e.priority = h.priority
						AND e.available_at <= moment AND (e.available_at, e.id) > (h.available_at, h.id)
					ORDER BY e.available_at, e.id LIMIT h.depth - 1) q
			WHERE h.depth > 1
	), turn AS (
		SELECT w.*, w.tenant_runs + row_number() OVER (PARTITION BY w.tenant_id
				ORDER BY w.priority DESC, w.nth, w.pipeline_id > after_pipeline DESC NULLS LAST, w.pipeline_id) AS turn
			FROM waiting w
	)
	SELECT t.tenant_id, t.id, t.pipeline_id, t.slots, t.tenant_limit,
			t.nth <= t.slots AND (t.tenant_limit = 0 OR t.turn <= t.tenant_limit)
		FROM turn t
		ORDER BY t.turn, t.tenant_id > after_tenant DESC NULLS LAST, t.tenant_id LIMIT n;
END
$$;

/*
 * How many could begin now, counted up to n, and when the first of those
 * that wait for their time will; and whether there are some whose pipeline is gone.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.queue_due(per_tenant int, per_host int, n int, OUT due int, OUT next timestamptz, OUT orphans boolean)
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
DECLARE
	moment timestamptz := clock_timestamp();
	h record;
	more int;
BEGIN
	due := 0;
	orphans := false;
	FOR h IN SELECT * FROM _nuvopipe.queue_heads(per_tenant, per_host) LOOP
		IF h.slots IS NULL THEN
			orphans := true;
		ELSIF h.available_at > moment THEN
			next := least(next, h.available_at);
		ELSIF h.free > 0 AND due < n THEN
			more := 1;
			IF h.free > 1 THEN
				SELECT count(*) INTO more FROM (
					SELECT FROM _nuvopipe.execution e
						WHERE e.status = 'QUEUED' AND e.tenant_id = h.tenant_id AND e.pipeline_id = h.pipeline_id AND e.priority = h.priority
							AND e.available_at <= moment
						LIMIT least(h.free, n)) x;
			END IF;
			due := least(due + more, n);
		END IF;
	END LOOP;
END
$$;
