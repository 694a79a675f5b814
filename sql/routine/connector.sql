
/*
 * Connectors.  A configuration is split in two: the open part, with a mask in
 * place of each secret, is what the row keeps and readers see; the secret part
 * is sealed into a credential.  Secrets never come back through SQL.
 */

-- What the caller itself must be allowed to do before a connector to this server's own tables or files is stored.
-- Tried again when a run takes the rights of its owner; told here because here somebody is looking.
CREATE OR REPLACE FUNCTION _nuvopipe.require_relation(relation text, direction text, mode text) RETURNS void
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	caller name := _nuvopipe.caller();
	target regclass := to_regclass(relation);
	needed text[] := CASE
		WHEN direction = 'INPUT' THEN ARRAY['SELECT']
		WHEN mode = 'upsert' THEN ARRAY['INSERT', 'UPDATE', 'SELECT']
		WHEN mode = 'replace' THEN ARRAY['INSERT', 'DELETE']
		ELSE ARRAY['INSERT'] END;
	privilege text;
	near text;
BEGIN
	IF target IS NULL THEN
		-- the name alone may be right: all relations of that name the caller can reach
		SELECT string_agg(format('%I.%I', n.nspname, c.relname), ', ' ORDER BY n.nspname) INTO near
			FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND has_schema_privilege(caller, n.oid, 'USAGE')
				AND c.relname = relation;
		RAISE EXCEPTION 'configuration.relation: relation "%" does not exist', relation USING ERRCODE = 'undefined_table',
			HINT = coalesce('Perhaps you meant ' || near || '.', 'Give the schema as well, as in "sales.customer".');
	END IF;
	IF NOT has_schema_privilege(caller, (SELECT c.relnamespace FROM pg_class c WHERE c.oid = target), 'USAGE') THEN
		RAISE EXCEPTION 'permission denied for the schema of relation "%"', relation USING ERRCODE = 'insufficient_privilege';
	END IF;
	FOREACH privilege IN ARRAY needed LOOP
		-- DELETE is of whole rows; the others may be granted by column
		IF (privilege = 'DELETE' AND NOT has_table_privilege(caller, target, privilege))
				OR (privilege <> 'DELETE' AND NOT has_any_column_privilege(caller, target, privilege)) THEN
			RAISE EXCEPTION 'permission denied for relation "%"', relation USING ERRCODE = 'insufficient_privilege',
				HINT = format('Role "%s" needs %s on it.', caller, array_to_string(needed, ', '));
		END IF;
	END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.require_query(query text) RETURNS void
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.check_query(query);
EXCEPTION WHEN undefined_table OR undefined_function OR undefined_object THEN
	RAISE EXCEPTION 'configuration.query: %', SQLERRM USING ERRCODE = SQLSTATE,
		HINT = 'Runs do not use your search_path: qualify names with their schema.';
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.require_server_files(direction text) RETURNS void
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	role name := CASE direction WHEN 'INPUT' THEN 'pg_read_server_files' ELSE 'pg_write_server_files' END;
BEGIN
	IF NOT pg_has_role(_nuvopipe.caller(), role, 'USAGE') THEN
		RAISE EXCEPTION 'permission denied for files of the server' USING ERRCODE = 'insufficient_privilege',
			HINT = format('Grant "%s" to role "%s".', role, _nuvopipe.caller());
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.require_local_rights(direction text, node_type text, configuration jsonb) RETURNS void
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF node_type = 'FILE' THEN
		PERFORM _nuvopipe.require_server_files(direction);
	ELSIF node_type = 'TABLE' AND configuration ? 'query' THEN
		PERFORM _nuvopipe.require_query(configuration ->> 'query');
	ELSIF node_type = 'TABLE' THEN
		PERFORM _nuvopipe.require_relation(configuration ->> 'relation', direction, configuration ->> 'mode');
	END IF;
END
$$;

-- Data comes by itself only where somebody can send it.
CREATE OR REPLACE FUNCTION _nuvopipe.check_trigger_type(direction text, node_type text, trigger_type text) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.expect_word(to_jsonb(trigger_type), 'trigger_type', ARRAY['TIME_BASE', 'EVENT_BASE']);
	IF direction = 'INPUT' AND trigger_type = 'EVENT_BASE' AND node_type NOT IN ('HTTP', 'EMAIL', 'MANUAL') THEN
		PERFORM _nuvopipe.fault('trigger_type', format('%s inputs cannot be EVENT_BASE', node_type),
			'Nothing can be sent to them; use TIME_BASE.');
	END IF;
END
$$;

