
/*
 * What the caller may see.  The views belong to the owner of the extension and
 * filter by themselves; security_barrier keeps functions in a user's WHERE from
 * looking at rows before the filter has.
 *
 * Every view names the tenant: keys begin with it.
 */
CREATE OR REPLACE VIEW nuvopipe.tdms WITH (security_barrier) AS
	SELECT t.id, t.name, t.description, t.tags, t.columns, t.permissions_level,
			o.name AS owner, t.created_at, t.created_by, t.updated_at, t.updated_by
		FROM _nuvopipe.tdm t JOIN _nuvopipe.owner o ON o.id = t.owner_id
		WHERE t.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('read', 'tdm', t.owner_id, o.role,
			t.permissions_level = 'PUBLIC' AND o.kind <> 'SUB_ORG');
COMMENT ON VIEW nuvopipe.tdms IS 'Target data models: the caller''s own and those that are PUBLIC.';
COMMENT ON COLUMN nuvopipe.tdms.columns IS 'Column objects, as they were given.';
COMMENT ON COLUMN nuvopipe.tdms.permissions_level IS 'PUBLIC: every user of nuvopipe may use it. PRIVATE: its owner.';
COMMENT ON COLUMN nuvopipe.tdms.owner IS 'Database role (or user) it belongs to.';

CREATE OR REPLACE VIEW nuvopipe.connectors WITH (security_barrier) AS
	SELECT c.id, c.name, c.description, c.tags, c.direction, c.node_type, c.configuration,
			c.trigger_type, c.permissions_level, o.name AS owner, c.created_at, c.created_by, c.updated_at, c.updated_by
		FROM _nuvopipe.connector c JOIN _nuvopipe.owner o ON o.id = c.owner_id
		WHERE c.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('read', 'connector', c.owner_id, o.role,
			c.permissions_level = 'PUBLIC' AND o.kind <> 'SUB_ORG');
COMMENT ON VIEW nuvopipe.connectors IS 'Connectors: the caller''s own and those that are PUBLIC.';
COMMENT ON COLUMN nuvopipe.connectors.configuration IS 'Secrets show as "********"; given back to update_connector that means: keep.';
COMMENT ON COLUMN nuvopipe.connectors.trigger_type IS 'TIME_BASE: asked by schedule or by hand. EVENT_BASE: data is sent to it.';

CREATE OR REPLACE VIEW nuvopipe.templates WITH (security_barrier) AS
	SELECT t.id, t.name, t.description, t.tags, t.definition, o.name AS owner, t.created_at, t.created_by, t.updated_at, t.updated_by
		FROM _nuvopipe.pipeline_template t JOIN _nuvopipe.owner o ON o.id = t.owner_id
		WHERE t.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('read', 'template', t.owner_id, o.role);
COMMENT ON VIEW nuvopipe.templates IS 'The caller''s templates of pipelines.';
COMMENT ON COLUMN nuvopipe.templates.definition IS 'Presets; connectors and model are ids.';

CREATE OR REPLACE VIEW nuvopipe.pipelines WITH (security_barrier) AS
	SELECT p.id, p.name, p.description, p.tags, p.status, o.name AS owner,
			c.id AS configuration, c.version,
			i.name AS input, c.input_connector_id, t.name AS tdm, c.tdm_id, e.name AS output, c.output_connector_id,
			c.mapping_config, c.error_threshold, c.developer_mode, c.schedule_config, c.options,
			p.created_at, p.created_by, p.updated_at, p.updated_by
		FROM _nuvopipe.pipeline p
			JOIN _nuvopipe.owner o ON o.id = p.owner_id
			JOIN _nuvopipe.pipeline_configuration c ON c.id = p.configuration_id
			JOIN _nuvopipe.connector i ON i.id = c.input_connector_id
			JOIN _nuvopipe.connector e ON e.id = c.output_connector_id
			JOIN _nuvopipe.tdm t ON t.id = c.tdm_id
		WHERE p.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('read', 'pipeline', p.owner_id, o.role);
COMMENT ON VIEW nuvopipe.pipelines IS 'The caller''s pipelines with their current configuration.';
COMMENT ON COLUMN nuvopipe.pipelines.configuration IS 'Id of the current configuration; executions keep the one they ran with.';
COMMENT ON COLUMN nuvopipe.pipelines.version IS 'Counts the changes of the configuration, from 1.';
COMMENT ON COLUMN nuvopipe.pipelines.owner IS 'Role whose rights the runs have.';
COMMENT ON COLUMN nuvopipe.pipelines.error_threshold IS 'Percentage of erroneous cells above which a run fails; null: never.';

