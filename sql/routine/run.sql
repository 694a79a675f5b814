/*
 * Starting, feeding and stopping executions.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.wake() RETURNS void
	AS 'MODULE_PATHNAME', 'nuvopipe_wake' LANGUAGE C STRICT VOLATILE;

-- what lists a source from a user's session: bounded by nuvopipe.listing_timeout
CREATE OR REPLACE FUNCTION _nuvopipe.new_objects(pipeline_id uuid, connector_id uuid)
	RETURNS TABLE (path text, name text, version text, bytes bigint)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	tenant uuid := _nuvopipe.tenant();
BEGIN
	RETURN QUERY
		SELECT l.path, regexp_replace(l.path, '^.*/', ''), l.version, l.bytes
		FROM nuvopipe.list_connector(connector_id::text) l
		WHERE l.taken
			AND NOT EXISTS (SELECT FROM _nuvopipe.input_ledger d WHERE d.tenant_id = tenant
				AND d.pipeline_id = new_objects.pipeline_id AND d.path = l.path AND d.version = l.version)
			AND NOT EXISTS (SELECT FROM _nuvopipe.execution e WHERE e.tenant_id = tenant
				AND e.status IN ('QUEUED', 'RUNNING') AND e.pipeline_id = new_objects.pipeline_id
				AND e.object_path = l.path AND e.object_version IS NOT DISTINCT FROM l.version);
END
$$;

-- The servers that connectors reach, for nuvopipe.max_runs_per_host: names as they are written, without port.
CREATE OR REPLACE FUNCTION _nuvopipe.hosts_of(VARIADIC connectors uuid[]) RETURNS text[]
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN coalesce((SELECT array_agg(DISTINCT h.name ORDER BY h.name)
		FROM _nuvopipe.connector c,
			LATERAL (SELECT lower(coalesce(c.configuration ->> 'host',
				substring(c.configuration ->> 'url' FROM '^[A-Za-z0-9+.-]+://(?:[^/?#@]*@)?(\[[^]]*\]|[^/?#:]+)')))) h(name)
		WHERE c.id = ANY (connectors) AND h.name <> ''), '{}');
END
$$;

-- One execution of the current configuration; discover: its source is listed when it runs; input: its bytes are stored; creator: the caller;
-- max_run_time: that of the options.
CREATE OR REPLACE FUNCTION _nuvopipe.queue(pipeline_id uuid, run_id uuid, trigger_type text, forced boolean, discover boolean,
	path text, name text, version text, bytes bigint, input uuid DEFAULT NULL, creator uuid DEFAULT NULL,
	max_run_time int DEFAULT NULL) RETURNS uuid
	AS 'MODULE_PATHNAME', 'nuvopipe_queue' LANGUAGE C VOLATILE;

-- Does a run over this connector begin with a list of objects?
CREATE OR REPLACE FUNCTION _nuvopipe.lists_objects(connector_id uuid) RETURNS boolean
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN (SELECT c.node_type IN ('FTP', 'FILE') FROM _nuvopipe.connector c WHERE c.id = connector_id);
END
$$;

-- The id of a pipeline the caller may execute.
CREATE OR REPLACE FUNCTION _nuvopipe.find_to_execute(pipeline text) RETURNS uuid
	AS 'MODULE_PATHNAME', 'nuvopipe_find_to_execute' LANGUAGE C STABLE;

