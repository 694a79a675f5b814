
/*
 * Triggers: what is defined, and what of it sits on tables.  See
 * schema/058-trigger.sql; signals are the business of signal.sql.
 */

-- AFTER STATEMENT on a user's table: one signal a transaction.  Attached by install_trigger alone: nobody else may execute it.
CREATE OR REPLACE FUNCTION _nuvopipe.signal_change() RETURNS trigger
	AS 'MODULE_PATHNAME', 'nuvopipe_signal_change' LANGUAGE C VOLATILE;

CREATE OR REPLACE FUNCTION _nuvopipe.check_query_as(query text, role name) RETURNS void
	AS 'MODULE_PATHNAME', 'nuvopipe_check_query_as' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;

/* ---- tables ---- */

-- The relation a TABLE trigger sits on; null if there is none any more.
CREATE OR REPLACE FUNCTION _nuvopipe.table_of_trigger(trigger_id uuid) RETURNS oid
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN (SELECT g.tgrelid FROM pg_trigger g
		WHERE g.tgfoid = '_nuvopipe.signal_change()'::regprocedure AND g.tgname = 'nuvopipe_' || trigger_id LIMIT 1);
END
$$;

-- The relation of a name; null for what is none, and for what is no name.
CREATE OR REPLACE FUNCTION _nuvopipe.relation_of(name text) RETURNS oid
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN to_regclass(name);
EXCEPTION WHEN invalid_name OR syntax_error OR feature_not_supported OR invalid_parameter_value THEN
	RETURN NULL;
END
$$;

-- May the caller have a trigger on this relation?
CREATE OR REPLACE FUNCTION _nuvopipe.require_trigger_rights(relation oid, given text) RETURNS void
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	caller name := _nuvopipe.caller();
	r record;
BEGIN
	SELECT c.relkind, c.relpersistence, c.relnamespace, n.nspname INTO r
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'configuration.relation: relation "%" does not exist', given USING ERRCODE = 'undefined_table',
			HINT = 'Give the schema as well, as in "sales.customer".';
	ELSIF NOT has_schema_privilege(caller, r.relnamespace, 'USAGE') OR NOT has_table_privilege(caller, relation, 'TRIGGER') THEN
		RAISE EXCEPTION 'permission denied for relation "%"', given USING ERRCODE = 'insufficient_privilege',
			HINT = format('Role "%s" needs TRIGGER on it.', caller);
	ELSIF r.nspname IN ('_nuvopipe', 'nuvopipe', 'nuvopipe_api', 'pg_catalog', 'information_schema') THEN
		PERFORM _nuvopipe.fault('configuration.relation', format('schema "%s" is not for triggers', r.nspname));
	ELSIF r.relpersistence = 't' THEN
		PERFORM _nuvopipe.fault('configuration.relation', format('"%s" is temporary: no run would see its rows', given));
	ELSIF r.relkind NOT IN ('r', 'p', 'f') THEN
		PERFORM _nuvopipe.fault('configuration.relation', format('"%s" is not a table', given));
	END IF;
END
$$;