CREATE OR REPLACE VIEW nuvopipe.executions WITH (security_barrier) AS
	SELECT e.id, e.pipeline_id AS pipeline, p.name AS pipeline_name, e.run_id AS run, e.configuration_id AS configuration,
			e.status, e.trigger_type, e.object_path AS input, e.object_name AS input_name, e.object_member AS input_member,
			e.object_version AS input_version,
			e.object_bytes AS input_bytes, e.attempts, e.max_attempts, e.max_run_time, e.cancel_requested, e.owner_role AS owner,
			a.total_rows, a.total_cells, a.total_error_cells, a.total_error_rows, a.rows_read, a.rows_written, a.rows_rejected,
			e.error_type, e.error_sqlstate, e.error_message, e.error_detail, e.error_hint, e.note,
			e.queued_at, e.available_at, e.started_at, e.finished_at, e.created_at, e.created_by, e.updated_at, e.updated_by,
			r.trigger_id AS trigger, r.cause
		FROM _nuvopipe.execution e
			LEFT JOIN _nuvopipe.run r ON r.tenant_id = e.tenant_id AND r.id = e.run_id
			LEFT JOIN _nuvopipe.pipeline p ON p.id = e.pipeline_id
			LEFT JOIN _nuvopipe.execution_attempt a ON a.tenant_id = e.tenant_id AND a.execution_id = e.id AND a.attempt = e.attempts
		WHERE e.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('read', 'execution', e.owner_id, e.owner_role);
COMMENT ON VIEW nuvopipe.executions IS 'Executions of the caller''s pipelines, also of those deleted since; counts are of the last attempt.';
COMMENT ON COLUMN nuvopipe.executions.pipeline_name IS 'Null once the pipeline is deleted.';
COMMENT ON COLUMN nuvopipe.executions.status IS 'QUEUED, RUNNING, SUCCEEDED, FAILED or CANCELED.';
COMMENT ON COLUMN nuvopipe.executions.input IS 'Path of the input object at its source; null until the source is listed.';
COMMENT ON COLUMN nuvopipe.executions.input_member IS 'The file of the input that is meant, where it is an archive of several: each has an execution of its own.';
COMMENT ON COLUMN nuvopipe.executions.error_type IS 'SOURCE_UNRESPONSIVE, SOURCE_DATA_EMPTY, PARSING_FAILURE, DESTINATION_UNRESPONSIVE, DESTINATION_SIZE_LIMIT, WRITE_FILE_FAILURE or ERROR_THRESHOLD_EXCEEDED; null unless it failed for one of these reasons.';
COMMENT ON COLUMN nuvopipe.executions.note IS 'What a successful execution has to say, e.g. that the input was loaded before.';
COMMENT ON COLUMN nuvopipe.executions.max_run_time IS 'Seconds an attempt may take, from the schedule or the options of the pipeline; null: none. The setting nuvopipe.max_run_time may allow less.';
COMMENT ON COLUMN nuvopipe.executions.available_at IS 'A waiting execution does not start before.';
COMMENT ON COLUMN nuvopipe.executions.trigger IS 'What has started it, if it is one of nuvopipe.triggers.';
COMMENT ON COLUMN nuvopipe.executions.cause IS 'Of a trigger: how many signals it was started for, and the last payload.';

CREATE OR REPLACE VIEW nuvopipe.execution_runs WITH (security_barrier) AS
	SELECT a.execution_id AS execution, a.attempt, a.type, a.status, a.started_at, a.finished_at, a.duration_ms AS duration,
			a.total_rows, a.total_cells, a.total_error_cells, a.total_error_rows,
			a.rows_read, a.rows_written, a.rows_rejected, a.rows_filtered, a.rows_blank, a.rows_skipped, a.rows_inserted, a.rows_updated,
			a.input_bytes, a.output_bytes, a.phases, a.sniff, a.votes,
			a.error_type, a.error_sqlstate, a.error_message, a.error_detail, a.error_hint, a.note
		FROM _nuvopipe.execution_attempt a JOIN _nuvopipe.execution e ON e.tenant_id = a.tenant_id AND e.id = a.execution_id
		WHERE a.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('read', 'execution', e.owner_id, e.owner_role);
COMMENT ON VIEW nuvopipe.execution_runs IS 'The attempts of executions, one row a try.';
COMMENT ON COLUMN nuvopipe.execution_runs.type IS 'CREATE: the first. FIX: after a fix. RETRY: after a failure that may pass.';
COMMENT ON COLUMN nuvopipe.execution_runs.duration IS 'Milliseconds.';
COMMENT ON COLUMN nuvopipe.execution_runs.total_rows IS 'Output rows after mapping and transformation; cells and errors are counted among them.';
COMMENT ON COLUMN nuvopipe.execution_runs.total_error_cells IS 'Cells with at least one issue.';
COMMENT ON COLUMN nuvopipe.execution_runs.rows_read IS 'Data rows read = written + rejected + filtered + blank.';
COMMENT ON COLUMN nuvopipe.execution_runs.rows_skipped IS 'Title lines and the like before the header; none of rows_read.';
COMMENT ON COLUMN nuvopipe.execution_runs.phases IS 'Milliseconds by phase.';
COMMENT ON COLUMN nuvopipe.execution_runs.sniff IS 'What was recognised in the input: format, encoding, delimiter, header.';
COMMENT ON COLUMN nuvopipe.execution_runs.votes IS 'Number format and date order by column, as the whole column decided them.';