-- An upload as the input of one execution; its bytes are not copied.  The ledger tells it by name and digest, as it does
-- pushed data: what is sent twice is loaded once, whichever way it came.  Only an event without a name is new each time.
CREATE OR REPLACE FUNCTION _nuvopipe.queue_upload(pipeline_id uuid, run_id uuid, trigger_type text, forced boolean, up _nuvopipe.upload,
	creator uuid DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
	IF up.state = 'RECEIVING' THEN
		RAISE EXCEPTION 'upload "%" is not complete: % of % bytes have arrived', up.id, up.received, coalesce(up.size::text, 'unknown')
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = format('Go on at byte %s.', up.received);
	END IF;
	-- waits for a removal under way, and sees it
	PERFORM FROM _nuvopipe.blob b WHERE b.tenant_id = up.tenant_id AND b.id = up.id AND b.dropped_at IS NULL FOR KEY SHARE;
	IF up.state = 'EXPIRED' OR NOT FOUND THEN
		RAISE EXCEPTION 'upload "%" has expired', up.id USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Upload the file again.';
	END IF;
	RETURN _nuvopipe.queue(pipeline_id, run_id, trigger_type, forced, false,
		'push:' || coalesce(up.file_name, '') || CASE WHEN up.receives LIKE 'key:%' THEN '#' || substr(up.receives, 5) ELSE '' END, up.file_name,
		CASE WHEN up.receives = 'event' THEN 'upload:' || up.id ELSE 'sha256:' || encode(up.sha256, 'hex') END, up.received, up.id, creator);
END
$$;

-- Executions of what is there by now: of an upload, or of each new object in a directory.  Null: the source does not answer now; a worker
-- tries, retries, and writes down why not.  pipeline: as the caller named it.
CREATE OR REPLACE FUNCTION _nuvopipe.queue_objects(pipeline text, pipeline_id uuid, run uuid, force boolean, upload uuid) RETURNS uuid[]
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	input record;
	found record;
	ids uuid[] := '{}';
BEGIN
	IF upload IS NOT NULL THEN
		RETURN ARRAY[_nuvopipe.queue_upload(pipeline_id, run, 'MANUAL', force, _nuvopipe.find_upload(upload::text))];
	END IF;
	SELECT k.id, k.node_type INTO STRICT input
		FROM _nuvopipe.pipeline p
			JOIN _nuvopipe.pipeline_configuration c ON c.id = p.configuration_id
			JOIN _nuvopipe.connector k ON k.id = c.input_connector_id
		WHERE p.id = pipeline_id;
	IF input.node_type = 'MANUAL' THEN
		RAISE EXCEPTION 'pipeline "%" takes data that is pushed to it', pipeline
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Use nuvopipe.ingest(pipeline, data, file_name), or give an upload.';
	END IF;
	BEGIN
		FOR found IN SELECT * FROM _nuvopipe.new_objects(pipeline_id, input.id) LOOP
			ids := ids || _nuvopipe.queue(pipeline_id, run, 'MANUAL', force, false, found.path, found.name, found.version, found.bytes);
		END LOOP;
	EXCEPTION
		WHEN connection_exception OR io_error OR undefined_file OR insufficient_privilege THEN
			RETURN NULL;
	END;
	IF ids = '{}' THEN
		RAISE NOTICE 'no new object at the source of pipeline "%"', pipeline
			USING HINT = 'What was loaded before is not loaded again; use force => true for that.';
	END IF;
	RETURN ids;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.execute(pipeline text, force boolean DEFAULT false, upload uuid DEFAULT NULL) RETURNS SETOF nuvopipe.execution
	AS 'MODULE_PATHNAME', 'nuvopipe_execute' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION nuvopipe.execute(text, boolean, uuid) IS
'Queues executions of a pipeline; workers run them as soon as the transaction commits.
pipeline: name or id. force: also take objects that were loaded before; default false. upload: id of a complete upload that is the input, whatever the input connector.
Returns one row for each execution: one for each new object of a directory, else one. None, with a notice, if there is nothing new.
Listing a directory is bounded by nuvopipe.listing_timeout; if the source does not answer, one execution is queued that will try again.
Errors: 42704 unknown pipeline or upload, 55000 for a pipeline that takes pushed data, or an upload that is not complete or has expired.';

CREATE OR REPLACE FUNCTION nuvopipe.ingest(pipeline text, data bytea, file_name text DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	pipeline_id uuid := _nuvopipe.find_to_execute(pipeline);
BEGIN
	IF data IS NULL THEN
		RAISE EXCEPTION 'data must not be null' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	RETURN _nuvopipe.queue(pipeline_id, _nuvopipe.uuid_v7(), 'EVENT', false, false,
		'push:' || coalesce(file_name, ''), file_name, 'sha256:' || encode(sha256(data), 'hex'), length(data),
		_nuvopipe.store_bytes(_nuvopipe.tenant(), data, file_name, NULL));
END
$$;
COMMENT ON FUNCTION nuvopipe.ingest(text, bytea, text) IS
'Pushes data into a pipeline, as an event: the bytes are stored durably in this transaction and processed after its commit.
pipeline: name or id. data: a whole file, up to 1 GB; for more see create_upload. file_name: a name for it; its suffix helps to recognise the format.
Returns the id of the execution. The same bytes under the same name are loaded once.
Errors: 42704 unknown pipeline, 22004 if data is null.';

-- Whoever asks for it may do so.  False: it had ended before.
CREATE OR REPLACE FUNCTION _nuvopipe.cancel_execution(tenant uuid, execution uuid) RETURNS boolean
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	e record;
BEGIN
	UPDATE _nuvopipe.execution x SET cancel_requested = true, updated_at = clock_timestamp()
		WHERE x.tenant_id = tenant AND x.id = execution AND x.status IN ('QUEUED', 'RUNNING')
		RETURNING x.status, x.worker_pid, x.worker_started_at INTO e;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	IF e.status = 'QUEUED' THEN
		UPDATE _nuvopipe.execution x SET status = 'CANCELED', finished_at = clock_timestamp(),
				error_sqlstate = '57014', error_message = 'canceled before it began'
			WHERE x.tenant_id = tenant AND x.id = execution;
		PERFORM _nuvopipe.release_input(tenant, execution)
			FROM _nuvopipe.execution x JOIN _nuvopipe.pipeline_configuration c ON c.id = x.configuration_id
			WHERE x.tenant_id = tenant AND x.id = execution AND c.options ->> 'keep_input' = 'never';
		PERFORM _nuvopipe.tell_state(tenant, execution, 'CANCELED', 0, 'canceled before it began');
	ELSE
		PERFORM pg_cancel_backend(a.pid) FROM pg_stat_get_activity(NULL) a
			WHERE a.pid = e.worker_pid AND a.backend_start = e.worker_started_at
				AND a.datid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database());
	END IF;
	RETURN true;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.cancel(execution uuid) RETURNS boolean
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	tenant uuid := _nuvopipe.tenant();
	may_write boolean;
BEGIN
	PERFORM _nuvopipe.require_right('write', 'execution');
	SELECT _nuvopipe.can('write', 'execution', x.owner_id, x.owner_role) INTO may_write FROM _nuvopipe.execution x
		WHERE x.tenant_id = tenant AND x.id = execution AND _nuvopipe.can('read', 'execution', x.owner_id, x.owner_role);
	IF NOT FOUND THEN
		RAISE EXCEPTION 'execution "%" does not exist', execution USING ERRCODE = 'undefined_object';
	END IF;
	RETURN may_write AND _nuvopipe.cancel_execution(tenant, execution);
END
$$;
COMMENT ON FUNCTION nuvopipe.cancel(uuid) IS
'Cancels an execution that waits or runs; nothing of it is written.
execution: its id.
Returns true if it will be cancelled, false if it had ended before.
Errors: 42704 unknown execution.';

CREATE OR REPLACE PROCEDURE nuvopipe.run(pipeline text, force boolean DEFAULT false, strict boolean DEFAULT false)
	AS 'MODULE_PATHNAME', 'nuvopipe_run' LANGUAGE C;
COMMENT ON PROCEDURE nuvopipe.run(text, boolean, boolean) IS
'Runs a pipeline in this session, from fetch to finish, and tells about it in notices; needs no workers and no preloading.
pipeline: name or id. force: also take objects that were loaded before; default false. strict: a failed run raises its error, for scripts; default false.
Commits between phases, so it cannot be called inside a transaction block. Ctrl-C cancels the execution.
Errors: 25001 in a transaction block, 42704 unknown pipeline. Unless strict, a failed run is no error of the call: see the notice and nuvopipe.executions.';

CREATE OR REPLACE PROCEDURE nuvopipe.work(max_seconds int DEFAULT NULL)
	AS 'MODULE_PATHNAME', 'nuvopipe_work' LANGUAGE C;
COMMENT ON PROCEDURE nuvopipe.work(int) IS
'Makes this session a worker: runs queued executions and sends events to webhooks, whoever owns them, until none is due.
max_seconds: takes no further execution after that time; null = no limit.
Commits between phases, so it cannot be called inside a transaction block. For members of nuvopipe_admin.
Errors: 25001 in a transaction block, 42501 without nuvopipe_admin.';

CREATE OR REPLACE FUNCTION _nuvopipe.processes(OUT pid int, OUT kind text, OUT database_id oid, OUT started_at timestamptz,
	OUT idle boolean, OUT execution uuid, OUT executions bigint, OUT phase text, OUT phase_started_at timestamptz,
	OUT bytes_done bigint, OUT bytes_total bigint, OUT rows_done bigint, OUT error_cells bigint,
	OUT idle_since timestamptz, OUT moved_at timestamptz, OUT memory bigint, OUT addresses int) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'nuvopipe_processes' LANGUAGE C STRICT VOLATILE;

CREATE OR REPLACE VIEW nuvopipe.workers WITH (security_barrier) AS
	SELECT w.pid, w.kind, w.started_at, w.idle,
			(SELECT e.id FROM _nuvopipe.execution e
				WHERE e.tenant_id = _nuvopipe.tenant() AND e.id = w.execution AND _nuvopipe.can('read', 'execution', e.owner_id, e.owner_role)) AS execution,
			-- a sum over all organizations
			CASE WHEN _nuvopipe.is_admin() THEN w.executions END AS executions,
			w.idle_since,
			CASE WHEN w.phase <> 'idle' AND (_nuvopipe.is_admin() OR EXISTS (SELECT FROM _nuvopipe.execution e
				WHERE e.tenant_id = _nuvopipe.tenant() AND e.id = w.execution AND _nuvopipe.can('read', 'execution', e.owner_id, e.owner_role)))
				THEN w.phase END AS phase,
			CASE WHEN _nuvopipe.is_admin() THEN w.memory END AS memory
		FROM _nuvopipe.processes() w
		WHERE w.database_id = 0 OR w.database_id = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database());
