
CREATE TYPE nuvopipe.alert AS (
	severity text,
	code text,
	organization text,
	pipeline uuid,
	object text,
	message text,
	since timestamptz,
	detail jsonb,
	hint text
);
COMMENT ON TYPE nuvopipe.alert IS
	'One thing that is wrong, as returned by nuvopipe.alerts: severity (CRITICAL, WARNING), code (a stable word), organization (name; null: the whole database or server), pipeline (id, where it is about one), object (name of the pipeline, webhook, process, file or directory), message, since (when it began, where that is known), detail (numbers), hint (what to do).';
