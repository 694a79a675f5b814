
/*
 * Checks of definitions.  All faults are 22023 with the JSON path in front of
 * the message, and a hint where a near word is known; the wording is that of
 * the readers in src/base/jsonb.c.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.fault(path text, message text, hint text DEFAULT NULL) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF hint IS NULL THEN
		RAISE EXCEPTION '%: %', path, message USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RAISE EXCEPTION '%: %', path, message USING ERRCODE = 'invalid_parameter_value', HINT = hint;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.fault_near(path text, message text, word text, words text[]) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	near text;
BEGIN
	near := _nuvopipe.closest(word, words);
	PERFORM _nuvopipe.fault(path, message, CASE
		WHEN near IS NOT NULL THEN format('Perhaps you meant "%s".', near)
		WHEN cardinality(words) BETWEEN 1 AND 12 THEN format('Known are %s.', array_to_string(words, ', ')) END);
END
$$;

-- Absent and JSON null pass everywhere: they mean "not given".
CREATE OR REPLACE FUNCTION _nuvopipe.expect_type(value jsonb, path text, type text) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF jsonb_typeof(value) NOT IN ('null', type) THEN
		PERFORM _nuvopipe.fault(path, format('%s is expected, not %s',
			CASE type WHEN 'boolean' THEN 'true or false' WHEN 'array' THEN 'an array' WHEN 'object' THEN 'an object'
				ELSE 'a ' || type END,
			CASE WHEN jsonb_typeof(value) IN ('array', 'object') THEN 'an ' ELSE 'a ' END || jsonb_typeof(value)));
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.expect_word(value jsonb, path text, words text[]) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.expect_type(value, path, 'string');
	IF value #>> '{}' <> ALL (words) THEN
		PERFORM _nuvopipe.fault_near(path, format('unknown value "%s"', value #>> '{}'), value #>> '{}', words);
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.expect_number(value jsonb, path text, low numeric, high numeric,
		whole boolean DEFAULT false) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.expect_type(value, path, 'number');
	IF jsonb_typeof(value) IS DISTINCT FROM 'number' THEN
		RETURN;
	END IF;
	IF whole AND value::numeric <> trunc(value::numeric) THEN
		PERFORM _nuvopipe.fault(path, format('a whole number is expected, not "%s"', value));
	END IF;
	IF value::numeric NOT BETWEEN low AND high THEN
		PERFORM _nuvopipe.fault(path, format('%s is out of range %s to %s', value, low, high));
	END IF;
END
$$;

-- an array of strings that are not empty
CREATE OR REPLACE FUNCTION _nuvopipe.expect_strings(value jsonb, path text) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.expect_type(value, path, 'array');
	IF jsonb_typeof(value) IS DISTINCT FROM 'array' THEN
		RETURN;
	END IF;
	FOR i IN 0 .. jsonb_array_length(value) - 1 LOOP
		IF jsonb_typeof(value -> i) <> 'string' OR value ->> i = '' THEN
			PERFORM _nuvopipe.fault(format('%s[%s]', path, i), 'a string that is not empty is expected');
		END IF;
	END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.check_members(value jsonb, path text, words text[]) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	member text;
BEGIN
	PERFORM _nuvopipe.expect_type(value, path, 'object');
	IF jsonb_typeof(value) IS DISTINCT FROM 'object' THEN
		RETURN;
	END IF;
	FOR member IN SELECT k FROM jsonb_object_keys(value) k LOOP
		IF member <> ALL (words) THEN
			PERFORM _nuvopipe.fault_near(path, format('unknown member "%s"', member), member, words);
		END IF;
	END LOOP;
END
$$;

/*
 * Members of a request: those that are known.  What a client read of an object and
 * sends back with it is passed over, and so is what the dispatcher adds.
 * Returns the request, to be read further.
 */
CREATE OR REPLACE FUNCTION _nuvopipe.check_body(args jsonb, words text[], shown text[] DEFAULT '{}') RETURNS jsonb
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	passed constant text[] := '{id,created_at,created_by,updated_at,updated_by,headers,peer,wait,sort,filters,pagination,options}';
	member text;
BEGIN
	FOR member IN SELECT k FROM jsonb_object_keys(args) k LOOP
		IF member <> ALL (words || shown || passed) THEN
			PERFORM _nuvopipe.fault_near(member, 'unknown member', member, words);
		END IF;
	END LOOP;
	RETURN args;
END
$$;

-- A name that looks like an id could never be looked up.
CREATE OR REPLACE FUNCTION _nuvopipe.check_name(name text) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF name IS NULL OR btrim(name) = '' THEN
		PERFORM _nuvopipe.fault('name', 'must not be empty');
	ELSIF char_length(name) > 255 THEN
		PERFORM _nuvopipe.fault('name', 'must not be longer than 255 characters');
	ELSIF _nuvopipe.is_uuid(name) THEN
		PERFORM _nuvopipe.fault('name', 'must not have the form of a uuid', 'Objects are named by name or id; a uuid is taken as id.');
	END IF;
