
/*
 * Executions over the API.
 *
 * Status has nuvo's three words: queued and running are PROCESSING, succeeded is
 * SUCCESSFUL, failed and canceled are FAILED; "state" has our five.
 *
 * error.type is one of nuvo's seven.  What failed for none of these reasons (the
 * process ended, a mapping was violated) counts as PARSING_FAILURE, nuvo's word
 * for an input that could not be processed; what was canceled has a message
 * alone, for nothing is wrong with it.
 *
 * logs has one entry for each run of nuvo's: the first (CREATE) and one for each
 * fix (FIX).  Attempts that were repeated by themselves (RETRY) are part of the
 * run they belong to: it begins with the first of them, has the counters and the
 * status of the last, and says how many there were.  So the status of the
 * execution always is that of its last entry.  GET /execution/{id}/log tells them
 * one by one.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.api_status(status text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE status WHEN 'SUCCEEDED' THEN 'SUCCESSFUL' WHEN 'FAILED' THEN 'FAILED' WHEN 'CANCELED' THEN 'FAILED' ELSE 'PROCESSING' END;
END;

/*
 * The functions that the view calls may be called by those who read it; so each
 * looks the execution up again, as far as the caller may see it.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.readable_execution(execution uuid) RETURNS _nuvopipe.execution
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	e _nuvopipe.execution;
BEGIN
	SELECT x.* INTO e FROM _nuvopipe.execution x
		WHERE x.tenant_id = _nuvopipe.tenant() AND x.id = execution AND _nuvopipe.can('read', 'execution', x.owner_id, x.owner_role);
	RETURN e;
END
$$;

-- An attempt that failed and will be repeated has not ended the run.
CREATE OR REPLACE FUNCTION _nuvopipe.execution_logs(execution uuid) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	e _nuvopipe.execution := _nuvopipe.readable_execution(execution);
	waits boolean := e.status IN ('QUEUED', 'RUNNING');
BEGIN
	RETURN coalesce((SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
			'status', CASE WHEN waits AND r.is_last THEN 'PROCESSING' ELSE _nuvopipe.api_status(a.status) END,
			'data', jsonb_build_object('total_rows', coalesce(a.total_rows, 0), 'total_cells', coalesce(a.total_cells, 0),
				'total_error_cells', coalesce(a.total_error_cells, 0), 'total_error_rows', coalesce(a.total_error_rows, 0)),
			'duration', CASE WHEN NOT (waits AND r.is_last) THEN round(extract(epoch FROM a.finished_at - r.started_at) * 1000)::bigint END,
			'started_at', _nuvopipe.iso(r.started_at),
			'started_on', _nuvopipe.iso(r.started_at),
			'type', r.type,
			'attempts', r.attempts)) ORDER BY a.attempt)
		FROM (SELECT n.run, max(n.attempt) AS last, count(*) AS attempts, min(n.started_at) AS started_at,
					(array_agg(CASE n.type WHEN 'RETRY' THEN 'CREATE' ELSE n.type END ORDER BY n.attempt))[1] AS type,
					n.run = max(n.run) OVER () AS is_last
				FROM (SELECT x.attempt, x.type, x.started_at, count(*) FILTER (WHERE x.type <> 'RETRY') OVER (ORDER BY x.attempt) AS run
					FROM _nuvopipe.execution_attempt x WHERE x.tenant_id = e.tenant_id AND x.execution_id = e.id) n
				GROUP BY n.run) r
			JOIN _nuvopipe.execution_attempt a ON a.tenant_id = e.tenant_id AND a.execution_id = e.id AND a.attempt = r.last), '[]');
END
$$;

-- How far one that has not ended has come; of one that waits, for what: RETRY (its time), PIPELINE (its slots), ORGANIZATION, HOST (limits), WORKER.
CREATE OR REPLACE FUNCTION _nuvopipe.execution_state(execution uuid) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	e _nuvopipe.execution := _nuvopipe.readable_execution(execution);
	p record;
	seconds float8;
BEGIN
	IF e.status = 'QUEUED' THEN
		RETURN jsonb_build_object('phase', 'queued',
			'queue_position', (SELECT count(*) + 1 FROM _nuvopipe.execution o
				WHERE o.tenant_id = e.tenant_id AND o.status = 'QUEUED'
					AND (-o.priority, o.available_at, o.id) < (-e.priority, e.available_at, e.id)
					-- among those that the caller may know of
					AND _nuvopipe.can('read', 'execution', o.owner_id, o.owner_role)),
			'waiting_for', CASE
				WHEN e.available_at > clock_timestamp() THEN 'RETRY'
				WHEN (SELECT count(DISTINCT o.worker_pid) FROM _nuvopipe.execution o
					WHERE o.tenant_id = e.tenant_id AND o.status = 'RUNNING' AND o.pipeline_id = e.pipeline_id)
						>= (SELECT l.slots FROM _nuvopipe.pipeline l WHERE l.id = e.pipeline_id) THEN 'PIPELINE'
				WHEN (SELECT coalesce(g.max_runs, current_setting('nuvopipe.max_runs_per_tenant')::int) FROM _nuvopipe.organization g WHERE g.id = e.tenant_id)
						BETWEEN 1 AND (SELECT count(DISTINCT o.worker_pid) FROM _nuvopipe.execution o WHERE o.tenant_id = e.tenant_id AND o.status = 'RUNNING') THEN 'ORGANIZATION'
				WHEN EXISTS (SELECT FROM unnest(e.hosts) h(name)
					WHERE current_setting('nuvopipe.max_runs_per_host')::int BETWEEN 1 AND (SELECT count(*) FROM _nuvopipe.execution o
						WHERE o.status = 'RUNNING' AND h.name = ANY (o.hosts))) THEN 'HOST'
				ELSE 'WORKER' END);
	ELSIF e.status IS DISTINCT FROM 'RUNNING' THEN
		RETURN NULL;
	END IF;
	SELECT w.* INTO p FROM _nuvopipe.processes() w WHERE w.execution = e.id LIMIT 1;
	IF p.pid IS NULL THEN
		RETURN jsonb_build_object('phase', 'running');
	END IF;
	seconds := greatest(extract(epoch FROM clock_timestamp() - p.phase_started_at), 0.001);
	RETURN jsonb_strip_nulls(jsonb_build_object('phase', p.phase, 'bytes_done', p.bytes_done, 'bytes_total', nullif(p.bytes_total, -1),
		'rows_done', p.rows_done, 'rows_per_second', round(p.rows_done / seconds),
		'eta_seconds', CASE WHEN p.bytes_done > 0 AND p.bytes_total > p.bytes_done
			THEN ceil(seconds * (p.bytes_total - p.bytes_done) / p.bytes_done) END));
END
$$;

-- Until when the stored input of one that has ended stays; null: for ever, or not known yet.
CREATE OR REPLACE FUNCTION _nuvopipe.input_until(execution uuid) RETURNS timestamptz
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	e _nuvopipe.execution := _nuvopipe.readable_execution(execution);
BEGIN
	IF e.input_id IS NULL OR e.status IN ('QUEUED', 'RUNNING') THEN
		RETURN NULL;
	END IF;
	RETURN (SELECT e.finished_at + CASE WHEN e.status = 'FAILED' THEN k.failed ELSE k.input END FROM _nuvopipe.keep k WHERE k.tenant_id = e.tenant_id);
END
$$;

-- What the caller may do with it now, and why not the rest.
CREATE OR REPLACE FUNCTION _nuvopipe.execution_can(execution uuid) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	e _nuvopipe.execution := _nuvopipe.readable_execution(execution);
	may_write boolean := _nuvopipe.can('write', 'execution', e.owner_id, e.owner_role);
	open boolean := e.status IN ('QUEUED', 'RUNNING');
	has_issues boolean := EXISTS (SELECT FROM _nuvopipe.issue i
		WHERE i.tenant_id = e.tenant_id AND i.execution_id = e.id AND i.attempt = e.attempts AND i.seq = 0);
	to_table boolean := EXISTS (SELECT FROM _nuvopipe.pipeline_configuration c JOIN _nuvopipe.connector o ON o.id = c.output_connector_id
		WHERE c.id = e.configuration_id AND o.node_type = 'TABLE');
BEGIN
	IF e.id IS NULL THEN
		RETURN NULL;
	END IF;
	RETURN jsonb_build_object(
		'fix', false,
		'cancel', open AND NOT e.cancel_requested AND may_write,
		'download', to_jsonb(array_remove(ARRAY[
			CASE WHEN e.input_id IS NOT NULL THEN 'INPUT' END,
			CASE WHEN e.output_id IS NOT NULL THEN 'OUTPUT' END,
			CASE WHEN has_issues THEN 'ISSUES' END,
			CASE WHEN has_issues THEN 'REJECTED' END], NULL)),
		'reasons', jsonb_strip_nulls(jsonb_build_object(
			'fix', 'executions cannot be fixed yet',
			'cancel', CASE WHEN NOT open THEN 'it has ended' WHEN e.cancel_requested THEN 'it is being canceled already'
				WHEN NOT may_write THEN 'no permission to write executions' END,
			'input', CASE WHEN e.input_id IS NOT NULL THEN NULL WHEN e.input_expired_at IS NOT NULL THEN 'the copy of the input has expired'
				ELSE 'no copy of the input was kept' END,
			'output', CASE WHEN e.output_id IS NOT NULL THEN NULL WHEN to_table THEN 'the output is rows of a table'
				WHEN e.status <> 'SUCCEEDED' THEN 'there is no output' ELSE 'no copy of the output was kept, or it has expired' END)));
END
$$;

CREATE OR REPLACE VIEW _nuvopipe.api_execution AS
	SELECT e.id, e.pipeline_id AS pipeline, _nuvopipe.api_status(e.status) AS status,
			CASE WHEN e.status IN ('FAILED', 'CANCELED') THEN jsonb_strip_nulls(jsonb_build_object(
				'message', coalesce(e.error_message, 'the execution failed'),
				'type', CASE WHEN e.status = 'FAILED' THEN coalesce(e.error_type, 'PARSING_FAILURE') END)) END AS error,
			_nuvopipe.execution_logs(e.id) AS logs,
			e.trigger_type, e.configuration_id AS configuration,
			e.created_at, _nuvopipe.actor(c) AS created_by, e.updated_at, _nuvopipe.actor(u) AS updated_by,
			e.status AS state,
			CASE WHEN e.status IN ('FAILED', 'CANCELED') THEN jsonb_strip_nulls(jsonb_build_object('sqlstate', e.error_sqlstate,
				'detail', e.error_detail, 'hint', e.error_hint)) END AS error_detail,
			e.note,
			_nuvopipe.execution_state(e.id) AS progress,
			CASE WHEN e.object_path IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object('file_name', e.object_name, 'path', e.object_path, 'member', e.object_member,
				'size', e.object_bytes, 'sha256', coalesce(substring(e.object_version FROM '^sha256:([0-9a-f]{64})$'),
					(SELECT encode(b.sha256, 'hex') FROM _nuvopipe.blob b WHERE b.tenant_id = e.tenant_id AND b.id = e.input_id)),
				'available', e.input_id IS NOT NULL, 'available_until', _nuvopipe.iso(_nuvopipe.input_until(e.id)),
				'expired_at', _nuvopipe.iso(e.input_expired_at))) END AS input,
			(SELECT jsonb_strip_nulls(jsonb_build_object('file_name', b.file_name, 'size', b.bytes, 'content_type', b.content_type,
					'available_until', _nuvopipe.iso(b.expires_at)))
				FROM _nuvopipe.blob b WHERE b.tenant_id = e.tenant_id AND b.id = e.output_id) AS output,
			(SELECT jsonb_build_object('read', a.rows_read, 'written', a.rows_written, 'rejected', a.rows_rejected,
					'filtered', a.rows_filtered, 'blank', a.rows_blank, 'skipped', a.rows_skipped)
				FROM _nuvopipe.execution_attempt a
				WHERE a.tenant_id = e.tenant_id AND a.execution_id = e.id AND a.attempt = e.attempts AND a.rows_read IS NOT NULL) AS accounting,
			_nuvopipe.execution_can(e.id) AS can,
			e.created_by AS _created_by, e.updated_by AS _updated_by,
			e.tenant_id AS _tenant_id, e.owner_id AS _owner_id, e.owner_role AS _owner_role, false AS _shared
		FROM _nuvopipe.execution e
			LEFT JOIN _nuvopipe.principal c ON c.id = e.created_by
			LEFT JOIN _nuvopipe.principal u ON u.id = e.updated_by;

-- An execution on which the caller may do verb.
CREATE OR REPLACE FUNCTION _nuvopipe.find_execution(execution text, verb text DEFAULT 'read') RETURNS _nuvopipe.execution
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	e _nuvopipe.execution;
BEGIN
	PERFORM _nuvopipe.require_right(verb, 'execution');
	IF _nuvopipe.is_uuid(execution) THEN
		SELECT x.* INTO e FROM _nuvopipe.execution x
			WHERE x.tenant_id = _nuvopipe.tenant() AND x.id = execution::uuid
				AND (_nuvopipe.can('read', 'execution', x.owner_id, x.owner_role) OR _nuvopipe.can(verb, 'execution', x.owner_id, x.owner_role));
	END IF;
	IF e.id IS NULL THEN
		RAISE EXCEPTION 'execution "%" does not exist', execution USING ERRCODE = 'undefined_object';
	ELSIF NOT _nuvopipe.can(verb, 'execution', e.owner_id, e.owner_role) THEN
		RAISE EXCEPTION 'must be owner of execution "%"', execution USING ERRCODE = 'insufficient_privilege';
	END IF;
	RETURN e;
END
$$;

-- A manual run whose source has nothing new: the execution that says so (nuvo knows no request without one).
CREATE OR REPLACE FUNCTION _nuvopipe.queue_nothing(pipeline_id uuid) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	new_id uuid := _nuvopipe.queue(pipeline_id, _nuvopipe.uuid_v7(), 'MANUAL', false, true, NULL, NULL, NULL, NULL);
	tenant uuid := _nuvopipe.tenant();
	moment timestamptz := clock_timestamp();
	message constant text := 'there is no new file at the source';
	hint constant text := 'What was loaded before is not loaded again, unless force is true.';
BEGIN
	UPDATE _nuvopipe.execution e SET status = 'FAILED', attempts = 1, discover = false, started_at = moment, finished_at = moment,
			error_type = 'SOURCE_DATA_EMPTY', error_sqlstate = '02000', error_message = message, error_hint = hint
		WHERE e.tenant_id = tenant AND e.id = new_id;
	INSERT INTO _nuvopipe.execution_attempt (tenant_id, execution_id, attempt, type, status, started_at, finished_at, duration_ms,
			total_rows, total_cells, total_error_cells, total_error_rows, rows_read, rows_written, rows_rejected, rows_filtered, rows_blank,
			error_type, error_sqlstate, error_message, error_hint)
		VALUES (tenant, new_id, 1, 'CREATE', 'FAILED', moment, moment, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
			'SOURCE_DATA_EMPTY', '02000', message, hint);
	PERFORM _nuvopipe.tell_state(tenant, new_id, 'FAILED', 1, message);
	RETURN new_id;
END
$$;

-- Only a directory at a remote place is listed before the answer; everything else is queued at once.
CREATE OR REPLACE FUNCTION _nuvopipe.execution_create_reaches_out(args jsonb) RETURNS boolean
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	ref text := args ->> 'pipeline_id';
BEGIN
	RETURN jsonb_typeof(args -> 'input') IS DISTINCT FROM 'object' AND args -> 'force' IS DISTINCT FROM 'true' AND EXISTS (
		SELECT FROM _nuvopipe.pipeline p
			JOIN _nuvopipe.pipeline_configuration c ON c.id = p.configuration_id
			JOIN _nuvopipe.connector k ON k.id = c.input_connector_id
			WHERE p.tenant_id = _nuvopipe.tenant() AND CASE WHEN _nuvopipe.is_uuid(ref) THEN p.id = ref::uuid ELSE p.name = ref END
				AND k.node_type = 'FTP' AND k.configuration ->> 'file_name' IS NULL);
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.execution_create(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	pipeline text := args ->> 'pipeline_id';
	force boolean;
	up _nuvopipe.upload;
	ids uuid[];
BEGIN
	PERFORM _nuvopipe.require_right('create', 'execution');
	PERFORM _nuvopipe.check_body(args, ARRAY['pipeline_id', 'input', 'force']);
	PERFORM _nuvopipe.expect_type(args -> 'pipeline_id', 'pipeline_id', 'string');
	PERFORM _nuvopipe.expect_type(args -> 'force', 'force', 'boolean');
	PERFORM _nuvopipe.expect_type(args -> 'input', 'input', 'object');
	IF pipeline IS NULL THEN
		PERFORM _nuvopipe.fault('pipeline_id', 'must be given');
	END IF;
	force := coalesce((args ->> 'force')::boolean, false);
	IF jsonb_typeof(args -> 'input') = 'object' THEN
		PERFORM _nuvopipe.check_members(args -> 'input', 'input', ARRAY['upload']);
		PERFORM _nuvopipe.expect_type(args #> '{input,upload}', 'input.upload', 'string');
		IF args #>> '{input,upload}' IS NULL THEN
			PERFORM _nuvopipe.fault('input.upload', 'must be given');
		END IF;
		up := _nuvopipe.find_upload(args #>> '{input,upload}');
	END IF;
	ids := ARRAY(SELECT x.id FROM nuvopipe.execute(pipeline, force, up.id) x);
	IF ids = '{}' THEN
		ids := ARRAY[_nuvopipe.queue_nothing(_nuvopipe.find('pipeline', pipeline))];
	END IF;
	-- whatever has become of it meanwhile: the answer to a request that starts something
	RETURN jsonb_build_object('data', (SELECT jsonb_agg(jsonb_build_object('id', e.id, 'pipeline', e.pipeline_id,
			'status', 'PROCESSING', 'trigger_type', e.trigger_type) ORDER BY e.id)
		FROM _nuvopipe.execution e WHERE e.tenant_id = _nuvopipe.tenant() AND e.id = ANY (ids)));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.execution_create IS
'POST /execution: starts a pipeline. Body: pipeline_id; input {"upload": id}: the data, in place of the input connector''s; force: also take what was loaded before.
Answers {"data": [{id, pipeline, status, trigger_type}]}, one for each file; the status always is PROCESSING. Where the source has no new file there is one execution, which has failed with SOURCE_DATA_EMPTY.
Errors: 22023 for the body, 42704 unknown pipeline or upload, 42501 without the permission, 55000 for an upload that is not complete or a pipeline that takes pushed data.';

CREATE OR REPLACE FUNCTION nuvopipe_api.execution_list(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.require_right('read', 'execution');
	RETURN _nuvopipe.api_list('execution', $1, ARRAY['logs', 'configuration', 'state', 'error_detail', 'note', 'progress', 'input', 'output', 'accounting', 'can']);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.execution_list IS 'GET /execution: executions of the pipelines that the caller may see, newest first, with sort, filters and pagination.';

CREATE OR REPLACE FUNCTION nuvopipe_api.execution_read(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	e _nuvopipe.execution := _nuvopipe.find_execution($1 ->> 'id');
BEGIN
	RETURN jsonb_build_object('data', _nuvopipe.api_read('execution', e.id));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.execution_read IS 'GET /execution/{id}: one execution, with its runs (logs), the configuration it ran with, progress, and what can be done with it.
Errors: 42704.';

CREATE OR REPLACE FUNCTION nuvopipe_api.execution_cancel(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	e _nuvopipe.execution := _nuvopipe.find_execution($1 ->> 'id', 'write');
BEGIN
	IF NOT nuvopipe.cancel(e.id) THEN
		RAISE EXCEPTION 'execution "%" has ended', e.id USING ERRCODE = 'object_not_in_prerequisite_state';
	END IF;
	RETURN jsonb_build_object('data', _nuvopipe.api_read('execution', e.id));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.execution_cancel IS 'POST /execution/{id}/cancel: cancels an execution that waits or runs; nothing of it is written. Answers the execution, which may take a moment to stop.
Errors: 42704, 42501, 55000 if it has ended.';

CREATE OR REPLACE FUNCTION nuvopipe_api.execution_fix(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	e _nuvopipe.execution := _nuvopipe.find_execution($1 ->> 'id', 'write');
BEGIN
	RAISE EXCEPTION 'fixing executions is not supported yet' USING ERRCODE = 'feature_not_supported',
		HINT = 'Correct the file or the pipeline, and start a new execution.';
END
$$;
COMMENT ON FUNCTION nuvopipe_api.execution_fix IS 'PUT /execution/{id}: not supported yet.
Errors: 0A000.';

-- What happened, attempt by attempt.
CREATE OR REPLACE FUNCTION nuvopipe_api.execution_log(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	e _nuvopipe.execution := _nuvopipe.find_execution($1 ->> 'id');
BEGIN
	RETURN jsonb_build_object('data', coalesce((SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('at', _nuvopipe.iso(l.at),
			'attempt', l.attempt, 'phase', l.phase, 'level', l.level, 'code', l.code, 'params', l.params, 'message', l.message)) ORDER BY l.at, l.attempt, l.n)
		FROM (
			SELECT e.queued_at AS at, NULL::int AS attempt, 'queued' AS phase, 'info' AS level, 'QUEUED' AS code,
					jsonb_build_object('trigger_type', e.trigger_type) AS params, NULL::text AS message, 0 AS n
			UNION ALL
			SELECT a.started_at, a.attempt, 'fetch', 'info', 'STARTED', jsonb_build_object('type', a.type), NULL, 1
				FROM _nuvopipe.execution_attempt a WHERE a.tenant_id = e.tenant_id AND a.execution_id = e.id
			UNION ALL
			SELECT a.finished_at, a.attempt, 'finish',
					CASE a.status WHEN 'SUCCEEDED' THEN 'info' WHEN 'CANCELED' THEN 'warning' ELSE 'error' END,
					coalesce(a.error_type, a.status),
					jsonb_strip_nulls(jsonb_build_object('duration', a.duration_ms, 'phases', a.phases, 'sqlstate', a.error_sqlstate,
						'detail', a.error_detail, 'hint', a.error_hint, 'rows_read', a.rows_read, 'rows_written', a.rows_written,
						'rows_rejected', a.rows_rejected)),
					coalesce(a.error_message, a.note), 2
				FROM _nuvopipe.execution_attempt a
				WHERE a.tenant_id = e.tenant_id AND a.execution_id = e.id AND a.finished_at IS NOT NULL) l), '[]'));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.execution_log IS 'GET /execution/{id}/log: what happened to an execution, with every attempt, its phases in milliseconds, and its error with detail and hint.
Errors: 42704.';

SELECT _nuvopipe.set_schema('ExecutionStart', '{"type": "object", "required": ["pipeline_id"], "properties": {
	"pipeline_id": {"type": "string"},
	"input": {"type": "object", "properties": {"upload": {"type": "string"}}, "required": ["upload"]},
	"force": {"type": "boolean", "default": false}}}');
SELECT _nuvopipe.set_schema('ExecutionStarted', '{"type": "object", "properties": {"data": {"type": "array", "items": {"type": "object", "properties": {
	"id": {"type": "string"}, "pipeline": {"type": "string"}, "status": {"const": "PROCESSING"}, "trigger_type": {"const": "MANUAL"}}}}}}');
SELECT _nuvopipe.set_schema('ExecutionItem', '{"type": "object", "properties": {
	"id": {"type": "string"}, "pipeline": {"type": "string"}, "status": {"enum": ["PROCESSING", "SUCCESSFUL", "FAILED"]},
	"error": {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}, "type": {"enum": ["SOURCE_UNRESPONSIVE", "SOURCE_DATA_EMPTY",
		"PARSING_FAILURE", "DESTINATION_UNRESPONSIVE", "DESTINATION_SIZE_LIMIT", "WRITE_FILE_FAILURE", "ERROR_THRESHOLD_EXCEEDED"]}}},
	"trigger_type": {"enum": ["MANUAL", "SCHEDULED", "EVENT"]},
	"created_at": {"type": "string", "format": "date-time"}, "created_by": {"type": "object"},
	"updated_at": {"type": "string", "format": "date-time"}, "updated_by": {"type": "object"}}}');
SELECT _nuvopipe.set_schema('Execution', '{"allOf": [{"$ref": "#/components/schemas/ExecutionItem"}, {"type": "object", "properties": {
	"configuration": {"type": "string"},
	"logs": {"type": "array", "items": {"type": "object", "properties": {
		"status": {"enum": ["PROCESSING", "SUCCESSFUL", "FAILED"]}, "type": {"enum": ["CREATE", "FIX"]},
		"data": {"type": "object", "properties": {"total_rows": {"type": "integer"}, "total_cells": {"type": "integer"},
			"total_error_cells": {"type": "integer"}, "total_error_rows": {"type": "integer"}}},
		"duration": {"type": "integer", "description": "milliseconds"}, "started_at": {"type": "string", "format": "date-time"},
		"started_on": {"type": "string", "format": "date-time"}, "attempts": {"type": "integer"}}}},
	"state": {"enum": ["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED"]}, "error_detail": {"type": "object"}, "note": {"type": "string"},
	"progress": {"type": "object"}, "input": {"type": "object"}, "output": {"type": "object"}, "accounting": {"type": "object"}, "can": {"type": "object"}}}]}');

SELECT _nuvopipe.set_route('POST', '/dp/api/v1/execution', 'execution_create', 'Start a pipeline', status => 201, reaches_out => true,
	request => '{"$ref": "#/components/schemas/ExecutionStart"}', response => '{"$ref": "#/components/schemas/ExecutionStarted"}');
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/execution', 'execution_list', 'List executions',
	response => '{"type": "object", "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/ExecutionItem"}}, "pagination": {"type": "object"}}}');
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/execution/{id}', 'execution_read', 'Read an execution', object => 'execution', reader => 'execution_read',
	response => '{"type": "object", "properties": {"data": {"$ref": "#/components/schemas/Execution"}}}');
SELECT _nuvopipe.set_route('PUT', '/dp/api/v1/execution/{id}', 'execution_fix', 'Fix a failed execution and run it again (not supported yet)');
SELECT _nuvopipe.set_route('POST', '/dp/api/v1/execution/{id}/cancel', 'execution_cancel', 'Cancel an execution', status => 202,
	response => '{"type": "object", "properties": {"data": {"$ref": "#/components/schemas/Execution"}}}');
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/execution/{id}/log', 'execution_log', 'What happened to an execution');
