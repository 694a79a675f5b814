
/*
 * Alerts about the server: processes, keys, disks, transactions.  They are for
 * admins; see alert.sql.
 */

-- Of whom is told what: all organizations to an admin, else the caller's own.
CREATE OR REPLACE FUNCTION _nuvopipe.alert_tenants() RETURNS uuid[]
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN CASE WHEN _nuvopipe.is_admin() THEN ARRAY(SELECT g.id FROM _nuvopipe.organization g) ELSE ARRAY[_nuvopipe.tenant()] END;
END
$$;

-- May the caller be told about executions of this owner?
CREATE OR REPLACE FUNCTION _nuvopipe.alert_seen(owner_id uuid, owner_role name) RETURNS boolean
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN _nuvopipe.is_admin() OR _nuvopipe.can('read', 'execution', owner_id, owner_role);
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.server_alert(severity text, code text, object text, message text, since timestamptz, detail jsonb, hint text)
	RETURNS nuvopipe.alert
	LANGUAGE sql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT ROW(severity, code, NULL, NULL, object, message, since, detail, hint)::nuvopipe.alert;
$$;

-- Those that should live, where the library is preloaded.  On a standby they sleep until it is promoted.
CREATE OR REPLACE FUNCTION _nuvopipe.process_alerts(moment timestamptz) RETURNS SETOF nuvopipe.alert
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	server record;
	has record;
	-- a keeper comes a moment after the server has
	young boolean := moment - pg_postmaster_start_time() < interval '15 seconds';
BEGIN
	SELECT * INTO server FROM _nuvopipe.server_state();
	IF pg_is_in_recovery() OR NOT server.preloaded THEN
		RETURN;
	END IF;
	SELECT count(*) FILTER (WHERE p.kind = 'launcher') AS launchers, count(*) FILTER (WHERE p.kind = 'keeper' AND p.database_id = d.oid) AS keepers,
			sum(p.addresses) FILTER (WHERE p.kind = 'listener' AND p.database_id = d.oid) AS addresses, d.datistemplate OR NOT d.datallowconn AS closed
		INTO has FROM pg_database d LEFT JOIN _nuvopipe.processes() p ON true WHERE d.datname = current_database() GROUP BY d.oid, d.datistemplate, d.datallowconn;
	IF has.launchers = 0 AND NOT young THEN
		RETURN NEXT _nuvopipe.server_alert('CRITICAL', 'LAUNCHER_DOWN', 'nuvopipe launcher', 'the launcher does not run: no process of nuvopipe is started',
			NULL, NULL, 'It is started again five seconds after it ended; if it is not, see the server log.');
	ELSIF has.keepers = 0 AND NOT young AND NOT has.closed THEN
		RETURN NEXT _nuvopipe.server_alert('CRITICAL', 'KEEPER_DOWN', 'nuvopipe keeper', format('database "%s" has no keeper: nothing is started or settled in it', current_database()),
			NULL, NULL, 'The launcher starts it within ten seconds, if max_worker_processes allows; see the server log.');
	END IF;
	IF server.refused_last > moment - interval '1 minute' THEN
		RETURN NEXT _nuvopipe.server_alert('CRITICAL', 'NO_WORKER_SLOT', 'max_worker_processes', 'the server has no free slot for a background worker of nuvopipe',
			server.refused_since, jsonb_build_object('max_worker_processes', current_setting('max_worker_processes')::int), 'Raise max_worker_processes and restart, or lower nuvopipe.max_workers.');
	END IF;
	IF coalesce(has.addresses, 0) = 0 AND NOT young AND current_setting('nuvopipe.listen') <> '' AND current_setting('nuvopipe.listen_database') = current_database() THEN
		RETURN NEXT _nuvopipe.server_alert('CRITICAL', 'LISTENER_DOWN', current_setting('nuvopipe.listen'), 'nobody listens for requests of the API',
			NULL, NULL, 'See the server log: a port may be taken, or max_worker_processes too low.');
	END IF;
END
$$;
COMMENT ON FUNCTION _nuvopipe.process_alerts(timestamptz) IS 'Alerts about processes that should live and do not.';

-- Can what is sealed be opened?  One secret for each key that was ever used.
CREATE OR REPLACE FUNCTION _nuvopipe.key_alerts() RETURNS SETOF nuvopipe.alert
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	probe record;
	what text;
	cure text;
