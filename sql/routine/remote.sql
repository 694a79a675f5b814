
/*
 * Looks at the places of connectors, from the user's own session: bounded by
 * nuvopipe.listing_timeout, and cancelable.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.probe_connector(id uuid)
	RETURNS TABLE (step text, ok boolean, detail text, duration_ms numeric)
	AS 'MODULE_PATHNAME', 'nuvopipe_probe_connector' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 3;

CREATE OR REPLACE FUNCTION _nuvopipe.list_objects(id uuid)
	RETURNS TABLE (path text, bytes bigint, modified_at timestamptz, version text, taken boolean, reason text)
	AS 'MODULE_PATHNAME', 'nuvopipe_list_objects' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

CREATE OR REPLACE FUNCTION nuvopipe.test_connector(connector text)
	RETURNS TABLE (step text, ok boolean, detail text, duration_ms numeric)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 3
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY SELECT p.step, p.ok, p.detail, p.duration_ms
		FROM _nuvopipe.probe_connector(_nuvopipe.connector_id(connector)) p;
END
$$;
COMMENT ON FUNCTION nuvopipe.test_connector IS
'Tries a connector without changing anything at its place: reads its definition and secrets, connects, and lists what an input would take.
connector: name or id. Returns one row a step in order, with ok, what was seen (or what went wrong and what helps), and its duration in milliseconds; a failed step is the last.
Reaches out over the network; bounded by nuvopipe.connect_timeout and nuvopipe.listing_timeout.
Errors: 42704 if there is no such connector, 42501 without the right to files of the server, F0000 or 55000 if its secrets cannot be read.';

CREATE OR REPLACE FUNCTION nuvopipe.list_connector(connector text)
	RETURNS TABLE (path text, bytes bigint, modified_at timestamptz, version text, taken boolean, reason text)
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY SELECT o.path, o.bytes, o.modified_at, o.version, o.taken, o.reason
		FROM _nuvopipe.list_objects(_nuvopipe.connector_id(connector)) o;
END
$$;
COMMENT ON FUNCTION nuvopipe.list_connector IS
'Lists the objects at the place of an input connector.
connector: name or id. Returns one row an object: path; bytes and modified_at, null if unknown; version, which changes when the object does; whether file_name and tags let a run take it, and why not.
Reaches out over the network; bounded by nuvopipe.connect_timeout and nuvopipe.listing_timeout.
Errors: 42704 if there is no such connector, 42809 if it has nothing to list, 08xxx if the place cannot be reached, 42501 if it or its address is not allowed.';
