
/*
 * Previews: how an upload would be read, before there is a pipeline.  What was
 * shown stays for an hour, for whoever asked.
 */

-- Options of a preview in the form of nuvopipe.parse.
CREATE OR REPLACE FUNCTION _nuvopipe.preview_options(options jsonb) RETURNS jsonb
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	result jsonb := jsonb_strip_nulls(coalesce(nullif(options, 'null'), '{}'));
	header_row int;
BEGIN
	PERFORM _nuvopipe.check_members(options, 'options', ARRAY['sheet', 'hidden_sheets', 'format', 'compression', 'delimiter', 'quote', 'escape', 'encoding', 'header_row', 'header_rows', 'skip_rows'] ||
		ARRAY['path', 'flatten', 'widths', 'columns', 'width_unit']);
	PERFORM _nuvopipe.expect_number(result -> 'header_row', 'options.header_row', -1, 1000000, whole => true);
	PERFORM _nuvopipe.expect_number(result -> 'header_rows', 'options.header_rows', 1, 10, whole => true);
	header_row := (result ->> 'header_row')::int;
	IF header_row IS NOT NULL THEN
		result := result || jsonb_build_object('header', header_row >= 0, 'skip_rows', greatest(header_row, 0));
	END IF;
	RETURN result - 'header_row';
END
$$;

