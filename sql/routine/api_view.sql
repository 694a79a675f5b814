
/*
 * Lists as views, for PostgREST's own filters.  They show what the lists of the
 * operations show, to whom they show it.
 */
DO $$
DECLARE
	r record;
BEGIN
	FOR r IN
		SELECT c.relname, substr(c.relname, 5) AS resource, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS shown
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.relnamespace = '_nuvopipe'::regnamespace AND c.relkind = 'v' AND c.relname LIKE 'api\_%' AND a.attname NOT LIKE '\_%'
		GROUP BY c.relname
	LOOP
		EXECUTE format('CREATE OR REPLACE VIEW nuvopipe_api.%I WITH (security_barrier) AS SELECT %s FROM _nuvopipe.%I '
			'WHERE _tenant_id = _nuvopipe.tenant() AND _nuvopipe.can(''read'', %L, _owner_id, _owner_role, _shared)',
			r.resource, r.shown, r.relname, CASE WHEN r.resource IN ('issue', 'upload') THEN 'execution' ELSE r.resource END);
		EXECUTE format('COMMENT ON VIEW nuvopipe_api.%I IS %L', r.resource, format('What %s_list shows, to the same callers.', r.resource));
	END LOOP;
END
$$;
