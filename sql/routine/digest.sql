
/*
 * Counting what ended, so that numbers outlive the rows they were made of.
 *
 * Where an attempt or an execution ends, tell_state notes it in uncounted;
 * maintenance adds what is noted to the tally, which metrics are made of, and
 * adds executions that go by policy to the digest of their day, which statistics
 * are made of, together with those that are still there.
 *
 * Durations are kept as a spread: how many were below 1, 2, 5, 10 ... ms, with
 * the bounds of the histogram in the metrics among them.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.spread_bounds() RETURNS bigint[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT '{1,2,5,10,20,50,100,200,500,1000,2000,5000,10000,15000,30000,60000,120000,300000,600000,900000,1800000,3600000,7200000,14400000,43200000,86400000}'::bigint[];
END;

CREATE OR REPLACE FUNCTION _nuvopipe.add_duration(spread bigint[], ms bigint) RETURNS bigint[]
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	bounds constant bigint[] := _nuvopipe.spread_bounds();
	class int := width_bucket(ms, bounds) + 1;
BEGIN
	spread := coalesce(spread, array_fill(0::bigint, ARRAY[cardinality(bounds) + 1]));
	IF class IS NOT NULL THEN
		spread[class] := spread[class] + 1;
	END IF;
	RETURN spread;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.add_spread(spread bigint[], other bigint[]) RETURNS bigint[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE WHEN spread IS NULL THEN other WHEN other IS NULL THEN spread ELSE
		ARRAY(SELECT u.a + u.b FROM unnest(spread, other) WITH ORDINALITY u (a, b, n) ORDER BY u.n) END;
$$;

CREATE OR REPLACE AGGREGATE _nuvopipe.spread_of(bigint) (SFUNC = _nuvopipe.add_duration, STYPE = bigint[]);
CREATE OR REPLACE AGGREGATE _nuvopipe.spread_sum(bigint[]) (SFUNC = _nuvopipe.add_spread, STYPE = bigint[]);

-- The duration that a fraction of a spread stayed below, as if those of a class lay evenly in it; null: there are none.
CREATE OR REPLACE FUNCTION _nuvopipe.spread_quantile(spread bigint[], fraction float8) RETURNS float8
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	bounds constant bigint[] := _nuvopipe.spread_bounds();
	left_over float8 := fraction * (SELECT sum(n) FROM unnest(spread) n);
	low bigint := 0;
BEGIN
	FOR class IN 1 .. cardinality(bounds) LOOP
		IF spread[class] > 0 AND left_over <= spread[class] THEN
			RETURN low + (bounds[class] - low) * left_over / spread[class];
		END IF;
		left_over := left_over - spread[class];
		low := bounds[class];
	END LOOP;
	RETURN CASE WHEN left_over IS NOT NULL THEN low END;
END
$$;

-- What is noted, as the tally would have it.
CREATE OR REPLACE VIEW _nuvopipe.uncounted_tally AS
	SELECT u.tenant_id, e.pipeline_id, e.owner_id, e.owner_role,
			(u.status IS NOT DISTINCT FROM 'SUCCEEDED')::int AS succeeded, (u.status IS NOT DISTINCT FROM 'FAILED')::int AS failed,
			(u.status IS NOT DISTINCT FROM 'CANCELED')::int AS canceled, (u.attempt IS NOT NULL)::int AS attempts,
			coalesce(a.rows_read, 0) AS rows_read, coalesce(a.rows_written, 0) AS rows_written, coalesce(a.rows_rejected, 0) AS rows_rejected,
			coalesce(a.total_cells, 0) AS cells, coalesce(a.total_error_cells, 0) AS error_cells,
			coalesce(a.input_bytes, 0) AS input_bytes, coalesce(a.output_bytes, 0) AS output_bytes, a.duration_ms, u.execution_id, u.id
		FROM _nuvopipe.uncounted u
			JOIN _nuvopipe.execution e ON e.tenant_id = u.tenant_id AND e.id = u.execution_id
			LEFT JOIN _nuvopipe.execution_attempt a ON a.tenant_id = u.tenant_id AND a.execution_id = u.execution_id AND a.attempt = u.attempt;

-- Counts what is noted about some executions.
CREATE OR REPLACE FUNCTION _nuvopipe.count_executions(tenant uuid, executions uuid[]) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	-- those of now: one more may come meanwhile.  Who else counts them waits, and finds nothing.
	ids uuid[] := ARRAY(SELECT u.id FROM _nuvopipe.uncounted u WHERE u.tenant_id = tenant AND u.execution_id = ANY (executions)
		ORDER BY u.execution_id, u.id FOR UPDATE);
BEGIN
	INSERT INTO _nuvopipe.tally AS t (tenant_id, pipeline_id, owner_id, owner_role, succeeded, failed, canceled, attempts,
			rows_read, rows_written, rows_rejected, cells, error_cells, input_bytes, output_bytes, duration_ms, spread)
		SELECT tenant, u.pipeline_id, u.owner_id, u.owner_role, sum(u.succeeded), sum(u.failed), sum(u.canceled), sum(u.attempts),
				sum(u.rows_read), sum(u.rows_written), sum(u.rows_rejected), sum(u.cells), sum(u.error_cells),
				sum(u.input_bytes), sum(u.output_bytes), coalesce(sum(u.duration_ms), 0), _nuvopipe.spread_of(u.duration_ms)
			FROM _nuvopipe.uncounted_tally u
			WHERE u.tenant_id = tenant AND u.execution_id = ANY (executions) AND u.id = ANY (ids)
			GROUP BY 2, 3, 4 ORDER BY 2, 3, 4
		ON CONFLICT (tenant_id, pipeline_id, owner_id, owner_role) DO UPDATE SET
			succeeded = t.succeeded + excluded.succeeded, failed = t.failed + excluded.failed, canceled = t.canceled + excluded.canceled,
			attempts = t.attempts + excluded.attempts, rows_read = t.rows_read + excluded.rows_read,
			rows_written = t.rows_written + excluded.rows_written, rows_rejected = t.rows_rejected + excluded.rows_rejected,
			cells = t.cells + excluded.cells, error_cells = t.error_cells + excluded.error_cells,
			input_bytes = t.input_bytes + excluded.input_bytes, output_bytes = t.output_bytes + excluded.output_bytes,
			duration_ms = t.duration_ms + excluded.duration_ms, spread = _nuvopipe.add_spread(t.spread, excluded.spread);
	DELETE FROM _nuvopipe.uncounted u WHERE u.tenant_id = tenant AND u.execution_id = ANY (executions) AND u.id = ANY (ids);
END
$$;

-- Counts a portion of what is noted; returns how many executions that was.
CREATE OR REPLACE FUNCTION _nuvopipe.count_portion(portion int DEFAULT 500) RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	noted record;
	n int := 0;
BEGIN
	FOR noted IN SELECT u.tenant_id, array_agg(DISTINCT u.execution_id) AS executions
			FROM (SELECT x.tenant_id, x.execution_id FROM _nuvopipe.uncounted x LIMIT portion) u GROUP BY 1 LOOP
		PERFORM _nuvopipe.count_executions(noted.tenant_id, noted.executions);
		n := n + cardinality(noted.executions);
	END LOOP;
	RETURN n;
END
$$;

-- Adds executions to the digests of their days; they are locked, and will be removed.
CREATE OR REPLACE FUNCTION _nuvopipe.digest_executions(tenant uuid, executions uuid[]) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	INSERT INTO _nuvopipe.digest AS d (tenant_id, day, pipeline_id, owner_id, owner_role, succeeded, failed, canceled,
			rows, rows_read, rows_written, rows_rejected, error_cells, input_bytes, output_bytes, duration_ms, spread)
		SELECT tenant, (e.created_at AT TIME ZONE 'UTC')::date, e.pipeline_id, e.owner_id, e.owner_role,
				count(*) FILTER (WHERE e.status = 'SUCCEEDED'), count(*) FILTER (WHERE e.status = 'FAILED'), count(*) FILTER (WHERE e.status = 'CANCELED'),
				coalesce(sum(a.total_rows), 0), coalesce(sum(a.rows_read), 0), coalesce(sum(a.rows_written), 0), coalesce(sum(a.rows_rejected), 0),
				coalesce(sum(a.total_error_cells), 0), coalesce(sum(a.input_bytes), 0), coalesce(sum(a.output_bytes), 0),
				coalesce(sum(a.duration_ms), 0), _nuvopipe.spread_of(a.duration_ms)
			FROM _nuvopipe.execution e
				LEFT JOIN _nuvopipe.execution_attempt a ON a.tenant_id = e.tenant_id AND a.execution_id = e.id AND a.attempt = e.attempts
			WHERE e.tenant_id = tenant AND e.id = ANY (executions)
			GROUP BY 2, 3, 4, 5 ORDER BY 2, 3, 4, 5
		ON CONFLICT (tenant_id, day, pipeline_id, owner_id, owner_role) DO UPDATE SET
			succeeded = d.succeeded + excluded.succeeded, failed = d.failed + excluded.failed, canceled = d.canceled + excluded.canceled,
			rows = d.rows + excluded.rows, rows_read = d.rows_read + excluded.rows_read, rows_written = d.rows_written + excluded.rows_written,
			rows_rejected = d.rows_rejected + excluded.rows_rejected, error_cells = d.error_cells + excluded.error_cells,
			input_bytes = d.input_bytes + excluded.input_bytes, output_bytes = d.output_bytes + excluded.output_bytes,
			duration_ms = d.duration_ms + excluded.duration_ms, spread = _nuvopipe.add_spread(d.spread, excluded.spread);
END
$$;

-- Tallies of pipelines that are deleted become one of each owner.
CREATE OR REPLACE FUNCTION _nuvopipe.merge_tallies(portion int DEFAULT 200) RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	nil constant uuid := '00000000-0000-0000-0000-000000000000';
	old _nuvopipe.tally;
	n int := 0;
BEGIN
	FOR old IN SELECT t.* FROM _nuvopipe.tally t
			WHERE t.pipeline_id <> nil AND NOT EXISTS (SELECT FROM _nuvopipe.pipeline p WHERE p.id = t.pipeline_id)
				-- what is still noted would begin another
				AND NOT EXISTS (SELECT FROM _nuvopipe.execution e WHERE e.tenant_id = t.tenant_id AND e.pipeline_id = t.pipeline_id)
			ORDER BY t.tenant_id, t.pipeline_id, t.owner_id, t.owner_role LIMIT portion FOR UPDATE LOOP
		DELETE FROM _nuvopipe.tally t WHERE t.tenant_id = old.tenant_id AND t.pipeline_id = old.pipeline_id
			AND t.owner_id = old.owner_id AND t.owner_role = old.owner_role;
		old.pipeline_id := nil;
		INSERT INTO _nuvopipe.tally AS t SELECT old.*
			ON CONFLICT (tenant_id, pipeline_id, owner_id, owner_role) DO UPDATE SET
				succeeded = t.succeeded + excluded.succeeded, failed = t.failed + excluded.failed, canceled = t.canceled + excluded.canceled,
				attempts = t.attempts + excluded.attempts, rows_read = t.rows_read + excluded.rows_read,
				rows_written = t.rows_written + excluded.rows_written, rows_rejected = t.rows_rejected + excluded.rows_rejected,
				cells = t.cells + excluded.cells, error_cells = t.error_cells + excluded.error_cells,
				input_bytes = t.input_bytes + excluded.input_bytes, output_bytes = t.output_bytes + excluded.output_bytes,
				duration_ms = t.duration_ms + excluded.duration_ms, spread = _nuvopipe.add_spread(t.spread, excluded.spread);
		n := n + 1;
	END LOOP;
	RETURN n;
END
$$;