COMMENT ON VIEW nuvopipe.workers IS 'Processes that serve this database: launcher, keeper, runners, senders, listeners and their errands, scribes, and sessions in nuvopipe.run or work. Empty unless the library is preloaded.';
COMMENT ON COLUMN nuvopipe.workers.kind IS 'launcher (one a cluster), keeper (one a database), runner, sender (tells webhooks), session, listener (serves the API over HTTP), errand (runs a request that reaches out, for a listener), scribe (writes jobs into the database of pg_cron, where that is another one).';
COMMENT ON COLUMN nuvopipe.workers.execution IS 'What it runs now, if the caller may see that.';
COMMENT ON COLUMN nuvopipe.workers.executions IS 'How many it has run so far; of a listener: how many requests it has answered. For admins alone.';
COMMENT ON COLUMN nuvopipe.workers.idle_since IS 'Since when a runner or sender waits for work; null while it has some.';
COMMENT ON COLUMN nuvopipe.workers.phase IS 'Of the execution: fetch, survey, process, deliver or finish; if the caller may see that.';
COMMENT ON COLUMN nuvopipe.workers.memory IS 'Bytes the process has for itself, without what the server shares; null where the system does not tell. For admins alone.';

CREATE OR REPLACE VIEW nuvopipe.execution_progress WITH (security_barrier) AS
	SELECT w.execution, e.pipeline_id AS pipeline, e.object_path AS input, w.phase, w.phase_started_at,
			w.bytes_done, nullif(w.bytes_total, -1) AS bytes_total,
			CASE WHEN w.bytes_total > 0 THEN least(round(100.0 * w.bytes_done / w.bytes_total, 1), 100) END AS percent,
			w.rows_done, w.error_cells,
			round(w.rows_done / greatest(extract(epoch FROM clock_timestamp() - w.phase_started_at), 0.001)) AS rows_per_second,
			CASE WHEN w.bytes_done > 0 AND w.bytes_total > w.bytes_done THEN
				(clock_timestamp() - w.phase_started_at) * ((w.bytes_total - w.bytes_done)::float8 / w.bytes_done) END AS remaining,
			w.pid, w.moved_at
		FROM _nuvopipe.processes() w
			JOIN _nuvopipe.execution e ON e.tenant_id = _nuvopipe.tenant() AND e.id = w.execution
		WHERE _nuvopipe.can('read', 'execution', e.owner_id, e.owner_role);
COMMENT ON VIEW nuvopipe.execution_progress IS 'How far the running executions have come, live from shared memory. Empty unless the library is preloaded.';
COMMENT ON COLUMN nuvopipe.execution_progress.phase IS 'fetch, survey, process, deliver or finish; bytes and rows count within the phase.';
COMMENT ON COLUMN nuvopipe.execution_progress.moved_at IS 'When bytes or rows were seen to have moved; the keeper looks every third of nuvopipe.lease_timeout.';
COMMENT ON COLUMN nuvopipe.execution_progress.remaining IS 'Estimate for the rest of this phase.';

CREATE OR REPLACE FUNCTION nuvopipe.explain_pipeline(pipeline text) RETURNS SETOF text
	AS 'MODULE_PATHNAME', 'nuvopipe_explain_pipeline' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION nuvopipe.explain_pipeline(text) IS
'Shows what a run of a pipeline would do, without doing it: reader, survey, mapping, rules in order, policy, write mode, locks.
pipeline: name or id.
Returns one line a step. A target table is locked as by a load, until the end of the transaction.
Errors: 42704 unknown pipeline; whatever would keep the pipeline from running, e.g. 42703 for a missing column of the table.';

