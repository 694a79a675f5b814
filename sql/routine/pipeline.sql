
/*
 * Pipelines.  A pipeline is a name, an owner and its current configuration;
 * every change of what it does is a new version, and executions keep the one
 * they were queued with.
 */

-- A schedule asks a source; a source that is sent to cannot be asked.
CREATE OR REPLACE FUNCTION _nuvopipe.refuse_scheduled_event(connector_id uuid, trigger_type text) RETURNS void
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	scheduled record;
BEGIN
	SELECT p.name, _nuvopipe.can('read', 'pipeline', p.owner_id, o.role) AS seen INTO scheduled
		FROM _nuvopipe.pipeline_configuration c JOIN _nuvopipe.pipeline p ON p.configuration_id = c.id
			JOIN _nuvopipe.owner o ON o.id = p.owner_id
		WHERE c.tenant_id = _nuvopipe.tenant() AND c.input_connector_id = connector_id AND c.schedule_config IS NOT NULL
		ORDER BY seen DESC, p.name LIMIT 1;
	IF FOUND AND trigger_type = 'EVENT_BASE' THEN
		PERFORM _nuvopipe.fault('trigger_type', format('%s has a schedule and needs a TIME_BASE input',
			CASE WHEN scheduled.seen THEN format('pipeline "%s"', scheduled.name) ELSE 'a pipeline that you may not see' END));
	END IF;
END
$$;

