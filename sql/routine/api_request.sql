
/*
 * The doors of the API: request() for SQL, pre_request() and gateway() for
 * PostgREST.  The embedded listener comes in by C (src/api/request.h).
 */

-- Holds the row of an object, for If-Match; whether it may be seen is the reader's affair.
CREATE OR REPLACE FUNCTION _nuvopipe.lock_object(kind text, id text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	object_id uuid;
	tenant uuid := _nuvopipe.tenant();
BEGIN
	IF NOT _nuvopipe.is_uuid(id) THEN
		RETURN;
	END IF;
	object_id := id::uuid;
	CASE kind
		WHEN 'tdm' THEN PERFORM FROM _nuvopipe.tdm t WHERE t.tenant_id = tenant AND t.id = object_id FOR UPDATE;
		WHEN 'connector' THEN PERFORM FROM _nuvopipe.connector t WHERE t.tenant_id = tenant AND t.id = object_id FOR UPDATE;
		WHEN 'template' THEN PERFORM FROM _nuvopipe.pipeline_template t WHERE t.tenant_id = tenant AND t.id = object_id FOR UPDATE;
		WHEN 'pipeline' THEN PERFORM FROM _nuvopipe.pipeline t WHERE t.tenant_id = tenant AND t.id = object_id FOR UPDATE;
		WHEN 'execution' THEN PERFORM FROM _nuvopipe.execution t WHERE t.tenant_id = tenant AND t.id = object_id FOR UPDATE;
		WHEN 'user', 'sub_organization' THEN PERFORM FROM _nuvopipe.principal t WHERE t.tenant_id = tenant AND t.id = object_id FOR UPDATE;
		ELSE PERFORM pg_advisory_xact_lock(hashtext(kind), hashtext(id));
	END CASE;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe_api.request(method text, path text, query text DEFAULT '', headers jsonb DEFAULT '{}', body bytea DEFAULT NULL,
		OUT status int, OUT headers jsonb, OUT body bytea)
	AS 'MODULE_PATHNAME', 'nuvopipe_request' LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET max_parallel_workers_per_gather = 0;
COMMENT ON FUNCTION nuvopipe_api.request IS
'Answers a request of the API as the listener would: the same routes, tokens, limits and errors.
method, path, query: as in HTTP; the path percent-encoded and without the query. headers: object of texts; names in any case. body: the bytes.
Returns status, headers (object of texts) and body. What an answer below 400 has done is part of the transaction; what a refused request had begun is undone.
A download comes whole, at most 256 MB; streams of events are for the listener.
Errors: those of the server, such as a shutdown; errors of the request are answers.';

CREATE OR REPLACE FUNCTION nuvopipe_api.pre_request() RETURNS void
	AS 'MODULE_PATHNAME', 'nuvopipe_pre_request' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION nuvopipe_api.pre_request IS
'PostgREST''s db-pre-request: lets the token of the request in, for this transaction, so that functions and views of nuvopipe act for its principal. Claims are not trusted: signature and revocation are checked here.
Errors: 28000 for a token that is not valid any more.';

CREATE OR REPLACE FUNCTION nuvopipe_api.gateway(bytea) RETURNS nuvopipe_api."*/*"
	AS 'MODULE_PATHNAME', 'nuvopipe_gateway' LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET max_parallel_workers_per_gather = 0;
COMMENT ON FUNCTION nuvopipe_api.gateway IS
'The whole API behind one function of PostgREST: a proxy sends every request here with its method, path with query and content type in the headers X-Original-Method, X-Original-URI and X-Original-Content-Type (docs/postgrest.md has one).
Takes the body; sets response.status and response.headers, and returns the answer''s body.
Errors: as nuvopipe_api.request.';

CREATE OR REPLACE FUNCTION nuvopipe_api.health(jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN jsonb_build_object('data', jsonb_build_object('message', 'OK'));
END
$$;
COMMENT ON FUNCTION nuvopipe_api.health IS 'GET /management/health: {"data": {"message": "OK"}} where the database answers.';

SELECT _nuvopipe.set_route('GET', p || '/management/health', 'health', 'Whether the service answers', auth => 'none', rate => 'none',
		response => '{"type": "object", "properties": {"data": {"type": "object", "properties": {"message": {"const": "OK"}}}}}')
	FROM unnest(ARRAY['', '/dp/api/v1']) p;
