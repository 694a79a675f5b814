
/*
 * Calendars: named sets of days on which schedules plan nothing.
 *
 * Locks: a schedule that begins to use a calendar holds it FOR SHARE; whoever
 * changes one takes it FOR UPDATE, then plans anew whatever uses it.
 */

-- The id of a calendar the caller may use.  A sub-organization has what its organization made PUBLIC, by id, and no more.
CREATE OR REPLACE FUNCTION _nuvopipe.calendar_id(calendar text) RETURNS uuid
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	found_id uuid;
BEGIN
	IF NOT EXISTS (SELECT FROM _nuvopipe.principal p WHERE p.id = _nuvopipe.token_principal() AND p.kind = 'SUB_ORG') THEN
		RETURN _nuvopipe.find('calendar', calendar);
	END IF;
	SELECT c.id INTO found_id
		FROM _nuvopipe.calendar c JOIN _nuvopipe.principal o ON o.id = c.owner_id
		WHERE c.tenant_id = _nuvopipe.tenant() AND c.id = CASE WHEN _nuvopipe.is_uuid(calendar) THEN calendar::uuid END
			AND c.permissions_level = 'PUBLIC' AND o.kind <> 'SUB_ORG';
	IF NOT FOUND THEN
		RAISE EXCEPTION 'calendar "%" does not exist', calendar USING ERRCODE = 'undefined_object';
	END IF;
	RETURN found_id;
END
$$;

-- A schedule_config that was checked, with ids for the names of calendars; they are held until the transaction ends.
CREATE OR REPLACE FUNCTION _nuvopipe.use_calendars(schedule jsonb) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	ids uuid[] := '{}';
	word text;
	found_id uuid;
BEGIN
	IF coalesce(jsonb_typeof(schedule -> 'calendars'), 'null') = 'null' THEN
		RETURN schedule;
	END IF;
	FOR word IN SELECT * FROM jsonb_array_elements_text(schedule -> 'calendars') LOOP
		found_id := _nuvopipe.calendar_id(word);
		PERFORM FROM _nuvopipe.calendar c WHERE c.tenant_id = _nuvopipe.tenant() AND c.id = found_id FOR SHARE;
		IF NOT FOUND THEN
			RAISE EXCEPTION 'calendar "%" does not exist', word USING ERRCODE = 'undefined_object';
		END IF;
		IF found_id <> ALL (ids) THEN
			ids := ids || found_id;
		END IF;
	END LOOP;
	RETURN schedule || jsonb_build_object('calendars', ids);
END
$$;

