
/*
 * The description of the API, made from its routes: what is served is what is
 * described.  OpenAPI 3.1.
 */

-- Parameters of a path, of lists, and those the route names itself.
CREATE OR REPLACE FUNCTION _nuvopipe.openapi_parameters(r _nuvopipe.route) RETURNS jsonb
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	result jsonb;
BEGIN
	SELECT coalesce(jsonb_agg(jsonb_build_object('name', m[1], 'in', 'path', 'required', true,
			'schema', jsonb_build_object('type', 'string')) ORDER BY n), '[]')
		INTO result FROM regexp_matches(r.path, '\{([^}]+)\}', 'g') WITH ORDINALITY AS t (m, n);
	IF r.operation ~ '_list$' THEN
		result := result || (SELECT jsonb_agg(jsonb_build_object('$ref', '#/components/parameters/' || p))
			FROM unnest(ARRAY['sort', 'filters', 'options', 'pagination']) p);
	END IF;
	IF r.object IS NOT NULL AND r.method = 'GET' THEN
		result := result || '[{"$ref": "#/components/parameters/If-None-Match"}, {"$ref": "#/components/parameters/wait"}]'::jsonb;
	ELSIF r.object IS NOT NULL AND r.reader IS NOT NULL THEN
		result := result || '[{"$ref": "#/components/parameters/If-Match"}]'::jsonb;
	ELSIF r.method = 'POST' AND r.auth = 'token' AND r.mode = 'json' THEN
		result := result || '[{"$ref": "#/components/parameters/Idempotency-Key"}]'::jsonb;
	END IF;
	RETURN result || coalesce(r.parameters, '[]');
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.openapi_operation(r _nuvopipe.route) RETURNS jsonb
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	media text := coalesce(r.content_type, CASE r.mode WHEN 'events' THEN 'text/event-stream' WHEN 'download' THEN 'application/octet-stream'
		ELSE 'application/json' END);
	errors text[] := ARRAY['400'];
	answer jsonb := jsonb_build_object('description', r.summary);
