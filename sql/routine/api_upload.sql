
/*
 * Uploads over the API: tus 1.0.0 (core, creation, termination), and the same
 * with a JSON body.  https://tus.io/protocols/resumable-upload
 */
CREATE OR REPLACE VIEW _nuvopipe.api_upload AS
	SELECT u.id, u.file_name, u.content_type, u.size, u.received AS "offset",
			CASE WHEN u.expires_at < clock_timestamp() THEN 'EXPIRED' ELSE u.state END AS state,
			CASE WHEN u.state = 'COMPLETE' THEN encode(u.sha256, 'hex') END AS sha256,
			u.connector_id AS input_connector, 4194304 AS chunk_size, u.expires_at, u.created_at,
			_nuvopipe.actor(c) AS created_by, u.created_by AS _created_by,
			u.tenant_id AS _tenant_id, u.owner_id AS _owner_id, o.role AS _owner_role, false AS _shared
		FROM _nuvopipe.upload u
			JOIN _nuvopipe.owner o ON o.id = u.owner_id
			LEFT JOIN _nuvopipe.principal c ON c.id = u.created_by;

-- Uploads go with the right to create executions, not to read them; so this asks find_upload.
CREATE OR REPLACE FUNCTION _nuvopipe.upload_object(upload text) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	up _nuvopipe.upload := _nuvopipe.find_upload(upload);
BEGIN
	RETURN (SELECT jsonb_strip_nulls(jsonb_build_object('id', v.id, 'file_name', v.file_name, 'content_type', v.content_type, 'size', v.size,
			'offset', v."offset", 'state', v.state, 'sha256', v.sha256, 'input_connector', v.input_connector, 'chunk_size', v.chunk_size,
			'expires_at', _nuvopipe.iso(v.expires_at), 'created_at', _nuvopipe.iso(v.created_at), 'created_by', v.created_by))
		FROM _nuvopipe.api_upload v WHERE v._tenant_id = up.tenant_id AND v.id = up.id);
END
$$;

-- A client that names a version must name ours; one that names none speaks our JSON.
CREATE OR REPLACE FUNCTION _nuvopipe.check_tus(headers jsonb) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF headers ->> 'tus-resumable' <> '1.0.0' THEN
		RAISE EXCEPTION 'tus version "%" is not supported', headers ->> 'tus-resumable' USING ERRCODE = 'NP412', HINT = 'Tus-Version: 1.0.0';
	END IF;
END
$$;

-- Upload-Metadata: "filename d29ybGQucGRm,filetype dGV4dA==,is_confidential" to an object of texts.
CREATE OR REPLACE FUNCTION _nuvopipe.tus_metadata(value text) RETURNS jsonb
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN coalesce((SELECT jsonb_object_agg(split_part(trim(p), ' ', 1), convert_from(decode(split_part(trim(p), ' ', 2), 'base64'), 'UTF8'))
		FROM unnest(string_to_array(value, ',')) p WHERE trim(p) <> ''), '{}');
EXCEPTION WHEN data_exception THEN
	PERFORM _nuvopipe.fault('headers.upload-metadata', 'cannot be read', 'Pairs of a key and a base64 value, separated by commas.');
	RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.upload_headers(up _nuvopipe.upload) RETURNS jsonb
	LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT jsonb_strip_nulls(jsonb_build_object('Tus-Resumable', '1.0.0', 'Upload-Offset', up.received::text, 'Upload-Length', up.size::text,
		'Upload-Expires', to_char(up.expires_at AT TIME ZONE 'UTC', 'Dy, DD Mon YYYY HH24:MI:SS "GMT"'), 'Cache-Control', 'no-store'));
END;