-- the issues of one row of _nuvopipe.issue, without their rows; or only those with a rejected row, and that
CREATE OR REPLACE FUNCTION _nuvopipe.unpack_issues(names bytea, first bigint, data bytea, rejected boolean)
	RETURNS TABLE (seq bigint, row_no bigint, line_no bigint, column_key text, source_column text, code text, message text,
		value text, severity text, source jsonb, place text)
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 ROWS 40
	AS 'MODULE_PATHNAME', 'nuvopipe_unpack_issues';

CREATE OR REPLACE VIEW nuvopipe.issues WITH (security_barrier) AS
	SELECT p.execution_id AS execution, p.attempt, i.seq, i.row_no, i.column_key, i.source_column, i.code, i.message, i.value, i.severity,
			i.place
		FROM _nuvopipe.issue p
			JOIN _nuvopipe.execution e ON e.tenant_id = p.tenant_id AND e.id = p.execution_id
			JOIN _nuvopipe.issue n ON n.tenant_id = p.tenant_id AND n.execution_id = p.execution_id AND n.attempt = p.attempt AND n.seq = 0
			CROSS JOIN LATERAL _nuvopipe.unpack_issues(n.data, p.seq, p.data, false) i
		WHERE p.seq > 0 AND p.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('read', 'execution', e.owner_id, e.owner_role);
COMMENT ON VIEW nuvopipe.issues IS 'What was wrong with cells and rows, by execution and attempt. Filter by execution.';
COMMENT ON COLUMN nuvopipe.issues.seq IS 'Order in which the issues were found, within the attempt.';
COMMENT ON COLUMN nuvopipe.issues.row_no IS 'Data row in input order, from 1; null if the whole input or a whole column is meant.';
COMMENT ON COLUMN nuvopipe.issues.column_key IS 'Key of the column in the target data model; null if the whole row or the whole input is meant.';
COMMENT ON COLUMN nuvopipe.issues.value IS 'The original value.';
COMMENT ON COLUMN nuvopipe.issues.place IS 'Where it is in a workbook: sheet and cell, Sheet1!C7, or a whole row, Sheet1!7:7; null for other inputs.';

CREATE OR REPLACE VIEW nuvopipe.rejected_rows WITH (security_barrier) AS
	SELECT p.execution_id AS execution, p.attempt, i.row_no, i.line_no, i.source, i.place
		FROM _nuvopipe.issue p
			JOIN _nuvopipe.execution e ON e.tenant_id = p.tenant_id AND e.id = p.execution_id
			JOIN _nuvopipe.issue n ON n.tenant_id = p.tenant_id AND n.execution_id = p.execution_id AND n.attempt = p.attempt AND n.seq = 0
			CROSS JOIN LATERAL _nuvopipe.unpack_issues(n.data, p.seq, p.data, true) i
		WHERE p.seq > 0 AND p.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('read', 'execution', e.owner_id, e.owner_role);
COMMENT ON VIEW nuvopipe.rejected_rows IS 'Rows that were kept out of the output, as they were read. Filter by execution.';
COMMENT ON COLUMN nuvopipe.rejected_rows.row_no IS 'Data row in input order, from 1.';
COMMENT ON COLUMN nuvopipe.rejected_rows.line_no IS 'Line of the input where the row begins, from 1.';
COMMENT ON COLUMN nuvopipe.rejected_rows.source IS 'Cells by source column.';
COMMENT ON COLUMN nuvopipe.rejected_rows.place IS 'The row in its workbook, Sheet1!7:7; null for other inputs.';

CREATE OR REPLACE VIEW nuvopipe.events WITH (security_barrier) AS
	SELECT v.id, v.at, v.execution_id AS execution, v.kind, v.payload, v.pipeline_id AS pipeline
		FROM _nuvopipe.event v
		WHERE v.tenant_id = _nuvopipe.tenant()
			AND _nuvopipe.can('read', CASE WHEN v.kind LIKE 'pipeline.%' THEN 'pipeline' ELSE 'execution' END,
				coalesce(v.owner_id, v.tenant_id), coalesce(v.owner_role, 'nuvopipe_admin'));
COMMENT ON VIEW nuvopipe.events IS 'What happened to the caller''s executions and pipelines; what is about neither is for admins.';
COMMENT ON COLUMN nuvopipe.events.kind IS 'What happened; payload depends on it.';

