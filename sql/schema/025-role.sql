
-- Roles belong to the cluster, not to the extension: another database may have made them, and DROP EXTENSION leaves them.
DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'nuvopipe_user') THEN
		CREATE ROLE nuvopipe_user NOLOGIN;
		COMMENT ON ROLE nuvopipe_user IS 'nuvopipe: may define and run pipelines of its own';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'nuvopipe_admin') THEN
		CREATE ROLE nuvopipe_admin NOLOGIN;
		COMMENT ON ROLE nuvopipe_admin IS 'nuvopipe: sees and manages the objects of everybody';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'nuvopipe_api') THEN
		CREATE ROLE nuvopipe_api NOLOGIN;
		COMMENT ON ROLE nuvopipe_api IS 'nuvopipe: may send requests to the API; who asks is told by the token of each request';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'nuvopipe_tenant') THEN
		CREATE ROLE nuvopipe_tenant NOLOGIN;
		COMMENT ON ROLE nuvopipe_tenant IS 'nuvopipe: the rights of runs whose owner has no database role, and neither has its organization';
	END IF;
	GRANT nuvopipe_user TO nuvopipe_admin;
END
$$;

GRANT USAGE ON SCHEMA nuvopipe TO nuvopipe_user;
GRANT USAGE ON SCHEMA nuvopipe_api TO nuvopipe_user, nuvopipe_api;
