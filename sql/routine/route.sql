
-- Routes and schemas are written where their operations are defined; a file that is run again replaces them.
CREATE OR REPLACE FUNCTION _nuvopipe.set_route(method text, path text, operation text, summary text, auth text DEFAULT 'token',
		mode text DEFAULT 'json', rate text DEFAULT NULL, status int DEFAULT 200, object text DEFAULT NULL, reader text DEFAULT NULL,
		headers text[] DEFAULT NULL, content_type text DEFAULT NULL, max_body bigint DEFAULT 6291456, request jsonb DEFAULT NULL,
		response jsonb DEFAULT NULL, parameters jsonb DEFAULT NULL, reaches_out boolean DEFAULT false) RETURNS void
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
	INSERT INTO _nuvopipe.route VALUES (method, path, operation, summary, auth, mode,
			coalesce(rate, CASE WHEN method IN ('GET', 'HEAD') THEN 'read' ELSE 'write' END), status, object, reader,
			coalesce(headers, '{}'), content_type, max_body, request, response, parameters, reaches_out)
		ON CONFLICT ON CONSTRAINT route_pkey DO UPDATE SET operation = EXCLUDED.operation, summary = EXCLUDED.summary, auth = EXCLUDED.auth,
			mode = EXCLUDED.mode, rate = EXCLUDED.rate, status = EXCLUDED.status, object = EXCLUDED.object, reader = EXCLUDED.reader,
			headers = EXCLUDED.headers, content_type = EXCLUDED.content_type, max_body = EXCLUDED.max_body, request = EXCLUDED.request,
			response = EXCLUDED.response, parameters = EXCLUDED.parameters, reaches_out = EXCLUDED.reaches_out;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.set_schema(name text, schema jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
	INSERT INTO _nuvopipe.api_schema VALUES (name, schema)
		ON CONFLICT ON CONSTRAINT api_schema_pkey DO UPDATE SET schema = EXCLUDED.schema;
END
$$;
