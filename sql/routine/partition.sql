
/*
 * Partitions of issue and event: made ahead, dropped whole.
 *
 * Nothing here waits for a lock longer than lock_timeout, for what waits for a
 * strong lock makes all who come later wait behind it: what cannot be had now is
 * tried again by the next maintenance.  So each of these functions returns
 * whether it has done its work, and commits soon.
 *
 * Ranges begin and end at whole minutes, hours, days or weeks of UTC, except that
 * the first one begins some seconds after it was made.  Rows are never moved
 * into another range.
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
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY SELECT p.oid::regclass, p.relname, p.bound[1]::uuid, p.bound[2]::uuid,
			_nuvopipe.uuid_time(p.bound[1]::uuid), _nuvopipe.uuid_time(p.bound[2]::uuid)
		FROM (SELECT c.oid, c.relname, regexp_match(pg_get_expr(c.relpartbound, c.oid), '^FOR VALUES FROM \(''([-0-9a-f]+)''\) TO \(''([-0-9a-f]+)''\)$') AS bound
			FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
			WHERE i.inhparent = format('_nuvopipe.%I', parent)::regclass) p
		WHERE p.bound IS NOT NULL
		ORDER BY p.bound[1]::uuid;
END
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

/*
 * One more range, which must lie in the future; false: not now.  A row of the
 * present that is on its way into the default partition while a range is
 * attached that it belongs to would be refused, and with it whatever its
 * transaction did.  The parent's lock makes those who do this take turns.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.add_partition(parent text, from_time timestamptz, to_time timestamptz) RETURNS boolean
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
	SET lock_timeout = '100ms'
AS $$
#variable_conflict use_variable
DECLARE
	"column" name := _nuvopipe.partition_column(parent);
	has_some boolean;
	new_name text := parent || '_' || to_char(from_time AT TIME ZONE 'UTC', CASE
		WHEN from_time = date_trunc('day', from_time, 'UTC') THEN 'YYYYMMDD'
		WHEN from_time = date_trunc('minute', from_time, 'UTC') THEN 'YYYYMMDD_HH24MI' ELSE 'YYYYMMDD_HH24MISS' END);
BEGIN
	EXECUTE format('LOCK TABLE ONLY _nuvopipe.%I IN SHARE UPDATE EXCLUSIVE MODE', parent);
	EXECUTE format('LOCK TABLE _nuvopipe.%I IN ACCESS EXCLUSIVE MODE', parent || '_default');
	IF EXISTS (SELECT FROM _nuvopipe.partitions(parent) p WHERE p.from_time < to_time AND p.to_time > from_time) THEN
		RETURN true;	-- somebody else was quicker
	END IF;
	EXECUTE format('SELECT EXISTS (SELECT FROM _nuvopipe.%I d WHERE d.%2$I >= $1 AND d.%2$I < $2)', parent || '_default', "column")
		INTO has_some USING _nuvopipe.uuid_floor(from_time), _nuvopipe.uuid_floor(to_time);
	IF has_some THEN
		RETURN true;	-- a clock went wrong; rows are never moved, so there will be no such range
	END IF;
	WHILE to_regclass(format('_nuvopipe.%I', new_name)) IS NOT NULL LOOP
		new_name := new_name || 'x';	-- somebody has detached one, and keeps it
	END LOOP;
	PERFORM _nuvopipe.make_partition(parent, new_name);
	EXECUTE format('ALTER TABLE _nuvopipe.%I ATTACH PARTITION _nuvopipe.%I FOR VALUES FROM (%L) TO (%L)', parent, new_name,
		_nuvopipe.uuid_floor(from_time), _nuvopipe.uuid_floor(to_time));
	IF clock_timestamp() + interval '2 seconds' > from_time THEN
		RAISE EXCEPTION 'too late' USING ERRCODE = 'lock_not_available';
	END IF;
	RETURN true;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
	RETURN false;
END
$$;
COMMENT ON FUNCTION _nuvopipe.add_partition IS 'Makes a partition of issue or event for ids of a time to come. Returns false where a lock was not to be had at once.';

-- Ranges for the next while; false: not all of them could be made.
CREATE OR REPLACE FUNCTION _nuvopipe.add_partitions(parent text, keep interval, moment timestamptz) RETURNS boolean
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	monday constant timestamptz := '2001-01-01 00:00+00';
	width interval := _nuvopipe.partition_width(keep);
	start timestamptz := moment + interval '10 seconds';
	until timestamptz := date_bin(width, moment, monday) + 3 * width;
	stop timestamptz;
BEGIN
	-- where another width was in force, ranges go on from where they end
	WHILE start < until LOOP
		SELECT max(p.to_time) INTO stop FROM _nuvopipe.partitions(parent) p WHERE p.from_time <= start AND p.to_time > start;
		IF stop IS NULL THEN
			SELECT least(date_bin(width, start, monday) + width, min(p.from_time)) INTO stop
				FROM _nuvopipe.partitions(parent) p WHERE p.from_time > start;
			IF NOT _nuvopipe.add_partition(parent, date_trunc('second', start), stop) THEN
				RETURN false;
			END IF;
		END IF;
		start := stop;
	END LOOP;
	RETURN true;
END
$$;
COMMENT ON FUNCTION _nuvopipe.add_partitions(text, interval, timestamptz) IS 'Makes the partitions of issue or event that are missing for this period and the next two. Returns false if a lock was not to be had.';

-- The step of maintenance.
CREATE OR REPLACE FUNCTION _nuvopipe.add_partitions() RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- where nothing was ever defined, a dump may be about to be restored, with partitions of its own
	IF EXISTS (SELECT FROM _nuvopipe.organization) THEN
		PERFORM _nuvopipe.add_partitions('issue', _nuvopipe.keep_time('issues'), clock_timestamp());
		PERFORM _nuvopipe.add_partitions('event', _nuvopipe.keep_time('event'), clock_timestamp());
	END IF;
	RETURN 0;
END
$$;

/*
 * Does anybody need what is in a range?  Of issue: executions whose issues are
 * kept.  Of event: organisations that keep events for longer, and have some here.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.partition_is_needed(parent text, name text, lower uuid, upper uuid, moment timestamptz) RETURNS boolean
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	is_needed boolean;
BEGIN
	IF parent = 'issue' THEN
		RETURN EXISTS (SELECT FROM _nuvopipe.execution e WHERE e.has_issues AND e.id >= lower AND e.id < upper);
	END IF;
	EXECUTE format('SELECT EXISTS (SELECT FROM _nuvopipe.keep k CROSS JOIN LATERAL (SELECT FROM _nuvopipe.%I v WHERE v.tenant_id = k.tenant_id LIMIT 1) f'
		' WHERE k.event IS NULL OR $1 - k.event < $2)', name) INTO is_needed USING moment, _nuvopipe.uuid_time(upper);
	RETURN is_needed;
END
$$;

-- One range less, with all that is in it, unless somebody needs it; false: not now.
CREATE OR REPLACE FUNCTION _nuvopipe.drop_partition(parent text, name text, lower uuid, upper uuid, moment timestamptz) RETURNS boolean
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
	SET lock_timeout = '100ms'
AS $$
#variable_conflict use_variable
BEGIN
	EXECUTE format('LOCK TABLE ONLY _nuvopipe.%I IN ACCESS EXCLUSIVE MODE', parent);
	-- once more: somebody may have written into it until now
	IF _nuvopipe.partition_is_needed(parent, name, lower, upper, moment) THEN
		RETURN false;
	END IF;
	EXECUTE format('DROP TABLE _nuvopipe.%I', name);
	RAISE LOG 'nuvopipe: dropped partition "%"', name;
	RETURN true;
EXCEPTION
	WHEN lock_not_available OR deadlock_detected OR undefined_table THEN
		RETURN false;
	WHEN dependent_objects_still_exist THEN
		RAISE WARNING 'nuvopipe: partition "%" cannot be dropped: %', name, SQLERRM
			USING ERRCODE = 'dependent_objects_still_exist', HINT = 'Drop what depends on it; partitions come and go, so depend on the table above them.';
		RETURN false;
END
$$;
COMMENT ON FUNCTION _nuvopipe.drop_partition IS 'Drops a partition of issue or event that nobody needs. Returns false where a lock was not to be had at once, or somebody does.';

/*
 * Only what is needed of a range stays: it is copied into a new table, which
 * takes the place of the old one.  While it is copied the old one can be read, and
 * nobody writes into it, for all its time has passed; the parent is locked only
 * to change them.  False: not now, or there is more than max_rows to be copied.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.thin_partition(parent text, name text, lower uuid, upper uuid, moment timestamptz, max_rows bigint) RETURNS boolean
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
	SET lock_timeout = '100ms'
AS $$
#variable_conflict use_variable
DECLARE
	needed text := CASE parent WHEN 'issue' THEN 'EXISTS (SELECT FROM _nuvopipe.execution e WHERE e.tenant_id = v.tenant_id AND e.id = v.execution_id'
		' AND e.has_issues AND e.id >= $1 AND e.id < $2)' ELSE 'v.tenant_id = ANY ($3)' END;
	tenants uuid[] := ARRAY(SELECT k.tenant_id FROM _nuvopipe.keep k WHERE k.event IS NULL OR moment - k.event < _nuvopipe.uuid_time(upper));
	"column" name := _nuvopipe.partition_column(parent);
	new_name text := name || '_kept';
	names text;
	n bigint;
BEGIN
	EXECUTE format('LOCK TABLE _nuvopipe.%I IN SHARE MODE', name);
	EXECUTE format('SELECT count(*) FROM (SELECT FROM _nuvopipe.%I v WHERE %s LIMIT $4) c', name, needed) INTO n USING lower, upper, tenants, max_rows + 1;
	IF n > max_rows THEN
		RETURN false;
	END IF;
	PERFORM _nuvopipe.make_partition(parent, new_name);
	SELECT string_agg(quote_ident(a.attname), ', ') INTO names FROM pg_attribute a
		WHERE a.attrelid = format('_nuvopipe.%I', parent)::regclass AND a.attnum > 0 AND NOT a.attisdropped;
	EXECUTE format('INSERT INTO _nuvopipe.%I (%s) SELECT %2$s FROM _nuvopipe.%I v WHERE %s', new_name, names, name, needed) USING lower, upper, tenants;
	-- so that attaching it needs no look at its rows
	EXECUTE format('ALTER TABLE _nuvopipe.%I ADD CONSTRAINT range_check CHECK (%I >= %L AND %2$I < %4$L)', new_name, "column", lower, upper);
	EXECUTE format('LOCK TABLE ONLY _nuvopipe.%I IN ACCESS EXCLUSIVE MODE', parent);
	EXECUTE format('DROP TABLE _nuvopipe.%I', name);
	EXECUTE format('ALTER TABLE _nuvopipe.%I ATTACH PARTITION _nuvopipe.%I FOR VALUES FROM (%L) TO (%L)', parent, new_name, lower, upper);
	EXECUTE format('ALTER TABLE _nuvopipe.%I DROP CONSTRAINT range_check', new_name);
	RAISE LOG 'nuvopipe: dropped partition "%", but for % rows that are kept for longer', name, n;
	RETURN true;
EXCEPTION
	WHEN lock_not_available OR deadlock_detected OR undefined_table THEN
		RETURN false;
	WHEN dependent_objects_still_exist THEN
		RAISE WARNING 'nuvopipe: partition "%" cannot be dropped: %', name, SQLERRM
			USING ERRCODE = 'dependent_objects_still_exist', HINT = 'Drop what depends on it; partitions come and go, so depend on the table above them.';
		RETURN false;
END
$$;

/*
 * Drops the partitions of issue or event that nobody needs.  Once the server's own
 * time has passed, of one that somebody still needs only that is left.  Returns
 * how many that were.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.drop_partitions(parent text, keep interval, max_rows bigint) RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	moment timestamptz := clock_timestamp();
	p record;
	n int := 0;
BEGIN
	FOR p IN SELECT x.*, x.to_time - x.from_time AS width FROM _nuvopipe.partitions(parent) x WHERE x.to_time + (x.to_time - x.from_time) < moment LOOP
		IF NOT _nuvopipe.partition_is_needed(parent, p.name, p.lower, p.upper, moment) THEN
			n := n + _nuvopipe.drop_partition(parent, p.name, p.lower, p.upper, moment)::int;
		ELSIF p.to_time + p.width < moment - keep AND p.name NOT LIKE '%\_kept' THEN
			n := n + _nuvopipe.thin_partition(parent, p.name, p.lower, p.upper, moment, max_rows)::int;
		END IF;
		EXIT WHEN n > 0;	-- its locks are given back before the next one
	END LOOP;
	RETURN n;
END
$$;

-- The step of maintenance: one partition at a time.  By hand there is time to copy much.
CREATE OR REPLACE FUNCTION _nuvopipe.drop_partitions(by_hand boolean) RETURNS int
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	n int := 0;
BEGIN
	IF EXISTS (SELECT FROM _nuvopipe.organization) THEN
		n := _nuvopipe.drop_partitions('issue', _nuvopipe.keep_time('issues'), CASE WHEN by_hand THEN 1000000000 ELSE 30000 END);
		IF n = 0 THEN
			n := _nuvopipe.drop_partitions('event', _nuvopipe.keep_time('event'), CASE WHEN by_hand THEN 1000000000 ELSE 200000 END);
		END IF;
	END IF;
	RETURN n;
END
$$;