-- One guess with its confidence and the runner-up.
CREATE OR REPLACE FUNCTION _nuvopipe.preview_guess(sniff jsonb, part text) RETURNS jsonb
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_strip_nulls(jsonb_build_object('value', sniff -> part, 'score', sniff #> ARRAY['verdicts', part, 'confidence'],
		'reason', sniff #> ARRAY['verdicts', part, 'reason'],
		'candidates', CASE WHEN sniff #>> ARRAY['verdicts', part, 'runner_up'] <> '' THEN
			jsonb_build_array(jsonb_build_object('value', sniff #> ARRAY['verdicts', part, 'runner_up'])) ELSE '[]' END));
END;

-- The places where the names of the columns may stand, the best first; NULL where nothing had to be found out.
CREATE OR REPLACE FUNCTION _nuvopipe.preview_headers(sniff jsonb) RETURNS jsonb
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_agg(jsonb_build_object('row_index', CASE WHEN (h ->> 'header')::boolean THEN (h ->> 'skip_rows')::int ELSE -1 END,
			'header_rows', coalesce((h ->> 'header_rows')::int, 0), 'score', h -> 'score', 'reason', h -> 'reason') ORDER BY n)
		FROM jsonb_array_elements(sniff -> 'headers') WITH ORDINALITY AS t (h, n);
END;

-- What is in the columns of the rows read; at most three samples each.
CREATE OR REPLACE FUNCTION _nuvopipe.preview_columns(names text[], data jsonb) RETURNS jsonb
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(jsonb_agg(jsonb_build_object('index', c.n - 1, 'name', c.name, 'original_name', c.name,
			'filled', (SELECT count(*) FROM jsonb_array_elements(data) r WHERE coalesce(r #>> ARRAY['cells', (c.n - 1)::text], '') <> ''),
			'distinct', (SELECT count(DISTINCT r #>> ARRAY['cells', (c.n - 1)::text]) FROM jsonb_array_elements(data) r),
			'samples', (SELECT coalesce(jsonb_agg(jsonb_build_object('value', s.value, 'count', s.n) ORDER BY s.n DESC, s.value), '[]')
				FROM (SELECT left(r #>> ARRAY['cells', (c.n - 1)::text], 100) AS value, count(*) AS n FROM jsonb_array_elements(data) r
					WHERE coalesce(r #>> ARRAY['cells', (c.n - 1)::text], '') <> '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3) s)) ORDER BY c.n), '[]')
		FROM unnest(names) WITH ORDINALITY AS c (name, n);
END;

CREATE OR REPLACE FUNCTION _nuvopipe.preview_of_upload(up _nuvopipe.upload, options jsonb, most int) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	sampled constant int := 1000;	-- rows that the figures of the columns are of
	h record;
	found jsonb[] := '{}';
	data jsonb;
	names text[];
	sniff jsonb;
	message text;
	hint text;
	skipped int;
BEGIN
	FOR h IN SELECT * FROM _nuvopipe.read_head(up.tenant_id, up.id, up.file_name, options, greatest(most, sampled)) LOOP
		IF h.row_no = 0 THEN
			names := h.cells;
			sniff := h.sniff;
		ELSE
			found := found || jsonb_build_object('row_no', h.row_no, 'line', h.line_no, 'cells', h.cells);
		END IF;
	END LOOP;
	data := to_jsonb(found);
	skipped := coalesce((sniff ->> 'skip_rows')::int, 0);
	RETURN jsonb_build_object('state', 'READY',
		'file', jsonb_build_object('name', up.file_name, 'size', up.received, 'format', sniff -> 'format', 'compression', sniff -> 'compression',
			'encoding', CASE WHEN sniff ? 'encoding' THEN _nuvopipe.preview_guess(sniff, 'encoding') END),
		'sheets', sniff -> 'sheets', 'sheet', sniff -> 'sheet',
		'dialect', jsonb_strip_nulls(jsonb_build_object('delimiter', CASE WHEN sniff ? 'delimiter' THEN _nuvopipe.preview_guess(sniff, 'delimiter') END,
			'quote', sniff -> 'quote', 'escape', sniff -> 'escape', 'path', sniff -> 'path', 'widths', sniff -> 'widths', 'width_unit', sniff -> 'width_unit')),
		'header', jsonb_strip_nulls(jsonb_build_object('row_index', CASE WHEN coalesce((sniff ->> 'header')::boolean, true) THEN skipped ELSE -1 END,
			'header_rows', sniff -> 'header_rows', 'score', sniff #> '{verdicts,header,confidence}', 'reason', sniff #> '{verdicts,header,reason}',
			'candidates', _nuvopipe.preview_headers(sniff))),
		'columns', _nuvopipe.preview_columns(names, data),
		'rows', (SELECT coalesce(jsonb_agg(r ORDER BY n), '[]') FROM jsonb_array_elements(data) WITH ORDINALITY AS t (r, n) WHERE n <= most),
		'row_count', CASE WHEN jsonb_array_length(data) < greatest(most, sampled) THEN to_jsonb(jsonb_array_length(data)) ELSE 'null' END,
		'warnings', CASE WHEN sniff #> '{verdicts,transposed}' IS NOT NULL
			THEN jsonb_build_array(jsonb_build_object('code', 'transposed', 'message', sniff #> '{verdicts,transposed,reason}')) ELSE '[]' END);
EXCEPTION WHEN bad_copy_file_format OR SQLSTATE '02000' THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
	RETURN jsonb_build_object('state', 'FAILED',
		'error', jsonb_strip_nulls(jsonb_build_object('message', message, 'hint', nullif(hint, ''),
			'type', CASE SQLSTATE WHEN '02000' THEN 'SOURCE_DATA_EMPTY' ELSE 'PARSING_FAILURE' END)),
		'file', jsonb_build_object('name', up.file_name, 'size', up.received));
END
$$;

-- nuvo has no permission for previews: who may create pipelines or fix executions needs them
CREATE OR REPLACE FUNCTION _nuvopipe.require_preview() RETURNS void
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.require_right('create', 'pipeline');
EXCEPTION WHEN insufficient_privilege THEN
	PERFORM _nuvopipe.require_right('write', 'execution');
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.preview_create(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	source jsonb := args -> 'source';
	most int;
	up _nuvopipe.upload;
	answer jsonb;
	new_id uuid := _nuvopipe.uuid_v7();
	moment timestamptz := clock_timestamp();
BEGIN
	PERFORM _nuvopipe.require_preview();
	PERFORM _nuvopipe.check_body(args, ARRAY['source', 'rows']);
	PERFORM _nuvopipe.expect_type(source, 'source', 'object');
	PERFORM _nuvopipe.expect_number(args -> 'rows', 'rows', 0, 1000, whole => true);
	most := coalesce((nullif(args -> 'rows', 'null'))::int, 50);
	IF jsonb_typeof(source) IS DISTINCT FROM 'object' THEN
		PERFORM _nuvopipe.fault('source', 'must be given', 'For example: {"upload": id}.');
	ELSIF source ?| ARRAY['connector', 'pipeline', 'execution', 'preview'] THEN
		RAISE EXCEPTION 'source: previews of a % are not supported yet', (SELECT k FROM jsonb_object_keys(source) k WHERE k <> 'upload' LIMIT 1)
			USING ERRCODE = 'feature_not_supported', HINT = 'Upload the file, and give {"upload": id}.';
	END IF;
	PERFORM _nuvopipe.check_members(source, 'source', ARRAY['upload']);
	PERFORM _nuvopipe.expect_type(source -> 'upload', 'source.upload', 'string');
	IF source ->> 'upload' IS NULL THEN
		PERFORM _nuvopipe.fault('source.upload', 'must be given');
	END IF;
	up := _nuvopipe.find_complete_upload(source ->> 'upload');
	answer := jsonb_build_object('id', new_id, 'expires_at', _nuvopipe.iso(moment + interval '1 hour'))
		|| _nuvopipe.preview_of_upload(up, _nuvopipe.preview_options(args -> 'options'), most);
	INSERT INTO _nuvopipe.preview (tenant_id, id, created_by, answer, created_at, expires_at)
		VALUES (up.tenant_id, new_id, _nuvopipe.me(), answer, moment, moment + interval '1 hour');
	RETURN jsonb_build_object('data', answer);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.preview_create IS
'POST /preview: the first rows of an upload, as a run would read them. Body: source {"upload": id}; options {format, sheet, hidden_sheets, delimiter, quote, escape, encoding, header_row, header_rows, skip_rows, path, flatten, widths, columns, width_unit}; rows (50). Answers format, dialect, header, columns and rows; state FAILED with the reason where it cannot be read.
Errors: 22023 for the body, 42704 unknown upload, 55000 if it is not complete, 0A000 for other sources.';

CREATE OR REPLACE FUNCTION _nuvopipe.find_preview(preview text) RETURNS _nuvopipe.preview
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	p _nuvopipe.preview;
	me uuid := coalesce(_nuvopipe.token_principal(), (SELECT x.id FROM _nuvopipe.principal x WHERE x.database_role = _nuvopipe.caller()));
BEGIN
	PERFORM _nuvopipe.require_preview();
	IF _nuvopipe.is_uuid(preview) THEN
		SELECT x.* INTO p FROM _nuvopipe.preview x
			WHERE x.tenant_id = _nuvopipe.tenant() AND x.id = preview::uuid AND x.created_by = me AND x.expires_at > clock_timestamp();
	END IF;
	IF p.id IS NULL THEN
		RAISE EXCEPTION 'preview "%" does not exist', preview USING ERRCODE = 'undefined_object';
	END IF;
	RETURN p;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.preview_read(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	p _nuvopipe.preview := _nuvopipe.find_preview($1 ->> 'id');
BEGIN
	RETURN jsonb_build_object('data', p.answer);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.preview_read IS 'GET /preview/{id}: a preview again, for whoever made it, within the hour.
Errors: 42704.';

CREATE OR REPLACE FUNCTION nuvopipe_api.preview_delete(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	p _nuvopipe.preview := _nuvopipe.find_preview($1 ->> 'id');
BEGIN
	DELETE FROM _nuvopipe.preview x WHERE x.tenant_id = p.tenant_id AND x.id = p.id;
	PERFORM _nuvopipe.require_there(FOUND, 'preview', p.id::text);
	RETURN jsonb_build_object('$status', 204);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.preview_delete IS 'DELETE /preview/{id}: forgets a preview.
Errors: 42704.';

SELECT _nuvopipe.set_route('POST', '/dp/api/v1/preview', 'preview_create', 'Preview an upload', status => 201,
	request => '{"type": "object", "required": ["source"], "properties": {"source": {"type": "object", "properties": {"upload": {"type": "string"}}},
		"options": {"type": "object"}, "rows": {"type": "integer", "default": 50}}}');
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/preview/{id}', 'preview_read', 'Read a preview');
SELECT _nuvopipe.set_route('DELETE', '/dp/api/v1/preview/{id}', 'preview_delete', 'Delete a preview', status => 204);