CREATE OR REPLACE FUNCTION nuvopipe.issue_summary(execution uuid)
	RETURNS TABLE (column_key text, code text, cells bigint, examples text[])
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	tenant uuid := _nuvopipe.tenant();
	last_attempt int;
BEGIN
	SELECT e.attempts INTO last_attempt FROM _nuvopipe.execution e
		WHERE e.tenant_id = tenant AND e.id = execution AND _nuvopipe.can('read', 'execution', e.owner_id, e.owner_role);
	IF NOT FOUND THEN
		RAISE EXCEPTION 'execution "%" does not exist', execution USING ERRCODE = 'undefined_object';
	END IF;
	RETURN QUERY
		WITH value AS (
			SELECT i.column_key, i.code, i.value, count(i.row_no) AS n, min(i.seq) AS first
				FROM _nuvopipe.issue p
					JOIN _nuvopipe.issue n ON n.tenant_id = p.tenant_id AND n.execution_id = p.execution_id AND n.attempt = p.attempt AND n.seq = 0
					CROSS JOIN LATERAL _nuvopipe.unpack_issues(n.data, p.seq, p.data, false) i
				WHERE p.tenant_id = tenant AND p.execution_id = execution AND p.attempt = last_attempt AND p.seq > 0
				GROUP BY i.column_key, i.code, i.value
		), ranked AS (
			SELECT v.*, row_number() OVER (PARTITION BY v.column_key, v.code ORDER BY v.n DESC, v.first) AS rank FROM value v
		)
		SELECT r.column_key, r.code, sum(r.n)::bigint,
				coalesce(array_agg(left(r.value, 100) ORDER BY r.rank) FILTER (WHERE r.rank <= 3 AND r.value IS NOT NULL), '{}')
			FROM ranked r
			GROUP BY r.column_key, r.code
			ORDER BY sum(r.n) DESC, r.column_key, r.code;
END
$$;
COMMENT ON FUNCTION nuvopipe.issue_summary IS
'Counts the issues of the last attempt of an execution.
execution: its id.
Returns one row for each column and code, most frequent first: how many cells, and up to three of the most frequent values (cut at 100 characters).
What is doubtful about a whole input or column has no cells: 0.
Errors: 42704 if there is no such execution.';

CREATE OR REPLACE FUNCTION nuvopipe.issue_page(execution uuid, after bigint DEFAULT 0, page_size int DEFAULT 100)
	RETURNS TABLE (seq bigint, row_no bigint, column_key text, source_column text, code text, message text, value text, severity text, place text)
	LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	tenant uuid := _nuvopipe.tenant();
	last_attempt int;
	first bigint;
BEGIN
	SELECT e.attempts INTO last_attempt FROM _nuvopipe.execution e
		WHERE e.tenant_id = tenant AND e.id = execution AND _nuvopipe.can('read', 'execution', e.owner_id, e.owner_role);
	IF NOT FOUND THEN
		RAISE EXCEPTION 'execution "%" does not exist', execution USING ERRCODE = 'undefined_object';
	END IF;
	IF page_size IS NULL OR page_size < 1 THEN
		RAISE EXCEPTION 'page_size must be at least 1' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- where the next issue lies
	SELECT max(p.seq) INTO first FROM _nuvopipe.issue p
		WHERE p.tenant_id = tenant AND p.execution_id = execution AND p.attempt = last_attempt AND p.seq BETWEEN 1 AND coalesce(after, 0) + 1;
	RETURN QUERY
		SELECT i.seq, i.row_no, i.column_key, i.source_column, i.code, i.message, i.value, i.severity, i.place
			FROM _nuvopipe.issue n
				JOIN (SELECT p.seq, p.data FROM _nuvopipe.issue p
					WHERE p.tenant_id = tenant AND p.execution_id = execution AND p.attempt = last_attempt AND p.seq >= first
						-- seq has no gaps: the page lies before this
						AND p.seq <= coalesce(after, 0) + page_size
					ORDER BY p.seq) p ON true
				CROSS JOIN LATERAL _nuvopipe.unpack_issues(n.data, p.seq, p.data, false) i
			WHERE n.tenant_id = tenant AND n.execution_id = execution AND n.attempt = last_attempt AND n.seq = 0
				AND i.seq > coalesce(after, 0)
			ORDER BY i.seq LIMIT page_size;
END
$$;
COMMENT ON FUNCTION nuvopipe.issue_page IS
'Shows the issues of the last attempt of an execution in pages; however many there are, a page costs the same.
execution: its id.
after: seq of the last issue seen; 0 begins.
page_size: how many to show at most.
Returns the issues in order of seq, with the columns of nuvopipe.issues.
Errors: 42704 if there is no such execution; 22023 for a page_size below 1.';