END
$$;

-- {"level": "PUBLIC"}; the level, or null if not given
CREATE OR REPLACE FUNCTION _nuvopipe.check_permissions(permissions jsonb) RETURNS text
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.check_members(permissions, 'permissions', ARRAY['level']);
	PERFORM _nuvopipe.expect_word(permissions -> 'level', 'permissions.level', ARRAY['PRIVATE', 'PUBLIC']);
	RETURN permissions ->> 'level';
END
$$;

-- in: the mapping as given, and the columns of the TDM
CREATE OR REPLACE FUNCTION _nuvopipe.check_mapping(mapping jsonb, columns jsonb, root text DEFAULT 'mapping') RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	keys text[] := ARRAY(SELECT c ->> 'key' FROM jsonb_array_elements(columns) c);
	seen text[] := '{}';
	item jsonb;
	path text;
	target text;
BEGIN
	PERFORM _nuvopipe.check_members(mapping, root, ARRAY['mode', 'mappings']);
	PERFORM _nuvopipe.expect_word(mapping -> 'mode', root || '.mode', ARRAY['DEFAULT', 'EXACT']);
	PERFORM _nuvopipe.expect_type(mapping -> 'mappings', root || '.mappings', 'array');
	IF jsonb_typeof(mapping -> 'mappings') IS DISTINCT FROM 'array' THEN
		RETURN;
	END IF;
	FOR i IN 0 .. jsonb_array_length(mapping -> 'mappings') - 1 LOOP
		item := mapping -> 'mappings' -> i;
		path := format('%s.mappings[%s]', root, i);
		IF jsonb_typeof(item) <> 'object' THEN
			PERFORM _nuvopipe.fault(path, 'an object is expected');
		END IF;
		PERFORM _nuvopipe.check_members(item, path, ARRAY['source_columns', 'target_column', 'transformations']);
		PERFORM _nuvopipe.expect_strings(item -> 'source_columns', path || '.source_columns');
		PERFORM _nuvopipe.expect_type(item -> 'target_column', path || '.target_column', 'string');
		target := item ->> 'target_column';
		IF target IS NULL THEN
			PERFORM _nuvopipe.fault(path || '.target_column', 'must be given');
		ELSIF target <> ALL (keys) THEN
			PERFORM _nuvopipe.fault_near(path || '.target_column', format('the target data model has no column "%s"', target), target, keys);
		ELSIF target = ANY (seen) THEN
			PERFORM _nuvopipe.fault(path || '.target_column', format('column "%s" is mapped twice', target));
		END IF;
		seen := seen || target;
		PERFORM _nuvopipe.expect_type(item -> 'transformations', path || '.transformations', 'array');
		IF jsonb_typeof(item -> 'transformations') = 'array' AND item -> 'transformations' <> '[]' THEN
			RAISE EXCEPTION '%.transformations[0]: transformations are not supported yet', path USING ERRCODE = 'feature_not_supported';
		END IF;
	END LOOP;
END
$$;

-- What pins the reader: a word, or the options of nuvopipe.parse, which are checked where they are read.
CREATE OR REPLACE FUNCTION _nuvopipe.check_format(format jsonb, path text) RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	fault text;
	cure text;
BEGIN
	IF jsonb_typeof(format) = 'string' THEN
		PERFORM _nuvopipe.expect_word(format, path, ARRAY['csv', 'tsv', 'json', 'jsonl', 'xml', 'xlsx', 'ods', 'xls']);
	ELSIF format IS NOT NULL THEN
		PERFORM _nuvopipe.expect_type(format, path, 'object');
		PERFORM FROM nuvopipe.parse('x', format);
	END IF;
EXCEPTION WHEN invalid_parameter_value THEN
	GET STACKED DIAGNOSTICS fault = MESSAGE_TEXT, cure = PG_EXCEPTION_HINT;
	RAISE EXCEPTION '%', regexp_replace(fault, '^options(?=[.:])', path) USING ERRCODE = 'invalid_parameter_value', HINT = cure;