/*
 * The caller's rights are looked at before anything is locked, and again at what
 * the name led to.  The trigger belongs to the table, so a dump of the table has
 * it; DROP EXTENSION takes it along.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.install_trigger(trigger_id uuid, relation text, events jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	target regclass := _nuvopipe.relation_of(relation);
BEGIN
	PERFORM _nuvopipe.require_trigger_rights(target, relation);
	EXECUTE format('CREATE TRIGGER %I AFTER %s ON %s FOR EACH STATEMENT EXECUTE FUNCTION _nuvopipe.signal_change(%L)',
		'nuvopipe_' || trigger_id, (SELECT string_agg(e, ' OR ') FROM jsonb_array_elements_text(events) e), target, trigger_id);
	PERFORM _nuvopipe.require_trigger_rights(_nuvopipe.table_of_trigger(trigger_id), relation);
	EXECUTE format('ALTER TRIGGER %I ON %s DEPENDS ON EXTENSION nuvopipe', 'nuvopipe_' || trigger_id, target);
END
$$;

-- Waits for whoever uses the table, but not for long: everybody else waits behind us.
CREATE OR REPLACE FUNCTION _nuvopipe.remove_trigger(trigger_id uuid) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s'
AS $$
DECLARE
	target oid := _nuvopipe.table_of_trigger(trigger_id);
BEGIN
	IF target IS NOT NULL THEN
		EXECUTE format('DROP TRIGGER IF EXISTS %I ON %s', 'nuvopipe_' || trigger_id, target::regclass);
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.drop_trigger(tenant_id uuid, trigger_id uuid) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
	DELETE FROM _nuvopipe.trigger r WHERE r.tenant_id = tenant_id AND r.id = trigger_id;
	DELETE FROM _nuvopipe.signal s WHERE s.tenant_id = tenant_id AND s.trigger_id = trigger_id;
	PERFORM _nuvopipe.remove_trigger(trigger_id);
	PERFORM _nuvopipe.wake_keeper();	-- a channel is not to be listened to any more
EXCEPTION WHEN lock_not_available OR object_in_use THEN
	DELETE FROM _nuvopipe.trigger r WHERE r.tenant_id = tenant_id AND r.id = trigger_id;
	DELETE FROM _nuvopipe.signal s WHERE s.tenant_id = tenant_id AND s.trigger_id = trigger_id;
	RAISE WARNING 'trigger "nuvopipe_%" stays on table %, which is in use', trigger_id, _nuvopipe.table_of_trigger(trigger_id)::regclass
		USING HINT = 'It does nothing any more; DROP TRIGGER takes it away.';
END
$$;

/* ---- definition ---- */

-- Whom data is pushed to cannot be asked for more.
CREATE OR REPLACE FUNCTION _nuvopipe.refuse_pushed(connector_id uuid) RETURNS void
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF EXISTS (SELECT FROM _nuvopipe.connector c WHERE c.id = connector_id AND (c.node_type = 'MANUAL' OR c.trigger_type = 'EVENT_BASE')) THEN
		PERFORM _nuvopipe.fault('pipeline', 'takes data that is pushed to it: there is nothing a trigger could start',
			'Its executions begin when data arrives.');
	END IF;
END
$$;

