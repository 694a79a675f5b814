
/*
 * The header that the last successful execution of a pipeline has read.  One that
 * differs is told: its columns were mapped by name, and perhaps not all of them.
 */

-- how a list of names differs from another; null if it does not
CREATE OR REPLACE FUNCTION _nuvopipe.header_changes(before text[], now text[]) RETURNS text
	LANGUAGE sql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	WITH change AS (
		SELECT (SELECT array_agg(name ORDER BY n) FROM unnest(now) WITH ORDINALITY AS t (name, n) WHERE name <> ALL (before)) AS added,
			(SELECT array_agg(name ORDER BY n) FROM unnest(before) WITH ORDINALITY AS t (name, n) WHERE name <> ALL (now)) AS missing
	)
	SELECT nullif(concat_ws(', ',
		'new: ' || _nuvopipe.name_list(added),
		'missing: ' || _nuvopipe.name_list(missing),
		CASE WHEN added IS NULL AND missing IS NULL AND before <> now THEN 'the columns are in another order' END), '')
	FROM change
$$;

-- the first of some names, quoted, and how many more there are
CREATE OR REPLACE FUNCTION _nuvopipe.name_list(names text[]) RETURNS text
	LANGUAGE sql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT string_agg('"' || CASE WHEN length(name) > 60 THEN left(name, 57) || '...' ELSE name END || '"', ', ' ORDER BY n)
			|| CASE WHEN cardinality(names) > 10 THEN format(' and %s more', cardinality(names) - 10) ELSE '' END
		FROM unnest(names[1:10]) WITH ORDINALITY AS t (name, n)
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.header_fingerprint(columns text[]) RETURNS text
	LANGUAGE sql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$ SELECT encode(sha256(convert_to(to_jsonb(columns)::text, 'UTF8')), 'hex') $$;

-- note_header compares the header an execution has read with that of the last one; accepted: it is the one to compare with from now on
CREATE OR REPLACE FUNCTION _nuvopipe.note_header(tenant uuid, pipeline uuid, execution uuid, columns text[], accepted boolean) RETURNS text
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	known _nuvopipe.accepted_header;
	fingerprint text := _nuvopipe.header_fingerprint(columns);
	note text;
BEGIN
	SELECT * INTO known FROM _nuvopipe.accepted_header h WHERE h.tenant_id = tenant AND h.pipeline_id = pipeline;
	IF known.fingerprint = fingerprint THEN
		RETURN NULL;
	ELSIF known.fingerprint IS NOT NULL THEN
		note := format('the header has changed since execution %s (%s); columns were mapped by name', known.execution_id,
			_nuvopipe.header_changes(known.columns, columns));
	END IF;
	IF accepted AND EXISTS (SELECT FROM _nuvopipe.pipeline p WHERE p.id = pipeline) THEN
		INSERT INTO _nuvopipe.accepted_header AS h (tenant_id, pipeline_id, fingerprint, columns, execution_id, accepted_at)
			VALUES (tenant, pipeline, fingerprint, columns, execution, clock_timestamp())
			ON CONFLICT ON CONSTRAINT accepted_header_pkey DO UPDATE SET fingerprint = excluded.fingerprint, columns = excluded.columns,
				execution_id = excluded.execution_id, accepted_at = excluded.accepted_at;
	END IF;
	RETURN note;
END
$$;

CREATE OR REPLACE VIEW nuvopipe.pipeline_headers WITH (security_barrier) AS
	SELECT h.pipeline_id AS pipeline, p.name AS pipeline_name, h.columns, h.fingerprint, h.execution_id AS execution, h.accepted_at
		FROM _nuvopipe.accepted_header h
			JOIN _nuvopipe.pipeline p ON p.id = h.pipeline_id
			JOIN _nuvopipe.owner o ON o.id = p.owner_id
		WHERE h.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('read', 'pipeline', p.owner_id, o.role);
COMMENT ON VIEW nuvopipe.pipeline_headers IS 'The header each pipeline has accepted last; an execution that meets another says so in its note and as an issue.';
COMMENT ON COLUMN nuvopipe.pipeline_headers.columns IS 'Names of the columns in the order of the input, made unique.';
COMMENT ON COLUMN nuvopipe.pipeline_headers.fingerprint IS 'SHA-256 of the names, in hexadecimal.';
COMMENT ON COLUMN nuvopipe.pipeline_headers.execution IS 'That read it first and succeeded.';