WHEN bad_copy_file_format OR SQLSTATE '02000' THEN
	NULL;	-- of the sample, not of the options
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.check_options(options jsonb, root text DEFAULT 'options') RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _nuvopipe.check_members(options, root,
		ARRAY['on_error', 'keep_input', 'keep_output', 'format', 'header_config', 'force', 'max_attempts', 'max_run_time', 'output_format', 'output_xml',
			'priority', 'slots']);
	PERFORM _nuvopipe.expect_word(options -> 'on_error', root || '.on_error',
		ARRAY['skip_rows', 'null_cells', 'pass', 'reject_all']);
	PERFORM _nuvopipe.expect_word(options -> 'keep_input', root || '.keep_input', ARRAY['failed', 'always', 'never']);
	PERFORM _nuvopipe.expect_word(options -> 'keep_output', root || '.keep_output', ARRAY['always', 'never']);
	PERFORM _nuvopipe.expect_type(options -> 'force', root || '.force', 'boolean');
	PERFORM _nuvopipe.expect_number(options -> 'max_attempts', root || '.max_attempts', 1, 100, whole => true);
	PERFORM _nuvopipe.expect_number(options -> 'max_run_time', root || '.max_run_time', 1, 31622400, whole => true);
	PERFORM _nuvopipe.expect_number(options -> 'priority', root || '.priority', -100, 100, whole => true);
	PERFORM _nuvopipe.expect_number(options -> 'slots', root || '.slots', 1, 64, whole => true);
	PERFORM _nuvopipe.expect_word(options -> 'output_format', root || '.output_format', ARRAY['csv', 'tsv', 'json', 'jsonl', 'xml', 'xlsx']);
	PERFORM _nuvopipe.check_members(options -> 'output_xml', root || '.output_xml', ARRAY['root', 'row']);
	PERFORM _nuvopipe.expect_type(options #> '{output_xml,root}', root || '.output_xml.root', 'string');
	PERFORM _nuvopipe.expect_type(options #> '{output_xml,row}', root || '.output_xml.row', 'string');
	PERFORM _nuvopipe.check_format(options -> 'format', root || '.format');
	PERFORM _nuvopipe.check_members(options -> 'header_config', root || '.header_config', ARRAY['mode', 'row_index', 'header_rows']);
	PERFORM _nuvopipe.expect_word(options #> '{header_config,mode}', root || '.header_config.mode', ARRAY['AUTO', 'FIXED']);
	PERFORM _nuvopipe.expect_number(options #> '{header_config,row_index}', root || '.header_config.row_index', 0, 1000000, whole => true);
	PERFORM _nuvopipe.expect_number(options #> '{header_config,header_rows}', root || '.header_config.header_rows', 1, 10, whole => true);
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.check_time(value jsonb, path text) RETURNS timestamptz
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, YMD' SET timezone = 'UTC'
AS $$
BEGIN
	PERFORM _nuvopipe.expect_type(value, path, 'string');
	IF value #>> '{}' !~ '^\d{4}-\d\d-\d\d' THEN
		PERFORM _nuvopipe.fault(path, format('"%s" is not an ISO 8601 time', value #>> '{}'), 'For example: "2024-09-21T06:57:06Z".');
	END IF;
	RETURN (value #>> '{}')::timestamptz;
EXCEPTION WHEN invalid_datetime_format OR datetime_field_overflow THEN
	PERFORM _nuvopipe.fault(path, format('"%s" is not an ISO 8601 time', value #>> '{}'), 'For example: "2024-09-21T06:57:06Z".');
	RETURN NULL;
END
$$;

-- When it recurs is checked by the engine of recurrences; here are the policies.
CREATE OR REPLACE FUNCTION _nuvopipe.check_schedule(schedule jsonb, root text DEFAULT 'schedule') RETURNS void
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong record;
BEGIN
	PERFORM _nuvopipe.check_members(schedule, root, ARRAY['frequency', 'interval', 'starts_on', 'ends_on', 'cron', 'last_day', 'time_zone',
		'jitter', 'calendars', 'overlap', 'missed', 'missed_limit', 'grace', 'max_run_time']);
	IF jsonb_typeof(schedule) IS DISTINCT FROM 'object' THEN
		RETURN;
	END IF;
	SELECT * INTO wrong FROM _nuvopipe.schedule_check(schedule, clock_timestamp());
	IF wrong.message IS NOT NULL THEN
		PERFORM _nuvopipe.fault(concat_ws('.', root, nullif(wrong.path, '')), wrong.message, wrong.hint);
	END IF;
	PERFORM _nuvopipe.expect_strings(schedule -> 'calendars', root || '.calendars');
	PERFORM _nuvopipe.expect_word(schedule -> 'overlap', root || '.overlap', ARRAY['SKIP', 'QUEUE_ONE', 'QUEUE_ALL', 'ALLOW', 'CANCEL_OLD']);
	PERFORM _nuvopipe.expect_word(schedule -> 'missed', root || '.missed', ARRAY['NONE', 'ONE', 'ALL']);
	PERFORM _nuvopipe.expect_number(schedule -> 'missed_limit', root || '.missed_limit', 1, 10000, whole => true);
	PERFORM _nuvopipe.expect_number(schedule -> 'grace', root || '.grace', 0, 604800);
	PERFORM _nuvopipe.expect_number(schedule -> 'jitter', root || '.jitter', 0, 86400);
	PERFORM _nuvopipe.expect_number(schedule -> 'max_run_time', root || '.max_run_time', 1, 2592000, whole => true);
END
$$;

CREATE OR REPLACE FUNCTION _nuvopipe.check_threshold(error_threshold numeric, path text DEFAULT 'error_threshold') RETURNS void
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF error_threshold NOT BETWEEN 0 AND 100 THEN
		PERFORM _nuvopipe.fault(path, format('%s is out of range 0 to 100', error_threshold),
			'The threshold is the percentage of erroneous cells above which a run fails.');
	END IF;
END
$$;
