
/*
 * The API: what those who operate the service look at.  For users; what belongs
 * to the whole server is shown to admins of the database alone.
 */
CREATE OR REPLACE FUNCTION nuvopipe_api.worker_list(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.require_right('read', 'worker');
	RETURN jsonb_build_object('data', coalesce((
		SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('pid', w.pid, 'kind', w.kind, 'started_at', _nuvopipe.iso(w.started_at), 'idle', w.idle,
				'idle_since', _nuvopipe.iso(w.idle_since), 'execution', w.execution, 'phase', w.phase, 'executions', w.executions, 'memory', w.memory))
				ORDER BY w.kind, w.started_at, w.pid)
			FROM nuvopipe.workers w), '[]'));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.worker_list IS 'GET /worker: the processes that serve the database, as in nuvopipe.workers. For users only.';

CREATE OR REPLACE FUNCTION nuvopipe_api.alert_list(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.require_right('read', 'alert');
	RETURN jsonb_build_object('data', coalesce((
		SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('severity', a.severity, 'code', a.code, 'organization', a.organization, 'pipeline', a.pipeline,
				'object', a.object, 'message', a.message, 'since', _nuvopipe.iso(a.since), 'hint', a.hint)) || jsonb_build_object('detail', coalesce(a.detail, '{}'))
				ORDER BY a.severity, a.since NULLS LAST, a.code, a.object)
			FROM nuvopipe.alerts() a), '[]'));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.alert_list IS 'GET /alert: what is wrong and somebody should know, as in nuvopipe.alerts with its defaults; critical ones first. For users only.';

SELECT _nuvopipe.set_schema('Worker', '{"type": "object", "required": ["pid", "kind", "started_at", "idle"], "properties": {
	"pid": {"type": "integer"}, "kind": {"enum": ["launcher", "keeper", "runner", "sender", "session", "listener", "errand", "scribe"]},
	"started_at": {"type": "string", "format": "date-time"}, "idle": {"type": "boolean"}, "idle_since": {"type": "string", "format": "date-time"},
	"execution": {"type": "string", "format": "uuid"}, "phase": {"type": "string"},
	"executions": {"type": "integer"}, "memory": {"type": "integer", "description": "bytes of its own"}}}');

SELECT _nuvopipe.set_schema('Alert', '{"type": "object", "required": ["severity", "code", "message", "detail"], "properties": {
	"severity": {"enum": ["CRITICAL", "WARNING"]}, "code": {"type": "string", "description": "a stable word"}, "organization": {"type": "string"},
	"pipeline": {"type": "string", "format": "uuid"}, "object": {"type": "string"}, "message": {"type": "string"},
	"since": {"type": "string", "format": "date-time"}, "hint": {"type": "string"}, "detail": {"type": "object"}}}');

SELECT _nuvopipe.set_route('GET', '/dp/api/v1/worker', 'worker_list', 'List the processes that serve the database', response => _nuvopipe.list_of('Worker', false));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/alert', 'alert_list', 'List what is wrong and somebody should know', response => _nuvopipe.list_of('Alert', false));