/*
 * Would source, when it succeeds, be started by target, directly or through
 * others?  A pipeline starts another by a trigger on its success, or by writing
 * into a table that has a trigger.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.refuse_cycle(tenant uuid, source uuid, target uuid, path text) RETURNS void
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	names record;
BEGIN
	IF source IN (
		WITH RECURSIVE edge AS (
			SELECT r.source_id AS a, r.pipeline_id AS b FROM _nuvopipe.trigger r WHERE r.tenant_id = tenant AND r.kind = 'SUCCESS'
			UNION
			SELECT w.pipeline_id, r.pipeline_id
				FROM _nuvopipe.trigger r JOIN _nuvopipe.writers(tenant) w ON w.relation = _nuvopipe.table_of_trigger(r.id)
				WHERE r.tenant_id = tenant AND r.kind = 'TABLE'
		), reached AS (
			SELECT target AS id
			UNION
			SELECT e.b FROM edge e JOIN reached d ON e.a = d.id
		)
		SELECT d.id FROM reached d)
	THEN
		SELECT s.name AS source, t.name AS target INTO names
			FROM _nuvopipe.pipeline s, _nuvopipe.pipeline t WHERE s.id = source AND t.id = target;
		PERFORM _nuvopipe.fault(path, CASE WHEN source = target THEN format('pipeline "%s" would start itself', names.target)
				ELSE format('pipeline "%s" would start itself: it starts "%s" already, directly or through others', names.target, names.source) END,
			'Such a circle would never come to an end.');
	END IF;
END
$$;

-- Which pipelines write into which tables.
CREATE OR REPLACE FUNCTION _nuvopipe.writers(tenant uuid) RETURNS TABLE (pipeline_id uuid, relation oid)
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY SELECT p.id, _nuvopipe.relation_of(k.configuration ->> 'relation')
		FROM _nuvopipe.pipeline p
			JOIN _nuvopipe.pipeline_configuration c ON c.id = p.configuration_id
			JOIN _nuvopipe.connector k ON k.id = c.output_connector_id
		WHERE p.tenant_id = tenant AND k.node_type = 'TABLE';
END
$$;

-- Checks one member after the other; returns the configuration with its defaults.
CREATE OR REPLACE FUNCTION _nuvopipe.check_trigger(kind text, configuration jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	root constant text := 'configuration';
	needed constant text := CASE kind WHEN 'SUCCESS' THEN 'pipeline' WHEN 'NOTIFY' THEN 'channel' WHEN 'QUERY' THEN 'query' WHEN 'TABLE' THEN 'relation' END;
	extra constant text[] := CASE kind WHEN 'SUCCESS' THEN '{rows}'::text[] WHEN 'QUERY' THEN '{every}' WHEN 'TABLE' THEN '{events}' ELSE '{}' END;
	events constant text[] := '{INSERT,UPDATE,DELETE}';
	given jsonb := jsonb_strip_nulls(configuration);
	value text;
BEGIN
	IF kind IS NULL THEN
		PERFORM _nuvopipe.fault('kind', 'must be given', 'Known are SUCCESS, NOTIFY, QUERY, TABLE.');
	END IF;
	PERFORM _nuvopipe.expect_word(to_jsonb(kind), 'kind', ARRAY['SUCCESS', 'NOTIFY', 'QUERY', 'TABLE']);
	IF jsonb_typeof(configuration) IS DISTINCT FROM 'object' THEN
		PERFORM _nuvopipe.fault(root, 'an object is expected', format('For example: {"%s": "..."}.', needed));
	END IF;
	PERFORM _nuvopipe.check_members(configuration, root, ARRAY[needed, 'delay'] || extra);
	PERFORM _nuvopipe.expect_type(configuration -> needed, root || '.' || needed, 'string');
	value := given ->> needed;
	IF coalesce(btrim(value), '') = '' THEN
		PERFORM _nuvopipe.fault(root || '.' || needed, 'must be given');
	END IF;
	PERFORM _nuvopipe.expect_number(given -> 'delay', root || '.delay', 0, 86400);
	PERFORM _nuvopipe.expect_number(given -> 'every', root || '.every', 1, 604800);
	PERFORM _nuvopipe.expect_type(given -> 'rows', root || '.rows', 'boolean');
	PERFORM _nuvopipe.expect_strings(given -> 'events', root || '.events');
	IF kind = 'NOTIFY' AND octet_length(value) > 63 THEN
		PERFORM _nuvopipe.fault(root || '.channel', 'must not be longer than 63 bytes');
	ELSIF kind = 'NOTIFY' AND value = 'nuvopipe' THEN
		PERFORM _nuvopipe.fault(root || '.channel', 'is the one on which nuvopipe tells what it does: what it starts would start it again',
			'Use a trigger of kind SUCCESS.');
	ELSIF kind = 'TABLE' AND given -> 'events' = '[]' THEN
		PERFORM _nuvopipe.fault(root || '.events', 'must not be empty', 'Known are INSERT, UPDATE, DELETE.');
	END IF;
	FOR i IN 0 .. coalesce(jsonb_array_length(given -> 'events'), 0) - 1 LOOP
		PERFORM _nuvopipe.expect_word(given -> 'events' -> i, format('%s.events[%s]', root, i), events);
	END LOOP;
	RETURN CASE kind WHEN 'SUCCESS' THEN '{"rows": false, "delay": 0}'::jsonb WHEN 'NOTIFY' THEN '{"delay": 0}' WHEN 'QUERY' THEN '{"every": 60, "delay": 0}'
		ELSE '{"events": ["INSERT"], "delay": 1}' END || given
		|| CASE WHEN given ? 'events' THEN jsonb_build_object('events',
			(SELECT jsonb_agg(e ORDER BY array_position(events, e)) FROM unnest(events) e WHERE given -> 'events' ? e)) ELSE '{}' END;
END
$$;

-- What kind and configuration refer to, with the rights it takes; the row exists already.
CREATE OR REPLACE FUNCTION _nuvopipe.bind_trigger(t _nuvopipe.trigger) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	writer uuid;
BEGIN
	IF t.kind IN ('SUCCESS', 'TABLE') THEN
		-- one after the other, so that two cannot close a circle between them
		PERFORM FROM _nuvopipe.organization g WHERE g.id = t.tenant_id FOR NO KEY UPDATE;
	END IF;
	IF t.kind = 'SUCCESS' THEN
		PERFORM _nuvopipe.refuse_cycle(t.tenant_id, t.source_id, t.pipeline_id, 'configuration.pipeline');
	ELSIF t.kind = 'QUERY' THEN
		BEGIN
			PERFORM _nuvopipe.check_query_as(t.configuration ->> 'query', (SELECT o.role FROM _nuvopipe.owner o WHERE o.id = t.owner_id));
		EXCEPTION WHEN undefined_table OR undefined_function OR undefined_object THEN
			RAISE EXCEPTION 'configuration.query: %', SQLERRM USING ERRCODE = SQLSTATE,
				HINT = 'Your search_path is not used: qualify names with their schema.';
		WHEN syntax_error_or_access_rule_violation OR invalid_parameter_value OR insufficient_privilege OR syntax_error THEN
			RAISE EXCEPTION 'configuration.query: %', SQLERRM USING ERRCODE = SQLSTATE;
		END;
	ELSIF t.kind = 'TABLE' THEN
		PERFORM _nuvopipe.remove_trigger(t.id);
		PERFORM _nuvopipe.install_trigger(t.id, t.configuration ->> 'relation', t.configuration -> 'events');
		FOR writer IN SELECT w.pipeline_id FROM _nuvopipe.writers(t.tenant_id) w WHERE w.relation = _nuvopipe.table_of_trigger(t.id) LOOP
			PERFORM _nuvopipe.refuse_cycle(t.tenant_id, writer, t.pipeline_id, 'configuration.relation');
		END LOOP;
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.create_trigger(pipeline text, kind text, configuration jsonb, name text DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	tenant uuid := _nuvopipe.tenant();
	object_id uuid := _nuvopipe.find('pipeline', pipeline, 'write');
	checked jsonb := _nuvopipe.check_trigger(kind, configuration);
	moment timestamptz := clock_timestamp();
	p record;
	t _nuvopipe.trigger;
BEGIN
	SELECT l.owner_id, l.name, c.input_connector_id INTO p
		FROM _nuvopipe.pipeline l JOIN _nuvopipe.pipeline_configuration c ON c.id = l.configuration_id
		WHERE l.tenant_id = tenant AND l.id = object_id FOR KEY SHARE OF l;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'pipeline "%" does not exist', pipeline USING ERRCODE = 'undefined_object';
	END IF;
	PERFORM _nuvopipe.require_rights_of_owner('pipeline', p.owner_id);
	PERFORM _nuvopipe.refuse_pushed(p.input_connector_id);
	t.id := _nuvopipe.uuid_v7();
	t.tenant_id := tenant;
	t.owner_id := p.owner_id;
	t.pipeline_id := object_id;
	t.kind := kind;
	t.source_id := CASE kind WHEN 'SUCCESS' THEN _nuvopipe.find('pipeline', checked ->> 'pipeline') END;
	t.configuration := checked || CASE kind WHEN 'SUCCESS' THEN jsonb_build_object('pipeline', t.source_id) ELSE '{}' END;
	t.name := coalesce(name, format('%s: %s %s', left(p.name, 180), kind, right(t.id::text, 12)));
	PERFORM _nuvopipe.check_name(t.name);
	BEGIN
		INSERT INTO _nuvopipe.trigger (id, tenant_id, owner_id, pipeline_id, name, kind, configuration, source_id, next_at,
				created_at, created_by, updated_at, updated_by)
			VALUES (t.id, tenant, t.owner_id, object_id, t.name, kind, t.configuration, t.source_id, CASE kind WHEN 'QUERY' THEN moment END,
				moment, me, moment, me);
	EXCEPTION WHEN unique_violation THEN
		PERFORM _nuvopipe.name_taken('trigger', t.name);
	END;
	PERFORM _nuvopipe.bind_trigger(t);
	PERFORM _nuvopipe.tell_pipeline(tenant, object_id, p.owner_id, 'updated');
	PERFORM _nuvopipe.wake_keeper();
	RETURN t.id;
END
$$;
COMMENT ON FUNCTION nuvopipe.create_trigger IS
'Lets something start a pipeline, beside its schedule.
pipeline: name or id. kind and configuration: SUCCESS, when another pipeline succeeds: {"pipeline": name or id, "rows": true: only if it wrote rows}. NOTIFY, when somebody notifies: {"channel": exactly as it is sent}; what is sent while no keeper runs is missed. QUERY, when a query returns rows: {"query": "SELECT ...", "every": seconds from 1, default 60}; it is run by workers with the rights of the owner of the pipeline, read-only, for nuvopipe.probe_timeout at most, names qualified. TABLE, when a table changes: {"relation": "schema.table", "events": ["INSERT", "UPDATE", "DELETE"], default INSERT}; a trigger is put on the table, which takes the right to do so and, for a moment, its lock. All: "delay": seconds to wait for more of the same before the run, default 1 for TABLE, else 0. name: unique among what the owner has; made up where it is null.
However often it happens, one execution waits at a time, and it sees all that was committed before it began.
Returns the id.
Errors: 22023 with the JSON path of a fault, also if a pipeline would start itself; 42704 for an unknown pipeline, 42P01 for an unknown relation, errors of the query, 42501 for missing privileges, 42710 if the name is taken.';

CREATE OR REPLACE FUNCTION nuvopipe.update_trigger(trigger text, configuration jsonb DEFAULT NULL, status text DEFAULT NULL,
		name text DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	tenant uuid := _nuvopipe.tenant();
	object_id uuid := _nuvopipe.find('trigger', trigger, 'write');
	moment timestamptz := clock_timestamp();
	bound boolean;
	t _nuvopipe.trigger;
BEGIN
	SELECT r.* INTO t FROM _nuvopipe.trigger r WHERE r.tenant_id = tenant AND r.id = object_id FOR NO KEY UPDATE;
	PERFORM _nuvopipe.require_there(FOUND, 'trigger', trigger);
	PERFORM _nuvopipe.require_rights_of_owner('pipeline', t.owner_id);
	PERFORM _nuvopipe.expect_word(to_jsonb(status), 'status', ARRAY['ACTIVE', 'INACTIVE']);
	IF name IS NOT NULL THEN
		PERFORM _nuvopipe.check_name(name);
	END IF;
	-- one that was lost with its table is put back
	bound := configuration IS NOT NULL OR (status = 'ACTIVE' AND t.kind = 'TABLE' AND _nuvopipe.table_of_trigger(t.id) IS NULL);
	IF configuration IS NOT NULL THEN
		t.configuration := _nuvopipe.check_trigger(t.kind, configuration);
		IF t.kind = 'SUCCESS' THEN
			t.source_id := _nuvopipe.find('pipeline', t.configuration ->> 'pipeline');
			t.configuration := t.configuration || jsonb_build_object('pipeline', t.source_id);
		END IF;
	END IF;
	BEGIN
		UPDATE _nuvopipe.trigger r SET
				name = coalesce(name, r.name), status = coalesce(status, r.status), configuration = t.configuration, source_id = t.source_id,
				next_at = CASE WHEN r.kind = 'QUERY' THEN CASE WHEN configuration IS NULL AND status IS NULL THEN r.next_at ELSE moment END END,
				last_check_at = CASE WHEN configuration IS NULL AND status IS NULL THEN r.last_check_at END,
				failures = CASE WHEN configuration IS NULL AND status IS NULL THEN r.failures ELSE 0 END,
				last_error = CASE WHEN configuration IS NULL AND status IS NULL THEN r.last_error END,
				updated_at = moment, updated_by = me
			WHERE r.tenant_id = tenant AND r.id = object_id;
	EXCEPTION WHEN unique_violation THEN
		PERFORM _nuvopipe.name_taken('trigger', name);
	END;
	IF bound THEN
		PERFORM _nuvopipe.bind_trigger(t);
	END IF;
	PERFORM _nuvopipe.tell_pipeline(tenant, t.pipeline_id, t.owner_id, 'updated');
	PERFORM _nuvopipe.wake_keeper();
	RETURN object_id;
END
$$;
COMMENT ON FUNCTION nuvopipe.update_trigger IS
'Changes a trigger; arguments that are null keep what is stored. Its kind stays for good.
trigger: name or id. configuration: replaces the stored one, as for create_trigger. status: INACTIVE does nothing, and what happens meanwhile is missed; ACTIVE begins again, and puts back a trigger that its table has lost.
Returns the id.
Errors: as create_trigger, and 42704 if there is no such trigger; 55P03 if a table is in use and its trigger cannot be replaced.';

CREATE OR REPLACE FUNCTION nuvopipe.delete_trigger(trigger text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	object_id uuid := _nuvopipe.find('trigger', delete_trigger.trigger, 'write');
	t _nuvopipe.trigger;
BEGIN
	SELECT r.* INTO t FROM _nuvopipe.trigger r WHERE r.tenant_id = _nuvopipe.tenant() AND r.id = object_id FOR UPDATE;
	PERFORM _nuvopipe.require_there(FOUND, 'trigger', delete_trigger.trigger);
	PERFORM _nuvopipe.tell_pipeline(t.tenant_id, t.pipeline_id, t.owner_id, 'updated');
	PERFORM _nuvopipe.drop_trigger(t.tenant_id, object_id);
END
$$;
COMMENT ON FUNCTION nuvopipe.delete_trigger IS
'Deletes a trigger; what it has started goes on.
trigger: name or id. The trigger on its table goes too, unless the table is in use for more than two seconds: then it stays, does nothing, and a warning says so.
Errors: 42704 if there is no such trigger.';

CREATE OR REPLACE VIEW nuvopipe.triggers WITH (security_barrier) AS
	SELECT t.id, t.name, t.pipeline_id AS pipeline, p.name AS pipeline_name, t.kind, t.configuration, t.status,
			g.relation, t.signals, t.starts, t.last_signal_at AS last_signal, u.cause ->> 'payload' AS last_payload,
			t.last_start_at AS last_start, t.last_run_id AS last_run, t.last_check_at AS last_check, t.next_at AS next_check, t.failures,
			CASE
				WHEN t.kind = 'TABLE' AND g.relation IS NULL THEN
					format('table "%s" has no trigger "nuvopipe_%s" any more', t.configuration ->> 'relation', t.id)
				WHEN t.kind = 'TABLE' AND NOT g.enabled THEN format('trigger "nuvopipe_%s" of table %s is disabled', t.id, g.relation)
				WHEN t.kind = 'SUCCESS' AND NOT EXISTS (SELECT FROM _nuvopipe.pipeline s WHERE s.id = t.source_id) THEN
					format('pipeline "%s" was deleted', t.source_id)
				ELSE t.last_error END AS last_error,
			t.last_error_at, o.name AS owner, t.created_at, t.created_by, t.updated_at, t.updated_by
		FROM _nuvopipe.trigger t
			JOIN _nuvopipe.pipeline p ON p.id = t.pipeline_id
			JOIN _nuvopipe.owner o ON o.id = t.owner_id
			LEFT JOIN _nuvopipe.run u ON u.tenant_id = t.tenant_id AND u.id = t.last_run_id
			LEFT JOIN LATERAL (
				SELECT format('%I.%I', n.nspname, c.relname) AS relation, h.tgenabled <> 'D' AS enabled
					FROM pg_catalog.pg_trigger h
						JOIN pg_catalog.pg_class c ON c.oid = h.tgrelid
						JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
					WHERE t.kind = 'TABLE' AND h.tgfoid = '_nuvopipe.signal_change()'::regprocedure AND h.tgname = 'nuvopipe_' || t.id) g ON true
		WHERE t.tenant_id = _nuvopipe.tenant() AND _nuvopipe.can('read', 'pipeline', t.owner_id, o.role);
COMMENT ON VIEW nuvopipe.triggers IS 'What starts the caller''s pipelines beside schedules, and what has come of it.';
COMMENT ON COLUMN nuvopipe.triggers.configuration IS 'With its defaults; a pipeline is named by id.';
COMMENT ON COLUMN nuvopipe.triggers.relation IS 'Of kind TABLE: the table as it is called now; null if it or its trigger is gone.';
COMMENT ON COLUMN nuvopipe.triggers.signals IS 'How often it happened.';
COMMENT ON COLUMN nuvopipe.triggers.starts IS 'Executions that were queued for it.';
COMMENT ON COLUMN nuvopipe.triggers.last_payload IS 'Of the last execution: of NOTIFY what was sent last, of SUCCESS the execution that succeeded.';
COMMENT ON COLUMN nuvopipe.triggers.last_run IS 'The run that was started last; see nuvopipe.executions.';
COMMENT ON COLUMN nuvopipe.triggers.last_check IS 'Of kind QUERY: when it was asked last. Of kind NOTIFY: since when the channel is listened to; null: not yet.';
COMMENT ON COLUMN nuvopipe.triggers.next_check IS 'Of kind QUERY: not asked before, and not while its last execution waits or runs.';
COMMENT ON COLUMN nuvopipe.triggers.failures IS 'Failures since it last worked; a query is asked less and less often, down to once an hour.';
COMMENT ON COLUMN nuvopipe.triggers.last_error IS 'What is wrong now; null: nothing.';
