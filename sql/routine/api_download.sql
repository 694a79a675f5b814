
/*
 * Downloads over the API: input and output as they are, issues and rejected
 * rows as CSV or JSON.  A browser, which cannot send a token when it follows a
 * link, gets a ticket first.
 */

-- What download_next and the listener need, for one kind; the caller may read the execution.
CREATE OR REPLACE FUNCTION _nuvopipe.execution_download(e _nuvopipe.execution, kind text, format text) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	kinds constant text[] := ARRAY['INPUT', 'OUTPUT', 'ISSUES', 'REJECTED', 'ANNOTATED'];
	word text := upper(coalesce(kind, ''));
	form text := upper(coalesce(format, CASE word WHEN 'ANNOTATED' THEN 'XLSX' ELSE 'CSV' END));
	reasons jsonb;
	b _nuvopipe.blob;
	stem text;
BEGIN
	IF word <> ALL (kinds) THEN
		PERFORM _nuvopipe.fault_near('kind', format('unknown value "%s"', kind), word, kinds);
	ELSIF form NOT IN ('CSV', 'JSON', 'XLSX', 'XML') THEN
		PERFORM _nuvopipe.fault_near('format', format('unknown value "%s"', format), form, ARRAY['CSV', 'JSON', 'XLSX', 'XML']);
	ELSIF word = 'ANNOTATED' AND form = 'JSON' OR word IN ('INPUT', 'OUTPUT') AND form IN ('XLSX', 'XML') THEN
		RAISE EXCEPTION 'format: % is not to be had of %', form, word USING ERRCODE = 'feature_not_supported',
			HINT = CASE word WHEN 'ANNOTATED' THEN 'Annotated rows come as XLSX, XML or CSV; REJECTED comes as JSON, too.' ELSE 'It is downloaded as it is.' END;
	END IF;
	IF word IN ('INPUT', 'OUTPUT') THEN
		SELECT x.* INTO b FROM _nuvopipe.blob x
			WHERE x.tenant_id = e.tenant_id AND x.id = CASE word WHEN 'INPUT' THEN e.input_id ELSE e.output_id END AND x.dropped_at IS NULL
				AND (x.expires_at IS NULL OR x.expires_at > clock_timestamp());
		IF b.id IS NULL THEN
			reasons := _nuvopipe.execution_can(e.id) -> 'reasons';
			RAISE EXCEPTION 'there is nothing to download: %', coalesce(reasons ->> lower(word), 'it has expired')
				USING ERRCODE = 'NP404', HINT = CASE word WHEN 'INPUT' THEN 'Option keep_input of the pipeline says which inputs are kept.'
					ELSE 'Option keep_output of the pipeline and nuvopipe.keep_output_size say which outputs are kept.' END;
		END IF;
		RETURN _nuvopipe.download_file(jsonb_build_object('stream', 'BLOB', 'tenant', e.tenant_id, 'blob', b.id, 'size', b.bytes),
			_nuvopipe.safe_file_name(b.file_name, _nuvopipe.safe_file_name(e.object_name, lower(word))), coalesce(b.content_type, 'application/octet-stream'));
	END IF;
	stem := regexp_replace(_nuvopipe.safe_file_name(e.object_name, 'execution'), '(.)\.[^.]*$', '\1');
	IF form IN ('XLSX', 'XML') OR word = 'ANNOTATED' THEN
		b.file_name := format('%s.%s.%s', stem, lower(word), lower(form));
		b.content_type := CASE form WHEN 'CSV' THEN 'text/csv; charset=utf-8' WHEN 'XML' THEN 'application/xml'
			ELSE 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' END;
		b.id := _nuvopipe.annotate(e.tenant_id, e.id, e.attempts, CASE word WHEN 'ISSUES' THEN word ELSE 'ANNOTATED' END, form, b.file_name, b.content_type);
		SELECT x.bytes INTO b.bytes FROM _nuvopipe.blob x WHERE x.tenant_id = e.tenant_id AND x.id = b.id;
		RETURN _nuvopipe.download_file(jsonb_build_object('stream', 'BLOB', 'tenant', e.tenant_id, 'blob', b.id, 'size', b.bytes), b.file_name, b.content_type);
	END IF;
	RETURN _nuvopipe.download_file(jsonb_build_object('stream', word, 'tenant', e.tenant_id, 'execution', e.id, 'attempt', e.attempts, 'format', form,
			'columns', CASE WHEN word = 'REJECTED' THEN coalesce((SELECT to_jsonb(_nuvopipe.issue_header(n.data)) FROM _nuvopipe.issue n
				WHERE n.tenant_id = e.tenant_id AND n.execution_id = e.id AND n.attempt = e.attempts AND n.seq = 0), '[]') END),
		format('%s.%s.%s', stem, lower(word), lower(form)),
		CASE form WHEN 'JSON' THEN 'application/json' ELSE 'text/csv; charset=utf-8' END);
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.execution_input(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN _nuvopipe.execution_download(_nuvopipe.find_execution($1 ->> 'id'), 'INPUT', NULL);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.execution_input IS 'GET /execution/{id}/input: the input as it came, where it was kept.
Errors: 42704; NP404 with the reason where there is none.';

CREATE OR REPLACE FUNCTION nuvopipe_api.execution_output(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN _nuvopipe.execution_download(_nuvopipe.find_execution($1 ->> 'id'), 'OUTPUT', NULL);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.execution_output IS 'GET /execution/{id}/output: the output as it was delivered, where it was kept; a table is its own copy.
Errors: 42704; NP404 with the reason where there is none.';

CREATE OR REPLACE FUNCTION nuvopipe_api.execution_errors(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	kind text := upper(coalesce($1 ->> 'kind', 'ISSUES'));
BEGIN
	IF kind NOT IN ('ISSUES', 'REJECTED', 'ANNOTATED') THEN
		PERFORM _nuvopipe.fault_near('kind', format('unknown value "%s"', $1 ->> 'kind'), kind, ARRAY['ISSUES', 'REJECTED', 'ANNOTATED']);
	END IF;
	RETURN _nuvopipe.execution_download(_nuvopipe.find_execution($1 ->> 'id'), kind, $1 ->> 'format');
END
$$;
COMMENT ON FUNCTION nuvopipe_api.execution_errors IS 'GET /execution/{id}/errors?format=csv|json|xlsx|xml&kind=issues|rejected|annotated: the issues of the last attempt, or the rows that were rejected. Annotated rows have the columns of the source and "errors", to be corrected and sent again; in a workbook (xlsx, their default) wrong cells are coloured and commented. In CSV, cells that a spreadsheet would take for formulas begin with a quote mark.
Errors: 42704, 22023, 0A000 for annotated rows as JSON.';

CREATE OR REPLACE FUNCTION nuvopipe_api.execution_download_create(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	e _nuvopipe.execution := _nuvopipe.find_execution(args ->> 'id');
	secret text := _nuvopipe.new_secret('');
	until timestamptz := clock_timestamp() + interval '60 seconds';
	descriptor jsonb;
BEGIN
	PERFORM _nuvopipe.check_body(args, ARRAY['kind', 'format', 'group']);
	PERFORM _nuvopipe.expect_type(args -> 'kind', 'kind', 'string');
	PERFORM _nuvopipe.expect_type(args -> 'format', 'format', 'string');
	IF jsonb_typeof(args -> 'group') <> 'null' THEN
		RAISE EXCEPTION 'group: a part of the issues is not supported yet' USING ERRCODE = 'feature_not_supported', HINT = 'Leave it out for all of them.';
	ELSIF args ->> 'kind' IS NULL THEN
		PERFORM _nuvopipe.fault('kind', 'must be given', 'Known are INPUT, OUTPUT, ISSUES, REJECTED, ANNOTATED.');
	END IF;
	descriptor := _nuvopipe.execution_download(e, args ->> 'kind', args ->> 'format');
	INSERT INTO _nuvopipe.download_ticket (digest, tenant_id, descriptor, created_by, expires_at)
		VALUES (sha256(convert_to(secret, 'UTF8')), e.tenant_id, descriptor, _nuvopipe.me(), until);
	RETURN jsonb_build_object('data', jsonb_strip_nulls(jsonb_build_object('id', e.id, 'state', 'READY', 'url', '/dp/api/v1/download/' || secret,
		'expires_at', _nuvopipe.iso(until), 'bytes', descriptor -> 'size')), '$secret', 'url');
END
$$;
COMMENT ON FUNCTION nuvopipe_api.execution_download_create IS
'POST /execution/{id}/download: a link that downloads once, within 60 seconds, without a token. Body: kind (INPUT, OUTPUT, ISSUES, REJECTED, ANNOTATED), format (CSV, JSON, XLSX, XML).
Errors: 42704; 22023 for the body; NP404 where there is nothing to download; 0A000 for a format that this kind has not.';

CREATE OR REPLACE FUNCTION nuvopipe_api.download_read(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_one jsonb;
BEGIN
	DELETE FROM _nuvopipe.download_ticket t
		WHERE t.digest = sha256(convert_to($1 ->> 'ticket', 'UTF8')) AND t.expires_at > clock_timestamp()
		RETURNING t.descriptor INTO found_one;
	IF found_one IS NULL THEN
		RAISE EXCEPTION 'this link is not valid any more' USING ERRCODE = 'NP404', HINT = 'It serves one download within 60 seconds; ask for another one.';
	END IF;
	RETURN found_one;
END
$$;
COMMENT ON FUNCTION nuvopipe_api.download_read IS 'GET /download/{ticket}: the download that a ticket is for; it is used up by this.
Errors: NP404.';

SELECT _nuvopipe.set_route('GET', '/dp/api/v1/execution/{id}/input', 'execution_input', 'Download the input of an execution', mode => 'download');
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/execution/{id}/output', 'execution_output', 'Download the output of an execution', mode => 'download');
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/execution/{id}/errors', 'execution_errors', 'Download the issues or rejected rows of an execution', mode => 'download',
	parameters => '[{"name": "format", "in": "query", "schema": {"enum": ["csv", "json", "xlsx", "xml"]}},
		{"name": "kind", "in": "query", "schema": {"enum": ["issues", "rejected", "annotated"], "default": "issues"}}]');
SELECT _nuvopipe.set_route('POST', '/dp/api/v1/execution/{id}/download', 'execution_download_create', 'Get a link for one download', status => 201,
	request => '{"type": "object", "required": ["kind"], "properties": {"kind": {"enum": ["INPUT", "OUTPUT", "ISSUES", "REJECTED", "ANNOTATED"]}, "format": {"enum": ["CSV", "JSON", "XLSX", "XML"]}}}');
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/download/{ticket}', 'download_read', 'Download by a link', auth => 'none', mode => 'download', rate => 'none');
