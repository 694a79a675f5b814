
/*
 * The API: numbers.  Metrics for Prometheus, statistics for charts.
 *
 * Both are about the executions of the caller's organisation that the caller may
 * see.  Metrics are about all that ever were: the tally of pipelines, and what is
 * not in it yet (routine/digest.sql), so they cost little and never fall.
 * Statistics are computed from the executions that are kept and the digests of
 * those that went.
 */

-- One metric in Prometheus' text format 0.0.4; a sample is [value, labels, suffix of the name], the last two optional.
CREATE OR REPLACE FUNCTION _nuvopipe.metric(name text, type text, help text, VARIADIC samples jsonb[]) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT format(E'# HELP nuvopipe_%s %s\n# TYPE nuvopipe_%s %s\n', name, help, name, type)
		|| coalesce(string_agg(format(E'nuvopipe_%s%s%s %s\n', name, s ->> 2,
			(SELECT '{' || string_agg(format('%s="%s"', l.key, replace(replace(replace(l.value, '\', '\\'), '"', '\"'), E'\n', '\n')), ','
				ORDER BY l.key) || '}' FROM jsonb_each_text(coalesce(nullif(s -> 1, 'null'), '{}')) l),
			s ->> 0), '' ORDER BY n), '')
		FROM unnest(samples) WITH ORDINALITY AS e (s, n);
END;

-- A sample with one label, or none.
CREATE OR REPLACE FUNCTION _nuvopipe.sample(value numeric, label text DEFAULT NULL, word text DEFAULT NULL, suffix text DEFAULT NULL) RETURNS jsonb
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_build_array(trim_scale(value), CASE WHEN label IS NOT NULL THEN jsonb_build_object(label, word) END, suffix);
END;

-- Executions and their attempts by state, and how long they took.
CREATE OR REPLACE FUNCTION _nuvopipe.execution_metrics(tenant uuid) RETURNS text
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	bound constant float8[] := '{1,5,15,60,300,900,3600,14400,Infinity}';
	n jsonb;
	t record;
	h jsonb[];
BEGIN
	SELECT jsonb_object_agg(c.status, c.n) INTO n FROM (
		SELECT g.status, sum(g.n) AS n FROM (
			SELECT e.owner_id, e.owner_role, e.status, count(*) AS n FROM _nuvopipe.execution e
				WHERE e.tenant_id = tenant AND e.status IN ('QUEUED', 'RUNNING') GROUP BY 1, 2, 3) g
		WHERE _nuvopipe.can('read', 'execution', g.owner_id, g.owner_role) GROUP BY g.status) c;
	-- who may see is asked once an owner
	WITH owned AS (
		SELECT y.owner_id, y.owner_role, sum(y.succeeded) AS succeeded, sum(y.failed) AS failed, sum(y.canceled) AS canceled, sum(y.attempts) AS attempts,
				sum(y.rows_read) AS rows_read, sum(y.rows_written) AS rows_written, sum(y.rows_rejected) AS rows_rejected, sum(y.cells) AS cells,
				sum(y.error_cells) AS error_cells, sum(y.input_bytes) AS input_bytes, sum(y.output_bytes) AS output_bytes,
				sum(y.duration_ms) AS ms, _nuvopipe.spread_sum(y.spread) AS spread
			FROM _nuvopipe.tally y WHERE y.tenant_id = tenant GROUP BY 1, 2
		UNION ALL
		SELECT u.owner_id, u.owner_role, sum(u.succeeded), sum(u.failed), sum(u.canceled), sum(u.attempts),
				sum(u.rows_read), sum(u.rows_written), sum(u.rows_rejected), sum(u.cells),
				sum(u.error_cells), sum(u.input_bytes), sum(u.output_bytes), sum(u.duration_ms), _nuvopipe.spread_of(u.duration_ms)
			FROM _nuvopipe.uncounted_tally u WHERE u.tenant_id = tenant GROUP BY 1, 2
	), total AS (
		SELECT sum(o.succeeded) AS succeeded, sum(o.failed) AS failed, sum(o.canceled) AS canceled,
				coalesce(sum(o.attempts), 0) + coalesce((n ->> 'RUNNING')::bigint, 0) AS attempts, coalesce(sum(o.rows_read), 0) AS rows_read,
				coalesce(sum(o.rows_written), 0) AS rows_written, coalesce(sum(o.rows_rejected), 0) AS rows_rejected,
				coalesce(sum(o.cells), 0) AS cells, coalesce(sum(o.error_cells), 0) AS error_cells, coalesce(sum(o.input_bytes), 0) AS input_bytes,
				coalesce(sum(o.output_bytes), 0) AS output_bytes, coalesce(sum(o.ms), 0) / 1000.0 AS seconds, _nuvopipe.spread_sum(o.spread) AS spread
			FROM owned o WHERE _nuvopipe.can('read', 'execution', o.owner_id, o.owner_role)
	)
	SELECT s.*, coalesce((SELECT sum(d) FROM unnest(s.spread) d), 0) AS ended,
			-- bounds of the histogram are bounds of the spread
			ARRAY(SELECT _nuvopipe.sample((SELECT coalesce(sum(d.n), 0) FROM unnest(s.spread) WITH ORDINALITY d (n, class)
					WHERE d.class <= width_bucket(l.le * 1000 - 1, _nuvopipe.spread_bounds()::float8[]) + 1), 'le', replace(l.le::text, 'Infinity', '+Inf'), '_bucket')
				FROM unnest(bound) l (le) ORDER BY l.le) AS buckets
		INTO t FROM total s;
	n := coalesce(n, '{}') || jsonb_build_object('SUCCEEDED', t.succeeded, 'FAILED', t.failed, 'CANCELED', t.canceled);
	h := t.buckets || _nuvopipe.sample(t.seconds, suffix => '_sum') || _nuvopipe.sample(t.ended, suffix => '_count');
	RETURN _nuvopipe.metric('executions', 'gauge', 'Executions by state; of those that ended, all that ever were.', VARIADIC ARRAY(
			SELECT _nuvopipe.sample(coalesce((n ->> s)::numeric, 0), 'state', s)
				FROM unnest(ARRAY['QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED']) s))
		|| _nuvopipe.metric('attempts_total', 'counter', 'Attempts of executions.', _nuvopipe.sample(t.attempts))
		|| _nuvopipe.metric('rows_total', 'counter', 'Data rows by what became of them.', _nuvopipe.sample(t.rows_read, 'kind', 'read'),
			_nuvopipe.sample(t.rows_written, 'kind', 'written'), _nuvopipe.sample(t.rows_rejected, 'kind', 'rejected'))
		|| _nuvopipe.metric('cells_total', 'counter', 'Cells of output rows.', _nuvopipe.sample(t.cells))
		|| _nuvopipe.metric('error_cells_total', 'counter', 'Cells with an error.', _nuvopipe.sample(t.error_cells))
		|| _nuvopipe.metric('bytes_total', 'counter', 'Bytes read and written.', _nuvopipe.sample(t.input_bytes, 'direction', 'input'),
			_nuvopipe.sample(t.output_bytes, 'direction', 'output'))
		|| _nuvopipe.metric('attempt_duration_seconds', 'histogram', 'How long attempts took.', VARIADIC h);
END
$$;

-- What waits: executions that could run now, deliveries to webhooks; and who serves them.
CREATE OR REPLACE FUNCTION _nuvopipe.queue_metrics(tenant uuid) RETURNS text
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	moment constant timestamptz := clock_timestamp();
	q record;
	o record;
BEGIN
	SELECT count(*) AS depth, count(*) FILTER (WHERE e.available_at <= moment) AS due,
			coalesce(extract(epoch FROM moment - min(e.available_at) FILTER (WHERE e.available_at <= moment)), 0) AS oldest
		INTO q FROM _nuvopipe.execution e
		WHERE e.tenant_id = tenant AND e.status = 'QUEUED' AND _nuvopipe.can('read', 'execution', e.owner_id, e.owner_role);
	SELECT count(*) FILTER (WHERE d.status = 'PENDING') AS pending, count(*) FILTER (WHERE d.status = 'DELIVERED') AS delivered,
			count(*) FILTER (WHERE d.status = 'DEAD') AS dead,
			coalesce(extract(epoch FROM moment - min(d.created_at) FILTER (WHERE d.status = 'PENDING')), 0) AS oldest
		INTO o FROM _nuvopipe.outbox d
			JOIN _nuvopipe.webhook w ON w.tenant_id = d.tenant_id AND w.id = d.webhook_id
			JOIN _nuvopipe.owner p ON p.id = w.owner_id
		WHERE d.tenant_id = tenant AND _nuvopipe.can('read', 'webhook', w.owner_id, p.role);
	RETURN _nuvopipe.metric('queue_depth', 'gauge', 'Executions that wait.', _nuvopipe.sample(q.due, 'state', 'due'),
			_nuvopipe.sample(q.depth - q.due, 'state', 'later'))
		|| _nuvopipe.metric('queue_oldest_seconds', 'gauge', 'How long the oldest execution that could run has waited.', _nuvopipe.sample(q.oldest))
		|| _nuvopipe.metric('outbox', 'gauge', 'Deliveries to webhooks by state.', _nuvopipe.sample(o.pending, 'state', 'PENDING'),
			_nuvopipe.sample(o.delivered, 'state', 'DELIVERED'), _nuvopipe.sample(o.dead, 'state', 'DEAD'))
		|| _nuvopipe.metric('outbox_oldest_seconds', 'gauge', 'Age of the oldest delivery that waits.', _nuvopipe.sample(o.oldest))
		|| _nuvopipe.metric('webhooks', 'gauge', 'Webhooks by state.', VARIADIC ARRAY(
			SELECT _nuvopipe.sample(count(*), 'state', w.state)
				FROM (SELECT CASE WHEN h.status = 'ACTIVE' AND h.failures > 0 THEN 'FAILING' ELSE h.status END AS state FROM nuvopipe.webhooks h) w
				GROUP BY w.state ORDER BY w.state))
		|| _nuvopipe.metric('workers', 'gauge', 'Processes that serve the database.', VARIADIC ARRAY(
			SELECT jsonb_build_array(count(*), jsonb_build_object('kind', w.kind, 'state', w.state))
				FROM (SELECT x.kind, CASE WHEN x.kind IN ('runner', 'sender') AND x.idle THEN 'idle' ELSE 'busy' END AS state FROM nuvopipe.workers x
					-- who is busy for others is not for a tenant to know
					WHERE _nuvopipe.token_principal() IS NULL OR x.execution IS NOT NULL) w
				GROUP BY w.kind, w.state ORDER BY w.kind, w.state));
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.metrics(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	tenant uuid := _nuvopipe.tenant();
BEGIN
	PERFORM _nuvopipe.require_right('read', 'metrics');
	PERFORM _nuvopipe.require_right('read', 'execution');
	RETURN to_jsonb(_nuvopipe.execution_metrics(tenant) || _nuvopipe.queue_metrics(tenant) || _nuvopipe.alert_metrics());
END
$$;
COMMENT ON FUNCTION nuvopipe_api.metrics IS
'GET /metrics: numbers of the organization in Prometheus'' text format 0.0.4. For tokens of users with the right execution.read; a scraper sends one as Authorization.';

/* ---- statistics ---- */

-- The pipelines that a filter names; null: all.  {"pipeline": id}, or "in" for several.
CREATE OR REPLACE FUNCTION _nuvopipe.filtered_pipelines(filters jsonb) RETURNS uuid[]
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	condition jsonb := filters #> '{and,0}';
BEGIN
	IF filters IS NULL OR filters = '{}' OR filters = '{"and": []}' THEN
		RETURN NULL;
	END IF;
	IF jsonb_array_length(filters -> 'and') <> 1 OR condition ->> 'field' IS DISTINCT FROM 'pipeline' OR condition ->> 'op' NOT IN ('eq', 'in') THEN
		PERFORM _nuvopipe.fault('filters', 'only {"pipeline": id} is known here');
	END IF;
	RETURN ARRAY(SELECT _nuvopipe.pipeline_id(v) FROM jsonb_array_elements_text(
		CASE jsonb_typeof(condition -> 'value') WHEN 'array' THEN condition -> 'value' ELSE jsonb_build_array(condition -> 'value') END) v);
END
$$;

-- The time that statistics are about: the last seven days unless from and to say otherwise.
CREATE OR REPLACE FUNCTION _nuvopipe.statistics_range(args jsonb, OUT since timestamptz, OUT until timestamptz)
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	until := coalesce(_nuvopipe.check_time(args -> 'to', 'to'), clock_timestamp());
	since := coalesce(_nuvopipe.check_time(args -> 'from', 'from'), until - interval '7 days');
	IF since >= until THEN
		PERFORM _nuvopipe.fault('from', 'must be before "to"');
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.execution_statistics(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	tenant uuid := _nuvopipe.tenant();
	zone text := coalesce(nullif(args ->> 'time_zone', ''), 'UTC');
	bucket text := coalesce(nullif(args ->> 'bucket', ''), 'day');
	span record;
	pipelines uuid[];
	width interval;
BEGIN
	PERFORM _nuvopipe.require_right('read', 'execution');
	PERFORM _nuvopipe.expect_word(to_jsonb(bucket), 'bucket', ARRAY['hour', 'day', 'week']);
	IF NOT EXISTS (SELECT FROM pg_timezone_names z WHERE z.name = zone) THEN
		PERFORM _nuvopipe.fault('time_zone', format('unknown time zone "%s"', zone), 'Names are those of IANA, such as Europe/Berlin.');
	END IF;
	SELECT * INTO span FROM _nuvopipe.statistics_range(args);
	pipelines := _nuvopipe.filtered_pipelines(args -> 'filters');
	width := ('1 ' || bucket)::interval;
	IF extract(epoch FROM span.until - span.since) / extract(epoch FROM width) > 1000 THEN
		PERFORM _nuvopipe.fault('bucket', 'would give more than 1000 buckets', 'Ask for a shorter time or larger buckets.');
	END IF;
	-- days begin at midnight of the zone, so they are counted there; hours are all alike and counted in UTC
	RETURN jsonb_build_object('data', coalesce((
		WITH gone AS (
			SELECT date_trunc(bucket, g.noon, zone) AS at, sum(g.succeeded) AS successful, sum(g.failed) AS failed, sum(g.canceled) AS canceled,
					sum(g.rows) AS rows, sum(g.error_cells) AS error_cells, _nuvopipe.spread_sum(g.spread) AS spread
				FROM (SELECT d.*, (d.day + time '12:00') AT TIME ZONE 'UTC' AS noon FROM _nuvopipe.digest d
						WHERE d.tenant_id = tenant AND d.day BETWEEN (span.since AT TIME ZONE 'UTC')::date AND (span.until AT TIME ZONE 'UTC')::date) g
				WHERE g.noon >= span.since AND g.noon < span.until
					AND (pipelines IS NULL OR g.pipeline_id = ANY (pipelines))
					AND _nuvopipe.can('read', 'execution', g.owner_id, g.owner_role)
				GROUP BY 1
		), live AS (
			SELECT date_trunc(bucket, e.created_at, zone) AS at, count(*) AS total, count(*) FILTER (WHERE e.status = 'SUCCEEDED') AS successful,
					count(*) FILTER (WHERE e.status = 'FAILED') AS failed, count(*) FILTER (WHERE e.status = 'CANCELED') AS canceled,
					count(*) FILTER (WHERE e.status IN ('QUEUED', 'RUNNING')) AS processing,
					coalesce(sum(a.total_rows), 0) AS rows, coalesce(sum(a.total_error_cells), 0) AS error_cells,
					percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY a.duration_ms) AS p,
					-- wanted only where something went
					_nuvopipe.spread_of(a.duration_ms) FILTER (WHERE date_trunc(bucket, e.created_at, zone) IN (SELECT g.at FROM gone g)) AS spread
				FROM _nuvopipe.execution e
					LEFT JOIN _nuvopipe.execution_attempt a ON a.tenant_id = e.tenant_id AND a.execution_id = e.id AND a.attempt = e.attempts
				WHERE e.tenant_id = tenant AND e.created_at >= span.since AND e.created_at < span.until
					AND (pipelines IS NULL OR e.pipeline_id = ANY (pipelines))
					AND _nuvopipe.can('read', 'execution', e.owner_id, e.owner_role)
				GROUP BY 1
		), series AS (
			SELECT CASE bucket WHEN 'hour' THEN s AT TIME ZONE 'UTC' ELSE s AT TIME ZONE zone END AS at
				FROM generate_series(date_trunc(bucket, span.since, zone) AT TIME ZONE CASE bucket WHEN 'hour' THEN 'UTC' ELSE zone END,
					span.until AT TIME ZONE CASE bucket WHEN 'hour' THEN 'UTC' ELSE zone END, width) s
		)
		SELECT jsonb_agg(jsonb_build_object('from', _nuvopipe.instant(r.at), 'total', r.total, 'successful', r.successful, 'failed', r.failed,
				'canceled', r.canceled, 'processing', r.processing, 'rows', r.rows, 'error_cells', r.error_cells,
				'duration_p50', r.p50, 'duration_p95', r.p95) ORDER BY r.at)
			FROM (
				SELECT s.at, coalesce(l.total, 0) + coalesce(g.successful + g.failed + g.canceled, 0) AS total,
						coalesce(l.successful, 0) + coalesce(g.successful, 0) AS successful, coalesce(l.failed, 0) + coalesce(g.failed, 0) AS failed,
						coalesce(l.canceled, 0) + coalesce(g.canceled, 0) AS canceled, coalesce(l.processing, 0) AS processing,
						coalesce(l.rows, 0) + coalesce(g.rows, 0) AS rows, coalesce(l.error_cells, 0) + coalesce(g.error_cells, 0) AS error_cells,
						-- exact, as long as all are there
						round(CASE WHEN g.at IS NULL THEN l.p[1] ELSE q.p50 END) AS p50, round(CASE WHEN g.at IS NULL THEN l.p[2] ELSE q.p95 END) AS p95
					FROM series s LEFT JOIN live l ON l.at = s.at LEFT JOIN gone g ON g.at = s.at
						CROSS JOIN LATERAL (SELECT _nuvopipe.spread_quantile(_nuvopipe.add_spread(l.spread, g.spread), 0.5) AS p50,
							_nuvopipe.spread_quantile(_nuvopipe.add_spread(l.spread, g.spread), 0.95) AS p95) q
					WHERE s.at < span.until) r), '[]'));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.execution_statistics IS
'GET /execution/statistics: executions by the time they were created. from, to: default the last seven days; bucket: hour, day or week, beginning in time_zone; filters: {"pipeline": id}. Durations in milliseconds, null where none has ended. Executions that are no longer kept count at noon UTC of the day on which they were created, and their durations are estimates.';

CREATE OR REPLACE FUNCTION nuvopipe_api.issue_statistics(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	max_issues constant bigint := 2000000;
	args jsonb := $1;
	tenant uuid := _nuvopipe.tenant();
	grouping_by text := coalesce(nullif(args ->> 'by', ''), 'both');
	span record;
	pipelines uuid[];
BEGIN
	PERFORM _nuvopipe.require_right('read', 'execution');
	PERFORM _nuvopipe.expect_word(to_jsonb(grouping_by), 'by', ARRAY['column', 'code', 'both']);
	SELECT * INTO span FROM _nuvopipe.statistics_range(args);
	pipelines := _nuvopipe.filtered_pipelines(args -> 'filters');
	-- of the last attempts; issues are packed, so they are looked at one by one: the newest executions first, until it is enough
	RETURN (
		WITH asked AS (
			SELECT e.id, e.attempts, sum(p.n) OVER (ORDER BY e.created_at DESC, e.id DESC) AS upto
				FROM _nuvopipe.execution e
					CROSS JOIN LATERAL (SELECT sum(i.issues) AS n FROM _nuvopipe.issue i
						WHERE i.tenant_id = e.tenant_id AND i.execution_id = e.id AND i.attempt = e.attempts AND i.seq > 0) p
				WHERE e.tenant_id = tenant AND e.created_at >= span.since AND e.created_at < span.until
					AND (pipelines IS NULL OR e.pipeline_id = ANY (pipelines)) AND p.n > 0
					AND _nuvopipe.can('read', 'execution', e.owner_id, e.owner_role)
		), counted AS (
			SELECT CASE WHEN grouping_by <> 'code' THEN u.column_key END AS column_key, CASE WHEN grouping_by <> 'column' THEN u.code END AS code,
					count(u.row_no) AS cells, count(DISTINCT a.id) AS executions
				FROM asked a
					JOIN _nuvopipe.issue p ON p.tenant_id = tenant AND p.execution_id = a.id AND p.attempt = a.attempts AND p.seq > 0
					JOIN _nuvopipe.issue n ON n.tenant_id = tenant AND n.execution_id = a.id AND n.attempt = a.attempts AND n.seq = 0
					CROSS JOIN LATERAL _nuvopipe.unpack_issues(n.data, p.seq, p.data, false) u
				WHERE a.upto <= max_issues
				GROUP BY 1, 2
		)
		SELECT jsonb_build_object('data', coalesce((
				SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('column_key', c.column_key, 'code', c.code, 'cells', c.cells, 'executions', c.executions))
					ORDER BY c.cells DESC, c.column_key, c.code) FROM counted c), '[]'),
			'is_complete', NOT EXISTS (SELECT FROM asked a WHERE a.upto > max_issues)));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.issue_statistics IS
'GET /execution/issue/statistics: issues of last attempts by column and code, or by one of them. from, to, filters: as for execution_statistics, with issues of the newest two million at most; "is_complete" says whether these were all.';

SELECT _nuvopipe.set_route('GET', p || '/metrics', 'metrics', 'Numbers for Prometheus', content_type => 'text/plain; version=0.0.4')
	FROM unnest(ARRAY['', '/dp/api/v1']) p;
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/execution/statistics', 'execution_statistics', 'Executions over time', parameters => '[
	{"name": "from", "in": "query", "schema": {"type": "string", "format": "date-time"}},
	{"name": "to", "in": "query", "schema": {"type": "string", "format": "date-time"}},
	{"name": "bucket", "in": "query", "schema": {"enum": ["hour", "day", "week"]}},
	{"name": "time_zone", "in": "query", "schema": {"type": "string"}},
	{"name": "filters", "in": "query", "schema": {"type": "string"}}]');
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/execution/issue/statistics', 'issue_statistics', 'Issues by column and code', parameters => '[
	{"name": "from", "in": "query", "schema": {"type": "string", "format": "date-time"}},
	{"name": "to", "in": "query", "schema": {"type": "string", "format": "date-time"}},
	{"name": "by", "in": "query", "schema": {"enum": ["column", "code", "both"]}},
	{"name": "filters", "in": "query", "schema": {"type": "string"}}]');
