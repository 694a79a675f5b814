-- Cells are UTF-8 throughout; a database in another encoding would have to refuse some of them.
DO $$
BEGIN
	IF pg_catalog.getdatabaseencoding() <> 'UTF8' THEN
		RAISE EXCEPTION 'nuvopipe needs a database with encoding UTF8, this one has %', pg_catalog.getdatabaseencoding()
			USING ERRCODE = 'feature_not_supported',
			HINT = 'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0, and install the extension there.';
	END IF;
END
$$;

-- Plain CREATE SCHEMA: a schema planted under one of these names makes the install fail.
CREATE SCHEMA nuvopipe;
COMMENT ON SCHEMA nuvopipe IS 'nuvopipe: the public contract (typed functions and views)';
CREATE SCHEMA _nuvopipe;
COMMENT ON SCHEMA _nuvopipe IS 'nuvopipe: private tables and helpers; no access but through schema nuvopipe';
CREATE SCHEMA nuvopipe_api;
COMMENT ON SCHEMA nuvopipe_api IS 'nuvopipe: the API, one function an operation; what the listener and PostgREST serve';