/*
 * What is sent to a connector starts the pipelines it is the input of.  The data
 * of one customer must not start those of another: such a connector belongs to
 * pipelines of one sub-organization, or of none.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.refuse_second_customer(connector_id uuid, pipeline_id uuid, owner_id uuid, trigger_type text, path text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	customers bigint;
BEGIN
	-- one after the other: each sees what the other did
	PERFORM FROM _nuvopipe.connector c
		WHERE c.tenant_id = _nuvopipe.tenant() AND c.id = connector_id AND c.direction = 'INPUT'
			AND coalesce(trigger_type, c.trigger_type) = 'EVENT_BASE'
		FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	SELECT count(DISTINCT coalesce(o.customer, c.tenant_id)) INTO customers
		FROM _nuvopipe.connector c
			CROSS JOIN LATERAL (
				SELECT owner_id AS id
				UNION ALL
				SELECT p.owner_id
					FROM _nuvopipe.pipeline_configuration u JOIN _nuvopipe.pipeline p ON p.configuration_id = u.id
					WHERE u.tenant_id = c.tenant_id AND u.input_connector_id = c.id AND p.id IS DISTINCT FROM pipeline_id) AS user_of
			JOIN LATERAL (SELECT CASE q.kind WHEN 'SUB_ORG' THEN q.id END AS customer FROM _nuvopipe.principal q WHERE q.id = user_of.id) o ON true
		WHERE c.tenant_id = _nuvopipe.tenant() AND c.id = connector_id;
	IF customers > 1 THEN
		RAISE EXCEPTION '%: an EVENT_BASE input cannot be shared by pipelines of different sub-organizations', path
			USING ERRCODE = 'feature_not_supported', HINT = 'Each sub-organization needs a connector of its own.';
	END IF;
END
$$;

/*
 * A TABLE or FILE connector acts with the rights of the pipeline's owner, so
 * whoever may change the connector could borrow them.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.refuse_foreign_rights(connector_id uuid, owner_id uuid, path text) RETURNS void
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	foreign_one record;
BEGIN
	SELECT c.name, c.node_type, o.name AS owner INTO foreign_one
		FROM _nuvopipe.connector c JOIN _nuvopipe.owner o ON o.id = c.owner_id
		WHERE c.tenant_id = _nuvopipe.tenant() AND c.id = connector_id AND c.node_type IN ('TABLE', 'FILE')
			AND o.role <> (SELECT p.role FROM _nuvopipe.owner p WHERE p.id = owner_id);
	IF FOUND THEN
		RAISE EXCEPTION '%: connector "%" belongs to "%"', path, foreign_one.name, foreign_one.owner
			USING ERRCODE = 'insufficient_privilege',
			DETAIL = format('A %s connector acts with the rights of the owner of the pipeline, so both must have the same owner.', foreign_one.node_type),
			HINT = 'Create a connector of your own.';
	END IF;
END
$$;

-- Check a version as a whole and store it.  Connectors and model are held against deletion until the pipeline points to it.
CREATE OR REPLACE FUNCTION _nuvopipe.add_configuration(pipeline_id uuid, owner_id uuid, me uuid, input text, tdm text, output text,
		mapping jsonb, schedule jsonb, error_threshold numeric, developer_mode boolean, options jsonb) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	tenant uuid := _nuvopipe.tenant();
	new_id uuid := _nuvopipe.uuid_v7();
	input_id uuid := _nuvopipe.use_connector(input, 'INPUT', 'input');
	output_id uuid := _nuvopipe.use_connector(output, 'OUTPUT', 'output');
	model_id uuid := _nuvopipe.use_tdm(tdm);
	last_version int;
BEGIN
	PERFORM _nuvopipe.check_mapping(mapping, (SELECT t.columns FROM _nuvopipe.tdm t WHERE t.tenant_id = tenant AND t.id = model_id));
	PERFORM _nuvopipe.check_schedule(schedule);
	schedule := _nuvopipe.use_calendars(schedule);
	PERFORM _nuvopipe.check_threshold(error_threshold);
	PERFORM _nuvopipe.check_options(options);
	PERFORM _nuvopipe.refuse_second_customer(input_id, pipeline_id, owner_id, NULL, 'input');
	PERFORM _nuvopipe.refuse_foreign_rights(input_id, owner_id, 'input');
	PERFORM _nuvopipe.refuse_foreign_rights(output_id, owner_id, 'output');
	PERFORM _nuvopipe.require_local_rights(c.direction, c.node_type, c.configuration)
		FROM _nuvopipe.connector c WHERE c.tenant_id = tenant AND c.id IN (input_id, output_id);
	IF jsonb_typeof(schedule) = 'object'
			AND EXISTS (SELECT FROM _nuvopipe.connector c WHERE c.tenant_id = tenant AND c.id = input_id AND c.trigger_type = 'EVENT_BASE') THEN
		PERFORM _nuvopipe.fault('schedule', 'an EVENT_BASE input cannot have a schedule',
			'Its executions begin when data arrives; leave the schedule out.');
	END IF;

	SELECT max(c.version) INTO last_version FROM _nuvopipe.pipeline_configuration c
		WHERE c.tenant_id = tenant AND c.pipeline_id = pipeline_id;
	INSERT INTO _nuvopipe.pipeline_configuration (id, tenant_id, pipeline_id, version, input_connector_id, output_connector_id, tdm_id,
			mapping_config, error_threshold, developer_mode, schedule_config, options, created_at, created_by)
		VALUES (new_id, tenant, pipeline_id, coalesce(last_version, 0) + 1, input_id, output_id, model_id,
			coalesce(nullif(mapping, 'null'), '{}'), error_threshold, coalesce(developer_mode, false), nullif(schedule, 'null'),
			coalesce(nullif(options, 'null'), '{}'), clock_timestamp(), me);
	RETURN new_id;
END
$$;

-- How many executions of a pipeline run at a time; runs of a schedule that may overlap need more than one.
CREATE OR REPLACE FUNCTION _nuvopipe.slots_of(configuration_id uuid) RETURNS int
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN (SELECT coalesce((c.options ->> 'slots')::int, CASE c.schedule_config ->> 'overlap' WHEN 'ALLOW' THEN 64 ELSE 1 END)
		FROM _nuvopipe.pipeline_configuration c WHERE c.id = configuration_id);
END
$$;

CREATE OR REPLACE FUNCTION nuvopipe.create_pipeline(name text DEFAULT NULL, input text DEFAULT NULL, tdm text DEFAULT NULL, output text DEFAULT NULL,
		mapping jsonb DEFAULT NULL, schedule jsonb DEFAULT NULL, error_threshold numeric DEFAULT NULL,
		developer_mode boolean DEFAULT NULL, template text DEFAULT NULL, options jsonb DEFAULT '{}',
		description text DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	new_id uuid := _nuvopipe.uuid_v7();
	moment timestamptz := clock_timestamp();
	preset jsonb := '{}';
	pipeline_name text := name;
	configuration_id uuid;
BEGIN
	PERFORM _nuvopipe.require_right('create', 'pipeline');
	IF template IS NOT NULL THEN
		SELECT t.definition INTO preset FROM _nuvopipe.pipeline_template t
			WHERE t.tenant_id = _nuvopipe.tenant() AND t.id = _nuvopipe.template_id(template);
	END IF;
	pipeline_name := coalesce(pipeline_name, preset ->> 'pipeline_name');
	PERFORM _nuvopipe.check_name(pipeline_name);
	configuration_id := _nuvopipe.add_configuration(new_id, me, me,
		coalesce(input, preset #>> '{input_connectors,0}'),
		coalesce(tdm, preset ->> 'tdm'),
		coalesce(output, preset #>> '{output_connectors,0}'),
		coalesce(mapping, preset -> 'mapping_config'),
		coalesce(schedule, preset -> 'schedule_config'),
		coalesce(error_threshold, (preset #>> '{error_config,error_threshold}')::numeric),
		coalesce(developer_mode, (preset ->> 'developer_mode')::boolean),
		coalesce(nullif(preset -> 'options', 'null'), '{}') || coalesce(options, '{}'));
	INSERT INTO _nuvopipe.pipeline (id, tenant_id, owner_id, name, description, tags, configuration_id, slots,
			created_at, created_by, updated_at, updated_by)
		VALUES (new_id, _nuvopipe.tenant(), me, pipeline_name, description, coalesce(tags, '{}'), configuration_id,
			_nuvopipe.slots_of(configuration_id), moment, me, moment, me);
	PERFORM _nuvopipe.sync_schedule(new_id);
	PERFORM _nuvopipe.tell_pipeline(_nuvopipe.tenant(), new_id, me, 'created');
	RETURN new_id;
EXCEPTION WHEN unique_violation THEN
	PERFORM _nuvopipe.name_taken('pipeline', pipeline_name);
END
$$;
COMMENT ON FUNCTION nuvopipe.create_pipeline IS
'Defines a pipeline from an input connector through a target data model to an output connector.
name: unique among what the caller owns. input, tdm, output: names or ids. mapping: {"mode": "DEFAULT" | "EXACT", "mappings": [{"source_columns": [...], "target_column": key}]}; without it columns are matched by name.
schedule: {"frequency": "SECONDLY" | "MINUTELY" | "HOURLY" | "DAILY" | "WEEKLY" | "MONTHLY" | "YEARLY", "interval", "starts_on", "ends_on"} or {"cron": "..."}, with "time_zone", "last_day", "calendars", "jitter", "grace", "overlap": "SKIP" | "QUEUE_ONE" | "QUEUE_ALL" | "ALLOW" | "CANCEL_OLD", "missed": "NONE" | "ONE" | "ALL", "missed_limit", "max_run_time"; see docs/schedules.md.
error_threshold: percentage of erroneous cells (0 to 100) above which a run fails; null = never. developer_mode: only the first 100 rows are sent on; default false. template: name or id of presets for all arguments that are null.
options: on_error (skip_rows, null_cells, pass, reject_all), keep_input (failed, always, never), keep_output (always, never; of files and endpoints up to nuvopipe.keep_output_size, a table keeps its rows itself), format (csv, tsv, json, jsonl, xml, or an object as for nuvopipe.parse), header_config ({"mode": "FIXED", "row_index": n, "header_rows": 1}), force, max_attempts, max_run_time (seconds an attempt may take; then it is ended, FAILED with 57014), output_format (csv, tsv, json, jsonl, xml, xlsx), output_xml ({"root", "row"}: names of elements, by default rows and row), priority (-100 to 100, default 0: what waits with a higher one begins first, within the organization), slots (1 to 64, default 1: how many executions run at a time; with several they may end in another order than they came in); added to those of the template.
description, tags: free.
Runs have the rights of the role that calls this.
Returns the id.
Errors: 22023 with the JSON path of a fault, 42704 for unknown objects, 42501 for missing privileges, 42710 if the name is taken, 0A000 for transformations.';

CREATE OR REPLACE FUNCTION nuvopipe.update_pipeline(pipeline text, name text DEFAULT NULL, input text DEFAULT NULL, tdm text DEFAULT NULL,
		output text DEFAULT NULL, mapping jsonb DEFAULT NULL, schedule jsonb DEFAULT NULL, error_threshold numeric DEFAULT NULL,
		developer_mode boolean DEFAULT NULL, options jsonb DEFAULT NULL, status text DEFAULT NULL,
		description text DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	me uuid := _nuvopipe.me();
	tenant uuid := _nuvopipe.tenant();
	object_id uuid := _nuvopipe.find('pipeline', pipeline, 'write');
	old _nuvopipe.pipeline;
	was _nuvopipe.pipeline_configuration;
	configuration_id uuid;
	slots int;
BEGIN
	SELECT p.* INTO old FROM _nuvopipe.pipeline p WHERE p.tenant_id = tenant AND p.id = object_id FOR UPDATE;
	PERFORM _nuvopipe.require_there(FOUND, 'pipeline', pipeline);
	SELECT c.* INTO was FROM _nuvopipe.pipeline_configuration c WHERE c.tenant_id = tenant AND c.id = old.configuration_id;
	configuration_id := old.configuration_id;
	IF name IS NOT NULL THEN
		PERFORM _nuvopipe.check_name(name);
	END IF;
	PERFORM _nuvopipe.expect_word(to_jsonb(status), 'status', ARRAY['ACTIVE', 'INACTIVE']);
	IF num_nonnulls(input, tdm, output, mapping, schedule, error_threshold, developer_mode, options) > 0 THEN
		PERFORM _nuvopipe.require_rights_of_owner('pipeline', old.owner_id);
		configuration_id := _nuvopipe.add_configuration(object_id, old.owner_id, me,
			coalesce(input, was.input_connector_id::text),
			coalesce(tdm, was.tdm_id::text),
			coalesce(output, was.output_connector_id::text),
			coalesce(mapping, was.mapping_config),
			coalesce(schedule, was.schedule_config),
			coalesce(error_threshold, was.error_threshold),
			coalesce(developer_mode, was.developer_mode),
			coalesce(options, was.options));
	END IF;
	slots := _nuvopipe.slots_of(configuration_id);
	UPDATE _nuvopipe.pipeline p SET
			name = coalesce(name, p.name),
			configuration_id = configuration_id,
			slots = slots,
			status = coalesce(status, p.status),
			description = nullif(coalesce(description, p.description), ''),
			tags = coalesce(tags, p.tags),
			updated_at = clock_timestamp(),
			updated_by = me
		WHERE p.tenant_id = tenant AND p.id = object_id;
	PERFORM _nuvopipe.sync_schedule(object_id);
	PERFORM _nuvopipe.tell_pipeline(tenant, object_id, old.owner_id, 'updated');
	RETURN object_id;
EXCEPTION WHEN unique_violation THEN
	PERFORM _nuvopipe.name_taken('pipeline', name);
END
$$;
COMMENT ON FUNCTION nuvopipe.update_pipeline IS
'Changes a pipeline; arguments that are null keep what is stored. A change of what it does makes a new version of its configuration; executions that are queued or running keep theirs.
pipeline: name or id. mapping, schedule, options: replace the stored one; JSON null takes it away. error_threshold: 100 never fails a run. An empty description takes it away. status: ACTIVE, or INACTIVE (no schedule, no events; execute still works). The others as for create_pipeline.
Returns the id.
Errors: as create_pipeline, and 42704 if there is no such pipeline.';

CREATE OR REPLACE FUNCTION nuvopipe.delete_pipeline(pipeline text) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	object_id uuid := _nuvopipe.find('pipeline', pipeline, 'delete');
	tenant uuid := _nuvopipe.tenant();
	owner uuid;
	canceled bigint;
BEGIN
	PERFORM _nuvopipe.drop_trigger(t.tenant_id, t.id) FROM _nuvopipe.trigger t WHERE t.tenant_id = tenant AND t.pipeline_id = object_id;
	-- the row lock waits for a claim under way; the statements after it see what was claimed
	SELECT p.owner_id INTO owner FROM _nuvopipe.pipeline p WHERE p.tenant_id = tenant AND p.id = object_id FOR UPDATE;
	PERFORM _nuvopipe.require_there(FOUND, 'pipeline', pipeline);
	PERFORM _nuvopipe.drop_schedule(object_id);
	DELETE FROM _nuvopipe.pipeline p WHERE p.tenant_id = tenant AND p.id = object_id;
	DELETE FROM _nuvopipe.accepted_header h WHERE h.tenant_id = tenant AND h.pipeline_id = object_id;
	PERFORM _nuvopipe.tell_pipeline(tenant, object_id, owner, 'deleted');
	WITH waiting AS (
		UPDATE _nuvopipe.execution e SET status = 'CANCELED', finished_at = clock_timestamp(), updated_at = clock_timestamp(),
				error_sqlstate = '42704', error_message = 'the pipeline was deleted'
			WHERE e.tenant_id = tenant AND e.pipeline_id = object_id AND e.status = 'QUEUED'
			RETURNING e.id, e.attempts, e.error_message
	)
	SELECT count(_nuvopipe.tell_state(tenant, w.id, 'CANCELED', 0, w.error_message)) INTO canceled FROM waiting w;
END
$$;
COMMENT ON FUNCTION nuvopipe.delete_pipeline IS
'Deletes a pipeline with its triggers. Its executions and configurations stay as history; what is running goes on, what waits is canceled.
pipeline: name or id.
Errors: 42704 if there is no such pipeline.';