-- What calendars exclude together.
CREATE OR REPLACE FUNCTION _nuvopipe.excluded_days(calendars uuid[], OUT dates date[], OUT weekdays int[])
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	dates := '{}';
	weekdays := '{}';
	IF calendars = '{}' THEN
		RETURN;
	END IF;
	dates := ARRAY(SELECT DISTINCT d.day FROM _nuvopipe.calendar c CROSS JOIN LATERAL unnest(c.excluded_dates) d (day)
		WHERE c.id = ANY (calendars) ORDER BY d.day);
	weekdays := ARRAY(SELECT DISTINCT d.day FROM _nuvopipe.calendar c CROSS JOIN LATERAL unnest(c.excluded_weekdays) d (day)
		WHERE c.id = ANY (calendars) ORDER BY d.day);
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.weekday_words(days int[]) RETURNS text[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT ARRAY(SELECT ('{MON,TUE,WED,THU,FRI,SAT,SUN}'::text[])[d] FROM unnest(days) d ORDER BY d);
END;

-- {SAT,sunday} as numbers
CREATE OR REPLACE FUNCTION _nuvopipe.read_weekdays(words text[]) RETURNS int[]
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	names constant text[] := '{MONDAY,TUESDAY,WEDNESDAY,THURSDAY,FRIDAY,SATURDAY,SUNDAY}';
	days int[] := '{}';
	day int;
BEGIN
	FOR i IN 1 .. coalesce(cardinality(words), 0) LOOP
		SELECT n.ordinality INTO day FROM unnest(names) WITH ORDINALITY n (name) WHERE upper(words[i]) IN (n.name, left(n.name, 3));
		IF NOT FOUND THEN
			PERFORM _nuvopipe.fault_near(format('excluded_weekdays[%s]', i - 1), format('unknown value "%s"', words[i]), upper(words[i]), names);
		END IF;
		days := days || day;
	END LOOP;
	RETURN ARRAY(SELECT DISTINCT d FROM unnest(days) d ORDER BY d);
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.check_dates(dates date[]) RETURNS date[]
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	FOR i IN 1 .. coalesce(cardinality(dates), 0) LOOP
		IF dates[i] IS NULL OR NOT isfinite(dates[i]) THEN
			PERFORM _nuvopipe.fault(format('excluded_dates[%s]', i - 1), 'a date is expected');
		END IF;
	END LOOP;
	RETURN ARRAY(SELECT DISTINCT d FROM unnest(dates) d ORDER BY d);
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.create_calendar(name text, excluded_dates date[] DEFAULT '{}', excluded_weekdays text[] DEFAULT '{}',
		permissions jsonb DEFAULT NULL, description text DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	new_id uuid := _nuvopipe.uuid_v7();
	moment timestamptz := clock_timestamp();
BEGIN
	PERFORM _nuvopipe.require_right('create', 'calendar');
	PERFORM _nuvopipe.check_name(name);
	INSERT INTO _nuvopipe.calendar (id, tenant_id, owner_id, name, description, tags, excluded_dates, excluded_weekdays, permissions_level,
			created_at, created_by, updated_at, updated_by)
		VALUES (new_id, _nuvopipe.tenant(), me, name, description, coalesce(tags, '{}'), _nuvopipe.check_dates(excluded_dates),
			_nuvopipe.read_weekdays(excluded_weekdays), coalesce(_nuvopipe.check_permissions(permissions), 'PRIVATE'),
			moment, me, moment, me);
	RETURN new_id;
EXCEPTION WHEN unique_violation THEN
	PERFORM _nuvopipe.name_taken('calendar', name);
END
$$;
COMMENT ON FUNCTION nuvopipe.create_calendar IS
'Defines a calendar: days on which the schedules that name it plan nothing.
name: unique among what the caller owns. excluded_dates: single days, in the time zone of each schedule. excluded_weekdays: MON to SUN. permissions: {"level": "PUBLIC"} lets every user of the organization use it; default PRIVATE. description, tags: free.
A schedule names it in "calendars": ["..."].
Returns the id.
Errors: 22023 for what is no day, 42710 if the name is taken.';

CREATE OR REPLACE FUNCTION nuvopipe.update_calendar(calendar text, name text DEFAULT NULL, excluded_dates date[] DEFAULT NULL,
		excluded_weekdays text[] DEFAULT NULL, permissions jsonb DEFAULT NULL, description text DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	object_id uuid := _nuvopipe.find('calendar', calendar, 'write');
	level text := _nuvopipe.check_permissions(permissions);
	dates date[] := _nuvopipe.check_dates(excluded_dates);
	weekdays int[] := _nuvopipe.read_weekdays(excluded_weekdays);
	days_change boolean := num_nonnulls(excluded_dates, excluded_weekdays) > 0;
BEGIN
	IF name IS NOT NULL THEN
		PERFORM _nuvopipe.check_name(name);
	END IF;
	PERFORM FROM _nuvopipe.calendar c WHERE c.tenant_id = _nuvopipe.tenant() AND c.id = object_id FOR UPDATE;
	PERFORM _nuvopipe.require_there(FOUND, 'calendar', calendar);
	IF days_change THEN
		PERFORM _nuvopipe.settle_schedules(object_id);
	END IF;
	UPDATE _nuvopipe.calendar c SET
			name = coalesce(name, c.name),
			excluded_dates = CASE WHEN excluded_dates IS NULL THEN c.excluded_dates ELSE dates END,
			excluded_weekdays = CASE WHEN excluded_weekdays IS NULL THEN c.excluded_weekdays ELSE weekdays END,
			permissions_level = coalesce(level, c.permissions_level),
			description = nullif(coalesce(description, c.description), ''),
			tags = coalesce(tags, c.tags),
			updated_at = clock_timestamp(),
			updated_by = me
		WHERE c.tenant_id = _nuvopipe.tenant() AND c.id = object_id;
	IF days_change THEN
		PERFORM _nuvopipe.plan_schedules(object_id);
	END IF;
	RETURN object_id;
EXCEPTION WHEN unique_violation THEN
	PERFORM _nuvopipe.name_taken('calendar', name);
END
$$;
COMMENT ON FUNCTION nuvopipe.update_calendar IS
'Changes a calendar; arguments that are null keep what is stored. Schedules that use it are planned anew at once; until the transaction ends they do not fire.
calendar: name or id. The others as for create_calendar; lists replace the stored ones; an empty description takes it away.
Returns the id.
Errors: as create_calendar, 42704 if there is no such calendar, 42501 if it is not the caller''s.';

CREATE OR REPLACE FUNCTION nuvopipe.delete_calendar(calendar text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	object_id uuid := _nuvopipe.find('calendar', calendar, 'delete');
	object_name text;
BEGIN
	SELECT c.name INTO object_name FROM _nuvopipe.calendar c
		WHERE c.tenant_id = _nuvopipe.tenant() AND c.id = object_id FOR UPDATE;
	PERFORM _nuvopipe.require_there(FOUND, 'calendar', calendar);
	PERFORM _nuvopipe.refuse_use('calendar', object_id, object_name);
	DELETE FROM _nuvopipe.calendar c WHERE c.tenant_id = _nuvopipe.tenant() AND c.id = object_id;
END
$$;
COMMENT ON FUNCTION nuvopipe.delete_calendar IS
'Deletes a calendar that no schedule uses.
calendar: name or id.
Errors: 42704 if there is no such calendar, 42501 if it is not the caller''s, 2BP01 naming the pipelines and templates that use it.';

CREATE OR REPLACE VIEW nuvopipe.calendars WITH (security_barrier) AS
	SELECT c.id, c.name, c.description, c.tags, c.excluded_dates,
			_nuvopipe.weekday_words(c.excluded_weekdays) AS excluded_weekdays,
			c.permissions_level, o.name AS owner, c.created_at, c.created_by, c.updated_at, c.updated_by
		FROM _nuvopipe.calendar c JOIN _nuvopipe.owner o ON o.id = c.owner_id
		WHERE c.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('read', 'calendar', c.owner_id, o.role,
			c.permissions_level = 'PUBLIC' AND o.kind <> 'SUB_ORG');
COMMENT ON VIEW nuvopipe.calendars IS 'Calendars: the caller''s own and those that are PUBLIC.';
COMMENT ON COLUMN nuvopipe.calendars.excluded_dates IS 'Days on which nothing is planned, in the time zone of each schedule.';
COMMENT ON COLUMN nuvopipe.calendars.excluded_weekdays IS 'MON to SUN.';
COMMENT ON COLUMN nuvopipe.calendars.permissions_level IS 'PUBLIC: every user of nuvopipe may use it. PRIVATE: its owner.';