BEGIN
	IF r.auth = 'token' THEN
		errors := errors || ARRAY['401', '403', '429'];
	ELSIF r.rate = 'auth' OR 'authorization' = ANY (r.headers) THEN
		errors := errors || ARRAY['401', '429'];
	END IF;
	IF r.path LIKE '%{%' THEN
		errors := errors || ARRAY['404'];
	END IF;
	IF r.method <> 'GET' AND r.reader IS NOT NULL THEN
		errors := errors || ARRAY['412'];
	END IF;
	IF r.method = 'GET' AND r.rate = 'write' THEN
		-- it reaches out to somebody else's server
		errors := errors || ARRAY['422', '502'];
	END IF;
	IF r.method <> 'GET' THEN
		errors := errors || ARRAY['409', '413', '415', '422'];
	END IF;
	IF r.status NOT IN (204, 304) THEN
		answer := answer || jsonb_build_object('content', jsonb_build_object(media,
			jsonb_build_object('schema', coalesce(r.response, CASE WHEN media = 'application/json' THEN '{"type": "object"}'::jsonb ELSE '{}'::jsonb END))));
	END IF;
	RETURN jsonb_strip_nulls(jsonb_build_object(
		'operationId', r.operation || CASE WHEN r.path LIKE '/dp/api/v1/auth/%' THEN '_auth' ELSE '' END,
		'summary', r.summary,
		'tags', jsonb_build_array(coalesce(substring(r.path FROM '^/dp/api/v1/([^/]+)'), 'service')),
		'security', CASE WHEN r.auth = 'none' THEN '[]'::jsonb END,
		'parameters', nullif(_nuvopipe.openapi_parameters(r), '[]'),
		'requestBody', CASE
			WHEN r.mode = 'upload' THEN '{"required": true, "content": {"application/octet-stream": {}}}'::jsonb
			WHEN r.request IS NOT NULL THEN jsonb_build_object('required', true,
				'content', jsonb_build_object('application/json', jsonb_build_object('schema', r.request))) END,
		'responses', jsonb_build_object(r.status::text, answer)
			|| (SELECT jsonb_object_agg(e, jsonb_build_object('$ref', '#/components/responses/Error')) FROM unnest(errors) e)));
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.openapi(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	paths jsonb;
	schemas jsonb;
BEGIN
	SELECT jsonb_object_agg(p.path, p.item ORDER BY p.path) INTO paths FROM (
		SELECT r.path, jsonb_object_agg(lower(r.method), _nuvopipe.openapi_operation(r)) AS item
			FROM _nuvopipe.route r
			-- what is served at the root as well is described once
			WHERE NOT EXISTS (SELECT FROM _nuvopipe.route o WHERE o.path = '/dp/api/v1' || r.path)
			GROUP BY r.path) p;
	SELECT coalesce(jsonb_object_agg(s.name, s.schema), '{}') INTO schemas FROM _nuvopipe.api_schema s;
	RETURN jsonb_build_object(
		'openapi', '3.1.0',
		'info', jsonb_build_object('title', 'nuvopipe', 'license', '{"name": "PostgreSQL", "identifier": "PostgreSQL"}'::jsonb,
			'version', (SELECT e.extversion FROM pg_extension e WHERE e.extname = 'nuvopipe'),
			'description', 'Data onboarding pipelines: connectors, target data models, pipelines, executions. Paths are served with and without a slash at the end.'),
		'security', '[{"token": []}, {"bearer": []}]'::jsonb,
		'paths', paths,
		'components', jsonb_build_object(
			'schemas', schemas,
			'responses', '{"Error": {"description": "What is wrong, and what helps", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}}'::jsonb,
			'securitySchemes', '{"token": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "An access token or API key, bare"},
				"bearer": {"type": "http", "scheme": "bearer"}}'::jsonb,
			'parameters', '{
				"sort": {"name": "sort", "in": "query", "description": "JSON object of fields with \"asc\" or \"desc\", such as {\"name\": \"asc\"}; or sort[0]=name:asc", "content": {"application/json": {"schema": {"type": "object", "additionalProperties": {"enum": ["asc", "desc"]}}}}},
				"filters": {"name": "filters", "in": "query", "description": "JSON object of fields with values, or with operators $eq $ne $in $nin $lt $lte $gt $gte $contains $containsi $startsWith $endsWith $null $notNull, joined by $and $or $not; or filters[field][$eq]=value", "content": {"application/json": {"schema": {"type": "object"}}}},
				"options": {"name": "options", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}},
				"pagination": {"name": "pagination", "in": "query", "description": "Either offset or after, a cursor from pagination.next", "content": {"application/json": {"schema": {"type": "object", "properties": {"offset": {"type": "integer", "minimum": 0}, "limit": {"type": "integer", "minimum": 1}, "after": {"type": "string"}}}}}},
				"wait": {"name": "wait", "in": "query", "description": "Seconds, at most 25: with If-None-Match, answer when the object changes", "schema": {"type": "integer", "minimum": 0, "maximum": 25}},
				"If-Match": {"name": "If-Match", "in": "header", "description": "Entity tag of the state that was read; 412 if there is a newer one", "schema": {"type": "string"}},
				"If-None-Match": {"name": "If-None-Match", "in": "header", "schema": {"type": "string"}},
				"Idempotency-Key": {"name": "Idempotency-Key", "in": "header", "description": "The same request with the same key, within 24 hours, is done once", "schema": {"type": "string", "maxLength": 255}}}'::jsonb));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.openapi IS 'GET /openapi.json: the API as OpenAPI 3.1, made from the routes it serves.';

SELECT _nuvopipe.set_schema('Error', '{"type": "object", "required": ["message", "error", "details"], "properties": {
	"message": {"type": "string"},
	"error": {"type": "string", "description": "stable code", "examples": ["invalid_request", "not_found", "token_expired"]},
	"details": {"type": "array", "items": {"type": "object", "properties": {
		"path": {"type": "string", "description": "where in the body or the query", "examples": ["columns[2].key"]},
		"message": {"type": "string"}, "hint": {"type": "string"}, "current": {"type": "object", "description": "of 412: the object as it is now"}}}}}}');
SELECT _nuvopipe.set_schema('Actor', '{"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}, "identifier": {"type": "string"}, "type": {"enum": ["USER", "SUB_ORG"]}}}');
SELECT _nuvopipe.set_schema('Pagination', '{"type": "object", "properties": {"total": {"type": "integer", "description": "all that match"}, "offset": {"type": "integer"}, "limit": {"type": "integer"}, "next": {"type": "string", "description": "cursor of the following page, for pagination.after"}}}');

SELECT _nuvopipe.set_route('GET', p || '/openapi.json', 'openapi', 'This description', auth => 'none') FROM unnest(ARRAY['', '/dp/api/v1']) p;