-- These act with the rights of whoever runs them: shared, they would lend those rights to whoever edits them.
CREATE OR REPLACE FUNCTION _nuvopipe.refuse_sharing(node_type text, level text) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF node_type IN ('TABLE', 'FILE') AND level = 'PUBLIC' THEN
		PERFORM _nuvopipe.fault('permissions.level', format('a %s connector cannot be PUBLIC', node_type),
			'It acts with the rights of the owner of the pipeline; everybody creates one of their own.');
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.normal_node_type(node_type text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE upper(node_type) WHEN 'HTTPS' THEN 'HTTP' WHEN 'SFTP' THEN 'FTP' ELSE upper(node_type) END;
END;

-- An HTTP input asks a URL, unless data is sent to it.
CREATE OR REPLACE FUNCTION _nuvopipe.require_url(direction text, node_type text, trigger_type text, configuration jsonb) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF direction = 'INPUT' AND node_type = 'HTTP' AND trigger_type = 'TIME_BASE' AND configuration ->> 'url' IS NULL THEN
		PERFORM _nuvopipe.fault('configuration.url', 'must be given');
	END IF;
END
$$;

-- Seal secrets under a credential, made if there is none yet; its id, or null where there is nothing to keep.
CREATE OR REPLACE FUNCTION _nuvopipe.store_secrets(credential_id uuid, secrets jsonb, me uuid) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	stored_id uuid := coalesce(credential_id, _nuvopipe.uuid_v7());
	moment timestamptz := clock_timestamp();
	sealed bytea;
BEGIN
	IF secrets IS NULL THEN
		RETURN NULL;
	END IF;
	sealed := _nuvopipe.seal(secrets, stored_id, _nuvopipe.may_create_key());
	INSERT INTO _nuvopipe.credential (id, tenant_id, sealed, created_at, created_by, updated_at, updated_by)
		VALUES (stored_id, _nuvopipe.tenant(), sealed, moment, me, moment, me)
		ON CONFLICT ON CONSTRAINT credential_pkey
		DO UPDATE SET sealed = EXCLUDED.sealed, updated_at = EXCLUDED.updated_at, updated_by = EXCLUDED.updated_by;
	RETURN stored_id;
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.create_connector(name text, direction text, node_type text, configuration jsonb,
		trigger_type text DEFAULT 'TIME_BASE', permissions jsonb DEFAULT NULL,
		description text DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	new_id uuid := _nuvopipe.uuid_v7();
	moment timestamptz := clock_timestamp();
	level text := _nuvopipe.check_permissions(permissions);
	side text := upper(direction);
	kind text := _nuvopipe.normal_node_type(node_type);
	split record;
BEGIN
	PERFORM _nuvopipe.require_right('create', 'connector');
	PERFORM _nuvopipe.check_name(name);
	IF side IS NULL OR side NOT IN ('INPUT', 'OUTPUT') THEN
		PERFORM _nuvopipe.fault_near('direction', format('unknown value "%s"', direction), direction, ARRAY['INPUT', 'OUTPUT']);
	END IF;
	SELECT * INTO split FROM _nuvopipe.check_connector(side, kind, configuration, NULL, NULL);
	PERFORM _nuvopipe.check_trigger_type(side, kind, trigger_type);
	PERFORM _nuvopipe.require_url(side, kind, coalesce(trigger_type, 'TIME_BASE'), configuration);
	PERFORM _nuvopipe.refuse_sharing(kind, level);
	PERFORM _nuvopipe.require_local_rights(side, kind, configuration);
	INSERT INTO _nuvopipe.connector (id, tenant_id, owner_id, name, description, tags, direction, node_type, configuration,
			credential_id, trigger_type, permissions_level, created_at, created_by, updated_at, updated_by)
		VALUES (new_id, _nuvopipe.tenant(), me, name, description, coalesce(tags, '{}'), side, kind, split.open_part,
			_nuvopipe.store_secrets(NULL, split.secret_part, me), coalesce(trigger_type, 'TIME_BASE'), coalesce(level, 'PRIVATE'),
			moment, me, moment, me);
	RETURN new_id;
EXCEPTION WHEN unique_violation THEN
	PERFORM _nuvopipe.name_taken('connector', name);
END
$$;
COMMENT ON FUNCTION nuvopipe.create_connector IS
'Defines a connector: where objects come from or go to.
name: unique among what the caller owns. direction: INPUT or OUTPUT. node_type: HTTP, FTP, MANUAL, TABLE, FILE. configuration: object of that type; secrets in it are sealed and never shown again. trigger_type: TIME_BASE (default) or, for inputs that data is sent to, EVENT_BASE. permissions: {"level": "PUBLIC"} lets every user of nuvopipe use it; default PRIVATE. description, tags: free.
TABLE needs the privileges on the relation or query, FILE membership in pg_read_server_files or pg_write_server_files. Names in TABLE configurations are qualified with their schema. Nothing is connected to; see test_connector.
Returns the id.
Errors: 22023 with the JSON path of a fault, 42P01 for an unknown relation, 42501 for missing privileges, 42710 if the name is taken.';

CREATE OR REPLACE FUNCTION nuvopipe.update_connector(connector text, name text DEFAULT NULL, configuration jsonb DEFAULT NULL,
		trigger_type text DEFAULT NULL, permissions jsonb DEFAULT NULL,
		description text DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	object_id uuid := _nuvopipe.find('connector', connector, 'write');
	level text := _nuvopipe.check_permissions(permissions);
	old _nuvopipe.connector;
	old_secrets jsonb;
	split record;
BEGIN
	SELECT c.* INTO old FROM _nuvopipe.connector c WHERE c.tenant_id = _nuvopipe.tenant() AND c.id = object_id FOR UPDATE;
	PERFORM _nuvopipe.require_there(FOUND, 'connector', connector);
	IF name IS NOT NULL THEN
		PERFORM _nuvopipe.check_name(name);
	END IF;
	IF trigger_type IS NOT NULL THEN
		PERFORM _nuvopipe.check_trigger_type(old.direction, old.node_type, trigger_type);
		PERFORM _nuvopipe.refuse_scheduled_event(object_id, trigger_type);
		PERFORM _nuvopipe.refuse_second_customer(object_id, NULL, NULL, trigger_type, 'trigger_type');
	END IF;
	PERFORM _nuvopipe.require_url(old.direction, old.node_type, coalesce(trigger_type, old.trigger_type),
		coalesce(configuration, old.configuration));
	PERFORM _nuvopipe.refuse_sharing(old.node_type, level);
	IF configuration IS NOT NULL THEN
		PERFORM _nuvopipe.require_rights_of_owner('connector', old.owner_id);
		SELECT _nuvopipe.unseal(c.sealed, c.id) INTO old_secrets FROM _nuvopipe.credential c
			WHERE c.tenant_id = old.tenant_id AND c.id = old.credential_id;
		SELECT * INTO split FROM _nuvopipe.check_connector(old.direction, old.node_type, configuration, old.configuration, old_secrets);
		PERFORM _nuvopipe.require_local_rights(old.direction, old.node_type, configuration);
		UPDATE _nuvopipe.connector c SET
				configuration = split.open_part,
				credential_id = _nuvopipe.store_secrets(old.credential_id, split.secret_part, me)
			WHERE c.tenant_id = old.tenant_id AND c.id = object_id;
		IF split.secret_part IS NULL THEN
			DELETE FROM _nuvopipe.credential c WHERE c.tenant_id = old.tenant_id AND c.id = old.credential_id;
		END IF;
	END IF;
	UPDATE _nuvopipe.connector c SET
			name = coalesce(name, c.name),
			trigger_type = coalesce(trigger_type, c.trigger_type),
			permissions_level = coalesce(level, c.permissions_level),
			description = nullif(coalesce(description, c.description), ''),
			tags = coalesce(tags, c.tags),
			updated_at = clock_timestamp(),
			updated_by = me
		WHERE c.tenant_id = old.tenant_id AND c.id = object_id;
	RETURN object_id;
EXCEPTION WHEN unique_violation THEN
	PERFORM _nuvopipe.name_taken('connector', name);
END
$$;
COMMENT ON FUNCTION nuvopipe.update_connector IS
'Changes a connector; arguments that are null keep what is stored. Direction and node type stay for good.
connector: name or id. configuration: replaces the stored one, but secrets that are missing (or given as "********") stay; JSON null takes one away. The others as for create_connector; an empty description takes it away.
Returns the id.
Errors: as create_connector, 42704 if there is no such connector, 42501 if it is not the caller''s, 22023 if a scheduled pipeline would get an EVENT_BASE input.';

CREATE OR REPLACE FUNCTION nuvopipe.delete_connector(connector text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	object_id uuid := _nuvopipe.find('connector', connector, 'delete');
	old _nuvopipe.connector;
BEGIN
	SELECT c.* INTO old FROM _nuvopipe.connector c WHERE c.tenant_id = _nuvopipe.tenant() AND c.id = object_id FOR UPDATE;
	PERFORM _nuvopipe.require_there(FOUND, 'connector', connector);
	PERFORM _nuvopipe.refuse_use('connector', object_id, old.name);
	DELETE FROM _nuvopipe.connector c WHERE c.tenant_id = old.tenant_id AND c.id = object_id;
	DELETE FROM _nuvopipe.credential c WHERE c.tenant_id = old.tenant_id AND c.id = old.credential_id;
END
$$;
COMMENT ON FUNCTION nuvopipe.delete_connector IS
'Deletes a connector that nothing uses, and its secrets with it.
connector: name or id.
Errors: 42704 if there is no such connector, 42501 if it is not the caller''s, 2BP01 naming the pipelines, templates and waiting executions that use it.';
