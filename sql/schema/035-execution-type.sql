
CREATE TYPE nuvopipe.execution AS (
	id uuid,
	pipeline uuid,
	status text,
	trigger_type text,
	input text,
	created_at timestamptz
);
COMMENT ON TYPE nuvopipe.execution IS
	'One execution as returned by nuvopipe.execute: id, pipeline id, status (QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELED), trigger_type (MANUAL, SCHEDULED, EVENT), input (path of the input object; null until the source is listed), created_at.';