BEGIN
	FOR probe IN
		SELECT DISTINCT ON (substr(s.sealed, 1, 9)) s.id, s.sealed, count(*) OVER (PARTITION BY substr(s.sealed, 1, 9)) AS n
			FROM (SELECT c.id, c.sealed FROM _nuvopipe.credential c UNION ALL SELECT k.id, k.sealed FROM _nuvopipe.signing_key k) s
	LOOP
		BEGIN
			PERFORM _nuvopipe.unseal(probe.sealed, probe.id);
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS what = MESSAGE_TEXT, cure = PG_EXCEPTION_HINT;
			RETURN NEXT _nuvopipe.server_alert('CRITICAL', 'KEY_UNUSABLE', current_setting('nuvopipe.secret_key_file'), what,
				NULL, jsonb_build_object('secrets', probe.n), nullif(cure, ''));
		END;
	END LOOP;
END
$$;
COMMENT ON FUNCTION _nuvopipe.key_alerts() IS 'Alerts about stored secrets that cannot be read.';

-- Of the file systems of the data directory, the log and all tablespaces.
CREATE OR REPLACE FUNCTION _nuvopipe.disk_alerts(min_free_disk numeric) RETURNS SETOF nuvopipe.alert
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	disk record;
BEGIN
	FOR disk IN
		SELECT (array_agg(p.path ORDER BY p.n))[1] AS path, s.free, s.total, 100.0 * s.free / s.total AS percent
			FROM (SELECT current_setting('data_directory') AS path, 1 AS n
				UNION ALL SELECT current_setting('data_directory') || '/pg_wal', 2
				UNION ALL SELECT pg_tablespace_location(t.oid), 3 FROM pg_tablespace t WHERE pg_tablespace_location(t.oid) <> '') p
				CROSS JOIN LATERAL _nuvopipe.disk_space(p.path) s
			WHERE s.total > 0
			GROUP BY s.free, s.total
	LOOP
		IF disk.percent < min_free_disk THEN
			RETURN NEXT _nuvopipe.server_alert(CASE WHEN disk.percent < min_free_disk / 3 THEN 'CRITICAL' ELSE 'WARNING' END, 'DISK_LOW', disk.path,
				format('%s of %s are free', pg_size_pretty(disk.free), pg_size_pretty(disk.total)), NULL,
				jsonb_build_object('free', disk.free, 'total', disk.total, 'percent', round(disk.percent, 1)),
				'Runs keep inputs and outputs in temporary files there, see temp_tablespaces; retention frees what is stored.');
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION _nuvopipe.disk_alerts(numeric) IS 'Alerts about file systems of the server that have less free than so many percent.';

-- What our tables hold; partitions count as their table.
CREATE OR REPLACE FUNCTION _nuvopipe.storage_alerts(max_stored bigint) RETURNS SETOF nuvopipe.alert
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	stored record;
BEGIN
	SELECT sum(r.bytes)::bigint AS bytes, jsonb_object_agg(r.name, r.bytes) FILTER (WHERE r.bytes > max_stored / 20) AS tables INTO stored FROM (
		SELECT coalesce(pg_partition_root(c.oid), c.oid)::regclass::text AS name, sum(pg_total_relation_size(c.oid))::bigint AS bytes
			FROM pg_class c
			WHERE c.relnamespace = '_nuvopipe'::regnamespace AND c.relkind = 'r' GROUP BY 1) r;
	IF stored.bytes > max_stored THEN
		RETURN NEXT _nuvopipe.server_alert('WARNING', 'STORAGE_LARGE', '_nuvopipe', format('history, stored inputs and outputs take %s', pg_size_pretty(stored.bytes)), NULL,
			jsonb_build_object('bytes', stored.bytes, 'tables', stored.tables), 'Shorten retention, or store less: keep_input, keep_output, nuvopipe.keep_output_size.');
	END IF;
END
$$;
COMMENT ON FUNCTION _nuvopipe.storage_alerts(bigint) IS 'Alerts about private tables that have become large.';

