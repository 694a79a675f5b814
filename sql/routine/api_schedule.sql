
/*
 * The API: schedules, what became of each instant they planned, calendars, and
 * triggers.
 *
 * A schedule is the living side of a pipeline's schedule_config; it is changed with
 * the pipeline, and has its rights.
 */
CREATE OR REPLACE VIEW _nuvopipe.api_schedule AS
	SELECT s.id AS pipeline, p.name AS pipeline_name, s.config AS schedule_config, _nuvopipe.schedule_zone(s.config) AS time_zone,
			_nuvopipe.schedule_state(s) AS state, s.fault, s.next_at, s.due_at, s.paused_at, _nuvopipe.actor(a) AS paused_by, s.paused_reason,
			s.anchor AS created_at, s.id AS _key, s.id AS _pipeline,
			s.tenant_id AS _tenant_id, p.owner_id AS _owner_id, o.role AS _owner_role, false AS _shared
		FROM _nuvopipe.schedule s
			JOIN _nuvopipe.pipeline p ON p.id = s.id
			JOIN _nuvopipe.owner o ON o.id = p.owner_id
			LEFT JOIN _nuvopipe.principal a ON a.id = s.paused_by;

CREATE OR REPLACE VIEW _nuvopipe.api_planned_run AS
	SELECT r.pipeline_id AS pipeline, p.name AS pipeline_name, r.planned_at, r.until_at, r.instants, r.due_at, r.decided_at, r.started_at,
			round(extract(epoch FROM r.started_at - r.due_at) * 1000)::bigint AS lag_ms,
			r.outcome, r.reason, r.is_backfill, r.run_id AS run,
			to_char(r.planned_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS') || r.pipeline_id AS _key,
			r.tenant_id AS _tenant_id, r.owner_id AS _owner_id, r.owner_role AS _owner_role, false AS _shared
		FROM _nuvopipe.planned_run r LEFT JOIN _nuvopipe.pipeline p ON p.id = r.pipeline_id;

CREATE OR REPLACE VIEW _nuvopipe.api_calendar AS
	SELECT c.id, c.name, c.description, nullif(c.tags, '{}') AS tags, to_jsonb(c.excluded_dates) AS excluded_dates,
			_nuvopipe.weekday_words(c.excluded_weekdays) AS excluded_weekdays,
			jsonb_build_object('level', c.permissions_level) AS permissions,
			c.created_at, _nuvopipe.actor(a) AS created_by, c.updated_at, _nuvopipe.actor(u) AS updated_by,
			c.tenant_id AS _tenant_id, c.owner_id AS _owner_id, o.role AS _owner_role, c.permissions_level = 'PUBLIC' AND o.kind <> 'SUB_ORG' AS _shared
		FROM _nuvopipe.calendar c
			JOIN _nuvopipe.owner o ON o.id = c.owner_id
			LEFT JOIN _nuvopipe.principal a ON a.id = c.created_by
			LEFT JOIN _nuvopipe.principal u ON u.id = c.updated_by;

CREATE OR REPLACE VIEW _nuvopipe.api_trigger AS
	SELECT t.id, t.name, t.pipeline_id AS pipeline, t.kind, t.configuration, t.status, t.signals, t.starts, t.last_signal_at, t.last_start_at,
			t.last_run_id AS last_run, t.last_check_at, t.next_at AS next_check_at, t.failures, t.last_error, t.last_error_at,
			t.created_at, _nuvopipe.actor(a) AS created_by, t.updated_at, _nuvopipe.actor(u) AS updated_by,
			t.tenant_id AS _tenant_id, t.owner_id AS _owner_id, o.role AS _owner_role, false AS _shared
		FROM _nuvopipe.trigger t
			JOIN _nuvopipe.owner o ON o.id = t.owner_id
			LEFT JOIN _nuvopipe.principal a ON a.id = t.created_by
			LEFT JOIN _nuvopipe.principal u ON u.id = t.updated_by;

-- ---- schedules

CREATE OR REPLACE FUNCTION nuvopipe_api.schedule_preview(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := _nuvopipe.check_body($1, '{schedule_config,time_zone,count,after}');
	config jsonb := args -> 'schedule_config';
	zone text := _nuvopipe.given_text(args, 'time_zone');
	after timestamptz := coalesce(_nuvopipe.check_time(args -> 'after', 'after'), clock_timestamp());
BEGIN
	PERFORM _nuvopipe.require_right('read', 'pipeline');
	PERFORM _nuvopipe.expect_number(args -> 'count', 'count', 1, 1000, whole => true);
	IF coalesce(jsonb_typeof(config), 'null') = 'null' THEN
		PERFORM _nuvopipe.fault('schedule_config', 'must be given');
	END IF;
	PERFORM _nuvopipe.expect_type(config, 'schedule_config', 'object');
	IF zone IS NOT NULL THEN
		config := config || jsonb_build_object('time_zone', zone);
	END IF;
	PERFORM _nuvopipe.check_schedule(config, 'schedule_config');
	RETURN jsonb_build_object('data', coalesce((
		SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('planned_at', _nuvopipe.iso(r.planned_at),
				'local', to_char(r.local_time, 'YYYY-MM-DD"T"HH24:MI:SS'),
				'note', CASE WHEN r.note IS NOT NULL THEN jsonb_build_object('code', lower(r.note), 'params', jsonb_build_object('time_zone', r.time_zone)) END))
				ORDER BY r.planned_at)
			FROM nuvopipe.next_runs(config::text, coalesce((args ->> 'count')::int, 10), after) r), '[]'));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.schedule_preview IS