CREATE OR REPLACE FUNCTION nuvopipe_api.upload_create(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	headers jsonb := coalesce(args -> 'headers', '{}');
	metadata jsonb := _nuvopipe.tus_metadata(headers ->> 'upload-metadata');
	size bigint;
	new_id uuid;
BEGIN
	PERFORM _nuvopipe.check_tus(headers);
	PERFORM _nuvopipe.check_body(args, ARRAY['file_name', 'size', 'content_type', 'input_connector', 'sha256']);
	PERFORM _nuvopipe.expect_type(args -> m, m, 'string') FROM unnest(ARRAY['file_name', 'content_type', 'input_connector', 'sha256']) m;
	PERFORM _nuvopipe.expect_number(args -> 'size', 'size', 0, 9007199254740991, whole => true);
	size := coalesce((nullif(args -> 'size', 'null'))::bigint,
		_nuvopipe.whole_number(headers ->> 'upload-length', 'headers.upload-length', 0, 9007199254740991));
	new_id := nuvopipe.create_upload(coalesce(args ->> 'file_name', metadata ->> 'filename', metadata ->> 'name'), size,
		coalesce(args ->> 'content_type', metadata ->> 'filetype', metadata ->> 'type'),
		coalesce(args ->> 'input_connector', metadata ->> 'input_connector'), coalesce(args ->> 'sha256', metadata ->> 'sha256'));
	RETURN jsonb_build_object('data', _nuvopipe.upload_object(new_id::text),
		'$headers', _nuvopipe.upload_headers(_nuvopipe.find_upload(new_id::text)) || jsonb_build_object('Location', '/dp/api/v1/upload/' || new_id));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.upload_create IS
'POST /upload: begins an upload. Body: size, file_name, content_type, input_connector, sha256; or the headers of tus: Upload-Length, Upload-Metadata (filename, filetype). Answers the upload and its Location.
Errors: 22023, 54000 above nuvopipe.max_object_size, 42501, NP412 for another version of tus.';

CREATE OR REPLACE FUNCTION nuvopipe_api.upload_read(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.check_tus($1 -> 'headers');
	RETURN jsonb_build_object('data', _nuvopipe.upload_object($1 ->> 'id'), '$headers', _nuvopipe.upload_headers(_nuvopipe.find_upload($1 ->> 'id')));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.upload_read IS 'GET and HEAD /upload/{id}: how far an upload has come; the headers Upload-Offset and Upload-Length say it too.
Errors: 42704.';

CREATE OR REPLACE FUNCTION nuvopipe_api.upload_write_open(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	args jsonb := $1;
	headers jsonb := coalesce(args -> 'headers', '{}');
	up _nuvopipe.upload := _nuvopipe.find_upload(args ->> 'id');
	place bigint;
BEGIN
	PERFORM _nuvopipe.check_tus(headers);
	IF split_part(lower(headers ->> 'content-type'), ';', 1) IS DISTINCT FROM 'application/offset+octet-stream' THEN
		RAISE EXCEPTION 'the content type of a piece must be application/offset+octet-stream' USING ERRCODE = 'NP415';
	ELSIF headers ->> 'upload-offset' IS NULL THEN
		PERFORM _nuvopipe.fault('headers.upload-offset', 'must be given');
	END IF;
	place := _nuvopipe.whole_number(headers ->> 'upload-offset', 'headers.upload-offset', 0, 9007199254740991);
	IF up.state = 'EXPIRED' THEN
		RAISE EXCEPTION 'upload "%" does not exist', up.id USING ERRCODE = 'undefined_object';
	ELSIF place <> up.received THEN
		RAISE EXCEPTION 'the upload stands at byte %, not at %', up.received, place USING ERRCODE = 'NP409',
			DETAIL = up.received::text, HINT = format('Go on at byte %s.', up.received);
	ELSIF up.received + coalesce(_nuvopipe.whole_number(headers ->> 'content-length', 'headers.content-length', 0, 9007199254740991), 0) > up.size THEN
		RAISE EXCEPTION 'the upload has % bytes, and % of them have arrived', up.size, up.received USING ERRCODE = 'program_limit_exceeded';
	END IF;
	RETURN jsonb_build_object('upload', up.id, 'offset', place);
END
$$;
COMMENT ON FUNCTION nuvopipe_api.upload_write_open IS 'PATCH /upload/{id}, before its body: checks the headers.
Errors: 42704, NP409 for another offset than that of the upload, NP412, NP415, 54000, 22023.';

CREATE OR REPLACE FUNCTION nuvopipe_api.upload_write(jsonb) RETURNS jsonb
	-- volatile: it must see the pieces of its own request
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN jsonb_build_object('$status', 204, '$headers', _nuvopipe.upload_headers(_nuvopipe.find_upload($1 ->> 'id')));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.upload_write IS 'PATCH /upload/{id}: adds bytes at Upload-Offset; whatever was received stays, also when the connection breaks.
Errors: as upload_write_open; 22023 if the whole has not the promised digest.';

CREATE OR REPLACE FUNCTION nuvopipe_api.upload_delete(jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	up _nuvopipe.upload;
BEGIN
	PERFORM _nuvopipe.check_tus($1 -> 'headers');
	up := _nuvopipe.find_upload($1 ->> 'id');
	PERFORM nuvopipe.delete_upload(up.id);
	RETURN jsonb_build_object('$status', 204, '$headers', jsonb_build_object('Tus-Resumable', '1.0.0'));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.upload_delete IS 'DELETE /upload/{id}: deletes an upload; executions that took it keep its bytes.
Errors: 42704.';

SELECT _nuvopipe.set_schema('Upload', '{"type": "object", "properties": {"id": {"type": "string"}, "file_name": {"type": "string"}, "content_type": {"type": "string"},
	"size": {"type": "integer"}, "offset": {"type": "integer"}, "state": {"enum": ["RECEIVING", "COMPLETE", "EXPIRED"]}, "sha256": {"type": "string"},
	"input_connector": {"type": "string"}, "chunk_size": {"type": "integer"}, "expires_at": {"type": "string", "format": "date-time"}}}');

SELECT _nuvopipe.set_route('POST', '/dp/api/v1/upload', 'upload_create', 'Begin an upload', status => 201,
	headers => ARRAY['tus-resumable', 'upload-length', 'upload-metadata'],
	request => '{"type": "object", "properties": {"file_name": {"type": "string"}, "size": {"type": "integer"}, "content_type": {"type": "string"}, "input_connector": {"type": "string"}, "sha256": {"type": "string"}}}',
	response => '{"type": "object", "properties": {"data": {"$ref": "#/components/schemas/Upload"}}}');
SELECT _nuvopipe.set_route('GET', '/dp/api/v1/upload/{id}', 'upload_read', 'How far an upload has come', headers => ARRAY['tus-resumable'],
	response => '{"type": "object", "properties": {"data": {"$ref": "#/components/schemas/Upload"}}}');
SELECT _nuvopipe.set_route('PATCH', '/dp/api/v1/upload/{id}', 'upload_write', 'Send bytes of an upload', mode => 'upload', status => 204, rate => 'none',
	headers => ARRAY['tus-resumable', 'upload-offset', 'content-type', 'content-length'], max_body => 9007199254740991);
SELECT _nuvopipe.set_route('DELETE', '/dp/api/v1/upload/{id}', 'upload_delete', 'Delete an upload', status => 204, headers => ARRAY['tus-resumable']);