-- What should have gone and has not.  After a restore nothing goes for a while.
CREATE OR REPLACE FUNCTION _nuvopipe.retention_alerts(max_retention_lag interval, moment timestamptz) RETURNS SETOF nuvopipe.alert
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	late record;
BEGIN
	IF _nuvopipe.is_settling() THEN
		RETURN;
	END IF;
	FOR late IN
		SELECT g.name AS organization, min(d.due_at) AS due_at
			FROM _nuvopipe.keep k
				JOIN _nuvopipe.organization g ON g.id = k.tenant_id
				CROSS JOIN (VALUES ('SUCCEEDED'), ('FAILED'), ('CANCELED')) f (status)
				-- indexes that maintenance walks along
				CROSS JOIN LATERAL (
					SELECT min(e.finished_at) + CASE f.status WHEN 'SUCCEEDED' THEN k.compact ELSE k.history END AS due_at FROM _nuvopipe.execution e
						WHERE e.tenant_id = k.tenant_id AND e.status = f.status
							AND e.status IN ('SUCCEEDED', 'FAILED', 'CANCELED') AND NOT e.has_issues AND e.input_id IS NULL AND e.output_id IS NULL
					UNION ALL
					SELECT min(e.finished_at) + CASE f.status WHEN 'FAILED' THEN k.failed ELSE k.issues END FROM _nuvopipe.execution e
						WHERE e.tenant_id = k.tenant_id AND e.status = f.status AND e.status IN ('SUCCEEDED', 'FAILED', 'CANCELED') AND e.has_issues
					UNION ALL
					SELECT min(e.finished_at) + CASE f.status WHEN 'FAILED' THEN k.failed ELSE k.input END FROM _nuvopipe.execution e
						WHERE e.tenant_id = k.tenant_id AND e.status = f.status AND e.status IN ('SUCCEEDED', 'FAILED', 'CANCELED') AND e.input_id IS NOT NULL) d
			GROUP BY 1
	LOOP
		IF late.due_at < moment - max_retention_lag THEN
			RETURN NEXT ROW('WARNING', 'RETENTION_LATE', late.organization, NULL, late.organization,
				format('history of organization "%s" that should have gone %s ago is still there', late.organization, date_trunc('minute', moment - late.due_at)), late.due_at, NULL,
				'The keeper removes it every nuvopipe.maintenance_interval, CALL nuvopipe.maintain() at once; nuvopipe.retention shows how much there is.')::nuvopipe.alert;
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION _nuvopipe.retention_alerts(interval, timestamptz) IS 'Alerts about history that is kept for longer than it should.';

-- A run that holds back vacuum, and the age of transaction ids.
CREATE OR REPLACE FUNCTION _nuvopipe.transaction_alerts(max_transaction interval, max_xid_age bigint, moment timestamptz) RETURNS SETOF nuvopipe.alert
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	old record;
BEGIN
	FOR old IN
		SELECT a.pid, p.kind, a.xact_start, age(a.backend_xmin) AS xmin_age, p.execution, p.phase
			FROM _nuvopipe.processes() p JOIN pg_stat_get_activity(NULL) a ON a.pid = p.pid
			WHERE a.xact_start < moment - max_transaction
	LOOP
		RETURN NEXT _nuvopipe.server_alert('WARNING', 'LONG_TRANSACTION', format('process %s', old.pid),
			format('the %s with pid %s has a transaction open for %s', old.kind, old.pid, date_trunc('second', moment - old.xact_start)), old.xact_start,
			jsonb_strip_nulls(jsonb_build_object('pid', old.pid, 'execution', old.execution, 'phase', old.phase, 'xmin_age', old.xmin_age)),
			'It keeps vacuum from removing rows that are dead; nuvopipe.max_run_time bounds runs, nuvopipe.cancel ends one.');
	END LOOP;
	SELECT age(d.datfrozenxid) AS xid_age INTO old FROM pg_database d WHERE d.datname = current_database();
	IF old.xid_age > max_xid_age THEN
		RETURN NEXT _nuvopipe.server_alert('CRITICAL', 'XID_AGE', current_database(), format('the oldest transaction id of database "%s" is %s transactions old', current_database(), old.xid_age),
			NULL, jsonb_build_object('age', old.xid_age), 'At two billion the server takes no more writes: see why autovacuum does not freeze, e.g. a transaction or a replication slot that is left open.');
	END IF;
END
$$;
COMMENT ON FUNCTION _nuvopipe.transaction_alerts(interval, bigint, timestamptz) IS 'Alerts about long transactions of our processes and the age of transaction ids.';