'POST /schedule/preview: the next instants that a schedule would plan. Body: schedule_config, time_zone (instead of the one in it), count (10; at most 1000), after (now).
Answers planned_at, local (on the clocks of the zone) and, where clocks or months get in the way, a note: gap, overlap or clipped, as in nuvopipe.next_runs.
Errors: 22023 with the JSON path.';

CREATE OR REPLACE FUNCTION nuvopipe_api.schedule_list(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN _nuvopipe.api_list('schedule', $1, kind => 'pipeline');
END
$$;
COMMENT ON FUNCTION nuvopipe_api.schedule_list IS 'GET /schedule: the schedules of the pipelines that the caller may see.';

-- The schedule of a pipeline as an object; 55000 if it has none.
CREATE OR REPLACE FUNCTION _nuvopipe.schedule_object(pipeline uuid) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	shown jsonb := _nuvopipe.api_list('schedule', '{}', tie => jsonb_build_object('_pipeline', pipeline), kind => 'pipeline') #> '{data,0}';
BEGIN
	IF shown IS NULL THEN
		RAISE EXCEPTION 'pipeline "%" has no schedule', pipeline USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = 'Give its configuration a schedule_config.';
	END IF;
	RETURN jsonb_build_object('data', shown);
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.schedule_read(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN _nuvopipe.schedule_object(_nuvopipe.api_find('pipeline', $1 ->> 'id', 'read'));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.schedule_read IS 'GET /pipeline/{id}/schedule: the schedule of a pipeline. Errors: 42704; 55000 if it has none.';

CREATE OR REPLACE FUNCTION nuvopipe_api.schedule_pause(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := _nuvopipe.check_body($1, '{reason}');
	pipeline uuid := _nuvopipe.api_find('pipeline', args ->> 'id', 'write');
BEGIN
	PERFORM nuvopipe.pause_schedule(pipeline::text, _nuvopipe.given_text(args, 'reason'));
	RETURN _nuvopipe.schedule_object(pipeline);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.schedule_pause IS
'POST /pipeline/{id}/schedule/pause: pauses a schedule. Body: reason. Answers the schedule. Errors: as nuvopipe.pause_schedule.';

CREATE OR REPLACE FUNCTION nuvopipe_api.schedule_resume(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := _nuvopipe.check_body($1, '{}');
	pipeline uuid := _nuvopipe.api_find('pipeline', args ->> 'id', 'write');
BEGIN
	PERFORM nuvopipe.resume_schedule(pipeline::text);
	RETURN _nuvopipe.schedule_object(pipeline);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.schedule_resume IS
'POST /pipeline/{id}/schedule/resume: ends the pause of a schedule. Answers the schedule. Errors: as nuvopipe.resume_schedule.';

CREATE OR REPLACE FUNCTION nuvopipe_api.schedule_backfill(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := _nuvopipe.check_body($1, '{from,to,max_runs}');
	pipeline uuid := _nuvopipe.api_find('pipeline', args ->> 'id', 'write');
	from_time timestamptz := _nuvopipe.check_time(args -> 'from', 'from');
	to_time timestamptz := coalesce(_nuvopipe.check_time(args -> 'to', 'to'), clock_timestamp());
BEGIN
	IF from_time IS NULL THEN
		PERFORM _nuvopipe.fault('from', 'must be given');
	ELSIF from_time >= to_time THEN
		PERFORM _nuvopipe.fault('to', 'does not lie after from');
	END IF;
	PERFORM _nuvopipe.expect_number(args -> 'max_runs', 'max_runs', 1, 10000, whole => true);
	RETURN jsonb_build_object('data', coalesce((
		SELECT jsonb_agg(jsonb_build_object('planned_at', _nuvopipe.iso(b.planned_at), 'outcome', b.outcome, 'run', b.run) ORDER BY b.planned_at)
			FROM nuvopipe.backfill(pipeline::text, from_time, to_time, coalesce((args ->> 'max_runs')::int, 100)) b), '[]'));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.schedule_backfill IS
'POST /pipeline/{id}/schedule/backfill: queues the runs of past instants that did not run. Body: from, to (now), max_runs (100). Answers one entry for each.
Errors: as nuvopipe.backfill.';

CREATE OR REPLACE FUNCTION nuvopipe_api.planned_run_list(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN _nuvopipe.api_list('planned_run', '{"sort": [["planned_at", "desc"]]}'::jsonb || $1, kind => 'execution');
END
$$;
COMMENT ON FUNCTION nuvopipe_api.planned_run_list IS
'GET /planned-run: the instants that schedules planned, with what became of them; the newest first unless sort says otherwise.';

-- ---- calendars

CREATE OR REPLACE FUNCTION _nuvopipe.check_calendar_body(args jsonb, OUT dates date[], OUT weekdays text[])
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day text;
	n int := 0;
BEGIN
	PERFORM _nuvopipe.check_body(args, '{name,excluded_dates,excluded_weekdays,permissions,description,tags}');
	PERFORM _nuvopipe.expect_strings(args -> 'excluded_dates', 'excluded_dates');
	PERFORM _nuvopipe.expect_strings(args -> 'excluded_weekdays', 'excluded_weekdays');
	weekdays := _nuvopipe.strings(args -> 'excluded_weekdays');
	FOREACH day IN ARRAY coalesce(_nuvopipe.strings(args -> 'excluded_dates'), '{}') LOOP
		IF day !~ '^\d{4}-\d\d-\d\d$' THEN
			PERFORM _nuvopipe.fault(format('excluded_dates[%s]', n), format('"%s" is not a date', day), 'Dates are written 2026-12-25.');
		END IF;
		BEGIN
			dates := dates || day::date;
		EXCEPTION WHEN datetime_field_overflow THEN
			PERFORM _nuvopipe.fault(format('excluded_dates[%s]', n), format('there is no day "%s"', day));
		END;
		n := n + 1;
	END LOOP;
	IF args ? 'excluded_dates' THEN
		dates := coalesce(dates, '{}');
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.calendar_create(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	days record;
	new_id uuid;
BEGIN
	PERFORM _nuvopipe.require_right('create', 'calendar');
	days := _nuvopipe.check_calendar_body(args);
	new_id := nuvopipe.create_calendar(_nuvopipe.given_text(args, 'name'), coalesce(days.dates, '{}'), coalesce(days.weekdays, '{}'),
		nullif(args -> 'permissions', 'null'), nullif(_nuvopipe.body_description(args), ''), _nuvopipe.body_tags(args));
	RETURN jsonb_build_object('data', _nuvopipe.api_read('calendar', new_id));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.calendar_create IS
'POST /calendar: creates a calendar. Body: name, excluded_dates (2026-12-25), excluded_weekdays (SAT, SUN), permissions, description, tags. Errors: as nuvopipe.create_calendar.';

CREATE OR REPLACE FUNCTION nuvopipe_api.calendar_list(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN _nuvopipe.api_list('calendar', $1);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.calendar_list IS 'GET /calendar: the calendars that the caller may see.';

CREATE OR REPLACE FUNCTION nuvopipe_api.calendar_read(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN jsonb_build_object('data', _nuvopipe.api_read('calendar', _nuvopipe.api_id('calendar', $1 ->> 'id')));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.calendar_read IS 'GET /calendar/{id}: one calendar. Errors: 42704.';

CREATE OR REPLACE FUNCTION nuvopipe_api.calendar_update(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	object_id uuid := _nuvopipe.api_find('calendar', args ->> 'id', 'write');
	days record := _nuvopipe.check_calendar_body(args);
BEGIN
	PERFORM nuvopipe.update_calendar(object_id::text, _nuvopipe.given_text(args, 'name'), days.dates, days.weekdays,
		nullif(args -> 'permissions', 'null'), _nuvopipe.body_description(args), _nuvopipe.body_tags(args));
	RETURN jsonb_build_object('data', _nuvopipe.api_read('calendar', object_id));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.calendar_update IS
'PUT /calendar/{id}: replaces the members that are given; schedules that use it plan anew. Errors: as nuvopipe.update_calendar.';

CREATE OR REPLACE FUNCTION nuvopipe_api.calendar_delete(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nuvopipe.delete_calendar(_nuvopipe.api_find('calendar', $1 ->> 'id', 'delete')::text);
	RETURN '{"message": "success"}';
END
$$;
COMMENT ON FUNCTION nuvopipe_api.calendar_delete IS 'DELETE /calendar/{id}: deletes a calendar that no schedule uses. Errors: as nuvopipe.delete_calendar.';

-- ---- triggers

CREATE OR REPLACE FUNCTION nuvopipe_api.trigger_create(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := _nuvopipe.check_body($1, '{pipeline,kind,configuration,name,status}');
	new_id uuid;
BEGIN
	PERFORM _nuvopipe.require_right('write', 'pipeline');
	new_id := nuvopipe.create_trigger(_nuvopipe.given_text(args, 'pipeline', true), _nuvopipe.given_text(args, 'kind', true),
		nullif(args -> 'configuration', 'null'), _nuvopipe.given_text(args, 'name'));
	IF args ->> 'status' IS NOT NULL THEN
		PERFORM nuvopipe.update_trigger(new_id::text, status => _nuvopipe.given_text(args, 'status'));
	END IF;
	RETURN jsonb_build_object('data', _nuvopipe.api_read('trigger', new_id));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.trigger_create IS
'POST /trigger: what starts a pipeline beside its schedule. Body: pipeline, kind (SUCCESS, NOTIFY, QUERY, TABLE), configuration, name, status. Errors: as nuvopipe.create_trigger.';

CREATE OR REPLACE FUNCTION nuvopipe_api.trigger_list(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN _nuvopipe.api_list('trigger', $1);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.trigger_list IS 'GET /trigger: the triggers of the pipelines that the caller may see.';

CREATE OR REPLACE FUNCTION nuvopipe_api.trigger_read(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN jsonb_build_object('data', _nuvopipe.api_read('trigger', _nuvopipe.api_id('trigger', $1 ->> 'id')));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.trigger_read IS 'GET /trigger/{id}: one trigger. Errors: 42704.';

CREATE OR REPLACE FUNCTION nuvopipe_api.trigger_update(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := _nuvopipe.check_body($1, '{configuration,name,status}', '{pipeline,kind,signals,starts,last_signal_at,last_start_at,last_run,last_check_at,next_check_at,failures,last_error,last_error_at}');
	object_id uuid := _nuvopipe.api_find('trigger', args ->> 'id', 'write');
BEGIN
	PERFORM nuvopipe.update_trigger(object_id::text, nullif(args -> 'configuration', 'null'), _nuvopipe.given_text(args, 'status'),
		_nuvopipe.given_text(args, 'name'));
	RETURN jsonb_build_object('data', _nuvopipe.api_read('trigger', object_id));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.trigger_update IS
'PUT /trigger/{id}: replaces configuration, name and status where they are given. Errors: as nuvopipe.update_trigger.';

CREATE OR REPLACE FUNCTION nuvopipe_api.trigger_delete(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nuvopipe.delete_trigger(_nuvopipe.api_find('trigger', $1 ->> 'id', 'write')::text);
	RETURN '{"message": "success"}';
END
$$;
COMMENT ON FUNCTION nuvopipe_api.trigger_delete IS 'DELETE /trigger/{id}: deletes a trigger. Errors: as nuvopipe.delete_trigger.';

-- ---- routes

SELECT _nuvopipe.set_schema('Schedule', '{"type": "object", "required": ["pipeline", "pipeline_name", "schedule_config", "time_zone", "state", "created_at"], "properties": {
	"pipeline": {"type": "string", "format": "uuid"}, "pipeline_name": {"type": "string"},
	"schedule_config": {"$ref": "#/components/schemas/ScheduleConfig"}, "time_zone": {"type": "string"},
	"state": {"enum": ["ACTIVE", "PAUSED", "INACTIVE", "ENDED", "FAULTY"]}, "fault": {"type": "string", "description": "why it could not be looked at"},
	"next_at": {"type": "string", "format": "date-time"}, "due_at": {"type": "string", "format": "date-time", "description": "next_at with its jitter"},
	"paused_at": {"type": "string", "format": "date-time"}, "paused_by": {"$ref": "#/components/schemas/Actor"}, "paused_reason": {"type": "string"},
	"created_at": {"type": "string", "format": "date-time", "description": "when it was set; steps count from here if it has no starts_on"}}}');

SELECT _nuvopipe.set_schema('PlannedInstant', '{"type": "object", "required": ["planned_at", "local"], "properties": {
	"planned_at": {"type": "string", "format": "date-time"}, "local": {"type": "string", "description": "the same on the clocks of the zone"},
	"note": {"type": "object", "required": ["code", "params"], "properties": {"code": {"enum": ["gap", "overlap", "clipped"]}, "params": {"type": "object"}}}}}');

SELECT _nuvopipe.set_schema('PlannedRun', '{"type": "object", "required": ["pipeline", "planned_at", "instants", "due_at", "decided_at", "outcome", "is_backfill"], "properties": {
	"pipeline": {"type": "string", "format": "uuid"}, "pipeline_name": {"type": "string"}, "planned_at": {"type": "string", "format": "date-time"},
	"until_at": {"type": "string", "format": "date-time", "description": "the last one, where many that were skipped share an entry"},
	"instants": {"type": "integer", "minimum": 1}, "due_at": {"type": "string", "format": "date-time"}, "decided_at": {"type": "string", "format": "date-time"},
	"started_at": {"type": "string", "format": "date-time"}, "lag_ms": {"type": "integer", "description": "from due_at to started_at"},
	"outcome": {"enum": ["WAITING", "RAN", "SKIPPED_OVERLAP", "SKIPPED_DOWN", "SKIPPED_PAUSED", "FAILED_TO_START", "CANCELED"]},
	"reason": {"type": "string"}, "is_backfill": {"type": "boolean"}, "run": {"type": "string", "format": "uuid"}}}');

SELECT _nuvopipe.set_schema('CalendarInput', '{"type": "object", "properties": {
	"name": {"type": "string", "minLength": 1, "maxLength": 255},
	"excluded_dates": {"type": ["array", "null"], "items": {"type": "string", "format": "date"}},
	"excluded_weekdays": {"type": ["array", "null"], "items": {"enum": ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]}},
	"permissions": {"$ref": "#/components/schemas/PermissionLevel"}, "description": {"type": ["string", "null"]},
	"tags": {"type": ["array", "null"], "items": {"type": "string", "minLength": 1}}},
	"examples": [{"name": "Days off", "excluded_dates": ["2026-12-25"], "excluded_weekdays": ["SAT", "SUN"]}]}');

SELECT _nuvopipe.set_schema('Calendar', '{"allOf": [{"$ref": "#/components/schemas/Audit"}, {"$ref": "#/components/schemas/CalendarInput"},
	{"type": "object", "required": ["name", "excluded_dates", "excluded_weekdays", "permissions"]}]}');

SELECT _nuvopipe.set_schema('TriggerInput', '{"type": "object", "properties": {
	"name": {"type": "string", "minLength": 1, "maxLength": 255}, "status": {"enum": ["ACTIVE", "INACTIVE"]},
	"configuration": {"type": "object", "description": "SUCCESS: pipeline, rows; NOTIFY: channel; QUERY: query, every; TABLE: relation, events"}},
	"examples": [{"pipeline": "Pipeline name", "kind": "NOTIFY", "configuration": {"channel": "orders"}}]}');

SELECT _nuvopipe.set_schema('Trigger', '{"allOf": [{"$ref": "#/components/schemas/Audit"}, {"$ref": "#/components/schemas/TriggerInput"},
	{"type": "object", "required": ["name", "pipeline", "kind", "configuration", "status", "signals", "starts", "failures"], "properties": {
		"pipeline": {"type": "string", "format": "uuid"}, "kind": {"enum": ["SUCCESS", "NOTIFY", "QUERY", "TABLE"]},
		"signals": {"type": "integer", "readOnly": true}, "starts": {"type": "integer", "readOnly": true},
		"last_signal_at": {"type": "string", "format": "date-time", "readOnly": true}, "last_start_at": {"type": "string", "format": "date-time", "readOnly": true},
		"last_run": {"type": "string", "format": "uuid", "readOnly": true}, "last_check_at": {"type": "string", "format": "date-time", "readOnly": true},
		"next_check_at": {"type": "string", "format": "date-time", "readOnly": true}, "failures": {"type": "integer", "readOnly": true},
		"last_error": {"type": "string", "readOnly": true}, "last_error_at": {"type": "string", "format": "date-time", "readOnly": true}}}]}');

SELECT _nuvopipe.set_route('POST', '/dp/api/v1/schedule/preview', 'schedule_preview', 'See what a schedule would plan', rate => 'read',
	request => '{"type": "object", "required": ["schedule_config"], "properties": {"schedule_config": {"$ref": "#/components/schemas/ScheduleConfig"},
		"time_zone": {"type": "string"}, "count": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 10},
		"after": {"type": "string", "format": "date-time"}}}',
	response => _nuvopipe.list_of('PlannedInstant', false));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/schedule', 'schedule_list', 'List schedules', response => _nuvopipe.list_of('Schedule'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/pipeline/{id}/schedule', 'schedule_read', 'Read the schedule of a pipeline', response => _nuvopipe.data_of('Schedule'));
SELECT _nuvopipe.set_route('POST', '/dp/api/v1/pipeline/{id}/schedule/pause', 'schedule_pause', 'Pause the schedule of a pipeline',
	request => '{"type": "object", "properties": {"reason": {"type": "string"}}}', response => _nuvopipe.data_of('Schedule'));
SELECT _nuvopipe.set_route('POST', '/dp/api/v1/pipeline/{id}/schedule/resume', 'schedule_resume', 'Resume the schedule of a pipeline',
	request => '{"type": "object", "properties": {}}', response => _nuvopipe.data_of('Schedule'));
SELECT _nuvopipe.set_route('POST', '/dp/api/v1/pipeline/{id}/schedule/backfill', 'schedule_backfill', 'Run past instants of a schedule that did not run', status => 202,
	request => '{"type": "object", "required": ["from"], "properties": {"from": {"type": "string", "format": "date-time"}, "to": {"type": "string", "format": "date-time"},
		"max_runs": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 100}}}',
	response => '{"type": "object", "required": ["data"], "properties": {"data": {"type": "array", "items": {"type": "object", "required": ["planned_at", "outcome", "run"], "properties": {
		"planned_at": {"type": "string", "format": "date-time"}, "outcome": {"type": "string"}, "run": {"type": ["string", "null"], "format": "uuid"}}}}}}');
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/planned-run', 'planned_run_list', 'List planned instants and what became of them', response => _nuvopipe.list_of('PlannedRun'));
SELECT _nuvopipe.set_route('POST', '/dp/api/v1/calendar', 'calendar_create', 'Create a calendar', status => 201,
	request => _nuvopipe.body_of('CalendarInput'), response => _nuvopipe.data_of('Calendar'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/calendar', 'calendar_list', 'List calendars', response => _nuvopipe.list_of('Calendar'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/calendar/{id}', 'calendar_read', 'Read a calendar', object => 'calendar', reader => 'calendar_read',
	response => _nuvopipe.data_of('Calendar'));
SELECT _nuvopipe.set_route('PUT', '/dp/api/v1/calendar/{id}', 'calendar_update', 'Update a calendar: the members that are given', object => 'calendar', reader => 'calendar_read',
	request => _nuvopipe.body_of('CalendarInput'), response => _nuvopipe.data_of('Calendar'));
SELECT _nuvopipe.set_route('DELETE', '/dp/api/v1/calendar/{id}', 'calendar_delete', 'Delete a calendar that nothing uses', object => 'calendar', reader => 'calendar_read',
	response => _nuvopipe.body_of('Deleted'));
SELECT _nuvopipe.set_route('POST', '/dp/api/v1/trigger', 'trigger_create', 'Create a trigger of a pipeline', status => 201,
	request => '{"allOf": [{"$ref": "#/components/schemas/TriggerInput"}, {"type": "object", "required": ["pipeline", "kind", "configuration"], "properties": {
		"pipeline": {"type": "string", "description": "id (or name) of a pipeline"}, "kind": {"enum": ["SUCCESS", "NOTIFY", "QUERY", "TABLE"]}}}]}',
	response => _nuvopipe.data_of('Trigger'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/trigger', 'trigger_list', 'List triggers', response => _nuvopipe.list_of('Trigger'));
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/trigger/{id}', 'trigger_read', 'Read a trigger', object => 'trigger', reader => 'trigger_read',
	response => _nuvopipe.data_of('Trigger'));
SELECT _nuvopipe.set_route('PUT', '/dp/api/v1/trigger/{id}', 'trigger_update', 'Update a trigger: the members that are given', object => 'trigger', reader => 'trigger_read',
	request => _nuvopipe.body_of('TriggerInput'), response => _nuvopipe.data_of('Trigger'));
SELECT _nuvopipe.set_route('DELETE', '/dp/api/v1/trigger/{id}', 'trigger_delete', 'Delete a trigger', object => 'trigger', reader => 'trigger_read',
	response => _nuvopipe.body_of('Deleted'));
