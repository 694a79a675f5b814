
/*
 * What is wrong with the data of an execution: issues, their summary, rows that
 * were rejected.  All of them are of its last attempt.
 */
CREATE OR REPLACE VIEW _nuvopipe.api_issue AS
	SELECT p.attempt || '-' || i.seq AS id, i.row_no, i.line_no AS line, i.column_key, i.source_column, i.code, i.message, i.severity, i.value,
			i.place, 'OPEN' AS state, p.execution_id AS execution,
			i.seq AS _key,
			p.tenant_id AS _tenant_id, e.owner_id AS _owner_id, e.owner_role AS _owner_role, false AS _shared
		FROM _nuvopipe.execution e
			JOIN _nuvopipe.issue n ON n.tenant_id = e.tenant_id AND n.execution_id = e.id AND n.attempt = e.attempts AND n.seq = 0
			JOIN _nuvopipe.issue p ON p.tenant_id = e.tenant_id AND p.execution_id = e.id AND p.attempt = e.attempts AND p.seq > 0
			CROSS JOIN LATERAL _nuvopipe.unpack_issues(n.data, p.seq, p.data, false) i;

CREATE OR REPLACE FUNCTION nuvopipe_api.execution_issue_list(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	e _nuvopipe.execution := _nuvopipe.find_execution($1 ->> 'id');
BEGIN
	RETURN _nuvopipe.api_list('issue', $1 - 'id', ARRAY['execution'], jsonb_build_object('execution', e.id), max_limit => 500, kind => 'execution');
END
$$;
COMMENT ON FUNCTION nuvopipe_api.execution_issue_list IS 'GET /execution/{id}/issue: the issues of the last attempt, in the order they were found, with sort, filters and pagination.
Errors: 42704, 22023 for an unknown field.';

-- rows and cells by column and code; examples are the most frequent values
CREATE OR REPLACE FUNCTION nuvopipe_api.execution_issue_summary(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp SET work_mem = '32MB'
AS $$
DECLARE
	e _nuvopipe.execution := _nuvopipe.find_execution($1 ->> 'id');
	answer jsonb;
	labels jsonb;
BEGIN
	SELECT coalesce(jsonb_object_agg(c ->> 'key', coalesce(c ->> 'label', c ->> 'key')) FILTER (WHERE c ->> 'key' IS NOT NULL), '{}') INTO labels
		FROM _nuvopipe.pipeline_configuration f JOIN _nuvopipe.tdm t ON t.id = f.tdm_id CROSS JOIN LATERAL jsonb_array_elements(t.columns) c
		WHERE f.tenant_id = e.tenant_id AND f.id = e.configuration_id;
	WITH found AS MATERIALIZED (
		SELECT i.row_no, i.column_key, i.code, left(i.value, 100) AS value, i.message
			FROM _nuvopipe.issue p
				JOIN _nuvopipe.issue n ON n.tenant_id = p.tenant_id AND n.execution_id = p.execution_id AND n.attempt = p.attempt AND n.seq = 0
				CROSS JOIN LATERAL _nuvopipe.unpack_issues(n.data, p.seq, p.data, false) i
			WHERE p.tenant_id = e.tenant_id AND p.execution_id = e.id AND p.attempt = e.attempts AND p.seq > 0
	), by_value AS (
		SELECT f.column_key, f.code, f.value, count(*) AS n FROM found f WHERE f.value IS NOT NULL GROUP BY f.column_key, f.code, f.value
	), example AS (
		SELECT v.column_key, v.code, jsonb_agg(v.value ORDER BY v.n DESC, v.value) AS examples
			FROM (SELECT b.*, row_number() OVER (PARTITION BY b.column_key, b.code ORDER BY b.n DESC, b.value) AS rank FROM by_value b) v
			WHERE v.rank <= 3 GROUP BY v.column_key, v.code
	), cell AS MATERIALIZED (	-- of each step there is less
		SELECT f.column_key, f.code, f.row_no, count(f.row_no) AS n, min(f.message) AS message FROM found f GROUP BY f.column_key, f.code, f.row_no
	), by_code AS (
		SELECT c.column_key, c.code, sum(c.n)::bigint AS cells, count(c.row_no) AS rows, min(c.message) AS message FROM cell c GROUP BY c.column_key, c.code
	), column_row AS MATERIALIZED (
		SELECT c.column_key, c.row_no FROM cell c WHERE c.row_no IS NOT NULL GROUP BY c.column_key, c.row_no
	), by_column AS (
		SELECT r.column_key, count(*) AS rows FROM column_row r GROUP BY r.column_key
	)
	SELECT jsonb_build_object('cells', (SELECT count(*) FROM column_row r WHERE r.column_key IS NOT NULL),
		'rows', (SELECT count(*) FROM (SELECT r.row_no FROM column_row r GROUP BY r.row_no) r),
		'columns', coalesce((SELECT jsonb_agg(jsonb_build_object('column_key', g.column_key, 'label', labels ->> g.column_key, 'cells', g.cells,
					'rows', g.rows, 'codes', g.codes) ORDER BY g.cells DESC, g.column_key)
				FROM (SELECT c.column_key, sum(c.cells) AS cells, coalesce(min(b.rows), 0) AS rows, jsonb_agg(jsonb_build_object('code', c.code, 'message', c.message,
							'cells', c.cells, 'rows', c.rows, 'open', c.cells, 'examples', coalesce(x.examples, '[]')) ORDER BY c.cells DESC, c.code) AS codes
						FROM by_code c
							LEFT JOIN by_column b ON b.column_key IS NOT DISTINCT FROM c.column_key
							LEFT JOIN example x ON x.column_key IS NOT DISTINCT FROM c.column_key AND x.code = c.code
						GROUP BY c.column_key) g), '[]'))
		INTO answer;
	RETURN jsonb_build_object('data', answer);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.execution_issue_summary IS 'GET /execution/{id}/issue/summary: how many cells and rows of the last attempt have issues, by column and code, with up to three of the most frequent values.  What is doubtful about the whole input or a whole column has neither rows nor cells: 0.
Errors: 42704.';

-- a whole number of a parameter
CREATE OR REPLACE FUNCTION _nuvopipe.whole_number(value text, path text, low bigint, high bigint) RETURNS bigint
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF value !~ '^-?\d{1,18}$' THEN
		PERFORM _nuvopipe.fault(path, format('a whole number is expected, not "%s"', value));
	ELSIF value::bigint NOT BETWEEN low AND high THEN
		PERFORM _nuvopipe.fault(path, format('%s is out of range %s to %s', value, low, high));
	END IF;
	RETURN value::bigint;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.execution_row_list(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	e _nuvopipe.execution := _nuvopipe.find_execution(args ->> 'id');
	kind text := upper(coalesce(args ->> 'only', 'ALL'));
	most int := coalesce(_nuvopipe.whole_number(coalesce(args #>> '{pagination,limit}', args ->> 'limit'), 'pagination.limit', 1, 500), 25);
	after bigint := coalesce(_nuvopipe.whole_number(args #>> '{pagination,after}', 'pagination.after', 0, 999999999999999999), 0);
	total bigint;
	last bigint;
	found int;
	shown jsonb;
BEGIN
	IF kind NOT IN ('ALL', 'ERROR', 'REJECTED', 'CHANGED') THEN
		PERFORM _nuvopipe.fault_near('only', format('unknown value "%s"', args ->> 'only'), kind, ARRAY['REJECTED']);
	ELSIF kind <> 'REJECTED' THEN
		RAISE EXCEPTION 'only: rows that were not rejected are not supported yet' USING ERRCODE = 'feature_not_supported',
			HINT = 'Use only=REJECTED.';
	ELSIF coalesce(args #>> '{pagination,offset}', '0') <> '0' THEN
		RAISE EXCEPTION 'pagination.offset: rows are paged by "after"' USING ERRCODE = 'feature_not_supported',
			HINT = 'Give pagination.next of the page before as pagination.after.';
	END IF;
	SELECT a.rows_rejected INTO total FROM _nuvopipe.execution_attempt a
		WHERE a.tenant_id = e.tenant_id AND a.execution_id = e.id AND a.attempt = e.attempts;
	WITH page AS MATERIALIZED (
		SELECT i.seq, i.row_no, i.line_no, i.source, i.place FROM _nuvopipe.issues_from(e.tenant_id, e.id, e.attempts, after, true, most) i
	), problem AS (
		SELECT o.row_no, jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', e.attempts || '-' || o.seq, 'row_no', o.row_no, 'column_key', o.column_key,
				'source_column', o.source_column, 'code', o.code, 'message', o.message, 'severity', o.severity, 'value', o.value, 'state', 'OPEN')) ORDER BY o.seq) AS issues
			FROM (SELECT min(p.seq) AS near, min(p.row_no) AS low, max(p.row_no) AS high FROM page p) w
				CROSS JOIN LATERAL _nuvopipe.issues_of_rows(e.tenant_id, e.id, e.attempts, w.near, w.low, w.high) o
			WHERE w.near IS NOT NULL
			GROUP BY o.row_no
	)
	SELECT count(*), max(p.seq), coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('row_no', p.row_no, 'line', p.line_no, 'place', p.place, 'state', 'REJECTED'))
			|| jsonb_build_object('cells', p.source, 'issues', coalesce(r.issues, '[]')) ORDER BY p.seq), '[]')
		INTO found, last, shown
		FROM page p LEFT JOIN problem r ON r.row_no = p.row_no;
	RETURN jsonb_build_object('data', shown, 'pagination', jsonb_strip_nulls(jsonb_build_object('total', coalesce(total, 0), 'offset', 0, 'limit', most,
		'next', CASE WHEN found = most AND EXISTS (SELECT FROM _nuvopipe.issues_from(e.tenant_id, e.id, e.attempts, last, true, 1)) THEN last::text END)));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.execution_row_list IS
'GET /execution/{id}/row?only=REJECTED: rows that were kept out of the output, as they were read (cells by source column), each with its issues; page by page with pagination {"after": next, "limit": n}.
Errors: 42704, 22023 for a parameter, 0A000 for rows that were not rejected.';

SELECT _nuvopipe.set_schema('Issue', '{"type": "object", "properties": {"id": {"type": "string"}, "row_no": {"type": "integer"}, "line": {"type": "integer"},
	"column_key": {"type": "string"}, "source_column": {"type": "string"}, "code": {"type": "string"}, "message": {"type": "string"},
	"severity": {"enum": ["error", "warning"]}, "value": {"type": "string"}, "place": {"type": "string"}, "state": {"enum": ["OPEN"]}}}');

SELECT _nuvopipe.set_route('GET', '/dp/api/v1/execution/{id}/issue', 'execution_issue_list', 'Issues of an execution',
	response => '{"type": "object", "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/Issue"}}, "pagination": {"type": "object"}}}');
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/execution/{id}/issue/summary', 'execution_issue_summary', 'Issues of an execution by column and code');
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/execution/{id}/row', 'execution_row_list', 'Rejected rows of an execution',
	parameters => '[{"name": "only", "in": "query", "required": true, "schema": {"enum": ["REJECTED"]}}]');
