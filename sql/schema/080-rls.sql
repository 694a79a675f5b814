
/*
 * A second line: should somebody be granted a table, policies decide which rows
 * there are for him (routine/rls.sql), and without a policy there are none.  It
 * is not forced: the owner, as whom all of our functions and views work, is not
 * asked.
 *
 * The last of the schema parts: it is for all tables.
 */
DO $$
DECLARE
	relation regclass;
BEGIN
	FOR relation IN SELECT c.oid FROM pg_catalog.pg_class c
		WHERE c.relnamespace = '_nuvopipe'::regnamespace AND c.relkind IN ('r', 'p')
	LOOP
		EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
	END LOOP;
END
$$;
