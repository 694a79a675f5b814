
/*
 * Partitions of issue and event: made ahead, dropped whole.
 *
 * Nothing here waits for a lock longer than lock_timeout, for what waits for a
 * strong lock makes all who come later wait behind it: what cannot be had now is
 * tried again by the next maintenance.  So each of these functions returns
 * whether it has done its work, and commits soon.
 *
 * Ranges begin and end at whole minutes, hours, days or weeks of UTC, except that
 * the first one begins behind what the default partition has already: rows are
 * never moved between partitions.
 */

-- The least uuid that version 7 gives at a time.
CREATE OR REPLACE FUNCTION _nuvopipe.uuid_floor(moment timestamptz) RETURNS uuid
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE
		WHEN moment = 'infinity' THEN 'ffffffff-ffff-ffff-ffff-ffffffffffff'
		WHEN moment <= 'epoch' THEN '00000000-0000-0000-0000-000000000000'
		ELSE (lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid END;
$$;

-- When a uuid of version 7 was made, to the millisecond.
CREATE OR REPLACE FUNCTION _nuvopipe.uuid_time(id uuid) RETURNS timestamptz
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT 'epoch'::timestamptz + ('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint * interval '1 millisecond';
$$;

-- How wide partitions are, by how long their rows stay: about four to thirty of them at a time; null: for ever.
CREATE OR REPLACE FUNCTION _nuvopipe.partition_width(keep interval) RETURNS interval
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE
		WHEN keep IS NULL OR keep >= interval '52 weeks' THEN interval '28 days'
		WHEN keep >= interval '28 days' THEN interval '7 days'
		WHEN keep >= interval '4 days' THEN interval '1 day'
		WHEN keep >= interval '1 day' THEN interval '6 hours'
		WHEN keep >= interval '4 hours' THEN interval '1 hour'
		WHEN keep >= interval '40 minutes' THEN interval '10 minutes'
		ELSE interval '1 minute' END;
$$;

-- The partitions of issue or event with a range, in order; from_time and to_time are of ids.
CREATE OR REPLACE FUNCTION _nuvopipe.partitions(parent text)
	RETURNS TABLE (relation regclass, name name, lower uuid, upper uuid, from_time timestamptz, to_time timestamptz)
	LANGUAGE sql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT p.oid, p.relname, p.bound[1]::uuid, p.bound[2]::uuid, _nuvopipe.uuid_time(p.bound[1]::uuid), _nuvopipe.uuid_time(p.bound[2]::uuid)
		FROM (SELECT c.oid, c.relname, regexp_match(pg_get_expr(c.relpartbound, c.oid), '^FOR VALUES FROM \(''([-0-9a-f]+)''\) TO \(''([-0-9a-f]+)''\)$') AS bound
			FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
			WHERE i.inhparent = format('_nuvopipe.%I', parent)::regclass) p
		WHERE p.bound IS NOT NULL
		ORDER BY p.bound[1]::uuid;
$$;

-- The column whose ranges partitions have.
CREATE OR REPLACE FUNCTION _nuvopipe.partition_column(parent text) RETURNS name
	LANGUAGE sql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT a.attname FROM pg_partitioned_table t JOIN pg_attribute a ON a.attrelid = t.partrelid AND a.attnum = t.partattrs[0]
		WHERE t.partrelid = format('_nuvopipe.%I', parent)::regclass;
$$;

-- A table like the default partition, for nobody but its owner.
CREATE OR REPLACE FUNCTION _nuvopipe.make_partition(parent text, name text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
	SET default_table_access_method = heap
AS $$
#variable_conflict use_variable
DECLARE
	pattern record;
	grantee text;
BEGIN
	SELECT c.reloptions, s.spcname INTO pattern
		FROM pg_class c LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
		WHERE c.oid = format('_nuvopipe.%I', parent || '_default')::regclass;
	EXECUTE format('CREATE TABLE _nuvopipe.%I (LIKE _nuvopipe.%I INCLUDING ALL)%s%s', name, parent || '_default',
		' WITH (' || array_to_string(pattern.reloptions, ', ') || ')', ' TABLESPACE ' || quote_ident(pattern.spcname));
	EXECUTE format('ALTER TABLE _nuvopipe.%I ENABLE ROW LEVEL SECURITY', name);
	-- what ALTER DEFAULT PRIVILEGES has given
	FOR grantee IN SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END
			FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
			WHERE c.oid = format('_nuvopipe.%I', name)::regclass AND a.grantee <> c.relowner LOOP
		EXECUTE format('REVOKE ALL ON _nuvopipe.%I FROM %s', name, grantee);
	END LOOP;
END
$$;

-- One more range; false: not now.  The parent's lock makes those who do this take turns.
CREATE OR REPLACE FUNCTION _nuvopipe.add_partition(parent text, from_time timestamptz, to_time timestamptz) RETURNS boolean
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
	SET lock_timeout = '100ms'
AS $$
#variable_conflict use_variable
DECLARE
	"column" name := _nuvopipe.partition_column(parent);
	last uuid;
	new_name text;
BEGIN
	EXECUTE format('LOCK TABLE ONLY _nuvopipe.%I IN SHARE UPDATE EXCLUSIVE MODE', parent);
	EXECUTE format('LOCK TABLE _nuvopipe.%I IN ACCESS EXCLUSIVE MODE', parent || '_default');
	IF EXISTS (SELECT FROM _nuvopipe.partitions(parent) p WHERE p.from_time < to_time AND p.to_time > from_time) THEN
		RETURN true;	-- somebody else was quicker
	END IF;
	EXECUTE format('SELECT d.%1$I FROM _nuvopipe.%2$I d WHERE d.%1$I >= $1 AND d.%1$I < $2 ORDER BY d.%1$I DESC LIMIT 1', "column", parent || '_default')
		INTO last USING _nuvopipe.uuid_floor(from_time), _nuvopipe.uuid_floor(to_time);
	IF last IS NOT NULL THEN
		from_time := _nuvopipe.uuid_time(last) + interval '1 millisecond';
		IF from_time >= to_time THEN
			RETURN true;
		END IF;
	END IF;
	new_name := parent || '_' || to_char(from_time AT TIME ZONE 'UTC', CASE
		WHEN from_time = date_trunc('day', from_time, 'UTC') THEN 'YYYYMMDD'
		WHEN from_time = date_trunc('minute', from_time, 'UTC') THEN 'YYYYMMDD_HH24MI' ELSE 'YYYYMMDD_HH24MISSMS' END);
	PERFORM _nuvopipe.make_partition(parent, new_name);
	EXECUTE format('ALTER TABLE _nuvopipe.%I ATTACH PARTITION _nuvopipe.%I FOR VALUES FROM (%L) TO (%L)', parent, new_name,
		_nuvopipe.uuid_floor(from_time), _nuvopipe.uuid_floor(to_time));
	RETURN true;
EXCEPTION WHEN lock_not_available THEN
	RETURN false;
END
$$;
COMMENT ON FUNCTION _nuvopipe.add_partition IS 'Makes a partition of issue or event for ids of a time; less than that where the default partition has some already. Returns false where a lock was not to be had at once.';

-- Ranges for now and for the next while; false: not all of them could be made.
CREATE OR REPLACE FUNCTION _nuvopipe.add_partitions(parent text, keep interval, moment timestamptz DEFAULT clock_timestamp()) RETURNS boolean
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	width interval := _nuvopipe.partition_width(keep);
	-- a Monday
	start timestamptz := date_bin(width, moment, '2001-01-01 00:00+00');
	until timestamptz := start + 3 * width;
	stop timestamptz;
BEGIN
	-- where another width was in force, ranges go on from where they end
	WHILE start < until LOOP
		SELECT max(p.to_time) INTO stop FROM _nuvopipe.partitions(parent) p WHERE p.from_time <= start AND p.to_time > start;
		IF stop IS NULL THEN
			SELECT least(date_bin(width, start, '2001-01-01 00:00+00') + width, min(p.from_time)) INTO stop
				FROM _nuvopipe.partitions(parent) p WHERE p.from_time > start;
			IF stop > moment AND NOT _nuvopipe.add_partition(parent, start, stop) THEN
				RETURN false;
			END IF;
		END IF;
		start := stop;
	END LOOP;
	RETURN true;
END
$$;
COMMENT ON FUNCTION _nuvopipe.add_partitions IS 'Makes the partitions of issue or event that are missing for the present and the next two periods. Returns false if a lock was not to be had.';

-- One range less, with all that is in it; false: not now.
CREATE OR REPLACE FUNCTION _nuvopipe.drop_partition(parent text, name text) RETURNS boolean
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
	SET lock_timeout = '100ms'
AS $$
#variable_conflict use_variable
BEGIN
	EXECUTE format('LOCK TABLE ONLY _nuvopipe.%I IN ACCESS EXCLUSIVE MODE', parent);
	EXECUTE format('DROP TABLE IF EXISTS _nuvopipe.%I', name);
	RETURN true;
EXCEPTION WHEN lock_not_available THEN
	RETURN false;
END
$$;
COMMENT ON FUNCTION _nuvopipe.drop_partition IS 'Drops a partition of issue or event. Returns false where a lock was not to be had at once.';
